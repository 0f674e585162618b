"""What a private step of training needs of chance: rows taken each with the same chance, and Gaussian noise.

All of it is drawn from the operating system's randomness and never from a seed of the caller's: a promise about a row
holds against whoever knows the seed. Noise is of 32 bits, like the weights; counts get exact noise instead
(`likewise.dp.mechanisms`).
"""

from __future__ import annotations

import secrets

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Chance:
    """The randomness of one training: a counter-based generator (Salmon et al. 2011) under a key of its own."""

    def __init__(self) -> None:
        self._rng = np.random.Generator(np.random.Philox(key=secrets.randbits(128)))

    def rows(self, n_rows: int, rate: float) -> Ints:
        """Numbers of the rows of a step, ascending: each of 0 .. n_rows-1 with chance `rate`, whatever the others."""
        return np.flatnonzero(self._rng.random(n_rows) < rate)

    def seed(self) -> int:
        """A seed for what each row of a step is given of its own, such as the noise of its latents."""
        return int(self._rng.integers(2**62))

    def noise(self, size: int, deviation: float) -> Floats:
        """(size,) normal draws."""
        return self._rng.standard_normal(size, dtype=np.float32) * np.float32(deviation)


def noisy_sum(total: Floats, sensitivity: float, multiplier: float, chance: Chance) -> Floats:
    """The Gaussian mechanism on a sum of clipped gradients: the one way by which rows reach the weights.

    Args:
        total: (P,) the sum; one row moves it by at most `sensitivity` in L2.
        multiplier: deviation of the noise over the sensitivity.

    Privacy: what the ledger wrote for this step before training began.
    """
    return total + chance.noise(len(total), multiplier * sensitivity)
