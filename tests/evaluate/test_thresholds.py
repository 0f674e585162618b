"""Thresholds as TOML: what they catch, and what a wrong file is told."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from likewise.errors import InputError
from likewise.evaluate import ColumnScore, Report, Score, SubgroupScore
from likewise.evaluate.thresholds import check, parse_thresholds, read_thresholds, to_junit


def score(name: str, value: float, better="lower", **more) -> Score:
    return Score(name=name, group="fidelity", value=value, better=better, n=10, method="m", meaning="m", **more)


REPORT = Report(
    scores=(
        score("shape", 0.03, floor=0.01),
        score("tstr_auc", 0.84, "higher", floor=0.9),
        score("membership", 0.6, floor=0.5, interval=(0.55, 0.65), least_leak=0.03),
        score("c2st", 0.52, floor=0.5, interval=(0.49, 0.55)),
        score("beta_recall", 0.7, "floor", floor=0.5, interval=(0.6, 0.8)),
    ),
    columns=(
        ColumnScore(name="age", kind="integer", error=0.02),
        ColumnScore(name="sex", kind="boolean", error=0.2),
        ColumnScore(name="void", kind="real", error=None),
    ),
    subgroups=(SubgroupScore(level="women", n_real=50, n_synthetic=40, shape=0.1),),
)


@pytest.mark.parametrize(
    ("rules", "broken"),
    [
        ("[rules]\nshape = {max = 0.03}", []),
        ("[rules]\nshape = {max = 0.02}", ["shape: max 0.02: 0.03"]),
        ("[rules]\ntstr_auc = {min = 0.8, within = 0.1}", []),
        ("[rules]\ntstr_auc = {within = 0.05}", ["tstr_auc: within 0.05 of its floor: 0.84, floor 0.9"]),
        ("[rules]\nbeta_recall = {within = 0.1}", ["beta_recall: within 0.1 of its floor: 0.7, floor 0.5"]),
        ("[rules]\nc2st = {no_alarm = true}", []),
        ("[rules]\nmembership = {no_alarm = true}", ["membership: no alarm: 0.6 (0.55 to 0.65), floor 0.5"]),
        ("[rules]\nbeta_recall = {no_alarm = true}", ["beta_recall: no alarm: 0.7 (0.6 to 0.8), floor 0.5"]),
        ("[rules]\nmembership = {no_alarm = false}", []),
        ("[rules]\nshape = {no_alarm = true}", ["shape: no alarm: has no interval or no floor"]),
        ("[rules]\nmembership = {least_leak = 0.03}", []),
        (
            "[rules]\nmembership = {least_leak = 0.02}",
            ["membership: least leak 0.02: could not have seen a leak of less than 3.00%"],
        ),
        (
            "[rules]\nshape = {least_leak = 0.02}",
            ["shape: least leak 0.02: does not tell the least leak it could have seen"],
        ),
        ("[rules]\nlinkability = {max = 0.1}", ["linkability: max: was not measured"]),
        ("[rules]\nlinkability = {max = 0.1, optional = true}", []),
        ("[columns]\nerror = {max = 0.1}", ["error of column 'sex': max 0.1: 0.2"]),
        ("[columns]\ntail_low = {max = 0.1}", ["tail_low of every column: max: was not measured"]),
        ("[subgroups]\nshape = {max = 0.05}", ["shape of group 'women': max 0.05: 0.1"]),
    ],
)
def test_a_rule_breaks_exactly_when_its_words_say_so(rules, broken):
    assert [str(o) for o in check(REPORT, parse_thresholds(rules)) if not o.passed] == broken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rule]\nshape = {max = 1}", "did you mean 'rules'"),
        ("[rules]\nshape = {mx = 1}", "did you mean 'max'"),
        ("[rules]\nshape = {max = '1'}", "'max' must be a number"),
        ("[rules]\nshape = {max = true}", "'max' must be a number"),
        ("[rules]\nshape = {max = nan}", "'max' must be a number"),
        ("[rules]\nshape = {no_alarm = 1}", "must be true or false"),
        ("[rules]\nshape = {}", "must hold a test"),
        ("[rules]\nshape = {optional = true}", "must hold a test"),
        ("[rules]\nshape = 0.3", "must hold a test"),
        ("[columns]\nerorr = {max = 1}", "did you mean 'error'"),
        ("[columns]\nerror = {within = 1}", "'within' is not among max, min, optional"),
        ("rules = 3", "must be a table"),
        ("target = 3", "'target' must be a column's name"),
        ("measures = 3", "'measures' must be a name or a list"),
        ("rules", "not TOML"),
    ],
)
def test_a_wrong_file_is_told(text, said):
    with pytest.raises(InputError, match=said):
        parse_thresholds(text)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_thresholds(tmp_path / "none.toml")
    (tmp_path / "rules.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_thresholds(tmp_path / "rules.toml")


def test_how_to_evaluate_may_stand_in_the_file():
    rules = parse_thresholds("target = 'income'\nby = 'sex'\nmeasures = ['joint', 'attacks']")
    assert (rules.target, rules.by, rules.measures) == ("income", "sex", ("joint", "attacks"))


def test_junit_has_a_case_a_rule_and_a_failure_for_each_broken_one():
    outcomes = check(REPORT, parse_thresholds("[rules]\nshape = {max = 0.02}\nc2st = {max = 0.6}"))
    suite = ElementTree.fromstring(to_junit(outcomes).split("\n", 1)[1])
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.find("failure") is not None for case in suite] == [True, False]
