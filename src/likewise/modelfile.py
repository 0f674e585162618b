"""One file a model: a safetensors file whose header carries a JSON manifest. Reading it can run no code."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import InputError, ModelFileError

FORMAT_VERSION = 2
"""Raised when older versions of likewise could no longer read what is written."""

_KEY = "likewise"
_LIBRARIES = ("numpy", "polars", "torch")


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Args:
        manifest: JSON-able: schema, codec, model name and options, training record.
        arrays: everything learnt, by name.
    """

    manifest: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


def write_model(path: str | Path, manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a model file, whole or not at all.

    Raises:
        OutputError: it cannot be written; what stood there is untouched.
    """
    from safetensors.numpy import save

    from likewise import __version__
    from likewise.tables.files import atomic_path

    libraries = _versions() | {"python": platform.python_version()}
    full = {**manifest, "format": FORMAT_VERSION, "version": __version__, "libraries": libraries}
    with atomic_path(Path(path)) as beside:
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        # Written by ourselves: the library's own writer puts a new file there, of another mode.
        told = json.dumps(full, ensure_ascii=False, allow_nan=False, default=_plain)
        beside.write_bytes(save(contiguous, metadata={_KEY: told}))


def _plain(value: object) -> object:
    """A number of numpy as one of Python's: what took an hour to learn is not lost to a number's type."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} does not go into a manifest")


def _versions() -> dict[str, str]:
    """Of what is installed: a light install has no torch."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def read_model(path: str | Path) -> ModelFile:
    """Read a model file.

    Raises:
        InputError: there is no such file, or it may not be read.
        ModelFileError: truncated, damaged, not ours, or written by another version.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        path.open("rb").close()
        with safe_open(path, framework="numpy") as file:
            note = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except FileNotFoundError:
        raise InputError(f"model file {str(path)!r} does not exist") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from None
    except (SafetensorError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise ModelFileError(f"{path} is not a whole model file: truncated, damaged or of another kind") from error
    return ModelFile(_manifest(path, note), arrays)


def _finite(text: str) -> float:
    """A number of a manifest; no model writes another, and none could be written again."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is infinite, or none")
    return value


def _manifest(path: Path, note: Mapping[str, str]) -> dict[str, Any]:
    if _KEY not in note:
        raise ModelFileError(f"{path} is a safetensors file, but no model of likewise")
    try:
        manifest = json.loads(note[_KEY], parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: its manifest is not JSON") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ModelFileError(f"{path} is damaged: its manifest has no format number")
    if found > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format {found}, this likewise reads up to {FORMAT_VERSION}; install a newer likewise"
        )
    if found < FORMAT_VERSION:
        raise ModelFileError(
            f"{path} has format {found}, of an older likewise, this one reads {FORMAT_VERSION}: fit the model anew"
        )
    return dict(manifest)
