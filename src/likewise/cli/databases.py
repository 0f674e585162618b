"""What commands read of databases, and the options that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import likewise as lw
from likewise import errors
from likewise.cli.inputs import Measured
from likewise.cli.outputs import read_text

if TYPE_CHECKING:
    from likewise.cli.terminal import Terminal
    from likewise.databases.database import Database
    from likewise.databases.keys import DatabaseSchema

TABLES = "What the tables are"
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="KEY", rich_help_panel=TABLES,
        help="A key, which beats those that are found: 'orders.user_id -> users.id' or 'users(id)'; several times.",
    ),
]  # fmt: skip
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep", metavar="TABLE", rich_help_panel=TABLES,
        help="A table whose rows stay as they are, such as one of countries; several times.",
    ),
]  # fmt: skip
Root = Annotated[
    str | None,
    typer.Option(
        "--root", metavar="TABLE", rich_help_panel=TABLES,
        help="The table whose rows are persons: all that goes back to one is protected together; found otherwise.",
    ),
]  # fmt: skip


def is_database(source: Path | str) -> bool:
    """Whether a text names a database: a folder of tables, a workbook of several sheets, or one of SQL."""
    return lw.Database.lies_at(source)


def is_sql(source: Path | str | None) -> bool:
    """Whether a text names a database of SQL."""
    from likewise.databases.sql import urls

    return urls.is_sql(str(source))


def shown(source: Path | str) -> str:
    """A database of SQL as it may be shown: without user and password."""
    from likewise.databases.sql import urls

    at = urls.place(source)
    return f"{at}?schema={at.schema}" if at.schema else str(at)


def open_database(
    source: Path | str, keys: list[str] | None, keep: list[str] | None, root: str | None = None,
    schema_file: Path | None = None,
) -> Database:  # fmt: skip
    """The database that a text names, with the keys that somebody tells.

    Args:
        schema_file: what `likewise inspect --json` wrote, in place of the keys that are found.

    Raises:
        InputError: it cannot be read.
        SchemaError: a key is none, or names what is not there; there is no table that is to be kept, or the root.
    """
    database = lw.Database.read(source)
    found = database.schema
    told = found if schema_file is None else type(found).from_json(read_text(schema_file))
    schema = told.with_keys(keys or [])
    for table in keep or []:
        schema = schema.replace(table, kept=True)
    return database.with_schema(schema if root is None else replace(schema, root=root))


def with_columns(database: Database) -> DatabaseSchema:
    """The schema with a draft of what the columns are that are no keys."""
    schema = database.schema
    for name, table in schema.tables.items():
        own = database.tables[name].drop(schema.key_columns(name))
        if table.columns is None and own.width:
            schema = schema.replace(name, columns=lw.infer(own, entity=False))
    return schema


def open_databases(
    real: Path | str, synthetic: list[Path | str], holdout: Path | str | None, keys: list[str] | None,
    keep: list[str] | None, root: str | None, unused: Mapping[str, Any], terminal: Terminal,
) -> Measured:  # fmt: skip
    """A database that others were learnt from, those others, and one of other root entities.

    Args:
        unused: options, by name, that say nothing of databases.

    Raises:
        OptionError: one of these is given.
    """
    for name, value in unused.items():
        if value:
            raise errors.OptionError(f"--{name} is for tables, and {str(real)!r} is a database")
    with terminal.doing("reading"):
        first = open_database(real, keys, keep, root)
        fakes = [lw.Database.read(source).with_schema(first.schema) for source in synthetic]
        held_out = None if holdout is None else lw.Database.read(holdout).with_schema(first.schema)
    return Measured(first, fakes, held_out, None)
