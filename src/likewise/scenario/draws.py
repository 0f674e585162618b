"""Drawing rows from a fitted synthesizer: under conditions, with cells given, in the shares of a mix, from the tails.

All frames here are canonical. Legend: n rows, d columns of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Codes, Field, Given
from likewise.codecs.matrix import numbers_of
from likewise.conditions import Condition, meeting
from likewise.errors import ConditionError, InputError
from likewise.scenario.asked import tied
from likewise.scenario.dependence import ConditionalExtremes
from likewise.scenario.margins import Margin
from likewise.scenario.plausibility import CodeDensity, Density, NumberDensity, learnt_of
from likewise.scenario.tails import Tail, fit_tail
from likewise.schema.column import Kind, Schema
from likewise.synthesizer import Synthesizer
from likewise.synthesizer.ruled import Draw
from likewise.synthesizer.ruled_completion import Completion
from likewise.synthesizer.search import drawn_each, drawn_under
from likewise.typing import Floats, Ints

MOST_TRIED, MADE_AT_LEAST, MADE_AT_MOST = 1_000, 256, 20_000
"""Rows made in search of one that meets what is asked, and in one go."""

LEAST_IN_PERIOD = 1.5
"""A return level lies in the tail if the tail begins at least so often in its period."""

REFERENCE_ROWS = 5_000
"""Rows that say what is plausible."""

LEAST_ROWS = 200
"""Rows that must meet the conditions before a tail is fitted to them."""


@dataclass(frozen=True)
class Source:
    """What rows are drawn from: the rows that say what is usual, and a generator, which is trained when it is needed.

    Args:
        schema: of the columns.
        table: (m, columns) canonical rows: those to learn from, or rows that a synthesizer drew.
        numbers: columns of numbers with more than a few values.
        learn: gives the fitted synthesizer; called once, at most.
    """

    schema: Schema
    table: pl.DataFrame
    numbers: tuple[str, ...]
    learn: Callable[[], Synthesizer]

    @cached_property
    def synthesizer(self) -> Synthesizer:
        return self.learn()

    @property
    def modelled(self) -> list[str]:
        return list(self.schema.modelled)

    @property
    def only_number(self) -> str | None:
        """The column of numbers that is the whole table: its law is known without a generator."""
        return self.numbers[0] if self.modelled == list(self.numbers[:1]) else None

    @cached_property
    def margins(self) -> dict[str, Margin]:
        """The law of each column of numbers."""
        found = {}
        for name in self.numbers:
            values = numbers_of(self.table[name])
            found[name] = Margin.fit(values[np.isfinite(values)], name)
        return found

    def learnt(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows as the generator knows them."""
        return learnt_of(self.synthesizer, rows)

    @cached_property
    def density(self) -> Density:
        rows = self.table
        if len(rows) > REFERENCE_ROWS:
            rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), REFERENCE_ROWS, replace=False))]
        if self.only_number is not None:
            return NumberDensity.fit(self.margins[self.only_number], rows)
        return CodeDensity.fit(self.synthesizer, self.margins, rows)


def draw(
    source: Source,
    n: int,
    conditions: Mapping[str, Condition],
    rng: np.random.Generator,
    known: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """(n,) rows that meet the conditions.

    Args:
        known: rows of which some cells are known, taken in turn until there are n; those cells stay as they are.

    Raises:
        ConditionError: no row can meet the conditions, or a known cell stands in a column that carries one.
    """
    synthesizer = source.synthesizer
    codec, generator, plan = synthesizer.codec_, synthesizer.generator_, synthesizer.rules_
    if known is not None:
        twice = [name for name in conditions if name in known.columns and known[name].is_not_null().any()]
        if twice:
            said = f"columns {twice} carry a condition and are given in the rows too; keep one of the two"
            raise ConditionError(said)
        known = known[np.arange(n) % len(known)]
    if plan is not None:
        if known is None:
            return Draw(plan, codec, generator, conditions).table(n, rng).frame()
        filled = Completion(plan, codec, generator, known, rng, where=conditions, may_lack=True).table()
        return pl.concat([filled, codec.keys(filled, rng)], how="horizontal")
    narrowing = codec.condition(conditions)
    if known is None:
        return drawn_under(narrowing, codec, generator, n, rng).frame()
    told = codec.encode_known(known)

    def rows(which: Ints) -> Codes:
        return generator.sample(len(which), rng=rng, given=Given(told[which], narrowing.weights))

    drawn = drawn_each(narrowing, codec, n, rows, rng).frame()
    return drawn.with_columns(
        known[name].zip_with(known[name].is_not_null(), drawn[name]) for name in known.columns if name in drawn.columns
    )


def draw_mix(
    source: Source,
    n: int,
    column: str,
    shares: Mapping[Condition, float],
    conditions: Mapping[str, Condition],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """(n,) rows in which these parts of one column have exactly these shares, to the nearest row; what is left goes to
    all other values, as often as they come.

    Raises:
        ConditionError: a part cannot be drawn, or no value is left for the rest.
    """
    left = 1.0 - sum(shares.values())
    counts = _rounded(np.array([*shares.values(), max(left, 0.0)]), n)
    parts = [
        draw(source, int(count), {**conditions, column: part}, rng)
        for part, count in zip(shares, counts, strict=False)
        if count
    ]
    if counts[-1]:

        def others(many: int) -> pl.DataFrame:
            rows = draw(source, many, conditions, rng)
            named = [meeting(rows, {column: part}) for part in shares]
            return rows.filter(~pl.any_horizontal(named) if named else pl.lit(True))

        parts.append(until(int(counts[-1]), others, f"column {column!r} takes hardly a value beside those of the mix"))
    return pl.concat(parts)[rng.permutation(n)]


def worth_of_mix(table: pl.DataFrame, column: str, shares: Mapping[Condition, float]) -> float:
    """How many of the rows seen, weighted into this mix, would be worth: how far it is from what was seen."""
    seen = [float(meeting(table, {column: part}).to_numpy().mean()) for part in shares]
    seen.append(max(1 - sum(seen), 0.0))
    wanted = [*shares.values(), max(1 - sum(shares.values()), 0.0)]
    worth = sum(w * w / s for w, s in zip(wanted, seen, strict=True) if s > 0)
    return len(table) / worth if worth > 0 else 0.0


def _rounded(shares: Floats, n: int) -> Ints:
    """Whole counts that add up to n, by largest remainders."""
    exact = shares / shares.sum() * n
    counts: Ints = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: n - int(counts.sum())]] += 1
    return counts


def until(n: int, make: Callable[[int], pl.DataFrame], what: str) -> pl.DataFrame:
    """Rows made and filtered until there are n.

    Raises:
        ConditionError: too few of them come through.
    """
    parts: list[pl.DataFrame] = []
    tried = found = 0
    while tried < MOST_TRIED * n:
        # As many as the share that came through so far asks for, twice as many in doubt.
        many = 2 * (n - found) * max(tried, 1) // max(found, 1)
        many = min(max(many, MADE_AT_LEAST), MADE_AT_MOST)
        parts.append(make(many))
        tried, found = tried + many, found + len(parts[-1])
        if found >= n:
            return pl.concat(parts).head(n)
    raise ConditionError(f"{found} of {n} rows were found among {tried:,}: {what}")


# ---- tails -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TailModel:
    """The extremes of one column and what goes with them, among the rows that meet some conditions.

    Args:
        source: what other columns are drawn from.
        column: the driving one.
        conditions: that every row meets.
        rows: those that meet them and have a value.
        tail: the law of the driving column.
        options: of `fit_tail`, by which it was fitted.
    """

    source: Source
    column: str
    conditions: Mapping[str, Condition]
    rows: pl.DataFrame
    tail: Tail
    options: Mapping[str, Any]

    @classmethod
    def fit(
        cls,
        source: Source,
        column: str,
        conditions: Mapping[str, Condition],
        *,
        upper: bool,
        in_order: bool = False,
        period: float = np.inf,
    ) -> TailModel:
        """
        Args:
            in_order: the rows follow each other in time.
            period: rows, of all, in the return period that is asked for: its level must lie in the tail.

        Raises:
            InputError: too few rows meet the conditions or lie in the tail.
        """
        rows = source.table.filter(meeting(source.table, conditions)) if conditions else source.table
        rows = rows.filter(pl.col(column).is_not_null())
        if len(rows) < LEAST_ROWS:
            raise InputError(
                f"column {column!r}: {len(rows)} rows meet the conditions and have a value; a tail needs {LEAST_ROWS}"
            )
        least_share = LEAST_IN_PERIOD / (period * len(rows) / len(source.table))
        # However short, the tail that is asked for is fitted.
        options: dict[str, Any] = {"in_order": in_order, "least_share": least_share}
        tail = fit_tail(numbers_of(rows[column]), upper=upper, **options)
        return cls(source, column, dict(conditions), rows, tail, options)

    @cached_property
    def extremes(self) -> ConditionalExtremes:
        """The law of the other numbers given that this one is extreme."""
        names = [name for name in self.source.numbers if name == self.column or name not in self.conditions]
        values = {name: numbers_of(self.rows[name]) for name in names}
        others = [name for name in names if name != self.column and np.isfinite(values[name]).sum() >= LEAST_ROWS]
        driver = Margin.fit(values[self.column], self.column, least_shape=-np.inf, **self.options)
        margins = [Margin.fit(values[name][np.isfinite(values[name])], name) for name in others]
        matrix = np.stack([values[name] for name in others], 1) if others else np.zeros((len(self.rows), 0))
        return ConditionalExtremes.fit(driver, values[self.column], margins, matrix, upper=self.tail.upper)

    def draw(self, n: int, level: float, rng: np.random.Generator) -> pl.DataFrame:
        """(n,) rows in which the column lies beyond the level: it and the other numbers from the tail model, all else
        from the generator given those."""
        first = _on_lattice(self.source, self.column, self.tail.draw(n, rng, beyond=level))
        rest = self.extremes.draw(first, rng)
        # Drawn beside each other from their tails they would break a rule: the generator draws these given the others.
        held = tied(self.source.schema)
        known = {self.column: first} | {
            margin.name: _on_lattice(self.source, margin.name, rest[:, j])
            for j, margin in enumerate(self.extremes.others)
            if margin.name not in held
        }
        cells = pl.DataFrame({k: pl.Series(k, v).fill_nan(None) for k, v in known.items()})
        conditions = {name: c for name, c in self.conditions.items() if name not in known}
        typed = cells.with_columns(cells[name].cast(self.source.table.schema[name]) for name in known)
        if self.source.only_number is not None:
            return typed
        return draw(self.source, n, conditions, rng, typed)


def _on_lattice(source: Source, name: str, values: Floats) -> Floats:
    """Values as the column writes them: whole, or with its decimals."""
    column = source.schema[name]
    if column.kind == Kind.INTEGER:
        return np.rint(values)
    return values if column.decimals is None else np.round(values, column.decimals)


def extend_tails(
    source: Source, rows: pl.DataFrame, margins: Mapping[str, Margin], rng: np.random.Generator
) -> pl.DataFrame:
    """Rows whose values in a tail are carried on by its law, in the order they were in.

    The generator's codes say which share of the rows lies below a value; in the tails that share is turned into a value
    by the Pareto law instead of by the codec, which ends near the greatest value seen.
    """
    if not margins:
        return rows
    codec = source.synthesizer.codec_
    drawn, seen = codec.own_codes(source.learnt(rows)), codec.own_codes(source.learnt(source.table))
    changed = []
    for name, margin in margins.items():
        (at,) = codec.fields_of(name)
        x = numbers_of(rows[name])
        p = _ranks(x, drawn.codes[:, at].astype(np.int64), seen.codes[:, at], codec.own_alphabet.fields[at], rng)
        out = np.isfinite(x) & np.any([np.zeros(len(x), bool), *(tail.holds(x) for tail in margin.tails)], axis=0)
        carried = _on_lattice(source, name, margin.quantile(p))
        changed.append(pl.Series(name, np.where(out, carried, x)).fill_nan(None).cast(rows.schema[name]))
    return rows.with_columns(changed)


def _ranks(x: Floats, codes: Ints, seen: npt.NDArray[np.integer], field: Field, rng: np.random.Generator) -> Floats:
    """(n,) the share of the rows seen that lie below each drawn value: its code's place, and its own among the drawn
    rows of that code, ties at random."""
    mass = np.bincount(seen, minlength=field.size).astype(np.float64)
    if field.missing is not None:
        mass[field.missing] = 0.0
    mass /= mass.sum()
    order = np.lexsort((rng.random(len(x)), x, codes))
    sizes = np.bincount(codes, minlength=field.size)
    places = np.empty(len(x))
    places[order] = np.arange(len(x)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    within = (places + rng.random(len(x))) / sizes[codes]
    p: Floats = np.clip(np.cumsum(mass)[codes] - mass[codes] * (1 - within), 1e-12, 1 - 1e-12)
    return p
