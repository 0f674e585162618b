"""SMOTE and its family, from imbalanced-learn, for any table: encoded, resampled there, decoded.

Sources: SMOTE and SMOTE-NC, Chawla et al. 2002; SMOTE-N, the same; Borderline-SMOTE, Han et al. 2005; ADASYN, He et al.
2008. The algorithms are imbalanced-learn's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.balance.matrix import MatrixCodec
from likewise.schema.column import Schema
from likewise.schema.parse import parse, restore
from likewise.typing import Ints

NEIGHBOURS = 5
"""Of each row, as all of the family have it; fewer where a class has fewer rows."""

Drawn = dict[int, pl.DataFrame]


def classic_rows(
    method: str,
    table: pl.DataFrame,
    schema: Schema,
    classes: Ints,
    wanted: Mapping[int, int],
    seed: int,
    value: str | None = None,
) -> Drawn:
    """New rows of each class, as raw as `table` but without the columns that no distance can be taken of.

    Args:
        method: "smote", "smotenc", "borderline" or "adasyn".
        table: (n, D) raw features.
        classes: (n,) each row's class.
        wanted: class -> rows to add; each has two rows or more. ADASYN gives about as many, and the last two methods
            give none where no row of the class lies near another one.
        value: a column that holds a target of numbers. Distances are then between numbers of deviation 1, for such a
            target would outweigh the features, or they it; else between numbers as they are, as imbalanced-learn has.
            Where rules hold, whole numbers come out whole.
    """
    numbers_only = all(dtype.is_numeric() for dtype in table.dtypes) and not sum(table.null_count().row(0))
    if numbers_only and method != "smotenc" and value is None and not schema.rules:
        drawn = _resampled(_sampler(method), table.to_numpy(), classes, wanted, seed)
        return {k: pl.DataFrame(rows, schema=table.columns, orient="row") for k, rows in drawn.items()}
    canonical = parse(table, schema)
    codec = MatrixCodec.fit(canonical, schema)
    matrix = codec.encode(canonical)
    if matrix.shape[1] == 0:
        return {}
    width = np.ones(matrix.shape[1])
    if value is not None:
        spread = matrix[:, : codec.n_numbers].std(0)
        width[: codec.n_numbers] = np.where(spread > 0, spread, 1.0)
    matrix = matrix / width
    if method == "smotenc":
        drawn = _resampled(_mixed_sampler(codec), matrix, classes, wanted, seed)
    else:
        wide = _resampled(_sampler(method), codec.one_hot(matrix), classes, wanted, seed)
        drawn = {k: codec.from_one_hot(rows) for k, rows in wide.items()}
    return {k: restore(pl.DataFrame(codec.decode(rows * width)), schema) for k, rows in drawn.items()}


Sampler = Callable[[dict[int, int], int, int], Any]


def _sampler(method: str) -> Sampler:
    """(class -> final count, neighbours, seed) -> the sampler."""
    from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

    def make(counts: dict[int, int], k: int, seed: int) -> Any:
        if method == "adasyn":
            return ADASYN(sampling_strategy=counts, n_neighbors=k, random_state=seed)
        kind = {"smote": SMOTE, "borderline": BorderlineSMOTE}[method]
        return kind(sampling_strategy=counts, k_neighbors=k, random_state=seed)

    return make


def _mixed_sampler(codec: MatrixCodec) -> Sampler:
    """SMOTE-NC, or what it is called where all columns are of one sort."""
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    places = list(range(codec.n_numbers, codec.n_numbers + len(codec.sizes)))

    def make(counts: dict[int, int], k: int, seed: int) -> Any:
        common = {"sampling_strategy": counts, "k_neighbors": k, "random_state": seed}
        if not places:
            return SMOTE(**common)
        return SMOTENC(categorical_features=places, **common) if codec.n_numbers else SMOTEN(**common)

    return make


def _resampled(
    make: Sampler,
    matrix: npt.NDArray[Any],
    classes: Ints,
    wanted: Mapping[int, int],
    seed: int,
) -> dict[int, npt.NDArray[Any]]:
    """New rows of each class; classes that can have as many neighbours are resampled together."""
    counts = np.bincount(classes)
    neighbours = {k: min(NEIGHBOURS, int(counts[k]) - 1) for k in wanted}
    found: dict[int, npt.NDArray[Any]] = {}
    for k_neighbours in sorted(set(neighbours.values()), reverse=True):
        some = {k: int(counts[k]) + wanted[k] for k in wanted if neighbours[k] == k_neighbours}
        try:
            rows, labels = make(some, k_neighbours, seed).fit_resample(matrix, classes)
        except (ValueError, RuntimeError):
            # ADASYN's word for "no row near another class", Borderline's for fewer rows than it looks at.
            continue
        new, new_labels = rows[len(matrix) :], labels[len(matrix) :]
        found |= {k: new[new_labels == k] for k in some}
    return found
