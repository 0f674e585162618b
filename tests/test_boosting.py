"""Boosting takes one thread: two of them wait for each other in a loop where a processor is busy."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_info, threadpool_limits

import likewise
from likewise.boosting import Classifier, Regressor, one_thread


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}


def test_what_is_done_with_one_thread_leaves_the_others_as_they_were() -> None:
    with threadpool_limits(3, user_api="openmp"):
        assert one_thread(threads)() == {1}
        assert 3 in threads()


@pytest.mark.parametrize(("kind", "plain"), [(Classifier, HistGradientBoostingClassifier),
                                             (Regressor, HistGradientBoostingRegressor)])  # fmt: skip
def test_it_is_the_model_that_scikit_learn_makes(kind: type, plain: type) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 3)), rng.integers(0, 3, 300)
    mine, its = (clone(k(max_iter=5, random_state=0)).fit(x, y) for k in (kind, plain))
    assert np.array_equal(pickle.loads(pickle.dumps(mine)).predict(x), its.predict(x))
    assert [
        name for name in ("fit", "predict", "predict_proba") if hasattr(mine, name) and name not in vars(kind)
    ] == []


def test_no_other_module_boosts_with_all_threads() -> None:
    package = Path(likewise.__file__).parent
    found = [p.name for p in package.rglob("*.py") if "HistGradientBoosting" in p.read_text(encoding="utf-8")]
    assert found == ["boosting.py"]
