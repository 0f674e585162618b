"""Claims about the autoregressive model beyond the contract: exact conditional laws, options, bounded loading."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.dp.gate import Exact
from likewise.errors import ModelFileError, OptionError
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit

from .tables import coded

SIZES = (4, 4, 3)
ALPHABET = Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in SIZES))
GRID = np.array(list(itertools.product(*map(range, SIZES))))


def dependent_rows(n: int = 3000) -> Codes:
    """Three fields, the second nearly a copy of the first: masking one after the other is far from the joint law."""
    rng = np.random.default_rng(0)
    a = rng.choice(4, n, p=[0.55, 0.3, 0.1, 0.05])
    b = np.where(rng.random(n) < 0.9, a, rng.integers(0, 4, n))
    c = np.where(rng.random(n) < 0.9, (a + b) % 3, rng.integers(0, 3, n))
    return Codes(np.stack([a, b, c], 1).astype(np.uint8), np.zeros((n, 0), np.float32))


@pytest.fixture(scope="module")
def model() -> Autoregressive:
    rows = dependent_rows()
    made = Autoregressive(epochs=16, d_embed=8, d_hidden=32, precision="fp32")
    return made.fit(Fit.of(rows, rows[:300], ALPHABET, rng=np.random.default_rng(0)))


def exact(model: Autoregressive, first: list[int]) -> npt.NDArray[np.float64]:
    """p of each row of GRID under the chain that draws the fields `first`, then the others in order."""
    net = model._net
    assert net is not None
    place = {column: i for i, column in enumerate(net.columns)}
    order = [place[c] for c in first + [c for c in range(3) if c not in first]]
    with torch.inference_mode():
        x = torch.from_numpy(GRID[:, net.columns].astype(np.int64))
        return (-net.nll(x, net.visible(order)).double().sum(1)).exp().numpy()


def distance(codes: npt.NDArray[Any], law: npt.NDArray[np.float64]) -> float:
    """Total variation between drawn rows and a law over GRID."""
    at = np.ravel_multi_index(tuple(codes.astype(np.int64).T), SIZES)
    return float(np.abs(np.bincount(at, minlength=len(GRID)) / len(codes) - law / law.sum()).sum() / 2)


WEIGHTS = {0: np.array([1.0, 0, 0, 1]), 1: np.array([0.0, 0, 0.5, 1])}


def conditional(
    model: Autoregressive, weights: dict[int, npt.NDArray[np.float64]], first: tuple[int, ...] = ()
) -> npt.NDArray[np.float64]:
    """The law of the rows that meet the weights: canonical, or that of the chain which draws `first` first."""
    law = exact(model, list(first))
    for j, share in weights.items():
        law = law * share[GRID[:, j]]
    return law


def test_free_draws_follow_the_exact_law(model: Autoregressive) -> None:
    codes = model.sample(30_000, rng=np.random.default_rng(0)).codes
    assert distance(codes, exact(model, [])) < 0.015


def test_one_condition_gives_the_exact_conditional(model: Autoregressive) -> None:
    weights = {1: np.array([0.0, 0.3, 1, 1])}
    codes = model.sample(30_000, rng=np.random.default_rng(0), given=Given(weights=weights)).codes
    assert distance(codes, conditional(model, weights)) < 0.015


def test_conditions_on_several_columns_give_their_exact_joint_conditional(model: Autoregressive) -> None:
    def drawn(joint: bool) -> float:
        given = Given(weights=WEIGHTS, joint=joint)
        codes = model.sample(30_000, rng=np.random.default_rng(0), given=given).codes
        return distance(codes, conditional(model, WEIGHTS))

    assert drawn(joint=True) < 0.02
    assert drawn(joint=False) > 0.3  # what resampling is for


def test_rare_conditions_are_drawn_with_their_columns_first(model: Autoregressive) -> None:
    rare = {0: np.array([0.0, 0, 0, 1]), 1: np.array([1.0, 0, 0, 0])}
    law = conditional(model, rare, first=(0, 1))
    assert conditional(model, rare).sum() < 1 / 32  # too rare for rejection within the budget
    given = Given(weights=rare, max_tries=32 * 20_000)
    codes = model.sample(20_000, rng=np.random.default_rng(0), given=given).codes
    assert (codes[:, 0] == 3).all()
    assert (codes[:, 1] == 0).all()
    assert distance(codes, law) < 0.02


def test_few_rows_follow_the_joint_conditional_too(model: Autoregressive) -> None:
    rng = np.random.default_rng(0)
    codes = np.concatenate([model.sample(2, rng=rng, given=Given(weights=WEIGHTS)).codes for _ in range(600)])
    assert distance(codes, conditional(model, WEIGHTS)) < 0.06


def test_rows_with_known_codes_follow_the_law_of_free_draws_that_have_them(model: Autoregressive) -> None:
    """The net's own order is not theirs: drawn in theirs they lie far off."""
    for known, most in (({1: 3}, 0.09), ({1: 3, 2: 0}, 0.09), ({2: 2}, 0.09)):
        rows = np.full((10_000, 3), -1)
        rows[:, list(known)] = list(known.values())
        codes = model.sample(len(rows), rng=np.random.default_rng(7), given=Given(codes=rows)).codes
        law = exact(model, []) * np.all([GRID[:, j] == code for j, code in known.items()], 0)
        assert distance(codes, law) < most
    assert distance(codes, exact(model, [2]) * (GRID[:, 2] == 2)) > distance(codes, law)


def test_rows_that_know_different_things_each_follow_their_own_conditional(model: Autoregressive) -> None:
    known = np.full((20_000, 3), -1)
    known[::2, 2] = 1
    codes = model.sample(20_000, rng=np.random.default_rng(0), given=Given(known, WEIGHTS)).codes
    assert distance(codes[1::2], conditional(model, WEIGHTS, first=(0, 1))) < 0.06
    law = exact(model, [2, 0, 1]) * (GRID[:, 2] == 1) * WEIGHTS[0][GRID[:, 0]] * WEIGHTS[1][GRID[:, 1]]
    assert distance(codes[::2], law) < 0.06


def test_any_order_of_drawing_is_near_the_data(model: Autoregressive) -> None:
    """Rough on purpose: the columns taken for independent lie at 0.5."""
    data = dependent_rows(30_000).codes
    for first in ([], [1], [2, 1], [2]):
        assert distance(data, exact(model, first)) < 0.2


# ---- options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0}, {"epochs": 2.5}, {"epochs": True}, {"epochs": "many"}, {"batch_size": 0}, {"batch_size": -3},
        {"learning_rate": 0}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")}, {"dropout": 1.0},
        {"dropout": -0.1}, {"any_order": 1.1}, {"any_order": None}, {"d_embed": 0}, {"d_hidden": -1},
        {"n_layers": -1}, {"n_layers": 1.0}, {"weight_decay": -1.0}, {"patience": 0}, {"max_seconds": 0},
        {"max_seconds": "soon"}, {"precision": "fp8"}, {"calibrate": -1}, {"checkpoint": 3}, {"patience": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_outside_its_range_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        Autoregressive(**options)


def test_numbers_of_numpy_become_plain_ones() -> None:
    import json

    made = Autoregressive(epochs=np.int64(3), dropout=np.float32(0.5))  # type: ignore[arg-type]
    assert json.loads(json.dumps(made.options()))["epochs"] == 3


def test_larger_tables_get_larger_batches_and_no_more_epochs() -> None:
    schedules = [Autoregressive()._schedule(n) for n in (1, 50, 1_000, 30_000, 1_000_000)]
    sizes, epochs = [s.batch_size for s in schedules], [s.epochs for s in schedules]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1] >= 2


# ---- loading a damaged file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["d_hidden", "d_embed", "n_layers"])
def test_absurd_sizes_are_refused_before_they_take_memory(model: Autoregressive, option: str) -> None:
    absurd = Autoregressive(**{**model.options(), option: 10**9})
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            absurd.load_state(model.state(), ALPHABET)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_some_of_many_rows_bring_the_net_to_the_shares_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise.models.autoregressive import model as module

    monkeypatch.setattr(module, "CALIBRATED", 500)
    rows = dependent_rows(6_000)
    rows = rows[np.argsort(rows.codes[:, 0], kind="stable")]
    own = Autoregressive(epochs=1).fit(Fit.of(rows, rows[:0], ALPHABET, rng=np.random.default_rng(0)))
    # Of all that they are a sample of, the first column has other shares.
    counts = [np.bincount(rows.codes[:, j], minlength=f.size) for j, f in enumerate(ALPHABET.fields)]
    of_all = [counts[0] * np.array([8, 14, 10, 10]), *(10 * rows for rows in counts[1:])]
    fit = Fit(
        gate=Exact(rows, ALPHABET.sizes, of_all), holdout=rows[:0], alphabet=ALPHABET, rng=np.random.default_rng(0)
    )
    for made, wanted in ((own, counts[0]), (Autoregressive(epochs=1).fit(fit), of_all[0])):
        drawn = made.sample(20_000, rng=np.random.default_rng(1)).codes[:, 0]
        share = np.bincount(drawn, minlength=ALPHABET.fields[0].size) / len(drawn)
        assert np.abs(share - wanted / wanted.sum()).max() < 0.02


def test_bf16_fits_and_draws() -> None:
    data = coded("mixed")
    made = Autoregressive(epochs=1, d_embed=4, d_hidden=8, precision="bf16")
    made.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0)))
    assert len(made.sample(50, rng=np.random.default_rng(0))) == 50
    assert all(weight.dtype == torch.float32 for weight in made._fitted().state_dict().values())


def test_cuda_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    data = coded("mixed")
    with pytest.raises(OptionError, match="no CUDA device"):
        Autoregressive(device="cuda").fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0)))
