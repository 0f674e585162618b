"""A table's codec that reads nothing for free: what the schema declares is public, all else is paid for or refused.

Legend: n rows, m distinct values, K codes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.levels import LevelCodec, LevelSummary, summarise_levels
from likewise.codecs.numbers import MOST_DECIMALS, Lattice, NumberCodec, NumberSummary, summarise_numbers
from likewise.codecs.pieces import Pieces, Values
from likewise.codecs.table import TableCodec
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_choices, noisy_counts
from likewise.errors import PrivacyError
from likewise.schema import Column, Kind, Schema

Ints = npt.NDArray[np.int64]

DEPTH = 5
"""Rounds of halving a number's range at its noisy medians: 2**DEPTH bins at most."""

MOST_VALUES = 32
"""Values of a number, at most, that may have a code of their own."""

REAL_CELLS = 2**20
"""Places where a real number without known decimals may be cut."""

LEAST_POWER, MOST_POWER = -20, 52
"""Powers of two among which unknown bounds are sought."""

SURE = 1 - 1e-6
"""Chance that none of the empty powers of two is taken for a bound."""


def private_codec(
    frame: pl.DataFrame, schema: Schema, ledger: Ledger, options: CodecOptions | None = None
) -> TableCodec:
    """The codec of a canonical frame, within a budget.

    A declared level or whole number is a code of its own; a wider range of numbers is cut at noisy medians of noisy
    medians. Values that were not declared share a code that is never drawn; numbers beyond the bounds count as the
    bounds.

    Raises:
        PrivacyError: something is neither declared nor paid for; the message names the columns and both ways out.
    """
    columns = [column for column in schema if column.role != "drop"]
    _refuse_undeclared(columns, ledger)
    parts = [_Part(column, frame[column.name]) for column in columns]
    paid = [touch for part in parts for touch in part.touches(ledger)]
    share = ledger.rho * ledger.budget.codec_share / max(len(paid), 1)
    n_choices = max(sum(touch in ("levels", "values") for touch in paid), 1)
    codecs = tuple(part.codec(ledger, share, ledger.delta_aside / n_choices) for part in parts)
    return TableCodec(codecs, options or CodecOptions())


def _refuse_undeclared(columns: list[Column], ledger: Ledger) -> None:
    """All that is missing in one message, so that a schema is completed in one go."""
    pay, asked = ledger.budget.pay, []
    for column in columns:
        if column.kind in (Kind.ID, Kind.TEXT, Kind.DATETIME):
            asked.append(f"{column.name!r} is of kind {column.kind.value}, which would be read from the data: drop it")
            continue
        if column.kind == Kind.CATEGORICAL and column.levels is None and "levels" not in pay:
            asked.append(
                f"{column.name!r} declares no levels: list them, or pay for 'levels' (a part of epsilon and delta)"
            )
        if column.kind in (Kind.INTEGER, Kind.REAL) and not _is_bounded(column) and "bounds" not in pay:
            asked.append(
                f"{column.name!r} declares no finite bounds: set them, or pay for 'bounds' (a part of epsilon)"
            )
        if column.nullable is None and "missing" not in pay:
            asked.append(
                f"{column.name!r} does not declare nullable: set it, or pay for 'missing' (one noisy cell more)"
            )
    if asked:
        raise PrivacyError(
            f"under differential privacy nothing may be read from the data for free; {len(asked)} declarations are "
            "missing in the schema: " + "; ".join(asked)
        )


def _is_bounded(column: Column) -> bool:
    return column.bounds is not None and bool(np.isfinite(column.bounds).all())


@dataclass(frozen=True)
class _Part:
    """One column on its way to a codec."""

    column: Column
    series: pl.Series

    @property
    def has_missing(self) -> bool:
        return self.column.nullable is not False

    @property
    def is_number(self) -> bool:
        return self.column.kind in (Kind.INTEGER, Kind.REAL)

    @property
    def lattice(self) -> Lattice:
        """Units by declaration alone: whole numbers, declared decimals, or floats."""
        column = self.column
        if column.kind == Kind.INTEGER:
            return Lattice(Kind.INTEGER)
        decimals = column.decimals
        return Lattice(Kind.REAL, 1, decimals if decimals is not None and decimals <= MOST_DECIMALS else None)

    def touches(self, ledger: Ledger) -> list[str]:
        """What of this column must be paid for."""
        if not self.is_number:
            return ["levels"] if self.column.kind == Kind.CATEGORICAL and self.column.levels is None else []
        bounds = [] if _is_bounded(self.column) else ["bounds"]
        cut = bounds or self._n_cells(*self._declared()) > 2**DEPTH
        return bounds + (["edges", *["values"] * self.lattice.is_exact] if cut else [])

    def codec(self, ledger: Ledger, rho: float, delta: float) -> ColumnCodec:
        if not self.is_number:
            return self._level_codec(ledger, rho, delta)
        summary = summarise_numbers(self.series, self.column.kind)
        low, high = self._declared() if _is_bounded(self.column) else self._found(summary, ledger, rho)
        n_cells = self._n_cells(low, high)
        units = self.lattice.units(summary.values)
        width = 1 if self.lattice.is_exact else (high - low) / n_cells
        cells = np.clip(np.floor((units - low) / width), 0, n_cells - 1).astype(np.int64)
        if n_cells > 2**DEPTH:
            own = self._own_cells(cells, summary.counts, rho, delta, ledger)
            rest = np.where(np.isin(cells, own), 0, summary.counts)
            cuts = _quantiles(cells, rest, n_cells, rho, ledger, self.column.name)
            cuts = np.unique(np.r_[cuts, own, own + 1])
        else:
            cuts = np.arange(n_cells + 1)
        return NumberCodec(self.column.name, self.lattice, self._pieces(cuts, low, high, n_cells), self.has_missing)

    def _own_cells(self, cells: Ints, counts: Ints, rho: float, delta: float, ledger: Ledger) -> Ints:
        """Values that so many rows hold that each gets a code of its own; none of a number without decimals."""
        if not self.lattice.is_exact:
            return cells[:0]
        cells, inverse = np.unique(cells, return_inverse=True)  # beyond the bounds is at the bounds
        counts = np.bincount(inverse, weights=counts).astype(np.int64)
        what = f"frequent values of column {self.column.name!r}"
        kept = _sure(counts, rho, delta, ledger, what)
        return np.sort(cells[kept[:MOST_VALUES]])

    def _declared(self) -> tuple[float, float]:
        assert self.column.bounds is not None
        low, high = self.column.bounds
        if not self.lattice.is_exact:
            return float(low), float(max(high, np.nextafter(low, np.inf)))
        scale = 10 ** (self.column.decimals or 0) if self.column.kind == Kind.REAL else 1
        return int(np.ceil(low * scale - 1e-9)), int(np.floor(high * scale + 1e-9))

    def _n_cells(self, low: float, high: float) -> int:
        return int(high - low) + 1 if self.lattice.is_exact else REAL_CELLS

    def _pieces(self, cuts: Ints, low: float, high: float, n_cells: int) -> Pieces:
        """Bins of equal count between cuts (cells, ascending, the ends included)."""
        first: Values
        last: Values
        if self.lattice.is_exact:
            first, last = int(low) + cuts[:-1], int(low) + cuts[1:] - 1
        else:
            edges = low + (high - low) * (cuts / n_cells)
            first, last = edges[:-1], edges[1:]
        k = len(cuts) - 1
        return Pieces(first, last, np.arange(k), np.ones(k), k)

    def _found(self, summary: NumberSummary, ledger: Ledger, rho: float) -> tuple[float, float]:
        """Powers of two around the values, from a noisy histogram of signs and magnitudes."""
        units = self.lattice.units(summary.values).astype(np.float64)
        least = 0 if self.lattice.is_exact else LEAST_POWER
        powers = (
            np.clip(np.ceil(np.log2(np.maximum(np.abs(units), 2.0 ** (least - 1)))), least - 1, MOST_POWER) - least + 1
        )
        half = MOST_POWER - least + 2
        signed = np.where(units < 0, half - 1 - powers, half + powers).astype(np.int64)
        counts = np.bincount(signed, weights=summary.counts, minlength=2 * half).astype(np.int64)
        noisy, sigma = noisy_counts(counts, rho, ledger, f"bounds of column {self.column.name!r}")
        kept = np.flatnonzero(noisy > sigma * NormalDist().inv_cdf(SURE ** (1 / len(noisy))))
        if not len(kept):
            raise PrivacyError(
                f"column {self.column.name!r}: the budget is too small to find its bounds; declare them in the schema"
            )
        # A bin (2**(p-1), 2**p] reaches from its inner to its outer power; bins of the smallest power reach to zero.
        outer = [2.0 ** (i - half + least - 1) if i >= half else -(2.0 ** (half - 1 - i + least - 1)) for i in kept]
        inner = [value / 2 if abs(value) > 2.0 ** (least - 1) else 0.0 for value in outer]
        low, high = min(outer[0], inner[0]), max(outer[-1], inner[-1])
        return (int(np.floor(low)), int(np.ceil(high))) if self.lattice.is_exact else (low, high)

    def _level_codec(self, ledger: Ledger, rho: float, delta: float) -> LevelCodec:
        column = self.column
        if column.kind == Kind.BOOLEAN:
            levels: tuple[str, ...] = ("0", "1")
        elif column.levels is not None:
            levels = column.levels
        else:
            levels = _frequent(summarise_levels(self.series), rho, delta, ledger, column.name)
        has_rare = column.kind != Kind.BOOLEAN
        size = len(levels) + has_rare + self.has_missing
        return LevelCodec(column.name, column.kind == Kind.BOOLEAN, levels, np.ones(size), has_rare, self.has_missing)


def _frequent(summary: LevelSummary, rho: float, delta: float, ledger: Ledger, name: str) -> tuple[str, ...]:
    """Levels that many rows hold, the most frequent first."""
    return tuple(
        summary.levels[int(i)] for i in _sure(summary.counts, rho, delta, ledger, f"levels of column {name!r}")
    )


def _sure(counts: Ints, rho: float, delta: float, ledger: Ledger, what: str) -> Ints:
    """Places of the counts that stand above what the noise alone could show, the greatest first.

    Only what a row holds is counted, so that a value of a single row must not be shown: it is, with a chance of delta.
    """
    noisy, sigma = noisy_counts(counts, rho, ledger, what, delta=delta)
    order = np.argsort(-noisy, kind="stable")
    return order[noisy[order] >= 1 + sigma * NormalDist().inv_cdf(1 - delta)]


def _quantiles(cells: Ints, counts: Ints, n_cells: int, rho: float, ledger: Ledger, name: str) -> Ints:
    """Cuts between cells, ascending, 0 and n_cells included: medians, then medians of the halves, and so on.

    The deepest round has the fewest rows in each part and so gets the most: a share of rho that grows fourfold a
    round. Smith 2011, section 3, for one quantile.

    Args:
        cells: (m,) ascending cell of each distinct value.
        counts: (m,) its rows.
    """
    upto = np.r_[0, np.cumsum(counts)]
    parts = 4.0 ** np.arange(DEPTH)
    cuts = np.array([0, n_cells])
    for depth, part in enumerate(parts / parts.sum()):
        wide = [(int(a), int(b)) for a, b in pairwise(cuts) if b - a > 1]
        if not wide:
            break
        runs = [_runs(cells, upto, a, b, np.sqrt(8 * rho * part)) for a, b in wide]
        what = f"round {depth + 1} of the bin edges of column {name!r}"
        chosen = noisy_choices([scores for _, scores in runs], rho * part, ledger, what, sensitivity=0.5)
        new = [int(r[i]) + secrets.randbelow(int(r[i + 1] - r[i])) for (r, _), i in zip(runs, chosen, strict=True)]
        cuts = np.unique(np.r_[cuts, new])
    return cuts


def _runs(cells: Ints, upto: Ints, low: int, high: int, epsilon: float) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Runs of cuts in low+1 .. high-1 with the same rows below, and the score of each run as one choice.

    A cut's score is minus the distance of the rows below it to half the part's rows: one row moves it by a half. A run
    of r cuts is chosen r times as often, so log(r) is added in units of the mechanism.
    """
    inside = slice(*np.searchsorted(cells, [low, high]))
    # Rows below a cut change right after a cell that holds rows.
    starts = np.unique(np.r_[low + 1, cells[inside] + 1, high])
    starts = starts[(starts > low) & (starts <= high)]
    below = upto[np.searchsorted(cells, starts[:-1])] - upto[inside.start]
    half = (upto[inside.stop] - upto[inside.start]) / 2
    lengths = np.diff(starts)
    return starts, -np.abs(below - half) + np.log(lengths) / epsilon
