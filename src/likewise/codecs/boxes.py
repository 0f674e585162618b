"""Boxes on a map: where enough people are, as finely as they are; an adaptive tree of halved cells.

The world is halved again and again, each time across its longer side in kilometres, as long as both halves hold enough
people; two halvings are a level of a quadtree (Finkel and Bentley 1974). So the cells depend on nobody, only on where
many are. Of a cell a box is kept: the part of it that people fill, by the means of `rows` people on each of its sides.
A half with too few people has no box of its own: what falls there is led to the nearest one. Places that enough people
share to the last digit are points of their own.

Legend: n places, P pieces (boxes and points), N halved cells. y counts units of latitude, x of longitude, both int64.

References:
    R. A. Finkel, J. L. Bentley (1974), Quad trees: a data structure for retrieval on composite keys, Acta Inform. 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from likewise.codecs.pieces import Bools, Floats, Ints, tally

LEAF_PEOPLE = 20
"""People behind a box at the least: of fewer its sides would say too much, and its place too little."""
STRAY_SHARE = 10
"""A cell is halved though one half holds too few people, if these are no more than one in so many."""
SHARED = 5
"""People from whom on a place is a point, where fewer would do for other values."""
MOST_PIECES = 2**15
BESIDE = 2
"""A place is beside a box if it is no farther off than the box is high, or wide, over this."""

Cell = tuple[int, int, int, int]
"""South, north, west, east; all included."""


@dataclass(frozen=True)
class Places:
    """Where people are: distinct places, or distinct places of each person.

    Args:
        y, x: (n,) units.
        rows: (n,) rows of each.
        person: (n,) whose each is; None where each row is a person of its own.
    """

    y: Ints
    x: Ints
    rows: Ints
    person: Ints | None

    def __getitem__(self, at: Ints | Bools) -> Places:
        return Places(self.y[at], self.x[at], self.rows[at], None if self.person is None else self.person[at])

    @property
    def people(self) -> int:
        return int(self.rows.sum()) if self.person is None else len(np.unique(self.person))

    def ends(self, values: Ints, rows: int) -> tuple[float, float, int]:
        """The means of the `rows` least and greatest values of different people, and how many people there are."""
        if self.person is None:
            order = np.argsort(values, kind="stable")
            upto = np.cumsum(self.rows[order])
            n = int(upto[-1])
            first = np.searchsorted(upto, np.arange(min(rows, n)), side="right")
            last = np.searchsorted(upto, np.arange(max(n - rows, 0), n), side="right")
            return float(values[order][first].mean()), float(values[order][last].mean()), n
        _, whose = np.unique(self.person, return_inverse=True)
        least, most = np.full(whose.max() + 1, values.max()), np.full(whose.max() + 1, values.min())
        np.minimum.at(least, whose, values)
        np.maximum.at(most, whose, values)
        low, high = float(np.sort(least)[:rows].mean()), float(np.sort(most)[-rows:].mean())
        return low, max(low, high), len(least)


@dataclass(frozen=True)
class Boxes:
    """Pieces of a map, and the tree that leads to them.

    Args:
        south, north, west, east: (P,) units, all included; a point has one unit each way.
        count: (P,) float64, rows.
        held: (P,) float64, distinct places.
        across: (N,) of each halved cell whether it is cut between east and west.
        cut: (N,) the first unit of its upper half.
        below: (N, 2) what its halves are: another cell, or -1 - p for piece p.
    """

    south: Ints
    north: Ints
    west: Ints
    east: Ints
    count: Floats
    held: Floats
    across: Bools
    cut: Ints
    below: Ints

    @cached_property
    def points(self) -> Ints:
        """Which pieces are points."""
        return np.flatnonzero((self.south == self.north) & (self.west == self.east))

    @cached_property
    def rooms(self) -> Floats:
        """(P,) places that can be drawn in each piece."""
        return (self.north - self.south + 1.0) * (self.east - self.west + 1.0)

    def find(self, y: Ints, x: Ints) -> Ints:
        """(n,) the piece of each place: a point where it is one, else that of the cell in which it lies."""
        found = np.zeros(len(y), np.int64)
        live = np.arange(len(y))
        while len(live):
            cell = found[live]
            above = np.where(self.across[cell], x[live], y[live]) >= self.cut[cell]
            found[live] = self.below[cell, above.astype(np.int64)]
            live = live[found[live] >= 0]
        piece = -1 - found
        if not len(self.points):
            return piece
        keys, own = _keys(self.south[self.points], self.west[self.points]), _keys(y, x)
        order = np.argsort(keys)
        at = order[np.minimum(np.searchsorted(keys[order], own), len(keys) - 1)]
        return np.where(keys[at] == own, self.points[at], piece)

    def holds(self, piece: Ints, y: Ints, x: Ints) -> Bools:
        """(n,) whether each place lies in this piece, or beside it."""
        up, right = ((a + 1 - b) // BESIDE for a, b in ((self.north, self.south), (self.east, self.west)))
        inside = (y >= (self.south - up)[piece]) & (y <= (self.north + up)[piece])
        return np.asarray(inside & (x >= (self.west - right)[piece]) & (x <= (self.east + right)[piece]))

    def clipped(self, piece: Ints, y: Ints, x: Ints) -> tuple[Ints, Ints]:
        """(n,) the place in each piece that is nearest."""
        return np.clip(y, self.south[piece], self.north[piece]), np.clip(x, self.west[piece], self.east[piece])

    def anywhere(self, piece: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """(n,) some place in each piece, all alike."""
        y = rng.integers(self.south[piece], self.north[piece], endpoint=True)
        return y, rng.integers(self.west[piece], self.east[piece], endpoint=True)


def _keys(y: Ints, x: Ints) -> Ints:
    return y * np.int64(2**32) + x  # distinct for all places of the world to seven decimals


@dataclass
class _Growth:
    """A tree as it grows.

    Args:
        k, rows: people behind a leaf, and behind an end of a box.
        is_shared: (n,) places that are points.
        degrees: units of latitude and of longitude to one.
        pieces: south, north, west, east of each.
    """

    places: Places
    k: int
    rows: int
    is_shared: Bools
    degrees: tuple[float, float]
    across: list[bool] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    pieces: list[Cell] = field(default_factory=list)

    def node(self, *, across: bool, cut: int) -> int:
        self.across.append(across)
        self.cut.append(cut)
        self.below.append([0, 0])
        return len(self.cut) - 1


_Slot = tuple[int, int]
"""A halved cell, and which of its halves."""
_Loose = list[tuple[_Slot, Cell]]
"""Halves that lead to no piece, with their cells."""


def grow(places: Places, world: Cell, degrees: tuple[float, float], *, rows: int) -> Boxes | None:
    """The boxes of these places; None where too few people have any.

    Args:
        world: the cell that holds all others.
        degrees: units of latitude and of longitude to a degree.
        rows: people that must stand behind whatever is kept.
    """
    k = max(LEAF_PEOPLE, rows, places.people // MOST_PIECES)
    if places.people < k:
        return None
    growth = _Growth(places, k, rows, _shared(places, rows), degrees)
    root = growth.node(across=False, cut=world[0])
    slots = _halve(growth, np.arange(len(places.y)), world, (root, 1))
    _give_away(growth, slots)
    growth.below[root][0] = growth.below[root][1]
    south, north, west, east = np.array(growth.pieces, np.int64).T.copy()
    across, cut, below = np.array(growth.across, bool), np.array(growth.cut, np.int64), np.array(growth.below, np.int64)
    none = np.zeros(len(south))
    made = Boxes(south, north, west, east, none, none, across, cut, below)
    piece = made.find(places.y, places.x)
    first = np.unique(_keys(places.y, places.x), return_index=True)[1]  # a person's place stands there for each of them
    held = np.bincount(piece[first], minlength=len(south)).astype(np.float64)
    return replace(made, count=tally(piece, places.rows, len(south)), held=held)


def _shared(places: Places, rows: int) -> Bools:
    """(n,) which places enough people share."""
    _, at = np.unique(_keys(places.y, places.x), return_inverse=True)
    people = np.bincount(at, weights=places.rows)
    if places.person is not None:
        n = int(places.person.max()) + 1
        people = np.bincount(np.unique(at * n + places.person) // n).astype(np.float64)
    least = max(rows, SHARED, np.sort(people)[-MOST_PIECES] if len(people) > MOST_PIECES else 0)
    return np.asarray((people >= least)[at])


def _halve(growth: _Growth, at: Ints, cell: Cell, slot: _Slot) -> _Loose:
    """Grow the part of the tree that lies in a cell; tell which parts of it lead nowhere.

    Args:
        at: the places in it.
        slot: where the cell hangs.
    """
    here = growth.places[at]
    n = here.people
    if n < growth.k:
        return [(slot, cell)]
    halves = _cut(growth, here, cell, n)
    if halves is None:
        growth.below[slot[0]][slot[1]] = -1 - _leaf(growth, at, cell)
        return []
    across, cut, is_low = halves
    node = growth.below[slot[0]][slot[1]] = growth.node(across=across, cut=cut)
    south, north, west, east = cell
    low = (south, north, west, cut - 1) if across else (south, cut - 1, west, east)
    high = (south, north, cut, east) if across else (cut, north, west, east)
    return _halve(growth, at[is_low], low, (node, 0)) + _halve(growth, at[~is_low], high, (node, 1))


def _cut(growth: _Growth, here: Places, cell: Cell, n: int) -> tuple[bool, int, Bools] | None:
    """Whether a cell is cut across, where, and which of its places lie in the lower half; None where it is not cut."""
    south, north, west, east = cell
    parallel = np.cos(np.radians((south + north) / 2 / growth.degrees[0]))
    across = (east - west + 1) / growth.degrees[1] * parallel > (north - south + 1) / growth.degrees[0]
    if (west == east) if across else (south == north):
        across = not across
    low, high, values = (west, east, here.x) if across else (south, north, here.y)
    if low == high:
        return None
    cut = low + (high - low + 1) // 2
    is_low = values < cut
    few, many = sorted((here[is_low].people, here[~is_low].people))
    if many < growth.k or (few < growth.k and few * STRAY_SHARE > n):
        return None
    return bool(across), int(cut), is_low


def _leaf(growth: _Growth, at: Ints, cell: Cell) -> int:
    """Make the pieces of a leaf: the places that many share, and a box over all others. Gives the box, if there are
    people enough for one, else the first of the points."""
    shared, others = growth.places[at[growth.is_shared[at]]], growth.places[at[~growth.is_shared[at]]]
    first = len(growth.pieces)
    for y, x in np.unique(np.stack([shared.y, shared.x], axis=1), axis=0).tolist():  # points, not rows
        growth.pieces.append((y, y, x, x))
    if len(others.y) and (others.people >= growth.rows or len(growth.pieces) == first):
        sides = _side(others, others.y, growth.rows, cell[:2]), _side(others, others.x, growth.rows, cell[2:])
        growth.pieces.append((*sides[0], *sides[1]))
        return len(growth.pieces) - 1
    return first


def _side(places: Places, values: Ints, rows: int, limits: tuple[int, int]) -> tuple[int, int]:
    """The part of a side that people fill: evenly spread along it, they would have these means at its ends."""
    low, high, n = places.ends(values, rows)
    if n >= 3 * rows:
        beyond = (rows + 1) / 2 / (n + 1)
        reach = beyond * (high - low) / (1 - 2 * beyond)
        low, high = low - reach, high + reach
    return int(np.clip(np.rint(low), *limits)), int(np.clip(np.rint(high), *limits))


def _give_away(growth: _Growth, slots: list[tuple[_Slot, Cell]]) -> None:
    """Lead cells that hold too few people to the nearest piece."""
    boxes = np.array(growth.pieces, np.float64)
    for (parent, side), (south, north, west, east) in slots:  # cells, not rows
        up = np.maximum(np.maximum(boxes[:, 0] - north, south - boxes[:, 1]), 0) / growth.degrees[0]
        right = np.maximum(np.maximum(boxes[:, 2] - east, west - boxes[:, 3]), 0) / growth.degrees[1]
        growth.below[parent][side] = -1 - int(np.argmin(up**2 + right**2))
