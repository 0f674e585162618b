"""Claims about personal identifiers: which columns hold them, which only look like it; a user's word is last."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.schema.column import Kind, Role
from likewise.schema.identifiers.forms import BY_WORD, SEPARATORS, code_points, recognise

# Numbers that their issuers print as examples, or that are published as test numbers.
TRUE = {
    "iban": ("DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606"),
    "imei": ("490154203237518", "35-209900-176148-1"),
    "card": ("4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"),
    "cn_id": ("11010519491231002X", "440524188001010014"),
    "ch_ahv": ("756.9217.0769.85",),
    "de_idnr": ("86 095 742 719", "47036892816"),
    "fr_nir": ("2 55 08 14 168 025 38",),
    "br_cpf": ("111.444.777-35",),
    "pl_pesel": ("44051401359",),
    "nl_bsn": ("111222333",),
    "be_nrn": ("85.07.30-033.28",),
    "in_aadhaar": ("9999 4105 7058",),
    "it_cf": ("RSSMRA85T10A562S", "MRORSS00A00A000U"),
    "cn_uscc": ("91350100M000100Y43", "91110000600037341L"),
    "br_cnpj": ("11.222.333/0001-81",),
    "jp_my": ("123456789018",),
    "se_pnr": ("811218-9876", "19811218-9876"),
    "es_dni": ("12345678Z", "X1234567L"),
}


@pytest.mark.parametrize("word", TRUE)
def test_true_numbers_pass_and_none_with_one_digit_changed_does(word: str) -> None:
    form, bare = BY_WORD[word], pl.Series(TRUE[word]).str.replace_all(SEPARATORS, "")
    assert form.fits(bare).all()
    for number in bare:
        at = next(i for i in range(5, len(number)) if number[i].isdigit())
        wrong = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
        assert not form.fits(pl.Series([wrong])).any()


def digits(rng: np.random.Generator, n: int, width: int, before: str = "", after: str = "") -> list[str]:
    return [before + "".join(map(str, row)) + after for row in rng.integers(0, 10, (n, width))]


def checked(word: str, texts: list[str]) -> pl.Series:
    """The texts with the check characters that make them true."""
    chars = code_points(pl.Series(texts), len(texts[0])).copy()
    form = BY_WORD[word]
    assert form.check is not None
    chars[:, list(form.at)] = form.check(chars)
    return pl.Series(["".join(map(chr, row)) for row in chars])


@pytest.mark.parametrize(
    ("word", "width", "before"),
    [("iban", 18, "DE00"), ("imei", 13, "35"), ("card", 15, "4"), ("ch_ahv", 10, "756"), ("de_idnr", 10, "3"),
     ("fr_nir", 14, "1"), ("br_cpf", 11, ""), ("pl_pesel", 5, "440514"), ("be_nrn", 11, ""), ("in_aadhaar", 11, "4"),
     ("nl_bsn", 9, ""), ("br_cnpj", 14, ""), ("jp_my", 12, ""), ("cn_uscc", 16, "91")],
)  # fmt: skip
def test_check_digits_tell_a_column_whose_name_says_nothing(word: str, width: int, before: str) -> None:
    rng = np.random.default_rng(51)
    values = checked(word, digits(rng, 400, width, before))
    values = values.filter(values.str.contains(r"^[A-Z]{0,2}\d+$"))  # some Dutch ones have no check digit
    found = recognise("column_7", values)
    assert found is not None
    assert found.word == word
    if not before.isalpha() and values.str.contains(r"^[1-9]\d+$").all():
        assert recognise("column_7", values.cast(pl.Int64)) is found


def test_other_forms_are_told_by_themselves() -> None:
    rng = np.random.default_rng(52)
    ssn = [f"{a:03d}-{b:02d}-{c:04d}" for a, b, c in rng.integers((1, 1, 1), (899, 99, 9999), (60, 3))]
    abroad = [f"+49 {a} {b}" for a, b in rng.integers((30, 10**6), (99, 10**7), (60, 2))]
    codes = checked("it_cf", ["RSSMRA85T10A562A", "BNCLRA90A41F205A", "VRDGPP70B02L219A"]).to_list()
    for values, word in (
        (ssn, "us_ssn"), (abroad, "phone"), (codes, "it_cf"),
        (["AB 12 34 56 C", "CE 65 43 21 A", "JG 10 37 59 D"], "uk_nino"),
        (["a.b@c.example", "d@e.f.example", "g@h.io"], "email"),
    ):  # fmt: skip
        found = recognise("x", pl.Series(values))
        assert found is not None
        assert found.word == word


@pytest.mark.parametrize(
    ("name", "values", "word"),
    [
        ("phone", ["555-1234", "555-9876"], "phone"),
        ("Handy", [41791234567, 41797654321], "phone"),
        ("手机号", ["13800138000", "13912345678"], "phone"),
        ("credit_card", ["4000123412340000", "4000123412347919"], "card"),
        ("ssn", [123456789, 234567891], "national_id"),
        ("passport", ["C01X00T47", "C01X00T48"], "national_id"),
        ("iban", ["DE00370400440532013000", "DE11370400440532013001"], "iban"),
        ("first_name", ["Ann", "Bo"], "name"),
        ("Nachname", ["Meyer-Ott", "von der Au"], "name"),
        ("apellidos", ["García López", "Ruiz"], "name"),
        ("prénom", ["Zoé", "Jean-Luc"], "name"),
        ("姓名", ["王小明", "李雷"], "name"),
        ("Фамилия", ["Иванова", "Кузнецов"], "name"),
        ("achternaam", ["de Vries", "Jansen"], "name"),
        ("Ansprechpartner", ["Zquorx, Bea", "Ott Flim"], "name"),
        ("CustomerName", ["Meyer, Ann", "Smith, Bob", "Xu, Wei"], "name"),
        ("operator", ["Ann Meyer", "Bob Smith", "Carla Zquorx"], "name"),
        ("patient_name", ["Wanjiru Okafor", "Njeri Mwangi", "Amina Adeyemi"], "name"),
        ("iban", ["de00 3704 0044 0532 0130 00", "de11 3704 0044 0532 0130 01"], "iban"),
        ("c", ["only@one.example"], "email"),
        ("c", [" a@b.example ", "c@d.example", "e@f.example"], "email"),
        ("c", ["Ann M <a@b.example>", "Bo <c@d.example>", "<e@f.example>"], "email"),
    ],
)
def test_a_name_of_a_column_speaks_for_what_its_form_allows(name: str, values: list[object], word: str) -> None:
    found = recognise(name, pl.Series(values))
    assert found is not None
    assert found.word == word


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("name", ["Heathrow Airport", "Orly Airport", "Lisbon Airport", "O Hare Airport"]),
        ("product_name", ["Anna Chair", "Max Table", "Peter Desk"]),
        ("file_name", ["anna", "max", "peter"]),
        ("state_machine", ["Ann Meyer", "Bob Smith", "Carla Weber"]),
        ("resolving_loans", ["A12", "A13", "B44"]),
        ("grade", ["A12", "B7", "C9"]),
        ("phone_model", ["Nokia 3310", "Pixel 8"]),
        ("card_type", ["visa", "amex"]),
        ("telescope", [1234567, 7654321]),
        ("operator", ["plus", "minus", "times"]),
        ("already", ["XXX-XX-1234", "XXX-XX-2345", "XXX-XX-3456"]),
        ("email_sent", ["yes", "no"]),
        ("cell_count", [4_100_000, 5_250_000, 4_730_000]),
        ("cf", [12_345, 23_456, 90_001]),
        ("nir", [31_002, 28_877, 40_110]),
        ("avs", [310_020, 288_770, 401_100]),
        ("machine_name", ["Left Press", "Right Press", "Old Drill"]),
    ],
)
def test_what_only_resembles_a_person_s_is_left_alone(name: str, values: list[object]) -> None:
    assert recognise(name, pl.Series(values)) is None


@pytest.mark.parametrize("width", [8, 9, 10, 11, 12, 13, 15, 16, 18])
def test_measurements_of_any_width_are_left_alone(width: int) -> None:
    rng = np.random.default_rng(53 + width)
    for values in (rng.integers(10 ** (width - 1), 10**width, 3_000), np.arange(3_000) * 7 + 10 ** (width - 1)):
        assert recognise("total", pl.Series(values)) is None
        assert recognise("total", pl.Series(values).cast(pl.String)) is None


# ---- through the schema ------------------------------------------------------------------------------------------


def test_a_personal_identifier_is_an_id_told_with_the_reason_however_often_it_comes() -> None:
    frame = pl.DataFrame({"contact": [f"p{n % 7}@clinic.example" for n in range(700)], "x": range(700)})
    column = lw.infer(frame)["contact"]
    assert (column.kind, column.semantic) == (Kind.ID, "email")
    assert "personal identifiers (e-mail addresses): never learnt, new ones are made" in column.notes


@pytest.mark.parametrize("kind", ["categorical", "text"])
def test_the_user_s_word_beats_it(kind: str) -> None:
    frame = pl.DataFrame({"contact": [f"p{n % 7}@clinic.example" for n in range(70)]})
    column = lw.infer(frame, overrides={"contact": kind})["contact"]
    assert (column.kind.value, column.role, column.semantic) == (kind, Role.FEATURE, None)


def test_an_id_that_the_user_declares_keeps_its_form() -> None:
    frame = pl.DataFrame({"who": [f"p{n}@clinic.example" for n in range(70)]})
    assert lw.infer(frame, overrides={"who": {"role": "id"}})["who"].semantic == "email"


def test_a_name_that_repeats_with_facts_of_its_own_tells_whose_a_row_is() -> None:
    rng = np.random.default_rng(54)
    who = np.repeat(np.arange(60), 8)
    frame = pl.DataFrame({
        "name": [f"Person {n}" for n in who],
        "salary": rng.lognormal(8, 0.4, 60).round(2)[who],
        "born": rng.integers(1_900, 2_010, 60)[who],
        "hours": rng.integers(0, 60, 480),
    })  # fmt: skip
    assert lw.infer(frame).entity == "name"
    assert lw.infer(frame.unique("name")).entity is None


def test_numbers_written_in_small_letters_are_the_same_numbers() -> None:
    rng = np.random.default_rng(59)
    for word, texts in (("cn_id", digits(rng, 300, 4, "11010519700101")), ("iban", digits(rng, 60, 18, "CH00"))):
        texts = [text if word == "iban" else text[:17] + "0" for text in texts]
        found = recognise("column_7", checked(word, texts).str.to_lowercase())
        assert found is not None
        assert found.word == word


def addresses(kind: str) -> list[str]:
    parts = np.random.default_rng(8).integers(0, 256, (300, 8))
    forms = {
        "v4": "{0}.{1}.{2}.{3}", "v4:port": "{0}.{1}.{2}.{3}:{4}", "v4/length": "{0}.{1}.{2}.0/24",
        "v6": "2001:db8:{0:x}::{1:x}", "v6 in full": "2001:db8:{0:x}:{1:x}:{2:x}:{3:x}:{4:x}:{5:x}",
    }  # fmt: skip
    return [forms[kind].format(*row) for row in parts]


@pytest.mark.parametrize("kind", ["v4", "v4:port", "v4/length", "v6", "v6 in full"])
def test_ip_addresses_are_personal_and_made_anew_in_blocks_that_nobody_has(kind: str) -> None:
    frame = pl.DataFrame({"from": addresses(kind), "bytes": range(300)})
    model = lw.Synthesizer("copula", random_state=0).fit(frame)
    assert model.schema_["from"].kind is Kind.ID
    made = model.sample(200, random_state=1)["from"]
    found = recognise("column_7", made)
    assert found is not None
    assert found.what == "IP addresses"
    assert made.n_unique() == 200
    assert not set(made) & set(frame["from"])
    assert made.str.contains(r"^(24\d|25[0-4])\.|^2001:db8:f0").all()
    assert (":port" in kind) == made.str.contains(r"\.\d+:\d+$").all()


@pytest.mark.parametrize(
    ("name", "values"),
    [("version", [f"{a}.{b}.{c}.0" for a in range(3) for b in range(9) for c in range(9)]),
     ("at", [f"{h:02}:{m:02}:{s:02}" for h in range(9) for m in range(9) for s in range(9)]),
     ("mac", [f"00:1b:44:{a:02x}:{b:02x}:b7" for a in range(20) for b in range(20)])],
)  # fmt: skip
def test_versions_times_and_hardware_addresses_are_no_ip_addresses(name: str, values: list[str]) -> None:
    assert recognise(name, pl.Series(values)) is (BY_WORD["mac"] if name == "mac" else None)


FAMILIES = ["Dupont", "LEROY", "Fernández", "Iglesias", "Moreau", "Jansen", "Kowalski", "García López"]


@pytest.mark.parametrize("name", ["nom", "Nombre", "cognome", "apellido", "imię", "naam", "isim", "name", "kunde"])
def test_a_bare_name_holds_people_if_its_words_are_names_in_one_word_or_more(name: str) -> None:
    found = recognise(name, pl.Series(FAMILIES))
    assert found is not None
    assert found.word == "name"
    if name not in ("cognome", "apellido", "imię"):
        assert recognise(name, pl.Series(["Lyon", "Gare du Nord", "Tours", "Atelier", "Pompe", "Vis", "Écrou"])) is None


@pytest.mark.parametrize("names", [["田中 一郎", "佐藤花子", "鈴木太郎"], ["김민준", "이서연", "박지훈"]])
def test_names_of_east_asia_are_known_by_how_they_begin(names: list[str]) -> None:
    found = recognise("名前", pl.Series(names))
    assert found is not None
    assert found.word == "name"
    assert recognise("名前", pl.Series(["東京駅", "大阪城", "富士急"])) is None


def test_a_bare_name_beside_a_first_name_is_the_rest_of_it() -> None:
    table = pl.DataFrame({"nom": ["Zorbec", "Quilmo", "Vastig"] * 40, "age": ["31", "45", "52"] * 40})
    assert lw.infer(table)["nom"].kind is Kind.CATEGORICAL
    schema = lw.infer(table.with_columns(pl.Series("prénom", ["Anouk", "Ylva", "Tjark"] * 40)))
    assert (schema["nom"].kind, schema["nom"].semantic) == (Kind.ID, "last_name")
    assert lw.infer(table, overrides={"nom": "categorical"})["nom"].kind is Kind.CATEGORICAL


@pytest.mark.parametrize(
    ("name", "values", "word"),
    [
        ("x", [f"3C:5A:{k:02X}:00:FF:{k % 7:02X}" for k in range(99)], "mac"),
        ("x", [f"3c5a.00{k:02x}.ff{k % 7:02x}" for k in range(99)], "mac"),
        ("IMSI", [f"26201{k:010d}" for k in range(1, 99)], "device"),
        ("vin", [f"1HGCM82633A{k:06d}" for k in range(99)], "device"),
        ("license_plate", [f"B-{'ABCD'[k % 4]}X {k}" for k in range(100, 199)], "device"),
    ],
)
def test_identifiers_of_devices_are_made_anew(name: str, values: list[str], word: str) -> None:
    found = recognise(name, pl.Series(values))
    assert found is not None
    assert found.word == word
    table = pl.DataFrame({name: values * 3, "speed": np.random.default_rng(61).normal(size=3 * len(values)).round(1)})
    made = lw.Synthesizer("copula", random_state=0, entity=False).fit(table).sample(500)[name]
    assert not made.is_in(values).any()
    assert recognise(name, made) is found


def test_dates_and_counts_beside_words_of_devices_are_none() -> None:
    for name, values in (("vin_year", ["2019", "2020", "2021"]), ("fin", ["2020-01-31", "2021-06-30", "2022-02-28"])):
        assert recognise(name, pl.Series(values)) is None


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp932", ["佐藤 花子", "鈴木 一郎", "高橋 さくら"]),
        ("big5", ["陳怡君", "林志豪", "張雅婷"]),
        ("gbk", ["王伟", "李娜", "张敏"]),
        ("cp1251", ["Иванов Пётр", "Петрова Анна", "Смирнов Олег"]),
        ("cp949", ["김민준", "이서연", "박지훈"]),
    ],
)
def test_made_names_can_be_written_in_the_encoding_of_the_real_ones(encoding: str, names: list[str]) -> None:
    table = pl.DataFrame({"氏名" if encoding != "cp1251" else "фамилия": names * 60, "x": list(range(180))})
    made = lw.Synthesizer("copula", random_state=0, entity=False).fit(table).sample(500).to_series()
    assert "\n".join(made.to_list()).encode(encoding)
    assert not made.is_in(names).any()


@pytest.mark.parametrize("name", ["学号", "会员号", "番号", "Номер", "číslo", "Vertragsnr"])
def test_keys_are_known_by_their_names_in_other_scripts(name: str) -> None:
    values = [str(2021000000 + k * 7 % 600) for k in range(600)]
    table = pl.DataFrame({name: values, "型号": values, "x": [str(k % 7) for k in range(600)]})
    schema = lw.infer(table, entity=False)
    assert (schema[name].kind, schema["型号"].kind) == (Kind.ID, Kind.INTEGER)


@pytest.mark.parametrize(
    "values",
    [
        [hex(k * 97) for k in range(600)],
        [f"{640 + k % 7 * 100}x{k}" for k in range(600)],
        [f"{k % 9}B{k}x" for k in range(9)],
    ],
    ids=["hexadecimal", "resolutions", "few"],
)
def test_numbers_in_parts_are_no_keys(values: list[str]) -> None:
    for n in (1, 3):
        assert lw.infer(pl.DataFrame({"x": values * n}))["x"].kind is not Kind.ID


def test_codes_under_a_name_of_people_are_no_levels() -> None:
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"device_serial": [f"SN{k:08}" for k in rng.integers(0, 60, 600)],
                          "user": [f"user{k}" for k in rng.integers(0, 40, 600)],
                          "unit": [f"U{k}" for k in rng.integers(0, 40, 600)]})  # fmt: skip
    schema = lw.infer(table)
    assert (schema["user"].kind, schema["unit"].kind) == (Kind.ID, Kind.CATEGORICAL)


@pytest.mark.parametrize(
    ("heading", "form", "word"),
    [
        ("Телефон", "8 (9{:02}) 507-14-{:02}", "phone"), ("電話番号", "05-13{:02}-83{:02}", "phone"),
        ("الهاتف", "05458262{:02}{:02}", "phone"), ("Celular", "9{:02}9877{:02}", "phone"),
        ("ИНН", "8574189744{:02}{:02}", "national_id"), ("СНИЛС", "779-5{:02}-783 {:02}", "national_id"),
        ("Паспорт", "{:02} 17 5331{:02}", "national_id"), ("주민등록번호", "8{:02}203-10456{:02}", "national_id"),
        ("RUT", "17.6{:02}.3{:02}-2", "national_id"), ("cédula", "17.6{:02}.3{:02}", "national_id"),
    ],
)  # fmt: skip
def test_headings_of_more_languages_tell_telephones_and_identities(heading: str, form: str, word: str) -> None:
    texts = pl.Series([form.format(k % 89 + 10, 17 * k % 89 + 10) for k in range(60)])
    found = recognise(heading, texts)
    assert found is not None
    assert found.word == word
    assert recognise("value", pl.Series(range(10_000_019, 10_005_000, 97))) is None
