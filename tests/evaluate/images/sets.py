"""Real digits of 8 x 8 pixels, and bad copies of them."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from likewise.images.sets import ImageSet

_DIGITS = load_digits()
_ORDER = np.random.default_rng(0).permutation(len(_DIGITS.target))
_PARTS = {"train": _ORDER[:900], "holdout": _ORDER[900:1350], "fresh": _ORDER[1350:]}


def digits(part: str) -> ImageSet:
    """900 to train with, 450 held out, 447 fresh ones: no image in two parts."""
    rows = _PARTS[part]
    return ImageSet(_DIGITS.images[rows].astype(np.uint8), _DIGITS.target[rows])


def planted() -> dict[str, ImageSet]:
    """Sets of synthetic images, each with one fault but the first."""
    rng = np.random.default_rng(1)
    train, fresh = digits("train"), digits("fresh")
    x, y = fresh.x, fresh.y
    assert y is not None
    shaken = np.clip(train.x + rng.integers(-2, 3, train.x.shape), 0, 16).astype(np.uint8)
    around = sum(np.roll(x.astype(float), step, axis) for axis in (1, 2) for step in (-1, 1))
    return {
        "fresh": fresh,
        "copies": train,
        "few copies": ImageSet(np.concatenate([x, train.x[:15]]), np.concatenate([y, train.y[:15]])),
        "shaken copies": ImageSet(shaken, train.y),
        "blurred": ImageSet(((x + around) / 5).round().astype(np.uint8), y),
        "noise": ImageSet(rng.integers(0, 17, x.shape).astype(np.uint8), y),
        "one class": fresh[y == 3],
        "wrong labels": ImageSet(x, (y + 1) % 10),
        "half wrong": ImageSet(x, np.where(rng.random(len(y)) < 0.5, (y + 1) % 10, y)),
    }
