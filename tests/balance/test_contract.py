"""`Oversampler` keeps the contracts of imbalanced-learn and of scikit-learn, by their own checks."""

from __future__ import annotations

from typing import Any

import pytest
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from likewise.balance import Oversampler

pytestmark = [
    # Their tables are tiny, so many classes fall back.
    pytest.mark.filterwarnings("ignore::likewise.FallbackWarning"),
    pytest.mark.filterwarnings("ignore:The number of unique classes is greater than 50%:UserWarning"),
]

QUICK = {"epochs": 1, "d_embed": 2, "d_hidden": 2}
SAMPLERS = [
    Oversampler("smotenc", random_state=0),
    Oversampler("borderline", random_state=0),
    Oversampler("random", random_state=0),
    Oversampler("copula", way="class-specific", random_state=0),
    Oversampler("autoregressive", random_state=0, options=QUICK),
]


def listed(checks: Any) -> Any:
    """The same parametrisation over a list: pytest warns of the generators that both libraries pass.

    Left out is the one check that scikit-learn itself skips unless SCIPY_ARRAY_API is set: no sampler takes arrays of
    other libraries.
    """
    names, values = checks.mark.args
    kept = [(sampler, check) for sampler, check in values if "array_api" not in str(check)]
    return pytest.mark.parametrize(names, kept, **checks.mark.kwargs)


@listed(imblearn_checks.parametrize_with_checks(SAMPLERS))
def test_imbalanced_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@listed(sklearn_checks([Oversampler(random_state=0), SAMPLERS[0], SAMPLERS[-1]]))
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", SAMPLERS[:1])
def test_every_parameter_is_validated(estimator: Any) -> None:
    imblearn_checks.check_param_validation("Oversampler", estimator)


@pytest.mark.parametrize("estimator", SAMPLERS[:1])
def test_column_names_are_kept(estimator: Any) -> None:
    imblearn_checks.check_dataframe_column_names_consistency("Oversampler", estimator)
