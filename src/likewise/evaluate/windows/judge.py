"""Nets that judge windows: one tells synthetic from real ones, one predicts the next step (Yoon et al. 2019).

Legend: N windows, T steps, C channels, B batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.training.loop import one_thread

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = npt.NDArray[np.float32]

BATCH = 128
PASSES, FEWEST, MOST = 60, 200, 1000
"""Over the windows, and steps of training at least and at most."""

TEST_SHARE = 0.2
RATE = 1e-3


class _Recurrent:
    """Layers of gated recurrent units under one linear layer."""

    def __init__(self, n_in: int, n_out: int, hidden: int, layers: int, rng: np.random.Generator) -> None:
        import torch
        from torch import nn

        self.body, self.head = nn.GRU(n_in, hidden, layers, batch_first=True), nn.Linear(hidden, n_out)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        with torch.no_grad():
            for weight in self.parameters:
                weight.uniform_(-(hidden**-0.5), hidden**-0.5, generator=generator)

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [*self.body.parameters(), *self.head.parameters()]

    def each_step(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, C) -> (B, T, n_out)."""
        out: torch.Tensor = self.head(self.body(x)[0])
        return out

    def at_the_end(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (B, T, C) -> (B, n_out)."""
        out: torch.Tensor = self.head(self.body(x)[0][:, -1])
        return out


def _trained(net: _Recurrent, loss: Callable[[], torch.Tensor], steps: int) -> None:
    import torch

    optimiser = torch.optim.Adam(net.parameters, RATE)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(loss())
        optimiser.step()


def _steps(n: int, asked: int | None) -> int:
    return asked or min(MOST, max(FEWEST, PASSES * n // BATCH))


@one_thread()
def accuracy(
    real: Floats, fake: Floats, rng: np.random.Generator, *, hidden: int = 24, layers: int = 2, steps: int | None = None
) -> tuple[float, int]:
    """How often a net tells which of two sets a window is from, and of how many windows that is.

    Four fifths of each set are learnt, one is told; as many of both.

    Args:
        real, fake: (N, T, C).
        hidden, layers, steps: of the net, and of its training by batches of 128 and 128; None takes 60 passes or so.
    """
    import torch
    from torch.nn import functional as F

    n = min(len(real), len(fake))
    sets = [torch.from_numpy(x[rng.permutation(len(x))[:n]]) for x in (real, fake)]
    cut = n - max(1, round(TEST_SHARE * n))
    net = _Recurrent(real.shape[2], 1, hidden, layers, rng)

    def loss() -> torch.Tensor:
        rows = [torch.from_numpy(rng.integers(cut, size=min(BATCH, cut))) for _ in sets]
        told = [net.at_the_end(x[at])[:, 0] for x, at in zip(sets, rows, strict=True)]
        return F.softplus(-told[0]).mean() + F.softplus(told[1]).mean()

    _trained(net, loss, _steps(cut, steps))
    with torch.no_grad():
        told = [net.at_the_end(x[cut:])[:, 0] > 0 for x in sets]
    right = int(told[0].sum() + (~told[1]).sum())
    return right / (2 * (n - cut)), 2 * (n - cut)


@one_thread()
def prediction_error(
    learnt: Floats, fresh: Floats, rng: np.random.Generator, *, target: int | None = None, hidden: int = 24,
    layers: int = 2, steps: int | None = None,
) -> float:  # fmt: skip
    """Mean absolute error of the next step of fresh windows, by a net that learnt from others.

    Args:
        learnt, fresh: (N, T, C).
        target: predict this channel from the others (from itself where there is one); None predicts all from all.
    """
    import torch

    n_channels = learnt.shape[2]
    told = [c for c in range(n_channels) if c != target] or [0]
    asked = list(range(n_channels)) if target is None else [target]
    net = _Recurrent(len(told), len(asked), hidden, layers, rng)
    x, y = (torch.from_numpy(learnt[..., part]) for part in (told, asked))

    def loss() -> torch.Tensor:
        at = torch.from_numpy(rng.integers(len(x), size=min(BATCH, len(x))))
        return (net.each_step(x[at][:, :-1]) - y[at][:, 1:]).abs().mean()

    _trained(net, loss, _steps(len(x), steps))
    x, y = (torch.from_numpy(fresh[..., part]) for part in (told, asked))
    with torch.no_grad():
        return float((net.each_step(x[:, :-1]) - y[:, 1:]).abs().mean())
