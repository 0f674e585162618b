"""The VAE-GAN: a variational autoencoder whose law critics sharpen."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums
from likewise.errors import LikewiseWarning, ModelFileError, OptionError, TrainingError
from likewise.models.about import About
from likewise.models.base import Fit
from likewise.models.drawing.conditioning import Budget, rejection, resample
from likewise.models.gradient.inputs import (
    blank_shares,
    check_option,
    compute_dtype,
    in_net_order,
    log_marginals,
    net_with_weights,
    settled_dtype,
    train_device,
    weights_of,
)
from likewise.models.marginals.counts import OneWay
from likewise.models.vae.draws import LatentDrawing
from likewise.models.vae.model import VAE
from likewise.models.vaegan.tilt import Tilt, learn, learn_privately, normalised, scale_of
from likewise.training.loop import Event, Progress, Schedule

if TYPE_CHECKING:
    import torch

    from likewise.nets.critic import Critic

CRITIC, TILT = "critics.", "tilt"

MOST_DRAWS, DRAWS_A_ROW = 2**20, 4
"""Draws that the critics learn from: so many for each row, and no more than these where there are fewer rows."""

LEAST_DRAWS = 2**14
"""Draws by which a tilt is normalised and shares are counted, at least."""

VAE_SHARE = 0.5
"""Of a budget of seconds."""

PRIVATE_PASSES, PRIVATE_SCALE = 5, 0.5
"""Under a budget: how often each critic takes a row, and the factor of its scores, which noise makes too sure."""

OWN_CANDIDATES = 8
"""Rows decoded from each latent, among which the critics choose."""


@dataclass(kw_only=True)
class VAEGAN(VAE):
    """A VAE and critics of its draws (after Larsen et al. 2016): the VAE gives the latents, the critics sharpen rows.

    Critics learn to tell the training rows from draws of the VAE; held-out rows say how far they are to be believed.
    The mean of their scores is then the log ratio of two densities, and the law of this model is the VAE's times that
    ratio: p(z) p(x | z) exp(t(x)). Free rows are drawn from it by rejection (discriminator rejection sampling: Azadi
    et al. 2019), others by the VAE's own importance weights and moves, to which the ratio is one factor more; so
    conditions, completion, `decode` and `elbo` are those of the sharpened law. Where the critics find nothing beyond
    chance, the VAE draws alone, and so it does without held-out rows.

    NOTE[DIFF]: in the paper the critic's gradient teaches the decoder. Codes have no such gradient, and what stands in
    for it serves a decoder that sees the fields before less well. Adult, all from one VAE (seed 0), told from real rows
    with AUC / error of linked pairs / a model trained on them: the VAE .560 / .0146 / .913; decoder and prior learning
    from the critic by straight-through codes .566 / .0164 / .913, by the score function .549 / .0165 / .915; the prior
    alone .574 / .0239 / .910; as many steps without a critic .562 / .0167 / .917. This model .535 and .538 / .0112 and
    .0132 / .916 and .918 (two seeds of the critics); a form of it with one critic .550 / .0147 / .917.

    Args:
        critics: how many are trained; their mean judges. None takes 3, and 1 under a budget.
        critic_layers: layers of each, of the VAE's `width`.
        critic_epochs: passes of each over the rows; None chooses by their number.
        critic_rate: peak of each one's one cycle.
        critic_dropout: share of units dropped in their training; None takes .1, and 0 under a budget.

    The other arguments are those of `VAE`. Half of `max_seconds` goes to the VAE; `checkpoint` is of its training.

    Privacy: as `VAE`. Critics are no part of what is drawn, yet a critic that knew training rows by heart would choose
    them: held-out rows stop it before. Under a budget nothing is held out; each critic is trained by private steps of
    its own, all planned with the VAE's, and its scores count by half, whatever they are. There it helps nothing: on
    Adult at epsilon 10 C2ST .732 and TSTR AUC .894 (one critic, seed 0), and .700 and .901 of the VAE alone.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> synth = lw.Synthesizer(lw.VAEGAN(epochs=2, critic_epochs=2), random_state=0).fit(df)
        >>> synth.sample(3, where={"smokes": "yes"})["smokes"].to_list()
        ['yes', 'yes', 'yes']
    """

    name: ClassVar[str] = "vaegan"
    keeps_privacy: ClassVar[bool] = True
    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        **VAE.left_open, "critics": (3, 1), "critic_dropout": (0.1, 0.0),
    }  # fmt: skip
    about: ClassVar[About] = About(
        purpose="The vae's latent space, its rows corrected by critics that know what still tells them from real ones.",
        cost="About twice the vae's time; drawing is slower, for rows are chosen among candidates.",
        guarantees=(
            "As the vae: conditions on condition_on columns hold exactly; log_prob is an estimate. Values stay in "
            "the protected range and among the levels kept; differential privacy under a budget."
        ),
        avoid_when="The default's rows are enough, or few rows can be held out: the critics need them.",
    )

    critics: int | None = None
    critic_layers: int = 2
    critic_epochs: int | None = None
    critic_rate: float = 3e-3
    critic_dropout: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._tilt: Tilt | None = None
        for name in ("critics", "critic_layers", "critic_epochs"):
            check_option(self, name, int, 1, math.inf)
        check_option(self, "critic_rate", float, 1e-9, math.inf)
        check_option(self, "critic_dropout", float, 0.0, 0.99)

    def _schedule(self, n_rows: int) -> Schedule:
        schedule = super()._schedule(n_rows)
        seconds = schedule.max_seconds
        return schedule if seconds is None else replace(schedule, max_seconds=VAE_SHARE * seconds)

    def _critic_schedule(self, n_rows: int, to_come: int, seconds: float) -> Schedule:
        """Of one critic of those to come, when so many seconds have passed."""
        schedule = super()._schedule(n_rows)
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

    def fit(self, fit: Fit) -> Self:
        self._tilt = None
        return super().fit(fit)

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        began = time.perf_counter()
        super()._learn(fit, rows, generator)
        if not self._fitted().decoded or not len(fit.holdout):
            return
        try:
            self._tilt = self._sharpened(rows, fit.holdout, fit.rng, fit.progress, began)
        except TrainingError:
            self.record.stopped = "diverged"
            text = "the critics diverged and were left out: rows are drawn by the VAE alone; lower critic_rate"
            warnings.warn(text, LikewiseWarning, stacklevel=2)

    def _sharpened(
        self, train_codes: Codes, holdout: Codes, rng: np.random.Generator, progress: Progress | None, began: float
    ) -> Tilt | None:
        """The tilt of critics taught on the training rows beside draws of the VAE; None where they find nothing."""
        import torch

        # A code that may not be drawn tells a real row at once, and nothing of the others.
        real, held = map(self._drawable, (train_codes, holdout))
        if not len(real) or not len(held):
            return None
        n_draws = max(min(DRAWS_A_ROW * len(real), MOST_DRAWS), LEAST_DRAWS, len(real))
        drawn, held_drawn = self._draws(n_draws, rng), self._draws(max(LEAST_DRAWS, 4 * len(held)), rng)
        device = train_device(self.device)
        places = [part.to(device) for part in (real, drawn, held, held_drawn)]
        critics = []
        for i in range(self._option("critics")):
            schedule = self._critic_schedule(len(real), self._option("critics") - i, time.perf_counter() - began)
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            critic = self._make_critic(self._alphabet, log_marginals(train_codes, self._alphabet), generator)
            self._start(critic)
            critic.use(device, compute_dtype(self.precision, device))
            told = None if progress is None else _one_of(i, self._option("critics"), progress)
            learn(
                critic, places[0], places[1], schedule, held=(places[2], places[3]), generator=generator, progress=told
            )
            critic.use("cpu", settled_dtype(self._settled))
            critics.append(critic.eval())
        scale = scale_of(critics, held, held_drawn)
        if not scale:
            return None
        tilt = normalised(critics, scale, held_drawn)
        if self.calibrate:
            counts = self._fitted().count(self._in_order(train_codes.codes).long())
            self._keep_shares(counts, len(train_codes), tilt, drawn)
        return normalised(critics, scale, self._draws(LEAST_DRAWS, rng))

    def check_private(self) -> None:
        super().check_private()
        if self.critic_dropout:
            raise OptionError(
                "critic_dropout does not go with a budget of privacy: its masks are shared out among rows; set 0"
            )

    def _later_steps(self) -> list[tuple[str, Steps]]:
        passes = PRIVATE_PASSES if self.critic_epochs is None else self.critic_epochs
        steps = self._steps(passes)
        return [(f"gradients of critic {i + 1}", steps) for i in range(self._option("critics"))]

    def _train_later(self, sums: Sequence[ClippedSums], known: OneWay, rng: np.random.Generator) -> None:
        """Critics under a budget: NOTE[DIFF]: no held-out rows say how far they are to be believed, so that their
        scores count by a fixed factor."""
        import torch

        net = self._fitted()
        n_draws = int(np.clip(DRAWS_A_ROW * known.n_rows, LEAST_DRAWS, MOST_DRAWS))
        drawn, device = self._draws(n_draws, rng), train_device(self.device)
        critics = []
        for sum_ in sums:
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            critic = self._make_critic(self._alphabet, known.log_shares(), generator)
            self._start(critic)
            critic.use(device, torch.float32)
            schedule = Schedule(learning_rate=self.critic_rate, weight_decay=1e-2)
            learn_privately(critic, sum_, self._drawable, drawn.to(device), schedule, generator=generator)
            critic.use("cpu", settled_dtype(self._settled))
            critics.append(critic.eval())
        if self.calibrate:
            tilt = normalised(critics, PRIVATE_SCALE, drawn)
            self._keep_shares(net.by_bucket(known.counts), known.n_rows, tilt, drawn)
        self._tilt = normalised(critics, PRIVATE_SCALE, self._draws(LEAST_DRAWS, rng))

    def _draws(self, n: int, rng: np.random.Generator) -> torch.Tensor:
        """(n, D) draws of the VAE alone, in the net's own order."""
        return self._in_order(super().sample(n, rng=rng).codes)

    def _in_order(self, codes: npt.NDArray[Any]) -> torch.Tensor:
        import torch

        return torch.from_numpy(in_net_order(self._fitted(), codes))

    def _drawable(self, codes: Codes) -> torch.Tensor:
        """Rows in the net's own order; without those of a code that may not be drawn."""
        return self._in_order(codes.codes[self._may_be_drawn(codes.codes)])

    def _may_be_drawn(self, codes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """(n,) whether a row holds only codes that may be drawn."""
        result = np.ones(len(codes), bool)
        for j, field in enumerate(self._alphabet.fields):
            result &= field.emit[codes[:, j]]
        return result

    def _start(self, critic: Critic) -> None:
        """Let a critic begin where the encoder ended: it knows what codes are alike."""
        import torch

        net = self._fitted()
        with torch.no_grad():
            for mine, its in zip(net.embed, critic.embed, strict=True):
                its.copy_(mine)
            critic.ordinal_in.copy_(net.ordinal_in)
            critic.layers[0].copy_(net.enter)
            critic.layer_biases[0].copy_(net.enter_bias)
            critic.layers[-1].mul_(0.1)

    def _keep_shares(self, counts: list[torch.Tensor], n_rows: float, tilt: Tilt, drawn: torch.Tensor) -> None:
        """Move the decoder's biases so that under the tilt, too, each column's shares are the training rows' own.

        What chance alone can explain of a column's difference is left as it is (James and Stein 1961).
        """
        import torch

        net = self._fitted()
        drawn, weights = drawn.long(), tilt.of(drawn).exp().float()
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

        return Critic(
            alphabet.sizes,
            [ordinal_features(f.positions, f.size, self._settled["n_knots"]) for f in alphabet.fields],
            shares,
            d_embed=self._settled["d_embed"],
            width=self._settled["width"],
            n_layers=self.critic_layers,
            dropout=self._option("critic_dropout"),
            generator=generator,
            dtype=settled_dtype(self._settled),
        ).eval()

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def _drawing(self, given: Given, budget: Budget) -> LatentDrawing:
        drawing = super()._drawing(given, budget)
        return drawing if self._tilt is None else TiltedDrawing(self, self._tilt, given, budget)

    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        """One row for each latent: the critic chooses it among a few that the decoder draws."""
        if self._tilt is None:
            return super().decode(latents, rng=rng, given=given)
        given = given or Given()
        known = None if given.codes is None else given.codes.repeat(OWN_CANDIDATES, 0)
        latents = np.asarray(latents).repeat(OWN_CANDIDATES, 0)
        codes = super().decode(latents, rng=rng, given=replace(given, codes=known))
        return codes[resample(self._tilts(codes), len(codes) // OWN_CANDIDATES, rng, pooled=False)]

    def _log_ratios(self, codes: Codes, *args: Any, **options: Any) -> npt.NDArray[np.float64]:
        ratios = super()._log_ratios(codes, *args, **options)
        return ratios if self._tilt is None else ratios + self._tilts(codes)

    def _tilts(self, codes: Codes) -> npt.NDArray[np.float64]:
        """(n,) what the critic adds to the log-probability of rows."""
        import torch

        if self._tilt is None or not len(codes):
            return np.zeros(len(codes))
        parts = [self._tilt.of(x) for x in self._batches(codes)]
        result: npt.NDArray[np.float64] = torch.cat(parts).numpy()
        return result

    # ---- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        state, tilt = super().state(), self._tilt
        if tilt is None:
            return state
        for i, critic in enumerate(tilt.critics):
            state |= {f"{CRITIC}{i}.{name}": value for name, value in weights_of(critic).items()}
        return state | {TILT: np.array([tilt.scale, tilt.most, tilt.log_mean])}

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        state = dict(state)
        weights = {name.removeprefix(CRITIC): state.pop(name) for name in list(state) if name.startswith(CRITIC)}
        numbers = state.pop(TILT, None)
        super().load_state(state, alphabet)
        if (numbers is None) != (not weights):
            raise ModelFileError("model: critics need both weights and a tilt")
        self._tilt = None if numbers is None else self._loaded(weights, numbers)
        return self

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


def _one_of(i: int, n: int, progress: Progress) -> Progress:
    """Tells of the i-th of n trainings as of a part of one."""

    def tell(event: Event) -> None:
        epoch, epochs = event.epoch + i * event.epochs, n * event.epochs
        eta = event.eta_seconds + (n - 1 - i) * event.seconds / max(event.epoch, 1) * event.epochs
        progress(replace(event, epoch=epoch, epochs=epochs, eta_seconds=eta))

    return tell


class TiltedDrawing(LatentDrawing):
    """Draws blocks of rows of a VAE whose law a critic tilts.

    Free rows are kept by the tilt as their chance (rejection sampling: Azadi et al. 2019). Where the VAE chooses among
    candidates anyway, the tilt is one more weight; its moves leave the tilted law as it is.
    """

    def __init__(self, model: VAEGAN, tilt: Tilt, given: Given, budget: Budget) -> None:
        super().__init__(model, given, budget)
        self.tilt = tilt

    def block(self, rows: slice, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        if self.given.codes is not None or self.conditioned:
            return super().block(rows, rng)
        n = rows.stop - rows.start
        kept = rejection(n, lambda m: self._free(m, rng), rng, Budget.of(n, Given()))
        codes = np.empty(kept.shape, np.int64)
        codes[:, self.net.columns] = kept
        return codes

    def _free(self, n: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """(n, D) rows in the net's own order, and the log chance with which each is to be kept."""
        _, x, tilt = self._candidates(n, rng, self.given)
        return x.numpy(), tilt.numpy() - self.tilt.highest

    def _drawn(
        self, known: torch.Tensor, rng: np.random.Generator, z: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        z, x, log_mass = super()._drawn(known, rng, z)
        return z, x, log_mass + self.tilt.of(x)
