"""TimeGAN: the generative adversarial net of windows whose game is played on latents of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.models.about import About
from likewise.models.base import Fit, check_rows
from likewise.models.gradient.inputs import train_device
from likewise.models.options import number, whole
from likewise.models.windows.base import StepModel, check_windows, in_steps
from likewise.training.loop import Schedule

if TYPE_CHECKING:
    import torch

    from likewise.nets.timegan import TimeGANDrawer

STEPS, FEWEST_EPOCHS = 2000, 12
"""Of training, in all three phases, where the caller leaves it open; the paper takes 50,000 in each."""


@dataclass(kw_only=True)
class WindowTimeGAN(StepModel["TimeGANDrawer"]):
    """TimeGAN (Yoon et al. 2019): an embedder and a recovery take each step to latents and back, a supervisor learns
    the latents of the next step, and a generator draws latents that a discriminator cannot tell from embedded ones;
    all of them gated recurrent units. They learn one after the other in three phases, the last of which is the game.

    NOTE[DIFF]: the paper takes 50,000 steps a phase, of 128 windows and nets of three layers; here are 2,000 in all, of
    64 and of two. Static features are left out. What is held out is not looked at, for the losses of the phases say
    nothing of each other: the last weights are kept.

    Args:
        layers: of each net; the latents of a step are as many as the units of a layer.
        gamma: weight of latents as generated, beside those that the supervisor has moved, in the game.

    The other arguments are those of `StepOptions` and `NetOptions`.

    Privacy: none.

    Example:
        >>> import numpy as np, likewise as lw
        >>> waves = np.sin(np.arange(200.0) / 5)
        >>> windows = lw.WindowSet(np.stack([waves[i : i + 12, None] for i in range(180)]))
        >>> lw.Synthesizer("timegan", random_state=0, epochs=1).fit(windows).sample(5).x.shape
        (5, 12, 1)
    """

    name: ClassVar[str] = "timegan"
    about: ClassVar[About] = About(
        purpose="Windows by TimeGAN, where a comparison with what is published asks for it.",
        cost="Minutes on 2 cores, whatever the number of windows.",
        guarantees="Length, channels, ends and decimals are those learnt from; a missing value stays NaN.",
        avoid_when="You want windows like real ones: autoregressive.",
    )

    hidden: int = whole(24)
    learning_rate: float = number(1e-3, ends=False)
    layers: int = whole(2)
    gamma: float = number(1.0)

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = self._size(n_rows)
        passes = max(FEWEST_EPOCHS, math.ceil(STEPS / max(n_rows // size, 1)))
        epochs = passes if self.epochs is None else self.epochs
        return self._planned(epochs=epochs, batch_size=size, patience=epochs, learning_rate=self.learning_rate)

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        import torch

        from likewise.models.windows.timegan.phases import Phases

        check_windows(self._alphabet)
        check_rows(rows)
        device, schedule = train_device(self.device), self._schedule(len(rows))
        x = torch.from_numpy(np.ascontiguousarray(in_steps(rows, self._alphabet))).to(device)
        step = Phases.begun(x, self.hidden, self.layers, self.gamma, self.learning_rate, generator)
        self._train(step.nets, step, fit, rows, schedule, generator)
        self._net = step.nets.drawer.to("cpu").eval()

    def _drawn(
        self, net: TimeGANDrawer, stream: np.random.Generator, size: tuple[int, int, int]
    ) -> torch.Tensor:  # fmt: skip
        import torch

        drawn: torch.Tensor = net(torch.from_numpy(stream.random(size, dtype=np.float32)))
        return drawn

    def _net_of(self, state: dict[str, npt.NDArray[Any]]) -> TimeGANDrawer:
        import torch

        from likewise.models.windows.timegan.phases import TimeGANDrawer

        return TimeGANDrawer(self._sides[1], self.hidden, self.layers, generator=torch.Generator())

    @property
    def _layers(self) -> int:
        return self.layers
