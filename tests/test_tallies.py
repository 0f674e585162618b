"""Counts of columns in parts: the same in whatever parts and order, and inference from them as from the rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.schema import tallies
from likewise.schema.infer import infer_counted
from likewise.schema.tallies import TableTally, Tallied, Tally, kept_levels, merged_tables

cells = {
    "n": st.one_of(st.none(), st.integers(-3, 40)),
    "x": st.one_of(st.none(), st.sampled_from([0.5, -0.0, 0.0, 1e300, 0.25])),
    "t": st.one_of(st.none(), st.sampled_from([f"level {i}" for i in range(30)])),
}  # fmt: skip
DTYPES = {"n": pl.Int64(), "x": pl.Float64(), "t": pl.String()}
NUMBERED = frozenset({"t"})


def of_part(frame: pl.DataFrame, first: int) -> TableTally:
    rows = np.arange(first, first + len(frame))
    columns = {name: Tally.of(frame[name], rows, rows % 5 > 0, any_number=name in NUMBERED) for name in frame.columns}
    some = rows % 3 == 0
    return TableTally(columns, frame.filter(pl.Series(some)), rows[some])


def told(tally: TableTally, folder: Path) -> list[object]:
    """All that is known, in one order."""
    found: list[object] = [tally.sample.to_dict(as_series=False), tally.rows.tolist()]
    for column in tally.columns.values():
        numbers = (column.n, column.n_learnt, column.nulls, column.nulls_learnt, column.least, column.greatest)
        values: object = None
        if column.values is not None:
            kept, others = kept_levels(column, folder, 2)
            values = (kept.sort("value").rows(), others)
        found.append((numbers, column.decimals, column.longest, values))
    return found


@given(st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=60), st.sampled_from([2, 8, 1_000]), st.data())
def test_any_cuts_merged_in_any_order_are_the_same(
    rows: list[dict[str, object]], most: int, data: st.DataObject
) -> None:
    frame = pl.DataFrame(rows, schema=DTYPES)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(frame)), max_size=6)))
    ends = [*cuts, len(frame)]
    held = tallies.MOST, tallies.MOST_HELD
    tallies.MOST, tallies.MOST_HELD = most, 4
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parts = [of_part(frame[a:b], a) for a, b in zip([0, *cuts], ends, strict=True)]
            parts = data.draw(st.permutations(parts))
            while len(parts) > 1:  # over any tree
                n = data.draw(st.integers(2, len(parts)))
                parts = [*parts[n:], merged_tables(parts[:n], any_number=NUMBERED, folder=folder)]
            assert told(parts[0], folder) == told(of_part(frame, 0), folder)
            assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    finally:
        tallies.MOST, tallies.MOST_HELD = held


@pytest.mark.parametrize("seed", range(3))
def test_what_columns_are_is_told_from_tallies_as_from_rows(mixed_frame: pl.DataFrame, seed: int) -> None:
    frame = mixed_frame.sample(fraction=1.0, shuffle=True, seed=seed)
    rows, n = np.arange(len(frame)), len(frame) // 3
    parts = [of_part(frame[i : i + n], i) for i in range(0, len(frame), n)]
    whole = merged_tables(parts, any_number=frozenset(), folder=Path())
    sampled = TableTally(whole.columns, frame, rows)
    told_of_rows = infer_counted(frame, entity=False)[0]
    assert infer_counted(Tallied(sampled, dict(frame.schema)), entity=False)[0] == told_of_rows
