"""Runs: what is queued for one, and what is gathered when it has ended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from likewise.errors import OptionError
from likewise.studio import facts, hierarchies, recipes, table_recipes, tables
from likewise.studio.jobs import Job
from likewise.studio.session import Run, Session
from likewise.studio.spoken import LANGUAGES
from likewise.studio.state import State, measured
from likewise.studio.tables import Tables
from likewise.tables import files

SHOWN = 12
"""The last rows of histories that were gone on with."""


def begin(state: State) -> None:
    """Queue a run of the settings as they are."""
    session, settings = state.session, state.session.settings
    folder = session.new_folder()
    if session.tables is not None:
        commands, shown = _with_tables(session, session.tables, folder)
    else:
        commands, shown = _with_table(session, folder)
    if settings.purpose != "rows":
        measured = session.tables is None or table_recipes.is_measured(settings)
        commands += [recipes.sheet_command(settings.purpose == "budget", lang, measured=measured) for lang in LANGUAGES]
    job = Job("fit", [[str(state.budget) if word == recipes.BUDGET else word for word in words] for words in commands],
              folder)  # fmt: skip
    run = Run(folder.name, settings, session.read, folder, job.id, {"n": len(session.runs) + 1})
    job.ended = lambda ended: finish(state, run, ended)
    session.runs.append(run)
    session.noted("began", run=run.facts["n"], command=recipes.line(shown))
    state.jobs.add(job)


def _with_table(session: Session, folder: Path) -> tuple[list[list[str]], list[str]]:
    """What a run with one table is, and as it is shown; what it reads is written."""
    source, schema = session.table, session.schema
    (folder / recipes.SCHEMA).write_text(schema.to_json() + "\n", encoding="utf-8")
    for file, text in hierarchies_of(session).items():
        (folder / file).write_text(text, encoding="utf-8")
    return [recipes.fit_command(str(source.path), session)], recipes.fit_command(source.name, session)


def _with_tables(session: Session, several: Tables, folder: Path) -> tuple[list[list[str]], list[str]]:
    """The same of several."""
    (folder / table_recipes.KEYS).write_text(session.keys.to_json() + "\n", encoding="utf-8")
    asked = (several, session.keys, session.settings)
    shown = table_recipes.fit_command(table_recipes.shown(several), *asked)
    return [table_recipes.fit_command(str(several.path), *asked)], shown


def hierarchies_of(session: Session) -> dict[str, str]:
    """File -> text, of the hierarchies that were edited."""
    named = recipes.hierarchy_files(session.schema, session.edits)
    if session.settings.purpose != "rows" or not named:
        return {}
    texts = hierarchies.edited(session.table, session.schema, session.edits, session.settings.k)
    return {file: texts[name] for name, file in named.items()}


def finish(state: State, run: Run, job: Job) -> None:
    """Gather what a run left behind."""
    session = state.session
    session.noted(job.status, run=run.facts["n"], seconds=round(job.seconds, 1))
    if job.status != "done":
        return
    run.facts["seconds"] = job.seconds
    if session.tables is not None:
        rows = run.folder / table_recipes.place(session.tables, table_recipes.ROWS)
        found = facts.previews(rows)
        tables.packed(rows)
        run.facts |= {"preview": found[0], "previews": found}
    else:
        run.facts["preview"] = facts.preview(files.read(run.folder / recipes.ROWS))
    if run.settings.purpose == "rows":
        told = json.loads((run.folder / recipes.JSON).read_text(encoding="utf-8"))
        run.facts["recoded"] = {name: told[name] for name in ("levels", "n_rows", "n_suppressed", "gcp")}
        run.facts["recoded"]["k"] = told["measures"]["k"]
    report = state.report_of(run)
    if report is not None:
        run.facts["scores"] = measured().scores(report)


# ---- draws -----------------------------------------------------------------------------------------------------------


def begin_draw(state: State, run: Run) -> None:
    """Queue a draw of what was asked of a run's rows."""
    session, several = state.session, state.session.tables
    if several is None:
        shown = recipes.draw_command(session, run)
        command = recipes.draw_command(session, run, str(session.table.path))
        folder, ended = run.folder, _drawn(run) if session.steps is None else _longer(run)
    else:
        shown = table_recipes.draw_command(recipes.MODEL, several, session)
        command = table_recipes.draw_command(str(run.folder / recipes.MODEL), several, session)
        # In a folder of its own: what is drawn anew replaces nothing half.
        folder = session.new_folder()
        ended = _drawn_tables(run, folder, folder / table_recipes.place(several, table_recipes.DRAWN))
    session.noted("drew", run=run.facts["n"], command=recipes.line(shown))
    state.jobs.add(Job("draw", [command], folder, ended))


def _drawn(run: Run) -> Callable[[Job], None]:
    def ended(job: Job) -> None:
        if job.status == "done":
            run.facts["drawn"] = facts.preview(files.read(run.folder / recipes.DRAWN))

    return ended


def _longer(run: Run) -> Callable[[Job], None]:
    def ended(job: Job) -> None:
        if job.status == "done":
            rows = files.read(run.folder / recipes.LONGER)
            run.facts["longer"] = facts.preview(rows.tail(SHOWN), SHOWN) | {"n": rows.height}

    return ended


def _drawn_tables(run: Run, folder: Path, place: Path) -> Callable[[Job], None]:
    def ended(job: Job) -> None:
        if job.status == "done":
            found = facts.previews(place)
            packed = tables.packed(place)
            packed.replace(run.folder / packed.name)
            run.facts |= {"drawn": found[0], "drawn_tables": found}
        shutil.rmtree(folder, ignore_errors=True)

    return ended


# ---- advice ----------------------------------------------------------------------------------------------------------


def begin_advice(state: State) -> None:
    """Queue the question whether balancing helps."""
    session, source = state.session, state.session.table
    if source.blind or session.schema.target is None:
        raise OptionError("say which column is the target, of a table whose rows may be looked at")
    folder = session.new_folder()
    (folder / recipes.SCHEMA).write_text(session.schema.to_json() + "\n", encoding="utf-8")
    command = recipes.advice_command(str(source.path), session)
    session.noted("asked", command=recipes.line(recipes.advice_command(source.name, session)))

    def ended(job: Job) -> None:
        if job.status == "done":
            found = json.loads((folder / recipes.ADVICE).read_text(encoding="utf-8"))
            session.advice = str(found["recommendation"])

    state.jobs.add(Job("advise", [command], folder, ended))
