"""What was asked of `anonymize`, checked, with its columns read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise._frames import from_frame
from likewise.errors import LikewiseWarning, OptionError, PrivacyError
from likewise.privacy.criteria import DISTANCES, Model, Sensitive, class_passes
from likewise.privacy.encoding import Floats, Reader, encode, reader
from likewise.privacy.hierarchies import from_dict
from likewise.privacy.labels import Hierarchy
from likewise.privacy.measures import columns_of
from likewise.privacy.verify import SensitiveInput
from likewise.schema import nearest


@dataclass(frozen=True)
class Asked:
    """A checked order, with the columns read."""

    table: pl.DataFrame
    names: list[str]
    readers: tuple[Reader, ...]
    values: list[pl.Series]
    hierarchies: dict[str, Hierarchy]
    model: Model
    sensitive: list[Sensitive]
    inputs: list[SensitiveInput]
    most_suppressed: int
    population: pl.DataFrame | None


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}, got {value!r}")


def read_asked(
    table: pl.DataFrame, quasi_identifiers: str | Sequence[str], sensitive: str | Sequence[str] | None, model: Model,
    hierarchies: Mapping[str, Hierarchy | Mapping[Any, Any]], t_distance: str, max_suppression: float, population: Any,
) -> Asked:  # fmt: skip
    names, secret = columns_of(table, quasi_identifiers, sensitive)
    if model.k > table.height:
        raise OptionError(f"k={model.k} is more than the {table.height} rows of the table")
    if model.needs_sensitive and not secret:
        raise OptionError("l, t and alpha protect sensitive columns: name them with sensitive=")
    if (model.delta is None) != (population is None):
        raise OptionError("delta and population belong together: give both or neither")
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
    readers = tuple(reader(table[n]) for n in names)
    values = [r.read(table[r.name]) for r in readers]
    columns = [_sensitive(table[name], given.get(name), t_distance, model) for name in secret]
    public = None if population is None else from_frame(population)[0]
    lacking = [] if public is None else [n for n in names if n not in public.columns]
    if lacking:
        raise OptionError(f"the population lacks the quasi-identifiers {', '.join(map(repr, lacking))}")
    return Asked(
        table, names, readers, values, given, model, [s for s, _ in columns], [i for _, i in columns],
        int(max_suppression * table.height + 1e-9), public,
    )  # fmt: skip


def _sensitive(
    raw: pl.Series, hierarchy: Hierarchy | None, t_distance: str, model: Model
) -> tuple[Sensitive, SensitiveInput]:
    check_choice("t_distance", t_distance, ("auto", *DISTANCES))
    values = reader(raw).read(raw)
    column = encode(values, hierarchy)
    kind = ("ordered" if column.is_scale else "equal") if t_distance == "auto" else t_distance
    if kind == "hierarchical" and hierarchy is None and model.t is not None:
        raise OptionError(
            f"t_distance='hierarchical' needs a hierarchy for {raw.name!r}: hierarchies={{{raw.name!r}: ...}}"
        )
    if kind != "hierarchical":
        column, hierarchy = encode(values), None
    if model.l is not None and model.l > column.n_levels:
        raise OptionError(f"l={model.l:g} is more than the {column.n_levels} levels of {raw.name!r}")
    q: Floats = np.bincount(column.codes, minlength=column.n_levels) / len(values)
    return (
        Sensitive(raw.name, column.codes, column.n_levels, q, kind, column.ladder),
        SensitiveInput(raw.name, raw, values, kind, hierarchy),
    )


def passing_columns(table: pl.DataFrame, asked: Asked, drop: Sequence[str]) -> list[str]:
    """Columns of the released table, in order; those that name people are told of."""
    for name in drop:
        if name not in table.columns:
            raise OptionError(f"there is no column {name!r} to drop{nearest(name, table.columns)}")
        if name in asked.names or name in {s.name for s in asked.sensitive}:
            raise OptionError(f"column {name!r} is to be dropped, yet named as quasi-identifier or sensitive")
    kept = [n for n in table.columns if n not in drop]
    others = [n for n in kept if n not in asked.names and n not in {s.name for s in asked.sensitive}]
    naming = [n for n in others if not table[n].dtype.is_float() and table.height > 1 and table[n].is_unique().all()]
    if naming:
        warnings.warn(
            f"columns pass through that differ in every row, so they name people: {', '.join(map(repr, naming))}; "
            "leave them out with drop=",
            LikewiseWarning,
            stacklevel=3,
        )
    return kept


def check_reachable(asked: Asked) -> None:
    """The whole table as one class is the most that recoding can do; if that fails, say what can be reached."""
    if asked.most_suppressed:
        return  # without the rows that spoil it the rest may pass
    n = asked.table.height
    one = np.zeros(n, np.int64)
    for column in asked.sensitive if asked.model.needs_sensitive else ():
        if class_passes(np.array([n]), one, asked.model, [column])[0]:
            continue
        raise PrivacyError(
            f"no recoding can keep {asked.model.words()}: even the whole table as one class does not. Column "
            f"{column.name!r} reaches {_reached(column.q, asked.model)}; relax the model to that, or let rows be "
            "suppressed: method='lattice' with max_suppression"
        )


def _reached(q: Floats, model: Model) -> str:
    """The most that a class with these shares of a sensitive column's levels keeps."""
    falling = np.sort(q)[::-1]
    entropy = np.exp(-(q * np.log(np.where(q > 0, q, 1))).sum())
    # Rounded to the safe side, so that what is told can be asked for.
    parts = [f"distinct l={int((q > 0).sum())}", f"entropy l={np.floor(entropy * 1000) / 1000:g}"]
    if model.c is not None and model.l is not None:
        tail = falling[int(model.l) - 1 :].sum()
        parts.append(f"recursive l={model.l:g} with c={np.floor(falling[0] / tail * 1000 + 1) / 1000:g}")
    return ", ".join([*parts, f"alpha={np.ceil(falling[0] * 1000) / 1000:g}"])
