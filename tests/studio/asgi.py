"""Raw calls of the application, as a server would make them: each header as it stands, nothing added."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from likewise.studio.guard import App
from likewise.studio.jobs import Jobs
from likewise.studio.server import application
from likewise.studio.session import Session
from likewise.studio.state import State
from likewise.studio.tickets import Tickets

PORT, TOKEN = 8123, "a-token"
HOST = f"127.0.0.1:{PORT}"


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Studio:
    """An application with its state, and calls of it."""

    state: State
    app: App

    def call(
        self, method: str, path: str, said: Any = None, *, host: str | None = HOST, token: str | None = TOKEN,
        headers: Iterable[tuple[str, str]] = (), chunks: Iterable[bytes] | None = None, query: str = "",
    ) -> Answer:  # fmt: skip
        given = [*headers]
        if host is not None:
            given.insert(0, ("host", host))
        if token is not None:
            given.append(("x-likewise-token", token))
        body = [json.dumps(said).encode()] if chunks is None else list(chunks)
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in given], "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }  # fmt: skip
        return asyncio.run(_call(self.app, scope, body if method in ("POST", "PUT") else []))

    def open_frame(self, frame: pl.DataFrame, name: str = "table.csv") -> Answer:
        return self.call("PUT", "/api/data", chunks=[frame.write_csv().encode()], query=f"name={name}")


async def _call(app: App, scope: dict[str, Any], body: list[bytes]) -> Answer:
    answer, to_come = Answer(), [*(body or [b""])]
    ended = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if scope["type"] == "websocket":
            return {"type": "websocket.connect"}
        if to_come:
            chunk = to_come.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(to_come)}
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.messages.append(dict(message))
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")
            if not message.get("more_body", False):
                ended.set()

    await app(scope, receive, send)
    return answer


def websocket(app: App, path: str, headers: Iterable[tuple[str, str]]) -> Answer:
    scope = {"type": "websocket", "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers]}
    return asyncio.run(_call(app, scope, []))


@contextmanager
def studio(folder: Path) -> Iterator[Studio]:
    state = State(Session(folder), Jobs(), Tickets(), lang="en", budget=None)
    yield Studio(state, application(state, TOKEN, PORT, lambda: None))
