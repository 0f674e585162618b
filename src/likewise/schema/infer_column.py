"""What kind of column one is, told from its distinct values.

Legend: n rows, k distinct known values of a column (u in the rules), counts (k,) rows of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from likewise.errors import InputError, SchemaError
from likewise.schema import durations, number_forms, numbers, times
from likewise.schema.column import Column, Kind, Role
from likewise.schema.distinct import Counted, Distinct, Outline
from likewise.schema.dtypes import dtype_name
from likewise.schema.glance import Glance
from likewise.schema.identifiers.forms import LOOK_AT, NAME, Form, recognise
from likewise.schema.identifiers.names import part_of_names
from likewise.schema.identifiers.telling import are_genders, are_logins, names_a_place
from likewise.schema.keys import (
    WORDY,
    is_measure,
    key_reason,
    looks_like_digit_code,
    may_be_keys,
    names_a_key,
    names_an_amount,
    parts_of,
    text_or_category,
)
from likewise.schema.semantics import Semantic
from likewise.schema.vocabulary import words

SURE_TOKENS = words("missing.sure")
CONTEXT_TOKENS = words("missing.among_values")
FEW_VALUES = 20
"""Up to so many numbers may be codes, and a text that repeats beside them one more."""
TRUTH_PAIRS = (("0", "1"), ("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"), ("off", "on"), ("0.0", "1.0"))

# Months, that numbers of two or four decimals might be as well.
_MONTH_AND_YEAR = r"^(?:0?[1-9]|1[0-2])\.(?:19|20)[0-9]{2}$|^(?:19|20)[0-9]{2}\.(?:0[1-9]|1[0-2])$"

_YEAR_AND_DAY = r"^(?:19|20)[0-9]{2}\.(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])$"
_COMPLEX = r"^\(?[+-]?[0-9.e]+[+-][0-9.e]+[ij]\)?$"
LEAST_ROWS = 5
"""Rows that must stand behind a level for it to be drawn, by default."""
MAX_LENGTH = 64
"""Texts longer than this are no patterns."""


@dataclass
class _Facts:
    """One column's distinct values and what is known about them; texts only for columns that came as text."""

    series: pl.Series | Outline
    values: pl.Series  # (k,) distinct known values
    counts: pl.Series  # (k,) rows of each
    tokens: dict[str, int] = field(default_factory=dict)  # missing token -> rows
    notes: list[str] = field(default_factory=list)
    slips: int = 0  # rows that do not read as nearly all others do
    glance: Glance | None = None  # what was seen of the values, for as long as none is taken out
    may_be_personal: bool = True  # nobody has said that they are nothing of the sort

    @property
    def n_known(self) -> int:
        return int(self.counts.sum())

    @property
    def are_words(self) -> bool:
        """Whether a glance tells that no value holds a digit, and none may be missing."""
        return self.glance is not None and not self.glance.has_digit and not self.glance.has_token

    @property
    def is_unique(self) -> bool:
        return len(self.values) == self.n_known > 0

    def column(self, kind: Kind, **parts: Any) -> Column:
        """The finished column: tokens in order of frequency, and the notes that hold for every kind."""
        ordered = sorted(self.tokens, key=lambda t: -self.tokens[t])
        nulls = self.series.null_count()
        if len(self.values) == 0:
            self.notes.append("no value is known: the column is all missing")
        elif len(self.values) == 1:
            self.notes.append("constant: one value in all known rows")
        slips = [f"{self.slips} rows do not read as the others: treated as missing"] if self.slips else []
        told = [f"{t!r} is read as missing ({self.tokens[t]} rows)" for t in ordered]
        return Column(
            name=self.series.name,
            kind=kind,
            role=Role.ID if kind is Kind.ID else Role.FEATURE,
            dtype=dtype_name(self.series.dtype),
            missing=tuple(ordered),
            missing_as_null=bool(ordered) and nulls > sum(self.tokens.values()),
            lenient=self.slips > 0,
            notes=(*told, *slips, *self.notes, *parts.pop("notes", ())),
            **parts,
        ).as_found()


def _of(counted: Counted | None, series: pl.Series | Outline) -> Distinct:
    assert counted is not None
    return counted[series.name]


def infer_column(
    series: pl.Series | Outline,
    forced: Kind | None = None,
    decimal: str | None = None,
    counted: Counted | None = None,
    *,
    may_be_personal: bool = True,
) -> Column:
    """The column of one series.

    Args:
        forced: the kind the user says it is.
        decimal: the file's decimal mark.
        counted: the table it is from.
        may_be_personal: the user has not said that it tells nothing of people.
    """
    if not dtype_name(series.dtype):
        raise InputError(
            f"column {series.name!r}: values of type {type(series.dtype).__name__} cannot be modelled; "
            "unnest it into plain columns, turn it into text, or drop it"
        )
    distinct = Distinct.of(series) if isinstance(series, pl.Series) and counted is None else _of(counted, series)
    facts = _Facts(series, distinct.values, distinct.counts, may_be_personal=may_be_personal)
    if counted is not None:
        facts.glance = counted.glances.get(series.name)
    dtype = series.dtype
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        words = replace(facts, tokens={}, notes=[], glance=None) if counted is not None and counted.typed else facts
        return _text_column(facts, words, forced, decimal, closed=dtype != pl.String)
    if dtype == pl.Null:
        return facts.column(forced or Kind.CATEGORICAL)
    if dtype == pl.Boolean:
        return facts.column(forced or Kind.BOOLEAN)
    if dtype.is_temporal() and dtype != pl.Duration:
        if forced is None and len(facts.values):
            facts.notes += times._year_notes(facts.values, facts.counts)
        return facts.column(forced or Kind.DATETIME)
    return _number_column(facts, forced)


# ---- columns that came as text -----------------------------------------------------------------------------------


def _text_column(facts: _Facts, words: _Facts, forced: Kind | None, decimal: str | None, *, closed: bool) -> Column:
    """A column of texts; `closed` when its type says that it is a set of levels (so not numbers, not dates).

    Args:
        facts: tokens that mean "missing" are taken from its values.
        words: the same, or, where a token among words is a word, the facts with all of them.
    """
    _take_tokens(facts, SURE_TOKENS, blanks=True)
    if len(facts.values) == 0:
        return words.column(forced or Kind.CATEGORICAL, **_levels_of(facts))
    personal = _personal(facts, forced)
    if personal is not None:
        return personal
    if forced in (Kind.CATEGORICAL, Kind.TEXT, Kind.ID):
        return words.column(forced, **_levels_of(facts))
    if forced in (None, Kind.BOOLEAN):
        labels = _truth_labels(words, sure=forced is not None)
        if labels:
            return words.column(Kind.BOOLEAN, labels=labels)
    if not closed or forced in (Kind.INTEGER, Kind.REAL):
        column = _numbers_in_text(facts, forced, decimal) or _durations_in_text(facts, forced)
        if column:
            return column
    if not closed or forced is Kind.DATETIME:
        column = _times_in_text(facts, forced) or _padded_amounts(facts, forced, decimal)
        if column:
            return column
    if forced is not None:
        raise SchemaError(
            f"column {facts.series.name!r} was declared {forced.value}, but its values do not read so; "
            "declare it categorical or text, or clean the data"
        )
    return _words_column(words, closed=closed)


def _personal(facts: _Facts, forced: Kind | None, whole: pl.Series | None = None) -> Column | None:
    """The column of a personal identifier; None for another, or where the user says that it is none."""
    if forced not in (None, Kind.ID) or not facts.may_be_personal:
        return None
    no_form = facts.glance is not None and not facts.glance.may_be_personal
    form = recognise(facts.series.name, facts.values if whole is None else whole, by_name=no_form, doubts=facts.notes)
    if form is None or (form is NAME and (names_a_place(facts.series.name) or are_genders(facts.values))):
        return None
    semantic = form.semantic
    if form is NAME:
        name, texts = facts.series.name, facts.values.head(LOOK_AT)
        semantic = Semantic.USERNAME if are_logins(name, texts) else part_of_names(parts_of(name), texts)
    return facts.column(Kind.ID, semantic=semantic, locale=form.country, notes=(note_of(form),))


def note_of(form: Form) -> str:
    """What a user is told of a column of personal identifiers."""
    told = "; if they are no people's, say semantic none" if form is NAME else ""
    return f"personal identifiers ({form.what}): never learnt, new ones are made{told}"


def _take_tokens(facts: _Facts, tokens: tuple[str, ...], *, blanks: bool = False) -> None:
    """Move the values that stand for "missing" from the values to the tokens."""
    if facts.glance is not None and not facts.glance.has_token:
        return
    bare = pl.first().str.strip_chars()
    found = numbers.applied(facts.values, bare.is_in((*tokens, "") if blanks else tokens))
    if not found.any():
        return
    facts.tokens.update(zip(facts.values.filter(found).to_list(), facts.counts.filter(found).to_list(), strict=True))
    facts.values, facts.counts, facts.glance = facts.values.filter(~found), facts.counts.filter(~found), None


def _without_context(facts: _Facts) -> _Facts | None:
    """The facts with context tokens taken as missing too; None if there are none, or nothing else."""
    if facts.glance is not None and not facts.glance.has_token:
        return None
    tried = replace(facts, tokens=dict(facts.tokens), notes=list(facts.notes), slips=0, glance=None)
    _take_tokens(tried, CONTEXT_TOKENS)
    return tried if 0 < len(tried.values) < len(facts.values) else None


def _truth_labels(facts: _Facts, *, sure: bool) -> tuple[str, str] | None:
    """The texts of false and true, if these two values are such a pair (or the user says that they are)."""
    if len(facts.values) != 2:
        return None
    a, b = sorted(facts.values.to_list())
    for no, yes in TRUTH_PAIRS:
        for x, y in ((a, b), (b, a)):
            if (x.strip().lower(), y.strip().lower()) == (no, yes):
                return x, y
    return (a, b) if sure else None


def _numbers_in_text(facts: _Facts, forced: Kind | None, decimal: str | None) -> Column | None:
    declared = forced in (Kind.INTEGER, Kind.REAL)
    if facts.are_words:
        return None
    for tried in (facts, _without_context(facts)):
        found = None
        if tried:
            seen = tried.glance.number if tried.glance is not None else None
            found = seen or number_forms.detect(tried.values, tried.counts, decimal=decimal, zeros=declared)
        if tried and found:
            break
    else:
        return None
    if forced is None and found.decimals == 0 and not found.is_whole and _are_long_codes(tried, found):
        facts.notes.append(TOO_LONG)
        return None
    if found.odd and not _drop_slips(tried, _reads(tried.values, found.format), found.odd):
        return None
    tried.notes += found.notes
    if forced is None:
        special = _digits_that_are_no_numbers(tried, found)
        if special:
            return special
    wanted = forced or (Kind.INTEGER if found.is_whole else Kind.REAL)
    pattern = found.format.pattern
    decimals = None if wanted is Kind.INTEGER else 0 if found.is_whole else found.decimals
    if wanted not in (Kind.INTEGER, Kind.REAL):
        return None
    return tried.column(wanted, format=None if pattern == "0" and found.is_whole else pattern, decimals=decimals)


def _padded_amounts(facts: _Facts, forced: Kind | None, decimal: str | None) -> Column | None:
    """Digits filled up with zeros to one width, as machines and meters write them, whose name tells what is counted."""
    if forced is not None or not names_an_amount(facts.series.name):
        return None
    found = number_forms.detect(facts.values, facts.counts, decimal=decimal, zeros=True)
    if found is None or found.odd or not isinstance(found.format, numbers.NumberFormat) or found.format.digits < 2:
        return None
    return facts.column(Kind.INTEGER if found.is_whole else Kind.REAL, format=found.format.pattern, notes=found.notes)


def _durations_in_text(facts: _Facts, forced: Kind | None) -> Column | None:
    if facts.are_words:
        return None
    for tried in (facts, _without_context(facts)):
        found = tried and durations.detect(tried.values.str.strip_chars(), tried.counts)
        if tried and found:
            fmt, odd = found
            if odd and not _drop_slips(tried, _reads(tried.values, fmt), odd):
                return None
            kind = forced or (Kind.REAL if fmt.most else Kind.INTEGER)
            notes = ("lengths of time, read as seconds",)
            return tried.column(kind, format=fmt.pattern, decimals=fmt.most if kind is Kind.REAL else None, notes=notes)
    return None


TOO_LONG = "whole numbers beyond 64 bits that real numbers do not hold to the last digit: taken as codes"


def _are_long_codes(facts: _Facts, found: number_forms.NumberTexts) -> bool:
    """Whether whole numbers beyond 64 bits are codes: many of one width that hardly come again, or such as real numbers
    do not tell apart."""
    widths = facts.values.str.strip_chars().str.len_chars()
    alike = len(widths) >= FEW_VALUES and widths.n_unique() == 1 and 2 * len(widths) > facts.n_known
    coded = alike and found.format.pattern == "0" and not is_measure(facts.series.name)
    return (coded and _key_as_amount(facts, found) is None) or _collapse(facts.values, found.format)


def _collapse(texts: pl.Series, fmt: numbers.Format) -> bool:
    """Whether different texts are one and the same real number."""
    return texts.to_frame("").select(numbers.read_reals(pl.first(), fmt)).to_series().n_unique() < len(texts)


def _reads(texts: pl.Series, fmt: numbers.Format) -> pl.Series:
    return texts.to_frame("").select(numbers.read_reals(pl.first(), fmt).is_not_null()).to_series()


def _drop_slips(facts: _Facts, reads: pl.Series, odd: int) -> bool:
    """Take the few values that do not read as the others for missing; False where they may be levels beside codes."""
    often = facts.counts.filter(~reads).max()
    if int(reads.sum()) <= FEW_VALUES and isinstance(often, int) and often >= 5:
        return False
    facts.values, facts.counts = facts.values.filter(reads), facts.counts.filter(reads)
    facts.slips = odd
    return True


def _digits_that_are_no_numbers(facts: _Facts, found: number_forms.NumberTexts) -> Column | None:
    """Digits that are truth values, dates, keys or codes."""
    labels = _truth_labels(facts, sure=False)  # 0 and 1 beside a context token
    if labels:
        return facts.column(Kind.BOOLEAN, labels=labels)
    if found.format.pattern.strip("0") == ".":
        bare = facts.values.str.strip_chars()
        if bare.str.contains(_MONTH_AND_YEAR).all() or (len(bare) >= 20 and bare.str.contains(_YEAR_AND_DAY).all()):
            return _times_in_text(facts, None)
    if (found.format.pattern != "0") == found.is_whole and found.decimals in (None, 0):
        return _key_as_amount(facts, found)
    if not found.is_whole or found.format.pattern != "0":
        return None
    return _whole_special(facts, facts.values.str.strip_chars().cast(pl.Int64, strict=False))


def _key_as_amount(facts: _Facts, found: number_forms.NumberTexts) -> Column | None:
    """A key that a program has written as an amount (`1042.0`, `12,042`), or of more digits than 64 bits hold."""
    bare = not isinstance(found.format, numbers.NumberFormat) or not (found.format.prefix or found.format.suffix)
    digits = facts.values.str.replace_all("[^0-9]", "")
    reason = key_reason(facts.series.name, digits, facts.n_known, facts.is_unique) if bare else None
    return facts.column(Kind.ID, notes=(f"taken as an id: {reason}",)) if reason else None


def _times_in_text(facts: _Facts, forced: Kind | None) -> Column | None:
    for tried in (facts, _without_context(facts)):
        found = tried and times.detect(tried.values.str.strip_chars(), tried.counts)
        if tried and found and forced in (None, Kind.DATETIME):
            if found.odd:
                reads = times.read(tried.values.str.strip_chars(), found.format, fallbacks=True, keep_odd_years=True)
                _drop_slips(tried, reads.is_not_null(), found.odd)
            return tried.column(Kind.DATETIME, format=found.format, notes=found.notes)
    return None


def _words_column(facts: _Facts, *, closed: bool) -> Column:
    series = facts.series
    reason = None if closed else key_reason(series.name, facts.values, facts.n_known, facts.is_unique)
    if reason:
        return facts.column(Kind.ID, notes=(f"taken as an id: {reason}",))
    facts.notes += [] if closed else _mixed_notes(facts)
    kind = Kind.TEXT if not closed and _are_rare_numbers(facts) else text_or_category(facts.values, facts.counts)
    if kind is Kind.TEXT and not closed:
        long = facts.values.str.len_chars().mean() > MAX_LENGTH  # type: ignore[operator]
        learnt = "their pattern is learnt"
        if long or 2 * int(facts.values.str.contains(WORDY).sum()) > len(facts.values):
            learnt = "free text, drawn as a placeholder that says so; format 'ngram' draws words without meaning"
        told = f"no text is kept, and none of them is drawn but what {LEAST_ROWS} rows have, and short numbers"
        return facts.column(kind, notes=(f"mostly different texts: {learnt}; {told}",))
    if len(facts.values) > 1 and int(facts.counts.max()) < LEAST_ROWS:  # type: ignore[arg-type]
        facts.notes.append(f"no level has {LEAST_ROWS} rows: none will be drawn, unless levels are declared")
    return facts.column(Kind.CATEGORICAL, **_levels_of(facts))


def _are_rare_numbers(facts: _Facts) -> bool:
    """Whether a tenth of the rows or more hold numbers of too few rows to be drawn as levels, beside words that enough
    have (`<LOQ`): as levels all numbers would be lost."""
    if facts.are_words or facts.values.str.contains(r"^\s*[+-]?0[0-9]").any():
        return False
    numeric = facts.values.str.contains(r"^\s*[+-]?[0-9]+(?:[.,][0-9]+)?\s*$")
    rare = numeric & (facts.counts < LEAST_ROWS)
    words = facts.counts.filter(~numeric).max()
    return (
        isinstance(words, int) and words >= LEAST_ROWS and int(facts.counts.filter(rare).sum()) >= 0.1 * facts.n_known
    )


def _levels_of(facts: _Facts) -> dict[str, Any]:
    """The categories of an Enum column, which its type needs to be made again. Nobody has declared them."""
    dtype = facts.series.dtype
    return {"levels": tuple(dtype.categories.to_list())} if isinstance(dtype, pl.Enum) else {}


def _mixed_notes(facts: _Facts) -> list[str]:
    """Tell of a column that is mostly numbers, but not only."""
    if facts.are_words:
        return []
    numeric = facts.values.str.strip_chars().cast(pl.Float64, strict=False).is_not_null()
    if facts.values.str.contains(r"^[+-]?0[0-9]+$").any():
        return ["digits with leading zeros: taken as codes, not as numbers"] if numeric.all() else []
    if numeric.all() and number_forms.counts_on(facts.values.str.extract(r"\.([0-9]*)\s*$")):
        return ["what follows the point counts on past 9, as in sections: taken as codes, not as numbers"]
    rows = int(facts.counts.filter(numeric).sum())
    if facts.values.head(100).str.contains(_COMPLEX).all():
        return ["complex numbers are taken as texts: give their real and imaginary parts a column each"]
    if rows < 0.5 * facts.n_known:
        return []
    if numeric.all():
        has_e = facts.values.str.contains("[eE]").any()
        return ["whole numbers with an E and no sign behind it: taken as codes, not as numbers"] if has_e else []
    return [f"mixed: {rows} rows hold numbers and {facts.n_known - rows} do not, so it is not taken as numeric"]


# ---- columns that came as numbers --------------------------------------------------------------------------------


def _number_column(facts: _Facts, forced: Kind | None) -> Column:
    dtype = facts.series.dtype
    if dtype.is_float():
        keep = facts.values.is_finite()
        n_nan = int(facts.counts.filter(facts.values.is_nan()).sum())
        n_inf = int(facts.counts.filter(facts.values.is_infinite()).sum())
        facts.values, facts.counts = facts.values.filter(keep), facts.counts.filter(keep)
        facts.tokens.update({"NaN": n_nan} if n_nan else {})
        facts.notes += [f"{n_inf} infinite values are treated as missing"] if n_inf else []
    if forced in (Kind.CATEGORICAL, Kind.TEXT):
        return facts.column(forced)
    if len(facts.values) == 0:
        return facts.column(forced or (Kind.REAL if dtype.is_float() else Kind.INTEGER))
    if forced in (None, Kind.BOOLEAN) and len(facts.values) == 2:
        low, high = sorted(facts.values.to_list())
        if (low, high) == (0, 1) or forced is Kind.BOOLEAN:
            labels = (str(low), str(high))
            return facts.column(Kind.BOOLEAN, labels=labels)
    if forced is Kind.BOOLEAN:
        n = len(facts.values)
        raise SchemaError(f"column {facts.series.name!r} was declared boolean, but has {n} distinct values, not two")
    whole = _as_wholes(facts)
    personal = None if whole is None else _personal(facts, forced, whole)
    if personal is not None:
        return personal
    if forced is Kind.ID:
        return facts.column(forced)
    if forced in (Kind.INTEGER, Kind.REAL):
        return facts.column(forced, decimals=None if forced is Kind.INTEGER else _decimals(facts.values))
    if whole is None:
        if dtype.is_integer() and 2 * int(facts.counts.filter(_are_doubles(facts.values)).sum()) < facts.n_known:
            texts = facts.values.cast(pl.String)
            if key_reason(facts.series.name, texts, facts.n_known, facts.is_unique):
                return facts.column(Kind.ID, notes=(TOO_LONG,))
            kind = text_or_category(texts, facts.counts)
            if kind is Kind.CATEGORICAL or facts.values.cast(pl.Float64).n_unique() < len(texts):
                return facts.column(kind, notes=(TOO_LONG,))
        if dtype.is_integer():
            facts.notes.append("some values do not fit into 64 bits: read as real numbers, exact to 15 digits")
        return facts.column(Kind.REAL, decimals=_decimals(facts.values))
    # Of floats a key alone is told: pandas stores one so, of which a row is missing.
    if dtype.is_integer():
        special = _whole_special(facts, whole, forced)
    else:
        special = _key(facts, whole) if forced is None else None
    if special:
        return special
    if forced is Kind.DATETIME:
        raise SchemaError(f"column {facts.series.name!r} was declared datetime, but its numbers do not read as dates")
    return facts.column(Kind.INTEGER)


def _as_wholes(facts: _Facts) -> pl.Series | None:
    """The values as Int64 if they are whole and fit; else None."""
    values = facts.values
    if values.dtype.is_float():
        return values.cast(pl.Int64) if numbers.is_whole(values) else None
    if isinstance(values.dtype, pl.Decimal) and values.dtype.scale:
        return None
    whole = values.to_physical().cast(pl.Int64, strict=False)
    return None if whole.null_count() else whole


def _are_doubles(values: pl.Series) -> pl.Series:
    """Which whole numbers a 64-bit float holds to their last digit."""
    whole = values.cast(pl.Int128, strict=False)
    return (whole.cast(pl.Float64).cast(pl.Int128, strict=False) == whole).fill_null(False)


def _decimals(values: pl.Series) -> int | None:
    if isinstance(values.dtype, pl.Decimal):
        return values.dtype.scale
    return numbers.decimals_of(values) if values.dtype.is_float() else 0


def _whole_special(facts: _Facts, whole: pl.Series, forced: Kind | None = None) -> Column | None:
    """Whole numbers that are dates (20240131), keys or codes (telephone numbers, postcodes); None for numbers."""
    if whole.null_count():
        return None
    width = len(str(whole[0]))
    least = {6: 5, 7: 20, 8: 3, 10: 5, 12: 3, 14: 3}.get(width)
    if least and len(whole) >= (1 if forced is Kind.DATETIME else least) and _begin_with_years(whole, width):
        found = times.detect(whole.cast(pl.String), facts.counts)
        if found and not found.odd and found.format == "%Y%j" and _are_days_of_years(facts, whole, forced):
            return facts.column(
                Kind.DATETIME, format="%Y%j", notes=("digits that all read as year and day of the year",)
            )
        if found and not found.odd and found.format.startswith("%Y%m"):
            note = "digits that all read as year-month" + ("-day" if width > 6 else "") + (" and time" * (width > 8))
            return facts.column(Kind.DATETIME, format=found.format, notes=(note, *found.notes))
    if width == 7 and len(whole) >= 20 and whole.is_between(1_000_101, 1_301_231).all():
        found = times.detect(whole.cast(pl.String), facts.counts)
        if found and found.format.startswith("%Y("):
            note = "digits that all read as days with years of the republic, which began in 1912"
            return facts.column(Kind.DATETIME, format=found.format, notes=(note, *found.notes))
    key = _key(facts, whole) if forced is None else None
    if key:
        return key
    if width == 6 and forced in (None, Kind.DATETIME):
        found = times.detect(whole.cast(pl.String), facts.counts)
        if found and not found.odd and "%y" in found.format:
            return facts.column(Kind.DATETIME, format=found.format, notes=found.notes)
    if forced is not None:
        return None
    if looks_like_digit_code(facts.series.name):
        kind = text_or_category(facts.values.cast(pl.String), facts.counts)
        return facts.column(kind, notes=("digits that are a code by their name: not taken as numbers",))
    return None


def _are_days_of_years(facts: _Facts, whole: pl.Series, forced: Kind | None) -> bool:
    """Whether seven digits that all read as year and day are these, not years with a running number: the days are
    spread over the year, or the name tells of days or times."""
    named = is_measure(facts.series.name) or any(
        part in ("julian", "doy", "yday") for part in parts_of(facts.series.name)
    )
    day = whole % 1000
    spread = day.is_between(1, 366).all() and day.max() > 300 and (day > 183).mean() > 0.25  # type: ignore[operator]
    return forced is Kind.DATETIME or named or bool(spread and not names_a_key(facts.series.name))


def _key(facts: _Facts, whole: pl.Series) -> Column | None:
    """A key among whole numbers; a word where they may be one."""
    complete, in_order = facts.n_known == len(facts.series), _rows_in_order(facts)
    reason = key_reason(facts.series.name, whole, facts.n_known, facts.is_unique, in_order=in_order, complete=complete)
    if reason:
        return facts.column(Kind.ID, notes=(f"taken as an id: {reason}",))
    if may_be_keys(whole, is_unique=facts.is_unique):
        facts.notes.append("unique numbers of equal length, taken for measurements: if they are keys, say kind id")
    return None


def _begin_with_years(whole: pl.Series, width: int) -> bool:
    """Whether digits of this width all begin with 1900 to 2099."""
    return bool(whole.is_between(1900 * 10 ** (width - 4), 2100 * 10 ** (width - 4) - 1).all())


def _rows_in_order(facts: _Facts) -> bool:
    """Whether the rows go up by one each, as a row number does."""
    if not facts.is_unique:
        return False
    series = facts.series
    if not isinstance(series, pl.Series):
        return series.in_order
    text = series.str.strip_chars() if series.dtype == pl.String else series
    steps = text.cast(pl.Int64, strict=False).diff().drop_nulls()
    return len(steps) > 0 and bool((steps == 1).all())
