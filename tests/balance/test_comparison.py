"""`compare`: rows are added in training folds only, and gains are against no balancing with the threshold tuned."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from likewise import OptionError
from likewise.balance import compare
from likewise.balance.comparison import MEASURES, NONE, TUNED, corrected_interval
from likewise.balance.judges import scores_of, tuned_scores

JUDGES = {"linear": LogisticRegression(max_iter=300)}


def separated(n: int = 300, rare: int = 30, by: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    y = np.repeat([0, 1], [n - rare, rare])
    return np.random.default_rng(0).normal(size=(n, 2)) + by * y[:, None], y


class Recording:
    """A sampler that adds nothing and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        self.seen.append(X[:, 0])
        return X, y


def test_samplers_see_the_training_folds_only() -> None:
    X, y = separated()
    recording = Recording()
    found = compare(X, y, methods={"nothing": recording}, classifiers=JUDGES, folds=5, repeats=2)
    assert [len(seen) for seen in recording.seen] == [240] * 10
    for fold in range(5):  # each row is kept from exactly one fold of each repeat
        assert len(np.intersect1d(X[:, 0], recording.seen[fold])) == 240
    counts = np.unique(np.concatenate(recording.seen[:5]), return_counts=True)[1]
    assert (counts == 4).all()
    assert found.folds == 10


def test_a_sampler_that_adds_nothing_gains_nothing() -> None:
    X, y = separated()
    found = compare(X, y, methods={"nothing": Recording()}, classifiers=JUDGES, folds=3)
    for measure in ("auprc", "auc", "brier"):
        line = found.line("nothing", "linear", measure)
        assert (line.gain, line.interval, line.verdict) == (0.0, (0.0, 0.0), "same")
        assert line.value == found.line(NONE, "linear", measure).value == found.line(TUNED, "linear", measure).value


def test_both_rows_without_balancing_are_always_there() -> None:
    X, y = separated()
    found = compare(X, y, methods=["random"], classifiers=JUDGES, folds=3)
    assert found.methods == (NONE, TUNED, "random")
    assert len(found.lines) == 3 * len(MEASURES)
    assert json.loads(json.dumps(found.to_dict()))["baseline"] == TUNED


def test_a_tuned_threshold_does_what_balancing_does_for_decisions() -> None:
    X, y = separated(1_000, 50)
    found = compare(X, y, methods=["random"], classifiers=JUDGES, folds=5)
    plain, tuned, random = (found.line(m, "linear", "balanced_accuracy").value for m in (NONE, TUNED, "random"))
    assert tuned > plain + 0.1
    assert abs(tuned - random) < 0.05
    assert found.line("random", "linear", "brier").verdict == "worse", "chances of balanced classes are not chances"
    assert "nothing is surely better" in found.verdicts("brier")[0]


def test_mixed_frames_and_several_classes(mixed_frame: pl.DataFrame) -> None:
    frame = mixed_frame.drop_nulls("grade")
    found = compare(frame.drop("grade"), frame["grade"], methods=["smotenc"], classifiers=JUDGES, folds=3)
    for line in found.lines:
        assert np.isfinite(line.value)
    assert found.line("smotenc", "linear", "auc").value > 0.5


def test_fewer_folds_where_a_class_has_fewer_rows() -> None:
    X, y = separated(60, 3)
    found = compare(X, y, methods=["random"], classifiers=JUDGES)
    assert found.folds == 3
    assert "3 folds instead of 5" in found.notes[0]
    with pytest.raises(OptionError, match="two rows"):
        compare(X, np.repeat([0, 1], [59, 1]), methods=["random"])


def test_of_a_large_table_some_rows_are_drawn_and_it_says_so() -> None:
    X, y = separated()
    found = compare(X, y, methods=["random"], classifiers=JUDGES, folds=2, max_rows=100)
    assert (found.n_rows, found.rarest) == (100, 10)
    assert "100 of the 300 rows" in found.notes[0]


def test_the_interval_is_nadeau_and_bengios() -> None:
    gains = np.array([0.1, 0.3])
    low, high = corrected_interval(gains, 0.5)
    # t(.975, 1) = 12.7062; variance .02; (1/2 + .5) * .02 = .02
    assert (high - low) / 2 == pytest.approx(12.7062 * np.sqrt(0.02), rel=1e-4)
    assert low + high == pytest.approx(0.4)


def test_scores_by_hand() -> None:
    codes = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    found = scores_of(codes, chances)
    assert found["auc"] == 0.75
    assert found["f1"] == found["balanced_accuracy"] == 0.5
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.49 + 0.04) / 4)
    assert found["auprc"] == pytest.approx((1 + 2 / 3) / 2)


def test_the_threshold_is_that_of_the_training_rows() -> None:
    own, within = np.array([0, 0, 0, 1, 1]), np.array([0.05, 0.1, 0.15, 0.2, 0.3])
    codes, chances = np.array([0, 1, 1]), np.array([0.1, 0.25, 0.22])
    found = tuned_scores(own, np.column_stack([1 - within, within]), codes, np.column_stack([1 - chances, chances]))
    assert found["f1"] == found["balanced_accuracy"] == 1.0
    assert scores_of(codes, np.column_stack([1 - chances, chances]))["f1"] == 0.0


def test_unknown_lines_are_refused() -> None:
    X, y = separated()
    found = compare(pl.DataFrame(X), y, methods=["random"], classifiers=JUDGES, folds=2)
    with pytest.raises(OptionError, match="nothing was measured"):
        found.line("random", "forest", "auprc")
