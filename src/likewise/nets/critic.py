"""A critic of coded rows: how real they look.

Legend: B batch, D fields, K codes of one field, E embedding width, W width of the layers, G rows judged together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.tables import CodeTables, normal

LEAK = 0.2


class Critic(CodeTables):
    """Scores of rows, hard or soft. Labels are fields like the others: they are told by being in the row.

    A number's embedding holds its rank, so a soft code is seen as a number too: what is embedded is linear in the
    shares of the codes.

    Args:
        sizes, features, log_marginals, d_embed, more: as `CodeTables` takes them.
        width: W.
        n_layers: layers before the score.
        pac: G; so many rows get one score, which shows a critic at once that draws lack variety (PacGAN: Lin, Khetan,
            Fanti and Oh 2018).
    """

    def __init__(
        self,
        sizes: Sequence[int],
        features: Sequence[npt.NDArray[np.float32]],
        log_marginals: Sequence[npt.NDArray[np.float32]],
        *,
        d_embed: int,
        width: int,
        n_layers: int = 2,
        pac: int = 1,
        generator: torch.Generator,
        **more: Any,
    ) -> None:
        super().__init__(sizes, features, log_marginals, d_embed=d_embed, d_hidden=0, generator=generator, **more)
        self.pac = pac
        widths = [pac * len(sizes) * d_embed, *[width] * n_layers, 1]
        shapes = list(pairwise(widths))
        scales = [math.sqrt(2 / max(n_in, 1)) for n_in, _ in shapes]
        self.layers = nn.ParameterList(
            [normal(*shape, scale=scale, generator=generator) for shape, scale in zip(shapes, scales, strict=True)]
        )
        self.layer_biases = nn.ParameterList([nn.Parameter(torch.zeros(n_out)) for _, n_out in shapes])

    def embed_soft(self, shares: Sequence[torch.Tensor], embeds: list[torch.Tensor]) -> torch.Tensor:
        """Embedded shares of codes. Shape: a (B, K) for each field -> (B, D * E)."""
        tables = [
            embeds[b][i - bucket.start]
            for b, bucket in enumerate(self.buckets)
            for i in range(bucket.start, bucket.stop)
        ]
        parts = [part.to(self.dtype) @ table[: part.shape[1]] for part, table in zip(shares, tables, strict=True)]
        return torch.cat(parts, 1)

    def judge(self, embedded: torch.Tensor) -> torch.Tensor:
        """Scores of embedded rows. Shape: (B, D * E) -> (B / G,), float32."""
        return self.judged(embedded)[0]

    def judged(self, embedded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores, and what the last layer made them of. Shape: (B, D * E) -> (B / G,), (B / G, W), float32."""
        h = embedded.view(len(embedded) // self.pac, -1)
        *layers, last = zip(self.layers, self.layer_biases, strict=True)
        for weight, bias in layers:
            product = torch.addmm(bias.to(self.dtype), h, weight.to(self.dtype))
            if self.tape is not None:
                self.tape.affine(product, h, weight, bias)
            h = F.leaky_relu(product, LEAK)
            h = self.drop(h) if self.training else h
        features = h.float()
        scores = torch.addmm(last[1], features, last[0])
        if self.tape is not None:
            self.tape.affine(scores, features, *last)
        return scores[:, 0], features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of hard codes. Shape: (B, D) -> (B / G,)."""
        return self.judge(self.embed_codes(x, self.tables()[0]))
