"""New rows of a class from a generator, in both ways the field knows.

Class-specific: a model of the class alone, which sees few rows. Conditional: one model of all rows that is told the
class, so that what holds for every class is learnt from all of them (as MOSTLY AI, arXiv 2507.16419, balances).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from likewise.codecs.column import CodecOptions
from likewise.conditions import Condition
from likewise.errors import LikewiseWarning
from likewise.models import model_named
from likewise.models.base import Generator
from likewise.schema.column import Column, Kind, Schema
from likewise.synthesizer import Synthesizer
from likewise.typing import Bools, Ints

OVERLAP = "overlap"
"""The class of majority rows that look like the minority, where they are set apart while the generator learns."""


@dataclass(frozen=True)
class Learner:
    """A kind of generator, and how it is trained here.

    Args:
        model: a name or a generator.
        options: for a model that is named.
    """

    model: str | Generator
    options: Mapping[str, Any]

    def fit(self, table: pl.DataFrame, schema: Schema, seed: int, told: str | None = None) -> Synthesizer:
        """Learn a table; `told` is the column that draws will be conditioned on, which stands first.

        Nothing is protected: the rows themselves are given back beside the new ones.
        """
        codec = CodecOptions(protect=False)
        if isinstance(self.model, Generator):
            return _fitted(Synthesizer(self.model, schema=schema, random_state=seed, codec=codec), table)
        options = dict(self.options)
        known = inspect.signature(model_named(self.model)).parameters
        if told is not None and "condition_on" in known:
            options.setdefault("condition_on", [told])
        if "any_order" in known:  # every draw here is in the order of the columns, so that is all it need learn
            options.setdefault("any_order", 0.0)
        return _fitted(Synthesizer(self.model, schema=schema, random_state=seed, codec=codec, **options), table)


def _fitted(synthesizer: Synthesizer, table: pl.DataFrame) -> Synthesizer:
    """Without a word on rows that break a rule, which was said once of all classes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*break rule", LikewiseWarning)
        return synthesizer.fit(table)


def class_specific_rows(
    learner: Learner,
    table: pl.DataFrame,
    schema: Schema,
    classes: Ints,
    wanted: Mapping[int, int],
    seed: int,
) -> dict[int, pl.DataFrame]:
    """New rows of each class, each from a model of that class alone."""
    drawn = {}
    for k, n in wanted.items():
        model = learner.fit(table.filter(pl.Series(classes == k)), schema, seed)
        drawn[k] = model.sample(n)
    return drawn


def conditional_rows(
    learner: Learner,
    table: pl.DataFrame,
    schema: Schema,
    classes: Ints,
    wanted: Mapping[int, int],
    seed: int,
    apart: Bools | None = None,
    within: Mapping[int, Mapping[str, Condition]] | None = None,
) -> dict[int, pl.DataFrame]:
    """New rows of each class from one model of all rows, told the class.

    Args:
        apart: (n,) rows that are learnt as a class of their own, which is never drawn.
        within: class -> what else its rows must meet.
    """
    name = free_name("class", table.columns)
    labels = np.char.mod("%d", classes).astype(object)
    if apart is not None:
        labels[apart] = OVERLAP
    told = Column(name=name, kind=Kind.CATEGORICAL)
    with_class = pl.DataFrame([pl.Series(name, labels, pl.String), *table.get_columns()])
    model = learner.fit(with_class, Schema((told, *schema), rules=schema.rules), seed, told=name)
    also = within or {}
    return {k: model.sample(n, where={name: str(k), **also.get(k, {})}).drop(name) for k, n in wanted.items()}


def free_name(wanted: str, taken: list[str]) -> str:
    """A column name that is not taken."""
    while wanted in taken:
        wanted += "_"
    return wanted
