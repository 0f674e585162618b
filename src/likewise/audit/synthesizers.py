"""The audit of a synthesizer under a budget: fitted to tables made up for it, attacked through the fitted model."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.audit.canaries import Stake, alone, in_a_crowd, on_a_grid
from likewise.audit.claims import law_of
from likewise.audit.games import Audit, Claim, Law, Told, many_runs, one_run
from likewise.audit.roots import DatabasePlan
from likewise.audit.steps import audit_steps
from likewise.dp.accounting import Steps
from likewise.dp.ledger import DP, Ledger
from likewise.errors import InputError, LikewiseWarning, OptionError, SchemaError, nearest
from likewise.models import MODELS
from likewise.models.marginals.model import MarginalModel
from likewise.schema.column import Schema
from likewise.synthesizer import Synthesizer, load

ROWS = 400
"""Rows of the table that is fitted, unless told otherwise: few, so that a fit is quick."""

REPEATS = 10
"""Rows in each cell of the grid that many canaries stand on."""

DRAWN = 500
"""Rows drawn from a model that knows no probabilities."""

THREAT = "chooses the table and the row; has the fitted model, not the noise"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is audited: a generator, its options, and the budget it claims to keep.

    Args:
        model: name of a generator that can keep differential privacy.
        schema: what the columns are, with all declared that is not paid for.
        privacy: the budget.
        options: of the generator.
        rows: of the table that is made up.
    """

    model: str
    schema: Schema
    privacy: DP
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: int = ROWS

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise OptionError(f"there is no model {self.model!r}{nearest(self.model, list(MODELS))}")
        if not isinstance(self.options, Mapping):
            raise OptionError(f"options must map names to values, got {type(self.options).__name__}")
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 2:
            raise OptionError(f"rows must be a whole number of 2 or more, got {self.rows!r}")

    @property
    def claim(self) -> Claim:
        """What the budget promises."""
        return Claim(epsilon=self.privacy.epsilon, delta=self.privacy.delta)

    def at_stake(self, stake: Stake) -> Stake:
        """The stake with as many copies of a row as the budget's unit has rows."""
        return replace(stake, entity=self.privacy.entity, copies=self.privacy.max_rows)

    def fit(self, frame: Any) -> Synthesizer:
        """A synthesizer fitted to a frame; quietly, for that the table is small and the noise large is the point."""
        made = Synthesizer(self.model, schema=self.schema, privacy=self.privacy, random_state=0, **self.options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LikewiseWarning)
            return made.fit(frame)


def audit_synthesizer(
    plan: Plan,
    *,
    runs: int = 1_000,
    canaries: int = 0,
    max_seconds: float | None = None,
    confidence: float = 0.95,
    progress: Told | None = None,
) -> Audit:
    """A lower bound on the epsilon of a synthesizer, to be held against what it claims.

    Args:
        runs: fits, half of them with the row at stake. Which of the two bounds is held against the claim hangs on what
            the model's ledger proves (`likewise.audit.claims`).
        canaries: if not 0, one fit only, with so many rows at stake: for models that take minutes.
        max_seconds: end after this time with the runs there are.
        confidence: with which the bound holds.
        progress: called with the runs that are done.

    Raises:
        OptionError, PrivacyError: the plan cannot be fitted.

    Privacy: none is spent; no real row is used.

    Example:
        >>> import likewise as lw
        >>> columns = [lw.Column(name=c, kind="boolean", dtype="Boolean", nullable=False) for c in "ab"]
        >>> plan = Plan(model="mst", schema=lw.Schema(tuple(columns)), privacy=lw.DP(1.0), options={"iterations": 20})
        >>> audit_synthesizer(plan, runs=20).is_broken
        False
    """
    counts_only = issubclass(MODELS[plan.model], MarginalModel)
    if canaries:
        stake = plan.at_stake(on_a_grid(plan.schema, canaries, REPEATS))

        def all_at_once(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
            return presence(plan.fit(stake.with_rows(inside)), stake)

        law: Law = "gaussian" if counts_only else "any"
        return one_run(all_at_once, plan.claim, canaries=len(stake.rows), confidence=confidence, law=law, threat=THREAT)
    stake = plan.at_stake((in_a_crowd if counts_only else alone)(plan.schema, plan.rows))
    ledgers: list[Ledger] = []

    def fitted(inside: bool) -> float:
        made = plan.fit(stake.with_rows(inside))
        assert made.ledger_ is not None
        ledgers[:] = [made.ledger_]
        return float(presence(made, stake)[0])

    found = many_runs(
        fitted, plan.claim, runs=runs, max_seconds=max_seconds, confidence=confidence, threat=THREAT, progress=progress
    )
    [ledger] = ledgers
    return replace(found, law=law_of(plan.privacy, ledger.runs, rho=ledger.spent))


def audit_training(plan: Plan, *, canaries: int = 20_000, confidence: float = 0.95) -> Audit:
    """As `audit_synthesizer`, for models that are nets: their steps of training attacked from within.

    One fit to a table made up tells how many steps there are and how strong their noise is; `audit_steps` trains so.
    What the model asked of the rows before its steps is not looked at, so that less than all of epsilon can be found.

    Args:
        plan: what is fitted, and under which budget.
        canaries: rows at stake.
        confidence: with which the bound holds.

    Raises:
        OptionError: the model is not trained in steps.
    """
    fitted = plan.fit(plan.at_stake(alone(plan.schema, plan.rows)).with_rows(False))
    assert fitted.ledger_ is not None
    phases = [entry for entry in fitted.ledger_.entries if entry.is_sampled]
    if not phases:
        raise OptionError(f"model {plan.model!r} is not trained in steps: audit the fitted model")
    longest = max(phases, key=lambda entry: entry.steps)
    return audit_steps(
        plan.privacy, Steps(longest.rate, longest.steps), canaries=canaries, multiplier=longest.parameter,
        confidence=confidence,
    )  # fmt: skip


def presence(fitted: Synthesizer, stake: Stake) -> npt.NDArray[np.float64]:
    """(m,) how strongly a fitted model speaks for each row at stake: the log of how many such rows it expects."""
    try:
        log_probs = fitted.log_prob(stake.rows)
    except OptionError:  # no probabilities: those of codes drawn, most of which are like one of the rows
        log_probs = _log_shares(fitted, stake)
    return np.asarray(log_probs + np.log(fitted.n_rows_))


def _log_shares(fitted: Synthesizer, stake: Stake) -> npt.NDArray[np.float64]:
    """(m,) log share of drawn rows whose codes agree with a row's, column by column on average."""
    drawn = fitted._codes_of(fitted.sample(DRAWN, random_state=0)).codes
    asked = fitted._codes_of(stake.rows).codes
    agreeing = np.stack([(drawn == row).mean(1) for row in asked])
    return np.asarray(np.log(np.square(agreeing).mean(1) + 1 / DRAWN))


# ---- from a file -----------------------------------------------------------------------------------------------------

BUDGET = ("epsilon", "delta", "pay", "codec_share", "entity", "max_rows")
KEYS = ("model", "options", "schema", *BUDGET, "rows")


def read_plan(path: Path) -> Plan | DatabasePlan:
    """A plan from a file: JSON or TOML, or a model file with a ledger, of a table or of a database.

    JSON and TOML hold `model`, `epsilon` and `schema` (a table as `likewise schema --json` writes it, or the path of
    one, from the file's folder), and may hold `options`, `rows` and the rest of a budget: `delta`, `pay`,
    `codec_share`, `entity` and `max_rows`.

    Raises:
        InputError: the file cannot be read.
        OptionError: it lacks a part, or has one too many; a model file has no ledger.
    """
    if path.suffix.lower() not in (".json", ".toml"):
        fitted = load(path)
        return _plan_of_model(fitted, path) if fitted.database_ is None else DatabasePlan.of(fitted, path)
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as {path.suffix[1:].upper()}: {type(error).__name__}") from None
    if not isinstance(data, dict):
        raise OptionError(f"{path} must hold a table of {', '.join(KEYS)}")
    for key in data:
        if key not in KEYS:
            raise OptionError(f"{path} has {key!r}, which means nothing here{nearest(str(key), list(KEYS))}")
    for key in ("model", "epsilon", "schema"):
        if key not in data:
            raise OptionError(f"{path} lacks {key!r}")
    budget = {key: data[key] for key in BUDGET if key in data}
    return Plan(
        model=data["model"], schema=_schema(data["schema"], path.parent), privacy=DP(**budget),
        options=data.get("options", {}), rows=data.get("rows", ROWS),
    )  # fmt: skip


def _plan_of_model(fitted: Synthesizer, path: Path) -> Plan:
    if fitted.ledger_ is None:
        raise OptionError(f"{path} was fitted without a budget of privacy: there is no claim to audit")
    if fitted.ledger_.whole:
        raise OptionError(
            f"{path} keeps a budget of whole histories, and audits fit tables of single rows: hold its ledger "
            "(synth.ledger_) against another accountant instead"
        )
    generator = fitted.generator_
    return Plan(model=generator.name, schema=fitted.schema_, privacy=fitted.ledger_.budget, options=generator.options())


def _schema(given: Any, folder: Path) -> Schema:
    """What a plan or the file it names declares; what was found in some table counts for nothing."""
    if isinstance(given, Mapping):
        return Schema.from_dict(dict(given)).declare()
    try:
        return Schema.from_json((folder / str(given)).read_text(encoding="utf-8")).declare()
    except OSError as error:
        raise SchemaError(f"the schema {given} cannot be read: {type(error).__name__}") from None
