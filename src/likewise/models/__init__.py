"""The generators. One file each, one line in MODELS each."""

from __future__ import annotations

from likewise.errors import OptionError
from likewise.models.aim import AIM
from likewise.models.autoregressive import Autoregressive
from likewise.models.base import Generator
from likewise.models.cart import CartChain
from likewise.models.copula import GaussianCopula
from likewise.models.ctgan import CTGAN
from likewise.models.gan import GAN
from likewise.models.mst import MST
from likewise.models.vae import VAE
from likewise.models.vaegan import VAEGAN
from likewise.schema import nearest

MODELS: dict[str, type[Generator]] = {
    Autoregressive.name: Autoregressive,
    GaussianCopula.name: GaussianCopula,
    CartChain.name: CartChain,
    VAE.name: VAE,
    GAN.name: GAN,
    VAEGAN.name: VAEGAN,
    CTGAN.name: CTGAN,
    MST.name: MST,
    AIM.name: AIM,
}


def model_named(name: str) -> type[Generator]:
    """The class of a generator.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in MODELS:
        raise OptionError(f"no model {name!r}{nearest(name, MODELS)}; there are: {', '.join(MODELS)}")
    return MODELS[name]
