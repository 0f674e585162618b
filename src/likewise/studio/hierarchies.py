"""Hierarchies of quasi-identifiers that a person edits, and what is at risk at chosen levels of them, at once.

An edit is plain data. The hierarchy of a column is the one that is built from its values, and then each edit in turn.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.errors import OptionError
from likewise.privacy.encoding import Ints, Quasi, encode, persons_in, reader
from likewise.privacy.ends import ENOUGH
from likewise.privacy.hierarchies import auto, from_dict
from likewise.privacy.labels import TOP, Hierarchy, as_texts
from likewise.privacy.nodes import Lattice
from likewise.privacy.promise import Promise
from likewise.schema.column import Role, Schema
from likewise.studio.session import Source

MOST_VALUES = 20_000
"""Of a column whose hierarchy can be edited."""
MOST_SHOWN = 60
"""Groups of one level."""
MOST_EDITS = 500
MOST_LETTERS = 120
SIZES = (1, 2, 3, 5, 10, 20, 50, 100, math.inf)
"""Where the histogram of class sizes is cut."""

Chains = dict[str | None, list[str]]
"""Each value, and its labels from near to far, without the last, which says nothing."""


@dataclass(frozen=True)
class Edit:
    """One thing done to the hierarchy of a column.

    Args:
        do: "merge" (labels of a level into one called `name`), "cut" (numbers into intervals at `at`, in place of all
            levels), "add" (a level above the last, to merge in), "drop" (a level).
        level: from 1.
    """

    column: str
    do: str
    level: int = 1
    labels: tuple[str, ...] = ()
    name: str = ""
    at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels) if isinstance(self.labels, list | tuple) else ("", ""))
        object.__setattr__(self, "at", tuple(self.at) if isinstance(self.at, list | tuple) else (math.nan,))
        are_texts = all(isinstance(one, str) for one in (self.column, self.do, self.name, *self.labels))
        if not are_texts or self.do not in ("merge", "cut", "add", "drop"):
            raise OptionError("what is done to a hierarchy is merge, cut, add or drop, and labels are texts")
        if isinstance(self.level, bool) or not isinstance(self.level, int) or self.level < 1:
            raise OptionError("a level is a whole number from 1")
        if not all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in self.at):
            raise OptionError("numbers are cut at numbers")

    @classmethod
    def said(cls, said: Mapping[str, Any]) -> Self:
        """One as a request says it.

        Raises:
            OptionError: it is none.
        """
        if unknown := set(said) - {one.name for one in fields(cls)}:
            raise OptionError(f"of an edit nothing is called {sorted(unknown)[0]!r}")
        if not {"column", "do"} <= set(said):
            raise OptionError("an edit names a column and what is done")
        return cls(**said)

    def to_dict(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items() if v not in ((), "")}

    def of(self, chains: Chains, values: pl.Series) -> Chains:
        """The hierarchy with it.

        Raises:
            OptionError: there is no such level or label, or the name stands there already.
        """
        height = len(next(iter(chains.values()), []))
        if self.do == "cut":
            return _cut(values, self.at)
        if self.do == "add":
            return {value: [*chain, chain[-1] if chain else _named(value)] for value, chain in chains.items()}
        if self.level > height:
            raise OptionError(f"column {self.column!r}: its hierarchy has {height} levels")
        if self.do == "drop":
            return {value: chain[: self.level - 1] + chain[self.level :] for value, chain in chains.items()}
        return self._merged(chains)

    def _merged(self, chains: Chains) -> Chains:
        at, name = self.level - 1, self.name.strip()
        there = {chain[at] for chain in chains.values()}
        if len(set(self.labels)) < 2 or not set(self.labels) <= there:
            raise OptionError(f"column {self.column!r}: two or more groups of level {self.level} are merged")
        if not name or len(name) > MOST_LETTERS or not name.isprintable() or name == TOP:
            raise OptionError("a group needs a name of letters that can be printed, and no star")
        if name in there - set(self.labels):
            raise OptionError(f"column {self.column!r}: level {self.level} has a group of that name already")
        # What is one here is one above, too: as the first of those merged.
        above = next(chain for chain in chains.values() if chain[at] == self.labels[0])[at + 1 :]
        return {
            value: [*chain[:at], name, *above] if chain[at] in self.labels else chain for value, chain in chains.items()
        }


def _named(value: str | None) -> str:
    return "missing" if value is None else value


def _cut(values: pl.Series, at: Sequence[float]) -> Chains:
    """Numbers in intervals that end before each of these."""
    if not values.dtype.is_numeric():
        raise OptionError(f"column {values.name!r}: only numbers are cut; merge the groups of others")
    ends = sorted(set(at))
    if not ends:
        raise OptionError(f"column {values.name!r}: say at which numbers it is cut")
    shown = [f"{end:g}" for end in ends]
    labels = [f"< {shown[0]}", *(f"{a} .. < {b}" for a, b in itertools.pairwise(shown)), f">= {shown[-1]}"]
    known = values.drop_nulls().unique().sort()
    place = np.searchsorted(np.asarray(ends), known.cast(pl.Float64).to_numpy(), side="right")
    chains: Chains = {text: [labels[k]] for text, k in zip(as_texts(known).to_list(), place.tolist(), strict=True)}
    return chains | ({None: ["missing"]} if values.has_nulls() else {})


# ---- a column, and all of them ---------------------------------------------------------------------------------------


def values_of(source: Source, schema: Schema) -> dict[str, pl.Series]:
    """The quasi-identifiers, as anonymising reads them."""
    names = [column.name for column in schema if column.role is Role.QUASI_IDENTIFIER]
    readers = {name: reader(source.frame[name], schema[name]) for name in names}
    return {name: one.read(source.frame[name]) for name, one in readers.items()}


def persons_of(source: Source, schema: Schema) -> Ints | None:
    """Whose each row is; None where each is somebody's own."""
    return None if schema.entity is None else persons_in(source.frame, schema.entity)


def built(values: pl.Series, k: int, persons: Ints | None) -> Hierarchy:
    """The hierarchy that anonymising builds where none is given."""
    return auto(values, least=min(k, ENOUGH), persons=persons)


def chains_of(values: pl.Series, edits: Sequence[Edit], *, k: int, persons: Ints | None = None) -> Chains:
    """The hierarchy of a column written out.

    Raises:
        OptionError: it has too many values, or such as no file of a hierarchy holds; an edit cannot be made.
    """
    base = built(values, k, persons)
    distinct = values.unique().sort(nulls_last=True)
    if len(distinct) > MOST_VALUES:
        raise OptionError(f"column {values.name!r}: the hierarchy of {len(distinct):,} values is not edited here")
    texts = as_texts(distinct)
    known = texts.drop_nulls()
    if ((known != known.str.strip_chars()) | known.str.contains(r"[\r\n]") | (known == "")).any():
        raise OptionError(f"column {values.name!r}: values with blanks at their ends or line breaks go in no hierarchy")
    steps = [base.labels(distinct, step).fill_null("missing").to_list() for step in range(1, base.height)]
    chains: Chains = {text: [step[k] for step in steps] for k, text in enumerate(texts.to_list())}
    for edit in edits:
        chains = edit.of(chains, values)
    return chains


def with_edit(source: Source, schema: Schema, k: int, edits: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """The edits and one more.

    Raises:
        OptionError: its column is no quasi-identifier, there are too many, or it cannot be made.
    """
    values = values_of(source, schema).get(edit.column)
    if values is None:
        raise OptionError(f"column {edit.column!r} is no quasi-identifier")
    if len(edits) >= MOST_EDITS:
        raise OptionError(f"{MOST_EDITS} edits are the most")
    own = [one for one in (*edits, edit) if one.column == edit.column]
    chains_of(values, own, k=k, persons=persons_of(source, schema))
    return (*edits, edit)


def to_csv(chains: Chains) -> str:
    """As `likewise anonymize --hierarchy` reads it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    for value, chain in chains.items():
        writer.writerow(["" if value is None else value, *chain, *([] if chain else [TOP])])
    return out.getvalue()


def edited(source: Source, schema: Schema, edits: Sequence[Edit], k: int) -> dict[str, str]:
    """Column -> its hierarchy as a file holds it, of those that were edited and are quasi-identifiers still."""
    found, persons = {}, persons_of(source, schema)
    for name, values in values_of(source, schema).items():
        own = [edit for edit in edits if edit.column == name]
        if own:
            found[name] = to_csv(chains_of(values, own, k=k, persons=persons))
    return found


class Risks:
    """What is at risk; what was counted for one state of columns, edits and k is kept until another is asked for."""

    def __init__(self) -> None:
        self._key: Any = None
        self._columns: list[Quasi] = []
        self._lattice: Lattice | None = None
        self._lock = threading.Lock()

    def told(self, source: Source, schema: Schema, edits: Sequence[Edit], k: int, levels: Mapping[str, int]) -> Any:
        """The levels of each column with their groups, and the risk where each is told at its chosen level, or at the
        last where its hierarchy has become lower.

        Raises:
            OptionError: a level is none, or an edit cannot be made.
        """
        with self._lock:
            key = (source.digest, schema, tuple(edits), k)
            if key != self._key:
                self._key = None
                self._count(source, schema, edits, k)
                self._key = key
            if self._lattice is None:
                return {"columns": [], "risk": None}
            heights = {column.name: column.ladder.height for column in self._columns if column.ladder is not None}
            for name, level in levels.items():
                if name not in heights or isinstance(level, bool) or not isinstance(level, int) or level < 0:
                    raise OptionError("levels are whole numbers of quasi-identifiers, from 0 to the height of each")
            own = {edit.column for edit in edits}
            node = tuple(min(levels.get(name, 0), height) for name, height in heights.items())
            shown = [_shown(c, level, c.name in own) for c, level in zip(self._columns, node, strict=True)]
            return {"columns": shown, "risk": self._risk(node)}

    def _count(self, source: Source, schema: Schema, edits: Sequence[Edit], k: int) -> None:
        self._columns, persons = [], persons_of(source, schema)
        for name, values in values_of(source, schema).items():
            own = [edit for edit in edits if edit.column == name]
            told = from_dict(chains_of(values, own, k=k, persons=persons)) if own else None
            hierarchy = built(values, k, persons) if told is None else told
            self._columns.append(encode(values, hierarchy))
        n = source.frame.height
        self._lattice = Lattice(self._columns, [], Promise(k=k), n, None, persons) if self._columns else None

    def _risk(self, node: tuple[int, ...]) -> dict[str, Any]:
        lattice = self._lattice
        assert lattice is not None
        checked, table = lattice.check(node), lattice.classes(node)
        assert table is not None
        members = table.members[table.sizes > 0]
        kept = members[members >= lattice.promise.k]
        where = np.searchsorted(np.asarray(SIZES[1:]), members, side="right")
        return {
            "rows": lattice.n_rows, "below": checked.suppressed, "classes": len(members),
            "smallest": int(members.min()), "loss": 1.0 if math.isinf(checked.loss) else checked.loss,
            "highest": float(1 / members.min()), "mean": float(len(members) / members.sum()),
            "kept_highest": float(1 / kept.min()) if len(kept) else None,
            "sizes": [int(members[where == at].sum()) for at in range(len(SIZES) - 1)],
        }  # fmt: skip


def _shown(column: Quasi, level: int, is_own: bool) -> dict[str, Any]:
    """A column's levels: how many groups each has, and those of the chosen one with their rows."""
    ladder = column.ladder
    assert ladder is not None
    rows = np.bincount(ladder.maps[level][column.codes], minlength=len(ladder.labels[level]))
    order = np.argsort(-rows, kind="stable")[:MOST_SHOWN]
    labels = ladder.labels[level].fill_null("missing").to_list()
    return {
        "name": column.name, "height": ladder.height, "level": level, "own": is_own,
        "is_number": column.is_scale and column.values.dtype.is_numeric(),
        "counts": [len(one) for one in ladder.labels],
        "groups": [[labels[at], int(rows[at])] for at in order.tolist()],
    }  # fmt: skip
