"""The generative adversarial net of images."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from likewise.codecs.base import Given
from likewise.dp.gate import Noisy
from likewise.models.about import About
from likewise.models.adversarial.losses import loss_on_drawn, loss_on_real
from likewise.models.adversarial.private_duel import play_privately
from likewise.models.base import Fit
from likewise.models.gradient.inputs import train_device
from likewise.models.images.critics import (
    FEW,
    PENALTY_EVERY,
    AveragedPainter,
    Critique,
    Rules,
    noise,
)
from likewise.models.images.duel import Duel

PRIVATE_DRAWN = 128
"""Under a budget: images drawn in a step."""

POOL = 2**14
"""Labels drawn at once, to be told in training."""

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import Painter


@dataclass(kw_only=True)
class ImageGAN(Duel):
    """A generative adversarial net of images (Goodfellow et al. 2014), convolutional (Radford et al. 2016), told the
    label where images have one (projection critic: Miyato and Koyama 2018).

    The critic's slope is held down (R1: Mescheder et al. 2018), it sees images moved at random (Zhao et al. 2020), and
    what draws in the end are averaged weights (Yazıcı et al. 2019). There are no latents of given images: that is what
    a VAE has.

    The arguments are those of `Duel`, `GameOptions`, `ImageModel` and `NetOptions`; `sampling_rate` None takes 1/16.

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

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of the labels first; then only the critic sees images, a clipped gradient each."""
        import torch

        n_images, device = self._begin_privately(gate), train_device(self.device)
        painter = self._make_net(torch.zeros(self._shape[0]), generator).to(device)
        critic = self._make_critic(generator).to(device)
        kept = deepcopy(painter)
        rules = replace(Rules.of(self, FEW, device), shift=0.0, mismatch=0.0)
        told = self._one_hot(self._draw_labels(POOL, fit.rng, Given())).to(device)
        game = _BlindGame(painter, Critique(critic, rules, generator), told, self._apart, generator)
        self.record = play_privately(
            game, painter, gate, self._steps(), self._schedule(FEW), clip=self.clip, n_rows=n_images,
            rows_of=self._side_by_side, public=self._public_rows().to(device), average=AveragedPainter(painter, kept),
            passes=self._passes, progress=fit.progress,
        )  # fmt: skip
        self._net = kept.to("cpu").eval()


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
