"""What conditional generators share: a net that is given labels, beside the law of the labels, and their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet
from likewise.dp.gate import Noisy
from likewise.errors import NotFittedError
from likewise.models.base import Fit
from likewise.models.gradient.inputs import net_with_weights, settled_arrays, take_settled, weights_of
from likewise.models.gradient.labels import Labels
from likewise.models.gradient.model import COUNTS_SHARE, GradientModel
from likewise.models.marginals.counts import OneWay
from likewise.training.loop import one_thread

if TYPE_CHECKING:
    from torch import nn

LABELS_SHARE = 0.05
"""Share of a budget for the counts of several labels together."""

Net = TypeVar("Net", bound="nn.Module")


class ConditionalModel(GradientModel, Generic[Net]):
    """A generator by a net, conditional on labels, beside the law of these."""

    _net: Net | None
    _labels: Labels | None
    settles: ClassVar[tuple[str, ...]] = ()
    """Names of what `_settle` settles."""

    @one_thread()
    def fit(self, fit: Fit) -> Self:
        return super().fit(fit)

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

    def _label_law(self) -> Labels:
        if self._labels is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._labels

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return weights_of(self._fitted()) | settled_arrays(self._settled) | self._label_law().state()

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

    def _count(self, gate: Noisy, rng: np.random.Generator) -> OneWay:
        """Count each field, and the labels, whose law is then known."""
        known = OneWay.of(gate, COUNTS_SHARE)
        labels = Labels(self.condition_fields, self._alphabet, **self._label_options())
        self._labels = labels.fit_privately(gate, known, LABELS_SHARE, rng)
        self.n_rows = round(known.n_rows)
        return known
