"""Whether two places of databases are one, by what they say of themselves: a URL may name one in many ways."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from likewise.databases.sql.sessions import Session
from likewise.databases.sql.urls import Place


def whereabouts(connection: Session, at: Place, schemas: Iterable[str | None]) -> frozenset[str]:
    """Schemas, each as a number that is the same however it is reached, and tells nothing of it: model files hold it.

    Args:
        schemas: None is the one that the user sees first.
    """
    match connection.dialect:
        case "postgresql":
            *server, first = connection.all(
                "SELECT pg_postmaster_start_time()::text, oid, current_schema() FROM pg_database "
                "WHERE datname = current_database()"
            )[0]
        case "mysql":
            *server, first = connection.all("SELECT @@hostname, @@port, @@datadir, DATABASE()")[0]
        case _:
            assert at.path is not None
            found = at.path.stat()
            server, first = [found.st_dev, found.st_ino], "main"
    texts = (" ".join(map(str, (*server, schema or first))) for schema in schemas)
    return frozenset(hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts)
