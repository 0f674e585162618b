"""Ray Core: tasks on this machine, or on those of a cluster.

Items and results pass through Ray, so both are small: numbers of shards, paths, summaries. Rows are read and written by
the tasks themselves. Never Ray Data, whose blocks come in no fixed order.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Self

from likewise.engines.base import TRIES, C, Call, R, Rank, T, died, sendable
from likewise.engines.processes import processors
from likewise.engines.threads import ONE_THREAD
from likewise.errors import EngineError, MissingExtraError, OptionError

PATIENCE = 10.0
"""Seconds that a cluster has to answer."""

_SETTINGS = b"\x04"
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + _SETTINGS + b"\0\0\0\0\0"
"""What a client of gRPC says first, and the type of frame that a server answers it with (RFC 9113, 3.4)."""

OBJECTS = 2**30
"""Bytes of shared memory for items, results and what they share, where Ray is started here."""


class RayEngine:
    """Does work as tasks of Ray.

    Args:
        workers: how many at a time; None takes one for each processor of this machine, or of the cluster.
        address: of the cluster; None takes the one that this process is connected to, or starts Ray here, and stops it
            at the end.

    Raises:
        MissingExtraError: Ray is not installed.
        EngineError: no cluster answers.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            raise MissingExtraError("ray", "ray") from None
        self._own = not self._ray.is_initialized()
        if self._own:
            _connect(self._ray, workers, address)
        self.workers = workers or self._processors

    @property
    def _processors(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def map(self, fn: Callable[[T, C], R], items: Iterable[T], common: C) -> Iterator[R]:
        """As `Engine.map` says."""
        call = self._ray.put(Call.of(fn, common))
        task = self._ray.remote(max_retries=TRIES - 1)(_task)
        waiting: deque[Any] = deque()
        running: list[Any] = []
        try:
            for item in items:
                while len(running) == self.workers:
                    _, running = self._ray.wait(running, num_returns=1)
                running.append(task.remote(call, item))
                waiting.append(running[-1])
                if len(waiting) == 2 * self.workers:
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            for left in waiting:
                self._ray.cancel(left, force=True)

    def run(self, fn: Callable[[Rank, C], R], ranks: int, common: C) -> list[R]:
        """As `Engine.run` says; each rank is an actor of one processor."""
        if ranks > self._processors:
            raise OptionError(f"{ranks} ranks need as many processors, and the cluster has {self._processors}")
        call = self._ray.put(Call.of(fn, common))
        member = self._ray.remote(num_cpus=1)(_Member)
        for _ in range(TRIES):
            gang = [member.remote() for _ in range(ranks)]
            try:
                address = self._ray.get(gang[0].address.remote())
                asked = [actor.do.remote(call, Rank(i, ranks, address)) for i, actor in enumerate(gang)]
                left = list(asked)
                while left:  # the first that fails is heard before those that wait for it
                    (done,), left = self._ray.wait(left, num_returns=1)
                    self._result(done)
                return [self._result(one) for one in asked]
            except _Died:
                continue
            finally:
                for actor in gang:
                    self._ray.kill(actor)
        raise EngineError(died("a rank"))

    def _result(self, ref: Any) -> Any:
        of_ray = self._ray.exceptions
        try:
            done, result = pickle.loads(self._ray.get(ref))
        except of_ray.RayActorError:
            raise _Died from None
        except (of_ray.WorkerCrashedError, of_ray.OutOfMemoryError, of_ray.NodeDiedError):
            raise EngineError(died("an item")) from None
        if done:
            return result
        raise result

    def close(self) -> None:
        """As `Engine.close` says."""
        if self._own:
            self._ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Died(Exception):
    """A rank has ended without an answer."""


class _Member:
    """A rank, as an actor."""

    def address(self) -> str:
        """One at which it may listen, for the others to find it."""
        host = import_module("ray").util.get_node_ip_address()
        with socket.socket() as listener:
            listener.bind((host, 0))
            return f"tcp://{host}:{listener.getsockname()[1]}"

    def do(self, call: Call, rank: Rank) -> bytes:
        return _task(call, rank)


_LOADED: dict[int, tuple[Callable[[Any, Any], Any], Any]] = {}
"""The last call that this worker was asked for: its function, and what its items share."""


def _task(call: Call, item: Any) -> bytes:
    """What a worker answers: whether it was done, and the result or the error."""
    os.environ.update(ONE_THREAD)
    try:
        if call.number not in _LOADED:
            _LOADED.clear()
            _LOADED[call.number] = call.loaded()
        fn, common = _LOADED[call.number]
        return pickle.dumps((True, fn(item, common)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return pickle.dumps((False, sendable(error)), pickle.HIGHEST_PROTOCOL)


def _connect(ray: Any, workers: int | None, address: str | None) -> None:
    """Start Ray here, or join a cluster.

    Raises:
        EngineError: it does not answer, or does not start.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody unasked
    silent = {"log_to_driver": False, "configure_logging": False}
    if address is None:
        try:
            ray.init(
                num_cpus=workers or processors(), include_dashboard=False, object_store_memory=OBJECTS, **silent,
            )  # fmt: skip
        except Exception as error:  # of no kind of its own, where a slow machine takes longer than Ray waits
            ray.shutdown()
            raise EngineError(f"Ray could not be started on this machine: {error}") from None
        return
    _check_answers(address)
    try:
        ray.init(address=address, **silent)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise EngineError(f"the Ray cluster at {address!r} cannot be joined: {error}") from None


def _check_answers(address: str) -> None:
    """Ray itself would wait for a minute, and then end this process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address in ("auto", "local"):
        return
    if not host or not port.isdigit():
        raise OptionError(f"address must be 'host:port', 'ray://host:port' or 'auto', got {address!r}")
    try:
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
            line.sendall(_HELLO)
            if os.environ.get("RAY_USE_TLS", "0") == "0" and line.recv(9)[3:4] != _SETTINGS:
                raise OSError
    except (OSError, OverflowError):
        raise EngineError(
            f"no Ray cluster answers at {address!r}: look whether 'ray start --head' runs there, and whether its port "
            "can be reached"
        ) from None
