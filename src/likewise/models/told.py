"""What the generators share that are told labels: a net beside the law of the labels, their state, and their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.ledger import Ledger
from likewise.errors import NotFittedError
from likewise.models.base import Generator
from likewise.models.gradient import net_with_weights, settled_arrays, take_settled, weights_of
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
    _settled: dict[str, int]
    settles: ClassVar[tuple[str, ...]] = ()
    """Names of what `_settle` settles."""

    def _label_options(self) -> dict[str, Any]:
        """How the law of the labels is learnt."""
        raise NotImplementedError

    def _blank_net(self, alphabet: Alphabet) -> Net:
        """A net of these options that has learnt nothing."""
        raise NotImplementedError

    def _settle(self, alphabet: Alphabet) -> None:
        """Choose what the options leave open, into `_settled`."""

    def _n_lists(self) -> int:
        """Layers that the options ask for one by one."""
        return 0

    def _fitted(self) -> Net:
        if self._net is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._net

    def _told(self) -> Labels:
        if self._labels is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._labels

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return weights_of(self._fitted()) | settled_arrays(self._settled) | self._told().state()

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        state = dict(state)
        labels = self._taken_labels(state, alphabet)
        self._settled = take_settled(self, state, self.settles)
        self._net = net_with_weights(lambda: self._blank_net(alphabet), state, self._n_lists())
        self._labels = labels
        return self

    def _taken_labels(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Labels:
        """The law of the labels, its arrays taken out of the state."""
        labels = Labels.take(state, alphabet, **self._label_options())
        self.condition_fields, self._alphabet = tuple(labels.fields), alphabet
        return labels

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
