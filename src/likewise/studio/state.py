"""The session with its jobs, how it stands as the page shows it, and how requests are answered."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from importlib import import_module
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from likewise.errors import InputError, LikewiseError
from likewise.schema.dialect import Dialect
from likewise.schema.semantics import Semantic
from likewise.studio import facts, hierarchies, recipes, spoken, table_recipes, tables
from likewise.studio.faults import fault, fault_of
from likewise.studio.jobs import Jobs
from likewise.studio.said import TooLarge
from likewise.studio.session import Change, Run, Session, Source
from likewise.studio.tables import Tables
from likewise.studio.tickets import Tickets

MOST_UPLOAD = 2 * 2**30
DEMO = "adult.parquet"
FILES = {
    "rows": (recipes.ROWS, "text/csv"), "drawn": (recipes.DRAWN, "text/csv"),
    "longer": (recipes.LONGER, "text/csv"), "report": (recipes.REPORT, "text/html"),
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


class State:
    """The session with its jobs, and how requests are answered."""

    def __init__(self, session: Session, jobs: Jobs, tickets: Tickets, *, lang: str, budget: Path | None) -> None:
        self.session, self.jobs, self.tickets, self.lang = session, jobs, tickets, lang
        self._budget = budget
        self.risks = hierarchies.Risks()
        self._lock = asyncio.Lock()

    @property
    def budget(self) -> Path:
        """The account of what is open: the file that was named, or one of this session, by what the rows are."""
        several = self.session.tables
        digest = self.session.table.digest if several is None else several.digest
        return self._budget or self.session.folder / f"{digest[:16]}-{recipes.BUDGET}"

    @property
    def keeps_budget(self) -> bool:
        """Whether the account is there still when the studio has ended."""
        return self._budget is not None

    def answering(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint: what it gives as JSON, errors of ours as texts, and of others' nothing but their type."""

        async def endpoint(request: Request) -> Response:
            try:
                found = await answer(self, request)
            except LikewiseError as error:
                return JSONResponse({"error": fault_of(error)}, 413 if isinstance(error, TooLarge) else 400)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:
                return JSONResponse({"error": fault(f"unexpected {type(error).__name__}, a fault in likewise")}, 500)
            return found if isinstance(found, Response) else JSONResponse(found)

        return endpoint

    def follow(self, plan: Path) -> None:
        """Take up a plan, as the page saves it; a demo that it names is opened first."""
        said = _plan(plan)
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

    def most_upload(self) -> int:
        """Bytes that an upload may have."""
        return min(MOST_UPLOAD, shutil.disk_usage(self.session.folder).free // 4)

    async def changed(self, work: Callable[[], Any], *, anew: bool = False) -> dict[str, Any]:
        """Do something to the session, one request at a time and beside the event loop, and tell how it stands.

        Args:
            anew: another table is opened: what is done with the one before ends.
        """
        async with self._lock:
            if anew:
                await self.jobs.clear()
            before = len(self.session.trail)
            await asyncio.to_thread(work)
            if len(self.session.trail) != before:  # what was done stands there
                self.jobs.said()
            return await asyncio.to_thread(self.told)

    # ---- how it stands -----------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """Everything that the page shows, but for what the rows of a run tell."""
        session, source = self.session, self.session.source
        state: dict[str, Any] = {
            "edition": self.jobs.edition,
            "lang": self.lang, "most_upload": self.most_upload(), "settings": asdict(session.settings),
            "source": None, "jobs": [job.told() for job in self.jobs.all], "trail": session.trail,
            "where": session.where, "mix": session.mix, "steps": session.steps,
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
                "is_demo": source.is_demo, "blind": source.blind, "notes": [fault(note) for note in source.notes],
            },
            "columns": facts.columns(session.schema, None if source.blind else source.frame, source.pictures),
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
            "tables": tables.told(several, session.keys) | {"places": measured().places(session.keys)},
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

    def report_of(self, run: Run) -> Path | None:
        """Where the figures of a run are; None where nothing was measured on real rows."""
        path = run.folder / recipes.JSON
        return None if run.settings.purpose == "rows" or not path.is_file() else path


def _plan(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the plan {str(path)!r} cannot be read: {type(error).__name__}") from None


def written_by(plan: Path) -> dict[str, Any]:
    """What a plan says of how its file is written.

    Raises:
        InputError: it is no plan.
    """
    said = _plan(plan).get("written", {})
    if not isinstance(said, dict) or set(said) - {one.name for one in fields(Dialect)}:
        raise InputError("this is no plan of the studio: written")
    return said


def measured() -> Any:
    """The module of measures, which takes seconds to load."""
    return import_module("likewise.studio.measured")
