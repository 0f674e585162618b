"""Gradient boosting for one column, and predictive mean matching: a hole takes the value of a real row that is
predicted alike.

Legend: d donors, h holes of one column, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.impute.forest import MOST_CLASSES
from likewise.typing import Floats, Ints

Matrix = npt.NDArray[np.float32]

FOLDS = 3
"""Donors are predicted by models that have not seen them: predictions of one's own rows are so near the truth that
nine in ten holes' intervals held one value in two when it was tried."""
NEAREST = 10
"""Donors among which one is drawn."""
SPREAD = 50


@dataclass(frozen=True)
class Matched:
    """Donors of a column of numbers, by what is predicted for them.

    Args:
        predictions: (d,) in rising order.
        values: (d,) what the donors hold.
        models: one a fold; a hole is predicted by their mean.
    """

    predictions: Floats
    values: Floats
    models: list[Any]

    def draw(self, x: Matrix, rng: np.random.Generator, chains: int) -> Floats:
        matched = self.spread(x)
        return np.asarray(matched[np.arange(len(x)), rng.integers(0, matched.shape[1], len(x))])

    def spread(self, x: Matrix) -> Floats:
        """(h, k) values of the donors that are predicted most alike."""
        if not self.models:
            return np.broadcast_to(self.values, (len(x), len(self.values)))
        k = min(NEAREST, len(self.values))
        predicted = np.asarray(np.mean([model.predict(x) for model in self.models], axis=0))
        near: Ints = np.atleast_1d(np.searchsorted(self.predictions, predicted))
        first = (near - k // 2).clip(0, len(self.values) - k)
        return np.asarray(self.values[first[:, None] + np.arange(k)])


@dataclass(frozen=True)
class Classed:
    """A column of levels: a level is drawn by its predicted probability, what is rare as one of the rare.

    Args:
        rare: codes that the classifier takes together.
    """

    model: Any
    rare: Floats

    def draw(self, x: Matrix, rng: np.random.Generator, chains: int) -> Floats:
        return self._at(x, rng.random((len(x), 1)), rng.random((len(x), 1)))[:, 0]

    def spread(self, x: Matrix) -> Floats:
        """(h, SPREAD) levels, each as often as it is probable."""
        even = np.broadcast_to((np.arange(SPREAD) + 0.5) / SPREAD, (len(x), SPREAD))
        return self._at(x, even, even)

    def _at(self, x: Matrix, places: Floats, rare_places: Floats) -> Floats:
        """Levels at (h, times) places in [0, 1) of their probabilities; what is rare at other places of the rare."""
        upto = self.model.predict_proba(x).cumsum(1)
        at = (places[:, :, None] > upto[:, None, :-1]).sum(2)
        codes = np.asarray(self.model.classes_[at], np.float64)
        if not len(self.rare):
            return codes
        rare = np.sort(self.rare)[(rare_places * len(self.rare)).astype(np.int64)]
        return np.where(codes == MOST_CLASSES, rare, codes)


def boost(
    x: Matrix,
    values: Floats,
    *,
    is_code: bool,
    seed: int,
    rough: bool = False,
    for_draws: bool = False,
    n_boosts: int = 60,
) -> Matched | Classed:
    """Learn one column from the others by gradient boosting.

    Args:
        x: (d, inputs) of the rows that hold a value; NaN where another column has a hole.
        values: (d,) those values.
        rough: with a third of the steps.
        for_draws: makes no difference here.
        n_boosts: steps of boosting.
    """
    from likewise.boosting import Classifier, Regressor

    if not x.shape[1] or len(values) < 2 * FOLDS or (values == values[0]).all():
        return Matched(np.zeros(0), values, [])
    x = np.where(np.isnan(x).all(0), np.float32(0), x)  # its binning fails on a column without a value
    options = dict(
        max_iter=max(n_boosts // 3, 1) if rough else n_boosts,
        max_leaf_nodes=15,
        min_samples_leaf=8,
        early_stopping=False,
        random_state=seed,
    )
    if is_code:
        model = Classifier(**options).fit(x, np.minimum(values, MOST_CLASSES))
        return Classed(model, values[values >= MOST_CLASSES])
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(values))
    predicted, models = np.empty(len(values)), []
    for k in range(FOLDS):
        seen = fold != k
        model = Regressor(**options).fit(x[seen], values[seen])
        models.append(model)
        if not seen.all():
            predicted[~seen] = model.predict(x[~seen])
    order = np.argsort(predicted, kind="stable")
    return Matched(predicted[order], values[order], models)
