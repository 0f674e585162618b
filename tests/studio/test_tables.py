"""Several tables in the studio: keys taken and refused, rows as the commands give them, and hostile archives."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

from tests.databases.shops import shop

import likewise as lw
from likewise.errors import InputError
from likewise.studio import protection, recipes, runs, table_recipes, tables
from likewise.studio import state as state_module
from likewise.studio.jobs import Jobs
from likewise.studio.server import open_file
from likewise.studio.session import Session
from likewise.studio.state import State
from likewise.studio.tables import KeyChange, Tables
from likewise.studio.tickets import Tickets

from .asgi import Studio, studio
from .working import end_job, execute, ran

KEY = "orders.user -> users.id"


def zipped(**members: str | bytes) -> bytes:
    """A ZIP file; two underscores in a name stand for a slash."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def csvs() -> dict[str, str | bytes]:
    return {f"shop/{name}.csv": frame.write_csv() for name, frame in shop(40).tables.items()}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Studio]:
    with studio(tmp_path) as found:
        yield found


def put(page: Studio, data: bytes, name: str = "shop.zip", more: str = "") -> Any:
    return page.call("PUT", "/api/data", chunks=[data], query=f"name={name}{more}")


@pytest.fixture
def state(tmp_path: Path) -> State:
    folder = tmp_path / "studio"
    folder.mkdir()
    shop(40).to_folder(tmp_path / "shop")
    (tmp_path / "shop" / "database.json").unlink()
    session = Session(folder)
    session.opened_tables(Tables.open(tmp_path / "shop", "shop"))
    return State(session, Jobs(), Tickets(), lang="en", budget=None)


def test_keys_are_taken_and_refused_with_undo(state: State) -> None:
    session = state.session
    assert KEY in map(str, session.keys.foreign)
    session.tell(KeyChange(key=KEY, holds=False), KeyChange(root="users"), KeyChange(kept="users", holds=False))
    assert KEY not in map(str, session.keys.foreign)
    told = state.told()["tables"]
    assert [one["key"] for one in told["refused"]] == [KEY]
    assert told["root"] == "users"
    assert {one["name"] for one in told["tables"]} == set(told["places"]) == {"users", "orders", "lines"}
    for _ in range(3):
        session.undo()
    assert KEY in map(str, session.keys.foreign)
    with pytest.raises(lw.LikewiseError):
        session.tell(KeyChange(key="orders.nobody -> users.id"))
    with pytest.raises(lw.LikewiseError):
        session.tell(KeyChange(key="orders.day -> users.id", holds=False))
    assert KEY in map(str, session.keys.foreign)


def test_what_is_drawn_is_what_command_and_python_draw(state: State, tmp_path: Path) -> None:
    session = state.session
    session.tell(KeyChange(root="users"))
    session.set({"max_seconds": 2.0} | {"seed": 3})
    session.set({"max_seconds": None})
    run = ran(state)
    assert [one["table"] for one in run.facts["previews"]] == ["lines", "orders", "users"]
    assert run.facts["scores"]
    told = state.run_told(run)
    assert {"rows", "model", "schema", "report", "json", "sheet"} <= set(told["files"])
    assert "synthetic/" not in zipfile.ZipFile(run.folder / "synthetic.zip").namelist()
    expected = lw.Database.read(run.folder / "synthetic")
    assert not expected.with_schema(session.keys).problems()
    with chdir(tmp_path):
        execute(table_recipes.steps(session)["columns"]["command"])
        assert json.loads(Path("database.json").read_text(encoding="utf-8"))["root"] == "users"
        Path("database.json").unlink()
        exec(table_recipes.steps(session)["columns"]["python"], {})
        execute(table_recipes.steps(session)["train"]["command"])
        execute(table_recipes.steps(session)["out"]["command"])
        for name, frame in lw.Database.read("synthetic").tables.items():
            assert frame.equals(expected.tables[name]), name
    session.scale, session.draw_seed = 0.5, 7
    runs.begin_draw(state, run)
    end_job(state)
    assert run.facts["drawn_tables"]
    with chdir(run.folder):
        execute(table_recipes.steps(session)["rows"]["command"])
        by_command = lw.Database.read("drawn").tables
        exec(table_recipes.steps(session)["rows"]["python"].replace("'drawn'", "'again'"), {})
        by_python = lw.Database.read("again").tables
    assert all(by_command[name].equals(by_python[name]) for name in by_python)
    assert 10 <= by_command["users"].height <= 30


def declared(state: State, root: str = "users") -> None:
    """All that a private run needs to be told."""
    session = state.session
    session.tell(KeyChange(root=root), *[KeyChange(declared=what) for what in ("keys", "kind", "nullable")])
    for name in session.keys.tables:
        for column in tables.columns_of(session.keys, session.several.database, name):
            if column.kind == "categorical":
                said: dict[str, Any] = {"levels": list(column.levels or ("a", "b"))}
            elif column.kind == "datetime":
                said = {"bounds": ["2020-01-01", "2026-12-31"], "format": column.format}
            else:
                said = {"bounds": [0, 1000]} if column.kind in ("integer", "real") else {"role": "drop", "kind": "id"}
            session.tell(KeyChange(table=name, column=column.name, said=said))


@pytest.mark.filterwarnings("ignore:.*drowns what they say")
def test_within_a_budget_tables_are_declared_counted_and_drawn_as_the_command_does(
    state: State, tmp_path: Path
) -> None:
    session = state.session
    session.set({"purpose": "budget", "epsilon": 8.0, "max_rows": 4})
    assert protection.told(session, state.budget)["unsaid"]["en"].startswith("a budget of a database protects persons")
    session.tell(KeyChange(root="users"))
    assert "(--key)" in protection.told(session, state.budget)["unsaid"]["en"]
    declared(state)
    assert protection.told(session, state.budget) == {"unsaid": None, "budget": None}
    protection.begin_account(state.budget, session.name, session.settings.with_({"epsilon": 20.0}).budget(root="users"))
    run = ran(state)
    assert "scores" not in run.facts
    assert {"rows", "model", "sheet"} <= set(state.run_told(run)["files"])
    assert not {"report", "json"} & set(state.run_told(run)["files"])
    account = protection.told(session, state.budget)["budget"]
    assert 0 < account["spent"] <= 8.01
    assert [entry["status"] for entry in account["entries"]] == ["done"]
    expected = lw.Database.read(run.folder / "synthetic")
    with chdir(tmp_path):
        for form in ("command", "python"):
            shutil.rmtree("synthetic", ignore_errors=True)
            Path("budget.json").unlink(missing_ok=True)
            steps = table_recipes.steps(session)
            if form == "command":
                Path("database.json").write_text(session.keys.to_json(), encoding="utf-8")
                execute(steps["protect"]["command"])
                execute(steps["train"]["command"])
                assert lw.Budget("budget.json").entries
            else:
                Path("database.json").unlink()
                exec(steps["columns"]["python"], {})
                made = type(session.keys).from_json(Path("database.json").read_text(encoding="utf-8"))
                assert made == session.keys
                exec(steps["protect"]["python"], {})
                compile(steps["train"]["python"], "train", "exec")
                continue  # a third fit would show no more
            drawn = lw.Database.read("synthetic")  # noise is nobody's to choose: no two fits draw the same
            assert {name: t.columns for name, t in drawn.tables.items()} == {
                name: t.columns for name, t in expected.tables.items()
            }


def test_rows_under_conditions_are_those_of_command_and_python(state: State) -> None:
    session = state.session
    session.tell(KeyChange(root="users"))
    session.set({"max_seconds": 2.0})
    run = ran(state)
    users = session.several.database.tables["users"]
    column = next(c for c in users.columns if c != "id" and users[c].n_unique() < 6)
    wanted = users[column].drop_nulls().to_list()[0]
    session.where, session.scale = (f"users.{column}={wanted}",), 0.5
    runs.begin_draw(state, run)
    end_job(state)
    with chdir(run.folder):
        steps = table_recipes.steps(session)["rows"]
        execute(steps["command"])
        by_command = lw.Database.read("drawn").tables
        exec(steps["python"].replace("'drawn'", "'again'"), {})
        by_python = lw.Database.read("again").tables
    assert all(by_command[name].equals(by_python[name]) for name in by_python)
    assert set(by_command["users"][column]) == {wanted}


def test_columns_of_a_table_are_told_and_corrected(page: Studio) -> None:
    put(page, zipped(**csvs()))
    found = page.call("POST", "/api/table", {"table": "orders"}).json["columns"]
    assert {"name", "kind", "notes", "examples"} <= set(found[0])
    name = found[0]["name"]
    said = {"table": "orders", "column": name, "said": {"nullable": False}}
    assert page.call("POST", "/api/key", said).status == 200
    again = page.call("POST", "/api/table", {"table": "orders"}).json["columns"]
    assert "nullable" in next(one for one in again if one["name"] == name)["said"]
    assert page.call("POST", "/api/undo").json["can_undo"] is False
    for wrong in ({"table": "nobody"}, {"table": 7}, {}):
        assert page.call("POST", "/api/table", wrong).status == 400


def test_the_plan_leads_back_to_the_same_keys(state: State, tmp_path: Path) -> None:
    session = state.session
    session.tell(KeyChange(key=KEY, holds=False), KeyChange(kept="users"))
    session.scale = 2.0
    (tmp_path / "plan.toml").write_text(recipes.toml(session.plan()), encoding="utf-8")
    other = State(Session(tmp_path), Jobs(), Tickets(), lang="en", budget=None)
    open_file(other.session, tmp_path / "shop", blind=False)
    other.follow(tmp_path / "plan.toml")
    assert other.session.keys == session.keys
    assert other.session.plan() == session.plan()
    with pytest.raises(InputError):
        open_file(other.session, tmp_path / "shop", blind=True)


def test_a_zip_of_tables_a_workbook_and_sqlite_are_opened(page: Studio, tmp_path: Path) -> None:
    opened = put(page, zipped(**csvs()))
    assert opened.status == 200
    assert {one["name"] for one in opened.json["tables"]["tables"]} == {"users", "orders", "lines"}
    assert opened.json["steps"]["columns"]["command"].startswith("unzip -j -d shop shop.zip\nlikewise inspect shop/")
    assert put(page, zipped(**csvs()), more="&blind=1").status == 400
    shop(40).to_sql(tmp_path / "made.sqlite")
    opened = put(page, (tmp_path / "made.sqlite").read_bytes(), "shop.db")
    assert opened.status == 200
    assert "-o synthetic.sqlite" in opened.json["steps"]["train"]["command"]
    assert page.call("POST", "/api/key", {"root": "users"}).json["tables"]["root"] == "users"
    one = put(page, zipped(**{"only.csv": csvs()["shop/users.csv"]}), "only.zip")
    assert one.status == 200  # a table, as before
    assert "tables" not in one.json


# ---- attacks ---------------------------------------------------------------------------------------------------------


def is_left_as_it_was(page: Studio) -> bool:
    return list(page.state.session.folder.iterdir()) == [] and page.state.session.tables is None


@pytest.mark.parametrize(
    "name", ["../../../{}", "/etc/cron.d/{}", "..\\..\\{}", "a/../../{}", "C:\\{}", "-rf {}", "$(id) {}", "a\x1b[2J{}"]
)
def test_no_member_of_a_zip_leaves_its_folder(page: Studio, tmp_path: Path, name: str) -> None:
    members = {name.format("users.csv"): csvs()["shop/users.csv"], name.format("orders.csv"): csvs()["shop/orders.csv"]}
    opened = put(page, zipped(**members))
    assert opened.status == 200
    for path in tmp_path.rglob("*"):
        assert path.parent in (tmp_path, page.state.session.several.path)
        assert not path.name.startswith("-")
        assert "$" not in path.name
        assert "\x1b" not in path.name


def test_a_bomb_is_stopped_by_what_it_unpacks_to(page: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(**{"a.csv": b"x,y\n" + b"0,0\n" * 500_000, "b.csv": "x\n1\n"})
    assert len(bomb) < 100_000
    monkeypatch.setattr(state_module, "MOST_UPLOAD", 100_000)
    answer = put(page, bomb)
    assert answer.status == 400
    assert "100,000 bytes" in answer.json["error"]["en"]
    assert is_left_as_it_was(page)


def test_sizes_that_a_zip_makes_up_are_not_believed(page: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(zipped(**{"a.csv": b"x,y\n" + b"0,0\n" * 50_000, "b.csv": "x\n1\n"}))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"PK\x01\x02"))  # of a.csv, in the list at the end
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    monkeypatch.setattr(state_module, "MOST_UPLOAD", 100_000)
    assert put(page, bytes(data)).status == 400
    assert is_left_as_it_was(page)


def test_too_many_members_and_two_of_a_name_are_refused(page: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_MEMBERS", 3)
    assert put(page, zipped(**{f"t{k}.csv": "x\n1\n" for k in range(5)})).status == 400
    assert put(page, zipped(**{"a/t.csv": "x\n1\n", "b/t.csv": "y\n1\n"})).status == 400
    assert is_left_as_it_was(page)


def test_links_and_hidden_files_are_no_tables(page: Studio) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in csvs().items():
            archive.writestr(name, text)
        link = zipfile.ZipInfo("passwd.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/shop/users.csv", "x\n1\n")
        archive.writestr(".hidden.csv", "x\n1\n")
    opened = put(page, packed.getvalue())
    assert opened.status == 200
    assert {one["name"] for one in opened.json["tables"]["tables"]} == {"users", "orders", "lines"}


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_damaged_zip_leaves_nothing_and_tells_no_place(page: Studio, cut: int) -> None:
    data = bytearray(zipped(**csvs()))
    if cut == 1:
        data[60:200] = bytes(140)  # the packed bytes of the first table
    elif cut == 2:
        data = data[: len(data) // 2]
    else:
        data = bytearray(zipped(**csvs(), **{"shop/database.json": '{"format": "likewise-database", "version": 9}'}))
    answer = put(page, bytes(data))
    assert answer.status == 400
    assert str(page.state.session.folder) not in str(answer.json["error"])
    assert is_left_as_it_was(page)


@pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")  # views are left out, and told of
def test_a_database_of_sql_is_opened_as_sqlite_alone(page: Studio, tmp_path: Path) -> None:
    assert put(page, bytes(8) + b"DUCK" + bytes(500), "a.db").status == 400
    assert put(page, b"SQLite format 3\0" + bytes(4000), "a.sqlite").status == 400
    assert is_left_as_it_was(page)
    with closing(sqlite3.connect(tmp_path / "v.sqlite")) as base:  # a view that would never end is not looked at
        base.execute("create table t (x integer, y text)")
        base.executemany("insert into t values (?, ?)", [(k, "ab"[k % 2]) for k in range(50)])
        base.execute(
            "create view v as with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
        )
        base.commit()
    opened = put(page, (tmp_path / "v.sqlite").read_bytes(), "v.sqlite")
    assert opened.status == 200
    assert [one["name"] for one in opened.json["tables"]["tables"]] == ["t"]


@pytest.mark.parametrize(
    "said",
    [{}, {"key": 7}, {"root": "nobody"}, {"kept": "nobody"}, {"key": KEY, "root": "users"}, {"path": "/etc"},
     {"key": "a b c"}, {"kept": "users", "holds": "yes"}, {"root": ["users"]}, {"declared": "all"},
     {"table": "users"}, {"column": "id"}, {"table": "users", "column": "nobody", "said": {"kind": "real"}},
     {"table": "users", "column": "id", "said": {"__class__": "x"}}, {"table": "nobody"},
     {"table": "nobody", "column": "id", "said": {"kind": "id"}},
     {"table": "users", "column": ["id"], "said": {"kind": "id"}}, {"table": "users", "column": "id", "said": [1]},
     {"declared": "keys", "said": {"kind": "id"}}],
)  # fmt: skip
def test_what_no_table_can_be_told_is_refused(page: Studio, said: dict[str, Any]) -> None:
    put(page, zipped(**csvs()))
    before = page.state.session.keys
    assert page.call("POST", "/api/key", said).status == 400
    assert page.state.session.keys == before


def test_what_is_of_one_table_is_refused_of_several_and_the_other_way(page: Studio) -> None:
    put(page, zipped(**csvs()))
    for path, said in (
        ("/api/column", {"column": "id", "said": {"kind": "real"}}), ("/api/rules", {}),
        ("/api/advise", {}), ("/api/declare", {"what": "kind"}), ("/api/rule", {"rule": "a < b"}),
        ("/api/save", {"what": "schema.json"}),
        ("/api/column/try", {"column": "id", "said": {"kind": "real"}}),
    ):  # fmt: skip
        assert page.call("POST", path, said).status == 400, path
    for said in ({"purpose": "rows"}, {"k": 3}, {"time": "day"}, {"rows": 5}, {"model": "vae"}):
        assert page.call("POST", "/api/settings", said).status == 400, said  # nothing would hear it
    assert page.call("POST", "/api/settings", {"seed": 3, "max_seconds": 9}).status == 200
    frame = pl.DataFrame({"a": ["1", "2"] * 40, "b": ["x", "y"] * 40})
    assert page.open_frame(frame).status == 200
    assert page.call("POST", "/api/key", {"root": "users"}).status == 400
    assert page.call("POST", "/api/save", {"what": "database.json"}).status == 400
