"""Rates of success, and success on members held against success on other people.

References: Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
1998 (method 10); Wilson 1927.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from likewise.evaluate.roc import Z95, wilson


@dataclass(frozen=True)
class Rate:
    """A share of rows, with Wilson's 95 % interval."""

    value: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True)
class Contrast:
    """How often an attack succeeds on members, beside how often on people the generator has not seen.

    Args:
        value: rate on members.
        floor: rate on the others.
        interval: of the value, wide enough to be held against the floor as if that were exact: it carries the errors
            of both. No alarm unless it lies above the floor.
        n: attacks made on members.
        which: what the figure is about where it is the worst of several (the column), else "".
    """

    value: float
    floor: float
    interval: tuple[float, float]
    n: int
    which: str = ""

    @property
    def excess(self) -> float:
        """Residual risk: success beyond the control, as a share of what could be beyond it; 0 to 1."""
        return max(0.0, (self.value - self.floor) / (1.0 - self.floor)) if self.floor < 1.0 else 0.0


def contrast(hits: int, n: int, control_hits: int, control_n: int, *, tests: int = 1, which: str = "") -> Contrast:
    """Two independent rates side by side; `tests` widens the interval for the worst of so many (Bonferroni)."""
    z = Z95 if tests == 1 else NormalDist().inv_cdf(1.0 - 0.025 / tests)
    value, floor = hits / n, control_hits / control_n
    low, high = wilson(hits, n, z)
    control_low, control_high = wilson(control_hits, control_n, z)
    down = math.hypot(value - low, control_high - floor)
    up = math.hypot(high - value, floor - control_low)
    return Contrast(value, floor, (max(0.0, value - down), min(1.0, value + up)), n, which)


def contrast_of_draws(drawn: npt.NDArray[np.float64], is_member: npt.NDArray[np.bool_], n: int) -> Contrast:
    """What falls to members beside what falls to others, when whom it falls to was chosen blind to who is who.

    The N members and m others are exchangeable under chance: given how much falls to each row, the labels are a draw
    without replacement. That makes the interval exact in what varies, also when much falls to one row.

    Args:
        drawn: (N + m,) how many of the n attempts fall to each real row.
        n: attempts, those included which fall to nobody.
    """
    n_members, n_others = int(is_member.sum()), int((~is_member).sum())
    total, fell = n_members + n_others, float(drawn.sum())
    to_others = float(drawn[~is_member].sum())
    value, floor = float(fell - to_others) / n, to_others / n * n_members / n_others
    variance = n_others * (n_members / total) * float(drawn.var(ddof=1)) if total > 1 else 0.0
    half = Z95 * total / n_others * math.sqrt(variance) / n
    slack = 3.0 / n * (fell == 0)  # the rule of three where nothing fell to anybody
    return Contrast(value, floor, (max(0.0, value - half), min(1.0, value + half + slack)), n)
