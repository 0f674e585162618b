"""A database learnt: table by table, children told of the rows that they belong to.

Legend: n rows of a table, P of its parent.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.derived import Derived, find, learnable, shared_by_people
from likewise.databases.graph import Graph, Links, graph_of
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.links.agreeing import Agreements
from likewise.databases.links.codes import SideCodes
from likewise.databases.links.degrees import Degrees
from likewise.databases.links.late import LateLinks
from likewise.databases.links.levels import SelfLinks, children_of, levels_of
from likewise.databases.links.makers import Position
from likewise.databases.links.making import Keys
from likewise.databases.links.siblings import Siblings
from likewise.databases.pointing import MISSING
from likewise.databases.roots import LEAST, Roots, held_out, people_of, roots_of
from likewise.databases.sql.saved import portable
from likewise.databases.sql.values import SqlSource
from likewise.dp.ledger import Ledger
from likewise.errors import LikewiseWarning, OptionError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.dtypes import dtype_name
from likewise.schema.keys import names_a_person
from likewise.schema.persons import People, likely_entity
from likewise.synthesizer.databases.context import most_telling, shown, taken
from likewise.synthesizer.databases.days import Days
from likewise.synthesizer.databases.every import find_every
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.paired import pairs_of
from likewise.synthesizer.databases.plan import kinds, levels, numbers, plan_of
from likewise.synthesizer.databases.sums import Sum, find_sums, sum_of
from likewise.synthesizer.databases.table import (
    EMPTY,
    GROUPS,
    KEPT,
    TableModel,
    canonical,
    codes_of,
    context_of,
    counted_by,
    learn_rows,
    level_of,
    order_of,
    points_of,
    schema_of,
    seconds_of,
    sorted_by,
    telling_of,
    told_to,
    with_something,
)
from likewise.synthesizer.databases.within_rows import orders_of_times, reached
from likewise.training.turns import Turns
from likewise.typing import Bools, Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

MOST_LEVELS = 256
"""Whole numbers that may be levels."""
RARELY = 0.005
"""Of the pairs that would repeat by chance, those that may."""
SHARED = 0.5
"""Share of rows whose own rows are nobody's who is held out, from which these alone tell what holds of all groups."""
LEAST_SHOWN = 5
"""People who must stand behind a day that rows are drawn on."""
BY_CHANCE = 20
"""Pairs that would repeat by chance, from which it is none that none does."""


@dataclass(frozen=True)
class DatabaseModel:
    """What was learnt of a database.

    Args:
        tables: by name.
        keys: how keys are made.
        late: what the links are like that are made when all rows are there.
        derived: what rows of one table determine in another.
        agree: what foreign keys must agree in with others.
        siblings: what rows have in common that point at the same row by a further foreign key.
        degrees: how uneven the counts of rows are that point at each row of a table that is made anew.
        roots: whose the rows of each table are.
        source: what the database of SQL says that its tables came from, as a model file keeps it.
        ledger: what a budget of privacy was spent on; None without one.
    """

    schema: DatabaseSchema
    graph: Graph
    tables: dict[str, TableModel]
    keys: Keys
    late: Mapping[ForeignKey, SelfLinks | LateLinks]
    derived: tuple[Derived, ...] = ()
    agree: Mapping[ForeignKey, Agreements] = field(default_factory=dict)
    siblings: Mapping[ForeignKey, Siblings] = field(default_factory=dict)
    degrees: Mapping[ForeignKey, Degrees] = field(default_factory=dict)
    roots: Roots = field(default_factory=lambda: Roots({}))
    source: SqlSource | None = None
    ledger: Ledger | None = None

    @property
    def told(self) -> Schema:
        """The columns that conditions can be put on, as they are called there: `users.country`."""
        learnt = {name: table.synth for name, table in self.tables.items() if table.synth is not None}
        found = [(name, c) for name, inner in learnt.items() for c in inner.schema_]
        return Schema(tuple(replace(c, name=f"{name}.{c.name}") for name, c in found if "\0" not in c.name))


def learn_database(synth: Synthesizer, database: Database) -> DatabaseModel:
    """Learn all tables of a database.

    Raises:
        OptionError: something is asked for that databases cannot have.
        InputError, SchemaError, RuleError, TrainingError: of a table, which the text names.
    """
    schema = database.schema
    kept = [name for name, table in schema.tables.items() if table.kept]
    _check_kept(schema, kept)
    links = {key: np.maximum(database.parent_rows(key), MISSING) for key in schema.foreign}
    seen = {key: _seen(database, key, links[key]) for key in schema.foreign}
    graph = graph_of(schema, seen, kept)
    roots = roots_of(schema, graph, seen, database.tables)
    seed = int(np.random.SeedSequence(synth.random_state).generate_state(1, np.uint64)[0])
    early = [*graph.owner.values(), *(key for keys in graph.sides.values() for key in keys)]
    whose = roots.whose(links, {name: len(rows) for name, rows in database.tables.items()}, database.tables)
    derived = shared_by_people(find(database.tables, schema, seed_of(seed, ""), early), database.tables, whose)
    learning = _Learning(synth, database, learnable(database.tables, derived), graph, links, seed, roots, whose)
    for name in graph.order:
        with telling_of(name, graph.owner.get(name)):
            learning.table(name)
    agree = dict(_agreeing(database, graph, {key: links[key] for key in early}))
    whom = learning.people
    degrees = {key: Degrees.fit(learning.counts(key), whom[key.parent]) for key in early if key.parent not in kept}
    return DatabaseModel(
        schema,
        graph,
        learning.models,
        learning.keys,
        learning.late(),
        derived,
        agree,
        learning.siblings,
        degrees,
        learning.roots,
        None if database.source is None else portable(database.source, schema),
    )


def _agreeing(
    database: Database, graph: Graph, links: Mapping[ForeignKey, Ints]
) -> Iterator[tuple[ForeignKey, Agreements]]:
    """What further foreign keys of a table must agree in with those that are linked before them."""
    for name in graph.order:
        placed = [graph.owner[name]] if name in graph.owner else []
        for key in graph.sides[name]:
            found = Agreements.find(key, placed, database.schema, links, len(database.tables[key.parent]))
            if found != Agreements():
                yield key, found
            placed.append(key)


def check_options(synth: Synthesizer) -> None:
    """Hold what a synthesizer is asked for to what databases can do.

    Raises:
        OptionError: something does not fit.
    """
    tables_say = "the schema of the database says it of each table"
    instead = {
        "entity": f"{tables_say}, by its keys", "time": f"{tables_say}, by 'order'",
        "static": f"{tables_say}, by its keys", "schema": f"{tables_say}, by 'columns'",
        "bounds": f"{tables_say}, by 'columns'", "rules": f"{tables_say}, by 'checks'",
        "only": "leave the rows that are not wanted out of the tables",
    }  # fmt: skip
    for name, what in instead.items():
        if getattr(synth, name) is not None:
            raise OptionError(f"{name} does not go with a database: {what}")
    if not isinstance(synth.model, str):
        raise OptionError("each table of a database has a generator of its own: give the model's name and its options")


def seed_of(seed: int, name: str) -> np.random.Generator:
    """The stream of one table, whatever others there are and in whatever order."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _check_kept(schema: DatabaseSchema, kept: Sequence[str]) -> None:
    """
    Raises:
        OptionError: a kept table points at one that is made anew.
    """
    for key in schema.foreign:
        if key.table in kept and key.parent not in kept:
            raise OptionError(
                f"table {key.table!r} is to be kept, and points at {key.parent!r}, whose rows are made anew: keep "
                f"{key.parent!r} too, or neither"
            )


def _seen(database: Database, key: ForeignKey, links: Ints) -> Links:
    own = database.tables[key.table].drop(database.schema.key_columns(key.table))
    return Links.of(own, links, len(database.tables[key.parent]))


class _Learning:
    """The tables so far, and what of their real rows their children are told."""

    def __init__(
        self, synth: Synthesizer, database: Database, tables: Mapping[str, pl.DataFrame], graph: Graph,
        links: dict[ForeignKey, Ints], seed: int, roots: Roots, whose: Mapping[str, Ints],
    ) -> None:  # fmt: skip
        self.synth, self.database, self.graph, self.links = synth, database, graph, links
        self.tables, self.seed = tables, seed
        self.keys = Keys.fit(database.tables, database.schema, whose)
        self.own = {name: rows.drop(self.keys.made(name), strict=False) for name, rows in tables.items()}
        self.schemas = {name: schema_of(own, database.schema.tables[name].columns) for name, own in self.own.items()}
        top = people_of(database.schema) if database.schema.root is None else {database.schema.root}
        self.roots, self.people = _people(
            roots, top, links, database.tables, self.own, self.schemas, synth.holdout, seed
        )
        self.models: dict[str, TableModel] = {}
        self.siblings: dict[ForeignKey, Siblings] = {}
        self.sums: dict[ForeignKey, tuple[Sum, ...]] = {}
        self.wide: dict[str, pl.DataFrame] = {}
        learnt = [len(tables[name]) for name in graph.order if self._is_learnt(name)]
        self.turns = Turns(synth.max_seconds, learnt)

    def _is_learnt(self, name: str) -> bool:
        return not self.database.schema.tables[name].kept and len(self.tables[name]) > 0

    def _make(self, rng: np.random.Generator, **own: Any) -> Synthesizer:
        """A synthesizer of one table, with the options of that of all."""
        whole = self.synth
        return type(whole)(
            whole.model, random_state=int(rng.integers(2**31)), holdout=whole.holdout, codec=whole.codec,
            max_seconds=self.turns.seconds, progress=whole.progress, **own, **whole.model_options,
        )  # fmt: skip

    def counts(self, key: ForeignKey) -> Ints:
        """(P,) rows that point at each."""
        links = self.links[key]
        return np.bincount(links[links >= 0], minlength=len(self.database.tables[key.parent]))

    def table(self, name: str) -> None:
        """Learn a table, after those that it points at."""
        frame, said, graph = self.tables[name], self.database.schema.tables[name], self.graph
        rng = seed_of(self.seed, name)
        columns = {column: dtype_name(dtype) for column, dtype in self.database.tables[name].schema.items()}
        own, schema = self.own[name], self.schemas[name]
        plan, of_plan = self._plan(name, rng)
        model = TableModel(columns=columns, n_rows=len(frame), way=EMPTY)
        if said.kept:
            rows, seen = frame.with_columns(plan), [*shown(schema), *of_plan]
            self.wide[name] = rows.select(c.name for c in seen)
            self.models[name] = replace(model, way=KEPT, shown=tuple(seen), kept=rows)
            return
        if not self._is_learnt(name):
            self.wide[name], self.models[name] = pl.DataFrame(), model
            return
        owner, order, parents, links = graph.owner.get(name), None, None, None
        counted = self._counted(name, owner)
        if counted is not None:
            own, schema = (
                own.drop(counted[0]),
                replace(schema, columns=tuple(c for c in schema if c.name != counted[0])),
            )
        if owner is not None:
            schema = _apart(schema, own, self.links[owner])
        pointing = self._pointing(name, canonical(own, shown(schema)), rng)
        schema = Schema((*pointing.columns, *schema.columns, *of_plan), rules=())
        own = pl.DataFrame([*pointing.series, *own, *plan])
        own, schema = with_something(own, schema, len(frame))
        told, groups, context, at = own.select(), None, list[Column](), np.arange(len(frame))
        above: list[Column] = []
        if owner is not None:
            links = self.links[owner]
            when, order = order_of(own, schema, links, said.order)
            parents, parent = self.wide[owner.parent], self.models[owner.parent]
            known = own.select(c.name for c in schema if c.is_modelled)
            sums = self.sums.get(owner, ())
            of_sums = [sum_of(owner, of.column) for of in sums]
            names = most_telling(parents, known, links, [plan_of(owner), *of_sums], rng)
            context, above = (context_of(parent, owner.parent, some) for some in (names, parents.columns))
            told = told_to(parents, names, owner.parent, links)
            groups = Groups.of(self.counts(owner), int((links < 0).sum()))
            counting = [*self._positions(name), *([] if counted is None else [counted[0]])]
            when = self.database.tables[name][counting[0]] if counting else when
            sort = sorted_by(own, schema, links) if when is None else None
            at = _in_groups(links, when if sort is None else sort, rng)
            loose = float((links < 0).sum() / max((links >= 0).sum(), 1))
            distinct = tuple(key for key in graph.sides[name] if _is_distinct(links, self.links[key]))
            model = replace(model, told=tuple(names), loose=loose, distinct=distinct, counted=counted)
            paired = pairs_of({key: self.counts(key) for key in graph.planned(name)}, links)
            model = replace(model, mixed=sort is not None, paired=paired, sums=sums)
            of_rows = [c for c in shown(schema) if not c.name.startswith("\0")]
            looked_at = np.where(self._open(owner)[links], links, -1)
            every = find_every(canonical(own, of_rows), looked_at, len(parents), self.people[name].whose)
            model = replace(model, every=tuple(every))
        near = orders_of_times(own, schema, order, said.checks)
        make = self._maker(rng, [*said.checks, *(rule for rule, _, _ in near)])
        people = self.people[name]
        people = People(people.whose[at], people.held[at])
        told = told[at] if told.width else told
        way, inner = learn_rows(make, own[at], schema, told, context, groups, order, people)
        self.turns.took(seconds_of(inner))
        if way == GROUPS and order is not None:
            learnt = ~self.people[name].held
            times = canonical(own, [schema[order]])[order].filter(pl.Series(learnt))
            along = reached(order, [(low, high) for _, low, high in near])
            model = replace(model, days=Days.fit(times, self.people[name].whose[learnt], LEAST_SHOWN, along))
        model = replace(model, way=way, synth=inner, shown=(*above, *shown(schema)), sides=pointing.sides)
        self.models[name] = model
        if graph.planned(name):
            self.wide[name] = model.wide(own, parents, "" if owner is None else owner.parent, links)

    def _plan(self, name: str, rng: np.random.Generator) -> tuple[list[pl.Series], list[Column]]:
        """What a row is drawn with of those that point at it."""
        series, columns = list[pl.Series](), list[Column]()
        for key in self.graph.planned(name):
            counts, is_kept = self.counts(key), self.database.schema.tables[name].kept
            series.append(pl.Series(plan_of(key), counts))
            columns += numbers([plan_of(key)])
            rows = canonical(self.own[key.table], shown(self.schemas[key.table]))
            whose = self.people[name].whose
            of_kinds = kinds(key, rows, self.links[key], counts, rng, kept=is_kept, whose=whose)
            series += of_kinds[0]
            columns += of_kinds[1]
            if key == self.graph.owner.get(key.table):
                counted = self._counted(key.table, key)
                rows = rows.drop([] if counted is None else [counted[0]], strict=False)
                own = canonical(self.own[name], shown(self.schemas[name]))
                found = list(find_sums(key, rows, self.links[key], counts, own, rng, whose, self._open(key)))
                self.sums[key] = tuple(of for of, _, _ in found)
                series += [told for _, told, _ in found]
                columns += [column for _, _, column in found]
        return series, columns

    def _open(self, key: ForeignKey) -> Bools:
        """(P,) whether nobody who is held out is behind a row or those that point at it; all, where people share the
        rows so that hardly any would be left."""
        links, found = self.links[key], ~self.people[key.parent].held
        found[links[(links >= 0) & self.people[key.table].held]] = False
        return found if found.sum() > SHARED * len(found) else np.ones_like(found)

    def _positions(self, name: str) -> list[str]:
        return [column for column, maker in self.keys.makers[name].items() if isinstance(maker, Position)]

    def _counted(self, name: str, owner: ForeignKey | None) -> tuple[str, int] | None:
        """The column that counts the rows of an owner, where nothing else orders them."""
        said, own, schema = self.database.schema.tables[name], self.own[name], self.schemas[name]
        if owner is None or said.order is not None or self._positions(name):
            return None
        links = self.links[owner]
        if order_of(own, schema, links, None)[0] is not None:
            return None
        return counted_by(own.select(c.name for c in schema if c.name not in self.keys.learnt(name)), links)

    def _maker(self, rng: np.random.Generator, checks: Sequence[str]) -> Any:
        def make(**own: Any) -> Synthesizer:
            names = own["schema"].names
            rules = [check for check in checks if any(name in check for name in names)]
            return self._make(rng, rules=rules or None, **own)

        return make

    def _pointing(self, name: str, own: pl.DataFrame, rng: np.random.Generator) -> _Pointing:
        """What the rows of a table point at beside their owner, as columns that are learnt with them.

        Args:
            own: what each row holds, canonical.
        """
        found = _Pointing([], [], {})
        for key in self.graph.sides[name]:
            parent = self.models[key.parent]
            if (self.links[key] >= 0).any():
                known = canonical(self.wide[key.parent], parent.shown)
                counts, whose, kept = self.counts(key), self.people[key.parent].whose, parent.way == KEPT
                side = found.codes(key, self.links[key], known, counts, rng, whose, kept=kept)
                away = self.people[name].held | self.people[key.parent].held[self.links[key]]
                learnt = np.where(away, MISSING, self.links[key])
                like = Siblings.fit(own, learnt, side, known, counts, self.people[name].whose)
                if like is not None:
                    self.siblings[key] = like
            else:
                found.sides[key] = None
        for key in self.graph.late:
            links = self.links[key]
            if key.table == name and key.is_self and (links >= 0).any():
                children, level = children_of(links), levels_of(links)
                found.add(level_of(key), level)
                found.series.append(pl.Series(plan_of(key), children))
                found.columns.extend(numbers([plan_of(key)]))
                others = np.where(links == np.arange(len(links)), -1, links)
                found.codes(key, others, own, children, rng, self.people[name].whose)
            elif key.table == name and (links >= 0).any():
                if not (links >= 0).all():
                    found.add(points_of(key), (links >= 0).astype(np.int64))
                known = self._known(key.parent)
                none = np.zeros(len(known), np.int64)
                found.codes(key, links, known, none, rng, self.people[key.parent].whose)
        return found

    def _known(self, name: str) -> pl.DataFrame:
        """(P, columns) what the rows of a table hold themselves, which may not be learnt yet."""
        owner = self.graph.owner.get(name)
        counted = self._counted(name, owner)
        own = canonical(self.own[name], shown(self.schemas[name]))
        return own if counted is None else own.drop(counted[0], strict=False)

    def late(self) -> dict[ForeignKey, SelfLinks | LateLinks]:
        """What links are like that are made last."""
        found: dict[ForeignKey, SelfLinks | LateLinks] = {}
        for key in self.graph.late:
            unique = any(set(own) <= set(key.columns) for own in self.database.schema.tables[key.table].keys)
            if key.is_self:
                found[key] = SelfLinks.fit(self.links[key], unique=unique, people=self.people[key.table])
            else:
                back = back_of(self.graph, key)
                n_parents = len(self.database.tables[key.parent])
                its = None if back is None else self.links[back]
                whom = {"people": self.people[key.table], "parents": self.people[key.parent]}
                found[key] = LateLinks.fit(self.links[key], n_parents, unique=unique, back=its, **whom)
        return found


def _people(
    roots: Roots, people: Collection[str], links: Mapping[ForeignKey, Ints], tables: Mapping[str, pl.DataFrame],
    own: Mapping[str, pl.DataFrame], schemas: Mapping[str, Schema], share: float, seed: int,
) -> tuple[Roots, dict[str, People]]:  # fmt: skip
    """Whose the rows of each table are, and which are held out. Where no key leads to anybody, a column may that
    repeats as a person's key does; one called after people does so where a key leads to what is none.

    Args:
        people: tables whose rows are people, or who else is the declared root.
        own, schemas: the tables without keys.
    """
    homes, columns = dict(roots.homes), dict(roots.columns)
    for name in own:
        suspect = None
        if name not in (*columns, *roots.kept) and roots.root_of(name) not in people:
            suspect = likely_entity(own[name], schemas[name])
        if suspect is not None and (name not in homes or names_a_person(suspect.column)):
            columns[name] = suspect.column
            homes.pop(name, None)
            told = (
                f"table {name!r}: column {suspect.column!r} repeats as the key of a person does: {suspect.reason}. So "
                "5 of them, not 5 rows, stand behind what is kept of it"
            )
            warnings.warn(told, LikewiseWarning, stacklevel=6)
    roots = replace(roots, homes=homes, columns=columns)
    whose = roots.whose(links, {name: len(rows) for name, rows in tables.items()}, tables)
    held = held_out(roots, whose, share, LEAST, seed_of(seed, "|"))
    return roots, {name: People(who, held[who]) for name, who in whose.items()}


def _apart(schema: Schema, own: pl.DataFrame, owners: Ints) -> Schema:
    """The schema in which whole numbers that no two rows of a parent share are levels, so that none is drawn twice."""
    for column in schema:
        if column.kind is Kind.INTEGER and own[column.name].dtype.is_integer() and "kind" in column.found:
            codes = own[column.name].fill_null(0).rank("dense").to_numpy().astype(np.int64) - 1
            if codes.max(initial=0) < MOST_LEVELS and _is_distinct(owners, codes):
                schema = schema.replace(column.name, kind=Kind.CATEGORICAL)
    return schema


def _is_distinct(owners: Ints, links: Ints) -> bool:
    """Whether no two rows of one owner point at the same row, though by chance some would."""
    at = (owners >= 0) & (links >= 0)
    if not at.any():
        return False
    sizes, shares = np.bincount(owners[at]), np.bincount(links[at]) / at.sum()
    expected = float((sizes * (sizes - 1)).sum() / 2 * (shares**2).sum())
    pairs = owners[at] * (int(links.max()) + 1) + links[at]
    return expected >= BY_CHANCE and len(pairs) - len(np.unique(pairs)) <= expected * RARELY


def back_of(graph: Graph, key: ForeignKey) -> ForeignKey | None:
    """The foreign key by which what is pointed at points back, if there is one."""
    early = [*graph.owner.values(), *(side for sides in graph.sides.values() for side in sides)]
    return next((other for other in early if (other.table, other.parent) == (key.parent, key.table)), None)


@dataclass(frozen=True)
class _Pointing:
    """Columns that say what rows point at, and how those are coded."""

    series: list[pl.Series]
    columns: list[Column]
    sides: dict[ForeignKey, SideCodes | None]

    def add(self, name: str, codes: Ints) -> None:
        self.series.append(pl.Series(name, codes).cast(pl.String))
        self.columns.append(levels(name, np.unique(codes).tolist()))

    def codes(
        self, key: ForeignKey, links: Ints, known: pl.DataFrame, degrees: Ints, rng: np.random.Generator, whose: Ints,
        *, kept: bool = False,
    ) -> SideCodes:  # fmt: skip
        side = self.sides[key] = SideCodes.fit(known, degrees, rng, kept=kept, whose=whose)
        codes = side.codes(known, degrees)
        for k, name in enumerate(codes_of(key)):
            if side.sizes[k] > 1 or k == 0:
                self.series.append(taken(pl.DataFrame({name: codes[:, k]}), links)[name].cast(pl.String))
                self.columns.append(levels(name, range(side.sizes[k])))
        return side


def _in_groups(links: Ints, order: pl.Series | None, rng: np.random.Generator) -> Ints:
    """(n,) rows, those of a parent together and in order, those of none last and mixed."""
    table = pl.DataFrame({"who": pl.Series(links).replace(-1, None)}).with_row_index("row")
    table = table.with_columns(pl.Series("when", order) if order is not None else pl.col("row").alias("when"))
    at = table.sort("who", "when", nulls_last=True, maintain_order=True)["row"].to_numpy().astype(np.int64)
    n = int((links < 0).sum())
    return np.append(at[: len(at) - n], rng.permutation(at[len(at) - n :]))
