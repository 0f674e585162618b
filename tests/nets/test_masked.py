"""Claims about the masked net: who sees whom, what it is the law of, and that draws follow that law."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from likewise.nets.allowed import Allowed
from likewise.nets.autoregressive import DrawPlan
from likewise.nets.tables import make_buckets

from .small import agreement, all_rows, draw, exact_law, row_numbers, small_net

SIZES = (3, 12, 2, 5)  # two buckets or more, and an order that differs from the net's own
ORDERS = ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1])


# ---- buckets -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 10_000), max_size=60))
def test_buckets_hold_every_field_once_and_waste_little(sizes: list[int]) -> None:
    sizes = sorted(sizes, reverse=True)
    buckets = make_buckets(sizes)
    assert [i for b in buckets for i in range(b.start, b.stop)] == list(range(len(sizes)))
    for bucket in buckets:
        inside = sizes[bucket.start : bucket.stop]
        assert inside
        assert bucket.size == max(inside)
        assert all(bucket.size - k <= 8 or k >= 0.75 * bucket.size for k in inside)


either_sight = pytest.mark.parametrize("grouped", [False, True])
"""Fields see all others in full, or those of their group."""


# ---- who sees whom -----------------------------------------------------------------------------------------------


@either_sight
@pytest.mark.parametrize("seed", range(5))
def test_a_field_does_not_see_the_fields_behind_it(seed: int, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    net = small_net(SIZES, seed=seed, grouped=grouped)
    order = rng.permutation(net.n_fields).tolist()
    x = all_rows(net)[rng.choice(360, 40)]
    seen = net.visible(order)
    with torch.inference_mode():
        before = torch.cat([part.flatten(2).transpose(1, 2).flatten(1) for part in net.logits(x, seen)], 1)
        for step, field in enumerate(order):
            other = x.clone()
            for hidden in order[step:]:
                other[:, hidden] = (other[:, hidden] + 1) % net.sizes[hidden]
            base, moved = (_logits_of(net, rows, seen, field) for rows in (x, other))
            torch.testing.assert_close(base, moved, rtol=0, atol=1e-5)
    assert torch.isfinite(before).all()


@either_sight
@pytest.mark.parametrize("seed", range(3))
def test_a_field_sees_each_field_before_it(seed: int, grouped: bool) -> None:
    net = small_net(SIZES, seed=seed, grouped=grouped)
    order = np.random.default_rng(seed).permutation(net.n_fields).tolist()
    x = all_rows(net)[:50]
    seen = net.visible(order)
    for step, field in enumerate(order):
        for earlier in order[:step]:
            other = x.clone()
            other[:, earlier] = (other[:, earlier] + 1) % net.sizes[earlier]
            with torch.inference_mode():
                assert not torch.allclose(_logits_of(net, x, seen, field), _logits_of(net, other, seen, field))


def _logits_of(net, x: torch.Tensor, seen: torch.Tensor, field: int) -> torch.Tensor:
    for bucket, logits in zip(net.buckets, net.logits(x, seen), strict=True):
        if bucket.start <= field < bucket.stop:
            return logits[field - bucket.start, :, : net.sizes[field]]
    raise AssertionError("a field is in no bucket")


# ---- what it is the law of ---------------------------------------------------------------------------------------


@either_sight
@pytest.mark.parametrize("order", ORDERS)
def test_probabilities_of_all_rows_sum_to_one(order: list[int], grouped: bool) -> None:
    assert exact_law(small_net(SIZES, grouped=grouped), order).sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("looked_up", [True, False])
@either_sight
@pytest.mark.parametrize("n_layers", [0, 1, 2])
def test_the_draw_plan_gives_the_logits_of_the_net(
    n_layers: int, grouped: bool, looked_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("likewise.nets.sight.MOST_LOOKED_UP", 10**6 if looked_up else 0)
    net, order = small_net(SIZES, n_layers=n_layers, grouped=grouped), [2, 0, 3, 1]
    x, all_of_them = all_rows(net)[::7], slice(None)
    plan = DrawPlan(net, order)
    with torch.inference_mode():
        seen = plan.sight.start(len(x))
        for field in order:
            wanted = torch.log_softmax(_logits_of(net, x, net.visible(order), field), 1)
            for ahead in (True, False):
                found = torch.log_softmax(plan.logits(seen, field, all_of_them, ahead=ahead), 1)
                torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
            plan.sight.see(seen, field, all_of_them, x[:, field])


@either_sight
@pytest.mark.parametrize("weighed", [False, True])
def test_rows_are_drawn_together_as_one_at_a_time(weighed: bool, grouped: bool) -> None:
    """What rows that drew alike share each would have had; a digit lost in a sum may move one row in a hundred."""
    asked_for = {1: asked(torch.tensor([0.5, 0.0, 1.0, 0.25, 1.0]))} if weighed else {}
    net = small_net((6, 5, 3, 2), grouped=grouped)
    order, n = [3, 2, 1, 0], 300
    uniforms = torch.rand(n, 4, generator=torch.Generator().manual_seed(1))
    plan, told = DrawPlan(net, order), torch.zeros(n)
    codes, mass = net.draw(uniforms, order=order, weights=asked_for, plan=plan, log_chance=told)
    chances = [torch.zeros(1) for _ in range(n)]
    alone = [
        net.draw(row[None], order=order, weights=asked_for, plan=plan, log_chance=chance)
        for row, chance in zip(uniforms, chances, strict=True)
    ]
    same = (codes == torch.cat([row for row, _ in alone])).all(1)
    assert (~same).sum() <= n // 100
    torch.testing.assert_close(mass[same], torch.cat([one for _, one in alone])[same], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(told[same], torch.cat(chances)[same], rtol=1e-4, atol=1e-5)


def test_calibration_gives_each_code_its_share() -> None:
    net = small_net(SIZES)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(np.stack([rng.choice(k, 4000, p=rng.dirichlet(np.ones(k))) for k in net.sizes], 1))
    seen = net.visible(net.order)
    net.calibrate(lambda: torch.split(x, 1000), seen, rounds=20)
    with torch.inference_mode():
        for field in range(net.n_fields):
            given_share = torch.softmax(_logits_of(net, x, seen, field), 1).mean(0)
            share = torch.bincount(x[:, field], minlength=net.sizes[field]) / len(x)
            torch.testing.assert_close(given_share, share, rtol=0, atol=2e-3)


# ---- draws follow the law: chi-square at a fixed seed, p above one in a thousand -----------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_draws_follow_the_chain(order: list[int]) -> None:
    net = small_net(SIZES)
    codes, log_mass = draw(net, 40_000, order)
    counts = np.bincount(row_numbers(net, codes), minlength=360)
    assert agreement(counts, exact_law(net, order)) > 1e-3
    assert not log_mass.any()


def asked(weight: torch.Tensor, free: torch.Tensor | None = None) -> Allowed[torch.Tensor]:
    """A condition that counts, on a field whose codes a free draw may give all, or these."""
    return Allowed(weight, torch.ones_like(weight) if free is None else free, True)


def test_a_weight_on_the_first_field_gives_the_exact_conditional() -> None:
    net, order = small_net(SIZES), [1, 0, 2, 3]
    weight = torch.tensor([0.0, 1.0, 0.25, 1.0, 0.0])[: net.sizes[1]]
    codes, log_mass = draw(net, 40_000, order, weights={1: asked(weight)})
    law = exact_law(net, order) * weight.numpy()[all_rows(net)[:, 1]]
    assert agreement(np.bincount(row_numbers(net, codes), minlength=360), law) > 1e-3
    assert log_mass.exp().mean() == pytest.approx(law.sum(), rel=1e-4)


def test_log_mass_is_what_masking_left_of_each_step() -> None:
    net, order = small_net(SIZES), [0, 1, 2, 3]
    weights = {1: torch.tensor([0.0, 1.0, 0.5, 1.0, 0.0]), 3: torch.tensor([0.0, 1.0])}
    codes, log_mass = draw(net, 500, order, weights={field: asked(weight) for field, weight in weights.items()})
    expected = torch.zeros(500)
    with torch.inference_mode():
        for field, weight in weights.items():
            p = torch.softmax(_logits_of(net, codes, net.visible(order), field), 1)
            expected += (p @ weight).log()
    torch.testing.assert_close(log_mass, expected, rtol=1e-4, atol=1e-5)


def test_codes_that_are_never_drawn_are_no_condition() -> None:
    """Nothing is lost to a mask that free draws have too, and a condition's share is of what they give."""
    net, order = small_net(SIZES), [0, 1, 2, 3]
    emit = torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0])
    _, log_mass = draw(net, 200, order, weights={1: Allowed(emit, emit, False)})
    assert not log_mass.any()
    _, log_mass = draw(net, 200, order, weights={1: asked(emit, emit)})
    torch.testing.assert_close(log_mass, torch.zeros(200), rtol=0, atol=1e-6)


@either_sight
def test_known_codes_are_kept_and_the_others_drawn_given_them(grouped: bool) -> None:
    net = small_net(SIZES, grouped=grouped)
    order, n = [1, 3, 0, 2], 40_000
    known = torch.full((n, 4), -1)
    known[:, 1] = torch.arange(n) % net.sizes[1]
    known[::2, 3] = 1  # every other row knows two fields: known ones stand first in this order
    codes, _ = draw(net, n, order, known=known)
    assert torch.equal(codes[known >= 0], known[known >= 0])
    law, rows = exact_law(net, order), all_rows(net)
    for value in range(net.sizes[1]):
        both = codes[::2][codes[::2, 1] == value]
        wanted = law * ((rows[:, 1] == value) & (rows[:, 3] == 1)).numpy()
        assert agreement(np.bincount(row_numbers(net, both), minlength=360), wanted) > 1e-3
        one = codes[1::2][codes[1::2, 1] == value]
        wanted = law * (rows[:, 1] == value).numpy()
        assert agreement(np.bincount(row_numbers(net, one), minlength=360), wanted) > 1e-3


def test_only_the_steps_asked_for_are_drawn() -> None:
    net, order = small_net(SIZES), [3, 0, 1, 2]
    uniforms = torch.rand(100, 4, generator=torch.Generator().manual_seed(0))
    plan = DrawPlan(net, order)
    whole, _ = net.draw(uniforms, order=order, weights={}, plan=plan)
    part, _ = net.draw(uniforms, order=order, weights={}, plan=plan, fields=2)
    assert torch.equal(whole[:, [3, 0]], part[:, [3, 0]])


@pytest.mark.parametrize("uniform", [0.0, 0.5, float(np.nextafter(np.float32(1), np.float32(0)))])
def test_a_weight_of_zero_is_never_drawn_whatever_the_uniform(uniform: float) -> None:
    net = small_net((7, 4))
    for code in range(7):
        weight = torch.zeros(7)
        weight[code] = 1e-3
        uniforms = torch.full((50, 2), uniform)
        codes, _ = net.draw(uniforms, order=[0, 1], weights={0: asked(weight)}, plan=DrawPlan(net, [0, 1]))
        assert (codes[:, 0] == code).all()
        assert ((codes[:, 1] >= 0) & (codes[:, 1] < 4)).all()


def test_a_condition_the_net_holds_for_impossible_is_still_obeyed() -> None:
    net = small_net((4, 4))
    with torch.no_grad():
        net.biases[0][0] = torch.tensor([0.0, 0.0, -500.0, -600.0])
    weight = torch.tensor([0.0, 0.0, 1.0, 1.0])
    codes, log_mass = draw(net, 200, [0, 1], weights={0: asked(weight)})
    assert (codes[:, 0] == 2).all()
    assert torch.isfinite(log_mass).all()


def test_a_net_without_fields_is_made_and_draws_rows_of_no_width() -> None:
    net = small_net(())
    codes, _ = draw(net, 5, [])
    assert codes.shape == (5, 0)
