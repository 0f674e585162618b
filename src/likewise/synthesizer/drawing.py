"""How a synthesizer draws: which of the ways a call of `sample` takes, by what was learnt and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.codecs.base import Given, Search
from likewise.codecs.table import Narrowing
from likewise.conditions import resolve
from likewise.errors import ConditionError, OptionError
from likewise.estimator import check_count, held_in_memory
from likewise.schema.distinct import Columns
from likewise.synthesizer.beside import Drawn
from likewise.synthesizer.histories import draw_histories
from likewise.synthesizer.parameters import is_count
from likewise.synthesizer.ruled import Draw
from likewise.synthesizer.search import drawn_under, told_of, watched

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


def drawn(
    synth: Synthesizer, n: int | None, rng: np.random.Generator, *, where: Mapping[str, Any] | None = None,
    length: Any = None, max_tries: int | None = None, progress: Callable[[Search], None] | bool | None = None,
) -> Any:  # fmt: skip
    """Rows as `Synthesizer.sample` draws them: the columns of a canonical frame, or of two, or images.

    Raises:
        OptionError, ConditionError: as `Synthesizer.sample` says.
    """
    known = synth.n_rows_ if synth.histories_ is None else synth.histories_.n_entities
    n = check_count("n", known if n is None else n)
    if isinstance(max_tries, bool) or not (max_tries is None or (is_count(max_tries) and max_tries > 0)):
        raise OptionError(f"max_tries must be a whole number of 1 or more, or None, got {max_tries!r}")
    if synth.histories_ is not None:
        asked = synth.progress is True if progress is None else progress
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
    if length is not None:
        raise OptionError(f"length is of histories, and this model learnt {what_was_learnt(synth)}: leave it out")
    narrowing = Narrowing({}, {}) if synth.rules_ is not None else narrowed(synth, where)
    conditions = resolve(by_name(where), synth.schema_) if synth.rules_ is not None else {}
    asked = synth.progress is True if progress is None else progress
    with watched(map(str, where or ()), asked, synth.n_rows_) as tell, held_in_memory(n):
        if synth.rules_ is not None:
            heard = tell if conditions else None
            draw = Draw(synth.rules_, synth.codec_, synth.generator_, conditions, max_tries=max_tries, tell=heard)
            return draw.table(n, rng)
        if synth.image_codec_ is None:
            return drawn_under(narrowing, synth.codec_, synth.generator_, n, rng, max_tries=max_tries, tell=tell)
        given = Given(weights=narrowing.weights, max_tries=max_tries, progress=tell)
        return synth.image_codec_.decode(synth.generator_.sample(n, rng=rng, given=given))


def what_was_learnt(synth: Synthesizer) -> str:
    """In a word, of what is no history."""
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
