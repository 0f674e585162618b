"""Noise has the law that the ledger writes down, a row moves no answer further than it says, and no seed reaches it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np
import pytest
from scipy import special, stats

from likewise.audit import Claim, epsilon_of_mu, many_runs
from likewise.dp import mechanisms
from likewise.dp.accounting import epsilon_of_exponential, rho_of, sigma_of_gaussian
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.dp.mechanisms import (
    BLOCK_BITS,
    ENTRY_BITS,
    GRID_BITS,
    grid_noise,
    noisy_choices,
    noisy_counts,
    noisy_sum,
    sampled_rows,
)
from likewise.errors import ModelFileError, OptionError, PrivacyError

BUDGET = DP(1.0, 1e-6)
UNLIKELY = 1e-6
"""Chance with which a test of a law may fail although the law holds: its draws have no seed."""


def chi_square(noise: np.ndarray, sigma: float) -> float:
    """Distance of whole-number noise from the normal law rounded, in deviations of the statistic."""
    edge = int(2.5 * sigma)
    k = np.arange(-edge, edge + 1)
    law = special.ndtr((k + 0.5) / sigma) - special.ndtr((k - 0.5) / sigma)
    seen = np.array([(noise == i).sum() for i in k])
    expected = law * len(noise)
    return float((((seen - expected) ** 2 / expected).sum() - len(k)) / np.sqrt(2 * len(k)))


def test_noise_is_the_rounded_normal_law_of_the_ledger() -> None:
    ledger = Ledger(DP(10.0, 1e-6))
    noisy, sigma = noisy_counts(lambda: np.zeros(200_000, np.int64), 0.05, ledger, "zeros")
    assert sigma == sigma_of_gaussian(1.0, 0.05) == ledger.entries[0].parameter
    assert (noisy == np.rint(noisy)).all()
    assert abs(chi_square(noisy, sigma)) < 5  # five deviations: about one alarm in a million runs


@pytest.mark.parametrize("rho", [1e-9, 1e4])
def test_noise_far_above_and_far_below_a_row(rho: float) -> None:
    counts = np.array([[0, 7], [10**12, 3]])
    noisy, sigma = noisy_counts(lambda: counts, rho, Ledger(DP(1e5, 1e-6)), "counts")
    assert noisy.shape == counts.shape
    assert (noisy == np.rint(noisy)).all()
    assert (np.abs(noisy - counts) <= 12 * sigma + 0.5).all()
    assert (noisy == counts).all() == (rho > 1)


def test_half_the_noise_would_be_caught() -> None:
    """The bug planted: the same check on noise of half the deviation."""
    noisy, sigma = noisy_counts(lambda: np.zeros(20_000, np.int64), 0.05, Ledger(DP(10.0, 1e-6)), "zeros")
    assert chi_square(np.rint(noisy / 2), sigma) > 100


# ---- the grid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deviation", [2.0**GRID_BITS, 1.37 * 2.0**GRID_BITS, 2.0 ** (GRID_BITS + 1) - 1])
def test_each_outcome_has_its_chance_to_within_two_to_the_minus_42(deviation: float) -> None:
    """The chance of z: entries of its block, times that of accepting it. In exact numbers, against the law's shape."""
    block, height = mechanisms._blocks(deviation)
    entries = np.bincount(block, minlength=len(height))
    middle = len(height) // 2
    assert entries.sum() == 2**ENTRY_BITS
    assert middle * 2**BLOCK_BITS >= mechanisms.REACH * deviation
    # z / deviation at -12 .. 12, and both ends of some blocks.
    z = np.unique(np.r_[(np.linspace(-12, 12, 97) * deviation).astype(np.int64), np.arange(-4, 5) << BLOCK_BITS, -1, 1])
    z = z[(np.abs(z) <= 12 * deviation) & (z < middle << BLOCK_BITS)]
    place = (z >> BLOCK_BITS) + middle
    chance = np.exp(-np.square(z * (1 / (deviation * math.sqrt(2))))) * height[place]
    assert (chance <= 1 + 2.0**-50).all()
    log_odds = [
        math.log(Fraction(float(c)) * int(entries[b]) / (Fraction(float(chance[i])) * int(entries[place[i]])))
        + float((Fraction(int(x)) ** 2 - Fraction(int(z[i])) ** 2) / (2 * Fraction(deviation) ** 2))
        for i in [int(np.argmin(np.abs(z)))]
        for x, b, c in zip(z, place, chance, strict=True)
    ]
    # What the test itself rounds: two logarithms and a quotient that reach 72.
    assert np.abs(log_odds).max() < 2.0**-42


def test_draws_on_the_grid_are_normal_far_into_the_tails() -> None:
    deviation, n = 1.7 * 2.0**GRID_BITS, 1_000_000
    x = grid_noise(n, deviation) / deviation
    assert len(x) == n
    assert stats.kstest(x[:200_000], "norm").pvalue > UNLIKELY
    assert abs(x.var() - 1) < 5 * math.sqrt(2 / n)
    for edge in (2.5, 3.5, 4.5):
        for side in (x > edge, x < -edge):
            assert stats.binomtest(int(side.sum()), n, special.ndtr(-edge)).pvalue > UNLIKELY


def test_a_number_that_24_bits_leave_open_is_judged_by_more() -> None:
    """A chance of 2**-24 times a third: only where the first bits are all zero, and then in a third of all cases."""
    n = 90_000
    chance = np.full(n, 2.0**-24 / 3)
    yes = mechanisms._is_below(np.zeros(n, np.int64), chance)
    assert stats.binomtest(int(yes.sum()), n, 1 / 3).pvalue > UNLIKELY
    assert not mechanisms._is_below(np.ones(n, np.int64), chance).any()


@pytest.mark.parametrize("multiplier", [0.31, 2.09, 700.0])
def test_a_noisy_sum_is_a_whole_number_of_steps_that_hang_on_the_noise_alone(multiplier: float) -> None:
    total = np.random.default_rng(41).normal(size=5000) * np.r_[0.0, np.ones(4999)]
    noisy = noisy_sum(total, 0.7, multiplier)
    step = 2.0 ** (math.floor(math.log2(0.7 * multiplier)) - GRID_BITS)
    assert (noisy / step == np.rint(noisy / step)).all()
    assert stats.kstest((noisy - total) / (0.7 * multiplier), "norm").pvalue > UNLIKELY


def test_a_row_that_alone_touches_weights_shows_no_more_than_is_claimed() -> None:
    """The attack on the last bits. Noise of 32 bits is a multiple of few numbers where the sum is 0, so that one row
    which moves 64 weights was seen for certain: epsilon 5.5 where 2.15 was claimed."""
    multiplier, d = 2.09, 64
    gradient = np.random.default_rng(7).normal(size=d)
    gradient /= np.linalg.norm(gradient)
    claim = Claim(epsilon=epsilon_of_mu(1 / multiplier, 1e-6), delta=1e-6)

    def sound(inside: bool) -> float:
        return off_the_lattice(noisy_sum(gradient * inside, 1.0, multiplier), multiplier)

    def of_32_bits(inside: bool) -> float:
        noise = np.random.default_rng().standard_normal(d, dtype=np.float32) * np.float32(multiplier)
        return off_the_lattice((gradient * inside).astype(np.float32) + noise, multiplier)

    assert not many_runs(sound, claim, runs=1500, law="any", confidence=0.9999).is_broken
    assert many_runs(of_32_bits, claim, runs=1500, law="any", confidence=0.9999).is_broken


def off_the_lattice(noisy: np.ndarray, deviation: float) -> float:
    """How many weights are not k * width * deviation in 32 bits for any k < 2**23 and any of the 256 widths by which
    numpy draws normal numbers of 32 bits (Marsaglia and Tsang 2000): what noise alone always is."""
    r, area = 3.6541528853610088, 0.00492867323399
    edges = [r]
    for _ in range(254):
        edges.append(math.sqrt(-2 * math.log(math.exp(-0.5 * edges[-1] ** 2) + area / edges[-1])))
    widths = (np.array([area / math.exp(-0.5 * r * r), *edges[::-1]]) / 2**23).astype(np.float32)
    size, scale = np.abs(noisy).astype(np.float32)[:, None], np.float32(deviation)
    k = np.rint(size.astype(np.float64) / float(scale) / widths.astype(np.float64)).astype(np.int64)
    hit = np.zeros(len(noisy), bool)
    for near in (k - 1, k, k + 1):
        hit |= ((near >= 0) & (near < 2**23) & ((near.astype(np.float32) * widths) * scale == size)).any(1)
    return float((~hit & (size[:, 0] < 3.6 * scale)).sum())


def test_a_row_moves_a_sum_on_the_grid_by_what_was_kept_for_rounding() -> None:
    """No noise: only what rounding does. Sums just below and just above half a step, in every coordinate."""
    n, multiplier = 10_000, 50.0
    step = 2.0 ** (math.floor(math.log2(multiplier)) - GRID_BITS)
    low, high = (np.full(n, side * step) for side in (0.499, 0.501))
    moved = np.linalg.norm(np.rint(high / step) - np.rint(low / step)) * step
    assert moved == math.sqrt(n) * step <= mechanisms.GRID_SHARE
    with pytest.raises(PrivacyError, match="drowns"):
        noisy_sum(np.zeros(n), 1.0, 1e5)


def test_a_sum_that_lost_bits_before_its_noise_is_refused() -> None:
    with pytest.raises(PrivacyError, match="64 bits"):
        noisy_sum(np.zeros(3, np.float32), 1.0, 2.0)  # type: ignore[arg-type]


def test_a_sum_beyond_whole_numbers_of_64_bits_is_cut_there() -> None:
    noisy = noisy_sum(np.array([1e30, -1e30, 0.0]), 1.0, 1.0)
    assert min(noisy[0], -noisy[1]) > 1e8
    assert abs(noisy[2]) < 12


def test_rows_of_a_step_follow_the_rate() -> None:
    assert sampled_rows(5, 1.0).tolist() == [0, 1, 2, 3, 4]
    assert not len(sampled_rows(100_000, 2.0**-70))
    taken = sampled_rows(100_000, 0.3)
    assert stats.binomtest(len(taken), 100_000, 0.3).pvalue > UNLIKELY
    assert (np.diff(taken) > 0).all()


def test_all_chance_comes_from_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another source of bytes gives other noise, the same bytes the same: nothing else reaches it."""

    def run() -> list[float]:
        source = np.random.default_rng(15)
        monkeypatch.setattr(mechanisms.os, "urandom", source.bytes)
        counted, _ = noisy_counts(lambda: np.zeros(9, np.int64), 0.001, Ledger(BUDGET), "zeros")
        parts = [counted, noisy_sum(np.zeros(9), 1.0, 2.0), sampled_rows(50, 0.2)]
        return [float(x) for part in parts for x in part] + [mechanisms.secret_seed()]

    assert run() == run()


# ---- choices, and the ledger -----------------------------------------------------------------------------------------


def test_a_choice_has_the_law_of_the_exponential_mechanism() -> None:
    rho, n = 0.02, 3000
    ledger = Ledger(DP(10.0, 1e-6))
    drawn = noisy_choices(lambda: [np.array([0.0, 2.0, 4.0])] * n, rho, ledger, "three", sensitivity=1.0)
    weight = np.exp(epsilon_of_exponential(rho) * np.array([0.0, 2.0, 4.0]) / 2)
    share = weight / weight.sum()
    seen = np.bincount(drawn, minlength=3) / n
    assert (np.abs(seen - share) < 5 * np.sqrt(share * (1 - share) / n)).all()
    assert len(ledger.entries) == 1  # lists of different rows cost together what one does


def test_numpys_seed_does_not_reach_the_noise() -> None:
    def run() -> np.ndarray:
        np.random.seed(0)  # noqa: NPY002 - the point of the test
        return noisy_counts(lambda: np.zeros(50, np.int64), 0.001, Ledger(BUDGET), "zeros")[0]

    assert not np.array_equal(run(), run())


def test_counts_that_are_no_whole_numbers_are_refused() -> None:
    with pytest.raises(PrivacyError, match="whole numbers"):
        noisy_counts(lambda: np.zeros(3), 0.01, Ledger(BUDGET), "halves")


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(PrivacyError, match="finite"):
        noisy_choices(lambda: [np.array([0.0, np.nan])], 0.01, Ledger(BUDGET), "scores")


def broken() -> NoReturn:
    raise RuntimeError("the look failed")


@pytest.mark.parametrize("ask", [noisy_counts, noisy_choices])
def test_the_entry_is_written_before_the_look_and_stays_if_that_fails(ask: Callable[..., Any]) -> None:
    ledger = Ledger(BUDGET)
    with pytest.raises(RuntimeError, match="the look failed"):
        ask(broken, 0.01, ledger, "a look")
    assert [entry.what for entry in ledger.entries] == ["a look"]
    assert ledger.spent == pytest.approx(0.01)


@pytest.mark.parametrize("ask", [noisy_counts, noisy_choices])
def test_what_the_budget_does_not_hold_is_not_looked_for(ask: Callable[..., Any]) -> None:
    ledger = Ledger(BUDGET)
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        ask(broken, 2 * ledger.rho, ledger, "a look")


def test_a_ledger_refuses_what_the_budget_does_not_hold() -> None:
    ledger = Ledger(BUDGET)
    noisy_counts(lambda: np.zeros(3, np.int64), 0.7 * ledger.rho, ledger, "first")
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        noisy_counts(lambda: np.zeros(3, np.int64), 0.7 * ledger.rho, ledger, "second")
    assert len(ledger.entries) == 1
    noisy_counts(lambda: np.zeros(3, np.int64), ledger.left, ledger, "the rest")
    assert ledger.epsilon == 1.0


def test_a_touch_without_a_cost_is_refused() -> None:
    with pytest.raises(PrivacyError, match="must have a cost"):
        Ledger(BUDGET).spend(Entry(what="look", mechanism="gaussian", parameter=np.inf, rho=0.0))


def test_delta_for_levels_is_set_aside_and_guarded() -> None:
    ledger = Ledger(BUDGET)
    assert ledger.rho == rho_of(1.0, 0.9e-6)
    noisy_counts(lambda: np.zeros(3, np.int64), 1e-4, ledger, "levels", delta=1e-7)
    with pytest.raises(PrivacyError, match="delta"):
        noisy_counts(lambda: np.zeros(3, np.int64), 1e-4, ledger, "levels", delta=1e-8)


def test_a_ledger_survives_its_file_and_a_forged_one_does_not() -> None:
    ledger = Ledger(BUDGET)
    noisy_counts(lambda: np.zeros(3, np.int64), ledger.rho / 2, ledger, "half")
    data = ledger.to_dict()
    assert Ledger.from_dict(data).to_dict() == data
    data["entries"] *= 3
    with pytest.raises(ModelFileError):
        Ledger.from_dict(data)


@pytest.mark.parametrize("options", [{"pay": "names"}, {"codec_share": 0.0}, {"codec_share": 1.0}])
def test_a_budget_refuses_what_it_cannot_mean(options: dict) -> None:
    with pytest.raises(OptionError):
        DP(1.0, 1e-6, **options)
