"""What the generators trained by gradient share: options, codes as a net takes them, device and precision, weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import ModelFileError, OptionError
from likewise.models.conditioning import emitted
from likewise.nets.allowed import Allowed

if TYPE_CHECKING:
    import torch
    from torch import nn

    from likewise.models.gan_draws import NoiseNet
    from likewise.nets.tables import CodeTables


MANY_CODES = 100


def check_option(model: Any, name: str, kind: type[int] | type[float], low: float, high: float) -> None:
    """Hold an option to its kind and range, and store it as a plain number; None where that is the default."""
    value = getattr(model, name)
    if value is None and getattr(type(model), name) is None:
        return
    fits = isinstance(value, int | np.integer if kind is int else int | float | np.integer | np.floating)
    if not fits or isinstance(value, bool) or not (low <= value <= high and math.isfinite(value)):
        what = "a whole number" if kind is int else "a number"
        upto = f" of {low} or more" if high == math.inf else f" in {low}..{high}"
        raise OptionError(f"{name} must be {what}{upto}, got {value!r}")
    setattr(model, name, kind(value))


def check_training_options(model: Any, whole: Mapping[str, int], numbers: Mapping[str, tuple[float, float]]) -> None:
    """Hold the options that every generator trained by gradient has, and store them plain.

    Args:
        whole: options that are whole numbers, and the least each may be.
        numbers: options that are numbers, and their ranges.
    """
    check_choice(model, "precision", ("auto", "bf16", "fp32"))
    check_choice(model, "device", ("auto", "cpu", "cuda"))
    if not isinstance(model.checkpoint, str | PathLike | None):
        raise OptionError(f"checkpoint must be a path or None, got {type(model.checkpoint).__name__}")
    model.checkpoint = None if model.checkpoint is None else str(model.checkpoint)
    for name, least in whole.items():
        check_option(model, name, int, least, math.inf)
    for name, (low, high) in numbers.items():
        check_option(model, name, float, low, high)
    if model.dropout == 1:
        raise OptionError("dropout must be below 1")


def check_choice(model: Any, name: str, known: tuple[str, ...]) -> None:
    """Hold an option to the words it may be."""
    if getattr(model, name) not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}, got {getattr(model, name)!r}")


def batch_size_for(n_rows: int) -> int:
    """Rows a step where the caller leaves it open. A net needs hundreds of steps, so small tables get small batches."""
    return min(512, max(32, int(2 ** round(math.log2(max(n_rows, 1) / 64)))))


def is_wide(alphabet: Alphabet) -> bool:
    """Whether most columns have many codes, and so need finer units."""
    return 2 * sum(size > MANY_CODES for size in alphabet.sizes) >= max(len(alphabet.sizes), 1)


def log_marginals(codes: Codes, alphabet: Alphabet) -> list[npt.NDArray[np.float32]]:
    """(K,) log share of each code, half a row added to each."""
    result = []
    for j, f in enumerate(alphabet.fields):
        counts = np.bincount(codes.codes[:, j], minlength=f.size) + 0.5
        result.append(np.log(counts / counts.sum()).astype(np.float32))
    return result


def in_net_order(net: CodeTables | NoiseNet, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Columns in the net's own order, in a signed type that torch knows and -1 fits."""
    dtype = np.int16 if max(net.sizes, default=1) <= 2**15 else np.int32
    return np.ascontiguousarray(codes[:, net.columns].astype(dtype))


def net_weights(net: CodeTables | NoiseNet, alphabet: Alphabet, given: Given) -> dict[int, Allowed[torch.Tensor]]:
    """What each field may emit, by its place in the net's own order; see `conditioning.emitted`."""
    import torch

    def tensor(share: npt.NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(share.astype(np.float32))

    allowed = emitted(alphabet, given)
    places = {column: place for place, column in enumerate(net.columns)}
    return {places[j]: Allowed(tensor(a.weights), tensor(a.free), a.counts) for j, a in allowed.items()}


def train_device(asked: str) -> str:
    """Where to train: a CUDA device where there is one, unless the caller says.

    Raises:
        OptionError: CUDA was asked for and there is none.
    """
    import torch

    if asked == "cuda" and not torch.cuda.is_available():
        raise OptionError("device is 'cuda', but torch finds no CUDA device; use 'auto' or 'cpu'")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def compute_dtype(precision: str, device: str = "cpu") -> torch.dtype:
    """bf16 where matrix units or instructions for it exist; elsewhere it is emulated and slow."""
    import torch

    if precision == "auto" and device == "cuda":
        precision = "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    elif precision == "auto":
        flags = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
        fast = any(flag() for flag in flags if flag is not None)
        precision = "bf16" if fast else "fp32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def blank_shares(alphabet: Alphabet) -> list[npt.NDArray[np.float32]]:
    """(K,) log shares of each field for a net whose weights are yet to come."""
    return [np.zeros(field.size, np.float32) for field in alphabet.fields]


def take_weights(net: nn.Module, state: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a net the weights of a model file.

    Raises:
        ModelFileError: a name or shape is not the net's, or a value is not a finite 32-bit float.
    """
    import torch

    expected = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items()}
    if found != expected:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ModelFileError(f"model: {len(wrong)} arrays are absent or of another shape, such as {wrong[0]!r}")
    for name, value in state.items():
        if value.dtype != np.float32 or not np.isfinite(value).all():
            raise ModelFileError(f"model: array {name!r} must hold finite 32-bit floats")
    net.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
