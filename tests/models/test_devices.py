"""Training stays on one device, walked on torch's meta device, where nothing is computed: a tensor left elsewhere is
refused, as a CUDA device would refuse it.

One step of the training of every model that has a device, and one look at its held-out rows.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from likewise.models import MODELS
from likewise.models.base import Fit
from likewise.models.images import IMAGE_MODELS
from likewise.training.loop import Record
from likewise.training.optimiser import AdamW

from .images.sets import coded_images
from .tables import coded
from .test_contract import FAST_OPTIONS

TO = torch.nn.Module.to

TABLES = sorted(name for name, kind in MODELS.items() if "device" in kind().options() and name != "ctgan")
"""CTGAN trains on the processor only."""

FAST_IMAGES: dict[str, Any] = {"epochs": 2, "batch_size": 16, "latent_dim": 3, "width": 8}


class Walked(Exception):
    """A training was walked through."""


def walk(module: Any, step: Any, n_rows: int, schedule: Any, **others: Any) -> Record:
    """In the place of `training.train`."""
    module.train()
    if others.get("on_epoch"):
        others["on_epoch"]()
    step(torch.arange(min(schedule.batch_size, n_rows)), 0.5)
    module.eval()
    if others.get("holdout_loss"):
        told(others["holdout_loss"])
    raise Walked


def told(loss: Callable[[], float]) -> None:
    """A loss on the meta device is of no value, which only the last line of it may say."""
    with suppress(NotImplementedError):
        try:
            loss()
        except RuntimeError as error:
            if "meta" not in str(error) or "expected device" in str(error):
                raise


def step_on_meta(self: AdamW, rate: float) -> None:
    del rate
    for p in self.parameters:
        assert p.grad is not None
        assert p.grad.device == p.device == torch.device("meta")
        p.grad = None


class OneDevice(TorchDispatchMode):
    """Refuses what CUDA would: an operation on tensors of several devices, other than a copy, or a number or a list of
    rows from the processor. The meta device itself lets convolutions pass."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        tensors = [x for x in tree_leaves((args, kwargs or {})) if isinstance(x, torch.Tensor) and x.ndim]
        name = func.overloadpacket.__name__
        if name in ("index", "index_put_"):
            tensors = [x for x in tensors if x.dtype not in (torch.long, torch.int32, torch.bool)] + tensors[:1]
        if name not in ("copy_", "_to_copy"):
            assert len({x.device for x in tensors}) <= 1, (name, [(x.device, tuple(x.shape)) for x in tensors])
        return func(*args, **(kwargs or {}))


@pytest.fixture
def meta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdamW, "step", step_on_meta)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # torch knows none there
    monkeypatch.setattr("likewise.models.gradient.model.train", walk)
    for name in ("gradient.tables", "gan.model", "images.latents", "images.gan", "images.duel", "images.vaegan"):
        room = importlib.import_module(f"likewise.models.{name}")
        monkeypatch.setattr(room, "train_device", lambda asked: "meta")


@pytest.mark.usefixtures("meta")
@pytest.mark.parametrize("model", TABLES)
def test_a_step_of_a_table_stays_on_its_device(model: str) -> None:
    data = coded("mixed")
    with OneDevice(), pytest.raises(Walked):
        MODELS[model](**FAST_OPTIONS[model]).fit(
            Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0))
        )


@pytest.mark.usefixtures("meta")
@pytest.mark.parametrize("model", sorted(IMAGE_MODELS))
def test_a_step_of_images_stays_on_its_device(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = coded_images("grey")
    if model == "vaegan":  # its first training is that of the vae; the critics come after
        walks = iter([lambda *_, **__: Record(), walk])
        monkeypatch.setattr(
            "likewise.models.gradient.model.train", lambda *given, **named: next(walks)(*given, **named)
        )
        monkeypatch.setattr(torch.nn.Module, "to", lambda self, *where: self if where == ("cpu",) else TO(self, *where))
    with OneDevice(), pytest.raises(Walked):
        IMAGE_MODELS[model](**FAST_IMAGES).fit(
            Fit.of(data.train, data.holdout, data.alphabet, rng=np.random.default_rng(0))
        )
