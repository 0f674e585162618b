"""Claims about numbers and addresses by which somebody is reached, in columns whose name says nothing of them."""

from __future__ import annotations

import polars as pl
import pytest

import likewise as lw
from likewise.schema.identifiers.forms import recognise

REACHED = {
    "area code": ["0171 1234567", "0160 5554443", "0151 9998887"],
    "slash": ["030/1234567", "089/7654321", "(0221) 445566"],
    "country code": ["+49 171 1234567", "+44 20 7946 0958", "0049 30 1234567"],
    "America": ["(212) 555-0199", "(415) 555-0123", "415-555-0142"],
    "France": ["01 23 45 67 89", "06 12 34 56 78", "04.91.12.34.56"],
    "China": ["138 1234 5678", "159-8765-4321", "186 1111 2222"],
    "labels": ["Tel 0171 1234567", "Mail a.b@c.example"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606"],
    "login": ["anna.smith", "peter.novak", "maria.garcia", "paul.meyer", "laura.klein"],
}


@pytest.mark.parametrize("heading", ["column_2", "info"])
@pytest.mark.parametrize("how", REACHED)
def test_what_reaches_somebody_is_made_anew_however_many_rows_it_has(how: str, heading: str) -> None:
    real = REACHED[how]
    table = pl.DataFrame({heading: real * 60, "x": range(60 * len(real))})
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(100, random_state=0)[heading]
    assert not made.is_in(real).any()


def test_made_logins_are_written_as_logins() -> None:
    table = pl.DataFrame({"column_2": REACHED["login"] * 60, "x": range(300)})
    made = lw.Synthesizer("copula", random_state=0).fit(table).sample(50, random_state=0)["column_2"]
    assert made.str.contains(r"^[a-z]+\.[a-z]+$").all()


@pytest.mark.parametrize(
    "texts",
    [
        ["01-02-2020", "03-11-2021", "05-07-2022"],
        ["01.02.2020 08:15", "03.11.2021 09:30", "05.07.2022 10:45"],
        ["0930-1730", "0800-1630", "0900-1700"],
        ["1 234 567", "12 345 678", "123 456 789"],
        ["+12.5", "-3.25", "+100000.5"],
        ["01234-5678", "02139-4307", "06510-1234"],
        ["2019-2020", "2020-2021", "2021-2022"],
        ["0.171 234", "0.160 555", "0.151 999"],
        ["https://pages.example/@anna/one", "https://pages.example/@bo/two", "https://pages.example/@cy/three"],
        ["node.js", "vue.js", "three.js", "next.js", "d3.js"],
    ],
    ids=lambda texts: texts[0],
)
def test_days_hours_amounts_and_versions_reach_nobody(texts: list[str]) -> None:
    assert recognise("column_2", pl.Series(texts)) is None
