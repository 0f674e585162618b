"""Images under a budget: what is declared, what is refused, and that pixels reach the file through noise alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import likewise as lw
from likewise.dp import gate
from likewise.dp.gate import Noisy
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import InputError, OptionError, PrivacyError
from likewise.models.adversarial.private_duel import PrivateDuel
from likewise.models.images import base
from likewise.models.images.vae import ImageVAE
from likewise.nets.conv import BatchNorm, Conv, Linear, RowNorm
from likewise.nets.ghosts import taping
from likewise.nets.images import ImageLatents, Painter
from likewise.schema.column import Column, Schema
from likewise.training.private import check_rows_apart

from .artefacts import Artefact, are_equal, blind_sums, file_of

SCHEMA = Schema((Column(name="y", kind="categorical", levels=("0", "1", "2")),))
FAST: dict[str, Any] = {"epochs": 1, "sampling_rate": 0.25, "width": 8, "latent_dim": 4, "random_state": 0}
NETS = pytest.mark.parametrize("net", ["mlp", "conv"])
MODELS = pytest.mark.parametrize("model", ["vae", "gan"])
pytestmark = pytest.mark.filterwarnings("ignore:.*little will be learnt")


def images(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Upper or lower half bright; nothing shows the third label."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = rng.integers(0, 40, (n, 8, 8)).astype(np.uint8)
    x[y == 0, :4] += 200
    x[y == 1, 4:] += 200
    return x, y


def synth(model: str = "vae", epsilon: float = 20.0, **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, privacy=DP(epsilon, 1e-6), **{**FAST, "schema": SCHEMA, **options})


@MODELS
@NETS
def test_the_ledger_holds_the_budget_and_travels_with_the_model(model: str, net: str, tmp_path: Path) -> None:
    x, y = images()
    fitted = synth(model, net=net).fit(x, y=y)
    assert fitted.ledger_ is not None
    assert fitted.ledger_.epsilon == 20.0
    assert [entry.mechanism for entry in fitted.ledger_.entries] == ["gaussian", "sampled gaussian"]
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert loaded.ledger_ is not None
    assert loaded.ledger_.to_dict() == fitted.ledger_.to_dict()
    again = loaded.sample(5, random_state=1)["x"]
    assert np.array_equal(again, fitted.sample(5, random_state=1))


@NETS
@pytest.mark.parametrize("privacy", [DP(20.0, 1e-6), None], ids=["budget", "none"])
def test_a_model_is_made_again_from_its_options_and_its_state_alone(net: str, privacy: DP | None) -> None:
    options: dict[str, Any] = {"net": net, "epochs": 1, "width": 8, "latent_dim": 4, "random_state": 0}
    x, y = images()
    fitted = lw.Synthesizer("vae", privacy=privacy, schema=SCHEMA if privacy else None, **options).fit(x, y=y)
    model, codec = fitted.generator_, fitted.image_codec_
    assert codec is not None
    again = type(model)(**model.options()).load_state(model.state(), codec.alphabet)
    drawn = [made.sample(9, rng=np.random.default_rng(409)).codes for made in (model, again)]
    assert np.array_equal(*drawn)


def test_draws_look_like_what_their_label_says() -> None:
    x, y = images(600)
    fitted = synth(net="mlp", epochs=8, sampling_rate=1 / 16, width=16).fit(x, y=y)
    for label, bright in ((0, slice(0, 4)), (1, slice(4, 8))):
        fake = fitted.sample(40, where={"y": label}, random_state=1).astype(float)
        assert fake[:, bright].mean() > 1.5 * (fake.sum() - fake[:, bright].sum()) / (fake.size / 2)


def test_an_image_of_a_label_nobody_declared_is_left_out_without_a_word(tmp_path: Path) -> None:
    x, y = images()
    y[-1] = 7
    fitted = synth(net="mlp").fit({"x": x, "y": y})
    assert fitted.train_rows_ is None
    assert set(fitted.sample(60)["y"]) <= {0, 1, 2}
    fitted.save(tmp_path / "m")
    again = lw.load(tmp_path / "m")
    assert again.privacy == fitted.privacy
    first = again.ledger_
    assert again.fit(x, y=y).ledger_ is not first
    assert again.ledger_ is not None


def test_images_without_labels_need_no_schema() -> None:
    fitted = synth(schema=None).fit(images()[0])
    assert fitted.ledger_ is not None
    assert fitted.ledger_.entries[0].what == "count of the images"
    assert fitted.sample(3).shape == (3, 8, 8)


def test_what_cannot_be_kept_is_refused() -> None:
    x, y = images()
    with pytest.raises(OptionError, match="labels declared"):
        synth(schema=None).fit(x, y=y)
    with pytest.raises(OptionError, match="labels declared"):
        synth(schema=Schema((Column(name="y", kind="categorical"),))).fit(x, y=y)
    with pytest.raises(OptionError, match="these have none"):
        synth().fit(x)
    with pytest.raises(OptionError, match="model 'vaegan' cannot keep differential privacy; those that can: vae, gan"):
        synth("vaegan").fit(x, y=y)
    with pytest.raises(OptionError, match="batch_size does not go"):
        synth(batch_size=32).fit(x, y=y)
    with pytest.raises(InputError, match="labels that were not there"):
        synth().fit(x, y=y + 5)
    with pytest.raises(OptionError, match="column of a table"):
        lw.Synthesizer("vae", privacy=DP(1.0, 1e-6, entity="who"), schema=SCHEMA).fit(x, y=y)


# ---- pixels reach the file through noise alone -----------------------------------------------------------------------


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mechanisms that write into the ledger as ever, but whose answers have nothing to do with the images."""

    def counts(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float) -> Any:
        ledger.spend(Entry(what=what, mechanism="gaussian", parameter=1 / np.sqrt(2 * rho), rho=rho))
        return np.full(len(look()), 80.0), 1.0

    monkeypatch.setattr(gate, "noisy_counts", counts)
    blind_sums(monkeypatch)


def artefact(x: np.ndarray, y: np.ndarray, path: Path, **options: Any) -> Artefact:
    return file_of(synth(**options).fit(x, y=y), path)


def neighbours() -> list[tuple[np.ndarray, np.ndarray]]:
    """An image less; one more of a label that no other bears; all but a bright one dark as 4 bits."""
    x, y = images()
    return [(x[1:], y[1:]), (np.concatenate([x, x[:1]]), np.append(y, 2)), (x[:-1] // 16, y[:-1])]


@MODELS
@NETS
@pytest.mark.usefixtures("blind")
def test_neighbouring_sets_differ_in_noisy_numbers_only(model: str, net: str, tmp_path: Path) -> None:
    whole = artefact(*images(), tmp_path / "a", model=model, net=net)
    for x, y in neighbours():
        assert are_equal(whole, artefact(x, y, tmp_path / "b", model=model, net=net))


def codec_of_the_data(images: Any, levels: Any) -> Any:
    from likewise.codecs.image import ImageCodec

    return ImageCodec.fit(images)


def painting_from_the_mean(self: Any, start: torch.Tensor, generator: torch.Generator) -> Any:
    return ImageVAE.honestly(self, base.mean_logits(self.seen), generator)  # type: ignore[attr-defined]


def begun_with_the_rows(self: Any, gate: Noisy) -> float:
    total = base.ImageModel.honestly_begun(self, gate)  # type: ignore[attr-defined]
    self.seen = self._pixels(gate._codes)
    return float(total)


def exact_shares(self: Any, gate: Noisy) -> float:
    total = base.ImageModel.honestly_begun(self, gate)  # type: ignore[attr-defined]
    codes = gate._codes.codes
    self._shares = np.bincount(codes[:, 0], minlength=3).astype(np.float32) / np.float32(len(codes))
    return float(total)


def images_behind(duel: Any) -> Any:
    return duel.game.apart(duel._rows_of(duel._sums._codes))


def penalty_at_the_images(self: Any, passed: float) -> None:
    honest, (real, told) = self.shared, images_behind(self)
    self.shared = lambda: honest() + self.game.critique.steepness(real, told)
    PrivateDuel.honestly(self, passed)  # type: ignore[attr-defined]
    self.shared = honest


def labels_of_the_images(self: Any, passed: float) -> None:
    _, self.game.told = images_behind(self)
    PrivateDuel.honestly(self, passed)  # type: ignore[attr-defined]


CALLED = "likewise.models.adversarial.private_duel.PrivateDuel.__call__"
PLANTED = {
    "labels and range from the data": [("likewise.synthesizer.images.ImageCodec.declared", codec_of_the_data)],
    "shares of labels as they are": [("likewise.models.images.base.ImageModel._begin_privately", exact_shares)],
    "painting from the mean of the images": [
        ("likewise.models.images.base.ImageModel._begin_privately", begun_with_the_rows),
        ("likewise.models.images.vae.ImageVAE._make_net", painting_from_the_mean),
    ],
    "gan: penalty at the images": [(CALLED, penalty_at_the_images)],
    "gan: labels of the images": [(CALLED, labels_of_the_images)],
    "no noise": [("likewise.dp.gate.noisy_sum", lambda total, *rest: total)],
}


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("fault", PLANTED)
def test_planted_leaks_are_caught(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.ImageModel, "honestly_begun", base.ImageModel._begin_privately, raising=False)
    monkeypatch.setattr(ImageVAE, "honestly", ImageVAE._make_net, raising=False)
    monkeypatch.setattr(PrivateDuel, "honestly", PrivateDuel.__call__, raising=False)
    for where, fake in PLANTED[fault]:
        monkeypatch.setattr(where, fake)
    options = {"model": "gan" if fault.startswith("gan") else "vae", "net": "mlp"}
    whole = artefact(*images(), tmp_path / "a", **options)
    assert not all(are_equal(whole, artefact(x, y, tmp_path / "b", **options)) for x, y in neighbours())


def test_batch_normalisation_is_refused() -> None:
    painter = Painter("mlp", (1, 8, 8), 4, 0, 8, torch.zeros(1), torch.Generator().manual_seed(0))
    assert any(isinstance(part, BatchNorm) for part in painter.modules())

    def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        return painter(rows, rows[:, :0]).square().sum((1, 2, 3))

    with pytest.raises(PrivacyError, match="rows are mixed"):
        check_rows_apart(painter, loss, torch.randn(8, 4, generator=torch.Generator().manual_seed(1)))


# ---- norms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["down", "up", "keep"])
def test_norms_of_convolutions_are_those_of_plain_gradients(step: str) -> None:
    generator = torch.Generator().manual_seed(0)
    layer = Conv(3, 5, generator=generator, step=step)
    x = torch.randn(4, 3, 6, 6, generator=generator)
    with taping(layer) as tape:
        losses = layer(x).sin().sum((1, 2, 3))
        told = tape.squares(losses)[0]
    for loss, square in zip(losses, told, strict=True):
        plain = torch.autograd.grad(loss, [layer.weight, layer.bias], retain_graph=True)
        assert float(square) == pytest.approx(sum(float(g.square().sum()) for g in plain), rel=1e-4)


@NETS
@pytest.mark.parametrize("likelihood", ["logistic", "bernoulli"])
def test_every_parameter_of_the_autoencoder_is_noted(net: str, likelihood: str) -> None:
    generator = torch.Generator().manual_seed(0)
    made = ImageLatents(
        net, (2, 9, 10), 3, 2, 8, start=torch.zeros(2), prior="chain", likelihood=likelihood, generator=generator,
        apart=True,
    )  # fmt: skip
    assert not any(isinstance(part, BatchNorm) for part in made.modules())
    assert any(isinstance(part, RowNorm) for part in made.modules())

    def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        told = torch.nn.functional.one_hot(rows[:, -1].long(), 2).float()
        noise = torch.randn(len(rows), 3, generator=own)
        return sum(made.losses(rows[:, :-1].view(-1, 2, 9, 10), told, noise), start=torch.zeros(()))

    public = torch.cat([torch.rand(8, 180, generator=generator), torch.randint(2, (8, 1), generator=generator)], 1)
    assert len(check_rows_apart(made, loss, public)) == len(list(made.parameters()))
    assert isinstance(made.to_latents, Linear)
