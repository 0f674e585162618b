"""The audit of a database: sound claims stand and show nearly all of themselves, bugs are caught by two fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.audit import Audit, DatabasePlan, audit_database, read_plan
from likewise.audit.roots import root_at_stake
from likewise.cli.app import app
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.dp import rehearsal, units
from likewise.errors import OptionError
from likewise.histories import private
from likewise.synthesizer.databases import within
from likewise.training import private as training

from ..databases.shops import shop as plain_shop
from ..dp import test_databases_within as shops

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*few for differential privacy", "ignore:.*are left out", "ignore:.*learnt nothing", "ignore:.*drowns"
)
MOST = 5


def told(name: str) -> lw.Schema:
    return lw.Schema((lw.Column(name=name, kind="boolean", dtype="Boolean", nullable=False),))


TABLES = {"users": TableSchema(primary=("id",), columns=told("vip")), "orders": TableSchema(columns=told("paid"))}
PLAN = DatabasePlan(
    schema=DatabaseSchema(TABLES, (ForeignKey.of("orders.user -> users.id"),), {}),
    types={"users": {"id": "Int64", "vip": "Boolean"}, "orders": {"user": "Int64", "paid": "Boolean"}},
    privacy=lw.DP(1.0, 1e-6, root="users", max_rows=MOST), options={"epochs": 2, "sampling_rate": 1.0},
)  # fmt: skip


@pytest.fixture(autouse=True)
def few_are_drawn_to_calibrate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(within, "CALIBRATION", 64)


@pytest.mark.parametrize(("epsilon", "rate"), [(1.0, 0.25), (4.0, 1.0)])
def test_a_sound_claim_stands_and_shows_nearly_all_of_itself(epsilon: float, rate: float) -> None:
    privacy = replace(PLAN.privacy, epsilon=epsilon)
    found = audit_database(replace(PLAN, privacy=privacy, options={"epochs": 2, "sampling_rate": rate}))
    assert not found.is_broken
    assert 0.6 * epsilon < found.epsilon <= epsilon
    assert found.runs == 2


def no_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = training.add_clipped
    monkeypatch.setattr(
        training, "add_clipped",
        lambda net, loss, rows, own, clip, unit=1, present=None: honest(net, loss, rows, own, 1e9, unit, present),
    )  # fmt: skip


def a_look_past_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of rows that count, told as it is."""
    honest = within._Within._bring

    def leaking(self: Any, name: str, *rest: Any) -> None:
        honest(self, name, *rest)
        self.models[name] = replace(self.models[name], n_rows=len(self.tables[name].table))

    monkeypatch.setattr(within._Within, "_bring", leaking)


def a_key_told(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = within._Within._root

    def leaking(self: Any, name: str, types: Any) -> None:
        honest(self, name, types)
        greatest = len(self.tables[name].table)  # as keys count from one
        self.public = replace(self.public, schema=replace(self.public.schema, evidence={"users(id)": str(greatest)}))

    monkeypatch.setattr(within._Within, "_root", leaking)


def rows_counted_in_place_of_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (units, private):
        monkeypatch.setattr(module, "one_of_each", lambda starts, n: np.arange(n))


BUGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no clip": no_clip, "a look past the gate": a_look_past_the_gate, "a key told": a_key_told,
    "rows counted": rows_counted_in_place_of_roots,
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_planted_bugs_are_caught_by_two_fits(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    found: Audit = audit_database(PLAN)
    assert found.is_broken, found.epsilon


def test_the_root_at_stake_is_extreme_and_all_that_differs() -> None:
    stake = root_at_stake(PLAN)
    users, orders = stake.inside.tables["users"], stake.inside.tables["orders"]
    assert users.head(-1).equals(stake.outside.tables["users"])
    odd = users["id"].tail(1).item()
    assert odd == users["id"].max()
    assert (orders["user"] == odd).sum() >= 4 * MOST
    assert orders.filter(pl.col("user") != odd).equals(stake.outside.tables["orders"])
    assert set(orders["paid"]) == set(stake.outside.tables["orders"]["paid"]) == {True, False}


def test_outside_of_a_rehearsal_nothing_is_heard_and_noise_is_drawn_anew() -> None:
    def answer() -> float:
        return float(np.random.default_rng().normal())

    with rehearsal.rehearsing() as first:
        one = rehearsal.answered("counts", [np.ones(3)], 1.0, answer)
    with rehearsal.rehearsing(first.heard):
        assert rehearsal.answered("counts", [np.zeros(3)], 1.0, answer) == one
        with pytest.raises(lw.PrivacyError, match="different questions"):
            rehearsal.answered("counts", [np.zeros(4)], 1.0, answer)
    assert not rehearsal.is_rehearsal()
    assert rehearsal.answered("counts", [np.ones(3)], 1.0, answer) != one
    assert len(first.heard) == 1


def test_a_model_file_is_audited_from_the_command_line(tmp_path: Path) -> None:
    """Three tables in a chain with times and a kept list, whose keys are texts and of several columns."""
    path = tmp_path / "shop.likewise"
    shops.synth(shops.BUDGET).fit(shops.shop()).save(path)
    plan = read_plan(path)
    assert isinstance(plan, DatabasePlan)
    assert plan.claim.epsilon == 10.0
    done = CliRunner().invoke(app, ["audit", "--dp", str(path), "--json", str(tmp_path / "audit.json")])
    assert done.exit_code == 0, done.output
    assert "two fits under the same answers" in " ".join(done.output.split())
    found = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert 9 < found["epsilon"] <= 10
    assert lw.statement(path, audit=found)["audit"].standing == "partly"
    refused = CliRunner().invoke(app, ["audit", "--dp", str(path), "--runs", "100"])
    assert refused.exit_code == 2
    assert "a database is audited by two fits" in refused.output


def test_a_database_without_a_budget_has_no_claim(tmp_path: Path) -> None:
    path = tmp_path / "shop.likewise"
    lw.Synthesizer(epochs=1, random_state=0).fit(plain_shop(40)).save(path)
    with pytest.raises(OptionError, match="without a budget of privacy: there is no claim"):
        read_plan(path)
