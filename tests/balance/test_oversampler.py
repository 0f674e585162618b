"""`Oversampler`: the rows given stay, the classes get what was asked for, by what was asked for or told otherwise."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn import over_sampling as theirs
from imblearn.pipeline import Pipeline
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from likewise import FallbackWarning, InputError, OptionError
from likewise.balance import Oversampler
from likewise.models import MODELS, model_named
from likewise.schema.column import Kind

QUICK = {"epochs": 1, "d_embed": 4, "d_hidden": 4}
METHODS = ("random", "smote", "smotenc", "borderline", "adasyn", "copula")


def numbers(n: int = 120, rare: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    y = np.repeat([0, 1], [n - rare, rare])
    return np.random.default_rng(seed).normal(size=(n, 3)) + y[:, None], y


Mixed = tuple[pl.DataFrame, pl.Series]


@pytest.fixture
def mixed(mixed_frame: pl.DataFrame) -> Mixed:
    """130 rows of one class and 30 of the other, with a column of every kind and holes."""
    passed = mixed_frame["passed"].to_numpy()
    rows = np.concatenate([np.flatnonzero(passed)[:130], np.flatnonzero(~passed)[:30]])
    return mixed_frame.drop("passed")[rows], mixed_frame["passed"][rows]


def quick(model: str) -> dict[str, Any]:
    """Options that make a generator learn quickly, and badly."""
    known = inspect.signature(model_named(model)).parameters
    return {name: value for name, value in {"epochs": 1, "d_hidden": 8}.items() if name in known}


@pytest.mark.parametrize(
    ("method", "peer"),
    [("random", "RandomOverSampler"), ("smote", "SMOTE"), ("borderline", "BorderlineSMOTE"), ("adasyn", "ADASYN")],
)
def test_numbers_get_the_very_rows_of_imbalanced_learn(method: str, peer: str) -> None:
    X, y = numbers()
    wanted = getattr(theirs, peer)(random_state=3).fit_resample(X, y)
    found = Oversampler(method, random_state=3).fit_resample(X, y)
    if method == "random":  # copies of the same class, chosen by another stream
        assert found[0].shape == wanted[0].shape
        assert {tuple(row) for row in found[0][120:]} <= {tuple(row) for row in X[y == 1]}
    else:
        np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow"])
def test_mixed_frames_come_back_as_they_were_with_new_rows_after_them(mixed: Mixed, method: str, kind: str) -> None:
    frame, target = mixed
    given: Any = {"polars": frame, "lazy": frame.lazy(), "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[kind]
    labels: Any = {"pandas": target.to_pandas(), "arrow": target.to_arrow()}.get(kind, target)
    X, y = Oversampler(method, random_state=0).fit_resample(given, labels)
    assert type(X) is type(given)
    assert type(y).__name__ in (type(labels).__name__, "ChunkedArray")
    if kind == "pandas":
        assert X.head(len(given)).equals(given)
        assert X.dtypes.equals(given.dtypes)
        assert y.name == target.name
    own = X.collect() if kind == "lazy" else pl.from_arrow(X) if kind == "arrow" else pl.DataFrame(X)
    assert isinstance(own, pl.DataFrame)
    if kind != "pandas":
        assert own.schema == frame.schema
        assert own.head(160).equals(frame)
    counts = pl.Series(np.asarray(y)).value_counts()["count"]
    assert counts.max() - counts.min() == 0 or method == "adasyn"


def test_sparse_matrices_and_lists_come_back_as_they_were() -> None:
    X, y = numbers()
    dense, _ = Oversampler("smote", random_state=0).fit_resample(X, y)
    for kind in (sparse.csr_matrix, sparse.csc_array):
        found, _ = Oversampler("smote", random_state=0).fit_resample(kind(X), y)
        assert type(found) is kind
        np.testing.assert_array_equal(found.toarray(), dense)
    found, labels = Oversampler("smote", random_state=0).fit_resample(X.tolist(), y.tolist())
    assert isinstance(found, list)
    assert isinstance(labels, list)
    assert found == dense.tolist()


@pytest.mark.parametrize("way", ["conditional", "class-specific"])
@pytest.mark.parametrize("model", MODELS)
def test_every_generator_balances_in_both_ways(mixed: Mixed, model: str, way: str) -> None:
    frame, target = mixed[0].select("grade", "age", "score"), mixed[1]  # few columns: AIM is slow on many
    sampler = Oversampler(model=model, way=way, random_state=0, options=quick(model))
    X, y = sampler.fit_resample(frame, target)
    assert y.value_counts()["count"].to_list() == [130, 130]
    assert X.head(160).equals(frame)
    (part,) = sampler.report_.classes[0].parts
    assert (part.method, part.way, part.rows, part.reason) == (model, way, 100, None)
    again, _ = Oversampler(model=model, way=way, random_state=0, options=quick(model)).fit_resample(frame, target)
    assert again.equals(X)


@pytest.mark.parametrize("way", ["conditional", "class-specific"])
def test_new_rows_are_like_their_class(way: str) -> None:
    """Two normals 3 apart: new rows of the rare one have its mean, not that of all rows (.6)."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 100])
    X = rng.normal(size=(500, 2)) + 3.0 * y[:, None]
    more, _ = Oversampler("cart", way=way, random_state=0).fit_resample(X, y)
    np.testing.assert_allclose(more[500:].mean(0), X[y == 1].mean(0), atol=0.3)


def test_the_default_shares_the_new_rows_among_several_makers(mixed: Mixed) -> None:
    frame, target = mixed
    sampler = Oversampler(random_state=0)
    X, y = sampler.fit_resample(frame, target)
    assert y.value_counts()["count"].to_list() == [130, 130]
    rows = [part.rows for part in sampler.report_.classes[0].parts]
    assert len(rows) > 1
    assert max(rows) - min(rows) <= 1
    assert X["key"].n_unique() == len(X), "identifiers of new rows are new"


def test_a_generator_can_be_given_as_one() -> None:
    X, y = numbers()
    sampler = Oversampler(model=model_named("copula")(), random_state=0)
    sampler.fit_resample(X, y)
    assert sampler.report_.classes[1].parts[0].method == "copula"


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("auto", [60, 60, 60]),
        ("minority", [60, 30, 60]),
        ("not minority", [60, 60, 12]),
        ("not majority", [60, 60, 60]),
        ("all", [60, 60, 60]),
        ({2: 20}, [60, 30, 20]),
        (lambda y: {1: int((y == 1).sum()) + 5}, [60, 35, 12]),
    ],
)
def test_sampling_strategies(strategy: Any, wanted: list[int]) -> None:
    y = np.repeat([0, 1, 2], [60, 30, 12])
    X = np.random.default_rng(0).normal(size=(102, 2))
    sampler = Oversampler("copula", sampling_strategy=strategy, random_state=0)
    _, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == wanted
    given = np.bincount(y)
    assert {k: given[k] + n for k, n in sampler.sampling_strategy_.items()} == {
        k: wanted[k] for k in sampler.sampling_strategy_
    }


def test_a_ratio_is_of_the_larger_class() -> None:
    X, y = numbers()
    _, labels = Oversampler("smote", sampling_strategy=0.5, random_state=0).fit_resample(X, y)
    assert np.bincount(labels).tolist() == [96, 48]


@pytest.mark.parametrize("strategy", [0.1, {1: 3}, {7: 50}, "majority", 1.5])
def test_strategies_that_cannot_be_are_refused(strategy: Any) -> None:
    X, y = numbers()
    with pytest.raises(ValueError, match=r"sampl|class"):
        Oversampler("smote", sampling_strategy=strategy, random_state=0).fit_resample(X, y)


def test_a_pipeline_resamples_while_it_fits_only() -> None:
    X, y = numbers()
    pipeline = Pipeline([("more", Oversampler("smote", random_state=0)), ("classify", LogisticRegression())])
    assert pipeline.fit(X, y).predict(X).shape == (120,)
    assert not hasattr(Oversampler, "transform")


@pytest.mark.parametrize(("rare", "method"), [(1, "random"), (2, "smotenc"), (5, "smotenc")])
def test_a_class_with_too_few_rows_falls_back_and_says_so(rare: int, method: str) -> None:
    X, y = numbers(rare=rare)
    sampler = Oversampler("copula", random_state=0)
    with pytest.warns(FallbackWarning, match=f"by {method}, not by copula: {rare} rows, fewer than"):
        _, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [120 - rare] * 2
    (found,) = sampler.report_.fallbacks
    assert found.parts[0].method == method
    assert str(rare) in str(found.parts[0].reason)


def test_the_default_falls_back_too() -> None:
    X, y = numbers(rare=4)
    sampler = Oversampler(random_state=0)
    with pytest.warns(FallbackWarning, match="4 rows"):
        sampler.fit_resample(X, y)
    assert [part.method for part in sampler.report_.classes[1].parts] == ["smotenc", "random"]


def test_borderline_falls_back_to_smote_where_no_border_is() -> None:
    y = np.repeat([0, 1], [80, 20])
    X = np.random.default_rng(0).normal(size=(100, 2)) + 100.0 * y[:, None]
    sampler = Oversampler("borderline", random_state=0)
    with pytest.warns(FallbackWarning, match="it gave no rows of the class"):
        _, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [80, 80]
    assert sampler.report_.classes[1].parts[0].method == "smote"


def test_the_quality_filter_raises_the_mean_probability_and_counts_what_it_left_out() -> None:
    X, y = numbers(400, 80)
    sampler = Oversampler("copula", quality=0.5, random_state=0)
    _, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [320, 320]
    (part,) = sampler.report_.classes[1].parts
    assert part.rejected == part.rows == 240
    assert part.quality is not None
    before, after = part.quality
    assert after > before + 0.1


def test_rows_that_overlap_are_set_apart_and_counted() -> None:
    X, y = numbers(400, 80)
    apart = Oversampler("copula", overlap=0.3, random_state=0)
    more, labels = apart.fit_resample(X, y)
    plain, _ = Oversampler("copula", random_state=0).fit_resample(X, y)
    assert 0 < apart.report_.overlap < 320
    assert np.bincount(labels).tolist() == [320, 320]
    assert not np.array_equal(more, plain)
    with pytest.raises(OptionError, match="conditional"):
        Oversampler("smote", overlap=0.3).fit_resample(X, y)


@pytest.mark.parametrize("method", ["random", "smote", "copula", "cart"])
@pytest.mark.parametrize("kind", [np.asarray, list, pl.Series, pd.Series])
def test_rare_numbers_get_company_in_their_region(method: str, kind: Any) -> None:
    y = np.random.default_rng(0).lognormal(size=200)
    X = np.column_stack([y + np.random.default_rng(1).normal(size=200), np.ones(200)])
    sampler = Oversampler(method, task="regression", random_state=0)
    more, values = sampler.fit_resample(X, kind(y))
    assert type(values) is type(kind(y))
    low, high = sampler.report_.classes[-1].label
    new = np.asarray(values)[200:]
    assert len(more) == len(values) == 200 + len(new)
    assert len(new) > 20
    assert ((new >= low) & (new <= high)).all()
    np.testing.assert_array_equal(np.asarray(values)[:200], y)
    assert more[200:, 0].mean() > X[:, 0].mean() + 2.0, "features follow the target"


@pytest.mark.parametrize("method", ["smote", "smotenc"])
def test_the_unit_of_a_target_of_numbers_is_nothing_to_its_neighbours(method: str) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = X[:, 0] + 5.0 * (X[:, 0] > 1.2)
    made = [
        Oversampler(method, task="regression", bins=bins, random_state=0).fit_resample(X, target)
        for target, bins in ((y, [4.0]), (1_000.0 * y, [4_000.0]))
    ]
    assert len(made[0][0]) > 220
    np.testing.assert_allclose(made[0][0], made[1][0], atol=1e-9)
    np.testing.assert_allclose(1_000.0 * made[0][1], made[1][1], rtol=1e-9)


def test_bins_of_the_user_are_the_regions() -> None:
    y = np.arange(100.0)
    sampler = Oversampler("random", task="regression", bins=[10, 80], sampling_strategy=1.0, random_state=0)
    _, values = sampler.fit_resample(y[:, None], y)
    assert [line.label for line in sampler.report_.classes] == [(0.0, 9.0), (10.0, 79.0), (80.0, 99.0)]
    assert [line.rows + line.added for line in sampler.report_.classes] == [70, 70, 70]
    assert len(values) == 210


def test_a_target_without_rare_values_is_left_as_it_is() -> None:
    X, y = np.random.default_rng(0).normal(size=(50, 2)), np.linspace(0, 1, 50)
    with pytest.warns(FallbackWarning, match="no value of the target is rare"):
        more, values = Oversampler("smote", task="regression").fit_resample(X, y)
    np.testing.assert_array_equal(more, X)
    np.testing.assert_array_equal(values, y)


def test_infinite_values_name_their_column() -> None:
    frame = pl.DataFrame({"a": [1.0, float("inf"), 2.0, 3.0], "b": [1, 2, 3, 4]})
    with pytest.raises(InputError, match="column 'a': 1 values are infinite"):
        Oversampler("smote").fit_resample(frame, [0, 0, 0, 1])


@pytest.mark.parametrize("target", [[0, None, 1, 1], np.array([0, np.nan, 1, 1]), pd.Series([0, None, 1, 1])])
def test_a_missing_target_is_counted_and_refused(target: Any) -> None:
    with pytest.raises(InputError, match="missing in 1 of 4 rows"):
        Oversampler("smote").fit_resample(np.ones((4, 2)), target)


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(ValueError, match="class"):
        Oversampler().fit_resample(np.ones((4, 2)), [1, 1, 1, 1])


@pytest.mark.parametrize("method", ["random", "smotenc", "smote", "copula"])
def test_a_column_wholly_missing_stays_so(method: str) -> None:
    X, y = numbers()
    frame = pl.DataFrame(X).with_columns(empty=pl.lit(None, pl.Float64), nothing=pl.lit(None))
    more, _ = Oversampler(method, random_state=0).fit_resample(frame, y)
    assert more["empty"].null_count() == more["nothing"].null_count() == len(more) == 192


def test_a_method_and_a_model_are_one_too_many() -> None:
    with pytest.raises(OptionError, match="not both"):
        Oversampler("copula", method="smote").fit_resample(*numbers())
    with pytest.raises(OptionError, match="for one generator"):
        Oversampler("smote", way="conditional").fit_resample(*numbers())


def test_a_schema_of_the_user_is_obeyed() -> None:
    X, y = numbers()
    frame = pl.DataFrame(X.round(), schema=["a", "b", "c"])
    import likewise as lw

    schema = lw.infer(frame, overrides={"a": Kind.CATEGORICAL})
    more, _ = Oversampler("smotenc", schema=schema, random_state=0).fit_resample(frame, y)
    assert set(more["a"]) == set(frame["a"]), "a level is never between two levels"


def test_times_keep_their_grain(mixed: Mixed) -> None:
    frame, target = mixed
    more, _ = Oversampler("smotenc", random_state=0).fit_resample(frame, target)
    assert (more["seen"].dt.second() == 0).all(), "whole minutes were given"


def test_nothing_falls_back_unasked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Oversampler("copula", random_state=0).fit_resample(*numbers())


def test_without_imbalanced_learn_the_extra_is_named() -> None:
    code = "import sys; sys.modules['imblearn'] = None; import likewise; likewise.balance"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'likewise[balance]'" in run.stderr
