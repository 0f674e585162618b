"""Files of fitted models set side by side, and all noise taken out of them: answers that never saw a row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likewise.dp import columns, cuts, gate, mechanisms
from likewise.dp.accounting import epsilon_of_exponential
from likewise.dp.columns import ColumnGate
from likewise.dp.ledger import Entry, Ledger
from likewise.modelfile import read_model

Artefact = tuple[dict[str, Any], dict[str, Any]]


def file_of(synthesizer: Any, path: Path) -> Artefact:
    """The file of a fitted model, as its manifest and its arrays."""
    synthesizer.save(path)
    file = read_model(path)
    return file.manifest, file.arrays


def are_equal(a: Artefact, b: Artefact) -> bool:
    same_arrays = a[1].keys() == b[1].keys() and all(np.array_equal(a[1][k], b[1][k]) for k in a[1])
    return a[0] == b[0] and same_arrays


def blind_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let steps of training sum up gradients that have nothing to do with the rows."""
    monkeypatch.setattr(gate, "noisy_sum", lambda total, *rest: np.sin(np.arange(len(total), dtype=float)))


def blind_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mechanisms write into the ledger as ever, and answer what has nothing to do with the rows."""

    def counts(
        look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0, delta: float = 0.0
    ) -> Any:
        sigma = sensitivity / np.sqrt(2 * rho)
        ledger.spend(
            Entry(what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity, rho=rho, delta=delta)
        )
        return 500.0 + np.arange(look().size, dtype=float), sigma

    def choices(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0) -> list[int]:
        ledger.spend(
            Entry(
                what=what,
                mechanism="exponential",
                parameter=epsilon_of_exponential(rho),
                sensitivity=sensitivity,
                rho=rho,
            )
        )
        return [0 for _ in look()]

    for name, fake in (("noisy_counts", counts), ("noisy_choices", choices)):
        honest = getattr(mechanisms, name)
        for module in [m for key, m in sys.modules.items() if key.startswith("likewise.")]:
            if vars(module).get(name) is honest:
                monkeypatch.setattr(module, name, fake)


def blind_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bins and frequent values, whose candidates are the rows' own, be the same whatever the rows."""

    def quantiles(cells: ColumnGate, n_cells: int, name: str) -> Any:
        columns.noisy_choices(lambda: [np.zeros(1)], cells._rho, cells._ledger, f"edges of {name}")
        return np.linspace(0, n_cells, 9).astype(np.int64)

    def frequent(self: ColumnGate, what: str) -> Any:
        columns.noisy_counts(lambda: np.zeros(1, np.int64), self._rho, self._ledger, what, delta=self._delta)
        return np.zeros(0, np.int64), np.zeros(0)

    monkeypatch.setattr(cuts, "_quantiles", quantiles)
    monkeypatch.setattr(ColumnGate, "frequent", frequent)
