"""Is the synthetic table farther from the real one than fresh real rows are, or would chance do that?

Synthetic rows and as many fresh real ones are held against the same other real rows. Were the synthetic rows fresh real
ones too, it would make no difference which are which: so all are dealt out anew, many times, and what the two hands
then differ by is chance. That is exact for every measure of two tables, however sparse or skewed the columns are.

`more_rows` tells what an error between two real tables would be, had they more rows: the floor.

Legend: n rows dealt to each hand, B deals, K cells of a table of counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse, special, stats

from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import FloatArray, Typed

MAX_ROWS = 10_000
N_DEALS = 60
MOST_WORK = 1.2e8
LEVEL = 0.025
LEAST_SCALE = 1 / 3
Distance = Callable[[FloatArray, FloatArray], FloatArray]
"""Of two tables of counts (K, B), B times."""
_LOG_ROWS = np.linspace(-9.0, 27.0, 4_000)  # rows a cell, and the total variation there
_LOG_APART = np.log(special.i0e(2.0 * np.exp(_LOG_ROWS)) + special.i1e(2.0 * np.exp(_LOG_ROWS)))
_POWERS = (np.interp(_LOG_ROWS - math.log(2.0), _LOG_ROWS, _LOG_APART) - _LOG_APART)[_LOG_ROWS < 7.0] / math.log(2.0)


def more_rows(error: float, of_halves: float, times: float) -> float:
    """What an error between two samples of one law falls to with so many times the rows of each.

    As if some of the rows lay in cells that hold r rows each, by a Poisson law, and the rest in cells where nothing can
    go wrong: then a total variation is a share of e^-2r (I0(2r) + I1(2r)), which falls as a root where cells are full
    and hardly at all where most hold a row or none. Share and r follow from the error and that of half the rows.

    Example:
        >>> round(more_rows(0.1, 0.1 * 2**0.5, 4.0), 3), round(more_rows(0.881, 0.94, 4.0), 2)
        (0.05, 0.65)
    """
    if not (math.isfinite(of_halves) and math.isfinite(error) and error > 0 and of_halves > 0):
        return error
    power = min(max(math.log(of_halves / error) / math.log(2.0), _POWERS[0]), _POWERS[-1])
    log_rows = float(np.interp(power, _POWERS, _LOG_ROWS[: len(_POWERS)]))
    now, then = np.interp([log_rows, log_rows + math.log(times)], _LOG_ROWS, _LOG_APART)
    return error * math.exp(float(then - now))


@dataclass(frozen=True)
class Dealt:
    """Synthetic rows and as many fresh real ones beside the real rows that both are held against.

    Args:
        real: the rows held against.
        pool: (2n) synthetic rows, then fresh ones.
        hands: (2n, 1 + B) which rows are dealt to the first hand; first of all the synthetic ones themselves.
        wider: how many times as wide chance is where persons have several rows, which come together.
    """

    real: Typed
    pool: Typed
    hands: npt.NDArray[np.float32]
    wider: float = 1.0

    @property
    def n(self) -> int:
        return len(self.pool) // 2

    def affordable(self, n_tuples: int) -> int:
        """How many tuples of columns can be counted in all hands."""
        return min(n_tuples, max(30, int(MOST_WORK / self.hands.size)))

    def apart(
        self, real: npt.NDArray[np.integer], pool: npt.NDArray[np.integer], size: int, *, ordered: bool = False
    ) -> FloatArray:
        """(1 + B,) how much farther the first hand is from the real rows than the second, by one table of counts.

        Args:
            real, pool: cell of each row, 0 .. size - 1; others are left out.
            ordered: by the greatest difference of the running shares, instead of the total variation.
        """
        shares = np.bincount(real[real < size], minlength=size) / max(int((real < size).sum()), 1)
        rows = np.flatnonzero(pool < size)
        cells = sparse.csr_matrix((np.ones(len(rows), np.float32), (pool[rows], rows)), (size, len(pool)))
        every, first = np.asarray(cells.sum(1), np.float64), np.asarray(cells @ self.hands, np.float64)
        found = []
        for counts in (first, every - first):
            gaps = counts / np.maximum(counts.sum(0), 1.0) - shares[:, None]
            found.append(np.abs(gaps.cumsum(0)).max(0) if ordered else 0.5 * np.abs(gaps).sum(0))
        return np.asarray(found[0] - found[1])

    def figure(self, real: FloatArray, pool: sparse.csr_matrix, distance: Distance) -> Figure | None:
        """How far tables of counts are apart: that of the synthetic rows, and of as many fresh ones, from the real one.
        The interval is what chance leaves it, the rows dealt anew. None where one of the three is empty.

        Args:
            real: (K,) counts of the real rows.
            pool: (K, 2n) what each row of the pool counts in each cell.
        """
        every, first = np.asarray(pool.sum(1), np.float64), np.asarray(pool @ self.hands, np.float64)
        if not (real.sum() and first[:, 0].sum() and every.sum() > first[:, 0].sum()):
            return None
        one, other = distance(first, real[:, None]), distance(every - first, real[:, None])
        figure = Figure(float(one[0]), self.n, float(other[0]), copy=0.0)
        return judged(figure, one - other, self.wider)


def divergence(a: FloatArray, b: FloatArray) -> FloatArray:
    """(B,) the Jensen-Shannon divergence between tables of counts (K, B), in bits."""
    p, q = (counts / np.maximum(counts.sum(0), 1.0) for counts in (a, b))
    return np.asarray(np.clip(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0.0, 1.0))


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(0))


def running_gap(a: FloatArray, b: FloatArray) -> FloatArray:
    """(B,) the greatest difference of the running shares of tables of counts (K, B): that of Kolmogorov and Smirnov."""
    p, q = (counts / np.maximum(counts.sum(0), 1.0) for counts in (a, b))
    return np.asarray(np.abs((p - q).cumsum(0)).max(0))


def deal(real: Typed, fresh: Typed, synthetic: Typed, rng: np.random.Generator) -> Dealt:
    """The hands, of at most 10,000 rows each."""
    n = min(len(fresh), len(synthetic), MAX_ROWS)
    ours, others = (t.take(rng.permutation(len(t))[:n]) for t in (synthetic, fresh))
    hands = np.zeros((2 * n, 1 + N_DEALS), np.float32)
    hands[:n, 0] = 1.0
    for b in range(1, 1 + N_DEALS):
        hands[rng.permutation(2 * n)[:n], b] = 1.0
    each = [np.unique(t.whose, return_counts=True)[1] for t in (synthetic, fresh)]
    wider = math.sqrt(max(float(np.square(rows).sum() / rows.sum()) for rows in each))
    return Dealt(real, ours.beside(others), hands, wider)


def judged(figure: Figure, apart: Sequence[FloatArray] | FloatArray, wider: float = 1.0) -> Figure:
    """The figure with the interval that chance leaves it: above its floor only where the hands differ beyond chance.

    Args:
        figure: an error, less is better.
        apart: (..., 1 + B) how much farther the synthetic rows are than fresh ones, first as it is, then as dealt; the
            mean is taken over all but the last.
    """
    if not len(apart) or math.isnan(figure.floor):
        return figure
    found = np.asarray(apart)
    found = found if found.ndim == 1 else found.mean(0)
    gap, by_chance = float(found[0]), float(np.sqrt(np.square(found[1:]).mean()))
    half = float(stats.t.isf(LEVEL, len(found) - 1)) * by_chance * wider
    # The hands may be smaller than the tables. Where they differ beyond chance the interval is told on the scale of the
    # whole tables; should these hardly differ, it was chance after all.
    scale = (figure.value - figure.floor) / gap if abs(gap) > half else 1.0
    low, high = (figure.floor + max(scale, LEAST_SCALE) * end for end in (gap - half, gap + half))
    if scale < LEAST_SCALE:
        low, high = min(low, figure.floor), max(high, figure.floor)
    return replace(figure, interval=(max(0.0, min(low, figure.value)), min(1.0, max(high, figure.value))))
