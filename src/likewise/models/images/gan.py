"""The generative adversarial net of images."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Noisy
from likewise.errors import TrainingError
from likewise.models.about import About
from likewise.models.adversarial.losses import Alternating, is_finite, loss_on_drawn, loss_on_real
from likewise.models.adversarial.private_duel import PrivateDuel
from likewise.models.base import Fit
from likewise.models.gradient.inputs import take_weights, train_device
from likewise.models.images.base import ImageModel, batch_size_for, mean_logits
from likewise.models.images.critics import (
    BETAS,
    FEW,
    PENALTY_EVERY,
    AveragedPainter,
    Critique,
    HeldOutDistance,
    Rules,
    noise,
)
from likewise.training.loop import Schedule, train
from likewise.training.private import train_privately

PRIVATE_DRAWN = 128
"""Under a budget: images drawn in a step."""

POOL = 2**14
"""Labels drawn at once, to be told in training."""

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import Painter


@dataclass(kw_only=True)
class ImageGAN(ImageModel):
    """A generative adversarial net of images (Goodfellow et al. 2014), convolutional (Radford et al. 2016), told the
    label where images have one (projection critic: Miyato and Koyama 2018).

    The critic's slope is held down (R1: Mescheder et al. 2018), it sees images moved at random (Zhao et al. 2020), and
    what draws in the end are averaged weights (Yazıcı et al. 2019). There are no latents of given images: that is what
    a VAE has.

    Args:
        net: "conv" or "mlp": layers of generator and critic.
        latent_dim: dimensions of the noise.
        width: channels of the widest convolution; dense layers have 4 and 8 times as many units.
        loss: "nonsaturating" (the classical minimax game with the generator's loss turned), "hinge", "wasserstein".
        penalty: weight of the critic's squared slope at real images.
        mismatch: weight of real images with wrong labels, which the critic is told to find too (Reed et al. 2016):
            draws then look more like what their labels say.
        noise: deviation of the noise under which the critic sees all images, pixels being in [0, 1].
        shift: share of a side by which images are moved, at most, before the critic sees them; None for a tenth where
            they are fewer than 1,000, which must last for many epochs, and 0 where they are more.
        epochs: passes over the images; None chooses by their number.
        batch_size: images a step; None chooses by their number.
        learning_rate: peak of the one cycle, of generator and critic.
        patience: epochs without a smaller distance to the held-out images before training ends; None for half of the
            epochs.
        max_seconds: budget of the training; None for none.
        precision: "bf16", "fp32", or "auto": bf16 where the processor multiplies it faster.
        device: "cpu", "cuda", or "auto".
        clip: under a budget of privacy, the greatest norm of an image's gradient.
        sampling_rate: under a budget, the chance of an image to be in a step of the critic; None takes 1/16.

    Privacy: differential privacy under a budget (`Synthesizer(privacy=...)`), else none. The unit is one image. Labels
    must be declared; only the critic sees images, one private step of the plan each time. NOTE[DIFF]: there the penalty
    is taken at drawn images, none are moved or wrongly labelled (`shift`, `mismatch`), and the weights are the average
    at the end.

    Example:
        >>> import numpy as np, likewise as lw
        >>> dots = np.zeros((40, 8, 8), np.uint8); dots[:20, :4] = 255; dots[20:, 4:] = 255
        >>> synth = lw.Synthesizer(lw.ImageGAN(epochs=1), random_state=0).fit(dots)
        >>> synth.sample(5).shape
        (5, 8, 8)
    """

    name: ClassVar[str] = "gan"
    keeps_privacy: ClassVar[bool] = True
    private_passes: ClassVar[int] = 60
    about: ClassVar[About] = About(
        purpose="Sharp images; told the label where there are labels.",
        cost="Minutes on 2 cores for 8,000 images of 28 by 28 pixels, more than the vae.",
        guarantees=(
            "Size, channels and range of the pixels are those given; a draw has the label asked for. "
            "Differential privacy under a budget."
        ),
        avoid_when="You need latents of given images (vae, vaegan), or there are only a few hundred images.",
    )

    latent_dim: int = 64
    width: int = 32
    learning_rate: float = 3e-3
    loss: str = "nonsaturating"
    penalty: float = 0.1
    mismatch: float = 0.03
    noise: float = 0.2
    shift: float | None = None

    def __post_init__(self) -> None:
        self._painter: Painter | None = None
        Rules.check(self)
        super().__post_init__()

    def _schedule(self, n: int) -> Schedule:
        size = min(32, batch_size_for(n)) if self.batch_size is None else self.batch_size
        epochs = min(300, max(15, math.ceil(9500 / max(n // size, 1)))) if self.epochs is None else self.epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self.learning_rate,
            warmup=0.05,
            weight_decay=0.0,
            patience=max(4, epochs // 2) if self.patience is None else self.patience,
            max_seconds=self.max_seconds,
        )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        from torch import nn

        from likewise.nets.images import ImageCritic

        self._begin(rows)
        holdout = fit.holdout
        device = train_device(self.device)
        x, told = self._pixels(rows), self._one_hot(rows.codes)
        painter = self._make_painter(mean_logits(x), generator)
        critic = ImageCritic(self.net, self._shape, self._n_classes, self.width, generator=generator)
        kept = deepcopy(painter)
        nets = nn.ModuleDict({"painter": painter, "kept": kept, "critic": critic}).to(device)
        game = _Game(painter, Critique(critic, Rules.of(self, len(x), device), generator), x, told, generator)
        schedule = self._schedule(len(x))
        still = noise(len(holdout), painter, generator)
        distance = None
        if len(holdout):
            held = self._pixels(holdout).to(device), self._one_hot(holdout.codes).to(device)
            distance = HeldOutDistance(*held, lambda told: kept(still[: len(told)], told), generator)
        sides = list(critic.parameters()), list(painter.parameters())
        self.record = train(
            nets,
            Alternating(game, *sides, schedule, betas=BETAS, average=AveragedPainter(painter, kept)),
            len(x),
            schedule,
            generator=generator,
            holdout_loss=distance,
            progress=fit.progress,
        )
        self._painter = kept.to("cpu").eval()

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of the labels first; then only the critic sees images, a clipped gradient each."""
        import torch

        from likewise.nets.images import ImageCritic

        n_images, device = self._begin_privately(gate), train_device(self.device)
        painter = self._make_painter(torch.zeros(self._shape[0]), generator).to(device)
        critic = ImageCritic(self.net, self._shape, self._n_classes, self.width, generator=generator).to(device)
        kept = deepcopy(painter)
        rules = replace(Rules.of(self, FEW, device), shift=0.0, mismatch=0.0)
        told = self._one_hot(self._draw_labels(POOL, fit.rng, Given())).to(device)
        game = _BlindGame(painter, Critique(critic, rules, generator), told, self._apart, generator)
        [sums] = gate.clipped_sums([("gradients of the critic", self._steps())], clip=self.clip, n_rows=n_images)
        duel = PrivateDuel(
            game,
            list(painter.train().parameters()),
            sums,
            self._schedule(FEW),
            rows_of=self._side_by_side,
            public=self._public_rows().to(device),
            critic_steps=1,
            critic_rate=1.0,
            average=AveragedPainter(painter, kept),
        )
        self.record = train_privately(duel, passes=self._passes, progress=fit.progress)
        if not is_finite(kept):
            raise TrainingError("the weights are not numbers; lower learning_rate")
        self._painter = kept.to("cpu").eval()

    def _make_painter(self, start: torch.Tensor, generator: torch.Generator) -> Painter:
        from likewise.nets.images import Painter

        return Painter(self.net, self._shape, self.latent_dim, self._n_classes, self.width, start, generator)

    def _is_fitted(self) -> bool:
        return self._painter is not None

    def _paint(self, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        assert self._painter is not None
        painted: torch.Tensor = self._painter(self._noise(len(told), rng), told)
        return painted

    # ---- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        self._fitted()
        assert self._painter is not None
        return self._state_with(self._painter.state_dict())

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        weights = self._take_shares(state, alphabet)
        painter = self._make_painter(torch.zeros(self._shape[0]), torch.Generator())
        take_weights(painter, weights)
        self._painter = painter.eval()
        return self


class _Game:
    """Images from noise against those of the training part."""

    def __init__(
        self, painter: Painter, critique: Critique, x: torch.Tensor, told: torch.Tensor, generator: torch.Generator
    ) -> None:
        self.painter, self.critique, self.x, self.told, self.generator = painter, critique, x, told, generator

    def draw(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images with the labels of these, and the labels."""
        z = noise(len(rows), self.painter, self.generator)
        told = self.told[rows].to(z.device)
        with self.critique.rules.context():
            return self.painter(z, told), told

    def critic_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, torch.Tensor], step: int) -> torch.Tensor:
        drawn, told = fake
        return self.critique.loss(self.x[rows].to(drawn.device), told, drawn, told, step)

    def generator_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        del rows
        return self.critique.to_please(*fake)


class _BlindGame:
    """The game under a budget: it holds no image, and meets some only in `row_loss`, where each has a loss of its own.

    Args:
        told: (m, K) labels by their noisy law.
        apart: rows to pixels and labels.
    """

    def __init__(
        self,
        painter: Painter,
        critique: Critique,
        told: torch.Tensor,
        apart: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
        generator: torch.Generator,
    ) -> None:
        self.painter, self.critique, self.told, self.apart = painter, critique, told, apart
        self.critic, self.rules, self.generator = critique.critic, critique.rules, generator

    def refill(self) -> None:
        """Nothing is pooled here."""

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Images, and the labels they were told."""
        import torch

        at = torch.randint(len(self.told), (PRIVATE_DRAWN,), generator=self.generator)
        told = self.told[at.to(self.told.device)]
        return self.painter(noise(len(told), self.painter, self.generator), told), told

    def row_loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        import torch

        real, told = self.apart(rows)
        blur = self.rules.noise * torch.randn(real.shape, generator=own, device=real.device)
        return loss_on_real(self.rules.loss, self.critic(real + blur, told))

    def drawn_loss(self, step: int) -> torch.Tensor:
        import torch

        with torch.no_grad():
            drawn, told = self.draw()
        loss = loss_on_drawn(self.rules.loss, self.critic(self.critique.blurred(drawn), told)).mean()
        if self.rules.penalty and step % PENALTY_EVERY == 0:
            some = slice(PRIVATE_DRAWN // PENALTY_EVERY)
            loss = loss + 0.5 * PENALTY_EVERY * self.rules.penalty * self.critique.steepness(drawn[some], told[some])
        return loss

    def generator_loss(self) -> torch.Tensor:
        return self.critique.to_please(*self.draw())
