"""Whose a row is: the entity of a schema, its numbers, and the column that repeats as an entity's key does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore
from likewise.schema.persons import likely_entity, parted, persons_of
from likewise.tables import files


def visits(seed: int, n_patients: int = 60, key: str = "patient_id") -> pl.DataFrame:
    """Patients with three to nine visits each; their year of birth and town are their own."""
    rng = np.random.default_rng(seed)
    who = rng.permutation(np.repeat(np.arange(n_patients), rng.integers(3, 10, n_patients)))
    return pl.DataFrame({
        key: who * 7 + 100,
        "born": rng.integers(1930, 2000, n_patients)[who],
        "town": rng.choice(["Bern", "Chur", "Thun", "Biel"], n_patients)[who],
        "pulse": rng.normal(70, 9, len(who)).round(1),
        "ward": rng.choice(["a", "b", "c"], len(who)),
    })  # fmt: skip


# ---- the role ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_a_column_of_any_kind_can_be_the_entity_and_is_not_modelled(kind: Kind) -> None:
    column = Column(name="who", kind=kind, role="entity")
    assert column.role is Role.ENTITY
    assert not column.is_modelled
    assert Schema((column,)).entity == "who"


def test_a_schema_has_one_entity_at_most_and_keeps_it_through_json() -> None:
    one, two = (Column(name=name, kind=Kind.TEXT, role=Role.ENTITY) for name in ("a", "b"))
    with pytest.raises(lw.SchemaError, match="only one column can be the entity, got 'a', 'b'"):
        Schema((one, two))
    assert Schema.from_json(Schema((one,)).to_json()).entity == "a"
    assert lw.infer(pl.DataFrame({"x": [1, 2]})).entity is None


def test_an_id_becomes_the_entity_and_stays_it_when_its_kind_is_said_again() -> None:
    schema = Schema((Column(name="key", kind=Kind.ID, role=Role.ID),)).replace("key", role="entity")
    assert schema["key"].kind is Kind.ID
    assert schema.replace("key", kind="id").entity == "key"


def test_entities_are_read_as_they_came_whatever_their_kind() -> None:
    schema = Schema((Column(name="who", kind=Kind.INTEGER, role=Role.ENTITY, dtype="String"),))
    frame = pl.DataFrame({"who": ["007", "7"]})
    assert restore(parse(frame, schema), schema).equals(frame)


def test_drawn_rows_have_entities_made_anew_one_each() -> None:
    frame = visits(3)
    schema = lw.infer(frame, overrides={"patient_id": {"role": "entity"}})
    drawn = lw.Synthesizer("copula", schema=schema, random_state=5).fit(frame).sample(200)
    assert drawn["patient_id"].n_unique() == 200
    assert not set(drawn["patient_id"]) & set(frame["patient_id"])
    assert drawn["patient_id"].dtype == frame["patient_id"].dtype


@pytest.mark.parametrize(
    "dtype", [pl.Date(), pl.Datetime("us"), pl.Float64(), pl.Int32(), pl.String(), pl.Categorical()]
)
def test_entities_of_any_type_are_made_anew_in_it(dtype: pl.DataType) -> None:
    keys = pl.Series("who", np.repeat(np.arange(1, 60), 4))
    keys = keys.cast(pl.Int32).cast(dtype) if dtype.is_temporal() else keys.cast(pl.String).cast(dtype)
    frame = pl.DataFrame([keys, pl.Series("x", np.random.default_rng(35).normal(size=len(keys)))])
    drawn = lw.Synthesizer("copula", entity="who", random_state=6).fit(frame).sample(50)["who"]
    assert drawn.dtype == dtype
    assert drawn.n_unique() == 50
    assert drawn.null_count() == 0
    assert not drawn.cast(pl.String).is_in(keys.cast(pl.String).implode()).any()


# ---- their numbers -----------------------------------------------------------------------------------------------


def test_persons_count_from_nought_in_order_of_appearance() -> None:
    frame = pl.DataFrame({"who": ["z", "a", "z", "m", "a"], "x": range(5)})
    assert persons_of(frame, "who").tolist() == [0, 1, 0, 2, 1]
    assert persons_of(frame, None).tolist() == [0, 1, 2, 3, 4]
    assert persons_of(frame.head(0), "who").tolist() == []


@pytest.mark.parametrize("hole", [[None, 1.0], [float("nan"), 1.0], ["", "b"], [" ", "b"]])
def test_a_row_that_does_not_tell_whose_it_is_is_refused_by_column(hole: list[object]) -> None:
    with pytest.raises(lw.InputError, match=r"column 'who': 1 of 2 rows do not tell whose they are"):
        persons_of(pl.DataFrame({"who": hole}), "who")


def test_an_entity_that_is_no_column_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(lw.InputError, match="'patientid', which the table lacks; did you mean 'patient_id'"):
        persons_of(visits(1), "patientid")


# ---- the look for them -------------------------------------------------------------------------------------------


def suspect(frame: pl.DataFrame) -> str | None:
    found = likely_entity(frame, lw.infer(frame, entity=False))
    return None if found is None else found.column


@pytest.mark.parametrize("key", ["patient_id", "PatientID", "Kundennummer", "id", "工号", "num_client"])
def test_a_key_that_repeats_is_suspected_by_its_name(key: str) -> None:
    assert suspect(visits(11, key=key)) == key


@pytest.mark.parametrize("form", ["mail", "uuid", "code"])
def test_a_key_that_repeats_is_suspected_by_its_form(form: str) -> None:
    frame = visits(12, key="col7")
    makers = {
        "mail": lambda n: f"p{n}@clinic.example",
        "uuid": lambda n: f"00000000-0000-4000-8000-{n * 48271 % 16**12:012x}",
        "code": lambda n: f"AB-{n:06d}",
    }
    texts = [makers[form](n) for n in frame["col7"].to_list()]
    assert suspect(frame.with_columns(pl.Series("col7", texts))) == "col7"


@pytest.mark.parametrize("key", ["emp", "subject", "Patient"])
def test_whole_numbers_under_the_name_of_somebody_are_keys_where_they_have_facts_of_their_own(key: str) -> None:
    assert suspect(payroll(37).drop("name").rename({"employee_id": key})) == key
    frame = payroll(38).select("month", pl.Series(key, np.random.default_rng(38).poisson(40, 1_200)))
    assert suspect(frame) is None  # a mere number


BARE = (
    "PATIENT", "CUSTOMER", "person", "User", "assigned_employee", "KUNDE", "Schüler", "Patientin", "étudiant",
    "PACIENTE", "cliente", "utente", "aluno", "клиент", "пользователь", "pacjent", "klant", "müşteri", "asiakas",
    "患者", "客户", "用户", "顧客", "ユーザー", "고객", "مريض", "מטופל",
)  # fmt: skip
"""Names of somebody without a word for a key, in languages that the vocabulary knows."""


def measured(key: str, keys: list[object], n: int = 400) -> pl.DataFrame:
    """Rows that tell nothing of whose they are but by their key."""
    rng = np.random.default_rng(41)
    at = rng.integers(0, len(keys), n)
    return pl.DataFrame({"pulse": rng.normal(70, 9, n).round(1), key: [keys[k] for k in at]})


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("form", ["uuid", "code", "row number", "long number"])
def test_the_bare_name_of_somebody_is_a_key_where_its_values_are_given_out(name: str, form: str) -> None:
    keys: dict[str, list[object]] = {
        "uuid": [f"00000000-0000-4000-8000-{k * 48271 % 16**12:012x}" for k in range(60)],
        "code": [f"P-{k * 7919 % 1000:03d}" for k in range(60)], "row number": list(range(1, 61)),
        "long number": [k * 7919 + 100_003 for k in range(60)],
    }  # fmt: skip
    assert suspect(measured(name, keys[form])) == name


@pytest.mark.parametrize("name", ["staff", "employee", "student", "guest", "member", "person", "client"])
def test_counts_and_levels_under_the_name_of_somebody_are_nobody(name: str) -> None:
    rng = np.random.default_rng(42)
    for counts in (rng.poisson(9, 3_000), rng.geometric(0.05, 3_000), rng.normal(60, 20, 3_000).clip(0).astype(int)):
        assert suspect(measured(name, counts.tolist(), 3_000)) is None
    assert suspect(measured(name, ["yes", "no"])) is None
    assert suspect(measured(name, ["new", "old", "gold", "silver", "staff", "none"])) is None


@pytest.mark.parametrize(
    ("name", "form"), [("host", "web-{:02d}"), ("agent", "bot{:03d}"), ("kind", "K-{:03d}"), ("vehicle", "T{:04d}")]
)
def test_machines_are_nobody_by_their_bare_name(name: str, form: str) -> None:
    assert suspect(measured(name, [form.format(k) for k in range(40)])) is None


@pytest.mark.parametrize("key", ["product_code", "airport_code", "class_id", "ItemID"])
def test_what_is_sold_or_visited_is_nobody(key: str) -> None:
    """Though its code repeats and has its own price and place."""
    rng = np.random.default_rng(39)
    which = rng.integers(0, 200, 1_200)
    frame = pl.DataFrame({
        key: [f"P-{k:04d}" for k in which], "price": which * 1.5 + 10, "shelf": which % 5,
        "sold": rng.integers(1, 9, 1_200),
    })  # fmt: skip
    assert suspect(frame) is None
    assert suspect(frame.rename({key: f"customer_{key}"})) is not None


def test_the_reason_tells_what_is_constant_and_no_cell() -> None:
    frame = visits(13)
    found = likely_entity(frame, lw.infer(frame, entity=False))
    assert found is not None
    assert found.constant == ("born", "town")
    assert found.n_entities == 60
    assert found.reason.endswith("'born', 'town' hardly vary within one")


def test_once_an_entity_is_named_nothing_is_suspected() -> None:
    frame = visits(14)
    assert likely_entity(frame, lw.infer(frame, overrides={"patient_id": {"role": "entity"}})) is None


def test_categories_with_facts_of_their_own_are_no_entities() -> None:
    rng = np.random.default_rng(77)
    region = rng.integers(0, 12, 900)
    frame = pl.DataFrame({
        "region": pl.Series(region).cast(pl.String) + "th",
        "capital": pl.Series(region // 2).cast(pl.String) + "ville",
        "rooms": rng.integers(1, 9, 900),
        "households": rng.integers(100, 160, 900),
        "passengers": rng.integers(1, 7, 900),
        "grade": rng.choice(["A1", "A2", "B1", "B2", "C1", "C2"], 900),
    })  # fmt: skip
    assert suspect(frame) is None


REAL = {
    "adult_train.csv": None, "titanic.csv": None, "diamonds.csv": None, "california_housing.csv": None,
    "bank_marketing.csv": None, "compas.csv": None, "taxis.csv": None, "penguins.csv": None, "shoppers.csv": None,
    "nycflights13/planes.csv": None, "berka/account.csv": None, "berka/district.csv": None, "earthquakes.csv": None,
    "nist_ma2019.csv": None, "relbench_f1/race.csv": None, "mutagenesis/atom.csv": None,
    "nhanes.csv": "ID", "helpdesk_events.csv": "CaseID", "cdnow/purchases.csv": "users_id",
    "berka/order.csv": "account_id", "baseball_careers/fielding-train.parquet": "playerID",
    "relbench_f1/result.csv": "driver_id", "chinook/Invoice.csv": "CustomerId",
}  # fmt: skip


@pytest.mark.parametrize(("table", "wanted"), REAL.items())
def test_real_tables_are_told_apart(shared_data: Path, table: str, wanted: str | None) -> None:
    assert suspect(files.read(shared_data / table)) == wanted


# ---- what inference makes of it ----------------------------------------------------------------------------------


def payroll(seed: int, n_people: int = 100) -> pl.DataFrame:
    """Twelve months of each; name, pay and birth date are a person's own, and tell one from all others."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_people), 12)
    given, family = ["Ada", "Bo", "Cem", "Dunja", "Eva"], ["Abt", "Beck", "Cruz", "Diaz", "Egli", "Fux", "Graf", "Hug"]
    names = [f"{a} {b}" for a in given for b in family]
    own = pl.DataFrame({
        "employee_id": rng.permutation(n_people) + 4_000,
        "name": [f"{names[i % 40]} {'I' * (1 + i // 40)}" for i in range(n_people)],
        "salary": rng.lognormal(8, 0.3, n_people).round(2),
        "birth_date": [dt.date(1990, 1, 1) - dt.timedelta(int(d)) for d in rng.integers(0, 12_000, n_people)],
        "team": rng.choice(["red", "blue"], n_people),
    })  # fmt: skip
    return own[who].with_columns(month=pl.Series(np.tile(np.arange(1, 13), n_people)))


def known_people(drawn: pl.DataFrame, real: pl.DataFrame) -> int:
    """Drawn rows that hold the name, pay and birth date of one real person."""
    own = ["name", "salary", "birth_date"]
    return drawn.join(real.select(own).unique(), on=own, how="semi").height


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_default_fit_of_a_payroll_draws_nobody(seed: int) -> None:
    frame = payroll(seed)
    with pytest.warns(lw.LikewiseWarning, match=r"column 'employee_id' is taken for the key of an entity.*--no-entity"):
        synth = lw.Synthesizer("copula", random_state=seed).fit(frame)
    drawn = synth.sample(1_200)
    assert known_people(drawn, frame) == 0
    assert not set(drawn["employee_id"]) & set(frame["employee_id"])
    assert set(drawn["team"]) == {"red", "blue"}


@pytest.mark.parametrize("model", ["copula", "cart"])
def test_a_payroll_whose_entity_is_named_draws_nobody_and_does_not_warn(model: str) -> None:
    frame = payroll(24)
    drawn = lw.Synthesizer(model, entity="employee_id", random_state=3).fit(frame).sample(1_200)
    assert known_people(drawn, frame) == 0


def test_rows_are_counted_where_the_user_says_so() -> None:
    frame = payroll(25)
    synth = lw.Synthesizer("copula", entity=False, random_state=3).fit(frame)
    assert synth.schema_.entity is None
    assert set(synth.sample(1_200)["salary"]) & set(frame["salary"])


def test_all_rows_of_a_person_are_learnt_or_held_out_together() -> None:
    frame = payroll(26)
    synth = lw.Synthesizer("copula", entity="employee_id", random_state=3).fit(frame)
    learnt, kept = (set(frame["employee_id"].gather(rows)) for rows in (synth.train_rows_, synth.holdout_rows_))
    assert not learnt & kept
    assert len(kept) == 10
    assert len(synth.train_rows_) + len(synth.holdout_rows_) == len(frame)


def test_parts_by_people_have_at_most_the_share_of_the_rows() -> None:
    rng = np.random.default_rng(31)
    whose = np.repeat(np.arange(40), rng.integers(1, 30, 40))
    stay, away = parted(whose, 0.2, rng)
    assert sorted([*stay, *away]) == list(range(len(whose)))
    assert not set(whose[stay]) & set(whose[away])
    assert 0.1 * len(whose) < len(away) <= 0.2 * len(whose)


def test_a_class_to_be_learnt_alone_is_counted_in_people() -> None:
    frame = payroll(27).with_columns(rare=pl.col("employee_id") < 4_004)  # four people with twelve rows each
    with pytest.raises(lw.ConditionError, match="48 of 1200 rows, those of 4 entities, meet it, and a class needs 20"):
        lw.Synthesizer("copula", entity="employee_id", only={"rare": True}).fit(frame)


def test_a_hole_in_the_entity_is_told_by_column() -> None:
    frame = payroll(28).with_columns(pl.when(pl.col("month") > 1).then("employee_id").alias("employee_id"))
    with pytest.raises(lw.InputError, match="column 'employee_id': 100 of 1200 rows do not tell whose they are"):
        lw.Synthesizer("copula", entity="employee_id").fit(frame)


def test_a_column_declared_a_feature_cannot_be_the_entity_as_well() -> None:
    frame = payroll(29).select("employee_id", "salary")
    schema = Schema((Column(name="employee_id", kind="integer"), Column(name="salary", kind="real")))
    with pytest.raises(
        lw.SchemaError, match="column 'employee_id': the schema declares it a feature, and entity names"
    ):
        lw.Synthesizer("copula", schema=schema, entity="employee_id").fit(frame)
    with pytest.warns(lw.LikewiseWarning, match="column 'employee_id' repeats as the key of an entity does"):
        lw.Synthesizer("copula", schema=schema).fit(frame)
    named = schema.replace("salary", role="entity")
    with pytest.raises(lw.SchemaError, match="declares 'salary' the entity, and entity says 'employee_id'"):
        lw.Synthesizer("copula", schema=named, entity="employee_id").fit(frame)


def test_a_person_s_word_beats_what_the_rows_tell() -> None:
    frame = payroll(30)
    assert lw.infer(frame).entity == "employee_id"
    assert "role" in lw.infer(frame)["employee_id"].found
    assert lw.infer(frame, entity=False).entity is None
    assert lw.infer(frame, overrides={"employee_id": "categorical"}).entity is None
    assert lw.infer(frame, entity="name").entity == "name"
    said = lw.infer(frame, overrides={"employee_id": {"role": "entity"}})
    assert "role" not in said["employee_id"].found
    assert Schema.from_json(lw.infer(frame).to_json()).entity == "employee_id"


def test_names_that_repeat_only_because_people_do_are_no_levels() -> None:
    kinds = {c.name: c.kind.value for c in lw.infer(payroll(32))}
    assert kinds["name"] == "id"
    assert kinds["team"] == "categorical"


def test_a_budget_and_a_schema_must_name_the_same_entity() -> None:
    schema = Schema((Column(name="who", kind="id", role="entity"), Column(name="x", kind="integer", bounds=(0, 9))))
    with pytest.raises(
        lw.PrivacyError, match=r"names 'who'.*protects rows; give privacy=lw.DP\(1, 1e-06, entity='who'"
    ):
        lw.Synthesizer("mst", schema=schema, privacy=lw.DP(1.0, 1e-6))
    with pytest.raises(lw.PrivacyError, match="protects entities of 'x'"):
        lw.Synthesizer("mst", schema=schema, privacy=lw.DP(1.0, 1e-6, entity="x"))
    with pytest.raises(lw.PrivacyError, match="entity= names 'y'"):
        lw.Synthesizer("mst", entity="y", privacy=lw.DP(1.0, 1e-6, entity="who"))
    lw.Synthesizer("mst", schema=schema, entity="who", privacy=lw.DP(1.0, 1e-6, entity="who", max_rows=3))


@pytest.mark.parametrize("entity", [True, 3, ["a"]])
def test_an_entity_is_a_name_or_false(entity: object) -> None:
    with pytest.raises(lw.OptionError, match="entity must be the name of a column, False or None"):
        lw.Synthesizer("copula", entity=entity)  # type: ignore[arg-type]


def test_a_report_says_when_only_the_rows_told_of_an_entity() -> None:
    frame = payroll(33)
    fake = frame.sample(1_200, with_replacement=True, seed=4)
    notes = lw.evaluate(frame, fake, measures=["accuracy"]).notes
    assert any("'employee_id'" in note and "was taken for one" in note for note in notes)
    notes = lw.evaluate(frame, fake, schema=lw.infer(frame, entity=False), measures=["accuracy"]).notes
    assert any("people with many rows were not protected" in note for note in notes)


def test_a_report_is_silent_on_an_entity_that_was_named() -> None:
    frame = payroll(34)
    fake = frame.sample(1_200, with_replacement=True, seed=5)
    notes = lw.evaluate(frame, fake, entity="employee_id", measures=["accuracy"]).notes
    assert not any("employee_id" in note for note in notes)


@pytest.mark.parametrize("name", ["n_rows_", "whose_", "whose", "value", "rows", "person", "count", "len"])
def test_columns_may_have_any_name(name: str) -> None:
    """As key, as a text of somebody's own, and as a level: nothing that is counted beside them takes their name."""
    frame = payroll(35).rename({"employee_id": name})
    assert lw.infer(frame, entity=name).entity == name
    lw.Synthesizer("copula", entity=name, random_state=1).fit(frame).sample(5)
    again = payroll(36).with_columns(pl.Series(name, [f"t{k % 37} of {k}" for k in range(len(frame))]))
    lw.Synthesizer("copula", random_state=1, entity="employee_id").fit(again).sample(5)


@pytest.mark.parametrize(
    "values", [[f"{p % 7 + 1:02d}-{p * 37 % 999:03d}" for p in range(50)], list(range(7001, 7051))]
)
def test_a_second_key_of_the_same_persons_is_made_anew(values: list[Any]) -> None:
    person = np.random.default_rng(4).permutation(np.repeat(np.arange(50), 8))
    frame = pl.DataFrame({
        "USUBJID": [f"ST1-{p:04d}-X" for p in person], "SUBJID": [values[p] for p in person],
        "aval": np.random.default_rng(5).normal(size=len(person)),
    })  # fmt: skip
    schema = infer(frame, entity="USUBJID")
    assert (schema["SUBJID"].kind, schema["SUBJID"].role) == (Kind.ID, Role.ID)
    assert any(note.startswith("taken as an id") for note in schema["SUBJID"].notes)
    drawn = lw.Synthesizer("copula", schema=schema, random_state=0).fit(frame).sample(400)
    assert not set(drawn["SUBJID"]) & set(values)
    fewer = frame.with_columns(SUBJID=pl.lit("a key that all share"))
    assert infer(fewer, entity="USUBJID")["SUBJID"].kind is Kind.CATEGORICAL


@pytest.mark.filterwarnings("ignore:column .* is taken for the key:likewise.errors.LikewiseWarning")
@pytest.mark.parametrize("names", [("customer_no", "member_code"), ("badge", "locker"), ("a", "b")])
@pytest.mark.parametrize("entity", [None, False])
@pytest.mark.parametrize("n", [300, 900])
def test_no_key_of_little_room_is_drawn_again_beside_another(
    names: tuple[str, str], entity: bool | None, n: int
) -> None:
    """900 of 1,000 possible codes are taken, three rows each: drawn by its pattern a third would be somebody's own."""
    rng = np.random.default_rng(12)
    first, second = rng.permutation(1000), rng.permutation(1000)
    frame = pl.DataFrame(
        {
            names[0]: [f"P{first[i // 3]:03}" for i in range(n)],
            names[1]: [f"K-{second[i // 3]:03}" for i in range(n)],
            "pay": rng.normal(size=n),
        }
    )
    model = lw.Synthesizer("copula", entity=entity, random_state=0).fit(frame)
    drawn = model.sample(n, random_state=1)
    assert all(model.schema_[name].is_key for name in names)
    assert not any(set(drawn[name]) & set(frame[name]) for name in names)


@pytest.mark.parametrize(
    ("name", "form", "fits"),
    [
        ("badge", "K-{:03d}", r"^K-\d+$"),
        ("ref", "B{:03d}.7", r"^B\d+\.\d+$"),
        ("flight", "LH{:04d}", r"^LH\d{4}$"),
        ("customer_no", "{:06d}", r"^\d{6}$"),
        ("token", "{:03x}f9", r"."),
    ],
)
def test_codes_that_come_again_are_never_drawn_however_little_room_they_leave(name: str, form: str, fits: str) -> None:
    rng = np.random.default_rng(8)
    codes = [form.format(k) for k in rng.permutation(999)[:500]]
    table = pl.DataFrame({name: rng.choice(codes, 400), "x": rng.normal(size=400).round(2)})
    column = infer(table, entity=False)[name]
    assert column.role is Role.ID
    assert "none of them is drawn" in column.notes[-1]
    made = lw.Synthesizer("copula", random_state=0, entity=False).fit(table).sample(2_000)[name]
    assert not made.is_in(table[name].to_list()).any()
    assert made.str.contains(fits).all()


@pytest.mark.parametrize(
    "heading",
    [
        "Kd-Nr", "KdNr", "PatNr", "MatrNr", "Mitgl.-Nr.", "VP_Code", "Vertragsnr.", "Zählernummer", "NHS Number",
        "chart_no", "ppid", "Customer #", "会员卡号", "社員番号", "顧客コード", "회원번호",
        "ID клиента", "Табельный номер",
        "№ договора",
    ],
)  # fmt: skip
def test_keys_of_people_are_known_by_short_names_and_in_other_languages(heading: str) -> None:
    rng = np.random.default_rng(3)
    person = rng.integers(0, 60, 400)
    frame = pl.DataFrame({heading: [str(10_007 + 131 * p) for p in person], "pay": rng.integers(0, 99, 400)})
    assert infer(frame.with_columns(born=pl.Series(1950 + person % 50))).entity == heading


@pytest.mark.parametrize("heading", ["Contract", "card", "meter", "Contract type"])
def test_kinds_of_what_people_hold_are_no_keys(heading: str) -> None:
    kinds = ["month to month", "one year", "two years", "prepaid", "flat", "none"]
    frame = pl.DataFrame({heading: kinds * 50, "x": range(300)})
    assert infer(frame)[heading].kind is Kind.CATEGORICAL


@pytest.mark.parametrize("name", ["child", "parent_id"])
def test_a_word_for_how_rows_stand_to_others_is_somebody_only_with_facts_of_its_own(name: str) -> None:
    rng = np.random.default_rng(36)
    frame = pl.DataFrame({name: rng.integers(1, 41, 800), "x": rng.normal(size=800), "y": rng.choice(["a", "b"], 800)})
    assert likely_entity(frame, lw.infer(frame, entity=False)) is None
    born = pl.Series("born", rng.integers(36_000, 47_000, 41).tolist()).gather(frame[name].cast(pl.UInt32))
    told = frame.with_columns(born)
    found = likely_entity(told, lw.infer(told, entity=False))
    assert found is not None
    assert found.column == name
