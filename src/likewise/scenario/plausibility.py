"""How plausible a row is: its log-density, as a percentile of the rows that were seen.

A generator knows the probability of codes, and codes of numbers hold about equal shares of the rows, so the most
extreme row looks as likely as any. The density of a row is that of its codes over what they would have independently
(how the columns go together), times the densities of its values (Sklar's theorem, taken bin by bin).

Legend: n rows, D fields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from likewise.codecs.base import Codes
from likewise.codecs.matrix import numbers_of
from likewise.scenario.margins import Margin
from likewise.schema.column import Kind, Schema
from likewise.schema.distinct import Columns
from likewise.synthesizer import Synthesizer
from likewise.typing import Bools, Floats


@dataclass(frozen=True)
class Density(ABC):
    """The log-density of rows, and where it stands among the rows seen.

    Args:
        reference: (m,) log-densities of the rows seen, rising.
    """

    reference: Floats

    @abstractmethod
    def of(self, table: pl.DataFrame) -> Floats:
        """(n,) natural log-density of canonical rows; -inf outside of the law of a column."""

    def percentile(self, log_density: Floats) -> Floats:
        """(n,) share of the rows seen, in percent, that are no more plausible; 0 is unlike anything seen."""
        at: Floats = 100.0 * np.searchsorted(self.reference, log_density, side="right") / len(self.reference)
        return at


@dataclass(frozen=True)
class NumberDensity(Density):
    """Of a table that is one column of numbers: its own law.

    Args:
        margin: the law.
        missing: the share of its cells that are missing.
    """

    margin: Margin
    missing: float

    @classmethod
    def fit(cls, margin: Margin, table: pl.DataFrame) -> NumberDensity:
        blank = cls(np.zeros(0), margin, table[margin.name].null_count() / max(len(table), 1))
        return replace(blank, reference=np.sort(blank.of(table)))

    def of(self, table: pl.DataFrame) -> Floats:
        known = table[self.margin.name].is_not_null().to_numpy()
        values = np.where(known, numbers_of(table[self.margin.name]), self.margin.values[0])
        with np.errstate(divide="ignore"):
            at = np.log1p(-self.missing) + self.margin.log_density(values), np.log(self.missing)
        return np.asarray(np.where(known, *at), np.float64)


def learnt_of(synthesizer: Synthesizer, rows: pl.DataFrame) -> pl.DataFrame:
    """Canonical rows as the generator knows them: without what rules make, with what it is made of."""
    plan = synthesizer.rules_
    return rows if plan is None else plan.forward(Columns.of(rows)).frame()


@dataclass(frozen=True)
class CodeDensity(Density):
    """Of the codes under the generator (how the columns go together), times the densities of the values.

    Args:
        synthesizer: fitted, of a model with likelihoods.
        margins: the law of each column of numbers.
        log_shares: field -> (K,) log share of each code among the rows seen.
        dependence: how the columns go together, where the model knows no likelihoods; else None.
    """

    synthesizer: Synthesizer
    margins: Mapping[str, Margin]
    log_shares: tuple[Floats, ...]
    dependence: NormalCopula | None = None

    @classmethod
    def fit(cls, synthesizer: Synthesizer, margins: Mapping[str, Margin], table: pl.DataFrame) -> CodeDensity:
        """The density, with (m,) canonical rows as those seen."""
        codes = synthesizer.codec_.encode(learnt_of(synthesizer, table))
        fields = synthesizer.codec_.alphabet.fields
        shares = []
        for j, field in enumerate(fields):
            counts = np.bincount(codes.codes[:, j], minlength=field.size) + 0.5
            shares.append(np.log(counts / counts.sum()))
        blank = cls(np.zeros(0), synthesizer, dict(margins), tuple(shares))
        try:
            synthesizer.generator_.log_prob(codes[:1])
        except NotImplementedError:
            blank = replace(blank, dependence=NormalCopula.fit(codes.codes, tuple(shares)))
        return replace(blank, reference=np.sort(blank._of_codes(codes, table)))

    def of(self, table: pl.DataFrame) -> Floats:
        return self._of_codes(self.synthesizer.codec_.encode(learnt_of(self.synthesizer, table)), table)

    def _of_codes(self, codes: Codes, table: pl.DataFrame) -> Floats:
        model = self.dependence or self.synthesizer.generator_
        found = model.log_prob(codes)
        for name, margin in self.margins.items():
            if self.synthesizer.rules_ is not None and name in self.synthesizer.rules_.made:
                continue  # its rules make it of others, whose densities tell of it
            known = table[name].is_not_null().to_numpy()
            for j in self.synthesizer.codec_.fields_of(name):
                found = found - np.where(known, self.log_shares[j][codes.codes[:, j]], 0.0)
            values = numbers_of(table[name])
            found = found + np.where(known, margin.log_density(np.where(known, values, margin.values[0])), 0.0)
        return np.asarray(found, np.float64)


@dataclass(frozen=True)
class NormalCopula:
    """How codes go together, for models that cannot say: a normal copula of their ranks.

    Args:
        scores: field -> (K,) the normal score of each code's middle.
        log_shares: as in `CodeDensity`.
        precision: (D, D) the inverse of the scores' correlations, less one.
        log_det: of the correlations.
    """

    scores: tuple[Floats, ...]
    log_shares: tuple[Floats, ...]
    precision: Floats
    log_det: float

    @classmethod
    def fit(cls, codes: npt.NDArray[np.integer], log_shares: tuple[Floats, ...]) -> NormalCopula:
        scores = []
        for logs in log_shares:
            shares = np.exp(logs)
            scores.append(special.ndtri(np.cumsum(shares) - shares / 2))
        z = np.stack([score[codes[:, j]] for j, score in enumerate(scores)], 1)
        spread = np.where(z.std(0) > 0, z.std(0), 1.0)
        correlations = np.atleast_2d(np.cov(((z - z.mean(0)) / spread).T))
        correlations = 0.99 * correlations + 0.01 * np.eye(len(scores))  # columns that say the same stay apart
        np.fill_diagonal(correlations, 1.0)
        precision = np.linalg.inv(correlations) - np.eye(len(scores))
        return cls(tuple(scores), log_shares, precision, float(np.linalg.slogdet(correlations)[1]))

    def log_prob(self, codes: Codes) -> Floats:
        """(n,) as a generator's."""
        z = np.stack([score[codes.codes[:, j]] for j, score in enumerate(self.scores)], 1)
        alone = sum(logs[codes.codes[:, j]] for j, logs in enumerate(self.log_shares))
        found: Floats = alone - 0.5 * (((z @ self.precision) * z).sum(1) + self.log_det)
        return found


def beyond_seen(table: pl.DataFrame, seen: pl.DataFrame, schema: Schema) -> Bools:
    """(n,) whether a row holds a number or time outside of the range seen in its column."""
    out = np.zeros(len(table), bool)
    ranged = [c.name for c in schema if c.is_modelled and c.kind in (Kind.INTEGER, Kind.REAL, Kind.DATETIME)]
    for name in ranged:
        low: Any = seen[name].min()
        high: Any = seen[name].max()
        if low is not None:
            out |= ((table[name] < low) | (table[name] > high)).fill_null(False).to_numpy()
    return out
