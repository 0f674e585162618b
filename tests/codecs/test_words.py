"""Free text: placeholders say that they are, and words of many people give away no text of one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.column import CodecOptions
from likewise.codecs.runs import RUN_CHARS, RUN_WORDS
from likewise.codecs.table import TableCodec
from likewise.codecs.text import TextCodec, summarise_text
from likewise.codecs.words import placeholders, tokens_of
from likewise.errors import ModelFileError, SchemaError
from likewise.schema.column import Column, Kind, Schema

WORDS = """cosy bright modern large quiet charming small sunny old new lovely flat room loft house studio cabin near by
with over the a river park garden bridge market station sea hill view and of two for""".split()  # noqa: SIM905
COLUMN = Column(name="s", kind=Kind.TEXT)
CANARY = "Call +44 20 7946 0958 or mail rosa@hazel.example, the garden gate code is Nightingale"


def titles(n: int, seed: int = 0) -> list[str]:
    """Texts of some hundred words, put together so that most are one person's alone."""
    rng = np.random.default_rng(seed)
    words = np.array(WORDS)
    lengths = rng.integers(4, 14, n)
    return [" ".join(words[np.minimum(rng.geometric(0.08, k) - 1, len(words) - 1)]) for k in lengths]


def fit(texts: list[str | None], text: str = "ngram", column: Column = COLUMN) -> TextCodec:
    summary = summarise_text(pl.Series("s", texts, dtype=pl.String), with_prints=True)
    return TextCodec.from_summary(summary, column, CodecOptions(text=text))


def draw(codec: TextCodec, n: int, seed: int = 0) -> pl.Series:
    return codec.decode(np.zeros((n, 1), np.uint8), np.zeros((n, 0)), np.random.default_rng(seed))


def bare(text: str) -> tuple[str, ...]:
    """Its words, whatever their capitals, and the blanks and marks between them."""
    return tuple(re.findall(r"\w+", text.lower()))


def runs(texts: list[str]) -> dict[tuple[str, ...], set[int]]:
    """Every run of five words, and the shortest of twenty characters, at each place, and the texts that hold it."""
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for i, words in enumerate(map(bare, texts)):
        for end in range(1, len(words) + 1):
            for back in range(1, min(end, RUN_WORDS) + 1):
                part = words[end - back : end]
                long = sum(len(word) + 1 for word in part) >= RUN_CHARS
                if long or back == RUN_WORDS:
                    found[part].add(i)
                if long:
                    break
    return found


def punctuated(texts: list[str], seed: int = 0) -> list[str]:
    """The same with capitals, marks and line ends here and there."""
    rng = np.random.default_rng(seed)
    found = []
    for text in texts:
        words = [w.capitalize() if rng.random() < 0.2 else w for w in text.split()]
        found.append("".join(w + rng.choice(["", "", "", ",", "."]) + rng.choice([" ", " ", "\n"]) for w in words))
    return found


def test_sentences_are_placeholders_that_say_so_about_as_long() -> None:
    texts = titles(400)
    out = draw(fit(texts, "placeholder"), 400)
    assert out.str.contains("placeholder").all()
    assert abs(out.str.len_chars().mean() - np.mean([len(t) for t in texts])) < 6  # type: ignore[operator]
    assert placeholders(np.array([1, 200])).str.len_chars().to_list()[1] > 150


@pytest.mark.parametrize("n", [3, 40])
def test_long_texts_of_few_do_not_come_back_empty(n: int) -> None:
    texts = [f"{t} {t} {t} {t} {t}" for t in titles(n)]
    table = pl.DataFrame({"s": [*texts, None], "x": range(n + 1)})
    schema = Schema((COLUMN, Column(name="x", kind=Kind.INTEGER)))
    codec = TableCodec.fit(table, schema)
    out = codec.decode(codec.encode(table), rng=np.random.default_rng(0))["s"]
    assert out[:n].str.contains("placeholder").all()
    assert out[n] is None


@pytest.mark.parametrize(
    "text",
    [
        "I don't think it's a good idea",
        "как я и думал, я в саду у дома",
        "l'eau qu'il n'a pas bu",
        "e a casa é do meu tio",
        "ฉันคิดว่านี่ไม่ใช่ความคิดที่ดีเลย",
    ],
)
def test_sentences_of_short_words_or_no_blanks_are_told(text: str) -> None:
    texts = [f"{text} {'abcdefghijklmnopqrst'[i % 20]}" for i in range(60)]
    assert draw(fit(texts, "placeholder"), 20).str.contains("placeholder").all()
    codes = [f"K-{i:03d}-A-BC-D-{i % 7}-EF" for i in range(60)]
    assert not draw(fit(codes, "placeholder"), 20).str.contains("placeholder").any()


def test_codes_keep_their_pattern_unless_their_column_says_otherwise() -> None:
    codes = [f"K-{i:03d}" for i in range(200)]
    assert draw(fit(codes), 50).str.contains(r"^K-\d{3}").all()
    said = Column(name="s", kind=Kind.TEXT, format="placeholder")
    assert draw(fit(codes, column=said), 50).to_list() == ["placeholder"] * 50
    with pytest.raises(SchemaError, match="'placeholder' or 'ngram'"):
        Column(name="s", kind=Kind.TEXT, format="ngrams")


@pytest.mark.parametrize("written", [list, punctuated], ids=["plain", "with marks and capitals"])
def test_no_run_comes_out_that_fewer_than_five_people_wrote(written: Callable[[list[str]], list[str]]) -> None:
    real = written(titles(3_000))
    shared = runs(real)
    out = draw(fit(real), 3_000).to_list()
    assert np.mean(["placeholder" in t for t in out]) < 0.05
    rare = {run for run in runs(out) if 0 < len(shared.get(run, ())) < 5}
    assert not rare
    whole = Counter(bare(t) for t in real)
    assert not {w for w in map(bare, out) if len(w) <= RUN_WORDS and 0 < whole[w] < 5}


def test_what_stands_far_down_in_a_long_text_is_no_more_drawn_than_its_beginning() -> None:
    long = " ".join(titles(300, seed=1))
    assert len(bare(long)) > 2_000
    texts = [*titles(1_500), long]
    shared = runs(texts)
    out = draw(fit(texts), 3_000).to_list()
    assert not {run for run in runs(out) if shared.get(run) == {1_500}}


def test_a_text_that_is_cut_for_learning_does_not_teach_to_end_there() -> None:
    long = [" ".join(["go"] * 511 + ["on"] + titles(80, seed=i)) for i in range(8)]
    words = fit(long, column=replace(COLUMN, format="ngram")).words
    assert words is not None
    assert 1 not in words.anywhere.word.tolist()
    alone = ["Dear " + " ".join(f"{'abcdefgh'[i]}{'xyz' * (k % 9)}{k}" for k in range(600)) for i in range(8)]
    assert draw(fit(alone, column=replace(COLUMN, format="ngram")), 9).str.contains("placeholder").all()


def test_one_person_of_the_rows_held_out_does_not_make_a_run_shared() -> None:
    parts = ("alpha beta gamma", "beta gamma delta", "gamma delta epsilon")
    texts = [f"{part} {rest}" for part in parts for rest in titles(300)]
    schema = Schema((Column(name="who", kind=Kind.ID, role="entity"), COLUMN))  # type: ignore[arg-type]
    frame = pl.DataFrame({"who": np.arange(len(texts)), "s": texts})

    def is_drawn(whose: list[int]) -> bool:
        held_out = pl.DataFrame({"who": whose, "s": ["alpha beta gamma delta epsilon"] * 40})
        codec = TableCodec.fit(frame, schema, CodecOptions(text="ngram"), others=[held_out])
        out = codec.decode(codec.encode(frame), rng=np.random.default_rng(0))["s"]
        return bool(out.str.contains("alpha beta gamma delta").any())

    assert is_drawn([*range(5_000, 5_040)])
    assert not is_drawn([5_000] * 40)


def test_drawn_texts_are_of_the_words_and_the_length_of_the_real_ones() -> None:
    real, out = pl.Series(titles(3_000)), draw(fit(titles(3_000)), 3_000)
    shares = [tokens_of(s).explode().str.strip_chars().value_counts(normalize=True, name="n") for s in (real, out)]
    both = shares[0].join(shares[1], on=shares[0].columns[0], how="full").fill_null(0.0)
    assert (both["n"] - both["n_right"]).abs().sum() / 2 < 0.2
    assert out.str.len_chars().mean() == pytest.approx(real.str.len_chars().mean(), rel=0.4)  # the guard cuts some


def test_a_canary_is_never_drawn_however_often_one_person_writes_it() -> None:
    texts = titles(1_500)
    once = draw(fit([*texts, CANARY]), 3_000)
    frame = pl.DataFrame({"who": [*range(1_500)] + [2_000] * 60, "s": [*texts, *[CANARY] * 60]})
    schema = Schema((Column(name="who", kind=Kind.ID, role="entity"), COLUMN))  # type: ignore[arg-type]
    codec = TableCodec.fit(frame, schema, CodecOptions(text="ngram"))
    often = codec.decode(codec.encode(frame), rng=np.random.default_rng(0))["s"]
    for out in (once, often):
        assert not out.str.contains("7946|rosa|hazel|gate|Nightingale").any()


def test_addresses_and_long_numbers_are_taken_out_though_many_write_them() -> None:
    texts = [f"{t} mail sales@shop.example or see www.shop.example call 020 7946 0958" for t in titles(500)]
    out = draw(fit(texts), 500)
    assert out.str.contains("mail").any()
    assert not out.str.contains(r"@|www|7946|\d{3}").any()


def test_persons_are_counted_in_every_chunk() -> None:
    texts = pl.Series("s", titles(600))
    persons = pl.Series(np.repeat(np.arange(3), 200))
    parts = [summarise_text(texts[at], persons[at], with_prints=True) for at in (slice(0, 300), slice(300, 600))]
    codec = TextCodec.from_summary(parts[0].merge(parts[1]), COLUMN, CodecOptions(text="ngram"))
    assert codec.words is None  # three people are no five
    assert draw(codec, 20).str.contains("placeholder").all()


@pytest.mark.parametrize(
    "texts",
    [
        [None] * 30,
        ["", " ", "\n"] * 10,
        ["🙂 a b c d e"] * 30 + ["שלום לכל האנשים הטובים כאן היום"] * 30,
        ["first line of it\nthe second line here"] * 30,
        ["word " * 1_000] * 10 + titles(50),
        ["这是一个很长的中文句子没有任何空格在里面"] * 30 + ["それは長い日本語の文章です"] * 30,
    ],
    ids=["all missing", "blank", "emoji and hebrew", "lines", "five thousand characters", "no blanks"],
)
def test_odd_texts_come_back(texts: list[str | None]) -> None:
    said = replace(COLUMN, format="ngram")
    codec = fit(texts, column=said)
    series = pl.Series("s", texts, dtype=pl.String)
    out = codec.decode(codec.encode(series).codes, np.zeros((len(texts), 0)), np.random.default_rng(0))
    assert len(out) == len(texts)
    assert out.null_count() == series.null_count()


def test_characters_are_words_where_nothing_parts_them() -> None:
    assert tokens_of(pl.Series(["ab 漢字c-d.\nx"])).to_list() == [["ab", " 漢", "字", "c-d", ".", "\nx"]]


def test_a_model_of_words_survives_being_written() -> None:
    codec = fit(titles(600))
    data, arrays = codec.to_state()
    data["name"] = "s"
    again = TextCodec.from_state(data, arrays)
    assert draw(again, 100).equals(draw(codec, 100))
    with pytest.raises(ModelFileError):
        TextCodec.from_state(data, {**arrays, "two_word": arrays["two_word"] + 10_000})
    for name, share in (("any_count", 1e308), ("length_counts", 0.0), ("length_counts", 1e308)):
        with pytest.raises(ModelFileError):
            TextCodec.from_state(data, {**arrays, name: np.full_like(arrays[name], share)})


def test_a_synthesizer_says_what_it_does_with_texts() -> None:
    frame = pl.DataFrame({"note": titles(400), "x": np.random.default_rng(0).normal(size=400)})
    schema = lw.infer(frame)
    assert any("placeholder" in note for note in schema["note"].notes)
    made = (
        lw.Synthesizer("copula", schema=schema, codec=CodecOptions(text="ngram"), random_state=0).fit(frame).sample(50)
    )
    assert not made["note"].str.contains("placeholder").all()
    schema = schema.replace("note", format="placeholder")
    made = (
        lw.Synthesizer("copula", schema=schema, codec=CodecOptions(text="ngram"), random_state=0).fit(frame).sample(50)
    )
    assert made["note"].str.contains("placeholder").all()
