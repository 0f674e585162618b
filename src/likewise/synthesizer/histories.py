"""How a synthesizer learns and draws histories: the rows of entities in time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import polars as pl

from likewise.codecs.base import Search
from likewise.codecs.column import CodecOptions
from likewise.dp.declaration import Declaration
from likewise.dp.entities import named_rows
from likewise.dp.gate import Gate
from likewise.dp.ledger import DP, Ledger
from likewise.errors import LikewiseWarning, OptionError, PrivacyError
from likewise.histories.apart import check_apart
from likewise.histories.declared import Declared
from likewise.histories.model import HistoryModel
from likewise.histories.order import SERIES, Histories, as_series
from likewise.histories.private import fit_within
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Generator
from likewise.rules.plan import RulePlan
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.parse import parse_declared
from likewise.schema.persons import People, parted
from likewise.synthesizer.asked import asked_of, drawn_as_asked
from likewise.synthesizer.ruled_histories import RuledRows
from likewise.training.loop import Progress
from likewise.typing import Bools, Floats, Ints

FEW = 4
"""Times as many entities as must stand behind what is kept: of fewer, the protected ends of a range cut half of it."""

_INSTEAD = {
    "only": "histories are learnt whole; leave the entities that are not wanted out of the table, or draw the others "
    "(where=)",
}
"""What to do in place of options that do not go with histories."""


LOOKED_AT = 1_000_000
"""Rows that are looked at, at most: those of as many entities by chance."""


def check_time(time: str | bool | None, static: Sequence[str] | None, **others: Any) -> None:
    """Hold what a synthesizer is asked for to what histories can do.

    Args:
        others: options that do not go with a time.

    Raises:
        OptionError: something does not fit.
    """
    if not (time is None or time is True or isinstance(time, str)):
        raise OptionError(f"time must be the name of a column, True for the rows' own order, or None, got {time!r}")
    if static is not None and (isinstance(static, str) or not all(isinstance(name, str) for name in static)):
        raise OptionError("static must be a list of columns' names")
    if time is None:
        if static is not None:
            raise OptionError("static names columns of entities whose rows are a history: give time= as well")
        return
    if asked := [name for name, value in others.items() if value]:
        raise OptionError(f"{asked[0]} does not go with time: {_INSTEAD[asked[0]]}")


def check_histories_within(budget: DP, rules: Sequence[str] | None, schema: Schema | None) -> None:
    """Hold a budget of histories to what it can protect.

    Raises:
        PrivacyError: it protects rows, and a history is of several.
        RuleError: there are rules that it does not keep.
    """
    if budget.entity is None or budget.max_rows < 2:
        raise PrivacyError(
            "a budget of histories protects each entity with all its rows: give privacy=lw.DP("
            f"{budget.epsilon:g}, {budget.delta:g}, entity=..., max_rows=...) (--entity, --max-rows), where max_rows, "
            "2 or more and as anybody may know it, is how many rows of each are learnt from and drawn at most"
        )
    check_apart([*(rules or ()), *(() if schema is None else schema.rules)], budget.entity)


def learn_histories(
    table: pl.DataFrame, schema: Schema, *, time: str | bool, static: Sequence[str] | None, holdout: float,
    options: CodecOptions | None, make: Callable[[], Generator], split: np.random.Generator,
    training: np.random.Generator, progress: Progress | None, bare: pl.DataFrame | None = None,
    people: People | None = None,
) -> tuple[HistoryModel, Ints, Ints]:  # fmt: skip
    """The model of a canonical table, and the numbers of the rows that it was learnt from and that were held out.

    Args:
        bare: (k, columns) entities without rows, canonical; None of a table that knows none.
        people: whose the rows are, where that is not the entity.

    Raises:
        InputError, SchemaError, OptionError: the table is none of histories, or the model learns none.
    """
    if not type(make()).takes_context:
        raise OptionError(f"model {make().name!r} takes no context, which histories need: take 'autoregressive'")
    if options is not None and options.k_anonymous is not None:
        raise OptionError("k_anonymous looks at rows, and a history is of several: leave one out")
    when, entity = None if time is True else str(time), schema.entity or SERIES
    if entity == SERIES:
        column = Column(name=SERIES, kind=Kind.ID, role=Role.ENTITY, dtype="String")
        table, schema = as_series(table), Schema((*schema.columns, column))
    told = Histories.of(table, entity, when, (LOOKED_AT, split))
    if static is not None:  # of those held out, too
        told.static(schema.names, [name for name in static if name not in (entity, when)])
    if len(told.starts) == 1 and (bare is None or not len(bare)):  # a series learns from its past
        learnt, left = told.parted_in_time(holdout)
        schema = schema.replace(entity, role=Role.ID)
    else:
        n = len(told.starts) if people is None else len(np.unique(people.whose[told.rows]))
        _warn_of_few(entity, n, options or CodecOptions())
        held_out = None if people is None else people.held[told.rows]
        mine, held = parted(told.whose, holdout, split) if held_out is None else _parts(held_out)
        learnt, left = (told.of_entities(np.unique(told.whose[rows])) for rows in (mine, held))
    if not learnt.position.any():  # the few entities of several rows are all held out
        learnt, left = told, told.of_entities(np.zeros(0, np.int64))
    without = None
    if bare is not None and len(bare):
        some, others = parted(np.arange(len(bare)), holdout, split)
        without = bare[some], bare[others]
    many = table[entity].n_unique() + (0 if bare is None else len(bare)) if len(table) > LOOKED_AT else None
    rows, parts = (np.sort(learnt.rows), np.sort(left.rows)), [learnt, left]
    del table, told, learnt, left
    model = HistoryModel.fit(
        parts, schema, entity=entity, time=when, static=static, options=options, make=make, rng=training,
        progress=progress, bare=without, whose=None if people is None else people.whose,
    )  # fmt: skip
    return model if many is None else replace(model, n_entities=many), *rows


def _parts(held: Bools) -> tuple[Ints, Ints]:
    return np.flatnonzero(~held), np.flatnonzero(held)


def warn_of_one_series() -> None:
    """Tell who named no entity, and has none that is told by itself, what is learnt."""
    warnings.warn(
        "no column tells whose the rows are, so all are taken for one series; where they are several's, name the "
        "entity (entity=, --entity), else say that they are not (entity=False, --no-entity)",
        LikewiseWarning,
        stacklevel=4,
    )


def _warn_of_few(entity: str, n: int, options: CodecOptions) -> None:
    """Tell where the protection of persons leaves little of what few entities have."""
    if n < FEW * options.rows and options.rows > 1:
        warnings.warn(
            f"column {entity!r} names {n} entities, and what fewer than {options.rows} have is not kept: levels get "
            "lost, and numbers lie between what several have. Where they are no persons, but machines or shops, keep "
            "what one has: codec=CodecOptions(min_rows=1) (--min-rows 1)",
            LikewiseWarning,
            stacklevel=4,
        )


def learn_within(
    raw: pl.DataFrame, declaration: Declaration, budget: DP, ledger: Ledger, *, time: str | bool,
    static: Sequence[str] | None, make: Callable[[], Generator], training: np.random.Generator,
    progress: Progress | None,
) -> tuple[HistoryModel, Gate, int, Schema]:  # fmt: skip
    """The model of a table within a budget that protects entities, its gate, about how many rows there are, and the
    schema.

    Raises:
        PrivacyError, SchemaError, OptionError: what is public does not suffice, or the budget does not.
    """
    if not isinstance(make(), Autoregressive):
        raise OptionError(f"model {make().name!r} learns no histories within a budget: take 'autoregressive'")
    assert budget.entity is not None
    when = None if time is True else str(time)
    declared = Declared.of(declaration, budget.entity, when, static, budget.max_rows)
    table = parse_declared(raw, declared.declaration)
    told = declared.histories(table[named_rows(budget, table)])
    model, gate, n_rows = fit_within(
        told, declared, ledger, make=make, rng=training, progress=progress  # type: ignore[arg-type]
    )  # fmt: skip
    return model, gate, n_rows, declared.declaration


def draw_histories(
    model: HistoryModel, schema: Schema, n: int, where: Mapping[str, Any], rng: np.random.Generator,
    max_tries: int | None, length: Any = None, tell: Callable[[Search], None] | None = None,
    rules: RulePlan | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """The rows of n new entities, canonical, and (n, columns) what these are.

    Raises:
        ConditionError, RuleError: as `asked_of` and `drawn_as_asked` say.
    """
    if model.layout.keys[0] == SERIES and n > 1:
        raise OptionError(
            "no column tells whose the rows are, so one series was learnt, and one is drawn: leave n out, or go on "
            "with rows that are known (extend, --continue)"
        )
    asked = asked_of(model, schema, where, length)
    rows, entities = drawn_as_asked(model, asked, n, rng, max_tries, tell, RuledRows(rules))
    return in_order(rows, schema), in_order(entities, schema)


def log_prob_of(model: HistoryModel, table: pl.DataFrame, rules: RulePlan | None) -> Floats:
    """(n,) of the rows of a canonical table, as they stand; see `HistoryModel.log_prob`."""
    told = Histories.of_known(RuledRows(rules).inner(table), model.layout.keys[0], model.layout.time)
    result = np.empty(len(table))
    result[told.rows] = model.log_prob(told)
    return result


def in_order(table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    return table.select(name for name in schema.names if name in table.columns)


def refuse(what: str) -> NoReturn:
    """Say that a method works on tables alone.

    Raises:
        OptionError: always.
    """
    raise OptionError(
        f"{what} is of rows that stand alone, and this model learnt histories: use sample, extend or complete, or "
        "fit without time, by entity"
    )
