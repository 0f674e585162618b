"""The variational autoencoder of images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Noisy
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.base import Fit
from likewise.models.gradient.inputs import check_choice, check_option, take_weights, train_device
from likewise.models.images.base import BATCH, ImageModel, batch_size_for, mean_logits, painting
from likewise.models.vae.model import PRIORS, Latents
from likewise.training.loop import Descent, Progress, Schedule, train
from likewise.training.private import PrivateDescent, train_privately

if TYPE_CHECKING:
    import torch

    from likewise.nets.images import ImageLatents

LIKELIHOODS = ("bernoulli", "logistic")
DRAWS = ("mean", "draw")


@dataclass(kw_only=True)
class ImageVAE(ImageModel):
    """A variational autoencoder of images (Kingma and Welling 2014), told the label where images have one.

    NOTE[DIFF]: the prior of the latents is learnt together with encoder and decoder and is told the label too, so that
    what is drawn lies where images lie; `prior="normal", net="mlp"` is the model of the paper.

    Args:
        net: "conv" or "mlp": layers of encoder and decoder.
        latent_dim: dimensions of the latent space.
        width: channels of the widest convolution; dense layers have 4 and 8 times as many units.
        prior: "normal" N(0, I), "mixture" of 64 normals, or "chain": one latent given those before it.
        likelihood: "logistic": each pixel has a mean, and noise of a scale learnt for each channel; "bernoulli": each
            is a chance, right where all are black or white.
        emit: "mean": a drawn image shows the mean of each pixel given its latents. "draw": each pixel is drawn from its
            likelihood, which adds noise that real images seldom have.
        kl_weight: weight of the divergence in the loss (Higgins et al. 2017). Below, images come back sharper; above,
            draws look more like what their labels say.
        epochs: passes over the images; None chooses by their number.
        batch_size: images a step; None chooses by their number.
        learning_rate: peak of the one cycle.
        patience: epochs without a better held-out loss before training ends; None takes a fifth of the epochs.
        max_seconds: budget of the training; None for none.
        precision: "bf16", "fp32", or "auto": bf16 where the processor multiplies it faster.
        device: "cpu", "cuda", or "auto".
        clip: under a budget of privacy, the greatest norm of an image's gradient.
        sampling_rate: under a budget, the chance of an image to be in a step; None takes 1/16.

    Privacy: differential privacy under a budget (`Synthesizer(privacy=...)`), else none. The unit is one image. Labels
    must be declared; `epochs` is how often an image is taken. Latents of an image say nearly all about it: share them
    as you would the image, budget or not.

    Example:
        >>> import numpy as np, likewise as lw
        >>> dots = np.zeros((40, 8, 8), np.uint8); dots[:20, :4] = 255; dots[20:, 4:] = 255
        >>> synth = lw.Synthesizer(lw.ImageVAE(epochs=1), random_state=0).fit(dots, y=np.repeat([0, 1], 20))
        >>> fake = synth.sample(5, where={"y": 1})
        >>> fake.shape, fake.dtype
        ((5, 8, 8), dtype('uint8'))
    """

    name: ClassVar[str] = "vae"
    keeps_privacy: ClassVar[bool] = True
    private_passes: ClassVar[int] = 40
    about: ClassVar[About] = About(
        purpose="Images with a latent space: encode, reconstruct, interpolate; told the label where there are labels.",
        cost="Minutes on 2 cores for 8,000 images of 28 by 28 pixels.",
        guarantees=(
            "Size, channels and range of the pixels are those given; a draw has the label asked for. "
            "Differential privacy under a budget."
        ),
        avoid_when="Edges must be sharp: vaegan.",
    )

    prior: str = "chain"
    likelihood: str = "logistic"
    emit: str = "mean"
    kl_weight: float = 3.0
    latent_dim: int = 16
    learning_rate: float = 4e-3

    def __post_init__(self) -> None:
        self._net: ImageLatents | None = None
        check_choice(self, "prior", PRIORS)
        check_choice(self, "likelihood", LIKELIHOODS)
        check_choice(self, "emit", DRAWS)
        check_option(self, "kl_weight", float, 0.0, math.inf)
        super().__post_init__()

    def _schedule(self, n: int) -> Schedule:
        size = batch_size_for(n) if self.batch_size is None else self.batch_size
        epochs = min(150, max(15, math.ceil(2000 / max(n // size, 1)))) if self.epochs is None else self.epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self.learning_rate,
            patience=max(4, epochs // 5) if self.patience is None else self.patience,
            max_seconds=self.max_seconds,
        )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        self._begin(rows)
        self._learn_latents(fit, rows, self._schedule(len(rows)), generator, fit.progress)

    def _learn_latents(
        self, fit: Fit, codes: Codes, schedule: Schedule, generator: torch.Generator, progress: Progress | None
    ) -> None:
        """Train encoder, prior and decoder together."""
        import torch

        device, holdout = train_device(self.device), fit.holdout
        x, told = self._pixels(codes), self._one_hot(codes.codes)
        net = self._make_net(mean_logits(x), generator).to(device)
        still = torch.randn(len(holdout), self.latent_dim, generator=generator)

        def loss_of(x: torch.Tensor, told: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
            with painting(self.precision, device):
                nll, divergence = net.losses(x.to(device), told.to(device), noise.to(device))
            return nll + self.kl_weight * divergence

        def loss(rows: torch.Tensor) -> torch.Tensor:
            return loss_of(x[rows], told[rows], torch.randn(len(rows), self.latent_dim, generator=generator))

        def holdout_loss() -> float:
            parts = zip(*(torch.split(t, BATCH) for t in (held_x, held_told, still)), strict=True)
            with torch.inference_mode():
                return float(sum(loss_of(*part).sum() for part in parts)) / len(holdout)

        held_x, held_told = self._pixels(holdout), self._one_hot(holdout.codes)
        self.record = train(
            net,
            Descent(net, loss, schedule),
            len(x),
            schedule,
            generator=generator,
            holdout_loss=holdout_loss if len(holdout) else None,
            progress=progress,
        )
        self._net = net.to("cpu").eval()

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of the labels first, then all three nets by private steps.

        NOTE[DIFF]: each image is normalised on its own, and painting starts from grey.
        """
        import torch

        n_images, device = self._begin_privately(gate), train_device(self.device)
        net = self._make_net(torch.zeros(self._shape[0]), generator).to(device)

        def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
            noise = torch.randn(len(rows), self.latent_dim, generator=own, device=rows.device)
            nll, divergence = net.losses(*self._apart(rows), noise)
            return nll + self.kl_weight * divergence

        [sums] = gate.clipped_sums([("gradients of the nets", self._steps())], clip=self.clip, n_rows=n_images)
        descent = PrivateDescent(
            net, loss, sums, self._schedule(1), rows_of=self._side_by_side, public=self._public_rows().to(device)
        )
        self.record = train_privately(descent, passes=self._passes, progress=fit.progress)
        self._net = net.to("cpu").eval()

    def _make_net(self, start: torch.Tensor, generator: torch.Generator) -> ImageLatents:
        from likewise.nets.images import ImageLatents

        return ImageLatents(
            self.net, self._shape, self.latent_dim, self._n_classes, self.width, start=start, prior=self.prior,
            likelihood=self.likelihood, generator=generator, apart=self.is_private,
        )  # fmt: skip

    def _is_fitted(self) -> bool:
        return self._net is not None

    def _latent_net(self) -> ImageLatents:
        self._fitted()
        assert self._net is not None
        return self._net

    def _paint(self, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        import torch

        uniforms = torch.from_numpy(rng.random((len(told), self.latent_dim), dtype=np.float32))
        return self._decoded(self._latent_net().prior.draw(told, uniforms, self._noise(len(told), rng)), told, rng)

    def _decoded(self, z: torch.Tensor, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        import torch

        net = self._latent_net()
        mean: torch.Tensor = net.painter(z, told)
        if self.emit == "mean":
            return mean
        uniforms = torch.from_numpy(rng.random(mean.shape, dtype=np.float32))
        if self.likelihood == "bernoulli":
            return (uniforms < mean).float()
        scale: torch.Tensor = net.log_scale.clamp(-5.0, 0.0).exp()
        return mean + scale * torch.logit(uniforms, 1e-6)

    # ---- the latent space --------------------------------------------------------------------------------------------

    def encode(self, codes: Codes) -> Latents:
        """Mean and deviation of each image's latents. Shape: n images -> 2 x (n, L)."""
        import torch

        net, x, told = self._latent_net(), self._pixels(codes), self._one_hot(codes.codes)
        means, deviations = np.empty((2, len(codes), self.latent_dim), np.float32)
        with torch.inference_mode():
            for rows in _batches(len(codes)):
                mean, log_var = net.encode(x[rows], told[rows])
                means[rows], deviations[rows] = mean.numpy(), (0.5 * log_var).exp().numpy()
        return Latents(means, deviations)

    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        """The image of each latent.

        Args:
            latents: (n, L).
            given: labels, or weights of them; labels left open are drawn.

        Raises:
            OptionError: the latents are not (n, latent_dim) finite numbers.
        """
        import torch

        self._fitted()
        latents = np.asarray(latents)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or not np.isfinite(latents).all():
            raise OptionError(f"latents must be finite numbers of shape (n, {self.latent_dim}), got {latents.shape}")
        labels = self._draw_labels(len(latents), rng, given or Given())
        told, z = self._one_hot(labels), torch.from_numpy(latents.astype(np.float32))
        pixels = np.empty((len(latents), self._alphabet.n_fractions), np.float32)
        with torch.inference_mode():
            for rows in _batches(len(latents)):
                pixels[rows] = self._decoded(z[rows], told[rows], rng).flatten(1).numpy()
        return self._as_codes(labels, pixels)

    def reconstruct(self, codes: Codes, *, rng: np.random.Generator) -> Codes:
        """Each image through the latent space and back, by the mean of its latents."""
        return self.decode(self.encode(codes).mean, rng=rng, given=Given(codes.codes.astype(np.int64)))

    def interpolate(self, a: Codes, b: Codes, steps: int, *, rng: np.random.Generator) -> Codes:
        """Images on the straight way from each image of `a` to the same of `b` in the latent space.

        Returns:
            n * steps images, those of one pair together; the first lies at `a`, the last at `b`. Labels are those
            of the nearer end.

        Raises:
            OptionError: steps are fewer than 2, or `a` and `b` are not as long as each other.
        """
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 2:
            raise OptionError(f"steps must be a whole number of 2 or more, got {steps!r}")
        if len(a) != len(b):
            raise OptionError(f"both ends must have as many images, got {len(a)} and {len(b)}")
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        start, end = (self.encode(codes).mean[:, None] for codes in (a, b))
        latents = (start * (1 - share) + end * share).reshape(-1, self.latent_dim)
        labels = np.where(share < 0.5, a.codes[:, None].astype(np.int64), b.codes[:, None].astype(np.int64))
        return self.decode(latents, rng=rng, given=Given(labels.reshape(len(latents), -1)))

    def elbo(self, codes: Codes, *, n_draws: int = 1, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """(n,) the evidence lower bound of each image's pixels, natural log, averaged over draws of its latents."""
        import torch

        net, x, told = self._latent_net(), self._pixels(codes), self._one_hot(codes.codes)
        result = np.zeros(len(codes))
        with torch.inference_mode():
            for rows in _batches(len(codes)):
                for _ in range(n_draws):
                    nll, divergence = net.losses(x[rows], told[rows], self._noise(len(x[rows]), rng))
                    result[rows] -= (nll + divergence).double().numpy() / n_draws
        return result

    # ---- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return self._state_with(self._latent_net().state_dict())

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        weights = self._take_shares(state, alphabet)
        # Batch normalisation has buffers; normalisation of each image on its own, under a budget, has none.
        self.is_private = not any(name.endswith(".variance") for name in weights)
        net = self._make_net(torch.zeros(self._shape[0]), torch.Generator())
        take_weights(net, weights)
        self._net = net.eval()
        return self


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, min(start + BATCH, n)) for start in range(0, n, BATCH))
