"""The generative adversarial network: a generator of codes and a critic of them, trained in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Noisy
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.adversarial.losses import LOSSES, Alternating, Averaged, pac_misfit
from likewise.models.adversarial.model import POOL, AdversarialModel
from likewise.models.base import Fit, check_rows
from likewise.models.gan.draws import calibrate, counted
from likewise.models.gan.game import BlindRowGame, RowGame, Rules
from likewise.models.gradient.inputs import (
    batch_size_for,
    compute_dtype,
    log_marginals,
    settled_dtype,
    train_device,
)
from likewise.models.gradient.labels import Labels
from likewise.models.gradient.tables import TableModel
from likewise.models.options import MOST_DROPPED, PRECISIONS, number, whole, word
from likewise.training.loop import Schedule

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic
    from likewise.nets.gan import TableGenerator

STEPS = 800
"""Steps of the generator where the caller leaves the epochs open."""

PRIVATE_DRAWN = 500
"""Rows drawn in a step under a budget."""


@dataclass(kw_only=True)
class GAN(TableModel["TableGenerator"], AdversarialModel["TableGenerator"]):
    """A generative adversarial network (Goodfellow et al. 2014) over codes.

    A generator turns noise to rows, a critic scores rows, and each learns against the other. Levels and bins are drawn,
    and gradients pass the draws straight through (Jang, Gu and Poole 2017). NOTE[DIFF]: each field is drawn given the
    noise and the fields before it, and the generator's loss has a second part, the distance of the second moments of
    coarse codes: a critic alone leaves columns hardly tied in so few steps. The weights drawn from are averaged over
    the steps, and are those of the epoch whose pairs of columns lay nearest to the held-out rows' own.

    Args:
        latent_dim: dimensions of the noise.
        loss: "nonsaturating", "wasserstein" or "hinge".
        penalty: weight of the critic's gradient penalty: of R1, and of the distance to slope 1 for "wasserstein", which
            wants about 10.
        moments: weight of the second moments; 0 leaves all to the critic. None takes 1, and 100 under a budget.
        temperature: of the soft draws whose gradient is taken.
        pac: rows judged together; it must divide `batch_size`.
        critic_steps: steps of the critic for each of the generator.
        width: units of the generator's shared layers.
        n_layers: its residual layers after the first.
        critic_width: units of the critic's layers.
        critic_layers: how many they are.
        d_embed: width of a code's embedding; None takes 24 where most columns have many codes, else 12.
        d_hidden: hidden units of each column in the generator; None takes 64 where most columns have many codes, else
            32.
        learning_rate: the generator's peak of the one cycle.
        critic_rate: the critic's peak over the generator's.
        averaging: weight of what was in the averaged weights.
        dropout: share of the critic's units dropped in training.
        weight_decay: AdamW's.
        patience: epochs without a better held-out distance before training ends; None takes 8, or a third of the
            epochs.
        precision: "bf16", "fp32", or "auto": fp32 on a processor, bf16 on a CUDA device that has it.

    The other arguments are those of `ConditionalOptions` and `NetOptions`.

    Privacy: differential privacy under a budget (`Synthesizer(privacy=...)`), else none. Only the critic sees rows, one
    private step of the plan each time; the generator learns from the critic's weights and from noisy counts of fields
    and pairs (in the line of Liu, Vietri and Wu 2021), which is no further look at the rows. NOTE[DIFF]: there the
    penalty is taken at drawn rows alone, labels are told by their noisy law, `epochs` is how often a row is taken, the
    weights are the average at the end, and `pac` must be 1. Without a budget the critic's judgement and the second
    moments can carry what few rows hold: measure it.
    """

    name: ClassVar[str] = "gan"
    draws_while_learning: ClassVar[bool] = True
    keeps_privacy: ClassVar[bool] = True
    about: ClassVar[About] = About(
        purpose="A generator and a critic trained in turn, for studies of adversarial training and to compare with.",
        cost="Some five times the default's: 35 s of one core for Adult's 32,561 rows.",
        guarantees=(
            "Conditions on condition_on columns hold exactly; there are no likelihoods. Values stay in the "
            "protected range and among the levels kept; differential privacy under a budget."
        ),
        avoid_when=(
            "Rare levels matter, a run must come out alike each time, or you have no time to look at how training went."
        ),
    )

    latent_dim: int = whole(64)
    loss: str = word("nonsaturating", LOSSES)
    penalty: float = number(0.2)
    moments: float | None = number(None)
    temperature: float = number(0.66, 1e-3)
    pac: int = whole(1)
    critic_steps: int = whole(1)
    width: int = whole(256)
    n_layers: int = whole(2, 0)
    critic_width: int = whole(256)
    critic_layers: int = whole(2)
    d_embed: int | None = whole(None)
    d_hidden: int | None = whole(None)
    learning_rate: float = number(3e-3, ends=False)
    critic_rate: float = number(0.4)
    averaging: float = number(0.995, 0, 1)
    dropout: float = number(0.0, 0, MOST_DROPPED)
    weight_decay: float = number(1e-4)
    patience: int | None = whole(None)
    precision: str = word("auto", PRECISIONS)

    settles: ClassVar[tuple[str, ...]] = ("d_embed", "d_hidden")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size is not None and self.batch_size % self.pac:
            raise OptionError(pac_misfit(self.pac, self.batch_size))

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = min(batch_size_for(n_rows) if self.batch_size is None else self.batch_size, n_rows)
        size -= size % self._pac(n_rows)
        epochs = min(300, math.ceil(STEPS / max(n_rows // size, 1))) if self.epochs is None else self.epochs
        return self._planned(
            epochs=epochs, batch_size=size, patience=max(8, epochs // 3) if self.patience is None else self.patience,
            learning_rate=self.learning_rate, warmup=0.05, weight_decay=self.weight_decay,
        )  # fmt: skip

    def _pac(self, n_rows: int) -> int:
        """Rows judged together: a table of fewer has them all judged together."""
        return min(self.pac, max(n_rows, 1))

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        from torch import nn

        check_rows(rows)
        alphabet, rng = fit.alphabet, fit.rng
        self._settle(alphabet)
        shares = log_marginals(rows, alphabet)
        self._labels = Labels(self.condition_fields, alphabet, **self._label_options()).fit(rows, fit.holdout, rng)
        self._net = net = self._make_net(alphabet, shares, generator)
        if not net.drawn:
            return
        learner, critic = self._players(net, shares, self._pac(len(rows)), generator)
        device, dtype = net.back.device.type, net.dtype
        schedule = self._schedule(len(rows))
        game = RowGame(self._rules(), learner, critic, rows, alphabet, schedule.batch_size, generator)
        step = Alternating(
            game,
            list(critic.parameters()),
            list(learner.parameters()),
            schedule,
            critic_steps=self.critic_steps,
            critic_rate=self.critic_rate,
            average=Averaged(learner, net, self.averaging),
        )

        self._train(
            nn.ModuleDict({"generator": learner, "averaged": net, "critic": critic}), step, fit, rows, schedule,
            generator, on_epoch=game.refill,
            **self._held_out(
                fit.holdout, lambda: net.use("cpu", settled_dtype(self._settled)), lambda: net.use(device, dtype)
            ),
        )  # fmt: skip
        net.use("cpu", settled_dtype(self._settled))
        counts = counted(net, rows)
        calibrate(net.eval(), self._label_law(), alphabet, counts, len(rows), self.calibrate, rng)

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of each field and of pairs first; then only the critic sees rows, a clipped gradient each."""
        import torch

        alphabet, rng = fit.alphabet, fit.rng
        known = self._count(gate, rng)
        self._settle(alphabet)
        shares = known.log_shares()
        self._net = net = self._make_net(alphabet, shares, generator)
        if not net.drawn:
            return
        learner, critic = self._players(net, shares, 1, generator)
        device = net.back.device.type
        critic.use(device, torch.float32)
        told = torch.from_numpy(self._label_law().draw(POOL, rng, Given())[:, net.columns][:, net.labels])
        game = BlindRowGame(self._rules(), learner, critic, told, PRIVATE_DRAWN, generator)
        pairs = self._count_pairs(gate, known) if self._option("moments") else None
        if pairs is not None:
            game.moments = pairs.moments(pairs.coarse_maps(game.columns, device), game.columns)
        self._play_privately(
            game, learner, gate, known.n_rows, self._schedule(1), critic_steps=self.critic_steps,
            critic_rate=self.critic_rate, average=Averaged(learner, net, self.averaging), device=device,
            progress=fit.progress,
        )  # fmt: skip
        net.use("cpu", settled_dtype(self._settled))
        counts = net.by_bucket(known.counts)
        calibrate(net.eval(), self._label_law(), alphabet, counts, known.n_rows, self.calibrate, rng)

    def _rules(self) -> Rules:
        return Rules(self.loss, self.penalty, self._option("moments"), self.temperature)

    def _players(
        self, net: TableGenerator, shares: Sequence[npt.NDArray[np.float32]], pac: int, generator: torch.Generator
    ) -> tuple[TableGenerator, Critic]:
        """Who learns, with the weights that are averaged in `net`, and who judges: all where it is trained."""
        device = train_device(self.device)
        learner = self._make_net(self._alphabet, shares, generator)
        critic = self._make_critic(self._alphabet, shares, pac, generator)
        net.load_state_dict(learner.state_dict())
        for part in (learner, net, critic):
            part.use(device, compute_dtype(self.precision, device))
        return learner, critic

    def _make_net(
        self, alphabet: Alphabet, shares: Sequence[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> TableGenerator:
        from likewise.nets.gan import TableGenerator

        return TableGenerator(
            **self._tables(alphabet, shares),
            labels=self.condition_fields,
            n_latent=self.latent_dim,
            width=self.width,
            n_layers=self.n_layers,
            d_embed=self._settled["d_embed"],
            d_hidden=self._settled["d_hidden"],
            generator=generator,
        ).eval()

    def _make_critic(
        self, alphabet: Alphabet, shares: Sequence[npt.NDArray[np.float32]], pac: int, generator: torch.Generator
    ) -> Critic:
        from likewise.nets.critic import Critic

        return Critic(
            **self._tables(alphabet, shares),
            d_embed=self._settled["d_embed"],
            width=self.critic_width,
            n_layers=self.critic_layers,
            pac=pac,
            dropout=self.dropout,
            generator=generator,
        )
