"""How like the original an anonymised table still is: the fidelity report, with what the recoding cost beside it.

Labels cannot be held against values. So each recoded cell is replaced by one of the values that its label stands for
in the original, drawn evenly: what a reader of the table could do, who knows what values there are and not how often
each occurs within a label. The drawn table is compared with the original as any synthetic one is.

Legend: n rows released.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise.errors import InputError
from likewise.tables.frames import from_frame

if TYPE_CHECKING:
    from likewise.evaluate import Report, Score
    from likewise.privacy.anonymity import Anonymized

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
    scores = (*_losses(done), *report.scores, _smallest_class(done))
    facts = {**report.data, "anonymised": done.report.promise, "method": done.report.method}
    return replace(report, scores=scores, data=facts, notes=(DRAWN, *done.report.notes, *report.notes))


def drawn_values(
    original: pl.DataFrame, released: pl.DataFrame, names: Sequence[str], rng: np.random.Generator
) -> pl.DataFrame:
    """Released rows with a value in place of each label.

    Args:
        original: the same rows as they were, in the same order: `original[done.rows]` of what `anonymize` gave.
        names: the recoded columns.

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
    from likewise.evaluate import Score

    report = done.report
    loss: dict[str, Any] = {"group": "fidelity", "better": "lower", "floor": 0.0, "floor_by": "theory"}
    covers = "share of the column that a cell's label covers, numbers by range, levels by count; suppressed cells all"
    return [
        Score(
            name="gcp", value=report.gcp, n=report.n_rows, method=f"mean over the quasi-identifiers of the {covers}",
            meaning="how much of the quasi-identifiers is no longer told, 0 nothing, 1 all", **loss,
        ),
        *(
            Score(
                name=f"ncp:{name}", value=value, n=report.n_rows, method=f"mean over the rows of the {covers}",
                meaning="how much of this column is no longer told, 0 nothing, 1 all", **loss,
            )
            for name, value in report.ncp.items()
        ),
        Score(
            name="suppressed_rows", value=report.n_suppressed / report.n_rows, n=report.n_rows,
            method="rows not released, over all rows", meaning="how many rows are not told at all", **loss,
        ),
        Score(
            name="discernibility", value=report.discernibility / report.n_rows, n=report.n_rows,
            method="sum of squared class sizes, and all rows for each suppressed one, over the rows",
            meaning="among how many rows a row is lost, on average over the rows", **{**loss, "floor": None},
        ),
        Score(
            name="average_class", value=report.average_class_size, n=report.n_rows,
            method="released rows over classes and over k", meaning="how large classes are, in units of k; 1 is least",
            **{**loss, "floor": 1.0},
        ),
    ]  # fmt: skip


def _smallest_class(done: Anonymized) -> Score:
    from likewise.evaluate import Score

    return Score(
        name="smallest_class", group="privacy", value=float(done.report.measures.k), better="higher",
        n=done.report.measures.n_rows, method="rows that share the rarest combination of quasi-identifiers",
        meaning="among how many rows a person hides who is known by the quasi-identifiers",
    )  # fmt: skip
