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


def test_a_key_of_several_columns_may_lack_one_that_may_be_missing_and_no_other() -> None:
    rng = np.random.default_rng(0)
    orders = pl.DataFrame({
        "shop": np.repeat([1, 2, 3], 60), "no": np.tile(np.arange(60), 3), "paid": rng.integers(1, 9, 180),
    })  # fmt: skip
    of = np.repeat(np.arange(180), 3)
    lines = orders.select("shop", "no")[of]
    lines = lines.with_columns(no=pl.when(pl.int_range(pl.len()) % 9 > 0).then("no"), n=pl.Series(of % 5))
    real = lw.Database({"orders": orders, "lines": lines}, ["orders(shop, no)", "lines(shop, no) -> orders(shop, no)"])
    schema = real.schema.replace("lines", required=("shop",))
    drawn = lw.Synthesizer(epochs=1, random_state=0).fit(real.with_schema(schema)).sample(random_state=0)
    assert not drawn.problems()
    assert set(drawn.tables["lines"]["shop"]) <= set(drawn.tables["orders"]["shop"])
    assert 20 < drawn.tables["lines"]["no"].null_count() < 120
