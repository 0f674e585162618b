"""Numbers told as the mean of at least k of them, and extremes told as a bound.

Legend: n rows, d columns, k fewest rows of a group.

References: Domingo-Ferrer and Mateo-Sanz 2002 (MDAV); Hansen and Mukherjee 2003 (the optimum for one column).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError, PrivacyError
from likewise.privacy.encoding import Floats, Ints, encode, reader
from likewise.privacy.measures import columns_of
from likewise.privacy.mondrian import mondrian
from likewise.tables.frames import from_frame

_MDAV_ROWS = 2_000  # MDAV is quadratic: larger tables are first cut into parts of this many rows


@dataclass(frozen=True)
class Microaggregated:
    """The released table and what it cost."""

    frame: Any  # of the kind that came
    k: int  # smallest class of the released cells
    n_groups: int
    loss: float  # share of the variance that is lost: 0 none, 1 all


def microaggregate(frame: Any, *, columns: Sequence[str], k: int = 5) -> Microaggregated:
    """Numbers replaced by the mean of a group of at least k similar rows.

    One column is grouped so that as little variance is lost as can be; several by MDAV on standardised columns, in
    parts of 2,000 rows where there are more.

    Raises:
        OptionError: an unknown column, or k larger than the table.
        InputError: a column is no number or lacks values (how many).
        PrivacyError: the finished table has a class under k rows.

    Example:
        >>> import polars as pl
        >>> done = microaggregate(pl.DataFrame({"pay": [10, 11, 12, 50, 51, 55]}), columns=["pay"], k=3)
        >>> done.frame["pay"].to_list()
        [11.0, 11.0, 11.0, 52.0, 52.0, 52.0]
    """
    table, give_back = from_frame(frame)
    names, _ = columns_of(table, columns, None)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= table.height:
        raise OptionError(f"k must be a whole number between 1 and the {table.height} rows of the table, got {k!r}")
    x = np.stack([_numbers(table[name]) for name in names], 1)
    spread = x.std(0)
    z = (x - x.mean(0)) / np.where(spread > 0, spread, 1.0)
    groups = _optimal(z[:, 0], k) if len(names) == 1 else _mdav_in_parts(z, k)
    sizes = np.bincount(groups)
    means = np.stack([np.bincount(groups, x[:, j]) / sizes for j in range(len(names))], 1)[groups]
    out = table.with_columns(pl.Series(name, means[:, j]) for j, name in enumerate(names))
    smallest = int(out.group_by(names).len()["len"].min() or 0)  # type: ignore[arg-type]
    if smallest < k:
        raise PrivacyError(
            f"the finished table has a class of {smallest} rows, fewer than k={k}; it is not handed over"
        )
    centred = (means - x.mean(0)) / np.where(spread > 0, spread, 1.0)
    total = float((z**2).sum())
    lost = float(((z - centred) ** 2).sum() / total) if total else 0.0
    return Microaggregated(give_back(out), smallest, len(sizes), lost)


def _numbers(series: pl.Series) -> Floats:
    values = reader(series).read(series)
    if not values.dtype.is_numeric():
        raise InputError(f"column {series.name!r}: microaggregation needs numbers, it holds {values.dtype}")
    if values.null_count():
        raise InputError(f"column {series.name!r}: {values.null_count()} values are missing; fill or drop them first")
    x: Floats = values.cast(pl.Float64).to_numpy()
    if not np.isfinite(x).all():
        raise InputError(f"column {series.name!r}: {int((~np.isfinite(x)).sum())} values are not finite")
    return x


def _optimal(x: Floats, k: int) -> Ints:
    """Groups of k to 2k - 1 neighbours with the least sum of squares: the shortest path over the sorted values.

    Shape: (n,) -> (n,)
    """
    n = len(x)
    order = np.argsort(x, kind="stable")
    first, second = (np.r_[0.0, np.cumsum(x[order] ** p)] for p in (1, 2))
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    back = np.zeros(n + 1, np.int64)
    for end in range(k, n + 1):
        start = np.arange(max(0, end - 2 * k + 1), end - k + 1)
        cost = second[end] - second[start] - (first[end] - first[start]) ** 2 / (end - start) + best[start]
        at = int(cost.argmin())
        best[end], back[end] = cost[at], start[at]
    groups = np.zeros(n, np.int64)
    end, number = n, 0
    while end > 0:
        groups[order[back[end] : end]] = number
        end, number = int(back[end]), number + 1
    return groups


def _mdav_in_parts(z: Floats, k: int) -> Ints:
    n = len(z)
    least = max(_MDAV_ROWS // 2, k)
    if n < 2 * least:
        return _mdav(z, k)
    columns = [encode(pl.Series(str(j), z[:, j])) for j in range(z.shape[1])]
    parts, n_parts, _ = mondrian(columns, least, lambda sizes, *_: sizes >= least, relaxed=True)
    order = np.argsort(parts, kind="stable")
    groups, used = np.zeros(n, np.int64), 0
    for rows in np.split(order, np.cumsum(np.bincount(parts, minlength=n_parts))[:-1]):
        groups[rows] = used + _mdav(z[rows], k)
        used = int(groups[rows].max()) + 1
    return groups


def _mdav(z: Floats, k: int) -> Ints:
    """MDAV: the row farthest from the mean with its k - 1 nearest, then the row farthest from that one, and so on.

    Shape: (n, d) -> (n,)
    """
    groups = np.zeros(len(z), np.int64)
    left = np.arange(len(z))
    number = 0
    while len(left) >= 3 * k:
        far = _far(z[left], z[left].mean(0))
        pole = z[left[far]]
        for point in (pole, None):
            centre = z[left[_far(z[left], pole)]] if point is None else point
            near = _nearest(z[left], centre, k)
            groups[left[near]] = number
            number += 1
            left = np.delete(left, near)
    if len(left) >= 2 * k:
        near = _nearest(z[left], z[left[_far(z[left], z[left].mean(0))]], k)
        groups[left[near]] = number
        number += 1
        left = np.delete(left, near)
    groups[left] = number
    return groups


def _far(z: Floats, centre: Floats) -> int:
    return int(((z - centre) ** 2).sum(1).argmax())


def _nearest(z: Floats, centre: Floats, k: int) -> Ints:
    distance = ((z - centre) ** 2).sum(1)
    return np.argpartition(distance, k - 1)[:k] if k < len(z) else np.arange(len(z))


def top_bottom(
    frame: Any, *, bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    columns: Sequence[str] = (), least: int = 5,
) -> Any:  # fmt: skip
    """Extremes told as a bound: what lies beyond is set to it.

    Args:
        frame: any frame; it is not changed.
        bounds: lowest and highest number told, by column; None leaves a side as it is.
        columns: for these the bounds are found: as wide as can be with at least `least` rows at or beyond each.

    Raises:
        OptionError: an unknown column, or a lower bound above the upper.
        InputError: a column is no number.

    Example:
        >>> import polars as pl
        >>> top_bottom(pl.DataFrame({"age": [17, 30, 45, 99]}), bounds={"age": (None, 90)})["age"].to_list()
        [17, 30, 45, 90]
    """
    table, give_back = from_frame(frame)
    wanted: dict[str, tuple[Any, Any]] = dict(bounds or {})
    names, _ = columns_of(table, [*wanted, *columns], None)
    if columns and not 1 <= least <= table.height:
        raise OptionError(f"least must lie between 1 and the {table.height} rows of the table, got {least!r}")
    out = []
    for name in names:
        values = reader(table[name]).read(table[name])
        if not values.dtype.is_numeric():
            raise InputError(f"column {name!r}: bounds need numbers, it holds {values.dtype}")
        if name not in wanted:
            known = values.drop_nulls().sort()
            if len(known) < least:
                raise InputError(f"column {name!r}: {len(known)} values are known, fewer than least={least}")
            wanted[name] = (known[least - 1], known[len(known) - least])
        low, high = wanted[name]
        if low is not None and high is not None and low > high:
            raise OptionError(f"column {name!r}: its lower bound must not be above its upper one")
        out.append(values.clip(low, high))
    return give_back(table.with_columns(out))
