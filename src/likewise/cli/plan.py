"""What a run of `likewise synth` would do, without doing it: `--dry-run`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from likewise import errors

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Column, Schema

FEWEST_ROWS = 5
"""A level held by fewer rows is never drawn (`CodecOptions`)."""

TRIED_ROWS, TRIED_SECONDS = (500, 2_000), 10.0
"""Rows that are learnt, to tell how long all of them take, and the most that each try may take."""


def show_plan(
    frame: pl.DataFrame,
    schema: Schema,
    model: str,
    terminal: Terminal,
    *,
    private: bool,
    time: str | bool | None = None,
) -> None:
    """Tell what would be learnt, made anew or dropped, what is protected, and about how long it takes.

    Args:
        time: the column by which rows are histories; True where they stand in order.

    Privacy: under a budget nothing is counted in the rows, and nothing is tried, for both would cost.
    """
    terminal.result(_plan_table(frame, schema, private=private))
    lives = "" if time is None else f", as histories {'in order' if time is True else f'by {time!r}'}"
    terminal.result(
        f"{len(frame):,} rows, {len(schema.modelled)} of {len(schema)} columns are learnt, by {model}{lives}"
    )
    if private:
        terminal.note("how long it takes is not tried: a try would look at the rows, which the budget must pay for")
        return
    if not schema.modelled:
        terminal.note("all columns are ids or dropped: there is nothing to learn")
        return
    with terminal.doing("trying on a few rows"):
        terminal.result(f"learning takes {_duration(*_seconds(frame, schema, model, time))}")


def _plan_table(frame: pl.DataFrame, schema: Schema, *, private: bool) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="nothing is written", title_justify="left")
    for head in ("column", "kind", "what becomes of it"):
        table.add_column(head, overflow="fold")
    for column in schema:
        fate = _fate(column, None if private else frame[column.name])
        table.add_row(*map(escape, (column.name, column.kind.value, fate)))
    return table


def _fate(column: Column, values: pl.Series | None) -> str:
    if column.role == "drop":
        return "dropped"
    if column.is_key:
        return "made anew, never learnt"
    if values is None:
        return "learnt under the budget"
    if column.kind in ("categorical", "boolean"):
        counts = values.drop_nulls().value_counts()["count"]
        n_rare = int((counts < FEWEST_ROWS).sum())
        rare = f", {n_rare} of them in fewer than {FEWEST_ROWS} rows and never drawn" if n_rare else ""
        return f"learnt: {len(counts)} levels{rare}"
    if column.kind == "text":
        return "learnt by the pattern of its letters and digits"
    return "learnt; its ends are protected"


def _seconds(frame: pl.DataFrame, schema: Schema, model: str, order: str | bool | None) -> tuple[float, bool]:
    """About how long learning takes, by tries on a few rows, in proportion to them; and whether it may be longer."""
    import likewise as lw

    took: list[tuple[int, float]] = []
    for n in sorted({min(n, len(frame)) for n in TRIED_ROWS}):
        part = _some(frame, schema.entity, n)
        began = time.perf_counter()
        whose = False if schema.entity is None else None
        asked = {"schema": schema, "random_state": 0, "entity": whose, "time": order}
        try:
            synth = lw.Synthesizer(model, max_seconds=TRIED_SECONDS, **asked)  # type: ignore[arg-type]
        except errors.OptionError:  # a model without epochs, which is quick
            synth = lw.Synthesizer(model, **asked)  # type: ignore[arg-type]
        synth.fit(part)
        took.append((len(part), time.perf_counter() - began))
    (n_few, few), (n_many, many) = took[0], took[-1]
    a_row = max(many - few, 0.0) / (n_many - n_few) if n_many > n_few else 0.0
    return many + a_row * (len(frame) - n_many), many > TRIED_SECONDS


def _some(frame: pl.DataFrame, entity: str | None, n: int) -> pl.DataFrame:
    """About n rows, by chance; all of an entity, where these have several."""
    if entity is None:
        return frame.sample(n, seed=0)
    keys = frame[entity].drop_nulls().unique(maintain_order=True).sample(fraction=1, shuffle=True, seed=0)
    lengths = frame.group_by(entity).len()
    many = keys.to_frame().join(lengths, on=entity, how="left", maintain_order="left")["len"].cum_sum()
    return frame.filter(frame[entity].is_in(keys.head(max(2, int((many <= n).sum()))).implode()))


def _duration(seconds: float, at_least: bool) -> str:
    """In words.

    >>> _duration(4.2, False), _duration(400, True)
    ('about 4 seconds', 'at least 7 minutes')
    """
    said = "at least" if at_least else "about"
    if seconds < 90:
        return f"{said} {max(1, round(seconds))} seconds"
    return f"{said} {round(seconds / 60)} minutes"
