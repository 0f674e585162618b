"""Databases of SQL that benchmarks learn: pubs by way of SQLite, Sakila from a PostgreSQL that is given."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from pathlib import Path

import likewise as lw

SPOKEN = [
    (r"smallint +IDENTITY\(1,1\)", "integer"), (r"\b(NON)?CLUSTERED\b", ""),
    (r"getdate\(\)", "CURRENT_TIMESTAMP"), (r"\bLIKE\s+(?='[^']*\[)", "GLOB "),
    (r"\b(id|tid|empid)\n", r"varchar(11) NOT NULL\n"), (r"\b0x([0-9A-Fa-f]+)", r"x'\1'"),
    (r"\$(?=\d)", ""), (r"'(\d\d)/(\d\d)/(\d\d)'", r"'19\3-\1-\2 00:00:00'"), (r"(?m)^insert (?=\w)", "INSERT INTO "),
    (r"INSERT INTO jobs (?=values)", "INSERT INTO jobs (job_desc, min_lvl, max_lvl) "),
]  # fmt: skip
"""What SQLite says otherwise than the dump of pubs."""
STATEMENT = re.compile(r"^(?:CREATE TABLE|INSERT INTO) .*?(?=^GO|^INSERT INTO|^CREATE|^raiserror|\Z)", re.M | re.S)


def pubs(folder: Path) -> lw.Database:
    script = (folder / "sql" / "pubs_sqlserver.sql").read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    for was, is_now in SPOKEN:
        script = re.sub(was, is_now, script, flags=re.IGNORECASE)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "pubs.sqlite"
        with sqlite3.connect(path) as connection:
            for statement in STATEMENT.findall(script):
                connection.execute(statement)
        connection.close()
        return lw.Database.read(str(path))


def sakila(folder: Path) -> lw.Database:
    """Of a server in which the two dumps in `sql/` were run."""
    return lw.Database.read(os.environ["LIKEWISE_SAKILA"])
