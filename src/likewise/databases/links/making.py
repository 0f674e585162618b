"""The keys of a database, made last: new ones for the rows, and copies where rows point at them.

A key column copies that of the row it points at, or is made (`makers`): new keys, of which no real one is among them
but where a type is too narrow for more; positions within the owner; or values that were drawn with the row and are
moved apart where a key would come twice. Tables that are kept keep theirs.

Legend: n rows of a table; links, (n,) rows of the parent's table, -1 for none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import State, take_value
from likewise.databases.keys import Columns, DatabaseSchema, ForeignKey
from likewise.databases.links.apart import apart, repeated
from likewise.databases.links.makers import Drawn, Fresh, Maker, Position, maker_from, maker_of
from likewise.databases.pointing import rows_at
from likewise.errors import ModelFileError, SchemaError
from likewise.schema.dtypes import dtype_from_name, dtype_name
from likewise.typing import Bools, Ints

Links = Mapping[ForeignKey, Ints]
_BINARY = "Binary"
_MOST_WIDTH = 64


@dataclass(frozen=True)
class Keys:
    """How all key columns of a database are made.

    Args:
        schema: its tables and keys.
        makers: table -> column -> how it is made; columns that only copy are not among them.
        dtypes: table -> key column -> its type.
        widths: (table, column) -> digits, of texts that copy numbers with noughts before them.

    Example:
        >>> from likewise.databases.database import Database
        >>> users, orders = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"no": [7, 8, 9], "user": [1, 1, 2]})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> keys = Keys.fit(shop.tables, shop.schema)
        >>> (key,) = shop.schema.foreign
        >>> made, lost = keys.make({}, {"users": 2, "orders": 2}, {key: np.array([1, 0])}, np.random.default_rng(0))
        >>> made["users"]["id"].to_list(), made["orders"]["user"].to_list()
        ([10, 11], [11, 10])
    """

    schema: DatabaseSchema
    makers: Mapping[str, Mapping[str, Maker]]
    dtypes: Mapping[str, Mapping[str, pl.DataType]]
    widths: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, tables: Mapping[str, pl.DataFrame], schema: DatabaseSchema, whose: Mapping[str, Ints] | None = None
    ) -> Self:
        """Learn it from the real tables.

        Args:
            whose: by table, (n,) the person of each row; None counts rows behind the form of a key.
        """
        people = whose or {}
        found = {name: dict(_makers(tables[name], name, schema, people.get(name))) for name in schema.tables}
        makers = {name: {c: some[c] for c in _columns(name, schema) if c in some} for name, some in found.items()}
        dtypes = {
            name: {c: _type(tables[name][c], found, name, schema) for c in _columns(name, schema)}
            for name in schema.tables
        }
        copies = ((key.table, column) for key in schema.foreign for column in key.columns)
        widths = {(t, c): width for t, c in copies if (width := _width(tables[t][c]))}
        return cls(schema, makers, dtypes, widths)

    def learnt(self, table: str) -> tuple[str, ...]:
        """Key columns whose values say something, such as a year or a date: to be learnt and drawn as any others are,
        and handed to `make`."""
        return tuple(c for c, maker in self.makers[table].items() if isinstance(maker, Drawn))

    def made(self, table: str) -> tuple[str, ...]:
        """Columns that `make` makes, and that are not to be learnt."""
        return tuple(c for c in self.dtypes[table] if c not in self.learnt(table))

    def make(
        self, tables: Mapping[str, pl.DataFrame], rows: Mapping[str, int], links: Links, rng: np.random.Generator,
        fixed: Collection[tuple[str, str]] = (),
    ) -> tuple[dict[str, pl.DataFrame], dict[str, int]]:  # fmt: skip
        """Give rows their keys.

        Args:
            tables: name -> (n, ...) what was drawn, the columns of `learnt` among them; all of a table that is kept.
            rows: name -> n.
            links: of each foreign key. Where two of a table share a column, the rows they point at agree in it.
            fixed: tables and columns of keys that rows hold already, and that point at nothing.

        Returns:
            Name -> (n', ...) with the key columns behind those that were given, and how many rows of each table were
            left out, for there was no further key of their kind or they pointed at one that was left out.

        Raises:
            SchemaError: keys of one type cannot be written as another, or two that share a column do not agree.
        """
        work = _Work(self, tables, rows, links, rng, fixed)
        made = {name: work.table(name) for name in self.schema.tables}
        work.check()
        frames, lost = _left_out(made, self.schema, links)
        kept = {name: frame.filter(~pl.Series(lost[name])) for name, frame in frames.items()}
        return kept, {name: int(gone.sum()) for name, gone in lost.items() if gone.any()}

    # ---- state -------------------------------------------------------------------------------------------------------

    def to_state(self) -> State:
        """A JSON-able dict and arrays, without the schema."""
        tables: dict[str, Any] = {}
        arrays: dict[str, npt.NDArray[Any]] = {}
        for t, (table, makers) in enumerate(self.makers.items()):
            plain = {}
            for c, (column, maker) in enumerate(makers.items()):
                plain[column], parts = maker.to_state()
                arrays.update({f"key{t}.{c}.{name}": array for name, array in parts.items()})
            types = {c: _type_name(d) for c, d in self.dtypes[table].items()}
            widths = {c: w for (t_, c), w in self.widths.items() if t_ == table}
            tables[table] = {"makers": plain, "dtypes": types, "widths": widths}
        return {"tables": tables}, arrays

    @classmethod
    def from_state(
        cls, schema: DatabaseSchema, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        tables = take_value(data, "tables", dict)
        if list(tables) != list(schema.tables):
            raise ModelFileError("keys: their tables are not those of the schema")
        makers: dict[str, dict[str, Maker]] = {}
        dtypes, widths = {}, {}
        for t, (table, plain) in enumerate(tables.items()):
            makers[table] = {}
            for c, (column, entry) in enumerate(take_value(plain, "makers", dict).items()):
                mark = f"key{t}.{c}."
                makers[table][column] = maker_from(
                    entry, {k.removeprefix(mark): v for k, v in arrays.items() if k.startswith(mark)}
                )
            types = take_value(plain, "dtypes", dict)
            if set(types) != set(_columns(table, schema)):
                raise ModelFileError(f"keys: the columns of table {table!r} are not those of the schema")
            try:
                dtypes[table] = {c: _type_from(d) for c, d in types.items()}
            except (SchemaError, TypeError, pl.exceptions.PolarsError) as error:
                raise ModelFileError(f"keys: a column of table {table!r} has no known type") from error
            for column, width in take_value(plain, "widths", dict).items():
                if not isinstance(width, int) or not 0 < width <= _MOST_WIDTH:
                    raise ModelFileError(f"keys: column {column!r} of table {table!r} has no such width")
                widths[table, column] = width
        return cls(schema, makers, dtypes, widths)


def _type(
    column: pl.Series, makers: Mapping[str, Mapping[str, Maker]], table: str, schema: DatabaseSchema
) -> pl.DataType:
    """The type that made keys have: an Enum has no room for new ones."""
    at = [(key.parent, there) for key, there in _sources(table, column.name, schema)] or [(table, column.name)]
    is_new = any(not schema.tables[t].kept and isinstance(makers[t].get(c), Fresh | None) for t, c in at)
    return pl.Categorical() if isinstance(column.dtype, pl.Enum) and is_new else column.dtype


def _columns(table: str, schema: DatabaseSchema) -> tuple[str, ...]:
    """The columns of a table that stand in a key, unique ones among them."""
    own = [*schema.tables[table].keys, *(key.columns for key in schema.of(table))]
    return tuple(dict.fromkeys(column for columns in own for column in columns))


def _sources(table: str, column: str, schema: DatabaseSchema) -> Iterator[tuple[ForeignKey, str]]:
    """What a column copies: the foreign key and the column there; not itself, as the company of a composite key that
    points at its own table."""
    for key in schema.of(table):
        if column in key.columns:
            there = key.parent_columns[key.columns.index(column)]
            if (key.parent, there) != (table, column):
                yield key, there


def _is_circular(table: str, column: str, schema: DatabaseSchema) -> bool:
    """Whether a column copies, by whatever way, itself: then one of the circle is made."""
    seen: set[tuple[str, str]] = set()
    open_ = [(table, column)]
    while open_:
        at = open_.pop()
        for key, there in _sources(*at, schema):
            if (key.parent, there) == (table, column):
                return True
            if (key.parent, there) not in seen:
                seen.add((key.parent, there))
                open_.append((key.parent, there))
    return False


def _makers(
    frame: pl.DataFrame, table: str, schema: DatabaseSchema, whose: Ints | None
) -> Iterator[tuple[str, Maker]]:  # fmt: skip
    own, counting = schema.tables[table], set[str]()
    for column in reversed(_columns(table, schema)):  # numbers of lines stand behind what they are lines of
        if any(True for _ in _sources(table, column, schema)):
            if _is_circular(table, column, schema):
                yield column, Fresh.of(frame[column], whose)
            continue
        keys = [key for key in own.keys if column in key]
        longest: Columns = max(keys, key=len, default=(column,))
        rest = None if (column,) in keys else frame.select(c for c in longest if c != column)
        may_count = not counting & {c for key in keys for c in key}
        rest = rest if rest is not None and rest.width else None
        maker = maker_of(frame[column], rest, may_count=may_count, whose=whose)
        counting |= {column} if isinstance(maker, Position) else set()
        learnt = column not in schema.key_columns(table)  # a unique mail address, say: only repeats are made anew
        yield column, Drawn.of(frame[column], whose) if learnt and isinstance(maker, Fresh) else maker


def _type_name(dtype: pl.DataType) -> str | list[str]:
    """As JSON holds a type; of fixed levels these."""
    if isinstance(dtype, pl.Enum):
        return list(dtype.categories)
    return _BINARY if dtype == pl.Binary else dtype_name(dtype)


def _type_from(name: Any) -> pl.DataType:
    if isinstance(name, list):
        return pl.Enum(name)
    return pl.Binary() if name == _BINARY else dtype_from_name(name)


def _width(series: pl.Series) -> int:
    """Digits of texts that are numbers with noughts before them, all as long; 0 of all else."""
    known = series.drop_nulls()
    if known.dtype != pl.String or not len(known) or not known.str.contains(r"^\d+$").all():
        return 0
    lengths = known.str.len_chars()
    return int(lengths[0]) if lengths.n_unique() == 1 and known.str.starts_with("0").any() else 0


class _Work:
    """Columns made one after the other, each once, whatever points at what."""

    def __init__(
        self, keys: Keys, tables: Mapping[str, pl.DataFrame], rows: Mapping[str, int], links: Links,
        rng: np.random.Generator, fixed: Collection[tuple[str, str]],
    ) -> None:  # fmt: skip
        self.fixed = fixed
        self.keys, self.tables, self.rows, self.links, self.rng = keys, tables, rows, links, rng
        self.schema = keys.schema
        self.done: dict[tuple[str, str], pl.Series] = {}
        self.begun: set[tuple[str, str]] = set()

    def table(self, name: str) -> pl.DataFrame:
        """What was given, and its key columns."""
        given = self.tables.get(name, pl.DataFrame())
        made = [self.column(name, column) for column in self.keys.dtypes[name]]
        return given.with_columns(made) if given.width else pl.DataFrame(made)

    def column(self, table: str, column: str) -> pl.Series:
        """(n,) one key column."""
        at = table, column
        if at not in self.done:
            self.begun.add(at)
            self.done[at] = self._new(table, column).alias(column)
        return self.done[at]

    def _new(self, table: str, column: str) -> pl.Series:
        sources = [one for one in _sources(table, column, self.schema) if one[0] in self.links]
        ready = [(k, c) for k, c in sources if (k.parent, c) in self.done or (k.parent, c) not in self.begun]
        if ready:
            copies = pl.DataFrame({f"c{i}": self._copy(k, c, table, column) for i, (k, c) in enumerate(ready)})
            return copies.select(pl.coalesce("*")).to_series()
        if self.schema.tables[table].kept or (table, column) in self.fixed:
            return self.tables[table][column]
        maker, n = self.keys.makers[table].get(column), self.rows[table]
        dtype = self.keys.dtypes[table][column]
        if maker is None:
            return pl.Series([None], dtype=dtype).new_from_index(0, n)
        if isinstance(maker, Fresh):
            return self._with_missing(maker.make(n, dtype, self.rng), table, column, maker.missing_share)
        keys = [key for key in self.schema.tables[table].keys if column in key]
        if isinstance(maker, Position):
            rest = self._rest(table, column, max(keys, key=len))
            place = pl.int_range(pl.len(), dtype=pl.Int64).over(rest.columns)
            return rest.select(place * maker.step + maker.first).to_series().cast(dtype)
        drawn = self.tables[table][column]
        drawn = drawn if isinstance(drawn.dtype, pl.Enum) else drawn.cast(dtype)
        for key in keys:
            if self._movable(table, key) == column:
                drawn = apart(drawn, self._rest(table, column, key), maker, self.rng)
        return drawn

    def _movable(self, table: str, key: Columns) -> str | None:
        """The column of a key that is moved where two rows share it: the last that has steps, else the last drawn; None
        where new keys and positions keep rows apart."""
        makers = self.keys.makers[table]
        if any(isinstance(makers.get(c), Fresh | Position) for c in key):
            return None
        drawn = [(maker.step > 0, i, c) for i, (c, maker) in enumerate(makers.items()) if isinstance(maker, Drawn)]
        return max((one for one in drawn if one[2] in key), default=(False, 0, None))[2]

    def _rest(self, table: str, column: str, key: Columns) -> pl.DataFrame:
        """(n, ...) the other columns of a key, or one that is the same everywhere."""
        others = [c for c in key if c != column]
        return pl.DataFrame([self.column(table, c) for c in others] or {"": np.zeros(self.rows[table], np.int8)})

    def check(self) -> None:
        """Raises SchemaError where a row does not hold what the row that it points at does."""
        for key, link in self.links.items():
            for own, there in zip(key.columns, key.parent_columns, strict=True):
                held, copied = self.column(key.table, own), self._copy(key, there, key.table, own)
                if ((held != copied) & pl.Series(link >= 0)).any():
                    raise SchemaError(
                        f"foreign key {key}: rows point at rows that differ from them in {own!r}, which another key "
                        "holds as well"
                    )

    def _copy(self, key: ForeignKey, there: str, table: str, column: str) -> pl.Series:
        """(n,) the parent's column, where rows point at it, as this column's type has it."""
        values, link = self.column(key.parent, there), self.links[key]
        dtype = self.keys.dtypes[table][column]
        copied = values.gather(rows_at(link))
        if copied.dtype == dtype:
            return copied
        made = copied.cast(dtype, strict=False)
        if width := self.keys.widths.get((table, column)):
            made = made.str.zfill(width)
        if made.null_count() > copied.null_count():
            raise SchemaError(
                f"foreign key {key}: made keys of type {values.dtype} cannot be written as {dtype}, as {column!r} is"
            )
        return made

    def _with_missing(self, made: pl.Series, table: str, column: str, share: float) -> pl.Series:
        """The share without a key, among rows that nothing points at."""
        if not share or column in self.schema.tables[table].primary:
            return made
        free = np.ones(len(made), bool)
        for key in self.schema.into(table):
            if column in key.parent_columns and key in self.links:
                free[self.links[key][self.links[key] >= 0]] = False
        rows = self.rng.permutation(np.flatnonzero(free))[: round(share * len(made))]
        return made.scatter(rows, None) if len(rows) else made


def _left_out(
    made: Mapping[str, pl.DataFrame], schema: DatabaseSchema, links: Links
) -> tuple[dict[str, pl.DataFrame], dict[str, Bools]]:
    """The tables, in which links to rows that are left out are none where a row need not point; and which rows of each
    are left out, for they repeat a key or must point at one that is."""
    frames = dict(made)
    lost = {name: np.zeros(len(frame), bool) for name, frame in made.items()}
    for name, frame in made.items():
        for own in () if schema.tables[name].kept else schema.tables[name].keys:
            lost[name] |= repeated(frame.select(own))
    while True:
        before = sum(int(gone.sum()) for gone in lost.values())
        for key, link in links.items():
            at = np.flatnonzero(link >= 0)
            at = at[lost[key.parent][link[at]]]
            table = schema.tables[key.table]
            free = [c for c in key.columns if c not in (*table.primary, *table.required)]
            if free:
                mask = np.zeros(len(link), bool)
                mask[at] = True
                frames[key.table] = frames[key.table].with_columns(
                    pl.when(~pl.lit(pl.Series(mask))).then(pl.col(c)).alias(c) for c in free
                )
            else:
                lost[key.table][at] = True
        if before == sum(int(gone.sum()) for gone in lost.values()):
            return frames, lost
