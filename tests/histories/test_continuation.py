"""Claims about going on with known histories: what is known stays as it was, what is known of rows to come holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import InputError, OptionError, SchemaError

from .test_cli import run
from .test_histories import learnt, visits

WHO = ["p0003", "p0007", "p0011"]


def known() -> pl.DataFrame:
    return visits().filter(pl.col("patient").is_in(WHO))


def plan() -> pl.DataFrame:
    days = [dt.date(2023, 1, 2), dt.date(2023, 1, 9), dt.date(2023, 3, 6)]
    return pl.DataFrame({"day": days, "clinic": ["c3", "c3", None]})


@cache
def priced() -> lw.Synthesizer:
    """Shops whose sales follow from the price of the week: low where it is high. It stands behind them in the table."""
    rng = np.random.default_rng(0)
    price = rng.choice(["high", "low"], 3_000)
    sold = np.where(price == "high", rng.integers(0, 10, 3_000), rng.integers(90, 100, 3_000))
    table = pl.DataFrame(
        {"shop": np.repeat(np.arange(300), 10), "week": np.tile(np.arange(10), 300), "sold": sold, "price": price}
    )
    return lw.Synthesizer(entity="shop", time="week", random_state=0, epochs=8).fit(table)


def test_rows_to_come_hold_what_is_known_of_them_behind_each_entity() -> None:
    longer = learnt().extend(known(), future=plan(), random_state=1)
    assert longer.columns == known().columns
    for whose in longer.partition_by("patient"):
        before = known().filter(pl.col("patient") == whose["patient"][0]).sort("day")
        assert whose.head(len(before)).equals(before)
        new = whose.tail(-len(before))
        assert new["day"].to_list() == plan()["day"].to_list()
        assert new["clinic"].to_list()[:2] == ["c3", "c3"]
        assert not new.null_count().sum_horizontal().item()
        assert new["sex"].unique().to_list() == before["sex"].unique().to_list()


def test_rows_to_come_may_be_of_some_entities_and_of_any_number() -> None:
    future = pl.DataFrame({"patient": ["p0007", "p0003", "p0007"], "kg": [50, 60, 70]})
    longer = learnt().extend(known(), future=future, random_state=1)
    new = longer.join(known(), on=longer.columns, how="anti")
    assert new.sort("patient", "day").select("patient", "kg").rows() == [
        ("p0003", 60.0), ("p0007", 50.0), ("p0007", 70.0),
    ]  # fmt: skip
    assert longer.group_by("patient").agg(pl.col("day").is_sorted())["day"].all()


def test_what_is_drawn_follows_from_what_is_known_of_its_row_though_that_stands_behind_it() -> None:
    start = pl.DataFrame({"shop": [1, 2], "week": [0, 0], "sold": [95, 5], "price": ["low", "high"]})
    future = pl.DataFrame({"price": ["high", "low"] * 10})
    sold = priced().extend(start, future=future, random_state=0).filter(pl.col("week") > 0)
    by = {price[0]: part["sold"] for price, part in sold.group_by("price")}
    assert len(by["high"]) == len(by["low"]) == 20
    assert (by["high"] < 50).mean() > 0.9  # type: ignore[operator]
    assert (by["low"] > 50).mean() > 0.9  # type: ignore[operator]


@pytest.mark.parametrize(
    "given",
    [
        lambda t: t.with_columns(pl.col("day").dt.to_string("%Y-%m-%d"), kg=pl.col("kg").cast(pl.Int64)),
        lambda t: t.sample(fraction=1, shuffle=True, seed=3),
        lambda t: t.filter(pl.col("patient") == WHO[0]),
        lambda t: t.with_columns(clinic=pl.when(pl.col("visit") > 1).then("clinic")),
    ],
    ids=["as text and whole numbers", "interleaved and unsorted", "of one entity", "with missing cells"],
)
def test_known_rows_come_back_as_they_were(given: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    rows = given(known())
    longer = learnt().extend(rows, steps=2, random_state=0)
    assert len(longer) == len(rows) + 2 * rows["patient"].n_unique()
    back = pl.concat([part.head(-2) for part in longer.partition_by("patient")])
    assert back["day"].dtype == rows["day"].dtype
    assert back.sort("patient", "day").cast(dict(rows.schema)).equals(rows.sort("patient", "day"))


def test_counts_may_be_those_of_numpy() -> None:
    two = np.int64(2)
    assert lw.DP(1.0, 1e-6, entity="who", max_rows=two) == lw.DP(1.0, 1e-6, entity="who", max_rows=2)
    assert type(lw.CodecOptions(min_rows=two, k_anonymous=two).min_rows) is int
    assert lw.at_row(two, 1) == lw.at_row(2, 1)
    assert len(learnt().extend(known(), steps=two)) == len(known()) + 2 * len(WHO)


def test_halves_behind_whole_numbers_are_not_cut() -> None:
    rows = known().with_columns(pl.col("kg").round(0).cast(pl.Int64))
    kilos = learnt().extend(rows, steps=6, random_state=0)["kg"]
    assert kilos.dtype == pl.Float64
    assert (kilos % 1 > 0).any()


def test_columns_that_were_dropped_stay_with_known_rows_and_may_lack() -> None:
    table = visits().filter(pl.col("patient") < "p0060").with_columns(note=pl.lit("seen"))
    schema = lw.infer(table, entity="patient").replace("note", role="drop")
    synth = lw.Synthesizer(schema=schema, time="day", random_state=0, epochs=1).fit(table)
    longer = synth.extend(table, steps=1, random_state=0)
    assert longer["note"].null_count() == longer["patient"].n_unique()
    drawn = synth.sample(5, random_state=0)
    assert len(synth.extend(drawn, steps=2, random_state=0)) == len(drawn) + 10
    assert len(synth.log_prob(drawn)) == len(drawn)
    assert synth.sample(static=pl.DataFrame({"sex": ["f"], "note": ["seen"]}))["sex"].unique().to_list() == ["f"]


def known_with(**columns: Any) -> pl.DataFrame:
    return known().with_columns(**columns)


@pytest.mark.parametrize(
    ("rows", "asked", "error", "says"),
    [
        (known_with(zeal=1), {"steps": 1}, SchemaError, "'zeal'"),
        (known().drop("kg"), {"steps": 1}, SchemaError, "columns lack: 'kg'"),
        (known_with(patient=None), {"steps": 1}, InputError, "'patient'.*do not tell whose"),
        (known_with(day=None), {"steps": 1}, InputError, "'day'.* is missing in"),
        (known_with(sex=pl.col("stage").replace({"a": "f", "b": "m", "c": "m"})), {"steps": 1}, InputError, "'sex' ch"),
        (known(), {"steps": 2, "future": plan()}, OptionError, "leave one out"),
        (known(), {"steps": 0}, OptionError, "whole number of 1"),
        (known(), {"future": plan().with_columns(zeal=1)}, SchemaError, "'zeal'"),
        (known(), {"future": plan().with_columns(patient=pl.lit("new"))}, InputError, "3 of 3 .* without known rows"),
        (known(), {"future": plan().with_columns(day=dt.date(2019, 1, 1))}, InputError, "'day': 9 of 9 .* before the"),
        (known(), {"future": plan().with_columns(pl.col("day").shift(1))}, InputError, "'day': 3 of 9 .* no time"),
        (known(), {"future": plan().with_columns(sex=pl.lit("q"))}, InputError, "'sex' never changes"),
    ],
)
def test_what_cannot_go_on_is_told(
    rows: pl.DataFrame, asked: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        learnt().extend(rows, **asked)


def test_the_command_line_takes_a_file_of_rows_to_come(tmp_path: Path) -> None:
    model, rows, coming, longer = (tmp_path / name for name in ("m.likewise", "known.csv", "plan.csv", "longer.csv"))
    learnt().save(model)
    known().write_csv(rows)
    plan().write_csv(coming)
    run("sample", model, "--continue", rows, "--future", coming, "-o", longer, "--seed", 1)
    found = pl.read_csv(longer, try_parse_dates=True)
    assert len(found) == len(known()) + 9
    assert found.filter(pl.col("day") == plan()["day"][0])["clinic"].to_list() == ["c3"] * 3
    with pytest.raises(RuntimeError, match="--future says how many"):
        run("sample", model, "--continue", rows, "--future", coming, "--steps", 2, "-o", longer)
