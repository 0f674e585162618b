"""Image sets as arrays that can be compared: pixels on one scale, labels as codes over shared levels.

Legend: N images, C channels, H rows and W columns of pixels, K classes of the real training images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import InputError
from likewise.evaluate.neighbours import Vectors
from likewise.images.sets import ImageSet

IntArray = npt.NDArray[np.int64]
MOST_SIDE = 32
IMAGES_AT_ONCE = 4_000


@dataclass(frozen=True)
class Images:
    """One set.

    Args:
        pixels: (N, C, H, W) float32 from 0 to 1.
        labels: (N,) codes 0 .. K-1 of the classes of the real training images, K for any other; None without labels.
    """

    pixels: npt.NDArray[np.float32]
    labels: IntArray | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: npt.NDArray[np.integer]) -> Images:
        return Images(self.pixels[rows], None if self.labels is None else self.labels[rows])

    def sample(self, n: int, rng: np.random.Generator) -> Images:
        """At most n images, drawn without replacement; the set itself when it is no larger."""
        return self if len(self) <= n else self.take(rng.permutation(len(self))[:n])

    @property
    def vectors(self) -> Vectors:
        """(N, C * H * W): the pixels in a row, so that the distance of two images is that of their pixels."""
        return self.pixels.reshape(len(self), -1)

    @property
    def hashes(self) -> npt.NDArray[np.uint64]:
        """(N,) a number for each image; images equal at 8 bits a pixel have equal ones, others hardly ever."""
        # A random linear form modulo 2^64: fixed odd factors, so that it is the same for every set.
        width = self.vectors.shape[1]
        factors = np.random.default_rng(width).integers(0, 2**63, width, dtype=np.uint64) * 2 + 1
        parts = np.array_split(self.vectors, -(-len(self) // IMAGES_AT_ONCE))
        return np.concatenate([np.rint(part * 255.0).astype(np.uint64) @ factors for part in parts])


def on_one_scale(sets: dict[str, ImageSet]) -> tuple[dict[str, Images], tuple[str, ...]]:
    """The sets as arrays, and the classes of the real one, in order.

    Args:
        sets: "real" first. Their pixels must be of one size and scale.

    Raises:
        InputError: the sizes or the scales differ, or some sets have labels of another type.
    """
    real = sets["real"]
    for role, images in sets.items():
        if images.shape != real.shape:
            raise InputError(f"the {role} images are {size_text(images)}, the real ones {size_text(real)}; resize them")
    ends = max((s.range for role, s in sets.items() if role != "synthetic"), key=lambda r: r[1] - r[0])
    for role, images in sets.items():
        if not _fits(images, ends):
            raise InputError(
                f"the {role} pixels are {images.x.dtype} on the scale {_scale(images.range)}, the real ones "
                f"{real.x.dtype} on {_scale(ends)}; store both alike"
            )
    levels, codes = _label_codes(sets)
    return {role: Images(s.scaled(ends), codes.get(role)) for role, s in sets.items()}, levels


def _fits(images: ImageSet, ends: tuple[float, float]) -> bool:
    """Whether the pixels can be on this scale: the same one, or whole numbers that happen to stay low."""
    low, high = images.range
    if (low, high) == ends:
        return True
    return ends[0] <= low and high <= ends[1] and (images.x.dtype.kind != "f" or ends[1] <= 1.0)


def _scale(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def size_text(images: ImageSet) -> str:
    """Height, width and colours, such as "28 × 28" or "32 × 32 × 3"."""
    channels, height, width = images.shape
    return f"{height} × {width}" + f" × {channels}" * (channels > 1)


def _label_codes(sets: dict[str, ImageSet]) -> tuple[tuple[str, ...], dict[str, IntArray]]:
    real = sets["real"].y
    if real is None:
        return (), {}
    plain = {role: _plain(s.y, real) for role, s in sets.items() if s.y is not None}
    levels = np.unique(plain["real"])
    codes = {}
    for role, labels in plain.items():
        place = np.searchsorted(levels, labels).clip(max=len(levels) - 1)
        codes[role] = np.where(levels[place] == labels, place, len(levels)).astype(np.int64)
    return tuple(str(level) for level in levels.tolist()), codes


def _plain(labels: npt.NDArray[Any], real: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Labels as whole numbers where the real ones are such, else as text."""
    if real.dtype.kind in "UO":
        return labels.astype(np.str_)
    try:
        return labels.astype(np.int64)
    except ValueError:
        raise InputError("the real labels are numbers, others are text; give both alike") from None


def small(images: Images) -> Images:
    """Images of at most 32 pixels a side: means over squares. What is judged by nets and distances."""
    n, channels, height, width = images.pixels.shape
    step = -(-max(height, width) // MOST_SIDE)
    if step == 1:
        return images
    padded = np.pad(images.pixels, ((0, 0), (0, 0), (0, -height % step), (0, -width % step)), mode="edge")
    squares = padded.reshape(n, channels, padded.shape[2] // step, step, padded.shape[3] // step, step)
    return Images(squares.mean((3, 5)), images.labels)
