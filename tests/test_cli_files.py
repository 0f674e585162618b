"""Inputs are never replaced, pipes are read once, every option is used or refused, and files go out as they came."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

import likewise
from likewise.cli.app import app
from likewise.errors import InputError, LikewiseWarning
from likewise.schema.column import Kind, Schema
from likewise.schema.dialect import Dialect
from likewise.schema.infer import infer
from likewise.tables import files

Run = Callable[..., Result]
SRC = str(Path(likewise.__file__).parent.parent)
ROWS = "".join(f"{20 + i % 40};{'yes' if i % 3 else 'no'};{i * 7 % 100},{i % 10}\r\n" for i in range(120))
TEXT = "age;smokes;pay\r\n" + ROWS
QUICK = ("--model", "copula", "--no-measure", "--seed", "1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(TEXT.encode())
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def shell(words: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "likewise", *words]
    environment = os.environ | {"PYTHONPATH": SRC, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output="stdout" not in options, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    "words",
    [
        ("synth", "t.csv", "-o", "x.csv", "--schema", "s.json", "--save", "s.json"),
        ("synth", "t.csv", "-o", "x.csv", "--schema", "s.json", "--report", "./s.json"),
        ("synth", "t.csv", "-o", "t.csv"),
        ("synth", "t.csv", "-o", "sub/../t.csv"),
        ("synth", "t.csv", "-o", "link.csv"),
        ("synth", "parts", "-o", "parts/p.csv"),
        ("synth", "t.csv", "-o", "x.csv", "--save", "x.csv"),
        ("schema", "t.csv", "--schema", "s.json", "--json", "s.json"),
        ("evaluate", "t.csv", "u.csv", "--schema", "s.json", "--json", "s.json"),
        ("evaluate", "t.csv", "u.csv", "--holdout", "h.csv", "--report", "h.csv"),
        ("audit", "t.csv", "u.csv", "--rules", "r.toml", "--junit", "r.toml"),
        ("audit", "t.csv", "u.csv", "--public", "p.csv", "--on", "age", "--json", "p.csv"),
        ("anonymize", "t.csv", "-o", "h.csv", "--quasi-identifiers", "age", "--hierarchy", "age=h.csv"),
        ("anonymize", "t.csv", "-o", "p.csv", "--quasi-identifiers", "age", "--population", "p.csv"),
        ("impute", "t.csv", "-o", "s.json", "--schema", "s.json"),
        ("impute", "t-1.csv", "-o", "t.csv", "--draws", "2"),
        ("balance", "rows", "t.csv", "--target", "smokes", "-o", "x.csv", "--schema", "s.json", "--json", "s.json"),
        ("balance", "t.csv", "--target", "smokes", "-o", "t.csv"),
        ("scenario", "rows", "t.csv", "-o", "t.csv"),
        ("sample", "m.likewise", "-n", "3", "-o", "m.likewise"),
        ("statement", "m.likewise", "--report", "s.json", "-o", "s.json"),
    ],
)
def test_no_output_replaces_an_input(run: Run, words: tuple[str, ...]) -> None:
    Path("parts").mkdir()
    Path("sub").mkdir()
    Path("link.csv").symlink_to("t.csv")
    others = ("s.json", "u.csv", "h.csv", "r.toml", "p.csv", "m.likewise", "t-1.csv", "parts/p.csv")
    for name in others:
        Path(name).write_text("mine")
    answer = run(*words)
    assert answer.exit_code == 2, answer.output
    assert "named twice" in answer.stderr
    assert all(Path(name).read_text() == "mine" for name in others)
    assert Path("t.csv").read_bytes() == TEXT.encode()


def test_what_came_with_semicolons_and_decimal_commas_goes_out_so(run: Run) -> None:
    answer = run("synth", "t.csv", "-o", "x.csv", *QUICK, "--save", "m.likewise")
    assert answer.exit_code == 0, answer.output
    assert run("sample", "m.likewise", "-n", "20", "-o", "y.csv").exit_code == 0
    for name in ("x.csv", "y.csv"):
        header, *lines = Path(name).read_bytes().decode().split("\r\n")[:-1]
        assert header == "age;smokes;pay"
        assert all(line.count(";") == 2 and line.split(";")[2].count(",") == 1 for line in lines)


def test_a_pipe_is_read_once_and_standard_output_is_written(tmp_path: Path) -> None:
    done = shell(["synth", "-", "-o", "-", *QUICK, "-n", "5"], input=TEXT.encode())
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 6, "the rows alone stand on standard output"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(TEXT.encode()))
    writer.start()
    done = shell(["schema", str(pipe), "--json", "-"], timeout=120)
    writer.join()
    assert Schema.from_json(done.stdout.decode()).names == ("age", "smokes", "pay")


@pytest.mark.parametrize(
    "words",
    [
        ("synth", "t.csv", "-o", "x.csv", *QUICK),
        ("synth", "t.csv", "--dry-run"),
        ("schema", "t.csv"),
        ("impute", "t.csv", "-o", "x.csv"),
        ("balance", "rows", "t.csv", "--target", "smokes", "-o", "x.csv", "--model", "random"),
        ("scenario", "rows", "t.csv", "-o", "x.csv", "--model", "copula"),
        ("anonymize", "t.csv", "-o", "x.csv", "--quasi-identifiers", "age", "--k", "2"),
        ("evaluate", "t.csv", "t.csv", "--measures", "joint"),
        ("audit", "t.csv", "t.csv", "--measures", "joint"),
    ],
)
def test_a_schema_that_comes_through_a_pipe_is_read_once(run: Run, words: tuple[str, ...]) -> None:
    assert run("schema", "t.csv", "--json", "s.json").exit_code == 0
    read, write = os.pipe()
    os.write(write, Path("s.json").read_bytes())
    os.close(write)
    try:
        answer = run(*words, "--schema", f"/dev/fd/{read}")
    finally:
        os.close(read)
    assert answer.exit_code == 0, answer.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_standard_output_has_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT)
    with Path("/dev/full").open("wb") as full:
        done = shell(["schema", str(tmp_path / "t.csv"), "--quiet", "--json", "-"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 5, done.stderr
    assert b"standard output cannot be written: the disk is full" in done.stderr


def test_a_schema_is_shown_edited_and_held_against_a_table(run: Run) -> None:
    edited = run("schema", "t.csv", "--set", "age=categorical", "--set", "pay.bounds=[0, 100]", "--json", "s.json")
    assert edited.exit_code == 0, edited.output
    schema = Schema.from_json(Path("s.json").read_text())
    assert schema["age"].said == {"kind": "categorical"}
    assert schema["pay"].bounds == (0, 100)
    assert schema.dialect is not None
    assert schema.dialect.delimiter == ";"
    assert run("schema", "t.csv", "--schema", "s.json").exit_code == 0
    Path("u.csv").write_bytes(TEXT.replace(";pay", ";salary").encode())
    lacking = run("schema", "u.csv", "--schema", "s.json")
    assert lacking.exit_code == 4
    assert "the table lacks a column that the schema names: 'pay'" in lacking.stderr
    both = run("schema", "t.csv", "--set", "smokes=integer", "--set", "pay=datetime")
    assert both.exit_code == 4
    assert "'smokes'" in both.stderr
    assert "'pay'" in both.stderr
    for wrong in ("agee=integer", "age=colour", "age.colour=1", "smokes=integer"):
        answer = run("schema", "t.csv", "--set", wrong)
        assert answer.exit_code == 4, (wrong, answer.output)
    assert run("schema", "t.csv", "--set", "age").exit_code == 2
    assert "is called likewise schema" in run("inspect", "t.csv").stderr


def test_columns_are_chosen(run: Run) -> None:
    assert run("schema", "t.csv", "--columns", "age,pay", "--drop", "pay", "--json", "s.json").exit_code == 0
    assert Schema.from_json(Path("s.json").read_text()).names == ("age",)
    wrong = run("schema", "t.csv", "--drop", "agee")
    assert wrong.exit_code == 3
    assert "did you mean 'age'" in wrong.stderr
    assert run("schema", "t.csv", "--drop", "age,smokes,pay").exit_code == 2


def test_leaving_out_the_key_of_persons_is_told(run: Run) -> None:
    rows = "".join(f"{i // 4 + 1},{20 + i // 4 % 40},{'mf'[i // 4 % 2]}\n" for i in range(400))
    Path("visits.csv").write_text("person_id,age,sex\n" + rows)
    answer = run("schema", "visits.csv", "--drop", "person_id")
    assert answer.exit_code == 0, answer.output
    assert "'person_id' looks like the key of a person" in answer.stderr


def test_how_a_table_is_written_can_be_said(run: Run) -> None:
    Path("bare.csv").write_text(ROWS.replace("\r", ""))
    refused = run("schema", "bare.csv")
    assert refused.exit_code == 3
    assert "--no-header" in refused.stderr
    assert "20" not in refused.stderr
    answer = run("synth", "bare.csv", "-o", "x.csv", "--no-header", "--delimiter", ";", "--decimal", ",", *QUICK)
    assert answer.exit_code == 0, answer.output
    assert "column_1" not in Path("x.csv").read_text()
    assert len(Path("x.csv").read_text().splitlines()) == 120
    assert run("schema", "t.csv", "--delimiter", "abc").exit_code == 2
    assert run("schema", "t.csv", "--encoding", "klingon").exit_code == 2
    pl.DataFrame({"a": [1]}).write_parquet("t.parquet")
    assert run("schema", "t.parquet", "--skip", "1").exit_code == 3


def test_a_dry_run_tells_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    answer = run("synth", "t.csv", "--dry-run", "--model", "copula")
    assert answer.exit_code == 0, answer.output
    assert "learning takes about" in answer.stdout
    assert "learnt: 2 levels" in answer.stdout
    assert sorted(tmp_path.iterdir()) == before
    assert run("synth", "t.csv").exit_code == 2


def test_old_spellings_go_on_working_with_a_note(run: Run) -> None:
    new = run("balance", "rows", "t.csv", "--target", "smokes", "-o", "a.csv", "--model", "random")
    old = run("balance", "t.csv", "--target", "smokes", "-o", "b.csv", "--method", "random")
    assert (new.exit_code, old.exit_code) == (0, 0), old.output
    assert "now written likewise balance rows" in old.stderr
    assert "--method is now written --model" in old.stderr
    filled = run("impute", "t.csv", "-o", "d.csv", "--method", "forest")
    assert filled.exit_code == 0
    assert "--method is now written --model" in filled.stderr
    assert run("impute", "t.csv", "-o", "e.csv", "--method", "forest", "--model", "forest").exit_code == 2
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert run("balance", "rows", "t.csv", "--target", "smokes", "-o", "c.csv", "--folds", "3").exit_code == 2


def test_new_rows_are_marked_in_every_format(run: Run) -> None:
    words = ("balance", "rows", "t.csv", "--target", "smokes", "--model", "random", "--mark", "new")
    for name in ("a.parquet", "a.csv"):
        assert run(*words, "-o", name).exit_code == 0
        marks = files.read(name)["new"].cast(pl.String).str.to_lowercase().to_list()
        assert marks == ["false"] * 120 + ["true"] * (len(marks) - 120)


# ---- formats -----------------------------------------------------------------------------------------------------

TYPED = pl.DataFrame({"n": [1, 2, None], "x": [1.5, 2.25, -3.0], "t": ["a", "北京", "=1+1"]})


@pytest.mark.parametrize("ending", [".xlsx", ".orc", ".json", ".csv.bz2", ".csv.xz", ".jsonl.xz", ".tab"])
def test_further_formats_read_their_own_writing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t{ending}"
    files.write(TYPED, path)
    back = files.read(path)
    expected = TYPED if ".csv" not in ending and ending != ".tab" else TYPED.cast(pl.String)
    assert back.cast(expected.schema).equals(expected)
    files.write(TYPED, tmp_path / f"again{ending}")
    assert path.read_bytes() == (tmp_path / f"again{ending}").read_bytes()


MOMENTS = pl.DataFrame(
    {
        "length": [timedelta(hours=26, minutes=30), timedelta(minutes=5), None],
        "hour": [time(4, 3), time(23, 59, 59), None],
        "zoned": [datetime(2020, 1, 1, 4, tzinfo=UTC), datetime(2021, 7, 1, tzinfo=UTC), None],
        "nothing": pl.Series([None] * 3),
        "small": pl.Series([1, 255, None], dtype=pl.UInt8),
        "large": pl.Series([1, 2**100, None], dtype=pl.Int128),
    }
)
WORDS = {
    "length": ["26:30:00", "0:05:00", None], "hour": ["04:03:00", "23:59:59", None],
    "zoned": ["2020-01-01T04:00:00+00:00", "2021-07-01T00:00:00+00:00", None],
}  # fmt: skip


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".orc"])
def test_types_that_a_format_lacks_are_written_in_words(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t{ending}"
    files.write(MOMENTS, path)
    back = files.read(path)
    for name in ("length", "hour", *(("zoned",) if ending != ".orc" else ())):
        assert back[name].to_list() == WORDS[name]
    assert back["small"].cast(pl.Int64).to_list() == [1, 255, None]
    assert back["large"].to_list() == ["1", str(2**100), None]
    assert back["nothing"].null_count() == 3


def test_a_workbook_shows_numbers_without_marks_and_lengths_of_time(tmp_path: Path) -> None:
    files.write(MOMENTS.select("length", "small", pl.lit(2024).alias("year")), tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as book:
        styles = book.read("xl/styles.xml").decode()
    assert "[h]:mm:ss" in styles
    assert "#,##0" not in styles
    assert files.read(tmp_path / "t.xlsx")["length"].dtype == pl.Duration


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".xlsx", ".feather"])
def test_texts_of_a_typed_file_stay_texts(run: Run, ending: str) -> None:
    texts = pl.DataFrame(
        {"day": [f"2024-01-{k % 28 + 1:02}" for k in range(90)], "pay": [f"{k % 7},5" for k in range(90)]}
    )
    files.write(texts, f"texts{ending}")
    assert run("synth", f"texts{ending}", "-o", "o.parquet", *QUICK).exit_code == 0
    assert pl.read_parquet("o.parquet").dtypes == [pl.String, pl.String]
    assert run("synth", "t.csv", "-o", "o.parquet", *QUICK).exit_code == 0  # which has no types to keep
    assert pl.read_parquet("o.parquet").dtypes == [pl.Int64, pl.Boolean, pl.Float64]


def test_the_device_of_standard_output_is_standard_output(run: Run) -> None:
    done = run("synth", "t.csv", "-o", "/dev/stdout", "--model", "copula", "--no-measure")
    assert done.exit_code == 0
    assert done.stdout.startswith("age;")


def test_a_sheet_is_named(run: Run) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook("book.xlsx") as book:
        for name, values in (("one", [1, 2]), ("two", [3, 4])):
            pl.DataFrame({"a": values}).write_excel(book, worksheet=name)
    assert files.read("book.xlsx", sheet="two")["a"].to_list() == [3, 4]
    with pytest.warns(likewise.LikewiseWarning, match="2 sheets, the first one, 'one'"):
        assert files.read("book.xlsx")["a"].to_list() == [1, 2]
    with pytest.raises(likewise.InputError, match="no sheet 'three'; it has 'one', 'two'"):
        files.read("book.xlsx", sheet="three")
    assert run("schema", "t.csv", "--sheet", "one").exit_code == 3


def test_days_and_hours_of_a_workbook_are_dates_and_times(tmp_path: Path) -> None:
    days, hours = [date(2020, 1, d) for d in range(1, 21)], [time(h, 30) for h in range(20)]
    moments = [datetime.combine(d, h) for d, h in zip(days, hours, strict=True)]
    frame = pl.DataFrame({"day": [None, *days], "at": [*hours, None], "when": [moments[0], *moments]})
    files.write(frame, tmp_path / "t.xlsx")
    back = files.read(tmp_path / "t.xlsx")
    assert back.dtypes[:2] == [pl.Date, pl.Time]
    assert [back[name].to_list() for name in frame.columns] == [frame[name].to_list() for name in frame.columns]


@pytest.mark.parametrize("title", [("Printed by Erna Muster",), ("Report", None, None, "2024")])
def test_the_title_of_a_sheet_is_never_taken_for_names(tmp_path: Path, title: tuple[str | None, ...]) -> None:
    import xlsxwriter

    rows = [title, ("age", "sex", "pay", "job", "day"), *[(30 + i, "f", 1000 + i, "a", i) for i in range(9)]]
    with xlsxwriter.Workbook(str(tmp_path / "t.xlsx")) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    with pytest.raises(likewise.InputError, match="taken for a title") as told:
        files.read(tmp_path / "t.xlsx")
    assert "Erna" not in str(told.value)


def test_numbers_of_a_workbook_are_whole_where_all_of_a_column_are(tmp_path: Path, run: Run) -> None:
    import xlsxwriter

    rows = [("n", "x", "with a word", "day"), *[(i, i / 4, i, date(2020, 1, 1 + i % 28)) for i in range(400)]]
    rows[9] = (None, 0.5, "n.d.", "open")
    with xlsxwriter.Workbook(str(tmp_path / "t.xlsx"), {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    frame = files.read(tmp_path / "t.xlsx")
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.String, pl.String]
    assert frame.row(7) == (7, 1.75, "7", "2020-01-08")
    assert run("synth", str(tmp_path / "t.xlsx"), "-o", "o.csv", "--model", "copula", "--no-measure").exit_code == 0
    made = files.read("o.csv")
    assert made.select(pl.col("n", "with a word").drop_nulls().str.contains(r"^\d+$").all()).row(0) == (True, True)
    assert made["day"].drop_nulls().str.contains(r"^2020-01-\d\d$").all()


def test_headers_inside_of_a_file_are_no_rows(tmp_path: Path) -> None:
    lines = [f"{20 + i % 60},{'abc'[i % 3]}" for i in range(300)]
    text = "age,group\n" + "\n".join([*lines[:100], "age,group", *lines[100:], "age,group"]) + "\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(likewise.LikewiseWarning, match="2 lines that repeat the header"):
        frame = files.read(tmp_path / "t.csv")
    assert frame.height == 300
    assert not frame.select(pl.any_horizontal(pl.all().is_in(["age", "group"]).any())).item()
    (tmp_path / "u.csv").write_text("age,group\n" + "\n".join([*lines, "21,group"]) + "\n")
    assert files.read(tmp_path / "u.csv").height == 301


def test_the_extra_of_excel_is_named_where_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(TYPED, tmp_path / "t.xlsx")
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    for use in (lambda: files.read(tmp_path / "t.xlsx"), lambda: files.check_table(tmp_path / "u.xlsx")):
        with pytest.raises(likewise.MissingExtraError, match="excel"):
            use()


def test_folders_patterns_and_archives_are_one_table(tmp_path: Path) -> None:
    import zipfile

    folder = tmp_path / "parts"
    folder.mkdir()
    for i in range(3):
        (folder / f"p{i}.csv").write_text(f"a,b\n{i},x\n")
    (folder / "README.md").write_text("not a table")
    for source in (folder, folder / "p*.csv"):
        assert files.read(source)["a"].to_list() == ["0", "1", "2"]
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("p.csv", "a,b\n7,x\n")
    assert files.read(tmp_path / "t.zip")["a"].to_list() == ["7"]
    with zipfile.ZipFile(tmp_path / "t.zip", "a") as archive:
        archive.writestr("q.csv", "a,b\n7,x\n")
    with pytest.raises(likewise.InputError, match="zip archive of 2 files"):
        files.read(tmp_path / "t.zip")
    (folder / "p8.csv").write_text("b,a\ny,8\n")
    assert files.read(folder).rows()[-1] == ("8", "y")
    (folder / "p9.csv").write_text("a,c\n1,x\n")
    with pytest.raises(likewise.InputError, match=r"other columns than.*'b', 'c'"):
        files.read(folder)


def test_a_json_list_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"a": 1, "b": "x"}, {"a": 2, "b": None}]))
    assert files.read(tmp_path / "t.json").rows() == [(1, "x"), (2, None)]
    for wrong in ("[1, 2]", "[", '[{"a": [1]}]', "[" * 5000):
        (tmp_path / "t.json").write_text(wrong)
        with pytest.raises(likewise.InputError):
            files.read(tmp_path / "t.json")


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_an_object_of_all_rows_is_refused_and_no_key_of_a_row_told(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    by_row = {f"ann{i}@mail.example": {"age": i, "city": "Ulm"} for i in range(30)}
    for whole in (by_row, {"data": [{"age": 3}]}, {"age": {"0": 3, "1": 4}}, {"age": [3, 4]}):
        path.write_text(json.dumps(whole))
        with pytest.raises(likewise.InputError, match=r"list of objects.*records") as caught:
            files.read(path)
        assert "@" not in str(caught.value)


def test_long_names_are_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250 + ".csv")
    files.write(TYPED, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_standard_input_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert files.read("-").rows() == [("1", "2")]


def test_a_schema_remembers_how_its_file_was_written(tmp_path: Path) -> None:
    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    real, told, out = tmp_path / "real.csv", tmp_path / "schema.json", tmp_path / "fake.csv"
    names = [f"{a} {b}" for a in ("Anna", "Bob", "Eva") for b in ("Meier", "Huber", "Roth", "Frei")]
    real.write_text("".join(f"{name};{i % 7};x\n" for i, name in enumerate(names * 20)), encoding="utf-8")
    assert "--no-header" in run("schema", real, "--json", told).output
    assert run("schema", real, "--no-header", "--json", told).exit_code == 0
    # Said once, it need not be said again.
    answer = run("synth", real, "-o", out, "--schema", told, "--model", "copula", "--no-measure", "--rows", 20)
    assert answer.exit_code == 0, answer.output
    assert len(out.read_text().splitlines()) == 20
    # A table that is written otherwise is read as it is written.
    plain = tmp_path / "plain.csv"
    plain.write_text("column_1,column_2,column_3\n" + "".join(f"{name},{i % 7},x\n" for i, name in enumerate(names)))
    answer = run("schema", plain, "--schema", told)
    assert answer.exit_code == 0, answer.output


def _workbook(path: Path, rows: list[tuple[object, ...]]) -> Path:
    import xlsxwriter

    options = {"default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet, long = book.add_worksheet(), book.add_format({"num_format": "[h]:mm:ss"})
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                sheet.write(i, j, cell, *([long] if isinstance(cell, timedelta) else []))
    return path


def test_hours_of_a_workbook_that_pass_a_day_are_lengths_of_time(tmp_path: Path) -> None:
    rows = [(20 + i % 9, timedelta(hours=7 + 9 * (i % 3))) for i in range(50)]
    frame = files.read(_workbook(tmp_path / "t.xlsx", [("age", "worked"), *rows]))
    assert frame["worked"].to_list() == [worked for _, worked in rows]


def test_two_columns_of_one_name_in_a_workbook_are_refused_as_in_a_csv(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "t.xlsx", [("age", "sex", "age"), *[(i, "f", i) for i in range(50)]])
    with pytest.raises(likewise.InputError, match="column names must differ, these come more than once: 'age'"):
        files.read(path)


def test_a_first_row_of_a_workbook_that_may_be_data_is_told_what_to_do_and_taken_for_names(
    tmp_path: Path, run: Run
) -> None:
    path = _workbook(tmp_path / "t.xlsx", [("Ulm", "Bonn"), *[("Bonn", "Ulm"), ("Ulm", "Ulm")] * 20])
    with pytest.raises(likewise.InputError, match=r"write names above it.*--header if it holds names"):
        files.read(path)
    assert files.read(path, dialect=Dialect(header=True)).columns == ["Ulm", "Bonn"]
    with pytest.raises(likewise.InputError, match="is no delimited text"):
        files.read(path, dialect=Dialect(header=False))
    assert run("synth", str(path), "-o", "o.xlsx", "--header", "--model", "copula", "--no-measure").exit_code == 0


def test_an_empty_first_sheet_names_the_others(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "t.xlsx")) as book:
        book.add_worksheet("Cover")
        pl.DataFrame({"a": [1, 2]}).write_excel(book, worksheet="Data")
    with (
        pytest.warns(likewise.LikewiseWarning, match="2 sheets"),
        pytest.raises(likewise.InputError, match=r"'Cover' is empty; --sheet names another, of \['Data'\]"),
    ):
        files.read(tmp_path / "t.xlsx")


def test_dates_in_place_of_names_in_a_workbook_are_told_as_such(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "t.xlsx", [(date(2020, 1, 1), date(2020, 2, 1)), *[(i, 9 * i) for i in range(50)]])
    with pytest.raises(likewise.InputError, match="first row holds dates or times in place of names; write"):
        files.read(path)


BESIDE = {
    "a readme": {"README.txt": "hello"},
    "licence and notes": {"LICENSE": "x", "notes.txt": "x", "README.md": "# x"},
    "what a desktop leaves": {"d/.DS_Store": "x", "__MACOSX/d/._t.csv": "x"},
    "metadata": {"Metadata_Country_API.csv": "a,b\n1,2\n", "datapackage.json": "{}", "codebook.pdf": "%PDF"},
}


@pytest.mark.parametrize("others", BESIDE.values(), ids=BESIDE)
def test_the_one_table_of_an_archive_is_read_and_told(tmp_path: Path, others: dict[str, str]) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name, text in {"API_1.csv": "a,b\n1,x\n2,y\n", **others}.items():
            archive.writestr(name, text)
    told = sum(not name.startswith("__MACOSX") for name in others)
    with pytest.warns(
        LikewiseWarning, match=rf"holds {told + 1} files, of which one is read as the table, 'API_1.csv'"
    ):
        assert files.read(tmp_path / "t.zip")["a"].to_list() == ["1", "2"]


def test_an_archive_of_two_tables_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in ("a.csv", "b.csv", "README.md"):
            archive.writestr(name, "a,b\n1,2\n")
    with pytest.raises(InputError, match="zip archive of 2 files"):
        files.read(tmp_path / "t.zip")


def test_words_among_the_numbers_of_a_sheet_are_told_and_come_back(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet()
        for column, cells in enumerate(
            [["id", *range(60)], ["v", *["n/a" if k % 7 == 0 else k + 0.5 for k in range(60)]]]
        ):
            sheet.write_column(0, column, cells)
    column = infer(files.read(tmp_path / "t.xlsx"))["v"]
    assert column.kind is Kind.REAL
    assert column.missing == ("n/a",)
    assert column.notes[0] == "'n/a' is read as missing (9 rows)"


@pytest.mark.parametrize("n", [1, 40])
def test_lines_of_delimiters_alone_behind_a_table_are_left_out(tmp_path: Path, n: int) -> None:
    rows = "".join(f"{k},{k % 7 or ''}\n" for k in range(50))
    (tmp_path / "t.csv").write_text("a,b\n" + rows + ",\n" * n)
    with pytest.warns(likewise.LikewiseWarning, match="without any value behind the table left out"):
        assert files.read(tmp_path / "t.csv").height == 50
    (tmp_path / "t.csv").write_text("a,b\n,\n" + rows + ",\n")  # rows of nothing among the others are rows
    assert files.read(tmp_path / "t.csv").height == 52


def test_the_reader_of_workbooks_says_nothing_of_its_own(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "t.xlsx", [("a", "empty"), *[(i, None) for i in range(50)]])
    done = shell(["schema", str(path)])
    assert done.returncode == 0
    assert b"dtype" not in done.stderr


@pytest.mark.parametrize(("hole", "reads"), [(None, 1), ("n/a", 2)])
def test_a_sheet_is_read_once_unless_words_were_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hole: str | None, reads: int
) -> None:
    pytest.importorskip("pyarrow")
    import fastexcel
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        rows = [["a", "b"], *([k, k / 2] for k in range(1, 9)), [hole, 5]]
        sheet = book.add_worksheet("one")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    asked: list[object] = []
    load = fastexcel.ExcelReader.load_sheet

    def counting(self: object, *args: object, **options: object) -> object:
        asked.append(options.get("n_rows"))
        return load(self, *args, **options)

    monkeypatch.setattr(fastexcel.ExcelReader, "load_sheet", counting)
    assert files.read(tmp_path / "book.xlsx")["a"].cast(pl.String)[-1] == hole
    assert asked.count(None) == reads


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("synth", "", "-o", "x.csv"), 2, "a name is empty"),
        (("synth", "empty", "-o", "x.csv"), 3, "the folder 'empty' holds no table and no PNG file"),
        (("synth", "t.csv", "-o", "empty"), 5, "'empty' is a folder: name a file in it, such as 'empty/fake.csv'"),
        (("synth", "t.csv", "-o", "x.csv", "--report", "r.pdf"), 2, "--report writes an HTML page: let 'r.pdf' end"),
        (("evaluate", "t.csv", "t.csv", "--report", "r.docx"), 2, "--report writes an HTML page"),
        (("schema", "https://example.org/t.csv"), 3, "nothing is fetched; download it first"),
        (("sample", "no.likewise", "-o", "x.csv"), 3, "model file 'no.likewise' does not exist"),
    ],
)
def test_what_a_newcomer_mistakes_is_named(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    Path("empty").mkdir()
    answer = run(*words)
    assert answer.exit_code == code, answer.output
    assert said in " ".join(answer.output.split())
    assert sorted(path.name for path in Path().iterdir()) == ["empty", "t.csv"]


def test_help_has_its_short_name(run: Run) -> None:
    assert run("synth", "-h").exit_code == 0
    assert "Usage" in run("-h").output


def test_a_reader_that_goes_is_no_broken_rule_of_an_audit() -> None:
    gone, pipe = os.pipe()
    os.close(gone)
    answer = shell(["models"], stdout=pipe, stderr=subprocess.PIPE)
    os.close(pipe)
    assert answer.returncode == 5
    assert answer.stderr.decode() == "likewise: standard output cannot be written: its reader has gone\n"
