"""What the generators share that are told labels: a net beside the law of the labels, their state, and their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.ledger import Ledger
from likewise.errors import ModelFileError, NotFittedError
from likewise.models.base import Generator
from likewise.models.gradient import take_weights
from likewise.models.labels import Labels
from likewise.models.private import COUNTS_SHARE, OneWay, check_net_options

if TYPE_CHECKING:
    from torch import nn

LABELS_SHARE = 0.05
"""Share of a budget for the counts of several labels together."""

Net = TypeVar("Net", bound="nn.Module")


class ToldModel(Generator, Generic[Net]):
    """A generator by a net, beside the law of the labels that the net is told."""

    _net: Net | None
    _labels: Labels | None
    _alphabet: Alphabet

    def _label_options(self) -> dict[str, Any]:
        """How the law of the labels is learnt."""
        raise NotImplementedError

    def _blank_net(self, alphabet: Alphabet) -> Net:
        """A net of these options that has learnt nothing."""
        raise NotImplementedError

    def _least_weights(self, alphabet: Alphabet) -> int:
        """How many weights the largest layers have: told before a damaged file can ask for all memory."""
        raise NotImplementedError

    def _fitted(self) -> Net:
        if self._net is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._net

    def _told(self) -> Labels:
        if self._labels is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._labels

    def state(self) -> dict[str, npt.NDArray[Any]]:
        weights: dict[str, npt.NDArray[Any]] = {n: v.numpy() for n, v in self._fitted().state_dict().items()}
        return weights | self._told().state()

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        state = dict(state)
        labels = self._taken_labels(state, alphabet)
        self._check_enough(state, alphabet)
        net = self._blank_net(alphabet)
        take_weights(net, state)
        self._net, self._labels = net.eval(), labels
        return self

    def _taken_labels(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Labels:
        """The law of the labels, its arrays taken out of the state."""
        labels = Labels.take(state, alphabet, **self._label_options())
        self.condition_fields, self._alphabet = tuple(labels.fields), alphabet
        return labels

    def _check_enough(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> None:
        """Refuse options that ask for a larger net than the arrays fill, before it is made."""
        if sum(value.size for value in state.values()) < self._least_weights(alphabet):
            raise ModelFileError("model: its options ask for more weights than there are")

    # ---- under a budget ----------------------------------------------------------------------------------------------

    def check_private(self) -> None:
        check_net_options(self)

    def _count(self, codes: Codes, ledger: Ledger, rng: np.random.Generator) -> OneWay:
        """Count each field, and the labels, whose law is then known."""
        known = OneWay.of(codes, self._alphabet.sizes, ledger.rho * COUNTS_SHARE, ledger)
        labels = Labels(self.condition_fields, self._alphabet, **self._label_options())
        self._labels = labels.fit_privately(codes, known, ledger.rho * LABELS_SHARE, ledger, rng)
        self.n_rows = round(known.n_rows)
        return known
