"""The studio in a real browser: the whole path on a file and on the demo, with nothing asked of any other machine.

Screenshots go to the folder that `LIKEWISE_SCREENSHOTS` names, if it does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no Chromium is installed (on Debian: apt-get install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (it is in the extra 'dev')")
pytest.importorskip("starlette", reason="Starlette is in the extra 'studio'")

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 120_000
"""Milliseconds; on a quiet machine a few thousand are needed."""


def table() -> pl.DataFrame:
    """People with a rule between columns, a cell that is a formula, and one that is no number."""
    rng = np.random.default_rng(0)
    n = 300
    age = rng.integers(18, 90, n)
    return pl.DataFrame({
        "age": [str(a) for a in age],
        "sex": rng.choice(["Female", "Male"], n),
        "visits": [str(v) for v in rng.poisson(3, n)],
        "plan": rng.choice(["basic", "=plus", "-full"], n, p=[0.6, 0.3, 0.1]),
        "ill": np.where(rng.random(n) < age / 120, "yes", "no"),
    })  # fmt: skip


@dataclass
class Opened:
    """A page, what it said, and what it asked of whom."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def shot(self, name: str) -> None:
        if folder := os.environ.get("LIKEWISE_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def go(self, screen: str) -> None:
        self.page.click(f"nav a[href='#{screen}']")
        self.page.wait_for_selector(f"nav a[href='#{screen}'][aria-current=step]")

    def check(self) -> None:
        """Nothing was complained of, and nobody but this machine was asked."""
        assert self.said == []
        assert all(re.match(r"(http://127\.0\.0\.1:\d+/|data:|about:)", url) for url in self.asked), self.asked


@contextmanager
def started(*words: str, folder: Path) -> Iterator[str]:
    """A studio; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "likewise", "studio", "--no-browser", "--quiet", *words],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
    assert list(folder.iterdir()) == []  # it leaves nothing behind


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP evil.test 127.0.0.1"]
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    contexts = []

    def open_it(address: str, *, viewport: dict[str, int] = DESK, scheme: str = "light") -> Opened:
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True))
        opened = Opened(contexts[-1].new_page())
        opened.page.set_default_timeout(PATIENCE)
        opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.goto(address)
        return opened

    yield open_it
    for context in contexts:
        context.close()


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
        _fits_a_phone_in_chinese(open_page, address)
        _is_named_and_told_apart(open_page, address)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Quit").click()
        page.wait_for_selector("text=The studio has ended.")
        opened.check()


def _holds(page: Any, selector: str, value: str) -> None:
    playwright.expect(page.locator(selector)).to_have_value(value, timeout=PATIENCE)


def _columns(opened: Opened) -> None:
    page = opened.page
    page.wait_for_selector(".columns > li >> nth=4")
    page.select_option("li:has(h2:text-is('ill')) select[data-role]", "target")
    page.wait_for_selector("li:has(h2:text-is('ill')) .badge.target")
    # Words are no numbers: the cells that would not read are counted, and nothing changes.
    page.select_option("li:has(h2:text-is('plan')) select[data-kind]", "integer")
    page.wait_for_selector(".asked:has-text('300 of 300 values are not whole numbers')")
    page.click(".asked >> text=Leave it as it was")
    assert page.input_value("li:has(h2:text-is('plan')) select[data-kind]") == "categorical"
    page.select_option("li:has(h2:text-is('age')) select[data-kind]", "real")
    _holds(page, "select[data-kind] >> nth=0", "real")
    page.click("#undo")
    _holds(page, "select[data-kind] >> nth=0", "integer")
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
    opened.go("protect")
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
    opened.go("train")
    page.select_option("#model", "copula")
    _holds(page, "#model", "copula")
    page.click("#start")
    page.wait_for_selector("#job-status[data-status=done]")
    page.wait_for_selector("text=300 rows were drawn")
    page.get_by_label("Seed").fill("1")
    page.keyboard.press("Tab")
    page.click("#start")  # a second run, to set beside the first
    page.wait_for_selector("section:has(h2:text-is('Before'))")
    page.wait_for_selector("#job-status[data-status=done]")
    assert "begin with = + - or @" in page.inner_text(".warn")  # cells of the column "plan"
    opened.shot("train")


def _out(opened: Opened) -> None:
    page = opened.page
    opened.go("out")
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
    page.wait_for_selector("svg.plane circle >> nth=1")
    page.click("#beside")
    page.frame_locator("iframe[title='Runs side by side']").get_by_text("1 copula").first.wait_for()
    opened.shot("out")


def _rows(opened: Opened, tmp_path: Path) -> pl.DataFrame:
    page = opened.page
    opened.go("rows")
    page.select_option("label:text-is('Column') + select", "sex")
    page.fill("#value", "Female")
    page.click("#add")
    page.wait_for_selector("#odds:has-text('of 300 real rows meet this')")
    page.get_by_label("Rows", exact=True).fill("40")
    page.keyboard.press("Tab")
    page.click("#draw")
    page.wait_for_selector("h3:has-text('40 rows were drawn')")
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
    for screen in ("open", "columns", "protect", "train", "out", "rows"):
        opened.go(screen)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], screen
        assert page.get_attribute("html", "lang") == "zh-Hans"
        assert re.search("[\u4e00-\u9fff]", page.inner_text("h1"))
        opened.shot(f"phone-zh-{screen}")
    opened.check()


def _is_named_and_told_apart(open_page: Callable[..., Opened], address: str) -> None:
    """Every control has a name for a screen reader, and text stands out from its ground, light and dark."""
    for scheme in ("light", "dark"):
        opened = open_page(address, scheme=scheme)
        page = opened.page
        page.wait_for_selector("nav")
        for screen in ("open", "columns", "protect", "train", "out", "rows"):
            opened.go(screen)
            page.wait_for_timeout(200)
            session = page.context.new_cdp_session(page)
            nodes = [node for node in session.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
            for node in nodes:
                role, name = node["role"]["value"], node.get("name", {}).get("value", "")
                if role in (
                    "button",
                    "combobox",
                    "textbox",
                    "spinbutton",
                    "checkbox",
                    "link",
                    "image",
                    "region",
                    "tab",
                ):
                    assert name.strip(), (screen, role, node.get("properties"))
            assert page.locator("h1").count() == 1
            for selector in ("h1", ".lead", "footer p", ".small", "nav a[aria-current]", "button:enabled"):
                if page.locator(selector).count():
                    assert page.evaluate(CONTRAST, selector) >= 4.5, (scheme, screen, selector)
        opened.check()


CONTRAST = """selector => {
  const one = document.querySelector(selector), see = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = (x) => (x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  const light = (c) => c.slice(0, 3).map((x) => linear(x / 255))
    .reduce((sum, x, k) => sum + x * [.2126, .7152, .0722][k], 0);
  let at = one, ground = [];
  for (; at && (ground.length < 3 || ground[3] === 0); at = at.parentElement) {
    ground = see(getComputedStyle(at).backgroundColor);
  }
  const [a, b] = [light(see(getComputedStyle(one).color)), light(ground)].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
}"""


def test_the_demo_learns_with_a_curve_survives_a_reload_and_is_stopped(
    open_page: Callable[..., Opened], folder: Path
) -> None:
    with started("--lang", "zh", folder=folder) as address:
        opened = open_page(address)
        page = opened.page
        page.click("#demo")
        page.wait_for_selector(".columns > li >> nth=14")
        opened.shot("demo-zh-columns")
        opened.go("train")
        page.click("#start")
        page.wait_for_selector("svg.curve .held")
        page.reload()
        page.wait_for_selector("svg.curve .held")
        assert "#token" not in page.url
        page.click("#stop")
        page.wait_for_selector("#stop:has-text('停止')")
        opened.shot("demo-zh-train")
        page.click("#cancel")
        page.wait_for_selector("#job-status[data-status=cancelled]")
        opened.check()


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
        opened.go("protect")
        page.wait_for_selector("text=All is declared that a private run needs.")
        page.click("#begin-budget")
        page.wait_for_selector("#odometer")
        opened.go("train")
        page.select_option("#model", "mst")
        _holds(page, "#model", "mst")
        page.click("#start")
        page.wait_for_selector("#job-status[data-status=done]")
        opened.go("out")
        page.wait_for_selector("text=Nothing was measured on real rows in this run.")
        assert page.locator(".attacks").count() == 0
        opened.go("rows")
        page.wait_for_selector("#odds:has-text('rows drawn freely')")
        assert "real rows" not in page.inner_text("#odds")
        opened.go("protect")
        page.wait_for_selector("#odometer:has-text('of 3 spent in 1 fits')")
        opened.shot("blind-protect")
        opened.check()


def test_other_tabs_and_other_names_get_nothing(open_page: Callable[..., Opened], folder: Path) -> None:
    with started(folder=folder) as address:
        bare = address.partition("#")[0]
        without = open_page(bare)
        without.page.wait_for_selector("text=This page lacks its key")
        rebound = open_page(bare.replace("127.0.0.1", "evil.test"))
        assert "own name only" in rebound.page.inner_text("body")
        told = rebound.page.evaluate("fetch('/api/state').then((answer) => answer.status)")
        assert told == 403
