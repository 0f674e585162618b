"""Drawn rows held against noisy tables that were paid for: a report of fidelity that costs no privacy.

The real rows are not looked at again: what is computed from released answers alone is released too (post-processing,
Dwork and Roth 2014, proposition 2.1). The noise is known, so each distance stands beside what noise alone would make.

Legend: C cells of a table, n rows of the real table as noisy counts tell, m rows drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.dp.answers import NoisyTable
from likewise.evaluate.results import NoisyFit, Report

HALF_NORMAL = math.sqrt(2 / math.pi)
"""Mean of the absolute value of a normal draw, in deviations; its square taken from one is the variance."""

WIDTH = 1.959964
"""Deviations on either side that hold 95 % of normal draws."""


def report_of(
    tables: Sequence[NoisyTable],
    codes: npt.NDArray[np.integer[Any]],
    n_rows: float,
    names: Sequence[str],
    facts: Mapping[str, Any],
) -> Report:
    """A report of nothing but rows held against noisy tables; arguments as those of `held_against`.

    Args:
        facts: of the data, as a `Report` takes them.
    """
    from likewise import __version__

    return Report(
        scores=(), noisy=held_against(tables, codes, n_rows, names), versions={"likewise": __version__},
        data={"rows_synthetic": len(codes), **facts, "withheld": True},
    )  # fmt: skip


def held_against(
    tables: Sequence[NoisyTable], codes: npt.NDArray[np.integer[Any]], n_rows: float, names: Sequence[str]
) -> tuple[NoisyFit, ...]:
    """How far rows are from each noisy table, beside what noise would make were both of one law.

    Args:
        codes: (m, D) of the rows drawn, without conditions.
        n_rows: of the real table, as noisy counts tell.
        names: of the D fields, for people.

    Privacy: none is spent.

    Example:
        >>> table = NoisyTable((0,), (np.arange(2),), np.array([55.0, 45.0]), 5.0)
        >>> [fit] = held_against([table], np.array([[0], [1]] * 500), 100, ["sex"])
        >>> fit.columns, round(fit.distance, 3), round(fit.noise, 3), fit.stands
        (('sex',), 0.05, 0.042, 'at')
    """
    least: dict[tuple[int, ...], NoisyTable] = {}
    for table in tables:
        before = least.get(table.fields)
        if before is None or table.sigma < before.sigma:  # where a table was asked for again, it is told better
            least[table.fields] = table
    return tuple(_fit(table, codes, n_rows, [names[j] for j in fields]) for fields, table in least.items())


def _fit(table: NoisyTable, codes: npt.NDArray[np.integer[Any]], n_rows: float, names: Iterable[str]) -> NoisyFit:
    drawn = table.shares(codes)
    distance = 0.5 * float(np.abs(drawn - table.counts / n_rows).sum())
    # Each cell is off by the noise of its count, and by the chance of the draw.
    off = np.sqrt((table.sigma / n_rows) ** 2 + drawn * (1 - drawn) / max(len(codes), 1))
    noise = 0.5 * HALF_NORMAL * float(off.sum())
    width = 0.5 * WIDTH * math.sqrt((1 - HALF_NORMAL**2) * float((off**2).sum()))
    return NoisyFit(
        columns=tuple(names), distance=distance, noise=noise, low=max(noise - width, 0.0), high=noise + width,
        cells=table.counts.size,
    )  # fmt: skip
