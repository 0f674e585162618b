"""All that is random under a budget: noise on counts and on clipped sums, the noisy choice, the rows of a step.

Everything is drawn from the operating system's generator (`os.urandom`), which is made for cryptography: no seed of
the caller's reaches it, and what was seen of it tells nothing of the rest. Each mechanism writes into the ledger before
it looks at a number.

Floating point has broken such promises: the last bits of a noisy number can tell what was under the noise (Mironov
2012). So noise is a whole number of steps of a public grid, a power of two that hangs on the noise's deviation alone.
A count stands on the grid, a sum is rounded to it; both are then added as whole numbers.

The noise is the normal law rounded to the grid. What stood on the grid stays there under normal noise that is rounded,
so the answer is the Gaussian mechanism's, rounded: post-processing, which costs nothing. The curves of
`likewise.dp.accounting` hold for it as they stand, those of sampled steps too; of the discrete Gaussian (Canonne,
Kamath and Steinke 2020) they hold only nearly. With a deviation s of 2**30 steps the two laws are the same but for a
factor that lies between exp(-1 / 8s^2) and exp(18 / s^2) wherever |z| <= 12 s, so the draws are those of the discrete
one, by rejection; `accounting.OF_THE_SAMPLER` counts how far they are from exact.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.dp.accounting import epsilon_of_exponential, rho_of_exponential, rho_of_gaussian, sigma_of_gaussian
from likewise.dp.ledger import Entry, Ledger
from likewise.dp.rehearsal import answered, is_rehearsal
from likewise.errors import MissingExtraError, PrivacyError

if TYPE_CHECKING:
    from types import ModuleType

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GRID_BITS = 30
"""A deviation of the noise is 2**30 steps of the grid or more, and less than 2**31."""

GRID_SHARE = 2**-11
"""Share of a sum's sensitivity that is kept for its rounding to the grid: n numbers, each moved by half a step at most
in either table, are moved apart by sqrt(n) steps."""

MOST_STEPS = 2**61
"""Steps of the grid beyond which a sum is cut, lest whole numbers of 64 bits run over."""


def noisy_counts(
    look: Callable[[], npt.NDArray[np.integer[Any]]], rho: float, ledger: Ledger, what: str, *,
    sensitivity: float = 1.0, delta: float = 0.0,
) -> tuple[Floats, float]:  # fmt: skip
    """Counts with normal noise, rounded to whole numbers, and the noise's deviation.

    Args:
        look: gives whole numbers, any shape; one row changes them by at most `sensitivity` in L2. It is called when
            the entry is written.
        rho: what may be spent on them all together.
        delta: what a choice made from them adds to delta.

    Privacy: rho, and delta.
    """
    sigma = sigma_of_gaussian(sensitivity, rho)
    entry = Entry(
        what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity,
        rho=rho_of_gaussian(sensitivity, sigma), delta=delta,
    )  # fmt: skip
    ledger.spend(entry)
    counts = np.asarray(look())
    if counts.dtype.kind not in "iu":
        raise PrivacyError(f"{what}: counts must be whole numbers, got {counts.dtype}")
    step = _step(sigma)

    def noisy() -> Floats:
        # A count stands on the grid, so that it may be added after the rounding.
        noise = np.floor(grid_noise(counts.size, sigma / step) * step + 0.5)
        return np.asarray(counts + noise.reshape(counts.shape), np.float64)

    return answered("counts", [counts], sensitivity, noisy), sigma


def noisy_sum(total: Floats, sensitivity: float, multiplier: float) -> Floats:
    """The Gaussian mechanism on a sum of clipped gradients: the one way by which rows reach the weights.

    Args:
        total: (P,) the sum in 64 bits. One row moves it by at most `sensitivity`, less the share `GRID_SHARE` of it, in
            L2.
        multiplier: deviation of the noise over the sensitivity.

    Returns:
        (P,) multiples of a power of two, in 64 bits.

    Raises:
        PrivacyError: the grid is too coarse for so many numbers under so much noise; or the sum is not of 64 bits.

    Privacy: what the ledger wrote for this step before training began.
    """
    if total.dtype != np.float64:
        raise PrivacyError(f"a sum must have 64 bits until its noise is added, got {total.dtype}")
    sigma = multiplier * sensitivity
    step = _step(sigma)
    if math.sqrt(total.size) * step > GRID_SHARE * sensitivity:
        raise PrivacyError(f"a noise multiplier of {multiplier:.3g} on {total.size:,} weights drowns everything")

    def noisy() -> Floats:
        noise = grid_noise(total.size, sigma / step)
        on_grid = total * (1 / step)
        np.rint(on_grid, out=on_grid).clip(-MOST_STEPS, MOST_STEPS, out=on_grid)
        noise += on_grid.astype(np.int64)
        return np.asarray(noise * step, np.float64)

    return answered("sum", [total], sensitivity, noisy)


def noisy_choices(
    look: Callable[[], Sequence[npt.NDArray[np.floating[Any]]]], rho: float, ledger: Ledger, what: str, *,
    sensitivity: float = 1.0,
) -> list[int]:  # fmt: skip
    """From each list of scores the number of one among the greatest: the exponential mechanism (McSherry and Talwar
    2007), by Gumbel noise of opendp, whose sampler is exact.

    Args:
        look: gives lists of (n,) finite scores each. One row changes the scores of one list only, each by at most
            `sensitivity`: the lists then cost together what one does (parallel composition). It is called when the
            entry is written.

    Privacy: rho.
    """
    dp = _opendp()
    epsilon = epsilon_of_exponential(rho)
    entry = Entry(
        what=what, mechanism="exponential", parameter=epsilon, sensitivity=sensitivity, rho=rho_of_exponential(epsilon)
    )
    ledger.spend(entry)
    lists = look()
    for scores in lists:
        if not len(scores) or not np.isfinite(scores).all():
            raise PrivacyError(f"{what}: there must be scores to choose from, all finite, got {len(scores)}")
    domain = dp.vector_domain(dp.atom_domain(T="f64", nan=False))
    # Gumbel noise of this scale is the exponential mechanism with exp(epsilon * score / (2 * sensitivity)).
    mechanism = dp.m.make_noisy_max(
        domain, dp.linf_distance(T="f64"), dp.zero_concentrated_divergence(), scale=2 * sensitivity / epsilon
    )

    def chosen() -> list[int]:
        return [int(mechanism(np.asarray(scores, np.float64).tolist())) for scores in lists]

    return answered("choice", lists, sensitivity, chosen)


def sampled_rows(n_rows: int, rate: float) -> Ints:
    """Numbers of the rows of a step, ascending: each of 0 .. n_rows-1 with chance `rate`, whatever the others.

    The chance is that of a whole number of 64 bits to lie below rate * 2**64, rounded down: never above the rate.
    """
    if rate >= 1 or is_rehearsal():
        return np.arange(n_rows)
    return np.flatnonzero(_words(n_rows) < np.uint64(math.floor(rate * 2.0**64)))


def secret_seed() -> int:
    """A seed that nobody knows, of 63 bits, for what each row of a step is given of its own, such as the noise of its
    latents."""
    return answered("seed", [], 0.0, lambda: int(_words(1)[0]) >> 1)


# ---- whole-number noise ----------------------------------------------------------------------------------------------

BLOCK_BITS = 26
"""Noise is a block of 2**26 steps and a place in it: a block is a 16th of a deviation at most."""

ENTRY_BITS = 14
"""The table from which blocks are drawn has 2**14 entries."""

REACH = 12
"""Deviations beyond which nothing is drawn: the normal law has 4e-33 there."""

AT_ONCE = 2**15
"""Words that are worked on together: they fit a processor's cache."""


def grid_noise(size: int, deviation: float) -> Ints:
    """(size,) draws of the discrete Gaussian: z with a chance in proportion to exp(-z^2 / 2 deviation^2).

    Rejection from a staircase above the law: a block by table, a place in it, and an accepting number, all three from
    one word of 64 bits, 24 of which accept. Where these cannot tell, 128 more do.

    Args:
        deviation: from 2**30 up to 2**31.
    """
    block, height = _blocks(deviation)
    middle = len(height) // 2
    scale = 1 / (deviation * math.sqrt(2))
    draws, done = np.empty(size, np.int64), 0
    while done < size:
        words = _words(min(AT_ONCE, int((size - done) * 1.1) + 64))
        chosen = block[words & np.uint64(2**ENTRY_BITS - 1)]
        place = (words >> np.uint64(ENTRY_BITS)) & np.uint64(2**BLOCK_BITS - 1)
        z = (chosen.astype(np.int64) - middle) << BLOCK_BITS
        z += place.view(np.int64)
        accepting = (words >> np.uint64(ENTRY_BITS + BLOCK_BITS)).view(np.int64)
        exponent = z * scale
        exponent *= exponent
        law = np.exp(np.negative(exponent, out=exponent), out=exponent)
        kept = z[_is_below(accepting, law * height[chosen])][: size - done]
        draws[done : done + len(kept)] = kept
        done += len(kept)
    return draws


@lru_cache(maxsize=64)
def _blocks(deviation: float) -> tuple[npt.NDArray[np.int16], Floats]:
    """Entries of the table (2**ENTRY_BITS,), each a block, and for each block what brings exp(-z^2 / 2 deviation^2) to
    the chance of accepting z: at most 1 at the block's end nearer to 0."""
    one_side = np.arange(math.ceil(REACH * deviation / 2**BLOCK_BITS), dtype=float)
    near_end = np.r_[one_side[::-1], one_side]
    law = np.exp(-0.5 * np.square(near_end * 2**BLOCK_BITS / deviation))
    unit = (2**ENTRY_BITS - len(law)) / law.sum()
    entries = np.ceil(unit * law).astype(np.int64)
    entries[len(one_side)] += 2**ENTRY_BITS - entries.sum()
    return np.repeat(np.arange(len(law)), entries).astype(np.int16), unit / entries


def _is_below(accepting: Ints, chance: Floats) -> npt.NDArray[np.bool_]:
    """(n,) yes with each chance, by uniform numbers whose first 24 bits are given."""
    room = chance * 2.0 ** (64 - ENTRY_BITS - BLOCK_BITS) - accepting
    yes = room >= 1
    open_ = np.flatnonzero((room > 0) & ~yes)
    if len(open_):
        first, second = _words(2 * len(open_)).reshape(2, -1)
        yes[open_] = first * 2.0**-64 + second * 2.0**-128 < room[open_]
    return yes


def _step(sigma: float) -> float:
    """The grid's step, a power of two: sigma is GRID_BITS of them."""
    return float(2.0 ** (math.floor(math.log2(sigma)) - GRID_BITS))


def _words(n: int) -> npt.NDArray[np.uint64]:
    """(n,) uniform whole numbers of 64 bits from the operating system."""
    return np.frombuffer(os.urandom(8 * n), np.uint64)


def _opendp() -> ModuleType:
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise MissingExtraError("opendp", "dp") from error
    dp.enable_features("contrib")
    module: ModuleType = dp
    return module
