"""The contract of a generator, claimed of every model in MODELS on every table of TABLES.

A model added to MODELS is tested unasked. FAST_OPTIONS makes it small here; a model that is not in it runs with its
defaults.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import ConditionError, LikewiseError, ModelFileError, NotFittedError
from likewise.models import MODELS, model_named
from likewise.models.base import Fit, Generator
from likewise.models.drawing.conditioning import BLOCK_ROWS
from likewise.training.loop import LANDING, cut_short

from .tables import TABLES, Coded, coded

FAST_OPTIONS: dict[str, dict[str, Any]] = {
    "aim": {"rounds": 3, "round_iterations": 10, "iterations": 50, "degree": 2},
    "mst": {"iterations": 100},
    "autoregressive": {"epochs": 2, "batch_size": 64, "d_embed": 4, "d_hidden": 8},
    "ctgan": {
        "epochs": 2,
        "batch_size": 60,
        "embedding_dim": 3,
        "generator_dim": [16],
        "discriminator_dim": [16],
    },
    "gan": {
        "epochs": 2,
        "batch_size": 64,
        "latent_dim": 3,
        "width": 16,
        "critic_width": 16,
        "d_embed": 4,
        "d_hidden": 8,
    },
    "vaegan": {
        "epochs": 2,
        "batch_size": 64,
        "latent_dim": 3,
        "width": 16,
        "d_embed": 4,
        "d_hidden": 8,
        "critics": 2,
        "critic_epochs": 2,
    },
    "vae": {"epochs": 2, "batch_size": 64, "latent_dim": 3, "width": 16, "d_embed": 4, "d_hidden": 8},
}
ESTIMATED = {"vae", "vaegan"}
"""Models whose log_prob is an estimate by sampling."""

COUNTED_CASES = 20
"""Fewer collected cases than this a model and table would mean a suite that silently runs nothing."""

pytestmark = pytest.mark.parametrize("model", sorted(MODELS))
every_table = pytest.mark.parametrize("table", sorted(TABLES))


def make(model: str, **options: Any) -> Generator:
    return MODELS[model](**{**FAST_OPTIONS.get(model, {}), **options})


def fit(model: str, table: str, seed: int = 0, **options: Any) -> Generator:
    data = coded(table)
    rng = np.random.default_rng(seed)
    return make(model, **options).fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng))


@cache
def fitted(model: str, table: str) -> Generator:
    """Shared by the tests that only read it."""
    return fit(model, table)


def draw(generator: Generator, n: int, seed: int = 0, given: Given | None = None) -> Codes:
    return generator.sample(n, rng=np.random.default_rng(seed), given=given)


def assert_in_alphabet(codes: Codes, alphabet: Alphabet, n: int) -> None:
    assert codes.codes.shape == (n, len(alphabet.fields))
    assert codes.codes.dtype == alphabet.code_dtype
    assert codes.fractions.shape == (n, alphabet.n_fractions)
    assert codes.fractions.dtype == np.float32
    assert (codes.fractions >= 0).all()
    assert (codes.fractions < 1).all()
    for j, field in enumerate(alphabet.fields):
        assert codes.codes[:, j].max(initial=0) < field.size
        assert field.emit[codes.codes[:, j]].all(), f"field {j} has codes that may not be drawn"


def has_log_prob(generator: Generator) -> bool:
    return type(generator).log_prob is not Generator.log_prob


def net_of(generator: Generator) -> Any:
    """The torch module of a generator that has one, else None."""
    import torch

    return next((value for value in vars(generator).values() if isinstance(value, torch.nn.Module)), None)


def same(a: Codes, b: Codes) -> bool:
    return np.array_equal(a.codes, b.codes) and np.array_equal(a.fractions, b.fractions)


# ---- draws -------------------------------------------------------------------------------------------------------


@every_table
def test_draws_lie_in_the_alphabet_and_hold_no_code_that_may_not_be_drawn(model: str, table: str) -> None:
    assert_in_alphabet(draw(fitted(model, table), 500), coded(table).alphabet, 500)


@every_table
def test_the_same_seed_gives_the_same_model_and_rows(model: str, table: str) -> None:
    again = fit(model, table)
    assert same(draw(fitted(model, table), 200, seed=3), draw(again, 200, seed=3))
    state, other = fitted(model, table).state(), again.state()
    assert state.keys() == other.keys()
    assert all(np.array_equal(state[name], other[name]) for name in state)


def test_the_number_of_threads_moves_no_weight_and_no_row(model: str) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = fit(model, "mixed")
        rows = draw(again, 9_000, seed=3)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    state, other = fitted(model, "mixed").state(), again.state()
    assert all(np.array_equal(state[name], other[name]) for name in state)
    assert same(rows, draw(fitted(model, "mixed"), 9_000, seed=3))


def test_whole_blocks_of_free_rows_do_not_know_how_many_there_are(model: str) -> None:
    few, many = (draw(fitted(model, "only_categorical"), BLOCK_ROWS + more) for more in (10, 500))
    alike = BLOCK_ROWS + (10 if model in ("autoregressive", "copula") else 0)
    assert same(few[:alike], many[:alike])


def test_another_seed_gives_other_rows(model: str) -> None:
    generator = fitted(model, "mixed")
    assert not same(draw(generator, 200, seed=3), draw(generator, 200, seed=4))
    other, state = fit(model, "mixed", seed=1), generator.state()
    if any(not np.array_equal(state[name], array) for name, array in other.state().items()):  # its fit uses chance
        assert not same(draw(generator, 200), draw(other, 200))


def test_drawing_does_not_change_the_model(model: str) -> None:
    generator = fit(model, "mixed")
    before = {name: array.copy() for name, array in generator.state().items()}
    draw(generator, 100)
    assert all(np.array_equal(before[name], array) for name, array in generator.state().items())


def test_it_touches_no_global_seed(model: str) -> None:
    import random

    import torch

    def states() -> tuple[Any, ...]:
        numbers = np.random.get_state()[1].tobytes()  # noqa: NPY002 - the global state is what is watched
        return numbers, random.getstate(), torch.get_rng_state().numpy().tobytes()

    before = states()
    draw(fit(model, "one_column"), 10)
    assert states() == before


def test_it_draws_exactly_as_many_rows_as_asked_for(model: str) -> None:
    from likewise.models.drawing.conditioning import BLOCK_ROWS

    generator, alphabet = fitted(model, "constant_column"), coded("constant_column").alphabet
    for n in (1, 2, BLOCK_ROWS + 1):
        assert_in_alphabet(draw(generator, n), alphabet, n)


def test_blocks_of_rows_differ(model: str) -> None:
    from likewise.models.drawing.conditioning import BLOCK_ROWS

    codes = draw(fitted(model, "mixed"), BLOCK_ROWS + 100).codes
    assert not np.array_equal(codes[:100], codes[BLOCK_ROWS:])


# ---- the law it learnt -------------------------------------------------------------------------------------------


def test_each_column_has_about_its_shares(model: str) -> None:
    """Rough on purpose, total variation under 0.12: nets are tiny here. How good a model is, benchmarks say."""
    options = {"epochs": 20} if "epochs" in make(model).options() else {}
    data = coded("only_categorical")
    codes = draw(fit(model, "only_categorical", **options), 4000).codes
    for j, field in enumerate(data.alphabet.fields):
        real, synthetic = (np.bincount(c[:, j], minlength=field.size) / len(c) for c in (data.train.codes, codes))
        assert np.abs(real - synthetic).sum() / 2 < 0.12


@every_table
def test_log_prob_is_finite_and_one_a_row(model: str, table: str) -> None:
    generator, data = fitted(model, table), coded(table)
    if not has_log_prob(generator):
        with pytest.raises(NotImplementedError):
            generator.log_prob(data.train)
        return
    values = generator.log_prob(data.train)
    assert values.shape == (len(data.train),)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert (values <= 1e-6).all()
    assert generator.log_prob(data.train[np.zeros(0, np.int64)]).shape == (0,)


def test_log_prob_sums_to_one_over_all_rows(model: str) -> None:
    generator, alphabet = fitted(model, "only_categorical"), coded("only_categorical").alphabet
    if not has_log_prob(generator):
        return
    grid = np.stack(np.meshgrid(*[np.arange(k) for k in alphabet.sizes], indexing="ij"), -1).reshape(-1, 3)
    rows = Codes(grid.astype(alphabet.code_dtype), np.zeros((len(grid), 0), np.float32))
    tolerance = 2e-2 if model in ESTIMATED else 1e-3
    assert np.exp(generator.log_prob(rows)).sum() == pytest.approx(1.0, abs=tolerance)


# ---- conditions --------------------------------------------------------------------------------------------------


def some_weights(alphabet: Alphabet, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """For every other field a random set of the codes that may be drawn, and a part of one of them."""
    weights = {}
    for j, field in enumerate(alphabet.fields):
        allowed = np.flatnonzero(field.emit)
        if j % 2 == 0 and len(allowed) > 1:
            share = np.zeros(field.size)
            share[rng.choice(allowed, max(1, len(allowed) // 4), replace=False)] = 1.0
            share[rng.choice(allowed)] = 0.3
            weights[j] = share
    return weights


@every_table
@pytest.mark.parametrize("joint", [True, False])
def test_every_row_obeys_the_weights(model: str, table: str, joint: bool) -> None:
    alphabet = coded(table).alphabet
    weights = some_weights(alphabet, np.random.default_rng(0))
    codes = draw(fitted(model, table), 300, given=Given(weights=weights, joint=joint))
    assert_in_alphabet(codes, alphabet, 300)
    for j, share in weights.items():
        assert (share[codes.codes[:, j]] > 0).all()


@every_table
def test_known_codes_are_kept_row_by_row(model: str, table: str) -> None:
    data, rng = coded(table), np.random.default_rng(0)
    known = data.train.codes[rng.integers(0, len(data.train), 300)].astype(np.int64)
    known[rng.random(known.shape) < 0.5] = -1
    codes = draw(fitted(model, table), 300, given=Given(codes=known))
    assert np.array_equal(codes.codes[known >= 0], known[known >= 0])
    for j, field in enumerate(data.alphabet.fields):
        assert field.emit[codes.codes[known[:, j] < 0, j]].all()


@pytest.mark.parametrize("joint", [True, False])
def test_known_codes_and_weights_hold_together(model: str, joint: bool) -> None:
    data, rng = coded("mixed"), np.random.default_rng(1)
    known = data.train.codes[rng.integers(0, len(data.train), 300)].astype(np.int64)
    known[rng.random(known.shape) < 0.5] = -1
    weights = some_weights(data.alphabet, rng)
    codes = draw(fitted(model, "mixed"), 300, given=Given(known, weights, joint)).codes
    assert np.array_equal(codes[known >= 0], known[known >= 0])
    for j, share in weights.items():
        assert (share[codes[known[:, j] < 0, j]] > 0).all()


def test_rows_known_whole_come_back_whole(model: str) -> None:
    data = coded("mixed")
    codes = draw(fitted(model, "mixed"), len(data.train), given=Given(codes=data.train.codes.astype(np.int64)))
    assert np.array_equal(codes.codes, data.train.codes)


def test_a_tiny_weight_still_counts(model: str) -> None:
    alphabet = coded("only_categorical").alphabet
    share = np.zeros(alphabet.sizes[0])
    share[1] = 1e-60
    codes = draw(fitted(model, "only_categorical"), 100, given=Given(weights={0: share}))
    assert (codes.codes[:, 0] == 1).all()


def test_an_impossible_condition_is_an_error(model: str) -> None:
    nothing = np.zeros(coded("mixed").alphabet.sizes[0])
    with pytest.raises(ConditionError, match="field 0"):
        draw(fitted(model, "mixed"), 10, given=Given(weights={0: nothing}))


# ---- state -------------------------------------------------------------------------------------------------------


@every_table
def test_state_gives_the_same_draws_and_log_prob(model: str, table: str) -> None:
    generator, data = fitted(model, table), coded(table)
    again = MODELS[model](**generator.options()).load_state(generator.state(), data.alphabet)
    given = Given(weights=some_weights(data.alphabet, np.random.default_rng(0)))
    assert same(draw(generator, 100), draw(again, 100))
    assert same(draw(generator, 100, given=given), draw(again, 100, given=given))
    if has_log_prob(generator):
        assert np.array_equal(generator.log_prob(data.train), again.log_prob(data.train))


def test_state_is_named_arrays_that_a_file_can_hold(model: str) -> None:
    for name, array in fitted(model, "mixed").state().items():
        assert isinstance(name, str)
        assert isinstance(array, np.ndarray)
        assert array.dtype.kind in "biuf"
        assert "\0" not in name


def test_options_are_json_and_make_the_same_model(model: str) -> None:
    import json

    options = make(model).options()
    assert json.loads(json.dumps(options)) == options
    assert MODELS[model](**options).options() == options


@pytest.mark.parametrize("damage", ["lacking", "added", "shape", "dtype", "nan"])
def test_a_damaged_state_is_refused(model: str, damage: str) -> None:
    generator, alphabet = fitted(model, "mixed"), coded("mixed").alphabet
    state = {name: array.copy() for name, array in generator.state().items()}
    floats = [n for n, a in state.items() if a.dtype.kind == "f" and a.ndim]
    name = floats[0] if floats else next(iter(state))
    if damage == "lacking":
        del state[name]
    elif damage == "added":
        state["of nobody"] = np.zeros(3, np.float32)
    elif damage == "shape":
        state[name] = state[name][:-1]
    elif damage == "dtype":
        state[name] = state[name].astype(np.complex64)
    else:
        state[name].flat[0] = np.nan if floats else np.iinfo(state[name].dtype).min
    with pytest.raises(ModelFileError):
        make(model).load_state(state, alphabet)


def test_a_state_of_another_alphabet_is_refused(model: str) -> None:
    with pytest.raises(ModelFileError):
        make(model).load_state(fitted(model, "mixed").state(), coded("only_numeric").alphabet)


def test_nothing_works_before_fit(model: str) -> None:
    generator = make(model)
    for call in (lambda: draw(generator, 1), generator.state):
        with pytest.raises(NotFittedError):
            call()


def test_fit_twice_forgets_the_first(model: str) -> None:
    twice = make(model)
    for table in ("only_numeric", "only_categorical"):
        data = coded(table)
        twice.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0)))
    assert same(draw(twice, 100), draw(fitted(model, "only_categorical"), 100))


def test_it_is_named_and_found_by_name(model: str) -> None:
    assert MODELS[model].name == model
    assert model_named(model) is MODELS[model]
    with pytest.raises(LikewiseError, match=model):
        model_named("no such model")


# ---- models trained by gradient ------------------------------------------------------------------------------------


def test_a_step_reaches_every_parameter(model: str) -> None:
    """Two fits, one of them shorter: every array of the net has moved between them, but facts of the table."""
    generator = fitted(model, "mixed")
    if net_of(generator) is None:
        return
    learning = dict(net_of(generator).named_parameters())
    longer = fit(model, "mixed", epochs=4)
    learnt = {name: a for name, a in generator.state().items() if a.size and name in learning}
    moved = {name: not np.array_equal(a, longer.state()[name]) for name, a in learnt.items()}
    assert all(moved.values()), [name for name, m in moved.items() if not m]


def test_early_stopping_gives_the_best_weights(model: str) -> None:
    if net_of(fitted(model, "mixed")) is None or "patience" not in make(model).options():
        return
    generator = fit(model, "mixed", epochs=60, patience=2, learning_rate=0.05)
    losses = generator.record.holdout_losses
    assert generator.record.stopped == "early"
    assert generator.record.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == cut_short(losses, 2) + LANDING


def test_it_learns_without_held_out_rows(model: str) -> None:
    data: Coded = coded("mixed")
    none = data.holdout[np.zeros(0, np.int64)]
    generator = make(model).fit(Fit.of(data.train, none, data.alphabet, rng=np.random.default_rng(0)))
    assert_in_alphabet(draw(generator, 50), data.alphabet, 50)
    assert not generator.record.holdout_losses


def test_the_suite_is_not_empty(model: str, request: pytest.FixtureRequest) -> None:
    here = [
        item
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
        and item.callspec.params["model"] == model
    ]
    if len(request.session.items) > len(TABLES):  # not when single tests were picked by hand
        assert len(here) >= COUNTED_CASES + 7 * len(TABLES)
