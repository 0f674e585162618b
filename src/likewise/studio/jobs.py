"""Long work: one process a job, one job at a time, the others wait in order. What a job told so far is kept, so that a
page that is loaded again finds it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likewise.errors import OptionError
from likewise.studio.faults import ended, job_note

GRACE = 3.0
"""Seconds that a process has to end by itself."""
HEARTBEAT = 10.0
MOST_LINE = 2**20
OVER = ("done", "failed", "cancelled")
KEPT = 200
"""Notes and points of a curve that a job keeps, at most."""


@dataclass
class Job:
    """A job, and all that it told.

    Args:
        kind: what it does, for the page.
        commands: words behind `likewise`, in turn.
        folder: where they run.
        ended: called when it is over, with the job.
    """

    kind: str
    commands: Sequence[Sequence[str]]
    folder: Path
    ended: Callable[[Job], None] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    status: str = "queued"
    phase: str = ""
    curve: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    error: str | None = None
    code: int = 0
    began: float | None = None
    seconds: float = 0.0
    is_stopping: bool = False
    version: int = 0

    def told(self) -> dict[str, Any]:
        names = ("id", "kind", "status", "phase", "curve", "rows", "search", "seconds", "is_stopping")
        told = {name: getattr(self, name) for name in names} | {"notes": list(map(job_note, self.notes))}
        return told | {"error": None if self.error is None else ended(self.error, self.code)}

    def hear(self, event: dict[str, Any]) -> None:
        """Take in one event of its process."""
        kind = event.pop("event", "")
        if kind == "epoch":
            self.curve.append(event)
            if len(self.curve) > KEPT:
                del self.curve[1:-1:2]
        elif kind == "phase":
            self.phase = event["phase"]
        elif kind == "rows":
            self.rows = event
        elif kind in ("search", "count"):
            self.search = event
        elif kind == "note" and len(self.notes) < KEPT:
            self.notes.append(event["text"])
        elif kind == "failed":
            self.error = event["text"]


class Jobs:
    """The queue and the one process that runs."""

    def __init__(self) -> None:
        self.all: list[Job] = []
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._running: Job | None = None
        self._wake = asyncio.Event()
        self.edition = 0
        """Of what a person has said; pages of other tabs hear when it rises."""

    def said(self) -> None:
        """Something was said: whoever listens is told."""
        self.edition += 1
        self._woken()

    def add(self, job: Job) -> Job:
        self.all.append(job)
        self._waiting.put_nowait(job)
        self._changed(job)
        return job

    @property
    def is_busy(self) -> bool:
        return any(job.status not in OVER for job in self.all)

    def find(self, key: str) -> Job:
        found = next((job for job in self.all if job.id == key), None)
        if found is None:
            raise OptionError("there is no such job")
        return found

    async def run(self) -> None:
        """Work through the queue until cancelled."""
        try:
            while True:
                job = await self._waiting.get()
                if job.status == "queued":
                    await self._seen_through(job)
        finally:
            await self._end_process()

    async def _seen_through(self, job: Job) -> None:
        """Do a job, and let nothing that goes wrong with it keep the next ones from their turn."""
        try:
            await self._work(job)
        except Exception as error:
            await self._end_process()
            self._process = self._running = None
            job.status, job.error = "failed", f"unexpected {type(error).__name__}, a fault in likewise"
            self._changed(job)

    async def _work(self, job: Job) -> None:
        job.status, job.began, self._running = "running", time.monotonic(), job
        self._changed(job)
        # -P: modules come from where Python is installed, never from the folder that a person stands in.
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "likewise.studio.worker", cwd=job.folder, limit=MOST_LINE,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(job.folder))},  # which goes at the end
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(list(map(list, job.commands))).encode() + b"\n")
        async for line in process.stdout:
            if not line.endswith(b"\n"):  # a process that was killed in the middle of it
                break
            job.hear(json.loads(line))
            job.seconds = time.monotonic() - job.began
            self._changed(job)
        job.code = code = await process.wait()
        self._process = self._running = None
        job.seconds = time.monotonic() - job.began
        if job.status == "running":
            job.status = "failed" if code else "done"
        if code and job.status == "failed" and job.error is None:
            job.error = f"the process ended with code {code}"
            if code < 0:
                job.error = f"the process was ended from outside (signal {-code}): perhaps memory ran out"
        if job.ended is not None:
            await asyncio.to_thread(job.ended, job)
        self._changed(job)

    async def clear(self) -> None:
        """Cancel what is not over, and forget all: another table is opened."""
        for job in list(self.all):
            await self.cancel(job.id)
        self.all.clear()

    async def stop(self, key: str) -> None:
        """Stop the training, and keep the best so far."""
        job = self.find(key)
        if job is self._running and self._process is not None and self._process.stdin is not None:
            job.is_stopping = True
            self._process.stdin.write(b"stop\n")
            self._changed(job)

    async def cancel(self, key: str) -> None:
        """End a job, and keep nothing of it."""
        job = self.find(key)
        if job.status in OVER:
            return
        job.status = "cancelled"
        if job is self._running:
            await self._end_process()
        self._changed(job)

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _changed(self, job: Job) -> None:
        job.version += 1
        self._woken()

    def _woken(self) -> None:
        old, self._wake = self._wake, asyncio.Event()
        old.set()

    async def changes(self) -> AsyncIterator[dict[str, Any] | None]:
        """Each job when it changes, at first all of them, and the edition; None now and then, so that a lost listener
        is noticed."""
        seen: dict[str, int] = {}
        edition = self.edition
        while True:
            wake = self._wake
            if self.edition != edition:
                edition = self.edition
                yield {"edition": edition}
            for job in list(self.all):
                if seen.get(job.id) != job.version:
                    seen[job.id] = job.version
                    yield job.told()
            try:
                await asyncio.wait_for(wake.wait(), HEARTBEAT)
            except TimeoutError:
                yield None
