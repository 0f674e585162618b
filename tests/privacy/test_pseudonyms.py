"""Claims about pseudonyms: the same person is the same made person everywhere, and nobody without the key is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import OptionError, SchemaError
from likewise.privacy import pseudonymize

KEY = "a key of sixteen bytes"
TOLD = {"name": "name", "email": "email", "phone": "phone"}


def clients(n: int = 300) -> pl.DataFrame:
    names = [f"{a} {b}" for a in ("Ann", "Bob", "Eva") for b in ("Meyer", "Smith", "Stone", "Wolf")]
    return pl.DataFrame({
        "name": [names[k % len(names)] for k in range(n)], "email": [f"p{k}@firm.com" for k in range(n)],
        "phone": [f"+49 151 {k:08d}" for k in range(n)], "paid": range(n),
    })  # fmt: skip


def made(table: pl.DataFrame, key: str = KEY, locale: str = "de_DE") -> pl.DataFrame:
    told = {name: TOLD[name] for name in table.columns if name in TOLD}
    schema = lw.infer(table, entity=False, overrides=told)
    return pseudonymize(table, key, schema=schema, locale=locale)


def test_the_same_person_is_the_same_in_tables_of_any_size_and_order() -> None:
    whole = made(clients())
    orders = clients().select("email", item=pl.lit("book")).sample(7, seed=1)
    some = made(orders)
    joined = orders.rename({"email": "real"}).hstack(some.select("email"))
    real = clients().select(real="email").hstack(whole.select(made="email"))
    assert joined.join(real, on="real").select((pl.col("email") == pl.col("made")).all()).item()
    part = made(clients().sample(40, seed=2).sort("paid", descending=True)).sort("paid")
    assert part.equals(whole.join(part.select("paid"), on="paid").sort("paid"))


def test_rows_agree_and_other_columns_stay() -> None:
    table = made(clients())
    assert table["paid"].equals(clients()["paid"])
    assert table["email"].n_unique() == 300
    last = (
        table["name"].str.to_lowercase().str.split(" ").list.last().str.normalize("NFD").str.replace_all(r"\p{M}|ß", "")
    )
    holds = table.with_columns(last=last.str.head(3)).select(pl.col("email").str.contains(pl.col("last"), literal=True))
    assert holds.to_series().all()
    for name in TOLD:
        assert not table[name].is_in(clients()[name].implode()).any()


def test_marks_and_capitals_make_no_other_person_and_another_key_does() -> None:
    table = pl.DataFrame({"email": ["ann@a.com", "Ann@A.com ", "bo@b.com", None]})
    first = made(table)["email"]
    assert first[0] == first[1] != first[2]
    assert first[3] is None
    assert made(table, "another key of sixteen")["email"][0] != first[0]


def test_what_cannot_be_pseudonymous_is_refused() -> None:
    with pytest.raises(OptionError, match="16 bytes"):
        made(clients(), "short")
    with pytest.raises(SchemaError, match="no column tells of people"):
        pseudonymize(pl.DataFrame({"x": [1, 2, 3]}), KEY)
    devices = pl.DataFrame({"email": [f"a{k}@b.com" for k in range(30)], "mac": ["0a:11:22:33:44:55"] * 30})
    schema = lw.infer(devices, entity=False, overrides={"mac": "mac"})
    with pytest.raises(SchemaError, match="'mac'"):
        pseudonymize(devices, KEY, schema=schema)
    assert pseudonymize(devices, KEY, schema=schema, drop_others=True).columns == ["email"]


def test_numbers_of_people_and_cards_are_the_persons_own() -> None:
    table = pl.DataFrame({
        "email": ["ann@a.com", "bo@b.com", "ann@a.com"], "card": ["4111 1111 1111 1111"] * 3,
        "pesel": ["44051401359"] * 3,
    })  # fmt: skip
    schema = lw.infer(
        table, entity=False, overrides={"card": "card", "pesel": {"semantic": "national_id", "locale": "PL"}}
    )
    one, two, three = pseudonymize(table, KEY, schema=schema).rows()
    assert one == three
    assert len({*one, *two, *table.row(0)}) == 9


def test_the_command_reads_its_key_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIKEWISE_PSEUDONYM_KEY", raising=False)
    clients().write_csv("real.csv")
    Path("secret").write_text(KEY + "\n")
    words = ["pseudonymize", "real.csv", "--locale", "de_DE", "-o"]
    refused = CliRunner().invoke(app, [*words, "a.csv"])
    assert refused.exit_code != 0
    assert not Path("a.csv").exists()
    assert CliRunner().invoke(app, [*words, "a.csv", "--key-file", "secret"]).exit_code == 0
    assert CliRunner().invoke(app, [*words, "b.csv"], env={"LIKEWISE_PSEUDONYM_KEY": KEY}).exit_code == 0
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    for cell in ("p17@firm.com", KEY):
        assert cell.encode() not in Path("a.csv").read_bytes()


def test_columns_of_numbers_stay_numbers_and_lose_no_cell() -> None:
    numbers = pl.Series([491510000000 + k for k in range(300)])
    for phone in (numbers, numbers.cast(pl.Float64), pl.Series(range(10_000_000, 10_000_300), dtype=pl.Int32)):
        table = made(clients().with_columns(phone=phone.set(pl.Series([k == 7 for k in range(300)]), None)))
        assert table["phone"].dtype.is_numeric()
        assert table["phone"].is_null().arg_true().to_list() == [7]
        assert table["phone"].drop_nulls().n_unique() > 290


def test_rows_of_pandas_keep_their_index() -> None:
    frame = clients().to_pandas().set_index(pl.Series(range(1000, 1300)).to_pandas())
    assert pseudonymize(frame, KEY).index.tolist() == frame.index.tolist()


def test_accents_written_in_one_sign_or_two_make_no_other_person() -> None:
    table = pl.DataFrame({"email": ["jos\u00e9@a.com", "jose\u0301@a.com", "bo@b.com"]})
    first = made(table)["email"]
    assert first[0] == first[1] != first[2]


@pytest.mark.parametrize("wrong", [{"key": 20}, {"key": None}, {"key": KEY, "locale": "Germany"}])
def test_a_key_or_a_locale_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        pseudonymize(clients(), **wrong)
