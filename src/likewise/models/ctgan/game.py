"""What a CTGAN plays: dense rows under conditions against real ones, and what either side lowers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.models.adversarial.losses import (
    critic_loss,
    generator_loss,
    loss_on_drawn,
    loss_on_real,
    slope,
    wasserstein_penalty,
)
from likewise.models.adversarial.moments import Moments

if TYPE_CHECKING:
    import torch

    from likewise.nets.ctgan import DenseCritic, DenseGenerator

PENALTY = 10.0

MOST_FEATURES = 2000
"""Codes of all fields, at most, for second moments to be taken of them."""


class DenseGame:
    """Dense rows against those of the training rows, under the same conditions."""

    def __init__(
        self,
        net: DenseGenerator,
        critic: DenseCritic,
        codes: npt.NDArray[np.integer],
        counts: Sequence[npt.NDArray[Any]],
        log_frequency: bool,
        weight: float,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        import torch

        from likewise.nets.gan import GumbelPool

        self.net, self.critic, self.generator = net, critic, generator
        self.x = torch.from_numpy(codes.astype(np.int64))
        self.by_level = ByLevel(codes, counts, net.asked, log_frequency)
        self.noise = GumbelPool(batch_size, net.spans[-1].stop, generator)
        wanted = weight and batch_size > 1 and sum(net.sizes) <= MOST_FEATURES
        self.weight, self.moments = weight, Moments.of(codes, net.feature_maps()) if wanted else None

    def refill(self) -> None:
        """Fresh noise for an epoch."""
        self.critic.drop.refill(self.generator)
        self.noise.refill()

    def draw(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Real rows chosen by level, what they are told, what the generator made of it, bent and raw."""
        import torch

        place, code, chosen = self.by_level.draw(rows, self.generator)
        real = self.x[chosen]
        labels = real[:, self.net.labels]
        condition = self.net.condition(place, code, labels)
        noise = torch.randn(len(rows), self.net.n_noise, generator=self.generator)
        raw = self.net(noise, condition)
        fake = self.net.bend(raw, labels, self.noise(*raw.shape))
        return real, condition, fake, raw, place, code

    def critic_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, ...], step: int) -> torch.Tensor:
        import torch

        real, condition, bent, *_ = fake
        real_rows = torch.cat([dense(self.net, real, self.generator), condition], 1)
        fake_rows = torch.cat([bent.detach(), condition], 1)
        loss = critic_loss("wasserstein", *self.critic.judge(torch.cat([real_rows, fake_rows])).chunk(2))
        mixed = torch.rand(len(rows) // self.critic.pac, generator=self.generator)
        return loss + PENALTY * wasserstein_penalty(self.critic, real_rows, fake_rows, mixed)

    def generator_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, ...]) -> torch.Tensor:
        _, condition, bent, raw, place, code = fake
        loss = to_please(self.net, self.critic, condition, bent, raw, place, code)
        return loss if self.moments is None else loss + self.weight * self._moments(self.moments, rows)

    def _moments(self, moments: Moments, rows: torch.Tensor) -> torch.Tensor:
        """Distance of the second moments of rows that are told what training rows hold, as often as they hold it."""
        import torch

        real = self.x[rows]
        noise = torch.randn(len(rows), self.net.n_latent, generator=self.generator)
        labels, place = real[:, self.net.labels], torch.zeros(len(rows), dtype=torch.long)
        code = place
        if self.net.asked:
            place = torch.randint(len(self.net.asked), (len(rows),), generator=self.generator)
            code = real.gather(1, torch.tensor(self.net.asked)[place][:, None])[:, 0]
        raw = self.net(noise[:, : self.net.n_noise], self.net.condition(place, code, labels))
        features = self.net.features(raw, labels)
        return moments.distance(features, features)


class BlindDenseGame:
    """The game under a budget: it holds no row, and meets some only in `row_loss`, where each has a loss of its own.

    NOTE[DIFF]: rows are not chosen by level. A real row is told its own level of a column, a drawn one a level by its
    noisy share; the penalty is taken at drawn rows alone.

    Args:
        told: (m, labels) codes, by the noisy law of the labels.
        weight: of the moments, which are to be set.
        batch_size: rows drawn a step.
    """

    moments: Moments | None = None
    """Made of noisy counts; None leaves all to the critic."""

    def __init__(
        self,
        net: DenseGenerator,
        critic: DenseCritic,
        told: torch.Tensor,
        weight: float,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        from likewise.nets.gan import GumbelPool

        self.net, self.critic, self.told, self.generator = net, critic, told, generator
        self.weight, self.batch_size = weight, batch_size
        self.noise = GumbelPool(batch_size, net.spans[-1].stop, generator)

    def refill(self) -> None:
        """Fresh noise."""
        self.noise.refill()

    def draw(self) -> tuple[torch.Tensor, ...]:
        """What rows are told by noisy shares, and what the generator made of it, bent and raw."""
        import torch

        net, n = self.net, self.batch_size
        labels = self.told[torch.randint(len(self.told), (n,), generator=self.generator)]
        place, code = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)
        if net.asked:
            place = torch.randint(len(net.asked), (n,), generator=self.generator)
            for i, j in enumerate(net.asked):
                at = torch.nonzero(place == i)[:, 0]
                if len(at):
                    code[at] = torch.multinomial(net.share_of(j), len(at), replacement=True, generator=self.generator)
        condition = net.condition(place, code, labels)
        raw = net(torch.randn(n, net.n_noise, generator=self.generator), condition)
        return condition, net.bend(raw, labels, self.noise(*raw.shape)), raw, place, code, labels

    def row_loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        import torch

        net, rows = self.net, rows.long()
        place = code = torch.zeros(len(rows), dtype=torch.long)
        if net.asked:
            place = torch.randint(len(net.asked), (len(rows),), generator=own)
            code = rows.gather(1, torch.tensor(net.asked)[place][:, None])[:, 0]
        condition = net.condition(place, code, rows[:, net.labels])
        return loss_on_real("wasserstein", self.critic.judge(torch.cat([dense(net, rows, own), condition], 1)))

    def drawn_loss(self, step: int) -> torch.Tensor:
        import torch

        with torch.no_grad():
            condition, bent, *_ = self.draw()
        rows = torch.cat([bent, condition], 1)
        loss = loss_on_drawn("wasserstein", self.critic.judge(rows)).mean()
        return loss + PENALTY * (slope(self.critic, rows) - 1).square().mean()

    def generator_loss(self) -> torch.Tensor:
        *played, labels = self.draw()
        loss = to_please(self.net, self.critic, *played)
        if self.moments is None:
            return loss
        features = self.net.features(played[2], labels)
        return loss + self.weight * self.moments.distance(features, features)


def dense(net: DenseGenerator, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Real rows, each number's mode drawn by what its code says. Shape: (B, D) codes -> (B, S)."""
    import torch
    from torch.nn import functional as F

    parts = []
    for j, span in enumerate(net.spans):
        if span.modes is None:
            parts.append(F.one_hot(x[:, j], span.stop - span.start).float())
            continue
        chance, place, *_ = span.modes
        mode = torch.multinomial(chance[x[:, j]], 1, generator=generator)
        parts += [place[x[:, j]].gather(1, mode), F.one_hot(mode[:, 0], chance.shape[1]).float()]
    return torch.cat(parts, 1)


def to_please(
    net: DenseGenerator,
    critic: DenseCritic,
    condition: torch.Tensor,
    bent: torch.Tensor,
    raw: torch.Tensor,
    place: torch.Tensor,
    code: torch.Tensor,
) -> torch.Tensor:
    """What the generator lowers: scores of drawn rows, and that they are not what they were told."""
    import torch
    from torch.nn import functional as F

    loss = generator_loss("wasserstein", critic.judge(torch.cat([bent, condition], 1)))
    for i, j in enumerate(net.asked):  # what a row is told it must be
        span, chosen = net.spans[j], place == i
        told = F.cross_entropy(raw[chosen, span.start : span.stop], code[chosen], reduction="sum")
        loss = loss + told / len(raw)
    return loss


class ByLevel:
    """Training by sampling (Xu et al. 2019, section 4.3): a column, one of its levels, a row that has it.

    Args:
        codes: (n, D).
        counts: (K,) rows of each code of each field.
        asked: the fields to choose among.
        log_frequency: choose levels by log(1 + rows), not by rows.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.integer],
        counts: Sequence[npt.NDArray[Any]],
        asked: Sequence[int],
        log_frequency: bool,
    ) -> None:
        import torch

        # Rows sorted by level: those of a level stand together, so that one draw finds one.
        self.rows = [torch.from_numpy(np.argsort(codes[:, j], kind="stable")) for j in asked]
        self.counts = [torch.from_numpy(counts[j].astype(np.int64)) for j in asked]
        self.first = [c.cumsum(0) - c for c in self.counts]
        self.weights = [(c.double() + 1).log() if log_frequency else c.double() for c in self.counts]

    def draw(self, rows: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Places in `asked`, codes and row numbers, (B,) each; the rows themselves where there is nothing to ask."""
        import torch

        n = len(rows)
        place, code, chosen = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long), rows.clone()
        if not self.rows:
            return place, code, chosen
        place = torch.randint(len(self.rows), (n,), generator=generator)
        for i, (order, counts, first, weights) in enumerate(
            zip(self.rows, self.counts, self.first, self.weights, strict=True)
        ):
            at = torch.nonzero(place == i)[:, 0]
            if not len(at):
                continue
            level = torch.multinomial(weights, len(at), replacement=True, generator=generator)
            offset = (torch.rand(len(at), generator=generator, dtype=torch.float64) * counts[level]).long()
            code[at], chosen[at] = level, order[first[level] + offset.clamp(max=counts[level] - 1)]
        return place, code, chosen
