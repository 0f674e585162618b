"""The kinds of what is determined across tables, each as a value: its text is its formula.

Legend: n rows of the table that points, P of the one that is pointed at; link, (n,) row numbers, -1 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, ClassVar, Literal, cast

import numpy as np
import polars as pl

from likewise.databases.keys import ForeignKey
from likewise.databases.pointing import rows_at
from likewise.errors import ModelFileError
from likewise.typing import Ints

Frames = Mapping[str, pl.DataFrame]
Place = tuple[str, str]
"""A table and a column of it."""
MONDAY = date(2000, 1, 3)
"""What stands for the parent's time where a child's is learnt as the time since then."""
LEARNT = ("since", "weeks", "as it is")
OPS: dict[str, Any] = {
    "count": lambda c: c.len(), "sum": lambda c: c.sum(), "max": lambda c: c.max(), "min": lambda c: c.min(),
    "mean": lambda c: c.mean(),
}  # fmt: skip
Op = Literal["count", "sum", "max", "min", "mean"]


@dataclass(frozen=True)
class _OfParent:
    """What a row holds by what the row holds that it points at.

    Args:
        key: by which it points.
        column, source: its column and the one there.
    """

    key: ForeignKey
    column: str
    source: str

    @property
    def place(self) -> Place:
        """What is computed."""
        return self.key.table, self.column

    @property
    def needs(self) -> tuple[Place, ...]:
        """What it is computed from."""
        return ((self.key.parent, self.source),)


@dataclass(frozen=True)
class Carried(_OfParent):
    """A row holds what the row it points at holds: `orders.country = users.country`.

    Args:
        whole: whether each real row points at one, so that the column need not be learnt.
    """

    how: ClassVar[str] = "carried"
    whole: bool = True

    @property
    def is_learnt(self) -> bool:
        """Whether it is learnt in spite of that."""
        return not self.whole

    def __str__(self) -> str:
        return f"{self.key.table}.{self.column} = {self.key.parent}.{self.source} by {', '.join(self.key.columns)}"

    def compute(self, tables: Frames, link: Ints, rng: np.random.Generator) -> pl.Series:
        """(n,) the column; what was drawn where a row points at none."""
        del rng
        table, copied = tables[self.key.table], gathered(tables[self.key.parent][self.source], link)
        if self.column not in table.columns:
            return copied
        return copied.cast(table[self.column].dtype, strict=False).zip_with(pl.Series(link >= 0), table[self.column])


@dataclass(frozen=True)
class Total:
    """A row holds a sum or the like of the rows that point at it: `orders.total = sum(lines.quantity * lines.price)`.

    Args:
        key: by which they point at it.
        column: the total's.
        op: what is done with the rows.
        of, times: the column that it is done with, and one that it is multiplied by; of a count neither.
        empty: what stands where no row points: "drawn", what was drawn; "zero" or "missing".
        decimals: to which it is rounded; None: not at all.
    """

    how: ClassVar[str] = "total"
    key: ForeignKey
    column: str
    op: Op
    of: str | None = None
    times: str | None = None
    empty: str = "zero"
    decimals: int | None = None

    @property
    def place(self) -> Place:
        """What is computed."""
        return self.key.parent, self.column

    @property
    def needs(self) -> tuple[Place, ...]:
        """What it is computed from."""
        return tuple((self.key.table, c) for c in (self.of, self.times) if c is not None)

    @property
    def is_learnt(self) -> bool:
        """Whether it is learnt in spite of that."""
        return self.empty == "drawn"

    def __str__(self) -> str:
        of = " * ".join(f"{self.key.table}.{c}" for c in (self.of, self.times) if c is not None) or self.key.table
        return f"{self.key.parent}.{self.column} = {self.op}({of}) by {', '.join(self.key.columns)}"

    def compute(self, tables: Frames, link: Ints, rng: np.random.Generator) -> pl.Series:
        """(P,) the column."""
        del rng
        parent = tables[self.key.parent]
        found, none = gathered_totals(self, tables[self.key.table], link, len(parent))
        if self.decimals is not None and found.dtype.is_float():
            found = found.round(self.decimals)
        if self.empty == "zero":
            return pl.select(pl.when(none).then(0).otherwise(found).cast(found.dtype)).to_series()
        if self.empty == "drawn" and self.column in parent.columns:
            drawn = parent[self.column]
            return found.cast(drawn.dtype, strict=False).zip_with(~none, drawn)
        return found


@dataclass(frozen=True)
class After(_OfParent):
    """A time that is not before that of the row pointed at: `orders.placed >= users.since`.

    Args:
        learnt: "since": as the time since then; "weeks": as the time since the Monday before, so that days of the week
            and times of day stay what they are; "as it is".
        always: whether it is so of all real rows; else what is learnt may be negative as well.
    """

    how: ClassVar[str] = "after"
    learnt: str = "since"
    always: bool = True

    @property
    def is_learnt(self) -> bool:
        """In one of the ways."""
        return True

    def __str__(self) -> str:
        return f"{self.key.table}.{self.column} >= {self.key.parent}.{self.source} by {', '.join(self.key.columns)}"

    def since(self, tables: Frames, link: Ints) -> pl.Series:
        """(n,) what is learnt: the time since the parent's, counted from a fixed Monday."""
        frame, start = self._starts(tables, link)
        moved = pl.when(start.is_null()).then("own").otherwise(pl.col("own") - start + _monday(frame["own"].dtype))
        return frame.select(moved.alias(self.column)).to_series()

    def compute(self, tables: Frames, link: Ints, rng: np.random.Generator) -> pl.Series:
        """(n,) the column. What would be before is then, or the week after, or as long after as other rows are."""
        frame, start = self._starts(tables, link)
        own = frame["own"]
        if self.learnt != "as it is":
            made = pl.when(start.is_null()).then("own").otherwise(pl.col("own") - _monday(own.dtype) + start)
            frame = frame.with_columns(own=made.cast(own.dtype))
        wrong = frame.select((pl.col("own") < pl.col("there")).fill_null(False)).to_series()
        if not self.always or not wrong.any():
            return frame["own"]
        after = pl.col("there")
        if self.learnt == "weeks":
            after = pl.col("own") + pl.duration(weeks=1)
        elif self.learnt == "as it is":
            gaps = frame.filter(~wrong).select(pl.col("own") - pl.col("there")).to_series().drop_nulls()
            if len(gaps):
                after = pl.col("there") + pl.lit(gaps.gather(rng.integers(0, len(gaps), len(frame))))
        return frame.select(pl.when(wrong).then(after).otherwise("own").cast(own.dtype)).to_series()

    def _starts(self, tables: Frames, link: Ints) -> tuple[pl.DataFrame, pl.Expr]:
        """(n,) both times, and from when on time is counted."""
        own = tables[self.key.table][self.column]
        there = gathered(tables[self.key.parent][self.source], link).cast(own.dtype)
        start = pl.col("there").dt.truncate("1w") if self.learnt == "weeks" else pl.col("there")
        return pl.DataFrame({"own": own, "there": there}), start


@dataclass(frozen=True)
class Implied:
    """Values that say whether rows point at a row: `orders.shipped` is one of these where `parcels` do, else of those.

    Args:
        key: by which they point at it.
        column: its column.
        present, absent: values where rows do and do not, as texts; None is a missing one.
    """

    how: ClassVar[str] = "implied"
    key: ForeignKey
    column: str
    present: tuple[str | None, ...]
    absent: tuple[str | None, ...]

    @property
    def place(self) -> Place:
        """What is computed."""
        return self.key.parent, self.column

    @property
    def needs(self) -> tuple[Place, ...]:
        """Only the links."""
        return ()

    @property
    def is_learnt(self) -> bool:
        """Whether it says more than that."""
        return len(self.present) > 1 or len(self.absent) > 1

    def __str__(self) -> str:
        return f"{self.key.parent}.{self.column} tells whether {self.key.table} point by {', '.join(self.key.columns)}"

    def compute(self, tables: Frames, link: Ints, rng: np.random.Generator) -> pl.Series:
        """(P,) the column; of rows that say otherwise, what others of their kind hold."""
        parent = tables[self.key.parent]
        there = np.bincount(link[link >= 0], minlength=len(parent)) > 0
        if self.column not in parent.columns:
            one, other = (pl.Series([v], dtype=pl.String) for v in (self.present[0], self.absent[0]))
            return one.new_from_index(0, len(parent)).zip_with(pl.Series(there), other.new_from_index(0, len(parent)))
        column = parent[self.column]
        texts = column.cast(pl.String)
        for here, values in ((there, self.present), (~there, self.absent)):
            fits = texts.is_in(pl.Series([v for v in values if v is not None], dtype=pl.String).implode())
            right = (fits.fill_null(False) | (texts.is_null() & (None in values))).to_numpy()
            donors, wrong = np.flatnonzero(right), np.flatnonzero(here & ~right)
            if not len(wrong):
                continue
            if len(donors):
                new = column.gather(rng.choice(donors, len(wrong)))
            else:
                new = pl.Series([values[0]], dtype=pl.String).cast(column.dtype).new_from_index(0, len(wrong))
            column = column.scatter(wrong, new)
        return column


@dataclass(frozen=True)
class Running:
    """A balance: what it was in the row before of the same parent, and an amount: `moves.balance`.

    Args:
        key: by which rows point at their parent.
        order: the column that orders them.
        column, amount: the balance and what is added to it.
        sign: 1, or -1 where it is taken off.
        decimals: to which it is rounded; None: not at all.
    """

    how: ClassVar[str] = "running"
    key: ForeignKey
    order: str
    column: str
    amount: str
    sign: int = 1
    decimals: int | None = None

    @property
    def place(self) -> Place:
        """What is computed."""
        return self.key.table, self.column

    @property
    def needs(self) -> tuple[Place, ...]:
        """What it is computed from."""
        return (self.key.table, self.amount), (self.key.table, self.order)

    @property
    def is_learnt(self) -> bool:
        """Yes: the first one is drawn."""
        return True

    def __str__(self) -> str:
        mark = "+" if self.sign > 0 else "-"
        return f"{self.key.table}.{self.column} = the one before {mark} {self.key.table}.{self.amount} by {self.order}"

    def compute(self, tables: Frames, link: Ints, rng: np.random.Generator) -> pl.Series:
        """(n,) the column, from the first balance of each parent on."""
        del rng
        own = tables[self.key.table]
        frame = ordered(own, self, link)
        first = pl.col("balance").first().over("link")
        step = pl.when(pl.col("k") == 0).then(0).otherwise(pl.col("amount") * self.sign).cum_sum().over("link")
        made = frame.with_columns(made=first + step).sort("row")["made"]
        made = made.round(self.decimals) if self.decimals is not None and made.dtype.is_float() else made
        alone = pl.Series(link >= 0)
        return made.cast(own[self.column].dtype, strict=False).zip_with(alone, own[self.column])


Derived = Carried | Total | After | Implied | Running
KINDS: dict[str, type[Derived]] = {kind.how: kind for kind in (Carried, Total, After, Implied, Running)}


def gathered(values: pl.Series, link: Ints) -> pl.Series:
    """(n,) the value there; missing where a row points at none."""
    return values.gather(rows_at(link))


def gathered_totals(total: Total, child: pl.DataFrame, link: Ints, n_parents: int) -> tuple[pl.Series, pl.Series]:
    """(P,) the total of each parent, missing where nothing points at it, and whether nothing does."""
    columns = {c: numeric(child[c]) if total.op in ("sum", "mean") else child[c] for c in (total.of, total.times) if c}
    value = pl.col(total.of or "\0link")
    value = value * pl.col(total.times) if total.times is not None else value
    frame = pl.DataFrame({**columns, "\0link": link}).filter(pl.col("\0link") >= 0)
    amount = pl.len().cast(pl.Int64) if total.of is None else OPS[total.op](value)
    found = frame.group_by("\0link").agg(amount.alias("\0total"), pl.len().alias("\0n"))
    whole = pl.DataFrame({"\0link": np.arange(n_parents)}).join(found, on="\0link", how="left", maintain_order="left")
    return whole["\0total"].alias(total.column), whole["\0n"].is_null()


def ordered(own: pl.DataFrame, running: Running, link: Ints) -> pl.DataFrame:
    """Rows that point at a parent, in order: `row`, `link`, `balance`, `amount`, and `k`, counted within the parent."""
    frame = pl.DataFrame(
        {
            "link": link, "balance": numeric(own[running.column]), "amount": numeric(own[running.amount]),
            "order": own[running.order],
        }
    )  # fmt: skip
    frame = frame.with_row_index("row").sort("link", "order", "row")
    return frame.with_columns(k=pl.int_range(pl.len()).over("link"))


def numeric(series: pl.Series) -> pl.Series:
    """The column as numbers that can be added without overflow."""
    if series.dtype.is_float():
        return series.cast(pl.Float64)
    return series.cast(pl.Float64 if isinstance(series.dtype, pl.Decimal) else pl.Int64)


def _monday(dtype: pl.DataType) -> pl.Expr:
    return pl.lit(MONDAY, dtype=pl.Date).cast(dtype)


# ---- JSON ------------------------------------------------------------------------------------------------------------


def plain(derived: Derived) -> dict[str, Any]:
    """As JSON holds it, the key by its text."""
    values = {f.name: getattr(derived, f.name) for f in fields(derived)}
    made = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    return {"how": derived.how, **made, "key": str(derived.key)}


def from_plain(data: Any, keys: Mapping[str, ForeignKey]) -> Derived:
    """The inverse of `plain`.

    Raises:
        ModelFileError: it does not fit together.
    """
    kind = KINDS.get(str(data.get("how"))) if isinstance(data, dict) else None
    if kind is None or set(data) != {"how", *(f.name for f in fields(kind))} or data["key"] not in keys:
        raise ModelFileError("what is determined across tables: there is no such kind, or no such key")
    types = {
        "column": str, "source": str, "of": (str, type(None)), "times": (str, type(None)), "op": str, "empty": str,
        "whole": bool, "learnt": str, "always": bool, "present": list, "absent": list, "order": str, "amount": str,
        "sign": int, "decimals": (int, type(None)),
    }  # fmt: skip
    values = {name: data[name] for name in data if name not in ("how", "key")}
    fits = all(isinstance(value, cast(Any, types[name])) for name, value in values.items())
    fits = fits and values.get("op", "sum") in OPS and values.get("empty", "zero") in ("zero", "missing", "drawn")
    fits = fits and values.get("learnt", "since") in LEARNT
    fits = fits and values.get("sign", 1) in (1, -1) and 0 <= (values.get("decimals") or 0) <= 18
    fits = fits and (kind is not Total or (values["op"] == "count") == (values["of"] is None))
    for name in ("present", "absent"):
        if fits and name in values:
            fits = 0 < len(values[name]) <= 64 and all(v is None or isinstance(v, str) for v in values[name])
            values[name] = tuple(values[name])
    if not fits:
        raise ModelFileError("what is determined across tables: its parts do not fit together")
    return kind(key=keys[data["key"]], **values)
