"""Whose each row is: the person, or what else stands at the top, that a row of a database goes back to.

Rows of a person, with all that hangs on them, are learnt or held out together, and people are counted behind what is
kept. Each table has one *home* at most, a foreign key by which its rows belong to whom the row pointed at belongs to;
rows without one are roots of their own.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from likewise.databases.graph import Graph, Links, rank
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.naming import same, table_names
from likewise.schema.keys import KIN, PEOPLE, SERVING, is_key_word, names_a_person, parts_of
from likewise.schema.persons import LEAST_ENTITIES, parted
from likewise.typing import Bools, Ints

LEAST = 20
"""Rows that are pointed at, below which they are a list and nobody's home, unless they are people by name."""
LISTED = 10
"""Rows that point at each row of a list, on average."""


@dataclass(frozen=True)
class Roots:
    """Whose the rows of each table are.

    Args:
        homes: by table, the foreign key by which its rows belong to others; roots and lists have none.
        kept: tables that stay as they are, which are nobody's.
        columns: of tables without a home, the column that tells whose a row is, if one does.

    Example:
        >>> key = ForeignKey.of("orders.user -> users.id")
        >>> whose = Roots({"orders": key}).whose({key: np.array([1, 0, 1])}, {"users": 2, "orders": 3}, {})
        >>> whose["users"].tolist(), whose["orders"].tolist()
        ([0, 1], [1, 0, 1])
    """

    homes: Mapping[str, ForeignKey]
    kept: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)

    def root_of(self, table: str) -> str:
        """The table to whose rows those of a table go back."""
        while table in self.homes:
            table = self.homes[table].parent
        return table

    def belonging(self, table: str) -> list[str]:
        """The tables whose rows go back to those of a table, itself left out."""
        return [name for name in self.homes if self.root_of(name) == table]

    def whose(
        self, links: Mapping[ForeignKey, Ints], rows: Mapping[str, int], tables: Mapping[str, pl.DataFrame]
    ) -> dict[str, Ints]:
        """By table, (n,) a number for whose each row is, the same in all of them.

        Args:
            links: (n,) of each home the row that is pointed at, below 0 for none.
            rows: n, by table.
            tables: those in which a column tells it.
        """
        first = dict(zip(rows, np.cumsum([0, *rows.values()]).tolist(), strict=False))
        found: dict[str, Ints] = {}

        def told(name: str) -> Ints:
            if name not in found:
                own = first[name] + np.arange(rows[name])
                if name in self.columns:
                    keys = tables[name][self.columns[name]]
                    place = keys.rank("dense").fill_null(0).to_numpy().astype(np.int64)
                    firsts = np.unique(place, return_index=True)[1]
                    own = np.where(place > 0, own[firsts][np.searchsorted(np.unique(place), place)], own)
                elif name in self.homes:
                    at, above = links[self.homes[name]], told(self.homes[name].parent)
                    own = np.where(at >= 0, above[np.maximum(at, 0)], own) if len(above) else own
                found[name] = own
            return found[name]

        return {name: told(name) for name in rows}


def roots_of(
    schema: DatabaseSchema, graph: Graph, links: Mapping[ForeignKey, Links], tables: Mapping[str, pl.DataFrame]
) -> Roots:
    """Whose the rows of a database are.

    A declared root (`DatabaseSchema.root`) takes all tables that lead to it. Else tables of people (`people_of`) are
    roots, and take what leads to them: of several the one whose people are served, as a visit is the patient's and not
    the doctor's, then the one of most people. Of what leads to none the home is its owner, as it is drawn. Lists are
    nobody's home: tables that are kept, those of which few rows are pointed at, and those that point at nothing, have a
    name for each row and many rows that point at it. A column of the role `entity` beats all that in its table.

    Args:
        links: what the rows of each foreign key show.
        tables: the real rows.
    """
    people = {schema.root} if schema.root is not None else people_of(schema)
    serving = _serving(schema, people)
    homes, columns, leads = dict[str, ForeignKey](), dict[str, str](), set(people)
    early = [key for key in schema.foreign if key not in graph.late and not schema.tables[key.parent].kept]
    for table in graph.order:
        if schema.tables[table].kept:
            continue
        own = [key for key in early if key.table == table and links[key].n]
        said = _declared_entity(schema, table)
        by_word = [key for key in own if key.columns == (said,)]
        toward = [key for key in own if key.parent in leads and _are_enough(schema, key, links[key])]
        if said is not None and not by_word and said in tables[table].columns:
            columns[table] = said
        elif by_word or (table not in people and toward):
            root = {key: Roots(homes).root_of(key.parent) for key in by_word or toward}
            many = {key: (of not in serving, len(tables[of])) for key, of in root.items()}
            homes[table] = max(many, key=lambda key: (*many[key], *_rank(schema, graph, key, links[key])))
            leads.add(table)
        elif table not in people:
            fit = [key for key in own if not _is_list(schema, key, links[key], tables[key.parent])]
            if fit:
                homes[table] = max(fit, key=lambda key: _rank(schema, graph, key, links[key]))
    return Roots(homes, frozenset(name for name, table in schema.tables.items() if table.kept), columns)


def held_out(roots: Roots, whose: Mapping[str, Ints], share: float, least: int, rng: np.random.Generator) -> Bools:
    """(persons,) whose rows are kept from training, in all tables: of each root table such a share of all rows at most.

    Args:
        least: persons of a root table, below which none is held out.
    """
    held = np.zeros(sum(map(len, whose.values())), bool)
    for table in sorted(whose):
        if roots.root_of(table) == table and table not in roots.kept:
            rows = np.concatenate([whose[table], *(whose[name] for name in sorted(roots.belonging(table)))])
            if len(np.unique(rows)) >= least:
                held[rows[parted(rows, share, rng)[1]]] = True
    return held


def is_label(column: pl.Series) -> bool:
    """Whether texts tell all rows apart, and are no numbers."""
    if column.dtype != pl.String or column.n_unique() < len(column):
        return False
    return column.cast(pl.Float64, strict=False).is_null().all()


def people_of(schema: DatabaseSchema) -> set[str]:
    """Tables whose rows are people: one each that are called after them, or of which a key of one column is
    ("PATIENT", "id_cliente"); but none that is kept, or whose rows are those of another table, one each."""
    names = table_names(schema.tables)
    return {name for name in schema.tables if _are_people(schema, name, names[name].words)}


def _are_people(schema: DatabaseSchema, table: str, words: tuple[str, ...]) -> bool:
    own = schema.tables[table]
    keys = [set(key) for key in own.keys]
    alone = not any(set(key.columns) in keys for key in schema.of(table) if not key.is_self)
    called = any(same(word, who) for word in words[-1:] for who in PEOPLE - KIN)
    return alone and not own.kept and (called or any(len(k) == 1 and names_a_person(*k) for k in keys))


def _serving(schema: DatabaseSchema, people: set[str]) -> set[str]:
    """Those of some tables whose people serve others: doctors, sellers."""
    names = table_names(schema.tables)

    def last(table: str) -> str:
        words = names[table].words[-1:]
        if any(same(word, who) for word in words for who in PEOPLE):
            return words[0]
        keys = (parts_of(*key) for key in schema.tables[table].keys if len(key) == 1)
        return next((named[-1] for key in keys if (named := [w for w in key if not is_key_word(w)])), "")

    return {table for table in people if any(same(last(table), who) for who in SERVING)}


def _declared_entity(schema: DatabaseSchema, table: str) -> str | None:
    columns = schema.tables[table].columns
    if columns is None or columns.entity is None or "role" in columns[columns.entity].found:
        return None
    return columns.entity


def _are_enough(schema: DatabaseSchema, key: ForeignKey, links: Links) -> bool:
    return schema.root is not None or links.pointed >= LEAST_ENTITIES


def _is_list(schema: DatabaseSchema, key: ForeignKey, links: Links, parents: pl.DataFrame) -> bool:
    if links.pointed < LEAST:
        return True
    alone = not any(not other.is_self for other in schema.of(key.parent))
    named = any(is_label(parents[name]) for name in parents.columns if name not in schema.tables[key.parent].primary)
    return alone and named and links.n >= LISTED * links.pointed


def _rank(schema: DatabaseSchema, graph: Graph, key: ForeignKey, links: Links) -> tuple[object, ...]:
    return graph.owner.get(key.table) == key, round(links.share, 2), rank(schema, key, links)
