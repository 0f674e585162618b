"""The scorer against figures worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from likewise.errors import InputError, OptionError
from likewise.impute import score_imputation

TRUTH = pl.DataFrame({"x": [0.0, 1.0, 2.5, 4.0, 10.0], "group": ["a", "b", "a", "a", "b"]})
HOLED = TRUTH.with_columns(
    pl.Series("x", [0.0, None, 2.5, None, 10.0]), pl.Series("group", ["a", None, "a", None, None])
)


def filled(x: list[float | None], group: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"x": [0.0, x[0], 2.5, x[1], 10.0], "group": ["a", group[0], "a", group[1], group[2]]})


def test_errors_worked_out_by_hand() -> None:
    """Numbers err by |2 - 1| / 10 and |4 - 4| / 10; of three levels one is wrong."""
    score = score_imputation(TRUTH, HOLED, filled([2.0, 4.0], ["b", "b", "b"]))
    assert score.n_holes == 5
    assert score.avg_mae == pytest.approx((0.1 + 0 + 0 + 1 + 0) / 5)
    assert score.min_mae == score.avg_mae
    x, group = score.columns
    assert (x.error, x.root_error) == pytest.approx((0.05, np.sqrt(0.01 / 2)))
    assert group.error == pytest.approx(1 / 3)
    assert group.drift == pytest.approx(1 / 3)
    assert x.drift == pytest.approx(0.05)


def test_the_best_of_several_counts_cell_by_cell() -> None:
    one, two = filled([1.0, 9.0], ["a", "a", "b"]), filled([6.0, 4.0], ["b", "b", "a"])
    score = score_imputation(TRUTH, HOLED, [one, two])
    assert score.avg_mae == pytest.approx((0 + 0.5 + 1 + 0 + 0 + 0.5 + 0 + 0 + 1 + 1) / 10)
    assert score.min_mae == 0.0
    assert score.n_imputations == 2


def test_cells_left_missing_are_told_and_not_scored() -> None:
    score = score_imputation(TRUTH, HOLED, filled([2.0, None], ["b", None, "b"]))
    assert (score.n_left, score.n_holes) == (2, 3)


def test_cells_missing_in_the_truth_are_not_scored() -> None:
    truth = TRUTH.with_columns(pl.Series("x", [0.0, None, 2.5, 4.0, 10.0]))
    assert score_imputation(truth, HOLED, filled([2.0, 4.0], ["b", "a", "b"])).columns[0].n_holes == 1


def test_coverage_counts_cells_inside_and_needs_tables_enough() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 1))
    holed = np.full_like(truth, np.nan)
    holed[0] = truth[0]
    draws = [np.where(np.isnan(holed), rng.normal(size=truth.shape), truth) for _ in range(39)]
    found = score_imputation(truth, holed, draws).coverage
    assert found == pytest.approx(0.9, abs=0.02)
    assert score_imputation(truth, holed, draws[:10]).coverage is None


def test_scores_are_plain_data() -> None:
    score = score_imputation(TRUTH, HOLED, filled([2.0, 4.0], ["b", "b", "b"]))
    assert json.loads(json.dumps(score.to_dict()))["columns"][0]["name"] == "x"


def test_tables_that_cannot_be_compared_are_told() -> None:
    whole = filled([1.0, 4.0], ["b", "a", "b"])
    with pytest.raises(InputError, match="as many rows: 5, 5, 4"):
        score_imputation(TRUTH, HOLED, whole.head(4))
    with pytest.raises(InputError, match="no cell is missing"):
        score_imputation(TRUTH, TRUTH, TRUTH)
    with pytest.raises(OptionError, match="got none"):
        score_imputation(TRUTH, HOLED, [])
    with pytest.raises(OptionError, match="confidence must lie between 0 and 1"):
        score_imputation(TRUTH, HOLED, whole, confidence=1.0)
