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

RIDGE = 1e-6

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
        epochs = min(30, max(8, math.ceil(STEPS / max(n_rows // size, 1)))) if self.epochs is None else self.epochs
        return self._planned(
            epochs=epochs, batch_size=size, patience=max(2, epochs // 8) if self.patience is None else self.patience,
            learning_rate=self.learning_rate,
        )  # fmt: skip

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        import torch

        check_windows(self._alphabet)
        check_rows(rows)
        device = train_device(self.device)
        net = self._make_net(generator)
        x = in_steps(rows, self._alphabet).astype(np.float64)
        margins = _Margins.fit(x)
        margins.into(net)
        net = net.to(device)
        seen, held = (self._tensors(part, margins, fit.rng) for part in (x, in_steps(fit.holdout, self._alphabet)))

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

    def _make_net(self, generator: torch.Generator) -> StepNet:
        from likewise.nets.steps import StepNet

        assert self._alphabet.image is not None, "begun with an alphabet of windows"
        channels, steps, _ = self._alphabet.image.sides
        return StepNet(channels, steps, self.hidden, generator=generator)

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
        return Codes(np.zeros((n, 0), self._alphabet.code_dtype), np.clip(fractions, 0.0, BELOW_ONE))

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        try:
            check_windows(alphabet)
        except InputError as error:
            raise ModelFileError(f"model: {error}") from None
        self._alphabet = alphabet
        self._net = net_with_weights(lambda: self._make_net(torch.Generator()), state)
        return self


@dataclass(frozen=True)
class _Margins:
    """The linear guess of a step, and the margins of what it leaves.

    Args:
        first_guess: (C + 1, C) of the second step by the first.
        guess: (2 C + 1, C) of each later one by the two before it.
        start, rest: (C, K) values at the normal scores of `nets.steps`: of first steps, and of what the guess leaves.
        mean, scale: (C,) of the values.
    """

    first_guess: Floats
    guess: Floats
    start: Floats
    rest: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, x: Floats) -> Self:
        """Shape: (n, T, C)."""
        c = x.shape[2]
        repeats = (x[:, 1:] == x[:, :-1]).mean((0, 1)) > REPEATS
        first = _ridge(x[:, 0], x[:, 1])
        more = _ridge(np.concatenate([x[:, 1:-1], x[:, :-2]], 2).reshape(-1, 2 * c), x[:, 2:].reshape(-1, c)) if (
            x.shape[1] > 2
        ) else np.zeros((2 * c + 1, c))  # fmt: skip
        for guess in (first, more):
            guess[:, repeats] = 0.0
            guess[np.arange(c)[repeats], np.arange(c)[repeats]] = 1.0
        flat = x.reshape(-1, c)
        blank = np.zeros((c, 1))
        made = cls(first, more, blank, blank, flat.mean(0), flat.std(0).clip(1e-4))
        rest = made._rest(x).reshape(-1, c)
        return cls(first, more, _knots(x[:, 0]), _knots(rest), made.mean, made.scale)

    def _rest(self, x: Floats) -> Floats:
        """What the guesses leave. Shape: (n, T, C) -> (n, T - 1, C)."""
        second = x[:, 1] - x[:, 0] @ self.first_guess[:-1] - self.first_guess[-1]
        pair = np.concatenate([x[:, 1:-1], x[:, :-2]], 2)
        return np.concatenate([second[:, None], x[:, 2:] - pair @ self.guess[:-1] - self.guess[-1]], 1)

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
            (net.mean, self.mean), (net.scale, self.scale), (net.first_guess, self.first_guess),
            (net.guess, self.guess), (net.start_knots, self.start), (net.knots, self.rest),
        )  # fmt: skip
        for to, value in pairs:
            to.copy_(torch.from_numpy(value.astype(np.float32)))


def _ridge(x: Floats, y: Floats) -> Floats:
    """Coefficients, the constant last. Shape: (n, D), (n, C) -> (D + 1, C)."""
    mean_x, mean_y = x.mean(0), y.mean(0)
    centred = x - mean_x
    gram = centred.T @ centred + RIDGE * len(x) * np.eye(x.shape[1])
    slopes = np.linalg.solve(gram, centred.T @ (y - mean_y))
    return np.concatenate([slopes, (mean_y - mean_x @ slopes)[None]])


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
