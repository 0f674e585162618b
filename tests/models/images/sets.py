"""Small sets of images that every image model must learn: what is odd about each is its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from likewise.codecs.base import Alphabet, Codes
from likewise.codecs.image import ImageCodec
from likewise.images.sets import ImageSet

SHAPES: dict[str, tuple[int, ...]] = {
    "grey": (8, 8),
    "no_labels": (8, 8),
    "colour": (3, 8, 8),
    "odd_sides": (13, 9),
    "one_pixel_high": (1, 6),
    "large": (1, 36, 20),
}


@dataclass(frozen=True)
class CodedImages:
    """A training part and a held-out part, as codes."""

    train: Codes
    holdout: Codes
    alphabet: Alphabet


def bars(n: int, shape: tuple[int, ...], seed: int = 0) -> ImageSet:
    """Noisy images of three classes: bright above, bright below, and neither."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    x = rng.random((n, *shape)) * 0.3
    half = max(shape[-2] // 2, 1)
    x[y == 0, ..., :half, :] += 0.7
    x[y == 1, ..., half:, :] += 0.7
    return ImageSet(x.astype(np.float32), y)


@cache
def coded_images(name: str) -> CodedImages:
    images = bars(60, SHAPES[name])
    if name == "no_labels":
        images = ImageSet(images.x)
    codec = ImageCodec.fit(images)
    codes = codec.encode(images)
    return CodedImages(codes[:48], codes[48:], codec.alphabet)
