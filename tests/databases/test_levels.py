"""Claims of `databases.links.levels` and `databases.links.late`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from likewise.databases.links.late import LateLinks
from likewise.databases.links.levels import CIRCLE, DEEPEST, ROOT, SELF, SelfLinks, children_of, levels_of, on_circle
from likewise.errors import ModelFileError
from likewise.schema.persons import People
from likewise.typing import Ints


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def walked(link: Ints) -> list[int]:
    """Levels by walking from each row."""
    levels = []
    circles = [walked_back(link, row) for row in range(len(link))]
    for row in range(len(link)):
        at, steps = row, 0
        while link[at] >= 0 and not circles[at]:
            at, steps = int(link[at]), steps + 1
        levels.append((SELF if link[row] == row else CIRCLE) if circles[row] else min(steps, DEEPEST))
    return levels


def walked_back(link: Ints, row: int) -> bool:
    at = int(link[row])
    for _ in range(len(link)):
        if at in (-1, row):
            break
        at = int(link[at])
    return at == row


def tree(n: int, roots: int, rng: np.random.Generator) -> Ints:
    """Each row points at one before it."""
    return np.r_[np.full(roots, -1), [rng.integers(0, i) for i in range(roots, n)]].astype(np.int64)


@pytest.mark.parametrize("seed", range(30))
def test_levels_are_those_of_walking(seed: int) -> None:
    rng = rng_of(seed)
    n = int(rng.integers(1, 60))
    link = rng.integers(-1, n, n) if seed % 2 else rng.integers(-n, n, n).clip(-1)
    assert levels_of(link).tolist() == walked(link)


@pytest.mark.parametrize("seed", range(10))
def test_a_forest_comes_back_with_its_levels_and_degrees(seed: int) -> None:
    """T11: a forest six deep and more; no circles."""
    rng = rng_of(seed)
    link = tree(400, 3, rng)
    codes = rng.integers(0, 3, (400, 2))
    made = SelfLinks.fit(link).draw(
        levels_of(link), children_of(link), rng, wanted=codes[link.clip(0)], codes=codes, exact="degrees"
    )
    assert not on_circle(made).any()
    assert np.array_equal(levels_of(made), levels_of(link))
    assert np.array_equal(children_of(made), children_of(link))
    assert (codes[made] == codes[link])[link >= 0].all(axis=1).mean() > 0.9
    assert not np.array_equal(made, link)


@pytest.mark.parametrize("seed", range(10))
def test_any_levels_make_a_forest(seed: int) -> None:
    rng = rng_of(seed)
    level = rng.choice([0, 1, 3, 7, SELF, CIRCLE], 50)
    group = rng.integers(0, 4, 50)
    made = SelfLinks(True, False, ()).draw(level, rng.integers(0, 3, 50), rng, group=group)
    assert not on_circle(made).any()
    assert (group[made] == group)[made >= 0].all()  # T11: composite self-reference
    assert (made >= 0).sum() >= (level > 0).sum() - 4  # in each group one may have to be the root
    must = SelfLinks(False, True, ()).draw(level, rng.integers(0, 3, 50), rng, group=group)
    assert (must >= 0).all()
    assert set(levels_of(must)) <= {SELF, 1, 2, 3}


def test_self_loops_and_circles_stay() -> None:
    """T11: an employee who reports to herself; two that stand in for each other; three in a ring; rows below them."""
    link = np.array([0, 2, 1, 4, 5, 3, 3, 6, 0, 10, 9])
    shape = SelfLinks.fit(link)
    assert shape == SelfLinks(False, True, (3,)), (
        "three people in a ring are too few to tell its length: all have the mean"
    )
    made = shape.draw(levels_of(link), children_of(link), rng_of())
    assert np.array_equal(levels_of(made), levels_of(link))
    assert ((made == np.arange(11)) == (link == np.arange(11))).all()
    for seed in range(20):
        rings = shape.draw(np.full(12, CIRCLE), np.ones(12, np.int64), rng_of(seed))
        assert on_circle(rings).all()
        assert (rings != np.arange(12)).all()
        assert sorted(rings) == list(range(12))


def rings(*lengths: int) -> Ints:
    """Rows in circles, one after the other."""
    starts = np.cumsum([0, *lengths[:-1]])
    return np.concatenate([np.roll(np.arange(k), -1) + at for at, k in zip(starts, lengths, strict=True)])


def test_a_circle_has_a_length_that_five_people_have() -> None:
    link = rings(17, *[2] * 6, 3, 4)
    n = len(link)
    each = SelfLinks.fit(link)
    assert each.circles[17 - 2] == 1, "seventeen people are in it"
    assert each.circles[0] == 6
    whose = np.where(np.arange(n) < 17, 0, np.arange(n))
    nobody = np.zeros(n, bool)
    told = SelfLinks.fit(link, people=People(whose, nobody))
    assert len(told.circles) < 17 - 2, "but all may be one person's"
    assert sum(told.circles) == sum(each.circles)
    held = np.arange(n) == 16
    assert sum(SelfLinks.fit(link, people=People(np.arange(n), held)).circles) == 8, "nobody held out is learnt from"
    assert SelfLinks.fit(rings(4)).circles == (1,), "four people are too few to tell that they are four"


def test_a_chain_stays_a_chain() -> None:
    link = np.arange(-1, 199)
    made = SelfLinks.fit(link, unique=True).draw(levels_of(link), children_of(link), rng_of())
    assert (made < 0).sum() == 1
    assert not on_circle(made).any()
    assert children_of(made).max() == 1


def test_degenerate_tables() -> None:
    none = np.zeros(0, np.int64)
    assert len(SelfLinks.fit(none).draw(none, none, rng_of())) == 0
    one = np.array([1])
    assert SelfLinks(True, False, ()).draw(one, one, rng_of()).tolist() == [-1]
    assert SelfLinks(False, True, ()).draw(one, one, rng_of()).tolist() == [0]
    assert SelfLinks(False, False, (3,)).draw(one, one, rng_of()).tolist() == [0]


def test_a_hundred_thousand_rows_are_linked_at_once() -> None:
    rng = rng_of()
    link = np.r_[-1, (rng.random(99_999) * np.arange(1, 100_000)).astype(np.int64)]
    made = SelfLinks.fit(link).draw(levels_of(link), children_of(link), rng, exact="degrees")
    assert np.array_equal(children_of(made), children_of(link))
    assert levels_of(made).max() == levels_of(link).max() > 15
    assert (levels_of(made) == ROOT).sum() == 1


# ---- late ------------------------------------------------------------------------------------------------------------


def test_a_manager_works_in_the_store() -> None:
    """T12: a circle of two tables, one link of each store unique."""
    rng = rng_of()
    works_in = rng.integers(0, 50, 400)
    manager = np.array([rng.choice(np.flatnonzero(works_in == s)) for s in range(50)])
    manager[:5] = (manager[:5] + 200) % 400  # a few work elsewhere
    late = LateLinks.fit(manager, 400, unique=True, back=works_in)
    made_in = rng.integers(0, 300, 2_000)
    made = late.draw(300, made_in, rng, required=True)
    assert (made >= 0).all()
    assert len(np.unique(made)) == 300
    assert 0.82 < (made_in[made] == np.arange(300)).mean() < 0.97


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_missing_links_stay_as_often(share: float) -> None:
    """T2."""
    rng = rng_of(1)
    link = np.where(rng.random(4_000) < share, -1, rng.integers(0, 60, 4_000))
    late = LateLinks.fit(link, 60)
    made = late.draw(4_000, None, rng, n_parents=60)
    assert abs((made < 0).mean() - (link < 0).mean()) < 0.015
    assert (late.draw(50, None, rng, n_parents=60, required=True) >= 0).all()
    assert (late.draw(50, None, rng, n_parents=0) < 0).all()


def test_degrees_of_late_links_are_as_skewed() -> None:
    rng = rng_of(2)
    link = rng.choice(500, 5_000, p=np.arange(1, 501)[::-1] ** 3 / (np.arange(1, 501) ** 3).sum())
    real = np.bincount(link, minlength=500)
    made = np.bincount(LateLinks.fit(link, 500).draw(5_000, None, rng, n_parents=500), minlength=500)
    assert abs(made.std() / real.std() - 1) < 0.2
    assert abs((made == 0).mean() - (real == 0).mean()) < 0.08


def test_groups_agree_even_where_links_come_back() -> None:
    rng = rng_of(3)
    back, tenant = rng.integers(0, 30, 300), rng.integers(0, 3, 30)
    theirs = rng.integers(0, 3, 300)
    link = LateLinks(1.0, (1,), (1.0,), back=0.9).draw(30, back, rng, within=(tenant, theirs))
    assert (theirs[link] == tenant).all()


def test_state_round_trips_and_damage_is_refused() -> None:
    shape = SelfLinks.fit(np.array([0, 2, 1, -1]))
    late = LateLinks.fit(np.arange(-1, 9), 20, unique=True)
    assert SelfLinks.from_dict(json.loads(json.dumps(shape.to_dict()))) == shape
    assert LateLinks.from_dict(json.loads(json.dumps(late.to_dict()))) == late
    for change in ({"circles": [-1]}, {"circles": [0]}, {"circles": [1] * 100}, {"roots": 1}):
        with pytest.raises(ModelFileError):
            SelfLinks.from_dict({**shape.to_dict(), **change})
    for other in ({"share": 2.0}, {"degrees": [1]}, {"weights": [0.1, 0.1]}, {"degrees": [-1, 0]}, {"back": "x"}):
        with pytest.raises(ModelFileError):
            LateLinks.from_dict({**late.to_dict(), **other})


def test_how_many_links_a_row_has_alone_is_not_written_down() -> None:
    rng = np.random.default_rng(0)
    link = np.concatenate([np.full(47, 3), np.full(31, 9), rng.integers(10, 200, 300)])
    degrees = np.bincount(link, minlength=400)
    late = LateLinks.fit(link, 400)
    assert not {47, 31} & set(late.degrees)
    behind = np.maximum(np.bincount(degrees, minlength=48)[list(late.degrees)], np.array(late.weights) * 400)
    assert behind.min() > 4.9
    assert abs(np.dot(late.degrees, late.weights) - degrees.mean()) < 0.05
    assert set(LateLinks.fit(np.array([0, 0, 0, 1]), 3).degrees) == {1}, "of few rows each has the mean of all"
    none = LateLinks.fit(np.full(4, -1), 0)
    assert none.degrees == ()


def test_how_many_links_one_person_s_rows_have_is_not_written_down() -> None:
    """Six stores of one owner, each with 31 links; and people held out, whose stores have 17."""
    counts = np.r_[np.full(6, 31), np.full(40, 17), np.tile([1, 2, 3], 50)]
    link, p = np.repeat(np.arange(len(counts)), counts), len(counts)
    assert {31, 17} <= set(LateLinks.fit(link, p).degrees)
    held = (np.arange(p) >= 6) & (np.arange(p) < 46)
    owners = People(np.where(np.arange(p) < 6, 0, np.arange(p)), held)
    told = LateLinks.fit(link, p, parents=owners)
    assert not {31, 17} & set(told.degrees)
    assert np.dot(told.degrees, told.weights) == pytest.approx(counts[~held].mean(), abs=0.1)


def test_links_of_people_held_out_and_those_that_one_person_s_alone_come_back_tell_nothing() -> None:
    n = 200
    link, back = np.arange(n), np.arange(n)
    whose, nobody = np.zeros(n, np.int64), np.zeros(n, bool)
    assert LateLinks.fit(link, n, back=back).back == 1.0
    assert LateLinks.fit(link, n, back=back, people=People(whose, nobody)).back == 0.0
    half = np.where(np.arange(n) < 100, np.arange(n), -1)
    assert LateLinks.fit(half, n, people=People(np.arange(n), np.arange(n) >= 100)).share == 1.0
    assert LateLinks.fit(half, n, people=People(np.arange(n), np.arange(n) < 100)).degrees == (0,)
