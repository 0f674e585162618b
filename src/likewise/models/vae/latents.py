"""The latent space of a generator that has one: rows go there and come back.

Legend: n rows, L latent dimensions.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes, Given
from likewise.errors import OptionError
from likewise.models.base import Generator


@dataclass(frozen=True)
class Latents:
    """Where rows lie in the latent space.

    Args:
        mean: (n, L) float32, of q(z | row).
        deviation: (n, L) float32, how sure the encoder is of it.
    """

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]

    def draw(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """(n, L) one draw of q(z | row) for each row."""
        return self.mean + self.deviation * rng.standard_normal(self.mean.shape, dtype=np.float32)


class LatentSpace(Generator):
    """A generator of rows, or images, through latents."""

    @abstractmethod
    def encode(self, codes: Codes) -> Latents:
        """Mean and deviation of each row's latents. Shape: n rows -> 2 x (n, L)."""

    @abstractmethod
    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        """One row for each latent.

        Args:
            latents: (n, L).
            given: codes known row by row, labels among them, and weights that mask each field as it is drawn; labels
                that are not given are drawn from their own law.

        Raises:
            OptionError: the latents are not (n, latent_dim) finite numbers.
        """

    @abstractmethod
    def elbo(self, codes: Codes, *, n_draws: int = 1, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """(n,) the evidence lower bound of each row, natural log, averaged over draws of its latents."""

    def labels_of(self, codes: Codes) -> Given:
        """The labels of rows, as `decode` takes them."""
        known = np.full(codes.codes.shape, -1, np.int64)
        at = list(self.condition_fields)
        known[:, at] = codes.codes[:, at]
        return Given(known)

    def reconstruct(self, codes: Codes, *, rng: np.random.Generator) -> Codes:
        """Rows drawn from the latents of rows: how much of a row the latent space keeps."""
        return self.decode(self.encode(codes).draw(rng), rng=rng, given=self.labels_of(codes))

    def interpolate(self, a: Codes, b: Codes, steps: int, *, rng: np.random.Generator) -> Codes:
        """Rows on the straight way from each row of `a` to the same row of `b` in the latent space.

        Returns:
            n * steps rows, those of one pair together; the first lies at `a`, the last at `b`. Labels are those of the
            nearer end.

        Raises:
            OptionError: steps are fewer than 2, or `a` and `b` are not as long as each other.
        """
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 2:
            raise OptionError(f"steps must be a whole number of 2 or more, got {steps!r}")
        if len(a) != len(b):
            raise OptionError(f"both ends must have as many rows, got {len(a)} and {len(b)}")
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        start, end = (self.encode(codes).mean[:, None] for codes in (a, b))
        latents = (start * (1 - share) + end * share).reshape(len(a) * steps, -1)
        labels = [self.labels_of(codes).codes for codes in (a, b)]
        known = np.where(share < 0.5, *(np.asarray(part)[:, None] for part in labels))
        return self.decode(latents, rng=rng, given=Given(known.reshape(len(latents), known.shape[-1])))


def checked_latents(latents: npt.NDArray[np.floating], n_latent: int) -> npt.NDArray[np.float32]:
    """(n, L) latents as `decode` takes them, held to their shape."""
    latents = np.asarray(latents)
    if latents.ndim != 2 or latents.shape[1] != n_latent or not np.isfinite(latents).all():
        raise OptionError(f"latents must be finite numbers of shape (n, {n_latent}), got {latents.shape}")
    return latents.astype(np.float32)
