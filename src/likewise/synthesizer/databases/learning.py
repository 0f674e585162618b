"""A database learnt: table by table, children told of the rows that they belong to.

Legend: n rows of a table, P of its parent.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.graph import LOOKED_AT, Graph, Links, alike, graph_of, numbers_of
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.links.codes import SideCodes
from likewise.databases.pointing import MISSING
from likewise.errors import OptionError
from likewise.schema.column import Column, Schema
from likewise.schema.dtypes import dtype_name
from likewise.synthesizer.databases.context import most_telling, shown, taken
from likewise.synthesizer.databases.groups import Groups
from likewise.synthesizer.databases.table import (
    EMPTY,
    KEPT,
    TableModel,
    codes_of,
    context_of,
    count_from,
    learn_rows,
    levels,
    numbers,
    order_of,
    plan_of,
    schema_of,
    telling_of,
    told_to,
    with_something,
)
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


@dataclass(frozen=True)
class DatabaseModel:
    """What was learnt of a database.

    Args:
        tables: by name.
    """

    schema: DatabaseSchema
    graph: Graph
    tables: dict[str, TableModel]


def learn_database(synth: Synthesizer, database: Database) -> DatabaseModel:
    """Learn all tables of a database.

    Raises:
        OptionError: something is asked for that databases cannot have.
        InputError, SchemaError, RuleError, TrainingError: of a table, which the text names.
    """
    check_options(synth)
    schema = database.schema
    kept = [name for name, table in schema.tables.items() if table.kept]
    _check_kept(schema, kept)
    links = {key: np.maximum(database.parent_rows(key), MISSING) for key in schema.foreign}
    seen = {key: _seen(database, key, links[key]) for key in schema.foreign}
    graph = graph_of(schema, seen, kept)
    learning = _Learning(synth, database, graph, links)
    for name in graph.order:
        with telling_of(name):
            learning.table(name)
    return DatabaseModel(schema, graph, learning.models)


def check_options(synth: Synthesizer) -> None:
    """Hold what a synthesizer is asked for to what databases can do.

    Raises:
        OptionError: something does not fit.
    """
    tables_say = "the schema of the database says it of each table"
    instead = {
        "privacy": "a budget covers one table, and rows of several are a person's: fit tables apart, by entity",
        "budget": "it goes with privacy", "entity": f"{tables_say}, by its keys", "time": f"{tables_say}, by 'order'",
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
    points = links >= 0
    own = database.tables[key.table].drop(database.schema.key_columns(key.table))
    some = np.flatnonzero(points)[:LOOKED_AT]
    n_parents = len(database.tables[key.parent])
    pointed, n = len(np.unique(links[points])), int(points.sum())
    return Links(n_parents, pointed, n, n / max(len(links), 1), alike(numbers_of(own[some]), links[some]))


class _Learning:
    """The tables so far, and what of their real rows their children are told."""

    def __init__(self, synth: Synthesizer, database: Database, graph: Graph, links: dict[ForeignKey, Ints]) -> None:
        self.synth, self.database, self.graph, self.links = synth, database, graph, links
        seed = synth.random_state
        self.seed = int(np.random.SeedSequence().entropy) % 2**63 if seed is None else int(seed)  # type: ignore[arg-type]
        self.models: dict[str, TableModel] = {}
        self.wide: dict[str, pl.DataFrame] = {}
        self.n_rows = max(sum(map(len, database.tables.values())), 1)

    def _make(self, rng: np.random.Generator, share: float, **own: Any) -> Synthesizer:
        """A synthesizer of one table, with the options of that of all."""
        whole = self.synth
        seconds = None if whole.max_seconds is None else whole.max_seconds * share
        return type(whole)(
            whole.model, random_state=int(rng.integers(2**31)), holdout=whole.holdout, codec=whole.codec,
            max_seconds=seconds, progress=whole.progress, **own, **whole.model_options,
        )  # fmt: skip

    def counts(self, key: ForeignKey) -> Ints:
        """(P,) rows that point at each."""
        links = self.links[key]
        return np.bincount(links[links >= 0], minlength=len(self.database.tables[key.parent]))

    def table(self, name: str) -> None:
        """Learn a table, after those that it points at."""
        frame, said, graph = self.database.tables[name], self.database.schema.tables[name], self.graph
        rng = seed_of(self.seed, name)
        columns = {column: dtype_name(dtype) for column, dtype in frame.schema.items()}
        foreign = {column for key in self.database.schema.of(name) for column in key.columns}
        plan = {plan_of(key): self.counts(key) for key in graph.planned(name)}
        own = frame.drop(foreign)
        alone = [key[0] for key in said.keys if len(key) == 1 and key[0] not in foreign]
        if said.kept:
            rows = frame.with_columns(pl.Series(column, counts) for column, counts in plan.items())
            seen = [*shown(schema_of(own, said.columns, alone)), *numbers(list(plan))]
            self.wide[name] = rows.select(c.name for c in seen)
            self.models[name] = TableModel(columns=columns, n_rows=len(frame), way=KEPT, shown=tuple(seen), kept=rows)
            return
        owner = graph.owner.get(name)
        links = np.full(len(frame), -1, np.int64) if owner is None else self.links[owner]
        first = self._first(name, own, links) if owner is not None else None
        counted = own[first[0]] if first is not None else None
        own = own if first is None else own.drop(first[0])
        schema = schema_of(own, said.columns, alone)
        codes, sides, of_codes = self._codes(name, rng)
        schema = Schema((*of_codes, *schema.columns, *numbers(list(plan))), rules=())
        own = pl.DataFrame([*codes, *own.get_columns(), *(pl.Series(c, counts) for c, counts in plan.items())])
        model = TableModel(columns=columns, n_rows=len(frame), way=EMPTY, first=first, sides=sides)
        if not len(frame):
            self.wide[name], self.models[name] = pl.DataFrame(), model
            return
        own, schema = with_something(own, schema, len(frame))
        order = order_of(own, schema, links, said.order) if owner is not None else None
        told, groups, context, at = own.select(), None, list[Column](), np.arange(len(frame))
        if owner is not None:
            parents, parent = self.wide[owner.parent], self.models[owner.parent]
            learnt = own.select(c.name for c in schema if c.is_modelled)
            names = most_telling(parents, learnt, links, [plan_of(owner)], rng)
            context = context_of(parent, owner.parent, names)
            told = told_to(parents, names, owner.parent, links)
            groups = Groups.of(self.counts(owner), int((links < 0).sum()))
            at = _in_groups(links, counted if counted is not None else own[order] if order else None, rng)
            model = replace(model, told=tuple(names), loose=float((links < 0).sum() / max((links >= 0).sum(), 1)))
        make = self._maker(rng, len(frame) / self.n_rows, said.checks)
        way, inner = learn_rows(make, own[at], schema, told[at] if told.width else told, context, groups, order)
        seen = shown(inner.schema_)
        wide = pl.concat([told, own], how="horizontal") if told.width else own
        self.wide[name] = wide.select(c.name for c in seen)
        self.models[name] = replace(model, way=way, synth=inner, shown=tuple(seen))

    def _maker(self, rng: np.random.Generator, share: float, checks: Sequence[str]) -> Any:
        def make(**own: Any) -> Synthesizer:
            names = own["schema"].names
            rules = [check for check in checks if any(name in check for name in names)]
            return self._make(rng, share, rules=rules or None, **own)

        return make

    def _first(self, name: str, own: pl.DataFrame, links: Ints) -> tuple[str, int] | None:
        """The column that counts the rows of an owner, and its first number: part of a key beside the owner."""
        if (links < 0).any():
            return None
        keys = [key for key in self.database.schema.tables[name].keys if len(key) > 1]
        for column in dict.fromkeys(column for key in keys for column in key if column in own.columns):
            start = count_from(own[column], links)
            if start is not None:
                return column, start
        return None

    def _codes(
        self, name: str, rng: np.random.Generator
    ) -> tuple[list[pl.Series], dict[ForeignKey, SideCodes | None], list[Column]]:
        """What the rows of a table point at beside their owner, as columns of codes."""
        series, sides, columns = list[pl.Series](), dict[ForeignKey, SideCodes | None](), list[Column]()
        for key in self.graph.sides[name]:
            links, parent = self.links[key], self.models[key.parent]
            if not (links >= 0).any():
                sides[key] = None
                continue
            known, degrees = self.wide[key.parent], self.counts(key)
            side = sides[key] = SideCodes.fit(known, degrees, rng, kept=parent.way == KEPT)
            codes = side.codes(known, degrees)
            for k, column in enumerate(codes_of(key)):
                if side.sizes[k] > 1 or k == 0:
                    series.append(taken(pl.DataFrame({column: codes[:, k]}), links)[column].cast(pl.String))
                    columns.append(levels(column, side.sizes[k]))
        return series, sides, columns


def _in_groups(links: Ints, order: pl.Series | None, rng: np.random.Generator) -> Ints:
    """(n,) rows, those of a parent together and in order, those of none last and mixed."""
    table = pl.DataFrame({"who": pl.Series(links).replace(-1, None)}).with_row_index("row")
    table = table.with_columns(pl.Series("when", order) if order is not None else pl.col("row").alias("when"))
    at = table.sort("who", "when", nulls_last=True, maintain_order=True)["row"].to_numpy().astype(np.int64)
    n = int((links < 0).sum())
    return np.append(at[: len(at) - n], rng.permutation(at[len(at) - n :]))
