"""Shares of rows that meet something, of synthetic and of fresh real rows; persons count as one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import IntArray

SURE = 1.96


@dataclass(frozen=True)
class Met:
    """The share of n rows that meet something, and its variance."""

    share: float
    variance: float
    n: int

    @classmethod
    def of(cls, met: npt.NDArray[np.bool_], whose: IntArray) -> Met:
        """Of rows, and the person of each."""
        n = len(met)
        if not n:
            return cls(math.nan, math.nan, 0)
        share = float(met.mean())
        _, person, rows = np.unique(whose, return_inverse=True, return_counts=True)
        apart = np.bincount(person, weights=met - share)
        plain = 1.0 / (n + 4)  # as if two more had met it and two had not: a share of none has an interval, too
        smooth = (share * n + 2) * plain
        wider = float(np.square(rows).sum()) / n
        return cls(share, max(float(np.square(apart).sum()) / n**2, smooth * (1 - smooth) * plain * wider), n)

    def beside(self, fresh: Met, *, copy: float) -> Figure | None:
        """This share beside that of fresh rows; the interval carries the errors of both. None where either has no
        rows."""
        if not self.n or not fresh.n:
            return None
        half = SURE * math.sqrt(self.variance + fresh.variance)
        interval = max(0.0, self.share - half), min(1.0, self.share + half)
        return Figure(self.share, self.n, fresh.share, interval, copy=copy)
