"""Linkage to a public table: the attacker holds names beside some columns (a register of voters) and looks for the rows
of these people in what was released.

After Sweeney, "Simple demographics often identify people uniquely", 2000 (exact), and Domingo-Ferrer and Torra,
"Distance-based and probabilistic record linkage for re-identification", 2003 (by distance). A link is right when the
released row tells what is true of the person and the public table does not tell. People alike in the public columns are
alike in others too: so what counts is to be right more often about people in the training rows than about people who
are not. Released tables may be synthetic, microaggregated, or anonymised with labels for values.

Legend: P people tried, n released rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.matrix import NUMBER_KINDS
from likewise.errors import InputError, OptionError, SchemaError, nearest
from likewise.evaluate.attacks.cells import Levels, Numbers, numbers_of, released_cells
from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure
from likewise.evaluate.tables import FloatArray, IntArray
from likewise.schema.column import Column, Role, Schema
from likewise.schema.parse import parse

MAX_TARGETS = 2_000
LEAST_TARGETS = 20
CHUNK = 1_024
TOLERANCE = 0.01


@dataclass(frozen=True)
class Linked:
    """One way of linking.

    Args:
        risk: right links per person in the training rows, beside those per person of the control.
        claims: people in the training rows for whom a link was claimed.
        n_others: people of the control; none where the control is the person most alike.
    """

    risk: Figure
    claims: int
    n_others: int


@dataclass(frozen=True)
class Linkage:
    """Both ways of linking.

    Args:
        exact: a link is claimed where exactly one released row fits the person's public cells; where people have
            several rows, no more than one person's.
        by_distance: the released row nearest in the public columns is always claimed, one of equals by chance.
        on: the public columns.
        read: what a right link must tell.
        known_by: the columns by which people of the public table were found in the real ones.
        n_public: rows of the public table.
        n_unclear: of these, rows whose person could not be told from another.
    """

    exact: Linked
    by_distance: Linked
    on: tuple[str, ...]
    read: tuple[str, ...]
    known_by: tuple[str, ...]
    n_public: int
    n_unclear: int


def link_public(
    public: pl.DataFrame,
    train: pl.DataFrame,
    released: pl.DataFrame,
    schema: Schema,
    on: Sequence[str],
    *,
    holdout: pl.DataFrame | None = None,
    seed: int = 0,
) -> Linkage:
    """The attack on up to 2,000 people of the public table who are in the training rows.

    Who they are, only the judge knows: by a key that both tables have, or else by all columns they share, where no two
    people agree on them. The control are as many people of the public table who are in the holdout; without enough of
    them, each link is held against the person in the training rows most alike in the public columns.

    Args:
        public, train, released, holdout: raw frames.
        on: the columns that the attacker links by.

    Raises:
        InputError: a table lacks one of the columns, or fewer than 20 people of the public table are in the training
            rows.
        OptionError: no column to link by, or nothing is left that a link could tell.
    """
    on, read = tuple(on), _to_read(schema, on, train, released)
    _check_columns(on, schema, {"public": public, "real": train, "released": released})
    rng = np.random.default_rng(seed)
    people = _canonical(public, schema, "public")
    real = _canonical(train, schema, "real")
    known_by = _known_by(people, real, schema, on)
    members, unclear = _found(people, real, known_by, schema.entity, rng)
    tried, truths = [members[0]], [real[members[1]]]
    if holdout is not None:
        fresh = _canonical(holdout, schema, "holdout")
        others, _ = _found(people, fresh, known_by, schema.entity, rng)
        is_new = ~np.isin(others[0], members[0])
        tried.append(others[0][is_new])
        truths.append(fresh[others[1][is_new]])
    complete = [people[place].select(pl.all_horizontal(pl.col(on).is_not_null())).to_series() for place in tried]
    sides = [(people[p].filter(c), t.filter(c)) for p, t, c in zip(tried, truths, complete, strict=True)]
    sides = [_some(p, t, rng) for p, t in sides]
    if len(sides[0][0]) < LEAST_TARGETS:
        raise InputError(
            f"{len(sides[0][0])} of {len(public)} people of the public table were found in the real one by "
            f"{_named(known_by)}, at least {LEAST_TARGETS} are needed; give both tables a key, or more columns "
            "in common"
        )
    rows_each = round(len(real) / real[schema.entity].n_unique()) if schema.entity in real.columns else 1
    exact, by_distance = _attack(sides, released, schema, on, read, rows_each, rng)
    return Linkage(exact, by_distance, on, read, known_by, len(public), unclear)


def _to_read(schema: Schema, on: tuple[str, ...], train: pl.DataFrame, released: pl.DataFrame) -> tuple[str, ...]:
    """What a link must tell: the sensitive columns; else all that are learnt and by which nobody is looked for."""
    if not on:
        raise OptionError("linkage needs the columns that the public table and the released one share: on=['age', ...]")
    there = [c for c in schema if c.is_modelled and c.name in train.columns and c.name in released.columns]
    sensitive = [c.name for c in there if c.role is Role.SENSITIVE and c.name not in on]
    others = [c.name for c in there if c.role is not Role.QUASI_IDENTIFIER and c.name not in on]
    if not (sensitive or others):
        raise OptionError(f"beside {_named(on)} there is no column that a link could tell; leave one of them out")
    return tuple(sensitive or others)


def _check_columns(on: tuple[str, ...], schema: Schema, tables: dict[str, pl.DataFrame]) -> None:
    for role, table in tables.items():
        for name in on:
            if name not in table.columns:
                raise InputError(f"the {role} table lacks column {name!r} to link by{nearest(name, table.columns)}")
    for name in on:
        if not schema[name].is_modelled:
            raise OptionError(f"column {name!r} is a key or left out, so nothing released can be linked by it")


def _canonical(table: pl.DataFrame, schema: Schema, role: str) -> pl.DataFrame:
    """The table's columns that the schema knows."""
    try:
        return parse(table.select(c for c in table.columns if c in schema), schema, partial=True).select(
            c for c in schema.names if c in table.columns
        )
    except SchemaError as error:
        raise InputError(f"the {role} table: {error}") from error


def _known_by(people: pl.DataFrame, real: pl.DataFrame, schema: Schema, on: tuple[str, ...]) -> tuple[str, ...]:
    """A key that both tables have, the person's before others; else all columns that both have."""
    both = [schema[c] for c in people.columns if c in real.columns and schema[c].role is not Role.DROP]
    keys = sorted((c for c in both if c.is_key and c.name not in on), key=lambda c: c.role is not Role.ENTITY)
    return (keys[0].name,) if keys else tuple(c.name for c in both)


def _found(
    people: pl.DataFrame, real: pl.DataFrame, known_by: tuple[str, ...], entity: str | None, rng: np.random.Generator
) -> tuple[tuple[IntArray, IntArray], int]:
    """Places of people in the public table and of a row of theirs in the real one; and how many people are unclear."""
    names = list(known_by)
    order = pl.Series(rng.permutation(len(real)))
    if len(names) == 1:  # a key may be numbers here and texts there
        people, real = (table.with_columns(pl.col(names).cast(pl.String)) for table in (people, real))
    # Under names that no column has: one may be called "row".
    rows = real.select(names).with_columns(pl.int_range(pl.len()).alias("\0row"))[order]
    once = rows.unique(names, keep="first" if names == [entity] else "none", maintain_order=True)
    told = people.select(names).with_columns(pl.int_range(pl.len()).alias("\0person"))
    clear = told.unique(names, keep="none", maintain_order=True)
    joined = clear.join(once, on=names, how="inner", maintain_order="left")
    # Rows of the public table that stand there, less those told apart.
    unclear = len(told.join(rows.select(names).unique(), on=names, how="semi")) - len(joined)
    return (joined["\0person"].to_numpy(), joined["\0row"].to_numpy()), unclear


def _some(people: pl.DataFrame, truth: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    chosen = pl.Series(rng.permutation(len(people))[:MAX_TARGETS], dtype=pl.Int64)
    return people[chosen], truth[chosen]


def _attack(
    sides: list[tuple[pl.DataFrame, pl.DataFrame]],
    released: pl.DataFrame,
    schema: Schema,
    on: tuple[str, ...],
    read: tuple[str, ...],
    rows_each: int,
    rng: np.random.Generator,
) -> tuple[Linked, Linked]:
    """Link all people tried, then hold what the linked rows tell against the truth."""
    released = released[pl.Series(rng.permutation(len(released)))]  # which of equally near rows counts is chance
    people, truth = (pl.concat([side[i] for side in sides], how="vertical_relaxed") for i in (0, 1))
    n = len(sides[0][0])
    searched = [_Asked.of(people[name], released[name], schema[name]) for name in on]
    single, near = _links(searched, len(released), rows_each)
    told = [_Asked.of(truth[name], released[name], schema[name]) for name in read]
    if len(people) - n >= LEAST_TARGETS:
        whose, n_others = np.arange(len(people)), len(people) - n
    else:  # held against the person most alike instead
        own = [_Asked.of(truth[name][:n], truth[name][:n], schema[name]) for name in on]
        whose, n_others = np.append(np.arange(n), _links(own, n, 1, same=True)[1]), 0
        single, near = (np.append(links[:n], links[:n]) for links in (single, near))
    found = []
    for links in (single, near):
        right = _is_true(told, whose, links)
        risk = contrast(int(right[:n].sum()), n, int(right[n:].sum()), len(right) - n)
        found.append(Linked(risk, int((links[:n] >= 0).sum()), n_others))
    return found[0], found[1]


@dataclass(frozen=True)
class _Asked:
    """Cells of one column: what people have, and what is released. Gaps are in units of the people's 1-99 % range."""

    values: npt.NDArray[Any]
    cells: Numbers | Levels
    scale: float

    @classmethod
    def of(cls, have: pl.Series, released: pl.Series, column: Column) -> _Asked:
        if column.kind in NUMBER_KINDS:
            values = numbers_of(have)
            known = values[~np.isnan(values)]
            ends = np.quantile(known, [0.01, 0.99]) if len(known) else np.zeros(2)
            scale = float(ends[1] - ends[0]) or float(np.ptp(known) if len(known) else 0.0) or 1.0
            return cls(values, released_cells(released, column, have), scale)
        texts = have.cast(pl.String)
        levels = texts.unique()
        place = pl.DataFrame({"text": levels, "place": np.arange(len(levels))})
        joined = texts.alias("text").to_frame().join(
            place, on="text", how="left", nulls_equal=True, maintain_order="left"
        )  # fmt: skip
        return cls(joined["place"].to_numpy().astype(np.int64), released_cells(released, column, levels), 1.0)

    def gaps(self, people: IntArray | slice, rows: IntArray | slice) -> FloatArray:
        return self.cells.gaps(self.values[people], rows) / self.scale


def _links(asked: list[_Asked], n_rows: int, most: int, *, same: bool = False) -> tuple[IntArray, IntArray]:
    """For each person the released row that fits, -1 where none or more than `most` do; and the nearest row."""
    n = len(asked[0].values)
    fits, first, near = np.zeros(n, np.int64), np.full(n, -1), np.zeros(n, np.int64)
    least = np.full(n, np.inf)
    for start in range(0, n_rows, CHUNK):
        rows = slice(start, min(start + CHUNK, n_rows))
        gap = np.zeros((n, rows.stop - start))
        for one in asked:
            square = np.square(one.gaps(slice(None), rows))
            gap += 2.0 * square if isinstance(one.cells, Levels) else np.minimum(square, 4.0)  # a missing one is far
        if same:
            own = np.arange(start, rows.stop)
            gap[own, own - start] = np.inf
        is_fit = gap == 0.0
        first = np.where((first < 0) & is_fit.any(1), start + is_fit.argmax(1), first)
        fits += is_fit.sum(1)
        best = gap.argmin(1)
        value = gap[np.arange(n), best]
        near, least = np.where(value < least, start + best, near), np.minimum(value, least)
    return np.where(fits <= most, first, -1), near


def _is_true(told: list[_Asked], whose: IntArray, links: IntArray) -> npt.NDArray[np.bool_]:
    """(m,) whether the row linked tells what is true of the person, in every column; nothing linked is not right."""
    right = links >= 0
    for one in told:
        for start in range(0, len(links), CHUNK):
            part = slice(start, start + CHUNK)
            gap = one.gaps(whose[part], np.maximum(links[part], 0))
            right[part] &= np.diagonal(gap) <= (0.0 if isinstance(one.cells, Levels) else TOLERANCE)
    return np.asarray(right)


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
