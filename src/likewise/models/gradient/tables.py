"""The base of generators whose nets are made of tables of codes: shape, training by likelihood, private steps, weights.

Legend: n rows, B batch, D fields, K codes of a field.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.models.base import Fit
from likewise.models.gradient.inputs import (
    N_KNOTS,
    batches_of,
    blank_shares,
    compute_dtype,
    is_wide,
    net_with_weights,
    public_rows,
    rows_of,
    settled_arrays,
    settled_dtype,
    take_settled,
    train_device,
)
from likewise.models.gradient.model import GradientModel
from likewise.training.loop import Descent, Progress
from likewise.training.private import PrivateDescent, RowLoss, train_privately

if TYPE_CHECKING:
    import torch

    from likewise.nets.tables import CodeTables

Net = TypeVar("Net", bound="CodeTables")


class TableModel(GradientModel[Net]):
    """A generator by a net that is made of tables of codes."""

    settles: ClassVar[tuple[str, ...]] = ()
    """Options left open, and other numbers, that are settled when it learns, and then stand in its state."""
    _settled: dict[str, int]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return super().state() | settled_arrays(self._settled)

    @abstractmethod
    def _make_net(
        self, alphabet: Alphabet, shares: Sequence[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> Net:
        """A net of these options and of what was settled, which has learnt nothing but shares.

        Args:
            shares: (K,) log share of each code of each field.
        """

    def _loaded_net(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Net:
        """The net of a state, of which no more may be left than its weights, and what was settled of it."""
        import torch

        self._settled = take_settled(self, state, (*self.settles, "n_knots", "bf16"))
        blank = blank_shares(alphabet)
        return net_with_weights(
            lambda: self._make_net(alphabet, blank, torch.Generator()), state, getattr(self, "n_layers", 0)
        )

    def _settle(self, alphabet: Alphabet) -> None:
        """Choose the net's shape. Columns of many codes need finer units."""
        chosen = {"d_embed": 24, "d_hidden": 64} if is_wide(alphabet) else {"d_embed": 12, "d_hidden": 32}
        self._settle_widths(**{name: chosen.get(name, 0) for name in self.settles})

    def _settle_widths(self, **chosen: int) -> None:
        """Settle what the options leave open, by what is chosen in their place; and what a net computes in."""
        self._settled = {name: self._option(name) or value for name, value in chosen.items()}
        self._settled |= {"n_knots": N_KNOTS, "bf16": int(compute_dtype(self.precision) == compute_dtype("bf16"))}

    def _tables(self, alphabet: Alphabet, shares: Sequence[npt.NDArray[np.float32]]) -> dict[str, Any]:
        """What `CodeTables` takes of an alphabet, and the type that was settled."""
        from likewise.nets.ordinal import ordinal_features

        knots = self._settled["n_knots"]
        return {
            "sizes": alphabet.sizes,
            "features": [ordinal_features(f.positions, f.size, knots) for f in alphabet.fields],
            "log_marginals": shares,
            "dtype": settled_dtype(self._settled),
        }

    def _train_likelihood(
        self,
        net: CodeTables,
        fit: Fit,
        rows: Codes,
        generator: torch.Generator,
        learn: Callable[[torch.Tensor, float], torch.Tensor],
        held_out: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        """Train a net that begins at the shares of codes and tells the likelihood of rows; it ends on the processor.

        Args:
            learn: (B, D) rows in the net's own order, and the share of the training done, to their mean loss, whose
                gradient it leaves in the parameters.
            held_out: (n, D) held-out rows to the sum of their losses.
        """
        import torch

        device = train_device(self.device)
        net.use(device, compute_dtype(self.precision, device))
        batch_of, held = batches_of(net, rows.codes, device), rows_of(net)(fit.holdout).to(device)

        def holdout_loss() -> float:
            with torch.inference_mode():
                return float(held_out(held)) / len(held)

        def learnt(batch: torch.Tensor) -> torch.Tensor:
            return learn(batch_of(batch).long(), descent.passed)

        gang, schedule = fit.gang, self._schedule(len(rows), fit.alphabet)
        if gang is not None:
            schedule = gang.schedule(schedule, len(rows), is_open=self.batch_size is None)
        descent = Descent(
            net, learnt if gang is None else lambda batch: gang.descend(net, batch, learnt), schedule,
            net.decays(len(rows)),
        )  # fmt: skip
        self._train(
            net, descent, fit, rows, schedule, generator, holdout_loss=holdout_loss if len(held) else None,
            on_epoch=lambda: net.drop.refill(generator) if gang is None else gang.begin(net, generator),
            from_shares=True,
        )  # fmt: skip
        net.use("cpu", settled_dtype(self._settled))

    # ---- under a budget ----------------------------------------------------------------------------------------------

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
