"""Missing cells filled, with what is not known of them said.

>>> import likewise as lw
>>> import polars as pl
>>> table = pl.DataFrame({"age": [20, 30, None, 50] * 10, "group": ["a", "b", "b", None] * 10})
>>> lw.Imputer(random_state=0).fit_transform(table).null_count().row(0)
(0, 0)
"""

from __future__ import annotations

from likewise.impute.estimator import METHODS, STATISTICS, Imputer
from likewise.impute.masks import MECHANISMS, simulate_missing
from likewise.impute.pooling import Pooled, pool
from likewise.impute.scoring import ImputationScore, score_imputation

__all__ = [
    "MECHANISMS",
    "METHODS",
    "STATISTICS",
    "ImputationScore",
    "Imputer",
    "Pooled",
    "pool",
    "score_imputation",
    "simulate_missing",
]
