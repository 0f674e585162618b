"""Which fields a net should let see one another in full, where there are too many for all to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Field

MANY_FIELDS = 64
"""Up to so many fields each sees every other in full."""

LOOKED_AT = 2_000
"""Rows by which it is told how fields follow one another, at most."""

LEVELS = 3
"""Levels of a field without order that are looked at, the most frequent ones."""


def grouped_fields(codes: Codes, alphabet: Alphabet, size: int) -> list[int]:
    """All fields, in an order in which those that follow one another stand together, `size` of them a group.

    A group begins with the field that follows the others most, and takes in the field nearest to any of it until it is
    full. Nearness is the largest correlation of ranks, of levels and of being missing.
    """
    near = nearness(codes, alphabet)
    left, order = np.ones(len(near), bool), []
    while left.any():
        free = np.flatnonzero(left)
        first = free[near[np.ix_(free, free)].sum(1).argmax()]
        group, reach = [int(first)], near[first].copy()
        left[first] = False
        while len(group) < size and left.any():
            nearest = int(np.where(left, reach, -1.0).argmax())
            group.append(nearest)
            left[nearest] = False
            np.maximum(reach, near[nearest], out=reach)
        order += group
    return order


def nearness(codes: Codes, alphabet: Alphabet) -> npt.NDArray[np.float32]:
    """(D, D) the largest absolute correlation between what is looked at of two fields, 0 of a field with itself."""
    seen = codes.codes[:LOOKED_AT]
    features = [_features(seen[:, j], f) for j, f in enumerate(alphabet.fields)]
    owner = np.repeat(np.arange(len(features)), [x.shape[1] for x in features])
    x = np.concatenate(features, 1)
    x = x - x.mean(0)
    norm = np.sqrt(np.square(x).sum(0))
    x = x / np.where(norm > 0, norm, 1.0)
    starts = np.searchsorted(owner, np.arange(len(features)))
    near = np.asarray(np.abs(x.T @ x), np.float32)
    for axis in (0, 1):
        near = np.asarray(np.maximum.reduceat(near, starts, axis=axis), np.float32)
    np.fill_diagonal(near, 0.0)
    return near


def _features(codes: npt.NDArray[np.integer], field: Field) -> npt.NDArray[np.float32]:
    """(n, up to LEVELS) the rank and the codes outside the order, or the most frequent levels."""
    if field.positions is None:
        levels = np.argsort(-np.bincount(codes, minlength=field.size), kind="stable")[:LEVELS]
        return np.asarray(codes[:, None] == levels, np.float32)
    outside = np.flatnonzero(~np.isfinite(field.positions))[: LEVELS - 1]
    rank = np.nan_to_num(field.positions, nan=0.5)[codes]
    return np.column_stack([rank, *(codes == code for code in outside)]).astype(np.float32)
