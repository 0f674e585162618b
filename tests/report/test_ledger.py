"""The ledger on the page: the claim, every entry, and that it needs no real row."""

from __future__ import annotations

import pytest

from likewise.dp.accounting import Steps
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.errors import InputError
from likewise.report import Report
from likewise.report.ledger import OPEN_ENTRIES
from likewise.report.words import TEXT

from .reports import Page, report_of


def _ledger(entity: str | None = None) -> Ledger:
    ledger = Ledger(DP(2.0, 1e-6, entity=entity, max_rows=1 if entity is None else 2))
    ledger.spend(Entry(what="counts of all 3 fields", mechanism="gaussian", parameter=40.0, rho=0.1 * ledger.rho))
    plan = Steps(0.05, 20)
    ledger.spend_steps(("training <b>", plan, ledger.multiplier(plan)))
    return ledger


@pytest.mark.parametrize("lang", TEXT)
def test_the_page_tells_the_claim_and_every_entry(lang: str) -> None:
    html = report_of().with_ledger(_ledger().to_dict()).to_html(lang=lang)
    page = Page(html)
    assert page.open == []
    assert "epsilon 2" in page.text
    assert "counts of all 3 fields" in page.text
    assert "20" in page.text
    assert "0.05" in page.text
    assert "training <b>" in page.text
    assert "<b>" not in html[html.index('id="ledger"') : html.index('id="method"')]
    assert "{" not in page.text


def test_it_stays_where_all_measures_are_withheld() -> None:
    report = report_of().with_ledger(_ledger("person").to_dict())
    text = Page(report.to_html(dp_only=True)).text
    assert TEXT["en"]["withheld"] in text
    assert "entity of column 'person' with at most 2 rows more or less" in text
    assert "counts of all 3 fields" in text


def test_a_model_without_a_ledger_has_no_such_part() -> None:
    assert 'id="ledger"' not in report_of().to_html()


def test_it_comes_back_from_json_and_a_damaged_one_does_not() -> None:
    report = report_of().with_ledger(_ledger().to_dict())
    assert Report.from_json(report.to_json()).to_html() == report.to_html()
    with pytest.raises(InputError, match="a ledger must hold"):
        Report.from_dict({**report.to_dict(), "ledger": {"epsilon": 1.0}})


def test_a_long_list_is_folded() -> None:
    ledger = Ledger(DP(2.0, 1e-6))
    for i in range(OPEN_ENTRIES + 1):
        ledger.spend(Entry(what=f"look {i}", mechanism="exponential", parameter=0.01, rho=1e-3 * ledger.rho))
    assert "<details><summary>All 13 entries" in report_of().with_ledger(ledger.to_dict()).to_html()
