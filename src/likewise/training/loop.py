"""The one training loop: batches, schedule, early stop, best weights, checkpoint, progress.

A net's own file says what a step is; this file says when steps happen. It knows tensors and seconds, nothing of
tables.
"""

from __future__ import annotations

import json
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from likewise.errors import LikewiseWarning, OptionError, TrainingError

if TYPE_CHECKING:
    import torch
    from torch import nn

    from likewise.training.gang import Gang
    from likewise.training.optimiser import Decay


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a progress callback is told, once an epoch.

    Args:
        epoch: epochs finished, from 1.
        epochs: epochs planned.
        train_loss: mean loss a row over the epoch; NaN where a budget of privacy hides it.
        holdout_loss: mean loss a row over the held-out rows; None when there are none.
        rows_per_second: training rows seen a second.
        seconds: since training began.
        eta_seconds: until the planned end; an early stop comes sooner.
        notes: other figures that the model tells of itself, by name.
        unit: what is counted: "epoch"; "step" of a training under a budget of privacy; or "shard" of a table that is
            read in parts, before it is learnt: the note "pass" then says for which time.
        at_best: within which the net holds its best weights so far; None where a budget of privacy holds.
        rows: draws so many rows by those weights, as a frame; it changes nothing of the training. None where that
            cannot be done: under a budget, of histories and databases, by models of several trainings.
    """

    epoch: int
    epochs: int
    train_loss: float
    holdout_loss: float | None
    rows_per_second: float
    seconds: float
    eta_seconds: float
    notes: Mapping[str, float] = field(default_factory=dict)
    unit: str = "epoch"
    at_best: Callable[[], AbstractContextManager[None]] | None = None
    rows: Callable[[int], Any] | None = None


Progress = Callable[[Event], None]


class Enough(Exception):
    """Raised by a progress callback: stop here, and keep the best weights so far."""


def part_of(progress: Progress | None, done: int, epochs: int, seconds: float = 0.0) -> Progress | None:
    """Tells of one of several trainings as of a part of them all.

    Args:
        done, seconds: epochs behind it, and the time they took.
        epochs: of all.
    """
    if progress is None:
        return None
    tell = progress

    def told(event: Event) -> None:
        to_come = (epochs - done - event.epochs) * event.seconds / max(event.epoch, 1)
        tell(
            replace(
                event, epoch=done + event.epoch, epochs=epochs, seconds=seconds + event.seconds,
                eta_seconds=event.eta_seconds + max(to_come, 0.0),
            )
        )  # fmt: skip

    return told


Item = TypeVar("Item")
Result = TypeVar("Result")


FAR, FAR_WEIGHTS = 1e3, 100
"""How many times as large as at first the loss of nets that play against each other may become, and their weights: nets
that normalise what they compute hide in their losses how far they went astray."""

LANDING = 4
"""Epochs in which the rate comes down, at most, where a cycle is cut short."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to train.

    Args:
        epochs: passes over the rows, at most.
        batch_size: rows a step.
        learning_rate: the peak of the one cycle (Smith and Topin 2018): a linear rise, then half a cosine to zero.
        warmup: share of the steps spent rising.
        weight_decay: AdamW's (Loshchilov and Hutter 2019).
        patience: epochs without a better held-out loss before the cycle is cut short: the rate then comes down in
            `LANDING` epochs, for weights from the middle of a cycle are far from what they can come to.
        max_seconds: budget; the cycle is then run by the clock, so two runs may differ. None: no budget.
        checkpoint: a file written after every epoch and resumed from when it is there; whoever asked for it deletes it
            when all is done. None: no file.
    """

    epochs: int = 12
    batch_size: int = 512
    learning_rate: float = 5e-3
    warmup: float = 0.15
    weight_decay: float = 1e-4
    patience: int = 4
    max_seconds: float | None = None
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate must be above 0, got {self.learning_rate}")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise OptionError(f"max_seconds must be above 0, got {self.max_seconds}")


@dataclass(kw_only=True)
class Record:
    """What training did: plain data, kept in the model file.

    Args:
        stopped: "planned" (all epochs), "early" (patience, and then the rate brought down), "time" (budget), "asked"
            (by `Enough`) or "diverged" (the loss stopped being a number, or ended far above where it began; the best
            weights there were are kept, which may be worth nothing).
    """

    epochs: int = 0
    seconds: float = 0.0
    stopped: str = "planned"
    best_epoch: int = 0
    train_losses: list[float] = field(default_factory=list)
    holdout_losses: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Step(Protocol):
    """One update of the weights: what differs between kinds of nets."""

    is_game: ClassVar[bool]
    """Whether nets play against each other, so that a loss may well rise."""

    def __call__(self, rows: torch.Tensor, passed: float) -> torch.Tensor:
        """Learn from these rows; `passed` is the share of training done. Gives the mean loss a row, detached."""

    def state(self) -> dict[str, torch.Tensor]:
        """What a resumed run must be given back."""

    def load_state(self, state: dict[str, torch.Tensor]) -> None: ...


class Descent:
    """AdamW, its rate on one cycle.

    Args:
        module: whose parameters learn.
        learn: row numbers (B,) to their mean loss, whose gradient it leaves in the parameters; see `by_autograd`.
        decays: of each parameter, in units of the schedule's; None for one for all.

    `passed` is the share of the training done, for a loss that changes with it.
    """

    is_game: ClassVar[bool] = False
    passed: float = 0.0

    def __init__(
        self,
        module: nn.Module,
        learn: Callable[[torch.Tensor], torch.Tensor],
        schedule: Schedule,
        decays: Sequence[Decay] | None = None,
    ) -> None:
        from likewise.training.optimiser import AdamW

        self._learn = learn
        self._schedule = schedule
        whole = schedule.weight_decay
        decay = whole if decays is None else [share * whole for share in decays]
        self._optimiser = AdamW(module.parameters(), weight_decay=decay)

    def __call__(self, rows: torch.Tensor, passed: float) -> torch.Tensor:
        self.passed = passed
        loss = self._learn(rows)
        self._optimiser.step(self._schedule.learning_rate * one_cycle(passed, self._schedule.warmup))
        return loss

    def state(self) -> dict[str, torch.Tensor]:
        return self._optimiser.state()

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        self._optimiser.load_state(state)


def by_autograd(loss: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """What tells the mean of a loss of each row (B,), and leaves its gradient in the parameters."""
    import torch

    def learn(*given: Any) -> torch.Tensor:
        mean = loss(*given).mean()
        torch.autograd.backward(mean)
        return mean.detach()

    return learn


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone; also a decorator.

    Sums split among threads are rounded otherwise, and a seed must give the same weights and rows whatever the machine.
    Threads also wait for one another after every product, thousands of times a second, and by default they spin: beside
    one busy process a fit of five seconds then took minutes.
    """
    import torch

    threads = _ALONE.enter(torch.get_num_threads())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _ALONE.leave()
        torch.set_num_threads(threads)


class _Alone(threading.local):
    """How many threads of Python are inside `one_thread`, and how often the own one is.

    A new one begins with the number that another set last: one that begins while others are inside must not take
    theirs for its own and leave it behind. One that is inside already stays alone until it leaves the outermost.
    """

    lock, inside, before = threading.Lock(), 0, 1
    depth = 0

    def enter(self, threads: int) -> int:
        """How many threads are to be set again, of one that has so many."""
        self.depth += 1
        if self.depth > 1:
            return threads
        with _Alone.lock:
            if _Alone.inside and threads == 1:
                threads = _Alone.before
            elif not _Alone.inside:
                _Alone.before = threads
            _Alone.inside += 1
        return threads

    def leave(self) -> None:
        self.depth -= 1
        if not self.depth:
            with _Alone.lock:
                _Alone.inside -= 1

    def join(self) -> None:
        """Count a thread of a crew as inside for as long as it lives."""
        self.depth = 1


_ALONE = _Alone()


class Spread(Protocol):
    """`map` in order, for what does not depend on one another."""

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]: ...


def one_by_one(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The `Spread` of one thread."""
    return [work(item) for item in items]


@contextmanager
def crew() -> Iterator[Spread]:
    """As many threads as torch would use, each of which computes on its own and sleeps while it waits."""
    import torch

    threads = torch.get_num_threads()
    with one_thread():
        if threads == 1:
            yield one_by_one
            return
        with ThreadPoolExecutor(threads - 1, initializer=_ALONE.join) as pool:

            def spread(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
                items = list(items)
                results: list[Any] = [None] * len(items)
                turns = iter(range(len(items)))

                def share() -> None:
                    for i in turns:
                        results[i] = work(items[i])

                others = [pool.submit(share) for _ in range(min(threads, len(items)) - 1)]
                try:
                    share()
                finally:
                    wait(others)
                for other in others:
                    other.result()
                return results

            yield spread


def side_by_side(work: Callable[[Item], None], items: Iterable[Item], *, alone: bool = False) -> None:
    """Do what does not depend on one another on a crew.

    Args:
        alone: one item after the other all the same.
    """
    if alone:
        with one_thread():
            for item in items:
                work(item)
    else:
        with crew() as spread:
            spread(work, items)


def one_cycle(passed: float, warmup: float) -> float:
    """Share of the peak rate after a share of the training: linear up, half a cosine down.

    Example:
        >>> one_cycle(0.1, warmup=0.2), one_cycle(0.2, warmup=0.2), round(one_cycle(1.0, warmup=0.2), 3)
        (0.5, 1.0, 0.001)
    """
    if passed < warmup:
        return max(passed / warmup, 0.04)
    return max(0.5 * (1 + math.cos(math.pi * (passed - warmup) / (1 - warmup))), 1e-3)


def cut_short(losses: Sequence[float], patience: int) -> int:
    """The epoch after which so many had passed without a better loss; 0 where that never was.

    Example:
        >>> cut_short([5.0, 4.0, 4.5, 4.4, 3.0], patience=2), cut_short([5.0, 4.0, 4.5, 3.0], patience=2)
        (4, 0)
    """
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch + 1
    return 0


def train(
    module: nn.Module,
    step: Step,
    n_rows: int,
    schedule: Schedule,
    *,
    generator: torch.Generator,
    holdout_loss: Callable[[], float] | None = None,
    on_epoch: Callable[[], None] | None = None,
    progress: Progress | None = None,
    notes: Mapping[str, float] | None = None,
    fingerprint: str = "",
    rate: str = "learning_rate",
    from_shares: bool = False,
    gang: Gang | None = None,
) -> Record:
    """Run the epochs; leave in `module` the weights that did best on the held-out rows (the last ones without any).

    Args:
        step: the update, told which rows to learn from.
        n_rows: row numbers 0 .. n_rows-1 are shuffled into batches; a short last batch waits for the next epoch.
        generator: the order of rows; with a checkpoint its state is kept, so a resumed run equals an unbroken one.
        holdout_loss: mean loss a held-out row; None when there are none.
        on_epoch: called before each epoch.
        notes: figures told with each event; `holdout_loss` may keep them up to date.
        fingerprint: what a checkpoint must have been made by to be resumed.
        rate: the option to lower where training diverges, which is warned of.
        from_shares: whether the net begins at the shares of codes, so that one worse than it began learnt nothing.
        gang: of the workers that do all this at the same time, this one.

    Raises:
        TrainingError: the loss was not a number before any epoch ended.
        OptionError: the checkpoint is of another run.
    """
    run = _Run(module, step, schedule, generator, fingerprint, keeps=gang is None or gang.leads)
    run.resume()
    if gang is not None:
        gang.check_alike(run.record.epochs)
    size = min(schedule.batch_size, n_rows)
    if from_shares and holdout_loss is not None and not run.record.epochs:
        module.eval()
        run.start = holdout_loss()
    while run.record.epochs < run.last and run.record.stopped == "planned":
        module.train()
        if on_epoch is not None:
            on_epoch()
        mean = run.epoch(_batches(n_rows, size, generator), n_rows // size)
        module.eval()
        run.close_epoch(mean, holdout_loss() if holdout_loss is not None else None)
        if progress is not None:
            try:
                progress(run.event(n_rows // size * size, notes or {}))
            except Enough:
                run.record.stopped = "asked"
        if gang is not None and gang.any(run.record.stopped == "asked"):
            run.record.stopped = "asked"
    run.finish()
    run.judge(rate)
    return run.record


def _sizes(module: nn.Module) -> list[float]:
    """The norm of each matrix of weights; 1 where there is none."""
    return [float(p.detach().norm()) for p in module.parameters() if p.ndim > 1] or [1.0]


def _batches(n_rows: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    import torch

    order = torch.randperm(n_rows, generator=generator)
    for start in range(0, n_rows - size + 1, size):
        yield order[start : start + size]


class _Run:
    """A training under way: its clock, its record, its best weights, its checkpoint."""

    def __init__(
        self, module: nn.Module, step: Step, schedule: Schedule, generator: torch.Generator, fingerprint: str,
        keeps: bool = True,
    ) -> None:  # fmt: skip
        self.keeps = keeps  # the checkpoint
        self.module, self.step, self.schedule, self.generator = module, step, schedule, generator
        self.fingerprint = json.dumps([asdict(replace(schedule, checkpoint=None)), fingerprint])
        self.record = Record()
        self.best: dict[str, torch.Tensor] | None = None
        self.weights = _sizes(module)
        self.start = self.first = math.inf
        """Held-out loss before the first step, where it is known, and the loss of that step."""
        self.cut = 0
        """The epoch from which the rate comes down sooner than planned; 0 while it does not."""
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def passed(self, share_of_epoch: float) -> float:
        """Share of the training done: of the epochs, or of the time where that runs out sooner."""
        done, cut = self.record.epochs + share_of_epoch, self.cut
        if cut:
            done = cut + (done - cut) * (self.schedule.epochs - cut) / (self.last - cut)
        planned = done / self.schedule.epochs
        if self.schedule.max_seconds is None:
            return planned
        return min(max(planned, self.seconds / self.schedule.max_seconds), 1.0)

    @property
    def last(self) -> int:
        """The epoch to end with."""
        return min(self.cut + LANDING, self.schedule.epochs) if self.cut else self.schedule.epochs

    def epoch(self, batches: Iterator[torch.Tensor], n_batches: int) -> float | None:
        """All steps of one epoch; gives the mean loss, NaN when it diverged, None when there was no time for a step."""
        total, done = 0.0, 0
        for i, rows in enumerate(batches):
            passed = self.passed(i / n_batches)
            if passed >= 1.0:
                self.record.stopped = "time"
                break
            loss = float(self.step(rows, passed))
            if self.first == math.inf:
                self.first = loss
            if not math.isfinite(loss):
                self.record.stopped = "diverged"
                return math.nan
            total, done = total + loss, done + 1
        return total / done if done else None

    def close_epoch(self, train_loss: float | None, holdout_loss: float | None) -> None:
        record = self.record
        if train_loss is None:
            return
        if holdout_loss is not None and not math.isfinite(holdout_loss):
            record.stopped = "diverged"
        if record.stopped == "diverged":
            if self.best is None:
                raise TrainingError("the loss is not a number; lower learning_rate or look for extreme values")
            return
        record.epochs += 1
        record.seconds = round(self.seconds, 3)
        record.train_losses.append(train_loss)
        if holdout_loss is None or holdout_loss < min(record.holdout_losses, default=math.inf):
            record.best_epoch = record.epochs
            self.best = {name: value.clone() for name, value in self.module.state_dict().items()}
        if holdout_loss is not None:
            record.holdout_losses.append(holdout_loss)
        self.cut = cut_short(record.holdout_losses, self.schedule.patience)
        if record.epochs == self.last < self.schedule.epochs and record.stopped == "planned":
            record.stopped = "early"
        self.save()

    def event(self, rows: int, notes: Mapping[str, float]) -> Event:
        record, seconds = self.record, self.seconds
        left = seconds / record.epochs * (self.last - record.epochs) if record.epochs else math.inf
        if self.schedule.max_seconds is not None:
            left = min(left, max(self.schedule.max_seconds - seconds, 0.0))
        return Event(
            epoch=record.epochs,
            epochs=self.schedule.epochs,
            train_loss=record.train_losses[-1] if record.train_losses else math.nan,
            holdout_loss=record.holdout_losses[-1] if record.holdout_losses else None,
            rows_per_second=rows * record.epochs / max(seconds, 1e-9),
            seconds=seconds,
            eta_seconds=0.0 if record.stopped != "planned" else left,
            notes=dict(notes),
            at_best=self.at_best,
        )

    @contextmanager
    def at_best(self) -> Iterator[None]:
        """The net with its best weights so far, and then as it was."""
        if self.best is None or self.record.best_epoch == self.record.epochs:
            yield
            return
        now = {name: value.clone() for name, value in self.module.state_dict().items()}
        self.module.load_state_dict(self.best)
        try:
            yield
        finally:
            self.module.load_state_dict(now)

    def finish(self) -> None:
        if self.best is not None:
            self.module.load_state_dict(self.best)
        self.record.seconds = round(self.seconds, 3)

    def judge(self, rate: str) -> None:
        """Tell of a training that got nowhere, and write it down."""
        record, text = self.record, ""
        last, best = (*record.train_losses[-1:], 0.0)[0], min(record.holdout_losses, default=-math.inf)
        is_game = self.step.is_game
        grown = median(now / max(then, 1e-9) for now, then in zip(_sizes(self.module), self.weights, strict=True))
        if record.stopped == "diverged":
            text = f"training diverged after {record.epochs} epochs"
        elif (abs(last) if is_game else last) > (
            FAR * max(abs(self.first), 1.0) if is_game else self.first + max(abs(self.first), 20.0)
        ):
            text = f"training diverged: its loss began at {self.first:.3g} and ended at {last:.3g}"
        elif is_game and grown > FAR_WEIGHTS:
            text = f"training diverged: its weights became {grown:.3g} times as large as at first"
        elif best > self.start + max(abs(self.start) / 4, 2.0):
            text = (
                f"training began at a held-out loss of {self.start:.3g}, came to {best:.3g} at best and learnt nothing"
            )
        if text:
            record.stopped = "diverged"
            kept = f"the weights of epoch {record.best_epoch} were kept"
            warnings.warn(f"{text}; {kept}; lower {rate}", LikewiseWarning, stacklevel=4)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if self.schedule.checkpoint is None or not self.keeps:
            return
        from safetensors.torch import save_file

        from likewise.tables.files import atomic_path

        groups = {"module": self.module.state_dict(), "best": self.best or {}, "step": self.step.state()}
        tensors = {f"{g}.{name}": value.clone() for g, part in groups.items() for name, value in part.items()}
        tensors["generator"] = self.generator.get_state()
        begun = {"start": self.start, "first": self.first}
        note = {
            "fingerprint": self.fingerprint, "record": json.dumps(self.record.to_dict()), "begun": json.dumps(begun)
        }  # fmt: skip
        with atomic_path(Path(self.schedule.checkpoint)) as path:
            save_file(tensors, path, metadata=note)

    def resume(self) -> None:
        """Take up the checkpoint where there is one."""
        if self.schedule.checkpoint is None or not Path(self.schedule.checkpoint).exists():
            return
        from safetensors import SafetensorError, safe_open

        unreadable = f"checkpoint {self.schedule.checkpoint!r} cannot be read; delete it or name another"
        try:
            with safe_open(self.schedule.checkpoint, framework="pt") as file:
                note = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, OSError) as error:
            raise OptionError(unreadable) from error
        if note.get("fingerprint") != self.fingerprint:
            raise OptionError(
                f"checkpoint {self.schedule.checkpoint!r} is of another table or other options; "
                "delete it or name another"
            )
        try:
            self._take_up(tensors, json.loads(note["record"]))
            self.start, self.first = (float(json.loads(note["begun"])[name]) for name in ("start", "first"))
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise OptionError(unreadable) from error

    def _take_up(self, tensors: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
        groups: dict[str, dict[str, torch.Tensor]] = {"module": {}, "best": {}, "step": {}}
        for key, value in tensors.items():
            group, _, name = key.partition(".")
            if group in groups:
                groups[group][name] = value
        self.record = Record(**record)
        self.module.load_state_dict(groups["module"])
        self.best = groups["best"] or None
        self.step.load_state(groups["step"])
        self.generator.set_state(tensors["generator"])
        self.cut = cut_short(self.record.holdout_losses, self.schedule.patience)
        self.began -= self.record.seconds
