"""A small report and a reader of pages, for the tests of the report."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np

from likewise.report import ColumnScore, Grid, PairScore, Picture, Report, Score

SCORES = tuple(
    Score(
        name=name, group=group, value=value, better="lower", floor=floor, interval=interval, n=500,
        method="m", meaning="says something", threat="sees rows" if group == "privacy" else None, floor_by="holdout",
    )
    for name, group, value, floor, interval in (
        ("shape", "fidelity", 0.012, 0.01, None),
        ("c2st", "fidelity", 0.61, 0.5, (0.58, 0.64)),
        ("copies", "privacy", 0.0, 0.0, (0.0, 0.01)),
        ("membership", "privacy", 0.51, 0.5, (0.48, 0.54)),
    )
)  # fmt: skip


def report_of(n_columns: int = 3) -> Report:
    rng = np.random.default_rng(0)
    bins = Picture(form="bins", labels=tuple(f"{i} – {i + 1}" for i in range(30)), **{
        side: tuple(np.round(rng.dirichlet(np.ones(30)), 4).tolist()) for side in ("real", "synthetic")
    })  # fmt: skip
    levels = Picture(form="levels", labels=("a & b", "<i>", "…"), real=(0.5, 0.3, 0.2), synthetic=(0.4, 0.4, 0.2))
    columns = tuple(
        ColumnScore(name=f"column {i}", kind="real" if i % 2 else "categorical", error=0.01 * i,
                    tells=0.02, picture=bins if i % 2 else levels)
        for i in range(n_columns)
    )  # fmt: skip
    grid = Grid(x=("a & b", "</script>"), y=("< 1", "1 – 2", "≥ 2"),
                real=(0.2, 0.2, 0.0, 0.3, 0.2, 0.1), synthetic=(0.1, 0.2, 0.1, 0.3, 0.2, 0.1))  # fmt: skip
    pairs = tuple(
        PairScore(a=a.name, b=b.name, measure="contingency", error=0.1, gap=0.1, real=0.3, synthetic=None,
                  grid=grid if k < 2 else None)
        for k, a in enumerate(columns) for b in columns[k + 1 :]
    )  # fmt: skip
    return Report(
        scores=SCORES, columns=columns, pairs=pairs, notes=("Something to know.",), versions={"likewise": "0"},
        data={"rows_real": 1000, "rows_synthetic": 900, "rows_holdout": 0, "columns": n_columns, "random_state": 0},
    )  # fmt: skip


class Page(HTMLParser):
    """Collects what the claims below need."""

    VOID = frozenset(("meta", "link", "br", "img", "path", "line", "circle", "input"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
