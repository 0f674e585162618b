"""Windows drawn step by step, each step given those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes
from likewise.models.about import About
from likewise.models.base import Fit, check_rows
from likewise.models.gradient.inputs import train_device
from likewise.models.options import number, whole
from likewise.models.windows.base import BATCH, StepModel, check_windows, in_steps
from likewise.series.order import origins
from likewise.training.loop import Descent, Schedule, by_autograd

if TYPE_CHECKING:
    import torch

    from likewise.nets.steps import StepNet

Floats = npt.NDArray[np.float64]

STEPS, EPOCHS, FEWEST_EPOCHS, MOST_EPOCHS = 100, 12, 3, 30
"""Steps, and epochs of windows that do not overlap, where the caller leaves it open. Where they do, an epoch sees each
moment as often as there are windows around it, and few are enough."""

DECAY = 0.1
"""Of weights: windows that overlap are few moments, which a net soon knows by heart."""

RIDGE = 1e-6
"""Of standardised values."""

MOST_COEFFICIENTS = 2**20
"""Of the guesses: windows of many steps or channels look fewer steps back."""

TINY = 1e-12
"""What a guess leaves, squared, below which it is right."""

LEAST_SPREAD = 1e-7
"""Of what a guess leaves of a step, in shares of a channel's range: below is what 32 bits cannot tell."""

SHAKEN = 0.1
"""Deviations of what a guess leaves, by which the steps before are moved in training: draws are never quite where real
windows are, and the net learns the way back (Sanchez-Gonzalez et al. 2020)."""

NEAR = 0.9
"""Share of a channel's variance at the first step that those before it must tell to be taken out of it."""

MANY_FOR_EACH = 10
"""Steps for each channel from which on it is told how channels go together."""

REPEATS = 0.1
"""Share of steps that must equal the one before for a channel to be learnt as its differences, which are then zero."""


@dataclass(kw_only=True)
class WindowAutoregressive(StepModel["StepNet"]):
    """Windows step by step: each step's law given the steps before it, channel after channel, as mixtures of normals of
    what a linear guess leaves (Salinas et al. 2020 for the recurrence, Bishop 1994 for the mixtures).

    Args:
        dropout: share of the memory that is hidden in training.
        patience: epochs without a better held-out loss before training ends; None takes an eighth of the epochs.

    The other arguments are those of `StepOptions` and `NetOptions`.

    Privacy: none.

    Example:
        >>> import numpy as np, likewise as lw
        >>> waves = np.sin(np.arange(200.0) / 5)
        >>> windows = lw.WindowSet(np.stack([waves[i : i + 12, None] for i in range(180)]))
        >>> lw.Synthesizer("autoregressive", random_state=0, epochs=1).fit(windows).sample(5).x.shape
        (5, 12, 1)
    """

    name: ClassVar[str] = "autoregressive"
    about: ClassVar[About] = About(
        purpose="Windows whose steps follow each other as real ones do: the default for windows.",
        cost="Minutes on 2 cores for 20,000 windows of 24 steps; draws thousands a second.",
        guarantees="Length, channels, ends and decimals are those learnt from; a missing value stays NaN.",
        avoid_when="You need latents of given windows (vae), or windows have thousands of steps.",
    )

    dropout: float = number(0.3, 0.0, 0.9)
    patience: int | None = whole(None)

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None, overlap: float = 1.0) -> Schedule:
        """As short as each moment allows, for the best weights are those of the end of a cycle, where the rate is low.

        Args:
            overlap: windows that a moment stands in, on average.
        """
        size = self._size(n_rows)
        passes = max(FEWEST_EPOCHS, math.ceil(EPOCHS / overlap), math.ceil(STEPS / max(n_rows // size, 1)))
        epochs = min(MOST_EPOCHS, passes) if self.epochs is None else self.epochs
        return self._planned(
            epochs=epochs, batch_size=size, patience=max(2, epochs // 8) if self.patience is None else self.patience,
            learning_rate=self.learning_rate, weight_decay=DECAY,
        )  # fmt: skip

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        import torch

        check_windows(self._alphabet)
        check_rows(rows)
        device = train_device(self.device)
        x, kept = (in_steps(part, self._alphabet).astype(np.float64) for part in (rows, fit.holdout))
        margins = _Margins.fit(x, kept)
        net = self._make_net(margins.n_lags, generator)
        margins.into(net)
        net = net.to(device)
        shaken = x + SHAKEN * margins.least * fit.rng.normal(size=x.shape)
        seen, held = (self._tensors(*parts, margins, fit.rng) for parts in ((x, shaken), (kept, kept)))

        def loss(batch: torch.Tensor) -> torch.Tensor:
            kept = torch.rand(len(batch), x.shape[1] - 1, self.hidden, generator=generator) >= self.dropout
            dropped = (kept / (1 - self.dropout)).to(device)
            past, told, scores = (part[batch].to(device) for part in seen)
            return net.nll(past, told, scores, dropped)

        def holdout_loss() -> float:
            with torch.inference_mode():
                parts = zip(*(torch.split(part.to(device), BATCH) for part in held), strict=True)
                return float(sum(net.nll(*part).sum() for part in parts)) / len(held[0])

        schedule = self._schedule(len(rows), overlap=_overlap(x))
        step = Descent(net, by_autograd(loss), schedule)
        self._train(
            net, step, fit, rows, schedule, generator, holdout_loss=holdout_loss if len(held[0]) else None
        )  # fmt: skip
        self._net = net.to("cpu").eval()

    @staticmethod
    def _tensors(x: Floats, past: Floats, margins: _Margins, rng: np.random.Generator) -> list[torch.Tensor]:
        """Values before each step, their scores, and those of the steps. Shape: 2 x (n, T, C) -> 3 x (n, T, C)."""
        import torch

        parts = past, margins.scores(past, past, rng), margins.scores(x, past, rng)
        return [torch.from_numpy(part.astype(np.float32)) for part in parts]

    def _make_net(self, n_lags: int, generator: torch.Generator) -> StepNet:
        from likewise.nets.steps import StepNet

        steps, channels = self._sides
        return StepNet(channels, steps, n_lags, self.hidden, generator=generator)

    def _drawn(self, net: StepNet, stream: np.random.Generator, size: tuple[int, int, int]) -> torch.Tensor:
        import torch

        uniforms = torch.from_numpy(stream.random(size, dtype=np.float32))
        return net.draw(uniforms, torch.from_numpy(stream.standard_normal(size, dtype=np.float32)))

    def _net_of(self, state: dict[str, npt.NDArray[Any]]) -> StepNet:
        import torch

        guess = state.get("guess", np.zeros(0))
        lags = max(1, (guess.shape[1] - 1) // self._sides[1]) if guess.ndim == 3 else 1
        return self._make_net(lags, torch.Generator())


@dataclass(frozen=True)
class _Margins:
    """The linear guess of a step, and the margins of what it leaves.

    Args:
        guess: (T - 1, P C + 1, C) of each step by the P before it, the nearest first, and a constant; 0 where there are
            none.
        spread: (T - 1, C) deviations of what the guess leaves of each step.
        start_mix, mix: (C, C) what makes first steps, or what the guess leaves, of what is each channel's own.
        start, rest: (C, K) values of each channel's own at the normal scores of `nets.steps`.
        mean, scale: (C,) of the values.
        least: (C,) the least spread of a step; 0 of channels that are learnt as differences.
    """

    guess: Floats
    spread: Floats
    start_mix: Floats
    mix: Floats
    start: Floats
    rest: Floats
    mean: Floats
    scale: Floats
    least: Floats

    @classmethod
    def fit(cls, x: Floats, held: Floats) -> Self:
        """By as many steps back as tell most of windows held out. Shape: (n, T, C), (h, T, C)."""
        c = x.shape[2]
        flat = x.reshape(-1, c)
        mean, scale = flat.mean(0), flat.std(0).clip(1e-4)
        guess = _guesses((x - mean) / scale, (held - mean) / scale)
        repeats = (x[:, 1:] == x[:, :-1]).mean((0, 1)) > REPEATS
        guess[..., repeats] = 0.0
        guess[:, np.arange(c)[repeats], np.arange(c)[repeats]] = 1.0
        guess[:, :-1] *= scale / np.tile(scale, (guess.shape[1] - 1) // c)[:, None]
        guess[:, -1] = guess[:, -1] * scale + mean - np.tile(mean, (guess.shape[1] - 1) // c) @ guess[:, :-1]
        left = _left_by(guess, x, x)
        spread = np.where(repeats, left.std((0, 1)), left.std(0)).clip(LEAST_SPREAD)
        start_mix = _mixed(x[:, 0] / scale, ~repeats, NEAR) * (scale / scale[:, None])
        mix = _mixed((left / spread).reshape(-1, c), ~repeats)
        blank = np.zeros((c, 1))
        least = np.where(repeats, 0.0, spread.min(0))
        made = cls(guess, spread, start_mix, mix, blank, blank, mean, scale, least)
        start, rest = made._own(x, x)
        return replace(made, start=_knots(start), rest=_knots(rest.reshape(-1, c)))

    @property
    def n_lags(self) -> int:
        """P."""
        return int((self.guess.shape[1] - 1) // self.guess.shape[2])

    def _own(self, x: Floats, past: Floats) -> tuple[Floats, Floats]:
        """What is each channel's own, of first steps and of later ones, guessed by those before.
        Shape: 2 x (n, T, C) -> (n, C), (n, T - 1, C)."""
        left = _left_by(self.guess, x, past) / self.spread
        return x[:, 0] @ np.linalg.inv(self.start_mix), left @ np.linalg.inv(self.mix)

    def scores(self, x: Floats, past: Floats, rng: np.random.Generator) -> Floats:
        """Normal scores of what is each channel's own. Shape: 2 x (n, T, C) -> (n, T, C)."""
        start, rest = self._own(x, past)
        parts = [
            np.concatenate([_scored(one[:, None], self.start[i], rng), _scored(rest[..., i], self.rest[i], rng)], 1)
            for i, one in enumerate(start.T)
        ]
        return np.stack(parts, 2)

    def into(self, net: StepNet) -> None:
        import torch

        pairs = (
            (net.mean, self.mean), (net.scale, self.scale), (net.guess, self.guess), (net.spread, self.spread),
            (net.start_mix, self.start_mix), (net.mix, self.mix), (net.start_knots, self.start), (net.knots, self.rest),
        )  # fmt: skip
        for to, value in pairs:
            to.copy_(torch.from_numpy(value.astype(np.float32)))


def _overlap(x: Floats) -> float:
    """Windows that a moment stands in, on average. Shape: (n, T, C)."""
    series, start = origins(x).T
    line = np.unique(series, return_inverse=True)[1] * (int(start.max()) + x.shape[1] + 1) + start
    gaps = np.diff(np.unique(line)).clip(max=x.shape[1])
    return float(len(x) * x.shape[1] / (int(gaps.sum()) + x.shape[1]))


def _left_by(guess: Floats, x: Floats, past: Floats) -> Floats:
    """What the guesses by those before leave. Shape: (T - 1, P C + 1, C), 2 x (n, T, C) -> (n, T - 1, C)."""
    lags = (guess.shape[1] - 1) // guess.shape[2]
    return np.stack([x[:, t] - _past(past, t, lags) @ by[:-1] - by[-1] for t, by in enumerate(guess, 1)], 1)


def _mixed(x: Floats, free: npt.NDArray[np.bool_], least: float = 0.0) -> Floats:
    """(C, C) such that rows are what is each channel's own @ it: what a channel is beyond those before it.

    Args:
        x: (n, C) standardised.
        free: (C,) channels to be told by those before them; others are their own.
        least: share of a channel's variance that must be told by those before it.
    """
    c = x.shape[1]
    cov: Floats = np.cov(x.T, bias=True).reshape(c, c)
    own: Floats = np.eye(c)
    for i in np.flatnonzero(free[1:]) + 1 if len(x) > MANY_FOR_EACH * c else ():
        told = np.linalg.solve(cov[:i, :i] + RIDGE * np.eye(int(i)), cov[:i, i])
        if told @ cov[:i, i] > least * cov[i, i]:
            own[:i, i] = -told
    return np.asarray(np.linalg.inv(own), np.float64)


def _past(x: Floats, t: int, lags: int) -> Floats:
    """The steps before step t, the nearest first; 0 where there are none. Shape: (n, T, C) -> (n, P C)."""
    near = x[:, max(0, t - lags) : t][:, ::-1]
    return np.pad(near, ((0, 0), (0, lags - near.shape[1]), (0, 0))).reshape(len(x), lags * x.shape[2])


def _guesses(x: Floats, held: Floats) -> Floats:
    """(T - 1, P C + 1, C) coefficients of standardised values, the constant last."""
    steps, c = x.shape[1:]
    most = min(steps - 1, max(MOST_COEFFICIENTS // (steps * c * c), 1))
    tried = sorted({most, *(2**k for k in range(most.bit_length()))}) if len(held) else [min(2, most)]
    made = [np.zeros((steps - 1, p * c + 1, c)) for p in tried]
    left = np.zeros(len(tried))
    for t in range(1, steps):
        past, mean = _past(x, t, tried[-1]), x[:, t].mean(0)
        centre = past.mean(0)
        past -= centre
        gram, with_step = past.T @ past / len(x), past.T @ (x[:, t] - mean) / len(x)
        told, fresh = _past(held, t, tried[-1]) - centre, held[:, t] - mean
        for i, width in enumerate(c * p for p in tried):
            slopes = np.linalg.solve(gram[:width, :width] + RIDGE * np.eye(width), with_step[:width])
            made[i][t - 1] = np.concatenate([slopes, (mean - centre[:width] @ slopes)[None]])
            if len(held):
                left[i] += np.log(np.square(fresh - told[:, :width] @ slopes).mean(0).clip(TINY)).sum()
    return made[int(left.argmin())]


def _levels() -> Floats:
    from likewise.nets.steps import N_KNOTS, WIDEST

    law = NormalDist()
    return np.array([law.cdf(z) for z in np.linspace(-WIDEST, WIDEST, N_KNOTS)])


def _knots(x: Floats) -> Floats:
    """Quantiles at evenly spaced normal scores. Shape: (n, C) -> (C, K)."""
    return np.quantile(x, _levels(), axis=0).T


def _scored(x: Floats, knots: Floats, rng: np.random.Generator) -> Floats:
    """Normal scores of values; one that many rows share takes any of those that it stands for, by chance."""
    from likewise.nets.steps import N_KNOTS, WIDEST

    slack = 1e-7 * max(float(knots[-1] - knots[0]), 1e-12)  # values that are equal but for rounding
    low = np.searchsorted(knots, x - slack, side="left")
    high = np.searchsorted(knots, x + slack, side="right") - 1
    left = (low - 1).clip(0, N_KNOTS - 2)
    span = knots[left + 1] - knots[left]
    within = left + np.divide(x - knots[left], span, out=np.full(x.shape, 0.5), where=span > 0).clip(0, 1)
    shared = low + (high - low) * rng.random(x.shape)
    place = np.where(high > low, shared, within)
    return place * (2 * WIDEST / (N_KNOTS - 1)) - WIDEST
