"""What is given out: files of a run, pages, and what was said, each at an address that is good once."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request

from likewise.errors import OptionError
from likewise.studio import facts, recipes, runs, table_recipes
from likewise.studio.said import said_in, text_of
from likewise.studio.session import Run
from likewise.studio.spoken import LANGUAGES
from likewise.studio.state import MADE_OF, State, measured
from likewise.studio.tickets import Served
from likewise.tables import files

MOST_BESIDE = 4


async def ticket(state: State, request: Request) -> Any:
    """An address, good once, for a file of a run: to save it, or to show it in a frame."""
    said = await said_in(request)
    what, show = text_of(said, "what"), bool(said.get("show", False))
    run = state.session.run(text_of(said, "run"))
    known = state.files_of(run)
    if what not in known:
        raise OptionError("there is no such file")
    name, media = known[what]
    path, lang = run.folder / name, text_of(said, "lang", "en")
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
        measured().write_page(report, path, lang=lang, dp_only=dp_only)
    return path


def _as_parquet(run: Run, rows: Path, path: Path) -> None:
    files.write(facts.typed(files.read(rows), run.schema), path)


async def side_by_side(state: State, request: Request) -> Any:
    """An address for a page that sets reports of runs beside each other."""
    said = await said_in(request)
    keys, lang = said.get("runs"), text_of(said, "lang", "en")
    if not isinstance(keys, list) or not 2 <= len(keys) <= MOST_BESIDE or lang not in LANGUAGES:
        raise OptionError(f"from 2 to {MOST_BESIDE} runs are set side by side")
    runs = [state.session.run(str(key)) for key in keys]
    found = {f"{run.facts['n']} {run.settings.model}": state.report_of(run) for run in runs}
    if len(found) < len(keys) or not all(found.values()):
        raise OptionError("a run stands there twice, or was not measured")
    path = state.session.folder / f"{secrets.token_hex(8)}.html"
    await asyncio.to_thread(measured().write_comparison, found, path, lang=lang)
    return {"address": f"/t/{state.tickets.give(Served(path, None, 'text/html'))}"}


async def save(state: State, request: Request) -> Any:
    """An address for what was said: the plan, the schema, the audit trail."""
    what = text_of(await said_in(request), "what")
    session = state.session
    texts: dict[str, Callable[[], str]] = {
        "plan.toml": lambda: recipes.toml(session.plan()),
        recipes.SCHEMA: lambda: session.schema.to_json() + "\n",
        table_recipes.KEYS: lambda: session.keys.to_json() + "\n",
        "trail.json": lambda: json.dumps(session.trail, indent=1, ensure_ascii=False) + "\n",
    }
    if what.startswith("hierarchy-"):
        found = await asyncio.to_thread(runs.hierarchies_of, state.session)
        texts |= {name: (lambda text=text: text) for name, text in found.items()}  # type: ignore[misc]
    if what not in texts:
        raise OptionError("there is no such file")
    path = session.folder / f"{secrets.token_hex(8)}.txt"
    path.write_text(texts[what](), encoding="utf-8")
    return {"address": f"/t/{state.tickets.give(Served(path, what, 'text/plain'))}"}
