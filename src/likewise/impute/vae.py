"""Imputation by a variational autoencoder, with importance weights: MIWAE's way of drawing.

Legend: n rows, D fields, L candidates of a row, m draws.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes, Given
from likewise.impute.generators import Completing
from likewise.models.conditioning import resample_within
from likewise.models.vae_draws import LatentDrawing, log_normal

if TYPE_CHECKING:
    import torch

    from likewise.models.vae import VAE

FloatArray = npt.NDArray[np.float64]

CANDIDATES = 64
"""Latents a row, at least; with more draws there are as many as draws."""
FROM_PRIOR = 0.25
"""Share of the candidates that the prior gives, so that no weight is more than fourfold."""
CANDIDATES_AT_ONCE = 8_192


class ImportanceVAE(Completing):
    """Holes drawn by sampling importance resampling (Mattei and Frellsen 2019, section 3.2).

    Latents come from the encoder, which reads holes as the missing code that it saw in training, and are weighed by
    p(known codes | z) p(z) / q(z); of the completed rows as many are drawn as wanted, as often as they weigh.

    NOTE[DIFF]: MIWAE reads holes as zeros and trains on the bound of the known cells alone. Here missing is a code, in
    training too, and is forbidden when holes are filled. With chained fields the weight also holds what the drawn
    codes before a known one make of it.
    """

    def _completions(self, x: FloatArray, m: int, rng: np.random.Generator) -> FloatArray:
        codec, model = self.synthesizer.codec_, self.synthesizer.generator_
        known = codec.encode_known(self._grid.decode(x))
        given = Given(weights=self.synthesizer._not_missing(self._grid.names), joint=False)
        n_each = math.ceil(max(CANDIDATES, m) / m) * m
        rows_at_once = max(1, CANDIDATES_AT_ONCE // n_each)
        full = np.empty((m, *x.shape))
        for start in range(0, len(x), rows_at_once):
            rows = slice(start, start + rows_at_once)
            codes = _candidates(model, replace(given, codes=known[rows]), n_each, rng)  # type: ignore[arg-type]
            fractions = rng.random((len(codes), codec.alphabet.n_fractions), dtype=np.float32)
            table = codec.decode(Codes(codes.astype(codec.alphabet.code_dtype), fractions), rng=rng)
            n = len(known[rows])
            # Those of a row lie by candidate: every so many of them are as good a choice as any.
            full[:, rows] = self._grid.encode(table).reshape(n, n_each, -1)[:, :: n_each // m].transpose(1, 0, 2)
        return full


def _candidates(model: VAE, given: Given, n_each: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n * L, D) completed rows, those of a row together and drawn by their weight."""
    import torch

    drawing = LatentDrawing(model, given)
    net, decoding = drawing.net, drawing.decoding
    assert given.codes is not None
    with torch.inference_mode():
        z_prior, x_prior, _ = drawing._candidates(len(given.codes), rng, given, n_each)
        told = torch.from_numpy(given.codes.repeat(n_each, 0)[:, net.columns])
        told[:, net.labels] = x_prior[:, net.labels]
        # What the encoder reads where a field knows no missing code: as the prior filled it.
        read = torch.where(told >= 0, told, torch.where(_missing_codes(model) >= 0, _missing_codes(model), x_prior))
        mean, log_var = net.encode(decoding.embedded(read))
        noise = torch.from_numpy(rng.standard_normal(mean.shape, dtype=np.float32))
        from_prior = torch.arange(len(told)) % n_each < round(FROM_PRIOR * n_each)
        z = torch.where(from_prior[:, None], z_prior, mean + (0.5 * log_var).exp() * noise)
        z, x, log_mass = drawing._drawn(told, rng, z)
        context = net.context(decoding.embedded(told.clamp(min=0))).float()
        log_p, log_q = net.prior.log_prob(z, context), log_normal(z, mean, log_var)
        log_q = torch.logaddexp(log_q + math.log1p(-FROM_PRIOR), log_p + math.log(FROM_PRIOR))
        log_weights = (log_p + log_mass - log_q).double().numpy().reshape(-1, n_each)
        # In random order, so that any part of a row's candidates is a fair choice of them.
        chosen = rng.permuted(resample_within(log_weights, rng).reshape(-1, n_each), axis=1).ravel()
    codes = np.empty(x.shape, np.int64)
    codes[:, net.columns] = x[torch.from_numpy(chosen)].numpy()
    return codes


def _missing_codes(model: VAE) -> torch.Tensor:
    """(D,) each field's missing code in the net's own order, -1 where there is none."""
    import torch

    fields = model._alphabet.fields
    codes = [fields[column].missing for column in model._fitted().columns]
    return torch.tensor([-1 if code is None else code for code in codes])
