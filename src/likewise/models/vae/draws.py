"""Draws of a VAE: free, under conditions by importance resampling, and given known codes by moves of the latents or,
for many completions of each row, by importance weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Given
from likewise.models.drawing.conditioning import (
    CANDIDATES,
    LEAST_CANDIDATES,
    Budget,
    rejection,
    resample,
    resample_within,
    worth,
)
from likewise.models.gradient.inputs import net_weights

if TYPE_CHECKING:
    import torch

    from likewise.models.vae.model import VAE

BATCH = 2048
"""Rows taken through the net at once outside training."""

KNOWN_ROWS = 256
"""Rows drawn at once where each has known codes and so candidates of its own."""

OWN_CANDIDATES = 32

MOST_CANDIDATES = 32
"""Draws a row, at most, among which importance resampling chooses rows that meet conditions."""

MOVES = 6
"""Metropolis moves of the latents of a row with known codes, after its candidates."""

MOVES_OF_COPIES = 24
"""Moves of rows that were chosen among too few candidates, so that some stand twice. On Adult, of a thousand rows under
a condition that one row of the table meets, 568 differ after them in more than their weight, and 375 after 6."""

FROM_PRIOR = 0.25
"""Share of the candidates of `completions` that the prior gives, so that no weight is more than fourfold."""


class Tilts(Protocol):
    """What makes rows more or less likely than the model that draws them."""

    @property
    def highest(self) -> float:
        """The largest that there is."""

    def of(self, x: torch.Tensor) -> torch.Tensor:
        """Natural log of it. Shape: (n, D) codes in the net's own order -> (n,)."""


class LatentDrawing:
    """Draws blocks of rows of one model under the same conditions, and maybe under a tilt of its law.

    Free rows are kept by the tilt as their chance (rejection sampling: Azadi et al. 2019). Where rows are chosen among
    candidates anyway, the tilt is one more weight; moves leave the tilted law as it is.
    """

    def __init__(self, model: VAE, given: Given, budget: Budget | None = None, tilt: Tilts | None = None) -> None:
        self.tilt = tilt
        self.model, self.given, self.budget = model, given, budget or Budget.of(0, given, model.condition_fields)
        self.net, self.decoding = model._fitted(), model._decoding()
        self.weights = net_weights(self.net, model._alphabet, given)
        asked = set(given.weights) - set(model.condition_fields) if given.joint else set()
        self.conditioned = {i for i, column in enumerate(self.net.columns) if column in asked}

    def block(self, rows: slice, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """(n, D) codes, in the caller's order."""
        import torch

        n, known = rows.stop - rows.start, self.given.codes
        with torch.inference_mode():
            if known is not None:
                parts = [known[rows][start : start + KNOWN_ROWS] for start in range(0, n, KNOWN_ROWS)]
                x = torch.cat([self._completed(part, rng) for part in parts])
            elif self.conditioned:
                x = self._conditioned(n, rng)
            elif self.tilt is not None:
                x = torch.from_numpy(rejection(n, lambda m: self._free(m, rng), rng, Budget.of(n, Given())))
            else:
                x = self._candidates(n, rng, self.given)[1]
        codes = np.empty(x.shape, np.int64)
        codes[:, self.net.columns] = x.numpy()
        return codes

    def _free(self, n: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """(n, D) rows in the net's own order, and the log chance with which the tilt lets each be kept."""
        assert self.tilt is not None
        _, x, log_tilt = self._candidates(n, rng, self.given)
        return x.numpy(), log_tilt.numpy() - self.tilt.highest

    def _conditioned(self, n: int, rng: np.random.Generator) -> torch.Tensor:
        """(n, D) rows from their joint law under all conditions, by importance resampling.

        Candidates are drawn until they are worth n rows, or until MOST_CANDIDATES a row or the budget. In that case
        some would stand twice, so all are moved.
        """
        import torch

        size = max(n * CANDIDATES, LEAST_CANDIDATES)
        drawn: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        worth_rows = 0.0
        while (
            worth_rows < n
            and len(drawn) < MOST_CANDIDATES // CANDIDATES
            and (not drawn or self.budget.tried < self.budget.most)
        ):
            drawn.append(self._candidates(size, rng, self.given))
            before, worth_rows = worth_rows, worth(torch.cat([mass for _, _, mass in drawn]).double().numpy())
            found = int(min(worth_rows, n)) - int(min(before, n))
            self.budget.spend(size, mass=float(drawn[-1][2].double().exp().sum()), found=found)
        z, x, log_mass = (torch.cat(column) for column in zip(*drawn, strict=True))
        chosen = torch.from_numpy(resample(log_mass.double().numpy(), n, rng, pooled=True))
        if worth_rows >= n:
            return x[chosen]
        nothing = torch.full_like(x[chosen], -1)
        return self._moved(z[chosen], x[chosen], log_mass[chosen], nothing, rng, MOVES_OF_COPIES)

    def latents_and_rows(self, n: int, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Free draws, (B, L) and (B, D) at a time."""
        for _ in range(n // BATCH):
            z, x, _ = self._candidates(BATCH, rng, self.given)
            yield z, x

    def completions(self, n_each: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Many completions of each row of `given.codes`, by sampling importance resampling (Mattei and Frellsen 2019,
        section 3.2): latents come from the encoder, which reads what is not known as missing, and of the rows decoded
        from them each goes on as often as p(known codes | z) p(z) / q(z) says.

        Returns:
            (n * n_each, D) codes in the caller's order, those of a row together and in random order, so that any part
            of them is a fair choice.
        """
        import torch

        codes = self.given.codes
        assert codes is not None, "there is something to complete"
        with torch.inference_mode():
            z_prior, x_prior, _ = self._candidates(len(codes), rng, self.given, n_each)
            told = torch.from_numpy(codes.repeat(n_each, 0)[:, self.net.columns])
            told[:, self.net.labels] = x_prior[:, self.net.labels]
            missing = self._missing_codes()
            # What the encoder reads where a field knows no missing code: as the prior filled it.
            read = torch.where(told >= 0, told, torch.where(missing >= 0, missing, x_prior))
            mean, log_var = self.net.encode(self.decoding.embedded(read))
            noise = torch.from_numpy(rng.standard_normal(mean.shape, dtype=np.float32))
            from_prior = torch.arange(len(told)) % n_each < round(FROM_PRIOR * n_each)
            z = torch.where(from_prior[:, None], z_prior, mean + (0.5 * log_var).exp() * noise)
            z, x, log_mass = self._drawn(told, rng, z)
            context = self.net.context(self.decoding.embedded(told.clamp(min=0))).float()
            log_p, log_q = self.net.prior.log_prob(z, context), log_normal(z, mean, log_var)
            log_q = torch.logaddexp(log_q + math.log1p(-FROM_PRIOR), log_p + math.log(FROM_PRIOR))
            log_weights = (log_p + log_mass - log_q).double().numpy().reshape(-1, n_each)
        chosen = rng.permuted(resample_within(log_weights, rng).reshape(-1, n_each), axis=1).ravel()
        completed = np.empty(x.shape, np.int64)
        completed[:, self.net.columns] = x.numpy()[chosen]
        return completed

    def _missing_codes(self) -> torch.Tensor:
        """(D,) each field's missing code in the net's own order, -1 where there is none."""
        import torch

        codes = [self.model._alphabet.fields[column].missing for column in self.net.columns]
        return torch.tensor([-1 if code is None else code for code in codes])

    def _candidates(
        self, n: int, rng: np.random.Generator, given: Given, times: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Latents, rows in the net's own order, and the log mass that known codes and conditions leave each."""
        import torch

        known = self.model._label_law().draw(n, rng, given, times)[:, self.net.columns]
        parts = [self._drawn(torch.from_numpy(part), rng) for part in np.split(known, range(BATCH, len(known), BATCH))]
        z, x, log_mass = (torch.cat(column) for column in zip(*parts, strict=True))
        return z, x, log_mass

    def _drawn(
        self, known: torch.Tensor, rng: np.random.Generator, z: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows decoded from the prior, or from these latents, and what there is to weigh them by."""
        import torch

        if z is None:
            shape = len(known), self.net.n_latent
            context = self.net.context(self.decoding.embedded(known.clamp(min=0))).float()
            uniforms = torch.from_numpy(rng.random(shape, dtype=np.float32))
            z = self.net.prior.draw(context, uniforms, torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)))
        uniforms = torch.from_numpy(rng.random(known.shape, dtype=np.float32))
        x, log_mass = self.decoding.draw(z, known, uniforms, self.weights)
        return z, x, log_mass if self.tilt is None else log_mass + self.tilt.of(x)

    def _completed(self, known: npt.NDArray[np.int64], rng: np.random.Generator) -> torch.Tensor:
        """(n, D) rows of which some codes are known.

        Each row has candidates of its own from the prior, one of which is chosen by what it makes of the known codes,
        and then moved.
        """
        import torch

        z, x, log_mass = self._candidates(len(known), rng, replace(self.given, codes=known), OWN_CANDIDATES)
        chosen = torch.from_numpy(resample(log_mass.double().numpy(), len(known), rng, pooled=False))
        told = torch.from_numpy(known[:, self.net.columns])
        return self._moved(z[chosen], x[chosen], log_mass[chosen], told, rng)

    def _moved(
        self,
        z: torch.Tensor,
        x: torch.Tensor,
        log_mass: torch.Tensor,
        known: torch.Tensor,
        rng: np.random.Generator,
        moves: int = MOVES,
    ) -> torch.Tensor:
        """(n, D) rows after a few Metropolis moves that leave their law as it is.

        The encoder proposes other latents and the decoder other codes beside the known ones and the labels (in the line
        of Mattei and Frellsen 2018, section 3.3). p(x | z) is what the codes were drawn by times the mass left to the
        known ones and the conditions, so only the masses count.
        """
        import torch

        labels = torch.zeros(self.net.n_fields, dtype=torch.bool)
        labels[self.net.labels] = True
        told = torch.where(labels, x, known)
        context = self.net.context(self.decoding.embedded(told.clamp(min=0))).float()
        for _ in range(moves):
            mean, log_var = self.net.encode(self.decoding.embedded(x))
            noise = torch.from_numpy(rng.standard_normal(z.shape, dtype=np.float32))
            z_new, x_new, mass_new = self._drawn(told, rng, mean + (0.5 * log_var).exp() * noise)
            back = self.net.encode(self.decoding.embedded(x_new))
            gain = self.net.prior.log_prob(z_new, context) + mass_new + log_normal(z, *back)
            gain -= self.net.prior.log_prob(z, context) + log_mass + log_normal(z_new, mean, log_var)
            taken = torch.from_numpy(rng.random(len(z), dtype=np.float32)).log() < gain
            z, x = torch.where(taken[:, None], z_new, z), torch.where(taken[:, None], x_new, x)
            log_mass = torch.where(taken, mass_new, log_mass)
        return x


def log_normal(z: torch.Tensor, mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """log N(z; mean, exp(log_var)). Shape: 3 x (B, L) -> (B,)."""
    squares = (z - mean).square() * (-log_var).exp() + log_var + math.log(2 * math.pi)
    return -0.5 * squares.sum(1)
