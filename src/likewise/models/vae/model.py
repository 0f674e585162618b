"""The variational autoencoder: codes to latents and back, every level drawn, never the likeliest taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.autoregressive.model import MANY_ROWS
from likewise.models.base import Fit, check_rows
from likewise.models.drawing.conditioning import Budget, blocks
from likewise.models.gradient.conditional import ConditionalModel
from likewise.models.gradient.inputs import (
    batch_size_for,
    blank_shares,
    check_choice,
    check_training_options,
    compute_dtype,
    fingerprint,
    in_net_order,
    is_wide,
    log_marginals,
    net_weights,
    settled_dtype,
    train_device,
)
from likewise.models.gradient.labels import Labels, column_names
from likewise.models.marginals.counts import OneWay
from likewise.models.vae.draws import BATCH, LatentDrawing, log_normal
from likewise.training.loop import Descent, Record, Schedule, one_thread, train

if TYPE_CHECKING:
    import torch

    from likewise.nets.vae import Decoding, LatentNet

PRIORS = ("normal", "mixture", "chain")
DECODERS = ("independent", "chained")

N_KNOTS = 64
"""Pieces of the rank's linear encoding."""

CALIBRATION_ROWS = 16_384
CALIBRATION_CELLS = 20_000_000
"""Probabilities counted in a round of calibration, at most: with very many levels fewer rows must do."""

_WHOLE = {
    "latent_dim": 1, "width": 1, "n_layers": 0, "d_embed": 1, "d_hidden": 1, "epochs": 1, "batch_size": 1,
    "patience": 1, "calibrate": 0,
}  # fmt: skip
_NUMBERS = {
    "kl_weight": (0.0, math.inf),
    "kl_warmup": (0.0, 1.0),
    "free_bits": (0.0, math.inf),
    "learning_rate": (0.0, math.inf),
    "dropout": (0.0, 1.0),
    "weight_decay": (0.0, math.inf),
    "max_seconds": (0.0, math.inf),
    "clip": (1e-6, math.inf),
    "sampling_rate": (1e-6, 1.0),
}


@dataclass(frozen=True)
class Latents:
    """Where rows lie in the latent space.

    Args:
        mean: (n, L) float32, of q(z | row).
        deviation: (n, L) float32, how sure the encoder is of it.
    """

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]

    def draw(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """(n, L) one draw of q(z | row) for each row."""
        return self.mean + self.deviation * rng.standard_normal(self.mean.shape, dtype=np.float32)


@dataclass(kw_only=True)
class VAE(ConditionalModel["LatentNet"]):
    """A variational autoencoder (Kingma and Welling 2014) over codes.

    An encoder takes a row to the mean and log variance of its latents, a decoder takes latents to one likelihood a
    field over its codes, free and ordinal parts together; levels and bins are drawn from it. NOTE[DIFF]: by default a
    field also sees the fields before it, through one masked product, so that the latents need not carry each detail;
    and the prior is learnt together with encoder and decoder, so that what is drawn lies where rows lie.
    `prior="normal", decoder="independent"` is the model of the paper; it is much easier to tell from real rows.

    Args:
        latent_dim: dimensions of the latent space; None takes 16, and 8 under a budget of privacy.
        prior: "normal" N(0, I), "mixture" of 64 normals, or "chain": one latent given those before it.
        decoder: "independent": fields are independent given the latents. "chained": each also sees the fields before.
        kl_weight: weight of the divergence in the loss (Higgins et al. 2017). Below 1 the latents say more of a row: on
            Adult 8 nats at .5, fewer at .7, and nothing at 1 with chained fields, which then need no latents. Rows
            are the harder to tell from real ones, the larger it is.
        kl_warmup: share of the training over which that weight rises from 0 (Bowman et al. 2016, section 3.1). Latents
            say more: 12 nats at .3, and rows are as hard to tell.
        free_bits: nats a latent that the divergence costs nothing for (in the line of Kingma et al. 2016, appendix C.8;
            NOTE[DIFF]: counted over all latents together, for a prior need not be a product of theirs). With
            kl_weight 1, .5 of them keep the default's 8 nats.
        condition_on: columns told to encoder, prior and decoder; conditions on them are met exactly and at no cost.
        width: units of the shared layers of encoder and decoder; None takes 256, and 64 under a budget.
        n_layers: residual layers of each.
        d_embed: width of a code's embedding; None takes 24 where most columns have many codes, else 12.
        d_hidden: hidden units of each column in the decoder; None takes 64 where most columns have many codes, else 32.
        epochs: passes over the rows; None chooses by their number.
        batch_size: rows a step; None chooses by their number.
        learning_rate: peak of the one cycle; None takes .004, and .02 under a budget.
        dropout: share of units dropped in training; None takes .05, and 0 under a budget.
        weight_decay: AdamW's, as `Autoregressive` takes it; None takes 1, and .0001 under a budget.
        patience: epochs without a better held-out loss before training ends; None takes 4, or a fifth of the epochs.
        max_seconds: budget of the training; None for none.
        checkpoint: file to resume from, written every epoch; None for none.
        calibrate: rounds of moving the decoder's biases so that each column's shares are the training rows' own.
        precision: "bf16", "fp32", or "auto": bf16 where the processor multiplies it faster.
        device: "cpu", "cuda", or "auto".
        clip: under a budget of privacy, the norm to which each row's gradient is cut.
        sampling_rate: under a budget of privacy, the chance of each row to be in a step, whatever the number of rows;
            None takes 1/16.

    Privacy: differentially private under a ledger (`Synthesizer(privacy=...)`): noisy counts of each field and of
    `condition_on` columns together, then clipped and noisy gradients (`likewise.training.private`); what is drawn is
    brought to the noisy counts. Latents of a row say nearly all about it: share them as you would the row.
    """

    name: ClassVar[str] = "vae"
    keeps_privacy: ClassVar[bool] = True
    settles: ClassVar[tuple[str, ...]] = ("latent_dim", "width", "d_embed", "d_hidden", "n_knots", "bf16")
    # Adult at epsilon 1, one seed: width 256 and 16 latents AUC .855 of a model trained on the draws, held-out loss
    # 21.7, 44 CPU seconds; 64 and 8 .869, 20.5 and 20.
    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "latent_dim": (16, 8), "width": (256, 64), "d_embed": (None, 8), "d_hidden": (None, 32),
        "learning_rate": (4e-3, 2e-2), "dropout": (0.05, 0.0), "weight_decay": (1.0, 1e-4),
    }  # fmt: skip
    about: ClassVar[About] = About(
        purpose=(
            "A latent space: encode, decode, interpolate, reconstruct rows; and columns told to the model with "
            "condition_on."
        ),
        cost="Some three times the default's: 18 s of one core for Adult's 32,561 rows.",
        guarantees=(
            "Conditions on condition_on columns hold exactly and cost nothing; log_prob is an estimate. Values "
            "stay in the protected range and among the levels kept; differential privacy under a budget."
        ),
        avoid_when="You only want rows: the default is quicker and harder to tell from real ones.",
    )

    latent_dim: int | None = None
    prior: str = "chain"
    decoder: str = "chained"
    kl_weight: float = 0.5
    kl_warmup: float = 0.0
    free_bits: float = 0.0
    condition_on: list[str] = field(default_factory=list)
    width: int | None = None
    n_layers: int = 1
    d_embed: int | None = None
    d_hidden: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    patience: int | None = None
    max_seconds: float | None = None
    checkpoint: str | None = None
    calibrate: int = 2
    precision: str = "auto"
    device: str = "auto"
    clip: float = 1.0
    sampling_rate: float | None = None

    def __post_init__(self) -> None:
        self.record = Record()
        self._net: LatentNet | None = None
        self._labels: Labels | None = None
        check_choice(self, "prior", PRIORS)
        check_choice(self, "decoder", DECODERS)
        self.condition_on = column_names(self.condition_on)
        check_training_options(self, _WHOLE, _NUMBERS)
        self._schedule(1)

    def _schedule(self, n_rows: int) -> Schedule:
        """Small tables get small batches and more epochs: a net needs some hundred steps whatever the table."""
        size = batch_size_for(n_rows) if self.batch_size is None else self.batch_size
        steps_per_epoch = max(n_rows // size, 1)
        by_steps = min(80, max(15 if n_rows < MANY_ROWS else 8, math.ceil(600 / steps_per_epoch)))
        epochs = by_steps if self.epochs is None else self.epochs
        return Schedule(
            epochs=epochs,
            batch_size=size,
            learning_rate=self._option("learning_rate"),
            weight_decay=self._option("weight_decay"),
            # Small tables have many short epochs, and it takes a while until the latents are of any use.
            patience=max(4, epochs // 5) if self.patience is None else self.patience,
            max_seconds=self.max_seconds,
            checkpoint=self.checkpoint,
        )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        import torch

        check_rows(rows)
        alphabet, holdout, rng = fit.alphabet, fit.holdout, fit.rng
        self._settle(alphabet)
        self._net = net = self._make_net(alphabet, log_marginals(rows, alphabet), generator)
        self._labels = Labels(self.condition_fields, alphabet, **self._label_options()).fit(rows, holdout, rng)
        if not net.decoded:
            return
        device = train_device(self.device)
        net.use(device, compute_dtype(self.precision, device))
        x = torch.from_numpy(in_net_order(net, rows.codes)).to(device)
        x_holdout = torch.from_numpy(in_net_order(net, holdout.codes)).to(device)
        still = torch.randn(len(x_holdout), net.n_latent, generator=generator).to(device)

        def loss_of(rows: torch.Tensor, noise: torch.Tensor, share: float = 1.0) -> torch.Tensor:
            nll, divergence = net.losses(rows.long(), noise)
            if self.free_bits:
                free = torch.tensor(self.free_bits * net.n_latent, device=device)
                divergence = torch.where(divergence.mean() > free, divergence, free)
            return nll + share * self.kl_weight * divergence

        def loss(batch: torch.Tensor) -> torch.Tensor:
            noise = torch.randn(len(batch), net.n_latent, generator=generator)
            share = min(descent.passed / self.kl_warmup, 1.0) if self.kl_warmup else 1.0
            return loss_of(x[batch.to(device)], noise.to(device), share)

        def holdout_loss() -> float:
            with torch.inference_mode():
                pairs = zip(torch.split(x_holdout, BATCH), torch.split(still, BATCH), strict=True)
                return float(torch.stack([loss_of(*pair).sum() for pair in pairs]).sum()) / len(x_holdout)

        schedule = self._schedule(len(x))
        descent = Descent(net, loss, schedule, net.decays(len(x)))
        self.record = train(
            net,
            descent,
            len(x),
            schedule,
            generator=generator,
            holdout_loss=holdout_loss if len(x_holdout) else None,
            on_epoch=lambda: net.drop.refill(generator),
            progress=fit.progress,
            fingerprint=fingerprint(self, rows, fit.holdout),
            from_shares=True,
        )
        net.use("cpu", settled_dtype(self._settled))
        if len(rows):
            counts = net.count(torch.from_numpy(in_net_order(net, rows.codes)).long())
            self._calibrate(counts, len(rows), rng)

    def check_private(self) -> None:
        super().check_private()
        if self.free_bits:
            raise OptionError(
                "free_bits does not go with a budget of privacy: it compares the mean over a step's rows; set 0"
            )

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        """Counts of each field and of the labels first, then the net, from where they stand."""
        import torch

        known = self._count(gate, fit.rng)
        self._settle(fit.alphabet)
        self._net = net = self._make_net(fit.alphabet, known.log_shares(), generator)
        if not net.decoded:
            return
        turns, warm = 0, self.kl_warmup * self._steps().steps

        def turn() -> None:  # the weight of the divergence rises by steps, which anybody may know
            nonlocal turns
            turns += 1

        def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
            noise = torch.randn(len(rows), net.n_latent, generator=own, device=rows.device)
            nll, divergence = net.losses(rows.long(), noise)
            return nll + (min(turns / warm, 1.0) if warm else 1.0) * self.kl_weight * divergence

        later = self._descend(
            gate, net, loss, known.n_rows, turn=turn, later=self._later_steps(), progress=fit.progress
        )  # fmt: skip
        self._calibrate(net.by_bucket(known.shares()), 1.0, fit.rng)
        self._train_later(later, known, fit.rng)

    def _later_steps(self) -> list[tuple[str, Steps]]:
        """What trains after the net under the same budget."""
        return []

    def _train_later(self, sums: Sequence[ClippedSums], known: OneWay, rng: np.random.Generator) -> None:
        """Train it, as was planned."""

    def _settle(self, alphabet: Alphabet) -> None:
        """Columns of many codes need finer units."""
        d_embed, d_hidden = (24, 64) if is_wide(alphabet) else (12, 32)
        self._settled = {
            "latent_dim": self._option("latent_dim"),
            "width": self._option("width"),
            "d_embed": self._option("d_embed") or d_embed,
            "d_hidden": self._option("d_hidden") or d_hidden,
            "n_knots": N_KNOTS,
            "bf16": int(compute_dtype(self.precision) == compute_dtype("bf16")),
        }

    def _make_net(
        self, alphabet: Alphabet, log_marginals: list[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> LatentNet:
        from likewise.nets.ordinal import ordinal_features
        from likewise.nets.vae import LatentNet

        settled = self._settled
        return LatentNet(
            alphabet.sizes,
            [ordinal_features(f.positions, f.size, settled["n_knots"]) for f in alphabet.fields],
            log_marginals,
            self.condition_fields,
            n_latent=settled["latent_dim"],
            width=settled["width"],
            n_layers=self.n_layers,
            d_embed=settled["d_embed"],
            d_hidden=settled["d_hidden"],
            dropout=self._option("dropout"),
            prior=self.prior,
            chained=self.decoder == "chained",
            generator=generator,
            dtype=settled_dtype(settled),
        ).eval()

    def _label_options(self) -> dict[str, Any]:
        return {"precision": self.precision, "device": self.device}

    # ---- drawing ----------------------------------------------------------------------------------------------------

    @one_thread()
    def sample(self, n: int, *, rng: np.random.Generator, given: Given | None = None) -> Codes:
        self._fitted()
        given = given or Given()
        codes = np.empty((n, len(self._alphabet.fields)), self._alphabet.code_dtype)
        drawing = self._drawing(given, Budget.of(n, given, self.condition_fields))
        for rows, stream in blocks(n, rng):
            codes[rows] = drawing.block(rows, stream)
        # NOTE[DIFF]: no density of its own for the fraction. Codecs make it the rank inside a code, so it is uniform in
        # each. Real rows with fractions drawn anew are told from real ones with AUC .498 (diamonds), .501 (beijing),
        # .499 (Adult) and .517 (shoppers); with their own, .491, .497, .498 and .514. There is next to nothing to win.
        return Codes(codes, rng.random((n, self._alphabet.n_fractions), dtype=np.float32))

    def _drawing(self, given: Given, budget: Budget) -> LatentDrawing:
        return LatentDrawing(self, given, budget)

    def _calibrate(self, counts: list[torch.Tensor], n_rows: float, rng: np.random.Generator) -> None:
        """Move the decoder's biases until what is drawn has the training rows' share of each code.

        The posterior and the prior never agree wholly, and what is drawn follows the prior.

        Args:
            counts: rows of each code, as `CodeTables.count` gives them.
            n_rows: rows counted.
        """
        import torch

        net = self._fitted()
        if not self.calibrate:
            return
        n = max(min(CALIBRATION_ROWS, CALIBRATION_CELLS // sum(net.sizes)), BATCH)
        with torch.inference_mode():
            for _ in range(self.calibrate):
                drawing = LatentDrawing(self, Given())
                drawn = [torch.zeros_like(bias) for bias in net.biases]
                for z, x in drawing.latents_and_rows(n, rng):
                    for b, shares in enumerate(drawing.decoding.shares(z, x)):
                        drawn[b] += shares.sum(1)
                net.move_shares([count * (n // BATCH * BATCH / n_rows) for count in counts], drawn)

    # ---- the latent space -------------------------------------------------------------------------------------------

    def encode(self, codes: Codes) -> Latents:
        """Mean and deviation of each row's latents. Shape: n rows -> 2 x (n, L)."""
        import torch

        decoding = self._decoding()
        net = self._fitted()
        with torch.inference_mode():
            parts = [net.encode(decoding.embedded(x)) for x in self._batches(codes)]
        mean = torch.cat([m for m, _ in parts]) if parts else torch.zeros(0, net.n_latent)
        log_var = torch.cat([v for _, v in parts]) if parts else torch.zeros(0, net.n_latent)
        return Latents(mean.numpy(), (0.5 * log_var).exp().numpy())

    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        """One row drawn from the decoder for each latent.

        Args:
            latents: (n, L).
            given: codes known row by row, labels among them, and weights that mask each field as it is drawn; labels
                that are not given are drawn from their own law.

        Raises:
            OptionError: the latents are not (n, latent_dim) finite numbers.
        """
        import torch

        net, given = self._fitted(), given or Given()
        latents = np.asarray(latents)
        if latents.ndim != 2 or latents.shape[1] != net.n_latent or not np.isfinite(latents).all():
            raise OptionError(f"latents must be finite numbers of shape (n, {net.n_latent}), got {latents.shape}")
        known = self._label_law().draw(len(latents), rng, given)
        weights, decoding = net_weights(self._fitted(), self._alphabet, given), self._decoding()
        codes = np.empty(known.shape, self._alphabet.code_dtype)
        for start in range(0, len(latents), BATCH):
            rows = slice(start, start + BATCH)
            told = torch.from_numpy(known[rows][:, net.columns])
            z = torch.from_numpy(latents[rows].astype(np.float32))
            uniforms = torch.from_numpy(rng.random(told.shape, dtype=np.float32))
            codes[rows, net.columns] = decoding.draw(z, told, uniforms, weights)[0].numpy()
        return Codes(codes, rng.random((len(codes), self._alphabet.n_fractions), dtype=np.float32))

    def labels_of(self, codes: Codes) -> Given:
        """The labels of rows, as `decode` takes them."""
        known = np.full(codes.codes.shape, -1, np.int64)
        at = list(self.condition_fields)
        known[:, at] = codes.codes[:, at]
        return Given(known)

    def reconstruct(self, codes: Codes, *, rng: np.random.Generator) -> Codes:
        """Rows drawn from the latents of rows: how much of a row the latent space keeps."""
        return self.decode(self.encode(codes).draw(rng), rng=rng, given=self.labels_of(codes))

    def interpolate(self, a: Codes, b: Codes, steps: int, *, rng: np.random.Generator) -> Codes:
        """Rows on the straight way from each row of `a` to the same row of `b` in the latent space.

        Returns:
            n * steps rows, those of one pair together; the first lies at `a`, the last at `b`. Labels are those of the
            nearer end.

        Raises:
            OptionError: steps are fewer than 2, or `a` and `b` are not as long as each other.
        """
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 2:
            raise OptionError(f"steps must be a whole number of 2 or more, got {steps!r}")
        if len(a) != len(b):
            raise OptionError(f"both ends must have as many rows, got {len(a)} and {len(b)}")
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        start, end = (self.encode(codes).mean[:, None] for codes in (a, b))
        latents = (start * (1 - share) + end * share).reshape(-1, self._fitted().n_latent)
        labels = [self.labels_of(codes).codes for codes in (a, b)]
        known = np.where(share < 0.5, *(np.asarray(part)[:, None] for part in labels)).reshape(len(latents), -1)
        return self.decode(latents, rng=rng, given=Given(known))

    # ---- likelihood --------------------------------------------------------------------------------------------------

    def elbo(self, codes: Codes, *, n_draws: int = 1, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """(n,) the evidence lower bound of each row's codes, natural log, averaged over draws of its latents."""
        return self._log_ratios(codes, n_draws, rng, np.mean)

    def log_prob(self, codes: Codes, *, n_draws: int = 32) -> npt.NDArray[np.float64]:
        """(n,) an estimate of each row's log-probability, by importance (Burda, Grosse and Salakhutdinov 2016).

        Latents are drawn from the encoder and, one in four, from the prior, and weighed by what both together propose:
        so no row's weight is more than fourfold. It is a lower bound on average, tighter with more draws; the draws
        are the same at every call.
        """
        return np.minimum(self._log_ratios(codes, n_draws, np.random.default_rng(0), _log_mean, from_prior=0.25), 0.0)

    def _log_ratios(
        self,
        codes: Codes,
        n_draws: int,
        rng: np.random.Generator,
        reduce: Callable[..., npt.NDArray[np.float64]],
        from_prior: float = 0.0,
    ) -> npt.NDArray[np.float64]:
        """(n,) log p(x, z) - log of z's proposal, brought together over the draws; plus the labels' log p."""
        import torch

        net, decoding = self._fitted(), self._decoding()
        result = self._label_law().log_prob(codes)
        if not net.decoded:
            return result
        n_prior = round(n_draws * from_prior)
        start = 0
        with torch.inference_mode():
            for x in self._batches(codes):
                ratios = np.empty((n_draws, len(x)))
                embedded = decoding.embedded(x)
                context = net.context(embedded).float()
                mean, log_var = net.encode(embedded)
                for i in range(n_draws):
                    noise = torch.from_numpy(rng.standard_normal((len(x), net.n_latent), dtype=np.float32))
                    if i < n_prior:
                        uniforms = torch.from_numpy(rng.random(noise.shape, dtype=np.float32))
                        z = net.prior.draw(context, uniforms, noise)
                    else:
                        z = mean + (0.5 * log_var).exp() * noise
                    log_p, log_q = net.prior.log_prob(z, context), log_normal(z, mean, log_var)
                    if n_prior:
                        share = n_prior / n_draws
                        log_q = torch.logaddexp(log_q + math.log1p(-share), log_p + math.log(share))
                    nll = (net.nll_of(x, net.decode(z, embedded, decoding.heads)) * net.counted).sum(1)
                    ratios[i] = (log_p - log_q - nll).double().numpy()
                result[start : start + len(x)] += reduce(ratios, axis=0)
                start += len(x)
        return result

    def _batches(self, codes: Codes) -> Iterator[torch.Tensor]:
        """Codes in the net's own order, (B, D) at a time."""
        import torch

        for part in torch.split(torch.from_numpy(in_net_order(self._fitted(), codes.codes)), BATCH):
            if len(part):
                yield part.long()

    def _decoding(self) -> Decoding:
        from likewise.nets.vae import Decoding

        return Decoding(self._fitted())

    def _blank_net(self, alphabet: Alphabet) -> LatentNet:
        import torch

        return self._make_net(alphabet, blank_shares(alphabet), torch.Generator())

    def _n_lists(self) -> int:
        return self.n_layers


def _log_mean(ratios: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """log of the mean of exp."""
    return np.asarray(np.logaddexp.reduce(ratios, axis=axis) - math.log(ratios.shape[axis]))
