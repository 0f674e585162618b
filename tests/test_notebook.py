"""What results show in a notebook: escaped, without script, small however wide the table."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.balance.comparison import BalanceComparison, Line
from likewise.dp.ledger import DP, Entry, Ledger
from likewise.notebook import MOST_BYTES, Table, card, live_bar
from likewise.report.texts import to_markdown
from likewise.scenario import Paths

from .report.reports import Page, report_of

EVIL = "<script>alert('x')</script>"
WIDE = 1000


def wide_schema() -> lw.Schema:
    return lw.Schema(tuple(lw.Column(name=f"{EVIL} {i}", kind=lw.Kind.REAL) for i in range(WIDE)))


def fitted() -> lw.Synthesizer:
    model = lw.Synthesizer("copula", random_state=0)
    model.schema_ = wide_schema()
    return model


def ledger() -> Ledger:
    made = Ledger(DP(epsilon=1.0))
    for i in range(WIDE):
        made.spend(Entry(what=f"{EVIL} {i}", mechanism="gaussian", parameter=1e4, rho=made.rho / WIDE / 2))
    return made


def report() -> lw.Report:
    wide = report_of(4)
    columns = tuple(replace(wide.columns[i % 4], name=f"{EVIL} {i}") for i in range(WIDE))
    return replace(wide, columns=columns, notes=(EVIL,))


def anonymized() -> Any:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({EVIL: rng.integers(0, 90, 100), "ill": rng.choice(["a", "b"], 100)})
    return lw.privacy.anonymize(frame, quasi_identifiers=[EVIL], k=5)


def scenario() -> Any:
    frame = pl.DataFrame({EVIL: np.random.default_rng(0).normal(size=300)})
    return lw.Scenario(random_state=0).fit(frame)


def paths() -> Any:
    walk = 100 + np.cumsum(np.random.default_rng(0).normal(size=300))
    return Paths(random_state=0).fit(pl.DataFrame({EVIL: walk}))


def balance() -> BalanceComparison:
    lines = tuple(
        Line(method, f"{EVIL} {i}", "auprc", 0.5, 0.1, (0.0, 0.2))
        for i in range(WIDE)
        for method in ("threshold tuned", "smote")
    )
    return BalanceComparison(lines=lines, n_rows=100, rarest=10, folds=5, notes=(EVIL,), baseline="threshold tuned")


MADE: dict[str, Callable[[], Any]] = {
    "schema": wide_schema,
    "synthesizer": fitted,
    "unfitted synthesizer": lambda: lw.Synthesizer("copula"),
    "ledger": ledger,
    "report": report,
    "report withheld": lambda: report().withheld(),
    "comparison": lambda: lw.compare([report(), report()], names=[EVIL, "two"]),
    "anonymised rows": anonymized,
    "scenario": scenario,
    "rows of a scenario": lambda: scenario().sample(50),
    "paths": paths,
    "drawn paths": lambda: paths().sample(20),
    "comparison of balancing": balance,
}


@pytest.mark.parametrize("name", MADE)
def test_a_result_shows_itself_small_and_escaped(name):
    html = MADE[name]()._repr_html_()
    assert len(html.encode()) < 40_000
    page = Page(html)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} - {"div", "b", "p", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("name", ["anonymised rows", "rows of a scenario", "drawn paths", "comparison of balancing"])
def test_a_result_prints_in_a_line_that_holds_no_cells(name):
    made = MADE[name]()
    told = repr(made)
    assert told.startswith(f"{type(made).__name__}(")
    assert len(told) < 400
    assert "\n" not in told
    assert "[" not in told, "no array"


@pytest.mark.parametrize("name", ["schema", "synthesizer", "ledger", "report", "comparison"])
def test_a_name_stands_as_it_is_and_what_is_left_out_is_counted(name):
    text = Page(MADE[name]()._repr_html_()).text
    assert EVIL in text
    if name != "comparison":
        assert re.search("… [0-9]{3} more", text)


def test_progress_is_one_output_of_the_cell_written_anew(monkeypatch):
    written: list[str] = []
    handle = SimpleNamespace(update=written.append)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))
    display = SimpleNamespace(HTML=str, display=lambda html, display_id: handle)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    frame = pl.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    lw.Synthesizer("autoregressive", random_state=0, epochs=2, progress=True).fit(frame)
    assert written
    assert 'max="1" value="' in written[-1]
    assert "rows/s" in written[-1]


def test_there_is_no_bar_outside_of_a_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert live_bar() is None


def test_a_card_keeps_its_size_whatever_the_letters():
    table = Table(("名" * 500,), [("&" * 500, "字" * 500)] * 5000)
    assert len(card("题" * 500, table, "<" * 5000, table).encode()) < MOST_BYTES + 10_000


def test_the_frame_keeps_the_page_apart_from_the_notebook():
    html = report_of().show(height=300)._repr_html_()
    tag, attributes = Page(html).tags[0]
    assert (tag, attributes["sandbox"], attributes["height"]) == ("iframe", "allow-scripts", "300")
    assert attributes["srcdoc"] == report_of().to_html()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_markdown_holds_scores_floors_and_marks_and_no_html(lang, tmp_path):
    found = report()
    text = found.to_markdown(tmp_path / "r.md", lang=lang)
    assert (tmp_path / "r.md").read_text(encoding="utf-8") == text == to_markdown(found, lang=lang)
    assert "▲ 0.610 | 0.500 | 0.580 – 0.640" in text
    assert "<script" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5}
    assert len(text) < 10_000


def test_markdown_of_a_withheld_report_tells_nothing():
    text = report().withheld().to_markdown()
    assert "0.61" not in text
    assert "withheld" in text
