"""What a database gives away of its roots: those copied with all their children, and attacks on who was learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.membership import membership
from likewise.evaluate.attacks.rates import exact_contrast, rare_contrast
from likewise.evaluate.attacks.sides import Hashes, stand_in
from likewise.evaluate.databases.aggregates import features
from likewise.evaluate.databases.run import Run, owned
from likewise.evaluate.databases.subtrees import subtrees
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.privacy import tpr_name

LEAST = 20
LEAST_BELOW = 2
"""Rows below a root, from which its copy says something: two without any are alike by chance."""
MOST_ROOTS = 20_000


def leak_scores(run: Run) -> Iterator[Score]:
    """The scores by table of roots that others belong to."""
    for stage, table in enumerate(run.roots):
        if owned(run, table) and len(run.linked["real"].tables[table]) >= LEAST:
            yield from _copied(run, table)
            yield from _attacks(run, table, 40 + 10 * stage)


def _copied(run: Run, table: str) -> Iterator[Score]:
    found = {}
    for role, side in run.by_value.items():
        numbers, below = subtrees(side, run.dealt.owner, table)
        found[role] = numbers[below >= LEAST_BELOW]
    train, ours = found["real"], found["synthetic"]
    if not len(train) or not len(ours):
        return
    fresh = found.get("holdout")
    by: FloorKind = "train" if fresh is None or not len(fresh) else "holdout"
    figure = copied_beside(ours, train, np.zeros(0, np.uint64) if fresh is None else fresh)
    yield Score.of(f"db_subtrees:{table}", replace(figure, copy=1.0), floor_by=by)


def copied_beside(ours: Hashes, train: Hashes, fresh: Hashes) -> Figure:
    """Roots that stand in the training rows with all below them.

    Where that hardly ever happens by chance, every pair of roots that could have been equal and was not bears witness,
    as of single rows (`attacks.copies.copies_once`): three copies of 250 then stand out. Else fresh roots are the
    control; without any, those that repeat among the training ones.
    """
    n, m, size = len(ours), len(fresh), len(train)
    events = sum(len(x) - len(np.unique(x)) for x in (ours, train, fresh))
    events += int(stand_in(fresh, train).sum()) + int(stand_in(fresh, ours).sum())
    worth = (n * n / 2 + size * size / 2 + m * m / 2 + m * size + n * m) / size
    if events <= max(1.0, copying.RARE * worth):
        return rare_contrast(len(np.intersect1d(ours, train)), n, events, worth)
    hits = int(stand_in(ours, train).sum())
    if m:
        return exact_contrast(hits, n, int(stand_in(fresh, train).sum()), m)
    again = np.unique(train, return_counts=True)[1]
    return exact_contrast(hits, n, int(again[again > 1].sum()), size)


def _attacks(run: Run, table: str, stage: int) -> Iterator[Score]:
    """The attacks of flat tables on roots with what their children add up to."""
    if "holdout" not in run.by_value:
        return
    tables = [features(run.by_value[role], table) for role in ("real", "holdout", "synthetic")]
    if min(map(len, tables)) < LEAST:
        run.notes.append(f"The attacks on roots need at least {LEAST} rows of {table!r} in each database.")
        return
    train, holdout, ours = (side.sample(MOST_ROOTS, run.rng(stage + k)) for k, side in enumerate(tables))
    seed = int(run.rng(stage + 5).integers(2**31))
    for name, figure in zip(
        ("distance_share", "near_copies"), copying.distance_share(train, holdout, ours, seed=seed), strict=True
    ):
        yield Score.of(f"db_{name}:{table}", figure)
    for name, found in zip(("membership", "density"), membership(train, holdout, ours, seed=seed), strict=True):
        yield Score.of(f"db_{name}:{table}", found.area, n_others=found.n_others)
        for at, figure in found.caught.items():
            yield Score.of(f"{tpr_name(f'db_{name}', at)}:{table}", figure)
