"""Canonical columns as plain arrays: there and back, with holes and levels that were never seen."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from likewise.codecs.matrix import TableMatrix, codes_of, levels_of, numbers_of
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse

DAY = dt.datetime(2020, 2, 28, 23, 59)
FRAME = pl.DataFrame(
    {
        "n": [3, None, 5, 5],
        "x": [0.25, 1e300, None, -0.0],
        "level": ["b", "a", "b", None],
        "truth": [True, None, False, True],
        "day": [DAY.date(), None, DAY.date() + dt.timedelta(2), DAY.date()],
        "at": [DAY, DAY + dt.timedelta(microseconds=1), None, DAY],
        "clock": [dt.time(23, 59, 59), dt.time(0), None, dt.time(12)],
    }
)


def coded() -> tuple[pl.DataFrame, TableMatrix]:
    schema = infer(FRAME)
    kinds = {"n": Kind.INTEGER, "x": Kind.REAL, "level": Kind.CATEGORICAL, "truth": Kind.BOOLEAN}
    schema = Schema(tuple(c if c.name not in kinds else Column(name=c.name, kind=kinds[c.name]) for c in schema))
    table = parse(FRAME, schema)
    return table, TableMatrix.of_table(table, schema)


def test_every_kind_comes_back_as_it_was() -> None:
    table, matrix = coded()
    assert_frame_equal(matrix.decode(matrix.encode(table)), table)


def test_holes_are_nan_and_the_most_frequent_level_is_code_0() -> None:
    table, matrix = coded()
    x = matrix.encode(table)
    assert np.isnan(x).sum(0).tolist() == [1] * 7
    assert x[:3, 2].tolist() == [0, 1, 0]
    assert matrix.n_levels == [0, 0, 2, 2, 0, 0, 0]


def test_a_level_that_was_never_seen_is_a_hole() -> None:
    table, matrix = coded()
    strange = table.with_columns(level=pl.lit("c"))
    assert np.isnan(matrix.encode(strange)[:, 2]).all()


@pytest.mark.parametrize("by_count", [True, False])
def test_levels_are_shared_by_columns_and_ordered(by_count: bool) -> None:
    levels = levels_of([pl.Series(["c", "b", None]), pl.Series(["c", "a"])], by_count=by_count)
    assert levels.to_list() == (["c", "a", "b"] if by_count else ["a", "b", "c"])
    assert codes_of(pl.Series(["b", None, "z"]), levels).to_list() == [levels.to_list().index("b"), None, None]


def test_an_empty_column_has_no_levels_and_only_holes() -> None:
    levels = levels_of([pl.Series([None, None], dtype=pl.String)])
    assert codes_of(pl.Series([None, "a"], dtype=pl.String), levels).to_list() == [None, None]


def test_numbers_may_be_written_to() -> None:
    x = numbers_of(pl.Series([1.0, None]))
    x[1] = 2.0
    assert x.tolist() == [1.0, 2.0]
