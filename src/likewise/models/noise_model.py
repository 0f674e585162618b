"""What the generators share whose net makes rows of noise while a critic judges them: draws, state, and a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from likewise.codecs.base import Codes, Given
from likewise.dp.ledger import Ledger
from likewise.errors import TrainingError
from likewise.models.adversarial import Averaged, is_finite
from likewise.models.gan_draws import NoiseDrawing
from likewise.models.gradient import in_net_order
from likewise.models.noisy_pairs import NoisyPairs
from likewise.models.private import OneWay, planned, public_rows, steps_of
from likewise.models.private_duel import BlindGame, PrivateDuel
from likewise.models.told import ToldModel
from likewise.private_training import train_privately
from likewise.training import Progress, Schedule, one_thread

if TYPE_CHECKING:
    from likewise.nets.ctgan import DenseGenerator
    from likewise.nets.generator import TableGenerator

PAIRS_SHARE = 0.7
"""Share of a budget for the counts of pairs."""

PRIVATE_MOMENTS = 100.0
"""Weight of the second moments under a budget: a critic under noise says little, and the pairs nearly all."""

PRIVATE_PASSES, PRIVATE_RATE = 20, 1 / 32
"""Under a budget: how often each row is taken, and how likely it is in a step."""

POOL = 2**14
"""Labels drawn at once, to be told in training."""

Net = TypeVar("Net", bound="TableGenerator | DenseGenerator")


class NoiseModel(ToldModel[Net]):
    """A generator whose net makes rows of noise, beside the law of the labels it is told."""

    moments: float | None
    epochs: int | None
    clip: float
    sampling_rate: float | None

    @one_thread()
    def sample(self, n: int, *, rng: np.random.Generator, given: Given | None = None) -> Codes:
        codes = NoiseDrawing(self._fitted(), self._told(), self._alphabet, given or Given()).rows(n, rng)
        # Inside a code every place is as likely as another: that is what a fraction means.
        fractions = rng.random((n, self._alphabet.n_fractions), dtype=np.float32)
        return Codes(codes.astype(self._alphabet.code_dtype), fractions)

    def _weight(self) -> float:
        """Of the second moments."""
        if self.moments is not None:
            return self.moments
        return 1.0 if self.ledger is None else PRIVATE_MOMENTS

    # ---- under a budget ----------------------------------------------------------------------------------------------

    def _count_pairs(self, codes: Codes, known: OneWay, ledger: Ledger) -> NoisyPairs | None:
        return NoisyPairs.of(codes.codes, self._alphabet, known, ledger.rho * PAIRS_SHARE, ledger)

    def _play_privately(
        self,
        game: BlindGame,
        learner: Net,
        codes: Codes,
        n_rows: float,
        schedule: Schedule,
        *,
        critic_steps: int,
        critic_rate: float,
        average: Averaged | None = None,
        device: str = "cpu",
        progress: Progress | None = None,
    ) -> None:
        """Spend what is left of the budget on steps of the critic.

        Raises:
            TrainingError: the weights are not numbers at the end.
        """
        import torch

        assert self.ledger is not None
        passes = PRIVATE_PASSES if self.epochs is None else self.epochs
        steps = steps_of(passes, PRIVATE_RATE if self.sampling_rate is None else self.sampling_rate)
        [self.plan] = planned(self.ledger, [("gradients of the critic", steps)], clip=self.clip, n_rows=n_rows)
        duel = PrivateDuel(
            game,
            list(learner.train().parameters()),
            self.plan,
            schedule,
            public=public_rows(learner).to(device),
            critic_steps=critic_steps,
            critic_rate=critic_rate,
            average=average,
        )
        x = torch.from_numpy(in_net_order(learner, codes.codes)).to(device)
        self.record = train_privately(duel, x, passes=passes, progress=progress)
        if not is_finite(learner):
            raise TrainingError("the weights are not numbers; lower the learning rates")
