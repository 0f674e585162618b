"""What the models of windows share."""

from __future__ import annotations

from likewise.codecs.base import Alphabet, WindowShape
from likewise.errors import InputError


def check_windows(alphabet: Alphabet) -> None:
    """Hold an alphabet to be one of windows.

    Raises:
        InputError: it is of images or of a table.
    """
    if not isinstance(alphabet.image, WindowShape) or alphabet.fields:
        raise InputError("a model of windows learns arrays (n, steps, channels); learn tables or images with another")
    if alphabet.image.channels < 1 or alphabet.image.steps < 2:
        raise InputError("windows must have channels and steps")
