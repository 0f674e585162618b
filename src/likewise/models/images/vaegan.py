"""A variational autoencoder of images whose decoder is sharpened by a critic."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from likewise.codecs.base import Codes
from likewise.models.about import About
from likewise.models.adversarial.losses import Alternating
from likewise.models.base import Fit
from likewise.models.gradient.inputs import train_device
from likewise.models.images.base import BATCH, batch_size_for
from likewise.models.images.critics import BETAS, AveragedPainter, Critique, GameOptions, HeldOutDistance, Rules
from likewise.models.images.latents import LatentImages
from likewise.models.options import number, whole
from likewise.training.loop import Record, Schedule, part_of

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import ImageLatents, Painter

VAE_TIME = 0.35
"""Share of a budget in seconds that the autoencoder gets."""


@dataclass(kw_only=True)
class ImageVAEGAN(GameOptions, LatentImages):
    """A VAE that a critic sharpens (after Larsen et al. 2016): the latent space of the one, the edges of the other.

    First the VAE is trained as `ImageVAE` does. NOTE[DIFF]: encoder and prior then rest, so that latents keep their
    meaning, and the decoder goes on against a critic: images decoded from the latents of real images and from the
    prior must both look real to it, and the former must look to it like the images they come from (equation 7: squared
    difference in the critic's features).

    Args:
        likeness: weight of the difference in the critic's features.
        critic_epochs: passes over the images in the second part; None chooses by their number.
        critic_rate: peak learning rate of the second part.

    The other arguments are those of `LatentImages` and of `ImageModel`, of the first part, of `GameOptions`, of the
    second, and of `NetOptions`; `max_seconds` is of both parts, `checkpoint` of the first.

    Privacy: not differentially private, and a budget is refused: take `ImageVAE` or `ImageGAN`. Latents of an image say
    nearly all about it: share them as you would the image.

    Example:
        >>> import numpy as np, likewise as lw
        >>> dots = np.zeros((40, 8, 8), np.uint8); dots[:20, :4] = 255; dots[20:, 4:] = 255
        >>> synth = lw.Synthesizer(lw.ImageVAEGAN(epochs=1, critic_epochs=1), random_state=0).fit(dots)
        >>> synth.interpolate(dots[:1], dots[-1:], steps=6).shape
        (6, 8, 8)
    """

    name: ClassVar[str] = "vaegan"
    keeps_privacy: ClassVar[bool] = False
    about: ClassVar[About] = About(
        purpose="The default for images: the latent space of a VAE, its images sharpened by a critic.",
        cost="The vae's time and about half of the gan's.",
        guarantees=(
            "Size, channels and range of the pixels are those given; a draw has the label asked for. No "
            "differential privacy."
        ),
        avoid_when="Time is short: the vae alone is quicker.",
    )

    likeness: float = number(1.0)
    critic_epochs: int | None = whole(None)
    critic_rate: float = number(3e-4, 1e-9)

    def _critic_schedule(self, n: int, max_seconds: float | None) -> Schedule:
        size = min(64, batch_size_for(n)) if self.batch_size is None else self.batch_size
        planned = min(50, max(2, math.ceil(350 / max(n // size, 1))))
        epochs = planned if self.critic_epochs is None else self.critic_epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self.critic_rate,
            warmup=0.05,
            weight_decay=0.0,
            patience=max(4, epochs // 2),
            max_seconds=max_seconds,
        )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        self._begin(rows)
        first = self._schedule(len(rows))
        if self.max_seconds is not None:
            first = replace(first, max_seconds=VAE_TIME * self.max_seconds)
        second = self._critic_schedule(len(rows), None)
        epochs = first.epochs + second.epochs
        self._learn_latents(replace(fit, progress=part_of(fit.progress, 0, epochs)), rows, first, generator)
        before = self.record
        if self.max_seconds is not None:
            second = replace(second, max_seconds=max(self.max_seconds - before.seconds, 1.0))
        told = part_of(fit.progress, before.epochs, epochs, before.seconds)
        self._sharpen(replace(fit, progress=told), rows, second)
        self.record = _joined(before, self.record)

    def _sharpen(self, fit: Fit, rows: Codes, schedule: Schedule) -> None:
        """Train the decoder on against a critic; encoder and prior rest."""
        import torch
        from torch import nn

        from likewise.nets.images import ImageCritic

        generator = torch.Generator().manual_seed(int(fit.rng.integers(2**62)))
        device = train_device(self.device)
        net, x, told = self._fitted().to(device), self._pixels(rows), self._one_hot(rows.codes)
        critic = ImageCritic(self.net, self._shape, self._n_classes, self.width, generator=generator)
        kept = deepcopy(net.painter)
        nets = nn.ModuleDict({"painter": net.painter, "kept": kept, "critic": critic}).to(device)
        pools = _Pools(net, x, told, generator)
        game = _Game(
            net.painter, Critique(critic, Rules.of(self, len(x), device), generator), x, told, pools, self.likeness
        )
        distance = None
        if len(fit.holdout):
            held, held_told = (
                part.to(device) for part in (self._pixels(fit.holdout), self._one_hot(fit.holdout.codes))
            )
            still = pools.drawn(held_told)
            distance = HeldOutDistance(held, held_told, lambda told: kept(still[: len(told)], told), generator)
        sides = list(critic.parameters()), list(net.painter.parameters())
        step = Alternating(game, *sides, schedule, betas=BETAS, average=AveragedPainter(net.painter, kept))
        self._train(nets, step, fit, rows, schedule, generator, holdout_loss=distance, on_epoch=pools.refill)
        net.painter.load_state_dict(kept.state_dict())
        self._net = net.to("cpu").eval()


class _Pools:
    """Latents for one epoch: a draw of each training image's own, and one of the prior for its label.

    Encoder and prior rest, so that the former's means and deviations are found once.
    """

    def __init__(self, net: ImageLatents, x: torch.Tensor, told: torch.Tensor, generator: torch.Generator) -> None:
        import torch

        self.net, self.generator = net, generator
        self.told, self.device = told, next(net.parameters()).device
        with torch.no_grad():
            pairs = zip(torch.split(x, BATCH), torch.split(told, BATCH), strict=True)
            parts = [net.encode(x.to(self.device), told.to(self.device)) for x, told in pairs]
        self.mean = torch.cat([mean for mean, _ in parts])
        self.deviation = torch.cat([(0.5 * log_var).exp() for _, log_var in parts])
        self.refill()

    def refill(self) -> None:
        import torch

        noise = torch.randn(self.mean.shape, generator=self.generator).to(self.device)
        self.own = self.mean + self.deviation * noise
        self.prior = self.drawn(self.told.to(self.device))

    def drawn(self, told: torch.Tensor) -> torch.Tensor:
        """Latents of the prior. Shape: (B, K) -> (B, L)."""
        import torch

        shape = len(told), self.net.n_latent
        uniforms, normals = torch.rand(shape, generator=self.generator), torch.randn(shape, generator=self.generator)
        with torch.no_grad():
            return self.net.prior.draw(told, uniforms.to(self.device), normals.to(self.device))


class _Game:
    """Decoded images, of real images' latents and of the prior's, against real ones."""

    def __init__(
        self, painter: Painter, critique: Critique, x: torch.Tensor, told: torch.Tensor, pools: _Pools, likeness: float
    ) -> None:
        self.painter, self.critique, self.x, self.told = painter, critique, x, told
        self.pools, self.likeness = pools, likeness

    def draw(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images of these rows' latents, then as many of the prior; and the labels of each half."""
        import torch

        told = self.told[rows].to(self.pools.device)
        z = torch.cat([self.pools.own[rows], self.pools.prior[rows]])
        with self.critique.rules.context():
            return self.painter(z, torch.cat([told, told])), told

    def critic_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, torch.Tensor], step: int) -> torch.Tensor:
        import torch

        drawn, told = fake
        return self.critique.loss(self.x[rows].to(drawn.device), told, drawn, torch.cat([told, told]), step)

    def generator_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        import torch

        drawn, told = fake
        loss = self.critique.to_please(drawn, torch.cat([told, told]))
        if not self.likeness:
            return loss
        real, own = self.x[rows].to(drawn.device), drawn[: len(rows)]
        with self.critique.rules.context():
            with torch.no_grad():
                wanted = self.critique.critic.down(real).float()
            seen: torch.Tensor = self.critique.critic.down(own).float()
        # As a share of how much features vary, so that a critic cannot make it small by making all of them small.
        unlike: torch.Tensor = (seen - wanted).square().mean() / (wanted.var(0).mean() + 1e-8)
        return loss + self.likeness * unlike


def _joined(first: Record, second: Record) -> Record:
    """One record of both parts: losses of the autoencoder, then those of the critic."""
    told = {part.stopped for part in (first, second)}
    stopped = next((word for word in ("diverged", "time") if word in told), second.stopped)
    return Record(
        epochs=first.epochs + second.epochs,
        seconds=round(first.seconds + second.seconds, 3),
        stopped=stopped,
        best_epoch=first.epochs + second.best_epoch,
        train_losses=first.train_losses + second.train_losses,
        holdout_losses=first.holdout_losses + second.holdout_losses,
    )
