"""Files written whole or not at all: beside their target first, which they replace when they are on the disk."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from likewise.errors import InputError, OutputError

PathLike = str | os.PathLike[str]


@contextlib.contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """A path beside `path` to write to; on leaving, it takes the name `path`, whole and synced to the disk.

    On any failure (also Ctrl-C) it is removed, and what stood at `path` stays as it was. A link is followed; a device
    or pipe (/dev/null, /dev/stdout) is written to directly.

    Raises:
        OutputError: the file could not be written.
    """
    path = Path(path)
    what = f"file {str(path)!r}"
    with output_errors(what):
        target, is_device = _target_of(path, what)
        if is_device:
            yield target
            return
        # A short name of its own: beside one of the greatest length a longer one would not fit.
        beside = target.with_name(f".{secrets.token_hex(8)}{target.suffix[:16]}")
        try:
            _create_like(beside, target)
            yield beside
            _sync(beside)
            beside.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        _sync(target.parent)


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places at one moment, so that whoever is killed leaves neither gone: what `replace` does for
    files no system does for folders. False where it cannot be done (Linux can, on most file systems)."""
    swap = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    here, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return swap is not None and swap(here, os.fsencode(one), here, os.fsencode(other), both) == 0


def _create_like(beside: Path, target: Path) -> None:
    """Create the file with the mode of the one it will replace, or the usual mode."""
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    with contextlib.suppress(FileNotFoundError):
        beside.chmod(stat.S_IMODE(target.stat().st_mode))


def _sync(path: Path) -> None:
    """Push a file (or a folder's list of names) to the disk; not every file system can do the latter."""
    flags = os.O_RDONLY | (getattr(os, "O_DIRECTORY", 0) if path.is_dir() else 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if not path.is_dir() and error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def output_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except InputError:
        raise
    except FileNotFoundError:
        raise OutputError(f"{what} cannot be written: its folder does not exist") from None
    except PermissionError:
        raise OutputError(f"{what} cannot be written: no permission") from None
    except OSError as error:
        reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or "system error"
        raise OutputError(f"{what} cannot be written: {reason}; nothing was left behind") from None


def check_writable(path: PathLike) -> None:
    """Raise OutputError if `path` cannot be written later: before the work, not after it."""
    path = Path(path)
    what = f"file {str(path)!r}"
    with output_errors(what):
        target, is_device = _target_of(path, what)
        if is_device:
            return
        # Trying is the only sure test: permissions, read-only disks and quotas all speak through it.
        probe = target.with_name(f".{secrets.token_hex(8)}")
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
        if target.exists() and not os.access(target, os.W_OK):
            raise OutputError(f"{what} cannot be written: it is write-protected")


def _target_of(path: Path, what: str) -> tuple[Path, bool]:
    """Where a path leads to, and whether a device or pipe stands there, which is written to as it is."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(f"{what} is a folder; give a file")
    return target, target.exists() and not target.is_file()
