"""Counts of each field alone: which codes can be told apart, how many rows there are, and where a net starts.

Legend: K codes of a field.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.dp.gate import Gate
from likewise.dp.queries import Ints, Marginals, Measurement, Table

CERTAIN_SIGMAS = 3.0
"""Codes with fewer rows than this many deviations of the noise share theirs (McKenna et al. 2021, section 4)."""

SPARE_ROWS = 0.5
"""Rows that a code is taken to have at least, where its count says none."""


def each_field(sizes: Sequence[int], told: Collection[int] = ()) -> Marginals:
    """The query for the counts of every field but those told, measured together."""
    asked = tuple((j,) for j in range(len(sizes)) if j not in told)
    return Marginals(asked, f"counts of all {len(asked)} fields")


def groups_of(counts: Measurement) -> Ints:
    """(K,) group of each code: those of too few rows to tell share the last one."""
    certain = counts.table >= CERTAIN_SIGMAS * counts.sigma
    return np.where(certain, np.cumsum(certain) - 1, certain.sum()).astype(np.int64)


def total_rows(measured: Sequence[Measurement]) -> float:
    """The number of rows: the mean of what the tables say, each by how sure it is; one row at least."""
    if not measured:
        return 1.0
    weights = np.array([1 / (m.scale * math.sqrt(m.table.size)) ** 2 for m in measured])
    return max(float(np.dot(weights, [m.table.sum() for m in measured]) / weights.sum()), 1.0)


@dataclass(frozen=True)
class OneWay:
    """What is known of each field alone under a budget.

    Args:
        counts: (K,) rows of each code for each field, above 0; codes too rare to tell share theirs. Of fields that are
            told and never drawn, which are not counted, one each.
        n_rows: rows of the table, about.
    """

    counts: tuple[Table, ...]
    n_rows: float

    @classmethod
    def of(cls, gate: Gate, share: float, told: Collection[int] = ()) -> OneWay:
        """Measure it.

        Args:
            told: fields that are not drawn.

        Privacy: the share.
        """
        measured = gate.counts(each_field(gate.sizes, told), share)
        counts = [np.ones(size) for size in gate.sizes]
        for m in measured:
            group = groups_of(m)
            shared = np.bincount(group, weights=m.table).clip(SPARE_ROWS, None) / np.bincount(group)
            counts[m.clique[0]] = shared[group]
        return cls(tuple(counts), total_rows(measured))

    def shares(self) -> list[Table]:
        """(K,) share of each code, for each field."""
        return [counts / counts.sum() for counts in self.counts]

    def log_shares(self) -> list[npt.NDArray[np.float32]]:
        """(K,) log share of each code, for each field."""
        return [np.log(share).astype(np.float32) for share in self.shares()]
