"""Rates of success, and success on members held against success on other people.

Beside each stands the least leak it could have seen: an attack on few people raises no alarm whatever leaks.

References: Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
1998 (method 10); Wilson 1927; Fisher's exact test; Przyborowski and Wilenski, "Homogeneity of results in testing
samples from Poisson series", Biometrika 1940 (two rare counts, given their sum).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from likewise.evaluate.figure import Figure
from likewise.evaluate.roc import Z95, wilson

LEVEL = 0.025
"""Of a false alarm: 95 % intervals, of which one side alarms."""
POWER = 0.8
Z_POWER = NormalDist().inv_cdf(POWER)


def beside(value: float, floor: float, interval: tuple[float, float], n: int, least: float) -> Figure:
    """How often an attack succeeds on members, beside how often on people the generator has not seen."""
    return Figure(value, n, floor, interval, least_leak=least, searched=1.0)


def contrast(hits: int, n: int, control_hits: int, control_n: int, *, tests: int = 1) -> Figure:
    """Two independent rates side by side; `tests` widens the interval for the worst of so many (Bonferroni)."""
    z = Z95 if tests == 1 else NormalDist().inv_cdf(1.0 - LEVEL / tests)
    value, floor = hits / n, control_hits / control_n
    control = wilson(control_hits, control_n, z)

    def reach(hits: int) -> tuple[float, float]:
        low, high = wilson(hits, n, z)
        return math.hypot(hits / n - low, control[1] - floor), math.hypot(high - hits / n, floor - control[0])

    down, up = reach(hits)
    least = least_share(lambda h: h / n - reach(h)[0] > floor, n, floor)
    return beside(value, floor, (max(0.0, value - down), min(1.0, value + up)), n, least)


def exact_contrast(hits: int, n: int, control_hits: int, control_n: int) -> Figure:
    """`contrast` for rare hits: no alarm but where Fisher's exact test raises one too."""
    from scipy.stats import hypergeom

    def is_chance(hits: int) -> bool:
        return bool(hypergeom.sf(hits - 1, n + control_n, hits + control_hits, n) > LEVEL)

    found = contrast(hits, n, control_hits, control_n)
    low, high = found.interval
    floor = found.floor
    least = max(found.least_leak or 0.0, least_share(lambda h: not is_chance(h), n, floor))
    if is_chance(hits):
        low = min(low, floor)
    return replace(found, interval=(low, high), least_leak=least)


def rare_contrast(hits: int, n: int, control_hits: int, control_n: float) -> Figure:
    """Two counts of rare events side by side: given their sum, one is binomial, whatever the rate of chance.

    Args:
        control_n: how many attacks the control is worth; need not be whole.
    """
    from scipy.special import betainc, betaincinv

    value, floor = hits / n, control_hits / control_n
    share = n / (n + control_n)

    def is_alarm(hits: int) -> bool:
        return bool(betainc(hits, control_hits + 1, share) < LEVEL)  # P(so many or more of the sum fall to members)

    least = betaincinv(hits, control_hits + 1, LEVEL) if hits else 0.0
    most = betaincinv(hits + 1, control_hits, 1.0 - LEVEL) if control_hits else 1.0
    # The interval of value over floor; what the floor may be, the value held fixed, is what the value may be off by.
    ratio = [p / (1.0 - p) * control_n / n if p < 1.0 else math.inf for p in (least, most)]
    low = max(0.0, floor + value - value / ratio[0]) if hits else 0.0
    high = floor + value - value / ratio[1] if hits else min(ratio[1] * floor, 1.0) if control_hits else 3.0 / n
    return beside(value, floor, (low, min(1.0, max(high, value))), n, least_share(is_alarm, n, floor))


def least_share(is_alarm: Callable[[int], bool], n: int, floor: float) -> float:
    """The least leak of a `Figure`, where an alarm is raised from some number of the n hits on."""
    from scipy.special import betaincinv

    if not is_alarm(n):
        return 1.0
    below, needed = 0, n
    while needed - below > 1:
        middle = (below + needed) // 2
        below, needed = (below, middle) if is_alarm(middle) else (middle, needed)
    rate = float(betaincinv(needed, n - needed + 1, POWER))  # so many hits or more with this power
    return float(np.clip((rate - floor) / (1.0 - floor), 0.0, 1.0)) if floor < 1.0 else 1.0


def least_beyond(half: float, room: float, z: float = Z95) -> float:
    """The least leak of a figure with a symmetric interval of this half width, which a full leak moves by `room`."""
    return float(min(1.0, half * (1.0 + Z_POWER / z) / room)) if room > 0.0 else 1.0


def contrast_of_draws(drawn: npt.NDArray[np.float64], is_member: npt.NDArray[np.bool_], n: int) -> Figure:
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
    value, floor = min(1.0, value), min(1.0, floor)
    # Chance puts k people all on the members' side once in (total / members)^k: so many must leak, however often each.
    needed = math.log(LEVEL) / math.log(n_members / total) if n_others else math.inf
    least = max(least_beyond(half, 1.0 - floor), min(1.0, needed / n_members))
    return beside(value, floor, (max(0.0, value - half), min(1.0, value + half + slack)), n, least)
