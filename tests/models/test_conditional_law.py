"""Draws under conditions follow the law of free draws that happen to meet them, claimed of every model.

The oracle is brute force: draw freely, keep a row as often as its weights say. A model added to MODELS is tested
unasked.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from likewise.codecs.base import Alphabet, Codes, Field, Given, Search
from likewise.models import MODELS
from likewise.models.base import Fit, Generator

from .test_contract import FAST_OPTIONS

LEARNT = {"rare_levels": 50, "many_levels": 8}
"""Passes after which a tiny net knows which rows hold the rare levels."""

EXACT = 5.5
"""Standard errors that a share may be off: over thousands of shares, not one is so by chance."""

SLACK = {"copula": 0.03, "vae": 0.03, "vaegan": 0.03}
"""Models that choose among a number of candidates, whose law nears the wanted one as those grow many."""

ENOUGH = 3_000

pytestmark = pytest.mark.parametrize("model", sorted(MODELS))


def field(size: int, never: tuple[int, ...] = (), *, ordered: bool = False, missing: int | None = None) -> Field:
    emit = np.ones(size, bool)
    emit[list(never)] = False
    positions = ((np.arange(size) + 0.5) / size).astype(np.float32) if ordered else None
    if positions is not None and missing is not None:
        positions[missing] = np.nan
    return Field(size=size, emit=emit, positions=positions, missing=missing)


def rare_levels() -> tuple[Alphabet, npt.NDArray[np.int64]]:
    """Code 0 of the fields 1 and 4 is never drawn, and is most of what the rows of one level of field 0 hold. Field 3
    is a number with missing values."""
    rng, n = np.random.default_rng(101), 1200
    a = rng.integers(0, 2, n)
    b = np.where((a == 0) & (rng.random(n) < 0.85), 0, rng.integers(1, 5, n))
    c = np.where(rng.random(n) < 0.6, a + 1, rng.integers(0, 3, n))
    d = np.where(rng.random(n) < 0.2 + 0.4 * a, 8, rng.integers(0, 4, n) + 4 * (c > 1))
    e = np.where((c == 2) & (rng.random(n) < 0.7), 0, rng.integers(1, 3, n))
    fields = field(2), field(5, (0,)), field(3), field(9, ordered=True, missing=8), field(3, (0,))
    return Alphabet(fields), np.stack([a, b, c, d, e], 1)


def many_levels() -> tuple[Alphabet, npt.NDArray[np.int64]]:
    """Field 1 has 5,000 levels, of which every fifth is never drawn; whether it is odd follows field 0."""
    rng, n = np.random.default_rng(102), 1500
    a = rng.integers(0, 2, n)
    b = 2 * rng.integers(0, 2500, n) + (rng.random(n) < 0.25 + 0.5 * a)
    c = (b > 2500).astype(np.int64) ^ (rng.random(n) < 0.2)
    return Alphabet((field(2), field(5000, tuple(range(0, 5000, 5))), field(2))), np.stack([a, b, c], 1)


TABLES = {"rare_levels": rare_levels, "many_levels": many_levels}

DRAWN = (np.arange(5000) % 5 > 0).astype(float)

WEIGHTS: dict[str, tuple[str, Mapping[int, npt.NDArray[np.float64]]]] = {
    "what always holds": ("rare_levels", {2: np.ones(3)}),
    "what holds of every free draw": ("rare_levels", {1: np.array([0.0, 1, 1, 1, 1])}),
    "one level": ("rare_levels", {2: np.array([0.0, 0, 1])}),
    "missing": ("rare_levels", {3: np.eye(9)[8]}),
    "a part of a bin": ("rare_levels", {3: np.array([0.0, 0, 0.02, 0.05, 0.1, 0.1, 0, 0, 0])}),
    "several": ("rare_levels", {1: np.array([0.0, 1, 0, 1, 0]), 2: np.array([0.0, 1, 1]), 3: 1 - np.eye(9)[8]}),
    "the first and the last": ("rare_levels", {0: np.array([1.0, 0]), 4: np.array([0.0, 1, 0.5])}),
    "half of many levels": ("many_levels", {1: DRAWN * (np.arange(5000) % 3 > 0)}),
    "many levels and another": ("many_levels", {1: DRAWN * (np.arange(5000) < 2500), 2: np.array([1.0, 0])}),
}


@cache
def fitted(model: str, table: str) -> tuple[Generator, Alphabet, npt.NDArray[np.integer]]:
    alphabet, rows = TABLES[table]()
    codes = Codes(rows.astype(alphabet.code_dtype), np.zeros((len(rows), 0), np.float32))
    options = dict(FAST_OPTIONS.get(model, {}))
    if "epochs" in options:
        options["epochs"] = LEARNT[table] // (3 if model in ("gan", "ctgan") else 1)
    if "patience" in MODELS[model]().options():
        options["patience"] = options["epochs"]
    made = MODELS[model](**options).fit(Fit.of(codes, codes[:150], alphabet, rng=np.random.default_rng(103)))
    return made, alphabet, made.sample(30_000, rng=np.random.default_rng(104)).codes


def shares(rows: npt.NDArray[np.integer], alphabet: Alphabet) -> npt.NDArray[np.float64]:
    """The share of rows with each code of each field, and with each pair of codes of few-levelled fields; many levels
    are brought to ten."""
    short = [rows[:, j] if f.size <= 10 else rows[:, j] % 10 for j, f in enumerate(alphabet.fields)]
    singles = [np.bincount(column, minlength=10) for column in short]
    pairs = [np.bincount(a * 10 + b, minlength=100) for a, b in itertools.combinations(np.array(short, int), 2)]
    return np.concatenate(singles + pairs) / len(rows)


def chances(rows: npt.NDArray[np.integer], weights: Mapping[int, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """(n,) the chance of each row to meet the weights."""
    return np.asarray(np.prod([share[rows[:, j]] for j, share in weights.items()], 0))


@pytest.mark.parametrize("what", WEIGHTS)
def test_draws_under_conditions_are_free_draws_that_meet_them(model: str, what: str) -> None:
    table, weights = WEIGHTS[what]
    generator, alphabet, free = fitted(model, table)
    rng = np.random.default_rng(105)
    chance = chances(free, weights)
    kept = free[rng.random(len(free)) * chance.max() < chance]
    drawn = generator.sample(ENOUGH, rng=rng, given=Given(weights=weights)).codes
    want, have = shares(kept, alphabet), shares(drawn, alphabet)
    pooled = (want * len(kept) + have * len(drawn)) / (len(kept) + len(drawn))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(kept) + 1 / len(drawn)))
    off = np.abs(want - have) - EXACT * error - SLACK.get(model, 0.0)
    assert len(kept) > 300, "the oracle has rows to compare with"
    assert off.max() <= 1e-9, (float(want[off.argmax()]), float(have[off.argmax()]), len(kept))


@pytest.mark.parametrize("what", ["what holds of every free draw", "one level", "a part of a bin", "several"])
def test_the_rate_told_is_the_share_of_free_draws_that_meet_the_conditions(model: str, what: str) -> None:
    table, weights = WEIGHTS[what]
    generator, _, free = fitted(model, table)
    told: list[Search] = []
    generator.sample(2_000, rng=np.random.default_rng(106), given=Given(weights=weights, progress=told.append))
    met = chances(free, weights).mean()
    # The copula draws from the conditional law, without a search.
    assert all(abs(search.share - met) <= 0.15 * met for search in told[-1:])
    assert told or model == "copula"


KNOWN: dict[str, Mapping[int, int]] = {"a level": {2: 2}, "the first and the last": {0: 1, 4: 1}, "a number": {3: 5}}


@pytest.mark.parametrize("what", KNOWN)
def test_rows_are_completed_as_free_draws_that_have_what_is_known(model: str, what: str) -> None:
    """Total variation of each field within .04 and chance, for each row chooses among candidates of its own."""
    generator, alphabet, free = fitted(model, "rare_levels")
    known = np.full((ENOUGH, len(alphabet.fields)), -1)
    for j, code in KNOWN[what].items():
        known[:, j] = code
    drawn = generator.sample(ENOUGH, rng=np.random.default_rng(107), given=Given(known, joint=False)).codes
    kept = free[(free[:, list(KNOWN[what])] == list(KNOWN[what].values())).all(1)]
    assert len(kept) > 300
    assert (drawn[:, list(KNOWN[what])] == list(KNOWN[what].values())).all()
    for j, f in enumerate(alphabet.fields):
        want, have = (np.bincount(rows[:, j], minlength=f.size) / len(rows) for rows in (kept, drawn))
        chance = np.sqrt(want * (1 - want) * (1 / len(kept) + 1 / ENOUGH)).sum()
        assert np.abs(want - have).sum() / 2 <= 0.04 + 1.5 * chance, (j, want, have)
