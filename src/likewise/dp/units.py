"""Rows of entities behind a budget that protects each of these whole: one place in every count, one clipped sum a step.

Whatever rows an entity has, and however many, it moves a count as one row does, for one row of each is counted, chosen
by chance; and a sum of gradients by the norm that its own sum was cut to.

Legend: n rows, U entities, k rows of one that are learnt from in a step, P parameters.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps
from likewise.dp.answers import NoisyTable
from likewise.dp.gate import CHUNK, ClippedSums, Floats, Noisy, StepPlan, paid_steps
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_sum, sampled_rows
from likewise.dp.queries import Clique, Ints, Marginals, Measurement, Table
from likewise.dp.rehearsal import is_rehearsal
from likewise.errors import PrivacyError

ROWS_A_STEP = 8
"""Rows of an entity in a step, at most."""


def places_by_chance(starts: Ints, n: int) -> Ints:
    """(n,) the place of each row in a random order of its entity's rows, 0 the first; nobody can know it.

    Args:
        starts: (U,) where each entity's rows begin, one after the other.
    """
    lengths = np.diff(np.append(starts, n))
    chance = np.zeros(n, np.uint64) if is_rehearsal() else np.frombuffer(secrets.token_bytes(8 * n), np.uint64)
    order = np.lexsort((chance, np.repeat(np.arange(len(starts)), lengths)))
    places = np.empty(n, np.int64)
    places[order] = np.arange(n) - np.repeat(starts, lengths)
    return places


def one_of_each(starts: Ints, n: int) -> Ints:
    """Numbers of rows, ascending: one of each entity that has any, chosen by chance, whatever the others."""
    return np.flatnonzero(places_by_chance(starts, n) == 0)


class Entities(Noisy):
    """Rows of entities, one after the other, behind a budget that protects entities.

    An answer is kept, and given again at no further cost. Steps are paid for by `settle`, for several gates together.

    Args:
        lengths: (U,) how many rows each entity has; one may have none.
        ledger: whose entries are of whole entities.

    Raises:
        PrivacyError: the ledger counts rows, or there are more or fewer rows than entities have.
    """

    def __init__(self, codes: Codes, lengths: Ints, sizes: Sequence[int], ledger: Ledger) -> None:
        if not ledger.whole:
            raise PrivacyError("this ledger counts rows, and what is to be protected are whole entities")
        _check_rows(codes, lengths)
        super().__init__(codes[one_of_each(np.cumsum(lengths) - lengths, len(codes))], sizes, ledger)
        self._rows, self._lengths = codes, lengths
        self._known: dict[tuple[Clique, ...], list[Measurement]] = {}
        self._sums: EntitySums | None = None

    @property
    def nothing(self) -> Codes:
        """No row at all."""
        return self._rows[:0]

    @property
    def answers(self) -> tuple[NoisyTable, ...]:
        """None: what rows are told stands in no table that is drawn."""
        return ()

    def counts(self, query: Marginals, share: float) -> list[Measurement]:
        if query.cliques not in self._known:
            self._known[query.cliques] = super().counts(query, share)
        return self._known[query.cliques]

    def clipped_sums(self, phases: Sequence[tuple[str, Steps]], *, clip: float, n_rows: float) -> list[ClippedSums]:
        """The sums that `settle` paid for, as many as it settled.

        Raises:
            PrivacyError: there are none, or they are given away already.
        """
        sums, self._sums = self._sums, None
        if sums is None or len(phases) != 1 or clip != sums.plan.clip:
            raise PrivacyError("these steps of training were not paid for")
        return [sums]


def settle(gates: Sequence[tuple[Entities, str, Steps, float]], ledger: Ledger, *, clip: float) -> None:
    """Pay for all steps of several gates (what is trained, its steps, entities as best known) with all that is left.

    Raises:
        PrivacyError: they do not fit into what is left.
    """
    plans = paid_steps(ledger, [(what, steps, n) for _, what, steps, n in gates], clip=clip)
    unit = max(min(ROWS_A_STEP, ledger.budget.max_rows), 2)
    for (gate, *_), plan in zip(gates, plans, strict=True):
        gate.plan, gate._sums = plan, EntitySums(gate._rows, gate._lengths, plan, unit)


class EntitySums(ClippedSums):
    """The noisy sums of one training, of which each entity gives one part.

    Args:
        codes: the rows, each entity's one after the other.
        lengths: (U,) how many each has.
        unit: k.
    """

    def __init__(self, codes: Codes, lengths: Ints, plan: StepPlan, unit: int) -> None:
        super().__init__(codes, plan)
        _check_rows(codes, lengths)
        self._starts, self._lengths, self.unit = np.cumsum(lengths) - lengths, lengths, unit

    def noisy(self, size: int, clipped: Callable[..., Floats]) -> Table:
        """(P,) the sum over a Poisson sample of the entities, with noise. Where nobody comes, it is noise alone.

        Args:
            size: P.
            clipped: as many rows, k at most, for each of some entities, and (entities, rows of one) which of them there
                are, the others filling up, to the sum (P,) of what each entity gives: at most `clip` in L2.

        Raises:
            PrivacyError: the plan has no more steps.

        Privacy: what the ledger wrote for this step before training began.
        """
        self._count_step()
        chosen, total = sampled_rows(len(self._starts), self.plan.rate), np.zeros(size)
        kept, k, least = np.minimum(self._lengths[chosen], self.unit), 1, 0
        while least < self.unit:  # those of about as many rows together: few places stay empty
            k = min(k, self.unit)
            some = chosen[(kept > least) & (kept <= k)]
            for first in range(0, len(some), max(CHUNK // k, 1)):
                rows, present = self._rows_of(some[first : first + max(CHUNK // k, 1)], k)
                total += clipped(self._codes[rows], present)
            least, k = k, 2 * k
        return noisy_sum(total, self.plan.clip, self.plan.multiplier)

    def _rows_of(self, who: Ints, k: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Rows by chance of these entities, k for each, and (entities, k) which of them there are. What fills one up is
        a row of its own: another's, if its loss were no number, would take the entity out of the sum."""
        lengths = self._lengths[who]
        begins = np.cumsum(lengths) - lengths
        n = int(lengths.sum())
        rows = np.repeat(self._starts[who] - begins, lengths) + np.arange(n)
        places = places_by_chance(begins, n)
        kept, of = places < k, np.repeat(np.arange(len(who)), lengths)
        result, present = np.repeat(self._starts[who], k).reshape(-1, k), np.zeros((len(who), k), bool)
        result[of[kept], places[kept]], present[of[kept], places[kept]] = rows[kept], True
        return result.ravel(), present


def _check_rows(codes: Codes, lengths: Ints) -> None:
    if int(lengths.sum()) != len(codes):  # else one entity's rows would be taken for another's
        raise PrivacyError(f"entities have {int(lengths.sum())} rows together, and there are {len(codes)}")
