"""Claims about the gradient that is written out: it is autograd's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from likewise.nets.autoregressive import MaskedNet
from likewise.nets.gradient import LikelihoodGradient
from likewise.training.loop import crew

from .small import small_net

SIZES = (40, 3, 12, 37, 2, 36, 5)


def _net(n_layers: int = 1, dtype: torch.dtype = torch.float32, told: Sequence[int] = ()) -> MaskedNet:
    generator = torch.Generator().manual_seed(3)
    net = small_net(SIZES, seed=3, n_layers=n_layers, told=told)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    net.dtype = dtype
    return net


@pytest.fixture
def rows() -> torch.Tensor:
    return _rows(_net())


def _rows(net: MaskedNet) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.stack([torch.randint(k, (64,), generator=rng) for k in net.sizes], 1)


def _views(net: MaskedNet) -> list[tuple[slice, object]]:
    other = sorted([3, 0, 6, 2, 5, 1, 4], key=lambda field: field < net.n_drawn)
    return [(slice(0, 40), net.visible(net.order)), (slice(40, 64), net.visible(other))]


@pytest.mark.parametrize("n_layers", [0, 1, 2])
@pytest.mark.parametrize("told", [[], [1, 4]])
def test_it_is_autograds(n_layers: int, told: list[int]) -> None:
    net = _net(n_layers, told=told)
    rows, views = _rows(net), _views(net)
    expected = net.nll_in(rows, views).sum(1).mean()
    gradients = torch.autograd.grad(expected, list(net.parameters()))
    loss = LikelihoodGradient(net)(rows, views)
    torch.testing.assert_close(loss, expected.detach())
    for (name, parameter), gradient in zip(net.named_parameters(), gradients, strict=True):
        assert gradient.abs().max() > 1e-6, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_what_is_dropped_is_dropped_both_ways(rows: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mask scales by a number of its own, so that one forgotten, on either way, is seen."""
    net, views = _net(2), _views(_net(2))

    def scales() -> None:
        factors = iter((0.5, 0.7, 1.3, 1.9))
        monkeypatch.setattr(net.drop, "mask", lambda shape, device="cpu": torch.full(tuple(shape), next(factors)))

    net.train()
    scales()
    expected = net.nll_in(rows, [(slice(None), views[0][1])])
    gradients = torch.autograd.grad(expected.sum(1).mean(), list(net.parameters()))
    scales()
    LikelihoodGradient(net)(rows, [(slice(0, 64), views[0][1])])
    for parameter, gradient in zip(net.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_in_half_the_digits_it_points_the_same_way(rows: torch.Tensor) -> None:
    net, narrow = _net(1), _net(1, torch.bfloat16)
    LikelihoodGradient(net)(rows, _views(net))
    LikelihoodGradient(narrow)(rows, _views(narrow))
    for wide, short in zip(net.parameters(), narrow.parameters(), strict=True):
        assert short.grad.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(wide.grad.flatten(), short.grad.flatten(), 0) > 0.99


def test_a_crew_keeps_order_and_tells_what_went_wrong() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with crew() as spread:
            assert spread(lambda i: i * i, range(100)) == [i * i for i in range(100)]
            assert spread(lambda i: i, []) == []
            with pytest.raises(ZeroDivisionError):
                spread(lambda i: 1 // i, [3, 2, 1, 0])
    finally:
        torch.set_num_threads(threads)
