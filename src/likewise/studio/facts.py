"""What the page shows of a column: counts, a picture, a few cells. All of it stays on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from likewise.conditions import parse_where, resolve
from likewise.conditions.values import meeting
from likewise.databases.database import Database
from likewise.errors import ConditionError, LikewiseError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.parse import parse, parse_column
from likewise.studio import spoken
from likewise.studio.faults import fault_of
from likewise.studio.session import Source

MOST_ROWS = 100_000
"""Looked at for pictures."""
BINS, LEVELS, EXAMPLES = 24, 8, 4
MOST_COLUMNS = 50
"""Of rows that are shown."""
MOST_TABLES = 12
"""Of which the first rows are shown."""
CLASSES = 8
"""Of a target whose mix may be set, at most."""
LETTERS = 60
"""Of a cell that is shown."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


Pictures = dict[Column, dict[str, Any]]


def columns(schema: Schema, frame: pl.DataFrame | None, pictures: Pictures) -> list[dict[str, Any]]:
    """A line a column.

    Args:
        frame: None: in blind mode, without anything that its rows would tell.
        pictures: of columns that were pictured before.
    """
    return [_told(column) | ({} if frame is None else _seen(frame, column, pictures)) for column in schema]


def _told(column: Column) -> dict[str, Any]:
    plain = column.to_dict()
    plain = {**plain.pop("found", {}), **plain}
    plain.pop("levels", None) if "levels" in column.found else None
    return plain | {
        "kind": column.kind.value, "role": column.role.value, "said": sorted(column.said),
        "notes": [spoken.note(text) for text in column.notes],
        "missing": list(column.missing),
    }  # fmt: skip


def _seen(frame: pl.DataFrame, column: Column, pictures: Pictures) -> dict[str, Any]:
    if column not in pictures:
        pictures[column] = _pictured(frame[column.name].head(MOST_ROWS), column)
    return pictures[column]


def _pictured(raw: pl.Series, column: Column) -> dict[str, Any]:
    shown = raw.drop_nulls().unique(maintain_order=True).head(EXAMPLES).cast(pl.String, strict=False)
    facts: dict[str, Any] = {"examples": [_cut(cell) for cell in shown.drop_nulls()]}
    try:
        read = parse_column(raw, column)
    except LikewiseError as error:
        return facts | {"problem": fault_of(error)}
    known = read.drop_nulls()
    facts |= {"n_missing": len(read) - len(known), "n_distinct": known.n_unique(), "n": len(read)}
    if column.role == "drop" or not column.is_modelled or not len(known):
        return facts
    if column.kind in (Kind.INTEGER, Kind.REAL, Kind.DATETIME):
        return facts | {"bins": _bins(known)}
    if column.kind is Kind.BOOLEAN and column.labels is not None:
        known = known.replace_strict([False, True], list(column.labels), return_dtype=pl.String)
    counts = known.cast(pl.String).value_counts(sort=True)
    top = counts.head(LEVELS)
    return facts | {"levels_shown": [[_cut(str(level)), n] for level, n in top.iter_rows()], "n_levels": len(counts)}


def _bins(known: pl.Series) -> dict[str, Any]:
    """Counts between the 1st and 99th hundredth, so that one far value does not flatten the rest."""
    numbers = known.to_physical().cast(pl.Float64).drop_nans()
    low, high = numbers.quantile(0.01), numbers.quantile(0.99)
    if low is None or high is None or not high > low:
        return {"counts": [len(numbers)], "low": str(known.min()), "high": str(known.max())}
    whole = known.dtype.is_integer() and high - low < BINS  # a bar a number: others would leave gaps
    n = int(high - low) + 1 if whole else BINS
    inside = ((numbers - low) / (1 if whole else (high - low) / BINS)).floor().clip(0, n - 1).cast(pl.Int64)
    counted = dict(inside.value_counts().iter_rows())
    ends = [str(known.sort()[int(share * (len(known) - 1))]) for share in (0.01, 0.99)]
    return {"counts": [counted.get(k, 0) for k in range(n)], "low": ends[0], "high": ends[1]}


def _cut(cell: str) -> str:
    return cell if len(cell) <= LETTERS else f"{cell[: LETTERS - 1]}…"


def tried(source: Source, schema: Schema, name: str) -> dict[str, Any]:
    """What a correction would do to a column: how many cells would not read, and what those that do become."""
    column = schema[name]
    try:
        read = parse_column(source.frame[name], column)
    except LikewiseError as error:
        return {"fits": False, "said": fault_of(error)}
    pairs = pl.DataFrame({"raw": source.frame[name].cast(pl.String, strict=False), "read": read.cast(pl.String)})
    shown = pairs.unique(maintain_order=True).head(EXAMPLES).rows()
    cut = [[_cut(str(a)), None if b is None else _cut(b)] for a, b in shown]
    return {"fits": True, "n_missing": read.null_count(), "pairs": cut}


def preview(frame: pl.DataFrame, n: int = 8) -> dict[str, Any]:
    """A few rows as texts, of the first columns, and which columns hold cells that a spreadsheet would run."""
    shown = frame[:n, :MOST_COLUMNS]
    cells = [[None if cell is None else _cut(str(cell)) for cell in row] for row in shown.iter_rows()]
    texts = frame.select(pl.col(pl.String))
    risky = [c.name for c in texts if c.is_not_null().any() and _begins_a_formula(c)]
    return {"columns": shown.columns, "rows": cells, "n": frame.height, "formulas": risky}


def previews(path: Path) -> list[dict[str, Any]]:
    """The first rows of several tables, by name."""
    drawn = Database.read(path).tables
    return [{"table": name, **preview(frame, 5)} for name, frame in list(drawn.items())[:MOST_TABLES]]


def _begins_a_formula(texts: pl.Series) -> bool:
    """Whether a text begins as a formula does; numbers with a sign do not count."""
    known = texts.drop_nulls().unique()
    starts = known.str.head(1).is_in(FORMULAS)
    return bool((starts & known.str.strip_chars().cast(pl.Float64, strict=False).is_null()).any())


def classes(frame: pl.DataFrame, schema: Schema, where: list[str]) -> list[tuple[str, int]] | None:
    """The classes of the target among the rows that meet conditions; None where it has too many, or no classes.

    Raises:
        ConditionError: a condition cannot be read.
    """
    target = None if schema.target is None else schema[schema.target]
    if target is None or target.kind not in (Kind.CATEGORICAL, Kind.BOOLEAN):
        return None
    asked = [text for text in where if parse_where(text, schema)[0] != target.name]
    rows = parse(frame.select(schema.names), schema)
    levels = rows[target.name].drop_nulls().unique().sort()
    if not 2 <= len(levels) <= CLASSES:
        return None
    met = rows.filter(meeting(rows, _resolved(asked, schema)))[target.name]
    names = target.labels if target.kind is Kind.BOOLEAN and target.labels else [str(level) for level in levels]
    return [(name, int((met == level).sum())) for name, level in zip(names, levels, strict=False)]


def typed(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Drawn rows with numbers as numbers and times as times; as they are where they are no rows of the schema."""
    try:
        return parse(frame, schema, partial=True)
    except LikewiseError:  # anonymised rows hold ranges
        return frame


def share_of(frame: pl.DataFrame, schema: Schema, where: list[str]) -> dict[str, int]:
    """How many rows there are, and how many of them meet all conditions.

    Raises:
        ConditionError: a condition cannot be read.
    """
    met = meeting(parse(frame.select(schema.names), schema), _resolved(where, schema))
    return {"rows": frame.height, "meet": int(met.sum())}


def _resolved(where: list[str], schema: Schema) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for text in where:
        name, condition = parse_where(text, schema)
        if name in asked:
            raise ConditionError(f"column {name!r} has two conditions; write them as one, such as {name}=a|b")
        asked[name] = condition
    return resolve(asked, schema)
