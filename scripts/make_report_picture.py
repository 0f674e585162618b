"""Make docs/report.png, parts of the report that `likewise demo` writes: `python scripts/make_report_picture.py`.

It needs Playwright (extra `dev`) and Debian's Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "docs" / "report.png"
# The summary, six columns and the pairs; the tables between them would make the picture too long to look at.
PARTS = """
section:has(> #scores), section:has(> #prediction), section:has(> #guesses), section:has(> #groups),
section:has(> #method), .columns > li:nth-child(n + 7), details, footer { display: none; }
main { padding-bottom: 2.5rem; }
"""


def main(report: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(Path(report).resolve().as_uri())
        page.wait_for_selector("#pair-difference[data-drawn]")
        page.add_style_tag(content=PARTS)
        page.screenshot(path=TARGET, full_page=True)
        browser.close()
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "likewise-demo/report.html")
