"""Claims about pattern-like text: shared patterns come back, single strings and characters do not."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.codecs import text
from likewise.codecs.characters import templates_of
from likewise.codecs.column import CodecOptions
from likewise.codecs.text import TextCodec, summarise_text
from likewise.conditions import Missing, OneOf
from likewise.errors import ConditionError, ModelFileError
from likewise.schema.column import Column, Kind

COLUMN = Column(name="s", kind=Kind.TEXT)
texts = st.lists(st.one_of(st.none(), st.text(max_size=5), st.from_regex(r"\A[AB][0-9]{2}\Z")), max_size=80)


def fit(series: pl.Series, **options: object) -> TextCodec:
    return TextCodec.from_summary(summarise_text(series), COLUMN, CodecOptions(**options))  # type: ignore[arg-type]


def redraw(codec: TextCodec, series: pl.Series, seed: int = 0) -> pl.Series:
    encoded = codec.encode(series)
    return codec.decode(encoded.codes, encoded.fractions, np.random.default_rng(seed))


def phones(n: int) -> pl.Series:
    rng = np.random.default_rng(1)
    return pl.Series("s", [f"+49-{a:03d}-{b:04d}" for a, b in rng.integers((100, 0), (999, 9_999), (n, 2))])


def test_templates_replace_letters_and_digits_by_their_class() -> None:
    one, two, three, none = templates_of(pl.Series(["Ab-12", "Éß-٣4", "漢 x", None]))
    assert one == two
    assert (one[2], three[1], none) == ("-", " ", None)
    assert len(set(one[:2] + three[0])) == 3


def test_drawn_strings_have_the_patterns_of_the_real_ones() -> None:
    series = pl.concat([phones(2_000), pl.Series("s", [f"{c}X{i:02d}" for i in range(99) for c in "AB"])])
    out = redraw(fit(series), series)
    assert all(re.fullmatch(r"\+49-\d{3}-\d{4}", s) for s in out[:2_000])
    assert all(re.fullmatch(r"[AB]X\d\d", s) for s in out[2_000:])
    assert out.is_in(series.implode()).mean() < 0.5  # type: ignore[operator]


def test_characters_are_drawn_as_often_as_they_occur_at_their_place() -> None:
    series = pl.Series("s", ["A1"] * 300 + ["B2"] * 100)
    out = redraw(fit(series), pl.concat([series] * 10))
    assert (out.str.slice(0, 1) == "A").mean() == pytest.approx(0.75, abs=0.03)


def test_single_strings_patterns_and_characters_are_never_drawn() -> None:
    series = pl.concat([phones(500), pl.Series("s", ["secret: Zoë", "@@@", "+49-\U0001d7d7\U0001d7d7\U0001d7d7-0000"])])
    codec = fit(series)
    assert codec.fields[0].emit.tolist() == [True, False]
    out = redraw(codec, series)
    assert out.str.contains(r"^\+49-[0-9]{3}-[0-9]{4}$").all()
    state = str(codec.to_state())
    assert "secret" not in state
    assert "@" not in state


def test_text_without_shared_patterns_keeps_only_lengths_and_characters() -> None:
    rng = np.random.default_rng(1)
    words = ["".join(w) for w in rng.choice(list("abcdefgh, ABC"), (300, 25))]
    series = pl.Series("s", [w[: rng.integers(20, 25)] for w in words] + ["§" * 22])
    out = redraw(fit(series), series)
    assert out.null_count() == 0
    assert out.str.len_chars().is_between(20, 25).all()
    assert not out.str.contains("§").any()
    assert not out.is_in(series.implode()).any()


def test_few_strings_show_nothing() -> None:
    series = pl.Series("s", ["one", "two"])
    assert redraw(fit(series), series).to_list() == [None, None]
    assert redraw(fit(series, rare_token="-"), series).to_list() == ["-", "-"]


@given(texts)
def test_any_text_is_encoded_and_decoded(values: list[str | None]) -> None:
    series = pl.Series("s", values, dtype=pl.String)
    codec = fit(series)
    encoded = codec.encode(series)
    out = redraw(codec, series)
    assert len(out) == len(series)
    assert (encoded.codes < codec.fields[0].size).all()
    if None in values:
        assert out.filter(series.is_null()).null_count() == series.null_count()


@given(texts, st.integers(0, 80))
def test_chunks_merge_to_the_whole_codec(values: list[str | None], cut: int) -> None:
    series = pl.Series("s", values, dtype=pl.String)
    merged = summarise_text(series[cut:]).merge(summarise_text(series[:cut]))
    a = TextCodec.from_summary(summarise_text(series), COLUMN, CodecOptions()).to_state()
    b = TextCodec.from_summary(merged, COLUMN, CodecOptions()).to_state()
    assert a[0] == b[0]
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])


def test_long_texts_are_placeholders_of_their_length() -> None:
    rng = np.random.default_rng(0)
    words = ["lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit"]
    series = pl.Series("s", [" ".join(rng.choice(words, rng.integers(12, 40))) for _ in range(400)])
    codec = fit(series)
    drawn = redraw(codec, series)
    assert codec.templates == ()
    assert drawn.str.contains("placeholder").all()
    real, made = (s.str.len_chars().mean() for s in (series, drawn))
    assert abs(made - real) < 10  # type: ignore[operator]  # lengths are told to tens


def test_texts_longer_than_any_sentence_are_cut() -> None:
    series = pl.Series("s", ["x" * 10_000] * 20)
    assert redraw(fit(series), series).str.len_chars().is_between(1_000, 1_024).all()


def test_texts_of_which_no_two_are_of_one_length_have_the_usual_one() -> None:
    series = pl.Series("s", ["ab" * (40 + 6 * i) for i in range(12)])
    assert redraw(fit(series), series).str.len_chars().is_between(90, 100).all()


def test_conditions_on_text() -> None:
    codec = fit(pl.Series("s", ["A1", None] * 10))
    assert codec.narrow(Missing()).weights[0].tolist() == [0, 1]
    with pytest.raises(ConditionError, match="column 's'"):
        codec.narrow(OneOf(("A1",)))


def test_state_round_trip_and_tampered_state() -> None:
    series = pl.concat([phones(200), pl.Series("s", ["漢字"] * 5 + ["?", None])])
    codec = fit(series)
    data, arrays = codec.to_state()
    data = {**data, "name": "s"}
    back = TextCodec.from_state(data, arrays)
    assert redraw(back, series).equals(redraw(codec, series))
    for broken in (
        {**arrays, "char": arrays["char"][:-1]},
        {**arrays, "place": arrays["place"] + 1},
        {**arrays, "char": arrays["char"] + 0x110000},
        {**arrays, "rows": arrays["rows"] * 0},
        {**arrays, "counts": arrays["counts"][1:]},
    ):
        with pytest.raises(ModelFileError):
            TextCodec.from_state(data, broken)


@pytest.mark.parametrize("of_people", [False, True])
def test_characters_are_counted_some_people_at_a_time(monkeypatch: pytest.MonkeyPatch, of_people: bool) -> None:
    rng = np.random.default_rng(4)
    series = pl.Series("x", [f"K-{k:04d}" if k % 7 else None for k in rng.integers(0, 900, 500)])
    persons = pl.Series(rng.integers(0, 90, 500)) if of_people else None
    whole = text.summarise_text(series, persons).of_people()
    monkeypatch.setattr(text, "COUNTED", 100)
    parts = text.summarise_text(series, persons).of_people()
    for name in ("templates", "places", "lengths"):
        assert getattr(parts, name).equals(getattr(whole, name))
