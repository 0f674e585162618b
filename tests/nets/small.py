"""Small nets and their exact law, by enumeration of every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from likewise.nets.autoregressive import DrawPlan, MaskedNet
from likewise.nets.ordinal import ordinal_features


def small_net(
    sizes: Sequence[int],
    *,
    order: Sequence[int] | None = None,
    seed: int = 0,
    scale: float = 1.0,
    n_layers: int = 1,
    grouped: bool = False,
    told: Sequence[int] = (),
) -> MaskedNet:
    """An untrained net in eval mode; heads scaled up so that its conditionals are far from its marginals.

    Args:
        grouped: fields see three of them in full, and the others through a summary.
        told: fields that are read and never drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    features = [
        ordinal_features(((np.arange(k) + 0.5) / k).astype(np.float32) if j % 2 else None, k, 8)
        for j, k in enumerate(sizes)
    ]
    shares = [rng.dirichlet(np.full(k, 2.0)) for k in sizes]
    net = MaskedNet(
        sizes,
        features,
        [np.log(s + 1e-3).astype(np.float32) for s in shares],
        order=sorted(range(len(sizes)), key=lambda j: j not in told) if order is None else order,
        d_embed=5,
        d_hidden=8,
        n_layers=n_layers,
        dropout=0.2,
        generator=generator,
        groups=[*range(0, len(sizes), 2), *range(1, len(sizes), 2)] if grouped else None,
        group_size=3,
        told=told,
    ).eval()
    with torch.no_grad():
        for head in net.heads:
            head.mul_(40 * scale)
    return net


def all_rows(net: MaskedNet) -> torch.Tensor:
    """Every row there can be, in the net's own order of fields. Shape: (product of K, D)."""
    return torch.cartesian_prod(*[torch.arange(k) for k in net.sizes]).view(-1, net.n_fields)


def exact_law(net: MaskedNet, order: Sequence[int]) -> npt.NDArray[np.float64]:
    """p of every row of `all_rows` under the chain of this order (the net's own fields)."""
    with torch.inference_mode():
        log_p = -net.nll(all_rows(net), net.visible(order)).double().sum(1)
    return log_p.exp().numpy()


def row_numbers(net: MaskedNet, codes: torch.Tensor) -> npt.NDArray[np.int64]:
    """Where rows stand in `all_rows`."""
    return np.ravel_multi_index(tuple(codes.numpy().T), tuple(net.sizes))


def draw(
    net: MaskedNet, n: int, order: Sequence[int], *, seed: int = 0, weights: dict[int, torch.Tensor] | None = None,
    known: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    uniforms = torch.rand(n, len(order), generator=torch.Generator().manual_seed(seed))
    return net.draw(uniforms, order=order, weights=weights or {}, plan=DrawPlan(net, order), known=known)


def agreement(counts: npt.NDArray[np.int64], expected: npt.NDArray[np.float64]) -> float:
    """p-value of the chi-square test; cells of fewer than 5 expected rows are pooled."""
    from scipy.stats import chisquare

    counts, expected = counts.astype(float), expected / expected.sum() * counts.sum()
    few = expected < 5
    if few.any():
        counts, expected = np.r_[counts[~few], counts[few].sum()], np.r_[expected[~few], expected[few].sum()]
    impossible = expected == 0
    assert not counts[impossible].any()
    return float(chisquare(counts[~impossible], expected[~impossible]).pvalue)
