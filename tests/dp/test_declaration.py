"""A budget takes a person's word and nothing that was told from the rows, and reads every cell by that word alone."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.dp.declaration import Declaration
from likewise.errors import LikewiseWarning, OptionError, PrivacyError, SchemaError, TrainingError
from likewise.modelfile import read_model
from likewise.schema.column import Column, Schema
from likewise.schema.parse import parse, parse_declared
from likewise.synthesizer.parameters import table_generator

from .artefacts import blind_answers

BUDGET = lw.DP(1.0, 1e-6)
TOWNS = Column(name="town", kind="categorical", levels=("a", "b"), nullable=False)
NUMBERS = Column(name="n", kind="integer", dtype="Int64", bounds=(0, 9), nullable=False)
SCHEMA = Schema((TOWNS, NUMBERS))


def table(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(59)
    return pl.DataFrame({"town": rng.choice(["a", "b"], n), "n": rng.integers(0, 10, n)})


def synth(**options: Any) -> lw.Synthesizer:
    settings: dict[str, Any] = {"schema": SCHEMA, "privacy": BUDGET, "random_state": 4, "iterations": 5, **options}
    return lw.Synthesizer("mst", **settings)


def read(values: Any, **column: Any) -> list[Any]:
    return parse_declared(pl.DataFrame({"x": values}), Schema((Column(name="x", **column),)))["x"].to_list()


# ---- what is declared -----------------------------------------------------------------------------------------------


def test_all_that_a_draft_leaves_unsaid_is_asked_for_at_once_with_what_to_paste() -> None:
    frame = pl.DataFrame(
        {
            "age": [31, 45] * 60,
            "plan": pl.Series(["x", "y"] * 60, dtype=pl.Enum(["x", "y"])),
            "day": [dt.date(2020, 1, 1)] * 120,
            "when": ["01/02/2020"] * 120,
            "word": ["u", "v"] * 60,
        }
    )
    draft = lw.infer(frame).replace("when", kind="datetime", nullable=False)
    with pytest.raises(PrivacyError) as caught:
        synth(schema=draft).fit(frame)
    told = str(caught.value)
    for text in (
        "'age' declares no finite bounds", "'age' does not declare nullable", "'plan' declares no levels",
        "'day' declares no bounds", "'when' declares no format", "'word' declares no kind",
        "schema = schema.declare({", "'age': {'bounds': (LEAST, GREATEST), 'nullable': TRUE_OR_FALSE},",
        "'when': {'format': 'FORMAT', 'bounds': (LEAST, GREATEST)},",
    ):  # fmt: skip
        assert text in told
    assert "'when' does not declare nullable" not in told


def test_a_declaration_cannot_hold_what_was_told_from_rows() -> None:
    with pytest.raises(SchemaError, match="nothing told from the rows, but 'n' does"):
        Declaration((Column(name="n", kind="integer").as_found(),))
    with pytest.raises(SchemaError, match="'n' does"):
        Declaration((Column(name="n", kind="integer", notes=("17 rows",)),))


def test_categories_of_a_type_and_counts_in_notes_do_not_pass_for_declared(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "plan": pl.Series(["x", "y"] * 100 + ["only mine"], dtype=pl.Enum(["x", "y", "only mine"])),
            "age": ["31", "45"] * 92 + ["?"] * 17,
        }
    )
    draft = lw.infer(frame).replace("plan", nullable=False).replace("age", bounds=(17, 90), nullable=True)
    with pytest.raises(PrivacyError, match="'plan' declares no levels") as caught:
        synth(schema=draft).fit(frame)
    assert "only mine" not in str(caught.value)
    fitted = synth(schema=draft.replace("plan", levels=("x", "y"))).fit(frame)
    fitted.save(tmp_path / "m")
    content = (tmp_path / "m").read_bytes() + pickle.dumps(fitted)
    assert b"only mine" not in content
    assert b"17 rows" not in content
    age = read_model(tmp_path / "m").manifest["schema"]["columns"][1]
    assert age == {
        "name": "age", "kind": "integer", "role": "feature", "dtype": "String", "bounds": [17, 90], "nullable": True,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["Date", "Datetime(us)", "Int64", "String"])
def test_dates_that_come_as_texts_or_digits_need_a_format(dtype: str) -> None:
    column = Column(name="d", kind="datetime", dtype=dtype, bounds=("2020-01-01", "2020-12-31"), nullable=False)
    for values in (["01/02/2020"], [20200102]):
        with pytest.raises(PrivacyError, match="'d' declares no format"):
            Declaration.of(Schema((column,)), pl.DataFrame({"d": values}).schema, BUDGET)


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64])
def test_the_column_that_a_budget_names_as_the_entity_is_a_key(dtype: Any) -> None:
    frame = table().with_columns(who=(pl.int_range(200) // 4).cast(dtype))
    draft = lw.infer(frame, entity=False).replace("town", levels=("a", "b")).replace("n", bounds=(0, 9))
    for name in frame.columns:
        draft = draft.replace(name, nullable=False)
    # So large a budget that noise on 200 rows never makes them seem few.
    fitted = synth(schema=draft, privacy=lw.DP(50.0, 1e-6, entity="who", max_rows=4)).fit(frame)
    assert fitted.schema_["who"].is_key


def test_a_schema_without_columns_is_no_leave_to_look() -> None:
    paying = lw.DP(5.0, 1e-6, pay=("levels", "bounds", "missing"))
    with pytest.raises(SchemaError, match="columns are not in the schema: 'town', 'n'"):
        synth(schema=Schema(()), privacy=paying).fit(table())


def test_the_number_of_columns_that_chooses_a_model_is_the_declared_one() -> None:
    frame = pl.DataFrame({f"c{i}": np.arange(120) for i in range(31)})  # to inference, 31 ids
    said = lw.infer(frame).declare(bounds=(0, 1), nullable=False)
    assert table_generator(lw.Synthesizer(schema=said, privacy=BUDGET), said).name == "mst"


# ---- each cell by the declaration alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["integer", "real"])
def test_numbers_beyond_the_bounds_are_the_bound_and_no_number_is_missing(kind: str) -> None:
    inf = float("inf")
    assert read([-0.0, inf, -inf, 2.0**60, float("nan"), 4.0], kind=kind, bounds=(0, 9)) == [0, 9, 0, 9, None, 4]
    texts = ["-0", "inf", "-1e400", "9" * 40, "NaN", " 4 ", "four", "?"]
    assert read(texts, kind=kind, bounds=(0, 9)) == [0, 9, 0, 9, None, 4, None, None]
    assert str(read([-0.0], kind=kind, bounds=(-1, 1))) in ("[0]", "[0.0]")


def test_whole_numbers_beyond_floats_stay_exact_and_parts_are_rounded() -> None:
    assert read([2**62 + 1, 3], kind="integer", bounds=(0, 2**62 + 5)) == [2**62 + 1, 3]
    assert read(["3.4", "3.6"], kind="integer", bounds=(0, 9)) == [3, 4]
    assert read(pl.Series([2**64 - 1], dtype=pl.UInt64), kind="integer", bounds=(0, 9)) == [9]
    assert read([float("inf")], kind="real") == [2.0**53]


def test_one_date_in_another_order_leaves_all_others_as_they_are() -> None:
    column: dict[str, Any] = {"kind": "datetime", "format": "%m/%d/%Y", "dtype": "Date"}
    assert read(["01/02/2020", "25/12/2020"], **column) == [dt.date(2020, 1, 2), None]
    assert read(["2020-05-06"], kind="datetime", dtype="Date") == [dt.date(2020, 5, 6)]  # nothing is told from rows


def test_undeclared_levels_and_truths_raise_nothing_and_are_never_drawn() -> None:
    frame = table().vstack(pl.DataFrame({"town": ["z"], "n": [77]}))
    drawn = synth(privacy=lw.DP(20.0, 1e-6)).fit(frame).sample(500)
    assert set(drawn["town"]) == {"a", "b"}
    assert drawn["n"].max() <= 9
    assert read(["yes", "no", "perhaps"], kind="boolean") == [True, False, None]


# ---- what stays of a fit --------------------------------------------------------------------------------------------


def test_nothing_that_is_kept_tells_how_many_rows_there_were_or_which() -> None:
    fitted = synth().fit(table(173))
    for one in (fitted, pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert one.train_rows_ is one.holdout_rows_ is None
        assert not {"train_rows_", "holdout_rows_"} & vars(one).keys()
    plain = lw.Synthesizer("copula", random_state=0).fit(table())
    plain.schema, plain.privacy, plain.model = SCHEMA, BUDGET, "mst"
    assert plain.fit(table()).train_rows_ is None  # nor what an earlier fit left


def test_a_schema_that_was_a_draft_does_not_stay() -> None:
    frame = table().with_columns(town=pl.col("town").cast(pl.Enum(["a", "b", "only mine"])))
    draft = lw.infer(frame).replace("n", bounds=(0, 9), nullable=False)
    fitted = synth(schema=draft.replace("town", levels=("a", "b"), nullable=False)).fit(frame)
    assert isinstance(fitted.schema, Declaration)
    assert b"only mine" not in pickle.dumps(fitted)


def test_a_loaded_model_that_kept_a_budget_keeps_it_when_it_is_fitted_anew(tmp_path: Path) -> None:
    synth().fit(table()).save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m")
    assert loaded.privacy == BUDGET
    assert loaded.schema == SCHEMA
    first = loaded.ledger_
    assert loaded.fit(table(300)).ledger_ is not first
    assert loaded.ledger_ is not None
    assert loaded.ledger_.epsilon == 1.0
    assert loaded.train_rows_ is None


def test_a_delta_too_large_is_told_by_the_noisy_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the exact count, whether a fit is refused would tell of one row."""
    blind_answers(monkeypatch)
    told = set()
    for n in (300, 1999, 2001):
        with pytest.raises(PrivacyError, match=r"one over the number of rows.* has spent epsilon") as caught:
            synth(privacy=lw.DP(1.0, 1 / 2000)).fit(pl.concat([table()] * 11)[:n])  # answers say more rows
        told.add(str(caught.value))
    assert len(told) == 1


def test_holding_rows_out_under_a_budget_is_refused() -> None:
    with pytest.raises(OptionError, match="holdout does not go with a budget"):
        synth().fit(table(), holdout=table())
    with pytest.raises(OptionError, match="holdout does not go with a budget"):
        synth(holdout=0.2)
    synth(holdout=0)


@pytest.mark.parametrize("error", [TrainingError, ZeroDivisionError, KeyboardInterrupt])
def test_a_fit_that_fails_after_it_looked_tells_what_that_cost(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error("no usable model")

    monkeypatch.setattr(lw.MST, "fit", fail)
    one = synth(schema=SCHEMA.replace("n", bounds=None), privacy=lw.DP(9.0, 1e-6, pay="bounds"))
    with pytest.raises(error, match="no usable model") as caught:
        one.fit(table())
    assert one.ledger_ is not None
    assert 0 < one.ledger_.epsilon < 9
    told = str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))
    assert f"this try has spent epsilon {one.ledger_.epsilon:.3g} of 9" in told


def test_a_model_keeps_its_own_ledger_when_a_later_fit_fails(tmp_path: Path) -> None:
    paying = lw.DP(0.05, 1e-6, pay="bounds")
    wide = Schema(tuple(Column(name=name, kind="real", dtype="Float64", nullable=False) for name in "xyz"))
    frame = pl.DataFrame({name: np.random.default_rng(i).normal(size=120) for i, name in enumerate("xyz")})
    one = synth().fit(table())
    one.schema, one.privacy = wide, paying
    with pytest.raises(PrivacyError, match=r"too small to find its bounds.* has spent epsilon .* of 0.05: see ledger_"):
        one.fit(frame)
    assert one.ledger_ is not None
    assert [entry.what for entry in one.ledger_.entries] == ["bounds of column 'x'"]
    one.save(tmp_path / "m")
    kept = lw.load(tmp_path / "m").ledger_
    assert kept is not None
    assert kept.budget == BUDGET


def test_a_report_of_a_private_model_says_that_no_budget_covers_its_figures() -> None:
    fitted = synth().fit(table())
    assert fitted.ledger_ is not None
    report = lw.evaluate(table(), fitted.sample(200), schema=SCHEMA, measures=["accuracy"])
    assert "caution" not in report.to_dict()
    told = report.with_ledger(fitted.ledger_.to_dict())
    assert "not differentially private" in told.to_dict()["caution"]
    assert lw.Report.from_json(told.to_json()).to_dict() == told.to_dict()
    withheld = told.withheld().to_dict()
    assert "caution" not in withheld
    assert "rows_real" not in withheld["data"]


@pytest.mark.parametrize("clock", ["2021-03-28 02:15", "2021-10-31 02:15"], ids=["left out", "twice"])
@pytest.mark.parametrize("stored", [pl.String(), pl.Datetime("us")], ids=str)
def test_an_hour_that_a_clock_leaves_out_or_tells_twice_refuses_no_fit(clock: str, stored: pl.DataType) -> None:
    column = Column(name="seen", kind="datetime", dtype="Datetime(us, Europe/Paris)", format="%Y-%m-%d %H:%M")
    texts = pl.Series("seen", ["2021-01-01 08:00", clock])
    raw = texts if stored == pl.String else texts.str.strptime(pl.Datetime("us"), "%Y-%m-%d %H:%M")
    told = parse_declared(raw.to_frame(), Schema((column,)))["seen"]
    assert told.dtype == pl.Datetime("us", "Europe/Paris")
    assert told.dt.strftime("%H:%M").to_list() == ["08:00", "02:15" if "10-31" in clock else None]


def test_an_hour_that_a_clock_leaves_out_is_told_without_the_cell() -> None:
    column = Column(name="seen", kind="datetime", dtype="Datetime(us, Europe/Paris)", format="%Y-%m-%d %H:%M")
    raw = pl.DataFrame({"seen": ["2021-01-01 08:00", "2021-03-28 02:15"]})
    with pytest.raises(SchemaError, match="column 'seen': 1 of 2 values are not dates") as told:
        parse(raw, Schema((column,)))
    assert "03-28" not in str(told.value)


@pytest.mark.parametrize(
    "of",
    [
        {"kind": "integer", "bounds": (0.2, 0.8)},
        {"kind": "integer", "bounds": (-(2**63), 2**63 - 1)},
        {"kind": "integer", "bounds": (2**80, 2**80 + 5)},
        {"kind": "integer", "bounds": (-(2**80), 2**80)},
        {"kind": "real", "bounds": (0.2, 0.8), "decimals": 0},
        {"kind": "real", "bounds": (0.0, 1e6), "decimals": 15},
    ],
    ids=str,
)
def test_bounds_that_nothing_fits_or_nobody_can_count_are_told_before_a_look(of: dict[str, Any]) -> None:
    schema = Schema((Column(name="dose", nullable=False, dtype="Float64", **of),))
    with pytest.raises(PrivacyError, match="'dose' declares bounds that hold no number"):
        Declaration.of(schema, {"dose": pl.Float64()}, lw.DP(1.0))


def test_a_fit_of_few_rows_is_whole_before_it_warns() -> None:
    """Where warnings are errors, and the object had learnt another table before."""
    model = synth(privacy=lw.DP(50.0, 1e-6)).fit(table())
    model.schema = Schema((NUMBERS,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LikewiseWarning, match="few for differential privacy"):
            model.fit(table(30).select("n"))
    assert model.schema_.names == ("n",)
    assert model.sample(5).columns == ["n"]
