"""What commands read of databases, and the options that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import likewise as lw

if TYPE_CHECKING:
    from likewise.databases.database import Database

_TABLES = "What the tables are"
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="KEY", rich_help_panel=_TABLES,
        help="A key, which beats those that are found: 'orders.user_id -> users.id' or 'users(id)'; several times.",
    ),
]  # fmt: skip
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep", metavar="TABLE", rich_help_panel=_TABLES,
        help="A table whose rows stay as they are, such as one of countries; several times.",
    ),
]  # fmt: skip


def is_database(source: str) -> bool:
    """Whether a text names a database: a folder of tables, a workbook of several sheets, or one of SQL."""
    return lw.Database.lies_at(source)


def open_database(source: str, keys: list[str] | None, keep: list[str] | None) -> Database:
    """The database that a text names, with the keys that somebody tells.

    Raises:
        InputError: it cannot be read.
        SchemaError: a key is none, or names what is not there; there is no table that is to be kept.
    """
    database = lw.Database.read(source)
    schema = database.schema.with_keys(keys or [])
    for table in keep or []:
        schema = schema.replace(table, kept=True)
    return database.with_schema(schema)
