"""What a Gaussian copula stands on: margins as slices of a normal, their latent correlation, normals cut to slices.

Legend: n rows, D fields, K codes of a field, W columns that speak for the other fields, S slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Field
from likewise.models.drawing.together import pairs_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

N_HERMITE = 200
"""Terms of the series that ties the covariance of two coded fields to their latent correlation."""

ENOUGH = ((6, 0.1), (12, 0.3), (40, 0.8), (N_HERMITE, 1.0))
"""Terms, and the correlation up to which they suffice: 0.1 ** 6 and 0.3 ** 12 are 1e-6, 0.8 ** 40 is 1e-4."""

MAX_CORRELATION = 0.9995

LEAST_EIGENVALUE = 1e-4

FARTHEST = 9.0
"""No component lies farther out: beyond are slices without rows, whose edges may be infinite."""

MAX_WIDTH = 32
"""Levels of a field that speak for themselves when the levels of another are put in order."""

MAX_SIGNS = 512
"""Columns that speak for all fields together; tables of more fields use fewer levels of each."""

MAX_ROWS = 100_000
"""Rows that the order of levels is learnt from, at most."""


@dataclass(frozen=True, eq=False)
class Margin:
    """One field's distribution along its latent component.

    Args:
        share: (K,) share of the rows with each code.
        order: (K,) codes from the lowest slice of the component to the highest.
    """

    share: Floats
    order: Ints

    @cached_property
    def place(self) -> Ints:
        """(K,) which slice each code is."""
        place: Ints = np.argsort(self.order)
        return place

    @cached_property
    def upto(self) -> Floats:
        """(K + 1,) share of the rows below each slice, and 1."""
        upto = np.r_[0.0, np.cumsum(self.share[self.order])]
        return np.asarray(upto / upto[-1])

    @cached_property
    def edges(self) -> Floats:
        """(K + 1,) where the slices begin and end, from -inf to inf."""
        from scipy.special import ndtri

        edges: Floats = ndtri(self.upto)
        edges[-1] = np.inf
        return edges

    @cached_property
    def scores(self) -> Floats:
        """(K,) mean of the component in each code's slice; the edge itself where a code has no rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = -np.diff(_density(self.edges)) / np.diff(self.upto)
        empty = np.diff(self.upto) < 1e-12
        means[empty] = np.clip(self.edges[:-1], -8, 8)[empty]
        return means[self.place]

    def without(self, emit: npt.NDArray[np.bool_]) -> Margin:
        """The margin of rows to draw: codes that may not be drawn have no slice."""
        share = self.share * emit
        return Margin(share / share.sum(), self.order) if share.sum() > 0 else self


@dataclass(frozen=True, eq=False)
class Law:
    """Margins and the (D, D) correlation of the latent components."""

    margins: list[Margin]
    correlation: Floats

    @cached_property
    def factor(self) -> npt.NDArray[np.float32]:
        return np.linalg.cholesky(self.correlation).astype(np.float32)


# --- learning ------------------------------------------------------------------------------------------------------


def margins_of(codes: npt.NDArray[np.integer], alphabet: Alphabet) -> list[Margin]:
    """Shares and orders. Unordered levels, and missing values of ordered ones, are placed by association; a field that
    is missing with another has no slice for it."""
    silent = silent_codes(alphabet)
    counts = [np.bincount(codes[:, j], minlength=f.size) for j, f in enumerate(alphabet.fields)]
    for j, code in silent.items():
        counts[j][code] = 0
    shares = [c / c.sum() if c.sum() > 0 else np.full(len(c), 1 / len(c)) for c in counts]
    margins = [Margin(share, _given_order(f)) for share, f in zip(shares, alphabet.fields, strict=True)]
    loose = [j for j, f in enumerate(alphabet.fields) if f.positions is None and f.size > 2]
    ordered = [j for j, f in enumerate(alphabet.fields) if f.positions is not None and f.missing is not None]
    gaps = [j for j in ordered if j not in silent]
    if len(codes) < 2 or len(margins) < 2 or not (loose or gaps):
        return margins
    codes = codes[:: -(-len(codes) // MAX_ROWS)]
    signs, owner = _signs(codes, alphabet, margins, silent)
    for j in loose:
        means = _means(codes[:, j], signs, alphabet.fields[j].size)[:, owner != j]
        margins[j] = Margin(shares[j], _by_association(means, shares[j]))
    for j in gaps:
        means = _means(codes[:, j], signs, alphabet.fields[j].size)[:, owner != j]
        margins[j] = _with_gap_placed(margins[j], means, int(alphabet.fields[j].missing or 0))
    return margins


def silent_codes(alphabet: Alphabet) -> dict[int, int]:
    """Field -> its missing code, of fields that are missing with the one before, which alone tells of it."""
    return {j: code for _, j in pairs_of(alphabet) if (code := alphabet.fields[j].missing) is not None}


def _given_order(field: Field) -> Ints:
    if field.positions is None:
        return np.arange(field.size)
    return np.argsort(field.positions, kind="stable")


def _signs(
    codes: npt.NDArray[np.integer], alphabet: Alphabet, margins: list[Margin], silent: Mapping[int, int]
) -> tuple[npt.NDArray[np.float32], Ints]:
    """(n, W) what the other fields say of a row, each of mean 0: the score of an ordered field, an indicator of each
    frequent level of an unordered one, scaled as in correspondence analysis; (W,) the field of each."""
    columns, owner = [], []
    width = min(MAX_WIDTH, max(1, MAX_SIGNS // len(margins)))
    for j, (f, m) in enumerate(zip(alphabet.fields, margins, strict=True)):
        tables = []
        if f.positions is not None:
            score = m.scores.copy()
            if f.missing is not None:
                score[f.missing] = 0.0
            tables.append(score)
            frequent = [f.missing] if f.missing is not None and j not in silent else []
        else:
            frequent = list(np.argsort(-m.share, kind="stable")[:width])
        tables += [(np.arange(f.size) == c) / np.sqrt(m.share[c]) for c in frequent if 0 < m.share[c] < 1]
        for table in tables:
            columns.append((table - table @ m.share).astype(np.float32)[codes[:, j]])
            owner.append(j)
    return np.stack(columns, 1) if columns else np.zeros((len(codes), 0), np.float32), np.array(owner, np.int64)


def _means(codes: npt.NDArray[np.integer], signs: npt.NDArray[np.float32], size: int) -> Floats:
    """(K, W) mean of the signs over the rows of each code, drawn towards 0 where rows are few."""
    from scipy.sparse import csr_array

    n = len(codes)
    member = csr_array((np.ones(n, np.float32), codes.astype(np.int64), np.arange(n + 1)), shape=(n, size))
    counts = np.bincount(codes, minlength=size)
    means: Floats = (member.T @ signs).astype(np.float64) / (counts + 1.0)[:, None]
    return means


def _by_association(means: Floats, share: Floats) -> Ints:
    """(K,) codes along the direction in which their means differ most."""
    if not means.size:
        return np.arange(len(share))
    scaled = np.sqrt(share)[:, None] * means
    if len(means) <= means.shape[1]:
        _, vectors = np.linalg.eigh(scaled @ scaled.T)
        along = means @ (scaled.T @ vectors[:, -1])
    else:
        _, vectors = np.linalg.eigh(scaled.T @ scaled)
        along = means @ vectors[:, -1]
    return np.argsort(along, kind="stable")


def _with_gap_placed(margin: Margin, means: Floats, missing: int) -> Margin:
    """The margin with the code of missing values where its rows' means say it belongs."""
    others = margin.order[margin.order != missing]
    score = margin.scores[others]
    share = margin.share[others]
    along = (share * score) @ means[others]
    spread = float(along @ along)
    if spread <= 0:
        return margin
    score_missing = float(means[missing] @ along) * float(share @ score**2) / spread
    return Margin(margin.share, np.insert(others, int(np.searchsorted(score, score_missing)), missing))


def correlation_of(
    codes: npt.NDArray[np.integer], margins: list[Margin], silent: Mapping[int, int], *, shrink: bool
) -> Floats:
    """(D, D) latent correlations, positive definite.

    Args:
        silent: as `silent_codes` gives it; rows that have such a code say nothing of the field's pairs.
    """
    n, d = codes.shape
    scores, rows = np.empty((n, d), np.float32), np.full((d, d), float(n))
    for j, m in enumerate(margins):
        scores[:, j] = m.scores.astype(np.float32)[codes[:, j]]
    if at := list(silent):
        said = codes[:, at] != list(silent.values())
        scores[:, at] *= said
        rows[at], rows[:, at] = said.sum(0)[:, None], said.sum(0)
        rows[np.ix_(at, at)] = said.T.astype(np.float32) @ said
    # one row more, of independent fields: a pair of codes that no row has together is not therefore impossible
    covariance = (scores.T @ scores).astype(np.float64) / (rows + 1)
    r = np.eye(d)
    one, other = np.triu_indices(d, 1)
    hermite = _hermite(margins)
    for rows in np.array_split(np.arange(len(one)), len(one) // 20_000 + 1):
        a, b = one[rows], other[rows]
        found, left = np.zeros(len(rows)), np.arange(len(rows))
        for n_terms, upto in ENOUGH:
            terms = hermite[:n_terms, a[left]] * hermite[:n_terms, b[left]]
            found[left] = _solve(terms, covariance[a[left], b[left]])
            left = left[np.abs(found[left]) > upto]  # the later terms count for these only
        r[a, b] = r[b, a] = found
    if shrink and n > 1 and len(one):
        off = r[one, other]
        kept = 1 - np.clip(((1 - off**2) ** 2).sum() / (n - 1) / max((off**2).sum(), 1e-12), 0, 1)
        r = np.eye(d) + kept * (r - np.eye(d))
    return _positive_definite(r)


def _hermite(margins: list[Margin]) -> Floats:
    """(N_HERMITE, D) coefficients of each margin's `scores` as a function of the component, from degree 1."""
    result = np.zeros((N_HERMITE, len(margins)))
    for same in np.array_split(np.argsort([len(m.share) for m in margins], kind="stable"), len(margins) // 64 + 1):
        if not len(same):
            continue
        widest = len(margins[same[-1]].share) - 1
        x, step = np.zeros((2, len(same), widest))
        for row, j in enumerate(same):
            m = margins[j]
            x[row, : len(m.share) - 1] = np.clip(m.edges[1:-1], -12, 12)  # the density of the outer edges is 0
            step[row, : len(m.share) - 1] = -np.diff(m.scores[m.order])  # by parts: what is lost across each edge
        lost, before, now = step * _density(x), np.zeros_like(x), np.ones_like(x)
        for k in range(1, N_HERMITE + 1):
            result[k - 1, same] = -np.einsum("ij,ij->i", lost, now) / np.sqrt(k)
            before, now = now, (x * now - np.sqrt(k - 1) * before) / np.sqrt(k)
    return result


def _solve(terms: Floats, target: Floats) -> Floats:
    """(pairs,) correlation at which the series with these (terms, pairs) has the target's value; the
    series rises with the correlation, so bisection finds it."""
    low, high = np.full(len(target), -MAX_CORRELATION), np.full(len(target), MAX_CORRELATION)
    for _ in range(24):
        middle = (low + high) / 2
        value = np.zeros_like(middle)
        for term in terms[::-1]:
            value += term
            value *= middle
        below = value < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    none = np.abs(terms).max(0, initial=0.0) < 1e-12
    result: Floats = np.where(none, 0.0, (low + high) / 2)
    return result


def _positive_definite(r: Floats) -> Floats:
    """The matrix with its least eigenvalues raised, and ones on its diagonal again."""
    for _ in range(20):
        try:
            np.linalg.cholesky(r - LEAST_EIGENVALUE / 2 * np.eye(len(r)))  # tells for a tenth of what eigenvalues cost
            break
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(r)
        r = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
        scale = 1 / np.sqrt(np.diag(r))
        r = r * scale[:, None] * scale
    r = (r + r.T) / 2
    np.fill_diagonal(r, 1.0)
    return r


def _density(x: Floats) -> Floats:
    result: Floats = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    return result


# --- normals cut to slices ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Slices:
    """Where a component may lie: S slices, the same for all rows or one for each.

    Args:
        low, high: (n or 1, S) their limits.
        weight: (S,) share of each slice that may be drawn.
        nearest: (K,) the allowed place nearest to each place; not used where the codes are known.
    """

    low: Floats
    high: Floats
    weight: Floats
    nearest: Ints

    @classmethod
    def of(cls, margin: Margin, share: Floats) -> Self:
        """Codes side by side that are left in the same share make one slice."""
        weight = np.where(margin.share > 0, share, 0.0)[margin.order]
        opens = np.flatnonzero(np.r_[True, weight[1:] != weight[:-1]])
        closes = np.r_[opens[1:], len(weight)]
        some = weight[opens] > 0
        low, high = margin.edges[opens[some]], margin.edges[closes[some]]
        allowed, at = np.flatnonzero(weight > 0), np.arange(len(weight))
        after = np.searchsorted(allowed, at).clip(max=len(allowed) - 1)
        before = (after - 1).clip(min=0)
        closer = np.abs(allowed[before] - at) < np.abs(allowed[after] - at)
        return cls(low[None], high[None], weight[opens[some]], allowed[np.where(closer, before, after)])

    def repeat(self, each: int) -> Slices:
        if len(self.low) == 1 or each == 1:
            return self
        return Slices(self.low.repeat(each, 0), self.high.repeat(each, 0), self.weight, self.nearest)

    def codes_at(self, z: Floats, margin: Margin) -> Ints:
        """(n,) codes; rounding at an edge never gives one that is not allowed."""
        codes: Ints = margin.order[self.nearest[np.searchsorted(margin.edges[1:-1], z, side="right")]]
        return codes

    def draw(self, mean: Floats, deviation: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """(n,) normals within the slices, and the mass of the normal there."""
        from scipy.special import ndtr, ndtri

        low, high = (self.low - mean[:, None]) / deviation, (self.high - mean[:, None]) / deviation
        upper = low > -high  # taken from the other side, where the tail has its digits
        start, end = ndtr(np.where(upper, -high, low)), ndtr(np.where(upper, -low, high))
        upto = np.cumsum((end - start) * self.weight, 1)
        mass = upto[:, -1]
        which = (upto <= (rng.random(len(mean)) * mass)[:, None]).sum(1).clip(max=upto.shape[1] - 1)
        away = np.maximum(low, -high)
        which = np.where(mass > 0, which, away.argmin(1))
        at = np.arange(len(mean)), which
        z = ndtri(start[at] + rng.random(len(mean)) * (end[at] - start[at]))
        z = np.clip(np.where(upper[at], -z, z), low[at], high[at])
        return np.clip(mean + deviation * z, -FARTHEST, FARTHEST), np.maximum(mass, 1e-300)
