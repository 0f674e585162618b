"""The rows of a table on their way to a generator: read, counted by people, parted, coded.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.conditions import Condition, meeting
from likewise.errors import ConditionError
from likewise.schema.column import Kind, Schema
from likewise.schema.distinct import Columns, Counted
from likewise.schema.infer import infer
from likewise.schema.persons import persons_of
from likewise.tables.files import read_columns
from likewise.tables.frames import from_frame

FEW_ROWS = 5_000
"""Of a longer table no two wholes are held at one time."""

MIN_ROWS_OF_A_CLASS = 20
"""Fewer rows than this are no class to learn from alone (`only`): their draws would be near copies of single people."""


def counted_of(frame: Any, *, by_header: bool) -> tuple[Counted, Callable[[pl.DataFrame], Any]]:
    """The table that is to be learnt, counted or to be counted, and what gives a table of its kind back.

    Args:
        by_header: of a file, as `tables.files.read` takes it.
    """
    if isinstance(frame, str | Path):
        return Counted(read_columns(frame, by_header=by_header)[0], typed=None), lambda table: table
    if isinstance(frame, Counted):
        return frame, lambda table: table
    raw, give_back = from_frame(frame)
    return Counted(raw, typed=None if isinstance(frame, pl.DataFrame) else True), give_back


def persons_in(table: Columns, entity: str | None) -> npt.NDArray[np.int64]:
    return np.arange(len(table)) if entity is None else persons_of(table.frame([entity]), entity)


def meeting_rows(table: Columns, only: dict[str, Condition]) -> npt.NDArray[np.int64]:
    """Numbers of the rows that meet `only`."""
    return np.flatnonzero(meeting(table.frame(only), only).to_numpy()) if only else np.arange(len(table))


def parts_of(table: Columns, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> tuple[Columns, Columns]:
    """These rows and those, of a long table each column taken out as it is parted."""
    if len(table) <= FEW_ROWS:
        return table.rows(one), table.rows(other)
    learnt, kept = {}, {}
    for name in table.columns:
        column = Columns({name: table.pop(name)}, len(table))
        learnt[name], kept[name] = column.rows(one)[name], column.rows(other)[name]
    return Columns(learnt, len(one)), Columns(kept, len(other))


def codec_of(
    table: Columns, schema: Schema, options: CodecOptions | None, others: Sequence[Columns | None],
    whose: Sequence[npt.NDArray[np.int64]] | None = None,
) -> TableCodec:  # fmt: skip
    """The codec of the rows to learn from; no key of the other real rows is made again either.

    Args:
        whose: as `TableCodec.fit` takes it, of the table and of each of the others.
    """
    some = [other for other in others if other is not None and len(other)]
    if whose is not None and len(np.unique(whose[0])) == len(whose[0]):
        whose = None  # each row is a person, and rows are counted faster
    if whose is not None:
        at = [i for i, other in enumerate(others, 1) if other is not None and len(other)]
        whose = [whose[0], *(whose[i] for i in at)]
    if options is not None and options.k_anonymous is not None:
        from likewise.privacy.codec import anonymous_codec

        return anonymous_codec(table.frame(), schema, options, [other.frame() for other in some])
    return TableCodec.fit(table, schema, options, others=some, whose=whose)


def rows_of_class(table: Columns, only: dict[str, Condition], whose: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Numbers of the rows of a canonical table that meet `only`; people are counted by `whose` (n,)."""
    rows = meeting_rows(table, only)
    n_people = len(np.unique(whose[rows])) if only else len(rows)
    if only and n_people < MIN_ROWS_OF_A_CLASS:
        names = ", ".join(map(repr, only))
        of_people = "" if n_people == len(rows) else f", those of {n_people} entities,"
        raise ConditionError(
            f"only on {names}: {len(rows)} of {len(table)} rows{of_people} meet it, and a class needs "
            f"{MIN_ROWS_OF_A_CLASS} or more to be learnt alone; learn all rows and draw the class with where=, best by "
            f"a model told the columns, such as Synthesizer('vae', condition_on={list(only)})"
        )
    return rows


def is_numeric(frame: Any) -> bool:
    return isinstance(frame, np.ndarray) and frame.dtype.kind in "iuf"


def of_array(raw: pl.DataFrame) -> Schema:
    """The schema of an array of numbers: what would be an id or a date in a table of people is a number here."""
    schema = infer(raw, entity=False)
    kinds = {c.name: Kind.INTEGER if raw[c.name].dtype.is_integer() else Kind.REAL for c in schema}
    numbers = {c.name: kinds[c.name] for c in schema if c.kind in (Kind.ID, Kind.DATETIME)}
    return infer(raw, overrides=numbers, entity=False)
