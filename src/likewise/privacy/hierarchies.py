"""Hierarchies: how a value is told less and less exactly, given by the user or built.

A hierarchy has `height` steps above the value itself; the last one is always `*`, which says nothing. Missing values
are a level of their own: they stay missing at every step below the last.
"""

from __future__ import annotations

import csv
import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from likewise.errors import InputError, OptionError
from likewise.privacy.encoding import Ints, rare_levels
from likewise.privacy.intervals import intervals
from likewise.privacy.labels import OTHER, TOP, Hierarchy, as_label, as_texts, set_label

_MOST_NAMED = 8  # a built group of more levels than this is numbered, not listed


# ---- given -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table(Hierarchy):
    """A hierarchy written out: for each value its chain of labels."""

    steps: tuple[Mapping[str | None, str | None], ...]  # step - 1 -> value -> label; the last `*` is not among them

    @property
    def height(self) -> int:
        return len(self.steps) + 1

    def climb(self, values: pl.Series, level: int) -> pl.Series:
        step = self.steps[level - 1]
        texts = as_texts(values)
        known = {k: v for k, v in step.items() if k is not None}
        out = texts.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
        missing = step.get(None)
        if missing is not None:
            out = out.to_frame().with_columns(
                pl.when(texts.is_null()).then(pl.lit(missing)).otherwise(pl.first()).alias(values.name)
            )[values.name]
        return out.alias(values.name)


def from_dict(chains: Mapping[Any, Any]) -> Hierarchy:
    """A hierarchy from a mapping of each value to its label, or to its chain of labels from near to far.

    The mapping is read, never changed. A key None says what missing values become.

    Raises:
        OptionError: empty, or chains of unequal length.

    Example:
        >>> h = from_dict({"Bern": ["CH", "Europe"], "Basel": ["CH", "Europe"], "Oslo": ["NO", "Europe"]})
        >>> h.height, h.labels(pl.Series(["Oslo", "Bern"]), 1).to_list()
        (3, ['NO', 'CH'])
    """
    rows = {
        _key(value): [chain] if isinstance(chain, str) or not isinstance(chain, Sequence) else list(chain)
        for value, chain in chains.items()
    }
    if not rows:
        raise OptionError("a hierarchy needs at least one value")
    lengths = {len(chain) for chain in rows.values()}
    if len(lengths) > 1 or 0 in lengths:
        found = ", ".join(map(str, sorted(lengths)))
        raise OptionError(f"a hierarchy needs as many labels for every value; the chains have lengths {found}")
    steps = [
        {value: None if chain[i] is None else str(chain[i]) for value, chain in rows.items()}
        for i in range(lengths.pop())
    ]
    while steps and set(steps[-1].values()) <= {TOP}:
        steps.pop()
    return Table(tuple(steps))


def from_tree(tree: Mapping[str, Any]) -> Hierarchy:
    """A hierarchy from nested mappings whose leaves are lists of values; every leaf as deep as the others.

    Example:
        >>> h = from_tree({"Europe": {"CH": ["Bern", "Basel"], "NO": ["Oslo"]}})
        >>> h.labels(pl.Series(["Oslo"]), 2).to_list()
        ['Europe']
    """
    chains: dict[Any, list[str]] = {}
    todo: list[tuple[Any, list[str]]] = [(tree, [])]
    while todo:
        node, above = todo.pop()
        if isinstance(node, Mapping):
            todo += [(child, [str(label), *above]) for label, child in node.items()]
            continue
        for value in node:
            if value in chains:
                raise OptionError("a value stands at two places of the tree; give each value one place")
            chains[value] = above
    return from_dict(chains)


def from_csv(path: str | Path) -> Hierarchy:
    """A hierarchy from a file: one line a value, its labels after it from near to far; `;` or `,` between, no header.

    Raises:
        InputError: no such file, no lines, lines of unequal length, a value on two lines.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"the hierarchy file {str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"the hierarchy file {str(path)!r} is not UTF-8 text") from None
    first = text.split("\n", 1)[0]
    delimiter = ";" if ";" in first else "\t" if "\t" in first else ","
    lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if line]
    if not lines or len(lines[0]) < 2:
        raise InputError(f"the hierarchy file {str(path)!r} needs lines of a value and at least one label")
    if len({len(line) for line in lines}) > 1:
        raise InputError(f"the hierarchy file {str(path)!r} has lines of unequal length")
    chains = {line[0].strip() or None: [cell.strip() for cell in line[1:]] for line in lines}
    if len(chains) < len(lines):
        raise InputError(f"the hierarchy file {str(path)!r} has {len(lines) - len(chains)} values on two lines")
    return from_dict(chains)


# ---- built -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DateParts(Hierarchy):
    """Dates and times as day, month, year, decade; see `date_parts`."""

    parts: tuple[str, ...]

    @property
    def height(self) -> int:
        return len(self.parts) + 1

    def climb(self, values: pl.Series, level: int) -> pl.Series:
        if not isinstance(values.dtype, pl.Date | pl.Datetime):
            raise InputError(f"column {values.name!r}: date parts need dates, it holds {values.dtype}")
        part = self.parts[level - 1]
        if part == "decade":
            return ((values.dt.year() // 10 * 10).cast(pl.String) + "s").alias(values.name)
        if part == "quarter":
            return (values.dt.year().cast(pl.String) + "-Q" + values.dt.quarter().cast(pl.String)).alias(values.name)
        return values.dt.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[part])


def date_parts(*parts: str) -> Hierarchy:
    """Dates told as some of day, month, quarter, year, decade, from near to far. None named: all but the quarter.

    Example:
        >>> import datetime as dt
        >>> date_parts("month", "decade").labels(pl.Series([dt.date(1987, 10, 19)]), 2).to_list()
        ['1980s']
    """
    order = ("day", "month", "quarter", "year", "decade")
    chosen = parts or ("day", "month", "year", "decade")
    if any(p not in order for p in chosen) or sorted(set(chosen), key=order.index) != list(chosen):
        raise OptionError(f"date parts must be some of {', '.join(order)}, from near to far")
    return DateParts(chosen)


@dataclass(frozen=True)
class Mask(Hierarchy):
    """Texts whose characters are hidden one by one; see `mask`."""

    length: int
    steps: int
    side: str

    @property
    def height(self) -> int:
        return self.steps + 1

    def climb(self, values: pl.Series, level: int) -> pl.Series:
        hidden = -(-self.length * level // (self.steps + 1))
        shown = max(self.length - hidden, 0)
        # Shorter texts are filled on the side that is hidden first, so that their length is hidden with it.
        texts = as_texts(values)
        if self.side == "right":
            return (texts.str.pad_end(self.length, " ").str.slice(0, shown) + TOP * hidden).alias(values.name)
        return (TOP * hidden + texts.str.pad_start(self.length, " ").str.tail(shown)).alias(values.name)


def mask(length: int, *, steps: int | None = None, side: str = "right") -> Hierarchy:
    """Codes and texts with more characters hidden at every step, from the right (postcodes) or the left.

    Args:
        length: characters of the longest text; longer ones are cut there.
        steps: steps before everything is hidden. None: one a character.

    Example:
        >>> mask(4).labels(pl.Series(["8001", "8032"]), 2).to_list()
        ['80**', '80**']
    """
    steps = length - 1 if steps is None else steps
    if length < 1 or not 0 <= steps < max(length, 1) or side not in ("left", "right"):
        raise OptionError("a mask needs a length of at least 1, fewer steps than that, and a side, left or right")
    return Mask(length, steps, side)


def by_frequency(
    values: pl.Series, *, steps: int | None = None, least: int = 5, persons: Ints | None = None,
    weights: Ints | None = None,
) -> Hierarchy:  # fmt: skip
    """A level tree built from how often each level occurs: every step halves the groups, the rarest merge first.

    Groups are chosen from the data, so they say a little about it: which levels are rare.

    Args:
        values: the column.
        steps: at most so many. None: until two groups are left.
        least: levels that fewer rows have are one group from the start, and no label names them.
        persons: (n,) whose each row is: `least` then counts persons.
        weights: (n,) rows that each stands for; None: one.

    Example:
        >>> h = by_frequency(pl.Series(["a"] * 9 + ["b"] * 6 + ["c"] * 5 + ["d", "e"]))
        >>> h.labels(pl.Series(["a", "c", "d"]), 2).to_list()
        ['a', 'b | c | other levels', 'b | c | other levels']
    """
    rare = set(as_texts(rare_levels(values, least, persons, weights)).to_list())
    rows = pl.DataFrame({"text": as_texts(values), "rows": 1 if weights is None else weights})
    counts = rows.drop_nulls().group_by("text").agg(pl.col("rows").sum())
    texts, sizes = counts["text"].to_list(), counts["rows"].to_list()
    order = sorted(range(len(texts)), key=lambda i: texts[i])
    labels = dict(zip(texts, as_label(pl.Series(texts, dtype=pl.String)).to_list(), strict=True))
    heap = [(sizes[i], rank, [texts[i]]) for rank, i in enumerate(order) if texts[i] not in rare]
    if rare:
        heap.append((sum(sizes[i] for i in order if texts[i] in rare), len(texts), sorted(rare)))
    heapq.heapify(heap)
    serial = itertools.count(len(texts) + 1)
    chains: dict[Any, list[str]] = {t: [] for t in texts}
    goal, is_first = len(heap), len(rare) > 1
    while (goal > 2 or is_first) and (steps is None or len(next(iter(chains.values()))) < steps):
        goal, is_first = goal if is_first else -(-goal // 2), False
        while len(heap) > goal:
            a, b = heapq.heappop(heap), heapq.heappop(heap)
            heapq.heappush(heap, (a[0] + b[0], next(serial), sorted(a[2] + b[2])))
        for number, (_, _, members) in enumerate(sorted(heap, key=lambda g: g[2])):
            named = [labels[m] for m in members if m not in rare]
            few = len(named) <= _MOST_NAMED
            named += [OTHER] * (len(named) < len(members))
            label = set_label(named) if few else f"group {number + 1} ({len(members)} levels)"
            for text in members:
                chains[text].append(label)
    return from_dict(chains) if chains and goal < len(texts) else Table(())


def auto(values: pl.Series, *, least: int = 5, persons: Ints | None = None, weights: Ints | None = None) -> Hierarchy:
    """The hierarchy used where none is given: intervals, date parts or a level tree, as the values' type asks; `least`,
    `persons` and `weights` as `by_frequency` takes them."""
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        return date_parts("month", "year", "decade")
    if not values.dtype.is_numeric():
        return by_frequency(values, least=least, persons=persons, weights=weights)
    known = values.drop_nulls().unique().sort()
    if len(known) < 3:
        return Table(())
    # The finest width is a round number that makes some 32 intervals; doubling reaches two or three of them.
    known = known.cast(pl.Int128) if known.dtype.is_integer() else known  # whose differences are exact
    span, gap = float(known[-1] - known[0]), float(known.diff().min())  # type: ignore[arg-type]
    raw = max(span / 32, gap)
    power = int(np.floor(np.log10(raw)))
    width = next(w for w in (float(f"{m}e{power}") for m in (1, 2, 5, 10)) if w >= raw * (1 - 1e-9))
    steps = max(1, int(np.floor(np.log2(span / width))) if span > width else 1)
    if width <= gap:  # each interval would hold one value
        width, steps = 2 * width, max(1, steps - 1)
    return intervals(width, steps=steps)


def _key(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
