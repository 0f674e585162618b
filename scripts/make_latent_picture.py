"""Make docs/latent.png, the latent space of the embedded data set: `python scripts/make_latent_picture.py`.

It prints the table of docs/latent.md too. It needs Playwright (extra `dev`) and Debian's Chromium.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import likewise as lw
from likewise.data import adult
from likewise.report.bundle import PARTS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "latent.png"
SHOWN = 3000
"""Points of each picture."""

STEPS = 7
COLUMNS = ["age", "education", "marital-status", "occupation", "sex", "hours-per-week", "income"]
COLOURS = {"field": "status", "type": "nominal", "scale": {"scheme": "tableau10"}, "title": "marital status"}


def main() -> None:
    frame = adult()
    synth = lw.Synthesizer("vae", latent_dim=2, random_state=0).fit(frame)
    some = frame.sample(SHOWN, seed=0)
    z = synth.encode(some)
    a = frame.filter((pl.col("age") == 19) & (pl.col("marital-status") == "Never-married")).head(1)
    b = frame.filter((pl.col("age") == 52) & (pl.col("marital-status") == "Married-civ-spouse")).head(1)
    way = synth.interpolate(a, b, STEPS, random_state=0)
    ends = np.linspace(synth.encode(a)[0], synth.encode(b)[0], STEPS)
    drawn = synth.sample(SHOWN, random_state=1)
    z_drawn = synth.encode(drawn)
    both = np.concatenate([z, z_drawn])
    domains = np.stack([np.floor(both.min(0)), np.ceil(both.max(0))], 1).tolist()
    panels = [
        panel(f"{SHOWN:,} rows of the table", points(some, z), ends, domains),
        panel(f"{SHOWN:,} rows drawn, encoded", points(drawn, z_drawn), ends, domains),
    ]
    shoot({"hconcat": panels, "config": {"view": {"stroke": "#ddd"}, "font": "sans-serif"}})
    rows = way.select(pl.Series("step", range(1, STEPS + 1)), *COLUMNS)
    for cells in (rows.columns, ["---"] * rows.width, *rows.iter_rows()):
        print(f"| {' | '.join(str(cell) for cell in cells)} |")


def points(frame: pl.DataFrame, z: np.ndarray) -> list[dict[str, Any]]:
    """What Vega-Lite takes, one dict a row."""
    return frame.select(status="marital-status").with_columns(a=z[:, 0].round(3), b=z[:, 1].round(3)).to_dicts()


def panel(title: str, rows: list[dict[str, Any]], way: np.ndarray, domains: list[list[float]]) -> dict[str, Any]:
    """One picture: rows where they lie, and the way between two of them."""
    plain = {"type": "quantitative", "axis": {"grid": False}}
    at = {
        "x": plain | {"field": "a", "title": "latent 1", "scale": {"domain": domains[0]}},
        "y": plain | {"field": "b", "title": "latent 2", "scale": {"domain": domains[1]}},
    }
    stops = [{"a": float(x), "b": float(y), "step": i + 1} for i, (x, y) in enumerate(way)]
    cloud = {"data": {"values": rows}, "mark": {"type": "circle", "size": 12, "opacity": 0.55}}
    line = {"mark": {"type": "line", "color": "black", "strokeWidth": 1.5}}
    dots = {"mark": {"type": "circle", "size": 260, "color": "white", "stroke": "black", "opacity": 1}}
    names = {"mark": {"type": "text", "fontSize": 11}}
    return {
        "title": title,
        "width": 420,
        "height": 420,
        "layer": [
            cloud | {"encoding": at | {"color": COLOURS}},
            {
                "data": {"values": stops},
                "layer": [
                    line | {"encoding": at | {"order": {"field": "step"}}},
                    dots | {"encoding": at},
                    names | {"encoding": at | {"text": {"field": "step"}}},
                ],
            },
        ],
    }


def shoot(spec: dict[str, Any]) -> None:
    from playwright.sync_api import sync_playwright

    vendor = files("likewise.report") / "vendor"
    scripts = "".join(f"<script>{(vendor / name).read_text('utf-8')}</script>" for name in PARTS)
    draw = "new vega.View(vega.parse(vegaLite.compile(spec).spec), {renderer: 'svg'})"
    page_text = (
        f"<body style='margin: 16px; background: white'><div id=picture></div>{scripts}<script>"
        f"const spec = {json.dumps(spec)}; {draw}.initialize('#picture').runAsync()"
        ".then(() => document.body.dataset.drawn = 1)</script>"
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        source = Path(folder) / "latent.html"
        source.write_text(page_text, "utf-8")
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 560})
        page.goto(source.as_uri())
        page.wait_for_selector("body[data-drawn]")
        page.locator("#picture svg").screenshot(path=TARGET)
        browser.close()
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
