"""What conditional draws share: blocks of rows with streams of their own, the budget, rejection, importance resampling.

A model takes conditions (`Given.weights`) in one of two ways. One that can mask each field as it draws it gives
candidates that obey, and beside each the log share of its law that the masks left; one that cannot draws freely and
looks. `rejection` turns either into exactly n rows of the model's law under the conditions, or says why it cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Given, Search
from likewise.errors import ConditionError
from likewise.nets.allowed import Allowed

BLOCK_ROWS = 8192
"""Rows drawn at once. Each block has its own random stream, so a row does not depend on who draws the others."""

CELLS = 4_000_000
"""Numbers of one kind that are laid out at once, at most, whatever there are of rows, columns and levels."""

CANDIDATES = 8
"""Draws a row among which importance resampling chooses when several columns carry conditions."""

LEAST_CANDIDATES = 1024
"""Where all rows share their candidates there are never fewer than these: a handful would not know the joint law."""

OWN_CANDIDATES = 64
"""Draws a row where rows differ in what is known of them, so that each row has only its own to choose among."""

TRIES_A_ROW, LEAST_TRIES = 32, 2**19
"""Candidates that may be drawn for each row wanted, and for all of them however few they are: some seconds."""

MOST_COPIES = 8
"""Rows that may come from one candidate's worth of weight; where it would be more, there are not enough to choose."""

POOL_ROWS = 2**16
"""Candidates kept to choose among, at most, when the budget is spent."""

SURE = 100
"""Candidates' worth of mass after which the largest chance seen is taken for the largest that there is: what none of
them has shown makes up 3 % of the rows wanted at most (rule of three)."""

Candidates = Callable[[int], tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]
"""Draws m rows: (m, D) codes and (m,) the log chance with which each is to be kept."""

Pool = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]
"""Candidates that were not kept, and their log chances."""


@dataclass
class Budget:
    """How many candidates may be drawn to find rows that meet conditions, and what came of them so far.

    One for a whole `sample`, shared by its blocks. It counts candidates, never seconds, so that a seed gives the same
    rows however quick the machine.

    Args:
        wanted: rows.
        most: candidates.
        tell: called after every batch.
        scale: the largest chance that any row has to meet the conditions: below 1 where one cuts a slice of a code.
        tried, found: candidates drawn, and rows kept.
        mass: candidates that met the conditions but for the scale; where they are masked, the sum of their chances.
        peak: the largest chance that a candidate had.
    """

    wanted: int
    most: int
    tell: Callable[[Search], None] | None = None
    scale: float = 1.0
    tried: int = 0
    found: int = 0
    mass: float = 0.0
    peak: float = 0.0

    @classmethod
    def of(cls, n: int, given: Given, told: Collection[int] = ()) -> Budget:
        """The budget for n rows under these conditions.

        Args:
            told: fields whose conditions are met without a search.
        """
        default = max(LEAST_TRIES, TRIES_A_ROW * n)
        asked = [np.max(share, initial=0.0) for j, share in given.weights.items() if given.joint and j not in told]
        scale = float(np.prod(asked))
        return cls(n, default if given.max_tries is None else given.max_tries, given.progress, scale)

    @property
    def share(self) -> float:
        """Of free draws that would meet the conditions, as measured."""
        return self.scale * self._kept

    @property
    def _kept(self) -> float:
        """Of the candidates that can be kept."""
        return self.mass / max(self.tried, 1)

    @property
    def bound(self) -> float:
        """The chance at which a candidate is sure to be kept: the largest one seen, once enough were seen to know it
        (empirical supremum rejection sampling: Caffo, Booth and Davis 2002)."""
        return self.peak if self.mass >= SURE else 1.0

    @property
    def is_spent(self) -> bool:
        """Whether it is used up, or what is left of it cannot suffice, with all the luck of four deviations."""
        lucky = self.mass + 4 * math.sqrt(self.mass) + 8
        needed = max(self.wanted * (self.peak or 1.0), min(self.wanted, SURE))
        return self.tried >= self.most or lucky * self.most < needed * self.tried

    def next_batch(self, lacking: int, most: int = 2 * BLOCK_ROWS) -> int:
        """How many candidates to draw next, to find the rows still lacking."""
        share = max(self._kept, 1 / self.most) if self.tried else 0.5
        needed = lacking * self.bound if self.mass >= SURE else min(lacking, SURE)  # which makes the bound sure
        return int(min(max(1.1 * needed / share, 256), most, self.most - self.tried))

    def spend(self, tried: int, *, mass: float, found: int = 0, peak: float = 1.0) -> None:
        """Write down a batch of candidates."""
        self.tried, self.mass, self.found = self.tried + tried, self.mass + mass, self.found + found
        self.peak = max(self.peak, min(peak, 1.0))
        if self.tell is not None:
            self.tell(Search(min(self.found, self.wanted), self.wanted, self.tried, self.most, self.share))

    def refuse(self) -> NoReturn:
        """Say that the conditions are too rare, how rare, and what to do.

        Raises:
            ConditionError: always.
        """
        met = "none" if self.mass < 0.5 else f"about {self.mass:,.0f}"
        why = "too few to give" if self.mass >= 0.5 else "which perhaps exclude each other, so there are not"
        enough = f" to about {math.ceil(1.5 * self.wanted / self._kept):,}" if self.mass >= 1 else ""
        raise ConditionError(
            f"of {self.tried:,} rows that the model drew, {met} met the conditions (acceptance rate {self.share:.2g}), "
            f"{why} {self.wanted:,}; widen the conditions, ask for fewer rows, raise max_tries{enough}, or "
            "train a model that is told these columns (condition_on)"
        )


def rejection(
    n: int,
    candidates: Candidates,
    rng: np.random.Generator,
    budget: Budget,
    otherwise: Callable[[int], npt.NDArray[np.int64]] | None = None,
) -> npt.NDArray[np.int64]:
    """(n, D) rows that meet conditions, from the model's law given them (rejection sampling, von Neumann 1951).

    Args:
        candidates: draws m rows. Where fields are masked as they are drawn, a row's log chance is the log share of the
            law that the masks left it (0 for all of it); where rows are drawn freely, it is 0 for a row that meets the
            conditions and -inf for one that does not, and such a row is never given out.
        budget: `Budget.of(n, given)`, made once for all blocks.
        otherwise: draws the m rows still lacking when the budget is spent; None chooses them among the candidates by
            their weight (importance resampling).

    Raises:
        ConditionError: the budget is spent and there are not enough candidates to choose among.

    Example:
        >>> from likewise.codecs.base import Given
        >>> rng = np.random.default_rng(0)
        >>> def dice(m):  # a model that can only draw and look
        ...     x = rng.integers(1, 7, (m, 2))
        ...     return x, np.where(x.sum(1) == 12, 0.0, -np.inf)
        >>> rejection(3, dice, rng, Budget.of(3, Given())).tolist()
        [[6, 6], [6, 6], [6, 6]]
    """
    kept: list[npt.NDArray[np.int64]] = []
    pool: Pool = []
    lacking = n

    def try_more(size: int) -> None:
        nonlocal lacking
        rows, log_chance = candidates(size)
        chance = np.exp(np.minimum(log_chance, 0.0))
        met = rng.random(size) * budget.bound < chance
        kept.append(rows[met][:lacking])
        lacking -= len(kept[-1])
        budget.spend(size, mass=float(chance.sum()), found=len(kept[-1]), peak=float(chance.max(initial=0.0)))
        left = ~met & (chance > 0)
        pool.append((rows[left], log_chance[left]))
        while _pooled(pool[1:]) >= POOL_ROWS:
            pool.pop(0)

    while lacking > 0 and not budget.is_spent:
        try_more(budget.next_batch(lacking))
    if otherwise is None and not pool and budget.mass > 0:
        # Blocks before have spent the budget, and this one too needs candidates to choose among.
        for _ in range(0, min(POOL_ROWS, CANDIDATES * lacking), BLOCK_ROWS):
            try_more(BLOCK_ROWS)
    if lacking > 0:
        kept.append(_chosen(lacking, pool, rng, budget) if otherwise is None else otherwise(lacking))
    return np.concatenate(kept)


def _pooled(pool: Pool) -> int:
    return sum(len(rows) for rows, _ in pool)


def _chosen(n: int, pool: Pool, rng: np.random.Generator, budget: Budget) -> npt.NDArray[np.int64]:
    """(n, D) rows of the pool, chosen by their weight."""
    if not _pooled(pool):
        budget.refuse()
    rows, log_weights = (np.concatenate(column) for column in zip(*pool, strict=True))
    if worth(log_weights) * MOST_COPIES < n:
        budget.refuse()
    return rows[resample(log_weights, n, rng, pooled=True)]


def rows_at_once(cells: int) -> int:
    """How many rows that need so many numbers each may be laid out at once.

    Example:
        >>> rows_at_once(100), rows_at_once(10_000), rows_at_once(10**9)
        (2048, 400, 1)
    """
    return max(1, min(BLOCK_ROWS // 4, CELLS // max(cells, 1)))


def worth(log_weights: npt.NDArray[np.float64]) -> float:
    """How many rows of equal weight these are worth (Kong 1992): the square of the sum over the sum of squares.

    Example:
        >>> worth(np.log([1.0, 1.0, 1.0])), worth(np.array([-800.0, -np.inf]))
        (3.0, 1.0)
    """
    most = log_weights.max(initial=-np.inf)
    if np.isneginf(most):
        return 0.0
    weights = np.exp(log_weights - most)
    return float(weights.sum() ** 2 / np.square(weights).sum())


def blocks(n: int, rng: np.random.Generator, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, np.random.Generator]]:
    """Rows block by block, each with a random stream of its own.

    A block does not know how many rows there are: without conditions the whole blocks that n and m rows share are alike
    in every model. Of the last block, which may be cut short, the first rows are alike where a row's random numbers lie
    side by side (autoregressive, copula). Under conditions that are searched for, blocks share a budget, and are not.
    """
    starts = range(0, n, size)
    for start, stream in zip(starts, rng.spawn(len(starts)), strict=True):
        yield slice(start, min(start + size, n)), stream


def emitted(alphabet: Alphabet, given: Given) -> dict[int, Allowed[npt.NDArray[np.float64]]]:
    """Field -> what of each code may be drawn: what conditions leave, and no rare code unless asked for. Fields of
    which all may be drawn are left out. Weights are brought to a maximum of 1: `Budget.scale` keeps what that took.

    Raises:
        ConditionError: a condition leaves nothing.
    """
    allowed = {}
    for j, f in enumerate(alphabet.fields):
        free = (f.emit if f.emit.any() else ~f.emit).astype(np.float64)
        if j in given.weights:
            share = np.asarray(given.weights[j], np.float64)
            if not share.max(initial=0.0) > 0:
                raise ConditionError(f"no code of field {j} meets the condition")
            allowed[j] = Allowed(share / share.max(), np.maximum(free, share > 0), given.joint)
        elif not free.all():
            allowed[j] = Allowed(free, free, False)
    return allowed


def resample(
    log_weights: npt.NDArray[np.float64], n: int, rng: np.random.Generator, *, pooled: bool
) -> npt.NDArray[np.int64]:
    """Which of the candidates (n * c,) to keep, n of them: over all, or one of each row's own c.

    Where no candidate has any weight, each is as good as another.
    """
    groups = log_weights.reshape(1 if pooled else n, -1)
    most = groups.max(1, keepdims=True)
    weights = np.exp(np.where(np.isneginf(most), 0.0, groups - np.where(np.isneginf(most), 0.0, most)))
    cdf = weights.cumsum(1) / weights.sum(1, keepdims=True)
    if pooled:  # systematic resampling: one uniform, evenly spaced
        return rng.permutation(np.searchsorted(cdf[0], (np.arange(n) + rng.random()) / n).clip(max=cdf.shape[1] - 1))
    n_each = groups.shape[1]
    within = (cdf < rng.random((n, 1))).sum(1).clip(max=n_each - 1)
    chosen: npt.NDArray[np.int64] = np.arange(n) * n_each + within
    return chosen


def resample_within(log_weights: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n * c,) which of its own c candidates each of n rows goes on with, as often as they weigh.

    Args:
        log_weights: (n, c); where no candidate has any weight, all go on.
    """
    n, c = log_weights.shape
    most = log_weights.max(1, keepdims=True)
    dead = np.isneginf(most)
    weights = np.where(dead, 1.0, np.exp(log_weights - np.where(dead, 0.0, most)))
    cdf = weights.cumsum(1) / weights.sum(1, keepdims=True)
    spaced = (np.arange(c) + rng.random((n, 1))) / c
    within = (cdf[:, None, :] < spaced[:, :, None]).sum(2).clip(max=c - 1)
    chosen: npt.NDArray[np.int64] = (np.arange(n)[:, None] * c + within).ravel()
    return chosen
