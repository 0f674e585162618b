"""Scores of histories, where a column or the rows' order tells an entity's time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.membership import membership
from likewise.evaluate.attacks.rates import exact_contrast
from likewise.evaluate.attacks.sides import stand_in
from likewise.evaluate.chance import judged
from likewise.evaluate.detection import MIN_ROWS, detect
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.histories import events, formulas, pictures, runs
from likewise.evaluate.histories.events import Distance, Hands, Table, running
from likewise.evaluate.histories.features import REST, entities, next_rows, prefixes
from likewise.evaluate.histories.ordered import Ordered
from likewise.evaluate.histories.shown import Shown
from likewise.evaluate.learners import learner_name
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.scoring.privacy import tpr_name
from likewise.evaluate.tables import FloatArray, Typed
from likewise.evaluate.utility import MAX_CLASSES, NotMeasurable, beside_real, job, learn_both

OVERLAPS: dict[str, tuple[Table, Distance]] = {
    "lengths": (formulas.lengths, running),
    "first": (formulas.first_rows, events.total_variation),
    "last": (formulas.last_rows, events.total_variation),
    "gaps": (formulas.gaps, running),
    "calendar": (formulas.calendar, events.total_variation),
    "pairs": (formulas.pairs, events.total_variation),
    "lagged": (formulas.lagged, events.total_variation),
    "transitions": (formulas.transitions, events.conditional),
    "triples": (formulas.triples, events.divergence),
    "distinct": (formulas.distinct, events.total_variation),
    "holders": (formulas.holders, events.total_variation),
}
"""Of which 1 less the distance is told."""
COHERENCE = ("pairs", "distinct", "holders")
GAPS: dict[str, tuple[Table, Distance]] = {
    "stays": (formulas.stays, events.total_variation),
    "alike": (formulas.alike, events.total_variation),
}
SHARES: dict[str, Table] = {
    "back": formulas.steps_back,
    "static": formulas.changes,
    "ties": formulas.ties,
    "repeated": formulas.repeated,
}
MOST_ENTITIES = 20_000
"""Entities of a table that become vectors."""
MOST_TELLS = 3
MOST_JUDGED, MOST_FORETOLD = 4_000, 20_000
"""Entities of either kind that a classifier judges, and rows that are learnt from or foretold: of so many an area of
.53 is told from a half, and models of a hundred columns take seconds."""


@dataclass
class Told:
    """The tables of an evaluation as histories.

    Args:
        holdout: of entities that are not in `train`; None where there are hardly any.
        time: the column that tells the time; None where the rows' own order does.
    """

    run: Context
    train: Ordered
    synthetic: Ordered
    holdout: Ordered | None
    time: str | None

    @classmethod
    def of(cls, run: Context) -> Told | None:
        """None, with a note, where there are too few entities."""
        if run.time is None:
            return None
        time = run.time if isinstance(run.time, str) else None
        tables = {"real": run.train, "synthetic": run.synthetic, "holdout": run.holdout}
        found = {role: _ordered(run, role, table, time) for role, table in tables.items() if table is not None}
        if "holdout" in found and found["holdout"].n_entities < MIN_ROWS:  # too few tell no floor; halves do
            del found["holdout"]
        least = min(rows.n_entities for rows in found.values())
        if least < MIN_ROWS or not len(found["real"].later):
            run.notes.append(
                f"The measures of histories need at least {MIN_ROWS} entities of each table, some with several rows."
            )
            return None
        return cls(run, found["real"], found["synthetic"], found.get("holdout"), time)

    @cached_property
    def real_sides(self) -> tuple[Ordered, Ordered, FloorKind]:
        """Real histories to hold against, and fresh ones, which share no entity: as `Context.real_tables`."""
        if self.holdout is not None and 2 * self.holdout.n_entities >= self.train.n_entities:
            return self.train, self.holdout, "holdout"
        order = self.run.rng(70).permutation(self.train.n_entities)
        half = len(order) // 2
        return self.train.take(order[half:]), self.train.take(order[:half]), "halves"

    @cached_property
    def hands(self) -> Hands:
        real, fresh, _ = self.real_sides
        return events.deal(real, fresh, self.synthetic, self.run.rng(71), self.time)

    @cached_property
    def static(self) -> tuple[int, ...]:
        return tuple(self.train.static())

    @cached_property
    def by_value(self) -> dict[str, Ordered]:
        """The same histories by table, as an attacker compares them: texts by value, not by pattern."""
        sides = {"real": self.train, "synthetic": self.synthetic, "holdout": self.holdout}
        tables = self.run.compared
        return {
            role: replace(rows, table=replace(tables[role].take(rows.rows), persons=rows.who))
            for role, rows in sides.items()
            if rows is not None
        }

    @cached_property
    def vectors(self) -> dict[str, Typed]:
        """A row an entity, by table."""
        sides = {"real": self.train, "synthetic": self.synthetic, "holdout": self.holdout}
        found = {}
        for stage, (role, rows) in enumerate(sides.items(), 72):
            if rows is not None:
                chosen = self.run.rng(stage).permutation(rows.n_entities)[:MOST_ENTITIES]
                found[role] = entities(rows.take(chosen), self.static, self.train)
        return found


def _ordered(run: Context, role: str, table: Typed, time: str | None) -> Ordered:
    """A table's histories; of the holdout those of entities that are not among the training ones."""
    whose, ticks = run.entities(role), None
    kept = np.ones(len(table), bool)
    if role == "holdout":
        kept = ~np.isin(whose, run.whose["real"])
    if time is not None:
        ticks = table[time].values.astype(np.float64)
        kept &= ~np.isnan(ticks)
        if n_lost := int(np.isnan(ticks).sum()):
            run.notes.append(
                f"{n_lost:,} of {len(table):,} rows of the {role} table have no {time!r}: the measures of histories "
                "leave them out."
            )
    rows = np.flatnonzero(kept)
    found = Ordered.of(table.take(rows), whose[rows], None if ticks is None else ticks[rows])
    return replace(found, rows=rows[found.rows])


def shown(told: Told) -> Shown:
    """Pictures and examples for the page."""
    run, time = told.run, told.time
    by_value = told.by_value
    real = [rows for role, rows in by_value.items() if role != "synthetic"]
    known = [table for role, table in run.compared.items() if role != "synthetic"]
    heads, examples = pictures.examples(
        run.frames["synthetic"], by_value["synthetic"], real, known, run.schema, time, told.static, run.rng(84)
    )
    train, synthetic = (rows.some(events.MOST_HELD, run.rng(85)) for rows in (told.train, told.synthetic))
    return replace(pictures.shown(train, synthetic, told.hands, time), heads=heads, examples=examples)


# --- likeness ---------------------------------------------------------------------------------------------------------


def likeness_scores(told: Told) -> Iterable[Score]:
    """Lengths, time, what follows what, what an entity holds."""
    hands, by = told.hands, told.real_sides[2]
    found = {name: hands.figure(*how) for name, how in OVERLAPS.items()}
    parts = [found[name] for name in COHERENCE]
    whole = [part for part in parts if part is not None]
    if len(whole) == len(parts):
        figure = Figure(
            float(np.mean([f.value for f, _ in whole])), hands.n, float(np.mean([f.floor for f, _ in whole]))
        )
        yield _overlap("coherence", (figure, np.mean([apart for _, apart in whole], axis=0)), by)
    for name, part in found.items():
        if part is not None:
            yield _overlap(name, part, by)
    if chosen := formulas.pairs_across(hands.real):
        part = hands.figure(partial(formulas.across, chosen=chosen))
        if part is not None:
            yield _overlap("across", part, by, columns=len(chosen))
    for name, how in GAPS.items():
        if (gap := hands.told(*how)) is not None:
            yield Score.of(f"history_{name}", replace(gap, copy=0.0), floor_by=by)
    yield from _share_scores(told)


def _overlap(name: str, found: tuple[Figure, FloatArray], by: FloorKind, **details: int) -> Score:
    lost = judged(*found)
    low, high = lost.interval
    figure = Figure(1.0 - lost.value, lost.n, 1.0 - lost.floor, (1.0 - high, 1.0 - low), copy=1.0)
    return Score.of(f"history_{name}", figure, floor_by=by, **details)


def _share_scores(told: Told) -> Iterable[Score]:
    by = told.real_sides[2]
    for name, table in SHARES.items():
        if (figure := told.hands.told(table, events.share)) is not None:
            yield Score.of(f"history_{name}", figure, floor_by=by)
    if (figure := told.hands.told(formulas.broken_orders, events.share)) is not None:
        yield Score.of("history_orders", figure, floor_by=by, columns=len(told.hands.real.rising))


def detection_score(told: Told) -> Iterable[Score]:
    """A classifier told to find the synthetic histories."""
    run, vectors = told.run, told.vectors
    real, synthetic = (
        table.sample(MOST_JUDGED, run.rng(86 + k))
        for k, table in enumerate((vectors.get("holdout", vectors["real"]), vectors["synthetic"]))
    )
    found = detect(real, synthetic, learner=run.learner, seed=run.draw_seed(75))
    if found is None:
        return
    names = [column.name for column in vectors["synthetic"].columns]
    order = sorted(range(len(names)), key=lambda i: -found.tells[i])[:MOST_TELLS]
    tells = ", ".join(names[i] for i in order if found.tells[i] > 0) or "–"
    against = "holdout" if "holdout" in vectors else "training"
    yield Score.of("history_c2st", found.area, learner=learner_name(run.learner), against=against, tells=tells)


# --- use --------------------------------------------------------------------------------------------------------------


def utility_scores(told: Told) -> Iterable[Score]:
    """What comes next, and how much: foretold by models learnt from synthetic histories."""
    run = told.run
    by: FloorKind = "halves" if told.holdout is None else "holdout"
    if told.holdout is not None:
        train, test = told.train, told.holdout
    else:
        order = run.rng(76).permutation(told.train.n_entities)
        cut = max(1, len(order) // 5)
        train, test = told.train.take(order[cut:]), told.train.take(order[:cut])
    sides = (train, told.synthetic, test)
    if (target := _next_target(told)) is not None:
        tables = [next_rows(rows, told.static, target) for rows in sides]
        yield from _foretold(run, tables, target, "history_next", by)
    tables = [prefixes(rows, told.static, told.train, run.rng(77 + k)) for k, rows in enumerate(sides)]
    yield from _foretold(run, tables, REST, "history_rest", by)


def _foretold(run: Context, tables: list[Typed], target: str, name: str, by: FloorKind) -> Iterable[Score]:
    try:
        train, synthetic, test = tables
        this = job(train, synthetic, test, target, max_rows=MOST_FORETOLD, seed=run.draw_seed(80))
    except NotMeasurable as reason:
        if target != REST:
            run.notes.append(f"Utility was not measured: {reason}.")
        return
    learner = learner_name(run.learner)
    said = {"learner": learner} | ({} if target == REST else {"target": target})
    for utility in beside_real(this, *learn_both(this, learner, run.draw_seed(81))):
        if utility.measure in ("auc", "r2"):
            yield Score.of(f"{name}_{utility.measure}", utility.figure, floor_by=by, **said)


def _next_target(told: Told) -> str | None:
    """The column whose next value is foretold: the target where it changes; else, of columns of few levels before those
    of many and these before numbers, the one that stays least often what it was."""
    rows, columns = told.train, told.train.table.columns
    among = [c for i, c in enumerate(columns) if i not in told.static and c.name != told.time]
    if any(c.name == told.run.target for c in among):
        return told.run.target
    ranked = sorted(among, key=lambda c: (c.is_number, c.size > MAX_CLASSES + 1, float(rows.same(c).mean())))
    return ranked[0].name if ranked else None


# --- what leaks -------------------------------------------------------------------------------------------------------


def attack_scores(told: Told) -> Iterable[Score]:
    """Copies of histories, and attacks on who was learnt from, beside entities that were not."""
    if told.holdout is None:
        return
    yield from _copy_scores(told)
    run, vectors = told.run, told.vectors
    tables = vectors["real"], vectors["holdout"], vectors["synthetic"]
    near, crowded = copying.distance_share(*tables, seed=run.draw_seed(82))
    yield Score.of("history_distance_share", near)
    yield Score.of("history_near_copies", crowded)
    for name, found in zip(("membership", "density"), membership(*tables, seed=run.draw_seed(83)), strict=True):
        yield Score.of(f"history_{name}", found.area, n_others=found.n_others)
        for at, figure in found.caught.items():
            yield Score.of(tpr_name(f"history_{name}", at), figure)


def _copy_scores(told: Told) -> Iterable[Score]:
    tables = [told.by_value[role] for role in ("synthetic", "holdout", "real")]
    ours, fresh, train = (runs.whole_histories(rows, told.time) for rows in tables)
    hits = [int(stand_in(some, train).sum()) for some in (ours, fresh)]
    figure = exact_contrast(hits[0], len(ours), hits[1], len(fresh))
    yield Score.of("history_copies", replace(figure, copy=1.0), floor_by="holdout")
    longest = [runs.longest(rows, tables[2], told.time) for rows in tables[:2]]
    hits = [int((rows >= runs.LONG).sum()) for rows in longest]
    if told.train.lengths.max() < runs.LONG:
        return
    figure = exact_contrast(hits[0], len(longest[0]), hits[1], len(longest[1]))
    said = {"rows": runs.LONG, "longest": int(longest[0].max()), "longest_fresh": int(longest[1].max())}
    yield Score.of("history_runs", figure, floor_by="holdout", **said)
