"""Claims about times: rows come on the days of real ones, and what lies between two times of a row stays what it is."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.synthesizer.databases.days import Days
from likewise.synthesizer.databases.within_rows import orders_of_times, reached

SEASONS = [dt.date(2024, 3, 1), dt.date(2024, 7, 1)]


def moments(n: int, seed: int = 0) -> pl.Series:
    """Of ten days in March and ten in July."""
    rng = np.random.default_rng(seed)
    days = np.array(SEASONS, "datetime64[us]")[rng.integers(0, 2, n)] + rng.integers(0, 864_000, n) * 1_000_000
    return pl.Series("taken", days)


def rentals(n: int = 600) -> pl.DataFrame:
    """Taken and brought back whole hours later."""
    rng = np.random.default_rng(2)
    taken = moments(n)
    back = taken.to_frame().select(pl.col("taken") + pl.duration(hours=pl.lit(pl.Series(rng.integers(3, 90, n)))))
    rows = pl.DataFrame({"user": rng.integers(0, 60, n), "taken": taken, "back": back.to_series()})
    return rows.sort("user", "taken")


def spread_out(n: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows of parents in the order of their times, all over the year."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2024-01-01", "us")
    rows = pl.DataFrame({"who": rng.integers(0, 80, n), "taken": start + rng.integers(0, 360 * 86_400, n) * 1_000_000})
    rows = rows.sort("who", "taken").with_columns(back=pl.col("taken") + pl.duration(hours=30))
    return rows, rows["who"].to_numpy()


def test_rows_come_on_the_days_of_real_ones_and_in_their_order() -> None:
    real = moments(3_000)
    days = Days.fit(real, np.arange(3_000) % 500, 5, ("back",))
    assert days is not None
    rows, links = spread_out(2_000)
    made = days.settled(rows, links)
    assert set(made["taken"].dt.date()) <= set(real.dt.date())
    shares = [s.dt.date().value_counts(normalize=True).sort("taken")["proportion"] for s in (real, made["taken"])]
    assert (shares[0] - shares[1]).abs().max() < 0.01  # type: ignore[operator]
    assert made.sort("who", "taken", maintain_order=True).equals(made)
    assert ((made["back"] - made["taken"]) == dt.timedelta(hours=30)).all()


def test_rows_that_are_on_the_real_days_stay() -> None:
    real = moments(3_000)
    days = Days.fit(real, np.arange(3_000) % 500, 5)
    rows = pl.DataFrame({"taken": moments(2_000, 7)})
    assert days is not None
    assert days.settled(rows, np.zeros(2_000, np.int64)).equals(rows)


def test_days_of_fewer_than_five_people_are_not_told() -> None:
    real = moments(3_000)
    assert Days.fit(real, np.zeros(3_000, np.int64), 5) is None
    odd = pl.concat([real, pl.Series("taken", [dt.datetime(2020, 1, 1)] * 8)])
    days = Days.fit(odd, np.r_[np.arange(3_000) % 500, np.full(8, 900)], 5)
    assert days is not None
    assert days.days.min() > 19_700  # 2023


def test_days_go_through_a_file_and_damaged_ones_are_refused() -> None:
    days = Days.fit(moments(3_000), np.arange(3_000) % 500, 5, ("back",))
    assert days is not None
    again = Days.from_dict(days.to_dict())
    assert np.array_equal(again.days, days.days)
    assert again.along == ("back",)
    for damage in ({"days": [1]}, {"shares": [2.0] * len(days.days)}, {"days": days.days[::-1].tolist()}):
        with pytest.raises(ModelFileError):
            Days.from_dict(days.to_dict() | damage)


def test_a_time_that_soon_follows_another_is_found_and_no_order_of_rows_is_made_of_it() -> None:
    rows = rentals()
    schema = infer(rows, entity=False)
    assert schema["taken"].kind is Kind.DATETIME
    assert [found[1:] for found in orders_of_times(rows, schema, "taken", ())] == [("taken", "back")]
    assert orders_of_times(rows, schema, "back", ()) == []
    assert orders_of_times(rows, schema, "taken", ('"back" > "taken"',)) == []
    assert reached("a", [("b", "c"), ("a", "b"), ("x", "y")]) == ["b", "c"]


def test_times_written_as_texts_keep_their_days_and_what_lies_between_them() -> None:
    rows = rentals(900).with_columns(pl.col("taken", "back").dt.to_string("%Y-%m-%d %H:%M:%S"))
    users = pl.DataFrame({"id": np.arange(60), "age": np.random.default_rng(0).integers(18, 80, 60)})
    rows = rows.with_row_index("rental").cast({"rental": pl.Int64})
    shop = lw.Database({"users": users, "rentals": rows}, ["users(id)", "rentals(rental)", "rentals.user -> users.id"])
    drawn = lw.Synthesizer(random_state=0, epochs=3).fit(shop).sample(random_state=1)["rentals"]
    taken, back = (drawn[name].str.to_datetime("%Y-%m-%d %H:%M:%S") for name in ("taken", "back"))
    assert (back - taken).min() >= dt.timedelta(hours=3)
    assert (back - taken).max() <= dt.timedelta(hours=90)
    assert ((back - taken).dt.total_seconds() % 3_600 == 0).all()
    assert drawn["taken"].str.head(10).is_in(rows["taken"].str.head(10).implode()).all()
