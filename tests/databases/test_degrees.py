"""Claims of `databases.links.degrees`: counts that are one row's alone come back as uneven as they were."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.databases.links.degrees import Degrees
from likewise.errors import ModelFileError
from likewise.schema.persons import People
from likewise.typing import Ints


def concentration(counts: Ints) -> float:
    return float(((counts / counts.sum()) ** 2).sum())


def drawn(real: list[int], of: list[int], n: int = 200) -> list[Ints]:
    degrees = Degrees.fit(np.array(real))
    return [degrees.made(np.array(of), np.random.default_rng(seed)) for seed in range(n)]


@pytest.mark.parametrize(
    "real", [[900, 5, 5], [0, 0, 0, 0, 0, 18, 20, 21], [7] * 12, [7, 11, 214, 237, 3034], [1, 1, 1, 1, 26, 75, 1000]]
)
def test_few_rows_have_as_uneven_counts_as_real_ones(real: list[int]) -> None:
    made = drawn(real, [5] * len(real))
    assert all(counts.sum() == sum(real) for counts in made)
    assert all(abs((counts == 0).sum() - real.count(0)) <= 1 for counts in made)
    assert np.mean([concentration(counts) for counts in made]) == pytest.approx(concentration(np.array(real)), abs=0.1)


def test_the_greater_counts_are_where_greater_ones_were_drawn() -> None:
    made = drawn([900, 40, 5], [3, 9, 4])
    assert all(counts.argmax() == 1 and counts.argmin() == 0 for counts in made)


def test_what_the_greatest_counts_lack_is_shared_as_unevenly_as_real_ones_do() -> None:
    clipped = [1] * 60 + [130] * 5
    for real in ([1] * 60 + [130, 332, 374, 579, 1297], [1] * 60 + [130, 131, 130, 131, 2190]):
        made = drawn(real, clipped)
        assert all(counts.sum() == sum(real) and (counts >= clipped).all() for counts in made)
        assert np.mean([concentration(c) for c in made]) == pytest.approx(concentration(np.array(real)), abs=0.08)


def test_counts_that_lack_no_more_than_chance_takes_stay() -> None:
    rng = np.random.default_rng(0)
    real = rng.poisson(3, 500)
    made = rng.poisson(3, 400)
    assert np.array_equal(Degrees.fit(real).made(made, rng), made)


def test_great_counts_come_back_that_are_less_than_chance_makes_of_all() -> None:
    """Cities of countries: two have sixty, and the sum of all others varies by more than that."""
    real = [60, 53, *[1] * 40, *[20] * 5, *[6] * 60]
    made = drawn(real, [20, 20, *[1] * 40, *[20] * 5, *[6] * 60], 20)
    assert all(counts.max() > 30 and counts.sum() <= sum(real) for counts in made)


def test_what_the_greatest_never_had_is_not_theirs() -> None:
    """Real counts of 2 at most, too few of which were drawn."""
    made = drawn([0] * 300 + [1] * 300 + [2] * 100, [0] * 500 + [1] * 200, 20)
    assert all(abs(int(counts.sum()) - 500) <= 1 and counts.max() <= 3 for counts in made)


def test_more_rows_share_what_more_rows_had() -> None:
    made = drawn([1] * 60 + [130, 332, 374, 579, 1297], ([1] * 60 + [130] * 5) * 10, 20)
    assert all(c.sum() == 10 * 2772 and (c > 130).sum() > 5 for c in made)


def test_a_few_rows_among_many_that_nothing_points_at_have_all() -> None:
    """Three airports of a thousand are where all flights start."""
    for counts in drawn([0] * 997 + [9_000, 8_000, 7_000], [0] * 1_000, 20):
        assert counts.sum() == 24_000
        assert (counts > 5_000).sum() == 3 == (counts > 0).sum()


def test_of_two_great_counts_none_is_lost_where_one_is_held_out() -> None:
    real = np.array([1_000, 1_000, *[5] * 30])
    held = np.arange(32) == 0
    degrees = Degrees.fit(real, People(np.arange(32), held))
    made = [degrees.made(np.full(32, 5), np.random.default_rng(seed)) for seed in range(50)]
    assert all(counts.sum() == real.sum() and np.median(counts) == 5 for counts in made)
    assert np.mean([(counts > 500).sum() == 2 for counts in made]) > 0.7


def test_nothing_to_point_at_and_nothing_that_points() -> None:
    none = np.zeros(0, np.int64)
    assert len(Degrees.fit(none).made(none, np.random.default_rng(0))) == 0
    assert not Degrees.fit(np.zeros(4, np.int64)).made(np.zeros(4, np.int64), np.random.default_rng(0)).any()


@pytest.mark.parametrize(
    "damage",
    [
        {"links": -1},
        {"parents": 0},
        {"none": 1.5},
        {"centre": float("nan")},
        {"spread": 99.0},
        {"uneven": 0},
        {"excess": 10**6},
    ],
)  # fmt: skip
def test_state_round_trips_and_damage_is_refused(damage: dict[str, float]) -> None:
    degrees = Degrees.fit(np.array([900, 5, 5]))
    assert Degrees.from_dict(degrees.to_dict()) == degrees
    with pytest.raises(ModelFileError):
        Degrees.from_dict(degrees.to_dict() | damage)


def test_the_greatest_counts_are_those_of_several_people_and_of_nobody_held_out() -> None:
    """Two of five rows with thousands of links are held out; of the others one person has four."""
    counts = np.r_[5_000, 4_000, 1_000, 900, 800, 700, np.ones(60, np.int64)]
    n = len(counts)
    nobody = np.zeros(n, bool)
    each = Degrees.fit(counts)
    assert each.excess > 7_000
    without = Degrees.fit(counts, People(np.arange(n), np.arange(n) < 2))
    assert without.excess <= 3_000
    one = Degrees.fit(counts, People(np.where(np.arange(n) < 6, 0, np.arange(n)), nobody))
    assert one.excess == 5_000, "of one person's six rows the greatest alone"
    assert (one.links, one.parents) == (each.links, each.parents)
    assert Degrees.fit(counts, People(np.arange(n), nobody)) == each
