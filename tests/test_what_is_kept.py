"""What a table holds is kept or told: no measurement is lost as an id, no text or level in silence; and what only one
person's row lists does not leave."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likewise as lw
from likewise.errors import LikewiseWarning
from likewise.schema.column import Column, Kind, Role
from likewise.schema.infer import doubts, infer
from likewise.schema.infer_column import infer_column

N = 1_500
RNG = 17


def whole(low: int, high: int) -> list[int]:
    """Different numbers of one length, in no order."""
    return [int(v) for v in np.random.default_rng(RNG).choice(high - low, N, replace=False) + low]


MEASURES: dict[str, Callable[[], list[object]]] = {
    "x": lambda: [str(v) for v in whole(1_000_000, 9_999_999)],
    "total_assets": lambda: [str(v) for v in whole(1_000_000, 9_999_999)],
    "Jahresgehalt": lambda: whole(10_000_000, 99_999_999),
    "montant": lambda: whole(100_000_000, 999_999_999),
    "ingresos": lambda: whole(1_000_000, 9_999_999),
    "总额": lambda: whole(1_000_000, 9_999_999),
    "views": lambda: whole(1_000_000, 2_000_000),
    "seen": lambda: [1_700_000_000 + 61 * i for i in range(N)],
    "seen_ms": lambda: [1_700_000_000_000 + 6_101 * i for i in range(N)],
    "seen_us": lambda: [1_700_000_000_000_000 + 6_100_001 * i for i in range(N)],
    "seen_ns": lambda: [1_700_000_000_000_000_000 + 6_100_000_001 * i for i in range(N)],
    "second by second": lambda: [1_700_000_000 + i for i in range(N)],
    "lap": lambda: [f"{i // 60_000}:{i // 1_000 % 60:02d}.{i % 1_000:03d}" for i in whole(50_000, 300_000)],
    "took": lambda: [f"{v / 1000:.3f}s" for v in whole(1_000, 99_999)],
    "memory": lambda: [f"{v / 10:.1f}MB" for v in whole(1_000, 9_999)],
    "month": lambda: [f"{1880 + i // 12}-{i % 12 + 1:02d}" for i in range(N)],
    "week": lambda: [f"{1990 + i // 52}-W{i % 52 + 1:02d}" for i in range(N)],
    "share": lambda: [f"{v % 1000}/{v // 1000}" for v in whole(100_000, 999_999)],
    "hour": lambda: [f"2022-{i // 672 + 1:02d}-{i // 24 % 28 + 1:02d}T{i % 24:02d}" for i in range(N)],
    "iso": lambda: [f"PT{v // 3600}H{v // 60 % 60}M{v % 60}S" for v in whole(10_000, 99_999)],
    "size": lambda: [f"{v}{'kM'[v % 2]}" for v in whole(1_000, 9_999)],
}


@pytest.mark.parametrize("name", MEASURES)
def test_measurements_are_no_ids_however_different_they_are(name: str) -> None:
    column = infer_column(pl.Series(name, MEASURES[name]()))
    assert column.kind is not Kind.ID
    assert column.is_modelled


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("account", [str(v) for v in whole(10_000_000, 99_999_999)]),
        ("Kundennummer", whole(10_000_000, 99_999_999)),
        ("订单编号", whole(10_000_000, 99_999_999)),
        ("invoice_no", [f"2024-{v}" for v in whole(10_000, 99_999)]),
        ("c7", [f"AB{v}X" for v in whole(10_000, 99_999)]),
        ("patientId", whole(10_000, 99_999)),
    ],
)
def test_keys_are_ids_by_name_or_by_form(name: str, values: list[object]) -> None:
    assert infer_column(pl.Series(name, values)).kind is Kind.ID


def test_an_id_that_only_its_looks_tell_is_told_by_a_warning() -> None:
    table = pl.DataFrame({"c7": [f"AB{v}X" for v in whole(10_000, 99_999)], "z": list(range(5)) * (N // 5)})
    with pytest.warns(LikewiseWarning, match="taken for ids by the looks.*declare its kind: 'c7'"):
        lw.Synthesizer("copula", random_state=0).fit(table)
    named = infer(table.rename({"c7": "key"}))
    assert (named["key"].kind, doubts(named)) == (Kind.ID, [])


def test_a_column_that_may_be_keys_is_learnt_with_a_note() -> None:
    found = infer_column(pl.Series("q", whole(1_000_000, 9_999_999)))
    assert any("if they are keys, say kind id" in note for note in found.notes)


# ---- texts and levels --------------------------------------------------------------------------------------------


def test_long_texts_come_back_as_texts() -> None:
    rng = np.random.default_rng(0)
    words = ["Kessel", "pump", "valve", "leak", "Öl", "hot", "bearing", "noise", "shaft", "seal"]
    table = pl.DataFrame(
        {"report": [" ".join(rng.choice(words, 20)) for _ in range(300)], "z": rng.integers(0, 5, 300)}
    )
    model = lw.Synthesizer("copula", random_state=0).fit(table)
    drawn = model.sample(200)["report"]
    assert drawn.null_count() == 0
    assert not drawn.is_in(table["report"].to_list()).any()
    assert any("drawn as a placeholder" in note for note in model.schema_["report"].notes)


def test_levels_that_are_all_rare_are_kept_as_texts_or_told() -> None:
    rng = np.random.default_rng(1)
    towns = [f"Town {chr(65 + i // 2 % 26)}{i // 2}" for i in range(60)]
    assert infer_column(pl.Series("town", towns)).kind is Kind.TEXT
    few = pl.DataFrame({"crew": ["red", "blue", "green"] * 4, "z": rng.integers(0, 9, 12)})
    with pytest.warns(LikewiseWarning, match="levels that all have too few rows"):
        lw.Synthesizer("copula", random_state=0).fit(few)


def test_whole_numbers_beyond_64_bits_stay_apart() -> None:
    table = pl.DataFrame({"n": [str(10**25 + i) for i in range(300)], "z": ["a", "b"] * 150})
    found = infer(table)
    assert found["n"].kind in (Kind.TEXT, Kind.ID, Kind.CATEGORICAL)
    assert "beyond 64 bits" in " ".join(doubts(found))


def test_long_digits_of_one_width_are_codes_and_amounts_are_numbers() -> None:
    digits = np.random.default_rng(4).integers(10**10, 10**11, (300, 2))
    long = [f"{a}{b}0" for a, b in digits]  # 23 digits, of which a real number holds 15
    found = infer(pl.DataFrame({"parcel": long, "amount": long}))
    assert found["parcel"].kind in (Kind.TEXT, Kind.ID)
    assert "beyond 64 bits" in " ".join(doubts(found))
    assert found["amount"].kind is Kind.REAL


def test_complex_numbers_are_told() -> None:
    found = infer(pl.DataFrame({"c": [f"({i}+{i * 2 % 7}j)" for i in range(300)]}))
    assert "complex numbers" in " ".join(doubts(found))


# ---- words that a CSV would take for missing ---------------------------------------------------------------------

WORDS = {"country": ["NA", "DE", "FR"] * 60, "answer": ["?", "yes", "no"] * 60, "note": ["", "x", "y"] * 60}


@pytest.mark.parametrize("with_numbers", [True, False])
def test_words_of_a_frame_are_never_overwritten(with_numbers: bool) -> None:
    frame = pd.DataFrame(WORDS | ({"z": range(180)} if with_numbers else {}))
    with pytest.warns(LikewiseWarning, match="are levels in a frame"):
        imputer = lw.Imputer(random_state=0).fit(frame)
    pd.testing.assert_frame_equal(imputer.transform(frame), frame)
    model = lw.Synthesizer("copula", random_state=0).fit(frame)
    pd.testing.assert_frame_equal(model.complete(frame)[list(WORDS)], frame[list(WORDS)])
    assert set(model.sample(300)["country"]) == {"NA", "DE", "FR"}


def test_tokens_are_missing_in_texts_of_a_file_among_numbers_and_where_declared() -> None:
    as_file = infer(pl.DataFrame(WORDS))
    assert [as_file[name].missing for name in WORDS] == [("NA",), ("?",), ("",)]
    typed = pl.DataFrame(WORDS | {"z": range(180), "n": ["?", "5", "7"] * 60})
    found = infer(typed, overrides={"note": {"missing": [""]}})
    assert [found[name].missing for name in (*WORDS, "n")] == [(), (), ("",), ("?",)]
    assert found["n"].kind is Kind.INTEGER


# ---- what leaves -------------------------------------------------------------------------------------------------

CANARY = "canary-of-one-row"


def levelled(*, left_out: bool) -> list[str]:
    common = [str(v) for v in np.random.default_rng(3).choice(["a", "b"], 499)]
    return [*common, "a" if left_out else CANARY]


@pytest.mark.parametrize("left_out", [False, True])
def test_categories_of_a_type_that_no_five_rows_hold_do_not_leave(left_out: bool, tmp_path: Path) -> None:
    values, listed = levelled(left_out=left_out), ["a", "b", CANARY]
    frames = (
        pl.DataFrame({"c": pl.Series(values, dtype=pl.Enum(listed)), "z": list(range(10)) * 50}),
        pd.DataFrame({"c": pd.Categorical(values, categories=listed, ordered=True), "z": list(range(10)) * 50}),
        pd.DataFrame({"c": pd.Categorical(values, categories=listed), "z": list(range(10)) * 50}),
    )
    for frame in frames:
        model = lw.Synthesizer("copula", random_state=0).fit(frame)
        drawn = model.sample(300)
        listed_now = drawn["c"].dtype.categories
        assert CANARY not in list(listed_now)
        assert CANARY not in infer(frame).to_json()
        model.save(tmp_path / "m.likewise")
        assert CANARY.encode() not in (tmp_path / "m.likewise").read_bytes()


def test_a_label_of_one_row_is_not_learnt_in_a_small_column() -> None:
    table = pl.DataFrame({"hiv": [True, False, False, *[None] * 497], "z": list(range(10)) * 50})
    drawn = lw.Synthesizer("copula", random_state=0).fit(table).sample(20_000)["hiv"].drop_nulls()
    # of some 120 draws half are true, by even chance: five deviations
    assert len(drawn) > 20
    assert abs(float(drawn.mean()) - 0.5) < 2.5 / len(drawn) ** 0.5  # type: ignore[arg-type]


def test_a_person_keeps_the_word_on_what_a_column_is() -> None:
    table = pl.DataFrame({"c7": [f"AB{v}X" for v in whole(10_000, 99_999)], "n": ["12"] * N})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = infer(table, overrides={"c7": "text", "n": Column(name="n", kind=Kind.ID, role=Role.ID)})
    assert (schema["c7"].kind, schema["n"].kind) == (Kind.TEXT, Kind.ID)
