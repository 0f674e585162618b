"""Tables in shards: which rows a shard holds, and what is refused of files."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.errors import InputError, OptionError, OutputError
from likewise.hashing import below, limits, mixed
from likewise.sources import scan
from likewise.sources.source import BLOCK, Source
from likewise.tables.parquet import row_groups


def table(n: int = 50_000) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({
        "age": rng.integers(18, 90, n),
        "town": np.array(["Ulm", "Bad, Tölz", 'the "Hof"', "Jena"])[rng.integers(0, 4, n)],
        "paid": rng.normal(0, 1, n).round(2),
    })  # fmt: skip


def whole(source: Source) -> pl.DataFrame:
    return pl.concat([source.read(shard) for shard in source.shards])


@given(st.integers(0, 2**63), st.integers(1, 3_000), st.data())
def test_so_many_rows_as_asked_hash_below_a_limit(seed: int, n: int, data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, n), max_size=3))
    hashes = mixed(seed, np.arange(n))
    assert [int(below(hashes, limit).sum()) for limit in limits(seed, n, counts)] == counts


def test_hashes_of_rows_are_even_and_hang_on_the_seed() -> None:
    hashes = mixed(3, np.arange(100_000))
    assert len(np.unique(hashes)) == len(hashes)
    assert abs(float((hashes >> np.uint64(63)).mean()) - 0.5) < 0.01
    assert abs(np.corrcoef(hashes[:-1].astype(float), hashes[1:].astype(float))[0, 1]) < 0.02
    assert not (mixed(4, np.arange(100)) == hashes[:100]).any()


@pytest.mark.parametrize("group", [1_000, 8_192, 20_000, 100_000])
def test_shards_hold_each_row_once_in_order(tmp_path: Path, group: int) -> None:
    frame = table()
    frame[:30_001].write_parquet(tmp_path / "a.parquet", row_group_size=group)
    frame[30_001:].write_parquet(tmp_path / "b.parquet", row_group_size=group)
    with scan(tmp_path).opened(size=2 * BLOCK) as source:
        assert whole(source).equals(frame)
        assert all(shard.start % BLOCK == 0 for shard in source.shards)
        assert [len(pickle.loads(pickle.dumps(source)).read(s, ["paid"]).columns) for s in source.shards[:1]] == [1]


def test_row_groups_are_told_by_the_footer(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "a.parquet", row_group_size=7_000)
    assert row_groups(str(tmp_path / "a.parquet")) == (7_000,) * 7 + (1_000,)


def test_a_shard_ends_where_a_row_group_does(tmp_path: Path) -> None:
    table(6 * BLOCK).write_parquet(tmp_path / "a.parquet", row_group_size=3 * BLOCK)
    with scan(tmp_path / "a.parquet").opened(size=2 * BLOCK) as source:
        assert [shard.stop // BLOCK for shard in source.shards] == [3, 6]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv", "jsonl", "arrow"])
def test_files_of_other_formats_are_spooled_as_they_are_read_whole(tmp_path: Path, ending: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from likewise.sources import spool
    from likewise.tables.files import read, write

    monkeypatch.setattr(spool, "BLOCK_BYTES", 2**16)
    monkeypatch.setenv("LIKEWISE_TMP", str(tmp_path / "spools"))
    (tmp_path / "spools").mkdir()
    path = tmp_path / f"a.{ending}"
    write(table().with_columns(pl.when(pl.int_range(pl.len()) % 7 > 0).then("town").alias("town")), path)
    with scan(path).opened() as source:
        files = list((tmp_path / "spools").rglob("*.parquet"))
        assert files
        assert all(file.stat().st_mode & 0o077 == 0 for file in files)
        assert whole(source).equals(read(path))
    assert not list((tmp_path / "spools").iterdir())


def test_a_lazy_frame_is_spooled() -> None:
    with scan(table().lazy().filter(pl.col("age") > 40)).opened() as source:
        assert whole(source).equals(table().filter(pl.col("age") > 40))


def test_a_table_of_sql_is_read_in_chunks(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "shop.sqlite") as base:
        base.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, price REAL, town TEXT)")
        base.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(i, i / 4, f"t{i % 3}") for i in range(70_000)])
    base.close()
    with scan(tmp_path / "shop.sqlite", table="orders").opened() as source:
        read = whole(source)
    assert read["id"].to_list() == list(range(70_000))
    assert read["price"][5] == 1.25
    with (
        pytest.raises(InputError, match=r"no table 'order'.*'orders'"),
        scan(tmp_path / "shop.sqlite", table="order").opened(),
    ):
        pass
    with pytest.raises(OptionError, match="table"):
        scan(tmp_path / "shop.sqlite")


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_the_file_of_another_schema_is_named(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "a.parquet")
    table().rename({"paid": "price"}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet.*'paid', 'price'"), scan(tmp_path).opened():
        pass
    table().with_columns(pl.col("age").cast(pl.String)).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet.*'age'.*String.*Int64"), scan(tmp_path).opened():
        pass


def test_the_damaged_row_group_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table().write_parquet(path, row_group_size=10_000, statistics=False, compression="uncompressed")
    data = bytearray(path.read_bytes())
    at = len(data) * 5 // 10
    data[at - 60_000 : at + 60_000] = b"\xff" * 120_000
    path.write_bytes(data)
    with (
        scan(path).opened() as source,
        pytest.raises(InputError, match=r"a\.parquet.*row group [12345] \(rows .*damaged"),
    ):
        whole(source)


def test_a_cut_off_file_is_refused_before_work(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="cut-off"), scan(path).opened():
        pass


@given(st.binary(min_size=0, max_size=400))
def test_no_footer_ends_in_another_error(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(b"PAR1" + data + len(data).to_bytes(4, "little") + b"PAR1")
        file.flush()
        with pytest.raises(InputError):
            row_groups(file.name)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table().write_parquet(path)
    with scan(path).opened() as source:
        source.read(source.shards[0])
        table(60_000).write_parquet(path)
        with pytest.raises(InputError, match="changed while it was read"):
            source.read(source.shards[0])


def test_too_little_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    table().write_csv(tmp_path / "a.csv")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: os.terminal_size((1, 1)) and type("U", (), {"free": 2**20}))
    with pytest.raises(OutputError, match=r"GB of disk.*LIKEWISE_TMP"), scan(tmp_path / "a.csv").opened():
        pass


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_TMP", str(tmp_path))
    code = (
        "import os, signal; from likewise.sources.scratch import scratch\n"
        "with scratch(0, 'x') as f: (f / 'rows').write_bytes(b'1'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert list(tmp_path.glob("likewise-*/rows"))
    with scan(table().lazy()).opened():
        assert not list(tmp_path.glob("likewise-*/rows"))


@pytest.mark.parametrize("text", [b"", b"a,b\n"])
def test_files_without_rows_are_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(text)
    with pytest.raises(InputError), scan(tmp_path / "a.csv").opened():
        pass


def test_quotes_may_hold_line_ends_where_a_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise.sources import spool

    monkeypatch.setattr(spool, "BLOCK_BYTES", 4_096)
    frame = pl.DataFrame({"note": ["two\nlines, one cell"] * 2_000 + ["plain"] * 2_000, "n": list(range(4_000))})
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(frame.write_csv().encode()))
    with scan(path).opened() as source:
        assert whole(source).equals(frame.with_columns(pl.all().cast(pl.String)))
