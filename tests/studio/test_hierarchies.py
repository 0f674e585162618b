"""Hierarchies edited in the studio: what is at risk is what anonymising finds, and hostile edits change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

from likewise import privacy
from likewise.errors import OptionError
from likewise.privacy.hierarchies import from_csv, from_dict
from likewise.studio import hierarchies, recipes, runs
from likewise.studio.hierarchies import Edit, Risks
from likewise.studio.jobs import Jobs
from likewise.studio.session import Change, Session, Source
from likewise.studio.state import State
from likewise.studio.tickets import Tickets

from .asgi import Studio, studio
from .working import execute, ran

QUASI = ("age", "town", "sex")


def people(n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({
        "age": [str(a) for a in rng.integers(18, 80, n)],
        "town": rng.choice(["Bern", "Basel", 'Zug; "north"', "Genf", "Olten, old"], n, p=[0.4, 0.3, 0.1, 0.1, 0.1]),
        "sex": rng.choice(["f", "m"], n), "pay": [str(p) for p in rng.integers(10, 99, n)],
    })  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> State:
    folder = tmp_path / "studio"
    folder.mkdir()
    people().write_csv(tmp_path / "people.csv")
    session = Session(folder)
    session.opened(Source.open(tmp_path / "people.csv", "people.csv"))
    session.change(*[Change(name, {"role": "quasi_identifier"}) for name in QUASI])
    session.set({"purpose": "rows", "k": 5})
    return State(session, Jobs(), Tickets(), lang="en", budget=None)


def told(state: State, **levels: int) -> Any:
    session = state.session
    return state.risks.told(session.table, session.schema, session.edits, session.settings.k, levels)


def test_risk_and_loss_are_those_of_rows_told_at_these_levels(state: State) -> None:
    plain = told(state)["risk"]
    sizes = people().group_by(QUASI).len()["len"]
    assert plain["below"] == sizes.filter(sizes < 5).sum()
    assert (plain["classes"], plain["smallest"], plain["loss"]) == (len(sizes), sizes.min(), pytest.approx(
        plain["below"] / 300
    ))  # fmt: skip
    assert sum(plain["sizes"]) == plain["rows"] == 300
    state.session.edits = (Edit("age", "cut", at=(30, 50, 65)),)
    coarse = told(state, age=1, town=1)
    age = next(column for column in coarse["columns"] if column["name"] == "age")
    assert [label for label, _ in age["groups"]] == [
        one for one, _ in sorted(age["groups"], key=lambda pair: -pair[1])
    ]  # the largest first
    assert {label for label, _ in age["groups"]} == {"< 30", "30 .. < 50", "50 .. < 65", ">= 65"}
    assert (age["height"], age["own"], age["is_number"]) == (2, True, True)
    assert coarse["risk"]["below"] < plain["below"]
    assert told(state, age=2, town=9 if False else 1, sex=1)["risk"]["loss"] > 0.3


def test_groups_are_merged_and_stay_nested(state: State) -> None:
    session = state.session
    values = hierarchies.values_of(session.table, session.schema)["town"]
    edits: list[Edit] = [Edit("town", "add"), Edit("town", "add")]
    chains = hierarchies.chains_of(values, edits, k=5)
    level = len(next(iter(chains.values()))) - 1
    labels = sorted({chain[level - 1] for chain in chains.values()})[:2]
    edits.append(Edit("town", "merge", level, tuple(labels), "south"))
    merged = hierarchies.chains_of(values, edits, k=5)
    assert "south" in {chain[level - 1] for chain in merged.values()}
    again = from_dict(merged)
    for step in range(1, again.height):
        below, above = again.labels(values, step), again.labels(values, step + 1)
        pairs = pl.DataFrame({"below": below, "above": above}).unique()
        assert pairs["below"].is_unique().all()


def test_what_is_edited_is_what_command_and_python_use(state: State, tmp_path: Path) -> None:
    session = state.session
    session.edits = (Edit("age", "cut", at=(30, 50, 65)), Edit("town", "add"))
    session.set({"method": "lattice", "max_suppression": 0.1})
    run = ran(state)
    rows = pl.read_csv(run.folder / recipes.ROWS, infer_schema=False)
    assert rows.group_by(QUASI).len()["len"].min() >= 5  # type: ignore[operator]
    assert set(rows["age"]) <= {"< 30", "30 .. < 50", "50 .. < 65", ">= 65", "*"} or rows["age"].n_unique() > 5
    place = tmp_path / "again"
    place.mkdir()
    people().write_csv(place / "people.csv")
    for name, text in runs.hierarchies_of(session).items():
        (place / name).write_text(text, encoding="utf-8")
    with chdir(place):
        Path(recipes.SCHEMA).write_text(run.schema.to_json(), encoding="utf-8")
        steps = recipes.steps(session, run)["train"]
        execute(steps["command"])
        assert pl.read_csv(recipes.ROWS, infer_schema=False).sort(pl.all()).equals(rows.sort(pl.all()))
        exec(steps["python"], {})
        assert pl.read_csv(recipes.ROWS, infer_schema=False).sort(pl.all()).equals(rows.sort(pl.all()))
        values = hierarchies.values_of(session.table, session.schema)
        for k, name in enumerate(("age", "town"), 1):
            own = [edit for edit in session.edits if edit.column == name]
            held, read = from_dict(hierarchies.chains_of(values[name], own, k=5)), from_csv(f"hierarchy-{k}.csv")
            for step in range(1, read.height + 1):
                assert read.labels(values[name], step).equals(held.labels(values[name], step), check_names=False)
    done = privacy.anonymize(people(), quasi_identifiers=list(QUASI), k=5, method="lattice", max_suppression=0.1,
                             hierarchies={n: from_csv(place / f) for n, f in
                                          recipes.hierarchy_files(session.schema, session.edits).items()},
                             schema=session.schema)  # fmt: skip
    assert done.report.levels is not None
    live = told(state, **done.report.levels)["risk"]
    assert live["below"] == done.report.n_suppressed
    assert live["loss"] == pytest.approx(done.report.gcp, abs=1e-9)


def test_levels_that_are_set_are_those_of_the_run_and_of_every_step_that_is_shown(state: State, tmp_path: Path) -> None:
    session = state.session
    session.edits = (Edit("age", "cut", at=(30, 50, 65)),)
    session.set({"k": 8, "method": "lattice", "max_suppression": 0.4, "levels": {"age": 1, "town": 0, "pay": 3}})
    live = told(state, age=1, town=0, sex=0)["risk"]
    found = []
    for sex in ({}, {"sex": 0}):
        session.set({"levels": {"age": 1, "town": 0, "pay": 3} | sex})  # what is no quasi-identifier is not heard
        run = ran(state)
        assert {**run.facts["recoded"]["levels"], "sex": 0} == {"age": 1, "town": 0, "sex": 0}
        found.append(pl.read_csv(run.folder / recipes.ROWS, infer_schema=False).sort(pl.all()))
    assert run.facts["recoded"]["n_suppressed"] == live["below"]
    assert run.facts["recoded"]["gcp"] == pytest.approx(live["loss"], abs=1e-9)
    people().write_csv(tmp_path / "people.csv")
    with chdir(tmp_path):
        for name, text in runs.hierarchies_of(session).items():
            Path(name).write_text(text, encoding="utf-8")
        Path(recipes.SCHEMA).write_text(run.schema.to_json(), encoding="utf-8")
        steps = recipes.steps(session, run)["train"]
        for do in (lambda: execute(steps["command"]), lambda: exec(steps["python"], {})):
            do()
            assert pl.read_csv(recipes.ROWS, infer_schema=False).sort(pl.all()).equals(found[-1])
        Path("plan.toml").write_text(recipes.toml(session.plan()), encoding="utf-8")
        other = State(Session(tmp_path), Jobs(), Tickets(), lang="en", budget=None)
        other.session.opened(Source.open(tmp_path / "people.csv", "people.csv"))
        other.follow(tmp_path / "plan.toml")
        assert other.session.settings == session.settings
    with pytest.raises(OptionError, match="lattice"):
        session.set({"method": "mondrian"})


def test_the_plan_keeps_the_edits(state: State, tmp_path: Path) -> None:
    state.session.edits = (Edit("age", "cut", at=(30.5, 50)), Edit("town", "add"))
    (tmp_path / "plan.toml").write_text(recipes.toml(state.session.plan()), encoding="utf-8")
    other = State(Session(tmp_path), Jobs(), Tickets(), lang="en", budget=None)
    other.session.opened(Source.open(tmp_path / "people.csv", "people.csv"))
    other.follow(tmp_path / "plan.toml")
    assert other.session.edits == state.session.edits
    assert other.session.plan() == state.session.plan()


# ---- attacks ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Studio]:
    with studio(tmp_path) as found:
        found.open_frame(people())
        for name in QUASI:
            found.call("POST", "/api/column", {"column": name, "said": {"role": "quasi_identifier"}})
        found.call("POST", "/api/settings", {"purpose": "rows"})
        yield found


@pytest.mark.parametrize(
    "said",
    [{}, {"do": "cut"}, {"column": "age", "do": "cut", "at": []}, {"column": "age", "do": "cut", "at": ["x"]},
     {"column": "age", "do": "cut", "at": [True]}, {"column": "town", "do": "cut", "at": [3]},
     {"column": "pay", "do": "add"}, {"column": "nobody", "do": "add"}, {"column": "age", "do": "drop", "level": 99},
     {"column": "age", "do": "drop", "level": True}, {"column": "age", "do": "merge", "level": 1, "labels": ["a"]},
     {"column": "town", "do": "merge", "level": 1, "labels": "Bern", "name": "x"},
     {"column": "town", "do": "merge", "level": 1, "labels": ["Bern", "Basel"], "name": "a\nb"},
     {"column": "town", "do": "merge", "level": 1, "labels": ["Bern", "Basel"], "name": "*"},
     {"column": "age", "do": "add", "path": "/etc/passwd"}, {"column": ["age"], "do": "add"},
     {"column": "age", "do": "__class__"}],
)  # fmt: skip
def test_what_is_no_edit_changes_nothing(page: Studio, said: dict[str, Any]) -> None:
    assert page.call("POST", "/api/hierarchy", said).status == 400
    assert page.state.session.edits == ()
    infinite = b'{"column": "age", "do": "cut", "at": [Infinity, NaN]}'
    assert page.call("POST", "/api/hierarchy", chunks=[infinite]).status == 400


@pytest.mark.parametrize("levels", [{"age": True}, {"age": -1}, {"age": "1"}, {"pay": 0}, [1], {"age": 1.5}])
def test_levels_that_are_none_are_refused(page: Studio, levels: Any) -> None:
    assert page.call("POST", "/api/risk", {"levels": levels}).status == 400
    assert page.call("POST", "/api/risk", {"levels": {"age": 1}}).status == 200


def test_edits_are_taken_back_and_given_out_by_known_names_only(page: Studio) -> None:
    page.call("POST", "/api/hierarchy", {"column": "age", "do": "cut", "at": [30, 60]})
    page.call("POST", "/api/hierarchy", {"column": "town", "do": "add"})
    address = page.call("POST", "/api/save", {"what": "hierarchy-1.csv"}).json["address"]
    saved = page.call("GET", address, token=None)
    assert saved.body.decode().splitlines()[0] == "18;< 30"
    for name in ("hierarchy-3.csv", "hierarchy-../../x", "hierarchy-", "hierarchy-1.csv/../../x"):
        assert page.call("POST", "/api/save", {"what": name}).status == 400
    assert page.call("POST", "/api/hierarchy", {"do": "undo"}).json["edits"] == [
        {"column": "age", "do": "cut", "level": 1, "at": [30, 60]}
    ]
    assert page.call("POST", "/api/hierarchy", {"do": "reset", "column": "age"}).json["edits"] == []
    assert page.call("POST", "/api/hierarchy", {"do": "undo"}).status == 200


def test_blind_nothing_is_counted(tmp_path: Path) -> None:
    with studio(tmp_path) as page:
        page.call("PUT", "/api/data", chunks=[people().write_csv().encode()], query="name=t.csv&blind=1")
        page.call("POST", "/api/column", {"column": "sex", "said": {"role": "quasi_identifier"}})
        for path, said in (("/api/risk", {}), ("/api/hierarchy", {"column": "sex", "do": "add"})):
            assert page.call("POST", path, said).status == 400


def test_values_that_no_file_of_a_hierarchy_holds_are_told_of(tmp_path: Path) -> None:
    for values in ([" a", "b"], ["a\nb", "c"], ["", "c"]):
        with pytest.raises(OptionError, match="go in no hierarchy"):
            hierarchies.chains_of(pl.Series("x", values), [], k=5)
    assert Risks is not None
