"""The columns on the page: real and synthetic overlaid, sortable by how far apart, and as a table."""

from __future__ import annotations

from html import escape

from likewise.evaluate.results import ColumnScore, Report
from likewise.report import charts
from likewise.report.advice import MARK, beyond
from likewise.report.markup import key, row, section, table
from likewise.report.words import ends, error_text

# What the table of columns shows besides, where it was measured, and whether it is a share.
MEASURES: dict[str, bool] = {
    "tells": False,
    "wasserstein": False,
    "quantile_gap": False,
    "range_coverage": True,
    "tail_low": True,
    "tail_high": True,
    "level_coverage": True,
    "unseen": True,
}
MANY = 100


def columns(report: Report, text: dict[str, str]) -> str:
    """The section; empty where there are no columns."""
    if not report.columns:
        return ""
    return section(
        "columns", text["columns"], key(text),
        f'<p class="soft small">{escape(text["apart_note"].format(mark=MARK))}</p>',
        _controls(report, len(beyond(report)), text),
        cards(report, text),
        f"<details><summary>{text['numbers_table']}</summary>{_column_table(report, text)}</details>",
    )  # fmt: skip


def cards(report: Report, text: dict[str, str], *, most: int | None = None) -> str:
    """A card a column, those furthest apart first.

    Args:
        most: so many at most.
    """
    order = sorted(range(len(report.columns)), key=lambda i: -(report.columns[i].error or 0.0))[:most]
    rank, marked = {i: place for place, i in enumerate(order)}, beyond(report)
    paired = {name for pair in report.pairs if pair.grid is not None for name in (pair.a, pair.b)}
    shown = "".join(
        _column_card(c, i, rank[i], text, is_beyond=c.name in marked, has_pairs=c.name in paired)
        for i, c in ((i, report.columns[i]) for i in order)
    )
    # Of many cards the browser lays out those near the window.
    kind = "columns many" if len(report.columns) > MANY else "columns"
    return f'<ol class="{kind}" data-told="{escape(text["bin_told"])}">{shown}</ol>'


def _controls(report: Report, n_beyond: int, text: dict[str, str]) -> str:
    """Order, search by name, and a switch that leaves only what lies beyond its floor."""
    buttons = "".join(
        f'<button type="button" data-by="{by}" aria-pressed="{pressed}">{text[name]}</button>'
        for by, name, pressed in (
            ("rank", "by_error", "true"),
            ("name", "by_name", "false"),
            ("order", "by_order", "false"),
        )
    )
    named = text["only_beyond"].format(n=n_beyond)
    only = f'<button type="button" id="beyond" aria-pressed="false">{MARK} {named}</button>' if n_beyond else ""
    told = text["found"].format(n="{n}", all=len(report.columns))
    return (
        f'<fieldset class="sort"><legend>{text["sort"]}</legend>{buttons}</fieldset>'
        f'<div class="sort find"><label>{text["find"]} <input type="search" id="find" autocomplete="off"></label>{only}'
        f'<output id="found" class="soft" data-told="{escape(told)}"></output></div>'
    )


def _column_card(
    column: ColumnScore, order: int, rank: int, text: dict[str, str], *, is_beyond: bool, has_pairs: bool
) -> str:
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
    told = text["card"].format(error=error_text(column.error), floor=error_text(column.floor))
    link = f'<a href="#pair-head" data-pairs="{escape(column.name)}">{text["to_pairs"]}</a>' if has_pairs else ""
    mark = f'<b aria-label="{text["alarm"]}" role="img">{MARK}</b> ' if is_beyond else ""
    return (
        f'<li class="card{" beyond" if is_beyond else ""}" data-order="{order}" data-rank="{rank}" '
        f'data-name="{escape(column.name)}"><div class="top"><h3>{escape(column.name)}</h3>{link}</div>'
        f'<p class="apart">{mark}{told}</p>{body}{under}</li>'
    )


def _column_table(report: Report, text: dict[str, str]) -> str:
    shown = [name for name in MEASURES if any(getattr(c, name) is not None for c in report.columns)]
    heads = ("column", "kind", "error", "floor", "missing_real", "missing_synthetic", "mean", *shown)
    rows = (
        row(
            escape(c.name), escape(text.get("kind_" + c.kind, c.kind)), error_text(c.error), error_text(c.floor),
            f"{c.missing_real:.1%}", f"{c.missing_synthetic:.1%}", (_means(c), "wide"),
            *(_measure(name, getattr(c, name)) for name in shown),
        )
        for c in report.columns
    )  # fmt: skip
    return table((text[head] for head in heads), rows, about="columns")


def _measure(name: str, value: float | None) -> str:
    if value is None or not MEASURES[name]:
        return error_text(value)
    return f"{100 * value:.2g} %" if 0 < value < 0.1 else f"{100 * value:.0f} %"


def guesses(report: Report, text: dict[str, str]) -> str:
    """What an attacker guesses of each column beside what he guesses of strangers; empty where none was tried."""
    lines = [c for c in report.columns if c.guessed is not None]
    if not lines:
        return ""
    keys = ("column", "guessed", "guessed_floor", "interval", "guessed_by_others")
    lines.sort(key=lambda c: (c.guessed_floor or 0.0) - (c.guessed or 0.0))
    rows = (
        row(
            escape(c.name), (_percent(c.guessed), "value" + _clear(c)), _percent(c.guessed_floor),
            (" – ".join(map(_percent, c.guessed_interval or ())), "wide"), _percent(c.guessed_by_others),
        )
        for c in lines
    )  # fmt: skip
    note = f'<p class="soft small">{escape(text["guessed_note"])}</p>'
    return section("guesses", text["guessed_head"], note, table((text[name] for name in keys), rows))


def _clear(column: ColumnScore) -> str:
    """Marks a column whose interval lies above what is guessed of strangers."""
    low = (column.guessed_interval or (0.0,))[0]
    return " worse" if low > (column.guessed_floor or 0.0) else ""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def subgroups(report: Report, text: dict[str, str]) -> str:
    """How each level of a chosen column is served; empty where none was asked for."""
    if not report.subgroups:
        return ""
    keys = ("group", "rows_group", "shape_group", "floor", "trend_group", "floor", "utility_group", "floor", "interval")
    rows = (
        row(
            escape(g.level), (f"{g.n_real:,}", "soft"), (error_text(g.shape), "value"), error_text(g.shape_floor),
            (error_text(g.trend), "value"), error_text(g.trend_floor), (error_text(g.utility), "value"),
            error_text(g.utility_floor), (ends(g.interval), "wide"),
        )
        for g in report.subgroups
    )  # fmt: skip
    title = escape(text["subgroups"].format(by=report.data.get("by", "")))
    return section("groups", title, table((text[name] for name in keys), rows))


def _means(column: ColumnScore) -> str:
    if column.mean_real is None or column.mean_synthetic is None:
        return "–"
    return f"{column.mean_real:,.4g} → {column.mean_synthetic:,.4g}"
