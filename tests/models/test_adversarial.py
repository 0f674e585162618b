"""Claims about what models trained against a critic share: losses, penalties, the alternating step, averages."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from likewise.codecs.base import Alphabet, Field
from likewise.errors import LikewiseWarning
from likewise.models.adversarial.losses import (
    Alternating,
    Averaged,
    critic_loss,
    flatness_penalty,
    generator_loss,
    pac_misfit,
    slope,
    wasserstein_penalty,
)
from likewise.models.adversarial.moments import Moments, coarse_maps
from likewise.models.adversarial.variety import Variety
from likewise.nets.critic import Critic
from likewise.nets.gan import GumbelPool, TableGenerator, straight_through
from likewise.training.loop import Schedule, train

SIZES = (3, 12, 2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def parts_of(sizes: tuple[int, ...] = SIZES) -> tuple[list[np.ndarray], list[np.ndarray]]:
    features = [np.linspace(0, 1, 2 * k, dtype=np.float32).reshape(k, 2) for k in sizes]
    return features, [np.full(k, -math.log(k), np.float32) for k in sizes]


def small_critic(pac: int = 1, dropout: float = 0.0) -> Critic:
    made = {"d_embed": 4, "width": 8, "pac": pac, "dropout": dropout, "generator": seeded()}
    return Critic(SIZES, *parts_of(), **made).eval()


def small_generator(labels: tuple[int, ...] = ()) -> TableGenerator:
    made = {"n_latent": 3, "width": 8, "n_layers": 1, "d_embed": 4, "d_hidden": 6, "generator": seeded()}
    return TableGenerator(SIZES, *parts_of(), labels, **made)


def some_codes(net: Critic | TableGenerator, n: int, seed: int = 0) -> torch.Tensor:
    return torch.stack([torch.randint(k, (n,), generator=seeded(seed)) for k in net.sizes], 1)


# ---- losses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [
        ("nonsaturating", math.log(1 + math.exp(-2)) + math.log(1 + math.exp(0.5)), math.log(1 + math.exp(-0.5))),
        ("hinge", 0.0 + 1.5, -0.5),
        ("wasserstein", 0.5 - 2.0, -0.5),
    ],
)
def test_losses_are_those_of_their_papers(name: str, critic: float, generator: float) -> None:
    real, fake = torch.full((4,), 2.0), torch.full((4,), 0.5)
    assert float(critic_loss(name, real, fake)) == pytest.approx(critic, abs=1e-6)
    assert float(generator_loss(name, fake)) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize("pac", [1, 3])
def test_the_slope_is_that_of_finite_differences(pac: int) -> None:
    critic = small_critic(pac)
    rows = torch.randn(6, 12, generator=seeded(1))
    found = slope(critic, rows)
    assert found.shape == (6 // pac,)
    step, squares = 1e-2, torch.zeros(6 // pac, dtype=torch.float64)
    with torch.no_grad():
        for i in range(pac):
            for j in range(12):
                moved = torch.zeros(6 // pac, pac, 12)
                moved[:, i, j] = step
                up, down = (critic.judge(rows + sign * moved.view(6, 12)).double() for sign in (1, -1))
                squares += ((up - down) / (2 * step)).square()
    torch.testing.assert_close(found.detach().double(), squares.sqrt(), rtol=0.02, atol=1e-3)


def test_penalties_are_made_of_the_slope_and_can_be_learnt_from() -> None:
    critic = small_critic()
    real, fake = torch.randn(2, 5, 12, generator=seeded(2))
    mixed = torch.rand(5, generator=seeded(3))
    between = mixed[:, None] * real + (1 - mixed[:, None]) * fake
    found, flat = wasserstein_penalty(critic, real, fake, mixed), flatness_penalty(critic, real)
    torch.testing.assert_close(found, (slope(critic, between) - 1).square().mean())
    torch.testing.assert_close(flat, slope(critic, real).square().mean())
    assert float(torch.autograd.grad(found + flat, critic.layers[0])[0].abs().sum()) > 0


# ---- the critic and the generator --------------------------------------------------------------------------------


def test_a_soft_row_that_is_hard_scores_as_the_hard_one() -> None:
    critic = small_critic()
    x = some_codes(critic, 7)
    embeds = critic.tables()[0]
    soft = [torch.nn.functional.one_hot(x[:, i], k).float() for i, k in enumerate(critic.sizes)]
    torch.testing.assert_close(critic.judge(critic.embed_soft(soft, embeds)), critic(x))


def test_packs_are_judged_together() -> None:
    critic = small_critic(pac=4)
    x = some_codes(critic, 8)
    scores = critic(x)
    assert scores.shape == (2,)
    x[5] = (x[5] + 1) % torch.tensor(critic.sizes)
    moved = critic(x)
    assert (moved == scores).tolist() == [True, False]


@pytest.mark.parametrize("labels", [(), (0,)])
def test_a_gradient_reaches_every_parameter_of_either_side(labels: tuple[int, ...]) -> None:
    """But the way in of the last field, which no other field sees."""
    critic, net = small_critic(), small_generator(labels)
    noise = GumbelPool(64, max(SIZES), seeded())
    noise.refill()
    hard, _ = net.play(torch.randn(64, 3, generator=seeded()), some_codes(net, 64)[:, net.labels], 0.7, noise)
    score = critic.judge(critic.embed_soft(hard, critic.tables()[0])).sum()
    for module in (critic, net):
        learning = [(n, p) for n, p in module.named_parameters() if p.numel() and n != "layer_biases.2"]
        gradients = torch.autograd.grad(score, [p for _, p in learning], retain_graph=True, materialize_grads=True)
        still = [n for (n, _), g in zip(learning, gradients, strict=True) if not g.abs().sum()]
        assert still in ([], ["embed.1"], ["embed.2"]), still


def test_straight_through_draws_codes_by_their_chances_and_passes_the_soft_gradient() -> None:
    logits = torch.tensor([0.0, 1.0, -1.0]).expand(20_000, 3).clone().requires_grad_()
    noise = GumbelPool(20_000, 3, seeded())
    noise.refill()
    gumbel = noise(20_000, 3)
    drawn = straight_through(logits, 0.5, gumbel)
    torch.testing.assert_close(drawn.sum(1), torch.ones(20_000))
    assert ((drawn.detach() - 0).abs().max(1).values - 1).abs().max() < 1e-6
    torch.testing.assert_close(drawn.detach().mean(0), torch.softmax(logits[0].detach(), 0), atol=0.02, rtol=0)
    weights = torch.randn(20_000, 3, generator=seeded(1))
    found = torch.autograd.grad((drawn * weights).sum(), logits)[0]
    soft = torch.softmax((logits + gumbel) / 0.5, 1)
    torch.testing.assert_close(found, torch.autograd.grad((soft * weights).sum(), logits)[0])


def test_labels_come_back_as_told_and_known_codes_are_kept() -> None:
    net = small_generator((1,)).eval()
    x = some_codes(net, 50)
    noise = GumbelPool(50, max(SIZES), seeded())
    noise.refill()
    hard, _ = net.play(torch.randn(50, 3, generator=seeded()), x[:, net.labels], 0.7, noise)
    assert torch.equal(hard[net.labels[0]].argmax(1), x[:, net.labels[0]])
    codes, mass = net.draw(torch.randn(50, 3, generator=seeded()), x, torch.rand(50, 3, generator=seeded()), {})
    assert torch.equal(codes, x)
    assert (mass < 0).all()


# ---- the step ----------------------------------------------------------------------------------------------------


class Duel:
    """The generator wants its number near the critic's, the critic wants its own near 3."""

    def __init__(self) -> None:
        self.critic, self.generator = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
        self.critic_steps = 0

    def draw(self, rows: torch.Tensor) -> torch.Tensor:
        return self.generator.expand(len(rows))

    def critic_loss(self, rows: torch.Tensor, fake: torch.Tensor, step: int) -> torch.Tensor:
        assert step == self.critic_steps
        self.critic_steps += 1
        return (self.critic - 3).square().sum() + 0 * fake.detach().sum()

    def generator_loss(self, rows: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        return (fake - self.critic).square().mean()


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_each_side_moves_by_its_own_loss_only(critic_steps: int) -> None:
    duel, schedule = Duel(), Schedule(learning_rate=0.05, weight_decay=0.0)
    step = Alternating(duel, [duel.critic], [duel.generator], schedule, critic_steps=critic_steps)
    for i in range(300):
        step(torch.arange(4), i / 300)
    assert duel.critic_steps == 300 * critic_steps
    assert float(duel.critic.detach()) == pytest.approx(3, abs=0.1)
    assert float(duel.generator.detach()) == pytest.approx(3, abs=0.3)


def test_a_resumed_step_goes_on_as_the_unbroken_one() -> None:
    def run(broken: bool) -> float:
        duel, schedule, kept = Duel(), Schedule(learning_rate=0.05), torch.nn.ParameterList([torch.zeros(1)])
        learner = torch.nn.ParameterList([duel.generator])

        def fresh() -> Alternating[torch.Tensor]:
            average = Averaged(learner, kept, 0.9)
            return Alternating(duel, [duel.critic], [duel.generator], schedule, average=average)

        step = fresh()
        for i in range(20):
            if broken and i == 10:
                state = {name: value.clone() for name, value in step.state().items()}
                step = fresh()
                step.load_state(state)
            step(torch.arange(4), i / 20)
        return float(kept[0].detach())

    assert run(broken=True) == run(broken=False)


def test_averaged_weights_lie_among_those_passed() -> None:
    source, target = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    average, expected = Averaged(source, target, 0.9), float(target.weight.detach())
    for step in range(1, 200):
        with torch.no_grad():
            source.weight.fill_(float(step))
        average.update()
        expected += (1 - min(0.9, step / (step + 9))) * (step - expected)
    assert float(target.weight.detach()) == pytest.approx(expected, rel=1e-4)
    assert float(target.weight.detach()) == pytest.approx(199 - 9, abs=0.5)  # the mean age is decay / (1 - decay)


def test_a_loss_that_is_no_number_ends_with_the_best_weights() -> None:
    module, losses = torch.nn.Linear(1, 1, bias=False), iter([1.0, 1.0, 1.0, math.nan])

    class Step:
        is_game = False

        def __call__(self, rows: torch.Tensor, passed: float) -> torch.Tensor:
            with torch.no_grad():
                module.weight += 1
            return torch.tensor(next(losses))

        def state(self) -> dict[str, torch.Tensor]:
            return {}

        def load_state(self, state: dict[str, torch.Tensor]) -> None: ...

    with torch.no_grad():
        module.weight.zero_()
    distances = iter([0.5, 0.1, 0.3, 0.4])
    schedule = Schedule(epochs=9, batch_size=4)
    with pytest.warns(LikewiseWarning, match="the weights of epoch 2 were kept"):
        record = train(module, Step(), 4, schedule, generator=seeded(), holdout_loss=lambda: next(distances))
    assert record.stopped == "diverged"
    assert record.best_epoch == 2
    assert float(module.weight.detach()) == 2


def test_a_pac_that_does_not_divide_is_told_what_would() -> None:
    assert pac_misfit(10, 512).endswith("pac 8 would, or batch_size 510")


# ---- pairs of columns ----------------------------------------------------------------------------------------------


def alphabet_of(*sizes: int) -> Alphabet:
    ranked = (np.arange(k, dtype=np.float32) / k + 0.5 / k for k in sizes)
    return Alphabet(tuple(Field(size=len(p), positions=p, emit=np.ones(len(p), bool)) for p in ranked))


def tied_rows(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).integers(0, 4, n)
    return np.stack([x, x * 5 + np.random.default_rng(seed + 1).integers(0, 5, n)], 1)


def test_rows_like_the_real_ones_are_near_and_shuffled_ones_far() -> None:
    variety = Variety(tied_rows(4000), alphabet_of(4, 20))
    near = variety.measure(tied_rows(4000, seed=5))
    shuffled = tied_rows(4000)
    shuffled[:, 0] = np.random.default_rng(0).permutation(shuffled[:, 0])
    far = variety.measure(shuffled)
    assert near["distance"] < 0.05 < 0.4 < far["distance"]
    assert min(near["recall"], far["recall"], near["levels"]) == pytest.approx(1.0)
    lost = variety.measure(tied_rows(4000)[tied_rows(4000)[:, 0] == 2])
    assert lost["recall"] == pytest.approx(0.25, abs=0.03)
    assert lost["levels"] == pytest.approx(6 / 24)


def test_the_loss_of_moments_is_nought_for_the_same_law_and_its_gradient_points_there() -> None:
    rows, alphabet = tied_rows(4000), alphabet_of(4, 20)
    moments = Moments.of(rows, coarse_maps(rows, alphabet))

    def loss_of(codes: np.ndarray) -> float:
        hard = [torch.nn.functional.one_hot(torch.from_numpy(codes[:, j]), k).float() for j, k in enumerate((4, 20))]
        return float(moments.loss(hard, hard))

    shuffled = rows.copy()
    shuffled[:, 0] = np.random.default_rng(0).permutation(rows[:, 0])
    assert abs(loss_of(tied_rows(4000, seed=5))) < 0.02 * loss_of(shuffled)
    first = torch.nn.functional.one_hot(torch.from_numpy(rows[:, 0]), 4).float()
    table = torch.zeros(4, 20, requires_grad=True)
    second = torch.softmax(first @ table, 1)
    gradient = torch.autograd.grad(moments.loss([first, second], [first, second]), table)[0]
    wanted = np.zeros((4, 20), bool)
    wanted[rows[:, 0], rows[:, 1]] = True
    # Coarse codes straddle some: not each of them, but by far the most.
    assert (gradient.numpy()[wanted] < 0).mean() > 0.8
    assert (gradient.numpy()[~wanted] > 0).mean() > 0.8
