"""This process, one item after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Self

from likewise.engines.base import C, R, Rank, T
from likewise.errors import OptionError


class LocalEngine:
    """Does all work where it is called."""

    workers = 1

    def map(self, fn: Callable[[T, C], R], items: Iterable[T], common: C) -> Iterator[R]:
        """As `Engine.map` says."""
        return (fn(item, common) for item in items)

    def run(self, fn: Callable[[Rank, C], R], ranks: int, common: C) -> list[R]:
        """As `Engine.run` says."""
        if ranks != 1:
            raise OptionError(f"engine 'local' is one worker, not {ranks}: give engine='processes'")
        return [fn(Rank(0, 1, ""), common)]

    def close(self) -> None:
        """There is nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
