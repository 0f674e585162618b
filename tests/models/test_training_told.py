"""What a fit says of its training, and how one is taken up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.errors import TrainingError
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
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
