"""Audits of differential privacy: what epsilon is at least, found by attack, with its confidence.

A claim of privacy is proved on paper and broken in code. An audit plays the attacker that the definition allows: it
chooses the table and the row, sees what the mechanism gives, and guesses whether the row was in. A bound above the
claim disproves it; one below it proves nothing, but shows how much the audit could have seen.

>>> import likewise as lw
>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> count = lambda with_row: with_row + rng.normal(0, 1)
>>> lw.audit.many_runs(count, lw.audit.Claim(epsilon=1.0, delta=1e-5), law="gaussian").is_broken
True
"""

from __future__ import annotations

from likewise.audit.bounds import (
    Bound,
    bound_of_canaries,
    bound_of_runs,
    epsilon_of_guesses,
)
from likewise.audit.games import Audit, Claim, many_runs, one_run
from likewise.audit.roots import DatabasePlan, audit_database
from likewise.audit.steps import audit_steps
from likewise.audit.synthesizers import Plan, audit_synthesizer, audit_training, read_plan
from likewise.dp.accounting import epsilon_of_mu, mu_of

__all__ = [
    "Audit",
    "Bound",
    "Claim",
    "DatabasePlan",
    "Plan",
    "audit_database",
    "audit_steps",
    "audit_synthesizer",
    "audit_training",
    "bound_of_canaries",
    "bound_of_runs",
    "epsilon_of_guesses",
    "epsilon_of_mu",
    "many_runs",
    "mu_of",
    "one_run",
    "read_plan",
]
