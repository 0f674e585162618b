"""Parts that are joined are one file, the same as if it had been written at once, and go on where they were stopped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from likewise.errors import OutputError
from likewise.schema.dialect import Dialect
from likewise.tables import joining, parquet
from likewise.tables.files import write
from likewise.tables.joining import Joining, Parts

from .conftest import make_mixed_frame

PIECES = [make_mixed_frame(n, seed=n) for n in (40, 1, 77, 12)]
WHOLE = pl.concat(PIECES)


def joined(target: Path, pieces: list[pl.DataFrame], dialect: Dialect | None = None) -> None:
    parts = Parts.of(target, b"these", dialect)
    with Joining(parts) as whole:
        for number, piece in enumerate(pieces[whole.done :], whole.done):
            whole.add(parts.write(number, piece))
        whole.finish()


@pytest.mark.parametrize("ending", ["parquet", "pq", "csv", "tsv", "jsonl"])
def test_parts_are_joined_to_what_is_written_at_once(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"rows.{ending}"
    assert Parts.can_join(target, None)
    target.write_text("what stood there")
    target.chmod(0o640)
    joined(target, PIECES)
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    if ending in ("parquet", "pq"):
        assert pl.read_parquet(target).equals(WHOLE)
        assert pl.scan_parquet(target).filter(pl.col("age") > 50).collect().equals(WHOLE.filter(pl.col("age") > 50))
        return
    write(WHOLE, tmp_path / f"once.{ending}")
    assert target.read_bytes() == (tmp_path / f"once.{ending}").read_bytes()


def test_dialects_keep_their_header_and_mark_once(tmp_path: Path) -> None:
    dialects = (Dialect(encoding="utf-8-sig", delimiter=";"), Dialect(header=False), Dialect(line_end="\r\n"))
    for k, dialect in enumerate(dialects):
        joined(tmp_path / f"{k}.csv", PIECES, dialect)
        write(WHOLE, tmp_path / f"once{k}.csv", dialect=dialect)
        assert (tmp_path / f"{k}.csv").read_bytes() == (tmp_path / f"once{k}.csv").read_bytes()
    assert not Parts.can_join(tmp_path / "rows.csv", Dialect(encoding="utf-16"))
    assert not any(Parts.can_join(tmp_path / name, None) for name in ("rows.csv.gz", "rows.xlsx", "rows.feather"))
    assert not Parts.can_join(Path("-"), None)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("stopped", [0, 1, 3])
def test_what_was_stopped_goes_on_and_gives_the_same_bytes(tmp_path: Path, ending: str, stopped: int) -> None:
    joined(tmp_path / f"unbroken.{ending}", PIECES)
    target = tmp_path / f"rows.{ending}"
    parts = Parts.of(target, b"these", None)
    with Joining(parts) as whole:
        for number in range(stopped):
            whole.add(parts.write(number, PIECES[number]))
        later = parts.write(stopped, PIECES[stopped])
    for name in ("whole", "footers"):  # as a kill leaves them while the next is being appended
        with (parts.folder / name).open("ab") as file:
            file.write(b"half of it")
    assert not target.exists()
    with Joining(parts) as whole:
        assert whole.done == stopped
        assert later.exists()
    joined(target, PIECES)
    assert target.read_bytes() == (tmp_path / f"unbroken.{ending}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_parts_of_other_columns_are_refused() -> None:
    joined_file = parquet.Joined()
    for frame in (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": ["x"]})):
        file = io.BytesIO()
        frame.write_parquet(file)
        _, footer = parquet.parted(file)
        if frame["a"].dtype == pl.String:
            with pytest.raises(OutputError, match="columns of different types"):
                joined_file.add(footer, 4)
        else:
            joined_file.add(footer, 4)
    with pytest.raises(lw.InputError, match="damaged"):
        parquet.parted(io.BytesIO(b"no Parquet file at all"))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_any_parquet_files_of_the_same_columns_are_joined(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = [
        pl.DataFrame(
            {
                "n": rng.integers(-(2**62), 2**62, n),
                "t": [None if k % 3 == 0 else "x" * k for k in range(n)],
                "b": [k % 2 == 0 for k in range(n)],
                "l": [[float(k)] * (k % 4) for k in range(n)],
            },
            schema={"n": pl.Int64, "t": pl.String, "b": pl.Boolean, "l": pl.List(pl.Float64)},
        )
        for n in sizes
    ]
    whole, joined_file = io.BytesIO(parquet.MAGIC), parquet.Joined()
    whole.seek(0, io.SEEK_END)
    for frame in frames:
        file = io.BytesIO()
        frame.write_parquet(file, row_group_size=7)
        end, footer = parquet.parted(file)
        joined_file.add(footer, whole.tell())
        parquet.copy(file, whole, len(parquet.MAGIC), end)
    whole.write(joined_file.footer())
    whole.seek(0)
    assert pl.read_parquet(whole).equals(pl.concat(frames))


# ---- drawn ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_spans(monkeypatch: pytest.MonkeyPatch) -> int:
    for module in ("streams", "synthesizer.blocks", "synthesizer.drawing", "synthesizer.streaming"):
        monkeypatch.setattr(f"likewise.{module}.SPAN", 2**13)
    return 2**13


def test_a_full_disk_keeps_what_was_written_and_the_same_seed_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_spans: int
) -> None:
    synth = lw.Synthesizer("copula", random_state=0).fit(make_mixed_frame(200))
    n, asked = 4 * small_spans, {"random_state": 3}
    synth.sample(n, to=tmp_path / "unbroken.parquet", **asked)
    add = Joining.add

    def full(self: Any, path: Path) -> None:
        if self.done == 2:
            raise OutputError("file 'rows' cannot be written: the disk is full; nothing was left behind")
        add(self, path)

    target = tmp_path / "rows.parquet"
    target.write_text("what stood there")
    with monkeypatch.context() as patch:
        patch.setattr(Joining, "add", full)
        with pytest.raises(OutputError, match=r"the disk is full; what was written so far is kept in .*\.parts"):
            synth.sample(n, to=target, **asked)
        assert target.read_text() == "what stood there"
        (kept,) = tmp_path.glob(".rows.parquet.*.parts")
        with pytest.raises(OutputError, match="nothing was left behind"):  # of a seed that nobody can ask for again
            synth.sample(n, to=tmp_path / "other.parquet")
        assert not list(tmp_path.glob(".other*"))
    drawn: list[int] = []
    draw = joining.Parts.write

    def counted(self: Any, number: int, frame: pl.DataFrame) -> Path:
        drawn.append(number)
        return draw(self, number, frame)

    monkeypatch.setattr(joining.Parts, "write", counted)
    synth.sample(n, to=target, **asked)
    assert drawn == [3]  # the third was drawn, and waited to be joined
    assert target.read_bytes() == (tmp_path / "unbroken.parquet").read_bytes()
    assert not kept.exists()


def test_what_cannot_go_to_a_file_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    table = make_mixed_frame(200)
    synth = lw.Synthesizer("copula", random_state=0).fit(table)
    with pytest.raises(lw.OptionError, match="give to="):
        synth.sample(5, engine="processes")
    with pytest.raises(lw.OptionError, match=r"cannot be joined: write \.parquet"):
        synth.sample(5, to=tmp_path / "rows.csv.gz", engine="processes", workers=1)
    assert synth.sample(5, to=tmp_path / "rows.csv.gz", random_state=1).exists()
    with pytest.raises(OutputError, match="folder does not exist"):
        synth.sample(5, to=tmp_path / "absent" / "rows.csv")
    with pytest.raises(lw.ConditionError):
        synth.sample(5, to=tmp_path / "rows.csv", where={"grade": "none such"})
    ruled = lw.Synthesizer("copula", random_state=0, rules=["unique (age, gain, score)"]).fit(table)
    with pytest.raises(lw.OptionError, match="look at all rows before: draw with engine='local'"):
        ruled.sample(5, to=tmp_path / "rows.csv", engine="processes", workers=1)
    assert len(pl.read_csv(ruled.sample(50, to=tmp_path / "rows.csv", random_state=1))) == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "rows.csv.gz"]
