"""What a person may say of a column."""

from __future__ import annotations

from collections.abc import Iterable

from likewise.errors import OptionError

SETTABLE = (
    "kind", "role", "semantic", "locale", "missing", "lenient", "format", "labels", "decimals", "bounds", "levels",
    "nullable",
)  # fmt: skip


def check_said(said: Iterable[str]) -> None:
    """Hold the names of fields to those that can be said.

    Raises:
        OptionError: one cannot.
    """
    if unknown := set(said) - set(SETTABLE):
        raise OptionError(f"a column has no field {sorted(unknown)[0]!r} that can be said")
