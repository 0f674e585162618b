"""People made: how fast, how valid, whether they agree, and whether any is real.

    python benchmarks/personal.py                # all, to results/personal.json
    python benchmarks/personal.py --rows 100000

A million persons (name, e-mail, phone, city, IBAN) are drawn from the codec of a fitted table; numbers are checked by
`phonenumbers` and by arithmetic that shares nothing with the library; twenty draws are held against the real rows of a
made table and of two public ones.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import phonenumbers
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.codecs.table import TableCodec
from likewise.personal.people import People

RESULTS = Path(__file__).parent / "results" / "personal.json"
SEMANTICS = {"name": "name", "email": "email", "phone": "phone", "city": "city", "iban": "iban"}
LOCALES = ["en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "pt_PT"]
ABROAD = ["en_US", "en_CA", "fr_CH", "pt_BR", "es_MX", "es_AR", "zh_CN", "ja_JP", "ko_KR", "en_AU", "en_IN"]
PUBLIC = ("city", "region", "country", "house_number")
"""Words that are nobody's own."""
SEEDS = 20


def luhn(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()][::-1]
    return sum(d if k % 2 == 0 else d * 2 - 9 * (d > 4) for k, d in enumerate(digits)) % 10 == 0


def iban(text: str) -> bool:
    bare = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def cn_id(text: str) -> bool:
    weights = [2 ** (17 - k) % 11 for k in range(17)]
    return text[-1] == "10X98765432"[sum(int(c) * w for c, w in zip(text[:17], weights, strict=True)) % 11]


def es_dni(text: str) -> bool:
    return text[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(text[:-1]) % 23]


def real_people(n: int, seed: int, locale: str = "de_DE") -> pl.DataFrame:
    """Rows that stand for real ones: drawn by other words and numbers than those in the pools, with check digits."""
    rng = np.random.default_rng(seed)
    drawn = pl.DataFrame(People.usual(SEMANTICS, locale=locale).draw(n, rng))
    cards = ["4" + "".join(map(str, rng.integers(0, 10, 14))) for _ in range(n)]
    cards = [c + next(str(d) for d in range(10) if luhn(c + str(d))) for c in cards]
    ids = [f"{a:08d}" for a in rng.integers(0, 10**8, n)]
    ids = [i + "TRWAGMYFPDXBNJZSQVHLCKE"[int(i) % 23] for i in ids]
    return drawn.with_columns(
        card=pl.Series(cards), dni=pl.Series(ids), salary=pl.Series(rng.lognormal(10, 0.4, n).round(2)),
        gender=pl.Series(rng.choice(["female", "male"], n)),
    )  # fmt: skip


def fitted(frame: pl.DataFrame) -> tuple[TableCodec, lw.Schema]:
    schema = lw.infer(frame, overrides={name: SEMANTICS[name] for name in SEMANTICS if name != "city"})
    return TableCodec.fit(frame, schema), schema


def timed(n: int) -> dict[str, Any]:
    """Of whole rows from a fitted codec: codes drawn at random, decoded."""
    codec, _ = fitted(real_people(5_000, 1).select(list(SEMANTICS)))
    rng = np.random.default_rng(2)
    codes = codec.encode(real_people(5_000, 1).select(list(SEMANTICS)))[rng.integers(0, 5_000, n)]
    codec.decode(codes[np.arange(1_000)], rng=rng)
    start = time.perf_counter()
    table = codec.decode(codes, rng=rng)
    seconds = time.perf_counter() - start
    return {"rows": n, "seconds": round(seconds, 2), "distinct": {name: table[name].n_unique() for name in SEMANTICS}}


def validity() -> dict[str, Any]:
    """By the book, and by libphonenumber."""
    phones, agree, ibans = {}, {}, {}
    for locale in (*LOCALES, *ABROAD):
        table = pl.DataFrame(People.usual(SEMANTICS, locale=locale).draw(2_000, np.random.default_rng(3)))
        parsed = [phonenumbers.parse(text) for text in table["phone"]]
        phones[locale] = float(np.mean([phonenumbers.is_valid_number(number) for number in parsed]))
        agree[locale] = holds(table)
        ibans[locale] = float(np.mean([iban(text) for text in table["iban"]]))
    frame = real_people(3_000, 4)
    schema = lw.infer(frame, overrides={"card": "card", "dni": "national_id"})
    synth = lw.Synthesizer("copula", random_state=0, schema=schema)
    drawn = synth.fit(frame).sample(3_000, random_state=1)
    checks = {"iban": iban, "card": luhn, "dni": es_dni}
    fits = {name: float(np.mean([check(text) for text in drawn[name]])) for name, check in checks.items()}
    fits["iban of all countries"] = float(np.mean(list(ibans.values())))
    agree["fitted"] = holds(drawn)
    return {"phones": phones, "email holds the name": agree, "check digits": fits}


def holds(table: pl.DataFrame) -> float:
    """The share of addresses that hold the given or the family name, as it is written in Latin letters."""
    from likewise.personal.pools import in_latin, languages

    latin = {t: x for lang in languages().values() for k in ("female", "male", "last") for t, x in zip(
        lang.words(k).texts, lang.words(k).latin, strict=True)}  # fmt: skip
    found = 0
    for name, mail in table.select("name", "email").rows():
        parts = name.split(" ") if " " in name else [name[:1], name[1:], name[:2], name[2:]]
        forms = {"".join(c for c in latin.get(part, in_latin(part)) if c.isascii() and c.isalpha()) for part in parts}
        found += any(form and form in mail for form in forms)
    return found / len(table)


def none_real() -> dict[str, Any]:
    """Real values among those of twenty draws, of a made table and of the passengers of the Titanic."""
    found: dict[str, Any] = {}
    tables = {"made": real_people(4_000, 5)}
    data = shared_folder() / "data"
    if data.exists():
        tables["titanic"] = pl.read_csv(data / "titanic.csv", infer_schema_length=None)
        tables["chinook"] = pl.read_csv(data / "chinook" / "Customer.csv", infer_schema_length=None)
    for what, frame in tables.items():
        synth = lw.Synthesizer("copula", random_state=0).fit(frame)
        keys = [c.name for c in synth.schema_ if c.is_key and c.semantic is not None]
        public = [name for name in keys if synth.schema_[name].semantic in PUBLIC]
        keys = [name for name in keys if name not in public]
        again, places = 0, 0
        for seed in range(SEEDS):
            drawn = synth.sample(len(frame), random_state=seed)
            held = {n: int(drawn[n].is_in(frame[n].drop_nulls().implode()).sum()) for n in (*keys, *public)}
            again, places = again + sum(held[n] for n in keys), places + sum(held[n] for n in public)
        found[what] = {"columns": keys, "rows": SEEDS * len(frame), "real values": again, "real places": places}
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--time-only", action="store_true")
    asked = parser.parse_args()
    record: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    record |= {"machine": machine(), "time": timed(asked.rows)}
    if not asked.time_only:
        record |= {"validity": validity(), "no real value": none_real()}
    RESULTS.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(record, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
