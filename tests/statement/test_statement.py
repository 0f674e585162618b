"""The release sheet: true of the model it speaks of, and told from nothing that a budget does not cover."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.audit import Audit, Bound, Claim
from likewise.dp.ledger import DP
from likewise.errors import InputError, NotFittedError, OptionError
from likewise.statement import facts as facts_room
from likewise.statement.facts import Facts

from ..dp.artefacts import blind_sums
from ..dp.test_private_fit import FAST, NEIGHBOURS, SCHEMA, blind, synth, table  # noqa: F401 - a fixture is used
from ..report.reports import Page, report_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:gradients of the net"),
    pytest.mark.filterwarnings("ignore:.*few for differential privacy"),
]
LANGS = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture(scope="module")
def private() -> lw.Synthesizer:
    return synth().fit(table(900, seed=31))


@pytest.fixture(scope="module")
def plain() -> lw.Synthesizer:
    frame = table(400, seed=32).with_columns(pl.Series("key", [f"K{i:05d}" for i in range(400)]))
    return lw.Synthesizer("copula", random_state=0).fit(frame)


def audit_of(epsilon: float, claimed: float = 1.0) -> Audit:
    bound = Bound(epsilon=epsilon, gaussian=epsilon)
    return Audit(
        claim=Claim(epsilon=claimed, delta=1e-6), bound=bound, law="any", confidence=0.95, runs=500, canaries=1,
        threat="has the fitted model", seconds=1.0,
    )  # fmt: skip


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_a_budget_is_told_with_its_unit_and_what_was_spent(private: lw.Synthesizer) -> None:
    told = lw.statement(private).to_dict()
    assert told["promise"] == {
        "unit": "row", "adjacency": "add or remove one row", "epsilon": 1.0, "delta": 1e-6, "trust": "central",
        "guess": pytest.approx(np.e / (1 + np.e), abs=1e-6),
    }  # fmt: skip
    assert private.ledger_ is not None
    assert told["ledger"] == private.ledger_.to_dict()
    assert told["release"]["rows"] == private.n_rows_
    assert "about" in lw.statement(private).to_markdown().splitlines()[2]


def test_a_guess_is_as_sure_as_the_least_private_mechanism_allows() -> None:
    """The pair of laws that any (epsilon, delta) mechanism is no easier to tell apart than (Kairouz et al. 2015)."""
    epsilon, delta = 1.7, 0.03
    odds = np.exp(epsilon)
    inside = np.array([delta, (1 - delta) * odds / (1 + odds), (1 - delta) / (1 + odds), 0])
    right = np.maximum(inside, inside[::-1]).sum() / 2
    facts = Facts(what="table", method="m", n_rows=1, ledger={"epsilon": epsilon, "delta": delta})
    assert facts.guess == pytest.approx(right)


def test_persons_are_the_unit_where_the_budget_says_so() -> None:
    who = lw.Column(name="who", kind="id", role="id", dtype="Int64")
    frame = table(600, seed=33).with_columns(pl.Series("who", np.arange(600) // 3))
    budget = DP(2.0, 1e-6, entity="who", max_rows=3)
    fitted = lw.Synthesizer("mst", schema=lw.Schema((*SCHEMA, who)), privacy=budget, **FAST["mst"]).fit(frame)
    sheet = lw.statement(fitted)
    assert sheet["unit"].standing == "held"
    assert "entity of column who with at most 3 rows" in sheet.to_markdown()
    assert not any(said.key == "risk_several_promised" for said in sheet.risks)
    assert [c.name for c in sheet.facts.columns if c.role == "id"] == ["who"]


def test_a_row_is_no_person_and_the_sheet_says_so(private: lw.Synthesizer) -> None:
    assert lw.statement(private)["unit"].standing == "yours"


def test_what_is_public_is_what_the_schema_declares(private: lw.Synthesizer) -> None:
    columns = {column.name: column for column in lw.statement(private).facts.columns}
    assert columns["grade"].bounds == (1, 6)
    assert columns["town"].levels == ("north", "south", "east")
    assert columns["town"].nullable is False


def test_a_model_without_a_budget_is_said_to_promise_nothing(plain: lw.Synthesizer) -> None:
    sheet = lw.statement(plain)
    assert sheet.to_dict()["promise"] is None
    assert sheet["parameters"].standing == "open"
    assert "no mathematical promise" in sheet.to_markdown()
    assert "epsilon" not in sheet.to_markdown().lower()
    assert "is kept when 5 rows or more have it" in sheet.to_markdown()
    assert sheet.facts.made_anew == ["key"]


def test_trees_that_copy_are_an_open_risk(plain: lw.Synthesizer) -> None:
    trees = lw.statement(lw.Synthesizer("cart", random_state=0).fit(table(300, seed=46)))
    assert "risk_leaves" in {said.key for said in trees.risks}
    assert "risk_leaves" not in {said.key for said in lw.statement(plain).risks}


def test_entities_are_counted_where_a_schema_names_them() -> None:
    frame = table(600, seed=44).with_columns(pl.Series("who", np.arange(600) // 3))
    sheet = lw.statement(lw.Synthesizer("copula", entity="who", random_state=0).fit(frame))
    assert sheet["unit"].standing == "held"
    assert "is kept when 5 entities or more have it" in sheet.to_markdown()
    assert sheet.facts.made_anew == ["who"]
    assert not any(said.key == "risk_several_counted" for said in sheet.risks)


def test_levels_that_were_told_from_rows_are_not_public() -> None:
    draft = lw.Column(name="town", kind="categorical", levels=("north", "lone-level"), found=("levels",))
    assert facts_room._known(draft, is_public=True).levels is None


def test_a_model_that_keeps_single_values_is_said_to() -> None:
    options = lw.CodecOptions(protect=False)
    sheet = lw.statement(lw.Synthesizer("copula", codec=options, random_state=0).fit(table(300, seed=34)))
    assert sheet["kept"].standing == "open"
    assert any(said.key == "risk_unprotected" for said in sheet.risks)


def test_levels_that_a_type_lists_are_not_told_without_a_budget() -> None:
    """The categories of an Enum may list what one person's row holds."""
    lone = pl.Enum(["a", "b", "lone-value"])
    frame = table(300, seed=35).with_columns(pl.Series("plan", ["a", "b"] * 149 + ["a", "lone-value"], dtype=lone))
    sheet = lw.statement(lw.Synthesizer("copula", random_state=0).fit(frame))
    assert not any("lone-value" in text for text in (sheet.to_json(), sheet.to_html(), sheet.to_markdown()))


@pytest.mark.parametrize(
    ("epsilon", "delta", "keys"),
    [(1.0, 1e-7, set()), (6.0, 1e-7, {"risk_weak"}), (1.0, 1e-4, {"risk_delta"})],
)
def test_a_budget_that_protects_little_is_an_open_risk(epsilon: float, delta: float, keys: set[str]) -> None:
    fitted = synth(privacy=DP(epsilon, delta)).fit(table(900, seed=36))
    found = {said.key for said in lw.statement(fitted).risks}
    assert found & {"risk_weak", "risk_delta"} == keys


def test_steps_of_training_are_told_as_the_plan_has_them() -> None:
    fitted = synth("autoregressive").fit(table(900, seed=37))
    assert fitted.plan_ is not None
    said = {one.key: one for answer in lw.statement(fitted).checklist for one in answer.said}
    assert said["variant_steps"].blanks["steps"] == fitted.plan_.steps
    assert said["variant_steps"].blanks["noise"] == fitted.plan_.multiplier
    assert said["contributions_clip"].blanks["clip"] == fitted.plan_.clip


def test_images_are_spoken_of_as_images() -> None:
    x = np.random.default_rng(41).integers(0, 256, (150, 6, 6)).astype(np.uint8)
    fitted = lw.Synthesizer("vae", net="mlp", epochs=1, privacy=DP(8.0, 1e-6), random_state=0).fit(x)
    sheet = lw.statement(fitted)
    assert "one image more or less" in sheet.to_markdown()
    assert sheet["pictures"].standing == "yours"
    unbounded = lw.statement(lw.Synthesizer("vae", net="mlp", epochs=1, random_state=0).fit(x))
    assert unbounded["kept"].said[0].key == "kept_images"


def test_anonymised_rows_are_told_with_what_they_keep() -> None:
    frame = table(300, seed=42)
    done = lw.privacy.anonymize(frame, quasi_identifiers=["grade", "town"], k=7)
    sheet = lw.statement(done)
    assert sheet["parameters"].said[0].blanks["k"] == done.report.measures.k
    assert "grade, town" in sheet.to_markdown()
    assert sheet["knowledge"].standing == "open"
    assert sheet.to_dict()["promise"] is None


def test_classes_of_persons_are_told_as_such() -> None:
    frame = table(300, seed=45).with_columns(pl.Series("who", np.arange(300) // 2))
    sheet = lw.statement(lw.privacy.anonymize(frame, quasi_identifiers="grade", entity="who", k=5))
    assert sheet["unit"].standing == "held"
    assert "persons; who knows a person" in sheet.to_markdown()


# ---- attacks and audits ----------------------------------------------------------------------------------------------


def test_attacks_are_told_beside_their_floors(plain: lw.Synthesizer) -> None:
    told = report_of()
    told = replace(told, scores=tuple(replace(s, least_leak=0.02) if s.threat else s for s in told.scores))
    sheet = lw.statement(plain, told)
    assert "| 0.480 – 0.540 | 500 | 2.0 % |" in sheet.to_markdown()
    assert [score.name for score in sheet.attacks] == ["copies", "membership"]
    assert lw.statement(plain)["attacks"].standing == "open"


def test_exact_figures_beside_a_budget_keep_the_sheet_at_home(private: lw.Synthesizer) -> None:
    with_figures, without = lw.statement(private, report_of()), lw.statement(private, report_of().withheld())
    assert with_figures["mixing"].standing == "open"
    assert "For whoever holds the table only" in with_figures.to_html()
    assert without["mixing"].standing == "yours"
    assert "For whoever holds the table only" not in without.to_html()


def test_a_report_that_was_written_and_read_again_is_of_its_model() -> None:
    paid = synth(privacy=DP(1.0, 1e-6, pay="missing")).fit(table(900, seed=38))
    assert paid.ledger_ is not None
    report = report_of().withheld().with_ledger(paid.ledger_.to_dict())
    assert lw.statement(paid, lw.Report.from_json(report.to_json()))["mixing"].standing == "yours"


def test_a_report_of_another_private_model_is_refused(private: lw.Synthesizer) -> None:
    other = synth(privacy=DP(0.5, 1e-6)).fit(table(900, seed=38)).ledger_
    assert other is not None
    with pytest.raises(InputError, match="another model"):
        lw.statement(private, report_of().with_ledger(other.to_dict()))


def test_an_audit_is_told_and_one_that_found_more_comes_first(private: lw.Synthesizer) -> None:
    stands, broken = lw.statement(private, audit=audit_of(0.4)), lw.statement(private, audit=audit_of(1.6).to_dict())
    assert "found epsilon to be 0.4 at least" in stands.to_markdown()
    assert broken.risks[0].key == "risk_broken"
    assert broken["audit"].standing == "open"


def test_an_audit_of_another_promise_is_refused(private: lw.Synthesizer, plain: lw.Synthesizer) -> None:
    with pytest.raises(InputError, match="another promise"):
        lw.statement(private, audit=audit_of(0.4, claimed=2.0))
    with pytest.raises(InputError, match="has none"):
        lw.statement(plain, audit=audit_of(0.4))
    with pytest.raises(InputError, match="must hold claim"):
        lw.statement(private, audit={"passed": True})


def test_all_fits_are_told_where_a_budget_counts_them(private: lw.Synthesizer, tmp_path: Path) -> None:
    budget = lw.Budget(tmp_path, name="patients", total=DP(3.0, 1e-6)).create()
    with budget.recorded(DP(1.0, 1e-6), "mst", counts_only=True):
        pass
    sheet = lw.statement(private, budget=budget)
    assert sheet["releases"].standing == "partly"
    assert sheet.to_dict()["budget"] == {
        "name": "patients", "epsilon": 3.0, "delta": 1e-6, "spent": budget.spent, "fits": 1,
    }  # fmt: skip
    assert "Fits of these data in the budget patients: 1." in sheet.to_markdown()


def test_a_budget_of_another_unit_is_refused(private: lw.Synthesizer, plain: lw.Synthesizer, tmp_path: Path) -> None:
    persons = lw.Budget(tmp_path / "p.json", total=DP(3.0, 1e-6, entity="who", max_rows=2)).create()
    with pytest.raises(InputError, match="another unit"):
        lw.statement(private, budget=persons)
    with pytest.raises(InputError, match="release is none"):
        lw.statement(plain, budget=persons)


# ---- forms -----------------------------------------------------------------------------------------------------------


@LANGS
def test_the_page_is_whole_and_needs_nothing(private: lw.Synthesizer, lang: str) -> None:
    html = lw.statement(private, report_of(), audit=audit_of(0.4)).to_html(lang=lang)
    page = Page(html)
    assert page.open == []
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "link", "iframe")]
    assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")
    assert "{" not in page.text
    assert f'lang="{"zh-Hans" if lang == "zh" else lang}"' in html


@LANGS
def test_names_are_told_as_they_are_and_run_nothing(lang: str) -> None:
    odd = "a <script>|b"
    frame = table(300, seed=43).rename({"town": odd})
    sheet = lw.statement(lw.Synthesizer("copula", random_state=0).fit(frame))
    assert odd in Page(sheet.to_html(lang=lang)).text
    assert "<script>" not in sheet.to_html(lang=lang)
    assert r"a \<script\>\|b" in sheet.to_markdown(lang=lang)


@LANGS
def test_json_holds_every_item_in_words(private: lw.Synthesizer, lang: str, tmp_path: Path) -> None:
    sheet = lw.statement(private)
    told = json.loads(sheet.to_json(tmp_path / "sheet.json", lang=lang))
    assert json.loads((tmp_path / "sheet.json").read_text(encoding="utf-8")) == told
    assert [item["item"] for item in told["checklist"]] == [answer.item for answer in sheet.checklist]
    assert all(item["answer"] and item["standing"] in ("held", "partly", "open", "yours") for item in told["checklist"])


def test_a_language_that_is_not_there_is_refused(private: lw.Synthesizer) -> None:
    for render in ("to_html", "to_json", "to_markdown"):
        with pytest.raises(OptionError, match="en, zh"):
            getattr(lw.statement(private), render)(lang="de")


@pytest.mark.parametrize("fixture", ["private", "plain"])
def test_a_model_file_gives_the_same_sheet(fixture: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    fitted = request.getfixturevalue(fixture)
    fitted.save(tmp_path / "m.likewise")
    assert lw.statement(tmp_path / "m.likewise").to_dict() == lw.statement(fitted).to_dict()


def test_what_is_no_release_is_refused() -> None:
    with pytest.raises(NotFittedError):
        lw.statement(lw.Synthesizer())
    with pytest.raises(InputError, match="got DataFrame"):
        lw.statement(table())  # type: ignore[arg-type]


# ---- nothing exact ---------------------------------------------------------------------------------------------------


def all_of(frame: pl.DataFrame, model: str) -> list[str]:
    sheet = lw.statement(synth(model).fit(frame))
    return [form for lang in ("en", "zh") for form in (sheet.to_json(lang=lang), sheet.to_html(lang=lang))]


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("model", ["mst", "aim", "autoregressive"])
@pytest.mark.parametrize("change", NEIGHBOURS)
def test_sheets_of_neighbouring_tables_differ_in_noisy_numbers_only(
    model: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind_sums(monkeypatch)
    assert all_of(table(), model) == all_of(NEIGHBOURS[change], model)


@pytest.mark.usefixtures("blind")
def test_an_exact_count_in_the_sheet_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = facts_room.Facts

    def telling(**facts: Any) -> Facts:
        return honest(**{**facts, "n_rows": fitted_rows[-1]})

    fitted_rows: list[int] = []
    fit = lw.Synthesizer.fit

    def noting(self: Any, frame: Any, *rest: Any, **more: Any) -> Any:
        fitted_rows.append(len(frame))
        return fit(self, frame, *rest, **more)

    monkeypatch.setattr(lw.Synthesizer, "fit", noting)
    monkeypatch.setattr(facts_room, "Facts", telling)
    assert all_of(table(), "mst") != all_of(NEIGHBOURS["a row less"], "mst")
