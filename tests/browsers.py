"""Pages in Debian's Chromium: what is opened, what it says and asks for, and how its text stands out.

Every wait is for a condition, and patient: the machine may be busy with something else. A module that imports this is
skipped where there is no browser. Screenshots go to the folder that `LIKEWISE_SCREENSHOTS` names, if it does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no Chromium is installed (on Debian: apt-get install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (it is in the extra 'dev')")

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 240_000
"""Milliseconds; on a quiet machine a few thousand are needed."""


@dataclass
class Opened:
    """A page, what it said, and what it asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def all_texts(self, selector: str) -> list[str]:
        return [str(text) for text in self.page.locator(selector).all_inner_texts()]

    def holds(self, selector: str, value: str) -> None:
        """A control comes to hold a value."""
        playwright.expect(self.page.locator(selector)).to_have_value(value, timeout=PATIENCE)

    def count(self, selector: str, n: int) -> None:
        """There come to be so many, seen or not: a line straight down has no width."""
        playwright.expect(self.page.locator(selector)).to_have_count(n, timeout=PATIENCE)

    def width(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def nodes(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told of."""
        session = self.page.context.new_cdp_session(self.page)
        found = [node for node in session.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in found]

    def contrast(self, selector: str) -> float:
        """Of a text against its ground (WCAG 2.2)."""
        return float(self.page.evaluate(CONTRAST, selector))

    def shot(self, name: str) -> None:
        if folder := os.environ.get("LIKEWISE_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, in which the name evil.test was pointed at this machine."""
    args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP evil.test 127.0.0.1"]
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=args, timeout=PATIENCE)
        yield found
        found.close()


@contextmanager
def opening(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens addresses, each in a context of its own."""
    contexts = []

    def open_it(address: str, *, viewport: dict[str, int] = DESK, scheme: str = "light") -> Opened:
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True))
        contexts[-1].set_default_timeout(PATIENCE)
        opened = Opened(contexts[-1].new_page())
        opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.goto(address)
        return opened

    yield open_it
    for context in contexts:
        context.close()


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
