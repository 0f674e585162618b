"""Critics that tilt the law of a model towards that of real rows: learnt, held to held-out rows, and normalised.

Legend: B batch, n rows, m draws, D fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from likewise.codecs.base import Codes
from likewise.dp.gate import ClippedSums
from likewise.models.gradient.inputs import public_rows
from likewise.training.loop import Descent, Progress, Record, Schedule, by_autograd, train
from likewise.training.private import PrivateDescent, train_privately

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic

MOST_TILT = math.log(4)
"""No row is made more than so many times as likely, in natural log: at worst one draw in four is kept."""

FURTHEST = 0.01
"""Share of the draws that may be worth more than the most: a few rows in a hundred must not set everyone's price."""

SCALES = np.linspace(0.0, 1.5, 31)
"""Factors of the critic's scores among which held-out rows choose; nothing is tilted at 0."""

BATCH = 8192
"""Rows judged at once."""


@dataclass(frozen=True)
class Tilt:
    """What makes rows more or less likely than the model that drew them: exp(t(x)), whose mean over draws is 1.

    Args:
        critics: scores of rows, of which the mean is taken: what a single critic imagines, the others do not. Trained
            by cross-entropy, scores are the log ratio of the densities of real and drawn rows (Goodfellow et al. 2014,
            proposition 1).
        scale: factor of the scores.
        most: the scaled score is cut here.
        log_mean: log of the mean over draws of what is left.
    """

    critics: Sequence[Critic]
    scale: float
    most: float
    log_mean: float

    def of(self, x: torch.Tensor) -> torch.Tensor:
        """t(x), natural log. Shape: (n, D) codes in the critics' own order -> (n,)."""
        return (self.scale * scores(self.critics, x)).clamp(max=self.most) - self.log_mean

    @property
    def highest(self) -> float:
        """The largest t there is: what a draw is kept by is its own t beside this."""
        return self.most - self.log_mean


def learn(
    critic: Critic,
    real: torch.Tensor,
    drawn: torch.Tensor,
    schedule: Schedule,
    *,
    held: tuple[torch.Tensor, torch.Tensor],
    generator: torch.Generator,
    progress: Progress | None = None,
) -> Record:
    """Teach a critic to tell real rows from draws, and keep its best weights on held-out ones.

    Args:
        real, drawn: (n, D) and (m, D) codes in the critic's own order.
        held: real rows and draws that it does not learn from.

    Raises:
        TrainingError: the loss was not a number before any epoch ended.
    """
    import torch
    from torch.nn import functional as F

    def loss(rows: torch.Tensor) -> torch.Tensor:
        others = torch.randint(len(drawn), (len(rows),), generator=generator)
        x = torch.cat([real[rows.to(real.device)], drawn[others.to(real.device)]]).long()
        on_real, on_drawn = critic(x).chunk(2)
        return F.softplus(-on_real) + F.softplus(on_drawn)

    return train(
        critic,
        Descent(critic, by_autograd(loss), schedule),
        len(real),
        schedule,
        generator=generator,
        holdout_loss=lambda: _cross_entropy(*(scores([critic], x) for x in held))[0],
        on_epoch=lambda: critic.drop.refill(generator),
        progress=progress,
        rate="critic_rate",
    )


def learn_privately(
    critic: Critic,
    sums: ClippedSums,
    rows_of: Callable[[Codes], torch.Tensor],
    drawn: torch.Tensor,
    schedule: Schedule,
    *,
    generator: torch.Generator,
) -> None:
    """Teach a critic by private steps. Draws keep the budget already: their part is neither clipped nor noisy."""
    import torch
    from torch.nn import functional as F

    def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        del own
        return F.softplus(-critic(rows.long()))

    def on_drawn() -> torch.Tensor:
        at = torch.randint(len(drawn), (max(round(sums.plan.batch), 1),), generator=generator)
        return F.softplus(critic(drawn[at.to(drawn.device)].long())).mean()

    public = public_rows(critic).to(drawn.device)
    descent = PrivateDescent(critic, loss, sums, schedule, rows_of=rows_of, public=public, shared=on_drawn)
    train_privately(descent, passes=1)


def scale_of(critics: Sequence[Critic], real: torch.Tensor, drawn: torch.Tensor) -> float:
    """The factor at which scores tell rows and draws apart best that no critic has learnt from.

    It is 0 where they do not do so beyond chance: by less than a standard error.
    """
    on_real, on_drawn = (scores(critics, x) for x in (real, drawn))
    tried = [_cross_entropy(on_real * scale, on_drawn * scale) for scale in SCALES]
    best = int(np.argmin([loss for loss, _ in tried]))
    return float(SCALES[best]) if tried[0][0] - tried[best][0] > tried[best][1] else 0.0


def normalised(critics: Sequence[Critic], scale: float, drawn: torch.Tensor) -> Tilt:
    """The tilt whose exponential has mean 1 over these (m, D) draws."""
    scaled = scale * scores(critics, drawn)
    most = min(float(np.quantile(scaled.numpy(), 1 - FURTHEST)), MOST_TILT)
    return Tilt(critics, scale, most, math.log(float(scaled.clamp(max=most).exp().mean())))


def scores(critics: Sequence[Critic], x: torch.Tensor) -> torch.Tensor:
    """(n,) mean scores, outside of training. Shape of x: (n, D)."""
    import torch

    with torch.inference_mode():
        parts = [torch.stack([critic(part.long()) for critic in critics]).mean(0) for part in torch.split(x, BATCH)]
    return torch.cat(parts).double() if len(x) else torch.zeros(0).double()


def _cross_entropy(on_real: torch.Tensor, on_drawn: torch.Tensor) -> tuple[float, float]:
    """Mean loss of a real row and a draw together, and its standard error. Shape: (n,), (m,)."""
    from torch.nn import functional as F

    parts = F.softplus(-on_real), F.softplus(on_drawn)
    loss = sum(float(part.mean()) for part in parts)
    return loss, math.sqrt(sum(float(part.var(correction=0)) / len(part) for part in parts))
