"""CTGAN: a GAN that is told one level of one column at a time, so that rare levels are learnt too."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.errors import ModelFileError, NotFittedError, OptionError
from likewise.models.about import About
from likewise.models.adversarial import (
    Alternating,
    critic_loss,
    generator_loss,
    is_finite,
    pac_misfit,
    tell_divergence,
    wasserstein_penalty,
)
from likewise.models.base import Generator
from likewise.models.gan_draws import NoiseDrawing, calibrate
from likewise.models.gradient import check_choice, check_option, take_weights, train_device
from likewise.models.labels import Labels, column_names
from likewise.models.modes import Modes, is_number, scores_of
from likewise.models.moments import Moments
from likewise.models.variety import LOOKED_AT, Variety
from likewise.training import Progress, Record, Schedule, train

if TYPE_CHECKING:
    import torch

    from likewise.nets.ctgan import DenseCritic, DenseGenerator

STEPS = 1300
"""Steps of the generator where the caller leaves the epochs open."""

PENALTY = 10.0

MOST_LEVELS = 500
"""Columns of more levels are not asked for: each layer sees the condition, so its width counts twice."""

MOST_FEATURES = 2000
"""Codes of all fields, at most, for second moments to be taken of them."""

_NUMBERS = ("moments", "generator_lr", "discriminator_lr", "generator_decay", "discriminator_decay")


@dataclass(kw_only=True)
class CTGAN(Generator):
    """The conditional tabular GAN of Xu et al. 2019, over codes.

    Numbers are modes and places within them, levels are one-hot; each row is told one level of one column, drawn by the
    logarithm of its frequency in training and by its frequency in drawing; packs of rows are judged together, by the
    Wasserstein loss with gradient penalty. NOTE[DIFF]: modes are of the ranks' normal scores; the rate runs on one
    cycle and training is shorter; what is drawn is moved to the training rows' share of each code. Without the known
    faults of the first implementation: rows are drawn by true frequencies, each column's levels stand at their own
    place in the condition, statistics of batches are not those of the rows drawn, conditions are exact.

    Args:
        embedding_dim: dimensions of the noise.
        generator_dim: widths of the generator's layers.
        discriminator_dim: widths of the critic's layers.
        generator_lr, discriminator_lr: peak rates.
        generator_decay, discriminator_decay: AdamW's weight decay.
        batch_size: rows a step; a table of fewer takes all it has.
        discriminator_steps: steps of the critic for each of the generator.
        log_frequency: draw levels by the logarithm of their frequency in training; False by the frequency itself.
        moments: weight of the second moments in the generator's loss (NOTE[DIFF]: not in the paper, where it is 0).
        epochs: passes over the rows; None chooses by their number.
        pac: rows judged together; it must divide `batch_size`.
        condition_on: columns told whole to generator and critic; conditions on them are met exactly and at no cost.
        calibrate: rounds of moving the generator's biases until each column's shares are the training rows' own.
        max_seconds: budget of the training; None for none.
        checkpoint: file to resume from, written every epoch; None for none.
        device: "cpu", "cuda", or "auto", for the labels' net only; the nets here are small and stay where they are.

    Privacy: not differentially private.
    """

    name: ClassVar[str] = "ctgan"
    about: ClassVar[About] = About(
        purpose=(
            "CTGAN with the option names its users know, rebuilt from the paper without its implementation's "
            "defects; to compare."
        ),
        cost="The slowest here: some four times the gan's, 140 s of one core for Adult's 32,561 rows.",
        guarantees=(
            "Generation follows the true shares; conditions on condition_on columns hold exactly; no likelihoods. "
            "Values stay in the protected range and among the levels kept; no differential privacy."
        ),
        avoid_when="You are free to choose: every other model of tables is quicker, closer, or both.",
    )

    embedding_dim: int = 128
    generator_dim: Sequence[int] = (256, 256)
    discriminator_dim: Sequence[int] = (256, 256)
    generator_lr: float = 4e-3
    generator_decay: float = 1e-6
    discriminator_lr: float = 1e-3
    discriminator_decay: float = 1e-6
    batch_size: int = 500
    discriminator_steps: int = 1
    log_frequency: bool = True
    moments: float = 1.0
    epochs: int | None = None
    pac: int = 10
    condition_on: list[str] = field(default_factory=list)
    calibrate: int = 2
    max_seconds: float | None = None
    checkpoint: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        self.record = Record()
        self._net: DenseGenerator | None = None
        self._labels: Labels | None = None
        self.condition_on = column_names(self.condition_on)
        self.generator_dim = _widths("generator_dim", self.generator_dim)
        self.discriminator_dim = _widths("discriminator_dim", self.discriminator_dim)
        check_choice(self, "device", ("auto", "cpu", "cuda"))
        for name in ("embedding_dim", "batch_size", "discriminator_steps", "epochs", "pac"):
            check_option(self, name, int, 1, math.inf)
        check_option(self, "calibrate", int, 0, math.inf)
        for name in (*_NUMBERS, "max_seconds"):
            check_option(self, name, float, 0, math.inf)
        if not isinstance(self.log_frequency, bool):
            raise OptionError(f"log_frequency must be True or False, got {self.log_frequency!r}")
        if self.batch_size % self.pac:
            raise OptionError(pac_misfit(self.pac, self.batch_size))
        self.checkpoint = None if self.checkpoint is None else str(self.checkpoint)
        self._schedule(1)

    def options(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def _pac(self, n_rows: int) -> int:
        """Rows judged together: a table of fewer has them all judged together."""
        return min(self.pac, max(n_rows, 1))

    def _schedule(self, n_rows: int) -> Schedule:
        size = min(self.batch_size, n_rows)
        size -= size % self._pac(n_rows)
        epochs = min(300, math.ceil(STEPS / max(n_rows // size, 1))) if self.epochs is None else self.epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self.generator_lr,
            warmup=0.05,
            weight_decay=self.generator_decay,
            patience=epochs,
            max_seconds=self.max_seconds,
            checkpoint=self.checkpoint,
        )

    def fit(
        self,
        train_codes: Codes,
        holdout: Codes,
        alphabet: Alphabet,
        *,
        rng: np.random.Generator,
        progress: Progress | None = None,
    ) -> Self:
        import torch
        from torch import nn

        from likewise.nets.ctgan import DenseCritic

        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        train_device(self.device)
        self._alphabet, codes = alphabet, train_codes.codes
        self._labels = Labels(self.condition_fields, alphabet, device=self.device).fit(train_codes, holdout, rng)
        counts = [np.bincount(codes[:, j], minlength=f.size) for j, f in enumerate(alphabet.fields)]
        numbers = [j for j, f in enumerate(alphabet.fields) if is_number(f) and j not in self.condition_fields]
        modes = {j: Modes.fit(alphabet.fields[j], counts[j], rng) for j in numbers}
        self._net = net = self._make_net(alphabet, modes, counts, generator)
        if not net.drawn:
            return self
        schedule, pac = self._schedule(len(codes)), self._pac(len(codes))
        d_row = net.spans[-1].stop + net.n_condition
        critic = DenseCritic(d_row, self.discriminator_dim, pac, generator=generator)
        game = _Game(net, critic, codes, counts, self.log_frequency, self.moments, schedule.batch_size, generator)
        step = Alternating(
            game,
            list(critic.parameters()),
            list(net.parameters()),
            schedule,
            critic_steps=self.discriminator_steps,
            critic_rate=self.discriminator_lr / self.generator_lr,
            critic_decay=self.discriminator_decay,
        )
        notes: dict[str, float] = {}
        held = Variety(holdout.codes, alphabet)

        def holdout_distance() -> float:
            if not is_finite(net):
                return math.nan
            drawn, _ = NoiseDrawing(net, self._told(), alphabet, Given()).candidates(
                LOOKED_AT, np.random.default_rng(0)
            )
            notes.update(held.measure(drawn))
            return notes.pop("distance")

        self.record = train(
            nn.ModuleDict({"generator": net, "critic": critic}),
            step,
            len(codes),
            schedule,
            generator=generator,
            holdout_loss=holdout_distance if len(holdout) else None,
            on_epoch=game.refill,
            progress=progress,
            notes=notes,
            fingerprint=hashlib.sha256(repr(self.options()).encode() + codes.tobytes()).hexdigest(),
        )
        tell_divergence(self.record, "generator_lr and discriminator_lr")
        calibrate(net.eval(), self._told(), alphabet, train_codes, self.calibrate, rng)
        return self

    def _make_net(
        self,
        alphabet: Alphabet,
        modes: dict[int, Modes],
        counts: Sequence[npt.NDArray[Any]],
        generator: torch.Generator,
    ) -> DenseGenerator:
        import torch

        from likewise.nets.ctgan import DenseGenerator, lay_out

        sizes = alphabet.sizes
        tables = {
            j: tuple(torch.from_numpy(a) for a in (*m.table, m.means, m.deviations, m.scores, m.reach))
            for j, m in modes.items()
        }
        told = list(self.condition_fields)
        shares = [c / max(c.sum(), 1) for c in counts]
        return DenseGenerator(
            lay_out([tables.get(j, k) for j, k in enumerate(sizes)]),
            sizes,
            [j for j, k in enumerate(sizes) if j not in modes and j not in told and 1 < k <= MOST_LEVELS],
            told,
            [torch.from_numpy(share.astype(np.float32)) for share in shares],
            n_noise=self.embedding_dim,
            widths=self.generator_dim,
            generator=generator,
        ).eval()

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def sample(self, n: int, *, rng: np.random.Generator, given: Given | None = None) -> Codes:
        codes = NoiseDrawing(self._fitted(), self._told(), self._alphabet, given or Given()).rows(n, rng)
        # Inside a code every place is as likely as another: that is what a fraction means.
        fractions = rng.random((n, self._alphabet.n_fractions), dtype=np.float32)
        return Codes(codes.astype(self._alphabet.code_dtype), fractions)

    def _fitted(self) -> DenseGenerator:
        if self._net is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._net

    def _told(self) -> Labels:
        if self._labels is None:
            raise NotFittedError("this model has learnt nothing yet: call fit first")
        return self._labels

    # ---- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, npt.NDArray[Any]]:
        weights: dict[str, npt.NDArray[Any]] = {n: v.numpy() for n, v in self._fitted().state_dict().items()}
        return weights | self._told().state()

    def load_state(self, state: dict[str, npt.NDArray[Any]], alphabet: Alphabet) -> Self:
        import torch

        state = dict(state)
        labels = Labels.take(state, alphabet, device=self.device)
        self.condition_fields, self._alphabet = tuple(labels.fields), alphabet
        modes = {}
        for j, f in enumerate(alphabet.fields):
            if is_number(f) and j not in self.condition_fields:
                modes[j] = _modes_of(state.get(f"modes{j}"), f)
        if sum(value.size for value in state.values()) < self._least_weights(alphabet):
            raise ModelFileError("model: its options ask for more weights than there are")
        net = self._make_net(alphabet, modes, [np.zeros(k, np.int64) for k in alphabet.sizes], torch.Generator())
        take_weights(net, state)
        if any((net.share_of(j) < 0).any() for j in range(len(alphabet.sizes))):
            raise ModelFileError("model: shares must be 0 or more")
        if any((value < 0).any() for name, value in state.items() if name.startswith("variance")):
            raise ModelFileError("model: variances must be 0 or more")
        self._net, self._labels = net.eval(), labels
        return self

    def _least_weights(self, alphabet: Alphabet) -> int:
        """How many weights the layers have at least: told before a damaged file can ask for all memory."""
        total, d_in = sum(alphabet.sizes), self.embedding_dim
        for width in self.generator_dim:
            total, d_in = total + d_in * width, d_in + width
        return total


class _Game:
    """Dense rows against those of the training rows, under the same conditions."""

    def __init__(
        self,
        net: DenseGenerator,
        critic: DenseCritic,
        codes: npt.NDArray[np.integer],
        counts: Sequence[npt.NDArray[Any]],
        log_frequency: bool,
        weight: float,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        import torch

        from likewise.nets.generator import GumbelPool

        self.net, self.critic, self.generator = net, critic, generator
        self.x = torch.from_numpy(codes.astype(np.int64))
        self.by_level = ByLevel(codes, counts, net.asked, log_frequency)
        self.noise = GumbelPool(batch_size, net.spans[-1].stop, generator)
        wanted = weight and batch_size > 1 and sum(net.sizes) <= MOST_FEATURES
        self.weight, self.moments = weight, Moments(codes, net.feature_maps()) if wanted else None

    def refill(self) -> None:
        """Fresh noise for an epoch."""
        self.critic.drop.refill(self.generator)
        self.noise.refill()

    def draw(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Real rows chosen by level, what they are told, what the generator made of it, bent and raw."""
        import torch

        place, code, chosen = self.by_level.draw(rows, self.generator)
        real = self.x[chosen]
        labels = real[:, self.net.labels]
        condition = self.net.condition(place, code, labels)
        noise = torch.randn(len(rows), self.net.n_noise, generator=self.generator)
        raw = self.net(noise, condition)
        fake = self.net.bend(raw, labels, self.noise(*raw.shape))
        return real, condition, fake, raw, place, code

    def critic_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, ...], step: int) -> torch.Tensor:
        import torch

        real, condition, bent, *_ = fake
        real_rows = torch.cat([self._dense(real), condition], 1)
        fake_rows = torch.cat([bent.detach(), condition], 1)
        loss = critic_loss("wasserstein", *self.critic.judge(torch.cat([real_rows, fake_rows])).chunk(2))
        mixed = torch.rand(len(rows) // self.critic.pac, generator=self.generator)
        return loss + PENALTY * wasserstein_penalty(self.critic, real_rows, fake_rows, mixed)

    def generator_loss(self, rows: torch.Tensor, fake: tuple[torch.Tensor, ...]) -> torch.Tensor:
        import torch
        from torch.nn import functional as F

        _, condition, bent, raw, place, code = fake
        loss = generator_loss("wasserstein", self.critic.judge(torch.cat([bent, condition], 1)))
        for i, j in enumerate(self.net.asked):  # what a row is told it must be
            span, chosen = self.net.spans[j], place == i
            told = F.cross_entropy(raw[chosen, span.start : span.stop], code[chosen], reduction="sum")
            loss = loss + told / len(rows)
        return loss if self.moments is None else loss + self.weight * self._moments(self.moments, rows)

    def _moments(self, moments: Moments, rows: torch.Tensor) -> torch.Tensor:
        """Distance of the second moments of rows that are told what training rows hold, as often as they hold it."""
        import torch

        real = self.x[rows]
        noise = torch.randn(len(rows), self.net.n_latent, generator=self.generator)
        labels, place = real[:, self.net.labels], torch.zeros(len(rows), dtype=torch.long)
        code = place
        if self.net.asked:
            place = torch.randint(len(self.net.asked), (len(rows),), generator=self.generator)
            code = real.gather(1, torch.tensor(self.net.asked)[place][:, None])[:, 0]
        raw = self.net(noise[:, : self.net.n_noise], self.net.condition(place, code, labels))
        features = self.net.features(raw, labels)
        return moments.distance(features, features)

    def _dense(self, x: torch.Tensor) -> torch.Tensor:
        """Real rows, each number's mode drawn by what its code says. Shape: (B, D) codes -> (B, S)."""
        import torch
        from torch.nn import functional as F

        parts = []
        for j, span in enumerate(self.net.spans):
            if span.modes is None:
                parts.append(F.one_hot(x[:, j], span.stop - span.start).float())
                continue
            chance, place, *_ = span.modes
            mode = torch.multinomial(chance[x[:, j]], 1, generator=self.generator)
            parts += [place[x[:, j]].gather(1, mode), F.one_hot(mode[:, 0], chance.shape[1]).float()]
        return torch.cat(parts, 1)


class ByLevel:
    """Training by sampling (Xu et al. 2019, section 4.3): a column, one of its levels, a row that has it.

    Args:
        codes: (n, D).
        counts: (K,) rows of each code of each field.
        asked: the fields to choose among.
        log_frequency: choose levels by log(1 + rows), not by rows.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.integer],
        counts: Sequence[npt.NDArray[Any]],
        asked: Sequence[int],
        log_frequency: bool,
    ) -> None:
        import torch

        # Rows sorted by level: those of a level stand together, so that one draw finds one.
        self.rows = [torch.from_numpy(np.argsort(codes[:, j], kind="stable")) for j in asked]
        self.counts = [torch.from_numpy(counts[j].astype(np.int64)) for j in asked]
        self.first = [c.cumsum(0) - c for c in self.counts]
        self.weights = [(c.double() + 1).log() if log_frequency else c.double() for c in self.counts]

    def draw(self, rows: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Places in `asked`, codes and row numbers, (B,) each; the rows themselves where there is nothing to ask."""
        import torch

        n = len(rows)
        place, code, chosen = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long), rows.clone()
        if not self.rows:
            return place, code, chosen
        place = torch.randint(len(self.rows), (n,), generator=generator)
        for i, (order, counts, first, weights) in enumerate(
            zip(self.rows, self.counts, self.first, self.weights, strict=True)
        ):
            at = torch.nonzero(place == i)[:, 0]
            if not len(at):
                continue
            level = torch.multinomial(weights, len(at), replacement=True, generator=generator)
            offset = (torch.rand(len(at), generator=generator, dtype=torch.float64) * counts[level]).long()
            code[at], chosen[at] = level, order[first[level] + offset.clamp(max=counts[level] - 1)]
        return place, code, chosen


def _modes_of(saved: npt.NDArray[Any] | None, f: Any) -> Modes:
    """The modes of a model file."""
    if saved is None or saved.dtype != np.float32 or saved.ndim != 2 or saved.shape[0] != 2 or not saved.shape[1]:
        raise ModelFileError("model: the modes of a number must be two rows of 32-bit floats")
    if not np.isfinite(saved).all() or (saved[1] <= 0).any():
        raise ModelFileError("model: the modes of a number must be finite, with deviations above 0")
    return Modes(scores_of(f), saved[0].copy(), saved[1].copy())


def _widths(name: str, value: Any) -> list[int]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise OptionError(f"{name} must be a list of whole numbers, got {value!r}")
    if any(isinstance(v, bool) or not isinstance(v, int | np.integer) or v < 1 for v in value):
        raise OptionError(f"{name} must be a list of whole numbers of 1 or more")
    return [int(v) for v in value]
