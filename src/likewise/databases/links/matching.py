"""Which row each link points at, given the codes that were drawn for it.

Within a leaf (rows of one code pair) parents are taken by their remaining degree. A leaf without rows stands for its
nearest one. Where no (owner, parent) pair may come twice, repeated pairs are swapped away inside their leaf, which
changes neither how many links a row has nor which types are linked; what cannot be swapped takes another row of the
leaf, then of near leaves; what then is left has no row to point at, and is -1.

Legend: n links, P parents. A *cell* is a leaf within a group of rows that may be linked at all.

References: stub matching and edge swaps as in Fosdick et al. 2018, "Configuring random graph models with fixed degree
sequences"; rows with most links first as in Gale 1957 and Ryser 1957.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from likewise.typing import Bools, Floats, Ints

Exact = Literal["types", "degrees"]
Within = tuple[Ints, Ints]
ROUNDS = 60
"""Of swaps; each repeated pair tries one other link of its leaf a round."""
HOPS = 16
"""Leaves that are tried at once for all links of which there is no room; for what is left, owner by owner."""


def match(
    wanted: Ints,
    codes: Ints,
    degrees: Ints | Floats,
    rng: np.random.Generator,
    *,
    owner: Ints | None = None,
    within: Within | None = None,
    exact: Exact = "types",
) -> Ints:
    """Choose a parent for each link.

    Args:
        wanted: (n, 2) codes that were drawn, as `SideCodes.codes` counts them.
        codes: (P, 2) codes of the parents.
        degrees: (P,) links that each should have, or its share of them: only ratios within a leaf count, and those
            of `exact="degrees"` all together.
        owner: (n,) who the link is of, a number each: no two links of one owner point at the same parent. Any other
            columns of a key may be told apart here, not only those of one parent.
        within: (n,) and (P,) numbers that must agree, as the columns do that two foreign keys share.
        exact: "types": a link stays in its leaf, and degrees are scaled to how often that was drawn; "degrees": as many
            links as are planned point at each parent, and what is too much for a leaf goes to near ones.

    Returns:
        (n,) rows of parents; -1 where there is none left, which without `owner` says that its group has no parents.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> codes = np.array([[0, 0], [0, 0], [1, 0]])
        >>> match(np.array([[0, 0]] * 3 + [[1, 0]]), codes, np.array([1, 2, 1]), rng)[3]
        np.int64(2)
    """
    found = np.full(len(wanted), -1, np.int64)
    if not len(codes) or not len(wanted):
        return found
    cells = Cells.of(codes, within)
    cell = cells.nearest(wanted, None if within is None else within[0])
    links = np.flatnonzero(cell >= 0)
    cell, weights = cell[links], np.maximum(np.asarray(degrees, np.float64), 0)
    if exact == "degrees":
        cell = _spilled(cell, _capacities(cell, weights, cells, rng), cells, rng)
    who = None if owner is None else np.unique(owner[links], return_inverse=True)[1].astype(np.int64)
    if who is not None:
        cell = _with_room(cell, who, cells, rng)
        links, who, cell = links[cell >= 0], who[cell >= 0], cell[cell >= 0]
    rows = _stubs(cell, weights, cells, who, rng)
    found[links] = rows if who is None else _without_repeats(rows, who, cell, cells, rng)
    return found


def assign(wanted: Ints, codes: Ints, rng: np.random.Generator, *, within: Within | None = None) -> Ints:
    """A parent of its own for each link, as a foreign key needs that is unique.

    Args:
        wanted: (n, 2) codes that were drawn.
        codes: (P, 2) codes of the parents.
        within: as `match` has it.

    Returns:
        (n,) different rows of parents, in the leaf that was drawn or near it; -1 where no parent is left.
    """
    found = np.full(len(wanted), -1, np.int64)
    if not len(codes) or not len(wanted):
        return found
    cells = Cells.of(codes, within)
    cell = _spilled(cells.nearest(wanted, None if within is None else within[0]), cells.counts, cells, rng)
    links = np.flatnonzero(cell >= 0)
    order, start, counts = _sorted(cell[links], len(cells.counts))
    places = rng.permutation(len(cells.rows))
    mixed = cells.rows[places[np.argsort(cells.cell[cells.rows][places], kind="stable")]]
    rank = np.arange(len(order)) - np.repeat(start, counts)
    found[links[order]] = mixed[np.repeat(cells.start, counts) + rank]
    return found


def unlike(
    rows: Ints,
    others: Ints,
    codes: Ints,
    rng: np.random.Generator,
    *,
    owner: Ints | None = None,
    within: Within | None = None,
) -> Ints:
    """Links of which none points at the same row as another foreign key does, as no match is of a team with itself.

    Args:
        rows: (n,) as `match` gave them.
        others: (n,) what the other foreign key points at; -1 for none.
        codes: (P, 2) codes of the parents.
        owner, within: as `match` had them.

    Returns:
        (n,) links: exchanged within a leaf where that goes, then within a group, so that degrees stay; a few that can
        be exchanged with none point at another row.

    Example:
        >>> found = unlike(np.array([0, 1]), np.array([0, 3]), np.zeros((4, 2), np.int64), np.random.default_rng(0))
        >>> found.tolist()
        [1, 0]
    """
    rows, p = rows.copy(), len(codes)
    same = np.flatnonzero((rows >= 0) & (rows == others))
    if not len(same):
        return rows
    group = np.zeros(p, np.int64) if within is None else within[1]
    leaf = np.unique(np.column_stack([group, codes]), axis=0, return_inverse=True)[1].reshape(-1)
    who = np.arange(len(rows)) if owner is None else np.unique(owner, return_inverse=True)[1].astype(np.int64)
    for turn in range(ROUNDS):
        cell = leaf if turn < ROUNDS // 2 else np.unique(group, return_inverse=True)[1]
        some = np.flatnonzero(rows >= 0)
        some = some[np.isin(cell[rows[some]], cell[rows[same]])]
        order, start, counts = _sorted(cell[rows[some]].astype(np.int64), int(cell.max()) + 1)
        own = cell[rows[same]]
        with_ = some[order[start[own] + rng.integers(0, counts[own])]]
        bad, other = _disjoint(same, with_)
        new = np.stack([who[bad] * p + rows[other], who[other] * p + rows[bad]])
        go = (rows[other] != others[bad]) & (rows[bad] != others[other])
        go &= ~np.isin(new, who[some] * p + rows[some]).any(0) & (rank_of(new.ravel()) == 0).reshape(2, -1).all(0)
        rows[bad[go]], rows[other[go]] = rows[other[go]], rows[bad[go]]
        same = np.flatnonzero((rows >= 0) & (rows == others))
        if not len(same):
            return rows
    for at in same:  # few, if any
        near = np.flatnonzero((group == group[rows[at]]) & (np.arange(p) != others[at]))
        near = np.setdiff1d(near, rows[who == who[at]])
        rows[at] = rng.choice(near) if len(near) else rows[at]
    return rows


# ---- cells -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """The leaves that have rows, group by group, and their rows.

    Args:
        groups: values of the groups, ascending.
        base, stride: how far apart in number two groups lie, and two clusters: leaves of another cluster are further
            than all of this one.
        keys: (cells,) number of each, ascending.
        cell: (P,) the cell of each parent.
        rows: (P,) parents by cell.
        start, counts: (cells,) where in `rows` a cell begins, and how many it has.
    """

    groups: Ints
    base: int
    stride: int
    keys: Ints
    cell: Ints
    rows: Ints
    start: Ints
    counts: Ints

    @classmethod
    def of(cls, codes: Ints, within: Within | None) -> Cells:
        """Those of parents with these codes."""
        stride = 2 * int(codes[:, 1].max()) + 2
        base = 4 * stride * (int(codes[:, 0].max()) + 2)
        groups, group = (
            (np.zeros(1, np.int64), np.zeros(len(codes), np.int64))
            if within is None
            else np.unique(within[1], return_inverse=True)
        )
        keys, cell = np.unique(group * base + codes[:, 0] * stride + codes[:, 1], return_inverse=True)
        rows, start, counts = _sorted(cell.astype(np.int64), len(keys))
        return cls(groups, base, stride, keys, cell.astype(np.int64), rows, start, counts)

    def nearest(self, wanted: Ints, group: Ints | None) -> Ints:
        """(n,) the cell of these codes or the nearest of its group; -1 where the group has none."""
        if group is None:
            own, known = np.zeros(len(wanted), np.int64), np.ones(len(wanted), bool)
        else:
            own = np.searchsorted(self.groups, group).clip(max=len(self.groups) - 1)
            known = self.groups[own] == group
        top, low = self.base // (4 * self.stride) - 1, self.stride // 2 - 1
        place = wanted[:, 0].clip(0, top) * self.stride + wanted[:, 1].clip(0, low)
        found = self._closest(own * self.base + place, np.ones(len(self.keys), bool))
        return np.where(known, found, -1)

    def _closest(self, key: Ints, free: Bools) -> Ints:
        """(n,) the nearest free cell of the group of each key; -1 where the group has none that is free."""
        some = np.flatnonzero(free)
        if not len(some):
            return np.full(len(key), -1, np.int64)
        keys = self.keys[some]
        right = np.searchsorted(keys, key).clip(max=len(keys) - 1)
        left = np.maximum(right - 1, 0)
        far = np.iinfo(np.int64).max
        gaps = [np.where(keys[i] // self.base == key // self.base, np.abs(keys[i] - key), far) for i in (left, right)]
        best = np.where(gaps[0] <= gaps[1], left, right)
        return np.where(np.minimum(*gaps) == far, -1, some[best])


def _sorted(cell: Ints, n_cells: int) -> tuple[Ints, Ints, Ints]:
    """The order of rows by cell, where each cell begins, and how many it has."""
    counts = np.bincount(cell, minlength=n_cells).astype(np.int64)
    return np.argsort(cell, kind="stable"), np.cumsum(counts) - counts, counts


def rank_of(values: Ints) -> Ints:
    """(n,) how many equal ones stand before each."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, np.int64)
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values)) - np.repeat(first, np.diff(np.r_[first, len(values)]))
    return rank


# ---- how many links each row has -------------------------------------------------------------------------------------


def _shared(totals: Ints, weights: Floats, cell: Ints, bounds: Ints, rng: np.random.Generator) -> Ints:
    """(P,) whole shares of the total of each cell by weight, by systematic sampling: each within one of its due.

    Args:
        totals: (cells,) what is shared.
        weights: (P,) not negative, sorted by cell.
        cell: (P,) ascending.
        bounds: (cells + 1,) where each cell begins and ends.
    """
    sums = np.add.reduceat(weights, bounds[:-1]) if len(weights) else np.zeros(0)
    weights = np.where(sums[cell] > 0, weights, 1.0)
    upto = np.cumsum(weights)
    before = np.r_[0.0, upto][bounds[:-1]]
    sums = np.r_[0.0, upto][bounds[1:]] - before
    # Whole weights that add up to the total stay as they are: their running sums are whole, and rounding is undone.
    due = np.round((upto - before[cell]) * totals[cell] / sums[cell], 9)
    start = rng.random(len(totals)) * (1 - 1e-6)
    ends = np.floor(due + start[cell]).astype(np.int64)
    firsts = np.zeros(len(weights), bool)
    firsts[bounds[:-1]] = True
    shares: Ints = ends - np.where(firsts, 0, np.r_[0, ends[:-1]])
    return shares


def _capacities(cell: Ints, weights: Floats, cells: Cells, rng: np.random.Generator) -> Ints:
    """(cells,) links that the plan has for each, scaled group by group to those that are wanted."""
    group = cells.keys // cells.base
    wanted = np.bincount(group[cell], minlength=len(cells.groups)).astype(np.int64)
    planned = np.add.reduceat(weights[cells.rows], cells.start)
    bounds = np.searchsorted(group, np.arange(len(cells.groups) + 1))
    return _shared(wanted, planned, group, bounds, rng)


def _spilled(cell: Ints, room: Ints, cells: Cells, rng: np.random.Generator) -> Ints:
    """(n,) cells so that none has more links than there is room: what is too much goes to the nearest with room left,
    and is -1 where the group has none."""
    cell, room = cell.copy(), room.copy()
    open_ = np.flatnonzero(cell >= 0)
    goal = cell[open_]
    while len(open_):
        mixed = rng.permutation(len(open_))
        open_, goal = open_[mixed], goal[mixed]
        fits = (goal >= 0) & (rank_of(goal) < room[goal])
        cell[open_[fits]] = goal[fits]
        room -= np.bincount(goal[fits], minlength=len(room))
        lost = goal < 0
        cell[open_[lost]] = -1
        open_ = open_[~fits & ~lost]
        goal = cells._closest(cells.keys[cell[open_]], room > 0)
    return cell


def _with_room(cell: Ints, who: Ints, cells: Cells, rng: np.random.Generator) -> Ints:
    """(n,) cells so that no owner has more links into one than it has rows: what is too much goes to near ones of the
    group, and is -1 where the group has too few rows in all."""
    n_cells, group = len(cells.counts), cells.keys // cells.base
    over = rank_of(who * n_cells + cell) >= cells.counts[cell]
    if not over.any():
        return cell
    cell = cell.copy()
    rows = rng.permutation(np.flatnonzero(np.isin(who, who[over])))  # the other owners stay as they are
    in_all = np.bincount(group, cells.counts).astype(np.int64)
    lost = rank_of(who[rows] * len(in_all) + group[cell[rows]]) >= in_all[group[cell[rows]]]
    cell[rows[lost]] = -1
    rows = rows[~lost]
    home, here, step = cell[rows], cell[rows], np.zeros(len(rows), np.int64)
    for _ in range(HOPS):  # one to the right, one to the left, two to the right ...
        stuck = _too_many(who[rows], here, step, cells.counts)
        step[stuck] += 1
        goal = home[stuck] + np.where(step[stuck] % 2, 1, -1) * ((step[stuck] + 1) // 2)
        inside = goal.clip(0, n_cells - 1)
        here[stuck] = np.where((inside == goal) & (group[inside] == group[home[stuck]]), goal, -1)
        if not len(stuck):
            break
    stuck = _too_many(who[rows], here, step, cells.counts)
    here[stuck] = -1
    order, start, sizes = _sorted(who[rows], int(who.max()) + 1)
    for owner in np.unique(who[rows[stuck]]):
        own = order[start[owner] : start[owner] + sizes[owner]]
        lacking = own[here[own] < 0]
        for g in np.unique(group[home[lacking]]):
            some = lacking[group[home[lacking]] == g]
            free = np.where(group == g, cells.counts - np.bincount(here[own][here[own] >= 0], minlength=n_cells), 0)
            slots = np.repeat(np.arange(n_cells), free)
            near = np.argsort(np.abs(slots - home[some[0]]), kind="stable")
            here[some] = slots[near[: len(some)]]
    cell[rows] = here
    return cell


def _too_many(who: Ints, here: Ints, step: Ints, counts: Ints) -> Ints:
    """Links that stand nowhere, or behind as many of their owner in their cell as it has rows; who has come furthest
    stands last."""
    order = np.argsort(step, kind="stable")
    rank = np.empty(len(who), np.int64)
    rank[order] = rank_of((who * (len(counts) + 1) + here + 1)[order])
    return np.flatnonzero((here < 0) | (rank >= counts[here]))


def _stubs(cell: Ints, weights: Floats, cells: Cells, who: Ints | None, rng: np.random.Generator) -> Ints:
    """(n,) a row of its cell for each link, by remaining degree."""
    n_cells = len(cells.counts)
    mixed = rng.permutation(len(cells.rows))  # systematic sampling in an order of chance
    rows = mixed[np.argsort(cells.cell[mixed], kind="stable")]
    inside, bounds = cells.cell[rows], np.r_[cells.start, len(rows)]
    order, _, totals = _sorted(cell, n_cells)
    shares = _shared(totals, weights[rows], inside, bounds, rng)
    if who is not None:
        owners = np.bincount(np.unique(who * n_cells + cell) % n_cells, minlength=n_cells)
        shares = _capped(shares, owners[inside], totals, inside, rng)
    taken = np.repeat(rows, shares)
    mixed = rng.permutation(len(order))
    found = np.empty(len(cell), np.int64)
    found[mixed[np.argsort(cell[mixed], kind="stable")]] = taken
    return found


def _capped(shares: Ints, most: Ints, totals: Ints, cell: Ints, rng: np.random.Generator) -> Ints:
    """(P,) shares of which none is above `most`: what is cut off goes to other rows of the cell."""
    if not (shares > most).any():
        return shares
    shares = np.minimum(shares, most)
    lacking = totals - np.bincount(cell, shares, minlength=len(totals)).astype(np.int64)
    while lacking.any():
        free = rng.permutation(np.flatnonzero((shares < most) & (lacking[cell] > 0)))
        add = free[rank_of(cell[free]) < lacking[cell[free]]]
        shares[add] += 1
        lacking -= np.bincount(cell[add], minlength=len(totals))
    return shares


# ---- no pair twice ---------------------------------------------------------------------------------------------------


def _without_repeats(rows: Ints, who: Ints, cell: Ints, cells: Cells, rng: np.random.Generator) -> Ints:
    """(n,) rows of the same cells, so that no owner has one twice; each owner has room (`_with_room`)."""
    p = len(cells.cell)
    rows, some = rows.copy(), np.arange(len(rows))
    for _ in range(ROUNDS):
        twice = rank_of(who[some] * p + rows[some]) > 0
        if not twice.any():
            return rows
        keep = np.isin(cell[some], cell[some[twice]])  # only the cells that have repeated pairs
        some, twice = some[keep], twice[keep]
        _swap(rows, who, cell, some, some[twice], p, rng)
    _rebuilt(rows, who, cell, cells, rng)
    return rows


def _swap(rows: Ints, who: Ints, cell: Ints, some: Ints, bad: Ints, p: int, rng: np.random.Generator) -> None:
    """Exchange the rows of repeated links with those of other links of their cell, where both pairs are new; in place.

    Args:
        some: the links of all cells that have repeated pairs.
        bad: those links that repeat one.
    """
    order, start, counts = _sorted(cell[some], int(cell.max()) + 1)
    other = some[order[start[cell[bad]] + rng.integers(0, counts[cell[bad]])]]
    bad, other = _disjoint(bad, other)
    new = np.stack([who[bad] * p + rows[other], who[other] * p + rows[bad]])
    there = np.isin(new, who[some] * p + rows[some]).any(0)
    unique = (rank_of(new.ravel()) == 0).reshape(2, -1).all(0)
    go = ~there & unique
    rows[bad[go]], rows[other[go]] = rows[other[go]], rows[bad[go]]


def _disjoint(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Pairs of which no link stands in two, nor twice in one."""
    first = (rank_of(np.column_stack([one, other]).ravel()) == 0).reshape(-1, 2).all(1)
    return one[first], other[first]


def _rebuilt(rows: Ints, who: Ints, cell: Ints, cells: Cells, rng: np.random.Generator) -> None:
    """Cells in which swaps left repeated pairs, linked anew in place: owners of most links first, each taking the rows
    that have most left. Where degrees allow no other way, some row has one link more and another one less."""
    p = len(cells.cell)
    twice = rank_of(who * p + rows) > 0
    for bad in np.unique(cell[twice]):
        links = np.flatnonzero(cell == bad)
        inside = cells.rows[cells.start[bad] : cells.start[bad] + cells.counts[bad]]
        left = np.bincount(np.searchsorted(inside, rows[links]), minlength=len(inside)).astype(np.float64)
        owners, at, sizes = np.unique(who[links], return_inverse=True, return_counts=True)
        order, start, _ = _sorted(at.astype(np.int64), len(owners))
        for k in np.lexsort([rng.random(len(owners)), -sizes]):
            taken = np.argpartition(-(left + rng.random(len(left)) / 2), sizes[k] - 1)[: sizes[k]]
            left[taken] -= 1
            rows[links[order[start[k] : start[k] + sizes[k]]]] = inside[rng.permutation(taken)]
