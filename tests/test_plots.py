"""Charts of results: valid Vega-Lite, the figures of the result, and one error where the extra is absent."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.balance.comparison import BalanceComparison, Line
from likewise.errors import InputError, MissingExtraError
from likewise.scenario import Paths

from .report.reports import report_of


def rows_of(chart):
    """The rows of a chart that Altair takes for valid."""
    found = chart.to_dict(validate=True)
    return found["datasets"][found["data"]["name"]]


def test_a_column_a_pair_and_the_figures_of_a_report():
    pytest.importorskip("altair")
    report = report_of(4)
    column = rows_of(report.plot("column 1"))
    assert [r["share"] for r in column if r["side"] == "real"] == list(report.columns[1].picture.real)
    pair = rows_of(report.plot("column 1", "column 0"))
    assert {r["x"] for r in pair} == {"a & b", "</script>"}
    assert sum(r["share"] for r in pair if r["side"] == "synthetic") == pytest.approx(1.0)
    figures = rows_of(report.plot())
    assert [r["side"] for r in figures if r["value"] == 0.61] == ["worse"]


def test_what_has_no_picture_is_named():
    with pytest.raises(InputError, match="column 'colum 1'; did you mean 'column 1'"):
        report_of(4).plot("colum 1")
    with pytest.raises(InputError, match="no picture of 'column 2' with 'column 3'"):
        report_of(4).plot("column 2", "column 3")
    with pytest.raises(InputError, match="no figure 'shap'"):
        lw.compare([report_of()]).plot("shap")


def test_paths_have_their_band():
    pytest.importorskip("altair")
    walk = 100 + np.cumsum(np.random.default_rng(0).normal(size=300))
    drawn = Paths(random_state=0).fit(pl.DataFrame({"price": walk})).sample(50)
    rows = rows_of(drawn.plot())
    assert len(rows) == drawn.values.shape[1]
    assert all(r["low"] <= r["median"] <= r["high"] for r in rows)
    assert rows[-1]["median"] == pytest.approx(np.median(drawn.values[:, -1, 0]))


def test_a_scenario_has_the_levels_of_its_tail_each_with_its_interval():
    pytest.importorskip("altair")
    losses = pl.DataFrame({"loss": np.random.default_rng(0).pareto(4.0, 2_000)})
    scenario = lw.Scenario("copula", random_state=0).fit(losses)
    drawn = scenario.sample(10, tail="loss", return_period=1_000, rows_per_period=2)
    rows = rows_of(drawn.plot())
    assert [r["name"] for r in rows] == ["once in 200 periods", "once in 1000 periods", "once in 5000 periods"]
    for row, periods in zip(rows, (200, 1_000, 5_000), strict=True):
        level = scenario.return_level(periods, tail="loss", rows_per_period=2)
        assert (row["low"], row["value"], row["high"]) == pytest.approx((level.low, level.level, level.high), rel=1e-3)
    with pytest.raises(InputError, match="ask for a tail with return periods"):
        scenario.sample(10).plot()


def test_comparisons_have_a_line_a_report_or_method():
    pytest.importorskip("altair")
    rows = rows_of(lw.compare([report_of(), report_of()], names=["a", "b"]).plot("c2st"))
    assert [(r["name"], r["low"], r["high"]) for r in rows] == [("a", 0.58, 0.64), ("b", 0.58, 0.64)]
    lines = tuple(Line(m, "forest", "auprc", 0.5, 0.1, (0.0, 0.2)) for m in ("threshold tuned", "smote"))
    found = BalanceComparison(lines=lines, n_rows=9, rarest=3, folds=2, baseline="threshold tuned")
    assert rows_of(found.plot())[-1]["name"] == "smote, forest"


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtraError, match=r"likewise\[plot\]"):
        report_of(4).plot("column 1")
