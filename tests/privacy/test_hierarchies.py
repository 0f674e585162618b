"""Hierarchies: labels are true, steps are nested, and what is missing or missed is told."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import likewise as lw
from likewise.privacy import hierarchies as h
from likewise.privacy.encoding import encode

DATES = pl.Series("d", [dt.date(1987, 10, 19), dt.date(1987, 12, 31), dt.date(1990, 1, 1), None])


def test_an_edge_belongs_to_the_interval_it_opens() -> None:
    # anjana labels 25 as [20, 25).
    labels = h.intervals(5, steps=1).labels(pl.Series([20.0, 24, 25, 29.999, -1]), 1).to_list()
    assert labels == ["[20, 25)", "[20, 25)", "[25, 30)", "[25, 30)", "[-5, 0)"]
    edges = h.intervals(edges=[[0, 18, 65, 120], [0, 65, 120]])
    assert edges.labels(pl.Series([17, 18, 65, 119]), 1).to_list() == ["[0, 18)", "[18, 65)", "[65, 120)", "[65, 120)"]
    assert edges.labels(pl.Series([120, -1]), 1).to_list() == [None, None]


def bounds(label: str) -> tuple[Decimal, Decimal]:
    low, high = label.strip("[)").split(", ")
    return Decimal(low), Decimal(high)


@given(
    values=st.lists(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.decimals(-999, 999, places=2).map(float)), min_size=1, max_size=60
    ),
    width=st.integers(1, 999).flatmap(lambda m: st.sampled_from([m / 10**e for e in range(5)])),
    origin=st.decimals(-9, 9, places=2).map(float), steps=st.integers(1, 5), factor=st.integers(2, 5),
)  # fmt: skip
def test_intervals_hold_their_values_and_are_nested(
    values: Any, width: float, origin: float, steps: int, factor: int
) -> None:
    column = pl.Series("x", values, dtype=pl.Float64)
    ladder = h.intervals(width, steps=steps, factor=factor, origin=origin)
    assert encode(column, ladder).ladder is not None  # which refuses steps that are not nested
    for step in range(1, steps + 1):
        for value, label in zip(values, ladder.labels(column, step).to_list(), strict=True):
            if value is None:
                assert label is None
                continue
            low, high = bounds(label)
            assert low <= Decimal(repr(value)) < high
            assert high - low == Decimal(repr(width)) * factor ** (step - 1)


@pytest.mark.parametrize("width", ["0.1", "0.01", "0.05", "0.2", "0.3", "0.007", "1e-9", "30"])
@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32, pl.Decimal(38, 12)], ids=str)
def test_every_multiple_of_a_width_opens_its_interval(width: str, dtype: Any) -> None:
    multiples = [Decimal(width) * i for i in range(-400, 401)]
    values = pl.Series([str(m) for m in multiples]).cast(pl.Decimal(38, 12)).cast(dtype)
    written = values.cast(pl.String).to_list()
    for label, text in zip(h.intervals(float(width)).labels(values, 1).to_list(), written, strict=True):
        low, high = bounds(label)
        assert low <= Decimal(text) < high
    edges = h.intervals(edges=[[float(m) for m in multiples]])
    for label, text in zip(edges.labels(values, 1).to_list()[:-1], written, strict=False):
        low, high = bounds(label)
        assert low <= Decimal(text) < high


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Int128], ids=str)
def test_whole_numbers_no_float_holds_are_told_apart(dtype: Any) -> None:
    values = pl.Series("x", [2**62 + i for i in range(40)], dtype=dtype)
    for step in (1, 2):
        for value, label in zip(values.to_list(), h.intervals(10, steps=2).labels(values, step), strict=True):
            low, high = bounds(label)
            assert low <= value < high
            assert high - low == 10 * step
    assert h.auto(values).height > 3
    assert np.allclose(encode(values).position, np.arange(40) / 39)


def test_no_two_sets_are_told_alike() -> None:
    texts = ["a", "b", "a | b", "missing", "*", '"a"', "a |", "| b", "group 1 (9 levels)", "other levels", None]
    labels: dict[str, Any] = {}
    for members in itertools.chain.from_iterable(itertools.combinations(texts, size) for size in (2, 3, 4)):
        frame = pl.DataFrame({"x": pl.Series(members * 5, dtype=pl.String)})
        done = lw.privacy.anonymize(frame, quasi_identifiers="x", k=len(members) * 5)
        assert labels.setdefault(done.frame["x"][0], set(members)) == set(members)


def test_a_level_tree_quotes_what_could_be_taken_for_a_set() -> None:
    column = pl.Series(["a | b"] * 9 + ["c"] * 20 + ["a", "b"] * 5)
    assert h.by_frequency(column).labels(pl.Series(["a", "c"]), 1).to_list() == ['a | "a | b" | b', "c"]


@given(st.lists(st.one_of(st.none(), st.integers(-500, 10**6), st.floats(-5, 5)), min_size=1, max_size=50))
def test_built_hierarchies_cover_any_numbers(values: list[Any]) -> None:
    column = pl.Series("x", [None if v is None else float(v) for v in values], dtype=pl.Float64)
    quasi = encode(column, h.auto(column))
    assert quasi.ladder is not None
    assert len(quasi.ladder.labels[-1]) == 1


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=60))
def test_level_trees_cover_any_texts(values: list[Any]) -> None:
    column = pl.Series("x", values, dtype=pl.String)
    quasi = encode(column, h.by_frequency(column))
    assert quasi.ladder is not None
    sizes = [len(labels) for labels in quasi.ladder.labels]
    assert sizes == sorted(sizes, reverse=True)


def test_date_parts() -> None:
    ladder = h.date_parts("day", "month", "quarter", "year", "decade")
    told = [ladder.labels(DATES, step)[0] for step in range(1, ladder.height + 1)]
    assert told == ["1987-10-19", "1987-10", "1987-Q4", "1987", "1980s", "*"]
    assert ladder.labels(DATES, 1)[3] is None
    with pytest.raises(lw.OptionError, match="from near to far"):
        h.date_parts("year", "month")


def test_masks_hide_one_character_more_at_every_step() -> None:
    codes = pl.Series("zip", ["80331", "8032", None])
    assert h.mask(5).labels(codes, 1).to_list() == ["8033*", "8032*", None]
    assert h.mask(5, side="left").labels(codes, 2).to_list() == ["**331", "**032", None]
    ladder = h.mask(5, steps=2)
    assert [ladder.labels(codes, step)[0] for step in (1, 2, 3)] == ["803**", "8****", "*"]


def test_hierarchies_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "town.csv"
    path.write_text("Bern;CH;Europe;*\nOslo;NO;Europe;*\n", encoding="utf-8")
    ladder = h.from_csv(path)
    assert ladder.height == 3
    assert ladder.labels(pl.Series(["Oslo", "Rome"]), 1).to_list() == ["NO", None]
    path.write_text("Bern;CH\nOslo\n", encoding="utf-8")
    with pytest.raises(lw.InputError, match="lines of unequal length"):
        h.from_csv(path)
    with pytest.raises(lw.InputError, match="cannot be read"):
        h.from_csv(tmp_path / "absent.csv")


def test_numbers_are_found_in_tables_of_texts() -> None:
    ladder = h.from_dict({1: "low", 2: "low", 3: "high"})
    assert ladder.labels(pl.Series([1, 3]), 1).to_list() == ["low", "high"]
    assert ladder.labels(pl.Series([1.0, None, 2.5]), 1).to_list() == ["low", None, None]
    assert h.from_dict({True: "yes", False: "no"}).labels(pl.Series([True, None]), 1).to_list() == ["yes", None]


def test_missing_can_be_given_a_place() -> None:
    ladder = h.from_dict({"a": "x", None: "x", "b": "y"})
    assert encode(pl.Series("c", ["a", None, "b"]), ladder).ladder.labels[1].to_list() == ["x", "y"]  # type: ignore[union-attr]


def test_steps_that_are_not_nested_are_refused() -> None:
    crossed = {"a": ["1", "x"], "b": ["1", "y"], "c": ["2", "y"]}
    with pytest.raises(lw.InputError, match="'c': its hierarchy is not nested: 1 labels of step 1"):
        encode(pl.Series("c", ["a", "b", "c"]), h.from_dict(crossed))


@pytest.mark.parametrize(
    "make",
    [
        lambda: h.from_dict({}), lambda: h.from_dict({"a": ["x"], "b": ["x", "y"]}), lambda: h.intervals(),
        lambda: h.intervals(-1), lambda: h.intervals(edges=[[1, 0]]), lambda: h.intervals(edges=[[0, 2], [0, 1, 2]]),
        lambda: h.mask(0), lambda: h.mask(3, steps=3), lambda: h.from_tree({"x": ["a"], "y": ["a"]}),
    ],
)  # fmt: skip
def test_hierarchies_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(lw.OptionError):
        make()
