"""Draws of a generator fed with noise: free, under conditions, and given known codes by the noise that suits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.models.drawing.conditioning import BLOCK_ROWS, OWN_CANDIDATES, Budget, rejection, resample
from likewise.models.gradient.inputs import net_weights
from likewise.models.gradient.labels import Labels
from likewise.nets.allowed import Allowed

if TYPE_CHECKING:
    import torch


Ints = npt.NDArray[np.int64]

CELLS = 20_000_000
"""Logits made at once, at most."""

CALIBRATION_ROWS = 16_384


class NoiseNet(Protocol):
    """A net that makes rows of noise. Its fields are those of `columns`, the caller's numbers in its own order."""

    columns: list[int]
    sizes: list[int]
    n_latent: int

    def draw(
        self,
        z: torch.Tensor,
        known: torch.Tensor,
        uniforms: torch.Tensor,
        weights: Mapping[int, Allowed[torch.Tensor]],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `nets.generator.TableGenerator.draw`."""

    def count(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Rows of each code, as `move_shares` takes them."""

    def move_shares(self, wanted: list[torch.Tensor], given: list[torch.Tensor]) -> None:
        """Move the biases by the log ratio of counted to expected rows of each code."""


class NoiseDrawing:
    """Draws rows of one model under the same conditions.

    Args:
        net: the generator.
        labels: the law of what it is told.
    """

    def __init__(self, net: NoiseNet, labels: Labels, alphabet: Alphabet, given: Given) -> None:
        self.net, self.labels, self.given = net, labels, given
        self.weights = net_weights(net, alphabet, given)
        asked = set(given.weights) - set(labels.fields) if given.joint else set()
        self.conditioned = {i for i, column in enumerate(net.columns) if column in asked}
        self.most_rows = max(1, min(BLOCK_ROWS // 4, CELLS // max(sum(net.sizes), 1)))

    def block(self, rows: slice, rng: np.random.Generator, budget: Budget) -> Ints:
        """(n, D) codes, in the caller's order."""
        n = rows.stop - rows.start
        if self.given.codes is not None:
            return self._completed(self.given.codes[rows], rng)
        if self.conditioned:
            return rejection(n, partial(self.candidates, rng=rng), rng, budget)
        return self.candidates(n, rng)[0]

    def candidates(self, n: int, rng: np.random.Generator) -> tuple[Ints, npt.NDArray[np.float64]]:
        """(n, D) rows in the caller's order, and (n,) the log mass that the conditions left each."""
        known = self.labels.draw(n, rng, replace(self.given, codes=None))
        codes, log_mass = np.empty_like(known), np.empty(n)
        for start in range(0, n, self.most_rows):
            rows = slice(start, start + self.most_rows)
            codes[rows], log_mass[rows] = self._drawn(known[rows], self._noise(len(known[rows]), rng), rng)
        return codes, log_mass

    def _noise(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        return rng.standard_normal((n, self.net.n_latent), dtype=np.float32)

    def _drawn(
        self, known: Ints, z: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[Ints, npt.NDArray[np.float64]]:
        """Rows that this noise makes, and the log mass of their conditions."""
        import torch

        told = torch.from_numpy(known[:, self.net.columns])
        uniforms = torch.from_numpy(rng.random(told.shape, dtype=np.float32))
        x, log_mass = self.net.draw(torch.from_numpy(z), told, uniforms, self.weights)
        codes = np.empty(known.shape, np.int64)
        codes[:, self.net.columns] = x.numpy()
        return codes, log_mass.double().numpy()

    def _completed(self, known: Ints, rng: np.random.Generator) -> Ints:
        """(n, D) rows of which some codes are known.

        Each row has candidates, one of which is kept as often as it makes the known codes likely.
        """
        size = max(1, self.most_rows // OWN_CANDIDATES)
        parts = []
        for start in range(0, len(known), size):
            part = known[start : start + size]
            told = self.labels.draw(len(part), rng, replace(self.given, codes=part), OWN_CANDIDATES)
            codes, log_mass = self._drawn(told, self._noise(len(told), rng), rng)
            parts.append(codes[resample(log_mass, len(part), rng, pooled=False)])
        return np.concatenate(parts) if parts else known


def calibrate(
    net: NoiseNet,
    labels: Labels,
    alphabet: Alphabet,
    counts: list[torch.Tensor],
    n_rows: float,
    rounds: int,
    rng: np.random.Generator,
) -> None:
    """Move the generator's biases until what it draws has the share of each code that was counted.

    Args:
        counts: of the training rows, as the net's `count` gives them, or as noise leaves them.
        n_rows: what they are of.
    """
    import torch

    if not rounds or not n_rows:
        return
    drawing = NoiseDrawing(net, labels, alphabet, Given())
    n = max(min(CALIBRATION_ROWS, CELLS // max(sum(net.sizes), 1)), 1024)
    with torch.inference_mode():
        for _ in range(rounds):
            drawn = net.count(torch.from_numpy(drawing.candidates(n, rng)[0][:, net.columns]))
            net.move_shares([count * (n / n_rows) for count in counts], drawn)


def counted(net: NoiseNet, codes: Codes) -> list[torch.Tensor]:
    """Rows of each code, as the net counts them."""
    import torch

    return net.count(torch.from_numpy(codes.codes[:, net.columns].astype(np.int64)))
