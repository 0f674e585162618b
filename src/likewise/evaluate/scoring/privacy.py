"""Scores of what leaks: copies, nearness, and attacks on people, each beside its control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.inference import Guessed, inference, secrets_of, worst_guess
from likewise.evaluate.attacks.linkage import linkability
from likewise.evaluate.attacks.membership import Membership, membership
from likewise.evaluate.attacks.public import Linkage
from likewise.evaluate.attacks.rates import Contrast
from likewise.evaluate.attacks.shadow import Shadows
from likewise.evaluate.attacks.singling_out import several_values, single_values
from likewise.evaluate.detection import MIN_ROWS
from likewise.evaluate.results import FloorKind, Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.tables import Typed
from likewise.schema.column import Role

ONLY_SEES = "sees the synthetic rows only"
ALL_CELLS = "sees the synthetic rows and knows every cell of the record asked about"
POPULATION = f"{ALL_CELLS}, and the rows of some other real people"
CHECK = "sees the synthetic rows; a check for copying, not an attack on a person"

_attack = partial(Score, group="privacy", better="lower")
BY: dict[str, str] = {
    "nearest": "from the synthetic row nearest in the known columns",
    "tree": "by a tree grown on the synthetic rows",
}


def copy_scores(run: Context) -> tuple[float, list[Score]]:
    """Exact copies, with the share of fresh rows that stand in the training rows anyway."""
    synthetic, train = (copying.row_hashes(run.frames[role], run.modelled) for role in ("synthetic", "real"))
    sides = run.sides
    fresh = None if sides.holdout is None else sides.holdout.hashes
    if run.holdout is not None and not (sides.are_distinct or sides.are_unclear):
        _tell_overlap(run)
    if sides.are_distinct:  # rows that stand in both tables were left out of the control, but here they count
        fresh = copying.row_hashes(run.frames["holdout"], run.modelled)
    found, once = copying.copies_beside(synthetic, train, fresh), copying.copies_once(synthetic, sides)
    by: FloorKind = "train" if run.holdout is None else "holdout"
    exact = "no alarm but where Fisher's exact test raises one"
    return found.floor, [
        _of_contrast(
            "copies",
            found,
            f"share of synthetic rows that stand, cell for cell, in the training rows; the interval carries the errors "
            f"of it and of its floor, {exact}",
            "how many synthetic rows are exact copies of real ones",
            ONLY_SEES,
            copy=1.0,
            floor_by=by,
        ),
        _of_contrast(
            "copies_once",
            once,
            "the same for training rows that occur once; where chance hardly ever repeats a row, the floor counts all "
            f"pairs of rows that could have been equal, else the holdout rows; {exact}",
            "how many synthetic rows copy a real row that has no equal",
            ONLY_SEES,
            floor_by=by,
        ),
    ]


def _tell_overlap(run: Context) -> None:
    """Note a holdout that overlaps the training rows more than these repeat."""
    sides = run.sides
    assert sides.holdout is not None
    fresh, repeated = copying.copies(sides.holdout.hashes, sides.train.hashes), copying.repeats(sides.train.hashes)
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
    searched = _share_of(near.searched, "real")
    for name, found, method, meaning in (
        (
            "distance_share",
            near,
            f"share of synthetic rows whose nearest real row is a training row rather than a holdout row{searched}, "
            f"scaled so that chance is 0.5; interval from the exchangeability of training and holdout {run.people}",
            "whether synthetic rows crowd around training rows; about 0.5 plus half the share of copied rows",
        ),
        (
            "near_copies",
            crowded,
            f"the same for the {crowded.n:,} synthetic rows nearest to a real row beside the second nearest",
            "whether the synthetic rows that come closest to a real one come close to training rows",
        ),
    ):
        yield _attack(
            name=name,
            value=found.share,
            floor=0.5,
            floor_by="theory",
            copy=found.copy,
            interval=found.interval,
            n=found.n,
            method=method,
            meaning=meaning,
            threat=CHECK,
            least_leak=found.least_leak,
            searched=found.searched,
        )


def _membership_scores(run: Context, tables: Tables, fresh_copies: float) -> Iterable[Score]:
    by_distance, by_density = membership(*tables, seed=run.draw_seed(7))
    metric = "numbers in units of their 1-99 % range, levels one-hot, Euclidean; DeLong interval"
    searched = _share_of(by_distance.searched, "synthetic")
    sizes = [f"{found.n:,} training and {found.n_others:,} holdout {run.people}" for found in (by_distance, by_density)]
    yield from _guess_scores(
        "membership",
        by_distance,
        f"ROC AUC of minus the distance to the nearest synthetic row{searched}, for {sizes[0]}; {metric}",
        "how well distance tells who was in the training rows; 0.5 is a coin toss",
        ALL_CELLS,
        1.0 - 0.5 * fresh_copies,
    )
    yield from _guess_scores(
        "density",
        by_density,
        f"ROC AUC of the density of synthetic rows over that of other real rows (nearest neighbours{searched}), for "
        f"{sizes[1]}; {metric}",
        "how well nearness beyond what the population explains tells who was in the training rows",
        POPULATION,
        None,
    )


def _share_of(searched: float, which: str) -> str:
    """What is said where not all rows were searched."""
    return "" if searched >= 1.0 else f" (only {searched:.1%} of the {which} rows were searched)"


def _guess_scores(
    name: str, found: Membership, method: str, meaning: str, threat: str, copy: float | None
) -> Iterable[Score]:
    same: dict[str, Any] = {"floor_by": "theory", "n": found.n, "threat": threat, "searched": found.searched}
    yield _attack(
        name=name,
        value=found.area.value,
        floor=0.5,
        copy=copy,
        interval=found.area.interval,
        method=method,
        meaning=meaning,
        least_leak=found.least_leak,
        **same,
    )
    for at, (rate, interval) in found.caught.items():
        yield _attack(
            name=tpr_name(name, at),
            value=rate,
            floor=at,
            interval=interval,
            method="the same attack: share of training rows named where "
            f"{100 * at:g} % of the holdout rows are named falsely",
            meaning=f"how many members an attacker names rightly at {100 * at:g} % false alarms; {100 * at:g} % is "
            "chance",
            least_leak=found.least_leak_at(at),
            **same,
        )


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
    secrets = [s for s in secrets_of(run.schema, run.target, run.rng(26)) if known != [s]]
    secrets.sort(key=lambda name: name != run.target)  # the first are learnt as well
    return inference(*tables, secrets, known, seed=run.draw_seed(27)) if secrets else []


def _inference_score(run: Context, guessed: Sequence[Guessed]) -> Iterable[Score]:
    if not guessed:
        return
    worst = worst_guess(guessed)
    several = f"the worst of {len(guessed)} columns" if len(guessed) > 1 else "one column"
    only_some = any(c.role is Role.QUASI_IDENTIFIER for c in run.schema)
    yield _of_contrast(
        "inference",
        worst.risk,
        f"share of values of {worst.column!r} guessed rightly (numbers within 1 % of the real range) {BY[worst.by]}"
        f"{_share_of(worst.risk.searched, 'synthetic')}, {several}, the stronger of two guesses, the interval widened "
        f"for all that were tried; {worst.risk.n:,} training {run.people}, floor from holdout {run.people}; other real "
        f"people's rows give {worst.by_others:.1%}",
        "how often a hidden value of a training row can be read off; the floor is what the population gives away",
        f"sees the synthetic rows and knows the {'quasi-identifiers' if only_some else 'other cells'} of the record "
        "asked about",
    )


def _contrast_scores(run: Context, tables: Tables) -> Iterable[Score]:
    who = "person" if run.people == "persons" else "real row"
    single = single_values(*tables, seed=run.draw_seed(28))
    if single is not None:
        yield _of_contrast(
            "singling_out",
            single,
            f"share of {single.n:,} conditions on one column, each true of one synthetic row (a value, an end of the "
            f"range, the one missing), true of exactly one {who} and that one of the training rows"
            f"{_share_of(single.searched, 'real')}; floor by the holdout rows",
            "how often one value read off the synthetic rows points to exactly one training person",
            ONLY_SEES,
        )
    several = several_values(*tables, seed=run.draw_seed(29))
    if several is not None:
        yield _of_contrast(
            "singling_out_several",
            several,
            f"the same for {several.n:,} conditions on 3 to 12 columns of a synthetic row",
            "how often several values of a synthetic row together point to exactly one training person",
            ONLY_SEES,
        )
    linked = linkability(*tables, seed=run.draw_seed(30))
    if linked is not None:
        yield _of_contrast(
            "linkability",
            linked,
            f"share of {linked.n:,} training {run.people} whose two halves (columns dealt out by chance) share one of "
            f"their 5 nearest synthetic rows{_share_of(linked.searched, 'synthetic')}; floor from holdout {run.people}",
            "how often two tables with different columns of the same people can be joined through the synthetic rows",
            "sees the synthetic rows and holds two tables of the same people with no column in common",
        )


def public_scores(found: Linkage) -> list[Score]:
    """The two links to a public table."""
    on, read = ", ".join(found.on), ", ".join(found.read)
    scores = []
    for name, linked, how in (
        ("public_exact", found.exact, "the only released row that fits these columns"),
        ("public_nearest", found.by_distance, "the released row nearest in these columns"),
    ):
        control = f"{linked.n_others:,} people of the public table who are in the holdout"
        score = _of_contrast(
            name,
            linked.risk,
            f"share of {linked.risk.n:,} people of the public table who are in the training rows (known by "
            f"{', '.join(found.known_by)}) for whom {how}, {on}, tells what is true of them: {read}; {linked.claims:,} "
            f"were claimed; floor from {control if linked.n_others else 'the person in the training rows most alike'}",
            "how many people of a public table are found in the released one, with what it tells of them",
            f"sees the released rows and holds a table of names with {on}",
            floor_by="holdout" if linked.n_others else "train",
        )
        scores.append(score)
    return scores


def _of_contrast(
    name: str,
    found: Contrast,
    method: str,
    meaning: str,
    threat: str,
    *,
    copy: float | None = None,
    floor_by: FloorKind = "holdout",
) -> Score:
    return _attack(
        name=name,
        value=found.value,
        floor=found.floor,
        floor_by=floor_by,
        copy=copy,
        interval=found.interval,
        n=found.n,
        method=method if "interval" in method else f"{method}; the interval carries the errors of both",
        meaning=meaning,
        threat=threat,
        least_leak=found.least_leak,
        searched=found.searched,
    )


def shadow_scores(found: Shadows, model: str) -> list[Score]:
    """The shadow attack's area and its share of members named at 1 % false alarms."""
    rate, interval = found.caught
    same: dict[str, Any] = {
        "floor_by": "theory",
        "n": found.n_records * found.n_shadows,
        "threat": "can train the generator, on other real people's rows with and without the record asked about",
    }
    area = _attack(
        name="shadow",
        value=found.area.value,
        floor=0.5,
        interval=found.area.interval,
        method=f"ROC AUC over {found.n_records:,} records, half of them outliers, in {found.n_shadows} tables drawn by "
        f"{model!r} trained on {found.n_rows:,} rows, each record in half of them; the widest of three intervals",
        meaning="how well an attacker who can run the generator tells who was in its training rows",
        least_leak=found.least_leak,
        **same,
    )
    caught = _attack(
        name="shadow_tpr",
        value=rate,
        floor=0.01,
        interval=interval,
        method="the same attack: share of members named where 1 % of the others are named falsely",
        meaning="how many members that attacker names rightly at 1 % false alarms; 1 % is chance",
        **same,
    )
    return [area, caught]
