"""The ledger: every touch of the data is an entry, and what was spent is their sum. Nothing else counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from likewise.dp.accounting import check_budget, epsilon_of, rho_of
from likewise.errors import ModelFileError, OptionError, PrivacyError

PAYABLE = ("levels", "bounds", "missing")
SLACK = 1e-9
"""Relative rounding that a sum of costs may show."""


@dataclass(frozen=True)
class DP:
    """A budget of differential privacy, and what may be paid for out of it.

    The unit is one row, and tables are neighbours when one has one row more (add or remove): whatever a row holds,
    the fitted model, and everything drawn from it, is nearly as likely without that row. Dwork and Roth 2014,
    definition 2.4. A person who has several rows is protected less: k rows make k times the epsilon at least.

    What is declared is public: the schema's columns, kinds, formats, bounds, levels and nullability. What is not
    declared stops the fit, unless `pay` names it.

    Args:
        epsilon: greatest change of the log odds that one row can make.
        delta: chance that the change is greater; below one over the number of rows, or single rows may be shown.
        pay: what may be learnt from the data at a price instead of being declared: "levels" (those that enough rows
            hold), "bounds" (powers of two), "missing" (every column may be missing; costs one noisy cell more).
        codec_share: share of the budget for the codec's own touches, where there are any; the rest is the generator's.

    Raises:
        OptionError: a number is out of its range, or `pay` names what cannot be paid for.

    Example:
        >>> DP(1.0, 1e-6).epsilon
        1.0
    """

    epsilon: float
    delta: float = 1e-6
    pay: tuple[str, ...] | str = ()
    codec_share: float = 0.1

    def __post_init__(self) -> None:
        check_budget(self.epsilon, self.delta)
        object.__setattr__(self, "pay", (self.pay,) if isinstance(self.pay, str) else tuple(self.pay))
        for what in self.pay:
            if what not in PAYABLE:
                raise OptionError(f"pay may name {', '.join(PAYABLE)}, got {what!r}")
        if not 0 < self.codec_share < 1:
            raise OptionError(f"codec_share must lie between 0 and 1, both excluded, got {self.codec_share!r}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One touch of the data.

    Args:
        what: what was asked, in words, with no value of the data.
        mechanism: "gaussian" or "exponential".
        parameter: deviation of the noise (gaussian) or epsilon of the choice (exponential).
        sensitivity: how far one row can move the answer: L2 for gaussian, of the scores for exponential.
        rho: what it costs in zero-concentrated differential privacy.
        delta: what it adds to delta, for a choice of what is shown at all.
    """

    what: str
    mechanism: str
    parameter: float
    sensitivity: float = 1.0
    rho: float
    delta: float = 0.0


class Ledger:
    """What a budget was spent on. An entry is written before the mechanism runs, and one too many is refused.

    Args:
        budget: what there is to spend.
    """

    def __init__(self, budget: DP, entries: Iterable[Entry] = ()) -> None:
        self.budget = budget
        # A part of delta pays for showing which levels and values are frequent; the rest turns rho into epsilon.
        self.delta_aside = budget.delta / 10
        self.rho = rho_of(budget.epsilon, budget.delta - self.delta_aside)
        self._entries: list[Entry] = []
        for entry in entries:
            self.spend(entry)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    @property
    def spent(self) -> float:
        """rho spent so far."""
        return math.fsum(entry.rho for entry in self._entries)

    @property
    def left(self) -> float:
        """rho left."""
        return max(self.rho - self.spent, 0.0)

    @property
    def epsilon(self) -> float:
        """What all entries together cost, at the budget's delta."""
        if math.isclose(self.spent, self.rho, rel_tol=SLACK):
            return float(self.budget.epsilon)  # spent to the last: the inverse of the inverse, without its rounding
        return epsilon_of(self.spent, self.budget.delta - self.delta_aside)

    def spend(self, entry: Entry) -> None:
        """Write an entry down.

        Raises:
            PrivacyError: it costs more than is left, or nothing.
        """
        if not (entry.rho > 0 and math.isfinite(entry.rho) and entry.delta >= 0):
            raise PrivacyError(f"{entry.what}: a touch of the data must have a cost, got rho {entry.rho!r}")
        if self.spent + entry.rho > self.rho * (1 + SLACK):
            raise PrivacyError(
                f"{entry.what}: costs rho {entry.rho:.4g}, and {self.left:.4g} of {self.rho:.4g} is left; "
                "nothing was asked of the data"
            )
        if math.fsum(e.delta for e in self._entries) + entry.delta > self.delta_aside * (1 + SLACK):
            raise PrivacyError(
                f"{entry.what}: adds more to delta than was set aside for showing frequent levels and values"
            )
        self._entries.append(entry)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data: budget, entries, and what they come to."""
        return {
            "budget": asdict(self.budget),
            "unit": "row",
            "adjacency": "add or remove one row",
            "entries": [asdict(entry) for entry in self._entries],
            "rho": self.spent,
            "epsilon": self.epsilon,
            "delta": self.budget.delta,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; costs are added up anew, never taken from the file.

        Raises:
            ModelFileError: a part is absent, of another type, or the entries cost more than the budget.
        """
        try:
            budget = DP(**{f.name: data["budget"][f.name] for f in fields(DP)})
            return cls(budget, [Entry(**entry) for entry in data["entries"]])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError("the ledger does not hold together") from error
