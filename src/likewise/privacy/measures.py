"""How anonymous a table is, whoever made it: class sizes, risks, and what its classes tell of the sensitive columns.

Missing values are a level like any other: rows that lack a quasi-identifier are in a class, not left out.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise._frames import from_frame
from likewise.errors import InputError, OptionError
from likewise.privacy.criteria import distance, histograms
from likewise.privacy.encoding import canonical, encode
from likewise.schema import nearest

_RISKY = 0.2  # a row whose class holds fewer than 5 is at risk


@dataclass(frozen=True, kw_only=True)
class Diversity:
    """What the classes tell of one sensitive column; the worst class counts."""

    column: str
    n_levels: int
    distinct_l: int  # fewest levels of a class
    entropy_l: float  # exp of the least entropy of a class
    recursive_c: dict[str, float]  # l -> c above which recursive (c, l)-diversity holds; absent where it cannot
    alpha: float  # largest share of a level in a class
    t_equal: float
    t_ordered: float | None  # None: the levels have no order
    basic_beta: float  # largest (p - q) / q


@dataclass(frozen=True, kw_only=True)
class Anonymity:
    """The measures of a table, as plain data.

    The prosecutor knows that a person is in the table; the journalist knows that he is in the population; the marketer
    wants as many right matches as he can get.
    """

    quasi_identifiers: tuple[str, ...]
    n_rows: int
    n_classes: int
    k: int  # smallest class
    class_size_mean: float
    class_size_median: float
    class_size_max: int
    class_sizes: dict[str, int]  # band of sizes -> rows in such classes
    unique_rows: int
    prosecutor_max: float
    prosecutor_mean: float
    prosecutor_rows_at_risk: float  # share of rows whose risk is above 0.2
    marketer: float
    journalist_max: float | None = None  # with a population only
    journalist_mean: float | None = None
    k_map: int | None = None  # smallest class in the population of a class of the table
    presence: tuple[float, float] | None = None  # least and largest share of a population's class that is in the table
    sensitive: tuple[Diversity, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)


def measure(
    frame: Any,
    *,
    quasi_identifiers: Sequence[str],
    sensitive: str | Sequence[str] | None = None,
    population: Any = None,
) -> Anonymity:
    """How anonymous a table is, by the cells it shows.

    Args:
        frame: any frame; rows are told apart by position, never by an index.
        quasi_identifiers: the columns by which someone could find a person.
        sensitive: the column or columns nobody should learn of a person. Shares are compared with this table's own.
        population: a frame with the same quasi-identifiers, recoded the same way, of all who might be in the table.

    Raises:
        OptionError: an unknown column, or one that is both quasi-identifier and sensitive.

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"zip": ["80**", "80**", "30**", "30**", "30**"], "ill": ["a", "b", "a", "a", "c"]})
        >>> found = measure(table, quasi_identifiers=["zip"], sensitive="ill")
        >>> found.k, found.prosecutor_max, found.sensitive[0].distinct_l
        (2, 0.5, 2)
    """
    table, _ = from_frame(frame)
    names, secret = columns_of(table, quasi_identifiers, sensitive)
    public = None if population is None else from_frame(population)[0]
    return measure_table(table, names, secret, public)


def measure_table(
    table: pl.DataFrame, names: list[str], secret: list[str], public: pl.DataFrame | None = None
) -> Anonymity:
    """`measure` on Polars frames whose columns were checked."""
    ids = class_ids(table, names)
    sizes = np.bincount(ids)
    per_row = sizes[ids]
    n, n_classes = len(ids), len(sizes)
    outside = {} if public is None else _journalist(table, public, names)
    return Anonymity(
        quasi_identifiers=tuple(names),
        n_rows=n,
        n_classes=n_classes,
        k=int(sizes.min()),
        class_size_mean=n / n_classes,
        class_size_median=float(np.median(sizes)),
        class_size_max=int(sizes.max()),
        class_sizes=_bands(sizes),
        unique_rows=int((sizes == 1).sum()),
        prosecutor_max=1 / int(sizes.min()),
        prosecutor_mean=n_classes / n,
        prosecutor_rows_at_risk=float((1 / per_row > _RISKY).mean()),
        marketer=n_classes / n,
        sensitive=tuple(_diversity(table[s], ids, n_classes) for s in secret),
        **outside,
    )


def row_risk(frame: Any, *, quasi_identifiers: Sequence[str]) -> npt.NDArray[np.float64]:
    """For each row the chance that someone who knows its quasi-identifiers picks it: 1 / rows of its class.

    Shape: (n, columns) -> (n,)

    >>> import polars as pl
    >>> row_risk(pl.DataFrame({"age": [30, None, None]}), quasi_identifiers=["age"])
    array([1. , 0.5, 0.5])
    """
    table, _ = from_frame(frame)
    names, _ = columns_of(table, quasi_identifiers, None)
    ids = class_ids(table, names)
    return np.asarray(1.0 / np.bincount(ids)[ids])


def class_ids(table: pl.DataFrame, names: list[str]) -> npt.NDArray[np.int64]:
    """The class of each row, numbered from 0 in order of first appearance; nulls are values.

    Floats are told apart as they are written: a file tells -0.0 from 0.0, and NaN from what is missing.
    """
    cells = table.select(
        (pl.col(name).cast(pl.String) if table.schema[name].is_float() else pl.col(name)).alias(f"q{i}")
        for i, name in enumerate(names)
    )
    numbered = cells.unique(maintain_order=True).with_row_index("class")
    joined = cells.join(numbered, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["class"].cast(pl.Int64).to_numpy()


def columns_of(
    table: pl.DataFrame, quasi_identifiers: str | Sequence[str], sensitive: str | Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """The two lists of names, checked.

    Raises:
        OptionError: none given, unknown, twice, or in both lists.
    """
    names = [quasi_identifiers] if isinstance(quasi_identifiers, str) else [str(n) for n in quasi_identifiers]
    secret = [] if sensitive is None else [sensitive] if isinstance(sensitive, str) else [str(n) for n in sensitive]
    if not names:
        raise OptionError("name at least one quasi-identifier: a column by which someone could find a person")
    for name in (*names, *secret):
        if name not in table.columns:
            raise OptionError(f"there is no column {name!r}{nearest(name, table.columns)}")
    for what, group in (("quasi-identifiers", names), ("sensitive columns", secret)):
        twice = sorted({n for n in group if group.count(n) > 1})
        if twice:
            raise OptionError(f"the {what} name {', '.join(map(repr, twice))} twice")
    both = sorted(set(names) & set(secret))
    if both:
        raise OptionError(
            f"{', '.join(map(repr, both))} cannot be both quasi-identifier and sensitive: what an attacker knows "
            "already cannot be kept from him"
        )
    return names, secret


def _bands(sizes: npt.NDArray[np.int64]) -> dict[str, int]:
    edges = [1, 2, 3, 5, 10, 20, 50, 100, 1000]
    names = [str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in itertools.pairwise(edges)]
    names.append(f"{edges[-1]}+")
    rows = np.bincount(np.searchsorted(edges, sizes, side="right") - 1, sizes, len(edges))
    return {name: int(r) for name, r in zip(names, rows, strict=True)}


def _journalist(table: pl.DataFrame, public: pl.DataFrame, names: list[str]) -> dict[str, Any]:
    lacking = [n for n in names if n not in public.columns]
    if lacking:
        raise OptionError(f"the population lacks the quasi-identifiers {', '.join(map(repr, lacking))}")
    try:
        both = pl.concat([table.select(names), public.select(names)], how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        raise InputError("the population's quasi-identifiers have other types than the table's") from None
    ids = class_ids(both, names)
    ours = np.bincount(ids[: table.height], minlength=ids.max() + 1)
    theirs = np.bincount(ids[table.height :], minlength=ids.max() + 1)
    absent = int((theirs[ours > 0] == 0).sum())
    if absent:
        raise InputError(
            f"{absent} classes of the table have nobody in the population: it must hold all who may be in the table, "
            "recoded the same way"
        )
    present = theirs[ours > 0]
    share = ours / np.maximum(theirs, 1)
    return {
        "journalist_max": 1 / int(present.min()),
        "journalist_mean": float((ours[ours > 0] / present).sum() / table.height),
        "k_map": int(present.min()),
        "presence": (float(share.min()), float(share.max())),
    }


def _diversity(series: pl.Series, ids: npt.NDArray[np.int64], n_classes: int) -> Diversity:
    column = encode(canonical(series))
    m = column.n_levels
    q = np.bincount(column.codes, minlength=m) / len(ids)
    order = np.argsort(ids, kind="stable")
    worst = {"distinct": np.inf, "entropy": np.inf, "alpha": 0.0, "equal": 0.0, "ordered": 0.0, "beta": 0.0}
    needed: dict[int, float] = {}
    for _, _, counts in histograms(ids[order], column.codes[order], n_classes, m):
        p = counts / counts.sum(1, keepdims=True)
        worst["distinct"] = min(worst["distinct"], (p > 0).sum(1).min())
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
        worst["entropy"] = min(worst["entropy"], entropy.min())
        worst["alpha"] = max(worst["alpha"], p.max())
        worst["equal"] = max(worst["equal"], distance(p, q, "equal").max())
        worst["ordered"] = max(worst["ordered"], distance(p, q, "ordered").max())
        worst["beta"] = max(worst["beta"], ((p - q) / q).max())
        falling = -np.sort(-p, axis=1)
        for level in range(2, min(m, 6) + 1):
            tail = falling[:, level - 1 :].sum(1)
            need = np.divide(falling[:, 0], tail, out=np.full(len(p), np.inf), where=tail > 0).max()
            needed[level] = max(needed.get(level, 0.0), float(need))
    return Diversity(
        column=series.name,
        n_levels=m,
        distinct_l=int(worst["distinct"]),
        entropy_l=float(np.exp(worst["entropy"])),
        recursive_c={str(level): c for level, c in needed.items() if np.isfinite(c)},
        alpha=float(worst["alpha"]),
        t_equal=float(worst["equal"]),
        t_ordered=float(worst["ordered"]) if column.is_scale else None,
        basic_beta=float(worst["beta"]),
    )
