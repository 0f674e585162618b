"""The generators of images. One file each, one line in IMAGE_MODELS each."""

from __future__ import annotations

from typing import Any

from likewise.errors import OptionError, nearest
from likewise.models.images.base import ImageModel
from likewise.models.images.gan import ImageGAN
from likewise.models.images.vae import ImageVAE
from likewise.models.images.vaegan import ImageVAEGAN

IMAGE_MODELS: dict[str, type[ImageModel[Any]]] = {
    ImageVAE.name: ImageVAE,
    ImageGAN.name: ImageGAN,
    ImageVAEGAN.name: ImageVAEGAN,
}


def image_model_named(name: str) -> type[ImageModel[Any]]:
    """The class of a generator of images.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in IMAGE_MODELS:
        raise OptionError(
            f"no model of images {name!r}{nearest(name, IMAGE_MODELS)}; there are: {', '.join(IMAGE_MODELS)}"
        )
    return IMAGE_MODELS[name]
