"""Claims about how often values stay: as often as in the real histories, whatever the net alone would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.histories.calibration import MOST, tilts_of
from likewise.histories.order import Histories

N, ROWS = 400, 20


def stays(frame: pl.DataFrame) -> float:
    later = frame["who"] == frame["who"].shift(1)
    return float((frame["ward"] == frame["ward"].shift(1)).filter(later).mean())  # type: ignore[arg-type]


def wards(share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Patients who stay where they are in so many of their rows."""
    stay = rng.random((N, ROWS)) < share
    moved = np.maximum.accumulate(np.where(stay, 0, np.arange(ROWS)), axis=1)
    ward = np.take_along_axis(rng.permuted(np.tile(np.arange(100), (N, 1)), axis=1)[:, :ROWS], moved, 1)
    return pl.DataFrame({"who": np.repeat(np.arange(N), ROWS), "t": np.tile(np.arange(ROWS), N), "ward": ward.ravel()})


def tilt_of(real: float, alone: float) -> tuple[float, list[float]]:
    """What is found for a net that alone stays with this share, and the tilts it was tried with."""
    rng, tried = np.random.default_rng(0), list[float]()

    def draw(n: int, tilts: Sequence[float]) -> tuple[pl.DataFrame, np.ndarray]:
        tried.append(tilts[0])
        odds = alone / (1 - alone) * tilts[0]
        frame = wards(odds / (1 + odds), rng)
        return frame, frame["who"].to_numpy()

    return tilts_of(["ward"], Histories.of(wards(real, rng), "who", "t"), draw)[0], tried


@pytest.mark.parametrize(("real", "alone"), [(0.5, 0.45), (0.8, 0.6), (0.3, 0.35)])
def test_the_odds_are_raised_by_what_lacks(real: float, alone: float) -> None:
    wanted = real / (1 - real) * (1 - alone) / alone
    tilt, tried = tilt_of(real, alone)
    assert tilt == pytest.approx(wanted, rel=0.15)
    assert tried[0] == 1.0


def test_they_are_never_changed_beyond_reason() -> None:
    assert tilt_of(0.9, 0.1)[0] == MOST


def test_drawn_histories_stay_as_often_as_real_ones_and_a_bad_tilt_of_a_file_is_refused() -> None:
    table = wards(0.6, np.random.default_rng(1)).with_columns(ward="w" + (pl.col("ward") % 7).cast(pl.String))
    model = lw.Synthesizer(entity="who", time="t", random_state=0, epochs=1).fit(table)
    assert stays(model.sample(N, random_state=1)) == pytest.approx(stays(table), abs=0.03)
    assert model.histories_ is not None
    layout = model.histories_.layout
    assert len(layout.tilts) == len(layout.repeats) == 1
    for tilts in ((), (0.0,), (float("nan"),), (float("inf"),), ("1",)):
        with pytest.raises(ModelFileError):
            replace(layout, tilts=tilts).check()  # type: ignore[arg-type]
