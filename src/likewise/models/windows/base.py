"""What the models of windows share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, WindowShape
from likewise.errors import InputError

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
