"""What the caller of `Synthesizer.sample` hears of a search for rows that meet conditions: a line, names, a warning."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from likewise.codecs.base import Search
from likewise.errors import ConditionError, LikewiseWarning

UNHEARD_OF = 100
"""The table would have to be so many times as large to hold one row that meets the conditions: then the rows are the
model's guess at what it has never seen, and may contradict themselves."""

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
    with _line(progress) as listener:

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
            stacklevel=4,
        )


@contextmanager
def _line(progress: Tell | bool | None) -> Iterator[Tell | None]:
    if progress is not True:
        yield progress or None
        return
    from likewise.cli.terminal import Terminal

    with Terminal().drawing() as line:
        yield line
