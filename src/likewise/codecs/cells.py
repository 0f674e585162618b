"""Cells: runs of neighbouring codes told as one, so that rows which differ in detail read alike.

A tree of cuts leads every row to a class, and a class names one cell for each of the fields that are merged. What a
generator sees of those fields is the cells and nothing else: no code inside them, no fraction. Decoding draws a code of
the cell by how many rows each has in the whole table, and a fraction evenly.

Which cells there are is for others to choose (`likewise.privacy.codec`); here they are applied and kept.

Legend: n rows, D fields, F of them merged, N nodes of the tree, G classes, K codes and C cells of one field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.codecs.column import Arrays, take_array
from likewise.errors import ModelFileError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FieldCells:
    """The cells of one field.

    Args:
        field: which field of the columns' codecs.
        runs: (C, 2) first and last code of each cell; they may lie within each other.
        usual: (K,) the cell that most rows of a code are told as.
        rows: (K,) rows behind each code, by which decoding draws.
    """

    field: int
    runs: Ints
    usual: Ints
    rows: Floats

    def _sums(self, weights: Floats) -> Floats:
        """The sum of a weight over each cell's codes. Shape: (K,) -> (C,)"""
        upto = np.append(0.0, np.cumsum(weights))
        return np.asarray(upto[self.runs[:, 1] + 1] - upto[self.runs[:, 0]])

    def as_field(self, base: Field) -> Field:
        """The cells as a generator sees them; one of which no code may be drawn may not be drawn either."""
        emit = self._sums(base.emit.astype(np.float64)) > 0
        emit = emit if emit.any() else ~emit
        alone = np.flatnonzero((self.runs == (-1 if base.missing is None else base.missing)).all(1))
        missing = int(alone[0]) if len(alone) else None
        return Field(
            size=len(self.runs), positions=self._positions(base), emit=emit, missing=missing,
            missing_as_before=base.missing_as_before,
        )  # fmt: skip

    def _positions(self, base: Field) -> npt.NDArray[np.float32] | None:
        """(C,) mean rank of each cell's rows; NaN for a cell of nothing but codes outside the order."""
        if base.positions is None:
            return None
        inside = np.where(np.isnan(base.positions), 0.0, self.rows)
        total = self._sums(inside)
        mean = self._sums(inside * np.nan_to_num(base.positions)) / np.where(total > 0, total, 1)
        return np.where(total > 0, mean, np.nan).astype(np.float32)

    def weights(self, base: Field, within: Floats) -> Floats:
        """(C,) the share of each cell's draws that a condition on the codes (K,) leaves."""
        drawn = self.rows * base.emit
        total = self._sums(drawn)
        return np.asarray(self._sums(drawn * within) / np.where(total > 0, total, 1))

    def draw(self, cells: Ints, base: Field, rng: np.random.Generator, within: Floats | None = None) -> Ints:
        """(n,) a code of each cell: of those that may be drawn and meet the condition, where it has any."""
        chance, out = rng.random(len(cells)), np.full(len(cells), -1)
        wanted = [self.rows * base.emit * (1.0 if within is None else within), self.rows * base.emit, self.rows]
        for weights in wanted:
            upto = np.append(0.0, np.cumsum(weights))
            low, high = upto[self.runs[cells, 0]], upto[self.runs[cells, 1] + 1]
            at = np.minimum(low + chance * (high - low), np.nextafter(high, low))
            found = np.searchsorted(upto[1:], at, side="right")
            out = np.where((out < 0) & (high > low), found, out)
        return np.where(out < 0, self.runs[cells, 0], out)


@dataclass(frozen=True)
class Cells:
    """All merged fields, and the tree that says which row reads how.

    Args:
        fields: the F merged fields.
        column: (N,) which merged field a node is cut on; -1 at a leaf.
        cut: (N,) codes below it go to the first child, others to the second.
        child: (N,) the first child, the second comes after it; at a leaf the class.
        told: (G, F) the cell of each class in each merged field.
    """

    fields: tuple[FieldCells, ...]
    column: Ints
    cut: Ints
    child: Ints
    told: Ints

    @cached_property
    def _at(self) -> list[int]:
        return [part.field for part in self.fields]

    def alphabet(self, base: Alphabet) -> Alphabet:
        """The alphabet of what is told: merged fields have cells for codes, and no fraction."""
        by_field = {part.field: part for part in self.fields}
        fields, n_fractions = [], 0
        for j, field in enumerate(base.fields):
            if j in by_field:
                fields.append(by_field[j].as_field(field))
            elif field.fraction is None:
                fields.append(field)
            else:
                fields.append(replace(field, fraction=n_fractions))
                n_fractions += 1
        return Alphabet(tuple(fields))

    def _open_fractions(self, base: Alphabet) -> list[int]:
        """Fractions of the base alphabet that are told: those of fields that are not merged."""
        return [f.fraction for j, f in enumerate(base.fields) if f.fraction is not None and j not in self._at]

    def merge(self, codes: Codes, base: Alphabet) -> Codes:
        """What is told of rows in the codes of the columns."""
        out = codes.codes.astype(self.alphabet(base).code_dtype)
        out[:, self._at] = self.told[self._classes(codes.codes[:, self._at])]
        return Codes(out, codes.fractions[:, self._open_fractions(base)])

    def merge_known(self, codes: Ints) -> Ints:
        """The same for codes of which some are not known (-1): whole rows by the tree, else each code by itself."""
        out, known = codes.copy(), codes[:, self._at]
        whole = (known >= 0).all(1)
        for i, part in enumerate(self.fields):
            out[:, part.field] = np.where(known[:, i] >= 0, part.usual[known[:, i]], -1)
        out[np.flatnonzero(whole)[:, None], self._at] = self.told[self._classes(known[whole])]
        return out

    def _classes(self, codes: npt.NDArray[Any]) -> Ints:
        """The class each row is led to; every row is led to one. Shape: (n, F) -> (n,)"""
        at = np.zeros(len(codes), np.int64)
        moving = np.arange(len(codes)) if self.column[0] >= 0 else np.zeros(0, np.int64)
        while len(moving):
            node = at[moving]
            right = codes[moving, self.column[node]] >= self.cut[node]
            at[moving] = self.child[node] + right
            moving = moving[self.column[at[moving]] >= 0]
        return self.child[at]

    def split(
        self, codes: Codes, base: Alphabet, rng: np.random.Generator, within: Mapping[int, Floats] | None = None
    ) -> Codes:
        """A code of the columns for every cell, drawn.

        Args:
            within: base field -> (K,) the share of each code that a condition leaves.
        """
        within = within or {}
        out = codes.codes.astype(base.code_dtype)
        fractions = rng.random((len(codes), base.n_fractions), dtype=np.float32)
        fractions[:, self._open_fractions(base)] = codes.fractions
        for part in self.fields:
            j = part.field
            out[:, j] = part.draw(codes.codes[:, j].astype(np.int64), base.fields[j], rng, within.get(j))
        return Codes(out, fractions)

    def weights(self, base: Alphabet, weights: Mapping[int, Floats]) -> dict[int, Floats]:
        """The share of each cell that a condition on the codes leaves."""
        parts = {part.field: part for part in self.fields}
        return {j: parts[j].weights(base.fields[j], w) if j in parts else w for j, w in weights.items()}

    def to_arrays(self) -> Arrays:
        arrays: Arrays = {"column": self.column, "cut": self.cut, "child": self.child, "told": self.told}
        for i, part in enumerate(self.fields):
            arrays |= {f"{i}.runs": part.runs, f"{i}.usual": part.usual, f"{i}.rows": part.rows}
        return arrays | {"fields": np.array(self._at, np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], base: Alphabet) -> Self:
        """The inverse of `to_arrays`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        at = take_array(arrays, "fields", "iu").astype(np.int64)
        if not len(at) or len(set(at.tolist())) < len(at) or (at < 0).any() or (at >= len(base.fields)).any():
            raise ModelFileError("codec: its cells are of fields that it does not have")
        fields = tuple(_field_cells(arrays, i, j, base.sizes[j]) for i, j in enumerate(at.tolist()))
        column = take_array(arrays, "column", "iu").astype(np.int64)
        cut, child = (take_array(arrays, name, "iu", length=len(column)).astype(np.int64) for name in ("cut", "child"))
        told = take_array(arrays, "told", "iu", 2).astype(np.int64)
        inner = column >= 0
        sound = len(column) > 0 and told.shape[1] == len(at) and bool((column < len(at)).all())
        # A child lies behind its node, so that every row comes to a leaf.
        sound = sound and bool((child[inner] > np.flatnonzero(inner)).all() and (child[inner] + 1 < len(column)).all())
        sound = sound and bool((child[~inner] >= 0).all() and (child[~inner] < len(told)).all())
        sound = sound and bool((told >= 0).all() and (told < [len(part.runs) for part in fields]).all())
        if not sound:
            raise ModelFileError("codec: the tree of its cells does not hold together")
        return cls(fields, column, cut, child, told)


def _field_cells(arrays: Mapping[str, npt.NDArray[Any]], i: int, field: int, size: int) -> FieldCells:
    runs = take_array(arrays, f"{i}.runs", "iu", 2).astype(np.int64)
    usual = take_array(arrays, f"{i}.usual", "iu", length=size).astype(np.int64)
    rows = take_array(arrays, f"{i}.rows", "f", length=size).astype(np.float64)
    sound = len(runs) > 0 and runs.shape[1] == 2 and bool((runs >= 0).all() and (runs < size).all())
    sound = sound and bool((runs[:, 0] <= runs[:, 1]).all() and (usual >= 0).all() and (usual < len(runs)).all())
    if not sound or not np.isfinite(rows).all() or (rows < 0).any():
        raise ModelFileError(f"codec: the cells of field {field} do not hold together")
    return FieldCells(field, runs, usual, rows)
