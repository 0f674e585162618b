"""Entropy pooling: the weights of rows that meet views and stay as near as can be to the rows as they are.

The weights w minimise sum w log(w / p) under views that are linear in w (Meucci 2008). What it costs is shown: the
number of rows that the weighted ones are worth.

Legend: n rows, v constraints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize
from scipy.special import logsumexp

from likewise.errors import ConditionError, OptionError, nearest
from likewise.typing import Bools, Floats, Ints

MOST_TILT = 300.0
"""A multiplier, in standard deviations of what it multiplies: more would put all weight on one row."""

Kind = Literal["mean", "std", "quantile", "correlation", "share"]
Sense = Literal["=", ">=", "<="]


@dataclass(frozen=True, kw_only=True)
class View:
    """One thing that is to hold of the weighted rows. Made by `mean`, `std`, `quantile`, `correlation`, `share`.

    Args:
        kind: what is viewed.
        columns: the column, or the two columns of a correlation.
        value: what it is to be.
        sense: equal to the value, at least it or at most it.
        level: of a quantile.
        where: of a share: the condition whose share of the rows is viewed, by column.
    """

    kind: Kind
    columns: tuple[str, ...]
    value: float
    sense: Sense = "="
    level: float | None = None
    where: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ConditionError(f"a view on {', '.join(self.columns)} needs a finite number")
        if self.sense not in ("=", ">=", "<="):
            raise ConditionError(f"a view's sense must be '=', '>=' or '<=', got {self.sense!r}")
        if self.kind == "share" and not 0 <= self.value <= 1:
            raise ConditionError("the share of a view must lie in [0, 1]")
        if self.kind == "std" and self.value < 0:
            raise ConditionError("the standard deviation of a view must not be negative")
        if self.kind == "correlation" and not -1 <= self.value <= 1:
            raise ConditionError("the correlation of a view must lie in [-1, 1]")
        if self.kind == "quantile" and not (self.level is not None and 0 < self.level < 1):
            raise ConditionError(f"the level of a quantile must lie in (0, 1), got {self.level!r}")


def mean(column: str, value: float, sense: Sense = "=") -> View:
    """A view: the mean of a column of numbers is, or by `sense` (">=", "<=") is at least or at most, this value.

    Example:
        >>> mean("loss", 120.0).sense
        '='
    """
    return View(kind="mean", columns=(column,), value=float(value), sense=sense)


def std(column: str, value: float, sense: Sense = "=") -> View:
    """A view: the standard deviation of a column, about its viewed mean, or else the mean it has, is this value, or by
    `sense` (">=", "<=") at least or at most that.

    Example:
        >>> std("loss", 30.0, ">=").value
        30.0
    """
    return View(kind="std", columns=(column,), value=float(value), sense=sense)


def quantile(column: str, level: float, value: float, sense: Sense = "=") -> View:
    """A view: the value below which the share `level` of the rows of a column lies is this, or by `sense` (">=", "<=")
    at least or at most that.

    Example:
        >>> quantile("loss", 0.99, 500.0).value
        500.0
    """
    return View(kind="quantile", columns=(column,), value=float(value), level=level, sense=sense)


def correlation(a: str, b: str, value: float, sense: Sense = "=") -> View:
    """A view: the correlation of columns `a`, `b` is this value, or by `sense` (">=", "<=") at least or at most that;
    means and standard deviations stay as they are, or as viewed.

    Example:
        >>> correlation("equities", "bonds", 0.5).value
        0.5
    """
    return View(kind="correlation", columns=(a, b), value=float(value), sense=sense)


def share(where: Mapping[str, Any], value: float, sense: Sense = "=") -> View:
    """A view: the share of the rows that meet all conditions of `where` is this value, or by `sense` (">=", "<=") at
    least or at most that.

    Example:
        >>> share({"claim": "yes"}, 0.1).value
        0.1
    """
    return View(kind="share", columns=tuple(where), value=float(value), sense=sense, where=where)


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """Weights and what they cost.

    Args:
        weights: (n,) that add up to 1.
        effective_rows: 1 / sum w^2 (Kish): equal rows that would carry an estimate as well.
        entropy_rows: exp of the weights' entropy (Meucci 2012): n where all are equal.
        divergence: sum w log(w / p), in nats.
    """

    weights: Floats
    effective_rows: float
    entropy_rows: float
    divergence: float

    def to_dict(self) -> dict[str, float]:
        figures = asdict(self)
        figures.pop("weights")
        return {**figures, "rows": len(self.weights)}


@dataclass(frozen=True)
class Constraints:
    """sum w * features (=, <=) targets.

    Args:
        features: (v, n).
        targets: (v,).
        is_bound: (v,) True where the sum must not exceed its target.
    """

    features: Floats
    targets: Floats
    is_bound: Bools


def pool(constraints: Constraints, prior: Floats | None = None) -> Pooling:
    """The weights nearest to the prior under the constraints, by its convex dual.

    Raises:
        ConditionError: no weights of these rows meet all the constraints.

    Example:
        >>> rows = np.arange(10.0)
        >>> pooled = pool(Constraints(rows[None], np.array([6.0]), np.array([False])))
        >>> round(float(pooled.weights @ rows), 6)
        6.0
    """
    features, targets = constraints.features, constraints.targets
    n = features.shape[1]
    log_p = np.full(n, -np.log(n)) if prior is None else np.log(prior / prior.sum())
    spread = features.std(1)
    flat = spread < 1e-12 * np.maximum(np.abs(features).max(1), 1.0)
    scale = np.where(flat, 1.0, spread)
    gaps = (features - targets[:, None]) / scale[:, None]  # (v, n): what must average to 0, or at most 0
    _refuse_out_of_reach(gaps, constraints.is_bound)

    def dual(multipliers: Floats) -> tuple[float, Floats]:
        logs = log_p - multipliers @ gaps
        total = float(logsumexp(logs))
        return total, -gaps @ np.exp(logs - total)

    # Where the views cannot hold the multipliers run away; within these ends no weights that exist are left out.
    bounds = [(0.0 if bound else -MOST_TILT, MOST_TILT) for bound in constraints.is_bound]
    found = optimize.minimize(
        dual, np.zeros(len(targets)), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 500, "gtol": 1e-9, "ftol": 1e-15},
    )  # fmt: skip
    multipliers = _polish(found.x, log_p, gaps, constraints.is_bound)
    logs = log_p - multipliers @ gaps
    log_w = logs - logsumexp(logs)
    weights = np.exp(log_w)
    missed = gaps @ weights
    missed = np.where(constraints.is_bound, np.maximum(missed, 0.0), np.abs(missed))
    if (missed > 1e-3).any():
        raise ConditionError(
            f"{int((missed > 1e-3).sum())} of {len(missed)} views cannot hold together on these rows: they contradict "
            "each other, or ask for what no mixture of the rows can be"
        )
    entropy = -float((weights * np.where(weights > 0, log_w, 0.0)).sum())
    return Pooling(
        weights=weights,
        effective_rows=float(1 / (weights**2).sum()),
        entropy_rows=float(np.exp(entropy)),
        divergence=float((weights * np.where(weights > 0, log_w - log_p, 0.0)).sum()),
    )


def _refuse_out_of_reach(gaps: Floats, is_bound: Bools) -> None:
    """A target beyond every row's own value can be no average of them."""
    beyond = (gaps.min(1) > 1e-12) | (~is_bound & (gaps.max(1) < -1e-12))
    if beyond.any():
        raise ConditionError(
            f"{int(beyond.sum())} of {len(gaps)} views ask for more, or less, than any row holds: no mixture of the "
            "rows meets them; draw under `where`, or beyond the data with a return period"
        )


def _polish(multipliers: Floats, log_p: Floats, gaps: Floats, is_bound: Bools) -> Floats:
    """A few Newton steps on the constraints that are active, so that views hold to the last digits."""
    active = ~is_bound | (multipliers > 0)
    for _ in range(5):
        if not active.any():
            break
        logs = log_p - multipliers @ gaps
        weights = np.exp(logs - logsumexp(logs))
        inner = gaps[active]
        missed = inner @ weights
        curvature = (inner * weights) @ inner.T - np.outer(missed, missed)
        step = np.linalg.lstsq(curvature, missed, rcond=1e-10)[0]
        if not np.isfinite(step).all() or np.abs(step).max() > 1.0:
            break
        moved = multipliers.copy()
        moved[active] += step
        multipliers = np.where(is_bound, np.maximum(moved, 0.0), moved)
    return multipliers


def constraints_of(
    views: Sequence[View], columns: Mapping[str, Floats], masks: Sequence[Bools], prior: Floats
) -> Constraints:
    """The constraints that the views are.

    A standard deviation or a correlation is no average; with means (and deviations) held where they are, or where they
    are viewed, it is one (Meucci 2008, section 3.2). A view on a column with missing values holds among the known ones.

    Args:
        columns: (n,) numbers of each column viewed, NaN where missing.
        masks: for each view of a share, in order, which rows meet its conditions.
    """
    means = {v.columns[0]: v for v in views if v.kind == "mean"}
    spreads = {v.columns[0]: v for v in views if v.kind == "std"}
    rows: list[tuple[Floats, Sense]] = []
    left = list(masks)
    for view in views:
        if view.kind == "share":
            rows.append((left.pop(0).astype(np.float64) - view.value, view.sense))
            continue
        x = _column(view.columns[0], columns)
        if view.kind == "mean":
            rows.append((x - view.value, view.sense))
        elif view.kind == "quantile":
            # Raising a quantile is lowering the share below it.
            flipped: Sense = {"=": "=", ">=": "<=", "<=": ">="}[view.sense]  # type: ignore[assignment]
            rows.append((np.where(np.isnan(x), np.nan, x <= view.value) - (view.level or 0.0), flipped))
        else:
            moments = [_moments(name, columns, means, spreads, prior) for name in view.columns]
            pinned = [(_column(name, columns) - centre, spread) for name, centre, spread in moments]
            rows += [(apart, "=") for apart, _ in pinned]
            if view.kind == "std":
                rows.append((pinned[0][0] ** 2 - view.value**2, view.sense))
                continue
            rows += [(apart**2 - spread**2, "=") for apart, spread in pinned]
            (a, sa), (b, sb) = pinned
            rows.append((a * b - view.value * sa * sb, view.sense))
    signs = np.array([-1.0 if sense == ">=" else 1.0 for _, sense in rows])
    return Constraints(
        np.nan_to_num(np.stack([features for features, _ in rows]) * signs[:, None]),
        np.zeros(len(rows)),
        np.array([sense != "=" for _, sense in rows]),
    )


def _moments(
    name: str, columns: Mapping[str, Floats], means: Mapping[str, View], spreads: Mapping[str, View], prior: Floats
) -> tuple[str, float, float]:
    """The mean and standard deviation that a column is to have: as viewed, or as it has them.

    A view that is a bound is met as it is, or else at the bound: that is as near to the rows as can be.
    """
    x = _column(name, columns)
    known = np.isfinite(x)
    weights = prior[known] / prior[known].sum()
    centre = _held(float(weights @ x[known]), means.get(name))
    return name, centre, _held(float(np.sqrt(weights @ (x[known] - centre) ** 2)), spreads.get(name))


def _held(is_now: float, view: View | None) -> float:
    """The value nearest to the one there is that a view allows."""
    if view is None or (view.sense == ">=" and is_now >= view.value) or (view.sense == "<=" and is_now <= view.value):
        return is_now
    return view.value


def _column(name: str, columns: Mapping[str, Floats]) -> Floats:
    if name not in columns:
        raise ConditionError(f"a view needs a column of numbers; {name!r} is none{nearest(name, list(columns))}")
    if not np.isfinite(columns[name]).any():
        raise ConditionError(f"column {name!r}: a view needs numbers, and all are missing")
    return columns[name]


def resample(weights: Floats, n: int, rng: np.random.Generator, parts: Sequence[Bools] = ()) -> Ints:
    """(n,) which rows to take, each as often as it weighs, in random order (systematic resampling).

    Args:
        parts: which rows meet what is to have a share; rows that meet the same get their share within one row.

    Example:
        >>> part = np.arange(100) % 7 < 3
        >>> taken = resample(np.ones(100), 1_000, np.random.default_rng(0), [part])
        >>> abs(int(part[taken].sum()) - 10 * int(part.sum())) <= 1
        True
    """
    if n < 1:
        raise OptionError(f"n must be at least 1, got {n}")
    order = np.lexsort(list(parts)) if len(parts) else np.arange(len(weights))
    upto = weights[order].cumsum() / weights.sum()
    places = (np.arange(n) + rng.random()) / n
    return rng.permutation(order[np.searchsorted(upto, places).clip(max=len(weights) - 1)]).astype(np.int64)
