"""Dates, times of day and timestamps written as text: tell the pattern, read them, write them back the same way."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, replace

import polars as pl

from likewise.schema import around, eras, months, offsets, quarters, spellings, zones
from likewise.schema.number_forms import few
from likewise.schema.vocabulary import rows

_DATES = [(re.compile(shape), tuple(patterns)) for shape, *patterns in rows("times.dates")]
"""What dates look like, and the patterns that they may then have; `{1}` is what the first group of the shape holds,
`{s}` the last."""
_WEEK = r"(?i:KW|CW|W|wk|week|woche|vecka|uge|sem\.?|semaine|semana)"
_WEEKS = (
    (re.compile(rf"({_WEEK} ?)[0-5]?[0-9]([-/., ]{{1,2}})(?:19|20)[0-9]{{2}}"), "{}%V{}%G"),
    (re.compile(rf"({_WEEK} ?)[0-5]?[0-9]([-/.])[0-9]{{2}}"), "{}%V{}%g"),
    (re.compile(rf"(?:19|20)[0-9]{{2}}([-/ ]{{0,2}}{_WEEK} ?)[0-5]?[0-9]"), "%G{}%V"),
)
# Moments whose year stands behind the time of day.
_YEAR_LAST = (
    (re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9:]{8} [0-9]{4}"), "%a %b %d %H:%M:%S %Y"),
    (
        re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9:]{8} (\+0000|[A-Z]{3,4}) [0-9]{4}"),
        "%a %b %d %H:%M:%S {s} %Y",
    ),
)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2}):[0-9]{2}(?P<second>:[0-9]{2}(?P<fraction>[.,][0-9]{1,9})?)?(?P<half> ?[AaPp][Mm]?)?"
    r"(?P<zone> ?(?:Z|UTC|GMT|C[ES]T|CEST|[EMP][SD]T|CDT|[BIJ]ST|MSK|WE(?:S)?T|EE(?:S)?T|(?:AE|NZ|AK|A)[SD]T|Uhr|"
    r"(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_OTHER_TIMES = (
    (re.compile(r"[0-9]{6}(?P<zone>Z?)"), "%H%M%S"),
    (re.compile(r"[0-9]{1,2}:[0-9]{2}\.[0-9]{1,9}(?P<zone>)"), "%M:%S%.f"),  # a lap
    (re.compile(r"[0-9]{1,2}\.[0-9]{2}\.[0-9]{2}(?:\.[0-9]{1,9})?(?P<zone>) [AP]M"), "%I.%M.%S%.f %p"),  # Oracle's
    (re.compile(r"(?:[01]?[0-9]|2[0-3])\.[0-5][0-9](?P<zone> Uhr)"), "%H.%M"),
    (re.compile(r"(?:[01]?[0-9]|2[0-3])h[0-5][0-9](?P<zone>)"), "%Hh%M"),
    (re.compile(r"[0-9]{1,2}([时時点點])[0-9]{1,2}分(?P<zone>)"), "%H{s}%M分"),
    (re.compile(r"[0-9]{1,2}([时時点點])[0-9]{1,2}分[0-9]{1,2}秒(?P<zone>)"), "%H{s}%M分%S秒"),
    (re.compile(r"[0-9]{1,2}시( ?)[0-9]{1,2}분(?P<zone>)"), "%H시{s}%M분"),
    (re.compile(r"[0-9]{1,2}시( ?)[0-9]{1,2}분\1[0-9]{1,2}초(?P<zone>)"), "%H시{s}%M분{s}%S초"),
    (re.compile(r"[0-2][0-9](?P<zone>Z?)"), "%H"),
)
_SEPARATED = re.compile(
    r"(?P<date>[0-9]{4}\. [0-9]{1,2}\. [0-9]{1,2}\.|.+?[0-9日일])"
    r"(?P<gap>T|t|, |:| {1,2}|(?<=[日일])|" + around.GAP + r")"
    r"(?P<time>(?:[AP]M ?)?[0-9]{1,2}(?:[:.h时時点點시].*| ?[AaPp][Mm]| Uhr)|[0-9]{6}Z?|(?<=[T ])[0-9]{2}Z?)"
)
_UTC = re.compile(r"%:?#?z|%Z\([A-Z]|(?:Z|UTC|GMT|\+00:?(?:00)?)$")
_OFFSET = re.compile(r"%[:#]?z")

# Year 0 is no year (and Python has none); a year below 100 is a two-digit year in a column of four-digit ones.
_FIRST_YEAR = 100

# What values that do not follow the column's own pattern may be written in: forms that can be read in one way only.
_FALLBACKS = (
    "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
    "%Y-%m-%d", "%H:%M:%S%.f", "%H:%M",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TimeTexts:
    """What `detect` found: the pattern, notes for the user, and rows that follow no pattern.

    Patterns are those of strftime, with these beside them: `%.*f` a fraction as long as it needs, `%.1f` to `%.9f` one
    of so many digits, `%^b` and `%^B` months in capitals, `%~b` and `%~B` in small letters, `%y(1935)` years of two
    digits from 1935 to 2034, and those of `months.py`, `around.py`, `eras.py`, `quarters.py` and `spellings.py`.
    """

    format: str
    notes: tuple[str, ...] = ()
    odd: int = 0


def detect(values: pl.Series, counts: pl.Series) -> TimeTexts | None:
    """The pattern these distinct texts are written in; None if they are not all dates or times.

    Where day and month cannot be told apart, slashes mean month first (US), dots and dashes day first (EU), and a note
    says so. Up to a twentieth of the rows may follow another, unmistakable (ISO) pattern, and up to a hundredth none.

    Args:
        values: (k,) distinct texts, none missing, without surrounding blanks.
        counts: (k,) rows of each.
    """
    sample = values.gather_every(max(1, values.len() // 64)).head(64).to_list()
    candidates, total = _candidates(sample), int(counts.sum())
    if not _have_one_offset(values):  # no time of day has one of its own: "08:00-09:30" are the ends of a lesson
        candidates = [c for c in candidates if not (is_time_of_day(c) and c.endswith("z"))]
    if len(values) > 5_000:  # month and day first are soon told apart
        some = values.gather_every(len(values) // 1_000)
        candidates = [c for c in candidates if read(some, c).null_count() <= 0.1 * len(some)]
    rows_read = {c: int(counts.filter(read(values, c, keep_odd_years=True).is_not_null()).sum()) for c in candidates}
    best = max(rows_read.values(), default=0)
    if best < 0.95 * total:
        if spelt := _spelt_otherwise(values, counts, sample):
            return spelt
        left = around.bare(values, sample) if best < 0.05 * total else None
        found = detect(left[0], counts) if left is not None else None
        if left is not None and found is not None and (dressed := _around(found, left[1])):
            return dressed
        mark = months.of(sample)
        english = values if mark is None else months.in_english(values, mark)
        if mark is not None and not english.equals(values):
            found = detect(english, counts)
            if found is None or not re.search("%[^~]?[bB]", found.format):
                return None
            pattern = months.in_their_words(_cased(found.format), mark, values)
            return replace(found, format=_exact_form(values, counts, pattern))
        # Two ways of writing, one of which all others can be read in beside: the other is the column's.
        candidates = [c for c in candidates if c not in _FALLBACKS]
        rows_read = {c: rows_read[c] for c in candidates}
        best = max(rows_read.values(), default=0)
        if best < 0.05 * total:
            return None
    tied = [c for c in candidates if rows_read[c] == best]
    chosen = _prefer(tied, values)
    if chosen == "%M:%S" and few(total - rows_read.get("%H:%M", 0), total):
        chosen = "%H:%M"  # one "24:00" does not make minutes of hours
    rest, rest_rows = (s.filter(read(values, chosen, keep_odd_years=True).is_null()) for s in (values, counts))
    notes: list[str] = []
    odd = 0
    if rest.len():
        lost = read(rest, chosen, fallbacks=True, keep_odd_years=True).is_null()
        odd, others = int(rest_rows.filter(lost).sum()), int(rest_rows.filter(~lost).sum())
        if not few(odd, total):
            return None
        notes += [f"{others} rows are written in another date format; they are written back in the main one"] * (
            others > 0
        )
        zoned = bool(_UTC.search(chosen))
        if not is_time_of_day(chosen) and (rest.filter(~lost).str.contains(r"T.*Z$|:.*[+-]\d\d:?\d\d$") != zoned).any():
            notes.append("some rows tell a time zone and others do not: those are read as if they were like most")
    if not _are_many(values, chosen):
        return None
    if {"%d", "%m"} <= _parts(chosen) and any(
        sorted(_parts_order(c)) == sorted(_parts_order(chosen))
        and c != chosen
        and _parts_order(c) != _parts_order(chosen)
        for c in tied
    ):
        first = "month" if chosen.index("%m") < chosen.index("%d") else "day"
        notes.append(f"day and month cannot be told apart from the data; read with the {first} first")
    chosen = _exact_form(values, counts, chosen)
    if _OFFSET.search(chosen):
        chosen = offsets.with_clocks(chosen, values, read(values, chosen), counts)
        notes.append(offsets.told(chosen))
    if "%y" in chosen:
        chosen, told = _with_century(values, chosen)
        notes += told
    notes += _year_notes(read(values, chosen, fallbacks=True, keep_odd_years=True), counts)
    return TimeTexts(format=chosen, notes=tuple(notes), odd=odd)


def _around(found: TimeTexts, around_it: str) -> TimeTexts | None:
    """What was found of texts, with what stands around them; None of a bare number or hour, which may be anything."""
    if "{}" not in around_it:
        return replace(found, format=re.sub("%-?[de]", around_it, found.format)) if "%-d" in found.format else None
    return replace(found, format=around_it.replace("{}", found.format)) if re.search("%[YyGg]", found.format) else None


def _of_six_digits(values: pl.Series, sample: list[str]) -> TimeTexts | None:
    """Days with years of two digits and nothing between (`240131`, `310124`): all read so, of which twenty numbers at
    random have no chance. Where both ends may be the year, it is the one that takes fewer values."""
    if len(values) < 20 or not all(re.fullmatch("[0-9]{6}", text) for text in sample):
        return None
    spread: dict[str, int] = {}
    for pattern in ("%y%m%d", "%d%m%y"):
        days = read(values, pattern)
        if not days.null_count() and days.dt.month().n_unique() >= 6 and (days.dt.day() > 12).any():
            spread[pattern] = days.dt.day().n_unique()
    best = max(spread, key=lambda pattern: spread[pattern], default=None)
    if best is None or (len(spread) > 1 and max(spread.values()) - min(spread.values()) < 4):
        return None
    chosen, notes = _with_century(values, best)
    return TimeTexts(format=chosen, notes=("digits that all read as days with years of two digits", *notes))


def _of_an_era(values: pl.Series, year: str, counts: pl.Series) -> TimeTexts | None:
    """What was found of texts with the years of an era put in western ones; behind a letter they need be many days."""
    known = values.drop_nulls()
    found = detect(known, counts.filter(values.is_not_null())) if 2 * len(known) > len(values) else None
    if found is None or found.odd or not found.format.startswith("%Y") or len(known) < len(values):
        return None
    late = (read(values, found.format).dt.day() > 12).any()
    if "R" in year and not late:  # "S1.2.3" may be a section
        return None
    return replace(found, format=found.format.replace("%Y", year, 1))


def _spelt_otherwise(values: pl.Series, counts: pl.Series, sample: list[str]) -> TimeTexts | None:
    """What was found of texts with digits of another script, or words for the halves of a day; None of others."""
    if days := _of_six_digits(values, sample):
        return days
    if counted := eras.western(values, sample):
        return _of_an_era(*counted, counts)
    if named := zones.with_offsets(values, sample):
        found = detect(named[0], counts)
        bare = offsets.to_read(found.format) if found is not None else ""
        return TimeTexts(format=bare[:-2] + named[1], odd=found.odd) if found and bare.endswith("%z") else None
    if script := spellings.script_of(sample):
        found = detect(spellings.in_ascii(values), counts)
        return found and replace(found, format=f"[{script[0]}]{found.format}")
    if (halves := spellings.halves_of(sample)) is None:
        return None
    found = detect(values.str.replace_many(list(halves), ["AM", "PM"]), counts)
    if found is None or "%p" not in found.format:
        return None
    pattern = re.sub("%p(?!\\()", f"%p({halves[0]}|{halves[1]})", found.format)
    return replace(found, format=_exact_form(values, counts, pattern))


def _are_many(values: pl.Series, pattern: str) -> bool:
    """Whether digits that could be scores, shares or codes are so many different days of the year, or times of day,
    that they are those. Patterns that tell a year, or have a colon, need not be."""
    if "%Y" in pattern or "%y" in pattern or not re.fullmatch(r"%[md][-/.]?%[dm]\.?|%H%M", pattern):
        return True
    times = read(values, pattern).drop_nulls()
    parts = [times.dt.hour(), times.dt.minute()] if pattern == "%H%M" else [times.dt.month(), times.dt.day()]
    return len(values) >= 20 and all(part.n_unique() >= 8 and bool((part >= 12).any()) for part in parts)


def _with_century(values: pl.Series, pattern: str) -> tuple[str, list[str]]:
    """The pattern whose years of two digits are of the hundred years that fit the column, and a note where that is not
    1970 to 2069.

    On the circle of a hundred years the column leaves a widest gap, and its years are those from there on. They end
    about now, unless they also begin about now, as the ends of contracts do. Births lie behind us.
    """
    now = dt.date.today().year
    seen = sorted(set((read(values, pattern, keep_odd_years=True).dt.year().drop_nulls() % 100).to_list()))
    gaps = (
        [(after - before, after) for before, after in zip(seen, [*seen[1:], seen[0] + 100], strict=True)]
        if seen
        else []
    )
    width, begin = max(gaps, default=(1, 0))
    length, begin = 100 - width, begin % 100
    if width < 3:  # every year of a hundred is there
        start = now - 99
    else:
        recent = 2000 + begin <= now and (2000 + begin + length <= now + 10 or 2000 + begin >= now - 10)
        start = (2000 if recent else 1900) + begin - width // 2  # amid the gap: no row's own year
    apart = read(
        values.filter(read(values, pattern, keep_odd_years=True).is_null()), pattern, fallbacks=True
    ).drop_nulls()
    years = apart.dt.year().filter(apart.dt.year().is_between(1800, 2200))
    if len(years) and int(years.max()) - int(years.min()) < 100:  # type: ignore[arg-type]
        # what is written out stays within the hundred
        start = max(min(start, int(years.min())), int(years.max()) - 99)  # type: ignore[arg-type]
    if all((1970 + (year - 70) % 100) == start + (year - start) % 100 for year in seen):
        return pattern, []
    return pattern.replace("%y", f"%y({start})"), [f"two-digit years are read as {start} to {start + 99}"]


def _candidates(sample: list[str]) -> list[str]:
    """Patterns that the most common shape in the sample allows, in order of preference."""
    guesses = Counter(guess for guess in map(_guess, sample) if guess)
    if not guesses or guesses.total() < 0.9 * len(sample):
        return []
    # Days of one and of two digits, or seconds with and without a fraction, are several shapes of one column.
    return list(dict.fromkeys(c for guess, _ in guesses.most_common(6) for c in guess))


def _guess(text: str) -> tuple[str, ...]:
    """The patterns one text may be written in, by its shape alone."""
    bare, name, any_name = spellings.zone_name(text)
    if name and ":" in bare:  # behind a day alone it is a day of the week
        return tuple(c + tail for c in _guess(bare) for tail in (name, any_name) if tail)
    whole = _time_pattern(text)
    if whole and not text.isdigit():
        return ("%H:%M", "%M:%S") if whole == "%H:%M" else (whole,)
    last = next((_filled(m, (pattern,), "") for shape, pattern in _YEAR_LAST if (m := shape.fullmatch(text))), None)
    if last:
        return tuple(last)
    week = next((form.format(*m.groups()) for shape, form in _WEEKS if (m := shape.fullmatch(text))), None)
    if part_of_year := week or quarters.pattern_of(text):
        return (part_of_year,)
    found = [c for shape, patterns in _DATES if (match := shape.fullmatch(text)) for c in _filled(match, patterns, "")]
    split = _SEPARATED.fullmatch(text)
    time = (_time_pattern(split["time"]) or _dotted(split["time"])) if split and not found else ""
    if not time or split is None:
        return tuple(found)
    tail = split["gap"] + time
    return tuple(
        c
        for shape, patterns in _DATES
        if (match := shape.fullmatch(split["date"]))
        for c in _filled(match, patterns, tail)
    )


def _filled(match: re.Match[str], patterns: tuple[str, ...], tail: str) -> list[str]:
    held = match.groups("")
    marks = {f"{{{i}}}": mark for i, mark in enumerate(held, 1)} | {"{s}": held[-1] if held else ""}
    return [re.sub(r"\{\w\}", lambda at: marks[at[0]], p) + tail for p in patterns]


def _dotted(text: str) -> str:
    """The pattern of hours and minutes with a point or h between them, or of whole hours, which only a date before
    tells from others."""
    if re.fullmatch(r"[0-2]?[0-9]h[0-5][0-9]", text):
        return "%Hh%M"
    if hour := re.fullmatch(r"[0-2]?[0-9]((?P<half> ?[AaPp][Mm])| Uhr|[h时時点點시])", text):
        half = hour["half"]
        return f"%I{half[:-2]}{'%p' if half.isupper() else '%P'}" if half else f"%H{hour[1]}"
    match = re.fullmatch(r"[0-2]?[0-9]\.[0-5][0-9](\.[0-5][0-9])?", text)
    return "" if match is None else "%H.%M.%S" if match[1] else "%H.%M"


def _time_pattern(text: str) -> str:
    if lead := re.match(r"([AP]M)( ?)(?=[0-9])", text):
        rest = _time_pattern(text[lead.end() :]) or _dotted(text[lead.end() :])
        return f"%p{lead[2]}%I{rest[2:]}" if rest.startswith("%H") else ""
    match = _TIME.fullmatch(text)
    if match is None:
        other = next(((m, p) for shape, p in _OTHER_TIMES if (m := shape.fullmatch(text))), None)
        return other[1].replace("{s}", other[0][1] or "") + other[0]["zone"] if other else ""
    half = match["half"] or ""
    fraction = match["fraction"] or ""
    comma = f",%{next(n for n in (3, 6, 9) if n >= len(fraction) - 1)}f" if fraction.startswith(",") else "%.f"
    second = "" if not match["second"] else ":%S" + comma if fraction else ":%S"
    hour = "%I" if half else "%H"
    marks = {1: "%p(A|P)", 2: "%p"} if half.isupper() else {1: "%p(a|p)", 2: "%P"}
    mark = half.replace(half.strip(), marks[len(half.strip())]) if half else ""
    zone = match["zone"] or ""
    if shift := re.search(r"[+-].*", zone):
        zone = zone[: shift.start()] + ("%:z" if ":" in zone else "%z" if len(shift[0]) == 5 else "%#z")
    return f"{hour}:%M{second}{mark}{zone}"


def _parts(pattern: str) -> set[str]:
    return set(re.findall(r"%[-.]?[A-Za-z]", pattern))


def _parts_order(pattern: str) -> list[str]:
    return [p for p in re.findall(r"%[A-Za-z]", pattern) if p in ("%d", "%m", "%y", "%Y")]


def _prefer(tied: list[str], values: pl.Series) -> str:
    """Among patterns that read the same rows: month first behind slashes, day first else; %b before %B. Where the year
    of two digits may be at either end, it is at the one that takes fewer values."""
    ends = [next((c for c in tied if re.match(begin, c)), None) for begin in ("%[dmbB].*%y$", "%y.*%d$")]
    if all(ends):
        last, first = (_distinct_days(values, c) for c in ends if c)
        tied = [c for c in tied if c.startswith("%y") == (first >= last + 4)]
    for c in tied:
        if c.startswith("%d") and re.match(r"%d[-.]%m", c):
            return c
    return tied[0]


def _distinct_days(values: pl.Series, pattern: str) -> int:
    return read(values, pattern, keep_odd_years=True).dt.day().n_unique()


def _exact_form(values: pl.Series, counts: pl.Series, pattern: str) -> str:
    """The variant that writes most rows back letter by letter: padding, digits of the fraction, constant offset."""
    variants = [pattern]
    spaced = [("%d", "%e")] if values.head(500).str.contains("  ", literal=True).any() else []
    laps = [("%M", "%-M"), ("%S秒", "%-S秒"), ("%S초", "%-S초")] if re.match("%M|.*[分분]", pattern) else []
    for a, b in (("%d", "%-d"), *spaced, ("%m", "%-m"), ("%H", "%-H"), ("%I", "%-I"), ("%V", "%-V"), *laps):
        variants += [v.replace(a, b) for v in variants if a in v]
    if "%b" in pattern or "%B" in pattern:
        cases = [("%b", "%B"), ("%^b", "%^B"), ("%~b", "%~B")]
        variants = [v.replace("%b", short).replace("%B", long) for short, long in cases for v in variants]
    if "%.f" in pattern:
        digits = values.str.extract(r"[0-9]{2}\.([0-9]{1,9})(?:[^0-9.]|$)").str.len_chars().drop_nulls().unique()
        fixed = [f"%.{digits[0]}f"] if len(digits) == 1 else []
        variants = [v.replace("%.f", f) for v in variants for f in (*fixed, "%.*f", "%.f")]
    zone = re.search(r"%[:#]?z(.*)$", pattern)
    if zone and (offset := _have_one_offset(values, zone[1])):
        variants = [v[: -len(zone[0])] + offset for v in variants]
    head = values.head(2_000)
    weights = counts.head(2_000)

    def rows_equal(variant: str) -> int:
        return int(weights.filter((write(read(head, variant), variant) == head).fill_null(False)).sum())

    def rows_read(variant: str) -> int:
        return int(counts.filter(read(values, variant, keep_odd_years=True).is_not_null()).sum())

    best, least = sorted(variants, key=rows_equal, reverse=True), 0.99 * rows_read(pattern)
    return next((variant for variant in best if rows_read(variant) >= least), pattern)


def _have_one_offset(values: pl.Series, tail: str = "") -> str:
    """The offset from UTC, with what follows it, that all of these texts end in, or nearly; empty if there is none."""
    offset = re.search(rf"[+-][0-9]{{2}}(?::?[0-9]{{2}})?{re.escape(tail)}$", str(values[0]))
    common = offset is not None and values.str.ends_with(offset.group()).mean() > 0.99  # type: ignore[operator]
    return offset.group() if offset is not None and common else ""


def _year_notes(times: pl.Series, counts: pl.Series) -> list[str]:
    if times.dtype == pl.Time:
        return []
    year = times.dt.year()
    notes = []
    odd, last = int(counts.filter(year < _FIRST_YEAR).sum()), int(counts.filter(year >= 9000).sum())
    if odd:
        notes.append(f"{odd} rows lie before the year {_FIRST_YEAR} (such as year 0): treated as missing")
    if last:
        notes.append(f"{last} rows lie in the years 9000 to 9999 and may stand for 'no end'")
    return notes


def is_time_of_day(pattern: str) -> bool:
    return not re.search(r"%[YyGg]|%-?[de]", pattern)


def dtype_of(pattern: str) -> pl.DataType:
    """The canonical type of texts in this pattern: Date, Time, or Datetime in microseconds; where zoned of the
    one zone whose clocks tell the moments, else of UTC.

    Example:
        >>> dtype_of("%d.%m.%Y"), dtype_of("%H:%M"), dtype_of("%Y-%m-%dT%H:%M:%SZ")
        (Date, Time, Datetime(time_unit='us', time_zone='UTC'))
    """
    if is_time_of_day(pattern):
        return pl.Time()
    if not re.search(r"%-?[HI]", pattern):
        return pl.Date()
    zone = offsets.zone_of(pattern) or zones.zone_of(pattern) or ("UTC" if _UTC.search(pattern) else None)
    return pl.Datetime("ns" if re.search(r"%\.[789]f", pattern) else "us", zone)


def read(texts: pl.Series, pattern: str, *, fallbacks: bool = False, keep_odd_years: bool = False) -> pl.Series:
    """Texts to Date, Time or Datetime; null where a text does not follow the pattern (nor, if asked, an ISO one)."""
    dtype = dtype_of(pattern)
    times = _strptime(texts, pattern, dtype)
    if fallbacks and times.null_count() > texts.null_count():
        for other in _FALLBACKS:
            if is_time_of_day(other) == is_time_of_day(pattern):
                todo = texts.set(times.is_not_null(), None)
                if todo.null_count() == todo.len():
                    break
                times = times.zip_with(times.is_not_null(), as_time(_strptime(todo, other, dtype_of(other)), dtype))
    return times if keep_odd_years else drop_odd_years(times)


def drop_odd_years(times: pl.Series) -> pl.Series:
    """Null where the year is one that stands for "none"."""
    if times.dtype == pl.Time:
        return times
    return times.set((times.dt.year() < _FIRST_YEAR).fill_null(False), None)


def _cased(pattern: str) -> str:
    """With months in their usual letters."""
    return pattern.replace("%^", "%").replace("%~", "%")


def _strptime(texts: pl.Series, pattern: str, dtype: pl.DataType) -> pl.Series:
    texts, pattern = quarters.to_read(texts, offsets.to_read(pattern))
    texts, pattern = months.to_numbers(
        *around.to_read(*eras.to_read(*spellings.to_read(*zones.to_read(texts, pattern))))
    )
    if not re.search(r"%[YyGg]", pattern) and not is_time_of_day(pattern):
        texts, pattern = "2000 " + texts, "%Y " + pattern  # a day of the year, which may be a leap year
    century = re.search(r"%y\((\d{4})\)", pattern)
    plain = re.sub(r"%y\(\d{4}\)", "%y", re.sub(r"%\.[*1-9]f", "%.f", _cased(pattern)))
    # A month has a first day, a week a Monday, an hour a first minute: what the texts leave out is put beside them.
    ends = [(r"%-?[mbB]", r"%-?[dej]", " 01", " %d"), ("%-?V", "%u", " 1", " %u"), (r"%-?[HI]", "%-?M", " 00", " %M")]
    for has, lacks, more, part in ends:
        if re.search(has, plain) and not re.search(lacks, plain):
            texts, plain = texts + more, plain + part
    if re.search("%-?M", plain) and not re.search("%-?[HI]", plain):
        texts, plain = "0 " + texts, "%H " + plain
    if isinstance(dtype, pl.Datetime) and not _OFFSET.search(pattern):
        naive = texts.str.strptime(pl.Datetime(dtype.time_unit), plain, strict=False)
        times = naive.dt.replace_time_zone(dtype.time_zone)
    else:
        times = texts.str.strptime(dtype, plain, strict=False)  # type: ignore[arg-type]
    return _in_century(times, int(century[1])) if century else times


def _in_century(times: pl.Series, start: int) -> pl.Series:
    """With years moved into the hundred that begin with `start`."""
    year = times.dt.year()
    wanted = start + (year - start) % 100
    for shift in (-100, 100):
        away = (wanted - year == shift).fill_null(False)
        if away.any():
            times = times.dt.offset_by(f"{shift}y").zip_with(away, times)
    return times


def as_time(times: pl.Series, wanted: pl.DataType) -> pl.Series:
    """Another type of time with the same clock on the wall."""
    if times.dtype == wanted:
        return times
    if isinstance(times.dtype, pl.Datetime):
        if isinstance(wanted, pl.Datetime) and times.dtype.time_zone and wanted.time_zone:
            return times.dt.convert_time_zone(wanted.time_zone).cast(wanted)
        times = times.dt.replace_time_zone(None)
    if isinstance(wanted, pl.Datetime):
        clock = times.cast(pl.Datetime(wanted.time_unit), strict=False)
        # An hour that a clock put forward leaves out is no time; of one that comes twice the first is meant.
        return clock.dt.replace_time_zone(wanted.time_zone, ambiguous="earliest", non_existent="null")
    return times.cast(wanted, strict=False)


def write(times: pl.Series, pattern: str) -> pl.Series:
    """Dates and times to texts."""
    if offsets.TOKEN.search(pattern):
        return offsets.write(times, pattern, write)
    times, pattern = zones.to_write(times, pattern)
    plain = quarters.to_write(around.to_write(eras.to_write(spellings.to_write(_cased(pattern)))))
    plain = re.sub(r"%y\(\d{4}\)", "%y", months.to_write(plain))
    fraction = re.search(r"%\.([*124578])f", plain)
    if fraction:  # between marks, where it is cut
        plain = plain.replace(fraction.group(), "\x1f%.9f\x1e")
    plain = plain.replace("%#z", "+00")  # chrono reads an offset of hours only, and does not write it; here it is UTC's
    texts = times.dt.strftime(plain)
    if fraction and fraction[1] == "*":
        texts = texts.str.replace("\x1f.0+\x1e", "").str.replace("\x1f(.[0-9]*?)0*\x1e", "${1}")
    elif fraction:
        texts = texts.str.replace(f"\x1f(.[0-9]{{{fraction[1]}}})[0-9]*\x1e", "${1}")
    texts = spellings.from_english(months.to_names(texts, pattern), pattern)
    cased = texts.str.to_uppercase() if "%^" in pattern else texts.str.to_lowercase() if "%~" in pattern else texts
    return quarters.to_words(eras.to_words(around.to_words(cased, pattern), pattern, times), pattern)
