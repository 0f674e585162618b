"""The three phases of TimeGAN: values to latents and back, latents to those of the next step, and the game on them.

Legend: B batch, T steps, C channels, H latents of a step.
"""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch.nn import functional as F

from likewise.models.adversarial.losses import descend, loss_on_drawn, loss_on_real
from likewise.nets.timegan import TimeGANDrawer as TimeGANDrawer
from likewise.nets.timegan import TimeGANNets
from likewise.training.optimiser import AdamW

EMBEDDING, SUPERVISION = 0.25, 0.5
"""Shares of the training at which the first phase ends, and the second."""

BETAS = (0.9, 0.999)
GAME = "nonsaturating"

ON_VALUES, ON_STEPS, ON_MOMENTS, ON_EMBEDDER = 10.0, 100.0, 100.0, 0.1
"""Weights of what recovery misses, of what the supervisor and the moments of drawn values miss, and of what the
supervisor misses in the embedder's loss (section 5 of the paper leaves two open; its experiments have these)."""

SURE = 0.15
"""The discriminator's loss below which it is not trained, lest the generator learn nothing."""

ROUNDS = 2
"""Steps of the generator and of the embedder for each of the discriminator."""


class Phases:
    """One update of the nets, by the phase that the training has come to: a `Step` of the training loop.

    Args:
        x: (n, T, C) values in [0, 1].
        gamma: weight of latents as generated, beside those that the supervisor has moved, in the game.
        rate: of all phases.
    """

    is_game: ClassVar[bool] = True

    def __init__(
        self, nets: TimeGANNets, x: torch.Tensor, gamma: float, rate: float, generator: torch.Generator
    ) -> None:  # fmt: skip
        self.nets, self.x, self.gamma, self.rate, self.random = nets, x, gamma, rate, generator
        drawer = nets.drawer
        sides = {
            "embedder": [*nets.embedder.parameters(), *drawer.recovery.parameters()],
            "supervisor": [*drawer.supervisor.parameters()],
            "generator": [*drawer.generator.parameters(), *drawer.supervisor.parameters()],
            "discriminator": [*nets.discriminator.parameters()],
        }
        self.sides = {name: AdamW(parameters, betas=BETAS) for name, parameters in sides.items()}

    @classmethod
    def begun(
        cls, x: torch.Tensor, hidden: int, layers: int, gamma: float, rate: float, generator: torch.Generator
    ) -> Self:
        """Of nets that have learnt nothing, where the values are."""
        nets = TimeGANNets(x.shape[2], hidden, layers, generator=generator)
        return cls(nets.to(x.device), x, gamma, rate, generator)

    def __call__(self, rows: torch.Tensor, passed: float) -> torch.Tensor:
        x = self.x[rows]
        if passed < EMBEDDING:
            return self._moved("embedder", self.missed_values(x, self.nets.embedded(x)))
        if passed < SUPERVISION:
            return self._moved("supervisor", self.missed_steps(self.nets.embedded(x).detach()))
        for _ in range(ROUNDS):
            loss = self._moved("generator", self.generator_loss(x))
            latents = self.nets.embedded(x)
            missed = self.missed_values(x, latents) + ON_EMBEDDER * self.missed_steps(latents)
            self._moved("embedder", missed)
        told = self.discriminator_loss(x)
        if float(told.detach()) > SURE:
            self._moved("discriminator", told)
        return loss

    def missed_values(self, x: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """What is lost on the way to latents and back (equation 7). Shape: (B, T, C), (B, T, H) -> ()."""
        return ON_VALUES * F.mse_loss(self.nets.drawer.recovered(latents), x).clamp(min=1e-12).sqrt()

    def missed_steps(self, latents: torch.Tensor) -> torch.Tensor:
        """How far the supervisor is from the next step's latents (equation 9). Shape: (B, T, H) -> ()."""
        return F.mse_loss(self.nets.drawer.followed(latents)[:, :-1], latents[:, 1:])

    def generator_loss(self, x: torch.Tensor) -> torch.Tensor:
        """Latents that the discriminator takes for real ones (equation 8), steps that follow, and the moments of
        values. Shape: (B, T, C) -> ()."""
        generated, moved = self.nets.drawer.latents(self._noise(x))
        drawn = self.nets.drawer.recovered(moved)
        pleased = [loss_on_real(GAME, self.nets.discriminator(part)).mean() for part in (moved, generated)]
        moments = (drawn.mean(0) - x.mean(0)).abs().mean() + (_deviation(drawn) - _deviation(x)).abs().mean()
        steps = self.missed_steps(self.nets.embedded(x).detach()).clamp(min=1e-12).sqrt()
        return pleased[0] + self.gamma * pleased[1] + ON_STEPS * steps + ON_MOMENTS * moments

    def discriminator_loss(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, C) -> ()."""
        with torch.no_grad():
            real, (generated, moved) = self.nets.embedded(x), self.nets.drawer.latents(self._noise(x))
        told = [loss_on_drawn(GAME, self.nets.discriminator(part)).mean() for part in (moved, generated)]
        return loss_on_real(GAME, self.nets.discriminator(real)).mean() + told[0] + self.gamma * told[1]

    def _noise(self, x: torch.Tensor) -> torch.Tensor:
        return torch.rand(x.shape, generator=self.random).to(x.device)

    def _moved(self, side: str, loss: torch.Tensor) -> torch.Tensor:
        """The loss, when the parameters of a side have taken a step to lower it."""
        optimiser = self.sides[side]
        descend(optimiser.parameters, loss)
        optimiser.step(self.rate)
        return loss.detach()

    def state(self) -> dict[str, torch.Tensor]:
        return {f"{side}.{name}": v for side, one in self.sides.items() for name, v in one.state().items()}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        for side, one in self.sides.items():
            part = {name.removeprefix(f"{side}."): v for name, v in state.items() if name.startswith(f"{side}.")}
            one.load_state(part)


def _deviation(x: torch.Tensor) -> torch.Tensor:
    """Of each value over the windows. Shape: (B, T, C) -> (T, C)."""
    return (x.var(0, correction=0) + 1e-6).sqrt()
