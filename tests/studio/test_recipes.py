"""What a screen shows as code does what the screen does: the same seed, the same rows."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tomllib
from contextlib import chdir
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

import likewise as lw
from likewise.schema.dialect import Dialect
from likewise.studio import facts, handing, recipes, runs
from likewise.studio.jobs import Job, Jobs
from likewise.studio.server import ASSETS
from likewise.studio.session import Change, Session, Source, mix_of
from likewise.studio.state import State, written_by
from likewise.studio.tickets import Tickets
from likewise.studio.words import PAIRS

from .tables import table
from .working import end_job, execute, ran

STATIC = Path(recipes.__file__).parent / "static"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A studio with a table, a correction, a rule, and quick settings."""
    folder = tmp_path / "studio"
    folder.mkdir()
    table().write_csv(tmp_path / "people.csv")
    session = Session(folder)
    session.opened(Source.open(tmp_path / "people.csv", "people.csv"))
    session.change(
        Change("age", {"kind": "real"}), Change("ill", {"role": "target"}), Change(rule="visits <= age"),
        Change("sex", {"role": "quasi_identifier"}),
    )  # fmt: skip
    session.set({"model": "copula", "seed": 3})
    return State(session, Jobs(), Tickets(), lang="en", budget=None)


def shown(state: State, screen: str, form: str) -> str:
    run = state.session.runs[-1] if state.session.runs else None
    return recipes.steps(state.session, run)[screen][form]


@pytest.mark.parametrize("purpose", ["synthetic", "k"])
def test_command_and_python_give_the_rows_of_the_page(state: State, tmp_path: Path, purpose: str) -> None:
    state.session.set({"purpose": purpose, "k": 5, "rows": 150})
    run = ran(state)
    expected = pl.read_csv(run.folder / recipes.ROWS, infer_schema=False)
    assert run.facts["preview"]["n"] == 150
    for form in ("command", "python"):
        place = tmp_path / form
        place.mkdir()
        table().write_csv(place / "people.csv")
        with chdir(place):
            if form == "command":
                execute(shown(state, "columns", "command"))
                execute(shown(state, "train", "command"))
                execute(shown(state, "out", "command"))
                assert Path(recipes.SHEET).is_file()
            else:
                names: dict[str, Any] = {}
                exec(shown(state, "columns", "python"), names)
                Path(recipes.SCHEMA).write_text(names["schema"].to_json(), encoding="utf-8")
                exec(shown(state, "train", "python"), names)
            assert lw.Schema.from_json(Path(recipes.SCHEMA).read_text(encoding="utf-8")).names == run.schema.names
            assert pl.read_csv(recipes.ROWS, infer_schema=False).equals(expected), form
            assert Path(recipes.JSON).is_file()


def drawn_alike(state: State, folder: Path) -> pl.DataFrame:
    """What the command that is shown draws, which is what the Python that is shown draws."""
    found = []
    with chdir(folder):
        for form in ("command", "python"):
            code = shown(state, "rows", form)
            execute(code) if form == "command" else exec(code, {})
            found.append(pl.read_csv(recipes.DRAWN))
    assert found[0].equals(found[1])
    return found[0]


def test_rows_drawn_under_conditions_are_those_of_command_and_python(state: State, tmp_path: Path) -> None:
    run = ran(state)
    state.session.where, state.session.n_rows, state.session.draw_seed = ("sex=Female", "age>=40"), 25, 7
    drawn = drawn_alike(state, run.folder)
    assert drawn.height == 25
    assert set(drawn["sex"]) == {"Female"}
    assert drawn["age"].min() >= 40  # type: ignore[operator]


def test_rows_in_set_shares_are_those_of_command_and_python(state: State) -> None:
    state.session.set({"model": "autoregressive", "max_seconds": 1.0})
    run = ran(state)
    state.session.where, state.session.n_rows, state.session.mix = ("sex=Female",), 40, {"no": 25, "yes": 75}
    drawn = drawn_alike(state, run.folder)
    assert dict(drawn["ill"].value_counts().iter_rows()) == {"no": 10, "yes": 30}
    assert set(drawn["sex"]) == {"Female"}
    assert facts.classes(table(), run.schema, ["ill=yes"]) == facts.classes(table(), run.schema, [])
    for wrong in ({"no": 25}, {"no": 25.0, "yes": 75}, {"no": -1, "yes": 101}, [1], {"no": True, "yes": 99}):
        with pytest.raises(lw.LikewiseError):
            mix_of(wrong)


def test_drawn_rows_are_given_out_with_types(state: State) -> None:
    run = ran(state)
    handing._as_parquet(run, run.folder / recipes.ROWS, run.folder / "synthetic.parquet")
    found = pl.read_parquet(run.folder / "synthetic.parquet")
    assert found["age"].dtype == pl.Float64
    assert found["visits"].dtype.is_integer()
    assert found.height == run.facts["preview"]["n"]
    assert facts.typed(pl.DataFrame({"age": ["20-29"]}), run.schema)["age"].to_list() == ["20-29"]


def test_histories_are_drawn_whole_as_the_command_does(state: State, tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "who": [f"p{k // 4:03d}" for k in range(400)], "day": [str(k % 4 * 3 + k % 7) for k in range(400)],
        "ward": ["a", "b", "b", "c"] * 100,
    }).sort("who", "day")  # fmt: skip
    frame.write_csv(tmp_path / "visits.csv")
    session = state.session
    session.opened(Source.open(tmp_path / "visits.csv", "visits.csv"))
    session.change(Change("who", {"role": "entity"}), Change("day", {"kind": "integer"}))
    session.set({"model": "autoregressive", "time": "day", "rows": 6, "max_seconds": 1.0})
    run = ran(state)
    assert pl.read_csv(run.folder / recipes.ROWS)["who"].n_unique() == 6
    session.where, session.n_rows = ("ward[some]=c",), 3
    with chdir(run.folder):
        for form in ("command", "python"):
            code = shown(state, "rows", form)
            execute(code) if form == "command" else exec(code, {})
            drawn = pl.read_csv(recipes.DRAWN)
            assert drawn["who"].n_unique() == 3
            assert drawn.filter(pl.col("ward") == "c")["who"].n_unique() == 3
    session.steps = 2
    runs.begin_draw(state, run)
    end_job(state)
    assert run.facts["longer"]["n"] == 400 + 2 * 100
    expected = pl.read_csv(run.folder / recipes.LONGER)
    assert expected.group_by("who").len()["len"].to_list() == [6] * 100
    with chdir(tmp_path):
        Path(recipes.MODEL).write_bytes((run.folder / recipes.MODEL).read_bytes())
        for form in ("command", "python"):
            execute(shown(state, "rows", form)) if form == "command" else exec(shown(state, "rows", form), {})
            assert pl.read_csv(recipes.LONGER).equals(expected), form
    session.steps = None
    session.set({"purpose": "budget", "max_rows": 4})
    assert "--entity who --max-rows 4" in shown(state, "train", "command")
    assert "entity='who', max_rows=4" in shown(state, "train", "python")
    assert session.settings.budget(session.schema.entity).entity == "who"


def test_a_private_run_is_counted_and_the_same_as_its_command(state: State, tmp_path: Path) -> None:
    """Noise is not seeded by a person, so the rows differ; what is spent and withheld does not."""
    pytest.importorskip("opendp")
    session = state.session
    session.set({"purpose": "budget", "model": "mst", "epsilon": 1.0, "pay": ["levels", "missing"]})
    session.change(*[Change(name, {"kind": "categorical"}) for name in ("sex", "visits", "plan", "ill")])
    session.change(Change("age", {"bounds": [0, 120]}), Change(rule="visits <= age", holds=False))
    lw.Budget(state.budget, total=lw.DP(3.0, 1e-6)).create()
    run = ran(state)
    assert run.facts.get("scores") == []  # nothing that was measured on real rows is shown
    (entry,) = lw.Budget(state.budget).entries
    assert (entry.status, entry.epsilon) == ("done", 1.0)
    with chdir(tmp_path):
        Path(recipes.SCHEMA).write_text(session.schema.to_json(), encoding="utf-8")
        lw.Budget(recipes.BUDGET, total=lw.DP(3.0, 1e-6)).create()
        execute(shown(state, "train", "command"))
        assert lw.Budget(recipes.BUDGET).entries[0].model == "mst"


def test_the_rows_themselves_are_anonymised_as_the_command_does(state: State, tmp_path: Path) -> None:
    state.session.change(Change("age", {"role": "quasi_identifier"}))
    state.session.set({"purpose": "rows", "k": 4})
    run = ran(state)
    with chdir(tmp_path):
        Path(recipes.SCHEMA).write_text(run.schema.to_json(), encoding="utf-8")
        execute(shown(state, "train", "command"))
        own, theirs = (
            pl.read_csv(p, infer_schema=False).sort(pl.all()) for p in (recipes.ROWS, run.folder / "synthetic.csv")
        )
        assert own.equals(theirs)  # but for their order, which is by chance so that it tells of nobody
        exec(shown(state, "train", "python"), {})
        assert pl.read_csv(recipes.ROWS, infer_schema=False).sort(pl.all()).equals(own)
    assert own.group_by("age", "sex").len()["len"].min() >= 4  # type: ignore[operator]
    assert "scores" not in run.facts


def test_whether_balancing_helps_is_told_as_the_command_tells_it(state: State, tmp_path: Path) -> None:
    runs.begin_advice(state)
    end_job(state)
    assert state.session.advice is not None
    names: dict[str, Any] = {}
    with chdir(tmp_path):
        exec(shown(state, "protect", "python"), names)
    assert names["found"].methods[-3:] == recipes.WAYS


def test_the_plan_leads_back_to_the_same_place(state: State, tmp_path: Path) -> None:
    session = state.session
    session.mix = {"no": 40, 'y"es': 60}
    session.where, session.gate = ('plan="=plus"', "age=18..30"), "[rules]\nshape = { max = 0.1 }\n"
    session.set({"max_seconds": 2.5, "pay": ["levels"]})
    session.change(Change("plan", {"missing": ['a "b" \\ c', "\u007f", "空"]}))
    text = recipes.toml(session.plan())
    assert tomllib.loads(text) == {**session.plan(), "fit": {**session.plan()["fit"], "pay": ["levels"]}}
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    other = State(Session(tmp_path), Jobs(), Tickets(), lang="en", budget=None)
    other.session.opened(Source.open(tmp_path / "people.csv", "people.csv"))
    other.follow(tmp_path / "plan.toml")
    assert other.session.schema == session.schema
    assert other.session.plan() == session.plan()


def test_what_is_said_of_how_a_file_is_written_stands_in_every_step(tmp_path: Path) -> None:
    """A first line that looks like a row is the names of the columns, if a person says so."""
    (tmp_path / "t.csv").write_text("only;x\n" + "a;1,5\nb;2,5\nc;3,5\n" * 40, encoding="utf-8")
    (tmp_path / "studio").mkdir()
    said = Dialect(header=True, delimiter=";", decimal=",")
    other = State(Session(tmp_path / "studio"), Jobs(), Tickets(), lang="en", budget=None)
    other.session.opened(Source.open(tmp_path / "t.csv", "t.csv", written=said))
    assert other.session.schema.names == ("only", "x")
    other.session.set({"model": "copula", "rows": 30})
    run = ran(other)
    expected = (run.folder / recipes.ROWS).read_text(encoding="utf-8")
    (tmp_path / "plan.toml").write_text(recipes.toml(other.session.plan()), encoding="utf-8")
    assert written_by(tmp_path / "plan.toml") == {"header": True, "delimiter": ";", "decimal": ","}
    with chdir(tmp_path):
        execute(shown(other, "columns", "command"))
        execute(shown(other, "train", "command"))
        assert Path(recipes.ROWS).read_text(encoding="utf-8") == expected
        names: dict[str, Any] = {}
        exec(shown(other, "columns", "python"), names)
        assert names["schema"].names == ("only", "x")
        exec(shown(other, "train", "python"), {})
        assert Path(recipes.ROWS).read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    "text", ["[fit]\nmodel = 3", "[fit]\nx = 1", "change = [1]", "[[change]]\nnobody = 1", "draw = 7", "x"]
)
def test_what_is_no_plan_is_refused(state: State, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    before = state.session.settings
    with pytest.raises(lw.LikewiseError):
        state.follow(tmp_path / "plan.toml")
    assert state.session.settings == before


# ---- jobs ------------------------------------------------------------------------------------------------------------


def test_a_job_is_a_process_that_tells_and_keeps_what_it_has_when_stopped(state: State) -> None:
    state.session.set({"model": "autoregressive"})
    runs.begin(state)
    job, run = state.jobs.all[0], state.session.runs[0]

    async def watch() -> None:
        work = asyncio.create_task(state.jobs.run())
        async for told in state.jobs.changes():
            if told is not None and told["curve"] and not told["is_stopping"]:
                await state.jobs.stop(job.id)
            if told is not None and told["status"] in ("done", "failed", "cancelled"):
                break
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(watch())
    assert (job.status, job.error) == ("done", None)
    assert len(job.curve) < job.curve[0]["epochs"]  # of each training there was
    assert job.rows is not None  # drawn while it learnt
    assert job.rows["columns"] == table().columns
    assert len(job.rows["rows"]) == 5
    assert lw.load(run.folder / recipes.MODEL).record_["stopped"] == "asked"
    assert run.facts["preview"]["n"] == 300


def test_a_job_that_fails_says_why_and_one_that_is_cancelled_leaves_no_process(state: State) -> None:
    state.session.set({"purpose": "budget"})
    runs.begin(state)  # nothing is declared, and no total was set
    state.session.set({"purpose": "synthetic"})
    runs.begin(state)

    async def watch() -> None:
        work = asyncio.create_task(state.jobs.run())
        second = state.jobs.all[1]
        async for _ in state.jobs.changes():
            if second.status == "running" and second.phase:
                await state.jobs.cancel(second.id)
                break
        pid = state.jobs._process.pid if state.jobs._process is not None else 0
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0) if pid else os.kill(2**22 - 1, 0)

    asyncio.run(watch())
    first, second = state.jobs.all
    assert first.status == "failed"
    assert first.error is not None
    assert second.status == "cancelled"


def test_a_process_that_is_killed_is_told_of_and_the_next_run_goes(state: State) -> None:
    runs.begin(state)
    runs.begin(state)

    async def watch() -> None:
        work = asyncio.create_task(state.jobs.run())
        first, second = state.jobs.all
        async for _ in state.jobs.changes():
            if first.status == "running" and first.phase and state.jobs._process is not None:
                os.kill(state.jobs._process.pid, signal.SIGKILL)
                break
        async for _ in state.jobs.changes():
            if second.status == "running":
                await state.jobs.cancel(second.id)
                break
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(watch())
    told = state.jobs.all[0].told()
    assert told["status"] == "failed"
    assert "signal 9" in told["error"]["en"]
    assert "内存" in told["error"]["zh"]
    assert "preview" not in state.session.runs[0].facts


def test_what_goes_wrong_with_a_job_does_not_stop_the_next_and_another_table_ends_all(state: State) -> None:
    """Another table was opened while one was learnt: its rows are gathered for nobody."""

    def broken(job: Job) -> None:
        raise ZeroDivisionError

    async def watch() -> list[str]:
        work = asyncio.create_task(state.jobs.run())
        folder = state.session.new_folder()
        first = state.jobs.add(Job("fit", [["models"]], folder, broken))
        second = state.jobs.add(Job("fit", [["models"]], folder))
        runs.begin(state)
        third = state.jobs.all[-1]
        async for _ in state.jobs.changes():
            if third.status == "running":
                break
        await state.changed(state.open_demo, anew=True)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return [first.status, second.status, third.status, str(first.error)]

    assert asyncio.run(watch()) == [
        "failed", "done", "cancelled", "unexpected ZeroDivisionError, a fault in likewise"
    ]  # fmt: skip
    assert state.jobs.all == []
    assert state.told()["source"]["is_demo"]


def test_other_tabs_hear_that_something_was_said(state: State) -> None:
    async def heard() -> list[Any]:
        await state.changed(lambda: None)  # nothing was
        told = state.jobs.changes()
        waiting = asyncio.create_task(anext(told))
        await asyncio.sleep(0)
        answer = await state.changed(lambda: state.session.set({"seed": 5}))
        found = await waiting
        await told.aclose()
        return [answer["edition"], found]

    assert asyncio.run(heard()) == [1, {"edition": 1}]


# ---- words -----------------------------------------------------------------------------------------------------------


def test_both_languages_say_the_same_and_the_page_asks_for_nothing_else() -> None:
    for key, (en, zh) in PAIRS.items():
        assert en.strip(), key
        assert zh.strip(), key
        blanks = [sorted(re.findall(r"\{(\w+)\}", text)) for text in (en, zh)]
        assert blanks[0] == blanks[1], key
    scripts = "".join((STATIC / name).read_text(encoding="utf-8") for name in ASSETS if "vendor" not in name)
    asked = set(re.findall(r'\bt\("(\w+)"', scripts))
    assert asked <= set(PAIRS)
    assert not re.findall(r"https?://", scripts)
    families = set(re.findall(r"\bt\(`(\w+?_)\$\{", scripts))
    families |= {f"{what}_" for what in re.findall(r'\bword\("(\w+)", ', scripts)}  # of a screen, by its name
    unused = {key for key in PAIRS if key not in asked and not any(key.startswith(prefix) for prefix in families)}
    assert unused - {key for key in PAIRS if f'"{key}"' in scripts} == set()
