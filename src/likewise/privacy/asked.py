"""What was asked of `anonymize`, checked, with its columns read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import LikewiseWarning, OptionError, PrivacyError, nearest
from likewise.privacy.criteria import Sensitive, class_passes, paired
from likewise.privacy.encoding import Floats, Ints, Reader, encode, persons_in, reader, rows_of, spelled_once
from likewise.privacy.hierarchies import from_dict
from likewise.privacy.labels import Hierarchy
from likewise.privacy.local import MOST_COLUMNS
from likewise.privacy.measures import columns_of, read_population
from likewise.privacy.promise import Promise, is_number
from likewise.privacy.verify import SensitiveInput
from likewise.schema.column import Column, Schema
from likewise.schema.identifiers.forms import recognise
from likewise.schema.infer import infer, word_on_headings

NEARLY_UNIQUE = 0.5


@dataclass(frozen=True)
class Asked:
    """A checked order, with the columns read."""

    table: pl.DataFrame
    names: list[str]
    readers: tuple[Reader, ...]
    values: list[pl.Series]
    hierarchies: dict[str, Hierarchy]
    promise: Promise
    sensitive: list[Sensitive]
    inputs: list[SensitiveInput]
    most_suppressed: int
    population: pl.DataFrame | None
    entity: str | None
    persons: Ints | None  # (n,) whose each row is; None: each its own
    weights: Ints | None = None  # (n,) rows that each stands for; None: one
    levels: Mapping[str, int] = field(default_factory=dict)  # quasi-identifier -> its step, where it is not searched

    @property
    def n_rows(self) -> int:
        """Rows that are told of."""
        return self.table.height if self.weights is None else int(self.weights.sum())

    @property
    def n_members(self) -> int:
        """Persons, or rows where none are named."""
        return self.n_rows if self.persons is None else int(self.persons.max()) + 1

    @property
    def members(self) -> str:
        return "rows" if self.persons is None else "persons"


def read_asked(
    table: pl.DataFrame, quasi_identifiers: str | Sequence[str], sensitive: str | Sequence[str] | None,
    promise: Promise, hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]], max_suppression: float,
    population: Any, entity: str | None, schema: Schema | None = None, weights: Ints | None = None,
    levels: Mapping[str, int] | None = None,
) -> Asked:  # fmt: skip
    names, secret = columns_of(table, quasi_identifiers, sensitive, entity)
    persons = None if entity is None else persons_in(table, entity)
    n_rows = table.height if weights is None else int(weights.sum())
    if promise.k > n_rows:
        raise OptionError(f"k={promise.k} is more than the {n_rows} rows of the table")
    if persons is not None and promise.k > persons.max() + 1:
        raise OptionError(f"k={promise.k} is more than the {persons.max() + 1} persons of column {entity!r}")
    if promise.needs_sensitive and not secret:
        raise OptionError("l, t and alpha protect sensitive columns: name them with sensitive=")
    if promise.needs_population != (population is not None):
        what = "k_map" if promise.k_map is not None and promise.delta is None else "delta"
        raise OptionError(f"{what} and population belong together: give both or neither")
    if not isinstance(hierarchies, Mapping):
        raise OptionError(f"hierarchies must map columns to hierarchies, got {type(hierarchies).__name__}")
    for name, hierarchy in hierarchies.items():
        if name not in (*names, *secret):
            raise OptionError(f"a hierarchy is given for {name!r}, no quasi-identifier{nearest(str(name), names)}")
        if not isinstance(hierarchy, Hierarchy | Mapping):
            raise OptionError(
                f"the hierarchy of {name!r} must be one of likewise.privacy.hierarchies or map values to labels, got "
                f"{type(hierarchy).__name__}"
            )
    given = {n: h if isinstance(h, Hierarchy) else from_dict(h) for n, h in hierarchies.items()}
    said = {} if schema is None else {n: schema[n] for n in (*names, *secret) if n in schema}
    known = infer(table.select(list(said)), overrides=said, entity=False) if said else ()
    told = {column.name: column for column in known}
    readers = tuple(reader(table[n], told.get(n)) for n in names)
    values = [r.read(table[r.name]) for r in readers]
    columns = [_sensitive(table[name], told.get(name), given.get(name), promise, persons, weights) for name in secret]
    public = None if population is None else read_population(population, names, entity)
    return Asked(
        table, names, readers, values, given, promise, [s for s, _ in columns], [i for _, i in columns],
        int(max_suppression * n_rows + 1e-9), public, entity, persons, weights, _levels(levels, names),
    )  # fmt: skip


def _levels(levels: Mapping[str, int] | None, names: list[str]) -> Mapping[str, int]:
    """Steps that were asked for; how high a hierarchy is shows when it is built."""
    if not isinstance(levels, Mapping | None):
        raise OptionError(f"levels must map quasi-identifiers to steps, got {type(levels).__name__}")
    for name, step in (levels or {}).items():
        if name not in names:
            raise OptionError(f"a level is given for {name!r}, no quasi-identifier{nearest(str(name), names)}")
        if isinstance(step, bool) or not isinstance(step, int | np.integer) or step < 0:
            raise OptionError(f"the level of {name!r} must be a whole number of 0 (as it is) or more, got {step!r}")
    return {name: int(step) for name, step in (levels or {}).items()}


def _sensitive(
    raw: pl.Series, declared: Column | None, hierarchy: Hierarchy | None, promise: Promise, persons: Ints | None,
    weights: Ints | None,
) -> tuple[Sensitive, SensitiveInput]:  # fmt: skip
    values = spelled_once(reader(raw, declared).read(raw))
    column = encode(values, hierarchy)
    kind = promise.t_distance
    if kind == "auto":
        kind = "ordered" if column.is_scale else "equal"
    if kind == "hierarchical" and hierarchy is None and promise.t is not None:
        raise OptionError(
            f"t_distance='hierarchical' needs a hierarchy for {raw.name!r}: hierarchies={{{raw.name!r}: ...}}"
        )
    if kind != "hierarchical":
        column, hierarchy = encode(values), None
    missing = int(column.values.is_null().arg_max() or 0) if column.has_missing else None
    n_known = column.n_levels - (promise.ignore_missing and column.has_missing)
    if promise.l is not None and promise.l > n_known:
        raise OptionError(f"l={promise.l:g} is more than the {n_known} levels of {raw.name!r}")
    codes, pairs = (
        (column.codes, None) if persons is None else paired(column.codes.astype(np.int64), column.n_levels, persons)
    )
    shares = rows_of(column.codes if pairs is None else pairs.level, column.n_levels, weights)
    coded = Sensitive(
        raw.name, codes, column.n_levels, shares / shares.sum(), kind, column.ladder, missing, pairs
    )  # fmt: skip
    return coded, SensitiveInput(raw.name, raw, values, kind, hierarchy, persons, weights)


def read_importance(asked: Asked, importance: Mapping[str, float], star: str) -> Floats:
    """What a star costs in each quasi-identifier, for local suppression of this order."""
    guided = [n for n in asked.names if n in asked.hierarchies]
    if guided:
        raise OptionError(
            f"local suppression tells cells as they are or not at all, yet hierarchies are given for "
            f"{', '.join(map(repr, guided))}: recode those columns first, by hierarchy.labels(column, step)"
        )
    if len(asked.names) > MOST_COLUMNS:
        raise OptionError(
            f"local suppression tries all sets of quasi-identifiers: at most {MOST_COLUMNS}, got {len(asked.names)}"
        )
    if star == "any" and asked.promise.needs_sensitive:
        raise OptionError("l, t and alpha speak of classes, and star='any' makes none: take star='value'")
    if not isinstance(importance, Mapping):
        raise OptionError(f"importance must map columns to numbers, got {type(importance).__name__}")
    for name, weight in importance.items():
        if name not in asked.names:
            raise OptionError(f"importance is given for {name!r}, no quasi-identifier{nearest(str(name), asked.names)}")
        if not is_number(weight) or not np.isfinite(weight) or weight <= 0:
            raise OptionError(f"the importance of {name!r} must be a number above 0, got {weight!r}")
    return np.array([float(importance.get(name, 1)) for name in asked.names])


def passing_columns(table: pl.DataFrame, asked: Asked, drop: Sequence[str]) -> list[str]:
    """Columns of the released table, in order; those that name people are told of."""
    for name in drop:
        if name not in table.columns:
            raise OptionError(f"there is no column {name!r} to drop{nearest(name, table.columns)}")
        if name in asked.names or name in {s.name for s in asked.sensitive}:
            raise OptionError(f"column {name!r} is to be dropped, yet named as quasi-identifier or sensitive")
    kept = [n for n in table.columns if n not in drop and n != asked.entity]
    others = [n for n in kept if n not in asked.names and n not in {s.name for s in asked.sensitive}]
    naming = [n for n in others if table.height > 1 and _share_alone(table[n], asked.persons) >= NEARLY_UNIQUE]
    if naming:
        warnings.warn(
            f"in columns that pass through, {NEARLY_UNIQUE:.0%} of the rows or more have a value of their own, so it "
            f"may name a person: {', '.join(map(repr, naming))}; leave them out with drop=, or name them as "
            "quasi-identifiers",
            LikewiseWarning,
            stacklevel=3,
        )
    personal = [n for n in others if n not in naming and _is_personal(table[n])]
    if personal:
        warnings.warn(
            f"columns that pass through hold names of people or other personal identifiers: "
            f"{', '.join(map(repr, personal))}; leave them out with drop=",
            LikewiseWarning,
            stacklevel=3,
        )
    if (told := word_on_headings(kept)) is not None:
        warnings.warn(told, LikewiseWarning, stacklevel=3)
    return kept


def _is_personal(values: pl.Series) -> bool:
    """Whether values have the form of personal identifiers, or stand under their heading."""
    typed = isinstance(values.dtype, pl.Categorical | pl.Enum)
    known = (values.cast(pl.String) if typed else values).drop_nulls().unique(maintain_order=True)
    return (known.dtype == pl.String or known.dtype.is_integer()) and recognise(values.name, known) is not None


def _share_alone(values: pl.Series, persons: Ints | None) -> float:
    """The share of rows with a value that no other row, or no other person, has."""
    rows, people = values.drop_nulls().alias("value").to_frame(), pl.len()
    if persons is not None:
        rows = pl.DataFrame({"value": values, "who": persons}).drop_nulls()
        people = pl.col("who").n_unique()
    alone = rows.group_by("value").agg(pl.len().alias("rows"), people.alias("people")).filter(people=1)
    return float(alone["rows"].sum()) / len(values)


def check_reachable(asked: Asked) -> None:
    """The whole table as one class is the most that recoding can do; if that fails, say what can be reached."""
    if asked.most_suppressed:
        return  # without the rows that spoil it the rest may pass
    one: Ints = np.zeros(asked.table.height, np.int64)
    for column in asked.sensitive if asked.promise.needs_sensitive else ():
        if class_passes(np.array([asked.n_members]), one, asked.promise, [column], weights=asked.weights)[0]:
            continue
        raise PrivacyError(
            f"no recoding can keep {asked.promise.words()}: even the whole table as one class does not. Column "
            f"{column.name!r} reaches {_reached(column, asked)}; relax the promise to that, or let rows be "
            "suppressed: method='lattice' with max_suppression"
        )


def _reached(column: Sensitive, asked: Asked) -> str:
    """The most that the whole table as one class keeps."""
    promise, pairs = asked.promise, column.pairs
    counts = rows_of(column.codes if pairs is None else pairs.level, column.n_levels, asked.weights).astype(np.float64)
    known = np.arange(len(counts)) != (column.missing if promise.ignore_missing else None)
    members = counts[known].sum() if pairs is None else len(np.unique(pairs.person[known[pairs.level]]))
    alpha = counts[known].max() / members
    q = counts[known] / counts[known].sum()
    falling = np.sort(q)[::-1]
    entropy = np.exp(-(q * np.log(np.where(q > 0, q, 1))).sum())
    # Rounded to the safe side, so that what is told can be asked for.
    parts = [f"distinct l={int((q > 0).sum())}", f"entropy l={np.floor(entropy * 1000) / 1000:g}"]
    if promise.c is not None and promise.l is not None:
        tail = falling[int(promise.l) - 1 :].sum()
        parts.append(f"recursive l={promise.l:g} with c={np.floor(falling[0] / tail * 1000 + 1) / 1000:g}")
    return ", ".join([*parts, f"alpha={np.ceil(alpha * 1000) / 1000:g}"])
