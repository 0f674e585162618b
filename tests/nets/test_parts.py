"""Claims about the net's parts: pooled dropout and the ordinal features of codes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import ndtri

from likewise.nets.dropout import DropoutPool
from likewise.nets.ordinal import ordinal_features
from likewise.nets.tables import cross_entropy


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_its_share(rate: float) -> None:
    pool = DropoutPool(rate, torch.float32)
    pool.refill(torch.Generator().manual_seed(0))
    x = torch.ones(200, 50)
    outs = torch.stack([pool(x) for _ in range(40)])
    # 400,000 factors, though read from a pool of 40,000: the tolerance is five standard errors of the pool.
    assert outs.mean().item() == pytest.approx(1.0, abs=5 * (rate / (1 - rate)) ** 0.5 / 200)
    assert (outs == 0).float().mean().item() == pytest.approx(rate, abs=0.02)
    assert outs.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)])


def test_dropout_masks_differ_from_step_to_step_and_repeat_with_the_seed() -> None:
    x = torch.ones(30, 20)

    def three(seed: int) -> list[torch.Tensor]:
        pool = DropoutPool(0.3, torch.float32)
        pool.refill(torch.Generator().manual_seed(seed))
        return [pool(x) for _ in range(3)]

    first, again, other = three(1), three(1), three(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], other[0])


def test_dropout_grows_its_pool_for_a_larger_layer() -> None:
    pool = DropoutPool(0.5, torch.float32)
    pool.refill(torch.Generator().manual_seed(0))
    assert pool(torch.ones(2, 2)).shape == (2, 2)
    assert pool(torch.ones(300, 70)).shape == (300, 70)


def test_dropout_of_nothing_is_the_identity() -> None:
    x = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    assert DropoutPool(0.0, torch.float32)(x) is x
    assert DropoutPool(0.5, torch.float32)(x) is x  # never filled: no training under way


def test_ordinal_features_are_rank_pieces_and_the_normal_score() -> None:
    positions = np.array([0.0625, 0.5, 0.96875, np.nan], np.float32)
    features = ordinal_features(positions, 4, 4)
    assert features.shape == (4, 5)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features[0], [0.25, 0, 0, 0, ndtri(0.0625) / 2], rtol=1e-6)
    np.testing.assert_allclose(features[1], [1, 1, 0, 0, 0], atol=1e-7)
    np.testing.assert_allclose(features[2], [1, 1, 1, 0.875, ndtri(0.96875) / 2], rtol=1e-6)
    assert not features[3].any()


def test_ordinal_features_of_levels_without_order_are_zero() -> None:
    assert not ordinal_features(None, 3, 4).any()


def test_ordinal_features_are_finite_at_the_ends() -> None:
    assert np.isfinite(ordinal_features(np.array([0.0, 1.0], np.float32), 2, 8)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_is_torchs_with_its_gradient(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(31)
    logits = 5 * torch.randn(40, 17, generator=generator, dtype=dtype)
    target, weight = torch.randint(17, (40,), generator=generator), torch.randn(40, generator=generator, dtype=dtype)
    results = []
    for function in (cross_entropy, lambda x, at: torch.nn.functional.cross_entropy(x, at, reduction="none")):
        x = logits.clone().requires_grad_()
        loss = function(x, target)
        (loss * weight).sum().backward()
        results.append((loss.detach(), x.grad))
    tolerance = 16 * torch.finfo(dtype).eps
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=10 * tolerance)
