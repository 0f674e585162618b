"""Noise has the law that the ledger writes down, a row moves no answer further than it says, and no seed reaches it."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.dp.accounting import epsilon_of_exponential, rho_of, sigma_of_gaussian
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.dp.mechanisms import noisy_choices, noisy_counts
from likewise.errors import ModelFileError, OptionError, PrivacyError

BUDGET = DP(1.0, 1e-6)


def chi_square(noise: np.ndarray, sigma: float) -> float:
    """Distance of whole-number noise from the discrete Gaussian, in deviations of the statistic."""
    edge = int(2.5 * sigma)
    k = np.arange(-edge, edge + 1)
    law = np.exp(-(k**2) / (2 * sigma**2))
    law /= np.exp(-(np.arange(-20 * edge, 20 * edge + 1) ** 2) / (2 * sigma**2)).sum()
    seen = np.array([(noise == i).sum() for i in k])
    expected = law * len(noise)
    return float((((seen - expected) ** 2 / expected).sum() - len(k)) / np.sqrt(2 * len(k)))


def test_noise_is_the_discrete_gaussian_of_the_ledger() -> None:
    ledger = Ledger(DP(10.0, 1e-6))
    noisy, sigma = noisy_counts(np.zeros(20_000, np.int64), 0.05, ledger, "zeros")
    assert sigma == sigma_of_gaussian(1.0, 0.05) == ledger.entries[0].parameter
    assert (noisy == np.rint(noisy)).all()
    assert abs(chi_square(noisy, sigma)) < 5  # five deviations: about one alarm in a million runs


def test_half_the_noise_would_be_caught() -> None:
    """The bug planted: the same check on noise of half the deviation."""
    noisy, sigma = noisy_counts(np.zeros(20_000, np.int64), 0.05, Ledger(DP(10.0, 1e-6)), "zeros")
    assert chi_square(np.rint(noisy / 2), sigma) > 100


def test_a_choice_has_the_law_of_the_exponential_mechanism() -> None:
    rho, n = 0.02, 3000
    ledger = Ledger(DP(10.0, 1e-6))
    drawn = noisy_choices([np.array([0.0, 2.0, 4.0])] * n, rho, ledger, "three", sensitivity=1.0)
    weight = np.exp(epsilon_of_exponential(rho) * np.array([0.0, 2.0, 4.0]) / 2)
    share = weight / weight.sum()
    seen = np.bincount(drawn, minlength=3) / n
    assert (np.abs(seen - share) < 5 * np.sqrt(share * (1 - share) / n)).all()
    assert len(ledger.entries) == 1  # lists of different rows cost together what one does


def test_numpys_seed_does_not_reach_the_noise() -> None:
    def run() -> np.ndarray:
        np.random.seed(0)  # noqa: NPY002 - the point of the test
        return noisy_counts(np.zeros(50, np.int64), 0.001, Ledger(BUDGET), "zeros")[0]

    assert not np.array_equal(run(), run())


def test_counts_that_are_no_whole_numbers_are_refused() -> None:
    with pytest.raises(PrivacyError, match="whole numbers"):
        noisy_counts(np.zeros(3), 0.01, Ledger(BUDGET), "halves")


def test_scores_that_are_no_numbers_are_refused_before_anything_is_spent() -> None:
    ledger = Ledger(BUDGET)
    with pytest.raises(PrivacyError, match="finite"):
        noisy_choices([np.array([0.0, np.nan])], 0.01, ledger, "scores")
    assert not ledger.entries


def test_a_ledger_refuses_what_the_budget_does_not_hold() -> None:
    ledger = Ledger(BUDGET)
    noisy_counts(np.zeros(3, np.int64), 0.7 * ledger.rho, ledger, "first")
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        noisy_counts(np.zeros(3, np.int64), 0.7 * ledger.rho, ledger, "second")
    assert len(ledger.entries) == 1
    noisy_counts(np.zeros(3, np.int64), ledger.left, ledger, "the rest")
    assert ledger.epsilon == 1.0


def test_a_touch_without_a_cost_is_refused() -> None:
    with pytest.raises(PrivacyError, match="must have a cost"):
        Ledger(BUDGET).spend(Entry(what="look", mechanism="gaussian", parameter=np.inf, rho=0.0))


def test_delta_for_levels_is_set_aside_and_guarded() -> None:
    ledger = Ledger(BUDGET)
    assert ledger.rho == rho_of(1.0, 0.9e-6)
    noisy_counts(np.zeros(3, np.int64), 1e-4, ledger, "levels", delta=1e-7)
    with pytest.raises(PrivacyError, match="delta"):
        noisy_counts(np.zeros(3, np.int64), 1e-4, ledger, "levels", delta=1e-8)


def test_a_ledger_survives_its_file_and_a_forged_one_does_not() -> None:
    ledger = Ledger(BUDGET)
    noisy_counts(np.zeros(3, np.int64), ledger.rho / 2, ledger, "half")
    data = ledger.to_dict()
    assert Ledger.from_dict(data).to_dict() == data
    data["entries"] *= 3
    with pytest.raises(ModelFileError):
        Ledger.from_dict(data)


@pytest.mark.parametrize("options", [{"pay": "names"}, {"codec_share": 0.0}, {"codec_share": 1.0}])
def test_a_budget_refuses_what_it_cannot_mean(options: dict) -> None:
    with pytest.raises(OptionError):
        DP(1.0, 1e-6, **options)
