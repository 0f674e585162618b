"""Gradient boosting by histograms as scikit-learn has it, each model with one thread.

Its threads wait for each other in a loop at every split. Where another program holds one of two processors, a fit of
26,000 rows so took 50 processor seconds and six minutes, and .3 seconds with one thread; alone it gains little. Models
that do not depend on one another are learnt side by side instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()  # scikit-learn's are loaded by now, and looking for them takes milliseconds


def one_thread(do: Callable[P, R]) -> Callable[P, R]:
    """The same with one thread of OpenMP, which counts its threads for each caller by itself."""

    @wraps(do)
    def alone(*args: P.args, **options: P.kwargs) -> R:
        with _pools().limit(limits=1, user_api="openmp"):
            return do(*args, **options)

    return alone


class Classifier(HistGradientBoostingClassifier):  # type: ignore[misc]
    """`HistGradientBoostingClassifier` with one thread."""

    fit: Any = one_thread(HistGradientBoostingClassifier.fit)
    predict: Any = one_thread(HistGradientBoostingClassifier.predict)
    predict_proba: Any = one_thread(HistGradientBoostingClassifier.predict_proba)


class Regressor(HistGradientBoostingRegressor):  # type: ignore[misc]
    """`HistGradientBoostingRegressor` with one thread."""

    fit: Any = one_thread(HistGradientBoostingRegressor.fit)
    predict: Any = one_thread(HistGradientBoostingRegressor.predict)
