"""Claims about GAN and CTGAN: what they learn, what they are told, and how training goes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.codecs.base import Codes, Given
from likewise.errors import LikewiseWarning, OptionError
from likewise.models.adversarial.losses import LOSSES
from likewise.models.base import Fit
from likewise.models.ctgan.game import ByLevel
from likewise.models.ctgan.model import CTGAN
from likewise.models.ctgan.modes import Modes, is_number
from likewise.models.gan.model import GAN
from likewise.training.loop import Event

from .tables import coded

SMALL: dict[str, Any] = {
    "gan": {"latent_dim": 4, "width": 32, "critic_width": 32, "d_embed": 6, "d_hidden": 12, "batch_size": 64,
            "learning_rate": 0.01, "patience": 100},
    "ctgan": {"embedding_dim": 8, "generator_dim": [32], "discriminator_dim": [32], "batch_size": 60,
              "generator_lr": 0.01},
}  # fmt: skip
both = pytest.mark.parametrize("kind", [GAN, CTGAN], ids=lambda kind: kind.name)


@cache
def fitted(
    kind: type[GAN] | type[CTGAN], table: str = "only_categorical", told: tuple[int, ...] = (), **options: Any
) -> Any:
    data = coded(table)
    model = kind(**{"epochs": 40, **SMALL[kind.name], **options})
    rng = np.random.default_rng(0)
    return model.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng, condition_fields=told))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def kept_pairs(codes: np.ndarray) -> float:
    """Share of rows whose columns a and b go together as in the table, where b is a or a + 1; by chance a half."""
    real = coded("only_categorical").train.codes
    pairs = {tuple(pair) for pair in real[:, :2].tolist()}
    return float(np.mean([tuple(pair) in pairs for pair in codes[:, :2].tolist()]))


# ---- what is learnt ------------------------------------------------------------------------------------------------


@both
def test_it_learns_how_columns_hang_together(kind: type[GAN]) -> None:
    assert kept_pairs(fitted(kind).sample(2000, rng=rng()).codes) > 0.7


@pytest.mark.parametrize("loss", LOSSES)
def test_a_critic_alone_teaches_too(loss: str) -> None:
    options = {**SMALL["gan"], "loss": loss, "moments": 0.0, "penalty": 10.0 if loss == "wasserstein" else 0.2}
    data, kept = coded("only_categorical"), []
    for seed in range(3):  # a game of two may go astray in one run
        model = GAN(**options, epochs=80)
        model.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(seed)))
        kept.append(kept_pairs(model.sample(2000, rng=rng()).codes))
    assert np.mean(kept) > 0.6


@both
def test_columns_have_their_shares(kind: type[GAN]) -> None:
    data = coded("mixed")
    codes = fitted(kind, "mixed", epochs=20, calibrate=4).sample(6000, rng=rng()).codes
    off = []
    for j, f in enumerate(data.alphabet.fields):
        real, drawn = (np.bincount(c[:, j], minlength=f.size) / len(c) for c in (data.train.codes, codes))
        off.append(np.abs(real - drawn).sum() / 2)
    assert np.mean(off) < 0.08


# ---- conditions ------------------------------------------------------------------------------------------------------


@both
def test_labels_are_told_and_obeyed(kind: type[GAN]) -> None:
    model, data = fitted(kind, told=(0,)), coded("only_categorical")
    share = np.zeros(data.alphabet.sizes[0])
    share[2] = 1.0
    drawn = model.sample(2000, rng=rng(), given=Given(weights={0: share})).codes
    assert (drawn[:, 0] == 2).all()
    assert kept_pairs(drawn) > 0.65
    free = model.sample(3000, rng=rng()).codes
    shares = [np.bincount(c[:, 0], minlength=len(share)) / len(c) for c in (free, data.train.codes)]
    assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.06


@both
def test_a_condition_is_met_by_all_rows_and_the_others_follow_it(kind: type[GAN]) -> None:
    model, sizes = fitted(kind), coded("only_categorical").alphabet.sizes
    weights = {1: (np.arange(sizes[1]) == 1).astype(float), 2: (np.arange(sizes[2]) != 0).astype(float)}
    drawn = model.sample(2000, rng=rng(), given=Given(weights=weights)).codes
    assert (drawn[:, 1] == 1).all()
    assert (drawn[:, 2] != 0).all()
    assert kept_pairs(drawn) > 0.7


@both
def test_known_codes_steer_the_others(kind: type[GAN]) -> None:
    known = np.full((2000, 3), -1)
    known[:, 1] = 2
    drawn = fitted(kind).sample(2000, rng=rng(), given=Given(known)).codes
    assert (drawn[:, 1] == 2).all()
    assert kept_pairs(drawn) > 0.7


@both
def test_a_told_model_comes_back_whole(kind: type[GAN]) -> None:
    model = fitted(kind, told=(0, 2))
    again = kind(**model.options()).load_state(model.state(), coded("only_categorical").alphabet)
    assert again.condition_fields == (0, 2)
    assert np.array_equal(model.sample(50, rng=rng()).codes, again.sample(50, rng=rng()).codes)


@both
def test_it_works_by_name_and_is_told_columns(kind: type[GAN]) -> None:
    frame = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
    synth = lw.Synthesizer(kind.name, condition_on=["smokes"], random_state=0, epochs=2).fit(frame)
    assert synth.sample(30, where={"smokes": "yes"})["smokes"].to_list() == ["yes"] * 30


# ---- training --------------------------------------------------------------------------------------------------------


@both
def test_lost_modes_are_told_while_it_trains(kind: type[GAN]) -> None:
    events: list[Event] = []
    data = coded("mixed")
    model = kind(**{"epochs": 2, **SMALL[kind.name]})
    model.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng(), progress=events.append))
    assert len(events) == 2
    assert all(set(event.notes) == {"recall", "levels"} for event in events)
    assert all(0 < value <= 1.001 for event in events for value in event.notes.values())


@both
def test_a_divergence_is_told_and_the_weights_before_it_kept(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator's weights stop being numbers in the third epoch."""
    from likewise.models.adversarial import losses as adversarial

    data, epochs, whole = coded("mixed"), [], adversarial.Alternating.__call__

    def step(self: Any, rows: torch.Tensor, passed: float) -> torch.Tensor:
        loss = whole(self, rows, passed)
        if len(epochs) == 2:
            with torch.no_grad():
                self.generator.parameters[0].fill_(float("nan"))
        return loss

    monkeypatch.setattr(adversarial.Alternating, "__call__", step)
    model = kind(**{**SMALL[kind.name], "epochs": 5})
    with pytest.warns(LikewiseWarning, match="diverged after 2 epochs; the weights of epoch"):
        model.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng(), progress=epochs.append))
    assert model.record.stopped == "diverged"
    assert all(np.isfinite(array).all() for array in model.state().values())
    assert len(model.sample(20, rng=rng())) == 20


@both
def test_a_pac_that_does_not_divide_the_batch_is_refused(kind: type[GAN]) -> None:
    with pytest.raises(OptionError, match="pac must divide batch_size, got pac 7 and batch_size 64; pac 8 would"):
        kind(pac=7, batch_size=64)


def test_packs_train_on_tables_smaller_than_one() -> None:
    data = coded("only_categorical")
    few = data.train[np.arange(4)]
    model = GAN(pac=8, epochs=2, width=8).fit(Fit.of(few, few, data.alphabet, rng=rng()))
    assert len(model.sample(3, rng=rng())) == 3


# ---- CTGAN -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_frequency", [True, False])
def test_training_by_sampling_chooses_columns_levels_and_rows_as_it_says(log_frequency: bool) -> None:
    codes = np.stack([np.repeat([0, 1], [900, 100]), np.tile([0, 1, 2, 3, 4], 200)], 1)
    counts = [np.bincount(codes[:, j]) for j in range(2)]
    place, code, rows = ByLevel(codes, counts, [0, 1], log_frequency).draw(
        torch.zeros(40_000, dtype=torch.long), torch.Generator().manual_seed(0)
    )
    assert float((place == 0).float().mean()) == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(codes[rows.numpy(), place.numpy()], code.numpy())
    weights = np.log(counts[0] + 1) if log_frequency else counts[0]
    assert float((code[place == 0] == 1).float().mean()) == pytest.approx(weights[1] / weights.sum(), abs=0.01)
    chosen = np.bincount(rows[(place == 0) & (code == 1)].numpy(), minlength=1000)[900:]
    assert chosen.min() > 0
    assert abs(chosen - chosen.mean()).max() < 6 * np.sqrt(chosen.mean())


def test_rows_are_drawn_by_true_frequencies_of_what_they_are_told() -> None:
    model = fitted(CTGAN, "mixed", epochs=2)
    net = model._net
    known = torch.full((20_000, len(net.sizes)), -1)
    z = torch.randn(20_000, net.n_latent, generator=torch.Generator().manual_seed(0))
    place, code, _ = net._chosen(z, known, {})
    shares = torch.bincount(place, minlength=len(net.asked)) / len(place)
    assert float((shares - 1 / len(net.asked)).abs().max()) < 0.02
    for i, j in enumerate(net.asked):
        found = torch.bincount(code[place == i], minlength=net.sizes[j]) / int((place == i).sum())
        assert float((found - net.share_of(j)).abs().max()) < 0.05


def test_a_row_does_not_hang_on_those_drawn_with_it() -> None:
    """Batch statistics are those of training."""
    net = fitted(CTGAN)._net
    z = torch.randn(40, net.n_latent, generator=torch.Generator().manual_seed(0))
    uniforms = torch.rand(40, 3, generator=torch.Generator().manual_seed(1))
    known = torch.full((40, 3), -1)
    alone = net.draw(z[:1], known[:1], uniforms[:1], {})[0]
    assert torch.equal(net.draw(z, known, uniforms, {})[0][:1], alone)


def test_modes_lead_back_to_the_code() -> None:
    data = coded("mixed")
    numbers = [j for j, f in enumerate(data.alphabet.fields) if is_number(f)]
    assert numbers
    for j in numbers:
        counts = np.bincount(data.train.codes[:, j], minlength=data.alphabet.fields[j].size)
        modes = Modes.fit(data.alphabet.fields[j], counts, rng())
        chance, place = modes.table
        inside = np.isfinite(modes.scores)
        assert chance.sum(1) == pytest.approx(1, abs=1e-3)
        back = modes.means + 4 * modes.deviations * place[inside][:, : len(modes.means)]
        likely = chance[inside][:, : len(modes.means)].argmax(1)
        assert np.abs(back[np.arange(len(back)), likely] - modes.scores[inside]).max() < 1e-3


def test_a_number_drawn_by_its_mode_first_follows_its_logits() -> None:
    net = fitted(CTGAN, "mixed", epochs=2)._net
    j = next(j for j, span in enumerate(net.spans) if span.modes is not None)
    with torch.inference_mode():
        condition = net.condition(torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long), torch.zeros(1, 0))
        raw = net(torch.zeros(1, net.n_noise), condition)
        wanted = net.code_logits(raw, j).softmax(1)[0]
        uniforms = (torch.arange(20_000) + 0.5) / 20_000
        drawn = net.free_number(raw.expand(20_000, -1), j, uniforms)
    found = torch.bincount(drawn, minlength=net.sizes[j]) / 20_000
    assert float((found - wanted).abs().sum() / 2) < 0.01


def test_options_of_a_wrong_kind_are_refused() -> None:
    for options in ({"generator_dim": []}, {"discriminator_dim": [0]}, {"log_frequency": "yes"}, {"generator_lr": -1}):
        with pytest.raises(OptionError):
            CTGAN(**options)
    with pytest.raises(OptionError, match="one of nonsaturating, wasserstein, hinge"):
        GAN(loss="least squares")


def test_no_rows_of_a_told_column_alone() -> None:
    """Where every column is told there is nothing to draw."""
    data = coded("only_categorical")
    for kind in (GAN, CTGAN):
        model = fitted(kind, told=(0, 1, 2))
        drawn: Codes = model.sample(50, rng=rng())
        assert drawn.codes.shape == (50, len(data.alphabet.fields))
