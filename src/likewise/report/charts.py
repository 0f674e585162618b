"""Pictures of a report as SVG and HTML text: strips, histograms, bars, matrices. Colours come from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from likewise.evaluate.results import PairScore, Picture, Score

CELL = 20
MOST_COLUMNS = 40
MOST_TITLED = 30


def strip(score: Score, alt: str) -> str:
    """Where the value and its interval lie, with a tick at the floor."""
    low, high = _domain(score)

    def x(value: float) -> str:
        return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.2f}%"

    parts = ['<line class="track" x1="0" x2="100%" y1="10" y2="10"/>']
    if score.interval is not None:
        a, b = score.interval
        parts.append(f'<line class="range" x1="{x(a)}" x2="{x(b)}" y1="10" y2="10"/>')
    if score.floor is not None:
        parts.append(f'<line class="floor" x1="{x(score.floor)}" x2="{x(score.floor)}" y1="2" y2="18"/>')
    parts.append(f'<circle cx="{x(score.value)}" cy="10" r="5"/>')
    return f'<svg class="strip" role="img" aria-label="{escape(alt)}">{"".join(parts)}</svg>'


def _domain(score: Score) -> tuple[float, float]:
    ends = [score.value, *(score.interval or ()), *(() if score.floor is None else (score.floor,))]
    if score.name in ("c2st", "tstr_auc", "distance_share", "membership"):
        return min(0.48, *ends), 1.0
    if score.name == "tstr_r2":
        return min(0.0, *ends), 1.0
    if score.name in ("copies", "membership_tpr"):
        return 0.0, max(0.05, *ends)
    return 0.0, 1.3 * max(*ends, 1e-9, 0.0)


def histogram(picture: Picture, alt: str) -> str:
    """Real shares as filled steps, synthetic ones as a stepped line; the labels of the first and last bin below."""
    n, top = len(picture.labels), max(*picture.real, *picture.synthetic, 1e-9)

    def steps(shares: Sequence[float]) -> str:
        return "".join(f"V{100 - 96 * share / top:.1f}H{i + 1}" for i, share in enumerate(shares))

    real, synthetic = steps(picture.real), steps(picture.synthetic)
    labels = [picture.labels[0], picture.labels[n // 2], picture.labels[-1]] if n > 2 else list(picture.labels)
    axis = "".join(f"<span>{escape(label)}</span>" for label in dict.fromkeys(labels))
    return (
        f'<svg class="hist" viewBox="0 0 {n} 100" preserveAspectRatio="none" role="img" aria-label="{escape(alt)}">'
        f'<path class="real" d="M0 100{real}V100Z"/><path class="synthetic" d="M0 100{synthetic}V100"/>'
        f'<line class="base" x1="0" x2="{n}" y1="100" y2="100"/></svg>'
        f'<div class="axis" aria-hidden="true">{axis}</div>'
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


def shown_columns(names: Sequence[str], pairs: Sequence[PairScore]) -> list[str]:
    """The columns of the matrices: all, or the 40 that are part of the worst pairs, in table order."""
    if len(names) <= MOST_COLUMNS:
        return list(names)
    worst: dict[str, None] = {}
    for pair in sorted(pairs, key=lambda p: -(p.gap or 0.0)):
        if len(worst) < MOST_COLUMNS:
            worst |= {pair.a: None, pair.b: None}
    return [name for name in names if name in worst][:MOST_COLUMNS]


def link_matrix(names: Sequence[str], pairs: Sequence[PairScore], alt: str) -> str:
    """Strength of every link: real below the diagonal, synthetic above it."""
    place = {name: i for i, name in enumerate(names)}
    cells = []
    for pair in pairs:
        if pair.a in place and pair.b in place:
            i, j = sorted((place[pair.a], place[pair.b]))
            cells.append((i, j, pair.real, f"{pair.a} × {pair.b}: {_two(pair.real)}", len(names)))
            cells.append((j, i, pair.synthetic, f"{pair.a} × {pair.b}: {_two(pair.synthetic)}", len(names)))
    # Column i, row j: j > i lies below the diagonal.
    return _matrix(names, [_cell(i, j, value, title, n) for i, j, value, title, n in cells], alt)


def difference_matrix(names: Sequence[str], pairs: Sequence[PairScore], alt: str) -> str:
    """Error of every pair, the darkest cell being the greatest."""
    place = {name: i for i, name in enumerate(names)}
    top = max([pair.gap or 0.0 for pair in pairs], default=0.0) or 1.0
    cells = []
    for pair in pairs:
        if pair.a in place and pair.b in place:
            i, j = place[pair.a], place[pair.b]
            value = None if pair.gap is None else -pair.gap / top
            title = f"{pair.a} × {pair.b}: {_two(pair.gap)}"
            cells += [_cell(i, j, value, title, len(names)), _cell(j, i, value, title, len(names))]
    return _matrix(names, cells, alt)


def _cell(column: int, row: int, value: float | None, title: str, n: int) -> str:
    kind, shade = ("n", "") if value is None else ("p" if value >= 0 else "m", f' fill-opacity="{abs(value):.2f}"')
    if value is not None and abs(value) < 0.005:
        return ""
    box = f'<rect class="{kind}" x="{column * CELL}" y="{row * CELL}" width="{CELL}" height="{CELL}"{shade}'
    return f"{box}><title>{escape(title)}</title></rect>" if n <= MOST_TITLED else f"{box}/>"


def _matrix(names: Sequence[str], cells: Sequence[str], alt: str) -> str:
    n = len(names)
    size, margin = n * CELL, 118
    labels = "".join(
        f'<text x="-6" y="{(i + 0.5) * CELL + 4}" text-anchor="end">{escape(_short(name))}</text>'
        for i, name in enumerate(names)
    )
    return (
        f'<svg class="matrix" viewBox="{-margin} -1 {size + margin + 1} {size + 2}" role="img" '
        f'aria-label="{escape(alt)}">{labels}{"".join(cells)}'
        f'<line class="diagonal" x1="0" y1="0" x2="{size}" y2="{size}"/>'
        f'<rect class="frame" x="0" y="0" width="{size}" height="{size}"/></svg>'
    )


def _short(name: str, most: int = 18) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
