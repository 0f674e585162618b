"""Membership: was this person's row among the training rows? Two guesses from the synthetic rows.

- Distance: the nearer a synthetic row, the likelier a member.
- Density ratio (van Breugel et al., "Membership inference attacks against synthetic data through overfitting
  detection", AISTATS 2023): the same, but held against other real people the attacker knows. A row in a crowd is near
  to synthetic rows anyway; what tells is to be nearer than the population explains. Densities are those of the few
  nearest neighbours.

What is guessed is a person: whose rows are several is judged by the one that points to them most.

Legend: n persons tried, r rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import least_beyond, least_share
from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import (
    Embedded,
    Targets,
    Vectors,
    affordable,
    fit_embedding,
    nearest_few,
    searchable,
)
from likewise.evaluate.roc import Z95, auc, true_positive_interval, true_positive_rate
from likewise.evaluate.tables import IntArray, Typed

MAX_MEMBERS = 5_000
LEAST_MEMBERS = 1_000
"""The interval of an area reaches .8 / sqrt(n) to either side, and the least leak is 2.9 times that: .025 and 7 % of
1,000 members, .011 and 3 % of 5,000."""
KNOWN, MOST_KNOWN = 1 / 3, 60_000
"""Share of either table whose persons the attacker knows, and how many rows of both."""
NEIGHBOURS = 3
FALSE_POSITIVE_RATES = (0.001, 0.01, 0.1)
LEAST_FALSE_POSITIVES = 5
A_MILLION, SPARED = 1_000_000, 12
"""The fewer rows there are than a million, the more of the time that all measures of a million take may go to this
attack, in searches' work."""


@dataclass(frozen=True)
class Membership:
    """Guessing who was in the training rows.

    Args:
        area: area under the ROC curve of the guess, with DeLong's interval; 0.5 is a coin toss.
        caught: for each rate of false alarms the share of members named at it. Rates at which fewer than five others
            would be named are left out: nothing could be said.
        n_others: non-members tried.
    """

    area: Figure
    caught: dict[float, Figure]
    n_others: int

    def searched(self, share: float) -> Membership:
        """This, where so large a share of the synthetic rows was searched."""
        area, *caught = (replace(figure, searched=share) for figure in (self.area, *self.caught.values()))
        return Membership(area, dict(zip(self.caught, caught, strict=True)), self.n_others)


def membership(train: Typed, holdout: Typed, synthetic: Typed, *, seed: int) -> tuple[Membership, Membership]:
    """The two attacks, by distance and by density ratio.

    Up to 5,000 training and as many holdout persons are tried, against all synthetic rows. For the second attack the
    attacker knows a third of the persons of either table (fewer of large ones), and those of the others are tried. Were
    all of those known out of the holdout, rows of one person of whom nobody told would stand among the known beside
    others only, and look like a leak.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    rows_each = len(train) / max(train.n_persons, 1)
    n = min(train.n_persons, holdout.n_persons, members_tried(len(synthetic), embed.width, rows_each))
    synthetic, searched = searchable(synthetic, embed.width, rng)
    tables, told = (train, holdout), train.persons is not None and holdout.persons is not None
    whose = [t.whose if told else np.arange(len(t)) for t in tables]
    share = min(KNOWN, MOST_KNOWN / (len(train) + len(holdout)))
    parts = [_parts(w, n, share, rng) for w in whose]
    tried = np.concatenate([embed(t.take(rows)) for t, (rows, _, _) in zip(tables, parts, strict=True)])
    to_synthetic = nearest_few(tried, Embedded(embed, synthetic), NEIGHBOURS)[1]
    is_member = np.arange(len(tried)) < len(parts[0][0])
    persons = np.concatenate([w[rows] for w, (rows, _, _) in zip(whose, parts, strict=True)])
    person = np.unique(np.stack([~is_member, persons]), axis=1, return_inverse=True)[1]
    by_distance = _judged(*_by_person(person, is_member, -to_synthetic[:, 0]))
    left = ~np.concatenate([is_known for _, is_known, _ in parts])
    known = [Embedded(embed, t.take(rows)) for t, (_, _, rows) in zip(tables, parts, strict=True)]
    to_known = np.sort(np.concatenate([nearest_few(tried[left], k, NEIGHBOURS)[1] for k in known], axis=1), axis=1)
    ratio = density_ratio(to_synthetic[left], to_known[:, : to_synthetic.shape[1]])
    by_density = _judged(*_by_person(person[left], is_member[left], ratio))
    return by_distance.searched(searched), by_density.searched(searched)


def members_tried(n_rows: int, width: int, rows_each: float = 1.0) -> int:
    """How many members, and as many others, are held against so many synthetic rows.

    Args:
        width: of a row's vector.
        rows_each: rows of a person.
    """
    spared = 1.0 + SPARED * max(0.0, 1.0 - n_rows / A_MILLION)
    return affordable(round(2 * rows_each * n_rows), width, least=LEAST_MEMBERS, most=MAX_MEMBERS, more=spared)


def _parts(
    whose: IntArray, n: int, share: float, rng: np.random.Generator
) -> tuple[IntArray, npt.NDArray[np.bool_], IntArray]:
    """Rows of n persons who are tried, which of them are of persons who are known too, and rows of all known."""
    persons = rng.permutation(np.unique(whose))
    is_known = np.isin(whose, persons[: round(share * len(persons))])
    tried = np.flatnonzero(np.isin(whose, persons[-n:]))
    return tried, is_known[tried], np.flatnonzero(is_known)


def guesses(members: Vectors, others: Vectors, synthetic: Targets) -> Membership:
    """The attack by distance on members and as many of the others, each row of another person."""
    tried = np.concatenate([members, others[-len(members) :]])
    return _judged(np.arange(len(tried)) < len(members), -nearest_few(tried, synthetic, 1)[1][:, 0])


def _by_person(
    person: IntArray, is_member: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Of each person tried, whether a member, and the greatest score of their rows."""
    order = np.argsort(person, kind="stable")
    starts = np.flatnonzero(np.diff(person[order], prepend=-1))
    return is_member[order][starts], np.asarray(np.maximum.reduceat(score[order], starts))


def density_ratio(to_synthetic: npt.NDArray[np.float64], to_known: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n,) log of synthetic density over known density at each row tried, up to a constant and a factor.

    Args:
        to_synthetic, to_known: (n, k) distances to the k nearest rows.
    """
    return np.asarray(_log_radius(to_known) - _log_radius(to_synthetic))


def _log_radius(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean log distance to the k nearest; where rows coincide the distance counts as a thousandth."""
    return np.asarray(np.log(distances + 1e-3).mean(1))


def _judged(is_member: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Membership:
    n, n_others = int(is_member.sum()), int((~is_member).sum())
    caught = {}
    for at in FALSE_POSITIVE_RATES:
        if at * n_others >= LEAST_FALSE_POSITIVES:
            rate, interval = true_positive_rate(is_member, score, at)
            caught[at] = Figure(rate, n, at, interval, least_leak=_least_caught(n, n_others, at), searched=1.0)
    area, by_ranks = auc(is_member, score), _by_ranks(n, n_others)
    low, high = area.interval
    if area.value - by_ranks <= 0.5:  # DeLong's interval is a little narrow for few people
        low = min(low, 0.5)
    least = least_beyond(by_ranks, 0.5)
    return Membership(Figure(area.value, n, 0.5, (low, high), least_leak=least, searched=1.0), caught, n_others)


def _least_caught(n: int, m: int, at: float) -> float:
    """The least share of members, each given away with certainty, that the share caught at this rate could tell."""
    return least_share(lambda hits: true_positive_interval(hits / n, n, m, at)[0] > at, n, at)


def _by_ranks(n: int, m: int) -> float:
    """How far beyond 0.5 an area of n against m must lie for the rank test of Mann and Whitney to tell."""
    return Z95 * float(np.sqrt((n + m + 1) / (12 * n * m)))


def worst_off(train: Typed, holdout: Typed, synthetic: Typed, n: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Places in `train` of the n rows that the density ratio points to most clearly, worst first."""
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    synthetic, _ = searchable(synthetic, embed.width, rng)
    n_targets = affordable(len(train), embed.width, least=20_000, most=len(synthetic))
    targets = Embedded(embed, synthetic.sample(n_targets, rng))
    known = embed(holdout.sample(MAX_MEMBERS, rng))
    tried = embed(train)
    ratio = density_ratio(nearest_few(tried, targets, 1)[1], nearest_few(tried, known, 1)[1])
    return np.argsort(-ratio, kind="stable")[:n]
