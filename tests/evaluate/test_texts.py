"""Measures of texts: what they say of fresh rows, of copies, of other words, and of placeholders."""

from __future__ import annotations

import math
import re
from collections import Counter
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

import likewise as lw
from likewise.codecs.words import placeholders
from likewise.evaluate.texts import MOST_RUN, Texts, run_length

WORDS = [a + b for a in "ba de fi go lu ma ne po ri sa".split() for b in "ro ti len mun ka dos wer".split()]  # noqa: SIM905
ATTACKS = ["attacks"]


def reviews(n: int, seed: int, words: list[str] = WORDS) -> pl.DataFrame:
    """Texts of words that follow each other at random, most of them of a few."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(np.array(words)[np.minimum(rng.geometric(0.05, k) - 1, 69)]) for k in rng.integers(4, 15, n)]
    return pl.DataFrame({"note": texts, "x": rng.normal(size=n)})


def bare(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def run_of(text: str, real: list[str]) -> int:
    """The longest run by trying all."""
    own, found = bare(text), 0
    joined = [f" {' '.join(bare(other))} " for other in real]
    for i in range(len(own)):
        for j in range(i + found + 1, len(own) + 1):
            if any(f" {' '.join(own[i:j])} " in other for other in joined):
                found = j - i
    return found


def test_the_longest_run_is_that_of_trying_all() -> None:
    real, ours = (reviews(60, seed)["note"].to_list() for seed in (1, 2))
    ours[:3] = [f"{ours[0]}, {real[5].upper()}! {ours[1]}", "", "???"]
    ours.append("这是很长的中文")
    real.append("那也是很长的中文吗")
    texts = Texts.of([*real, *ours])
    found = texts.longest(np.arange(len(ours)) + len(real), np.arange(len(real)))
    assert found[:-1].tolist() == [run_of(text, real) for text in ours[:-1]]
    assert found[-1] == 6  # characters are words there
    assert Texts.of(["go " * 300] * 2).longest(np.array([0]), np.array([1])).tolist() == [MOST_RUN]


def test_divergence_and_lengths_are_those_of_other_libraries() -> None:
    real, fake, holdout = reviews(400, 1), reviews(400, 2, WORDS[::-1]), reviews(400, 3)
    fake = fake.with_columns(pl.col("note") + " loka")
    report = lw.evaluate(real, fake, holdout=holdout, measures=ATTACKS)
    counts = [Counter(w for t in frame["note"] for w in bare(t)) for frame in (real, fake, holdout)]
    keys = sorted(set().union(*counts))
    shares = [[c[key] for key in keys] for c in counts]
    assert report["text_js"].value == pytest.approx(jensenshannon(shares[0], shares[1], 2) ** 2, abs=1e-6)
    assert report["text_js"].floor == pytest.approx(jensenshannon(shares[0], shares[2], 2) ** 2, abs=1e-6)
    sizes = [[len(bare(t)) for t in frame["note"]] for frame in (real, fake)]
    assert report["text_length"].value == pytest.approx(stats.ks_2samp(*sizes).statistic, abs=1e-6)
    for name in ("text_js", "text_length"):
        assert report[name].stands == "worse"


def test_fresh_texts_pass_and_copies_do_not() -> None:
    real, fresh, holdout = reviews(1_500, 1), reviews(1_500, 2), reviews(1_500, 3)
    good = lw.evaluate(real, fresh, holdout=holdout, measures=ATTACKS)
    assert {good[name].stands for name in ("text_js", "text_length", "text_copies", "text_run")} == {"at"}
    copied = [text.upper() + "!" for text in real["note"][:60]]
    bad = fresh.with_columns(note=pl.Series([*copied, *fresh["note"][60:]]))
    found = lw.evaluate(real, bad, holdout=holdout, measures=ATTACKS)
    assert found["text_copies"].value >= 0.04
    assert found["text_copies"].stands == found["text_run"].stands == "worse"
    assert found["text_run"].value == max(len(bare(t)) for t in copied)
    assert "60" not in found["text_run"].text("method", "zh")
    assert "连续" in found["text_run"].text("label", "zh")


def test_a_longest_run_raises_the_alarm_no_oftener_than_chance() -> None:
    rng = np.random.default_rng(0)
    stands = []
    for _ in range(400):
        n, m = rng.integers(30, 300, 2)
        runs = 1 + rng.geometric(0.4, n + m)
        figure = run_length(runs[:n], np.arange(n), runs[n:], np.arange(m))
        assert figure is not None
        stands.append(figure.interval[0] > figure.floor)
    assert np.mean(stands) < 0.035  # 2.5 % of 400, and one standard error more
    ours, whose = np.repeat([30, 3], [100, 400]), np.concatenate([np.zeros(100), 1 + np.arange(400)])
    one = run_length(ours, whose, np.full(400, 4), np.arange(400))
    assert one is not None
    assert one.interval[0] <= one.floor < one.value  # one person's texts, one in 801


def test_placeholders_are_told_of_and_their_words_not_measured() -> None:
    real = reviews(300, 1)
    fake = real.with_columns(note=placeholders(real["note"].str.len_chars().to_numpy().astype(np.int64)))
    report = lw.evaluate(real, fake, measures=ATTACKS)
    assert not [score.name for score in report.scores if score.name.startswith("text_")]
    assert any("placeholders" in note for note in report.notes)


def test_codes_are_no_texts_and_two_columns_of_texts_are_told_apart() -> None:
    real = reviews(300, 1).with_columns(more=pl.col("note").reverse(), code=pl.format("K-{}", pl.int_range(300)))
    fake = reviews(300, 2).with_columns(more=pl.col("note").reverse(), code=pl.format("K-{}", pl.int_range(300)))
    fake = fake.with_columns(more=pl.when(pl.int_range(300) % 3 > 0).then("more"))
    names = {score.name for score in lw.evaluate(real, fake, measures=ATTACKS).scores}
    assert {"text_js:note", "text_run:more", "text_copies:note", "text_length:more"} <= names
    assert not [name for name in names if "code" in name and name.startswith("text_")]


def test_texts_that_are_all_missing_leave_a_report() -> None:
    real = reviews(300, 1)
    report = lw.evaluate(real, real.with_columns(note=pl.lit(None, pl.String)), measures=ATTACKS)
    assert not [score.name for score in report.scores if score.name.startswith("text_")]
    assert math.isfinite(report["shape"].value)


@pytest.mark.parametrize("shown", ["text_copies", "place_near"])
def test_people_who_are_in_the_training_rows_too_are_no_control(shown: str) -> None:
    """The holdout has other rows of training people, at the same places and with the same texts."""
    rng = np.random.default_rng(0)
    n = 300
    own = reviews(n, 1).with_columns(
        who=pl.int_range(n),
        lat=pl.Series(rng.uniform(40, 50, n)).round(5),
        lon=pl.Series(rng.uniform(0, 9, n)).round(5),
    )
    others = reviews(60, 2).with_columns(
        who=pl.int_range(n, n + 60), lat=pl.lit(30.5), lon=pl.Series(rng.uniform(0, 9, 60)).round(5)
    )
    anew = own.with_columns(x=pl.Series(rng.normal(size=n)))
    report = lw.evaluate(
        pl.concat([own, anew]), own, holdout=pl.concat([anew, others, others]), entity="who", measures=ATTACKS
    )
    assert report[shown].value == 1.0
    assert report[shown].floor == 0.0


def test_of_very_many_texts_some_are_read_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake, holdout = reviews(1_000, 1), reviews(1_000, 1), reviews(500, 3)
    whole = lw.evaluate(real, fake, holdout=holdout, measures=ATTACKS)
    monkeypatch.setattr(import_module("likewise.evaluate.scoring.texts"), "MOST_CHARS", 30_000)
    some = lw.evaluate(real, fake, holdout=holdout, measures=ATTACKS)
    assert whole["text_copies"].searched == 1.0
    assert 0.1 < some["text_copies"].searched < 0.5
    assert "of the rows were searched" in some["text_run"].method
    assert some["text_js"].value < 0.3
