"""The generative adversarial network: a generator of codes and a critic of them, trained in turn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Noisy
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.adversarial.losses import LOSSES, Alternating, Averaged, is_finite, pac_misfit
from likewise.models.adversarial.model import POOL, AdversarialModel
from likewise.models.adversarial.variety import LOOKED_AT, Variety
from likewise.models.base import Fit, check_rows
from likewise.models.gan.draws import NoiseDrawing, calibrate, counted
from likewise.models.gan.game import BlindRowGame, RowGame, Rules
from likewise.models.gradient.inputs import (
    batch_size_for,
    blank_shares,
    check_choice,
    check_training_options,
    compute_dtype,
    fingerprint,
    is_wide,
    log_marginals,
    settled_dtype,
    train_device,
)
from likewise.models.gradient.labels import Labels, column_names
from likewise.training.loop import Record, Schedule, train

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic
    from likewise.nets.gan import TableGenerator

N_KNOTS = 64
"""Pieces of the rank's linear encoding."""

STEPS = 800
"""Steps of the generator where the caller leaves the epochs open."""

PRIVATE_DRAWN = 500
"""Rows drawn in a step under a budget."""

_WHOLE = {
    "latent_dim": 1, "width": 1, "n_layers": 0, "critic_width": 1, "critic_layers": 1, "d_embed": 1, "d_hidden": 1,
    "pac": 1, "critic_steps": 1, "epochs": 1, "batch_size": 1, "patience": 1, "calibrate": 0,
}  # fmt: skip
_NUMBERS = {
    "penalty": (0.0, math.inf),
    "moments": (0.0, math.inf),
    "temperature": (1e-3, math.inf),
    "averaging": (0.0, 1.0),
    "learning_rate": (0.0, math.inf),
    "critic_rate": (0.0, math.inf),
    "dropout": (0.0, 1.0),
    "weight_decay": (0.0, math.inf),
    "max_seconds": (0.0, math.inf),
    "clip": (1e-6, math.inf),
    "sampling_rate": (1e-6, 1.0),
}


@dataclass(kw_only=True)
class GAN(AdversarialModel["TableGenerator"]):
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
        condition_on: columns told to generator and critic; conditions on them are met exactly and at no cost.
        width: units of the generator's shared layers.
        n_layers: its residual layers after the first.
        critic_width: units of the critic's layers.
        critic_layers: how many they are.
        d_embed: width of a code's embedding; None takes 24 where most columns have many codes, else 12.
        d_hidden: hidden units of each column in the generator; None takes 64 where most columns have many codes, else
            32.
        epochs: passes over the rows; None chooses by their number.
        batch_size: rows a step; None chooses by their number.
        learning_rate: the generator's peak of the one cycle.
        critic_rate: the critic's peak over the generator's.
        averaging: weight of what was in the averaged weights.
        dropout: share of the critic's units dropped in training.
        weight_decay: AdamW's.
        patience: epochs without a better held-out distance before training ends; None takes 8, or a third of the
            epochs.
        max_seconds: budget of the training; None for none.
        checkpoint: file to resume from, written every epoch; None for none.
        calibrate: rounds of moving the generator's biases so that each column's shares are the training rows' own.
        precision: "bf16", "fp32", or "auto": bf16 where the processor multiplies it faster.
        device: "cpu", "cuda", or "auto".
        clip: under a budget of privacy, the greatest norm of a row's gradient.
        sampling_rate: under a budget, the chance of a row to be in a step of the critic; None takes 1/32.

    Privacy: differential privacy under a budget (`Synthesizer(privacy=...)`), else none. Only the critic sees rows, one
    private step of the plan each time; the generator learns from the critic's weights and from noisy counts of fields
    and pairs (in the line of Liu, Vietri and Wu 2021), which is no further look at the rows. NOTE[DIFF]: there the
    penalty is taken at drawn rows alone, labels are told by their noisy law, `epochs` is how often a row is taken, the
    weights are the average at the end, and `pac` must be 1. Without a budget the critic's judgement and the second
    moments can carry what few rows hold: measure it.
    """

    name: ClassVar[str] = "gan"
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

    latent_dim: int = 64
    loss: str = "nonsaturating"
    penalty: float = 0.2
    moments: float | None = None
    temperature: float = 0.66
    pac: int = 1
    critic_steps: int = 1
    condition_on: list[str] = field(default_factory=list)
    width: int = 256
    n_layers: int = 2
    critic_width: int = 256
    critic_layers: int = 2
    d_embed: int | None = None
    d_hidden: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 3e-3
    critic_rate: float = 0.4
    averaging: float = 0.995
    dropout: float = 0.0
    weight_decay: float = 1e-4
    patience: int | None = None
    max_seconds: float | None = None
    checkpoint: str | None = None
    calibrate: int = 2
    precision: str = "auto"
    device: str = "auto"
    clip: float = 1.0
    sampling_rate: float | None = None

    settles: ClassVar[tuple[str, ...]] = ("d_embed", "d_hidden", "n_knots", "bf16")

    def __post_init__(self) -> None:
        self.record = Record()
        self._net: TableGenerator | None = None
        self._labels: Labels | None = None
        check_choice(self, "loss", LOSSES)
        self.condition_on = column_names(self.condition_on)
        check_training_options(self, _WHOLE, _NUMBERS)
        if self.batch_size is not None and self.batch_size % self.pac:
            raise OptionError(pac_misfit(self.pac, self.batch_size))
        self._schedule(1)

    def _schedule(self, n_rows: int) -> Schedule:
        size = min(batch_size_for(n_rows) if self.batch_size is None else self.batch_size, n_rows)
        size -= size % self._pac(n_rows)
        epochs = min(300, math.ceil(STEPS / max(n_rows // size, 1))) if self.epochs is None else self.epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self.learning_rate,
            warmup=0.05,
            weight_decay=self.weight_decay,
            patience=max(8, epochs // 3) if self.patience is None else self.patience,
            max_seconds=self.max_seconds,
            checkpoint=self.checkpoint,
        )

    def _pac(self, n_rows: int) -> int:
        """Rows judged together: a table of fewer has them all judged together."""
        return min(self.pac, max(n_rows, 1))

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        from torch import nn

        check_rows(rows)
        alphabet, holdout, rng = fit.alphabet, fit.holdout, fit.rng
        self._settle(alphabet)
        shares = log_marginals(rows, alphabet)
        self._labels = Labels(self.condition_fields, alphabet, **self._label_options()).fit(rows, holdout, rng)
        self._net = net = self._make_generator(alphabet, shares, generator)
        if not net.drawn:
            return
        device, dtype = train_device(self.device), compute_dtype(self.precision, train_device(self.device))
        learner = self._make_generator(alphabet, shares, generator)
        critic = self._make_critic(alphabet, shares, self._pac(len(rows)), generator)
        net.load_state_dict(learner.state_dict())
        both = nn.ModuleDict({"generator": learner, "averaged": net, "critic": critic})
        for part in (learner, net, critic):
            part.use(device, dtype)
        schedule = self._schedule(len(rows))
        rules = Rules(self.loss, self.penalty, self._option("moments"), self.temperature)
        game = RowGame(rules, learner, critic, rows, alphabet, schedule.batch_size, generator)
        step = Alternating(
            game,
            list(critic.parameters()),
            list(learner.parameters()),
            schedule,
            critic_steps=self.critic_steps,
            critic_rate=self.critic_rate,
            average=Averaged(learner, net, self.averaging),
        )
        notes: dict[str, float] = {}
        held = Variety(holdout.codes, alphabet)

        def holdout_distance() -> float:
            if not is_finite(net):
                return math.nan
            net.use("cpu", settled_dtype(self._settled))
            drawing = NoiseDrawing(net, self._label_law(), alphabet, Given())
            drawn, _ = drawing.candidates(LOOKED_AT, np.random.default_rng(0))
            net.use(device, dtype)
            notes.update(held.measure(drawn))
            return notes.pop("distance")

        self.record = train(
            both,
            step,
            len(rows),
            schedule,
            generator=generator,
            holdout_loss=holdout_distance if len(holdout) else None,
            on_epoch=game.refill,
            progress=fit.progress,
            notes=notes,
            fingerprint=fingerprint(self, rows, fit.holdout),
        )
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
        self._net = net = self._make_generator(alphabet, shares, generator)
        if not net.drawn:
            return
        device, dtype = train_device(self.device), compute_dtype(self.precision, train_device(self.device))
        learner = self._make_generator(alphabet, shares, generator)
        critic = self._make_critic(alphabet, shares, 1, generator)
        net.load_state_dict(learner.state_dict())
        for part in (learner, net):
            part.use(device, dtype)
        critic.use(device, torch.float32)
        told = torch.from_numpy(self._label_law().draw(POOL, rng, Given())[:, net.columns][:, net.labels])
        rules = Rules(self.loss, self.penalty, self._option("moments"), self.temperature)
        game = BlindRowGame(rules, learner, critic, told, PRIVATE_DRAWN, generator)
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

    def _settle(self, alphabet: Alphabet) -> None:
        """Columns of many codes need finer units."""
        d_embed, d_hidden = (24, 64) if is_wide(alphabet) else (12, 32)
        self._settled = {
            "d_embed": self.d_embed or d_embed,
            "d_hidden": self.d_hidden or d_hidden,
            "n_knots": N_KNOTS,
            "bf16": int(compute_dtype(self.precision) == compute_dtype("bf16")),
        }

    def _features(self, alphabet: Alphabet) -> list[npt.NDArray[np.float32]]:
        from likewise.nets.ordinal import ordinal_features

        return [ordinal_features(f.positions, f.size, self._settled["n_knots"]) for f in alphabet.fields]

    def _make_generator(
        self, alphabet: Alphabet, shares: list[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> TableGenerator:
        from likewise.nets.gan import TableGenerator

        return TableGenerator(
            alphabet.sizes,
            self._features(alphabet),
            shares,
            self.condition_fields,
            n_latent=self.latent_dim,
            width=self.width,
            n_layers=self.n_layers,
            d_embed=self._settled["d_embed"],
            d_hidden=self._settled["d_hidden"],
            generator=generator,
            dtype=settled_dtype(self._settled),
        ).eval()

    def _make_critic(
        self, alphabet: Alphabet, shares: list[npt.NDArray[np.float32]], pac: int, generator: torch.Generator
    ) -> Critic:
        from likewise.nets.critic import Critic

        return Critic(
            alphabet.sizes,
            self._features(alphabet),
            shares,
            d_embed=self._settled["d_embed"],
            width=self.critic_width,
            n_layers=self.critic_layers,
            pac=pac,
            dropout=self.dropout,
            generator=generator,
            dtype=settled_dtype(self._settled),
        )

    def _label_options(self) -> dict[str, Any]:
        return {"precision": self.precision, "device": self.device}

    def _blank_net(self, alphabet: Alphabet) -> TableGenerator:
        import torch

        return self._make_generator(alphabet, blank_shares(alphabet), torch.Generator())

    def _n_lists(self) -> int:
        return self.n_layers
