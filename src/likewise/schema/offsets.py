"""Times whose offset from UTC differs from row to row (`+01:00`, `+02:00`): the clocks that they were read from.

In a pattern `%:z(Europe/Berlin)` stands for the offset that Berlin has at that moment, and
`%:z(Europe/Berlin 70|+05:30 30)` for that of one of several clocks: of 100 moments 70 are told by the first. A text
tells its own offset, so that this says only how moments are written. Which clock tells a moment hangs on the moment
alone, as by chance.

Legend: k distinct moments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import SchemaError
from likewise.schema.vocabulary import words

_CLOCK = r"(?:[+-]\d\d:\d\d|[A-Z][A-Za-z_/]+)"
TOKEN = re.compile(rf"(%[:#]?z)\(({_CLOCK}|{_CLOCK} [1-9]\d*(?:\|{_CLOCK} [1-9]\d*)+)\)")
_AT_END = re.compile(r"%[:#]?z$")
_MOST_LOOKED_AT = 20_000
_LEAST_SHARE, _LEAST_ROWS = 0.01, 5
"""Clocks behind the first tell at least as many rows: an offset that few have tells who they are."""
_AS_GOOD = 0.95
"""A zone that explains so many of the rows that a fixed offset does is taken before it."""

Minutes = npt.NDArray[np.int64]


def with_clocks(pattern: str, texts: pl.Series, moments: pl.Series, counts: pl.Series) -> str:
    """The pattern with the clocks by which its offsets were told; as it was where the offset is not at its end.

    Of the zones that a calendar knows, and offsets that never change, always the one that explains most of the rows
    that are left.

    Args:
        texts, moments, counts: (k,) distinct texts, what they tell in UTC (null for none) and rows of each.

    Example:
        >>> texts = pl.Series(["2020-01-31 08:30+01:00", "2020-07-01 08:30+02:00"])
        >>> moments = texts.str.strptime(pl.Datetime("us", "UTC"), "%Y-%m-%d %H:%M%:z")
        >>> with_clocks("%Y-%m-%d %H:%M%:z", texts, moments, pl.Series([1, 1]))
        '%Y-%m-%d %H:%M%:z(Europe/Berlin)'
    """
    if not _AT_END.search(pattern):
        return pattern
    step = 1 + len(texts) // _MOST_LOOKED_AT
    told = pl.DataFrame({"moment": moments, "minutes": _minutes_in(texts), "rows": counts}).gather_every(step)
    told = told.drop_nulls()
    if not len(told):
        return pattern
    moment, told_by, rows = told["moment"], told["minutes"].to_numpy(), told["rows"].to_numpy().astype(float)
    fixed = {_named(m): np.full(len(told), m) for m in np.unique(told_by).tolist()}
    zones = {zone: _offsets_of(moment, zone) for zone in words("times.clocks")}
    shares = _cover({c: minutes == told_by for c, minutes in (zones | fixed).items()}, rows, set(zones))
    if len(shares) == 1:
        return f"{pattern}({next(iter(shares))})"
    total = sum(shares.values())
    return f"{pattern}({'|'.join(f'{clock} {max(1, round(100 * n / total))}' for clock, n in shares.items())})"


def _cover(
    explains: dict[str, npt.NDArray[np.bool_]], rows: npt.NDArray[np.float64], zones: set[str]
) -> dict[str, float]:  # fmt: skip
    """Clocks, each with the rows that it explains and none before it does."""
    left, shares = rows.copy(), dict[str, float]()
    least = max(_LEAST_SHARE * rows.sum(), _LEAST_ROWS)
    while True:
        more = {clock: float(left[hit].sum()) for clock, hit in explains.items()}
        best = max(more.values())
        if best < (least if shares else 1):
            return shares
        clock = next(c for c, n in more.items() if n >= (_AS_GOOD if c in zones else 1) * best)
        shares[clock] = more[clock]
        left[explains[clock]] = 0.0


def zone_of(pattern: str) -> str | None:
    """The zone whose clock tells all moments, where there is one."""
    token = TOKEN.search(pattern)
    if token is None:
        return None
    clock = token[2]
    _check(clock)
    return clock if clock[0].isalpha() and " " not in clock else None


def to_read(pattern: str) -> str:
    """The pattern without clocks: texts tell their offsets."""
    return TOKEN.sub(r"\1", pattern)


def told(pattern: str) -> str:
    """What a note says of the clocks."""
    token = TOKEN.search(pattern)
    if token is None:
        return "offsets differ from row to row: read as UTC, and written back in UTC"
    if " " not in token[2]:
        return f"offsets differ from row to row as those of {token[2]} do"
    clocks = ", ".join(f"{part.split()[0]} {part.split()[1]} %" for part in token[2].split("|"))
    return f"offsets differ from row to row as those of several clocks do, which are drawn by their shares: {clocks}"


def write(times: pl.Series, pattern: str, plainly: Callable[[pl.Series, str], pl.Series]) -> pl.Series:
    """Moments as the clocks of a pattern show them.

    Args:
        plainly: writes times without a zone by a pattern without clocks.
    """
    token = TOKEN.search(pattern)
    assert token is not None, "the pattern has clocks"
    _check(token[2])
    minutes = pl.Series(_chosen(times, token[2]))
    utc = times.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    out = pl.Series(times.name, [None], dtype=pl.String).new_from_index(0, len(times))
    for offset in minutes.unique().to_list():
        here = minutes == offset
        text = _named(offset)
        text = text if token[1] == "%:z" else text.replace(":", "") if token[1] == "%z" else text[:3]
        local = utc.filter(here).dt.offset_by(f"{offset}m")
        out = out.scatter(here.arg_true(), plainly(local, pattern.replace(token[0], text)))
    return out


def _chosen(times: pl.Series, clocks: str) -> Minutes:
    """(n,) minutes of the offset that each moment is written with."""
    parts = [part.split() for part in clocks.split("|")]
    weights = np.array([int(part[1]) if len(part) > 1 else 1 for part in parts], float)
    ends = np.cumsum(weights) / weights.sum()
    every = np.stack([_offsets_of(times, part[0]) for part in parts])
    which = np.searchsorted(ends, _scattered(times), side="right")
    chosen: Minutes = every[np.minimum(which, len(parts) - 1), np.arange(len(times))]
    return chosen


def _scattered(times: pl.Series) -> npt.NDArray[np.float64]:
    """(n,) a number in [0, 1) for each moment, the same wherever it is written (the finalizer of splitmix64)."""
    x = times.dt.cast_time_unit("us").to_physical().fill_null(0).to_numpy().astype(np.uint64)
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((x ^ (x >> np.uint64(31))) / 2.0**64)


def _offsets_of(times: pl.Series, clock: str) -> Minutes:
    """(n,) minutes before UTC that a clock shows at each moment; 0 where there is none."""
    if clock[0] in "+-":
        return np.full(len(times), int(clock[0] + "1") * (60 * int(clock[1:3]) + int(clock[4:])))
    local = times.dt.convert_time_zone(clock)
    apart = (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_minutes()
    return apart.fill_null(0).to_numpy().astype(np.int64)


def _minutes_in(texts: pl.Series) -> pl.Series:
    """(k,) minutes of the offset at the end of each text."""
    parts = texts.str.extract_groups(r"([+-])(\d\d):?(\d\d)?$").struct.unnest()
    sign, hours, minutes = (parts[name] for name in parts.columns)
    count = 60 * hours.cast(pl.Int64) + minutes.fill_null("0").cast(pl.Int64)
    return count.zip_with(sign == "+", -count).alias("minutes")


def _named(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@cache
def _check(clocks: str) -> None:
    """
    Raises:
        SchemaError: one of them is no clock.
    """
    for clock in (part.split()[0] for part in clocks.split("|")):
        try:
            _offsets_of(pl.Series([0]).cast(pl.Datetime("us", "UTC")), clock)
        except pl.exceptions.PolarsError:
            raise SchemaError(f"the format of a time names a zone that no calendar has: {clock!r}") from None
