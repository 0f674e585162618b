"""Which steps keep the rules of a table, and in what order they make its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import ModelFileError, RuleError
from likewise.rules.binding import Binder, Bound
from likewise.rules.gaps import gap_of
from likewise.rules.orders import claims_of, edges_of, lows_of, parts
from likewise.rules.solving import Solution, is_multiple, solutions
from likewise.rules.steps import Computed, Gap, Joint, Presence, Scaled, Step
from likewise.rules.terms import Check, Compare, ExactlyOne, FromData, Literal_, Name, Product, columns_of
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import canonical_dtype

LOOSE = 0.9
"""Of draws by chance, all such rules together: as many must be allowed where combinations are left to be looked at."""
MOST_CHOICES = 4_096
"""Ways to choose what equations are solved for that are tried."""


# ---- which steps -----------------------------------------------------------------------------------------------------


def declared_steps(bound: Sequence[Bound], schema: Schema, outer: pl.DataFrame | None) -> list[Step]:
    """Those that rules and schema tell: equations, multiples, what a condition determines."""
    steps = _equations(bound, schema, outer)
    made = {name for step in steps for name in step.makes}
    for rule in bound:
        for claim in claims_of(rule):
            if is_multiple(claim):
                scaled = _scaled(claim, schema)  # type: ignore[arg-type]
                if scaled is not None and scaled.column.name not in made:
                    steps.append(scaled)
                    made.add(scaled.column.name)
    for i, rule in enumerate(bound):
        if isinstance(rule.rule, Check) and rule.rule.condition is not None:
            for j, claim in enumerate(parts(rule.rule.claim)):
                if (found := next(iter(solutions(claim)), None)) is not None:
                    step = _computed(i, j, found, rule, schema, learnt=True)
                    if found.column not in step.reads and _in_order([*steps, step], bound) is not None:
                        steps.append(step)
    return steps


def presences(bound: Sequence[Bound], schema: Schema) -> list[Step]:
    """Whether keys are there, of those of which a rule says so."""
    named = dict.fromkeys(name for rule in bound if isinstance(rule.rule, Check) for name in rule.columns)
    return [Presence.of(schema[name], schema.names) for name in named if schema[name].is_key]


def _equations(bound: Sequence[Bound], schema: Schema, outer: pl.DataFrame | None) -> list[Step]:
    """What equations determine, each solved for another column, none for one that comes from it.

    Raises:
        RuleError: they go in a circle, or determine a column twice.
    """
    found = [
        (i, j, options)
        for i, rule in enumerate(bound)
        for j, claim in enumerate(claims_of(rule))
        if _is_equation(claim) and (options := solutions(claim))
    ]
    for n, choice in enumerate(product(*(options for *_, options in found))):
        if n == MOST_CHOICES:
            break
        if len({s.column for s in choice}) == len(choice) and not _is_circle(choice):
            return [
                _computed(i, j, s, bound[i], schema, learnt=_is_learnt(s, bound[i], schema, outer))
                for (i, j, _), s in zip(found, choice, strict=True)
            ]
    texts = tuple(dict.fromkeys(repr(bound[i].text) for i, *_ in found))
    raise RuleError(
        f"the equations {', '.join(texts)} go in a circle, or determine one column twice: each needs a column that no "
        "other determines and that does not come from it; leave one out"
    )


def _is_equation(claim: object) -> bool:
    if isinstance(claim, Compare) and claim.signs == ("=",) and not is_multiple(claim):
        if not solutions(claim):
            raise RuleError(
                f"rule '{claim}' determines no column: one must stand alone on a side, or be added or taken away "
                "there, such as total = price * qty"
            )
        return True
    return False


def _is_circle(choice: Sequence[Solution]) -> bool:
    reads = {s.column: set(s.reads) for s in choice}
    while reads:
        free = [name for name, read in reads.items() if not read & reads.keys()]
        if not free:
            return True
        for name in free:
            del reads[name]
    return False


def value_of(found: Solution, rule: Bound, schema: Schema) -> pl.Expr:
    """What a column is equal to, in its canonical type."""
    column = schema[found.column]
    dtype = canonical_dtype(column)
    if found.term is None:
        return pl.lit(None, dtype=dtype)
    binder = Binder(rule.text, schema)
    if isinstance(found.term, Literal_):
        return pl.lit(binder.literal(found.column, found.term), dtype=dtype)
    return binder.value(found.term).expr


def _computed(i: int, j: int, found: Solution, rule: Bound, schema: Schema, *, learnt: bool) -> Computed:
    is_conditional = rule.condition is not None
    read = found.reads
    if isinstance(rule.rule, Check) and rule.rule.condition is not None:
        read = tuple(dict.fromkeys((*read, *columns_of(rule.rule.condition))))
    over = found.term is None
    return Computed(
        schema[found.column],
        i,
        j,
        value_of(found, rule, schema),
        read,
        learnt,
        rule.condition if is_conditional else None,
        over,
    )


def _is_learnt(found: Solution, rule: Bound, schema: Schema, outer: pl.DataFrame | None) -> bool:
    """Whether a column that is determined is learnt all the same, for its missing cells are not those of its parts."""
    if outer is None:
        return any(schema[name].nullable is not False for name in (found.column, *found.reads))
    value = outer.select(value_of(found, rule, schema).alias("value")).to_series()
    if len(value) == 1 != len(outer):  # a literal
        value = value.new_from_index(0, len(outer))
    return bool((value.is_null() != outer[found.column].is_null()).any())


def _scaled(claim: Compare, schema: Schema) -> Scaled | None:
    left, rest = claim.terms
    assert isinstance(left, Product)
    assert isinstance(rest, Literal_)
    step = left.right
    if not isinstance(left.left, Name) or not isinstance(step, Literal_):
        return None
    if any(isinstance(x.value, str | bool) for x in (step, rest)) or not step.value:
        return None
    return Scaled.of(schema[left.left.name], step.value, rest.value, schema.names)  # type: ignore[arg-type]


def joints(
    bound: Sequence[Bound], schema: Schema, steps: Sequence[Step], outer: pl.DataFrame, kept: Mapping[int, pl.DataFrame]
) -> list[Step]:
    """Combinations as one column each, of columns that nothing else makes.

    Where rows of levels that have nothing to do with one another would mostly be allowed, the columns are better learnt
    as they are, and what breaks the rule is drawn again. Where many would not, that bends the shares of the levels.

    Args:
        kept: number of a rule -> the combinations that it allows.
    """
    made = {
        name for step in steps if not (isinstance(step, Computed) and step.where is not None) for name in step.makes
    }
    found: list[Step] = []
    chance = {i: _by_chance(schema, outer, allowed) for i, allowed in kept.items()}
    loose, left = set[int](), 1.0
    for i in sorted(chance, key=lambda i: -chance[i]):
        if left * chance[i] < LOOSE:
            break
        left *= chance[i]
        loose.add(i)
    for i, rule in enumerate(bound):
        if isinstance(rule.rule, FromData | ExactlyOne) and i not in loose and not made & set(rule.columns):
            found.append(Joint.of(tuple(schema[name] for name in rule.columns), schema.names))
            made |= set(rule.columns)
    return found


def is_seen(outer: pl.DataFrame, allowed: pl.DataFrame) -> pl.Series:
    """(n,) which rows hold one of these combinations, a missing cell being a value like others."""
    names = allowed.columns
    mark = allowed.with_columns(pl.lit(True).alias("\0seen"))
    joined = outer.select(names).join(mark, on=names, how="left", maintain_order="left", nulls_equal=True)
    return joined["\0seen"].fill_null(False)


def _by_chance(schema: Schema, outer: pl.DataFrame, allowed: pl.DataFrame) -> float:
    """The share of rows that would hold an allowed combination if each column were dealt out to them anew; 0 where one
    is of numbers or times, of which a model draws others than it saw."""
    names = allowed.columns
    if not len(outer) or any(schema[name].kind not in (Kind.CATEGORICAL, Kind.BOOLEAN) for name in names):
        return 0.0
    rng = np.random.default_rng(0)
    dealt = outer.select(pl.col(name).gather(rng.permutation(len(outer))) for name in names)
    return float(is_seen(dealt, allowed).mean())  # type: ignore[arg-type]


def gaps(bound: Sequence[Bound], schema: Schema, steps: list[Step], outer: pl.DataFrame) -> list[Step]:
    """Upper columns as a gap above the lower ones, where nothing else makes them and no circle comes of it."""
    made = {
        name for step in steps if not (isinstance(step, Computed) and step.where is not None) for name in step.makes
    }
    found: list[Step] = []
    for high, lows in lows_of(edges_of(bound)).items():
        if high not in made:
            gap = gap_of(schema[high], tuple(schema[low] for low in lows), outer, schema.names)
            if gap is not None and _in_order([*steps, *found, gap], bound) is not None:
                found.append(gap)
    return found


# ---- in which order --------------------------------------------------------------------------------------------------


def ordered(steps: Sequence[Step], bound: Sequence[Bound]) -> tuple[Step, ...]:
    found = _in_order(steps, bound)
    if found is None:
        texts = ", ".join(repr(rule.text) for rule in bound)
        raise RuleError(f"of the rules {texts} some determine columns in a circle; leave one out")
    return found


def _in_order(steps: Sequence[Step], bound: Sequence[Bound]) -> tuple[Step, ...] | None:
    """The steps so that each finds what it reads; None where they go in a circle. What overwrites a column comes after
    what makes it, and before what reads it."""
    before = [set[int]() for _ in steps]
    for i, step in enumerate(steps):
        for j, other in enumerate(steps):
            if i == j:
                continue
            shared = set(step.makes) & set(other.makes)
            if (shared and (_overwrites(step), i) > (_overwrites(other), j)) or (
                set(step.reads) & set(other.makes) and not shared
            ):
                before[i].add(j)
    done: list[int] = []
    while len(done) < len(steps):
        free = [i for i in range(len(steps)) if i not in done and before[i] <= set(done)]
        if not free:
            return None
        done.append(free[0])
    return tuple(steps[i] for i in done)


def _overwrites(step: Step) -> bool:
    return isinstance(step, Computed) and step.where is not None


def step_of(state: dict[str, Any], bound: Sequence[Bound], schema: Schema) -> Step:
    """The inverse of a step's `state`."""
    match state["kind"]:
        case "computed":
            rule = bound[state["rule"]]
            if not isinstance(rule.rule, Check):
                raise ModelFileError("a step of its rules is of a rule that determines nothing")
            claim = parts(rule.rule.claim)[state["part"]]
            found = next(s for s in solutions(claim) if s.column == state["column"])
            return _computed(state["rule"], state["part"], found, rule, schema, learnt=bool(state["learnt"]))
        case "gap":
            return Gap(
                schema[state["column"]], tuple(schema[n].name for n in state["lows"]), Column.from_dict(state["gap"]),
                int(state["unit"]), bool(state["learnt"]),
            )  # fmt: skip
        case "joint":
            return Joint.of(tuple(schema[name] for name in state["columns"]), schema.names)
        case "presence":
            return Presence.of(schema[state["column"]], schema.names)
        case "scaled":
            return Scaled.of(schema[state["column"]], state["step"], state["rest"], schema.names)
        case _:
            raise ModelFileError("a step of its rules is of no known kind")
