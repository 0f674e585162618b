"""Lengths of time written as text (`110:23:46`, `PT1H3M`, `2d 03:04`, `1h 5m`): tell how, read them as seconds, write
them back.

A pattern is the text with units in braces, those that are left out at nought in brackets: `{h}:{m:02}:{s:02}`,
`PT[{h}H][{m}M][{s}S]`, `{d} day(s) {h:02}:{m:02}`; `(s)` is left out at one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from likewise.errors import SchemaError
from likewise.schema.vocabulary import table

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_MARKS = table("times.units")
_UNIT_OF = {mark: unit for unit, marks in _MARKS.items() for mark in marks.split()}
_CLOCK = re.compile(r"[-+\u2212]?(?:(\d+)(\D*?[^\d:]|:(?=\d+:\d\d:)))?(\d+)((?::\d\d){1,2})(?:([.,])(\d+))?")
_MAYBE = re.compile(r"^[-+\u2212]?(?:PT?)?[0-9]+[^0-9]")
_PART = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?([^0-9]*)")
_YEAR = re.compile(r"(?:19[0-9]{2}|20[0-9]{2}|2100)[^0-9]")
_PIECE = re.compile(
    r"\[?\{(?P<unit>[wdhms])(?::0(?P<width>[0-9]))?(?:(?P<point>[.,])(?P<places>[0-9]))?\}(?P<mark>[^{\[\]]*)(?:\](?P<gap>T?))?"
)


@dataclass(frozen=True)
class DurationFormat:
    """A pattern of lengths of time, which reads and writes seconds.

    Raises:
        SchemaError: the text is no pattern.

    Example:
        >>> fmt = DurationFormat("[{h}h ][{m}m]")
        >>> pl.DataFrame({"x": ["1h 5m", "45m", "2h"]}).select(fmt.read(pl.col("x"))).to_series().to_list()
        [3900.0, 2700.0, 7200.0]
        >>> pl.DataFrame({"x": [3900, 2700, 7200]}).select(fmt.write(pl.col("x"))).to_series().to_list()
        ['1h 5m', '45m', '2h']
    """

    pattern: str

    def __post_init__(self) -> None:
        parts = self._parts[1]
        units = [part["unit"] for part in parts]
        if not parts or "".join(sorted(units, key="wdhms".index)) != "".join(units) or len(set(units)) < len(units):
            raise SchemaError(
                f"{self.pattern!r} is no pattern of lengths of time; write it like '{{h}}:{{m:02}}:{{s:02}}'"
            )

    @cached_property
    def _parts(self) -> tuple[str, list[dict[str, str]]]:
        """What stands before the first unit, and the units with their marks."""
        start = min((i for i in (self.pattern.find("["), self.pattern.find("{")) if i >= 0), default=0)
        found = list(_PIECE.finditer(self.pattern, start))
        whole = "".join(match[0] for match in found) == self.pattern[start:]
        parts = [{**match.groupdict(""), "optional": "?" if match[0][0] == "[" else ""} for match in found]
        return self.pattern[:start], parts if whole else []

    @property
    def most(self) -> int:
        """Digits after the point of the seconds."""
        return int(self._parts[1][-1]["places"] or 0)

    def read(self, text: pl.Expr) -> pl.Expr:
        """Texts to seconds, Float64; null where a text does not follow the pattern."""
        head, parts = self._parts
        body = ""
        for i, part in enumerate(parts):
            width = part["width"]
            digits = rf"[0-9]{{{width},}}" if width and i == 0 else rf"[0-9]{{{width}}}" if width else "[0-9]+"
            fraction = rf"(?:{re.escape(part['point'])}[0-9]+)?" if part["point"] else ""
            mark = re.escape(part["mark"]).replace(r"\(", "(?:").replace(r"\)", ")?")
            last = mark if not part["optional"] else mark.replace(r"\ ", r"\ ?")
            body += f"(?:({digits}{fraction}){last}){part['optional']}" + ("T?" if part["gap"] else "")
        bare = text.str.strip_chars()
        groups = bare.str.extract_groups(rf"^([-+\u2212]?){re.escape(head)}{body}$")
        seconds = pl.lit(0.0)
        for i, part in enumerate(parts):
            number = groups.struct.field(str(i + 2)).str.replace(",", ".", literal=True).cast(pl.Float64)
            seconds = seconds + number.fill_null(0.0) * _SECONDS[part["unit"]]
        known = groups.struct.field("1").is_not_null() & bare.str.contains("[0-9]")
        below = groups.struct.field("1").is_in(["-", "\u2212"])
        return pl.when(known & below).then(-seconds).when(known).then(seconds)

    def write(self, seconds: pl.Expr) -> pl.Expr:
        """Seconds to texts, rounded to what the pattern tells."""
        head, parts = self._parts
        least = _SECONDS[parts[-1]["unit"]] * 10**-self.most
        left = (seconds.abs() / least).round(0).cast(pl.Int64)  # in the smallest steps that are told
        texts = []
        for part in parts:
            size = round(_SECONDS[part["unit"]] / least)
            is_last = part is parts[-1]
            number = left if is_last and not self.most else left // (10**self.most if is_last else size)
            text = number.cast(pl.String).str.zfill(int(part["width"] or 0))
            if self.most and is_last:
                fraction = (left % 10**self.most).cast(pl.String).str.zfill(self.most)
                text = pl.concat_str(text, pl.lit(part["point"]), fraction)
            one, _, more = part["mark"].partition("(")
            mark = pl.lit(one)
            if more:
                plural, _, end = more.partition(")")
                mark = pl.when(number == 1).then(pl.lit(one + end)).otherwise(pl.lit(one + plural + end))
            text = pl.concat_str(text, mark)
            if part["optional"]:
                none = pl.lit("") if not is_last else pl.when(seconds.abs() < least).then(text).otherwise(pl.lit(""))
                text = pl.when((left if is_last else number) > 0).then(text).otherwise(none)
            texts += [text, pl.lit(part["gap"])]
            left = left % size
        body = pl.concat_str(pl.lit(head), *texts).str.strip_chars()
        body = body.str.strip_suffix("T")  # of "P1DT", where no hours follow
        return pl.when(seconds < 0).then(pl.concat_str(pl.lit("-"), body)).otherwise(body)


def detect(values: pl.Series, counts: pl.Series) -> tuple[DurationFormat, int] | None:
    """The pattern of lengths of time these distinct texts have, and the rows that have it not; None if they are none,
    or would not be written as they came.

    Args:
        values: (k,) distinct texts, none missing, without surrounding blanks.
        counts: (k,) rows of each.
    """
    sample = values.gather_every(max(1, len(values) // 200)).head(300).to_list()
    first = sample[:20]
    if 2 * sum(_MAYBE.search(text) is not None for text in first) < len(first):
        return None
    pattern = _clock(sample) or _units(sample) or _until_midnight(values, counts)
    if pattern is None:
        return None
    fmt = DurationFormat(pattern)
    read = values.to_frame().select(fmt.read(pl.first()).alias("")).to_series()
    back = read.to_frame().select(fmt.write(pl.first()).alias("")).to_series()
    total, odd = int(counts.sum()), int(counts.filter(read.is_null()).sum())
    same = int(counts.filter((back == values).fill_null(False)).sum())
    return (fmt, odd) if 100 * odd <= total and same >= 0.95 * (total - odd) else None


def _clock(sample: list[str]) -> str | None:
    """The pattern of `110:23:46`, `2d 03:04` and `1 day, 3:04:05`; None for others."""
    matches = [match for text in sample if (match := _CLOCK.fullmatch(text))]
    if len(matches) < 0.95 * len(sample) or not matches:
        return None
    marks = Counter(m[2] for m in matches)
    n_parts = max(len(m[4]) for m in matches) // 3
    widths = [len(m[3]) for m in matches]
    places = max(len(m[6] or "") for m in matches)
    point = next((m[5] for m in matches if m[5]), "")
    tail = f"{point}{min(places, 6)}" if places else ""
    wide = ":02" if min(widths) >= 2 else ""
    if None in marks:
        most = max(int(m[3]) for m in matches)
        is_signed = any(text.startswith(("-", "\u2212")) for text in sample)
        if len(marks) > 1 or (most <= (59 if n_parts == 1 else 24) and not is_signed):  # a time of day, or a lap
            return None
        if n_parts == 1:
            return f"{{m{wide}}}:{{s:02{tail}}}"
        return f"{{h{wide}}}:{{m:02}}:{{s:02{tail}}}"
    mark = _with_plural([str(m) for m in marks])
    if mark is None or max(map(int, (m[3] for m in matches))) > 23:
        return None
    return f"{{d}}{mark}{{h{wide}}}:{{m:02}}" + (f":{{s:02{tail}}}" if n_parts == 2 else "")


def _until_midnight(values: pl.Series, counts: pl.Series) -> str | None:
    """The pattern of times of day that are also 24:00, the end of a day, which a clock has not: time since midnight.
    None for others, and where so few are 24:00 that they are slips."""
    end = next((end for end in ("24:00", "24:00:00") if len(end) == len(values[0])), "")
    n_ends = int(counts.filter(values == end).sum())
    usual = r"^(?:[01][0-9]|2[0-3])(?::[0-5][0-9])" + "{" + str(len(end) // 3) + "}$"
    if 100 * n_ends <= int(counts.sum()) or not (values.str.contains(usual) | (values == end)).all():
        return None
    return "{h:02}:{m:02}" + ":{s:02}" * (len(end) == 8)


def _units(sample: list[str]) -> str | None:
    """The pattern of `PT1H3M`, `1h 5m`, `2 hours 3 minutes`; None for others, and for those of one unit alone."""
    marks: dict[str, Counter[str]] = {}
    heads, widths, places, point, fits = Counter[str](), dict[str, set[int]](), 0, "", 0
    whole: dict[str, int] = {}
    seconds, years = 0, 0
    for text in sample:
        bare = text.lstrip("-+\u2212")
        head = re.match(r"PT?", bare)
        heads[head[0] if head else ""] += 1
        rest = bare[len(head[0]) if head else 0 :]
        rest = rest.removeprefix("T")
        parts = _PART.findall(rest)
        units = [
            _UNIT_OF.get(mark.strip(" ,T").removesuffix(" and") if not head else mark.rstrip("T")) for *_, mark in parts
        ]
        if len(units) > 1 and not parts[-1][-1] and units[-2] in ("h", "m"):  # "5h10"
            units[-1] = {"h": "m", "m": "s"}[units[-2]]
            if len(parts[-1][0]) != 2 or int(parts[-1][0]) > 59:  # "3h3" is a square of a board
                continue
        if None in units or not units or "".join("".join(p) for p in parts) != rest:
            continue
        fits += 1
        years += _YEAR.match(rest) is not None
        for i, ((number, dot, fraction, mark), unit) in enumerate(zip(parts, units, strict=True)):
            unit = str(unit)
            whole[unit] = whole.get(unit, 0) + 1
            seconds = max(seconds, int(number)) if unit == "s" else seconds
            marks.setdefault(unit, Counter())[mark if i + 1 < len(parts) else "\0" + mark] += 1
            if i:
                widths.setdefault(unit, set()).add(len(number))
            if fraction:
                places, point = max(places, len(fraction)), dot
    order = [u for u in "wdhms" if u in marks]
    if order == ["m", "s"] and seconds < 12 and {mark.strip("\0 ") for mark in marks["m"]} <= {"'", "\u2032"}:
        return None  # feet and inches
    if fits < 0.95 * len(sample) or len(order) < 2 or years == fits:  # "2012M10" and "2011H1" are parts of years
        return None
    iso = max(heads, key=lambda h: (heads[h], len(h))) if heads["P"] + heads["PT"] else ""
    if iso:
        iso = "P" if heads["P"] else "PT"
    pieces = []
    for unit in order:
        inner = [m for m in marks[unit] if not m.startswith("\0")]
        ends = [m[1:] for m in marks[unit] if m.startswith("\0")]
        mark = _with_plural(inner) if inner else _with_plural(ends)
        if mark is None:
            return None
        if not inner and unit != order[-1]:
            mark += " " if any(m.endswith(" ") for c in marks.values() for m in c) else ""
        tail = f"{point}{min(places, 6)}" if places and unit == order[-1] else ""
        width = ":02" if unit != order[0] and widths.get(unit) == {2} and not iso else ""
        piece = f"{{{unit}{width}{tail}}}{mark.replace('T', '') if iso else mark}"
        pieces.append(piece if min(whole.values()) >= fits else f"[{piece}]")  # a unit that is nought is left out
    if iso == "P":
        at = next((i for i, unit in enumerate(order) if unit in "hms"), len(pieces))
        if not at:
            iso = "PT"
        elif at < len(pieces):
            pieces[at - 1] += "T"
    return iso + "".join(pieces)


def _with_plural(marks: list[str]) -> str | None:
    """One mark that stands for these: `day` and `days` are `day(s)`; None if they are more than that."""
    marks = sorted(set(marks), key=len)
    if len(marks) == 1:
        return marks[0]
    if len(marks) == 2:
        short, long = marks
        end = len(short) - len(short.rstrip(" ,"))
        stem, tail = (short[:-end], short[-end:]) if end else (short, "")
        if long.startswith(stem) and long.endswith(tail):
            return f"{stem}({long[len(stem) : len(long) - len(tail)]}){tail}"
    return None
