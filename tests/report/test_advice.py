"""What a report tells people to do follows from what was measured, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.evaluate.columns import column_details
from likewise.evaluate.tables import type_tables
from likewise.report import ColumnScore, Report
from likewise.report.advice import advice, outlying

from .reports import SCORES, Page, report_of


def table(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 0] + x[:, 1], "c": np.exp(2 * x[:, 2])})


def test_without_a_holdout_nobody_is_told_that_attacks_found_nothing() -> None:
    def with_places(seed: int) -> pl.DataFrame:
        words = "quiet large sunny flat house garden near park river market with bridge".split()  # noqa: SIM905
        rng = np.random.default_rng(seed)
        places = {"lat": rng.normal(48, 0.1, 200).round(4), "lon": rng.normal(2, 0.1, 200).round(4)}
        return pl.DataFrame({**places, "note": [" ".join(rng.choice(words, 8)) for _ in range(200)]})

    for real, fake in ((table(200, 1), table(200, 2)), (with_places(1), with_places(2))):
        report = lw.evaluate(real, fake, measures=["attacks"])
        found = advice(report)
        assert found.startswith("Nothing but copies was looked for")
        assert "holdout" in found
        assert "measures of attack" not in report.to_html()


def test_with_too_small_a_holdout_the_notes_say_why_no_attack_was_made() -> None:
    report = lw.evaluate(table(200, 1), table(200, 2), holdout=table(10, 3), measures=["attacks"])
    assert advice(report).startswith("No attack could be made with this holdout; the notes say why.")
    assert any("at least 20" in note for note in report.notes)


def test_what_was_not_asked_for_is_not_called_impossible() -> None:
    report = lw.evaluate(table(200, 1), table(200, 2), holdout=table(200, 3), measures=["accuracy"])
    assert "attack" not in advice(report)


def test_copies_are_not_to_be_learnt_longer() -> None:
    real = table(300, 1)
    report = lw.evaluate(real, real, holdout=table(300, 2), measures=["joint", "attacks"])
    assert report["beta_recall"].stands == "worse"
    assert advice(report).startswith("Give these rows to nobody yet")
    assert "longer" not in advice(report)


def test_names_that_hold_commas_are_kept_apart() -> None:
    worse = replace(SCORES[0], value=0.5, better="higher", floor=0.9, interval=(0.4, 0.6))
    scores = tuple(replace(worse, name=name) for name in ("accuracy_bivariate", "accuracy_trivariate"))
    assert "(2): Overlap, two columns; Overlap, three columns." in advice(replace(report_of(), scores=scores))


def test_a_column_with_holes_of_its_own_is_named() -> None:
    real, fresh, fake = (table(1_500, seed) for seed in range(3))
    fake = fake.with_columns(b=pl.when(pl.int_range(1_500) < 20).then(float("inf")).otherwise("b"))
    report = lw.evaluate(real, fake, holdout=fresh, measures=["accuracy"])
    assert report["missing"].stands == "worse"
    assert "Look at b first." in advice(report)


def columns_of(real: pl.DataFrame, fake: pl.DataFrame) -> Report:
    tables = type_tables([real, fake], lw.infer(real), text="pattern")
    columns = tuple(
        ColumnScore(name=a.name, kind="real", error=0.0, **column_details(a, b))
        for a, b in zip(tables[0].columns, tables[1].columns, strict=True)
    )
    return Report(scores=(), columns=columns, data={"rows_real": len(real), "rows_synthetic": len(fake)})


@pytest.mark.parametrize(("n", "m"), [(200, 200), (200, 2_000), (3_000, 300), (3_000, 3_000)])
def test_values_beyond_nearly_all_real_ones_are_no_more_than_chance_in_fresh_rows(n: int, m: int) -> None:
    runs = 100
    alarms = sum(bool(outlying(columns_of(table(n, 2 * s), table(m, 2 * s + 1)))) for s in range(runs))
    assert alarms <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)


@pytest.mark.parametrize("column", ["a", "c"])
@pytest.mark.parametrize("value", [1e12, -1e12])
def test_one_in_a_hundred_absurd_values_are_told_by_their_column(column: str, value: float) -> None:
    fake = table(1_500, 2).with_columns(pl.when(pl.int_range(1_500) < 15).then(value).otherwise(column).alias(column))
    report = lw.evaluate(table(1_500, 1), fake, holdout=table(1_500, 3), measures=["accuracy"])
    assert advice(report).endswith(f"lie beyond nearly all real ones in: {column}.")


@pytest.mark.parametrize(
    ("rows_held", "options", "said", "unsaid"),
    [
        (200, {"measures": ["accuracy"], "target": "c"}, "Not among the measures", "No attack was made"),
        (0, {"measures": ["attacks"]}, "No attack was made: that needs real rows", "measures of attack"),
        (10, {"measures": ["attacks"]}, "It could not be measured; the notes", "No attack was made"),
        (200, {"measures": ["attacks"]}, "measures of attack", "It could not be measured"),
    ],
)
def test_a_card_without_a_figure_says_why(rows_held: int, options: dict, said: str, unsaid: str) -> None:
    held = table(rows_held, 3) if rows_held else None
    text = Page(lw.evaluate(table(200, 1), table(200, 2), holdout=held, **options).to_html()).text
    assert said in text
    assert unsaid not in text
    assert ("No target column was named" in text) == ("utility" in options["measures"])
