"""Claims about conditions on histories: on what an entity is, on rows, on how many they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.conditions import Between, OfRows, OneOf, parse_row_where
from likewise.errors import ConditionError, OptionError
from likewise.schema.column import Column, Kind, Schema
from likewise.synthesizer.asked import Asked

from .test_cli import run
from .test_histories import drawn, learnt

STAGE = pl.col("stage")


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"stage": lw.some_row("c")}, (pl.col("stage") == "c").any()),
        ({"stage": lw.every_row(["a", "b"])}, pl.col("stage").is_in(["a", "b"]).all()),
        ({"visit": lw.at_row(-1, lw.above(4))}, pl.col("visit").last() > 4),
        ({"sex": "f", "stage": [lw.at_row(0, "a"), lw.at_row(2, "c")]}, (pl.col("stage").get(2) == "c").all()),
    ],
)
def test_conditions_on_rows_hold_in_every_history(where: dict[str, Any], holds: pl.Expr) -> None:
    some = learnt().sample(30, where=where, random_state=4)
    by = some.group_by("patient", maintain_order=True).agg(holds.alias("holds"), pl.col("day").is_sorted())
    assert len(by) == 30  # keys of histories that come of several draws are new, too
    assert by["holds"].all()
    assert by["day"].all()
    if "sex" in where:
        assert some["sex"].unique().to_list() == ["f"]


@pytest.mark.parametrize(
    ("length", "holds"), [(3, [3]), (lw.between(5, 6), [5, 6]), ([2, 4], [2, 4]), (lw.below(2), [1])]
)
def test_histories_have_the_length_that_is_asked_for(length: Any, holds: list[int]) -> None:
    some = learnt().sample(25, length=length, random_state=1)
    found = some.group_by("patient").len()["len"]
    assert len(found) == 25
    assert set(found.to_list()) <= set(holds)


def test_histories_under_conditions_are_those_free_draws_that_meet_them() -> None:
    free = drawn().group_by("patient").agg(pl.len(), stage=(STAGE == "c").any())
    asked = learnt().sample(len(drawn()["patient"].unique()), where={"stage": lw.some_row("c")}, random_state=2)
    lengths = asked.group_by("patient").len()["len"].cast(pl.Float64)
    met = free.filter("stage")["len"].cast(pl.Float64)
    # Two means of some 300 lengths of deviation 2: standard error .16.
    assert lengths.mean() == pytest.approx(met.mean(), abs=0.7)


def test_each_way_of_asking_is_counted_by_history() -> None:
    rows = pl.DataFrame({"x": [1, 2, 2, 2, 3]})
    whose = np.array([0, 0, 1, 1, 2])

    def met(which: Any, low: int, length: Between | None = None) -> list[bool]:
        asked = Asked({}, (("x", OfRows(which, Between(low, None))),), length)
        return asked.met(rows, whose, 4).tolist()

    assert met("some", 2) == [True, True, True, False]
    assert met("every", 2) == [False, True, True, True]  # of no rows each meets it
    assert met(0, 2) == [False, True, True, False]
    assert met(1, 2) == [True, True, False, False]
    assert met(-2, 2) == [False, True, False, False]
    assert met("some", 1, Between(2, 2)) == [True, True, False, False]


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"where": {"kg": lw.above(80)}}, ConditionError, r"'kg' changes within a history.*some_row.*kg\[some\]"),
        ({"where": {"patient": "p1"}}, ConditionError, "'patient' tells entities apart .* extend"),
        ({"where": {"stgae": "c"}}, ConditionError, "no column 'stgae'.*'stage'"),
        ({"where": {"stage": lw.some_row(lw.above(3))}}, ConditionError, "no order"),
        ({"length": lw.between(90, 95), "max_tries": 300}, ConditionError, "the length: of \\d+ histories.* rate 0"),
        ({"length": "many"}, ConditionError, "'length'"),
    ],
)
def test_what_cannot_be_asked_is_told(asked: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        learnt().sample(20, random_state=0, **asked)


def test_conditions_on_rows_are_of_histories_alone() -> None:
    synth = lw.Synthesizer("copula", random_state=0).fit(pl.DataFrame({"x": [1, 2, 3, 4] * 10, "y": ["a", "b"] * 20}))
    with pytest.raises(ConditionError, match="of the rows of a history"):
        synth.sample(3, where={"y": lw.some_row("a")})
    with pytest.raises(OptionError, match="length is of histories"):
        synth.sample(3, length=3)


def test_rows_are_meant_in_brackets_behind_a_column_that_has_none_itself() -> None:
    schema = Schema((Column(name="kg [0]", kind=Kind.REAL), Column(name="job", kind=Kind.CATEGORICAL)))
    assert parse_row_where("job[-1]=a|b", schema) == ("job", OfRows(-1, OneOf(("a", "b"))))
    assert parse_row_where("job[every]!=a", schema)[1] == OfRows("every", lw.none_of("a"))
    assert parse_row_where("kg [0]>5", schema) == ("kg [0]", lw.above(5.0))
    assert parse_row_where("job=[some]", schema) == ("job", OneOf(("[some]",)))


def test_the_command_line_asks_the_same(tmp_path: Path) -> None:
    model, fake = tmp_path / "m.likewise", tmp_path / "fake.csv"
    learnt().save(model)
    run(
        "sample", model, "--entities", 9, "-o", fake, "--seed", 2, "--length", "3..5",
        "--where", "stage[0]=a", "--where", "stage[2]=c", "--where", "sex=f",
    )  # fmt: skip
    by = pl.read_csv(fake).group_by("patient").agg(pl.len(), STAGE.first().alias("first"), STAGE.get(2).alias("third"))
    assert len(by) == 9
    assert set(by["len"]) <= {3, 4, 5}
    assert (by["first"].unique().to_list(), by["third"].unique().to_list()) == (["a"], ["c"])
    with pytest.raises(RuntimeError, match="does not go with --continue"):
        run("sample", model, "--continue", fake, "--length", 3, "-o", tmp_path / "x.csv")
