"""What estimators share: parameters by name, as scikit-learn has them; checks of counts and seeds; old names."""

from __future__ import annotations

import inspect
import reprlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from likewise.errors import OptionError, nearest
from likewise.notebook import Table, card

MOST_ROWS = 2**36
"""No machine holds more rows, however few their columns."""

OLD_NAME = "deprecated"
"""The default of a parameter that has another name now, as scikit-learn writes it."""


class Estimator:
    """Parameters by name: each argument of `__init__` is kept as it came, as an attribute of its name.

    What `__init__` takes as `**options` counts as parameters of their own names.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Name -> value of every parameter.

        Args:
            deep: not used; scikit-learn passes it.
        """
        named, rest = _signature(type(self))
        params = {name: getattr(self, name, default) for name, default in named.items()}
        return params | (getattr(self, rest, {}) if rest else {})

    def set_params(self, **params: Any) -> Self:
        """Change parameters, checked as `__init__` checks them; what was learnt stays until the next `fit`.

        Args:
            **params: by name, as `__init__` takes them.

        Raises:
            OptionError: there is no such parameter, or it is outside what it may be.
        """
        named, rest = _signature(type(self))
        for name in params:
            if name not in named and rest is None:
                known = ", ".join(named)
                raise OptionError(
                    f"{type(self).__name__} has no parameter {name!r}{nearest(name, named)}; it has {known}"
                )
        before = dict(vars(self))
        try:
            self.__init__(**{**self.get_params(), **params})  # type: ignore[misc]
        except Exception:  # what is refused leaves this one as it was
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def __sklearn_clone__(self) -> Self:
        """One with the same parameters that has learnt nothing. They are shared: a copied budget would be another."""
        return type(self)(**self.get_params())

    def __repr__(self) -> str:
        named, _ = _signature(type(self))
        shown = [
            f"{name}={reprlib.repr(value)}"
            for name, value in self.get_params().items()
            if name not in named or (value is not named[name] and repr(value) != repr(named[name]))
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        params = Table((), [(name, reprlib.repr(value)) for name, value in self.get_params().items()])
        schema = getattr(self, "schema_", None)
        if schema is None:
            return card(f"{type(self).__name__} (not fitted)", params)
        return card(type(self).__name__, params, Table(*schema.lines()))


def _signature(cls: type) -> tuple[dict[str, Any], str | None]:
    """The defaults of what `__init__` takes by name, and the name of its `**options`."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    rest = [p.name for p in parameters if p.kind is p.VAR_KEYWORD]
    return {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD}, rest[0] if rest else None


def check_count(name: str, value: Any) -> int:
    """A whole number of 1 or more, or OptionError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise OptionError(f"{name} must be a whole number of 1 or more, got {value!r}")
    return int(value)


@contextmanager
def held_in_memory(n: int) -> Iterator[None]:
    """Draw n rows, or raise OptionError if they do not fit into memory."""
    try:
        if n > MOST_ROWS:
            raise MemoryError
        yield
    except MemoryError:
        raise OptionError(
            f"n: {n:,} rows do not fit into memory; draw fewer in a call, each call with another random_state, and "
            "write each part before the next; rows of a table that stand alone go to a file as they are drawn, with to="
        ) from None


def check_seed(random_state: Any) -> None:
    """Raise OptionError unless it is a whole number of 0 or more, or None."""
    if random_state is None:
        return
    if isinstance(random_state, bool) or not isinstance(random_state, int | np.integer) or random_state < 0:
        raise OptionError(f"random_state must be a whole number of 0 or more, or None, got {random_state!r}")


def generator_of(random_state: Any) -> np.random.Generator:
    """A stream of one's own from a seed, None, a Generator or scikit-learn's RandomState."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31))
    return np.random.default_rng(random_state)


def check_confidence(name: str, value: float) -> float:
    """A probability between 0 and 1, both excluded, or OptionError."""
    if isinstance(value, bool) or not 0 < value < 1:
        raise OptionError(f"{name} must lie between 0 and 1, got {value!r}")
    return float(value)


def renamed(old: str, value: Any, new: str, current: Any, default: Any) -> Any:
    """The value of a parameter that may have come by its old name, with a FutureWarning if it did.

    Raises:
        OptionError: both names were given.
    """
    if value is None or (isinstance(value, str) and value == OLD_NAME):
        return current
    if current != default:
        raise OptionError(f"{old} is the old name of {new}: give one, not both")
    warnings.warn(f"{old} is called {new} now; the old name ends after two releases", FutureWarning, stacklevel=3)
    return value
