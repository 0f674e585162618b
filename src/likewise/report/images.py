"""The parts of the page that only images have: strips by class, the classes one by one, the closest pairs.

Real images stand here only where the report holds some, which it does on request alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from likewise.evaluate.results import ImageGrid, Report
from likewise.report import charts
from likewise.report.markup import SIDES, key, row, section, table
from likewise.report.words import ends, error_text


def images(report: Report, text: dict[str, str]) -> str:
    """The strips, and the pairs that come closest; empty where there are none."""
    grids = {grid.shows: grid for grid in report.images}
    synthetic, real = grids.get("synthetic"), grids.get("real")
    if synthetic is None:
        return ""
    lines = "".join(_line(place, synthetic, real, text) for place in range(len(synthetic.labels)))
    title, told = text["images"], f'<p class="soft small">{text["images_hidden"]}</p>'
    if real:
        title, told = text["images_beside"], key(text, reversed(SIDES))
    strips = section("images", title, told, f'<div class="strips">{lines}</div>')
    return strips + _closest(grids.get("closest"), text)


def _line(place: int, synthetic: ImageGrid, real: ImageGrid | None, text: dict[str, str]) -> str:
    """The strip at a place, and the real one of the same class; without labels, of the same place."""
    label = synthetic.labels[place]
    parts = [_strip(synthetic, place, "strip_synthetic", "s", text)]
    if real is not None and label in real.labels:
        beside = real.labels.index(label) if label else min(place, len(real.labels) - 1)
        parts.append(_strip(real, beside, "strip_real", "r", text))
    return f"<div>{f'<h3>{escape(label)}</h3>' if label else ''}{''.join(parts)}</div>"


def _strip(grid: ImageGrid, place: int, alt: str, kind: str, text: dict[str, str]) -> str:
    said = text[alt].format(label=grid.labels[place] or text["no_label"])
    return f'<img class="{kind}" src="data:image/png;base64,{grid.strips[place]}" alt="{escape(said)}">'


def _closest(grid: ImageGrid | None, text: dict[str, str]) -> str:
    if grid is None:
        return ""
    kinds = {"synthetic": "s", "real": "r"}
    lines = "".join(
        f'<div><h3>{text[label]}</h3><img class="{kinds[label]}" src="data:image/png;base64,{source}" '
        f'alt="{escape(text[label])}"></div>'
        for label, source in zip(grid.labels, grid.strips, strict=True)
    )
    note = f'<p class="soft small">{text["closest_note"]}</p>'
    return section("closest", text["closest"], note, f'<div class="strips">{lines}</div>')


def classes(report: Report, text: dict[str, str]) -> str:
    """The classes one by one, and their shares; empty without labels."""
    if not report.columns:
        return ""
    return section("classes", text["classes"], *_shares(report, text), _table(report, text))


def _shares(report: Report, text: dict[str, str]) -> Iterator[str]:
    for column in report.columns:
        if column.picture is not None:
            alt = text["column_alt"].format(
                name=text["classes"], form=text[column.picture.form], error=error_text(column.error)
            )
            yield f'{key(text)}<div class="shares">{charts.bars(column.picture, alt)}</div>'


def _table(report: Report, text: dict[str, str]) -> str:
    if not report.subgroups:
        return ""
    keys = ("class", "synthetic", "real", "true_label", "floor", "recognised", "floor", "interval")
    rows = (
        row(
            escape(g.level), (f"{g.n_synthetic:,}", "soft"), (f"{g.n_real:,}", "soft"),
            (error_text(g.label_fidelity), "value"), error_text(g.label_fidelity_floor),
            (error_text(g.utility), "value"), error_text(g.utility_floor), (ends(g.interval), "wide"),
        )
        for g in report.subgroups
    )  # fmt: skip
    return table((text[name] for name in keys), rows, about="classes")
