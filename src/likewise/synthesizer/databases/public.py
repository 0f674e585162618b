"""What anybody may know of a database within a budget of privacy: its keys, and what a person said of its columns.

Nothing here hangs on a row: tables that are made anew go back, by foreign keys that were told, to the rows of one root
table; lists are kept as they are. What cannot be covered is refused, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from likewise.databases.database import Database
from likewise.databases.graph import Graph
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema, key_text
from likewise.databases.links.makers import Fresh, Maker, Position
from likewise.databases.links.making import Keys
from likewise.dp.codec import private_codec
from likewise.dp.declaration import Declaration
from likewise.dp.ledger import DP, Ledger
from likewise.errors import OptionError, PrivacyError, nearest
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.dtypes import dtype_name
from likewise.synthesizer.databases.table import telling_of

TOLD = (None, "told")
"""Evidence of what a person said."""
ROOM = 2**31 - 1
"""Numbers that keys count on to."""


@dataclass(frozen=True)
class Public:
    """What is known of a database beside its rows.

    Args:
        root: the table whose rows are protected, each with all that goes back to it.
        schema: its keys, as far as they were told.
        graph: how its tables follow each other.
        columns: of each table that is made anew, its columns without keys.
        keys: how keys are made.
        most: rows of a root in each table that count.
    """

    root: str
    schema: DatabaseSchema
    graph: Graph
    columns: Mapping[str, Declaration]
    keys: Keys
    most: int

    @classmethod
    def of(cls, database: Database, budget: DP) -> Public:
        """Of the schema of a database.

        Raises:
            PrivacyError: the budget cannot cover something, or something is not declared.
            OptionError: the budget names no root, or another one than the schema.
        """
        root = _root_of(database.schema, budget)
        schema = _told(database.schema)
        owner, sides = links_within(schema, root)
        order = _ordered(schema, [*owner.values(), *(key for keys in sides.values() for key in keys)])
        graph = Graph(order, owner, sides, ())
        declared = {}
        for name in order:
            if not schema.tables[name].kept:
                with telling_of(name, owner.get(name)):
                    declared[name] = _declared(name, database, schema, budget)
        for name, columns in declared.items():  # what is dropped orders nothing
            if schema.tables[name].order not in (None, *columns.names):
                schema = schema.replace(name, order=None)
        keys = _keys(database, schema, budget)
        return cls(root, schema, graph, declared, keys, budget.max_rows)

    def most_of(self, table: str) -> int:
        """Rows of a table that one row of its owner has at most, by its keys."""
        key = self.graph.owner[table]
        return 1 if any(set(own) <= set(key.columns) for own in self.schema.tables[table].keys) else self.most

    def is_whole(self, key: ForeignKey) -> bool:
        """Whether each row points at one, by its keys or by a person's word on the columns that point."""
        said = self.schema.tables[key.table].columns
        told = said is not None and all(
            c in said and said[c].nullable is False and "nullable" not in said[c].found for c in key.columns
        )
        return told or self.schema.is_required(key)

    @property
    def made(self) -> list[str]:
        """Tables that are made anew, each behind its owner."""
        return [name for name in self.graph.order if name in self.columns]


def _root_of(schema: DatabaseSchema, budget: DP) -> str:
    if budget.root is None:
        raise OptionError(
            "a budget of a database protects persons, each a row of one table with all rows that go back to it: give "
            f"privacy=lw.DP({budget.epsilon:g}, {budget.delta:g}, root='users', max_rows=...) (--root, --max-rows), "
            "where max_rows, as anybody may know it, is how many rows of each table count for one"
        )
    if budget.root not in schema.tables:
        raise OptionError(f"root: there is no table {budget.root!r}{nearest(budget.root, schema.tables)}")
    if schema.root not in (None, budget.root):
        raise OptionError(f"the budget names the root {budget.root!r}, and the schema {schema.root!r}")
    if schema.tables[budget.root].kept:
        raise PrivacyError(f"table {budget.root!r} is kept as it is, and no budget hides what is given away")
    return budget.root


def _told(schema: DatabaseSchema) -> DatabaseSchema:
    """The keys that a person told.

    Raises:
        PrivacyError: foreign keys were found in the rows.
    """
    found = [key for key in schema.foreign if schema.evidence.get(str(key)) not in TOLD]
    if found:
        lines = "".join(f"\n    {str(key)!r}," for key in found)
        raise PrivacyError(
            "under differential privacy keys that were found in the rows count for nothing. Say those that anybody may "
            f"know of, all of them (--key):\nlw.Database(tables, keys=[{lines}\n])"
        )
    tables = {}
    for name, table in schema.tables.items():
        if table.checks:
            raise OptionError(f"table {name!r}: rules (checks) of a database do not go with a budget of privacy yet")
        pointed = [key.parent_columns for key in schema.into(name)]
        said = [own for own in table.keys if own in pointed or schema.evidence.get(key_text(name, own)) in TOLD]
        primary = table.primary if table.primary in said else next(iter(pointed), ())
        unique = tuple(own for own in dict.fromkeys(pointed) if set(own) != set(primary))
        order = table.order if schema.evidence.get(f"order of {name}") in TOLD else None
        tables[name] = TableSchema(primary=primary, unique=unique, order=order, columns=table.columns, kept=table.kept)
    return DatabaseSchema(tables, schema.foreign, {}, schema.root)


def links_within(
    schema: DatabaseSchema, root: str
) -> tuple[dict[str, ForeignKey], dict[str, tuple[ForeignKey, ...]]]:  # fmt: skip
    """By which key the rows of each table go back to the root, and the others, which point at kept rows.

    Raises:
        PrivacyError: a table goes back to no root, or by several keys, or points at rows that are made anew.
    """
    kept = {name for name, table in schema.tables.items() if table.kept}
    owner: dict[str, ForeignKey] = {}
    while True:
        leads = {root, *owner}
        more = {
            key.table for key in schema.foreign
            if key.parent in leads and key.table not in {*leads, *kept} and not key.is_self
        }  # fmt: skip
        if not more:
            break
        owner |= {name: _owner_of(schema, name, leads) for name in sorted(more)}
    if lost := sorted(set(schema.tables) - kept - {root, *owner}):
        raise PrivacyError(
            f"table {lost[0]!r} goes back to no row of {root!r}, so no budget covers it: keep its rows as they are "
            "where anybody may know them (kept=True, --keep), tell the key by which they do, or leave the table out"
        )
    sides = {}
    for name in schema.tables:
        others = [key for key in schema.of(name) if key != owner.get(name)]
        if strange := [key for key in others if key.parent not in kept]:
            raise PrivacyError(
                f"{strange[0]} points at rows that are made anew, and is not the key by which rows of {name!r} belong "
                "to theirs; within a budget no such key is learnt yet: leave it out of the keys, and its columns out "
                "of the table"
            )
        sides[name] = tuple(others)
    return owner, sides


def _owner_of(schema: DatabaseSchema, table: str, leads: Iterable[str]) -> ForeignKey:
    own = [key for key in schema.of(table) if key.parent in leads]
    inside = [key for key in own if set(key.columns) <= set(schema.tables[table].primary)]
    if len(inside or own) > 1:
        names = ", ".join(map(str, own))
        raise PrivacyError(
            f"rows of {table!r} go back to a root by several keys ({names}), and a row has one person: put one of them "
            "into its primary key, or leave the others out"
        )
    return (inside or own)[0]


def _ordered(schema: DatabaseSchema, keys: Sequence[ForeignKey]) -> tuple[str, ...]:
    left, found = sorted(schema.tables), list[str]()
    while left:
        ready = [t for t in left if not any(key.table == t and key.parent in left for key in keys)]
        if not ready:
            raise PrivacyError(f"kept tables point at each other in a circle: {', '.join(map(repr, left))}")
        found += ready[:1]
        left.remove(ready[0])
    return tuple(found)


def _declared(name: str, database: Database, schema: DatabaseSchema, budget: DP) -> Declaration:
    """The columns of a table that are learnt, as they were declared.

    Raises:
        OptionError: there is no schema of them.
        PrivacyError: something of one is not declared.
    """
    frame, said = database.tables[name], schema.tables[name].columns
    own = [c for c in frame.columns if c not in schema.key_columns(name)]
    if said is None and own:
        raise OptionError(
            "privacy needs a schema of the columns: infer one (lw.infer), look it through as what anybody may know, "
            "declare bounds, levels and nullable in it, and set it as 'columns' of the table's schema"
        )
    if said is not None and (lost := [c for c in own if c not in said]):
        raise PrivacyError(
            f"its schema says nothing of column {lost[0]!r}: declare it, or give it role 'drop', which leaves it out"
        )
    columns = tuple(replace(said[c], dtype=dtype_name(frame.schema[c])) for c in own if said is not None)
    columns = tuple(replace(c, role=Role.FEATURE) if _tells_whose(c) else c for c in columns)
    stored = {c: frame.schema[c] for c in own}
    declaration = Declaration.of(Schema(columns), stored, replace(budget, root=None, max_rows=1))
    return Declaration(tuple(c for c in declaration if c.role is not Role.DROP))


def _tells_whose(column: Column) -> bool:
    return column.role is Role.ENTITY and column.kind is not Kind.ID


def _keys(database: Database, schema: DatabaseSchema, budget: DP) -> Keys:
    """How keys are made: whole numbers count, texts follow a declared form.

    Raises:
        PrivacyError: a key is of another kind.
    """
    makers: dict[str, dict[str, Maker]] = {}
    dtypes: dict[str, dict[str, pl.DataType]] = {}
    for name, table in schema.tables.items():
        frame, pointing = database.tables[name], {c for key in schema.of(name) for c in key.columns}
        own = dict.fromkeys(c for key in (*table.keys, *(key.columns for key in schema.of(name))) for c in key)
        makers[name] = {}
        dtypes[name] = {c: pl.Categorical() if isinstance(frame.schema[c], pl.Enum) else frame.schema[c] for c in own}
        for c in own:
            if not (frame.schema[c].is_integer() or _is_text(frame.schema[c])):
                raise PrivacyError(
                    f"key column {c!r} of table {name!r} is stored as {dtype_name(frame.schema[c])}; within a budget "
                    "keys must be whole numbers or texts, for how others are read may hang on no row"
                )
            if c not in pointing and not table.kept:
                makers[name][c] = _maker(name, c, frame.schema[c], table, pointing, budget)
    return Keys(schema, makers, dtypes)


def _maker(
    name: str, column: str, dtype: pl.DataType, table: TableSchema, pointing: Iterable[str], budget: DP
) -> Maker:  # fmt: skip
    key = next(key for key in table.keys if column in key)
    if len(key) > 1:
        if not set(key) - {column} <= set(pointing):
            raise PrivacyError(
                f"{key_text(name, key)}: of a key of several columns all but one must point at other rows, and that "
                "one then counts rows, as within a budget nothing is told from the rows"
            )
        return Position(1, 1)
    if dtype.is_integer():
        return Fresh(None, 1, ROOM, 1.0)
    said = None if table.columns is None or column not in table.columns else table.columns[column]
    form = None if said is None or "format" in said.found else said.format
    wanted = Column(name=column, kind=Kind.ID, role=Role.ID, dtype="String", format=form)
    none = pl.DataFrame({column: pl.Series([], dtype=pl.String)})
    (codec,) = private_codec(none, Schema((wanted,)), Ledger(replace(budget, root=None, max_rows=1))).codecs
    return Fresh(codec)  # type: ignore[arg-type]


def _is_text(dtype: pl.DataType) -> bool:
    return dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
