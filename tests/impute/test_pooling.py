"""Rubin's rules against figures worked out by hand and against their limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from likewise.errors import OptionError
from likewise.impute import pool


def test_rules_worked_out_by_hand() -> None:
    """m = 4: W = 2, B = 1 (of 1, 2, 3, 2 it is 2/3), T = W + 1.25 B."""
    pooled = pool([1.0, 2.0, 3.0, 2.0], [1.0, 2.0, 3.0, 2.0], df_complete=98)
    between = 2 / 3
    total = 2 + 1.25 * between
    added = 1.25 * between / total
    of_draws = 3 / added**2
    of_table = 99 / 101 * 98 * (1 - added)
    df = 1 / (1 / of_draws + 1 / of_table)
    assert float(pooled.estimate) == 2.0
    assert float(pooled.variance) == pytest.approx(total)
    assert float(pooled.df) == pytest.approx(df)
    assert float(pooled.high - pooled.low) == pytest.approx(2 * t.ppf(0.975, df) * np.sqrt(total))
    assert float(pooled.error) == pytest.approx(np.sqrt(total))
    ratio = added / (1 - added)
    assert float(pooled.missing_information) == pytest.approx((ratio + 2 / (df + 3)) / (ratio + 1))


def test_without_the_tables_own_degrees_they_are_rubins() -> None:
    pooled = pool([0.0, 2.0], [1.0, 1.0])
    added = 1.5 * 2 / (1 + 1.5 * 2)
    assert float(pooled.df) == pytest.approx(1 / added**2)


def test_barnard_and_rubins_degrees_never_exceed_the_tables_own() -> None:
    rng = np.random.default_rng(0)
    pooled = pool(rng.normal(size=(5, 200)), rng.gamma(1.0, size=(5, 200)), df_complete=20)
    assert (pooled.df > 0).all()
    assert (pooled.df < 20).all()


def test_equal_estimates_add_nothing() -> None:
    pooled = pool([[1.0, 2.0]] * 3, [[0.25, 4.0]] * 3)
    assert pooled.variance.tolist() == [0.25, 4.0]
    assert pooled.missing_information.tolist() == [0.0, 0.0]
    assert (pooled.high - pooled.low).tolist() == pytest.approx([2 * 1.96 * 0.5, 2 * 1.96 * 2.0], rel=1e-3)


def test_a_variance_of_nothing_is_all_missing_information() -> None:
    pooled = pool([1.0, 2.0], [0.0, 0.0])
    assert float(pooled.missing_information) == 1.0
    assert np.isfinite(pooled.low)


@pytest.mark.parametrize(
    ("estimates", "variances", "options", "told"),
    [
        ([1.0], [1.0], {}, "2 tables at least"),
        ([1.0, 2.0], [1.0], {}, "of one shape"),
        ([1.0, np.nan], [1.0, 1.0], {}, "finite"),
        ([1.0, 2.0], [1.0, -1.0], {}, "not negative"),
        ([1.0, 2.0], [1.0, 1.0], {"confidence": 1.0}, "between 0 and 1"),
        ([1.0, 2.0], [1.0, 1.0], {"df_complete": 0}, "must be positive"),
    ],
)
def test_what_cannot_be_pooled_is_told(
    estimates: list[float], variances: list[float], options: dict[str, float], told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        pool(estimates, variances, **options)
