"""What may be asked of rows: counts, and scores made of counts, each with how far one row can move its answer.

Legend: n rows, D fields, K codes of a field. A clique is a tuple of field numbers; its table has one axis a field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import PrivacyError

Clique = tuple[int, ...]
Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]


def count_table(codes: npt.NDArray[np.integer[Any]], clique: Clique, sizes: Sequence[int]) -> Ints:
    """How many rows hold each combination of codes; of no fields, how many rows there are.

    Shape: (n, D) -> the clique's sizes.
    """
    shape = tuple(sizes[j] for j in clique)
    index = np.zeros(len(codes), np.int64)
    for j, size in zip(clique, shape, strict=True):
        index = index * size + codes[:, j]
    return np.bincount(index, minlength=math.prod(shape)).reshape(shape)


@dataclass(frozen=True)
class Marginals:
    """A query: tables of counts of some cliques, all together.

    Args:
        cliques: a row counts once in the table of each.
        what: the query in words, as the ledger keeps it.
    """

    cliques: tuple[Clique, ...]
    what: str

    @property
    def sensitivity(self) -> float:
        """How far one row moves all tables together, in L2."""
        return math.sqrt(len(self.cliques))

    def answer(self, codes: npt.NDArray[np.integer[Any]], sizes: Sequence[int]) -> list[Ints]:
        """The exact tables."""
        return [count_table(codes, clique, sizes) for clique in self.cliques]


@dataclass(frozen=True)
class Measurement:
    """A table of counts as the gate gave it.

    Args:
        clique: its fields.
        table: the counts, one axis a field.
        sigma: deviation of the noise of each count; 0 where there is none.
    """

    clique: Clique
    table: Table
    sigma: float

    @property
    def scale(self) -> float:
        """By how much a count may be off: tables without noise are all alike."""
        return self.sigma or 1.0


@dataclass(frozen=True, eq=False)
class Distance:
    """A query for a choice: how far the table of a clique is from what is expected, in L1.

    Args:
        clique: whose table.
        expected: gives the table that is expected, which no row may have a part in but through answers of the gate.
        weight: factor of the score, above 0.
        allowance: what is taken off the distance, before the weight.

    Raises:
        PrivacyError: the weight tells no sensitivity.
    """

    clique: Clique
    expected: Callable[[], Table]
    weight: float = 1.0
    allowance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf:
            raise PrivacyError(f"the weight of a score must be a number above 0, got {self.weight!r}")

    @property
    def sensitivity(self) -> float:
        """How far one row moves the score: it is in one cell of the table."""
        return self.weight

    def score(self, table: npt.NDArray[np.integer[Any]]) -> float:
        """The exact score of the clique's exact table."""
        return self.weight * (float(np.abs(table - self.expected()).sum()) - self.allowance)
