"""`likewise complete`: missing cells filled by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likewise import errors
from likewise.cli.options import AS_TOLD, Debug, Quiet, Seed, TableFile
from likewise.cli.outputs import check_outputs, open_terminal, own_schema, write_table


def complete(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, as `likewise synth --save` writes it.")],
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The rows with missing cells, or fewer columns.")],
    output: TableFile,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fill missing cells and columns of rows, each drawn given all that is known of its row.

    Of histories given the rows before it and the one behind it, too. What is known comes back as it was.

    \b
    Examples:
      likewise complete people.likewise holes.csv -o filled.csv
      likewise complete visits.likewise visits_with_holes.csv -o filled.csv --seed 1
    """
    terminal = open_terminal(quiet, output)
    check_outputs(table=output)
    import likewise as lw

    with terminal.doing("reading"):
        synthesizer = lw.load(model)
        if synthesizer.database_ is not None:
            raise errors.OptionError("this model learnt a database, and rows are filled of one table: use sample")
        frame, dialect = AS_TOLD.read(source, schema=synthesizer.schema_)
    with terminal.doing("drawing"):
        full = synthesizer.complete(frame, random_state=seed)
    write_table(full, own_schema(synthesizer.schema_, full), output, dialect=dialect)
    gone = sum(full[name].null_count() for name in full.columns)
    filled = sum(frame[name].null_count() if name in frame.columns else len(frame) for name in full.columns) - gone
    terminal.result(f"{output}: {len(full):,} rows, {filled:,} cells filled")
