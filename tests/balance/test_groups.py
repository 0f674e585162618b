"""Rows made after one-hot encoding are rows that an encoder gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import likewise as lw
from likewise.balance import Oversampler
from likewise.balance.groups import OneHot

N = 300


def raw(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.random(N) < 0.12
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=N) + y,
            "k": rng.choice(list("pqrs"), N),
            "flag": rng.integers(0, 2, N),
            "m": rng.choice(["u", "v"], N),
        }
    )
    return frame, np.where(y, "rare", "common")


def encoded(frame: pd.DataFrame, *, dense: bool) -> object:
    parts = [("n", StandardScaler(), ["a"]), ("k", OneHotEncoder(), ["k"]), ("f", "passthrough", ["flag"]),
             ("m", OneHotEncoder(), ["m"])]  # fmt: skip
    return ColumnTransformer(parts, sparse_threshold=0.0 if dense else 1.0).fit_transform(frame)


@pytest.mark.parametrize("method", ["auto", "copula", "smotenc", "smote", "borderline", "random"])
@pytest.mark.parametrize("dense", [True, False])
def test_new_rows_have_one_level_of_each_column(method: str, dense: bool) -> None:
    frame, y = raw()
    given = encoded(frame, dense=dense)
    rows, labels = Oversampler(method, random_state=0).fit_resample(given, y)
    assert sparse.issparse(rows) != dense
    new = (rows if dense else rows.toarray())[N:]
    assert len(new) == len(labels) - N > 100
    for group in (new[:, 1:5], new[:, 6:8]):
        assert np.isin(group, [0, 1]).all()
        assert (group.sum(1) == 1).all()


def test_frames_keep_the_order_and_the_types_of_their_columns() -> None:
    frame, y = raw()
    wide = pd.get_dummies(frame, columns=["k", "m"])[["k_q", "k_p", "k_s", "k_r", "a", "m_u", "m_v", "flag"]]
    rows, _ = Oversampler("smotenc", random_state=0).fit_resample(wide, y)
    assert rows.dtypes.equals(wide.dtypes)
    assert (rows[["k_q", "k_p", "k_s", "k_r"]].sum(axis=1) == 1).all()
    assert (rows["m_u"] ^ rows["m_v"]).all()


@pytest.mark.parametrize("written", [("0", "1"), ("0.0", "1.0"), ("false", "true"), ("no", "yes")])
@pytest.mark.parametrize("method", ["auto", "smotenc"])
def test_groups_in_a_file_are_kept_by_the_schema_it_is_read_by(method: str, written: tuple[str, str]) -> None:
    frame, y = raw()
    wide = pl.from_pandas(pd.get_dummies(frame.drop(columns="flag"), columns=["k", "m"]))
    dummies = pl.exclude("a").replace_strict({False: written[0], True: written[1]}, return_dtype=pl.String)
    texts = wide.select(pl.col("a").cast(pl.String), dummies)
    rows, _ = Oversampler(method, schema=lw.infer(texts), random_state=0).fit_resample(texts, y)
    assert rows[:N].equals(texts)
    for group in (["k_p", "k_q", "k_r", "k_s"], ["m_u", "m_v"]):
        assert (rows.select(pl.sum_horizontal(pl.col(c) == written[1] for c in group)).to_series() == 1).all()
        assert rows.select(pl.col(group).is_in(written).all()).row(0) == (True,) * len(group)


def test_groups_are_found_where_each_row_has_exactly_one() -> None:
    table = pl.DataFrame(
        {
            "a": [1, 0, 0, 1] * 5, "b": [0, 1, 0, 0] * 5, "c": [0, 0, 1, 0] * 5,  # one group
            "x": [1, 1, 0, 0] * 5, "y": [1, 0, 1, 0] * 5,  # two flags
            "t": [True, False, True, False] * 5, "f": [False, True, False, True] * 5,  # one group
            "ones": [1] * 20,
        }
    )  # fmt: skip
    schema = lw.infer(table)
    found, joined, _ = OneHot.joined(table, schema)
    assert found.groups == (("a", "b", "c"), ("t", "f"))
    assert found.parted(joined).equals(table)
    assert OneHot.joined(table.with_columns(b=pl.lit(None, pl.Int64)), schema)[0].groups == (("t", "f"),)


@pytest.mark.parametrize("model", ["auto", "smote", "smotenc", "copula"])
@pytest.mark.parametrize("as_array", [False, True])
def test_an_encoder_that_drops_a_level_gives_no_row_two(model: str, as_array: bool) -> None:
    rng = np.random.default_rng(4)
    kind, size, n = rng.integers(0, 3, 900), rng.integers(0, 4, 900), 900
    flags = np.column_stack([kind == 1, kind == 2, size == 1, size == 2, size == 3]).astype(float)
    x, y = np.column_stack([rng.normal(size=(n, 2)), flags]), (np.arange(n) < 40).astype(int)
    given = x if as_array else pl.DataFrame(x, schema=["a", "b", "k1", "k2", "s1", "s2", "s3"])
    made, _ = Oversampler(model, random_state=0).fit_resample(given, y)
    rows = np.asarray(made)[n:, 2:]
    assert np.isin(rows, (0, 1)).all()
    assert rows[:, :2].sum(1).max() == 1
    assert rows[:, 2:].sum(1).max() == 1
    assert (rows[:, :2].sum(1) == 0).any()


def test_flags_that_are_apart_as_chance_may_have_it_stay_apart() -> None:
    rng = np.random.default_rng(5)
    rare = np.zeros((200, 2))
    rare[:6, 0] = rare[6:12, 1] = 1  # of rows with two 1s .18 are to be expected
    table = pl.DataFrame(np.column_stack([rng.normal(size=(200, 2)), rare]), schema=["a", "b", "f", "g"])
    assert OneHot.joined(table, lw.infer(table))[0].groups == ()
