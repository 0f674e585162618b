"""The generators of windows of time series. One file or folder each, one line in WINDOW_MODELS each."""

from __future__ import annotations

from likewise.errors import OptionError, nearest
from likewise.models.base import Generator
from likewise.models.windows.autoregressive import WindowAutoregressive
from likewise.models.windows.gan import WindowGAN
from likewise.models.windows.timegan.model import WindowTimeGAN
from likewise.models.windows.vae import WindowVAE

WINDOW_MODELS: dict[str, type[Generator]] = {
    WindowAutoregressive.name: WindowAutoregressive,
    WindowVAE.name: WindowVAE,
    WindowGAN.name: WindowGAN,
    WindowTimeGAN.name: WindowTimeGAN,
}

AUTO_OF_WINDOWS = WindowAutoregressive.name


def window_model_named(name: str) -> type[Generator]:
    """The class of a generator of windows.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in WINDOW_MODELS:
        raise OptionError(
            f"no model of windows {name!r}{nearest(name, WINDOW_MODELS)}; there are: {', '.join(WINDOW_MODELS)}"
        )
    return WINDOW_MODELS[name]
