"""How anonymous a table is, whoever made it: class sizes, risks, and what its classes tell of the sensitive columns.

Missing values are a level like any other: rows that lack a quasi-identifier are in a class, not left out.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError, nearest
from likewise.privacy.criteria import count_persons, distance, histograms
from likewise.privacy.encoding import Floats, Ints, canonical, encode, persons_in, rows_of, spelled_once
from likewise.privacy.labels import TOP
from likewise.privacy.promise import check_choice
from likewise.privacy.stars import crowds_as_read
from likewise.privacy.written import as_written
from likewise.tables.frames import from_frame

_RISKY = 0.2  # a row whose class holds fewer than 5 is at risk


@dataclass(frozen=True, kw_only=True)
class Diversity:
    """What the classes tell of one sensitive column; the worst class counts."""

    column: str
    n_levels: int
    distinct_l: int  # fewest levels of a class
    one_level: int  # classes in which all have one level: whoever is in one of them has it
    entropy_l: float  # exp of the least entropy of a class
    recursive_c: dict[str, float]  # l -> c above which recursive (c, l)-diversity holds; absent where it cannot
    alpha: float  # largest share of a class that has one level
    t_equal: float
    t_ordered: float | None  # None: the levels have no order
    basic_beta: float  # largest (p - q) / q


@dataclass(frozen=True, kw_only=True)
class Anonymity:
    """The measures of a table, as plain data. A class's members are persons where an entity was named, else rows.

    The prosecutor knows that a person is in the table; the journalist knows that he is in the population; the marketer
    wants as many right matches as he can get.
    """

    quasi_identifiers: tuple[str, ...]
    n_rows: int  # that are told
    n_persons: int | None  # None: no entity was named
    suppressed_rows: int  # of which nothing is told but stars; they form no class
    n_classes: int
    k: int  # smallest class, in members
    class_size_mean: float
    class_size_median: float
    class_size_max: int
    class_sizes: dict[str, int]  # band of sizes -> members in such classes
    unique_rows: int  # classes of one member
    prosecutor_max: float
    prosecutor_mean: float
    prosecutor_rows_at_risk: float  # share of members whose risk is above 0.2
    marketer: float
    journalist_max: float | None = None  # with a population only
    journalist_mean: float | None = None
    k_map: int | None = None  # smallest class in the population of a class of the table
    presence: tuple[float, float] | None = None  # least and largest share of a population's class that is in the table
    sensitive: tuple[Diversity, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON has them."""
        return asdict(self)

    def to_json(self) -> str:
        """All figures as JSON text."""
        return json.dumps(self.to_dict(), indent=2)


def measure(
    frame: Any,
    *,
    quasi_identifiers: str | Sequence[str],
    sensitive: str | Sequence[str] | None = None,
    population: Any = None,
    entity: str | None = None,
    ignore_missing: bool = False,
    star: str = "value",
) -> Anonymity:
    """How anonymous a table is, by the cells it shows.

    Args:
        frame: any frame; rows are told apart by position, never by an index. Rows whose quasi-identifiers are all `*`
            (and whose sensitive cells are `*` or missing) are suppressed: they form no class, unless all rows are so
            or others of nothing but `*` tell what is sensitive.
        quasi_identifiers: the columns by which someone could find a person.
        sensitive: the column or columns nobody should learn of a person. Shares are compared with this table's own.
            Texts that differ in case, blanks at the ends or Unicode form only are one level.
        population: a frame with the same quasi-identifiers, recoded the same way, of all who might be in the table.
        entity: the column that tells whose a row is: then persons are counted, each once in a class (and once for each
            of its levels there). None: each row is a person.
        ignore_missing: missing sensitive cells are no level.
        star: whether a star `*` is a "value" of its own or stands for "any": then a row's class are all that agree
            with it wherever neither has a star (what is told of sensitive columns takes it for a value all the same).

    Raises:
        OptionError: an unknown column, or one that is both quasi-identifier and sensitive.
        InputError: rows without an entity; or the population lacks somebody.

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"zip": ["80**", "80**", "30**", "30**", "30**"], "ill": ["a", "b", "a", "a", "c"]})
        >>> found = measure(table, quasi_identifiers=["zip"], sensitive="ill")
        >>> found.k, found.prosecutor_max, found.sensitive[0].distinct_l
        (2, 0.5, 2)
        >>> twice = table.with_columns(who=pl.Series([1, 1, 2, 3, 4]))
        >>> measure(twice, quasi_identifiers=["zip"], entity="who").k
        1
    """
    table, _ = from_frame(frame)
    names, secret = columns_of(table, quasi_identifiers, sensitive, entity)
    public = None if population is None else read_population(population, names, entity)
    persons = None if entity is None else persons_in(table, entity)
    check_choice("star", star, ("value", "any"))
    return measure_table(table, names, secret, public, persons, ignore_missing=ignore_missing, star=star)


def measure_table(
    table: pl.DataFrame, names: list[str], secret: list[str], public: pl.DataFrame | None = None,
    persons: Ints | None = None, *, ignore_missing: bool = False, star: str = "value",
    starred: pl.Series | None = None, weights: Ints | None = None,
) -> Anonymity:  # fmt: skip
    """`measure` on Polars frames whose columns were checked; `starred` (n,) are the rows known to be suppressed, and
    `weights` (n,) rows that each stands for."""
    if starred is None:
        starred = is_suppressed(table, names, secret if star == "value" else None)
    told = table.filter(~starred)
    who = None if persons is None else persons[~starred.to_numpy()]
    rows = None if weights is None else weights[~starred.to_numpy()]
    ids = class_ids(told, names)
    # A person counts once in each class.
    members = ids if who is None else np.unique(ids * (int(who.max()) + 1) + who) // (int(who.max()) + 1)
    sizes = rows_of(members, 0, rows)
    outside = {} if public is None else _journalist(told, public, names, ids, sizes)
    diversities = tuple(_diversity(told[s], ids, sizes, who, ignore_missing, rows) for s in secret)
    if star == "any":
        sizes = np.zeros_like(sizes)
        sizes[ids] = crowds_as_read(as_written(told.select(names)), who)
    per_member, each = sizes[members], 1 if rows is None else rows
    n_members = len(members) if rows is None else int(rows.sum())
    # Summed exactly, so that the order of the rows leaves no trace in the last digit.
    mean_risk = math.fsum(each / per_member) / n_members
    n_classes = len(sizes)
    return Anonymity(
        quasi_identifiers=tuple(names),
        n_rows=told.height if rows is None else n_members,
        n_persons=None if who is None else len(np.unique(who)),
        suppressed_rows=int(starred.sum()) if weights is None else int(weights.sum()) - n_members,
        n_classes=n_classes,
        k=int(sizes.min()),
        class_size_mean=float(sizes.mean()),
        class_size_median=float(np.median(sizes)),
        class_size_max=int(sizes.max()),
        class_sizes=_bands(sizes),
        unique_rows=int((sizes == 1).sum()),
        prosecutor_max=1 / int(sizes.min()),
        prosecutor_mean=mean_risk,
        prosecutor_rows_at_risk=float((each * (1 / per_member > _RISKY)).sum() / n_members),
        marketer=mean_risk,
        sensitive=diversities,
        **outside,
    )


def is_suppressed(table: pl.DataFrame, names: Sequence[str], secret: Sequence[str] | None) -> pl.Series:
    """(n,) the rows of which nothing is told but stars; none where that is true of all, where a star is any value,
    or where others with nothing but stars are a class, for they tell what is sensitive."""
    if secret is None or any(table.schema[name] != pl.String for name in names):
        return pl.repeat(False, table.height, eager=True)
    stars = [pl.col(name).eq_missing(pl.lit(TOP)) for name in names]
    hidden = [pl.col(s).is_null() | (pl.col(s).cast(pl.String) == TOP).fill_null(False) for s in secret]
    every, starred = table.select(every=pl.all_horizontal(stars), starred=pl.all_horizontal(*stars, *hidden))
    return starred & (not starred.all()) & (not (every & ~starred).any())


def row_risk(frame: Any, *, quasi_identifiers: str | Sequence[str], entity: str | None = None) -> Floats:
    """For each row the chance that someone who knows its quasi-identifiers picks its person: 1 / members of its class.

    Shape: (n, columns) -> (n,)

    Args:
        frame: any frame; a missing cell is a level of its own.
        quasi_identifiers: the columns that are known.
        entity: the column that tells whose a row is, so that a class counts persons; None: each row is a person.

    Example:
        >>> import polars as pl
        >>> row_risk(pl.DataFrame({"age": [30, None, None]}), quasi_identifiers=["age"])
        array([1. , 0.5, 0.5])
    """
    table, _ = from_frame(frame)
    names, _ = columns_of(table, quasi_identifiers, None, entity)
    ids = class_ids(table, names)
    return np.asarray(1.0 / count_persons(ids, persons_in(table, entity), int(ids.max()) + 1)[ids])


def class_ids(table: pl.DataFrame, names: list[str]) -> Ints:
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
    table: pl.DataFrame, quasi_identifiers: str | Sequence[str], sensitive: str | Sequence[str] | None,
    entity: str | None = None,
) -> tuple[list[str], list[str]]:  # fmt: skip
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
    if entity in (*names, *secret):
        raise OptionError(
            f"column {entity!r} tells whose a row is: it is never released, so it cannot be a quasi-identifier or "
            "sensitive as well"
        )
    return names, secret


def read_population(population: Any, names: Sequence[str], entity: str | None) -> pl.DataFrame:
    """All who might be in the table, a row a person."""
    public = from_frame(population)[0]
    lacking = [n for n in names if n not in public.columns]
    if lacking:
        raise OptionError(f"the population lacks the quasi-identifiers {', '.join(map(repr, lacking))}")
    if entity is not None and entity in public.columns:
        n_persons = int(persons_in(public, entity).max()) + 1
        if n_persons < public.height:
            raise InputError(
                f"the population has {public.height} rows of {n_persons} persons (column {entity!r}); give one row a "
                "person"
            )
    return public


def _bands(sizes: Ints) -> dict[str, int]:
    edges = [1, 2, 3, 5, 10, 20, 50, 100, 1000]
    names = [str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in itertools.pairwise(edges)]
    names.append(f"{edges[-1]}+")
    rows = np.bincount(np.searchsorted(edges, sizes, side="right") - 1, sizes, len(edges))
    return {name: int(r) for name, r in zip(names, rows, strict=True)}


def _journalist(
    table: pl.DataFrame, public: pl.DataFrame, names: list[str], ids: Ints, sizes: Ints
) -> dict[str, Any]:  # fmt: skip
    """Beside a population: `ids` (n,) and `sizes` (G,) are the table's classes and their members."""
    try:
        both = pl.concat([table.select(names), public.select(names)], how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        raise InputError("the population's quasi-identifiers have other types than the table's") from None
    # Classes are numbered as they appear, and the table comes first: its own have the same numbers in both.
    every = class_ids(both, names)
    theirs = np.bincount(every[table.height :], minlength=int(every.max()) + 1)
    ours = np.zeros(len(theirs), np.int64)
    ours[every[: table.height]] = sizes[ids]
    for few, what in ((theirs == 0, "have nobody"), (theirs < ours, "hold more people than they have")):
        n_bad = int(few[ours > 0].sum())
        if n_bad:
            raise InputError(
                f"{n_bad} classes of the table {what} in the population: it must hold all who may be in the table, "
                "recoded the same way"
            )
    present = theirs[ours > 0]
    share = ours / np.maximum(theirs, 1)
    return {
        "journalist_max": 1 / int(present.min()),
        "journalist_mean": float((ours[ours > 0] / present).sum() / ours.sum()),
        "k_map": int(present.min()),
        "presence": (float(share.min()), float(share.max())),
    }


def _diversity(
    series: pl.Series, ids: Ints, sizes: Ints, persons: Ints | None, ignore_missing: bool,
    weights: Ints | None = None,
) -> Diversity:  # fmt: skip
    column = encode(spelled_once(canonical(series)))
    m, codes, n_classes = column.n_levels, column.codes.astype(np.int64), len(sizes)
    if ignore_missing and column.has_missing:
        known = column.values.is_not_null().to_numpy()[codes]
        ids, codes, m = ids[known], codes[known], max(m - 1, 1)
        persons = None if persons is None else persons[known]
        weights = None if weights is None else weights[known]
    of = rows_of(ids, n_classes, weights) if persons is None else count_persons(ids, persons, n_classes)
    if persons is not None:  # a person counts once for each of its levels in a class
        once = pl.DataFrame({"class": ids, "who": persons, "level": codes}).unique()
        ids, codes = once["class"].to_numpy(), once["level"].to_numpy()
    q = rows_of(codes, m, weights)
    q = q / max(q.sum(), 1)
    order = np.argsort(ids, kind="stable")
    one_level = 0
    worst = {"distinct": np.inf, "entropy": np.inf, "alpha": 0.0, "equal": 0.0, "ordered": 0.0, "beta": 0.0}
    needed: dict[int, float] = {}
    for start, stop, counts in histograms(
        ids[order], codes[order], n_classes, m, None if weights is None else weights[order]
    ):
        p = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        levels = (p > 0).sum(1)
        worst["distinct"] = min(worst["distinct"], levels.min())
        one_level += int((levels == 1).sum())
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
        worst["entropy"] = min(worst["entropy"], entropy.min())
        worst["alpha"] = max(worst["alpha"], (counts.max(1) / np.maximum(of[start:stop], 1)).max())
        worst["equal"] = max(worst["equal"], distance(p, q, "equal").max())
        worst["ordered"] = max(worst["ordered"], distance(p, q, "ordered").max())
        worst["beta"] = max(worst["beta"], ((p - q) / np.where(q > 0, q, 1)).max())
        falling = -np.sort(-p, axis=1)
        for level in range(2, min(m, 6) + 1):
            tail = falling[:, level - 1 :].sum(1)
            need = np.divide(falling[:, 0], tail, out=np.full(len(p), np.inf), where=tail > 0).max()
            needed[level] = max(needed.get(level, 0.0), float(need))
    return Diversity(
        column=series.name,
        n_levels=m,
        distinct_l=int(worst["distinct"]),
        one_level=one_level,
        entropy_l=float(np.exp(worst["entropy"])),
        recursive_c={str(level): c for level, c in needed.items() if np.isfinite(c)},
        alpha=float(worst["alpha"]),
        t_equal=float(worst["equal"]),
        t_ordered=float(worst["ordered"]) if column.is_scale else None,
        basic_beta=float(worst["beta"]),
    )
