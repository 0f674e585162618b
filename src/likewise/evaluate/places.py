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

from likewise.evaluate.chance import Dealt
from likewise.evaluate.chance import divergence as apart
from likewise.evaluate.figure import Figure
from likewise.evaluate.shares import Met
from likewise.evaluate.tables import FloatArray, IntArray, Typed
from likewise.schema.places import RANGES, Pair

RADIUS = 6371.0
"""Of the earth, in kilometres."""
DEGREE = 2 * math.pi * RADIUS / 360
NOWHERE = 2**62
NEAR = 0.01
"""Kilometres within which two points are at one place."""


def points_of(table: Typed, pair: Pair) -> FloatArray:
    """(n, 2) degrees of latitude and longitude, NaN where either is missing, infinite where a number is none."""
    found = []
    for name, (low, high) in zip((pair.latitude, pair.longitude), RANGES.values(), strict=True):
        values = table[name].values.astype(np.float64)
        found.append(np.where(np.isnan(values) | ((values >= low) & (values <= high)), values, np.inf))
    return np.stack(found, axis=1)


def cells_of(points: FloatArray, km: float) -> IntArray:
    """(n,) the cell of each point, some `km` high and wide; -1 for a point that lacks a part, and one cell for all that
    are nowhere on earth."""
    known = on_earth(points)
    lat, lon = np.where(known[:, None], points, 0.0).T
    row = np.floor((np.clip(lat, -90, 90) + 90) * DEGREE / km).astype(np.int64)
    middle = np.radians(np.clip((row + 0.5) * km / DEGREE - 90, -90, 90))
    columns = np.maximum(np.floor(360 * DEGREE / km * np.cos(middle)), 1.0)
    column = np.floor(np.mod(lon, 360.0) / 360.0 * columns).astype(np.int64)
    nowhere = np.where(_told(points), NOWHERE, -1)
    return np.where(known, row * int(360 * DEGREE / km + 2) + column, nowhere)


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
    held = np.unique(cells_of(_known(points_of(base, pair)), km))
    if not len(held):
        return None
    found = [_met(t, np.isin(cells, held), cells >= 0) for t in (synthetic, fresh) for cells in [_cells(t, pair, km)]]
    return found[0].beside(found[1], copy=1.0)


def near(synthetic: Typed, base: Typed, fresh: Typed, pair: Pair) -> Figure | None:
    """The share of points within ten metres of a real one, of synthetic and of fresh real rows."""
    real = _known(points_of(base, pair))
    if not len(real):
        return None
    found = []
    for table in (synthetic, fresh):
        points = points_of(table, pair)
        known = on_earth(points)
        close = np.zeros(len(points), bool)
        close[known] = nearest(points[known], real) < NEAR if known.any() else False
        found.append(_met(table, close, _told(points)))
    return found[0].beside(found[1], copy=1.0)


def divergence(dealt: Dealt, pair: Pair, km: float) -> Figure | None:
    """The Jensen-Shannon divergence, in bits, between the counts of cells of synthetic and of real rows, and of as many
    fresh real ones; the interval is what chance leaves it, the rows dealt anew."""
    real, pool = cells_of(_known(points_of(dealt.real, pair)), km), _cells(dealt.pool, pair, km)
    cells, at = np.unique(np.concatenate([real, pool[pool >= 0]]), return_inverse=True)
    n = len(real)
    rows = np.flatnonzero(pool >= 0)
    held = sparse.csr_matrix((np.ones(len(rows), np.float32), (at[n:], rows)), (len(cells), len(pool)))
    return dealt.figure(np.bincount(at[:n], minlength=len(cells)).astype(np.float64), held, apart)


def _cells(table: Typed, pair: Pair, km: float) -> IntArray:
    return cells_of(points_of(table, pair), km)


def _known(points: FloatArray) -> FloatArray:
    return points[on_earth(points)]


def on_earth(points: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) which points are known and are degrees."""
    return np.asarray(np.isfinite(points).all(axis=1))


def _told(points: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(~np.isnan(points).any(axis=1))


def _met(table: Typed, met: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> Met:
    return Met.of(met[known], table.whose[known])


SUPPORTS: Sequence[int] = (1, 10)
"""Kilometres of the cells in which points are looked for."""
DEPTHS: Sequence[int] = (1, 10, 100)
"""Kilometres of the cells of which counts are compared."""
