"""Imputation by a generator: any model that draws the rest of a row, given what is known of it.

Legend: n rows, C columns, m draws, h holes of one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from likewise.codecs.matrix import TableMatrix
from likewise.errors import NotFittedError, OptionError
from likewise.impute.laws import Holes
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN
from likewise.schema.column import Schema
from likewise.schema.parse import parse, restore
from likewise.synthesizer import Synthesizer
from likewise.typing import Floats

N_SPREAD = 30
"""Draws of which a middle or a mean is taken."""
ROWS_AT_ONCE = 50_000


@dataclass
class Completing:
    """Holes filled by `Synthesizer.complete`. Missing is a code in training, and no filled cell is missing again.

    Args:
        synthesizer: fitted on such tables before, or to be fitted on this one.
        schema: of the modelled columns, as the synthesizer is to see them.
        is_fitted: it was fitted before: `fit` leaves it as it is.
    """

    synthesizer: Synthesizer
    schema: Schema
    is_fitted: bool = False

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Self:
        self._grid = grid
        if not self.is_fitted:
            self.synthesizer.fit(self._table(x))
        return self

    def _table(self, x: Floats) -> pl.DataFrame:
        return restore(self._grid.decode(x), self.schema)

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        holes = np.isnan(x)
        some = np.flatnonzero(holes.any(1))
        drawn = {int(j): np.empty((int(holes[:, j].sum()), m)) for j in np.flatnonzero(holes.any(0))}
        if not len(some):
            return drawn
        at_once = max(1, ROWS_AT_ONCE // len(some))
        for first in range(0, m, at_once):
            times = min(at_once, m - first)
            full = self._completions(x[some], times, rng)
            for j, values in drawn.items():
                values[:, first : first + times] = full[:, holes[some, j], j].T
        return drawn

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        return self.draws(x, N_SPREAD, rng)

    def _completions(self, x: Floats, m: int, rng: np.random.Generator) -> Floats:
        """(m, n, C) the same rows without holes, m times."""
        many = self._table(np.tile(x, (m, 1)))
        full = self.synthesizer.complete(many, random_state=int(rng.integers(2**31)))
        return self._grid.encode(parse(full.select(self._grid.names), self.schema)).reshape(m, *x.shape)


def completing(
    model: Any,
    schema: Schema,
    options: dict[str, Any],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Completing:
    """The method of a model: its name, or a synthesizer, fitted or not.

    Args:
        progress: called with epochs done and planned, where the model is one to be trained.

    Raises:
        NotFittedError: a synthesizer that was never fitted.
        OptionError: options beside a synthesizer, which has its own.
    """
    from likewise.impute.vae import ImportanceVAE

    if isinstance(model, Synthesizer):
        if options:
            raise OptionError("options go to the Synthesizer itself when one is given")
        if not hasattr(model, "generator_"):
            raise NotFittedError("this Synthesizer has learnt nothing yet: fit it first, or give the name of a model")
        kind = ImportanceVAE if isinstance(model.generator_, VAE | VAEGAN) else Completing
        return kind(model, schema, is_fitted=True)
    kind = ImportanceVAE if model == VAE.name else Completing
    told = None if progress is None else lambda event: progress(event.epoch, event.epochs)
    return kind(Synthesizer(model, schema=schema, random_state=seed, progress=told, **options), schema)
