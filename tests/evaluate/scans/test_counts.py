"""What is counted in parts is what the whole table holds, however it is cut and in whatever order counts are added."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likewise.engines import engine_of
from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.sides import Side, take_sides
from likewise.evaluate.fidelity import fidelity
from likewise.evaluate.scans import cells as cells_
from likewise.evaluate.scans import counting as counting_
from likewise.evaluate.scans.cells import Cells
from likewise.evaluate.scans.counting import Counting, Counts, count_shard, counted
from likewise.evaluate.scans.kinds import Copies, Kinds, Spilled, all_kinds, copies_in, spill
from likewise.evaluate.scans.rows import Rows
from likewise.evaluate.scans.whole import ALL, Whole
from likewise.evaluate.tables import Typed, type_tables
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.sources import scan
from likewise.sources.hashed import hashes_of
from likewise.sources.source import BLOCK, Shard

from .tables import table

REAL, FAKE = table(6_000, 0), table(5_000, 1)


def counting_of(folder: Path, sample: int) -> tuple[Counting, list[Typed]]:
    """What counts two tables, of which the first rows are the sample; and the tables in memory."""
    schema = infer(REAL, entity=False)
    typed = type_tables([parse(t, schema) for t in (REAL, FAKE)], schema)
    some = type_tables([parse(t.head(sample), schema) for t in (REAL, FAKE)], schema)
    cells = tuple(Cells.of(c, [t.columns[i] for t in some], some[0].columns[i]) for i, c in enumerate(schema))
    pairs = np.stack(np.triu_indices(len(cells), 1), axis=1)
    tables = {}
    for role, frame in (("real", REAL), ("synthetic", FAKE)):
        frame.write_parquet(folder / f"{role}.parquet", row_group_size=1_000)
        with scan(folder / f"{role}.parquet").opened(BLOCK) as source:
            tables[role] = Rows(source)
    return Counting(tables, schema, cells, pairs, (), folder, 5), typed


def whole_of(counting: Counting, counts: dict[str, Counts]) -> Whole:
    none = Kinds.of([np.zeros(0, np.uint64)] * 3)
    return Whole(counting.cells, counts, {}, counting.pairs, len(counting.pairs), Copies(none, none), None)


def test_counts_give_the_figures_of_the_table_in_memory(tmp_path: Path) -> None:
    counting, (real, fake) = counting_of(tmp_path, 6_000)
    found = whole_of(counting, counted(engine_of("local"), counting)).apart(("real", ALL), ("synthetic", ALL))
    (told,) = fidelity(real, [fake], rng=np.random.default_rng(0))
    assert tuple(found.columns) == told.columns, "bit for bit"
    assert not found.off.any()
    gaps = {(p.a, p.b): p for p in told.pairs}
    for (i, j), gap in zip(counting.pairs.tolist(), found.gaps, strict=True):
        pair = gaps[counting.cells[i].column.name, counting.cells[j].column.name]
        if pair.measure == "contingency":
            assert gap == pair.gap
        else:
            assert gap == pytest.approx(pair.gap, abs=1e-12 if {pair.a, pair.b} == {"age", "holes"} else 1e-3)


def test_values_that_no_sample_holds_are_counted_too(tmp_path: Path) -> None:
    counting, (real, fake) = counting_of(tmp_path, 500)
    found = whole_of(counting, counted(engine_of("local"), counting)).apart(("real", ALL), ("synthetic", ALL))
    (told,) = fidelity(real, [fake], rng=np.random.default_rng(0))
    for cells, error, off, exact in zip(counting.cells, found.columns, found.off, told.columns, strict=True):
        assert error - 1e-12 <= exact <= error + off + 1e-12, cells.column.name
        assert off < 0.01
        assert cells.is_number or off == 0.0


def test_levels_too_many_to_be_named_are_told_to_within_what_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting_, "MOST_UNSEEN", 10)
    counting, (real, fake) = counting_of(tmp_path, 500)
    found = whole_of(counting, counted(engine_of("local"), counting)).apart(("real", ALL), ("synthetic", ALL))
    (told,) = fidelity(real, [fake], rng=np.random.default_rng(0))
    place = [c.column.name for c in counting.cells].index("rare")
    assert found.columns[place] < told.columns[place] <= found.columns[place] + found.off[place]


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Counting:
    return counting_of(tmp_path_factory.mktemp("counts"), 400)[0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, len(REAL) - 1), max_size=4, unique=True), st.randoms(use_true_random=False))
def test_any_cuts_and_any_order_give_the_same_counts(counting: Counting, cuts: list[int], random: object) -> None:
    ends = [0, *sorted(cuts), len(REAL)]
    shards = [Shard(k, a, b) for k, (a, b) in enumerate(itertools.pairwise(ends))]
    parts = [count_shard(("real", shard), counting) for shard in shards]
    files = [counting.file("rows", "real", shard.index) for shard in shards]
    hashes = np.sort(np.concatenate([np.fromfile(file, np.uint64) for file in files]))
    random.shuffle(parts)  # type: ignore[attr-defined]
    some, whole = Counts.merged(parts), count_shard(("real", Shard(0, 0, len(REAL))), counting)
    assert (some.n == whole.n).all()
    assert some.n.min() > 0
    assert all(np.array_equal(a, b) for a, b in zip(some.columns, whole.columns, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(some.pairs, whole.pairs, strict=True))
    for i, levels in some.unseen.items():
        assert levels is not None
        assert whole.unseen[i] is not None
        assert levels.equals(whole.unseen[i])
    assert np.array_equal(hashes, np.fromfile(files[0], np.uint64))


# ---- rows in common --------------------------------------------------------------------------------------------------


def rows(seed: int, n: int, kinds: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(seed).integers(0, 2**64, kinds, np.uint64)[
        np.random.default_rng(seed + 1).integers(0, kinds, n)
    ]


def tables_of(what: str) -> list[np.ndarray[tuple[int], np.dtype[np.uint64]]]:
    """Hashes of real, synthetic and holdout rows."""
    rng = np.random.default_rng(7)
    real, fake, held = (rng.integers(0, 2**64, n, np.uint64) for n in (900, 700, 300))
    match what:
        case "copies":
            fake[:40] = real[:40]
        case "twice":
            real, held, fake = np.repeat(real, 2), np.repeat(held, 3), np.append(fake, real[:9])
        case "repeats":  # a tenth of the real rows stands there three times, and nothing of the holdout does
            real, fake = np.append(real, np.repeat(real[:100], 2)), np.append(fake, real[:30])
            held = np.append(held, real[:2])
        case "crowded":
            real, fake, held = (rng.integers(0, 400, n).astype(np.uint64) for n in (900, 700, 300))
        case "crowded and repeated":
            real, fake, held = (rng.integers(0, 400, n).astype(np.uint64) for n in (900, 700, 300))
            real = np.append(real, np.repeat(np.uint64(10**6) + np.arange(200, dtype=np.uint64), 4))
        case "no holdout":
            held, fake[:4], real[100:150] = held[:0], real[:4], real[:50]
        case "no holdout, crowded":
            real, fake, held = rows(0, 900, 400), rows(0, 700, 400), held[:0]
    return [real, fake, held]


WHATS = ("fresh", "copies", "twice", "repeats", "crowded", "crowded and repeated", "no holdout", "no holdout, crowded")


@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize("files", [1, 3])
def test_copies_are_told_as_in_memory(tmp_path: Path, what: str, files: int) -> None:
    real, fake, held = tables_of(what)
    spilled: list[list[Path]] = []
    for k, hashes in enumerate((real, fake, held)):
        spilled.append([tmp_path / f"{k}-{i}" for i in range(files)])
        for path, part in zip(spilled[-1], np.array_split(hashes, files), strict=True):
            spill(part, path)
    found = copies_in(engine_of("local"), Spilled(tuple(map(tuple, spilled)), files * 2 + 1))
    side = [Side(Typed((), len(h)), h) for h in (real, held)]
    sides = _sides(side[0], side[1] if len(held) else None)
    fresh = held if sides.are_distinct else None if sides.holdout is None else sides.holdout.hashes
    assert found.beside() == copying.copies_beside(fake, real, fresh)
    assert found.once() == copying.copies_once(fake, sides)
    assert (found.repeating == "distinct") == sides.are_distinct


def _sides(train: Side, holdout: Side | None):  # type: ignore[no-untyped-def]
    """As of rows, of which the columns are no matter."""
    from likewise.evaluate.attacks import sides

    return take_sides(train, None, np.random.default_rng(0)) if holdout is None else sides._by_row(train, holdout)


def test_each_way_that_rows_repeat_is_among_them() -> None:
    found = {}
    for what in WHATS:
        kinds = Kinds.of(tables_of(what))
        found[what] = Copies(kinds, kinds).repeating
    assert set(found.values()) == {"chance", "distinct", "unclear"}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9))
def test_parts_of_all_hashes_add_up(tmp_path_factory: pytest.TempPathFactory, seed: int, parts: int) -> None:
    folder = tmp_path_factory.mktemp("hashes")
    tables = [rows(seed, 300, 200), rows(seed, 200, 200), rows(seed + 2, 100, 50)]
    tables[0][0] = np.uint64(2**64 - 1)
    for k, hashes in enumerate(tables):
        spill(hashes, folder / str(k))
    spilled = Spilled(tuple((folder / str(k),) for k in range(3)), parts)
    some, whole = all_kinds(engine_of("local"), spilled), Kinds.of(tables)
    assert np.array_equal(some.kinds, whole.kinds)
    assert np.array_equal(some.rows, whole.rows)
    assert np.array_equal(some.under, whole.under)
    assert (some.times, some.smallest) == (whole.times, whole.smallest)
    assert some.rows.sum() == 600


def test_rows_have_the_same_number_only_where_they_hold_the_same() -> None:
    frame = pl.DataFrame({
        "a": ["x", "x", "y", None, "", "xy", "x"], "b": ["y", "y", "x", None, "", "", "y"],
        "c": [0.0, -0.0, 1.0, None, 0.0, 1.0, float("nan")],
    }).with_columns(pl.col("c").fill_nan(None))  # fmt: skip
    found = hashes_of(frame, ["a", "b", "c"])
    assert found[0] == found[1]
    assert len(np.unique(found)) == 6
    long = pl.DataFrame({"a": [f"{'é' * (k % 50)}{k % 400}" for k in range(1_000)]})
    assert len(np.unique(hashes_of(long, ["a"]))) == long["a"].n_unique()
    assert hashes_of(long.head(3), ["a"]).tolist() == hashes_of(long, ["a"])[:3].tolist()


def test_a_value_of_its_own_has_a_cell_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_, "MOST_EDGES", 50)
    monkeypatch.setattr(cells_, "SOME_EDGES", 40)
    values = np.append(np.random.default_rng(0).normal(size=2_000), np.full(500, 7.0))
    schema = infer(frame := pl.DataFrame({"x": values}), entity=False)
    (typed,) = type_tables([parse(frame, schema)], schema)
    cells = Cells.of(schema["x"], [typed.columns[0]], typed.columns[0])
    assert len(cells.edges if cells.edges is not None else ()) < 200
    own = cells.encode(pl.Series("x", [7.0]))
    assert own[0] % 2 == 1
    assert (cells.encode(pl.Series("x", [7.0, 7.5, None])) == [own[0], own[0] + 1, cells.missing]).all()
