"""How a column's numbers are cut into atoms, bins and pieces, with its people protected.

A value is kept as it is only if at least `rows` rows carry it; every other limit of a piece is the mean of `rows`
neighbouring rows, and the `rows - 1` outermost rows on either side are left out of it (a range thus ends at the mean of
the 5th to the 9th row). Each piece has at least `rows` rows, and what fills the holes between them has that many rows
together. So no number stored is that of fewer. Beyond the ends `tails.py` draws from a law.

Where people have several rows, a value is kept if that many people have it, and all else is made of rows of which any
that many neighbours are different people's.

Legend: m distinct values, P pieces, K codes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from likewise.codecs.holders import Crowd
from likewise.codecs.pieces import Bools, Floats, Ints, Pieces, Values, distance, tally
from likewise.codecs.tails import Reach, stretched, stretched_below, with_tails

FLAT_ROWS = 5  # a value inside a bin is a flat piece of its own from this many rows, if it stands out ...
SURE_ROWS = 25  # ... and from this many rows in any case: its frequency is then known to a fifth
MAX_FLATS = 64  # flat pieces in one bin, the most frequent first
BIN_ROWS = 10  # least rows of a quantile bin and of a piece of it: windows of 5 rows may then move its limits
END_PIECES = 4  # the first and the last bin have this many times the pieces: tails are long
RARE_SHARE = 0.1  # a column is of low cardinality if its rare values hold at most this share of the rows


def build(
    values: Values,
    crowd: Crowd,
    *,
    budget: int,
    rows: int,
    atom_share: float,
    bin_pieces: int,
    bounds: tuple[Any, Any] = (None, None),
    domain: tuple[Any, Any] = (None, None),
    reach: Reach | None = None,
) -> Pieces:
    """Pieces of a column's distinct values (m >= 1, ascending, within `bounds`).

    Args:
        crowd: what stands behind each value.
        budget: most codes.
        rows: rows, or people, that must stand behind whatever is kept.
        atom_share, bin_pieces: as in `CodecOptions`.
        bounds: range ends that the user declared, None where there is none.
        domain: what a value can be at all.
        reach: how far its tails may be drawn; None for no tails.
    """
    atoms = choose_atoms(crowd, budget=budget, rows=rows, atom_share=atom_share)
    groups = choose_bins(crowd.apart, atoms, budget=budget, rows=rows)
    kept = atoms | choose_flats(values, crowd, atoms, groups, rows=rows)
    counts = np.where(kept, crowd.people, crowd.apart)
    some = counts > 0
    pieces = _assemble(values[some], counts[some], kept[some], groups[some], rows=rows, bin_pieces=bin_pieces)
    if pieces is None:
        return _pooled(values, crowd.rows, bounds=bounds, domain=domain)
    pieces = _settle(pieces, values[some], counts[some], rows=rows)
    pieces = _filled(_counted(pieces, values, crowd.rows), values, crowd, rows=rows)
    if reach is not None:
        pieces = with_tails(pieces, values, crowd.rows, crowd.apart, reach, rows=rows)
    if bounds[0] is not None:
        pieces = stretched_below(pieces, values, crowd.rows, bounds[0])
    if bounds[1] is not None:
        pieces = stretched(pieces, values, crowd.rows, bounds[1])
    some = pieces.count > 0
    return _numbered(pieces.first[some], pieces.last[some], pieces.code[some], pieces.count[some])


def choose_atoms(crowd: Crowd, *, budget: int, rows: int, atom_share: float) -> Bools:
    """(m,) which values have a code of their own: all that enough people have if they are few and nearly all there
    is, else the frequent ones."""
    counts, total = crowd.rows, int(crowd.rows.sum())
    protected = crowd.people >= rows
    rest = int(counts[~protected].sum())
    n_runs = int((_run_rows(crowd.apart, protected) >= rows).sum())
    if protected.sum() + n_runs <= budget and rest <= RARE_SHARE * total:
        return protected
    atoms = protected & (counts >= atom_share * total)
    most = (budget - 1) // 2  # between any two atoms there may be a bin
    if atoms.sum() > most:
        order = np.argsort(-counts, kind="stable")
        atoms = np.zeros_like(atoms)
        atoms[order[:most]] = True
    return atoms


def _run_rows(counts: Ints, atoms: Bools) -> Floats:
    """(atoms + 1,) rows in each run of values between two atoms."""
    run: Ints = np.cumsum(atoms)
    return tally(run[~atoms], counts[~atoms], int(atoms.sum()) + 1)


def choose_bins(counts: Ints, atoms: Bools, *, budget: int, rows: int) -> Ints:
    """(m,) the group of each value, ascending; atoms have one each, bins of equal mass the rest; -1 for values in
    runs of fewer than `rows` rows, which the nearest atom will take."""
    run: Ints = np.cumsum(atoms)
    run_rows = _run_rows(counts, atoms)
    kept = run_rows >= rows
    room = max(1, budget - int(atoms.sum()) - int(kept.sum()))
    mass = max(run_rows[kept].sum() / room, BIN_ROWS, rows)
    n_bins = np.maximum(1, run_rows // mass)
    loose_counts = np.where(atoms, 0, counts)
    before = np.cumsum(loose_counts) - loose_counts  # rest rows below each value
    before = before - (np.cumsum(run_rows) - run_rows)[run]  # ... within its run
    place = (before + loose_counts / 2) / np.maximum(run_rows, 1)[run]
    within = np.minimum(np.floor(place * n_bins[run]), n_bins[run] - 1)
    # an atom opens the run that follows it: it comes before that run's bins
    label = run * (float(n_bins.max()) + 2) + np.where(atoms, 0, within + 1)
    groups = np.cumsum(np.r_[True, label[1:] != label[:-1]]) - 1
    groups = _merge_small(groups, run, atoms, counts, rows)
    groups[~atoms & ~kept[run]] = -1
    return groups


def _merge_small(groups: Ints, run: Ints, atoms: Bools, counts: Ints, rows: int) -> Ints:
    """Join bins of fewer than `rows` rows to a neighbour in the same run."""
    opens = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.bincount(groups, weights=counts)
    group_run, is_atom = run[opens], atoms[opens]
    target = np.arange(len(opens))
    small = np.flatnonzero((sizes < rows) & ~is_atom)
    for g in small:  # bins, not rows
        if g > 0 and not is_atom[g - 1] and group_run[g - 1] == group_run[g]:
            host = target[g - 1]
        elif g + 1 < len(opens) and not is_atom[g + 1] and group_run[g + 1] == group_run[g]:
            host = g + 1
        else:
            continue
        target[g] = host
        sizes[host] += sizes[g]
    target = target[target]  # a bin joined to a later one that is itself joined
    merged: Ints = target[groups]
    return merged


def choose_flats(values: Values, crowd: Crowd, atoms: Bools, groups: Ints, *, rows: int) -> Bools:
    """(m,) which values inside bins stand out so much that they are kept as they are."""
    counts = crowd.rows
    loose = ~atoms & (groups >= 0)
    even = np.zeros(len(values))  # rows that each value of the bin's lattice would have if all had the same
    if values.dtype.kind == "i" and loose.any():
        bins, index = np.unique(groups[loose], return_inverse=True)
        usual = np.where(counts[loose] < SURE_ROWS, counts[loose], 0)
        at = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
        ends = np.r_[at[1:], len(index)] - 1
        span = distance(values[loose][at], values[loose][ends]) + 1.0
        even[loose] = (tally(index, usual, len(bins)) / span)[index]
    stands_out = (counts >= SURE_ROWS) | (counts > 1.5 * even + 3 * np.sqrt(even))
    flats: Bools = loose & (crowd.people >= max(rows, FLAT_ROWS)) & stands_out
    chosen = np.flatnonzero(flats)
    order = chosen[np.lexsort((-counts[chosen], groups[chosen]))]
    opens = np.r_[True, groups[order][1:] != groups[order][:-1]][: len(order)]
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))
    flats[order[place >= MAX_FLATS]] = False
    return flats


def _assemble(values: Values, counts: Ints, kept: Bools, groups: Ints, *, rows: int, bin_pieces: int) -> Pieces | None:
    """Kept values as flat pieces, and stretches over all others; None if there is neither."""
    loose = ~kept & (groups >= 0)
    stretch: Ints = np.cumsum(kept)
    upto = np.cumsum(counts)
    inside = np.clip(upto, rows - 1, upto[-1] - rows + 1) - np.clip(upto - counts, rows - 1, upto[-1] - rows + 1)
    loose &= (tally(stretch[loose], inside[loose], int(stretch[-1]) + 1) >= rows)[stretch]
    first, last, group = _stretches(values, counts, loose, stretch, groups, rows=rows, bin_pieces=bin_pieces)
    first, last = np.concatenate([values[kept], first]), np.concatenate([values[kept], last])
    group = np.concatenate([groups[kept], group])
    if not len(first):
        return None
    order = np.argsort(first, kind="stable")
    return _numbered(first[order], last[order], group[order])


def _stretches(
    values: Values,
    counts: Ints,
    loose: Bools,
    stretch: Ints,
    groups: Ints,
    *,
    rows: int,
    bin_pieces: int,
) -> tuple[Values, Values, Ints]:
    """First and last values and groups of the pieces that cover the loose values.

    A cell is the part of a bin within one stretch. Its rows are cut into pieces of equal mass; a limit between two
    pieces is the mean of the `rows` rows around the cut, an outer one of the first or last `rows` rows, the outermost
    `rows - 1` of the column aside.
    """
    at = np.flatnonzero(loose)
    if not len(at):
        return values[:0], values[:0], groups[:0]
    upto = np.cumsum(counts)
    opens = np.r_[True, (groups[at][1:] != groups[at][:-1]) | (stretch[at][1:] != stretch[at][:-1])]
    head, tail = at[opens], at[np.r_[opens[1:], True]]
    row0, row1 = upto[head] - counts[head], upto[tail]  # (cells,) rows [row0, row1)
    n_rows, most = row1 - row0, np.full(len(head), bin_pieces)
    most[groups[head] == groups.max()] *= END_PIECES
    most[groups[head] == groups[groups >= 0].min()] *= END_PIECES
    n_pieces = np.clip(n_rows // max(BIN_ROWS, rows), 1, most)
    cell = np.repeat(np.arange(len(head)), n_pieces)
    index = np.arange(len(cell)) - (np.cumsum(n_pieces) - n_pieces)[cell]
    cut = row0[cell] + (index * n_rows[cell]) // n_pieces[cell]  # row at which each piece starts
    new = np.r_[True, stretch[head][1:] != stretch[head][:-1]]  # cells that open a stretch
    start_of = row0[new][np.cumsum(new) - 1][cell]
    end_of = row1[np.r_[new[1:], True]][np.cumsum(new) - 1][cell]
    least, most_end = np.maximum(start_of, rows - 1), np.minimum(end_of, upto[-1] - rows + 1)
    first = _mean_of_rows(values, upto, np.clip(cut - rows // 2, least, most_end - rows), rows)
    outer = _mean_of_rows(values, upto, most_end - rows, rows)
    closes = np.r_[start_of[1:] != start_of[:-1], True]  # the last piece of its stretch
    following = np.r_[first[1:], first[-1:]]
    if values.dtype.kind == "i":
        last = np.where(closes, np.maximum(outer, first), following - 1)
        full = closes | (following > first)
    else:
        last = np.where(closes, np.maximum(outer, first), following)
        # a stretch whose limits are all the same is one flat piece
        wide = np.logical_or.reduceat(last > first, np.flatnonzero(np.r_[True, closes[:-1]]))
        full = (last > first) | (closes & ~wide[np.cumsum(np.r_[True, closes[:-1]]) - 1])
    return first[full], last[full], groups[head][cell][full]


def _mean_of_rows(values: Values, upto: Ints, start: Ints, rows: int) -> Values:
    """(k,) mean of rows start .. start + rows - 1."""
    ranks = start[:, None] + np.arange(rows)  # (k, rows)
    taken = values[np.searchsorted(upto, ranks, side="right")]
    least, greatest = taken[:, 0], taken[:, -1]
    if values.dtype.kind == "i":
        steps = np.rint(distance(least[:, None], taken).astype(np.float64).mean(axis=1))
        steps = np.minimum(steps, distance(least, greatest).astype(np.float64))
        whole = np.minimum(steps, 2.0**64 - 2048).astype(np.uint64).astype(np.int64)
        return np.asarray(np.minimum(least + whole, greatest))
    return np.asarray(np.clip((taken / rows).sum(axis=1), least, greatest))


def _numbered(first: Values, last: Values, group: Ints, count: Floats | None = None) -> Pieces:
    """Pieces whose codes count 0, 1, ... where the group changes."""
    code = np.cumsum(np.r_[True, group[1:] != group[:-1]]) - 1
    count = np.ones(len(first)) if count is None else count
    return Pieces(first, last, code, count, int(code[-1]) + 1)


def _counted(pieces: Pieces, values: Values, counts: Ints) -> Pieces:
    """The pieces with the rows that each of them takes."""
    return replace(pieces, count=tally(pieces.find(values), counts, len(pieces.first)))


def _settle(pieces: Pieces, values: Values, counts: Ints, *, rows: int) -> Pieces:
    """Count the rows of every piece; join those with too few to a stretch beside them, or give them up."""
    while True:
        pieces = _counted(pieces, values, counts)
        small = np.flatnonzero(pieces.count < rows)
        if not len(small) or len(pieces.first) == 1:
            return pieces
        first, last, code = pieces.first.copy(), pieces.last.copy(), pieces.code
        keep = np.ones(len(first), dtype=bool)
        wide = first != last
        step = 1 if pieces.is_lattice else 0
        for i in small:  # pieces, not rows; few, for cuts are made at BIN_ROWS or more
            if i and not keep[i - 1]:
                continue  # its neighbour has just gone: count again first
            if i and wide[i - 1] and wide[i] and last[i - 1] + step == first[i]:
                last[i - 1] = last[i]
            elif i + 1 < len(first) and wide[i + 1] and wide[i] and last[i] + step == first[i + 1]:
                first[i + 1] = first[i]
            keep[i] = False
        if not keep.any():
            keep[np.argmax(pieces.count)] = True
        pieces = _numbered(first[keep], last[keep], code[keep])


def _filled(pieces: Pieces, values: Values, crowd: Crowd, *, rows: int) -> Pieces:
    """The pieces with their holes filled, if enough people's rows lie in holes: each unit of a hole is as frequent as
    all of them are on average. Which units those are, the pieces alone say: nobody need have the value."""
    own = _own(pieces, values, crowd.rows) >= rows
    stretch = np.flatnonzero(
        pieces.holes & ~(own[:-1] & own[1:])
    )  # a bin that stands on rows in the hole reaches there
    if len(stretch):
        left = stretch[~own[stretch]]
        right = np.setdiff1d(stretch, left)
        first, last = pieces.first.copy(), pieces.last.copy()
        last[left], first[right + 1] = first[left + 1] - 1, last[right] + 1
        pieces = _counted(Pieces(first, last, pieces.code, pieces.count, pieces.size), values, crowd.rows)
    before = np.flatnonzero(pieces.holes)
    if not len(before):
        return pieces
    first, last = pieces.last[before] + 1, pieces.first[before + 1] - 1
    at = np.searchsorted(first, values, side="right") - 1
    inside = (at >= 0) & (values <= last[at])
    if crowd.apart[inside].sum() < rows:
        return pieces
    host = np.where(pieces.count[before] <= pieces.count[before + 1], before, before + 1)
    order = np.argsort(np.r_[pieces.first, first], kind="stable")
    firsts, lasts = np.r_[pieces.first, first][order], np.r_[pieces.last, last][order]
    group = np.r_[pieces.code, pieces.code[host]][order]
    filled = _counted(_numbered(firsts, lasts, group), values, crowd.rows)
    new = order >= len(pieces.first)
    units = (lasts - firsts + 1)[new]
    count = filled.count.copy()
    count[new] = filled.count[new].sum() * units / units.sum()
    return replace(filled, count=count)


def _own(pieces: Pieces, values: Values, counts: Ints) -> Floats:
    """(P,) rows that each piece's code can draw as they are; `count` also has those whose nearest piece it is."""
    piece = pieces.find(values)
    inside = (values >= pieces.first[piece]) & (values <= pieces.last[piece])
    return tally(pieces.code[piece[inside]], counts[inside], pieces.size)[pieces.code]


def _pooled(values: Values, counts: Ints, *, bounds: tuple[Any, Any], domain: tuple[Any, Any]) -> Pieces:
    """Too few rows to show any value: the declared range, else one near the median that nobody has."""
    middle = values[np.searchsorted(np.cumsum(counts), int(counts.sum()) // 2, side="right")]
    limits = np.iinfo(np.int64) if values.dtype.kind == "i" else np.finfo(np.float64)
    least, most = limits.min if domain[0] is None else domain[0], limits.max if domain[1] is None else domain[1]
    blurred = values.dtype.type(_blurred(middle.item(), values, least, most))
    low = blurred if bounds[0] is None else bounds[0]
    high = max(blurred, low) if bounds[1] is None else bounds[1]
    first, last = np.array([min(low, high)], values.dtype), np.array([high], values.dtype)
    return Pieces(first, last, np.zeros(1, np.int64), np.array([float(counts.sum())]), 1)


def _blurred(value: float | int, values: Values, least: float, most: float) -> float | int:
    """The value to one significant digit, or the nearest such number that is none of the values; wholes stay whole."""
    digit, power = f"{value:.0e}".split("e")
    tens = [int(digit) + by for up in range(len(values) + 1) for by in (up, -up)]
    near = [ten * int(10 ** int(power)) if isinstance(value, int) else float(f"{ten}e{power}") for ten in tens]
    return next((number for number in near if number not in values and least <= number <= most), type(value)(0))
