"""What the generators share whose net makes rows while a critic judges them: draws, and learning under a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from likewise.codecs.base import Codes, Given
from likewise.dp.gate import Noisy
from likewise.models.adversarial.losses import is_finite
from likewise.models.adversarial.noisy_pairs import NoisyPairs
from likewise.models.adversarial.private_duel import BlindGame, play_privately
from likewise.models.adversarial.variety import LOOKED_AT, Variety
from likewise.models.drawing.conditioning import Budget
from likewise.models.gan.draws import NoiseDrawing
from likewise.models.gradient.conditional import ConditionalModel
from likewise.models.gradient.inputs import public_rows, rows_of
from likewise.models.marginals.counts import OneWay
from likewise.training.loop import Progress, Schedule, one_thread

if TYPE_CHECKING:
    from likewise.nets.ctgan import DenseGenerator
    from likewise.nets.gan import TableGenerator

PAIRS_SHARE = 0.7
"""Share of a budget for the counts of pairs."""

POOL = 2**14
"""Labels drawn at once, to be told in training."""

Net = TypeVar("Net", bound="TableGenerator | DenseGenerator")


class AdversarialModel(ConditionalModel[Net]):
    """A generator whose net makes rows out of random numbers, beside the law of the labels it is told."""

    private_rate: ClassVar[float] = 1 / 32
    # A critic under noise says little, and the second moments nearly all.
    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {"moments": (1.0, 100.0)}

    moments: float | None

    @one_thread()
    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        drawing = NoiseDrawing(self._fitted(), self._label_law(), self._alphabet, given)
        budget = Budget.of(n, given, self.condition_fields)
        return self._in_blocks(n, rng, lambda rows, stream: drawing.block(rows, stream, budget))

    def _held_out(
        self, holdout: Codes, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """What training is told of held-out rows: how far draws are from them, and what else was measured.

        Args:
            before, after: called around the draws.
        """
        notes: dict[str, float] = {}
        held = Variety(holdout.codes, self._alphabet)

        def distance() -> float:
            if not is_finite(self._fitted()):
                return math.nan
            before()
            drawing = NoiseDrawing(self._fitted(), self._label_law(), self._alphabet, Given())
            drawn, _ = drawing.candidates(LOOKED_AT, np.random.default_rng(0))
            after()
            notes.update(held.measure(drawn))
            return notes.pop("distance")

        return {"holdout_loss": distance if len(holdout) else None, "notes": notes}

    # ---- under a budget ----------------------------------------------------------------------------------------------

    def _count_pairs(self, gate: Noisy, known: OneWay) -> NoisyPairs | None:
        return NoisyPairs.of(gate, self._alphabet, known, PAIRS_SHARE)

    def _play_privately(
        self, game: BlindGame, learner: Net, gate: Noisy, n_rows: float, schedule: Schedule, device: str = "cpu",
        progress: Progress | None = None, **pace: Any,
    ) -> None:  # fmt: skip
        """Spend what is left of the budget on steps of the critic, as `play_privately` does."""
        self.record = play_privately(
            game, learner, gate, self._steps(), schedule, clip=self.clip, n_rows=n_rows, rows_of=rows_of(learner),
            public=public_rows(learner).to(device), passes=self._passes, progress=progress, **pace,
        )  # fmt: skip
