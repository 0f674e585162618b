"""What an attack could have seen, and exact tests of rare copies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import fisher_exact

from likewise.evaluate.attacks.copies import side_of_nearest
from likewise.evaluate.attacks.membership import guesses
from likewise.evaluate.attacks.rates import contrast, contrast_of_draws, exact_contrast, rare_contrast

Draw = Callable[[np.random.Generator, float], tuple[bool, float]]
"""(generator, share of people who leak) -> whether the alarm is raised, and the least leak told."""


def by_rate(rng: np.random.Generator, leak: float) -> tuple[bool, float]:
    n, m, chance = 300, 200, 0.1
    found = contrast(int(rng.binomial(n, chance + leak * (1 - chance))), n, int(rng.binomial(m, chance)), m)
    return found.interval[0] > found.floor, found.least_leak


def by_rare_copies(rng: np.random.Generator, leak: float) -> tuple[bool, float]:
    found = rare_contrast(int(rng.poisson(2_000 * (0.0005 + leak))), 2_000, int(rng.poisson(2.5)), 5_000.0)
    return found.interval[0] > found.floor, found.least_leak


def by_membership(rng: np.random.Generator, leak: float) -> tuple[bool, float]:
    members, others, fake = (rng.normal(size=(n, 4)).astype(np.float32) for n in (300, 300, 600))
    copied = members[rng.random(300) < leak]
    found = guesses(members, others, np.concatenate([copied, fake[len(copied) :]]))
    return found.area.interval[0] > 0.5, found.area.least_leak


def by_true_positives(rng: np.random.Generator, leak: float) -> tuple[bool, float]:
    members, others, fake = (rng.normal(size=(n, 4)).astype(np.float32) for n in (1_000, 1_000, 2_000))
    copied = members[rng.random(1_000) < leak]
    found = guesses(members, others, np.concatenate([copied, fake[len(copied) :]]))
    return found.caught[0.01].interval[0] > 0.01, found.caught[0.01].least_leak


def by_nearness(which: int) -> Draw:
    def draw(rng: np.random.Generator, leak: float) -> tuple[bool, float]:
        train, holdout, fake = (rng.normal(size=(n, 4)).astype(np.float32) for n in (800, 400, 1_600))
        copied = rng.random(1_600) < leak
        fake[copied] = train[rng.integers(0, 800, int(copied.sum()))] + 1e-4
        found = side_of_nearest(np.concatenate([train, holdout]), len(train), fake, rng)[which]
        return found.interval[0] > 0.5, found.least_leak

    return draw


DRAWS: dict[str, Draw] = {
    "rates": by_rate,
    "rare copies": by_rare_copies,
    "membership": by_membership,
    "members named": by_true_positives,
    "nearness": by_nearness(0),
    "near copies": by_nearness(1),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_the_least_leak_is_seen_in_four_of_five_draws_and_a_third_of_it_is_not(draw):
    rng = np.random.default_rng(8_801)
    told = [draw(rng, 0.0) for _ in range(40)]
    least = float(np.median([leak for _, leak in told]))
    assert 0.0 < least < 0.5
    seen, missed = (sum(draw(rng, leak)[0] for _ in range(40)) for leak in (least, least / 3))
    assert sum(alarm for alarm, _ in told) <= 5
    assert seen >= 24  # of 40 at .8, less what the control's own chance takes; 23 or fewer come in 1 of 300
    assert missed <= 28


def test_an_attack_on_few_people_says_that_it_sees_little():
    few, many = (contrast(0, n, 0, n).least_leak for n in (20, 2_000))
    assert few > 0.25
    assert many < 0.01
    assert contrast(3, 3, 1, 3).least_leak == 1.0


def test_one_person_on_whom_much_falls_is_no_small_leak():
    drawn = np.zeros(300)
    drawn[:2] = 40
    is_member = np.arange(300) < 150
    assert contrast_of_draws(drawn, is_member, 1_000).least_leak > 5 / 150  # (1/2)^5 is more than 1 in 40


@pytest.mark.parametrize(("hits", "control"), [(5, 0), (4, 0), (9, 1), (30, 12), (31, 12), (3, 3)])
def test_rare_copies_alarm_only_with_fisher(hits, control):
    found = exact_contrast(hits, 4_000, control, 2_000)
    p = fisher_exact([[hits, 4_000 - hits], [control, 2_000 - control]], alternative="greater").pvalue
    assert not (found.interval[0] > found.floor and p > 0.025)
    assert found.interval[0] <= found.value <= found.interval[1]


@pytest.mark.parametrize(("hits", "control"), [(0, 0), (0, 7), (1, 0), (5, 0), (5, 5), (40, 3)])
def test_two_rare_counts_are_compared_exactly(hits, control):
    from scipy.stats import binomtest

    found = rare_contrast(hits, 1_000, control, 1_500.0)
    p = binomtest(hits, hits + control, 0.4, alternative="greater").pvalue if hits + control else 1.0
    assert (found.interval[0] > found.floor) == (p < 0.025)
    assert 0.0 <= found.interval[0] <= found.value <= found.interval[1] <= 1.0
