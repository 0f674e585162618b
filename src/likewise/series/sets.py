"""Windows of time series as one value: arrays and .npz files in and out, checked.

Legend: N windows, T steps of each, C channels.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import InputError, OutputError
from likewise.series.order import origins
from likewise.tables.files import atomic_path, check_writable

__all__ = ["WindowSet", "as_windows", "giving_windows_back", "holds_windows", "read_windows", "write_windows"]

PathLike = str | os.PathLike[str]

MOST_SIDE = 2**14
"""Steps, or channels, at most."""

LARGEST, LARGEST_WHOLE = 1e300, 2**53
"""Beyond these a number has no mean, and a whole one is not told from the next."""

KEY = "windows"
"""What the array is called in a mapping and in a file; beside it `channels`, their names."""


@dataclass(frozen=True, eq=False)
class WindowSet:
    """Windows of equal length, cut from one series or from several.

    Args:
        x: (N, T, C) numbers; NaN, or masked, where a value is missing.
        channels: names of the C channels; None calls them by their number.
        origin: (N, 2) whole numbers: of which series a window is, and at which of its steps it begins. None finds them
            by which windows overlap, so that windows to hold out can be apart in time from those to learn.

    Raises:
        InputError: another shape, windows of unequal lengths or of one step, infinite values, or names that do not fit.

    Example:
        >>> series = np.sin(np.arange(100))[:, None]
        >>> windows = WindowSet(np.stack([series[i : i + 24] for i in range(60)]), ("height",))
        >>> len(windows), windows.n_steps, windows.channels
        (60, 24, ('height',))
        >>> windows.origins[[0, 59]].tolist()
        [[0, 0], [0, 59]]
    """

    x: npt.NDArray[Any]
    channels: tuple[str, ...] | None = None
    origin: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.x, np.ma.MaskedArray):
            x = np.ma.filled(self.x.astype(float), np.nan) if np.ma.is_masked(self.x) else np.asarray(self.x)
            object.__setattr__(self, "x", x)
        _check(self.x)
        names: Any = self.channels
        if names is not None:
            if isinstance(names, str) or np.ndim(names) != 1:
                raise InputError("channels must be a list of names, one for each")
            object.__setattr__(self, "channels", tuple(str(name) for name in names))
        n, _, width = self.x.shape
        if self.channels is not None and (len(self.channels) != width or len(set(self.channels)) != width):
            raise InputError(f"channels must be {width} different names, one for each, got {len(self.channels)}")
        if self.origin is not None and (
            np.shape(self.origin) != (n, 2) or np.asarray(self.origin).dtype.kind not in "iu"
        ):
            raise InputError(
                f"origin must tell series and first step of {n} windows, whole numbers, got {np.shape(self.origin)}"
            )

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: npt.NDArray[Any] | slice) -> WindowSet:
        return WindowSet(self.x[rows], self.channels, self.origins[rows])

    @property
    def n_steps(self) -> int:
        """How many steps a window has."""
        return int(self.x.shape[1])

    @property
    def n_channels(self) -> int:
        """How many channels a step has."""
        return int(self.x.shape[2])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the channels; their numbers where they have none."""
        return self.channels or tuple(str(i) for i in range(self.n_channels))

    @cached_property
    def origins(self) -> npt.NDArray[np.int64]:
        """(N, 2) of which series each window is, and where in it it begins."""
        return origins(self.x) if self.origin is None else np.asarray(self.origin, np.int64)

    def frame(self) -> pl.DataFrame:
        """A row a step, (N * T, 2 + C): the window's number, the step's, and a column a channel; NaN is null.

        Example:
            >>> WindowSet(np.zeros((20, 3, 1)), ("height",)).frame().head(2).rows()
            [(0, 0, 0.0), (0, 1, 0.0)]
        """
        if {"window", "step"} & set(self.names):
            raise InputError("a frame has columns window and step of its own: give these channels other names")
        n, steps, width = self.x.shape
        flat = self.x.reshape(n * steps, width)
        columns = {
            "window": np.repeat(np.arange(n), steps), "step": np.tile(np.arange(steps), n),
            **{name: flat[:, c] for c, name in enumerate(self.names)},
        }  # fmt: skip
        return pl.DataFrame(columns).fill_nan(None)


def _check(x: Any) -> None:
    if not isinstance(x, np.ndarray) or x.dtype == object:
        raise InputError(
            f"windows must be one array (n, steps, channels) of equal lengths, got {type(x).__name__}; where lengths "
            "differ learn a table of histories, with entity= and time="
        )
    if x.dtype.kind not in "iuf":
        raise InputError(f"windows must hold numbers, got {x.dtype}")
    if x.ndim != 3:
        more = "; one channel is x[:, :, None]" if x.ndim == 2 else ""
        raise InputError(f"windows must have the shape (n, steps, channels), got {x.ndim} dimensions{more}")
    _, steps, width = x.shape
    if not width:
        raise InputError("windows must have channels, got 0")
    if steps < 2:
        raise InputError(f"windows must have 2 steps or more, got {steps}: a window of one step is a row of a table")
    if max(steps, width) >= MOST_SIDE:
        raise InputError(f"windows must have fewer than {MOST_SIDE:,} steps and channels, got {steps:,} and {width:,}")
    if x.dtype.kind == "f":
        bad = int(np.isinf(x).any((0, 1)).sum())
        if bad:
            raise InputError(f"{bad} of {width} channels hold infinite values; a value that is not known is NaN")
    most = LARGEST_WHOLE if x.dtype.kind in "iu" else LARGEST
    if x.dtype.itemsize >= 8 and (far := int(((x > most) | (x < -most)).any((0, 1)).sum())):
        raise InputError(f"{far} of {width} channels hold values beyond {most:.3g}; subtract a base, or divide them")


def as_windows(data: Any, *, in_order: bool = False) -> WindowSet | None:
    """The windows in what was given to `fit`; None when it is none.

    Args:
        data: a `WindowSet`, a mapping with "windows" and perhaps "channels", or an array of three dimensions.
        in_order: whether such an array is windows, for its steps are said to stand in their order, not images.

    Raises:
        InputError: they cannot be used.
    """
    if isinstance(data, WindowSet):
        return data
    if isinstance(data, Mapping) and KEY in data:
        if set(data) - {KEY, "channels"}:
            raise InputError(f"windows are given as windows, or windows and channels; got {len(data)} entries")
        names = data.get("channels")
        return WindowSet(np.asarray(data[KEY]), names)
    if in_order and ((isinstance(data, np.ndarray) and data.ndim != 2) or isinstance(data, list | tuple)):
        return WindowSet(_as_array(data))
    return None


def _as_array(data: Any) -> Any:
    """A list of windows of one shape as an array."""
    if isinstance(data, np.ndarray):
        return data
    try:
        return np.asarray(data, float)
    except (ValueError, TypeError):  # of unequal lengths
        return data


def giving_windows_back(data: Any) -> Callable[[WindowSet], Any]:
    """What turns windows into the kind that `as_windows` took: an array, a mapping or a `WindowSet`."""
    if isinstance(data, WindowSet):
        return lambda windows: windows
    return _as_mapping if isinstance(data, Mapping) else lambda windows: windows.x


def _as_mapping(windows: WindowSet) -> dict[str, npt.NDArray[Any]]:
    names = {} if windows.channels is None else {"channels": np.array(windows.channels, np.str_)}
    return {KEY: windows.x, **names}


# ---- files ---------------------------------------------------------------------------------------------------------


def holds_windows(path: PathLike) -> bool:
    """Whether a path is an .npz file with an array `windows`."""
    path = Path(path)
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as file:
            return f"{KEY}.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile):
        return False  # whoever reads it tells what is wrong


def read_windows(path: PathLike) -> WindowSet:
    """The windows in an .npz file: an array `windows` (n, steps, channels), and perhaps `channels`, their names.

    Args:
        path: of that file.

    Raises:
        InputError: nothing there, damaged, or what `WindowSet` refuses.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_windows(WindowSet(np.arange(120.0).reshape(5, 24, 1)), f"{folder}/days.npz")
        ...     read_windows(f"{folder}/days.npz").n_steps
        24
    """
    path = Path(path)
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if KEY not in file:
                raise InputError(f"there is no array {KEY}, but {len(file.files)} others")
            windows = as_windows({name: file[name] for name in (KEY, "channels") if name in file})
            assert windows is not None, "it has the key"
            return windows
    except InputError as error:
        raise InputError(f"{str(path)!r}: {error}") from None
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or type(error).__name__}") from None
    except (ValueError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, KeyError):
        raise InputError(
            f"{str(path)!r}: this is no whole .npz file, or its arrays hold objects, which are never loaded"
        ) from None


def check_windows_writable(path: PathLike) -> None:
    """Find out before the long work whether windows can be written there.

    Raises:
        OutputError: another ending than .npz, no folder, no permission.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise OutputError(f"{str(path)!r}: windows go to a file that ends in .npz")
    check_writable(path)


def write_windows(windows: WindowSet, path: PathLike) -> None:
    """Write windows to an .npz file, whole or not at all.

    Args:
        windows: what is written.
        path: a name that ends in .npz.

    Raises:
        OutputError: it cannot be written; what stood there is untouched.
    """
    check_windows_writable(path)
    with atomic_path(Path(path)) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **_as_mapping(windows))
