"""`likewise synth`: learn, draw, write, measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.arrays import synth_arrays
from likewise.cli.databases import TABLES, Keep, Keys, Root, is_database
from likewise.cli.doors import door_of
from likewise.cli.inputs import conditions_of, given_in, read_in_parts, schema_in, schema_of, static_of, taken_of
from likewise.cli.models import check_model
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    OF_DOING,
    OUTPUT,
    PRIVACY,
    RESULTS,
    STANDARD,
    WORK,
    Debug,
    Doing,
    DpOnly,
    Entities,
    Entity,
    HtmlFile,
    InOrder,
    JsonFile,
    Lang,
    Language,
    MaxSeconds,
    NoEntity,
    QuasiIdentifiers,
    Quiet,
    Reading,
    Rules,
    SchemaFile,
    Seed,
    Static,
    StaticFile,
    Target,
    Time,
    column_names,
    entity_of,
    place_of,
    refuse_given,
    time_of,
)  # fmt: skip
from likewise.cli.outputs import (
    STOPPED_BY_HOLDOUT,
    check_outputs,
    guard,
    open_terminal,
    own_schema,
    show,
    show_withheld,
    write_drawn,
    write_table,
    write_two,
)
from likewise.cli.plan import show_plan
from likewise.cli.synth_databases import budget_of_database, rows_of_table, synth_database
from likewise.cli.synth_scans import synth_scan

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.conditions import Condition
    from likewise.dp.budget import Budget
    from likewise.dp.ledger import DP
    from likewise.schema.column import Schema
    from likewise.schema.dialect import Dialect
    from likewise.schema.distinct import Counted

DEFAULT_MODEL = "auto"
MANY_ROWS = 2**16
"""A table of more rows is counted once for all steps, and held and written in as little memory as may be."""


def synth(
    context: typer.Context,
    source: Annotated[
        Any,
        typer.Argument(
            parser=place_of,
            metavar="INPUT",
            help="CSV, TSV, Parquet, Feather/Arrow, Excel, ORC or JSON; a folder or a pattern of them; - for standard "
            "input. Images: .npz with x (and y), or a folder of PNG. Series: .npz with "
            "windows. Databases: a folder of tables, a workbook, a file of SQLite or DuckDB, a URL.",
        ),
    ],
    output: Annotated[
        Any,
        typer.Option(
            "--output",
            "-o",
            parser=place_of,
            metavar="OUTPUT",
            help="Where the table, or images, go; - for standard output. Of a database: a folder, a file of SQLite or "
            "DuckDB, a URL, or FILE.sql for its statements.",
        ),
        OUTPUT,
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            "--rows",
            "-n",
            metavar="N",
            help="Rows to draw; as many as INPUT has. Of a database TABLE=N; several times.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="X", help="Of a database: how many times as many rows.", rich_help_panel=TABLES),
    ] = None,
    key: Keys = None,
    keep: Keep = None,
    root: Root = None,
    replace_rows: Annotated[
        bool,
        typer.Option(
            "--replace", help="Of SQL: rows that stand in OUTPUT make place for those drawn.", rich_help_panel=TABLES
        ),
    ] = False,
    entities: Entities = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COND", help="Of images: the label to draw, such as y=7 or y=1|7.")
    ] = None,
    target: Target = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The generator to train; auto takes autoregressive, with --epsilon aim or mst, vaegan for images.",
        ),
    ] = None,
    condition_on: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="A column to tell the model, for sample --where later; several times."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="Learn only the rows that meet this; may be given several times."),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="E",
            help="Budget of differential privacy, one row more or less; needs --schema, of a database --root.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(
            metavar="D",
            help="Of that budget, 1e-6 if not given; well below one over the rows.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    pay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Learn levels, bounds or missing from the data at a price; several times.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    text: Annotated[
        str, typer.Option(metavar="HOW", help="Draw sentences as a placeholder, or by ngram: words without meaning.")
    ] = "placeholder",
    rule: Rules = None,
    strict_rules: Annotated[
        bool, typer.Option("--strict-rules", help="Refuse a table of which a row breaks a rule.")
    ] = False,
    entity: Entity = None,
    no_entity: NoEntity = False,
    time: Time = None,
    in_order: InOrder = False,
    static: Static = None,
    static_output: StaticFile = None,
    max_rows: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With --epsilon: rows of one entity that are learnt from: by chance, of histories the first ones.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    budget: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Count this fit on the budget of its data set; see `likewise budget`.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    k_anonymous: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="K",
            help="Let the model see quasi-identifiers only as K rows share them.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    quasi_identifiers: Annotated[list[str] | None, QuasiIdentifiers] = None,
    min_rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Rows, or entities, that must have what is kept and may be drawn; 5 if not given.",
            rich_help_panel=PRIVACY,
        ),
    ] = None,
    schema_file: SchemaFile = None,
    reading: Reading = AS_TOLD,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be learnt, dropped and protected, and how long it takes.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Keep the trained model in this file.", rich_help_panel=RESULTS),
        OUTPUT,
    ] = None,
    report: HtmlFile = None,
    json: JsonFile = None,
    seed: Seed = None,
    max_seconds: MaxSeconds = None,
    doing: Doing = HERE,
    data_parallel: Annotated[
        bool,
        typer.Option("--data-parallel", help="Read the table in parts; workers train, too.", rich_help_panel=WORK),
    ] = False,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Draw and write only.")] = False,
    dp_only: DpOnly = False,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table, a database, or images, and write one that behaves likewise.

    A tenth of the rows is kept from training, to know when to stop and to say what a fresh real sample would score.

    \b
    Examples:
      likewise synth real.csv -o fake.csv
      likewise synth real.parquet -o fake.parquet --target income --report report.html
      likewise synth real.csv.gz -o fake.csv --rows 1000 --seed 1 --save model.likewise
      likewise synth real.csv -o fake.csv --schema schema.json --no-measure
      likewise synth stays.csv -o fake.csv --rule 'checkin < checkout' --rule 'city, country from data'
      likewise synth payroll.csv -o fake.csv --entity employee_id
      likewise synth visits.csv -o fake.csv --entity patient --time day --entities 500
      likewise synth visits.csv -o fake.csv --entity id --time day --static people.csv --static-output people_fake.csv
      likewise synth real.csv -o rich.csv --only 'income=>50K'
      likewise synth real.csv -o fake.csv --model vae --condition-on income --save model.likewise
      likewise synth real.csv -o fake.csv --k-anonymous 10 --quasi-identifiers age,sex,zip
      likewise synth real.csv -o fake.csv --epsilon 1 --schema schema.json --dp-only
      likewise synth digits.npz -o fake.npz --model vae --where y=7 -n 100
      likewise synth shop/ -o fake/ --keep countries --rows users=500
      likewise synth shop/ -o fake/ --root users --max-rows 20 --epsilon 3 --dp-only
      likewise synth shop.sqlite -o fake.sqlite --scale 2
      likewise synth postgresql://me@host/shop -o 'postgresql://me@host/shop?schema=fake'
      likewise synth real.csv --dry-run
      cat real.csv | likewise synth - -o - --no-measure > fake.csv
    """
    if output is None:
        if not dry_run:
            raise errors.OptionError("--output is needed, to say where the rows go (- for standard output)")
        output = STANDARD
    if no_measure:
        refuse_given(context, ("report", "json", "lang", "dp_only"), "--no-measure leaves nothing to report")
    terminal = open_terminal(quiet, json, None if dry_run else output)
    from likewise.dp.budget import Budget
    from likewise.schema.distinct import Counted

    of_one = (
        "target", "condition_on", "only", "entity", "no_entity", "k_anonymous", "quasi_identifiers",
        "dry_run", "rule", "strict_rules", "time", "in_order", "static", "static_output", "entities", "where",
        *OF_DOING, "data_parallel", *reading.given,
    )  # fmt: skip
    if is_database(str(source)):
        refuse_given(context, of_one, "they are for one table; what the tables are stands in database.json (--schema)")
        synth_database(
            source, terminal, output=output, keys=key, keep=keep, root=root, schema_file=schema_file, scale=scale,
            rows=rows, replace=replace_rows, model=model or DEFAULT_MODEL, text=text, min_rows=min_rows, save=save,
            report=report, json=json, seed=seed, max_seconds=max_seconds, measure=not no_measure, dp_only=dp_only,
            privacy=budget_of_database(epsilon, delta, pay or [], root, max_rows), budget=budget, lang=lang,
        )  # fmt: skip
        return
    of_several = ("key", "keep", "root", "scale", "replace_rows")
    refuse_given(context, of_several, "they are for databases, and INPUT is one table")
    if not isinstance(output, Path):
        raise errors.OptionError("--output is a URL, where databases go, and INPUT is one table: name a file")
    n_rows = rows_of_table(rows)
    if dp_only and epsilon is None:
        raise errors.OptionError(
            "--dp-only withholds what a budget does not cover, and without --epsilon no budget covers the rows and the "
            "model either: give --epsilon, or --no-measure to measure nothing"
        )
    if (door := door_of(source)) is not None:
        of_tables = (
            "target", "schema_file", "condition_on", "only", "entity", "no_entity", "epsilon", "delta", "pay",
            "max_rows", "budget", "k_anonymous", "quasi_identifiers", "min_rows", "dry_run", "rule", "strict_rules",
            "text", "time", "in_order", "static", "static_output", "entities", *OF_DOING, "data_parallel",
            *reading.given,
        )  # fmt: skip
        refuse_given(context, of_tables, "they are for tables; labels of images are their array y")
        synth_arrays(
            source, door, terminal, output=output, rows=n_rows, where=where or [], model=model, save=save,
            report=report, json=json, seed=seed, max_seconds=max_seconds, measure=not no_measure, lang=lang,
        )  # fmt: skip
        return
    if where:
        raise errors.OptionError("--where is for images; keep the model (--save) and use likewise sample --where")
    check_outputs(save, report, json, static_output, table=output)
    order = time_of(time, in_order)
    if order is not None:
        refuse_given(context, OF_DOING, "they are for rows that stand alone, and these are histories")
    _check_time(order, static, entities, n_rows)
    static, static_file = static_of(static)
    if (static_file is None) != (static_output is None):
        raise errors.OptionError(
            "--static FILE and --static-output go together: a table of entities, and where it goes"
        )
    if static_file is not None:
        guard([source, static_file], [path for path in (output, static_output, save, report, json) if path is not None])

    if budget is not None and epsilon is None:
        raise errors.OptionError("--budget counts fits of differential privacy, so it needs --epsilon")
    kept = None if budget is None else Budget(budget)
    privacy = _budget(epsilon, delta, pay or [], schema_file, entity, max_rows)
    if privacy is not None and min_rows is not None:
        raise errors.OptionError("--min-rows counts rows, which a budget hides: leave it out with --epsilon")
    frame: pl.DataFrame | Counted
    model = model or DEFAULT_MODEL
    check_model(model, DEFAULT_MODEL)
    together = {
        "time": time, "in_order": in_order, "epsilon": epsilon, "dry_run": dry_run, "rule": rule, "only": only,
        "entity": entity, "k_anonymous": k_anonymous, "quasi_identifiers": quasi_identifiers, "target": target,
        **given_in(reading),
    }  # fmt: skip
    if read_in_parts([source], ["data_parallel"] * data_parallel, together):
        synth_scan(
            source, schema_in(schema_file), terminal, output=output, rows=n_rows, model=model,
            entity=False if no_entity else None,
            codec={"text": text, **({} if min_rows is None else {"min_rows": min_rows})},
            told={"condition_on": list(condition_on)} if condition_on else {}, save=save, seed=seed,
            max_seconds=max_seconds, doing=doing, data_parallel=data_parallel, report=report, json=json, lang=lang,
        )  # fmt: skip
        return
    with terminal.doing("reading"):
        given = schema_in(schema_file)
        of_entities = None if static_file is None else AS_TOLD.read(static_file)[0]
        if privacy is not None or dry_run:
            frame, dialect = reading.read(source, by_header=privacy is not None, schema=given)
        else:
            counted, dialect = reading.counted(source, schema=given)
            frame = counted if len(counted) > MANY_ROWS else counted.table.frame()
    if privacy is not None and given is not None and not isinstance(frame, Counted):
        schema = _declared(frame, given, target, privacy, reading)
    else:
        own = given if given is None or of_entities is None else own_schema(given, frame)
        schema = schema_of(frame, own, target, terminal, entity_of(entity, no_entity), dialect, reading)
        if of_entities is not None:
            own = None if given is None else own_schema(given, of_entities)
            theirs = schema_of(of_entities, own, None, terminal, schema.entity)
            schema = replace(schema, columns=(*schema.columns, *(c for c in theirs if c.name not in schema.names)))
    schema = schema.with_rules(rule)
    schema = _with_quasi_identifiers(schema, column_names(quasi_identifiers or [], frame))
    if not isinstance(frame, Counted) and dry_run:
        show_plan(frame, schema, model, terminal, private=privacy is not None, time=order)
        return
    held = [frame]
    del frame
    n_rows = n_rows if order is None else entities
    synthesize(
        held, schema, terminal, output=output, rows=n_rows, target=target, model=model, privacy=privacy, save=save,
        entity=False if no_entity else None, time=order, static=static, of_entities=of_entities,
        static_output=static_output, strict_rules=strict_rules, budget=kept,
        k_anonymous=k_anonymous, min_rows=min_rows, text=text, condition_on=condition_on or [],
        only=conditions_of(only or [], schema), dialect=dialect, doing=doing, report=report, json=json, seed=seed,
        max_seconds=max_seconds, measure=not no_measure, dp_only=dp_only, lang=lang,
    )  # fmt: skip


def synthesize(
    held: list[pl.DataFrame | Counted],
    schema: Schema,
    terminal: Terminal,
    *,
    output: Path,
    rows: int | None = None,
    target: str | None = None,
    model: str = DEFAULT_MODEL,
    condition_on: Sequence[str] = (),
    only: dict[str, Condition] | None = None,
    entity: bool | None = None,
    time: str | bool | None = None,
    static: Sequence[str] | None = None,
    of_entities: pl.DataFrame | None = None,
    static_output: Path | None = None,
    strict_rules: bool = False,
    privacy: DP | None = None,
    budget: Budget | None = None,
    k_anonymous: int | None = None,
    min_rows: int | None = None,
    text: str = "placeholder",
    dialect: Dialect | None = None,
    doing: Doing = HERE,
    save: Path | None = None,
    report: Path | None = None,
    json: Path | None = None,
    seed: int | None = None,
    max_seconds: float | None = None,
    measure: bool = True,
    dp_only: bool = False,
    lang: Lang = Lang.EN,
) -> None:
    """Learn, draw, write, then measure: what was drawn is safe on disk before the measures begin.

    Args:
        held: the table, alone in a list, which is emptied once nothing needs the rows: they take the most memory.
        of_entities: of histories, what their entities are, where that is a table of its own.
    """
    import likewise as lw
    from likewise.schema.distinct import Counted

    held_by: dict[str, Any] = {} if min_rows is None else {"min_rows": min_rows}
    told: dict[str, Any] = {"condition_on": list(condition_on)} if condition_on else {}
    in_parts = doing.is_asked or (time is None and not measure and isinstance(held[0], Counted))
    with terminal.training() as progress:
        synthesizer = lw.Synthesizer(
            model,
            schema=schema,
            random_state=seed,
            only=only,
            entity=entity,
            time=time,
            static=static,
            strict_rules=strict_rules,
            privacy=privacy,
            budget=budget,
            codec=lw.CodecOptions(k_anonymous=k_anonymous, text=text, **held_by),
            max_seconds=max_seconds,
            progress=progress,
            **told,
        ).fit(
            held.pop() if not measure else held[0].copy() if isinstance(held[0], Counted) else held[0],
            static=of_entities,
        )
    schema = synthesizer.schema_
    with terminal.doing("drawing"):
        if in_parts:
            n_rows = synthesizer.n_rows_ if rows is None else rows
            drawn_from = write_drawn(synthesizer, rows, output, doing, seed=None, dialect=dialect)
            fake: Any = synthesizer.sample(rows, random_state=drawn_from) if measure else None
        else:
            fake = synthesizer.sample(rows)
            n_rows = len(fake if static_output is None else fake.rows)
            if static_output is not None:
                write_two(fake, schema, output, static_output, dialect=dialect)
            else:
                write_table(fake, schema, output, dialect=dialect)
    terminal.result(f"{output}: {n_rows:,} rows")
    if static_output is not None:
        terminal.result(f"{static_output}: {len(fake.static):,} entities")
    if save is not None:
        synthesizer.save(save)
        terminal.result(f"{save}: the model")
    spent = synthesizer.ledger_
    if spent is not None:
        if synthesizer.plan_ is not None:
            terminal.note(f"trained by {synthesizer.plan_.text()}")
        terminal.result(
            f"differential privacy, one {spent.unit} more or less: epsilon {spent.epsilon:g}, "
            f"delta {spent.budget.delta:g}, {len(spent.entries)} looks at the rows"
        )
        if budget is not None:
            terminal.result(f"{budget.path}: epsilon {budget.spent:.3g} of {budget.total.epsilon:g} spent by all fits")
        if measure and not dp_only:
            terminal.note(
                "the measures below look at real rows without noise: keep them to yourself, or take --dp-only"
            )
    if not measure:
        return
    if not schema.modelled:
        terminal.note("all columns are ids or dropped: there is nothing to measure")
        return
    free = None if spent is None else synthesizer.noisy_report(fake)
    if dp_only:
        show_withheld(fake, schema, terminal, report=report, json=json, lang=lang, facts=free)
        return
    with terminal.doing("measuring"):
        learnt, kept = synthesizer.train_rows_, synthesizer.holdout_rows_
        frame = held[0].table.frame() if isinstance(held[0], Counted) else held[0]
        kept_out = None if kept is None or not len(kept) else frame[kept]
        frame = frame if learnt is None else frame[learnt]
        if (two := synthesizer.beside_) is not None and of_entities is not None:
            frame, fake = two.joined(frame, of_entities), two.joined(fake.rows, fake.static)
            kept_out = None if kept_out is None else two.joined(kept_out, of_entities)
        figures = lw.evaluate(
            frame, fake, holdout=kept_out,
            target=target, schema=schema if spent is None else _open_levels(schema), random_state=seed or 0,
            time=None if schema.entity is None else time,
        )  # fmt: skip
    if kept_out is not None:
        figures = replace(figures, notes=(*figures.notes, STOPPED_BY_HOLDOUT))
    if free is not None:
        figures = replace(figures, ledger=free.ledger, noisy=free.noisy)
    show(figures, terminal, report=report, json=json, lang=lang)


def _check_time(time: str | bool | None, static: list[str] | None, entities: int | None, rows: int | None) -> None:
    """Hold what is asked of histories to there being some."""
    if time is not None and rows is not None:
        raise errors.OptionError("--rows counts rows, and histories are drawn whole: give --entities")
    for flag, given in (("--static", static), ("--entities", entities)):
        if time is None and given is not None:
            raise errors.OptionError(f"{flag} is of histories: give --entity and --time (or --in-order) as well")


def _budget(
    epsilon: float | None,
    delta: float | None,
    pay: list[str],
    schema_file: Path | None,
    entity: str | None,
    max_rows: int | None,
) -> DP | None:
    """The budget that was asked for; None for none."""
    from likewise.dp.ledger import DP

    if epsilon is None:
        for flag, given in (("--pay", pay), ("--max-rows", max_rows), ("--delta", delta)):
            if given:
                raise errors.OptionError(f"{flag} is part of a budget of differential privacy, so it needs --epsilon")
        return None
    if schema_file is None:
        raise errors.OptionError(
            "--epsilon needs --schema: what is told from the data would be told for free. Write one with likewise "
            "schema --json, look it through as what anybody may know, and declare bounds, levels and nullable in it"
        )
    return DP(
        epsilon,
        1e-6 if delta is None else delta,
        pay=tuple(pay),
        entity=entity,
        max_rows=1 if max_rows is None else max_rows,
    )


def _open_levels(schema: Schema) -> Schema:
    """The schema for measures, which look at the rows as they are: those may hold levels that nobody declared."""
    for column in schema:
        schema = schema.replace(column.name, levels=None)
    return schema


def _with_quasi_identifiers(schema: Schema, names: list[str]) -> Schema:
    from likewise.schema.column import Role

    for name in names:
        if schema[name].role is Role.TARGET:
            raise errors.OptionError(f"column {name!r} is the target, so it cannot be a quasi-identifier too")
        schema = schema.replace(name, role=Role.QUASI_IDENTIFIER)
    return schema


def _declared(frame: pl.DataFrame, given: Schema, target: str | None, privacy: DP, reading: Reading) -> Schema:
    """What the user declares, with the target marked: nothing is completed from the rows, and what it says was found in
    them counts for nothing.

    Raises:
        SchemaError: it does not name every column of the table.
        PrivacyError: it does not say all that the budget needs.
    """
    from likewise.dp.declaration import Declaration
    from likewise.schema.column import Role

    schema = taken_of(given, frame, reading)
    absent = [name for name in frame.columns if name not in schema.names]
    if absent:
        raise errors.SchemaError(
            f"under a budget nothing is told from the rows, so the schema must name every column; it lacks "
            f"{', '.join(map(repr, absent))} (role drop leaves a column out)"
        )
    declared = Declaration.of(schema, frame.schema, privacy, in_file=True)
    return declared if target is None else declared.replace(target, role=Role.TARGET)
