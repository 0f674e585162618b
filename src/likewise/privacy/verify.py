"""The last look: does the finished table, as it will be handed over, keep what was promised?

Written on its own: it reads the texts of the file as it will be written, with Polars, and shares no code with the
searches, so that a mistake there cannot hide here. Distances are computed by other formulas than in `criteria` where
there is another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import PrivacyError
from likewise.privacy.labels import Hierarchy
from likewise.privacy.promise import Promise
from likewise.privacy.stars import crowds_as_read
from likewise.privacy.written import as_written

_SLACK = 1e-9
_WHO, _ROWS = "\0who", "\0rows"


@dataclass(frozen=True)
class SensitiveInput:
    """A sensitive column as it was in the input: what t-closeness compares with."""

    name: str
    raw: pl.Series  # (n,)
    values: pl.Series  # (n,) as numbers, times or texts, missing as null
    distance: str
    hierarchy: Hierarchy | None = None
    persons: npt.NDArray[np.int64] | None = None  # (n,) whose each row is; None: each its own
    weights: npt.NDArray[np.int64] | None = None  # (n,) rows that each stands for; None: one


def verify(
    released: pl.DataFrame, quasi_identifiers: Sequence[str], promise: Promise,
    sensitive: Sequence[SensitiveInput] = (), *, starred: pl.Series | None = None,
    population: pl.DataFrame | None = None, persons: npt.NDArray[np.int64] | None = None, star: str = "value",
    weights: npt.NDArray[np.int64] | None = None,
) -> None:  # fmt: skip
    """Raise PrivacyError unless the released rows keep the promise.

    Args:
        released: the final frame.
        starred: (n released,) rows that are suppressed in place: they must say nothing, and form no class.
        population: the population recoded the same way, for delta-presence and k-map.
        persons: (n released,) whose each row is; None: each its own.
        weights: (n released,) rows that each stands for; None: one.
        star: "any": k members must agree with each row wherever neither has a star, and there is no more to keep.
    """
    # Under names that nothing here is counted by: a column may be called "level".
    own = {name: f"\0{i}" for i, name in enumerate(quasi_identifiers)}
    names = list(own.values())
    released = released.with_columns(as_written(released.select(quasi_identifiers)).get_columns()).rename(own)
    if persons is not None:
        released = released.with_columns(pl.Series(_WHO, persons))
    if weights is not None:
        released = released.with_columns(pl.Series(_ROWS, weights))
    if starred is not None and starred.any():
        _check_starred(released.filter(starred), [*names, *(s.name for s in sensitive)])
        released = released.filter(~starred)
    if not released.height:
        raise PrivacyError("no row is left to release")
    if star == "any":
        crowds = crowds_as_read(released.select(names), persons, exact_to=promise.k)
        few = int((crowds < promise.k).sum())
        _demand(few, len(crowds), f"agree with {promise.k} {'rows' if persons is None else 'persons'}", "rows")
        return
    sizes = released.group_by(names).agg(_members(released).alias("ours"))
    members = "rows" if persons is None else "persons"
    _demand(int((sizes["ours"] < promise.k).sum()), len(sizes), f"hold {promise.k} {members}")
    if promise.needs_population:
        assert population is not None
        _check_population(sizes, names, promise, as_written(population.select(quasi_identifiers)).rename(own))
    for column in sensitive:
        _check_sensitive(released, names, promise, column)


def _demand(n_failed: int, n_classes: int, what: str, of: str = "classes") -> None:
    if n_failed:
        raise PrivacyError(
            f"the finished table does not keep its promise: {n_failed} of {n_classes} {of} do not {what}; it is not "
            "handed over. This is a fault in likewise, please report it"
        )


def _check_starred(rows: pl.DataFrame, names: list[str]) -> None:
    speaks = [(pl.col(n) != "*").fill_null(False) if rows.schema[n] == pl.String else pl.col(n).is_not_null()
              for n in names]  # fmt: skip
    speaking = rows.select(pl.any_horizontal(speaks))
    _demand(int(speaking.to_series().sum()), rows.height, "hide the cells of suppressed rows")


def _check_population(ours: pl.DataFrame, names: list[str], promise: Promise, population: pl.DataFrame) -> None:
    theirs = population.group_by(names).len("theirs")
    both = theirs.join(ours, on=names, how="full", nulls_equal=True).fill_null(0)
    if promise.k_map is not None:
        few = both.filter((pl.col("ours") > 0) & (pl.col("theirs") < promise.k_map)).height
        _demand(few, len(ours), f"match {promise.k_map} of the population")
    if promise.delta is not None:
        share = pl.col("ours") / pl.col("theirs")
        low, high = promise.delta
        bad = both.select((share.is_nan() | (share < low - _SLACK) | (share > high + _SLACK)).sum()).item()
        _demand(int(bad), both.height, f"hold between {low:g} and {high:g} of their population")


def _members(frame: pl.DataFrame) -> pl.Expr:
    """The rows of a group, or its persons where they are told."""
    if _ROWS in frame.columns:
        return pl.col(_ROWS).sum()
    return pl.col(_WHO).n_unique() if _WHO in frame.columns else pl.len()


def _check_sensitive(released: pl.DataFrame, names: list[str], promise: Promise, column: SensitiveInput) -> None:
    # Raw cells that mean the same (two ways to write "missing") are one level.
    known = pl.DataFrame({"raw": column.raw, "level": column.values}).unique("raw")
    cells = released.select(*names, pl.col(f"^({_WHO}|{_ROWS})$"), pl.col(column.name).alias("raw"))
    cells = cells.join(known, on="raw", how="left", nulls_equal=True).drop("raw")
    # A person counts once for each level.
    n_classes = cells.select(names).n_unique()
    counts = cells.group_by([*names, "level"]).agg(_members(cells).alias("n"))
    if promise.t is not None:
        whole = pl.DataFrame({"level": column.values, "rows": 1 if column.weights is None else column.weights})
        if column.persons is not None:
            whole = whole.with_columns(pl.Series(_WHO, column.persons)).unique()
        whole = whole.group_by("level", maintain_order=True).agg(q=pl.col("rows").sum() / whole["rows"].sum())
        far = _distances(counts, names, column, whole)
        _demand(int((far > promise.t + _SLACK).sum()), n_classes, f"lie within t={promise.t:g} of {column.name!r}")
    if promise.ignore_missing:
        cells, counts = (frame.filter(pl.col("level").is_not_null()) for frame in (cells, counts))
    classes = counts.group_by(names).agg("n", pl.col("n").sum().alias("size"))
    if _WHO in cells.columns:
        people = cells.group_by(names).agg(_members(cells).alias("size"))
        classes = classes.drop("size").join(people, on=names, nulls_equal=True)
    n_empty = n_classes - classes.height  # nothing in them but missing cells, which say nothing
    if promise.l is not None:
        test, what = {
            "distinct": (pl.col("n").list.len() >= promise.l, f"hold {promise.l:g} levels"),
            "entropy": (_entropy() >= math.log(promise.l) - _SLACK, f"reach the entropy of {promise.l:g} levels"),
            "recursive": (_tail_covers(promise), f"keep recursive ({promise.c}, {promise.l:g})-diversity"),
        }[promise.l_kind]
        kept = int(classes.select(test.sum()).item() or 0) + n_empty * (promise.l_kind == "entropy" and promise.l == 1)
        _demand(n_classes - kept, n_classes, f"{what} of {column.name!r}")
    if promise.alpha is not None:
        above = classes.filter(pl.col("n").list.max() / pl.col("size") > promise.alpha + _SLACK).height
        _demand(above, n_classes, f"keep every level of {column.name!r} at {promise.alpha:g} or less")


def _entropy() -> pl.Expr:
    return pl.col("n").list.eval(pl.element().entropy(normalize=True)).list.first()


def _tail_covers(promise: Promise) -> pl.Expr:
    tail = pl.col("n").list.sort(descending=True).list.slice(int(promise.l or 1) - 1).list.sum()
    return pl.col("n").list.max() < (promise.c or 0.0) * tail


def _distances(counts: pl.DataFrame, names: list[str], column: SensitiveInput, whole: pl.DataFrame) -> pl.Series:
    """Earth mover's distance of each class from the input; `whole` holds its levels and their shares q."""
    if column.distance == "equal":
        return _equal(counts, names, whole)
    if column.distance == "hierarchical":
        # The distance of two levels is the height of their ancestor over the height of the tree; moving mass in such a
        # tree costs the mean, over the steps below the top, of the plain distance between the labels of that step.
        assert column.hierarchy is not None
        height = column.hierarchy.height
        total: pl.Series | None = None
        for step in range(height):
            at = whole if step == 0 else whole.with_columns(column.hierarchy.labels(whole["level"], step))
            own = counts if step == 0 else counts.with_columns(column.hierarchy.labels(counts["level"], step))
            part = _equal(own, names, at)
            total = part if total is None else total + part
        assert total is not None
        return total / height
    return _ordered(counts, names, whole)


def _equal(counts: pl.DataFrame, names: list[str], whole: pl.DataFrame) -> pl.Series:
    """Half the sum of |p - q|; what a class lacks of q is 1 minus what it has."""
    whole = whole.group_by("level").agg(pl.col("q").sum())
    merged = counts.group_by([*names, "level"], maintain_order=True).agg(pl.col("n").sum())
    joined = merged.join(whole, on="level", how="left", nulls_equal=True, maintain_order="left")
    p = pl.col("n") / pl.col("n").sum()
    far = ((p - pl.col("q")).abs().sum() + 1 - pl.col("q").sum()) / 2
    return joined.group_by(names, maintain_order=True).agg(far.alias("far"))["far"]


def _ordered(counts: pl.DataFrame, names: list[str], whole: pl.DataFrame) -> pl.Series:
    """Mean gap between the running sums over the sorted levels, missing last; a few classes at a time."""
    levels = whole["level"].drop_nulls().sort()
    if whole["level"].has_nulls():
        levels = levels.extend_constant(None, 1)
    rank = pl.DataFrame({"level": levels, "rank": np.arange(len(levels))})
    share = levels.alias("level").to_frame().join(whole, on="level", nulls_equal=True, maintain_order="left")["q"]
    running = np.cumsum(share.to_numpy())
    ids = counts.select(names).unique().with_row_index("class")
    table = counts.join(ids, on=names, nulls_equal=True).join(rank, on="level", nulls_equal=True)
    far = np.zeros(ids.height)
    block = max(1, 2_000_000 // len(levels))
    for start in range(0, ids.height, block):
        part = table.filter(pl.col("class").is_between(start, start + block - 1))
        grid = np.zeros((min(block, ids.height - start), len(levels)))
        grid[part["class"].to_numpy() - start, part["rank"].to_numpy()] = part["n"].to_numpy()
        gap = np.cumsum(grid, axis=1) / grid.sum(1, keepdims=True) - running
        far[start : start + len(grid)] = np.abs(gap).sum(1) / max(len(levels) - 1, 1)
    return pl.Series(far)
