"""Generative adversarial imputation nets, as a baseline: trees are better nearly everywhere, and so it is measured.

Legend: n rows, C columns, W width of a row (a column a number, K columns K levels), B rows of a batch, h holes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from likewise.codecs.matrix import TableMatrix
from likewise.impute.laws import Holes
from likewise.nets import require_torch
from likewise.typing import Floats

if TYPE_CHECKING:
    import torch


HINT = 0.9
"""Share of the mask that the discriminator is told."""
MATCH = 100.0
"""Weight of getting the known cells right (alpha of the paper)."""
NOISE = 0.01
N_SPREAD = 20


@dataclass(kw_only=True)
class Gain:
    """GAIN (Yoon, Jordon and van der Schaar 2018): a generator fills the holes, a discriminator tells filled cells from
    known ones, with a hint of the mask.

    NOTE[DIFF]: levels are one-hot and the largest output is taken; the hint is the mask times a coin, as in the
    authors' code, not 0.5 where nothing is told. Its draws differ by noise alone and say next to nothing of how
    uncertain a cell is; do not take intervals from it.

    Args:
        n_steps: of training (the paper takes 10,000).
        batch_size: rows a step.
        learning_rate: Adam's.
        progress: called once a step, with steps done and planned.
    """

    n_steps: int = 3_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    progress: Callable[[int, int], None] | None = None

    def fit(self, x: Floats, grid: TableMatrix, rng: np.random.Generator) -> Self:
        require_torch()
        import torch

        self._grid = grid
        known = [column[~np.isnan(column)] for column in x.T]
        self._low = np.array([0.0 if g.is_code else v.min() for g, v in zip(grid.columns, known, strict=True)])
        self._range = np.array(
            [1.0 if g.is_code else np.ptp(v) or 1.0 for g, v in zip(grid.columns, known, strict=True)]
        )
        rows, mask = self._encoded(x)
        draws = torch.Generator().manual_seed(int(rng.integers(2**62)))
        width = rows.shape[1]
        self._generator = _dense(width, draws)
        discriminator = _dense(width, draws)
        steps = [torch.optim.Adam(net, lr=self.learning_rate) for net in (discriminator, self._generator)]
        for step in range(self.n_steps):
            batch = torch.randint(len(rows), (min(self.batch_size, len(rows)),), generator=draws)
            m = mask[batch]
            noise = NOISE * torch.rand(m.shape, generator=draws)
            seen = torch.where(m > 0, rows[batch], noise)
            hint = m * (torch.rand(m.shape, generator=draws) < HINT)
            made = _through(self._generator, seen, m)
            filled = torch.where(m > 0, rows[batch], made)
            _step(steps[0], _d_loss(_through(discriminator, filled.detach(), hint), m))
            told = _through(discriminator, filled, hint)
            wrong = (m * (rows[batch] - made).square()).sum() / m.sum().clamp(min=1)
            _step(steps[1], -((1 - m) * told.clamp(min=1e-8).log()).mean() + MATCH * wrong)
            if self.progress is not None:
                self.progress(step + 1, self.n_steps)
        return self

    def _encoded(self, x: Floats) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows in [0, 1] and the mask, 1 where a cell is known. Shape: (n, C) -> 2 x (n, W)."""
        import torch

        parts, masks = [], []
        for j, g in enumerate(self._grid.columns):
            known = ~np.isnan(x[:, j])
            if g.is_code:
                part = (x[:, j, None] == np.arange(g.n_levels)).astype(np.float64)
            else:
                part = ((np.where(known, x[:, j], self._low[j]) - self._low[j]) / self._range[j])[:, None]
            parts.append(part)
            masks.append(np.repeat(known[:, None], part.shape[1], axis=1))
        rows, mask = np.concatenate(parts, 1).clip(-1, 2), np.concatenate(masks, 1)
        return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(mask.astype(np.float32))

    def draws(self, x: Floats, m: int, rng: np.random.Generator) -> Holes:
        rows, mask = self._encoded(x[np.isnan(x).any(1)])
        made = [self._made(rows, mask, rng.random(rows.shape)) for _ in range(m)]
        return self._of_holes(x, np.stack(made, 1))

    def spread(self, x: Floats, rng: np.random.Generator) -> Holes:
        """Each row goes through the net alone and with the same noise: what comes with it does not matter."""
        rows, mask = self._encoded(x[np.isnan(x).any(1)])
        noise = rng.random((N_SPREAD, rows.shape[1]))
        made = [
            self._made(r.expand(noise.shape), k.expand(noise.shape), noise) for r, k in zip(rows, mask, strict=True)
        ]
        return self._of_holes(x, np.stack(made) if made else np.empty((0, *noise.shape)))

    def _made(self, rows: torch.Tensor, mask: torch.Tensor, noise: Floats) -> Floats:
        import torch

        seen = torch.where(mask > 0, rows, torch.from_numpy((NOISE * noise).astype(np.float32)))
        with torch.inference_mode():
            return _through(self._generator, seen, mask).double().numpy()

    def _of_holes(self, x: Floats, made: Floats) -> Holes:
        """(h, m) values of each column's holes, from what the net gives for the rows with holes: (rows, m, W)."""
        holes = np.isnan(x)
        full = self._decoded(made.reshape(-1, made.shape[-1])).reshape(*made.shape[:2], x.shape[1])
        return {int(j): full[holes[holes.any(1), j], :, j] for j in np.flatnonzero(holes.any(0))}

    def _decoded(self, rows: Floats) -> Floats:
        """(n, C) numbers and codes of (n, W) outputs."""
        columns, at = [], 0
        for j, g in enumerate(self._grid.columns):
            width = max(g.n_levels, 1)
            part = rows[:, at : at + width]
            columns.append(part.argmax(1) if g.is_code else part[:, 0] * self._range[j] + self._low[j])
            at += width
        return np.column_stack(columns).astype(np.float64)


def _dense(width: int, draws: torch.Generator) -> list[torch.Tensor]:
    """Weights and biases of three layers of `width`, the first of which reads row and mask."""
    import torch

    layers: list[torch.Tensor] = []
    for n_in in (2 * width, width, width):
        scale = 1 / math.sqrt(n_in / 2)
        layers += [torch.randn(n_in, width, generator=draws) * scale, torch.zeros(width)]
    return [layer.requires_grad_() for layer in layers]


def _through(layers: list[torch.Tensor], a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Shape: 2 x (B, W) -> (B, W) in (0, 1)."""
    import torch

    h = torch.cat([a, b], 1)
    h = (h @ layers[0] + layers[1]).relu()
    h = (h @ layers[2] + layers[3]).relu()
    return (h @ layers[4] + layers[5]).sigmoid()


def _d_loss(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.nn.functional.binary_cross_entropy(told.clamp(1e-7, 1 - 1e-7), mask)


def _step(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
