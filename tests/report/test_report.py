"""The report as data, as a page, and in the terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from likewise.errors import InputError, OptionError
from likewise.evaluate.pictures import round_edges
from likewise.report import ColumnScore, PairScore, Picture, Report, Score
from likewise.report.score_words import LABELS, MEANINGS_ZH, METHODS_ZH, figure
from likewise.report.words import TEXT

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
    pairs = tuple(
        PairScore(a=a.name, b=b.name, measure="contingency", error=0.1, gap=0.1, real=0.3, synthetic=None)
        for k, a in enumerate(columns) for b in columns[k + 1 :]
    )  # fmt: skip
    return Report(
        scores=SCORES, columns=columns, pairs=pairs, notes=("Something to know.",), versions={"likewise": "0"},
        data={"rows_real": 1000, "rows_synthetic": 900, "rows_holdout": 0, "columns": n_columns, "random_state": 0},
    )  # fmt: skip


class Page(HTMLParser):
    """Collects what the claims below need."""

    VOID = frozenset(("meta", "link", "br", "img", "path", "line", "circle"))

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


@pytest.mark.parametrize("lang", TEXT)
def test_the_page_is_well_formed_and_complete(lang):
    page = Page(report_of().to_html(lang=lang))
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert {"header", "main", "footer", "h1", "svg", "table", "button"} <= set(tags)
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")
    assert all(a.get("aria-label") for tag, a in page.tags if tag == "svg" or a.get("role") == "img")
    assert all(label in page.text for name, label in LABELS[lang].items() if name in report_of())
    assert TEXT[lang]["not_dp"] in page.text
    assert "{" not in page.text


def test_the_page_asks_nothing_of_any_network():
    html = report_of().to_html()
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=(?!\"#)|url\(|@import|https?://", html)


def test_the_page_never_gives_a_verdict_of_safety():
    for lang in TEXT:
        text = Page(report_of().to_html(lang=lang)).text.lower().replace("differentially private", "")
        assert not re.search(r"\b(private|safe|anonymous)\b|安全|匿名", text)


def test_a_verdict_is_given_only_where_the_interval_can_tell():
    text = Page(report_of().to_html()).text
    assert "Worse than fresh real rows." in text  # c2st: 0.58 to 0.64 beside 0.5
    assert "No different from fresh real rows, as far as 500 rows can tell." in text  # membership
    plain = replace(report_of(), scores=tuple(replace(s, interval=None) for s in SCORES))
    assert "fresh real rows." not in Page(plain.to_html()).text


def test_names_and_levels_cannot_break_out():
    evil = ColumnScore(name='<script>alert("x")</script>', kind="real", error=0.1)
    html = replace(report_of(), columns=(evil,), pairs=()).to_html()
    assert html.count("<script>") == 1
    assert "a &amp; b" in report_of().to_html()


def test_a_hundred_columns_stay_under_three_megabytes():
    assert len(report_of(100).to_html().encode()) < 3e6


def test_an_empty_report_still_has_a_page():
    assert Page(Report(scores=()).to_html()).open == []
    assert "<table>" in Report(scores=())._repr_html_()


def test_the_page_is_written_whole(tmp_path):
    path = tmp_path / "report.html"
    assert path.exists() is False
    html = report_of().to_html(path)
    assert path.read_text(encoding="utf-8") == html


def test_json_round_trip(tmp_path):
    report = report_of()
    assert Report.from_json(report.to_json(tmp_path / "r.json")) == report
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["version"] == 1


def test_json_holds_no_number_that_is_none():
    odd = replace(report_of(), scores=(replace(SCORES[0], value=float("nan"), floor=float("inf")),))
    plain = json.loads(odd.to_json())
    assert plain["scores"][0]["value"] is None
    assert plain["scores"][0]["floor"] is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "not a likewise report"),
        ("{", "not JSON"),
        ('{"format": "likewise report", "version": 99}', "format version 99"),
        ('{"format": "likewise report", "version": 1}', "damaged"),
        ('{"format": "likewise report", "version": 1, "scores": [{"name": "x"}]}', "damaged"),
    ],
)
def test_what_is_no_report_is_told(text, told):
    with pytest.raises(InputError, match=told):
        Report.from_json(text)


def test_fields_of_a_later_version_are_left_out():
    plain = report_of().to_dict()
    plain["scores"][0]["colour"] = "blue"
    assert Report.from_dict(plain) == report_of()


def test_scores_are_found_by_name():
    report = report_of()
    assert report["c2st"].value == 0.61
    assert [s.name for s in report.group("privacy")] == ["copies", "membership"]
    with pytest.raises(KeyError, match="there are shape, c2st"):
        report["shap"]
    assert repr(report).startswith("Report(shape=0.012")


def test_the_terminal_table_shows_value_and_floor():
    out = io.StringIO()
    Console(file=out, width=120).print(report_of().summary_table())
    lines = [line for line in out.getvalue().splitlines() if "Told from real" in line]
    assert "0.610" in lines[0]
    assert "0.500" in lines[0]
    assert "0.580–0.640" in lines[0]


def test_unknown_language_is_told():
    with pytest.raises(OptionError, match="'en', 'zh'"):
        report_of().to_html(lang="fr")


def test_both_languages_say_everything():
    assert TEXT["en"].keys() == TEXT["zh"].keys()
    assert LABELS["en"].keys() == LABELS["zh"].keys() == MEANINGS_ZH.keys() == METHODS_ZH.keys()
    for key, english in TEXT["en"].items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", TEXT["zh"][key])), key


def test_wrong_groups_are_refused():
    with pytest.raises(InputError, match="group must be one of"):
        replace(SCORES[0], group="beauty")
    with pytest.raises(InputError, match="better must be"):
        replace(SCORES[0], better="near")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 %"), (0.00012, "0.012 %"), (0.0203, "2.0 %"), (0.5, "50 %"), (1.0, "100 %")]
)
def test_shares_are_shown_in_per_cent(value, text):
    assert figure("copies", value) == text


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 1e6), (1e-9, 2e-9), (17.0, 90.0)])
def test_bin_edges_are_round_and_cover_the_bulk(low, high):
    edges = round_edges(low, high, low, high)
    assert edges[0] <= low + 1e-12 * abs(low)
    assert edges[-1] >= high * (1 - 1e-12)
    assert 3 <= len(edges) <= 34
    steps = np.diff(edges)
    assert float(f"{steps[0]:.12e}") == pytest.approx(float(f"{steps[0]:.0e}"), rel=1e-6)
