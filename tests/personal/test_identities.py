"""Claims about numbers of cards and people: they are true ones, nobody's, and agree with the row they stand in."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.identifiers.test_forms import checked

import likewise as lw
from likewise.codecs.table import TableCodec
from likewise.personal.latent import Persons
from likewise.personal.layouts import DATED, LAYOUTS
from likewise.personal.people import People
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.identifiers.forms import BY_WORD, SEPARATORS

N = 400
COUNTRIES = {"cn_id": "CN", "se_pnr": "SE", "pl_pesel": "PL", "be_nrn": "BE", "fr_nir": "FR", "it_cf": "IT"}


def usual(word: str, n: int = 2_000) -> pl.Series:
    people = People.usual({"x": str(BY_WORD[word].semantic)}, words={"x": word})
    return people.draw(n, np.random.default_rng(3))["x"]


def told_by(word: str, text: str) -> tuple[dt.date, bool]:
    """The date of birth and whether male, read by hand; years of two digits are of the century that makes sense."""
    bare = text.replace("-", "").replace(".", "").replace(" ", "")
    if word == "cn_id":
        return dt.date(int(bare[6:10]), int(bare[10:12]), int(bare[12:14])), int(bare[16]) % 2 == 1
    if word == "fr_nir":
        return dt.date(_year(bare[1:3]), int(bare[3:5]), 1), bare[0] == "1"
    if word == "it_cf":
        day = int(bare[9:11])
        return dt.date(_year(bare[6:8]), 1 + "ABCDEHLMPRST".index(bare[8]), day % 40), day < 40
    if word == "pl_pesel":
        century, month = divmod(int(bare[2:4]), 20)
        year = (1900, 2000)[century] + int(bare[:2])
        return dt.date(year, month, int(bare[4:6])), int(bare[9]) % 2 == 1
    bare = bare[-10:] if word == "se_pnr" else bare
    return dt.date(_year(bare[:2]), int(bare[2:4]), int(bare[4:6])), int(bare[8]) % 2 == 1


def _year(text: str) -> int:
    return int(text) + (2000 if int(text) < 10 else 1900)


@pytest.mark.parametrize("word", LAYOUTS)
def test_numbers_of_every_layout_are_such_as_are_told_by_their_form(word: str) -> None:
    texts, form = usual(word), BY_WORD[word]
    assert texts.n_unique() == len(texts)
    bare = texts if word == "us_ssn" else texts.str.replace_all(SEPARATORS, "")
    assert form.fits(bare).all()


@pytest.mark.parametrize("word", sorted(DATED))
def test_dates_in_them_are_days_that_are(word: str) -> None:
    for text in usual(word).to_list():
        told_by(word, text)  # else there is no such date


def test_german_tax_numbers_hold_one_digit_twice() -> None:
    for text in usual("de_idnr").str.replace_all(" ", "").to_list():
        counts = sorted(text[:10].count(digit) for digit in set(text[:10]))
        assert (counts, text[0] == "0") == ([1] * 8 + [2], False)


def people(n: int = N) -> pl.DataFrame:
    """Persons with a date of birth before 2010, each with a number of each country."""
    rng = np.random.default_rng(5)
    born = [dt.date(1940, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 25_000, n)]
    frame = pl.DataFrame({"birth_date": born, "gender": rng.choice(["female", "male"], n)})
    bodies = {
        "cn_id": [f"{rng.choice(['110105', '440106'])}{d:%Y%m%d}{k % 1000:03d}0" for k, d in enumerate(born)],
        "se_pnr": [f"{d:%y%m%d}{k % 1000:03d}0" for k, d in enumerate(born)],
        "pl_pesel": [f"{d:%y}{d.month + 20 * (d.year >= 2000):02d}{d:%d}{k:04d}0" for k, d in enumerate(born)],
        "fr_nir": [f"{1 + k % 2}{d:%y%m}75{k % 999 + 1:03d}{k % 998 + 1:03d}00" for k, d in enumerate(born)],
    }
    return frame.with_columns(
        pl.Series(word, checked(word, pl.Series(texts, dtype=pl.String))) for word, texts in bodies.items()
    )


@pytest.fixture(scope="module")
def drawn() -> pl.DataFrame:
    schema = lw.infer(people(), entity=False)
    semantics = {c.name: (str(c.semantic), c.locale) for c in schema}
    assert all(semantics[word] == ("national_id", COUNTRIES[word]) for word in people().columns[2:])
    return lw.Synthesizer("copula", schema=schema, random_state=0).fit(people()).sample(1_500, random_state=1)


@pytest.mark.parametrize("word", ["cn_id", "se_pnr", "pl_pesel", "fr_nir"])
def test_they_tell_of_the_birth_and_the_gender_of_their_row(word: str, drawn: pl.DataFrame) -> None:
    for born, gender, text in drawn.select("birth_date", "gender", word).rows():
        told, male = told_by(word, text)
        assert (told if word != "fr_nir" else told.replace(day=born.day)) == born
        assert male == (gender == "male")
    real = people()[word].str.replace_all(r"\D", "")
    assert not drawn[word].str.replace_all(r"\D", "").is_in(real.implode()).any()
    assert drawn[word].n_unique() == len(drawn)


def test_districts_are_such_as_enough_people_come_from(drawn: pl.DataFrame) -> None:
    assert set(drawn["cn_id"].str.head(6)) == {"110105", "440106"}


def test_a_birth_that_is_missing_leaves_a_number_of_any_date() -> None:
    holes = people().with_columns(pl.when(pl.int_range(pl.len()) % 3 > 0).then("birth_date").alias("birth_date"))
    rows = lw.Synthesizer("copula", random_state=0).fit(holes).sample(300, random_state=1)
    assert 70 < rows["birth_date"].null_count() < 130
    assert rows["cn_id"].null_count() == 0
    for text in rows["cn_id"]:
        told_by("cn_id", text)


def test_italian_codes_hold_letters_of_the_name() -> None:
    found = People.usual(
        {"a": "first_name", "b": "last_name", "x": "national_id"}, locale="it_IT", words={"x": "it_cf"}
    )
    rows = pl.DataFrame(found.draw(500, np.random.default_rng(0)))
    for first, last, code in rows.rows():
        hard = [c for c in last.upper() if c in "BCDFGHJKLMNPQRSTVWXYZ"]
        if len(hard) >= 3 and last.isascii():
            assert code[:3] == "".join(hard[:3])
        hard = [c for c in first.upper() if c in "BCDFGHJKLMNPQRSTVWXYZ"]
        if len(hard) > 3 and first.isascii():
            assert code[3:6] == hard[0] + hard[2] + hard[3]


def payments(n: int = 1_200) -> pl.DataFrame:
    """Of 300 people with a card each, some of whom pay often."""
    rng = np.random.default_rng(7)
    cards = checked("card", pl.Series([f"4{d:014d}0" for d in rng.integers(0, 10**14, 300)], dtype=pl.String))
    who = (rng.random(n) ** 2 * 300).astype(int)
    mails = pl.Series([f"ann.smith{k}@mail.com" for k in range(300)])
    return pl.DataFrame({"email": mails.gather(who), "card": cards.gather(who), "paid": rng.gamma(2, 20, n).round(2)})


@pytest.mark.parametrize("alone", [False, True])
def test_a_card_comes_again_with_its_owner(alone: bool) -> None:
    real = payments().drop("email") if alone else payments()
    schema = lw.infer(real, entity=False, overrides={"card": "card"})
    rows = (
        lw.Synthesizer("copula", schema=schema, random_state=0, entity=False)
        .fit(real)
        .sample(len(real), random_state=1)
    )
    assert 0.7 < rows["card"].n_unique() / real["card"].n_unique() < 1.4
    assert not rows["card"].is_in(real["card"].implode()).any()
    if not alone:
        assert rows.group_by("email").agg(pl.col("card").n_unique())["card"].max() == 1


def test_what_is_unique_in_rows_is_so_where_owners_come_again() -> None:
    real = payments().with_columns(
        imei=checked("imei", pl.Series([f"3520990{k:07d}0" for k in range(1_200)], dtype=pl.String))
    )
    rows = (
        lw.Synthesizer("copula", schema=lw.infer(real, entity=False), random_state=0, entity=False)
        .fit(real)
        .sample(900)
    )
    assert rows["email"].n_unique() < 600
    assert rows["imei"].n_unique() == 900


def test_the_same_people_are_drawn_of_a_file(tmp_path: Path) -> None:
    fitted = lw.Synthesizer("copula", random_state=0).fit(people())
    fitted.save(tmp_path / "m.likewise")
    loaded = lw.load(tmp_path / "m.likewise")
    assert loaded.sample(200, random_state=4).equals(fitted.sample(200, random_state=4))


def test_numbers_in_columns_of_numbers_hold_no_letter_and_keep_their_type() -> None:
    texts = people()["cn_id"].filter(~people()["cn_id"].str.ends_with("X"))
    real = texts.cast(pl.Int64).to_frame()
    column = Column(name="cn_id", kind=Kind.ID, role=Role.ID, semantic="national_id", locale="CN", dtype="Int64")
    codec = TableCodec.fit(real, Schema((column,)))
    drawn = codec.keys(pl.DataFrame({"x": range(500)}), np.random.default_rng(0))["cn_id"]
    assert drawn.dtype == pl.Int64
    assert BY_WORD["cn_id"].fits(drawn.cast(pl.String)).all()


def test_under_a_budget_they_are_made_of_what_is_declared() -> None:
    real = people().with_columns(card=pl.lit("4111111111111111"), x=pl.int_range(pl.len()) % 5)
    said = {
        "card": {"semantic": "card"}, "cn_id": {"semantic": "national_id", "locale": "CN"},
        "x": {"kind": "integer", "bounds": (0, 4), "nullable": False},
        **{name: {"role": "drop"} for name in ("birth_date", "gender", "se_pnr", "pl_pesel", "fr_nir")},
    }  # fmt: skip
    schema = lw.infer(real, entity=False).declare(said)
    fitted = lw.Synthesizer("mst", schema=schema, privacy=lw.DP(epsilon=1, delta=1e-5), random_state=0).fit(real)
    rows = fitted.sample(200)
    assert BY_WORD["card"].fits(rows["card"].str.replace_all(" ", "")).all()
    assert BY_WORD["cn_id"].fits(rows["cn_id"]).all()


def test_gender_and_birth_are_all_that_two_numbers_share() -> None:
    seeds = np.arange(2_000, dtype=np.uint64)
    found = People.usual({"a": "national_id", "b": "national_id"}, words={"a": "se_pnr", "b": "pl_pesel"})
    rows = found.written(Persons(seeds, np.zeros(2_000, np.int64), np.arange(2_000) % 2))
    both = [(told_by("se_pnr", a), told_by("pl_pesel", b)) for a, b in zip(rows["a"], rows["b"], strict=True)]
    assert all(one[1] == other[1] for one, other in both)
    assert len({text[-4:-2] for text in itertools.chain(rows["a"])}) > 40
