"""Attribute inference: the attacker knows some of a person's values and reads off another from the synthetic rows.

The guess is the value in the synthetic row that is nearest on what is known. How often it is right on training rows is
held against how often it is right on people the generator has not seen: what the population gives away by itself
(older people are more often married) is no leak, what is right on members only is one. The same guess from other real
people's rows stands beside it, for scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import Contrast, contrast
from likewise.evaluate.neighbours import Vectors, closeness_tiles, fit_embedding
from likewise.evaluate.tables import Typed
from likewise.schema import Role, Schema

MAX_TARGETS = 2_000
MAX_SYNTHETIC = 20_000
MOST_FLOATS = 8 * 2**20
MOST_SECRETS = 30
TOLERANCE = 0.01


@dataclass(frozen=True)
class Guessed:
    """One secret column.

    Args:
        risk: right guesses on training rows beside those on unseen people.
        by_others: right guesses on the same training rows from real rows of other people.
    """

    column: str
    risk: Contrast
    by_others: float


def secrets_of(schema: Schema, target: str | None, rng: np.random.Generator) -> list[str]:
    """The columns to guess: those marked sensitive; else every column, at most 30 with the target among them."""
    names = [c.name for c in schema if c.is_modelled]
    sensitive = [c.name for c in schema if c.is_modelled and c.role is Role.SENSITIVE]
    if sensitive or len(names) <= MOST_SECRETS:
        return sensitive or names
    first = [target] if target in names else []
    rest = [name for name in names if name != target]
    chosen = {*first, *rng.permutation(rest)[: MOST_SECRETS - len(first)].tolist()}
    return [name for name in names if name in chosen]


def inference(
    train: Typed, holdout: Typed, synthetic: Typed, secrets: Sequence[str], known: Sequence[str], *, seed: int
) -> list[Guessed]:
    """The attack on each of `secrets`, from the columns `known` (the secret itself left out).

    Up to 2,000 training rows are guessed, and half of the holdout rows as the control; the other half are the real
    rows of other people. A number counts as guessed within 1 % of the real 1-99 % range.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    names = [c.name for c in train.columns]
    spans = dict(zip(names, embed.spans, strict=True))
    numbers = {c.name for c in train.columns if c.is_number}
    others = embed(holdout.take(rng.permutation(len(holdout))))
    control, reference = others[: len(others) // 2][:MAX_TARGETS], others[len(others) // 2 :]
    members = embed(train.sample(MAX_TARGETS, rng))
    drawn = embed(synthetic.take(rng.permutation(len(synthetic))[: min(MAX_SYNTHETIC, MOST_FLOATS // embed.width)]))
    tried = np.concatenate([members, control])
    pool = [name for name in known if name in spans]
    right = _right_guesses(tried, drawn, secrets, pool, spans, numbers)
    by_others = _right_guesses(members, reference, secrets, pool, spans, numbers)
    found, n = [], len(members)
    for name in secrets:
        hits, control_hits = int(right[name][:n].sum()), int(right[name][n:].sum())
        risk = contrast(hits, n, control_hits, len(control), tests=len(secrets), which=name)
        found.append(Guessed(name, risk, float(by_others[name].mean())))
    return found


def worst_guess(found: Sequence[Guessed]) -> Guessed:
    """The secret whose right guesses lie farthest beyond the control, in units of the interval's half."""
    return max(found, key=lambda g: (g.risk.value - g.risk.floor) / max(g.risk.value - g.risk.interval[0], 1e-9))


def _right_guesses(
    tried: Vectors,
    rows: Vectors,
    secrets: Sequence[str],
    known: Sequence[str],
    spans: dict[str, slice],
    numbers: set[str],
) -> dict[str, npt.NDArray[np.bool_]]:
    """For each secret, which of the rows tried have it guessed rightly.

    All pairs are met once; the secret's own part is then taken out of the closeness, column by column.
    """
    cells = np.concatenate([np.arange(s.start, s.stop) for s in (spans[name] for name in known)])
    index = {name: np.empty(len(tried), dtype=np.int64) for name in secrets}
    a, b = np.ascontiguousarray(tried[:, cells]), np.ascontiguousarray(rows[:, cells])
    for part, closeness in closeness_tiles(a, b):
        for name in secrets:
            without = closeness
            if name in known:
                own = np.ascontiguousarray(rows[:, spans[name]])
                without = tried[part, spans[name]] @ own.T
                without -= 0.5 * np.square(own).sum(1)
                np.subtract(closeness, without, out=without)
            index[name][part] = without.argmax(1)
    right = {}
    for name, found in index.items():
        truth, guess = tried[:, spans[name]], rows[:, spans[name]][found]
        limit = TOLERANCE if name in numbers else 1e-3
        right[name] = np.asarray(np.abs(truth - guess).max(1) <= limit)
    return right
