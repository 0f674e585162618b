"""No entity has more rows than the budget counts for it: those beyond are left out by chance, before any other look."""

from __future__ import annotations

import secrets

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.dp.ledger import DP
from likewise.errors import PrivacyError
from likewise.schema.column import Schema
from likewise.schema.infer_column import SURE_TOKENS
from likewise.schema.persons import unnamed


def check_entities(budget: DP, schema: Schema | None, entity: str | bool | None) -> None:
    """See to it that budget, schema and option name the same entity: one that the budget does not know has no promise.

    Raises:
        PrivacyError: they do not; the text tells the line that mends it.
    """
    of_schema = schema.entity if schema is not None and schema.entity and _is_said(schema) else None
    for said, by in ((of_schema, "the schema"), (entity or None, "entity=")):
        if said is not None and said != budget.entity:
            counts = "rows" if budget.entity is None else f"entities of {budget.entity!r}"
            raise PrivacyError(
                f"{by} names {said!r} as the column that tells whose a row is, and the budget protects {counts}; give "
                f"privacy=lw.DP({budget.epsilon:g}, {budget.delta:g}, entity={said!r}, max_rows=...) (--entity, "
                "--max-rows), where max_rows is how many rows of one are learnt from"
            )


def _is_said(schema: Schema) -> bool:
    return schema.entity is not None and "role" not in schema[schema.entity].found


def rows_within(budget: DP, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Numbers of the rows that are learnt from, ascending: all, or at most `max_rows` of each entity.

    Which rows of an entity are kept is drawn from the operating system's randomness, and hangs on no other entity. Rows
    whose entity is missing, or is one of the words for that, are left out: they may be anybody's, and beyond the rows
    that are counted for them.

    Args:
        frame: with the column of the entities as it came, or canonical.

    Raises:
        PrivacyError: there is no such column.

    Privacy: none is spent: the budget is counted for what is left.
    """
    if budget.entity is None:
        return np.arange(len(frame))
    rows = named_rows(budget, frame)
    entity = _plain(frame[budget.entity]).gather(rows).rank("dense").to_numpy()
    chance = np.frombuffer(secrets.token_bytes(8 * len(rows)), np.uint64)
    order = np.lexsort((chance, entity))
    opens = np.flatnonzero(np.r_[True, np.diff(entity[order]) != 0][: len(rows)])
    place = np.arange(len(rows)) - np.repeat(opens, np.diff(np.r_[opens, len(rows)]))
    kept: npt.NDArray[np.int64] = rows[np.sort(order[place < budget.max_rows])]
    return kept


def named_rows(budget: DP, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Numbers of the rows whose entity is not missing, and no word for that, ascending.

    Raises:
        PrivacyError: there is no such column.
    """
    if budget.entity is None or budget.entity not in frame.columns:
        raise PrivacyError(f"entity names column {budget.entity!r}, which the table lacks")
    keys = _plain(frame[budget.entity])
    lost = unnamed(keys)
    if keys.dtype == pl.String:
        lost |= keys.str.strip_chars().is_in(SURE_TOKENS).fill_null(True)
    return np.flatnonzero(~lost.to_numpy())


def _plain(keys: pl.Series) -> pl.Series:
    return keys.cast(pl.String) if isinstance(keys.dtype, pl.Categorical | pl.Enum) else keys
