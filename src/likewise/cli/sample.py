"""`likewise sample`: rows of a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.arrays import draw
from likewise.cli.doors import images_door, windows_door
from likewise.cli.inputs import conditions_of, history_conditions_of, length_of
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    OF_DOING,
    OUTPUT,
    Debug,
    Doing,
    Entities,
    Quiet,
    Seed,
    StaticFile,
    place_of,
    refuse_given,
)
from likewise.cli.outputs import check_outputs, open_terminal, own_schema, write_drawn, write_table, write_two
from likewise.cli.scenario import mixes_of
from likewise.cli.synth_databases import rows_of_table, sample_database

if TYPE_CHECKING:
    from likewise.cli.terminal import Terminal
    from likewise.synthesizer.estimator import Synthesizer


def sample(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, as `likewise synth --save` writes it.")],
    output: Annotated[
        Any,
        typer.Option(
            "--output",
            "-o",
            parser=place_of,
            metavar="OUTPUT",
            help="Where the rows go; - for standard output. Of a database a folder, a file of SQLite, a URL.",
        ),
        OUTPUT,
    ],
    rows: Annotated[
        list[str] | None,
        typer.Option("--rows", "-n", metavar="N", help="Rows to draw; of a database TABLE=N, several times."),
    ] = None,
    scale: Annotated[
        float | None, typer.Option(metavar="X", help="Of a database: how many times as many rows as it had.")
    ] = None,
    replace_rows: Annotated[
        bool, typer.Option("--replace", help="Of SQL: rows that stand in OUTPUT make place for those drawn.")
    ] = False,
    entities: Entities = None,
    known: Annotated[
        Path | None,
        typer.Option("--continue", metavar="FILE", help="Of histories: go on from the rows of this file."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="With --continue: rows to add to each entity; to its end if not given."),
    ] = None,
    future: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --continue: the rows to come, with the columns known of them."),
    ] = None,
    static: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of histories: draw one for each row of this file, which says what it is."),
    ] = None,
    static_output: StaticFile = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="A condition that every row meets; may be given several times."),
    ] = None,
    mix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL=VALUE:SHARE",
            help="A share of the rows, of one column exactly: income=>50K:0.5; what is left goes to its other values.",
        ),
    ] = None,
    length: Annotated[
        str | None, typer.Option(metavar="COND", help="Of histories: how many rows each has, such as 12, 5..10 or >=5.")
    ] = None,
    max_tries: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Rows the model may draw in search of those that meet rare conditions."),
    ] = None,
    doing: Doing = HERE,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw rows from a saved model.

    Every row meets every condition: age=40, sex=Male|Female, age=60..90, age>=60, age!=40, day=2024-05 (the whole
    month), job= (missing), job=clerk| (or missing). Quotes keep a text as it is: job="a|b", job="NA", job="".
    Of histories, job[some]=clerk is met by one row or more, job[every]=clerk by each, job[0]=clerk by the first and
    job[-1]=clerk by the last.

    \b
    Examples:
      likewise sample model.likewise -n 1000 -o more.csv
      likewise sample model.likewise -n 1000 -o rich.csv --where 'income=>50K' --where 'age=60..90'
      likewise sample model.likewise -n 1000 -o even.csv --mix 'income=>50K:0.5'
      likewise sample model.likewise -n 100000000 -o more.parquet --seed 1 --engine processes
      likewise sample model.likewise --entities 500 -o more.csv
      likewise sample model.likewise --entities 500 -o more.csv --where 'ward[some]=surgery' --length '>=5'
      likewise sample model.likewise --static patients.csv -o visits.csv
      likewise sample shop.likewise --rows users=500 --where 'users.country=DE' -o fake/
      likewise sample model.likewise --continue visits.csv --steps 12 -o longer.csv
      likewise sample model.likewise --continue sales.csv --future prices.csv -o forecast.csv
    """
    for flag, of_future in (("--steps", steps), ("--future", future)):
        if known is None and of_future is not None:
            raise errors.OptionError(f"{flag} is of rows that follow known ones: give --continue")
    if steps is not None and future is not None:
        raise errors.OptionError("--future says how many rows follow, and so does --steps: leave one out")
    terminal = open_terminal(quiet, output)
    import likewise as lw

    with terminal.doing("reading"):
        synthesizer = lw.load(model)
    of_database, of_histories = synthesizer.database_ is not None, synthesizer.histories_ is not None
    if mix and (of_database or of_histories or synthesizer.image_codec_ is not None):
        raise errors.OptionError("--mix is of rows that stand alone, and this model learnt others: leave it out")
    if mix:
        refuse_given(context, (*OF_DOING, "max_tries"), "they do not go with --mix")
    if doing.is_asked and (of_database or of_histories or synthesizer.image_codec_ is not None):
        raise errors.OptionError("--engine draws rows that stand alone, and this model learnt others: leave it out")
    if of_database:
        of_one = ("entities", "known", "steps", "future", "static", "static_output", "length", "max_tries")
        refuse_given(context, of_one, "they are for one table, and this model learnt a database")
        sample_database(
            synthesizer, terminal, output=output, scale=scale, rows=rows, where=where, replace=replace_rows, seed=seed
        )
        return
    refuse_given(context, ("scale", "replace_rows"), "they are for databases, and this model learnt one table")
    n_rows = rows_of_table(rows)
    if sum(given is not None for given in (n_rows, entities, known if static is None else static)) != 1:
        raise errors.OptionError(
            "give one of --rows, --entities (of histories), --static and --continue, to say what to draw"
        )
    if (n_rows is None) != of_histories:
        kind, flag = ("rows", "--rows") if n_rows is None else ("histories", "--entities or --continue")
        raise errors.OptionError(f"this model learnt {kind}: give {flag}")
    if length is not None and not of_histories:
        raise errors.OptionError("--length is of histories, and this model learnt rows")
    _check_static(synthesizer, known, static, static_output)
    if known is not None:
        if where or length is not None:
            flag = "--where" if where else "--length"
            raise errors.OptionError(f"{flag} does not go with --continue: the rows given say what holds")
        _continue(synthesizer, known, steps, future, static, seed, output, terminal)
        return
    if static is not None:
        if where or length is not None:
            raise errors.OptionError("--static says what entities are: --where and --length do not go with it")
        _draw_each(synthesizer, static, static_output, seed, output, terminal)
        return
    n_rows = entities if n_rows is None else n_rows
    assert n_rows is not None
    conditions: dict[str, Any] = (history_conditions_of if of_histories else conditions_of)(
        where or [], synthesizer.schema_
    )
    if synthesizer.image_codec_ is not None:
        door = images_door() if synthesizer.image_codec_.what == "images" else windows_door()
        door.check_writable(output)
        draw(synthesizer, door, n_rows, conditions, seed=seed, terminal=terminal, output=output)
        return
    check_outputs(static_output, table=output)
    if mix:
        _draw_mixed(synthesizer, n_rows, conditions, mix, seed, output, terminal)
        return
    if not of_histories:
        with terminal.drawing() as search:
            write_drawn(
                synthesizer, n_rows, output, doing, seed=seed, where=conditions, max_tries=max_tries,
                progress=search or False,
            )  # fmt: skip
        terminal.result(f"{output}: {n_rows:,} rows")
        return
    with terminal.drawing() as search:
        fake = synthesizer.sample(
            n_rows, where=conditions or None, length=None if length is None else length_of(length), max_tries=max_tries,
            progress=search or False, random_state=seed,
        )  # fmt: skip
    if static_output is not None:
        write_two(fake, synthesizer.schema_, output, static_output)
        terminal.result(f"{output}: {len(fake.rows):,} rows\n{static_output}: {len(fake.static):,} entities")
        return
    write_table(fake, synthesizer.schema_, output)
    terminal.result(f"{output}: {len(fake):,} rows")


def _draw_mixed(
    synthesizer: Synthesizer, n: int, where: dict[str, Any], mix: list[str], seed: int | None, output: Path,
    terminal: Terminal,
) -> None:  # fmt: skip
    """Write rows of which a column's values have the shares asked for."""
    import likewise as lw

    mixes = mixes_of(mix, synthesizer.schema_)
    with terminal.doing("drawing"):
        fake = lw.Scenario().fit(synthesizer).sample(n, mix=mixes, where=where or None, random_state=seed).frame
    write_table(fake, synthesizer.schema_, output)
    terminal.result(f"{output}: {n:,} rows")


def _draw_each(
    synthesizer: Synthesizer, static: Path, static_output: Path | None, seed: int | None, output: Path,
    terminal: Terminal,
) -> None:  # fmt: skip
    """Write a history for each row of a file."""
    check_outputs(static_output, table=output)
    with terminal.doing("reading"):
        frame, dialect = AS_TOLD.read(static)
    with terminal.doing("drawing"):
        fake = synthesizer.sample(static=frame, random_state=seed)
    schema = synthesizer.schema_
    rows = fake if synthesizer.beside_ is None else fake.rows
    if static_output is not None:
        write_two(fake, schema, output, static_output, dialect=dialect)
        terminal.result(f"{static_output}: {len(fake.static):,} entities")
    else:
        write_table(rows, own_schema(schema, rows), output)
    terminal.result(f"{output}: {len(rows):,} rows")


def _check_static(synthesizer: Synthesizer, known: Path | None, static: Path | None, output: Path | None) -> None:
    """Hold what is said of a table of entities to whether one was learnt."""
    if synthesizer.beside_ is None:
        if output is not None or (known is not None and static is not None):
            flag = "--static-output" if output is not None else "--static beside --continue"
            raise errors.OptionError(f"{flag} is of a table of entities, and this model learnt none")
    elif known is None and static is None and output is None:
        raise errors.OptionError("this model learnt a table of entities, too: say where it goes by --static-output")
    elif known is not None and (static is None or output is not None):
        raise errors.OptionError(
            "this model learnt a table of entities, too, and --continue takes it as it is: give it by --static, and no "
            "--static-output"
        )


def _continue(
    synthesizer: Synthesizer, known: Path, steps: int | None, future: Path | None, static: Path | None,
    seed: int | None, output: Path, terminal: Terminal,
) -> None:  # fmt: skip
    """Write the rows of a file, and behind each entity's those that follow."""
    check_outputs(table=output)
    with terminal.doing("reading"):
        frame, dialect = AS_TOLD.read(known, schema=synthesizer.schema_)
        coming, of_entities = (None if path is None else AS_TOLD.read(path)[0] for path in (future, static))
    with terminal.doing("drawing"):
        longer = synthesizer.extend(frame, steps=steps, future=coming, static=of_entities, random_state=seed)
    write_table(longer, own_schema(synthesizer.schema_, longer), output, dialect=dialect)
    terminal.result(f"{output}: {len(longer):,} rows, {len(longer) - len(frame):,} of them new")
