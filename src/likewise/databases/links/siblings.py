"""What rows have in common that point at the same row, beyond what its leaf says: the finishers of a race hold each
place once, the parts of an order are of one size.

A net draws the leaf that a row points into, each row for itself. Which row of the leaf it is, is left to matching, and
there the means of the rows that share a parent would come out as those of any rows. So the spread of these means is
learnt, as is what of them follows from the parent's own columns; means are drawn for the made parents, and links of a
leaf exchanged until the rows of each are near to its own. Degrees and leaves stay, and no pair repeats.

Legend: n links, P parents, d columns of numbers of the rows that point, F of those that are pointed at.

References: means of groups by variance components, as Searle, Casella and McCulloch 1992 estimate them by moments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import State, take_value
from likewise.databases.links.codes import SideCodes
from likewise.databases.links.features import Features
from likewise.databases.links.matching import Cells, Within, rank_of
from likewise.errors import ModelFileError
from likewise.typing import Bools, Floats, Ints

MOST_WIDE = 24
LEAST_PARENTS = 30
LOOK_AT_ROWS = 200_000
RIDGES = (3.0, 30.0, 300.0)
TRIES, MOST_TRIES, TURNS = 20, 1_000_000, 3
"""Exchanges tried, as a multiple of links, and at all, a turn; and turns."""
CANDIDATES = 6
WINDOW, SETTLED = 25, 0.01
"""Links are settled once so small a share of tries helped over so many rounds."""
_HASH = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Siblings:
    """How the means of rows of one parent spread within a leaf.

    Args:
        features: how rows that point become numbers; the first d of them are looked at, but the degree.
        slope: (F, d) of the parent's features, less those of its leaf.
        apart, shared: (d, d) of the rest: rows times its covariance is `apart` + rows * `shared`.
    """

    features: Features
    slope: Floats
    apart: Floats
    shared: Floats

    @classmethod
    def fit(
        cls, rows: pl.DataFrame, link: Ints, side: SideCodes, parents: pl.DataFrame, degrees: Ints,
        whose: Ints | None = None,
    ) -> Self | None:  # fmt: skip
        """Learn it; None where there is too little to learn it from.

        Args:
            rows: (n, ...) canonical columns of the rows that point.
            link: (n,) the row each points at, -1 for none.
            side: how those are coded.
            parents, degrees: (P, ...) and (P,), as `side` was fitted with.
            whose: (n,) the person of each row; None counts rows behind a level.
        """
        if side.features is None or not rows.width:
            return None
        if (link >= 0).sum() > LOOK_AT_ROWS:  # some parents, with all their rows
            upto = np.cumsum(np.bincount(link[link >= 0], minlength=len(parents))) <= LOOK_AT_ROWS
            link = np.where((link >= 0) & upto[link], link, -1)
        at = np.flatnonzero(link >= 0)
        rows, link = rows[at], link[at]
        features = Features.fit(rows, np.zeros(len(rows), np.int64), None if whose is None else whose[at])
        x = _numbers(features, rows)
        codes = side.codes(parents, degrees)
        cells = Cells.of(codes, None)
        known = np.flatnonzero(np.bincount(link, minlength=len(parents)))
        several = known[np.bincount(cells.cell[known], minlength=len(cells.counts))[cells.cell[known]] > 1]
        if len(several) < LEAST_PARENTS or not x.shape[1]:
            return None
        means, sizes, centre, of_leaf = _means(x, link, cells, len(parents))
        away = (means - centre)[several]
        told = (side.features(parents, degrees) - side.centres(codes))[several]
        slope = _slope(told, away, sizes[several])
        rest = away - told @ slope
        rest *= np.sqrt(of_leaf / np.maximum(of_leaf - 1, 1))[several, None]
        apart, shared = _components(rest, sizes[several].astype(np.float64))
        return cls(features, slope, apart, shared)

    def settled(
        self,
        found: Ints,
        rows: pl.DataFrame,
        side: SideCodes,
        parents: pl.DataFrame,
        degrees: Ints,
        rng: np.random.Generator,
        *,
        owner: Ints | None = None,
        within: Within | None = None,
    ) -> Ints:
        """Links exchanged within leaves, so that the rows of each parent are as much alike as those of real ones.

        Args:
            found: (n,) rows of parents, -1 for none.
            rows: (n, ...) canonical columns of the rows that point.
            side, parents, degrees: as they were matched with.
            owner, within: as `matching.match` had them.
        """
        at = np.flatnonzero(found >= 0)
        if side.features is None or not len(at):
            return found
        x, link, codes = _numbers(self.features, rows)[at], found[at], side.codes(parents, degrees)
        cells = Cells.of(codes, None if within is None else (within[0], within[1]))
        _, sizes, centre, _ = _means(x, link, cells, len(parents))
        told = side.features(parents, degrees) - side.centres(codes)
        goal = told @ self.slope + self._drawn(sizes, rng)
        lost = _by_cell(goal * sizes[:, None], cells) / np.maximum(_by_cell(sizes[:, None] * 1.0, cells), 1)
        goal += centre - lost[cells.cell]
        usual = max(1.0, float(sizes[link].mean()))
        chance = (x - centre[link]).var(0) / usual  # what matching alone leaves
        weight = 1 / np.maximum(np.diag(self.apart) / usual + np.diag(self.shared), 0.1 * chance + 1e-6)
        who = None if owner is None else np.unique(owner[at], return_inverse=True)[1].astype(np.int64)
        result, scale = found.copy(), np.sqrt(weight)
        away, further = goal - centre, np.ones(x.shape[1])
        for _ in range(TURNS):
            link = _exchanged(link, (x * scale).astype(np.float32), (centre + away * further) * scale, cells, who, rng)
            reached = _means(x, link, cells, len(parents))[0] - centre
            wide, near = (np.sqrt((sizes[:, None] * far**2).sum(0)) for far in (away, reached))
            further *= (wide / np.maximum(near, 1e-9)).clip(1, 1.5)  # few rows lie as far out as means are asked to
        result[at] = link
        return result

    def _drawn(self, sizes: Ints, rng: np.random.Generator) -> Floats:
        """(P, d) what is not told of the means, drawn for parents of so many rows."""
        made = rng.standard_normal((len(sizes), len(self.apart))).clip(-3, 3)
        near = np.exp(np.round(np.log(np.maximum(sizes, 1)) * 4) / 4)
        for size in np.unique(near):
            values, vectors = np.linalg.eigh(self.apart / size + self.shared)
            some = near == size
            made[some] = made[some] @ (vectors * np.sqrt(np.maximum(values, 0))).T
        return made

    # ---- state -------------------------------------------------------------------------------------------------------

    def to_state(self) -> State:
        """A JSON-able dict and arrays."""
        return {"features": self.features.to_dict()}, {
            "slope": self.slope, "apart": self.apart, "shared": self.shared,
        }  # fmt: skip

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], side: SideCodes) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        features = Features.from_dict(take_value(data, "features", dict))
        try:
            slope, apart, shared = (np.asarray(arrays[name], np.float64) for name in ("slope", "apart", "shared"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError("what rows of one parent share: an array is absent or no array") from error
        d, width = min(MOST_WIDE, features.width - 1), 0 if side.features is None else side.features.width
        finite = all(bool(np.isfinite(array).all()) for array in (slope, apart, shared))
        if not finite or apart.shape != (d, d) or shared.shape != (d, d) or slope.shape != (width, d):
            raise ModelFileError("what rows of one parent share: its parts do not fit together")
        return cls(features, slope, apart, shared)


def _numbers(features: Features, rows: pl.DataFrame) -> Floats:
    """(n, d) what is looked at of rows: numbers before levels, as they stand."""
    return features.first(rows, MOST_WIDE)


def _means(x: Floats, link: Ints, cells: Cells, p: int) -> tuple[Floats, Ints, Floats, Floats]:
    """Of each parent (P, d) the mean of its rows, (P,) how many they are, (P, d) the mean of all rows of its cell, and
    (P,) how many parents of the cell have rows."""
    sizes = np.bincount(link, minlength=p)
    sums = np.column_stack([np.bincount(link, column, minlength=p) for column in x.T])
    rows = np.maximum(_by_cell(sizes[:, None] * 1.0, cells), 1)
    centre = (_by_cell(sums, cells) / rows)[cells.cell]
    n_known = _by_cell((sizes > 0)[:, None] * 1.0, cells)[cells.cell, 0]
    return sums / np.maximum(sizes, 1)[:, None], sizes, centre, n_known


def _by_cell(values: npt.NDArray[Any], cells: Cells) -> Floats:
    """(cells, ...) sums of what parents hold."""
    sums: Floats = np.add.reduceat(values[cells.rows], cells.start, axis=0)
    return sums


def _slope(told: Floats, away: Floats, sizes: Ints) -> Floats:
    """(F, d) by ridge regression, as strongly held back as is best in parents left out; nought if none helps."""
    weight = sizes / sizes.mean()
    halves = np.arange(len(told)) % 2 == 0

    def solved(some: Bools, ridge: float) -> Floats:
        f, w = told[some], weight[some, None]
        return np.asarray(np.linalg.solve(f.T @ (f * w) + ridge * np.eye(f.shape[1]), f.T @ (away[some] * w)))

    def missed(ridge: float) -> float:
        parts = ((some, ~some) for some in (halves, ~halves))
        return sum(float((weight[b, None] * (away[b] - told[b] @ solved(a, ridge)) ** 2).sum()) for a, b in parts)

    best = min(RIDGES, key=missed)
    if missed(best) < float((weight[:, None] * away**2).sum()):
        return solved(np.ones(len(told), bool), best)
    return np.zeros((told.shape[1], away.shape[1]))


def _components(rest: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """(d, d) twice: rows times the covariance of the rest, as a constant and a part that grows with rows."""
    mean, middle = rest.T @ (rest * sizes[:, None]) / len(rest), sizes.mean()
    spread = float(((sizes - middle) ** 2).mean())
    if spread < 0.01 * middle**2 + 1e-9:  # all have as many rows: one number tells both
        return mean, np.zeros_like(mean)
    growth = rest.T @ (rest * (sizes * (sizes - middle))[:, None]) / len(rest) / (spread * (1 + 10 / len(sizes)))
    values, vectors = np.linalg.eigh(growth)
    shared = (vectors * np.maximum(values, 0)) @ vectors.T
    return mean - shared * middle, shared


def _exchanged(link: Ints, x: Floats, goal: Floats, cells: Cells, who: Ints | None, rng: np.random.Generator) -> Ints:
    """(n,) links after many exchanges within cells, each of which brings the means of two parents nearer to theirs.

    Args:
        x, goal: (n, d) and (P, d), scaled so that all columns weigh the same.
    """
    n, p = len(link), len(goal)
    link, cell = link.copy(), cells.cell[link]
    order = np.argsort(cell, kind="stable")
    counts = np.bincount(cell, minlength=len(cells.counts))
    start = np.cumsum(counts) - counts
    sizes = np.bincount(link, minlength=p)
    off = np.column_stack([np.bincount(link, column, minlength=p) for column in x.T]) / np.maximum(sizes, 1)[:, None]
    off -= goal
    pairs = _Pairs(link, who, p)
    batch = int(np.clip(np.count_nonzero(sizes), 64, 20_000))
    made = [batch]
    for _ in range(max(1, min(TRIES * n, MOST_TRIES) // batch)):
        if sum(made[-WINDOW:]) < SETTLED * batch * min(len(made), WINDOW):
            break
        i = rng.integers(0, n, batch)
        k = order[start[cell[i], None] + rng.integers(0, counts[cell[i], None], (batch, CANDIDATES))]
        a, b = link[i][:, None], link[k]
        step = x[k] - x[i][:, None]  # (batch, candidates, d)
        push = off[a] / sizes[a][..., None] - off[b] / sizes[b][..., None]
        gain = (step * (2 * push + step * (1 / sizes[a] ** 2 + 1 / sizes[b] ** 2)[..., None])).sum(2)
        gain = np.where(a == b, 0, gain)
        best = gain.argmin(1)
        rows = np.arange(batch)
        good = np.flatnonzero(gain[rows, best] < -1e-12)
        good = good[np.argsort(gain[good, best[good]], kind="stable")]
        i, k, step = i[good], k[good, best[good]], step[good, best[good]]
        fits = pairs.may(i, k, link)
        i, k, step = i[fits], k[fits], step[fits]
        alone = (rank_of(np.column_stack([link[i], link[k]]).ravel()) == 0).reshape(-1, 2).all(1)  # each parent once
        i, k, step = i[alone], k[alone], step[alone]
        a, b = link[i], link[k]
        off[a] += step / sizes[a, None]
        off[b] -= step / sizes[b, None]
        pairs.exchange(i, k, link)
        link[i], link[k] = b, a
        made.append(len(i))
    return link


class _Pairs:
    """Which (owner, parent) pairs there may be, by a table of their hashes: it errs by saying yes now and then."""

    def __init__(self, link: Ints, who: Ints | None, p: int) -> None:
        self.who, self.p = who, np.int64(p)
        if who is not None:
            self.bits = np.uint64(64 - max(10, int(8 * len(link)).bit_length()))
            self.counts = np.zeros(2 ** int(64 - self.bits), np.int32)
            np.add.at(self.counts, self._at(who, link), 1)

    def _at(self, who: Ints, row: Ints) -> npt.NDArray[np.uint64]:
        return ((who * self.p + row).astype(np.uint64) * _HASH) >> self.bits

    def may(self, i: Ints, k: Ints, link: Ints) -> Bools:
        """Whether both pairs that an exchange makes are new."""
        if self.who is None:
            return np.ones(len(i), bool)
        new = self.counts[self._at(self.who[i], link[k])] + self.counts[self._at(self.who[k], link[i])]
        return np.asarray(new == 0)

    def exchange(self, i: Ints, k: Ints, link: Ints) -> None:
        """Take note of an exchange, before it is made."""
        if self.who is not None:
            for one, row, by in ((i, link[i], -1), (k, link[k], -1), (i, link[k], 1), (k, link[i], 1)):
                np.add.at(self.counts, self._at(self.who[one], row), by)
