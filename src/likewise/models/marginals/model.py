"""What generators made of noisy tables of counts share: compression of rare codes, drawing, likelihood, state.

Such a generator asks the gate for counts and choices alone. Behind a noisy gate the fitted model is differentially
private; behind an exact one it is a plain graphical model.

Legend: n rows, D fields, K codes of a field, G groups of codes.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.gate import Gate
from likewise.dp.queries import Ints, Measurement, Table
from likewise.errors import ModelFileError
from likewise.models.base import Fit, Generator, learnt
from likewise.models.drawing.conditioning import OWN_CANDIDATES, Budget, emitted, rejection, resample
from likewise.models.eligible import check_free_options
from likewise.models.marginals.counts import SPARE_ROWS, each_field, groups_of, total_rows
from likewise.models.marginals.graphical import Chain, evenly
from likewise.nets.allowed import Allowed
from likewise.training.loop import Record


@dataclass(frozen=True)
class Compression:
    """Which codes of a field share a cell, for lack of rows.

    Args:
        groups: for each field (K,) the group of each code.
        within: for each field (K,) the share of each code in its group, above 0.
    """

    groups: tuple[Ints, ...]
    within: tuple[Table, ...]

    @classmethod
    def of(cls, groups: Sequence[Ints], rows: Sequence[Table]) -> Self:
        """Codes grouped so, with about so many rows each."""
        shares = (r / np.bincount(g, weights=r)[g] for g, r in zip(groups, rows, strict=True))
        return cls(tuple(groups), tuple(shares))

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(int(g.max(initial=0)) + 1 for g in self.groups)

    def compress(self, codes: npt.NDArray[Any]) -> Ints:
        """(n, D) groups of codes; -1 stays -1."""
        columns = [np.where(codes[:, j] < 0, -1, g[codes[:, j]]) for j, g in enumerate(self.groups)]
        return np.stack(columns, 1) if columns else np.zeros((len(codes), 0), np.int64)

    def weights(self, allowed: Mapping[int, Allowed[Table]]) -> dict[int, Allowed[Table]]:
        """(G,) for each field: the mean of what the codes of a group are allowed."""
        return {j: Allowed(self._sum(j, a.weights), self._sum(j, a.free), a.counts) for j, a in allowed.items()}

    def _sum(self, j: int, values: Table) -> Table:
        return np.bincount(self.groups[j], weights=values * self.within[j]).astype(np.float64)

    def expand(self, groups: Ints, allowed: Mapping[int, Allowed[Table]], rng: np.random.Generator) -> Ints:
        """(n, D) codes: each as likely as its share of the group, times what `allowed` leaves of it."""
        codes = np.empty_like(groups)
        for j, (group, within) in enumerate(zip(self.groups, self.within, strict=True)):
            weight = allowed[j].weights if j in allowed else np.ones(len(group))
            order = np.argsort(group, kind="stable")
            upto = np.cumsum((weight * within)[order])
            total = self._sum(j, weight)
            start = np.cumsum(total) - total
            target = start[groups[:, j]] + evenly(groups[:, j], rng) * total[groups[:, j]]
            codes[:, j] = order[np.searchsorted(upto, target, side="right").clip(max=len(group) - 1)]
        return codes


class MarginalModel(Generator):
    """Base of the generators that learn from tables of counts. See `MST`."""

    keeps_privacy: ClassVar[bool] = True
    one_way: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self._chain: Chain | None = None

    def fit(self, fit: Fit) -> Self:
        self.check_context(fit)
        began, gate, sizes = time.monotonic(), fit.gate, fit.alphabet.sizes
        if not gate.is_private:
            check_free_options(self)
        # The held-out rows are not looked at: nothing here stops early.
        measured = gate.counts(each_field(sizes), self.one_way if len(sizes) > 1 else 1.0)
        total = total_rows(measured)
        self._alphabet, self.n_rows = fit.alphabet, round(total)
        groups = [groups_of(m) for m in measured]
        rows = [likely_rows(m.table, m.sigma, group) for m, group in zip(measured, groups, strict=True)]
        self._compression = Compression.of(groups, rows)
        self._chain = self._learn(gate.grouped(groups), list(map(joined, measured, groups)), total)
        # How long it took depends on the rows too, and the record travels with the model.
        seconds = 0.0 if gate.is_private else time.monotonic() - began
        self.record = Record(epochs=1, best_epoch=1, seconds=seconds)
        return self

    @abstractmethod
    def _learn(self, gate: Gate, measured: list[Measurement], total: float) -> Chain:
        """Select groups of fields, measure them, and fit a law to all that was measured.

        Args:
            gate: of rows whose rare codes are joined.
            measured: every field's counts.
            total: the number of rows, about.
        """

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        self._fitted()
        allowed = emitted(self._alphabet, given)
        budget = Budget.of(n, given)

        def block(rows: slice, stream: np.random.Generator) -> Ints:
            if given.codes is not None:
                return self._completed(given.codes[rows], allowed, stream)
            if any(a.counts for a in allowed.values()):
                return self._conditioned(rows.stop - rows.start, allowed, stream, budget)
            return self._drawn(self._unknown(rows.stop - rows.start), allowed, stream)[0]

        return self._in_blocks(n, rng, block)

    def _unknown(self, n: int) -> Ints:
        return np.full((n, len(self._alphabet.fields)), -1, np.int64)

    def _drawn(
        self, known: Ints, allowed: Mapping[int, Allowed[Table]], rng: np.random.Generator
    ) -> tuple[Ints, Table]:
        """(n, D) codes, and the log of what the known ones and the conditions left."""
        chain, compression = self._fitted()
        groups, log_mass = chain.draw(compression.compress(known), compression.weights(allowed), rng)
        codes = compression.expand(groups, allowed, rng)
        return np.where(known >= 0, known, codes), log_mass

    def _conditioned(
        self, n: int, allowed: Mapping[int, Allowed[Table]], rng: np.random.Generator, budget: Budget
    ) -> Ints:
        def candidates(m: int) -> tuple[Ints, Table]:
            return self._drawn(self._unknown(m), allowed, rng)

        # The first fields drawn do not know yet what later ones must obey; weighed by what is left they do.
        return rejection(n, candidates, rng, budget)

    def _completed(self, known: Ints, allowed: Mapping[int, Allowed[Table]], rng: np.random.Generator) -> Ints:
        """(n, D) rows of which some codes are known, each chosen among candidates of its own."""
        rows, log_mass = self._drawn(known.repeat(OWN_CANDIDATES, 0), allowed, rng)
        return rows[resample(log_mass, len(known), rng, pooled=False)]

    def log_prob(self, codes: Codes) -> npt.NDArray[np.float64]:
        chain, compression = self._fitted()
        of_group = sum(
            (np.log(within)[codes.codes[:, j]] for j, within in enumerate(compression.within)),
            start=np.zeros(len(codes)),
        )
        return np.asarray(chain.log_prob(compression.compress(codes.codes.astype(np.int64))) + of_group)

    def _fitted(self) -> tuple[Chain, Compression]:
        return learnt(self._chain), self._compression

    # ---- state ------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        chain, compression = self._fitted()
        d = len(compression.groups)
        given = np.zeros((d, d), np.uint8)
        for i, base in enumerate(chain.given):
            given[i, list(base)] = 1
        return {
            "order": np.array(chain.order, np.int64),
            "given": given,
            "n_rows": np.array([self.n_rows], np.int64),
            "groups": np.concatenate([np.zeros(0, np.int64), *compression.groups]),
            "within": np.concatenate([np.zeros(0), *compression.within]),
            **{f"table.{i}": table for i, table in enumerate(chain.tables)},
        }

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        sizes, d = alphabet.sizes, len(alphabet.sizes)
        plain: dict[str, tuple[Any, Any]] = {
            "order": ((d,), np.int64), "given": ((d, d), np.uint8), "n_rows": ((1,), np.int64),
            "groups": ((sum(sizes),), np.int64), "within": ((sum(sizes),), np.float64),
        }  # fmt: skip
        names = {*plain, *(f"table.{i}" for i in range(d))}
        if set(state) != names or any(state[k].shape != s or state[k].dtype != t for k, (s, t) in plain.items()):
            raise ModelFileError("model: its arrays are not those of this alphabet")
        groups = tuple(np.split(state["groups"], np.cumsum(sizes)[:-1])) if d else ()
        for g in groups:
            if not (np.unique(g) == np.arange(len(np.unique(g)))).all():
                raise ModelFileError("model: the groups of a field's codes must count 0, 1, ...")
        within = tuple(np.split(state["within"], np.cumsum(sizes)[:-1])) if d else ()
        for g, w in zip(groups, within, strict=True):
            if not (w > 0).all() or not np.allclose(np.bincount(g, weights=w), 1, atol=1e-6):
                raise ModelFileError("model: the shares of codes in their groups must be above 0 and sum to 1")
        self._compression = Compression(groups, within)
        self._alphabet, self.n_rows = alphabet, int(state["n_rows"][0])
        self._chain = _chain_of(state, self._compression.sizes)
        return self


def joined(counts: Measurement, group: Ints) -> Measurement:
    """The counts of a field's groups of codes. The one cell of many codes is noisier than the others; it holds few
    rows, so it is weighed like them."""
    table = np.bincount(group, weights=counts.table).clip(SPARE_ROWS, None)
    return Measurement(counts.clique, table, counts.sigma)


def likely_rows(table: Table, sigma: float, group: Ints) -> Table:
    """(K,) rows of each code as best told from its noisy count: drawn to the mean of its group the more, the more of
    the group's spread is noise (James and Stein 1961)."""
    n, size = np.bincount(group)[group], np.bincount(group, weights=table)[group]
    mean = size / n
    spread_of = (np.bincount(group, weights=(table - mean) ** 2)[group] / np.maximum(n - 1, 1)).clip(1e-12)
    return np.asarray((mean + (1 - sigma**2 / spread_of).clip(0, 1) * (table - mean)).clip(SPARE_ROWS))


def _chain_of(state: Mapping[str, npt.NDArray[Any]], sizes: Sequence[int]) -> Chain:
    order = [int(j) for j in state["order"]]
    if sorted(order) != list(range(len(sizes))):
        raise ModelFileError("model: the order must name each field once")
    given, tables = [], []
    for i, j in enumerate(order):
        base = tuple(int(k) for k in np.flatnonzero(state["given"][i]))
        table = state[f"table.{i}"]
        if not set(base) <= set(order[:i]):
            raise ModelFileError("model: a field must be given fields before it")
        if table.shape != tuple(sizes[k] for k in (*base, j)) or table.dtype != np.float64:
            raise ModelFileError(f"model: table {i} is of another shape")
        if not np.isfinite(table).all() or (table < 0).any() or not np.allclose(table.sum(-1), 1, atol=1e-6):
            raise ModelFileError(f"model: table {i} must hold probabilities")
        tables.append(table)
        given.append(base)
    return Chain(tuple(order), tuple(given), tuple(tables))
