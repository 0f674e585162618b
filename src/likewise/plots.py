"""Charts of results as Altair objects, made from the same Vega-Lite marks as the page's; needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from likewise.errors import MissingExtraError

REAL, SYNTHETIC = "#8b9098", "#0f766e"
SIDES = {"domain": ["real", "synthetic"], "range": [REAL, SYNTHETIC]}

Rows = Sequence[Mapping[str, Any]]


def chart(rows: Rows, spec: Mapping[str, Any], *, title: str = "") -> Any:
    """An Altair chart of a Vega-Lite specification and its rows, to show, change or save.

    Raises:
        MissingExtraError: Altair is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("altair", "plot") from error
    values = [{key: _cell(value) for key, value in row.items()} for row in rows]
    return altair.Chart.from_dict({"title": title, "data": {"values": values}, "width": 360, "height": 240, **spec})


def _cell(value: Any) -> Any:
    """Names are shown as they are; what is a number of numpy's becomes one of Python's."""
    return value.item() if hasattr(value, "item") else value


def axis(field: str, kind: str, title: str | None = None, **more: Any) -> dict[str, Any]:
    """One side of a chart: its field, and its title where that is another.

    >>> axis("x", "quantitative", "age")
    {'field': 'x', 'type': 'quantitative', 'title': 'age'}
    """
    return {"field": field, "type": kind, "title": title, **more}


def bars(labels: Sequence[str], real: Sequence[float], synthetic: Sequence[float], title: str) -> Any:
    """Shares of the rows in bins or levels, real beside synthetic."""
    rows = [
        {"label": label, "share": share, "side": side}
        for side, shares in (("real", real), ("synthetic", synthetic))
        for label, share in zip(labels, shares, strict=True)
    ]
    spec = {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": axis("label", "nominal", sort=list(labels)),
            "y": axis("share", "quantitative", "share of rows", axis={"format": "%"}),
            "xOffset": {"field": "side", "type": "nominal"},
            "color": {"field": "side", "type": "nominal", "scale": SIDES, "title": None},
        },
    }
    return chart(rows, spec, title=title)


def cells(x: Sequence[str], y: Sequence[str], real: Sequence[float], synthetic: Sequence[float], title: str) -> Any:
    """Shares of the rows in the cells of two columns, real beside synthetic."""
    rows = [
        {"x": x[k % len(x)], "y": y[k // len(x)], "share": share, "side": side}
        for side, shares in (("real", real), ("synthetic", synthetic))
        for k, share in enumerate(shares)
    ]
    spec = {
        "mark": {"type": "rect", "tooltip": True},
        "width": 240,
        "encoding": {
            "x": axis("x", "nominal", sort=list(x)),
            "y": axis("y", "nominal", sort=list(y)),
            "color": axis("share", "quantitative", "share of rows", scale={"scheme": "teals"}),
            "column": {"field": "side", "type": "nominal", "title": None},
        },
    }
    return chart(rows, spec, title=title)


def intervals(rows: Rows, title: str, *, x: str, y: str = "name", by: str = "side") -> Any:
    """Figures with their intervals (`value`, `low`, `high`), a line each.

    Args:
        x: title of the axis of figures.
        y: field that names a line.
        by: field that colours it.
    """
    side = axis(y, "nominal", sort=None)
    colour = {"field": by, "type": "nominal", "title": None}
    spec: dict[str, Any] = {
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.5},
                "encoding": {"x": axis("low", "quantitative", x), "x2": {"field": "high"}, "y": side, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {"x": axis("value", "quantitative", x), "y": side, "color": colour},
            },
        ],
    }
    return chart(rows, spec, title=title)


def band(rows: Rows, title: str, *, x: str, y: str) -> Any:
    """A median with the band around it (`at`, `low`, `median`, `high`)."""
    spec = {
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.25, "color": SYNTHETIC},
                "encoding": {
                    "x": axis("at", "quantitative", x),
                    "y": axis("low", "quantitative", y, scale={"zero": False}),
                    "y2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "line", "color": SYNTHETIC, "tooltip": True},
                "encoding": {"x": axis("at", "quantitative", x), "y": axis("median", "quantitative", y)},
            },
        ],
    }
    return chart(rows, spec, title=title)
