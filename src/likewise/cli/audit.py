"""`likewise audit`: a gate for pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.databases import Keep, Keys, Root, is_database, open_databases
from likewise.cli.inputs import given_in, open_measured
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    OF_DOING,
    OUTPUT,
    RESULTS,
    By,
    Debug,
    Doing,
    Entity,
    FixedSeed,
    InOrder,
    JsonFile,
    MaxSeconds,
    Measures,
    Model,
    NoEntity,
    Quiet,
    Reading,
    SchemaFile,
    Target,
    Time,
    column_names,
    entity_of,
    measures_of,
    place_of,
    refuse_given,
    time_of,
)
from likewise.cli.outputs import check_outputs, open_terminal, write_text

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from likewise.audit import Audit
    from likewise.cli.terminal import Terminal
    from likewise.evaluate import Report
    from likewise.evaluate.thresholds import Outcome
    from likewise.schema.column import Schema

EXIT_BROKEN_RULE = 1

OF_TABLES = (
    "target", "by", "measures", "entity", "no_entity", "time", "in_order", "shadows", "model", "shadow_rows",
    "max_seconds", "public", "on", "worst", "schema_file", "key", "keep", "root", "junit", "seed",
    *OF_DOING,
)  # fmt: skip
FEW_FITS = 200
"""Fewer tell so little that a claim which stands needs a word beside it."""


def audit(
    context: typer.Context,
    real: Annotated[
        Any, typer.Argument(parser=place_of, metavar="REAL", help="The rows the synthetic ones were learnt from.")
    ] = None,
    synthetic: Annotated[Any, typer.Argument(parser=place_of, metavar="SYNTHETIC", help="The rows to judge.")] = None,
    holdout: Annotated[
        Any,
        typer.Option(
            parser=place_of, metavar="HOLDOUT", help="Real rows that were not learnt from; the attacks need them."
        ),
    ] = None,
    rules: Annotated[Path | None, typer.Option(metavar="TOML", help="What must hold.")] = None,
    target: Target = None,
    by: By = None,
    measures: Measures = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    time: Time = None,
    in_order: InOrder = False,
    shadows: Annotated[
        int | None, typer.Option(min=4, metavar="N", help="Also train N generators and attack what they draw.")
    ] = None,
    model: Model = "autoregressive",
    shadow_rows: Annotated[int, typer.Option(min=100, metavar="N", help="Rows each of them learns.")] = 2_000,
    max_seconds: MaxSeconds = None,
    public: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE", help="A table of names, to find its people in SYNTHETIC; that may be anonymised."
        ),
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option(metavar="COLS", help="Columns to link it by: a,b,c or one at a time.")
    ] = None,
    worst: Annotated[
        int, typer.Option(min=0, metavar="N", help="Name the N worst-off rows of REAL by number, from 0.")
    ] = 0,
    dp: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG", help="Instead of tables: a private model file, or a plan as JSON or TOML, to attack."
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=8, metavar="N", help="Fits for --dp, half of them with a row more.")] = 1_000,
    canaries: Annotated[
        int, typer.Option(min=0, metavar="M", help="For --dp one fit instead, with so many rows in or out by a coin.")
    ] = 0,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, metavar="T", help="End --dp after this with the runs there are.")
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="For --dp and a net: attack its steps of training, each noisy sum seen.")
    ] = False,
    schema_file: SchemaFile = None,
    key: Keys = None,
    keep: Keep = None,
    root: Root = None,
    doing: Doing = HERE,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the outcomes as JUnit XML.", rich_help_panel=RESULTS),
        OUTPUT,
    ] = None,
    seed: FixedSeed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Hold a synthetic table, database or images against rules, or a private model against its claim, for pipelines.

    Ends with code 1 and the lines that failed when a rule is broken, or an epsilon above the claim is found. Rules are
    thresholds on any figure of the report: `shape = { max = 0.02 }`, `tstr_auc = { within = 0.02 }`,
    `membership = { no_alarm = true, least_leak = 0.02 }` under [rules].

    \b
    Examples:
      likewise audit train.csv fake.csv --holdout test.csv --rules audit.toml
      likewise audit train.csv fake.csv --holdout test.csv --rules audit.toml --json audit.json --junit audit.xml
      likewise audit train.csv fake.csv --holdout test.csv --shadows 20 --worst 10
      likewise audit train.csv fake.csv --holdout test.csv --entity person_id --rules audit.toml
      likewise audit train.csv fake.csv --holdout test.csv --public voters.csv --on age,zip
      likewise audit train.npz fake.npz --holdout test.npz --rules audit.toml
      likewise audit shop/ fake/ --holdout later/ --keep countries --rules audit.toml
      likewise audit --dp private.likewise --runs 2000
      likewise audit --dp plan.toml --canaries 1000 --json audit.json
      likewise audit --dp net.likewise --steps
      likewise audit --dp shop.likewise
    """
    from likewise.evaluate import evaluate
    from likewise.evaluate.thresholds import Thresholds, check, read_thresholds, to_junit
    from likewise.tables import files

    terminal = open_terminal(quiet, json)
    if dp is not None:
        if (real, synthetic, holdout, rules) != (None, None, None, None):
            raise errors.OptionError("--dp audits a model against its claim: it takes no tables and no rules")
        refuse_given(context, (*OF_TABLES, *reading.given), "--dp audits a model against its claim")
        _audit_privacy(context, dp, terminal, runs=runs, canaries=canaries, seconds=seconds, steps=steps, json=json)
        return
    refuse_given(context, ("runs", "canaries", "seconds", "steps"), "they are for --dp")
    if shadows is None:
        refuse_given(context, ("model", "shadow_rows", "max_seconds"), "they are for --shadows")
    if real is None or synthetic is None:
        raise errors.OptionError("two tables are needed, REAL and SYNTHETIC; or --dp with a private model or a plan")
    check_outputs(json, junit)
    if worst and holdout is None:
        raise errors.OptionError("--worst needs --holdout: only other real rows tell who stands out")
    wanted = Thresholds() if rules is None else read_thresholds(rules)
    target = wanted.target if target is None else target
    register = None if public is None else files.read(public)
    whose, order = entity_of(entity, no_entity), time_of(time, in_order)
    if is_database(real):
        unused = {"schema": schema_file, **given_in(reading), **dict.fromkeys(doing.given, True)}
        them = open_databases(real, [synthetic], holdout, key, keep, root, unused, terminal)
    else:
        refuse_given(context, ("key", "keep", "root"), f"they are for databases, and {str(real)!r} is none")
        together = {"time": order, "public": public, "on": on, "worst": worst, "shadows": shadows}
        them = open_measured(
            Path(real), [Path(synthetic)], holdout, schema_file, target, whose, reading, terminal, doing, together
        )
    frame, fake, held_out, schema = them.real, them.synthetic[0], them.holdout, them.schema
    if schema is None and (worst or shadows is not None):
        raise errors.OptionError("--worst and --shadows are for tables")
    asked = wanted.measures if measures is None else measures_of(measures)
    with terminal.doing("measuring"):
        report = evaluate(
            frame, fake, holdout=held_out, target=target, schema=schema, random_state=seed, measures=asked,
            by=wanted.by if by is None else by, entity=whose, time=order,
            public=register, on=column_names(on or [], frame) if schema is not None else (), **them.where,
        )  # fmt: skip
    if shadows is not None:
        with terminal.doing("training shadows"):
            report = _with_shadows(
                report, frame, held_out, schema, entity=report.data["entity"], n=shadows, n_rows=shadow_rows,
                model=model, max_seconds=max_seconds, seed=seed,
            )  # fmt: skip
    outcomes = check(report, wanted)
    rows = _worst_rows(frame, fake, held_out, schema, worst, seed) if worst and held_out is not None else []
    if json is not None:
        write_text(_json(report, outcomes, rows), json)
    if junit is not None:
        write_text(to_junit(outcomes), junit)
    terminal.result(report.summary_table())
    for note in report.notes:
        terminal.note(note)
    if rows:
        terminal.result(f"worst-off rows of {real}, from 0: {', '.join(map(str, rows))}")
    _tell(outcomes, terminal)


def _audit_privacy(
    context: typer.Context,
    config: Path,
    terminal: Terminal,
    *,
    runs: int,
    canaries: int,
    seconds: float | None,
    steps: bool,
    json: Path | None,
) -> None:
    """A lower bound on the epsilon of a model, beside what it claims."""
    import json as json_

    from likewise.audit import DatabasePlan, audit_database, audit_synthesizer, audit_training, read_plan

    check_outputs(json)
    plan = read_plan(config)
    if isinstance(plan, DatabasePlan):
        refuse_given(context, ("runs", "canaries", "seconds", "steps"), "a database is audited by two fits")
        with terminal.doing("fitting twice"):
            found = audit_database(plan)
    elif steps:
        with terminal.doing("training"):
            found = audit_training(plan)
    else:
        with terminal.counting("fits") as tell:
            found = audit_synthesizer(plan, runs=runs, canaries=canaries, max_seconds=seconds, progress=tell)
    if json is not None:
        head = {"format": "likewise privacy audit", "version": 1, "passed": not found.is_broken}
        whole = head | {"model": plan.model} | found.to_dict()
        write_text(json_.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False), json)
    terminal.result(_table_of(found, plan.model))
    if found.is_broken:
        claim = f"epsilon {found.claim.epsilon:g} at delta {found.claim.delta:g}"
        law = "" if found.law == "any" else ", as losses near normal show, which its ledger claims"
        typer.echo(f"failed: {plan.model} claims {claim}, found {found.epsilon:.3g} at least{law}", err=True)
        raise typer.Exit(EXIT_BROKEN_RULE)
    if 1 < found.runs < FEW_FITS and not isinstance(plan, DatabasePlan):
        terminal.note(f"{found.runs} fits see next to nothing: take thousands, or --steps for a net")
    terminal.result("the claim stands against this attack, which proves nothing about others")


def _table_of(found: Audit, model: str) -> Table:
    from rich.table import Table

    table = Table(title=f"privacy of {model}", title_justify="left", show_header=False)
    tried = f"{found.canaries:,} rows in one fit" if found.runs == 1 else f"one row, {found.runs:,} fits"
    if found.confidence == 1:
        return _table_of_answers(found, table)
    confidence = f"with {100 * found.confidence:g} % confidence"
    lines = {
        "claim": f"epsilon {found.claim.epsilon:g} at delta {found.claim.delta:g}",
        "found at least": f"epsilon {found.bound.gaussian:.3g} {confidence}, if losses are near normal",
        "whatever the law": f"epsilon {found.bound.epsilon:.3g} {confidence}",
        "held against the claim": "the first" if found.law == "gaussian" else "the second",
        "attacker": found.threat,
        "at stake": tried,
    }
    for name, text in lines.items():
        table.add_row(name, text)
    return table


def _table_of_answers(found: Audit, table: Table) -> Table:
    lines = {
        "claim": f"epsilon {found.claim.epsilon:g} at delta {found.claim.delta:g}",
        "found at least": f"epsilon {found.epsilon:.3g}, exactly, of the root at stake",
        "attacker": found.threat,
        "at stake": "one root with all its rows, two fits under the same answers",
    }
    for name, text in lines.items():
        table.add_row(name, text)
    return table


def _tell(outcomes: tuple[Outcome, ...], terminal: Any) -> None:
    broken = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in broken:
        typer.echo(f"failed: {outcome}", err=True)
    if broken:
        typer.echo(f"likewise: {len(broken)} of {len(outcomes)} rules are broken", err=True)
        raise typer.Exit(EXIT_BROKEN_RULE)
    terminal.result(f"all {len(outcomes)} rules are kept" if outcomes else "no rules were given")


def _json(report: Report, outcomes: tuple[Outcome, ...], rows: list[int]) -> str:
    import json
    from dataclasses import asdict

    plain = {
        "format": "likewise audit",
        "version": 1,
        "passed": all(outcome.passed for outcome in outcomes),
        "rules": [asdict(outcome) for outcome in outcomes],
        "worst_rows": rows,
        "report": report.to_dict(),
    }
    return json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)


def _worst_rows(
    real: pl.DataFrame, fake: pl.DataFrame, held_out: pl.DataFrame, schema: Schema, n: int, seed: int
) -> list[int]:
    from likewise.evaluate.attacks.membership import worst_off

    train, synthetic, holdout = _typed([real, fake, held_out], schema)
    return [int(row) for row in worst_off(train, holdout, synthetic, n, seed=seed)]


def _typed(frames: list[pl.DataFrame], schema: Schema) -> list[Any]:
    from likewise.evaluate.tables import type_tables
    from likewise.schema.parse import parse

    return type_tables([parse(frame, schema, partial=True) for frame in frames], schema, text="value")


def _with_shadows(
    report: Report,
    real: pl.DataFrame,
    held_out: pl.DataFrame | None,
    schema: Schema,
    *,
    entity: str | None,
    n: int,
    n_rows: int,
    model: str,
    max_seconds: float | None,
    seed: int,
) -> Report:
    """The report with the shadow attack's two figures."""
    from dataclasses import replace

    import polars as pl

    import likewise as lw
    from likewise.evaluate.attacks.shadow import shadow_attack
    from likewise.evaluate.scoring.privacy import shadow_scores
    from likewise.schema.column import Role
    from likewise.schema.persons import persons_of

    def draw(rows: pl.DataFrame, n_wanted: int, its_seed: int) -> pl.DataFrame:
        synthesizer = lw.Synthesizer(model, schema=schema, random_state=its_seed, max_seconds=max_seconds)
        drawn: pl.DataFrame = synthesizer.fit(rows).sample(n_wanted)
        return drawn

    if entity is not None:
        schema = schema.replace(entity, role=Role.ENTITY)
    pool = real if held_out is None else pl.concat([real, held_out.select(real.columns)])
    whose = None if entity is None else persons_of(pool, entity)
    found = shadow_attack(pool, lambda f: _typed(f, schema), draw, n_shadows=n, n_rows=n_rows, seed=seed, whose=whose)
    return replace(report, scores=(*report.scores, *shadow_scores(found, model)))
