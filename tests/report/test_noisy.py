"""The report that costs nothing: on the page, in the terminal and as JSON, where all else is withheld too."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from likewise.evaluate.results import NoisyFit
from likewise.report import Report
from likewise.report.noisy import OPEN_TABLES, noisy_table, summaries
from likewise.report.words import TEXT

from .reports import Page, report_of

FITS = (
    NoisyFit(columns=("a <b>",), distance=0.02, noise=0.03, low=0.01, high=0.05, cells=4),
    NoisyFit(columns=("c",), distance=0.08, noise=0.03, low=0.01, high=0.06, cells=7),
    NoisyFit(columns=("a <b>", "c"), distance=0.01, noise=0.09, low=0.05, high=0.13, cells=28),
)


@pytest.mark.parametrize("lang", TEXT)
def test_the_page_tells_each_table_beside_its_noise(lang: str) -> None:
    html = replace(report_of(), noisy=FITS).to_html(lang=lang, dp_only=True)
    page = Page(html)
    assert page.open == []
    assert TEXT[lang]["withheld"] in page.text
    assert TEXT[lang]["noisy_note"] in page.text
    of_tables = page.text.replace(TEXT[lang]["noisy_note"], "")
    assert [of_tables.count(TEXT[lang][f"noisy_{stands}"]) for stands in ("at", "ahead")] == [1, 1]
    assert "a <b> × c" in page.text
    assert "0.050 – 0.130" in page.text
    assert "{" not in page.text


def test_the_worst_table_comes_first() -> None:
    text = Page(replace(report_of(), noisy=FITS).to_html(dp_only=True)).text
    assert text.index("beyond the noise", text.index("Stands")) < text.index("within the noise")


def test_figures_stay_beside_those_of_real_rows() -> None:
    html = replace(report_of(), noisy=FITS).to_html()
    assert 'id="noisy"' in html
    assert 'id="scores"' in html
    assert 'id="noisy"' not in report_of().to_html()


def test_many_tables_are_folded() -> None:
    many = tuple(replace(FITS[0], columns=(f"c{i}",)) for i in range(OPEN_TABLES + 1))
    assert f"<details><summary>All {OPEN_TABLES + 1} tables" in replace(report_of(), noisy=many).to_html()


def test_means_add_up_over_tables_of_a_kind() -> None:
    columns, pairs = summaries(FITS)
    assert (columns.kind, len(columns.fits), columns.beyond) == ("columns", 2, 1)
    assert columns.distance == pytest.approx(0.05)
    assert columns.noise == pytest.approx(0.03)
    # Bands of .02 and .03 on either side: the mean of two is as wide as half the root of their squares.
    assert columns.high - columns.noise == pytest.approx((0.02**2 + 0.03**2) ** 0.5 / 2)
    assert (pairs.kind, pairs.beyond) == ("pairs", 0)


def test_the_terminal_tells_the_means() -> None:
    said = StringIO()
    Console(file=said, width=100).print(noisy_table(replace(report_of(), noisy=FITS)))
    assert "Single columns" in said.getvalue()
    assert "0.050" in said.getvalue()


def test_it_comes_back_from_json() -> None:
    report = replace(report_of(), noisy=FITS).withheld()
    back = Report.from_json(report.to_json())
    assert back.noisy == FITS
    assert back.to_html() == report.to_html()
