"""What a fit says of its training, and how one is taken up."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.errors import TrainingError
from likewise.models import MODELS
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.gradient.model import NetModel
from likewise.models.images import IMAGE_MODELS
from likewise.models.vae.model import VAE
from likewise.training.loop import Event, one_thread

from .images.sets import coded_images
from .tables import coded


def table() -> pl.DataFrame:
    rng = np.random.default_rng(11)
    return pl.DataFrame({"x": rng.normal(size=300).round(3), "k": rng.choice(list("abc"), 300)})


@pytest.mark.parametrize("moved", [False, True])
def test_a_fit_without_a_seed_is_taken_up_from_its_checkpoint_even_if_that_was_moved(
    tmp_path: Path, moved: bool
) -> None:
    def stop(event: Event) -> None:
        if event.epoch == 2:
            raise KeyboardInterrupt

    options = {"epochs": 4, "d_embed": 4, "d_hidden": 8}
    path, later = tmp_path / "begun", tmp_path / "elsewhere"
    with pytest.raises(KeyboardInterrupt):
        lw.Synthesizer(checkpoint=str(path), progress=stop, **options).fit(table())
    if moved:
        path.rename(later)
    told: list[Event] = []
    lw.Synthesizer(checkpoint=str(later if moved else path), progress=told.append, **options).fit(table())
    assert [event.epoch for event in told] == [3, 4]


@pytest.mark.parametrize(("model", "rate"), [(Autoregressive, 30.0), (VAE, 1.0)])
def test_a_training_that_blows_up_without_ending_is_warned_of(model: type, rate: float) -> None:
    data = coded("mixed")
    made = model(epochs=4, batch_size=32, d_embed=4, d_hidden=8, learning_rate=rate)
    with pytest.warns(lw.LikewiseWarning, match=r"diverged|learnt nothing; lower learning_rate"):
        made.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(12)))


RATES = {"ctgan": "generator_lr"}
"""The option of the rate, where it is not `learning_rate`."""


@pytest.mark.parametrize("rate", [30.0, 1e3])
@pytest.mark.parametrize("held_out", [True, False], ids=["held out", "none held out"])
@pytest.mark.parametrize(
    ("models", "name"),
    [(kinds, name) for kinds in (MODELS, IMAGE_MODELS) for name, kind in kinds.items() if issubclass(kind, NetModel)],
    ids=lambda value: value if isinstance(value, str) else "images" if value is IMAGE_MODELS else "tables",
)
def test_every_net_trained_far_too_fast_is_told_to_have_diverged(
    models: dict[str, Any], name: str, held_out: bool, rate: float
) -> None:
    """Those of a game ended as planned, whatever they drew."""
    data = coded("mixed") if models is MODELS else coded_images("grey")
    options: dict[str, Any] = {"epochs": 3, "batch_size": 30, RATES.get(name, "learning_rate"): rate}
    if models is IMAGE_MODELS:
        options |= {"latent_dim": 3, "width": 8, "net": "mlp"}
    if name == "vaegan":
        options["critic_epochs"] = 1
    holdout = data.holdout if held_out else data.holdout[:0]
    fit = Fit.of(data.train, holdout, data.alphabet, rng=np.random.default_rng(0))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            made = models[name](**options).fit(fit)
        except TrainingError as error:
            assert "lower learning_rate" in str(error)  # noqa: PT017 - either an error or a warning
            return
    assert made.record.stopped == "diverged"
    assert any("lower" in str(warning.message) for warning in told)


def test_a_game_that_goes_well_is_not_told_to_have_diverged() -> None:
    data = coded("mixed")
    for name in ("gan", "ctgan"):
        fit = Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0))
        assert MODELS[name](epochs=3, batch_size=30).fit(fit).record.stopped == "planned"


def test_a_fit_computes_in_one_thread_and_gives_the_others_back() -> None:
    threads, seen = torch.get_num_threads(), []
    data = coded("mixed")
    torch.set_num_threads(3)
    try:
        Autoregressive(epochs=1, d_embed=4, d_hidden=8).fit(Fit.of(
            data.train, data.holdout, data.alphabet, rng=np.random.default_rng(13),
            progress=lambda event: seen.append(torch.get_num_threads()),
        ))  # fmt: skip
        with pytest.raises(ValueError, match="inside"), one_thread():
            raise ValueError("inside")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert seen == [1]


@pytest.mark.filterwarnings("ignore:training diverged")
def test_latents_that_went_astray_are_told_as_a_training_that_diverged() -> None:
    data = coded("mixed")
    model = VAE(learning_rate=30.0, epochs=4, batch_size=64)
    with pytest.raises(TrainingError, match="lower learning_rate"):
        model.fit(Fit.of(data.train, data.holdout[:0], data.alphabet, rng=np.random.default_rng(0)))


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_a_training_of_images_is_taken_up_from_its_checkpoint(model: str, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if event.epoch == 2:
            raise KeyboardInterrupt

    data, options = coded_images("grey"), {"epochs": 4, "batch_size": 16, "latent_dim": 3, "width": 8, "net": "mlp"}

    def learnt(checkpoint: Path | None = None, **told: Any) -> dict[str, Any]:
        made = IMAGE_MODELS[model](**options, checkpoint=checkpoint)
        rng = np.random.default_rng(0)
        return made.fit(Fit.of(data.train, data.holdout, data.alphabet, rng=rng, **told)).state()

    with pytest.raises(KeyboardInterrupt):
        learnt(tmp_path / "begun", progress=stop)
    assert (tmp_path / "begun").exists()
    resumed, unbroken = learnt(tmp_path / "begun"), learnt()
    assert all(np.array_equal(resumed[name], unbroken[name]) for name in unbroken)
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("of", ["tables", "images"])
def test_a_vaegan_stopped_among_its_critics_goes_on_from_the_end_of_its_autoencoder(of: str, tmp_path: Path) -> None:
    """The autoencoder's checkpoint was deleted as soon as that was trained."""
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.append(event)
        if len(seen) == 3 + 1:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"epochs": 3, "critic_epochs": 2, "batch_size": 16}
    options |= {"latent_dim": 3, "width": 8, "net": "mlp"} if of == "images" else {"critics": 2, "patience": 3}
    data = coded_images("grey") if of == "images" else coded("mixed")
    kind = (IMAGE_MODELS if of == "images" else MODELS)["vaegan"]

    def learnt(checkpoint: Path | None = None, **told: Any) -> dict[str, Any]:
        fit = Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0), **told)
        return kind(**options, checkpoint=checkpoint).fit(fit).state()

    with pytest.raises(KeyboardInterrupt):
        learnt(tmp_path / "begun", progress=stop)
    assert (tmp_path / "begun").exists()
    told: list[Event] = []
    resumed, unbroken = learnt(tmp_path / "begun", progress=told.append), learnt()
    assert len(told) == {"tables": 2 * 2, "images": 2}[of]
    assert all(np.array_equal(resumed[name], unbroken[name]) for name in unbroken)
    assert not (tmp_path / "begun").exists()
