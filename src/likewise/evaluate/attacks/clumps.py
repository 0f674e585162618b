"""Hits that come in clumps: a person's rows are alike, so of several that are met only the first is news.

Where persons have several rows, a share of rows is surer by its count of rows than it is by its persons. Counts are
divided by how much wider the share varies than that of as many persons of a row each.

Reference: Rao and Scott, "A simple method for the analysis of clustered binary data", Biometrics 1992.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import exact_contrast, rare_contrast
from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import IntArray

Bools = npt.NDArray[np.bool_]


def clump(met: Bools, whose: IntArray | None) -> float:
    """How many times as wide the share of rows that are met varies as if each were a person's own; NaN for none met.

    Args:
        met: (n,) which rows are.
        whose: (n,) the person of each row; None where each is its own.

    Example:
        >>> clump(np.array([True, True, False, False, False, False]), np.array([0, 0, 1, 1, 2, 2]))
        2.0
    """
    if whose is None:
        return 1.0
    share = float(met.mean()) if len(met) else 0.0
    if not 0.0 < share < 1.0:
        return float("nan")
    person = np.unique(whose, return_inverse=True)[1]
    pulls, rows = np.bincount(person, met - share), np.bincount(person)
    most = float(np.square(rows).sum() / rows.sum())
    return float(np.clip(np.square(pulls).sum() / (len(met) * share * (1.0 - share)), 1.0, max(1.0, most)))


def exact_by_person(
    met: Bools, whose: IntArray | None, control: Bools, whose_control: IntArray | None, *, shared: int = 1
) -> Figure:
    """`exact_contrast` of two shares of rows, of which those of one person come together.

    Where no row of a side is met, its rows are taken to clump as the other's do.

    Args:
        shared: how many rows of the control are met by one event.
    """
    sizes = [clump(met, whose), clump(control, whose_control)]
    known = [size for size in sizes if not np.isnan(size)] or [1.0]
    a, b = (max(known) if np.isnan(size) else size for size in sizes)
    b *= shared
    if a == b == 1.0:
        return exact_contrast(int(met.sum()), len(met), int(control.sum()), len(control))
    n, m = (max(1, round(len(rows) / size)) for rows, size in ((met, a), (control, b)))
    hits, others = (min(k, round(rows.sum() / size)) for rows, size, k in ((met, a, n), (control, b, m)))
    return _shifted(exact_contrast(hits, n, others, m), float(met.mean()), float(control.mean()), len(met))


def rare_by_person(hits: int, n: int, events: int, worth: float, size: float) -> Figure:
    """`rare_contrast` of counts of which so many come together."""
    if size <= 1.0:
        return rare_contrast(hits, n, events, worth)
    found = rare_contrast(round(hits / size), max(1, round(n / size)), round(events / size), worth / size)
    return _shifted(found, hits / n, events / worth, n)


def _shifted(found: Figure, value: float, floor: float, n: int) -> Figure:
    """A figure of rounded counts about what was counted; where it raised no alarm it raises none."""
    low, high = (end + value - found.value for end in found.interval)
    if found.interval[0] <= found.floor <= found.interval[1]:
        low, high = min(low, floor), max(high, floor)
    elif found.interval[0] > found.floor:
        low = max(low, np.nextafter(floor, 2.0))
    return replace(found, value=value, floor=floor, n=n, interval=(max(0.0, low), min(1.0, high)))
