"""What leaves is written from classes: no cell, no spelling, no order of the input goes out with it."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.privacy import Promise, anonymize, measure
from likewise.privacy.written import as_written, order_tells
from likewise.tables import files

METHODS = ("mondrian", "mondrian-relaxed", "lattice")
NAN = float("nan")

SPELLINGS: dict[str, tuple[Any, list[list[Any]]]] = {
    # stored type, and for each value the ways to write it
    "float": (pl.Float64, [[0.0, -0.0], [NAN, None], [1.5], [2.0]]),
    "float32": (pl.Float32, [[0.0, -0.0], [NAN, None], [0.1], [0.7]]),
    "number text": (pl.String, [["1.5", "1.50"], ["2.5", "2.500"], ["0.0", "-0.0", "0.00"], ["?", None]]),
    "whole text": (pl.String, [["7", "7.0", "7.00"], ["8", "8.0"], ["9"]]),
    "date text": (pl.String, [["2020-01-01", "2020-1-1", "2020-01-01T00:00:00"], ["2020-02-02"], ["1999-12-31"]]),
    "text": (pl.String, [["a"], ["a | b"], ["*"], ["missing"], [""], [None]]),
    "category": (pl.Categorical, [["a"], ["b"], [None], ["a | b"]]),
    "enum": (pl.Enum(["a", "b", "*"]), [["a"], ["b"], ["*"], [None]]),
    "decimal": (pl.Decimal(38, 20), [[Decimal("1.00000000000000000001")], [Decimal("1.00000000000000000002")], [None]]),
    "boolean": (pl.Boolean, [[True], [False], [None]]),
    "date": (pl.Date, [[dt.date(2020, 1, d)] for d in (1, 2, 9)]),
    "big": (pl.Int64, [[2**60], [2**60 + 1], [2**60 + 2], [None]]),
}  # fmt: skip


def spelled(kind: str, n: int, seed: int) -> pl.Series:
    """Values of a column, each written in one of its ways by chance."""
    dtype, values = SPELLINGS[kind]
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(values), n)
    return pl.Series(
        "q",
        [values[i][rng.integers(0, len(values[i]))] for i in which],
        dtype=pl.String if dtype == pl.Categorical else dtype,
    ).cast(dtype)


def classes_in_file(path: Path, names: list[str]) -> Counter[tuple[str, ...]]:
    """The slow count, of the cells in the file as they stand there."""
    with path.open(encoding="utf-8", newline="") as file:
        return Counter(tuple(row[n] for n in names) for row in csv.DictReader(file))


@pytest.mark.parametrize("k", [2, 6, 25])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", SPELLINGS)
def test_no_spelling_splits_a_class_in_the_file(kind: str, method: str, k: int, tmp_path: Path) -> None:
    frame = pl.DataFrame([spelled(kind, 120, 70 + k), spelled("whole text", 120, 900 + k).alias("r")])
    done = anonymize(frame, quasi_identifiers=["q", "r"], k=k, method=method)
    files.write(done.frame, tmp_path / "safe.csv")
    found = classes_in_file(tmp_path / "safe.csv", ["q", "r"])
    assert min(found.values()) >= k
    assert found.total() == 120


@pytest.mark.parametrize("method", ["mondrian", "lattice"])
@pytest.mark.parametrize("kind", SPELLINGS)
def test_new_rows_keep_k_together_with_the_first_release(kind: str, method: str, tmp_path: Path) -> None:
    frame = spelled(kind, 90, 31).to_frame().with_columns(row=pl.lit("row"))  # an empty line would be no row
    done = anonymize(frame, quasi_identifiers="q", k=7, method=method)
    files.write(done.frame, tmp_path / "first.csv")
    files.write(
        done.recoding.transform(spelled(kind, 40, 32).to_frame().with_columns(row=pl.lit("row"))), tmp_path / "more.csv"
    )
    first, more = (classes_in_file(tmp_path / name, ["q"]) for name in ("first.csv", "more.csv"))
    assert more.total() == 40
    assert set(more) <= set(first)
    assert min((first + more).values()) >= 7


def test_a_number_that_is_no_whole_one_is_not_cut_to_one() -> None:
    done = anonymize(pl.DataFrame({"n": [30] * 5 + [40] * 5}), quasi_identifiers="n", k=5)
    assert done.recoding.transform(pl.DataFrame({"n": [30.0]}))["n"].to_list() == [30]
    with pytest.raises(lw.SchemaError, match="'n': 1 values do not fit its type Int64"):
        done.recoding.transform(pl.DataFrame({"n": [30.5]}))


def test_the_check_reads_what_is_written() -> None:
    from likewise.privacy.verify import verify

    frame = pl.DataFrame({"x": [0.0] * 5 + [-0.0]})
    assert frame["x"].n_unique() == 1
    with pytest.raises(lw.PrivacyError, match="1 of 2 classes do not hold 5 rows"):
        verify(frame, ["x"], Promise(k=5))
    assert measure(frame, quasi_identifiers="x").k == 1


def test_what_is_written_is_read_back_cell_by_cell() -> None:
    start = dt.datetime(2020, 10, 25, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        {
            "text": ['a,"b"', "line\nbreak", None],
            "time": pl.Series([start + dt.timedelta(hours=i) for i in range(3)]).dt.convert_time_zone("Europe/Zurich"),
            "long": [dt.timedelta(days=1), None, dt.timedelta(0)],
            "kind": pl.Series(["x", None, "y"], dtype=pl.Categorical),
        }
    )
    back = as_written(frame)
    assert back["text"].to_list() == ['a,"b"', "line\nbreak", None]
    assert back["time"].n_unique() == 3
    assert back["long"].to_list() == ["P1D", None, "PT0S"]
    assert as_written(pl.DataFrame({"x": [None, None, 1]}))["x"].to_list() == [None, None, "1"]


# ---- order -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_shuffled_and_their_cells_stay_together(method: str) -> None:
    rng = np.random.default_rng(8)
    age = np.sort(rng.integers(20, 80, 500))
    frame = pl.DataFrame({"age": age, "pay": age * 3, "ill": rng.choice(["a", "b", "c"], 500)})
    done = anonymize(frame, quasi_identifiers="age", k=20, method=method)
    assert not order_tells(done.frame["pay"])
    assert done.frame["pay"].equals(frame["pay"][done.rows])
    again, other = (anonymize(frame, quasi_identifiers="age", k=20, method=method, random_state=s) for s in (4, 5))
    assert again.rows.tolist() != other.rows.tolist()
    assert sorted(done.rows) == list(range(500))
    assert again.frame.equals(anonymize(frame, quasi_identifiers="age", k=20, method=method, random_state=4).frame)
    assert not order_tells(done.recoding.transform(frame)["pay"]) if method != "mondrian-relaxed" else True


def test_an_order_that_is_kept_is_told_of_where_it_tells() -> None:
    rng = np.random.default_rng(9)
    frame = pl.DataFrame({"age": rng.integers(20, 80, 300), "ill": rng.choice(["a", "b"], 300)})
    order: dict[str, Any] = dict(quasi_identifiers="age", k=5, keep_order=True)
    assert anonymize(frame, **order).frame["ill"].equals(frame["ill"])
    with pytest.warns(lw.LikewiseWarning, match="order that tells of columns 'age'"):
        anonymize(frame.sort("age"), **order)
    named = frame.with_columns(name=pl.Series([f"n{i:03}" for i in range(300)]))
    with pytest.warns(lw.LikewiseWarning, match="order that tells of columns 'name'"):
        anonymize(named, drop="name", **order)


def test_only_an_order_that_tells_is_told_of() -> None:
    rng = np.random.default_rng(10)
    walk = pl.Series(np.cumsum(rng.normal(size=400)))
    assert order_tells(walk)
    assert order_tells(pl.Series(["b"] * 30 + ["a"] * 30 + ["c"] * 30))
    assert not order_tells(pl.Series([7] * 50))
    seen = [
        order_tells(pl.Series(np.random.default_rng(500 + s).permutation(90) % m))
        for s in range(150)
        for m in (2, 9, 90)
    ]
    assert sum(seen) <= 2  # four standard errors: 0.03 expected


def test_what_was_left_out_stays_left_out_of_new_rows() -> None:
    frame = pl.DataFrame({"name": ["x", "y"] * 10, "age": [1, 2] * 10})
    done = anonymize(frame, quasi_identifiers="age", k=3, drop="name")
    assert done.recoding.transform(frame).columns == ["age"]


@pytest.mark.parametrize("name", ["level", "n", "size", "raw", "ours", "theirs", "q", "rank", "far", "class", "len"])
@pytest.mark.parametrize("method", ["mondrian", "lattice"])
def test_a_quasi_identifier_may_have_any_name(name: str, method: str) -> None:
    rng = np.random.default_rng(811)
    frame = pl.DataFrame({name: rng.integers(0, 40, 120), "ill": rng.choice(["a", "b", "c"], 120)})
    everyone = pl.concat([frame, frame])
    more = {"k_map": 6, "population": everyone} if method == "lattice" else {}
    done = anonymize(
        frame, quasi_identifiers=[name], sensitive="ill", k=3, l=2, t=0.6, alpha=0.9, method=method, **more
    )
    assert int(done.frame.group_by(name).len("people_")["people_"].min()) >= 3
