"""The variational autoencoder of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from likewise.codecs.base import Codes
from likewise.dp.gate import Noisy
from likewise.models.about import About
from likewise.models.base import Fit
from likewise.models.gradient.inputs import train_device
from likewise.models.images.latents import LatentImages
from likewise.training.private import PrivateDescent, train_privately

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class ImageVAE(LatentImages):
    """A variational autoencoder of images (Kingma and Welling 2014), told the label where images have one.

    NOTE[DIFF]: the prior of the latents is learnt together with encoder and decoder and is told the label too, so that
    what is drawn lies where images lie; `prior="normal", net="mlp"` is the model of the paper.

    The arguments are those of `LatentImages`, `ImageModel` and `NetOptions`; `sampling_rate` None takes 1/16.

    Privacy: differential privacy under a budget (`Synthesizer(privacy=...)`), else none. The unit is one image. Labels
    must be declared; `epochs` is how often an image is taken. Latents of an image say nearly all about it: share them
    as you would the image, budget or not.

    Example:
        >>> import numpy as np, likewise as lw
        >>> dots = np.zeros((40, 8, 8), np.uint8); dots[:20, :4] = 255; dots[20:, 4:] = 255
        >>> synth = lw.Synthesizer(lw.ImageVAE(epochs=1), random_state=0).fit(dots, y=np.repeat([0, 1], 20))
        >>> fake = synth.sample(5, where={"y": 1})
        >>> fake.shape, fake.dtype
        ((5, 8, 8), dtype('uint8'))
    """

    name: ClassVar[str] = "vae"
    keeps_privacy: ClassVar[bool] = True
    private_passes: ClassVar[int] = 40
    about: ClassVar[About] = About(
        purpose="Images with a latent space: encode, reconstruct, interpolate; told the label where there are labels.",
        cost="Minutes on 2 cores for 8,000 images of 28 by 28 pixels.",
        guarantees=(
            "Size, channels and range of the pixels are those given; a draw has the label asked for. "
            "Differential privacy under a budget."
        ),
        avoid_when="Edges must be sharp: vaegan.",
    )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        self._begin(rows)
        self._learn_latents(fit, rows, self._schedule(len(rows)), generator)

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of the labels first, then all three nets by private steps.

        NOTE[DIFF]: each image is normalised on its own, and painting starts from grey.
        """
        import torch

        n_images, device = self._begin_privately(gate), train_device(self.device)
        net = self._make_net(torch.zeros(self._shape[0]), generator).to(device)

        def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
            noise = torch.randn(len(rows), self.latent_dim, generator=own, device=rows.device)
            nll, divergence = net.losses(*self._apart(rows), noise)
            return nll + self.kl_weight * divergence

        [sums] = gate.clipped_sums([("gradients of the nets", self._steps())], clip=self.clip, n_rows=n_images)
        descent = PrivateDescent(
            net, loss, sums, self._schedule(1), rows_of=self._side_by_side, public=self._public_rows().to(device)
        )
        self.record = train_privately(descent, passes=self._passes, progress=fit.progress)
        self._net = net.to("cpu").eval()
