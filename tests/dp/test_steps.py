"""Steps on random batches: published figures, oracles, and the direction of every rounding."""

from __future__ import annotations

import math

import pytest
from dp_accounting import dp_event
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.rdp import rdp_privacy_accountant as rdp

from likewise.dp.accounting import LEAST_MULTIPLIER, Steps, epsilon_of, epsilon_of_steps, multiplier_of, rho_of
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import OptionError, PrivacyError

DELTA = 1e-5
# (rate, multiplier, steps), epsilon by privacy loss distributions, epsilon by Renyi privacy; adding or removing a row.
GOLDEN = [
    ((500 / 32561, 1.0, 1000), 2.916, 3.258),
    ((500 / 32561, 1.0, 5000), 6.885, 7.483),
    ((0.0256, 1.1, 2000), 6.234, 6.793),
    ((0.01, 1.0, 10000), 6.188, 6.713),
]


def _look(rho: float) -> Entry:
    return Entry(what="look", mechanism="gaussian", parameter=1 / math.sqrt(2 * rho), rho=rho)


@pytest.mark.parametrize(("run", "by_losses", "by_renyi"), GOLDEN)
def test_steps_cost_what_is_published(run: tuple[float, float, int], by_losses: float, by_renyi: float) -> None:
    rate, multiplier, steps = run
    found = epsilon_of_steps([(Steps(rate, steps), multiplier)], DELTA, near=by_losses)
    assert by_losses - 1e-3 <= found <= by_losses * 1.002
    renyi = rdp.RdpAccountant()
    event = dp_event.PoissonSampledDpEvent(rate, dp_event.GaussianDpEvent(multiplier))
    renyi.compose(event, steps)
    assert renyi.get_epsilon(DELTA) == pytest.approx(by_renyi, abs=2e-3)
    assert found < by_renyi


@pytest.mark.parametrize("rho", [0.0004, 0.03, 1.0])
def test_what_is_asked_beside_the_steps_costs_what_it_does_alone(rho: float) -> None:
    epsilon = epsilon_of(rho, DELTA)
    found = epsilon_of_steps([], DELTA, rho=rho, near=epsilon)
    assert epsilon - 1e-9 <= found <= 1.002 * epsilon


def test_noisy_answers_and_steps_together_cost_what_the_oracle_says() -> None:
    rho, steps, multiplier = 0.01, Steps(0.02, 500), 1.5
    exact = pld.from_gaussian_mechanism(1 / math.sqrt(2 * rho)).compose(
        pld.from_gaussian_mechanism(multiplier, sampling_prob=0.02).self_compose(500)
    )
    truth = exact.get_epsilon_for_delta(DELTA)
    assert epsilon_of_steps([(steps, multiplier)], DELTA, rho=rho, near=truth) == pytest.approx(truth, rel=2e-3)


@pytest.mark.parametrize(("epsilon", "rho_share", "plan"), [(0.1, 0.2, Steps(0.1, 100)), (3.0, 0.1, Steps(0.03, 400))])
def test_the_multiplier_uses_the_budget_and_no_more(epsilon: float, rho_share: float, plan: Steps) -> None:
    rho = rho_share * rho_of(epsilon, DELTA)
    found = multiplier_of([plan], epsilon, DELTA, rho=rho)
    assert found is not None
    costs = epsilon_of_steps([(plan, found)], DELTA, rho=rho, near=epsilon)
    assert 0.996 * epsilon < costs <= epsilon
    assert epsilon_of_steps([(plan, 0.99 * found)], DELTA, rho=rho, near=epsilon) > epsilon


def test_there_is_a_least_noise_and_an_impossible_budget() -> None:
    assert multiplier_of([Steps(0.01, 1)], 500.0, DELTA) == pytest.approx(LEAST_MULTIPLIER, rel=1e-3)
    assert multiplier_of([Steps(1.0, 10)], 1.0, DELTA, rho=1.01 * rho_of(1.0, DELTA)) is None


def test_a_group_of_rows_costs_more_and_one_at_full_rate_is_a_larger_sensitivity() -> None:
    plan = Steps(0.02, 100)
    alone = epsilon_of_steps([(plan, 2.0)], DELTA)
    group = epsilon_of_steps([(plan, 2.0)], DELTA, group=3)
    assert group > 2 * alone
    # Sampled for sure, three rows move the sum by three: noise of a third.
    all_rows = epsilon_of_steps([(Steps(1.0, 1), 6.0)], DELTA, group=3)
    assert all_rows == pytest.approx(epsilon_of_steps([(Steps(1.0, 1), 2.0)], DELTA), rel=2e-3)


def test_a_ledger_pays_for_all_steps_before_the_first() -> None:
    ledger = Ledger(DP(1.0, 1e-6))
    ledger.spend(_look(0.1 * ledger.rho))
    plan = Steps(0.05, 200)
    multiplier = ledger.multiplier(plan)
    with pytest.raises(PrivacyError, match="would bring epsilon to"):
        ledger.spend_steps(("training", plan, 0.95 * multiplier))
    assert len(ledger.entries) == 1  # nothing was written
    ledger.spend_steps(("training", plan, multiplier))
    assert ledger.epsilon == 1.0
    assert ledger.left == 0.0
    with pytest.raises(PrivacyError):
        ledger.spend(_look(1e-6 * ledger.rho))
    with pytest.raises(PrivacyError, match="used the budget up"):
        ledger.spend_steps(("more training", plan, multiplier))
    again = Ledger.from_dict(ledger.to_dict())
    assert again.entries == ledger.entries
    assert again.epsilon == 1.0


def test_a_file_that_claims_less_noise_tells_a_larger_epsilon() -> None:
    ledger = Ledger(DP(1.0, 1e-6))
    plan = Steps(0.05, 200)
    ledger.spend_steps(("training", plan, ledger.multiplier(plan)))
    told = ledger.to_dict()
    told["entries"][0]["parameter"] /= 2
    assert Ledger.from_dict(told).epsilon > 2.0


def test_two_phases_share_a_budget() -> None:
    ledger = Ledger(DP(2.0, 1e-6))
    plans = Steps(0.05, 100), Steps(0.02, 300)
    multiplier = ledger.multiplier(*plans)
    assert multiplier > max(Ledger(DP(2.0, 1e-6)).multiplier(plan) for plan in plans)
    ledger.spend_steps(("first", plans[0], multiplier), ("second", plans[1], multiplier))
    assert ledger.epsilon == 2.0


def test_an_entity_of_many_rows_leaves_less_for_each() -> None:
    row, entity = Ledger(DP(1.0, 1e-6)), Ledger(DP(1.0, 1e-6, entity="person", max_rows=3))
    assert entity.rho == pytest.approx(row.rho / 9)
    entity.spend(_look(entity.rho))
    assert entity.epsilon == 1.0
    plan = Steps(0.05, 50)
    fresh = Ledger(DP(1.0, 1e-6, entity="person", max_rows=3))
    # Three rows are seldom in one sample together, so they cost less than threefold noise, and more than one row's.
    assert 1.5 * row.multiplier(plan) < fresh.multiplier(plan)
    assert fresh.to_dict()["unit"] == "entity of column 'person' with at most 3 rows"


def test_what_cannot_be_steps_is_refused() -> None:
    for rate, steps in ((0.0, 1), (1.5, 1), (math.nan, 1), (0.1, 0)):
        with pytest.raises(OptionError):
            Steps(rate, steps)
    for options in ({"max_rows": 0, "entity": "a"}, {"max_rows": 2}, {"max_rows": True}):
        with pytest.raises(OptionError):
            DP(1.0, 1e-6, **options)  # type: ignore[arg-type]
    ledger = Ledger(DP(1.0, 1e-6))
    with pytest.raises(PrivacyError, match="steps need noise"):
        ledger.spend_steps(("training", Steps(0.1, 10), 0.0))
