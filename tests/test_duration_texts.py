"""Lengths of time as people and programs write them: read as seconds, drawn, written back as they came."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from likewise.codecs.table import TableCodec
from likewise.errors import SchemaError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.durations import DurationFormat
from likewise.schema.infer import infer
from likewise.schema.infer_column import infer_column
from likewise.schema.parse import parse, restore

N = 400


def lengths(step: int = 1) -> list[int]:
    return (np.random.default_rng(5).integers(60, 500_000, N) // step * step).tolist()


def iso(s: int) -> str:
    parts = [(s // 3600, "H"), (s // 60 % 60, "M"), (s % 60, "S")]
    return "PT" + "".join(f"{n}{mark}" for n, mark in parts if n)


def in_words(s: int) -> str:
    h, m = s // 3600, s // 60 % 60
    return f"{h} hour{'s' * (h != 1)} {m} minute{'s' * (m != 1)}"


def in_days(s: int) -> str:
    days = s // 86_400
    return f"{days} day{'s' * (days != 1)}, {s // 3600 % 24}:{s // 60 % 60:02}:{s % 60:02}"


SPELLINGS: dict[str, tuple[Callable[[int], str], str, int]] = {
    # how it is written, the pattern found, the seconds it tells
    "hours": (lambda s: f"{s // 3600}:{s // 60 % 60:02}:{s % 60:02}", "{h}:{m:02}:{s:02}", 1),
    "hours, padded": (lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}", "{h:02}:{m:02}:{s:02}", 1),
    "minutes": (lambda s: f"{s // 60:02}:{s % 60:02}", "{m:02}:{s:02}", 1),
    "ISO": (iso, "PT[{h}H][{m}M][{s}S]", 1),
    "ISO, days": (lambda s: f"P{s // 86_400}DT{s // 3600 % 24}H", "P{d}DT{h}H", 3600),
    "days and a clock": (lambda s: f"{s // 86_400}d {s // 3600 % 24:02}:{s // 60 % 60:02}", "{d}d {h:02}:{m:02}", 60),
    "pandas": (
        lambda s: f"{s // 86_400} days {s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}",
        "{d} days {h:02}:{m:02}:{s:02}", 1,
    ),
    "Python": (in_days, "{d} day(s), {h}:{m:02}:{s:02}", 1),
    ".NET": (
        lambda s: f"{s // 86_400}.{s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}", "{d}.{h:02}:{m:02}:{s:02}", 1,
    ),
    "units": (lambda s: f"{s // 3600}h {s // 60 % 60}m", "{h}h {m}m", 60),
    "units, glued": (lambda s: f"{s // 3600}h{s // 60 % 60:02}m", "{h}h{m:02}m", 60),
    "words": (in_words, "{h} hour(s) {m} minute(s)", 60),
    "German": (lambda s: f"{s // 3600} Std. {s // 60 % 60} Min.", "{h} Std. {m} Min.", 60),
    "Chinese": (lambda s: f"{s // 3600}小时{s // 60 % 60}分钟", "{h}小时{m}分钟", 60),
}  # fmt: skip


@pytest.mark.parametrize("how", SPELLINGS)
def test_lengths_of_time_are_read_in_seconds_and_written_as_they_came(how: str) -> None:
    write, pattern, step = SPELLINGS[how]
    raw = pl.DataFrame({"took": [write(s) for s in lengths(step)]})
    schema = infer(raw)
    assert (schema["took"].kind, schema["took"].format) == (Kind.INTEGER, pattern)
    table = parse(raw, schema)
    assert table["took"].to_list() == lengths(step)
    assert restore(table, schema)["took"].to_list() == raw["took"].to_list()
    codec = TableCodec.fit(table, schema)
    codes = codec.encode(table)
    drawn = restore(codec.decode(codes, rng=np.random.default_rng(1)), schema)["took"]
    assert infer_column(drawn).format == pattern


def test_fractions_and_signs_of_lengths_are_kept() -> None:
    texts = [f"{'-' if s % 3 == 0 else ''}{s // 60 % 100:02}:{s % 60:02}.{s % 1000:03}" for s in lengths()]
    schema = infer(pl.DataFrame({"lap": texts}))
    assert (schema["lap"].kind, schema["lap"].format, schema["lap"].decimals) == (Kind.REAL, "{m:02}:{s:02.3}", 3)
    assert restore(parse(pl.DataFrame({"lap": texts}), schema), schema)["lap"].to_list() == texts


@pytest.mark.parametrize("text", ["{x}", "{m}:{h}", "{h}:{h}", "{h", "h:mm"])
def test_a_pattern_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(SchemaError, match="is no "):
        DurationFormat(text)


def test_times_of_day_and_measures_stay_what_they_are() -> None:
    clock = infer_column(pl.Series("at", [f"{s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}" for s in lengths()]))
    assert clock.kind is Kind.DATETIME
    sizes = infer_column(pl.Series("size", [f"{s % 90}m {'abc'[s % 3]}" for s in lengths()]))
    assert sizes.kind in (Kind.TEXT, Kind.CATEGORICAL)


def test_a_declared_pattern_is_read_and_what_does_not_follow_it_refused() -> None:
    schema = Schema((Column(name="took", kind=Kind.INTEGER, format="{h}:{m:02}"),))
    assert parse(pl.DataFrame({"took": ["1:05", None]}), schema)["took"].to_list() == [3900, None]
    with pytest.raises(SchemaError, match="1 of 1 values are not whole numbers"):
        parse(pl.DataFrame({"took": ["1:5"]}), schema)


@pytest.mark.parametrize("marks", ["'\"", "′″"])
def test_feet_and_inches_are_no_minutes(marks: str) -> None:
    feet, inches = marks
    heights = pl.Series("height", [f"{4 + s % 3}{feet}{s % 12}{inches}" for s in lengths()])
    assert infer_column(heights).kind is Kind.CATEGORICAL
    laps = pl.Series("lap", [f"{4 + s % 3}{feet}{s % 60:02}{inches}" for s in lengths()])
    assert infer_column(laps).kind is Kind.INTEGER


def test_minutes_may_lack_their_mark() -> None:
    found = infer_column(pl.Series("time", [f"{k // 60}h{k % 60:02}" for k in range(600)]))
    assert (found.kind, found.format) == (Kind.INTEGER, "{h}h{m:02}")


def test_parts_of_years_are_no_lengths_of_time() -> None:
    years = [2005 + k % 13 for k in range(400)]
    for form, pattern in (("{}M{}", "%YM%-m"), ("{}M{:02}", "%YM%m")):
        month = infer_column(pl.Series("month", [form.format(y, 1 + k % 12) for k, y in enumerate(years)]))
        assert (month.kind, month.format) == (Kind.DATETIME, pattern)
    halves = pl.DataFrame({"half": [f"{y}H{1 + k % 2}" for k, y in enumerate(years)]})
    assert infer(halves)["half"].kind is Kind.DATETIME


@pytest.mark.parametrize("form", ["{a}h{b}", "{a}M{c}"])
def test_a_mark_between_two_numbers_is_no_length_where_the_last_is_not_minutes(form: str) -> None:
    texts = [form.format(a=1 + k % 8, b=1 + k // 8 % 8, c=10 + k * 7 % 90) for k in range(400)]
    assert infer_column(pl.Series("square", texts)).kind in (Kind.CATEGORICAL, Kind.TEXT)


@pytest.mark.parametrize("seconds", ["", ":00"])
def test_times_of_day_some_of_which_are_the_end_of_a_day_are_time_since_midnight(seconds: str) -> None:
    closes = [f"{k % 24:02}:{k * 7 % 60:02}{seconds}" for k in range(580)] + [f"24:00{seconds}"] * 20
    schema = infer(pl.DataFrame({"closes": closes}))
    assert schema["closes"].format == "{h:02}:{m:02}" + ":{s:02}" * bool(seconds)
    table = parse(pl.DataFrame({"closes": closes}), schema)
    assert table["closes"].max() == 86_400
    assert restore(table, schema)["closes"].to_list() == closes
