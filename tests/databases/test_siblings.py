"""Claims of `databases.links.siblings`: rows that share a parent share what they share in real rows."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from likewise.databases.links.codes import SideCodes
from likewise.databases.links.matching import match
from likewise.databases.links.siblings import Siblings
from likewise.errors import ModelFileError
from likewise.typing import Floats, Ints


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def races(seed: int = 0) -> tuple[pl.DataFrame, Ints, pl.DataFrame]:
    """Races, who ran in which, and what each did: each place once a race, a weather of its own, speeds by year."""
    rng = rng_of(seed)
    parents = pl.DataFrame({"year": rng.integers(1950, 2020, 400)})
    sizes = rng.integers(8, 25, 400)
    link = np.repeat(np.arange(400), sizes)
    place = np.concatenate([rng.permutation(size) + 1 for size in sizes])
    weather = rng.normal(size=400)[link] * 3 + rng.normal(size=len(link))
    speed = (parents["year"].to_numpy() - 1985)[link] / 5 + rng.normal(size=len(link))
    rows = pl.DataFrame({"place": place, "weather": weather, "speed": speed, "wet": weather > 1})
    mixed = rng.permutation(len(link))
    return parents, link[mixed], rows[mixed]


def spread(rows: pl.DataFrame, link: Ints, column: str) -> float:
    """The deviation of the means of parents."""
    frame = rows.with_columns(pl.col(column).cast(pl.Float64), link=link).filter(pl.col("link") >= 0)
    return float(frame.group_by("link").agg(pl.col(column).mean())[column].std())  # type: ignore[arg-type]


def learnt(seed: int = 0) -> tuple[SideCodes, Siblings, pl.DataFrame, Ints, pl.DataFrame, Ints]:
    parents, link, rows = races(seed)
    degrees = np.bincount(link, minlength=400)
    side = SideCodes.fit(parents, degrees, rng_of(1))
    siblings = Siblings.fit(rows, link, side, parents, degrees)
    assert siblings is not None
    return side, siblings, parents, link, rows, degrees


@pytest.mark.parametrize("column", ["place", "weather", "wet"])
def test_means_of_parents_spread_as_real_ones(column: str) -> None:
    side, siblings, parents, link, rows, degrees = learnt()
    codes = side.codes(parents, degrees)
    matched = match(codes[link], codes, degrees, rng_of(2))
    settled = siblings.settled(matched, rows, side, parents, degrees, rng_of(3))
    real, before, after = (spread(rows, found, column) for found in (link, matched, settled))
    assert abs(after / real - 1) < 0.2
    assert abs(after - real) < 0.4 * abs(before - real)


def test_what_the_parent_says_within_its_leaf_is_kept() -> None:
    side, siblings, parents, link, rows, degrees = learnt()
    codes = side.codes(parents, degrees)
    matched = match(codes[link], codes, degrees, rng_of(2))
    settled = siblings.settled(matched, rows, side, parents, degrees, rng_of(3))

    def follows(found: Ints) -> float:
        year = parents["year"].to_numpy()[found]
        place = codes[found][:, 0] * 64 + codes[found][:, 1]
        frame = pl.DataFrame({"leaf": place, "year": year, "speed": rows["speed"]})
        within = frame.select(pl.col("year", "speed") - pl.col("year", "speed").mean().over("leaf"))
        return float(np.corrcoef(within.to_numpy().T)[0, 1])

    assert follows(matched) < 0.1
    assert abs(follows(settled) - follows(link)) < 0.35 * follows(link)


@pytest.mark.parametrize("seed", range(5))
def test_leaves_degrees_and_unique_pairs_stay(seed: int) -> None:
    side, siblings, parents, link, rows, degrees = learnt()
    rng = rng_of(seed)
    codes, owner = side.codes(parents, degrees), rng.integers(0, 300, len(link))
    group = rng.integers(0, 2, 400)
    within = group[link], group
    matched = match(codes[link], codes, degrees, rng, owner=owner, within=within)
    matched[rng.random(len(link)) < 0.1] = -1
    settled = siblings.settled(matched, rows, side, parents, degrees, rng, owner=owner, within=within)
    assert np.array_equal(settled < 0, matched < 0)
    assert (settled != matched).any()
    there = settled >= 0
    assert np.array_equal(codes[settled[there]], codes[matched[there]])
    assert np.array_equal(group[settled[there]], group[matched[there]])
    assert np.array_equal(np.bincount(settled[there], minlength=400), np.bincount(matched[there], minlength=400))
    pairs = np.column_stack([owner, settled])[there]
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_too_few_parents_or_columns_teach_nothing() -> None:
    parents, link, rows = races()
    few = link < 20
    degrees = np.bincount(link[few], minlength=20)
    side = SideCodes.fit(parents.head(20), degrees, rng_of())
    assert Siblings.fit(rows.filter(pl.Series(few)), link[few], side, parents.head(20), degrees) is None
    whole = np.bincount(link, minlength=400)
    side = SideCodes.fit(parents, whole, rng_of())
    assert Siblings.fit(rows.select(), link, side, parents, whole) is None
    kept = SideCodes.fit(parents.head(200), whole[:200], rng_of(), kept=True)
    assert Siblings.fit(rows, np.where(link < 200, link, -1), kept, parents.head(200), whole[:200]) is None


def test_the_same_seed_gives_the_same_links() -> None:
    side, siblings, parents, link, rows, degrees = learnt()
    one, two = (siblings.settled(link, rows, side, parents, degrees, rng_of(4)) for _ in range(2))
    assert np.array_equal(one, two)


def test_state_round_trips_and_damage_is_refused() -> None:
    side, siblings, parents, link, rows, degrees = learnt()
    data, arrays = siblings.to_state()
    again = Siblings.from_state(json.loads(json.dumps(data)), arrays, side)
    one, two = (s.settled(link, rows, side, parents, degrees, rng_of(5)) for s in (siblings, again))
    assert np.array_equal(one, two)
    for name, array in arrays.items():
        worse: list[Floats] = [array[:-1], array * np.nan]
        for bad in worse:
            with pytest.raises(ModelFileError):
                Siblings.from_state(data, {**arrays, name: bad}, side)
        with pytest.raises(ModelFileError):
            Siblings.from_state(data, {k: v for k, v in arrays.items() if k != name}, side)
