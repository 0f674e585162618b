"""A database at a glance: its tables, its keys and what their rows show, and a picture of how tables point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from likewise.databases.graph import Links, graph_of
from likewise.databases.integrity import Problem
from likewise.databases.keys import DatabaseSchema, ForeignKey, key_text
from likewise.databases.naming import same
from likewise.databases.pointing import MISSING, ORPHAN
from likewise.databases.roots import Roots, is_label, roots_of
from likewise.schema.keys import PEOPLE, parts_of

if TYPE_CHECKING:
    from likewise.databases.database import Database

_FEW = 1_000
"""Rows; no more has a table that only lists what others may be."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A foreign key, and what its rows show.

    Args:
        key: it.
        rows: of the table that points; how many of these point at nothing (`missing`), or at what is not there
            (`orphans`).
        least, median, most: children of a parent that has some.
        without: the share of parents that have none.
        evidence: by what it was found; "" where it was given.
        types: how both sides are stored where these differ, else "".
    """

    key: ForeignKey
    rows: int
    missing: int
    orphans: int
    least: int
    median: float
    most: int
    without: float
    evidence: str
    types: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What a database holds, in counts and never by cells.

    Args:
        schema: its keys.
        rows, columns: how many, by table.
        relations: its foreign keys.
        problems: what does not hold.
        lookups: tables whose rows might stay as they are, and why; it is for you to say so.
        roots: whose the rows of each table are.
    """

    schema: DatabaseSchema
    rows: Mapping[str, int]
    columns: Mapping[str, int]
    relations: tuple[Relation, ...]
    problems: tuple[Problem, ...]
    lookups: Mapping[str, str]
    roots: Roots

    def belongings(self) -> list[str]:
        """In words, whose rows count together: all rows of a root entity are learnt or held out together, and root
        entities are counted behind what is kept.

        Example:
            >>> import polars as pl
            >>> from likewise.databases.database import Database
            >>> users = pl.DataFrame({"id": range(30)})
            >>> orders = pl.DataFrame({"user": [i % 30 for i in range(90)]})
            >>> Database({"users": users, "orders": orders}, ["orders.user -> users.id"]).overview().belongings()
            ["rows of 'orders' belong to those of 'users'"]
        """
        lines = [
            f"rows of {', '.join(map(repr, below))} belong to those of {name!r}"
            for name in self.schema.tables
            if (below := self.roots.belonging(name))
        ]
        by = (f"rows of {name!r} belong to whom column {column!r} names" for name, column in self.roots.columns.items())
        return [*lines, *by]

    def table_lines(self) -> tuple[Sequence[str], list[Sequence[str]]]:
        """A line a table."""
        lines: list[Sequence[str]] = []
        for name, table in self.schema.tables.items():
            keys = [", ".join(key) + self._how(key_text(name, key)) for key in table.keys]
            keys[0:0] = [] if table.primary else ["-"]
            more = [f"order: {table.order}"] if table.order else []
            more += ["kept as it is"] if table.kept else []
            more += [f"unique: {key}" for key in keys[1:]]
            lines.append((name, f"{self.rows[name]:,}", f"{self.columns[name]:,}", keys[0], "; ".join(more)))
        return ("table", "rows", "columns", "primary key", "more"), lines

    def _how(self, key: str) -> str:
        words = self.schema.evidence.get(key, "")
        return " (?)" if words.endswith("likely") else ""

    def relation_lines(self) -> tuple[Sequence[str], list[Sequence[str]]]:
        """A line a foreign key."""
        heads = ("foreign key", "children (min / median / max)", "parents without", "missing", "orphans", "found by")
        lines: list[Sequence[str]] = [
            (
                str(r.key), f"{r.least:,} / {r.median:g} / {r.most:,}", _share(r.without), f"{r.missing:,}",
                f"{r.orphans:,}", "; ".join(filter(None, (r.evidence, r.types))),
            )
            for r in self.relations
        ]  # fmt: skip
        return heads, lines

    def __str__(self) -> str:
        heads, lines = self.table_lines()
        parts = [f"{len(self.rows)} tables", *_in_columns([heads, *lines])]
        if self.relations:
            parts += ["", f"{len(self.relations)} foreign keys, and children of a parent (least / median / most)"]
        for r in self.relations:
            more = [f"missing: {r.missing:,}"] if r.missing else []
            more += [f"orphans: {r.orphans:,}"] if r.orphans else []
            children = f"{r.least:,} / {r.median:g} / {r.most:,}, {_share(r.without)} of parents without"
            parts += [f"{r.key}", f"    {'; '.join(filter(None, (children, *more, r.types, r.evidence)))}"]
        roots = ["", *self.belongings()] if self.belongings() else []
        return "\n".join([*parts, *roots, "", self.picture()])

    def picture(self) -> str:
        """The tables as a tree, each below one that it points at; what else it points at stands behind it.

        Example:
            >>> import polars as pl
            >>> from likewise.databases.database import Database
            >>> a, b = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"a_id": [1, 1, 2]})
            >>> print(Database({"a": a, "b": b}, ["b.a_id -> a.id"]).overview().picture())
            a (2)
            └─< b (3) by a_id
        """
        return "\n".join(_tree(self))

    def svg(self) -> str:
        """The tables as a static picture: parents at the left, children at the right."""
        return _drawn(self)


def _share(share: float) -> str:
    """In percent; all and none are said of all and none alone."""
    percent = round(100 * share)
    return ">99%" if percent == 100 and share < 1 else "<1%" if not percent and share else f"{percent}%"


def _in_columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of texts, numbers at the right."""
    wide = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    padded = (
        [text.rjust(n) if at in (1, 2) else text.ljust(n) for at, (text, n) in enumerate(zip(line, wide, strict=True))]
        for line in lines
    )
    return ["  ".join(line).rstrip() for line in padded]


def overview(database: Database) -> Overview:
    """A database at a glance."""
    schema = database.schema
    relations = tuple(_relation(database, key) for key in schema.foreign)
    return Overview(
        schema=schema, rows={name: len(frame) for name, frame in database.tables.items()},
        columns={name: frame.width for name, frame in database.tables.items()}, relations=relations,
        problems=database.problems(), lookups=lookups(database), roots=roots_in(database),
    )  # fmt: skip


def roots_in(database: Database) -> Roots:
    """Whose the rows of a database are."""
    schema, tables = database.schema, database.tables
    links = {
        key: Links.of(
            tables[key.table].drop(schema.key_columns(key.table)), database.parent_rows(key), len(tables[key.parent])
        )
        for key in schema.foreign
    }
    kept = [name for name, table in schema.tables.items() if table.kept]
    return roots_of(schema, graph_of(schema, links, kept), links, tables)


def _relation(database: Database, key: ForeignKey) -> Relation:
    rows = database.parent_rows(key)
    n_parents = len(database.tables[key.parent])
    counts = np.bincount(rows[rows >= 0], minlength=n_parents)
    some = counts[counts > 0]
    own, parent = database.tables[key.table], database.tables[key.parent]
    unlike = [
        f"{a} {own[a].dtype} beside {parent[b].dtype}" for a, b in zip(key.columns, key.parent_columns, strict=True)
        if own[a].dtype != parent[b].dtype
    ]  # fmt: skip
    return Relation(
        key=key, rows=len(rows), missing=int((rows == MISSING).sum()), orphans=int((rows == ORPHAN).sum()),
        least=int(some.min()) if len(some) else 0, median=float(np.median(some)) if len(some) else 0.0,
        most=int(some.max()) if len(some) else 0, without=1 - len(some) / n_parents if n_parents else 0.0,
        evidence=database.schema.evidence.get(str(key), ""), types=", ".join(unlike),
    )  # fmt: skip


def lookups(database: Database) -> dict[str, str]:
    """Tables that rather list what others may be than hold records, and why: few rows, none of people, that point at
    nothing, are pointed at by many, and have a name each.

    Example:
        >>> import polars as pl
        >>> from likewise.databases.database import Database
        >>> genres = pl.DataFrame({"genre_id": [1, 2], "genre": ["new", "old"]})
        >>> things = pl.DataFrame({"genre_id": [1, 2] * 20})
        >>> lookups(Database({"genres": genres, "things": things}, ["things.genre_id -> genres.genre_id"]))
        {'genres': "2 rows, told apart by 'genre', and 20 rows on average point at each"}
    """
    found = {}
    for name, table in database.schema.tables.items():
        frame, into = database.tables[name], database.schema.into(name)
        n_children = sum(int((database.parent_rows(key) >= 0).sum()) for key in into)
        few = 0 < len(frame) <= _FEW and n_children >= 10 * len(frame)
        if table.kept or not few or database.schema.of(name) or _holds_people(name):
            continue
        label = next((c.name for c in frame if c.name not in table.primary and is_label(c)), None)
        if label is not None:
            each = f"{n_children / len(frame):,.0f} rows on average point at each"
            found[name] = f"{len(frame):,} rows, told apart by {label!r}, and {each}"
    return found


def _holds_people(table: str) -> bool:
    return any(same(word, who) for word in parts_of(table) for who in PEOPLE)


# ---- pictures ------------------------------------------------------------------------------------------------------


def _levels(schema: DatabaseSchema) -> dict[str, int]:
    """How many steps a table stands from one that points at nothing; links that close a circle do not count."""
    levels: dict[str, int] = {}

    def level(table: str, above: tuple[str, ...]) -> int:
        if table not in levels:
            parents = [key.parent for key in schema.of(table) if key.parent not in (*above, table)]
            found = max((level(parent, (*above, table)) + 1 for parent in parents), default=0)
            levels.setdefault(table, found)
        return levels[table]

    for table in schema.tables:
        level(table, ())
    return levels


def _tree(view: Overview) -> list[str]:
    schema, levels = view.schema, _levels(view.schema)
    home: dict[str, ForeignKey] = {}
    for table in schema.tables:
        up = [key for key in schema.of(table) if levels[key.parent] < levels[table]]
        if up:
            home[table] = max(up, key=lambda key: (levels[key.parent], view.rows[key.parent]))

    def name(table: str) -> str:
        key = home.get(table)
        others = [str(k.parent) + f" by {', '.join(k.columns)}" for k in schema.of(table) if k != key]
        by = "" if key is None else f" by {', '.join(key.columns)}"
        return f"{table} ({view.rows[table]:,}){by}" + (f"; also -> {'; '.join(others)}" if others else "")

    def below(table: str, indent: str) -> list[str]:
        children = [child for child, key in home.items() if key.parent == table]
        lines = []
        for at, child in enumerate(children):
            is_last = at == len(children) - 1
            lines.append(f"{indent}{'└' if is_last else '├'}─< {name(child)}")
            lines += below(child, indent + ("    " if is_last else "│   "))
        return lines

    return [line for table in schema.tables if table not in home for line in (name(table), *below(table, ""))]


_WIDE, _HIGH, _ACROSS, _DOWN = 170, 38, 240, 54
"""Pixels: of a box, and from one to the next."""


def _drawn(view: Overview) -> str:
    levels = _levels(view.schema)
    columns = [[t for t in levels if levels[t] == at] for at in range(max(levels.values()) + 1)]
    place: dict[str, tuple[int, int]] = {}
    for at, tables in enumerate(columns):

        def middle(table: str) -> float:
            ys = [place[k.parent][1] for k in view.schema.of(table) if k.parent in place]
            return sum(ys) / len(ys) if ys else 0.0

        for row, table in enumerate(sorted(tables, key=middle)):
            place[table] = (10 + at * _ACROSS, 10 + row * _DOWN)
    wide = 20 + (len(columns) - 1) * _ACROSS + _WIDE + 30
    high = 20 + max(map(len, columns)) * _DOWN
    lines = [_edge(place[key.table], place[key.parent], str(key)) for key in view.schema.foreign]
    boxes = [_box(x, y, table, view.rows[table]) for table, (x, y) in place.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'role="img" font-family="sans-serif" font-size="12" fill="#456"><g stroke="#888">{"".join(lines)}</g>'
        f"{''.join(boxes)}</svg>"
    )


def _edge(child: tuple[int, int], parent: tuple[int, int], text: str) -> str:
    """A line with a dot at the parent; a loop where both are one."""
    (x, y), (to_x, to_y) = child, parent
    y, to_y = y + _HIGH // 2, to_y + _HIGH // 2
    if child == parent:
        x += _WIDE
        path = f"M{x} {y - 8} C{x + 30} {y - 20} {x + 30} {y + 20} {x} {y + 8}"
        to_x, to_y = x, y - 8
    elif to_x < x:
        to_x += _WIDE
        path = f"M{x} {y} C{x - 40} {y} {to_x + 40} {to_y} {to_x} {to_y}"
    else:
        x, to_x = x + _WIDE, to_x + (_WIDE if to_x == x else 0)
        path = f"M{x} {y} C{x + 40} {y} {to_x + 40} {to_y} {to_x} {to_y}"
    return f'<path d="{path}" fill="none"><title>{escape(text)}</title></path><circle cx="{to_x}" cy="{to_y}" r="2.5"/>'


def _box(x: int, y: int, table: str, n: int) -> str:
    shown = table if len(table) <= 22 else f"{table[:21]}…"
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="4" fill="#f4f6fa" stroke="#567"/>'
        f'<text x="{x + 8}" y="{y + 16}" font-weight="bold">{escape(shown)}</text>'
        f'<text x="{x + 8}" y="{y + 31}">{n:,} rows</text>'
    )
