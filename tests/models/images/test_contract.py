"""The contract of an image model, claimed of every model in IMAGE_MODELS on every set of SHAPES."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import (
    ConditionError,
    InputError,
    ModelFileError,
    NotFittedError,
    OptionError,
    TrainingError,
)
from likewise.models.base import Fit
from likewise.models.images import IMAGE_MODELS, image_model_named
from likewise.models.images.base import BATCH, ImageModel, with_every_class
from likewise.training.loop import Event

from .sets import SHAPES, coded_images

FAST: dict[str, Any] = {"epochs": 2, "batch_size": 16, "latent_dim": 3, "width": 8}
MORE: dict[str, dict[str, Any]] = {"vaegan": {"critic_epochs": 2}}

COUNTED_CASES = 15

pytestmark = pytest.mark.parametrize("model", sorted(IMAGE_MODELS))
every_set = pytest.mark.parametrize("name", sorted(SHAPES))


def make(model: str, **options: Any) -> ImageModel:
    return IMAGE_MODELS[model](**{**FAST, **MORE.get(model, {}), **options})


def fit(model: str, name: str, seed: int = 0, **options: Any) -> ImageModel:
    data = coded_images(name)
    return make(model, **options).fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(seed)))


@cache
def fitted(model: str, name: str) -> ImageModel:
    """Shared by the tests that only read it."""
    return fit(model, name)


def draw(generator: ImageModel, n: int, seed: int = 0, given: Given | None = None) -> Codes:
    return generator.sample(n, rng=np.random.default_rng(seed), given=given)


def same(a: Codes, b: Codes) -> bool:
    return np.array_equal(a.codes, b.codes) and np.array_equal(a.fractions, b.fractions)


def assert_in_alphabet(codes: Codes, alphabet: Alphabet, n: int) -> None:
    assert codes.codes.shape == (n, len(alphabet.fields))
    assert codes.codes.dtype == alphabet.code_dtype
    assert codes.fractions.shape == (n, alphabet.n_fractions)
    assert codes.fractions.dtype == np.float32
    assert (codes.fractions >= 0).all()
    assert (codes.fractions < 1).all()


def test_there_are_models_to_test(model: str) -> None:
    assert len(IMAGE_MODELS) * len(SHAPES) >= COUNTED_CASES
    assert IMAGE_MODELS[model].name == model
    assert image_model_named(model) is IMAGE_MODELS[model]
    with pytest.raises(OptionError, match=model):
        image_model_named("no such model")


# ---- draws -----------------------------------------------------------------------------------------------------------


@every_set
def test_draws_lie_in_the_alphabet(model: str, name: str) -> None:
    assert_in_alphabet(draw(fitted(model, name), 20), coded_images(name).alphabet, 20)


@pytest.mark.parametrize("net", ["conv", "mlp"])
def test_either_net_draws_any_number_of_images(model: str, net: str) -> None:
    generator = fitted(model, "grey") if net == "conv" else fit(model, "grey", net=net)
    for n in (1, BATCH + 1):
        assert_in_alphabet(draw(generator, n), coded_images("grey").alphabet, n)


def test_the_same_seed_gives_the_same_model_and_images(model: str) -> None:
    again = fit(model, "grey")
    assert same(draw(fitted(model, "grey"), 20, seed=3), draw(again, 20, seed=3))
    assert not same(draw(again, 20, seed=3), draw(again, 20, seed=4))
    assert not same(draw(again, 20), draw(fit(model, "grey", seed=1), 20))


def test_it_touches_no_global_seed(model: str) -> None:
    def states() -> tuple[Any, ...]:
        numbers = np.random.get_state()[1].tobytes()  # noqa: NPY002 - the global state is what is watched
        return numbers, random.getstate(), torch.get_rng_state().numpy().tobytes()

    before = states()
    draw(fit(model, "no_labels"), 5)
    assert states() == before


def test_drawing_does_not_change_the_model(model: str) -> None:
    generator = fit(model, "grey")
    before = {name: array.copy() for name, array in generator.state().items()}
    draw(generator, 20)
    assert all(np.array_equal(before[name], array) for name, array in generator.state().items())


def test_classes_look_as_they_should(model: str) -> None:
    """The brighter half of a drawn image is that of its class: rough, for nets and time are tiny here."""
    options = {"epochs": 60, "width": 16, "batch_size": 8} | ({"critic_epochs": 10} if model == "vaegan" else {})
    generator = fit(model, "grey", **options)
    for label, above in ((0, True), (1, False)):
        code = coded_images("grey").train.codes[label, 0]
        pixels = draw(generator, 30, given=Given(np.full((30, 1), code, np.int64))).fractions.reshape(-1, 8, 8)
        assert np.mean((pixels[:, :4].mean((1, 2)) > pixels[:, 4:].mean((1, 2))) == above) >= 0.9


# ---- labels ----------------------------------------------------------------------------------------------------------


def test_labels_are_exactly_those_asked_for(model: str) -> None:
    known = np.array([[0], [2], [-1], [1]], np.int64).repeat(10, 0)
    codes = draw(fitted(model, "grey"), 40, given=Given(known, {0: np.array([0.0, 1.0, 0.0])})).codes
    assert np.array_equal(codes[known[:, 0] >= 0], known[known[:, 0] >= 0])
    assert (codes[known[:, 0] < 0] == 1).all()


def test_labels_not_asked_for_come_as_often_as_they_came(model: str) -> None:
    shares = np.bincount(draw(fitted(model, "grey"), 3000).codes[:, 0], minlength=3) / 3000
    assert np.abs(shares - 1 / 3).max() < 0.05


def test_a_condition_that_no_label_meets_is_an_error(model: str) -> None:
    with pytest.raises(ConditionError, match="no label"):
        draw(fitted(model, "grey"), 5, given=Given(weights={0: np.zeros(3)}))


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_a_class_of_one_image_is_refused_by_count_alone(model: str) -> None:
    data = coded_images("grey")
    rows = np.flatnonzero(np.r_[data.train.codes[:, 0] != 2])
    lonely = np.r_[rows, np.flatnonzero(data.train.codes[:, 0] == 2)[:1]]
    with pytest.raises(InputError, match="1 of 3 classes have fewer than 2 images"):
        make(model).fit(Fit.of(data.train[lonely], data.holdout, data.alphabet, rng=np.random.default_rng(0)))


def test_no_image_is_refused(model: str) -> None:
    data = coded_images("no_labels")
    with pytest.raises(InputError, match="0 images"):
        make(model).fit(Fit.of(data.train[:0], data.holdout, data.alphabet, rng=np.random.default_rng(0)))


def test_codes_of_a_table_are_refused(model: str) -> None:
    data = coded_images("grey")
    with pytest.raises(InputError, match="learns images"):
        make(model).fit(Fit.of(data.train, data.holdout, Alphabet(data.alphabet.fields), rng=np.random.default_rng(0)))


@pytest.mark.parametrize(
    "options",
    [{"net": "tree"}, {"width": 2}, {"epochs": 0}, {"batch_size": 0}, {"learning_rate": -1.0}, {"latent_dim": 1.5}],
)
def test_options_are_held_to_what_they_may_be(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        make(model, **options)


def test_a_loss_that_is_no_number_is_told(model: str) -> None:
    with pytest.raises(TrainingError, match="not a number"):
        fit(model, "grey", learning_rate=1e30)


# ---- state -----------------------------------------------------------------------------------------------------------


@every_set
def test_state_gives_the_same_draws(model: str, name: str) -> None:
    generator = fitted(model, name)
    again = IMAGE_MODELS[model](**generator.options()).load_state(generator.state(), coded_images(name).alphabet)
    assert same(draw(generator, 10), draw(again, 10))


def test_options_are_json_and_make_the_same_model(model: str) -> None:
    options = make(model).options()
    assert json.loads(json.dumps(options)) == options
    assert IMAGE_MODELS[model](**options).options() == options


@pytest.mark.parametrize("damage", ["lacking", "added", "shape", "dtype", "nan", "shares"])
def test_a_damaged_state_is_refused(model: str, damage: str) -> None:
    generator, alphabet = fitted(model, "grey"), coded_images("grey").alphabet
    state = {name: array.copy() for name, array in generator.state().items()}
    name = next(iter(state))
    if damage == "lacking":
        del state[name]
    elif damage == "added":
        state["of nobody"] = np.zeros(3, np.float32)
    elif damage == "shape":
        state[name] = state[name][:-1]
    elif damage == "dtype":
        state[name] = state[name].astype(np.float64)
    elif damage == "nan":
        state[name].flat[0] = np.nan
    else:
        state["class_shares"] = -state["class_shares"]
    with pytest.raises(ModelFileError):
        make(model).load_state(state, alphabet)


def test_a_state_of_other_images_or_sizes_is_refused(model: str) -> None:
    state = fitted(model, "grey").state()
    for alphabet in (coded_images("large").alphabet, coded_images("colour").alphabet, Alphabet(())):
        with pytest.raises(ModelFileError):
            make(model).load_state(state, alphabet)
    with pytest.raises(ModelFileError, match="absent or of another shape"):
        make(model, width=100_000).load_state(state, coded_images("grey").alphabet)


def test_nothing_works_before_fit(model: str) -> None:
    generator = make(model)
    for call in (lambda: draw(generator, 1), generator.state):
        with pytest.raises(NotFittedError):
            call()


def test_fit_twice_forgets_the_first(model: str) -> None:
    twice = make(model)
    for name in ("colour", "no_labels"):
        data = coded_images(name)
        twice.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0)))
    assert same(draw(twice, 10), draw(fitted(model, "no_labels"), 10))


# ---- training --------------------------------------------------------------------------------------------------------


def test_a_gradient_reaches_every_parameter(model: str) -> None:
    """Each parameter of the finished net differs from where it began, but for those a batch norm makes idle."""
    short = fit(model, "grey", epochs=1, **({"critic_epochs": 1} if model == "vaegan" else {}))
    longer = fit(model, "grey", epochs=3, **({"critic_epochs": 1} if model == "vaegan" else {}))
    before, after = short.state(), longer.state()
    still = [name for name in before if np.array_equal(before[name], after[name]) and name != "class_shares"]
    assert not still


def test_progress_is_told_once_an_epoch_and_recorded(model: str) -> None:
    events: list[Event] = []
    data = coded_images("grey")
    generator = make(model).fit(
        Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0), progress=events.append)
    )
    assert [e.epoch for e in events] == list(range(1, generator.record.epochs + 1))
    assert events[-1].epochs == generator.record.epochs == len(generator.record.holdout_losses)


def test_training_stops_early_when_nothing_gets_better(model: str) -> None:
    generator = fit(model, "no_labels", epochs=60, patience=1, learning_rate=1e-9)
    assert generator.record.epochs < 60


def test_without_a_holdout_it_trains_as_long_as_planned(model: str) -> None:
    data = coded_images("grey")
    generator = make(model).fit(Fit.of(data.train, data.holdout[:0], data.alphabet, rng=np.random.default_rng(0)))
    assert generator.record.stopped == "planned"
    assert generator.record.holdout_losses == []


def test_a_budget_of_seconds_is_kept(model: str) -> None:
    generator = fit(model, "grey", epochs=100_000, max_seconds=1.0)
    assert generator.record.stopped == "time"
    assert generator.record.seconds < 5.0


def test_small_classes_are_not_held_out(model: str) -> None:
    del model  # one claim, the same for all
    labels = np.array([0, 0, 0, 0, 1, 1])[:, None]
    train, holdout = with_every_class(labels, np.array([0, 1, 4]), np.array([2, 3, 5]))
    assert train.tolist() == [0, 1, 4, 5]
    assert holdout.tolist() == [2, 3]
