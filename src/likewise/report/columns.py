"""The columns on the page: real and synthetic overlaid, sortable by how far apart, and as a table."""

from __future__ import annotations

from html import escape

from likewise.evaluate.results import ColumnScore, Report
from likewise.report import charts
from likewise.report.words import error_text


def columns(report: Report, text: dict[str, str]) -> str:
    """The section; empty where there are no columns."""
    if not report.columns:
        return ""
    order = sorted(range(len(report.columns)), key=lambda i: -(report.columns[i].error or 0.0))
    rank = {i: place for place, i in enumerate(order)}
    cards = "".join(_column_card(report.columns[i], i, rank[i], text) for i in order)
    buttons = "".join(
        f'<button type="button" data-by="{by}" aria-pressed="{pressed}">{text[name]}</button>'
        for by, name, pressed in (
            ("rank", "by_error", "true"),
            ("name", "by_name", "false"),
            ("order", "by_order", "false"),
        )
    )
    return (
        f'<section aria-labelledby="columns"><h2 id="columns">{text["columns"]}</h2>'
        f'<p class="key"><span><i class="r"></i>{text["real"]}</span>'
        f'<span><i class="s"></i>{text["synthetic"]}</span></p>'
        f'<fieldset class="sort"><legend>{text["sort"]}</legend>{buttons}</fieldset>'
        f'<ol class="columns">{cards}</ol>'
        f"<details><summary>{text['numbers_table']}</summary>{_column_table(report, text)}</details></section>"
    )


def _column_card(column: ColumnScore, order: int, rank: int, text: dict[str, str]) -> str:
    picture, body = column.picture, f'<p class="under">{text["hidden"]}</p>'
    if picture is not None:
        alt = text["column_alt"].format(name=column.name, form=text[picture.form], error=error_text(column.error))
        body = charts.histogram(picture, alt) if picture.form == "bins" else charts.bars(picture, alt)
    under = ""
    if column.missing_real or column.missing_synthetic:
        under = (
            f'<p class="under">{text["missing_real"]} {column.missing_real:.1%}, '
            f"{text['synthetic']} {column.missing_synthetic:.1%}</p>"
        )
    return (
        f'<li class="card" data-order="{order}" data-rank="{rank}" data-name="{escape(column.name)}">'
        f'<div class="top"><h3>{escape(column.name)}</h3><span title="{text["floor"]} {error_text(column.floor)}">'
        f"{error_text(column.error)}</span></div>{body}{under}</li>"
    )


def _column_table(report: Report, text: dict[str, str]) -> str:
    heads = ("column", "kind", "error", "floor", "missing_real", "missing_synthetic", "mean", "tells")
    head = "".join(f'<th scope="col">{text[h]}</th>' for h in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(c.name)}</th><td>{escape(text.get("kind_" + c.kind, c.kind))}</td>'
        f"<td>{error_text(c.error)}</td><td>{error_text(c.floor)}</td>"
        f"<td>{c.missing_real:.1%}</td><td>{c.missing_synthetic:.1%}</td>"
        f'<td class="wide">{_means(c)}</td><td>{"–" if c.tells is None else f"{c.tells:.3f}"}</td></tr>'
        for c in report.columns
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _means(column: ColumnScore) -> str:
    if column.mean_real is None or column.mean_synthetic is None:
        return "–"
    return f"{column.mean_real:,.4g} → {column.mean_synthetic:,.4g}"
