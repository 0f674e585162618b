"""The checklist: each item of NIST SP 800-226 that applies to a release, answered from its facts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from likewise.evaluate.results import Score
from likewise.report.noisy import summaries
from likewise.statement.facts import Facts
from likewise.statement.said import Answer, Said, Standing
from likewise.statement.sentences import PARTS

NEARLY_ALL = 0.99
"""Share of guesses that may be right under the bound from which it protects next to nothing."""

MUCH_DELTA = 0.01
"""Delta times rows from which delta is large."""


def answers(facts: Facts, attacks: Sequence[Score], audit: Mapping[str, Any] | None) -> tuple[Answer, ...]:
    """All items that apply, in their order.

    Args:
        attacks: figures of attacks on the release.
        audit: what an audit of its promise found, as `likewise.audit.Audit.to_dict` gives it.
    """
    kind = _under_budget if facts.has_budget else _of_rows if facts.what == "rows" else _without_budget
    found = {answer.item: answer for answer in (*kind(facts), *_for_all(facts, attacks))}
    if facts.has_budget:
        found["audit"] = _audited(audit)
        if attacks:
            found["mixing"] = _answer("mixing", "open", "mixing_here")
    return tuple(found[item] for items in PARTS.values() for item in items if item in found)


def _answer(item: str, standing: Standing, *said: str | Said) -> Answer:
    return Answer(item, standing, tuple(Said(one) if isinstance(one, str) else one for one in said))


def unit_of(facts: Facts) -> Said:
    """Whose presence is hidden."""
    budget = facts.budget
    if facts.root is not None:
        return Said("unit_root", {"root": facts.root})
    if budget["entity"] is not None and not facts.is_whole:
        return Said("unit_entity", {"entity": budget["entity"], "m": budget["max_rows"]})
    return _one_of(facts)


def _one_of(facts: Facts) -> Said:
    if facts.root is not None:
        return unit_of(facts)
    if facts.is_whole:
        return Said("unit_history", {"entity": facts.budget["entity"]})
    return Said("unit_image" if facts.what == "images" else "unit_row")


def _for_all(facts: Facts, attacks: Sequence[Score]) -> Iterator[Answer]:
    if attacks:
        worse = sum(score.stands == "worse" for score in attacks)
        yield _answer("attacks", "partly", Said("attacks", {"n": len(attacks), "found": worse}))
    elif not facts.has_budget:
        yield _answer("attacks", "open", "attacks_none")
    yield _answer("security", "yours", "security_rows" if facts.what == "rows" else "security")
    yield _answer("collection", "yours", "collection")


def _identifiers(facts: Facts) -> Iterator[Answer]:
    if facts.made_anew:
        yield _answer("identifiers", "held", Said("identifiers", {"names": facts.made_anew}))


def _given(facts: Facts) -> Iterator[Answer]:
    if facts.given:
        yield _answer("given", "yours", Said("given", {"names": facts.given}))


def is_weak(facts: Facts) -> bool:
    return facts.guess >= NEARLY_ALL


def is_delta_large(facts: Facts) -> bool:
    return facts.delta * facts.n_rows > MUCH_DELTA


# ---- under a budget --------------------------------------------------------------------------------------------------


def _under_budget(facts: Facts) -> Iterator[Answer]:
    strength = Said(
        "parameters",
        {"epsilon": facts.epsilon, "delta": facts.delta, "unit": unit_of(facts), "guess": percent(facts.guess)},
    )
    weak = is_weak(facts)
    yield _answer("parameters", "partly" if weak else "held", strength, *["parameters_weak"] * weak)
    product = Said("delta", {"n": facts.n_rows, "product": f"{facts.delta * facts.n_rows:.2g}"})
    yield _answer("delta", "partly" if is_delta_large(facts) else "held", product)
    yield _answer("variant", "held", *_variant(facts))
    yield _unit(facts)
    yield _answer("adjacency", "held", Said("adjacency", {"unit": unit_of(facts), "n": facts.n_rows}))
    yield _answer("contributions", "held", *_contributions(facts))
    yield from _given(facts)
    yield from _identifiers(facts)
    if facts.account:
        yield _answer("releases", "partly", Said("releases_counted", facts.account))
    else:
        yield _answer("releases", "yours", "releases")
    yield _answer("mixing", "yours", "mixing")
    yield _answer("looks", "partly", Said("looks", {"n": len(facts.entries)}), "looks_tested")
    yield _answer("public", "yours", *_public(facts))
    yield _answer("tuning", "yours", "tuning")
    yield _answer("postprocessing", "held", "postprocessing")
    yield from _accuracy(facts)
    yield _answer("groups", "open", "groups")
    if facts.what == "images":
        yield _answer("pictures", "yours", "pictures")
    yield _answer("queries", "held", "queries")
    yield _answer("trust", "yours", "trust_budget")
    yield from _implementation(facts)
    yield _answer("timing", "open", "timing")
    yield _answer("failure", "open", "failure")


def _variant(facts: Facts) -> Iterator[Said]:
    yield Said("variant")
    if facts.ledger["rho"] > 0:
        yield Said("variant_rho", {"unit": _one_of(facts), "rho": float(facts.ledger["rho"])})
    for entry in facts.steps:
        blanks = {"steps": entry["steps"], "rate": float(entry["rate"]), "noise": float(entry["parameter"])}
        yield Said("variant_steps", blanks)


def _unit(facts: Facts) -> Answer:
    entity = facts.budget["entity"]
    if facts.root is not None:
        names = [table.name for table in facts.tables if table.root == facts.root and table.name != facts.root]
        return _answer("unit", "held", Said("unit_is_root", {"root": facts.root, "names": names or "–"}))
    if entity is not None:
        return _answer("unit", "held", Said("unit_is_entity", {"entity": entity}))
    return _answer("unit", "yours", "unit_is_image" if facts.what == "images" else "unit_is_row")


def _contributions(facts: Facts) -> Iterator[Said]:
    if facts.budget["entity"] is not None:
        said = "contributions_history" if facts.is_whole else "contributions_entity"
        yield Said(said, {"m": facts.budget["max_rows"]})
    if facts.root is not None:
        yield Said("contributions_root", {"m": facts.budget["max_rows"]})
    yield Said("contributions_row", {"unit": _one_of(facts)})
    if facts.steps and "clip" in facts.options:
        yield Said("contributions_clip", {"unit": _one_of(facts), "clip": float(facts.options["clip"])})
    if any(column.bounds is not None for column in facts.columns):
        yield Said("contributions_bounds")


def _public(facts: Facts) -> Iterator[Said]:
    yield Said("public")
    if facts.budget["pay"]:
        yield Said("public_paid", {"what": [Said(f"pay_{what}") for what in facts.budget["pay"]]})


def _accuracy(facts: Facts) -> Iterator[Answer]:
    noise = [float(entry["parameter"]) for entry in facts.entries if entry["mechanism"] == "gaussian"]
    if noise:
        blanks = {"least": min(noise), "most": max(noise)}
        said = Said("accuracy" if len(set(noise)) > 1 else "accuracy_one", blanks)
        yield _answer("accuracy", "partly", said, *_held_against(facts))


def _held_against(facts: Facts) -> Iterator[Said]:
    for summary in summaries(facts.noisy):
        blanks = {"n": len(summary.fits), "distance": f"{summary.distance:.3f}", "noise": f"{summary.noise:.3f}"}
        yield Said(f"accuracy_{summary.kind}", {**blanks, "beyond": summary.beyond})


def _implementation(facts: Facts) -> Iterator[Answer]:
    used = {entry["mechanism"] for entry in facts.entries}
    numbers: list[str] = []
    numbers += ["numbers_counts"] * ("gaussian" in used) + ["numbers_choices"] * ("exponential" in used)
    numbers += ["numbers_steps"] * bool(facts.steps)
    standing: Standing = "partly" if facts.steps or "exponential" in used else "held"
    yield _answer("numbers", standing, *numbers)
    steps = bool(facts.steps)
    yield _answer("randomness", "partly" if steps else "held", "randomness", *["randomness_steps"] * steps)


def _audited(audit: Mapping[str, Any] | None) -> Answer:
    if audit is None:
        return _answer("audit", "open", "audit_none")
    blanks = {
        "threat": audit["threat"], "found": float(audit["epsilon"]), "confidence": 100 * float(audit["confidence"]),
        "claimed": float(audit["claim"]["epsilon"]),
    }  # fmt: skip
    if audit["is_broken"]:
        return _answer("audit", "open", Said("audit_broken", blanks))
    return _answer("audit", "partly", Said("audit", blanks))


# ---- without one -----------------------------------------------------------------------------------------------------


def _without_budget(facts: Facts) -> Iterator[Answer]:
    yield _answer("parameters", "open", "parameters_none")
    yield from _rules(facts)
    yield from _given(facts)
    yield from _identifiers(facts)
    yield _answer("releases", "open", "releases_unbounded")
    yield _answer("groups", "open", "groups_plain")
    yield _answer("trust", "yours", "trust")


def _rules(facts: Facts) -> Iterator[Answer]:
    protected = facts.protected
    if protected is None:
        yield _answer("kept", "open", "kept_images" if facts.what == "images" else "kept_nothing")
        return
    laws = ["kept_law"] + ["kept_links"] * bool(facts.tables)
    if protected.rows > 1:
        if facts.tables:
            yield _unit_of_rows(facts)
        elif facts.entity is None:
            yield _answer("unit", "yours", Said("unit_rules", {"m": protected.rows}))
        else:
            yield _answer("unit", "held", Said("unit_counted", {"entity": facts.entity}))
        counted = "counted_roots" if facts.tables else "counted_rows" if facts.entity is None else "counted_entities"
        ends = {"m": protected.rows, "last": 2 * protected.rows - 1}
        yield _answer("kept", "partly", Said("kept", {"counted": Said(counted), **ends}), *laws)
    else:
        yield _answer("kept", "open", "kept_not", *laws)
    if protected.k_anonymous is not None:
        blanks = {"names": facts.named("quasi_identifier"), "k": protected.k_anonymous}
        yield _answer("shared", "partly", Said("shared", blanks))


def _unit_of_rows(facts: Facts) -> Answer:
    """Of a database without a budget: whom the rows of each table go back to."""
    made = [table for table in facts.tables if not table.is_kept]
    roots = {table.root: [t.name for t in made if t.root == table.root] for table in made}
    lines = [Said("root_line", {"root": root, "names": names}) for root, names in roots.items()]
    said = [Said("unit_roots", {"roots": lines})]
    if not (nobody := [table.name for table in made if not table.is_people]):
        return _answer("unit", "held", *said)
    return _answer("unit", "yours", *said, Said("unit_roots_yours", {"names": nobody}))


def _of_rows(facts: Facts) -> Iterator[Answer]:
    measures = facts.report["measures"]
    kept = {
        "promise": facts.report["promise"], "k": measures["k"], "most": percent(measures["prosecutor_max"]),
        "mean": percent(measures["prosecutor_mean"]),
    }  # fmt: skip
    entity = facts.report["entity"]
    kept["counted"] = Said("members_rows" if entity is None else "members_persons")
    yield _answer("parameters", "partly", Said("parameters_rows", kept))
    if entity is None:
        yield _answer("unit", "yours", "unit_classes")
    else:
        yield _answer("unit", "held", Said("unit_classes_counted", {"entity": entity}))
    names = facts.named("quasi_identifier")
    others = [column.name for column in facts.columns if column.role != "quasi_identifier"]
    yield _answer("knowledge", "open", Said("knowledge", {"names": names, "others": others or "–"}))
    yield _answer("releases", "open", "releases_unbounded")
    yield _answer("groups", "partly", Said("groups_rows", {"n": facts.report["n_suppressed"]}))
    yield _answer("trust", "yours", "trust")


def percent(share: float) -> str:
    """A share in percent, rounded up, and never to all of it.

    Example:
        >>> percent(0.7310586), percent(0.9999546), percent(0.2), percent(1.0)
        ('73.2', '99.996', '20.0', '100')
    """
    if share >= 1:
        return "100"
    for digits in range(1, 12):
        up = math.ceil(100 * share * 10**digits - 1e-6) / 10**digits
        if up < 100:
            break
    return f"{up:.{digits}f}"
