"""Attribute inference: the attacker knows some of a person's values and reads off another from the synthetic rows.

There are two guesses: the value in the synthetic row that is nearest on what is known, and that of a decision tree
grown on the synthetic rows until every leaf is pure. The first drowns where many of the known columns tell nothing; the
second asks only those that tell. The stronger counts, and both are counted as tries.

How often a guess is right on training rows is held against how often it is right on people the generator has not seen:
what the population gives away by itself (older people are more often married) is no leak, what is right on members only
is one. The same guess from other real people's rows stands beside it, for scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from likewise.evaluate.attacks.rates import contrast
from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import (
    MOST_WORK,
    Embedded,
    Embedding,
    Vectors,
    chunks_of,
    closeness_tiles,
    fit_embedding,
    searchable,
    shares_of,
    tile_space,
    with_half_square,
)
from likewise.evaluate.tables import Typed, design_matrices
from likewise.evaluate.threads import side_by_side
from likewise.schema.column import Role, Schema

MAX_TARGETS = 2_000
LEAST_TARGETS = 120
MOST_SECRETS, MOST_OF_LONG, LONG = 30, 6, 250_000
"""Of tables of more synthetic rows than the last, six columns are guessed: who leaks with a whole row leaks by any of
its cells, and each column more takes a pass over all pairs and widens the interval of the worst (20 for six: by a
ninth)."""
MOST_LEARNT = 10
MOST_CLASSES = 64
MAX_LEARNT_ROWS = 10_000
TOLERANCE = 0.01


@dataclass(frozen=True)
class Guessed:
    """One secret column.

    Args:
        risk: right guesses on training rows beside those on unseen people.
        by_others: right guesses on the same training rows from real rows of other people, by the nearest.
        by: the guess that was stronger, "nearest" or "tree".
    """

    column: str
    risk: Figure
    by_others: float
    by: str = "nearest"


def secrets_of(schema: Schema, target: str | None, n_rows: int, rng: np.random.Generator) -> list[str]:
    """The columns to guess: those marked sensitive; else every column, at most 30 with the target among them, or six
    beside so many synthetic rows that these take long.
    """
    most = MOST_SECRETS if n_rows <= LONG else MOST_OF_LONG
    names = [c.name for c in schema if c.is_modelled]
    sensitive = [c.name for c in schema if c.is_modelled and c.role is Role.SENSITIVE]
    if sensitive or len(names) <= most:
        return sensitive or names
    first = [target] if target in names else []
    rest = [name for name in names if name != target]
    chosen = {*first, *rng.permutation(rest)[: most - len(first)].tolist()}
    return [name for name in names if name in chosen]


def inference(
    train: Typed, holdout: Typed, synthetic: Typed, secrets: Sequence[str], known: Sequence[str], *, seed: int
) -> list[Guessed]:
    """The attack on each of `secrets`, from the columns `known` (the secret itself left out).

    Up to 2,000 training persons are guessed, a row of each, and half of the holdout persons as the control; the other
    half are the real rows of other people. A number counts as guessed within 1 % of the real 1-99 % range.
    """
    rng = np.random.default_rng(seed)
    embed = fit_embedding(train)
    others = holdout.one_each(rng)
    others = others.take(rng.permutation(len(others)))
    synthetic, searched = searchable(synthetic, embed.width, rng, shuffled=True)
    most = _most_targets(len(synthetic), embed.width, len(secrets))
    control = others.take(np.arange(len(others) // 2)[:most])
    reference = others.take(np.arange(len(others) // 2, len(others)))
    members = train.one_each(rng).sample(most, rng)
    pool = [name for name in known if name in [c.name for c in train.columns]]
    asked = _Asked(tuple(secrets), tuple(pool), embed, frozenset(c.name for c in train.columns if c.is_number))
    tried, n = np.concatenate([embed(members), embed(control)]), len(members)
    right = {"nearest": _by_nearest(tried, synthetic, asked)}
    right["tree"] = _by_tree([members, control, synthetic.take(np.arange(min(len(synthetic), MAX_LEARNT_ROWS)))], asked)
    by_others = _by_nearest(tried[:n], reference, asked)
    tests = sum(map(len, right.values()))
    found = []
    for name in secrets:
        tries = []
        for by, hits in ((by, hits[name]) for by, hits in right.items() if name in hits):
            risk = contrast(int(hits[:n].sum()), n, int(hits[n:].sum()), len(control), tests=tests)
            share = searched if by == "nearest" else min(1.0, MAX_LEARNT_ROWS / len(synthetic))
            tries.append(Guessed(name, replace(risk, searched=share), float(by_others[name].mean()), by))
        found.append(worst_guess(tries))
    return found


def worst_guess(found: Sequence[Guessed]) -> Guessed:
    """The guess that is right farthest beyond the control, in units of the interval's half."""
    return max(found, key=lambda g: (g.risk.value - g.risk.floor) / max(g.risk.value - g.risk.interval[0], 1e-9))


@dataclass(frozen=True)
class _Asked:
    """What is guessed from what: names, how columns become vectors, and which are numbers."""

    secrets: tuple[str, ...]
    known: tuple[str, ...]
    embed: Embedding
    numbers: frozenset[str]


def _most_targets(n_rows: int, width: int, n_secrets: int) -> int:
    """Each secret takes a pass of its own over all pairs."""
    work = n_rows * (width + 30 * n_secrets)
    return int(np.clip(0.3 * MOST_WORK / work, LEAST_TARGETS, MAX_TARGETS))


def _by_nearest(tried: Vectors, table: Typed, asked: _Asked) -> dict[str, npt.NDArray[np.bool_]]:
    """For each secret, which of the rows tried have it guessed rightly by the nearest row of the table.

    All pairs are met once; the secret's own part is then taken out of the closeness, column by column.
    """
    rows, spans = Embedded(asked.embed, table), dict(zip(asked.embed.names, asked.embed.spans, strict=True))
    cells = np.concatenate([np.arange(s.start, s.stop) for s in (spans[name] for name in asked.known)])
    given, ones = np.ascontiguousarray(tried[:, cells]), np.ones((len(tried), 1), dtype=np.float32)
    asking = {name: np.concatenate([tried[:, spans[name]], ones], axis=1) for name in asked.secrets}

    def search(starts: range) -> tuple[npt.NDArray[np.int64], Vectors]:
        """(secrets, tried) the row nearest without the secret, and its closeness."""
        index = np.zeros((len(asked.secrets), len(tried)), dtype=np.int64)
        best = np.full(index.shape, -np.inf, dtype=np.float32)
        space, scratch = tile_space(), tile_space()
        for first, whole in chunks_of(rows, starts):
            own = {name: with_half_square(whole[:, spans[name]]) for name in asked.secrets if name in asked.known}
            for part, closeness in closeness_tiles(given, np.ascontiguousarray(whole[:, cells]), space):
                for i, name in enumerate(asked.secrets):
                    without = closeness
                    if name in own:
                        without = scratch[: closeness.size].reshape(closeness.shape)
                        np.matmul(asking[name][part], own[name], out=without)
                        np.subtract(closeness, without, out=without)
                    found = without.argmax(1)
                    value = without[np.arange(len(found)), found]
                    better = value > best[i, part]
                    index[i, part] = np.where(better, first + found, index[i, part])
                    best[i, part] = np.where(better, value, best[i, part])
        return index, best

    found = side_by_side([partial(search, starts) for starts in shares_of(rows)])
    index, best = (np.stack(each) for each in zip(*found, strict=True))
    nearest = np.take_along_axis(index, best.argmax(0)[None], 0)[0]  # of equals the first
    right = {}
    for name, place in zip(asked.secrets, nearest, strict=True):
        truth, guess = tried[:, spans[name]], rows[place][:, spans[name]]
        limit = TOLERANCE if name in asked.numbers else 1e-3
        right[name] = np.asarray(np.abs(truth - guess).max(1) <= limit)
    return right


def _by_tree(tables: Sequence[Typed], asked: _Asked) -> dict[str, npt.NDArray[np.bool_]]:
    """For each secret, up to ten and none of many levels, which members and others have it guessed rightly by a tree.

    Args:
        tables: members, control, and the synthetic rows to learn from.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    most = float(np.finfo(np.float32).max)  # a tree takes no infinite number
    members, control, rows = (np.clip(x, -most, most) for x in design_matrices(tables)[0])
    names = list(asked.embed.names)
    right = {}
    for name in asked.secrets[:MOST_LEARNT]:
        given = [names.index(k) for k in asked.known if k != name]
        if not given:
            continue
        secret = [table[name] for table in tables]
        there = ~secret[2].missing if name in asked.numbers else np.ones(len(rows), dtype=np.bool_)
        is_level = name not in asked.numbers
        n_classes = len(np.unique(secret[2].values)) if is_level else 0
        if not there.any() or n_classes > min(MOST_CLASSES, len(rows) // 2):
            continue
        tree = (DecisionTreeClassifier if is_level else DecisionTreeRegressor)(random_state=0)
        tree.fit(rows[there][:, given], secret[2].values[there])
        guess = tree.predict(np.concatenate([members, control])[:, given])
        truth = np.concatenate([column.values for column in secret[:2]])
        scale = asked.embed.blocks[names.index(name)]
        limit = TOLERANCE * scale[1] if isinstance(scale, tuple) else 0.5
        right[name] = np.asarray(np.abs(guess - truth) <= limit)  # a missing number is never guessed
    return right
