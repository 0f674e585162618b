"""Rows that are pointed at, as two small codes: which cluster a row lies in, and which leaf of it.

A net learns the pair in place of a key, and `matching.match` picks a row of the leaf. Near leaves have near numbers, so
that a leaf without rows has a neighbour. A centre is the mean of several rows, never one row, but where rows are kept.

Legend: P parents, F features, K1 clusters, K2 leaves of the greatest cluster, L leaves in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import State, take_value
from likewise.databases.links.features import Features
from likewise.errors import InputError, ModelFileError
from likewise.typing import Floats, Ints

MOST = 64
"""Clusters, and leaves of each."""
MOST_ROWS = 256
"""Kept tables of so many rows at most have a code for each row."""
LEAST = 5
"""People who stand behind a leaf at least, where rows are not kept."""
LOOK_AT = 20_000


@dataclass(frozen=True)
class SideCodes:
    """How rows that are pointed at are coded.

    Args:
        n_kept: rows of a table that is kept; None where it is made anew.
        features: what is looked at; None where each row is a code.
        clusters: (K1, F) centres.
        leaves: (L, F) centres, cluster by cluster.
        cluster_of: (L,) which cluster each leaf belongs to, ascending.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> parents = pl.DataFrame({"kind": ["a", "b"] * 50, "size": np.arange(100.0)})
        >>> side = SideCodes.fit(parents, np.ones(100, np.int64), rng)
        >>> side.codes(parents, np.ones(100, np.int64)).shape, side.sizes[0] <= 64
        ((100, 2), True)
    """

    n_kept: int | None
    features: Features | None
    clusters: Floats
    leaves: Floats
    cluster_of: Ints

    @classmethod
    def fit(
        cls, parents: pl.DataFrame, degrees: Ints, rng: np.random.Generator, *, kept: bool = False,
        whose: Ints | None = None,
    ) -> Self:  # fmt: skip
        """Learn the codes of a table.

        Args:
            parents: (P, ...) its canonical columns without keys.
            degrees: (P,) links into each row.
            kept: whether its rows stay as they are, in this order.
            whose: (P,) the person of each row, of whom `LEAST` stand behind a leaf; None counts rows.
        """
        p, own = len(degrees), np.asarray(degrees, np.int64)
        nothing = np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0, np.int64)
        if kept and p <= MOST_ROWS:
            return cls(p, None, *nothing)
        least, who = 1 if kept else LEAST, np.arange(p) if kept or whose is None else whose
        features = Features.fit(parents, own, None if kept else whose)
        points = features(parents, own)
        n_leaves = max(1, min(MOST * MOST, p if kept else p // max(isqrt(p), least)))
        clusters = _centres(points, min(MOST, isqrt(n_leaves - 1) + 1), least, rng, who)
        at = _nearest(points, clusters)
        inner = [
            _centres(
                points[at == k],
                min(MOST, round(n_leaves * int((at == k).sum()) / max(1, p)) or 1),
                least,
                rng,
                who[at == k],
            )
            for k in range(len(clusters))
        ]
        cluster_of = np.repeat(np.arange(len(clusters)), [len(some) for some in inner])
        return cls(p if kept else None, features, clusters, np.concatenate(inner), cluster_of)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many values either code has."""
        if self.features is None:
            return max(1, self.n_kept or 0), 1
        return len(self.clusters), int(np.bincount(self.cluster_of).max())

    def codes(self, parents: pl.DataFrame, degrees: Ints) -> Ints:
        """(P, 2) codes of these rows, real or made.

        Args:
            parents: (P, ...) the columns that `fit` saw.
            degrees: (P,) links into each, known or planned.

        Raises:
            InputError: the table is kept and these are not its rows.
        """
        p = len(degrees)
        if self.n_kept is not None and p != self.n_kept:
            raise InputError(f"a kept table has {self.n_kept} rows, but codes of {p} are asked for")
        if self.features is None:
            return np.column_stack([np.arange(p), np.zeros(p, np.int64)])
        found = np.zeros((p, 2), np.int64)
        points = self.features(parents, np.asarray(degrees, np.int64))
        found[:, 0] = _nearest(points, self.clusters)
        for k in range(len(self.clusters)):
            rows = np.flatnonzero(found[:, 0] == k)
            found[rows, 1] = _nearest(points[rows], self.leaves[self.cluster_of == k])
        return found

    def centres(self, codes: Ints) -> Floats:
        """(P, F) the centre of the leaf of each code."""
        first = np.searchsorted(self.cluster_of, codes[:, 0])
        centres: Floats = self.leaves[first + codes[:, 1]]
        return centres

    # ---- state -------------------------------------------------------------------------------------------------------

    def to_state(self) -> State:
        """A JSON-able dict and arrays."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "clusters": self.clusters, "leaves": self.leaves, "cluster_of": self.cluster_of,
        }  # fmt: skip
        return {"n_kept": self.n_kept, "features": None if self.features is None else self.features.to_dict()}, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        n_kept, inner = take_value(data, "n_kept", int, type(None)), take_value(data, "features", dict, type(None))
        features = None if inner is None else Features.from_dict(inner)
        try:
            clusters, leaves = (np.asarray(arrays[name], np.float64) for name in ("clusters", "leaves"))
            of = np.asarray(arrays["cluster_of"], np.int64)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError("codes of a table that is pointed at: an array is absent or no array") from error
        fits = n_kept is None or n_kept >= 0
        if features is None:
            fits = fits and n_kept is not None and n_kept <= MOST_ROWS
        else:
            width = features.width
            fits = (
                fits and clusters.ndim == leaves.ndim == 2 and clusters.shape[1] == leaves.shape[1] == width
                and 1 <= len(clusters) <= MOST and of.shape == (len(leaves),) and bool((np.diff(of) >= 0).all())
                and np.array_equal(np.unique(of), np.arange(len(clusters))) and int(np.bincount(of).max()) <= MOST
                and bool(np.isfinite(clusters).all() and np.isfinite(leaves).all())
            )  # fmt: skip
        if not fits:
            raise ModelFileError("codes of a table that is pointed at: its parts do not fit together")
        return cls(n_kept, features, clusters, leaves, of)


def _nearest(points: Floats, centres: Floats) -> Ints:
    """(P,) the nearest centre of each point."""
    found = np.zeros(len(points), np.int64)
    half = (centres**2).sum(1) / 2
    for start in range(0, len(points), LOOK_AT):
        part = points[start : start + LOOK_AT]
        found[start : start + LOOK_AT] = (half - part @ centres.T).argmin(1)
    return found


def _centres(points: Floats, k: int, least: int, rng: np.random.Generator, whose: Ints) -> Floats:
    """(<= k, F) centres by k-means, each of points of `least` people or more where there are so many; near ones beside
    each other.

    Args:
        whose: (P,) the person of each point.

    References: Lloyd 1982; first centres as Arthur and Vassilvitskii 2007 choose them.
    """
    if len(points) > LOOK_AT:
        chosen = np.sort(rng.choice(len(points), LOOK_AT, replace=False))
        points, whose = points[chosen], whose[chosen]
    some, who = points, np.unique(whose, return_inverse=True)[1]
    n_people = int(who.max(initial=-1)) + 1
    if k <= 1 or n_people < 2 * least:
        return some.mean(0, keepdims=True) if n_people >= least else np.zeros((1, points.shape[1]))
    centres = _first(some, k, rng)
    for _ in range(20):
        at = _nearest(some, centres)
        moved = _means(some, at, who, len(centres))
        still = len(moved) == len(centres) and np.allclose(moved, centres)
        centres = moved
        if still:
            break
    moved = centres
    while True:  # the emptiest is given up, one at a time: its points may fill others
        at = _nearest(some, moved)
        counts = np.bincount(np.unique(at * n_people + who) // n_people, minlength=len(moved))
        if len(moved) > 1 and counts.min() < least:
            centres = moved = np.delete(moved, counts.argmin(), axis=0)
        elif moved is centres:
            moved = _means(some, at, who, len(centres))
        else:
            break
    centres = moved
    middle = centres - centres.mean(0)
    axis = np.linalg.svd(middle, full_matrices=False)[2][0]
    axis = axis * (1.0 if axis[np.abs(axis).argmax()] > 0 else -1.0)
    ordered: Floats = centres[np.argsort(middle @ axis, kind="stable")]
    return ordered


def _first(points: Floats, k: int, rng: np.random.Generator) -> Floats:
    chosen = [int(rng.integers(len(points)))]
    distance = ((points - points[chosen[0]]) ** 2).sum(1)
    while len(chosen) < k and (total := distance.sum()) > 1e-12 * len(points):
        at = np.searchsorted(np.cumsum(distance), rng.random() * total, side="right")
        chosen.append(min(int(at), len(points) - 1))
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(1))
    return points[chosen]


def _means(points: Floats, at: Ints, who: Ints, k: int) -> Floats:
    """(<= k, F) means of the points at each centre, in which each person weighs as much; of those without points none.

    Args:
        who: (P,) whose each point is, 0, 1, ...
    """
    counts = np.bincount(at, minlength=k)
    _, pair, of_pair = np.unique(at * (int(who.max(initial=0)) + 1) + who, return_inverse=True, return_counts=True)
    weights = 1.0 / of_pair[pair]
    order = np.argsort(at, kind="stable")
    full = counts > 0
    starts = (np.cumsum(counts) - counts)[full]
    sums = np.add.reduceat(points[order] * weights[order, None], starts, axis=0)
    means: Floats = sums / np.bincount(at, weights, minlength=k)[full, None]
    return means
