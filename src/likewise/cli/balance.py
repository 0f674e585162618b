"""`likewise balance rows` and `likewise balance compare`: parse, call `balance`, print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import likewise as lw
from likewise import errors
from likewise.cli.exits import tells_errors
from likewise.cli.inputs import given_in, open_table, read_in_parts, schema_in
from likewise.cli.models import check_model
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    OUTPUT,
    Debug,
    Doing,
    Entity,
    FixedSeed,
    JsonFile,
    NoEntity,
    OldMethod,
    Quiet,
    Reading,
    Rules,
    SchemaFile,
    TableFile,
    WithOldSpelling,
    entity_of,
    model_named,
    refuse_given,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, open_terminal, write_table, write_text

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from likewise.balance import BalanceComparison, BalanceReport
    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Schema

_MARKS = {"better": "+", "worse": "-", "same": ""}
_HEADS = {
    "balanced_accuracy": "bal. acc.",
    "rare_mae": "MAE of rare",
    "rare_r2": "R2 of rare",
    "mae": "MAE",
    "r2": "R2",
}


Source = Annotated[Path, typer.Argument(metavar="INPUT", help="The table to balance.")]
Rare = Annotated[str, typer.Option(metavar="COL", help="The column whose classes or values are rare.")]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="auto, random, smote, smotenc, borderline, adasyn, or a generator.", show_default="auto"
    ),
]
Way = Annotated[str, typer.Option(metavar="WAY", help="How a generator learns: conditional or class-specific.")]
Strategy = Annotated[
    str, typer.Option(metavar="S", help="auto, minority, not minority, not majority, all, or a ratio such as 0.5.")
]
Regression = Annotated[
    bool, typer.Option("--regression", help="The target is a number; its rare values are what is balanced.")
]
Bins = Annotated[
    str | None, typer.Option(metavar="EDGES", help="With --regression: where ranges of the target meet, as 10,20.")
]
Quality = Annotated[
    float | None, typer.Option(metavar="Q", help="Leave out this share of new rows, the least like their class.")
]
Overlap = Annotated[
    float | None, typer.Option(metavar="P", help="Set apart common rows that are rare with this probability.")
]
Mark = Annotated[str | None, typer.Option(metavar="COL", help="Add a column that says which rows are new.")]
Methods = Annotated[str | None, typer.Option(metavar="NAMES", help="What is compared, with commas between.")]
Folds = Annotated[int, typer.Option(min=2, metavar="K", help="Folds of the comparison.")]
MaxRows = Annotated[int, typer.Option(min=100, metavar="N", help="Of larger tables so many rows are drawn.")]
Repeats = Annotated[int, typer.Option(min=1, metavar="R", help="How often folds are drawn anew.")]

app = typer.Typer(
    help="Add rows to rare classes, or find out whether that helps at all.", cls=WithOldSpelling, no_args_is_help=True
)


def rows(
    source: Source,
    target: Rare,
    output: TableFile,
    model: Model = None,
    method: OldMethod = None,
    way: Way = "auto",
    strategy: Strategy = "auto",
    regression: Regression = False,
    bins: Bins = None,
    quality: Quality = None,
    overlap: Overlap = None,
    mark: Mark = None,
    schema_file: SchemaFile = None,
    rule: Rules = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    doing: Doing = HERE,
    json: JsonFile = None,
    seed: FixedSeed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Add rows to rare classes.

    The rows of INPUT come first, untouched, the new ones after them.

    \b
    Examples:
      likewise balance rows data.csv --target fraud -o balanced.csv
      likewise balance rows data.csv --target fraud -o balanced.csv --model smotenc --strategy 0.5 --mark is_new
      likewise balance rows data.csv --target price -o balanced.csv --regression
      likewise balance rows big/ --target fraud -o balanced.parquet --engine processes --workers 8
    """
    from likewise.balance import CLASSIC, Oversampler

    edges, task = _edges(bins, regression), "regression" if regression else "classification"
    terminal = open_terminal(quiet, json, output)
    check_outputs(json, table=output)
    model = model_named(model, method, "auto", terminal)
    check_model(model, "auto", *CLASSIC)
    together = {
        "regression": regression, "quality": quality, "overlap": overlap, "rule": rule, "entity": entity,
        "way": way == "class-specific", "model": model in CLASSIC, **given_in(reading),
    }  # fmt: skip
    if read_in_parts([source], doing.given, together):
        sampler = Oversampler(
            model, sampling_strategy=_strategy(strategy), random_state=seed, schema=schema_in(schema_file)
        )
        with terminal.doing("balancing"), _options_told():
            sampler.write_resampled(lw.scan(source), target, output, mark=mark, **asdict(doing))
        n_new = sum(line.added for line in sampler.report_.classes)
        _show_balanced(sampler.report_, output, sampler.n_given_ + n_new, n_new, terminal, json)
        return
    frame, schema = open_table(source, schema_file, target, entity_of(entity, no_entity), reading, terminal, rule)
    features, its_schema = _features(frame, schema, target)
    sampler = Oversampler(
        model, way=way, sampling_strategy=_strategy(strategy), random_state=seed, quality=quality, overlap=overlap,
        task=task, bins=edges, schema=its_schema,
    )  # fmt: skip
    with terminal.doing("balancing"), _options_told():
        balanced = _balanced(sampler, features, frame, schema, target)
    write_table(balanced, schema, output, beside=_marked(balanced, len(frame), mark))
    _show_balanced(sampler.report_, output, len(balanced), len(balanced) - len(frame), terminal, json)


def _show_balanced(
    report: BalanceReport, output: Path, n_rows: int, n_new: int, terminal: Terminal, json: Path | None
) -> None:
    terminal.result(f"{output}: {n_rows:,} rows, {n_new:,} of them new")
    if json is not None:
        write_text(_as_json(report.to_dict()), json)
    terminal.result(_report_table(report))


def compare(
    source: Source,
    target: Rare,
    methods: Methods = None,
    strategy: Strategy = "auto",
    regression: Regression = False,
    bins: Bins = None,
    folds: Folds = 5,
    max_rows: MaxRows = 10_000,
    repeats: Repeats = 1,
    schema_file: SchemaFile = None,
    rule: Rules = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: FixedSeed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find out whether balancing helps at all.

    Nothing is added: ways of balancing are cross-validated with logistic regression, a random forest and gradient
    boosting, beside no balancing with the threshold tuned, which often does as much. With --regression they are judged
    by the errors over all rows and over those with rare values.

    \b
    Examples:
      likewise balance compare data.csv --target fraud --json comparison.json
      likewise balance compare data.csv --target price --regression
    """
    from likewise.balance import compare as compare_ways

    edges, task = _edges(bins, regression), "regression" if regression else "classification"
    terminal = open_terminal(quiet, json)
    check_outputs(json)
    frame, schema = open_table(source, schema_file, target, entity_of(entity, no_entity), reading, terminal, rule)
    features, its_schema = _features(frame, schema, target)
    labels = _target(frame, schema, target, regression)
    with terminal.doing("comparing"), _options_told():
        found = compare_ways(
            features, labels, methods=None if methods is None else methods.split(","), folds=folds,
            repeats=repeats, random_state=seed, sampling_strategy=_strategy(strategy), schema=its_schema,
            max_rows=max_rows, task=task, bins=edges,
        )  # fmt: skip
    _show_comparison(found, terminal, json)


def balance(
    context: typer.Context,
    source: Source,
    target: Rare,
    output: Annotated[Path | None, typer.Option("--output", "-o"), OUTPUT] = None,
    compare_them: Annotated[bool, typer.Option("--compare")] = False,
    model: Model = None,
    method: OldMethod = None,
    way: Way = "auto",
    strategy: Strategy = "auto",
    regression: Regression = False,
    bins: Bins = None,
    quality: Quality = None,
    overlap: Overlap = None,
    mark: Mark = None,
    methods: Methods = None,
    folds: Folds = 5,
    max_rows: MaxRows = 10_000,
    repeats: Repeats = 1,
    schema_file: SchemaFile = None,
    rule: Rules = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: FixedSeed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The older spelling of `likewise balance rows` and `likewise balance compare`."""
    if (output is None) != compare_them:
        raise errors.OptionError("give either --output, to balance, or --compare, to find out whether it helps")
    both: dict[str, Any] = {
        "source": source, "target": target, "strategy": strategy, "regression": regression, "bins": bins,
        "schema_file": schema_file, "rule": rule, "entity": entity, "no_entity": no_entity, "reading": reading,
        "json": json, "seed": seed, "quiet": quiet, "debug": debug,
    }  # fmt: skip
    name = "rows" if output is not None else "compare"
    if output is None:
        only = ("model", "method", "way", "quality", "overlap", "mark")
        refuse_given(context, only, "they say how --output is balanced; --compare takes --methods")
    else:
        refuse_given(context, ("methods", "folds", "repeats", "max_rows"), "they are for --compare")
    open_terminal(quiet, json, output).note(f"this is now written likewise balance {name}")
    if output is None:
        compare(methods=methods, folds=folds, max_rows=max_rows, repeats=repeats, **both)
    else:
        rows(output=output, model=model, method=method, way=way, quality=quality, overlap=overlap, mark=mark, **both)


for _command in (rows, compare):
    app.command()(tells_errors(_command))
app.command(WithOldSpelling.OLD, hidden=True)(tells_errors(balance))


@contextmanager
def _options_told() -> Iterator[None]:
    """What imbalanced-learn and scikit-learn refuse are options and targets; what they say holds no cell."""
    try:
        yield
    except errors.LikewiseError:
        raise
    except ValueError as error:
        raise errors.OptionError(str(error)) from error


def _features(frame: pl.DataFrame, schema: Schema, target: str) -> tuple[pl.DataFrame, Schema]:
    """The table without its target, and their schema."""
    names = [name for name in frame.columns if name != target]
    if not names:
        raise errors.InputError(f"the table has no column beside the target {target!r}")
    return frame.select(names), replace(schema, columns=tuple(column for column in schema if column.name != target))


def _strategy(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _edges(text: str | None, regression: bool) -> list[float] | None:
    if text is not None and not regression:
        raise errors.OptionError("--bins is for --regression: classes have no ranges")
    try:
        return None if text is None else [float(edge) for edge in text.split(",")]
    except ValueError:
        raise errors.OptionError("--bins takes numbers that rise, with commas between") from None


def _target(frame: pl.DataFrame, schema: Schema, target: str, regression: bool) -> pl.Series:
    """The target's column: classes as they stand, numbers as numbers.

    Raises:
        OptionError: a column of texts, which has no classes; with --regression, one that holds no numbers.
    """
    from likewise.schema.column import Kind
    from likewise.schema.parse import parse_column

    column = schema[target]
    if column.kind is Kind.TEXT:
        raise errors.OptionError(
            f"--target needs a column whose values are classes; {target!r} is text, and nearly each of its values one "
            "row's own. Name another, or declare it categorical in a schema (--schema)"
        )
    if not regression:
        return frame[target]
    if column.kind not in (Kind.INTEGER, Kind.REAL):
        raise errors.OptionError(f"--regression needs a target of numbers; {target!r} is {column.kind.value}")
    return parse_column(frame[target], column)


def _balanced(sampler: Any, features: pl.DataFrame, frame: pl.DataFrame, schema: Schema, target: str) -> pl.DataFrame:
    """The table and its new rows, the target where it stood."""
    import polars as pl

    from likewise.schema.parse import restore_column

    n, regression = len(frame), sampler.task == "regression"
    rows, labels = sampler.fit_resample(features, _target(frame, schema, target, regression))
    if regression:
        labels = pl.concat([frame[target], restore_column(labels.slice(n), schema[target])])
    table: pl.DataFrame = rows.with_columns(labels.alias(target)).select(frame.columns)
    return table


def _marked(table: pl.DataFrame, n_old: int, mark: str | None) -> pl.DataFrame | None:
    """The column that says which rows are new, where it was asked for."""
    import polars as pl

    if mark is None:
        return None
    if mark in table.columns:
        raise errors.OptionError(f"--mark: there is a column {mark!r} already")
    return table.select((pl.int_range(pl.len()) >= n_old).alias(mark))


def _as_json(data: dict[str, Any]) -> str:
    import json

    return json.dumps(data, ensure_ascii=False, indent=2, default=lambda value: getattr(value, "item", lambda: None)())


def _report_table(report: BalanceReport) -> Table:
    """One line a class: rows before, rows added, and what made them."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="classes", title_justify="left")
    for name in ("class", "rows", "added", "made by"):
        table.add_column(name, justify="right" if name in ("rows", "added") else "left", overflow="fold")
    for line in report.classes:
        makers = [f"{part.method} ({part.way})" if part.way else part.method for part in line.parts]
        label = " to ".join(f"{end:g}" for end in line.label) if isinstance(line.label, tuple) else str(line.label)
        table.add_row(escape(label), f"{line.rows:,}", f"{line.added:,}", " + ".join(makers))
    return table


def _show_comparison(found: BalanceComparison, terminal: Any, json: Path | None) -> None:
    if json is not None:
        write_text(_as_json(found.to_dict()), json)
    for classifier in found.classifiers:
        terminal.result(_comparison_table(found, classifier))
    tuned = " with the threshold tuned" if found.baseline != "none" else ""
    terminal.result(f"+ and -: surely a gain or loss over no balancing{tuned}, allowing for all comparisons (Holm).")
    for sentence in (*found.verdicts(), *found.notes, found.recommendation()):
        terminal.result(sentence)


def _comparison_table(found: BalanceComparison, classifier: str) -> Table:
    """One line a method: each measure, and whether it surely gains or loses."""
    from rich.table import Table

    from likewise.balance.comparison import written

    table = Table(title=f"{classifier}, {found.folds} folds", title_justify="left")
    table.add_column("balancing", no_wrap=True)
    for measure in found.measures:
        table.add_column(_HEADS.get(measure, measure), justify="right", no_wrap=True)
    its = {(line.method, line.measure): line for line in found.lines if line.classifier == classifier}
    for method in dict.fromkeys(method for method, _ in its):
        lines = [its[method, measure] for measure in found.measures]
        table.add_row(method, *(f"{written(line.value)} {_MARKS[line.verdict]:1}" for line in lines))
    return table
