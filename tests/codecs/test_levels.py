"""Claims about levels: kept levels come back, rare ones are never shown, unseen ones never fail."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.codecs.column import CodecOptions
from likewise.codecs.levels import LevelCodec, summarise_levels
from likewise.conditions import Between, Missing, OneOf
from likewise.errors import ConditionError, ModelFileError
from likewise.schema.column import Column, Kind

texts = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "ß", "漢", "", " "])), max_size=120)


def fit(
    series: pl.Series, kind: Kind = Kind.CATEGORICAL, levels: tuple[str, ...] | None = None, **options: object
) -> LevelCodec:
    column = Column(name=series.name, kind=kind, levels=levels)
    return LevelCodec.from_summary(summarise_levels(series), column, CodecOptions(**options))  # type: ignore[arg-type]


def round_trip(codec: LevelCodec, series: pl.Series) -> pl.Series:
    encoded = codec.encode(series)
    assert encoded.codes.shape == (len(series), 1)
    return codec.decode(encoded.codes, encoded.fractions, np.random.default_rng(0))


@given(texts)
def test_unprotected_levels_come_back_exactly(values: list[str | None]) -> None:
    series = pl.Series("c", values, dtype=pl.String)
    assert round_trip(fit(series, protect=False), series).equals(series)


@given(texts)
def test_kept_levels_come_back_and_rare_ones_never(values: list[str | None]) -> None:
    series = pl.Series("c", values, dtype=pl.String)
    codec = fit(series)
    out = round_trip(codec, series)
    counts = {v: values.count(v) for v in values}
    for before, after in zip(values, out, strict=True):
        assert after is None or counts[after] >= 5
        if before is None or counts[before] >= 5:
            assert after == before


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=30))
def test_labels_come_back_that_five_rows_have(values: list[bool | None]) -> None:
    series = pl.Series("b", values, dtype=pl.Boolean)
    few = [label for label in (False, True) if values.count(label) < 5]
    out = round_trip(fit(series, Kind.BOOLEAN), series)
    if len(few) == 2:
        assert out.is_null().equals(series.is_null())
    else:
        assert out.equals(series.replace_strict({label: not label for label in few}, default=series))


def test_labels_of_too_few_rows_are_drawn_by_even_chance() -> None:
    series = pl.Series("hiv", [True] + [False] * 3 + [None] * 496)
    codec = fit(series, Kind.BOOLEAN)
    assert codec.levels == ()
    drawn = codec.decode(np.zeros((10_000, 1), np.uint8), np.zeros((10_000, 0)), np.random.default_rng(0))
    assert abs(float(drawn.mean()) - 0.5) < 0.025  # type: ignore[arg-type]  # five deviations of a fair coin
    with pytest.raises(ConditionError, match="too seldom to be kept"):
        codec.narrow(OneOf((True,)))


@given(texts, st.integers(0, 120))
def test_chunks_merge_to_the_whole_codec(values: list[str | None], cut: int) -> None:
    series = pl.Series("c", values, dtype=pl.String)
    column, options = Column(name="c", kind=Kind.CATEGORICAL), CodecOptions()
    merged = summarise_levels(series[cut:]).merge(summarise_levels(series[:cut]))
    a = LevelCodec.from_summary(summarise_levels(series), column, options).to_state()
    b = LevelCodec.from_summary(merged, column, options).to_state()
    assert a[0] == b[0]
    assert np.array_equal(a[1]["counts"], b[1]["counts"])


def test_levels_are_sorted_by_frequency_then_name() -> None:
    assert fit(pl.Series("c", ["b"] * 6 + ["a"] * 6 + ["z"] * 9)).levels == ("z", "a", "b")


def test_rare_levels_share_a_code_that_is_not_drawn() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("c", ["a"] * 20 + ["b"] * 10 + ["x", "y", "z"])
    codec = fit(series)
    assert codec.fields[0].size == 3
    assert codec.fields[0].emit.tolist() == [True, True, False]
    codes = np.full((3_000, 1), 2)
    out = codec.decode(codes, np.zeros((3_000, 0)), rng)
    assert abs((out == "a").mean() - 2 / 3) < 0.04
    assert set(out) == {"a", "b"}


def test_rare_levels_may_be_written_as_a_declared_token() -> None:
    series = pl.Series("c", ["a"] * 20 + ["x", "y"])
    codec = fit(series, rare_token="other")
    assert codec.fields[0].emit.all()
    assert round_trip(codec, series).to_list() == ["a"] * 20 + ["other"] * 2


def test_nothing_but_rare_levels_shows_none_of_them() -> None:
    series = pl.Series("c", ["a", "b", "c"])
    codec = fit(series)
    assert codec.fields[0].emit.tolist() == [True]
    assert round_trip(codec, series).to_list() == [None] * 3
    assert round_trip(fit(series, rare_token="?"), series).to_list() == ["?"] * 3


def test_declared_levels_are_public_and_keep_their_order() -> None:
    series = pl.Series("c", ["low"] * 20 + ["high", "odd"])
    codec = fit(series, levels=("low", "middle", "high"))
    assert codec.levels == ("low", "middle", "high")
    assert codec.fields[0].emit.tolist() == [True, False, True, False]
    assert round_trip(codec, series)[:21].equals(series[:21])


def test_categories_of_an_enum_are_not_public() -> None:
    series = pl.Series("c", ["a"] * 20 + ["only me"])
    column = Column(name="c", kind=Kind.CATEGORICAL, dtype="Enum", levels=("a", "only me"))
    assert LevelCodec.from_summary(summarise_levels(series), column, CodecOptions()).levels == ("a",)


def test_unseen_levels_are_rare_or_else_the_most_frequent() -> None:
    seen = pl.Series("c", ["a"] * 20 + ["b"] * 10)
    unseen = pl.Series("c", ["new", None, "b"])
    assert fit(seen).encode(unseen).codes[:, 0].tolist() == [0, 0, 1]
    with_rare = fit(pl.concat([seen, pl.Series("c", ["x"])]))
    assert with_rare.encode(unseen).codes[:, 0].tolist() == [2, 0, 1]


def test_ten_thousand_levels() -> None:
    levels = [f"Straße {i} 漢" for i in range(10_000)]
    series = pl.Series("c", levels * 6)
    codec = fit(series)
    assert codec.fields[0].size == 10_000
    assert round_trip(codec, series).equals(series)


def test_all_missing_and_empty_are_one_code() -> None:
    for n_rows in (0, 4):
        series = pl.Series("c", [None] * n_rows, dtype=pl.String)
        codec = fit(series)
        assert codec.fields[0].size == 1
        assert codec.fields[0].emit.all()
        assert round_trip(codec, series).equals(series)


def test_conditions_weigh_levels() -> None:
    codec = fit(pl.Series("c", ["a"] * 20 + ["b"] * 10 + ["c"] * 5 + [None] * 2 + ["x"]))
    assert codec.narrow(OneOf(("b", "c"))).weights[0].tolist() == [0, 1, 1, 0, 0]
    assert codec.narrow(Missing()).weights[0].tolist() == [0, 0, 0, 0, 1]
    boolean = fit(pl.Series("b", [True, False] * 5), Kind.BOOLEAN)
    assert boolean.narrow(OneOf((True,))).weights[0].tolist() == [0, 1]


def test_condition_errors_name_the_column_and_kept_levels_only() -> None:
    codec = fit(pl.Series("c", ["married"] * 20 + ["single"] * 10 + ["marred"]))
    with pytest.raises(ConditionError, match=r"column 'c'.*did you mean 'married'"):
        codec.narrow(OneOf(("maried",)))
    with pytest.raises(ConditionError, match="too rare to be kept"):
        codec.narrow(OneOf(("marred",)))
    with pytest.raises(ConditionError, match=r"1 of the 2 levels asked for cannot be drawn.*did you mean 'single'"):
        codec.narrow(OneOf(("married", "singel")))
    with pytest.raises(ConditionError, match="column 'c': a Between needs numbers"):
        codec.narrow(Between(1, 2))
    with pytest.raises(ConditionError, match="no value is missing"):
        codec.narrow(Missing())


def test_state_round_trip_and_tampered_state() -> None:
    rng = np.random.default_rng(1)
    codec = fit(pl.Series("c", ["a"] * 20 + ["漢"] * 10 + ["x", None]))
    data, arrays = codec.to_state()
    data = {**data, "name": "c"}
    back = LevelCodec.from_state(data, arrays)
    codes = rng.integers(0, 4, (200, 1))
    a, b = (x.decode(codes, np.zeros((200, 0)), np.random.default_rng(1)) for x in (codec, back))
    assert a.equals(b)
    with pytest.raises(ModelFileError, match="counts"):
        LevelCodec.from_state(data, {"counts": arrays["counts"][:-1]})
    with pytest.raises(ModelFileError, match="finite"):
        LevelCodec.from_state(data, {"counts": arrays["counts"] * np.nan})
    for key, value in (("levels", ["a", "a"]), ("levels", "ab"), ("has_rare", "yes"), ("rare_token", 3)):
        with pytest.raises(ModelFileError):
            LevelCodec.from_state({**data, key: value}, arrays)
