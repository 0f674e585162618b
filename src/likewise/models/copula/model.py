"""The Gaussian copula: every field's own distribution, tied together by one matrix of latent correlations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import ConditionError, ModelFileError
from likewise.models.about import About
from likewise.models.base import Fit, Generator, check_arrays, learnt
from likewise.models.copula.law import Floats, Ints, Law, Margin, Slices, correlation_of, margins_of, silent_codes
from likewise.models.drawing.conditioning import CANDIDATES, LEAST_CANDIDATES, blocks, emitted, resample
from likewise.models.options import flag
from likewise.training.loop import Record

SWEEPS = 4
"""Gibbs sweeps over the conditioned fields after importance resampling."""


@dataclass(kw_only=True)
class GaussianCopula(Generator):
    """A latent normal vector a row, one component a field; a field's code is the slice its component falls in.

    Each field keeps its own distribution exactly. Levels without an order are put in the order of their association
    with the other fields; the code of missing values goes where its rows belong among the others. The latent
    correlation of two fields is the one under which their coded normal scores have the covariance seen: a
    polychoric correlation by moments, solved for all pairs at once. A number's place inside its code comes
    from its component too. Conditions cut the latent normal, which is drawn exactly for one field and by importance
    resampling and Gibbs sweeps for several.

    Use it as a baseline, for many columns, or when no more than distributions and pairwise correlation may be kept. It
    knows no interaction, no dependence that is not monotone, and one direction of association for a column of levels.

    Args:
        shrink: False leaves the correlations as estimated; True pulls them towards none as few rows demand
            (Schaefer and Strimmer 2005).

    Privacy: not differentially private; but it holds nothing of the table except each column's distribution over
    codes and one number for each pair of columns.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> synth = lw.Synthesizer(lw.GaussianCopula(), random_state=0).fit(df)
        >>> synth.sample(3, where={"age": lw.above(50)})["age"].to_list()
        [62, 62, 62]
    """

    name: ClassVar[str] = "copula"
    about: ClassVar[About] = About(
        purpose="The quick baseline: each column's own distribution, tied by one matrix of correlations.",
        cost="Under a second for tens of thousands of rows; wide tables are no trouble.",
        guarantees=(
            "Columns keep their shares exactly; nothing is kept of the table but these and one number a pair. No "
            "differential privacy."
        ),
        avoid_when="Columns act together or not in one direction: a classifier tells its rows from real ones at once.",
    )

    shrink: bool = flag(True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._law: Law | None = None

    def fit(self, fit: Fit) -> Self:
        self.check_context(fit)
        began = time.monotonic()
        self._alphabet, codes = fit.alphabet, fit.rows().codes
        margins = margins_of(codes, fit.alphabet)
        self._law = Law(margins, correlation_of(codes, margins, silent_codes(fit.alphabet), shrink=self.shrink))
        self.record = Record(epochs=1, best_epoch=1, seconds=time.monotonic() - began)
        return self

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        law = self._fitted()
        drawing = _Drawing(law, self._alphabet, given)
        codes = np.empty((n, len(law.margins)), self._alphabet.code_dtype)
        fractions = np.empty((n, self._alphabet.n_fractions), np.float32)
        for rows, stream in blocks(n, rng):
            known = None if given.codes is None else given.codes[rows]
            codes[rows], fractions[rows] = drawing.block(rows.stop - rows.start, known, stream)
        return Codes(codes, fractions)

    def _fitted(self) -> Law:
        return learnt(self._law)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        law = self._fitted()
        return {
            "share": np.concatenate([np.zeros(0), *(m.share for m in law.margins)]),
            "order": np.concatenate([np.zeros(0, np.int64), *(m.order for m in law.margins)]),
            "correlation": law.correlation,
        }

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        sizes, d = alphabet.sizes, len(alphabet.sizes)
        k = sum(sizes)
        check_arrays(
            state, {"share": ((k,), np.float64), "order": ((k,), np.int64), "correlation": ((d, d), np.float64)}
        )
        cuts = np.cumsum(sizes)[:-1]
        parts = zip(np.split(state["share"], cuts), np.split(state["order"], cuts), strict=True) if d else []
        margins = [Margin(share, order) for share, order in parts]
        for m, size in zip(margins, sizes, strict=True):
            if not ((m.share >= 0).all() and abs(m.share.sum() - 1) < 1e-6):
                raise ModelFileError("model: the shares of a field must be 0 or more and add up to 1")
            if (np.sort(m.order) != np.arange(size)).any():
                raise ModelFileError("model: the order of a field must name each code once")
        r = state["correlation"]
        if not np.isfinite(r).all() or not np.allclose(r, r.T) or not np.allclose(np.diag(r), 1):
            raise ModelFileError("model: the correlations must be a symmetric matrix with ones on its diagonal")
        try:
            self._law = Law(margins, r)
            _ = self._law.factor
        except np.linalg.LinAlgError:
            raise ModelFileError("model: the correlations must be positive definite") from None
        self._alphabet = alphabet
        return self


# --- drawing -------------------------------------------------------------------------------------------------------


class _Drawing:
    """Draws blocks of rows under the same weights."""

    def __init__(self, law: Law, alphabet: Alphabet, given: Given) -> None:
        self.law, self.fields, self.joint = law, alphabet.fields, given.joint
        self.silent = silent_codes(alphabet)
        self.margins = [m.without(f.emit) for m, f in zip(law.margins, alphabet.fields, strict=True)]
        self.slices = {}
        for j, allowed in emitted(alphabet, given).items():
            if j not in given.weights:
                continue
            if not (allowed.weights * law.margins[j].share).max(initial=0.0) > 0:
                if j in self.silent and allowed.weights[self.silent[j]] > 0:
                    continue  # the field that is missing with it carries the condition
                raise ConditionError(f"no code of field {j} that the training rows hold meets the condition")
            self.margins[j] = law.margins[j].without(allowed.free > 0)
            self.slices[j] = Slices.of(self.margins[j], allowed.weights)
        self.edges32 = [m.edges[1:-1].astype(np.float32) for m in self.margins]

    def block(self, n: int, known: Ints | None, rng: np.random.Generator) -> tuple[Ints, npt.NDArray[np.float32]]:
        """(n, D) codes and (n, F) fractions."""
        d = len(self.margins)
        z = np.empty((n, d), np.float32)
        codes = np.full((n, d), -1, np.int64) if known is None else known.astype(np.int64)
        if known is None or not d:
            self._fill(z, codes, np.zeros(d, bool), rng)
        else:
            says = known >= 0
            for j, code in self.silent.items():
                says[:, j] &= known[:, j] != code
            patterns, which = np.unique(says, axis=0, return_inverse=True)
            which = which.ravel()
            for p, pattern in enumerate(patterns):
                rows = np.flatnonzero(which == p)
                part, part_codes = z[rows], codes[rows]
                self._fill(part, part_codes, pattern, rng)
                z[rows], codes[rows] = part, part_codes
            codes = np.where(known >= 0, known, codes)
        return codes, self._fractions(z, codes, rng)

    def _fill(
        self, z: npt.NDArray[np.float32], codes: Ints, known: npt.NDArray[np.bool_], rng: np.random.Generator
    ) -> None:
        """Draw the components of rows with the same fields known, and the codes of the others, in place."""
        first = [int(j) for j in np.flatnonzero(known)]
        asked = [j for j in self.slices if not known[j]]
        chain = first + asked
        n_joint = len(chain) if self.joint else len(first)
        free = [j for j in range(len(self.margins)) if j not in set(chain)]
        if chain:
            z[:, chain], codes[:, chain] = self._cut(codes, chain, len(first), n_joint, rng)
        if free:
            z[:, free] = self._rest(z[:, chain], chain, free, rng)
            for j in free:
                codes[:, j] = self.margins[j].order[np.searchsorted(self.edges32[j], z[:, j], side="right")]

    def _rest(
        self, z: npt.NDArray[np.float32], chain: list[int], free: list[int], rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """(n, free) components of the other fields given those of the chain."""
        noise = rng.standard_normal((len(z), len(free)), dtype=np.float32)
        if not chain:
            return noise @ self.law.factor.T
        r = self.law.correlation
        slope = np.linalg.solve(r[np.ix_(chain, chain)], r[np.ix_(chain, free)])  # (chain, free)
        left = r[np.ix_(free, free)] - r[np.ix_(free, chain)] @ slope
        factor = np.linalg.cholesky(left + 1e-9 * np.eye(len(free)))
        mean: npt.NDArray[np.float32] = z @ slope.astype(np.float32)
        return mean + noise @ factor.astype(np.float32).T

    def _cut(
        self, codes: Ints, chain: list[int], n_known: int, n_joint: int, rng: np.random.Generator
    ) -> tuple[Floats, Ints]:
        """(n, chain) components within what is known or asked, and their codes.

        One after the other, each normal cut to its slices. The first `n_joint` are drawn from their joint law: each
        candidate is weighted by the mass its cuts left (Geweke 1991), one is kept, and Gibbs sweeps follow.
        """
        n, pooled = len(codes), n_known == 0
        each = 1 if n_joint < 2 else CANDIDATES
        many = max(n * each, LEAST_CANDIDATES) if pooled and each > 1 else n * each
        r = self.law.correlation[np.ix_(chain, chain)]
        factor = np.linalg.cholesky(r)
        limits = [self._limits(codes[:, j], j, known=k < n_known) for k, j in enumerate(chain)]
        wide = [s.repeat(each) for s in limits]
        noise, z = np.zeros((many, len(chain))), np.empty((many, len(chain)))
        log_mass = np.zeros(many)
        for k in range(n_joint):
            mean, deviation = noise[:, :k] @ factor[k, :k], float(factor[k, k])
            z[:, k], mass = wide[k].draw(mean, deviation, rng)
            noise[:, k] = (z[:, k] - mean) / deviation
            log_mass += np.log(mass)
        if each > 1:
            kept = resample(log_mass, n, rng, pooled=pooled)
            z = z[kept]
            self._sweep(z, r[:n_joint, :n_joint], limits, rng)
            noise = np.linalg.solve(factor[:n_joint, :n_joint], z[:, :n_joint].T).T
            noise = np.pad(noise, ((0, 0), (0, len(chain) - n_joint)))
        for k in range(n_joint, len(chain)):
            mean, deviation = noise[:, :k] @ factor[k, :k], float(factor[k, k])
            z[:, k], _ = limits[k].draw(mean, deviation, rng)
            noise[:, k] = (z[:, k] - mean) / deviation
        found = codes[:, chain]
        for k, j in list(enumerate(chain))[n_known:]:
            found[:, k] = limits[k].codes_at(z[:, k], self.margins[j])
        return z, found

    def _sweep(self, z: Floats, r: Floats, limits: list[Slices], rng: np.random.Generator) -> None:
        """Gibbs sweeps over the components, in place."""
        precision = np.linalg.inv(r)
        for _ in range(SWEEPS):
            for k in range(len(r)):
                deviation = float(1 / np.sqrt(precision[k, k]))
                mean = z[:, k] - z[:, : len(r)] @ precision[k] / precision[k, k]
                z[:, k], _ = limits[k].draw(mean, deviation, rng)

    def _limits(self, codes: Ints, j: int, *, known: bool) -> Slices:
        if not known:
            return self.slices[j]
        margin = self.law.margins[j]
        place, drawn = margin.place[codes], self.margins[j].share[codes] > 0
        # A known code has the slice that free draws give it; one that is never drawn has the slice of its rows.
        low, high = (np.where(drawn, self.margins[j].edges[at], margin.edges[at])[:, None] for at in (place, place + 1))
        return Slices(low, high, np.ones(1), place)

    def _fractions(self, z: npt.NDArray[np.float32], codes: Ints, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """(n, F) where in its slice each component lies."""
        from scipy.special import ndtr

        fractions = np.empty((len(z), sum(f.fraction is not None for f in self.fields)), np.float32)
        for j, f in enumerate(self.fields):
            if f.fraction is None:
                continue
            margin = self.margins[j]
            place = margin.place[codes[:, j]]
            low, high = margin.upto[place], margin.upto[place + 1]
            within = (ndtr(z[:, j]) - low) / np.maximum(high - low, 1e-12)
            fractions[:, f.fraction] = np.clip(within, 0, np.nextafter(np.float32(1), np.float32(0)))
        return fractions
