"""The contract of a generator: it learns Codes, draws Codes, and knows nothing of frames or column names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.ledger import Ledger
from likewise.errors import InputError
from likewise.models.about import About
from likewise.private_training import Plan
from likewise.training import Progress, Record


class Generator(ABC):
    """Learns the joint law of codes and draws new ones.

    A generator is made from flat, JSON-able keyword arguments stored under their own names; `options()` gives
    them back. Everything learnt goes through `state()` as named arrays, so that a file of ours can run no code.
    """

    name: ClassVar[str]
    about: ClassVar[About]
    """What it says of itself to who must choose."""
    record: Record
    """What training did; empty before `fit`."""
    keeps_privacy: ClassVar[bool] = False
    """Whether it can keep a budget of differential privacy."""
    ledger: Ledger | None = None
    """What looks at the rows are written into, set before `fit` and before `load_state`. None: no budget holds."""
    plan: Plan | None = None
    """The private training that `fit` paid for, where it trains a net."""
    n_rows: int
    """Rows learnt from, as best known, where a budget holds."""
    condition_fields: tuple[int, ...] = ()
    """Fields which the model is told instead of learning to draw them, where it takes `condition_on`. They are set by
    who knows the columns' names, before `fit`; `load_state` finds them in the state."""

    def check_private(self) -> None:  # noqa: B027 - most have nothing to hold
        """Hold the options to what a budget of privacy leaves, before anything is spent.

        Raises:
            OptionError: one of them would look at the rows in a way that nothing pays for.
        """

    @abstractmethod
    def fit(
        self,
        train: Codes,
        holdout: Codes,
        alphabet: Alphabet,
        *,
        rng: np.random.Generator,
        progress: Progress | None = None,
    ) -> Self:
        """Learn from `train`; `holdout` (maybe empty) is for early stopping only."""

    @abstractmethod
    def sample(self, n: int, *, rng: np.random.Generator, given: Given | None = None) -> Codes:
        """Draw exactly n rows, each meeting `given`; `conditioning.rejection` searches for them within a budget.

        Raises:
            ConditionError: no row can meet `given`, or too few do to be found.
        """

    def log_prob(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) natural log-probability of each row's codes (fractions not counted)."""
        raise NotImplementedError(f"{self.name} has no tractable likelihood")

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-able."""

    @abstractmethod
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Everything learnt, as named arrays."""

    @abstractmethod
    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        """The inverse of `state`; checks every name and shape.

        Raises:
            ModelFileError: a name or shape is not what this alphabet and these options give.
        """


def check_rows(codes: Codes) -> None:
    """Refuse to learn from nothing.

    Raises:
        InputError: there is no row.
    """
    if not len(codes):
        raise InputError("there is no row to learn from")
