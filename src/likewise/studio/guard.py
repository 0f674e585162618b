"""What stands before the whole application: it refuses by default, for every kind of connection.

A page of another site can make a browser send requests here, also under a name that it lets point at this machine (DNS
rebinding). So a request must name this machine in `Host`, must not come from another site (`Sec-Fetch-Site`, `Origin`),
and must carry a token that only the page knows for all that tells or does something. WebSockets are closed unheard:
nothing here needs one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from likewise.studio.faults import fault

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = b"x-likewise-token"
NAMES = ("127.0.0.1", "localhost", "[::1]")
METHODS = ("GET", "HEAD", "POST", "PUT")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """The outermost layer of the application.

    Args:
        app: what stands behind it.
        token: what calls to /api/ must carry.
        port: that it listens on, which `Host` must name, too.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"{name}:{port}".encode() for name in NAMES} | {n.encode() for n in NAMES if port == 80}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refused = self._refusal(scope)
            if refused is None:
                await self._app(scope, receive, with_headers(send))
            else:
                await refuse(with_headers(send), *refused)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, or None for a request that may pass."""
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "this server answers to this machine's own name only"
        if any(site not in (b"same-origin", b"none") for site in _values(scope, b"sec-fetch-site")):
            return 403, "the request comes from another site"
        if any(origin.lower() != b"http://" + hosts[0].lower() for origin in _values(scope, b"origin")):
            return 403, "the request comes from another origin"
        if scope["method"] not in METHODS:
            return 405, "no such method"
        path = scope["path"]
        if path.startswith("/api/"):
            given = _values(scope, TOKEN_HEADER)
            # As bytes: a text that is not ASCII would be an error and not a refusal.
            if len(given) != 1 or not secrets.compare_digest(given[0], self._token):
                return 401, "the token is lacking or wrong: open the address that likewise studio printed"
        elif scope["method"] not in ("GET", "HEAD"):
            return 405, "no such method"
        return None


def _values(scope: Scope, name: bytes) -> list[bytes]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for key, value in headers if key.lower() == name]


def with_headers(send: Send) -> Send:
    """Every answer carries the headers; one that brings a policy of its own keeps it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", []))
            named = {name.lower() for name, _ in own}
            wanted = (*HEADERS, (b"content-security-policy", POLICY.encode()))
            message["headers"] = [*own, *(pair for pair in wanted if pair[0] not in named)]
        await send(message)

    return sending


async def refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": fault(reason)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
