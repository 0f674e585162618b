"""What paints against a critic, by images as they are."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from likewise.codecs.base import Alphabet, Codes
from likewise.models.adversarial.losses import Alternating
from likewise.models.base import Fit
from likewise.models.gradient.inputs import train_device
from likewise.models.images.base import ImageModel, batch_size_for, mean_logits
from likewise.models.images.critics import (
    BETAS,
    AveragedPainter,
    Critique,
    GameOptions,
    HeldOutDistance,
    Rules,
    noise,
)
from likewise.models.options import number, whole
from likewise.training.loop import Schedule

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import ImageCritic, Painter


@dataclass(kw_only=True)
class Duel(GameOptions, ImageModel["Painter"]):
    """A generator of images, or of what is like them, that learns to please a critic.

    Args:
        patience: epochs without a smaller distance to the held-out images before training ends; None for half of the
            epochs.
    """

    planned_steps: ClassVar[int] = 9500
    """Steps of training where the caller leaves the epochs open."""

    latent_dim: int = whole(64)
    width: int = whole(32, 8)
    learning_rate: float = number(3e-3, ends=False)

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = min(32, batch_size_for(n_rows)) if self.batch_size is None else self.batch_size
        epochs = (
            min(300, max(15, math.ceil(self.planned_steps / max(n_rows // size, 1))))
            if self.epochs is None
            else self.epochs
        )
        return self._planned(
            epochs=epochs, batch_size=size, patience=max(4, epochs // 2) if self.patience is None else self.patience,
            learning_rate=self.learning_rate, warmup=0.05, weight_decay=0.0,
        )  # fmt: skip

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        from torch import nn

        self._begin(rows)
        holdout = fit.holdout
        device = train_device(self.device)
        x, told = self._pixels(rows), self._one_hot(rows.codes)
        painter = self._make_net(mean_logits(x), generator)
        critic = self._make_critic(generator)
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
        step = Alternating(game, *sides, schedule, betas=BETAS, average=AveragedPainter(painter, kept))
        self._train(nets, step, fit, rows, schedule, generator, holdout_loss=distance)
        self._net = kept.to("cpu").eval()

    def _make_net(self, start: torch.Tensor, generator: torch.Generator) -> Painter:
        from likewise.nets.images import Painter

        return Painter(self.net, self._shape, self.latent_dim, self._n_classes, self.width, start, generator)

    def _make_critic(self, generator: torch.Generator) -> ImageCritic:
        from likewise.nets.images import ImageCritic

        return ImageCritic(self.net, self._shape, self._n_classes, self.width, generator=generator)

    def _paint(self, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        painted: torch.Tensor = self._fitted()(self._noise(len(told), rng), told)
        return painted


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
