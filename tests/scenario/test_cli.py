"""`likewise scenario`: what is written, what is told, and which code it ends with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from likewise.cli.app import app
from likewise.scenario import Scenario

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls the command line in an empty folder that holds a table and a series."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    loss = np.round(rng.pareto(4.0, 800) * 100, 1)
    pl.DataFrame({"loss": loss, "job": rng.choice(["none", "some"], 800, p=[0.2, 0.8])}).write_csv("table.csv")
    prices = 100 * np.exp(np.cumsum(0.01 * rng.standard_t(5, 600)))
    days = pl.Series(np.datetime64("2020-01-01") + np.arange(600))
    pl.DataFrame({"day": days, "close": prices}).write_csv("prices.csv")

    def call(*words: object) -> Result:
        return CliRunner().invoke(app, ["scenario", *map(str, words)])

    return call


def test_rows_of_a_return_period_are_written_with_their_plausibility(run: Run) -> None:
    words = ("--tail", "loss", "--return-period", 20, "--rows-per-period", 500, "-n", 40, "--seed", 1)
    result = run("table.csv", "-o", "out.csv", *words, "--model", "copula", "--json", "figures.json")
    assert result.exit_code == 0, result.output
    out = pl.read_csv("out.csv")
    assert out.columns == ["loss", "job", "plausibility", "beyond_seen"]
    level = json.loads(Path("figures.json").read_text())["return_level"]
    assert out["loss"].min() >= level["level"] - 0.1
    assert "loss, once in 20 periods" in result.stdout
    assert "loss, VaR and ES at 99.9 %" in result.stdout
    assert "beyond anything seen" in result.stderr


def test_mixes_views_and_quantiles_are_read(run: Run) -> None:
    words = ("--mix", "job=none:0.5", "--where", "loss=q0.1..q0.9", "--view", "mean(loss)>=25", "-n", 4000)
    result = run("table.csv", "-o", "out.csv", *words, "--model", "copula", "--seed", 1)
    assert result.exit_code == 0, result.output
    out, seen = pl.read_csv("out.csv"), pl.read_csv("table.csv")["loss"]
    assert (out["job"] == "none").mean() == pytest.approx(0.5, abs=0.03)
    assert out["loss"].mean() > 25 - 3 * out["loss"].std() / 4000**0.5  # three standard errors
    assert out["loss"].max() <= seen.quantile(0.9, "higher")


def test_an_intervention_names_its_order(run: Run) -> None:
    result = run(
        "table.csv", "-o", "out.csv", "--set", "job=none", "--order", "job,loss", "--model", "copula", "-n", 20
    )
    assert result.exit_code == 0, result.output
    assert set(pl.read_csv("out.csv")["job"]) == {"none"}
    assert "job, loss" in result.stdout


def test_paths_under_a_shock_are_written_long(run: Run) -> None:
    words = ("--paths", "close", "--time", "day", "--horizon", 5, "--shock", "close=-0.3", "-n", 4, "--seed", 1)
    result = run("prices.csv", "-o", "out.csv", *words, "--json", "figures.json")
    assert result.exit_code == 0, result.output
    figures = json.loads(Path("figures.json").read_text())
    assert figures["series"]["close"]["transform"] == "returns"
    assert figures["risk"]["close"]["worst_step"]["median"] == pytest.approx(0.3)
    for line in ("close after 5 steps", "worst of 5 steps of close, a fall by", "30.0 %", "drawdown of close"):
        assert line in result.stdout
    out = pl.read_csv("out.csv")
    assert out.shape == (24, 4)
    first = out.filter(pl.col("path") == 0)["close"]
    assert first[1] / first[0] == pytest.approx(0.7)
    assert "never seen" in result.stderr


def test_prices_become_returns_first(run: Run) -> None:
    words = ("--returns", "close", "--time", "day", "--tail", "close", "--side", "lower", "--return-period", 50)
    result = run("prices.csv", "-o", "out.csv", *words, "-n", 10, "--model", "copula", "--seed", 1)
    assert result.exit_code == 0, result.output
    assert pl.read_csv("out.csv")["close"].max() < -0.03
    assert re.search(r"close, once in 50 years .* -\d+\.\d % \(95 % interval", result.stdout)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--mix", "job=none"), 4, "COL=VALUE:SHARE"),
        (("--mix", "job=none:many"), 4, "needs a number"),
        (("--view", "median(loss)=3"), 4, "a view is written"),
        (("--view", "corr(loss)=.3"), 4, "two columns"),
        (("--return-period", "0.1", "--tail", "loss"), 2, "shorter than one row"),
        (("--set", "job=none"), 2, "order of cause"),
        (("--shock", "loss=1"), 2, "for --paths"),
        (("--paths", "loss", "--shock", "loss"), 4, "COL=CHANGE"),
        (("--paths", "loss", "--where", "loss=3"), 4, "range of the change"),
        (("--where", "wage=3"), 4, "no column"),
        (("--where", "loss=5..", "--where", "loss=..1"), 4, "'loss' stands twice"),
        (("--set", "job=none", "--set", "job=some", "--order", "guess"), 4, "'job' stands twice"),
        (("--paths", "loss", "--where", "loss=..1", "--where", "loss=2.."), 4, "'loss' stands twice"),
        (("--paths", "loss", "--shock", "loss=-1", "--shock", "loss=-2"), 4, "'loss' stands twice"),
    ],
)
def test_bad_words_end_with_a_clear_line(run: Run, words, code, message) -> None:
    model = () if "--paths" in words else ("--model", "copula")
    result = run("table.csv", "-o", "out.csv", *model, *words)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert not Path("out.csv").exists()


def test_the_command_draws_what_the_library_draws(run: Run) -> None:
    run("table.csv", "-o", "out.csv", "--where", "job=none", "-n", 30, "--seed", 4, "--model", "copula")
    frame = pl.read_csv("table.csv", infer_schema=False)
    draw = Scenario("copula", random_state=4).fit(frame).sample(30, where={"job": "none"}, random_state=4)
    assert pl.read_csv("out.csv", infer_schema=False)["loss"].to_list() == draw.frame["loss"].to_list()
