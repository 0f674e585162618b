"""Context: what is known of a row beyond its own columns is told to a model, and never drawn by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.dp.gate import gate_of
from likewise.dp.ledger import DP, Ledger
from likewise.errors import ConditionError, ModelFileError, OptionError
from likewise.models import MODELS
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.images import IMAGE_MODELS

from .images.sets import coded_images

SIZES = (3, 2, 3)
CONTEXT = 1
"""The field in the middle is told; it says how a and b hang together."""


def alphabet() -> Alphabet:
    return Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in SIZES))


def law() -> np.ndarray:
    """(a, context, b) p(a, b | context): a is skewed by the context, b follows a in one and not in the other."""
    a = np.array([[0.6, 0.3, 0.1], [0.1, 0.3, 0.6]])
    follows, apart = 0.8 * np.eye(3) + 0.2 / 3, np.tile([0.2, 0.3, 0.5], (3, 1))
    return np.stack([a[0][:, None] * follows, a[1][:, None] * apart], 1)


def rows(n: int, share: float, seed: int) -> Codes:
    """Rows of the law, of which so many have context 1."""
    rng = np.random.default_rng(seed)
    told = (rng.random(n) < share).astype(int)
    cells = np.array([rng.choice(9, p=law()[:, c].ravel()) for c in told])
    return Codes(np.stack([cells // 3, told, cells % 3], 1).astype(np.uint8), np.zeros((n, 0), np.float32))


@cache
def fitted() -> Autoregressive:
    """Context 1 is rare where it is learnt: draws must not know that."""
    options = {"epochs": 12, "batch_size": 128, "d_embed": 8, "d_hidden": 16}
    train, held = rows(6000, 0.2, seed=1), rows(600, 0.2, seed=2)
    rng = np.random.default_rng(0)
    return Autoregressive(**options).fit(Fit.of(train, held, alphabet(), rng=rng, context_fields=(CONTEXT,)))


def told(context: int, n: int) -> np.ndarray:
    known = np.full((n, 3), -1, np.int64)
    known[:, CONTEXT] = context
    return known


@pytest.mark.parametrize("context", [0, 1])
def test_rows_follow_the_law_given_their_context(context: int) -> None:
    drawn = fitted().sample(20_000, rng=np.random.default_rng(3), given=Given(told(context, 20_000))).codes
    assert (drawn[:, CONTEXT] == context).all()
    found = np.zeros((3, 3))
    np.add.at(found, (drawn[:, 0], drawn[:, 2]), 1 / len(drawn))
    # 1,200 rows of a context over 9 cells are about .035 from their law themselves.
    assert np.abs(found - law()[:, context]).sum() / 2 < 0.07


def test_likelihoods_are_given_the_context_and_are_those_of_the_draws() -> None:
    cells = np.array([(a, c, b) for c in range(2) for a in range(3) for b in range(3)])
    p = np.exp(fitted().log_prob(Codes(cells.astype(np.uint8), np.zeros((18, 0), np.float32)))).reshape(2, 3, 3)
    assert p.sum((1, 2)) == pytest.approx(1, abs=1e-3)  # whatever the share of a context was
    drawn = fitted().sample(20_000, rng=np.random.default_rng(4), given=Given(told(1, 20_000))).codes
    found = np.zeros((3, 3))
    np.add.at(found, (drawn[:, 0], drawn[:, 2]), 1 / len(drawn))
    assert np.abs(found - p[1]).sum() / 2 < 0.02


def test_conditions_and_known_codes_go_with_a_context() -> None:
    given = Given(told(0, 4000), {0: np.array([0.0, 1.0, 0.0])})
    drawn = fitted().sample(4000, rng=np.random.default_rng(5), given=given).codes
    assert (drawn[:, 0] == 1).all()
    assert (drawn[:, CONTEXT] == 0).all()
    assert np.mean(drawn[:, 2] == 1) == pytest.approx(0.8 + 0.2 / 3, abs=0.06)


def test_it_comes_back_from_its_state() -> None:
    again = Autoregressive(**fitted().options()).load_state(fitted().state(), alphabet())
    given = Given(told(1, 100))
    drawn = [model.sample(100, rng=np.random.default_rng(6), given=given).codes for model in (fitted(), again)]
    assert np.array_equal(*drawn)
    with pytest.raises(ModelFileError, match="context"):
        Autoregressive(**fitted().options()).load_state(fitted().state() | {"context": np.array([7])}, alphabet())


@pytest.mark.parametrize("given", [None, Given(), Given(np.full((5, 3), -1))])
def test_rows_of_no_known_context_are_not_drawn(given: Given | None) -> None:
    with pytest.raises(ConditionError, match="told 1 fields of context"):
        fitted().sample(5, rng=np.random.default_rng(7), given=given)


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"autoregressive"}))
def test_a_model_that_takes_none_refuses_it_by_name(model: str) -> None:
    train = rows(50, 0.5, seed=8)
    with pytest.raises(OptionError, match=f"model '{model}' takes no context"):
        MODELS[model]().fit(
            Fit.of(train, train[:0], alphabet(), rng=np.random.default_rng(9), context_fields=(CONTEXT,))
        )


@pytest.mark.parametrize("model", sorted(IMAGE_MODELS))
def test_images_take_none(model: str) -> None:
    data: Any = coded_images("grey")
    rng = np.random.default_rng(10)
    with pytest.raises(OptionError, match="takes no context"):
        IMAGE_MODELS[model]().fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng, context_fields=(0,)))


def test_a_budget_refuses_it() -> None:
    train = rows(200, 0.5, seed=11)
    gate = gate_of(train, SIZES, Ledger(DP(1.0, 1e-4)))
    with pytest.raises(OptionError, match="context does not go with a budget"):
        Autoregressive().fit(
            Fit(gate=gate, holdout=train[:0], alphabet=alphabet(), rng=np.random.default_rng(12), context_fields=(1,))
        )


def test_few_codes_come_first_what_is_told_before_all_and_the_last_column_last() -> None:
    """And a model read back draws in the order it learnt, whatever its alphabet would say."""
    sizes = (40, 3, 9, 2, 5)
    rng = np.random.default_rng(4)
    together = rng.random(200)  # each goes with the others: what goes with none is drawn first
    drawn = np.stack([together * k for k in sizes], 1).astype(np.uint8)
    codes = Codes(drawn, np.zeros((200, 0), np.float32))
    letters = Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in sizes))
    fit = Fit.of(codes, codes[:20], letters, rng=rng, context_fields=(2,))
    model = Autoregressive(epochs=1, batch_size=64, d_embed=4, d_hidden=4).fit(fit)
    assert model.state()["order"].tolist() == [2, 3, 1, 0, 4]
    other = np.array([2, 4, 3, 1, 0])
    again = Autoregressive().load_state(model.state() | {"order": other}, letters)
    net = again._fitted()
    assert [net.columns[field] for field in net.order] == other.tolist()
    for wrong in ([2, 3, 1, 0, 0], [2, 3, 1, 0], [3, 2, 1, 0, 4]):  # one twice, one short, the context not first
        with pytest.raises(ModelFileError, match="order"):
            Autoregressive().load_state(model.state() | {"order": np.array(wrong)}, letters)


def test_a_model_made_ready_draws_the_same() -> None:
    model, given = fitted(), Given(told(1, 50))
    held = model.ready()
    for seed in (1, 2):
        drawn = [m.sample(50, rng=np.random.default_rng(seed), given=given).codes for m in (model, held)]
        assert np.array_equal(*drawn)
