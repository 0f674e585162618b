"""Scores of texts, where a table has columns of sentences that are not placeholders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from likewise.codecs.words import PLACEHOLDER
from likewise.evaluate.chance import deal
from likewise.evaluate.figure import FloorKind
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.tables import IntArray, Typed
from likewise.evaluate.texts import Texts, copied, lengths_apart, run_length, words_apart
from likewise.schema.column import Kind
from likewise.schema.keys import WORDY

MOST_CHARS = 2**26
"""Characters of texts that are read; where there are more, as many rows of each table as come to about so many."""


@dataclass(frozen=True)
class _Column:
    """A column of texts.

    Args:
        texts: the distinct ones.
        real, fresh, synthetic: tables of this column alone, each value the number of its text.
        searched: share of the real rows.
    """

    name: str
    texts: Texts
    real: Typed
    fresh: Typed
    synthetic: Typed
    by: FloorKind
    searched: float

    @classmethod
    def of(cls, run: Context, name: str) -> Self:
        real, fresh, by = run.control(run.compared)
        tables = [real, fresh, run.compared["synthetic"]]
        chars = int(sum(frame[name].cast(pl.String).str.len_chars().sum() for frame in run.frames.values()))
        share = min(1.0, MOST_CHARS / max(chars, 1))
        some = [_only(t, name).sample(max(1, int(share * len(t))), run.rng(63 + i)) for i, t in enumerate(tables)]
        columns, levels = [t[name] for t in some], real[name].levels or ()
        used = np.unique(np.concatenate([c.present for c in columns])).astype(np.int64)
        told = []
        for table, column in zip(some, columns, strict=True):
            values = np.where(column.missing, len(used), np.searchsorted(used, column.values))
            told.append(replace(table, columns=(replace(column, values=values, levels=("",) * len(used)),)))
        return cls(name, Texts.of([levels[i] for i in used]), told[0], told[1], told[2], by, share)


def text_scores(run: Context) -> Iterable[Score]:
    """How alike texts are."""
    names = _sentences(run)
    for name in names:
        told = _Column.of(run, name)
        dealt = deal(told.real, told.fresh, told.synthetic, run.rng(62))
        for measure, figure in (("text_js", words_apart), ("text_length", lengths_apart)):
            found = figure(told.texts, dealt, name)
            if found is not None:
                yield Score.of(_name(measure, name, names), found, floor_by=told.by)


def copy_scores(run: Context) -> Iterable[Score]:
    """How much of synthetic texts stands in real ones."""
    names = _sentences(run)
    for name in names:
        told = _Column.of(run, name)
        texts, known = told.texts, _texts(told.real, name)[0]
        (ours, whose), (others, control) = (_texts(table, name) for table in (told.synthetic, told.fresh))
        found = copied(texts, known, [(ours, whose), (others, control)])
        if found is not None:
            figure = replace(found, searched=told.searched)
            yield Score.of(_name("text_copies", name, names), figure, floor_by=told.by)
        found = run_length(texts.longest(ours, known), whose, texts.longest(others, known), control)
        if found is not None:
            figure = replace(found, searched=told.searched)
            yield Score.of(_name("text_run", name, names), figure, floor_by=told.by, n_others=len(others))


def _sentences(run: Context) -> list[str]:
    """Columns most of whose real texts are sentences, and most of whose synthetic ones are no placeholders."""
    found = []
    for column in run.schema:
        if column.kind is Kind.TEXT and column.is_modelled:
            real, fake = (run.frames[role][column.name].cast(pl.String).drop_nulls() for role in ("real", "synthetic"))
            if _share(real, WORDY) > 0.5 > _share(fake, PLACEHOLDER) and len(fake):
                found.append(column.name)
    return found


def _share(texts: pl.Series, pattern: str) -> float:
    return float(texts.str.contains(pattern).sum()) / max(len(texts), 1)


def _only(table: Typed, name: str) -> Typed:
    return table.only([i for i, c in enumerate(table.columns) if c.name == name])


def _texts(table: Typed, name: str) -> tuple[IntArray, IntArray]:
    """The codes of the texts that are there, and the person of each."""
    known = ~table[name].missing
    return table[name].values[known].astype(np.int64), table.whose[known]


def _name(measure: str, name: str, names: list[str]) -> str:
    return measure if len(names) == 1 else f"{measure}:{name}"
