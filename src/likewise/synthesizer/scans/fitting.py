"""Fit a table that is not held: two passes over its shards, a file of codes, and training from it.

Where the values of all columns are counted one by one the model is the same as that of the table held in memory.

Legend: n rows, D fields, K codes of a field.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.ids import IdCodec, IdSummary, summarise_ids
from likewise.codecs.levels import LevelCodec
from likewise.codecs.table import TableCodec, codec_kind, summarise_counted
from likewise.engines.base import Engine
from likewise.errors import SchemaError
from likewise.hashing import Split
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Counted
from likewise.schema.dtypes import dtype_name
from likewise.schema.infer import infer_counted
from likewise.schema.parse import check_names, parse_column
from likewise.schema.tallies import TableTally, Tallied, Tally, kept_levels
from likewise.sources.scratch import scratch
from likewise.sources.source import Shard, Source
from likewise.synthesizer.fitting import MIN_ROWS_TO_HOLD_OUT, Learnt, bounded, schema_of, shown, train
from likewise.synthesizer.parameters import condition_fields, table_generator
from likewise.synthesizer.saved import without_rare_levels
from likewise.synthesizer.scans.codefile import CodeFile
from likewise.synthesizer.scans.coding import (
    HELD,
    TRAINED,
    Coded,
    Coding,
    Counts,
    InCells,
    Plan,
    coded,
    recoded,
    type_of,
)
from likewise.synthesizer.scans.counting import Counting, counted
from likewise.synthesizer.scans.dealing import SAMPLED, Deal
from likewise.synthesizer.scans.limits import check_generator, check_schema
from likewise.synthesizer.scans.together import Job, check_together, rows_of, train_together
from likewise.training.loop import Event, Progress
from likewise.typing import Ints

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

T = TypeVar("T")

SHARD_UNIT = "shard"
"""What progress counts while a table is read."""


def fit_source(
    synth: Synthesizer, source: Source, engine: Engine, split: np.random.Generator, training: np.random.Generator,
    most_learnt: int, *, together: bool = False,
) -> Learnt:  # fmt: skip
    """Learn a table in shards.

    Args:
        most_learnt: rows that training sees, at most.
        together: whether the workers train, too.

    Raises:
        InputError: a file has changed, or is damaged.
        OutputError: the disk has no room for the codes.
        NotInPartsError: a column is of a kind that is not learnt in parts.
    """
    draft = draft_of(synth, source)
    check_schema(draft, synth.entity)
    check_generator(table_generator(synth, draft))
    if together:
        check_together(table_generator(synth, draft))
    n_out = int(synth.holdout * source.n_rows) if source.n_rows >= MIN_ROWS_TO_HOLD_OUT else 0
    deal = Deal.of(int(split.integers(2**63)), source.n_rows, n_out, most_learnt)
    options = synth.codec or CodecOptions()
    with ExitStack() as stack:
        progress = stack.enter_context(shown(synth.progress))
        needed = 4 * len(draft.modelled) * (deal.n_learnt + deal.n_held)
        folder = stack.enter_context(scratch(needed, f"a file of codes of {source.what}"))
        tell = _telling(progress, source, 1)
        any_number = _categories(draft, source)
        tally = counted(engine, Counting(source, deal, any_number), folder, tell)
        schema = _schema(synth, source, tally, draft)
        check_schema(schema, synth.entity)
        columns = [_column(c, tally, folder, options) for c in schema if c.role is not Role.DROP]
        codec, file, counts = _coded(source, deal, columns, engine, folder, options, _telling(progress, source, 2))
        generator = table_generator(synth, schema)
        told = _telling_rows(progress, deal, source.n_rows)
        own = None if deal.n_learnt == source.n_rows - n_out else counts
        gate, held = rows_of(file, codec.alphabet, own)
        if together:
            job = Job(generator.name, {}, codec.alphabet, file, own, training, folder)
            train_together(engine, generator, job, told)
        else:
            fields = condition_fields(generator, codec)
            train(synth, generator, codec.alphabet, gate, held, training, fields, told)
    reading = {
        "rows": source.n_rows, "rows_trained_on": deal.n_learnt, "rows_held_out": n_out, "shards": len(source.shards),
        "passes": 2,
    }  # fmt: skip
    return Learnt(
        generator=generator, schema=without_rare_levels(schema, codec), codec=codec, gate=gate, n_rows=source.n_rows,
        reading=reading, held_out=Split(deal.seed, deal.out) if n_out else None,
    )  # fmt: skip


# ---- what the columns are --------------------------------------------------------------------------------------------


def draft_of(synth: Synthesizer, source: Source) -> Schema:
    """What the columns are by the first rows, or as somebody said."""
    if synth.schema is not None:
        check_names(source.names, synth.schema)
        return synth.schema
    first = source.read(Shard(0, 0, min(SAMPLED, source.n_rows)))
    return infer_counted(Counted(first, typed=None), entity=synth.entity)[0]


def _categories(draft: Schema, source: Source) -> frozenset[str]:
    """Columns of texts that are levels, as far as the first rows tell."""
    dtypes = dict(source.columns)
    texts = {name for name, dtype in dtypes.items() if isinstance(dtype, pl.String | pl.Categorical | pl.Enum)}
    return frozenset(c.name for c in draft if c.kind is Kind.CATEGORICAL and c.name in texts)


def _schema(synth: Synthesizer, source: Source, tally: TableTally, draft: Schema) -> Schema:
    """What the columns are, told from all rows where their values are counted, and from a sample where they are not.

    Of these, keys are told by the first rows, which follow one another: a sample of row numbers has gaps.
    """
    dtypes = dict(source.columns)
    tallied = Tallied(tally, dtypes)
    schema = bounded(synth, schema_of(synth, tallied, synth.schema, is_array=False))
    columns = []
    for column in schema:
        known = tally.columns[column.name]
        if not known.is_exact() and draft[column.name].kind is Kind.ID and "kind" in column.found:
            column = draft[column.name]
        if not known.is_exact() and dtypes[column.name].is_float() and "decimals" in column.found:
            column = replace(column, decimals=known.decimals)
        if not known.is_exact() and "kind" in column.found:
            column = replace(column, notes=(*column.notes, f"too many values to count: told from {SAMPLED:,} rows"))
        columns.append(column)
    return replace(schema, columns=tuple(columns))


# ---- codecs ----------------------------------------------------------------------------------------------------------


class _Column:
    """A column, its plan for the second pass, and (K,) learnt rows of each code of each field where these are known."""

    def __init__(self, column: Column, codec: ColumnCodec | None, plan: Plan | None, counts: list[Ints]) -> None:
        self.column, self.codec, self.plan, self.counts = column, codec, plan, counts


def _column(column: Column, tally: TableTally, folder: Path, options: CodecOptions) -> _Column:
    """What the first pass tells of a column that is not dropped."""
    known, sample = tally.columns[column.name], tally.sample[column.name]
    if codec_kind(column) is IdCodec:
        return _Column(column, IdCodec.from_summary(_keys(column, known, sample), column, options), None, [])
    if known.values is not None and codec_kind(column) is LevelCodec:
        values, pooled = kept_levels(known, folder, 0 if known.is_exact() else options.rows, column.levels or ())
        return _exactly(column, known, values, pooled, options)
    if known.is_exact():
        assert known.values is not None
        return _exactly(column, known, known.values, 0, options)
    if codec_kind(column) is LevelCodec:
        raise SchemaError(
            f"column {column.name!r}: it has more than 65,536 different values, too many for levels of a column stored "
            f"as {sample.dtype}; declare another kind, or role 'drop'"
        )
    return _Column(column, None, InCells.of(column, sample, options), [])


def _exactly(column: Column, tally: Tally, values: pl.DataFrame, pooled: int, options: CodecOptions) -> _Column:
    """A column of which all values are known, or all that are kept."""
    # In the order of the rows; those that are held out are none of the codec's, but coded all the same.
    values = values.sort("first")
    parsed = parse_column(values["value"].alias(column.name).extend_constant(None, 1), column)
    rows = np.append(values["learnt"].to_numpy(), tally.nulls_learnt).astype(np.int64)
    learnt = rows > 0
    summary = summarise_counted(parsed.filter(pl.Series(learnt)), rows[learnt], column)
    if pooled:
        summary = replace(summary, pooled=pooled)  # type: ignore[type-var]
    codec = codec_kind(column).from_summary(summary, column, options)
    codes = codec.encode(parsed).codes
    counts = [
        np.bincount(codes[:, d], weights=rows, minlength=field.size).astype(np.int64)
        for d, field in enumerate(codec.fields)
    ]
    if pooled and isinstance(codec, LevelCodec):
        counts[0][len(codec.levels) if codec.has_rare else int(np.argmax(codec.counts))] += pooled
    return _Column(column, codec, Coded(column, codec), counts)


def _keys(column: Column, tally: Tally, sample: pl.Series) -> IdSummary:
    """What is known of a column of keys: of all rows, for none of them may be made again."""
    n = tally.n - tally.nulls
    if sample.dtype.is_integer():
        return IdSummary(dtype_name(sample.dtype), n, tally.nulls, tally.least, tally.greatest)
    if tally.is_exact():
        assert tally.values is not None
        told = summarise_ids(parse_column(tally.values["value"].alias(column.name), column))
        missing = tally.nulls + int(
            tally.values.filter(pl.Series(_missing(tally.values["value"], column)))["rows"].sum()
        )
        return replace(told, n_rows=tally.n - missing, missing=missing)
    if sample.dtype.is_numeric():
        raise SchemaError(
            f"column {column.name!r}: keys stored as {sample.dtype} are too many to be held: store them whole"
        )
    told = summarise_ids(parse_column(sample, column))
    longest = max(tally.longest, int(told.keys.str.len_chars().max() or 0) if told.keys is not None else 0)  # type: ignore[arg-type]
    return replace(told, n_rows=n, missing=tally.nulls, some_of=(n, longest))


def _missing(values: pl.Series, column: Column) -> npt.NDArray[np.bool_]:
    return parse_column(values.alias(column.name), column).is_null().to_numpy()


# ---- codes -----------------------------------------------------------------------------------------------------------


def _coded(
    source: Source, deal: Deal, columns: list[_Column], engine: Engine, folder: Path, options: CodecOptions,
    tell: Callable[[Iterable[Counts]], Iterator[Counts]],
) -> tuple[TableCodec, CodeFile, list[Ints]]:  # fmt: skip
    """The codec, the file of codes, and (K,) learnt rows of each code of each field."""
    plans = tuple(c.plan for c in columns if c.plan is not None)
    width = sum(len(plan.sizes) for plan in plans)
    shapes = {TRAINED: (deal.n_learnt, width), HELD: (deal.n_held, width)}
    file = CodeFile.create(folder / "cells.safetensors", shapes, type_of(plans))
    found = coded(engine, Coding(source, deal, plans, deal.places(source.shards), file), tell)
    codecs: list[ColumnCodec] = []
    counts: list[Ints] = []
    tables: list[Ints | None] = []
    for c in columns:
        if isinstance(c.plan, InCells):
            codec, own = c.plan.codec(found[c.column.name], options)
            counts += [
                _of_codes(t, n.count, n.missing, f.size)
                for t, n, f in zip(own, found[c.column.name], codec.fields, strict=False)
            ]
            tables += [*own, *[None] * (len(c.plan.sizes) - len(own))]
        else:
            assert c.codec is not None
            codec = c.codec
            counts += c.counts
            tables += [np.arange(field.size) for field in codec.fields]
        codecs.append(codec)
    table = TableCodec(tuple(codecs), options)
    if any(isinstance(plan, InCells) for plan in plans):
        file = recoded(file, folder / "codes.safetensors", tables)
        (folder / "cells.safetensors").unlink()
    return table, file, counts


def _of_codes(code: Ints, rows: Ints, missing: int, size: int) -> Ints:
    return np.bincount(code, weights=np.append(rows, missing), minlength=size).astype(np.int64)


# ---- progress --------------------------------------------------------------------------------------------------------


def _telling(progress: Progress | None, source: Source, number: int) -> Callable[[Iterable[T]], Iterator[T]]:
    """Passes on what comes of the shards, and tells how far the pass is."""

    def told(parts: Iterable[T]) -> Iterator[T]:
        began = time.monotonic()
        for shard, part in zip(source.shards, parts, strict=True):
            yield part
            if progress is not None:
                seconds = max(time.monotonic() - began, 1e-9)
                rate = shard.stop / seconds
                progress(
                    Event(
                        epoch=shard.index + 1, epochs=len(source.shards), train_loss=math.nan, holdout_loss=None,
                        rows_per_second=rate, seconds=seconds, eta_seconds=(source.n_rows - shard.stop) / rate,
                        notes={"pass": number}, unit=SHARD_UNIT,
                    )
                )  # fmt: skip

    return told


def _telling_rows(progress: Progress | None, deal: Deal, n: int) -> Progress | None:
    """Tells with each epoch of how many rows training sees a sample."""
    if progress is None or deal.n_learnt >= 0.5 * n:
        return progress
    tell = progress

    def told(event: Event) -> None:
        tell(replace(event, notes={**event.notes, "of all rows seen": deal.n_learnt / n}))

    return told
