"""What every score of a database is given: the sides as arrays, the hands, floors, seeds, and where notes go."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.evaluate.databases.counted import Pair
from likewise.evaluate.databases.counted import hops as counted_hops
from likewise.evaluate.databases.dealt import Apart, Dealt, deal
from likewise.evaluate.databases.floors import rewired
from likewise.evaluate.databases.hops import Hop, hop_scores
from likewise.evaluate.databases.linked import Linked, link
from likewise.evaluate.databases.roots import is_list, owners
from likewise.typing import Bools


@dataclass
class Run:
    """One evaluation.

    Args:
        holdout: without the roots that stand in the real database too.
    """

    real: Database
    synthetic: Database
    holdout: Database | None
    seed: int
    notes: list[str] = field(default_factory=list)
    _hops: dict[tuple[str, int], list[Hop]] = field(default_factory=dict, repr=False)
    _dealt: dict[int, tuple[list[Pair], list[Apart]]] = field(default_factory=dict, repr=False)

    @property
    def databases(self) -> dict[str, Database]:
        """By role."""
        found = {"real": self.real, "synthetic": self.synthetic}
        return found if self.holdout is None else found | {"holdout": self.holdout}

    def rng(self, stage: int) -> np.random.Generator:
        """The draws of one stage, whatever the others draw."""
        return np.random.default_rng([self.seed, stage])

    @cached_property
    def linked(self) -> dict[str, Linked]:
        """The sides as arrays."""
        return link(self.databases)

    @cached_property
    def by_value(self) -> dict[str, Linked]:
        """The same with texts compared by value, as an attacker does."""
        return link(self.databases, text="value")

    @cached_property
    def dealt(self) -> Dealt:
        """The hands."""
        return deal(self.linked["real"], self.linked["synthetic"], self.linked.get("holdout"), self.rng(1))

    @cached_property
    def rewired(self) -> Linked:
        """The real database with its links dealt anew."""
        return rewired(self.linked["real"], self.rng(2))

    @cached_property
    def dealt_rewired(self) -> Dealt:
        """Hands in which that stands in the place of the synthetic one."""
        return deal(self.linked["real"], self.rewired, self.linked.get("holdout"), self.rng(1))

    @cached_property
    def apart(self) -> Linked:
        """The same, and who has how many children dealt anew as well."""
        return rewired(self.linked["real"], self.rng(3), counts=False)

    def hops(self, side: Literal["synthetic", "rewired", "apart"], k: int) -> list[Hop]:
        """Pairs of columns k links apart; counted once."""
        if (side, k) not in self._hops:
            other = self.rewired if side == "rewired" else self.apart if side == "apart" else self.linked[side]
            self._hops[side, k] = hop_scores(self.linked["real"], other, k)
        return self._hops[side, k]

    def hops_dealt(self, k: int) -> tuple[list[Pair], list[Apart]]:
        """Some of these pairs, and how far apart hands are by each; dealt once."""
        if k not in self._dealt:
            pairs, counter = counted_hops(self.linked["real"], k, self.rng(10 + k))
            self._dealt[k] = pairs, self.dealt.each(counter)
        return self._dealt[k]

    @property
    def roots(self) -> list[str]:
        """Tables whose rows are root entities, which have a column beside their keys."""
        real = self.linked["real"]
        return [t for t, typed in real.tables.items()
                if typed.columns and t not in self.dealt.owner and not is_list(real, t)]  # fmt: skip


def without_known(real: Database, holdout: Database, notes: list[str]) -> Database | None:
    """The holdout without roots that stand in the real database, key and all, and without what belongs to them: a
    control that holds members is none. None: no root is left."""
    linked = link({"real": real})["real"]
    owner = owners(linked)
    kept: dict[str, Bools] = {}

    def told(table: str) -> Bools:
        if table not in kept:
            frame = holdout.tables[table]
            kept[table] = np.ones(len(frame), bool)
            if table in owner:
                above, at = told(owner[table].parent), holdout.parent_rows(owner[table])
                kept[table] = np.where(at >= 0, above[np.maximum(at, 0)], True) if len(above) else kept[table]
            elif not is_list(linked, table):
                kept[table] = ~_stand_in(frame, real.tables[table])
        return kept[table]

    frames = {table: frame.filter(told(table)) for table, frame in holdout.tables.items()}
    roots = [table for table in holdout.tables if table not in owner and not is_list(linked, table)]
    n, lost = sum(len(holdout.tables[t]) for t in roots), sum(int((~kept[t]).sum()) for t in roots)
    if not lost:
        return holdout
    notes.append(
        f"{lost:,} of {n:,} holdout roots stand in the real database too: a control that contains members is no "
        "control, so they and what belongs to them were left out."
    )
    if lost == n:
        notes.append("No root of the holdout is left, so floors come from the real root entities split in two.")
        return None
    return holdout.with_tables(frames)


def _stand_in(frame: pl.DataFrame, real: pl.DataFrame) -> Bools:
    known = real.select(frame.columns).cast(dict.fromkeys(frame.columns, pl.String), strict=False)
    asked = frame.cast(dict.fromkeys(frame.columns, pl.String), strict=False)
    return np.isin(asked.hash_rows(seed=1).to_numpy(), known.hash_rows(seed=1).to_numpy())


def owned(run: Run, table: str) -> list[ForeignKey]:
    """The links by which rows belong to those of a table."""
    return [key for key in run.dealt.owner.values() if key.parent == table]
