"""Several workers train together to the same weights, however many there are and whichever of them dies."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.codecs.base import Alphabet, Codes, Field
from likewise.engines.base import Rank
from likewise.engines.processes import ProcessEngine
from likewise.errors import OptionError, TrainingError
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.synthesizer.scans import fitting, together
from likewise.training.gang import Gang
from likewise.training.loop import Enough, Event, Schedule

pytestmark = pytest.mark.filterwarnings("ignore::likewise.errors.LikewiseWarning")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 60, 1_003)
    town = np.array(["Ulm", "Bonn", "Jena"])[age % 3]
    frame = pl.DataFrame({"age": age, "town": town, "ok": rng.random(1_003) < 0.3})
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    frame.write_parquet(path)
    return path


def fitted(path: Path, engine: Any = "local", **options: Any) -> lw.Synthesizer:
    synth = lw.Synthesizer(random_state=0, **({"epochs": 2, "batch_size": 100} | options))
    return synth.fit(path, engine=engine, data_parallel=True)


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


class Thread(Gang):
    """A worker that is a thread: what it swaps goes through a table of queues."""

    def __init__(self, index: int, size: int, lines: dict[tuple[int, int], queue.Queue[torch.Tensor]]) -> None:
        super().__init__(Rank(index, size, ""))
        self.lines = lines

    def _swapped(self, own: torch.Tensor, mate: int) -> torch.Tensor:
        self.lines[self.rank.index, mate].put(own.clone())
        return self.lines[mate, self.rank.index].get(timeout=60)


def by_threads(size: int, work: Callable[[Gang], Any]) -> list[Any]:
    lines = {(i, j): queue.Queue[torch.Tensor]() for i in range(size) for j in range(size)}
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(work, [Thread(i, size, lines) for i in range(size)]))


@pytest.mark.parametrize(("n", "sizes"), [(3, (5, 3, 2)), (1_003, (5, 3, 2)), (60, (2, 1) * 40)])
def test_any_number_of_workers_makes_the_same_weights(n: int, sizes: tuple[int, ...]) -> None:
    """Also where eight parts cannot share a batch evenly, or some have nothing; and of many columns."""
    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(0, size, n) for size in sizes], 1).astype(np.uint8)
    alphabet = Alphabet(tuple(Field(size=size, emit=np.ones(size, bool)) for size in sizes))
    learnt, held = (Codes(part, np.zeros((len(part), 0), np.float32)) for part in (codes, codes[: n // 3]))

    def train(gang: Gang) -> tuple[dict[str, Any], list[float]]:
        fit = Fit.of(learnt, held, alphabet, rng=np.random.default_rng(2), gang=gang)
        model = Autoregressive(epochs=2, batch_size=100, calibrate=0).fit(fit)
        return model.state(), model.record.holdout_losses

    alone, losses = train(Gang(Rank(0, 1, "")))
    for size in (2, 4, 8):
        for weights, told in by_threads(size, train):
            assert same(weights, alone)
            assert told == losses


def test_workers_that_found_other_checkpoints_do_not_go_on() -> None:
    def look(gang: Gang) -> None:
        with pytest.raises(TrainingError, match="where all workers reach it"):
            gang.check_alike(epochs=3 * gang.rank.index)

    by_threads(2, look)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_worker_that_is_killed_leaves_the_weights_as_they_are(rows: Path) -> None:
    killed: list[int] = []
    with ProcessEngine(2) as engine:

        def kill(event: Event) -> None:
            if event.unit == "epoch" and event.epoch >= 2 and not killed:
                killed.append(engine.pids[-1])
                os.kill(killed[0], signal.SIGKILL)

        broken = fitted(rows, engine, epochs=12, progress=kill)
    assert killed
    alone = fitted(rows, epochs=12)
    assert same(alone.generator_.state(), broken.generator_.state())
    assert alone.record_["holdout_losses"] == broken.record_["holdout_losses"]
    assert alone.sample(50, random_state=1).equals(broken.sample(50, random_state=1))


class Slow:
    """An engine whose first worker tells of an epoch, and goes on until it is told that it is enough, or closed."""

    workers, closed = 2, False

    def run(self, fn: Any, ranks: int, job: together.Job) -> list[Any]:
        event = Event(
            epoch=1, epochs=9, train_loss=1.0, holdout_loss=None, rows_per_second=1, seconds=1, eta_seconds=9,
            at_best=nullcontext, rows=list,
        )  # fmt: skip
        tell = together._telling(job)
        while not self.closed:
            try:
                tell(event)
            except Enough:
                return ["ended", None]
            time.sleep(0.01)
        raise RuntimeError("closed")

    def close(self) -> None:
        self.closed = True


def job(folder: Path) -> together.Job:
    return together.Job("", {}, Alphabet(()), None, None, np.random.default_rng(0), folder)  # type: ignore[arg-type]


def test_progress_is_told_in_the_thread_that_asked_and_may_end_it(tmp_path: Path) -> None:
    seen = []

    def tell(event: Event) -> None:
        seen.append((event.epoch, event.holdout_loss, threading.get_ident()))
        raise Enough

    assert together._followed(Slow(), 2, job(tmp_path), tell) == "ended"  # type: ignore[arg-type,comparison-overlap]
    assert seen == [(1, None, threading.get_ident())]


def test_an_error_of_the_callers_ends_the_workers(tmp_path: Path) -> None:
    def fails(event: Event) -> None:
        raise ZeroDivisionError

    engine = Slow()
    with pytest.raises(ZeroDivisionError):
        together._followed(engine, 2, job(tmp_path), fails)  # type: ignore[arg-type]
    assert engine.closed
    assert job(tmp_path).enough.exists()


def test_batches_grow_with_the_rows_alone() -> None:
    of, planned = Gang(Rank(0, 1, "")), Schedule(epochs=2, batch_size=512, learning_rate=0.007)
    assert of.schedule(planned, 100_000, is_open=True) == planned
    assert of.schedule(planned, 10**7, is_open=False) == planned
    many = of.schedule(planned, 10**7, is_open=True)
    assert many.batch_size == 4096
    assert many.learning_rate == pytest.approx(0.007 * 8**0.5)
    assert many == Gang(Rank(1, 2, "")).schedule(planned, 10**7, is_open=True)


@pytest.mark.parametrize(
    ("model", "options", "word"),
    [
        ("copula", {}, "'copula'"), ("autoregressive", {"max_seconds": 5}, "max_seconds"),
        ("autoregressive", {"device": "cuda"}, "device"),
    ],
)  # fmt: skip
def test_what_workers_cannot_learn_is_refused(rows: Path, model: str, options: dict[str, Any], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        lw.Synthesizer(model, **options).fit(rows, data_parallel=True)
    with pytest.raises(OptionError, match="held already"):
        lw.Synthesizer().fit(pl.read_parquet(rows), data_parallel=True)


def test_the_command_line_lets_workers_train(rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(engine: Any, generator: Any, *rest: Any) -> None:
        raise TrainingError(f"{engine.workers} workers learn {generator.name}")

    monkeypatch.setattr(fitting, "train_together", learn)
    command = ["synth", str(rows), "-o", str(tmp_path / "b.csv"), "--data-parallel", "--engine", "processes"]
    answer = CliRunner().invoke(app, [*command, "--workers", "3"])
    assert "3 workers learn autoregressive" in answer.output
    for given in (["--only", "ok=true"], ["--rule", "a > 0"], ["--time", "a"], ["--delimiter", ";"]):
        refused = CliRunner().invoke(app, [*command, *given])
        assert refused.exit_code == 2
        why = "these are histories" if given[0] == "--time" else f"{given[0]} does not go: leave one"
        assert why in refused.output.replace("\n", " ")
    workbook = CliRunner().invoke(app, ["synth", str(tmp_path / "a.xlsx"), *command[2:]])
    assert workbook.exit_code == 3
    lw.write(pl.read_parquet(rows).head(20), tmp_path / "a.xlsx")
    workbook = CliRunner().invoke(app, ["synth", str(tmp_path / "a.xlsx"), *command[2:]])
    assert workbook.exit_code == 2
    assert "is none that can be" in workbook.output.replace("\n", " ")
