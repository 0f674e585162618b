"""Claims about one series: rows in time of which no column tells whose they are."""

from __future__ import annotations

import datetime as dt
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import LikewiseWarning, OptionError


@cache
def hourly() -> pl.DataFrame:
    rng, n = np.random.default_rng(0), 600
    begin = dt.datetime(2013, 11, 1)
    return pl.DataFrame({
        "at": [begin + dt.timedelta(hours=k) for k in range(n)], "load": (np.sin(np.arange(n) / 24 * 2 * np.pi)
        + rng.normal(0, 0.1, n)).round(2), "open": [8 <= k % 24 < 18 for k in range(n)],
    })  # fmt: skip


@cache
def learnt() -> lw.Synthesizer:
    return lw.Synthesizer(entity=False, time="at", random_state=0, epochs=3).fit(hourly())


def test_a_table_without_entities_is_one_series() -> None:
    some = learnt().sample(random_state=0)
    assert some.schema == hourly().schema
    assert len(some) > 400
    assert set(some["at"].diff().drop_nulls()) == {dt.timedelta(hours=1)}
    longer = learnt().extend(hourly(), steps=48, random_state=0)
    assert longer.head(600).equals(hourly())
    assert longer["at"][-1] == hourly()["at"][-1] + dt.timedelta(hours=48)
    plan = pl.DataFrame({"open": [True, False]})
    assert learnt().extend(hourly(), future=plan, random_state=0)["open"].tail(2).to_list() == [True, False]
    assert np.isfinite(learnt().log_prob(hourly())).all()


def test_only_one_is_drawn() -> None:
    with pytest.raises(OptionError, match="one series was learnt"):
        learnt().sample(2)


def test_rows_in_order_alone_are_a_series_too(tmp_path: Path) -> None:
    synth = lw.Synthesizer(entity=False, time=True, random_state=0, epochs=1).fit(hourly().drop("at"))
    synth.save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    assert again.entity is False
    assert again.sample(random_state=1).equals(synth.sample(random_state=1))
    assert len(again.extend(hourly().drop("at").head(9), steps=3)) == 12


def test_who_says_nothing_of_entities_is_told() -> None:
    with pytest.warns(LikewiseWarning, match="taken for one series"):
        lw.Synthesizer(time="at", random_state=0, epochs=1).fit(hourly().head(60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lw.Synthesizer(entity=False, time="at", random_state=0, epochs=1).fit(hourly().head(60))


def test_one_entity_is_counted_as_one() -> None:
    synth = lw.Synthesizer(entity="who", time="at", random_state=0, epochs=1).fit(
        hourly().head(60).with_columns(who=pl.lit("a"))
    )
    assert synth.sample(random_state=0)["who"].n_unique() == 1


def test_the_command_line_learns_a_series(tmp_path: Path) -> None:
    hourly().write_csv(tmp_path / "load.csv")
    asked = ["synth", str(tmp_path / "load.csv"), "-o", str(tmp_path / "fake.csv"), "--no-entity", "--time", "at"]
    done = CliRunner().invoke(app, [*asked, "--max-seconds", "1", "--seed", "0"])
    assert done.exit_code == 0, done.output
    assert pl.read_csv(tmp_path / "fake.csv").columns == hourly().columns
