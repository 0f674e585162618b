"""`likewise scenario`: parse, call `scenario`, print. Registered by `cli`, whose helpers it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.shared import check_outputs, open_terminal, refuse_given, write_text

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


OF_ROWS = ("do", "order", "mix", "view", "return_period", "tail", "side", "rows_per_period", "returns", "model")
OF_PATHS = ("horizon", "shock", "start")


def scenario(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUTPUT", help="Where the rows go.")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, metavar="N", help="Rows, or paths, to draw.")] = 1000,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COND", help="Every row meets it: age=60..90, loss=q0.9..q1.")
    ] = None,
    do: Annotated[
        list[str] | None, typer.Option("--set", metavar="COL=VALUE", help="Set a column; what depends on it follows.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(metavar="COLS", help="For --set: all columns, causes first, or guess.")
    ] = None,
    mix: Annotated[
        list[str] | None, typer.Option(metavar="COL=VALUE:SHARE", help="A share of the rows: job=unemployed:0.3.")
    ] = None,
    view: Annotated[
        list[str] | None, typer.Option(metavar="VIEW", help="mean(COL)=5, std(COL)=2, q0.9(COL)>=7, corr(A,B)=.8.")
    ] = None,
    return_period: Annotated[
        float | None, typer.Option(min=0, metavar="T", help="Rows as bad as once in T periods, or worse.")
    ] = None,
    tail: Annotated[str | None, typer.Option(metavar="COL", help="The column whose extremes are meant.")] = None,
    side: Annotated[Side, typer.Option(help="Which extremes.")] = Side.UPPER,
    rows_per_period: Annotated[
        float | None, typer.Option(min=0, metavar="R", help="Rows a period; a year's with --time, else 1.")
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COL", help="The column of times.")] = None,
    returns: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Turn a column of prices into log-returns first.")
    ] = None,
    paths: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Draw paths of this series instead of rows.")
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, metavar="H", help="Steps of a path.")] = 250,
    shock: Annotated[
        list[str] | None, typer.Option(metavar="COL=CHANGE", help="For --paths: what happens at step 1: price=-0.2.")
    ] = None,
    start: Annotated[Start, typer.Option(help="For --paths: from the last value, or a regime.")] = Start.LAST,
    model: Annotated[str, typer.Option(metavar="NAME", help="The generator to train.")] = "autoregressive",
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - for standard output.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="S", help="The same seed gives the same rows.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="On an error, show where in the code it came from.")] = False,
) -> None:
    """Draw what if, how often and how bad.

    Each row is written with how plausible it is, as a percentile of the rows seen, and whether it lies beyond them.

    \b
    Examples:
      likewise scenario claims.csv -o stress.csv --tail loss --return-period 100 --rows-per-period 5000
      likewise scenario people.csv -o crisis.csv --mix job=unemployed:0.3 --where age=18..65
      likewise scenario people.csv -o after.csv --set school=yes --order age,school,job,income
      likewise scenario prices.csv -o crash.csv --paths close --time date --horizon 60 --shock close=-0.2 -n 200
    """
    from likewise.tables import files

    if paths:
        refuse_given(context, OF_ROWS, "paths are drawn of the series themselves")
    else:
        refuse_given(context, OF_PATHS, "they are for --paths")
        if return_period is None:
            refuse_given(context, ("tail", "side", "rows_per_period"), "they go with --return-period")
    if not do:
        refuse_given(context, ("order",), "it goes with --set")
    terminal = open_terminal(quiet, json)
    check_outputs(source, table=output, others=(json,))
    with terminal.doing("reading"):
        frame = files.read(source)
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
        asked = _asked(frame, where or [], do or [], mix or [], view or [], order)
        if return_period is not None:
            asked |= {"tail": tail, "side": side.value, "rows_per_period": rows_per_period}
        draw = _rows(frame, terminal, rows, asked | {"return_period": return_period}, model=model, time=time, seed=seed)
        table = draw.annotated
    files.write(table, output)
    terminal.result(f"{output}: {len(table):,} rows")
    if json is not None:
        from json import dumps

        write_text(dumps(draw.report, indent=1, allow_nan=False), json)
    terminal.result(_summary(draw, returns or []))
    for note in draw.notes:
        terminal.note(note)


def _rows(
    frame: pl.DataFrame, terminal: Terminal, n: int, asked: dict[str, Any], *, model: str, time: str | None,
    seed: int | None,
) -> ScenarioDraw:  # fmt: skip
    from likewise.scenario import Scenario

    with terminal.doing("learning and drawing"):
        return Scenario(model, time=time, random_state=seed).fit(frame).sample(n, random_state=seed, **asked)


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
    frame: pl.DataFrame, where: list[str], do: list[str], mix: list[str], view: list[str], order: str | None
) -> dict[str, Any]:
    """What the texts ask for, in the library's own terms."""
    from likewise.schema.infer import infer

    schema = infer(frame)
    causes = None if order is None or order == "guess" else [name.strip() for name in order.split(",")]
    return {
        "where": _gathered(_condition(text, schema) for text in where),
        "intervene": _gathered(_condition(text, schema) for text in do) or None,
        "order": causes or order,
        "mix": _mixes(mix, schema) or None,
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


def _mixes(texts: list[str], schema: Schema) -> dict[str, dict[Any, float]]:
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
