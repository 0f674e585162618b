"""The door for images: arrays, .npz files and folders of PNG in and out, checked, as one value.

Legend: N images, C channels (1 grey, 3 colour), H rows and W columns of pixels.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.errors import InputError, MissingExtraError, OutputError
from likewise.tables.atomic import atomic_path
from likewise.tables.folders import ENDINGS

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "ImageSet", "as_images", "as_mapping", "check_images_writable", "giving_back", "holds_images", "read_images",
    "write_images",
]  # fmt: skip

PathLike = str | os.PathLike[str]

_WHOLE_TOPS = (1, 16, 255)
"""Where pixels that are whole numbers may end: black and white, 4 bits (scikit-learn's digits), 8 bits."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size, and maybe a label of each.

    Args:
        x: (N, H, W), or (N, C, H, W) with 1 or 3 channels; whole numbers in 0..255, or floats in [0, 1] or [-1, 1].
        y: (N,) labels: whole numbers, booleans or strings; None when there are none.

    Raises:
        InputError: another shape or range, no image, NaN or infinite pixels, labels of another number or missing.

    Example:
        >>> images = ImageSet(np.full((2, 3, 3), 255, np.uint8), np.array([4, 7]))
        >>> len(images), images.shape, images.range, float(images.pixels.max())
        (2, (1, 3, 3), (0.0, 255.0), 1.0)
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        _check_pixels(self.x)
        if self.y is not None:
            _check_labels(self.y, len(self.x))
        _ = self.range

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: npt.NDArray[Any] | slice) -> ImageSet:
        return ImageSet(self.x[rows], None if self.y is None else self.y[rows])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        height, width = self.x.shape[-2:]
        return self.x.shape[1] if self.x.ndim == 4 else 1, height, width

    @cached_property
    def range(self) -> tuple[float, float]:
        """The ends that pixels of this kind may have; not the least and greatest seen.

        Whole numbers (floats too, if some are above 1) end at the first of 1, 16 and 255 that holds them all.
        """
        low, high = float(self.x.min()), float(self.x.max())
        if self.x.dtype.kind == "f" and low >= -1 and high <= 1:
            return (0.0, 1.0) if low >= 0 else (-1.0, 1.0)
        if low >= 0 and high <= 255 and (self.x.dtype.kind != "f" or bool((self.x == np.floor(self.x)).all())):
            return 0.0, float(next(top for top in _WHOLE_TOPS if high <= top))
        raise InputError(
            f"pixels must be whole numbers in 0..255, or floats in [0, 1] or [-1, 1], got {self.x.dtype} beyond that; "
            "rescale the images"
        )

    @cached_property
    def pixels(self) -> npt.NDArray[np.float32]:
        """(N, C, H, W) float32 in [0, 1]."""
        return self.scaled(self.range)

    def scaled(self, ends: tuple[float, float]) -> npt.NDArray[np.float32]:
        """(N, C, H, W) float32, 0 and 1 where the pixels are at these ends."""
        low, high = ends
        scaled = (self.x.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        return scaled.reshape(len(self.x), *self.shape)


def as_images(data: Any, y: Any = None) -> ImageSet | None:
    """The images in what was given to `fit`: an `ImageSet`, an array of 3 or 4 dimensions, or a mapping with "x" and
    perhaps "y"; None when it is no images but a table.

    Raises:
        InputError: labels are given twice, or the images cannot be used.
    """
    if isinstance(data, ImageSet):
        data = {"x": data.x, "y": data.y}
    if isinstance(data, Mapping) and "x" in data and np.ndim(data["x"]) >= 3:
        if set(data) - {"x", "y"}:
            raise InputError(f"images are given as x, or x and y; got {len(data)} entries")
        if y is not None and data.get("y") is not None:
            raise InputError("labels are given twice: in the mapping and as y")
        data, y = data["x"], data.get("y") if y is None else y
    if not isinstance(data, np.ndarray) or data.ndim < 3:
        return None
    return ImageSet(data, None if y is None else np.asarray(y))


def as_mapping(images: ImageSet) -> dict[str, npt.NDArray[Any]]:
    """Images, and labels where there are any, as x and y."""
    return {"x": images.x} if images.y is None else {"x": images.x, "y": images.y}


def giving_back(data: Any) -> Callable[[ImageSet], Any]:
    """What turns images into the kind that `as_images` took: an array, a mapping or an `ImageSet`."""
    if isinstance(data, ImageSet):
        return lambda images: images
    return as_mapping if isinstance(data, Mapping) else lambda images: images.x


def _check_pixels(x: Any) -> None:
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "buif":
        raise InputError(f"images must be an array of numbers, got {getattr(x, 'dtype', type(x).__name__)}")
    if x.ndim not in (3, 4):
        raise InputError(f"images must have the shape (N, H, W) or (N, C, H, W), got {x.ndim} dimensions")
    if not len(x):
        raise InputError("there are 0 images")
    if x.ndim == 4 and x.shape[1] not in (1, 3):
        last = "; channels come second here: x.transpose(0, 3, 1, 2)" if x.shape[3] in (1, 3) else ""
        raise InputError(f"images must have 1 or 3 channels, got {x.shape[1]} of shape {x.shape}{last}")
    if min(x.shape[-2:]) < 1:
        raise InputError(f"images must have pixels, got the shape {x.shape}")
    if x.dtype.kind == "f":
        # one sum tells of all pixels; in 64 bits, for it must not overflow
        bad = 0 if np.isfinite(x.sum(dtype=np.float64)) else int((~np.isfinite(x)).sum())
        if bad:
            raise InputError(f"{bad} pixels are NaN or infinite; every pixel must be a number")


def _check_labels(y: npt.NDArray[Any], n: int) -> None:
    if not isinstance(y, np.ndarray) or y.shape != (n,):
        raise InputError(f"labels must be one for each of {n} images, got the shape {np.shape(y)}")
    if y.dtype.kind == "O" and all(isinstance(label, str) for label in y):
        return
    if y.dtype.kind not in "buiUf" or (y.dtype.kind == "f" and not (np.floor(y) == y).all()):
        raise InputError(f"labels must be whole numbers, booleans or strings, none missing, got {y.dtype}")


# ---- files ---------------------------------------------------------------------------------------------------------


def holds_images(path: PathLike) -> bool:
    """Whether a path is read as images: a folder without a file of a table, or a name that ends in .npz."""
    folder = Path(path)
    if folder.is_dir():
        return not any(name.suffix.lower() in ENDINGS for name in folder.rglob("*"))
    return folder.suffix.lower() == ".npz"


def read_images(path: PathLike) -> ImageSet:
    """The images in a file or folder.

    Args:
        path: an .npz file with an array x and perhaps y; or a folder of PNG, whose sub-folders (if any) are
            the labels (whole numbers where all their names are such).

    Raises:
        InputError: nothing there, damaged, of unequal sizes, or what `ImageSet` refuses.
        MissingExtraError: a folder is to be read and Pillow is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_images(ImageSet(np.zeros((3, 8, 8), np.uint8), np.array([1, 0, 1])), f"{folder}/digits.npz")
        ...     read_images(f"{folder}/digits.npz").x.shape
        (3, 8, 8)
    """
    path = Path(path)
    try:
        return _read_folder(path) if path.is_dir() else _read_npz(path)
    except InputError as error:
        raise InputError(f"{str(path)!r}: {error}") from None
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or type(error).__name__}") from None


def _read_npz(path: Path) -> ImageSet:
    # opened here, for numpy leaves a file open which is no whole .npz
    with path.open("rb") as raw:
        try:
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError("this is one bare array; give an .npz file with an array x, and y for labels")
            if "x" not in file:
                raise InputError(f"there is no array x, but {len(file.files)} others; x holds images, y labels")
            return ImageSet(file["x"], file.get("y"))
        except InputError:
            raise
        except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, KeyError):
            raise InputError("this is no whole .npz file, or its arrays hold objects, which are never loaded") from None


def _read_folder(path: Path) -> ImageSet:
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    classes = [entry for entry in entries if entry.is_dir()]
    loose = _pngs(entries)
    if classes and loose:
        raise InputError(f"{len(loose)} PNG files lie beside {len(classes)} folders of classes; sort them into these")
    files = [(file, folder.name) for folder in classes for file in _pngs(sorted(folder.iterdir()))]
    files = files or [(file, "") for file in loose]
    if not files:
        raise InputError("there are 0 images: no file ends in .png, here or in a sub-folder")
    x = _stacked([_read_png(file) for file, _ in files])
    return ImageSet(x, _label_array([label for _, label in files]) if classes else None)


def _pngs(entries: list[Path]) -> list[Path]:
    return [e for e in entries if e.suffix.lower() == ".png" and not e.name.startswith(".") and e.is_file()]


def _label_array(names: list[str]) -> npt.NDArray[Any]:
    """Labels as whole numbers where all are written as such, otherwise as they stand."""
    whole = all(name.isascii() and name.lstrip("-").isdigit() and str(int(name)) == name for name in set(names))
    return np.array(names, np.int64) if whole else np.array(names)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("pillow", "images") from None
    return Image


def _read_png(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W) or (H, W, 3)."""
    pillow = _pillow()
    try:
        with pillow.open(path, formats=("PNG",)) as image:
            if image.mode.startswith(("I", "F")):
                raise InputError(f"file {path.name!r} has 16 bits a pixel; save it with 8")
            has_colour = image.mode in ("P", "RGB", "RGBA", "PA")
            return np.asarray(image.convert("RGB" if has_colour else "L"))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"file {path.name!r} is no whole PNG file") from None


def _stacked(images: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """(N, H, W), or (N, 3, H, W) where one of them has colours."""
    sizes = Counter(image.shape[:2] for image in images)
    if len(sizes) > 1:
        shown = ", ".join(f"{n} of {height}x{width}" for (height, width), n in sizes.most_common(3))
        raise InputError(f"images must be of one size, got {len(sizes)} sizes: {shown}; resize or crop them")
    if all(image.ndim == 2 for image in images):
        return np.stack(images)
    coloured = [image if image.ndim == 3 else np.repeat(image[:, :, None], 3, 2) for image in images]
    return np.ascontiguousarray(np.stack(coloured).transpose(0, 3, 1, 2))


def check_images_writable(path: PathLike) -> None:
    """Find out before the long work whether images can be written there.

    Raises:
        OutputError: another ending than .npz, a folder that has something in it, no permission.
    """
    path = Path(path)
    if path.suffix and path.suffix.lower() != ".npz" and not path.is_dir():
        raise OutputError(
            f"{str(path)!r}: images go to a file that ends in .npz, or to a folder (a name without ending)"
        )
    if path.is_dir() and any(path.iterdir()):
        raise OutputError(f"the folder {str(path)!r} is not empty; name a new one")
    if path.exists() and not path.is_dir() and not path.suffix:
        raise OutputError(f"{str(path)!r} is a file, not a folder")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"the folder {str(folder)!r} does not exist")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {str(folder)!r} cannot be written to")


def write_images(images: ImageSet, path: PathLike) -> None:
    """Write images to an .npz file, or to a folder of PNG with a sub-folder for each label; whole or not at all.

    In PNG every pixel is rounded to 8 bits; in .npz all stays as it is.

    Args:
        images: what is written.
        path: a name that ends in .npz, or that of a folder.

    Raises:
        OutputError: it cannot be written; what stood there is untouched.
        MissingExtraError: a folder is to be written and Pillow is not installed.
    """
    path = Path(path)
    check_images_writable(path)
    if path.suffix.lower() != ".npz":
        _write_folder(images, path)
        return
    arrays = {name: _plain(array) for name, array in as_mapping(images).items()}
    with atomic_path(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Strings as an array of their own type, which needs no pickle."""
    return array.astype(np.str_) if array.dtype.kind == "O" else array


def _write_folder(images: ImageSet, path: Path) -> None:
    pillow = _pillow()
    labels = None if images.y is None else [str(label) for label in images.y.tolist()]
    for name in set(labels or ()):
        if not name or name.startswith(".") or Path(name).name != name:
            raise OutputError("a label cannot be the name of a folder; write to an .npz file")
    whole = (images.pixels * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    digits = len(str(len(whole) - 1))
    with _folder_beside(path) as beside:
        for i, image in enumerate(whole):
            folder = beside if labels is None else beside / labels[i]
            folder.mkdir(exist_ok=True)
            _picture(pillow, image).save(folder / f"{i:0{digits}}.png")


def _picture(pillow: Any, image: npt.NDArray[np.uint8]) -> Image.Image:
    picture: Image.Image = pillow.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    return picture


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, which takes its name on leaving; removed on any failure."""
    beside = path.absolute().with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        beside.mkdir()
        yield beside
        beside.replace(path)
    except BaseException as error:
        shutil.rmtree(beside, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            raise OutputError(f"the folder {str(path)!r} could not be written: {error.strerror}") from None
        raise
