"""Training whose weights keep differential privacy: clipped gradients of sampled rows, with noise (DP-SGD).

Each step takes every row with the same small chance, cuts each row's own gradient to one norm, adds them up, adds
Gaussian noise and moves the weights by the outcome (Abadi et al. 2016, algorithm 1). How many steps there are, and how
strong the noise is, stands in the ledger before the first. Nothing else of the rows is looked at: no loss is told,
nothing stops early, no epoch is kept for being the best.

What all rows of a step share (first weights, orders of fields) may come from the caller's seed. What each row gets of
its own (noise of its latents) must not: a row more would move the others' along, and who knows the seed
would see it.

Legend: n rows, B rows of a step, P parameters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.dp.accounting import MOST_DRAWS
from likewise.dp.mechanisms import noisy_sum, sampled_rows, secret_seed
from likewise.errors import OptionError, PrivacyError, TrainingError
from likewise.training import Event, Progress, Record, Schedule, one_cycle

if TYPE_CHECKING:
    import torch
    from torch import nn

RowLoss = Callable[["torch.Tensor", "torch.Generator"], "torch.Tensor"]
"""Rows as a net takes them (B, ...) to the loss of each (B,), told by that row alone. The generator is for what each
row gets of its own."""

CHUNK = 1024
"""Rows taken through the net at once."""

MARGIN = 3e-3
"""Share by which rows are clipped below the norm promised: 2e-3 for norms, as the trial bears them out (`TOLERANCE`);
5e-4 for rounding to the grid of the noise (`mechanisms.GRID_SHARE`); 5e-4 for the sums of a chunk, which are made in 32
bits. That the last is enough is measured, not proved: 62,000 rows that all pull the same way move it by 1.5e-4."""

N_EVENTS = 40

TOLERANCE = 1e-3
"""Difference that rounding may make between a layer's ghost norm and that of plain gradients: as a share of its own
norm, and as one of the whole row's, which all layers share between them. Both together are 2e-3 of the row's norm."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a private training will do, settled before it looks at a row.

    Args:
        steps: updates of the weights.
        rate: chance of a row to be in a step.
        multiplier: deviation of the noise over the clip norm.
        clip: greatest norm of a row's gradient.
        epsilon_before: what was spent before the training.
        epsilon: what is spent with it.
        delta: of both.
        n_rows: rows of the table, as best known under the budget.
    """

    steps: int
    rate: float
    multiplier: float
    clip: float
    epsilon_before: float
    epsilon: float
    delta: float
    n_rows: float

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < self.rate <= 1 or not self.n_rows >= 1:
            raise OptionError(f"a plan needs steps, a rate in (0, 1] and rows, got {self.steps} and {self.rate!r}")
        if not (self.multiplier > 0 and self.clip > 0 and math.isfinite(self.multiplier * self.clip)):
            raise OptionError(f"a plan needs noise and a clip norm above 0, got {self.multiplier!r} and {self.clip!r}")

    @property
    def batch(self) -> float:
        """Rows of a step, as best known."""
        return self.rate * self.n_rows

    @property
    def drowned(self) -> float:
        """Noise of all steps' mean gradient together, in each direction, over the norm to which a row's is clipped."""
        return self.multiplier / (self.batch * math.sqrt(self.steps))

    def text(self) -> str:
        return (
            f"{self.steps:,} steps of about {self.batch:,.0f} rows each, noise multiplier {self.multiplier:.3g}, "
            f"gradients clipped to {self.clip:g}: epsilon {self.epsilon_before:.3g} before and {self.epsilon:.3g} "
            f"after, delta {self.delta:g}"
        )


class PrivateDescent:
    """The private step: what `Descent` is to plain training.

    Args:
        net: whose parameters learn; what it uses of them it notes on a tape (`likewise.nets.ghosts`).
        loss: of each row.
        plan: settled and paid for.
        schedule: its rate, warmup and weight decay.
        public: (m, ...) rows that anybody may know, such as random ones, to try the net on.
        turn: called before each step, to choose what its rows share.
        shared: an extra loss, of no row at all (such as a critic's of rows that were drawn); its gradient is added to
            the noisy mean of the rows' as it is.

    Raises:
        PrivacyError: a row's loss depends on other rows, or a norm cannot be told; the message names the layer.
    """

    def __init__(
        self,
        net: nn.Module,
        loss: RowLoss,
        plan: Plan,
        schedule: Schedule,
        *,
        public: torch.Tensor,
        turn: Callable[[], None] | None = None,
        shared: Callable[[], torch.Tensor] | None = None,
    ) -> None:
        import torch

        from likewise.optimiser import AdamW

        self.net, self.loss, self.plan, self.schedule = net, loss, plan, schedule
        self.turn, self.shared = turn or (lambda: None), shared
        self.turn()
        with _products_in_32_bits():
            self.parameters = check_rows_apart(net, loss, public)
        self.optimiser = AdamW(self.parameters, weight_decay=schedule.weight_decay)
        self.steps = 0
        n_weights = sum(p.numel() for p in self.parameters)
        if n_weights * plan.steps > MOST_DRAWS:
            raise PrivacyError(f"{plan.steps:,} steps of {n_weights:,} weights draw more noise than is accounted for")
        self._own = torch.Generator(public.device)

    def __call__(self, rows: torch.Tensor, passed: float) -> None:
        """One step of the plan.

        Args:
            rows: (n, ...) all rows of the table; which of them count is for chance to say.
            passed: share of the training done.

        Raises:
            PrivacyError: the plan has no more steps.
        """
        import torch

        if self.steps >= self.plan.steps:
            raise PrivacyError(f"all {self.plan.steps} steps of the plan are done; more were not paid for")
        self.steps += 1
        self.turn()
        with _products_in_32_bits():
            total = self._sum_clipped(rows)
        self._add_noise(total)
        if self.shared is not None:
            torch.autograd.backward(self.shared(), inputs=self.parameters)
        self.optimiser.step(self.schedule.learning_rate * one_cycle(passed, self.schedule.warmup))

    def _sum_clipped(self, rows: torch.Tensor) -> npt.NDArray[np.float64]:
        """(P,) the sum of the clipped gradients of the rows that chance takes, in 64 bits between chunks."""
        import torch

        sums = [torch.zeros_like(p, dtype=torch.float64) for p in self.parameters]
        taken = sampled_rows(len(rows), self.plan.rate)
        self._own.manual_seed(secret_seed())
        for at in torch.split(torch.from_numpy(taken), CHUNK):
            if len(at):
                add_clipped(self.net, self.loss, rows[at.to(rows.device)], self._own, self.plan.clip)
            for parameter, total in zip(self.parameters, sums, strict=True):
                if parameter.grad is not None:
                    total += parameter.grad
                    parameter.grad = None
        return np.concatenate([total.cpu().numpy().ravel() for total in sums])

    def _add_noise(self, total: npt.NDArray[np.float64]) -> None:
        """The sum over the rows becomes the parameters' noisy mean gradient; where no row came, it is noise alone."""
        import torch

        mean = torch.from_numpy(noisy_sum(total, self.plan.clip, self.plan.multiplier) / self.plan.batch)
        parts = torch.split(mean, [p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter).to(parameter.device, parameter.dtype)


def train_privately(
    descent: PrivateDescent, rows: torch.Tensor, *, passes: float, progress: Progress | None = None
) -> Record:
    """All steps of a plan, and what may be told of them: that they were done.

    Args:
        descent: with its plan.
        rows: (n, ...) as its net takes them.
        passes: how often a row is seen, as the record tells it.

    Raises:
        TrainingError: the weights are not numbers at the end.
    """
    began, plan = time.perf_counter(), descent.plan
    every = max(plan.steps // N_EVENTS, 1)
    descent.net.train()
    while descent.steps < plan.steps:
        descent(rows, descent.steps / plan.steps)
        if progress is not None and (descent.steps % every == 0 or descent.steps == plan.steps):
            progress(_event(plan, descent.steps, time.perf_counter() - began))
    descent.net.eval()
    # The weights keep the promise already, so what is told of them costs nothing.
    if not all(bool(p.isfinite().all()) for p in descent.parameters):
        raise TrainingError("the weights are not numbers; lower learning_rate")
    return Record(epochs=round(passes), best_epoch=round(passes))


def _event(plan: Plan, done: int, seconds: float) -> Event:
    return Event(
        epoch=done,
        epochs=plan.steps,
        train_loss=math.nan,
        holdout_loss=None,
        rows_per_second=plan.batch * done / max(seconds, 1e-9),
        seconds=seconds,
        eta_seconds=seconds / done * (plan.steps - done),
        notes={"epsilon": plan.epsilon, "noise multiplier": plan.multiplier},
        unit="step",
    )


@contextmanager
def _products_in_32_bits() -> Iterator[None]:
    """No shorter products while norms are told and sums made: TF32 errs by more than `TOLERANCE`."""
    import torch

    cudnn, was = torch.backends.cudnn, torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with cudnn.flags(cudnn.enabled, cudnn.benchmark, cudnn.benchmark_limit, cudnn.deterministic, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(was)


# ---- the sum of clipped gradients ------------------------------------------------------------------------------------


def add_clipped(net: nn.Module, loss: RowLoss, rows: torch.Tensor, own: torch.Generator, clip: float) -> None:
    """Add to the parameters' gradients those of the rows, each cut to a norm of `clip`.

    A row whose gradient is not finite counts nothing.
    """
    import torch

    from likewise.nets.ghosts import taping

    state, counts = own.get_state(), torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    for _ in range(2):
        with taping(net) as tape:
            losses = loss(rows, own)
            squares = torch.stack(tape.squares(losses)).sum(0)
        finite = squares.isfinite() & losses.isfinite()
        if bool(finite.all()):
            factors = (clip * (1 - MARGIN) / squares.sqrt().clamp_min(1e-30)).clamp(max=1.0)
            tape.add_weighted(torch.where(counts, factors, 0.0))
            return
        # Zero times what is not finite is not zero: such rows give way to blank ones, and all others, with what they
        # were given of their own, are taken once more.
        counts &= finite
        rows = torch.where(finite.view(-1, *[1] * (rows.dim() - 1)), rows, torch.zeros_like(rows))
        own.set_state(state)


# ---- refusing what cannot be private ---------------------------------------------------------------------------------


def check_rows_apart(net: nn.Module, loss: RowLoss, public: torch.Tensor) -> list[nn.Parameter]:
    """The parameters that learn, after a trial on public rows under other weights than the net's.

    Each row's loss must be its own: the other rows are replaced, and it may not change. Each parameter that has a
    gradient must stand in a site of the tape, and each site's norms must be those of plain gradients row by row.

    Args:
        public: (m, ...) rows, at least 4, the first half of which differ from the second.

    Raises:
        PrivacyError: one of these does not hold; the message names the layer.
    """
    import torch

    kept = {name: value.clone() for name, value in net.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    _refuse_known_mixers(net)
    try:
        with torch.no_grad():
            for parameter in net.parameters():  # what starts at zero would hide what follows it
                scale = 0.1 * torch.randn(parameter.shape, generator=generator)
                parameter.add_(scale.to(parameter.device, parameter.dtype))
        net.train()
        return _checked(net, loss, public)
    finally:
        net.load_state_dict(kept)
        for parameter in net.parameters():
            parameter.grad = None


def _refuse_known_mixers(net: nn.Module) -> None:
    from torch import nn

    for name, part in net.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            raise PrivacyError(f"layer {name!r} ({type(part).__name__}) mixes rows, so no row's part can be told")
        pac = getattr(part, "pac", 1)
        if pac != 1:
            raise PrivacyError(f"pac={pac} judges {pac} rows together, so no row's part can be told; use pac=1")


def _checked(net: nn.Module, loss: RowLoss, public: torch.Tensor) -> list[nn.Parameter]:
    import torch

    from likewise.nets.ghosts import taping

    def own() -> torch.Generator:
        return torch.Generator(public.device).manual_seed(1)

    half = len(public) // 2
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    learning = [p for p in net.parameters() if p.requires_grad]
    with taping(net) as tape:
        losses = loss(public, own())
        squares = tape.squares(losses)
    if losses.shape != public.shape[:1]:
        raise PrivacyError(f"a loss for each row is needed, got {tuple(losses.shape)} for {len(public)} rows")
    with taping(net) as other:
        swapped = torch.cat([public[:half], public[half:].flip(0)[:1].expand_as(public[half:])])
        other_losses = loss(swapped, own())
    for site, again in zip(tape.sites, other.sites, strict=True):
        if not _alike(site.inputs[:half], again.inputs[:half]):
            raise PrivacyError(f"rows are mixed before layer {names[id(site.uses[0])]!r}: no row's part can be told")
    if not _alike(losses[:half], other_losses[:half]):
        raise PrivacyError("the loss of a row depends on other rows: no row's part can be told")
    gradients = [torch.autograd.grad(one, learning, retain_graph=True, allow_unused=True) for one in losses[:half]]
    used = [i for i in range(len(learning)) if any(row[i] is not None and bool(row[i].any()) for row in gradients)]
    noted = {id(p) for site in tape.sites for p in site.uses}
    for i in used:
        if id(learning[i]) not in noted:
            raise PrivacyError(f"parameter {names[id(learning[i])]!r} learns, but its net does not note its use")
    place = {id(p): i for i, p in enumerate(learning)}
    whole = torch.stack(
        [torch.stack([g.square().sum() for g in row if g is not None]).sum() for row in gradients]
    ).sqrt()
    for site, told in zip(tape.sites, squares, strict=True):
        at = [place[id(p)] for p in site.uses]
        plain = _norms(gradients, at)
        allowed = TOLERANCE * (plain + whole / math.sqrt(len(tape.sites)))
        if not bool(((told[:half].sqrt() - plain).abs() <= allowed).all()):
            raise PrivacyError(f"the norms told of layer {names[id(site.uses[0])]!r} are not those of its gradients")
    for parameter in learning:
        parameter.grad = None
    tape.add_weighted(torch.ones_like(losses))
    plain_sum = torch.autograd.grad(losses.sum(), learning, allow_unused=True)
    for parameter, expected in zip(learning, plain_sum, strict=True):
        if expected is not None and not _is_near(parameter.grad, expected):
            raise PrivacyError(f"what the tape adds up for {names[id(parameter)]!r} is not its gradient")
    return [p for p in learning if id(p) in noted]


def _norms(gradients: Sequence[Sequence[torch.Tensor | None]], at: Iterable[int]) -> torch.Tensor:
    """(m,) of each row the norm of its gradients at some of the parameters."""
    import torch

    at = list(at)
    return torch.stack(
        [torch.stack([g.square().sum() for i in at if (g := row[i]) is not None]).sum().sqrt() for row in gradients]
    )


def _is_near(found: torch.Tensor | None, expected: torch.Tensor) -> bool:
    """Whether a gradient is another but for rounding."""
    off = expected if found is None else found - expected
    return bool(off.norm() <= TOLERANCE * expected.norm() + 1e-6)


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    import torch

    return torch.allclose(a, b, rtol=1e-4, atol=1e-6)
