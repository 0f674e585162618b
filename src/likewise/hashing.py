"""Numbers of rows as if drawn by chance: a function of a seed and of the row's number alone decides its fate.

So a row is held out, sampled or left out wherever and with whatever others it is read.

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
AT_ONCE = 2**20
_TOP = np.uint64(48)
"""Bits below those by which hashes are counted first."""


def mixed(seed: int, rows: npt.NDArray[np.integer]) -> Hashes:
    """(n,) 64 bits of each row, evenly spread; no two rows share them (the finaliser of SplitMix64 is a bijection).

    Reference: G. Steele, D. Lea, C. Flood (2014), Fast splittable pseudorandom number generators.

    Example:
        >>> mixed(0, np.arange(2)).tolist() == mixed(0, np.arange(3))[:2].tolist()
        True
    """
    start = int(_finalised(np.array([seed % 2**64], np.uint64))[0])
    with np.errstate(over="ignore"):
        return _finalised((rows.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN) + np.uint64(start))


def _finalised(z: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def limits(seed: int, n: int, counts: Sequence[int]) -> list[int]:
    """For each count the least number that so many of rows 0 .. n-1 hash below, found without holding all of them.

    Args:
        counts: each in 0 .. n.

    Example:
        >>> (limit,) = limits(7, 1000, [100])
        >>> int((mixed(7, np.arange(1000)) < limit).sum())
        100
    """
    held = np.zeros(2**16, np.int64)
    for part in _in_parts(seed, n):
        held += np.bincount((part >> _TOP).astype(np.int64), minlength=len(held))
    upto = np.cumsum(held)
    bins = {int(np.searchsorted(upto, count, side="right")) for count in counts if 0 < count < n}
    within = {b: [] for b in bins}  # type: dict[int, list[Hashes]]
    for part in _in_parts(seed, n) if bins else ():
        top = (part >> _TOP).astype(np.int64)
        for b, found in within.items():
            found.append(part[top == b])
    ordered = {b: np.sort(np.concatenate(found)) for b, found in within.items()}
    result = []
    for count in counts:
        b = int(np.searchsorted(upto, count, side="right"))
        inside = 0 if not 0 < count < n else int(ordered[b][count - (upto[b] - held[b])])
        result.append(0 if count <= 0 else 2**64 if count >= n else inside)
    return result


def _in_parts(seed: int, n: int) -> Iterator[Hashes]:
    for start in range(0, n, AT_ONCE):
        yield mixed(seed, np.arange(start, min(start + AT_ONCE, n)))


def below(hashes: Hashes, limit: int) -> npt.NDArray[np.bool_]:
    """(n,) which hashes lie below a limit, which may be 2**64."""
    return hashes < np.uint64(limit) if limit < 2**64 else np.ones(len(hashes), bool)


@dataclass(frozen=True)
class Split:
    """Some rows of a table, told by what their numbers hash to.

    Args:
        limit: below which the rows are, or from which on where `others` is set.
    """

    seed: int
    limit: int
    others: bool = False

    def keeps(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """(n,) which of the rows of these numbers are among them."""
        found = below(mixed(self.seed, rows), self.limit)
        return ~found if self.others else found
