"""A small convolutional net that learns what an image shows, and the features it sees by.

No weights are fetched from anywhere: the net learns from the images at hand, in seconds. Where they have labels it
learns these; where they have none it learns which way an image was turned (Gidaris et al., "Unsupervised representation
learning by predicting image rotations", ICLR 2018). NOTE[DIFF]: turns are those that keep a rectangle's shape (none,
left for right, upside down, both), so that one rule serves images that are not square.

Legend: B batch, C channels, H rows and W columns of pixels, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from likewise.evaluate.images.arrays import Images, IntArray
from likewise.training.loop import Descent, Schedule, by_autograd, one_thread, train

FloatArray = npt.NDArray[np.float64]
N_FEATURES = 64
IMAGES_SEEN = 32_000
LEAST_EPOCHS, MOST_EPOCHS = 4, 40
TURNS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
"""Axes of (B, C, H, W) to reverse."""


class Eye(nn.Module):
    """Two layers of 3 x 3 filters with batch norm, each halved by the greatest, then D features and K scores.

    Shape:
        Input (B, C, H, W), any H and W; output (B, K).
    """

    def __init__(self, shape: tuple[int, int, int], n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        channels, height, width = shape
        area = -(-height // 4) * -(-width // 4)
        self.first = nn.Conv2d(channels, 8, 3, padding=1, device="meta")
        self.first_norm = nn.BatchNorm2d(8, device="meta")
        self.second = nn.Conv2d(8, 32, 3, padding=1, device="meta")
        self.second_norm = nn.BatchNorm2d(32, device="meta")
        self.to_features = nn.Linear(32 * area, N_FEATURES, device="meta")
        self.to_scores = nn.Linear(N_FEATURES, n_classes, device="meta")
        self.to_empty(device="cpu")  # so that no weight is drawn from the state that all programs share
        for norm in (self.first_norm, self.second_norm):
            norm.reset_parameters()
        for weight in (self.first.weight, self.second.weight, self.to_features.weight, self.to_scores.weight):
            nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
        for bias in (self.first.bias, self.second.bias, self.to_features.bias, self.to_scores.bias):
            if bias is not None:
                nn.init.zeros_(bias)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (B, D)."""
        for filters, norm in ((self.first, self.first_norm), (self.second, self.second_norm)):
            x = functional.max_pool2d(functional.relu(norm(filters(x))), 2, ceil_mode=True)
        return functional.relu(self.to_features(x.flatten(1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.to_scores(self.features(x))
        return scores


class Judge:
    """A trained net with the scale of the images it learnt from."""

    def __init__(self, eye: Eye, mean: float, deviation: float) -> None:
        self._eye, self._mean, self._deviation = eye, mean, deviation

    def guesses(self, images: Images) -> IntArray:
        """(N,) the class it takes each image for."""
        return np.asarray(self._each(self._eye, images).argmax(1))

    def features(self, images: Images) -> FloatArray:
        """(N, D) what it sees of each image."""
        return self._each(self._eye.features, images).astype(np.float64)

    def _each(self, of: Callable[[torch.Tensor], torch.Tensor], images: Images) -> npt.NDArray[np.float32]:
        with torch.no_grad(), one_thread():
            parts = [of(_scaled(images.pixels[i : i + 1000], self._mean, self._deviation)).numpy()
                     for i in range(0, len(images), 1000)]  # fmt: skip
        return np.concatenate(parts)


def learn_labels(images: Images, n_classes: int, rng: np.random.Generator) -> Judge:
    """A judge that tells classes 0 .. K-1 apart. The images must have labels; those of other classes are left out."""
    assert images.labels is not None
    known = images.take(np.flatnonzero(images.labels < n_classes))
    assert known.labels is not None
    return _learn(known.pixels, known.labels, n_classes, rng)


def learn_turns(images: Images, rng: np.random.Generator) -> Judge:
    """A judge that tells which way an image was turned: features without labels."""
    turns = rng.integers(0, len(TURNS), len(images))
    turned = images.pixels.copy()
    for code, axes in enumerate(TURNS):
        rows = np.flatnonzero(turns == code)
        turned[rows] = np.flip(images.pixels[rows], axes)
    return _learn(turned, turns, len(TURNS), rng)


def _learn(pixels: npt.NDArray[np.float32], labels: IntArray, n_classes: int, rng: np.random.Generator) -> Judge:
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    mean, deviation = float(pixels.mean(dtype=np.float64)), float(pixels.std(dtype=np.float64)) or 1.0
    n = len(pixels)
    schedule = Schedule(
        epochs=int(np.clip(IMAGES_SEEN // n, LEAST_EPOCHS, MOST_EPOCHS)), batch_size=64, learning_rate=5e-3, warmup=0.2
    )
    with one_thread():
        eye = Eye(pixels.shape[1:], n_classes, generator)
        x, y = _scaled(pixels, mean, deviation), torch.from_numpy(labels)
        descent = Descent(
            eye, by_autograd(lambda rows: functional.cross_entropy(eye(x[rows]), y[rows], reduction="none")), schedule
        )
        train(eye, descent, n, schedule, generator=generator)
        eye.eval()
    return Judge(eye, mean, deviation)


def _scaled(pixels: npt.NDArray[np.float32], mean: float, deviation: float) -> torch.Tensor:
    return torch.from_numpy((pixels - np.float32(mean)) / np.float32(deviation))
