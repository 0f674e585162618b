"""Claims about codes of somebody that come again, each in five rows or more: none comes out where nobody says that rows
are people, and codes of things, measurements and declared levels stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.schema.column import Kind, Role
from likewise.schema.infer import infer

K = 40
N = np.random.default_rng(3).permutation(89_999)[:K] + 10_001
N += N % 10 == 0  # no round number
ABC = [chr(65 + n % 26) + chr(65 + n // 26 % 26) for n in N]
CODES = {
    "letter": [f"H{n}" for n in N],
    "plate": [f"B-{a} {n % 10_000:04d}" for a, n in zip(ABC, N, strict=True)],
    "vin": [f"WVW{a}Z1K{n:05d}{n % 9973:04d}" for a, n in zip(ABC, N, strict=True)],
    "file": [f"{1 + n % 30} C {n % 900 + 100}/{15 + n % 9}" for n in N],
    "login": [f"{a.lower()}k{n}" for a, n in zip(ABC, N, strict=True)],
    "zeros": [f"00{n}" for n in N],
    "digits": [str(n) for n in N],
    "sections": [f"{n}-{n % 997:03d}" for n in N],
    "numbers": N.tolist(),
    "floats": [*N[:-1].astype(float).tolist(), None],
}
KEYS = ["HN", "sso", "badge", "VIN", "plate", "Kennzeichen", "Aktenzeichen", "loyalty", "who", "card", "meter", "acct"]


def again(heading: str, values: Sequence[object], times: int = 6) -> pl.DataFrame:
    rows = times * len(values)
    return pl.DataFrame({heading: list(values) * times, "paid": np.arange(rows) % 7 / 4})


@pytest.mark.parametrize("form", CODES)
@pytest.mark.parametrize("heading", [*KEYS, "x", "col_7"])
def test_codes_that_come_again_are_ids_unless_a_thing_is_named(heading: str, form: str) -> None:
    column = infer(again(heading, CODES[form]))[heading]
    assert column.kind is Kind.ID or column.role is Role.ENTITY  # whose key is made anew all the same
    assert infer(again("product", CODES[form]))["product"].kind is not Kind.ID


@pytest.mark.parametrize("form", ["letter", "zeros", "numbers"])
def test_none_of_them_is_drawn(form: str) -> None:
    table = again("badge", CODES[form])
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(100, random_state=0)["badge"]
    assert not made.is_in(table["badge"].to_list()).any()


def test_what_to_say_is_told_and_heard() -> None:
    table = again("x", CODES["letter"])
    assert any("--no-entity" in note for note in infer(table)["x"].notes)
    assert infer(table, entity=False)["x"].kind is Kind.CATEGORICAL
    assert infer(table, overrides={"x": "categorical"})["x"].kind is Kind.CATEGORICAL


def test_short_logins_without_digits_are_ids() -> None:
    logins = [f"{chr(97 + i % 26)}{chr(97 + i // 5 % 26)}rq" for i in range(K)]
    assert infer(again("sso", logins))["sso"].kind is Kind.ID


@pytest.mark.parametrize("heading", ["Kürzel", "login", "nick", "ログイン", "用户名", "логин"])
def test_short_codes_by_which_somebody_is_called_are_ids(heading: str) -> None:
    for short in ([f"{'ABCDEF'[i % 6]}{n % 9_000 + 1_000}" for i, n in enumerate(N)], [f"{a.lower()}rq" for a in ABC]):
        assert infer(again(heading, short))[heading].kind is Kind.ID


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("x", [1000 * n for n in range(12, 52)]),
        ("price", N.tolist()),
        ("yw", [100 * year + week for year in (2019, 2020) for week in range(3, 52, 2)]),
        ("x", [n % 1000 for n in range(100, 140)]),
        ("x", [f"{n} mg" for n in N]),
        ("col_7", [f"E{n % 60 + 10}.{n % 9}" for n in N]),
        ("zip", [str(n) for n in N]),
        ("department code", [f"D{n}" for n in N]),
        ("x", [f"Type {n}" for n in range(K)]),
        ("x", [f"{2000 + n % 20}-Q{n % 4 + 1}" for n in range(K)]),
    ],
)
def test_amounts_short_codes_and_codes_of_things_stay_what_they_are(heading: str, values: Sequence[object]) -> None:
    assert infer(again(heading, values))[heading].kind is not Kind.ID


def test_short_numbers_amid_codes_are_no_real_ones() -> None:
    mixed = [str(v) for v in range(101, 160)] + [f"K-{n}" for n in range(700, 760)]
    table = pl.DataFrame({"ext": [*mixed, *mixed[:30]], "x": range(149)})
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(300, random_state=0)["ext"]
    assert not made.is_in(mixed).any()


def test_codes_of_which_only_some_have_five_rows_are_ids() -> None:
    codes, numbers = CODES["letter"], CODES["numbers"]
    table = pl.DataFrame({"HN": [*codes, *codes, *codes[:8] * 5]})
    assert table["HN"].value_counts()["count"].sort().to_list() == [2] * 32 + [7] * 8
    assert infer(table)["HN"].kind is Kind.ID
    assert infer(pl.DataFrame({"badge": [*numbers, *numbers, *numbers[:8] * 5]}))["badge"].kind is Kind.ID
