"""What a GAN plays: its draws against the training rows, and what either side lowers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from likewise.codecs.base import Alphabet, Codes
from likewise.models.adversarial.losses import (
    critic_loss,
    flatness_penalty,
    generator_loss,
    loss_on_drawn,
    loss_on_real,
    slope,
    wasserstein_penalty,
)
from likewise.models.adversarial.moments import Moments, coarse_maps
from likewise.models.gradient.inputs import in_net_order

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic
    from likewise.nets.gan import TableGenerator

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


class Drawer:
    """What both games share: how rows are drawn, and what the generator lowers.

    Args:
        batch_size: rows drawn at once, at most.
    """

    moments: Moments | None = None
    """To be met by drawn rows; None leaves all to the critic."""

    def __init__(
        self, rules: Rules, net: TableGenerator, critic: Critic, batch_size: int, generator: torch.Generator
    ) -> None:
        from likewise.nets.gan import GumbelPool

        self.rules, self.net, self.critic, self.generator = rules, net, critic, generator
        self.device = net.back.device
        self.noise = GumbelPool(batch_size, max(net.sizes), generator)
        self.order = [*net.labels, *net.drawn]
        self.columns = [net.columns[i] for i in self.order]

    def refill(self) -> None:
        """Fresh noise for an epoch."""
        self.critic.drop.refill(self.generator)
        self.noise.refill()

    def _play(self, labels: torch.Tensor) -> Played:
        """Rows that are told these labels, (B, labels) codes, and by what shares they were drawn."""
        import torch

        z = torch.randn(len(labels), self.net.n_latent, generator=self.generator).to(self.device)
        return self.net.play(z, labels, self.rules.temperature, self.noise)

    def _embedded(self, fake: Played, embeds: list[torch.Tensor]) -> torch.Tensor:
        """Drawn rows as the critic sees them; no gradient goes back to who drew them."""
        return self.critic.embed_soft([part.detach() for part in fake[0]], embeds)

    def _to_please(self, fake: Played) -> torch.Tensor:
        embeds = [table.detach() for table in self.critic.tables()[0]]
        loss = generator_loss(self.rules.loss, self.critic.judge(self.critic.embed_soft(fake[0], embeds)))
        if self.moments is None:
            return loss
        hard, soft = ([parts[i] for i in self.order] for parts in fake)
        return loss + self.rules.moments * self.moments.loss(hard, soft)


class RowGame(Drawer):
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

        super().__init__(rules, net, critic, batch_size, generator)
        self.x = torch.from_numpy(in_net_order(net, train.codes)).to(self.device)
        if rules.moments and batch_size > 1:
            codes, in_order = train.codes[:, self.columns], Alphabet(tuple(alphabet.fields[j] for j in self.columns))
            self.moments = Moments.of(codes, coarse_maps(codes, in_order, str(self.device)))

    def draw(self, rows: torch.Tensor) -> Played:
        """What was drawn in the place of these rows, and by what shares. Labels are those of the training rows."""
        return self._play(self.x[rows.to(self.device)][:, self.net.labels].long())

    def critic_loss(self, rows: torch.Tensor, fake: Played, step: int) -> torch.Tensor:
        import torch

        rules, critic = self.rules, self.critic
        embeds = critic.tables()[0]
        real = critic.embed_codes(self.x[rows.to(self.device)].long(), embeds)
        drawn = self._embedded(fake, embeds)
        loss = critic_loss(rules.loss, *critic.judge(torch.cat([real, drawn])).chunk(2))
        if rules.penalty and rules.loss == "wasserstein":
            mixed = torch.rand(len(rows) // critic.pac, generator=self.generator).to(real.device)
            return loss + rules.penalty * wasserstein_penalty(critic, real, drawn, mixed)
        if rules.penalty and step % LAZY == 0:
            return loss + LAZY * rules.penalty * flatness_penalty(critic, real)
        return loss

    def generator_loss(self, rows: torch.Tensor, fake: Played) -> torch.Tensor:
        return self._to_please(fake)


class BlindRowGame(Drawer):
    """The game under a budget: it holds no row, and meets some only in `row_loss`, where each has a loss of its own.

    Args:
        told: (m, labels) codes, by the noisy law of the labels.
        batch_size: rows drawn a step.
    """

    def __init__(
        self,
        rules: Rules,
        net: TableGenerator,
        critic: Critic,
        told: torch.Tensor,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__(rules, net, critic, batch_size, generator)
        self.told, self.batch_size = told.to(self.device), batch_size

    def draw(self) -> Played:
        """Rows told labels by the noisy law, and by what shares they were drawn."""
        import torch

        at = torch.randint(len(self.told), (self.batch_size,), generator=self.generator)
        return self._play(self.told[at.to(self.device)])

    def row_loss(self, rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
        del own
        return loss_on_real(self.rules.loss, self.critic(rows.long()))

    def drawn_loss(self, step: int) -> torch.Tensor:
        """NOTE[DIFF]: the penalty is taken at drawn rows alone."""
        import torch

        rules, critic = self.rules, self.critic
        with torch.no_grad():
            fake = self.draw()
        drawn = self._embedded(fake, critic.tables()[0])
        loss = loss_on_drawn(rules.loss, critic.judge(drawn)).mean()
        if rules.penalty and rules.loss == "wasserstein":
            return loss + rules.penalty * (slope(critic, drawn) - 1).square().mean()
        if rules.penalty and step % LAZY == 0:
            return loss + LAZY * rules.penalty * flatness_penalty(critic, drawn)
        return loss

    def generator_loss(self) -> torch.Tensor:
        return self._to_please(self.draw())
