"""The generative adversarial net of windows of time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from likewise.codecs.base import Alphabet
from likewise.models.about import About
from likewise.models.images.duel import Duel
from likewise.models.options import number, word
from likewise.models.windows.base import NETS, check_windows


@dataclass(kw_only=True)
class WindowGAN(Duel):
    """A generative adversarial net of windows: convolutions over time against convolutions over time.

    NOTE[DIFF]: not TimeGAN (Yoon et al. 2019), which is `timegan`; level and trend are made apart, as in the `vae`, and
    what draws in the end are averaged weights.

    Args:
        net: "series": convolutions over time, level and trend. "mlp": dense layers.

    The other arguments are those of `Duel`, `GameOptions`, `ImageModel` and `NetOptions`.

    Privacy: none.

    Example:
        >>> import numpy as np, likewise as lw
        >>> waves = np.sin(np.arange(200.0) / 5)
        >>> windows = lw.WindowSet(np.stack([waves[i : i + 12, None] for i in range(180)]))
        >>> lw.Synthesizer("gan", random_state=0, epochs=1).fit(windows).sample(5).x.shape
        (5, 12, 1)
    """

    name: ClassVar[str] = "gan"
    about: ClassVar[About] = About(
        purpose="Windows by adversarial training, where a field expects its name.",
        cost="Minutes on 2 cores for 20,000 windows of 24 steps, more than the vae.",
        guarantees="Length, channels, ends and decimals are those learnt from; a missing value stays NaN.",
        avoid_when="You need latents of given windows (vae), or the steps of real windows (autoregressive).",
    )

    planned_steps: ClassVar[int] = 3000

    net: str = word("series", NETS)
    noise: float = number(0.05)

    def _check_alphabet(self, alphabet: Alphabet) -> None:
        check_windows(alphabet)
