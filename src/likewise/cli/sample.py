"""`likewise sample`: rows of a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likewise.cli.images import draw
from likewise.cli.inputs import conditions_of
from likewise.cli.options import Debug, Quiet, Seed, TableFile
from likewise.cli.outputs import check_outputs, open_terminal, write_table


def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, as `likewise synth --save` writes it.")],
    output: TableFile,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, metavar="N", help="Rows to draw.")],
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="A condition that every row meets; may be given several times."),
    ] = None,
    max_tries: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Rows the model may draw in search of those that meet rare conditions."),
    ] = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw rows from a saved model.

    Every row meets every condition: age=40, sex=Male|Female, age=60..90, age>=60, age!=40, day=2024-05 (the whole
    month), job= (missing), job=clerk| (or missing). Quotes keep a text as it is: job="a|b", job="NA", job="".

    \b
    Examples:
      likewise sample model.likewise -n 1000 -o more.csv
      likewise sample model.likewise -n 1000 -o rich.csv --where 'income=>50K' --where 'age=60..90'
    """
    terminal = open_terminal(quiet, output)
    import likewise as lw
    from likewise.images.sets import check_images_writable

    with terminal.doing("reading"):
        synthesizer = lw.load(model)
    conditions = conditions_of(where or [], synthesizer.schema_)
    if synthesizer.image_codec_ is not None:
        check_images_writable(output)
        draw(synthesizer, rows, conditions, seed=seed, terminal=terminal, output=output)
        return
    check_outputs(table=output)
    with terminal.drawing() as search:
        fake = synthesizer.sample(
            rows, where=conditions or None, max_tries=max_tries, progress=search or False, random_state=seed
        )
    write_table(fake, synthesizer.schema_, output)
    terminal.result(f"{output}: {rows:,} rows")
