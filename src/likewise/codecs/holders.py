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
At = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Persons:
    """Whose each row is, numbered once for all columns.

    Args:
        numbers: (n,) the person of each row, 0 .. P-1.
        names: (P,) what tells them apart in every chunk, ascending.
    """

    numbers: Ints
    names: pl.Series

    @classmethod
    def of(cls, keys: pl.Series) -> Self:
        return cls(*_numbered(keys))


@dataclass(frozen=True)
class Holders:
    """The distinct pairs of a value and a person who has it. They are as private as the data, and add up.

    Args:
        values: (m,) distinct, ascending.
        place: (N,) the value of each pair.
        person: (N,) its person.
        names: (P,) of the persons, as `Persons` has them.
    """

    values: pl.Series
    place: Ints
    person: Ints
    names: pl.Series

    @classmethod
    def of(cls, values: pl.Series, persons: pl.Series | Persons | None) -> Self | None:
        """Of the rows that have a value; None where each row is a person of its own."""
        if persons is None:
            return None
        persons = persons if isinstance(persons, Persons) else Persons.of(persons)
        known = values.is_not_null()
        place, distinct = _numbered(values.filter(known))
        return cls._of(distinct, place, persons.numbers[known.to_numpy()], persons.names)

    @classmethod
    def spread(cls, values: pl.Series, at: At, persons: Persons) -> Self:
        """Of values, some of them perhaps alike or null, and (n,) which of them each row holds."""
        known = values.is_not_null()
        place = np.full(len(values), -1, np.int64)
        place[known.to_numpy()], distinct = _numbered(values.filter(known))
        of_rows = place[at]
        some = of_rows >= 0
        return cls._of(distinct, of_rows[some], persons.numbers[some], persons.names)

    @classmethod
    def _of(cls, values: pl.Series, place: Ints, person: Ints, names: pl.Series) -> Self:
        both = _distinct(place * len(names) + person)
        return cls(values, both // max(len(names), 1), both % max(len(names), 1), names)

    @property
    def pairs(self) -> pl.DataFrame:
        """(N,) value, person."""
        return pl.DataFrame({"value": self.values.gather(self.place), "person": self.names.gather(self.person)})

    def merge(self, other: Self | None) -> Self:
        assert other is not None, "chunks of one column all have persons, or none has"
        numbers, names = _numbered(pl.concat([self.names, other.names]))
        places, values = _numbered(pl.concat([self.values, other.values]))
        n, m = len(self.names), len(self.values)
        place = np.concatenate([places[:m][self.place], places[m:][other.place]])
        person = np.concatenate([numbers[:n][self.person], numbers[n:][other.person]])
        return self._of(values, place, person, names)

    def count(self) -> pl.DataFrame:
        """Each value and the people who have it."""
        return pl.DataFrame({"value": self.values, "people": np.bincount(self.place, minlength=len(self.values))})

    def numbered(self, values: npt.NDArray[np.generic], place: Ints) -> tuple[Ints, Ints]:
        """(N,) the place of each pair's value and the number of its person, places ascending.

        Args:
            values: (m,) the distinct values, ascending.
            place: (m,) where each of them goes; several may share one.
        """
        at = place[np.searchsorted(values, self.values.to_numpy())][self.place]
        n_people = max(len(self.names), 1)
        both = _distinct(at * n_people + self.person)
        return both // n_people, both % n_people


def _distinct(numbers: Ints) -> Ints:
    """The distinct ones, ascending."""
    ordered = np.sort(numbers)
    found: Ints = ordered[np.diff(ordered, prepend=-1) != 0]
    return found


def _numbered(values: pl.Series) -> tuple[Ints, pl.Series]:
    """(n,) the place of each value among the distinct ones, and those, ascending."""
    if values.dtype == pl.String:
        distinct = values.unique().sort()
        return values.cast(pl.Enum(distinct)).to_physical().to_numpy().astype(np.int64), distinct
    plain, place = np.unique(values.to_numpy(), return_inverse=True)
    return place.astype(np.int64), pl.Series(plain, dtype=values.dtype)


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
