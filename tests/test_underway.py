"""Rows that are shown while a model still learns: drawn by its best weights, and changing nothing of what it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import likewise as lw
from likewise.training.loop import Descent, Event, Schedule, by_autograd, train

QUICK: dict[str, dict[str, Any]] = {
    "autoregressive": {"epochs": 3}, "vae": {"epochs": 3}, "gan": {"epochs": 2}, "ctgan": {"epochs": 2}
}  # fmt: skip


def visits(n: int = 240) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    first = rng.integers(1, 60, n)
    return pl.DataFrame({"first": first, "last": first + rng.integers(0, 9, n), "ward": rng.choice(["a", "b"], n)})


@pytest.mark.parametrize("model", QUICK)
def test_rows_are_shown_each_epoch_and_the_model_comes_out_the_same(model: str) -> None:
    shown: list[pl.DataFrame] = []

    def look(event: Event) -> None:
        assert event.rows is not None
        shown.append(event.rows(4))

    def fitted(**more: Any) -> lw.Synthesizer:
        options = {**QUICK[model], "rules": ["first <= last"], "random_state": 3, **more}
        return lw.Synthesizer(model, **options).fit(visits())

    watched, alone = fitted(progress=look), fitted()
    assert len(shown) == len(watched.record_["train_losses"])
    assert all(rows.columns == ["first", "last", "ward"] and rows.height == 4 for rows in shown)
    assert all((rows["first"] <= rows["last"]).all() for rows in shown)
    ours, theirs = watched.generator_.state(), alone.generator_.state()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert watched.sample(30).equals(alone.sample(30))


@pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")  # so few rows are few for a budget
def test_within_a_budget_nothing_is_shown() -> None:
    pytest.importorskip("opendp")
    schema = lw.infer(visits()).declare(
        {"first": {"kind": "integer", "bounds": (0, 99), "nullable": False},
         "last": {"kind": "integer", "bounds": (0, 99), "nullable": False},
         "ward": {"kind": "categorical", "levels": ("a", "b"), "nullable": False}}
    )  # fmt: skip
    told: list[Event] = []
    lw.Synthesizer(
        "autoregressive", schema=schema, privacy=lw.DP(1.0, 1e-6), epochs=1, progress=told.append
    ).fit(visits())  # fmt: skip
    assert told
    assert all(event.rows is None and event.at_best is None for event in told)


def test_the_best_weights_are_lent_and_taken_back() -> None:
    """Losses that rise again: the best are those of the second epoch, and the training goes on from its own."""
    net, losses = nn.Linear(2, 1), iter([3.0, 1.0, 2.0])
    schedule = Schedule(epochs=3, batch_size=4)
    x = torch.ones(8, 2)
    seen: list[list[torch.Tensor]] = []

    def look(event: Event) -> None:
        assert event.at_best is not None
        before = net.weight.detach().clone()
        with event.at_best():
            best = net.weight.detach().clone()
        assert torch.equal(net.weight, before)
        seen.append([before, best])

    step = Descent(net, by_autograd(lambda rows: net(x[rows]).squeeze(1) ** 2), schedule)
    generator = torch.Generator().manual_seed(0)
    train(net, step, 8, schedule, generator=generator, holdout_loss=lambda: next(losses), progress=look)
    assert [torch.equal(own, best) for own, best in seen] == [True, True, False]
    assert torch.equal(seen[2][1], seen[1][0])
    assert torch.equal(net.weight, seen[1][0])
