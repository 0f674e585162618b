"""What the page may ask for. Every answer is JSON; what a person says comes as JSON too, but for the table itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from likewise.errors import OptionError
from likewise.rules.discovery import discover_rules
from likewise.studio import facts, hierarchies, protection, recipes, runs
from likewise.studio.handing import save, side_by_side, ticket
from likewise.studio.said import fields_of, number_of, said_in, scale_of, text_of, where_of, whole_of
from likewise.studio.session import Change, mix_of
from likewise.studio.state import Answer, State, measured
from likewise.studio.tables import KeyChange, columns_of
from likewise.studio.uploads import upload
from likewise.tables import files


async def told(state: State, request: Request) -> Any:
    return await state.changed(lambda: None)


async def demo(state: State, request: Request) -> Any:
    return await state.changed(state.open_demo, anew=True)


async def column(state: State, request: Request) -> Any:
    said = await said_in(request)
    change = Change(text_of(said, "column"), fields_of(said))
    return await state.changed(lambda: state.session.change(change))


async def try_column(state: State, request: Request) -> Any:
    said = await said_in(request)
    session, source = state.session, state.session.seen
    change = Change(text_of(said, "column"), fields_of(said))
    schema = await asyncio.to_thread(source.read_as, (*session.changes, change))
    return await asyncio.to_thread(facts.tried, source, schema, str(change.column))


async def declare(state: State, request: Request) -> Any:
    """Say of every column what it lacks: its kind as it is shown, or that no cell is missing."""
    what = text_of(await said_in(request), "what")
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
    source, schema = state.session.seen, state.session.schema
    found = await asyncio.to_thread(discover_rules, source.frame, schema)
    return {"proposed": [{"rule": p.rule, "rows": p.rows, "rate": p.likely} for p in found]}


async def key(state: State, request: Request) -> Any:
    """Take or refuse a key of several tables, keep a table as it is, or name the root."""
    said = await said_in(request)
    if unknown := set(said) - {one.name for one in fields(KeyChange)}:
        raise OptionError(f"of several tables nothing is called {sorted(unknown)[0]!r}")
    change = KeyChange(**said)
    return await state.changed(lambda: state.session.tell(change))


async def table(state: State, request: Request) -> Any:
    """The columns of one of several tables."""
    name, several, keys = text_of(await said_in(request), "table"), state.session.several, state.session.keys

    def found() -> Any:
        own = columns_of(keys, several.database, name)
        pictures = several.pictures.setdefault(name, {})
        return {"columns": facts.columns(own, several.database.tables[name], pictures)}

    return await asyncio.to_thread(found)


async def rule(state: State, request: Request) -> Any:
    said = await said_in(request)
    change = Change(rule=text_of(said, "rule"), holds=bool(said.get("holds", True)))
    return await state.changed(lambda: state.session.change(change))


async def settings(state: State, request: Request) -> Any:
    said = await said_in(request)
    return await state.changed(lambda: state.session.set(said))


async def protect(state: State, request: Request) -> Any:
    found = await asyncio.to_thread(protection.told, state.session, state.budget)
    return found | {"keeps_budget": state.keeps_budget}


async def risk(state: State, request: Request) -> Any:
    """What is at risk where each quasi-identifier is told at a level of its hierarchy."""
    levels = (await said_in(request)).get("levels", {})
    session, source = state.session, state.session.seen
    if not isinstance(levels, dict):
        raise OptionError("levels are whole numbers from 0, by the names of columns")
    return await asyncio.to_thread(state.risks.told, source, session.schema, session.edits, session.settings.k, levels)


async def hierarchy(state: State, request: Request) -> Any:
    """Edit the hierarchy of a quasi-identifier, take the last edit back, or all of a column."""
    said = await said_in(request)
    session, source = state.session, state.session.seen

    def work() -> None:
        if said.get("do") == "undo":
            session.edits = session.edits[:-1]
        elif said.get("do") == "reset":
            session.edits = tuple(edit for edit in session.edits if edit.column != said.get("column"))
        else:
            edit = hierarchies.Edit.said(said)
            session.edits = hierarchies.with_edit(source, session.schema, session.settings.k, session.edits, edit)
        session.noted("edited", **said)

    return await state.changed(work)


async def budget(state: State, request: Request) -> Any:
    """Set the total of the odometer."""
    said = await said_in(request)
    session = state.session
    asked = session.settings.with_({"epsilon": number_of(said, "epsilon"), "pay": ()})
    several = session.tables is not None
    total = asked.budget(root=session.keys.root) if several else asked.budget(session.schema.entity)
    await asyncio.to_thread(protection.begin_account, state.budget, session.name, total)
    session.noted("began_budget", epsilon=total.epsilon, delta=total.delta, of=total.unit)
    return {}


async def advise(state: State, request: Request) -> Any:
    runs.begin_advice(state)
    return await state.changed(lambda: None)


async def fit(state: State, request: Request) -> Any:
    # Not in a thread: the queue belongs to the event loop.
    runs.begin(state)
    return await state.changed(lambda: None)


async def stop(state: State, request: Request) -> Any:
    await state.jobs.stop(text_of(await said_in(request), "job"))
    return {}


async def cancel(state: State, request: Request) -> Any:
    await state.jobs.cancel(text_of(await said_in(request), "job"))
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
    run, where = state.session.run(text_of(said, "run")), list(where_of(said))
    if run.settings.time is not None or state.session.tables is not None:
        return {}  # conditions on histories are on whole ones, and those are not counted here

    def counted() -> dict[str, Any]:
        frames = {"drawn": files.read(run.folder / recipes.ROWS)}
        if run.settings.purpose != "budget":  # a count of real rows would cost
            frames["real"] = state.session.table.frame
        shares = {name: facts.share_of(frame, run.schema, where) for name, frame in frames.items()}
        classes = {name: facts.classes(frame, run.schema, where) for name, frame in frames.items()}
        return shares | {"target": run.schema.target, "classes": classes}

    return await asyncio.to_thread(counted)


async def draw(state: State, request: Request) -> Any:
    said = await said_in(request)
    session = state.session
    run = session.run(text_of(said, "run"))
    session.draw_seed = whole_of(said, "seed", 0, 0)
    if session.tables is not None:
        session.scale, session.where = scale_of(said), where_of(said)
    else:
        session.where, session.n_rows = where_of(said), whole_of(said, "rows", 1, 1000)
        session.mix = mix_of(said.get("mix", {}))
        session.steps = None if said.get("steps") is None else whole_of(said, "steps", 1, 1)
        if session.steps is not None and (run.settings.time is None or run.settings.purpose == "budget"):
            session.steps = None
            raise OptionError("only histories go on, and not within a budget: what is given out holds the real rows")
    runs.begin_draw(state, run)
    return await state.changed(lambda: None)


async def gate(state: State, request: Request) -> Any:
    """Hold a run against rules in TOML."""
    said = await said_in(request)
    text = text_of(said, "rules")
    report = state.report_of(state.session.run(text_of(said, "run")))
    if report is None:
        raise OptionError("nothing was measured in this run")
    found = await asyncio.to_thread(lambda: measured().outcomes(report, text))
    state.session.gate = text
    return {"outcomes": found}


ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/api/state", told), ("PUT", "/api/data", upload), ("POST", "/api/demo", demo),
    ("POST", "/api/column", column), ("POST", "/api/column/try", try_column), ("POST", "/api/undo", undo),
    ("POST", "/api/declare", declare),
    ("POST", "/api/redo", redo), ("POST", "/api/rules", propose), ("POST", "/api/rule", rule),
    ("POST", "/api/key", key), ("POST", "/api/table", table), ("POST", "/api/risk", risk),
    ("POST", "/api/hierarchy", hierarchy),
    ("POST", "/api/settings", settings), ("POST", "/api/protect", protect), ("POST", "/api/budget", budget),
    ("POST", "/api/advise", advise), ("POST", "/api/fit", fit), ("POST", "/api/stop", stop),
    ("POST", "/api/cancel", cancel), ("GET", "/api/events", events), ("POST", "/api/odds", odds),
    ("POST", "/api/draw", draw), ("POST", "/api/gate", gate), ("POST", "/api/ticket", ticket),
    ("POST", "/api/save", save), ("POST", "/api/compare", side_by_side),
)  # fmt: skip
