"""How alike the places of two tables are: cells that hold points, their counts, and the way to the nearest real one.

Cells are as high as they are wide, in kilometres: rows of equal height, and in each as many columns as its middle
parallel is long.

Legend: n points, B deals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from likewise.evaluate.chance import Dealt, judged
from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import FloatArray, IntArray, Typed
from likewise.schema.places import RANGES, Pair

RADIUS = 6371.0
"""Of the earth, in kilometres."""
DEGREE = 2 * math.pi * RADIUS / 360
NEAR = 0.01
"""Kilometres within which two points are at one place."""
SURE = 1.96


def points_of(table: Typed, pair: Pair) -> FloatArray:
    """(n, 2) degrees of latitude and longitude, NaN where either is missing or none."""
    found = []
    for name, (low, high) in zip((pair.latitude, pair.longitude), RANGES.values(), strict=True):
        values = table[name].values.astype(np.float64)
        found.append(np.where((values >= low) & (values <= high), values, np.nan))
    return np.stack(found, axis=1)


def cells_of(points: FloatArray, km: float) -> IntArray:
    """(n,) the cell of each point, some `km` high and wide; -1 for a point that lacks a part."""
    known = _whole(points)
    lat, lon = np.where(known[:, None], points, 0.0).T
    row = np.floor((np.clip(lat, -90, 90) + 90) * DEGREE / km).astype(np.int64)
    middle = np.radians(np.clip((row + 0.5) * km / DEGREE - 90, -90, 90))
    columns = np.maximum(np.floor(360 * DEGREE / km * np.cos(middle)), 1.0)
    column = np.floor(np.mod(lon, 360.0) / 360.0 * columns).astype(np.int64)
    return np.where(known, row * int(360 * DEGREE / km + 2) + column, -1)


def distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n,) kilometres along the great circle between points of degrees (n, 2), by the haversine.

    Example:
        >>> round(float(distance(np.array([[0.0, 179.5]]), np.array([[0.0, -179.5]]))[0]), 1)
        111.2
    """
    (lat, lon), (other, away) = np.radians(a).T, np.radians(b).T
    part = np.sin((other - lat) / 2) ** 2 + np.cos(lat) * np.cos(other) * np.sin((away - lon) / 2) ** 2
    return np.asarray(2 * RADIUS * np.arcsin(np.sqrt(np.clip(part, 0, 1))))


def nearest(points: FloatArray, others: FloatArray) -> FloatArray:
    """(n,) kilometres to the nearest of other points. All are known."""
    _, at = cKDTree(_on_sphere(others)).query(_on_sphere(points))
    return distance(points, others[at])


def _on_sphere(points: FloatArray) -> FloatArray:
    lat, lon = np.radians(points).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def support(synthetic: Typed, base: Typed, fresh: Typed, pair: Pair, km: float) -> Figure | None:
    """The share of points in cells that hold real points, of synthetic and of fresh real rows."""
    held = np.unique(cells_of(points_of(base, pair), km))
    found = [_share(t, np.isin(cells, held), cells >= 0) for t in (synthetic, fresh) for cells in [_cells(t, pair, km)]]
    return _beside(*found, copy=1.0)


def near(synthetic: Typed, base: Typed, fresh: Typed, pair: Pair) -> Figure | None:
    """The share of points within ten metres of a real one, of synthetic and of fresh real rows."""
    real = _known(points_of(base, pair))
    if not len(real):
        return None
    found = []
    for table in (synthetic, fresh):
        points = points_of(table, pair)
        known = _whole(points)
        close = np.zeros(len(points), bool)
        close[known] = nearest(points[known], real) < NEAR if known.any() else False
        found.append(_share(table, close, known))
    return _beside(*found, copy=1.0)


def divergence(dealt: Dealt, pair: Pair, km: float) -> Figure | None:
    """The Jensen-Shannon divergence, in bits, between the counts of cells of synthetic and of real rows, and of as many
    fresh real ones; the interval is what chance leaves it, the rows dealt anew."""
    real, pool = (_cells(t, pair, km) for t in (dealt.real, dealt.pool))
    if not ((real >= 0).any() and (pool[: dealt.n] >= 0).any() and (pool[dealt.n :] >= 0).any()):
        return None
    cells, at = np.unique(np.concatenate([real[real >= 0], pool[pool >= 0]]), return_inverse=True)
    n = int((real >= 0).sum())
    ours = np.bincount(at[:n], minlength=len(cells)).astype(np.float64)
    rows = np.flatnonzero(pool >= 0)
    held = sparse.csr_matrix((np.ones(len(rows), np.float32), (at[n:], rows)), (len(cells), len(pool)))
    every, first = np.asarray(held.sum(1), np.float64), np.asarray(held @ dealt.hands, np.float64)
    one, other = _js(first, ours[:, None]), _js(every - first, ours[:, None])
    figure = Figure(float(one[0]), dealt.n, float(other[0]), copy=0.0)
    return judged(figure, one - other, dealt.wider)


def _js(a: FloatArray, b: FloatArray) -> FloatArray:
    """(B,) bits between tables of counts (cells, B)."""
    p, q = a / a.sum(0), b / b.sum(0)
    m = (p + q) / 2
    return np.asarray(_entropy(m) - (_entropy(p) + _entropy(q)) / 2)


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(0))


def _cells(table: Typed, pair: Pair, km: float) -> IntArray:
    return cells_of(points_of(table, pair), km)


def _known(points: FloatArray) -> FloatArray:
    return points[_whole(points)]


def _whole(points: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(points).all(axis=1))


def _share(table: Typed, met: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> tuple[float, float, int]:
    """The share of known points that meet something, its variance, and how many they are; persons count as one."""
    n = int(known.sum())
    if not n:
        return math.nan, math.nan, 0
    share = float(met[known].mean())
    _, whose = np.unique(table.whose[known], return_inverse=True)
    apart = np.bincount(whose, weights=met[known] - share)
    plain = 1.0 / (n + 4)  # as if two more had met it and two had not: a share of none has an interval, too
    smooth = (share * n + 2) * plain
    rows = np.bincount(whose)
    wider = float(np.square(rows).sum()) / n
    return share, max(float(np.square(apart).sum()) / n**2, smooth * (1 - smooth) * plain * wider), n


def _beside(ours: tuple[float, float, int], theirs: tuple[float, float, int], *, copy: float) -> Figure | None:
    """A share beside that of fresh rows; the interval carries the errors of both."""
    if not ours[2] or not theirs[2]:
        return None
    half = SURE * math.sqrt(ours[1] + theirs[1])
    return Figure(ours[0], ours[2], theirs[0], (max(0.0, ours[0] - half), min(1.0, ours[0] + half)), copy=copy)


SUPPORTS: Sequence[int] = (1, 10)
"""Kilometres of the cells in which points are looked for."""
DEPTHS: Sequence[int] = (1, 10, 100)
"""Kilometres of the cells of which counts are compared."""
