"""Scores of what leaks: copies, nearness, and attacks on people, each beside its control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from likewise.evaluate.attacks import copies as copying
from likewise.evaluate.attacks.inference import Guessed, inference, secrets_of, worst_guess
from likewise.evaluate.attacks.linkage import linkability
from likewise.evaluate.attacks.membership import Membership, membership
from likewise.evaluate.attacks.rates import Contrast, contrast
from likewise.evaluate.attacks.shadow import Shadows
from likewise.evaluate.attacks.singling_out import several_values, single_values
from likewise.evaluate.detection import MIN_ROWS
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.schema import Role

ALL_CELLS = "sees the synthetic rows and knows every cell of the record asked about"
POPULATION = f"{ALL_CELLS}, and the rows of some other real people"


def copy_scores(run: Context) -> tuple[float, list[Score]]:
    """Exact copies, with the share of fresh rows that stand in the training rows anyway."""
    hashes = {role: copying.row_hashes(frame, run.modelled) for role, frame in run.frames.items()}
    found, repeated = copying.copies(hashes["synthetic"], hashes["real"]), copying.repeats(hashes["real"])
    fresh = repeated if run.holdout is None else copying.copies(hashes["holdout"], hashes["real"])
    if run.holdout is not None and fresh.value > 0.01 and fresh.interval[0] > 1.5 * repeated.interval[1]:
        run.notes.append(
            f"{fresh.value:.1%} of the holdout rows stand in the training rows, more than rows repeat there "
            f"({repeated.value:.1%}): the two overlap, so attacks look weaker than they are."
        )
    beside = contrast(round(found.value * found.n), found.n, round(fresh.value * fresh.n), fresh.n)
    score = Score(
        name="copies",
        group="privacy",
        value=found.value,
        better="lower",
        floor=fresh.value,
        floor_by="train" if run.holdout is None else "holdout",
        copy=1.0,
        interval=beside.interval,
        n=found.n,
        method="share of synthetic rows that stand, cell for cell, in the training rows; the interval carries the "
        "errors of it and of its floor",
        meaning="how many synthetic rows are exact copies of real ones",
        threat="sees the synthetic rows only",
    )
    return fresh.value, [score]


def attacks(run: Context, fresh_copies: float) -> tuple[list[Score], list[Guessed]]:
    """All attacks that need real rows unknown to the generator; none, with a note, where there are too few."""
    assert run.holdout is not None
    if len(run.holdout) < MIN_ROWS or len(run.train) < MIN_ROWS:
        run.notes.append(f"The attacks need at least {MIN_ROWS} training and holdout rows.")
        return [], []
    guessed = _guessed(run)
    scores = [
        *_nearness_scores(run),
        *_membership_scores(run, fresh_copies),
        *_inference_score(run, guessed),
        *_contrast_scores(run),
    ]
    return scores, guessed


def _nearness_scores(run: Context) -> Iterable[Score]:
    train, synthetic, holdout = run.attack_tables
    near, crowded = copying.distance_share(train, holdout, synthetic, seed=run.draw_seed(6))
    threat = "sees the synthetic rows; a check for copying, not an attack on a person"
    yield Score(
        name="distance_share",
        group="privacy",
        value=near.share,
        better="lower",
        floor=0.5,
        floor_by="theory",
        copy=near.copy,
        interval=near.interval,
        n=near.n,
        method="share of synthetic rows whose nearest real row is a training row rather than a holdout row, "
        "scaled so that chance is 0.5; interval from the exchangeability of the two",
        meaning="whether synthetic rows crowd around training rows; about 0.5 plus half the share of copied rows",
        threat=threat,
    )
    yield Score(
        name="near_copies",
        group="privacy",
        value=crowded.share,
        better="lower",
        floor=0.5,
        floor_by="theory",
        copy=crowded.copy,
        interval=crowded.interval,
        n=crowded.n,
        method=f"the same for the {crowded.n:,} synthetic rows nearest to a real row beside the second nearest",
        meaning="whether the synthetic rows that come closest to a real one come close to training rows",
        threat=threat,
    )


def _membership_scores(run: Context, fresh_copies: float) -> Iterable[Score]:
    train, synthetic, holdout = run.attack_tables
    by_distance, by_density = membership(train, holdout, synthetic, seed=run.draw_seed(7))
    metric = "numbers in units of their 1-99 % range, levels one-hot, Euclidean; DeLong interval"
    yield from _guess_scores(
        "membership",
        by_distance,
        f"ROC AUC of minus the distance to the nearest synthetic row, for {by_distance.n:,} training and "
        f"{by_distance.n_others:,} holdout rows; {metric}",
        "how well distance tells who was in the training rows; 0.5 is a coin toss",
        ALL_CELLS,
        1.0 - 0.5 * fresh_copies,
    )
    yield from _guess_scores(
        "density",
        by_density,
        f"ROC AUC of the density of synthetic rows over that of other real rows (nearest neighbours), for "
        f"{by_density.n:,} training and {by_density.n_others:,} holdout rows; {metric}",
        "how well nearness beyond what the population explains tells who was in the training rows",
        POPULATION,
        None,
    )


def _guess_scores(
    name: str, found: Membership, method: str, meaning: str, threat: str, copy: float | None
) -> Iterable[Score]:
    yield Score(
        name=name,
        group="privacy",
        value=found.area.value,
        better="lower",
        floor=0.5,
        floor_by="theory",
        copy=copy,
        interval=found.area.interval,
        n=found.n,
        method=method,
        meaning=meaning,
        threat=threat,
    )
    for at, (rate, interval) in found.caught.items():
        yield Score(
            name=tpr_name(name, at),
            group="privacy",
            value=rate,
            better="lower",
            floor=at,
            floor_by="theory",
            copy=None,
            interval=interval,
            n=found.n,
            method=f"the same attack: share of training rows named where {100 * at:g} % of the holdout rows are named "
            "falsely",
            meaning=f"how many members an attacker names rightly at {100 * at:g} % false alarms; {100 * at:g} % is "
            "chance",
            threat=threat,
        )


def tpr_name(attack: str, at: float) -> str:
    """Name of the score: "_tpr" at 1 % false alarms, which most quote, the others with their rate in per cent.

    >>> tpr_name("density", 0.01), tpr_name("density", 0.001), tpr_name("density", 0.1)
    ('density_tpr', 'density_tpr_0_1', 'density_tpr_10')
    """
    return f"{attack}_tpr" if at == 0.01 else f"{attack}_tpr_{100 * at:g}".replace(".", "_")


def _guessed(run: Context) -> list[Guessed]:
    train, synthetic, holdout = run.attack_tables
    if len(train.columns) < 2:
        return []
    known = [c.name for c in run.schema if c.is_modelled and c.role is Role.QUASI_IDENTIFIER] or run.modelled
    secrets = [s for s in secrets_of(run.schema, run.target, run.rng(26)) if known != [s]]
    return inference(train, holdout, synthetic, secrets, known, seed=run.draw_seed(27)) if secrets else []


def _inference_score(run: Context, guessed: Sequence[Guessed]) -> Iterable[Score]:
    if not guessed:
        return
    worst = worst_guess(guessed)
    several = (
        f"the worst of {len(guessed)} columns, its interval widened for that" if len(guessed) > 1 else "one column"
    )
    yield _contrast_score(
        "inference",
        worst.risk,
        f"share of values of {worst.column!r} guessed rightly (numbers within 1 % of the real range) from the "
        f"synthetic row nearest in the known columns, {several}; {worst.risk.n:,} training rows, floor from holdout "
        f"rows; other real people's rows give {worst.by_others:.1%}",
        "how often a hidden value of a training row can be read off; the floor is what the population gives away",
        "sees the synthetic rows and knows the other cells of the record asked about"
        if all(c.role is not Role.QUASI_IDENTIFIER for c in run.schema)
        else "sees the synthetic rows and knows the quasi-identifiers of the record asked about",
    )


def _contrast_scores(run: Context) -> Iterable[Score]:
    train, synthetic, holdout = run.attack_tables
    single = single_values(train, holdout, synthetic, seed=run.draw_seed(28))
    if single is not None:
        yield _contrast_score(
            "singling_out",
            single,
            f"share of {single.n:,} conditions on one column, each true of one synthetic row (a value, an end of the "
            "range, the one missing), true of exactly one real row and that a training row; floor by the holdout rows",
            "how often one value read off the synthetic rows points to exactly one training person",
            "sees the synthetic rows only",
        )
    several = several_values(train, holdout, synthetic, seed=run.draw_seed(29))
    if several is not None:
        yield _contrast_score(
            "singling_out_several",
            several,
            f"the same for {several.n:,} conditions on 3 to 12 columns of a synthetic row",
            "how often several values of a synthetic row together point to exactly one training person",
            "sees the synthetic rows only",
        )
    linked = linkability(train, holdout, synthetic, seed=run.draw_seed(30))
    if linked is not None:
        yield _contrast_score(
            "linkability",
            linked,
            f"share of {linked.n:,} training rows whose two halves (columns dealt out by chance) share one of their 5 "
            "nearest synthetic rows; floor from holdout rows",
            "how often two tables with different columns of the same people can be joined through the synthetic rows",
            "sees the synthetic rows and holds two tables of the same people with no column in common",
        )


def _contrast_score(name: str, found: Contrast, method: str, meaning: str, threat: str) -> Score:
    return Score(
        name=name,
        group="privacy",
        value=found.value,
        better="lower",
        floor=found.floor,
        floor_by="holdout",
        copy=None,
        interval=found.interval,
        n=found.n,
        method=f"{method}; the interval carries the errors of both",
        meaning=meaning,
        threat=threat,
    )


def shadow_scores(found: Shadows, model: str) -> list[Score]:
    """The shadow attack's area and its share of members named at 1 % false alarms."""
    threat = "can train the generator, on other real people's rows with and without the record asked about"
    method = (
        f"ROC AUC over {found.n_records:,} records in {found.n_shadows} tables drawn by {model!r} trained on "
        f"{found.n_rows:,} rows, each record in half of them; the widest of three intervals"
    )
    rate, interval = found.caught
    area = Score(
        name="shadow",
        group="privacy",
        value=found.area.value,
        better="lower",
        floor=0.5,
        floor_by="theory",
        interval=found.area.interval,
        n=found.n_records * found.n_shadows,
        method=method,
        meaning="how well an attacker who can run the generator tells who was in its training rows",
        threat=threat,
    )
    caught = replace(
        area,
        name="shadow_tpr",
        value=rate,
        floor=0.01,
        interval=interval,
        method="the same attack: share of members named where 1 % of the others are named falsely",
        meaning="how many members that attacker names rightly at 1 % false alarms; 1 % is chance",
    )
    return [area, caught]
