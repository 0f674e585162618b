"""Rows written part by part, through any engine: never held all at once, and the same bytes whoever draws them.

A part is a span of rows. Workers draw parts and write each to a file of its own; this process appends these in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from likewise import __version__
from likewise.codecs.base import Search
from likewise.codecs.levels import LevelCodec
from likewise.engines import Engine
from likewise.engines.local import LocalEngine
from likewise.errors import OptionError, OutputError
from likewise.schema.column import Schema
from likewise.schema.dialect import Dialect
from likewise.schema.parse import parse, restore
from likewise.streams import SPAN
from likewise.synthesizer.blocks import Drawer
from likewise.synthesizer.drawing import by_name, check_draw, spans_of
from likewise.tables.files import check_table, check_writable, write
from likewise.tables.joining import Joining, Parts, kept

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


@dataclass
class Job:
    """All that a worker must know to draw any part.

    Args:
        synth: the model; other processes are sent what a model file holds.
        n: rows in all.
        seed, where, max_tries: as `Drawer` takes them.
        parts: where they go.
        told: how text was written.
    """

    synth: Synthesizer
    n: int
    seed: int
    where: dict[str, Any]
    max_tries: int | None
    parts: Parts
    told: Dialect | None

    @cached_property
    def drawer(self) -> Drawer:
        return Drawer(self.synth, self.seed, self.where, max_tries=self.max_tries)

    def frame(self, number: int) -> pl.DataFrame:
        """The rows of a part, as the file holds them."""
        rows = self.drawer.span(number, min(SPAN, self.n - number * SPAN))
        schema, levels = self.synth.schema_, _drawn_levels(self.synth)
        return as_file(restore(rows, schema), schema, self.parts.target, self.told, levels)

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "drawer"}
        manifest, arrays = self.synth._parts()
        return {**state, "synth": (type(self.synth), json.loads(json.dumps(manifest)), arrays)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind, manifest, arrays = state["synth"]
        vars(self).update({**state, "synth": kind._of_parts(manifest, arrays)})


def draw_part(number: int, job: Job) -> int:
    """Draw a part and write it, unless that was done before."""
    if not job.parts.path(number).exists():
        job.parts.write(number, job.frame(number))
    return number


def write_rows(
    synth: Synthesizer, n: int | None, path: Path, seed: int, engine: Engine, *, again: bool,
    where: Mapping[str, Any] | None = None, length: Any = None, max_tries: int | None = None,
    progress: Callable[[Search], None] | bool | None = None, dialect: Dialect | None = None,
) -> int:  # fmt: skip
    """Write n rows to a file.

    Args:
        again: whether the same seed may be asked for again, so that what was written is kept where the disk is full.
        dialect: how text is written; None for as the table was.

    Returns:
        How many rows.

    Raises:
        OptionError: the engine cannot draw these, or the format cannot be written so.
        OutputError: the disk is full, or the file cannot be written.
        ConditionError: as `Synthesizer.sample` says.
    """
    n, dialect = check_draw(synth, n, max_tries), dialect or synth.schema_.dialect
    check_table(path)
    check_writable(path)
    asked = {"where": where, "length": length, "max_tries": max_tries}
    joins = Parts.can_join(path, dialect)
    looks_back = synth.rules_ is not None and Drawer(synth, seed, by_name(where)).in_order
    if not isinstance(engine, LocalEngine) and (looks_back or not joins):
        why = (
            "rules 'unique' look at all rows before" if looks_back else f"files such as {path.name!r} cannot be joined"
        )
        instead = "draw" if looks_back else "write .parquet, .csv or .jsonl, or draw"
        raise OptionError(f"{why}: {instead} with engine='local'")
    if looks_back or not joins:
        spans = spans_of(synth, n, seed, **asked, progress=progress)
        schema, levels = synth.schema_, _drawn_levels(synth)
        frames = (as_file(restore(rows, schema), schema, path, dialect, levels) for rows in spans)
        write(frames, path, dialect=dialect)
        return n
    first = spans_of(synth, min(n, 8), seed, **asked, progress=progress)
    for _ in first:  # what cannot be drawn is told before anything is begun
        pass
    told = _told(synth, n, seed, by_name(where), max_tries)
    job = Job(synth, n, seed, by_name(where), max_tries, Parts.of(path, told, dialect), dialect)
    joining = Joining(job.parts)
    try:
        with joining:
            for number in engine.map(draw_part, range(joining.done, -(-n // SPAN)), job):
                joining.add(job.parts.path(number))
            joining.finish()
    except BaseException as error:
        if not again or not joining.done:
            joining.remove()
        elif isinstance(error, OutputError):
            raise kept(error, job.parts.folder) from None
        raise
    return n


def _told(synth: Synthesizer, n: int, seed: int, where: dict[str, Any], max_tries: int | None) -> bytes:
    """What tells one draw from any other."""
    manifest, arrays = synth._parts()
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True, default=str).encode())
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    digest.update(repr((n, seed, sorted(where.items(), key=lambda item: item[0]), max_tries, __version__)).encode())
    return digest.digest()


def as_file(
    fake: pl.DataFrame, schema: Schema, path: Path, dialect: Dialect | None,
    levels: Mapping[str, Collection[str]] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Rows as a file of this name holds them: those learnt from a file without types (CSV) have types where the format
    has them.

    Args:
        levels: of some columns, what may be drawn; the others list what these rows hold.
    """
    of_text = check_table(path)[0] in ("csv", "tsv")
    if dialect is not None and not of_text and all(column.dtype == "String" for column in schema):
        fake = restore(parse(fake, schema), schema, typed=True)
    return fake.with_columns(_of_held_categories(column, levels or {}) for column in fake)


def _of_held_categories(column: pl.Series, levels: Mapping[str, Collection[str]]) -> pl.Series:
    """An Enum whose type lists no category that no row holds, or may hold, for a file that travels."""
    if not isinstance(column.dtype, pl.Enum):
        return column
    held = levels.get(column.name, column.cast(pl.String).unique())
    listed = column.dtype.categories
    return column.cast(pl.Enum(listed.filter(listed.is_in(pl.Series(held, dtype=pl.String).implode()))))


def _drawn_levels(synth: Synthesizer) -> dict[str, list[str]]:
    """Of columns of levels, those that are drawn."""
    return {
        codec.name: [level for level, drawn in zip(codec.levels, codec.fields[0].emit, strict=False) if drawn]
        for codec in synth.codec_.codecs
        if isinstance(codec, LevelCodec)
    }
