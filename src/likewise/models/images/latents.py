"""Images through a latent space: encoder, prior and decoder, what is drawn by them, and how they learn together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.models.base import Fit
from likewise.models.gradient.inputs import train_device
from likewise.models.images.base import BATCH, ImageModel, batch_size_for, mean_logits, painting
from likewise.models.options import number, whole, word
from likewise.models.vae.latents import Latents, LatentSpace, checked_latents
from likewise.models.vae.model import PRIORS
from likewise.training.loop import Descent, Schedule, by_autograd, one_thread

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import ImageLatents

LIKELIHOODS = ("bernoulli", "logistic")
DRAWS = ("mean", "draw")


@dataclass(kw_only=True)
class LatentImages(ImageModel["ImageLatents"], LatentSpace):
    """A generator of images by a variational autoencoder.

    Args:
        prior: "normal" N(0, I), "mixture" of 64 normals, or "chain": one latent given those before it.
        likelihood: "logistic": each pixel has a mean, and noise of a scale learnt for each channel; "bernoulli": each
            is a chance, right where all are black or white.
        emit: "mean": a drawn image shows the mean of each pixel given its latents. "draw": each pixel is drawn from its
            likelihood, which adds noise that real images seldom have.
        kl_weight: weight of the divergence in the loss (Higgins et al. 2017). Below, images come back sharper; above,
            draws look more like what their labels say.
        patience: epochs without a better held-out loss before training ends; None takes a fifth of the epochs.
    """

    prior: str = word("chain", PRIORS)
    likelihood: str = word("logistic", LIKELIHOODS)
    emit: str = word("mean", DRAWS)
    kl_weight: float = number(3.0)
    latent_dim: int = whole(16)
    learning_rate: float = number(4e-3, ends=False)

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = batch_size_for(n_rows) if self.batch_size is None else self.batch_size
        epochs = min(150, max(15, math.ceil(2000 / max(n_rows // size, 1)))) if self.epochs is None else self.epochs
        return self._planned(
            epochs=epochs, batch_size=size, patience=max(4, epochs // 5) if self.patience is None else self.patience,
            learning_rate=self.learning_rate,
        )  # fmt: skip

    def _learn_latents(self, fit: Fit, rows: Codes, schedule: Schedule, generator: torch.Generator) -> None:
        """Train encoder, prior and decoder together."""
        import torch

        device, holdout = train_device(self.device), fit.holdout
        x, told = self._pixels(rows), self._one_hot(rows.codes)
        net = self._make_net(mean_logits(x), generator).to(device)
        still = torch.randn(len(holdout), self.latent_dim, generator=generator)

        def loss_of(x: torch.Tensor, told: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
            with painting(self.precision, device):
                nll, divergence = net.losses(x.to(device), told.to(device), noise.to(device))
            return nll + self.kl_weight * divergence

        def loss(batch: torch.Tensor) -> torch.Tensor:
            return loss_of(x[batch], told[batch], torch.randn(len(batch), self.latent_dim, generator=generator))

        def holdout_loss() -> float:
            parts = zip(*(torch.split(t, BATCH) for t in (held_x, held_told, still)), strict=True)
            with torch.inference_mode():
                return float(sum(loss_of(*part).sum() for part in parts)) / len(holdout)

        held_x, held_told = self._pixels(holdout), self._one_hot(holdout.codes)
        step = Descent(net, by_autograd(loss), schedule)
        self._train(
            net, step, fit, rows, schedule, generator, holdout_loss=holdout_loss if len(holdout) else None
        )  # fmt: skip
        self._net = net.to("cpu").eval()

    def _make_net(self, start: torch.Tensor, generator: torch.Generator) -> ImageLatents:
        from likewise.nets.images import ImageLatents

        return ImageLatents(
            self.net, self._shape, self.latent_dim, self._n_classes, self.width, start=start, prior=self.prior,
            likelihood=self.likelihood, generator=generator, apart=self.is_private,
        )  # fmt: skip

    def _paint(self, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        import torch

        uniforms = torch.from_numpy(rng.random((len(told), self.latent_dim), dtype=np.float32))
        return self._decoded(self._fitted().prior.draw(told, uniforms, self._noise(len(told), rng)), told, rng)

    def _decoded(self, z: torch.Tensor, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        import torch

        net = self._fitted()
        mean: torch.Tensor = net.painter(z, told)
        if self.emit == "mean":
            return mean
        uniforms = torch.from_numpy(rng.random(mean.shape, dtype=np.float32))
        if self.likelihood == "bernoulli":
            return (uniforms < mean).float()
        scale: torch.Tensor = net.log_scale.clamp(-5.0, 0.0).exp()
        return mean + scale * torch.logit(uniforms, 1e-6)

    # ---- the latent space --------------------------------------------------------------------------------------------

    @one_thread()
    def encode(self, codes: Codes) -> Latents:
        import torch

        net, x, told = self._fitted(), self._pixels(codes), self._one_hot(codes.codes)
        means, deviations = np.empty((2, len(codes), self.latent_dim), np.float32)
        with torch.inference_mode():
            for rows in _batches(len(codes)):
                mean, log_var = net.encode(x[rows], told[rows])
                means[rows], deviations[rows] = mean.numpy(), (0.5 * log_var).exp().numpy()
        return Latents(means, deviations)

    @one_thread()
    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        import torch

        self._fitted()
        latents = checked_latents(latents, self.latent_dim)
        labels = self._draw_labels(len(latents), rng, given or Given())
        told, z = self._one_hot(labels), torch.from_numpy(latents)
        pixels = np.empty((len(latents), self._alphabet.n_fractions), np.float32)
        with torch.inference_mode():
            for rows in _batches(len(latents)):
                pixels[rows] = self._decoded(z[rows], told[rows], rng).flatten(1).numpy()
        return self._as_codes(labels, pixels)

    def labels_of(self, codes: Codes) -> Given:
        return Given(codes.codes.astype(np.int64))

    def reconstruct(self, codes: Codes, *, rng: np.random.Generator) -> Codes:
        """Each image through the latent space and back, by the mean of its latents."""
        return self.decode(self.encode(codes).mean, rng=rng, given=self.labels_of(codes))

    @one_thread()
    def elbo(self, codes: Codes, *, n_draws: int = 1, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        import torch

        net, x, told = self._fitted(), self._pixels(codes), self._one_hot(codes.codes)
        result = np.zeros(len(codes))
        with torch.inference_mode():
            for rows in _batches(len(codes)):
                for _ in range(n_draws):
                    nll, divergence = net.losses(x[rows], told[rows], self._noise(len(x[rows]), rng))
                    result[rows] -= (nll + divergence).double().numpy() / n_draws
        return result

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        # Batch normalisation has buffers; normalisation of each image on its own, under a budget, has none.
        self.is_private = not any(name.endswith(".variance") for name in state)
        return super().load_state(state, alphabet)


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, min(start + BATCH, n)) for start in range(0, n, BATCH))
