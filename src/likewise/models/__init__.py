"""The generators. One file each, one line in MODELS each."""

from __future__ import annotations

from likewise.errors import OptionError, nearest
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Generator
from likewise.models.cart.model import CartChain
from likewise.models.copula.model import GaussianCopula
from likewise.models.ctgan.model import CTGAN
from likewise.models.gan.model import GAN
from likewise.models.marginals.aim import AIM
from likewise.models.marginals.mst import MST
from likewise.models.vae.model import VAE
from likewise.models.vaegan.model import VAEGAN

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

AUTO = "auto"
"""The name that leaves the choice to `model_for`."""

AUTO_OF_IMAGES, PRIVATE_AUTO_OF_IMAGES = "vaegan", "vae"

MOST_COLUMNS_OF_AIM = 30
"""Beyond them AIM would weigh thousands of groups of three a round, for minutes; MST weighs pairs, once."""


def model_for(*, private: bool, n_columns: int) -> type[Generator]:
    """The generator to take where none is named: docs/dp.md holds the measurements behind it.

    Args:
        private: whether a budget of differential privacy holds.
        n_columns: columns that are learnt, as the schema declares them.
    """
    if not private:
        return Autoregressive
    return AIM if n_columns <= MOST_COLUMNS_OF_AIM else MST


def model_named(name: str) -> type[Generator]:
    """The class of a generator.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in MODELS:
        raise OptionError(f"no model {name!r}{nearest(name, MODELS)}; there are: {', '.join(MODELS)}")
    return MODELS[name]
