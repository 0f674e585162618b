"""Pixels as PNG, and as a strip of images: what a page can show without any other file."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

GAP = 1
GREY = 128


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file (8 bits, not interlaced).

    Args:
        pixels: (H, W) grey or (H, W, 3) red, green, blue.

    Reference: Portable Network Graphics specification, third edition (W3C 2025), sections 5 and 11.

    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    # Each line begins with the number of its filter: 0, none.
    lines = np.zeros((height, 1 + pixels[0].size), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def strip(images: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Images side by side, a grey line between.

    Args:
        images: (N, C, H, W) from 0 to 1, with 1 or 3 channels.

    Returns:
        (H, N * (W + 1) - 1), or with 3 behind it for colours.
    """
    n, channels, height, width = images.shape
    out = np.full((height, n * (width + GAP) - GAP, channels), GREY, dtype=np.uint8)
    for i, image in enumerate(np.rint(images.clip(0.0, 1.0) * 255.0).astype(np.uint8)):
        out[:, i * (width + GAP) : i * (width + GAP) + width] = image.transpose(1, 2, 0)
    return out[:, :, 0] if channels == 1 else out
