"""Rates and ROC areas with their intervals.

References: DeLong et al., "Comparing the areas under two or more correlated ROC curves", Biometrics 1988;
Wilson, "Probable inference", JASA 1927.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval, and each row's pull on it (the sum of squares is the variance)."""

    value: float
    interval: tuple[float, float]
    influence: FloatArray

    @property
    def deviation(self) -> float:
        return float(np.sqrt(np.square(self.influence).sum()))


def wilson(hits: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a rate, 95 % unless another quantile of the normal law is given.

    >>> [round(x, 3) for x in wilson(0, 100)]
    [0.0, 0.037]
    """
    if n == 0:
        return 0.0, 1.0
    p, z2 = hits / n, z * z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At no hits and at all hits the formula's end is 0 and 1, but for rounding.
    return (0.0 if hits <= 0 else middle - half), (1.0 if hits >= n else middle + half)


def auc(positive: BoolArray, score: FloatArray) -> Estimate:
    """Area under the ROC curve with DeLong's interval (on the logit scale, so that it stays within 0 and 1).

    Args:
        positive: (n,) which rows are positive; both kinds must be there.
        score: (n,) higher for rows thought positive.

    >>> auc(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.5, 0.1])).value
    0.75
    """
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        raise ValueError("an ROC area needs rows of both kinds")
    ranks = rankdata(np.asarray(score, dtype=np.float64))
    won = (ranks[positive] - rankdata(score[positive])) / n  # of each positive, the share of negatives it beats
    lost = 1.0 - (ranks[~positive] - rankdata(score[~positive])) / m
    value = float(won.mean())
    influence = np.empty(m + n)
    influence[positive] = (won - value) / m
    influence[~positive] = (lost - value) / n
    return Estimate(value, area_interval(value, influence, min(m, n)), influence)


def area_interval(value: float, influence: FloatArray, n_least: int) -> tuple[float, float]:
    """95 % interval of an area: logit scale inside, the rule of three at 0 and 1."""
    slack = min(0.5, 3.0 / max(n_least, 1))
    deviation = float(np.sqrt(np.square(influence).sum()))
    if not 0.0 < value < 1.0 or deviation == 0.0:
        return max(0.0, value - slack), min(1.0, value + slack)
    logit = math.log(value / (1 - value))
    half = Z95 * deviation / (value * (1 - value))
    if half > 30.0:
        return 0.0, 1.0
    return 1 / (1 + math.exp(-(logit - half))), 1 / (1 + math.exp(-(logit + half)))


def macro_auc(labels: npt.NDArray[np.integer], scores: FloatArray) -> Estimate:
    """Mean one-against-rest area over the classes that occur; for two classes, the plain area.

    Args:
        labels: (n,) class of each row, 0 .. K-1.
        scores: (n, K) score of each class.
    """
    classes = [k for k in range(scores.shape[1]) if 0 < (labels == k).sum() < len(labels)]
    if not classes:
        raise ValueError("an ROC area needs rows of at least two classes")
    if scores.shape[1] == 2:
        return auc(labels == 1, scores[:, 1])
    parts = [auc(labels == k, scores[:, k]) for k in classes]
    value = float(np.mean([p.value for p in parts]))
    influence = np.mean([p.influence for p in parts], axis=0)
    return Estimate(value, area_interval(value, influence, len(labels) // len(classes)), influence)


def true_positive_rate(positive: BoolArray, score: FloatArray, at: float) -> tuple[float, tuple[float, float]]:
    """Share of positives caught where a share `at` of negatives is (ties shared out), and its 95 % interval."""
    caught, alarms = score[positive], score[~positive]
    m, n = len(caught), len(alarms)
    threshold = np.quantile(alarms, 1.0 - at, method="inverted_cdf")
    above, ties = float((alarms > threshold).mean()), float((alarms == threshold).mean())
    share = (at - above) / ties if ties else 0.0
    rate = float((caught > threshold).mean() + np.clip(share, 0.0, 1.0) * (caught == threshold).mean())
    return rate, true_positive_interval(rate, m, n, at)


def true_positive_interval(rate: float, m: int, n: int, at: float) -> tuple[float, float]:
    """95 % interval of the share caught of m positives at a share `at` of n negatives.

    It counts both errors: of the rate, and of the threshold set by few negatives.
    """
    slope = max(rate / at, 1.0)  # the curve is steepest at its start
    low, high = wilson(rate * m, m)
    drift = Z95 * slope * math.sqrt(at * (1 - at) / n)
    return max(0.0, rate - math.hypot(rate - low, drift)), min(1.0, rate + math.hypot(high - rate, drift))
