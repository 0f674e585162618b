"""The ledger: every query is an entry, and what was spent is their sum. Nothing else counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

import numpy as np

from likewise.dp.accounting import (
    Steps,
    check_budget,
    epsilon_of,
    epsilon_of_steps,
    multiplier_of,
    rho_of,
    rho_of_exponential,
    rho_of_gaussian,
)
from likewise.errors import MissingExtraError, ModelFileError, OptionError, PrivacyError
from likewise.notebook import Table, card

PAYABLE = ("levels", "bounds", "missing")
SAMPLED, UNASKED = "sampled gaussian", "none"
SLACK = 1e-9
"""Relative rounding that a sum of costs may show."""

GRID_SLACK = 3e-3
"""Relative width below a budget within which the search for a multiplier that keeps it may end."""


@dataclass(frozen=True)
class DP:
    """A budget of differential privacy, and what may be paid for out of it.

    The unit is one row, and tables are neighbours when one has one row more (add or remove): whatever a row holds,
    the fitted model, and everything drawn from it, is nearly as likely without that row. Dwork and Roth 2014,
    definition 2.4. A person who has several rows is protected less: k rows make k times the epsilon at least. With
    `entity` the unit is all rows of one entity, of which `max_rows` are learnt from: by chance, and of histories
    (`Synthesizer(time=...)`) the first ones. With `root` the unit is a row of that table of a database, with all rows
    of other tables that go back to it, of which the first `max_rows` of each table are learnt from.

    What is declared is public: the schema's columns, kinds, formats, bounds, levels and nullability. What is not
    declared stops the fit, unless `pay` names it.

    Args:
        epsilon: greatest change of the log odds that one row can make.
        delta: chance that the change is greater; below one over the number of rows, or single rows may be shown.
        pay: what may be learnt from the data at a price instead of being declared: "levels" (those that enough rows
            hold), "bounds" (powers of two), "missing" (every column may be missing; costs one noisy cell more).
        codec_share: share of the budget for the codec's own queries, where there are any; the rest is the generator's.
        entity: column that says whose a row is; None protects rows one by one.
        max_rows: rows of one entity that are learnt from, at most. Every answer has that many times the noise, but for
            histories and databases, in which an entity has one place in each count and one clipped sum in each step.
        root: table of a database whose rows are the persons.

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
    entity: str | None = None
    max_rows: int = 1
    root: str | None = None

    def __post_init__(self) -> None:
        check_budget(self.epsilon, self.delta)
        object.__setattr__(self, "pay", (self.pay,) if isinstance(self.pay, str) else tuple(self.pay))
        for what in self.pay:
            if what not in PAYABLE:
                raise OptionError(f"pay may name {', '.join(PAYABLE)}, got {what!r}")
        if not 0 < self.codec_share < 1:
            raise OptionError(f"codec_share must lie between 0 and 1, both excluded, got {self.codec_share!r}")
        if isinstance(self.max_rows, bool) or not isinstance(self.max_rows, int | np.integer) or self.max_rows < 1:
            raise OptionError(f"max_rows must be a whole number of 1 or more, got {self.max_rows!r}")
        object.__setattr__(self, "max_rows", int(self.max_rows))
        if self.max_rows > 1 and self.entity is None and self.root is None:
            raise OptionError("max_rows counts the rows of an entity: name the column that tells them apart as entity")
        if self.root is not None and self.entity is not None:
            raise OptionError("root names a table of a database, and entity a column of one table: give one of the two")

    @property
    def unit(self) -> str:
        """Whose presence is hidden, in words."""
        if self.root is not None:
            rows = f"of which the first {self.max_rows} rows of each table count"
            return f"row of table {self.root!r} with all rows that go back to it, {rows}"
        if self.entity is None:
            return "row"
        return f"entity of column {self.entity!r} with at most {self.max_rows} rows"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One query, or the steps of one training.

    Args:
        what: what was asked, in words, with no value of the data.
        mechanism: "gaussian", "exponential", "sampled gaussian" (steps on Poisson samples of the rows), or "none" for
            what was planned and not asked.
        parameter: deviation of the noise (gaussian), epsilon of the choice (exponential), or deviation over the norm to
            which a row's gradient is clipped (sampled gaussian).
        sensitivity: how far one row can move the answer: L2 for gaussian, of the scores for exponential.
        rho: what it costs a row, mu^2 / 2 in Gaussian differential privacy; 0 for steps, whose cost that cannot tell.
        delta: what it adds to delta, for a choice of what is shown at all.
        rate: chance of a row to be in the sample of a step.
        steps: how many steps the entry stands for.
    """

    what: str
    mechanism: str
    parameter: float
    sensitivity: float = 1.0
    rho: float
    delta: float = 0.0
    rate: float = 1.0
    steps: int = 1

    @property
    def is_sampled(self) -> bool:
        return self.mechanism == SAMPLED

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The entry that a file holds, if its cost is that of its mechanism.

        Raises:
            ValueError, TypeError: it is of no known mechanism, or costs something else.
        """
        made = cls(**data)
        Steps(made.rate, made.steps)
        if made.mechanism not in COSTS:
            raise ValueError(f"no mechanism is named {made.mechanism!r}")
        if not (0 <= made.delta < 1 and 0 <= made.rho < math.inf and 0 <= made.parameter < math.inf):
            raise ValueError("an entry costs what it cannot")
        if made.mechanism != UNASKED and not (made.parameter > 0 and 0 < made.sensitivity < math.inf):
            raise ValueError("a mechanism needs noise and a sensitivity")
        if not math.isclose(made.rho, COSTS[made.mechanism](made), rel_tol=1e-6):
            raise ValueError("an entry costs something else than its mechanism")
        return made


COSTS: dict[str, Callable[[Entry], float]] = {
    "gaussian": lambda entry: rho_of_gaussian(entry.sensitivity, entry.parameter),
    "exponential": lambda entry: rho_of_exponential(entry.parameter),
    SAMPLED: lambda entry: 0.0,
    UNASKED: lambda entry: entry.rho,
}
"""rho of an entry, by mechanism."""


class Ledger:
    """What a budget was spent on. An entry is written before the mechanism runs, and one too many is refused.

    Costs are those of a row; the budget is that of a unit, which may be a group of rows. Of histories they are those of
    the unit itself.

    Args:
        budget: what there is to spend.
        whole: whether each entry tells what all rows of an entity can do together: it has one place in a count, or one
            clipped sum in a step, however many rows it has.
    """

    def __init__(self, budget: DP, *, whole: bool = False) -> None:
        self.budget, self.whole, self._about = budget, whole, ""
        self.group = 1 if whole else budget.max_rows
        # A part of delta pays for showing which levels and values are frequent; the rest turns costs into epsilon.
        self.delta_aside = budget.delta / 10
        # A group of m rows has m times a row's mu (Dong, Roth and Su 2022, theorem 2.14), so m^2 times its rho.
        self.rho = rho_of(budget.epsilon, self._delta) / self.group**2
        self._entries: list[Entry] = []

    @property
    def _delta(self) -> float:
        return self.budget.delta - self.delta_aside

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    @property
    def spent(self) -> float:
        """rho of a row spent so far, steps on samples aside."""
        return math.fsum(entry.rho for entry in self._entries)

    @property
    def left(self) -> float:
        """rho of a row that is left; none once steps have taken the rest."""
        return 0.0 if self.runs else max(self.rho - self.spent, 0.0)

    @property
    def epsilon(self) -> float:
        """What all entries together cost the unit, at the budget's delta."""
        if self.runs:
            epsilon = epsilon_of_steps(
                self.runs, self._delta, rho=self.spent, group=self.group, near=self.budget.epsilon
            )
            budget = float(self.budget.epsilon)
            return budget if budget * (1 - GRID_SLACK) < epsilon <= budget else epsilon
        if math.isclose(self.spent, self.rho, rel_tol=SLACK):
            return float(self.budget.epsilon)  # spent to the last: the inverse of the inverse, without its rounding
        return epsilon_of(self.group**2 * self.spent, self._delta)

    @property
    def runs(self) -> list[tuple[Steps, float]]:
        """Steps on samples, each with its noise multiplier."""
        return [(Steps(e.rate, e.steps), e.parameter) for e in self._entries if e.is_sampled]

    @property
    def unit(self) -> str:
        """Whose presence is hidden, in words."""
        if not self.whole or self.budget.root is not None:
            return self.budget.unit
        rows = self.budget.max_rows
        return f"entity of column {self.budget.entity!r} with its whole history, of which the first {rows} rows count"

    @contextmanager
    def about(self, what: str) -> Iterator[None]:
        """Entries within tell what they are about, such as a table."""
        self._about = f"{what}: "
        try:
            yield
        finally:
            self._about = ""

    def spend(self, entry: Entry) -> None:
        """Write an entry down.

        Raises:
            PrivacyError: it costs more than is left, or nothing.
        """
        if not (entry.rho > 0 and math.isfinite(entry.rho) and entry.delta >= 0):
            raise PrivacyError(f"{entry.what}: a query must have a cost, got rho {entry.rho!r}")
        if self.runs or self.spent + entry.rho > self.rho * (1 + SLACK):
            raise PrivacyError(
                f"{entry.what}: costs rho {entry.rho:.4g}, and {self.left:.4g} of {self.rho:.4g} is left; "
                "nothing was asked of the data"
            )
        if math.fsum(e.delta for e in self._entries) + entry.delta > self.delta_aside * (1 + SLACK):
            raise PrivacyError(
                f"{entry.what}: adds more to delta than was set aside for showing frequent levels and values"
            )
        self._entries.append(replace(entry, what=self._about + entry.what))

    def multiplier(self, *plans: Steps) -> float:
        """The noise multiplier with which the planned steps use what is left of the budget, and no more.

        Raises:
            PrivacyError: no multiplier keeps the budget: too little is left, or the steps are too many.
        """
        multiplier = None
        if not self.runs:
            multiplier = multiplier_of(plans, self.budget.epsilon, self._delta, rho=self.spent, group=self.group)
        if multiplier is None:
            raise PrivacyError(
                f"{sum(p.steps for p in plans):,} steps of training do not fit into what is left of epsilon "
                f"{self.budget.epsilon:g}, whatever the noise: ask for fewer epochs, or use model 'mst' or 'aim'"
            )
        return multiplier

    def spend_steps(self, *runs: tuple[str, Steps, float]) -> None:
        """Write down all steps that are to come, before the first: (what, steps, noise multiplier) of each phase.

        Nothing can be spent afterwards.

        Raises:
            PrivacyError: they cost more than is left.
        """
        entries = [
            Entry(what=what, mechanism=SAMPLED, parameter=multiplier, rho=0.0, rate=plan.rate, steps=plan.steps)
            for what, plan, multiplier in runs
        ]
        phases = " and ".join(what for what, _, _ in runs)
        if self.runs:
            raise PrivacyError(f"{phases}: steps of training have used the budget up")
        for what, _, multiplier in runs:
            if not (multiplier > 0 and math.isfinite(multiplier)):
                raise PrivacyError(f"{what}: steps need noise, got a multiplier of {multiplier!r}")
        costs = epsilon_of_steps(
            [(plan, multiplier) for _, plan, multiplier in runs],
            self._delta, rho=self.spent, group=self.group, near=self.budget.epsilon,
        )  # fmt: skip
        if costs > self.budget.epsilon * (1 + SLACK):
            raise PrivacyError(
                f"{phases}: would bring epsilon to {costs:.4g}, and the budget is {self.budget.epsilon:g}; "
                "nothing was asked of the data"
            )
        self._entries += entries

    def _repr_html_(self) -> str:
        heads = ("asked", "mechanism", "noise", "cost rho")
        rows = [(e.what, e.mechanism, f"{e.parameter:.4g}", f"{e.rho:.3g}") for e in self._entries]
        try:
            spent = f"{self.epsilon:.4g} of {self.budget.epsilon:g}"
        except MissingExtraError as error:
            spent = str(error)
        facts = [("epsilon", spent), ("delta", f"{self.budget.delta:g}"), ("for one more or less", self.unit)]
        return card("Ledger", Table((), facts), Table(heads, rows))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data: budget, entries, and what they come to."""
        return {
            "budget": asdict(self.budget),
            "unit": self.unit,
            "whole": self.whole,
            "adjacency": f"add or remove one {'row' if self.budget.entity is self.budget.root is None else 'entity'}",
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
            known = {f.name for f in fields(DP)}
            budget = DP(**{name: value for name, value in data["budget"].items() if name in known})
            if (whole := data.get("whole", False)) not in (True, False) or (
                whole and budget.entity is budget.root is None
            ):
                raise ValueError("of whose rows are the entries?")
            ledger = cls(budget, whole=whole)
            for entry in map(Entry.from_dict, data["entries"]):
                if entry.is_sampled:
                    # Not held to the budget here: `epsilon` tells what they cost, and needs an extra package for it.
                    ledger._entries.append(entry)
                else:
                    ledger.spend(entry)
            return ledger
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError("the ledger does not hold together") from error
