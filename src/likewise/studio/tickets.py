"""One-time addresses of what a frame shows or a person downloads: these carry no header, so no token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
"""For which a ticket is good, if nobody uses it."""


@dataclass(frozen=True)
class Served:
    """What a ticket is for.

    Args:
        file: what is given out.
        name: under which it is saved; None shows it as a page in a frame.
        media: its type.
    """

    file: Path
    name: str | None
    media: str


class Tickets:
    """Tickets that were given out; each is taken once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Served]] = {}

    def give(self, served: Served, seconds: float = SECONDS) -> str:
        now = self._clock()
        self._known = {key: one for key, one in self._known.items() if one[0] > now}
        key = secrets.token_urlsafe(24)
        self._known[key] = (now + seconds, served)
        return key

    def take(self, key: str) -> Served | None:
        """What it was for, the first time and in time; None otherwise."""
        ends, served = self._known.pop(key, (0.0, None))
        return served if ends > self._clock() else None
