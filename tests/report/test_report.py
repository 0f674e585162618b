"""The report as data, as a page, and in the terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import ks_2samp

from likewise.errors import InputError, OptionError
from likewise.evaluate.edges import round_edges
from likewise.report import ColumnScore, Picture, Report
from likewise.report.advice import advice, beyond
from likewise.report.charts import histogram
from likewise.report.links import error_scale, excess
from likewise.report.score_words import figure, label
from likewise.report.words import TEXT

from .reports import SCORES, Page, report_of


@pytest.mark.parametrize("lang", TEXT)
def test_the_page_is_well_formed_and_complete(lang):
    page = Page(report_of().to_html(lang=lang))
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert {"header", "main", "footer", "h1", "svg", "table", "button"} <= set(tags)
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")
    assert all(a.get("aria-label") for tag, a in page.tags if tag == "svg" or a.get("role") == "img")
    assert all(label(score.name, lang) in page.text for score in SCORES)
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
    assert "</script>" not in re.findall(r'id="data">(.*?)</script>', report_of().to_html())[0]


def test_dp_only_withholds_every_figure():
    report = report_of()
    for lang in TEXT:
        page = Page(report.to_html(lang=lang, dp_only=True))
        assert page.open == []
        assert TEXT[lang]["withheld"] in page.text
        assert "column 1" not in page.text
        assert "1,000" not in page.text  # not even how many real rows there are
        assert not any(tag in ("svg", "table", "script") for tag, _ in page.tags)
    plain = report.withheld().to_dict()
    assert plain["data"] == {"rows_synthetic": 900, "columns": 3, "withheld": True}
    assert not any(plain[key] for key in ("scores", "columns", "pairs", "notes"))


def test_a_hundred_columns_stay_under_three_megabytes():
    assert len(report_of(100).to_html().encode()) < 3e6


def test_a_thousand_columns_stay_under_ten_megabytes():
    report = report_of(100)
    columns = tuple(replace(report.columns[i % 100], name=f"column {i}") for i in range(1000))
    pairs = tuple(replace(p, a=f"column {k % 997}") for k, p in enumerate((report.pairs * 2)[:5000]))
    assert len(replace(report, columns=columns, pairs=pairs).to_html().encode()) < 10e6


def test_pictures_come_before_tables():
    html = report_of().to_html()
    assert html.index('class="hist"') < html.index('id="strengths"') < html.index('<table class="stack"')


def test_a_figure_and_its_sign_stay_on_one_line():
    assert not re.search("[0-9] %", report_of().to_html())


def test_worse_figures_are_marked_and_the_next_step_is_told():
    text = Page(report_of().to_html()).text
    assert "▲ 0.610" in text
    assert "▲ 0.510" not in text
    assert advice(report_of()) in text
    assert "Worse than fresh real rows (1): Told from real (AUC)." in advice(report_of())


@pytest.mark.parametrize("n_attacks", [1, 12])
def test_a_leak_is_told_first_and_one_of_many_is_tried_again(n_attacks):
    leak = replace(SCORES[3], value=0.6, interval=(0.55, 0.65))
    attacks = tuple(replace(SCORES[3], name=f"membership_{i}") for i in range(n_attacks - 1))
    found = advice(replace(report_of(), scores=(SCORES[1], leak, *attacks)))
    assert found.startswith("Give these rows to nobody yet" if n_attacks == 1 else "One of 12 attacks")


def test_columns_of_fresh_rows_are_not_marked_and_shifted_ones_are():
    rng = np.random.default_rng(0)
    real, other = rng.normal(size=(2, 20, 2000))
    ks = [ks_2samp(a, b).statistic for a, b in zip(real, other, strict=True)]
    shifted = ks_2samp(real[0], other[0] + 0.3).statistic
    columns = [ColumnScore(name=f"{i}", kind="real", error=float(error), floor=0.02) for i, error in enumerate(ks)]
    columns.append(ColumnScore(name="shifted", kind="real", error=float(shifted), floor=0.02))
    found = beyond(Report(scores=(), columns=tuple(columns), data={"rows_real": 2000, "rows_synthetic": 2000}))
    assert found == {"shifted"}


def test_the_matrix_of_errors_is_pale_where_chance_explains_it():
    report = report_of(8)
    pairs = tuple(replace(p, gap=0.1, floor=0.1) for p in report.pairs)
    assert {excess(report, p) for p in pairs} == {0.0}
    (_, limit, top), (_, faint, _) = error_scale(replace(report, pairs=pairs))
    assert top >= 2 * limit
    assert faint < 0.2


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


def test_a_card_calls_no_group_good_in_which_a_figure_is_worse():
    worse = replace(SCORES[3], name="density", value=0.6, interval=(0.55, 0.65))
    report = replace(report_of(), scores=(*SCORES, worse))
    for lang, told, hidden in (("en", "others are worse", "as far as 500"), ("zh", "另有指标不如", "就 500 行而言")):
        text = Page(report.to_html(lang=lang)).text
        assert told in text
        assert hidden not in text


def test_the_terminal_shows_what_an_attack_sees_in_eighty_columns():
    attack = replace(SCORES[3], value=0.012, floor=0.011, interval=(0.0038, 0.0181), least_leak=0.0423)
    named = tuple(replace(attack, name=name) for name in ("singling_out", "membership_tpr", "singling_out_several"))
    report = replace(report_of(), scores=(*SCORES[:3], *named))
    out = io.StringIO()
    Console(file=out, width=80).print(report.summary_table())
    assert out.getvalue().count("4.2 %") == 3
    assert all(word in out.getvalue().split() for word in advice(report).split()), "the closing line is not cut"


def test_the_terminal_table_shows_value_and_floor():
    out = io.StringIO()
    Console(file=out, width=120).print(report_of().summary_table())
    lines = [line for line in out.getvalue().splitlines() if "Told from real" in line]
    assert "0.610" in lines[0]
    assert "0.500" in lines[0]
    assert "0.580–0.640" in lines[0]
    assert "▲ 0.610" in lines[0]
    assert "What to do now" in out.getvalue()


def test_a_name_that_is_broken_stays_below_its_group():
    out = io.StringIO()
    Console(file=out, width=40).print(report_of().summary_table())
    broken = [line for line in out.getvalue().splitlines() if line.strip() == "(AUC)"]
    assert broken, out.getvalue()
    assert all(line.startswith("  ") for line in broken)


def test_unknown_language_is_told():
    with pytest.raises(OptionError, match="'en', 'zh'"):
        report_of().to_html(lang="fr")


def test_both_languages_say_everything():
    assert TEXT["en"].keys() == TEXT["zh"].keys()
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


@pytest.mark.parametrize(("low", "shown"), [(10, 3), (51_000, 2)])
def test_long_labels_under_a_histogram_do_not_run_into_each_other(low, shown):
    labels = tuple(f"{low + k:,} – {low + k + 1:,}".replace(",", " ") for k in range(5))
    axis = histogram(Picture(form="bins", labels=labels, real=(0.2,) * 5, synthetic=(0.2,) * 5), "")
    assert axis.count("<span>") == shown
    assert labels[0] in axis
    assert labels[-1] in axis
