"""Dates and times as people and programs write them: read rightly, drawn in that form, written back as they came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from likewise.codecs.base import Codes
from likewise.codecs.table import TableCodec
from likewise.schema import around, months, times
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.infer_column import infer_column
from likewise.schema.parse import parse, restore

N = 400
RNG_SEED = 11
START = dt.datetime(2011, 1, 3)


def moments() -> list[dt.datetime]:
    ticks = np.random.default_rng(RNG_SEED).integers(0, 12 * 365 * 86_400 * 10**6, N)
    return [START + dt.timedelta(microseconds=int(tick)) for tick in ticks]


def trimmed(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".")


DE, FR, ES, RU = (
    names.split()
    for names in (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    )
)
SPELLINGS: dict[str, tuple[Callable[[dt.datetime], str], str, str]] = {
    # how it is written, the pattern found, what of a moment the text tells
    "year-month": (lambda t: f"{t:%Y-%m}", "%Y-%m", "month"),
    "year and month, digits": (lambda t: f"{t:%Y%m}", "%Y%m", "month"),
    "month/year": (lambda t: f"{t:%m/%Y}", "%m/%Y", "month"),
    "month.year": (lambda t: f"{t:%m.%Y}", "%m.%Y", "month"),
    "named month": (lambda t: f"{t:%b %Y}", "%b %Y", "month"),
    "digits": (lambda t: f"{t:%Y%m%d}", "%Y%m%d", "day"),
    "digits, day first": (lambda t: f"{t:%d%m%Y}", "%d%m%Y", "day"),
    "ISO week": (lambda t: f"{t:%G-W%V}", "%G-W%V", "week"),
    "ISO week and day": (lambda t: f"{t:%G-W%V-%u}", "%G-W%V-%u", "day"),
    "day of the year": (lambda t: f"{t:%Y-%j}", "%Y-%j", "day"),
    "Oracle": (lambda t: f"{t:%d-%b-%y}".upper(), "%d-%^b-%y", "day"),
    "SAS": (lambda t: f"{t:%d%b%Y}".upper(), "%d%^b%Y", "day"),
    "Stata": (lambda t: f"{t:%d%b%Y}".lower(), "%d%~b%Y", "day"),
    "small letters": (lambda t: f"{t.day} {t:%B %Y}".lower(), "%-d %~B %Y", "day"),
    "JavaScript": (lambda t: f"{t:%a %b %d %Y}", "%a %b %d %Y", "day"),
    "day and month by name": (lambda t: f"{t:%a, %b} {t.day}, {t:%Y}", "%a, %b %-d, %Y", "day"),
    "Chinese": (lambda t: f"{t.year}年{t.month}月{t.day}日", "%Y年%-m月%-d日", "day"),
    "Chinese month": (lambda t: f"{t.year}年{t.month}月", "%Y年%-m月", "month"),
    "German month": (lambda t: f"{t.day}. {DE[t.month - 1]} {t.year}", "%-d. %B(de) %Y", "day"),
    "German month, short": (lambda t: f"{t:%d}-{DE[t.month - 1][:3].upper()}-{t.year}", "%d-%^b(de)-%Y", "day"),
    "German month alone": (lambda t: f"{DE[t.month - 1]} {t.year}", "%B(de) %Y", "month"),
    "French": (
        lambda t: f"{t.day if t.day > 1 else '1er'} {FR[t.month - 1].lower()} {t.year}", "%-d(er) %~B(fr) %Y", "day",
    ),
    "Spanish": (lambda t: f"{t.day} de {ES[t.month - 1]} de {t.year}", "%-d de %~B(es) de %Y", "day"),
    "German month and time": (
        lambda t: f"{t.day}. {DE[t.month - 1]} {t:%Y %H:%M}", "%-d. %B(de) %Y %H:%M", "minute",
    ),
    "Czech": (lambda t: f"{t.day}. {t.month}. {t.year}", "%-d. %-m. %Y", "day"),
    "Korean": (lambda t: f"{t.year}. {t.month}. {t.day}.", "%Y. %-m. %-d.", "day"),
    "Russian": (lambda t: f"{t.day} {RU[t.month - 1]} {t.year} г.", "%-d %~B(ru) %Y г.", "day"),
    "German month, two-digit year": (lambda t: f"{t.day}-{DE[t.month - 1][:3]}-{t:%y}", "%-d-%b(de)-%y", "day"),
    "two-digit years": (lambda t: f"{t:%d/%m/%y}", "%d/%m/%y", "day"),
    "German, short": (lambda t: f"{t.day}.{t.month}.{t:%y}", "%-d.%-m.%y", "day"),
    "with the day's name": (lambda t: f"{t:%A, %B %d, %Y}", "%A, %B %d, %Y", "day"),
    "SAP": (lambda t: f"{t:%Y%m%d%H%M%S}", "%Y%m%d%H%M%S", "second"),
    "digits to the minute": (lambda t: f"{t:%Y%m%d%H%M}", "%Y%m%d%H%M", "minute"),
    "hours": (lambda t: f"{t:%Y-%m-%dT%H}", "%Y-%m-%dT%H", "hour"),
    "SAS moment": (lambda t: f"{t:%d%b%Y:%H:%M:%S}".upper(), "%d%^b%Y:%H:%M:%S", "second"),
    "C": (lambda t: t.ctime(), "%a %b %e %H:%M:%S %Y", "second"),
    "web server": (lambda t: f"{t:%d/%b/%Y:%H:%M:%S} +0000", "%d/%b/%Y:%H:%M:%S +0000", "second"),
    "Excel, English": (lambda t: f"{t.month}/{t.day}/{t:%Y} {t:%I:%M %p}", "%-m/%-d/%Y %I:%M %p", "minute"),
    "Chinese moment": (
        lambda t: f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}", "%Y年%-m月%-d日 %H:%M:%S", "second"
    ),
    "PostgreSQL": (lambda t: trimmed(t) + "+00", "%Y-%m-%d %H:%M:%S%.*f+00", "microsecond"),
    "PostgreSQL, local": (trimmed, "%Y-%m-%d %H:%M:%S%.*f", "microsecond"),
    "SQL Server": (lambda t: f"{t:%Y-%m-%d %H:%M:%S.%f}"[:-3], "%Y-%m-%d %H:%M:%S%.3f", "millisecond"),
    "one digit and an offset": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}"[:-5] + "+02:00", "%Y-%m-%dT%H:%M:%S%.1f+02:00",
                                "decisecond"),
    ".NET": (lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}0Z", "%Y-%m-%dT%H:%M:%S%.7fZ", "microsecond"),
    "log": (lambda t: f"{t:%Y-%m-%d %H:%M:%S,%f}"[:-3], "%Y-%m-%d %H:%M:%S,%3f", "millisecond"),
    "Oracle moment": (lambda t: f"{t:%d-%b-%y %I.%M.%S.%f %p}".upper(), "%d-%^b-%y %I.%M.%S%.6f %p", "microsecond"),
}  # fmt: skip


def cut(moment: dt.datetime, to: str) -> dt.datetime:
    """What is left of a moment that is told by the month, the week, the day, ..."""
    digits = {"microsecond": 1, "millisecond": 1_000, "decisecond": 100_000}
    if to in digits:
        return moment.replace(microsecond=moment.microsecond // digits[to] * digits[to])
    if to == "week":
        moment, to = moment - dt.timedelta(days=moment.weekday()), "day"
    parts = ("month", "day", "hour", "minute", "second", "microsecond")
    return moment.replace(**{part: int(part == "day") for part in parts[parts.index(to) + 1 :]})  # type: ignore[arg-type]


NAMED = [
    mark.join(parts)
    for month in ("%b", "%B")
    for year in ("%Y", "%y")
    for parts in (["%d", month, year], [month, "%d", year], [year, month, "%d"])
    for mark in ("-", "/", " ", ".", ", ", ". ")
] + ["%d %b, %y", "%d. %b %y", "%b %d, %y", "%B %d '%y", "%d %b '%y", "%y-%m-%d", "%y.%m.%d", "%m.%d.%y", "%Y %m %d"]


@pytest.mark.parametrize("pattern", NAMED)
def test_days_with_any_mark_between_their_parts_are_read_right(pattern: str) -> None:
    rng = np.random.default_rng(1)
    days = [dt.date(2009, 3, 5) + dt.timedelta(days=int(d)) for d in rng.integers(0, 5000, 300)]
    raw = pl.DataFrame({"t": [day.strftime(pattern) for day in days]})
    schema = infer(raw)
    parsed = parse(raw, schema)
    assert parsed["t"].to_list() == days
    assert restore(parsed, schema).equals(raw)


@pytest.mark.parametrize("how", SPELLINGS)
def test_moments_are_read_and_written_as_they_came(how: str) -> None:
    write, pattern, unit = SPELLINGS[how]
    raw = pl.DataFrame({"t": [write(moment) for moment in moments()]})
    schema = infer(raw)
    assert (schema["t"].kind, schema["t"].format, schema["t"].lenient) == (Kind.DATETIME, pattern, False)
    parsed = parse(raw, schema)
    clock = (
        parsed["t"].cast(pl.Datetime("us")) if parsed["t"].dtype == pl.Date else parsed["t"].dt.replace_time_zone(None)
    )
    assert clock.cast(pl.Datetime("us")).to_list() == [cut(moment, unit) for moment in moments()]
    assert restore(parsed, schema).equals(raw)
    rng = np.random.default_rng(0)
    codec = TableCodec.fit(parsed, schema)
    codes = codec.encode(parsed)
    again = Codes(codes.codes[rng.permutation(N)], rng.random(codes.fractions.shape).astype(np.float32))
    drawn = restore(codec.decode(again, rng=rng), schema)
    assert restore(parse(drawn, schema), schema).equals(drawn)  # all of it reads, in the same form


def test_births_of_two_digit_years_lie_behind_us() -> None:
    births = [dt.date(1931, 5, 2) + dt.timedelta(days=61 * i) for i in range(480)]  # 1931 to 2011
    found = infer_column(pl.Series("born", [f"{day:%d/%m/%y}" for day in births]))
    assert found.format is not None
    assert found.format.startswith("%d/%m/%y(19")
    assert any("two-digit years are read as 19" in note for note in found.notes)
    raw, schema = pl.DataFrame({"born": [f"{day:%d/%m/%y}" for day in births]}), Schema((found,))
    assert parse(raw, schema)["born"].to_list() == births
    assert restore(parse(raw, schema), schema).equals(raw)


def test_the_window_of_two_digit_years_may_be_declared() -> None:
    texts = pl.Series(["01.02.34", "01.02.36"])
    assert times.read(texts, "%d.%m.%y(1935)").dt.year().to_list() == [2034, 1936]
    assert times.read(texts, "%d.%m.%y").dt.year().to_list() == [2034, 2036]
    assert times.write(times.read(texts, "%d.%m.%y(1935)"), "%d.%m.%y(1935)").to_list() == texts.to_list()


def test_laps_are_times_and_hours_are_not_taken_for_minutes() -> None:
    laps = infer_column(pl.Series("lap", [f"{i % 3}:{i % 60:02d}.{i * 37 % 1000:03d}" for i in range(300)]))
    assert (laps.kind, laps.format) == (Kind.DATETIME, "%-M:%S%.3f")
    assert times.read(pl.Series(["1:23.456"]), "%-M:%S%.3f").to_list() == [dt.time(0, 1, 23, 456_000)]
    clock = infer_column(pl.Series("at", [f"{i % 24:02d}:{i % 60:02d}" for i in range(299)] + ["24:00"]))
    assert (clock.format, clock.lenient) == ("%H:%M", True)
    assert infer_column(pl.Series("at", [f"{i % 60:02d}:{i * 7 % 60:02d}" for i in range(300)])).format == "%M:%S"


@pytest.mark.parametrize("slip", ["2020-02-30", "n.d.?", "31.31.2020", "soon"])
def test_one_cell_that_is_no_date_is_told_and_missing(slip: str) -> None:
    raw = pl.DataFrame({"t": [*(f"{moment:%Y-%m-%d}" for moment in moments()), slip]})
    schema = infer(raw)
    assert (schema["t"].kind, schema["t"].format, schema["t"].lenient) == (Kind.DATETIME, "%Y-%m-%d", True)
    assert any("1 rows do not read as the others" in note for note in schema["t"].notes)
    assert slip not in schema.to_json()
    assert parse(raw, schema)["t"].null_count() == 1


def test_a_zone_that_only_some_rows_tell_is_told() -> None:
    texts = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments()]
    found = infer_column(pl.Series("t", [*texts, texts[0][:-1]]))
    assert any("some rows tell a time zone and others do not" in note for note in found.notes)
    assert not any("time zone" in note for note in infer_column(pl.Series("t", texts)).notes)


def test_digits_that_are_no_dates_stay_numbers() -> None:
    rng = np.random.default_rng(5)
    for low, high in ((190_001, 209_912), (19_000_101, 20_991_231), (10**13, 10**14)):
        found = infer_column(pl.Series("x", rng.integers(low, high, 300).astype(str)))
        assert found.kind is Kind.INTEGER


def test_a_declared_pattern_holds_as_a_mapping_and_as_a_column() -> None:
    raw = pl.DataFrame({"t": ["2020-01", "2020-02", "2020-12"]})
    as_mapping = infer(raw, overrides={"t": {"kind": "datetime", "format": "%Y-%m"}})
    as_column = infer(raw, overrides={"t": Column(name="t", kind=Kind.DATETIME, format="%Y-%m")})
    assert parse(raw, as_mapping).equals(parse(raw, as_column))
    assert parse(raw, as_mapping)["t"].to_list() == [dt.date(2020, month, 1) for month in (1, 2, 12)]


@pytest.mark.parametrize(
    ("write", "pattern"),
    [("%m-%d", "%m-%d"), ("%d/%m", "%d/%m"), ("%d.%m.", "%d.%m."), ("%m%d", "%m%d"), ("%H%M", "%H%M")],
)
def test_days_of_the_year_and_digits_of_a_clock_are_times(write: str, pattern: str) -> None:
    raw = pl.DataFrame({"t": [f"{t:{write}}" for t in moments()]})
    schema = infer(raw)
    assert (schema["t"].kind, schema["t"].format) == (Kind.DATETIME, pattern)
    assert restore(parse(raw, schema), schema)["t"].to_list() == raw["t"].to_list()


@pytest.mark.parametrize(
    "texts",
    [
        [f"{a:02}-{b:02}" for a in range(1, 13) for b in range(1, 5)],  # scores
        [f"{i:04}" for i in range(1, 60)],  # numbers of houses
        ["01/02", "03/04", "05/06"] * 20,
        [f"{a}/{b}" for a in range(1, 13) for b in range(1, 29)],
    ],
)
def test_scores_and_codes_are_no_days(texts: list[str]) -> None:
    assert infer_column(pl.Series("x", texts)).kind is not Kind.DATETIME


@pytest.mark.parametrize("every", [2, 3, 5])
@pytest.mark.parametrize("iso_first", [True, False])
def test_a_column_of_iso_and_of_other_dates_is_read_whole_and_told(every: int, iso_first: bool) -> None:
    days = [t.date() for t in moments()]
    texts = [f"{d:%Y-%m-%d}" if (i % every == 0) == iso_first else f"{d:%d/%m/%Y}" for i, d in enumerate(days)]
    raw = pl.DataFrame({"d": texts})
    schema = infer(raw)
    assert parse(raw, schema)["d"].to_list() == days
    n = sum("-" in text for text in texts)
    assert f"{n} rows are written in another date format" in "; ".join(schema["d"].notes)
    assert not schema["d"].lenient


def test_days_and_hours_are_read_as_programs_write_them() -> None:
    for form in ("%d.%m.%Y %H.%M", "%Y-%m-%d %H.%M.%S", "%d%m%Y%H%M", "%b. %d, %Y", "%Y-%m-%d %H:%M CET"):
        raw = pl.DataFrame(
            {"x": [(dt.datetime(2021, 1, 1) + dt.timedelta(minutes=997 * k)).strftime(form) for k in range(300)]}
        )
        schema = infer(raw)
        assert (schema["x"].kind, schema["x"].format) == (Kind.DATETIME, form)
        assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize("mark", months._NAMES)
def test_months_of_every_language_come_back(mark: str) -> None:
    names = months._NAMES[mark].split()
    days = [dt.date(2020, 1, 1) + dt.timedelta(37 * k) for k in range(200)]
    for written in ("{day}. {name} {year}", "{day} {small} {year}", "{small}-{year}"):
        texts = [
            written.format(day=d.day, name=names[d.month - 1], small=names[d.month - 1].lower(), year=d.year)
            for d in days
        ]
        raw = pl.DataFrame({"x": texts})
        schema = infer(raw)
        assert schema["x"].kind is Kind.DATETIME
        assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize("mark", ["-", "+", " -"])
def test_begin_and_end_of_a_lesson_are_no_time_with_an_offset(mark: str) -> None:
    lessons = [f"{hour:02}:{minute:02}{mark}{hour + 1:02}:{minute:02}" for hour in range(8, 20) for minute in (0, 30)]
    raw = pl.DataFrame({"x": lessons * 10})
    schema = infer(raw)
    assert schema["x"].kind is Kind.CATEGORICAL
    assert restore(parse(raw, schema), schema).equals(raw)


def test_times_of_day_of_one_offset_are_times() -> None:
    raw = pl.DataFrame({"x": [f"{k // 60 % 24:02}:{k % 60:02}+02:00" for k in range(0, 9_000, 29)]})
    schema = infer(raw)
    assert (schema["x"].kind, schema["x"].format) == (Kind.DATETIME, "%H:%M+02:00")
    assert restore(parse(raw, schema), schema).equals(raw)


DAYS = [dt.date(2018, 1, 1) + dt.timedelta(29 * k % 1499) for k in range(200)]
FRENCH = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
PRESS = ["Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."]
MOMENTS = [dt.datetime(2020, 1, 1) + dt.timedelta(minutes=4_567 * k) for k in range(200)]


def half(t: dt.datetime, words: str, form: str) -> str:
    return form.format(half=words.split("|")[t.hour >= 12], h=(t.hour - 1) % 12 + 1, m=t.minute)


def digits_from(nought: str) -> dict[int, str]:
    return {ord(str(k)): chr(ord(nought) + k) for k in range(10)}


SPELT = {
    "French": [f"{d.day} {FRENCH[d.month - 1]} {d.year}" for d in DAYS],
    "of the press": [f"{PRESS[d.month - 1]} {d.day}, {d.year}" for d in DAYS],
    "month and year": [f"{PRESS[d.month - 1]} {d.year}" for d in DAYS],
    "year and day": [d.strftime("%Y%j") for d in DAYS],
    "halves before": [half(t, "上午|下午", "{half}{h}:{m:02}") for t in MOMENTS],
    "halves, hours": [half(t, "午前|午後", "{half}{h}時{m:02}分") for t in MOMENTS],
    "halves behind": [half(t, "a.m.|p.m.", "{h}:{m:02} {half}") for t in MOMENTS],
    "halves of days": [
        f"{t.year}年{t.month}月{t.day}日 " + half(t, "上午|下午", "{half}{h:02}:{m:02}") for t in MOMENTS
    ],
    "JavaScript": [t.strftime("%a %b %d %Y %H:%M:%S GMT+0100 (Central European Standard Time)") for t in MOMENTS],
    "mail": [t.strftime("%a, %d %b %Y %H:%M:%S +0100 (CET)") for t in MOMENTS],
    "Java": [t.strftime("%Y-%m-%dT%H:%M:%S+01:00[Europe/Paris]") for t in MOMENTS],
    "Unix": [t.strftime("%a %b %d %H:%M:%S CET %Y") for t in MOMENTS],
    "Arabic digits": [d.strftime("%Y/%m/%d").translate(digits_from("٠")) for d in DAYS],
    "Devanagari digits": [f"{t:%d-%m-%Y %H:%M}".translate(digits_from("०")) for t in MOMENTS],
}


@pytest.mark.parametrize("texts", SPELT.values(), ids=SPELT)
def test_dates_and_times_as_others_spell_them_come_back(texts: list[str]) -> None:
    raw = pl.DataFrame({"x": texts})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    assert restore(parse(raw, schema), schema)["x"].to_list() == texts


def test_halves_of_the_day_and_offsets_are_told_right() -> None:
    raw = pl.DataFrame({"x": SPELT["halves before"]})
    assert parse(raw, infer(raw))["x"].to_list() == [t.time() for t in MOMENTS]
    zones = [("GMT+0100 (CET)", 1), ("GMT+0200 (CEST)", 2)]
    told = [t.strftime("%a %b %d %Y %H:%M:%S ") + zones[t.month in range(4, 11)][0] for t in MOMENTS]
    raw = pl.DataFrame({"x": told})
    schema = infer(raw)
    read = parse(raw, schema)["x"].dt.replace_time_zone(None).to_list()
    assert read == [t - dt.timedelta(hours=zones[t.month in range(4, 11)][1]) for t in MOMENTS]
    assert restore(parse(raw, schema), schema)["x"].str.ends_with("GMT+0000 (UTC)").all()


def test_a_running_number_behind_a_year_is_no_day_of_the_year() -> None:
    raw = pl.DataFrame({"x": [f"{2018 + k % 4}{k // 4 + 1:03d}" for k in range(200)]})
    assert infer(raw)["x"].kind is not Kind.DATETIME


@pytest.mark.parametrize("end", ["9999-12-31", "1899-12-31"])
def test_a_year_that_stands_for_none_moves_no_hundred_years(end: str) -> None:
    raw = pl.DataFrame({"x": ["14.10.20", "02.03.21", "30.11.19", "24.12.22"] * 30 + [end, "2024-12-16"]})
    assert parse(raw, infer(raw))["x"].head(120).dt.year().is_between(2019, 2022).all()


def test_years_of_two_digits_go_with_those_that_are_written_out() -> None:
    raw = pl.DataFrame({"x": ["14.10.50", "02.03.61", "30.11.48", "24.12.59"] * 30 + ["2024-12-16", "2023-01-05"]})
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["x"].dt.year().is_in([1950, 1961, 1948, 1959, 2024, 2023]).all()
    assert parse(restore(read, schema), schema).equals(read)


AROUND: dict[str, Callable[[dt.datetime], str]] = {
    "weekday": lambda t: f"{around._DAYS['de'].split()[t.weekday()]}, {t:%d.%m.%Y}",
    "short weekday": lambda t: f"{around._DAYS['de2'].split()[t.weekday()]} {t:%d.%m.%Y}",
    "small weekday": lambda t: f"{around._DAYS['fr'].split()[t.weekday()].lower()} {t:%d/%m/%Y}",
    "capitals": lambda t: f"{around._DAYS['es'].split()[t.weekday()].upper()} {t:%d/%m/%Y}",
    "weekday and month": lambda t: (
        f"{around._DAYS['nl'].split()[t.weekday()]} {t.day} "
        f"{months._NAMES['B(nl)'].split()[t.month - 1].lower()} {t.year}"
    ),
    "weekday behind": lambda t: f"{t:%Y/%m/%d}{around._DAYS['ja2'].split()[t.weekday()]}",
    "weekday in brackets": lambda t: f"{t:%d.%m.%Y} ({around._DAYS['de3'].split()[t.weekday()]})",
    "weekday in Chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {around._DAYS['zh'].split()[t.weekday()]}",
    "um and Uhr": lambda t: f"{t:%d.%m.%Y um %H:%M} Uhr",
    "le and à": lambda t: f"le {t:%d/%m/%Y à %Hh%M}",
    "г.": lambda t: f"{t:%d.%m.%Y}г.",
    "brackets": lambda t: f"[{t:%d/%b/%Y:%H:%M:%S} +0200]",
    "words before": lambda t: f"Stand: {t:%d.%m.%Y}",
    "ordinals": lambda t: (
        f"{t:%B} {t.day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(t.day % 10 * (t.day not in (11, 12, 13)), 'th') }, {t.year}"
    ),
    "Korean": lambda t: f"{t.year}년 {t.month}월 {t.day}일",
    "nothing between": lambda t: f"{t:%d%b%y}".upper(),
}


@pytest.mark.parametrize("write", AROUND.values(), ids=AROUND)
def test_words_around_days_and_hours_leave_them_what_they_are(write: Callable[[dt.datetime], str]) -> None:
    raw = pl.DataFrame({"x": [write(moment) for moment in moments()]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    read = parse(raw, schema)
    assert read["x"].dt.date().to_list() == [moment.date() for moment in moments()]
    assert restore(read, schema).equals(raw)


def test_a_month_that_two_languages_have_is_english() -> None:
    raw = pl.DataFrame({"x": [f"[{k % 28 + 1:02}/Oct/2023:{k % 24:02}:{k % 60:02}:00 +0200]" for k in range(200)]})
    assert infer(raw)["x"].format == "[%d/%b/%Y:%H:%M:%S +0200]"


@pytest.mark.parametrize("form", ["Room {}", "Week {}", "{} cm", "Teil {} Uhr", "Monday {}", "{}th", "Unit {}:30"])
def test_words_around_other_numbers_make_no_days_of_them(form: str) -> None:
    raw = pl.DataFrame({"x": [form.format(k % 29 + 1) for k in range(290)]})
    assert infer(raw)["x"].kind is not Kind.DATETIME


def _of_era(t: dt.datetime, names: str, first: str = "1") -> str:
    begun = [
        dt.date(1868, 1, 25),
        dt.date(1912, 7, 30),
        dt.date(1926, 12, 25),
        dt.date(1989, 1, 8),
        dt.date(2019, 5, 1),
    ]
    era = max(k for k, day in enumerate(begun) if t.date() >= day)
    year = t.year - begun[era].year + 1
    return names.split()[era] + (first if year == 1 else str(year))


ERAS: dict[str, Callable[[dt.datetime], str]] = {
    "names": lambda t: f"{_of_era(t, '明治 大正 昭和 平成 令和')}年{t.month}月{t.day}日",
    "first years": lambda t: f"{_of_era(t, '明治 大正 昭和 平成 令和', '元')}年{t.month}月{t.day}日",
    "letters": lambda t: f"{_of_era(t, 'M T S H R')}.{t.month}.{t.day}",
    "republic": lambda t: f"民國{t.year - 1911}年{t.month}月{t.day}日",
}


@pytest.mark.parametrize("write", ERAS.values(), ids=ERAS)
def test_years_of_an_era_are_years(write: Callable[[dt.datetime], str]) -> None:
    days = [
        dt.datetime(1915, 1, 1) + dt.timedelta(days=int(k)) for k in np.random.default_rng(5).integers(0, 39_000, N)
    ]
    days += [dt.datetime(1989, 1, 7), dt.datetime(1989, 1, 8), dt.datetime(2019, 4, 30), dt.datetime(2019, 5, 1)]
    raw = pl.DataFrame({"x": [write(day) for day in days]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    read = parse(raw, schema)
    assert read["x"].to_list() == [day.date() for day in days]
    assert restore(read, schema).equals(raw)


def test_sections_are_no_years_of_an_era() -> None:
    raw = pl.DataFrame({"x": [f"{'SHR'[k % 3]}{k % 5 + 1}.{k % 7 + 1}.{k % 9 + 1}" for k in range(400)]})
    assert infer(raw)["x"].kind is not Kind.DATETIME


@pytest.mark.parametrize("form", ["%y%m%d", "%d%m%y"])
@pytest.mark.parametrize("first", [1995, 2011])
def test_six_digits_that_all_read_as_days_are_days(form: str, first: int) -> None:
    days = [dt.date(first, 1, 1) + dt.timedelta(days=int(k)) for k in np.random.default_rng(6).integers(0, 4_000, N)]
    raw = pl.DataFrame({"x": [day.strftime(form) for day in days]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    assert any("years of two digits" in note for note in schema["x"].notes)
    read = parse(raw, schema)
    assert read["x"].to_list() == days
    assert restore(read, schema).equals(raw)


def test_six_digits_that_do_not_all_read_as_days_are_numbers_or_codes() -> None:
    rng = np.random.default_rng(7)
    pay, post = rng.integers(100_000, 999_999, N), rng.choice([110_001, 560_034, 400_050, 700_091, 600_020], N)
    raw = pl.DataFrame({"pay": pay, "pin": post, "order": 210_101 + np.arange(N) % 28})
    assert not any(column.kind is Kind.DATETIME for column in infer(raw.cast(pl.String)))


WEEK_FORMS = [
    "KW {w}/{y}",
    "KW {w:02}/{y}",
    "{y}KW{w:02}",
    "W{w:02} {y}",
    "Week {w}, {y}",
    "{y}/W{w:02}",
    "CW{w:02}/{yy:02}",
]


@pytest.mark.parametrize("form", WEEK_FORMS)
def test_weeks_are_read_with_words_on_either_side_of_the_year(form: str) -> None:
    weeks = [moment.isocalendar() for moment in moments()]
    raw = pl.DataFrame({"x": [form.format(w=w.week, y=w.year, yy=w.year % 100) for w in weeks]})
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["x"].to_list() == [dt.date.fromisocalendar(w.year, w.week, 1) for w in weeks]
    assert restore(read, schema).equals(raw)


QUARTER_FORMS = [
    "{y}Q{q}", "{y}-Q{q}", "{y} q{q}", "Q{q} {y}", "Q{q}/{y}", "{q}Q{yy:02}", "Q{q}'{yy:02}", "{y}年第{q}季度",
    "{q}. Quartal {y}", "{y}H{h}", "H{h} {y}", "{h}H{y}",
]  # fmt: skip


@pytest.mark.parametrize("form", QUARTER_FORMS)
def test_quarters_and_halves_of_years_are_read_as_their_first_days(form: str) -> None:
    days, size = [moment.date() for moment in moments()], 6 if "{h}" in form else 3
    quarters = [(day.year, (day.month - 1) // 3 + 1, (day.month - 1) // 6 + 1) for day in days]
    raw = pl.DataFrame({"x": [form.format(y=y, yy=y % 100, q=q, h=h) for y, q, h in quarters]})
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["x"].to_list() == [day.replace(month=(day.month - 1) // size * size + 1, day=1) for day in days]
    assert restore(read, schema).equals(raw)
    assert schema["x"].format is not None
    none = times.read(pl.Series([form.format(y=2020, yy=20, q=5, h=3)]), schema["x"].format)
    assert none.to_list() == [None]  # no year has so many


@pytest.mark.parametrize("form", ["{y}/{m:02}/{d:02}", "{y}.{m}.{d}", "{y}-{m:02}-{d:02}", "{y}{m:02}{d:02}"])
def test_years_of_the_republic_are_told_by_three_digits(form: str) -> None:
    days = [moment.date() for moment in moments()]
    raw = pl.DataFrame({"x": [form.format(y=day.year - 1911, m=day.month, d=day.day) for day in days]})
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["x"].to_list() == days
    assert restore(read, schema).equals(raw)


@pytest.mark.parametrize(
    "values", [[f"{100 + k % 29}/{60 + k % 31}/{k % 9}" for k in range(N)], range(1_000_101, 1_000_501)]
)
def test_three_numbers_that_are_no_days_are_none_of_the_republic(values: list[str]) -> None:
    assert infer(pl.DataFrame({"x": [*map(str, values)]}))["x"].kind is not Kind.DATETIME


@pytest.mark.parametrize(
    ("standard", "summer", "zone"),
    [("CET", "CEST", "Europe/Berlin"), ("EST", "EDT", "America/New_York"), ("GMT", "BST", "Europe/London")],
)
def test_names_of_standard_and_summer_time_tell_the_offset(standard: str, summer: str, zone: str) -> None:
    utc = pl.Series("x", moments()).dt.truncate("1s").dt.replace_time_zone("UTC")
    local = utc.dt.convert_time_zone(zone)
    raw = pl.DataFrame({"x": local.dt.strftime("%Y-%m-%d %H:%M:%S %Z")})
    assert set(raw["x"].str.extract("([A-Z]+)$").unique()) == {standard, summer}
    schema = infer(raw)
    read = parse(raw, schema)
    assert read["x"].to_list() == utc.to_list()
    assert restore(read, schema).equals(raw)


@pytest.mark.parametrize("form", ["%Y.%j", "%-I:%M~", "%m/%d/%Y %I:%M~", "%H.%M Uhr", "%Hh%M"])
def test_days_of_years_with_a_point_and_short_halves_of_the_day_are_times(form: str) -> None:
    raw = pl.DataFrame({"x": [f"{moment:{form}}".replace("~", "ap"[moment.hour > 11]) for moment in moments()]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    read = parse(raw, schema)
    if read["x"].dtype != pl.Time:
        assert read["x"].dt.date().to_list() == [moment.date() for moment in moments()]
    if read["x"].dtype != pl.Date:
        assert read["x"].dt.strftime("%H%M").to_list() == [f"{moment:%H%M}" for moment in moments()]
    assert restore(read, schema).equals(raw)


def test_money_with_three_decimals_below_367_is_no_day_of_a_year() -> None:
    raw = pl.DataFrame({"x": [f"{2000 + k % 20}.{k % 500:03d}" for k in range(N)]})
    assert infer(raw)["x"].kind is Kind.REAL


WHOLE_HOURS: dict[str, Callable[[dt.datetime, str], str]] = {
    "2020-05-18 3pm": lambda t, h: f"{t:%Y-%m-%d} {h}{t:%p}".lower(),
    "May 18, 2020 3 PM": lambda t, h: f"{t:%b} {t.day}, {t.year} {h} {t:%p}",
    "18.05.2020 15 Uhr": lambda t, h: f"{t:%d.%m.%Y} {t.hour} Uhr",
    "18/05/2020 15h": lambda t, h: f"{t:%d/%m/%Y} {t.hour}h",
    "2020年5月18日15时": lambda t, h: f"{t.year}年{t.month}月{t.day}日{t.hour}时",
    "2020年5月18日下午3点": lambda t, h: f"{t.year}年{t.month}月{t.day}日{'上下'[t.hour > 11]}午{h}点",
    "2020年5月18日 午後3時": lambda t, h: f"{t.year}年{t.month}月{t.day}日 午{'前後'[t.hour > 11]}{h}時",
    "2020년 5월 18일 15시": lambda t, h: f"{t.year}년 {t.month}월 {t.day}일 {t.hour}시",
    "2020. 5. 18. 오후 3시": lambda t, h: f"{t.year}. {t.month}. {t.day}. 오{'전후'[t.hour > 11]} {h}시",
    "2020. 5. 18. 오후 3:00": lambda t, h: f"{t.year}. {t.month}. {t.day}. 오{'전후'[t.hour > 11]} {h}:00",
    "2020년 5월 18일 오후 3시 0분": lambda t, h: f"{t.year}년 {t.month}월 {t.day}일 오{'전후'[t.hour > 11]} {h}시 0분",
}


@pytest.mark.parametrize("write", WHOLE_HOURS.values(), ids=WHOLE_HOURS)
def test_days_with_hours_and_no_minutes_are_moments(write: Callable[[dt.datetime, str], str]) -> None:
    raw = pl.DataFrame({"x": [write(moment, str((moment.hour - 1) % 12 + 1)) for moment in moments()]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.DATETIME
    read = parse(raw, schema)
    assert read["x"].to_list() == [moment.replace(minute=0, second=0, microsecond=0) for moment in moments()]
    assert restore(read, schema).equals(raw)
