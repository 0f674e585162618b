"""The chain of trees against closed forms."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.errors import ConditionError, ModelFileError, OptionError
from likewise.models.base import Fit
from likewise.models.cart.model import CartChain
from likewise.models.cart.trees import Tree
from likewise.nets.allowed import Allowed


def ordered(size: int) -> Field:
    positions = (np.arange(size, dtype=np.float32) + 0.5) / size
    return Field(size=size, positions=positions, emit=np.ones(size, bool))


def levels(size: int) -> Field:
    return Field(size=size, emit=np.ones(size, bool))


def codes_of(*columns: np.ndarray) -> Codes:
    stacked = np.stack(columns, 1).astype(np.uint16)
    return Codes(stacked, np.zeros((len(stacked), 0), np.float32))


def fit(codes: Codes, fields: tuple[Field, ...], **options: Any) -> CartChain:
    return CartChain(**options).fit(Fit.of(codes, codes[:0], Alphabet(fields), rng=np.random.default_rng(0)))


def shares(codes: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(codes, minlength=size) / len(codes)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).sum() / 2)


def toy(n: int = 6000, seed: int = 0) -> tuple[Codes, tuple[Field, ...]]:
    """A number of many codes, a level that depends on it, and a number that depends on both."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 100, n)
    b = (a > 50) * 2 + (rng.random(n) < 0.2)
    c = np.clip(np.round(0.4 * a + 15 * (b == 2) + rng.normal(0, 3, n)), 0, 59)
    return codes_of(a, b, c), (ordered(100), levels(4), ordered(60))


# ---- learning and free draws -----------------------------------------------------------------------------------------


def test_a_deterministic_relation_is_reproduced() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 30, 3000), rng.integers(0, 5, 3000)
    c = (a // 7 + b) % 6
    chain = fit(codes_of(a, b, c), (ordered(30), levels(5), levels(6)), smoothing=0.0)
    drawn = chain.sample(5000, rng=rng).codes.astype(int)
    assert ((drawn[:, 0] // 7 + drawn[:, 1]) % 6 == drawn[:, 2]).mean() > 0.995


def test_many_levels_keep_what_they_depend_on() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 5, 8000)
    b = a * 40 + rng.integers(0, 40, 8000)
    chain = fit(codes_of(a, b), (levels(5), levels(200)))
    drawn = chain.sample(5000, rng=rng).codes.astype(int)
    assert (drawn[:, 1] // 40 == drawn[:, 0]).mean() > 0.99


def test_every_leaf_holds_enough_rows_and_each_tree_all() -> None:
    codes, fields = toy()
    state = fit(codes, fields, min_samples_leaf=7).state()
    firsts = np.concatenate([[0], np.cumsum(state["entries"])])
    assert [int(state["count"][a:b].sum()) for a, b in pairwise(firsts)] == [6000] * 3
    starts = state["start"] + np.repeat(firsts[:-1], leaves_of(state))
    assert np.add.reduceat(state["count"], starts).min() >= 7


def leaves_of(state: dict[str, np.ndarray]) -> np.ndarray:
    return np.array([(f < 0).sum() for f in np.split(state["feature"], np.cumsum(state["nodes"])[:-1])])


def test_leaves_are_those_of_scikit_learn() -> None:
    from sklearn.tree import DecisionTreeClassifier

    codes, fields = toy()
    chain = fit(codes, fields)
    features = np.ascontiguousarray(codes.codes[:, :1].astype(np.float32))
    seed = np.random.default_rng(0).integers(2**31, size=2)[1]
    theirs = DecisionTreeClassifier(min_samples_leaf=5, random_state=int(seed)).fit(features, codes.codes[:, 1])
    ours = chain._fitted()[1].leaf_of(codes.codes[:, :1].astype(np.int32).copy())
    assert np.array_equal(ours, theirs.apply(features))


def test_draws_follow_the_law_that_log_prob_tells() -> None:
    codes, fields = toy()
    chain = fit(codes, fields, smoothing=2.0, min_samples_leaf=200)
    grid = np.stack(np.meshgrid(*[np.arange(f.size) for f in fields], indexing="ij"), -1).reshape(-1, 3)
    law = np.exp(chain.log_prob(codes_of(*grid.T)))
    assert law.sum() == pytest.approx(1.0, abs=1e-6)
    drawn = chain.sample(40_000, rng=np.random.default_rng(1)).codes.astype(int)
    for j, f in enumerate(fields):
        assert distance(shares(drawn[:, j], f.size), np.bincount(grid[:, j], law)) < 0.02


def test_smoothing_gives_every_code_a_chance_and_none_does_not() -> None:
    codes, fields = toy()
    strange = codes_of(np.array([0]), np.array([3]), np.array([59]))
    assert np.isneginf(fit(codes, fields, smoothing=0.0).log_prob(strange)).all()
    assert np.isfinite(fit(codes, fields).log_prob(strange)).all()


def test_missing_codes_stand_beside_the_greatest() -> None:
    """A code outside the order is a place of its own to the splits, whatever its number."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 21, 4000)
    positions = np.r_[np.nan, (np.arange(20) + 0.5) / 20].astype(np.float32)
    field = Field(size=21, positions=positions, emit=np.ones(21, bool), missing=0)
    drawn = fit(codes_of(a, a == 0), (field, levels(2))).sample(4000, rng=rng).codes
    assert ((drawn[:, 0] == 0) == (drawn[:, 1] == 1)).mean() > 0.99


# ---- conditions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [20_000, 60])
def test_conditions_on_late_fields_give_the_joint_law(rows: int) -> None:
    """Against rows of a free draw that happen to meet them; few rows are as right as many."""
    codes, fields = toy()
    chain = fit(codes, fields)
    free = chain.sample(200_000, rng=np.random.default_rng(0)).codes
    high = np.arange(60) >= 35
    inside = free[high[free[:, 2]] & (free[:, 1] == 2)]
    given = Given(weights={1: (np.arange(4) == 2).astype(float), 2: high.astype(float)})
    draws = [chain.sample(rows, rng=np.random.default_rng(s), given=given).codes for s in range(max(1, 6000 // rows))]
    drawn = np.concatenate(draws)
    assert all(len(d) == rows for d in draws)
    assert high[drawn[:, 2]].all()
    assert (drawn[:, 1] == 2).all()
    assert distance(shares(drawn[:, 0] // 10, 10), shares(inside[:, 0] // 10, 10)) < 0.03


def test_conditions_that_rejection_cannot_meet_are_met_by_resampling() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, 20_000), rng.random(20_000) < 0.002
    chain = fit(codes_of(a, b, b), (levels(2), levels(2), levels(2)))
    given = Given(weights={2: np.array([0.0, 1.0])})
    drawn = chain.sample(5000, rng=rng, given=given).codes
    assert (drawn[:, 2] == 1).all()
    assert drawn[:, 1].mean() > 0.9
    assert 0.3 < drawn[:, 0].mean() < 0.7


def test_conditions_that_exclude_each_other_are_an_error_with_the_share_met() -> None:
    a = np.repeat([0, 1], 500)
    chain = fit(codes_of(a, a), (levels(2), levels(2)), smoothing=0.0)
    given = Given(weights={0: np.array([1.0, 0.0]), 1: np.array([0.0, 1.0])})
    with pytest.raises(ConditionError, match=r"of [\d,]+ rows that the model drew, none met"):
        chain.sample(5, rng=np.random.default_rng(0), given=given)


def test_known_late_fields_pull_on_early_ones() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 6, 6000)
    chain = fit(codes_of(a, a, a), (levels(6), levels(6), levels(6)))
    known = np.stack([np.full(600, -1), np.full(600, -1), np.arange(600) % 6], 1)
    drawn = chain.sample(600, rng=rng, given=Given(codes=known)).codes
    assert (drawn[:, 0] == known[:, 2]).mean() > 0.97


def test_the_mass_of_a_condition_is_that_of_its_codes() -> None:
    codes, fields = toy()
    tree = fit(codes, fields, smoothing=3.0)._fitted()[2]
    weights = np.random.default_rng(0).random(60)
    node = tree.leaf_of(codes.codes.astype(np.int32)[:50])
    expected = sum(w * tree.prob(node, np.full(50, k)) for k, w in enumerate(weights))
    assert tree.weighted(Allowed(weights, np.ones(len(weights)), True)).mass[node] == pytest.approx(expected, rel=1e-6)


# ---- state and options -----------------------------------------------------------------------------------------------


def chain_state() -> tuple[dict[str, np.ndarray], Alphabet]:
    codes, fields = toy(600)
    return fit(codes, fields, min_samples_leaf=100).state(), Alphabet(fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feature", 2),  # looks at itself
        ("right", 1),  # the left child twice
        ("right", 10_000),
        ("right", -1),
        ("start", -1),
        ("start", 10_000),
        ("code", 250),
        ("count", 0),
        ("nodes", 0),
        ("entries", 2**40),
    ],
)
def test_a_state_that_is_no_tree_is_refused(name: str, value: int) -> None:
    state, alphabet = chain_state()
    CartChain().load_state(state, alphabet)
    at = int(state["nodes"][:2].sum()) if name in ("feature", "right") else -1  # the root of the last tree
    state[name] = state[name].copy()
    state[name][at] = value
    with pytest.raises(ModelFileError):
        CartChain().load_state(state, alphabet)


def test_branches_that_cross_are_refused() -> None:
    tree = Tree(
        feature=np.array([0, 0, -1, -1, -1], np.int32),
        threshold=np.zeros(5, np.int32),
        right=np.array([3, 4, 0, 0, 0], np.int32),
        start=np.arange(4),
        code=np.zeros(3, np.int64),
        count=np.ones(3, np.int64),
        size=1,
        smoothing=0.0,
    )
    with pytest.raises(ModelFileError, match="do not fit"):
        tree.check(1)


@pytest.mark.parametrize("options", [{"min_samples_leaf": 0}, {"max_depth": 0}, {"smoothing": -1.0}])
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        CartChain(**options)


def test_a_count_beyond_all_rows_is_refused_before_it_takes_memory() -> None:
    for count in (2**20, 2**40, 2**62):
        state, alphabet = chain_state()
        state["count"] = state["count"].copy()
        state["count"][-1] += count
        with pytest.raises(ModelFileError):
            CartChain().load_state(state, alphabet)


def test_trees_of_very_many_rows_draw_the_same_by_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    state, alphabet = chain_state()
    listed = CartChain().load_state(state, alphabet).sample(500, rng=np.random.default_rng(0))
    monkeypatch.setattr("likewise.models.cart.trees.MOST_ROWS", 10)
    searched = CartChain().load_state(state, alphabet).sample(500, rng=np.random.default_rng(0))
    assert np.array_equal(listed.codes, searched.codes)
