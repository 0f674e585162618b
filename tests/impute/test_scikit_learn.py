"""scikit-learn's contract of a transformer, and the behaviours its own imputers are held to."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from likewise.impute import Imputer

SMALL = [
    Imputer(random_state=0, options={"n_trees": 4}),
    Imputer(statistic="draw", random_state=0, options={"n_trees": 4}),
    Imputer(statistic="mean", add_indicator=True, random_state=0, options={"n_trees": 4}),
    Imputer("boosting", random_state=0, options={"n_boosts": 3}),
    Imputer("copula", random_state=0),
]


# All that `parametrize_with_checks` runs, but for arrays of other libraries, where scikit-learn skips by itself.
CASES = [
    pytest.param(estimator, check, id=f"{estimator.model}-{estimator.statistic}-{check.func.__name__}-{i}")
    for estimator in SMALL
    for i, (_, check) in enumerate(estimator_checks_generator(estimator, mark=None))
    if "array_api" not in check.func.__name__
]


def test_the_contract_is_not_empty() -> None:
    assert len(CASES) > 200


@pytest.mark.parametrize(("estimator", "check"), CASES)
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)
