"""What image models trained against a critic share: the game, its options, the distance that tells when it was best.

Legend: B batch, C channels, H and W pixels, K classes, S images held out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from likewise.models.adversarial.losses import LOSSES, Averaged, critic_loss, generator_loss
from likewise.models.options import number, word

if TYPE_CHECKING:
    import torch
    from torch import nn

    from likewise.nets.images import ImageCritic, Painter

PENALTY_EVERY = 4
"""Steps between penalties of the critic's slope (Karras et al. 2020, appendix B), on as small a share of the batch."""

BETAS = (0.5, 0.99)
"""Decay of Adam's means: the second remembers the penalties from one to the next, or they would be steps too far."""

DECAY = 0.999
"""Of the averaged weights of what paints."""

FEW = 1_000
"""Images below this number are moved about, so that the critic does not learn them by heart."""

JUDGED = 512
"""Images of the held-out part that the distance looks at, at most."""


@dataclass(kw_only=True)
class GameOptions:
    """The options of the game against a critic.

    Args:
        loss: "nonsaturating" (the classical minimax game with the generator's loss turned), "hinge", "wasserstein".
        penalty: weight of the critic's squared slope at real images (R1).
        mismatch: weight of real images with wrong labels, which the critic is told to find too (Reed et al. 2016):
            draws then look more like what their labels say.
        noise: deviation of the noise under which the critic sees all images, pixels being in [0, 1].
        shift: share of a side by which images are moved, at most, before the critic sees them; None for a tenth where
            they are fewer than 1,000, which must last for many epochs, and 0 where they are more.
    """

    loss: str = word("nonsaturating", LOSSES)
    penalty: float = number(0.1)
    mismatch: float = number(0.03)
    noise: float = number(0.2)
    shift: float | None = number(None, 0, 0.5)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the game against a critic is played: its options, settled for so many images.

    Args:
        context: of what to compute in; see `painting`.
    """

    loss: str
    penalty: float
    mismatch: float
    noise: float
    shift: float
    context: Callable[[], Any]

    @classmethod
    def of(cls, model: Any, n: int, device: str) -> Rules:
        """The rules that a model's options make for n images."""
        from likewise.models.images.base import painting

        return cls(
            loss=model.loss,
            penalty=model.penalty,
            mismatch=model.mismatch,
            noise=model.noise,
            shift=(0.1 if n < FEW else 0.0) if model.shift is None else model.shift,
            context=lambda: painting(model.precision, device),
        )


class Critique:
    """What the critic lowers, and how it sees images; what the generator lowers stands in the games."""

    def __init__(self, critic: ImageCritic, rules: Rules, generator: torch.Generator) -> None:
        self.critic, self.rules, self.generator = critic, rules, generator

    def loss(self, real: torch.Tensor, told: torch.Tensor, fake: torch.Tensor, told_fake: torch.Tensor, step: int) -> (
        torch.Tensor
    ):  # fmt: skip
        """Shape: (B, C, H, W), (B, K), (B', C, H, W), (B', K) -> ()."""
        import torch

        seen = self.blurred(self.shifted(torch.cat([real, fake.detach()])))
        n = len(real)
        with self.rules.context():
            looked = self.critic.look(seen)
            scores = self.critic.rate(looked, torch.cat([told, told_fake]))
            mistaken = self.critic.rate(looked[:n], self.wrong(told)) if self.rules.mismatch else None
        loss = critic_loss(self.rules.loss, scores[:n], scores[n:])
        if mistaken is not None and told.shape[1] > 1:
            loss = loss + self.rules.mismatch * critic_loss(self.rules.loss, scores[:n], mistaken)
        if self.rules.penalty and step % PENALTY_EVERY == 0:
            some = slice(max(n // PENALTY_EVERY, 1))
            loss = loss + 0.5 * PENALTY_EVERY * self.rules.penalty * self.steepness(real[some], told[some])
        return loss

    def wrong(self, told: torch.Tensor) -> torch.Tensor:
        """For each label another, any of them as likely. Shape: (B, K) -> (B, K)."""
        import torch

        n, k = told.shape
        if k < 2:
            return told
        by = torch.randint(1, k, (n, 1), generator=self.generator).to(told.device)
        return told.gather(1, (torch.arange(k, device=told.device) + by) % k)

    def steepness(self, real: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """R1 (Mescheder, Geiger and Nowozin 2018, equation 9), in 32 bits: it is a derivative of a derivative."""
        import torch

        at = real.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(at, told).sum(), at, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean()

    def to_please(self, fake: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """The generator's loss."""
        with self.rules.context():
            return generator_loss(self.rules.loss, self.critic(self.blurred(self.shifted(fake)), told))

    def shifted(self, x: torch.Tensor) -> torch.Tensor:
        """Images moved at random, with their own edges drawn out (Zhao et al. 2020: real and drawn ones alike, so
        that what is drawn is not moved itself). Few images then last for more steps."""
        import torch
        from torch.nn import functional as F

        height, breadth = x.shape[2:]
        high, wide = round(height * self.rules.shift), round(breadth * self.rules.shift)
        if not (high or wide):
            return x
        padded = F.pad(x, (wide, wide, high, high), mode="replicate")
        down = torch.randint(2 * high + 1, (len(x), 1), generator=self.generator).to(x.device)
        right = torch.randint(2 * wide + 1, (len(x), 1), generator=self.generator).to(x.device)
        rows = down + torch.arange(height, device=x.device)
        columns = right + torch.arange(breadth, device=x.device)
        image = torch.arange(len(x), device=x.device)[:, None, None]
        return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)

    def blurred(self, x: torch.Tensor) -> torch.Tensor:
        """Images under noise (Sønderby et al. 2017). Without it a critic need only look whether the paper is quite
        white, which no net paints, and becomes so steep that nothing can be learnt from it."""
        import torch

        if not self.rules.noise:
            return x
        return x + self.rules.noise * torch.randn(x.shape, generator=self.generator).to(x.device)


class HeldOutDistance:
    """How far drawn images are from held-out ones: the mean sliced Wasserstein distance (Bonneel et al. 2015) of what
    a small convolutional net with random weights sees. It picks the weights to keep; it is no measure to report.

    Args:
        x, told: (S, C, H, W) held-out images and their labels.
        draw: images for labels, by the weights that would be kept.
    """

    def __init__(
        self,
        x: torch.Tensor,
        told: torch.Tensor,
        draw: Callable[[torch.Tensor], torch.Tensor],
        generator: torch.Generator,
    ) -> None:
        import torch

        from likewise.nets.conv import ConvDown

        self.told, self.draw = told[:JUDGED], draw
        shape = tuple(int(side) for side in x.shape[1:])
        self.eye = ConvDown((shape[0], shape[1], shape[2]), 32, generator=generator).to(x.device)
        slices = torch.randn(self.eye.n_features, 256, generator=generator)
        self.slices = (slices / slices.norm(dim=0)).to(x.device)
        with torch.inference_mode():
            self.real = self._seen(x[:JUDGED])

    def __call__(self) -> float:
        import torch

        with torch.inference_mode():
            return float((self._seen(self.draw(self.told)) - self.real).abs().mean())

    def _seen(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (S, C, H, W) -> (S, 256), each slice in ascending order."""
        seen: torch.Tensor = self.eye(x) @ self.slices
        return seen.sort(0).values


class AveragedPainter(Averaged):
    """Averaged weights of what paints, and its running moments as they are."""

    def __init__(self, source: nn.Module, target: nn.Module) -> None:
        super().__init__(source, target, DECAY)
        self.moments = list(zip(source.buffers(), target.buffers(), strict=True))

    def update(self) -> None:
        super().update()
        for source, target in self.moments:
            target.copy_(source)


def noise(n: int, painter: Painter, generator: torch.Generator) -> torch.Tensor:
    """(n, L) standard normals, where the painter is."""
    import torch

    return torch.randn(n, painter.n_latent, generator=generator).to(next(painter.parameters()).device)
