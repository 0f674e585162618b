"""The page in a real browser: it draws, sorts, answers to the keyboard, speaks to a screen reader, asks for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.browsers import DESK, PHONE, Opened, chromium, opening

from likewise.evaluate import evaluate
from likewise.evaluate.histories.shown import Drift, Shown, Transitions
from likewise.evaluate.shown import Grid, Picture
from likewise.report.comparison import compare

from .reports import report_of
from .test_images import bars

HISTORIES = Shown(
    lengths=Picture(form="bins", labels=("1", "2", "≥ 3"), real=(0.5, 0.3, 0.2), synthetic=(0.4, 0.4, 0.2)),
    transitions=(Transitions(
        column="ward", grid=Grid(x=("a", "b") * 5, y=("a", "b"), real=(0.05,) * 20, synthetic=(0.05,) * 20),
    ),),
    drifts=(Drift(column="dose", level=None, labels=("< 1", "≥ 1"), real=(1.0, None), synthetic=(1.0, 2.0)),),
    heads=("day", "a column of a long name"), examples=((("2020-01-01", "a text that is rather long"),),),
)  # fmt: skip
PLOTS = ("strengths", "errors", "pair-real", "pair-synthetic", "pair-difference")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens a page given as HTML, and waits until every picture is drawn."""
    with opening(browser) as open_page:

        def open_it(html: str, *, unfold: bool = False, **how: Any) -> Opened:
            path = tmp_path / "page.html"
            path.write_text(html, encoding="utf-8")
            opened = open_page(path.as_uri(), **how)
            if unfold:
                opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            for name in PLOTS if 'id="data"' in html else ():
                opened.page.wait_for_selector(f"#{name}[data-drawn]")
            return opened

        yield open_it


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_draws_everything_without_a_word_or_a_request(show, lang):
    opened = show(report_of(8).to_html(lang=lang), unfold=True)
    assert opened.said == []
    assert [url.split("/")[-1] for url in opened.asked] == ["page.html"]
    for name in PLOTS:
        assert opened.page.locator(f"#{name} svg path").count() > 4, name
    for picture in opened.page.locator("svg").all():
        box = picture.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 5


def test_a_hundred_columns_are_drawn_too(show):
    opened = show(report_of(100).to_html())
    assert opened.said == []
    assert opened.page.locator(".columns > li").count() == 100
    assert "40 columns with the greatest errors of 100" in opened.text("section[aria-labelledby=links]")


def test_columns_are_sorted_by_mouse_and_by_keyboard(show):
    opened = show(report_of(4).to_html())
    assert opened.all_texts(".columns h3") == ["column 3", "column 2", "column 1", "column 0"]
    opened.page.get_by_role("button", name="name").click()
    assert opened.all_texts(".columns h3") == ["column 0", "column 1", "column 2", "column 3"]
    pressed = opened.page.locator(".sort button[aria-pressed=true]")
    assert pressed.all_inner_texts() == ["name"]
    opened.page.keyboard.press("Shift+Tab")
    opened.page.keyboard.press("Enter")
    assert opened.all_texts(".columns h3")[0] == "column 3"
    assert pressed.all_inner_texts() == ["how far apart"]


def test_columns_are_found_by_name_and_by_what_lies_beyond_its_floor(show):
    report = report_of(12)
    columns = tuple(replace(c, floor=0.0, error=0.5 if i < 2 else 0.001) for i, c in enumerate(report.columns))
    opened = show(replace(report, columns=columns).to_html())
    opened.page.locator("#find").fill("COLUMN 1")
    assert sorted(opened.all_texts(".columns > li:not([hidden]) h3")) == ["column 1", "column 10", "column 11"]
    assert opened.text("#found") == "3 of 12 columns"
    opened.page.locator("#find").fill("")
    assert opened.text("#found") == ""
    opened.page.locator("#beyond").click()
    assert sorted(opened.all_texts(".columns > li:not([hidden]) h3")) == ["column 0", "column 1"]
    assert opened.all_texts(".columns > li:not([hidden]) .apart")[0] == "▲ 0.500 apart; fresh real rows 0.000"


def test_a_bin_tells_what_it_holds(show):
    opened = show(report_of(2).to_html())
    opened.page.locator(".hist").hover(position={"x": 1, "y": 50})
    assert re.fullmatch("0 – 1: real [0-9.]+\xa0%, synthetic [0-9.]+\xa0%", opened.text(".card:has(.hist) .apart"))
    opened.page.mouse.move(0, 0)
    assert opened.text(".card:has(.hist) .apart") == "0.010 apart; fresh real rows –"


def test_a_column_leads_to_its_pairs(show):
    report = report_of(4)
    opened = show(report.to_html())
    opened.page.locator("a[data-pairs='column 2']").click()
    opened.page.wait_for_selector("#pair-told:has-text('column 0 × column 2')")


def test_every_control_is_reached_by_the_tab_key(show):
    opened = show(report_of(4).to_html())
    reached = []
    for _ in range(24):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    assert reached[0] == "To the scores"
    for control in (
        "how far apart",
        "name",
        "table order",
        "find",
        "All columns as a table",
        "pair",
        "Pairs that differ most",
    ):
        assert control in reached


def test_a_pair_is_chosen_by_keyboard_or_by_a_click(show):
    opened = show(report_of(4).to_html())
    first = opened.text("#pair-told")
    assert "column 0 × column 1" in first
    opened.page.locator("#pair").focus()
    opened.page.keyboard.press("ArrowDown")
    opened.page.wait_for_selector("#pair-told:has-text('column 0 × column 2')")
    # The last cell of the first row of the matrix belongs to columns 0 and 3.
    opened.page.locator("#strengths svg path[aria-roledescription], #strengths svg .mark-rect path").nth(4).click()
    opened.page.wait_for_selector("#pair-told:has-text('column 0 × column 3')")
    assert opened.said == []


def test_the_accessibility_tree_is_complete(show):
    opened = show(report_of(4).to_html(), unfold=True)
    named: dict[str, list[str]] = {}
    for role, name in opened.nodes():
        named.setdefault(role, []).append(name)
    for landmark in ("banner", "main", "contentinfo"):
        assert len(named[landmark]) == 1, landmark
    assert all(named["region"])
    assert named["heading"][0] == "Synthetic data report"
    for role in ("image", "button", "combobox", "columnheader", "rowheader", "heading", "link"):
        assert named[role], role
        assert all(named[role]), f"a {role} has no name"
    assert "Pair" in named["combobox"][0]
    assert not any("graphics" in role for role in named)  # cells of pictures do not flood the reader


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_is_wider_than_the_screen(show, viewport):
    for html in (report_of(8).to_html(), compare([report_of(4)] * 4).to_html(), report_of().to_html(dp_only=True)):
        opened = show(html, viewport=viewport)
        assert opened.said == []
        assert opened.width() <= viewport["width"]


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_images_are_drawn_and_fit(show, viewport):
    opened = show(evaluate(bars(0), bars(1), holdout=bars(2), show_real=True).to_html(), viewport=viewport)
    assert opened.said == []
    assert [url.split("/")[-1] for url in opened.asked] == ["page.html"]
    assert opened.page.locator("img").count() == 6
    for image in opened.page.locator("img").all():
        assert image.evaluate("one => one.naturalWidth") == 69
        assert image.bounding_box()["width"] > 200
    assert opened.width() <= viewport["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(show, scheme):
    opened = show(report_of().to_html(), scheme=scheme)
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128) == (scheme == "dark")
    for selector in ("h1", ".lead", ".notice", ".key", "footer", "tbody th small", ".axis"):
        assert opened.contrast(selector) >= 4.5, selector


def test_it_prints_without_its_controls(show):
    opened = show(report_of().to_html())
    opened.page.emulate_media(media="print")
    assert not opened.page.locator(".sort").first.is_visible()
    assert opened.page.locator("#strengths svg").is_visible()


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "dark"), (PHONE, "light")])
def test_histories_fit_the_window_and_tell_what_a_bin_holds(
    show: Callable[..., Opened], viewport: dict[str, int], scheme: str
) -> None:
    opened = show(replace(report_of(), histories=HISTORIES).to_html(), viewport=viewport, scheme=scheme, unfold=True)
    assert opened.said == []
    assert opened.width() <= viewport["width"]
    opened.page.locator(".histories .hist").first.hover()
    assert "real" in opened.text(".histories .apart >> nth=0")
    assert opened.page.locator("table.heat.s td").count() > 20
