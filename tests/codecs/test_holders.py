"""Claims about people who have several rows: what a codec keeps of a column, five of them have."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.codecs.column import CodecOptions
from likewise.codecs.holders import Crowd, Holders, Persons, apart
from likewise.codecs.levels import LevelCodec
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.table import TableCodec
from likewise.codecs.text import TextCodec
from likewise.codecs.times import TimeCodec
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.infer import infer_counted
from likewise.schema.parse import parse_counted


def fitted(values: Any, who: Any, kind: Kind, **options: Any) -> Any:
    """The codec of one column of a table in which `who` tells whose a row is."""
    schema = Schema((
        Column(name="who", kind=Kind.INTEGER, role=Role.ENTITY, dtype="Int64"),
        Column(name="x", kind=kind, decimals=2 if kind is Kind.REAL else None),
    ))  # fmt: skip
    frame = pl.DataFrame({"who": who, "x": values}, schema_overrides={"who": pl.Int64})
    return TableCodec.fit(frame, schema, CodecOptions(**options)).codecs[1]


@given(st.lists(st.integers(0, 9), max_size=80), st.integers(1, 7))
def test_any_few_neighbours_left_are_different_people(person: list[int], rows: int) -> None:
    left = np.array(person, np.int64)[apart(np.array(person, np.int64), rows)]
    assert all(len(set(left[i : i + rows])) == len(left[i : i + rows]) for i in range(len(left)))
    assert len(left) >= (1 if person else 0)


def test_people_who_differ_all_stay() -> None:
    assert apart(np.arange(50), 5).tolist() == list(range(50))
    assert apart(np.repeat(np.arange(20), 12), 5).tolist() == list(range(0, 240, 12))


def test_without_persons_rows_are_people() -> None:
    crowd = Crowd.of(np.array([3, 9]), None, rows=5)
    assert crowd.rows is crowd.people is crowd.apart


@pytest.mark.parametrize("people", [4, 5])
def test_a_level_needs_five_people_however_many_rows(people: int) -> None:
    who = [n % people for n in range(200)] + list(range(100, 300))
    codec = fitted(["rare"] * 200 + ["usual"] * 200, who, Kind.CATEGORICAL)
    assert isinstance(codec, LevelCodec)
    assert set(codec.levels) == ({"usual"} if people < 5 else {"usual", "rare"})


@pytest.mark.parametrize("people", [4, 5])
def test_a_value_with_a_code_of_its_own_needs_five_people(people: int) -> None:
    who = [n % people for n in range(200)] + list(range(100, 1_300))
    rest = np.random.default_rng(8).integers(0, 40, 1_200) * 3
    codec = fitted([61] * 200 + rest.tolist(), who, Kind.INTEGER)
    assert isinstance(codec, NumberCodec)
    assert codec.pieces is not None
    assert ((codec.pieces.first == 61) & (codec.pieces.last == 61)).any() == (people == 5)


def test_a_range_ends_at_the_mean_of_five_people_and_not_of_five_rows() -> None:
    """A hundred people with the same pay in twelve months each: the five greatest rows are one person's."""
    pay = np.sort(np.random.default_rng(9).lognormal(10, 0.4, 100).round(2))
    codec = fitted(np.repeat(pay, 12), np.repeat(np.arange(100), 12), Kind.REAL)
    pieces = codec.pieces
    assert pieces is not None
    stored = np.r_[pieces.first, pieces.last]
    assert not np.isin(stored, np.rint(pay * 100)).any()
    assert pieces.first[0] == np.rint(np.rint(pay[4:9] * 100).mean())
    assert pieces.last[-1] == np.rint(np.rint(pay[-9:-4] * 100).mean())
    assert pieces.count.sum() == 1_200


@pytest.mark.parametrize("n_rows_each", [1, 3, 12])
def test_every_code_holds_values_of_five_people(n_rows_each: int) -> None:
    rng = np.random.default_rng(10)
    own = rng.normal(0, 10, 150)
    who = np.repeat(np.arange(150), n_rows_each)
    values = np.round(own[who] + rng.normal(0, 0.5, len(who)), 2)
    pieces = fitted(values, who, Kind.REAL).pieces
    code = pieces.encode(np.rint(values * 100).astype(np.int64))[0]
    assert min(len(set(who[code == i])) for i in range(pieces.size)) >= 5


def test_a_day_and_a_time_of_day_need_five_people() -> None:
    day = [dt.datetime(2020, 1, 1, 8)] * 300 + [dt.datetime(2031, 7, 7, 23, 59, 1)] * 50
    codec = fitted(day, list(range(300)) + [1_000] * 50, Kind.DATETIME)
    assert isinstance(codec, TimeCodec)
    for part in (codec.days.pieces, codec.times.pieces):
        assert part is not None
        assert len(part.first) == 1


def test_a_pattern_and_its_characters_need_five_people() -> None:
    rng = np.random.default_rng(11)
    common = [f"AB-{n:03d}" for n in rng.integers(0, 1_000, 300)]
    codec = fitted(common + ["Q!77"] * 60, list(range(300)) + [9_000] * 60, Kind.TEXT)
    assert isinstance(codec, TextCodec)
    assert len(codec.templates) == 1
    assert not {ord("Q"), ord("!")} & set(codec.places.char.tolist())


@pytest.mark.parametrize("kind", [Kind.CATEGORICAL, Kind.INTEGER, Kind.REAL, Kind.TEXT, Kind.DATETIME])
def test_chunks_merge_to_the_codec_of_the_whole(kind: Kind) -> None:
    rng = np.random.default_rng(12)
    who = rng.integers(0, 30, 400)
    made: dict[Kind, Any] = {
        Kind.CATEGORICAL: rng.choice(list("abcdefgh"), 400),
        Kind.INTEGER: rng.integers(0, 900, 400),
        Kind.REAL: rng.normal(size=400).round(2),
        Kind.TEXT: [f"{a}-{b}" for a, b in rng.integers(0, 99, (400, 2))],
        Kind.DATETIME: [dt.date(2020, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 200, 400)],
    }
    schema = Schema((
        Column(name="who", kind=Kind.INTEGER, role=Role.ENTITY, dtype="Int64"),
        Column(name="x", kind=kind, dtype="Date" if kind is Kind.DATETIME else "String", decimals=2),
    ))  # fmt: skip
    frame = pl.DataFrame({"who": who, "x": made[kind]})
    parts = [TableCodec.summarise(frame[a:b], schema) for a, b in ((150, 400), (0, 70), (70, 150))]
    whole = TableCodec.fit(frame, schema).to_state()
    merged = TableCodec.from_summary(parts[0].merge(parts[1]).merge(parts[2]), schema).to_state()
    assert whole[0] == merged[0]
    assert whole[1].keys() == merged[1].keys()
    assert all(np.array_equal(whole[1][name], merged[1][name]) for name in whole[1])


@pytest.mark.parametrize("kind", [Kind.CATEGORICAL, Kind.INTEGER, Kind.REAL, Kind.TEXT])
def test_people_of_one_row_each_change_nothing(kind: Kind) -> None:
    rng = np.random.default_rng(13)
    made: dict[Kind, Any] = {
        Kind.CATEGORICAL: rng.choice(list("abcdefgh"), 300, p=np.arange(1, 9) / 36),
        Kind.INTEGER: np.where(rng.random(300) < 0.4, 0, rng.integers(0, 5_000, 300)),
        Kind.REAL: rng.lognormal(3, 1, 300).round(2),
        Kind.TEXT: [f"{a}-{b}" for a, b in rng.integers(0, 99, (300, 2))],
    }
    frame, column = pl.DataFrame({"x": made[kind]}), Column(name="x", kind=kind, decimals=2)
    plain = TableCodec.fit(frame, Schema((column,))).codecs[0].to_state()
    owned = fitted(made[kind], rng.permutation(300), kind).to_state()
    assert plain[0] == owned[0]
    assert all(np.array_equal(plain[1][name], owned[1][name]) for name in plain[1])


@pytest.mark.parametrize("form", ["AB-{:05d}", "{}"])
def test_keys_of_entities_count_once_and_merge(form: str) -> None:
    """A pattern that one person's thousand rows have is no pattern."""
    column = Column(name="who", kind=Kind.ID, role=Role.ENTITY)
    keys = pl.Series("who", [form.format(n) for n in [7] * 1_000 + list(range(10, 400))])
    frame = pl.DataFrame([keys])
    whole = TableCodec.fit(frame, Schema((column,))).to_state()
    parts = [TableCodec.summarise(frame[a:b], Schema((column,))) for a, b in ((900, 1_390), (0, 900))]
    merged = TableCodec.from_summary(parts[0].merge(parts[1]), Schema((column,))).to_state()
    once = TableCodec.fit(frame.unique(), Schema((column,))).to_state()
    for other in (merged, once):
        assert whole[0] == other[0]
        assert all(np.array_equal(whole[1][name], other[1][name]) for name in whole[1])


@given(st.lists(st.tuples(st.sampled_from([None, "a", "b", "c"]), st.integers(0, 4)), max_size=30), st.integers(0, 30))
def test_pairs_of_values_that_rows_share_are_those_of_the_rows(rows: list[tuple[str | None, int]], cut: int) -> None:
    values = pl.Series([value for value, _ in rows], dtype=pl.String)
    persons = Persons.of(pl.Series([who for _, who in rows], dtype=pl.Int64))
    each = pl.Series(["b", None, "a", "a", "c"])  # some alike
    at = np.array([{"b": 0, None: 1, "a": 2 + i % 2, "c": 4}[value] for i, (value, _) in enumerate(rows)], np.uint8)
    expected = {(value, who) for value, who in rows if value is not None}
    whole = Holders.of(values, persons)
    parts = [
        Holders.of(values[part], pl.Series([who for _, who in rows][part], dtype=pl.Int64))
        for part in (slice(0, cut), slice(cut, None))
    ]
    assert whole is not None
    assert parts[0] is not None
    for found in (whole, Holders.spread(each, at, persons), parts[0].merge(parts[1])):
        assert set(found.pairs.iter_rows()) == expected
        assert found.pairs.height == len(expected)
        people = dict(found.count().iter_rows())
        assert {v: n for v, n in people.items() if n} == {
            v: len({who for value, who in expected if value == v}) for v in {value for value, _ in expected}
        }


def test_codes_of_columns_with_an_entity_are_those_of_the_frame() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "who": rng.integers(0, 900, 6_000).astype(str),
            "town": np.array(["Bonn", "Mainz", "Ulm"])[rng.integers(0, 3, 6_000)],
            "age": [None if i % 9 == 0 else str(i) for i in rng.integers(18, 90, 6_000)],
            "seen": [f"2024-01-{d:02d} {h:02d}:00" for d, h in zip(*rng.integers(1, 24, (2, 6_000)), strict=True)],
            "ok": np.array(["yes", "no"])[rng.integers(0, 2, 6_000)],
        }
    )
    schema, counted = infer_counted(frame, entity="who")
    columns = parse_counted(counted, schema)
    few, whole = TableCodec.fit(columns, schema), TableCodec.fit(columns.frame(), schema)
    halves = [TableCodec.summarise(columns.frame()[half], schema) for half in (slice(0, 2_500), slice(2_500, None))]
    merged = TableCodec.from_summary(halves[0].merge(halves[1]), schema)
    for codec in (few, merged):
        state, arrays = codec.to_state()
        assert state == whole.to_state()[0]
        assert all((arrays[name] == part).all() for name, part in whole.to_state()[1].items())
