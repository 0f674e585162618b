"""Several processes of this machine.

Each is a fresh interpreter, so that torch is never forked and no script runs twice, and one thread of this process
talks to it through pipes. Where a pipe ends the worker has died: another one gets its item.
"""

from __future__ import annotations

import os
import pickle
import queue
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, Self

from likewise.engines.base import TRIES, C, Call, R, Rank, T, died
from likewise.engines.threads import ONE_THREAD
from likewise.errors import EngineError

_START = """import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from likewise.engines.worker import serve
serve()"""


class Died(Exception):
    """A worker has ended without an answer."""


class Worker:
    """One process, which does one thing at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        self._knows: int | None = None
        self._send(sys.path)

    @property
    def pid(self) -> int:
        return self._process.pid

    def do(self, call: Call, item: Any) -> Any:
        """What a call gives for an item.

        Raises:
            Died: the process ended before it had an answer.
        """
        if self._knows != call.number:
            self._send(call)
            self._knows = call.number
        self._send(item)
        assert self._process.stdout is not None
        try:
            done, result = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.kill()
            raise Died from None
        if done:
            return result
        raise result

    def _send(self, what: Any) -> None:
        assert self._process.stdin is not None
        message = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
        except OSError:
            self.kill()
            raise Died from None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was still to be sent
                pipe.close()


class ProcessEngine:
    """Does work in processes of this machine.

    Args:
        workers: how many; None takes one for each processor that this process may use.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or processors()
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="worker")
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._all: list[Worker] = []
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Of the processes that were started and have not died."""
        return [worker.pid for worker in self._all]

    def map(self, fn: Callable[[T, C], R], items: Iterable[T], common: C) -> Iterator[R]:
        """As `Engine.map` says."""
        call = Call.of(fn, common)
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(self._threads.submit(self._do, call, item))
                if len(waiting) == 2 * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def run(self, fn: Callable[[Rank, C], R], ranks: int, common: C) -> list[R]:
        """As `Engine.run` says; ranks are processes of their own, beside those that map."""
        call = Call.of(fn, common)
        for _ in range(TRIES):
            address = f"tcp://127.0.0.1:{free_port()}"
            gang = [Worker() for _ in range(ranks)]
            self._all += gang
            try:
                if self._closed:  # while they were started
                    break
                with ThreadPoolExecutor(ranks) as threads:
                    asked = [threads.submit(w.do, call, Rank(i, ranks, address)) for i, w in enumerate(gang)]
                    done, _ = wait(asked, return_when=FIRST_EXCEPTION)
                    faults = [error for future in done if (error := future.exception()) is not None]
                    if faults:
                        _kill(gang)  # the others wait for one that will not come
                if not faults:
                    return [future.result() for future in asked]
                if self._closed or not isinstance(faults[0], Died):
                    raise faults[0]
            finally:
                _kill(gang)
                self._all = [worker for worker in self._all if worker not in gang]
        raise EngineError(died("a rank"))

    def _do(self, call: Call, item: Any) -> Any:
        for _ in range(TRIES):
            worker = self._taken()
            try:
                return worker.do(call, item)
            except Died:
                self._all.remove(worker)
                if self._closed:
                    break
            finally:
                if worker in self._all:
                    self._idle.put(worker)
        raise EngineError(died("an item"))

    def _taken(self) -> Worker:
        """A worker that is idle, or a new one: there is never more than one for each thread."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            worker = Worker()
            self._all.append(worker)
            return worker

    def close(self) -> None:
        """As `Engine.close` says."""
        self._closed = True
        _kill(self._all)
        self._threads.shutdown(cancel_futures=True)
        _kill(self._all)  # one that was just being started
        self._all = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kill(workers: Iterable[Worker]) -> None:
    for worker in list(workers):
        worker.kill()


def processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
