"""How the numbers of a column of texts are written: found from the texts.

Legend: head and tail, what stands before and behind the digits of a number; body, what is between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from likewise.schema import spellings
from likewise.schema.numbers import LADDERS, NumberFormat, applied, below_zero, marks_of, read_reals, to_plain
from likewise.schema.vocabulary import words

# What a plain number looks like: sign, digits, point, exponent; or an infinity.
PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity)$"
# A whole number and an exponent without a sign: as a lab's serials and rooms are written too ("3201E82", "4E18").
_BARE_POWER = r"^[+-]?[0-9]+[eE][0-9]+$"
_LED = pl.first().filter(
    pl.first().str.starts_with("0") | pl.first().str.starts_with("-0") | pl.first().str.starts_with("+0")
)
_ZEROS = r"^[+-]?0[0-9]+$"
_MINUS = "-\u2212\u2013\uff0d\u25b2\u25b3"  # hyphen, minus, dash, full-width minus, and the triangles of Japanese books
_BLANK = " \u00a0\u202f\u3000"
_GROUPS = ",. '\u2019\u00a0\u202f_"
_CENTS = r"[.,](?:[-\u2013]{1,2}|\u2014)"
_PARTS = rf"^(?s)([^0-9]*?)([.,]?[0-9](?:[0-9{_GROUPS}]*[0-9])?\.?(?:[eE][+-]?[0-9]+)?)([^0-9].*)?$"
"""A number in its surroundings: head, body, tail."""

# What may stand beside a number and leave it one. Letters before it otherwise make it a code ("A12"), as do letters
# glued behind it that are no unit ("12B").
_MONEY = frozenset(words("numbers.money"))
_NO_CENTS = frozenset(("Rp", "IDR", "₫", "đ", "VND", "COP", "CLP", "₲", "PYG", "₩", "KRW"))
"""Currencies of which a point before three digits is a thousands mark."""
_UNITS = frozenset(words("numbers.units"))

# Beyond this many digits after the point a text holds binary noise (0.30000000000000004), not a measurement.
MOST_DECIMALS = 12
MOST_DIGITS = 16
# Formats are guessed from this many distinct values, and the best then reads all of them.
_LOOK_AT = 1_000

COMMA_UNSURE = "the comma is read as a thousands mark; a decimal comma would look the same"
POINT_UNSURE = "the point is read as a decimal point; a thousands mark would look the same"
UNSURE = frozenset({COMMA_UNSURE, POINT_UNSURE})
"""Notes of columns that alone do not tell what their comma or point is; other columns of the file may."""


@dataclass(frozen=True, kw_only=True)
class NumberTexts:
    """What `detect` found.

    Args:
        format: how they are written.
        is_whole: whether all are whole.
        decimals: digits after the point; None if unclear.
        notes: for the user.
        odd: rows that hold no number in this format.
    """

    format: NumberFormat
    is_whole: bool
    decimals: int | None
    notes: tuple[str, ...] = ()
    odd: int = 0


def few(odd: int, total: int) -> bool:
    """Whether rows that do not read as the others are so few that they are slips, not another kind of value.

    Example:
        >>> few(1, 3_000), few(1, 99), few(40, 3_000)
        (True, False, False)
    """
    return 100 * odd <= total


def detect(
    values: pl.Series, counts: pl.Series, *, decimal: str | None = None, zeros: bool = False
) -> NumberTexts | None:
    """How these distinct texts are written as numbers; None if they are no numbers, but for a few slips.

    Codes with leading zeros ("007") are not numbers: their zeros carry meaning. Nor are codes with an E ("3201E82").

    Args:
        values: (k,) distinct texts, none missing.
        counts: (k,) rows of each.
        decimal: the decimal mark of the other numbers of the file, "." or ","; decides where a column could be either.
        zeros: read codes with leading zeros or an E too, as somebody says that they are numbers.
    """
    total = int(counts.sum())
    if not total:
        return None
    bare = values.str.strip_chars()
    plain = bare.str.contains(PLAIN)
    led = _led_by_zero(bare)
    if not zeros and len(led) and led.str.contains(_ZEROS).any():
        coded = bare.is_in(led.filter(led.str.contains(_ZEROS)).implode())
        if _is_code(bare, counts, coded, total):
            return None
        zeroed = int(counts.filter(coded).sum())
    else:
        zeroed = 0
    odd = total - int(counts.filter(plain).sum())
    if not few(odd, total):
        return _dressed(bare, values, counts, decimal, zeros)
    if not zeros and _are_codes_with_e(bare.filter(plain)):
        return None
    if decimal != "." and _grouped_points(bare, forced=decimal == ","):
        grouped = _dressed(bare, values, counts, ",", zeros)
        if grouped is not None and grouped.format.group == ".":
            return grouped
    notes: tuple[str, ...] = (
        (POINT_UNSURE,) if decimal is None and _all(bare.filter(plain), r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$") else ()
    )
    notes += (f"leading zeros in {zeroed} rows are not kept",) if zeroed else ()
    values, bare, counts = (s.filter(plain) for s in (values, bare, counts)) if odd else (values, bare, counts)
    fmt = NumberFormat()
    if bare.str.starts_with("+").any() and not bare.str.contains(r"^0*[1-9]|^0*\.0*[1-9]").any():
        fmt = NumberFormat(prefix="+", negative=("-", ""))
        bare = bare.str.strip_prefix("+")
    return _measure(bare, values, counts, fmt, notes, odd, zeros)


def _led_by_zero(texts: pl.Series) -> pl.Series:
    """Those that begin with a zero, a sign before it or not: few of most columns, so that they are cheap to look at."""
    return applied(texts, _LED)


def _is_code(bare: pl.Series, counts: pl.Series, coded: pl.Series, total: int) -> bool:
    """Whether leading zeros make these texts codes: more than a few have them, or all texts are of one width."""
    lengths = bare.filter(bare.str.contains(r"^[0-9]+$")).str.len_chars()
    return not few(int(counts.filter(coded).sum()), total) or lengths.min() == lengths.max()


def _are_codes_with_e(plain: pl.Series) -> bool:
    """Whether plain numbers with an E are codes: no exponent has a sign, no mantissa a point, and not all mantissas
    are of one digit, as those of numbers are, or there is nothing else, or whole numbers that the writer would have
    shortened too, or of quite another size: nobody writes 3e1 for 30."""
    powers = plain.filter(plain.str.contains(r"[0-9.][eE][+-]?[0-9]"))
    if powers.is_empty() or not _all(powers, _BARE_POWER):
        return False
    if len(powers) == len(plain) or not _all(powers, r"^[+-]?[1-9][eE]"):
        return True
    others = plain.filter(~plain.is_in(powers.implode()))
    if not _all(others, r"^[+-]?[0-9]+$"):
        return False
    most, sizes = (s.cast(pl.Float64, strict=False).abs() for s in (others, powers))
    longer = sizes.min() < 1_000 or others.str.contains(r"^[1-9]0{4,}$").any()  # type: ignore[operator]
    return bool(longer or sizes.max() > 1_000 * most.max())  # type: ignore[operator]


def _grouped_points(bare: pl.Series, *, forced: bool) -> bool:
    """Whether points group thousands ("1.234" beside "583"), where every text could be a plain number as well.

    A writer that leaves trailing zeros out never ends a fraction in 0, one that keeps them writes a point everywhere: a
    column with "1.230" and "583", or "12345", is grouped. Else the other columns of the file must say so.
    """
    if not _all(bare, r"^[+-]?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(\.[0-9]{3})*)$"):
        return False
    whole, grouped = bare.str.contains(r"^[+-]?[0-9]+$"), bare.str.contains(".", literal=True)
    if not grouped.any():
        return False
    return forced or bool(whole.any() and bare.str.ends_with("0").filter(grouped).any())


# ---- numbers in their surroundings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sides:
    """What stands before and behind the digits, and which of these pairs make a number negative."""

    prefix: str
    suffix: str
    negative: tuple[str, str] | None
    scale: str = ""


def _dressed(
    bare: pl.Series, values: pl.Series, counts: pl.Series, decimal: str | None, zeros: bool
) -> NumberTexts | None:
    """Numbers with signs of currency, units, brackets, groups, decimal commas, full-width digits."""
    step = max(1, bare.len() // _LOOK_AT)
    some, rows = bare.gather_every(step), counts.gather_every(step)
    if some.str.contains(r"\p{Nd}").mean() < 0.9:  # type: ignore[operator]
        return None
    script = spellings.script_of(some.to_list())
    looked, cents = _split(spellings.in_ascii(some) if script else some, rows)
    sides, body = _sides(looked), looked["body"].drop_nulls()
    if decimal is None and sides and _grouped_points(body, forced=(sides.prefix + sides.suffix).strip() in _NO_CENTS):
        decimal = ","
    layout = _layout(looked["body"], rows, decimal)
    if sides is None or layout is None:
        return None
    group, lakhs, point = layout
    fmt = NumberFormat(
        prefix=sides.prefix, suffix=sides.suffix, negative=sides.negative, scale=sides.scale, script=script,
        group=group, lakhs=lakhs, point=point, cents=cents,
    )  # fmt: skip
    thin = spellings.in_ascii(bare) if script else bare
    fits = thin.str.contains(_whole_pattern(fmt))
    odd = int(counts.sum()) - int(counts.filter(fits).sum())
    if not few(odd, int(counts.sum())):
        return None
    if odd:
        thin, values, counts = thin.filter(fits), values.filter(fits), counts.filter(fits)
    if fmt.scale:
        marks = pl.first().str.strip_suffix(fmt.suffix).str.replace(rf"(?:{marks_of(fmt)})$", "")
        scaled: pl.Series | None = applied(thin, read_reals(pl.first(), fmt))
        thin = applied(thin, marks)
    else:
        scaled = None
    plain = applied(thin, to_plain(pl.first(), replace(fmt, script="")))
    if not zeros and not fmt.scale and _led_by_zero(plain).str.contains(_ZEROS).any():
        return None
    if not (group or point == "," or fmt.scale or script or _is_measure(fmt, plain)):
        return None
    mark = re.search(r"[^\W\d_]{1,2}\.?", "".join(sides.negative)) if sides.negative else None
    is_booked = mark is not None and mark[0] in {word for pair in _BOOKED for word in pair}
    notes: tuple[str, ...] = (f"numbers with {mark[0]!r} are read as below zero",) if is_booked and mark else ()
    if decimal is None and not group and point == "." and _all(body, r"^[1-9][0-9]{0,2}\.[0-9]{3}$"):
        notes += (POINT_UNSURE,)
    if group == "," and decimal is None and body.str.contains(r"^[0-9]+$|^[0-9]{1,3},[0-9]{3}$").all():
        ends = body.filter(body.str.ends_with("0"))
        if not (body.str.contains(r"^[0-9]+$").any() and ends.str.contains(",").any()):
            notes += (COMMA_UNSURE,)
    if group and body.str.contains("^[0-9]{4}").any():
        notes += ("some numbers lack the thousands marks of the others: all are written back with them",)
    return _measure(plain, values, counts, fmt, notes, odd, zeros, scaled)


def _whole_pattern(fmt: NumberFormat) -> str:
    """The regular expression of a whole text in this format."""
    body = _grouped(fmt.group, fmt.point, lakhs=fmt.lakhs).strip("^$")
    body += f"(?:{re.escape(fmt.cents)})?" if fmt.cents else ""
    tail = (f"(?:{marks_of(fmt)})?" if fmt.scale else "") + re.escape(fmt.suffix)
    heads = {fmt.prefix, fmt.prefix.lstrip("+"), "-", fmt.prefix + "-"}
    above = "|".join(re.escape(head) for head in sorted(heads, key=len, reverse=True))
    head, end = below_zero(fmt)
    below = f"{re.escape(head)}{body}{tail if fmt.scale else re.escape(end)}"
    return f"^(?:(?:{above}){body}{tail}|{below})$"


def _split(bare: pl.Series, counts: pl.Series) -> tuple[pl.DataFrame, str]:
    """head, body, tail and rows of each text, null where it has no digit; and what stands in place of noughts after the
    point (`928,-`), which is in neither."""
    marks = bare.str.extract(rf"[0-9]({_CENTS})").drop_nulls()
    if len(marks):
        bare = bare.str.replace(rf"([0-9]){_CENTS}", "${1}")
    got = bare.rename("t").to_frame().select(pl.col("t").str.extract_groups(_PARTS).alias("g")).unnest("g")
    got.columns = ["head", "body", "tail"]
    return got.with_columns(pl.col("head", "tail").fill_null(""), rows=counts), str(marks[0]) if len(marks) else ""


def _sides(parts: pl.DataFrame) -> _Sides | None:
    """The pairs of head and tail that nearly all rows have, without their signs; None if there are too many."""
    pairs = parts.drop_nulls("body").group_by("head", "tail").agg(pl.col("rows").sum()).sort("rows", descending=True)
    total, found = int(parts["rows"].sum()), dict[tuple[str, str], dict[tuple[str, str, bool], int]]()
    scale, end = _ladder(pairs, total)
    if booked := _booked(parts, pairs, total):
        return booked
    for head, tail, rows in pairs.head(200).iter_rows():
        head, tail, negative = _unsigned(head, end if scale else tail)
        ways = found.setdefault((head[0], tail), {})
        way = (head[1], negative[1], negative[0])
        ways[way] = ways.get(way, 0) + rows
    if not found:
        return None
    (prefix, suffix), ways = max(found.items(), key=lambda item: sum(item[1].values()))
    if not _nearly(sum(ways.values()), total) or not (_may_lead(prefix) and _may_follow(suffix)):
        return None
    below = [(head, tail) for (head, tail, negative) in ways if negative]
    above = [(head, tail) for (head, tail, negative) in ways if not negative]
    lead, follow = above[0] if above else (prefix, suffix)
    usual = (prefix + "-", suffix)
    special = below[0] if below and below[0] != usual else None
    if lead.startswith("+") and len({h for h, _ in above}) > 1:
        lead = prefix  # a plus now and then is no rule
    if special is None and lead.startswith("+"):
        special = ("-" + lead[1:], follow)
    return _Sides(lead, follow, special, scale)


_BOOKED = (("CR", "DR"), ("Cr", "Dr"), ("cr", "dr"), ("Cr.", "Dr."), ("Ma", "Wn"), ("C", "D"), ("H", "S"),
           ("° N", "° S"), ("°N", "°S"), ("N", "S"), ("° E", "° W"), ("°E", "°W"), ("E", "W"))  # fmt: skip
"""What stands behind what is credited and what is debited, or before it; and behind degrees of the globe."""


def _booked(parts: pl.DataFrame, pairs: pl.DataFrame, total: int) -> _Sides | None:
    """Sides that tell credit from debit, or north from south: both are marked, and a debit is below zero; or one of
    them alone is (by two letters), and that is what is below zero. None for others."""
    for side, other in (("tail", "head"), ("head", "tail")):
        rows, others = (dict(pairs.group_by(s).agg(pl.col("rows").sum()).iter_rows()) for s in (side, other))
        constant = max(others, key=lambda text: others[text], default="")
        if not _nearly(others.get(constant, 0), total) or not (_may_lead(constant) or _may_follow(constant)):
            continue
        for plus, minus in _BOOKED:
            if len(plus.strip("° ")) == 1 and not _all(parts["body"].drop_nulls(), r"[.,][0-9]{2,}$"):
                continue  # "12C" is a seat
            found = {text.strip(_BLANK): text for text in rows}
            ways = [(plus, minus), ("", minus), ("", plus)] if plus.isalpha() and len(plus) > 1 else [(plus, minus)]
            for up, down in ways:
                if up in found and down in found and _nearly(rows[found[up]] + rows[found[down]], total):
                    sides = (found[up], constant), (found[down], constant)
                    (head, tail), below = sides if side == "head" else (sides[0][::-1], sides[1][::-1])
                    return _Sides(head, tail, below)
    return None


def _unsigned(head: str, tail: str) -> tuple[tuple[str, str], str, tuple[bool, str]]:
    """(head without its sign, as it was), tail without its sign, (whether negative, tail as it was)."""
    marks = rf"[{re.escape(_MINUS)}]"
    bare_head, bare_tail, negative = head, tail, False
    if tail.startswith(("/-", "/=", ":-")):  # in place of cents that nobody pays
        (bare_head, head), _, (negative, _) = _unsigned(head, "")
    elif "(" in head and ")" in tail and "Date" not in head:
        bare_head, bare_tail, negative = head.replace("(", "", 1), tail.replace(")", "", 1), True
    elif re.search(marks + rf"[{_BLANK}]*$", head):
        bare_head, negative = re.sub(marks + rf"[{_BLANK}]*$", "", head), True
    elif re.match(marks, head):
        bare_head, negative = re.sub("^" + marks + rf"[{_BLANK}]*", "", head), True
    elif re.search(rf"^[{_BLANK}]?[-\u2212\uff0d]", tail):
        bare_tail, negative = re.sub(rf"^[{_BLANK}]?[-\u2212\uff0d]", "", tail), True
    elif re.search(rf"[{_BLANK}]?[-\u2212\uff0d]$", tail):
        bare_tail, negative = re.sub(rf"[{_BLANK}]?[-\u2212\uff0d]$", "", tail), True
    elif head.startswith("+") or head.endswith("+"):
        bare_head = head.strip("+")
    return (bare_head, head), bare_tail, (negative, tail)


def _ladder(pairs: pl.DataFrame, total: int) -> tuple[str, str]:
    """The marks of size that the tails are, if they are more than one of a ladder, and the unit that stands behind each
    of them."""
    rows = dict(pairs.group_by("tail").agg(pl.col("rows").sum()).iter_rows())
    first = min((tail for tail in rows if tail and 100 * rows[tail] >= total), key=len, default="")
    ends = [first[i:] for i in range(len(first)) if first[i:].strip(_BLANK) in (*_MONEY, *_UNITS)]
    for end in ("", *ends):
        marked = {tail.removesuffix(end): n for tail, n in rows.items() if tail.endswith(end)}
        for name, steps in LADDERS.items():
            marks = [mark for mark, _ in steps]
            if sum(mark in marked for mark in marks) >= 2 and _nearly(sum(marked.get(m, 0) for m in marks), total):
                return name, end
    return "", ""


def _may_lead(prefix: str) -> bool:
    return prefix.strip(_BLANK) in ("", "~", "≈", *_MONEY)


def _may_follow(suffix: str) -> bool:
    """A unit, a currency, or any short word or two with a blank before."""
    word = suffix.strip(_BLANK)
    if word == "Uhr":
        return False
    return word in ("", *_MONEY, *_UNITS) or bool(
        re.fullmatch(
            rf"[{_BLANK}](?:[^\W\d_]|[€$£¥₹°µ%])[^\d;#\[\]]{{0,23}}|°[{_BLANK}]?[NSEWO]|[^\W\d_]{{1,6}}\.?|[^\W\d_]+[/²³][^\d;#\[\]]{{0,12}}",
            suffix,
        )
    )


def _is_measure(fmt: NumberFormat, plain: pl.Series) -> bool:
    """Whether a number with a word glued to it is one: a known unit, or a fraction, which no code has."""
    word = fmt.suffix.strip(_BLANK)
    if not word or word in _MONEY or word in _UNITS or fmt.suffix != word:
        return True
    return bool(plain.str.contains(".", literal=True).mean() > 0.2)  # type: ignore[operator]


def _layout(body: pl.Series, rows: pl.Series, decimal: str | None) -> tuple[str, bool, str] | None:
    """Group, lakhs and point that read most of the bodies, the first of several; None if none reads nearly all."""
    comma = [(",", False, "."), ("", False, ",")]
    first = [("", False, "."), *comma, (".", False, ",")]
    if decimal == ",":
        first = [("", False, ","), (".", False, ","), ("", False, "."), (",", False, ".")]
    others = [(g, False, p) for g in _GROUPS[2:] for p in ",."]
    best, most = None, 0
    for group, lakhs, point in (*first, *others, (",", True, ".")):
        read = int(rows.filter(body.str.contains(_grouped(group, point, lakhs=lakhs)).fill_null(False)).sum())
        if read > most:
            best, most = (group, lakhs, point), read
    return best if _nearly(most, int(rows.sum())) else None


def _nearly(read: int, total: int) -> bool:
    """Whether so many of a sample read alike that all rows may."""
    return 20 * (total - read) <= total


def _grouped(group: str, point: str, *, lakhs: bool = False) -> str:
    """The regular expression of a body with this thousands mark, which may lack, and decimal point."""
    g, p = re.escape(group), re.escape(point)
    if not group:
        return rf"^(?:[0-9]+(?:{p}[0-9]*)?|{p}[0-9]+)(?:[eE][+-]?[0-9]+)?$"
    head = (
        rf"(?:[1-9][0-9]?(?:{g}[0-9]{{2}})*{g}[0-9]{{3}}|[0-9]+)"
        if lakhs
        else (rf"(?:[1-9][0-9]{{0,2}}(?:{g}[0-9]{{3}})+|[0-9]+)")
    )
    return rf"^{head}(?:{p}[0-9]+)?$"


# ---- decimals, padding, exponents --------------------------------------------------------------------------------


def _measure(
    plain: pl.Series, values: pl.Series, counts: pl.Series, fmt: NumberFormat, notes: tuple[str, ...], odd: int,
    zeros: bool = False, scaled: pl.Series | None = None,
) -> NumberTexts | None:  # fmt: skip
    """Decimals and padding of plain number texts, None of sections; `values` are the same as the cells hold them."""
    number = plain.cast(pl.Float64, strict=False)
    infinite = int(counts.filter(number.is_infinite()).sum())
    notes += (f"{infinite} infinite values are treated as missing",) if infinite else ()
    fmt = _padded(plain, values, fmt, zeros=zeros)

    def found(least: int, most: int | None, decimals: int | None, *, whole: bool = False) -> NumberTexts:
        form = replace(fmt, least=least, most=most)
        return NumberTexts(format=form, is_whole=whole, decimals=decimals, notes=notes, odd=odd)

    # An exponent hides the decimals: look at the shortest text of the same number, and past infinities.
    powers = plain.str.contains(r"[eEfF]")
    if powers.any():
        marked = plain.str.extract(r"^-?[0-9](?:\.[0-9]*)?([eE][+-]?)[0-9]{1,3}$").drop_nulls()
        if len(marked) == len(plain) > 1:
            digits = plain.str.extract(r"\.([0-9]*)[eE]").str.len_chars().fill_null(0)
            mark = str(marked[0])[:1] + (
                "+" if marked.str.ends_with("+").any() or marked.str.ends_with("-").all() else ""
            )
            least, most = _int(digits.min()), _int(digits.max())
            width = plain.str.extract(r"([0-9]+)$").str.len_chars().min()
            fmt = replace(fmt, exponent=mark + "0" * _int(width), digits=1)
            return found(least if least == most else 0, most, None)
        shortest = number.cast(pl.String).str.strip_suffix(".0")
        plain, counts = plain.zip_with(~powers, shortest).filter(number.is_finite()), counts.filter(number.is_finite())
        if plain.len() == 0 or plain.str.contains("e").any():
            return found(0, None, None)
    after = plain.to_frame("").select(fraction=pl.first().str.extract(r"\.([0-9]*)$"))
    fraction, digits = after.with_columns(digits=pl.first().str.len_chars().fill_null(0))
    least, most = _int(digits.min()), _int(digits.max())
    if scaled is not None:
        if told := _decimals_of_marks(plain, values, fmt):
            return replace(found(0, most, None, whole=bool((scaled == scaled.round(0)).all())), format=told)
        # what is too small for a mark has no decimals
        kept = fraction.drop_nulls().str.len_chars().min() == most and fraction.str.ends_with("0").any()
        return found(most if kept else 0, most, None, whole=bool((scaled == scaled.round(0)).all()))
    whole = not infinite and not fraction.str.contains(r"[1-9]").any()
    if whole and plain.str.replace(r"\.[0-9]*$", "").cast(pl.Int64, strict=False).null_count():
        notes += ("some whole numbers do not fit into 64 bits: read as real numbers, exact to 15 digits",)
        return found(0, 0, 0)
    if whole:
        return found(least, least, None, whole=True)
    if most > MOST_DECIMALS or _int(plain.str.count_matches(r"[0-9]").max()) > MOST_DIGITS:
        covering = _covering(digits, counts)
        least = 1 if least else 0
        if covering is None:
            return found(least, None, None)
        notes += (f"a few values carry binary noise; {covering} decimals hold 99 % of the rows and are written back",)
        return found(least, covering, covering)
    padded = fraction.str.ends_with("0").fill_null(False) & (digits > 1)
    if least < most and padded.any():
        if not zeros and counts_on(fraction):
            return None
        if _int(counts.filter(digits < most).sum()) > _int(counts.filter(padded & (digits == most)).sum()):
            notes += ("some numbers end in zeros that others like them lack: all are written back without",)
            most = _int(fraction.str.strip_chars_end("0").str.len_chars().max())
            least = min(least, 1)
        else:
            notes += ("some numbers lack ending zeros that others like them have: all are written back with them",)
            least = most
    elif least < most:
        least = min(least, 1)
    return found(least, most, most)


def _decimals_of_marks(plain: pl.Series, values: pl.Series, fmt: NumberFormat) -> NumberFormat | None:
    """With the decimals that all numbers of a mark have, where these differ from mark to mark: `$354K`, `$1.0M`."""
    digits = plain.str.extract(r"\.([0-9]+)$").str.len_chars().fill_null(0)
    table = pl.DataFrame(
        {"mark": values.str.strip_chars().str.extract(rf"({marks_of(fmt)}){re.escape(fmt.suffix)}$"), "n": digits}
    ).drop_nulls()
    least, most = (dict(table.group_by("mark").agg(e).iter_rows()) for e in (pl.col("n").min(), pl.col("n").max()))
    if least != most or len(set(most.values())) < 2:
        return None
    spec = "|".join(mark + (f":{most[mark]}" if mark in most else "") for mark in fmt.scale.split("|"))
    return replace(fmt, scale=spec, least=0, most=max(most.values()))


def counts_on(fraction: pl.Series) -> bool:
    """Whether what follows the point counts on past 9, as in sections and versions: 1.10 then is not 1.1.

    Args:
        fraction: the digits behind the point, null where there is none.
    """
    met = fraction.drop_nulls().unique()
    if met.str.contains("^$|^0[0-9]|^[0-9]{4}").any():
        return False
    numbers = met.cast(pl.Int64)
    least, most = _int(numbers.min()), _int(numbers.max())
    return least < 10 <= most and numbers.n_unique() == most - least + 1


def _padded(plain: pl.Series, values: pl.Series, fmt: NumberFormat, *, zeros: bool) -> NumberFormat:
    """With the zeros or blanks that fill all numbers up to one width."""
    led = _led_by_zero(plain)
    if led.is_empty() and (plain.str.starts_with(".") | plain.str.starts_with("-.")).any():
        return replace(fmt, digits=0)
    led = led.filter(led.str.contains(r"^[+-]?0[0-9]"))
    if len(led) and (zeros or plain.str.contains(".", literal=True).all()):
        whole, widths = (s.str.extract(r"^-?([0-9]*)").str.len_chars() for s in (plain, led))
        if widths.n_unique() == 1 and whole.min() == widths[0]:
            return replace(fmt, digits=_int(whole.min()))
    blank = values.str.starts_with(" ")
    if not blank.any() or fmt.prefix or fmt.group:
        return fmt
    widths = values.str.len_chars()
    if widths.n_unique() == 1 or int(widths.filter(blank).n_unique()) == 1:
        fraction = _int(plain.str.extract(r"(\.[0-9]*)$").str.len_chars().max())
        return replace(fmt, pad=max(0, _int(widths.filter(blank)[0]) - 1 - fraction - len(fmt.suffix)))
    return fmt


def _all(texts: pl.Series, pattern: str) -> bool:
    """Whether all texts have the pattern; a few are asked first."""
    return bool(texts.head(50).str.contains(pattern).all() and texts.str.contains(pattern).all())


def _int(value: Any) -> int:
    return int(value or 0)


def _covering(digits: pl.Series, counts: pl.Series) -> int | None:
    """The fewest decimals that 99 % of the rows need, if that is a small number."""
    rows = pl.DataFrame({"d": digits, "n": counts}).group_by("d").agg(pl.col("n").sum()).sort("d")
    share = rows["n"].cum_sum() / rows["n"].sum()
    d = int(rows["d"].filter(share >= 0.99)[0])
    return d if d <= 6 else None
