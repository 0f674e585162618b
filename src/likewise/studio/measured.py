"""What is told of a run's report, and what a private run with several tables lacks. What this needs takes seconds to
load, so it is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema
from likewise.dp.ledger import DP
from likewise.evaluate.databases.shown import LinkShown
from likewise.evaluate.results import Report, Score
from likewise.evaluate.thresholds import check, parse_thresholds
from likewise.report.comparison import compare
from likewise.report.drawing import layout
from likewise.report.score_words import figure, label, least_leak
from likewise.studio.faults import outcome
from likewise.studio.spoken import LANGUAGES
from likewise.synthesizer.databases.public import Public


def report_in(path: Path) -> Report:
    return Report.from_json(path.read_text(encoding="utf-8"))


def scores(path: Path) -> list[dict[str, Any]]:
    """Every score: its figures, and in each language its words."""
    return [_told(score) for score in report_in(path).scores]


def _told(score: Score) -> dict[str, Any]:
    plain = {n: getattr(score, n) for n in ("name", "group", "value", "better", "floor", "interval", "stands", "copy")}
    plain["shown"] = {"value": figure(score.name, score.value), "floor": figure(score.name, score.floor)}
    for lang in LANGUAGES:
        plain[lang] = {part: score.text(part, lang) for part in ("meaning", "threat")}
        plain[lang] |= {"label": label(score.name, lang), "least": least_leak(score, lang)}
    return plain


def outcomes(path: Path, rules: str) -> list[dict[str, Any]]:
    """The report held against rules in TOML.

    Raises:
        InputError: the rules cannot be read.
    """
    wanted = parse_thresholds(rules)
    return [{"passed": one.passed, "said": outcome(str(one))} for one in check(report_in(path), wanted)]


def check_declared(database: Database, budget: DP) -> None:
    """Hold what is declared of several tables to a budget; no row is looked at.

    Raises:
        PrivacyError, OptionError: something lacks.
    """
    Public.of(database, budget)


def places(schema: DatabaseSchema) -> dict[str, tuple[float, int]]:
    """Where each table stands in a picture of them, as in the report."""
    nothing: dict[str, Any] = dict(owns=True, alike=1.0, floor=None, none_real=0.0, none_synthetic=0.0, lost=0)
    links = [LinkShown(key=str(key), table=key.table, parent=key.parent, **nothing) for key in schema.foreign]
    return layout(list(schema.tables), links)


def write_page(path: Path, to: Path, *, lang: str, dp_only: bool) -> None:
    report_in(path).to_html(to, lang=lang, dp_only=dp_only)


def write_comparison(paths: Mapping[str, Path], to: Path, *, lang: str) -> None:
    """Reports side by side, by the names of their runs."""
    compare({name: report_in(path) for name, path in paths.items()}).to_html(to, lang=lang)
