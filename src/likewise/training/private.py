"""Training whose weights keep differential privacy: clipped gradients of sampled rows, with noise (DP-SGD).

Each step takes every row with the same small chance, cuts each row's own gradient to one norm, adds them up, adds
Gaussian noise and moves the weights by the outcome (Abadi et al. 2016, algorithm 1). The gate takes the rows, adds the
noise, and wrote all steps into its ledger before the first (`likewise.dp.gate.ClippedSums`). Here rows become clipped
gradients. Nothing else of the rows is looked at: no loss is told, nothing stops early, no epoch is kept for being best.

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
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes
from likewise.dp.accounting import MOST_DRAWS
from likewise.dp.gate import ClippedSums, Floats, StepPlan
from likewise.dp.mechanisms import secret_seed
from likewise.errors import PrivacyError, TrainingError
from likewise.training.loop import Event, Progress, Record, Schedule, one_cycle

if TYPE_CHECKING:
    import torch
    from torch import nn

RowLoss = Callable[["torch.Tensor", "torch.Generator"], "torch.Tensor"]
"""Rows as a net takes them (B, ...) to the loss of each (B,), told by that row alone. The generator is for what each
row gets of its own."""

Bools = npt.NDArray[np.bool_]

MARGIN = 3e-3
"""Share by which rows are clipped below the norm promised: 2e-3 for norms, as the trial bears them out (`TOLERANCE`);
5e-4 for rounding to the grid of the noise (`mechanisms.GRID_SHARE`); 5e-4 for the sums of a chunk, which are made in 32
bits. That the last is enough is measured, not proved: 62,000 rows that all pull the same way move it by 1.5e-4."""

N_EVENTS = 40

TOLERANCE = 1e-3
"""Difference that rounding may make between a layer's ghost norm and that of plain gradients: as a share of its own
norm, and as one of the whole row's, which all layers share between them. Both together are 2e-3 of the row's norm."""


class PrivateDescent:
    """The private step: what `Descent` is to plain training.

    Args:
        net: whose parameters learn; what it uses of them it notes on a tape (`likewise.nets.ghosts`).
        loss: of each row.
        sums: what reaches the rows, settled and paid for.
        schedule: its rate, warmup and weight decay.
        rows_of: codes to rows as the net takes them (B, ...), each made of one row of codes; some may be left out.
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
        sums: ClippedSums,
        schedule: Schedule,
        *,
        rows_of: Callable[[Codes], torch.Tensor],
        public: torch.Tensor,
        turn: Callable[[], None] | None = None,
        shared: Callable[[], torch.Tensor] | None = None,
    ) -> None:
        import torch

        from likewise.training.optimiser import AdamW

        self.net, self.loss, self.schedule = net, loss, schedule
        self.turn, self.shared = turn or (lambda: None), shared
        self.turn()
        with _products_in_32_bits():
            self.parameters = check_rows_apart(net, loss, public)
            if sums.unit > 1:
                _check_units(net, loss, public, min(sums.unit, len(public) // 2), self.parameters)
        self.optimiser = AdamW(self.parameters, weight_decay=schedule.weight_decay)
        self._sums, self._rows_of = sums, rows_of
        n_weights, steps = sum(p.numel() for p in self.parameters), self.plan.steps
        if n_weights * steps > MOST_DRAWS:
            raise PrivacyError(f"{steps:,} steps of {n_weights:,} weights draw more noise than is accounted for")
        self._own = torch.Generator(public.device)

    @property
    def plan(self) -> StepPlan:
        """What was paid for."""
        return self._sums.plan

    @property
    def steps(self) -> int:
        """Steps that are done or under way."""
        return self._sums.taken

    def __call__(self, passed: float) -> None:
        """One step of the plan.

        Args:
            passed: share of the training done.

        Raises:
            PrivacyError: the plan has no more steps.
        """
        import torch

        self.turn()
        self._own.manual_seed(secret_seed())
        with _products_in_32_bits():
            total = self._sums.noisy(sum(p.numel() for p in self.parameters), self._clipped)
        parts = torch.split(torch.from_numpy(total / self.plan.batch), [p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter).to(parameter.device, parameter.dtype)
        if self.shared is not None:
            torch.autograd.backward(self.shared(), inputs=self.parameters)
        self.optimiser.step(self.schedule.learning_rate * one_cycle(passed, self.schedule.warmup))

    def _clipped(self, codes: Codes, present: Bools | None = None) -> Floats:
        """(P,) the sum of the rows' gradients, each cut to the clip norm; or of entities', (entities, rows of one) of
        whose rows are present."""
        import torch

        rows = self._rows_of(codes).to(self._own.device)
        if len(rows):
            unit = 1 if present is None else present.shape[1]
            counted = None if present is None else torch.from_numpy(present.ravel()).to(rows.device)
            add_clipped(self.net, self.loss, rows, self._own, self.plan.clip, unit, counted)
        parts = [np.zeros(p.numel()) if p.grad is None else p.grad.cpu().numpy().ravel() for p in self.parameters]
        for parameter in self.parameters:
            parameter.grad = None
        return np.concatenate(parts)


def train_privately(descent: PrivateDescent, *, passes: float, progress: Progress | None = None) -> Record:
    """All steps of a plan, and what may be told of them: that they were done.

    Args:
        descent: with its plan.
        passes: how often a row is seen, as the record tells it.

    Raises:
        TrainingError: the weights are not numbers at the end.
    """
    began, plan = time.perf_counter(), descent.plan
    every = max(plan.steps // N_EVENTS, 1)
    descent.net.train()
    while descent.steps < plan.steps:
        descent(descent.steps / plan.steps)
        if progress is not None and (descent.steps % every == 0 or descent.steps == plan.steps):
            progress(_event(plan, descent.steps, time.perf_counter() - began))
    descent.net.eval()
    # The weights keep the promise already, so what is told of them costs nothing.
    if not all(bool(p.isfinite().all()) for p in descent.parameters):
        raise TrainingError("the weights are not numbers; lower learning_rate")
    return Record(epochs=round(passes), best_epoch=round(passes))


def _event(plan: StepPlan, done: int, seconds: float) -> Event:
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


def add_clipped(
    net: nn.Module, loss: RowLoss, rows: torch.Tensor, own: torch.Generator, clip: float, unit: int = 1,
    present: torch.Tensor | None = None,
) -> None:  # fmt: skip
    """Add to the parameters' gradients those of the rows, each cut to a norm of `clip`.

    A row whose gradient is not finite counts nothing.

    Args:
        unit: rows that are of one unit, one after the other: the sum of their gradients is what is cut, once.
        present: (B,) which rows there are; the others fill units up. None for all.
    """
    import torch

    from likewise.nets.ghosts import taping

    state, counts = own.get_state(), torch.ones(len(rows) // unit, dtype=torch.bool, device=rows.device)
    for _ in range(2):
        with taping(net, unit) as tape:
            losses = loss(rows, own)
            losses = losses if present is None else losses * present
            squares = torch.stack(tape.squares(losses)).sum(0)
        finite = squares.isfinite() & losses.view(-1, unit).isfinite().all(1)
        if bool(finite.all()):
            factors = (clip * (1 - MARGIN) / squares.sqrt().clamp_min(1e-30)).clamp(max=1.0)
            tape.add_weighted(torch.where(counts, factors, 0.0))
            return
        # Zero times what is not finite is not zero: such rows give way to blank ones, and all others, with what they
        # were given of their own, are taken once more.
        counts &= finite
        kept = finite.repeat_interleave(unit)
        rows = torch.where(kept.view(-1, *[1] * (rows.dim() - 1)), rows, torch.zeros_like(rows))
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
    _refuse_known_mixers(net)
    with _tried(net):
        return _checked(net, loss, public)


def _check_units(
    net: nn.Module, loss: RowLoss, public: torch.Tensor, unit: int, learning: Sequence[nn.Parameter]
) -> None:
    """Hold the norms told of several rows together to those of plain gradients, and what is added up to these.

    Raises:
        PrivacyError: they differ; the message names the layer.
    """
    import torch

    from likewise.nets.ghosts import taping

    rows = public[: len(public) // unit * unit]
    names, place = {id(p): name for name, p in net.named_parameters()}, {id(p): i for i, p in enumerate(learning)}
    with _tried(net):
        with taping(net, unit) as tape:
            losses = loss(rows, torch.Generator(public.device).manual_seed(1))
            squares = tape.squares(losses)
        sums = losses.view(-1, unit).sum(1)
        gradients = [torch.autograd.grad(one, learning, retain_graph=True, allow_unused=True) for one in sums]
        for site, told in zip(tape.sites, squares, strict=True):
            plain = _norms(gradients, [place[id(p)] for p in site.uses if id(p) in place])
            # Told too small, more than is promised would pass; what is told too large only counts less.
            if not bool((told.sqrt() >= (1 - TOLERANCE) * plain).all() and (told.sqrt() <= 1.1 * plain + 1e-3).all()):
                raise PrivacyError(f"the norms told of layer {names[id(site.uses[0])]!r} are not those of its entities")
        for parameter in learning:
            parameter.grad = None
        weights = torch.linspace(0.5, 1.0, len(sums), device=public.device)
        tape.add_weighted(weights)
        expected = torch.autograd.grad((weights * sums).sum(), learning, allow_unused=True)
        for parameter, plain_sum in zip(learning, expected, strict=True):
            if plain_sum is not None and not _is_near(parameter.grad, plain_sum):
                raise PrivacyError(f"what is added up for {names[id(parameter)]!r} is not its entities' gradient")


@contextmanager
def _tried(net: nn.Module) -> Iterator[None]:
    """Other weights than the net's while the block runs."""
    import torch

    kept = {name: value.clone() for name, value in net.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    try:
        with torch.no_grad():
            for parameter in net.parameters():  # what starts at zero would hide what follows it
                scale = 0.1 * torch.randn(parameter.shape, generator=generator)
                parameter.add_(scale.to(parameter.device, parameter.dtype))
        net.train()
        yield
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
