"""What a row is told of the rows before it, as codes: the last two in part, running means, how many, how long.

The same few lines tell it in training and in drawing, so that a drawn history is told of as a real one is.

Legend: E entities, m of them at one step, D fields of a row, C fields of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from likewise.codecs.base import Field
from likewise.typing import Bools, Floats, Ints

HALF_LIVES = (3.0, 24.0, 192.0)
"""Rows after which a row counts half in a running mean of the places of ordered codes. On 60 engines of some 200 rows
each the lengths of drawn lives stood at .80 with the first alone, at .88 with the second beside it."""
SPAN = 4
"""Half-lives that must fit into a history, for a running mean to be kept."""
LEVELS = 16
"""Codes of a running mean."""
SINGLE = 12
"""Positions that are told one by one; later ones by half powers of two."""
MOST_POSITIONS, MOST_TIES = 32, 8
MANY_LEVELS = 300
"""The row before the last is told of fields without order that have no more codes."""


def with_none(field: Field) -> Field:
    """A field with one more code, outside its order, for what is not there."""
    positions = None if field.positions is None else np.append(field.positions, np.float32(np.nan))
    return replace(
        field, size=field.size + 1, positions=positions, fraction=None, missing=None, emit=np.ones(field.size + 1, bool)
    )


def counted(size: int) -> Field:
    """A field whose codes are numbers in order."""
    places = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return Field(size=size, positions=places, emit=np.ones(size, bool))


@dataclass
class Past:
    """What is kept of each entity's rows while they pass.

    Args:
        last, before: (E, D) codes of the last row and of the one before it; the field's size where there is none.
        sums: (E, O, half-lives) of the places of ordered codes, each row counting less as others follow.
        weight: (E, half-lives) of such sums.
        n_rows: (E,) rows so far.
        ties: (E,) rows in a row at the last one's moment, but that one.
    """

    last: Ints
    before: Ints
    sums: Floats
    weight: Floats
    n_rows: Ints
    ties: Ints


class Memory:
    """What of an entity's rows so far is told of its next one.

    Args:
        fields: (D,) of a row.
        length: rows of a history, as most rows have it: long ones have long running means as well.
    """

    def __init__(self, fields: Sequence[Field], length: int = 1) -> None:
        self._own = tuple(fields)
        self._ordered = [j for j, f in enumerate(fields) if f.positions is not None]
        self._again = [j for j, f in enumerate(fields) if f.positions is None and 2 < f.size <= MANY_LEVELS]
        kept = [life for life in HALF_LIVES if life == HALF_LIVES[0] or SPAN * life <= length]
        self._fades = 0.5 ** (1 / np.array(kept))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """(C,) of what is told."""
        last = [with_none(f) for f in self._own]
        means = [with_none(counted(LEVELS))] * (len(self._ordered) * len(self._fades))
        return (*last, *(last[j] for j in self._again), *means, counted(MOST_POSITIONS), counted(MOST_TIES))

    def begin(self, n: int) -> Past:
        """Entities of which nothing has passed."""
        nothing = np.tile(np.array([f.size for f in self._own], np.int64), (n, 1))
        n_means = len(self._fades)
        return Past(
            nothing, nothing.copy(), np.zeros((n, len(self._ordered), n_means)), np.zeros((n, n_means)),
            np.zeros(n, np.int64), np.zeros(n, np.int64),
        )  # fmt: skip

    def told(self, past: Past, who: Ints) -> Ints:
        """(m, C) codes of what is told of the next row of these entities."""
        weight = past.weight[who]
        means = past.sums[who] / np.maximum(weight, 1e-9)[:, None, :]
        levels = np.where(weight[:, None, :] > 0, np.minimum(means * LEVELS, LEVELS - 1).astype(np.int64), LEVELS)
        n = past.n_rows[who]
        late = SINGLE + (2 * np.log2(np.maximum(n, 1) / SINGLE)).astype(np.int64)
        position = np.where(n < SINGLE, n, np.clip(late, SINGLE, MOST_POSITIONS - 1))
        ties = np.minimum(past.ties[who], MOST_TIES - 1)
        again = past.before[who][:, self._again]
        return np.column_stack([past.last[who], again, levels.reshape(len(who), -1), position, ties])

    def see(self, past: Past, who: Ints, codes: Ints, tied: Bools) -> None:
        """Let rows pass.

        Args:
            codes: (m, D) of a row of each of these entities.
            tied: (m,) whether it is at the moment of the one before.
        """
        past.before[who], past.last[who] = past.last[who], codes
        places = [np.nan_to_num(self._own[j].positions, nan=0.5)[codes[:, j]] for j in self._ordered]  # type: ignore[arg-type]
        past.sums[who] *= self._fades
        past.weight[who] = past.weight[who] * self._fades + 1
        if places:
            past.sums[who] += np.stack(places, 1)[:, :, None]
        past.n_rows[who] += 1
        past.ties[who] = np.where(tied, past.ties[who] + 1, 0)

    def over(self, position: Ints, whose: Ints, codes: Ints, tied: Bools, past: Past | None = None) -> Ints:
        """(n, C) what is told of each of n rows that are known, each entity's in order.

        Args:
            position: (n,) rows of its entity before each.
            whose: (n,) 0 .. E-1.
            codes: (n, D).
            past: of the entities, which then holds these rows too; None begins one.
        """
        result = np.empty((len(codes), len(self.fields)), np.min_scalar_type(max(f.size for f in self.fields)))
        past = self.begin(int(whose.max(initial=-1)) + 1) if past is None else past
        by_step = np.argsort(position, kind="stable")
        many = np.bincount(position)
        ends = np.cumsum(many)
        for first, stop in zip(ends - many, ends, strict=True):
            rows = by_step[first:stop]
            result[rows] = self.told(past, whose[rows])
            self.see(past, whose[rows], codes[rows], tied[rows])
        return result
