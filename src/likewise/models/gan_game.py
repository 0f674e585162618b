"""What a GAN plays: its draws against the training rows, and what either side lowers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from likewise.codecs.base import Alphabet, Codes
from likewise.models.adversarial import critic_loss, flatness_penalty, generator_loss, wasserstein_penalty
from likewise.models.gradient import in_net_order
from likewise.models.moments import Moments, coarse_maps

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic
    from likewise.nets.generator import TableGenerator

    Played = tuple[list[torch.Tensor], list[torch.Tensor]]

LAZY = 4
"""Steps between two penalties, each weighed as many times as much (Karras et al. 2020, appendix B)."""


@dataclass(frozen=True)
class Rules:
    """What is played for.

    Args:
        loss: one of `adversarial.LOSSES`.
        penalty: weight of the gradient penalty.
        moments: weight of the second moments in the generator's loss.
        temperature: of the soft draws that gradients pass.
    """

    loss: str
    penalty: float
    moments: float
    temperature: float


class RowGame:
    """Drawn rows against the training rows.

    Args:
        batch_size: rows a step.
    """

    def __init__(
        self,
        rules: Rules,
        net: TableGenerator,
        critic: Critic,
        train: Codes,
        alphabet: Alphabet,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        import torch

        from likewise.nets.generator import GumbelPool

        self.rules, self.net, self.critic, self.generator = rules, net, critic, generator
        self.x = torch.from_numpy(in_net_order(net, train.codes)).to(net.back.device)
        self.noise = GumbelPool(batch_size, max(net.sizes), generator)
        self.order = [*net.labels, *net.drawn]
        columns = [net.columns[i] for i in self.order]
        in_order = Alphabet(tuple(alphabet.fields[j] for j in columns))
        wanted = rules.moments and batch_size > 1
        codes = train.codes[:, columns]
        self.moments = Moments(codes, coarse_maps(codes, in_order, str(self.x.device))) if wanted else None

    def refill(self) -> None:
        """Fresh noise for an epoch."""
        self.critic.drop.refill(self.generator)
        self.noise.refill()

    def draw(self, rows: torch.Tensor) -> Played:
        """What was drawn in the place of these rows, and by what shares. Labels are those of the training rows."""
        import torch

        z = torch.randn(len(rows), self.net.n_latent, generator=self.generator).to(self.x.device)
        labels = self.x[rows.to(self.x.device)][:, self.net.labels].long()
        return self.net.play(z, labels, self.rules.temperature, self.noise)

    def critic_loss(self, rows: torch.Tensor, fake: Played, step: int) -> torch.Tensor:
        import torch

        rules, critic = self.rules, self.critic
        embeds = critic.tables()[0]
        real = critic.embed_codes(self.x[rows.to(self.x.device)].long(), embeds)
        drawn = critic.embed_soft([part.detach() for part in fake[0]], embeds)
        loss = critic_loss(rules.loss, *critic.judge(torch.cat([real, drawn])).chunk(2))
        if rules.penalty and rules.loss == "wasserstein":
            mixed = torch.rand(len(rows) // critic.pac, generator=self.generator).to(real.device)
            return loss + rules.penalty * wasserstein_penalty(critic, real, drawn, mixed)
        if rules.penalty and step % LAZY == 0:
            return loss + LAZY * rules.penalty * flatness_penalty(critic, real)
        return loss

    def generator_loss(self, rows: torch.Tensor, fake: Played) -> torch.Tensor:
        embeds = [table.detach() for table in self.critic.tables()[0]]
        loss = generator_loss(self.rules.loss, self.critic.judge(self.critic.embed_soft(fake[0], embeds)))
        if self.moments is None:
            return loss
        hard, soft = ([parts[i] for i in self.order] for parts in fake)
        return loss + self.rules.moments * self.moments.loss(hard, soft)
