"""The audit of a database under a budget: made-up databases that differ by one root with all that goes back to it.

The root at stake is as odd as a schema lets it be: it lies at a corner of every column, has far more rows in every
table than are counted, and its keys are the greatest. Where rows are counted and not roots it moves an answer by all
its rows, and where gradients are not cut it pulls by all of them.

Scores of fitted models see none of that in few fits: thirty fits of a kind show an epsilon of 1.4 at most by guesses
whatever the law, and the noise on a table two keys below the root, whose part of the budget is small, has a deviation
of hundreds. So what is looked at are the answers themselves, beneath their noise.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from likewise.audit.bounds import MOST_EPSILON, Bound
from likewise.audit.canaries import rows_at
from likewise.audit.games import Audit, Claim
from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.dp.accounting import Steps, epsilon_of, epsilon_of_steps
from likewise.dp.ledger import DP, UNASKED, Ledger
from likewise.dp.rehearsal import Heard, OtherQuestions, rehearsing
from likewise.errors import LikewiseWarning, OptionError, PrivacyError
from likewise.schema.column import Schema
from likewise.schema.dtypes import dtype_from_name
from likewise.synthesizer import Synthesizer
from likewise.synthesizer.databases.public import links_within
from likewise.synthesizer.databases.saved import to_parts

ROOTS = 60
"""Roots of the database that is fitted, unless told otherwise: few, so that a fit is quick."""
TIMES, FEWEST = 4, 40
"""Rows of the root at stake in each table: so many times those that count, and so many at least."""
ROWS = 2
"""Rows of each other root in a table that points at it: as many as make a gap in time."""
THREAT = "chooses the database and the root; hears every noisy answer, and has the fitted model"


@dataclass(frozen=True, kw_only=True)
class DatabasePlan:
    """What is audited: how a database is learnt within a budget.

    Args:
        schema: keys as they were told, and what is declared of the columns of each table.
        types: by table, column -> type as stored.
        kept: tables that anybody may know.
        privacy: the budget, which names the root.
        options: of the net.
        rows: roots of the database that is made up.
    """

    schema: DatabaseSchema
    types: Mapping[str, Mapping[str, str]]
    privacy: DP
    kept: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: int = ROOTS
    model: str = "autoregressive"

    @property
    def claim(self) -> Claim:
        """What the budget promises."""
        return Claim(epsilon=self.privacy.epsilon, delta=self.privacy.delta)

    @property
    def root(self) -> str:
        """The table whose rows are the units of the budget."""
        assert self.privacy.root is not None
        return self.privacy.root

    @classmethod
    def of(cls, fitted: Synthesizer, path: Path) -> DatabasePlan:
        """The plan by which a model was fitted.

        Args:
            path: of the model's file.

        Raises:
            OptionError: it has no budget.
        """
        model = fitted.database_
        assert model is not None
        if model.ledger is None:
            raise OptionError(f"{path} was fitted without a budget of privacy: there is no claim to audit")
        nets = [t.synth.generator_ for t in model.tables.values() if t.synth is not None]
        options: Mapping[str, Any] = next((net.options() for net in nets if net.name == "autoregressive"), {})
        return cls(
            schema=model.schema, types={name: table.columns for name, table in model.tables.items()},
            kept={name: table.kept for name, table in model.tables.items() if table.kept is not None},
            privacy=model.ledger.budget, options=options,
        )  # fmt: skip

    def fit(self, database: Database) -> Synthesizer:
        """Quietly: that the database is small and the noise large is the point."""
        made = Synthesizer(self.model, privacy=self.privacy, random_state=0, **self.options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LikewiseWarning)
            return made.fit(database)


@dataclass(frozen=True)
class RootStake:
    """A database with the root at stake as the last row of its table, and the same without it."""

    inside: Database
    outside: Database


def root_at_stake(plan: DatabasePlan) -> RootStake:
    """Roots of two kinds, at opposite corners, with a row in each table, and one more of the first: no value is its
    own, so that the same is asked of both databases."""
    many = max(TIMES * plan.privacy.max_rows, FEWEST)
    inside, outside = dict(plan.kept), dict(plan.kept)
    whose, corners = dict[str, Any](), dict[str, Any]()
    owners = {plan.root: None} | links_within(plan.schema, plan.root)[0]
    for name, key in owners.items():
        if key is None:
            parent = np.arange(plan.rows + 1)
            odd, corner = parent == plan.rows, (parent % 2) * 1.0
            corner[-1] = 0.0
        else:
            above = whose[key.parent]  # whether it is the root's at stake
            of_root = key.parent == plan.root
            each = np.where(above, many if of_root else 1, ROWS if of_root else 1)
            parent = np.repeat(np.arange(len(above)), each)
            odd, corner = above[parent], corners[key.parent][parent]
        whose[name], corners[name] = odd, corner
        inside[name] = _rows_of(plan, name, key, inside, parent, corner)
        outside[name] = inside[name].filter(pl.Series(~odd))
    return RootStake(Database(inside, plan.schema), Database(outside, plan.schema))


def _rows_of(
    plan: DatabasePlan, name: str, key: ForeignKey | None, made: Mapping[str, pl.DataFrame], parent: Any, corner: Any
) -> pl.DataFrame:
    """Rows of one table, each at one corner of its columns or at the other."""
    table, types = plan.schema.tables[name], {c: dtype_from_name(of) for c, of in plan.types[name].items()}
    keys, n = plan.schema.key_columns(name), len(parent)
    own = [c for c in (table.columns or Schema(())) if c.name in types and c.name not in keys]
    rows = rows_at(Schema(tuple(own)), np.tile(corner[:, None], len(own))) if own else pl.DataFrame()
    columns = {c: rows[c] for c in rows.columns}
    for other in plan.schema.of(name):
        frame = made[other.parent]
        at = parent if other == key else np.where(corner == 0, len(frame) - 1, 0)
        for c, of in zip(other.columns, other.parent_columns, strict=True):
            columns.setdefault(c, frame[of].gather(at).alias(c))
    places = np.arange(n) - np.searchsorted(parent, parent)
    for c in [c for own_key in table.keys for c in own_key]:
        numbers = pl.Series(np.arange(n) if key is None or len(table.primary) == 1 else places) + 1
        columns.setdefault(c, numbers)
    given = {c: columns[c].rename(c).cast(dtype) for c, dtype in types.items() if c in columns}
    return pl.DataFrame(given, schema=None if given else {})


def audit_database(plan: DatabasePlan) -> Audit:
    """What epsilon of a root is at least, to be held against what is claimed, by two fits.

    The second fit is asked the same under the same answers (`likewise.dp.rehearsal`). How far the root at stake moves
    each answer beneath its noise, and what the ledger says of that noise, make the epsilon of whoever hears all
    answers: exactly, for this root. Models that differ then were told something past the answers, and no epsilon holds.

    Raises:
        OptionError, PrivacyError: the plan cannot be fitted.

    Privacy: none is spent; no real row is used but those of kept tables, which anybody may know.
    """
    began, stake = time.monotonic(), root_at_stake(plan)
    with rehearsing() as first:
        without = plan.fit(stake.outside)
    try:
        with rehearsing(first.heard) as second:
            inside = plan.fit(stake.inside)
        different = not _are_equal(without, inside)
    except OtherQuestions as error:
        raise PrivacyError(
            f"{plan.root!r}: the database that was made up is asked other questions with one root more, and so cannot "
            "be audited"
        ) from error
    assert without.ledger_ is not None
    epsilon = MOST_EPSILON if different else _epsilon(without.ledger_, first.heard, second.heard)
    return Audit(
        claim=plan.claim, bound=Bound(epsilon=epsilon, gaussian=epsilon), law="any", confidence=1.0, runs=2, canaries=1,
        threat=THREAT, seconds=time.monotonic() - began,
    )  # fmt: skip


def _epsilon(ledger: Ledger, one: Sequence[Heard], other: Sequence[Heard]) -> float:
    """The epsilon of all answers together, each moved as far as it was."""
    moved = [(a, _moved(a, b)) for a, b in zip(one, other, strict=True) if a.kind != "seed"]
    asked = iter(ratio for a, ratio in moved if a.kind != "sum")
    steps = iter(ratio for a, ratio in moved if a.kind == "sum")
    rho, runs = 0.0, []
    for entry in ledger.entries:
        if entry.is_sampled:
            worst = max(next(steps) for _ in range(entry.steps))
            if worst > 0:
                runs.append((Steps(entry.rate, entry.steps), entry.parameter / worst))
        elif entry.mechanism != UNASKED:
            rho += next(asked) ** 2 * entry.rho
    delta = ledger.budget.delta - ledger.delta_aside
    if runs:
        return min(epsilon_of_steps(runs, delta, rho=rho), MOST_EPSILON)
    return min(epsilon_of(rho, delta), MOST_EPSILON) if rho > 0 else 0.0


def _moved(one: Heard, other: Heard) -> float:
    """How far an answer is moved, of what it may be."""
    apart = [b - a for a, b in zip(one.exact, other.exact, strict=True)]
    if one.kind == "choice":  # a unit moves the scores of one list only
        return math.fsum(float(np.abs(a).max(initial=0)) for a in apart) / one.sensitivity
    return math.sqrt(math.fsum(float((a**2).sum()) for a in apart)) / one.sensitivity


def _are_equal(one: Synthesizer, other: Synthesizer) -> bool:
    """Whether two models hold the same."""
    models = [made.database_ for made in (one, other) if made.database_ is not None]
    (a, left), (b, right) = (to_parts(model, lambda inner: inner._parts()) for model in models)
    same = left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)
    return same and json.dumps(a, default=str) == json.dumps(b, default=str) and one.n_rows_ == other.n_rows_
