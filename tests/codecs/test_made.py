"""Claims about identifiers made anew: none is a real one, they look true, and nothing of a person is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.identifiers.test_forms import checked, digits

import likewise as lw
from likewise.codecs.column import CodecOptions, ColumnCodec
from likewise.codecs.made import MadeCodec
from likewise.codecs.table import TableCodec, key_codec
from likewise.errors import ModelFileError
from likewise.personal.pools import languages
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.identifiers.forms import BY_WORD, SEPARATORS


def real(word: str, n: int, seed: int) -> pl.Series:
    rng = np.random.default_rng(seed)
    texts: dict[str, Any] = {
        "email": lambda: [f"ada{k}@mail{k % 3}.example" for k in rng.permutation(n)],
        "name": lambda: [f"{a} {b}" for a, b in zip(rng.choice(["Ada", "Bo"], n), _surnames(n, rng), strict=True)],
        "phone": lambda: [f"+41 79 {a:03d} {b:04d}" for a, b in rng.integers(0, (1_000, 10_000), (n, 2))],
        "us_ssn": lambda: [f"{a:03d}-{b:02d}-{c:04d}" for a, b, c in rng.integers(1, (899, 99, 9_999), (n, 3))],
        "uk_nino": lambda: digits(rng, n, 6, "AB", "C"),
        "national_id": lambda: digits(rng, n, 8, "P"),
        "iban": lambda: checked("iban", digits(rng, n, 18, "CH00")),
        "card": lambda: checked("card", digits(rng, n, 15, "5")),
        "cn_id": lambda: checked("cn_id", digits(rng, n, 4, "11010519700101")),
        "fr_nir": lambda: checked("fr_nir", digits(rng, n, 14, "1")),
    }
    return pl.Series("x", texts[word](), dtype=pl.String)


def _surnames(n: int, rng: np.random.Generator) -> list[str]:
    return ["".join(row).capitalize() for row in rng.choice(list("abeiklmnorst"), (n, 6))]


def column_of(name: str, word: str) -> Column:
    form = BY_WORD[word]
    return Column(name=name, kind=Kind.ID, role=Role.ID, semantic=form.semantic, locale=form.country)


def fitted(values: pl.Series, word: str) -> ColumnCodec:
    return key_codec(values, column_of(values.name, word), CodecOptions())


def made(codec: ColumnCodec, n: int, seed: int = 77) -> pl.Series:
    return codec.decode(np.zeros((n, 0)), np.zeros((n, 0)), np.random.default_rng(seed))


WORDS = ["email", "name", "phone", "us_ssn", "uk_nino", "national_id", "iban", "card", "cn_id", "fr_nir"]


@pytest.mark.parametrize("n_real", [4, 60, 2_000])
@pytest.mark.parametrize("word", WORDS)
def test_no_made_identifier_is_a_real_one(word: str, n_real: int) -> None:
    values = real(word, n_real, 61)
    drawn = made(fitted(values, word), 5_000)
    assert len(drawn) == 5_000
    assert not drawn.is_in(values.implode()).any()


@pytest.mark.parametrize("word", ["phone", "cn_id", "national_id"])
def test_not_even_where_most_of_the_room_is_taken(word: str) -> None:
    """Real numbers of which nine of ten possible ones are there."""
    rng = np.random.default_rng(62)
    taken = [f"{n:03d}" for n in rng.permutation(1_000)[:900]]
    values = pl.Series("x", [f"079{n}" for n in taken])
    drawn = made(fitted(values, word), 2_000)
    assert not drawn.is_in(values.implode()).any()


@pytest.mark.parametrize("word", ["iban", "card", "fr_nir"])
def test_made_numbers_have_true_check_digits(word: str) -> None:
    drawn = made(fitted(real(word, 800, 63), word), 500)
    assert BY_WORD[word].fits(drawn.str.replace_all(SEPARATORS, "")).all()


def test_check_digits_are_true_in_small_letters_too() -> None:
    for word, values in (("iban", real("iban", 300, 91)), ("es_dni", checked("es_dni", digits(
        np.random.default_rng(92), 300, 8, "", "A"
    )))):  # fmt: skip
        drawn = made(fitted(values.str.to_lowercase(), word), 200)
        assert (drawn == drawn.str.to_lowercase()).all()
        assert BY_WORD[word].fits(drawn.str.to_uppercase().str.replace_all(SEPARATORS, "")).all()


def test_made_ones_are_written_as_the_real_ones_are() -> None:
    phones = made(fitted(real("phone", 800, 64), "phone"), 300)
    assert phones.str.contains(r"^\+41 79 \d{3} \d{4}$").all()
    mails = made(fitted(real("email", 800, 64), "email"), 300)
    assert mails.str.contains(r"^[a-z.]+\d*@example\.(com|org|net)$").all()
    names = {
        "Meyer, Ann": r"^\p{Lu}\p{Ll}+, \p{Lu}\p{Ll}+$", "ANN MEYER": r"^\p{Lu}+ \p{Lu}+$", "Ann": r"^\p{Lu}\p{Ll}+$",
        "王小明": r"^\p{Han}{2,3}$",
    }  # fmt: skip
    for example, form in names.items():
        assert made(fitted(pl.Series("x", [example] * 9), "name"), 200).str.contains(form).all()


def test_whole_numbers_stay_whole_numbers() -> None:
    values = real("card", 500, 65).cast(pl.Int64)
    drawn = made(fitted(values, "card"), 200)
    assert drawn.dtype == pl.Int64
    assert (drawn.cast(pl.String).str.len_chars() == 16).all()


def test_made_identifiers_differ_where_there_is_room() -> None:
    for word in ("email", "iban", "card", "name"):
        assert made(fitted(real(word, 300, 66), word), 2_000).n_unique() == 2_000


def test_holes_come_back_where_five_rows_have_them() -> None:
    values = real("email", 200, 67)
    for n_holes, least, most in ((50, 300, 700), (2, 0, 0)):
        holes = pl.concat([pl.Series("x", [None] * n_holes, dtype=pl.String), values[n_holes:]])
        assert least <= made(fitted(holes, "email"), 2_000).null_count() <= most


@pytest.mark.parametrize("word", WORDS)
def test_chunks_merge_and_files_keep_what_is_made(word: str) -> None:
    values, column = real(word, 400, 68), column_of("x", word)
    schema = Schema((column,))
    parts = [TableCodec.summarise(part.to_frame(), schema) for part in (values[:150], values[150:])]
    whole = TableCodec.fit(values.to_frame(), schema)
    merged = TableCodec.from_summary(parts[0].merge(parts[1]), schema)
    loaded = TableCodec.from_state(*whole.to_state())
    drawn = made(whole.codecs[0], 50)
    assert drawn.equals(made(merged.codecs[0], 50))
    assert drawn.equals(made(loaded.codecs[0], 50))


@pytest.mark.parametrize(
    "damage", [{"word": "nothing"}, {"style": "?"}, {"residues": []}, {"residues": [10**9]}, {"missing_share": 2.0}]
)
def test_a_damaged_file_is_refused(damage: dict[str, Any]) -> None:
    column = Column(name="x", kind=Kind.ID, role=Role.ID, semantic="national_id", dtype="Int64")
    data, arrays = key_codec(pl.Series("x", range(10_000, 10_100)), column, CodecOptions()).to_state()
    with pytest.raises(ModelFileError, match="column 'x'"):
        MadeCodec.from_state({**data, "name": "x", **damage}, arrays)


def test_a_model_file_holds_no_part_of_an_identifier(tmp_path: Path) -> None:
    """Every token of the real ones, but those that many share, is absent from the file's bytes."""
    rng = np.random.default_rng(70)
    frame = pl.DataFrame({
        "name": [f"{a} {b}" for a, b in zip(rng.choice(["Ada", "Bo"], 300), _surnames(300, rng), strict=True)],
        "mail": [f"{name.lower()}@x.example" for name in _surnames(300, rng)],
        "phone": real("phone", 300, 71),
        "x": rng.normal(size=300).round(3),
    })  # fmt: skip
    synth = lw.Synthesizer("copula", random_state=2).fit(frame)
    synth.save(tmp_path / "m.likewise")
    held = (tmp_path / "m.likewise").read_bytes()
    tokens = [name.split()[1] for name in frame["name"]] + [mail.split("@")[0] for mail in frame["mail"]]
    assert not [token for token in [*tokens, *frame["phone"]] if token.encode() in held]
    drawn = synth.sample(1_000)
    for name in ("name", "mail", "phone"):
        assert not drawn[name].is_in(frame[name].implode()).any()


# ---- through the synthesizer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["id", "entity"])
@pytest.mark.parametrize("seed", range(6))
def test_no_key_of_a_row_that_is_held_out_or_left_out_is_made_again(seed: int, role: str) -> None:
    """Numbers so dense that a made one is a real one, unless its maker knows all of them; the last one comes rarely."""
    rng = np.random.default_rng([seed, 70])
    n = 600
    frame = pl.DataFrame({
        "number": np.arange(1, n + 1),
        "phone": [str(k) for k in rng.permutation(np.arange(2_000_000, 2_001_000))[:n]],
        "code": [f"A{k}" for k in range(100, 100 + n)],
        "sex": ["f", "m", "m"] * (n // 3),
        "x": rng.normal(size=n),
    })  # fmt: skip
    schema = lw.infer(frame, entity=False, overrides={"number": "id", "code": "id"}).replace("number", role=role)
    assert schema["phone"].semantic == "phone"
    elsewhere = frame.tail(60).with_columns(
        phone=pl.lit("2000777"), number=pl.lit(1_000, pl.Int64), code=pl.lit("A1000")
    )
    for options, holdout, real in (
        ({}, None, frame), ({"only": {"sex": "m"}}, None, frame), ({}, elsewhere, pl.concat([frame, elsewhere])),
    ):  # fmt: skip
        synth = lw.Synthesizer("copula", schema=schema, random_state=seed, **options)
        drawn = synth.fit(frame, holdout).sample(2_000)
        for name in ("number", "phone", "code"):
            assert not drawn[name].is_in(real[name].implode()).any(), name


@pytest.mark.parametrize("form", ["ada{}@firm.example", "firm.example{:03d}"])
@pytest.mark.parametrize("role", ["found", "id", "entity"])
def test_a_type_that_lists_real_keys_leaves_with_no_model(form: str, role: str, tmp_path: Path) -> None:
    """An Enum lists its values; neither draws nor the model file may hold them where they are keys."""
    keys = [form.format(k) for k in range(30)]
    frame = pl.DataFrame({
        "contact": pl.Series([keys[k % 30] for k in range(300)], dtype=pl.Enum(keys)), "x": np.arange(300) / 7
    })  # fmt: skip
    schema = lw.infer(frame, entity="contact" if role == "entity" else False)
    if "@" in form:
        assert schema["contact"].semantic == "email"
    elif role == "found":
        return  # levels, for all that its form tells
    if role == "id":
        schema = lw.infer(frame, entity=False, overrides={"contact": "id"})
    synth = lw.Synthesizer("copula", schema=schema, entity=False, random_state=2) if role != "entity" else (
        lw.Synthesizer("copula", entity="contact", random_state=2)
    )  # fmt: skip
    drawn = synth.fit(frame).sample(200)["contact"].cast(pl.String)
    assert drawn.null_count() == 0
    assert not drawn.is_in(keys).any()
    synth.save(tmp_path / "model.likewise")
    held = (tmp_path / "model.likewise").read_bytes()
    assert not any(key.encode() in held for key in keys)
    assert lw.load(tmp_path / "model.likewise").sample(50, random_state=1).height == 50


def test_one_name_in_capitals_does_not_raise_all_others() -> None:
    names = pl.Series("x", ["Ann Meyer", "Bob Smith"] * 20 + ["CARL ZUSE"])
    assert made(fitted(names, "name"), 100).str.contains(r"\p{Ll}").all()


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["Ольга Шварц", "Иван Петров", "Мария Соколова"], r"^\p{Cyrillic}+ \p{Cyrillic}+$"),
        (["Иванов И.И.", "Петрова А. С.", "Сидоров П.И."], r"^\p{Cyrillic}+ \p{Cyrillic}\.$"),
        (["СОКОЛОВ, ИВАН", "ПЕТРОВ, ПЁТР"], r"^[А-ЯЁ]+, [А-ЯЁ]+$"),
        (["Γιώργος Παπαδόπουλος", "Μαρία Νικολάου"], r"^\p{Greek}+ \p{Greek}+$"),
        (["佐藤花子", "鈴木太郎", "高橋健一"], r"^\p{Han}{3,4}\p{Hiragana}{0}$|^\p{Han}{3,5}$"),
        (["佐藤 花子", "鈴木 太郎", "高橋 健一"], r"^\p{Han}{2} \p{Han}{1,3}$"),
        (["サトウ ハナコ", "スズキ タロウ"], r"^\p{Katakana}+ \p{Katakana}+$"),
        (["ヒガシヤマタロウ", "スズキハナコ"], r"^[\p{Katakana}ー]+$"),
        (["さとう はなこ", "すずき たろう"], r"^\p{Hiragana}+ \p{Hiragana}+$"),
        (["김민수", "이서연", "박지훈"], r"^\p{Hangul}{3}$"),
        (["王芳", "李娜", "张伟"], r"^\p{Han}{2,3}$"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_names_are_made_in_the_script_of_the_real_ones(names: list[str], form: str) -> None:
    drawn = made(fitted(pl.Series("n", names), "name"), 300)
    assert drawn.str.contains(form).all()
    assert drawn.n_unique() >= 150
    assert not drawn.is_in(names).any()


@pytest.mark.parametrize("language", ["en", "zh", "ja", "ko", "ru", "el", "kana"])
def test_no_made_name_is_a_real_one_though_half_of_all_are_taken(language: str) -> None:
    of = languages()[language]
    order = of.order.format(first="{0}", last="{1}")
    every = [
        order.format(a, b) for kind in ("female", "male") for a in of.words(kind).texts for b in of.words("last").texts
    ]
    real = pl.Series("n", every).sample(fraction=0.5, seed=1)
    assert not made(fitted(real, "name"), 500).is_in(real.to_list()).any()
