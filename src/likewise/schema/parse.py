"""From a table as it came to canonical columns, and back: types, missing tokens, date formats, decimals, labels.

A canonical column is String (categorical, text), Boolean, Int64 (integer), Float64 (real), Date, Time or Datetime
(datetime), or as it came (keys, dropped); what is missing is null, never NaN, never a token.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, copysign, floor, isfinite

import numpy as np
import polars as pl

from likewise.errors import SchemaError, hint
from likewise.schema import numbers, times
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Columns, Counted, Distinct
from likewise.schema.dtypes import dtype_from_name
from likewise.schema.infer_column import SURE_TOKENS, TRUTH_PAIRS
from likewise.schema.numbers import NumberFormat, is_number

_WHAT = {
    Kind.BOOLEAN: "one of its two labels",
    Kind.INTEGER: "whole numbers",
    Kind.REAL: "numbers",
    Kind.DATETIME: "dates or times in its format",
    Kind.CATEGORICAL: "among the declared levels",
}


_FEW_ROWS = 2**14
"""Columns of no more rows are written several at a time."""
_MOST = 2**53
"""Numbers beyond this stand for it where a budget holds and no bounds were declared."""
_MOST_DAYS = 80_000_000
"""Days from 1970, of some 262,000 years that Polars can write, or tell by the clocks of a zone: beyond it stops."""


def parse(raw: pl.DataFrame, schema: Schema, *, partial: bool = False, counted: Counted | None = None) -> pl.DataFrame:
    """The canonical frame, columns in the schema's order.

    Args:
        raw: the table as read; its types may differ from those the schema was inferred from (a CSV's texts, say).
        schema: what the columns are.
        partial: columns may lack; they come out all missing.
        counted: the distinct values of `raw`, as `infer_counted` gives them beside the schema; saves looking again.

    Raises:
        SchemaError: columns lack or are not in the schema, or values do not fit their column's kind (how many are
            told, never which).

    Example:
        >>> raw = pl.DataFrame({"age": ["31", "?"]})
        >>> parse(raw, Schema((Column(name="age", kind=Kind.INTEGER, missing=("?",)),)))["age"].to_list()
        [31, None]
    """
    check_names(raw.columns, schema, partial=partial)
    absent, present = pl.Series([None] * raw.height, dtype=pl.Null), set(raw.columns)
    return pl.DataFrame(
        [parse_column(raw[c.name] if c.name in present else absent.alias(c.name), c, counted) for c in schema]
    )


def parse_counted(counted: Counted, schema: Schema) -> Columns:
    """The canonical table, columns of few texts as values and which of them each row holds.

    Args:
        counted: the table, as it came; each column is taken out of it once it is read, so that two whole tables are
            never held.

    Raises:
        SchemaError: as `parse` does.
    """
    check_names(counted.table.columns, schema)
    n, columns = len(counted.table), {}
    for c in schema:
        columns[c.name] = _parsed(counted.table[c.name], c, counted)
        counted.forget(c.name)
    return Columns(columns, n)


def parse_declared(raw: pl.DataFrame, schema: Schema, *, partial: bool = False) -> pl.DataFrame:
    """The canonical frame of a table that a budget of privacy hides: every cell is read by the schema alone.

    Nothing is detected, no value is refused and none is counted, so that one row changes how no other is read. Numbers
    beyond their bounds, infinite ones too, become the bound; those between the units of an integer the nearest; what
    cannot be read is missing; undeclared levels stay, for the codec has a code for them.

    Raises:
        SchemaError: columns lack (unless `partial`) or are not in the schema.
    """
    check_names(raw.columns, schema, partial=partial)
    absent = pl.Series([None] * raw.height, dtype=pl.Null)
    return pl.DataFrame(
        [_declared_column(raw[c.name] if c.name in raw.columns else absent.alias(c.name), c) for c in schema]
    )


def check_names(names: list[str], schema: Schema, *, partial: bool = False) -> None:
    """Raises SchemaError when columns lack (unless `partial`) or are unknown, each with the nearest name."""
    known, given = set(schema.names), set(names)
    lacking = [] if partial else [n for n in schema.names if n not in given]
    extra = [n for n in names if n not in known]
    problems = []
    if lacking:
        unused = [n for n in names if n in extra]
        problems.append("columns lack: " + ", ".join(f"{n!r}{hint(n, unused)}" for n in lacking[:10]))
    if extra:
        named = ", ".join(f"{n!r}{hint(n, schema.names)}" for n in extra[:10])
        problems.append(f"columns are not in the schema: {named}")
    if problems:
        raise SchemaError("; ".join(problems))


def canonical_dtype(column: Column) -> pl.DataType:
    """The canonical type of a column."""
    if column.is_key:
        return dtype_from_name(column.dtype, column.levels)
    match column.kind:
        case Kind.CATEGORICAL | Kind.TEXT:
            return pl.String()
        case Kind.BOOLEAN:
            return pl.Boolean()
        case Kind.INTEGER:
            return pl.Int64()
        case Kind.REAL:
            return pl.Float64()
        case Kind.DATETIME:
            stored = dtype_from_name(column.dtype, column.levels)
            if stored.is_temporal() and stored != pl.Duration:
                return stored
            return times.dtype_of(column.format) if column.format else pl.Datetime("us")
        case Kind.ID:  # of role `drop`
            return dtype_from_name(column.dtype, column.levels)


def parse_column(series: pl.Series, column: Column, counted: Counted | None = None) -> pl.Series:
    """One canonical column; raises SchemaError as `parse` does."""
    found = _parsed(series, column, counted, by_rows=True)
    return (found.spread(found.values) if isinstance(found, Distinct) else found).alias(series.name)


def _parsed(
    given: pl.Series | Distinct, column: Column, counted: Counted | None, *, by_rows: bool = False
) -> pl.Series | Distinct:
    """A canonical column, as values and which of them each row holds where `_distinct` finds few texts.

    Args:
        by_rows: the rows are what is wanted: texts that stay as they are need no new ones, which take memory again.
    """
    if column.role is Role.DROP:
        return given
    if isinstance(given, pl.Series) and given.dtype == pl.Null:
        return given.cast(canonical_dtype(column))
    if column.is_key:
        keys = given if isinstance(given, pl.Series) else given.spread(given.values)
        return _without_tokens(keys, column)
    distinct = _distinct(given, column.name, counted)
    if distinct is None:
        assert isinstance(given, pl.Series)
        out, unfit = _read(given, column)
        n, n_unfit = len(out), int(unfit.sum())
    else:
        out, unfit = _read(distinct.values, column)
        n, n_unfit = len(distinct), int(distinct.counts.filter(unfit).sum())
    if n_unfit and not column.lenient:
        raise SchemaError(
            f"column {column.name!r}: {n_unfit} of {n} values are not {_WHAT[column.kind]} "
            f"(kind {column.kind.value}); clean them or declare another kind"
        )
    if distinct is None:
        return out.alias(column.name)
    if (
        by_rows
        and isinstance(given, pl.Series)
        and given.dtype == out.dtype
        and out.equals(distinct.values, check_dtypes=True)
    ):
        return given
    return replace(distinct, values=out)


def _distinct(given: pl.Series | Distinct, name: str, counted: Counted | None) -> Distinct | None:
    """The distinct texts of a column, if there are so few that reading each once is less work than reading the rows."""
    if isinstance(given, Distinct):
        return given
    if not isinstance(given.dtype, pl.String | pl.Categorical | pl.Enum) or len(given) < 5_000:
        return None
    if counted is None and given.gather_every(len(given) // 1_000).n_unique() > 900:
        return None
    distinct = Distinct.of(given) if counted is None else counted[name]
    return None if distinct.at is None else distinct


def _read(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    """Values as canonical ones, and which of them do not fit the column's kind."""
    quick = _plain_numbers(series, column)
    if quick is not None:
        return quick, pl.Series([False]).new_from_index(0, len(series))
    known = _without_tokens(_plain(series), column)
    if known.dtype.is_float():  # inference takes infinite values for missing, whatever kind it then finds
        known = known.set(known.is_infinite().fill_null(False), None)
    match column.kind:
        case Kind.CATEGORICAL | Kind.TEXT:
            out = _in_utc(known).cast(pl.String)
            return out, _outside_levels(out, column)
        case Kind.BOOLEAN:
            out = read = _booleans(known, column)
        case Kind.INTEGER:
            out = read = _wholes(known, column)
        case Kind.REAL:
            read = _reals(known, column)
            number = pl.first()
            # -0.0 is 0; infinite ones are missing, also those that were texts
            out = _apply(read, pl.when(number == 0).then(0.0).when(number.is_finite()).then(number))
        case Kind.DATETIME:
            out, read = _datetimes(known, column)
    return out, known.is_not_null() & read.is_null()


def _plain_numbers(series: pl.Series, column: Column) -> pl.Series | None:
    """Texts that Polars reads as the column's numbers, every one of them; None where any asks for a closer look."""
    if series.dtype != pl.String or column.kind not in (Kind.INTEGER, Kind.REAL) or any(map(is_number, column.missing)):
        return None
    fmt = _format_of(column)
    if not isinstance(fmt, NumberFormat) or fmt.point != ".":
        return None
    if fmt.scale or fmt.script or fmt.group or fmt.prefix or fmt.suffix or fmt.negative or fmt.cents:
        return None
    number = series.cast(pl.Int64 if column.kind is Kind.INTEGER else pl.Float64, strict=False)
    if number.null_count() > series.null_count():
        return None
    if column.kind is Kind.INTEGER:
        return number
    return number + 0.0 if number.is_finite().all() else None  # -0.0 is 0


def _declared_column(series: pl.Series, column: Column) -> pl.Series:
    if column.role is Role.DROP:  # it may tell whose the rows are
        return _without_tokens(series, column)
    if column.is_key or series.dtype == pl.Null:
        return parse_column(series, column)
    known = _without_tokens(_within_calendars(_plain(series)), column)
    match column.kind:
        case Kind.BOOLEAN:
            out = _booleans(known, column)
        case Kind.INTEGER | Kind.REAL:
            out = _numbers_within(known, column)
        case Kind.DATETIME if known.dtype.is_temporal():
            out = times.as_time(known, canonical_dtype(column))
        case Kind.DATETIME:
            text = known.cast(pl.String).str.strip_chars()
            out = times.as_time(times.read(text, column.format or "%Y-%m-%d", fallbacks=True), canonical_dtype(column))
        case _:
            out = _in_utc(known).cast(pl.String)
    return out.alias(column.name)


def _numbers_within(known: pl.Series, column: Column) -> pl.Series:
    """Numbers, none of them beyond the bounds that were declared, or beyond 2^53 where none were."""
    if known.dtype == pl.String:
        number = _apply(known, numbers.read_reals(pl.first(), _format_of(column)))
    else:
        number = (known.to_physical() if known.dtype.is_temporal() else known).cast(pl.Float64, strict=False)
    low, high = (end if isfinite(end) else copysign(_MOST, end) for end in column.bounds or (-_MOST, _MOST))
    number = number.fill_nan(None).clip(float(low), float(high))
    if column.kind is Kind.REAL:
        return number.set((number == 0).fill_null(False), 0.0)  # -0.0 too
    least, most = max(ceil(low), -(2**63) + 1024), min(floor(high), 2**63 - 1024)  # which a float can tell
    whole = _wholes(known, column)  # exact beyond 2^53, where floats are not
    nearest = number.round(0).clip(float(least), float(most)).cast(pl.Int64)
    return whole.zip_with(whole.is_not_null(), nearest).clip(least, most)


def _plain(series: pl.Series) -> pl.Series:
    """Categories as texts, durations as their ticks, NaN as null."""
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String)
    if series.dtype == pl.Duration:
        return series.to_physical()
    return series.fill_nan(None) if series.dtype.is_float() else series


def _within_calendars(series: pl.Series) -> pl.Series:
    """Moments beyond what can be written at its ends: one such cell would end a fit, which tells that it is there."""
    dtype = series.dtype
    if not (dtype == pl.Date or isinstance(dtype, pl.Datetime)):
        return series
    a_day = 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
    most = min(_MOST_DAYS * a_day, 2**63 - 1)
    return series.to_physical().clip(-most, most).cast(dtype)


def _without_tokens(series: pl.Series, column: Column) -> pl.Series:
    if series.dtype != pl.String:
        return series
    tokens = set(column.missing)
    if column.kind not in (Kind.CATEGORICAL, Kind.TEXT, Kind.ID):
        tokens |= set(SURE_TOKENS)
    if not tokens:
        return series
    text = pl.first()
    missing = text.is_in(list(tokens))
    if column.kind not in (Kind.CATEGORICAL, Kind.TEXT, Kind.ID):
        missing |= text.str.strip_chars().is_in(list(tokens))
    return _apply(series, pl.when(~missing).then(text)).alias(series.name)


def _in_utc(series: pl.Series) -> pl.Series:
    """Zoned timestamps as naive ones in UTC, so that their texts can be read back."""
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
        return series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return series


def _outside_levels(values: pl.Series, column: Column) -> pl.Series:
    if column.levels is None or column.dtype == "Enum":
        return pl.repeat(False, len(values), eager=True)
    return ~values.is_in(list(column.levels)).fill_null(True)


def _booleans(known: pl.Series, column: Column) -> pl.Series:
    if known.dtype == pl.Boolean:
        return known
    pairs = [column.labels] if column.labels else [*TRUTH_PAIRS]
    if known.dtype.is_numeric():
        no, yes = next(((float(a), float(b)) for a, b in pairs if is_number(a) and is_number(b)), (0.0, 1.0))
        number = known.cast(pl.Float64)
        return (number == yes).set(((number != yes) & (number != no)).fill_null(False), None)
    bare = known.cast(pl.String).str.strip_chars()
    yeses, noes = [b.strip() for _, b in pairs], [a.strip() for a, _ in pairs]
    if not {x.lower() for x in yeses} & {x.lower() for x in noes}:  # "TRUE" means what "True" does
        bare, yeses, noes = bare.str.to_lowercase(), [x.lower() for x in yeses], [x.lower() for x in noes]
    if column.labels and not column.labels[0].strip():
        bare, yeses, noes = known.cast(pl.String), [column.labels[1]], [column.labels[0]]
    truth = bare.is_in(yeses)
    return truth.set((~truth & ~bare.is_in(noes)).fill_null(False), None)


def _format_of(column: Column) -> numbers.Format:
    """How the column's numbers are written as text."""
    if column.format is not None:
        return numbers.format_of(column.format)
    return NumberFormat(most=0 if column.kind is Kind.INTEGER else column.decimals)


def _apply(series: pl.Series, expr: pl.Expr) -> pl.Series:
    return series.to_frame("").select(expr).to_series()


def _wholes(known: pl.Series, column: Column) -> pl.Series:
    if known.dtype == pl.String:
        return _apply(known, numbers.read_wholes(pl.first(), _format_of(column)))
    if known.dtype.is_float():
        known = numbers.widened(known)
        return known.set((known != known.floor()).fill_null(False), None).cast(pl.Int64, strict=False)
    if known.dtype.is_decimal():
        number = known.cast(pl.Float64)
        return known.set((number != number.floor()).fill_null(False), None).cast(pl.Int64, strict=False)
    return known.to_physical().cast(pl.Int64, strict=False)


def _reals(known: pl.Series, column: Column) -> pl.Series:
    if known.dtype == pl.String:
        return _apply(known, numbers.read_reals(pl.first(), _format_of(column)))
    return known.cast(pl.Float64, strict=False)


def _datetimes(known: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    """Times in the column's canonical type, and the same before years that stand for "none" were taken out."""
    wanted = canonical_dtype(column)
    if known.dtype.is_temporal():
        told = times.as_time(known, wanted)
        return told, told
    text = known.cast(pl.String).str.strip_chars()
    pattern = column.format
    if not pattern:
        counted = Distinct.of(text)
        found = times.detect(counted.values, counted.counts) if len(counted.values) else None
        if found is None and len(counted.values):
            return known, pl.repeat(None, len(known), eager=True)
        pattern = found.format if found else "%Y-%m-%d"
    moments = times.read(text, pattern, fallbacks=True, keep_odd_years=True)
    # Years no calendar has (0000-00-00 and its like) stand for "none": missing, as inference told.
    dropped = times.drop_odd_years(moments)
    told = times.as_time(dropped, wanted)
    return told, moments.set(told.is_null() & dropped.is_not_null(), None)


# ---- and back ----------------------------------------------------------------------------------------------------


def restore(canonical: pl.DataFrame | Columns, schema: Schema, *, typed: bool = False) -> pl.DataFrame:
    """The frame as the table came: types, missing tokens, date formats, labels, column order.

    Args:
        canonical: columns of the schema (some may lack: they are left out). `Columns` give up each as it is restored.
        schema: what the columns are.
        typed: give columns that came as text their natural types instead, and nulls instead of tokens; for a table
            that was read from CSV and goes to Parquet.

    Raises:
        SchemaError: a column is not in the schema, or not canonical.
    """
    check_names(canonical.columns, schema, partial=True)
    names = set(canonical.columns)
    table = Columns.of(canonical) if isinstance(canonical, pl.DataFrame) else canonical
    written = {} if typed or table.height > _FEW_ROWS else _numbers_written_alike(table, schema)
    return pl.DataFrame(
        {
            c.name: written[c.name] if c.name in written else _restored(table.pop(c.name), c, typed=typed)
            for c in schema
            if c.name in names
        }
    )


def _numbers_written_alike(table: Columns, schema: Schema) -> dict[str, pl.Series]:
    """The texts of columns of numbers that are written in one format, all of a format at once: of a short column what
    asking costs is more than what it takes."""
    alike: dict[tuple[Kind, str | None, int | None], list[Column]] = {}
    for c in schema:
        of_numbers = c.is_modelled and c.kind in (Kind.INTEGER, Kind.REAL) and c.name in table
        if of_numbers and c.dtype == "String" and table.dtype(c.name) == canonical_dtype(c):
            alike.setdefault((c.kind, c.format, c.decimals), []).append(c)
    written = {}
    for columns in alike.values():
        given = [table.pop(c.name) for c in columns]
        values = [one.values if isinstance(one, Distinct) else one for one in given]
        texts, start = _as_text(pl.concat(values), columns[0]), 0
        for c, one, n in zip(columns, given, map(len, values), strict=True):
            own = _with_tokens(texts.slice(start, n), c)
            written[c.name] = one.spread(own) if isinstance(one, Distinct) else own
            start += n
    return written


def _restored(given: pl.Series | Distinct, column: Column, *, typed: bool) -> pl.Series:
    if isinstance(given, pl.Series):
        return restore_column(given, column, typed=typed)
    if column.dtype.startswith(("Categorical", "Enum")):  # whose categories come in the order of the rows
        return restore_column(given.spread(given.values), column, typed=typed)
    return given.spread(restore_column(given.values, column, typed=typed))


def restore_column(series: pl.Series, column: Column, *, typed: bool = False) -> pl.Series:
    """One column as it came."""
    if column.role is Role.DROP:
        return series
    stored = dtype_from_name(column.dtype, column.levels)
    if typed and stored == pl.String:
        return series
    if column.is_key:
        if stored == pl.Date and series.dtype == pl.Int64:
            series = series.cast(pl.Int32)
        if isinstance(stored, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)
        fits = series.cast(stored, strict=False)
        if isinstance(stored, pl.Enum) and fits.null_count() > series.null_count():
            return series.cast(pl.String)  # keys made anew are none of its categories
        series = fits
        return _with_tokens(series, column) if stored == pl.String else series
    if series.dtype == pl.Null:
        series = series.cast(canonical_dtype(column))
    if stored == pl.String or isinstance(stored, pl.Categorical | pl.Enum):
        return _with_tokens(_as_text(series, column), column).cast(stored).alias(column.name)
    return _as_stored(series, column, stored).alias(column.name)


def _with_tokens(series: pl.Series, column: Column) -> pl.Series:
    if not column.missing or column.missing_as_null:
        return series
    return series.fill_null(column.missing[0])


def _as_text(series: pl.Series, column: Column) -> pl.Series:
    match column.kind:
        case Kind.BOOLEAN:
            no, yes = column.labels or ("false", "true")
            return _apply(series, pl.when(pl.first()).then(pl.lit(yes)).when(~pl.first()).then(pl.lit(no)))
        case Kind.INTEGER:
            return _apply(series, numbers.write_wholes(pl.first(), _format_of(column)))
        case Kind.REAL:
            fmt = _format_of(column)
            farthest = np.abs([series.min() or 0.0, series.max() or 0.0]).max()  # type: ignore[arg-type]
            text = numbers.write_reals(pl.first(), fmt, huge=bool(farthest * 10.0 ** (fmt.most or 0) > 2.0**62))
            return series.to_frame("").lazy().select(text).collect().to_series()  # lazy: repeated parts are done once
        case Kind.DATETIME:
            return times.write(series, column.format) if column.format else series.cast(pl.String)
        case _:
            return series.cast(pl.String)


def _as_stored(series: pl.Series, column: Column, stored: pl.DataType) -> pl.Series:
    if column.kind is Kind.BOOLEAN and stored.is_numeric() and column.labels and all(map(is_number, column.labels)):
        no, yes = (float(label) for label in column.labels)
        series = _apply(series, pl.when(pl.first()).then(yes).when(~pl.first()).then(no))
    elif column.kind is Kind.DATETIME and stored.is_integer() and column.format:
        series = times.write(series, column.format)
    elif column.kind is Kind.REAL and column.decimals is not None:
        series = series.round(column.decimals)
    elif column.kind is Kind.BOOLEAN and stored.is_decimal():
        series = series.cast(pl.Int64)
    elif column.kind in (Kind.CATEGORICAL, Kind.TEXT) and stored == pl.Boolean:
        series = series == "true"
    if series.dtype == pl.String and stored.is_temporal() and stored != pl.Duration:
        return _time_of_word(series, stored)
    if isinstance(stored, pl.datatypes.IntegerType) and series.dtype.is_float():
        whole, least, most = pl.first().round(0), stored.min(), stored.max()  # a float may round to beyond the type
        inside = pl.when(whole >= most).then(most).when(whole <= least).then(least)
        series = _apply(series, inside.otherwise(whole.cast(stored, strict=False)))
    if isinstance(stored, pl.datatypes.IntegerType) and series.dtype == pl.String:  # codes drawn digit by digit
        text, fits = pl.first(), pl.first().cast(stored, strict=False)
        beyond = fits.is_null() & text.str.contains("^-?[0-9]+$")
        nearest = pl.when(text.str.starts_with("-")).then(stored.min()).otherwise(stored.max())
        series = _apply(series, pl.when(beyond).then(nearest).otherwise(fits))
    if stored == pl.Duration:
        series = series.cast(pl.Int64, strict=False)
    if isinstance(stored, pl.Decimal) and series.dtype == pl.Float64:
        # Through the shortest text: a float cast to decimal would keep its binary noise.
        series = _apply(series, numbers.write_reals(pl.first(), NumberFormat(most=stored.scale)))
    out = series.cast(stored, strict=False)
    return out.fill_null(float("nan")) if stored.is_float() and "NaN" in column.missing[:1] else out


def _time_of_word(series: pl.Series, stored: pl.DataType) -> pl.Series:
    """Dates and times that were treated as words, in their own type again."""
    read = times.read(series, "%H:%M:%S" if stored == pl.Time else "%Y-%m-%d %H:%M:%S%.f", fallbacks=True)
    if isinstance(stored, pl.Datetime) and stored.time_zone:
        return read.dt.replace_time_zone("UTC").dt.convert_time_zone(stored.time_zone).cast(stored)
    return read.cast(stored)


def fill_column(name: str, raw: pl.DataFrame, table: pl.DataFrame, drawn: pl.DataFrame) -> pl.Series:
    """A column with every cell that was known as it stood, and the others as drawn.

    It keeps the type it was given in, unless that cannot hold what was drawn: whole numbers in a column that has
    halves, or categories that were never declared.

    Args:
        raw: the frame as it was stored.
        table: the canonical frame of it, whose nulls say what is missing.
        drawn: columns as they are stored, of as many rows.
    """
    if name not in raw.columns:
        return drawn[name]
    return raw[name] if name not in drawn.columns else filled(raw[name], table[name].is_not_null(), drawn[name])


def filled(given: pl.Series, known: pl.Series, fill: pl.Series) -> pl.Series:
    """Cells as they stood where they are known, else others; of the type they had, as `fill_column` says."""
    if known.all():
        return given
    if given.dtype == fill.dtype:
        return given.zip_with(known, fill)
    if isinstance(given.dtype, pl.Enum | pl.Categorical):
        texts = given.cast(pl.String).zip_with(known, fill.cast(pl.String))
        if isinstance(given.dtype, pl.Categorical):
            return texts.cast(pl.Categorical)
        declared = given.dtype.categories
        new = texts.drop_nulls().unique().sort()
        return texts.cast(pl.Enum(pl.concat([declared, new.filter(~new.is_in(declared))])))
    if given.dtype == pl.Null:  # nothing was known of it
        return fill
    wanted = fill.filter(~known)
    fits = wanted.cast(given.dtype, strict=False)
    is_cut = given.dtype.is_integer() and wanted.dtype.is_float() and not (wanted == wanted.round(0)).all()
    if is_cut or fits.null_count() > wanted.null_count():
        return given.cast(fill.dtype, strict=False).zip_with(known, fill)
    return given.zip_with(known, fill.cast(given.dtype, strict=False))
