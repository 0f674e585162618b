"""Rows of a table drawn block by block, each from streams of its own, so that n rows are the first n of any more.

A block is drawn whole, and what is not asked for is cut off: what a row holds then hangs on its place alone, not on how
many there are or who draws the others. Keys are made by spans of many blocks, for within these none comes twice.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from likewise.codecs.base import Search
from likewise.conditions import Condition, resolve
from likewise.errors import ConditionError, RuleError
from likewise.schema.distinct import Columns
from likewise.streams import SPAN, Span, Streams, blocks_in
from likewise.synthesizer.ruled import Draw
from likewise.synthesizer.search import Tell, drawn_under
from likewise.training.loop import side_by_side

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer
    from likewise.synthesizer.underway import UnderWay

FREE, RULED, SEARCHED = 1_024, 64, 8
"""Rows of the first blocks: of free draws, under rules, and of draws in which each row must be searched for."""

_ROWS, _KEYS = 0, 1
"""What streams are for."""


class Drawer:
    """One call of `sample`, of rows that stand alone.

    Args:
        synth: which learnt them, or still does.
        seed: of all streams.
        where: conditions by the columns' names.
        max_tries, tell: as `sample` takes them, of each block.
    """

    def __init__(
        self, synth: Synthesizer | UnderWay, seed: int, where: Mapping[str, Any], *, max_tries: int | None = None,
        tell: Tell | None = None,
    ) -> None:  # fmt: skip
        self.codec, self.plan, self.likely = synth.codec_, synth.rules_, synth.n_rows_
        self.generator = synth.generator_.ready()
        self.streams, self.max_tries, self.tell = Streams(seed), max_tries, tell
        self.conditions: dict[str, Condition] = resolve(dict(where), synth.schema_)
        self.ruled: Draw | None = None
        if self.plan is not None:
            self.ruled = Draw(self.plan, self.codec, self.generator, self.conditions, max_tries=max_tries)
            self.narrowing = self.ruled.narrowing
        else:
            self.narrowing = self.codec.condition(self.conditions)
        self.least = SEARCHED if where else RULED if self.plan is not None else FREE

    @property
    def in_order(self) -> bool:
        """Whether what a block may hold hangs on all before it, as rules `unique` say."""
        return self.ruled is not None and self.ruled.looks_back

    def span(self, number: int, n: int) -> Columns:
        """The first n rows of a span.

        Raises:
            RuleError, ConditionError: too few rows keep the rules, or meet the conditions, to be found.
        """
        first, blocks = number * SPAN, blocks_in(number * SPAN + n, self.least)
        tally = None if self.tell is None else _Tally(self.tell, first + n)
        asked = [_Block(k, start, size, min(size, first + n - start)) for k, start, size in blocks if start >= first]
        parts: list[Columns | None] = [None] * len(asked)

        def draw(i: int) -> None:
            told = None if tally is None else tally.of(asked[i])
            parts[i] = self._block(asked[i], told)

        _spread(draw, range(len(asked)), alone=self.in_order)
        rows = Columns.concat([part for part in parts if part is not None])
        span = Span(self.streams.under(_KEYS), number, self.likely)
        if self.ruled is not None:
            return self.ruled.with_keys(rows, span)
        keys = Columns.of(self.codec.keys(rows, span))
        return Columns({name: (keys if name in keys else rows)[name] for name in self.codec.columns}, n)

    def _block(self, block: _Block, tell: Tell | None) -> Columns:
        """The rows of a block that are asked for."""
        held = None if self.ruled is None else self.ruled.held
        try:
            return self._rows(block, tell)
        except (ConditionError, RuleError) as error:
            if block.asked == block.size:
                raise block.told(error) from None
        if self.ruled is not None:
            self.ruled.held = held
        try:
            return self._rows(replace(block, size=block.asked), tell)  # perhaps there are as many
        except (ConditionError, RuleError) as error:
            raise block.told(error) from None

    def _rows(self, block: _Block, tell: Tell | None) -> Columns:
        rng = self.streams.at(_ROWS, block.number)
        if self.ruled is not None:
            return self.ruled.rows(block.size, rng, tell, block.asked)
        rows = drawn_under(
            self.narrowing, self.codec, self.generator, block.size, rng, max_tries=self.max_tries, tell=tell, keys=False
        )
        return rows if block.asked == block.size else rows.slice(0, block.asked)


@dataclass(frozen=True)
class _Block:
    number: int
    first: int
    size: int
    asked: int

    def told(self, error: ConditionError | RuleError) -> ConditionError | RuleError:
        """An error that also says which rows could not be found."""
        if not self.first:
            return error
        return type(error)(f"rows {self.first + 1:,} to {self.first + self.asked:,} were not found: {error}")


@dataclass
class _Tally:
    """Tells how the searches of all blocks go together."""

    tell: Tell
    wanted: int
    last: dict[int, Search] = field(default_factory=dict)
    lock: Any = field(default_factory=Lock)

    def of(self, block: _Block) -> Tell:
        """Whom the search of a block tells."""

        def tell(search: Search) -> None:
            with self.lock:
                self.last[block.number] = replace(search, found=min(search.found, block.asked))
                all_ = self.last.values()
                found, tried, most = (sum(getattr(s, of) for s in all_) for of in ("found", "tried", "most"))
                share = sum(s.share * s.tried for s in self.last.values()) / max(tried, 1)
                self.tell(Search(found, self.wanted, tried, most, share))

        return tell


def _spread(work: Callable[[int], None], items: Iterable[int], *, alone: bool) -> None:
    """Draw blocks side by side where torch has been loaded, which says by how many threads."""
    if "torch" in sys.modules:
        side_by_side(work, items, alone=alone)
        return
    for item in items:
        work(item)
