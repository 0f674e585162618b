"""The server of the page: it listens on this machine alone, and ends with whoever started it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files as resources
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from likewise.databases.database import Database
from likewise.errors import InputError, OutputError
from likewise.schema.dialect import Dialect
from likewise.studio.api import ROUTES
from likewise.studio.faults import fault
from likewise.studio.guard import App, Guard, Receive, Scope, Send
from likewise.studio.jobs import Jobs
from likewise.studio.session import AS_FOUND, Session, Source
from likewise.studio.state import State, written_by
from likewise.studio.tables import Tables, holds_several
from likewise.studio.tickets import Served, Tickets
from likewise.studio.words import WORDS

IDLE_SECONDS = 30 * 60.0
"""After which a server ends that nobody asked anything; an open page is somebody who asks."""
BROWSER_SECONDS = 300.0
"""That a browser may take to open the page."""
SCREENS = ("columns", "tables", "protect", "hierarchies", "train", "out", "rows")
SCRIPTS = ("app.js", "parts.js", *(f"{name}.js" for name in SCREENS), "vendor/htm-preact.js")
ASSETS = {"index.html": "text/html", "studio.css": "text/css", **dict.fromkeys(SCRIPTS, "text/javascript")}
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "frame-ancestors 'self'"
)


@dataclass
class Watch:
    """When somebody last asked for something, and how many still wait for the end of an answer: an open page always
    does."""

    seconds: float = IDLE_SECONDS
    last: float = field(default_factory=time.monotonic)
    waiting: int = 0

    def over(self, app: App) -> App:
        """The application, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            is_asked = scope["type"] == "http"
            self.waiting += is_asked
            try:
                await app(scope, receive, send)
            finally:
                self.waiting -= is_asked
                self.last = time.monotonic()

        return watched

    @property
    def is_over(self) -> bool:
        return not self.waiting and time.monotonic() - self.last > self.seconds


def application(state: State, token: str, port: int, stop: Callable[[], None], watch: Watch | None = None) -> App:
    """The whole application behind its guard.

    Args:
        token: what calls to /api/ must carry.
        port: that it will listen on.
        stop: called when a person ends it, or nobody has asked for long.
    """
    watch = watch or Watch()
    static = {name: resources(__package__).joinpath("static", name).read_bytes() for name in ASSETS}

    async def page(request: Request) -> Response:
        return Response(static["index.html"], media_type="text/html")

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]  # a key of a table, never a path
        if name == "words.json":
            return JSONResponse(WORDS)
        if name not in static:
            return JSONResponse({"error": fault("no such file")}, 404)
        return Response(static[name], media_type=ASSETS[name])

    async def ticket(request: Request) -> Response:
        served = state.tickets.take(request.path_params["key"])
        if served is None or not served.file.is_file():
            said = fault("this address was good once, and for a minute; ask for it anew")
            return JSONResponse({"error": said}, 410)
        if served.name is not None:
            return FileResponse(served.file, media_type=served.media, filename=served.name)
        return FileResponse(served.file, media_type=served.media, headers={"content-security-policy": FRAME_POLICY})

    async def end(request: Request) -> Response:
        state.session.noted("ended")
        asyncio.get_running_loop().call_later(0.2, stop)
        return JSONResponse({})

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async def idle() -> None:
            while not (watch.is_over and not state.jobs.is_busy):
                await asyncio.sleep(min(5.0, watch.seconds / 4))
            stop()

        tasks = [asyncio.create_task(state.jobs.run()), asyncio.create_task(idle())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    routes = [
        Route("/", page),
        Route("/static/{name:path}", asset),
        Route("/t/{key}", ticket),
        Route("/api/quit", end, methods=["POST"]),
        *(Route(path, state.answering(answer), methods=[method]) for method, path, answer in ROUTES),
    ]
    inner = Starlette(routes=routes, lifespan=life)
    inner.router.redirect_slashes = False
    return Guard(watch.over(inner), token, port)


def serve(
    file: Path | None = None,
    *,
    port: int = 0,
    open_browser: bool = True,
    lang: str = "en",
    plan: Path | None = None,
    blind: bool = False,
    budget: Path | None = None,
    written: Dialect = AS_FOUND,
    tell: Callable[[str], None] = print,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Serve the page until it is ended; everything it wrote is removed then.

    Args:
        file: a table to begin with, read where it lies.
        port: 0 takes a free one.
        lang: the language it begins in.
        plan: what a person said before, as the page saves it.
        blind: look at the file's header only.
        written: what is said of how the file is written.
        budget: the file in which fits of differential privacy are counted; None keeps one for this session.
        tell: is told the address, with the token in it.

    Raises:
        InputError: the file or the plan cannot be read.
        OutputError: the port is taken.
    """
    mask = os.umask(0o077)
    folder = Path(tempfile.mkdtemp(prefix="likewise-studio-"))  # mode 0700
    try:
        session = Session(folder)
        state = State(session, Jobs(), Tickets(), lang=lang, budget=budget)
        if file is not None:
            own = written if plan is None else written.told(**written_by(plan))
            open_file(session, file.absolute(), blind=blind, written=own)
        if plan is not None:
            state.follow(plan)
        listening = _listening(port)
        taken, token = listening.getsockname()[1], secrets.token_urlsafe(32)
        holder: list[uvicorn.Server] = []

        def stop() -> None:
            holder[0].should_exit = True

        app = application(state, token, taken, stop, Watch(idle_seconds))
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, ws="none", lifespan="on", server_header=False,
            date_header=False, timeout_graceful_shutdown=2, http="h11",
        )  # fmt: skip
        holder.append(uvicorn.Server(config))
        address = f"http://127.0.0.1:{taken}/#token={token}"
        tell(address)
        sys.stdout.flush()
        if open_browser:
            place = f"http://127.0.0.1:{taken}/#enter={_entry(state, token)}"
            threading.Timer(0.3, webbrowser.open, (place,)).start()
        with _ended_by_signals(stop):
            holder[0].run(sockets=[listening])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.umask(mask)


def open_file(session: Session, file: Path, *, blind: bool, written: Dialect = AS_FOUND) -> None:
    """Begin with a table, or with several: a folder, a workbook, a file of SQLite.

    Raises:
        InputError: it cannot be read, or several are to be opened blind.
    """
    if file.is_dir() or (file.is_file() and holds_several(file)):
        if blind:
            raise InputError("several tables have no blind mode: their rows are read to find their keys")
        if Database.lies_at(file):
            session.opened_tables(Tables.open(file, file.name))
            return
    session.opened(Source.open(file, file.name, blind=blind, written=written))


def _entry(state: State, token: str) -> str:
    """A ticket for the token: what a browser is called with may be read by others on this machine, and is good once."""
    path = state.session.folder / "token.json"
    path.write_text(json.dumps({"token": token}), encoding="utf-8")
    return state.tickets.give(Served(path, None, "application/json"), BROWSER_SECONDS)


@contextmanager
def _ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Signals end the server and not the process, so that its files are removed; uvicorn raises them once more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    named = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(one, signal.signal(one, lambda *_: stop())) for one in named]
    try:
        yield
    finally:
        for one, handler in before:
            signal.signal(one, handler)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise OutputError(f"port {port} of this machine cannot be taken: {error.strerror}") from None
