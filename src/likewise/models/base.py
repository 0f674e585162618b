"""The contract of a generator: it learns Codes, draws Codes, and knows nothing of frames or column names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Exact, Noisy
from likewise.errors import InputError, ModelFileError, NotFittedError, OptionError, PrivacyError
from likewise.models.about import About
from likewise.models.drawing.conditioning import BLOCK_ROWS, blocks
from likewise.models.drawing.together import whole
from likewise.models.options import check_options, options_of
from likewise.training.gang import Gang
from likewise.training.loop import Progress, Record

Learnt = TypeVar("Learnt")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a generator is given to learn from.

    Args:
        gate: the one way to the rows.
        holdout: rows for early stopping, maybe none; always none where a budget holds.
        alphabet: of the codes.
        rng: of everything that is no noise of privacy.
        condition_fields: fields which are given to the model instead of learnt, where it takes `condition_on`.
        context_fields: fields which are told of each row and never drawn: what is known of it beyond its own columns,
            of a row it belongs to or of its history. The others are learnt given these, and `Given.codes` holds them.
        progress: called while it learns.
        gang: of several workers that learn the same at the same time, this one; None where one learns alone.
    """

    gate: Exact | Noisy
    holdout: Codes
    alphabet: Alphabet
    rng: np.random.Generator
    condition_fields: tuple[int, ...] = ()
    context_fields: tuple[int, ...] = ()
    progress: Progress | None = None
    gang: Gang | None = None

    def __post_init__(self) -> None:
        if self.gate.is_private and len(self.holdout):
            raise PrivacyError("a budget of privacy does not pay for a look at held-out rows: nothing may stop early")

    @classmethod
    def of(cls, train: Codes, holdout: Codes, alphabet: Alphabet, **rest: Any) -> Self:
        """From rows that no budget hides."""
        return cls(gate=Exact(train, alphabet.sizes), holdout=holdout, alphabet=alphabet, **rest)

    def rows(self) -> Codes:
        """The rows themselves.

        Raises:
            PrivacyError: a budget hides them.
        """
        if isinstance(self.gate, Noisy):
            raise PrivacyError("a budget of privacy hides the rows: this model would need them as they are")
        return self.gate.rows()


class Generator(ABC):
    """Learns the joint law of codes and draws new ones.

    A generator is a dataclass of flat, JSON-able options, each declared with what it may be (`models/options.py`).
    Everything learnt goes through `state()` as named arrays, so that a file of ours can run no code.
    """

    name: ClassVar[str]
    about: ClassVar[About]
    """What it says of itself to who must choose."""
    record: Record
    """What training did; empty before `fit`."""
    keeps_privacy: ClassVar[bool] = False
    """Whether it can keep a budget of differential privacy."""
    takes_context: ClassVar[bool] = False
    """Whether it can be told fields which are never drawn."""
    draws_while_learning: ClassVar[bool] = False
    """Whether it can draw rows between two epochs of its fit, which do not change what it comes to."""
    n_rows: int
    """Rows learnt from, as best known, where a budget holds."""
    condition_fields: tuple[int, ...] = ()
    """Fields which the model is told instead of learning to draw them."""
    _alphabet: Alphabet
    """Of the codes that were learnt."""

    def __post_init__(self) -> None:
        self.record = Record()
        check_options(self)

    def options(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-able."""
        return options_of(self)

    def check_private(self) -> None:  # noqa: B027 - most have nothing to hold
        """Hold the options to what a budget of privacy leaves, before anything is spent.

        Raises:
            OptionError: one of them would look at the rows in a way that nothing pays for.
        """

    def check_context(self, fit: Fit) -> None:
        """Refuse a context that this model would not listen to.

        Raises:
            OptionError: there is one, and it takes none.
        """
        if fit.context_fields and not self.takes_context:
            raise OptionError(f"model {self.name!r} takes no context: fields that are told and never drawn")

    @abstractmethod
    def fit(self, fit: Fit) -> Self:
        """Learn from the rows behind a gate.

        Raises:
            OptionError: there is a context, and this model takes none; see `check_context`.
            PrivacyError: the gate has a budget, and this model cannot keep one, or not that one.
        """

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        """Draw exactly n rows, each meeting `given`; `conditioning.rejection` searches for them within a budget.

        A value of several fields may come out half missing; `sample` mends it.

        Raises:
            ConditionError: no row can meet `given`, or too few do to be found.
        """

    def ready(self) -> Self:
        """One that draws the same, for many small draws: what they share is laid out once, while it is held."""
        return self

    def sample(self, n: int, *, rng: np.random.Generator, given: Given | None = None) -> Codes:
        """As `draw`, with every value missing as a whole or not at all.

        Raises:
            ConditionError: no row can meet `given`, or too few do to be found.
        """
        given = given or Given()
        return whole(self.draw(n, rng, given), self.draw, self._alphabet, rng, given)

    def _in_blocks(
        self, n: int, rng: np.random.Generator, block: Callable[[slice, np.random.Generator], npt.NDArray[np.integer]],
        size: int = BLOCK_ROWS,
    ) -> Codes:  # fmt: skip
        """n rows drawn block by block, (rows of the block, D) codes each."""
        codes = np.empty((n, len(self._alphabet.fields)), self._alphabet.code_dtype)
        for rows, stream in blocks(n, rng, size):
            codes[rows] = block(rows, stream)
        return self._with_places(codes, rng)

    def _with_places(self, codes: npt.NDArray[Any], rng: np.random.Generator) -> Codes:
        """Rows with a place inside each code: every one is as likely as another, that is what a fraction means.

        NOTE[DIFF]: no density of its own. Real rows with fractions drawn anew are told from real ones with AUC .498
        (diamonds), .501 (beijing), .499 (Adult) and .517 (shoppers); with their own, .491, .497, .498 and .514.
        """
        return Codes(codes, rng.random((len(codes), self._alphabet.n_fractions), dtype=np.float32))

    def log_prob(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) natural log-probability of each row's codes (fractions not counted)."""
        raise NotImplementedError(f"{self.name} has no tractable likelihood")

    @abstractmethod
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Everything learnt, as named arrays."""

    @abstractmethod
    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        """The inverse of `state`; checks every name and shape.

        Raises:
            ModelFileError: a name or shape is not what this alphabet and these options give.
        """


def learnt(value: Learnt | None) -> Learnt:
    """What `fit` has made.

    Raises:
        NotFittedError: it was not called.
    """
    if value is None:
        raise NotFittedError("this model has learnt nothing yet: call fit first")
    return value


def check_arrays(state: Mapping[str, npt.NDArray[Any]], expected: Mapping[str, tuple[tuple[int, ...], Any]]) -> None:
    """Hold the arrays of a model file to their names, shapes and types.

    Args:
        expected: name -> shape, and type.

    Raises:
        ModelFileError: one is absent, or another than expected.
    """
    wanted = {name: (tuple(shape), np.dtype(dtype)) for name, (shape, dtype) in expected.items()}
    found = {name: (array.shape, array.dtype) for name, array in state.items()}
    if found != wanted:
        wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise ModelFileError(f"model: {len(wrong)} arrays are absent or of another shape, such as {wrong[0]!r}")


def check_rows(codes: Codes) -> None:
    """Refuse to learn from nothing.

    Raises:
        InputError: there is no row.
    """
    if not len(codes):
        raise InputError("there is no row to learn from")
