"""A database drawn: tables as boxes, each below what it points at, links as lines. SVG that needs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from likewise.evaluate.databases.shown import LinkShown, Shown, TableShown

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 150, 44, 172, 104, 18
MOST_IN_A_ROW = 7
MOST_LETTERS = 19
MOST_TABLES = 80


def drawing(shown: Shown, text: dict[str, str]) -> str:
    """The picture; empty where there are too many tables for one."""
    if not 0 < len(shown.tables) <= MOST_TABLES:
        return ""
    places = layout([table.name for table in shown.tables], shown.links)
    right, down = (max(at[i] for at in places.values()) for i in (0, 1))
    width, height = right * ACROSS + WIDTH + 2 * MARGIN + 14, down * DOWN + HEIGHT + 2 * MARGIN
    lines = "".join(_line(link, places, text) for link in shown.links)
    boxes = "".join(_box(table, places[table.name], text) for table in shown.tables)
    told = text["drawing_alt"].format(tables=len(shown.tables), links=len(shown.links))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(text["drawing"])}">'
        f'<svg class="drawn" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(told)}">{lines}{boxes}</svg></div>'
    )


def layout(tables: Sequence[str], links: Sequence[LinkShown]) -> dict[str, tuple[float, int]]:
    """Place and level of each table: below all that it points at where no circle forbids it, near to these.

    Example:
        >>> link = LinkShown(key="b.a -> a.id", table="b", parent="a", owns=True, alike=1.0, floor=None, none_real=0.0,
        ...                  none_synthetic=0.0, lost=0)
        >>> layout(["b", "a"], [link])
        {'a': (0.0, 0), 'b': (0.0, 1)}
    """
    above: dict[str, set[str]] = {table: set() for table in tables}
    for link in links:
        if link.table != link.parent and link.table in above and link.parent in above:
            above[link.table].add(link.parent)
    level = dict.fromkeys(tables, 0)
    for _ in tables:  # as often as a way can be long; a circle ends there
        for table in tables:
            level[table] = min(max((level[p] + 1 for p in above[table]), default=0), len(tables) - 1)
    used = {depth: place for place, depth in enumerate(sorted(set(level.values())))}
    found: dict[str, tuple[float, int]] = {}
    row = 0
    for depth in used:
        own = [table for table in tables if level[table] == depth]
        own.sort(key=lambda table: _middle([found[p][0] for p in above[table] if p in found]))
        for start in range(0, len(own), MOST_IN_A_ROW):
            for place, table in enumerate(own[start : start + MOST_IN_A_ROW]):
                found[table] = (float(place), row)
            row += 1
    widest = max(x for x, _ in found.values())
    for r in range(row):  # rows stand in the middle
        own = [table for table, (_, y) in found.items() if y == r]
        shift = (widest - max(found[table][0] for table in own)) / 2
        found.update({table: (found[table][0] + shift, r) for table in own})
    return found


def _middle(places: Sequence[float]) -> float:
    return sum(places) / len(places) if places else 0.0


def _box(table: TableShown, at: tuple[float, int], text: dict[str, str]) -> str:
    x, y = MARGIN + at[0] * ACROSS, MARGIN + at[1] * DOWN
    name = table.name if len(table.name) <= MOST_LETTERS else table.name[: MOST_LETTERS - 1] + "…"
    rows = f"{table.rows_real:,} → {table.rows_synthetic:,}"
    title = f"{table.name}: {text[f'role_{table.role}']}; {text['rows_table']} {rows}"
    return (
        f'<g class="{table.role}"><title>{escape(title)}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f'<text x="{x + WIDTH / 2:.0f}" y="{y + 18:.0f}">{escape(name)}</text>'
        f'<text class="n" x="{x + WIDTH / 2:.0f}" y="{y + 34:.0f}">{rows}</text></g>'
    )


def _line(link: LinkShown, places: Mapping[str, tuple[float, int]], text: dict[str, str]) -> str:
    (cx, cy), (px, py) = places[link.table], places[link.parent]
    x1, y1 = MARGIN + cx * ACROSS + WIDTH / 2, MARGIN + cy * DOWN
    x2, y2 = MARGIN + px * ACROSS + WIDTH / 2, MARGIN + py * DOWN + HEIGHT
    bend = max(26.0, (y1 - y2) / 2)
    way = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 - bend:.0f} {x2:.0f} {y2 + bend:.0f} {x2:.0f} {y2:.0f}"
    if link.table == link.parent:
        x, y = x1 + WIDTH / 2, y1 + HEIGHT / 2
        way = f"M{x:.0f} {y - 12:.0f}c22 -8 22 32 0 24"
    told = text["link_told"].format(key=link.key, alike=f"{link.alike:.3f}", lost=f"{link.lost:,}")
    kind = "lost" if link.lost else "owns" if link.owns else "side"
    return f'<path class="{kind}" d="{way}"><title>{escape(told)}</title></path>'
