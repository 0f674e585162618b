"""Norms told by a tape are those of plain gradients, row by row, for every net that can be trained privately."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from likewise.errors import PrivacyError
from likewise.nets.critic import Critic
from likewise.nets.ghosts import Tape, taping
from likewise.nets.ordinal import ordinal_features
from likewise.nets.vae import LatentNet

from .small import small_net

SIZES = (7, 2, 30, 5)
N = 6


def codes(seed: int = 0, n: int = N) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(size, (n,), generator=generator) for size in sorted(SIZES, reverse=True)], 1)


def parts() -> tuple[list[np.ndarray], list[np.ndarray]]:
    features = [
        ordinal_features(((np.arange(k) + 0.5) / k).astype(np.float32) if j % 2 == 0 else None, k, 8)
        for j, k in enumerate(SIZES)
    ]
    return features, [np.log(np.full(k, 1 / k, np.float32)) for k in SIZES]


def latent_net(prior: str, *, chained: bool = True, labels: tuple[int, ...] = ()) -> LatentNet:
    return LatentNet(
        SIZES, *parts(), labels, n_latent=3, width=16, n_layers=1, d_embed=4, d_hidden=6, dropout=0.0, prior=prior,
        chained=chained, generator=torch.Generator().manual_seed(1),
    )  # fmt: skip


def masked_losses(
    order: list[int], n_layers: int = 1, *, grouped: bool = False
) -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    net = small_net(SIZES, n_layers=n_layers, grouped=grouped)
    return net, lambda: net.nll(codes(), net.visible(order)).sum(1)


def latent_losses(prior: str, **options: object) -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    net = latent_net(prior, **options)  # type: ignore[arg-type]
    noise = torch.randn(N, 3, generator=torch.Generator().manual_seed(2))
    return net, lambda: sum(net.losses(codes(), noise), start=torch.zeros(()))


def critic_losses() -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    net = Critic(SIZES, *parts(), d_embed=4, width=12, generator=torch.Generator().manual_seed(1))
    return net, lambda: nn.functional.softplus(-net(codes()))


NETS = {
    "masked, own order": lambda: masked_losses([0, 1, 2, 3]),
    "masked, another order, two layers": lambda: masked_losses([2, 0, 3, 1], n_layers=2),
    "masked, fields in groups": lambda: masked_losses([2, 0, 3, 1], grouped=True),
    "latent, normal prior": lambda: latent_losses("normal"),
    "latent, mixture prior": lambda: latent_losses("mixture"),
    "latent, chain prior": lambda: latent_losses("chain"),
    "latent, labels told": lambda: latent_losses("chain", labels=(1, 3)),
    "latent, mixture, labels told": lambda: latent_losses("mixture", labels=(1,)),
    "latent, fields apart": lambda: latent_losses("normal", chained=False),
    "critic": critic_losses,
}


@pytest.mark.parametrize("name", NETS)
def test_norms_of_each_site_are_those_of_plain_gradients(name: str) -> None:
    net, losses_of = NETS[name]()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3))
    with taping(net) as tape:
        losses = losses_of()
        told = tape.squares(losses)
    learning = list(net.parameters())
    rows = [torch.autograd.grad(one, learning, retain_graph=True, allow_unused=True) for one in losses]
    place = {id(p): i for i, p in enumerate(learning)}
    for site, squares in zip(tape.sites, told, strict=True):
        at = [place[id(p)] for p in site.uses]
        plain = torch.stack(
            [sum((row[i].square().sum() for i in at if row[i] is not None), torch.zeros(())) for row in rows]
        )
        torch.testing.assert_close(squares, plain, rtol=1e-4, atol=1e-9)
    noted = {id(p) for site in tape.sites for p in site.uses}
    assert all(id(p) in noted or all(row[i] is None for row in rows) for i, p in enumerate(learning))


def told_losses(grouped: bool) -> tuple[nn.Module, Callable[[], torch.Tensor]]:
    net = small_net(SIZES, order=[1, 3, 0, 2], grouped=grouped, told=[1, 3])
    x = torch.stack([torch.randint(k, (N,), generator=torch.Generator().manual_seed(k)) for k in net.sizes], 1)
    return net, lambda: net.nll(x, net.visible(net.order)).sum(1)


UNITS = {name: NETS[name] for name in NETS if name.startswith("masked")} | {
    "masked, some told": lambda: told_losses(False), "critic": critic_losses,
}  # fmt: skip


@pytest.mark.parametrize("unit", [2, 3, 6])
@pytest.mark.parametrize("name", UNITS)
def test_norms_of_rows_together_are_those_of_the_sum_of_their_gradients(name: str, unit: int) -> None:
    net, losses_of = UNITS[name]()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3))
    with taping(net, unit) as tape:
        losses = losses_of()
        told = torch.stack(tape.squares(losses)).sum(0)
    learning, sums = list(net.parameters()), losses.view(-1, unit).sum(1)
    rows = [torch.autograd.grad(one, learning, retain_graph=True, allow_unused=True) for one in sums]
    plain = torch.stack([torch.stack([g.square().sum() for g in row if g is not None]).sum() for row in rows])
    torch.testing.assert_close(told, plain, rtol=1e-3, atol=1e-9)
    assert bool((told >= plain * (1 - 1e-5)).all())
    weights = torch.linspace(0.2, 1.0, len(sums))
    expected = torch.autograd.grad((weights * sums).sum(), learning, retain_graph=True, allow_unused=True)
    tape.add_weighted(weights)
    for parameter, gradient in zip(learning, expected, strict=True):
        plain = torch.zeros_like(parameter) if gradient is None else gradient
        found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETS)
def test_gradients_of_weighted_rows_are_added_up_as_a_second_pass_would(name: str) -> None:
    net, losses_of = NETS[name]()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(5))
    with taping(net) as tape:
        losses = losses_of()
        tape.squares(losses)
    weights = torch.rand(len(losses), generator=torch.Generator().manual_seed(6))
    learning = list(net.parameters())
    expected = torch.autograd.grad((weights * losses).sum(), learning, retain_graph=True, allow_unused=True)
    tape.add_weighted(weights)
    assert any(gradient is not None and bool(gradient.any()) for gradient in expected)
    for parameter, gradient in zip(learning, expected, strict=True):
        plain = torch.zeros_like(parameter) if gradient is None else gradient
        found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETS)
def test_a_tape_changes_nothing_but_the_rounding(name: str) -> None:
    net, losses_of = NETS[name]()
    plain = losses_of()
    with taping(net):
        torch.testing.assert_close(losses_of(), plain, rtol=64 * torch.finfo(torch.float32).eps, atol=0)
    assert torch.equal(losses_of(), plain)


@pytest.mark.parametrize("name", NETS)
def test_a_net_has_the_same_gradient_on_a_tape_and_off_it(name: str) -> None:
    (net, losses_of), (twin, its_losses) = NETS[name](), NETS[name]()
    with taping(net):
        losses_of().mean().backward()
    its_losses().mean().backward()
    for mine, its in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad, rtol=1e-4, atol=1e-6)


def test_two_uses_of_one_parameter_are_refused() -> None:
    tape, weight, x = Tape(), torch.ones(2, 2, requires_grad=True), torch.ones(3, 2)
    tape.affine(x @ weight, x, weight, None)
    with pytest.raises(PrivacyError, match="twice"):
        tape.affine(x @ weight, x, weight, None)
