"""What a synthesizer can do whose model has a latent space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes, Given
from likewise.codecs.table import Narrowing, TableCodec
from likewise.errors import OptionError
from likewise.models.base import Generator
from likewise.models.vae.latents import LatentSpace
from likewise.schema.distinct import Columns
from likewise.synthesizer.search import drawn_each


class LatentMethods(ABC):
    """Rows to latents and back, for the models that have them."""

    generator_: Generator
    codec_: TableCodec

    @abstractmethod
    def _check_fitted(self) -> None: ...

    @abstractmethod
    def _codes_of(self, data: Any) -> Codes: ...

    @abstractmethod
    def _data_of(self, codes: Codes, rng: np.random.Generator, narrowing: Narrowing | None = None) -> Any: ...

    @abstractmethod
    def _frame_of(self, table: Columns) -> Any: ...

    @abstractmethod
    def _narrowed(self, where: Mapping[str, Any] | None) -> Narrowing: ...

    @abstractmethod
    def _rng(self, random_state: int | None) -> np.random.Generator: ...

    def encode(self, frame: Any) -> npt.NDArray[np.float32]:
        """(n, latent_dim) where rows lie in the latent space of a VAE: the means of its encoder.

        A latent says nearly all about its row: share it as you would the row.

        Args:
            frame: rows with the columns of the table; (n, columns).

        Raises:
            OptionError: this kind of model has no latent space.
        """
        model = self._with_latents()
        return model.encode(self._codes_of(frame)).mean

    def decode(
        self,
        latents: npt.NDArray[np.floating[Any]],
        *,
        where: Mapping[str, Any] | None = None,
        random_state: int | None = None,
    ) -> Any:
        """One row drawn for each latent, in the kind of frame that was fitted; the inverse of `encode`, with noise.

        Args:
            latents: (n, latent_dim), as `encode` gives them or anywhere near.
            where: as in `sample`; columns of `condition_on` that it leaves open are drawn from their own law.
            random_state: of the draw.

        Raises:
            OptionError: this kind of model has no latent space, or the latents are of another shape.
        """
        model = self._with_latents()
        narrowing, rng = self._narrowed(where), self._rng(random_state)
        given = Given(weights=narrowing.weights)
        if not narrowing.met:
            return self._data_of(model.decode(latents, rng=rng, given=given), rng, narrowing)
        latents = np.asarray(latents)
        drawn = drawn_each(
            narrowing, self.codec_, len(latents), lambda rows: model.decode(latents[rows], rng=rng, given=given), rng
        )
        return self._frame_of(drawn)

    def reconstruct(self, frame: Any, *, random_state: int | None = None) -> Any:
        """Each row through the latent space and back: what of a row the latents keep.

        Args:
            frame: rows with the columns of the table; (n, columns).
            random_state: of what is drawn of the latents.

        Returns:
            A frame of the kind that was fitted; (n, columns).

        Raises:
            OptionError: this kind of model has no latent space.
        """
        model, rng = self._with_latents(), self._rng(random_state)
        codes = model.reconstruct(self._codes_of(frame), rng=rng)
        return self._data_of(codes, rng)

    def interpolate(self, a: Any, b: Any, steps: int = 8, *, random_state: int | None = None) -> Any:
        """Rows on the straight way from each row of `a` to the same row of `b` in the latent space.

        Returns:
            A frame of n * steps rows, those of a pair together, from `a` to `b`.
        """
        model, rng = self._with_latents(), self._rng(random_state)
        codes = model.interpolate(self._codes_of(a), self._codes_of(b), steps, rng=rng)
        return self._data_of(codes, rng)

    def elbo(self, frame: Any, *, n_draws: int = 16, random_state: int | None = None) -> npt.NDArray[np.float64]:
        """(n,) the evidence lower bound of each row's codes, natural log: what a VAE is trained to raise.

        Args:
            frame: rows with the columns of the table; (n, columns).
            n_draws: latents drawn of each row, over which the mean is taken.
            random_state: of those draws.

        Raises:
            OptionError: this kind of model has no latent space.
        """
        model = self._with_latents()
        return model.elbo(self._codes_of(frame), n_draws=n_draws, rng=self._rng(random_state))

    def _with_latents(self) -> LatentSpace:
        self._check_fitted()
        if not isinstance(self.generator_, LatentSpace):
            raise OptionError(f"model {self.generator_.name!r} has no latent space; fit Synthesizer('vae')")
        return self.generator_
