"""The door for images: what is read is what was written, and what cannot be used is refused by name and count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likewise.errors import InputError, OutputError
from likewise.images.sets import ImageSet, as_images, holds_images, read_images, write_images

GREY = np.random.default_rng(0).integers(0, 256, (12, 7, 9), dtype=np.uint8)
COLOUR = np.random.default_rng(0).random((6, 3, 5, 4)).astype(np.float32)
LABELS = np.arange(12) % 3


@pytest.mark.parametrize("y", [None, LABELS, LABELS.astype(str), LABELS == 1, LABELS.astype(np.uint8)])
def test_npz_keeps_every_pixel_and_label(tmp_path: Path, y: Any) -> None:
    write_images(ImageSet(GREY, y), tmp_path / "a.npz")
    back = read_images(tmp_path / "a.npz")
    assert back.x.dtype == GREY.dtype
    assert np.array_equal(back.x, GREY)
    assert (back.y is None) == (y is None)
    assert y is None or (np.array_equal(back.y, y) and back.y.dtype == y.dtype)


def test_labels_that_are_objects_are_written_as_strings(tmp_path: Path) -> None:
    write_images(ImageSet(GREY, LABELS.astype(str).astype(object)), tmp_path / "a.npz")
    assert read_images(tmp_path / "a.npz").y.tolist() == [str(label) for label in LABELS]


@pytest.mark.parametrize("y", [None, LABELS, np.array(["cat", "dog", "eel"])[LABELS]])
def test_folders_keep_grey_images_and_sort_them_by_label(tmp_path: Path, y: Any) -> None:
    write_images(ImageSet(GREY, y), tmp_path / "pictures")
    back = read_images(tmp_path / "pictures")
    order = np.arange(12) if y is None else np.argsort(y, kind="stable")
    assert np.array_equal(back.x, GREY[order])
    assert y is None or back.y.tolist() == y[order].tolist()


def test_folders_keep_colours_to_eight_bits(tmp_path: Path) -> None:
    write_images(ImageSet(COLOUR), tmp_path / "pictures")
    back = read_images(tmp_path / "pictures")
    assert back.x.shape == COLOUR.shape
    assert np.abs(back.pixels - COLOUR).max() <= 0.5 / 255 + 1e-6


def test_one_coloured_picture_makes_all_of_them_coloured(tmp_path: Path) -> None:
    Image.fromarray(GREY[0]).save(tmp_path / "a.png")
    Image.fromarray(np.stack([GREY[1]] * 3, -1)).save(tmp_path / "b.png")
    assert read_images(tmp_path).x.shape == (2, 3, 7, 9)


@pytest.mark.parametrize(
    ("x", "ends"),
    [
        (GREY, (0, 255)),
        (GREY // 16, (0, 16)),
        ((GREY // 16).astype(np.float64), (0, 16)),
        (GREY > 9, (0, 1)),
        (COLOUR, (0, 1)),
        (COLOUR * 2 - 1, (-1, 1)),
        (GREY.astype(np.float32), (0, 255)),
    ],
)
def test_the_range_is_that_of_the_kind_of_pixels(x: Any, ends: tuple[float, float]) -> None:
    images = ImageSet(x)
    assert images.range == ends
    assert images.pixels.min() >= 0
    assert images.pixels.max() <= 1
    assert images.pixels.shape == (len(x), *images.shape)


HOLE = COLOUR.copy()
HOLE[0, 0, 0, 0], HOLE[1, 0, 0, 0] = np.nan, np.inf


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (GREY[:0], None, "0 images"),
        (HOLE, None, "2 pixels are NaN or infinite"),
        (COLOUR * 3, None, "rescale"),
        (COLOUR - 5, None, "rescale"),
        (GREY.astype(np.int64) * 2, None, "rescale"),
        (GREY[0], None, "2 dimensions"),
        (COLOUR.transpose(0, 2, 3, 1), None, "transpose"),
        (GREY.astype(str), None, "array of numbers"),
        (GREY, LABELS[:5], "one for each of 12"),
        (GREY, np.where(LABELS == 1, np.nan, LABELS), "none missing"),
        (GREY, LABELS + 0.5, "whole numbers"),
        (GREY, np.array([None] * 12), "none missing"),
    ],
)
def test_what_cannot_be_used_is_refused(x: Any, y: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ImageSet(x, y)


def test_pictures_of_unequal_size_are_counted(tmp_path: Path) -> None:
    for i, side in enumerate([4, 4, 5]):
        Image.fromarray(np.zeros((side, 4), np.uint8)).save(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match=r"2 sizes: 2 of 4x4, 1 of 5x4"):
        read_images(tmp_path)


def test_damaged_and_alien_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "not.npz").write_bytes(b"PK\x03\x04 no zip")
    np.savez(tmp_path / "other.npz", z=GREY)
    np.savez(tmp_path / "objects.npz", x=np.array([GREY, None], dtype=object))
    whole = tmp_path / "whole.npz"
    write_images(ImageSet(GREY), whole)
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-300])
    for name in ("not.npz", "other.npz", "objects.npz", "cut.npz", "absent.npz"):
        with pytest.raises(InputError, match=name):
            read_images(tmp_path / name)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputError, match="0 images"):
        read_images(folder)
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    with pytest.raises(InputError, match=r"'a.png' is no whole PNG"):
        read_images(folder)
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(folder / "a.png")
    with pytest.raises(InputError, match="16 bits"):
        read_images(folder)
    (folder / "class").mkdir()
    with pytest.raises(InputError, match="beside 1 folders"):
        read_images(folder)


def test_what_stands_at_the_target_is_left_alone(tmp_path: Path) -> None:
    full = tmp_path / "full"
    write_images(ImageSet(GREY), full)
    before = sorted(full.iterdir())
    for path in (full, tmp_path / "a.csv", tmp_path / "no" / "such.npz"):
        with pytest.raises(OutputError):
            write_images(ImageSet(GREY), path)
    with pytest.raises(OutputError, match="name of a folder"):
        write_images(ImageSet(GREY, np.array(["../up"] * 12)), tmp_path / "up")
    assert sorted(full.iterdir()) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full"]


def test_images_are_told_from_tables(tmp_path: Path) -> None:
    assert holds_images(tmp_path)
    assert holds_images("a.NPZ")
    assert not holds_images("a.csv")
    assert as_images(np.zeros((3, 4))) is None
    assert as_images({"x": [1, 2], "y": [3, 4]}) is None
    assert as_images({"x": GREY, "y": LABELS}).y is not None
    with pytest.raises(InputError, match="twice"):
        as_images({"x": GREY, "y": LABELS}, LABELS)
