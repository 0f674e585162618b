"""The engine that a name and a number of workers stand for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from likewise.engines.base import Engine
from likewise.engines.local import LocalEngine
from likewise.engines.processes import ProcessEngine
from likewise.engines.ray import RayEngine
from likewise.errors import OptionError

ENGINES = ("local", "processes", "ray")


def engine_of(engine: str = "local", *, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine of that name.

    Args:
        engine: "local" (this process), "processes" (of this machine) or "ray" (this machine, or a cluster).
        workers: how many; None takes one for each processor that may be used.
        address: of a running Ray cluster, such as "10.0.0.1:6379" or "auto"; None starts Ray on this machine.

    Raises:
        OptionError: there is no such engine, or it has no such option.
        MissingExtraError: Ray is not installed.
        EngineError: no cluster answers at the address.

    Example:
        >>> with engine_of("local") as engine:
        ...     list(engine.map(pow, [2, 3], 2))
        [4, 9]
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise OptionError(f"workers must be a whole number of 1 or more, or None, got {workers!r}")
    if address is not None and engine != "ray":
        raise OptionError(f"address is that of a Ray cluster, and the engine is {engine!r}: give engine='ray'")
    if engine == "local":
        if workers not in (None, 1):
            raise OptionError("engine 'local' is this process alone: give engine='processes' for several workers")
        return LocalEngine()
    if engine == "processes":
        return ProcessEngine(workers)
    if engine == "ray":
        return RayEngine(workers, address)
    raise OptionError(f"engine must be one of {', '.join(map(repr, ENGINES))}, got {engine!r}")


def working(engine: str | Engine | None, workers: int | None, address: str | None) -> AbstractContextManager[Engine]:
    """The engine that is asked for, closed at the end; one that is given as such is left open.

    Where none is named it is this process, or several where several workers are asked for.

    Raises:
        OptionError, MissingExtraError, EngineError: as `engine_of` says.
    """
    if engine is None:
        engine = "local" if workers in (None, 1) and address is None else "processes"
    if isinstance(engine, str):
        return engine_of(engine, workers=workers, address=address)
    return nullcontext(engine)
