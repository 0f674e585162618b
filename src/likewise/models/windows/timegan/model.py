"""TimeGAN: the generative adversarial net of windows whose game is played on latents of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, Given
from likewise.errors import InputError, ModelFileError
from likewise.models.about import About
from likewise.models.base import Fit, check_rows
from likewise.models.drawing.conditioning import blocks
from likewise.models.gradient.inputs import net_with_weights, train_device
from likewise.models.gradient.model import GradientModel
from likewise.models.options import number, whole
from likewise.models.windows.base import BATCH, check_windows, in_steps
from likewise.training.loop import Schedule, side_by_side

if TYPE_CHECKING:
    import torch

    from likewise.nets.timegan import TimeGANDrawer

STEPS, FEWEST_EPOCHS = 2000, 12
"""Of training, in all three phases, where the caller leaves it open; the paper takes 50,000 in each."""


@dataclass(kw_only=True)
class WindowTimeGAN(GradientModel["TimeGANDrawer"]):
    """TimeGAN (Yoon et al. 2019): an embedder and a recovery take each step to latents and back, a supervisor learns
    the latents of the next step, and a generator draws latents that a discriminator cannot tell from embedded ones;
    all of them gated recurrent units. They learn one after the other in three phases, the last of which is the game.

    NOTE[DIFF]: the paper takes 50,000 steps a phase, of 128 windows and nets of three layers; here are 2,000 in all, of
    64 and of two. Static features are left out. What is held out is not looked at, for the losses of the phases say
    nothing of each other: the last weights are kept.

    Args:
        hidden: units of each layer, and latents of a step.
        layers: of each net.
        gamma: weight of latents as generated, beside those that the supervisor has moved, in the game.
        learning_rate: of all nets and phases.

    The other arguments are those of `NetOptions`.

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
    layers: int = whole(2)
    gamma: float = number(1.0)
    learning_rate: float = number(1e-3, ends=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._alphabet = Alphabet(())

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = int(min(64, max(16, n_rows // 16))) if self.batch_size is None else self.batch_size
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

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        import torch

        del given  # windows have no fields, so there is nothing to be given
        net = self._fitted()
        assert self._alphabet.image is not None, "begun with an alphabet of windows"
        channels, steps, _ = self._alphabet.image.sides
        fractions = np.empty((n, self._alphabet.n_fractions), np.float32)

        @torch.inference_mode()
        def draw(block: tuple[slice, np.random.Generator]) -> None:
            rows, stream = block
            noise = stream.random((len(range(*rows.indices(n))), steps, channels), dtype=np.float32)
            fractions[rows] = net(torch.from_numpy(noise)).transpose(1, 2).flatten(1).numpy()

        side_by_side(draw, blocks(n, rng, BATCH))
        return Codes(np.zeros((n, 0), self._alphabet.code_dtype), np.clip(np.nan_to_num(fractions), 0.0, BELOW_ONE))

    def _make_net(self, channels: int) -> TimeGANDrawer:
        import torch

        from likewise.models.windows.timegan.phases import TimeGANDrawer

        return TimeGANDrawer(channels, self.hidden, self.layers, generator=torch.Generator())

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        try:
            check_windows(alphabet)
        except InputError as error:
            raise ModelFileError(f"model: {error}") from None
        assert alphabet.image is not None, "checked"
        self._alphabet, channels = alphabet, alphabet.image.channels
        self._net = net_with_weights(lambda: self._make_net(channels), state, self.layers)
        return self
