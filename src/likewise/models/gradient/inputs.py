"""What the generators trained by gradient share: options, codes as a net takes them, device and precision, weights."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import ModelFileError, OptionError
from likewise.models.base import check_arrays
from likewise.models.drawing.conditioning import emitted
from likewise.nets.allowed import Allowed

if TYPE_CHECKING:
    import torch
    from torch import nn

    from likewise.models.gan.draws import NoiseNet
    from likewise.nets.tables import CodeTables


MANY_CODES = 100

N_PUBLIC = 8
"""Random rows on which a net is tried before any real one."""

N_KNOTS = 64
"""Pieces of the rank's linear encoding."""

STEP_CELLS = 16_000_000
"""Numbers of one kind in a step of training, at most."""

MOST_KNOTS = 1024
"""Pieces of a rank's encoding that a model file may ask for: a row of so many features is laid out for each code."""

HASHED = 2**16
"""Rows that a fingerprint takes at a time."""

SETTLED = "settled."
"""Arrays of a state by this prefix tell what `fit` settled: a later version may settle it otherwise."""


def batch_size_for(n_rows: int, cells: int = 1) -> int:
    """Rows a step where the caller leaves it open. A net needs hundreds of steps, so small tables get small batches.

    Args:
        cells: numbers that each row takes; a step holds a few copies of all.
    """
    affordable = int(2 ** int(math.log2(max(STEP_CELLS / max(cells, 1), 1))))
    return max(32, min(512, affordable, int(2 ** round(math.log2(max(n_rows, 1) / 64)))))


def fingerprint(model: Any, train: Codes, holdout: Codes) -> str:
    """What a checkpoint must agree in to be taken up: rows and options, but not where it lies and what it runs on."""
    options = {k: v for k, v in model.options().items() if k not in ("checkpoint", "device", "max_seconds")}
    digest = hashlib.sha256(repr(options).encode())
    for part in (train, holdout):
        for array in (part.codes, part.fractions):
            for start in range(0, len(array), HASHED):  # some at a time, for they may stand in a file
                digest.update(array[start : start + HASHED].tobytes())
    return digest.hexdigest()


def is_wide(alphabet: Alphabet) -> bool:
    """Whether most columns have many codes, and so need finer units."""
    return 2 * sum(size > MANY_CODES for size in alphabet.sizes) >= max(alphabet.width, 1)


def mostly_ordered(alphabet: Alphabet) -> bool:
    """Whether most columns are numbers or times, whose codes have an order."""
    return 2 * sum(f.positions is not None for f in alphabet.fields) >= max(alphabet.width, 1)


def log_marginals(codes: Codes, alphabet: Alphabet) -> list[npt.NDArray[np.float32]]:
    """(K,) log share of each code, half a row added to each."""
    return log_shares(counts_of(codes, alphabet))


def counts_of(codes: Codes, alphabet: Alphabet) -> list[npt.NDArray[np.int64]]:
    """(K,) rows of each code of each field."""
    return [np.bincount(codes.codes[:, j], minlength=f.size) for j, f in enumerate(alphabet.fields)]


def log_shares(counts: Sequence[npt.NDArray[np.integer]]) -> list[npt.NDArray[np.float32]]:
    """The same of (K,) rows of each code of each field."""
    more = [rows + 0.5 for rows in counts]
    return [np.log(rows / rows.sum()).astype(np.float32) for rows in more]


def in_net_order(net: CodeTables | NoiseNet, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Columns in the net's own order, in a signed type that torch knows and -1 fits."""
    dtype = np.int16 if max(net.sizes, default=1) <= 2**15 else np.int32
    return np.ascontiguousarray(codes[:, net.columns].astype(dtype))


def rows_of(net: CodeTables | NoiseNet) -> Callable[[Codes], torch.Tensor]:
    """Codes to rows as this net takes them (B, D), in its own order."""
    import torch

    return lambda codes: torch.from_numpy(in_net_order(net, codes.codes))


def batches_of(
    net: CodeTables | NoiseNet, codes: npt.NDArray[Any], device: str
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Row numbers (B,) to these rows as a net takes them. A processor takes them from where they stand, which may be a
    file; another device holds them all."""
    import torch

    if device == "cpu":
        return lambda at: torch.from_numpy(in_net_order(net, codes[at.numpy()]))
    held = torch.from_numpy(in_net_order(net, codes)).to(device)
    return lambda at: held[at.to(device)]


def public_rows(net: CodeTables | NoiseNet) -> torch.Tensor:
    """(m, D) rows in the net's own order that have nothing to do with any table."""
    import torch

    generator = torch.Generator().manual_seed(0)
    columns = [torch.randint(size, (N_PUBLIC,), generator=generator) for size in net.sizes]
    return torch.stack(columns, 1)


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


def settled_dtype(settled: Mapping[str, int]) -> torch.dtype:
    """The type that a model draws in, wherever it is loaded."""
    import torch

    return torch.bfloat16 if settled["bf16"] else torch.float32


ON_PROCESSORS = "fp32"
"""What nets of tables compute in on a processor, where it is left open. Their products are small, and what 16 bits
save there is lost to casts and to elementwise kernels that widen and narrow each number. On an Intel with AMX a step
took, in ms of 32 and of 16 bits, 21.0 and 24.6 (Adult), 17.8 and 25.7 (beijing), 27.8 and 31.4 (bank clients), 15.6 and
22.6 (shoppers); with AMX switched off 26.0 and 37.2 (Adult); an epoch of the VAE 2.5 and 2.9 s, of the GAN 3.6 and 4.5.
Two layers of 144 units are where they meet (2.87 and 2.75 s)."""


def compute_dtype(precision: str, device: str = "cpu", *, paints: bool = False) -> torch.dtype:
    """What a net computes in. Left open, it hangs on the kind of machine and of net alone, never on a clock: the same
    seed gives the same rows.

    Args:
        paints: whether the net makes images, whose convolutions are large: on a processor they take two thirds of the
            time in 16 bits where it has instructions for them.
    """
    import torch

    if precision == "auto" and device == "cuda":
        precision = "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    elif precision == "auto" and paints:
        flags = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
        fast = any(flag() for flag in flags if flag is not None)
        precision = "bf16" if fast else "fp32"
    elif precision == "auto":
        precision = ON_PROCESSORS
    return torch.bfloat16 if precision == "bf16" else torch.float32


def blank_shares(alphabet: Alphabet) -> list[npt.NDArray[np.float32]]:
    """(K,) log shares of each field for a net whose weights are yet to come."""
    return [np.zeros(field.size, np.float32) for field in alphabet.fields]


def settled_arrays(settled: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    """What `fit` settled, as arrays that a model file can hold."""
    return {f"{SETTLED}{name}": np.array([value], np.int64) for name, value in settled.items()}


def take_settled(model: Any, state: dict[str, npt.NDArray[Any]], names: Collection[str]) -> dict[str, int]:
    """What was settled, its arrays taken out of the state.

    Raises:
        ModelFileError: one is absent, no whole number of 0 or more, or not what the model's own options say.
    """
    settled = {}
    for name in names:
        array = state.pop(f"{SETTLED}{name}", np.zeros(0))
        if array.shape != (1,) or array.dtype != np.int64 or not 0 <= array[0] < 2**31:
            raise ModelFileError(f"model: array '{SETTLED}{name}' must hold one whole number of 0 or more")
        settled[name] = int(array[0])
        if getattr(model, name, None) not in (None, settled[name]):
            raise ModelFileError(f"model: its option {name} is not what it was made with")
    if settled.get("n_knots", 0) > MOST_KNOTS:
        raise ModelFileError(f"model: array '{SETTLED}n_knots' must be at most {MOST_KNOTS}")
    return settled


Net = TypeVar("Net", bound="nn.Module")


def net_with_weights(make: Callable[[], Net], state: Mapping[str, npt.NDArray[Any]], n_lists: int = 0) -> Net:
    """A net with the weights of a model file. Its shapes are compared before any of them takes memory.

    Args:
        make: makes the net; called on the meta device first.
        n_lists: layers that the options ask for one by one.

    Raises:
        ModelFileError: a name or shape is not the net's, or a value is not a finite 32-bit float.
    """
    import torch

    try:
        if n_lists > len(state):
            raise ModelFileError("model: its options ask for more layers than there are")
        with torch.device("meta"):
            blank = make()
    except (RuntimeError, OverflowError) as error:  # sizes that no machine can address
        raise ModelFileError("model: its options ask for more weights than there can be") from error
    check_weights(blank, state)
    net = make()
    net.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    return net.eval()


def check_weights(net: nn.Module, state: Mapping[str, npt.NDArray[Any]]) -> None:
    """Hold the weights of a model file to a net's names and shapes.

    Raises:
        ModelFileError: a name or shape is not the net's, or a value is not a finite 32-bit float.
    """
    check_arrays(state, {name: (value.shape, np.float32) for name, value in net.state_dict().items()})
    for name, value in state.items():
        if not np.isfinite(value).all():
            raise ModelFileError(f"model: array {name!r} must hold finite 32-bit floats")


def weights_of(net: nn.Module) -> dict[str, npt.NDArray[Any]]:
    """A copy of a net's weights, by name."""
    return {name: value.numpy().copy() for name, value in net.state_dict().items()}
