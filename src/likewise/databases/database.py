"""Several tables and their keys, as one value."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from likewise.databases.folder import TableFile, holds_tables, read_folder, write_folder
from likewise.databases.inference import infer_keys, told_keys, with_orders
from likewise.databases.integrity import Orphans, Problem, problems, settled
from likewise.databases.keys import DatabaseSchema, ForeignKey, key_text
from likewise.databases.overview import Overview, overview
from likewise.databases.pointing import parent_rows
from likewise.databases.sql.reading import read
from likewise.databases.sql.reflection import Names, tell
from likewise.databases.sql.sampling import Sample
from likewise.databases.sql.urls import is_sql
from likewise.databases.sql.values import SqlSource
from likewise.databases.sql.writing import check_target, write
from likewise.errors import InputError, LikewiseWarning, SchemaError, nearest
from likewise.notebook import Picture, Table, card
from likewise.tables.atomic import PathLike
from likewise.tables.frames import from_frame
from likewise.tables.pandas import word_on_index

Keys = DatabaseSchema | Mapping[str, Any] | Sequence[str] | None


class Database(Mapping[str, Any]):
    """Tables that point at each other: a mapping of names to frames, each of the kind that came.

    Args:
        tables: name -> pandas, Polars or Arrow frame; what is drawn is of the kind that came, table by table. A Polars
            frame may be without rows.
        keys: None finds them (`infer_keys`). Texts such as "orders.user_id -> users.id" are all foreign keys that there
            are, and "users(id)" a primary key; those that no text tells are found. A mapping says the same:
            `{"orders.user_id": "users.id", "users": "id"}`. A `DatabaseSchema` is taken as it is.
        root: the table whose rows are persons: all rows that go back to one are protected together. None finds it
            (docs/databases.md).

    Attributes:
        tables: name -> Polars frame.
        schema: a `DatabaseSchema`.

    Raises:
        InputError: a table is no frame.
        SchemaError: a key names a table or a column that is not there.

    Example:
        >>> import polars as pl
        >>> users, orders = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"no": [7, 8, 9], "user": [1, 1, 2]})
        >>> shop = Database({"users": users, "orders": orders})
        >>> [str(key) for key in shop.schema.foreign], shop.schema.tables["orders"].primary
        (['orders.user -> users.id'], ('no',))
    """

    def __init__(self, tables: Mapping[str, Any], keys: Keys = None, *, root: str | None = None) -> None:
        if not isinstance(tables, Mapping) or not tables:
            raise InputError("a database is a mapping of names to tables, one at least")
        self.tables: dict[str, pl.DataFrame] = {}
        self._give_back: dict[str, Callable[[pl.DataFrame], Any]] = {}
        for name, table in tables.items():
            if str(name) in self.tables:
                raise InputError(f"two tables are called {str(name)!r}")
            try:
                frame, give_back = _frame(table)
                if told := word_on_index(table):
                    warnings.warn(f"table {str(name)!r}: {told}", LikewiseWarning, stacklevel=2)
            except InputError as error:
                raise InputError(f"table {str(name)!r}: {error}") from error
            self.tables[str(name)], self._give_back[str(name)] = frame, give_back
        self.schema = _schema_of(self.tables, keys)
        if root is not None:
            self.schema = replace(self.schema, root=root)
        self._check_columns()
        self._rows: dict[ForeignKey, NDArray[np.int64]] = {}
        self._is_settled = False

    @classmethod
    def lies_at(cls, source: PathLike) -> bool:
        """Whether a source, a path or a URL, is a database: a folder of tables, and not of the parts of one; a workbook
        of several sheets; a database of SQL.
        """
        return is_sql(source) or holds_tables(source)

    @classmethod
    def read(cls, source: PathLike) -> Self:
        """The database at a source, a path or a URL, whatever it is: `from_folder`, `from_sql`.

        Raises:
            InputError: it cannot be read.
        """
        return cls.from_sql(source) if is_sql(source) else cls.from_folder(source)

    @classmethod
    def from_folder(cls, path: PathLike, keys: Keys = None) -> Self:
        """The tables of a folder, a file each, or a folder of files each; or the sheets of an Excel workbook.

        A `database.json` in it (`DatabaseSchema.to_json`) tells the keys; without, or with `keys`, it is as above.

        Args:
            path: of the folder or workbook.
            keys: what `Database` takes.

        Raises:
            InputError: there is no such folder, or no table in it, or one cannot be read.
            SchemaError: `database.json` does not hold together, or names what is not there.
        """
        found = read_folder(path)
        database = cls(found.tables, found.schema if keys is None else keys)
        database.files = found.files
        return database

    files: Mapping[str, TableFile] = MappingProxyType({})
    """How the tables that came from a folder were stored."""

    def to_folder(self, path: PathLike, replace: bool = False) -> None:
        """Write all tables, in the formats they came in (else CSV), and `database.json` with the keys: the whole folder
        or nothing.

        Args:
            path: of the folder.
            replace: a folder that is there makes place; without, one that holds files is refused.

        Raises:
            OutputError: the folder holds files already, or cannot be written.
        """
        write_folder(self.tables, self.schema, path, self.files, replace_it=replace)

    # ---- SQL ---------------------------------------------------------------------------------------------------------

    @classmethod
    def from_sql(
        cls, url: PathLike, tables: Names = None, schema: Names = None, sample: Sample = None,
        random_state: int | None = None,
    ) -> Self:  # fmt: skip
        """The tables of a database of SQL, all as they were at one moment.

        Args:
            url: `postgresql://user@host/shop`, `mysql://...`, or the path of a file of SQLite or DuckDB.
            tables: some of its tables, or views; None: all tables.
            schema: in which they lie; several, or "*" for all; None: the one that the user sees first.
            sample: how many rows of a table that points at no other, or `{"customers": 500}`; with all that hangs on
                them, and all that this points at. None: all rows.
            random_state: seed of which.

        Raises:
            InputError: the database cannot be reached or read, or has no such table.
            MissingExtraError: SQLAlchemy, or DuckDB, is not installed.
        """
        frames, keys, source = read(os.fspath(url), schema, tables, sample, np.random.default_rng(random_state))
        made = cls(frames, with_orders(frames, keys))
        made.source = source
        tell(source)
        return made

    def to_sql(
        self, url: PathLike, schema: str | None = None, replace: bool = False, like: Database | SqlSource | None = None,
        dry_run: PathLike | None = None,
    ) -> None:  # fmt: skip
        """Write all tables to a database of SQL, or none.

        Args:
            url: as of `from_sql`; a file that is not there is made.
            schema: in which to write.
            replace: rows that stand there make place; without, a table with rows is refused.
            like: the database whose tables those made are like: types, defaults, CHECKs, generated columns. None: the
                one that these came from; if from none, what the frames hold.
            dry_run: a file that takes the statements instead.

        Raises:
            OutputError: the database refuses it; it is as before.
            InputError: it cannot be reached.
        """
        source = like.source if isinstance(like, Database) else like
        write(
            self.tables, self.schema, os.fspath(url), schema=schema, replace_rows=replace, like=source or self.source,
            dry_run=dry_run,
        )  # fmt: skip

    def check_sql(self, url: PathLike, schema: str | None = None, replace: bool = False) -> None:
        """Find out before long work whether tables like these can be written there (`to_sql`).

        Args:
            url: of the database, and `schema` in it.
            replace: whether rows that stand there make place.

        Raises:
            OutputError: the user may not make tables there; rows stand in them, and are not to be replaced; these
                tables came from there themselves.
            InputError: it cannot be reached.
        """
        check_target(self.tables, self.schema, os.fspath(url), schema=schema, replace_rows=replace, source=self.source)

    source: SqlSource | None = None
    """What the database of SQL says that the tables came from, beyond their keys."""

    # ---- what holds --------------------------------------------------------------------------------------------------

    def parent_rows(self, key: ForeignKey) -> NDArray[np.int64]:
        """(n,) the row of its parent that each row of a table points at; -1: at none; -2: at one that is not there.

        Values are compared in one type: 1, "1" and 1.0 are the same key.
        """
        if key not in self._rows:
            own, parent = self.tables[key.table], self.tables[key.parent]
            self._rows[key] = parent_rows(own, key.columns, parent, key.parent_columns)
        return self._rows[key]

    def problems(self) -> tuple[Problem, ...]:
        """What does not hold: keys that rows share or lack, rows that point at nothing that is there, required cells
        that are missing, circles of tables of which none can be the first. Counts only."""
        return problems(self.tables, self.schema, self.parent_rows)

    def settled(self, orphans: Orphans | None = None) -> Self:
        """The database as it can be learnt: `integrity.settled`, with a warning that says what was done.

        Args:
            orphans: what becomes of rows that point at rows which are not there. "null" takes their key for missing,
                where it may be, and leaves the rows out where not; "drop" leaves all of them out; "keep"; "error".
                None: "null", but for a database that was settled before.

        Raises:
            InputError: rows share or lack a key that tells rows apart; or are orphans and `orphans="error"`.
        """
        if orphans is None and self._is_settled:
            return self
        other = self.with_tables(settled(self.tables, self.schema, orphans or "null", self.parent_rows))
        other._is_settled = True
        return other

    def overview(self) -> Overview:
        """Its tables, its keys and what their rows show, and a picture of how tables point."""
        return overview(self)

    def __repr__(self) -> str:
        rows = sum(map(len, self.tables.values()))
        return f"Database({len(self.tables)} tables, {len(self.schema.foreign)} foreign keys, {rows:,} rows)"

    def _repr_html_(self) -> str:
        view = overview(self)
        tables = Table(*view.table_lines()), Table(*view.relation_lines())
        return card(repr(self), Picture(view.svg()), *tables, *map(str, view.problems))

    def with_schema(self, schema: DatabaseSchema) -> Self:
        """The same tables, with other keys.

        Raises:
            SchemaError: a key names a table or a column that is not there.
        """
        other = copy(self)
        other.schema, other._rows, other._is_settled = schema, {}, False
        other._check_columns()
        return other

    def with_tables(self, tables: Mapping[str, pl.DataFrame], schema: DatabaseSchema | None = None) -> Self:
        """Other rows of some of the tables, and other keys where these are told."""
        other = copy(self)
        other.schema = self.schema if schema is None else schema
        other.tables, other._is_settled = {**self.tables, **tables}, False
        same = {name for name, table in other.tables.items() if table is self.tables.get(name)}
        other._rows = {key: rows for key, rows in self._rows.items() if {key.table, key.parent} <= same}
        other._check_columns()
        return other

    def _check_columns(self) -> None:
        if missing := set(self.schema.tables) ^ set(self.tables):
            name = sorted(missing)[0]
            raise SchemaError(
                f"table {name!r} stands in one of the schema and the tables{nearest(name, self.tables)}; "
                "both must name the same"
            )
        for name, frame in self.tables.items():
            own = [*self.schema.tables[name].named, *(c for key in self.schema.of(name) for c in key.columns)]
            for column in own:
                if column not in frame.columns:
                    raise SchemaError(f"table {name!r} has no column {column!r}{nearest(column, frame.columns)}")

    def __getitem__(self, name: str) -> Any:
        return self._give_back[name](self.tables[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def _schema_of(tables: Mapping[str, pl.DataFrame], keys: Keys) -> DatabaseSchema:
    if isinstance(keys, DatabaseSchema):
        return keys
    if isinstance(keys, Mapping) and "format" in keys:
        return DatabaseSchema.from_dict(keys)
    return infer_keys(tables) if keys is None else told_keys(tables, _texts(keys))


def _texts(keys: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """What a mapping says, as texts."""
    if isinstance(keys, str):
        return [keys]
    inner = keys.values() if isinstance(keys, Mapping) else keys if isinstance(keys, Iterable) else [keys]
    if not all(
        isinstance(text, str) or (isinstance(keys, Mapping) and isinstance(text, list | tuple)) for text in inner
    ):
        raise SchemaError("keys are texts, such as 'orders.user_id -> users.id' and 'users(id)', or a mapping of them")
    if not isinstance(keys, Mapping):
        return list(keys)
    texts = []
    for left, right in keys.items():
        if isinstance(right, str) and ("." in right or "(" in right):
            texts.append(f"{left} -> {right}")
        else:
            texts.append(key_text(left, (right,) if isinstance(right, str) else tuple(right)))
    return texts


def _frame(table: Any) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    if isinstance(table, pl.DataFrame) and not len(table) and table.width:
        return table, lambda out: out
    return from_frame(table)


def as_database(data: Any, keys: Keys = None) -> Database | None:
    """A database, or a mapping of names to frames as one; None of anything else.

    Example:
        >>> as_database({"x": [1, 2]}) is None, as_database({"a": pl.DataFrame({"x": [1]})}, keys=[]).schema.foreign
        (True, ())
    """
    if isinstance(data, Database):
        return data if keys is None or isinstance(keys, DatabaseSchema) else Database(data.tables, keys)
    return Database(data, keys) if holds_frames(data) else None


def holds_frames(data: Any) -> bool:
    """Whether it is a mapping of names to frames.

    Example:
        >>> holds_frames({"a": pl.DataFrame({"x": [1]})}), holds_frames({"x": [1, 2]})
        (True, False)
    """
    return isinstance(data, Mapping) and bool(data) and all(map(_is_frame, data.values()))


def _is_frame(table: Any) -> bool:
    return hasattr(table, "columns") or hasattr(table, "column_names")
