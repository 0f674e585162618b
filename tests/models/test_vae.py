"""Claims about the variational autoencoder: its latent space, its likelihood, and what it is told."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.codecs.base import Codes, Given
from likewise.errors import ModelFileError, NotFittedError, OptionError
from likewise.models.base import Fit
from likewise.models.vae.model import DECODERS, PRIORS, VAE
from likewise.nets.priors import ChainPrior, MixturePrior, NormalPrior

from .tables import coded

SMALL: dict[str, Any] = {"latent_dim": 2, "width": 32, "d_embed": 6, "d_hidden": 12, "epochs": 40, "batch_size": 32}
SMALL |= {"learning_rate": 0.02, "patience": 100, "kl_weight": 0.3}


@cache
def fitted(table: str = "only_categorical", told: tuple[int, ...] = (), **options: Any) -> VAE:
    data = coded(table)
    model = VAE(**{**SMALL, **options})
    rng = np.random.default_rng(0)
    return model.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng, condition_fields=told))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def grid(sizes: tuple[int, ...]) -> Codes:
    """Every row there can be."""
    rows = np.stack(np.meshgrid(*[np.arange(k) for k in sizes], indexing="ij"), -1).reshape(-1, len(sizes))
    return Codes(rows.astype(np.uint8), np.zeros((len(rows), 0), np.float32))


def law(model: VAE) -> np.ndarray:
    """p of every row of `only_categorical`, by very many draws of the latents. Shape: the fields' sizes."""
    sizes, times = coded("only_categorical").alphabet.sizes, 40
    rows = grid(sizes)
    many = model.log_prob(rows[np.tile(np.arange(len(rows)), times)], n_draws=64)
    p = np.exp(many).reshape(times, -1).mean(0)
    assert p.sum() == pytest.approx(1, abs=0.01)
    return np.asarray(p.reshape(sizes))


every_form = pytest.mark.parametrize(
    "options",
    [{"prior": p, "decoder": d} for p, d in zip(PRIORS, (*DECODERS, "independent"), strict=True)] + [{}],
    ids=lambda o: "-".join(o.values()) or "default",
)


# ---- priors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_is_the_density_of_what_it_draws(name: str) -> None:
    """The mean of 1 / (p * area) over draws inside a box is the share of the box they hit, over its area."""
    generator = torch.Generator().manual_seed(0)
    made = {
        "normal": NormalPrior(),
        "mixture": MixturePrior(2, 3, 5, generator),
        "chain": ChainPrior(2, 3, generator=generator, d_hidden=8),
    }[name]
    if isinstance(made, ChainPrior):
        with torch.no_grad():
            made.head.mul_(30)  # far from where it starts
    with torch.inference_mode():
        context = torch.randn(1, 3, generator=generator)
        axis = torch.linspace(-8, 8, 401)
        points = torch.cartesian_prod(axis, axis)
        p = made.log_prob(points, context.expand(len(points), 3)).exp()
        assert float(p.sum()) * 0.04**2 == pytest.approx(1, abs=0.01)
        n = 20_000
        shape = n, 2
        z = made.draw(
            context.expand(n, 3), torch.rand(shape, generator=generator), torch.randn(shape, generator=generator)
        )
    for low, high in ((-9.0, 0.0), (0.0, 1.0), (-1.0, 0.3)):
        inside = ((points > low) & (points <= high)).all(1)
        drawn = float(((z > low) & (z <= high)).all(1).double().mean())
        assert drawn == pytest.approx(float(p[inside].sum()) * 0.04**2, abs=0.015)


def test_a_chain_prior_sees_only_the_latents_before() -> None:
    generator = torch.Generator().manual_seed(0)
    prior = ChainPrior(4, 0, generator=generator, d_hidden=8)
    z = torch.randn(5, 4, generator=generator, requires_grad=True)
    none = torch.zeros(5, 0)
    before = prior.log_prob(z, none)
    moved = z.detach().clone()
    moved[:, 3] += 1
    both = torch.stack([before.detach(), prior.log_prob(moved, none).detach()])
    alone = ChainPrior(4, 0, generator=torch.Generator().manual_seed(0), d_hidden=8)
    with torch.no_grad():
        h = torch.addmm(alone.first_bias, alone._features(z).flatten(1), alone.first * alone.mask).relu()
        h_moved = torch.addmm(alone.first_bias, alone._features(moved).flatten(1), alone.first * alone.mask).relu()
    assert torch.equal(h, h_moved)  # nothing comes after the last latent
    assert not torch.equal(both[0], both[1])


# ---- the law ------------------------------------------------------------------------------------------------------


@every_form
def test_draws_follow_log_prob(options: dict[str, str]) -> None:
    model = fitted(**options)
    p = law(model)
    drawn = model.sample(20_000, rng=rng()).codes
    found = np.zeros(p.shape)
    np.add.at(found, tuple(drawn.T), 1 / len(drawn))
    assert np.abs(found - p).sum() / 2 < 0.035


@every_form
def test_it_learns_how_columns_hang_together(options: dict[str, str]) -> None:
    """Column b is a or a + 1: draws keep that far more often than chance, a half."""
    codes = fitted(**options).sample(2000, rng=rng()).codes
    real = coded("only_categorical").train.codes
    pairs = {tuple(pair) for pair in real[:, :2].tolist()}
    assert np.mean([tuple(pair) in pairs for pair in codes[:, :2].tolist()]) > 0.7


def test_the_bound_is_below_the_estimate_and_more_draws_tighten_it() -> None:
    model, rows = fitted(), coded("only_categorical").train
    bound = model.elbo(rows, n_draws=64, rng=rng()).mean()
    few, many = (model.log_prob(rows, n_draws=k).mean() for k in (8, 512))
    assert bound < few + 0.01
    assert few < many + 0.01


def test_calibration_gives_each_column_its_shares() -> None:
    data = coded("mixed")

    def distance(model: VAE) -> float:
        codes = model.sample(8000, rng=rng()).codes
        sizes = data.alphabet.sizes
        real, drawn = (
            [np.bincount(c[:, j], minlength=k) / len(c) for j, k in enumerate(sizes)] for c in (data.train.codes, codes)
        )
        return float(np.mean([np.abs(a - b).sum() / 2 for a, b in zip(real, drawn, strict=True)]))

    assert distance(fitted("mixed", epochs=20)) < distance(fitted("mixed", epochs=20, calibrate=0)) + 0.005


def rate(model: VAE) -> float:
    """Nats that the latents say of a row, on average."""
    from likewise.models.gradient.inputs import in_net_order

    net, rows = model._fitted(), coded("only_categorical").train
    x = torch.from_numpy(in_net_order(net, rows.codes)).long()
    noise = torch.randn(len(x), net.n_latent, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return float(net.losses(x, noise)[1].mean())


def test_free_bits_keep_latents_in_use() -> None:
    """At this weight they would say nothing: fields that see each other need no latents."""
    heavy: dict[str, Any] = {"kl_weight": 2.0, "epochs": 10}
    assert rate(fitted(**heavy)) < 0.2
    assert rate(fitted(**heavy, free_bits=0.5)) > 0.5


def test_a_warm_up_begins_with_next_to_no_divergence() -> None:
    """The first epoch's loss is near that of a model without one, and held-out rows are judged by the whole of it."""
    first = {share: fitted(kl_weight=20.0, epochs=4, kl_warmup=share).record for share in (0.0, 1.0)}
    none = fitted(kl_weight=0.0, epochs=4).record
    assert first[1.0].train_losses[0] < first[0.0].train_losses[0]
    assert none.train_losses[0] < first[1.0].train_losses[0]
    assert first[1.0].holdout_losses[0] > none.holdout_losses[0]


# ---- conditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_condition_gives_the_law_under_it(decoder: str) -> None:
    model, sizes = fitted(decoder=decoder), coded("only_categorical").alphabet.sizes
    p = law(model)
    weights = {1: np.arange(sizes[1]) == 1, 2: np.arange(sizes[2]) != 0}
    wanted = (p * weights[1][:, None] * weights[2]).sum((1, 2))
    given = Given(weights={j: w.astype(np.float64) for j, w in weights.items()})
    drawn = model.sample(8000, rng=rng(), given=given).codes
    found = np.bincount(drawn[:, 0], minlength=sizes[0]) / len(drawn)
    assert np.abs(found - wanted / wanted.sum()).sum() / 2 < 0.04


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_rare_condition_gives_the_law_under_it(decoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So rare that all candidates together are not worth the rows asked for: they are moved, and the law stays."""
    for name in ("CANDIDATES", "MOST_CANDIDATES"):
        monkeypatch.setattr(f"likewise.models.vae.draws.{name}", 2)
    model, sizes = fitted(decoder=decoder), coded("only_categorical").alphabet.sizes
    p = law(model)
    pairs = p.sum(2)
    rare = np.unravel_index(np.argmin(np.where(pairs > 0.002, pairs, 1)), sizes[:2])
    weights = {0: np.full(sizes[0], 1e-4), 1: np.full(sizes[1], 1e-4)}
    weights[0][rare[0]] = weights[1][rare[1]] = 1.0
    wanted = (p * weights[0][:, None, None] * weights[1][:, None]).sum((0, 1))
    drawn = model.sample(4000, rng=rng(), given=Given(weights=weights)).codes
    found = np.bincount(drawn[:, 2], minlength=sizes[2]) / len(drawn)
    assert np.abs(found - wanted / wanted.sum()).sum() / 2 < 0.05


@pytest.mark.parametrize("decoder", DECODERS)
def test_known_codes_give_the_law_of_the_others(decoder: str) -> None:
    model, sizes = fitted(decoder=decoder), coded("only_categorical").alphabet.sizes
    p = law(model)
    known = np.full((4000, 3), -1)
    known[:, 1] = 2
    drawn = model.sample(4000, rng=rng(), given=Given(known)).codes
    wanted = p[:, 2].sum(1) / p[:, 2].sum()
    assert np.abs(np.bincount(drawn[:, 0], minlength=sizes[0]) / 4000 - wanted).sum() / 2 < 0.05


@pytest.mark.parametrize("decoder", DECODERS)
def test_labels_are_told_and_obeyed(decoder: str) -> None:
    model = fitted(told=(0,), decoder=decoder)
    data = coded("only_categorical")
    share = np.zeros(data.alphabet.sizes[0])
    share[2] = 1.0
    drawn = model.sample(3000, rng=rng(), given=Given(weights={0: share})).codes
    assert (drawn[:, 0] == 2).all()
    real = data.train.codes[data.train.codes[:, 0] == 2]
    found, wanted = (np.bincount(c[:, 1], minlength=data.alphabet.sizes[1]) / len(c) for c in (drawn, real))
    assert np.abs(found - wanted).sum() / 2 < 0.25  # by chance a half
    free = model.sample(3000, rng=rng()).codes
    shares = [np.bincount(c[:, 0], minlength=len(share)) / len(c) for c in (free, data.train.codes)]
    assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.05


def test_every_column_may_be_told() -> None:
    model = fitted(told=(0, 1, 2))
    assert model.sample(50, rng=rng()).codes.shape == (50, 3)
    assert np.isfinite(model.log_prob(coded("only_categorical").train)).all()


def test_a_model_that_is_told_labels_comes_back_whole() -> None:
    model, alphabet = fitted(told=(1,)), coded("only_categorical").alphabet
    again = VAE(**model.options()).load_state(model.state(), alphabet)
    assert again.condition_fields == (1,)
    assert np.array_equal(model.sample(100, rng=rng()).codes, again.sample(100, rng=rng()).codes)
    for wrong in (np.array([7]), np.array([1, 1]), np.array([-1]), np.array([[1]]), np.array([1.0])):
        with pytest.raises(ModelFileError, match="condition_fields"):
            VAE(**model.options()).load_state({**model.state(), "condition_fields": wrong}, alphabet)


# ---- the latent space ---------------------------------------------------------------------------------------------


def test_rows_come_back_from_their_latents() -> None:
    """With a small weight on the divergence the latents say which row it was."""
    model = fitted(decoder="independent", kl_weight=0.05)
    rows = coded("only_categorical").train
    back = model.reconstruct(rows, rng=rng())
    chance = np.mean(rows.codes == rows.codes[rng().permutation(len(rows))])
    assert np.mean(back.codes == rows.codes) > 0.5 + chance / 2


def test_the_way_from_one_row_to_another_starts_and_ends_there() -> None:
    model = fitted(decoder="independent", kl_weight=0.05)
    rows = coded("only_categorical").train
    a, b = rows[np.arange(100)], rows[np.arange(100, 200)]
    way = model.interpolate(a, b, 5, rng=rng()).codes.reshape(100, 5, 3)
    to_a, to_b = (way == a.codes[:, None]).mean((0, 2)), (way == b.codes[:, None]).mean((0, 2))
    assert to_a[0] > to_a[4] + 0.2
    assert to_b[4] > to_b[0] + 0.2


def test_labels_on_the_way_are_those_of_the_nearer_end() -> None:
    model, rows = fitted(told=(0,)), coded("only_categorical").train
    a, b = rows[np.arange(20)], rows[np.arange(20, 40)]
    way = model.interpolate(a, b, 4, rng=rng()).codes.reshape(20, 4, 3)
    assert (way[:, :2, 0] == a.codes[:, None, 0]).all()
    assert (way[:, 2:, 0] == b.codes[:, None, 0]).all()


def test_latents_have_the_shape_asked_for() -> None:
    model, rows = fitted(), coded("only_categorical").train
    latents = model.encode(rows)
    assert latents.mean.shape == latents.deviation.shape == (len(rows), 2)
    assert (latents.deviation > 0).all()
    assert model.encode(rows[np.zeros(0, np.int64)]).mean.shape == (0, 2)


@pytest.mark.parametrize("latents", [np.zeros(2), np.zeros((3, 5)), np.full((3, 2), np.nan)])
def test_latents_of_another_shape_are_refused(latents: np.ndarray) -> None:
    with pytest.raises(OptionError, match="latents must be"):
        fitted().decode(latents, rng=rng())


@pytest.mark.parametrize("steps", [1, 0, True, 2.5])
def test_a_way_has_two_ends(steps: Any) -> None:
    rows = coded("only_categorical").train
    with pytest.raises(OptionError, match="steps"):
        fitted().interpolate(rows, rows, steps, rng=rng())


def test_both_ends_have_as_many_rows() -> None:
    rows = coded("only_categorical").train
    with pytest.raises(OptionError, match="as many rows"):
        fitted().interpolate(rows, rows[np.arange(3)], 3, rng=rng())


def test_nothing_is_encoded_before_fit() -> None:
    with pytest.raises(NotFittedError):
        VAE().encode(coded("only_categorical").train)


# ---- options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dim", 0),
        ("prior", "flow"),
        ("decoder", "deep"),
        ("kl_weight", -1),
        ("kl_warmup", 1.5),
        ("free_bits", -0.1),
        ("dropout", 1.0),
        ("condition_on", "income"),
        ("condition_on", [3]),
        ("epochs", 1.5),
        ("precision", "fp8"),
    ],
)
def test_an_option_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        VAE(**{name: value})


# ---- through the Synthesizer ----------------------------------------------------------------------------------------


@cache
def people() -> pl.DataFrame:
    chance = rng(1)
    age = chance.integers(18, 80, 400)
    return pl.DataFrame(
        {
            "id": [f"p{i:04}" for i in range(400)],
            "age": age,
            "smokes": np.where(chance.random(400) < age / 100, "yes", "no"),
            "pay": chance.normal(2000, 300, 400).round(2),
            "land": ["here"] * 400,
        }
    )


@cache
def synth(**options: Any) -> lw.Synthesizer:
    told = {"condition_on": ["smokes"]} if options.pop("told", False) else {}
    return lw.Synthesizer("vae", random_state=0, **SMALL, **told, **options).fit(people())


def test_frames_go_into_the_latent_space_and_out() -> None:
    model = synth()
    z = model.encode(people())
    assert z.shape == (400, 2)
    assert model.decode(z[:7], random_state=0).schema == people().schema
    assert len(model.interpolate(people().head(2), people().tail(2), 5, random_state=0)) == 10
    assert model.reconstruct(people(), random_state=0).shape == people().shape
    assert model.elbo(people(), random_state=0).shape == (400,)
    assert model.decode(z[:7], random_state=0).equals(model.decode(z[:7], random_state=0))


def test_a_told_column_obeys_where() -> None:
    model = synth(told=True)
    rows = model.sample(200, where={"smokes": "yes", "age": lw.between(60, 70)}, random_state=0)
    assert (rows["smokes"] == "yes").all()
    assert rows["age"].is_between(60, 70).all()
    assert (model.decode(np.zeros((20, 2)), where={"smokes": "no"}, random_state=0)["smokes"] == "no").all()


def test_a_told_column_is_told_again_after_loading(tmp_path: Any) -> None:
    model = synth(told=True)
    model.save(tmp_path / "m.likewise")
    again = lw.load(tmp_path / "m.likewise")
    for where in (None, {"smokes": "yes"}):
        assert again.sample(50, where=where, random_state=1).equals(model.sample(50, where=where, random_state=1))


@pytest.mark.parametrize(("column", "why"), [("smoke", "smokes"), ("id", "is an id"), ("land", "one value")])
def test_a_column_that_cannot_be_told_is_refused(column: str, why: str) -> None:
    with pytest.raises(OptionError, match=f"condition_on.*{why}"):
        lw.Synthesizer("vae", condition_on=[column], **SMALL).fit(people())


def test_a_model_without_latents_says_so() -> None:
    model = lw.Synthesizer("copula", random_state=0).fit(people())
    for call in (lambda: model.encode(people()), lambda: model.decode(np.zeros((1, 2))), lambda: model.elbo(people())):
        with pytest.raises(OptionError, match="no latent space"):
            call()
