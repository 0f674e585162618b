"""The gate: an entry stands before its look, sensitivities are those of neighbouring tables, and no row gets out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
import polars as pl
import pytest
import torch

import likewise as lw
from likewise.codecs.base import Alphabet, Codes, Field
from likewise.dp import gate as gates
from likewise.dp.accounting import Steps
from likewise.dp.gate import ClippedSums, Exact, Noisy, gate_of
from likewise.dp.ledger import DP, Ledger
from likewise.dp.queries import Distance, Marginals
from likewise.errors import PrivacyError
from likewise.models import MODELS
from likewise.models.base import Fit
from likewise.models.cart.model import CartChain
from likewise.models.marginals.mst import MST
from likewise.schema.column import Column, Schema

SIZES = (3, 2, 4)
PAIR = Marginals(((0, 1),), "counts of fields 0, 1")


def rows(n: int = 200, seed: int = 11) -> Codes:
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(k, size=n) for k in SIZES], 1).astype(np.uint8)
    return Codes(codes, np.zeros((n, 0), np.float32))


def noisy(codes: Codes | None = None, epsilon: float = 1.0) -> tuple[Noisy, Ledger]:
    ledger = Ledger(DP(epsilon, 1e-6))
    return Noisy(rows() if codes is None else codes, SIZES, ledger), ledger


def nothing_expected() -> Any:
    return np.zeros(())


# ---- an entry first, then a look -------------------------------------------------------------------------------------


class Hidden(Codes):
    """Rows that fail as soon as one looks at them."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("codes", "fractions"):
            raise RuntimeError("somebody looked")
        return super().__getattribute__(name)


def unseen() -> Codes:
    hidden: Codes = object.__new__(Hidden)
    return hidden


def test_what_a_query_costs_is_written_before_it_looks() -> None:
    gate, ledger = noisy(unseen())
    with pytest.raises(RuntimeError, match="somebody looked"):
        gate.counts(PAIR, 0.25)
    with pytest.raises(RuntimeError, match="somebody looked"):
        gate.choose([Distance((0,), nothing_expected)], 0.5, "a choice")
    assert [entry.what for entry in ledger.entries] == ["counts of fields 0, 1", "a choice"]
    assert gate.left == pytest.approx(0.25)


def test_what_the_budget_does_not_hold_is_not_looked_for() -> None:
    gate, ledger = noisy(unseen())
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        gate.counts(PAIR, 1.5)
    with pytest.raises(PrivacyError, match="nothing was asked of the data"):
        gate.choose([Distance((0,), nothing_expected)], 1.5, "a choice")
    assert not ledger.entries
    assert gate.left == 1.0


def test_steps_are_paid_for_before_the_first_and_no_more_are_taken() -> None:
    gate, ledger = noisy(epsilon=3.0)
    phases = [("one", Steps(0.5, 2)), ("other", Steps(0.25, 3))]
    with pytest.warns(lw.LikewiseWarning, match="little will be learnt"):
        sums = gate.clipped_sums(phases, clip=1.0, n_rows=200.0)
    assert [(entry.what, entry.steps, entry.rate) for entry in ledger.entries] == [("one", 2, 0.5), ("other", 3, 0.25)]
    assert ledger.epsilon == 3.0
    assert gate.left == 0.0
    assert gate.plan == sums[0].plan
    for one, steps in zip(sums, (2, 3), strict=True):
        for _ in range(steps):
            one.noisy(4, lambda some: np.zeros(4))
        with pytest.raises(PrivacyError, match="not paid for"):
            one.noisy(4, lambda some: np.zeros(4))


# ---- what one row moves ----------------------------------------------------------------------------------------------


def neighbours() -> list[tuple[Codes, Codes]]:
    """Tables and the same with a row less, for every kind of row that there is."""
    every = np.stack([column.ravel() for column in np.indices(SIZES)], 1).astype(np.uint8)
    base = rows(60)
    return [(Codes(np.concatenate([base.codes, row[None]]), np.zeros((61, 0), np.float32)), base) for row in every]


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("groups", [None, ([0, 1, 1], [0, 0], [0, 1, 2, 0])])
def test_counts_move_by_their_sensitivity_and_no_further(degree: int, groups: Any) -> None:
    query = Marginals(tuple(combinations(range(3), degree)), "tables")
    moved = []
    for more, less in neighbours():
        tables = []
        for codes in (more, less):
            gate = Exact(codes, SIZES)
            gate = gate if groups is None else gate.grouped([np.array(g) for g in groups])
            tables.append(np.concatenate([m.table.ravel() for m in gate.counts(query, 0.1)]))
        moved.append(float(np.linalg.norm(tables[0] - tables[1])))
    np.testing.assert_allclose(moved, query.sensitivity)


def test_scores_move_by_their_sensitivity_at_most_and_some_by_all_of_it() -> None:
    rng = np.random.default_rng(17)
    for clique in ((0,), (0, 2), (0, 1, 2)):
        expected = rng.uniform(-5, 40, [SIZES[j] for j in clique])
        for weight in (1.0, 0.3, 6.0):
            moved = []
            for pair in neighbours():
                # A gate finds each candidate's score once, so that every table gets a candidate of its own.
                scores = [
                    Exact(codes, SIZES)._score(Distance(clique, lambda e=expected: e, weight, 2.0), again=False)  # type: ignore[misc]
                    for codes in pair
                ]
                moved.append(abs(scores[0] - scores[1]))
            assert max(moved) <= weight + 1e-9
            assert max(moved) == pytest.approx(weight)


def test_a_choice_is_charged_for_the_greatest_sensitivity_among_its_candidates() -> None:
    gate, ledger = noisy()
    gate.choose([Distance((0,), nothing_expected, weight) for weight in (1.0, 7.0, 3.0)], 0.5, "a choice")
    assert ledger.entries[0].sensitivity == 7.0


def test_tables_measured_together_are_charged_together() -> None:
    gate, ledger = noisy()
    measured = gate.counts(Marginals(((0,), (0, 2), (1, 2)), "three tables"), 0.5)
    assert ledger.entries[0].sensitivity == pytest.approx(np.sqrt(3))
    assert {m.sigma for m in measured} == {ledger.entries[0].parameter} == {gate.deviation(0.5, np.sqrt(3))}
    assert [m.table.shape for m in measured] == [(3,), (3, 4), (2, 4)]


# ---- the exact gate answers the same questions ----------------------------------------------------------------------


def test_an_exact_gate_counts_and_chooses_what_stands_there() -> None:
    codes = rows()
    gate = gate_of(codes, SIZES, None)
    [pair, all_of_them] = gate.counts(Marginals(((2, 0), ()), "a pair, and the rows"), 0.5)
    seen = np.array([[((codes.codes[:, 2] == i) & (codes.codes[:, 0] == j)).sum() for j in range(3)] for i in range(4)])
    assert (pair.table == seen).all()
    assert (pair.sigma, pair.scale, float(all_of_them.table), gate.left) == (0.0, 1.0, 200.0, 0.0)
    far = [Distance((2, 0), lambda: pair.table + 1), Distance((2, 0), lambda: pair.table + 3)]
    assert gate.choose(far, 0.5, "a choice", again=True) == 1
    assert isinstance(gate, Exact)
    assert gate.rows() is codes


def test_a_choice_that_pays_much_is_nearly_the_greatest_score() -> None:
    gate, _ = noisy(epsilon=100.0)
    far = [Distance((0,), lambda: np.full(3, 50.0), weight) for weight in (0.5, 1.0, 0.25)]
    far.append(Distance((0,), lambda: np.full(3, 900.0)))
    assert gate.choose(far, 0.5, "a choice") == 3


# ---- no row gets out -------------------------------------------------------------------------------------------------


def reachable(thing: Any, seen: set[int], *, hidden: bool) -> Iterator[Any]:
    """All that the names of a thing lead to, and its items: by public names, or by hidden ones too."""
    if id(thing) in seen or isinstance(thing, type | ModuleType) or (callable(thing) and not hasattr(thing, "forward")):
        return
    seen.add(id(thing))
    yield thing
    if isinstance(thing, np.ndarray | torch.Tensor | np.random.Generator | str | bytes | int | float | None):
        return
    if isinstance(thing, dict):
        parts = list(thing.values())
    elif isinstance(thing, list | tuple | set):
        parts = list(thing)
    elif hidden:
        parts = list(getattr(thing, "__dict__", {}).values())
    else:
        parts = [getattr(thing, name, None) for name in dir(thing) if not name.startswith("_")]
    for part in parts:
        yield from reachable(part, seen, hidden=hidden)


def holds_rows(thing: Any, *, hidden: bool = False) -> bool:
    found = [x for x in reachable(thing, set(), hidden=hidden) if isinstance(x, Codes | np.ndarray | torch.Tensor)]
    return any(N in (len(x), *getattr(x, "shape", ())) for x in found if getattr(x, "shape", (1,)))


SCHEMA = Schema(
    (
        Column(name="grade", kind="integer", dtype="Int64", bounds=(1, 5), nullable=False),
        Column(name="town", kind="categorical", levels=("north", "south"), nullable=False),
    )
)
N = 487
KEEPING = sorted(name for name, kind in MODELS.items() if kind.keeps_privacy)
FAST: dict[str, Any] = {"aim": {"iterations": 5, "round_iterations": 2}, "mst": {"iterations": 5}}
QUICK: dict[str, Any] = {"epochs": 1, "sampling_rate": 0.5, "calibrate": 0}


@pytest.mark.filterwarnings("ignore:.*little will be learnt")
@pytest.mark.parametrize("model", KEEPING)
def test_what_a_model_is_given_leads_to_no_row(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    kind, honest = MODELS[model], MODELS[model].fit

    def watched(self: Any, fit: Fit) -> Any:
        given.append(fit)
        return honest(self, fit)

    monkeypatch.setattr(kind, "fit", watched)
    rng = np.random.default_rng(23)
    frame = pl.DataFrame({"grade": rng.integers(1, 6, N), "town": rng.choice(["north", "south"], N)})
    budget = lw.DP(8.0, 1e-6)
    synth = lw.Synthesizer(model, schema=SCHEMA, privacy=budget, random_state=3, **FAST.get(model, QUICK)).fit(frame)
    # The labels' own model learns from rows drawn by noisy counts.
    [fit] = [fit for fit in given if isinstance(fit.gate, Noisy)]
    assert not holds_rows(fit)
    assert not holds_rows(synth.generator_, hidden=True)


def test_the_walk_sees_rows_where_there_are_some() -> None:
    exact, peeping = Fit.of(rows(N), rows(0), ALPHABET, rng=np.random.default_rng(5)), MST(iterations=5)
    assert holds_rows(exact.rows())
    assert holds_rows(exact, hidden=True)
    peeping.fit(exact)
    assert not holds_rows(peeping, hidden=True)
    peeping._kept = {"a name": [torch.zeros(2, N)]}  # type: ignore[attr-defined]
    assert holds_rows(peeping, hidden=True)


def test_sums_of_a_training_lead_to_no_row() -> None:
    gate, _ = noisy(rows(N), epsilon=8.0)
    with pytest.warns(lw.LikewiseWarning, match="little will be learnt"):
        sums = gate.clipped_sums([("steps", Steps(0.5, 2))], clip=1.0, n_rows=float(N))
    assert isinstance(sums[0], ClippedSums)
    assert not holds_rows(sums)


ALPHABET = Alphabet(tuple(Field(size=k, emit=np.ones(k, bool)) for k in SIZES))


class Peeping(MST):
    """A model that takes the rows instead of asking the gate."""

    def _learn(self, gate: Any, *known: Any) -> NoReturn:
        gate.rows()
        raise AssertionError("rows came out of a noisy gate")


def behind(gate: Noisy) -> Fit:
    return Fit(gate=gate, holdout=rows(0), alphabet=ALPHABET, rng=np.random.default_rng(31))


def test_a_model_that_asks_for_rows_gets_none_under_a_budget() -> None:
    with pytest.raises(AttributeError, match="rows"):
        Peeping(iterations=5).fit(behind(noisy()[0]))
    with pytest.raises(PrivacyError, match="hides the rows"):
        CartChain().fit(behind(noisy()[0]))


def test_held_out_rows_do_not_go_beside_a_budget() -> None:
    with pytest.raises(PrivacyError, match="held-out rows"):
        Fit(gate=noisy()[0], holdout=rows(5), alphabet=ALPHABET, rng=np.random.default_rng(31))


def test_one_column_spends_all_of_the_budget() -> None:
    alone = Schema(SCHEMA.columns[:1])
    frame = pl.DataFrame({"grade": np.random.default_rng(37).integers(1, 6, N)})
    for model in ("mst", "aim"):
        fitted = lw.Synthesizer(model, schema=alone, privacy=lw.DP(1.0, 1e-6), **FAST[model]).fit(frame)
        assert fitted.ledger_ is not None
        assert fitted.ledger_.epsilon == 1.0


def test_groups_too_large_to_measure_leave_their_share_to_the_fields() -> None:
    gate, ledger = noisy()
    lw.AIM(max_cells=1, iterations=5, round_iterations=2).fit(behind(gate))
    assert ledger.epsilon == 1.0


@pytest.mark.parametrize("bug", ["no entry", "half the sensitivity"])
def test_planted_faults_of_the_gate_are_caught(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = gates.noisy_counts

    def planted(look: Any, rho: float, ledger: Ledger, what: str, *, sensitivity: float) -> Any:
        if bug == "no entry":
            return look(), 0.0
        return honest(look, rho, ledger, what, sensitivity=sensitivity / 2)

    monkeypatch.setattr(gates, "noisy_counts", planted)
    catching = {
        "no entry": test_what_a_query_costs_is_written_before_it_looks,
        "half the sensitivity": test_tables_measured_together_are_charged_together,
    }
    with pytest.raises(AssertionError):
        catching[bug]()


# ---- questions that no noise would hide ------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [-3.0, 0.0, float("nan"), float("inf")])
def test_a_score_whose_weight_tells_no_sensitivity_cannot_be_asked(weight: float) -> None:
    with pytest.raises(PrivacyError, match="weight of a score"):
        Distance((0, 1), nothing_expected, weight=weight)


@pytest.mark.parametrize("share", [0.0, -0.1, float("nan"), float("inf")])
def test_a_share_that_buys_no_noise_asks_nothing(share: float) -> None:
    gate, ledger = noisy()
    for ask in (
        lambda: gate.counts(PAIR, share),
        lambda: gate.choose([Distance((0, 1), nothing_expected)], share, "choice"),
        lambda: gate.deviation(share),
    ):
        with pytest.raises(PrivacyError, match="share above 0"):
            ask()
    assert ledger.entries == ()


def test_a_gate_of_a_spent_budget_has_nothing_left_and_answers_nothing() -> None:
    gate, ledger = noisy()
    gate.counts(PAIR, 1.0)
    late = Noisy(rows(), SIZES, ledger)
    assert late.left == 0
    with pytest.raises(PrivacyError, match="not spent"):
        late.counts(PAIR, 0.5)
    assert len(ledger.entries) == 1


def test_a_choice_among_nothing_is_refused_without_an_entry() -> None:
    gate, ledger = noisy()
    with pytest.raises(PrivacyError, match="candidates to choose from"):
        gate.choose([], 0.5, "choice")
    assert ledger.entries == ()
