"""Work that does not depend on one another, at the same time where threads allow."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Made = TypeVar("Made")


def allowed() -> int:
    """How many threads the machine has, or the environment leaves (`OMP_NUM_THREADS`, `POLARS_MAX_THREADS`)."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(pl.thread_pool_size(), int(told) if told.isdigit() and int(told) else pl.thread_pool_size())


def side_by_side(calls: Sequence[Callable[[], Made]]) -> list[Made]:
    """What each call gives, in order."""
    threads = min(allowed(), len(calls))
    if threads < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
