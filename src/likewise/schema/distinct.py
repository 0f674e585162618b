"""A column as its distinct values: counted once, so that inference, parsing and coding look at each value once; and a
table of such columns, which takes a byte or two a cell.

Legend: n rows, k distinct known values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    from likewise.schema.glance import Glance

FEW = 0.5
"""Share of the rows: with more distinct texts than this, reading each row costs less than reading each text once."""

SOME = 1_000
"""Texts that are looked at to tell how a column is counted best."""

APART = np.uint64(0x9E3779B97F4A7C15)
"""By what the hashes of two columns are set apart: an odd number of many digits."""


@dataclass(frozen=True)
class Distinct:
    """The distinct known values of a column, in order of appearance where they are texts.

    Args:
        values: (k,) of the column's own type; texts for categories. After parsing some may be alike, or null.
        counts: (k,) rows of each.
        at: (n,) which of the values each row holds, null where it holds none, of the smallest type that fits; None
            where nobody needs it.

    Example:
        >>> d = Distinct.of(pl.Series(["b", None, "a", "b"]))
        >>> d.values.to_list(), d.counts.to_list(), d.spread(d.values.str.to_uppercase()).to_list()
        (['b', 'a'], [2, 1], ['B', None, 'A', 'B'])
    """

    values: pl.Series
    counts: pl.Series
    at: pl.Series | None = None

    @classmethod
    def of(cls, series: pl.Series) -> Distinct:
        """Counted anew."""
        if series.dtype == pl.String:
            few_are_alike = series.gather_every(max(1, len(series) // SOME)).n_unique() > SOME / 4
            if few_are_alike and (found := cls.of_all([series])):
                return found[0]
            # Polars' own table of categories is the fastest way to number texts of which many are alike.
            coded = series.cast(pl.Categorical(pl.Categories.random()))
        elif isinstance(series.dtype, pl.Categorical | pl.Enum):
            coded = series
        else:
            counted = series.drop_nulls().alias("value").value_counts(name="rows")
            return cls(counted["value"], counted["rows"])
        codes = coded.to_physical()
        known = coded.drop_nulls() if coded.null_count() else coded
        met = known.unique(maintain_order=True)
        numbers = np.arange(len(met)) if series.dtype == pl.String else met.to_physical().to_numpy()
        rows = np.bincount((codes.drop_nulls() if codes.null_count() else codes).to_numpy(), minlength=1)
        if (numbers != np.arange(len(numbers))).any():
            place = np.zeros(int(numbers.max()) + 1, np.uint32)
            place[numbers] = np.arange(len(numbers))
            codes = pl.Series(place).gather(codes)
        few = len(met) <= FEW * len(series)
        return cls(met.cast(pl.String), pl.Series(rows[numbers]), codes.cast(number_type(len(met))) if few else None)

    @classmethod
    def of_all(cls, columns: Sequence[pl.Series]) -> list[Distinct]:
        """Columns of as many texts, each counted anew, all in one go: of short ones the calls would cost most. Nothing
        where two texts have one hash."""
        n, texts = len(columns[0]), pl.concat(columns)
        rows = np.flatnonzero(texts.is_not_null().to_numpy())
        keys = texts.hash().to_numpy() + np.repeat(np.arange(len(columns), dtype=np.uint64) * APART, n)
        group = pl.Series(keys[rows]).rank("dense").to_numpy().astype(np.int64) - 1  # faster than numpy's unique
        first = np.empty(int(group.max(initial=-1)) + 1, np.int64)
        first[group[::-1]] = np.arange(len(rows))[::-1]  # the last one written stays
        order = np.argsort(first)  # values as they are met
        met, known = rows[first[order]], np.argsort(order)[group]
        values, at = texts.gather(met), np.zeros(len(texts), np.int64)
        if not ((met // n)[known] == rows // n).all() or not (values.gather(known) == texts.gather(rows)).all():
            return []
        at[rows], starts = known, np.searchsorted(met, np.arange(len(columns) + 1) * n)
        counts = pl.Series(np.bincount(known, minlength=len(met)))
        found = []
        for j, column in enumerate(columns):
            k, numbers = int(starts[j + 1] - starts[j]), None
            if k <= FEW * n:
                numbers = pl.Series(at[j * n : (j + 1) * n] - starts[j]).cast(number_type(k), strict=False)
                numbers = numbers.set(column.is_null(), None) if column.null_count() else numbers
            found.append(cls(values.slice(starts[j], k).alias(column.name), counts.slice(starts[j], k), numbers))
        return found

    def __len__(self) -> int:
        """Rows."""
        assert self.at is not None
        return len(self.at)

    @classmethod
    def numbered(cls, values: pl.Series, at: pl.Series) -> Distinct:
        """Of (n,) the number of each row's value."""
        known = at.drop_nulls() if at.null_count() else at
        return cls(values, pl.Series(np.bincount(known.to_numpy(), minlength=len(values))), at)

    def spread(self, values: pl.Series) -> pl.Series:
        """(n,) what became of each row's value, from (k,) what became of each value."""
        assert self.at is not None
        return values.gather(self.at)

    @property
    def numbers(self) -> npt.NDArray[np.unsignedinteger]:
        """(n,) which value each row holds, k where it holds none."""
        assert self.at is not None
        if not self.at.null_count():
            return self.at.to_numpy()
        return self.at.cast(number_type(len(self.values) + 1)).fill_null(len(self.values)).to_numpy()

    def rows(self, rows: npt.NDArray[np.int64]) -> Distinct:
        """The same values, and these rows."""
        assert self.at is not None
        return Distinct.numbered(self.values, self.at.gather(rows))


def with_null(values: pl.Series) -> pl.Series:
    """(k + 1,) the values, then what stands for no value."""
    return values.extend_constant(None, 1)


def number_type(k: int) -> type[pl.UInt8 | pl.UInt16 | pl.UInt32]:
    """The smallest type that numbers k values."""
    return pl.UInt8 if k <= 2**8 else pl.UInt16 if k <= 2**16 else pl.UInt32


class Columns:
    """A table as its columns, those of few values as `Distinct`.

    Args:
        columns: by name, in order; all of as many rows.
        n_rows: how many.
    """

    def __init__(self, columns: Mapping[str, pl.Series | Distinct], n_rows: int) -> None:
        self._columns, self._n_rows = dict(columns), n_rows

    @classmethod
    def of(cls, table: pl.DataFrame) -> Columns:
        return cls({series.name: series for series in table.get_columns()}, table.height)

    @classmethod
    def concat(cls, parts: Sequence[Columns]) -> Columns:
        """The rows of tables of the same columns, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls({n: _one_after_other([p[n] for p in parts]) for n in parts[0].columns}, sum(map(len, parts)))

    @property
    def columns(self) -> list[str]:
        return list(self._columns)

    @property
    def width(self) -> int:
        return len(self._columns)

    @property
    def height(self) -> int:
        return self._n_rows

    def __len__(self) -> int:
        return self._n_rows

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> pl.Series | Distinct:
        return self._columns[name]

    def dtype(self, name: str) -> pl.DataType:
        """Of the column's values."""
        column = self._columns[name]
        return (column.values if isinstance(column, Distinct) else column).dtype

    def series(self, name: str) -> pl.Series:
        """(n,) a column's values row by row."""
        column = self._columns[name]
        return (column.spread(column.values) if isinstance(column, Distinct) else column).alias(name)

    def frame(self, names: Iterable[str] | None = None) -> pl.DataFrame:
        """These columns, or all, as Polars has them."""
        return pl.DataFrame([self.series(name) for name in (self._columns if names is None else names)])

    def select(self, names: Iterable[str]) -> Columns:
        return Columns({name: self._columns[name] for name in names}, self._n_rows)

    def rename(self, names: Sequence[str]) -> Columns:
        return Columns(dict(zip(names, self._columns.values(), strict=True)), self._n_rows)

    def rows(self, rows: npt.NDArray[np.int64]) -> Columns:
        """These rows of every column."""
        columns = self._columns.items()
        plain = pl.DataFrame({name: c for name, c in columns if isinstance(c, pl.Series)})
        plain = plain[rows] if plain.width else plain  # one call for all
        taken = {name: c.rows(rows) if isinstance(c, Distinct) else plain[name] for name, c in columns}
        return Columns(taken, len(rows))

    def slice(self, start: int, n: int) -> Columns:
        """The n rows from one on, or as many as there are."""
        return self.rows(np.arange(start, min(start + n, self._n_rows)))

    def known(self, name: str, n: int) -> pl.Series:
        """The first n known values of a column, or as many as there are."""
        column = self._columns[name]
        if isinstance(column, Distinct):
            assert column.at is not None
            return column.values.gather(column.at.drop_nulls().head(n))
        return column.drop_nulls().head(n)

    def holding(self, name: str, text: str) -> npt.NDArray[np.uint32]:
        """The rows of a column that hold this text."""
        column = self._columns[name]
        if not isinstance(column, Distinct):
            return (column == text).arg_true().to_numpy() if column.dtype == pl.String else np.empty(0, np.uint32)
        assert column.at is not None
        found = (column.values == text).arg_true()
        return column.at.is_in(found.implode()).arg_true().to_numpy() if len(found) else found.to_numpy()

    def pop(self, name: str) -> pl.Series | Distinct:
        """A column, which the table then lacks."""
        return self._columns.pop(name)


def _one_after_other(parts: Sequence[pl.Series | Distinct]) -> pl.Series | Distinct:
    """The rows of one column's parts, of few values if these are the same ones in each."""
    coded = [part for part in parts if isinstance(part, Distinct)]
    if len(coded) == len(parts) and all(part.values.equals(coded[0].values) for part in coded):
        return Distinct.numbered(coded[0].values, pl.concat([part.at for part in coded if part.at is not None]))
    return pl.concat([part.spread(part.values) if isinstance(part, Distinct) else part for part in parts])


class Coding:
    """A column of texts as it comes in blocks: numbered as long as its texts may repeat, and as it is from then on."""

    def __init__(self) -> None:
        self.dtype: pl.DataType = pl.Categorical(pl.Categories.random())
        """What the next rows are to be read as: Polars numbers texts as it reads them."""
        self._categories: pl.Categories = self.dtype.categories
        self._held: pl.Series | None = None
        self._parts: list[pl.Series] = []
        self._k, self._in_order = 0, True
        self.n_rows = 0

    def add(self, texts: pl.Series) -> None:
        """The next rows."""
        self.n_rows += len(texts)
        if self.dtype == pl.String:
            self._parts.append(texts)
            return
        self._held = texts.clear()  # Polars forgets the numbers that no series holds
        numbers = texts.to_physical()
        if isinstance(greatest := numbers.max(), int) and greatest >= self._k:
            new = numbers.filter(numbers >= self._k).unique(maintain_order=True).to_numpy()
            self._in_order &= bool((new == np.arange(self._k, self._k + len(new))).all())
            self._k = greatest + 1
        self._parts.append(numbers.cast(number_type(self._k)))
        if self._k > max(FEW * self.n_rows, 2**16):
            self._parts, self.dtype = self._texts(), pl.String()

    def _texts(self) -> list[pl.Series]:
        met = self._categories.to_series()
        return [met.gather(part) for part in self._parts]

    def column(self) -> pl.Series | Distinct:
        """All rows so far."""
        if self.dtype == pl.String or self._k > FEW * self.n_rows:
            return pl.concat(self._parts if self.dtype == pl.String else self._texts())
        numbers = pl.concat([part.cast(number_type(self._k)) for part in self._parts])
        values = self._categories.to_series().head(self._k)
        if not self._in_order:  # several threads number as they come
            met = numbers.drop_nulls().unique(maintain_order=True)
            place = np.zeros(self._k, np.uint32)
            place[met.to_numpy()] = np.arange(len(met))
            values, numbers = values.gather(met), pl.Series(place).gather(numbers).cast(number_type(len(met)))
        return Distinct.numbered(values, numbers)


@dataclass(frozen=True)
class Outline:
    """What is asked of a column beside its distinct values, where its rows are not held.

    Args:
        n, nulls: rows, and those without a value.
        in_order: whether the rows go up by one each, as a row number does.
    """

    name: str
    dtype: pl.DataType
    n: int
    nulls: int
    in_order: bool = False

    def null_count(self) -> int:
        return self.nulls

    def __len__(self) -> int:
        return self.n


class Counted:
    """The columns of one table as distinct values, each counted when it is first asked for.

    It stands beside a schema while a table is read, and holds its cells: it is stored nowhere.

    Args:
        table: as it came.
        typed: whether its cells are values of their types, not texts of a file; None for whether a column is of
            another type than text.
    """

    def __init__(self, table: pl.DataFrame | Columns, *, typed: bool | None = False) -> None:
        self.table = Columns.of(table) if isinstance(table, pl.DataFrame) else table.select(table.columns)
        of_texts = all(self.table.dtype(name) in (pl.String, pl.Null) for name in self.table.columns)
        self.typed = not of_texts if typed is None else typed
        self._known: dict[str, Distinct] = {}
        self.glances: dict[str, Glance] = {}

    def __getitem__(self, name: str) -> Distinct:
        column = self.table[name]
        if isinstance(column, Distinct):
            return column
        if name not in self._known:
            self._known[name] = Distinct.of(column)
        return self._known[name]

    def outline(self, name: str) -> pl.Series | Outline:
        """A column, or what is known of one whose rows are not held."""
        return self.table.series(name)

    def count(self, names: Sequence[str]) -> list[Distinct]:
        """These columns, those of texts that are not counted yet all together."""
        columns = {name: self.table[name] for name in names if name not in self._known}
        texts = {n: c for n, c in columns.items() if isinstance(c, pl.Series) and c.dtype == pl.String}
        self._known |= zip(texts, Distinct.of_all(list(texts.values())) if texts else [], strict=False)
        return [self[name] for name in names]

    @property
    def columns(self) -> list[str]:
        return self.table.columns

    def __len__(self) -> int:
        return len(self.table)

    def copy(self) -> Self:
        """The same, of which columns can be forgotten alone."""
        made = type(self)(self.table, typed=self.typed)
        made._known = dict(self._known)
        return made

    def forget(self, name: str) -> None:
        """Let go of a column that nobody asks for again."""
        self._known.pop(name, None)
        self.table.pop(name)
