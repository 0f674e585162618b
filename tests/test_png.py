"""PNG as other programs read it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from likewise.images.png import png, strip


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (4, 3, 3)])
def test_another_reader_finds_the_same_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_a_strip_holds_its_images_with_a_line_between():
    images = np.random.default_rng(0).random((3, 1, 4, 5))
    found = strip(images)
    assert found.shape == (4, 17)
    assert np.array_equal(found[:, 6:11], np.rint(images[1, 0] * 255).astype(np.uint8))
    assert set(found[:, 5]) == {128}
    assert strip(np.ones((2, 3, 4, 4))).shape == (4, 9, 3)
