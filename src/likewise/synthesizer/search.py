"""What the caller of `Synthesizer.sample` hears of a search for rows that meet conditions: a line, names, a warning."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from likewise.codecs.base import Codes, Given, Search
from likewise.codecs.table import Narrowing, TableCodec
from likewise.errors import ConditionError, LikewiseWarning
from likewise.models.base import Generator
from likewise.models.drawing.conditioning import Budget
from likewise.schema.distinct import Columns
from likewise.typing import Ints

UNHEARD_OF = 100
"""The table would have to be so many times as large to hold one row that meets the conditions: then the rows are the
model's guess at what it has never seen, and may contradict themselves."""

MOST_AT_ONCE = 2**18
"""Rows drawn by one call of a generator to be looked at: each call begins its search anew."""

DRAWS_OF_A_ROW = 64
"""Times that a row of which something is known is drawn anew to meet conditions."""

Tell = Callable[[Search], None]


@contextmanager
def watched(columns: Iterable[str], progress: Tell | bool | None, n_rows: int) -> Iterator[Tell]:
    """Pass on how a search goes, name the columns in its error, and warn of rows the table holds for near impossible.

    Args:
        columns: those with conditions.
        progress: whom to tell; True shows a line of ours.
        n_rows: of the table learnt.
    """
    last: deque[Search] = deque(maxlen=1)
    names = ", ".join(map(repr, columns))
    with told_of(progress) as listener:

        def tell(search: Search) -> None:
            last.append(search)
            if listener is not None:
                listener(search)

        try:
            yield tell
        except ConditionError as error:
            raise ConditionError(f"conditions on {names}: {error}") from None
    if last and last[0].share * n_rows * UNHEARD_OF < 1:
        share = f"a share of {last[0].share:.1g}" if last[0].share > 0 else "none"
        warnings.warn(
            f"conditions on {names}: of {last[0].tried:,} rows that the model drew, {share} met them; the rows given "
            "obey, but the table holds hardly any such, so look whether these conditions contradict each other",
            LikewiseWarning,
            stacklevel=5,
        )


def drawn_under(
    narrowing: Narrowing,
    codec: TableCodec,
    generator: Generator,
    n: int,
    rng: np.random.Generator,
    *,
    max_tries: int | None = None,
    tell: Tell | None = None,
    keys: bool = True,
) -> Columns:
    """n rows that meet conditions, from the generator's law given them.

    Where the conditions' weights leave more than meets them (`Narrowed.met`), rows are drawn under the weights, and
    those kept that meet them.

    Args:
        keys: as `TableCodec.decode_few` takes them.

    Raises:
        ConditionError: too few rows meet them to be found.
    """
    if not narrowing.met:
        given = Given(weights=narrowing.weights, max_tries=max_tries, progress=tell)
        return codec.decode_few(generator.sample(n, rng=rng, given=given), rng=rng, narrowing=narrowing, keys=keys)
    budget = Budget.of(n, Given(max_tries=max_tries, progress=tell))
    parts: list[Codes] = []
    lacking = n
    last: deque[Search] = deque(maxlen=1)
    given = Given(weights=narrowing.weights, max_tries=max_tries, progress=last.append)
    while lacking > 0:
        if budget.is_spent:
            budget.refuse()
        drawn = generator.sample(budget.next_batch(lacking, most=MOST_AT_ONCE), rng=rng, given=given)
        codes = codec.split(drawn, rng=rng, narrowing=narrowing)
        met = codec.meets(codes, narrowing)
        parts.append(codes[met][:lacking])
        lacking -= len(parts[-1])
        if last:
            budget.scale = last[0].share  # of all draws, those that come to be looked at
        else:
            budget.tell = None  # a model without a search knows no share
        budget.spend(len(codes), mass=float(met.sum()), found=len(parts[-1]))
    found = Codes(np.concatenate([part.codes for part in parts]), np.concatenate([part.fractions for part in parts]))
    return codec.decode_own(found, rng=rng, narrowing=narrowing, keys=keys)


def drawn_each(
    narrowing: Narrowing, codec: TableCodec, n: int, draw: Callable[[Ints], Codes], rng: np.random.Generator
) -> Columns:
    """n rows that meet conditions, where something else is known of each: what it holds elsewhere, or its latent.

    Rows that do not meet them are drawn again. What none of many draws of a row meets is moved in decoding to where it
    does, if that can be.

    Args:
        draw: the rows of these numbers, under the conditions' weights.

    Raises:
        ConditionError: some of the rows never meet them.
    """
    codes = codec.split(draw(np.arange(n)), rng=rng, narrowing=narrowing)
    left = np.flatnonzero(~codec.meets(codes, narrowing))
    for _ in range(DRAWS_OF_A_ROW):
        if not len(left):
            break
        again = codec.split(draw(left), rng=rng, narrowing=narrowing)
        codes.codes[left], codes.fractions[left] = again.codes, again.fractions
        left = left[~codec.meets(again, narrowing)]
    never = int((~codec.meets(codes[left], narrowing, moved=True)).sum())
    if never:
        raise ConditionError(
            f"columns {list(narrowing.met)}: in {DRAWS_OF_A_ROW} draws of each, {never} of {n} rows never met the "
            "conditions, given what is known of them; widen the conditions or leave these rows out"
        )
    return codec.decode_own(codes, rng=rng, narrowing=narrowing)


@contextmanager
def told_of(progress: Tell | bool | None) -> Iterator[Tell | None]:
    """Whom a search tells how it goes: the caller's own, or a line of ours."""
    if progress is not True:
        yield progress or None
        return
    from likewise.cli.terminal import Terminal

    with Terminal().drawing() as line:
        yield line
