"""Rules at the doors: under a budget of privacy, in reports, on the command line, and where they are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import OptionError, RuleError, SchemaError
from likewise.rules import Share, shares_of
from likewise.schema.infer import infer
from likewise.schema.parse import parse

N = 600


def sums(n: int = N) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 50, n)
    return pl.DataFrame({"a": a, "b": (b := rng.integers(0, 9, n)), "t": a + b, "c": a + rng.integers(0, 30, n)})


RULES = ["a + b = t", "a <= c"]


def declared(**more: tuple[int, int]) -> lw.Schema:
    bounds = {"a": (0, 50), "b": (0, 9), "t": (0, 59), "c": (0, 80), **more}
    return infer(sums()).declare({name: {"bounds": ends} for name, ends in bounds.items()}, nullable=False)


def test_declared_rules_hold_under_a_budget_and_cost_nothing() -> None:
    budget = lw.DP(epsilon=5, delta=1e-5)
    plain = lw.Synthesizer("mst", schema=declared(), privacy=budget, random_state=0).fit(sums())
    ruled = lw.Synthesizer("mst", schema=declared(), rules=RULES, privacy=budget, random_state=0).fit(sums())
    drawn = ruled.sample(500)
    assert (drawn["a"] + drawn["b"] == drawn["t"]).all()
    assert (drawn["a"] <= drawn["c"]).all()
    assert ruled.ledger_ is not None
    assert plain.ledger_ is not None
    assert len(ruled.ledger_.entries) < len(plain.ledger_.entries)  # a column that is computed is not paid for
    assert "t" not in ruled.codec_.columns


def test_what_is_made_stays_within_its_declared_bounds() -> None:
    ruled = lw.Synthesizer(
        "mst", schema=declared(t=(5, 30)), rules=RULES, privacy=lw.DP(epsilon=5, delta=1e-5), random_state=0
    ).fit(sums())
    assert ruled.sample(500)["t"].is_between(5, 30).all()


def test_combinations_are_not_read_under_a_budget() -> None:
    with pytest.raises(RuleError, match="would be read from the rows for free"):
        lw.Synthesizer("mst", schema=declared(), rules=["a, b from data"], privacy=lw.DP(epsilon=5, delta=1e-5)).fit(
            sums()
        )


def test_a_report_tells_how_many_rows_keep_each_rule() -> None:
    real, fake = sums(), sums().with_columns(t=pl.when(pl.int_range(pl.len()) < 6).then(0).otherwise(pl.col("t")))
    schema = lw.Schema(infer(real).columns, rules=(*RULES, "a, b from data", "unique (a, b, c)"))
    report = lw.evaluate(real, fake, schema=schema, measures=["joint"])
    first = report.rules[0]
    n_right = int((real["t"][:6] == 0).sum())
    assert (first.rule, first.real.rows, first.real.broken) == ("a + b = t", N, 0)
    assert (first.synthetic.rows, first.synthetic.broken) == (N, 6 - n_right)
    assert first.synthetic.kept == 1 - (6 - n_right) / N
    assert report.rules[2].synthetic.broken == 0
    assert lw.Report.from_json(report.to_json()).rules == report.rules
    assert "Rules between columns" in report.to_html()
    assert "a + b = t" in report.to_markdown()
    assert "列间规则" in report.to_html(lang="zh")
    assert report.withheld().rules == ()


def test_a_share_is_never_rounded_up_to_all() -> None:
    from likewise.evaluate.results import RuleScore
    from likewise.report.rules import cells

    score = RuleScore(rule="a < b", real=Share(rows=0, broken=0), synthetic=Share(rows=10**6, broken=1))
    assert cells(score) == ("a < b", "–", "99.99 %", "1 / 1,000,000")


def test_combinations_are_held_against_those_of_the_real_rows() -> None:
    real, fake = (
        pl.DataFrame({"x": ["a", "b"], "y": ["p", None]}),
        pl.DataFrame({"x": ["a", "b"], "y": [None, None]}, schema={"x": pl.String, "y": pl.String}),
    )
    schema = lw.Schema([lw.Column(name=n, kind="categorical") for n in "xy"])
    share = shares_of(["x, y from data"], schema, parse(fake, schema), parse(real, schema))["x, y from data"]
    assert (share.rows, share.broken) == (2, 1)


def test_the_command_line_takes_proposes_and_keeps_rules(tmp_path: Path) -> None:
    table, schema, fake = tmp_path / "real.csv", tmp_path / "schema.json", tmp_path / "fake.csv"
    sums().write_csv(table)
    run = CliRunner().invoke
    found = run(app, ["schema", str(table), "--rules"])
    assert found.exit_code == 0
    assert "t = a + b" in found.output
    kept = run(app, ["schema", str(table), "--rule", "a + b = t", "--json", str(schema)])
    assert "0 of 600 rows that it binds break it" in kept.output
    assert json.loads(schema.read_text())["rules"] == ["a + b = t"]
    words = ["-o", str(fake), "--schema", str(schema), "--rule", "a <= c", "--model", "cart", "--no-measure"]
    made = run(app, ["synth", str(table), *words])
    assert made.exit_code == 0, made.output
    drawn = pl.read_csv(fake)
    assert len(drawn) == N
    assert (drawn["a"] + drawn["b"] == drawn["t"]).all()
    assert (drawn["a"] <= drawn["c"]).all()
    wrong = run(app, ["synth", str(table), "-o", str(fake), "--rule", "a <= nobody"])
    assert wrong.exit_code == 4
    assert "there is no column 'nobody'" in wrong.output


COMMANDS = {
    "impute": ["impute"],
    "balance": ["balance", "rows", "--target", "y", "--model", "smote"],
    "scenario": ["scenario", "rows", "--model", "cart"],
    "what is set": ["scenario", "set", "--model", "cart", "--set", "b=4", "--order", "c,y,b,a,t"],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("in_file", [False, True])
def test_every_command_that_makes_rows_takes_rules_and_keeps_those_of_a_schema(
    words: list[str], in_file: bool, tmp_path: Path
) -> None:
    table, out, schema = tmp_path / "real.csv", tmp_path / "out.csv", tmp_path / "schema.json"
    rng = np.random.default_rng(1)
    frame = sums().with_columns(y=pl.Series(np.where(rng.random(N) < 0.1, "rare", "common")))
    if words[0] == "impute":
        frame = frame.with_columns(pl.when(pl.lit(rng.random(N) < 0.2)).then(None).otherwise("c").alias("c"))
        frame = frame.with_columns(pl.when(pl.lit(rng.random(N) < 0.2)).then(None).otherwise("t").alias("t"))
    frame.write_csv(table)
    said = [text for rule in RULES for text in ("--rule", rule)]
    if in_file:
        CliRunner().invoke(app, ["schema", str(table), *said, "--json", str(schema)])
        said = ["--schema", str(schema)]
    run = CliRunner().invoke(app, [*words, str(table), "-o", str(out), *said])
    assert run.exit_code == 0, run.output
    rows = pl.read_csv(out)
    assert len(rows) >= N
    assert (rows["a"] + rows["b"] == rows["t"]).all()
    assert (rows["a"] <= rows["c"]).all()


def test_a_rule_cannot_name_what_balancing_sets(tmp_path: Path) -> None:
    table = tmp_path / "real.csv"
    sums().with_columns(y=pl.col("a") > 40).write_csv(table)
    words = ["balance", "rows", str(table), "--target", "y", "-o", str(tmp_path / "out.csv")]
    run = CliRunner().invoke(app, [*words, "--rule", "y = true -> a <= c"])
    assert run.exit_code == 4
    assert "names the target 'y'" in run.output
    frame = pl.read_csv(table)
    with pytest.raises(RuleError, match="names the target 'y'"):
        lw.balance.Oversampler("random", rules=["y = true -> a <= c"]).fit_resample(frame.drop("y"), frame["y"])


def test_rules_are_a_list_of_texts() -> None:
    with pytest.raises(OptionError, match="rules must be a list of texts"):
        lw.Synthesizer(rules="a <= c")  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="rules must be a list of texts"):
        lw.Schema((), rules="a <= c")  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match='"rules" must be a list'):
        lw.Schema.from_dict({"format": "likewise-schema", "version": 1, "columns": [], "rules": "a"})
