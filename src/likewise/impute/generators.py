"""Imputation by a generator: any model that draws the rest of a row, given what is known of it.

Legend: n rows, C columns, m draws, h holes of one column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, Self

import numpy as np

from likewise.codecs.base import Codes, Given
from likewise.codecs.matrix import TableMatrix
from likewise.codecs.table import Narrowing
from likewise.errors import NotFittedError, OptionError
from likewise.impute.laws import Holes
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN
from likewise.schema.column import Schema
from likewise.schema.parse import parse, restore
from likewise.synthesizer import Synthesizer
from likewise.synthesizer.ruled_completion import Completion
from likewise.typing import Floats, Ints

N_SPREAD = 30
"""Draws of which a middle or a mean is taken."""


@dataclass
class Completing:
    """Holes filled by a synthesizer's model. Missing is a code in training, and no filled cell is missing again.

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
            self.synthesizer.fit(restore(grid.decode(x), self.schema))
        return self

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        known = self._known(x)
        at_once = self._rows_at_once(m)
        codes = [self._completed(known[i : i + at_once], m, rng) for i in range(0, len(known), at_once)]
        return self._of_holes(x, codes, np.arange(len(known)), m, rng)

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        """Each row is drawn alone, by random numbers that its own codes and the seed give: what comes with it does not
        matter. Rows of which the same is known are drawn once."""
        rows, which = np.unique(self._known(x), axis=0, return_inverse=True)
        seed = int(rng.integers(2**31))
        streams = (np.random.default_rng([seed, *blake2b(row.tobytes(), digest_size=16).digest()]) for row in rows)
        codes = [self._completed(row[None], N_SPREAD, stream) for row, stream in zip(rows, streams, strict=True)]
        return self._of_holes(x, codes, which.ravel(), N_SPREAD, rng)

    def _known(self, x: Floats) -> Ints:
        """(n, D) codes of the rows with holes, -1 for what is not known."""
        some = x[np.isnan(x).any(1)]
        table = parse(restore(self._grid.decode(some), self.schema), self.synthesizer.schema_, partial=True)
        return self.synthesizer.codec_.encode_known(table)

    @cached_property
    def _narrowing(self) -> Narrowing:
        return self.synthesizer.codec_.not_missing(self._grid.names)

    def _rows_at_once(self, m: int) -> int:
        return max(1, 50_000 // m)

    def _completed(self, known: Ints, m: int, rng: np.random.Generator) -> Codes:
        """m completions of each row, those of a row side by side."""
        given = Given(known.repeat(m, 0), self._narrowing.weights, joint=False)
        return self.synthesizer.generator_.sample(len(known) * m, rng=rng, given=given)

    def _of_holes(self, x: Floats, codes: list[Codes], which: Ints, m: int, rng: np.random.Generator) -> Holes:
        """(h, m) values of each column's holes.

        Args:
            which: (rows with holes,) place of each among those completed.
        """
        holes = np.isnan(x)
        if not codes:
            return {}
        schema = self.synthesizer.schema_
        codec = replace(self.synthesizer.codec_, maps=())  # a hole beside a known half of a place stays as it is drawn
        together = Codes(np.concatenate([c.codes for c in codes]), np.concatenate([c.fractions for c in codes]))
        full = restore(codec.decode(together, rng=rng, narrowing=self._narrowing), schema)
        values = self._grid.encode(parse(full.select(self._grid.names), self.schema)).reshape(-1, m, x.shape[1])
        columns, of_some = np.flatnonzero(holes.any(0)), holes[holes.any(1)]
        return {int(j): values[which[of_some[:, j]], :, j] for j in columns}


@dataclass
class CompletingUnderRules:
    """Holes filled by a fitted synthesizer that keeps rules.

    Args:
        synthesizer, schema: as `Completing` takes them.
    """

    synthesizer: Synthesizer
    schema: Schema

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Self:
        self._grid = grid
        return self

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        made, holes = self.synthesizer, np.isnan(x)
        table = parse(restore(self._grid.decode(x[holes.any(1)]), self.schema), made.schema_, partial=True)
        if made.rules_ is None or not len(table):
            return {}
        copies = table[np.arange(len(table)).repeat(m)]
        filled = Completion(made.rules_, made.codec_, made.generator_, copies, rng).table()
        theirs = parse(restore(filled.select(self._grid.names), made.schema_), self.schema)
        values = self._grid.encode(theirs).reshape(-1, m, x.shape[1])
        return {int(j): values[holes[holes.any(1), j], :, j] for j in np.flatnonzero(holes.any(0))}

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        return self.draws(x, N_SPREAD, rng)


def completing(
    model: Any,
    schema: Schema,
    options: dict[str, Any],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Completing | CompletingUnderRules:
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
        model._check_of_rows("filling holes")
        if model.rules_ is not None:
            return CompletingUnderRules(model, schema)
        kind = ImportanceVAE if isinstance(model.generator_, VAE | VAEGAN) else Completing
        return kind(model, schema, is_fitted=True)
    kind = ImportanceVAE if model == VAE.name else Completing
    told = None if progress is None else lambda event: progress(event.epoch, event.epochs)
    return kind(Synthesizer(model, schema=schema, random_state=seed, progress=told, **options), schema)
