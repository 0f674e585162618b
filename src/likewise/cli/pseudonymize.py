"""`likewise pseudonymize`: parse, call `privacy.pseudonymize`, print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

import likewise
from likewise import errors
from likewise.cli.inputs import open_table
from likewise.cli.options import AS_TOLD, Debug, Quiet, Reading, SchemaFile, TableFile
from likewise.cli.outputs import check_outputs, guard, open_terminal, write_table

VARIABLE = "LIKEWISE_PSEUDONYM_KEY"


def pseudonymize(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table with people.")],
    output: TableFile,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds the key, 16 bytes or more.", show_default=f"the variable {VARIABLE}"),
    ] = None,
    locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="Where the made persons live, such as de_DE.")
    ] = None,
    drop_others: Annotated[
        bool, typer.Option("--drop-others", help="Leave out what no pseudonym can be made of, such as card numbers.")
    ] = False,
    schema_file: SchemaFile = None,
    reading: Reading = AS_TOLD,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Put a made person in place of each real one; the same key gives the same ones.

    The rows stay, and with the key anybody can tell who is who: such a table is pseudonymous, personal data still. The
    key is read from a file or the environment, and stored nowhere.

    \b
    Examples:
      likewise pseudonymize customers.csv -o out.csv --key-file secret.key
      LIKEWISE_PSEUDONYM_KEY=... likewise pseudonymize orders.csv -o out.csv --locale de_DE
    """
    terminal = open_terminal(quiet, output)
    guard(inputs=[source, *(path for path in (schema_file, key_file) if path is not None)], outputs=[output])
    check_outputs(table=output)
    key = _key(key_file)
    frame, schema = open_table(source, schema_file, None, False, reading, terminal)
    table = likewise.privacy.pseudonymize(frame, key, schema=schema, locale=locale, drop_others=drop_others)
    write_table(table, schema, output)
    terminal.result(f"{output}: {len(table):,} rows, pseudonymous: personal data still")


def _key(file: Path | None) -> bytes:
    """The key as it is written in the file, without the line's end, or in the environment."""
    if file is None:
        found = os.environ.get(VARIABLE)
        if not found:
            raise errors.OptionError(f"a key is needed: --key-file FILE, or the variable {VARIABLE}")
        return found.encode()
    try:
        return file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise errors.InputError(f"the key {file} cannot be read: {error.strerror}") from error
