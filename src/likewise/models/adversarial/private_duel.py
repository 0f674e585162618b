"""A critic's private steps, and between them those of a generator, which sees no row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.errors import TrainingError
from likewise.models.adversarial.losses import BETAS, Averaged, descend, is_finite
from likewise.training.loop import Progress, Record, Schedule, one_cycle
from likewise.training.private import PrivateDescent, train_privately

if TYPE_CHECKING:
    import torch
    from torch import nn

REFILL = 64
"""Steps between two fillings of the pool of noise."""


class BlindGame(Protocol):
    """What is played without a look at the rows, but for those that each private step hands to `row_loss`."""

    @property
    def critic(self) -> nn.Module:
        """Who judges."""

    def row_loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        """The critic's loss of each of some real rows. Shape: (B, D) -> (B,)."""

    def drawn_loss(self, step: int) -> torch.Tensor:
        """The critic's loss of drawn rows, penalties included; no gradient may reach the generator."""

    def generator_loss(self) -> torch.Tensor:
        """To be lowered by the generator."""

    def refill(self) -> None:
        """Fresh noise."""


class PrivateDuel(PrivateDescent):
    """Private steps of a critic, each one of the plan's, and one of the generator after every `critic_steps` of them.

    Of the critic's gradient only the real rows' part is clipped and gets noise: drawn rows come from weights that keep
    the promise already.

    Args:
        generator: its parameters.
        schedule: the generator's.
        critic_rate: the critic's peak rate over the generator's.
        average: of the generator's weights.
    """

    def __init__(
        self,
        game: BlindGame,
        generator: Sequence[torch.Tensor],
        sums: ClippedSums,
        schedule: Schedule,
        *,
        rows_of: Callable[[Codes], torch.Tensor],
        public: torch.Tensor,
        critic_steps: int,
        critic_rate: float,
        average: Averaged | None = None,
    ) -> None:
        from likewise.training.optimiser import AdamW

        super().__init__(
            game.critic,
            game.row_loss,
            sums,
            replace(schedule, learning_rate=schedule.learning_rate * critic_rate),
            rows_of=rows_of,
            public=public,
            shared=lambda: game.drawn_loss(self.steps),
        )
        self.game, self.whole, self.critic_steps, self.average = game, schedule, critic_steps, average
        self.other = AdamW(generator, betas=BETAS, weight_decay=schedule.weight_decay)

    def __call__(self, passed: float) -> None:
        if self.steps % REFILL == 0:
            self.game.refill()
        super().__call__(passed)
        if self.steps % self.critic_steps == 0:
            self.move(passed)

    def move(self, passed: float) -> None:
        """One step of the generator."""
        descend(self.other.parameters, self.game.generator_loss())
        self.other.step(self.whole.learning_rate * one_cycle(passed, self.whole.warmup))
        if self.average is not None:
            self.average.update()


def play_privately(
    game: BlindGame,
    learner: nn.Module,
    gate: Noisy,
    steps: Steps,
    schedule: Schedule,
    *,
    clip: float,
    n_rows: float,
    rows_of: Callable[[Codes], torch.Tensor],
    public: torch.Tensor,
    critic_steps: int = 1,
    critic_rate: float = 1.0,
    average: Averaged | None = None,
    passes: int,
    progress: Progress | None,
) -> Record:
    """Spend what is left of the budget on steps of the critic. Arguments are those of `PrivateDuel`, and:

    Args:
        steps: of the critic.
        clip: the norm to which each row's gradient is cut.
        n_rows: as best known under the budget.

    Raises:
        TrainingError: the weights are not numbers at the end.
    """
    [sums] = gate.clipped_sums([("gradients of the critic", steps)], clip=clip, n_rows=n_rows)
    duel = PrivateDuel(
        game, list(learner.train().parameters()), sums, schedule, rows_of=rows_of, public=public,
        critic_steps=critic_steps, critic_rate=critic_rate, average=average,
    )  # fmt: skip
    record = train_privately(duel, passes=passes, progress=progress)
    if not is_finite(learner):
        raise TrainingError("the weights are not numbers; lower the learning rates")
    return record
