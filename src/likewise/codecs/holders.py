"""Who holds what: where a person has several rows, people are counted behind a value, not rows.

Nothing of this is kept in a codec. Without an entity each row is a person of its own, and rows are counted as they are.

Legend: n rows, N distinct pairs of a value and a person, m distinct values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Holders:
    """The distinct pairs of a value and a person who has it. They are as private as the data, and add up.

    Args:
        pairs: value, person.
    """

    pairs: pl.DataFrame

    @classmethod
    def of(cls, values: pl.Series, persons: pl.Series | None) -> Self | None:
        """Of the rows that have a value; None where each row is a person of its own."""
        if persons is None:
            return None
        pairs = pl.DataFrame([values.rename("value"), persons.rename("person")])
        return cls(pairs.drop_nulls("value").unique())

    def merge(self, other: Self | None) -> Self:
        assert other is not None, "chunks of one column all have persons, or none has"
        return type(self)(self.pairs.vstack(other.pairs).unique())

    def count(self) -> pl.DataFrame:
        """Each value and the people who have it."""
        return self.pairs.group_by("value").agg(pl.len().alias("people"))

    def numbered(self, values: npt.NDArray[np.generic], place: Ints) -> tuple[Ints, Ints]:
        """(N,) the place of each pair's value and the number of its person, places ascending.

        Args:
            values: (m,) the distinct values, ascending.
            place: (m,) where each of them goes; several may share one.
        """
        at = place[np.searchsorted(values, self.pairs["value"].to_numpy())]
        person = self.pairs["person"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
        n_people = int(person.max(initial=0)) + 1
        both = np.sort(at * n_people + person)
        both = both[np.diff(both, prepend=-1) != 0]
        return both // n_people, both % n_people


def merged(a: Holders | None, b: Holders | None) -> Holders | None:
    return None if a is None else a.merge(b)


def apart(person: Ints, rows: int) -> Ints:
    """Places in a sequence that are left when any `rows` neighbours among them shall be different people's.

    Args:
        person: (N,) whose each value is, in the order of the values.
    """
    left = np.arange(len(person))
    while True:
        whose, again = person[left], np.zeros(len(left), bool)
        for lag in range(1, min(rows, len(left))):
            again[lag:] |= whose[lag:] == whose[:-lag]
        if not again.any():
            return left
        left = left[~again]


@dataclass(frozen=True)
class Crowd:
    """How much stands behind each of a column's values. Without an entity all three are the same.

    Args:
        rows: (m,) rows that hold it.
        people: (m,) people who have it.
        apart: (m,) pairs of a value and a person that are left when any few neighbours are different people's, so that
            what stands for so many neighbours stands for as many people.
    """

    rows: Ints
    people: Ints
    apart: Ints

    @classmethod
    def of(cls, counts: Ints, whose: tuple[Ints, Ints] | None, *, rows: int) -> Self:
        """Of (m,) rows a value and the places and persons that `Holders.numbered` gives."""
        if whose is None:
            return cls(counts, counts, counts)
        place, person = whose
        people, left = (np.bincount(at, minlength=len(counts)) for at in (place, place[apart(person, rows)]))
        return cls(counts, people, left)
