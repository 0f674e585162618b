"""Local suppression: single cells are hidden, as few and as unimportant ones as can be, until every row has its crowd.

Two readings of a hidden cell, a star. As a *value of its own*, rows form a class when they read the same, stars at the
same places: what k-anonymity says of any table. As *any value*, a row's crowd are all rows that agree with it wherever
neither is starred: what statistical offices count. The second hides less, and holds only against someone who does not
know what is under the star.

Both go through the sets of columns from the least important up, and hide for each row the first set that gives it its
crowd.

Legend: n rows, d columns, G groups, T distinct combinations of values.

References: Meyerson and Williams 2004 (to hide fewest cells is NP-hard); Hundepool et al. 2012, "Statistical Disclosure
Control", section 3.3 (local suppression and importance).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from likewise.privacy.criteria import Bools, count_persons
from likewise.privacy.encoding import Floats, Ints, Quasi, fold, group
from likewise.privacy.mondrian import Accept

MOST_COLUMNS = 12  # every set of them is tried: 4,096
_MOST_HOSTED = 1_000  # rows that are left, for each kind of which a class to join is looked for
_MOST_TRIED = 20  # classes, from the cheapest up
Columns = tuple[int, ...]


def by_own_value(columns: list[Quasi], weights: Floats, k: int, accept: Accept, *, may_join: bool = True) -> Bools:
    """Stars with which all rows that read the same are a class that is accepted.

    Args:
        columns: d columns of codes (n,).
        weights: (d,) what a star in each costs.
        k: fewest members of a class.
        accept: which groups keep the promise; all rows as one must.
        may_join: whether two classes that are accepted are one when they are joined.

    Shape: -> (n, d)
    """
    stars = np.zeros((len(columns[0].codes), len(columns)), bool)
    left = np.arange(len(stars))
    for level in _levels(weights):
        # Of sets that cost the same, those come first that help most rows.
        helped = {hidden: int(_accepted(columns, left, hidden, accept).sum()) for hidden in level if len(level) > 1}
        for hidden in sorted(level, key=lambda hidden: -helped.get(hidden, 0)):
            good = _accepted(columns, left, hidden, accept)
            stars[np.ix_(left[good], np.array(hidden, np.int64))] = True
            left = left[~good]
        if not len(left):
            return stars
    if may_join and len(left) <= _MOST_HOSTED:
        left = _hosted(stars, left, columns, weights, k, accept)
    return _all_hidden(stars, left, columns, weights, accept) if len(left) else stars


def _accepted(columns: list[Quasi], rows: Ints, hidden: Columns, accept: Accept) -> Bools:
    """Which of these rows are in a group that is accepted, where some columns are hidden."""
    if not len(rows):
        return np.zeros(0, bool)
    groups = _groups(columns, rows, hidden)
    order = np.argsort(groups, kind="stable")
    good = accept(np.bincount(groups), groups[order], rows[order])
    return np.asarray(good[groups])


def _hosted(stars: Bools, left: Ints, columns: list[Quasi], weights: Floats, k: int, accept: Accept) -> Ints:
    """Rows that are left join a class where that costs least: all of it, or as many of its rows as it can spare.

    `stars` (n, d) is written to. Gives back what found no class.
    """
    codes = np.stack([c.codes for c in columns], 1)
    alone = np.zeros(len(stars), bool)
    alone[left] = True
    for rows in _alike(columns, left):
        rest = np.flatnonzero(~alone)
        classes, n_classes = read_alike(columns, stars, rest)
        sizes, member = np.bincount(classes, minlength=n_classes), np.zeros(n_classes, np.int64)
        member[classes] = rest
        hidden = stars[member] | (codes[member] != codes[rows[0]])
        now, then = stars[member] @ weights, hidden @ weights
        lacking = max(k - len(rows), 0)
        taken = np.r_[np.full(n_classes, lacking), sizes]
        cost = taken * np.tile(then - now, 2) + len(rows) * np.tile(then, 2)
        cost[:n_classes][sizes - lacking < k] = np.inf
        for at in np.argsort(cost, kind="stable")[:_MOST_TRIED].tolist():
            host = rest[classes == at % n_classes]
            if np.isfinite(cost[at]) and _may_move(rows, host, int(taken[at]), accept):
                stars[np.r_[rows, host[: taken[at]]]] = hidden[at % n_classes]
                alone[rows] = False
                break
    return np.flatnonzero(alone)


def _may_move(rows: Ints, host: Ints, n_taken: int, accept: Accept) -> bool:
    """Whether rows joined by the first of a class keep the promise, and what stays of it does."""
    sizes = np.array([len(rows) + n_taken, len(host) - n_taken])
    sizes = sizes[sizes > 0]
    everyone = np.r_[rows, host]
    return bool(accept(sizes, np.repeat(np.arange(len(sizes)), sizes), everyone).all())


def _alike(columns: list[Quasi], rows: Ints) -> list[Ints]:
    """Rows in groups of equal ones, the largest first."""
    groups = _groups(columns, rows, ())
    parts = np.split(rows[np.argsort(groups, kind="stable")], np.cumsum(np.bincount(groups))[:-1])
    return sorted(parts, key=len, reverse=True)


def read_alike(columns: list[Quasi], stars: Bools, rows: Ints) -> tuple[Ints, int]:
    """(r,) the class of each row by what it shows, and how many there are."""
    shown = [np.where(stars[rows, j], c.n_levels, c.codes[rows]).astype(np.int64) for j, c in enumerate(columns)]
    return group(*fold(list(shown), [c.n_levels + 1 for c in columns]))


def _all_hidden(stars: Bools, left: Ints, columns: list[Quasi], weights: Floats, accept: Accept) -> Bools:
    """The rows that are left hide all their cells, and as many of the cheapest classes with them as it takes."""
    rest = np.setdiff1d(np.arange(len(stars)), left)
    classes, n_classes = read_alike(columns, stars, rest)
    cost = np.bincount(classes, (~stars[rest] * weights).sum(1), n_classes)
    rank = np.argsort(np.argsort(cost, kind="stable"))
    for n_taken in (0, *(2**i for i in range(n_classes.bit_length())), n_classes):
        rows = np.r_[left, rest[rank[classes] < n_taken]]
        if accept(np.array([len(rows)]), np.zeros(len(rows), np.int64), rows)[0]:
            break
    stars[rows] = True
    return stars


def by_any_value(columns: list[Quasi], weights: Floats, k: int, persons: Ints | None = None) -> Bools:
    """Stars with which each row agrees with k members, wherever neither it nor the other is starred.

    Each row that lacks its crowd is given the first set of columns without which it has one among the rows as they
    came: hiding more can only help others. The most hidden ones come first, for those they agree with may need no star.

    Shape: -> (n, d)
    """
    n, d = len(columns[0].codes), len(columns)
    need = np.full(n, -1)
    sets = [hidden for level in _levels(weights) for hidden in level]
    everyone = np.arange(n)
    for at, hidden in enumerate(sets):
        lacking = need < 0
        if not lacking.any():
            break
        groups = _groups(columns, everyone, hidden)
        need[lacking & (_members(groups, everyone, persons)[groups] >= k)] = at
    stars = np.zeros((n, d), bool)
    crowd = _members(first := _groups(columns, everyone, ()), everyone, persons)[first]
    for at in sorted(set(need[need > 0].tolist()), reverse=True):
        rows = np.flatnonzero((need == at) & (crowd < k))
        stars[np.ix_(rows, np.array(sets[at], np.int64))] = True
        waiting = np.flatnonzero(need < at)  # none of which reads as those did: they are new to its crowd
        found = _shared(columns, waiting, rows, sets[at], persons)
        crowd[waiting] = crowd[waiting] + found if persons is None else np.maximum(crowd[waiting], found)
    return stars


def crowds(columns: list[Quasi], stars: Bools, rows: Ints, persons: Ints | None = None) -> Ints:
    """How many members the values of some rows agree with, wherever the others show theirs.

    Where persons are told, at least so many: those who show the same columns are counted, and not added up.

    Shape: stars (n, d), rows (r,) -> (r,)
    """
    masks = stars @ (1 << np.arange(stars.shape[1]))
    found = np.zeros(len(rows), np.int64)
    for mask in np.unique(masks).tolist():
        those = np.flatnonzero(masks == mask)
        hidden = tuple(j for j in range(len(columns)) if mask >> j & 1)
        of = _shared(columns, rows, those, hidden, persons)
        found = found + of if persons is None else np.maximum(found, of)
    return found


def _shared(columns: list[Quasi], rows: Ints, others: Ints, hidden: Columns, persons: Ints | None) -> Ints:
    """(r,) the members among others that agree with each row on the columns that are not hidden."""
    groups = _groups(columns, np.r_[rows, others], hidden)
    of = np.zeros(int(groups.max(initial=-1)) + 1, np.int64)
    found = _members(groups[len(rows) :], others, persons)
    of[: len(found)] = found
    return of[groups[: len(rows)]]


def _members(groups: Ints, rows: Ints, persons: Ints | None) -> Ints:
    """(G,) rows or persons of each group."""
    if persons is None:
        return np.bincount(groups)
    return count_persons(groups, persons[rows], int(groups.max(initial=-1)) + 1)


def _groups(columns: list[Quasi], rows: Ints, hidden: Columns) -> Ints:
    """The group of each row by the columns that are not hidden."""
    shown = [c for j, c in enumerate(columns) if j not in hidden]
    if not shown:
        return np.zeros(len(rows), np.int64)
    return group(*fold([c.codes[rows] for c in shown], [c.n_levels for c in shown]))[0]


def _levels(weights: Floats) -> Iterator[list[Columns]]:
    """All sets of columns, those of one weight together, from the lightest up."""
    d = len(weights)
    sets = [s for size in range(d + 1) for s in itertools.combinations(range(d), size)]
    weighed = sorted((round(float(weights[list(s)].sum()), 9), s) for s in sets)
    for _, level in itertools.groupby(weighed, key=lambda pair: pair[0]):
        yield [s for _, s in level]
