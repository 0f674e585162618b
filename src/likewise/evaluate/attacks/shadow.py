"""Membership by shadow models: the attacker can run the generator itself, and learns what a member looks like.

Many tables are drawn, each by a generator trained anew on a random part of the real rows. Every record asked about is
in half of them. What a table looks like around a record when it was in and when it was out is learnt from some of the
tables and tried on the others.

References: Stadler et al., "Synthetic data: anonymisation groundhog day", USENIX Security 2022 (features of the drawn
table); Houssiau et al., "TAPAS", 2022 (counting queries). NOTE[DIFF] all records share one attack model, on features
standardised record by record, and all are tried in the same tables, each in a random half: tens of trainings serve
where a model per record takes thousands. Half of the records are the outliers, the rows farthest from all others: those
leak first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.errors import OptionError
from likewise.evaluate.attacks.rates import least_beyond
from likewise.evaluate.figure import Figure
from likewise.evaluate.neighbours import Embedding, fit_embedding, nearest_few
from likewise.evaluate.roc import Z95, auc, true_positive_rate
from likewise.evaluate.tables import FloatArray, Typed

Draw = Callable[[pl.DataFrame, int, int], pl.DataFrame]
"""(training rows, rows wanted, seed) -> synthetic rows: a generator from end to end, raw frame to raw frame."""

MAX_ROWS = 2_000
MOST_RECORDS = 100
N_QUERIES = 60
N_FOLDS = 5
MOST_COMPARED = 5_000
N_PERMUTATIONS = 50
LEAST_SHADOWS = 4


@dataclass(frozen=True)
class Shadows:
    """The attack's success.

    Args:
        area: area under the ROC curve over all (table, record) pairs; its interval is the widest of DeLong's, the
            jackknife's over the tables, and that of the whole attack under membership dealt out anew.
        caught: share of members named at 1 % false alarms.
        n_shadows, n_records, n_rows: tables drawn, records asked about, rows trained on.
    """

    area: Figure
    caught: Figure
    n_shadows: int
    n_records: int
    n_rows: int


def shadow_attack(
    pool: pl.DataFrame,
    type_all: Callable[[list[pl.DataFrame]], list[Typed]],
    draw: Draw,
    *,
    n_shadows: int,
    n_rows: int = MAX_ROWS,
    seed: int,
    whose: npt.NDArray[np.int64] | None = None,
) -> Shadows:
    """Train `n_shadows` generators on random parts of `pool` and attack the tables they draw.

    Args:
        pool: raw real rows, training and holdout rows alike.
        type_all: makes raw frames into arrays with shared levels.
        draw: the generator.
        n_rows: rows each is trained on; fewer where the pool is small. Small tables leak most.
        whose: (n,) the person of each row of the pool; a person is in a table with all rows or with none.

    Raises:
        OptionError: fewer than 4 shadows.
    """
    if n_shadows < LEAST_SHADOWS:
        raise OptionError(f"shadows must be at least {LEAST_SHADOWS}, got {n_shadows}")
    rng = np.random.default_rng(seed)
    person = np.arange(len(pool)) if whose is None else np.unique(whose, return_inverse=True)[1]
    n_persons = int(person.max()) + 1
    n_rows = min(n_rows, len(pool) // 2)
    n_records = min(MOST_RECORDS, n_rows * n_persons // len(pool) // 4)
    (known,) = type_all([pool])
    first = np.unique(person, return_index=True)[1]  # a person is asked about by one row
    records = _records(fit_embedding(known)(known.take(first)), n_records, rng)
    member = _balanced(n_shadows, n_records, rng)
    tables = []
    for k in range(n_shadows):
        turn = rng.permutation(n_persons) + n_persons
        turn[records] = np.where(member[k], 0, 3 * n_persons)
        rows = np.argsort(turn[person], kind="stable")[:n_rows]
        tables.append(draw(pool[rng.permutation(rows)], n_rows, int(rng.integers(2**31 - 1))))
    asked, *drawn = type_all([pool[first[records]], *tables])
    features = _features(asked, drawn, known, rng)
    scores = _guess(features, member, rng)
    flat = auc(member.ravel(), scores.ravel())
    half = max(flat.value - flat.interval[0], Z95 * _jackknife(member, scores), Z95 * _by_chance(features, member, rng))
    low, high, n = max(0.0, flat.value - half), min(1.0, flat.value + half), n_records * n_shadows
    area = Figure(flat.value, n, 0.5, (low, high), least_leak=least_beyond((high - low) / 2.0, 0.5))
    rate, interval = true_positive_rate(member.ravel(), scores.ravel(), 0.01)
    return Shadows(area, Figure(rate, n, 0.01, interval), n_shadows, n_records, n_rows)


def _records(rows: npt.NDArray[np.float32], n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places of the n asked about: half by chance, half those farthest from their third nearest of up to 5,000 rows."""
    order = rng.permutation(len(rows))
    by_chance, rest = order[: n // 2], order[n // 2 :]
    _, distance = nearest_few(rows[rest], rows[order[:MOST_COMPARED]], 4)  # itself may be among them
    return np.concatenate([by_chance, rest[np.argsort(-distance[:, -1], kind="stable")[: n - n // 2]]])


def _balanced(n_shadows: int, n_records: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """(n_shadows, n_records) which table was made with which record; every record is in half of them."""
    half = np.arange(n_shadows) < n_shadows // 2
    return np.stack([rng.permutation(half) for _ in range(n_records)], axis=1)


def _features(asked: Typed, drawn: list[Typed], known: Typed, rng: np.random.Generator) -> FloatArray:
    """(n_shadows, n_records, F) what each table looks like around each record, standardised record by record."""
    embed = fit_embedding(_levels_as(known, asked))
    queries = _queries(embed, rng)
    points = embed(asked)
    found = []
    for table in drawn:
        rows = embed(table)
        _, distance = nearest_few(points, rows, 3)
        near = np.log(distance + 1e-3)
        counts = [np.log1p(_agreeing(points[:, q], rows[:, q])) for q in queries]
        sizes = np.array_split(np.stack(counts, axis=1), 3, axis=1)  # queries come by rising number of columns
        found.append(np.column_stack([-near[:, 0], -near.mean(1), *(s.mean(1) for s in sizes)]))
    features = np.stack(found)
    spread = features.std(0, keepdims=True)
    return np.asarray((features - features.mean(0, keepdims=True)) / np.where(spread > 0, spread, 1.0))


def _levels_as(known: Typed, asked: Typed) -> Typed:
    """The pool's numbers, for their scales, with the levels that the tables share."""
    columns = tuple(k if k.is_number else a for k, a in zip(known.columns, asked.columns, strict=True))
    return Typed(columns, known.n)


def _queries(embed: Embedding, rng: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Cells of random sets of columns, from few columns to many."""
    n_columns = len(embed.spans)
    sizes = np.sort(rng.integers(1, n_columns + 1, N_QUERIES))
    sets = [rng.permutation(n_columns)[:size] for size in sizes]
    return [np.concatenate([np.arange(embed.spans[i].start, embed.spans[i].stop) for i in s]) for s in sets]


def _agreeing(points: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """(n,) how many rows agree with each point: levels equal and numbers within a twentieth of their range."""
    square = np.square(points).sum(1)[:, None] + np.square(rows).sum(1)[None, :] - 2.0 * (points @ rows.T)
    return np.asarray((square <= 0.05**2 * max(1, points.shape[1] // 2)).sum(1))


def _guess(features: FloatArray, member: npt.NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
    """(n_shadows, n_records) scores, each by a model that has not seen its table."""
    from sklearn.linear_model import LogisticRegression

    n_shadows = len(member)
    fold = rng.permutation(np.arange(n_shadows) % min(N_FOLDS, n_shadows))
    scores = np.zeros(member.shape)
    for k in np.unique(fold):
        seen = fold != k
        model = LogisticRegression(C=0.1).fit(features[seen].reshape(-1, features.shape[2]), member[seen].ravel())
        judged = features[~seen].reshape(-1, features.shape[2])
        scores[~seen] = model.decision_function(judged).reshape(-1, member.shape[1])
    return scores


def _jackknife(member: npt.NDArray[np.bool_], scores: FloatArray) -> float:
    """Standard error of the area when whole tables vary."""
    n = len(member)
    left = np.array([auc(np.delete(member, k, 0).ravel(), np.delete(scores, k, 0).ravel()).value for k in range(n)])
    return float(np.sqrt((n - 1) / n * np.square(left - left.mean()).sum()))


def _by_chance(features: FloatArray, member: npt.NDArray[np.bool_], rng: np.random.Generator) -> float:
    """Deviation of the area when membership means nothing: learning from few tables is itself a source of error."""
    areas = []
    for _ in range(N_PERMUTATIONS):
        dealt = rng.permuted(member, axis=0)
        areas.append(auc(dealt.ravel(), _guess(features, dealt, rng).ravel()).value)
    return float(np.std(areas))
