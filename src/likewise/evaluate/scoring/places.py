"""Scores of places, where a table has any: a latitude and a longitude."""

from __future__ import annotations

from collections.abc import Iterable

from likewise.evaluate.places import DEPTHS, SUPPORTS, divergence, near, support
from likewise.evaluate.results import Score
from likewise.evaluate.scoring.context import Context
from likewise.schema.places import Pair, pairs_of


def place_scores(run: Context) -> Iterable[Score]:
    """How alike places are."""
    pairs = pairs_of(run.schema)
    for pair in pairs:
        base, fresh, by = run.control()
        for km in SUPPORTS:
            found = support(run.synthetic, base, fresh, pair, km)
            if found is not None:
                yield Score.of(_name(f"place_support_{km}km", pair, pairs), found, floor_by=by)
        for km in DEPTHS:
            found = divergence(run.dealt, pair, km)
            if found is not None:
                yield Score.of(_name(f"place_js_{km}km", pair, pairs), found, floor_by=run.real_tables[2])


def nearest_scores(run: Context) -> Iterable[Score]:
    """How many synthetic points stand where a real one does."""
    pairs = pairs_of(run.schema)
    for pair in pairs:
        base, fresh, by = run.control()
        found = near(run.synthetic, base, fresh, pair)
        if found is not None:
            yield Score.of(_name("place_near", pair, pairs), found, floor_by=by)


def _name(measure: str, pair: Pair, pairs: list[Pair]) -> str:
    return measure if len(pairs) == 1 else f"{measure}:{pair.latitude}"
