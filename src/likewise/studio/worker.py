"""The process of one job: it runs commands of `likewise` one after the other and tells of them on a pipe, a JSON object
a line. On its standard input come the commands, and later perhaps the word "stop"; when that closes, whoever asked has
gone, and so does this process.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from rich.table import Table

from likewise.cli.app import app
from likewise.cli.terminal import SPEAKS, Terminal
from likewise.codecs.base import Search
from likewise.errors import LikewiseError
from likewise.studio.facts import preview
from likewise.training.loop import Enough, Event

EVERY = 0.1
"""Seconds between two events of a kind that comes often."""

Tell = Callable[..., None]


class Teller:
    """Writes events; one line each, whole, from whatever thread."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._lock, self._last = out, threading.Lock(), 0.0

    def __call__(self, event: str, **what: Any) -> None:
        line = json.dumps({"event": event, **{k: _plain(v) for k, v in what.items()}}, ensure_ascii=True)
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()

    def seldom(self, event: str, **what: Any) -> None:
        if time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self(event, **what)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Lines(io.TextIOBase):
    """Standard error as events: notes, and what a command fails with, to its last line."""

    def __init__(self, tell: Teller) -> None:
        self._tell, self._held, self._failed = tell, "", ""

    def write(self, text: str) -> int:
        *whole, self._held = (self._held + text).split("\n")
        for line in filter(None, map(str.strip, whole)):
            if self._failed or line.startswith("likewise: "):
                self._failed += ("\n" if self._failed else "") + line.removeprefix("likewise: ")
                self._tell("failed", text=self._failed)
            else:
                self._tell("note", text=line.removeprefix("note: "))
        return len(text)


def listener(tell: Teller, stop: threading.Event) -> type[Terminal]:
    """A terminal that turns what commands tell of their progress into events, and stops a training when asked."""

    class Listening(Terminal):
        def result(self, what: str | Table) -> None:
            if isinstance(what, str):
                tell("result", text=what)

        def note(self, text: str) -> None:
            tell("note", text=text)

        @contextmanager
        def doing(self, what: str) -> Iterator[None]:
            tell("phase", phase=what)
            yield

        @contextmanager
        def drawing(self) -> Iterator[Callable[[Search], None]]:
            tell("phase", phase="drawing")
            yield lambda search: tell.seldom(
                "search", found=search.found, wanted=search.wanted, tried=search.tried, share=search.share
            )

        @contextmanager
        def counting(self, what: str) -> Iterator[Callable[[int, int], None]]:
            tell("phase", phase=what)
            yield lambda done, total: tell.seldom("count", done=done, total=total)

        @contextmanager
        def training(self) -> Iterator[Callable[[Event], None]]:
            tell("phase", phase="learning")
            sampling = Sampling()

            def hear(event: Event) -> None:
                sampling(event, tell)
                _trained(event, tell, stop)

            yield hear

    return Listening


class Sampling:
    """Rows shown while a model learns, as often as takes a twentieth of the time."""

    n, share = 5, 0.05

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, event: Event, tell: Teller) -> None:
        began = time.monotonic()
        if event.rows is None or began < self._next:
            return
        with suppress(LikewiseError):  # too few rows keep the rules as yet
            tell("rows", epoch=event.epoch, **preview(event.rows(self.n)))
        self._next = (ended := time.monotonic()) + max((ended - began) / self.share, EVERY)


def _trained(event: Event, tell: Teller, stop: threading.Event) -> None:
    tell(
        "epoch", epoch=event.epoch, epochs=event.epochs, train=event.train_loss, held=event.holdout_loss,
        rate=event.rows_per_second, seconds=event.seconds, left=event.eta_seconds, unit=event.unit,
    )  # fmt: skip
    if stop.is_set() and event.unit == "epoch":
        raise Enough


def _listen(stop: threading.Event, given: IO[str]) -> None:
    for line in given:
        if line.strip() == "stop":
            stop.set()
    os._exit(3)  # the server is gone, and nobody would hear the end


def run(commands: list[list[str]], tell: Teller, stop: threading.Event) -> int:
    """All commands in turn, up to the first that fails; its exit code."""
    before = SPEAKS.set(listener(tell, stop))
    try:
        codes = (int(app(words, standalone_mode=False) or 0) for words in commands)
        return next(filter(None, codes), 0)
    finally:
        SPEAKS.reset(before)


def main() -> None:
    tell, stop = Teller(os.fdopen(os.dup(1), "w", encoding="utf-8")), threading.Event()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing that a library prints may get into the pipe
    given = os.fdopen(os.dup(0), "r", encoding="utf-8")
    commands = json.loads(given.readline())
    threading.Thread(target=_listen, args=(stop, given), daemon=True).start()
    sys.stderr = Lines(tell)
    tell("begun", seconds=time.process_time())
    try:
        code = run(commands, tell, stop)
    except Exception as error:  # what a foreign error says may hold a cell
        tell("failed", text=f"unexpected {type(error).__name__}, a fault in likewise")
        code = 9
    tell("ended", code=code)
    os._exit(code)


if __name__ == "__main__":
    main()
