"""What a reader of the page must not find there: a person's own cell."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise

ONLY_ONCE = ("Zanzibar", "987654", "2031")


@pytest.fixture(scope="module")
def page() -> str:
    """A report on a table in which one person has a level, a number and a date that nobody else has."""
    rng = np.random.default_rng(0)

    def table(n: int) -> pl.DataFrame:
        days = pl.Series(rng.integers(0, 3_000, n))
        return pl.DataFrame(
            {
                "place": rng.choice(["north", "south", "east"], n),
                "pay": rng.normal(50.0, 5.0, n).round(2),
                "since": pl.select(pl.date(2015, 1, 1) + pl.duration(days=days)).to_series(),
                "sex": rng.choice(["f", "m"], n),
            }
        )

    real, fake, holdout = table(400), table(400), table(200)
    person = pl.DataFrame(
        {"place": "Zanzibar", "pay": 987_654.25, "since": pl.select(pl.date(2031, 5, 17)).to_series(), "sex": "f"}
    )
    report = likewise.evaluate(pl.concat([real, person]), fake, holdout=holdout, target="sex", by="place")
    return report.to_html() + report.to_json()


@pytest.mark.parametrize("value", ONLY_ONCE)
def test_what_one_person_alone_has_is_not_shown(page, value):
    assert value not in page


def test_what_many_have_is_shown(page):
    assert "north" in page
    assert "2015" in page
