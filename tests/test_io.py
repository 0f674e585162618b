"""Tables come in by content and ending, go out whole or not at all, and bad files are told clearly."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from likewise.errors import InputError, LikewiseWarning, OutputError
from likewise.schema.dialect import Dialect
from likewise.schema.infer import infer
from likewise.tables import delimited, files, source

TABLE = pl.DataFrame({"name": ["1", None, "x,y", 'q"q', "", " s "], "b": ["é", "2", "3", "line\nbreak", None, "6"]})
TEXT_ENDINGS = (".csv", ".tsv", ".csv.gz", ".csv.zst", ".tsv.gz", ".CSV")
TYPED_ENDINGS = (".parquet", ".feather", ".arrow", ".jsonl", ".ndjson", ".parquet.gz", ".jsonl.zst")


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# ---- reading and writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", TEXT_ENDINGS + TYPED_ENDINGS)
def test_every_format_reads_its_own_writing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    files.write(TABLE, path)
    assert_frame_equal(files.read(path), TABLE)


@pytest.mark.parametrize("ending", [".parquet", ".feather"])
def test_typed_formats_keep_types(tmp_path: Path, mixed_frame: pl.DataFrame, ending: str) -> None:
    files.write(mixed_frame, tmp_path / f"t{ending}")
    assert_frame_equal(files.read(tmp_path / f"t{ending}"), mixed_frame)


def test_an_arrow_stream_is_told_from_an_arrow_file(tmp_path: Path) -> None:
    TABLE.write_ipc_stream(tmp_path / "t.arrow")
    assert_frame_equal(files.read(tmp_path / "t.arrow"), TABLE)


def test_csv_values_stay_the_texts_they_were(tmp_path: Path) -> None:
    frame = files.read(put(tmp_path, "t.csv", b'zip,n,e,q\n007,1e5,,""\n?,NA,x,y\n'))
    assert frame.to_dict(as_series=False) == {
        "zip": ["007", "?"], "n": ["1e5", "NA"], "e": [None, "x"], "q": ["", "y"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"a,b\n1,2\n"),
        ("t.csv", b"a;b\n1;2\n"),
        ("t.csv", b"a\tb\n1\t2\n"),
        ("t.txt", b"a|b\n1|2\n"),
        ("t.tsv", b"a\tb\n1\t2\n"),
        ("t", b"a,b\n1,2\n"),
        ("t.csv", b"a,b\r\n1,2\r\n"),
        ("t.csv", b"a,b\r1,2\r"),
        ("t.csv", b"a,b\n1,2"),
        ("t.csv", b"a,b\n1,2\n\n\n"),
        ("t.csv", b"a,b\n\n1,2\n"),
        ("t.csv", b'"a","b"\n"1","2"\n'),
        ("t.csv", b"\xef\xbb\xbfa,b\n1,2\n"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16")),
        ("t.csv", b"\xfe\xff" + "a,b\n1,2\n".encode("utf-16-be")),
        ("t.csv", gzip.compress(b"a,b\n1,2\n", mtime=0)),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)),
        ("t.csv.zst", zstandard.compress(b"a,b\n") + zstandard.compress(b"1,2\n")),
    ],
)
def test_delimiters_line_ends_encodings_and_packing_are_told_by_content(tmp_path: Path, name: str, data: bytes) -> None:
    assert files.read(put(tmp_path, name, data)).to_dict(as_series=False) == {"a": ["1"], "b": ["2"]}


def test_a_decimal_comma_does_not_fool_the_delimiter(tmp_path: Path) -> None:
    frame = files.read(put(tmp_path, "t.csv", b"a;b\n1,5;2\n3,5;4,25\n"))
    assert frame["b"].to_list() == ["2", "4,25"]


def test_latin_1_is_read_and_told(tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", "name,n\nJoão,1\n".encode("latin-1"))
    with pytest.warns(LikewiseWarning, match="not UTF-8; it was read as Windows-1252"):
        assert files.read(path)["name"].to_list() == ["João"]


def test_a_header_of_numbers_is_told(tmp_path: Path) -> None:
    with pytest.warns(LikewiseWarning, match="first line holds only numbers"):
        files.read(put(tmp_path, "t.csv", b"1,2\n3,4\n"))


@pytest.mark.parametrize(
    "row", ["Xanthippe Zquorx,secret7,42", "ann@a.example,ZZ,17", "Ann,1931-02-03,x", "Ann,3.75,-2", "a,b,c"]
)
def test_a_first_row_of_data_is_not_taken_for_names_and_not_told(row: str, tmp_path: Path) -> None:
    cells = [cell.replace("4", "5").replace("7", "8") for cell in row.split(",")]
    lines = [row, *([",".join(cells)] * 6), row, ",".join(cells)]
    with pytest.raises(InputError, match="the first line looks like a row of data") as caught:
        files.read(put(tmp_path, "t.csv", "\n".join(lines).encode()))
    assert not [cell for cell in row.split(",") if len(cell) > 3 and cell in str(caught.value)]


@pytest.mark.parametrize(
    "above", ["Report,Xanthippe Zquorx,2024\n,,", "Report,Xanthippe Zquorx,2024", "Dept,Count,Pay"]
)
def test_names_below_a_title_are_no_row_of_data(above: str, tmp_path: Path) -> None:
    lines = [*above.split("\n"), "dept,n,pay", *(f"{'AB'[i % 2]},{i},{i * 37 % 900}" for i in range(60))]
    path = put(tmp_path, "t.csv", "\n".join(lines).encode())
    with pytest.raises(InputError, match="looks like the names of the columns; say --skip") as caught:
        files.read(path)
    assert "Zquorx" not in str(caught.value)
    assert files.read(path, dialect=Dialect(skip=len(lines) - 61)).columns == ["dept", "n", "pay"]
    assert files.read(path, dialect=Dialect(header=True)).height >= 61


@pytest.mark.parametrize(
    "header", ["country,2019,2020", "country,0,1", "country,10,20,30", "country,400.5,401.5,402.5", "name,2020-01-01,n"]
)
def test_years_and_counted_columns_are_names(header: str, tmp_path: Path) -> None:
    line = ",".join(["Chad", *(["7"] * header.count(","))])
    assert files.read(put(tmp_path, "t.csv", "\n".join([header, *[line] * 9]).encode())).columns == header.split(",")


def test_one_column_keeps_its_empty_cells(tmp_path: Path) -> None:
    assert files.read(put(tmp_path, "t.csv", b"a\n1\n\n2\n"))["a"].to_list() == ["1", None, "2"]


def test_names_with_blanks_quotes_and_delimiters(tmp_path: Path) -> None:
    frame = files.read(put(tmp_path, "t.csv", 'a b,"c,d","e ""f""",ü\n1,2,3,4\n'.encode()))
    assert frame.columns == ["a b", "c,d", 'e "f"', "ü"]


def test_columns_without_a_name_are_named_by_their_place(tmp_path: Path) -> None:
    with pytest.warns(LikewiseWarning, match="columns without a name were named column_1, column_3"):
        frame = files.read(put(tmp_path, "t.csv", b",b,\n1,2,3\n"))
    assert frame.to_dict(as_series=False) == {"column_1": ["1"], "b": ["2"], "column_3": ["3"]}


def test_500_columns(tmp_path: Path) -> None:
    wide = pl.DataFrame({f"c{i}": ["1", "2"] for i in range(500)})
    files.write(wide, tmp_path / "t.csv")
    assert_frame_equal(files.read(tmp_path / "t.csv"), wide)


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("t.csv", b"a,b\n", "has a header with 2 columns, but no rows"),
        ("t.csv", b"a,b", "has a header with 2 columns, but no rows"),
        ("t.csv", b"\n1,2\n", "has a header with 2 columns, but no rows"),
        ("t.csv", b"a,b\n1,2\n1\n3,4\n5\n", "must have 2 cells as the header has; line 3 has 1, and 2 lines in all"),
        ("t.csv", b'a,b\n"1\n2",3\n1,2,3\n', "line 4 has 3, and 1 line in all"),
        ("t.csv", b'a,b\n"x,y",2\n"p"\n', "line 3 has 1, and 1 line in all"),
        ("t.csv", b"a,b,a,c,b\n1,2,3,4,5\n", "more than once: 'a', 'b'"),
        ("t.csv", b",column_1\n1,2\n", "more than once: 'column_1'"),
        ("t.csv", b'a,b\n1,"x\n3,4\n', "a quotation mark is opened and not closed"),
        ("t.csv", bytes(range(256)) * 40, "holds binary data"),
        ("t.csv", b"\xff\xfea,b\n1,2\n\n", "begins like UTF-16 text, but is damaged"),
        ("t.csv", b"PK\x03\x04rest", "is a damaged zip archive"),
        ("t.csv", b"SQLite format 3\0", "is an SQLite database"),
        ("t.csv", b"\x80\x04\x95rest", "is a Python pickle"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "damaged or cut-off gzip"),
        ("t.csv.zst", zstandard.compress(os.urandom(9_000))[:-9], "damaged or cut-off zstd"),
        ("t.parquet", b"a,b\n1,2\n", "ends in '.parquet', but its content is not of that format"),
        ("t.parquet", b"PAR1" + b"\0" * 99, "damaged or cut-off Parquet"),
        ("t.feather", b"ARROW1\0\0" + b"\0" * 99, "damaged or cut-off Arrow"),
        ("t.jsonl", b'{"a":1}\n{"a":\n', "as JSON lines: line 2 is not one JSON object"),
        ("t.jsonl", b'{"a":[1]}\n{"a":[2]}\n', "nested or binary columns: 'a'"),
        ("t.jsonl", b'{"a":[1]}\n', "is one JSON object that holds all the rows"),
    ],
)
def test_a_bad_file_is_told_clearly(tmp_path: Path, name: str, data: bytes, match: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        with pytest.raises(InputError, match=match):
            files.read(put(tmp_path, name, data))


def test_what_is_no_readable_file_is_told_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="does not exist"):
        files.read(tmp_path / "none.csv")
    with pytest.raises(InputError, match="holds no table"):
        files.read(tmp_path)

    # The superuser may read everything, so the refusal of the system is played.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = put(tmp_path, "t.csv", b"a\n1\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="may not be read: no permission"):
        files.read(path)


@pytest.mark.parametrize("packed", [False, True])
def test_one_endless_line_is_refused_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(source, "MAX_LINE_BYTES", 2**20)
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    if packed:
        path.write_bytes(gzip.compress(b"x" * 2**21, mtime=0))
    else:
        with path.open("wb") as file:
            file.write(b"a,b")
            file.truncate(10 * 2**30)  # 10 GB, but sparse: it takes no room on the disk
    with pytest.raises(InputError, match="no line end in its first 1 MB"):
        files.read(path)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8) | st.none()


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_any_text_survives_csv(rows: list[tuple[str | None, ...]], delimiter: str) -> None:
    assume(any(cell is not None for cell in rows[-1]))  # lines of nothing behind a table are left out
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String, "c": pl.String}, orient="row")
    data = frame.write_csv(separator=delimiter).encode()
    plain = Dialect(delimiter=delimiter, quote='"', escape="none", header=True, skip=0)
    assert_frame_equal(delimited.read_delimited(data, "it", dialect=plain)[0].frame(), frame)


# ---- all or nothing ----------------------------------------------------------------------------------------------


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    ("failure", "raised", "match"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError, "the disk is full; nothing was left behind"),
        (OSError(errno.EIO, "Input/output error"), OutputError, "Input/output error"),
        (pl.exceptions.ComputeError("underlying error"), OutputError, "could not be written"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (MemoryError(), MemoryError, None),
    ],
)
@pytest.mark.parametrize("stood", [True, False])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, raised: type[BaseException],
    match: str | None, stood: bool,
) -> None:  # fmt: skip
    path = tmp_path / "out.csv"
    if stood:
        path.write_bytes(b"old")

    def half_a_table(_: pl.DataFrame, file: object, dialect: object) -> None:
        file.write(b"a,b\n1,")  # type: ignore[attr-defined]
        raise failure

    monkeypatch.setitem(files._WRITERS, "csv", half_a_table)
    with pytest.raises(raised, match=match):
        files.write(TABLE, path)
    assert left_in(tmp_path) == (["out.csv"] if stood else [])
    assert not stood or path.read_bytes() == b"old"


@pytest.fixture
def full_disk() -> Iterator[None]:
    """The system itself refuses to write more than a few thousand bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".feather", ".jsonl", ".csv.gz", ".parquet.zst"])
def test_a_disk_that_really_fills_up_leaves_nothing(tmp_path: Path, full_disk: None, ending: str) -> None:
    rng = np.random.default_rng(0)
    big = pl.DataFrame({"x": rng.random(50_000)})
    with pytest.raises(OutputError, match="written"):
        files.write(big, tmp_path / f"out{ending}")
    assert left_in(tmp_path) == []


def test_ctrl_c_in_a_real_process_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, polars as pl\n"
        "from likewise.tables import files\n"
        "def slow(frame, file, dialect):\n"
        "    file.write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    import time; time.sleep(20)\n"
        "files._WRITERS['csv'] = slow\n"
        "files.write(pl.DataFrame({'a': [1]}), sys.argv[1])\n"
    )
    package = str(Path(files.__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "out.csv")],
        env=os.environ | {"PYTHONPATH": package}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"KeyboardInterrupt" in done.stderr
    assert left_in(tmp_path) == []


def test_what_is_written_replaces_the_old_and_keeps_its_mode(tmp_path: Path) -> None:
    path = put(tmp_path, "out.csv", b"old")
    path.chmod(0o640)
    files.write(TABLE, path)
    assert_frame_equal(files.read(path), TABLE)
    assert path.stat().st_mode & 0o777 == 0o640
    assert left_in(tmp_path) == ["out.csv"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = put(tmp_path, "real.csv", b"old"), tmp_path / "link.csv"
    link.symlink_to(real)
    files.write(TABLE, link)
    assert link.is_symlink()
    assert_frame_equal(files.read(real), TABLE)


def test_a_device_is_written_to_directly() -> None:
    with files.atomic_path("/dev/null") as path:
        path.write_bytes(b"x")
    assert Path("/dev/null").is_char_device()


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        files.write(TABLE, tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_where_nothing_can_be_written_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.check_writable(tmp_path / "out.csv")
    files.check_writable(tmp_path / "page.html")
    assert left_in(tmp_path) == []
    with pytest.raises(OutputError, match="its folder does not exist"):
        files.check_writable(tmp_path / "none" / "out.csv")
    with pytest.raises(OutputError, match="is a folder"):
        files.check_writable(tmp_path)
    with pytest.raises(OutputError, match="the ending must tell the format"):
        files.check_table(tmp_path / "out.docx")
    with pytest.raises(OutputError, match="the ending must tell the format"):
        files.write(TABLE, tmp_path / "out")
    with pytest.raises(OutputError, match="its folder does not exist"):
        files.write(TABLE, tmp_path / "none" / "out.csv")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match="no permission"):
        files.check_writable(tmp_path / "out.csv")


# ---- frames of other libraries -----------------------------------------------------------------------------------


def pandas_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "int": [1, 2, 3],
            "float": [1.5, np.nan, 2.0],
            "text": ["a", None, "c"],
            "bool": [True, False, True],
            "bool with hole": [True, None, False],
            "category": pd.Categorical(["x", "y", "x"]),
            "ordered": pd.Categorical(["lo", "hi", "lo"], ["lo", "mid", "hi"], ordered=True),
            "category of numbers": pd.Categorical([1, 2, 1]),
            "Int64": pd.array([1, None, 3], dtype="Int64"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "string": pd.array(["p", None, "q"], dtype="string"),
            "day": pd.to_datetime(["2003-01-01", "2004-01-01", None]),
            "zoned": pd.to_datetime(["2003-01-01", "2004-01-01", "2005-01-01"]).tz_localize("Europe/Zurich"),
            "int8": np.array([1, 2, 3], dtype="int8"),
            "float32": np.array([1, 2.5, 3], dtype="float32"),
            5: [1, 2, 3],
        }
    )


def test_pandas_goes_in_and_comes_out_as_it_was() -> None:
    frame = pandas_frame()
    table, give_back = files.from_frame(frame)
    assert table.columns[-1] == "5"
    assert table["float"].to_list() == [1.5, None, 2.0]
    pd.testing.assert_frame_equal(give_back(table), frame)


def test_a_column_without_a_name_has_one_inside_and_none_outside() -> None:
    for frame in (pl.DataFrame({"": [1], "b": [2]}), pd.DataFrame({"": [1], "b": [2]})):
        table, give_back = files.from_frame(frame)
        assert table.columns == ["column_1", "b"]
        assert list(give_back(table).columns) == ["", "b"]


def test_pandas_integers_that_get_holes_become_nullable() -> None:
    table, give_back = files.from_frame(pd.DataFrame({"n": [1, 2]}))
    back = give_back(table.with_columns(n=pl.Series([1, None])))
    assert str(back["n"].dtype) == "Int64"


def test_pandas_columns_of_mixed_types_become_text_and_it_is_told() -> None:
    with pytest.warns(LikewiseWarning, match=r"column 'm' mixes types \(float, int, str\): it was read as text"):
        table, _ = files.from_frame(pd.DataFrame({"m": [1, "a", None, 2.5]}))
    assert table["m"].to_list() == ["1", "a", None, "2.5"]


def test_arrow_polars_and_lazy_frames_come_out_as_they_went_in() -> None:
    arrow = pa.table({"a": [1, None], "b": ["x", "y"]})
    table, give_back = files.from_frame(arrow)
    assert isinstance(give_back(table), pa.Table)
    assert give_back(table).to_pydict() == arrow.to_pydict()
    assert files.from_frame(TABLE)[0] is TABLE
    table, give_back = files.from_frame(TABLE.lazy())
    assert isinstance(give_back(table), pl.LazyFrame)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 2], [3, 4]]),
        np.array([[1.5, np.nan]]),
        np.array([["a", "b"]], dtype=object),
        np.array([[True, False]]),
    ],
)  # fmt: skip
def test_arrays_become_columns_x0_and_so_on(array: np.ndarray) -> None:
    table, give_back = files.from_frame(array)
    assert table.columns == ["x0", "x1"]
    np.testing.assert_array_equal(give_back(table), array)


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (3, "must be a Polars, pandas or Arrow frame or a 2-D NumPy array, got int"),
        (pd.DataFrame(), "0 rows and 0 columns"),
        (pl.DataFrame({"a": []}), "0 rows and 1 columns"),
        (np.zeros(3), "2-D and of numbers or texts, got 1-D"),
        (pd.DataFrame({"tags": [[1], [2]]}), "column 'tags': .* holds lists"),
        (pl.DataFrame({"tags": [[1], [2]]}), r"'tags' \(List\(Int64\)\)"),
        (pl.DataFrame({"s": [{"a": 1}]}), r"'s' \(Struct"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than once: 'a'"),
        (pd.DataFrame({1: [1], "1": [2]}), "more than once: '1'"),
        (pa.table([[1], [2]], names=["a", "a"]), "more than once: 'a'"),
        (pd.DataFrame({("a", "b"): [1]}), "one level of names"),
    ],
)
def test_what_is_no_table_is_told_clearly(frame: object, match: str) -> None:
    with pytest.raises(InputError, match=match):
        files.from_frame(frame)


# ---- by the header alone -------------------------------------------------------------------------------------------

ODD_LINES = {
    "a byte that is no text": b"caf\xe9;1\n",
    "marks of other tables": b"a,b,c,d|e|f;2\n",
    "a return in a cell": b'"a\rb";3\n',
    "an empty line": b"\n",
}


@pytest.mark.parametrize("odd", ODD_LINES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_by_its_header_no_line_changes_how_another_is_read(odd: str, end: bytes, tmp_path: Path) -> None:
    lines = [b"caf\xc3\xa9;n", *["Zürich;7".encode()] * 5]
    frames = []
    for i, more in enumerate((b"", ODD_LINES[odd].replace(b"\n", end))):
        path = tmp_path / f"{i}.csv"
        path.write_bytes(lines[0] + end + more + end.join(lines[1:]) + end)
        frames.append(files.read(path, by_header=True))
    assert frames[0].columns == ["café", "n"]
    assert_frame_equal(frames[1].tail(5), frames[0])


def test_by_its_header_old_line_ends_and_marks_are_told(tmp_path: Path) -> None:
    (tmp_path / "mac.csv").write_bytes(b"a,b\r1,2\r3,4\r")
    assert files.read(tmp_path / "mac.csv", by_header=True).rows() == [("1", "2"), ("3", "4")]
    (tmp_path / "wide.csv").write_bytes("a\tb\nä\t2\n".encode("utf-16"))
    assert files.read(tmp_path / "wide.csv", by_header=True).rows() == [("ä", "2")]


@pytest.mark.parametrize("line", [b"1,2,3\n", b"1\n", b'"1,2\n'])
def test_by_its_header_an_error_tells_of_no_row(line: bytes, tmp_path: Path) -> None:
    told = set()
    for n in (3, 4):
        (tmp_path / "t.csv").write_bytes(b"a,b\n" + b"1,2\n" * n + line)
        with pytest.raises(InputError, match="as many cells as the header") as caught:
            files.read(tmp_path / "t.csv", by_header=True)
        told.add(str(caught.value))
    assert len(told) == 1


@pytest.mark.parametrize("name", ["^x.*$", "^a|b$", "*"])
def test_a_column_called_by_a_pattern_of_names_is_refused(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({name: ["a", "b"] * 9, "b": range(18)})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    doors = (
        lambda: files.read(tmp_path / "t.csv"), lambda: files.read(tmp_path / "t.parquet"), lambda: infer(frame),
        lambda: files.from_frame(frame), lambda: files.from_frame(frame.to_pandas()),
    )  # fmt: skip
    for door in doors:
        with pytest.raises(InputError, match="patterns of names; rename") as told:
            door()
        assert repr(name) in str(told.value)


def test_a_reader_of_standard_output_that_has_gone_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with pytest.raises(BrokenPipeError):
            files.write(pl.DataFrame({"a": range(9)}), "-")


def test_what_is_wrong_with_a_file_is_told_in_the_right_words(tmp_path: Path) -> None:
    rows = [f"{20 + i % 70},{50 + i % 30}.5,{'mf'[i % 2]}" for i in range(200)]
    short = [row.rsplit(",", 1)[0] if i % 10 == 0 else row for i, row in enumerate(rows)]
    for lines, words in (
        ([*rows[:7], rows[7] + "\0", *rows[8:]], r"holds NUL bytes \(00\) among its text, the first in line 9"),
        (short, "must have 3 cells as the header has; line 2 has 2, and 20 lines in all differ. Where a cell is empty"),
    ):
        (tmp_path / "t.csv").write_text("\n".join(["age,weight,sex", *lines]) + "\n")
        with pytest.raises(InputError, match=words):
            files.read(tmp_path / "t.csv")
