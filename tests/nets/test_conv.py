"""Convolutional nets take images of any size, and their parts are those of torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from likewise.nets.conv import BatchNorm, Conv, ConvDown, ConvUp, Frame
from likewise.nets.images import ImageCritic, ImageLatents

SIZES = [(1, 1), (1, 7), (4, 4), (8, 8), (9, 8), (13, 17), (28, 28), (64, 40)]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("size", SIZES)
def test_padding_and_cutting_are_inverse(size: tuple[int, int]) -> None:
    frame = Frame(*size)
    x = torch.rand(2, 3, *size, generator=generator())
    padded = frame.pad(x)
    assert all(side == base * 2**frame.halvings for side, base in zip(padded.shape[2:], frame.base, strict=True))
    assert max(frame.base) <= 8
    assert torch.equal(frame.cut(padded), x)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_size_go_down_and_up(size: tuple[int, int], channels: int) -> None:
    shape = channels, *size
    down = ConvDown(shape, 8, generator=generator())
    up = ConvUp(5, shape, 8, generator=generator(), start=torch.zeros(channels))
    assert down(torch.rand(2, *shape)).shape == (2, down.n_features)
    assert up(torch.randn(2, 5, generator=generator())).shape == (2, *shape)


def test_what_paints_begins_at_the_mean() -> None:
    start = torch.tensor([-2.0, 0.0, 1.0])
    up = ConvUp(5, (3, 28, 28), 16, generator=generator(), start=start)
    mean = up(torch.randn(64, 5, generator=generator())).mean((0, 2, 3))
    assert torch.allclose(mean, start, atol=0.3)


@pytest.mark.parametrize("step", ["down", "up", "keep"])
def test_steps_are_the_convolutions_of_torch_and_keep_the_size_of_signals(step: str) -> None:
    ours = Conv(16, 16, generator=generator(), step=step)
    kind = nn.ConvTranspose2d if step == "up" else nn.Conv2d
    theirs = kind(16, 16, 3 if step == "keep" else 4, stride=1 if step == "keep" else 2, padding=1)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(8, 16, 8, 8, generator=generator()).relu()
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    gain = ours(x).square().mean() / (2 * x.square().mean())  # twice, for the bend that follows halves it
    assert 0.6 < gain.item() < 1.4


def test_batch_norm_is_that_of_torch() -> None:
    ours, theirs = BatchNorm(4), nn.BatchNorm2d(4, momentum=0.05)
    x = torch.randn(8, 4, 3, 3, generator=generator()) * 3 + 1
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-5)


def test_the_label_is_heard_by_critic_and_decoder() -> None:
    critic = ImageCritic("conv", (1, 8, 8), 3, 8, generator=generator())
    x, labels = torch.rand(1, 1, 8, 8, generator=generator()).expand(3, -1, -1, -1), torch.eye(3)
    assert len(set(critic(x, labels).tolist())) == 3
    net = ImageLatents(
        "conv", (1, 8, 8), 4, 3, 8, start=torch.zeros(1), prior="chain", likelihood="logistic", generator=generator()
    ).eval()
    painted = net.painter(torch.zeros(3, 4), labels)
    assert not torch.allclose(painted[0], painted[1])


def test_the_logistic_likelihood_is_a_density() -> None:
    net = ImageLatents(
        "mlp", (1, 1, 1), 2, 0, 8, start=torch.zeros(1), prior="normal", likelihood="logistic", generator=generator()
    )
    x = torch.linspace(-5, 5, 20_001).view(-1, 1, 1, 1)
    density = (-net.nll(torch.zeros_like(x), x)).exp().detach()
    assert float(density.sum() * (x[1] - x[0])) == pytest.approx(1.0, abs=1e-3)
