"""What a fit leaves behind is let go, on every system."""

from __future__ import annotations

import ctypes
import weakref

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise import memory
from likewise.errors import TrainingError
from likewise.synthesizer import estimator


class Circle:
    def __init__(self) -> None:
        self.itself, self.rows = self, np.zeros(1000)


@pytest.mark.parametrize("lacks", [False, True])
def test_what_only_a_cycle_holds_is_let_go_with_or_without_a_c_library_that_helps(
    lacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: None) -> None:
        raise TypeError("no such library")

    if lacks:
        monkeypatch.setattr(ctypes, "CDLL", none)
    circle = Circle()
    seen = weakref.ref(circle)
    del circle
    memory.give_back()
    assert seen() is None


def test_a_fit_of_many_rows_gives_memory_back_and_one_of_few_takes_no_time_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = list[int]()
    monkeypatch.setattr(memory, "give_back", lambda: called.append(1))
    table = pl.DataFrame({"x": range(60)})
    lw.Synthesizer("copula", random_state=0).fit(table)
    assert not called
    monkeypatch.setattr(estimator, "MANY_ROWS", 60)
    lw.Synthesizer("copula", random_state=0).fit(table)
    assert called


@pytest.mark.parametrize("options", [{"d_hidden": 10**12}, {"model": "vae", "width": 10**12}])
def test_a_net_that_no_memory_holds_is_refused_in_words(options: dict[str, object]) -> None:
    """What torch says of it is an error of no type of its own, about an allocator."""
    rows = pl.DataFrame({"x": np.arange(200) % 7, "y": np.arange(200) % 5})
    with pytest.raises(TrainingError, match="more memory than there is"):
        lw.Synthesizer(epochs=1, **options).fit(rows)  # type: ignore[arg-type]


def test_an_error_that_is_not_of_memory_stays_what_it_was() -> None:
    with pytest.raises(RuntimeError, match="no such device"), memory.lack_told():
        raise RuntimeError("no such device")
