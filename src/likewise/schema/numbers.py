"""Numbers written as text: how they are written, and to read and write them so.

Legend: head and tail, what stands before and behind the digits of a number; body, what is between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from likewise.errors import SchemaError
from likewise.schema import spellings
from likewise.schema.durations import DurationFormat


def _ladder(marks: str, step: float = 1e3, first: float = 1.0) -> dict[str, tuple[tuple[str, float], ...]]:
    """Marks of size, each `step` times the one before, glued to the number or with a blank before them."""
    names = marks.split("|")
    ladders = (tuple((gap + name, first * step**i) for i, name in enumerate(names)) for gap in ("", " "))
    return {"|".join(mark for mark, _ in steps): steps for steps in ladders}


# Marks of size that change from number to number, each with what it multiplies by; the empty one is a plain number.
LADDERS: dict[str, tuple[tuple[str, float], ...]] = {
    "万|亿": (("", 1.0), ("万", 1e4), ("亿", 1e8)),
    "萬|億": (("", 1.0), ("萬", 1e4), ("億", 1e8)),
    "K|M|B": (("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9)),
    "k|M|G": (("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)),
    "K|M|B|T": (("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)),
    "K|M|G|T": (("", 1.0), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)),
    **_ladder("B|KB|MB|GB|TB|PB"), **_ladder("B|kB|MB|GB|TB|PB"), **_ladder("B|KiB|MiB|GiB|TiB|PiB", 1024),
    **_ladder("bytes|KB|MB|GB|TB|PB"), **_ladder("mg|g|kg|t"), **_ladder("ns|us|ms|s"), **_ladder("ns|µs|ms|s"),
    **_ladder("ml|l"), **_ladder("mL|L"), **_ladder("m|km"), **_ladder("mm|m|km"), **_ladder("W|kW|MW|GW"),
    **_ladder("k|m|bn", 1e3, 1e3), **_ladder("k|m|b", 1e3, 1e3), **_ladder("K|m|bn", 1e3, 1e3),
    **_ladder("million|billion|trillion", 1e3, 1e6),
    **_ladder("mn|bn", 1e3, 1e6), **_ladder("lakh|crore", 1e2, 1e5), **_ladder("lakhs|crores", 1e2, 1e5),
    **_ladder("Tsd.|Mio.|Mrd.", 1e3, 1e3), **_ladder("тыс.|млн|млрд", 1e3, 1e3), **_ladder("mil|mln|mld", 1e3, 1e3),
    **_ladder("Wh|kWh|MWh|GWh"), **_ladder("Hz|kHz|MHz|GHz"), **_ladder("kbps|Mbps|Gbps"),
}  # fmt: skip

# The largest whole number below which every whole number is exact in float64.
_EXACT = 2**53

_CORE = (
    r"(?P<pad>\?*)(?:#(?P<group>[,. '\u2019\u00a0\u202f_])(?P<lakh>##(?P=group))?##)?(?P<digits>0+|#(?=[.,]))"
    r"(?:(?P<point>[.,])(?P<least>0*)(?P<more>\*|#*))?(?P<exponent>[eE]\+?0+)?"
    r"(?P<cents>\[[.,][-\u2013\u2014]+\])?"
)
_PATTERN = re.compile(rf"(?P<prefix>[^0#?;\[]*){_CORE}(?P<scale>\[[^\]]+\])?(?P<suffix>[^;0#?*\[]*)")


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """How a column's numbers are written. Patterns are those of spreadsheets, with a few marks more.

    `#,##0.00`, `$0.00;-$0.00`, `0.0 kg`, `0.00;(0.00)`, `+0.00;-0.00`, `???0.0` (blanks up to a width of six),
    `0.000e+00`, `#,##,##0` (lakhs), `0.#[万|亿]` (the mark that fits the size), `€ 0,00[,-]` (`€ 5,-` for whole ones),
    `０．０` (full-width digits).

    Args:
        least: digits after the point that are always written.
        most: digits after the point at most; None for as many as the number needs.
        point, group, prefix, suffix: decimal point, thousands mark, and what stands before and behind every number.
        negative: what stands before and behind a negative number instead; None for the prefix, a hyphen, the suffix.
        digits: digits before the point at least, filled up with zeros.
        pad: blanks that a number of one digit before the point has before it; others have as many as fill that width.
        lakhs: whether groups beyond the first are of two digits, as in India.
        exponent: the mark of the exponent, its sign and zeros ("e+00"); empty for none.
        scale: a key of `LADDERS`, with the decimals of a mark behind it where marks differ (`K:0|M:1`); empty for none.
        cents: what stands in place of decimals that are all nought, such as ",-".
        script: the nought of another script's digits, such as the full-width ones of Chinese and Japanese texts, and
            its point behind it where its own marks are used (`spellings.script_of`).

    Example:
        >>> NumberFormat.from_pattern("#,##0.0#") == NumberFormat(least=1, most=2, group=",")
        True
        >>> NumberFormat.from_pattern("0.00 €;(0.00 €)").negative
        ('(', ' €)')
    """

    least: int = 0
    most: int | None = None
    point: str = "."
    group: str = ""
    prefix: str = ""
    suffix: str = ""
    negative: tuple[str, str] | None = None
    digits: int = 1
    pad: int = 0
    lakhs: bool = False
    exponent: str = ""
    scale: str = ""
    script: str = ""
    cents: str = ""

    @property
    def pattern(self) -> str:
        zeros = "0" * self.digits or "#"
        head = f"#{self.group}{f'##{self.group}' if self.lakhs else ''}##{zeros}" if self.group else zeros
        tail = "*" if self.most is None else "#" * (self.most - self.least)
        point = self.point if self.least or tail else ""
        core = f"{head}{point}{'0' * self.least}{tail}{self.exponent}" + (f"[{self.cents}]" if self.cents else "")
        scale = f"[{self.scale}]" if self.scale else ""
        text = f"{self.prefix}{'?' * self.pad}{core}{scale}{self.suffix}"
        if self.negative is not None:
            text += f";{self.negative[0]}{core}{scale}{self.negative[1]}"
        return spellings.in_script(text, self.script) if self.script else text

    @classmethod
    def from_pattern(cls, pattern: str) -> NumberFormat:
        """Raises SchemaError for a text that is no pattern."""
        plain = spellings.ascii_of(pattern)
        first, _, second = plain.partition(";")
        match = _PATTERN.fullmatch(first)
        below = _PATTERN.fullmatch(second) if second else None
        if (
            match is None
            or (second and below is None)
            or re.sub(r":\d", "", match["scale"] or "[]")[1:-1] not in (*LADDERS, "")
        ):
            raise SchemaError(
                f"{pattern!r} is not a number format; write it like '0.00', '0.0#', '0.*', '#,##0.00', '0.0 kg' or "
                "'0.00;(0.00)'"
            )
        part = match.groupdict(default="")
        least = len(part["least"])
        most = None if part["more"] == "*" else least + len(part["more"])
        return cls(
            least=least, most=most, point=part["point"] or ("," if part["group"] == "." else "."),
            group=part["group"], prefix=part["prefix"], suffix=part["suffix"], digits=part["digits"].count("0"),
            negative=None if below is None else (below["prefix"], below["suffix"] or ""),
            pad=len(part["pad"]), lakhs=bool(part["lakh"]), exponent=part["exponent"], scale=part["scale"][1:-1],
            cents=part["cents"][1:-1], script=spellings.script_of([pattern]),
        )  # fmt: skip


Format = NumberFormat | DurationFormat


def format_of(pattern: str) -> Format:
    """How numbers are written by this pattern; raises SchemaError for a text that is none."""
    return DurationFormat(pattern) if "{" in pattern else NumberFormat.from_pattern(pattern)


def steps_of(scale: str) -> list[tuple[str, float, int | None]]:
    """Mark, size and decimals of each step of a ladder as formats name it; the decimals are None where any may be."""
    told = [mark.partition(":")[::2] for mark in scale.split("|")]
    decimals = {mark: int(n) for mark, n in told if n}
    return [(mark, size, decimals.get(mark)) for mark, size in LADDERS["|".join(mark for mark, _ in told)]]


def marks_of(fmt: NumberFormat) -> str:
    """The marks of size of a format, longer ones first, as alternatives."""
    return "|".join(sorted((re.escape(mark) for mark, *_ in steps_of(fmt.scale) if mark), key=len, reverse=True))


def below_zero(fmt: NumberFormat) -> tuple[str, str]:
    return fmt.negative or (fmt.prefix + "-", fmt.suffix)


def widened(number: pl.Series) -> pl.Series:
    """Half floats as single ones, for Polars does not round halves; all else as it is."""
    return number.cast(pl.Float32) if number.dtype == pl.Float16 else number


def decimals_of(number: pl.Series, most: int = 6) -> int | None:
    """Digits after the point that suffice for every value of a float column, up to `most`; None if more are needed.

    Example:
        >>> decimals_of(pl.Series([0.5, 1.25]))
        2
    """
    known = number.filter(number.is_finite())
    for d in range(most + 1):
        if (widened(known).round(d).cast(known.dtype) == known).all():
            return d
    return None


def is_whole(number: pl.Series) -> bool:
    """Whether a float column holds whole numbers only, small enough to be exact."""
    known = widened(number.filter(number.is_finite()))
    return known.len() > 0 and bool(((known == known.floor()) & (known.abs() < _EXACT)).all())


# ---- reading -----------------------------------------------------------------------------------------------------


def read_reals(text: pl.Expr, fmt: Format) -> pl.Expr:
    """Texts to Float64; null where the text is no number."""
    if isinstance(fmt, DurationFormat):
        return fmt.read(text)
    if not fmt.scale:
        return to_plain(text, fmt).cast(pl.Float64, strict=False)
    bare, factor = text.str.strip_chars().str.strip_suffix(fmt.suffix), pl.lit(1.0)
    for mark, size, _ in sorted(
        steps_of(fmt.scale), key=lambda step: len(step[0])
    ):  # a longer one ends in shorter ones
        if mark:
            factor = pl.when(bare.str.ends_with(mark)).then(size).otherwise(factor)
    plain = to_plain(bare.str.replace(rf"(?:{marks_of(fmt)})$", ""), fmt)
    number = plain.cast(pl.Float64, strict=False) * factor
    return pl.when(factor < 1e6).then(number.round(6)).otherwise(number.round(2))


def read_wholes(text: pl.Expr, fmt: Format) -> pl.Expr:
    """Texts to Int64; null where the text is no whole number. Exact beyond 2^53, where floats are not."""
    if isinstance(fmt, DurationFormat) or fmt.scale:
        number = read_reals(text, fmt)
        return pl.when(number == number.floor()).then(number).cast(pl.Int64, strict=False)
    plain = to_plain(text, fmt).str.replace(r"\.0*$", "")
    number = plain.cast(pl.Float64, strict=False)
    by_float = pl.when((number == number.floor()) & (number.abs() < _EXACT)).then(number).cast(pl.Int64, strict=False)
    return pl.coalesce(plain.cast(pl.Int64, strict=False), by_float)


def to_plain(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """The text with blanks, signs of currency, thousands marks and decimal commas made plain."""
    text = text.str.strip_chars()
    if fmt.script:
        text = spellings.in_ascii(text)
    above = text
    if fmt.prefix:
        above = above.str.strip_prefix(fmt.prefix)
    if fmt.suffix:
        above = above.str.strip_suffix(fmt.suffix)
    above = _bare_body(above, fmt)
    if fmt.negative is None:
        return above
    head, tail = fmt.negative
    inner = text.str.strip_prefix(head).str.strip_suffix(tail)
    is_below = text.str.starts_with(head) & text.str.ends_with(tail)
    return pl.when(is_below).then(pl.lit("-") + _bare_body(inner, fmt)).otherwise(above)


def _bare_body(text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    if fmt.cents:
        text = text.str.strip_suffix(fmt.cents)
    if fmt.group:
        text = text.str.replace_all(fmt.group, "", literal=True)
    if fmt.point == ",":
        text = text.str.replace(",", ".", literal=True)
    return text


def applied(series: pl.Series, expr: pl.Expr) -> pl.Series:
    return series.to_frame("").select(expr).to_series()


# ---- writing -----------------------------------------------------------------------------------------------------


def write_wholes(number: pl.Expr, fmt: Format) -> pl.Expr:
    """Int64 to texts."""
    if isinstance(fmt, DurationFormat) or fmt.scale or fmt.exponent:
        return write_reals(number.cast(pl.Float64), fmt)
    body = number.cast(pl.String).str.strip_prefix("-")
    tail = fmt.cents or (fmt.point + "0" * fmt.least if fmt.least else "")
    return _assemble(number < 0, _grouped_text(body, fmt) + pl.lit(tail), fmt)


def write_reals(number: pl.Expr, fmt: Format, *, huge: bool = True) -> pl.Expr:
    """Float64 to texts, padded and grouped as the format says.

    Args:
        huge: whether there may be numbers of more digits than 64 bits hold, decimals included.
    """
    if isinstance(fmt, DurationFormat):
        return fmt.write(number)
    if fmt.scale:
        return _scaled_text(number, fmt)
    if fmt.exponent:
        return _powers(number, fmt)
    if fmt.most is None or fmt.most > 15:
        text = number.abs().cast(pl.String)
        return _dress(number < 0, text.str.strip_suffix(".0") if fmt.least == 0 else text, fmt)
    scale = 10.0**fmt.most
    # Where the scaled number leaves the 64-bit integers, 128 bits hold it, or the shortest text is all there is.
    scaled = (number * scale).round(0)
    size = scaled.abs()
    if huge:
        digits = pl.when(size < 2.0**63).then(size).cast(pl.Int64).cast(pl.String)
        beyond = pl.when((size >= 2.0**63) & (size < 2.0**126) & (number.abs() < _EXACT)).then(size)
        whole = pl.when((number.abs() >= _EXACT) & (size < 2.0**126)).then(number.abs())  # which has no fraction
        digits = digits.fill_null(beyond.cast(pl.Int128).cast(pl.String))
        digits = pl.coalesce(whole.cast(pl.Int128).cast(pl.String) + "0" * fmt.most, digits)
    else:
        digits = size.cast(pl.Int64).cast(pl.String)
    digits = digits.str.zfill(fmt.most + 1)
    n = fmt.most
    fraction = digits.str.tail(n) if n else pl.lit("")
    if fmt.most > fmt.least:
        kept = fraction.str.strip_chars_end("0")
        fraction = pl.when(kept.str.len_chars() < fmt.least).then(fraction.str.head(fmt.least)).otherwise(kept)
    point = pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit(fmt.point))
    after = point + fraction
    if fmt.cents:
        after = pl.when(fraction.str.strip_chars("0") == "").then(pl.lit(fmt.cents)).otherwise(after)
    text = _assemble(scaled < 0, _grouped_text(digits.str.head(-n) if n else digits, fmt) + after, fmt)
    if not huge:
        return text
    return pl.when(size < 2.0**126).then(text).otherwise(_dress(number < 0, number.abs().cast(pl.String), fmt))


def _scaled_text(number: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Each number with the mark of its size."""
    plain = replace(fmt, scale="")
    steps = steps_of(fmt.scale)
    bare = steps[0][1] == 1.0  # what is too small for a mark has no decimals
    text = (
        write_reals(number, replace(plain, suffix=steps[0][0] + fmt.suffix, least=0, most=None)) if bare else pl.lit("")
    )
    for mark, size, n in steps[bare:]:
        of_mark = replace(
            plain, suffix=mark + fmt.suffix, least=plain.least if n is None else n, most=plain.most if n is None else n
        )
        is_least = not bare and mark == steps[0][0]
        text = (
            pl.when(pl.lit(is_least) | (number.abs() >= size)).then(write_reals(number / size, of_mark)).otherwise(text)
        )
    return text


def _powers(number: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """Numbers as mantissa and exponent."""
    size = number.abs()
    power = pl.when(size > 0).then(size.log10().floor()).otherwise(0.0)
    digits = 6 if fmt.most is None else fmt.most
    mantissa = (size / pl.lit(10.0).pow(power)).round(digits)
    power = pl.when(mantissa >= 10).then(power + 1).when((mantissa < 1) & (size > 0)).then(power - 1).otherwise(power)
    mantissa = size / pl.lit(10.0).pow(power)
    mark = fmt.exponent[0]
    sign = pl.when(power < 0).then(pl.lit("-")).otherwise(pl.lit("+" if "+" in fmt.exponent else ""))
    body = write_reals(mantissa, NumberFormat(least=fmt.least, most=digits, point=fmt.point))
    exponent = power.abs().cast(pl.Int64, strict=False).cast(pl.String).str.zfill(fmt.exponent.count("0"))
    return _assemble(number < 0, pl.concat_str(body, pl.lit(mark), sign, exponent), fmt)


def _grouped_text(digits: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    if fmt.digits > 1:
        digits = digits.str.zfill(fmt.digits)
    if fmt.digits == 0:
        digits = digits.str.replace("^0$", "")
    if not fmt.group:
        return digits
    # Regular expressions here know no look-ahead, so the thousands are marked from the right, on reversed texts.
    backwards = digits.str.reverse()
    if fmt.lakhs:
        high = backwards.str.slice(3).str.replace_all(r"([0-9]{2})", "${1}" + fmt.group).str.reverse()
        rest = pl.concat_str(high.str.strip_prefix(fmt.group), pl.lit(fmt.group), digits.str.tail(3))
        return pl.when(digits.str.len_chars() > 3).then(rest).otherwise(digits)
    marked = backwards.str.replace_all(r"([0-9]{3})", "${1}" + fmt.group).str.reverse()
    return marked.str.strip_prefix(fmt.group)


def _dress(below: pl.Expr, text: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    return _assemble(below, text.str.replace(".", ",", literal=True) if fmt.point == "," else text, fmt)


def _assemble(below: pl.Expr, body: pl.Expr, fmt: NumberFormat) -> pl.Expr:
    """The body between what stands before and behind it."""
    head, tail = below_zero(fmt)
    lead = pl.when(below).then(pl.lit(head)).otherwise(pl.lit(fmt.prefix))
    follow = pl.when(below).then(pl.lit(tail)).otherwise(pl.lit(fmt.suffix)) if tail != fmt.suffix else pl.lit(tail)
    text = pl.concat_str(lead, body, follow)
    if fmt.pad:
        width = fmt.pad + 1 + ((fmt.most or 0) + 1 if fmt.most else 0) + len(fmt.suffix)
        text = text.str.pad_start(width)
    if fmt.script:
        table = spellings.table_to(fmt.script)
        text = text.str.replace_many(list(table), list(table.values()))
    return text


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
