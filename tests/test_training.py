"""Claims about the training loop, on nets so small that their whole run is known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from torch import nn

import likewise as lw
from likewise.errors import LikewiseWarning, OptionError, TrainingError
from likewise.training import loop
from likewise.training.loop import Descent, Enough, Event, Record, Schedule, by_autograd, one_cycle, train
from likewise.training.optimiser import AdamW

N_ROWS = 200


def data(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N_ROWS, 4, generator=generator)
    return x, x @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.1 * torch.randn(N_ROWS, generator=generator)


class Task:
    """A regression to be trained: a net, its loss a row, its held-out loss, and noise in the loss as dropout has it."""

    def __init__(self, seed: int = 0, **schedule: Any) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.net = nn.Linear(4, 1)
        with torch.no_grad():
            for p in self.net.parameters():
                p.normal_(generator=self.generator)
        self.x, self.y = data()
        self.schedule = Schedule(**({"epochs": 6, "batch_size": 32, "learning_rate": 0.05} | schedule))
        self.steps = 0
        self.holdout: Callable[[], float] | None = self._holdout

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        x = self.x[rows] + 0.01 * torch.randn(len(rows), 4, generator=self.generator)
        return (self.net(x).squeeze(1) - self.y[rows]) ** 2

    def _holdout(self) -> float:
        with torch.inference_mode():
            return float(((self.net(self.x[:50]).squeeze(1) - self.y[:50]) ** 2).mean())

    def run(self, progress: Callable[[Event], None] | None = None, fingerprint: str = "a") -> Record:
        return train(
            self.net,
            Descent(self.net, by_autograd(self.loss), self.schedule),
            N_ROWS,
            self.schedule,
            generator=self.generator,
            holdout_loss=self.holdout,
            progress=progress,
            fingerprint=fingerprint,
        )

    def weights(self) -> torch.Tensor:
        return torch.cat([p.detach().flatten() for p in self.net.parameters()])


def scripted(losses: list[float], **schedule: Any) -> tuple[Task, Record, list[torch.Tensor]]:
    """A run whose held-out losses are given, and the weights after each of its epochs."""
    task, after = Task(epochs=len(losses), **schedule), []

    def holdout() -> float:
        after.append(task.weights().clone())
        return losses[len(after) - 1]

    task.holdout = holdout
    return task, task.run(), after


# ---- schedule and optimiser ----------------------------------------------------------------------------------------


def test_one_cycle_rises_in_a_line_and_falls_as_half_a_cosine() -> None:
    rates = [one_cycle(i / 1000, 0.2) for i in range(1001)]
    top = rates.index(max(rates))
    assert top == 200
    assert rates[200] == 1.0
    assert rates[100] == pytest.approx(0.5)
    assert rates[600] == pytest.approx(0.5)
    assert rates[:201] == sorted(rates[:201])
    assert rates[200:] == sorted(rates[200:], reverse=True)
    assert all(0 < rate <= 1 for rate in rates)


def test_one_cycle_without_warmup_starts_at_its_peak() -> None:
    assert one_cycle(0.0, 0.0) == 1.0


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adamw_equals_torchs(weight_decay: float) -> None:
    shapes, generator = [(3, 4), (5,), (2, 2, 2), ()], torch.Generator().manual_seed(0)
    ours = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
    theirs = [p.detach().clone().requires_grad_() for p in ours]
    optimiser = AdamW(ours, weight_decay=weight_decay)
    oracle = torch.optim.AdamW(theirs, betas=optimiser.betas, eps=optimiser.eps, weight_decay=weight_decay)
    for step in range(50):
        rate = 0.02 * one_cycle(step / 50, 0.2)
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        optimiser.step(rate)
        for group in oracle.param_groups:
            group["lr"] = rate
        oracle.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
        assert a.grad is None


def test_adamw_goes_on_from_its_state() -> None:
    def gradients(p: list[torch.Tensor], seed: int) -> None:
        for i, q in enumerate(p):
            q.grad = torch.randn(q.shape, generator=torch.Generator().manual_seed(seed * 10 + i))

    a, b = ([torch.ones(3).requires_grad_(), torch.ones(2, 2).requires_grad_()] for _ in range(2))
    whole, first = AdamW(a), AdamW(b)
    for seed in range(6):
        gradients(a, seed)
        whole.step(0.1)
    for seed in range(3):
        gradients(b, seed)
        first.step(0.1)
    second = AdamW(b)
    second.load_state({name: value.clone() for name, value in first.state().items()})
    for seed in range(3, 6):
        gradients(b, seed)
        second.step(0.1)
    assert all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": 0}, {"patience": 0}, {"learning_rate": 0.0}, {"learning_rate": math.nan},
     {"max_seconds": 0.0}, {"max_seconds": math.nan}],
    ids=str,
)  # fmt: skip
def test_a_schedule_checks_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Schedule(**wrong)


# ---- the loop ------------------------------------------------------------------------------------------------------


def test_it_learns() -> None:
    task = Task(epochs=30)
    record = task.run()
    assert record.holdout_losses[-1] < 0.05 < record.holdout_losses[0]
    assert record.train_losses[-1] < 0.05 < record.train_losses[0]
    assert record.epochs == 30
    assert record.stopped == "planned"


def test_the_same_seed_gives_bit_equal_weights() -> None:
    a, b, c = Task(), Task(), Task(seed=1)
    records = [task.run() for task in (a, b, c)]
    assert torch.equal(a.weights(), b.weights())
    assert records[0].holdout_losses == records[1].holdout_losses
    assert not torch.equal(a.weights(), c.weights())


def test_every_epoch_sees_each_row_once_in_another_order() -> None:
    task, seen = Task(epochs=3, batch_size=20), []
    plain = task.loss
    task.loss = lambda rows: seen.append(rows) or plain(rows)  # type: ignore[method-assign,func-returns-value]
    task.run()
    epochs = torch.cat(seen).view(3, N_ROWS)
    for rows in epochs:
        assert torch.equal(rows.sort().values, torch.arange(N_ROWS))
    assert not torch.equal(epochs[0], epochs[1])


@pytest.mark.parametrize(("batch_size", "steps"), [(200, 1), (500, 1), (150, 1), (100, 2)])
def test_a_table_smaller_than_a_batch_is_one_batch(batch_size: int, steps: int) -> None:
    task = Task(epochs=3, batch_size=batch_size)
    task.run()
    assert task.steps == 3 * steps


def test_it_stops_early_and_keeps_the_best_weights() -> None:
    task, record, after = scripted([5.0, 4.0, 4.5, 4.4, 4.1, 4.2, 3.9, 4.1, 4.3, 2.0, 1.0], patience=3)
    assert record.stopped == "early"
    assert record.best_epoch == 7
    assert record.holdout_losses == [5.0, 4.0, 4.5, 4.4, 4.1, 4.2, 3.9, 4.1, 4.3]
    assert torch.equal(task.weights(), after[6])


def test_the_rate_comes_down_before_an_early_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[float] = []
    plain = loop.one_cycle
    monkeypatch.setattr(loop, "one_cycle", lambda share, warmup: passed.append(share) or plain(share, warmup))
    losses = [5.0, 4.0, *[4.5] * 20]
    _, record, _ = scripted(losses, patience=3)
    assert record.epochs == 5 + loop.LANDING
    a_epoch = len(passed) // record.epochs
    assert passed == sorted(passed)
    assert passed[5 * a_epoch] == pytest.approx(5 / 22)  # as planned until then, and then sooner to the end
    assert passed[6 * a_epoch] == pytest.approx(5 / 22 + 17 / 22 / loop.LANDING)
    assert passed[-1] == pytest.approx(1, abs=17 / 22 / loop.LANDING / a_epoch + 1e-6)


def test_a_cycle_that_ends_soon_anyhow_ends_as_planned() -> None:
    _, record, _ = scripted([5.0, 4.0, 4.5, 4.4, 4.1, 3.0, 2.0], patience=3)
    assert record.stopped == "planned"
    assert record.epochs == record.best_epoch == 7


def test_without_early_stop_the_best_weights_are_kept_all_the_same() -> None:
    task, record, after = scripted([5.0, 4.0, 3.0, 3.5], patience=10)
    assert record.stopped == "planned"
    assert record.best_epoch == 3
    assert torch.equal(task.weights(), after[2])


def test_without_held_out_rows_the_last_weights_are_kept() -> None:
    task = Task(epochs=5, patience=1)
    task.holdout = None
    last: list[torch.Tensor] = []
    record = task.run(progress=lambda event: last.append(task.weights().clone()))
    assert record.epochs == record.best_epoch == 5
    assert record.holdout_losses == []
    assert torch.equal(task.weights(), last[-1])


def test_whoever_hears_of_it_may_stop_a_training_and_the_best_so_far_is_kept() -> None:
    task, after = Task(epochs=20), []

    def hear(event: Event) -> None:
        after.append(task.weights().clone())
        if event.epoch == 3:
            raise Enough

    record = task.run(progress=hear)
    assert (record.epochs, record.stopped) == (3, "asked")
    assert torch.equal(task.weights(), after[record.best_epoch - 1])


def test_a_budget_of_seconds_is_kept_and_told() -> None:
    task = Task(epochs=1000, max_seconds=0.3)
    plain = task.loss
    task.loss = lambda rows: time.sleep(0.02) or plain(rows)  # type: ignore[method-assign,func-returns-value]
    began = time.perf_counter()
    record = task.run()
    assert record.stopped == "time"
    assert 0.25 < time.perf_counter() - began < 1.5
    assert record.epochs < 10
    assert all(math.isfinite(loss) for loss in record.train_losses)


def test_a_budget_too_short_for_a_step_still_ends_well() -> None:
    task = Task(epochs=10, max_seconds=1e-9)
    events: list[Event] = []
    record = task.run(progress=events.append)
    assert record.stopped == "time"
    assert task.steps == 0
    assert record.epochs == 0
    assert record.train_losses == []


def test_a_budget_larger_than_needed_changes_nothing() -> None:
    a, b = Task(), Task(max_seconds=1000.0)
    a.run()
    b.run()
    assert torch.equal(a.weights(), b.weights())


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_at_once_is_an_error_that_says_what_to_do(bad: float) -> None:
    task = Task()
    task.loss = lambda rows: task.net(task.x[rows]).squeeze(1) * bad  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match="loss is not a number; lower learning_rate"):
        task.run()


def test_a_held_out_loss_that_is_no_number_at_once_is_an_error() -> None:
    with pytest.raises(TrainingError, match="not a number"):
        scripted([math.nan, 1.0])


def test_a_loss_that_breaks_later_keeps_the_best_weights() -> None:
    task = Task(epochs=6, batch_size=50)
    plain, best = task.loss, []
    task.loss = lambda rows: plain(rows) * (math.nan if task.steps > 3 * 4 else 1.0)  # type: ignore[method-assign]
    with pytest.warns(LikewiseWarning, match="diverged after 3 epochs"):
        record = task.run(progress=lambda event: best.append(task.weights().clone()))
    assert record.stopped == "diverged"
    assert record.epochs == 3
    assert torch.equal(task.weights(), best[record.best_epoch - 1])
    assert torch.isfinite(task.weights()).all()


def test_a_held_out_loss_that_breaks_later_keeps_the_best_weights() -> None:
    with pytest.warns(LikewiseWarning, match="diverged after 2 epochs"):
        task, record, after = scripted([3.0, 2.0, math.nan, 1.0])
    assert record.stopped == "diverged"
    assert record.holdout_losses == [3.0, 2.0]
    assert torch.equal(task.weights(), after[1])


def test_the_net_is_left_in_eval_mode() -> None:
    task = Task()
    task.run()
    assert not task.net.training


def test_events_tell_how_far_it_is() -> None:
    events: list[Event] = []
    record = Task(epochs=4).run(progress=events.append)
    assert [e.epoch for e in events] == [1, 2, 3, 4]
    assert {e.epochs for e in events} == {4}
    assert [e.train_loss for e in events] == record.train_losses
    assert [e.holdout_loss for e in events] == record.holdout_losses
    assert all(e.rows_per_second > 0 and e.eta_seconds >= 0 for e in events)
    assert [e.seconds for e in events] == sorted(e.seconds for e in events)
    assert events[-1].eta_seconds == 0.0


def test_the_record_is_plain_data() -> None:
    import json

    record = Task(epochs=2).run()
    assert Record(**json.loads(json.dumps(record.to_dict(), allow_nan=False))) == record


# ---- checkpoints ---------------------------------------------------------------------------------------------------


class Interrupt:
    """Ctrl-C after some epochs."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, event: Event) -> None:
        if event.epoch == self.epoch:
            raise KeyboardInterrupt


def interrupted(path: Path, epoch: int = 2, **schedule: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        Task(checkpoint=str(path), **schedule).run(progress=Interrupt(epoch))


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_an_interrupted_run_goes_on_to_the_very_same_weights(tmp_path: Path, epoch: int) -> None:
    unbroken = Task()
    whole = unbroken.run()
    path = tmp_path / "run.checkpoint"
    interrupted(path, epoch)
    assert path.exists()
    resumed = Task(seed=99, checkpoint=str(path))  # whatever it starts from, the checkpoint decides
    record = resumed.run()
    assert resumed.steps == (6 - epoch) * (N_ROWS // 32)
    assert torch.equal(resumed.weights(), unbroken.weights())
    assert record.holdout_losses == whole.holdout_losses
    assert record.best_epoch == whole.best_epoch


def test_a_step_interrupted_midway_is_done_again(tmp_path: Path) -> None:
    unbroken = Task()
    unbroken.run()
    broken = Task(checkpoint=str(tmp_path / "c"))
    plain = broken.loss

    def loss(rows: torch.Tensor) -> torch.Tensor:
        if broken.steps == 15:
            raise KeyboardInterrupt
        return plain(rows)

    broken.loss = loss  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    resumed = Task(checkpoint=str(tmp_path / "c"))
    resumed.run()
    assert torch.equal(resumed.weights(), unbroken.weights())


def test_the_best_weights_survive_the_interruption(tmp_path: Path) -> None:
    path = tmp_path / "c"
    task = Task(checkpoint=str(path), epochs=4)
    after: list[torch.Tensor] = []

    def holdout() -> float:
        after.append(task.weights().clone())
        return [1.0, 2.0][len(after) - 1]

    task.holdout = holdout
    with pytest.raises(KeyboardInterrupt):
        task.run(progress=Interrupt(2))
    resumed = Task(checkpoint=str(path), epochs=4)
    resumed.holdout = lambda: 3.0
    record = resumed.run()
    assert record.best_epoch == 1
    assert record.holdout_losses == [1.0, 2.0, 3.0, 3.0]
    assert torch.equal(resumed.weights(), after[0])


def test_a_checkpoint_of_a_finished_training_stays_for_what_comes_after_it(tmp_path: Path) -> None:
    """Whoever asked for it deletes it; a training taken up from it is done at once, and the same."""
    path = tmp_path / "run.checkpoint"
    first, again = (Task(checkpoint=str(path)) for _ in range(2))
    first.run()
    assert list(tmp_path.iterdir()) == [path]
    again.run()
    assert all(torch.equal(a, b) for a, b in zip(first.net.parameters(), again.net.parameters(), strict=True))


def test_the_checkpoint_is_gone_when_a_fit_is_done(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2] * 50})
    lw.Synthesizer(epochs=1, checkpoint=str(tmp_path / "begun"), random_state=0).fit(frame)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["data", "options"])
def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path: Path, change: str) -> None:
    path = tmp_path / "c"
    interrupted(path)
    before = path.read_bytes()
    other = Task(checkpoint=str(path), **({"epochs": 7} if change == "options" else {}))
    with pytest.raises(OptionError, match="another table or other options"):
        other.run(fingerprint="b" if change == "data" else "a")
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "c"
    interrupted(path)
    whole = path.read_bytes()
    for damaged in (b"", b"not a checkpoint", whole[:40], whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(OptionError, match="delete it"):
            Task(checkpoint=str(path)).run()
        assert path.read_bytes() == damaged


@pytest.mark.parametrize("lacking", ["generator", "record", "step.steps", "module.weight", "shape"])
def test_a_checkpoint_that_lacks_a_part_is_refused(tmp_path: Path, lacking: str) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = tmp_path / "c"
    interrupted(path)
    with safe_open(path, framework="pt") as file:
        note = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    if lacking == "record":
        note["record"] = "{"
    elif lacking == "shape":
        tensors["module.weight"] = torch.zeros(9, 9)
    else:
        del tensors[lacking]
    save_file(tensors, path, metadata=note)
    with pytest.raises(OptionError, match="delete it"):
        Task(checkpoint=str(path)).run()


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        Task(checkpoint=str(tmp_path)).run()
