"""What the image models share: pixels and labels as nets take them, the law of the labels, the draw.

Legend: n images, B batch, C channels, H and W pixels, K classes (0 where there are no labels), L latent dimensions.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, Given, ImageShape
from likewise.dp.gate import Noisy
from likewise.dp.queries import Marginals
from likewise.errors import ConditionError, InputError, ModelFileError
from likewise.models.drawing.conditioning import blocks
from likewise.models.gradient.inputs import N_PUBLIC, compute_dtype, net_with_weights
from likewise.models.gradient.model import GradientModel
from likewise.models.marginals.counts import SPARE_ROWS
from likewise.models.options import PRECISIONS, number, whole, word
from likewise.training.loop import side_by_side

if TYPE_CHECKING:
    import torch
    from torch import nn

NETS = ("conv", "mlp")

Net = TypeVar("Net", bound="nn.Module")

BATCH = 256
"""Images drawn or encoded at once."""

MIN_PER_CLASS = 2

LABELS_SHARE = 0.05
"""Share of a budget for how many images there are of each label."""


@dataclass(kw_only=True)
class ImageModel(GradientModel[Net]):
    """A generator of images; where images have labels, it is told them, and its draws have the labels asked for.

    Args:
        net: "conv" or "mlp": layers of the nets.
        latent_dim: dimensions of the noise, or of the latent space.
        width: channels of the widest convolution; dense layers have 4 and 8 times as many units.
        learning_rate: peak of the one cycle.
        precision: "bf16", "fp32", or "auto": bf16 where the processor multiplies it faster.
    """

    net: str = word("conv", NETS)
    latent_dim: int = whole(32)
    width: int = whole(64, 8)
    learning_rate: float = number(2e-3, ends=False)
    patience: int | None = whole(None)
    precision: str = word("auto", PRECISIONS)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._alphabet = Alphabet(())
        self._shares = np.zeros(0, np.float32)

    @abstractmethod
    def _make_net(self, start: torch.Tensor, generator: torch.Generator) -> Net:
        """A net that has learnt nothing.

        Args:
            start: (C,) logit of each channel's mean: where painting begins.
        """

    @abstractmethod
    def _paint(self, told: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """New images with these labels. Shape: (B, K) one-hot -> (B, C, H, W) in [0, 1]."""

    # ---- pixels and labels -------------------------------------------------------------------------------------------

    @property
    def _shape(self) -> tuple[int, int, int]:
        assert self._alphabet.image is not None, "begun with an alphabet of images"
        return self._alphabet.image.sides

    @property
    def _n_classes(self) -> int:
        return self._alphabet.sizes[0] if self._alphabet.fields else 0

    def _begin(self, rows: Codes) -> None:
        """Take up the law of the labels.

        Raises:
            InputError: no image, or a class with so few that nothing of it can be learnt.
        """
        self._check_alphabet(self._alphabet)
        if not len(rows):
            raise InputError("there are 0 images to learn from")
        counts = np.bincount(rows.codes[:, 0], minlength=self._n_classes) if self._n_classes else np.zeros(0)
        few = int((counts < MIN_PER_CLASS).sum())
        if few:
            raise InputError(
                f"{few} of {len(counts)} classes have fewer than {MIN_PER_CLASS} images to learn from; "
                "leave these classes out or bring more images"
            )
        self._shares = (counts / max(counts.sum(), 1)).astype(np.float32)

    def _begin_privately(self, gate: Noisy) -> float:
        """Take up the noisy law of the labels; gives the number of images, about.

        Privacy: `LABELS_SHARE` of the budget.
        """
        self._check_alphabet(self._alphabet)
        n_classes = self._n_classes
        query = Marginals(((0,),), "counts of the labels") if n_classes else Marginals(((),), "count of the images")
        noisy = gate.counts(query, LABELS_SHARE)[0].table
        total = max(float(noisy.sum()), 1.0)
        noisy = noisy.clip(SPARE_ROWS, None)
        self._shares = (noisy / noisy.sum()).astype(np.float32).ravel()[:n_classes]
        self.n_rows = round(total)
        return total

    def _side_by_side(self, codes: Codes) -> torch.Tensor:
        """(n, C * H * W + 1) pixels, and the code of the label (0 where there is none)."""
        import torch

        label = torch.zeros(len(codes), 1)
        if self._n_classes:
            label = torch.from_numpy(codes.codes[:, :1].astype(np.float32))
        return torch.cat([self._pixels(codes).flatten(1), label], 1)

    def _apart(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The inverse: pixels (B, C, H, W) and labels, one-hot (B, K)."""
        import torch

        label = rows[:, -1:].long()
        told = torch.zeros(len(rows), self._n_classes, device=rows.device)
        if self._n_classes:
            told.scatter_(1, label, 1.0)
        return rows[:, :-1].reshape(-1, *self._shape), told

    def _public_rows(self) -> torch.Tensor:
        """(m, C * H * W + 1) images of noise, which have nothing to do with any image."""
        import torch

        generator = torch.Generator().manual_seed(0)
        pixels = torch.rand(N_PUBLIC, math.prod(self._shape), generator=generator)
        return torch.cat([pixels, torch.randint(max(self._n_classes, 1), (N_PUBLIC, 1), generator=generator)], 1)

    def _pixels(self, codes: Codes) -> torch.Tensor:
        """(n, C, H, W) float32."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(codes.fractions)).view(-1, *self._shape)

    def _one_hot(self, codes: npt.NDArray[Any]) -> torch.Tensor:
        """(n, K) labels, one-hot."""
        import torch

        told = np.zeros((len(codes), self._n_classes), np.float32)
        if self._n_classes:
            told[np.arange(len(codes)), codes[:, 0]] = 1.0
        return torch.from_numpy(told)

    def _draw_labels(self, n: int, rng: np.random.Generator, given: Given) -> npt.NDArray[np.int64]:
        """(n, 1) or (n, 0) codes of labels: those known, and the others by the training images' shares under the
        conditions."""
        if not self._n_classes:
            return np.zeros((n, 0), np.int64)
        weights = self._shares.astype(np.float64) * self._alphabet.fields[0].emit
        weights *= given.weights.get(0, np.ones(1))
        known = np.full((n, 1), -1, np.int64) if given.codes is None else given.codes.copy()
        lacking = known < 0
        if lacking.any():
            if not weights.sum() > 0:
                raise ConditionError("no label meets the condition")
            upto = np.cumsum(weights) / weights.sum()
            drawn = np.searchsorted(upto, rng.random(int(lacking.sum())), side="right")
            known[lacking] = drawn.clip(max=int(np.flatnonzero(weights)[-1]))
        return known

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        import torch

        self._fitted()
        labels = self._draw_labels(n, rng, given)
        told = self._one_hot(labels)
        pixels = np.empty((len(labels), self._alphabet.n_fractions), np.float32)

        @torch.inference_mode()
        def draw(block: tuple[slice, np.random.Generator]) -> None:
            rows, stream = block
            pixels[rows] = self._paint(told[rows], stream).flatten(1).numpy()

        side_by_side(draw, blocks(len(labels), rng, BATCH))
        return self._as_codes(labels, pixels)

    def _as_codes(self, labels: npt.NDArray[np.int64], pixels: npt.NDArray[np.float32]) -> Codes:
        return Codes(labels.astype(self._alphabet.code_dtype), np.clip(pixels, 0.0, BELOW_ONE))

    def _noise(self, n: int, rng: np.random.Generator) -> torch.Tensor:
        """(n, L) standard normals."""
        import torch

        return torch.from_numpy(rng.standard_normal((n, self.latent_dim), dtype=np.float32))

    # ---- state -------------------------------------------------------------------------------------------------------

    def _check_alphabet(self, alphabet: Alphabet) -> None:
        if alphabet.image is None or len(alphabet.fields) > 1:
            raise InputError("an image model learns images with at most one label each; fit a table with another model")
        if not isinstance(alphabet.image, ImageShape) or min(alphabet.image.sides) < 1:
            raise InputError("images must have channels and pixels")

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return super().state() | {"class_shares": self._shares.copy()}

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        weights = self._take_shares(state, alphabet)
        self._net = net_with_weights(lambda: self._make_net(torch.zeros(self._shape[0]), torch.Generator()), weights)
        return self

    def _take_shares(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> dict[str, npt.NDArray[Any]]:
        """Take up the alphabet and the shares of labels; gives the other arrays.

        Raises:
            ModelFileError: they do not fit.
        """
        try:
            self._check_alphabet(alphabet)
        except InputError as error:
            raise ModelFileError(f"model: {error}") from None
        rest = dict(state)
        shares = rest.pop("class_shares", np.zeros(0))
        n = alphabet.sizes[0] if alphabet.fields else 0
        if shares.dtype != np.float32 or shares.shape != (n,) or (n and not (shares.min() >= 0 < shares.sum() < 2)):
            raise ModelFileError("model: class_shares must hold a share of each class")
        self._alphabet, self._shares = alphabet, shares
        return rest


def batch_size_for(n: int) -> int:
    """Images a step where the caller leaves it open: small sets get small batches."""
    return int(min(128, max(16, 2 ** round(math.log2(max(n, 1) / 32)))))


def mean_logits(pixels: torch.Tensor) -> torch.Tensor:
    """(C,) the logit of each channel's mean: where a net that paints begins."""
    import torch

    return torch.logit(pixels.mean((0, 2, 3)).clamp(0.02, 0.98))


def painting(precision: str, device: str) -> Any:
    """The context in which a net computes in 16 bits where that is faster; weights stay 32-bit."""
    import torch

    dtype = compute_dtype(precision, device, paints=True)
    return torch.autocast(device, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


def with_every_class(
    labels: npt.NDArray[Any], train: npt.NDArray[np.int64], holdout: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows to train on and to hold out, such that no class of few images is held out below what can be learnt."""
    if not labels.shape[1] or not len(holdout):
        return train, holdout
    left = np.bincount(labels[train, 0], minlength=int(labels.max()) + 1)
    back = left[labels[holdout, 0]] < MIN_PER_CLASS
    return np.sort(np.r_[train, holdout[back]]), holdout[~back]
