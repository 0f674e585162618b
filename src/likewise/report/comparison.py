"""Several reports side by side: plain data, a table in the terminal, one page."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from likewise import plots
from likewise.errors import InputError, OptionError, nearest
from likewise.evaluate import evaluate
from likewise.evaluate.figure import Better, Group
from likewise.evaluate.results import GROUPS, Report, Score, write_text

if TYPE_CHECKING:
    from rich.table import Table

COMPARISON_VERSION = 1
# Facts that must agree for figures to be comparable.
SAME = ("kind", "rows_real", "rows_holdout", "columns", "target", "image_size")


@dataclass(frozen=True, kw_only=True)
class ComparedScore:
    """One measure of every report.

    Args:
        scores: one a report, in their order; None where a report lacks it.
        best: the report whose figure is best, where its interval and those of all others part; else None.
    """

    name: str
    group: Group
    better: Better
    scores: tuple[Score | None, ...]
    best: int | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several reports side by side. Make it with `likewise.compare`.

    Args:
        names: what the reports are called.
        reports: the reports.
        notes: what keeps them from being comparable, and what the reports note, in plain words.
    """

    names: tuple[str, ...]
    reports: tuple[Report, ...]
    notes: tuple[str, ...] = ()

    @property
    def scores(self) -> tuple[ComparedScore, ...]:
        """Every measure that a report has, in the order of the reports."""
        names = {s.name: s for group in GROUPS for report in self.reports for s in report.group(group)}
        return tuple(_compared(first, [_score(r, name) for r in self.reports]) for name, first in names.items())

    def wins(self, group: Group) -> tuple[int, ...]:
        """In how many figures of a group each report is best, by more than their intervals."""
        best = [line.best for line in self.scores if line.group == group]
        return tuple(best.count(k) for k in range(len(self.reports)))

    @property
    def columns(self) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """(name, error in each report) of every column, the greatest error first."""
        tables = [{c.name: c.error for c in r.columns} for r in self.reports]
        names = dict.fromkeys(name for table in tables for name in table)
        lines = [(name, tuple(table.get(name) for table in tables)) for name in names]
        return tuple(sorted(lines, key=lambda line: -max((e or 0.0) for e in line[1])))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dicts, numbers and text."""
        scores = [
            {**{k: v for k, v in asdict(line).items() if k != "scores"}, "scores": [_figures(s) for s in line.scores]}
            for line in self.scores
        ]
        columns = [{"name": name, "errors": list(errors)} for name, errors in self.columns]
        head = {"format": "likewise comparison", "version": COMPARISON_VERSION, "names": list(self.names)}
        return {**head, "scores": scores, "columns": columns, "notes": list(self.notes)}

    def to_json(self, path: str | os.PathLike[str] | None = None, *, indent: int | None = 2) -> str:
        """The figures as JSON text, indented by `indent` blanks; written to `path` as well when one is given."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def to_html(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en") -> str:
        """One self-contained page, in `lang` "en" or "zh"; written to `path` when one is given."""
        from likewise.report.comparison_page import render

        html = render(self, lang=lang)
        if path is not None:
            write_text(path, html)
        return html

    def summary_table(self, *, lang: str = "en") -> Table:
        """A Rich table: one line a measure, one column a report; `lang` is "en" or "zh"."""
        from likewise.report.terminal import comparison_table

        return comparison_table(self, lang=lang)

    def plot(self, measure: str) -> Any:
        """An Altair chart of one measure: each report's figure with its interval. Needs the extra `plot`.

        Raises:
            InputError: no report has such a figure.
            MissingExtraError: Altair is not installed.
        """
        line = next((line for line in self.scores if line.name == measure), None)
        if line is None:
            raise InputError(f"there is no figure {measure!r}{nearest(measure, [s.name for s in self.scores])}")
        rows = [
            {"name": name, "value": s.value, "low": (s.interval or (s.value,))[0],
             "high": (s.interval or (s.value,))[-1], "side": "best" if k == line.best else "others"}
            for k, (name, s) in enumerate(zip(self.names, line.scores, strict=True)) if s is not None
        ]  # fmt: skip
        return plots.intervals(rows, measure, x="value and 95 % interval")

    def _repr_html_(self) -> str:
        from likewise.report.texts import comparison_card

        return comparison_card(self)

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.names)}; {len(self.scores)} scores)"


def compare(
    reports: Sequence[Any] | Mapping[str, Any], names: Sequence[str] | None = None, *, real: Any = None, **options: Any
) -> Comparison:
    """Set reports, or tables, side by side: which generator made the better table?

    Args:
        reports: reports of tables that were made from the same real rows; with `real`, the tables themselves. Name ->
            report or table says what to call them as well.
        names: what to call them; by default "1", "2" and so on.
        real: the rows that the tables were made from, each of which is then measured as `likewise.evaluate` does.
        **options: with `real`: holdout, target, schema, measures, ... as `likewise.evaluate` takes them.

    Raises:
        InputError: no report was given, or something that is no report; a table is not like the real one.
        OptionError: the names do not fit the reports, or repeat; options are given without `real`.

    Privacy: the figures are computed on real data; they are not differentially private.

    Example:
        >>> import numpy as np, polars as pl
        >>> rng = np.random.default_rng(0)
        >>> real, near, far = (pl.DataFrame({"x": rng.normal(m, 1, 300)}) for m in (0, 0, 3))
        >>> found = compare({"near": near, "far": far}, real=real, measures="accuracy")
        >>> next(line.best for line in found.scores if line.name == "shape")
        0
        >>> from likewise.evaluate.results import Report, Score
        >>> score = dict(name="shape", group="fidelity", better="lower", n=9, method="", meaning="")
        >>> side_by_side = compare([Report(scores=(Score(value=v, **score),)) for v in (0.1, 0.2)], names=["a", "b"])
        >>> [s.value for s in side_by_side.scores[0].scores]
        [0.1, 0.2]
    """
    if isinstance(reports, Mapping):
        if names is not None:
            raise OptionError("names are given twice: the reports have names of their own")
        names, reports = tuple(reports), tuple(reports.values())
    if real is not None:
        reports = [evaluate(real, table, **options) for table in reports]
    elif options:
        raise OptionError(f"{', '.join(options)} would not be used: give the real rows (real=) and tables to measure")
    reports = tuple(reports)
    if not reports or not all(isinstance(r, Report) for r in reports):
        raise InputError("compare needs a list of reports, as `evaluate` gives them, or of tables with real=")
    names = tuple(str(i + 1) for i in range(len(reports))) if names is None else tuple(names)
    if len(names) != len(reports) or len(set(names)) != len(names):
        raise OptionError(f"names must differ, one for each of the {len(reports)} reports, got {len(names)}")
    differ = [key for key in SAME if len({str(r.data.get(key)) for r in reports}) > 1]
    note = f"The reports differ in {', '.join(differ)}: their figures are not comparable."
    notes = (*(note,) * bool(differ), *_notes_of(names, reports))
    return Comparison(names=names, reports=reports, notes=notes)


def _notes_of(names: Sequence[str], reports: Sequence[Report]) -> Iterator[str]:
    """The notes of all reports once, and beside those of some whose they are."""
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        whose = [name for name, report in zip(names, reports, strict=True) if note in report.notes]
        yield note if len(whose) == len(names) else f"Of {', '.join(whose)} alone: {note}"


def _score(report: Report, name: str) -> Score | None:
    return next((score for score in report.scores if score.name == name), None)


def _compared(first: Score, scores: list[Score | None]) -> ComparedScore:
    spans = [(i, *_span(score)) for i, score in enumerate(scores) if score is not None]
    best = None
    if len(spans) > 1 and first.interval is not None:
        i, _, reach = min(spans, key=lambda span: span[2])
        best = i if all(reach < nearest for k, nearest, _ in spans if k != i) else None
    return ComparedScore(name=first.name, group=first.group, better=first.better, scores=tuple(scores), best=best)


def _span(score: Score) -> tuple[float, float]:
    """The least and the greatest distance from ideal that its interval allows: less is better."""
    low, high = score.interval or (score.value, score.value)
    if score.better == "lower":
        return low, high
    if score.better == "higher":
        return -high, -low
    ends = [abs(end - (score.floor or 0.0)) for end in (low, high)]
    return 0.0 if low <= (score.floor or 0.0) <= high else min(ends), max(ends)


def _figures(score: Score | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {key: getattr(score, key) for key in ("value", "floor", "copy", "interval", "n")}
