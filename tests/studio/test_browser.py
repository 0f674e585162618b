"""The studio in a real browser: the whole path on a file and on the demo, with nothing asked of any other machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.browsers import PATIENCE, PHONE, Opened, chromium, opening
from tests.databases.shops import shop

from .tables import table

pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

SETTLED = {
    "open": "#demo", "columns": ".columns > li", "protect": "dl", "train": "#start", "out": "iframe",
    "rows": "#odds:not(:empty)",
}  # fmt: skip
"""What stands on each screen when all that it asks for has come."""


def go(opened: Opened, screen: str, *, settled: bool = False) -> None:
    opened.page.click(f"nav a[href='#{screen}']")
    opened.page.wait_for_selector(f"nav a[href='#{screen}'][aria-current=step]")
    if settled:
        opened.page.wait_for_selector(SETTLED[screen])
        opened.page.wait_for_selector("main[aria-busy=false]")


def is_content(opened: Opened) -> None:
    """Nothing was complained of, and nobody but this machine was asked."""
    assert opened.said == []
    assert all(re.match(r"(http://127\.0\.0\.1:\d+/|data:|about:)", url) for url in opened.asked), opened.asked


@contextmanager
def started(*words: str, folder: Path) -> Iterator[str]:
    """A studio; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "likewise", "studio", "--no-browser", "--quiet", *words],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "#token=" in said, said
        yield said.split()[-1]
    finally:
        process.terminate()
        process.wait(PATIENCE / 1000)
        if process.stdout is not None:
            process.stdout.close()
    assert list(folder.iterdir()) == []  # it leaves nothing behind


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    with opening(browser) as open_it:
        yield open_it


def test_the_whole_path_on_a_file(open_page: Callable[..., Opened], folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    table().write_csv(file)
    with started(folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.set_input_files("#file", file)
        _columns(opened)
        _protect(opened)
        _train(opened)
        _out(opened)
        rows = _rows(opened, tmp_path)
        assert rows.height == 40
        assert set(rows["sex"]) == {"Female"}
        assert sorted(rows["ill"].value_counts()["count"]) == [10, 30]
        _fits_a_phone_in_chinese(open_page, address)
        _is_named_and_told_apart(open_page, address)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Quit").click()
        page.wait_for_selector("text=The studio has ended.")
        is_content(opened)


def _columns(opened: Opened) -> None:
    page = opened.page
    page.wait_for_selector(".columns > li >> nth=4")
    page.select_option("li:has(h2:text-is('ill')) select[data-role]", "target")
    page.wait_for_selector("li:has(h2:text-is('ill')) .badge.target")
    # Words are no numbers: the cells that would not read are counted, and nothing changes.
    page.select_option("li:has(h2:text-is('plan')) select[data-kind]", "integer")
    page.wait_for_selector(".asked:has-text('300 of 300 values are not whole numbers')")
    page.click(".asked >> text=Leave it as it was")
    opened.holds("li:has(h2:text-is('plan')) select[data-kind]", "categorical")
    page.select_option("li:has(h2:text-is('age')) select[data-kind]", "real")
    opened.holds("select[data-kind] >> nth=0", "real")
    page.click("#undo")
    opened.holds("select[data-kind] >> nth=0", "integer")
    page.fill("#own-rule", "visits <= age")
    page.click("#add-rule")
    page.wait_for_selector(".rules code:text-is('visits <= age')")
    opened.shot("columns")
    page.click(".code summary")
    assert "likewise schema people.csv --set ill.role" in page.inner_text("#code-text").replace("'", "")
    for _ in range(2):  # by keyboard
        page.focus(".code [role=tab][aria-selected=true]")
        page.keyboard.press("ArrowRight")
    assert 'rule = "visits <= age"' in page.inner_text("#code-text[data-form=toml]")


def _protect(opened: Opened) -> None:
    page = opened.page
    go(opened, "protect")
    page.click("input[value=budget]")
    page.wait_for_selector(".card.on:has(input[value=budget]:checked)")
    page.wait_for_selector("#guess:has-text('73 %')")  # at epsilon 1
    page.wait_for_selector("#unsaid:has-text('declares no kind')")
    page.click("#begin-budget")
    page.wait_for_selector("#odometer:has-text('epsilon 0 of 3 spent')")
    opened.shot("protect-budget")
    page.click("input[value=k]")
    page.wait_for_selector(".card.on:has(input[value=k]:checked)")
    page.wait_for_selector("text=No column has the role quasi-identifier yet.")
    page.click("input[value=synthetic]")
    page.wait_for_selector(".card.on:has(input[value=synthetic]:checked)")
    page.wait_for_selector("text=Would balancing help?")
    opened.shot("protect")


def _train(opened: Opened) -> None:
    page = opened.page
    go(opened, "train")
    page.select_option("#model", "copula")
    opened.holds("#model", "copula")
    page.click("#start")
    page.wait_for_selector("#job-status[data-status=done]")
    page.wait_for_selector("text=300 rows were drawn")
    page.get_by_label("Seed").fill("1")
    page.click("#start")  # from the field at once: a second run, with its seed, to set beside the first
    page.wait_for_selector("section:has(h2:text-is('Before'))")
    page.wait_for_selector("#job-status[data-status=done]")
    page.wait_for_selector("section:has-text('300 rows were drawn')")
    page.wait_for_selector("#code-text[data-form=toml]:has-text('seed = 1')")
    assert "begin with = + - or @" in page.inner_text(".warn")  # cells of the column "plan"
    opened.shot("train")


def _out(opened: Opened) -> None:
    page = opened.page
    go(opened, "out")
    page.wait_for_selector(".attacks li")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Synthetic data report").wait_for()
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None  # an origin of its own
    page.fill("#gate", "[rules]\nshape = { max = 0.9 }\n")
    page.click("#hold")
    page.wait_for_selector("text=All rules are kept.")
    page.fill("#gate", "[rules]\nshape = { max = 0.0 }\n")
    page.click("#hold")
    page.wait_for_selector(".outcomes .broken")
    page.wait_for_selector("#code-text[data-form=toml]:has-text('shape = { max = 0.0 }')")
    page.wait_for_selector("svg.plane circle >> nth=1")
    page.click("#beside")
    page.frame_locator("iframe[title='Runs side by side']").get_by_text("1 copula").first.wait_for()
    opened.shot("out")


def _rows(opened: Opened, tmp_path: Path) -> pl.DataFrame:
    page = opened.page
    go(opened, "rows")
    page.select_option("label:text-is('Column') + select", "sex")
    page.fill("#value", "Female")
    page.click("#add")
    page.wait_for_selector("#odds:has-text('of 300 real rows meet this')")
    page.get_by_label("Rows", exact=True).fill("40")
    page.get_by_label("Set the shares of ill").check()
    page.locator("#mix input[type=range] >> nth=0").fill("25")
    page.wait_for_selector("#mix output:text-is('75 %')")
    page.click("#draw")
    page.wait_for_selector("h3:has-text('40 rows were drawn')")
    page.wait_for_selector("#get-drawn_parquet")
    opened.shot("rows")
    with page.expect_download() as download:
        page.click("#get-drawn")
    assert download.value.suggested_filename == "drawn.csv"
    download.value.save_as(tmp_path / "drawn.csv")
    return pl.read_csv(tmp_path / "drawn.csv", infer_schema=False)


def _fits_a_phone_in_chinese(open_page: Callable[..., Opened], address: str) -> None:
    opened = open_page(address, viewport=PHONE, scheme="dark")
    page = opened.page
    page.wait_for_selector("nav")
    page.get_by_role("button", name="中文").click()
    for screen in SETTLED:
        go(opened, screen, settled=True)
        assert opened.width() <= PHONE["width"], screen
        assert page.get_attribute("html", "lang") == "zh-Hans"
        assert re.search("[\u4e00-\u9fff]", page.inner_text("h1"))
        opened.shot(f"phone-zh-{screen}")
    is_content(opened)


def _is_named_and_told_apart(open_page: Callable[..., Opened], address: str) -> None:
    """Every control has a name for a screen reader, and text stands out from its ground, light and dark."""
    for scheme in ("light", "dark"):
        opened = open_page(address, scheme=scheme)
        page = opened.page
        page.wait_for_selector("nav")
        for screen in SETTLED:
            go(opened, screen, settled=True)
            for role, name in opened.nodes():
                assert role not in NAMED or name.strip(), (screen, role)
            assert page.locator("h1").count() == 1
            for selector in ("h1", ".lead", "footer p", ".small", "nav a[aria-current]", "button:enabled"):
                if page.locator(selector).count():
                    assert opened.contrast(selector) >= 4.5, (scheme, screen, selector)
        is_content(opened)


NAMED = ("button", "combobox", "textbox", "spinbutton", "checkbox", "link", "image", "region", "tab")
"""Roles that say nothing without a name."""


def test_several_tables_show_how_they_point_and_take_a_persons_word(
    open_page: Callable[..., Opened], folder: Path, tmp_path: Path
) -> None:
    shop(40).to_folder(tmp_path / "shop")
    (tmp_path / "shop" / "database.json").unlink()
    packed = shutil.make_archive(str(tmp_path / "shop"), "zip", tmp_path / "shop")
    with started(folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.set_input_files("#file", packed)
        page.wait_for_selector("svg.tables rect >> nth=2")
        opened.count("svg.tables .link", 2)
        page.click("#keys li:has-text('orders.user -> users.id') input")
        page.wait_for_selector("#keys li:has-text('refused')")
        opened.count("svg.tables .link", 1)
        page.click("#undo")
        opened.count("svg.tables .link", 2)
        page.select_option("#root", "users")
        opened.holds("#root", "users")
        page.click(".code summary")
        assert "likewise inspect shop/ --root users --json database.json" in opened.text("#code-text")
        opened.shot("tables")
        go(opened, "train")
        page.wait_for_selector("#start")
        assert page.locator("#model").count() == 0
        phone = open_page(address, viewport=PHONE, scheme="dark")
        phone.page.get_by_role("button", name="中文").click()
        for screen in ("columns", "train", "out", "rows"):
            go(phone, screen)
            assert phone.width() <= PHONE["width"]
            assert all(name.strip() for role, name in phone.nodes() if role in NAMED)
            phone.shot(f"phone-zh-tables-{screen}")
        is_content(opened)
        is_content(phone)


def test_hierarchies_are_edited_while_the_risk_is_seen(
    open_page: Callable[..., Opened], folder: Path, tmp_path: Path
) -> None:
    table().write_csv(tmp_path / "people.csv")
    (tmp_path / "plan.toml").write_text(HIERARCHIES, encoding="utf-8")
    with started(str(tmp_path / "people.csv"), "--plan", str(tmp_path / "plan.toml"), folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.wait_for_selector(".columns > li >> nth=4")
        go(opened, "protect")
        page.wait_for_selector("#risk-below:has-text('of 300 rows')")
        before = opened.text("#risk-below")
        page.fill("[data-cut=age]", "40, 65")
        page.click(".level:has([data-level=age]) >> text=/^Cut$/")
        page.wait_for_selector("[data-level=age][max='2']")
        page.locator("[data-level=age]").fill("1")
        page.wait_for_selector(".level:has([data-level=age]) .groups li:has-text('40 .. < 65')")
        page.wait_for_selector("#risk-below:not(:text-is('" + before + "'))")
        for label in ("< 40", "40 .. < 65"):
            page.get_by_label(label, exact=False).first.check()
        page.fill("[data-merge=age]", "younger")
        page.click(".level:has([data-level=age]) >> text=Merge the ticked")
        page.wait_for_selector(".level:has([data-level=age]) .groups li:has-text('younger')")
        opened.shot("hierarchies")
        assert all(name.strip() for role, name in opened.nodes() if role in NAMED)
        page.click("#hier-undo")
        page.wait_for_selector(".level:has([data-level=age]) .groups li:has-text('40 .. < 65')")
        go(opened, "train")
        page.click(".code summary")
        assert "--hierarchy age=hierarchy-1.csv" in opened.text("#code-text")
        page.click("#start")
        page.wait_for_selector("#job-status[data-status=done]")
        phone = open_page(address, viewport=PHONE, scheme="dark")
        go(phone, "protect")
        phone.page.wait_for_selector("#risk")
        assert phone.width() <= PHONE["width"]
        is_content(opened)
        is_content(phone)


HIERARCHIES = """
[[change]]
column = "age"
said = {role = "quasi_identifier"}

[[change]]
column = "sex"
said = {role = "quasi_identifier"}

[fit]
purpose = "rows"
k = 5
"""


def test_the_demo_learns_with_a_curve_survives_a_reload_and_is_stopped(
    open_page: Callable[..., Opened], folder: Path
) -> None:
    with started("--lang", "zh", folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.click("#demo")
        page.wait_for_selector(".columns > li >> nth=14")
        opened.shot("demo-zh-columns")
        go(opened, "train")
        page.click("#start")
        page.wait_for_selector("svg.curve .held")
        page.reload()
        page.wait_for_selector("svg.curve .held")
        page.wait_for_selector("section:has(#so-far) table.cells td")
        assert "#token" not in page.url
        page.click("#stop")
        page.wait_for_selector("#stop:has-text('停止')")
        opened.shot("demo-zh-train")
        page.click("#cancel")
        page.wait_for_selector("#job-status[data-status=cancelled]")
        is_content(opened)


def test_a_private_run_is_declared_unseen_counted_and_tells_nothing_exact(
    open_page: Callable[..., Opened], folder: Path, tmp_path: Path
) -> None:
    """Blind: nothing is shown of the rows before, and nothing that was measured on them after."""
    pytest.importorskip("opendp")
    table().select("sex", "ill").write_csv(tmp_path / "secret.csv")
    with started(str(tmp_path / "secret.csv"), "--blind", folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.wait_for_selector(".columns > li >> nth=1")
        assert page.locator(".seen svg").count() == 0
        assert "Female" not in page.inner_text("main")
        assert "300" not in page.inner_text("main")
        for name, levels in (("sex", "Female | Male"), ("ill", "no | yes")):
            page.click(f"li:has(h2:text-is('{name}')) .more summary")
            page.fill(f"li:has(h2:text-is('{name}')) label:text-is('Levels') + input", levels)
            page.keyboard.press("Enter")
            page.wait_for_selector(f"li:has(h2:text-is('{name}')) p:has-text('levels')")
        page.click("#declare-kinds")
        page.click("#declare-whole")
        opened.shot("blind-columns")
        go(opened, "protect")
        page.wait_for_selector("text=All is declared that a private run needs.")
        page.click("#begin-budget")
        page.wait_for_selector("#odometer")
        go(opened, "train")
        page.select_option("#model", "mst")
        opened.holds("#model", "mst")
        page.click("#start")
        page.wait_for_selector("#job-status[data-status=done]")
        go(opened, "out")
        page.wait_for_selector("text=Nothing was measured on real rows in this run.")
        assert page.locator(".attacks").count() == 0
        go(opened, "rows")
        page.wait_for_selector("#odds:has-text('rows drawn freely')")
        assert "real rows" not in page.inner_text("#odds")
        go(opened, "protect")
        page.wait_for_selector("#odometer:has-text('of 3 spent in 1 fits')")
        opened.shot("blind-protect")
        is_content(opened)


def test_other_tabs_and_other_names_get_nothing(open_page: Callable[..., Opened], folder: Path) -> None:
    with started(folder=folder) as address:
        bare = address.partition("#")[0]
        without = open_page(bare)
        without.page.wait_for_selector("text=This page lacks its key")
        rebound = open_page(bare.replace("127.0.0.1", "evil.test"))
        assert "own name only" in rebound.page.inner_text("body")
        told = rebound.page.evaluate("fetch('/api/state').then((answer) => answer.status)")
        assert told == 403
