"""`likewise inspect`: what a database holds, and how its tables point at each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from likewise import errors
from likewise.cli.databases import TABLES, Keep, Keys, Root, is_database, open_database, with_columns
from likewise.cli.options import (
    AS_TOLD,
    OUTPUT,
    RESULTS,
    Debug,
    Entity,
    NoEntity,
    Quiet,
    Reading,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, guard, open_terminal, write_text
from likewise.cli.schema import schema


def inspect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATABASE", help="A folder, a table a file; an Excel workbook, a table a sheet; a database of SQL."
        ),
    ],
    key: Keys = None,
    keep: Keep = None,
    root: Root = None,
    draft: Annotated[
        bool,
        typer.Option(
            "--draft",
            rich_help_panel=TABLES,
            help="With --json: a draft of what the columns are, too; a budget of privacy needs what you say of it.",
        ),
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option(
            "--json",
            "-o",
            metavar="FILE",
            help="Write the keys as JSON, to be edited; - for standard output.",
            rich_help_panel=RESULTS,
        ),
        OUTPUT,
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", hidden=True)] = False,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show the tables of a database, their keys, and how they point at each other.

    Keys that no database.json in the folder tells are found, each with what speaks for it; (?) stands behind those that
    are likely rather than sure. Save the keys beside the tables as database.json, edited or not, and every command
    takes them. Of one table, what `likewise schema` shows is shown.

    \b
    Examples:
      likewise inspect shop/
      likewise inspect shop/ --json shop/database.json
      likewise inspect shop/ --draft --json shop/database.json
      likewise inspect shop/ --key "orders.user_id -> users.id" --keep countries
      likewise inspect shop.sqlite
    """  # fmt: skip
    guard(_files_of(Path(source)), [json] if json is not None else [])
    terminal = open_terminal(quiet, json)
    if not is_database(source):
        if key or keep or root or draft:
            raise errors.OptionError(
                "--key, --keep, --root and --draft are of databases: a folder of tables, a workbook, or one of SQL"
            )
        terminal.note("likewise inspect is called likewise schema where there is one table")
        schema(
            Path(source), rules=rules, json=json, entity=entity, no_entity=no_entity, reading=reading, quiet=quiet,
            debug=debug,
        )  # fmt: skip
        return
    if given := [
        *reading.given,
        *(["entity"] if entity else []),
        *(["no-entity"] if no_entity else []),
        *["rules"] * rules,
    ]:
        raise errors.OptionError(f"--{given[0]} would not be used: it is of one table")
    if draft and json is None:
        raise errors.OptionError("--draft tells what the columns are, and --json writes it: name its file")
    check_outputs(json)
    with terminal.doing("reading"):
        database = open_database(source, key, keep, root)
        view = database.overview()
        told = with_columns(database) if draft else database.schema
    terminal.result(escape(str(view)))
    for problem in view.problems:
        terminal.note(str(problem))
    for table, why in view.lookups.items():
        terminal.note(f"table {table!r} may be a list of what others may be ({why}): --keep {table} keeps its rows")
    if json is not None:
        write_text(told.to_json(), json)


def _files_of(source: Path) -> list[Path]:
    """What no output may replace: a file, or those of a folder but for that of the keys."""
    return [path for path in source.iterdir() if path.name != "database.json"] if source.is_dir() else [source]
