"""Small pictures of a report as SVG and HTML text: strips, histograms, bars. Colours come from the page's style.

They need no script, print as they are, and a hundred of them cost next to nothing. What must answer to the reader, the
pairs of columns, is drawn by Vega-Lite (`links.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape

from likewise.evaluate.results import Score
from likewise.evaluate.shown import Picture
from likewise.report.score_words import is_share

MOST_LETTERS = 38
"""Under a histogram, in all its labels; more run into each other in the narrowest card."""


def strip(score: Score, alt: str, ends: tuple[float, float] | None = None) -> str:
    """Where the value and its interval lie, with a tick at the floor and a dotted one at the plain copy.

    Args:
        ends: the scale's ends, where several strips share one.
    """
    low, high = ends or domain(score)

    def x(value: float) -> str:
        return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.2f}%"

    parts = ['<line class="track" x1="0" x2="100%" y1="10" y2="10"/>']
    if score.interval is not None:
        a, b = score.interval
        parts.append(f'<line class="range" x1="{x(a)}" x2="{x(b)}" y1="10" y2="10"/>')
    if score.floor is not None:
        parts.append(f'<line class="floor" x1="{x(score.floor)}" x2="{x(score.floor)}" y1="2" y2="18"/>')
    if score.copy is not None and low <= score.copy <= high:
        parts.append(f'<line class="copy" x1="{x(score.copy)}" x2="{x(score.copy)}" y1="2" y2="18"/>')
    parts.append(f'<circle cx="{x(score.value)}" cy="10" r="5"/>')
    kind = "strip worse" if score.stands == "worse" else "strip"
    return f'<svg class="{kind}" role="img" aria-label="{escape(alt)}">{"".join(parts)}</svg>'


def domain(*scores: Score) -> tuple[float, float]:
    """The scale on which figures of one measure are shown."""
    first = scores[0]
    ends = [x for s in scores for x in (s.value, *(s.interval or ()), *(() if s.floor is None else (s.floor,)))]
    ends = [x for x in ends if math.isfinite(x)] or [0.0]
    if first.floor == 0.5 or "auc" in first.name:  # chance is a half
        return min(0.48, *ends), 1.0
    if first.better != "lower" and max(ends) <= 1.0:
        return min(0.0, *ends), 1.0
    return min(0.0, *ends), max(0.05 if is_share(first.name) else 1e-9, 1.3 * max(ends))


def histogram(picture: Picture, alt: str) -> str:
    """Real shares as filled steps, synthetic ones as a stepped line; the labels of the first and last bin below."""
    n, top = len(picture.labels), max(*picture.real, *picture.synthetic, 1e-9)

    def steps(shares: Sequence[float]) -> str:
        return "".join(f"V{100 - 96 * share / top:.1f}H{i + 1}" for i, share in enumerate(shares))

    real, synthetic = steps(picture.real), steps(picture.synthetic)
    labels = [picture.labels[0], picture.labels[n // 2], picture.labels[-1]] if n > 2 else list(picture.labels)
    if sum(map(len, labels)) > MOST_LETTERS:
        labels = [labels[0], labels[-1]]
    axis = "".join(f"<span>{escape(label)}</span>" for label in dict.fromkeys(labels))
    bins = json.dumps(
        [(label, round(1e4 * r), round(1e4 * s))
         for label, r, s in zip(picture.labels, picture.real, picture.synthetic, strict=True)],
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip
    return (
        f'<svg class="hist" data-bins="{escape(bins)}" '
        f'viewBox="0 0 {n} 100" preserveAspectRatio="none" role="img" aria-label="{escape(alt)}">'
        f'<path class="real" d="M0 100{real}V100Z"/><path class="synthetic" d="M0 100{synthetic}V100"/>'
        f'<line class="base" x1="0" x2="{n}" y1="100" y2="100"/></svg>'
        f'<div class="axis" aria-hidden="true">{axis}</div>'
    )


def lines(
    labels: Sequence[str], real: Sequence[float | None], synthetic: Sequence[float | None], alt: str, *, shares: bool
) -> str:
    """Two stepped lines along a scale, broken where nothing is told; below, the first and last label, and what least
    and most stand for.

    Args:
        shares: they are counted from none.
    """
    known = [x for x in (*real, *synthetic) if x is not None] or [0.0]
    low, high = 0.0 if shares else min(known), max(known)
    span = (high - low) or 1.0

    def path(values: Sequence[float | None]) -> str:
        parts, pen = [], "M"
        for i, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            y = 96 - 92 * (value - low) / span
            parts.append(f"{pen}{i} {y:.1f}H{i + 1}")
            pen = "L"
        return "".join(parts)

    ends = "".join(f"<span>{escape(label)}</span>" for label in dict.fromkeys((labels[0], labels[-1])))
    return (
        f'<svg class="lines" viewBox="0 0 {len(labels)} 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(alt)}"><path class="real" d="{path(real)}"/>'
        f'<path class="synthetic" d="{path(synthetic)}"/></svg>'
        f'<div class="axis" aria-hidden="true">{ends}</div>'
        f'<p class="under">{low:,.4g} – {high:,.4g}</p>'
    )


def bars(picture: Picture, alt: str) -> str:
    """Two thin bars per level, real above synthetic."""
    top = max(*picture.real, *picture.synthetic, 1e-9)
    rows = "".join(
        f'<span title="{escape(label)}">{escape(label)}</span>'
        f'<div><b class="r" style="width:{100 * real / top:.1f}%"></b>'
        f'<b class="s" style="width:{100 * synthetic / top:.1f}%"></b></div>'
        for label, real, synthetic in zip(picture.labels, picture.real, picture.synthetic, strict=True)
    )
    return f'<div class="bars" role="img" aria-label="{escape(alt)}">{rows}</div>'


def paired_bars(score: Score, texts: tuple[str, str, str, str], top: float) -> str:
    """One figure twice: as learnt from real rows, and as learnt from synthetic ones, from zero to `top`.

    Args:
        texts: the label, the real figure, the synthetic figure, and what it all says to who cannot see it.
    """
    name, real, synthetic, alt = texts
    rows = "".join(
        f'<div><b class="{kind}" style="width:{100 * max(0.0, value) / top:.1f}%"></b><span>{figure}</span></div>'
        for kind, value, figure in (("r", score.floor or 0.0, real), ("s", score.value, synthetic))
    )
    return f'<li role="img" aria-label="{escape(alt)}"><span>{escape(name)}</span><div class="two">{rows}</div></li>'
