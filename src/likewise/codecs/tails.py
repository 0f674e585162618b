"""What lies beyond the outermost rows that may be shown: drawn from a law, where the rows themselves are left out.

The ends of a range are means of `rows` neighbouring rows, and fewer people's values beyond them are never stored. A
column with a long tail would lose its shape there. So the stretch beyond an end is drawn from a generalised Pareto law,
which the excesses over a high threshold follow in the limit whatever the column (Pickands 1975).

Privacy: the law is fitted to the limits and counts of pieces that are stored anyway, by the likelihood of the counts
between those limits, and to no row. The values of the outermost `rows - 1` rows have no part in it: one of them may be
a thousand times as great, and nothing changes. One row further in moves a limit by at most a part in `rows` of the gap
to its neighbour, and one of the counts, of 50 rows or more together, by one. That there is a tail at all says that at
least `rows` people lie beyond the end. The limits of the tail's pieces stand at fixed shares of the law: they are no
row's value. A budget of differential privacy takes none of this: `dp/cuts.py` makes its own pieces.

A declared end is anybody's, and no row's: rows thin out towards it, by the law where there is one, else as they do from
the last stretch to what lies beyond it.

Ages, shares and capped amounts that end stay ended: there is no tail where the law itself ends soon (shape below
`ENDED`), where the outermost value is kept and fewer people lie beyond it, or beyond a limit given.

Legend: m distinct values, P pieces, G groups of pieces, X shapes, S scales.

References:
    J. Pickands (1975), Statistical inference using extreme order statistics, Annals of Statistics 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from likewise.codecs.pieces import Floats, Ints, Pieces, Values, tally

LEAST_EXCESSES = 50  # people's rows that a law stands on
MOST_SHARE = 0.1  # of the rows: further in the law of excesses no longer holds
EXCESSES = 1.5  # times the root of the rows, where that lies between the two
GROUPS = 12  # between which the rows are counted
LEAST_GROUPS = 4
SHAPES = np.linspace(-1.0, 1.0, 81)  # beyond 1 there is no mean
SCALES = np.geomspace(0.05, 20.0, 121)  # times the mean excess, roughly
STRIDE, NEAR = 4, 8  # one in so many is tried first, then all so near to the likeliest of these
USUAL, SPREAD = 0.1, 0.3  # mean and deviation of the shapes of columns, as the fit presumes them
ENDED = -0.3  # shapes below: the column comes to an end close by
HEAVY = 0.5  # shapes below may be those of shares or marks, which end at a round number not far off
LAST_ROWS = (
    1.5  # the tail is drawn as far as one or two rows would lie beyond: what a law says further out is guesswork
)
HALVINGS = 2  # pieces to each halving of the rows
BENT, PARTS = 4, 4  # pieces before the tail that follow the law as well, and into how many parts each is cut
FAR = 2.0**52
THINNED = 20  # halvings of the rows on the way to a declared end, however far off: a millionth is left for all the rest


@dataclass(frozen=True)
class Reach:
    """How far a tail may reach.

    Args:
        low, high: the least and the greatest value that there can be; None for any.
        declared: the same where a user said so: tails then go all the way.
        ends: round numbers at which columns end by nature, ascending; the first is zero, beyond which a sign changes.
    """

    low: Any
    high: Any
    ends: tuple[Any, ...]
    declared: tuple[Any, Any] = (None, None)

    def beyond(self, pieces: Pieces) -> Reach:
        """The same of this column: what lies wholly on one side of zero stays there."""
        zero = self.ends[0]
        low = zero if pieces.first[0] >= zero and (self.low is None or self.low < zero) else self.low
        high = zero if pieces.last[-1] <= zero and (self.high is None or self.high > zero) else self.high
        return replace(self, low=low, high=high)


def with_tails(pieces: Pieces, values: Values, counts: Ints, people: Ints, reach: Reach, *, rows: int) -> Pieces:
    """The pieces, and beyond them a tail on either side where the column has one.

    Args:
        counts, people: (m,) rows of each value, and how many of them are different people's.
        rows: people who must lie beyond an end.
    """
    if max(abs(float(pieces.first[0])), abs(float(pieces.last[-1]))) > FAR:
        return pieces
    reach = reach.beyond(pieces)
    is_share = pieces.first[0] >= reach.ends[0]
    least, most = reach.declared
    ends = reach.ends[1:] if is_share else ()
    pieces = _upper(pieces, values, counts, people, reach.high, most, ends, rows) or pieces
    low, least = (None if end is None else -end for end in (reach.low, least))
    below = _upper(_mirrored(pieces), -values[::-1], counts[::-1], people[::-1], low, least, (), rows)
    return pieces if below is None else _mirrored(below)


def stretched(pieces: Pieces, values: Values, counts: Ints, end: Any) -> Pieces:
    """The pieces, and the rows beyond the last one up to a declared end, where it is a stretch and no tail was drawn.

    They thin out as they do from the last piece to what lies beyond it (an exponential law): spread evenly, a few rows
    would make up the mean of the column where somebody allows for much.
    """
    first, last = pieces.first[-1], pieces.last[-1]
    outside = values > last
    if not first < last or not outside.any() or not end > last:
        return pieces
    beyond = float(counts[outside].sum())
    within = max(float(pieces.count[-1]) - beyond, 1.0)
    width = float(last) - float(first) + float(pieces.is_lattice)
    scale = max(width / np.log1p(within / beyond), float(pieces.is_lattice))
    left = 2.0 ** (-np.arange(HALVINGS * THINNED + 1) / HALVINGS)
    upto = np.minimum(float(last) - scale * np.log(left[1:]), float(end))
    tail = _declared(_laid(pieces.last[-1:], upto[None], _shares(left)[None] * beyond), end, left[-1] * beyond)
    count = np.r_[pieces.count[:-1], pieces.count[-1] - beyond, tail[2]]
    code = np.repeat(pieces.code, np.r_[np.ones(len(pieces.code) - 1, np.int64), 1 + tail[3]])
    return Pieces(np.r_[pieces.first, tail[0]], np.r_[pieces.last, tail[1]], code, count, pieces.size)


def stretched_below(pieces: Pieces, values: Values, counts: Ints, end: Any) -> Pieces:
    """The same at the lower end."""
    return _mirrored(stretched(_mirrored(pieces), -values[::-1], counts[::-1], -end))


def _shares(left: Floats) -> Floats:
    """Of the rows, those of each piece between what is left beyond its ends; the last one has all that is left."""
    return np.asarray(-np.diff(np.r_[left[:-1], 0.0]))


def _declared(tail: _Laid, end: Any, rest: float) -> _Laid:
    """A tail, and what is left of its rows, a few millionths, up to the declared end."""
    first, last, count, parts = tail
    if not last[-1] < end:
        return tail
    step = 1 if first.dtype.kind == "i" else 0
    count = np.r_[count[:-1], count[-1] - rest, rest]
    return np.r_[first, last[-1] + step], np.r_[last, end].astype(last.dtype), count, parts + 1


def _mirrored(pieces: Pieces) -> Pieces:
    code = pieces.size - 1 - pieces.code[::-1]
    return Pieces(-pieces.last[::-1], -pieces.first[::-1], code, pieces.count[::-1], pieces.size)


def _upper(
    pieces: Pieces, values: Values, counts: Ints, people: Ints, limit: Any, declared: Any, ends: tuple[Any, ...],
    rows: int,
) -> Pieces | None:  # fmt: skip
    """The pieces and an upper tail, up to the declared end if there is one; None where there is none."""
    outside = values > pieces.last[-1]
    n_beyond, n_rows = int(people[outside].sum()), float(counts[outside].sum())
    if n_beyond < rows or n_rows >= pieces.count[-1]:
        return None
    law = _law(pieces, tally(pieces.find(values), people, len(pieces.first)), n_beyond)
    if law is None:
        return None
    last = pieces.last[-1]
    near = [end for end in ends if last <= end <= 2 * last] if law.shape < HEAVY and declared is None else []
    limit = min([*near, FAR if limit is None else limit])
    n_pieces = max(2, int(np.ceil(HALVINGS * np.log2(n_beyond / LAST_ROWS))))
    n_pieces += 0 if declared is None else HALVINGS * THINNED
    left = 2.0 ** (-np.arange(n_pieces + 1) / HALVINGS)  # share of the tail's rows beyond each limit
    half = 0.5 if pieces.is_lattice else 0.0
    upto = np.minimum(law.place(law.beyond(float(last) + half) * left[1:]) - half, float(limit))
    tail = _laid(pieces.last[-1:], upto[None], _shares(left)[None] * n_rows)
    if tail[1][-1] <= last:
        return None
    if declared is not None:
        tail = _declared(tail, declared, left[-1] * n_rows)
    count = pieces.count.copy()
    count[-1] -= n_rows
    kept = len(count) - min(BENT, law.n_pieces)
    before = pieces.first[:kept], pieces.last[:kept], count[:kept], np.ones(kept, np.int64)
    inner = _bent(pieces.first[kept:], pieces.last[kept:], count[kept:], law, half)
    firsts, lasts, count, parts = (np.concatenate(column) for column in zip(before, inner, tail, strict=True))
    return Pieces(firsts, lasts, np.repeat(np.append(pieces.code, pieces.code[-1]), parts), count, pieces.size)


_Laid = tuple[Values, Values, Floats, Ints]


def _bent(first: Values, last: Values, count: Floats, law: _Law, half: float) -> _Laid:
    """The pieces before the tail, each as pieces of equal count that follow the law between its own limits."""
    here, there = law.beyond(np.stack([first - half, last + half]))[..., None]
    upto = law.place(here + (there - here) * np.arange(1, PARTS + 1) / PARTS) - half
    upto[:, -1] = last
    step = 1 if first.dtype.kind == "i" else 0
    return _laid(first - step, np.minimum(upto, last[:, None]), np.repeat(count[:, None] / PARTS, PARTS, 1))


def _laid(start: Values, upto: Floats, count: Floats) -> _Laid:
    """First and last values and rows of pieces that follow one another, each row of them from beyond its start up to
    its limits, and how many there are in each row.

    Args:
        start: (R,) the value before each row.
        upto: (R, P) limits; a piece of no width gives its rows to the next one of its row, or is all that row has.
        count: (R, P) rows of each.
    """
    step = 0
    if start.dtype.kind == "i":
        upto, step = np.rint(upto).astype(np.int64), 1
    upto = np.maximum.accumulate(np.maximum(upto, start[:, None]), axis=1)
    opens = np.concatenate([start[:, None], upto[:, :-1]], axis=1)
    some = upto > opens
    some[:, -1] |= ~some.any(axis=1)
    parts = some.sum(axis=1)
    place = np.minimum(np.cumsum(some, axis=1) - some, parts[:, None] - 1) + (np.cumsum(parts) - parts)[:, None]
    return opens[some] + step, upto[some], tally(place.ravel(), count.ravel(), int(parts.sum())), parts


@dataclass(frozen=True)
class _Law:
    """A generalised Pareto law of what lies beyond a threshold.

    Args:
        n_pieces: pieces beyond the threshold.
    """

    shape: float
    scale: float
    threshold: float
    n_pieces: int

    def beyond(self, value: Any) -> Any:
        """The chance of a greater value, of those beyond the threshold."""
        return _beyond(self.shape, self.scale, value - self.threshold)

    def place(self, chance: Floats) -> Floats:
        """The value beyond which this chance lies."""
        if abs(self.shape) < 1e-6:
            return np.asarray(self.threshold - self.scale * np.log(chance))
        return np.asarray(self.threshold + self.scale * (chance**-self.shape - 1) / self.shape)


def _law(pieces: Pieces, people: Floats, n_beyond: int) -> _Law | None:
    """The law of the outer pieces, by the counts between their limits; None for no tail."""
    n = people.sum()
    inward = np.cumsum(people[::-1])
    n_pieces = int(np.searchsorted(inward, max(EXCESSES * np.sqrt(n), LEAST_EXCESSES))) + 1
    if n_pieces >= len(people) or inward[n_pieces - 1] > MOST_SHARE * n:
        return None
    half = 0.5 if pieces.is_lattice else 0.0
    limits = pieces.last[-n_pieces - 1 :].astype(np.float64) + half  # (pieces + 1,) the first is the threshold
    held = people[-n_pieces:].copy()
    held[-1] -= n_beyond
    group = np.minimum((np.cumsum(held) - held / 2) / held.sum() * GROUPS, GROUPS - 1).astype(np.int64)
    closes = np.r_[group[1:] != group[:-1], True]
    excess = np.r_[0.0, limits[1:][closes] - limits[0]]
    if closes.sum() < LEAST_GROUPS or not (np.diff(excess) > 0).all():
        return None
    rows = np.r_[np.diff(np.r_[0.0, np.cumsum(held)[closes]]), float(n_beyond)]
    shape, scale = _fit(excess, rows)
    return None if shape < ENDED else _Law(shape, scale, float(limits[0]), n_pieces)


def _fit(excess: Floats, rows: Floats) -> tuple[float, float]:
    """The likeliest shape and scale, of rows counted between excesses (G + 1,) and beyond the last."""
    typical = float((excess[1:] * rows[:-1]).sum() / rows[:-1].sum())
    shapes, scales = np.arange(len(SHAPES)), np.arange(len(SCALES))
    at = _likeliest(shapes[::STRIDE], scales[::STRIDE], typical, excess, rows)
    near = [every[max(0, i - NEAR) : i + NEAR + 1] for every, i in zip((shapes, scales), at, strict=True)]
    at = _likeliest(near[0], near[1], typical, excess, rows)
    return float(SHAPES[at[0]]), float(SCALES[at[1]] * typical)


def _likeliest(shapes: Ints, scales: Ints, typical: float, excess: Floats, rows: Floats) -> tuple[int, int]:
    """Which of these shapes and scales."""
    shape = SHAPES[shapes]
    beyond = _beyond(shape[:, None, None], SCALES[scales][None, :, None] * typical, excess)  # (X, S, G + 1)
    chance = beyond - np.concatenate([beyond[..., 1:], np.zeros_like(beyond[..., :1])], axis=-1)
    score = (np.log(np.maximum(chance, 1e-300)) * rows).sum(axis=-1)
    score -= np.square((shape - USUAL) / SPREAD)[:, None] / 2
    best = np.unravel_index(int(score.argmax()), score.shape)
    return int(shapes[best[0]]), int(scales[best[1]])


def _beyond(shape: Any, scale: Any, excess: Any) -> Any:
    """The chance of a greater excess."""
    flat = np.abs(shape) < 1e-6
    some = np.where(flat, 1.0, shape)
    inside = np.maximum(1 + some * excess / scale, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(flat, np.exp(-excess / scale), inside ** (-1 / some))
