"""Tables made up to be audited with: they fit their schema, and exactly the rows at stake tell two of them apart."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.audit.canaries import alone, in_a_crowd, on_a_grid
from likewise.errors import OptionError
from likewise.schema.column import Column, Schema
from likewise.schema.parse import parse

SCHEMA = Schema(
    (
        Column(name="key", kind="id", role="id", format="00000"),
        Column(name="age", kind="integer", dtype="Int64", bounds=(0, 120), nullable=False),
        Column(name="pay", kind="real", dtype="Float64", bounds=(-2.5, 9000), decimals=2, nullable=True),
        Column(name="town", kind="categorical", levels=("north", "south", "east"), nullable=False),
        Column(name="is_new", kind="boolean", labels=("no", "yes"), nullable=False),
        Column(name="born", kind="datetime", format="%d.%m.%Y", bounds=("1920-01-01", "2020-12-31"), nullable=False),
        Column(name="comes", kind="datetime", dtype="Time", bounds=("08:00", "17:00"), nullable=False),
        Column(name="open", kind="categorical", nullable=False),
        Column(name="wide", kind="integer", dtype="Int32"),
        Column(name="dropped", kind="text", role="drop"),
    )
)


@pytest.mark.parametrize(
    "make", [lambda: in_a_crowd(SCHEMA, 10), lambda: alone(SCHEMA, 10), lambda: on_a_grid(SCHEMA, 50, 2)]
)
def test_every_kind_of_column_gets_values_that_its_schema_allows(make) -> None:  # type: ignore[no-untyped-def]
    stake = make()
    whole = stake.with_rows(True)
    assert whole.columns == list(SCHEMA.names)
    table = parse(whole, SCHEMA)
    assert table.drop("dropped").null_count().sum_horizontal().item() == 0
    assert table["age"].is_between(0, 120).all()
    assert table["pay"].is_between(-2.5, 9000).all()
    assert table["born"].min().year >= 1920  # type: ignore[union-attr]
    assert table["comes"].dt.hour().is_between(8, 17).all()


def test_the_row_at_stake_is_all_that_is_added() -> None:
    for stake in (in_a_crowd(SCHEMA, 10), alone(SCHEMA, 10)):
        assert len(stake.rows) == 1
        assert stake.with_rows(False).equals(stake.table)
        assert stake.with_rows(True).equals(stake.table.vstack(stake.rows))


def test_alone_means_that_no_other_row_has_one_of_its_values() -> None:
    stake = alone(SCHEMA, 10)
    for name in ("age", "pay", "town", "is_new", "born", "comes", "open", "wide"):
        assert stake.rows[name].item() not in stake.table[name].to_list()


def test_in_a_crowd_means_that_half_of_the_rows_are_like_it() -> None:
    stake = in_a_crowd(SCHEMA, 10)
    like = stake.table.drop("key").join(stake.rows.drop("key"), on=["age", "town", "born"], how="semi")
    assert len(like) == 5


def test_a_grid_has_one_row_at_stake_in_a_cell() -> None:
    stake = on_a_grid(SCHEMA, 100, 3)
    assert len(stake.rows) == 100
    assert stake.rows.drop("key").unique().height == 100
    inside = np.arange(100) % 2 == 0
    assert len(stake.with_rows(inside)) == len(stake.table) + 50


def test_an_entity_at_stake_comes_with_all_its_rows() -> None:
    from dataclasses import replace

    stake = replace(alone(SCHEMA, 10), entity="dropped", copies=3)
    whole = stake.with_rows(True)
    assert len(whole) == 13
    assert whole["dropped"].n_unique() == 11
    assert stake.with_rows(False)["dropped"].n_unique() == 10
    assert whole["dropped"].dtype == pl.String


def test_a_schema_too_narrow_for_a_grid_is_refused() -> None:
    narrow = Schema((Column(name="is_new", kind="boolean", nullable=False),))
    with pytest.raises(OptionError, match="fewer than 4 cells"):
        on_a_grid(narrow, 10, 1)
