"""Dates, times of day and timestamps written as text: tell the pattern, read them, write them back the same way."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import polars as pl

_DATES = (
    (re.compile(r"([0-9]{4})([-/.])[0-9]{1,2}\2[0-9]{1,2}"), ("%Y{s}%m{s}%d",)),
    (re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{4}"), ("%m{s}%d{s}%Y", "%d{s}%m{s}%Y")),
    (re.compile(r"[0-9]{1,2}([-/])[0-9]{1,2}\1[0-9]{2}"), ("%m{s}%d{s}%y", "%d{s}%m{s}%y", "%y{s}%m{s}%d")),
    (re.compile(r"[0-9]{2}(\.)[0-9]{2}\.[0-9]{2}"), ("%d.%m.%y",)),
    (re.compile(r"(?:19|20)[0-9]{6}"), ("%Y%m%d",)),
    (re.compile(r"[0-9]{1,2}([- ])[A-Za-z]{3,9}\1[0-9]{4}"), ("%d{s}%b{s}%Y", "%d{s}%B{s}%Y")),
    (re.compile(r"[0-9]{1,2}([- ])[A-Za-z]{3,9}\1[0-9]{2}"), ("%d{s}%b{s}%y",)),
    (re.compile(r"[A-Za-z]{3,9} [0-9]{1,2}, [0-9]{4}"), ("%b %d, %Y", "%B %d, %Y")),
    (re.compile(r"[A-Za-z]{3,9} [0-9]{1,2} [0-9]{4}"), ("%b %d %Y", "%B %d %Y")),
    (re.compile(r"[A-Za-z]{3}, [0-9]{1,2} [A-Za-z]{3} [0-9]{4}"), ("%a, %d %b %Y",)),
)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2}):[0-9]{2}(?P<second>:[0-9]{2}(?P<fraction>\.[0-9]{1,9})?)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_COMPACT_TIME = re.compile(r"[0-9]{6}(?P<zone>Z?)")
_SEPARATED = re.compile(r"(?P<date>.+?[0-9])(?P<gap>T|t|, | {1,2})(?P<time>[0-9]{1,2}:.+|[0-9]{6}Z?)")
_UTC = re.compile(r"%:?#?z$|(?:Z|UTC|GMT|\+00:?(?:00)?)$")

# Year 0 is no year (and Python has none); a year below 100 is a two-digit year in a column of four-digit ones.
_FIRST_YEAR = 100

# What values that do not follow the column's own pattern may be written in: forms that can be read in one way only.
_FALLBACKS = (
    "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
    "%Y-%m-%d", "%H:%M:%S%.f", "%H:%M",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TimeTexts:
    """What `detect` found: the strftime pattern, and notes for the user."""

    format: str
    notes: tuple[str, ...] = ()


def detect(values: pl.Series, counts: pl.Series) -> TimeTexts | None:
    """The pattern these distinct texts are written in; None if they are not all dates or times.

    Where day and month cannot be told apart, slashes mean month first (US), dots and dashes day first (EU), and a note
    says so. Up to a twentieth of the rows may follow another, unmistakable (ISO) pattern.

    Args:
        values: (k,) distinct texts, none missing, without surrounding blanks.
        counts: (k,) rows of each.
    """
    candidates = _candidates(values.gather_every(max(1, values.len() // 64)).head(64).to_list())
    total = int(counts.sum())
    rows_read = {c: int(counts.filter(read(values, c, keep_odd_years=True).is_not_null()).sum()) for c in candidates}
    best = max(rows_read.values(), default=0)
    if best < 0.95 * total:
        return None
    tied = [c for c in candidates if rows_read[c] == best]
    chosen = _prefer(tied)
    rest = values.filter(read(values, chosen, keep_odd_years=True).is_null())
    notes: list[str] = []
    if rest.len():
        if read(rest, chosen, fallbacks=True, keep_odd_years=True).null_count():
            return None
        notes.append(f"{total - best} rows are written in another date format; they are written back in the main one")
    if {"%d", "%m"} <= _parts(chosen) and any(_parts_order(c) != _parts_order(chosen) for c in tied):
        first = "month" if chosen.index("%m") < chosen.index("%d") else "day"
        notes.append(f"day and month cannot be told apart from the data; read with the {first} first")
    chosen = _exact_form(values, counts, chosen)
    if chosen.endswith("z"):
        notes.append("offsets differ from row to row: read as UTC, and written back in UTC")
    notes += _year_notes(read(values, chosen, fallbacks=True, keep_odd_years=True), counts)
    return TimeTexts(format=chosen, notes=tuple(notes))


def _candidates(sample: list[str]) -> list[str]:
    """Patterns that the most common shape in the sample allows, in order of preference."""
    guesses = Counter(guess for guess in map(_guess, sample) if guess)
    if not guesses or guesses.total() < 0.9 * len(sample):
        return []
    # Days of one and of two digits, or seconds with and without a fraction, are several shapes of one column.
    return list(dict.fromkeys(c for guess, _ in guesses.most_common(6) for c in guess))


def _guess(text: str) -> tuple[str, ...]:
    """The patterns one text may be written in, by its shape alone."""
    whole = _time_pattern(text)
    if whole:
        return (whole,)
    split = _SEPARATED.fullmatch(text)
    time = _time_pattern(split["time"]) if split else ""
    if split and not time:
        return ()
    tail = split["gap"] + time if split else ""
    date = split["date"] if split else text
    for shape, patterns in _DATES:
        match = shape.fullmatch(date)
        if match:
            separator = match.groups()[-1] if match.groups() else ""
            return tuple(p.replace("{s}", separator) + tail for p in patterns)
    return ()


def _time_pattern(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None:
        compact = _COMPACT_TIME.fullmatch(text)
        return "%H%M%S" + compact["zone"] if compact and len(text) > 6 else ""
    half = match["half"] or ""
    second = "" if not match["second"] else ":%S%.f" if match["fraction"] else ":%S"
    hour = "%I" if half else "%H"
    mark = half.replace(half.strip(), "%p" if half.strip().isupper() else "%P") if half else ""
    zone = match["zone"] or ""
    if zone.strip() and zone.strip()[0] in "+-":
        blank = " " if zone.startswith(" ") else ""
        zone = blank + ("%:z" if ":" in zone else "%z" if len(zone.strip()) == 5 else "%#z")
    return f"{hour}:%M{second}{mark}{zone}"


def _parts(pattern: str) -> set[str]:
    return set(re.findall(r"%[-.]?[A-Za-z]", pattern))


def _parts_order(pattern: str) -> list[str]:
    return [p for p in re.findall(r"%[A-Za-z]", pattern) if p in ("%d", "%m", "%y", "%Y")]


def _prefer(tied: list[str]) -> str:
    """Among patterns that read the same rows: month first behind slashes, day first else; %b before %B."""
    for c in tied:
        if c.startswith("%d") and re.match(r"%d[-.]%m", c):
            return c
    return tied[0]


def _exact_form(values: pl.Series, counts: pl.Series, pattern: str) -> str:
    """The variant that writes most rows back letter by letter: padding, digits of the fraction, constant offset."""
    variants = [pattern]
    for a, b in (("%d", "%-d"), ("%m", "%-m"), ("%H", "%-H"), ("%I", "%-I")):
        variants += [v.replace(a, b) for v in variants if a in v]
    if "%.f" in pattern:
        variants = [v.replace("%.f", f) for v in variants for f in ("%.3f", "%.6f", "%.9f", "%.f")]
    offset = re.search(r"[+-][0-9]{2}(?::?[0-9]{2})?$", str(values[0]))
    zone = re.search(r"%[:#]?z$", pattern)
    if offset and zone and values.str.ends_with(offset.group()).all():
        variants = [v[: -len(zone.group())] + offset.group() for v in variants]
    head = values.head(5_000)
    weights = counts.head(5_000)

    def rows_equal(variant: str) -> int:
        return int(weights.filter((write(read(head, variant), variant) == head).fill_null(False)).sum())

    return max(variants, key=rows_equal)


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
    return not re.search(r"%-?[Yymdb]", pattern, re.IGNORECASE) or not re.search(r"%[Yy]", pattern)


def dtype_of(pattern: str) -> pl.DataType:
    """The canonical type of texts in this pattern: Date, Time, or Datetime in microseconds (UTC where zoned).

    Example:
        >>> dtype_of("%d.%m.%Y"), dtype_of("%H:%M"), dtype_of("%Y-%m-%dT%H:%M:%SZ")
        (Date, Time, Datetime(time_unit='us', time_zone='UTC'))
    """
    if is_time_of_day(pattern):
        return pl.Time()
    if not re.search(r"%-?[HI]", pattern):
        return pl.Date()
    return pl.Datetime("us", "UTC" if _UTC.search(pattern) else None)


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
                times = times.zip_with(times.is_not_null(), _convert(_strptime(todo, other, dtype_of(other)), dtype))
    return times if keep_odd_years else drop_odd_years(times)


def drop_odd_years(times: pl.Series) -> pl.Series:
    """Null where the year is one that stands for "none"."""
    if times.dtype == pl.Time:
        return times
    return times.set((times.dt.year() < _FIRST_YEAR).fill_null(False), None)


def _strptime(texts: pl.Series, pattern: str, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Datetime) and not pattern.endswith("z"):
        naive = texts.str.strptime(pl.Datetime("us"), pattern, strict=False)
        return naive.dt.replace_time_zone(dtype.time_zone)
    return texts.str.strptime(dtype, pattern, strict=False)  # type: ignore[arg-type]


def _convert(times: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A fallback's reading in the column's own type; a timestamp in a date column loses its time of day."""
    if isinstance(times.dtype, pl.Datetime) and isinstance(dtype, pl.Datetime):
        return times.dt.replace_time_zone(None).dt.replace_time_zone(dtype.time_zone)
    if isinstance(times.dtype, pl.Datetime):
        return times.dt.replace_time_zone(None).cast(dtype)
    if isinstance(dtype, pl.Datetime):
        return times.cast(pl.Datetime("us")).dt.replace_time_zone(dtype.time_zone)
    return times.cast(dtype)


def write(times: pl.Series, pattern: str) -> pl.Series:
    """Dates and times to texts."""
    return times.dt.strftime(pattern)
