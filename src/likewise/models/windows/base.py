"""What the models of windows share.

Legend: n windows drawn, T steps, C channels.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, Given, WindowShape
from likewise.errors import InputError, ModelFileError
from likewise.models.drawing.conditioning import blocks
from likewise.models.gradient.inputs import net_with_weights
from likewise.models.gradient.model import GradientModel, Net
from likewise.models.options import number, whole
from likewise.training.loop import side_by_side

if TYPE_CHECKING:
    import torch

NETS = "series", "mlp"
"""Of models of whole windows: convolutions over time with level and trend, or dense layers."""

BATCH = 512
"""Windows drawn, or held out windows judged, at once."""


def check_windows(alphabet: Alphabet) -> None:
    """Hold an alphabet to be one of windows.

    Raises:
        InputError: it is of images or of a table.
    """
    if not isinstance(alphabet.image, WindowShape) or alphabet.fields:
        raise InputError("a model of windows learns arrays (n, steps, channels); learn tables or images with another")
    if alphabet.image.channels < 1 or alphabet.image.steps < 2:
        raise InputError("windows must have channels and steps")


def in_steps(codes: Codes, alphabet: Alphabet) -> npt.NDArray[np.float32]:
    """(n, T, C) the values of windows."""
    assert alphabet.image is not None, "checked"
    channels, steps, _ = alphabet.image.sides
    return codes.fractions.reshape(-1, channels, steps).transpose(0, 2, 1)


@dataclass(kw_only=True)
class StepOptions:
    """The options of models that make windows step by step.

    Args:
        hidden: units of a layer of the memory.
        learning_rate: of the nets; of a cycle its peak.
    """

    hidden: int = whole(64)
    learning_rate: float = number(5e-3, ends=False)


@dataclass(kw_only=True)
class StepModel(StepOptions, GradientModel[Net]):
    """A model that makes windows step by step, by nets with a memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._alphabet = Alphabet(())

    @property
    def _sides(self) -> tuple[int, int]:
        """T and C."""
        assert self._alphabet.image is not None, "begun with an alphabet of windows"
        channels, steps, _ = self._alphabet.image.sides
        return steps, channels

    def _size(self, n_rows: int) -> int:
        """Windows a training step."""
        return int(min(64, max(16, n_rows // 16))) if self.batch_size is None else self.batch_size

    @abstractmethod
    def _drawn(self, net: Net, stream: np.random.Generator, size: tuple[int, int, int]) -> torch.Tensor:
        """(n, T, C) values in [0, 1], or nearly."""

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        import torch

        del given  # windows have no fields, so there is nothing to be given
        net, sides = self._fitted(), self._sides
        fractions = np.empty((n, self._alphabet.n_fractions), np.float32)

        @torch.inference_mode()
        def draw(block: tuple[slice, np.random.Generator]) -> None:
            rows, stream = block
            drawn = self._drawn(net, stream, (len(range(*rows.indices(n))), *sides))
            fractions[rows] = drawn.transpose(1, 2).flatten(1).numpy()

        side_by_side(draw, blocks(n, rng, BATCH))
        return Codes(np.zeros((n, 0), self._alphabet.code_dtype), np.clip(np.nan_to_num(fractions), 0.0, BELOW_ONE))

    @abstractmethod
    def _net_of(self, state: dict[str, npt.NDArray[Any]]) -> Net:
        """A net of a state's shape."""

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        try:
            check_windows(alphabet)
        except InputError as error:
            raise ModelFileError(f"model: {error}") from None
        self._alphabet = alphabet
        self._net = net_with_weights(lambda: self._net_of(state), state, self._layers)
        return self

    @property
    def _layers(self) -> int:
        """Layers of a net whose number is an option, which a file may have wrong."""
        return 1
