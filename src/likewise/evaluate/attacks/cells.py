"""What the cells of a released table may stand for: values as they are, or labels that stand for several.

Synthetic and microaggregated tables hold values; anonymised ones hold intervals, sets, stars, masks and parts of dates.
A cell of numbers becomes the interval of what it stands for, a cell of levels the set of levels.

Legend: n released rows, P people, U their levels, L distinct labels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import NUMBER_KINDS
from likewise.errors import SchemaError
from likewise.evaluate.tables import FloatArray, IntArray
from likewise.schema.column import Column, Kind
from likewise.schema.parse import parse_column

_INTERVAL = re.compile(r"\[(.+), (.+)([\])])(?: or missing)?")
_MEMBERS = re.compile(r'"((?:[^"]|"")*)"|([^|]+)')
_DECADE, _QUARTER = re.compile(r"(\d{3})0s"), re.compile(r"(\d{4})-Q([1-4])")
EVERYTHING = (-np.inf, np.inf)


@dataclass(frozen=True)
class Numbers:
    """(n,) the least and the greatest value that each cell may stand for; NaN where it is missing."""

    low: FloatArray
    high: FloatArray

    def gaps(self, values: FloatArray, rows: IntArray | slice) -> FloatArray:
        """(P, rows) how far each value lies from what each cell stands for; infinite from a missing one."""
        low, high = self.low[rows], self.high[rows]
        gap = low - values[:, None]
        np.maximum(gap, values[:, None] - high, out=gap)
        np.maximum(gap, 0.0, out=gap)
        gap[:, np.isnan(low)] = np.inf
        return gap


@dataclass(frozen=True)
class Levels:
    """(n,) the label of each cell by number, and which of the levels each label covers."""

    label: IntArray
    covers: npt.NDArray[np.bool_]  # (U, L)

    def gaps(self, values: IntArray, rows: IntArray | slice) -> FloatArray:
        """(P, rows) 0 where the cell covers the level, else 1."""
        return np.where(self.covers[values[:, None], self.label[rows]], 0.0, 1.0)


def numbers_of(canonical: pl.Series) -> FloatArray:
    """(n,) canonical numbers or times; NaN where missing, times in microseconds."""
    if canonical.dtype.is_temporal():
        canonical = canonical.cast(pl.Datetime("us")).to_physical()
    return np.array(canonical.cast(pl.Float64).to_numpy(), dtype=np.float64)


def released_cells(released: pl.Series, column: Column, levels: pl.Series) -> Numbers | Levels:
    """A released column read as anybody can read it.

    Args:
        levels: (U,) the levels that people have, as texts; unused for numbers.
    """
    if column.kind not in NUMBER_KINDS:
        return _levels(released.cast(pl.String), column, levels)
    try:
        values = numbers_of(parse_column(released, column))
        return Numbers(values, values)
    except SchemaError:
        texts = released.cast(pl.String)
    found = texts.unique().to_list()
    read = _moments if column.kind is Kind.DATETIME else _numbers
    missing = {None, *column.missing}
    ends = [(np.nan, np.nan) if text in missing else _ends(str(text), read) for text in found]
    table = pl.DataFrame({"text": found, "low": [e[0] for e in ends], "high": [e[1] for e in ends]})
    joined = texts.alias("text").to_frame().join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
    return Numbers(joined["low"].to_numpy(), joined["high"].to_numpy())


def _ends(text: str, read: object) -> tuple[float, float]:
    """What a label of numbers stands for; a label that nobody can read tells nothing."""
    assert callable(read)
    try:
        if found := _INTERVAL.fullmatch(text):
            low, high = read(found[1])[0], read(found[2])
            return low, high[1] if found[3] == "]" else float(np.nextafter(high[0], -np.inf))
        parts = [read(part) for part in text.split(" | ") if part != "missing"]
        return min(low for low, _ in parts), max(high for _, high in parts)
    except ValueError:
        return EVERYTHING


def _numbers(text: str) -> tuple[float, float]:
    return float(text), float(text)


def _moments(text: str) -> tuple[float, float]:
    """First and last microsecond of a moment, day, month, quarter, year or decade."""
    if found := _DECADE.fullmatch(text):
        first, last = np.datetime64(f"{found[1]}0"), np.datetime64(f"{found[1]}9")
    elif found := _QUARTER.fullmatch(text):
        first = np.datetime64(f"{found[1]}-{3 * int(found[2]) - 2:02d}")
        last = first + 2
    else:
        first = last = np.datetime64(text)
    ends = first.astype("M8[us]"), (last + 1).astype("M8[us]")
    return float(ends[0].astype(np.int64)), float(ends[1].astype(np.int64)) - 1.0


def _levels(released: pl.Series, column: Column, levels: pl.Series) -> Levels:
    labels = released.unique()
    number = pl.DataFrame({"text": labels, "number": np.arange(len(labels))})
    joined = released.alias("text").to_frame().join(
        number, on="text", how="left", nulls_equal=True, maintain_order="left"
    )  # fmt: skip
    # A boolean is "true" where it was read, and whatever its table has for that in the released one.
    written = dict(zip(("false", "true"), column.labels or (), strict=False)) if column.kind is Kind.BOOLEAN else {}
    levels = levels.replace(written)
    place = {level: i for i, level in enumerate(levels.to_list())}
    covers = np.zeros((len(place), len(labels)), dtype=np.bool_)
    for i, label in enumerate(labels.to_list()):
        label = None if label in column.missing else written.get(label, label)
        if label in place:
            covers[place[label], i] = True
        elif label is not None:
            covers[:, i] = _covered(label, levels)
    return Levels(joined["number"].to_numpy().astype(np.int64), covers)


def _covered(label: str, levels: pl.Series) -> npt.NDArray[np.bool_]:
    """(U,) the levels that a star, a mask, a set or an interval stands for."""
    if label == "*":
        return np.ones(len(levels), dtype=np.bool_)
    if _INTERVAL.fullmatch(label):  # of whole numbers that are levels, such as 0 and 1
        low, high = _ends(label, _numbers)
        inside = levels.cast(pl.Float64, strict=False).is_between(low, high)
        return inside.fill_null(label.endswith(" or missing")).to_numpy()
    if " | " in label or label.startswith('"'):
        members = _MEMBERS.findall(label)
        named = [quoted.replace('""', '"') or plain.strip() for quoted, plain in members]
        with_missing = any(plain.strip() == "missing" for _, plain in members)
        return levels.is_in(named).fill_null(with_missing).to_numpy()
    if "*" in label:
        return levels.str.contains(f"^{re.escape(label).replace(re.escape('*'), '.')}$").fill_null(False).to_numpy()
    return np.zeros(len(levels), dtype=np.bool_)
