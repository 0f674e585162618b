"""A database learnt within a budget of privacy, of which the unit is a row of its root table with all rows that go
back to it.

A root gives one part to every answer: its own row stands in the noisy tables of the root table, with how many rows of
each table go back to it; of each further table it gives one row, by chance, to each count, and one sum of gradients,
cut once, to each step (`likewise.dp.units`). Rows of a table are histories that are told of the row they belong to.
Keys are made by declaration; which kept row is pointed at is drawn with the row. Nothing else is looked at.

Legend: n rows of a table, U roots.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.codecs.column import ColumnCodec
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.databases.links.codes import SideCodes
from likewise.databases.roots import Roots
from likewise.dp.codec import private_codec
from likewise.dp.declaration import Declaration
from likewise.dp.gate import Noisy, StepPlan
from likewise.dp.ledger import DP, Ledger
from likewise.errors import OptionError
from likewise.histories.declared import Declared
from likewise.histories.order import Histories
from likewise.histories.private import Begun, begin_within, brought_given, train_within
from likewise.models import AUTO
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.eligible import ledger_for
from likewise.models.marginals.mst import MST
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.dtypes import dtype_name
from likewise.synthesizer.databases.context import MOST_TOLD, NOTHING, OWNER, named_below, shown, taken
from likewise.synthesizer.databases.drawing import Drawing
from likewise.synthesizer.databases.held import WHOSE, Held, held_rows, kept_links
from likewise.synthesizer.databases.inner import drawn_groups
from likewise.synthesizer.databases.learning import DatabaseModel, seed_of
from likewise.synthesizer.databases.plan import levels, plan_of
from likewise.synthesizer.databases.public import Public
from likewise.synthesizer.databases.table import (
    ALONE,
    GROUPS,
    KEPT,
    TableModel,
    canonical,
    codes_of,
    schema_of,
    telling_of,
    told_to,
)
from likewise.synthesizer.databases.wanted import Wanted
from likewise.synthesizer.fitting import Learnt, check_delta, telling_what_was_spent
from likewise.synthesizer.fitting import shown as telling
from likewise.synthesizer.parameters import table_generator
from likewise.training.loop import Progress
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

ROOT_SHARE = 0.3
"""Of what the codec leaves, for the root table and how many rows go back to each root."""
CALIBRATION = 2_048
"""Roots that are drawn to bring what is drawn to noisy answers."""


def learn_within(synth: Synthesizer, database: Database, budget: DP) -> tuple[DatabaseModel, StepPlan | None]:
    """Learn a database of which the declaration and what the ledger lists are all that is known; and the plan of the
    steps, where there are any.

    Raises:
        PrivacyError: the budget cannot cover something, or something is not declared.
        OptionError: something is asked for that does not go with it.
    """
    _check(synth)
    public = Public.of(database, budget)
    ledger = ledger_for(budget, _net(synth), whole=True)
    name = Autoregressive.name
    file = (
        nullcontext(lambda entries: None) if synth.budget is None else synth.budget.recorded(budget, name, whole=True)
    )
    with file as end, telling_what_was_spent(synth, ledger, end), telling(synth.progress) as progress:
        return _Within(synth, public, ledger, progress).learnt(database)


def _check(synth: Synthesizer) -> None:
    if synth.model not in (AUTO, Autoregressive.name):
        raise OptionError(
            f"model {synth.model!r} learns no database within a budget of privacy: take 'autoregressive', whose root "
            "table is learnt by 'mst'"
        )


@dataclass
class _Table:
    """What of a table is on its way.

    Args:
        table: (n, columns) canonical, with what it points at and how many rows point at it.
        schema: of these.
        codecs: of its columns, once there are.
    """

    table: pl.DataFrame
    schema: Declaration
    sides: dict[ForeignKey, SideCodes | None]
    told: tuple[str, ...] = ()
    context: tuple[Column, ...] = ()
    codecs: dict[str, ColumnCodec] = field(default_factory=dict)


class _Within:
    """The tables so far."""

    def __init__(self, synth: Synthesizer, public: Public, ledger: Ledger, progress: Progress | None) -> None:
        self.synth, self.public, self.ledger, self.progress = synth, public, ledger, progress
        self.seed = int(np.random.SeedSequence(synth.random_state).generate_state(1, np.uint64)[0])
        self.models: dict[str, TableModel] = {}
        self.tables: dict[str, _Table] = {}
        self.wide: dict[str, pl.DataFrame] = {}
        self.kept: dict[str, pl.DataFrame] = {}
        self.begun: dict[str, tuple[Begun, Schema]] = {}

    def learnt(self, database: Database) -> tuple[DatabaseModel, StepPlan | None]:
        """All tables."""
        public = self.public
        for name in public.graph.order:
            if public.schema.tables[name].kept:
                self._keep(name, database.tables[name])
        held = held_rows(public, database.tables)
        columns = {name: _columns(database.tables[name], public, name) for name in public.made}
        for name in public.made:
            with telling_of(name, public.graph.owner.get(name)), self.ledger.about(f"table {name!r}"):
                self.tables[name] = self._parts(name, held)
                if name == public.root:
                    self._root(name, columns[name])
                else:
                    self._begin(name, held)
        if self.begun:
            begun = [one for one, _ in self.begun.values()]
            train_within(begun, self.ledger, rng=seed_of(self.seed, "|"), progress=self.progress)
        model = self._calibrated(columns)
        plans = [gate.plan for one, _ in self.begun.values() for gate in one.gates]
        return model, plans[0] if plans else None

    def _keep(self, name: str, frame: pl.DataFrame) -> None:
        """A table that anybody may know."""
        own = frame.drop(self.public.keys.made(name), strict=False)
        seen = shown(schema_of(own, self.public.schema.tables[name].columns))
        self.kept[name] = canonical(own, seen)
        types = {c: dtype_name(dtype) for c, dtype in frame.schema.items()}
        self.models[name] = TableModel(columns=types, n_rows=len(frame), way=KEPT, shown=tuple(seen), kept=frame)

    def _parts(self, name: str, held: Mapping[str, Held]) -> _Table:
        """What is learnt of each row: what it points at, its own columns, and how many rows point at it."""
        rows, graph = held[name], self.public.graph
        series, columns, sides = list[pl.Series](), list[Column](), dict[ForeignKey, SideCodes | None]()
        for key in graph.sides[name]:
            known, frame = self.kept[key.parent], self.models[key.parent].kept
            assert frame is not None
            links, even = kept_links(rows.keys, key, frame), np.ones(len(frame), np.int64)
            side = sides[key] = SideCodes.fit(known, even, np.random.default_rng(0), kept=True)
            codes, some_miss = side.codes(known, even), not self.public.is_whole(key)
            for k, column in enumerate(codes_of(key)):
                if side.sizes[k] > 1 or k == 0:
                    series.append(taken(pl.DataFrame({column: codes[:, k]}), links)[column].cast(pl.String))
                    columns.append(replace(levels(column, range(side.sizes[k])), nullable=some_miss))
        plans = []
        for key in graph.planned(name):
            counts = np.bincount(held[key.table].parent, minlength=len(rows.unit))
            plans.append(pl.Series(plan_of(key), counts))
            most = (0, self.public.most_of(key.table))
            plan = Column(name=plan_of(key), kind=Kind.INTEGER, dtype="Int64", bounds=most, nullable=False)
            columns.append(plan)
        columns[len(series) : len(series)] = self.public.columns[name].columns
        table = pl.DataFrame([*series, *rows.table, *plans])
        if not columns:
            columns = [Column(name=NOTHING, kind=Kind.BOOLEAN, dtype="Boolean", nullable=False)]
            table = pl.DataFrame({NOTHING: np.zeros(len(rows.unit), bool)})
        return _Table(table, Declaration(tuple(columns)), sides)

    def _root(self, name: str, types: Mapping[str, str]) -> None:
        part, model = self.tables[name], MST()
        codec = private_codec(part.table, part.schema, self.ledger, parts=len(self.public.made))
        part.codecs = {codec.name: codec for codec in codec.codecs}
        codes = codec.encode(part.table)
        share = ROOT_SHARE if len(self.public.made) > 1 else 1.0
        gate = Noisy(codes, codec.alphabet.sizes, self.ledger, share)
        model.fit(Fit(gate=gate, holdout=codes[:0], alphabet=codec.alphabet, rng=seed_of(self.seed, name)))
        check_delta(self.ledger.budget, model.n_rows, f"rows of {name!r}")
        inner = type(self.synth)(MST.name)
        inner._keep(Learnt(generator=model, schema=part.schema, codec=codec, gate=None, n_rows=model.n_rows))
        inner._drawing = np.random.default_rng()
        seen = tuple(shown(part.schema))
        self.wide[name] = part.table.select(c.name for c in seen)
        self.models[name] = TableModel(
            columns=types, n_rows=model.n_rows, way=ALONE, synth=inner, shown=seen, sides=part.sides
        )

    def _begin(self, name: str, held: Mapping[str, Held]) -> None:
        """All looks at a table whose rows belong to others, but for the steps."""
        part, rows, key = self.tables[name], held[name], self.public.graph.owner[name]
        above = self.models[key.parent].shown
        plan = [c for c in above if c.name == plan_of(key)]
        chosen = {c.name for c in [*plan, *(c for c in above if c not in plan)][:MOST_TOLD]}
        part.told = tuple(c.name for c in above if c.name in chosen)
        part.context = tuple(replace(c, name=named_below(key.parent, c.name)) for c in above if c.name in chosen)
        told = told_to(self.wide[key.parent], part.told, key.parent, rows.parent)
        whole = pl.concat([pl.DataFrame({OWNER: rows.parent}), told, part.table], how="horizontal")
        columns = Declaration((WHOSE, *part.context, *part.schema.columns))
        order, static = self.public.schema.tables[name].order, [c.name for c in part.context]
        declared = Declared.of(columns, OWNER, order, static, self.public.most)
        histories = Histories.of_known(whole, OWNER, order)
        known = self.tables[key.parent].codecs
        codecs: list[Any] = [replace(known[of], name=named_below(key.parent, of)) for of in part.told]  # type: ignore[type-var]
        layout = declared.layout(histories, self.ledger, unit=rows.unit, codecs=codecs, parts=len(self.public.made))
        own = {codec.name: codec for codec in layout.codec.codecs}
        above_codecs = dict(zip((c.name for c in part.context), codecs, strict=True))
        part.codecs = above_codecs | {c.name: own[c.name] for c in part.schema}
        seen = (*part.context, *shown(part.schema))
        self.wide[name] = whole.select(c.name for c in seen)
        self.models[name] = TableModel(columns={}, n_rows=1, way=GROUPS, shown=seen, told=part.told, sides=part.sides)
        begun = begin_within(
            histories, layout, declared, self.ledger, make=self._net, rng=seed_of(self.seed, name), unit=rows.unit,
            share=1 / (len(self.public.made) - 1), of=f" of table {name!r}",
        )  # fmt: skip
        self.begun[name] = begun, declared.declaration

    def _net(self) -> Any:
        return _net(self.synth)

    def _calibrated(self, types: Mapping[str, Mapping[str, str]]) -> DatabaseModel:
        """The database, whose draws are brought to the noisy answers: no row is looked at any more."""
        public, root = self.public, self.models[self.public.root]
        roots = Roots(public.graph.owner, frozenset(self.kept))
        model = DatabaseModel(
            public.schema, public.graph, self.models, public.keys, {}, roots=roots, ledger=self.ledger
        )
        n = min(root.n_rows, CALIBRATION)
        drawing = Drawing(model, Wanted(rows={public.root: n}), self.seed)
        units: dict[str, Ints] = {}
        for name in public.graph.order:
            if name in self.begun:
                self._bring(name, drawing, units, types[name], root.n_rows / n)
            drawing.table(name)
            key = public.graph.owner.get(name)
            units[name] = np.arange(len(drawing.rows[name])) if key is None else units[key.parent][drawing.links[key]]
        return model

    def _bring(
        self, name: str, drawing: Drawing, units: Mapping[str, Ints], types: Mapping[str, str], scale: float
    ) -> None:
        (begun, schema), key, rng = self.begun[name], self.public.graph.owner[name], seed_of(self.seed, f"{name}|")
        groups = drawing.groups_of(name, self.models[name], key, rng)
        history = replace(begun.model, n_entities=max(round(len(groups.size) * scale), 1))
        if len(groups.size):
            told = told_to(drawing.wide[key.parent], self.models[name].told, key.parent, groups.parent)
            told = told.with_columns(pl.Series(OWNER, np.arange(len(groups.size))))
            unit = units[key.parent][groups.parent]
            history = brought_given(
                history, lambda model: (*drawn_groups(model, schema, told, groups.size, rng), unit), begun.known[0], rng
            )
        inner = type(self.synth)(Autoregressive.name, time=True, entity=OWNER)
        n_rows = max(round(int(groups.size.sum()) * scale), 1)
        inner._keep(
            Learnt(
                generator=history.what, schema=schema, codec=history.layout.codec, gate=None, n_rows=n_rows,
                histories=history,
            )
        )  # fmt: skip
        inner._drawing = np.random.default_rng()
        self.models[name] = replace(self.models[name], columns=types, n_rows=n_rows, synth=inner)


def _net(synth: Synthesizer) -> Any:
    """A net that has learnt nothing; nothing is known ahead of a row, so it learns one order alone."""
    net: Any = table_generator(type(synth)(Autoregressive.name, **synth.model_options), Schema(()))
    if "any_order" not in synth.model_options:
        net.any_order = 0.0
    return net


def _columns(frame: pl.DataFrame, public: Public, name: str) -> dict[str, str]:
    """The columns that are drawn, and their types."""
    there = {*public.schema.key_columns(name), *public.columns[name].names}
    return {c: dtype_name(dtype) for c, dtype in frame.schema.items() if c in there}
