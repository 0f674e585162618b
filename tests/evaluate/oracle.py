"""sdmetrics' quality report as an oracle for `shape` and `trend`."""

from __future__ import annotations

import warnings
from typing import Any

import polars as pl

from likewise.schema.column import Kind, Schema

SDTYPES = {
    Kind.INTEGER: "numerical",
    Kind.REAL: "numerical",
    Kind.DATETIME: "datetime",
    Kind.CATEGORICAL: "categorical",
    Kind.BOOLEAN: "boolean",
}


def to_pandas(frame: pl.DataFrame, schema: Schema) -> Any:
    """The frame as sdmetrics wants it: float64 with NaN, objects with None, datetime64."""
    import pandas as pd

    columns = {}
    for column in schema:
        s = frame[column.name]
        if column.kind in (Kind.INTEGER, Kind.REAL):
            columns[column.name] = pd.Series(s.cast(pl.Float64).to_numpy())
        elif column.kind is Kind.DATETIME:
            columns[column.name] = pd.Series(s.cast(pl.Datetime("ns")).to_numpy())
        else:
            columns[column.name] = pd.Series(s.to_list(), dtype=object)
    return pd.DataFrame(columns)


def quality(
    real: pl.DataFrame, synthetic: pl.DataFrame, schema: Schema, *, linked: bool = False
) -> tuple[float, float, dict[Any, float]]:
    """1 - the report's shape score, 1 - its trend score, and 1 - the score of each column and pair.

    Args:
        linked: with the report's default bounds on which pairs count, or all pairs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sdmetrics.reports import QualityReport

        metadata = {
            "tables": {"t": {"columns": {c.name: {"sdtype": SDTYPES[c.kind]} for c in schema}}},
        }
        report = QualityReport()
        if not linked:
            report.real_correlation_threshold = report.real_association_threshold = 0
        report.generate({"t": to_pandas(real, schema)}, {"t": to_pandas(synthetic, schema)}, metadata, verbose=False)
        shapes, trends = (report.get_details(name) for name in ("Column Shapes", "Column Pair Trends"))
        single = dict(zip(shapes["Column"], 1 - shapes["Score"], strict=True))
        double = {
            frozenset((a, b)): 1 - score
            for a, b, score in zip(trends["Column 1"], trends["Column 2"], trends["Score"], strict=True)
        }
        scores = dict(report.get_properties()[["Property", "Score"]].to_numpy())
    return 1 - scores["Column Shapes"], 1 - scores["Column Pair Trends"], single | double
