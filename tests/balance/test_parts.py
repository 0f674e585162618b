"""The parts of a balancing: the matrix and back, regions of rare numbers, shares of makers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from likewise import OptionError, infer
from likewise.balance.matrix import MatrixCodec
from likewise.balance.rare import regions, relevance
from likewise.balance.run import AUTO, Plan, _shares
from likewise.schema.parse import parse


def test_a_matrix_becomes_the_same_frame_again(mixed_frame: pl.DataFrame) -> None:
    schema = infer(mixed_frame)
    table = parse(mixed_frame, schema)
    codec = MatrixCodec.fit(table, schema)
    matrix = codec.encode(table)
    assert codec.carried == ("key", "phone")
    assert not np.isnan(matrix).any()
    back = codec.decode(codec.from_one_hot(codec.one_hot(matrix)))
    for name, series in back.items():
        assert series.equals(table[name]), name


def test_a_level_never_seen_is_no_level(mixed_frame: pl.DataFrame) -> None:
    schema = infer(mixed_frame)
    table = parse(mixed_frame, schema)
    codec = MatrixCodec.fit(table, schema)
    strange = table.head(1).with_columns(grade=pl.lit("never seen"))
    assert codec.decode(codec.encode(strange))["grade"].to_list() == [None]


def test_relevance_rises_from_the_median_to_the_whiskers() -> None:
    values = np.concatenate([np.arange(1.0, 102.0), [400.0]])
    found = relevance(values)
    assert found[50] == found[:50].max() == 0.0, "no value is beyond the lower whisker"
    assert (np.diff(found[51:]) >= 0).all()
    assert found[100] == found[101] == 1.0
    # Half way between median (51.5) and upper whisker (101) the cubic is at one half.
    assert relevance(np.append(values, 76.25))[-1] == pytest.approx(0.5, abs=0.02)


def test_regions_are_runs_of_rare_and_common_values() -> None:
    values = np.concatenate([np.linspace(0, 1, 100), [-9.0, -8.0, 9.0, 10.0]])
    codes, ends = regions(values, None)
    assert len(ends) == 3
    assert codes[-4:].tolist() == [0, 0, 2, 2]
    assert ends[0][0] == -9.0
    assert ends[2][1] == 10.0


def test_where_half_of_all_values_are_the_same_every_other_is_rare() -> None:
    codes, ends = regions(np.concatenate([np.zeros(90), [1.0, 2.0]]), None)
    assert ends == ((0.0, 0.0), (1.0, 2.0))
    assert codes.sum() == 2


@pytest.mark.parametrize("edges", [[], [2.0, 1.0], [1.0, 1.0], [float("nan")]])
def test_bins_must_rise(edges: list[float]) -> None:
    with pytest.raises(OptionError, match="bins"):
        regions(np.arange(5.0), edges)


@pytest.mark.parametrize("n", [1, 3, 4, 10])
def test_shares_are_even_and_whole(n: int) -> None:
    shares = [share for _, share in _shares(list(AUTO), n)]
    assert sum(shares) == n
    assert max(shares) - min(shares) <= 1


def test_every_chain_of_fallbacks_ends_with_copies() -> None:
    for method in ("autoregressive", "borderline", "adasyn", "smote", "smotenc"):
        plan = Plan(method, "conditional" if method == "autoregressive" else None)
        for _ in range(3):
            plan = plan if plan.method == "random" else plan.instead("it must")
        assert plan.method == "random"


def test_a_missing_date_lies_at_the_median_date() -> None:
    days = [dt.date(2021, 3, day) for day in (1, 2, 9)]
    table = pl.DataFrame({"day": [*days, None]})
    schema = infer(table)
    matrix = MatrixCodec.fit(parse(table, schema), schema).encode(parse(table, schema))
    assert matrix[3].tolist() == [matrix[1, 0], 1.0]
