"""A model whose law critics tilt: the model draws rows, the critics say how much likelier real ones are."""

from __future__ import annotations

import math
import time
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.errors import LikewiseWarning, ModelFileError, OptionError, TrainingError
from likewise.models.base import Fit
from likewise.models.gradient.inputs import (
    blank_shares,
    compute_dtype,
    in_net_order,
    log_marginals,
    net_with_weights,
    settled_dtype,
    train_device,
    weights_of,
)
from likewise.models.gradient.model import NetModel, NetOptions
from likewise.models.marginals.counts import OneWay
from likewise.models.options import MOST_DROPPED, number, whole
from likewise.models.tilted.tilt import Tilt, learn, learn_privately, normalised, scale_of
from likewise.training.loop import Progress, Record, Schedule, one_thread, part_of

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic
    from likewise.nets.tables import CodeTables

CRITIC, TILT = "critics.", "tilt"

MOST_DRAWS, DRAWS_A_ROW = 2**20, 4
"""Draws that the critics learn from: so many for each row, and no more than these where there are fewer rows."""

LEAST_DRAWS = 2**14
"""Draws by which a tilt is normalised and shares are counted, at least."""

MODEL_SHARE = 0.5
"""Of a budget of seconds."""

PRIVATE_PASSES, PRIVATE_SCALE = 5, 0.5
"""Under a budget: how often each critic takes a row, and the factor of its scores, which noise makes too sure."""

CHECKED_DRAWS, FARTHEST_MEAN = 256, 100.0
"""Draws that loaded critics are held to, and how far from 1 the mean of what they multiply by may lie."""


class Tiltable(Protocol):
    """A model which can be tilted: it draws under a tilt itself, for it alone knows how its candidates are chosen."""

    record: Record
    n_rows: int
    condition_fields: tuple[int, ...]

    def fit_on(self, fit: Fit, /) -> None:
        """Fit, and keep the checkpoint."""

    def fit_before(self, fit: Fit, later: Sequence[tuple[str, Steps]], /) -> tuple[OneWay, list[ClippedSums]]:
        """Fit under a budget, of which trainings to come have their part."""

    def draw(self, n: int, rng: np.random.Generator, given: Given, tilt: Tilt | None = None, /) -> Codes: ...

    def log_prob(self, codes: Codes, /) -> npt.NDArray[np.float64]: ...

    def tables(self) -> CodeTables:
        """The net, whose order of fields critics share and whose biases are moved."""

    def widths(self) -> dict[str, int]:
        """What was settled of its net: "d_embed", "n_knots", "bf16", and "width" for the critics' layers."""

    def check_private(self) -> None: ...

    def state(self) -> dict[str, npt.NDArray[Any]]: ...

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet, /) -> Any: ...


Model = TypeVar("Model", bound=Tiltable)


@dataclass(kw_only=True)
class CriticOptions(NetOptions):
    """The options of the critics that tilt a law.

    Args:
        critics: how many are trained; their mean judges. None takes 3, and 1 under a budget.
        critic_layers: layers of each, of the model's `width`.
        critic_epochs: passes of each over the rows; None chooses by their number.
        critic_rate: peak of each one's one cycle.
        critic_dropout: share of units dropped in their training; None takes .1, and 0 under a budget.
    """

    critics: int | None = whole(None)
    critic_layers: int = whole(2)
    critic_epochs: int | None = whole(None)
    critic_rate: float = number(3e-3, 1e-9)
    critic_dropout: float | None = number(None, 0, MOST_DROPPED)


class Tilted(CriticOptions, NetModel, Generic[Model]):
    """A model and critics of its draws: its law times exp(t(x)), t the mean of the critics' scores.

    Critics learn to tell the training rows from draws of the model; held-out rows say how far they are to be believed.
    Where they find nothing beyond chance, the model draws alone, and so it does without held-out rows.
    """

    left_open: ClassVar[dict[str, tuple[Any, Any]]] = {"critics": (3, 1), "critic_dropout": (0.1, 0.0)}
    calibrate: int
    precision: str

    _tilt: Tilt | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._model = self._make_model()

    @abstractmethod
    def _make_model(self) -> Model:
        """The model to be tilted, with half of the seconds."""

    @abstractmethod
    def _model_schedule(self, n_rows: int) -> Schedule:
        """How the model is trained on so many rows: the critics take as many at a time, or half."""

    @abstractmethod
    def _start(self, critic: Critic) -> None:
        """Let a critic begin where the model ended, as far as it goes."""

    def check_private(self) -> None:
        super().check_private()
        self._model.check_private()
        if self.critic_dropout:
            raise OptionError(
                "critic_dropout does not go with a budget of privacy: its masks are shared out among rows; set 0"
            )

    # ---- learning ----------------------------------------------------------------------------------------------------

    @one_thread()
    def fit(self, fit: Fit) -> Self:
        self.check_context(fit)
        began = time.perf_counter()
        self._tilt, self._alphabet, self.is_private = None, fit.alphabet, fit.gate.is_private
        if isinstance(fit.gate, Noisy):
            known, sums = self._model.fit_before(fit, self._later_steps())
            self._take_over()
            if sums:
                self._train_later(sums, known, fit.rng)
            return self
        self._model.fit_on(fit)
        self._take_over()
        if len(fit.holdout) and len(self.condition_fields) < len(fit.alphabet.fields):
            try:
                self._tilt = self._sharpened(fit.rows(), fit.holdout, fit.rng, fit.progress, began)
            except TrainingError:
                self.record.stopped = "diverged"
                text = "the critics diverged and were left out: rows are drawn by the model alone; lower critic_rate"
                warnings.warn(text, LikewiseWarning, stacklevel=2)
        self._forget_checkpoint()
        return self

    def _take_over(self) -> None:
        """What is known of this model is what is known of the one that is tilted."""
        model = self._model
        self.record, self.condition_fields = model.record, model.condition_fields
        if self.is_private:
            self.n_rows = model.n_rows

    def _critic_schedule(self, n_rows: int, to_come: int, seconds: float) -> Schedule:
        """Of one critic of those to come, when so many seconds have passed."""
        schedule = self._model_schedule(n_rows)
        epochs = max(round(0.8 * schedule.epochs), 1) if self.critic_epochs is None else self.critic_epochs
        left = None if self.max_seconds is None else max((self.max_seconds - seconds) / to_come, 1e-3)
        return Schedule(
            epochs=epochs,
            batch_size=max(schedule.batch_size // 2, 1),
            learning_rate=self.critic_rate,
            weight_decay=1e-2,
            patience=max(4, epochs // 2),
            max_seconds=left,
        )

    def _sharpened(
        self, train_codes: Codes, holdout: Codes, rng: np.random.Generator, progress: Progress | None, began: float
    ) -> Tilt | None:
        """The tilt of critics taught on the training rows beside draws of the model; None where they find nothing."""
        # A code that may not be drawn tells a real row at once, and nothing of the others.
        real, held = map(self._drawable, (train_codes, holdout))
        if not len(real) or not len(held):
            return None
        n_draws = max(min(DRAWS_A_ROW * len(real), MOST_DRAWS), LEAST_DRAWS, len(real))
        drawn, held_drawn = self._draws(n_draws, rng), self._draws(max(LEAST_DRAWS, 4 * len(held)), rng)
        device, many = train_device(self.device), self._option("critics")
        places = [part.to(device) for part in (real, drawn, held, held_drawn)]
        critics = []
        for i in range(many):
            schedule = self._critic_schedule(len(real), many - i, time.perf_counter() - began)
            critic, generator = self._new_critic(log_marginals(train_codes, self._alphabet), rng)
            critic.use(device, compute_dtype(self.precision, device))
            told = part_of(progress, i * schedule.epochs, many * schedule.epochs)
            learn(
                critic, places[0], places[1], schedule, held=(places[2], places[3]), generator=generator, progress=told
            )
            critics.append(self._kept(critic))
        scale = scale_of(critics, held, held_drawn)
        if not scale:
            return None
        tilt = normalised(critics, scale, held_drawn)
        if self.calibrate:
            counts = self._model.tables().count(self._in_order(train_codes.codes).long())
            self._keep_shares(counts, len(train_codes), tilt, drawn)
        return normalised(critics, scale, self._draws(LEAST_DRAWS, rng))

    def _later_steps(self) -> list[tuple[str, Steps]]:
        """Under a budget: what is trained after the model, planned together with it."""
        steps = self._steps(PRIVATE_PASSES if self.critic_epochs is None else self.critic_epochs)
        return [(f"gradients of critic {i + 1}", steps) for i in range(self._option("critics"))]

    def _train_later(self, sums: Sequence[ClippedSums], known: OneWay, rng: np.random.Generator) -> None:
        """Critics under a budget: NOTE[DIFF]: no held-out rows say how far they are to be believed, so that their
        scores count by a fixed factor."""
        import torch

        n_draws = int(np.clip(DRAWS_A_ROW * known.n_rows, LEAST_DRAWS, MOST_DRAWS))
        drawn, device = self._draws(n_draws, rng), train_device(self.device)
        critics = []
        for sum_ in sums:
            critic, generator = self._new_critic(known.log_shares(), rng)
            critic.use(device, torch.float32)
            schedule = Schedule(learning_rate=self.critic_rate, weight_decay=1e-2)
            learn_privately(critic, sum_, self._drawable, drawn.to(device), schedule, generator=generator)
            critics.append(self._kept(critic))
        if self.calibrate:
            tilt = normalised(critics, PRIVATE_SCALE, drawn)
            self._keep_shares(self._model.tables().by_bucket(known.counts), known.n_rows, tilt, drawn)
        self._tilt = normalised(critics, PRIVATE_SCALE, self._draws(LEAST_DRAWS, rng))

    def _new_critic(
        self, shares: list[npt.NDArray[np.float32]], rng: np.random.Generator
    ) -> tuple[Critic, torch.Generator]:
        """A critic that has learnt nothing but what the model knows, and the generator of its training."""
        import torch

        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        critic = self._make_critic(self._alphabet, shares, generator)
        self._start(critic)
        return critic, generator

    def _kept(self, critic: Critic) -> Critic:
        critic.use("cpu", settled_dtype(self._model.widths()))
        return critic.eval()

    def _draws(self, n: int, rng: np.random.Generator) -> torch.Tensor:
        """(n, D) draws of the model alone, in the net's own order."""
        return self._in_order(self._model.draw(n, rng, Given()).codes)

    def _in_order(self, codes: npt.NDArray[Any]) -> torch.Tensor:
        import torch

        return torch.from_numpy(in_net_order(self._model.tables(), codes))

    def _drawable(self, codes: Codes) -> torch.Tensor:
        """Rows in the net's own order; without those of a code that may not be drawn."""
        drawable = np.ones(len(codes), bool)
        for j, field in enumerate(self._alphabet.fields):
            drawable &= field.emit[codes.codes[:, j]]
        return self._in_order(codes.codes[drawable])

    def _keep_shares(self, counts: list[torch.Tensor], n_rows: float, tilt: Tilt, drawn: torch.Tensor) -> None:
        """Move the model's biases so that under the tilt, too, each column's shares are the training rows' own.

        What chance alone can explain of a column's difference is left as it is (James and Stein 1961).
        """
        import torch

        net, drawn = self._model.tables(), drawn.long()
        weights = tilt.of(drawn).exp().float()
        weights *= n_rows / weights.sum()
        with torch.inference_mode():
            wanted, given, variance = counts, net.count(drawn, weights), net.count(drawn, weights**2)
            for want, have, var in zip(wanted, given, variance, strict=True):
                chi_squared = ((have - want) ** 2 / (var + 1)).sum(1, keepdim=True)
                freedom = (want + have > 0).sum(1, keepdim=True)
                have += (want - have) * (freedom / chi_squared.clamp(min=1e-9)).clamp(max=1)
            net.move_shares(wanted, given)

    def _make_critic(
        self, alphabet: Alphabet, shares: list[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> Critic:
        from likewise.nets.critic import Critic
        from likewise.nets.ordinal import ordinal_features

        widths = self._model.widths()
        return Critic(
            alphabet.sizes,
            [ordinal_features(f.positions, f.size, widths["n_knots"]) for f in alphabet.fields],
            shares,
            d_embed=widths["d_embed"],
            width=widths["width"],
            n_layers=self.critic_layers,
            dropout=self._option("critic_dropout"),
            generator=generator,
            dtype=settled_dtype(widths),
        ).eval()

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def draw(self, n: int, rng: np.random.Generator, given: Given) -> Codes:
        return self._model.draw(n, rng, given, self._tilt)

    def log_prob(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) as the model has it, and what the critics add."""
        return np.minimum(self._model.log_prob(codes) + self._tilts(codes), 0.0)

    @one_thread()
    def _tilts(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) what the critics add to the log-probability of rows."""
        if self._tilt is None or not len(codes):
            return np.zeros(len(codes))
        tilts: npt.NDArray[np.float64] = self._tilt.of(self._in_order(codes.codes)).numpy()
        return tilts

    # ---- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        state, tilt = self._model.state(), self._tilt
        if tilt is None:
            return state
        for i, critic in enumerate(tilt.critics):
            state |= {f"{CRITIC}{i}.{name}": value for name, value in weights_of(critic).items()}
        return state | {TILT: np.array([tilt.scale, tilt.most, tilt.log_mean])}

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        state = dict(state)
        weights = {name.removeprefix(CRITIC): state.pop(name) for name in list(state) if name.startswith(CRITIC)}
        numbers = state.pop(TILT, None)
        self._model.load_state(state, alphabet)
        if (numbers is None) != (not weights):
            raise ModelFileError("model: critics need both weights and a tilt")
        self._alphabet, self.condition_fields = alphabet, self._model.condition_fields
        self._tilt = None if numbers is None else self._loaded(weights, numbers)
        if self._tilt is not None:
            self._check_fit(self._tilt)
        return self

    def _check_fit(self, tilt: Tilt) -> None:
        """Hold loaded critics to the model: over its own draws what they multiply the probability by is 1 on average.

        Critics of a damaged file would refuse all that the model draws, and a draw would search for ever.
        """
        mean = float(tilt.of(self._draws(CHECKED_DRAWS, np.random.default_rng(0))).exp().mean())
        is_near = 1 / FARTHEST_MEAN < mean < FARTHEST_MEAN  # False for NaN
        if not (is_near and math.exp(min(tilt.highest, 99.0)) < FARTHEST_MEAN**2):
            raise ModelFileError("model: its critics do not fit what it draws")

    def _loaded(self, weights: dict[str, npt.NDArray[Any]], numbers: npt.NDArray[Any]) -> Tilt:
        import torch

        if numbers.shape != (3,) or numbers.dtype != np.float64 or not np.isfinite(numbers).all():
            raise ModelFileError("model: array 'tilt' must hold three finite 64-bit floats")
        there = {name.partition(".")[0] for name in weights}
        allowed = self.left_open["critics"] if self.critics is None else (self.critics,)
        if len(there) not in allowed or there != {str(i) for i in range(len(there))}:
            wanted = " or ".join(map(str, allowed))
            raise ModelFileError(f"model: its options ask for {wanted} critics, and its arrays are of others")
        blank, critics = blank_shares(self._alphabet), []
        for i in range(len(there)):
            own = {k.removeprefix(f"{i}."): v for k, v in weights.items() if k.startswith(f"{i}.")}
            critics.append(
                net_with_weights(
                    lambda: self._make_critic(self._alphabet, blank, torch.Generator()), own, self.critic_layers
                )
            )
        return Tilt(critics, *numbers.tolist())
