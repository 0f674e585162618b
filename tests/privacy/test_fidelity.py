"""How like the original an anonymised table is, and how anonymising goes together with the generators."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.privacy import anonymize, measure
from likewise.privacy.fidelity import drawn_values
from likewise.report.score_words import label

from .test_anonymity import TOWNS, people, smallest_class

QUASI = ["age", "town", "born"]


@pytest.mark.parametrize("method", ["mondrian", "mondrian-relaxed", "lattice"])
def test_a_drawn_value_is_one_that_its_label_stands_for(method: str) -> None:
    frame = people()
    done = anonymize(frame, quasi_identifiers=QUASI, k=5, method=method, hierarchies={"town": TOWNS})
    original = frame[done.rows]
    drawn = drawn_values(original, done.frame, QUASI, np.random.default_rng(0))
    assert drawn.schema == frame.schema
    for name in QUASI:
        known = set(zip(done.frame[name].cast(pl.String), original[name], strict=True))
        assert set(zip(done.frame[name].cast(pl.String), drawn[name], strict=True)) <= known
    assert drawn["pay"].equals(original["pay"])


def test_the_shuffle_changes_no_figure() -> None:
    frame = people()
    one, other = (
        anonymize(frame, quasi_identifiers=QUASI, k=5, random_state=s).evaluate(frame, measures=["accuracy"])
        for s in (11, 12)
    )
    assert [s.value for s in one.scores] == [s.value for s in other.scores]


def test_values_are_drawn_evenly_and_from_the_seed() -> None:
    frame = pl.DataFrame({"age": [20] * 50 + [21] * 9950})
    told = pl.DataFrame({"age": ["[20, 21]"] * 10_000})
    draws = [drawn_values(frame, told, ["age"], np.random.default_rng(s))["age"] for s in (0, 0, 1)]
    assert draws[0].equals(draws[1])
    assert not draws[0].equals(draws[2])
    assert (draws[0] == 20).mean() == pytest.approx(0.5, abs=0.02)


def test_what_is_told_exactly_costs_nothing() -> None:
    frame = people().lazy()
    report = anonymize(frame, quasi_identifiers=["age"], k=1).evaluate(frame, measures=["accuracy"])
    assert report["gcp"].value == report["shape"].value == report["suppressed_rows"].value == 0
    assert report["smallest_class"].value == measure(frame, quasi_identifiers=["age"]).k


def test_the_report_stands_beside_the_losses_and_grows_with_k() -> None:
    frame = people(1000)
    shapes = []
    for k in (2, 25, 200):
        done = anonymize(frame, quasi_identifiers=QUASI, k=k)
        report = done.evaluate(frame, measures=["accuracy"])
        shapes.append(report["shape"].value)
        assert report["gcp"].value == done.report.gcp
        assert report["ncp:age"].value == done.report.ncp["age"]
        assert report["discernibility"].value == done.report.discernibility / 1000
        assert report["average_class"].value == done.report.average_class_size
        assert report["smallest_class"].value >= k
        assert "drawn evenly" in report.notes[0]
        json.loads(report.to_json())
    assert shapes[0] < shapes[1] < shapes[2]


@pytest.mark.parametrize("suppressed", ["drop", "star"])
def test_suppressed_rows_are_left_out_in_any_kind_of_frame(suppressed: str) -> None:
    frame = people().to_pandas()
    done = anonymize(
        frame, quasi_identifiers=QUASI, sensitive="ill", k=20, method="lattice", max_suppression=0.1,
        suppressed=suppressed,
    )  # fmt: skip
    report = done.evaluate(frame, measures=["accuracy"], target="ill")
    assert 0 < report["suppressed_rows"].value <= 0.1
    assert report.data["rows_synthetic"] == 600 - done.suppressed.sum()
    with pytest.raises(lw.InputError, match="it had 600 rows, this one has 599"):
        done.evaluate(frame.head(599))


def test_every_new_score_is_spoken_of_in_both_languages() -> None:
    frame = people()
    report = anonymize(frame, quasi_identifiers=["age"], k=5).evaluate(frame, measures=["accuracy"])
    names = ("gcp", "ncp:age", "suppressed_rows", "discernibility", "average_class", "smallest_class")
    for name in names:
        assert label(name, "zh") != label(name, "en")
        assert report[name].text("meaning", "zh") != report[name].text("meaning", "en")
    assert "不再透露的信息" in report.to_html(lang="zh")


# ---- with the generators ---------------------------------------------------------------------------------------------


def learn(frame: Any, **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer("mst", random_state=0, iterations=100, **options).fit(frame)


def test_anonymise_first_then_learn() -> None:
    done = anonymize(people(), quasi_identifiers=QUASI, sensitive="ill", k=10, l=2)
    rows = learn(done.frame).sample(300)
    for name in QUASI:
        # The model saw labels only: it can tell nothing finer than was released.
        assert set(rows[name].drop_nulls()) <= set(done.frame[name].drop_nulls())


def test_learn_first_then_anonymise() -> None:
    rows = learn(people()).sample(500)
    done = anonymize(rows, quasi_identifiers=QUASI, sensitive="ill", k=10, l=2)
    assert smallest_class(done.frame, QUASI) >= 10
    assert done.report.measures.sensitive[0].distinct_l >= 2


def test_learn_from_k_anonymous_codes() -> None:
    frame = people()
    schema = lw.infer(frame)
    for name in QUASI:
        schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
    rows = learn(frame, schema=schema, codec=lw.CodecOptions(k_anonymous=10)).sample(500)
    # Drawn values are values, of the kinds that came; what they combine may be new.
    assert rows.schema == frame.schema
    assert rows["age"].mean() == pytest.approx(frame["age"].mean(), abs=3)  # 18 a year's deviation, 500 rows
