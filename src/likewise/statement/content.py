"""The release sheet as plain data: facts, checklist, attacks, open risks, text for an assessment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likewise.errors import InputError
from likewise.evaluate.results import Report, Score
from likewise.statement.checklist import answers
from likewise.statement.facts import Facts, account_of, facts_of_model, facts_of_rows
from likewise.statement.risks import Paragraphs, assessment, risks
from likewise.statement.said import Answer, Said, told
from likewise.statement.words import check_language, label

if TYPE_CHECKING:
    from likewise.audit import Audit
    from likewise.dp.budget import Budget
    from likewise.privacy.results import Anonymized
    from likewise.synthesizer import Synthesizer

STATEMENT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is promised about a release and what is not, as plain data. Make it with `likewise.statement`.

    Args:
        facts: what is known of the release; under a budget only what is declared, noisy or of the library.
        checklist: the items of NIST SP 800-226 that apply, answered.
        attacks: figures of attacks, from the report given.
        risks: what remains open.
        assessment: paragraphs for a data protection impact assessment.
        version: of the library that wrote it.
    """

    facts: Facts
    checklist: tuple[Answer, ...]
    attacks: tuple[Score, ...]
    risks: tuple[Said, ...]
    assessment: Paragraphs
    version: str

    def __getitem__(self, item: str) -> Answer:
        for answer in self.checklist:
            if answer.item == item:
                return answer
        raise KeyError(f"no item {item!r}; there are {', '.join(a.item for a in self.checklist)}")

    def to_dict(self, *, lang: str = "en") -> dict[str, Any]:
        """Plain lists, dicts, numbers and text; sentences in the language `lang`, "en" or "zh"."""
        check_language(lang)
        facts = self.facts
        promise = None
        if facts.has_budget:
            named = ("unit", "adjacency", "epsilon", "delta")
            promise = {name: facts.ledger[name] for name in named} | {"trust": "central", "guess": facts.guess}
        return {
            "format": "likewise statement",
            "version": STATEMENT_VERSION,
            "likewise": self.version,
            "lang": lang,
            "release": {"what": facts.what, "method": facts.method, "rows": facts.n_rows},
            "promise": promise,
            "tables": [asdict(table) for table in facts.tables],
            "columns": [asdict(column) for column in facts.columns],
            "ledger": dict(facts.ledger) or None,
            "budget": dict(facts.account) or None,
            "anonymity": dict(facts.report) or None,
            "noisy": [asdict(fit) for fit in facts.noisy],
            "checklist": [answer.to_dict(lang) for answer in self.checklist],
            "attacks": Report(scores=self.attacks).to_dict()["scores"],
            "risks": [said.text(lang) for said in self.risks],
            "assessment": [
                {"heading": label(heading, lang), "text": told(said, lang)} for heading, said in self.assessment
            ],
        }

    def to_json(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en", indent: int | None = 2) -> str:
        """The sheet as JSON text, in `lang` "en" or "zh"; written to `path` if given. `indent` is in blanks."""
        text = json.dumps(self.to_dict(lang=lang), ensure_ascii=False, indent=indent, allow_nan=False)
        return _written(text, path)

    def to_html(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en") -> str:
        """The sheet as one self-contained page without a script, in `lang` "en" or "zh"; written to `path` if given."""
        from likewise.statement.page import render

        return _written(render(self, lang), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None, *, lang: str = "en") -> str:
        """The sheet as Markdown, in `lang` "en" or "zh"; written to `path` when one is given."""
        from likewise.statement.markdown import render

        return _written(render(self, lang), path)


def statement(
    release: Synthesizer | Anonymized | str | os.PathLike[str],
    report: Report | None = None,
    *,
    audit: Audit | Mapping[str, Any] | None = None,
    budget: Budget | None = None,
) -> Statement:
    """The release sheet of a model of a table, of images or of a database, or of anonymised rows.

    Args:
        release: a fitted `Synthesizer`, the path of a model file, or what `likewise.privacy.anonymize` gave.
        report: whose figures of attacks are told. They are measured on real rows: where a budget holds, the sheet then
            says of itself that it is not covered by the promise.
        budget: the file in which all fits of these data are counted, `likewise.Budget`; its sums are told.
        audit: of the model's promise, as `likewise.audit` gives it, or as its `to_dict`.

    Raises:
        InputError: there is nothing to speak of, the report is of another model, the audit of another promise, or the
            budget of another unit.
        NotFittedError: the synthesizer has learnt nothing yet.

    Privacy: under a budget nothing but what the model file holds: declarations, noisy counts, the ledger.

    References: Near, Darais, Lefkovitz and Howarth 2025 (NIST SP 800-226) for the checklist; GDPR, Article 35(7), for
    the headings of the assessment.

    Example:
        >>> import polars as pl, likewise as lw
        >>> df = pl.DataFrame({"age": [23, 45, 31, 62] * 25, "smokes": ["no", "yes", "no", "no"] * 25})
        >>> sheet = lw.statement(lw.Synthesizer("copula", random_state=0).fit(df))
        >>> sheet["parameters"].standing, sheet["kept"].standing
        ('open', 'partly')
    """
    from likewise import __version__

    facts = _facts(release)
    if report is not None and facts.has_budget and report.ledger and _plain(report.ledger) != _plain(facts.ledger):
        raise InputError("the report is of another model: its ledger is not this one's")
    if budget is not None:
        facts = replace(facts, account=_account(budget, facts))
    attacks = () if report is None else report.group("privacy")
    checklist = answers(facts, attacks, _plain_audit(audit, facts))
    return Statement(
        facts=facts,
        checklist=checklist,
        attacks=attacks,
        risks=risks(facts, checklist, attacks),
        assessment=assessment(facts, checklist, attacks, __version__),
        version=__version__,
    )


def _facts(release: Any) -> Facts:
    from likewise.privacy.results import Anonymized
    from likewise.synthesizer import Synthesizer, load

    if isinstance(release, str | os.PathLike):
        release = load(Path(release))
    if isinstance(release, Synthesizer):
        if release.database_ is None:
            release._check_fitted()
        return facts_of_model(release)
    if isinstance(release, Anonymized):
        return facts_of_rows(release)
    raise InputError(
        f"a statement is about a fitted Synthesizer, a model file or anonymised rows, got {type(release).__name__}"
    )


def _account(budget: Budget, facts: Facts) -> dict[str, Any]:
    if not facts.has_budget:
        raise InputError("a budget counts fits that keep differential privacy, and this release is none")
    protects = (facts.budget["entity"], facts.budget["max_rows"], facts.root)
    if (budget.total.entity, budget.total.max_rows, budget.total.root) != protects:
        raise InputError("the budget protects another unit than the model: the two do not add up")
    return account_of(budget)


def _plain_audit(audit: Any, facts: Facts) -> Mapping[str, Any] | None:
    if audit is None:
        return None
    plain = audit if isinstance(audit, Mapping) else audit.to_dict()
    needed = ("claim", "epsilon", "confidence", "threat", "is_broken")
    if not all(name in plain for name in needed):
        raise InputError(f"this is no audit of a promise: it must hold {', '.join(needed)}")
    if not facts.has_budget:
        raise InputError("an audit tries a budget's promise, and this release has none")
    claim, budget = plain["claim"], facts.budget
    if any(float(claim[name]) != float(budget[name]) for name in ("epsilon", "delta")):
        raise InputError("the audit tried another promise: epsilon and delta must be those of the model")
    return dict(plain)


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        from likewise.tables.files import atomic_path

        with atomic_path(Path(path)) as beside:
            beside.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    return text


def _plain(ledger: Mapping[str, Any]) -> str:
    """A ledger as its file has it, where tuples are lists."""
    return json.dumps(dict(ledger), sort_keys=True)
