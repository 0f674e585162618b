"""Choices of bin edges, held against the law of a choice among all cuts one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from likewise.dp import cuts, mechanisms
from likewise.dp.accounting import epsilon_of_exponential
from likewise.dp.columns import ColumnGate, Distinct
from likewise.dp.ledger import DP, Ledger

CELLS = 2**16

Rows = dict[int, int]
"""Cell -> its rows."""


class Recorder:
    """In the place of opendp: notes the scores and the scale of the noise of each choice, and takes the first."""

    def __init__(self) -> None:
        self.asked: list[tuple[npt.NDArray[np.float64], float]] = []

    def __getattr__(self, name: str) -> object:
        return self if name == "m" else lambda *_, **__: None

    def make_noisy_max(self, *_: object, scale: float) -> object:
        def first(scores: list[float]) -> int:
            self.asked.append((np.array(scores), scale))
            return 0

        return first


def first_cut(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> tuple[npt.NDArray[np.float64], float]:
    """(CELLS - 1,) log chance of each cut in the first round, and the epsilon that its entry pays for."""
    recorder, ledger = Recorder(), Ledger(DP(1.0, 1e-6))
    monkeypatch.setattr(mechanisms, "_opendp", lambda: recorder)
    cells = Distinct.of(np.array(list(rows)), np.array(list(rows.values())))
    cuts._quantiles(ColumnGate(lambda: cells, ledger, 0.004, 0.0), CELLS, "income")
    scores, scale = recorder.asked[0]
    # Runs of cuts end right after each cell that holds rows.
    ends = np.unique([1, *(c + 1 for c in rows), CELLS])
    lengths = np.diff(ends)
    lengths = lengths[lengths > 0]
    assert len(lengths) == len(scores)
    log_chance = scores / scale - np.log(lengths)
    chances = np.repeat(log_chance, lengths)
    return chances - np.log(np.exp(chances).sum()), epsilon_of_exponential(ledger.entries[0].rho)


TABLE = {0: 40, 7: 30, 900: 31, 65_000: 41}


@pytest.mark.parametrize("rows", [TABLE, {0: 1, 65_535: 1}, {50: 1}], ids=["rows", "two rows", "one row"])
@pytest.mark.parametrize("odd", [1, 899, 30_000, 65_534])
def test_a_row_between_others_moves_no_cut_by_more_than_its_entry_pays(
    rows: Rows, odd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    without, epsilon = first_cut(rows, monkeypatch)
    with_it, _ = first_cut({**rows, odd: 1}, monkeypatch)
    moved = with_it - without
    assert moved.max() - moved.min() <= epsilon * (1 + 1e-9) + 1e-12


def test_cuts_with_the_same_rows_below_are_as_likely_wherever_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    log_chances, epsilon = first_cut(TABLE, monkeypatch)
    below = np.array([sum(n for c, n in TABLE.items() if c < cut) for cut in range(1, CELLS)])
    expected = -epsilon * np.abs(below - sum(TABLE.values()) / 2)
    assert np.allclose(log_chances, expected - np.log(np.exp(expected).sum()), atol=1e-9)
