"""A database on the page: the schema drawn, how many children parents have, what goes through links, a fold a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from likewise.evaluate.databases.shown import AggShown, BrokenShown, HopShown, LinkShown
from likewise.evaluate.results import Report
from likewise.report import charts
from likewise.report.columns import cards
from likewise.report.drawing import drawing
from likewise.report.markup import key, row, section, table
from likewise.report.score_words import figure, label

MOST_LINKS = 12
"""Pictures of links that are open; more are folded."""
MOST_CARDS = 40
"""Columns of a table that are shown."""
TOLD = ("table", "told", "told_rewired", "told_apart", "rows", "leans_on")


def database(report: Report, text: dict[str, str], lang: str) -> str:
    """The sections; empty where no database was measured."""
    found = report.database
    if found is None:
        return ""
    sides = f'<p class="soft small">{escape(text["database_note"])}</p>'
    return (
        section("database", text["database"], sides, drawing(found, text), _broken(found.broken, text))
        + _links(found.links, text)
        + _through(found.hops, found.told, text)
        + _tables(report, text, lang)
    )


def _broken(found: Sequence[BrokenShown], text: dict[str, str]) -> str:
    """What must hold and does not."""
    if not found:
        return f'<p class="small">{escape(text["none_broken"])}</p>'
    rows = (
        row(escape(one.name), escape(text[f"what_{one.what}"]), (f"{one.broken:,}", "value worse"), f"{one.rows:,}")
        for one in found
    )
    heads = (text["must_hold"], text["what"], text["broken"], text["of"])
    return f"<h3>{escape(text['broken_head'])}</h3>{table(heads, rows, about='database')}"


# --- links ------------------------------------------------------------------------------------------------------------


def _links(found: Sequence[LinkShown], text: dict[str, str]) -> str:
    """Parents by how many children they have, those furthest from their floor first."""
    if not found:
        return ""
    order = sorted(found, key=lambda link: link.alike - (link.floor or 0.0))
    shown = [_link(link, text) for link in order]
    rest = shown[MOST_LINKS:]
    folded = text["more_links"].format(n=len(rest))
    more = f'<details><summary>{escape(folded)}</summary><ol class="histories">{"".join(rest)}</ol></details>'
    note = f'<p class="soft small">{escape(text["children_note"])}</p>'
    return section(
        "children", text["children"], note, key(text), f'<ol class="histories">{"".join(shown[:MOST_LINKS])}</ol>',
        more if rest else "",
    )  # fmt: skip


def _link(link: LinkShown, text: dict[str, str]) -> str:
    floor = "–" if link.floor is None else f"{link.floor:.3f}"
    under = text["link_card"].format(
        alike=f"{link.alike:.3f}", floor=floor, real=f"{link.none_real:.1%}", synthetic=f"{link.none_synthetic:.1%}"
    )
    body = ""
    if link.picture is not None:
        alt = text["history_alt"].format(name=link.key)
        draw = charts.histogram if link.picture.form == "bins" else charts.bars
        body = draw(link.picture, alt)
    return f'<li class="card"><h3>{escape(link.key)}</h3>{body}<p class="under">{escape(under)}</p></li>'


# --- what goes through them -------------------------------------------------------------------------------------------


def _through(hops: Sequence[HopShown], told: Sequence[AggShown], text: dict[str, str]) -> str:
    if not hops and not told:
        return ""
    return section("through", text["through"], _matrix(hops, text), _told(told, text))


def _matrix(found: Sequence[HopShown], text: dict[str, str]) -> str:
    """A table of tables: pairs of columns of that at the side with those of that on top, by their shortest way."""
    if not found:
        return ""
    cells: dict[tuple[str, str], HopShown] = {}
    for hop in found:
        cells.setdefault((hop.top, hop.bottom), hop)
    tops, bottoms = (list(dict.fromkeys(ends[i] for ends in cells)) for i in (0, 1))
    heads = "".join(f'<th scope="col" title="{escape(name)}">{escape(name)}</th>' for name in bottoms)
    lines = "".join(
        f'<tr><th scope="row" title="{escape(top)}">{escape(top)}</th>'
        f"{''.join(_cell(cells.get((top, bottom)), text) for bottom in bottoms)}</tr>"
        for top in tops
    )
    corner = f'<td class="soft">{escape(text["top_bottom"])}</td>'
    return (
        f"<h3>{escape(text['matrix'])}</h3>"
        f'<p class="soft small">{escape(text["matrix_note"])}</p><div class="scroll" tabindex="0" role="region" '
        f'aria-labelledby="through"><table class="heat l"><thead><tr>{corner}{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _cell(hop: HopShown | None, text: dict[str, str]) -> str:
    if hop is None:
        return "<td></td>"
    told = text["hop_told"].format(
        top=hop.top, bottom=hop.bottom, k=hop.k, pairs=hop.pairs, score=f"{hop.score:.3f}",
        floor="–" if hop.floor is None else f"{hop.floor:.3f}", rewired=f"{hop.rewired:.3f}",
    )  # fmt: skip
    return f'<td style="--p:{hop.lost:.2f}" title="{escape(told)}">{hop.score:.3f}</td>'


def _told(found: Sequence[AggShown], text: dict[str, str]) -> str:
    """How well parents of each table are told from real ones, the plainest first."""
    if not found:
        return ""
    heads = [text[name] for name in TOLD]
    lines = (
        row(
            escape(one.table), (f"{one.accuracy:.3f}", "value"), (f"{one.rewired:.3f}", "soft"),
            (f"{one.apart:.3f}", "soft"), (f"{one.n:,}", "soft"),
            f'<span class="small">{"<br>".join(map(escape, one.tells))}</span>', labels=heads[1:],
        )
        for one in sorted(found, key=lambda one: -one.accuracy)
    )  # fmt: skip
    note = f'<p class="soft small">{escape(text["told_note"])}</p>'
    return f"<h3>{escape(text['told_head'])}</h3>{note}{table(heads, lines, kind='stack', about='through')}"


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables(report: Report, text: dict[str, str], lang: str) -> str:
    """A fold a table: its own figures and columns."""
    folds = [_table(name, one, text, lang) for name, one in report.tables.items()]
    if not folds:
        return ""
    return section("tables", text["tables"], f'<p class="soft small">{escape(text["tables_note"])}</p>', *folds)


def _table(name: str, report: Report, text: dict[str, str], lang: str) -> str:
    worse = sum(score.stands == "worse" for score in report)
    told = text["table_told"].format(
        name=name, real=f"{report.data.get('rows_real', 0):,}", synthetic=f"{report.data.get('rows_synthetic', 0):,}",
        columns=len(report.columns), worse=worse,
    )  # fmt: skip
    rows = (
        row(
            escape(label(score.name, lang)),
            (figure(score.name, score.value), "value worse" if score.stands == "worse" else "value"),
            (figure(score.name, score.floor), "soft"),
        )
        for score in report.scores
    )
    figures = table((text["measure"], text["value"], text["floor"]), rows)
    return (
        f'<details class="fold"><summary>{escape(told)}</summary>{figures}'
        f"{cards(report, text, most=MOST_CARDS)}</details>"
    )
