"""Whose a row is: the entity of a schema, its numbers, and the column that repeats as an entity's key does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise import io
from likewise.parsing import parse, restore
from likewise.persons import likely_entity, persons_of
from likewise.schema import Column, Kind, Role, Schema


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
    found = likely_entity(frame, lw.infer(frame))
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


def test_the_reason_tells_what_is_constant_and_no_cell() -> None:
    frame = visits(13)
    found = likely_entity(frame, lw.infer(frame))
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
    assert suspect(io.read(shared_data / table)) == wanted
