"""The private step: no row moves the sum further than the clip norm, noise and batches follow their laws, and what
would break the promise is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats
from torch import nn

from likewise.codecs.base import Codes
from likewise.dp import gate
from likewise.dp.gate import ClippedSums, StepPlan
from likewise.dp.mechanisms import GRID_SHARE, sampled_rows
from likewise.errors import OptionError, PrivacyError, TrainingError
from likewise.nets.autoregressive import MaskedNet
from likewise.nets.critic import Critic
from likewise.nets.ghosts import Taped
from likewise.training import private as private_training
from likewise.training.loop import Descent, Event, Schedule, by_autograd
from likewise.training.private import (
    MARGIN,
    TOLERANCE,
    PrivateDescent,
    add_clipped,
    check_rows_apart,
    train_privately,
)

from .nets.small import small_net
from .nets.test_ghosts import SIZES, codes, latent_net, parts

PLAN = StepPlan(
    steps=3, rate=0.5, multiplier=2.0, clip=1.0, epsilon_before=0.0, epsilon=1.0, delta=1e-6, n_rows=40.0
)  # fmt: skip
SCHEDULE = Schedule(learning_rate=0.01, weight_decay=0.0)
UNLIKELY = 1e-6
"""Chance with which a test of a law may fail although the law holds: its draws have no seed."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def seen_by(net: MaskedNet) -> Any:
    return net.visible([1, 0, 3, 2])


def masked(seed: int = 0) -> tuple[MaskedNet, private_training.RowLoss]:
    net = small_net(SIZES, seed=seed)
    seen = seen_by(net)
    net.drop.rate = 0.0
    return net, lambda rows, own: net.nll(rows, seen).sum(1)


def latent() -> tuple[nn.Module, private_training.RowLoss]:
    net = latent_net("chain")
    # Each row brings the noise of its latents, so that it is the same whoever else is there.
    return net, lambda rows, own: sum(net.losses(rows, torch.sin(rows[:, :3].float())), start=torch.zeros(()))


def critic() -> tuple[nn.Module, private_training.RowLoss]:
    net = Critic(SIZES, *parts(), d_embed=4, width=12, generator=generator(1))
    return net, lambda rows, own: nn.functional.softplus(-net(rows))


def descent_of(
    net: nn.Module,
    loss: private_training.RowLoss,
    rows: torch.Tensor,
    plan: StepPlan = PLAN,
    schedule: Schedule = SCHEDULE,
) -> PrivateDescent:
    """Private steps on these rows of codes."""
    behind = Codes(rows.numpy().astype(np.uint8), np.zeros((len(rows), 0), np.float32))
    return PrivateDescent(
        net, loss, ClippedSums(behind, plan), schedule, public=codes(n=8),
        rows_of=lambda some: torch.from_numpy(some.codes.astype(np.int64)),
    )  # fmt: skip


NETS = pytest.mark.parametrize("make", [masked, latent, critic])


def clipped_sum(net: nn.Module, loss: private_training.RowLoss, rows: torch.Tensor, clip: float) -> torch.Tensor:
    net.zero_grad()
    add_clipped(net, loss, rows, generator(), clip)
    return torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.ravel() for p in net.parameters()]).double()


# ---- sensitivity -----------------------------------------------------------------------------------------------------


@NETS
@pytest.mark.parametrize("clip", [1e-3, 0.3, 20.0])
def test_no_row_moves_the_sum_further_than_the_clip_norm(make: Callable[[], Any], clip: float) -> None:
    net, loss = make()
    rows = codes(seed=5, n=24)
    whole = clipped_sum(net, loss, rows, clip)
    for i in range(len(rows)):
        without = clipped_sum(net, loss, torch.cat([rows[:i], rows[i + 1 :]]), clip)
        assert (whole - without).norm() <= clip
        assert clipped_sum(net, loss, rows[i : i + 1], clip).norm() <= clip


@NETS
def test_rows_within_the_norm_are_not_cut(make: Callable[[], Any]) -> None:
    net, loss = make()
    rows = codes(n=8)
    clipped = clipped_sum(net, loss, rows, 1e6)
    net.zero_grad()
    torch.autograd.backward(loss(rows, generator()).sum())
    plain = torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.ravel() for p in net.parameters()])
    torch.testing.assert_close(clipped.float(), plain, rtol=1e-4, atol=1e-6)


class Straight(Taped):
    """The loss of a row is its product with the weights, so that its gradient is the row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, 1))

    def loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        product = rows @ self.weight
        if self.tape is not None:
            self.tape.affine(product, rows, self.weight, None)
        return product[:, 0]


@pytest.mark.parametrize("spread", [0.0, 0.2])
@pytest.mark.parametrize("n", [1023, 62_000])
def test_a_row_more_among_many_that_pull_the_same_way_moves_the_sum_by_no_more_than_is_promised(
    n: int, spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a sum of 32 bits is large, a row more moves its roundings too."""
    net = Straight(9)
    rows = torch.linspace(1, 2, 9) + spread * torch.rand(n + 1, 9, generator=generator(11))
    plan = StepPlan(**{**vars(PLAN), "rate": 1.0, "n_rows": float(n)})
    monkeypatch.setattr(gate, "noisy_sum", lambda total, *rest: total)

    def summed(some: torch.Tensor) -> npt.NDArray[np.float64]:
        sums = ClippedSums(Codes(np.zeros((len(some), 0), np.uint8), some.numpy()), plan)
        descent = PrivateDescent(
            net, net.loss, sums, SCHEDULE, public=torch.rand(8, 9, generator=generator(12)),
            rows_of=lambda codes: torch.from_numpy(codes.fractions),
        )  # fmt: skip
        return sums.noisy(9, descent._clipped)

    whole = summed(rows)
    assert whole.dtype == np.float64
    for without in (rows[1:], rows[:n]):
        assert np.linalg.norm(whole - summed(without)) <= plan.clip * (1 - GRID_SHARE) * (1 - TOLERANCE)


def test_products_are_made_in_32_bits_whatever_was_set() -> None:
    seen: list[tuple[str, bool]] = []
    net, loss = masked()

    def noting(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        seen.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
        return loss(rows, own)

    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("medium")
        descent_of(net, noting, codes(n=8), StepPlan(**{**vars(PLAN), "rate": 1.0}))(0.5)
        assert set(seen) == {("highest", False)}
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before[0])
    assert torch.backends.cudnn.allow_tf32 == before[1]


def test_a_row_whose_gradient_is_not_finite_counts_nothing_and_spoils_none() -> None:
    net, loss = masked()
    rows = codes(n=8)

    def with_a_bad_row(x: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        return loss(x, own) * torch.where((x == rows[3]).all(1), torch.inf, 1.0)

    others = torch.cat([rows[:3], rows[4:]])
    apart = clipped_sum(net, with_a_bad_row, rows, 1.0) - clipped_sum(net, loss, others, 1.0)
    # The same seven gradients of norm 1 at most, added up in 32 bits in other orders: a few hundred roundings, each of
    # 2**-24 of what is added.
    assert apart.norm() <= 7 * 300 * 2**-24


# ---- the laws of chance ----------------------------------------------------------------------------------------------


def is_poisson(draw: Callable[[int, float], npt.NDArray[np.int64]], n: int = 200, rate: float = 0.1) -> bool:
    """Whether batches have the sizes, and hold pairs of rows as often, as rows taken one by one do."""
    batches = np.zeros((4000, n), bool)
    for batch in batches:
        batch[draw(n, rate)] = True
    sizes = np.bincount(batches.sum(1), minlength=n + 1)
    law = stats.binom.pmf(np.arange(n + 1), n, rate)
    kept = law * len(batches) > 5
    seen, expected = (np.r_[v[kept], v[~kept].sum()] for v in (sizes, law * len(batches)))
    by_size = stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue
    together = (batches[:, :-1] & batches[:, 1:]).sum()
    by_pairs = stats.binomtest(int(together), len(batches) * (n - 1), rate**2).pvalue
    by_row = stats.binomtest(int(batches[:, 7].sum()), len(batches), rate).pvalue
    return bool(min(by_size, by_pairs, by_row) > UNLIKELY)


def test_batches_take_each_row_with_the_same_chance() -> None:
    assert is_poisson(sampled_rows)


def test_planted_batches_of_a_fixed_size_are_caught() -> None:
    rng = np.random.default_rng(0)
    assert not is_poisson(lambda n, rate: rng.permutation(n)[: int(n * rate)])


def test_noise_of_a_step_is_normal_of_the_plans_strength() -> None:
    nobody = Codes(np.zeros((0, 4), np.uint8), np.zeros((0, 0), np.float32))

    def never(rows: Codes) -> npt.NDArray[np.float64]:
        raise AssertionError("there are no rows to sum up")

    noise, again = (ClippedSums(nobody, PLAN).noisy(3000, never) for _ in range(2))
    assert stats.kstest(noise, "norm", args=(0, PLAN.multiplier * PLAN.clip)).pvalue > UNLIKELY
    assert not np.array_equal(noise[:9], again[:9])


def test_a_step_without_rows_still_has_noise_and_counts() -> None:
    net, loss = masked()
    descent = descent_of(net, loss, codes(n=8)[:0])
    before = [p.clone() for p in descent.parameters]
    descent(0.5)
    assert descent.steps == 1
    assert all(not torch.equal(a, b) for a, b in zip(before, descent.parameters, strict=True))


# ---- the step as a whole ---------------------------------------------------------------------------------------------


def test_without_clipping_and_noise_it_is_the_plain_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "noisy_sum", lambda total, *rest: total)
    rows = codes(n=16)
    plan = StepPlan(**{**vars(PLAN), "rate": 1.0, "clip": 1e6, "n_rows": 16.0, "steps": 5})
    (net, loss), (twin, plain) = masked(), masked()
    private = descent_of(net, loss, rows, plan)
    descent = Descent(twin, by_autograd(lambda at: plain(rows[at], generator())), SCHEDULE)
    for step in range(5):
        private(step / 5)
        descent(torch.arange(16), step / 5)
    # By the law, not by the weights: a weight that adds the same to all codes of a field has a gradient of rounding
    # alone, which Adam makes a step of either sign.
    before, _ = masked()
    for mine, its in zip(net.logits(rows, seen_by(net)), twin.logits(rows, seen_by(twin)), strict=True):
        torch.testing.assert_close(mine.softmax(2), its.softmax(2), rtol=1e-3, atol=1e-5)
    moved = zip(net.logits(rows, seen_by(net)), before.logits(rows, seen_by(before)), strict=True)
    assert all((mine.softmax(2) - its.softmax(2)).abs().max() > 1e-2 for mine, its in moved)


def test_no_more_steps_than_were_paid_for() -> None:
    net, loss = masked()
    descent = descent_of(net, loss, codes(n=40))
    told: list[Event] = []
    record = train_privately(descent, passes=2, progress=told.append)
    assert descent.steps == PLAN.steps
    assert (record.epochs, record.seconds, record.train_losses, record.holdout_losses) == (2, 0.0, [], [])
    assert [event.epoch for event in told] == [1, 2, 3]
    assert all(np.isnan(event.train_loss) and event.holdout_loss is None for event in told)
    with pytest.raises(PrivacyError, match="not paid for"):
        descent(1.0)


def test_weights_that_are_not_numbers_are_no_model() -> None:
    net, loss = masked()
    descent = descent_of(net, loss, codes(n=40), schedule=Schedule(learning_rate=1e38))
    with pytest.raises(TrainingError, match="learning_rate"):
        train_privately(descent, passes=1)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"rate": 0.0}, {"multiplier": 0.0}, {"clip": float("inf")}])
def test_a_plan_without_noise_or_steps_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        StepPlan(**{**vars(PLAN), **wrong})


# ---- what mixes rows, or hides its use of weights, is refused by name ------------------------------------------------


class Planted(Taped):
    """A small net with one thing wrong."""

    def __init__(self, wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.first = nn.Parameter(torch.randn(len(SIZES), 8, generator=generator()))
        self.second = nn.Parameter(torch.randn(8, 1, generator=generator()))
        self.bias = nn.Parameter(torch.zeros(8))
        if wrong == "batch norm":
            self.normal = nn.BatchNorm1d(8)

    def loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        x = rows.float()
        h = torch.addmm(self.bias, x, self.first)
        if self.tape is not None and self.wrong != "hidden use":
            self.tape.affine(h, x, self.first, None if self.wrong == "forgotten bias" else self.bias)
        if self.wrong == "batch norm":
            h = self.normal(h)
        if self.wrong == "centred":
            h = h - h.mean(0)
        h = h.tanh()
        scores = h @ self.second
        if self.tape is not None:
            self.tape.affine(scores, h, self.second, None)
        losses = scores[:, 0].square()
        if self.wrong == "past its outcome":  # two gradients of one norm: one noted, and its opposite beside the tape
            losses = losses - 2 * (h.detach() @ self.second)[:, 0] * scores[:, 0].detach() * 2
        if self.wrong == "second moments":
            losses = losses + (h.t() @ h).square().sum()
        return losses.mean() if self.wrong == "one loss" else losses


REFUSED = {
    "batch norm": "layer 'normal' \\(BatchNorm1d\\) mixes rows",
    "centred": "mixed before layer 'second'",
    "second moments": "loss of a row depends on other rows",
    "hidden use": "parameter 'first' learns",
    "forgotten bias": "parameter 'bias' learns",
    "one loss": "a loss for each row",
    "past its outcome": "adds up for 'second' is not its gradient",
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_mixes_rows_or_hides_weights_is_refused_by_name(wrong: str) -> None:
    net = Planted(wrong)
    with pytest.raises(PrivacyError, match=REFUSED[wrong]):
        check_rows_apart(net, net.loss, codes(n=8))


def test_norms_that_are_not_those_of_the_gradients_are_refused() -> None:
    net, honest = masked()

    def used_behind_the_tapes_back(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        return honest(rows, own) + net.layers[0].sum() * rows[:, 0]

    with pytest.raises(PrivacyError, match=r"layer 'layers\.0'"):
        check_rows_apart(net, used_behind_the_tapes_back, codes(n=8))


@pytest.mark.parametrize("lie", [0.997, 1.003, 1.0])
def test_norms_told_a_little_wrong_are_refused_where_the_margin_would_not_cover_them(lie: float) -> None:
    class Lying(Straight):
        def loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
            product = rows @ self.weight
            if self.tape is not None:
                inputs = rows.square().sum(1)
                self.tape.note([product], [self.weight], lambda b: lie**2 * inputs * b.square().sum(1), inputs)
            return product[:, 0]

    net = Lying(5)
    public = torch.rand(8, 5, generator=generator(13))
    # One layer: its own norm and the whole row's are one, so that twice the tolerance is allowed.
    assert 2 * TOLERANCE + GRID_SHARE < MARGIN
    if abs(lie - 1) < 2 * TOLERANCE:
        check_rows_apart(net, net.loss, public)
    else:
        with pytest.raises(PrivacyError, match="norms told of layer 'weight'"):
            check_rows_apart(net, net.loss, public)


def test_more_noise_than_is_accounted_for_is_refused() -> None:
    net, loss = masked()
    with pytest.raises(PrivacyError, match="more noise than is accounted for"):
        descent_of(net, loss, codes(n=8), StepPlan(**{**vars(PLAN), "steps": 2**33}))


def test_a_critic_that_judges_rows_together_is_refused() -> None:
    net = Critic(SIZES, *parts(), d_embed=4, width=12, pac=2, generator=generator(1))
    with pytest.raises(PrivacyError, match="pac=2"):
        check_rows_apart(net, lambda rows, own: net(rows).repeat_interleave(2), codes(n=8))


@NETS
def test_the_trial_leaves_the_net_as_it_was(make: Callable[[], Any]) -> None:
    net, loss = make()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    check_rows_apart(net, loss, codes(n=8))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
