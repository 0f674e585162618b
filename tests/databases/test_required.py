"""What a database never lacks is never missing in what is drawn, however few rows it was learnt from."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.synthesizer.databases.required import without_missing


@pytest.mark.parametrize("dtype", [
    pl.String, pl.Int8, pl.Float64, pl.Boolean, pl.Date, pl.Datetime("us"), pl.Time, pl.Decimal(8, 2),
])  # fmt: skip
def test_no_type_stays_missing(dtype: pl.DataType) -> None:
    rows = pl.DataFrame({"x": pl.Series([None] * 3, dtype=dtype), "free": [None] * 3})
    filled = without_missing(rows, ["x", "not there"], np.random.default_rng(0))
    assert filled.schema == rows.schema
    assert (filled["x"].null_count(), filled["free"].null_count()) == (0, 3)


@pytest.mark.filterwarnings("ignore:table:likewise.errors.LikewiseWarning")
def test_a_table_of_two_rows_has_all_that_it_must() -> None:
    staff = pl.DataFrame({
        "id": [1, 2], "login": ["mike", "jon"], "since": [dt.date(2006, 2, 15), dt.date(2010, 5, 1)],
    })  # fmt: skip
    sales = pl.DataFrame({"no": range(80), "staff": [1, 2] * 40, "price": [1.5, 2.5, 3.5, 4.5] * 20})
    schema = DatabaseSchema(
        {"staff": TableSchema(primary=("id",), required=("login", "since")), "sales": TableSchema(primary=("no",))},
        (ForeignKey.of("sales.staff -> staff.id"),),
    )
    drawn = (
        lw.Synthesizer(random_state=0, max_seconds=1)
        .fit(lw.Database({"staff": staff, "sales": sales}, schema))
        .sample()
    )
    assert drawn.problems() == ()
    assert not set(drawn.tables["staff"]["login"]) & {"mike", "jon"}
