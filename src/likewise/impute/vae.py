"""Imputation by a variational autoencoder, with importance weights: MIWAE's way of drawing.

Legend: n rows, D fields, L candidates of a row, m draws.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from likewise.codecs.base import Codes, Given
from likewise.impute.generators import Completing
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN
from likewise.typing import Floats

CANDIDATES = 64
"""Latents a row, at least; with more draws there are as many as draws."""
CANDIDATES_AT_ONCE = 8_192


class ImportanceVAE(Completing):
    """Holes drawn by sampling importance resampling (Mattei and Frellsen 2019, section 3.2), as
    `LatentDrawing.completions` has it.

    NOTE[DIFF]: MIWAE reads holes as zeros and trains on the bound of the known cells alone. Here missing is a code, in
    training too, and is forbidden when holes are filled. With chained fields the weight also holds what the drawn
    codes before a known one make of it.
    """

    def _completions(self, x: Floats, m: int, rng: np.random.Generator) -> Floats:
        codec, model = self.synthesizer.codec_, self.synthesizer.generator_
        assert isinstance(model, VAE | VAEGAN), "the method is made for these"
        known = codec.encode_known(self._grid.decode(x))
        given = Given(weights=codec.not_missing(self._grid.names).weights, joint=False)
        n_each = math.ceil(max(CANDIDATES, m) / m) * m
        rows_at_once = max(1, CANDIDATES_AT_ONCE // n_each)
        full = np.empty((m, *x.shape))
        for start in range(0, len(x), rows_at_once):
            rows = slice(start, start + rows_at_once)
            codes = model.drawing(replace(given, codes=known[rows])).completions(n_each, rng)
            fractions = rng.random((len(codes), codec.alphabet.n_fractions), dtype=np.float32)
            table = codec.decode(Codes(codes.astype(codec.alphabet.code_dtype), fractions), rng=rng)
            n = len(known[rows])
            # Those of a row lie by candidate: every so many of them are as good a choice as any.
            full[:, rows] = self._grid.encode(table).reshape(n, n_each, -1)[:, :: n_each // m].transpose(1, 0, 2)
        return full
