"""Histories learnt within a budget of privacy whose unit is an entity with all its rows.

The budget pays for: codes of columns and gaps (`declared.py`); how many rows entities have; what an entity is, by a
model of counts; counts of each field of gaps and rows; and, with all that is left, the steps of both nets, in which
entities are drawn by chance and each gives one sum of gradients, cut once (`likewise.dp.units`). What is drawn is then
brought to the noisy answers, for which no row is looked at.

Legend: n rows, E entities, L rows of the longest history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from likewise.codecs.base import Codes
from likewise.dp.accounting import Steps
from likewise.dp.gate import Noisy
from likewise.dp.ledger import Ledger
from likewise.dp.mechanisms import noisy_counts
from likewise.dp.units import Entities, one_of_each, settle
from likewise.histories.calibration import MOST, odds
from likewise.histories.declared import Declared
from likewise.histories.layout import Layout, layout_rows
from likewise.histories.model import HistoryModel, first_rows
from likewise.histories.order import Histories
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.marginals.counts import OneWay
from likewise.models.marginals.mst import MST
from likewise.training.loop import Progress
from likewise.typing import Floats, Ints

LENGTHS_SHARE, FIRST_SHARE, COUNTS_SHARE = 0.03, 0.1, 0.05
"""Shares of what the codec leaves, for how many rows entities have, for what they are and when they begin, and for the
counts of each net's fields."""

A_WORD = 0.01
"""Of the share for what entities are, where none of that will be drawn."""

WHEN_SHARE = 0.25
"""Steps that learn gaps, in terms of those that learn rows."""

SURE = 3.0
"""Deviations of the noise above which a count of entities tells something."""

CALIBRATION, ROUNDS = 4_096, 3
"""Entities drawn a round to bring what is drawn to noisy answers, and rounds."""

SINGLE = 6
"""Numbers of rows of which the chance to end is told one by one; those of more by half powers of two."""


def fit_within(
    told: Histories, declared: Declared, ledger: Ledger, *, make: Callable[[], Autoregressive],
    rng: np.random.Generator, progress: Progress | None,
) -> tuple[HistoryModel, Entities, int]:  # fmt: skip
    """A model of histories that keeps a budget, the gate of its rows, and about how many rows there are.

    Args:
        told: what `Declared.histories` leaves of the rows.
        ledger: whose entries are of whole entities.
        make: a generator that has learnt nothing.

    Raises:
        PrivacyError: what is to be paid for does not fit into the budget.

    Privacy: all of the budget.
    """
    layout = declared.layout(told, ledger)
    lengths, sigma = _noisy_lengths(told, layout, ledger)
    begun = begin_within(told, layout, declared, ledger, make=make, rng=rng)
    train_within([begun], ledger, rng=rng, progress=progress)
    model = replace(begun.model, n_entities=max(round(lengths.sum()), 1))
    model = _brought(model, lengths, sigma, begun.known[0], rng)
    rows = float(np.arange(1, layout.longest + 2).clip(max=layout.longest) @ lengths)
    return model, begun.gates[0], max(round(rows), 1)


@dataclass(frozen=True)
class Begun:
    """Histories of which all is known but what the nets learn.

    Args:
        model: its nets have learnt nothing.
        gates: of rows, and of gaps where there are any.
        known: the noisy counts of each.
        steps: what is trained, and its steps.
    """

    model: HistoryModel
    gates: list[Entities]
    known: list[OneWay]
    steps: list[tuple[str, Steps]]


def begin_within(
    told: Histories, layout: Layout, declared: Declared, ledger: Ledger, *, make: Callable[[], Autoregressive],
    rng: np.random.Generator, unit: Ints | None = None, share: float = 1.0, of: str = "",
) -> Begun:  # fmt: skip
    """All looks of histories but for the steps.

    Args:
        unit: (n,) a number for whose each row is, ascending, where several entities are one person's and protected
            together; no entity then has more than `layout.longest` rows. None protects each entity.
        share: of the usual part of the budget.
        of: of what the histories are, in words for the ledger.

    Privacy: its share, and the counts of each net's fields.
    """
    short, own_unit = told.up_to(layout.longest), unit is not None
    unit = short.whose if unit is None else unit
    begins = np.flatnonzero(np.diff(unit, prepend=-1))
    firsts = declared.firsts(layout)
    laid, first = layout_rows(layout, told, layout.longest), MST()
    codes = firsts.encode(first_rows(layout, told))
    codes = codes[_one_entity_of_each(short, unit)]
    told_whole = own_unit and layout.time is None  # what entities are is told when rows are drawn; a word will do
    gate = Noisy(codes, firsts.alphabet.sizes, ledger, FIRST_SHARE * share * (A_WORD if told_whole else 1))
    first.fit(Fit(gate=gate, holdout=codes[:0], alphabet=firsts.alphabet, rng=rng))
    when, what = make(), make()
    gates = [Entities(laid.what, np.diff(begins, append=len(unit)), layout.what[0].sizes, ledger)]
    steps = [(f"gradients of the net of rows{of}", what._steps())]
    if layout.time is not None:
        later = np.add.reduceat(short.position > 0, begins) if len(begins) else np.zeros(0, np.int64)
        gates.append(Entities(laid.when, later.astype(np.int64), layout.when[0].sizes, ledger))
        steps.append((f"gradients of the net of gaps{of}", _fewer(what._steps())))
    known = [
        OneWay.of(g, COUNTS_SHARE * share, range(n_told))
        for g, (_, n_told) in zip(gates, [layout.what, layout.when], strict=False)
    ]
    return Begun(HistoryModel(layout, firsts, first, when, what, 1), gates, known, steps)


def _one_entity_of_each(told: Histories, unit: Ints) -> Ints:
    """Numbers of entities, one of each unit by chance."""
    of = unit[told.starts]
    return one_of_each(np.flatnonzero(np.diff(of, prepend=-1)), len(of))


def train_within(
    begun: Sequence[Begun], ledger: Ledger, *, rng: np.random.Generator, progress: Progress | None
) -> None:
    """Train the nets of all histories, their steps paid for together.

    Raises:
        PrivacyError: they do not fit into what is left.

    Privacy: all that is left.
    """
    gates = [(g, *phase, k.n_rows) for b in begun for g, phase, k in zip(b.gates, b.steps, b.known, strict=True)]
    settle(gates, ledger, clip=begun[0].model.what.clip)  # type: ignore[attr-defined]
    for b in begun:
        layout = b.model.layout
        nets = zip([b.model.what, b.model.when], b.gates, [layout.what, layout.when], strict=False)
        for net, g, (alphabet, n_told) in nets:
            none, told = g.nothing, tuple(range(n_told))
            net.fit(Fit(gate=g, holdout=none, alphabet=alphabet, rng=rng, context_fields=told, progress=progress))


def _fewer(steps: Steps) -> Steps:
    return replace(steps, steps=max(round(WHEN_SHARE * steps.steps), 1))


def _noisy_lengths(told: Histories, layout: Layout, ledger: Ledger) -> tuple[Floats, float]:
    """(L+1,) entities by how many rows they have, the last of more than L, and the deviation of the noise, which takes
    some below 0.

    Privacy: its share. An entity is in one cell: sensitivity 1.
    """

    def look() -> Ints:
        return np.bincount(told.lengths - 1, minlength=layout.longest + 1).astype(np.int64)

    return noisy_counts(look, LENGTHS_SHARE * ledger.left, ledger, "how many rows entities have")


# ---- what is drawn, brought to what was answered ---------------------------------------------------------------------


def _brought(
    model: HistoryModel, lengths: Floats, sigma: float, known: OneWay, rng: np.random.Generator
) -> HistoryModel:
    """The model whose draws have the noisy shares of each code, and end as the noisy lengths have it."""
    what, n = model.what, min(model.n_entities, CALIBRATION)
    assert isinstance(what, Autoregressive)

    def drawn() -> tuple[Ints, Codes]:
        """(n,) rows of drawn histories, and one row of each by chance, as the noisy counts are of one of each."""
        rows, whose, _ = model.sample(n, rng)
        told = Histories(rows, np.flatnonzero(np.diff(whose, prepend=-1)), np.arange(len(rows)))
        return told.lengths, _one_of_each_drawn(layout_rows(model.layout, told).what, whose, rng)

    for _ in range(ROUNDS):
        what.bring_to(drawn()[1], known.shares())
    ends, wanted = np.zeros(model.layout.longest), _chances(lengths, SURE * sigma)
    for turn in range(2 * ROUNDS):  # then what the net's own shares do not tell: lengths first, for stays hang on them
        drawn_lengths, codes = drawn()
        ends = _corrected(ends, wanted, drawn_lengths)
        tilts = model.layout.tilts if turn < ROUNDS else _tilts(model.layout, codes, known)
        model = replace(model, layout=replace(model.layout, ends=tuple(ends.tolist()), tilts=tilts))
    return model


def brought_given(
    model: HistoryModel, draw: Callable[[HistoryModel], tuple[pl.DataFrame, Ints, Ints]], known: OneWay,
    rng: np.random.Generator,
) -> HistoryModel:  # fmt: skip
    """The model whose draws have the noisy shares of each code, where it is known how many rows entities have.

    Args:
        draw: rows that a model draws, canonical, (rows,) whose entity's each is, ascending, and (entities,) whose these
            are.
        known: counts of one row of each person.
    """
    what = model.what
    assert isinstance(what, Autoregressive)

    def drawn() -> Codes:
        rows, whose, unit = draw(model)
        told = Histories(rows, np.flatnonzero(np.diff(whose, prepend=-1)), np.arange(len(rows)))
        return _one_of_each_drawn(layout_rows(model.layout, told).what, unit[whose], rng)

    for _ in range(ROUNDS):
        what.bring_to(drawn(), known.shares())
    for _ in range(ROUNDS if model.layout.repeats else 0):
        model = replace(model, layout=replace(model.layout, tilts=_tilts(model.layout, drawn(), known)))
    return model


def _one_of_each_drawn(codes: Codes, unit: Ints, rng: np.random.Generator) -> Codes:
    order = rng.permutation(len(unit))
    return codes[order[np.unique(unit[order], return_index=True)[1]]]


def _tilts(layout: Layout, drawn: Codes, known: OneWay) -> tuple[float, ...]:
    """See `Layout.tilts`: by how often drawn values are those before, as they were drawn or by chance."""
    first, shares = layout.what[1], known.shares()
    wanted = np.array([shares[first + k][-1] for k in layout.repeats])
    again = np.array([(drawn.codes[:, first + k] == layout.drawn[k].size - 1).mean() for k in layout.repeats])
    tilts = np.array(layout.tilts) * odds(wanted) / odds(again)
    return tuple(np.clip(tilts, 1 / MOST, MOST).tolist())


def _blocks(n: int) -> Ints:
    """(n,) which numbers of rows, 1 to n, are told together."""
    k = np.arange(n)
    late = SINGLE + (2 * np.log2(np.maximum(k, 1) / SINGLE)).astype(np.int64)
    return np.where(k < SINGLE, k, late)


def _chances(lengths: Floats, sure: float) -> Floats:
    """(L,) the chance of a history of 1, 2, ... L rows to have no more; none where too few are so long to tell."""
    n = len(lengths) - 1
    blocks, at_risk = _blocks(n), np.cumsum(lengths[::-1])[::-1][:n]
    ended, risk = np.bincount(blocks, lengths[:n]), np.bincount(blocks, at_risk)
    width = np.bincount(blocks)
    known = risk / np.maximum(width, 1) > sure * np.sqrt(width)
    return np.where(known, np.clip(ended / np.maximum(risk, 1e-9), 0, 1), np.nan)[blocks]


def _corrected(ends: Floats, wanted: Floats, lengths: Ints) -> Floats:
    """(L,) see `Layout.ends`: by what the chances to end of histories drawn under these are off."""
    cells = np.where(lengths < len(ends), lengths - 1, len(ends))  # the longest would go on
    drawn = _chances(np.bincount(cells, minlength=len(ends) + 1).astype(float), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(ends > 0, (drawn - ends) / (1 - ends), drawn / (1 + ends)).clip(1e-6, 1 - 1e-6)
        found = np.where(wanted < own, wanted / own - 1, (wanted - own) / (1 - own))
    return np.where(np.isfinite(found), found.clip(-1, 1), ends)
