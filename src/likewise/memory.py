"""Memory that was let go of, given back to the system."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from likewise.errors import TrainingError


def give_back() -> None:
    """Collect what only cycles hold, and hand free memory of the C library back, where it can do so (glibc): it keeps
    what training took, of which the tables that are drawn next, being of other sizes, would use little."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, TypeError, AttributeError):  # a system of another library
        return


@contextmanager
def lack_told() -> Iterator[None]:
    """A training that asks for more memory than there is says so; torch tells that by an error of no type of its own.

    Raises:
        TrainingError: memory was not enough.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(word in str(error) for word in ("allocate", "overflowed")):
            raise TrainingError(
                "training asks for more memory than there is: make the model's widths, or its batches, smaller"
            ) from error
        raise
