"""What is seen of all columns at once is what a look at each would find."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import likewise as lw
from likewise.schema import infer as inference

rng = np.random.default_rng(0)
NUMBERS = [f"{v:.3f}" for v in rng.normal(0, 300, 60)]
COLUMNS: dict[str, list[str | None]] = {
    "real": list(NUMBERS),
    "trimmed": [text.rstrip("0").rstrip(".") for text in NUMBERS],
    "grouped": ["1.234", "12.500", "7.000", "583"] * 15,
    "unsure": ["1.234", "12.567", "7.891", "583.112"] * 15,
    "whole": [str(v) for v in rng.integers(-500, 500, 60)],
    "halves": [f"{v / 2:.1f}" for v in range(60)],
    "pointed": [f"{v}.0" for v in range(60)],
    "code": [f"{v:03d}" for v in range(60)],
    "plus": [f"{v:+.2f}" for v in rng.normal(0, 3, 60)],
    "blank": [f"{v:6.1f}" for v in rng.normal(0, 99, 60)],
    "bare_point": [f"{v:.2f}".lstrip("0") for v in rng.uniform(0, 1, 60)],
    "powers": [f"{v:.2e}" for v in rng.normal(0, 3, 60)],
    "noise": [repr(v / 10 + 0.2) for v in range(60)],
    "long": [str(10**17 + 7 * v) for v in range(60)],
    "infinite": ["1.5", "inf", "-2.25", "3.125"] * 15,
    "holed": ["1.5", "?", "-2.25", None] * 15,
    "less": ["1.5", "none", "-2.25", "3"] * 15,
    "money": ["$1,234.50", "$7.00", "-$3.25"] * 20,
    "word": ["red", "green", "blue"] * 20,
    "truth": ["yes", "no"] * 30,
    "mail": [f"person{v}@a.example" for v in range(60)],
    "card": ["4111111111111111", "5500005555555559", "4012888888881881"] * 20,
    "phone": [f"+4930123{v:04d}" for v in range(60)],
    "surname": ["Meyer", "Nguyen", "Silva"] * 20,
    "date": [f"2024-01-{v % 28 + 1:02d}" for v in range(60)],
    "year_month": [f"2024{v % 12 + 1:02d}" for v in range(60)],
    "address": [f"10.0.{v}.17" for v in range(60)],
    "lasting": [f"{v}:{v % 60:02d}:07" for v in range(90, 150)],
    "hours": [f"{v % 30}h {v}m" for v in range(60)],
    "cents": [f"{v * 7},-" for v in range(30)] + [f"{v * 7},50" for v in range(30)],
    "month": ["Jan", "Feb", "Mar", "Apr"] * 15,
    "none": [None] * 60,
    "one": ["7"] * 60,
    "sorted": sorted(NUMBERS),
}


def one_by_one(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, **options: object) -> lw.Schema:
    with monkeypatch.context() as patch:
        patch.setattr(inference, "glances", lambda *_: {})
        return lw.infer(frame, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("decimal", [None, ".", ","])
def test_every_kind_of_column_is_found_as_it_is_one_by_one(
    decimal: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame(COLUMNS, schema=dict.fromkeys(COLUMNS, pl.String))
    assert inference.glances(inference.Counted(frame), ())
    assert lw.infer(frame, decimal=decimal) == one_by_one(frame, monkeypatch, decimal=decimal)


cell = (
    st.decimals(-9999, 9999, places=3).map(str)
    | st.integers(-(10**6), 10**6).map(str)
    | st.sampled_from(["", "NA", "-", "1.5", "2.50", "007", "0.0", "-0", "1.", ".5", "1e3", "inf", "x", " 3", "1.234"])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cell, cell | st.none()), min_size=1, max_size=12))
def test_any_texts_are_found_as_they_are_one_by_one(
    rows: list[tuple[str | None, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    assert lw.infer(frame) == one_by_one(frame, monkeypatch)
