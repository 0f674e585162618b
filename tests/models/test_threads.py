"""What a model tells does not hang on torch's number of threads: sums split among threads are rounded otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw

OPTIONS: dict[str, dict[str, Any]] = {
    "autoregressive": {"epochs": 1},
    "vae": {"epochs": 1},
    "vaegan": {"epochs": 1, "critics": 1, "critic_epochs": 1},
}


@contextmanager
def threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def table() -> pl.DataFrame:
    rng = np.random.default_rng(401)
    level = rng.choice(["a", "b", "c"], 900)
    columns = {f"x{i}": np.round(rng.standard_normal(900) + (level == "a"), 3) for i in range(6)}
    return pl.DataFrame({"level": level, **columns})


@cache
def fitted(model: str) -> lw.Synthesizer:
    return lw.Synthesizer(model, random_state=0, **OPTIONS[model]).fit(table())


TOLD: dict[str, Callable[[lw.Synthesizer], Any]] = {
    "log_prob": lambda synth: synth.log_prob(table()),
    "rows": lambda synth: synth.sample(3_000, random_state=1).to_numpy(),
    "completed": lambda synth: synth.complete(table().head(300).drop("x1", "level"), random_state=1).to_numpy(),
    "latents": lambda synth: synth.encode(table()),
}


@pytest.mark.parametrize("what", TOLD)
@pytest.mark.parametrize("model", OPTIONS)
def test_one_thread_and_three_tell_the_same(model: str, what: str) -> None:
    if what == "latents" and model == "autoregressive":
        with pytest.raises(lw.OptionError):
            TOLD[what](fitted(model))
        return
    found = []
    for n in (1, 3):
        with threads(n):
            found.append(TOLD[what](fitted(model)))
            assert torch.get_num_threads() == n
    assert np.array_equal(*found)
