"""Memory that was let go of, given back to the system."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Collect what only cycles hold, and hand free memory of the C library back, where it can do so (glibc): it keeps
    what training took, of which the tables that are drawn next, being of other sizes, would use little."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, TypeError, AttributeError):  # a system of another library
        return
