"""Several reports side by side."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from rich.console import Console

import likewise
from likewise.errors import InputError, OptionError
from likewise.report import Report
from likewise.report.comparison import compare

from .reports import SCORES, Page, report_of


def reports() -> list[Report]:
    """A worse one, whose classifier test is clearly lost, and a better one that lacks a measure."""
    worse = report_of()
    c2st = replace(worse["c2st"], value=0.52, interval=(0.5, 0.54))
    better = replace(worse, scores=tuple(c2st if s.name == "c2st" else s for s in SCORES if s.name != "copies"))
    return [worse, better]


def test_it_is_public():
    assert likewise.compare is compare


def test_every_measure_has_a_place_for_every_report():
    lines = {line.name: line for line in compare(reports(), names=["one", "two"]).scores}
    assert list(lines) == [s.name for s in SCORES]
    assert lines["copies"].scores[1] is None
    assert [s.value for s in lines["c2st"].scores] == [0.61, 0.52]


def test_the_best_is_named_only_where_its_interval_tells():
    lines = {line.name: line for line in compare(reports()).scores}
    assert lines["c2st"].best == 1
    assert lines["membership"].best is None  # equal
    assert lines["shape"].best is None  # no interval
    assert lines["copies"].best is None  # nothing to compare with


def test_nearest_to_the_floor_is_best_where_neither_direction_is():
    score = replace(SCORES[0], name="beta_recall", better="floor", floor=0.5, interval=(0.45, 0.55))
    ends = ((0.7, (0.66, 0.74)), (0.52, (0.48, 0.56)))
    two = [Report(scores=(replace(score, value=value, interval=interval),)) for value, interval in ends]
    assert compare(two).scores[0].best == 1
    near = [two[0], Report(scores=(replace(score, value=0.3, interval=(0.25, 0.35)),))]
    assert compare(near).scores[0].best is None  # as far on the other side of the floor


def test_nobody_wins_where_intervals_meet():
    score = SCORES[1]
    two = [Report(scores=(replace(score, value=v, interval=(v - 0.05, v + 0.05)),)) for v in (0.60, 0.69)]
    assert compare(two).scores[0].best is None
    assert compare(two).wins("fidelity") == (0, 0)
    assert compare(reports()).wins("fidelity") == (0, 1)


def test_tables_are_measured_and_compared():
    rng = np.random.default_rng(0)
    real, near, far = (pl.DataFrame({"x": rng.normal(m, 1, 400), "y": rng.normal(m, 1, 400)}) for m in (0, 0, 2))
    found = compare({"near": near, "far": far}, real=real, measures="accuracy")
    assert found.names == ("near", "far")
    assert found.scores[0].best == 0
    with pytest.raises(OptionError, match="holdout would not be used"):
        compare(reports(), holdout=real)
    with pytest.raises(OptionError, match="given twice"):
        compare({"a": near}, ["b"], real=real)


def test_columns_are_sorted_by_the_greatest_error():
    errors = [max(line) for _, line in compare(reports()).columns]
    assert errors == sorted(errors, reverse=True)


def test_reports_of_other_rows_are_told():
    one, two = reports()
    two = replace(two, data={**two.data, "rows_real": 7})
    found = compare([one, two])
    assert found.notes[0] == "The reports differ in rows_real: their figures are not comparable."
    assert "rows_real 上不同" in found.to_html(lang="zh")
    assert compare(reports()).notes == reports()[0].notes


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_well_formed_and_asks_nothing_of_any_network(lang, tmp_path):
    found = compare(reports(), names=["<one>", "two"])
    html = found.to_html(tmp_path / "c.html", lang=lang)
    page = Page(html)
    assert page.open == []
    assert "<one>" in page.text
    assert "<script" not in html
    assert "https://" not in html
    assert (tmp_path / "c.html").read_text(encoding="utf-8") == html
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")


def test_json_and_terminal_and_notebook():
    found = compare(reports(), names=["one", "two"])
    plain = json.loads(found.to_json())
    assert plain["format"] == "likewise comparison"
    assert plain["scores"][1]["scores"][1]["value"] == 0.52
    assert plain["scores"][2]["scores"][1] is None
    out = io.StringIO()
    Console(file=out, width=120).print(found.summary_table())
    (line,) = [line for line in out.getvalue().splitlines() if "Told from real" in line]
    assert line.split()[-5:] == ["0.500", "▲", "0.610", "★", "0.520"]
    assert Page(found._repr_html_()).open == []
    assert "one, two" in repr(found)


def test_what_cannot_be_compared_is_told():
    with pytest.raises(InputError, match="list of reports"):
        compare([])
    with pytest.raises(InputError, match="list of reports"):
        compare([{}])
    with pytest.raises(OptionError, match="names must differ"):
        compare(reports(), names=["a", "a"])
    with pytest.raises(OptionError, match="each of the 2 reports"):
        compare(reports(), names=["a"])


def test_what_only_one_report_notes_is_told_with_its_name():
    both = [replace(r, notes=("Both.", *((f"Mine {k}.",) if k else ()))) for k, r in enumerate(reports())]
    found = compare(both, names=["near", "far"] + [f"more {k}" for k in range(len(both) - 2)])
    assert found.notes[:2] == ("Both.", "Of far alone: Mine 1.")
    assert "Both." in found.to_html()
