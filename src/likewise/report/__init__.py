"""The report's faces: plain data, one self-contained page, a table in the terminal."""

from __future__ import annotations

from likewise.evaluate.results import ColumnScore, PairScore, Report, Score
from likewise.evaluate.shown import Grid, Picture

__all__ = ["ColumnScore", "Grid", "PairScore", "Picture", "Report", "Score"]
