"""The nets of CTGAN: dense rows of spans, a generator that is told one level of one column, a critic of packs of rows.

Legend: B batch, D fields, K codes of a field, M modes of a number, S width of a dense row, C width of the condition,
Z noise dimensions, G rows judged together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import nn
from torch.nn import functional as F

from likewise.nets.allowed import Allowed
from likewise.nets.critic import LEAK
from likewise.nets.dropout import DropoutPool
from likewise.nets.ghosts import Taped
from likewise.nets.tables import inverse_cdf, known_or_drawn, normal

TEMPERATURE = 0.2
SPREAD = 4.0
"""Deviations of a mode that its places -1 .. 1 span on either side."""

MOMENTUM = 0.1

TOLD_KNOWN = 0.5
"""How often a row of which levels are known is told one of their columns, and then the level it has."""


@dataclass(frozen=True)
class Span:
    """Where a field stands in a dense row.

    Args:
        start, stop: its softmax; a number's place stands before it, at `start - 1`.
        modes: of a number: (K, M + E) chance of each mode given the code, (K, M + E) place in it, (M,) means and
            deviations, (K,) score and reach of each code, NaN outside the order; None for levels.
    """

    start: int
    stop: int
    modes: tuple[torch.Tensor, ...] | None = None


def lay_out(fields: Sequence[int | tuple[torch.Tensor, ...]]) -> list[Span]:
    """Spans side by side: K of a field of levels, the modes of a number."""
    spans, at = [], 0
    for one in fields:
        width = one if isinstance(one, int) else one[0].shape[1]
        at += not isinstance(one, int)
        spans.append(Span(at, at + width, None if isinstance(one, int) else one))
        at += width
    return spans


class DenseGenerator(nn.Module):
    """Noise and a condition to dense rows: layers with batch normalisation, each also seeing what the one before saw.

    Args:
        spans: of all fields.
        sizes: K of each field.
        asked: fields of levels that a condition may name.
        told: fields that every row is told.
        shares: (K,) share of each code of each field.
        n_noise: Z.
        widths: of the layers.
    """

    shares: torch.Tensor
    biases: torch.Tensor

    def __init__(
        self,
        spans: Sequence[Span],
        sizes: Sequence[int],
        asked: Sequence[int],
        told: Sequence[int],
        shares: Sequence[torch.Tensor],
        *,
        n_noise: int,
        widths: Sequence[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.spans, self.sizes, self.asked, self.labels = list(spans), list(sizes), list(asked), list(told)
        self.columns = list(range(len(sizes)))
        self.drawn = [j for j in self.columns if j not in set(told)]
        self.n_noise = n_noise
        self.n_latent = n_noise + 2  # the last two choose a column and a level, where a draw is told neither
        starts = [0, *accumulate(sizes[j] for j in [*asked, *told])]
        self.condition_at = dict(zip([*asked, *told], starts, strict=False))
        self.n_condition, self.n_asked = starts[-1], sum(sizes[j] for j in asked)
        self.register_buffer("shares", torch.zeros(sum(sizes)))
        for own, share in zip(torch.split(self.shares, list(sizes)), shares, strict=True):
            own.copy_(share)
        self.register_buffer("biases", torch.zeros(sum(sizes)))  # of codes; calibration moves them, not training
        for j, span in enumerate(spans):
            if span.modes is not None:
                self.register_buffer(f"modes{j}", torch.stack(span.modes[2:4]))
        self.layers, self.layer_biases = nn.ParameterList(), nn.ParameterList()
        d_in = n_noise + self.n_condition
        for b, width in enumerate(widths):
            self.layers.append(normal(d_in, width, scale=1 / math.sqrt(max(d_in, 1)), generator=generator))
            self.layer_biases.append(nn.Parameter(torch.zeros(width)))
            self.register_buffer(f"mean{b}", torch.zeros(width))
            self.register_buffer(f"variance{b}", torch.ones(width))
            d_in += width
        self.last = normal(d_in, spans[-1].stop if spans else 0, scale=1 / math.sqrt(max(d_in, 1)), generator=generator)
        self.last_bias = nn.Parameter(torch.zeros(self.last.shape[1]))

    def share_of(self, field: int) -> torch.Tensor:
        """(K,) share of each code."""
        return torch.split(self.shares, self.sizes)[field]

    def bias_of(self, field: int) -> torch.Tensor:
        """(K,) what calibration adds to the logits of each code."""
        return torch.split(self.biases, self.sizes)[field]

    def condition(self, field: torch.Tensor, code: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One-hot conditions: one level of one column for each row, and its labels.

        Shape: (B,) places in `asked`, (B,) codes, (B, labels) codes -> (B, C).
        """
        result = torch.zeros(len(labels), self.n_condition)
        if self.asked:
            starts = torch.tensor([self.condition_at[j] for j in self.asked])
            result.scatter_(1, (starts[field] + code)[:, None], 1.0)
        for j, told in zip(self.labels, labels.t(), strict=True):
            result.scatter_(1, (self.condition_at[j] + told)[:, None], 1.0)
        return result

    def forward(self, noise: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Dense rows before their bend. Shape: (B, Z), (B, C) -> (B, S)."""
        x = torch.cat([noise, condition], 1)
        for b, (weight, bias) in enumerate(zip(self.layers, self.layer_biases, strict=True)):
            mean, variance = getattr(self, f"mean{b}"), getattr(self, f"variance{b}")
            batch = self.training and len(x) > 1
            h = F.batch_norm(x @ weight, mean, variance, bias=bias, training=batch, momentum=MOMENTUM)
            x = torch.cat([h.relu(), x], 1)
        return torch.addmm(self.last_bias, x, self.last)

    def bend(self, raw: torch.Tensor, labels: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Rows as the critic sees them: places by tanh, levels and modes softly drawn, labels as told.

        Shape: (B, S), (B, labels) codes, (B, S) Gumbel noise -> (B, S).
        """
        told = dict(zip(self.labels, labels.t(), strict=True))
        parts = []
        for j, span in enumerate(self.spans):
            if span.modes is not None:
                parts.append(raw[:, span.start - 1, None].tanh())
            at = slice(span.start, span.stop)
            if j in told:
                parts.append(F.one_hot(told[j], self.sizes[j]).float())
            else:
                parts.append(torch.softmax((raw[:, at] + noise[:, at]) / TEMPERATURE, 1))
        return torch.cat(parts, 1)

    def features(self, raw: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
        """What moments are taken of: chances of levels and modes, and these times the place and its square.

        Shape: (B, S), (B, labels) codes -> (B, features) of each field.
        """
        told = dict(zip(self.labels, labels.t(), strict=True))
        result = []
        for j, span in enumerate(self.spans):
            p = F.one_hot(told[j], self.sizes[j]).float() if j in told else raw[:, span.start : span.stop].softmax(1)
            place = None if span.modes is None else raw[:, span.start - 1, None].tanh()
            result.append(p if place is None else torch.cat([p, p * place, p * place.square()], 1))
        return result

    def feature_maps(self) -> list[torch.Tensor]:
        """(K, features) of each code of each field: what `features` should be on average."""
        maps = []
        for span, size in zip(self.spans, self.sizes, strict=True):
            if span.modes is None:
                maps.append(torch.eye(size))
            else:
                chance, place, *_ = span.modes
                maps.append(torch.cat([chance, chance * place, chance * place.square()], 1))
        return maps

    def mode_logits(self, raw: torch.Tensor, field: int) -> torch.Tensor:
        """Of a number's modes, those of one point with their codes' biases. Shape: (B, S) -> (B, M + E)."""
        span = self.spans[field]
        assert span.modes is not None
        outside = torch.isnan(span.modes[4])
        bias = torch.cat([torch.zeros_like(span.modes[2]), self.bias_of(field)[outside]])
        return raw[:, span.start : span.stop] + bias

    def near(self, at: torch.Tensor, field: int) -> torch.Tensor:
        """Logits of the codes in a number's order, near a score. Shape: (...) -> (..., K - E)."""
        modes = self.spans[field].modes
        assert modes is not None
        inside = torch.isfinite(modes[4])
        off = (modes[4][inside] - at[..., None]) / modes[5][inside]
        return off.square().mul_(-0.5).add_(self.bias_of(field)[inside])

    def places(self, raw: torch.Tensor, field: int) -> torch.Tensor:
        """The score that each of a number's modes says. Shape: (B, S) -> (B, M)."""
        span = self.spans[field]
        assert span.modes is not None
        return span.modes[2] + SPREAD * span.modes[3] * raw[:, span.start - 1, None].tanh()

    def code_logits(self, raw: torch.Tensor, field: int) -> torch.Tensor:
        """Logits of a field's codes. A number's code is near the place that one of its modes says.

        Shape: (B, S) -> (B, K).
        """
        span = self.spans[field]
        if span.modes is None:
            return raw[:, span.start : span.stop] + self.bias_of(field)
        log_p, m = self.mode_logits(raw, field).log_softmax(1), len(span.modes[2])
        inside = torch.isfinite(span.modes[4])
        within = self.near(self.places(raw, field), field).log_softmax(2)  # (B, M, K - E)
        logits = torch.empty(len(raw), self.sizes[field])
        logits[:, inside] = torch.logsumexp(log_p[:, :m, None] + within, 1)
        logits[:, ~inside] = log_p[:, m:]
        return logits

    def free_number(self, raw: torch.Tensor, field: int, uniforms: torch.Tensor) -> torch.Tensor:
        """Codes drawn by `code_logits`, a mode first: far less to compute. Shape: (B, S), (B,) -> (B,)."""
        span = self.spans[field]
        assert span.modes is not None
        m, inside = len(span.modes[2]), torch.isfinite(span.modes[4])
        p = self.mode_logits(raw, field).double().softmax(1)
        upto = p.cumsum(1)
        mode = (upto < uniforms[:, None]).sum(1).clamp(max=p.shape[1] - 1)[:, None]
        # Where in the mode's share the uniform fell is a uniform again.
        rest = ((uniforms[:, None] - upto.gather(1, mode)) / p.gather(1, mode).clamp_min(1e-12) + 1)[:, 0]
        at = self.places(raw, field).gather(1, mode.clamp(max=m - 1))[:, 0]
        code, _ = inverse_cdf(self.near(at, field), rest.clamp(0, 1 - 1e-7).float(), None)
        codes = torch.cat([torch.nonzero(inside)[:, 0], torch.nonzero(~inside)[:, 0]])
        return codes[torch.where(mode[:, 0] < m, code, int(inside.sum()) + mode[:, 0] - m)]

    @torch.inference_mode()
    def draw(
        self,
        z: torch.Tensor,
        known: torch.Tensor,
        uniforms: torch.Tensor,
        weights: Mapping[int, Allowed[torch.Tensor]],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes, and the log mass left to what is known and asked; as `TableGenerator.draw`.

        A row is told one level of one column by its true share. Rows that are known to have some levels are told these
        the more often, and weigh the less for it: told what it must have, a row would follow another law than free
        draws that happen to have it.
        """
        codes, log_mass = known.clone(), torch.zeros(len(known))
        labels = known[:, self.labels]
        field, code, log_weight = self._chosen(z, known, weights)
        raw = self(z[:, : self.n_noise], self.condition(field, code, labels))
        log_mass += log_weight
        for j in self.drawn:
            is_known = known[:, j] >= 0
            if self.spans[j].modes is not None and j not in weights and not is_known.any():
                codes[:, j] = self.free_number(raw, j, uniforms[:, j])
                continue
            logits = self.code_logits(raw, j)
            codes[:, j], mass = known_or_drawn(logits, known[:, j], uniforms[:, j], weights.get(j))
            log_mass += mass
        return codes, log_mass

    def _chosen(
        self, z: torch.Tensor, known: torch.Tensor, weights: Mapping[int, Allowed[torch.Tensor]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Which column of `asked`, and which of its levels, each row is told, and the log of how much likelier free
        draws are told so. Shape of each: (B,)."""
        n, a = len(known), len(self.asked)
        log_weight = torch.zeros(n)
        if not a:
            return torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long), log_weight
        has = (known[:, self.asked] >= 0).float()
        n_known = has.sum(1, keepdim=True)
        by_known = torch.where(n_known > 0, TOLD_KNOWN, 0.0)  # (B, 1)
        chance = (1 - by_known) / a + by_known * has / n_known.clamp(min=1)
        which, how = torch.special.ndtr(z[:, self.n_noise :].double()).float().t().contiguous()
        field, _ = inverse_cdf(chance.log(), which, None)
        log_weight -= (a * chance.gather(1, field[:, None])[:, 0]).log()
        code = torch.zeros(n, dtype=torch.long)
        for i, j in enumerate(self.asked):
            share, allowed = self.share_of(j), weights.get(j)
            if allowed is not None:
                share = share * (allowed.free if allowed.counts else allowed.weights)
            share = share.clamp_min(1e-30) / share.clamp_min(1e-30).sum()
            rows = torch.nonzero(field == i)[:, 0]
            told = known[rows, j]
            by_known = torch.where(told >= 0, TOLD_KNOWN, 0.0)[:, None]
            chance = (1 - by_known) * share + by_known * F.one_hot(told.clamp(min=0), len(share))
            code[rows], _ = inverse_cdf(chance.log(), how[rows], None)
            log_weight[rows] += share[code[rows]].log() - chance.gather(1, code[rows][:, None])[:, 0].log()
        return field, code, log_weight

    def count(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Rows of each code, (K,) by field. Shape of x: (B, D)."""
        return [torch.bincount(x[:, j], minlength=k).float() for j, k in enumerate(self.sizes)]

    @torch.inference_mode()
    def move_shares(self, wanted: list[torch.Tensor], given: list[torch.Tensor]) -> None:
        """Move the biases by the log ratio of counted to expected rows of each code. Shape of both: (K,) by field."""
        for j, (want, have) in enumerate(zip(wanted, given, strict=True)):
            self.bias_of(j).add_(((want + 0.5) / (have + 0.5)).log())


class DenseCritic(Taped):
    """Scores of packs of dense rows beside their conditions.

    Args:
        d_row: S + C.
        widths: of the layers.
        pac: G.
        dropout: share of units dropped in training.
    """

    def __init__(
        self, d_row: int, widths: Sequence[int], pac: int, *, dropout: float = 0.5, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.pac, self.drop = pac, DropoutPool(dropout, torch.float32)
        shapes = list(pairwise([pac * d_row, *widths, 1]))
        self.layers = nn.ParameterList(
            [normal(*shape, scale=math.sqrt(2 / max(shape[0], 1)), generator=generator) for shape in shapes]
        )
        self.layer_biases = nn.ParameterList([nn.Parameter(torch.zeros(n_out)) for _, n_out in shapes])

    def judge(self, rows: torch.Tensor) -> torch.Tensor:
        """Shape: (B, S + C) -> (B / G,)."""
        h = rows.view(len(rows) // self.pac, -1)
        *layers, last = zip(self.layers, self.layer_biases, strict=True)
        for weight, bias in layers:
            product = torch.addmm(bias, h, weight)
            if self.tape is not None:
                self.tape.affine(product, h, weight, bias)
            h = F.leaky_relu(product, LEAK)
            h = self.drop(h) if self.training else h
        scores = torch.addmm(last[1], h, last[0])
        if self.tape is not None:
            self.tape.affine(scores, h, *last)
        return scores[:, 0]
