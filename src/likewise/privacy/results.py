"""What was done to a table and what it cost, beside the table that is given away."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import OptionError
from likewise.notebook import Brief, Table, card
from likewise.privacy.asked import Asked
from likewise.privacy.encoding import rows_of
from likewise.privacy.measures import Anonymity
from likewise.privacy.methods import Outcome
from likewise.privacy.recoding import Recoding
from likewise.schema.infer import infer
from likewise.schema.persons import likely_entity

if TYPE_CHECKING:
    from likewise.evaluate import Report as EvaluationReport

_LOOK_AT = 10_000  # rows by which the kinds of columns are told, where a person's key is looked for


@dataclass(frozen=True, kw_only=True)
class AnonymityReport:
    """What was done and what it cost, as plain data.

    Losses lie in 0 .. 1: a cell loses the share of its column that its label covers (numbers: of the range), nothing if
    it is told exactly, all if it is suppressed. `gcp` is the mean over all cells of the quasi-identifiers.
    """

    method: str
    promise: str
    n_rows: int
    n_suppressed: int
    levels: dict[str, int] | None  # step of each column's hierarchy; None: classes recoded one by one
    stars: dict[str, int] | None  # cells hidden in each column, by local suppression; None: another method
    ncp: dict[str, float]
    gcp: float
    discernibility: int  # sum of squared class sizes, and n for each suppressed row
    average_class_size: float  # members a class, in units of k
    optimal: bool  # whether no recoding of this kind can lose less; proven, not hoped
    bound: float | None  # no recoding of this kind can lose less than this; None: not known
    n_nodes: int | None  # of the lattice, and how many of them were checked
    n_checked: int | None
    seconds: float
    measures: Anonymity
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return asdict(self)

    def to_json(self) -> str:
        """All of it as JSON text."""
        return json.dumps(self.to_dict(), indent=2)


@dataclass(frozen=True, repr=False)
class Anonymized(Brief):
    """The released table and all about it."""

    frame: Any  # of the kind that came; the path of the file where it was read in parts
    report: AnonymityReport
    recoding: Recoding
    suppressed: npt.NDArray[np.bool_]  # (n,) rows of the input that are not told; none where it was read in parts
    rows: npt.NDArray[np.int64]  # (rows of `frame`,) which row of the input each one is; never give it away. As above

    def _repr_html_(self) -> str:
        told = self.report
        facts = [
            ("promise", told.promise),
            ("method", told.method),
            ("rows released", f"{told.n_rows - told.n_suppressed:,}"),
            ("rows left out", f"{told.n_suppressed:,}"),
            ("lost, mean over all cells", f"{told.gcp:.1%}"),
        ]
        lost = Table(("column", "lost"), [(name, f"{share:.1%}") for name, share in told.ncp.items()])
        return card("Anonymised rows", Table((), facts), lost, *told.notes)

    def evaluate(self, original: Any, *, random_state: int = 0, **options: Any) -> EvaluationReport:
        """The fidelity report of the released rows, with what was lost beside it.

        Each recoded cell is replaced by one of the original's values that its label stands for, drawn evenly; that
        table is compared with the original as `likewise.evaluate` compares any two.

        Args:
            original: the frame that was anonymised.
            random_state: seed of the drawn values and of all samples.
            **options: holdout, target, schema, measures, ... as `likewise.evaluate` takes them.

        Raises:
            InputError: the original has another number of rows than was anonymised.
            OptionError: the rows were read in parts.

        Privacy: the figures are computed on the original; they are not differentially private.

        Example:
            >>> import polars as pl, likewise as lw
            >>> frame = pl.DataFrame({"age": list(range(20, 80)), "ill": ["a", "b", "c"] * 20})
            >>> done = lw.privacy.anonymize(frame, quasi_identifiers=["age"], k=5)
            >>> round(done.evaluate(frame, measures=["accuracy"])["gcp"].value, 2)
            0.17
        """
        from likewise.privacy.fidelity import evaluate_anonymized

        if isinstance(self.frame, Path):
            raise OptionError("these rows were read in parts: give likewise.evaluate samples of both tables")
        return evaluate_anonymized(self, original, random_state, **options)


def report_of(asked: Asked, outcome: Outcome, method: str, measures: Anonymity, seconds: float) -> AnonymityReport:
    found, n, keep = outcome.found, asked.n_rows, outcome.keep
    kept = None if asked.weights is None else asked.weights[keep]
    sizes = rows_of(outcome.classes[keep], len(outcome.recoding.labels), kept)
    n_suppressed = n - int(sizes.sum())
    alike = outcome.recoding.labels.with_columns(pl.Series("\0n", sizes)).group_by(asked.names).agg(pl.col("\0n").sum())
    return AnonymityReport(
        method=method,
        promise=asked.promise.words(),
        n_rows=n,
        n_suppressed=n_suppressed,
        levels=None if found is None else dict(zip(asked.names, found.levels, strict=True)),
        stars=outcome.stars,
        ncp=outcome.ncp,
        gcp=float(np.mean(list(outcome.ncp.values()))),
        discernibility=int(alike["\0n"].pow(2).sum()) + n_suppressed * n,
        average_class_size=measures.class_size_mean / asked.promise.k,
        optimal=found is not None and found.optimal,
        bound=None if found is None else found.bound,
        n_nodes=None if found is None else found.n_nodes,
        n_checked=None if found is None else found.n_checked,
        seconds=seconds,
        measures=measures,
        notes=(*_notes(asked, outcome, measures), *outcome.notes),
    )


def _notes(asked: Asked, outcome: Outcome, measures: Anonymity) -> list[str]:
    notes = [
        f"in {of.one_level} of {measures.n_classes} classes all {asked.members} have one level of {of.column!r}: "
        "whoever is in one of them has it; l=2 or more forbids that"
        for of in measures.sensitive
        if of.one_level
    ]
    for name, values in (*zip(asked.names, asked.values, strict=True), *((i.name, i.values) for i in asked.inputs)):
        if n := int(rows_of(values.is_null().to_numpy().astype(np.int64), 2, asked.weights)[1]):
            notes.append(f"column {name!r}: {n} missing cells are a level of their own")
    if outcome.found is not None:
        built = [n for n in asked.names if n not in asked.hierarchies]
        if built:
            notes.append("hierarchies were built from the data for: " + ", ".join(map(repr, built)))
        if asked.levels:
            notes.append("levels were given, not searched, for: " + ", ".join(map(repr, asked.levels)))
        if not outcome.found.optimal:
            notes.append("the search ended before its best recoding was proven best; give it more max_seconds")
    return notes


def word_on_entity(table: pl.DataFrame, k: int) -> list[str]:
    """What to say where none is named and a column repeats as a person's key does."""
    suspect = likely_entity(table, infer(table, sample_rows=_LOOK_AT, entity=False))
    if suspect is None:
        return []
    return [
        f"rows were counted, not persons: column {suspect.column!r} looks like the key of a person "
        f"({suspect.reason}); with entity={suspect.column!r} every class holds {k} persons, and "
        "entity=False says that rows are persons"
    ]
