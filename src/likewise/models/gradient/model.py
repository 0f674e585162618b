"""The base of generators by nets: they learn from rows as they are, or under a budget by noisy sums of gradients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import Noisy
from likewise.models.base import Fit, Generator, learnt
from likewise.models.eligible import check_free_options, check_net_options
from likewise.models.gradient.inputs import fingerprint, weights_of
from likewise.models.options import number, path, whole, word
from likewise.nets import require_torch
from likewise.training.loop import Schedule, Step, train

if TYPE_CHECKING:
    import torch
    from torch import nn

COUNTS_SHARE = 0.1
"""Share of a net's budget for the counts of each field."""


Net = TypeVar("Net", bound="nn.Module")


@dataclass(kw_only=True)
class NetOptions:
    """The options that all generators by nets have.

    Args:
        epochs: passes over the rows; None chooses by their number. Under a budget of privacy how often each is taken,
            as expected.
        batch_size: rows a step; None chooses by their number. Not with a budget of privacy: see `sampling_rate`.
        max_seconds: budget of the training; None for none.
        checkpoint: file to resume from, written every epoch; None for none.
        device: "cpu", "cuda", or "auto": a CUDA device where there is one. It trains there; draws are made on the
            processor, so that a model gives the same rows wherever it is loaded.
        clip: under a budget of privacy, the norm to which each row's gradient is cut.
        sampling_rate: under a budget of privacy, the chance of each row to be in a step, whatever the number of rows;
            None takes 1/16, and 1/32 for the critic of a table.
    """

    epochs: int | None = whole(None)
    batch_size: int | None = whole(None)
    max_seconds: float | None = number(None, ends=False)
    checkpoint: str | None = path()
    device: str = word("auto", ("auto", "cpu", "cuda"))
    clip: float = number(1.0, 1e-6)
    sampling_rate: float | None = number(None, 1e-6, 1.0)


class NetModel(NetOptions, Generator):
    """A generator by nets: options of which some hang on whether a budget holds, and the steps that one pays for."""

    private_passes: ClassVar[int] = 20
    private_rate: ClassVar[float] = 1 / 16
    """Under a budget: how often a row is taken, and its chance to be in a step, where the options leave it open."""

    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {}
    """What an option is that was left open, without a budget and with one: under noise each weight has its price."""

    is_private: bool = False
    """Whether the budget of `fit` held, by which options left open are settled. What a net is made of is in its state,
    so that a model that is loaded need not be told."""

    def __post_init__(self) -> None:
        require_torch()
        super().__post_init__()

    def _option(self, name: str) -> Any:
        """An option, or what it is where it was left open; None where that hangs on the rows."""
        value = getattr(self, name)
        return self.left_open.get(name, (None, None))[self.is_private] if value is None else value

    def check_private(self) -> None:
        check_net_options(self)

    @property
    def _passes(self) -> int:
        return self.private_passes if self.epochs is None else self.epochs

    def _steps(self, passes: float | None = None) -> Steps:
        """The steps in which each row is taken so often, as is expected."""
        rate = self.private_rate if self.sampling_rate is None else self.sampling_rate
        return Steps(rate, max(round((self._passes if passes is None else passes) / rate), 1))

    def _forget_checkpoint(self) -> None:
        """Delete it: all is learnt."""
        if self.checkpoint is not None:
            Path(self.checkpoint).unlink(missing_ok=True)


class GradientModel(NetModel, Generic[Net]):
    """A generator by nets that learn from rows, or from noisy sums, as the gate has it."""

    precision: str = "fp32"
    """What nets compute in, where no option says."""

    _net: Net | None = None

    def _fitted(self) -> Net:
        return learnt(self._net)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return weights_of(self._fitted())

    def _begun(self, fit: Fit) -> torch.Generator:
        """Take up what is to be learnt; gives the generator of all that is no noise of privacy."""
        import torch

        self.check_context(fit)
        if not fit.gate.is_private:
            check_free_options(self)
        self._alphabet, self.condition_fields, self.is_private = fit.alphabet, fit.condition_fields, fit.gate.is_private
        return torch.Generator().manual_seed(int(fit.rng.integers(2**62)))

    def fit(self, fit: Fit) -> Self:
        self.fit_on(fit)
        if fit.gang is None or fit.gang.leads:
            self._forget_checkpoint()
        return self

    def fit_on(self, fit: Fit) -> None:
        """As `fit`, for one who goes on from here: the checkpoint stays."""
        generator = self._begun(fit)
        if isinstance(fit.gate, Noisy):
            self._learn_privately(fit, fit.gate, generator)
        else:
            self._learn(fit, fit.gate.rows(), generator)

    @abstractmethod
    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        """Learn from the rows as they are."""

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Learn from what a noisy gate tells."""
        raise NotImplementedError(f"{self.name} keeps no budget")

    @abstractmethod
    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        """How to train on so many rows; under a budget of its rates alone."""

    def _planned(self, *, epochs: int, batch_size: int, patience: int, **rates: float) -> Schedule:
        """A schedule of so many epochs, where the options leave them open."""
        return Schedule(
            epochs=epochs, batch_size=batch_size, patience=patience, max_seconds=self.max_seconds,
            checkpoint=self.checkpoint, **rates,
        )  # fmt: skip

    def _train(
        self, module: nn.Module, step: Step, fit: Fit, rows: Codes, schedule: Schedule, generator: torch.Generator,
        **more: Any,
    ) -> None:  # fmt: skip
        """As `training.loop.train`, into the record."""
        self.record = train(
            module, step, len(rows), schedule, generator=generator, progress=fit.progress, gang=fit.gang,
            fingerprint=fingerprint(self, rows, fit.holdout) if schedule.checkpoint else "", **more,
        )  # fmt: skip
