"""What a release sheet is made of: plain facts of a fitted model, or of anonymised rows. No cell is read.

Under a budget all of them are declared, noisy or of the library; without one they are what the model file tells anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from likewise.codecs.column import CodecOptions
from likewise.dp.ledger import SAMPLED
from likewise.evaluate.results import NoisyFit
from likewise.schema.column import Kind, Role
from likewise.tables.frames import from_frame

if TYPE_CHECKING:
    from likewise.dp.budget import Budget
    from likewise.privacy.anonymity import Anonymized
    from likewise.schema.column import Column
    from likewise.synthesizer import Synthesizer

DRAWN = 20_000
"""Rows drawn to hold against noisy tables, at most."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """One column, as a sheet tells it.

    Args:
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


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is told of a release.

    Args:
        what: "table" and "images" for models, "rows" for anonymised rows.
        method: the model's name, or how rows were recoded.
        n_rows: rows it was learnt from; under a budget as noisy counts tell.
        columns: what is known of them.
        options: of the model.
        ledger: what a budget was spent on, as `Ledger.to_dict` gives it; empty where there is none.
        protected: how the codec protects what few rows hold; None of images and of rows.
        report: what anonymising rows says of itself; empty of models.
        account: the file in which all fits of these data are counted: its name, total, epsilon spent, number of fits.
        noisy: rows drawn from the model, held against noisy tables that its budget paid for.
    """

    what: Literal["table", "images", "rows"]
    method: str
    n_rows: int
    columns: tuple[Known, ...] = ()
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
        return [c.name for c in self.columns if c.role in ("id", "entity")]

    @property
    def entity(self) -> str | None:
        """The column that tells whose a row is, where no budget holds."""
        return next(iter(self.named("entity")), None)

    def named(self, role: str) -> list[str]:
        return [c.name for c in self.columns if c.role == role]


def facts_of_model(synthesizer: Synthesizer) -> Facts:
    """The facts of a fitted model of tables or images."""
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
