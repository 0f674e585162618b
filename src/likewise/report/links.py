"""Pairs of columns on the page: two matrices, the view of one pair, the table of those that differ most.

The pictures are Vega-Lite specifications without data; `page.js` fills them from one JSON block and draws them when
they come into view. Colours are those of the page's style, so that they follow light, dark and print.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from likewise.evaluate.results import PairScore, Report
from likewise.report.advice import clearance
from likewise.report.markup import key, row, section, table
from likewise.report.words import error_text

MOST_COLUMNS = 40
WORST_PAIRS = 12
STEPS = ((8, 40), (12, 30), (18, 22), (26, 16), (MOST_COLUMNS, 12))
FAINT = 0.15
FONT = "system-ui, sans-serif"  # named, so that Vega can measure it
AXIS: dict[str, Any] = {
    "title": None,
    "domain": False,
    "ticks": False,
    "labelColor": "var(--soft)",
    "labelFont": FONT,
    "labelFontSize": 11,
    "labelOverlap": False,
    "labelLimit": 110,
}
SIGNS = {"domain": ["more", "less", "none"], "range": ["var(--plus)", "var(--minus)", "var(--line)"]}


def links(report: Report, text: dict[str, str]) -> str:
    """The section; empty where there are no pairs."""
    if not report.pairs:
        return ""
    every = [c.name for c in report.columns]
    names = shown_columns(every, report.pairs)
    most = error_text(max(p.gap or 0.0 for p in report.pairs))
    note = text["most_columns"].format(n=len(names), all=len(every)) if len(names) < len(every) else ""
    alts = text["matrix_alt"].format(n=len(names)), text["difference_alt"].format(n=len(names), most=most)
    captions = text["strength"], text["difference_scale"].format(limit=error_text(error_scale(report)[0][1]), most=most)
    figures = "".join(
        f'<figure><figcaption>{escape(caption)}</figcaption><div class="plot" id="{name}" role="img" '
        f'aria-label="{escape(alt)}"></div></figure>'
        for name, caption, alt in zip(("strengths", "errors"), captions, alts, strict=True)
    )
    return section(
        "links", text["links"], key(text, (("p", "positive"), ("m", "negative")), note),
        f'<noscript><p class="notice">{text["no_script"]}</p></noscript>',
        f'<div class="matrices">{figures}</div>{_pair_view(report.pairs, text)}',
        f"<details><summary>{text['worst_pairs']}</summary>{_pair_table(report.pairs, text)}</details>",
        _data(names, report, text),
    )  # fmt: skip


def shown_columns(names: Sequence[str], pairs: Sequence[PairScore]) -> list[str]:
    """The columns of the matrices: all, or the 40 that are part of the worst pairs, in table order."""
    if len(names) <= MOST_COLUMNS:
        return list(names)
    worst: dict[str, None] = {}
    for pair in sorted(pairs, key=lambda p: -(p.gap or 0.0)):
        if len(worst) < MOST_COLUMNS:
            worst |= {pair.a: None, pair.b: None}
    return [name for name in names if name in worst][:MOST_COLUMNS]


def excess(report: Report, pair: PairScore) -> float:
    """How far a pair's error lies above what fresh real rows have, of this pair or else on average."""
    floor = pair.floor if pair.floor is not None else report["trend"].floor if "trend" in report else None
    return max(0.0, (pair.gap or 0.0) - (floor or 0.0))


def error_scale(report: Report) -> tuple[list[float], list[float]]:
    """Errors above the floor, and the opacity of each: faint as far as chance alone can take a pair, then up to the
    greatest. A table that differs by chance only stays pale."""
    limit = clearance(report, len(report.pairs)) or 1e-3
    top = max((excess(report, p) for p in report.pairs), default=0.0)
    return [0.0, limit, max(top, 2 * limit)], [0.0, FAINT, 1.0]


def matrix(names: Sequence[str], errors: tuple[list[float], list[float]] | None = None) -> dict[str, Any]:
    """Cells x, y of a pair: colour by sign, strength by opacity.

    Args:
        errors: sizes, and how opaque each is (`error_scale`); None for strengths from 0 to 1.
    """
    opacity = _opacity([0, 1], [0, 1], "sqrt") if errors is None else _opacity(*errors)
    step = next(size for most, size in STEPS if len(names) <= most)
    side = {"type": "nominal", "scale": {"domain": list(names), "padding": 0}}
    return {
        "width": {"step": step},
        "height": {"step": step},
        "mark": {"type": "rect", "cursor": "pointer", "aria": False},
        "encoding": {
            "x": {"field": "x", **side, "axis": {**AXIS, "labelAngle": -90}},
            "y": {"field": "y", **side, "axis": AXIS},
            "color": {"field": "sign", "type": "nominal", "scale": SIGNS, "legend": None},
            "opacity": {"field": "size", "type": "quantitative", "scale": opacity, "legend": None},
            "tooltip": {"field": "told", "type": "nominal"},
        },
        "config": _config(),
    }


def grid(colour: str) -> dict[str, Any]:
    """The cells of one pair of columns; the page sets the two domains and the greatest share."""
    return {
        "width": 250,
        "height": 210,
        "mark": {"type": "rect", "aria": False},
        "encoding": {
            "x": {"field": "x", "type": "nominal", "scale": {"padding": 0}, "axis": {**AXIS, "labelAngle": -40}},
            "y": {"field": "y", "type": "nominal", "scale": {"padding": 0}, "axis": AXIS},
            "color": {"value": colour}
            if colour
            else {"field": "sign", "type": "nominal", "scale": SIGNS, "legend": None},
            "opacity": {
                "field": "size",
                "type": "quantitative",
                "scale": _opacity([0, 1], [0, 1], "sqrt"),
                "legend": None,
            },
            "tooltip": {"field": "told", "type": "nominal"},
        },
        "config": _config(),
    }


def _opacity(domain: Sequence[float], levels: Sequence[float], kind: str = "linear") -> dict[str, Any]:
    return {"type": kind, "domain": list(domain), "range": list(levels), "clamp": True}


def _config() -> dict[str, Any]:
    return {"background": None, "view": {"stroke": "var(--line)"}, "font": FONT, "aria": False, "padding": 2}


def _pair_view(pairs: Sequence[PairScore], text: dict[str, str]) -> str:
    """A choice of pair, by keyboard or by a click in a matrix, and three grids."""
    order = sorted((k for k, p in enumerate(pairs) if p.grid is not None), key=lambda k: -(pairs[k].gap or 0.0))
    if not order:
        return ""
    options = "".join(
        f'<option value="{k}">{escape(pairs[k].a)} × {escape(pairs[k].b)} ({error_text(pairs[k].gap)})</option>'
        for k in order
    )
    plots = "".join(
        f'<figure><figcaption>{text[caption]}</figcaption><div class="plot" id="pair-{name}" role="img" '
        f'aria-label="{text[caption]}" aria-describedby="pair-told"></div></figure>'
        for name, caption in (("real", "real"), ("synthetic", "synthetic"), ("difference", "pair_difference"))
    )
    return (
        f'<h3 id="pair-head">{text["pair_view"]}</h3><p class="choose"><label>{text["pair"]} '
        f'<select id="pair">{options}</select></label> <span class="soft small">{text["pair_hint"]}</span></p>'
        f'<p id="pair-told" class="small" aria-live="polite"></p><div class="grids">{plots}</div>'
    )


def _pair_table(pairs: Sequence[PairScore], text: dict[str, str]) -> str:
    worst = sorted(pairs, key=lambda p: -(p.gap or 0.0))[:WORST_PAIRS]
    rows = (
        row(f"{escape(p.a)} × {escape(p.b)}", *map(error_text, (p.gap, p.real, p.synthetic))) for p in worst
    )  # fmt: skip
    return table((text[head] for head in ("pair", "error", "real", "synthetic")), rows)


def _data(names: Sequence[str], report: Report, text: dict[str, str]) -> str:
    """What the pictures show, rounded: pairs as [a, b, real, synthetic, gap, gap above floor], grids in 1/10,000."""
    pairs = report.pairs
    place = {name: i for i, name in enumerate(dict.fromkeys([*names, *(n for p in pairs for n in (p.a, p.b))]))}
    plain = {
        "names": list(place),
        "shown": len(names),
        "pairs": [
            [place[p.a], place[p.b], *map(_rounded, (p.real, p.synthetic, p.gap, excess(report, p)))] for p in pairs
        ],
        "grids": {
            k: [p.grid.x, p.grid.y, [round(1e4 * s) for s in p.grid.real], [round(1e4 * s) for s in p.grid.synthetic]]
            for k, p in enumerate(pairs)
            if p.grid is not None
        },
        "specs": {
            "strengths": matrix(names),
            "errors": matrix(names, error_scale(report)),
            "real": grid("var(--grid-real)"),
            "synthetic": grid("var(--synthetic)"),
            "difference": grid(""),
        },
        "words": {key: text[key] for key in ("pair_told", "pair_worst", "no_grid", "real", "synthetic")},
    }
    # A level may hold any text; "</script>" must not end the block.
    block = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="data">{block}</script>'


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
