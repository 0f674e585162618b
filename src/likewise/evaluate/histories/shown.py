"""What a report shows of histories, as plain data: protected summaries, and synthetic examples. Never a real row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from likewise.errors import InputError
from likewise.evaluate.shown import Grid, Picture


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """What follows what in one column: `grid` has the row's value at its side and the next row's on top."""

    column: str
    grid: Grid


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How a column goes with time.

    Args:
        level: of a column of levels, the one whose share is told; None where means are.
        labels: one text a stretch of time.
        real, synthetic: means or shares; None where fewer than five real entities have rows, or nothing is there.
    """

    column: str
    level: str | None
    labels: tuple[str, ...]
    real: tuple[float | None, ...]
    synthetic: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Changing:
    """One column that changes within entities.

    Args:
        stays_real, stays_synthetic: share of rows that hold what the row before holds.
        distinct_real, distinct_synthetic: different values an entity, mean.
        pairs: overlap of the rows that follow each other; `pairs_floor` the same for fresh entities.
    """

    column: str
    stays_real: float
    stays_synthetic: float
    distinct_real: float
    distinct_synthetic: float
    pairs: float
    pairs_floor: float


@dataclass(frozen=True, kw_only=True)
class Shown:
    """All that is shown.

    Args:
        lengths: rows an entity.
        gaps: times between rows, in `unit` ("days", "hours", "minutes", "seconds", or "" of numbers).
        heads: columns of the examples, the time first.
        examples: some synthetic histories, drawn by chance: rows of cells as text. None of these rows stands in a
            real table.
    """

    lengths: Picture | None = None
    gaps: Picture | None = None
    unit: str = ""
    columns: tuple[Changing, ...] = ()
    transitions: tuple[Transitions, ...] = ()
    drifts: tuple[Drift, ...] = ()
    heads: tuple[str, ...] = ()
    examples: tuple[tuple[tuple[str, ...], ...], ...] = ()

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Shown:
        """The inverse of `dataclasses.asdict`. Raises TypeError or KeyError where something is no such thing."""
        values = {name: plain[name] for name in (f.name for f in fields(cls)) if name in plain}
        for name in ("lengths", "gaps"):
            if values.get(name) is not None:
                values[name] = Picture(**_tuples(values[name]))
        values["columns"] = tuple(Changing(**one) for one in values.get("columns", ()))
        values["drifts"] = tuple(Drift(**_tuples(one)) for one in values.get("drifts", ()))
        values["transitions"] = tuple(
            Transitions(column=one["column"], grid=Grid(**_tuples(one["grid"])))
            for one in values.get("transitions", ())
        )
        values["heads"] = tuple(values.get("heads", ()))
        values["examples"] = tuple(tuple(tuple(row) for row in one) for one in values.get("examples", ()))
        return cls(**values)

    def __post_init__(self) -> None:
        if any(len(row) != len(self.heads) for one in self.examples for row in one):
            raise InputError("an example needs one cell a column in each row")


def _tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
