"""`likewise budget`: what all fits of a data set have spent together, and what is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likewise import errors
from likewise.cli.options import Debug, JsonFile, Quiet
from likewise.cli.outputs import open_terminal, write_text

if TYPE_CHECKING:
    from rich.table import Table

    from likewise.dp.budget import Budget


def budget(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The budget of one data set, a .json file.")],
    epsilon: Annotated[
        float | None, typer.Option(metavar="E", help="Begin a budget: what all fits may spend together.")
    ] = None,
    delta: Annotated[float, typer.Option(metavar="D", help="Of that total.")] = 1e-6,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the data set; the file's own name, unless given.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of that total: whose rows are protected together.")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Of that total, of a database: the table whose rows are persons."),
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(metavar="N", help="Of that total: rows of one entity that are learnt from.")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show the budget of a data set: every fit, what all have spent together, what is left. Or begin one.

    `likewise synth --budget FILE` counts on it: a fit is an entry before it looks at a row, and is refused where the
    total does not hold it.

    \b
    Examples:
      likewise budget patients.json --epsilon 3 --delta 1e-6
      likewise synth real.csv -o fake.csv --schema schema.json --epsilon 1 --dp-only --budget patients.json
      likewise budget patients.json
      likewise budget shop.json --epsilon 3 --root users --max-rows 20
      likewise budget patients.json --json -
    """
    import json as json_

    import likewise as lw

    terminal = open_terminal(quiet, json)
    if epsilon is None:
        for flag, given in (("--entity", entity), ("--root", root), ("--max-rows", max_rows)):
            if given is not None:
                raise errors.OptionError(f"{flag} is part of a total, so it needs --epsilon")
        kept = lw.Budget(file, name=name)
    else:
        total = lw.DP(epsilon, delta, entity=entity, root=root, max_rows=1 if max_rows is None else max_rows)
        kept = lw.Budget(file, name=name, total=total).create()
    if json is not None:
        write_text(json_.dumps(kept.to_dict(), indent=1, ensure_ascii=False) + "\n", json)
    total = kept.total
    terminal.result(_table(kept))
    terminal.result(
        f"{kept.name}, one {total.unit} more or less: epsilon {kept.spent:.3g} of {total.epsilon:g} spent at delta "
        f"{total.delta:g}, about {kept.left:.3g} left for one more model of counts"
    )


def _table(kept: Budget) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    frame = kept.table()
    for column in frame.columns:
        table.add_column(column)
    for row in frame.iter_rows():
        table.add_row(*(f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row))
    return table
