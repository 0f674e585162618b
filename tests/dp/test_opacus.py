"""The private step beside Opacus: the same norms, the same clipped sum, and a claim that its accountant agrees with."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from likewise.dp.accounting import Steps, epsilon_of_steps
from likewise.nets.ghosts import Taped, taping
from likewise.training.private import MARGIN, add_clipped

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    opacus = pytest.importorskip("opacus", reason="the oracle comes with the development extra")
    from opacus.accountants import RDPAccountant
    from opacus.grad_sample import GradSampleModule
    from opacus.optimizers import DPOptimizer

N, WIDE, HIDDEN = 12, 5, 7
pytestmark = pytest.mark.filterwarnings("ignore")  # of the oracle's own hooks


class Small(Taped):
    """Two layers, of the kind that both sides know."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first, self.second = nn.Linear(WIDE, HIDDEN), nn.Linear(HIDDEN, 1, bias=False)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (B, WIDE) -> (B,)."""
        inner = self.first(x)
        if self.tape is not None:
            self.tape.affine(inner, x, self.first.weight, self.first.bias)
        h = inner.tanh()
        out = self.second(h)
        if self.tape is not None:
            self.tape.affine(out, h, self.second.weight, None)
        return (out[:, 0] - 1).square()


@pytest.fixture
def rows() -> torch.Tensor:
    return torch.randn(N, WIDE, generator=torch.Generator().manual_seed(1))


def theirs(rows: torch.Tensor) -> GradSampleModule:
    net = GradSampleModule(Small(), loss_reduction="sum")
    net(rows).sum().backward()
    return net


def test_norms_are_theirs(rows: torch.Tensor) -> None:
    net = Small()
    with taping(net) as tape:
        told = torch.stack(tape.squares(net(rows))).sum(0).sqrt()
    per_row = [p.grad_sample.flatten(1) for p in theirs(rows).parameters()]
    torch.testing.assert_close(told, torch.cat(per_row, 1).norm(dim=1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("clip", [0.1, 1.0, 100.0])
def test_the_clipped_sum_is_theirs(clip: float, rows: torch.Tensor) -> None:
    net = Small()
    add_clipped(net, lambda x, own: net(x), rows, torch.Generator(), clip)
    other = theirs(rows)
    optimiser = DPOptimizer(
        torch.optim.SGD(other.parameters(), lr=1.0), noise_multiplier=0.0, max_grad_norm=clip * (1 - MARGIN),
        expected_batch_size=N, loss_reduction="sum",
    )  # fmt: skip
    optimiser.clip_and_accumulate()
    for mine, its in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.summed_grad, rtol=1e-4, atol=1e-5)


PLANS = [
    (500 / 32561, 1.0, 1000, 3.258), (500 / 32561, 1.0, 5000, 7.483), (0.0256, 1.1, 2000, 6.793),
    (0.01, 1.0, 10_000, 6.713),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "multiplier", "steps", "published"), PLANS)
def test_its_accountant_agrees_that_the_claim_holds(
    rate: float, multiplier: float, steps: int, published: float
) -> None:
    """Rényi's moments bound the same steps from further above: by 8 to 12 % of epsilon."""
    accountant = RDPAccountant()
    accountant.history = [(multiplier, rate, steps)]
    by_moments = accountant.get_epsilon(1e-5)
    ours = epsilon_of_steps([(Steps(rate, steps), multiplier)], 1e-5)
    assert by_moments == pytest.approx(published, rel=0.02)
    assert 0.85 * by_moments < ours < by_moments
