"""Windows drawn step by step, each step given those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, Given
from likewise.errors import InputError, ModelFileError
from likewise.models.about import About
from likewise.models.base import Fit, check_rows
from likewise.models.drawing.conditioning import blocks
from likewise.models.gradient.inputs import net_with_weights, train_device
from likewise.models.gradient.model import GradientModel
from likewise.models.options import number, whole
from likewise.models.windows.base import BATCH, check_windows, in_steps
from likewise.training.loop import Descent, Schedule, by_autograd, side_by_side

if TYPE_CHECKING:
    import torch

    from likewise.nets.steps import StepNet

Floats = npt.NDArray[np.float64]

STEPS = 300
"""Steps of training where the caller leaves it open."""

DECAY = 0.1
"""Of weights: windows that overlap are few moments, which a net soon knows by heart."""

RIDGE = 1e-6
"""Of standardised values."""

MOST_COEFFICIENTS = 2**20
"""Of the guesses: windows of many steps or channels look fewer steps back."""

TINY = 1e-12
"""What a guess leaves, squared, below which it is right."""

REPEATS = 0.1
"""Share of steps that must equal the one before for a channel to be learnt as its differences, which are then zero."""


@dataclass(kw_only=True)
class WindowAutoregressive(GradientModel["StepNet"]):
    """Windows step by step: each step's law given the steps before it, channel after channel, as mixtures of normals of
    what a linear guess leaves (Salinas et al. 2020 for the recurrence, Bishop 1994 for the mixtures).

    Args:
        hidden: units of the memory.
        dropout: share of the memory that is hidden in training.
        learning_rate: peak of the one cycle.
        patience: epochs without a better held-out loss before training ends; None takes an eighth of the epochs.

    The other arguments are those of `NetOptions`.

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

    hidden: int = whole(64)
    dropout: float = number(0.3, 0.0, 0.9)
    learning_rate: float = number(5e-3, ends=False)
    patience: int | None = whole(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._alphabet = Alphabet(())

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        size = int(min(64, max(16, n_rows // 16))) if self.batch_size is None else self.batch_size
        epochs = min(30, max(4, math.ceil(STEPS / max(n_rows // size, 1)))) if self.epochs is None else self.epochs
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
        seen, held = (self._tensors(part, margins, fit.rng) for part in (x, kept))

        def loss(batch: torch.Tensor) -> torch.Tensor:
            kept = torch.rand(len(batch), x.shape[1] - 1, self.hidden, generator=generator) >= self.dropout
            dropped = (kept / (1 - self.dropout)).to(device)
            values, scores = (part[batch].to(device) for part in seen)
            return net.nll(values, scores, dropped)

        def holdout_loss() -> float:
            with torch.inference_mode():
                parts = zip(*(torch.split(part.to(device), BATCH) for part in held), strict=True)
                return float(sum(net.nll(*part).sum() for part in parts)) / len(held[0])

        schedule = self._schedule(len(rows))
        step = Descent(net, by_autograd(loss), schedule)
        self._train(
            net, step, fit, rows, schedule, generator, holdout_loss=holdout_loss if len(held[0]) else None
        )  # fmt: skip
        self._net = net.to("cpu").eval()

    @staticmethod
    def _tensors(x: npt.NDArray[Any], margins: _Margins, rng: np.random.Generator) -> list[torch.Tensor]:
        """Values and scores. Shape: (n, T, C) -> 2 x (n, T, C)."""
        import torch

        z = margins.scores(x.astype(np.float64), rng)
        return [torch.from_numpy(part.astype(np.float32)) for part in (x, z)]

    def _make_net(self, n_lags: int, generator: torch.Generator) -> StepNet:
        from likewise.nets.steps import StepNet

        assert self._alphabet.image is not None, "begun with an alphabet of windows"
        channels, steps, _ = self._alphabet.image.sides
        return StepNet(channels, steps, n_lags, self.hidden, generator=generator)

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        import torch

        del given  # windows have no fields, so there is nothing to be given
        net = self._fitted()
        fractions = np.empty((n, self._alphabet.n_fractions), np.float32)
        shape = (net.n_steps, net.n_channels)

        @torch.inference_mode()
        def draw(block: tuple[slice, np.random.Generator]) -> None:
            rows, stream = block
            size = (len(range(*rows.indices(n))), *shape)
            uniforms = torch.from_numpy(stream.random(size, dtype=np.float32))
            normals = torch.from_numpy(stream.standard_normal(size, dtype=np.float32))
            fractions[rows] = net.draw(uniforms, normals).transpose(1, 2).flatten(1).numpy()

        side_by_side(draw, blocks(n, rng, BATCH))
        return Codes(np.zeros((n, 0), self._alphabet.code_dtype), np.clip(np.nan_to_num(fractions), 0.0, BELOW_ONE))

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        try:
            check_windows(alphabet)
        except InputError as error:
            raise ModelFileError(f"model: {error}") from None
        assert alphabet.image is not None, "checked"
        self._alphabet = alphabet
        guess = state.get("guess", np.zeros(0))
        lags = max(1, (guess.shape[1] - 1) // alphabet.image.sides[0]) if guess.ndim == 3 else 1
        self._net = net_with_weights(lambda: self._make_net(lags, torch.Generator()), state)
        return self


@dataclass(frozen=True)
class _Margins:
    """The linear guess of a step, and the margins of what it leaves.

    Args:
        guess: (T - 1, P C + 1, C) of each step by the P before it, the nearest first, and a constant; 0 where there are
            none.
        start, rest: (C, K) values at the normal scores of `nets.steps`: of first steps, and of what the guess leaves.
        mean, scale: (C,) of the values.
    """

    guess: Floats
    start: Floats
    rest: Floats
    mean: Floats
    scale: Floats

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
        blank = np.zeros((c, 1))
        rest = cls(guess, blank, blank, mean, scale)._rest(x).reshape(-1, c)
        return cls(guess, _knots(x[:, 0]), _knots(rest), mean, scale)

    @property
    def n_lags(self) -> int:
        """P."""
        return int((self.guess.shape[1] - 1) // self.guess.shape[2])

    def _rest(self, x: Floats) -> Floats:
        """What the guesses leave. Shape: (n, T, C) -> (n, T - 1, C)."""
        left = [x[:, t] - _past(x, t, self.n_lags) @ by[:-1] - by[-1] for t, by in enumerate(self.guess, 1)]
        return np.stack(left, 1)

    def scores(self, x: Floats, rng: np.random.Generator) -> Floats:
        """Normal scores of the first step, and of what the guesses leave. Shape: (n, T, C) -> (n, T, C)."""
        rest = self._rest(x)
        parts = [
            np.concatenate([_scored(x[:, :1, i], self.start[i], rng), _scored(rest[..., i], self.rest[i], rng)], 1)
            for i in range(x.shape[2])
        ]
        return np.stack(parts, 2)

    def into(self, net: StepNet) -> None:
        import torch

        pairs = (
            (net.mean, self.mean), (net.scale, self.scale), (net.guess, self.guess),
            (net.start_knots, self.start), (net.knots, self.rest),
        )  # fmt: skip
        for to, value in pairs:
            to.copy_(torch.from_numpy(value.astype(np.float32)))


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
