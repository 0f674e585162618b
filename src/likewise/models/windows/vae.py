"""The variational autoencoder of windows of time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from likewise.codecs.base import Alphabet, Codes
from likewise.models.about import About
from likewise.models.base import Fit
from likewise.models.images.latents import DRAWS, LatentImages
from likewise.models.options import number, word
from likewise.models.windows.base import NETS, check_windows

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class WindowVAE(LatentImages):
    """A variational autoencoder of windows (Desai et al. 2021, TimeVAE): convolutions over time, a decoder of level,
    trend and what is beyond them.

    NOTE[DIFF]: the law of the latents is learnt too, and so is how far values lie from their mean, a channel at a time.

    Args:
        net: "series": convolutions over time, level and trend. "mlp": dense layers.
        emit: "mean": a drawn window shows the mean of each value given its latents, and is smoother than real ones are.
            "draw": each value is drawn around it.

    The other arguments are those of `LatentImages`, `ImageModel` and `NetOptions`.

    Privacy: none. Latents of a window say nearly all about it.

    Example:
        >>> import numpy as np, likewise as lw
        >>> waves = np.sin(np.arange(200.0) / 5)
        >>> windows = lw.WindowSet(np.stack([waves[i : i + 12, None] for i in range(180)]))
        >>> synth = lw.Synthesizer("vae", random_state=0, epochs=1).fit(windows)
        >>> synth.sample(5).x.shape
        (5, 12, 1)
    """

    name: ClassVar[str] = "vae"
    about: ClassVar[About] = About(
        purpose="Windows with a latent space: encode, reconstruct, interpolate.",
        cost="A minute on 2 cores for 20,000 windows of 24 steps.",
        guarantees="Length, channels, ends and decimals are those learnt from; a missing value stays NaN.",
        avoid_when="Steps must follow each other as real ones do: autoregressive.",
    )

    net: str = word("series", NETS)
    emit: str = word("draw", DRAWS)
    kl_weight: float = number(1.0)

    def _check_alphabet(self, alphabet: Alphabet) -> None:
        check_windows(alphabet)

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        self._begin(rows)
        self._learn_latents(fit, rows, self._schedule(len(rows)), generator)
