"""On which days rows come: drawn ones are dealt to the days of real ones.

The time of a row is drawn as a gap since the row before it, and gaps add up: rows fall between two seasons, and behind
the last day. They are dealt to the real days by rank, so that a row that came before another does not come after it;
its time of day stays, and so does what lies between it and later times of the row.

Legend: n rows, D days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.column import take_value
from likewise.codecs.times import Clock, split_ticks
from likewise.errors import ModelFileError
from likewise.typing import Floats, Ints

MOST_DAYS = 4_096
SHOWN = 0.98
"""Share of rows that are on days on which enough people's rows are, for days to be told at all."""
OFF = 0.03
"""How far drawn rows may be off the real days (Kolmogorov, Smirnov) and stay as they are, beyond what chance does."""


@dataclass(frozen=True)
class Days:
    """The days of rows.

    Args:
        time: the column that tells the time of a row.
        days: (D,) since 1970, ascending.
        shares: (D,) of the rows.
        along: later times of a row that are moved with it.
    """

    time: str
    days: Ints
    shares: Floats
    along: tuple[str, ...] = ()

    @classmethod
    def fit(cls, times: pl.Series, whose: Ints, rows: int, along: Sequence[str] = ()) -> Self | None:
        """Those of real rows; None where too few people share days.

        Args:
            times: (n,) canonical.
            whose: (n,) the person of each.
            rows: people who must stand behind a day.
        """
        if not isinstance(times.dtype, pl.Date | pl.Datetime) or times.null_count() or not len(times):
            return None
        days, which, counts = np.unique(_days(times), return_inverse=True, return_counts=True)
        people = np.bincount(np.unique(which + len(days) * whose) % len(days), minlength=len(days))
        shown = people >= rows
        if shown.sum() > MOST_DAYS or counts[shown].sum() < SHOWN * len(times):
            return None
        return cls(times.name, days[shown], counts[shown] / counts[shown].sum(), tuple(along))

    def settled(self, rows: pl.DataFrame, links: Ints) -> pl.DataFrame:
        """Rows on the real days; as they are where these hardly differ from theirs.

        Args:
            rows: (n, columns) their times, canonical.
            links: (n,) the parent of each, among whose rows times keep their order.
        """
        times = rows[self.time]
        if not len(rows) or times.null_count() or not isinstance(times.dtype, pl.Date | pl.Datetime):
            return rows
        drawn = _days(times)
        upto = np.cumsum(self.shares)
        at = np.r_[self.days, drawn]
        theirs = np.searchsorted(np.sort(drawn), at, side="right") / len(drawn)
        off = np.abs(theirs - np.r_[0.0, upto][np.searchsorted(self.days, at, side="right")]).max()
        if off <= OFF + 1.5 / np.sqrt(len(drawn)):
            return rows
        rank = np.empty(len(drawn))
        rank[np.argsort(times.to_physical().to_numpy(), kind="stable")] = (np.arange(len(drawn)) + 0.5) / len(drawn)
        days = self.days[np.searchsorted(upto, rank).clip(max=len(self.days) - 1)]
        # of two rows of one parent that now share a day the earlier one has the earlier time of day
        frame = pl.DataFrame([times.alias("was"), _later(times, days - drawn).alias("now"), pl.Series("whose", links)])
        order = frame.with_row_index("row").sort("whose", "was", "row", maintain_order=True)
        now = order.with_columns(pl.col("now").sort().over("whose")).sort("row")["now"]
        later = (rows[name] for name in self.along if name in rows.columns)
        return rows.with_columns(
            now.alias(self.time), *((t + (now - times)).cast(t.dtype).alias(t.name) for t in later)
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        days, shares = self.days.tolist(), self.shares.tolist()
        return {"time": self.time, "days": days, "shares": shares, "along": list(self.along)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ModelFileError: it does not fit together.
        """
        days = np.array(take_value(data, "days", list), np.int64)
        shares = np.array(take_value(data, "shares", list), np.float64)
        fits = days.ndim == 1 and 0 < len(days) == len(shares) <= MOST_DAYS and (np.diff(days) > 0).all()
        if not fits or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6 or np.abs(days).max() > 2**31:
            raise ModelFileError("the days of a table do not fit together")
        along = tuple(map(str, take_value(data, "along", list)))
        return cls(take_value(data, "time", str), days, shares, along)


def _days(times: pl.Series) -> Ints:
    """(n,) days since 1970, by the clocks of a zone where there is one."""
    clock = Clock.of(times.dtype)
    return split_ticks(clock.ticks(times), clock)[0].to_numpy()


def _later(times: pl.Series, days: Ints) -> pl.Series:
    """(n,) the same times of day, so many days later."""
    frame = pl.DataFrame({"t": times, "days": days})
    return frame.select(pl.col("t") + pl.duration(days=pl.col("days"))).to_series().cast(times.dtype)
