"""The base of generators by nets: they learn from rows as they are, or under a budget by noisy sums of gradients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.models.base import Fit, Generator
from likewise.models.eligible import check_net_options
from likewise.models.gradient.inputs import in_net_order, settled_dtype, train_device
from likewise.training.loop import Progress, Schedule
from likewise.training.private import PrivateDescent, RowLoss, train_privately

if TYPE_CHECKING:
    import torch

    from likewise.models.gan.draws import NoiseNet
    from likewise.nets.tables import CodeTables

COUNTS_SHARE = 0.1
"""Share of a net's budget for the counts of each field."""

N_PUBLIC = 8
"""Random rows on which a net is tried before any real one."""


class GradientModel(Generator):
    """A generator by nets. What it learns by hangs on the gate: rows, or noisy sums."""

    private_passes: ClassVar[int] = 20
    private_rate: ClassVar[float] = 1 / 16
    """Under a budget: how often a row is taken, and its chance to be in a step, where the options leave it open."""

    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {}
    """What an option is that was left open, without a budget and with one: under noise each weight has its price."""

    is_private: bool = False
    """Whether the budget of `fit` held, by which options left open are settled. What a net is made of is in its state,
    so that a model that is loaded need not be told."""

    epochs: int | None
    device: str
    clip: float
    sampling_rate: float | None
    _alphabet: Alphabet
    _settled: dict[str, int]

    def options(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def _option(self, name: str) -> Any:
        """An option, or what it is where it was left open."""
        value = getattr(self, name)
        return self.left_open[name][self.is_private] if value is None else value

    def check_private(self) -> None:
        check_net_options(self)

    def fit(self, fit: Fit) -> Self:
        import torch

        generator = torch.Generator().manual_seed(int(fit.rng.integers(2**62)))
        self._alphabet, self.condition_fields, self.is_private = fit.alphabet, fit.condition_fields, fit.gate.is_private
        if isinstance(fit.gate, Noisy):
            self._learn_privately(fit, fit.gate, generator)
        else:
            self._learn(fit, fit.gate.rows(), generator)
        return self

    @abstractmethod
    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        """Learn from the rows as they are."""

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Learn from what a noisy gate tells."""
        raise NotImplementedError(f"{self.name} keeps no budget")

    @abstractmethod
    def _schedule(self, n_rows: int) -> Schedule:
        """How to train on so many rows; under a budget of its rates alone."""

    # ---- under a budget ----------------------------------------------------------------------------------------------

    @property
    def _passes(self) -> int:
        return self.private_passes if self.epochs is None else self.epochs

    def _steps(self, passes: float | None = None) -> Steps:
        """The steps in which each row is taken so often, as is expected."""
        rate = self.private_rate if self.sampling_rate is None else self.sampling_rate
        return Steps(rate, max(round((self._passes if passes is None else passes) / rate), 1))

    def _descend(
        self,
        gate: Noisy,
        net: CodeTables,
        loss: RowLoss,
        n_rows: float,
        *,
        turn: Callable[[], None] | None = None,
        later: Sequence[tuple[str, Steps]] = (),
        progress: Progress | None = None,
    ) -> list[ClippedSums]:
        """Train a net with all that is left of the budget; it ends on the processor.

        Args:
            loss: rows in the net's own order (B, D) to the loss of each.
            n_rows: as best known under the budget.
            turn: as `PrivateDescent` takes it.
            later: what is trained afterwards, and its steps, paid for together with the net's.

        Returns:
            The noisy sums of what comes later.
        """
        import torch

        device = train_device(self.device)
        net.use(device, torch.float32)
        phases = [("gradients of the net", self._steps()), *later]
        sums, *others = gate.clipped_sums(phases, clip=self.clip, n_rows=n_rows)
        public = public_rows(net).to(device)
        descent = PrivateDescent(
            net, loss, sums, self._schedule(1), rows_of=rows_of(net), public=public, turn=turn
        )  # fmt: skip
        self.record = train_privately(descent, passes=self._passes, progress=progress)
        net.use("cpu", settled_dtype(self._settled))
        return others


def rows_of(net: CodeTables | NoiseNet) -> Callable[[Codes], torch.Tensor]:
    """Codes to rows as this net takes them (B, D), in its own order."""
    import torch

    return lambda codes: torch.from_numpy(in_net_order(net, codes.codes))


def public_rows(net: CodeTables | NoiseNet) -> torch.Tensor:
    """(m, D) rows in the net's own order that have nothing to do with any table."""
    import torch

    generator = torch.Generator().manual_seed(0)
    columns = [torch.randint(size, (N_PUBLIC,), generator=generator) for size in net.sizes]
    return torch.stack(columns, 1)
