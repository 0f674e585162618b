"""What a release sheet is made of: plain facts of a fitted model, or of anonymised rows. No cell is read.

Under a budget all of them are declared, noisy or of the library; without one they are what the model file tells anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from likewise.codecs.column import CodecOptions
from likewise.databases.roots import people_of
from likewise.dp.ledger import SAMPLED
from likewise.evaluate.results import NoisyFit
from likewise.schema.column import Kind, Role
from likewise.tables.frames import from_frame

if TYPE_CHECKING:
    from likewise.dp.budget import Budget
    from likewise.privacy.results import Anonymized
    from likewise.schema.column import Column
    from likewise.synthesizer import Synthesizer
    from likewise.synthesizer.databases.learning import DatabaseModel

DRAWN = 20_000
"""Rows drawn to hold against noisy tables, at most."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """One column, as a sheet tells it.

    Args:
        table: whose, of a database.
        levels, bounds: as declared; None where they are not, and everywhere where no budget holds.
        nullable: whether cells may be missing, as declared.
    """

    name: str
    kind: str
    role: str
    format: str | None = None
    levels: tuple[str, ...] | None = None
    bounds: tuple[Any, Any] | None = None
    nullable: bool | None = None
    table: str | None = None

    @property
    def called(self) -> str:
        return self.name if self.table is None else f"{self.table}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class KnownTable:
    """One table of a database, as a sheet tells it.

    Args:
        n_rows: it was learnt from; under a budget as noisy counts tell.
        root: the table to whose rows its own go back, itself or another.
        is_kept: whether its rows are given away as they are, and are nobody's.
        is_people: whether the rows of its root are people, by name, by declaration or by a column that tells.
    """

    name: str
    n_rows: int
    root: str
    is_kept: bool = False
    is_people: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is told of a release.

    Args:
        what: "table", "images" and "database" for models, "rows" for anonymised rows.
        method: the model's name, or how rows were recoded.
        n_rows: rows it was learnt from; under a budget as noisy counts tell, and of a database rows of its root table.
        columns: what is known of them.
        tables: of a database.
        options: of the model.
        ledger: what a budget was spent on, as `Ledger.to_dict` gives it; empty where there is none.
        protected: how the codec protects what few rows hold; None of images and of rows.
        report: what anonymising rows says of itself; empty of models.
        account: the file in which all fits of these data are counted: its name, total, epsilon spent, number of fits.
        noisy: rows drawn from the model, held against noisy tables that its budget paid for.
    """

    what: Literal["table", "images", "rows", "database"]
    method: str
    n_rows: int
    columns: tuple[Known, ...] = ()
    tables: tuple[KnownTable, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    protected: CodecOptions | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    noisy: tuple[NoisyFit, ...] = ()

    @property
    def has_budget(self) -> bool:
        return bool(self.ledger)

    @property
    def is_whole(self) -> bool:
        """Whether its entries tell what whole entities can do; see `Ledger`."""
        return bool(self.ledger.get("whole", False))

    @property
    def budget(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.ledger["budget"]
        return found

    @property
    def epsilon(self) -> float:
        return float(self.ledger["epsilon"])

    @property
    def delta(self) -> float:
        return float(self.ledger["delta"])

    @property
    def guess(self) -> float:
        """How often who tosses a coin on a unit's presence may guess it, at most (Kairouz, Oh and Viswanath 2015).

        Example:
            >>> facts = Facts(what="table", method="mst", n_rows=9, ledger={"epsilon": 1.0, "delta": 1e-6})
            >>> round(facts.guess, 3)
            0.731
        """
        return (1 + self.delta * math.exp(-self.epsilon)) / (1 + math.exp(-self.epsilon))

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        return list(self.ledger["entries"])

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The entries that are steps of training."""
        return [entry for entry in self.entries if entry["mechanism"] == SAMPLED]

    @property
    def made_anew(self) -> list[str]:
        """Columns that are never learnt, and yet stand in the rows drawn."""
        return [c.called for c in self.columns if c.role in ("id", "entity")]

    @property
    def entity(self) -> str | None:
        """The column that tells whose a row is, where no budget holds."""
        return next(iter(self.named("entity")), None)

    @property
    def root(self) -> str | None:
        """The table of a database whose rows are what a budget protects."""
        return self.budget.get("root") if self.has_budget else None

    @property
    def given(self) -> list[str]:
        """Tables that are given away as they are."""
        return [table.name for table in self.tables if table.is_kept]

    def named(self, role: str) -> list[str]:
        return [c.called for c in self.columns if c.role == role]


def facts_of_model(synthesizer: Synthesizer) -> Facts:
    """The facts of a fitted model of tables, images or a database."""
    if synthesizer.database_ is not None:
        return _facts_of_database(synthesizer.database_)
    paid = synthesizer._paid
    ledger = {} if paid is None else paid.to_dict()
    of_images = synthesizer.image_codec_ is not None
    n = min(synthesizer.n_rows_, DRAWN)
    return Facts(
        what="images" if of_images else "table",
        method=synthesizer.generator_.name,
        n_rows=synthesizer.n_rows_,
        columns=tuple(_known(column, is_public=bool(ledger)) for column in synthesizer.schema_),
        options=synthesizer.generator_.options(),
        ledger=ledger,
        protected=None if of_images or ledger else synthesizer.codec_.options,
        noisy=() if paid is None else synthesizer.noisy_report(n=n, random_state=0).noisy,
    )


def _facts_of_database(model: DatabaseModel) -> Facts:
    ledger = {} if model.ledger is None else model.ledger.to_dict()
    root = model.schema.root if model.ledger is None else model.ledger.budget.root
    people = people_of(model.schema) if root is None else {root}
    tables = tuple(
        KnownTable(
            name=name, n_rows=table.n_rows, root=(top := model.roots.root_of(name)), is_kept=table.kept is not None,
            is_people=top in people or top in model.roots.columns,
        )
        for name, table in model.tables.items()
    )  # fmt: skip
    inner = [table.synth for table in model.tables.values() if table.synth is not None]
    nets = [synth.generator_ for synth in inner if "clip" in synth.generator_.options()]
    return Facts(
        what="database",
        method=", ".join(dict.fromkeys(synth.generator_.name for synth in inner)) or "–",
        n_rows=sum(table.n_rows for table in tables if not ledger or table.name == root),
        columns=tuple(column for name in model.tables for column in _known_of(model, name, is_public=bool(ledger))),
        tables=tables,
        options=nets[0].options() if nets else {},
        ledger=ledger,
        protected=None if ledger or not inner else inner[0].codec_.options,
    )


def _known_of(model: DatabaseModel, name: str, *, is_public: bool) -> Iterator[Known]:
    table, keys = model.tables[name], model.schema.key_columns(name)
    said = model.schema.tables[name].columns if table.synth is None or is_public else table.synth.schema_
    for column in table.columns:
        if table.kept is not None:
            yield Known(name=column, table=name, kind="", role="kept")
        elif column in keys or said is None or column not in said:
            yield Known(name=column, table=name, kind="id" if column in keys else "", role="id")
        else:
            yield replace(_known(said[column], is_public=is_public), table=name)


def _known(column: Column, *, is_public: bool) -> Known:
    plain = Known(name=column.name, kind=column.kind.value, role=column.role.value)
    if not is_public or column.role is Role.DROP:
        return plain
    said = column.said  # what a person declared, and nothing that was told from rows
    levels = said.get("levels")
    if column.kind is Kind.BOOLEAN:
        levels = said.get("labels") or ("false", "true")
    return replace(
        plain, format=said.get("format"), levels=levels, bounds=said.get("bounds"), nullable=said.get("nullable")
    )


def account_of(budget: Budget) -> dict[str, Any]:
    """What a sheet tells of a budget's file: sums, and no single fit."""
    total = budget.total
    return {
        "name": budget.name, "epsilon": total.epsilon, "delta": total.delta, "spent": budget.spent,
        "fits": len(budget.entries),
    }  # fmt: skip


def facts_of_rows(done: Anonymized) -> Facts:
    """The facts of anonymised rows."""
    report = done.report.to_dict() | {"entity": done.recoding.entity}
    measures = done.report.measures
    quasi = set(measures.quasi_identifiers)
    told = {column.column for column in measures.sensitive}
    columns = [
        Known(
            name=str(name), kind="",
            role="quasi_identifier" if name in quasi else "sensitive" if name in told else "feature",
        )
        for name in from_frame(done.frame)[0].columns
    ]  # fmt: skip
    return Facts(
        what="rows", method=done.report.method, n_rows=done.report.n_rows, columns=tuple(columns), report=report
    )
