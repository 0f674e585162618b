"""Which columns are told to be personal data: made columns of 25 semantics in eight languages, and all public tables.

    python benchmarks/personal_telling.py     # writes benchmarks/results/personal_telling.json; needs Faker

Each made column holds 400 values of Faker's, alone with a number beside it, under each heading of
`_personal_headings.toml` written in three styles (as it is, snake_case, camelCase) and under one that says nothing.
Columns of the public tables are held against `tests/expected_semantics.py`; lures have telling headings or
telling values, and are nothing of the sort.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
import tomllib
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import ROOT, machine, shared_folder
from faker import Faker

sys.path.insert(0, str(ROOT))

from tests.expected_kinds import EXPECTED
from tests.expected_semantics import SEMANTICS
from tests.identifiers.test_forms import checked, digits

from likewise.schema.identifiers.forms import BY_WORD
from likewise.schema.infer import infer
from likewise.schema.semantics import SINGLES_OUT
from likewise.tables import files

RESULTS = ROOT / "benchmarks" / "results" / "personal_telling.json"
HEADINGS = tomllib.loads((Path(__file__).parent / "_personal_headings.toml").read_text(encoding="utf-8"))
ROWS, SILENT, SPEED_ROWS = 400, "col_7", 1_000_000
NATIONAL = {
    "en_US": lambda rng: [f"{a:03d}-{b:02d}-{c:04d}" for a, b, c in rng.integers(1, (650, 99, 9_999), (ROWS, 3))],
    "de_DE": lambda rng: checked("de_idnr", digits(rng, ROWS, 10, "3")).to_list(),
    "fr_FR": lambda rng: checked("fr_nir", digits(rng, ROWS, 14, "1")).to_list(),
    "es_ES": lambda rng: checked("es_dni", digits(rng, ROWS, 8, "", "A")).to_list(),
    "it_IT": lambda rng: checked(
        "it_cf", [f"RSSMRA{n:02d}T10A{m:03d}A" for n, m in rng.integers(10, 99, (ROWS, 2))]
    ).to_list(),
    "pt_BR": lambda rng: checked("br_cpf", digits(rng, ROWS, 11)).to_list(),
    "zh_CN": lambda rng: checked("cn_id", digits(rng, ROWS, 4, "11010519700101")).to_list(),
    "ja_JP": lambda rng: checked("jp_my", digits(rng, ROWS, 12)).to_list(),
}
LURES = """
product_name = Anna Chair|Max Table|Otto Lamp; file_name = a.txt|report.pdf|b.csv; hostname = web01|db02|cache3;
table_name = users|orders|items; state_machine = idle|run; resolving_loans = AA12|B7|C33; filename = x.py|y.py;
RealEstateLoans = low|mid|high; state = open|closed|pending; region = North|South|EMEA; country_risk = A|B|C;
city_tier = 1|2|3; phone_model = Nokia 3310|Pixel 8; card_type = visa|amex; email_sent = yes|no; zip = yes|no;
url_length = 12|99|45; memory_address = 0x1f|0x2a|0x99; gender_gap = 0.1|0.2|0.7; street_type = paved|gravel;
genre = rock|jazz|folk; land = crop|forest; via = phone|web; long = yes|no; cap = red|blue; ort = 1|2;
city_id = 101|202; status = new|old; company_size = 1-10|11-50;
user_agent = Mozilla|curl; birth_weight = 3.1|2.9; address_count = 1|2|5; team = Leeds|Arsenal;
species_name = E. coli|B. subtilis; drug_name = Aspirin|Ibuprofen
"""
GENDERS = {
    "en_US": ("male", "female"), "de_DE": ("männlich", "weiblich"), "fr_FR": ("homme", "femme"), "es_ES": ("H", "M"),
    "it_IT": ("M", "F"), "pt_BR": ("masculino", "feminino"), "zh_CN": ("男", "女"), "ja_JP": ("男性", "女性"),
}  # fmt: skip


def values(locale: str, semantic: str) -> list[str]:
    """Made values of one semantic in one language."""
    Faker.seed(7)
    fake, rng = Faker(locale), np.random.default_rng(7)
    regions = ("administrative_unit", "state", "region", "prefecture", "city")
    region = next(getattr(fake, name) for name in regions if hasattr(fake, name))
    street = fake.town if locale == "ja_JP" else fake.street_address
    makers: dict[str, Any] = {
        "name": fake.name, "first_name": fake.first_name, "last_name": fake.last_name, "username": fake.user_name,
        "email": fake.email, "phone": fake.phone_number, "street": street,
        "house_number": fake.building_number, "address": fake.address, "postcode": fake.postcode, "city": fake.city,
        "region": region, "country": fake.country, "company": fake.company,
        "card": fake.credit_card_number, "ip": fake.ipv4, "mac": fake.mac_address, "url": fake.url, "uuid": fake.uuid4,
        "birth_date": lambda: str(fake.date_of_birth()), "latitude": lambda: str(fake.latitude()),
        "longitude": lambda: str(fake.longitude()),
    }  # fmt: skip
    if semantic == "national_id":
        return NATIONAL[locale](rng)
    if semantic == "iban":
        return checked("iban", digits(rng, ROWS, 18, "DE00")).to_list()
    if semantic == "gender":
        return list(rng.choice(GENDERS[locale], ROWS))
    return [str(makers[semantic]()) for _ in range(ROWS)]


def styles(heading: str) -> set[str]:
    """A heading as it is, in snake_case without accents, and in camelCase."""
    plain = "".join(c for c in unicodedata.normalize("NFD", heading) if not unicodedata.combining(c))
    parts = re.findall(r"\w+", plain if plain.isascii() else heading)
    if not heading.isascii() and not plain.replace("ß", "").isascii():
        return {heading}
    return {heading, "_".join(parts).lower(), parts[0].lower() + "".join(part.capitalize() for part in parts[1:])}


def told(heading: str, texts: list[str]) -> tuple[str, bool]:
    """The semantic that is told, and whether the column is kept from learning."""
    column = infer(pl.DataFrame({heading: texts, "n": np.arange(len(texts)) * 7 % 97}), entity=False)[heading]
    return str(column.semantic or ""), column.is_key


def made_columns() -> dict[str, Any]:
    """Recall, by semantic and by language, of headings that tell and of one that says nothing."""
    found: dict[str, dict[str, list[bool]]] = {"by_semantic": defaultdict(list), "by_language": defaultdict(list)}
    silent, kept, missed = defaultdict(list), [], []
    for locale, by_semantic in HEADINGS.items():
        for semantic, headings in by_semantic.items():
            texts = values(locale, semantic)
            for heading in {style for text in headings.split("|") for style in styles(text)}:
                what, is_key = told(heading, texts)
                found["by_semantic"][semantic].append(what == semantic)
                found["by_language"][locale].append(what == semantic)
                if semantic in SINGLES_OUT:
                    kept.append(is_key)
                if what != semantic:
                    missed.append(f"{locale} {heading}: {what or '-'} for {semantic}")
            silent[semantic].append(told(SILENT, texts)[0] == semantic)
        print(locale, round(float(np.mean(found["by_language"][locale])), 3), flush=True)
    share = {how: {key: round(float(np.mean(hits)), 3) for key, hits in by.items()} for how, by in found.items()}
    every = [hit for hits in found["by_semantic"].values() for hit in hits]
    return {
        "columns": len(every), "recall": round(float(np.mean(every)), 3), **share,
        "made_of_those_that_single_out": round(float(np.mean(kept)), 3),
        "recall_without_a_heading": {key: round(float(np.mean(hits)), 3) for key, hits in silent.items()},
        "missed": sorted(missed),
    }  # fmt: skip


def lures() -> dict[str, Any]:
    """Columns that only resemble personal data: how many are told to be some."""
    rng, draw = np.random.default_rng(11), random.Random(11)
    widths = {"serial": 16, "reference": 18, "barcode": 13, "order": 11, "tracking": 9, "checksum": 14}
    cases = {name: digits(rng, ROWS, width) for name, width in widths.items()}
    cases["amount"] = [str(x) for x in rng.integers(100_000, 999_999, ROWS)]
    cases["masked"] = [f"XXX-XX-{n:04d}" for n in rng.integers(0, 9_999, ROWS)]
    lines = (line.split("=") for line in LURES.split(";"))
    words = {name.strip(): levels.strip().split("|") for name, levels in lines}
    cases |= {name: draw.choices(levels, k=ROWS) for name, levels in words.items()}
    wrong = {name: what for name, texts in cases.items() if (what := told(name, texts)[0])}
    return {"columns": len(cases), "wrongly_told": wrong}


def public_tables() -> dict[str, Any]:
    """What is told of the columns of the public tables, against a person's judgement."""
    columns = right = 0
    wrong, lacking = [], []
    for table in sorted(EXPECTED):
        path = shared_folder() / "data" / table
        if not path.exists():
            continue
        expected = {name: what for what, names in SEMANTICS.get(table, {}).items() for name in names.split("|")}
        for column in infer(files.read(path)):
            columns += 1
            what = None if column.semantic is None else str(column.semantic)
            right += what == expected.get(column.name) and what is not None
            if what != expected.get(column.name):
                (lacking if what is None else wrong).append(f"{table} {column.name}: {what or '-'}")
    return {"columns": columns, "rightly_told": right, "wrongly_told": wrong, "not_told": lacking}


def speed() -> dict[str, float]:
    """Seconds of one processor to look at the check digits of a million different numbers, by form."""
    rng, taken = np.random.default_rng(3), {}
    made = (("card", 15, "4"), ("iban", 18, "DE00"), ("cn_id", 4, "11010519700101"), ("br_cpf", 11, ""))
    for word, width, before in made:
        bare = checked(word, digits(rng, 20_000, width, before)).gather(rng.integers(0, 20_000, SPEED_ROWS))
        start = time.process_time()
        assert BY_WORD[word].fits(bare).all()
        taken[word] = round(time.process_time() - start, 2)
    return taken


def main() -> None:
    found = {"made": made_columns(), "lures": lures(), "public": public_tables(), "seconds_a_million": speed()}
    RESULTS.write_text(json.dumps({**machine(), **found}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in found["made"].items() if key != "missed"}, indent=1))


if __name__ == "__main__":
    main()
