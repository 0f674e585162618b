"""Imputation by a variational autoencoder, with importance weights: MIWAE's way of drawing.

Legend: n rows, D fields, L candidates of a row, m draws.
"""

from __future__ import annotations

import math

import numpy as np

from likewise.codecs.base import Codes, Given
from likewise.impute.generators import Completing
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN
from likewise.typing import Ints

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

    def _rows_at_once(self, m: int) -> int:
        return max(1, CANDIDATES_AT_ONCE // _candidates(m))

    def _completed(self, known: Ints, m: int, rng: np.random.Generator) -> Codes:
        model, n_each = self.synthesizer.generator_, _candidates(m)
        assert isinstance(model, VAE | VAEGAN), "the method is made for these"
        codes = model.drawing(Given(known, self._narrowing.weights, joint=False)).completions(n_each, rng)
        # Those of a row lie by candidate: every so many of them are as good a choice as any.
        chosen, alphabet = codes[:: n_each // m], self.synthesizer.codec_.alphabet
        fractions = rng.random((len(chosen), alphabet.n_fractions), dtype=np.float32)
        return Codes(chosen.astype(alphabet.code_dtype), fractions)


def _candidates(m: int) -> int:
    """Latents a row for m draws, a multiple of these."""
    return math.ceil(max(CANDIDATES, m) / m) * m
