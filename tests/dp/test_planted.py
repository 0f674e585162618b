"""Bugs that broke the promises of other libraries, planted here one by one: each must be caught, and by what is said.

What else is planted elsewhere: levels read from the data, the row count stored, early stopping and losses told, noise
forgotten (test_private_fit: the fitted file); batches of a fixed size (test_private_training: their law); half of the
noise (test_mechanisms: its law).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from likewise.audit import Audit, Claim, Plan, audit_steps, audit_synthesizer, bound_of_runs, many_runs
from likewise.audit.steps import overheard
from likewise.codecs.base import Codes
from likewise.dp import gate
from likewise.dp.accounting import Steps
from likewise.dp.codec import private_codec
from likewise.dp.gate import ClippedSums, Noisy
from likewise.dp.ledger import DP, Ledger
from likewise.dp.mechanisms import noisy_counts
from likewise.models.marginals.counts import each_field
from likewise.schema.column import Column, Schema

from .artefacts import are_equal
from .test_private_fit import NEIGHBOURS, artefact, blind, synth, table  # noqa: F401 - a fixture is used

BUDGET = DP(3.0, 1e-6)
CLAIM = Claim(epsilon=BUDGET.epsilon, delta=BUDGET.delta)
STEPS = Steps(rate=1.0, steps=2)
SURE = 0.9999
"""Noise has no seed, so a sound mechanism must be accused of nothing but once in ten thousand runs of the tests."""


def audited() -> Audit:
    return audit_steps(BUDGET, STEPS, confidence=SURE)


# ---- caught by an audit ---------------------------------------------------------------------------------------------


def count_of(asked: Callable[..., Any]) -> Audit:
    """An audit of one noisy count that spends all of the budget, asked again and again."""
    rho, ample = Ledger(BUDGET).rho, Ledger(DP(1e5, 1e-6))
    return many_runs(
        lambda inside: float(asked(lambda: np.array([100 + inside]), rho, ample, "a count")[0][0]), CLAIM, runs=2_000,
        law="gaussian", confidence=SURE,
    )  # fmt: skip


def half_of_the_noise(real: Any, rho: float, ledger: Ledger, what: str) -> Any:
    return noisy_counts(real, 4 * rho, ledger, what)


def test_a_sound_count_stands_and_one_of_half_the_noise_is_caught() -> None:
    sound, broken = count_of(noisy_counts), count_of(half_of_the_noise)
    assert 0.5 < sound.epsilon <= 3.0
    assert broken.is_broken


def test_sound_steps_stand() -> None:
    assert 2.0 < audited().epsilon <= 3.0


def test_steps_of_half_the_noise_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = gate.noisy_sum
    monkeypatch.setattr(gate, "noisy_sum", lambda total, norm, multiplier: honest(total, norm, multiplier / 2))
    assert audited().is_broken


def test_noise_forgotten_in_the_last_step_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ClippedSums.noisy

    def forgetting(self: ClippedSums, size: int, clipped: Callable[[Codes], Any]) -> Any:
        noisy = honest(self, size, clipped)
        return noisy if self.taken < self.plan.steps else clipped(self._codes)

    monkeypatch.setattr(ClippedSums, "noisy", forgetting)
    assert audited().is_broken


def test_batches_in_the_rows_own_order_are_no_poisson_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows in which batch a row would be has one number to look at, and sampling hides nothing."""
    m, steps = 20_000, 50
    empty = Codes(np.zeros((0, 1), np.uint8), np.zeros((0, 0), np.float32))
    [sums] = Noisy(empty, [2], Ledger(BUDGET)).clipped_sums(
        [("steps", Steps(1 / steps, steps))], clip=1.0, n_rows=m / 2
    )  # fmt: skip
    plan = sums.plan
    whose = np.arange(m) % steps

    def game(is_planted: bool) -> float:
        def score(coins: np.ndarray) -> np.ndarray:
            batches = iter(range(steps))
            if is_planted:
                mine = whose[coins]
                monkeypatch.setattr(gate, "sampled_rows", lambda n, rate: np.flatnonzero(mine == next(batches)))
            return overheard(plan, coins)[whose, np.arange(m)]

        coins = np.random.default_rng().random(m) < 0.5
        scores = score(coins)
        return bound_of_runs(scores[coins], scores[~coins], delta=BUDGET.delta, confidence=SURE).gaussian

    assert game(False) <= BUDGET.epsilon < game(True)


@pytest.mark.parametrize("is_planted", [False, True])
def test_rows_of_a_person_that_the_noise_does_not_count_are_caught(
    is_planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget for people with up to four rows, and noise for people with one."""
    whose = Column(name="who", kind="id", role="id", format="00000")
    columns = [Column(name=c, kind="boolean", dtype="Boolean", nullable=False) for c in "ab"]
    budget = DP(10.0, 1e-6, entity="who", max_rows=4)
    if is_planted:
        honest = Ledger.__init__

        def forgetting(self: Ledger, budget: DP, *, whole: bool = False) -> None:
            honest(self, replace(budget, entity=None, max_rows=1), whole=whole)
            self.budget = budget

        monkeypatch.setattr(Ledger, "__init__", forgetting)
    plan = Plan(
        model="mst", schema=Schema((whose, *columns)), privacy=budget, options={"iterations": 50}, rows=200
    )  # fmt: skip
    assert audit_synthesizer(plan, runs=300, confidence=0.999).is_broken == is_planted


# ---- caught by how far one row moves the answer ---------------------------------------------------------------------


class Teacher:
    """Tells whether the mean of its rows is above one half."""

    def __init__(self) -> None:
        self.rows = np.zeros(0)

    def learn(self, rows: np.ndarray) -> None:
        self.rows = rows

    def vote(self) -> int:
        return int(self.rows.mean() > 0.5)


def votes(teachers: list[Teacher], rows: np.ndarray) -> np.ndarray:
    """(2,) how many say no and yes; each teacher has its own rows."""
    for k, teacher in enumerate(teachers):
        teacher.learn(rows[k :: len(teachers)])
    return np.bincount([t.vote() for t in teachers], minlength=2)


@pytest.mark.parametrize(("teachers", "is_sound"), [([Teacher() for _ in range(10)], True), ([Teacher()] * 10, False)])
def test_teachers_that_are_one_object_are_caught(teachers: list[Teacher], is_sound: bool) -> None:
    """A row is one teacher's, so that it moves one vote: two counts by one each. The rows are such that it matters."""
    rng, moved = np.random.default_rng(0), 0.0
    for _ in range(200):
        rows = np.repeat([0.0, 1.0], 50)
        other = rows.copy()
        other[rng.integers(100)] += rng.choice([-0.9, 0.9])  # one row replaced: shards stay where they are
        moved = max(moved, float(np.abs(votes(teachers, rows) - votes(teachers, other)).sum()))
    assert (moved <= 2) == is_sound


# ---- caught by the fitted file of neighbouring tables ---------------------------------------------------------------


def bounds_of_the_rows(frame: pl.DataFrame, schema: Any, ledger: Ledger) -> Any:
    grade = frame["grade"]
    seen = schema.replace("grade", bounds=(float(grade.min()), float(grade.max())))  # type: ignore[arg-type]
    return private_codec(frame, seen, ledger)


def a_missing_code_where_seen(frame: pl.DataFrame, schema: Any, ledger: Ledger) -> Any:
    for column in schema:
        schema = schema.replace(column.name, nullable=bool(frame[column.name].null_count()))
    return private_codec(frame, schema, ledger)


def constants_as_they_are(frame: pl.DataFrame, schema: Any, ledger: Ledger) -> Any:
    """A level of a constant column is kept by name, and no other."""
    towns = frame["town"].drop_nulls().unique().sort().to_list()
    return private_codec(frame, schema.replace("town", levels=tuple(towns)), ledger)


IN_THE_CODEC = {
    "bounds of the rows": (bounds_of_the_rows, "a value beyond the bounds"),
    "a code for missing where one is seen": (a_missing_code_where_seen, "a missing cell"),
    "levels that are seen": (constants_as_they_are, "a level nobody else has"),
}


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("bug", IN_THE_CODEC)
def test_what_a_codec_reads_of_the_rows_is_caught(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted, change = IN_THE_CODEC[bug]
    plain = table().with_columns(grade=pl.col("grade").clip(2, 5))
    if change == "a level nobody else has":
        plain = plain.filter(pl.col("town") != "east")
    other = plain.vstack(NEIGHBOURS[change][-1:]) if change in NEIGHBOURS else plain.vstack(table().filter(
        pl.col("town") == "east")[:1])  # fmt: skip
    sound = [artefact(frame, tmp_path / "a", "mst") for frame in (plain, other)]
    assert are_equal(*sound)
    monkeypatch.setattr("likewise.synthesizer.fitting.private_codec", planted)
    broken = [artefact(frame, tmp_path / "a", "mst") for frame in (plain, other)]
    assert not are_equal(*broken)


def test_a_missing_value_filled_from_a_row_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fill is one person's value: whoever is last moves as many counts as there are missing cells."""
    seen: list[np.ndarray] = []

    def counts(look: Any, rho: float, ledger: Ledger, what: str, **options: Any) -> Any:
        seen.append(np.asarray(look(), float))
        return np.full(len(seen[-1]), 300.0), 1.0

    monkeypatch.setattr(gate, "noisy_counts", counts)
    gaps = table().with_columns(grade=pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise(pl.col("grade")))

    def moved(fill: Callable[[pl.DataFrame], pl.DataFrame]) -> float:
        seen.clear()
        for frame in (gaps, gaps.vstack(pl.DataFrame({"grade": [6], "town": ["east"], "is_new": [True]}))):
            codec = private_codec(frame, synth().schema, Ledger(BUDGET))
            behind = Noisy(codec.encode(fill(frame)), codec.alphabet.sizes, Ledger(BUDGET))
            behind.counts(each_field(behind.sizes), 0.01)
        return float(np.linalg.norm(seen[0] - seen[1]))

    assert moved(lambda frame: frame) <= np.sqrt(3)
    assert moved(lambda frame: frame.with_columns(pl.all().fill_null(pl.all().drop_nulls().last()))) > 100


# ---- caught by counting looks and entries ---------------------------------------------------------------------------


class Looks:
    """How often the rows were looked at, whatever the ledger says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = self.sums = 0
        for name in ("noisy_counts", "noisy_choices"):
            monkeypatch.setattr(gate, name, self._counted(getattr(gate, name)))
        honest = gate.noisy_sum

        def summed(*parts: Any) -> Any:
            self.sums += 1
            return honest(*parts)

        monkeypatch.setattr(gate, "noisy_sum", summed)

    def _counted(self, honest: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*parts: Any, **options: Any) -> Any:
            self.answers += 1
            return honest(*parts, **options)

        return asked

    def are_those_of(self, ledger: Ledger) -> bool:
        entries = ledger.entries
        steps = sum(entry.steps for entry in entries if entry.is_sampled)
        return (self.answers, self.sums) == (sum(not entry.is_sampled for entry in entries), steps)


def no_bug(monkeypatch: pytest.MonkeyPatch) -> None: ...


def final_batch_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Ledger.spend_steps

    def short(self: Ledger, *runs: tuple[str, Steps, float]) -> None:
        honest(self, *((what, Steps(steps.rate, steps.steps - 1), noise) for what, steps, noise in runs))

    monkeypatch.setattr(Ledger, "spend_steps", short)


def charged_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Safe, but it wastes the budget: the same look stands in the ledger two times."""
    honest = Ledger.spend

    def twice(self: Ledger, entry: Any) -> None:
        half = replace(entry, rho=entry.rho / 2)
        honest(self, half)
        honest(self, half)

    monkeypatch.setattr(Ledger, "spend", twice)


def counted_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = gate.noisy_counts

    def hidden(look: Any, rho: float, ledger: Ledger, what: str, **options: Any) -> Any:
        return honest(look, rho, Ledger(ledger.budget), what, **options)

    monkeypatch.setattr(gate, "noisy_counts", hidden)


LEDGERS = {
    "sound": (no_bug, True),
    "the final batch uncounted": (final_batch_uncounted, False),
    "charged twice": (charged_twice, False),
    "a look in a ledger that nobody keeps": (counted_elsewhere, False),
}


@pytest.mark.filterwarnings("ignore:gradients of the net")
@pytest.mark.parametrize("model", ["mst", "autoregressive"])
@pytest.mark.parametrize("bug", LEDGERS)
def test_every_look_is_one_entry_of_the_ledger(model: str, bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, is_sound = LEDGERS[bug]
    if bug == "the final batch uncounted" and model == "mst":
        is_sound = True  # it has no batches
    looks = Looks(monkeypatch)
    plant(monkeypatch)
    fitted = synth(model).fit(table())
    assert fitted.ledger_ is not None
    assert looks.are_those_of(fitted.ledger_) == is_sound
