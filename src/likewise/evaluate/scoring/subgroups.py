"""Is the minority worse served? Likeness and use within each level of a chosen column."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from likewise.errors import OptionError
from likewise.evaluate.edges import LEAST_ROWS as LEAST_PEOPLE
from likewise.evaluate.fidelity import Fidelity, fidelity
from likewise.evaluate.pictures import people_of
from likewise.evaluate.results import SubgroupScore
from likewise.evaluate.scoring.context import Context, finite, noise
from likewise.evaluate.scoring.utility import LEADING, Standard
from likewise.evaluate.tables import Typed
from likewise.evaluate.utility import judge

LEAST_ROWS = 30
MOST_GROUPS = 20


def subgroup_scores(run: Context, found: Standard | None) -> Iterable[SubgroupScore]:
    """One line per level with at least 30 real and 30 synthetic rows, the 20 most frequent, largest first.

    Raises:
        OptionError: the column holds numbers without groups.
    """
    assert run.by is not None
    column = run.train[run.by]
    if column.is_number:
        raise OptionError(f"groups need a column of levels; {run.by!r} holds {column.kind} values")
    assert column.levels is not None
    counts, drawn = (np.bincount(t[run.by].values, minlength=column.size)[:-1] for t in (run.train, run.synthetic))
    few = (counts < LEAST_ROWS) | (people_of(column.values, run.train.persons, column.size)[:-1] < LEAST_PEOPLE)
    order = [int(k) for k in np.argsort(-counts, kind="stable") if not few[k]]
    small = int(((counts > 0) & (few | (drawn < LEAST_ROWS))).sum())
    if small:
        run.notes.append(f"{small} levels of {run.by!r} have too few rows ({LEAST_ROWS}) to be judged by themselves.")
    for code in [k for k in order if drawn[k] >= LEAST_ROWS][:MOST_GROUPS]:
        yield _one(run, found, code, column.levels[code], int(counts[code]), int(drawn[code]))


def _one(run: Context, found: Standard | None, code: int, level: str, n_real: int, n_synthetic: int) -> SubgroupScore:
    assert run.by is not None
    real, synthetic = (_rows_of(t, run.by, code) for t in (run.train, run.synthetic))
    fresh = None if run.holdout is None else _rows_of(run.holdout, run.by, code)
    others = [synthetic] if fresh is None or len(fresh) < LEAST_ROWS else [synthetic, fresh]
    fit, *floors = fidelity(real, others, rng=run.rng(31))
    scale = noise(len(real), len(synthetic)) / noise(len(real), len(others[-1]))
    utility: dict[str, object] = {}
    if found is not None:
        test = run.holdout if run.holdout is not None else None
        utility = {} if test is None else _utility(found, test[run.by].values[found.job.tested] == code)
    return SubgroupScore(
        level=level,
        n_real=n_real,
        n_synthetic=n_synthetic,
        shape=finite(fit.shape),
        trend=finite(fit.gap),
        shape_floor=_floor(floors, "shape", scale),
        trend_floor=_floor(floors, "gap", scale),
        **utility,  # type: ignore[arg-type]
    )


def _rows_of(table: Typed, by: str, code: int) -> Typed:
    return table.take(np.flatnonzero(table[by].values == code)).drop(by)


def _floor(floors: list[Fidelity], name: str, scale: float) -> float | None:
    return finite(getattr(floors[0], name) * scale) if floors else None


def _utility(found: Standard, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> dict[str, object]:
    if rows.sum() < LEAST_ROWS:
        return {}
    fake, real = (judge(found.job, m.scores(found.job.x_test), rows) for m in (found.synthetic, found.real))
    name = next((m for m in LEADING if m in fake), None)
    if name is None or math.isnan(fake[name].value):
        return {}
    return {
        "n_test": int(rows.sum()),
        "utility": fake[name].value,
        "utility_floor": real[name].value,
        "interval": fake[name].interval,
    }
