"""Arrays of numbers: what scikit-learn's own imputers are held to, in our words."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.impute import MissingIndicator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from likewise.errors import InputError, LikewiseWarning, OptionError
from likewise.impute import Imputer

QUICK = {"n_trees": 6}


def quick(**options: Any) -> Imputer:
    return Imputer(random_state=0, options=QUICK, **options)


def numbers(n: int = 60, share: float = 0.2, seed: int = 0) -> tuple[Any, Any]:
    """A table of three columns that hang together, and the same with holes."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    truth = np.column_stack([a, 2 * a + rng.normal(0, 0.1, n), rng.normal(size=n)])
    return truth, np.where(rng.random(truth.shape) < share, np.nan, truth)


def test_known_cells_come_back_bit_by_bit_and_no_hole_is_left() -> None:
    _, x = numbers()
    for statistic in ("median", "mean", "draw"):
        filled = quick(statistic=statistic).fit_transform(x)
        assert not np.isnan(filled).any()
        assert np.array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])


def test_fit_transform_is_fit_and_then_transform() -> None:
    _, x = numbers()
    for statistic in ("median", "draw"):
        both = quick(statistic=statistic).fit_transform(x)
        assert np.array_equal(both, quick(statistic=statistic).fit(x).transform(x))


def test_a_column_whole_in_training_is_filled_in_new_rows() -> None:
    truth, _ = numbers()
    new = truth[:3].copy()
    new[1, 0] = np.nan
    imputer = quick().fit(truth)
    filled = imputer.transform(new)
    assert filled[1, 0] == pytest.approx(truth[1, 0], abs=0.3)
    assert np.array_equal(filled, imputer.transform(new))


def test_new_rows_teach_nothing() -> None:
    """A row is filled alike whatever rows come with it, as far as the middle of a law, drawn from anew, allows."""
    truth, x = numbers(200)
    imputer = Imputer(random_state=0).fit(x)
    new = truth[:40].copy()
    new[:, 1] = np.nan
    far = np.concatenate([new, np.full((200, 3), 50.0)])
    assert np.abs(imputer.transform(new)[:, 1] - imputer.transform(far)[:40, 1]).max() < 1.0


@pytest.mark.parametrize("marker", [np.nan, -1, 0])
def test_indicators_are_scikit_learns(marker: float) -> None:
    x = np.array(
        [[marker, 1, 5, marker, 1], [2, marker, 1, marker, 2], [6, 3, marker, marker, 3], [1, 2, 9, marker, 4]]
    )
    extra = np.array([[marker, 2, 5, 3, marker], [2, 2, 2, 2, 2.0]])
    with pytest.warns(LikewiseWarning, match="without a single value: 'x3'; they are left out"):
        imputer = quick(missing_values=marker, add_indicator=True).fit(x)
    indicator = MissingIndicator(missing_values=marker, error_on_new=False).fit(x)
    filled = imputer.transform(extra)
    assert filled.shape == (2, 4 + 4)
    assert np.array_equal(filled[:, 4:], indicator.transform(extra).astype(float))
    assert not (filled[:, :4] == marker).any()


def test_indicators_are_there_only_when_asked_for() -> None:
    _, x = numbers()
    assert quick(add_indicator=True).fit_transform(x).shape[1] == 6
    assert quick().fit_transform(x).shape[1] == 3


@pytest.mark.parametrize("keep", [True, False])
def test_empty_columns_are_kept_or_left_out(keep: bool) -> None:
    x = np.array([[np.nan, 1], [np.nan, 2], [np.nan, 3]])
    imputer = quick(keep_empty_features=keep)
    if keep:
        filled = imputer.fit_transform(x)
        assert filled.tolist() == [[0, 1], [0, 2], [0, 3]]
    else:
        with pytest.warns(LikewiseWarning, match="left out"):
            filled = imputer.fit_transform(x)
        assert filled.tolist() == [[1], [2], [3]]
    assert np.array_equal(filled, imputer.transform(x))
    assert len(imputer.get_feature_names_out()) == filled.shape[1]


@pytest.mark.parametrize("add_indicator", [True, False])
@pytest.mark.parametrize("array_type", ["Int16", "Float64"])
def test_pandas_own_missing_values_are_understood(add_indicator: bool, array_type: str) -> None:
    frame = pd.DataFrame({"a": [1, None, 3, 2] * 3, "b": [None, 1, 2, 4] * 3}, dtype=array_type)
    filled = quick(add_indicator=add_indicator).fit_transform(frame)
    assert list(filled.columns[:2]) == ["a", "b"]
    assert (filled.dtypes[:2] == array_type).all()
    assert not filled.isna().any().any()
    assert filled.shape[1] == 2 + 2 * add_indicator
    if add_indicator:
        assert (filled["missingindicator_a"] == frame["a"].isna()).all()


def test_feature_names_tell_of_empty_columns_and_indicators() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 2.0], "b": [np.nan] * 3, "c": [1.0, 2.0, 3.0]})
    with pytest.warns(LikewiseWarning, match="'b'"):
        imputer = quick(add_indicator=True).fit(frame)
    assert imputer.get_feature_names_out().tolist() == ["a", "c", "missingindicator_a", "missingindicator_b"]
    with pytest.warns(LikewiseWarning, match="'b'"):
        kept = quick(keep_empty_features=True).fit(frame)
    assert kept.get_feature_names_out().tolist() == ["a", "b", "c"]


def test_set_output_names_the_columns_of_arrays() -> None:
    _, x = numbers()
    filled = quick(add_indicator=True).set_output(transform="pandas").fit_transform(x)
    assert list(filled.columns) == ["x0", "x1", "x2"] + [f"missingindicator_x{i}" for i in range(3)]
    assert quick().set_output(transform="polars").fit_transform(x).columns == ["x0", "x1", "x2"]


def test_float32_stays_float32_and_whole_numbers_become_float64() -> None:
    _, x = numbers()
    assert quick().fit_transform(x.astype(np.float32)).dtype == np.float32
    assert quick(missing_values=-1).fit_transform(np.arange(-1, 29).reshape(10, 3)).dtype == np.float64


def test_what_is_no_table_of_finite_numbers_is_refused() -> None:
    _, x = numbers()
    with pytest.raises(ValueError, match="infinity"):
        quick().fit(np.where(np.isnan(x), np.inf, x))
    with pytest.raises(ValueError, match="contains NaN"):
        quick(missing_values=-1).fit(x)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        quick().fit(sparse.csr_matrix(np.nan_to_num(x)))
    with pytest.raises(ValueError, match="expecting 3 features"):
        quick().fit(x).transform(x[:, :2])


def test_works_in_a_pipeline_under_cross_validation() -> None:
    truth, x = numbers(120)
    model = make_pipeline(quick(), LinearRegression())
    scores = cross_val_score(model, np.delete(x, 1, 1), truth[:, 1], cv=3)
    assert scores.mean() > 0.5


def test_can_be_cloned_pickled_and_told_its_options() -> None:
    _, x = numbers()
    imputer = quick(statistic="draw").fit(x)
    assert clone(imputer).get_params()["statistic"] == "draw"
    assert np.array_equal(pickle.loads(pickle.dumps(imputer)).transform(x), imputer.transform(x))


def test_the_seed_decides() -> None:
    _, x = numbers()
    draw = Imputer(statistic="draw", options=QUICK)
    one, same, other = (clone(draw).set_params(random_state=seed).fit_transform(x) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    for state in (np.random.RandomState(0), np.random.default_rng(0), None):
        assert not np.isnan(clone(draw).set_params(random_state=state).fit_transform(x)).any()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "forrest"}, "no model 'forrest'; did you mean"),
        ({"statistic": "mode"}, "statistic must be one of median, mean, draw"),
        ({"n_imputations": 0}, "n_imputations must be a whole number"),
        ({"schema": "age"}, "schema must be a likewise.Schema"),
        ({"options": {"trees": 5}}, "no option 'trees'"),
        ({"model": "autoregressive", "options": {"n_trees": 5}}, "no option 'n_trees'"),
    ],
)
def test_bad_options_are_told_when_fitting(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        Imputer(**options).fit(numbers()[1])


@pytest.mark.parametrize("cells", [[["secret", None], ["b", "c"]], [[1.0, "secret"], [2.0, None]]])
@pytest.mark.parametrize("kind", [list, np.asarray, lambda rows: np.asarray(rows, dtype=object)])
def test_an_array_of_texts_is_refused_and_none_of_them_shown(cells: list, kind: Callable) -> None:
    with pytest.raises(InputError, match="give a frame") as found:
        Imputer(random_state=0).fit(kind(cells * 10))
    assert "secret" not in str(found.value)
