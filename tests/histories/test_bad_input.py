"""Claims about tables that are hardly of histories: each is refused by name or read by a rule that is told, from a file
as from a frame."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import LikewiseWarning

from .test_cli import run
from .test_histories import in_time, visits

DAY, VISIT = pl.col("day"), pl.col("visit")


def some(**columns: Any) -> pl.DataFrame:
    return visits().filter(pl.col("patient") < "p0060").with_columns(**columns)


N_ROWS, N_ENTITIES = len(some()), some()["patient"].n_unique()
N_LATER = N_ROWS - N_ENTITIES


@pytest.mark.filterwarnings("ignore:columns are of a few cells")  # which is told before the refusal
@pytest.mark.parametrize(
    ("table", "options", "code", "says"),
    [
        (some(), {"entity": "patent"}, 4, "no column 'patent'; did you mean 'patient'"),
        (some(patient=pl.when(VISIT == 1).then("patient")), {}, 3, f"'patient': {N_LATER} of {N_ROWS} rows do not"),
        (some(patient=pl.int_range(pl.len())), {}, 3, "'patient' differs in every row"),
        (some(), {"time": "dya"}, 3, "time names column 'dya', which the table lacks; did you mean 'day'"),
        (some(day=pl.when(VISIT == 1).then("day")), {}, 3, f"'day'.* missing in {N_LATER} of {N_ROWS} rows"),
        (some(day=pl.format("week {}", VISIT)), {}, 3, "'day' is to tell the time, but"),
        (
            some(day=pl.when(VISIT % 2 == 0).then(DAY.dt.strftime("%d/%m/%Y")).otherwise(DAY.dt.strftime("%m/%d/%Y"))),
            {}, 3, "'day' is to tell the time, but .* write all of them one way",
        ),
        (
            some(day=pl.when(pl.int_range(pl.len()) < 1).then(DAY.dt.strftime("%d.%m.%Y")).otherwise(DAY.cast(str))),
            {}, 3, f"'day'.* missing in 1 of {N_ROWS} rows, or not written there as in the others",
        ),
        (some(), {"static": ["sex", "stage"]}, 4, rf"'stage' is declared static, but .* within \d+ of {N_ENTITIES} "),
        (some(), {"static": ["sxe"]}, 4, "static names column 'sxe'"),
    ],
    ids=[
        "entity absent", "entity missing", "entity of every row", "time absent", "time missing", "texts",
        "days and months in two orders", "one of another form", "static that varies", "static absent",
    ],
)  # fmt: skip
def test_it_is_refused_by_name_from_a_frame_and_from_a_file(
    table: pl.DataFrame, options: dict[str, Any], code: int, says: str, tmp_path: Path
) -> None:
    asked = {"entity": "patient", "time": "day"} | options
    with pytest.raises(lw.LikewiseError, match=says):
        lw.Synthesizer(random_state=0, **asked).fit(table)
    table.write_csv(tmp_path / "t.csv")
    flags = [f"--{name}={v}" for name, value in asked.items() for v in (value if isinstance(value, list) else [value])]
    found = CliRunner().invoke(app, ["synth", str(tmp_path / "t.csv"), "-o", str(tmp_path / "f.csv"), *flags])
    assert found.exit_code == code
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(" ".join(found.output.split()))
    assert not (tmp_path / "f.csv").exists()


def test_times_in_two_forms_that_can_be_told_are_read_both(tmp_path: Path) -> None:
    two = some(day=pl.when(VISIT % 2 == 0).then(DAY.dt.strftime("%d.%m.%Y")).otherwise(DAY.cast(str)))
    two.write_csv(tmp_path / "t.csv")
    asked = ("--entity", "patient", "--time", "day", "--no-measure", "--max-seconds", 2, "--seed", 0)
    told = run("synth", tmp_path / "t.csv", "-o", tmp_path / "f.csv", *asked)
    assert "'day': " in told
    assert "another date format" in " ".join(told.split())
    drawn = pl.read_csv(tmp_path / "f.csv").with_columns(pl.col("day").str.to_date("%d.%m.%Y"))
    steps = drawn.select(pl.col("day").diff().over("patient").dt.total_days())["day"].drop_nulls()
    assert steps.min() > 0  # type: ignore[operator]


def test_rows_in_any_order_are_learnt_as_in_time() -> None:
    drawn = [
        lw.Synthesizer(entity="patient", time="day", random_state=0, epochs=1).fit(table).sample(9, random_state=0)
        for table in (in_time(some()), in_time(some()).sample(fraction=1, shuffle=True, seed=5).sort("day"))
    ]
    assert drawn[0].schema == drawn[1].schema
    for frame in drawn:
        assert frame.group_by("patient").agg(DAY.is_sorted())["day"].all()


def test_rows_of_one_moment_stay_in_the_order_they_came_in() -> None:
    table = some(day=dt.date(2020, 1, 1)).sort("patient", "visit")
    synth = lw.Synthesizer(entity="patient", time="day", random_state=0, epochs=4).fit(table)
    drawn = synth.sample(40, random_state=0)
    assert drawn["day"].unique().to_list() == [dt.date(2020, 1, 1)]
    firsts = drawn.group_by("patient", maintain_order=True).first()
    assert (firsts["stage"] == "a").mean() > 0.8  # type: ignore[operator]


def test_few_machines_are_told_that_persons_are_protected_and_learnt_whole_where_they_are_none(tmp_path: Path) -> None:
    rows = [(f"m{k}", t, 100 * k + t % 7) for k in range(8) for t in range(60)]
    table = pl.DataFrame(rows, schema=["machine", "t", "x"], orient="row")
    asked: dict[str, Any] = {"entity": "machine", "time": "t", "random_state": 0, "epochs": 2}
    with pytest.warns(LikewiseWarning, match="'machine' names 8 entities, .*min_rows=1"):
        narrow = lw.Synthesizer(**asked).fit(table).sample(40, random_state=0)["x"]
    whole = lw.Synthesizer(codec=lw.CodecOptions(min_rows=1), **asked).fit(table).sample(40, random_state=0)["x"]
    assert narrow.n_unique() < 20 < whole.n_unique()
    table.write_csv(tmp_path / "m.csv")
    lines = (
        "synth",
        tmp_path / "m.csv",
        "-o",
        tmp_path / "f.csv",
        "--entity",
        "machine",
        "--time",
        "t",
        "--no-measure",
    )
    assert "--min-rows 1" in " ".join(run(*lines, "--max-seconds", 1).split())
    assert "--min-rows 1" not in " ".join(run(*lines, "--max-seconds", 1, "--min-rows", 1).split())


def test_one_long_history_among_short_ones_is_learnt_and_not_drawn() -> None:
    lengths = [3_000] + [3] * 100
    table = pl.DataFrame({
        "unit": [f"u{i}" for i, n in enumerate(lengths) for _ in range(n)],
        "t": [t for n in lengths for t in range(n)], "x": [t % 5 for n in lengths for t in range(n)],
    })  # fmt: skip
    drawn = lw.Synthesizer(entity="unit", time="t", random_state=0, epochs=1).fit(table).sample(50, random_state=0)
    # What fewer than 5 have is not kept: no history is longer than 1.25 times the mean of the 5 longest.
    assert drawn.group_by("unit").len()["len"].max() <= 1.25 * (3_000 + 4 * 3) / 5  # type: ignore[operator]
