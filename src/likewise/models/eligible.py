"""Which generators can keep a budget of differential privacy, and with which options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from likewise.dp.ledger import DP, Ledger
from likewise.errors import OptionError
from likewise.models.base import Generator

LEAST_ROWS = 100
"""Below this the noise of any useful budget drowns the table."""


def ledger_for(budget: DP, generator: Generator, *, whole: bool = False) -> Ledger:
    """The ledger of one fit, for its gate; `whole` as it takes it.

    Raises:
        OptionError: the generator or one of its options cannot keep differential privacy.
    """
    if not generator.keeps_privacy:
        raise OptionError(
            f"model {generator.name!r} cannot keep differential privacy; those that can: "
            + ", ".join(private_models(generator))
        )
    generator.check_private()
    return Ledger(budget, whole=whole)


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
        "patience": "nothing is held out, so nothing stops early: set epochs",
    }
    for name in _set_among(instead, model):
        raise OptionError(f"{name} does not go with a budget of privacy: {instead[name]}")
    if getattr(model, "dropout", 0.0):
        raise OptionError("dropout does not go with a budget of privacy: its masks are shared out among rows; set 0")
    pac = getattr(model, "pac", None)
    if pac not in (None, 1):
        raise OptionError(f"pac={pac} judges rows together, so no row's part can be told; use pac=1")


OF_A_BUDGET = "clip", "sampling_rate", "one_way", "select"


def check_free_options(model: Any) -> None:
    """Hold the options of a generator that learns from rows as they are to what means something then.

    Raises:
        OptionError: one of them is of a budget.
    """
    for name in _set_among(OF_A_BUDGET, model):
        raise OptionError(f"{name} is of a budget of privacy, and there is none: give privacy=DP(...), or leave it out")


def _set_among(names: Iterable[str], model: Any) -> list[str]:
    """The options that are not what they are by default."""
    return [name for name in names if getattr(model, name, None) != getattr(type(model), name, None)]
