"""What conditional generators share: a net that is given labels, beside the law of the labels, and their counts."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet
from likewise.dp.gate import Noisy
from likewise.models.base import Fit, learnt
from likewise.models.gradient.labels import Labels
from likewise.models.gradient.model import COUNTS_SHARE, GradientModel, NetOptions
from likewise.models.marginals.counts import OneWay
from likewise.models.options import columns, whole
from likewise.training.loop import one_thread

if TYPE_CHECKING:
    from torch import nn

LABELS_SHARE = 0.05
"""Share of a budget for the counts of several labels together."""

Net = TypeVar("Net", bound="nn.Module")


@dataclass(kw_only=True)
class ConditionalOptions(NetOptions):
    """The options that all generators of tables by nets have which can be told columns.

    Args:
        condition_on: columns told to the nets; conditions on them are met exactly and at no cost.
        calibrate: rounds of moving the biases so that each column's shares of drawn rows are the training rows' own.
    """

    condition_on: list[str] = columns()  # noqa: RUF009 - makes a field
    calibrate: int = whole(2, 0)


class ConditionalModel(ConditionalOptions, GradientModel[Net]):
    """A generator by a net, conditional on labels, beside the law of these."""

    _labels: Labels | None = None

    @one_thread()
    def fit(self, fit: Fit) -> Self:
        return super().fit(fit)

    def _label_options(self) -> dict[str, Any]:
        """How the law of the labels is learnt."""
        return {"precision": self.precision, "device": self.device}

    def _label_law(self) -> Labels:
        return learnt(self._labels)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return super().state() | self._label_law().state()

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        state = dict(state)
        labels = Labels.take(state, alphabet, **self._label_options())
        self.condition_fields, self._alphabet = tuple(labels.fields), alphabet
        self._net, self._labels = self._loaded_net(state, alphabet), labels
        return self

    @abstractmethod
    def _loaded_net(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Net:
        """The net of a state, of which no more may be left than its weights and what was settled of it."""

    # ---- under a budget ----------------------------------------------------------------------------------------------

    def _count(self, gate: Noisy, rng: np.random.Generator) -> OneWay:
        """Count each field, and the labels, whose law is then known."""
        known = OneWay.of(gate, COUNTS_SHARE)
        labels = Labels(self.condition_fields, self._alphabet, **self._label_options())
        self._labels = labels.fit_privately(gate, known, LABELS_SHARE, rng)
        self.n_rows = round(known.n_rows)
        return known
