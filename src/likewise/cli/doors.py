"""How arrays come in and go out: images, and windows of time series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likewise.errors import InputError


@dataclass(frozen=True)
class Door:
    """How arrays of one kind come in and go out.

    Args:
        what: the kind, in a word.
        take: what the synthesizer gives, as a set of them.
    """

    what: str
    read: Callable[[Path], Any]
    take: Callable[[Any], Any]
    write: Callable[[Any, Path], None]
    check_writable: Callable[[Path], None]


def images_door() -> Door:
    """The door for images."""
    from likewise.images import sets

    return Door("images", sets.read_images, sets.as_images, sets.write_images, sets.check_images_writable)


def windows_door() -> Door:
    """The door for windows."""
    from likewise.series import sets

    return Door(
        "windows", sets.read_windows, lambda x: sets.as_windows(x, in_order=True), sets.write_windows,
        sets.check_windows_writable,
    )  # fmt: skip


def are_arrays(data: Any) -> bool:
    """Whether what was read is images or windows, not a table."""
    from likewise.images.sets import ImageSet
    from likewise.series.sets import WindowSet

    return isinstance(data, ImageSet | WindowSet)


def door_of(source: Path) -> Door | None:
    """The door for what lies there; None where it is a table.

    Raises:
        InputError: a folder holds nothing that is read.
    """
    from likewise.images.sets import holds_images
    from likewise.series.sets import holds_windows

    if holds_windows(source):
        return windows_door()
    if not holds_images(source):
        return None
    if source.is_dir() and not any(file.suffix.lower() == ".png" for file in source.rglob("*")):
        raise InputError(f"the folder {str(source)!r} holds no table and no PNG file")
    return images_door()
