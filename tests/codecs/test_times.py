"""Claims about times: resolution, zone and step come back, ranges hold on every draw, clocks may change."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.codecs.column import CodecOptions
from likewise.codecs.times import TimeCodec, summarise_times
from likewise.conditions import Between, Missing, OneOf
from likewise.errors import ConditionError, ModelFileError, SchemaError
from likewise.schema.column import Column, Kind

COLUMN = Column(name="t", kind=Kind.DATETIME)
UNITS = ("ms", "us", "ns")
ZONES = (None, "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def fit(series: pl.Series, **options: object) -> TimeCodec:
    return TimeCodec.from_summary(summarise_times(series), COLUMN, CodecOptions(**options))  # type: ignore[arg-type]


def round_trip(codec: TimeCodec, series: pl.Series) -> pl.Series:
    encoded = codec.encode(series)
    assert encoded.codes.shape[1] == len(codec.fields)
    return codec.decode(encoded.codes, encoded.fractions, np.random.default_rng(0))


def redraw(codec: TimeCodec, series: pl.Series) -> pl.Series:
    rng = np.random.default_rng(1)
    encoded = codec.encode(series)
    return codec.decode(encoded.codes, rng.random(encoded.fractions.shape, dtype=np.float32), rng)


def moments(n: int, *, minutes: int = 15, days: int = 40, unit: str = "us", zone: str | None = None) -> pl.Series:
    rng = np.random.default_rng(1)
    ticks = rng.integers(0, days * 24 * 60 // minutes, n) * minutes * 60_000
    series = pl.Series("t", ticks).cast(pl.Datetime("ms")).dt.cast_time_unit(unit)  # type: ignore[arg-type]
    return series if zone is None else series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("zone", ZONES)
def test_timestamps_keep_resolution_and_zone(unit: str, zone: str | None) -> None:
    series = moments(3_000, unit=unit, zone=zone)
    codec = fit(series)
    out = round_trip(codec, series)
    assert out.dtype == series.dtype
    assert len(codec.fields) == 2
    assert (out == series).mean() > 0.99  # all but the protected ends


def test_days_with_a_varying_time_are_two_fields_others_one() -> None:
    rng = np.random.default_rng(1)
    midnight = pl.Series("t", rng.integers(0, 30, 500)).cast(pl.Int32).cast(pl.Date)
    assert len(fit(midnight).fields) == 1
    stamps = midnight.cast(pl.Datetime("us"))
    codec = fit(stamps)
    assert len(codec.fields) == 1
    assert round_trip(codec, stamps).equals(stamps)
    noon = stamps.dt.offset_by("12h")
    assert round_trip(fit(noon), noon).equals(noon)


@given(st.lists(st.one_of(st.none(), st.dates()), max_size=60), st.booleans())
def test_dates_round_trip(values: list[dt.date | None], protect: bool) -> None:
    series = pl.Series("t", values, dtype=pl.Date)
    out = round_trip(fit(series, protect=protect), series)
    assert out.dtype == pl.Date
    assert out.is_null().equals(series.is_null())
    if not protect:
        assert out.equals(series)


@given(st.lists(st.one_of(st.none(), st.times()), max_size=60))
def test_times_of_day_round_trip(values: list[dt.time | None]) -> None:
    series = pl.Series("t", values, dtype=pl.Time)
    out = round_trip(fit(series, protect=False), series)
    assert out.dtype == pl.Time
    assert out.equals(series)


@given(
    st.lists(st.one_of(st.none(), st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))), max_size=60),
    st.sampled_from(ZONES),
    st.sampled_from(UNITS),
)
def test_timestamps_round_trip(values: list[dt.datetime | None], zone: str | None, unit: str) -> None:
    series = pl.Series("t", values, dtype=pl.Datetime("us")).dt.cast_time_unit(unit)  # type: ignore[arg-type]
    if zone is not None:
        series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    out = round_trip(fit(series, protect=False), series)
    assert out.dtype == series.dtype
    assert out.is_null().equals(series.is_null())
    # the second of two equal local times in autumn comes back as the first: at most an hour earlier
    apart = (series - out).drop_nulls().dt.total_milliseconds()
    assert ((apart >= 0) & (apart <= 3_600_000)).all()


@given(
    st.lists(st.one_of(st.none(), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(1990, 3, 1)))), st.integers(0, 50)
)
def test_chunks_merge_to_the_whole_codec(values: list[dt.datetime | None], cut: int) -> None:
    series = pl.Series("t", values, dtype=pl.Datetime("us"))
    merged = summarise_times(series[cut:]).merge(summarise_times(series[:cut]))
    a = TimeCodec.from_summary(summarise_times(series), COLUMN, CodecOptions()).to_state()
    b = TimeCodec.from_summary(merged, COLUMN, CodecOptions()).to_state()
    assert a[0] == b[0]
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])


def test_local_times_that_the_clock_skips_are_moved_on() -> None:
    # 2023-03-26 02:00 to 03:00 does not exist in Berlin; days and times drawn apart can meet there
    rng = np.random.default_rng(1)
    zone = "Europe/Berlin"
    every_hour = pl.Series("t", [dt.datetime(2023, 3, 20) + dt.timedelta(hours=h) for h in range(24 * 12)] * 3)
    series = every_hour.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    codec = fit(series)
    local = codec.encode(series).codes
    codes = np.stack(np.meshgrid(np.unique(local[:, 0]), np.unique(local[:, 1])), axis=-1).reshape(-1, 2)
    out = codec.decode(codes, np.full((len(codes), 2), 0.5), rng)
    assert out.null_count() == 0
    skipped = out.filter((out.dt.date() == dt.date(2023, 3, 26)) & (out.dt.hour() == 2))
    assert len(skipped) == 0


def test_step_of_the_time_of_day_is_kept() -> None:
    series = moments(4_000, minutes=15)
    out = redraw(fit(series, max_bins=12), series)
    assert (out.dt.minute() % 15 == 0).all()
    assert (out.dt.second() == 0).all()


def test_missing_is_missing_in_both_fields() -> None:
    series = pl.concat([moments(500), pl.Series("t", [None] * 50, dtype=pl.Datetime("us"))])
    codec = fit(series)
    codes = codec.encode(series).codes
    assert (codes[500:] == [field.size - 1 for field in codec.fields]).all()
    assert round_trip(codec, series)[500:].null_count() == 50


def test_a_day_without_a_time_gets_one() -> None:
    rng = np.random.default_rng(1)
    series = pl.concat([moments(500), pl.Series("t", [None] * 50, dtype=pl.Datetime("us"))])
    codec = fit(series)
    codes = np.array([[0, codec.fields[1].size - 1]] * 200)
    out = codec.decode(codes, np.full((200, 2), 0.5), rng)
    assert out.null_count() == 0
    assert out.dt.time().n_unique() > 20


RANGES = [
    (dt.datetime(1970, 1, 5, 14, 30), dt.datetime(1970, 1, 7, 8, 0)),
    (dt.datetime(1970, 1, 5, 14, 30), dt.datetime(1970, 1, 5, 18, 0)),
    (dt.datetime(1970, 1, 5, 23, 50), dt.datetime(1970, 1, 7, 0, 0)),
    (dt.datetime(1970, 1, 5), None),
    (None, dt.datetime(1970, 1, 3, 12, 0)),
]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("closed", ["both", "left", "right", "none"])
@pytest.mark.parametrize("ends", RANGES)
@pytest.mark.parametrize("max_bins", [6, 256])
def test_every_draw_obeys_a_range_of_moments(
    ends: tuple[dt.datetime | None, dt.datetime | None], closed: str, zone: str | None, max_bins: int
) -> None:
    rng = np.random.default_rng(1)
    series = moments(3_000, zone=zone)
    codec = fit(series, max_bins=max_bins)
    if zone is not None:
        stamps = pl.Series(ends, dtype=pl.Datetime("us")).dt.replace_time_zone(zone)
        ends = (stamps[0], stamps[1])
    narrowed = codec.narrow(Between(*ends, closed=closed))  # type: ignore[arg-type]
    drawn = [rng.choice(len(w), 3_000, p=w / w.sum()) for w in narrowed.weights]
    fractions = rng.random((3_000, sum(f.fraction is not None for f in codec.fields)))
    out = narrowed.codec.decode(np.stack(drawn, axis=1), fractions, rng)
    assert out.null_count() == 0
    if ends[0] is not None:
        assert ((out >= ends[0]) if closed in ("both", "left") else (out > ends[0])).all()
    if ends[1] is not None:
        assert ((out <= ends[1]) if closed in ("both", "right") else (out < ends[1])).all()
    assert (out.dt.minute() % 15 == 0).all()


def test_ranges_hold_where_the_clock_changes() -> None:
    rng = np.random.default_rng(1)
    zone = "Europe/Berlin"
    for day in (dt.datetime(2023, 3, 25, 22), dt.datetime(2023, 10, 28, 22)):
        series = pl.Series("t", [day + dt.timedelta(minutes=15 * i) for i in range(24)] * 40)
        series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        codec = fit(series)
        for i in range(23):
            low, high = series[i], series[i + 1]
            if low > high:  # Python compares the readings of one clock, not moments
                continue
            narrowed = codec.narrow(Between(low, high))
            drawn = [rng.choice(len(w), 50, p=w / w.sum()) for w in narrowed.weights]
            out = narrowed.codec.decode(np.stack(drawn, axis=1), rng.random((50, 2)), rng)
            assert out.is_between(low, high).all()


def test_ranges_and_sets_of_dates_and_times() -> None:
    rng = np.random.default_rng(1)
    dates = pl.Series("t", rng.integers(0, 900, 3_000)).cast(pl.Int32).cast(pl.Date)
    codec = fit(dates)
    narrowed = codec.narrow(Between(dt.date(1970, 3, 1), dt.date(1970, 3, 31)))
    codes = np.repeat(np.flatnonzero(narrowed.weights[0]), 100)[:, None]
    out = narrowed.codec.decode(codes, rng.random(codes.shape), rng)
    assert (out.min(), out.max()) == (dt.date(1970, 3, 1), dt.date(1970, 3, 31))
    days = (dt.date(1970, 3, 1), dt.date(1971, 1, 1))
    chosen = codec.narrow(OneOf(days))
    codes = np.repeat(np.flatnonzero(chosen.weights[0]), 100)[:, None]
    assert set(chosen.codec.decode(codes, rng.random(codes.shape), rng)) == set(days)
    hours = fit(pl.Series("t", [dt.time(h) for h in range(24)] * 20))
    assert hours.narrow(Between(dt.time(9), dt.time(17))).weights[0].sum() == 9


def test_of_outer_days_what_is_left_of_them_meets_a_range() -> None:
    codec = fit(moments(20_000, days=10))
    narrowed = codec.narrow(Between(dt.datetime(1970, 1, 3, 18), dt.datetime(1970, 1, 6, 6)))
    assert np.flatnonzero(narrowed.weights[0]).tolist() == [2, 3, 4, 5]
    assert narrowed.met is not None
    drawn = codec.encode(moments(20_000, days=10))
    met = narrowed.met(drawn.codes, drawn.fractions)
    for day, share in {2: 0.25, 3: 1, 4: 1, 5: 0.25}.items():
        of_day = met[drawn.codes[:, 0] == day]
        assert of_day.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / len(of_day)) + 0.01)


def test_days_on_which_no_time_is_left_are_left_out() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("t", rng.integers(0, 30, 600)).cast(pl.Int32).cast(pl.Date).cast(pl.Datetime("us"))
    narrowed = fit(series).narrow(Between(dt.datetime(1970, 1, 5, 12), dt.datetime(1970, 1, 7, 12)))
    codes = np.flatnonzero(narrowed.weights[0])[:, None]
    out = narrowed.codec.decode(codes, np.zeros((len(codes), 0)), rng)
    assert set(out) == {dt.datetime(1970, 1, 6), dt.datetime(1970, 1, 7)}


def test_condition_errors_name_the_column() -> None:
    codec = fit(moments(300))
    with pytest.raises(ConditionError, match="column 't'"):
        codec.narrow(Between(dt.datetime(2050, 1, 1), dt.datetime(2051, 1, 1)))
    with pytest.raises(ConditionError, match="column 't'"):
        codec.narrow(Between(3, 4))
    with pytest.raises(ConditionError, match=r"column 't'.*ISO"):
        codec.narrow(Between("then", None))
    with pytest.raises(ConditionError, match="no value is missing"):
        codec.narrow(Missing())


def test_a_single_extreme_moment_is_never_drawn() -> None:
    series = pl.concat([moments(3_000), pl.Series("t", [dt.datetime(1888, 8, 8), dt.datetime(2999, 9, 9)])])
    out = redraw(fit(series), series)
    assert out.is_between(dt.datetime(1969, 12, 31), dt.datetime(1970, 3, 1)).all()


def test_state_round_trip_and_tampered_state() -> None:
    series = moments(500, zone="Europe/Berlin")
    codec = fit(series)
    data, arrays = codec.to_state()
    data = {**data, "name": "t"}
    back = TimeCodec.from_state(data, arrays)
    assert round_trip(back, series).equals(round_trip(codec, series))
    for key, value in (("unit", "s"), ("form", 3), ("days", None), ("zone", 1), ("zone", "Mars/Base")):
        with pytest.raises(ModelFileError):
            TimeCodec.from_state({**data, key: value}, arrays)
    with pytest.raises(ModelFileError):
        TimeCodec.from_state(data, {name: a for name, a in arrays.items() if name != "times.count"})


def days(n: int, seed: int = 3) -> pl.Series:
    since = (dt.date(2018, 1, 1) - dt.date(1970, 1, 1)).days
    return pl.Series("t", np.random.default_rng(seed).integers(since, since + 1_400, n)).cast(pl.Int32).cast(pl.Date)


def back(day: pl.Series) -> pl.Series:
    """The Friday before a weekend."""
    return day.to_frame("t").select(pl.col("t") - pl.duration(days=(pl.col("t").dt.weekday() - 5).clip(0))).to_series()


PATTERNS = {
    "Mondays": lambda day: day.dt.truncate("1w"),
    "every second Friday": lambda day: day.dt.truncate("2w") + dt.timedelta(days=4),
    "business days": lambda day: day.filter(day.dt.weekday() < 6),
    "all but Sundays": lambda day: day.filter(day.dt.weekday() < 7),
    "firsts of a month": lambda day: day.dt.month_start(),
    "month ends": lambda day: day.dt.month_end(),
    "firsts of a quarter": lambda day: day.dt.truncate("1q"),
    "25ths or the business day before": lambda day: back(day.dt.month_start() + dt.timedelta(days=24)),
    "15th and last": lambda day: day.filter((day.dt.day() == 15) | (day == day.dt.month_end())),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("us"), pl.Datetime("ms", "Europe/Berlin")])
def test_days_keep_to_the_pattern_of_the_column(name: str, dtype: pl.DataType) -> None:
    def as_dtype(series: pl.Series) -> pl.Series:
        if dtype == pl.Date:
            return series
        stamps = series.cast(pl.Datetime(dtype.time_unit))  # type: ignore[attr-defined]
        hours = pl.Series(np.random.default_rng(0).integers(8, 18, len(series)))
        stamps = stamps + pl.select(pl.duration(hours=pl.lit(hours))).to_series()
        return stamps.dt.replace_time_zone(dtype.time_zone)  # type: ignore[attr-defined]

    rule = PATTERNS[name]
    past = rule(days(6_000))
    series = as_dtype(past)
    codec = fit(series, max_bins=16)
    drawn = redraw(codec, series).dt.date()
    assert set(rule(drawn)) == set(drawn)
    assert drawn.n_unique() > min(past.n_unique() - 4, 100)
    state, arrays = codec.to_state()
    back = TimeCodec.from_state({**state, "name": "t"}, arrays)
    assert redraw(back, series).dt.date().equals(drawn)
    middle = sorted(set(past))[past.n_unique() // 2]
    narrowed = codec.narrow(Between(middle, middle))
    codes = np.stack([np.full(50, np.flatnonzero(w)[0]) for w in narrowed.weights], axis=1)
    out = narrowed.codec.decode(codes, np.random.default_rng(0).random((50, 2)), np.random.default_rng(0))
    assert set(out.dt.date()) == {middle}


def test_days_without_a_pattern_get_none_by_chance() -> None:
    for seed in range(200):
        for n in (5, 12, 30, 60):
            assert fit(days(n, seed)).days.lattice.calendar is None


def test_a_few_odd_days_do_not_break_the_pattern_and_are_not_drawn() -> None:
    past = days(3_000)
    series = pl.concat([past.filter(past.dt.weekday() < 6), pl.Series("t", [dt.date(2019, 6, 2)] * 2)])
    assert set(redraw(fit(series), series).dt.weekday()) == {1, 2, 3, 4, 5}


def test_few_times_of_day_stay_within_the_day() -> None:
    for series in (
        pl.Series("t", [dt.time(23, 59, 59), None], dtype=pl.Time),
        pl.Series("t", [dt.datetime(9998, 12, 31, 23, 59, 59), None]),
    ):
        out = redraw(fit(series), series)
        assert out[0] != series[0]
        assert out[0] is not None


def test_a_range_that_nothing_meets_is_told_in_dates() -> None:
    for series in (days(500), days(500).cast(pl.Datetime("us"))):
        with pytest.raises(ConditionError, match=r"draws lie in 2018-01-\d\d \.\. 2021-\d\d-\d\d$"):
            fit(series).narrow(Between(dt.date(2031, 1, 1), None))
    with pytest.raises(ConditionError, match=r"draws lie in \d\d:\d\d:00 \.\. \d\d:\d\d:00$"):
        fit(pl.Series("t", [dt.time(9 + i % 8, i % 60) for i in range(480)])).narrow(Between(dt.time(22), None))


@pytest.mark.parametrize("form", ["date", "timestamp", "zoned", "time"])
def test_draws_stay_within_declared_bounds(form: str) -> None:
    ticks = np.random.default_rng(4).integers(0, 4_000 * 86_400, 2_000)
    moments = pl.Series("t", ticks * 1_000_000).cast(pl.Datetime("us"))
    series, low, high = {
        "date": (moments.dt.date(), "1974-01-31", "1977-12-31"),
        "timestamp": (moments, "1974-01-31", "1977-12-31"),
        "zoned": (
            moments.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin"),
            "1974-01-31",
            "1977-12-31",
        ),
        "time": (moments.dt.time(), "08:00", "17:30"),
    }[form]
    about = Column(name="t", kind=Kind.DATETIME, bounds=(low, high))
    drawn = redraw(TimeCodec.from_summary(summarise_times(series), about, CodecOptions()), series)
    told = drawn.dt.to_string("%H:%M" if form == "time" else "%Y-%m-%d")
    assert low <= str(told.min())
    assert str(told.max()) <= high
    assert told.n_unique() > 100


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("high", ["1970-01-05T14:15:00", "1970-01-03T14:15:00"])
def test_a_moment_that_is_declared_is_the_last_one_that_is_drawn(high: str, zone: str | None) -> None:
    low = "1970-01-03T10:30:00"
    seconds = np.random.default_rng(8).integers(0, 6 * 86_400, 3_000)
    series = pl.Series("t", seconds * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    about = Column(name="t", kind=Kind.DATETIME, bounds=(low, high))
    codec = TimeCodec.from_summary(summarise_times(series), about, CodecOptions())
    codec = TimeCodec.from_state(*_named(codec))
    first, last = dt.datetime.fromisoformat(low), dt.datetime.fromisoformat(high)
    for drawn in (redraw(codec, series), redraw(codec.narrow(Between("1970-01-03", "1970-01-09")).codec, series)):
        local = drawn.dt.replace_time_zone(None)
        assert first <= local.min() <= local.max() <= last  # type: ignore[operator]
        assert local.n_unique() > 500


def _named(codec: TimeCodec) -> Any:
    data, arrays = codec.to_state()
    return {**data, "name": codec.name}, arrays


def test_bounds_of_another_form_are_refused() -> None:
    about = Column(name="t", kind=Kind.DATETIME, bounds=("08:00", "17:30"))
    with pytest.raises(SchemaError, match="of a timestamp"):
        TimeCodec.from_summary(summarise_times(moments(100)), about, CodecOptions())


@pytest.mark.parametrize("zone", [None, "Asia/Kolkata"])
@pytest.mark.parametrize("unit", UNITS)
def test_ends_that_no_tick_can_count_are_open_ends(unit: str, zone: str | None) -> None:
    series = moments(500, unit=unit, zone=zone)
    codec = fit(series)
    narrowed = codec.narrow(Between("0001-01-01T12:00:00", "9999-12-31"))
    assert all((w == 1).all() for w in narrowed.weights)
    assert redraw(narrowed.codec, series).equals(redraw(codec, series))  # type: ignore[arg-type]
    about = Column(name="t", kind=Kind.DATETIME, bounds=("0001-01-01", "9999-12-31"))
    bounded = TimeCodec.from_summary(summarise_times(series), about, CodecOptions())
    assert redraw(bounded, series).is_between(series.min(), series.max()).mean() > 0.9


@pytest.mark.parametrize("form", ["date", "timestamp"])
def test_each_day_of_a_set_is_drawn_as_often_as_the_others_that_share_its_code(form: str) -> None:
    ticks = np.random.default_rng(5).integers(0, 4_000 * 86_400, 3_000)
    series = pl.Series("t", ticks * 1_000_000).cast(pl.Datetime("us"))
    codec = fit(series.dt.date() if form == "date" else series)
    days = [dt.date(1974, 5, 5), dt.date(1974, 5, 6), dt.date(1974, 5, 7)]
    narrowed = codec.narrow(OneOf(tuple(days)))
    rng = np.random.default_rng(1)
    code = rng.choice(len(narrowed.weights[0]), 3_000, p=narrowed.weights[0] / narrowed.weights[0].sum())
    rest = [np.zeros(3_000, np.int64)] * (len(codec.fields) - 1)
    fractions = rng.random((3_000, sum(f.fraction is not None for f in codec.fields)), dtype=np.float32)
    drawn = narrowed.codec.decode(np.stack([code, *rest], 1), fractions, rng).dt.date()
    assert set(drawn) == set(days)
    assert drawn.value_counts()["count"].min() > 800  # type: ignore[operator]
