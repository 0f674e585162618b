"""What a purpose costs and promises, told before a run: nothing here looks at more than the purpose may see."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from likewise.dp.accounting import rho_of
from likewise.dp.budget import Budget
from likewise.dp.declaration import Declaration
from likewise.dp.ledger import DP
from likewise.errors import LikewiseError, PrivacyError
from likewise.models import MODELS
from likewise.schema.column import Role, Schema
from likewise.studio import spoken
from likewise.studio.faults import fault_of
from likewise.studio.session import Session, Settings, Source
from likewise.studio.state import measured
from likewise.studio.tables import Tables

NOT_PRIVATE = ("copula", "cart")
"""Models that cannot keep a budget."""


def told(session: Session, budget: Path) -> dict[str, Any]:
    """What the screen of purposes shows beside its settings."""
    if session.tables is not None:
        return told_of_tables(session, session.tables, budget)
    source, schema, settings = session.table, session.schema, session.settings
    facts: dict[str, Any] = {"models": models(), "not_private": NOT_PRIVATE}
    if settings.purpose == "budget":
        facts |= {"unsaid": unsaid(source, schema, settings), "count_error": count_error(schema, settings)}
        facts["budget"] = account(budget)
    elif settings.purpose in ("k", "rows"):
        facts["classes"] = None if source.blind else classes(source, schema, settings.k)
    return facts


def told_of_tables(session: Session, several: Tables, budget: Path) -> dict[str, Any]:
    """The same of several tables."""
    keys, facts = session.keys, dict[str, Any]()
    if session.settings.purpose == "budget":
        try:
            measured().check_declared(several.database.with_schema(keys), session.settings.budget(root=keys.root))
            facts["unsaid"] = None
        except LikewiseError as error:
            facts["unsaid"] = fault_of(error)
        facts["budget"] = account(budget)
    return facts


def models() -> list[dict[str, Any]]:
    return [{"name": name, **spoken.about(name, kind.about)} for name, kind in MODELS.items()]


def unsaid(source: Source, schema: Schema, settings: Settings) -> spoken.Said | None:
    """What must be declared before a private run, or paid for; None where nothing lacks."""
    try:
        Declaration.of(
            schema, source.frame.schema, DP(settings.epsilon, settings.delta, pay=settings.pay), in_file=True
        )
    except PrivacyError as error:
        return spoken.unsaid(str(error).partition("\nSay what anybody may know")[0])
    except LikewiseError as error:
        return fault_of(error)
    return None


def count_error(schema: Schema, settings: Settings) -> float | None:
    """By how many rows the noisy count of a level may be off (95 %), where a third of the budget is shared by the
    columns' own counts, as MST does (McKenna, Miklau and Sheldon 2021). The noise is a fixed mechanism's: no row tells.

    Example:
        >>> from likewise.schema.column import Column
        >>> schema = Schema(tuple(Column(name=n, kind="categorical") for n in "abc"))
        >>> 20 < count_error(schema, Settings(epsilon=1.0)) < 30
        True
    """
    columns = len(schema.modelled)
    if not columns:
        return None
    rho = rho_of(settings.epsilon, settings.delta) / 3 / columns
    return 1.96 / math.sqrt(2 * rho)


def account(path: Path) -> dict[str, Any] | None:
    """The odometer; None where no total was set."""
    if not path.is_file():
        return None
    kept = Budget(path)
    return {
        "unit": kept.total.unit, "name": kept.name, "epsilon": kept.total.epsilon, "delta": kept.total.delta,
        "spent": kept.spent, "left": kept.left,
        "entries": [
            {"time": e.time, "model": e.model, "epsilon": e.epsilon, "status": e.status} for e in kept.entries
        ],
    }  # fmt: skip


def begin_account(path: Path, name: str, total: DP) -> None:
    """Set what all fits together may spend; it does not change once it is set."""
    Budget(path, name=name, total=total).create()


def classes(source: Source, schema: Schema, k: int) -> dict[str, int] | None:
    """How rows share their quasi-identifiers as they stand; None where no column is one."""
    names = [column.name for column in schema if column.role is Role.QUASI_IDENTIFIER]
    if not names:
        return None
    sizes = source.frame.group_by(names).len()["len"]
    return {
        "columns": len(names), "classes": len(sizes), "smallest": int(sizes.min() or 0),  # type: ignore[arg-type]
        "alone": int((sizes == 1).sum()), "below": int(sizes.filter(sizes < k).sum()), "rows": source.frame.height,
    }  # fmt: skip
