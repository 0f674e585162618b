"""Claims about texts and keys that are drawn: none of them is a real one, and they keep the form of the real ones."""

from __future__ import annotations

from string import ascii_letters, digits

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.personal import unseen
from likewise.personal.unseen import Unseen, prints_of
from likewise.schema.column import Kind
from likewise.schema.infer import infer

N = 600
PRINT_OF_ZOE = 14849424502972535712


def letters(seed: int, n: int, width: int, alphabet: str) -> list[str]:
    return ["".join(row) for row in np.random.default_rng(seed).choice(list(alphabet), (n, width))]


def drawn(name: str, values: list[str], n: int = N) -> tuple[pl.Series, pl.Series]:
    """The column, and what a model that learnt it draws."""
    real = pl.Series(name, values)
    table = pl.DataFrame([real, pl.Series("x", range(len(real))) % 7])
    return real, lw.Synthesizer("copula", random_state=0, entity=False).fit(table).sample(n, random_state=1)[name]


GIVEN = [
    "Alden",
    "Brisa",
    "Corvin",
    "Delphine",
    "Ezio",
    "Faye",
    "Gareth",
    "Hollis",
    "Ione",
    "Jory",
    "Kestrel",
    "Mirela",
]
FAMILY = ["Ashdown", "Carrow", "Dunmore", "Elkins", "Farrow", "Grimshaw", "Inchbald", "Jessop", "Lovelock", "Oakden"]
TEXTS = {
    "pager": [f"{a}-{b}" for a, b in np.random.default_rng(0).integers((1, 100), (10, 1000), (N, 2))],
    "column_1": [f"{a} {b}" for a in GIVEN for b in FAMILY],
    "tag": [f"{a}{b}" for a in "ABCDEFGHIJ" for b in range(10)],  # every text there is of this form
    "wort": letters(3, N, 4, "aeiou"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_real_text_is_drawn_of_a_column_of_texts(name: str) -> None:
    real, made = drawn(name, TEXTS[name])
    assert infer(pl.DataFrame(real))[name].kind is not Kind.CATEGORICAL
    rare = real.value_counts().filter(pl.col("count") < 5)[name]  # what five people have is nobody's own
    assert not made.is_in(rare.to_list()).any()


KEYS = {
    "order_id": ([f"ORD-{2020 + i % 3}-{i // 3:05d}" for i in range(N)], r"^ORD-202[0-2]-\d{5}$"),
    "lot_id": (letters(0, N, 8, "0123456789abcdef"), "^[0-9a-f]{8}$"),
    "VIN": ([f"WVWZZZ1K{a}{b}" for a, b in zip(letters(1, N, 1, "ABC9"), letters(2, N, 7, "0123456789"), strict=True)],
            r"^WVWZZZ1K[ABC9]\d{7}$"),
    "serial": (letters(4, N, 17, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"), "^[A-HJ-NPR-Z0-9]{17}$"),
    "filing_id": ([f"{a}{i:04d}/B" for i in range(300) for a in ("INV", "CRN")], r"^(INV|CRN)\d{4}/B$"),
    "invoice_id": ([f"INV{i}" for i in range(1, N)], r"^INV1\d{3}$"),
    "case_id": ([f"{i % 20 + 1}-cv-{i:05d}-{('ABC', 'DEF', 'XYZ')[i % 7 % 3]}" for i in range(N)],
                r"^\d{1,2}-cv-\d{5}-(ABC|DEF|XYZ)$"),
    "sku_id": ([f"SKU-{('RED', 'BLU', 'GRN', 'YEL')[i * i % 4]}-{i:04d}" for i in range(60)],
               r"^SKU-(RED|BLU|GRN|YEL)-\d{4}$"),
    "编号": ([f"编号{i:04d}号" for i in range(N)], r"^编号\d{4}号$"),
    "video_id": (letters(8, 90, 11, ascii_letters + digits + "-_"), "^[-_0-9A-Za-z]{11}$"),
    "flight_id": ([f"{('LH', 'AF', 'BA')[i % 3]}{301 + 15 * i}" for i in range(N)], r"^(LH|AF|BA)\d{3,4}$"),
    "card_no": ([str(v) for v in np.random.default_rng(5).permutation(90_000)[:N] + 10_000], r"^\d{5}$"),
    "badge": ([str(v) for v in np.random.default_rng(6).integers(10_000, 99_999, N)], r"^\d{5}$"),
    "member_no": ([str(v) for v in np.random.default_rng(7).integers(100, 999, N)], r"^\d+$"),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_new_and_keep_zeros_letters_and_sections(name: str) -> None:
    values, form = KEYS[name]
    real, made = drawn(name, values)
    assert infer(pl.DataFrame(real), entity=False)[name].kind is Kind.ID
    assert not made.is_in(real.to_list()).any()
    assert made.str.contains(form).all()


def test_prints_are_the_same_on_every_machine_and_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pl.Series(["K-744", "00k 744", "", "Zoë", "K-745"])
    prints = prints_of(texts)
    assert prints.tolist()[3] == PRINT_OF_ZOE
    assert prints[0] == prints[1] != prints[4]
    monkeypatch.setattr(unseen, "BLOCK", 4)
    assert prints_of(texts).tolist() == prints.tolist()


@pytest.mark.parametrize("k", [1, 30, 5_000])
def test_no_real_text_is_admitted_and_a_quarter_of_all_others_is(k: int) -> None:
    told = Unseen.of(np.unique(prints_of(pl.Series([f"A{i}" for i in range(k)]))))
    assert not told.admits(pl.Series([f"A{i}" for i in range(k)])).any()
    # 4 sigma of 20,000 draws that are admitted with chance 1/4, less what rounding to whole remainders takes
    assert abs(told.admits(pl.Series([f"B{i}" for i in range(20_000)])).mean() - 0.25) < 0.013 + 1 / 101


def test_texts_that_many_share_come_back_and_numbers_beside_them() -> None:
    rng = np.random.default_rng(8)
    words, numbers = ["<0.5", "n.d."], [f"{x:.2f}" for x in rng.uniform(1, 9, 300)]
    values = [words[k % 2] if k % 3 == 0 else numbers[k] for k in range(300)]
    real, made = drawn("result", values)
    assert infer(pl.DataFrame(real))["result"].kind is Kind.TEXT  # as levels, all numbers would be lost
    assert made.str.contains(r"^\d\.\d\d$|^<0\.5$|^n\.d\.$").all()
    share = 1 / 3  # of words, within four standard errors of 600 draws
    assert abs(made.is_in(words).mean() - share) < 4 * np.sqrt(share * (1 - share) / N)
    requests = [
        "GET / HTTP/1.1" if k % 2 else f"GET /user/{k}?id={rng.integers(1000, 9999)} HTTP/1.1" for k in range(300)
    ]
    real, made = drawn("request", requests)
    assert made.str.ends_with(" HTTP/1.1").all()
    assert not made.is_in([text for text in requests if "user" in text]).any()


def test_what_people_share_is_counted_in_people() -> None:
    mine = ["Alden Ashdown"] * 30 + [f"Text {k:04d}" for k in range(270)]
    table = pl.DataFrame({"who": [0] * 30 + [k // 3 + 1 for k in range(270)], "text": mine, "x": range(300)})
    made = lw.Synthesizer("copula", random_state=0, entity="who").fit(table).sample(300, random_state=1)
    assert "Alden Ashdown" not in made["text"].to_list()
