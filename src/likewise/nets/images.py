"""Nets of the image models: encoder, decoder, generator and critic over either kind of layers.

Legend: B batch, C channels, H and W pixels (H also hidden units), F features, L latent dimensions, K classes (0 where
there are no labels).
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.conv import LEAK, BatchNorm, ConvDown, ConvUp, Linear, RowNorm
from likewise.nets.ghosts import Taped
from likewise.nets.priors import HALF_LOG_TAU, make_prior
from likewise.nets.series import SeriesDown, SeriesUp

Shape = tuple[int, int, int]


class DenseDown(nn.Module):
    """Features of images by dense layers, the classic form. Shape: (B, C, H, W) in [0, 1] -> (B, F)."""

    def __init__(self, shape: Shape, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.first = Linear(math.prod(shape), 8 * width, generator=generator, scale=math.sqrt(2))
        self.second = Linear(8 * width, 4 * width, generator=generator, scale=math.sqrt(2))
        self.n_features = 4 * width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(self.first(2 * x.flatten(1) - 1), LEAK)
        return F.leaky_relu(self.second(h), LEAK)


class DenseUp(nn.Module):
    """An image for each vector by dense layers, as logits of its pixels. Shape: (B, D) -> (B, C, H, W)."""

    def __init__(
        self, n_in: int, shape: Shape, width: int, *, generator: torch.Generator, start: torch.Tensor,
        norm: type[BatchNorm] | type[RowNorm] = BatchNorm,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape = shape
        self.first = Linear(n_in, 4 * width, generator=generator)
        self.second = Linear(4 * width, 8 * width, generator=generator)
        self.norms = nn.ModuleList([norm(4 * width), norm(8 * width)])
        self.last = Linear(8 * width, math.prod(shape), generator=generator, scale=0.3)
        with torch.no_grad():
            self.last.bias.copy_(start.repeat_interleave(shape[1] * shape[2]))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(self.norms[0](self.first(z)), LEAK)
        h = F.leaky_relu(self.norms[1](self.second(h)), LEAK)
        out: torch.Tensor = self.last(h)
        return out.view(-1, *self.shape)


DOWN: dict[str, type[ConvDown] | type[DenseDown] | type[SeriesDown]] = {
    "conv": ConvDown, "mlp": DenseDown, "series": SeriesDown
}  # fmt: skip
UP: dict[str, type[ConvUp] | type[DenseUp] | type[SeriesUp]] = {"conv": ConvUp, "mlp": DenseUp, "series": SeriesUp}


class Painter(nn.Module):
    """Images from noise and labels: the generator of a GAN, the decoder of a VAE.

    Args:
        start: (C,) logit of the mean pixel of each channel.
        apart: let no image see another, as batch normalisation would.
    """

    def __init__(
        self, net: str, shape: Shape, n_latent: int, n_classes: int, width: int, start: torch.Tensor,
        generator: torch.Generator, apart: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_latent, self.n_classes = n_latent, n_classes
        norm = RowNorm if apart else BatchNorm
        self.up = UP[net](n_latent + n_classes, shape, width, generator=generator, start=start, norm=norm)

    def logits(self, z: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """Shape: (B, L), (B, K) one-hot -> (B, C, H, W)."""
        # A label weighs as much as all latents together, so that it is heard from the first step.
        out: torch.Tensor = self.up(torch.cat([z, told * math.sqrt(self.n_latent)], 1))
        return out

    def forward(self, z: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.logits(z, told).float())


class ImageLatents(Taped):
    """A variational autoencoder of images: encoder, prior, decoder, and how sure it is of a pixel.

    Args:
        likelihood: "bernoulli": a pixel is a chance. "logistic": a pixel is its mean and noise of one learnt scale.
        apart: as in `Painter`.
    """

    def __init__(
        self, net: str, shape: Shape, n_latent: int, n_classes: int, width: int, *, start: torch.Tensor, prior: str,
        likelihood: str, generator: torch.Generator, apart: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_latent, self.likelihood = n_latent, likelihood
        self.down = DOWN[net](shape, width, generator=generator)
        self.to_latents = Linear(self.down.n_features + n_classes, 2 * n_latent, generator=generator)
        self.painter = Painter(net, shape, n_latent, n_classes, width, start, generator, apart)
        self.prior = make_prior(prior, n_latent, n_classes, generator)
        if likelihood == "logistic":
            self.log_scale = nn.Parameter(torch.full((shape[0], 1, 1), -2.5))

    def encode(self, x: torch.Tensor, told: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log variance of the latents. Shape: (B, C, H, W), (B, K) -> 2 x (B, L)."""
        out = self.to_latents(torch.cat([self.down(x), told], 1))
        mean, log_var = out.float().chunk(2, 1)
        return mean, log_var.clamp(-9.0, 4.0)

    def losses(self, x: torch.Tensor, told: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each image, minus the log-likelihood of its pixels and the divergence of its latents. Shape: 2 x (B,)."""
        mean, log_var = self.encode(x, told)
        z = mean + (0.5 * log_var).exp() * noise
        log_q = -(0.5 * (noise.square() + log_var) + HALF_LOG_TAU).sum(1)
        with torch.autocast(x.device.type, enabled=False):
            log_p = self.prior.log_prob(z, told)
        return self.nll(self.painter.logits(z, told).float(), x), log_q - log_p

    def nll(self, logits: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Shape: 2 x (B, C, H, W) -> (B,)."""
        if self.likelihood == "bernoulli":
            return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3))
        scale: torch.Tensor = self.log_scale
        if self.tape is not None:
            scale = scale.expand(len(x), -1, -1, -1)
            self.tape.note([scale], [self.log_scale], lambda b: b.square().sum((1, 2, 3)), torch.zeros(len(x)))
        scale = scale.clamp(-5.0, 0.0)
        away = (x - torch.sigmoid(logits)) * (-scale).exp()
        # A density of pixels in [0, 1]; 8 bits are fine enough to take it for their likelihood.
        return (away + 2 * F.softplus(-away) + scale).sum((1, 2, 3))


class ImageCritic(nn.Module):
    """How real images look, given their labels: features, and a projection of the labels on them (Miyato and Koyama
    2018, equation 3)."""

    def __init__(self, net: str, shape: Shape, n_classes: int, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.down = DOWN[net](shape, width, generator=generator)
        self.hidden = Linear(self.down.n_features, 4 * width, generator=generator, scale=math.sqrt(2))
        self.score = Linear(4 * width, 1, generator=generator, scale=0.3)
        if n_classes:
            # A label's row is as long as that of the score: neither is louder at first.
            scale = 0.3 * math.sqrt(n_classes / (4 * width))
            self.of_label = Linear(n_classes, 4 * width, generator=generator, scale=scale)

    def look(self, x: torch.Tensor) -> torch.Tensor:
        """What scores are made of. Shape: (B, C, H, W) -> (B, H)."""
        return F.leaky_relu(self.hidden(self.down(x)), LEAK)

    def rate(self, seen: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """Scores of what was looked at, as images with these labels. Shape: (B, H), (B, K) -> (B,)."""
        score: torch.Tensor = self.score(seen)[:, 0]
        if told.shape[1]:
            score = score + (self.of_label(told) * seen).sum(1)
        return score.float()

    def forward(self, x: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        return self.rate(self.look(x), told)
