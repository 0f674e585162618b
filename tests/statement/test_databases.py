"""The release sheet of a database: its tables, whose their rows are, what is given away as it is, and the budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.databases.database import Database

from ..databases.shops import shop
from ..dp import test_databases_within as within

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*drowns what they say",
    "ignore:.*are few for differential privacy",
    "ignore:.*are left out",
    "ignore:.*learnt nothing",
)


def ways_shop() -> Database:
    """A shop whose list of ways of sending is given away as it is, with machines that belong to nobody."""
    real, rng = shop(60), np.random.default_rng(0)
    ways = pl.DataFrame({"id": [1, 2, 3], "name": ["post", "van", "none"]})
    orders = real.tables["orders"].with_columns(way=pl.Series(rng.integers(1, 4, len(real.tables["orders"]))))
    machines = pl.DataFrame({"machine_id": np.arange(40), "power": rng.normal(size=40)})
    keys = ["orders.user -> users.id", "lines.order -> orders.no", "orders.way -> ways.id", "machines(machine_id)"]
    made = Database({**real.tables, "orders": orders, "ways": ways, "machines": machines}, keys)
    return Database(made.tables, made.schema.replace("ways", kept=True))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "shop.likewise"
    lw.Synthesizer(epochs=1, random_state=0).fit(ways_shop()).save(path)
    return path


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("private") / "shop.likewise"
    within.synth(within.BUDGET).fit(within.shop()).save(path)
    return path


def test_the_tables_are_told_with_whose_their_rows_are(plain: Path) -> None:
    sheet = lw.statement(plain)
    told = {table["name"]: (table["root"], table["is_kept"], table["is_people"]) for table in sheet.to_dict()["tables"]}
    assert told["lines"] == told["orders"] == told["users"] == ("users", False, True)
    assert told["ways"] == ("ways", True, False)
    assert told["machines"] == ("machines", False, False)
    text = sheet.to_markdown()
    assert "| ways | 3 | nobody's: given away as they are |" in text
    assert "is kept when 5 roots or more have it" in text


def test_roots_that_nothing_calls_people_are_for_who_signs_to_say(plain: Path) -> None:
    sheet = lw.statement(plain)
    assert sheet["unit"].standing == "yours"
    assert "the roots of machines are people" in sheet["unit"].to_dict("en")["answer"]
    assert any(said.key == "risk_several_counted" for said in sheet.risks)
    assert lw.statement(lw.Synthesizer(epochs=1, random_state=0).fit(shop(40)))["unit"].standing == "held"


def test_kept_rows_are_told_and_left_to_who_signs_and_none_stands_in_the_sheet(plain: Path) -> None:
    sheet = lw.statement(plain)
    assert sheet["given"].standing == "yours"
    assert sheet["given"].said[0].blanks == {"names": ["ways"]}
    assert not any(cell.strip() == "none" for cell in sheet.to_markdown().split("|"))


def test_keys_are_told_as_made_anew_with_their_table(plain: Path) -> None:
    assert {"users.id", "orders.no", "orders.user", "lines.order"} <= set(lw.statement(plain).facts.made_anew)
    assert "users.country" not in lw.statement(plain).facts.made_anew


def test_a_budget_is_told_by_its_root(private: Path) -> None:
    fitted = lw.load(private)
    told, sheet = lw.statement(private).to_dict(), lw.statement(private)
    assert fitted.ledger_ is not None
    assert told["ledger"] == fitted.ledger_.to_dict()
    assert told["promise"]["unit"] == fitted.ledger_.unit
    assert told["release"]["rows"] == fitted.database_.tables["users"].n_rows
    assert sheet["unit"].standing == "held"
    assert sheet["contributions"].said[0].blanks == {"m": within.MOST}
    assert not any(said.key.startswith("risk_several") for said in sheet.risks)
    assert {t["name"]: t["root"] for t in told["tables"] if not t["is_kept"]} == {
        "users": "users", "orders": "users", "lines": "users"
    }  # fmt: skip
    columns = {(c["table"], c["name"]): c for c in told["columns"]}
    assert columns["orders", "price"]["bounds"] == (0, 30)
    assert columns["shops", "town"]["role"] == "kept"


@pytest.mark.parametrize("model", ["plain", "private"])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("ending", ["html", "json", "md"])
def test_every_form_is_written(
    model: str, lang: str, ending: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    target = tmp_path / f"sheet.{ending}"
    path = request.getfixturevalue(model)
    done = CliRunner().invoke(app, ["statement", str(path), "-o", str(target), "--lang", lang])
    assert done.exit_code == 0, done.output
    text = target.read_text(encoding="utf-8")
    assert "users" in text
    assert "{" not in text or ending != "md"
    if ending == "json":
        assert json.loads(text)["lang"] == lang
    else:
        assert ("归属于" in text) == (lang == "zh")


def test_an_audit_is_taken_in_and_a_budget_of_another_unit_is_not(private: Path, tmp_path: Path) -> None:
    claim = {"epsilon": within.BUDGET.epsilon, "delta": within.BUDGET.delta}
    audit = {"claim": claim, "epsilon": 0.3, "confidence": 0.9, "threat": "t", "is_broken": False}
    assert lw.statement(private, audit=audit)["audit"].standing == "partly"
    counted = lw.Budget(tmp_path / "b.json", total=lw.DP(20.0, 1e-5))
    with pytest.raises(lw.InputError, match="another unit"):
        lw.statement(private, budget=counted)
