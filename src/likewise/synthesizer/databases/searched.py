"""Conditions on rows that belong to others: whole roots are drawn, with their rows down to those that are asked about,
and kept where all conditions hold. The law of those kept is the model's own under the conditions (rejection sampling,
von Neumann 1951).

Legend: m roots of a batch, n rows of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from likewise.conditions import OfRows, meeting, resolve
from likewise.databases.keys import ForeignKey
from likewise.errors import ConditionError
from likewise.models.drawing.conditioning import Budget
from likewise.schema.column import Schema
from likewise.schema.parse import parse
from likewise.synthesizer.asked import LEAST_TRIES, TRIES_A_HISTORY
from likewise.typing import Bools, Ints

ROWS_AT_ONCE = 2**16
"""Roots drawn together, at most."""

OfTable = Sequence[tuple[str, OfRows]]
"""Columns, and on which rows of a root a condition is: some of them, or all there are."""


@dataclass(frozen=True)
class Subtrees:
    """Rows of several tables that go back to the same roots.

    Args:
        rows: by table, as they were drawn, without keys.
        links: (n,) the row of its owner that each belongs to.
    """

    rows: Mapping[str, pl.DataFrame]
    links: Mapping[ForeignKey, Ints]

    def whose(self, chain: Sequence[str], owner: Mapping[str, ForeignKey]) -> dict[str, Ints]:
        """(n,) the root of each row, by table.

        Args:
            chain: the tables, the root first and each after its owner.
        """
        found = {chain[0]: np.arange(len(self.rows[chain[0]]))}
        for name in chain[1:]:
            above = found[owner[name].parent]
            at = self.links[owner[name]]
            found[name] = np.where(at >= 0, above[np.maximum(at, 0)], -1) if len(above) else np.full(len(at), -1)
        return found

    def of_roots(self, some: Ints, chain: Sequence[str], owner: Mapping[str, ForeignKey]) -> Subtrees:
        """The rows of these roots, ascending; and of nobody none."""
        whose, rows, links, place = self.whose(chain, owner), {}, {}, dict[str, Ints]()
        for name in chain:
            kept = np.isin(whose[name], some)
            rows[name] = self.rows[name].filter(pl.Series(kept))
            place[name] = np.cumsum(kept) - 1
            if name != chain[0]:
                links[owner[name]] = place[owner[name].parent][self.links[owner[name]][kept]]
        return Subtrees(rows, links)


def joined(parts: Sequence[Subtrees], owner: Mapping[str, ForeignKey]) -> Subtrees:
    """The rows of several draws as those of one."""
    rows = {name: pl.concat([part.rows[name] for part in parts]) for name in parts[0].rows}
    links = {}
    for key in parts[0].links:
        before = np.cumsum([0, *(len(part.rows[key.parent]) for part in parts)])
        links[key] = np.concatenate([part.links[key] + n for part, n in zip(parts, before, strict=False)])
    return Subtrees(rows, links)


def search(
    draw: Callable[[int, int], Subtrees], n: int, conditions: Mapping[str, OfTable], schemas: Mapping[str, Schema],
    chain: Sequence[str], owner: Mapping[str, ForeignKey],
) -> Subtrees:  # fmt: skip
    """n roots that meet all conditions, with their rows.

    Args:
        draw: so many roots with their rows, and the number of the batch.
        conditions: by table.
        schemas: of these tables.

    Raises:
        ConditionError: too few roots meet them to be found.
    """
    budget, parts = Budget(n, max(LEAST_TRIES, TRIES_A_HISTORY * n)), list[Subtrees]()
    while budget.found < n:
        if budget.is_spent:
            names = ", ".join(repr(f"{name}.{c}") for name, of in conditions.items() for c, _ in of)
            met = f"{budget.mass:,.0f}" if budget.mass else "none"
            raise ConditionError(
                f"conditions on {names}: of {budget.tried:,} rows of {chain[0]!r} that the model drew with all that "
                f"belongs to them, {met} met them (acceptance rate {budget.share:.2g}), too few to give {n:,}; widen "
                "the conditions, or ask for fewer rows"
            )
        m = budget.next_batch(n - budget.found, most=ROWS_AT_ONCE)
        drawn = draw(m, len(parts))
        good = np.flatnonzero(_met(drawn, conditions, schemas, chain, owner))
        taken = good[: n - budget.found]
        parts.append(drawn.of_roots(taken, chain, owner))
        budget.spend(m, mass=float(len(good)), found=len(taken))
    return joined(parts, owner)


def _met(
    drawn: Subtrees, conditions: Mapping[str, OfTable], schemas: Mapping[str, Schema], chain: Sequence[str],
    owner: Mapping[str, ForeignKey],
) -> Bools:  # fmt: skip
    """(m,) which roots meet all."""
    m = len(drawn.rows[chain[0]])
    whose, found = drawn.whose(chain, owner), np.ones(m, bool)
    for name, asked in conditions.items():
        here = whose[name] >= 0
        lengths = np.bincount(whose[name][here], minlength=m)
        for column, of in asked:
            own = Schema((schemas[name][column],))
            cells = parse(drawn.rows[name].select(column), own)
            met = meeting(cells, resolve({column: of.condition}, own)).to_numpy()
            n_met = np.bincount(whose[name][here], met[here], minlength=m)
            found &= n_met > 0 if of.which == "some" else n_met == lengths
    return found
