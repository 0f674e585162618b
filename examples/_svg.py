"""A plot as SVG text: axes, lines, bands, points and whiskers. Enough for the examples' pictures, and no more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

INK, FAINT, PAPER = "#1f2933", "#d9dee3", "#ffffff"
COLOURS = ("#2563a8", "#c2410c", "#4d7c0f", "#7e22ce")
MARGIN = {"left": 190, "right": 40, "top": 84, "bottom": 64}


class Plot:
    """One pair of axes.

    Args:
        title, subtitle: what the picture says, and what it shows.
        x, y: (least, greatest) of each axis.
        x_label, y_label: what the axes count.
        rows: names of evenly spaced rows instead of a y axis of numbers; the first stands on top.
    """

    def __init__(
        self,
        title: str,
        subtitle: str,
        *,
        x: tuple[float, float],
        y: tuple[float, float] = (0.0, 1.0),
        x_label: str = "",
        y_label: str = "",
        rows: Sequence[str] = (),
        size: tuple[int, int] = (960, 560),
    ) -> None:
        self.x, self.rows = x, list(rows)
        self.y = (len(rows) - 0.5, -0.5) if rows else y
        self.width, self.height = size
        self.left = MARGIN["left"] if rows else 84
        self.parts: list[str] = []
        corner, opposite = self.at(x[0], self.y[1]), self.at(x[1], self.y[0])
        self.parts.append(
            f'<clipPath id="axes"><rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{opposite[0] - corner[0]:.1f}" '
            f'height="{opposite[1] - corner[1]:.1f}"/></clipPath>'
        )
        self._text(self.left, 34, title, size=21, weight=600)
        self._text(self.left, 60, subtitle, size=14, colour="#52606d")
        self._axes(x_label, y_label)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data lies on the page."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        page_x = self.left + across * (self.width - self.left - MARGIN["right"])
        return page_x, self.height - MARGIN["bottom"] - up * (self.height - MARGIN["top"] - MARGIN["bottom"])

    def line(
        self, xs: Sequence[float], ys: Sequence[float], *, colour: str, width: float = 2, opacity: float = 1
    ) -> None:
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (self.at(x, y) for x, y in zip(xs, ys, strict=True)))
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" opacity="{opacity}" '
            'stroke-linejoin="round" clip-path="url(#axes)"/>'
        )

    def band(
        self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], *, colour: str, opacity: float
    ) -> None:
        way = [*zip(xs, low, strict=True), *reversed(list(zip(xs, high, strict=True)))]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (self.at(x, y) for x, y in way))
        self.parts.append(f'<polygon points="{points}" fill="{colour}" opacity="{opacity}" clip-path="url(#axes)"/>')

    def point(self, x: float, y: float, *, colour: str, radius: float = 4, opacity: float = 1) -> None:
        a, b = self.at(x, y)
        self.parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}" fill="{colour}" opacity="{opacity}"/>')

    def whisker(self, low: float, high: float, y: float, *, colour: str, opacity: float = 1, width: float = 2) -> None:
        """A line across, from low to high."""
        self.line([low, high], [y, y], colour=colour, width=width, opacity=opacity)

    def note(self, x: float, y: float, text: str, *, colour: str = INK, anchor: str = "start") -> None:
        a, b = self.at(x, y)
        self._text(a, b, text, size=13, colour=colour, anchor=anchor)

    def legend(self, names: Sequence[tuple[str, str]]) -> None:
        """(name, colour) side by side, above the axes on the right."""
        a = self.width - MARGIN["right"]
        for name, colour in reversed(names):
            self._text(a, MARGIN["top"] - 8, name, size=13, anchor="end")
            a -= 6.5 * len(name) + 12
            self.parts.append(f'<circle cx="{a:.1f}" cy="{MARGIN["top"] - 12}" r="5" fill="{colour}"/>')
            a -= 22

    def save(self, path: Path) -> None:
        body = "\n".join(self.parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'font-family="system-ui, sans-serif">\n<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

    def _axes(self, x_label: str, y_label: str) -> None:
        bottom = self.y[0]
        for x in ticks(*self.x):
            self.line([x, x], list(self.y), colour=FAINT, width=1)
            a, b = self.at(x, bottom)
            self._text(a, b + 20, f"{x:,.10g}", size=12, anchor="middle", colour="#52606d")
        for i, name in enumerate(self.rows):
            a, b = self.at(self.x[0], i)
            self._text(a - 10, b + 4, name, size=13, anchor="end")
        for y in () if self.rows else ticks(*self.y):
            self.line(list(self.x), [y, y], colour=FAINT, width=1)
            a, b = self.at(self.x[0], y)
            self._text(a - 8, b + 4, f"{y:,.10g}", size=12, anchor="end", colour="#52606d")
        middle = (self.left + self.width - MARGIN["right"]) / 2
        self._text(middle, self.height - 18, x_label, size=13, anchor="middle")
        if y_label:
            b = (self.height + MARGIN["top"] - MARGIN["bottom"]) / 2
            turned = f'transform="rotate(-90 22 {b:.0f})"'
            self._text(22, b, y_label, size=13, anchor="middle", extra=turned)

    def _text(
        self, x: float, y: float, text: str, *, size: int, weight: int = 400, colour: str = INK, anchor: str = "start",
        extra: str = "",
    ) -> None:  # fmt: skip
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
            f'text-anchor="{anchor}" {extra}>{escape(text)}</text>'
        )


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between two, five or so.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    low, high = min(low, high), max(low, high)
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = min((m * power for m in (1, 2, 2.5, 5, 10)), key=lambda s: abs(s - rough))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]
