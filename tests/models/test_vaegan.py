"""Claims about the VAE-GAN: what the critic mends, that it does not learn by heart, and that its law stays a law."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from likewise.codecs.base import Codes, Given
from likewise.errors import LikewiseWarning, ModelFileError, OptionError
from likewise.models.base import Fit
from likewise.models.tilted import model as tilted
from likewise.models.tilted.tilt import Tilt, learn, normalised, scale_of
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN
from likewise.training.loop import Schedule

from .tables import coded

SMALL: dict[str, Any] = {"latent_dim": 2, "width": 32, "d_embed": 6, "d_hidden": 12, "batch_size": 32}
BLIND: dict[str, Any] = {"decoder": "independent", "prior": "normal", "kl_weight": 4.0}
BLIND |= {"learning_rate": 0.02, "epochs": 12, "batch_size": 64}
"""Latents that say nothing and fields that do not see each other: a VAE that learns each column and no more."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def repeated(codes: Codes, times: int) -> Codes:
    return codes[np.tile(np.arange(len(codes)), times)]


@cache
def sharpened(told: tuple[int, ...] = (), seed: int = 0) -> VAEGAN:
    """A blind VAE of a table whose columns a and b hang together, and a critic that can see it."""
    data = coded("only_categorical")
    model = VAEGAN(**SMALL | BLIND, critics=2, critic_epochs=8, critic_rate=0.02)
    return model.fit(
        Fit.of(repeated(data.train, 4), repeated(data.holdout, 4), data.alphabet, rng=rng(seed), condition_fields=told)
    )


def kept_together(codes: Codes) -> float:
    """Share of rows whose b is a or the level after it, as in every row of the table."""
    real = {tuple(pair) for pair in coded("only_categorical").train.codes[:, :2].tolist()}
    return float(np.mean([tuple(pair) in real for pair in codes.codes[:, :2].tolist()]))


def grid() -> Codes:
    sizes = coded("only_categorical").alphabet.sizes
    rows = np.stack(np.meshgrid(*[np.arange(k) for k in sizes], indexing="ij"), -1).reshape(-1, 3)
    return Codes(rows.astype(np.uint8), np.zeros((len(rows), 0), np.float32))


# ---- what the critic does -------------------------------------------------------------------------------------------


def test_the_critic_mends_what_the_vae_does_not_see() -> None:
    model = sharpened()
    plain = VAE.load_state(VAE(**SMALL | BLIND), _without_critic(model), coded("only_categorical").alphabet)
    assert kept_together(plain.sample(3000, rng=rng())) < 0.6  # by chance a half
    assert kept_together(model.sample(3000, rng=rng())) > 0.75


def test_what_is_decoded_is_sharpened_too() -> None:
    model, rows = sharpened(), coded("only_categorical").train
    assert kept_together(model.reconstruct(rows, rng=rng())) > 0.75
    assert kept_together(model.interpolate(rows[:50], rows[50:100], 4, rng=rng())) > 0.75


def test_conditions_and_known_codes_are_met_under_the_tilted_law() -> None:
    model, sizes = sharpened(), coded("only_categorical").alphabet.sizes
    share = np.eye(sizes[0])[1]
    drawn = model.sample(3000, rng=rng(), given=Given(weights={0: share}))
    assert (drawn.codes[:, 0] == 1).all()
    assert kept_together(drawn) > 0.75
    known = np.full((2000, 3), -1)
    known[:, 1] = 2
    drawn = model.sample(2000, rng=rng(), given=Given(known))
    assert (drawn.codes[:, 1] == 2).all()
    assert kept_together(drawn) > 0.75


def test_a_told_column_is_sharpened_with_the_others() -> None:
    model = sharpened(told=(0,))
    assert kept_together(model.sample(3000, rng=rng())) > 0.75


def _without_critic(model: VAEGAN) -> dict[str, Any]:
    return {k: v for k, v in model.state().items() if not k.startswith(tilted.CRITIC) and k != tilted.TILT}


# ---- the law --------------------------------------------------------------------------------------------------------


def test_draws_follow_log_prob_which_sums_to_one() -> None:
    model, rows = sharpened(), grid()
    p = np.exp(model.log_prob(repeated(rows, 20), n_draws=64)).reshape(20, -1).mean(0)
    assert p.sum() == pytest.approx(1, abs=0.02)
    drawn = model.sample(20_000, rng=rng()).codes
    found = np.zeros(coded("only_categorical").alphabet.sizes)
    np.add.at(found, tuple(drawn.T), 1 / len(drawn))
    assert np.abs(found.ravel() - p).sum() / 2 < 0.03


def test_no_draw_costs_more_than_a_few() -> None:
    tilt = sharpened()._tilt
    assert tilt is not None
    assert tilt.most <= math.log(4) + 1e-6
    assert math.exp(-tilt.highest) >= 0.25 - 1e-6  # the share that is kept


def test_rows_of_other_seeds_and_blocks_differ_and_the_same_seed_gives_the_same() -> None:
    a, b, c = (sharpened().sample(9000, rng=rng(seed)).codes for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(a[:500], a[8192 : 8192 + 500])


# ---- the critic by itself -------------------------------------------------------------------------------------------


def _critic(n: int = 2000) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """A critic, rows whose two columns agree, and rows of the same columns drawn apart."""
    from likewise.nets.critic import Critic

    generator = torch.Generator().manual_seed(0)
    critic = Critic(
        (4, 4), [np.zeros((4, 3), np.float32)] * 2, [np.zeros(4, np.float32)] * 2, d_embed=4, width=16,
        generator=generator,
    )  # fmt: skip
    column = torch.randint(4, (n,), generator=generator)
    return critic, column[:, None].repeat(1, 2), torch.randint(4, (n, 2), generator=generator)


def test_scores_become_the_log_ratio_of_the_densities() -> None:
    """Rows that agree are four times as likely real as drawn; the others are never real."""
    critic, real, drawn = _critic()
    half = len(real) // 2
    schedule = Schedule(epochs=20, batch_size=64, learning_rate=0.02)
    generator = torch.Generator().manual_seed(1)
    learn(critic, real[:half], drawn[:half], schedule, held=(real[half:], drawn[half:]), generator=generator)
    scale = scale_of([critic.eval()], real[half:], drawn[half:])
    tilt = normalised([critic], scale, drawn)
    assert scale > 0.5
    agree = drawn[:, 0] == drawn[:, 1]
    assert float(tilt.of(drawn[agree]).mean()) == pytest.approx(math.log(4), abs=0.25)
    assert float(tilt.of(drawn[~agree]).max()) < -2
    assert float(tilt.of(drawn).exp().mean()) == pytest.approx(1, abs=1e-3)


def test_every_parameter_of_the_critic_learns() -> None:
    critic, real, drawn = _critic()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    schedule = Schedule(epochs=1, batch_size=64, weight_decay=0.0)
    learn(critic, real, drawn, schedule, held=(real, drawn), generator=torch.Generator().manual_seed(0))
    still = [name for name, value in critic.state_dict().items() if value.numel() and torch.equal(value, before[name])]
    assert still == ["ordinal_in"]  # this table's columns have no order


def test_a_critic_that_learnt_by_heart_tilts_nothing() -> None:
    """Real and drawn rows of one law: what tells those it has seen apart says nothing of others."""
    critic, _, rows = _critic(400)
    with torch.no_grad():
        for layer in critic.layers:
            layer.normal_(generator=torch.Generator().manual_seed(3))
    assert scale_of([critic.eval()], rows[:200], rows[200:]) == 0


# ---- when it goes wrong ---------------------------------------------------------------------------------------------


def test_a_critic_that_diverges_leaves_the_vae_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    data, options = coded("only_categorical"), {**SMALL, "epochs": 2}

    def diverging(critic: Any, *args: Any, **options: Any) -> None:
        with torch.no_grad():
            critic.layers[0].fill_(math.nan)
        return learn(critic, *args, **options)

    monkeypatch.setattr(tilted, "learn", diverging)
    with pytest.warns(LikewiseWarning, match="critics diverged"):
        model = VAEGAN(**options).fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng()))
    plain = VAE(**options).fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng()))
    assert np.array_equal(model.sample(100, rng=rng()).codes, plain.sample(100, rng=rng()).codes)


def test_the_budget_of_seconds_is_shared() -> None:
    model = VAEGAN(max_seconds=10.0)
    assert model._model._schedule(100).max_seconds == 5
    assert model._critic_schedule(100, to_come=2, seconds=6.0).max_seconds == 2
    late = model._critic_schedule(100, to_come=1, seconds=11.0).max_seconds
    assert late is not None
    assert late > 0


def test_without_held_out_rows_the_vae_draws_alone() -> None:
    data = coded("only_categorical")
    none = data.holdout[:0]
    model = VAEGAN(**SMALL, epochs=2).fit(Fit.of(data.train, none, data.alphabet, rng=rng()))
    assert not any(name.startswith(tilted.CRITIC) for name in model.state())


@pytest.mark.parametrize(
    ("name", "value"),
    [("critics", 0), ("critic_epochs", 1.5), ("critic_rate", 0), ("critic_dropout", 1.0), ("kl_weight", -1)],
)
def test_an_option_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        VAEGAN(**{name: value})


# ---- state ----------------------------------------------------------------------------------------------------------


def test_critic_and_tilt_come_back() -> None:
    model, alphabet = sharpened(), coded("only_categorical").alphabet
    again = VAEGAN(**model.options()).load_state(model.state(), alphabet)
    assert isinstance(again._tilt, Tilt)
    assert np.array_equal(model.sample(300, rng=rng()).codes, again.sample(300, rng=rng()).codes)
    rows = coded("only_categorical").train
    assert np.array_equal(model.log_prob(rows), again.log_prob(rows))


@pytest.mark.parametrize("damage", ["no tilt", "no weights", "nan", "shape", "lacking"])
def test_a_damaged_critic_is_refused(damage: str) -> None:
    model, alphabet = sharpened(), coded("only_categorical").alphabet
    state = {name: array.copy() for name, array in model.state().items()}
    if damage == "no tilt":
        del state["tilt"]
    elif damage == "no weights":
        state = _without_critic(model) | {"tilt": state["tilt"]}
    elif damage == "nan":
        state["tilt"][0] = np.nan
    elif damage == "shape":
        state["critics.0.layers.0"] = state["critics.0.layers.0"][:-1]
    else:
        del state["critics.1.layer_biases.0"]
    with pytest.raises(ModelFileError):
        VAEGAN(**model.options()).load_state(state, alphabet)
