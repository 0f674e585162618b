"""What the page may ask for. Every answer is JSON; what a person says comes as JSON too, but for the table itself."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from importlib import import_module
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import polars as pl
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from likewise.errors import InputError, LikewiseError, OptionError
from likewise.rules.discovery import discover_rules
from likewise.schema.semantics import Semantic
from likewise.studio import facts, hierarchies, protection, recipes, spoken, table_recipes, tables
from likewise.studio.jobs import Job, Jobs
from likewise.studio.session import Change, Run, Session, Source, file_name, mix_of
from likewise.studio.tables import KeyChange, Tables
from likewise.studio.tickets import Served, Tickets
from likewise.tables import files
from likewise.tables.source import PACKED

MOST_JSON = 2**20
MOST_UPLOAD = 2 * 2**30
MOST_BESIDE = 4
LANGUAGES = ("en", "zh")
FILES = {
    "rows": (recipes.ROWS, "text/csv"), "drawn": (recipes.DRAWN, "text/csv"), "report": (recipes.REPORT, "text/html"),
    "json": (recipes.JSON, "application/json"), "model": (recipes.MODEL, "application/octet-stream"),
    "sheet": (recipes.SHEET, "text/html"), "schema": (recipes.SCHEMA, "application/json"),
    "rows_parquet": ("synthetic.parquet", "application/vnd.apache.parquet"),
    "drawn_parquet": ("drawn.parquet", "application/vnd.apache.parquet"),
}  # fmt: skip
"""What of a run is given out, and as what."""
TABLE_FILES = FILES | {
    "rows": ("synthetic.zip", "application/zip"), "drawn": ("drawn.zip", "application/zip"),
    "schema": (table_recipes.KEYS, "application/json"),
}  # fmt: skip
"""Of a run with several tables."""
SQL_FILES = TABLE_FILES | {
    "rows": ("synthetic.sqlite", "application/vnd.sqlite3"), "drawn": ("drawn.sqlite", "application/vnd.sqlite3"),
}  # fmt: skip
MADE_OF = {"rows_parquet": recipes.ROWS, "drawn_parquet": recipes.DRAWN}
"""What is made when it is asked for, and of what."""

Answer = Callable[["State", Request], Awaitable[Any]]


class TooLarge(LikewiseError):
    """More bytes came than are taken."""


class State:
    """The session with its jobs, and how requests are answered."""

    def __init__(self, session: Session, jobs: Jobs, tickets: Tickets, *, lang: str, budget: Path | None) -> None:
        self.session, self.jobs, self.tickets, self.lang = session, jobs, tickets, lang
        self.budget = budget or session.folder / recipes.BUDGET
        self.keeps_budget = budget is not None
        self.risks = hierarchies.Risks()
        self._lock = asyncio.Lock()

    def answering(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint: what it gives as JSON, errors of ours as texts, and of others' nothing but their type."""

        async def endpoint(request: Request) -> Response:
            try:
                found = await answer(self, request)
            except TooLarge as error:
                return JSONResponse({"error": str(error)}, 413)
            except LikewiseError as error:
                return JSONResponse({"error": str(error)}, 400)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                return JSONResponse({"error": f"unexpected {type(error).__name__}, a fault in likewise"}, 500)
            return found if isinstance(found, Response) else JSONResponse(found)

        return endpoint

    def follow(self, plan: Path) -> None:
        """Take up a plan, as the page saves it; a demo that it names is opened first."""
        try:
            said = tomllib.loads(plan.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"the plan {str(plan)!r} cannot be read: {type(error).__name__}") from None
        if self.session.source is None and self.session.tables is None:
            if said.get("source") != DEMO:
                raise InputError("the plan is for a table: name it as FILE")
            self.open_demo()
        try:
            edits = tuple(hierarchies.Edit(**edit) for edit in said.get("hierarchy", []))
        except (TypeError, AttributeError) as error:
            raise InputError(f"this is no plan of the studio: {type(error).__name__}") from None
        self.session.follow(said, edits)

    def open_demo(self) -> None:
        path = self.session.folder / DEMO
        path.write_bytes(resources("likewise.data").joinpath(DEMO).read_bytes())
        self.session.opened(Source.open(path, DEMO, is_demo=True))
        self.session.change(Change("income", {"role": "target"}))

    async def changed(self, work: Callable[[], Any]) -> dict[str, Any]:
        """Do something to the session, one request at a time and beside the event loop, and tell how it stands."""
        async with self._lock:
            await asyncio.to_thread(work)
            return await asyncio.to_thread(self.told)

    # ---- how it stands -----------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """Everything that the page shows, but for what the rows of a run tell."""
        session, source = self.session, self.session.source
        free = shutil.disk_usage(session.folder).free
        state: dict[str, Any] = {
            "lang": self.lang, "most_upload": min(MOST_UPLOAD, free // 4), "settings": asdict(session.settings),
            "source": None, "jobs": [job.told() for job in self.jobs.all], "trail": session.trail,
            "where": session.where, "mix": session.mix,
            "n_rows": session.n_rows, "draw_seed": session.draw_seed, "gate": session.gate,
            "semantics": {one.value: {"en": one.words, "zh": spoken.SEMANTICS[one.words]} for one in Semantic},
        }  # fmt: skip
        if session.tables is not None:
            return state | self.told_of_tables(session.tables)
        if source is None:
            return state
        run = session.runs[-1] if session.runs else None
        return state | {
            "source": {
                "name": source.name, "rows": None if source.blind else source.frame.height,
                "is_demo": source.is_demo, "blind": source.blind, "notes": source.notes,
            },
            "columns": facts.columns(source, session.schema),
            "rules": session.schema.rules, "edits": [edit.to_dict() for edit in session.edits],
            "can_undo": bool(session.changes), "can_redo": bool(session.undone),
            "steps": recipes.steps(session, run),
            "advice": None if session.advice is None else spoken.advice(session.advice),
            "runs": [self.run_told(run) for run in session.runs],
        }  # fmt: skip

    def told_of_tables(self, several: Tables) -> dict[str, Any]:
        """The same of several tables."""
        session = self.session
        rows = sum(map(len, several.database.tables.values()))
        return {
            "source": {"name": several.name, "rows": rows, "is_demo": False, "blind": False, "notes": ()},
            "tables": tables.told(several, session.keys) | {"places": _measured().places(session.keys)},
            "columns": [], "rules": [], "scale": session.scale,
            "can_undo": bool(session.changes), "can_redo": bool(session.undone),
            "steps": table_recipes.steps(session), "advice": None, "runs": [self.run_told(run) for run in session.runs],
        }  # fmt: skip

    def files_of(self, run: Run) -> dict[str, tuple[str, str]]:
        """What of a run is given out: its names, and as what."""
        if self.session.tables is None:
            return FILES
        return SQL_FILES if self.session.tables.is_sql else TABLE_FILES

    def run_told(self, run: Run) -> dict[str, Any]:
        there = [n for n, (file, _) in self.files_of(run).items() if (run.folder / MADE_OF.get(n, file)).is_file()]
        return {"id": run.id, "job": run.job, "settings": asdict(run.settings), **run.facts, "files": there}

    def begin_advice(self) -> None:
        """Queue the question whether balancing helps."""
        session, source = self.session, self.session.table
        if source.blind or session.schema.target is None:
            raise OptionError("say which column is the target, of a table whose rows may be looked at")
        folder = session.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        (folder / recipes.SCHEMA).write_text(session.schema.to_json() + "\n", encoding="utf-8")
        command = recipes.advice_command(str(source.path), session.schema.target)
        session.noted(
            "asked", command=" ".join(["likewise", *recipes.advice_command(source.name, session.schema.target)])
        )

        def ended(job: Job) -> None:
            if job.status == "done":
                found = json.loads((folder / recipes.ADVICE).read_text(encoding="utf-8"))
                session.advice = str(found["recommendation"])

        self.jobs.add(Job("advise", [command], folder, ended))

    # ---- runs --------------------------------------------------------------------------------------------------------

    def begin_run(self) -> None:
        """Queue a run of the settings as they are."""
        if self.session.tables is not None:
            self.begin_run_of(self.session.tables)
            return
        session, source = self.session, self.session.table
        key = secrets.token_hex(8)
        folder = session.folder / key
        folder.mkdir(mode=0o700)
        schema, settings = session.schema, session.settings
        (folder / recipes.SCHEMA).write_text(schema.to_json() + "\n", encoding="utf-8")
        fit = recipes.fit_command(str(source.path), schema, settings, session.edits)
        self.write_hierarchies(folder)
        commands = [fit]
        if settings.purpose != "rows":
            commands += [recipes.sheet_command(settings.purpose == "budget", lang) for lang in LANGUAGES]
        placed = [[str(self.budget) if word == recipes.BUDGET else word for word in words] for words in commands]
        job = Job("fit", placed, folder)
        run = Run(key, settings, schema, folder, job.id, {"n": len(session.runs) + 1})
        job.ended = lambda ended: self.finish_run(run, ended)
        session.runs.append(run)
        session.noted(
            "began",
            run=run.facts["n"],
            command=" ".join(["likewise", *recipes.fit_command(source.name, schema, settings, session.edits)]),
        )
        self.jobs.add(job)

    def hierarchies(self) -> dict[str, str]:
        """File -> text, of the hierarchies that were edited."""
        session = self.session
        named = recipes.hierarchy_files(session.schema, session.edits)
        if session.settings.purpose != "rows" or not named:
            return {}
        texts = hierarchies.edited(session.table, session.schema, session.edits, session.settings.k)
        return {file: texts[name] for name, file in named.items()}

    def write_hierarchies(self, folder: Path) -> None:
        for file, text in self.hierarchies().items():
            (folder / file).write_text(text, encoding="utf-8")

    def begin_run_of(self, several: Tables) -> None:
        """Queue a run with several tables."""
        session, settings, keys = self.session, self.session.settings, self.session.keys
        key = secrets.token_hex(8)
        folder = session.folder / key
        folder.mkdir(mode=0o700)
        (folder / table_recipes.KEYS).write_text(keys.to_json() + "\n", encoding="utf-8")
        commands = [table_recipes.fit_command(str(several.path), several, settings)]
        commands += [recipes.sheet_command(counted=False, lang=lang) for lang in LANGUAGES]
        job = Job("fit", commands, folder)
        run = Run(key, settings, keys, folder, job.id, {"n": len(session.runs) + 1})

        def ended(job: Job) -> None:
            session.noted(job.status, run=run.facts["n"])
            if job.status == "done":
                found = facts.previews(folder / table_recipes.place(several, table_recipes.ROWS))
                tables.packed(folder / table_recipes.place(several, table_recipes.ROWS))
                run.facts |= {"seconds": job.seconds, "preview": found[0], "previews": found}
                run.facts["scores"] = _measured().scores(folder / recipes.JSON)

        job.ended = ended
        session.runs.append(run)
        shown = table_recipes.fit_command(table_recipes.shown(several), several, settings)
        session.noted("began", run=run.facts["n"], command=" ".join(["likewise", *shown]))
        self.jobs.add(job)

    def begin_draw_of(self, run: Run, several: Tables) -> None:
        """Queue a draw of several tables, in a folder of its own: what is drawn anew replaces nothing half."""
        session, place = self.session, table_recipes.place(several, table_recipes.DRAWN)
        folder = session.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        command = table_recipes.draw_command(str(run.folder / recipes.MODEL), several, session)

        def ended(job: Job) -> None:
            if job.status == "done":
                found = facts.previews(folder / place)
                packed = tables.packed(folder / place)
                packed.replace(run.folder / packed.name)
                run.facts |= {"drawn": found[0], "drawn_tables": found}
            shutil.rmtree(folder, ignore_errors=True)

        self.jobs.add(Job("draw", [command], folder, ended))

    def finish_run(self, run: Run, job: Job) -> None:
        """Gather what a run left behind."""
        self.session.noted(job.status, run=run.facts["n"], seconds=round(job.seconds, 1))
        if job.status != "done":
            return
        rows = files.read(run.folder / recipes.ROWS)
        run.facts |= {"seconds": job.seconds, "preview": facts.preview(rows)}
        report = self.report_of(run)
        if report is not None:
            run.facts["scores"] = _measured().scores(report)

    def report_of(self, run: Run) -> Path | None:
        """Where the figures of a run are; None where nothing was measured on real rows."""
        path = run.folder / recipes.JSON
        return None if run.settings.purpose == "rows" or not path.is_file() else path

    def rows_of(self, run: Run) -> pl.DataFrame:
        return files.read(run.folder / recipes.ROWS)


DEMO = "adult.parquet"


def _measured() -> Any:
    """The module of measures, which takes seconds to load."""
    return import_module("likewise.studio.measured")


async def said_in(request: Request) -> dict[str, Any]:
    """The JSON object of a request, of no more than `MOST_JSON` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_JSON:
            raise TooLarge(f"a request may have {MOST_JSON:,} bytes")
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InputError("the request is not JSON") from None
    if not isinstance(said, dict):
        raise InputError("the request must be a JSON object")
    return said


def _text(said: dict[str, Any], key: str, default: str | None = None) -> str:
    value = said.get(key, default)
    if not isinstance(value, str):
        raise OptionError(f"{key} must be a text")
    return value


def _whole(said: dict[str, Any], key: str, least: int, default: int) -> int:
    value = said.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 10**8:
        raise OptionError(f"{key} must be a whole number from {least}")
    return value


def _number(said: dict[str, Any], key: str) -> float:
    value = said.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise OptionError(f"{key} must be a number")
    return float(value)


def _scale(said: dict[str, Any]) -> float:
    value = _number(said, "scale")
    if not 0 < value <= 1000:
        raise OptionError("scale must be above 0, and 1000 at most")
    return value


def _where(said: dict[str, Any]) -> tuple[str, ...]:
    value = said.get("where", [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise OptionError("where must be a list of texts")
    return tuple(value)


# ---- answers ---------------------------------------------------------------------------------------------------------


async def state(state: State, request: Request) -> Any:
    return await state.changed(lambda: None)


async def upload(state: State, request: Request) -> Any:
    """The bytes of a table, as they are; the name is for people, and nothing is written under it."""
    name = file_name(request.query_params.get("name", ""))
    most = min(MOST_UPLOAD, shutil.disk_usage(state.session.folder).free // 4)
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most:
        raise TooLarge(f"a table may have {most:,} bytes here; name a larger one on the command line")
    endings = [part for part in Path(name.lower()).suffixes if part in {*files.ENDINGS, *PACKED, ".zip", *SQLITE}]
    path = state.session.folder / (secrets.token_hex(16) + "".join(endings[-2:]))
    try:
        n = 0
        with path.open("xb") as file:
            async for chunk in request.stream():
                n += len(chunk)
                if n > most:
                    raise TooLarge(f"a table may have {most:,} bytes here; name a larger one on the command line")
                file.write(chunk)
        blind = request.query_params.get("blind") == "1"
        opened = await asyncio.to_thread(_opened, path, name, blind, most)
    except BaseException:
        path.unlink(missing_ok=True)
        shutil.rmtree(_unpacked(path), ignore_errors=True)
        raise
    if isinstance(opened, Tables):
        return await state.changed(lambda: state.session.opened_tables(opened))
    return await state.changed(lambda: state.session.opened(opened))


SQLITE = (".sqlite", ".sqlite3", ".db")


def _unpacked(path: Path) -> Path:
    """Where the tables of a ZIP file lie."""
    return path.with_name(path.name.partition(".")[0] + "-tables")


def _opened(path: Path, name: str, blind: bool, most: int) -> Source | Tables:
    """A table, or several: of a ZIP file with some, of a workbook, or of SQLite."""
    place = path
    try:
        members = tables.members_of(path, tuple(files.ENDINGS)) if path.suffix == ".zip" else None
        if members is not None:
            place = _unpacked(path)
            place.mkdir(mode=0o700)
            tables.unpack(path, members, place, most, file_name)
        is_several = members is not None or tables.holds_several(path)
        if is_several and blind:
            raise InputError("several tables have no blind mode: budgets of databases are of the command line")
        return (
            Tables.open(place, name, is_packed=members is not None)
            if is_several
            else Source.open(path, name, blind=blind)
        )
    except LikewiseError as error:  # it names the file by its place here, which says nothing to anybody
        said = str(error).replace(str(place), name).replace(str(path), name).replace(path.name, name)
        raise InputError(said.replace(place.name, name)) from None


async def demo(state: State, request: Request) -> Any:
    return await state.changed(state.open_demo)


async def column(state: State, request: Request) -> Any:
    said = await said_in(request)
    change = Change(_text(said, "column"), _fields(said))
    return await state.changed(lambda: state.session.change(change))


def _fields(said: dict[str, Any]) -> dict[str, Any]:
    found = said.get("said", {})
    if not isinstance(found, dict) or not found:
        raise OptionError("nothing is said of the column")
    return found


async def try_column(state: State, request: Request) -> Any:
    said = await said_in(request)
    session = state.session
    if session.table.blind:
        raise OptionError("the rows are not looked at: they were opened by their header alone")
    change = Change(_text(said, "column"), _fields(said))
    schema = await asyncio.to_thread(session.table.read_as, (*session.changes, change))
    return await asyncio.to_thread(facts.tried, session.table, schema, str(change.column))


async def declare(state: State, request: Request) -> Any:
    """Say of every column what it lacks: its kind as it is shown, or that no cell is missing."""
    what = _text(await said_in(request), "what")
    if what not in ("kind", "nullable"):
        raise OptionError("what is declared of all columns at once are kind and nullable")

    def work() -> None:
        lacking = [c for c in state.session.schema if what not in c.said and c.role != "drop"]
        said = [Change(c.name, {what: c.kind.value if what == "kind" else False}) for c in lacking]
        state.session.change(*said)

    return await state.changed(work)


async def undo(state: State, request: Request) -> Any:
    return await state.changed(state.session.undo)


async def redo(state: State, request: Request) -> Any:
    return await state.changed(state.session.redo)


async def propose(state: State, request: Request) -> Any:
    """Rules that all rows keep."""
    source, schema = state.session.table, state.session.schema
    if source.blind:
        raise OptionError("the rows are not looked at: they were opened by their header alone")
    found = await asyncio.to_thread(discover_rules, source.frame, schema)
    return {"proposed": [{"rule": p.rule, "rows": p.rows, "rate": p.likely} for p in found]}


async def key(state: State, request: Request) -> Any:
    """Take or refuse a key of several tables, keep a table as it is, or name the root."""
    said = await said_in(request)
    if unknown := set(said) - {"key", "kept", "root", "holds"}:
        raise OptionError(f"of several tables nothing is called {sorted(unknown)[0]!r}")
    change = KeyChange(**said)
    return await state.changed(lambda: state.session.tell(change))


async def rule(state: State, request: Request) -> Any:
    said = await said_in(request)
    change = Change(rule=_text(said, "rule"), holds=bool(said.get("holds", True)))
    return await state.changed(lambda: state.session.change(change))


async def settings(state: State, request: Request) -> Any:
    said = await said_in(request)
    return await state.changed(lambda: state.session.set(said))


async def protect(state: State, request: Request) -> Any:
    return await asyncio.to_thread(protection.told, state.session, state.budget)


async def risk(state: State, request: Request) -> Any:
    """What is at risk where each quasi-identifier is told at a level of its hierarchy."""
    levels = (await said_in(request)).get("levels", {})
    session = state.session
    if session.table.blind or not isinstance(levels, dict):
        raise OptionError("levels are of quasi-identifiers of a table whose rows may be looked at")
    return await asyncio.to_thread(
        state.risks.told, session.table, session.schema, session.edits, session.settings.k, levels
    )


async def hierarchy(state: State, request: Request) -> Any:
    """Edit the hierarchy of a quasi-identifier, take the last edit back, or all of a column."""
    said = await said_in(request)
    session, do = state.session, said.get("do")
    if session.table.blind:
        raise OptionError("the rows are not looked at: they were opened by their header alone")

    def work() -> None:
        if do == "undo":
            edits = session.edits[:-1]
        elif do == "reset":
            edits = tuple(edit for edit in session.edits if edit.column != said.get("column"))
        else:
            edit = hierarchies.Edit(**said)
            values = hierarchies.values_of(session.table, session.schema)
            if edit.column not in values:
                raise OptionError(f"column {edit.column!r} is no quasi-identifier")
            if len(session.edits) >= hierarchies.MOST_EDITS:
                raise OptionError(f"{hierarchies.MOST_EDITS} edits are the most")
            edits = (*session.edits, edit)
            own = [one for one in edits if one.column == edit.column]
            hierarchies.chains_of(values[edit.column], own, least=session.settings.k)  # which refuses what cannot be
        session.edits = edits
        session.noted("edited", **said)

    if do not in ("undo", "reset") and (unknown := set(said) - {"column", "do", "level", "labels", "name", "at"}):
        raise OptionError(f"of an edit nothing is called {sorted(unknown)[0]!r}")
    if do not in ("undo", "reset") and not {"column", "do"} <= set(said):
        raise OptionError("an edit names a column and what is done")
    return await state.changed(work)


async def budget(state: State, request: Request) -> Any:
    """Set the total of the odometer."""
    said = await said_in(request)
    session = state.session
    total = session.settings.with_({"epsilon": _number(said, "epsilon"), "pay": ()}).budget(session.schema.entity)
    await asyncio.to_thread(protection.begin_account, state.budget, Path(session.table.name).stem, total)
    session.noted("began_budget", epsilon=total.epsilon, delta=total.delta, of=total.unit)
    return {}


async def advise(state: State, request: Request) -> Any:
    state.begin_advice()
    return await state.changed(lambda: None)


async def fit(state: State, request: Request) -> Any:
    # Not in a thread: the queue belongs to the event loop.
    state.begin_run()
    return await state.changed(lambda: None)


async def stop(state: State, request: Request) -> Any:
    await state.jobs.stop(_text(await said_in(request), "job"))
    return {}


async def cancel(state: State, request: Request) -> Any:
    await state.jobs.cancel(_text(await said_in(request), "job"))
    return {}


async def events(state: State, request: Request) -> Any:
    """Every job when it changes, a JSON object a line; an empty one now and then."""

    async def lines() -> AsyncIterator[bytes]:
        async for told in state.jobs.changes():
            yield json.dumps(told or {}).encode() + b"\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def odds(state: State, request: Request) -> Any:
    """How many real and how many freely drawn rows meet conditions: what drawing them would take."""
    said = await said_in(request)
    run, where = state.session.run(_text(said, "run")), list(_where(said))
    if run.settings.time is not None or state.session.tables is not None:
        return {}  # conditions on histories are on whole ones, and those are not counted here

    def counted() -> dict[str, Any]:
        frames = {"drawn": state.rows_of(run)}
        if run.settings.purpose != "budget":  # a count of real rows would cost
            frames["real"] = state.session.table.frame
        shares = {name: facts.share_of(frame, run.schema, where) for name, frame in frames.items()}
        classes = {name: facts.classes(frame, run.schema, where) for name, frame in frames.items()}
        return shares | {"target": run.schema.target, "classes": classes}

    return await asyncio.to_thread(counted)


async def draw(state: State, request: Request) -> Any:
    said = await said_in(request)
    session = state.session
    run = session.run(_text(said, "run"))
    if session.tables is not None:
        session.scale, session.draw_seed = _scale(said), _whole(said, "seed", 0, 0)
        shown = table_recipes.draw_command(recipes.MODEL, session.tables, session)
        session.noted("drew", run=run.facts["n"], command=" ".join(["likewise", *shown]))
        state.begin_draw_of(run, session.tables)
        return await state.changed(lambda: None)
    session.where, session.n_rows = _where(said), _whole(said, "rows", 1, 1000)
    session.draw_seed, session.mix = _whole(said, "seed", 0, 0), mix_of(said.get("mix", {}))
    command = recipes.draw_command(session, run)
    session.noted("drew", run=run.facts["n"], command=" ".join(["likewise", *command]))
    job = Job("draw", [command], run.folder)

    def ended(job: Job) -> None:
        if job.status == "done":
            run.facts["drawn"] = facts.preview(files.read(run.folder / recipes.DRAWN))

    job.ended = ended
    state.jobs.add(job)
    return await state.changed(lambda: None)


async def gate(state: State, request: Request) -> Any:
    """Hold a run against rules in TOML."""
    said = await said_in(request)
    text = _text(said, "rules")
    report = state.report_of(state.session.run(_text(said, "run")))
    if report is None:
        raise OptionError("nothing was measured in this run")
    found = await asyncio.to_thread(lambda: _measured().outcomes(report, text))
    state.session.gate = text
    return {"outcomes": found}


async def ticket(state: State, request: Request) -> Any:
    """An address, good once, for a file of a run: to save it, or to show it in a frame."""
    said = await said_in(request)
    what, show = _text(said, "what"), bool(said.get("show", False))
    run = state.session.run(_text(said, "run"))
    known = state.files_of(run)
    if what not in known:
        raise OptionError("there is no such file")
    name, media = known[what]
    path, lang = run.folder / name, _text(said, "lang", "en")
    if lang not in LANGUAGES:
        raise OptionError("there is no such language")
    if what == "report":
        path = await asyncio.to_thread(_report_page, state, run, lang)
    elif what == "sheet":
        path = run.folder / recipes.SHEETS[lang]
    elif what in MADE_OF and state.session.tables is None and (run.folder / MADE_OF[what]).is_file():
        await asyncio.to_thread(_as_parquet, run, run.folder / MADE_OF[what], path)
    if not path.is_file():
        raise OptionError("this run has no such file")
    if show and media != "text/html":
        raise OptionError("only pages can be shown")
    if not show:
        state.session.noted("saved", run=run.facts["n"], file=name)
    return {"address": f"/t/{state.tickets.give(Served(path, None if show else name, media))}"}


def _report_page(state: State, run: Run, lang: str) -> Path:
    """The report in a language; the command wrote the English one."""
    path = run.folder / (recipes.REPORT if lang == "en" else f"report-{lang}.html")
    report = None if path.is_file() else state.report_of(run)
    if report is not None:
        dp_only = run.settings.purpose == "budget" and run.settings.dp_only
        _measured().write_page(report, path, lang=lang, dp_only=dp_only)
    return path


def _as_parquet(run: Run, rows: Path, path: Path) -> None:
    files.write(facts.typed(files.read(rows), run.schema), path)


async def side_by_side(state: State, request: Request) -> Any:
    """An address for a page that sets reports of runs beside each other."""
    said = await said_in(request)
    keys, lang = said.get("runs"), _text(said, "lang", "en")
    if not isinstance(keys, list) or not 2 <= len(keys) <= MOST_BESIDE or lang not in LANGUAGES:
        raise OptionError(f"from 2 to {MOST_BESIDE} runs are set side by side")
    runs = [state.session.run(str(key)) for key in keys]
    found = {f"{run.facts['n']} {run.settings.model}": state.report_of(run) for run in runs}
    if len(found) < len(keys) or not all(found.values()):
        raise OptionError("a run stands there twice, or was not measured")
    path = state.session.folder / f"{secrets.token_hex(8)}.html"
    await asyncio.to_thread(_measured().write_comparison, found, path, lang=lang)
    return {"address": f"/t/{state.tickets.give(Served(path, None, 'text/html'))}"}


async def save(state: State, request: Request) -> Any:
    """An address for what was said: the plan, the schema, the audit trail."""
    what = _text(await said_in(request), "what")
    session = state.session
    texts: dict[str, Callable[[], str]] = {
        "plan.toml": lambda: recipes.toml(session.plan()),
        recipes.SCHEMA: lambda: session.schema.to_json() + "\n",
        table_recipes.KEYS: lambda: session.keys.to_json() + "\n",
        "trail.json": lambda: json.dumps(session.trail, indent=1, ensure_ascii=False) + "\n",
    }
    if what.startswith("hierarchy-"):
        found = await asyncio.to_thread(state.hierarchies)
        texts |= {name: (lambda text=text: text) for name, text in found.items()}  # type: ignore[misc]
    if what not in texts:
        raise OptionError("there is no such file")
    path = session.folder / f"{secrets.token_hex(8)}.txt"
    path.write_text(texts[what](), encoding="utf-8")
    return {"address": f"/t/{state.tickets.give(Served(path, what, 'text/plain'))}"}


ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/api/state", state), ("PUT", "/api/data", upload), ("POST", "/api/demo", demo),
    ("POST", "/api/column", column), ("POST", "/api/column/try", try_column), ("POST", "/api/undo", undo),
    ("POST", "/api/declare", declare),
    ("POST", "/api/redo", redo), ("POST", "/api/rules", propose), ("POST", "/api/rule", rule),
    ("POST", "/api/key", key), ("POST", "/api/risk", risk), ("POST", "/api/hierarchy", hierarchy),
    ("POST", "/api/settings", settings), ("POST", "/api/protect", protect), ("POST", "/api/budget", budget),
    ("POST", "/api/advise", advise), ("POST", "/api/fit", fit), ("POST", "/api/stop", stop),
    ("POST", "/api/cancel", cancel), ("GET", "/api/events", events), ("POST", "/api/odds", odds),
    ("POST", "/api/draw", draw), ("POST", "/api/gate", gate), ("POST", "/api/ticket", ticket),
    ("POST", "/api/save", save), ("POST", "/api/compare", side_by_side),
)  # fmt: skip
