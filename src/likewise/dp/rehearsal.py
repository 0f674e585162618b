"""Fits whose noisy answers are played back, for audits with made-up rows.

What an answer tells of a row is how far the row moves it beneath its noise. To see that, the same questions are asked
of two tables under the same answers: the first fit is recorded, and in the second each mechanism writes into the ledger
and looks as ever, and then gives the answer that was recorded. All that was asked hangs on answers alone, so that
whatever else differs between the two fits came past the mechanisms.

What is heard holds answers without noise. It is for rows that are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.errors import PrivacyError

Kind = Literal["counts", "choice", "sum", "seed"]
Answer = TypeVar("Answer")


class OtherQuestions(PrivacyError):
    """What is asked hangs on more than on answers."""


@dataclass(frozen=True)
class Heard:
    """One answer.

    Args:
        exact: what it was without noise; of choices the scores.
        sensitivity: how far one unit may move it.
    """

    kind: Kind
    exact: tuple[npt.NDArray[np.float64], ...]
    sensitivity: float
    given: Any


@dataclass
class Rehearsal:
    """The answers of a fit, in order.

    Args:
        script: answers that are to be given; None to record them.
    """

    script: Sequence[Heard] | None = None
    heard: list[Heard] = field(default_factory=list)

    def answer(self, kind: Kind, exact: Sequence[npt.ArrayLike], sensitivity: float, answer: Callable[[], Any]) -> Any:
        told = tuple(np.asarray(one, np.float64) for one in exact)
        if self.script is None:
            given = answer()
        else:
            place = len(self.heard)
            before = self.script[place] if place < len(self.script) else None
            if before is None or (before.kind, _shapes(before.exact)) != (kind, _shapes(told)):
                raise OtherQuestions("under the same answers two tables were asked different questions")
            given = before.given
        self.heard.append(Heard(kind, told, sensitivity, given))
        return given


_NOW: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


@contextmanager
def rehearsing(script: Sequence[Heard] | None = None) -> Iterator[Rehearsal]:
    """Fits within are recorded, or played back; every step takes all rows, and of each entity the first are chosen, so
    that chance, too, falls alike for all but who is at stake."""
    token = _NOW.set(Rehearsal(script))
    try:
        now = _NOW.get()
        assert now is not None
        yield now
    finally:
        _NOW.reset(token)


def is_rehearsal() -> bool:
    return _NOW.get() is not None


def answered(
    kind: Kind, exact: Sequence[npt.ArrayLike], sensitivity: float, answer: Callable[[], Answer]
) -> Answer:  # fmt: skip
    """What a mechanism answers; in a rehearsal heard, and that of the script where there is one."""
    now = _NOW.get()
    return answer() if now is None else now.answer(kind, exact, sensitivity, answer)


def _shapes(arrays: Sequence[npt.NDArray[np.float64]]) -> list[tuple[int, ...]]:
    return [array.shape for array in arrays]
