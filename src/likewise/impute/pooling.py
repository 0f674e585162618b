"""Rubin's rules: one answer from the answers of several filled tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.errors import OptionError
from likewise.estimator import check_confidence
from likewise.typing import Floats


@dataclass(frozen=True)
class Pooled:
    """What m filled tables say together. Every array has the shape of one estimate.

    Args:
        estimate: the mean of the m estimates.
        within: W, the mean of their variances: the uncertainty there would be without holes.
        between: B, the variance of the estimates: what the holes add.
        variance: T = W + (1 + 1/m) B.
        df: degrees of freedom of the t distribution to use (Barnard and Rubin 1999).
        missing_information: the share of the information that the holes took.
        low: lower end of the interval at `confidence`.
        high: its upper end.
    """

    estimate: Floats
    within: Floats
    between: Floats
    variance: Floats
    df: Floats
    missing_information: Floats
    low: Floats
    high: Floats
    confidence: float
    n_imputations: int

    @property
    def error(self) -> Floats:
        """The standard error, the root of `variance`."""
        return np.asarray(np.sqrt(self.variance))


def pool(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    df_complete: float = np.inf,
    confidence: float = 0.95,
) -> Pooled:
    """Pool what was estimated on each of m filled tables (Rubin 1987, chapter 3).

    The degrees of freedom are those of Barnard and Rubin (1999, eqs. 3 to 5), which never exceed those of the table
    without holes; with `df_complete=inf` they are Rubin's own.

    Args:
        estimates: (m, ...) one estimate, or an array of them, for each filled table.
        variances: (m, ...) the square of each estimate's standard error.
        df_complete: degrees of freedom if nothing were missing: rows less parameters.
        confidence: of the interval.

    Raises:
        OptionError: fewer than two tables, shapes that differ, or variances that are no variances.

    Example:
        >>> pooled = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
        >>> float(pooled.estimate), float(pooled.between), round(float(pooled.variance), 3)
        (2.0, 1.0, 1.833)
    """
    from scipy.stats import t

    q, u = np.asarray(estimates, np.float64), np.asarray(variances, np.float64)
    if q.shape != u.shape or q.ndim < 1 or len(q) < 2:
        raise OptionError(f"estimates and variances must be of one shape, 2 tables at least: {q.shape} and {u.shape}")
    if not (np.isfinite(q).all() and np.isfinite(u).all() and (u >= 0).all()):
        raise OptionError("estimates must be finite, and variances finite and not negative")
    check_confidence("confidence", confidence)
    if not df_complete > 0:
        raise OptionError(f"df_complete must be positive, got {df_complete!r}")
    m = len(q)
    estimate, within, between = q.mean(0), u.mean(0), q.var(0, ddof=1)
    variance = within + (1 + 1 / m) * between
    # Where nothing varies at all, nothing is missing.
    added = np.divide((1 + 1 / m) * between, variance, out=np.zeros_like(variance), where=variance > 0)
    df = _degrees(added, m, df_complete)
    # Rubin's gamma: with few tables the t distribution itself tells of less information.
    ratio = np.divide(added, 1 - added, out=np.full_like(added, np.inf), where=added < 1)
    with np.errstate(invalid="ignore"):
        gamma = np.where(np.isinf(ratio), 1.0, (ratio + 2 / (df + 3)) / (ratio + 1))
    half = t.ppf((1 + confidence) / 2, df) * np.sqrt(variance)
    return Pooled(
        estimate=np.asarray(estimate), within=np.asarray(within), between=np.asarray(between),
        variance=np.asarray(variance), df=df, missing_information=np.asarray(gamma), low=np.asarray(estimate - half),
        high=np.asarray(estimate + half), confidence=confidence, n_imputations=m,
    )  # fmt: skip


def _degrees(added: Floats, m: int, df_complete: float) -> Floats:
    """Barnard and Rubin's degrees of freedom; `added` is lambda, the share of the variance that the holes add."""
    with np.errstate(divide="ignore"):
        of_draws = np.asarray((m - 1) / added**2)
    if np.isinf(df_complete):
        return of_draws
    of_table = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - added)
    # 1 / (1/a + 1/b), written so that an infinite a leaves b.
    return np.asarray(of_table / (1 + of_table / of_draws))
