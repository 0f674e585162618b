"""`compare`: rows are added in training folds only, and gains are against no balancing with the threshold tuned."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from likewise import FallbackWarning, InputError, OptionError
from likewise.balance import compare
from likewise.balance.comparison import (
    MEASURES,
    NONE,
    NUMBER_MEASURES,
    TUNED,
    WEIGHED,
    BalanceComparison,
    Line,
    corrected_interval,
)
from likewise.balance.judges import number_scores, scores_of, tuned_scores
from likewise.balance.tasks import Numbers

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
    assert found.methods == (NONE, TUNED, WEIGHED, "random")
    assert len(found.lines) == 4 * len(MEASURES)
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


# ---- targets of numbers --------------------------------------------------------------------------------------------


def skewed(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """A target whose high values are few and follow another line than the rest."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(n, 2))
    return X, X[:, 0] + 20.0 * (X[:, 0] > 1.6) + 0.1 * rng.normal(size=n)


def test_scores_of_numbers_by_hand() -> None:
    values, guesses = np.array([0.0, 0.0, 0.0, 0.0, 8.0, 10.0]), np.array([0.0, 0.0, 0.0, 3.0, 7.0, 7.0])
    found = number_scores(values, guesses, values > 5)
    assert found == {
        "rare_mae": 2.0,  # (1 + 3) / 2
        "rare_r2": 1 - 10 / 2,  # squares of 1 and 3 over those of -1 and 1 about 9
        "mae": pytest.approx(7 / 6),
        "r2": pytest.approx(1 - 19 / (4 * 9 + 25 + 49)),  # about the mean, 3
    }


def test_rows_of_rare_numbers_bring_a_straight_line_nearer_to_them() -> None:
    X, y = skewed()
    found = compare(
        X, y, methods=["random", "smotenc"], classifiers={"line": LinearRegression()}, folds=4, task="regression",
        bins=[10.0],
    )  # fmt: skip
    assert found.measures == NUMBER_MEASURES
    assert (found.methods, found.baseline, found.task) == ((NONE, "random", "smotenc"), NONE, "regression")
    plain = found.line(NONE, "line", "rare_mae")
    assert (plain.gain, plain.verdict) == (0.0, "same")
    for method in ("random", "smotenc"):
        rare, whole = (found.line(method, "line", measure) for measure in ("rare_mae", "mae"))
        assert rare.value < plain.value - 1.0
        assert rare.verdict == "better"
        assert rare.gain == pytest.approx(plain.value - rare.value)
        assert whole.verdict == "worse", "what the rare rows gain the others pay for"
    assert "random by" in found.verdicts()[0]
    assert "rare_mae" in found.verdicts()[0]


def test_samplers_of_numbers_see_the_training_folds_only_and_rare_rows_are_in_each() -> None:
    X, y = skewed()
    recording = Recording()
    found = compare(X, y, methods={"nothing": recording}, classifiers={"line": Ridge()}, folds=4, task="regression")
    rare = np.isin(X[:, 0], X[Numbers.of(y, None).is_rare, 0])
    assert found.rarest == rare.sum()
    for seen in recording.seen:
        assert len(seen) == 300
        assert abs(np.isin(X[rare, 0], seen).mean() - 0.75) < 0.05
    for measure in NUMBER_MEASURES:
        assert found.line("nothing", "line", measure).gain == 0.0


def test_bins_say_which_numbers_are_rare() -> None:
    X, y = skewed()
    found = compare(X, y, methods=["random"], classifiers={"line": Ridge()}, folds=2, task="regression", bins=[-1.5])
    assert found.rarest == (y < -1.5).sum()


def test_mixed_frames_with_a_target_of_numbers(mixed_frame: pl.DataFrame) -> None:
    frame = mixed_frame.drop_nulls("score").with_columns(pl.col("score").exp())
    found = compare(
        frame.drop("score"), frame["score"], methods=["auto"], classifiers={"line": Ridge()}, folds=2,
        task="regression",
    )  # fmt: skip
    assert all(np.isfinite(line.value) for line in found.lines)


@pytest.mark.parametrize(
    ("y", "options", "told"),
    [
        (np.linspace(0, 1, 100), {}, "no value of the target is rare"),
        (np.r_[np.zeros(99), 1.0], {}, "1 rows that are rare"),
        (np.r_[np.linspace(0, 1, 99), np.nan], {}, "missing in 1 of 100 rows"),
        (np.r_[np.linspace(0, 1, 99), np.inf], {}, "finite"),
        (np.full(100, 3.0), {}, "no value of the target is rare"),
        (np.array(["low", "high"] * 50), {}, "a target of numbers"),
        (np.linspace(0, 1, 100), {"bins": [0.5, 0.2]}, "rise"),
        (np.linspace(0, 1, 100), {"task": "ranking"}, "task must be"),
        (np.linspace(0, 1, 100), {"task": "classification"}, "say that it is one"),
        (np.repeat([0, 1], 50), {"task": "classification", "bins": [0.5]}, "bins are for"),
    ],
)
def test_targets_that_cannot_be_compared_are_refused(y: np.ndarray, options: dict[str, Any], told: str) -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.raises(ValueError, match=told):
        compare(X, y, methods=["random"], **({"task": "regression"} | options))


# ---- features and classes that are hard to take --------------------------------------------------------------------


def test_a_column_wholly_missing_and_a_class_of_two_rows_are_compared() -> None:
    X, y = separated(60, 2)
    frame = pl.DataFrame(X).with_columns(empty=pl.lit(None, pl.Float64))
    with pytest.warns(FallbackWarning, match="1 rows, fewer than"):
        found = compare(frame, y, methods=["smotenc"], classifiers=JUDGES)
    assert found.folds == 2
    assert all(np.isfinite(line.value) for line in found.lines)


def test_infinite_features_name_their_column_and_missing_targets_are_counted() -> None:
    X, y = separated(60, 6)
    frame = pl.DataFrame({"a": np.r_[X[1:, 0], np.inf], "b": X[:, 1]})
    with pytest.raises(InputError, match="column 'a': 1 values are infinite"):
        compare(frame, y, methods=["random"])
    with pytest.raises(InputError, match="got 60 and 59"):
        compare(X, y[1:], methods=["random"])
    with pytest.raises(InputError, match="missing in 1 of 60 rows"):
        compare(X, [None, *y[1:].tolist()], methods=["random"])
    with pytest.raises(OptionError, match="got 1, the rarest of 60 rows"):
        compare(X, np.zeros(60), methods=["random"])


# ---- one recommendation ----------------------------------------------------------------------------------------------


def made(gains: dict[tuple[str, str], tuple[float, float]]) -> BalanceComparison:
    """A comparison of made-up lines: (method, classifier) -> value and p-value."""
    plain = {(m, c): (0.5, 1.0) for c in ("forest", "line") for m in (NONE, TUNED)}
    lines = [Line(m, c, "auprc", v, v - 0.5, (v - 0.6, v - 0.4), p) for (m, c), (v, p) in {**plain, **gains}.items()]
    return BalanceComparison(tuple(lines), 100, 10, 5, chance={"auprc": 0.1})


def test_what_is_not_surely_better_is_not_recommended() -> None:
    found = made({("smote", "forest"): (0.9, 0.2), ("random", "line"): (0.6, 0.06)}).recommendation()
    assert "without balancing, with the threshold tuned (auprc 0.500; a guess scores 0.100)" in found
    assert "2 comparisons" in found


def test_the_best_of_what_is_surely_better_is_recommended() -> None:
    lines = {("smote", "forest"): (0.7, 0.01), ("random", "line"): (0.8, 0.04), ("auto", "line"): (0.9, 0.3)}
    assert made(lines).recommendation().startswith("Recommended: line with random (auprc 0.800; ")


def test_a_gain_that_leaves_the_classifier_behind_another_is_not_recommended() -> None:
    lines = made({("smote", "forest"): (0.7, 0.01)}).lines
    raised = tuple(replace(x, value=0.95) if x.classifier == "line" else x for x in lines)
    assert "line without balancing" in BalanceComparison(raised, 100, 10, 5).recommendation()


def test_marks_by_chance_are_as_rare_as_told() -> None:
    """Balancing a target that no feature tells: of all comparisons at once, one in twenty may mark anything."""
    marked = 0
    for seed in range(30):
        rng = np.random.default_rng(1_000 + seed)
        X, y = rng.normal(size=(120, 3)), np.repeat([0, 1], [90, 30])
        judges = {"a": DecisionTreeClassifier(max_depth=2, random_state=0), "b": GaussianNB()}
        found = compare(X, y, methods=["random", "smote"], classifiers=judges, random_state=seed)
        marked += any(x.verdict == "better" for x in found.lines if x.measure == "auprc")
    assert marked <= 6  # 1.5 are expected; seven or more come once in a thousand runs


def test_class_weights_are_among_the_ways_where_a_classifier_takes_them() -> None:
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(100, 2)), np.repeat([0, 1], [80, 20])
    judges = {"line": LogisticRegression(), "bayes": GaussianNB()}
    found = compare(X, y, methods=["random"], classifiers=judges)
    assert {line.classifier for line in found.lines if line.method == WEIGHED} == {"line"}
    assert found.chance["auprc"] == 0.2
