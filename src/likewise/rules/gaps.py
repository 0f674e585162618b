"""Whether an upper column is learnt as a gap above the lower ones: where their order is finer than a model's bins."""

from __future__ import annotations

import numpy as np
import polars as pl

from likewise.rules.steps import Gap, free_name
from likewise.schema.column import Column, Kind
from likewise.schema.parse import canonical_dtype

LEAST_ROWS = 20
FINE = 1 / 16
"""Of the rows of the upper column: cells no farther apart than this are near, and bins tell little of their order."""
MANY = 0.25
"""Share of rows so near from which a gap is learnt."""


def gap_of(high: Column, lows: tuple[Column, ...], outer: pl.DataFrame, taken: tuple[str, ...]) -> Gap | None:
    """The step, or None where both columns are better learnt as they are, or cannot be taken from one another."""
    columns = (high, *lows)
    if not _alike(columns):
        return None
    base = pl.max_horizontal([pl.col(c.name) for c in lows])
    cells = outer.select(base.alias("base"), pl.col(high.name).alias("high"))
    both = cells.drop_nulls()
    if len(both) < LEAST_ROWS or not _is_fine(both):
        return None
    learnt = bool(cells.select((pl.col("base").is_null() & pl.col("high").is_not_null()).any()).item())
    name = free_name(f"{high.name} - {lows[0].name}" if len(lows) == 1 else f"{high.name} - max", taken)
    is_real = any(c.kind is Kind.REAL for c in columns)
    decimals = None
    if is_real and all(c.kind is Kind.INTEGER or c.decimals is not None for c in columns):
        decimals = max(c.decimals or 0 for c in columns)
    kind, dtype = (Kind.REAL, "Float64") if is_real else (Kind.INTEGER, "Int64")
    gap = Column(name=name, kind=kind, role=high.role, dtype=dtype, decimals=decimals)
    return Gap(high, tuple(c.name for c in lows), gap, _unit(both, high), learnt)


def _alike(columns: tuple[Column, ...]) -> bool:
    """Whether they are all numbers, or all moments of one type."""
    if all(c.kind in (Kind.INTEGER, Kind.REAL) for c in columns):
        return columns[0].kind is Kind.REAL or all(c.kind is Kind.INTEGER for c in columns)
    types = {canonical_dtype(c) for c in columns}
    return all(c.kind is Kind.DATETIME for c in columns) and len(types) == 1 and types != {pl.Time()}


def _is_fine(both: pl.DataFrame) -> bool:
    high = np.sort(both["high"].to_physical().to_numpy())
    base, own = both["base"].to_physical().to_numpy(), both["high"].to_physical().to_numpy()
    between = np.searchsorted(high, own, side="left") - np.searchsorted(high, base, side="left")
    return bool((np.abs(between) < FINE * len(high)).mean() > MANY)


def _unit(both: pl.DataFrame, high: Column) -> int:
    """Microseconds of which all gaps between moments are whole numbers."""
    if high.kind is not Kind.DATETIME or canonical_dtype(high) == pl.Date:
        return 1
    ticks = (both["high"] - both["base"]).dt.total_microseconds().abs().to_numpy()
    return max(int(np.gcd.reduce(ticks)), 1)
