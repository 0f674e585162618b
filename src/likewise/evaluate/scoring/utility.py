"""Scores of use: what a model learnt from the synthetic rows is worth on real ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from likewise.evaluate import learners
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.learners import learner_name
from likewise.evaluate.more_utility import agreement, every_target, importance
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.tables import Typed
from likewise.evaluate.utility import Job, NotMeasurable, Trained, Utility, beside_real, job, learn, learn_both

TEST_SHARE = 0.2
SECONDS_A_DAY = 86_400
TICKS = {"ms": 1e3, "us": 1e6, "ns": 1e9}
LEADING = ("auc", "r2")


@dataclass(frozen=True)
class Standard:
    """The target learnt by the standard learner from both tables, kept for the measures that look closer."""

    job: Job
    synthetic: Trained
    real: Trained
    floor_by: FloorKind


def tables(run: Context) -> tuple[Typed, Typed, FloorKind]:
    """Rows to learn the real model from, rows to test on, and what that makes the floor."""
    if run.holdout is not None:
        return run.train, run.holdout, "holdout"
    note = "Without a holdout, utility is tested on a fifth of the real rows, which the generator has seen."
    if note not in run.notes:
        run.notes.append(note)
    return *run.halves(4, TEST_SHARE), "halves"


def standard(run: Context) -> Standard | None:
    """The standard models of the target; None, with a note, where there is no target that can be learnt."""
    if run.target is None:
        return None
    train, test, floor_by = tables(run)
    try:
        this = job(train, run.synthetic, test, run.target, seed=run.draw_seed(5))
    except NotMeasurable as reason:
        run.notes.append(f"Utility was not measured: {reason}.")
        return None
    name, seed = learner_name(run.learner), run.draw_seed(5)
    return Standard(this, *learn_both(this, name, seed), floor_by)


def standard_scores(run: Context, found: Standard) -> Iterable[Score]:
    for utility in beside_real(found.job, found.synthetic, found.real):
        yield _score(run, utility, f"tstr_{utility.measure}", found.floor_by, learner_name(run.learner))


def _score(run: Context, utility: Utility, name: str, floor_by: FloorKind, learner: str) -> Score:
    figure, unit = utility.figure, _ticks_a_day(run) if utility.measure == "rmse" else None
    more = {} if unit is None else {"days": True}
    if unit is not None:
        value, floor, low, high = (x / unit for x in (figure.value, figure.floor, *figure.interval))
        figure = replace(figure, value=value, floor=floor, interval=(low, high), copy=floor)
    return Score.of(name, figure, floor_by=floor_by, learner=learner, target=run.target, **more)


def _ticks_a_day(run: Context) -> float | None:
    """How many of a target's units make a day; None of other targets than times
    and lengths of time, whose units are their own."""
    assert run.target is not None
    dtype = run.train[run.target].dtype
    if length := re.fullmatch(r"Duration\((\w+)\)", run.schema[run.target].dtype):
        return SECONDS_A_DAY * TICKS[length[1]]
    if dtype is None:
        return None
    return 1.0 if dtype == pl.Date else SECONDS_A_DAY * TICKS[getattr(dtype, "time_unit", None) or "ns"]


def model_scores(run: Context, found: Standard) -> Iterable[Score]:
    """Other learners, real and synthetic rows together, and what the models rest on."""
    this, used, seed = found.job, learner_name(run.learner), run.draw_seed(5)
    for name in learners.installed():
        if name != used:
            for utility in beside_real(this, *learn_both(this, name, seed)):
                if utility.measure in LEADING:
                    yield _score(run, utility, f"tstr_{utility.measure}_{name}", found.floor_by, name)
    for utility in beside_real(this, learn(this, "mix", used, seed), found.real, "mix"):
        if utility.measure in LEADING:
            yield _score(run, utility, f"mix_{utility.measure}", found.floor_by, used)
    yield from _importance_score(run, found)


def _importance_score(run: Context, found: Standard) -> Iterable[Score]:
    """Do the two models rest on the same columns? Held against two models of half the real rows each."""
    if found.job.x_test.shape[1] < 3:
        return
    of_real, of_synthetic = (importance(found.job, m, run.rng(23)) for m in (found.real, found.synthetic))
    value = agreement(of_real, of_synthetic)
    if not np.isfinite(value):
        return
    name, seed, n = learner_name(run.learner), run.draw_seed(5), len(found.job.y["real"])
    order = run.rng(24).permutation(n)
    halves = []
    for rows in np.array_split(order, 2):
        part = replace(found.job, x={"real": found.job.x["real"][rows]}, y={"real": found.job.y["real"][rows]})
        halves.append(importance(found.job, learn(part, "real", name, seed), run.rng(23)))
    floor = agreement(*halves)
    yield Score.of("importance", Figure(value, len(found.job.y_test), floor, copy=1.0), learner=name)


def target_score(run: Context) -> Iterable[Score]:
    """Every column in turn as target."""
    train, test, _ = tables(run)
    found = every_target(train, run.synthetic, test, learner=run.learner, seed=run.draw_seed(25))
    if found is None:
        run.notes.append("No column could be learnt from the others.")
        return
    column, loss = max(found.losses, key=lambda pair: pair[1])
    yield Score.of("every_target", found.mean, columns=len(found.losses), worst=column, loss=loss)
