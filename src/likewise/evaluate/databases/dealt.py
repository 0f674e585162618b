"""Is a database farther from the real one than fresh roots are, or would chance do that?

As in `evaluate.chance`, with whole units (`roots.py`): synthetic units and as many fresh real ones are held against the
other real ones, and dealt out anew many times. What is counted of a row counts for its unit; that reads the whole
database, so that a split of units cuts no link and thins no parent's children.

Legend: n rows, m events, U units, E units of each hand, B deals, K cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from likewise.databases.keys import ForeignKey
from likewise.evaluate.chance import N_DEALS, judged
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.databases.roots import Units, owners, units
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.histories.events import Distance, Events, held_against, total_variation
from likewise.evaluate.tables import FloatArray, IntArray

MOST_UNITS = 10_000
"""Of one table, in each hand."""


@dataclass(frozen=True)
class Count:
    """A table of counts of one database.

    Args:
        table: whose rows are counted.
        rows: (m,) the row of each event.
        cells: (m,) 0 .. size - 1.
        weights: (m,) how much each counts; None counts all alike.
        distance: between such tables.
    """

    table: str
    rows: IntArray
    cells: IntArray
    size: int
    weights: FloatArray | None = None
    distance: Distance = total_variation


Counter = Callable[[Linked], Sequence[Count]]
Apart = tuple[FloatArray, FloatArray] | None
"""(1 + B,) how far the first hand is from what is real, and how far the second; None where there is nothing."""


@dataclass(frozen=True)
class Side:
    """Some units of one database.

    Args:
        place: (U,) where each unit stands among those chosen; -1 for others.
    """

    linked: Linked
    units: Units
    place: IntArray

    def events(self, count: Count) -> Events:
        """The events of the units that were chosen."""
        who = self.place[self.units.of[count.table][count.rows]]
        kept = who >= 0
        weights = None if count.weights is None else count.weights[kept]
        return Events(count.cells[kept], who[kept], count.size, weights)

    def rows(self, table: str) -> IntArray:
        """Rows of a table that belong to those units."""
        return np.flatnonzero(self.place[self.units.of[table]] >= 0)


@dataclass(frozen=True)
class Dealt:
    """Synthetic and fresh units beside the real ones that both are held against.

    Args:
        held, synthetic, fresh: of the pool the synthetic units come first, then the fresh ones.
        hands: (2E, 1 + B) which units are dealt to the first hand; first of all the synthetic ones themselves.
        owner: by table.
        floor_by: where the fresh ones come from.
    """

    held: Side
    synthetic: Side
    fresh: Side
    hands: npt.NDArray[np.float32]
    owner: Mapping[str, ForeignKey]
    floor_by: FloorKind

    @property
    def n(self) -> int:
        return len(self.hands) // 2

    def each(self, counter: Counter) -> list[Apart]:
        """(1 + B,) how far the first hand is from the real units and how far the second, by each table of counts."""
        sides = [self.held, self.synthetic, self.fresh]
        counted: dict[int, Sequence[Count]] = {}
        for side in sides:  # a database split in halves is counted once
            if id(side.linked) not in counted:
                counted[id(side.linked)] = counter(side.linked)
        found = []
        for held, ours, fresh in zip(*(counted[id(side.linked)] for side in sides), strict=True):
            real, *pool = (side.events(c) for side, c in zip(sides, (held, ours, fresh), strict=True))
            found.append(held_against(real, _together(*pool), self.hands, held.distance))
        return found

    def figure(self, counter: Counter | Sequence[Apart], value: float | None = None) -> Figure | None:
        """The mean distance over the tables of counts beside that of fresh units, with the interval that chance leaves
        it; None where nothing is counted.

        Args:
            counter: or what `each` gave.
            value: the distance by its formula, of whole databases; None takes that of the units dealt.
        """
        every = self.each(counter) if callable(counter) else counter
        found = [hands for hands in every if hands is not None and np.isfinite(hands).all()]
        if not found:
            return None
        ours, theirs = np.mean(found, axis=0)
        figure = Figure(float(ours[0]) if value is None else value, self.n, float(theirs[0]), copy=0.0)
        return judged(figure, ours - theirs)

    def alike(self, counter: Counter | Sequence[Apart], value: float | None = None) -> Figure | None:
        """1 less that."""
        lost = self.figure(counter, None if value is None else 1.0 - value)
        if lost is None:
            return None
        low, high = lost.interval
        return replace(lost, value=1.0 - lost.value, floor=1.0 - lost.floor, interval=(1.0 - high, 1.0 - low), copy=1.0)


def _together(one: Events, other: Events) -> Events:
    weights = None
    if one.weights is not None and other.weights is not None:
        weights = np.append(one.weights, other.weights)
    return Events(np.append(one.cells, other.cells), np.append(one.who, other.who), one.size, weights)


def deal(real: Linked, synthetic: Linked, holdout: Linked | None, rng: np.random.Generator) -> Dealt:
    """The hands: of each table whose rows are units as many of both, up to 10,000.

    A holdout brings the fresh units if it has half as many of a table as there are real ones; else the real ones are
    split in two.
    """
    owner = owners(real)
    all_units = [units(side, owner) for side in (real, synthetic, *([] if holdout is None else [holdout]))]
    of_real, of_synthetic, of_holdout = all_units[0], all_units[1], all_units[-1]
    by: FloorKind = "halves" if holdout is None or 2 * len(of_holdout) < len(of_real) else "holdout"
    places = [np.full(len(u), -1) for u in (of_real, of_synthetic, of_holdout if by == "holdout" else of_real)]
    n_held = n = 0
    for table in np.unique(of_real.strata):
        ours, drawn = (rng.permutation(np.flatnonzero(u.strata == table)) for u in (of_real, of_synthetic))
        fresh = (
            rng.permutation(np.flatnonzero(of_holdout.strata == table)) if by == "holdout" else ours[: len(ours) // 2]
        )
        held = ours if by == "holdout" else ours[len(ours) // 2 :]
        places[0][held] = n_held + np.arange(len(held))
        k = min(len(fresh), len(drawn), MOST_UNITS)
        places[1][drawn[:k]] = places[2][fresh[:k]] = n + np.arange(k)
        n_held, n = n_held + len(held), n + k
    places[2] += np.where(places[2] >= 0, n, 0)
    hands = np.zeros((2 * n, 1 + N_DEALS), np.float32)
    hands[:n, 0] = 1.0
    for b in range(1, 1 + N_DEALS):
        hands[rng.permutation(2 * n)[:n], b] = 1.0
    fresh_side = (holdout, of_holdout) if by == "holdout" and holdout is not None else (real, of_real)
    return Dealt(
        Side(real, of_real, places[0]), Side(synthetic, of_synthetic, places[1]), Side(*fresh_side, places[2]),
        hands, owner, by,
    )  # fmt: skip
