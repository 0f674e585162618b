"""A best guess is told by its row alone: not by the rows it comes with, nor by their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.conftest import make_mixed_frame

from likewise import Imputer
from likewise.impute import score_imputation, simulate_missing


def holed(seed: int = 3, n: int = 300) -> pl.DataFrame:
    frame = make_mixed_frame(n, seed).drop("key", "phone")
    return simulate_missing(frame, "mar", 0.25, random_state=seed)


OPTIONS = {
    "forest": {"n_trees": 20}, "autoregressive": {"epochs": 1}, "vae": {"epochs": 1}, "gan": {"n_steps": 20},
}  # fmt: skip


@pytest.mark.parametrize("method", ["forest", "boosting", "copula", "cart", "autoregressive", "vae", "gan"])
@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_fills_do_not_depend_on_the_batch_or_the_order(method: str, statistic: str) -> None:
    frame, rng = holed(n=60), np.random.default_rng(8)
    imputer = Imputer(method, statistic=statistic, random_state=0, options=OPTIONS.get(method)).fit(frame)
    whole = imputer.transform(frame)
    order = rng.permutation(len(frame))
    assert imputer.transform(frame[order]).equals(whole[order])
    for part in (frame[:5], frame[40:41], frame[20:35]):
        start = int(frame.with_row_index("i").join(part, on=frame.columns, nulls_equal=True)["i"][0])
        assert imputer.transform(part).equals(whole[start : start + len(part)])


def test_new_rows_with_holes_elsewhere_are_filled_alike_alone_and_together() -> None:
    frame = holed()
    imputer = Imputer(random_state=0).fit(frame.with_columns(age=pl.col("age").fill_null(40)))
    fresh = holed(seed=4, n=40)  # holes in a column that had none
    whole = imputer.transform(fresh)
    assert pl.concat([imputer.transform(fresh[i : i + 1]) for i in range(len(fresh))]).equals(whole)


def test_fractions_that_fill_whole_numbers_are_scored_as_they_are() -> None:
    truth = pl.DataFrame({"n": [i % 20 for i in range(40)], "x": [float(i % 7) / 2 for i in range(40)]})
    gone = truth.with_columns(n=pl.when(pl.int_range(40) % 4 == 0).then(None).otherwise("n"))
    filled = gone.with_columns(n=pl.col("n").cast(pl.Float64).fill_null(9.5))
    wrong = np.abs(np.arange(0, 40, 4) % 20 - 9.5).mean() / 19
    assert score_imputation(truth, gone, filled).avg_mae == pytest.approx(wrong)


def test_made_holes_keep_a_pandas_index() -> None:
    frame = pd.DataFrame({"a": np.arange(20.0), "b": list("uv" * 10)}, index=np.arange(20)[::-1] * 3)
    assert simulate_missing(frame, "mcar", 0.3, random_state=0).index.equals(frame.index)


@pytest.mark.parametrize("model", ["forest", "boosting", "copula", "cart"])
@pytest.mark.parametrize("statistic", ["median", "draw"])
def test_the_same_rows_in_another_order_are_learnt_and_filled_alike(model: str, statistic: str) -> None:
    frame = holed().unique(maintain_order=True)
    order = np.random.default_rng(8).permutation(len(frame))

    def filled(rows: pl.DataFrame) -> pl.DataFrame:
        return Imputer(model, statistic=statistic, random_state=0, options=OPTIONS.get(model)).fit_transform(rows)

    assert filled(frame[order]).equals(filled(frame)[order])
