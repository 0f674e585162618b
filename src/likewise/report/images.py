"""The parts of the page that only images have: strips by class, the classes one by one, the closest pairs.

Real images stand here only where the report holds some, which it does on request alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from likewise.evaluate.results import ImageGrid, Report
from likewise.report import charts
from likewise.report.words import error_text


def images(report: Report, text: dict[str, str]) -> str:
    """The strips, and the pairs that come closest; empty where there are none."""
    grids = {grid.shows: grid for grid in report.images}
    synthetic, real = grids.get("synthetic"), grids.get("real")
    if synthetic is None:
        return ""
    told = "" if real else f'<p class="soft small">{text["images_hidden"]}</p>'
    key = (
        f'<p class="key"><span><i class="s"></i>{text["synthetic"]}</span>'
        f'<span><i class="r"></i>{text["real"]}</span></p>'
        if real
        else ""
    )
    lines = "".join(_line(place, synthetic, real, text) for place in range(len(synthetic.labels)))
    return (
        f'<section aria-labelledby="images"><h2 id="images">{text["images_beside" if real else "images"]}</h2>'
        f'{told}{key}<div class="strips">{lines}</div></section>{_closest(grids.get("closest"), text)}'
    )


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
    return (
        f'<section aria-labelledby="closest"><h2 id="closest">{text["closest"]}</h2>'
        f'<p class="soft small">{text["closest_note"]}</p><div class="strips">{lines}</div></section>'
    )


def classes(report: Report, text: dict[str, str]) -> str:
    """The classes one by one, and their shares; empty without labels."""
    if not report.columns:
        return ""
    head = f'<h2 id="classes">{text["classes"]}</h2>'
    return f'<section aria-labelledby="classes">{head}{"".join(_shares(report, text))}{_table(report, text)}</section>'


def _shares(report: Report, text: dict[str, str]) -> Iterator[str]:
    for column in report.columns:
        if column.picture is not None:
            alt = text["column_alt"].format(
                name=text["classes"], form=text[column.picture.form], error=error_text(column.error)
            )
            yield (
                f'<p class="key"><span><i class="r"></i>{text["real"]}</span>'
                f'<span><i class="s"></i>{text["synthetic"]}</span></p>'
                f'<div class="shares">{charts.bars(column.picture, alt)}</div>'
            )


def _table(report: Report, text: dict[str, str]) -> str:
    if not report.subgroups:
        return ""
    keys = ("class", "synthetic", "real", "true_label", "floor", "recognised", "floor", "interval")
    head = "".join(f'<th scope="col">{escape(text[key])}</th>' for key in keys)
    rows = "".join(
        f'<tr><th scope="row">{escape(g.level)}</th><td class="soft">{g.n_synthetic:,}</td>'
        f'<td class="soft">{g.n_real:,}</td>'
        f'<td class="value">{error_text(g.label_fidelity)}</td><td>{error_text(g.label_fidelity_floor)}</td>'
        f'<td class="value">{error_text(g.utility)}</td><td>{error_text(g.utility_floor)}</td>'
        f'<td class="wide">{" – ".join(map(error_text, g.interval or ()))}</td></tr>'
        for g in report.subgroups
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="classes"><table><thead><tr>{head}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
