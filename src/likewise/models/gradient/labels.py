"""Labels: fields that a model is told instead of drawing them, and their own law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Noisy
from likewise.dp.queries import Marginals, Table
from likewise.errors import ModelFileError, PrivacyError
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.marginals.counts import CERTAIN_SIGMAS, SPARE_ROWS, OneWay

PREFIX, FIELDS = "labels.", "condition_fields"

MOST_CELLS = 4096
"""Combinations of labels that are counted under a budget, at most: with more, nearly all counts would be noise."""

MOST_DRAWN = 50_000
"""Rows drawn by noisy counts for the net to learn from, at most."""


class Labels:
    """The joint law of some fields, drawn where it is not told; a small net of its own learns it.

    Args:
        fields: which fields of the alphabet; none of them makes everything here a matter of course.
        options: of the net.
    """

    def __init__(self, fields: Sequence[int], alphabet: Alphabet, **options: Any) -> None:
        self.fields, self.n_fields = list(fields), len(alphabet.fields)
        self.alphabet = Alphabet(tuple(replace(alphabet.fields[j], fraction=None) for j in self.fields))
        self.model = Autoregressive(**options)

    def fit(self, train: Codes, holdout: Codes, rng: np.random.Generator) -> Self:
        if self.fields:
            self.model.fit(Fit.of(self._of(train), self._of(holdout), self.alphabet, rng=rng))
        return self

    def fit_privately(self, gate: Noisy, known: OneWay, share: float, rng: np.random.Generator) -> Self:
        """Learn from rows drawn by noisy counts: of one field those that are known already, of several a joint table.

        Raises:
            PrivacyError: the fields have so many levels together that noise would drown their table.

        Privacy: the share where there are several fields, else nothing.
        """
        if not self.fields:
            return self
        sizes = [f.size for f in self.alphabet.fields]
        counts = known.counts[self.fields[0]] if len(sizes) == 1 else noisy_joint(gate, self.fields, share)
        rows = rng.choice(len(counts), min(max(round(known.n_rows), 1), MOST_DRAWN), p=counts / counts.sum())
        codes = np.stack(np.unravel_index(rows, sizes), 1).astype(self.alphabet.code_dtype)
        drawn = Codes(codes, np.zeros((len(codes), 0), np.float32))
        self.model.fit(Fit.of(drawn, drawn[:0], self.alphabet, rng=rng))
        return self

    def draw(self, n: int, rng: np.random.Generator, given: Given, times: int = 1) -> npt.NDArray[np.int64]:
        """(n * times, D) codes, -1 but for what is known and for the labels, which are drawn where they are not."""
        known = np.full((n, self.n_fields), -1, np.int64) if given.codes is None else given.codes
        known = known.repeat(times, 0)
        if self.fields:
            weights = {i: given.weights[j] for i, j in enumerate(self.fields) if j in given.weights}
            told = known[:, self.fields] if given.codes is not None else None
            drawn = self.model.sample(len(known), rng=rng, given=Given(told, weights, given.joint))
            known[:, self.fields] = drawn.codes
        return known

    def log_prob(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) natural log-probability of each row's labels."""
        if not self.fields:
            return np.zeros(len(codes))
        return self.model.log_prob(self._of(codes))

    def _of(self, codes: Codes) -> Codes:
        return Codes(codes.codes[:, self.fields], np.zeros((len(codes), 0), np.float32))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        if not self.fields:
            return {}
        named = {f"{PREFIX}{name}": array for name, array in self.model.state().items()}
        return named | {FIELDS: np.array(self.fields, np.int64)}

    @classmethod
    def take(cls, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet, **options: Any) -> Self:
        """The labels of a model's state, whose arrays are taken out of it.

        Raises:
            ModelFileError: they do not hold together.
        """
        d = len(alphabet.fields)
        fields = state.pop(FIELDS, np.zeros(0, np.int64))
        if fields.ndim != 1 or fields.dtype != np.int64 or len(set(fields.tolist())) != len(fields) or len(fields) > d:
            raise ModelFileError("model: condition_fields must be a list of different fields")
        if len(fields) and not (fields.min() >= 0 and fields.max() < d):
            raise ModelFileError("model: condition_fields must be fields of the alphabet")
        arrays = {name.removeprefix(PREFIX): state.pop(name) for name in list(state) if name.startswith(PREFIX)}
        made = cls(fields.tolist(), alphabet, **options)
        if made.fields:
            made.model.load_state(arrays, made.alphabet)
        elif arrays:
            raise ModelFileError("model: there are labels' weights and no labels")
        return made


def noisy_joint(gate: Noisy, fields: Sequence[int], share: float) -> Table:
    """(cells,) rows of each combination of the fields' levels; few where noise alone could be all.

    Privacy: the share.
    """
    cells = math.prod(gate.sizes[j] for j in fields)
    if cells > MOST_CELLS:
        raise PrivacyError(
            f"the condition_on columns have {cells:,} combinations of levels, and a budget of privacy pays for "
            f"{MOST_CELLS:,} at most: name fewer columns, or columns of fewer levels"
        )
    [joint] = gate.counts(Marginals((tuple(fields),), f"counts of {len(fields)} labels together"), share)
    # Half a row stays everywhere, so that each label can be asked for.
    return np.where(joint.table >= CERTAIN_SIGMAS * joint.sigma, joint.table, SPARE_ROWS).ravel()
