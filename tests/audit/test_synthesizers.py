"""Synthesizers under audit: sound ones stand, one with less noise than it says falls, plans are read with care."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.audit import Plan, audit_synthesizer, audit_training, read_plan
from likewise.audit.canaries import on_a_grid
from likewise.cli.app import app
from likewise.dp import gate, mechanisms
from likewise.errors import InputError, OptionError, SchemaError
from likewise.schema.column import Column, Schema

TWO = Schema(tuple(Column(name=c, kind="boolean", dtype="Boolean", nullable=False) for c in "ab"))
WIDE = Schema(tuple(Column(name=c, kind="integer", dtype="Int64", bounds=(1, 16), nullable=False) for c in ("a", "b")))
QUICK: dict[str, dict[str, Any]] = {"mst": {"iterations": 50}, "aim": {"iterations": 20, "round_iterations": 3}}


def plan(model: str = "mst", schema: Schema = TWO, epsilon: float = 10.0, rows: int = 200) -> Plan:
    return Plan(model=model, schema=schema, privacy=lw.DP(epsilon), options=QUICK[model], rows=rows)


@pytest.fixture
def eighth_of_the_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts whose ledger says one thing and whose noise is another."""

    def cheating(look: Any, rho: float, ledger: Any, what: str, **options: Any) -> Any:
        noisy, sigma = mechanisms.noisy_counts(look, rho, ledger, what, **options)
        return look() + (noisy - look()) / 8, sigma

    monkeypatch.setattr(gate, "noisy_counts", cheating)


def test_mst_stands_and_the_audit_sees_much_of_what_there_is_to_see() -> None:
    found = audit_synthesizer(plan(), runs=400)
    assert not found.is_broken
    assert found.epsilon > 2.0  # about 4; more runs show 6


@pytest.mark.usefixtures("eighth_of_the_noise")
def test_mst_with_an_eighth_of_the_noise_falls() -> None:
    assert audit_synthesizer(plan(), runs=250).is_broken


def test_one_fit_with_many_rows_at_stake_bounds_aim() -> None:
    found = audit_synthesizer(plan("aim", WIDE), canaries=200)
    assert not found.is_broken
    assert found.epsilon > 0.5
    assert (found.runs, found.canaries) == (1, 200)


def test_the_steps_of_a_net_are_audited_with_the_plan_of_its_fit() -> None:
    options = {"epochs": 1, "sampling_rate": 0.5}
    net = Plan(model="autoregressive", schema=TWO, privacy=lw.DP(10.0), options=options, rows=200)
    found = audit_training(net)
    assert not found.is_broken
    assert found.epsilon > 4
    with pytest.raises(OptionError, match="not trained in steps"):
        audit_training(plan())


def test_the_bound_that_decides_is_the_one_the_ledger_proves() -> None:
    """Models of counts claim Gaussian privacy, of a net in one run nothing more is known than epsilon and delta."""
    assert audit_synthesizer(plan(), runs=8).law == "gaussian"
    options = {"epochs": 1, "sampling_rate": 0.5}
    net = Plan(model="autoregressive", schema=WIDE, privacy=lw.DP(10.0), options=options, rows=200)
    assert audit_synthesizer(net, canaries=8).law == "any"


def test_persons_of_several_rows_are_audited_from_a_plan_file(tmp_path: Path) -> None:
    """Noise for one row of a person who has four: the plan's unit is played, and the claim falls."""
    columns = [*TWO, Column(name="who", kind="id", role="id", format="00000")]
    given = {"entity": "who", "max_rows": 4, "epsilon": 10.0, "rows": 200, "options": {"iterations": 50}}
    of_persons = read_plan(write(tmp_path, schema=Schema(tuple(columns)).to_dict(), **given))
    stake = of_persons.at_stake(on_a_grid(of_persons.schema, 4, 2))
    assert len(stake.with_rows(True)) - len(stake.table) == 4 * len(stake.rows)
    assert not audit_synthesizer(of_persons, runs=60).is_broken


def test_a_model_without_probabilities_is_audited_by_what_it_draws() -> None:
    options = {"epochs": 1, "sampling_rate": 0.5, "width": 16, "latent_dim": 2, "calibrate": 1}
    vae = Plan(model="vae", schema=TWO, privacy=lw.DP(10.0), options=options, rows=200)
    assert not audit_synthesizer(vae, runs=8).is_broken


# ---- plans -----------------------------------------------------------------------------------------------------------


def write(folder: Path, **parts: Any) -> Path:
    whole = {"model": "mst", "epsilon": 2, "schema": TWO.to_dict(), "options": {"iterations": 5}, **parts}
    path = folder / "plan.json"
    path.write_text(json.dumps({key: value for key, value in whole.items() if value is not None}))
    return path


def test_a_plan_is_read_from_json_and_from_toml(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(TWO.to_json())
    toml = tmp_path / "plan.toml"
    toml.write_text('model = "mst"\nepsilon = 2\nschema = "schema.json"\n[options]\niterations = 5\n')
    assert read_plan(toml) == read_plan(write(tmp_path))
    assert read_plan(write(tmp_path, delta=1e-9, pay=["missing"])).privacy == lw.DP(2, 1e-9, pay=("missing",))
    of_persons = read_plan(write(tmp_path, entity="who", max_rows=4, codec_share=0.2)).privacy
    assert of_persons == lw.DP(2, entity="who", max_rows=4, codec_share=0.2)


def test_what_a_plan_only_found_in_some_table_counts_for_nothing(tmp_path: Path) -> None:
    draft = lw.Schema(tuple(column.as_found() for column in TWO)).to_dict()
    for column in draft["columns"]:
        column |= {"nullable": False}
    assert read_plan(write(tmp_path, schema=draft)).schema == TWO
    draft["columns"][0] |= {"found": {"kind": "boolean"}, "dtype": "String"}
    with pytest.raises(SchemaError, match="kind of 'a'"):
        read_plan(write(tmp_path, schema=draft))


def test_a_plan_is_read_from_a_private_model_file(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "m.likewise"
    rows = {name: rng.random(300) < 0.5 for name in "ab"}
    import polars as pl

    plan("mst").fit(pl.DataFrame(rows)).save(path)
    found = read_plan(path)
    assert (found.model, found.privacy, found.options["iterations"]) == ("mst", lw.DP(10.0), 50)
    lw.Synthesizer("mst", iterations=5).fit(pl.DataFrame(rows)).save(path)
    with pytest.raises(OptionError, match="without a budget"):
        read_plan(path)


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        ({"epsilon": None}, OptionError, "lacks 'epsilon'"),
        ({"modle": "mst"}, OptionError, "did you mean 'model'"),
        ({"model": "mts"}, OptionError, "did you mean 'mst'"),
        ({"schema": "none.json"}, SchemaError, "cannot be read"),
        ({"rows": 1}, OptionError, "rows must be"),
        ({"options": 3}, OptionError, "options"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(
    parts: dict[str, Any], error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        read_plan(write(tmp_path, **parts))


def test_a_file_that_is_no_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(InputError, match="JSON"):
        read_plan(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(OptionError, match="must hold"):
        read_plan(tmp_path / "plan.json")


# ---- the command line ------------------------------------------------------------------------------------------------


def run(*words: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["audit", *map(str, words)])
    return answer.exit_code, answer.output


def test_the_command_tells_claim_and_bound(tmp_path: Path) -> None:
    code, said = run("--dp", write(tmp_path), "--runs", 20, "--json", tmp_path / "out.json")
    assert code == 0, said
    assert "epsilon 2 at delta 1e-06" in said
    assert "proves nothing about others" in said
    assert "20 fits see next to nothing" in said
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["passed"]
    assert data["runs"] == 20


@pytest.mark.usefixtures("eighth_of_the_noise")
def test_a_broken_claim_ends_with_code_1(tmp_path: Path) -> None:
    path = write(tmp_path, epsilon=10, options={"iterations": 50}, rows=200)
    code, said = run("--dp", path, "--runs", 250, "--quiet")
    assert code == 1
    assert "failed: mst claims epsilon 10" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "two tables are needed"),
        (("a.csv",), "two tables are needed"),
        (("a.csv", "b.csv", "--dp", "m.likewise"), "takes no tables"),
    ],
)
def test_wrong_use_is_told(words: tuple[str, ...], said: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert said in " ".join(output.split())
