"""Claims about the hint that rows are lives: given where they are, with the line that learns them, and nowhere else."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import LikewiseWarning
from likewise.schema.lives import likely_time, word_on_lives

from .test_cli import run
from .test_histories import visits

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def by_id() -> pl.DataFrame:
    return visits().rename({"patient": "patient_id"})


def test_a_table_of_lives_is_told_with_the_line_that_learns_it(tmp_path: Path) -> None:
    with pytest.warns(LikewiseWarning, match="--entity patient_id --time day"):
        lw.Synthesizer("copula", random_state=0).fit(by_id())
    by_id().write_csv(tmp_path / "v.csv")
    line = "--entity patient_id --time day"
    assert line in " ".join(run("schema", tmp_path / "v.csv").split())
    asked = ("synth", tmp_path / "v.csv", "-o", tmp_path / "f.csv", "--model", "copula", "--no-measure")
    assert line in " ".join(run(*asked).split())
    assert line not in " ".join(run(*asked, "--no-entity").split())


def test_who_names_the_entity_or_says_that_there_is_none_is_told_nothing() -> None:
    for entity in ("patient_id", False):
        with warnings.catch_warnings():
            warnings.simplefilter("error", LikewiseWarning)
            lw.Synthesizer("copula", entity=entity, random_state=0).fit(by_id())


def lives(**columns: object) -> pl.DataFrame:
    n = 300
    return pl.DataFrame({"user_id": [f"u{i // 3:04}" for i in range(n)], "x": [i % 7 for i in range(n)]}).with_columns(
        **{name: pl.Series(values) for name, values in columns.items()}  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("column", "values", "tells"),
    [
        ("year", [2000 + i % 3 for i in range(300)], True),
        ("yearID", [2000 + i % 3 for i in range(300)], True),
        ("Semana", [i % 3 for i in range(300)], True),
        ("score", [2000 + i % 3 for i in range(300)], False),
        ("birth_year", [1950 + i // 3 for i in range(300)], False),
        ("opened", [dt.date(2020, 1, 1) + dt.timedelta(days=i // 3) for i in range(300)], False),
        ("seen", [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in np.arange(300) % 97], True),
        ("at", [dt.time(i % 24, i % 60) for i in range(300)], False),
    ],
)
def test_what_tells_the_time_differs_within_an_entity(column: str, values: list[object], tells: bool) -> None:
    table = lives(**{column: values})
    assert likely_time(table, lw.infer(table), "user_id") == (column if tells else None)


def test_entities_of_one_row_have_no_lives() -> None:
    table = lives(seen=[dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(300)])
    table = table.with_columns(user_id=pl.Series([f"u{max(i, 60):04}" for i in range(300)]))
    assert likely_time(table, lw.infer(table), "user_id") is None


FLAT = ["adult_train", "diamonds", "penguins", "titanic", "taxis", "nhanes", "stroke", "beijing"]


@pytest.mark.skipif(not DATA.exists(), reason="the data are not here")
@pytest.mark.parametrize("name", FLAT)
def test_flat_tables_are_not_called_lives(name: str) -> None:
    table = lw.read(DATA / f"{name}.csv")[:20_000]
    assert word_on_lives(table, lw.infer(table)) is None


@pytest.mark.skipif(not DATA.exists(), reason="the data are not here")
def test_tables_of_events_are() -> None:
    for name, line in (("cdnow/purchases.csv", "--time date"), ("helpdesk_events.csv", "--time CompleteTimestamp")):
        table = lw.read(DATA / name)[:20_000]
        assert line in str(word_on_lives(table, lw.infer(table)))
