"""Tables of columns that are held as their values and a number a row: the same as the frames they stand for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import likewise as lw
from likewise.codecs.table import TableCodec
from likewise.schema.column import Column, Kind
from likewise.schema.dialect import Dialect
from likewise.schema.distinct import Columns, Counted, Distinct
from likewise.schema.infer import infer_counted
from likewise.schema.parse import parse, parse_column, parse_counted, restore, restore_column
from likewise.tables import delimited, files

N = 6_000
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "é"]), st.text(max_size=3))


def table(n: int = N) -> pl.DataFrame:
    """A column of each kind as a CSV has it: texts that repeat, most with some missing."""
    rng = np.random.default_rng(0)
    day = dt.date(2020, 1, 1)

    def some(values: list[str], holes: int = 20) -> list[str | None]:
        picked = rng.integers(0, len(values), n).tolist()
        return [None if i % holes == 3 else values[k] for i, k in enumerate(picked)]

    return pl.DataFrame(
        {
            "town": some(["Bonn", "Köln", "Mainz", "?"]),
            "once": ["alone" if i == 7 else "often" for i in range(n)],
            "age": some([str(i) for i in range(18, 90)]),
            "share": some([f"{i / 8:.3f}" for i in range(300)]),
            "smokes": some(["no", "yes"]),
            "born": some([str(day + dt.timedelta(days=i)) for i in range(700)]),
            "seen": some([f"{day} {i % 24:02d}:{i % 60:02d}:00" for i in range(700)]),
            "note": some([f"{rng.integers(1000, 9999)}-{c}{d}" for c in "abcdefgh" for d in "qrstuvwxyz" * 30]),
            "key": [f"{i:07d}" for i in range(n)],
        }
    )


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 40_000)


@pytest.mark.usefixtures("small_blocks")
def test_a_file_read_in_blocks_is_the_file(tmp_path: Path) -> None:
    frame = table().with_columns(quoted=pl.concat_str(pl.lit("Main St,\n"), pl.col("age")))
    frame.write_csv(tmp_path / "t.csv")
    read, dialect = files.read_columns(tmp_path / "t.csv")
    whole, as_told = files.read_table(tmp_path / "t.csv")
    assert_frame_equal(read.frame(), whole)
    assert dialect == as_told
    few = [name for name in read.columns if isinstance(read[name], Distinct)]
    assert few == [name for name in frame.columns if name != "key"]  # which are different texts


cells = st.text(st.sampled_from('ab" ,\n'), max_size=4) | st.none()


@pytest.mark.filterwarnings("ignore:.*without any value behind the table")
@pytest.mark.usefixtures("small_blocks")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=30), size=st.integers(1, 40))
def test_any_text_survives_blocks(rows: list[tuple[str | None, ...]], size: int) -> None:
    frame = pl.DataFrame(rows, schema={"one": pl.String, "two": pl.String}, orient="row")  # which no row repeats
    plain = Dialect(delimiter=",", quote='"', escape="none", header=True, skip=0)
    data = frame.write_csv().encode()
    delimited.BLOCK_BYTES = size  # type: ignore[misc]
    read = delimited.read_delimited(data, "it", dialect=plain, in_blocks=True)[0]
    assert_frame_equal(read.frame(), delimited.read_delimited(data, "it", dialect=plain)[0].frame())


@settings(deadline=None)
@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.lists(TEXTS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_columns_counted_together_are_counted_as_each_alone(columns: list[list[str | None]]) -> None:
    together = Distinct.of_all([pl.Series(f"c{i}", cells, dtype=pl.String) for i, cells in enumerate(columns)])
    for found, cells in zip(together, columns, strict=True):
        met = list(dict.fromkeys(cell for cell in cells if cell is not None))
        assert found.values.to_list() == met
        assert found.counts.to_list() == [cells.count(text) for text in met]
        assert (found.at is None) == (len(met) > 0.5 * len(cells))
        assert found.at is None or found.spread(found.values).to_list() == cells


def test_a_repeated_text_takes_a_byte_a_row() -> None:
    distinct = Counted(table())["town"]
    assert distinct.at is not None
    assert distinct.at.dtype == pl.UInt8
    assert Counted(table())["note"].at.dtype == pl.UInt16  # type: ignore[union-attr]


def test_codes_of_columns_are_those_of_the_frame() -> None:
    raw = table()
    schema, counted = infer_counted(raw)
    columns = parse_counted(counted, schema)
    frame = parse(raw, schema)
    assert_frame_equal(columns.frame(), frame)
    held = [isinstance(columns[name], Distinct) for name in columns.columns]
    assert held == [name != "key" for name in columns.columns]
    codec, same = TableCodec.fit(columns, schema), TableCodec.fit(frame, schema)
    state, arrays = codec.to_state()
    expected, parts = same.to_state()
    assert state == expected
    assert all((arrays[name] == part).all() for name, part in parts.items())
    codes, wanted = codec.encode(columns), same.encode(frame)
    np.testing.assert_array_equal(codes.codes, wanted.codes)
    np.testing.assert_array_equal(codes.fractions, wanted.fractions)
    assert codes.codes.dtype == wanted.codes.dtype


def test_what_only_rows_left_out_hold_is_not_learnt() -> None:
    raw = table().select("once", "age")
    schema, counted = infer_counted(raw)
    columns = parse_counted(counted, schema).rows(np.setdiff1d(np.arange(N), [7]))
    summary = TableCodec.summarise(columns, schema)
    assert summary.columns["once"].levels.to_list() == ["often"]
    assert int(summary.columns["age"].counts.sum()) + summary.columns["age"].missing == N - 1


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("options", [{}, {"only": {"smokes": "yes"}}, {"entity": "key"}], ids=repr)
def test_a_fit_from_a_path_is_the_fit_of_its_table(tmp_path: Path, options: dict[str, object]) -> None:
    table().write_csv(tmp_path / "t.csv")
    sources = (str(tmp_path / "t.csv"), tmp_path / "t.csv", files.read(tmp_path / "t.csv"))
    drawn = [lw.Synthesizer("copula", random_state=0, **options).fit(s).sample(200) for s in sources]  # type: ignore[arg-type]
    assert_frame_equal(drawn[0], drawn[2])
    assert_frame_equal(drawn[1], drawn[2])


def test_a_column_of_numbers_has_no_numbered_rows() -> None:
    columns = Columns.of(pl.DataFrame({"x": [1, 1, 2]}))
    assert Counted(columns)["x"].counts.sum() == 3
    assert columns.rows(np.array([2, 0])).frame()["x"].to_list() == [2, 1]


@pytest.mark.parametrize("part", [1, 7, 1_000])
def test_rows_drawn_part_by_part_are_those_drawn_at_once(part: int) -> None:
    synth = lw.Synthesizer("copula", random_state=0).fit(table())
    parts = list(synth.sample_parts(40, part=part, random_state=1, where={"smokes": "yes"}))
    assert_frame_equal(pl.concat(parts), synth.sample(40, random_state=1, where={"smokes": "yes"}))
    assert {len(p) for p in parts[:-1]} <= {part}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_table_written_in_parts_is_the_table(encoding: str, line_end: str, tmp_path: Path) -> None:
    frame, dialect = table(100), Dialect(encoding=encoding, line_end=line_end)
    files.write(frame, tmp_path / "whole.csv", dialect=dialect)
    files.write((frame[i : i + 30] for i in range(0, 100, 30)), tmp_path / "parts.csv", dialect=dialect)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_command_writes_what_the_library_draws(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from likewise.cli import synth
    from likewise.cli.app import app

    monkeypatch.setattr(synth, "MANY_ROWS", 1_000)
    table().write_csv(tmp_path / "t.csv")
    asked = ["synth", str(tmp_path / "t.csv"), "--model", "copula", "--no-measure", "--seed", "3", "-n", "300"]
    run = CliRunner().invoke(app, [*asked, "-o", str(tmp_path / f"out{ending}")])
    assert run.exit_code == 0, run.output
    drawn = lw.Synthesizer("copula", random_state=3).fit(tmp_path / "t.csv").sample(300)
    written = files.read(tmp_path / f"out{ending}")
    assert_frame_equal(written.select("once"), drawn.select("once"))
    assert len(written) == 300


def test_numbers_of_one_format_are_written_together_as_each_alone() -> None:
    texts = {"a": ["1.25", "-3.00", "?"], "b": ["2.5", "100.25", "7.75"], "huge": ["1e18", "0.5", "2.25"]}
    whole = {"n": ["1", "-20", "3"], "m": ["7", "NA", "9"]}
    frame = pl.DataFrame(texts | whole).select(pl.all().gather([0, 1, 2] * 20))
    schema = lw.infer(frame)
    assert {c.kind.value for c in schema} == {"integer", "real"}
    canonical = parse(frame, schema)
    alone = [restore_column(canonical[c.name], c) for c in schema]
    assert_frame_equal(restore(canonical, schema), pl.DataFrame(alone))
    assert restore(canonical, schema)["a"].to_list()[:3] == ["1.25", "-3.00", "?"]


@pytest.mark.parametrize(
    ("kind", "texts", "missing"),
    [
        ("real", ["1.5", " 2.5", "nan", "3"], ()),
        ("real", ["1.5", "-999", "-0.0", None], ("-999",)),
        ("real", ["1e400", "2.5", "-inf", "+3.5"], ()),
        ("integer", ["1", "2.0", " 3 ", "+4"], ()),
        ("integer", ["1", "0", "-1", "NA"], ("0",)),
    ],
)
def test_a_quick_look_at_numbers_reads_what_a_close_one_does(
    kind: str, texts: list[str | None], missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    column = Column(name="x", kind=Kind(kind), missing=missing, lenient=True)
    quick = [parse_column(pl.Series("x", [t]), column) for t in texts]
    monkeypatch.setattr("likewise.schema.parse._plain_numbers", lambda *_: None)
    assert [q.to_list() for q in quick] == [parse_column(pl.Series("x", [t]), column).to_list() for t in texts]
