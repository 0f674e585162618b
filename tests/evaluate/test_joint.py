"""Overlaps equal their formula, the joint measures stand at their true ideals, and links equal known answers."""

from __future__ import annotations

import math
import sys
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from likewise.evaluate.accuracy import accuracy, binned
from likewise.evaluate.columns import column_details
from likewise.evaluate.joint import kernel_distance, precision_recall
from likewise.evaluate.links import correlation_ratio, with_links
from likewise.evaluate.results import PairScore
from likewise.evaluate.tables import Typed, type_tables
from likewise.schema.column import Column, Kind, Schema

from .frames import MIXED, mixed


def typed(*frames: pl.DataFrame) -> list[Typed]:
    return type_tables(frames, MIXED)


def slow_accuracy(real: Typed, synthetic: Typed, order: int) -> float:
    """The published formula, cell by cell in dictionaries."""
    labels: list[tuple[list, list]] = []
    for a, b in zip(real.columns, synthetic.columns, strict=True):
        if a.is_number:
            edges = sorted(set(np.quantile(a.present, [k / 10 for k in range(1, 10)]).tolist()))
            labels.append(
                tuple(["n/a" if np.isnan(v) else sum(v >= e for e in edges) for v in c.values] for c in (a, b))
            )
            continue
        names = [[None if m else c.levels[v] for v, m in zip(c.values, c.missing, strict=True)] for c in (a, b)]
        counts = {v: names[0].count(v) for v in a.levels}
        top = [v for v in sorted(counts, key=lambda v: -counts[v])[:10] if counts[v] >= 5]
        labels.append(tuple(["n/a" if v is None else v if v in top else "(other)" for v in side] for side in names))
    values = []
    for columns in combinations(range(len(labels)), order):
        shares = []
        for side, n in ((0, len(real)), (1, len(synthetic))):
            cells: dict[tuple, float] = {}
            for row in zip(*(labels[c][side] for c in columns), strict=True):
                cells[row] = cells.get(row, 0.0) + 1 / n
            shares.append(cells)
        values.append(1 - sum(abs(shares[0].get(c, 0) - shares[1].get(c, 0)) for c in {*shares[0], *shares[1]}) / 2)
    return float(np.mean(values))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_accuracy_equals_the_slow_formula(order):
    real, synthetic = typed(mixed(300, 0), mixed(260, 1).with_columns(pl.col("income").shuffle(seed=0)))
    found = accuracy(*binned(real, [synthetic]), order, np.random.default_rng(0))
    assert found.value == pytest.approx(slow_accuracy(real, synthetic, order), abs=1e-12)
    assert found.deviation == 0


def test_many_triples_are_sampled_with_an_error_that_covers_the_truth(monkeypatch):
    real, synthetic = typed(mixed(500, 0), mixed(500, 1).with_columns(pl.col("age") + 9))
    bins = binned(real, [synthetic])
    whole = accuracy(*bins, 3, np.random.default_rng(0))
    monkeypatch.setattr(sys.modules["likewise.evaluate.accuracy"], "MOST_TUPLES", {3: 20})
    some = accuracy(*bins, 3, np.random.default_rng(0))
    assert (some.measured, some.total) == (20, 35)
    assert abs(some.value - whole.value) < 3 * some.deviation


def test_one_column_has_no_pairs():
    (table,) = type_tables([pl.DataFrame({"x": [1.0, 2.0]})], Schema((Column(name="x", kind=Kind.REAL),)))
    assert accuracy(*binned(table, [table]), 2, np.random.default_rng(0)) is None


def test_ideals_of_precision_and_recall_are_those_of_fresh_rows():
    precision, recall = precision_recall(*typed(mixed(2000, 0), mixed(2000, 1), mixed(2000, 2)), seed=0)
    assert precision.value > 0.97
    assert recall.value == pytest.approx(0.5, abs=0.05)
    for figure in (precision, recall):
        assert figure.interval[0] <= figure.floor <= figure.interval[1]


def test_copies_recall_too_much_and_noise_too_little():
    train, fresh = mixed(1500, 0), mixed(1500, 1)
    shuffled = train.select(pl.col(c).shuffle(seed=i) for i, c in enumerate(train.columns))
    real, fresh, noise = typed(train, fresh, shuffled)
    _, copied = precision_recall(real, fresh, real, seed=0)
    _, shuffled_recall = precision_recall(real, fresh, noise, seed=0)
    assert copied.interval[0] > copied.floor + 0.2
    assert shuffled_recall.interval[1] < shuffled_recall.floor


def test_the_kernel_distance_is_nothing_for_fresh_rows_and_something_for_noise():
    alarms = 0
    for seed in range(20):
        found = kernel_distance(*typed(mixed(200, 2 * seed), mixed(200, 2 * seed + 1)), seed=seed)
        alarms += found.interval[0] > 0.0
    assert alarms <= 3
    moved = mixed(400, 1).with_columns(pl.col("age") + 15)
    assert kernel_distance(*typed(mixed(400, 0), moved), seed=0).interval[0] > 0.0


def test_the_kernel_distance_equals_its_definition():
    from likewise.evaluate.neighbours import fit_embedding

    real, synthetic = typed(mixed(60, 0), mixed(60, 1))
    found = kernel_distance(real, synthetic, seed=0)
    x, y = (fit_embedding(real)(t).astype(float) for t in (real, synthetic))

    def square(a, b):
        return ((a[:, None] - b[None]) ** 2).sum(2)

    width = np.median(square(x, x))
    k = {(i, j): np.exp(-square(a, b) / 2 / width) for i, a in enumerate((x, y)) for j, b in enumerate((x, y))}
    same = sum(k[i, i].sum() - 60 for i in (0, 1)) / (60 * 59)
    assert found.value == pytest.approx(same - 2 * k[0, 1].mean(), abs=1e-5)


def test_links_equal_known_answers():
    real, synthetic = typed(mixed(800, 0, holes=0.0), mixed(800, 1, holes=0.0))
    pairs = [PairScore(a="age", b="income", measure="correlation", error=0.1, gap=0.1)]
    pairs += [PairScore(a=a, b="income", measure="contingency", error=0.1, gap=0.1) for a in ("region", "member")]
    found = with_links(pairs, real, synthetic, rng=np.random.default_rng(0))
    assert found[0].rank_real == pytest.approx(stats.spearmanr(real["age"].values, real["income"].values)[0], abs=1e-3)
    groups = [real["income"].values[real["region"].values == k] for k in range(8)]
    between = sum(len(g) * (g.mean() - real["income"].values.mean()) ** 2 for g in groups)
    eta = math.sqrt(between / (len(real) * real["income"].values.var()))
    assert found[1].ratio_real == pytest.approx(eta, abs=1e-3)
    assert found[0].ratio_real is None
    assert found[1].rank_real is None
    assert 0.0 < found[2].information_real < found[1].information_real < 1.0


def test_a_constant_has_no_links():
    real, synthetic = (t for t in typed(mixed(50, 0), mixed(50, 1).with_columns(pl.lit(3.0).alias("income"))))
    assert correlation_ratio(synthetic["region"], synthetic["income"]) is None
    pair = PairScore(a="age", b="income", measure="correlation", error=None, gap=None)
    (found,) = with_links([pair], real, synthetic, rng=np.random.default_rng(0))
    assert found.rank_synthetic is None
    assert found.information_synthetic is None


def test_details_tell_tails_and_coverage():
    real, synthetic = typed(
        mixed(2000, 0), mixed(2000, 1).with_columns(pl.col("income") * 3.0, region=pl.lit("region 1"))
    )
    income, region = (column_details(real[c], synthetic[c]) for c in ("income", "region"))
    assert income["tail_high"] > 0.01
    assert income["wasserstein"] == pytest.approx(
        stats.wasserstein_distance(real["income"].present, synthetic["income"].present)
        / np.diff(np.quantile(real["income"].present, [0.01, 0.99]))[0],
        rel=0.02,
    )
    assert region["level_coverage"] == pytest.approx(1 / 8)
    assert region["unseen"] == 0.0
    same = column_details(real["income"], real["income"])
    assert (same["wasserstein"], same["quantile_gap"], same["range_coverage"]) == (0.0, 0.0, 1.0)
