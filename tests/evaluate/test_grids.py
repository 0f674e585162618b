"""What a grid of two columns may show of real rows, and what not."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from likewise.evaluate import evaluate_tables
from likewise.evaluate.grids import with_grids
from likewise.evaluate.results import Grid, PairScore
from likewise.evaluate.tables import type_tables
from likewise.schema.column import Column, Kind, Schema

from .frames import MIXED, mixed

TWO = Schema((Column(name="a", kind=Kind.REAL), Column(name="b", kind=Kind.CATEGORICAL)))


def draw(real: pl.DataFrame, synthetic: pl.DataFrame) -> Grid | None:
    pair = PairScore(a="a", b="b", measure="contingency", error=0.1, gap=0.1)
    tables = type_tables([real, synthetic], TWO)
    return with_grids([pair], *tables, rng=np.random.default_rng(0))[0].grid


def table(numbers: list[float], levels: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"a": numbers, "b": levels}, schema={"a": pl.Float64, "b": pl.String})


@given(st.lists(st.tuples(st.floats(-100, 100), st.sampled_from(["p", "q", "r", None])), min_size=20, max_size=120))
def test_no_cell_shows_one_to_four_real_rows(rows):
    frame = table(*map(list, zip(*rows, strict=True)))
    found = draw(frame, frame)
    if found is not None:
        present = sum(level is not None for _, level in rows)
        assert sum(share > 0 for share in found.real) * 5 <= present
        least = min(share for share in found.real if share > 0)
        assert all(abs(share / least - round(share / least)) < 0.02 or share * present > 20 for share in found.real)


def test_rare_levels_and_extremes_are_not_named():
    rng = np.random.default_rng(1)
    real = table([*rng.normal(0, 1, 300).tolist(), 98_765.0], [*(["p", "q", "r"] * 100), "only once"])
    found = draw(real, real)
    assert "only once" not in found.y
    assert not any("98" in text for text in found.x)


def test_cells_hold_the_shares_of_both_tables():
    real = table([float(i % 2) for i in range(400)], ["p", "q"] * 200)
    fake = table([float(i % 2) for i in range(400)], ["p", "q", "q", "p"] * 100)
    found = draw(real, fake)
    cells = {(x, y): k for y, _ in enumerate(found.y) for x, _ in enumerate(found.x) for k in [y * len(found.x) + x]}
    filled = [cell for cell, k in cells.items() if found.real[k] > 0]
    assert sorted(round(found.real[cells[cell]], 2) for cell in filled) == [0.5, 0.5]
    assert sorted(round(share, 2) for share in found.synthetic if share) == [0.25, 0.25, 0.25, 0.25]


def test_only_the_pairs_that_differ_most_get_a_grid():
    tables = type_tables([mixed(400, 0), mixed(400, 1)], MIXED)
    pairs = evaluate_tables(mixed(400, 0), mixed(400, 1), MIXED).pairs
    bare = with_grids(pairs, *tables, rng=np.random.default_rng(0), most=2)
    assert sum(pair.grid is not None for pair in bare) <= 2
    assert bare[-1].grid is None
    assert any(pair.grid is not None for pair in pairs)
