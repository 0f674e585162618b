"""The variational autoencoder: codes to latents and back, every level drawn, never the likeliest taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Alphabet, Codes, Given
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Noisy
from likewise.errors import OptionError
from likewise.models.about import About
from likewise.models.autoregressive.order import FEW_ROWS
from likewise.models.base import Fit, check_rows
from likewise.models.drawing.conditioning import Budget
from likewise.models.gradient.conditional import ConditionalModel, ConditionalOptions
from likewise.models.gradient.inputs import batch_size_for, in_net_order, log_marginals, net_weights
from likewise.models.gradient.labels import Labels
from likewise.models.gradient.tables import TableModel
from likewise.models.marginals.counts import OneWay
from likewise.models.options import MOST_DROPPED, PRECISIONS, number, whole, word
from likewise.models.vae.draws import BATCH, LatentDrawing, Tilts, log_normal
from likewise.models.vae.latents import Latents, LatentSpace, checked_latents
from likewise.training.loop import Schedule, by_autograd, one_thread

if TYPE_CHECKING:
    import torch

    from likewise.nets.vae import Decoding, LatentNet

PRIORS = ("normal", "mixture", "chain")
DECODERS = ("independent", "chained")

CALIBRATION_ROWS = 16_384
CALIBRATION_CELLS = 20_000_000
"""Probabilities counted in a round of calibration, at most: with very many levels fewer rows must do."""


@dataclass(kw_only=True)
class VAEOptions(ConditionalOptions):
    """The options of a variational autoencoder of tables.

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
        width: units of the shared layers of encoder and decoder; None takes 128, and 64 under a budget.
        n_layers: residual layers of each.
        d_embed: width of a code's embedding; None takes 24 where most columns have many codes, else 12.
        d_hidden: hidden units of each column in the decoder; None takes 64 where most columns have many codes, else 32.
        learning_rate: peak of the one cycle; None takes .008, .004 of fewer than 20,000 rows, and .02 under a budget.
        dropout: share of units dropped in training; None takes .05, and 0 under a budget.
        weight_decay: AdamW's, as `Autoregressive` takes it; None takes 1, and .0001 under a budget.
        patience: epochs without a better held-out loss before training ends; None takes 4, or a fifth of the epochs.
        precision: "bf16", "fp32", or "auto": fp32 on a processor, bf16 on a CUDA device that has it.
    """

    # Adult at epsilon 1, one seed: width 256 and 16 latents AUC .855 of a model trained on the draws, held-out loss
    # 21.7, 44 CPU seconds; 64 and 8 .869, 20.5 and 20.
    left_open: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "latent_dim": (16, 8), "width": (128, 64), "d_embed": (None, 8), "d_hidden": (None, 32),
        "learning_rate": (None, 2e-2), "dropout": (0.05, 0.0), "weight_decay": (1.0, 1e-4),
    }  # fmt: skip

    latent_dim: int | None = whole(None)
    prior: str = word("chain", PRIORS)
    decoder: str = word("chained", DECODERS)
    kl_weight: float = number(0.5)
    kl_warmup: float = number(0.0, 0, 1)
    free_bits: float = number(0.0)
    width: int | None = whole(None)
    n_layers: int = whole(1, 0)
    d_embed: int | None = whole(None)
    d_hidden: int | None = whole(None)
    learning_rate: float | None = number(None, ends=False)
    dropout: float | None = number(None, 0, MOST_DROPPED)
    weight_decay: float | None = number(None)
    patience: int | None = whole(None)
    precision: str = word("auto", PRECISIONS)


@dataclass(kw_only=True)
class VAE(VAEOptions, TableModel["LatentNet"], ConditionalModel["LatentNet"], LatentSpace):
    """A variational autoencoder (Kingma and Welling 2014) over codes.

    An encoder takes a row to the mean and log variance of its latents, a decoder takes latents to one likelihood a
    field over its codes, free and ordinal parts together; levels and bins are drawn from it. NOTE[DIFF]: by default a
    field also sees the fields before it, through one masked product, so that the latents need not carry each detail;
    and the prior is learnt together with encoder and decoder, so that what is drawn lies where rows lie.
    `prior="normal", decoder="independent"` is the model of the paper; it is much easier to tell from real rows.

    The arguments are those of `VAEOptions` and `NetOptions`.

    Privacy: differentially private under a ledger (`Synthesizer(privacy=...)`): noisy counts of each field and of
    `condition_on` columns together, then clipped and noisy gradients (`likewise.training.private`); what is drawn is
    brought to the noisy counts. Latents of a row say nearly all about it: share them as you would the row.
    """

    name: ClassVar[str] = "vae"
    draws_while_learning: ClassVar[bool] = True
    keeps_privacy: ClassVar[bool] = True
    settles: ClassVar[tuple[str, ...]] = ("latent_dim", "width", "d_embed", "d_hidden")
    about: ClassVar[About] = About(
        purpose=(
            "A latent space: encode, decode, interpolate, reconstruct rows; and columns told to the model with "
            "condition_on."
        ),
        cost="About one and a half times the default's on Adult.",
        guarantees=(
            "Conditions on condition_on columns hold exactly and cost nothing; log_prob is an estimate. Values "
            "stay in the protected range and among the levels kept; differential privacy under a budget."
        ),
        avoid_when="You only want rows: the default is quicker and harder to tell from real ones.",
    )

    def _schedule(self, n_rows: int, alphabet: Alphabet | None = None) -> Schedule:
        """Small tables get small batches and more epochs: a net needs some hundred steps whatever the table.

        Adult, c2st / TSTR AUC / CPU seconds under load: 15 epochs at .004 .563 / .913 / 36, 8 at .008 .550 / .912 / 22,
        and of 128 units instead of 256 .535 / .918 / 18. Of 9,900 rows 8 epochs are too few (.561), and so high a rate
        harms: 15 epochs at .004 .529 / .921 / 32, of 128 units .549 / .925 / 25, at .008 .548 / .919 / 23.
        """
        few = n_rows < FEW_ROWS
        size = batch_size_for(n_rows) if self.batch_size is None else self.batch_size
        steps_per_epoch = max(n_rows // size, 1)
        by_steps = min(80, max(15 if few else 8, math.ceil(600 / steps_per_epoch)))
        epochs = by_steps if self.epochs is None else self.epochs
        return self._planned(
            epochs=epochs,
            batch_size=size,
            # Small tables have many short epochs, and it takes a while until the latents are of any use.
            patience=max(4, epochs // 5) if self.patience is None else self.patience,
            learning_rate=self._option("learning_rate") or (4e-3 if few else 8e-3),
            weight_decay=self._option("weight_decay"),
        )

    def _learn(self, fit: Fit, rows: Codes, generator: torch.Generator) -> None:
        import torch

        check_rows(rows)
        self._settle(fit.alphabet)
        self._net = net = self._make_net(fit.alphabet, log_marginals(rows, fit.alphabet), generator)
        self._labels = Labels(self.condition_fields, fit.alphabet, **self._label_options())
        self._labels.fit(rows, fit.holdout, fit.rng)
        if not net.decoded:
            return
        still = torch.randn(len(fit.holdout), net.n_latent, generator=generator)
        free = self.free_bits * net.n_latent

        def loss_of(x: torch.Tensor, noise: torch.Tensor, share: float) -> torch.Tensor:
            nll, divergence = net.losses(x, noise.to(x.device))
            if free:
                divergence = torch.where(divergence.mean() > free, divergence, free)
            return nll + share * self.kl_weight * divergence

        def loss(x: torch.Tensor, passed: float) -> torch.Tensor:
            noise = torch.randn(len(x), net.n_latent, generator=generator)
            return loss_of(x, noise, min(passed / self.kl_warmup, 1.0) if self.kl_warmup else 1.0)

        def held_out(x: torch.Tensor) -> torch.Tensor:
            pairs = zip(torch.split(x, BATCH), torch.split(still, BATCH), strict=True)
            return torch.stack([loss_of(part.long(), noise, 1.0).sum() for part, noise in pairs]).sum()

        self._train_likelihood(net, fit, rows, generator, by_autograd(loss), held_out)
        counts = net.count(torch.from_numpy(in_net_order(net, rows.codes)).long())
        self._calibrate(counts, len(rows), fit.rng)

    def check_private(self) -> None:
        super().check_private()
        if self.free_bits:
            raise OptionError(
                "free_bits does not go with a budget of privacy: it compares the mean over a step's rows; set 0"
            )

    def _learn_privately(self, fit: Fit, gate: Noisy, generator: torch.Generator) -> None:
        self._learn_before(fit, gate, generator, ())

    def fit_before(self, fit: Fit, later: Sequence[tuple[str, Steps]]) -> tuple[OneWay, list[ClippedSums]]:
        """Learn under a budget, of which later trainings are to have their part.

        Args:
            later: what is trained afterwards, and its steps, paid for together with those of the net.

        Returns:
            What is known of each field, and the noisy sums of what comes later.
        """
        assert isinstance(fit.gate, Noisy), "there is a budget"
        with one_thread():
            return self._learn_before(fit, fit.gate, self._begun(fit), later)

    def _learn_before(
        self, fit: Fit, gate: Noisy, generator: torch.Generator, later: Sequence[tuple[str, Steps]]
    ) -> tuple[OneWay, list[ClippedSums]]:
        """Counts of each field and of the labels first, then the net, from where they stand."""
        import torch

        known = self._count(gate, fit.rng)
        self._settle(fit.alphabet)
        self._net = net = self._make_net(fit.alphabet, known.log_shares(), generator)
        if not net.decoded:
            return known, []
        turns, warm = 0, self.kl_warmup * self._steps().steps

        def turn() -> None:  # the weight of the divergence rises by steps, which anybody may know
            nonlocal turns
            turns += 1

        def loss(rows: torch.Tensor, own: torch.Generator) -> torch.Tensor:
            noise = torch.randn(len(rows), net.n_latent, generator=own, device=rows.device)
            nll, divergence = net.losses(rows.long(), noise)
            return nll + (min(turns / warm, 1.0) if warm else 1.0) * self.kl_weight * divergence

        sums = self._descend(gate, net, loss, known.n_rows, turn=turn, later=later, progress=fit.progress)
        self._calibrate(net.by_bucket(known.shares()), 1.0, fit.rng)
        return known, sums

    def _make_net(
        self, alphabet: Alphabet, shares: Sequence[npt.NDArray[np.float32]], generator: torch.Generator
    ) -> LatentNet:
        from likewise.nets.vae import LatentNet

        settled = self._settled
        return LatentNet(
            **self._tables(alphabet, shares),
            labels=self.condition_fields,
            n_latent=settled["latent_dim"],
            width=settled["width"],
            n_layers=self.n_layers,
            d_embed=settled["d_embed"],
            d_hidden=settled["d_hidden"],
            dropout=self._option("dropout"),
            prior=self.prior,
            chained=self.decoder == "chained",
            generator=generator,
        ).eval()

    # ---- drawing ----------------------------------------------------------------------------------------------------

    @one_thread()
    def draw(self, n: int, rng: np.random.Generator, given: Given, tilt: Tilts | None = None) -> Codes:
        drawing = self.drawing(given, Budget.of(n, given, self.condition_fields), tilt)
        return self._in_blocks(n, rng, drawing.block)

    def drawing(self, given: Given, budget: Budget | None = None, tilt: Tilts | None = None) -> LatentDrawing:
        """Draws of blocks of rows under the same conditions.

        Args:
            tilt: what makes rows more or less likely than the model has them.
        """
        return LatentDrawing(self, given, budget, tilt)

    def tables(self) -> LatentNet:
        """The net, which critics of the draws begin with."""
        return self._fitted()

    def widths(self) -> dict[str, int]:
        """What was settled of it."""
        return self._settled

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

    @one_thread()
    def encode(self, codes: Codes) -> Latents:
        import torch

        decoding = self._decoding()
        net = self._fitted()
        with torch.inference_mode():
            parts = [net.encode(decoding.embedded(x)) for x in self._batches(codes)]
        mean = torch.cat([m for m, _ in parts]) if parts else torch.zeros(0, net.n_latent)
        log_var = torch.cat([v for _, v in parts]) if parts else torch.zeros(0, net.n_latent)
        return Latents(mean.numpy(), (0.5 * log_var).exp().numpy())

    @one_thread()
    def decode(
        self, latents: npt.NDArray[np.floating], *, rng: np.random.Generator, given: Given | None = None
    ) -> Codes:
        import torch

        net, given = self._fitted(), given or Given()
        latents = checked_latents(latents, net.n_latent)
        known = self._label_law().draw(len(latents), rng, given)
        weights, decoding = net_weights(self._fitted(), self._alphabet, given), self._decoding()
        codes = np.empty(known.shape, self._alphabet.code_dtype)
        for start in range(0, len(latents), BATCH):
            rows = slice(start, start + BATCH)
            told = torch.from_numpy(known[rows][:, net.columns])
            z = torch.from_numpy(latents[rows])
            uniforms = torch.from_numpy(rng.random(told.shape, dtype=np.float32))
            codes[rows, net.columns] = decoding.draw(z, told, uniforms, weights)[0].numpy()
        return self._with_places(codes, rng)

    # ---- likelihood --------------------------------------------------------------------------------------------------

    def elbo(self, codes: Codes, *, n_draws: int = 1, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        return self._log_ratios(codes, n_draws, rng, np.mean)

    def log_prob(self, codes: Codes, *, n_draws: int = 32) -> npt.NDArray[np.float64]:
        """(n,) an estimate of each row's log-probability, by importance (Burda, Grosse and Salakhutdinov 2016).

        Latents are drawn from the encoder and, one in four, from the prior, and weighed by what both together propose:
        so no row's weight is more than fourfold. It is a lower bound on average, tighter with more draws; the draws
        are the same at every call.
        """
        return np.minimum(self._log_ratios(codes, n_draws, np.random.default_rng(0), _log_mean, from_prior=0.25), 0.0)

    @one_thread()
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


def _log_mean(ratios: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """log of the mean of exp."""
    return np.asarray(np.logaddexp.reduce(ratios, axis=axis) - math.log(ratios.shape[axis]))
