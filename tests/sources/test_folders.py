"""Files of a folder that are one table, in memory and in parts: nested, told by folders' names, of like types."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

import likewise as lw
from likewise.errors import InputError, OutputError
from likewise.sources import scan, spool

T = pl.DataFrame({"age": range(40), "town": ["Ulm", "Bonn"] * 20, "at": [None, 1.5] * 20})


def in_parts(path: Path | str) -> pl.DataFrame:
    with scan(path).opened() as source:
        return pl.concat([source.read(shard) for shard in source.shards])


def both(path: Path) -> pl.DataFrame:
    """The table, which is the same in memory and in parts."""
    held = lw.read(path)
    assert in_parts(path).equals(held)
    assert in_parts(path).schema == held.schema
    return held


def test_folders_within_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "2024" / "05").mkdir(parents=True)
    (tmp_path / ".trash").mkdir()
    (tmp_path / "_temporary").mkdir()
    T[:10].write_parquet(tmp_path / "2024" / "05" / "a.parquet")
    T[10:].write_parquet(tmp_path / "b.parquet")
    for hidden in (".trash", "_temporary"):
        T.write_parquet(tmp_path / hidden / "c.parquet")
    assert both(tmp_path).equals(T)


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow", "jsonl"])
def test_names_of_folders_tell_columns(tmp_path: Path, ending: str) -> None:
    for year in (2023, 2024):
        for land in ("a%20b", "__HIVE_DEFAULT_PARTITION__"):
            folder = tmp_path / f"year={year}" / f"land={land}"
            folder.mkdir(parents=True)
            lw.write(T, folder / f"p.{ending}")
    found = both(tmp_path)
    assert found.columns == [*T.columns, "year", "land"]
    assert found["year"].cast(pl.String).unique().sort().to_list() == ["2023", "2024"]
    assert found.schema["year"] == (pl.String if ending == "csv" else pl.Int64)
    assert found["land"].unique().sort().to_list() == [None, "a b"]
    assert not lw.Database.lies_at(tmp_path)
    with scan(tmp_path).opened() as source:
        assert source.read(source.shards[0], ["year"]).shape == (4 * len(T), 1)


def test_folders_that_tell_a_column_of_some_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "year=2024").mkdir()
    T.write_parquet(tmp_path / "year=2024" / "a.parquet")
    T.write_parquet(tmp_path / "b.parquet")
    for read in (lw.read, in_parts):
        with pytest.raises(InputError, match="'year' of some files"):
            read(tmp_path)


def test_a_folder_of_delta_is_refused_for_its_files_hold_rows_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    T.write_parquet(tmp_path / "a.parquet")
    for read in (lw.read, in_parts):
        with pytest.raises(InputError, match="Delta"):
            read(tmp_path)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (pl.col("age").cast(pl.Int32), pl.Int64), (pl.col("age").cast(pl.Float64), pl.Float64),
        (pl.lit(None).alias("town"), pl.String), (pl.col("town").cast(pl.Categorical), pl.String),
        (pl.col("town").cast(pl.Enum(["Bonn", "Ulm"])), pl.String),
    ],
)  # fmt: skip
def test_types_that_go_together_are_one(tmp_path: Path, ending: str, cells: pl.Expr, dtype: pl.DataType) -> None:
    lw.write(T[:10], tmp_path / f"a.{ending}")
    lw.write(T[10:].with_columns(cells), tmp_path / f"b.{ending}")
    name = cells.meta.output_name()
    assert both(tmp_path).schema[name] == dtype


@pytest.mark.parametrize("cells", [pl.col("age").cast(pl.Date), pl.col("age").cast(pl.String), pl.col("age") > 3])
def test_types_that_would_make_other_values_are_refused(tmp_path: Path, cells: pl.Expr) -> None:
    T.write_parquet(tmp_path / "a.parquet")
    T.with_columns(cells).write_parquet(tmp_path / "b.parquet")
    for read in (lw.read, in_parts):
        with pytest.raises(InputError, match=r"b\.parquet.*'age'"):
            read(tmp_path)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_files_without_rows_are_parts_like_others(tmp_path: Path, ending: str) -> None:
    for name, part in {"a": T[:0], "b": T[:10], "c": T[:0], "d": T[10:]}.items():
        part.write_parquet(tmp_path / "x") if ending == "parquet" else part.write_csv(tmp_path / "x")
        (tmp_path / "x").rename(tmp_path / f"{name}.{ending}")
    assert len(both(tmp_path)) == len(T)
    for name in "bd":
        (tmp_path / f"{name}.{ending}").unlink()
    for read in (lw.read, in_parts):
        with pytest.raises(InputError, match="no rows"):
            read(tmp_path)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "csv"])
def test_a_name_that_could_be_a_pattern_is_a_name(tmp_path: Path, ending: str) -> None:
    lw.write(T, tmp_path / f"a[1].{ending}")
    both(tmp_path / f"a[1].{ending}")


def test_a_stream_of_arrow_is_read_in_parts(tmp_path: Path) -> None:
    T.write_ipc_stream(tmp_path / "a.arrow")
    assert both(tmp_path / "a.arrow").equals(T)


def test_errors_name_the_file_of_somebody_and_not_that_of_the_spool(tmp_path: Path) -> None:
    T.write_csv(tmp_path / "a.csv")
    T.drop("at").write_csv(tmp_path / "b.csv")
    with pytest.raises(InputError, match=r"^file '[^']*b\.csv' has other columns than '[^']*a\.csv'.*'at'"):
        in_parts(tmp_path)


PACKINGS: list[Callable[[bytes], bytes]] = [gzip.compress, zstandard.compress]


@pytest.mark.parametrize("pack", PACKINGS)
def test_files_packed_one_after_the_other_are_read_to_the_end(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    text = T.write_csv().encode()
    (tmp_path / "a.csv").write_bytes(pack(text[:100]) + pack(text[100:]))  # told by content, not by ending
    assert len(both(tmp_path / "a.csv")) == len(T)
    (tmp_path / "a.csv").write_bytes(pack(text)[:-9])
    with pytest.raises(InputError, match="damaged or cut-off"):
        in_parts(tmp_path / "a.csv")


def test_texts_in_blocks_are_read_as_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that comes again, and letters beyond ASCII that come late."""
    monkeypatch.setattr(spool, "BLOCK_BYTES", 200)
    lines = T.write_csv().splitlines()
    lines.insert(30, lines[0])
    lines[38] = lines[38].replace("Ulm", "Köln").replace("Bonn", "Köln")
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.warns(lw.errors.LikewiseWarning):
        found = both(tmp_path / "a.csv")
    assert len(found) == len(T)
    assert "Köln" in found["town"]


@pytest.mark.parametrize("change", ["grow", "cut"])
def test_a_text_that_changes_while_it_is_spooled_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    text = T.write_csv().encode()
    path = tmp_path / "a.csv"
    path.write_bytes(text)
    real = spool.pieces

    def pieces(file: Path) -> object:
        for piece in real(file):
            path.write_bytes(text + b"1,Ulm,2\n" if change == "grow" else text[:50])
            yield piece

    monkeypatch.setattr(spool, "pieces", pieces)
    with pytest.raises(InputError, match=r"a\.csv' was changed while it was read"):
        in_parts(path)


@pytest.mark.parametrize("ending", ["csv", "arrow"])
def test_a_spool_is_closed_to_others_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    lw.write(T, tmp_path / f"a.{ending}")
    modes = []
    for kind, name in ((pl.DataFrame, "write_parquet"), (pl.LazyFrame, "sink_parquet")):
        real = getattr(kind, name)

        def write(rows: object, path: Path, *, real: Callable[..., None] = real, **options: object) -> None:
            modes.append(Path(path).stat().st_mode & 0o777)
            real(rows, path, **options)
            modes.append(Path(path).stat().st_mode & 0o777)

        monkeypatch.setattr(kind, name, write)
    in_parts(tmp_path / f"a.{ending}")
    assert set(modes) == {0o600}


def test_a_disk_that_fills_up_is_no_damaged_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sink(*_: object, **__: object) -> None:
        raise pl.exceptions.ComputeError("No space left on device (os error 28)")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", sink)
    with pytest.raises(OutputError, match="the disk is full"), scan(T.lazy()).opened():
        pass


def test_whether_a_folder_is_a_database_is_told_without_reading_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from likewise.databases import folder

    monkeypatch.setattr(folder, "load", None)
    T.write_parquet(tmp_path / "a.parquet")
    T.write_parquet(tmp_path / "b.parquet")
    assert not lw.Database.lies_at(tmp_path)
    T.rename({"age": "years"}).write_parquet(tmp_path / "b.parquet")
    assert lw.Database.lies_at(tmp_path)
