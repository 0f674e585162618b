"""Claims about rules on keys and personal data: where they are missing can be ruled, what they hold cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import ConditionError, LikewiseWarning, RuleError

N = 900
RULES = [
    "status = 'deleted' -> email is null",
    "email is null -> phone is not null",
    "status = 'open' -> order_id is not null",
    "status != 'open' -> order_id is null",
    "unique (email)",
]


def accounts() -> pl.DataFrame:
    """Accounts of which deleted ones have no address, all can be reached, and open ones have an order."""
    rng = np.random.default_rng(0)
    u = pl.Series(rng.random(N))
    frame = pl.DataFrame({
        "status": rng.choice(["open", "closed", "deleted"], N, p=[0.5, 0.3, 0.2]),
        "email": [f"ann.meyer{k}@mail.com" for k in range(N)],
        "phone": [f"+49 151 {k:07d}" for k in rng.permutation(10**6)[:N]],
        "order_id": [f"OR-{k:06d}" for k in rng.permutation(N)],
        "age": rng.integers(18, 80, N),
    })  # fmt: skip
    status = pl.col("status")
    frame = frame.with_columns(pl.when((status != "deleted") & (u > 0.2)).then("email").alias("email"))
    frame = frame.with_columns(pl.when(pl.col("email").is_null() | (u < 0.7)).then("phone").alias("phone"))
    return frame.with_columns(pl.when(status == "open").then("order_id").alias("order_id"))


def broken(rows: pl.DataFrame) -> list[int]:
    status, lacks = rows["status"], {name: rows[name].is_null() for name in ("email", "phone", "order_id")}
    known = rows["email"].drop_nulls()
    return [
        ((status == "deleted") & ~lacks["email"]).sum(), (lacks["email"] & lacks["phone"]).sum(),
        ((status == "open") & lacks["order_id"]).sum(), ((status != "open") & ~lacks["order_id"]).sum(),
        len(known) - known.n_unique(),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> lw.Synthesizer:
    return lw.Synthesizer("cart", rules=RULES, random_state=0, entity=False).fit(accounts())


def test_rules_on_where_keys_are_missing_are_kept(fitted: lw.Synthesizer) -> None:
    assert broken(accounts()) == [0] * 5, "the table keeps them"
    rows = fitted.sample(3_000, random_state=1)
    assert len(rows) == 3_000
    assert broken(rows) == [0] * 5
    assert rows["order_id"].drop_nulls().n_unique() == rows["order_id"].count()
    assert not rows["email"].drop_nulls().is_in(accounts()["email"].drop_nulls().implode()).any()


def test_how_often_they_are_missing_beside_what_is_learnt(fitted: lw.Synthesizer) -> None:
    rows, real = fitted.sample(4_000, random_state=2), accounts()
    for status in ("open", "closed"):
        shares = [
            frame.filter(status=status)["email"].null_count() / len(frame.filter(status=status))
            for frame in (rows, real)
        ]
        assert abs(shares[0] - shares[1]) < 0.06
    open_ones = [frame["status"].eq("open").mean() for frame in (rows, real)]
    assert abs(open_ones[0] - open_ones[1]) < 0.05  # what was drawn again has not bent it


def test_they_are_kept_by_a_file_of_the_model(fitted: lw.Synthesizer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert loaded.sample(200, random_state=3).equals(fitted.sample(200, random_state=3))


def test_a_scenario_keeps_them() -> None:
    drawn = (
        lw.scenario.Scenario("cart", rules=RULES, random_state=0)
        .fit(accounts())
        .sample(200, where={"status": "deleted"})
    )
    assert drawn.frame["email"].null_count() == 200
    assert drawn.frame["phone"].null_count() == 0


def test_the_report_and_the_command_count_them(tmp_path: Path) -> None:
    accounts().with_columns(pl.lit("ann@mail.com").alias("email")).write_csv(tmp_path / "rows.csv")
    said = CliRunner().invoke(app, ["schema", str(tmp_path / "rows.csv"), "--rule", RULES[0], "--no-entity"])
    n = int((accounts()["status"] == "deleted").sum())
    assert f"{n:,} of {n:,} rows" in said.output


def test_a_key_that_a_rule_says_is_there_is_there() -> None:
    n = accounts()["email"].null_count()
    with pytest.warns(LikewiseWarning, match=f"{n} of 900 rows that it binds break rule 'email is not null'"):
        fitted = lw.Synthesizer("copula", rules=["email is not null"], random_state=0, entity=False).fit(accounts())
    assert fitted.sample(300)["email"].null_count() == 0


@pytest.mark.parametrize("rule", ["status = 'open' -> email = 'x'", "email = phone", "email, status from data"])
def test_what_keys_hold_cannot_be_ruled(rule: str) -> None:
    with pytest.raises(RuleError, match=r"only 'unique \(...\)' and claims that it 'is null'.*made of one person"):
        lw.Synthesizer("copula", rules=[rule], entity=False).fit(accounts())


def test_where_rows_are_not_drawn_they_are_refused_with_a_way_out(fitted: lw.Synthesizer) -> None:
    with pytest.raises(RuleError, match="draw rows instead"):
        fitted.complete(accounts().head(5).drop("age"))
    with pytest.raises(RuleError, match="where a Synthesizer draws the rows"):
        lw.impute.Imputer(rules=RULES[:1]).fit(accounts())
    with pytest.raises(ConditionError, match="'email'"):
        fitted.sample(5, where={"email": "ann@mail.com"})
