"""Make docs/images.png, drawn digits and ways through the latent space: `python scripts/make_image_picture.py`.

It learns scikit-learn's digits (1,797 of 8 x 8 pixels) and needs Pillow (extra `images`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits

import likewise as lw

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images.png"
STEPS = 12
WAYS = ((0, 6), (1, 7), (3, 8), (4, 9))
"""Digits at the two ends of each way."""

ZOOM = 5
GAP = 4


def main() -> None:
    x, y = load_digits(return_X_y=True)
    images = {"x": x.reshape(-1, 8, 8), "y": y}
    synth = lw.Synthesizer("vae", random_state=0).fit(images)
    drawn = [synth.sample(STEPS, where={"y": digit}, random_state=digit)["x"] for digit in (2, 5, 7)]
    # Without labels, which would jump half-way: a latent alone goes from one digit to another.
    blind = lw.Synthesizer("vae", random_state=0).fit(images["x"])
    start, end = np.array([first_of(y, *way) for way in WAYS]).T
    ways = blind.interpolate(images["x"][start], images["x"][end], STEPS).reshape(len(WAYS), STEPS, 8, 8)
    space = np.full((GAP, STEPS * (8 + 1) * ZOOM), 255, np.uint8)
    rows = [strip(row) for row in drawn] + [space] + [strip(row) for row in ways]
    Image.fromarray(np.concatenate(rows)).save(TARGET, optimize=True)
    print(TARGET.name)


def first_of(y: npt.NDArray[Any], a: int, b: int) -> tuple[int, int]:
    """Numbers of the first images of two digits."""
    return int(np.flatnonzero(y == a)[0]), int(np.flatnonzero(y == b)[0])


def strip(row: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Images side by side, dark on white, enlarged. Shape: (n, 8, 8) -> (H, W)."""
    ink = 255 - (row * (255 / 16)).round().astype(np.uint8)
    framed = np.pad(ink, ((0, 0), (0, 1), (0, 1)), constant_values=225)
    return np.concatenate(list(framed), 1).repeat(ZOOM, 0).repeat(ZOOM, 1)


if __name__ == "__main__":
    main()
