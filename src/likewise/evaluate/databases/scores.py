"""Scores of databases: what must hold, what goes through links, how well parents are told from real ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from statistics import NormalDist
from typing import Any

import numpy as np

from likewise.evaluate.chance import judged
from likewise.evaluate.databases import aggregates, counted, counts, dates, hops
from likewise.evaluate.databases.aggregates import FOLDS, Told
from likewise.evaluate.databases.dealt import Side
from likewise.evaluate.databases.linked import Linked
from likewise.evaluate.databases.roots import units
from likewise.evaluate.databases.run import Run
from likewise.evaluate.databases.shown import AggShown, BrokenShown
from likewise.evaluate.databases.validity import WHATS, checks
from likewise.evaluate.figure import NO_INTERVAL, Figure
from likewise.evaluate.histories import formulas
from likewise.evaluate.histories.events import Hands, running
from likewise.evaluate.results import Score
from likewise.evaluate.tables import FloatArray
from likewise.schema.column import Kind

MOST_JUDGED = 8_000
"""Parents of either kind that a classifier judges."""
LEAST_UNITS = 20
MOST_NOTED = 10


def validity_scores(run: Run) -> tuple[list[Score], list[BrokenShown]]:
    """What must hold: shares that break it, beside those of the real database; and what is broken, worst first."""
    real, ours = list(checks(run.real, run.real)), list(checks(run.real, run.synthetic))
    scores = []
    for what in WHATS:
        some = [check for check in ours if check.what == what and check.rows]
        if not some:
            continue
        n, broken = sum(c.rows for c in some), sum(c.broken for c in some)
        known = [c for c in real if c.what == what]
        floor = sum(c.broken for c in known) / max(sum(c.rows for c in known), 1)
        worst = max(some, key=lambda c: c.broken)
        value = broken / n
        named = worst.name if worst.broken else "–"
        scores.append(Score.of(f"db_{what}", Figure(value, n, floor, (value, value)), broken=broken, worst=named))
    faults = sorted((c for c in ours if c.broken), key=lambda c: -c.broken)
    for check in faults[:MOST_NOTED]:
        run.notes.append(f"{check.name}: {check.broken:,} of {check.rows:,} break it.")
    return scores, [BrokenShown(what=c.what, name=c.name, rows=c.rows, broken=c.broken) for c in faults]


def count_scores(run: Run) -> Iterator[Score]:
    """How many children parents have."""
    real, ours, dealt = run.linked["real"], run.linked["synthetic"], run.dealt
    by, keys = dealt.floor_by, counted.judged_keys(real)
    apart = {key: alike for key, alike in counts.cardinality(real, ours).items() if key in keys}
    figure = dealt.alike(counted.cardinalities([real, ours, dealt.fresh.linked], keys), counts.mean(apart))
    if figure is not None:
        yield Score.of("db_cardinality", figure, floor_by=by, keys=len(keys), **_worst_of(apart))
    if (figure := dealt.alike(counted.childless(keys))) is not None:
        alone = {key: alike for key, alike in counts.childless(real, ours).items() if key in keys}
        yield Score.of("db_childless", figure, floor_by=by, keys=len(keys), **_worst_of(alone))
    pairs = {k: counts.pair_score(*r) for k, r in counts.degree_correlations(real, ours).items() if k[0] in keys}
    known = [pair for pair, score in pairs.items() if not math.isnan(score)]
    if known and (figure := dealt.alike(counted.degrees(real, known), counts.mean(pairs))) is not None:
        yield Score.of("db_degrees", figure, floor_by=by, pairs=len(known), **_worst_of(pairs))


def _worst_of(scores: Mapping[Any, float]) -> dict[str, Any]:
    """The link, or the links, that a mean hides."""
    worst, least = counts.worst({k if isinstance(k, tuple) else (k,): score for k, score in scores.items()})
    return {"worst": worst, "least": least}


def hop_scores(run: Run) -> Iterator[Score]:
    """Pairs of columns up to three links apart."""
    for k in range(hops.MOST_HOPS + 1):
        found = run.hops("synthetic", k)
        value = hops.hop_mean(found)
        if math.isnan(value):
            continue
        figure = run.dealt.alike(run.hops_dealt(k)[1], value)
        if figure is None:
            continue
        said: dict[str, Any] = {"pairs": sum(not math.isnan(hop.score) for hop in found)}
        if k:
            said |= _worst_of(hops.by_path(found))
            said |= {"rewired": hops.hop_mean(run.hops("rewired", k)), "apart": hops.hop_mean(run.hops("apart", k))}
        yield Score.of(f"db_hop_{k}", figure, floor_by=run.dealt.floor_by, **said)


# --- parents told from real ones --------------------------------------------------------------------------------------


def told_scores(run: Run) -> tuple[list[Score], list[AggShown]]:
    """C2ST-Agg, mean and worst table, with dates and without."""
    if not find_spec("xgboost"):
        run.notes.append("Whether parents are told from real ones (C2ST-Agg) needs XGBoost: install likewise[xgboost].")
        return [], []
    against = run.dealt.fresh if run.dealt.floor_by == "holdout" else _all_of(run.dealt.held)
    found = _told(run, against.linked, run.linked["synthetic"], True)
    if not found:
        return [], []
    floors = {name: _told(run, run.linked["real"], side, True)
              for name, side in (("rewired", run.rewired), ("apart", run.apart))}  # fmt: skip
    scores = [_mean_score(run, "db_c2st_agg", against, found, floors), _worst_score(run, against, found, floors)]
    real = run.linked["real"]
    if any(c.kind is Kind.DATETIME for t in found for c in real.tables[t].columns):
        undated = {name: _told(run, real, side, False)
                   for name, side in (("rewired", run.rewired), ("apart", run.apart))}  # fmt: skip
        told = _told(run, against.linked, run.linked["synthetic"], False)
        scores.append(_mean_score(run, "db_c2st_agg_undated", against, told, undated))
    return scores, [
        AggShown(
            table=table, n=len(told.right) // 2, accuracy=round(told.accuracy, 4), tells=_tells(told),
            **{name: round(of[table].accuracy, 4) if table in of else math.nan for name, of in floors.items()},
        )
        for table, told in found.items()
    ]  # fmt: skip


def _all_of(side: Side) -> Side:
    """The same database, all its units chosen."""
    return replace(side, place=np.arange(len(side.units)))


def _told(run: Run, real: Linked, other: Linked, dated: bool) -> dict[str, Told]:
    found = {}
    for table in aggregates.judged_tables(real):
        one, two = (aggregates.features(side, table, dated) for side in (real, other))
        whose = [units(side, run.dealt.owner).of[table] for side in (real, other)]
        told = aggregates.told_apart(one, two, run.seed, most=MOST_JUDGED, whose=whose)
        if told is not None:
            found[table] = told
    return found


def _tells(told: Told) -> tuple[str, ...]:
    weights: dict[str, float] = {}
    for name, weight in zip(told.names, told.weights, strict=True):
        weights[name] = weights.get(name, 0.0) + float(weight)
    return tuple(sorted(weights, key=lambda name: -weights[name])[:3])


def _pulls(run: Run, against: Side, table: str, told: Told) -> FloatArray:
    """(U,) how much each unit, real ones first and then synthetic ones, pulls at the accuracy of a table."""
    n = len(told.right) // 2
    sides = (against.units, run.dealt.synthetic.units)
    apart = told.right - told.accuracy
    parts = [
        np.bincount(units.of[table][rows], pull, minlength=len(units))
        for units, rows, pull in zip(sides, np.split(told.rows, [n]), np.split(apart, [n]), strict=True)
    ]
    return np.concatenate(parts) / (2 * n)


def _interval(value: float, pulls: FloatArray, tables: int) -> tuple[float, float]:
    """95 %, for the worst of so many tables; of folds that share rows the mean varies more than it seems (Nadeau and
    Bengio 2003)."""
    if np.count_nonzero(pulls) < LEAST_UNITS:
        return NO_INTERVAL
    z = NormalDist().inv_cdf(1 - 0.025 / tables)
    half = z * math.sqrt(1 + FOLDS / (FOLDS - 1)) * float(np.sqrt(np.square(pulls).sum()))
    return max(0.0, value - half), min(1.0, value + half)


Floors = Mapping[str, Mapping[str, Told]]


def _mean_score(run: Run, name: str, against: Side, found: Mapping[str, Told], floors: Floors) -> Score:
    value = float(np.mean([told.accuracy for told in found.values()]))
    pulls = np.mean([_pulls(run, against, table, told) for table, told in found.items()], axis=0)
    figure = Figure(value, sum(len(t.right) for t in found.values()) // 2, 0.5, _interval(value, pulls, 1))
    beside: dict[str, Any] = {k: float(np.mean([t.accuracy for t in of.values()])) for k, of in floors.items()}
    return Score.of(name, figure, tables=len(found), against=_against(run), **beside)


def _worst_score(run: Run, against: Side, found: Mapping[str, Told], floors: Floors) -> Score:
    table = max(found, key=lambda t: found[t].accuracy)
    told = found[table]
    interval = _interval(told.accuracy, _pulls(run, against, table, told), len(found))
    beside: dict[str, Any] = {k: max(t.accuracy for t in of.values()) for k, of in floors.items()}
    return Score.of(
        "db_c2st_agg_max", Figure(told.accuracy, len(told.right) // 2, 0.5, interval), table=table, tables=len(found),
        against=_against(run), **beside,
    )  # fmt: skip


def _against(run: Run) -> str:
    return "holdout" if run.dealt.floor_by == "holdout" else "training"


# --- in time, and in trees --------------------------------------------------------------------------------------------


def order_scores(run: Run) -> Iterable[Score]:
    """How dated children follow each other, their parent's dates, and how deep trees are."""
    dealt, by = run.dealt, run.dealt.floor_by
    real = run.linked["real"]
    hands = {table: found for table in dates.ordered_tables(dealt) if (found := dates.hands_of(dealt, table))}
    for name, formula, distance in (("gaps", formulas.gaps, running), ("order", formulas.pairs, None)):
        parts = [hand.figure(formula, distance) if distance else hand.figure(formula) for hand in hands.values()]
        known = [part for part in parts if part is not None]
        if known:
            yield Score.of(f"db_{name}", _joined(known, hands), floor_by=by, tables=", ".join(hands))
    if laws := dates.laws(real):
        figure = dealt.figure(dates.broken_laws(laws))
        if figure is not None:
            yield Score.of("db_dates", figure, floor_by=by, laws=len(laws))
    keys = [key for key in real.schema.foreign if key.is_self]
    if keys and (figure := dealt.alike(counted.depths(real))) is not None:
        yield Score.of("db_depth", figure, floor_by=by, keys=len(keys))


def _joined(parts: list[tuple[Figure, FloatArray]], hands: Mapping[str, Hands]) -> Figure:
    """The mean over tables; their hands are the same, so what chance does is joined too."""
    value, floor = (float(np.mean([getattr(f, name) for f, _ in parts])) for name in ("value", "floor"))
    n = max(f.n for f, _ in parts)
    lost = judged(Figure(value, n, floor), np.mean([apart for _, apart in parts], axis=0))
    low, high = lost.interval
    return replace(lost, value=1 - lost.value, floor=1 - lost.floor, interval=(1 - high, 1 - low), copy=1.0)
