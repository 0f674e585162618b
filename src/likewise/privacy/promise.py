"""What an anonymised table promises, as one value.

References: Samarati 2001 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity: distinct, entropy, recursive (c, l));
Li, Li, Venkatasubramanian 2007 (t-closeness, the three distances); Wong et al. 2006 ((alpha, k)); Nergiz et al. 2007
(delta-presence); Sweeney 2002 (k-map).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from likewise.errors import OptionError

L_KINDS = ("distinct", "entropy", "recursive")
DISTANCES = ("equal", "ordered", "hierarchical")


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What every class of a released table keeps; None: not promised.

    A class holds the rows whose quasi-identifiers read the same. Its members are persons where an entity is named, else
    rows; a person counts once for each level that it has.

    Args:
        k: fewest members of a class.
        l, l_kind: diversity of each sensitive column in a class: "distinct", at least `l` levels; "entropy", at least
            the entropy of `l` equal ones; "recursive", the most frequent one rarer than `c` times all from the l-th on.
        t: earth mover's distance of each class from the whole *input* is at most `t`.
        t_distance: "equal", "ordered" (over the sorted levels), "hierarchical" (needs a hierarchy of the sensitive
            column), or "auto": ordered for numbers and times, else equal.
        alpha: no level of a sensitive column belongs to more than this share of a class.
        ignore_missing: a missing sensitive cell is no level: it adds nothing to l and alpha.
        delta: least and largest share of each of the population's classes that is in the table.
        k_map: fewest members of the population that each class could be.

    Raises:
        OptionError: a value is out of range.

    Example:
        >>> Promise(k=10, l=3, t=0.2).words()
        'k=10, distinct l=3, t=0.2'
    """

    k: int = 5
    l: float | None = None  # noqa: E741
    l_kind: str = "distinct"
    c: float | None = None
    t: float | None = None
    t_distance: str = "auto"
    alpha: float | None = None
    ignore_missing: bool = False
    delta: tuple[float, float] | None = None
    k_map: int | None = None

    def __post_init__(self) -> None:
        for name in ("k", "k_map"):
            size = getattr(self, name)
            if (name, size) != ("k_map", None) and not _is_size(size):
                raise OptionError(f"{name} must be a whole number of at least 1, got {size!r}")
        for name in ("l", "c", "t", "alpha"):
            if not is_number(getattr(self, name), none=True):
                raise OptionError(f"{name} must be a number or None, got {getattr(self, name)!r}")
        if self.delta is not None and not _is_range(self.delta):
            raise OptionError("delta must be two numbers with 0 <= low <= high <= 1")
        check_choice("l_kind", self.l_kind, L_KINDS)
        check_choice("t_distance", self.t_distance, ("auto", *DISTANCES))
        if not isinstance(self.ignore_missing, bool):
            raise OptionError(f"ignore_missing must be True or False, got {self.ignore_missing!r}")
        if self.l is not None:
            whole = self.l_kind != "entropy"
            if not self.l >= 1 or (whole and self.l != int(self.l)):
                raise OptionError(
                    f"l must be {'a whole number' if whole else 'a number'} of at least 1, got {self.l!r}"
                )
        if (self.c is not None) != (self.l is not None and self.l_kind == "recursive"):
            raise OptionError("c (above 0) belongs to recursive l-diversity: give c, l and l_kind='recursive' together")
        if self.c is not None and not (np.isfinite(self.c) and self.c > 0):
            raise OptionError(f"c must be a number above 0, got {self.c!r}")
        if self.t is not None and not 0 <= self.t <= 1:
            raise OptionError(f"t must lie in 0 .. 1, got {self.t!r}")
        if self.alpha is not None and not 0 < self.alpha <= 1:
            raise OptionError(f"alpha must lie above 0 and be at most 1, got {self.alpha!r}")

    @property
    def needs_sensitive(self) -> bool:
        """Whether it is about sensitive values (l, t, alpha), so that such a column is needed."""
        return self.l is not None or self.t is not None or self.alpha is not None

    @property
    def needs_population(self) -> bool:
        """Whether it is about all who might be in the table (delta, k_map), so that these are needed."""
        return self.delta is not None or self.k_map is not None

    @property
    def only_grows(self) -> bool:
        """Whether what a class keeps is kept by every class that holds it: then merging classes spoils none.

        True of k, k-map and distinct l; a level's share, a distance or a share of the population may get worse.
        """
        distinct_only = self.l is None or self.l_kind == "distinct"
        return distinct_only and self.t is None and self.alpha is None and self.delta is None

    def words(self) -> str:
        """What is promised, in short: "k=5, distinct l=2"."""
        parts = [f"k={self.k}"]
        if self.l is not None:
            parts.append(f"{self.l_kind} l={self.l:g}" + ("" if self.c is None else f" with c={self.c:g}"))
        parts += [f"{n}={v:g}" for n, v in (("t", self.t), ("alpha", self.alpha)) if v is not None]
        if self.delta is not None:
            parts.append(f"delta={self.delta[0]:g}..{self.delta[1]:g}")
        if self.k_map is not None:
            parts.append(f"k_map={self.k_map}")
        return ", ".join(parts)


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}, got {value!r}")


def is_number(value: object, *, none: bool = False) -> bool:
    """Whether an argument is a number (NaN too); with `none`, or None."""
    return (none and value is None) or (isinstance(value, int | float | np.number) and not isinstance(value, bool))


def _is_size(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def _is_range(pair: Any) -> bool:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(is_number, pair)):
        return False
    return bool(0 <= pair[0] <= pair[1] <= 1)
