"""What a fit within a budget asks of its rows: each query with its exact answer and its sensitivity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from likewise.dp import columns, gate, units
from likewise.dp.ledger import Entry, Ledger
from likewise.histories import private
from likewise.typing import Ints

LOOKS = (columns, gate, private)
"""Where counts are asked for."""

Fit = Callable[[], object]
Asked = list[tuple[str, Any, float]]


def asked_of(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Every query of a fit with its exact answer and its sensitivity; what is answered is the same for any rows."""
    asked: Asked = []

    def counts(
        look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        exact = np.asarray(look(), float)
        asked.append((what, exact, sensitivity))
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho))
        return np.full(len(exact), 400.0), sigma

    def choices(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        asked.extend((what + " scores", np.asarray(scores), sensitivity) for scores in look())
        ledger.spend(Entry(what=what, mechanism="exponential", parameter=1.0, sensitivity=sensitivity, rho=rho))
        return [0]

    for module in LOOKS:
        monkeypatch.setattr(module, "noisy_counts", counts)
    monkeypatch.setattr(gate, "noisy_choices", choices)
    monkeypatch.setattr(units, "noisy_sum", lambda total, *rest: np.zeros(len(total)))
    fit()
    return asked


def furthest(first: Fit, second: Fit, monkeypatch: pytest.MonkeyPatch, *, least: int) -> float:
    """The greatest distance of two answers to one question, in terms of its sensitivity.

    Args:
        least: how many questions are asked at least.
    """
    one, other = (asked_of(fit, monkeypatch) for fit in (first, second))
    assert [what for what, _, _ in one] == [what for what, _, _ in other]
    moved = [
        (np.abs(a - b).max() if what.endswith("scores") else np.linalg.norm(a - b)) / sensitivity
        for (what, a, sensitivity), (_, b, _) in zip(one, other, strict=True)
    ]
    assert len(moved) >= least
    return float(max(moved))


def first_of_each(starts: Ints, n: int) -> Ints:
    return np.asarray(starts[np.diff(np.append(starts, n)) > 0])


def last_of_each(starts: Ints, n: int) -> Ints:
    ends = np.append(starts, n)[1:] - 1
    return np.asarray(ends[np.diff(np.append(starts, n)) > 0])
