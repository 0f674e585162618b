"""Measures of a synthetic table: fidelity, utility, privacy; each beside its floor.

>>> from likewise.evaluate import evaluate, Report
"""

from __future__ import annotations

from likewise.evaluate.gather import evaluate, evaluate_tables
from likewise.evaluate.results import ColumnScore, ImageGrid, PairScore, Report, Score, SubgroupScore
from likewise.evaluate.shown import Grid, Picture

__all__ = [
    "ColumnScore",
    "Grid",
    "ImageGrid",
    "PairScore",
    "Picture",
    "Report",
    "Score",
    "SubgroupScore",
    "evaluate",
    "evaluate_tables",
]
