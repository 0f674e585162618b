"""Balancing: more rows of rare classes, and the answer whether that helps at all.

>>> from likewise.balance import Oversampler
>>> Oversampler("smotenc", random_state=0)
Oversampler(model='smotenc', random_state=0)
"""

from __future__ import annotations

from likewise.errors import MissingExtraError

try:
    import imblearn  # noqa: F401
except ImportError as error:
    raise MissingExtraError("imbalanced-learn", "balance") from error

from likewise.balance.comparison import (
    MEASURES,
    METHODS,
    NUMBER_MEASURES,
    NUMBER_METHODS,
    BalanceComparison,
    Line,
    compare,
)
from likewise.balance.oversampler import Oversampler
from likewise.balance.report import BalanceReport, ClassReport, Part
from likewise.balance.run import CLASSIC

__all__ = [
    "CLASSIC",
    "MEASURES",
    "METHODS",
    "NUMBER_MEASURES",
    "NUMBER_METHODS",
    "BalanceComparison",
    "BalanceReport",
    "ClassReport",
    "Line",
    "Oversampler",
    "Part",
    "compare",
]
