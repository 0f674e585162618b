"""What workers do in tests: functions of a module, as they must be."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

from likewise.engines.base import Rank


def power(item: int, common: int) -> int:
    return item**common


def slow_first(item: int, common: float) -> int:
    if item == 0:
        time.sleep(common)
    return item


def fails_at_three(item: int, common: None) -> int:
    if item == 3:
        raise ValueError("three is too many")
    return item


def dies_once(item: int, marks: Path) -> int:
    """The first worker that is given item 2 is killed."""
    mark = marks / "died"
    if item == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def dies(item: int, common: None) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def counted(item: int, marks: Path) -> int:
    (marks / str(item)).touch()
    return item


def threads(item: int, common: None) -> int:
    import polars as pl

    return pl.thread_pool_size()


def greets(rank: Rank, marks: Path) -> tuple[int, bytes]:
    """Rank 0 listens at the address and greets the others. Where `marks` says so, rank 1 dies the first time."""
    if rank.size == 1:
        return 0, b""
    host, port = rank.address.removeprefix("tcp://").split(":")
    if rank.index:
        if (marks / "die").exists():
            (marks / "die").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        for _ in range(200):
            try:
                with socket.create_connection((host, int(port))) as line:
                    return rank.index, line.recv(16)
            except OSError:
                time.sleep(0.05)
        raise TimeoutError
    with socket.create_server((host, int(port))) as server:
        for _ in range(rank.size - 1):
            line, _ = server.accept()
            with line:
                line.sendall(b"hello")
    return 0, b""


def node(item: int, common: float) -> str:
    """On which machine of a cluster an item is done."""
    import ray

    time.sleep(common)
    return str(ray.get_runtime_context().get_node_id())
