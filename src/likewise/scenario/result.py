"""What a scenario gives: rows, how plausible each is, figures and notes. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from likewise import plots
from likewise.codecs.matrix import numbers_of
from likewise.errors import InputError
from likewise.notebook import Brief, Table, card
from likewise.scenario.dependence import tail_dependence
from likewise.scenario.draws import Source, TailModel
from likewise.scenario.risk import tail_risk
from likewise.scenario.summary import lines
from likewise.typing import Bools, Floats

FEW_EFFECTIVE = 0.05
"""Below this share of effective rows a note says that the views ask for what the table hardly holds."""

POOR_FIT = 0.05

FEW_RUNS = 15
"""Fewer runs of rows in a tail say little of it: half of the rows that a tail needs where they are independent."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ScenarioDraw(Brief):
    """Rows of a scenario and what is to be known of them.

    Args:
        frame: the rows, in the kind of frame that was fitted, with its columns.
        plausibility: (n,) percentile of each row's log-density among the rows seen; 0 is unlike anything seen.
        log_density: (n,) in nats; compare rows with rows only.
        beyond: (n,) whether the row holds a number or time outside of the range seen.
        report: figures, JSON-able: return levels, value at risk and expected shortfall, tails, chi, effective rows,
            the order of an intervention.
        notes: what the reader should know, in words.
    """

    frame: Any
    plausibility: Floats
    log_density: Floats
    beyond: Bools
    report: dict[str, Any]
    notes: tuple[str, ...]
    _give_back: Callable[[pl.DataFrame], Any] = field(repr=False)
    _rows: pl.DataFrame = field(repr=False)

    def __len__(self) -> int:
        return len(self._rows)

    def _repr_html_(self) -> str:
        return card(f"Scenario: {len(self):,} rows", Table((), lines(self.report)), *self.notes)

    def plot(self) -> Any:
        """An Altair chart of the levels a tail reaches, each with its 95 % interval, by how seldom. Needs `plot`.

        Raises:
            InputError: the scenario asked for no return levels.
            MissingExtraError: Altair is not installed.
        """
        levels = self.report.get("return_levels")
        if not levels:
            raise InputError("there is nothing to plot: ask for a tail with return periods")
        rows = [
            {"name": f"once in {level['periods']:g} {level['unit']}", "value": level["level"], "low": level["low"],
             "high": level["high"], "side": "level and 95 % interval"}
            for level in levels
        ]  # fmt: skip
        return plots.intervals(rows, "How far the tail reaches", x=self.report["tail"]["column"])

    @property
    def annotated(self) -> Any:
        """The rows with two more columns, `plausibility` and `beyond_seen`."""
        names = _new_names(self._rows.columns, ("plausibility", "beyond_seen"))
        extra = (pl.Series(names[0], np.round(self.plausibility, 2)), pl.Series(names[1], self.beyond))
        return self._give_back(self._rows.with_columns(extra))


def _new_names(taken: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Names that no column has."""
    names = []
    for name in wanted:
        while name in taken:
            name += "_"
        names.append(name)
    return names


def tail_figures(source: Source, model: TailModel) -> dict[str, Any]:
    """The tail and its risk, what goes with it by the model, and chi among the rows seen."""
    return {
        "tail": {"column": model.column, **model.tail.to_dict()},
        "risk": tail_risk(model.tail),
        "goes_with": model.extremes.to_dict(),
        "chi": _chi(source, model),
    }


def _chi(source: Source, model: TailModel) -> dict[str, list[dict[str, Any]]]:
    """chi and chi-bar of the tail's column with every other column of numbers, each with that tail of the other which
    goes with it more."""
    x, own = numbers_of(source.table[model.column]), "upper" if model.tail.upper else "lower"
    found = {}
    for other in source.numbers:
        if other == model.column:
            continue
        y = numbers_of(source.table[other])
        sides = {side: tail_dependence(x, y, tails=(own, side)) for side in ("upper", "lower")}
        side = max(sides, key=lambda name: sides[name][1].chi)
        found[other] = [{"tail": side, **level.to_dict()} for level in sides[side]]
    return found


def of_few_runs(n_excesses: int, extremal_index: float) -> str | None:
    """What to know of a tail whose rows follow each other in a few long runs, as a price's do; None of any other.

    Example:
        >>> of_few_runs(300, 0.5) is None, "in about 3 runs" in of_few_runs(300, 0.01)
        (True, True)
    """
    runs = n_excesses * extremal_index
    if runs >= FEW_RUNS:
        return None
    return (
        f"the {n_excesses:,} rows of the tail follow each other in about {max(runs, 1):.0f} runs: the column goes on "
        "from row to row, as a price does, and such rows do not tell what level it reaches once in a period; give its "
        "changes (log-returns of a price), or draw paths of it"
    )


def notes_on(report: Mapping[str, Any], beyond: Bools, *, is_guessed: bool, is_real: bool) -> tuple[str, ...]:
    """What the reader should know, in words."""
    notes = []
    for part in ("mix", "views"):
        figures = report.get(part)
        if figures and figures["effective_rows"] < FEW_EFFECTIVE * figures["rows"]:
            notes.append(
                f"{part}: the weights are worth {figures['effective_rows']:,.0f} of {figures['rows']:,} rows: what is "
                "asked for hardly occurs, and a few rows speak for many"
            )
    if is_guessed:
        notes.append("the order of cause and effect was guessed from the rows; give your own where you know it")
    if beyond.any():
        notes.append(f"{beyond.mean():.1%} of the rows lie beyond anything seen: there no data speak")
    if "tail" in report:
        told = of_few_runs(report["tail"]["n_excesses"], report["tail"]["extremal_index"])
        notes += [] if told is None else [told]
    if "tail" in report and report["tail"]["p_value"] < POOR_FIT:
        notes.append("the tail's law fits badly at every threshold tried; read return levels with care")
    if not is_real:
        notes.append("plausibility is among rows drawn by the synthesizer; give fit(synthesizer, real=frame)")
    return tuple(notes)
