"""Images to look at: a strip a class. Synthetic ones always; real ones only where the caller asked for them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Literal

import numpy as np

from likewise.evaluate.images.arrays import Images
from likewise.evaluate.results import ImageGrid
from likewise.images.png import png, strip

PER_STRIP = 10
MOST_STRIPS = 20
STRIPS_WITHOUT_LABELS = 6


def grid_by_class(
    images: Images, levels: Sequence[str], shows: Literal["synthetic", "real"], rng: np.random.Generator
) -> ImageGrid:
    """Ten images of each class drawn by chance, of 20 classes at most; without labels six strips of any."""
    order = rng.permutation(len(images))
    if images.labels is None:
        rows = [order[i : i + PER_STRIP] for i in range(0, STRIPS_WITHOUT_LABELS * PER_STRIP, PER_STRIP)]
        shown = [("", r) for r in rows if len(r)]
    else:
        found = [(level, order[images.labels[order] == code][:PER_STRIP]) for code, level in enumerate(levels)]
        shown = [(level, r) for level, r in found if len(r)][:MOST_STRIPS]
    return _grid(shows, [(label, images.take(rows)) for label, rows in shown], images)


def grid_of_pairs(synthetic: Images, real: Images) -> ImageGrid:
    """The images of two sets in pairs, one set above the other."""
    return _grid("closest", [("synthetic", synthetic), ("real", real)], synthetic)


def _grid(shows: Literal["synthetic", "real", "closest"], parts: list[tuple[str, Images]], images: Images) -> ImageGrid:
    height, width = images.pixels.shape[2:]
    return ImageGrid(
        shows=shows,
        labels=tuple(label for label, _ in parts),
        strips=tuple(base64.b64encode(png(strip(part.pixels))).decode() for _, part in parts),
        size=(height, width),
        count=PER_STRIP,
    )
