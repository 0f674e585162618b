"""Noisy tables that were paid for, kept: what is drawn can be held against them at no further cost.

Legend: D fields, K codes of a field, G groups of codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import ModelFileError

Ints = npt.NDArray[np.int64]

MOST_CELLS = 250_000
"""Cells of all tables that are kept, together: a model file grows by two million bytes at most."""

MOST_FIELDS = 2
"""Tables of more fields are not kept: a reader looks at columns, and at pairs of them."""


@dataclass(frozen=True)
class NoisyTable:
    """Counts with noise, as a mechanism gave them and the ledger charged for them.

    Args:
        fields: of the alphabet.
        groups: for each of them (K,) the group that each code was counted in.
        counts: (G, ...) rows in each combination of groups, an axis a field; noise may take them below 0.
        sigma: deviation of the noise of each count.
    """

    fields: tuple[int, ...]
    groups: tuple[Ints, ...]
    counts: npt.NDArray[np.float64]
    sigma: float

    def shares(self, codes: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float64]:
        """Share of these rows in each cell. Shape: (n, D) -> that of the counts."""
        index = np.zeros(len(codes), np.int64)
        for j, group, size in zip(self.fields, self.groups, self.counts.shape, strict=True):
            index = index * size + group[codes[:, j]]
        return np.bincount(index, minlength=self.counts.size).reshape(self.counts.shape) / max(len(codes), 1)


class Answers:
    """The noisy tables of one fit, as they come; those of many fields or beyond `MOST_CELLS` are let go."""

    def __init__(self) -> None:
        self._tables: list[NoisyTable] = []
        self._cells = 0

    def keep(self, table: NoisyTable) -> None:
        if 0 < len(table.fields) <= MOST_FIELDS and self._cells + table.counts.size <= MOST_CELLS:
            self._tables.append(table)
            self._cells += table.counts.size

    @property
    def tables(self) -> tuple[NoisyTable, ...]:
        return tuple(self._tables)


def to_state(tables: Sequence[NoisyTable]) -> dict[str, npt.NDArray[Any]]:
    """Named arrays that hold the tables; none where there is no table."""
    if not tables:
        return {}
    groups = [g for table in tables for g in table.groups]
    return {
        "fields": np.concatenate([np.array(t.fields, np.int32) for t in tables]),
        "ranks": np.array([len(t.fields) for t in tables], np.int32),
        "groups": np.concatenate(groups).astype(np.int32),
        "counts": np.concatenate([t.counts.ravel() for t in tables]).astype(np.float64),
        "sigmas": np.array([t.sigma for t in tables], np.float64),
    }


def from_state(state: Mapping[str, npt.NDArray[Any]], sizes: Sequence[int]) -> tuple[NoisyTable, ...]:
    """The inverse of `to_state`.

    Args:
        sizes: (D,) codes of every field.

    Raises:
        ModelFileError: the arrays are not those of tables over these fields.
    """
    if not state:
        return ()
    try:
        return tuple(_tables(state, sizes))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ModelFileError("the noisy tables do not hold together") from error


def _tables(state: Mapping[str, npt.NDArray[Any]], sizes: Sequence[int]) -> list[NoisyTable]:
    fields, groups, counts = (list(state[name]) for name in ("fields", "groups", "counts"))
    made: list[NoisyTable] = []
    at_field = at_group = at_count = 0
    for rank, sigma in zip(state["ranks"], state["sigmas"], strict=True):
        of_table = tuple(int(j) for j in fields[at_field : at_field + int(rank)])
        at_field += int(rank)
        by_field = []
        for j in of_table:
            by_field.append(np.array(groups[at_group : at_group + sizes[j]], np.int64))
            at_group += sizes[j]
        shape = tuple(int(g.max()) + 1 for g in by_field)
        cells = counts[at_count : at_count + math.prod(shape)]
        at_count += math.prod(shape)
        made.append(NoisyTable(of_table, tuple(by_field), np.array(cells, np.float64).reshape(shape), float(sigma)))
    ends = (len(fields), len(groups), len(counts))
    sound = all(
        min(t.fields) >= 0 and min(map(np.min, t.groups)) >= 0 and np.isfinite(t.counts).all() and t.sigma > 0
        for t in made
    )
    if (at_field, at_group, at_count) != ends or not sound:
        raise ValueError("lengths or numbers")
    return made
