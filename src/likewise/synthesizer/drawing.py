"""How a synthesizer draws: which of the ways a call of `sample` takes, by what was learnt and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.codecs.base import Given, Search
from likewise.codecs.table import Narrowing
from likewise.conditions import resolve
from likewise.errors import ConditionError, OptionError
from likewise.estimator import check_count, held_in_memory
from likewise.schema.distinct import Columns
from likewise.streams import SPAN
from likewise.synthesizer.beside import Drawn
from likewise.synthesizer.blocks import Drawer
from likewise.synthesizer.histories import draw_histories
from likewise.synthesizer.parameters import is_count
from likewise.synthesizer.search import told_of, watched

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


def drawn(
    synth: Synthesizer, n: int | None, seed: int, *, where: Mapping[str, Any] | None = None,
    length: Any = None, max_tries: int | None = None, progress: Callable[[Search], None] | bool | None = None,
) -> Any:  # fmt: skip
    """Rows as `Synthesizer.sample` draws them: the columns of a canonical frame, or of two, or images.

    Raises:
        OptionError, ConditionError: as `Synthesizer.sample` says.
    """
    n, asked = check_draw(synth, n, max_tries), synth.progress is True if progress is None else progress
    if draws_rows(synth):
        with held_in_memory(n):
            np.empty((n, len(synth.codec_.columns)), np.uint8)  # what has no room is told before anything is drawn
            spans = spans_of(synth, n, seed, where=where, length=length, max_tries=max_tries, progress=progress)
            return Columns.concat(list(spans))
    rng = np.random.default_rng(seed)
    if synth.histories_ is not None:
        with told_of(asked) as listener, held_in_memory(n):
            rows, entities = draw_histories(
                synth.histories_,
                synth.schema_,
                n,
                by_name(where),
                rng,
                max_tries,
                length,
                listener,
                synth.rules_,
            )
            if synth.beside_ is None:
                return Columns.of(rows)
            two = synth.beside_.part(rows, synth.beside_.rows), synth.beside_.part(entities, synth.beside_.static)
            return Drawn(*map(Columns.of, two))
    _check_length(synth, length)
    assert synth.image_codec_ is not None
    with watched(map(str, where or ()), asked, synth.n_rows_) as tell, held_in_memory(n):
        given = Given(weights=narrowed(synth, where).weights, max_tries=max_tries, progress=tell)
        return synth.image_codec_.decode(synth.generator_.sample(n, rng=rng, given=given))


def draws_rows(synth: Synthesizer) -> bool:
    """Whether it draws rows of a table that stand alone."""
    return synth.histories_ is None and synth.image_codec_ is None


def check_draw(synth: Synthesizer, n: int | None, max_tries: Any) -> int:
    """How many rows are to be drawn.

    Raises:
        OptionError: that cannot be drawn, or it cannot be searched so often.
    """
    if isinstance(max_tries, bool) or not (max_tries is None or (is_count(max_tries) and max_tries > 0)):
        raise OptionError(f"max_tries must be a whole number of 1 or more, or None, got {max_tries!r}")
    known = synth.n_rows_ if synth.histories_ is None else synth.histories_.n_entities
    return check_count("n", known if n is None else n)


def _check_length(synth: Synthesizer, length: Any) -> None:
    if length is not None:
        raise OptionError(f"length is of histories, and this model learnt {what_was_learnt(synth)}: leave it out")


def spans_of(
    synth: Synthesizer, n: int, seed: int, *, where: Mapping[str, Any] | None = None, length: Any = None,
    max_tries: int | None = None, progress: Callable[[Search], None] | bool | None = None,
) -> Iterator[Columns]:  # fmt: skip
    """n rows of a table, a span at a time.

    Raises:
        OptionError, ConditionError: as `Synthesizer.sample` says.
    """
    _check_length(synth, length)
    asked = synth.progress is True if progress is None else progress
    conditions = by_name(where)
    with watched(conditions, asked, synth.n_rows_) as tell:
        drawer = Drawer(synth, seed, conditions, max_tries=max_tries, tell=tell if conditions else None)
        for first in range(0, n, SPAN):
            yield drawer.span(first // SPAN, min(SPAN, n - first))


def parts_of(tables: Iterable[Columns], part: int) -> Iterator[Columns]:
    """The rows of tables that follow one another, so many at a time."""
    left: list[Columns] = []
    lacking = part
    for table in tables:
        start = 0
        while len(table) - start >= lacking:
            yield Columns.concat([*left, table.slice(start, lacking)])
            left, start, lacking = [], start + lacking, part
        if start < len(table):
            left, lacking = [*left, table.slice(start, part)], lacking - (len(table) - start)
    if left:
        yield Columns.concat(left)


def what_was_learnt(synth: Synthesizer) -> str:
    """In a word."""
    if synth.histories_ is not None:
        return "histories"
    return "rows" if synth.image_codec_ is None else synth.image_codec_.what


def narrowed(synth: Synthesizer, where: Mapping[str, Any] | None) -> Narrowing:
    """What conditions leave of the codes."""
    if synth.image_codec_ is None:
        return synth.codec_.condition(resolve(by_name(where), synth.schema_))
    return synth.image_codec_.condition(by_name(where))


def by_name(where: Mapping[str, Any] | None) -> dict[str, Any]:
    if not isinstance(where, Mapping | None):
        raise ConditionError(f"where must map columns to conditions, got {type(where).__name__}")
    return {str(name): condition for name, condition in (where or {}).items()}
