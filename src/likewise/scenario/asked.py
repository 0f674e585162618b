"""What a caller asks of a scenario, checked against the columns before anything is learnt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from likewise.conditions import Between, Condition, as_condition, resolve
from likewise.errors import ConditionError, OptionError, nearest
from likewise.rules.binding import bind
from likewise.scenario.conditions import settle
from likewise.scenario.intervention import Graph, checked_graph, descendants, graph_of, guess_order
from likewise.scenario.margins import LEAST_DISTINCT, Margin
from likewise.scenario.pooling import View
from likewise.schema.column import Kind, Schema
from likewise.schema.parse import parse
from likewise.tables.frames import from_frame, name_of, named, names_of

Shares = dict[Condition, float]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a caller asks, in the caller's terms; each field as `Scenario.sample` tells it.

    Raises:
        OptionError: an argument is outside what it may be, whatever the table.
    """

    where: Mapping[str, Any] | None = None
    rows: Any = None
    intervene: Mapping[str, Any] | None = None
    order: Sequence[str] | str | None = None
    parents: Mapping[str, Sequence[str]] | None = None
    mix: Mapping[str, Mapping[Any, float]] | None = None
    views: Sequence[View] | None = None
    return_period: float | None = None
    tail: str | None = None
    side: str | None = None
    rows_per_period: float | None = None
    extrapolate: bool | str | Sequence[str] = False

    def __post_init__(self) -> None:
        for name in ("where", "intervene", "parents", "mix"):
            if not isinstance(value := getattr(self, name), Mapping | None):
                raise OptionError(f"{name} must map columns to what is asked of them, got {type(value).__name__}")
            if value is not None:
                object.__setattr__(self, name, named(value))
        if self.tail is not None:
            object.__setattr__(self, "tail", name_of(self.tail))
        if self.order is not None and not isinstance(self.order, str):
            object.__setattr__(self, "order", names_of(self.order))
        if self.parents is not None:
            parents = {
                name: parts if isinstance(parts, str) else names_of(parts) for name, parts in self.parents.items()
            }
            object.__setattr__(self, "parents", parents)
        if self.order is not None and self.parents is not None:
            raise OptionError("give an order or parents, not both")
        if isinstance(self.order, str) and self.order != "guess":
            raise OptionError("order must be a list of columns, causes first, or 'guess'")
        for name in ("return_period", "rows_per_period"):
            number = getattr(self, name)
            if number is not None and not (isinstance(number, int | float) and 0 < number < float("inf")):
                raise OptionError(f"{name} must be a number above 0, got {number!r}")
        if self.side not in (None, "upper", "lower"):
            raise OptionError(f"side must be 'upper' or 'lower', got {self.side!r}")
        if self.rows is not None and (self.mix is not None or self.return_period is not None):
            raise OptionError("`rows` gives cells which a mix or a tail would draw; keep one of the two")

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]

    @property
    def upper(self) -> bool:
        return self.side != "lower"

    def refuse_unused(self) -> None:
        """Raise OptionError for what would not be looked at."""
        goes_with = {
            "return_period": ("tail", "side", "rows_per_period"),
            "intervene": ("order", "parents"),
        }
        for what, names in goes_with.items():
            unused = [name for name in names if getattr(self, name) is not None]
            if unused and getattr(self, what) is None:
                raise OptionError(f"{' and '.join(unused)} would not be used: give {what} too")


@dataclass(frozen=True)
class Asked:
    """What holds of the rows to be drawn, in canonical terms.

    Args:
        where: column -> condition on the rows that are drawn.
        after: column -> condition on what an intervention draws anew, which holds once it has.
        settings: column -> what it is set to.
        graph: column -> its parents, causes first; empty without an intervention.
        mix: column -> condition -> share.
        views: what is viewed, the mixes not among it.
        known: rows of which some cells are known; None for none.
        extended: columns whose tails are carried on.
    """

    where: dict[str, Condition]
    after: dict[str, Condition]
    settings: dict[str, Condition]
    graph: Graph
    mix: dict[str, Shares]
    views: tuple[View, ...]
    known: pl.DataFrame | None
    extended: tuple[str, ...]

    @property
    def changed(self) -> list[str]:
        """Columns that the intervention sets or draws anew."""
        return [*self.settings, *descendants(self.graph, list(self.settings))]

    @property
    def all_views(self) -> list[View]:
        """The views, each part of a mix as one on a share."""
        mixed = [
            View(kind="share", columns=(name,), value=share, where={name: part})
            for name, parts in self.mix.items()
            for part, share in parts.items()
        ]
        return [*self.views, *mixed]

    def far_condition(self, margins: Mapping[str, Margin]) -> tuple[str, bool, float] | None:
        """A condition that reaches into a tail which is to be carried on: its column, whether upper, and the level."""
        for name in self.extended:
            condition, margin = self.where.get(name), margins.get(name)
            if isinstance(condition, Between) and margin is not None:
                low, high = condition.low, condition.high
                if high is None and low is not None and margin.upper and low > margin.upper.threshold:
                    return name, True, float(low)
                if low is None and high is not None and margin.lower and high < margin.lower.threshold:
                    return name, False, float(high)
        return None


def tied(schema: Schema) -> set[str]:
    """The columns that a rule holds to another one."""
    return {name for rule in bind(schema.rules, schema, keys=True) if len(rule.columns) > 1 for name in rule.columns}


def numbers_in(schema: Schema, table: pl.DataFrame) -> list[str]:
    """Columns of numbers that are modelled and have more than a few values."""
    return [
        column.name
        for column in schema
        if column.is_modelled
        and column.kind in (Kind.INTEGER, Kind.REAL)
        and table[column.name].n_unique() >= LEAST_DISTINCT
    ]


def read_request(schema: Schema, table: pl.DataFrame, question: Question) -> Asked:
    """The question, checked against the columns.

    Args:
        table: canonical rows whose quantiles count.

    Raises:
        ConditionError: a condition fits no column, or contradicts another.
        OptionError: an intervention without an order of cause and effect, or an unknown column.
    """
    conditions = settle(question.where or {}, schema, table)
    settings = settle(question.intervene or {}, schema, table)
    mixes = {name: _shares(name, parts, schema) for name, parts in (question.mix or {}).items()}
    both = sorted(set(mixes) & set(conditions))
    if both:
        raise ConditionError(f"columns {both} carry a condition and a mix; the two contradict each other")
    views = tuple(question.views or ())
    for view in views:
        settle(view.where or {}, schema, table)
    graph = _graph(schema, table, question.order, question.parents) if settings else {}
    effects = descendants(graph, list(settings))
    refuse_undone(settings, conditions, "a condition")
    viewed = [*mixes, *(name for view in views for name in view.columns)]
    refuse_undone([*settings, *effects], viewed, "a mix or a view")
    numbers = numbers_in(schema, table)
    asked = Asked(
        where={name: asked for name, asked in conditions.items() if name not in effects},
        after={name: asked for name, asked in conditions.items() if name in effects},
        settings=settings,
        graph=graph,
        mix=mixes,
        views=views,
        known=None if question.rows is None else _known(question.rows, schema),
        extended=tuple(_to_extend(question.extrapolate, numbers, tied(schema))),
    )
    if question.return_period is not None:
        column = tail_column(question.tail, numbers, {**asked.where, **asked.after})
        refuse_undone(asked.changed, [column], "a return period")
    return asked


def refuse_undone(changed: Collection[str], asked: Iterable[str], what: str) -> None:
    """An intervention would undo what is asked of a column that it changes.

    Raises:
        ConditionError: names the columns.
    """
    both = sorted({*changed} & {*asked})
    if both:
        raise ConditionError(
            f"{what} on {both} would not hold, for the intervention sets or draws anew that column; keep one of the two"
        )


def _known(rows: Any, schema: Schema) -> pl.DataFrame:
    raw, _ = from_frame(rows)
    return parse(raw, schema, partial=True).select(raw.columns)


def _graph(
    schema: Schema,
    table: pl.DataFrame,
    order: Sequence[str] | str | None,
    parents: Mapping[str, Sequence[str]] | None,
) -> Graph:
    columns = schema.modelled
    if parents is not None:
        return checked_graph(parents, columns)
    if order is None:
        raise OptionError(
            "an intervention needs the order of cause and effect: order=[...], parents={...}, or order='guess' for a "
            "guess from the rows"
        )
    if isinstance(order, str):
        kinds = {name: schema[name].kind for name in columns}
        return graph_of(guess_order(table, kinds, np.random.default_rng(0)), columns)
    return graph_of(list(order), columns)


def _shares(name: str, parts: Mapping[Any, float], schema: Schema) -> Shares:
    """The shares of a mix by condition."""
    if not isinstance(parts, Mapping) or not parts:
        raise ConditionError(f"column {name!r}: a mix maps values or conditions to shares")
    shares: Shares = {}
    for part, value in parts.items():
        condition = resolve({name: as_condition(part)}, schema)[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConditionError(f"column {name!r}: a share must be a number in [0, 1]")
        if condition in shares:
            raise ConditionError(f"column {name!r}: a part of the mix stands twice")
        shares[condition] = float(value)
    if sum(shares.values()) > 1 + 1e-9:
        raise ConditionError(f"column {name!r}: the shares of a mix add up to {sum(shares.values()):g}, more than 1")
    return shares


def _to_extend(asked: bool | str | Sequence[str], numbers: list[str], ruled: Collection[str]) -> list[str]:
    if isinstance(asked, bool):
        return [name for name in numbers if name not in ruled] if asked else []
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in numbers:
            raise OptionError(f"extrapolate: {name!r} is no column of numbers{nearest(name, numbers)}")
        if name in ruled:
            raise OptionError(
                f"extrapolate: a rule holds {name!r} to other columns, which its carried tail would break"
            )
    return names


def tail_column(tail: str | None, numbers: list[str], where: Mapping[str, Condition]) -> str:
    """The column whose extremes are meant.

    Raises:
        OptionError: it is not named where there are several, or has too few different values.
        ConditionError: it carries a condition.
    """
    if tail is None and len(numbers) != 1:
        raise OptionError(f"name the column whose extremes are meant with `tail`; there are {numbers[:8]}")
    name = numbers[0] if tail is None else tail
    if name not in numbers:
        raise OptionError(
            f"tail={name!r} is no column of numbers with {LEAST_DISTINCT} different values{nearest(name, numbers)}"
        )
    if name in where:
        raise ConditionError(f"column {name!r} carries a condition and a return period; keep one of the two")
    return name
