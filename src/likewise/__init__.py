"""Synthetic tables that behave like the real one, with what they leak measured and said plainly.

>>> import likewise as lw
>>> lw.between(60, 90)
Between(low=60, high=90, closed='both')

Importing this package imports nothing heavy: each public name is looked up in its module when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import likewise.audit
    import likewise.balance
    import likewise.impute
    import likewise.privacy
    import likewise.rules
    import likewise.scenario  # noqa: F401
    from likewise.codecs.column import CodecOptions
    from likewise.conditions import above, at_row, below, between, every_row, missing, none_of, one_of, some_row
    from likewise.databases.database import Database
    from likewise.dp.budget import Budget
    from likewise.dp.ledger import DP
    from likewise.errors import (
        ConditionError,
        EngineError,
        FallbackWarning,
        InputError,
        LikewiseError,
        LikewiseWarning,
        MissingExtraError,
        ModelFileError,
        NotFittedError,
        OptionError,
        OutputError,
        PrivacyError,
        RuleError,
        SchemaError,
        TrainingError,
    )
    from likewise.evaluate import Report, evaluate
    from likewise.images.sets import ImageSet, read_images, write_images
    from likewise.impute.estimator import Imputer
    from likewise.models.autoregressive.model import Autoregressive
    from likewise.models.cart.model import CartChain
    from likewise.models.copula.model import GaussianCopula
    from likewise.models.ctgan.model import CTGAN
    from likewise.models.gan.model import GAN
    from likewise.models.images.gan import ImageGAN
    from likewise.models.images.vae import ImageVAE
    from likewise.models.images.vaegan import ImageVAEGAN
    from likewise.models.marginals.aim import AIM
    from likewise.models.marginals.mst import MST
    from likewise.models.vae.model import VAE
    from likewise.models.vaegan.model import VAEGAN
    from likewise.models.windows.autoregressive import WindowAutoregressive
    from likewise.models.windows.gan import WindowGAN
    from likewise.models.windows.timegan.model import WindowTimeGAN
    from likewise.models.windows.vae import WindowVAE
    from likewise.report.comparison import Comparison, compare
    from likewise.rules.discovery import discover_rules
    from likewise.scenario import Scenario
    from likewise.schema.column import Column, Kind, Role, Schema
    from likewise.schema.dialect import Dialect
    from likewise.schema.infer import infer
    from likewise.series.cutting import windows
    from likewise.series.sets import WindowSet, read_windows, write_windows
    from likewise.sources.opening import scan
    from likewise.statement import Statement, statement
    from likewise.synthesizer import Synthesizer, load
    from likewise.tables.files import read, write

__version__ = "0.1.0"

__all__ = [
    "AIM",
    "CTGAN",
    "DP",
    "GAN",
    "MST",
    "VAE",
    "VAEGAN",
    "Autoregressive",
    "Budget",
    "CartChain",
    "CodecOptions",
    "Column",
    "Comparison",
    "ConditionError",
    "Database",
    "Dialect",
    "EngineError",
    "FallbackWarning",
    "GaussianCopula",
    "ImageGAN",
    "ImageSet",
    "ImageVAE",
    "ImageVAEGAN",
    "Imputer",
    "InputError",
    "Kind",
    "LikewiseError",
    "LikewiseWarning",
    "MissingExtraError",
    "ModelFileError",
    "NotFittedError",
    "OptionError",
    "OutputError",
    "PrivacyError",
    "Report",
    "Role",
    "RuleError",
    "Scenario",
    "Schema",
    "SchemaError",
    "Statement",
    "Synthesizer",
    "TrainingError",
    "WindowAutoregressive",
    "WindowGAN",
    "WindowSet",
    "WindowTimeGAN",
    "WindowVAE",
    "__version__",
    "above",
    "at_row",
    "below",
    "between",
    "compare",
    "discover_rules",
    "evaluate",
    "every_row",
    "infer",
    "load",
    "missing",
    "none_of",
    "one_of",
    "read",
    "read_images",
    "read_windows",
    "scan",
    "some_row",
    "statement",
    "windows",
    "write",
    "write_images",
    "write_windows",
]

# Where each public name lives. The imports above say the same to a type checker; a test compares the two.
_HOMES = {
    "likewise.codecs.column": ("CodecOptions",),
    "likewise.conditions": (
        "above",
        "at_row",
        "below",
        "between",
        "every_row",
        "missing",
        "none_of",
        "one_of",
        "some_row",
    ),
    "likewise.databases.database": ("Database",),
    "likewise.dp.budget": ("Budget",),
    "likewise.dp.ledger": ("DP",),
    "likewise.errors": tuple(name for name in __all__ if name.endswith(("Error", "Warning"))),
    "likewise.evaluate": ("Report", "evaluate"),
    "likewise.impute.estimator": ("Imputer",),
    "likewise.images.sets": ("ImageSet", "read_images", "write_images"),
    "likewise.schema.dialect": ("Dialect",),
    "likewise.schema.infer": ("infer",),
    "likewise.tables.files": ("read", "write"),
    "likewise.models.marginals.aim": ("AIM",),
    "likewise.models.autoregressive.model": ("Autoregressive",),
    "likewise.models.cart.model": ("CartChain",),
    "likewise.models.copula.model": ("GaussianCopula",),
    "likewise.models.ctgan.model": ("CTGAN",),
    "likewise.models.gan.model": ("GAN",),
    "likewise.models.images.gan": ("ImageGAN",),
    "likewise.models.images.vae": ("ImageVAE",),
    "likewise.models.images.vaegan": ("ImageVAEGAN",),
    "likewise.models.marginals.mst": ("MST",),
    "likewise.models.vae.model": ("VAE",),
    "likewise.models.vaegan.model": ("VAEGAN",),
    "likewise.models.windows.autoregressive": ("WindowAutoregressive",),
    "likewise.models.windows.gan": ("WindowGAN",),
    "likewise.models.windows.timegan.model": ("WindowTimeGAN",),
    "likewise.models.windows.vae": ("WindowVAE",),
    "likewise.report.comparison": ("Comparison", "compare"),
    "likewise.rules.discovery": ("discover_rules",),
    "likewise.scenario": ("Scenario",),
    "likewise.schema.column": ("Column", "Kind", "Role", "Schema"),
    "likewise.series.cutting": ("windows",),
    "likewise.series.sets": ("WindowSet", "read_windows", "write_windows"),
    "likewise.sources.opening": ("scan",),
    "likewise.statement": ("Statement", "statement"),
    "likewise.synthesizer": ("Synthesizer", "load"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
# Rooms that are used by their own name, `lw.privacy.anonymize`; they too are opened when first used.
_ROOMS = ("audit", "balance", "impute", "privacy", "rules", "scenario")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"likewise.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'likewise' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps `likewise.evaluate` and `likewise.statement` functions: importing the sub-package of that name would else
    put itself there."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
