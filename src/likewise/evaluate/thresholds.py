"""Thresholds that a report must keep, as TOML; outcomes as plain data, JSON and JUnit.

    [rules]
    shape = { max = 0.02 }
    tstr_auc = { min = 0.85, within = 0.02 }
    membership = { no_alarm = true, least_leak = 0.02 }

    [columns]
    error = { max = 0.1 }

    [subgroups]
    shape = { max = 0.1 }

`max` and `min` hold for the value; `within` for how much worse than its floor it may be; `no_alarm` says that the
interval must not lie wholly on the worse side of the floor, and `least_leak` that the attack could have seen a leak of
this share of people at the sizes there are. A rule about a figure which is not in the report is broken, unless it says
`optional = true`: a gate that tests nothing must not pass.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from likewise.errors import InputError
from likewise.evaluate.results import ColumnScore, Report, Score, SubgroupScore

TABLES = ("rules", "columns", "subgroups")
TESTS = ("max", "min", "within", "no_alarm", "least_leak", "optional")


@dataclass(frozen=True)
class Thresholds:
    """What must hold.

    Args:
        rules: score name -> tests.
        columns, subgroups: field of every column's or group's line -> tests (`max` and `min` only).
        target, by, measures: how to evaluate, where the file says so.
    """

    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    subgroups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    target: str | None = None
    by: str | None = None
    measures: str | tuple[str, ...] = "standard"


@dataclass(frozen=True)
class Outcome:
    """One rule, and whether it is kept.

    Args:
        name: the figure, with its column or group where it has one.
        rule: the test, such as "max 0.02".
        passed: whether it is kept.
        said: what was found, in one line.
    """

    name: str
    rule: str
    passed: bool
    said: str

    def __str__(self) -> str:
        return f"{self.name}: {self.rule}: {self.said}"


def read_thresholds(path: str | os.PathLike[str]) -> Thresholds:
    """The rules of a TOML file.

    Raises:
        InputError: the file cannot be read, is not TOML, or holds a word that means nothing here.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the rules {os.fspath(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the rules {os.fspath(path)!r} are not UTF-8 text") from error
    return parse_thresholds(text)


def parse_thresholds(text: str) -> Thresholds:
    """The rules of a TOML text.

    >>> parse_thresholds("[rules]\\nshape = {max = 0.02}").rules
    {'shape': {'max': 0.02}}
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the rules are not TOML: {error}") from error
    _check_words(plain, [f.name for f in fields(Thresholds)], "the rules")
    for table in TABLES:
        if not isinstance(plain.get(table, {}), dict):
            raise InputError(f"the rules: {table!r} must be a table, such as [{table}]")
        for name, tests in plain.get(table, {}).items():
            _check_tests(f"{table}.{name}", tests, TESTS if table == "rules" else ("max", "min", "optional"))
    for kind, table in ((ColumnScore, "columns"), (SubgroupScore, "subgroups")):
        _check_words(plain.get(table, {}), [f.name for f in fields(kind)], f"the rules, [{table}]")
    for name in ("target", "by"):
        if not isinstance(plain.get(name, ""), str):
            raise InputError(f"the rules: {name!r} must be a column's name")
    measures = plain.get("measures", "standard")
    if not isinstance(measures, str) and not (isinstance(measures, list) and all(isinstance(m, str) for m in measures)):
        raise InputError("the rules: 'measures' must be a name or a list of names")
    return Thresholds(**(plain | {"measures": tuple(measures) if isinstance(measures, list) else measures}))


def _check_tests(name: str, tests: Any, known: tuple[str, ...]) -> None:
    if not isinstance(tests, dict) or not set(tests) - {"optional"}:
        raise InputError(f"the rule {name!r} must hold a test, such as {{ max = 0.02 }}")
    _check_words(tests, list(known), f"the rule {name!r}")
    for test, limit in tests.items():
        is_flag = test in ("no_alarm", "optional")
        if is_flag != isinstance(limit, bool) or not isinstance(limit, int | float) or math.isnan(limit):
            raise InputError(f"the rule {name!r}: {test!r} must be {'true or false' if is_flag else 'a number'}")


def _check_words(plain: Mapping[str, Any], known: list[str], where: str) -> None:
    for word in plain:
        if word not in known:
            near = get_close_matches(word, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{where}: {word!r} is not among {', '.join(known)}{hint}")


def check(report: Report, wanted: Thresholds) -> tuple[Outcome, ...]:
    """Every test, against a report."""
    found: list[Outcome] = []
    for name, tests in wanted.rules.items():
        if name in report:
            found += _score_outcomes(report[name], tests)
        else:
            found += _absent(name, tests)
    for field_name, tests in wanted.columns.items():
        found += _line_outcomes("column", {c.name: getattr(c, field_name) for c in report.columns}, field_name, tests)
    for field_name, tests in wanted.subgroups.items():
        found += _line_outcomes("group", {g.level: getattr(g, field_name) for g in report.subgroups}, field_name, tests)
    return tuple(found)


def _absent(name: str, tests: Mapping[str, Any]) -> Iterator[Outcome]:
    if not tests.get("optional", False):
        for test in tests.keys() - {"optional"}:
            yield Outcome(name, test, False, "was not measured")


def _score_outcomes(score: Score, tests: Mapping[str, Any]) -> Iterator[Outcome]:
    value, floor = score.value, score.floor
    yield from _limits(score.name, value, tests)
    if "within" in tests:
        rule = f"within {tests['within']:g} of its floor"
        if floor is None:
            yield Outcome(score.name, rule, False, "has no floor")
        else:
            worse = {"lower": value - floor, "higher": floor - value, "floor": abs(value - floor)}[score.better]
            yield Outcome(score.name, rule, worse <= tests["within"], f"{value:.4g}, floor {floor:.4g}")
    if tests.get("no_alarm"):
        if score.interval is None or floor is None:
            yield Outcome(score.name, "no alarm", False, "has no interval or no floor")
        else:
            low, high = score.interval
            said = f"{value:.4g} ({low:.4g} to {high:.4g}), floor {floor:.4g}"
            yield Outcome(score.name, "no alarm", score.stands != "worse", said)
    if "least_leak" in tests:
        yield _could_see(score, tests["least_leak"])


def _could_see(score: Score, most: float) -> Outcome:
    """Whether the attack could have seen so small a leak."""
    if score.least_leak is None:
        return Outcome(score.name, f"least leak {most:g}", False, "does not tell the least leak it could have seen")
    said = f"could not have seen a leak of less than {score.least_leak:.2%}"
    return Outcome(score.name, f"least leak {most:g}", score.least_leak <= most, said)


def _line_outcomes(
    what: str, values: Mapping[str, Any], field_name: str, tests: Mapping[str, Any]
) -> Iterator[Outcome]:
    there = {name: v for name, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    if not there:
        yield from _absent(f"{field_name} of every {what}", tests)
    for name, value in there.items():
        yield from _limits(f"{field_name} of {what} {name!r}", value, tests)


def _limits(name: str, value: float, tests: Mapping[str, Any]) -> Iterator[Outcome]:
    if "max" in tests:
        yield Outcome(name, f"max {tests['max']:g}", value <= tests["max"], f"{value:.4g}")
    if "min" in tests:
        yield Outcome(name, f"min {tests['min']:g}", value >= tests["min"], f"{value:.4g}")


def to_junit(outcomes: tuple[Outcome, ...]) -> str:
    """The outcomes as JUnit XML: a test case a rule."""
    failures = sum(not o.passed for o in outcomes)
    suite = ElementTree.Element(
        "testsuite", name="likewise audit", tests=str(len(outcomes)), failures=str(failures), errors="0", skipped="0"
    )
    for outcome in outcomes:
        case = ElementTree.SubElement(
            suite, "testcase", classname="likewise.audit", name=f"{outcome.name}: {outcome.rule}"
        )
        if not outcome.passed:
            ElementTree.SubElement(case, "failure", message=str(outcome))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")
