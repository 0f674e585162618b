"""The contract of an engine, and the fold over a fixed tree."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, Self, TypeVar

from likewise.errors import OptionError

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C")

TRIES = 3
"""Times that an item, or a gang, is begun before workers that die are taken for its own doing."""


@dataclass(frozen=True)
class Rank:
    """One of a gang of workers that talk to each other.

    Args:
        index: 0 .. size - 1.
        size: how many there are.
        address: where rank 0 listens, as `torch.distributed.init_process_group(init_method=)` takes it.
    """

    index: int
    size: int
    address: str


class Engine(Protocol):
    """Does work, here or elsewhere. Used as a context: workers start with the first work and end with the block.

    Functions are pure, of a module (not of a script or a notebook), and called as `fn(item, common)`. What they write,
    they write idempotently: an item whose worker died is begun again.
    """

    workers: int
    """How much is done at a time. No function learns of it."""

    def map(self, fn: Callable[[T, C], R], items: Iterable[T], common: C) -> Iterator[R]:
        """`fn(item, common)` of each item, in their order; at most twice as many are under way as there are workers.

        Args:
            common: what all items share, such as a model; it is sent to each worker once.

        Raises:
            EngineError: workers died over one and the same item, `TRIES` times.
        """

    def run(self, fn: Callable[[Rank, C], R], ranks: int, common: C) -> list[R]:
        """`fn(rank, common)` of each rank, all at the same time; when one dies all are stopped, and begun again.

        Raises:
            EngineError: that happened `TRIES` times.
            OptionError: the engine cannot do so many at a time.
        """

    def close(self) -> None:
        """End the workers; what they were doing is lost."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def fold(results: Iterable[T], merge: Callable[[list[T]], T], arity: int = 8) -> T | None:
    """Merge results over a tree that hangs on how many there are, and on nothing else.

    So a sum of floats is the same however many workers gave the parts. Results are taken as they come, and at most
    `arity` of each level are held.

    Args:
        merge: of at most `arity` results that follow one another, the one they make.

    Returns:
        What all make; None where there are none.

    Example:
        >>> fold("abcdefg", "".join, arity=3), fold(iter("abcdefg"), lambda parts: f"({' '.join(parts)})", arity=3)
        ('abcdefg', '((a b c) (d e f) g)')
    """
    levels: list[list[T]] = []
    for result in results:
        depth, carried = 0, result
        while True:
            if depth == len(levels):
                levels.append([])
            levels[depth].append(carried)
            if len(levels[depth]) < arity:
                break
            carried, levels[depth], depth = merge(levels[depth]), [], depth + 1
    whole: list[T] = []
    for level in levels:
        # What a level lacks is at its end: what is left below goes behind what it holds.
        whole = level + whole
        if len(whole) > 1:
            whole = [merge(whole)]
    return whole[0] if whole else None


@dataclass(frozen=True)
class Call:
    """What one `map` or `run` asks of workers: a function and what its items share, pickled once."""

    number: int
    path: list[str]
    fn: bytes
    common: bytes

    @classmethod
    def of(cls, fn: Callable[..., Any], common: Any) -> Call:
        """
        Raises:
            OptionError: the function is not of a module that workers can import.
        """
        if getattr(fn, "__module__", None) == "__main__":
            raise OptionError(f"function {getattr(fn, '__name__', fn)!r} is of a script: workers import it of a module")
        try:
            named = pickle.dumps(fn)
        except (pickle.PicklingError, AttributeError, TypeError):
            raise OptionError("a function for workers must stand at the top of a module, and hold plain data") from None
        return cls(next(_NUMBERS), sys.path, named, pickle.dumps(common, pickle.HIGHEST_PROTOCOL))

    def loaded(self) -> tuple[Callable[[Any, Any], Any], Any]:
        """The function, and what its items share. Its module may lie where this machine would not look."""
        sys.path.extend(folder for folder in self.path if folder not in sys.path)
        return pickle.loads(self.fn), pickle.loads(self.common)


_NUMBERS = count()


def sendable(error: BaseException) -> BaseException:
    """An error that another process can read: itself, or its text where it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def died(what: str) -> str:
    """Of workers that died `TRIES` times."""
    return (
        f"workers died {TRIES} times over {what}; perhaps memory ran out: ask for fewer workers, or look at what they "
        "said last"
    )
