"""Tables that are not held, measured: a pass over each for a sample, one for the counts of all rows, and their report.

The sample is measured as tables in memory are; of what adds up the counts of all rows are told in its place. Tables no
larger than the sample are held, and measured as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from likewise.engines import engine_of
from likewise.engines.base import Engine
from likewise.errors import InputError, OptionError
from likewise.evaluate.parsed import parsed
from likewise.evaluate.results import Report
from likewise.evaluate.scans.cells import Cells
from likewise.evaluate.scans.counting import CLASSES, WHOLE_ROWS, Counting, counted, pair_size
from likewise.evaluate.scans.kinds import all_kinds, copies_in
from likewise.evaluate.scans.rows import Rows, Tables, samples
from likewise.evaluate.scans.whole import Whole
from likewise.evaluate.scoring.context import MOST_MEASURED
from likewise.evaluate.tables import Typed, check_columns, type_tables
from likewise.schema.column import Kind, Role, Schema
from likewise.schema.infer import infer
from likewise.sources.chosen import chosen
from likewise.sources.opening import Scan, scan
from likewise.sources.scratch import scratch
from likewise.sources.source import BLOCK, SHARD, Shard
from likewise.tables.frames import from_frame
from likewise.typing import Ints

MOST_SAMPLED = MOST_MEASURED
"""Rows of each table that are looked at as they are."""

MOST_CELLS = 4_000_000
"""Of the counts of all pairs together: ranks of numbers are told on coarser grids until they hold them; of more pairs
than they hold then, some by chance are counted."""

GRIDS = (64, 32, 16)
"""Cells of a column of many values on which its ranks are told: on each the correlation is less by the square of one
over so many, in all tables alike."""

COLUMNS = 20
"""Of a table of more columns shards have fewer rows, so that one takes no more memory."""

Measure = Callable[..., Report]


def are_scans(tables: Iterable[Any], where: Mapping[str, Any]) -> bool:
    """Whether a table is still to be read.

    Raises:
        OptionError: all that somebody is told to read is held already.
    """
    if any(isinstance(table, Scan | str | Path) for table in tables):
        return True
    if asked := [name for name, value in where.items() if value is not None]:
        raise OptionError(
            f"{asked[0]} is of tables that are read in parts: give the path of a file or folder, or "
            "likewise.scan(...), in place of frames that are held already"
        )
    return False


def as_scan(table: Any) -> Scan:
    """A table that is read in parts: one to be read, the path of one, or a frame that is held."""
    if isinstance(table, Scan):
        return table
    if isinstance(table, str | Path):
        return scan(table)
    return scan(from_frame(table)[0].lazy())


def evaluate_scans(
    measure: Measure, given: Mapping[str, Any], schema: Schema | None, where: Mapping[str, Any], *,
    entity: str | bool | None, random_state: int, **asked: Any,
) -> Report:  # fmt: skip
    """Measure tables that are not held.

    Args:
        measure: what measures tables in memory: `likewise.evaluate.gather.measure_frames`.
        given: the real and the synthetic table, and a holdout one where there is one, by role.
        where: engine, workers and address, as `likewise.engines.engine_of` takes them.
        asked: what else `measure` takes.

    Raises:
        InputError: a table cannot be read, is no match for the others, or changes while it is read.
        OptionError: something is asked for that looks at all rows together.
        OutputError: the disk has no room for the hashes of the rows.
    """
    told = {"public": asked["public"] is not None}
    told |= {name: bool(asked[name]) for name in ("time", "on")}
    if named := [name for name, is_given in told.items() if is_given]:
        raise OptionError(
            f"{named[0]} does not go with tables that are read in parts: leave it out, or give frames that are held, "
            "such as all rows of some persons"
        )
    scans = {role: as_scan(table) for role, table in given.items()}
    with ExitStack() as stack:
        engine = stack.enter_context(_engine(where))
        tables = {}
        for role, one in scans.items():
            source = stack.enter_context(one.opened())
            size = max(BLOCK, SHARD * COLUMNS // max(len(source.columns), COLUMNS) // BLOCK * BLOCK)
            tables[role] = Rows(replace(source, size=min(source.size, size)), one.split)
        measured = _gathered(measure, tables, schema, engine, entity, random_state, asked)
    return measured()  # workers, who hold memory, and the hashes of rows are gone by now


def _engine(where: Mapping[str, Any]) -> Engine:
    engine, workers, address = (where.get(name) for name in ("engine", "workers", "address"))
    if engine is None:
        engine = "local" if workers in (None, 1) and address is None else "processes"
    return engine_of(engine, workers=workers, address=address)


def _gathered(
    measure: Measure, tables: Tables, schema: Schema | None, engine: Engine, entity: str | bool | None, seed: int,
    asked: Mapping[str, Any],
) -> Callable[[], Report]:  # fmt: skip
    """Counts and samples; what is given back measures them, and reads no table."""
    is_whole = all(rows.n <= MOST_SAMPLED for rows in tables.values())
    draft = infer(_first_rows(tables["real"]), entity=entity) if schema is None else schema
    whose = (draft.entity if entity is None else entity) or None
    for role, rows in tables.items():
        check_columns(pl.DataFrame(schema=dict(rows.source.columns)), draft, role)
        if rows.n == 0:
            raise InputError(f"the {role} table has no rows; give at least one")
    if isinstance(whose, str) and not is_whole:
        return _of_persons(measure, tables, draft, engine, schema, whose, seed, asked)
    classes = tuple(c.name for c in draft if c.role is Role.QUASI_IDENTIFIER)
    n_rows = 0 if is_whole else sum(rows.n for rows in tables.values())
    needed = 8 * n_rows * (1 + bool(classes))
    drawn, sampling, quartering = (int(s) for s in np.random.default_rng([seed, 70]).integers(2**63, size=3))
    with scratch(needed, "telling which rows are copies") as folder:
        frames = samples(engine, tables, sampling, MOST_SAMPLED)
        if is_whole:
            return partial(measure, frames, schema=schema, entity=entity, random_state=seed, **asked)
        schema = _schema(frames["real"], draft) if schema is None else schema
        schema, read = parsed(frames, schema)
        typed = dict(zip(read, type_tables(list(read.values()), schema), strict=True))
        cells, pairs, n_pairs = _planned(schema, typed, np.random.default_rng(drawn))
        counting = Counting(tables, schema, cells, pairs, classes, folder, quartering)
        counts = counted(engine, counting)
        whole = Whole(
            cells, counts, {role: len(frame) for role, frame in frames.items()}, pairs, n_pairs,
            copies_in(engine, counting.spilled(WHOLE_ROWS)),
            all_kinds(engine, counting.spilled(CLASSES)) if classes else None,
        )  # fmt: skip
    last = partial(measure, frames, schema=schema, entity=False, random_state=seed, whole=whole, **asked)
    return partial(_noted, last, _note(whole))


def _noted(last: Callable[[], Report], note: str) -> Report:
    report = last()
    return replace(report, notes=(note, *report.notes))


def _of_persons(
    measure: Measure, tables: Tables, draft: Schema, engine: Engine, schema: Schema | None, entity: str, seed: int,
    asked: Mapping[str, Any],
) -> Callable[[], Report]:  # fmt: skip
    """All measured on all rows of some persons, who are the same in all tables where they are called the same."""
    if any(rows.split is not None for rows in tables.values()):
        raise OptionError("some rows of a scan are for an evaluation, but persons have others, too: say entity=False")
    some = {role: chosen(engine, rows.source, draft, entity, seed, MOST_SAMPLED) for role, rows in tables.items()}
    frames = {role: one.frame for role, one in some.items()}
    last = partial(measure, frames, schema=schema, entity=entity, random_state=seed, **asked)
    counted_rows = ", ".join(f"{role}: {len(one.numbers):,} of {one.n_all:,}" for role, one in some.items())
    note = (
        f"Read in parts: all is measured on all rows of some persons ({counted_rows}); nobody else is seen by any "
        "attack."
    )
    return partial(_noted, last, note)


def _first_rows(rows: Rows) -> pl.DataFrame:
    return rows.read(Shard(0, 0, min(MOST_SAMPLED, rows.source.n_rows)))[0]


def _schema(sample: pl.DataFrame, draft: Schema) -> Schema:
    """What the columns are, told from a sample; keys from the first rows, whose numbers have no gaps."""
    schema = infer(sample, entity=False)
    ids = [c if d.kind is not Kind.ID else d for c, d in zip(schema, draft, strict=True)]
    return replace(schema, columns=tuple(ids))


def _planned(
    schema: Schema, typed: Mapping[str, Typed], rng: np.random.Generator
) -> tuple[tuple[Cells, ...], Ints, int]:
    """Cells of the columns, (P, 2) pairs to be counted, and how many there are: as many as the memory holds."""
    columns = [c for c in schema if c.is_modelled]
    pairs = np.stack(np.triu_indices(len(columns), 1), axis=1).astype(np.int64)
    for grid in GRIDS:
        cells = tuple(
            Cells.of(column, [table.columns[i] for table in typed.values()], typed["real"].columns[i], grid)
            for i, column in enumerate(columns)
        )
        sizes = np.array([pair_size(cells[i], cells[j]) for i, j in pairs.tolist()], np.int64)
        if sizes.sum() <= MOST_CELLS:
            return cells, pairs, len(pairs)
    order = rng.permutation(len(pairs))
    return cells, pairs[np.sort(order[np.cumsum(sizes[order]) <= MOST_CELLS])], len(pairs)


def _note(whole: Whole) -> str:
    counted_rows = ", ".join(f"{whole.n(role):,} {role}" for role in whole.counts)
    sampled = ", ".join(f"{n:,} {role}" for role, n in whole.sampled.items())
    return (
        f"Read in parts: columns, pairs and exact copies are counted on all rows ({counted_rows}); all else is "
        f"measured on a sample of them ({sampled}), and what was not sampled is not seen by the other attacks."
    )
