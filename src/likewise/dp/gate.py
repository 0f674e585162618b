"""The gate: the one way by which a generator reaches rows.

Who learns puts queries to a gate. `Exact` answers from the rows as they are, and hands them out. `Noisy` has a budget:
it writes an entry into its ledger, looks only then, and answers with noise. It has no way to give a row out, so that a
look without an entry cannot be written down.

How much a query may spend is told as a share of what the gate was opened with; the exact one spends nothing.

Legend: n rows, D fields, K codes of a field, P parameters.
"""

from __future__ import annotations

import logging
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps, sigma_of_gaussian
from likewise.dp.answers import Answers, NoisyTable
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_choices, noisy_counts, noisy_sum, sampled_rows
from likewise.dp.queries import Clique, Distance, Ints, Marginals, Measurement, Table, count_table
from likewise.errors import LikewiseWarning, OptionError, PrivacyError

Floats = npt.NDArray[np.floating[Any]]

CHUNK = 1024
"""Rows of a step handed out at once."""

MOST_DROWNED = 1e-3
"""Noise of all steps together, in each direction, over the norm to which a row's gradient is clipped, above which
little is learnt. Held-out loss on Adult's columns of the default net, and of noisy counts alone: at .0005 (4,000 rows,
epsilon 3) 20.5 and 23.3; at .0013 (4,000 rows, epsilon 1) 22.4 and 22.6; at .005 (1,000 rows, epsilon 1) 26.1 and
22.6."""

_log = logging.getLogger("likewise")


class Gate(ABC):
    """Rows of codes, and the queries that they answer.

    Args:
        codes: the rows.
        sizes: (D,) codes of every field.
    """

    is_private: ClassVar[bool]
    """Whether a budget holds."""
    plan: StepPlan | None = None
    """The training that was paid for, where there was one."""
    counts_of_all: Sequence[Ints] | None = None
    """(K,) rows of each code of each field, where the rows are an exact sample of more; None where they are all."""

    def __init__(self, codes: Codes, sizes: Sequence[int]) -> None:
        self._codes, self.sizes = codes, tuple(sizes)
        self._tables: dict[Clique, npt.NDArray[Any]] = {}
        self._scores: WeakKeyDictionary[Distance, float] = WeakKeyDictionary()

    @property
    def answers(self) -> tuple[NoisyTable, ...]:
        """Noisy tables that were paid for, to hold against them what is drawn."""
        return ()

    @property
    @abstractmethod
    def left(self) -> float:
        """Share of what the gate was opened with that is not spent; 0 where there is nothing to spend."""

    @abstractmethod
    def deviation(self, share: float, sensitivity: float = 1.0) -> float:
        """The deviation of the noise that counts get for such a share; 0 for none."""

    @abstractmethod
    def counts(self, query: Marginals, share: float) -> list[Measurement]:
        """The table of each of the query's cliques.

        Raises:
            PrivacyError: it costs more than is left.

        Privacy: the share.
        """

    @abstractmethod
    def choose(self, candidates: Sequence[Distance], share: float, what: str, *, again: bool = False) -> int:
        """The number of a candidate among those of the greatest scores.

        Args:
            what: the choice in words.
            again: whether the same cliques will be asked for again: their tables are then kept here.

        Raises:
            PrivacyError: it costs more than is left.

        Privacy: the share.
        """

    def grouped(self, groups: Sequence[Ints]) -> Self:
        """The same gate, with codes joined.

        Args:
            groups: for each field (K,) the group of each code, 0, 1, ...; told by anything but the rows.
        """
        codes = self._codes.codes.copy()
        for j, group in enumerate(groups):
            codes[:, j] = group[codes[:, j]]  # no more groups than codes, so that the type holds them
        return self._with(replace(self._codes, codes=codes), [int(g.max(initial=0)) + 1 for g in groups])

    @abstractmethod
    def _with(self, codes: Codes, sizes: Sequence[int]) -> Self: ...

    def _score(self, candidate: Distance, again: bool) -> float:
        """An exact score, found once for each candidate."""
        if candidate not in self._scores:
            table = self._tables.get(candidate.clique)
            if table is None:
                table = count_table(self._codes.codes, candidate.clique, self.sizes)
                if again:  # thousands of tables for tens of fields, so in the smallest type that holds the counts
                    self._tables[candidate.clique] = table = table.astype(np.min_scalar_type(len(self._codes)))
            self._scores[candidate] = candidate.score(table)
        return self._scores[candidate]


class Exact(Gate):
    """Rows that no budget hides: answers are exact, cost nothing, and the rows are there.

    Args:
        counts_of_all: as the attribute.
    """

    is_private: ClassVar[bool] = False

    def __init__(self, codes: Codes, sizes: Sequence[int], counts_of_all: Sequence[Ints] | None = None) -> None:
        super().__init__(codes, sizes)
        self.counts_of_all = counts_of_all

    def rows(self) -> Codes:
        """All rows."""
        return self._codes

    @property
    def left(self) -> float:
        return 0.0

    def deviation(self, share: float, sensitivity: float = 1.0) -> float:
        return 0.0

    def counts(self, query: Marginals, share: float) -> list[Measurement]:
        tables = query.answer(self._codes.codes, self.sizes)
        return [Measurement(c, t.astype(np.float64), 0.0) for c, t in zip(query.cliques, tables, strict=True)]

    def choose(self, candidates: Sequence[Distance], share: float, what: str, *, again: bool = False) -> int:
        return int(np.argmax([self._score(candidate, again) for candidate in candidates]))

    def _with(self, codes: Codes, sizes: Sequence[int]) -> Self:
        return type(self)(codes, sizes)


class Noisy(Gate):
    """Rows behind a budget: each answer is noisy, and stands in the ledger before the look.

    Args:
        ledger: what it leaves is what the gate is opened with.
        share: of that, where not all of it is for this gate.
    """

    is_private: ClassVar[bool] = True

    def __init__(self, codes: Codes, sizes: Sequence[int], ledger: Ledger, share: float = 1.0) -> None:
        super().__init__(codes, sizes)
        self._ledger, self._rho, self._answers = ledger, share * ledger.left, Answers()
        self._rest = ledger.left - self._rho
        self._groups = [np.arange(size) for size in sizes]

    @property
    def answers(self) -> tuple[NoisyTable, ...]:
        return self._answers.tables

    @property
    def left(self) -> float:
        return max(self._ledger.left - self._rest, 0.0) / self._rho if self._rho > 0 else 0.0

    def deviation(self, share: float, sensitivity: float = 1.0) -> float:
        return sigma_of_gaussian(sensitivity, self._rho_of(share))

    def _rho_of(self, share: float) -> float:
        """What a share comes to.

        Raises:
            PrivacyError: nothing, so that no noise hides the answer.
        """
        rho = share * self._rho
        if not 0 < rho < math.inf:
            raise PrivacyError(f"a query needs a share above 0 of a budget that is not spent, got {share!r}")
        return rho

    def counts(self, query: Marginals, share: float) -> list[Measurement]:
        def look() -> Ints:
            return np.concatenate([table.ravel() for table in query.answer(self._codes.codes, self.sizes)])

        if not query.cliques:
            return []
        noisy, sigma = noisy_counts(
            look, self._rho_of(share), self._ledger, query.what, sensitivity=query.sensitivity
        )  # fmt: skip
        shapes = [tuple(self.sizes[j] for j in clique) for clique in query.cliques]
        parts = np.split(noisy, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        measured = [Measurement(*m, sigma) for m in zip(query.cliques, map(np.reshape, parts, shapes), strict=True)]
        for m in measured:
            self._answers.keep(NoisyTable(m.clique, tuple(self._groups[j] for j in m.clique), m.table, sigma))
        return measured

    def choose(self, candidates: Sequence[Distance], share: float, what: str, *, again: bool = False) -> int:
        def look() -> list[Floats]:
            return [np.array([self._score(candidate, again) for candidate in candidates])]

        if not candidates:
            raise PrivacyError(f"{what}: there must be candidates to choose from")
        most = max(candidate.sensitivity for candidate in candidates)
        return noisy_choices(look, self._rho_of(share), self._ledger, what, sensitivity=most)[0]

    def _with(self, codes: Codes, sizes: Sequence[int]) -> Self:
        other = type(self)(codes, sizes, self._ledger)
        other._rho, other._rest, other._answers = self._rho, self._rest, self._answers
        return other

    def grouped(self, groups: Sequence[Ints]) -> Self:
        other = super().grouped(groups)
        other._groups = [group[before] for group, before in zip(groups, self._groups, strict=True)]
        return other

    def clipped_sums(self, phases: Sequence[tuple[str, Steps]], *, clip: float, n_rows: float) -> list[ClippedSums]:
        """Settle and pay for all steps that are to come: all that is left buys one noise multiplier for them.

        Args:
            phases: what is trained in each, and its steps; in the order in which they run.
            clip: greatest norm of a row's gradient.
            n_rows: rows of the table, as best known by earlier answers.

        Raises:
            PrivacyError: the steps do not fit into what is left.

        Privacy: all that is left.
        """
        plans = paid_steps(self._ledger, [(*phase, n_rows) for phase in phases], clip=clip)
        self.plan = plans[0]
        return [ClippedSums(self._codes, plan) for plan in plans]


def paid_steps(ledger: Ledger, phases: Sequence[tuple[str, Steps, float]], *, clip: float) -> list[StepPlan]:
    """The plan of each phase (what, steps, and rows as best known), paid for with all that is left.

    Raises:
        PrivacyError: the steps do not fit into what is left.

    Privacy: all that is left.
    """
    before = ledger.epsilon
    multiplier = ledger.multiplier(*(steps for _, steps, _ in phases))
    ledger.spend_steps(*((what, steps, multiplier) for what, steps, _ in phases))
    plans = []
    for what, steps, n_rows in phases:
        plan = StepPlan(
            steps=steps.steps, rate=steps.rate, multiplier=multiplier, clip=clip, epsilon_before=before,
            epsilon=ledger.epsilon, delta=ledger.budget.delta, n_rows=n_rows,
            of="entities" if ledger.whole else "rows",
        )  # fmt: skip
        _log.info("%s: %s", what, plan.text())
        if plan.drowned > MOST_DROWNED:
            others = "" if ledger.whole else ", or model 'mst', which needs less of both"
            warnings.warn(
                f"{what}: a noise multiplier of {plan.multiplier:.3g} for about {plan.n_rows:,.0f} {plan.of} drowns "
                f"what they say, and little will be learnt. A larger epsilon or more {plan.of} would help{others}",
                LikewiseWarning,
                stacklevel=5,
            )
        plans.append(plan)
    return plans


def gate_of(codes: Codes, sizes: Sequence[int], ledger: Ledger | None = None) -> Exact | Noisy:
    """The gate of rows: behind a budget, where there is a ledger."""
    return Exact(codes, sizes) if ledger is None else Noisy(codes, sizes, ledger)


@dataclass(frozen=True, kw_only=True)
class StepPlan:
    """What a private training will do, settled before it looks at a row.

    Args:
        steps: updates of the weights.
        rate: chance of a row to be in a step.
        multiplier: deviation of the noise over the clip norm.
        clip: greatest norm of a row's gradient.
        epsilon_before: what was spent before the training.
        epsilon: what is spent with it.
        delta: of both.
        n_rows: rows of the table, as best known under the budget; or entities, where it is these that are sampled.
        of: which of the two, in words.
    """

    steps: int
    rate: float
    multiplier: float
    clip: float
    epsilon_before: float
    epsilon: float
    delta: float
    n_rows: float
    of: str = "rows"

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < self.rate <= 1 or not self.n_rows >= 1:
            raise OptionError(f"a plan needs steps, a rate in (0, 1] and rows, got {self.steps} and {self.rate!r}")
        if not (self.multiplier > 0 and self.clip > 0 and math.isfinite(self.multiplier * self.clip)):
            raise OptionError(f"a plan needs noise and a clip norm above 0, got {self.multiplier!r} and {self.clip!r}")

    @property
    def batch(self) -> float:
        """Rows of a step, as best known."""
        return self.rate * self.n_rows

    @property
    def drowned(self) -> float:
        """Noise of all steps' mean gradient together, in each direction, over the norm to which a row's is clipped."""
        return self.multiplier / (self.batch * math.sqrt(self.steps))

    def text(self) -> str:
        return (
            f"{self.steps:,} steps of about {self.batch:,.0f} {self.of} each, noise multiplier {self.multiplier:.3g}, "
            f"gradients clipped to {self.clip:g}: epsilon {self.epsilon_before:.3g} before and {self.epsilon:.3g} "
            f"after, delta {self.delta:g}"
        )


class ClippedSums:
    """The noisy sums of one training, as many as its plan paid for.

    Args:
        codes: the rows.
        plan: settled and paid for.
    """

    unit: int = 1
    """Rows that are clipped together."""

    def __init__(self, codes: Codes, plan: StepPlan) -> None:
        self._codes, self.plan = codes, plan
        self.taken = 0
        """Sums that were asked for."""

    def noisy(self, size: int, clipped: Callable[[Codes], Floats]) -> Table:
        """(P,) the sum over a Poisson sample of the rows, with noise. Where no row comes, it is noise alone.

        Args:
            size: P.
            clipped: rows, some at a time, to the sum (P,) of what each gives: at most `clip` in L2.

        Raises:
            PrivacyError: the plan has no more steps.

        Privacy: what the ledger wrote for this step before training began.
        """
        self._count_step()
        rows, total = sampled_rows(len(self._codes), self.plan.rate), np.zeros(size)
        for start in range(0, len(rows), CHUNK):
            total += clipped(self._codes[rows[start : start + CHUNK]])
        return noisy_sum(total, self.plan.clip, self.plan.multiplier)

    def _count_step(self) -> None:
        if self.taken >= self.plan.steps:
            raise PrivacyError(f"all {self.plan.steps} steps of the plan are done; more were not paid for")
        self.taken += 1
