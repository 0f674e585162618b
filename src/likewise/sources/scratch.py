"""Folders for what is too large for memory: of one process, seen by nobody else, and gone when it ends.

They hold real rows. Where a process was killed, the next one on the machine removes what it left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from likewise.errors import OutputError

PLACE = "LIKEWISE_TMP"
"""The variable that names the folder in which these folders are made; else that of the system."""

SPARE = 2**28
"""Bytes of the disk that are left free."""

_NAME = re.compile(r"likewise-(\d+)-")


@contextlib.contextmanager
def scratch(needed: int, why: str) -> Iterator[Path]:
    """A new folder, removed with all that is in it.

    Args:
        needed: bytes that will be written there, about.
        why: what for, in words.

    Raises:
        OutputError: the disk has no room for so many, or the folder cannot be written.
    """
    parent = Path(os.environ.get(PLACE) or tempfile.gettempdir())
    try:
        _sweep(parent)
        free = shutil.disk_usage(parent).free
        if needed + SPARE > free:
            raise OutputError(
                f"{why} needs about {needed / 1e9:.1f} GB of disk in {str(parent)!r}, which has {free / 1e9:.1f} GB "
                f"free; make room, or name another folder by {PLACE}"
            )
        folder = Path(tempfile.mkdtemp(prefix=f"likewise-{os.getpid()}-", dir=parent))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"folder {str(parent)!r} cannot be written: {error.strerror}; name another one by {PLACE}"
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def closed(path: Path) -> None:
    """Make a file that nobody but the user can read, before anything is written to it."""
    path.touch(0o600)


def _sweep(parent: Path) -> None:
    """Remove what processes left that were killed."""
    for folder in parent.glob("likewise-*-*"):
        found = _NAME.match(folder.name)
        if found and not _is_alive(int(found[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # where a signal of 0 would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
