"""Scores of what leaks: copies, nearness, and attacks on people, each beside its control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.inference import Guessed, inference, secrets_of, worst_guess
from likewise.evaluate.attacks.linkage import linkability
from likewise.evaluate.attacks.membership import membership
from likewise.evaluate.attacks.public import Linkage
from likewise.evaluate.attacks.shadow import Shadows
from likewise.evaluate.attacks.sides import Hashes, share_of, times_note
from likewise.evaluate.attacks.singling_out import several_values, single_values
from likewise.evaluate.detection import MIN_ROWS
from likewise.evaluate.figure import Figure, FloorKind
from likewise.evaluate.results import Score
from likewise.evaluate.scans.kinds import CROWDS, HOLDOUT, REAL, SYNTHETIC, Copies, Kinds
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.tables import Typed
from likewise.schema.column import Role

BY_CHANCE = {
    "singling_out": single_values,
    "singling_out_several": several_values,
    "linkability": linkability,
}
"""Attacks of one figure each, held against chance by the holdout."""


MANY_TAKEN = 0.1

LEAST_CROWD = 5
NONE = np.zeros(0, np.uint64)


def copy_scores(run: Context) -> tuple[float, list[Score]]:
    """Exact copies, with the share of fresh rows that stand in the training rows anyway."""
    if run.whole is not None:
        return _counted_copies(run, run.whole.copies)
    synthetic, train = run.hashes("synthetic"), run.hashes("real")
    sides = run.sides
    fresh = None if sides.holdout is None else sides.holdout.hashes
    if run.holdout is not None and not (sides.are_distinct or sides.are_unclear):
        fresh_there = copying.copies(sides.holdout.hashes, sides.train.hashes) if sides.holdout else share_of(0, 0)
        _tell_overlap(run, fresh_there, copying.repeats(sides.train.hashes))
    if run.holdout is not None:
        holdout = run.hashes("holdout")
        _tell_of_a_seen_holdout(run, copying.copies(synthetic, holdout), copying.copies(train, holdout))
    _tell_of_keys(run)
    if sides.are_distinct:  # rows that stand in both tables were left out of the control, but here they count
        fresh = run.hashes("holdout")
    ours = run.synthetic.persons if run.whose else None
    found, once = _copies(run, fresh), copying.copies_once(synthetic, sides, ours)
    by: FloorKind = "train" if run.holdout is None else "holdout"
    scores = [
        Score.of("copies", replace(found, copy=1.0), floor_by=by),
        Score.of("copies_once", once, floor_by=by),
    ]
    return found.floor, scores


def _counted_copies(run: Context, found: Copies) -> tuple[float, list[Score]]:
    """The same of tables that are not held, by their rows' kinds."""
    kinds = found.whole
    if run.holdout is not None:
        if max(found.times) > 1:
            run.notes.append(times_note(*found.times))
        if found.repeating == "chance" and not run.sides.are_unclear:
            _tell_overlap(run, found.overlap, share_of(kinds.repeated(REAL), kinds.n(REAL)))
        by_chance = share_of(kinds.met(REAL, HOLDOUT), kinds.n(REAL))
        _tell_of_a_seen_holdout(run, share_of(kinds.met(SYNTHETIC, HOLDOUT), kinds.n(SYNTHETIC)), by_chance)
    _tell_of_keys(run)
    by: FloorKind = "train" if run.holdout is None else "holdout"
    copied = replace(found.beside(), copy=1.0)
    return copied.floor, [Score.of("copies", copied, floor_by=by), Score.of("copies_once", found.once(), floor_by=by)]


def class_scores(run: Context) -> Iterable[Score]:
    """Among how many rows those hide who are known by the quasi-identifiers, where the schema names some."""
    kinds = run.whole.classes if run.whole is not None else _classes(run)
    if kinds is None:
        return
    few = CROWDS.index(LEAST_CROWD)
    yield Score.of(
        "smallest_class", Figure(kinds.smallest[SYNTHETIC], kinds.n(SYNTHETIC)), under=int(kinds.under[SYNTHETIC, few]),
        real=kinds.smallest[REAL], under_real=int(kinds.under[REAL, few]),
    )  # fmt: skip


def _classes(run: Context) -> Kinds | None:
    names = [c.name for c in run.schema if c.role is Role.QUASI_IDENTIFIER]
    if not names:
        return None
    return Kinds.of([copying.row_hashes(run.frames[role], names) for role in ("real", "synthetic")] + [NONE])


def _copies(run: Context, fresh: Hashes | None) -> Figure:
    """Copies beside fresh rows; of persons all rows count, and those of members are not fresh."""
    synthetic, train = run.hashes("synthetic"), run.hashes("real")
    if not run.whose:
        return copying.copies_beside(synthetic, train, fresh)
    whose = copying.Persons(run.synthetic.persons, run.train.persons)
    if run.holdout is None:
        return copying.copies_beside(synthetic, train, None, whose)
    others = np.flatnonzero(~np.isin(run.holdout.whose, run.train.whose))
    whose = replace(whose, holdout=run.holdout.whose[others])
    return copying.copies_beside(synthetic, train, run.hashes("holdout")[others], whose)


def _tell_of_a_seen_holdout(run: Context, found: Figure, chance: Figure) -> None:
    """Note synthetic rows that stand in the holdout oftener than training rows do: of a generator that has seen it, or
    of a file given for another.
    """
    if found.value > 0.01 and found.interval[0] > 1.5 * chance.interval[1]:
        run.notes.append(
            f"{found.value:.1%} of the synthetic rows stand in the holdout, more than training rows do "
            f"({chance.value:.1%}): a generator that has seen it looks better than it is, and the attacks see nothing."
        )


def _tell_of_keys(run: Context) -> None:
    """Note columns that are not compared, such as keys, whose synthetic values are those of training rows.

    Numbers that stand close together, as those of rows do, are met by chance and say nothing.
    """
    real, synthetic = run.frames["real"], run.frames["synthetic"]
    for column in run.schema:
        if column.is_modelled or not (column.name in real.columns and column.name in synthetic.columns):
            continue
        known, made = (t[column.name].cast(pl.String).drop_nulls().unique() for t in (real, synthetic))
        taken = int(made.is_in(known.implode()).sum())
        if len(made) >= MIN_ROWS and taken > 0.5 * len(made) and not _is_dense(known):
            run.notes.append(
                f"Column {column.name!r}: {taken / len(made):.1%} of the synthetic values are those of training rows. "
                "Who knows them finds people by them: leave the column out, or make its values anew."
            )


def _is_dense(keys: pl.Series) -> bool:
    """Whether a key of this form, its digits drawn by chance in the range of these, is often one of these."""
    digits = keys.str.replace_all(r"\D", "").str.slice(0, 18).cast(pl.Int64, strict=False).drop_nulls()
    least, most = digits.min(), digits.max()
    return isinstance(least, int) and isinstance(most, int) and digits.n_unique() > MANY_TAKEN * (most - least + 1)


def _tell_overlap(run: Context, fresh: Figure, repeated: Figure) -> None:
    """Note a holdout that overlaps the training rows more than these repeat."""
    if fresh.value > 0.01 and fresh.interval[0] > 1.5 * repeated.interval[1]:
        run.notes.append(
            f"{fresh.value:.1%} of the holdout rows stand in the training rows, more than rows repeat there "
            f"({repeated.value:.1%}): the two overlap, so attacks look weaker than they are."
        )


def attacks(run: Context, fresh_copies: float) -> tuple[list[Score], list[Guessed]]:
    """All attacks that need real rows unknown to the generator; none, with a note, where there are too few."""
    sides, synthetic = run.sides, run.compared["synthetic"]
    assert sides.holdout is not None
    if sides.are_unclear:
        return [], []
    train, holdout = sides.train.table, sides.holdout.table
    if min(train.n_persons, holdout.n_persons) < MIN_ROWS:
        run.notes.append(f"The attacks need at least {MIN_ROWS} training and holdout {run.people}.")
        return [], []
    tables = train, holdout, synthetic
    guessed = _guessed(run, tables)
    scores = [
        *_nearness_scores(run, tables),
        *_membership_scores(run, tables, fresh_copies),
        *_inference_score(run, guessed),
        *_contrast_scores(run, tables),
    ]
    return scores, guessed


Tables = tuple[Typed, Typed, Typed]


def _nearness_scores(run: Context, tables: Tables) -> Iterable[Score]:
    near, crowded = copying.distance_share(*tables, seed=run.draw_seed(6))
    yield Score.of("distance_share", near, people=run.people)
    yield Score.of("near_copies", crowded)


def _membership_scores(run: Context, tables: Tables, fresh_copies: float) -> Iterable[Score]:
    by_distance, by_density = membership(*tables, seed=run.draw_seed(7))
    area = replace(by_distance.area, copy=1.0 - 0.5 * fresh_copies)
    for name, found in (("membership", replace(by_distance, area=area)), ("density", by_density)):
        yield Score.of(name, found.area, n_others=found.n_others, people=run.people)
        for at, figure in found.caught.items():
            yield Score.of(tpr_name(name, at), figure)


def tpr_name(attack: str, at: float) -> str:
    """Name of the score: "_tpr" at 1 % false alarms, which most quote, the others with their rate in per cent.

    >>> tpr_name("density", 0.01), tpr_name("density", 0.001), tpr_name("density", 0.1)
    ('density_tpr', 'density_tpr_0_1', 'density_tpr_10')
    """
    return f"{attack}_tpr" if at == 0.01 else f"{attack}_tpr_{100 * at:g}".replace(".", "_")


def _guessed(run: Context, tables: Tables) -> list[Guessed]:
    if len(tables[0].columns) < 2:
        return []
    known = [c.name for c in run.schema if c.is_modelled and c.role is Role.QUASI_IDENTIFIER] or run.modelled
    secrets = [s for s in secrets_of(run.schema, run.target, len(tables[2]), run.rng(26)) if known != [s]]
    secrets.sort(key=lambda name: name != run.target)  # the first are learnt as well
    return inference(*tables, secrets, known, seed=run.draw_seed(27)) if secrets else []


def _inference_score(run: Context, guessed: Sequence[Guessed]) -> Iterable[Score]:
    if not guessed:
        return
    worst = worst_guess(guessed)
    only_some = any(c.role is Role.QUASI_IDENTIFIER for c in run.schema)
    yield Score.of(
        "inference", worst.risk, column=worst.column, columns=len(guessed), by=worst.by, by_others=worst.by_others,
        people=run.people, known="quasi-identifiers" if only_some else "cells",
    )  # fmt: skip


def _contrast_scores(run: Context, tables: Tables) -> Iterable[Score]:
    for stage, (name, attack) in enumerate(BY_CHANCE.items(), 28):
        found = attack(*tables, seed=run.draw_seed(stage))
        if found is not None:
            yield Score.of(name, found, people=run.people, who=run.people)


def public_scores(found: Linkage) -> list[Score]:
    """The two links to a public table."""
    return [
        Score.of(
            name, linked.risk, floor_by="holdout" if linked.n_others else "train", on=", ".join(found.on),
            read=", ".join(found.read), known_by=", ".join(found.known_by), claims=linked.claims,
            control="holdout" if linked.n_others else "alike", n_others=linked.n_others,
        )
        for name, linked in (("public_exact", found.exact), ("public_nearest", found.by_distance))
    ]  # fmt: skip


def shadow_scores(found: Shadows, model: str) -> list[Score]:
    """The shadow attack's area and its share of members named at 1 % false alarms."""
    said: dict[str, Any] = {"records": found.n_records, "tables": found.n_shadows, "model": model, "rows": found.n_rows}
    return [Score.of("shadow", found.area, **said), Score.of("shadow_tpr", found.caught)]
