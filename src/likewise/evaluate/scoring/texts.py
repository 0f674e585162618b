"""Scores of texts, where a table has columns of sentences that are not placeholders."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from likewise.codecs.words import PLACEHOLDER
from likewise.evaluate.chance import deal
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.tables import IntArray, Typed
from likewise.evaluate.texts import Texts, copied, lengths_apart, run_length, words_apart
from likewise.schema.column import Kind
from likewise.schema.keys import WORDY


def text_scores(run: Context) -> Iterable[Score]:
    """How alike texts are."""
    names = _sentences(run)
    for name in names:
        real, fresh, by = run.control(run.compared)
        tables = [_only(table, name) for table in (real, fresh, run.compared["synthetic"])]
        dealt = deal(tables[0], tables[1], tables[2], run.rng(62))
        texts = Texts.of(real[name].levels or ())
        for measure, figure in (("text_js", words_apart), ("text_length", lengths_apart)):
            found = figure(texts, dealt, name)
            if found is not None:
                yield Score.of(_name(measure, name, names), found, floor_by=by)


def copy_scores(run: Context) -> Iterable[Score]:
    """How much of synthetic texts stands in real ones."""
    names = _sentences(run)
    for name in names:
        real, fresh, by = run.control(run.compared)
        texts = Texts.of(real[name].levels or ())
        known = _texts(real, name)[0]
        sides = [_texts(table, name) for table in (run.compared["synthetic"], fresh)]
        found = copied(texts, known, sides)
        if found is not None:
            yield Score.of(_name("text_copies", name, names), found, floor_by=by)
        (ours, whose), (others, control) = sides
        longest = run_length(texts.longest(ours, known), whose, texts.longest(others, known), control)
        if longest is not None:
            yield Score.of(_name("text_run", name, names), longest, floor_by=by, n_others=len(others))


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
