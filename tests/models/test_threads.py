"""What a model tells does not hang on torch's number of threads: sums split among threads are rounded otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.training.loop import crew, one_thread

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


@pytest.mark.parametrize("first_out", [True, False])
def test_two_at_once_leave_as_many_threads_as_there_were(first_out: bool) -> None:
    """A thread that begins while another computes alone starts with that one's single thread of torch."""
    entered, both = threading.Event(), threading.Barrier(2)

    def first() -> None:
        with one_thread():
            entered.set()
            both.wait(30)
            if not first_out:
                second_left.wait(30)

    def second() -> None:
        entered.wait(30)
        with one_thread():
            both.wait(30)
            if first_out:
                working[0].join(30)
        seen.append(torch.get_num_threads())
        second_left.set()

    second_left, seen = threading.Event(), list[int]()
    with threads(3):
        working = [threading.Thread(target=turn) for turn in (first, second)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join(60)
    assert seen == [3]


def test_who_is_alone_already_stays_so_until_the_outermost_is_left() -> None:
    with threads(3):
        with one_thread():
            with one_thread():
                pass
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3


def test_work_of_a_crew_that_is_done_alone_leaves_its_thread_alone() -> None:
    def work(_: int) -> int:
        with one_thread():
            both.wait(30)  # so that each item has a thread of its own
        return torch.get_num_threads()

    both = threading.Barrier(2)
    with threads(2), crew() as spread:
        assert spread(work, range(2)) == [1, 1]
