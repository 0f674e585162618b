"""What a class must fulfil, over many classes at once: k-anonymity, l-diversity, t-closeness, (alpha, k).

Used by the searches only; the final table is checked by `verify`, which shares nothing with this file.

Legend: G classes, m levels of a sensitive column, p (G, m) shares in each class, q (m,) shares in the whole input.

References: Samarati 2001 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity: distinct, entropy, recursive (c, l));
Li, Li, Venkatasubramanian 2007 (t-closeness, the three distances); Wong et al. 2006 ((alpha, k)); Nergiz et al. 2007
(delta-presence).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import OptionError
from likewise.privacy.encoding import Floats, Ints, Ladder

# Sums of shares differ in the last bits with the order of adding; a bound met exactly must count as met.
SLACK = 1e-9
_CELLS = 4_000_000  # of one block of histograms: 32 MB
L_KINDS = ("distinct", "entropy", "recursive")
DISTANCES = ("equal", "ordered", "hierarchical")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Model:
    """The protection asked for. None: not asked."""

    k: int = 5
    l: float | None = None  # noqa: E741
    l_kind: str = "distinct"
    c: float | None = None
    t: float | None = None
    alpha: float | None = None
    delta: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer) or self.k < 1:
            raise OptionError(f"k must be a whole number of at least 1, got {self.k!r}")
        for name in ("l", "c", "t", "alpha"):
            if not is_number(getattr(self, name), none=True):
                raise OptionError(f"{name} must be a number or None, got {getattr(self, name)!r}")
        if self.delta is not None and not _is_range(self.delta):
            raise OptionError("delta must be two numbers with 0 <= low <= high <= 1")
        if self.l_kind not in L_KINDS:
            raise OptionError(f"l_kind must be one of {', '.join(L_KINDS)}, got {self.l_kind!r}")
        if self.l is not None:
            whole = self.l_kind != "entropy"
            if not self.l >= 1 or (whole and self.l != int(self.l)):
                raise OptionError(
                    f"l must be {'a whole number' if whole else 'a number'} of at least 1, got {self.l!r}"
                )
        if (self.c is not None) != (self.l is not None and self.l_kind == "recursive"):
            raise OptionError("c (above 0) belongs to recursive l-diversity: give c, l and l_kind='recursive' together")
        if self.c is not None and not (np.isfinite(self.c) and self.c > 0):
            raise OptionError(f"c must be a number above 0, got {self.c!r}")
        if self.t is not None and not 0 <= self.t <= 1:
            raise OptionError(f"t must lie in 0 .. 1, got {self.t!r}")
        if self.alpha is not None and not 0 < self.alpha <= 1:
            raise OptionError(f"alpha must lie above 0 and be at most 1, got {self.alpha!r}")

    @property
    def needs_sensitive(self) -> bool:
        return self.l is not None or self.t is not None or self.alpha is not None

    @property
    def monotone_under_suppression(self) -> bool:
        """Whether, with rows suppressed class by class, a coarser node can never suppress more rows.

        True for k-anonymity and distinct l-diversity; for the others merging a bad class with a good one may spoil the
        good one, so validity of a node says nothing about the nodes above it once suppression is allowed.
        """
        distinct_only = self.l is None or self.l_kind == "distinct"
        return distinct_only and self.t is None and self.alpha is None and self.delta is None

    def words(self) -> str:
        parts = [f"k={self.k}"]
        if self.l is not None:
            parts.append(f"{self.l_kind} l={self.l:g}" + ("" if self.c is None else f" with c={self.c:g}"))
        parts += [f"{n}={v:g}" for n, v in (("t", self.t), ("alpha", self.alpha)) if v is not None]
        if self.delta is not None:
            parts.append(f"delta={self.delta[0]:g}..{self.delta[1]:g}")
        return ", ".join(parts)


def is_number(value: object, *, none: bool = False) -> bool:
    """Whether an argument is a number (NaN too); with `none`, or None."""
    return (none and value is None) or (isinstance(value, int | float | np.number) and not isinstance(value, bool))


def _is_range(pair: Any) -> bool:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(is_number, pair)):
        return False
    return bool(0 <= pair[0] <= pair[1] <= 1)


@dataclass(frozen=True)
class Sensitive:
    """A sensitive column as codes."""

    name: str
    codes: npt.NDArray[np.int32]  # (n,)
    n_levels: int
    q: Floats  # (m,) shares in the input
    distance: str
    ladder: Ladder | None = None


def class_passes(sizes: Ints, groups: Ints, model: Model, sensitive: list[Sensitive],
                 rows: Ints | None = None, weights: Ints | None = None) -> Bools:  # fmt: skip
    """Which classes meet the model (delta-presence apart).

    Args:
        sizes: (G,) rows of each class.
        groups: (r,) class of each row, rising.
        rows: (r,) which rows those are; None: the first r.
        weights: (r,) how many rows each stands for; None: one.

    Shape: -> (G,)
    """
    ok: Bools = sizes >= model.k
    if not model.needs_sensitive or not ok.any():
        return ok
    for column in sensitive:
        codes = column.codes if rows is None else column.codes[rows]
        for start, stop, counts in histograms(groups, codes, len(sizes), column.n_levels, weights):
            ok[start:stop] &= histogram_passes(counts, model, column)
    return ok


def histograms(
    groups: Ints, codes: npt.NDArray[Any], n_groups: int, m: int, weights: Ints | None = None
) -> Iterator[tuple[int, int, Floats]]:
    """Level counts of every class, in blocks of classes; `groups` must rise."""
    block = max(1, _CELLS // max(m, 1))
    for start in range(0, n_groups, block):
        stop = min(start + block, n_groups)
        part = slice(None) if stop - start == n_groups else slice(*np.searchsorted(groups, (start, stop)))
        key = (groups[part] - start) * m + codes[part]
        weight = None if weights is None else weights[part]
        yield start, stop, np.bincount(key, weight, (stop - start) * m).reshape(-1, m).astype(np.float64)


def histogram_passes(counts: Floats, model: Model, column: Sensitive) -> Bools:
    """Which rows of a table of level counts meet l, t and alpha.

    Shape: (G, m) -> (G,)
    """
    ok = np.ones(len(counts), bool)
    p = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    if model.l is not None:
        ok &= _diverse(p, model)
    if model.alpha is not None:
        ok &= p.max(1) <= model.alpha + SLACK
    if model.t is not None:
        ok &= distance(p, column.q, column.distance, column.ladder) <= model.t + SLACK
    return ok


def _diverse(p: Floats, model: Model) -> Bools:
    assert model.l is not None
    if model.l_kind == "distinct":
        return np.asarray((p > 0).sum(1) >= model.l)
    if model.l_kind == "entropy":
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
        return np.asarray(entropy >= np.log(model.l) - SLACK)
    assert model.c is not None
    order = -np.sort(-p, axis=1)
    tail = order[:, int(model.l) - 1 :].sum(1)
    # Strictly below, so a tie must fail: the slack is taken off. With fewer than l levels the tail is 0: fails too.
    return np.asarray(order[:, 0] < model.c * tail - SLACK)


def distance(p: Floats, q: Floats, kind: str, ladder: Ladder | None = None) -> Floats:
    """Earth mover's distance of each row of p from q.

    Shape: (G, m), (m,) -> (G,)

    >>> q = np.full(9, 1 / 9)
    >>> p = np.zeros((2, 9)); p[0, :3] = 1 / 3; p[1, [3, 5, 8]] = 1 / 3
    >>> np.round(distance(p, q, "ordered"), 3)    # Li et al. 2007, section 4.3
    array([0.375, 0.167])
    """
    extra = p - q
    if kind == "equal":
        return np.asarray(np.abs(extra).sum(1) / 2)
    if kind == "ordered":
        return np.asarray(np.abs(np.cumsum(extra, 1)[:, :-1]).sum(1) / max(len(q) - 1, 1))
    assert ladder is not None
    total = np.zeros(len(p))
    below = extra
    for step in range(1, ladder.height + 1):
        nodes = ladder.maps[step]
        # Children of this step are the nodes of the step below; each lies in one node here.
        children = nodes[np.flatnonzero(np.diff(ladder.maps[step - 1], prepend=-1))]
        starts = np.flatnonzero(np.diff(children, prepend=-1))
        plus = np.add.reduceat(np.maximum(below, 0), starts, axis=1)
        minus = np.add.reduceat(np.maximum(-below, 0), starts, axis=1)
        total += step / ladder.height * np.minimum(plus, minus).sum(1)
        below = plus - minus
    return total
