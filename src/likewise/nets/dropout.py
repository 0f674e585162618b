"""Dropout whose randomness is an argument and costs a multiplication: masks are read from a pool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


class DropoutPool:
    """Scaled keep-or-drop factors for the steps of one epoch.

    Drawing a fresh Bernoulli factor for each unit costs as much as the layer it follows. The pool is drawn once an
    epoch, a few times as large as one mask, and each mask is read from a random place in it.

    Args:
        rate: share of units dropped, in [0, 1).
        dtype: type of the factors.
    """

    def __init__(self, rate: float, dtype: torch.dtype) -> None:
        self.rate, self.dtype = rate, dtype
        self._pool = torch.empty(0, dtype=dtype)
        self._generator: torch.Generator | None = None

    def refill(self, generator: torch.Generator) -> None:
        """Forget the pool; the next masks come from this generator."""
        self._generator = generator
        self._pool = torch.empty(0, dtype=self.dtype)

    def forget(self, dtype: torch.dtype) -> None:
        """Forget pool and generator: nothing is dropped until the next `refill`."""
        self.dtype, self._pool, self._generator = dtype, torch.empty(0, dtype=dtype), None

    def mask(self, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor | None:
        """The next factors, in this shape; None where nothing is dropped."""
        if self.rate == 0.0 or self._generator is None:
            return None
        n = math.prod(shape)
        if len(self._pool) < 3 * n:
            keep = torch.rand(4 * n, generator=self._generator) >= self.rate
            self._pool = keep.to(device, self.dtype) / (1 - self.rate)
        start = int(torch.randint(len(self._pool) - n + 1, (1,), generator=self._generator))
        return self._pool[start : start + n].view(tuple(shape))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """x with units dropped and the others scaled up. Shape: any, kept."""
        mask = self.mask(x.shape, x.device)
        return x if mask is None else x * mask
