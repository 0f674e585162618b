"""The budget of all fits of a data set: every fit is in it before it looks, and none goes beyond the total."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from dp_accounting.pld import privacy_loss_distribution as pld
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.dp import budget as budget_room
from likewise.dp.accounting import Steps, epsilon_of, multiplier_of, rho_of
from likewise.dp.budget import Budget
from likewise.dp.ledger import SAMPLED, Entry
from likewise.errors import OptionError
from likewise.synthesizer import fitting as fitting_room

TOTAL = lw.DP(3.0, 1e-6)
ONE = lw.DP(1.0, 1e-6)
SCHEMA = lw.Schema(
    tuple(lw.Column(name=c, kind="categorical", levels=("x", "y", "z"), nullable=False) for c in ("a", "b"))
)


def rows(n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(2601)
    return pl.DataFrame({c: rng.choice(["x", "y", "z"], n) for c in ("a", "b")})


def query(rho: float, delta: float = 0.0) -> Entry:
    return Entry(what="counts", mechanism="gaussian", parameter=1 / math.sqrt(2 * rho), rho=rho, delta=delta)


def steps(plan: Steps, multiplier: float) -> Entry:
    return Entry(
        what="gradients", mechanism=SAMPLED, parameter=multiplier, rho=0.0, rate=plan.rate, steps=plan.steps
    )  # fmt: skip


def spend(budget: Budget, privacy: lw.DP = ONE, *queries: Entry, counts_only: bool = True) -> None:
    with budget.recorded(privacy, "mst", counts_only=counts_only) as asked:
        asked(queries)


@pytest.fixture
def budget(tmp_path: Path) -> Budget:
    return Budget(tmp_path / "patients.json", total=TOTAL)


# ---- what fits come to -----------------------------------------------------------------------------------------------


def test_fits_of_counts_add_up_by_the_gaussian_curve(budget: Budget) -> None:
    rho = rho_of(1.0, 0.9e-6)
    for _ in range(2):
        spend(budget, ONE, query(rho))
    exact = pld.from_gaussian_mechanism(1 / math.sqrt(4 * rho)).get_epsilon_for_delta(1e-6)
    assert budget.spent == pytest.approx(exact, rel=1e-3)
    assert budget.spent < 1.5  # and not 2
    assert [(e.model, e.status, e.epsilon, len(e.queries)) for e in budget.entries] == [("mst", "done", 1.0, 1)] * 2


def test_steps_are_composed_by_their_losses(budget: Budget) -> None:
    plan = Steps(0.05, 200)
    multiplier = multiplier_of([plan], 1.0, 0.9e-7)
    assert multiplier is not None
    for _ in range(2):
        spend(budget, lw.DP(1.0, 1e-7), query(0.001), steps(plan, multiplier), counts_only=False)
    losses = pld.from_gaussian_mechanism(multiplier, sampling_prob=0.05).self_compose(400)
    exact = losses.compose(pld.from_gaussian_mechanism(1 / math.sqrt(0.004))).get_epsilon_for_delta(1e-6)
    assert budget.spent == pytest.approx(exact, rel=0.01)


def test_without_the_package_for_losses_epsilons_and_deltas_are_added(
    budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> Any:
        raise lw.MissingExtraError("dp-accounting", "dp")

    monkeypatch.setattr("likewise.dp.accounting._pld", absent)
    tenth = lw.DP(1.25, 4e-7)
    for _ in range(2):
        spend(budget, tenth, steps(Steps(0.05, 200), 3.1), counts_only=False)
    assert budget.spent == 2.5
    with pytest.raises(lw.PrivacyError, match="does not hold this fit"):
        spend(budget, lw.DP(0.1, 4e-7), counts_only=False)  # its delta is too much


def test_an_entry_that_has_begun_counts_with_all_it_may_spend(budget: Budget) -> None:
    with budget.recorded(ONE, "aim", counts_only=True):
        assert budget.entries[0].status == "begun"
        assert budget.spent == pytest.approx(epsilon_of(rho_of(1.0, 0.9e-6), 0.9e-6))
    assert budget.spent == 0.0  # it asked nothing after all
    with budget.recorded(lw.DP(1.0, 1e-7), "vae"):
        assert budget.spent == pytest.approx(1.0, rel=2e-3)


def test_delta_for_what_is_shown_adds_up_too(budget: Budget) -> None:
    spend(budget, ONE, query(1e-3, delta=9e-7))
    assert budget.spent == pytest.approx(epsilon_of(1e-3, 1e-7), rel=1e-9)
    spend(budget, lw.DP(0.1, 1e-7), query(1e-6, delta=1e-7))
    assert budget.spent == math.inf  # nothing of delta is left
    assert budget.left == 0.0


def test_what_is_said_to_be_left_is_left_and_no_more(budget: Budget) -> None:
    for epsilon in (0.7, 1.9):
        spend(budget, lw.DP(epsilon, 1e-6), query(rho_of(epsilon, 0.9e-6)))
    left = budget.left
    assert 1.5 < left < 3
    with pytest.raises(lw.PrivacyError) as refused:
        spend(budget, lw.DP(1.01 * left, 1e-6))
    for told in ("patients.json", "epsilon 3 at delta 1e-06", "in 2 fits", f"{left:.3g} is left", "Nothing was asked"):
        assert told in str(refused.value)
    assert len(budget.entries) == 2
    spend(budget, lw.DP(left, 1e-6), query(rho_of(left, 0.9e-6)))
    assert budget.spent <= 3.0


def test_an_entity_of_several_rows_costs_what_its_rows_do(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "b.json", total=lw.DP(3.0, 1e-6, entity="who", max_rows=4))
    spend(budget, lw.DP(1.0, 1e-6, entity="who", max_rows=4), query(0.001))
    assert budget.spent == pytest.approx(epsilon_of(16 * 0.001, 1e-6))
    for other in (ONE, lw.DP(1.0, 1e-6, entity="who", max_rows=3), lw.DP(1.0, 1e-6, entity="whose", max_rows=4)):
        with pytest.raises(lw.PrivacyError, match="would protect each"):
            spend(budget, other)


# ---- fits ------------------------------------------------------------------------------------------------------------


def synth(budget: Budget, model: str = "mst", privacy: lw.DP = ONE, **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, schema=SCHEMA, privacy=privacy, budget=budget, random_state=0, **options)


def test_a_fit_is_an_entry_with_its_ledger(budget: Budget) -> None:
    fitted = synth(budget).fit(rows())
    [entry] = budget.entries
    assert fitted.ledger_ is not None
    assert entry.queries == fitted.ledger_.entries
    assert (entry.model, entry.status) == ("mst", "done")
    assert 0 < budget.spent <= 1.0
    assert budget.table().row(0)[1:] == ("mst", 1.0, 1e-6, "done", len(entry.queries))


def test_the_entry_stands_before_a_row_is_looked_at(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for name in ("ledger_for", "parse_declared", "private_codec"):
        honest = getattr(fitting_room, name)

        def watched(*given: Any, honest: Any = honest, **more: Any) -> Any:
            seen.append(budget.entries[-1].status)
            return honest(*given, **more)

        monkeypatch.setattr(f"likewise.synthesizer.fitting.{name}", watched)
    synth(budget).fit(rows())
    assert seen == ["begun"] * 3


def test_a_fit_that_fails_after_it_asked_is_charged_for_what_it_asked(
    budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise ArithmeticError("no convergence")

    monkeypatch.setattr("likewise.models.marginals.mst.fit_potentials", failing)
    with pytest.raises(ArithmeticError):
        synth(budget).fit(rows())
    [entry] = budget.entries
    assert entry.status == "failed"
    assert entry.queries
    assert 0 < budget.spent <= 1.0


def test_a_fit_that_fails_before_it_asked_is_listed_and_costs_nothing(budget: Budget) -> None:
    with pytest.raises(lw.LikewiseError):
        synth(budget, privacy=lw.DP(1.0, 0.5e-6), epochs=0, model="autoregressive").fit(rows())
    assert [(e.status, e.queries) for e in budget.entries] in ([], [("failed", ())])
    assert budget.spent == 0.0


def test_what_the_total_does_not_hold_is_refused_and_the_fitted_model_stays(budget: Budget) -> None:
    fitted = synth(budget, privacy=lw.DP(2.5, 1e-6)).fit(rows())
    before = fitted.sample(5, random_state=1)
    with pytest.raises(lw.PrivacyError, match="does not hold this fit"):
        fitted.fit(rows())
    assert fitted.sample(5, random_state=1).equals(before)
    assert len(budget.entries) == 1


@pytest.mark.filterwarnings("ignore:gradients of the net")
def test_a_net_counts_with_its_steps(budget: Budget) -> None:
    synth(budget, "autoregressive", lw.DP(2.0, 5e-7), epochs=1, calibrate=0).fit(rows())
    [entry] = budget.entries
    assert any(query.is_sampled for query in entry.queries)
    assert 1.5 < budget.spent <= 2.0


def test_a_budget_without_a_claim_or_of_another_kind_is_refused(budget: Budget) -> None:
    with pytest.raises(lw.OptionError, match="privacy=DP"):
        lw.Synthesizer("mst", schema=SCHEMA, budget=budget)
    with pytest.raises(lw.OptionError, match="a likewise"):
        synth("patients.json")  # type: ignore[arg-type]


# ---- two processes, and a killed one ---------------------------------------------------------------------------------

FIT = """
import sys, time
import likewise as lw
from likewise.dp.budget import Budget
budget = Budget(sys.argv[1], wait=60)
with budget.recorded(lw.DP(float(sys.argv[2]), 1e-6), "mst", counts_only=True):
    print("begun", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def run(path: Path, epsilon: float, seconds: float) -> subprocess.Popen[str]:
    given = [sys.executable, "-c", FIT, str(path), str(epsilon), str(seconds)]
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_fit_that_is_killed_stays_in_the_file_with_all_it_may_spend(budget: Budget) -> None:
    budget.create()
    child = run(budget.path, 2.0, 60)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert [(e.status, e.epsilon) for e in budget.entries] == [("begun", 2.0)]
    assert budget.spent == pytest.approx(2.0, rel=1e-5)
    with pytest.raises(lw.PrivacyError, match="does not hold"):
        spend(budget, lw.DP(2.6, 1e-6))
    spend(budget, lw.DP(0.5, 1e-6))  # its lock died with it


def test_of_fits_at_once_no_more_begin_than_the_total_holds(budget: Budget) -> None:
    budget.create()
    children = [run(budget.path, 1.9, 60) for _ in range(4)]
    begun = [child for child in children if child.stdout is not None and child.stdout.readline() == "begun\n"]
    for child in begun:
        child.kill()
    errors = [child.communicate()[1] for child in children]
    assert len(budget.entries) == len(begun) == 2
    assert sum("does not hold this fit" in error for error in errors) == 2


def test_who_waits_too_long_for_another_process_is_told(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    budget.create()
    quick = Budget(budget.path, wait=0.05)
    with budget._open(), pytest.raises(lw.PrivacyError, match="held by another process"):
        spend(quick)
    spend(quick)


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    spend(budget, ONE, query(0.01))
    before = budget.path.read_bytes()

    def broken(*_: Any, **__: Any) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(budget_room.json, "dumps", broken)
    with pytest.raises(OSError, match=r".*"):
        spend(budget)
    assert budget.path.read_bytes() == before
    assert sorted(p.name for p in budget.path.parent.iterdir()) == ["patients.json", "patients.json.lock"]


def test_a_fit_whose_end_cannot_be_written_is_kept_and_counts_in_full(budget: Budget) -> None:
    with pytest.warns(lw.LikewiseWarning, match="counts in full"), budget.recorded(ONE, "mst", counts_only=True):
        budget.path.chmod(0o444)
    assert budget.entries[0].status == "begun"


# ---- files that are not what they should be --------------------------------------------------------------------------


def test_a_folder_holds_a_file_a_data_set(tmp_path: Path) -> None:
    for name in ("patients", "staff"):
        spend(Budget(tmp_path / "ledgers/", name=name, total=TOTAL))
    assert sorted(p.name for p in (tmp_path / "ledgers").glob("*.json")) == ["patients.json", "staff.json"]
    with pytest.raises(lw.OptionError, match="name the data set"):
        Budget(tmp_path / "ledgers", total=TOTAL)


def test_another_data_sets_file_is_refused(tmp_path: Path) -> None:
    Budget(tmp_path / "a.json", name="patients", total=TOTAL).create()
    assert Budget(tmp_path / "a.json").name == "patients"
    with pytest.raises(lw.OptionError, match="data set 'patients', not of 'staff'"):
        Budget(tmp_path / "a.json", name="staff")


@pytest.mark.parametrize(
    "total", [lw.DP(4.0, 1e-6), lw.DP(3.0, 1e-5), lw.DP(3.0, 1e-6, entity="who"), lw.DP(2.0, 1e-6)]
)
def test_a_total_does_not_change(budget: Budget, total: lw.DP) -> None:
    budget.create()
    with pytest.raises(lw.OptionError, match="a total does not change"):
        Budget(budget.path, total=total)
    assert Budget(budget.path).total == TOTAL


def test_a_file_that_is_absent_needs_a_total(tmp_path: Path) -> None:
    with pytest.raises(lw.OptionError, match="likewise budget"):
        Budget(tmp_path / "none.json")


def damaged(data: dict[str, Any], how: str) -> Any:
    entry = data["entries"][0]
    match how:
        case "half":
            return json.dumps(data)[:-40]
        case "a list":
            return json.dumps([1])
        case "no total":
            del data["total"]
        case "status":
            entry["status"] = "unknown"
        case "negative cost":
            entry["queries"][0]["rho"] = -1.0
        case "text for a number":
            entry["epsilon"] = "1"
        case "one field more":
            entry["model_file"] = "x"
        case "no steps":
            entry["queries"][0] |= {"mechanism": SAMPLED, "rate": 0.0}
    return json.dumps(data)


@pytest.mark.parametrize(
    "how",
    ["half", "a list", "no total", "status", "negative cost", "text for a number", "one field more", "no steps"],
)
def test_a_damaged_file_is_told_and_never_begun_anew(budget: Budget, how: str) -> None:
    spend(budget, ONE, query(0.01))
    budget.path.write_text(damaged(json.loads(budget.path.read_text()), how))
    before = budget.path.read_bytes()
    with pytest.raises(lw.ModelFileError, match="backup"):
        Budget(budget.path, total=TOTAL)
    with pytest.raises(lw.ModelFileError):
        spend(budget)
    assert budget.path.read_bytes() == before


def test_other_files_and_newer_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text('{"format": "something", "version": 1}')
    with pytest.raises(lw.ModelFileError, match="not a budget"):
        Budget(path)
    path.write_text('{"format": "likewise budget", "version": 9}')
    with pytest.raises(lw.ModelFileError, match="newer"):
        Budget(path)


def test_a_read_only_file_begins_no_fit(budget: Budget) -> None:
    budget.create()
    budget.path.chmod(0o444)
    looked: list[int] = []
    with pytest.raises(lw.OutputError, match="read-only"), budget.recorded(ONE, "mst"):
        looked.append(1)
    assert not looked
    assert budget.spent == 0.0  # and can still be read


def test_a_folder_that_cannot_be_written_to_begins_no_fit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(lw.LikewiseError):
        spend(Budget(tmp_path / "file" / "b.json", total=TOTAL))


@pytest.mark.parametrize("wrong", [{"total": 3.0}, {"wait": -1.0}, {"wait": True}])
def test_options_that_mean_nothing_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(lw.OptionError):
        Budget(tmp_path / "b.json", **wrong)


# ---- on the command line ---------------------------------------------------------------------------------------------


def call(*given: str | Path) -> Any:
    return CliRunner().invoke(app, [str(part) for part in given])


def test_the_command_line_begins_counts_and_shows_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows().write_csv("real.csv")
    Path("schema.json").write_text(SCHEMA.to_json(), encoding="utf-8")
    assert call("budget", "b.json", "--epsilon", "2").exit_code == 0
    fit = ["synth", "real.csv", "-o", "fake.csv", "--schema", "schema.json", "--epsilon", "1.5", "--model", "mst",
           "--dp-only", "--seed", "1"]  # fmt: skip
    first = call(*fit, "--budget", "b.json")
    assert first.exit_code == 0, first.output
    second = call(*fit, "--budget", "b.json")
    assert second.exit_code != 0
    assert "does not hold this fit" in second.output
    shown = call("budget", "b.json")
    assert "of 2 spent" in shown.output
    assert "mst" in shown.output
    data = json.loads(call("budget", "b.json", "--json", "-").stdout)
    assert data["spent"] <= 1.5
    assert [entry["status"] for entry in data["entries"]] == ["done"]
    assert call("synth", "real.csv", "-o", "fake.csv", "--budget", "b.json").exit_code != 0
    assert call("budget", "other.json").exit_code != 0
    assert call("budget", "b.json", "--max-rows", "2").exit_code != 0


# ---- other names of a file, and files that somebody changed ----------------------------------------------------------


def test_all_links_to_a_file_share_its_lock(budget: Budget, tmp_path: Path) -> None:
    budget.create()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "ours.json").symlink_to(budget.path)
    other = Budget(tmp_path / "project" / "ours.json", wait=0.0)
    with budget._open(), pytest.raises(lw.PrivacyError, match="held by another process"):
        spend(other, ONE, query(0.01))
    spend(other, ONE, query(0.01))
    assert [entry.status for entry in budget.entries] == ["done"]
    assert other.path.is_symlink()


def test_a_second_name_that_would_go_on_alone_is_refused(budget: Budget, tmp_path: Path) -> None:
    budget.create()
    (tmp_path / "copy.json").hardlink_to(budget.path)
    for one in (budget, Budget(tmp_path / "copy.json")):
        with pytest.raises(lw.OutputError, match="second name"):
            spend(one, ONE, query(0.01))
    (tmp_path / "copy.json").unlink()
    spend(budget, ONE, query(0.01))
    assert len(budget.entries) == 1


def test_a_fit_whose_file_is_taken_away_while_it_runs_is_in_the_next(budget: Budget) -> None:
    with budget.recorded(ONE, "mst", counts_only=True) as asked:
        budget.path.unlink()
        asked([query(0.02)])
    assert [(entry.status, entry.queries) for entry in budget.entries] == [("done", (query(0.02),))]


def free(release: dict[str, Any]) -> None:
    release["queries"][0]["rho"] = 1e-9


def unknown(release: dict[str, Any]) -> None:
    release["queries"][0] |= {"mechanism": "sampled_gaussian", "rho": 0.0}


def noiseless(release: dict[str, Any]) -> None:
    release["queries"][0] |= {"mechanism": SAMPLED, "rho": 0.0, "parameter": 0.0}


def worded(release: dict[str, Any]) -> None:
    release["queries"][0] |= {"mechanism": SAMPLED, "rho": 0.0, "parameter": "1"}


def unasked(release: dict[str, Any]) -> None:
    release["queries"][0]["sensitivity"] = 0.0


@pytest.mark.parametrize("forge", [free, unknown, noiseless, worded, unasked])
def test_a_query_that_costs_less_than_its_mechanism_is_damage(budget: Budget, forge: Any) -> None:
    spend(budget, ONE, query(0.02))
    data = json.loads(budget.path.read_text(encoding="utf-8"))
    forge(data["entries"][0])
    budget.path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(lw.ModelFileError, match="is damaged"):
        Budget(budget.path)


@pytest.mark.parametrize("entries", [{}, "", None])
def test_entries_that_are_no_list_are_not_taken_for_none(budget: Budget, entries: Any) -> None:
    spend(budget, ONE, query(0.02))
    data = json.loads(budget.path.read_text(encoding="utf-8"))
    budget.path.write_text(json.dumps({**data, "entries": entries}), encoding="utf-8")
    with pytest.raises(lw.ModelFileError, match="is damaged"):
        Budget(budget.path)


def test_an_entry_that_stands_there_twice_and_a_file_without_end_are_damage(budget: Budget) -> None:
    spend(budget, ONE, query(0.02))
    data = json.loads(budget.path.read_text(encoding="utf-8"))
    budget.path.write_text(json.dumps({**data, "entries": data["entries"] * 2}), encoding="utf-8")
    with pytest.raises(lw.ModelFileError, match="is damaged"):
        Budget(budget.path)
    budget.path.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(lw.ModelFileError, match="cannot be read"):
        Budget(budget.path)


@pytest.mark.parametrize("name", ["", "..", "../other", "a/b", "a\\b", "a\0b", 5])
def test_a_name_that_is_no_name_of_a_file_is_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(OptionError, match="name"):
        Budget(tmp_path / "budgets", name=name, total=TOTAL)
