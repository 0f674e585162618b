"""How like the original an anonymised table still is: the fidelity report, with what the recoding cost beside it.

Labels cannot be held against values. So each recoded cell is replaced by one of the values that its label stands for
in the original, drawn evenly: what a reader of the table could do, who knows what values there are and not how often
each occurs within a label. The drawn table is compared with the original as any synthetic one is.

Legend: n rows released.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.tables.frames import from_frame

if TYPE_CHECKING:
    from likewise.evaluate import Report, Score
    from likewise.privacy.results import Anonymized

DRAWN = "Each recoded cell was drawn evenly from the values that its label stands for; suppressed rows are left out."


def evaluate_anonymized(done: Anonymized, original: Any, random_state: int, **options: Any) -> Report:
    """See `Anonymized.evaluate`."""
    from likewise.evaluate import evaluate

    table, released = from_frame(original)[0], from_frame(done.frame)[0]
    if table.height != len(done.suppressed):
        raise InputError(
            f"give the frame that was anonymised: it had {len(done.suppressed)} rows, this one has {table.height}"
        )
    table = table.select(released.columns)
    told = np.argsort(done.rows)  # in the order of the original, so that the shuffle changes no figure
    told = told[~done.suppressed[done.rows[told]]]
    rng = np.random.default_rng(random_state)
    drawn = drawn_values(table[done.rows[told]], released[told], done.recoding.quasi_identifiers, rng)
    report = evaluate(table, drawn, random_state=random_state, **options)
    measures = done.report.measures
    smallest = _score("smallest_class", measures.k, measures.n_rows)
    scores = (*_losses(done), *(s for s in report.scores if s.name != smallest.name), smallest)
    facts = {**report.data, "anonymised": done.report.promise, "method": done.report.method}
    return replace(report, scores=scores, data=facts, notes=(DRAWN, *done.report.notes, *report.notes))


def drawn_values(
    original: pl.DataFrame, released: pl.DataFrame, names: Sequence[str], rng: np.random.Generator
) -> pl.DataFrame:
    """Released rows with a value in place of each label.

    Args:
        original: the same rows as they were, in the same order: `original[done.rows]` of what `anonymize` gave.
        released: those rows, `done.frame`.
        names: the recoded columns.
        rng: of the values, each drawn evenly among those that its label stands for.

    Example:
        >>> rows = pl.DataFrame({"age": [20, 21, 60]})
        >>> told = pl.DataFrame({"age": ["[20, 21]", "[20, 21]", "60"]})
        >>> drawn_values(rows, told, ["age"], np.random.default_rng(0))["age"].to_list()
        [21, 20, 60]
    """
    columns = []
    for name in names:
        cells = pl.DataFrame({"label": released[name].cast(pl.String), "value": original[name]})
        stands_for = cells.unique().sort("label", "value").with_row_index("at")
        runs = stands_for.group_by("label", maintain_order=True).agg(pl.col("at").min().alias("first"), pl.len())
        run = cells.join(runs, on="label", how="left", nulls_equal=True, maintain_order="left")
        at = run["first"].to_numpy() + np.floor(rng.random(len(run)) * run["len"].to_numpy()).astype(np.int64)
        columns.append(stands_for["value"].gather(at).alias(name))
    return released.with_columns(columns)


def _losses(done: Anonymized) -> list[Score]:
    report, n = done.report, done.report.n_rows
    losses = {
        "gcp": (report.gcp, 0.0),
        **{f"ncp:{name}": (value, 0.0) for name, value in report.ncp.items()},
        "suppressed_rows": (report.n_suppressed / n, 0.0),
        "discernibility": (report.discernibility / n, math.nan),
        "average_class": (report.average_class_size, 1.0),
    }
    return [_score(name, value, n, least) for name, (value, least) in losses.items()]


def _score(name: str, value: float, n: int, least: float = math.nan) -> Score:
    from likewise.evaluate.figure import Figure
    from likewise.evaluate.results import Score

    return Score.of(name, Figure(float(value), n, least))
