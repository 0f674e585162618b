"""Attacks find planted leaks, and find nothing in fresh real rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.evaluate import neighbours
from likewise.evaluate.attacks.copies import copies, distance_share, repeats, row_hashes
from likewise.evaluate.attacks.membership import members_tried, membership
from likewise.evaluate.neighbours import Embedded, fit_embedding, keys_of, nearest, nearest_few
from likewise.evaluate.tables import type_tables
from likewise.schema.column import Column, Kind, Role, Schema

from .frames import MIXED, mixed

COLUMNS = [c.name for c in MIXED if c.is_modelled]


def typed(*frames: pl.DataFrame):
    return type_tables(frames, MIXED, text="value")


def leak(train: pl.DataFrame, fresh: pl.DataFrame, share: float) -> pl.DataFrame:
    """Fresh rows, a share of them replaced by training rows."""
    n = round(share * fresh.height)
    return pl.concat([train[:n], fresh[n:]])


def test_copies_are_counted_cell_for_cell():
    train, fresh = mixed(500, 0, holes=0.1), mixed(500, 1, holes=0.1)
    hashes = row_hashes(train, COLUMNS)
    assert copies(row_hashes(fresh, COLUMNS), hashes).value == 0.0
    found = copies(row_hashes(leak(train, fresh, 0.05), COLUMNS), hashes)
    assert found.value == pytest.approx(0.05)
    assert found.interval[0] > 0.02


def test_missing_and_zero_have_one_form_each():
    a = pl.DataFrame({"x": [0.0, None, 1.0]})
    b = pl.DataFrame({"x": [-0.0, None, 2.0]})
    assert copies(row_hashes(a, ["x"]), row_hashes(b, ["x"])).value == pytest.approx(2 / 3)


def test_repeats_count_rows_with_a_twin():
    assert repeats(row_hashes(pl.DataFrame({"x": [1, 1, 2, 3]}), ["x"])).value == 0.5


def test_nearest_equals_brute_force():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(70, 5)).astype(np.float32), rng.normal(size=(90, 5)).astype(np.float32)
    index, distance = nearest(a, b)
    gaps = np.sqrt(((a[:, None].astype(float) - b[None]) ** 2).sum(2))
    assert (index == gaps.argmin(1)).all()
    assert np.allclose(distance, gaps.min(1))


def test_rows_that_become_vectors_when_asked_for_have_the_same_neighbours(monkeypatch):
    monkeypatch.setattr(neighbours, "CHUNK", 64)
    rng = np.random.default_rng(12)
    schema = Schema((Column(name="x", kind=Kind.REAL), Column(name="c", kind=Kind.CATEGORICAL)))
    frame = pl.DataFrame({"x": rng.normal(size=300).round(1), "c": rng.choice(list("abc"), 300)})
    (table,) = type_tables([frame.with_columns(x=pl.when(pl.col("x") > 1).then(None).otherwise("x"))], schema)
    embed = fit_embedding(table)
    rows, later = embed(table), Embedded(embed, table)
    for whole, lazy in zip(nearest_few(rows[:50], rows, 3), nearest_few(rows[:50], later, 3), strict=True):
        assert (whole == lazy).all()
    assert len(np.unique(keys_of(rows))) == len(np.unique(keys_of(later))), "equal rows have equal keys either way"


def test_a_long_search_finds_copies_and_what_lies_hardly_farther_than_the_nearest(monkeypatch):
    rng = np.random.default_rng(13)
    rows, asked = (rng.normal(size=(n, 120)).astype(np.float32) for n in (3_000, 200))
    rows[1_000:1_050] = asked[:50] + 0.02 * rng.normal(size=(50, 120)).astype(np.float32)
    exact = nearest_few(asked, rows, 3)[1]
    monkeypatch.setattr(neighbours, "MOST_EXACT", 0)
    index, distance = nearest_few(asked, rows, 3)
    assert (index[:50, 0] == np.arange(1_000, 1_050)).all()
    assert (distance >= exact - 1e-6).all()
    assert (distance[50:, 0] / exact[50:, 0]).mean() < 1.05


def test_the_nearest_few_equal_brute_force_in_rising_order():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(60, 3)).astype(np.float32)
    index, distance = nearest_few(a, b, 4)
    gaps = np.sqrt(((a[:, None].astype(float) - b[None]) ** 2).sum(2))
    assert (np.sort(index, 1) == np.sort(np.argsort(gaps, 1)[:, :4], 1)).all()
    assert np.allclose(distance, np.sort(gaps, 1)[:, :4], atol=1e-5)
    assert nearest_few(a, b[:2], 4)[0].shape == (40, 2)


def test_equal_rows_are_found_even_with_many_levels():
    schema = Schema((Column(name="a", kind=Kind.CATEGORICAL), Column(name="x", kind=Kind.REAL)))
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.integers(0, 5000, 3000).astype(str), "x": 1e6 + rng.normal(size=3000)})
    (table,) = type_tables([frame], schema)
    embed = fit_embedding(table)
    assert embed.width <= 66
    vectors = embed(table)
    _, distance = nearest(vectors, vectors)
    assert distance.max() < 2e-3
    assert (distance == 0.0).mean() > 0.99


def test_differing_levels_stand_root_two_apart():
    schema = Schema((Column(name="a", kind=Kind.CATEGORICAL),))
    (table,) = type_tables([pl.DataFrame({"a": ["u", "v", None]})], schema)
    vectors = fit_embedding(table)(table)
    assert np.linalg.norm(vectors[0] - vectors[1]) == pytest.approx(2**0.5)
    assert np.linalg.norm(vectors[0] - vectors[2]) == pytest.approx(2**0.5)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_copied_rows_raise_the_distance_share_by_half_their_number(share):
    train, holdout, fresh = mixed(8000, 0), mixed(4000, 1), mixed(8000, 2)
    found, crowded = distance_share(*typed(train, holdout, leak(train, fresh, share)), seed=0)
    assert crowded.interval[0] > 0.7
    assert found.interval[0] > 0.5
    assert found.value == pytest.approx(0.5 + share / 2, abs=0.03)
    assert found.copy > 0.99


@pytest.mark.parametrize(
    ("n_rows", "width"), [(50_000, 60), (140_000, 333), (265_000, 333), (300_000, 80), (600_000, 60)]
)
def test_so_many_members_of_a_large_table_are_tried_that_the_area_says_something(n_rows: int, width: int) -> None:
    """The interval of an area near .5 from n members and n others is 1.96 sqrt(1 / 6n) to either side: within .012 at
    4,450 of each. Some 600 were tried of a table of 265,000 rows and 32 columns (.033)."""
    assert 1.96 * np.sqrt(1 / (6 * members_tried(n_rows, width))) <= 0.012


def test_of_a_million_rows_a_thousand_members_are_tried() -> None:
    assert members_tried(1_000_000, 60) == 1_000


def test_a_plain_copy_gives_its_members_away():
    train, holdout = mixed(1200, 0), mixed(1200, 1)
    by_distance, by_density = membership(*typed(train, holdout, train), seed=0)
    assert by_distance.area.value > 0.999
    assert by_density.area.value > 0.99
    assert by_distance.caught[0.01].value > 0.99
    assert 0.001 not in by_distance.caught, "1,200 others cannot tell of one false alarm in a thousand"


def test_rows_of_persons_of_whom_nobody_told_are_no_leak_by_density():
    schema = Schema(tuple(Column(name=name, kind=Kind.REAL) for name in "abcd"))

    def of_persons(n: int, rng: np.random.Generator) -> pl.DataFrame:
        whose = np.repeat(np.arange(n), 4)[:n]
        return pl.DataFrame({name: rng.normal(size=n)[whose] + 0.3 * rng.normal(size=n) for name in "abcd"})

    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        tables = type_tables([of_persons(400, rng), of_persons(800, rng)[::2], of_persons(200, rng)], schema)
        train, fresh, holdout = tables
        alarms += membership(train, holdout, fresh, seed=seed)[1].area.interval[0] > 0.5
    assert alarms <= 4  # one in forty is right for rows of their own; known from the holdout alone they made 20


def test_discrete_tables_full_of_ties_are_not_called_leaks():
    schema = Schema((Column(name="a", kind=Kind.CATEGORICAL), Column(name="b", kind=Kind.BOOLEAN)))
    rng = np.random.default_rng(0)
    train, holdout, fresh = (
        pl.DataFrame({"a": rng.integers(0, 6, n).astype(str), "b": rng.random(n) < 0.5}) for n in (3000, 700, 3000)
    )
    found, _ = distance_share(*type_tables([train, holdout, fresh], schema), seed=0)
    assert found.interval[0] < 0.5 < found.interval[1]


def keyed(n: int, seed: int, prefix: str = "C") -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    keys = [f"{prefix}{k:08d}" for k in rng.choice(10**8, n, replace=False)]
    return pl.DataFrame({"customer_id": keys, "row": np.arange(n), "a": rng.normal(size=n), "b": rng.normal(size=n)})


def test_keys_of_real_people_in_synthetic_rows_are_told() -> None:
    real, fake = keyed(300, 1), keyed(300, 2)
    schema = lw.infer(real)
    assert not schema["customer_id"].is_modelled
    told = lw.evaluate(real, fake.with_columns(real["customer_id"]), schema=schema, measures=["attacks"]).notes
    assert (
        sum("Column 'customer_id': 100.0% of the synthetic values are those of training rows" in n for n in told) == 1
    )
    assert not any("Who knows them" in n for n in lw.evaluate(real, fake, schema=schema, measures=["attacks"]).notes)


def test_numbers_of_rows_are_nobodys_key() -> None:
    schema = lw.infer(keyed(300, 1)).replace("row", kind=Kind.ID, role=Role.ID)
    report = lw.evaluate(keyed(300, 1), keyed(300, 2), schema=schema, measures=["attacks"])
    assert not any("Who knows them" in note for note in report.notes)


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_synthetic_rows_out_of_the_holdout_are_told(share: float) -> None:
    real, fake, held = (keyed(400, seed).select("a", "b") for seed in range(3))
    n = round(share * 400)
    report = lw.evaluate(real, pl.concat([held[:n], fake[n:]]), holdout=held, measures=["attacks"])
    assert any("of the synthetic rows stand in the holdout" in note for note in report.notes) == (share > 0)


@pytest.mark.parametrize("width", [6, 120])
def test_what_is_found_does_not_hang_on_the_threads(monkeypatch, width):
    """Ties over the shares of several threads too: of rows that are equal the first is named."""
    rng = np.random.default_rng(width)
    rows = rng.integers(0, 3, (3_000, width)).astype(np.float32)
    rows[2_500] = rows[1]
    gaps = np.sqrt(np.square(rows[:50, None] - rows).sum(2, dtype=np.float64))
    monkeypatch.setattr(neighbours, "CHUNK", 300)
    monkeypatch.setattr(neighbours, "MOST_EXACT", 1e6 if width > 100 else 1e12)
    found = []
    for n in (1, 2, 3):
        monkeypatch.setattr(neighbours, "allowed", lambda n=n: n)
        found.append(nearest_few(rows[:50], rows, 2))
        assert len(neighbours.shares_of(rows)) == min(n, 2)
    for index, distance in found[1:]:
        np.testing.assert_array_equal(index, found[0][0])
        np.testing.assert_array_equal(distance, found[0][1])
    np.testing.assert_array_equal(found[0][0][:, 0], gaps.argmin(1))
    assert found[0][0][1].tolist() == np.argsort(gaps[1], kind="stable")[:2].tolist()
