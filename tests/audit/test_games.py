"""The games: who is in is dealt fairly, time is kept, and the outcome says what it is worth."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from likewise.audit import Claim, many_runs, mu_of, one_run
from likewise.errors import OptionError

CLAIM = Claim(epsilon=3.0, delta=1e-6)
SIGMA = 1 / mu_of(3.0, 1e-6)


def test_a_sound_mechanism_stands_and_one_of_half_the_noise_falls() -> None:
    rng = np.random.default_rng(0)
    sound = many_runs(lambda inside: inside + rng.normal(0, SIGMA), CLAIM, runs=4_000, law="gaussian")
    broken = many_runs(lambda inside: inside + rng.normal(0, SIGMA / 2), CLAIM, runs=4_000, law="gaussian")
    assert not sound.is_broken
    assert 1.5 < sound.epsilon < 3.0
    assert broken.is_broken
    assert sound.bound.epsilon < sound.epsilon  # the bound for any law knows less


def test_one_run_catches_it_too() -> None:
    rng = np.random.default_rng(1)

    def broken(sigma: float) -> bool:
        noise = rng.normal(0, sigma, 3_000)
        return one_run(lambda coins: coins + noise, CLAIM, canaries=3_000, rng=rng, law="gaussian").is_broken

    assert not broken(SIGMA)
    assert broken(SIGMA / 3)


def test_half_of_the_runs_have_the_row() -> None:
    asked: list[bool] = []
    audit = many_runs(lambda inside: asked.append(inside) or 0.0, CLAIM, runs=100)  # type: ignore[func-returns-value]
    assert sum(asked) == 50
    assert (audit.runs, audit.canaries) == (100, 1)


def test_time_ends_the_runs_but_not_before_there_are_enough() -> None:
    audit = many_runs(lambda inside: 0.0, CLAIM, runs=10**9, max_seconds=0.01)
    assert 8 <= audit.runs < 10**6


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    many_runs(lambda inside: 0.0, CLAIM, runs=10, progress=lambda done, of: told.append((done, of)))
    assert told == [(k, 10) for k in range(1, 11)]


def test_coins_come_from_the_operating_system_unless_given() -> None:
    dealt: list[np.ndarray] = []
    for _ in range(2):
        one_run(lambda coins: dealt.append(coins) or np.zeros(len(coins)), CLAIM, canaries=64)  # type: ignore[func-returns-value]
    assert not np.array_equal(*dealt)


def test_an_audit_is_plain_data() -> None:
    data = many_runs(lambda inside: float(inside), Claim(epsilon=1.0, delta=0.0), runs=200, threat="sees all").to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["is_broken"]
    assert data["claim"] == {"epsilon": 1.0, "delta": 0.0}
    assert data["epsilon"] == pytest.approx(math.log(1 / (1 - 0.025 ** (1 / 50)) - 1))


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.nan])
def test_a_claim_means_something(epsilon: float) -> None:
    with pytest.raises(OptionError):
        Claim(epsilon=epsilon, delta=0.0)


def test_too_few_runs_or_canaries_are_refused() -> None:
    with pytest.raises(OptionError, match="runs must be 8"):
        many_runs(lambda inside: 0.0, CLAIM, runs=4)
    with pytest.raises(OptionError, match="canaries"):
        one_run(lambda coins: coins * 1.0, CLAIM, canaries=0)
