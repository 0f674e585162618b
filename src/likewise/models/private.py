"""A fit under a budget of differential privacy: whose it can be, what is counted, and what a net's training will cost.

Legend: n rows, D fields, K codes of a field.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps
from likewise.dp.ledger import DP, Ledger
from likewise.dp.mechanisms import noisy_counts
from likewise.errors import LikewiseWarning, OptionError
from likewise.models.base import Generator
from likewise.models.gradient import compute_dtype, in_net_order, train_device
from likewise.private_training import Plan, PrivateDescent, RowLoss, train_privately
from likewise.training import Progress

if TYPE_CHECKING:
    import torch

    from likewise.models.gan_draws import NoiseNet
    from likewise.nets.tables import CodeTables

Table = npt.NDArray[np.float64]

LEAST_ROWS = 100
"""Below this the noise of any useful budget drowns the table."""

SURE_SIGMAS = 3.0
"""Codes with fewer rows than this many deviations of the noise share theirs (McKenna et al. 2021, section 4)."""

COUNTS_SHARE = 0.1
"""Share of a net's budget for the counts of each field."""

SPARE_ROWS = 0.5
"""Rows that a code is taken to have at least, where its noisy count says none."""

MOST_DROWNED = 1e-3
"""Noise of all steps together, in each direction, over the norm to which a row's gradient is clipped, above which
little is learnt. Held-out loss on Adult's columns of the default net, and of noisy counts alone: at .0005 (4,000 rows,
epsilon 3) 20.5 and 23.3; at .0013 (4,000 rows, epsilon 1) 22.4 and 22.6; at .005 (1,000 rows, epsilon 1) 26.1 and
22.6."""

N_PUBLIC = 8
"""Random rows on which a net is tried before any real one."""

_log = logging.getLogger("likewise")


def ledger_for(budget: DP, generator: Generator) -> Ledger:
    """The ledger of one fit, handed to its generator.

    Raises:
        OptionError: the generator or one of its options cannot keep differential privacy.
    """
    if not generator.keeps_privacy:
        raise OptionError(
            f"model {generator.name!r} cannot keep differential privacy; those that can: "
            + ", ".join(private_models(generator))
        )
    generator.check_private()
    generator.ledger = Ledger(budget)
    return generator.ledger


def private_models(other: Generator) -> list[str]:
    """Names of the generators that can keep a budget, of what another learns: tables or images."""
    from likewise.models import MODELS
    from likewise.models.images import IMAGE_MODELS

    of_images = isinstance(other, tuple(IMAGE_MODELS.values()))
    kinds: dict[str, type[Generator]] = {**IMAGE_MODELS} if of_images else {**MODELS}
    return [name for name, kind in kinds.items() if kind.keeps_privacy]


def check_net_options(model: Any) -> None:
    """Hold the options of a generator trained by gradient to what a budget leaves.

    Raises:
        OptionError: one of them would look at the rows in a way that nothing pays for.
    """
    instead = {
        "max_seconds": "how many steps there are is settled before the first: set epochs",
        "checkpoint": "a run that goes on is a new budget, a new ledger",
        "batch_size": "how many rows there are is not known: set sampling_rate, the chance of a row to be in a step",
    }
    for name, why in instead.items():
        if getattr(model, name, None) != getattr(type(model), name, None):
            raise OptionError(f"{name} does not go with a budget of privacy: {why}")
    if getattr(model, "dropout", 0.0):
        raise OptionError("dropout does not go with a budget of privacy: its masks are shared out among rows; set 0")
    pac = getattr(model, "pac", None)
    if pac not in (None, 1):
        raise OptionError(f"pac={pac} judges rows together, so no row's part can be told; use pac=1")


# ---- counts of each field --------------------------------------------------------------------------------------------


def noisy_one_way(
    codes: npt.NDArray[Any], sizes: Sequence[int], rho: float, ledger: Ledger
) -> tuple[list[Table], float]:
    """Every field's counts (K,), measured together, and the deviation of their noise: a row counts once in each.

    Privacy: rho.
    """
    tables = [np.bincount(codes[:, j], minlength=size) for j, size in enumerate(sizes)]
    if not tables:
        return [], 0.0
    noisy, sigma = noisy_counts(
        np.concatenate(tables), rho, ledger, f"counts of all {len(sizes)} fields", sensitivity=math.sqrt(len(sizes))
    )
    # The noise of each count is the query's own: sensitivity is that of all fields together.
    return np.split(noisy, np.cumsum(sizes)[:-1]), sigma


def sure_groups(noisy: Table, sigma: float) -> npt.NDArray[np.int64]:
    """(K,) group of each code: those of too few rows to tell share the last one."""
    sure = noisy >= SURE_SIGMAS * sigma
    return np.where(sure, np.cumsum(sure) - 1, sure.sum()).astype(np.int64)


def total_rows(tables: Sequence[Table], sigmas: Sequence[float]) -> float:
    """The number of rows: the mean of what the tables say, each by how sure it is; one row at least."""
    weights = np.array([1 / s**2 for s in sigmas])
    return max(float(np.dot(weights, [t.sum() for t in tables]) / weights.sum()), 1.0) if len(tables) else 1.0


@dataclass(frozen=True)
class OneWay:
    """What is known of each field alone under a budget.

    Args:
        counts: (K,) rows of each code for each field, above 0; codes too rare to tell share theirs.
        n_rows: rows of the table, about.
    """

    counts: tuple[Table, ...]
    n_rows: float

    @classmethod
    def of(cls, codes: Codes, sizes: Sequence[int], rho: float, ledger: Ledger) -> OneWay:
        """Measure it.

        Privacy: rho.
        """
        noisy, sigma = noisy_one_way(codes.codes, sizes, rho, ledger)
        counts = []
        for table in noisy:
            group = sure_groups(table, sigma)
            shared = np.bincount(group, weights=table).clip(SPARE_ROWS, None) / np.bincount(group)
            counts.append(shared[group])
        return cls(tuple(counts), total_rows(noisy, [sigma * math.sqrt(len(t)) for t in noisy]))

    def shares(self) -> list[Table]:
        """(K,) share of each code, for each field."""
        return [counts / counts.sum() for counts in self.counts]

    def log_shares(self) -> list[npt.NDArray[np.float32]]:
        """(K,) log share of each code, for each field."""
        return [np.log(share).astype(np.float32) for share in self.shares()]


# ---- training a net --------------------------------------------------------------------------------------------------


def planned(ledger: Ledger, phases: Sequence[tuple[str, Steps]], *, clip: float, n_rows: float) -> list[Plan]:
    """Settle and pay for all steps that are to come: what is left of the budget buys one noise multiplier for them.

    Args:
        phases: what is trained in each, and its steps; in the order in which they run.
        clip: greatest norm of a row's gradient.
        n_rows: as best known under the budget.

    Raises:
        PrivacyError: the steps do not fit into what is left.
    """
    before = ledger.epsilon
    multiplier = ledger.multiplier(*(steps for _, steps in phases))
    ledger.spend_steps(*((what, steps, multiplier) for what, steps in phases))
    plans = [
        Plan(
            steps=steps.steps, rate=steps.rate, multiplier=multiplier, clip=clip, epsilon_before=before,
            epsilon=ledger.epsilon, delta=ledger.budget.delta, n_rows=n_rows,
        )
        for _, steps in phases
    ]  # fmt: skip
    for (what, _), plan in zip(phases, plans, strict=True):
        _log.info("%s: %s", what, plan.text())
        if plan.drowned > MOST_DROWNED:
            warnings.warn(
                f"{what}: a noise multiplier of {plan.multiplier:.3g} for about {plan.n_rows:,.0f} rows drowns what "
                "they say, and little will be learnt. A larger epsilon or more rows would help, or model 'mst', which "
                "needs less of both",
                LikewiseWarning,
                stacklevel=4,
            )
    return plans


def train_net(
    model: Any,
    net: CodeTables,
    loss: RowLoss,
    codes: Codes,
    n_rows: float,
    *,
    passes: int,
    rate: float,
    turn: Callable[[], None] | None = None,
    later: Sequence[tuple[str, Steps]] = (),
    progress: Progress | None = None,
) -> list[Plan]:
    """Train the net of a generator under its ledger, with all that is left of the budget; it ends on the processor.

    Args:
        model: with options `epochs`, `sampling_rate`, `clip`, `device` and `precision`; it is given plan and record.
        loss: rows in the net's own order (B, D) to the loss of each.
        n_rows: as best known under the budget.
        passes, rate: how often a row is taken, and its chance to be in a step, where the options leave it open.
        turn: as `PrivateDescent` takes it.
        later: what is trained afterwards, and its steps, paid for together with the net's.

    Returns:
        The plans of what comes later.
    """
    import torch

    device = train_device(model.device)
    net.use(device, torch.float32)
    passes = passes if model.epochs is None else model.epochs
    steps = steps_of(passes, rate if model.sampling_rate is None else model.sampling_rate)
    phases = [("gradients of the net", steps), *later]
    model.plan, *plans = planned(model.ledger, phases, clip=model.clip, n_rows=n_rows)
    public = public_rows(net).to(device)
    descent = PrivateDescent(net, loss, model.plan, model._schedule(1), public=public, turn=turn)
    x = torch.from_numpy(in_net_order(net, codes.codes)).to(device)
    model.record = train_privately(descent, x, passes=passes, progress=progress)
    net.use("cpu", compute_dtype(model.precision))
    return plans


def peak_rate(model: Any, plain: float, private: float) -> float:
    """The option `learning_rate`, or where it is left open one of two."""
    if model.learning_rate is not None:
        return float(model.learning_rate)
    return plain if model.ledger is None else private


def steps_of(passes: float, rate: float) -> Steps:
    """The steps in which each row is taken so often, as is expected."""
    return Steps(rate, max(round(passes / rate), 1))


def public_rows(net: CodeTables | NoiseNet) -> torch.Tensor:
    """(m, D) rows in the net's own order that have nothing to do with any table."""
    import torch

    generator = torch.Generator().manual_seed(0)
    columns = [torch.randint(size, (N_PUBLIC,), generator=generator) for size in net.sizes]
    return torch.stack(columns, 1)
