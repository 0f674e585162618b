"""What models trained against a critic share: losses, penalty, the alternating step, averaged weights.

Legend: B rows, G rows judged together, D fields, E embedding width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from likewise.training.loop import Schedule, one_cycle

if TYPE_CHECKING:
    import torch
    from torch import nn

LOSSES = ("nonsaturating", "wasserstein", "hinge")

BETAS = (0.5, 0.9)
"""Decay of Adam's means: short memories, for what each side learns against is never at rest."""

Fake = TypeVar("Fake")


def critic_loss(name: str, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """What the critic lowers, from the scores of real and of drawn rows. Shape: 2 x (B,) -> ()."""
    return loss_on_real(name, real).mean() + loss_on_drawn(name, fake).mean()


def loss_on_real(name: str, scores: torch.Tensor) -> torch.Tensor:
    """The critic's loss of each real row. Shape: (B,) -> (B,).

    "nonsaturating": cross-entropy (Goodfellow et al. 2014, section 3). "wasserstein": the difference of the means
    (Arjovsky, Chintala and Bottou 2017). "hinge": no more than a margin of one is asked (Lim and Ye 2017).
    """
    from torch.nn import functional as F

    if name == "nonsaturating":
        return F.softplus(-scores)
    return F.relu(1 - scores) if name == "hinge" else -scores


def loss_on_drawn(name: str, scores: torch.Tensor) -> torch.Tensor:
    """The critic's loss of each drawn row. Shape: (B,) -> (B,)."""
    from torch.nn import functional as F

    if name == "nonsaturating":
        return F.softplus(scores)
    return F.relu(1 + scores) if name == "hinge" else scores


def generator_loss(name: str, fake: torch.Tensor) -> torch.Tensor:
    """What the generator lowers, from the scores of its own rows. Shape: (B,) -> ()."""
    from torch.nn import functional as F

    return F.softplus(-fake).mean() if name == "nonsaturating" else -fake.mean()


class Judging(Protocol):
    """A critic of embedded or dense rows, `pac` of them together."""

    pac: int

    def judge(self, rows: torch.Tensor, /) -> torch.Tensor:
        """Scores. Shape: (B, ...) -> (B / G,)."""


def slope(critic: Judging, embedded: torch.Tensor) -> torch.Tensor:
    """How steep the critic is at each group of embedded rows: the norm of its gradient. Shape: (B, D * E) -> (B / G,).

    The gradient has a graph of its own, so what is made of it can be learnt from.
    """
    import torch

    at = embedded.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic.judge(at).sum(), at, create_graph=True)
    return (gradient.float().view(len(at) // critic.pac, -1).square().sum(1) + 1e-12).sqrt()


def wasserstein_penalty(critic: Judging, real: torch.Tensor, fake: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
    """How far the critic is from slope 1 between real and drawn rows (Gulrajani et al. 2017, equation 3).

    Args:
        real, fake: (B, D * E) embedded rows.
        mixed: (B / G,) in [0, 1): where between them each group lies.
    """
    import torch

    share = mixed.to(real.dtype).repeat_interleave(critic.pac)[:, None]
    return (slope(critic, torch.lerp(fake, real, share)) - 1).square().mean()


def flatness_penalty(critic: Judging, real: torch.Tensor) -> torch.Tensor:
    """How steep the critic is at real rows, R1 (Mescheder, Geiger and Nowozin 2018, equation 9)."""
    return slope(critic, real).square().mean()


class Averaged:
    """A moving average of a module's weights (Yazıcı et al. 2019), held in another module of the same shape.

    Args:
        decay: weight of what was, once there have been many steps; at first the average is plain.
    """

    def __init__(self, source: nn.Module, target: nn.Module, decay: float) -> None:
        self.source: list[torch.Tensor] = list(source.parameters())
        self.target: list[torch.Tensor] = list(target.parameters())
        self.decay = decay
        self.steps = 0

    def update(self) -> None:
        import torch

        self.steps += 1
        share = 1 - min(self.decay, self.steps / (self.steps + 9))
        with torch.no_grad():
            torch._foreach_lerp_(self.target, self.source, share)


class Game(Protocol[Fake]):
    """What is played: how rows are drawn, and what either side lowers."""

    def draw(self, rows: torch.Tensor) -> Fake:
        """Drawn rows in the place of these, with the graph that leads to the generator."""

    def critic_loss(self, rows: torch.Tensor, fake: Fake, step: int) -> torch.Tensor:
        """To be lowered by the critic, from whom no gradient may reach the generator."""

    def generator_loss(self, rows: torch.Tensor, fake: Fake) -> torch.Tensor:
        """To be lowered by the generator."""


class Alternating(Generic[Fake]):
    """Steps of a critic, then one of the generator: a `Step` of the training loop.

    Args:
        critic, generator: the parameters of either side.
        critic_steps: steps of the critic before each of the generator; all see the same real rows and fresh draws.
        critic_rate: the critic's peak rate over the generator's.
        critic_decay: the critic's weight decay; None for that of the schedule, which is the generator's.
        average: of the generator's weights, brought up to date when both have moved.
    """

    is_game: ClassVar[bool] = True

    def __init__(
        self,
        game: Game[Fake],
        critic: Sequence[torch.Tensor],
        generator: Sequence[torch.Tensor],
        schedule: Schedule,
        *,
        critic_steps: int = 1,
        critic_rate: float = 1.0,
        critic_decay: float | None = None,
        betas: tuple[float, float] = BETAS,
        average: Averaged | None = None,
    ) -> None:
        from likewise.training.optimiser import AdamW

        self.game, self.schedule, self.average = game, schedule, average
        self.critic_steps, self.critic_rate, self.steps = critic_steps, critic_rate, 0
        decay = schedule.weight_decay
        sides = (critic, decay if critic_decay is None else critic_decay), (generator, decay)
        self.critic, self.generator = (
            AdamW((p for p in parameters if p.numel()), betas=betas, weight_decay=d) for parameters, d in sides
        )

    def __call__(self, rows: torch.Tensor, passed: float) -> torch.Tensor:
        import torch

        rate = self.schedule.learning_rate * one_cycle(passed, self.schedule.warmup)
        for i in range(self.critic_steps):
            with torch.set_grad_enabled(i + 1 == self.critic_steps):  # only the last draw is learnt from
                fake = self.game.draw(rows)
            loss = self.game.critic_loss(rows, fake, self.steps)
            descend(self.critic.parameters, loss)
            self.critic.step(rate * self.critic_rate)
            self.steps += 1
        descend(self.generator.parameters, self.game.generator_loss(rows, fake))
        self.generator.step(rate)
        if self.average is not None:
            self.average.update()
        return loss.detach()

    def state(self) -> dict[str, torch.Tensor]:
        import torch

        sides = {"critic": self.critic.state(), "generator": self.generator.state()}
        named = {f"{side}.{name}": value for side, part in sides.items() for name, value in part.items()}
        return named | {"steps": torch.tensor(self.steps)}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        for side, optimiser in (("critic", self.critic), ("generator", self.generator)):
            part = {name.removeprefix(f"{side}."): v for name, v in state.items() if name.startswith(f"{side}.")}
            optimiser.load_state(part)
        self.steps = int(state["steps"])
        if self.average is not None:
            self.average.steps = self.steps // self.critic_steps


def descend(parameters: Sequence[torch.Tensor], loss: torch.Tensor) -> None:
    """Give these parameters their gradients, and no others any."""
    import torch

    gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def is_finite(net: nn.Module) -> bool:
    """Whether every weight is a number: what a net that diverged would draw has no distance to anything."""
    return all(bool(p.isfinite().all()) for p in net.parameters())


def pac_misfit(pac: int, batch_size: int) -> str:
    """What to say where groups do not fill a batch, and what would."""
    nearest = max(round(batch_size / pac), 1) * pac
    divisors = [k for k in range(1, batch_size + 1) if batch_size % k == 0]
    fitting = min(divisors, key=lambda k: (abs(k - pac), k))
    return (
        f"pac must divide batch_size, got pac {pac} and batch_size {batch_size}; "
        f"pac {fitting} would, or batch_size {nearest}"
    )
