"""Numbers written as text: tell how they are written, read them, write them back the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from likewise.errors import SchemaError

# What a plain number looks like: sign, digits, point, exponent; or an infinity.
_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity)$"
_AFFIX = "$€£¥%"
_PATTERN = re.compile(
    r"(?P<prefix>[$€£¥]?)(?:#(?P<group>[,. '\u00a0\u202f])##)?0"
    r"(?:(?P<point>[.,])(?P<least>0*)(?P<more>\*|#*))?(?P<suffix>[ \u00a0]?[$€£¥%]|)"
)
# Beyond this many digits after the point a text holds binary noise (0.30000000000000004), not a measurement.
_MOST_DECIMALS = 12
# The largest whole number below which every whole number is exact in float64.
_EXACT = 2**53


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """How a column's numbers are written.

    Args:
        least: digits after the point that are always written.
        most: digits after the point at most; None for as many as the number needs.
        point, group, prefix, suffix: decimal point, thousands mark, and what stands before and behind every number.

    Example:
        >>> NumberFormat.from_pattern("#,##0.0#") == NumberFormat(least=1, most=2, group=",")
        True
    """

    least: int = 0
    most: int | None = None
    point: str = "."
    group: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def pattern(self) -> str:
        head = f"#{self.group}##0" if self.group else "0"
        tail = "*" if self.most is None else "#" * (self.most - self.least)
        point = self.point if self.least or tail else ""
        return f"{self.prefix}{head}{point}{'0' * self.least}{tail}{self.suffix}"

    @classmethod
    def from_pattern(cls, pattern: str) -> NumberFormat:
        """Raises SchemaError for a text that is no pattern."""
        match = _PATTERN.fullmatch(pattern)
        if match is None:
            raise SchemaError(f"{pattern!r} is not a number format; write it like '0.00', '0.0#', '0.*' or '#,##0.00'")
        part = match.groupdict(default="")
        least = len(part["least"])
        most = None if part["more"] == "*" else least + len(part["more"])
        return cls(
            least=least, most=most, point=part["point"] or ("," if part["group"] == "." else "."),
            group=part["group"], prefix=part["prefix"], suffix=part["suffix"],
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NumberTexts:
    """What `detect` found: the format, whether all are whole, decimals (None if unclear), and notes for the user."""

    format: NumberFormat
    is_whole: bool
    decimals: int | None
    notes: tuple[str, ...] = ()


def detect(values: pl.Series, counts: pl.Series) -> NumberTexts | None:
    """How these distinct texts are written as numbers; None if they are not all numbers.

    Codes with leading zeros ("007") are not numbers: their zeros carry meaning.

    Args:
        values: (k,) distinct texts, none missing, without surrounding blanks.
        counts: (k,) rows of each.
    """
    if values.len() == 0 or values.str.contains(r"^[+-]?0[0-9]+$").any():
        return None
    if values.str.contains(_PLAIN).all():
        return _measure(values, counts, NumberFormat(), ())
    if not values.str.contains(r"[0-9]").all():
        return None
    bare, prefix, suffix = _strip_affixes(values)
    for group, point in (("", "."), (",", "."), ("", ","), (".", ","), (" ", ","), (" ", "."), ("'", "."),
                         ("\u00a0", ","), ("\u202f", ",")):  # fmt: skip
        fmt = NumberFormat(point=point, group=group, prefix=prefix, suffix=suffix)
        if bare.str.contains(_grouped(group, point)).all():
            plain = _plain_text(values.to_frame("v").lazy(), fmt)
            unsure = group == "," and bare.str.contains(r"^[+-]?[0-9]{1,3}(,[0-9]{3})?$").all()
            notes = ("the comma is read as a thousands mark; a decimal comma would look the same",) if unsure else ()
            return _measure(plain, counts, fmt, notes)
    return None


def _grouped(group: str, point: str) -> str:
    """The regular expression of a number with this thousands mark and decimal point."""
    g, p = re.escape(group), re.escape(point)
    if not group:
        return rf"^[+-]?[0-9]+({p}[0-9]+)?$"
    return rf"^[+-]?[0-9]{{1,3}}({g}[0-9]{{3}})*({p}[0-9]+)?$"


def _strip_affixes(values: pl.Series) -> tuple[pl.Series, str, str]:
    """Take off one currency or percent sign that every value carries."""
    first = str(values[0])
    prefix = first[0] if first[0] in _AFFIX and values.str.starts_with(first[0]).all() else ""
    tail = re.search(rf"[ \u00a0]?[{_AFFIX}]$", first)
    suffix = tail.group() if tail and values.str.ends_with(tail.group()).all() else ""
    bare = values.str.strip_prefix(prefix).str.strip_suffix(suffix)
    return bare, prefix, suffix


def _plain_text(frame: pl.LazyFrame, fmt: NumberFormat) -> pl.Series:
    return frame.select(_to_plain(pl.first(), fmt)).collect().to_series()


def _to_plain(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """The text with blanks, signs of currency, thousands marks and decimal commas made plain."""
    text = text.str.strip_chars()
    if fmt.prefix:
        text = text.str.strip_prefix(fmt.prefix)
    if fmt.suffix:
        text = text.str.strip_suffix(fmt.suffix)
    if fmt.group:
        text = text.str.replace_all(fmt.group, "", literal=True)
    if fmt.point == ",":
        text = text.str.replace(",", ".", literal=True)
    return text


def _measure(plain: pl.Series, counts: pl.Series, fmt: NumberFormat, notes: tuple[str, ...]) -> NumberTexts:
    """Decimals and padding of plain number texts."""
    number = plain.cast(pl.Float64, strict=False)
    notes += tuple(_range_notes(number, counts))
    # An exponent hides the decimals: look at the shortest text of the same number, and past infinities.
    odd = plain.str.contains(r"[eEfF]")
    if odd.any():
        shortest = number.cast(pl.String).str.strip_suffix(".0")
        plain, counts = plain.zip_with(~odd, shortest).filter(number.is_finite()), counts.filter(number.is_finite())
    if plain.len() == 0 or plain.str.contains("e").any():
        return NumberTexts(format=_with(fmt, 0, None), is_whole=False, decimals=None, notes=notes)
    fraction = plain.str.extract(r"\.([0-9]*)$")
    digits = fraction.str.len_chars().fill_null(0)
    whole = not fraction.str.contains(r"[1-9]").any() and not number.is_infinite().any()
    if whole and plain.str.replace(r"\.[0-9]*$", "").cast(pl.Int64, strict=False).null_count():
        notes += ("some whole numbers do not fit into 64 bits: read as real numbers, exact to 15 digits",)
        return NumberTexts(format=_with(fmt, 0, 0), is_whole=False, decimals=0, notes=notes)
    least, most = _int(digits.min()), _int(digits.max())
    if whole:
        return NumberTexts(format=_with(fmt, least, least), is_whole=True, decimals=None, notes=notes)
    if most > _MOST_DECIMALS or _int(plain.str.count_matches(r"[0-9]").max()) > 16:
        covering = _covering(digits, counts)
        least = 1 if least else 0
        if covering is None:
            return NumberTexts(format=_with(fmt, least, None), is_whole=False, decimals=None, notes=notes)
        notes += (f"a few values carry binary noise; {covering} decimals hold 99 % of the rows and are written back",)
        return NumberTexts(format=_with(fmt, least, covering), is_whole=False, decimals=covering, notes=notes)
    if least < most and fraction.str.ends_with("0").fill_null(False).filter(digits > 1).any():
        least = most  # trailing zeros are kept: the writer pads
    elif least < most:
        least = min(least, 1)
    return NumberTexts(format=_with(fmt, least, most), is_whole=False, decimals=most, notes=notes)


def _int(value: Any) -> int:
    return int(value or 0)


def _range_notes(number: pl.Series, counts: pl.Series) -> list[str]:
    infinite = int(counts.filter(number.is_infinite()).sum())
    return [f"{infinite} infinite values are treated as missing"] if infinite else []


def _covering(digits: pl.Series, counts: pl.Series) -> int | None:
    """The fewest decimals that 99 % of the rows need, if that is a small number."""
    rows = pl.DataFrame({"d": digits, "n": counts}).group_by("d").agg(pl.col("n").sum()).sort("d")
    share = rows["n"].cum_sum() / rows["n"].sum()
    d = int(rows["d"].filter(share >= 0.99)[0])
    return d if d <= 6 else None


def _with(fmt: NumberFormat, least: int, most: int | None) -> NumberFormat:
    return NumberFormat(least=least, most=most, point=fmt.point, group=fmt.group, prefix=fmt.prefix, suffix=fmt.suffix)


def decimals_of(number: pl.Series, most: int = 6) -> int | None:
    """Digits after the point that suffice for every value of a float column, up to `most`; None if more are needed.

    Example:
        >>> decimals_of(pl.Series([0.5, 1.25]))
        2
    """
    known = number.filter(number.is_finite())
    for d in range(most + 1):
        if (known.round(d) == known).all():
            return d
    return None


def is_whole(number: pl.Series) -> bool:
    """Whether a float column holds whole numbers only, small enough to be exact."""
    known = number.filter(number.is_finite())
    return known.len() > 0 and bool(((known == known.floor()) & (known.abs() < _EXACT)).all())


def read_reals(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Texts to Float64; null where the text is no number."""
    return _to_plain(text, fmt).cast(pl.Float64, strict=False)


def read_wholes(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Texts to Int64; null where the text is no whole number. Exact beyond 2^53, where floats are not."""
    plain = _to_plain(text, fmt).str.replace(r"\.0*$", "")
    number = plain.cast(pl.Float64, strict=False)
    by_float = pl.when((number == number.floor()) & (number.abs() < _EXACT)).then(number).cast(pl.Int64, strict=False)
    return pl.coalesce(plain.cast(pl.Int64, strict=False), by_float)


def write_wholes(number: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Int64 to texts."""
    sign = pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    body = _grouped_text(number.cast(pl.String).str.strip_prefix("-"), fmt)
    tail = fmt.point + "0" * fmt.least if fmt.least else ""
    return _assemble(sign, body, pl.lit(tail), fmt)


def write_reals(number: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Float64 to texts, padded and grouped as the format says."""
    if fmt.most is None or fmt.most > 15:
        text = number.cast(pl.String)
        return _dress(text.str.strip_suffix(".0") if fmt.least == 0 else text, fmt)
    scale = 10.0**fmt.most
    # + 0.0 makes -0.0 plain; where the scaled number leaves the 64-bit integers the shortest text is all there is.
    scaled = (number * scale).round(0) + 0.0
    fits = scaled.abs() < 2.0**63
    digits = pl.when(fits).then(scaled.abs()).cast(pl.Int64).cast(pl.String).str.zfill(fmt.most + 1)
    n = fmt.most
    fraction = digits.str.tail(n) if n else pl.lit("")
    if fmt.most > fmt.least:
        kept = fraction.str.strip_chars_end("0")
        fraction = pl.when(kept.str.len_chars() < fmt.least).then(fraction.str.head(fmt.least)).otherwise(kept)
    point = pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit(fmt.point))
    sign = pl.when(scaled < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    text = _assemble(sign, _grouped_text(digits.str.head(-n) if n else digits, fmt), point + fraction, fmt)
    return pl.when(fits).then(text).otherwise(_dress(number.cast(pl.String), fmt))


def _grouped_text(digits: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    if not fmt.group:
        return digits
    # Regular expressions here know no look-ahead, so the thousands are marked from the right, on reversed texts.
    marked = digits.str.reverse().str.replace_all(r"([0-9]{3})", "${1}" + fmt.group).str.reverse()
    return marked.str.strip_prefix(fmt.group)


def _dress(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    if fmt.point == ",":
        text = text.str.replace(".", ",", literal=True)
    return pl.concat_str(pl.lit(fmt.prefix), text, pl.lit(fmt.suffix))


def _assemble(sign: pl.Expr, body: pl.Expr, tail: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    return pl.concat_str(pl.lit(fmt.prefix), sign, body, tail, pl.lit(fmt.suffix))


def is_number(text: str) -> bool:
    """Whether Python reads this text as a number.

    Example:
        >>> is_number("1e3"), is_number("one")
        (True, False)
    """
    try:
        float(text)
    except ValueError:
        return False
    return True
