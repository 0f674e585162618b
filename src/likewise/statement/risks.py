"""What remains open, and the text for an impact assessment, both told from the facts and the checklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from likewise.evaluate.results import Score
from likewise.models.cart.model import CartChain
from likewise.statement.checklist import is_delta_large, is_weak, unit_of
from likewise.statement.facts import Facts
from likewise.statement.said import Answer, AttackName, Said, Title

Paragraphs = tuple[tuple[str, tuple[Said, ...]], ...]
"""Heading (in `LABELS`) and sentences of each."""


def risks(facts: Facts, checklist: Sequence[Answer], attacks: Sequence[Score]) -> tuple[Said, ...]:
    """What whoever signs must know."""
    return tuple(_risks(facts, checklist, attacks))


def _risks(facts: Facts, checklist: Sequence[Answer], attacks: Sequence[Score]) -> Iterator[Said]:
    if facts.has_budget:
        broken = any(said.key == "audit_broken" for answer in checklist for said in answer.said)
        if broken:
            yield Said("risk_broken")
        if is_weak(facts):
            yield Said("risk_weak")
        if is_delta_large(facts):
            yield Said("risk_delta")
        if attacks:
            yield Said("risk_exact")
    else:
        yield Said("risk_knowledge" if facts.what == "rows" else "risk_no_promise")
    if CartChain.name in facts.method.split(", "):
        yield Said("risk_leaves")
    if facts.protected is not None and facts.protected.rows == 1:
        yield Said("risk_unprotected")
    if any(answer.item == "unit" and answer.standing == "yours" for answer in checklist):
        promised = facts.has_budget
        yield Said("risk_several_promised", {"unit": unit_of(facts)}) if promised else Said("risk_several_counted")
    worse = [score.name for score in attacks if score.stands == "worse"]
    if worse:
        yield Said("risk_alarms", {"names": [AttackName(name) for name in worse]})
    elif not attacks and not facts.has_budget:
        yield Said("risk_untried")
    if facts.what != "rows":
        yield Said("risk_near" if facts.what == "images" else "risk_chance")
    yield Said("risk_statistics")
    counts = {standing: _items(checklist, standing) for standing in ("open", "partly", "yours")}
    yield Said("risk_marked", {standing: len(items) for standing, items in counts.items()})


def assessment(facts: Facts, checklist: Sequence[Answer], attacks: Sequence[Score], version: str) -> Paragraphs:
    """Paragraphs in the order of GDPR, Article 35(7), and two other laws."""
    return (
        ("dpia_a", tuple(_description(facts, version))),
        ("dpia_b", tuple(_need(facts))),
        ("dpia_c", tuple(_dangers(facts, checklist, attacks))),
        ("dpia_d", tuple(_measures(checklist))),
        ("dpia_law", (Said("law_gdpr"), Said("law_hipaa"), Said("law_pipl"))),
    )


def _description(facts: Facts, version: str) -> Iterator[Said]:
    key = {"table": "dpia_description", "images": "dpia_description_images", "rows": "dpia_description_rows"}
    blanks = {"n": facts.n_rows, "method": facts.method, "version": version}
    if facts.what == "database":
        learnt = Said("of_roots", {"root": facts.root}) if facts.root is not None else Said("of_all")
        yield Said("dpia_description_database", {**blanks, "tables": len(facts.tables), "of": learnt})
        return
    yield Said(key[facts.what], blanks)


def _need(facts: Facts) -> Iterator[Said]:
    yield Said("dpia_need")
    anew, out = facts.made_anew, facts.named("drop")
    used = [c.called for c in facts.columns if c.called not in (*anew, *out) and c.role != "kept"]
    for key, names in (("dpia_columns", used), ("dpia_made_anew", anew), ("dpia_left_out", out)):
        if names:
            yield Said(key, {"names": names})
    if facts.given:
        yield Said("given", {"names": facts.given})


def _dangers(facts: Facts, checklist: Sequence[Answer], attacks: Sequence[Score]) -> Iterator[Said]:
    yield Said("dpia_risks")
    if facts.has_budget:
        yield Said("dpia_bounded", {"unit": unit_of(facts), "epsilon": facts.epsilon, "delta": facts.delta})
    elif facts.what == "rows":
        names = facts.named("quasi_identifier")
        yield Said("dpia_classes", {"names": names, "promise": facts.report["promise"]})
    else:
        yield Said("dpia_unbounded")
    yield from (said for answer in checklist if answer.item in ("audit", "attacks") for said in answer.said)
    yield from (said for said in risks(facts, checklist, attacks) if said.key == "risk_alarms")


def _measures(checklist: Sequence[Answer]) -> Iterator[Said]:
    held, yours = _items(checklist, "held"), _items(checklist, "yours")
    if held:
        yield Said("dpia_measures", {"held": held})
    left = [*_items(checklist, "open"), *_items(checklist, "partly")]
    yield Said("dpia_residual", {"open": left, "yours": yours})


def _items(checklist: Sequence[Answer], standing: str) -> list[Title]:
    return [Title(answer.item) for answer in checklist if answer.standing == standing]
