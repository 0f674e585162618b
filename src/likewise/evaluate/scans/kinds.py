"""Rows that several tables have in common, told from their hashes, which lie on the disk and are never all held.

What is kept is how many different rows stand so often in each table: such counts add up, in whatever parts they are
made. Hashes are sorted shard by shard; a part of all of them is what lies between two numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from likewise.engines.base import Engine
from likewise.evaluate.attacks.copies import Once, beside_repeats, once_figure
from likewise.evaluate.attacks.rates import exact_contrast
from likewise.evaluate.attacks.sides import LEAST_DIFFERENT, Repeating, share_of, what_repeats
from likewise.evaluate.figure import Figure
from likewise.hashing import Hashes
from likewise.sources.scratch import closed
from likewise.typing import Ints

MOST = 3
"""Times that a row stands in a table, from which on it is all the same."""

HELD = 2**22
"""Hashes of all tables that are held at a time, about."""

CROWDS = (2, 3, 5, 10, 20)
"""Sizes of classes, under which rows are counted."""

REAL, SYNTHETIC, HOLDOUT = range(3)


@dataclass(frozen=True)
class Kinds:
    """Different rows, by how often each stands in the real, the synthetic and the holdout table.

    Args:
        kinds: (4, 4, 4) how many there are; the last of each axis is `MOST` times or more.
        rows: (3, 4, 4, 4) rows of each table that they are.
        times: what the counts of all different rows of the real and of the holdout table can be divided by; 0 for none.
        smallest: (3,) rows of each table that share the rarest row; 0 where it has none.
        under: (3, C) rows of each table that share theirs with fewer than so many (`CROWDS`), themselves included.
    """

    kinds: Ints
    rows: Ints
    times: tuple[int, int]
    smallest: tuple[int, ...]
    under: Ints

    @classmethod
    def of(cls, tables: Sequence[Hashes], each: tuple[int, int] = (1, 1)) -> Self:
        """Of the rows of the three tables, or of a part of all hashes.

        Args:
            each: as how many rows of the real and of the holdout table one counts.
        """
        ordered = [np.sort(table) for table in tables]
        values = np.unique(np.concatenate(ordered))
        counts = np.stack([np.searchsorted(t, values, "right") - np.searchsorted(t, values, "left") for t in ordered])
        real, holdout = counts[REAL], counts[HOLDOUT]
        times = int(np.gcd.reduce(real)), int(np.gcd.reduce(holdout))
        smallest = tuple(int(c[c > 0].min()) if c.any() else 0 for c in counts)
        under = np.stack([[c[c < k].sum() for k in CROWDS] for c in counts]).astype(np.int64)
        counts = counts // np.array([each[0], 1, each[1]])[:, None]
        size = MOST + 1
        cell = np.ravel_multi_index(tuple(np.minimum(counts, MOST)), (size,) * 3)
        kinds = np.bincount(cell, minlength=size**3)
        rows = [np.bincount(cell, c, minlength=size**3) for c in counts]
        shape = (size,) * 3
        return cls(
            kinds.reshape(shape), np.stack(rows).astype(np.int64).reshape(3, *shape), times, smallest, under
        )  # fmt: skip

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """Of parts that have no hash in common."""
        some = list(parts)
        smallest = [tuple(k for k in sizes if k) for sizes in zip(*(p.smallest for p in some), strict=True)]
        return cls(
            np.sum([p.kinds for p in some], axis=0), np.sum([p.rows for p in some], axis=0),
            (int(np.gcd.reduce([p.times[0] for p in some])), int(np.gcd.reduce([p.times[1] for p in some]))),
            tuple(min(sizes, default=0) for sizes in smallest), np.sum([p.under for p in some], axis=0),
        )  # fmt: skip

    def n(self, table: int) -> int:
        """Rows of a table."""
        return int(self.rows[table].sum())

    def n_different(self, table: int) -> int:
        return int(np.moveaxis(self.kinds, table, 0)[1:].sum())

    def met(self, table: int, other: int) -> int:
        """Rows of a table that stand in another."""
        return int(np.moveaxis(self.rows[table], other, 0)[1:].sum())

    def repeated(self, table: int) -> int:
        """Rows of a table that stand there more than once."""
        return int(np.moveaxis(self.rows[table], table, 0)[2:].sum())

    def alone(self) -> Kinds:
        """As if each different row stood once in a table, and none of the real ones in the holdout table."""
        kinds, rows = np.zeros_like(self.kinds), np.zeros_like(self.rows)
        for (t, s, h), found in np.ndenumerate(self.kinds):
            to = (0, s, 0) if t and h else (min(t, 1), s, min(h, 1))
            kinds[to] += found
            rows[(SYNTHETIC, *to)] += self.rows[SYNTHETIC, t, s, h]
            for table in (REAL, HOLDOUT):
                rows[(table, *to)] += found * to[table]
        return Kinds(kinds, rows, (1, 1), self.smallest, self.under)


@dataclass(frozen=True)
class Copies:
    """What the rows that tables have in common say of copies.

    Args:
        whole: of all rows.
        each: of rows as often as each counts, where every one stands there several times,
        times: of the real and of the holdout table.
    """

    whole: Kinds
    each: Kinds
    times: tuple[int, int] = (1, 1)

    @cached_property
    def repeating(self) -> Repeating:
        """Whether rows repeat by chance, or are one person's."""
        kinds = self.each
        if not kinds.n(HOLDOUT):
            return "chance"
        repeated = [share_of(kinds.repeated(t), kinds.n(t)) for t in (REAL, HOLDOUT)]
        return what_repeats(repeated, [self.overlap, share_of(kinds.met(REAL, HOLDOUT), kinds.n(REAL))])

    @property
    def overlap(self) -> Figure:
        """Holdout rows that stand in the real ones."""
        return share_of(self.each.met(HOLDOUT, REAL), self.each.n(HOLDOUT))

    def beside(self) -> Figure:
        """Synthetic rows that stand in the real ones, beside holdout rows that do; else beside what repeats there."""
        kinds = self.whole
        hits, n = kinds.met(SYNTHETIC, REAL), kinds.n(SYNTHETIC)
        if kinds.n(HOLDOUT):
            control = kinds if self.repeating == "distinct" else self.each
            return exact_contrast(hits, n, control.met(HOLDOUT, REAL), control.n(HOLDOUT))
        n_groups = int(kinds.kinds[2:].sum())
        return beside_repeats(hits, n, kinds.repeated(REAL), n_groups, kinds.n(REAL))

    def once(self) -> Figure:
        """Synthetic rows equal to a real one that stands there once."""
        are_distinct = self.repeating == "distinct"
        kinds = self.each.alone() if are_distinct else self.each
        once, others = kinds.rows[:, 1], kinds.kinds[:, 1:, 1]
        found = Once(
            n=kinds.n(SYNTHETIC), n_train=kinds.n(REAL), m=kinds.n(HOLDOUT), hits=int(once[SYNTHETIC].sum()),
            chance=int(once[HOLDOUT].sum()), hit=int(kinds.kinds[1, 1:].sum()), others=int(others.sum()),
            twice=tuple(kinds.n(t) - kinds.n_different(t) for t in (SYNTHETIC, REAL, HOLDOUT)),  # type: ignore[arg-type]
            pairs=int(kinds.kinds[2].sum()),
        )  # fmt: skip
        figure = once_figure(found, are_distinct=are_distinct)
        return figure or exact_contrast(found.hits, found.n, found.chance, found.m)


# ---- on the disk -----------------------------------------------------------------------------------------------------


def spill(hashes: Hashes, path: Path) -> None:
    """Write hashes in order; a file that is begun again comes out the same."""
    beside = path.with_suffix(".part")
    closed(beside)
    np.sort(hashes).tofile(beside)
    beside.replace(path)


@dataclass(frozen=True)
class Spilled:
    """Files of sorted hashes, those of each of the three tables, and in how many parts they are looked at."""

    files: tuple[tuple[Path, ...], ...]
    parts: int
    each: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, files: Sequence[Sequence[Path]]) -> Self:
        n = sum(path.stat().st_size for table in files for path in table) // 8
        return cls(tuple(tuple(table) for table in files), max(1, -(-n // HELD)))


def kinds_in(part: int, spilled: Spilled) -> Kinds:
    """Of the hashes between two numbers."""
    low, high = (np.uint64(min(2**64 * k // spilled.parts, 2**64 - 1)) for k in (part, part + 1))
    is_last = part + 1 == spilled.parts

    def between(path: Path) -> Hashes:
        if not path.stat().st_size:
            return np.zeros(0, np.uint64)
        held = np.memmap(path, np.uint64, "r")
        start, stop = np.searchsorted(held, [low, high])
        return np.array(held[int(start) : None if is_last else int(stop)])

    tables = [[between(path) for path in table] for table in spilled.files]
    return Kinds.of([np.concatenate([*t, np.zeros(0, np.uint64)]) for t in tables], spilled.each)


def copies_in(engine: Engine, spilled: Spilled) -> Copies:
    """What all hashes tell of copies."""
    whole = all_kinds(engine, spilled)
    many = [whole.n_different(t) >= LEAST_DIFFERENT and whole.n(HOLDOUT) > 0 for t in (REAL, HOLDOUT)]
    each = tuple(max(1, n) if told else 1 for n, told in zip(whole.times, many, strict=True))
    if max(each) == 1:
        return Copies(whole, whole)
    times = each[0], each[1]
    return Copies(whole, all_kinds(engine, replace(spilled, each=times)), times)


def all_kinds(engine: Engine, spilled: Spilled) -> Kinds:
    return Kinds.merged(engine.map(kinds_in, range(spilled.parts), spilled))
