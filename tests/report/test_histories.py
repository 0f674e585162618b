"""The histories on the page: summaries of real ones, examples of made ones, in both languages."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from tests.evaluate.histories.made import visits

import likewise as lw
from likewise.report import Report

from .reports import Page


@pytest.fixture(scope="module")
def report() -> Report:
    real, fake, fresh = (visits(150, seed) for seed in (1, 2, 3))
    lone = pl.DataFrame(
        {"who": ["lone"] * 30, "day": range(9_000, 9_030), "sex": "f", "ward": "Zanzibar", "level": 987.5, "dose": 0}
    )
    marked = fake.with_columns(ward=pl.col("ward").str.replace("home", "<home & away>"))
    real, fresh = (t.with_columns(ward=pl.col("ward").str.replace("home", "<home & away>")) for t in (real, fresh))
    lone = lone.cast({"day": pl.Int64, "dose": pl.Int64})
    return lw.evaluate(pl.concat([real, lone]), marked, holdout=fresh, entity="who", time="day", measures=[])


@pytest.mark.parametrize(("lang", "said"), [("en", "What follows what"), ("zh", "何值之后为何值")])
def test_the_page_shows_them_in_both_languages(report: Report, lang: str, said: str) -> None:
    page = Page(report.to_html(lang=lang))
    assert said in page.text
    assert "<home & away>" in page.text, "levels are escaped, and shown"
    assert not page.open, "all that is opened is closed"
    assert sum(tag == "table" and "heat" in (of.get("class") or "") for tag, of in page.tags) >= 4
    assert sum(tag == "svg" and of.get("class") == "lines" for tag, of in page.tags) >= 2


def test_what_one_entity_alone_holds_is_not_shown(report: Report) -> None:
    told = report.to_html() + report.to_json()
    for value in ("Zanzibar", "987.5", "9000", "9,000", "9029"):
        assert value not in told


def test_lengths_are_those_of_entities_and_chances_those_of_rows(report: Report) -> None:
    found = report.histories
    assert found is not None
    assert found.lengths is not None
    assert sum(found.lengths.synthetic) == pytest.approx(1.0, abs=0.01)
    ward = next(one for one in found.transitions if one.column == "ward")
    assert {"er", "icu"} <= set(ward.grid.x) == set(ward.grid.y)
    assert {column.column for column in found.columns} == {"ward", "level", "dose"}
    dose = next(drift for drift in found.drifts if drift.column == "dose")
    known = [x for x in dose.synthetic if x is not None]
    assert known[-1] > known[0], "a counter rises with the time"


def test_examples_are_none_that_stand_in_the_training_table() -> None:
    real = visits(100, 1)
    copied = lw.evaluate(
        real, real.with_columns(who=pl.lit("new") + pl.col("who")), entity="who", time="day", measures=[]
    )
    assert copied.histories is not None
    assert copied.histories.examples == ()
    fresh = lw.evaluate(real, visits(100, 2), entity="who", time="day", measures=[])
    assert fresh.histories is not None
    assert fresh.histories.heads[0] == "day"
    assert all(len(row) == len(fresh.histories.heads) for one in fresh.histories.examples for row in one)
    assert fresh.histories.examples


def test_the_report_is_read_back_as_it_was(report: Report) -> None:
    assert Report.from_json(report.to_json()).histories == report.histories
    assert replace(report, ledger={}).withheld().histories is None


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_between_rows_are_told_in_days_hours_or_minutes(unit: str) -> None:
    start = pl.datetime(2024, 1, 1, time_unit="us")
    for step, named in (("days", "days"), ("hours", "hours"), ("minutes", "minutes")):
        real, fake = (
            visits(60, seed).with_columns(
                day=(start + pl.duration(**{step: pl.col("day")})).cast(pl.Datetime(unit))  # type: ignore[arg-type]
            )
            for seed in (1, 2)
        )
        found = lw.evaluate(real, fake, entity="who", time="day", measures=[]).histories
        assert found is not None
        assert found.unit == named
