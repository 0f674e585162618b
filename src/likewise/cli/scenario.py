"""`likewise scenario rows`, `tail`, `paths` and `set`: parse, call `scenario`, print."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.exits import tells_errors
from likewise.cli.inputs import schema_in, schema_of
from likewise.cli.models import check_model
from likewise.cli.options import (
    AS_TOLD,
    Debug,
    JsonFile,
    Model,
    Quiet,
    Reading,
    Rules,
    SchemaFile,
    Seed,
    TableFile,
    WithOldSpelling,
    refuse_given,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, open_terminal, write_text

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from likewise.cli.terminal import Terminal
    from likewise.scenario import PathDraw, ScenarioDraw, View
    from likewise.schema.column import Schema


class Side(StrEnum):
    """Which extremes."""

    UPPER = "upper"
    LOWER = "lower"


class Start(StrEnum):
    """Where paths begin."""

    LAST = "last"
    CALM = "calm"
    NORMAL = "normal"
    STRESSED = "stressed"


OF_ROWS = ("do", "order", "mix", "view", "return_period", "tail", "side", "rows_per_period", "returns", "model",
           "schema_file", "rule")  # fmt: skip
OF_PATHS = ("horizon", "shock", "start")

Source = Annotated[Path, typer.Argument(metavar="INPUT", help="The table.")]
Rows = Annotated[int, typer.Option("--rows", "-n", min=1, metavar="N", help="Rows, or paths, to draw.")]
Where = Annotated[list[str] | None, typer.Option(metavar="COND", help="Every row meets it: age=60..90, loss=q0.9..q1.")]
Do = Annotated[
    list[str] | None, typer.Option("--set", metavar="COL=VALUE", help="Set a column; what depends on it follows.")
]
Order = Annotated[str | None, typer.Option(metavar="COLS", help="For --set: all columns, causes first, or guess.")]
Mix = Annotated[
    list[str] | None, typer.Option(metavar="COL=VALUE:SHARE", help="A share of the rows: job=unemployed:0.3.")
]
Views = Annotated[
    list[str] | None, typer.Option("--view", metavar="VIEW", help="mean(COL)=5, q0.9(COL)>=7, corr(A,B)=.8.")
]
ReturnPeriod = Annotated[
    float | None, typer.Option(min=0, metavar="T", help="Rows as bad as once in T periods, or worse.")
]
Tail = Annotated[str | None, typer.Option("--tail", metavar="COL", help="The column whose extremes are meant.")]
WhichSide = Annotated[Side, typer.Option("--side", help="Which extremes.")]
RowsPerPeriod = Annotated[
    float | None, typer.Option(min=0, metavar="R", help="Rows a period; a year's with --time, else 1.")
]
Time = Annotated[str | None, typer.Option(metavar="COL", help="The column of times.")]
Returns = Annotated[
    list[str] | None, typer.Option(metavar="COL", help="Turn a column of prices into log-returns first.")
]
Series = Annotated[
    list[str] | None, typer.Option("--paths", "--series", metavar="COL", help="The series that paths are drawn of.")
]
Horizon = Annotated[int, typer.Option(min=1, metavar="H", help="Steps of a path.")]
Shock = Annotated[list[str] | None, typer.Option(metavar="COL=CHANGE", help="What happens at step 1: price=-0.2.")]
Begin = Annotated[Start, typer.Option("--start", help="From the last value, or a regime.")]

app = typer.Typer(help="Draw what if, how often and how bad.", cls=WithOldSpelling, no_args_is_help=True)


def rows(
    context: typer.Context,
    source: Source,
    output: TableFile,
    n: Rows = 1000,
    where: Where = None,
    mix: Mix = None,
    view: Views = None,
    time: Time = None,
    returns: Returns = None,
    model: Model = "autoregressive",
    schema_file: SchemaFile = None,
    rule: Rules = None,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw rows that meet conditions, shares and views.

    Each row is written with how plausible it is, as a percentile of the rows seen, and whether it lies beyond them.

    \b
    Examples:
      likewise scenario rows people.csv -o crisis.csv --mix job=unemployed:0.3 --where age=18..65
      likewise scenario rows returns.csv -o bad.csv --where 'loss=q0.9..q1' --view 'mean(loss)=5'
    """
    _scenario(
        context, source=source, output=output, rows=n, where=where, mix=mix, view=view, time=time, returns=returns,
        model=model, schema_file=schema_file, rule=rule, reading=reading, json=json, seed=seed, quiet=quiet,
    )  # fmt: skip


def tail(
    context: typer.Context,
    source: Source,
    output: TableFile,
    of: Annotated[str, typer.Option("--of", metavar="COL", help="The column whose extremes are meant.")],
    return_period: Annotated[float, typer.Option(min=0, metavar="T", help="As bad as once in T periods, or worse.")],
    side: WhichSide = Side.UPPER,
    rows_per_period: RowsPerPeriod = None,
    n: Rows = 1000,
    where: Where = None,
    time: Time = None,
    returns: Returns = None,
    model: Model = "autoregressive",
    schema_file: SchemaFile = None,
    rule: Rules = None,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw rows as bad as once in a long time.

    \b
    Examples:
      likewise scenario tail claims.csv -o stress.csv --of loss --return-period 100 --rows-per-period 5000
    """
    _scenario(
        context, source=source, output=output, rows=n, where=where, return_period=return_period, tail=of, side=side,
        rows_per_period=rows_per_period, time=time, returns=returns, model=model, schema_file=schema_file, rule=rule,
        reading=reading, json=json, seed=seed, quiet=quiet,
    )  # fmt: skip


def paths(
    context: typer.Context,
    source: Source,
    output: TableFile,
    series: Annotated[list[str], typer.Option("--series", metavar="COL", help="The series; several times.")],
    horizon: Horizon = 250,
    shock: Shock = None,
    start: Begin = Start.LAST,
    n: Rows = 1000,
    where: Where = None,
    time: Time = None,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw paths of series that may go on from here, or from a shock.

    \b
    Examples:
      likewise scenario paths prices.csv -o crash.csv --series close --time date --horizon 60 --shock close=-0.2 -n 200
    """
    _scenario(
        context, source=source, output=output, rows=n, where=where, paths=series, horizon=horizon, shock=shock,
        start=start, time=time, reading=reading, json=json, seed=seed, quiet=quiet,
    )  # fmt: skip


def set_columns(
    context: typer.Context,
    source: Source,
    output: TableFile,
    do: Annotated[
        list[str], typer.Option("--set", metavar="COL=VALUE", help="Set a column; what depends on it follows.")
    ],
    order: Order = None,
    n: Rows = 1000,
    where: Where = None,
    model: Model = "autoregressive",
    schema_file: SchemaFile = None,
    rule: Rules = None,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Set columns, and let what depends on them follow.

    \b
    Examples:
      likewise scenario set people.csv -o after.csv --set school=yes --order age,school,job,income
    """
    _scenario(
        context, source=source, output=output, rows=n, where=where, do=do, order=order, model=model,
        schema_file=schema_file, rule=rule, reading=reading, json=json, seed=seed, quiet=quiet,
    )  # fmt: skip


def scenario(
    context: typer.Context,
    source: Source,
    output: TableFile,
    rows: Rows = 1000,
    where: Where = None,
    do: Do = None,
    order: Order = None,
    mix: Mix = None,
    view: Views = None,
    return_period: ReturnPeriod = None,
    tail: Tail = None,
    side: WhichSide = Side.UPPER,
    rows_per_period: RowsPerPeriod = None,
    time: Time = None,
    returns: Returns = None,
    paths: Series = None,
    horizon: Horizon = 250,
    shock: Shock = None,
    start: Begin = Start.LAST,
    model: Model = "autoregressive",
    schema_file: SchemaFile = None,
    rule: Rules = None,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The older spelling of `likewise scenario rows`, `tail`, `paths` and `set`."""
    if paths:
        refuse_given(context, OF_ROWS, "paths are drawn of the series themselves")
    else:
        refuse_given(context, OF_PATHS, "they are for --paths")
        if return_period is None:
            refuse_given(context, ("tail", "side", "rows_per_period"), "they go with --return-period")
    if not do:
        refuse_given(context, ("order",), "it goes with --set")
    name = "paths" if paths else "tail" if return_period is not None else "set" if do else "rows"
    open_terminal(quiet, json, output).note(f"this is now written likewise scenario {name}")
    _scenario(
        context, source=source, output=output, rows=rows, where=where, do=do, order=order, mix=mix, view=view,
        return_period=return_period, tail=tail, side=side, rows_per_period=rows_per_period, time=time, returns=returns,
        paths=paths, horizon=horizon, shock=shock, start=start, model=model, schema_file=schema_file, rule=rule,
        reading=reading, json=json, seed=seed, quiet=quiet,
    )  # fmt: skip


for _command, _name in ((rows, "rows"), (tail, "tail"), (paths, "paths"), (set_columns, "set")):
    app.command(_name)(tells_errors(_command))
app.command(WithOldSpelling.OLD, hidden=True)(tells_errors(scenario))


def _scenario(
    context: typer.Context,
    *,
    source: Path,
    output: Path,
    rows: int,
    where: list[str] | None,
    reading: Reading,
    json: Path | None,
    seed: int | None,
    quiet: bool,
    time: str | None = None,
    do: list[str] | None = None,
    order: str | None = None,
    mix: list[str] | None = None,
    view: list[str] | None = None,
    return_period: float | None = None,
    tail: str | None = None,
    side: Side = Side.UPPER,
    rows_per_period: float | None = None,
    returns: list[str] | None = None,
    paths: list[str] | None = None,
    horizon: int = 250,
    shock: list[str] | None = None,
    start: Start = Start.LAST,
    model: str = "autoregressive",
    schema_file: Path | None = None,
    rule: list[str] | None = None,
) -> None:
    """Draw rows or paths, write them, and say how plausible they are."""
    from likewise.tables import files

    if schema_file is not None and (time is not None or returns):
        refuse_given(context, ("schema_file",), "with --time or --returns the columns are no longer those of the file")
    terminal = open_terminal(quiet, json, output)
    check_outputs(json, table=output)
    check_model(model)
    with terminal.doing("reading"):
        given = schema_in(schema_file)
        frame, dialect = reading.read(source, schema=given)
    if paths:
        draw: ScenarioDraw | PathDraw = _paths(
            frame, terminal, paths, time=time, n=rows, horizon=horizon, shock=shock or [], start=start.value,
            where=where or [], seed=seed,
        )  # fmt: skip
        table = draw.frame
    else:
        if returns:
            from likewise.scenario.series import log_returns

            frame = log_returns(frame, returns, time)
        schema = schema_of(frame, given, None, terminal, None, dialect, reading)
        asked = _asked(schema, where or [], do or [], mix or [], view or [], order)
        if return_period is not None:
            asked |= {"tail": tail, "side": side.value, "rows_per_period": rows_per_period}
        asked |= {"return_period": return_period}
        said = None if given is None else schema.with_rules(rule)
        draw = _rows(frame, terminal, rows, asked, model=model, time=time, seed=seed, schema=said, rules=rule)
        table = draw.annotated
    files.write(table, output, dialect=dialect)
    terminal.result(f"{output}: {len(table):,} rows")
    if json is not None:
        from json import dumps

        write_text(dumps(draw.report, indent=1, allow_nan=False), json)
    terminal.result(_summary(draw, returns or []))
    for note in draw.notes:
        terminal.note(note)


def _rows(
    frame: pl.DataFrame, terminal: Terminal, n: int, asked: dict[str, Any], *, model: str, time: str | None,
    seed: int | None, schema: Schema | None, rules: list[str] | None,
) -> ScenarioDraw:  # fmt: skip
    import likewise as lw
    from likewise.scenario import Scenario

    prepared = Scenario(model, time=time, random_state=seed, rules=rules if schema is None else None)
    with terminal.doing("learning and drawing"):
        if schema is None:
            prepared.fit(frame)
        else:
            prepared.fit(lw.Synthesizer(model, schema=schema, random_state=seed).fit(frame), real=frame)
        return prepared.sample(n, random_state=seed, **asked)


def _paths(
    frame: pl.DataFrame, terminal: Terminal, columns: list[str], *, time: str | None, n: int, horizon: int,
    shock: list[str], start: str, where: list[str], seed: int | None,
) -> PathDraw:  # fmt: skip
    from likewise.conditions import between
    from likewise.scenario import Paths

    with terminal.doing("learning"):
        learnt = Paths(columns, time=time, random_state=seed).fit(frame)
    ranges: dict[str, Any] = {}
    for text in where:
        name, _, span = text.rpartition("=")
        low, dots, high = span.partition("..")
        if not name or not dots:
            raise errors.ConditionError("a condition on paths is a range of the change: price=..-0.3")
        _put(ranges, name, between(_number(low, text) if low else None, _number(high, text) if high else None))
    shocks = _gathered(_pair(text) for text in shock)
    with terminal.doing("drawing"):
        return learnt.sample(n, horizon, shock=shocks, where=ranges, start=start, random_state=seed)


def _asked(
    schema: Schema, where: list[str], do: list[str], mix: list[str], view: list[str], order: str | None
) -> dict[str, Any]:
    """What the texts ask for, in the library's own terms."""
    causes = None if order is None or order == "guess" else [name.strip() for name in order.split(",")]
    return {
        "where": _gathered(_condition(text, schema) for text in where),
        "intervene": _gathered(_condition(text, schema) for text in do) or None,
        "order": causes or order,
        "mix": mixes_of(mix, schema) or None,
        "views": [_view(text) for text in view],
    }


_QUANTILES = re.compile(r"(?P<name>.+)=q(?P<low>[0-9.]+?)\.\.q(?P<high>[0-9.]+)")


def _condition(text: str, schema: Schema) -> tuple[str, Any]:
    from likewise.conditions import parse_where
    from likewise.scenario import quantiles

    found = _QUANTILES.fullmatch(text)
    if found and found["name"] in schema.names:
        return found["name"], quantiles(_number(found["low"], text), _number(found["high"], text))
    return parse_where(text, schema)


def _gathered(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What is asked of each column."""
    found: dict[str, Any] = {}
    for name, asked in pairs:
        _put(found, name, asked)
    return found


def _put(found: dict[str, Any], name: str, asked: Any) -> None:
    """Add what is asked of a column, once.

    Raises:
        ConditionError: it has something already: the last word would hold, and the first be lost.
    """
    if name in found:
        raise errors.ConditionError(f"column {name!r} stands twice in the same option; write one condition or value")
    found[name] = asked


def mixes_of(texts: list[str], schema: Schema) -> dict[str, dict[Any, float]]:
    """`job=unemployed:0.3`, several of one column gathered."""
    mixes: dict[str, dict[Any, float]] = {}
    for text in texts:
        part, colon, share = text.rpartition(":")
        if not colon:
            raise errors.ConditionError("a mix is written COL=VALUE:SHARE, such as job=unemployed:0.3")
        name, condition = _condition(part, schema)
        mixes.setdefault(name, {})[condition] = _number(share, text)
    return mixes


_VIEW = re.compile(r"(?P<kind>mean|std|corr|q[0-9.]+)\((?P<columns>.+)\)\s*(?P<sense>>=|<=|=)\s*(?P<value>[^=<>]+)")


def _view(text: str) -> View:
    from likewise.scenario import correlation, mean, quantile, std

    found = _VIEW.fullmatch(text.strip())
    if not found:
        raise errors.ConditionError("a view is written mean(COL)=5, std(COL)=2, q0.9(COL)>=7 or corr(A,B)=.8")
    kind, columns, sense, value = found["kind"], found["columns"], found["sense"], _number(found["value"], text)
    if kind == "corr":
        first, comma, second = columns.partition(",")
        if not comma:
            raise errors.ConditionError("a view of a correlation names two columns: corr(A,B)=.8")
        return correlation(first.strip(), second.strip(), value, sense)  # type: ignore[arg-type]
    if kind.startswith("q"):
        return quantile(columns, _number(kind[1:], text), value, sense)  # type: ignore[arg-type]
    return (mean if kind == "mean" else std)(columns, value, sense)  # type: ignore[arg-type]


def _pair(text: str) -> tuple[str, float]:
    name, equals, value = text.rpartition("=")
    if not equals:
        raise errors.ConditionError("a shock is written COL=CHANGE, such as price=-0.2")
    return name, _number(value, text)


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise errors.ConditionError(f"{whole!r} needs a number") from None


def _summary(draw: ScenarioDraw | PathDraw, shares: list[str]) -> Table:
    """The few figures that matter, one a line; of columns of shares in percent."""
    from rich.markup import escape
    from rich.table import Table

    from likewise.scenario.summary import lines

    table = Table(show_header=False)
    for line in lines(draw.report, shares=shares):
        table.add_row(*map(escape, line))
    return table
