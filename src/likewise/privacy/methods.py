"""The ways to a k-anonymous table: what each finds, and what it loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import OptionError, PrivacyError
from likewise.privacy.asked import Asked, check_reachable, read_importance
from likewise.privacy.criteria import Bools, class_passes, count_persons
from likewise.privacy.encoding import Ints, Quasi, encode, rare_levels, rows_of
from likewise.privacy.ends import ENOUGH, Held
from likewise.privacy.hierarchies import auto
from likewise.privacy.labels import RARE, TOP, as_label
from likewise.privacy.lattice import Found, NothingValid, search
from likewise.privacy.local import by_any_value, by_own_value, crowds, read_alike
from likewise.privacy.mondrian import Accept, mondrian
from likewise.privacy.nodes import cell_losses
from likewise.privacy.promise import is_number
from likewise.privacy.recoding import (
    FullDomain,
    Partition,
    Recoding,
    Starred,
    class_column,
    keys_at,
    labels_of,
    partition_labels,
)

METHODS = ("mondrian", "mondrian-relaxed", "lattice", "local-suppression")


@dataclass(frozen=True)
class Outcome:
    recoding: Recoding
    classes: Ints  # (n,) -1: suppressed
    ncp: dict[str, float]
    found: Found | None
    stars: dict[str, int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def keep(self) -> Bools:
        return self.classes >= 0


def found_by(
    asked: Asked, method: str, max_seconds: float, numbers: str, importance: Mapping[str, float], star: str
) -> Outcome:
    check_reachable(asked)
    if method == "lattice":
        return _lattice(asked, max_seconds)
    if method == "local-suppression":
        return _local(asked, importance, star)
    return _mondrian(asked, method.endswith("relaxed"), numbers)


def _mondrian(asked: Asked, relaxed: bool, numbers: str) -> Outcome:
    k, persons, columns, n_rare = asked.promise.k, asked.persons, list[Quasi](), list[int]()
    weights = asked.weights
    least = min(k, ENOUGH)
    for values in asked.values:
        hierarchy, rare = asked.hierarchies.get(values.name), values.clear()
        if hierarchy is None and values.dtype == pl.String:  # levels of few are one level, which no set names
            rare = rare_levels(values, least, persons, weights)
            values = values.set(values.is_in(rare.implode()).fill_null(False), RARE)
        columns.append(encode(values, hierarchy))
        n_rare.append(len(rare))
    classes, n_classes, splits = mondrian(
        columns, k, _accepts(asked), relaxed=relaxed, persons=persons, weights=weights
    )  # fmt: skip
    order = np.argsort(classes, kind="stable")
    ordered = classes[order]
    starts = np.searchsorted(ordered, np.arange(n_classes))
    told = tuple(
        class_column(c, order, starts, ordered, numbers, Held.of(c.codes, c.n_levels, persons, least, weights), n)
        for c, n in zip(columns, n_rare, strict=True)
    )
    sizes = rows_of(classes, n_classes, weights)
    recoding = Partition(
        readers=asked.readers, labels=partition_labels(told, asked.readers), splits=splits, is_rule=not relaxed,
        columns=tuple(_without_rows(c) for c in told),
    )  # fmt: skip
    ncp = {c.column.name: float((c.loss * sizes).sum() / asked.n_rows) for c in told}
    return Outcome(recoding, classes, ncp, None)


def _accepts(asked: Asked) -> Accept:
    def accept(sizes: Ints, groups: Ints, rows: Ints) -> Bools:
        weights = None if asked.weights is None else asked.weights[rows]
        if asked.persons is not None:
            sizes = count_persons(groups, asked.persons[rows], len(sizes))
        elif weights is not None:
            sizes = rows_of(groups, len(sizes), weights)
        return class_passes(sizes, groups, asked.promise, asked.sensitive, rows, weights)

    return accept


def _without_rows(told: Any) -> Any:
    """The same without the rows' own codes: a recoding is kept long after the table."""
    return replace(told, column=replace(told.column, codes=np.zeros(0, np.int32)))


def _local(asked: Asked, importance: Mapping[str, float], star: str) -> Outcome:
    weights = read_importance(asked, importance, star)
    columns = [encode(v) for v in asked.values]
    if star == "value":
        # Persons with rows in both of two classes may spoil shares when the classes are joined.
        may_join = asked.promise.only_grows or asked.persons is None
        stars = by_own_value(columns, weights, asked.promise.k, _accepts(asked), may_join=may_join)
    else:
        stars = by_any_value(columns, weights, asked.promise.k, asked.persons)
    classes, n_classes = read_alike(columns, stars, np.arange(len(stars)))
    row = np.zeros(n_classes, np.int64)
    row[classes] = np.arange(len(classes))
    labels = []
    for j, (column, own) in enumerate(zip(columns, asked.readers, strict=True)):
        values, hide = column.values.gather(column.codes[row]), pl.Series(stars[row, j])
        told = pl.when(~hide).then(pl.first()).otherwise(pl.lit(TOP)).alias(own.name)
        labels.append(
            as_label(values).to_frame().select(told).to_series() if hide.any() else own.store(own.write(values))
        )
    starred = np.flatnonzero(stars.any(1))
    notes = []
    if star == "any" and len(starred):
        fewest = int(crowds(columns, stars, starred, asked.persons).min())
        notes.append(
            f"a star was counted as any value: as few as {fewest} {asked.members} fit someone whose cells under the "
            "stars are known; star='value' counts on nobody's ignorance"
        )
    return Outcome(
        Starred(readers=asked.readers, labels=pl.DataFrame(labels)), classes,
        dict(zip(asked.names, stars.mean(0).tolist(), strict=True)), None,
        dict(zip(asked.names, stars.sum(0).tolist(), strict=True)), tuple(notes),
    )  # fmt: skip


def _lattice(asked: Asked, max_seconds: float) -> Outcome:
    if not is_number(max_seconds) or not max_seconds > 0:
        raise OptionError(f"max_seconds must be above 0, got {max_seconds!r}")
    columns, public = _laddered(asked)
    try:
        found = search(
            columns, asked.sensitive, asked.promise, most_suppressed=asked.most_suppressed, max_seconds=max_seconds,
            public=public, persons=asked.persons, weights=asked.weights, fixed=_fixed(asked, columns),
        )  # fmt: skip
    except NothingValid as nothing:
        raise PrivacyError(_nothing_valid(asked, nothing)) from None
    ladders = [c.ladder for c in columns if c.ladder is not None]
    hierarchies = tuple(ladder.hierarchy for ladder in ladders)
    keys = keys_at(asked.table, asked.readers, hierarchies, found.levels)
    released = keys.filter(pl.Series(found.keep)).unique(maintain_order=True)
    recoding = FullDomain(
        readers=asked.readers, labels=labels_of(released, asked.readers, found.levels), keys=released,
        hierarchies=hierarchies, levels=found.levels,
    )  # fmt: skip
    ncp = {}
    for column, level in zip(columns, found.levels, strict=True):
        loss = cell_losses(column)[level][column.codes]
        ncp[column.name] = float(np.average(np.where(found.keep, loss, 1.0), weights=asked.weights))
    return Outcome(recoding, np.where(found.keep, recoding.find(asked.table), -1), ncp, found)


def _fixed(asked: Asked, columns: list[Quasi]) -> dict[int, int]:
    """The steps that are settled, by the place of their column."""
    for column in columns:
        assert column.ladder is not None
        level, height = asked.levels.get(column.name, 0), column.ladder.height
        if level > height:
            raise OptionError(f"column {column.name!r}: the levels of its hierarchy are 0 to {height}, got {level}")
    return {j: asked.levels[c.name] for j, c in enumerate(columns) if c.name in asked.levels}


def _laddered(asked: Asked) -> tuple[list[Quasi], list[Ints] | None]:
    """Columns with hierarchies, built where none is given; and the population on the same codes."""

    least, n, who = min(asked.promise.k, ENOUGH), asked.table.height, asked.persons
    if asked.population is None:
        return [
            encode(v, asked.hierarchies.get(v.name) or auto(v, least=least, persons=who, weights=asked.weights))
            for v in asked.values
        ], None
    columns, public = [], []
    every = None if who is None else np.r_[who, who.max() + 1 + np.arange(asked.population.height)]
    for r, own in zip(asked.readers, asked.values, strict=True):
        both = pl.concat([own, r.read(asked.population[r.name])])
        # Whoever is in the table is in the population as well, and counts twice.
        column = encode(both, asked.hierarchies.get(r.name) or auto(both, least=2 * least, persons=every))
        public.append(column.codes[n:].astype(np.int64))
        columns.append(replace(column, codes=column.codes[:n]))
    return columns, public


def _nothing_valid(asked: Asked, nothing: NothingValid) -> str:
    n, fewest = asked.n_rows, nothing.fewest_suppressed
    searched = "" if nothing.searched_all else " found in the time given"
    share = min(np.ceil(fewest / n * 1e4) / 1e4, 0.9999)
    advice = f"give coarser {'levels or ' * bool(asked.levels)}hierarchies, relax the promise"
    if fewest < n and (asked.promise.delta is None or asked.promise.delta[0] == 0):
        advice += f", or allow max_suppression={share:g}"
    return (
        f"no recoding{searched} keeps {asked.promise.words()}: the nearest would suppress {fewest} of {n} rows, "
        f"{asked.most_suppressed} are allowed; {advice}"
    )
