"""Rows held against noisy tables: the band is that of the noise, and what lies beyond it is the model's."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.dp.answers import NoisyTable
from likewise.evaluate.noisy import held_against

LAW = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
N = 2_000


def asked(rng: np.random.Generator, sigma: float, law: np.ndarray = LAW) -> NoisyTable:
    """A table whose real rows are spread as the law says, answered with noise."""
    return NoisyTable((0,), (np.arange(len(law)),), N * law + rng.normal(0, sigma, len(law)), sigma)


def drawn(rng: np.random.Generator, n: int, law: np.ndarray = LAW) -> np.ndarray:
    return rng.choice(len(law), (n, 1), p=law)


@pytest.mark.parametrize(("sigma", "n"), [(5.0, 2_000), (40.0, 2_000), (20.0, 200)])
def test_the_band_holds_what_noise_alone_makes(sigma: float, n: int) -> None:
    rng = np.random.default_rng(71)
    fits = [held_against([asked(rng, sigma)], drawn(rng, n), N, ["a"])[0] for _ in range(600)]
    distances = np.array([fit.distance for fit in fits])
    assert np.mean([fit.noise for fit in fits]) == pytest.approx(distances.mean(), rel=0.08)
    # 2.5 % on either side of a normal law; few cells make the sum of half-normal draws a little skew
    assert np.mean([fit.stands == "worse" for fit in fits]) < 0.06
    assert np.mean([fit.stands == "at" for fit in fits]) > 0.9


def test_rows_of_another_law_lie_beyond_it() -> None:
    rng = np.random.default_rng(72)
    [fit] = held_against([asked(rng, 10.0)], drawn(rng, N, LAW[::-1]), N, ["a"])
    assert fit.stands == "worse"
    assert fit.distance == pytest.approx(0.5 * np.abs(LAW - LAW[::-1]).sum(), abs=0.05)


def test_rows_that_copy_the_noise_lie_below_it() -> None:
    rng = np.random.default_rng(73)
    noisy = asked(rng, 60.0)
    shares = noisy.counts.clip(0)
    codes = np.repeat(np.arange(len(LAW)), np.round(50 * shares / shares.sum() * N).astype(int))[:, None]
    [fit] = held_against([noisy], codes, float(noisy.counts.sum()), ["a"])
    assert fit.stands == "ahead"


def test_the_better_answer_counts_where_a_table_was_asked_for_twice() -> None:
    rng = np.random.default_rng(74)
    sharp, dull = asked(rng, 5.0), asked(rng, 50.0)
    rows = drawn(rng, N)
    assert held_against([dull, sharp, dull], rows, N, ["a"]) == held_against([sharp], rows, N, ["a"])


def test_tables_are_named_by_their_columns() -> None:
    rng = np.random.default_rng(75)
    pair = NoisyTable((0, 1), (np.arange(5), np.arange(2)), np.full((5, 2), 200.0), 3.0)
    rows = np.concatenate([drawn(rng, N), rng.integers(0, 2, (N, 1))], 1)
    names = [fit.columns for fit in held_against([asked(rng, 5.0), pair], rows, N, ["town", "sex"])]
    assert names == [("town",), ("town", "sex")]
