"""No entity has more rows than the budget counts for it: those beyond are left out by chance, before any other look."""

from __future__ import annotations

import secrets

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.dp.ledger import DP
from likewise.errors import PrivacyError


def rows_within(budget: DP, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Numbers of the rows that are learnt from, ascending: all, or at most `max_rows` of each entity.

    Which rows of an entity are kept is drawn from the operating system's randomness, and hangs on no other entity. Rows
    whose entity is missing may all be one person's, so they count as one.

    Args:
        frame: with the column of the entities as it came, or canonical.

    Raises:
        PrivacyError: there is no such column.

    Privacy: none is spent: the budget is counted for what is left.
    """
    if budget.entity is None:
        return np.arange(len(frame))
    if budget.entity not in frame.columns:
        raise PrivacyError(f"entity names column {budget.entity!r}, which the table lacks")
    entity = frame[budget.entity].rank("dense").fill_null(0).to_numpy()
    chance = np.frombuffer(secrets.token_bytes(8 * len(frame)), np.uint64)
    order = np.lexsort((chance, entity))
    opens = np.flatnonzero(np.r_[True, np.diff(entity[order]) != 0][: len(frame)])
    place = np.arange(len(frame)) - np.repeat(opens, np.diff(np.r_[opens, len(frame)]))
    kept: npt.NDArray[np.int64] = np.sort(order[place < budget.max_rows])
    return kept
