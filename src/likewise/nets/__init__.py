"""Torch modules. They see codes and shapes, never a column name."""

from __future__ import annotations

from importlib.util import find_spec

from likewise.errors import MissingExtraError

WITHOUT = "copula", "cart", "mst", "aim"
"""The models that need no net; a test compares."""


def require_torch() -> None:
    """Refuse early where a light install has left torch out; looks for it without importing it.

    Raises:
        MissingExtraError: it is not there.
    """
    try:
        found = find_spec("torch") is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        raise MissingExtraError("torch", instead=f"the models {', '.join(WITHOUT)} do without")
