"""Claims about people who are made: they agree, look true, differ where they must, and none of them is real."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.errors import ModelFileError
from likewise.personal.crowd import Crowd
from likewise.personal.groups import groups_of
from likewise.personal.latent import spread
from likewise.personal.people import People
from likewise.personal.pools import Locale, countries, in_latin, languages
from likewise.personal.saved import from_state, to_state

ALL = {
    "name": "name", "first": "first_name", "last": "last_name", "mail": "email", "login": "username", "phone": "phone",
    "iban": "iban", "street": "address", "zip": "postcode", "town": "city", "firm": "company", "page": "url",
}  # fmt: skip
LOCALES = [
    "en_US", "en_GB", "fr_CA", "de_DE", "de_CH", "fr_FR", "es_ES", "es_AR", "it_IT", "pt_BR", "nl_NL", "pl_PL", "zh_CN",
    "ja_JP", "ko_KR", "ru_RU", "el_GR",
]  # fmt: skip


def drawn(people: People, n: int, seed: int = 3, **known: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(people.draw(n, np.random.default_rng(seed), known))


def learnt(least: int = 5, locale: str | None = None, others: pl.DataFrame | None = None, **columns: Any) -> People:
    """People of columns called by their semantics."""
    frame = pl.DataFrame(columns)
    return People.learnt(frame, {name: name for name in columns}, least=least, locale=locale, others=others)


def mod_97(iban: str) -> int:
    """By the book: letters as numbers, the first four behind."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_told_of_a_person_agrees(locale: str) -> None:
    table = drawn(People.usual(ALL, locale=locale), 300)
    language = languages()[Locale.of(locale).language]
    words = {
        w.texts[i]: w.latin[i] for k in ("female", "male", "last") for w in [language.words(k)] for i in range(len(w))
    }
    town = {city: head for city, _, head in countries()[Locale.of(locale).country].cities}
    for row in table.rows(named=True):
        assert row["first"] in row["name"]
        assert row["last"] in row["name"]
        first, last = (re.sub("[^a-z]", "", words.get(row[part], in_latin(row[part]))) for part in ("first", "last"))
        assert row["mail"].startswith(f"{first}.{last}")
        assert row["login"].startswith(f"{first}.{last}")
        assert row["zip"].startswith(town[row["town"]])
        assert mod_97(row["iban"]) == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_telephone_numbers_are_valid(locale: str) -> None:
    oracle = pytest.importorskip("phonenumbers")
    made = drawn(People.usual({"phone": "phone"}, locale=locale), 1_000)["phone"]
    assert np.mean([oracle.is_valid_number(oracle.parse(number)) for number in made]) >= 0.98
    assert made.n_unique() == 1_000


def test_a_wrong_number_is_told_by_the_same_oracles() -> None:
    oracle = pytest.importorskip("phonenumbers")
    assert not oracle.is_valid_number(oracle.parse("+41 12 345 67"))
    assert mod_97("DE89370400440532013001") != 1


def test_names_of_east_asia_are_written_family_first() -> None:
    for locale, form in (
        ("zh_CN", r"^\p{Han}{2,3}$"),
        ("ko_KR", r"^\p{Hangul}{3}$"),
        ("ja_JP", r"^\p{Han}{1,3} \p{Han}"),
    ):
        table = drawn(People.usual({"name": "name", "last": "last_name"}, locale=locale), 100)
        assert table["name"].str.contains(form).all()
        assert table.select(pl.col("name").str.starts_with(pl.col("last"))).to_series().all()


@pytest.mark.parametrize(
    ("real", "form"),
    [
        ("Meyer, Anna", r"^\p{Lu}\p{Ll}+, \p{Lu}\p{Ll}+$"), ("ANNA MEYER", r"^[\p{Lu} \-]+$"),
        ("A. Meyer", r"^\p{Lu}\. \p{Lu}\p{Ll}+$"), ("Meyer A.", r"^\p{Lu}\p{Ll}+ \p{Lu}\.$"),
        ("anna.meyer", r"^\p{Ll}+\.\p{Ll}+$"), ("Anna B. Meyer", r"^\p{Lu}\p{Ll}+ \p{Lu}\. \p{Lu}\p{Ll}+$"),
        ("Dr. Anna Meyer", r"^Dr\. \p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+$"), ("王小明", r"^\p{Han}{2,3}$"),
        ("김민수", r"^\p{Hangul}{3}$"),
        ("佐藤花子", r"^\p{Han}{2,5}$"), ("サトウ ハナコ", r"^\p{Katakana}+ \p{Katakana}+$"),
        ("Иванов И.", r"^\p{Cyrillic}+ \p{Cyrillic}\.$"),
    ],
)  # fmt: skip
def test_names_are_written_as_the_real_ones_are(real: str, form: str) -> None:
    made = drawn(learnt(name=[real] * 9), 200)["name"]
    assert made.str.replace_all("['’-]", "").str.contains(form).all()
    assert real not in made


def test_a_way_of_writing_that_few_have_is_not_kept() -> None:
    made = drawn(learnt(name=["Ann Meyer"] * 20 + ["LEE, BO"] * 4), 500)["name"]
    assert not made.str.contains(",").any()
    assert made.str.contains(r"\p{Ll}").all()


def test_numbers_are_written_as_the_real_ones_are() -> None:
    rng = np.random.default_rng(5)
    real = [f"(0{a}) {b:03d}-{c:04d}" for a, b, c in rng.integers((30, 0, 0), (40, 1_000, 10_000), (300, 3))]
    assert not drawn(learnt(phone=real, locale="DE"), 5)["phone"].null_count()
    swiss = [f"+41 79 {a:03d} {b:04d}" for a, b in rng.integers(0, (1_000, 10_000), (300, 2))]
    assert drawn(learnt(phone=swiss), 300)["phone"].str.contains(r"^\+41 79 \d{3} \d{4}$").all()
    zero = [f"+33 01 {a:02d} {b:02d} {c:02d} {d:02d}" for a, b, c, d in rng.integers(10, 100, (300, 4))]
    assert drawn(learnt(phone=zero), 300)["phone"].str.contains(r"^\+33 0[1-9]( \d\d){4}$").all()
    spaced = ["DE89 3704 0044 0532 0130 00"] * 9
    assert drawn(learnt(iban=spaced), 50)["iban"].str.contains(r"^DE\d\d( \d{4}){4} \d\d$").all()


def test_addresses_are_made_of_names_as_the_real_ones_are() -> None:
    first, last = ["Ann", "Bob", "Eva"] * 20, ["Meyer", "Smith"] * 30
    mails = [f"{a[0]}{b}@gmail.com".lower() for a, b in zip(first, last, strict=True)]
    table = drawn(learnt(first_name=first, last_name=last, email=mails), 200)
    for row in table.rows(named=True):
        last_name = re.sub("[^a-z]", "", in_latin(row["last_name"]))
        assert row["email"].startswith(in_latin(row["first_name"][0]) + last_name)
        assert row["email"].endswith("@gmail.example")


def test_addresses_that_were_unique_are_with_any_digits_behind() -> None:
    mails = [f"{t}{'7' * (k % 3)}@firm.com" for k, t in enumerate(map("p{}x".format, range(300)))]
    made = drawn(learnt(email=mails, name=["Ann Lee", "Bo Kim"] * 150), 20_000)["email"]
    assert made.n_unique() == 20_000


def test_no_address_is_at_a_domain_that_somebody_of_the_table_has() -> None:
    real = [
        f"p{k}@{d}" for k in range(60) for d in ("example.com", "example.org", "example.net", "gmail.com", "firm.com")
    ]
    domains = drawn(learnt(email=real), 200)["email"].str.extract("@(.*)").unique().to_list()
    assert sorted(domains) == ["gmail.example", "post0.example"]


@pytest.mark.parametrize("n", [500, 6_500, 20_000])
def test_what_was_unique_is_unique_however_many_are_asked_for(n: int) -> None:
    rng = np.random.default_rng(8)
    token = ["".join(row).capitalize() for row in rng.choice(list("abeiklmnorst"), (1_000, 7))]
    people = learnt(
        first_name=token, email=[f"{t}@x.com" for t in token], username=token,
        phone=[f"+4915{k:09d}" for k in rng.permutation(10**6)[:1_000]],
        address=[f"{t}weg {k}" for k, t in enumerate(token)],
    )  # fmt: skip
    table = drawn(people, n)
    assert {name: table[name].n_unique() for name in table.columns} == dict.fromkeys(table.columns, n)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "zh_CN", "ja_JP", "ko_KR", "ru_RU"])
def test_full_names_that_were_unique_are(locale: str) -> None:
    language = languages()[Locale.of(locale).language]
    glue = "" if language.glued else " "
    names = [a + glue + b for a in language.words("last").texts for b in language.words("male").texts][:900]
    made = drawn(learnt(name=names, locale=locale), 20_000)["name"]
    assert made.n_unique() == 20_000
    assert not made.is_in(names).any()


def test_three_names_that_come_again_and_again_stay_three_in_every_draw() -> None:
    people = learnt(name=["Ann Lee", "Bo Kim", "Cy Wu"] * 200)
    seen = pl.concat([drawn(people, 400, seed)["name"] for seed in (1, 2)])
    assert seen.n_unique() == 3


def test_a_crowd_comes_again_as_often_as_the_real_one() -> None:
    rng = np.random.default_rng(9)
    real = rng.choice(400, 5_000, p=(p := 1.0 / np.arange(1, 401)) / p.sum())
    whose, seeds = Crowd.learnt(pl.Series(real), None, 5).draw(5_000, rng)
    found = np.sort(np.bincount(whose))[::-1]
    wanted = np.sort(np.bincount(real))[::-1]
    assert abs(len(seeds) - len(np.unique(real))) <= 0.1 * len(np.unique(real))
    assert np.abs(np.cumsum(found)[:50] - np.cumsum(wanted)[:50]).max() <= 0.1 * 5_000


def test_cells_are_missing_together_as_they_were() -> None:
    n = 1_000
    first = ["Street 1"] * n
    second = ["Flat 2"] * (n // 5) + [None] * (4 * n // 5)
    frame = pl.DataFrame(
        {"line1": first, "line2": second, "mail": [None if k % 2 else f"a{k}@x.com" for k in range(n)]}
    )
    people = People.learnt(frame, {"line1": "address", "line2": "address", "mail": "email"}, least=5)
    table = drawn(people, 4_000)
    assert table["line1"].null_count() == 0
    assert abs(table["line2"].null_count() / 4_000 - 0.8) < 0.03
    assert abs(table["mail"].null_count() / 4_000 - 0.5) < 0.03


def test_drawn_columns_tell_gender_and_country() -> None:
    group = groups_of({"name": "name", "phone": "phone", "iban": "iban"}, {"sex": "gender", "land": "country"})[0]
    rows = {"name": ["Ann Lee", "Bo Kim"] * 20, "phone": [None] * 40, "iban": [None] * 40}
    frame = pl.DataFrame(rows, schema_overrides={"phone": pl.String, "iban": pl.String})
    named = ["Germany", "FR", "日本"]
    people = People.learnt(frame, group.semantics, least=5, beside=group.beside, named=named)
    people = People(people.columns, people.locales, people.pools, people.beside, apart=people.apart)
    sex, land = pl.Series(["f", "m", None] * 100), pl.Series(["Germany"] * 100 + ["FR"] * 100 + ["日本"] * 100)
    table = drawn(people, 300, sex=sex, land=land).with_columns(sex=sex, land=land)
    for land_, code, calling, language in (
        ("Germany", "DE", "+49", "de"),
        ("FR", "FR", "+33", "fr"),
        ("日本", "", "+81", "ja"),
    ):
        some = table.filter(pl.col("land") == land_)
        assert some["phone"].str.starts_with(calling).all()
        assert some["iban"].str.starts_with(code).all()
        for gender, kind in (("f", "female"), ("m", "male")):
            names = some.filter(pl.col("sex") == gender)["name"]
            words = languages()[language].words(kind).texts
            assert all(any(word in name for word in words) for name in names)


def test_no_real_value_is_made_and_one_that_is_planted_is_found() -> None:
    people = People.usual(ALL, locale="en_US")
    for seed in range(5):
        table = drawn(people, 3_000, seed).select(list(ALL))
        real = table.sample(600, seed=seed)
        assert table["name"].is_in(real["name"].implode()).any()  # the look finds what is there
        frame = real.rename({"street": "address", "zip": "postcode", "town": "city", "firm": "company", "page": "url"})
        semantics = {name: ALL.get(name, name) for name in frame.columns}
        again = drawn(People.learnt(frame, semantics, least=5, locale="en_US"), 3_000, seed)
        for name in ("name", "first", "last", "mail", "login", "phone", "iban", "address", "company", "url"):
            assert not again[name].is_in(frame[name].implode()).any(), name


def test_rows_left_out_are_not_made_either() -> None:
    frame, left = (pl.DataFrame({"phone": [f"+4179{k:07d}" for k in r]}) for r in (range(500), range(500, 9_000)))
    made = drawn(People.learnt(frame, {"phone": "phone"}, least=5, others=left), 5_000)["phone"]
    assert not made.is_in(pl.concat([frame, left])["phone"].implode()).any()


def test_a_second_number_of_somebody_is_another_one() -> None:
    table = drawn(People.usual({"home": "phone", "work": "phone", "name": "name", "full": "name"}), 200)
    assert not (table["home"] == table["work"]).any()
    assert (table["name"] == table["full"]).all()


def test_a_model_file_keeps_the_people() -> None:
    people = learnt(
        name=["Ann Lee", "Bo Kim"] * 20, email=[f"a{k}@gmail.com" for k in range(40)],
        username=[f"u{k}" for k in range(40)],
        phone=[f"+4179{k:07d}" for k in range(40)], iban=["DE89370400440532013000"] * 40, address=["A Street 1"] * 40,
    )  # fmt: skip
    data, arrays = to_state(people)
    assert drawn(from_state(data, arrays), 50).equals(drawn(people, 50))
    broken = [
        {**data, "locales": []}, {**data, "crowd": [[5, 1]]}, {**data, "holes": {"+": 1.0}}, {**data, "apart": ["?"]},
        {**data, "pools": data["pools"][:1]}, {**data, "females": 2}, {**data, "columns": []},
    ]  # fmt: skip
    for k, field in enumerate(("semantic", "form", "remainders")):
        columns = [dict(column) for column in data["columns"]]
        columns[1] |= {field: [0, {"styles": []}, 10**12][k]}
        broken.append({**data, "columns": columns})
    for damage in broken:
        with pytest.raises(ModelFileError):
            from_state(damage, arrays)
    with pytest.raises(ModelFileError):
        from_state(data, {**arrays, "pairs0": np.array([10**9])})


def test_a_shuffled_order_holds_each_number_once() -> None:
    for size in (1, 2, 3, 10, 1_000, 65_537):
        assert sorted(spread(np.arange(size), size, key=size).tolist()) == list(range(size))


def test_locales_that_are_not_known_fall_back_on_their_language() -> None:
    assert [Locale.of(word).country for word in ("es_AR", "fr_CA", "pt", "nl", "en", "zh", "PT", "CH", "xx", None)] == [
        "AR", "CA", "PT", "NL", "US", "CN", "PT", "CH", "US", "US",
    ]  # fmt: skip


def test_words_of_faker_stand_beside_the_pools_and_stay_in_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = SimpleNamespace(first_names_female=["Zelda"], first_names_male=["Zeno", 3], last_names=["Zimt", "{{x}}"])
    monkeypatch.setitem(sys.modules, "faker.providers.person.de_DE", SimpleNamespace(Provider=provider))
    people = learnt(name=["Ann Lee", "Bo Kim"] * 20, locale="de_DE")
    monkeypatch.setitem(sys.modules, "faker.providers.person.de_DE", None)
    kept = from_state(*to_state(people))
    assert "Zelda" in kept.pools[0, 0].first.texts
    assert {"Zeno", "Zimt"} <= {*kept.pools[0, 1].first.texts, *kept.pools[0, 1].last.texts}
    assert not {3, "{{x}}"} & {*kept.pools[0, 1].first.texts, *kept.pools[0, 1].last.texts}


@pytest.mark.parametrize("dtype", ["Int32", "UInt32", "Int64", "Float64"])
def test_numbers_come_in_the_type_of_their_column(dtype: str) -> None:
    rng = np.random.default_rng(0)
    stored = {"Int32": pl.Int32(), "UInt32": pl.UInt32(), "Int64": pl.Int64(), "Float64": pl.Float64()}[dtype]
    real = pl.DataFrame(
        {"phone": pl.Series(rng.integers(1_600_000_000, 2_100_000_000, 300)).cast(stored), "x": range(300)}
    )
    schema = lw.infer(real, entity=False, overrides={"phone": "phone"})
    drawn = lw.Synthesizer("copula", schema=schema, random_state=0).fit(real).sample(1_000, random_state=0)
    assert drawn["phone"].dtype == stored
    assert drawn["phone"].null_count() == 0
    assert not drawn["phone"].is_in(real["phone"].implode()).any()


def test_numbers_of_widths_that_no_plan_has_begin_as_those_of_their_country() -> None:
    # Written in six ways, so that few people share how one begins.
    rng = np.random.default_rng(0)
    areas = [str(a) for a in rng.choice(["30", "89", "911", "341", "231", "40", "621"], 300)]
    marks = rng.choice(["0{} {}", "(0{}) {}", "+49 {} {}"], 300)
    phones = [m.format(a, int(n)) for m, a, n in zip(marks, areas, rng.integers(10**4, 10**6, 300), strict=True)]
    real = pl.DataFrame({"phone": phones})
    people = People.learnt(real, {"phone": "phone"}, least=5, locale="de_DE")
    own = (
        people.draw(2_000, np.random.default_rng(1))["phone"]
        .str.replace(r"^\D*(?:49 |0)", "")
        .str.replace_all(r"\D", "")
    )
    heads = countries()["DE"].heads
    begun = own.str.contains(rf"^(?:{'|'.join(heads)})")
    assert begun.mean() > 0.95


def test_spanish_accounts_have_their_own_check_digits_too() -> None:
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)

    def digit(number: str) -> str:
        rest = 11 - sum(w * int(c) for w, c in zip(weights, number, strict=True)) % 11
        return {10: "1", 11: "0"}.get(rest, str(rest))

    for iban in People.usual({"x": "iban"}, locale="es_ES").draw(300, np.random.default_rng(0))["x"]:
        own = iban.replace(" ", "")[4:]
        assert own[8:10] == digit("00" + own[:8]) + digit(own[10:])
