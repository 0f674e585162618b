"""Numbers as people and programs write them: read rightly, drawn in the same form, written back letter by letter."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from likewise.codecs.base import Codes
from likewise.codecs.table import TableCodec
from likewise.errors import SchemaError
from likewise.schema.column import Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.infer_column import infer_column
from likewise.schema.number_forms import POINT_UNSURE
from likewise.schema.numbers import NumberFormat
from likewise.schema.parse import parse, restore

N = 400


def amounts() -> list[float]:
    """Two decimals, of either sign, from cents to millions."""
    rng = np.random.default_rng(7)
    return [round(float(v), 2) for v in rng.normal(0, 1, N) * 10.0 ** rng.integers(1, 6, N)]


def redrawn(raw: pl.DataFrame, schema: Schema, seed: int = 0) -> pl.DataFrame:
    """Each column drawn anew by itself, as rows of a table are drawn: coded, shuffled, decoded, written."""
    rng = np.random.default_rng(seed)
    frame = parse(raw, schema)
    codec = TableCodec.fit(frame, schema)
    codes = codec.encode(frame)
    again = Codes(codes.codes[rng.permutation(len(raw))], rng.random(codes.fractions.shape).astype(np.float32))
    return restore(codec.decode(again, rng=rng), schema)


def german(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def bracketed(value: float, write: Callable[[float], str]) -> str:
    return f"({write(-value)})" if value < 0 else write(value)


def trailing(value: float, write: Callable[[float], str]) -> str:
    return write(abs(value)) + ("-" if value < 0 else "")


def dollars(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def lakhs(value: int) -> str:
    text = str(value)
    head, tail = text[:-3], text[-3:]
    while len(head) > 2:
        head, tail = head[:-2], f"{head[-2:]},{tail}"
    return f"{head},{tail}" if head else tail


def wide(text: str) -> str:
    return text.translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))


SPELLINGS: dict[str, tuple[Callable[[float], str], str, str]] = {
    # how it is written, the pattern found, a regular expression that every text has
    "plain": (lambda v: f"{v:.2f}", "0.00", r"-?\d+\.\d\d"),
    "no zero before the point": (lambda v: re.sub(r"^(-?)0\.", r"\1.", f"{v:.2f}"), "#.00", r"-?(?:[1-9]\d*)?\.\d\d"),
    "sign before the currency": (dollars, "$#,##0.00;-$#,##0.00", r"-?\$\d{1,3}(,\d{3})*\.\d\d"),
    "currency before the sign": (lambda v: f"$ {v:,.2f}", "$ #,##0.00", r"\$ -?\d{1,3}(,\d{3})*\.\d\d"),
    "currency code behind": (lambda v: f"{v:.2f} CHF", "0.00 CHF", r"-?\d+\.\d\d CHF"),
    "German euros": (lambda v: german(f"{v:,.2f}") + "\u00a0€", "#.##0,00\u00a0€", r"-?\d{1,3}(\.\d{3})*,\d\d\u00a0€"),
    "French": (lambda v: f"{v:,.2f}".replace(",", "\u202f").replace(".", ","), "#\u202f##0,00", r"-?[\d\u202f]+,\d\d"),
    "Swiss, typographic": (lambda v: f"{v:,.2f}".replace(",", "’"), "#’##0.00", r"-?\d{1,3}(’\d{3})*\.\d\d"),
    "Swiss, typewritten": (lambda v: f"{v:,.2f}".replace(",", "'"), "#'##0.00", r"-?\d{1,3}('\d{3})*\.\d\d"),
    "brackets": (lambda v: bracketed(v, "{:,.2f}".format), "#,##0.00;(#,##0.00)", r"\([\d,]+\.\d\d\)|[\d,]+\.\d\d"),
    "brackets around the currency": (lambda v: bracketed(v, "£{:.2f}".format), "£0.00;(£0.00)", r"\(?£\d+\.\d\d\)?"),
    "trailing minus": (
        lambda v: trailing(v, lambda x: german(f"{x:,.2f}")), "#.##0,00;#.##0,00-", r"\d{1,3}(\.\d{3})*,\d\d-?"
    ),
    "typographic minus": (lambda v: f"{v:.2f}".replace("-", "−"), "0.00;−0.00", r"−?\d+\.\d\d"),
    "plus": (lambda v: f"{v:+.2f}", "+0.00;-0.00", r"[+-]\d+\.\d\d"),
    "padded with blanks": (lambda v: f"{v:14.2f}", "??????????0.00", r" *-?\d+\.\d\d"),
    "padded with zeros": (lambda v: f"{abs(v):012.2f}", "000000000.00", r"\d{9}\.\d\d"),
    "percent": (lambda v: f"{v:.2f}%", "0.00%", r"-?\d+\.\d\d%"),
    "percent, German": (lambda v: german(f"{v:.2f}") + " %", "0,00 %", r"-?\d+,\d\d %"),
    "kilogram": (lambda v: f"{v:.2f} kg", "0.00 kg", r"-?\d+\.\d\d kg"),
    "seconds": (lambda v: f"{v:.2f}s", "0.00s", r"-?\d+\.\d\ds"),
    "megabytes": (lambda v: f"{abs(v):.2f}MB", "0.00MB", r"\d+\.\d\dMB"),
    "a unit with a digit": (lambda v: f"{abs(v):.2f} m2", "0.00 m2", r"\d+\.\d\d m2"),
    "yuan": (lambda v: f"￥{abs(v):,.2f}", "￥#,##0.00", r"￥[\d,]+\.\d\d"),
    "yuan behind": (lambda v: f"{abs(v):.2f}元", "0.00元", r"\d+\.\d\d元"),
    "full-width": (lambda v: wide(f"{abs(v):.2f}"), "０．００", r"[０-９]+．[０-９]{2}"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPELLINGS)
def test_amounts_are_read_and_written_as_they_came(how: str) -> None:
    write, pattern, form = SPELLINGS[how]
    values = amounts()
    raw = pl.DataFrame({"x": [write(v) for v in values]})
    schema = infer(raw)
    assert (schema["x"].kind, schema["x"].format, schema["x"].lenient) == (Kind.REAL, pattern, False)
    parsed = parse(raw, schema)
    signed = any(mark in "".join(raw["x"]) for mark in "-−(")
    assert parsed["x"].to_list() == [v if signed else abs(v) for v in values]
    assert restore(parsed, schema).equals(raw)
    assert all(re.fullmatch(form, text) for text in redrawn(raw, schema)["x"])
    assert NumberFormat.from_pattern(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("write", "pattern"),
    [
        (lakhs, "#,##,##0"),
        (lambda v: "₹" + lakhs(v), "₹#,##,##0"),
        (lambda v: f"{v:,}".replace(",", "."), "#.##0"),
        (lambda v: f"{v:,}".replace(",", " "), "# ##0"),
        (lambda v: f"{v:,} km", "#,##0 km"),
        (lambda v: f"{v:9d}", "????????0"),
        (lambda v: f"{v:+d}", "+0;-0"),
        (wide, None),
        (lambda v: f"{v} years", "0 years"),
    ],
)
def test_whole_numbers_are_read_and_written_as_they_came(write: Callable[..., str], pattern: str | None) -> None:
    values = [int(v) for v in 10.0 ** np.random.default_rng(3).uniform(0, 8, N)]
    raw = pl.DataFrame({"x": [write(str(v) if write is wide else v) for v in values]})
    schema = infer(raw)
    assert (schema["x"].kind, schema["x"].format) == (Kind.INTEGER, pattern or "０")
    parsed = parse(raw, schema)
    assert parsed["x"].to_list() == values
    assert restore(parsed, schema).equals(raw)


def test_powers_of_ten_keep_their_exponent() -> None:
    values = [float(f"{v:.4e}") for v in np.random.default_rng(0).lognormal(0, 30, N)]
    ways: dict[str, Callable[[str], str]] = {
        "0.0000e+00": str,
        "0.0000E+00": str.upper,
        "0.0000e+0": lambda text: re.sub(r"([+-])0(\d)$", r"\1\2", text),  # JavaScript's
        "0.0000E0": lambda text: re.sub(r"e\+?(-?)0?(\d+)$", r"E\1\2", text),  # Java's
        "0.0000e+000": lambda text: re.sub(r"([+-])(\d\d)$", r"\g<1>0\2", text),  # old Windows'
    }
    for pattern, way in ways.items():
        raw = pl.DataFrame({"x": [way(f"{v:.4e}") for v in values]})
        schema = infer(raw)
        assert (schema["x"].kind, schema["x"].format) == (Kind.REAL, pattern)
        assert parse(raw, schema)["x"].to_list() == values
        assert restore(parse(raw, schema), schema).equals(raw)


def test_ending_zeros_are_written_as_most_numbers_have_them_and_told() -> None:
    values = [round(float(v), 1) for v in np.random.default_rng(1).gamma(3, 2, N)]
    for every, pattern, said in ((4, "0.0", "without"), (1, "0.00", ""), (-4, "0.00", "with them")):
        padded = [(i % every == 0) == (every > 0) for i in range(N)]
        texts = [f"{v:.2f}" if pad else f"{v}" for v, pad in zip(values, padded, strict=True)]
        raw = pl.DataFrame({"x": texts})
        schema = infer(raw)
        assert schema["x"].format == pattern
        assert [said in note for note in schema["x"].notes] == [True] * bool(said)
        assert parse(raw, schema)["x"].to_list() == values


def test_marks_of_size_that_change_from_cell_to_cell_are_read_in_full() -> None:
    chinese = ["8321", "1.2万", "35万", "4.5亿", "12亿", "77"] * 20
    found = infer_column(pl.Series("plays", chinese))
    assert (found.kind, found.format) == (Kind.INTEGER, "0.#[万|亿]")
    raw, schema = pl.DataFrame({"plays": chinese}), Schema((found,))
    parsed = parse(raw, schema)
    assert parsed["plays"].head(6).to_list() == [8321, 12_000, 350_000, 450_000_000, 1_200_000_000, 77]
    assert restore(parsed, schema).equals(raw)
    for texts, first in ((["12.5 MB", "1.0 GB", "900.0 KB", "3.5 MB"], 12_500_000), (["5 g", "2 kg", "750 g"], 5_000),
                         (["443ms", "12s", "90ms"], 443_000_000), (["1.5 MiB", "2 GiB"], 1_572_864)):  # fmt: skip
        raw = pl.DataFrame({"x": texts * 20})
        assert parse(raw, infer(raw))["x"][0] == first
        assert restore(parse(raw, infer(raw)), infer(raw)).equals(raw) or "MiB" in texts[0]
    assert infer_column(pl.Series("x", ["1.5K", "2M", "310", "7.25M"] * 9)).kind is Kind.INTEGER


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["0,986", "1,250", "3,014"], 0.986),  # no group begins with a zero
        (["1234,500", "7,125", "12,000"], 1234.5),  # four digits without a mark are no groups
        (["1,250", "583", "2,040"], 1250.0),  # a trimmed fraction ends in no zero
        (["1.250", "583", "2.040"], 1250.0),
        (["1.250", "583", "2.041", "7.5"], 1.25),
        (["1,234,567", "5,000"], 1_234_567.0),
        (["1.234.567", "5.000"], 1_234_567.0),
        (["1.234,5", "5.000,25"], 1234.5),
    ],
)
def test_commas_and_points_are_what_the_column_shows(texts: list[str], first: float) -> None:
    raw = pl.DataFrame({"x": texts * 20})
    assert parse(raw, infer(raw))["x"][0] == first


def test_the_rest_of_the_file_tells_what_a_column_alone_does_not() -> None:
    raw = pl.DataFrame({"price": ["3,50", "12,25"] * 20, "n": ["1.234", "5.678"] * 20, "d": ["1,234", "5,678"] * 20})
    parsed = parse(raw, infer(raw))
    assert (parsed["n"][0], parsed["d"][0]) == (1234, 1.234)
    alone = raw.select("n", "d")
    assert [parse(alone, infer(alone, decimal=mark)).row(0) for mark in ".,"] == [(1.234, 1234), (1234, 1.234)]
    assert all(any("would look the same" in note for note in column.notes) for column in infer(alone))


@pytest.mark.parametrize("slip", ["n. q.", "<5", "Total", "1O", "12..5", "see below"])
def test_one_odd_cell_among_hundreds_is_told_and_missing(slip: str) -> None:
    raw = pl.DataFrame({"x": [*(f"{v:.1f}" for v in amounts()), slip]})
    schema = infer(raw)
    assert (schema["x"].kind, schema["x"].lenient) == (Kind.REAL, True)
    assert any("1 rows do not read as the others" in note for note in schema["x"].notes)
    assert slip not in schema.to_json()
    parsed = parse(raw, schema)
    assert (parsed["x"].null_count(), parsed["x"][-1]) == (1, None)
    with pytest.raises(SchemaError, match="1 of 401 values are not numbers"):
        parse(raw, schema.replace("x", lenient=False))


@pytest.mark.parametrize("token", ["n.d.", "k. A.", "#NUM!", "未知", "—", "(blank)", "S/D"])
def test_what_stands_for_nothing_in_other_languages_is_missing_among_numbers(token: str) -> None:
    found = infer_column(pl.Series("x", [*map(str, range(30)), *[token] * 5]))
    assert (found.kind, found.missing) == (Kind.INTEGER, (token,))
    assert infer_column(pl.Series("x", ["low", "high", token] * 30)).missing == ()


def test_a_few_odd_cells_are_not_taken_for_slips_where_they_are_a_share_or_a_level() -> None:
    assert infer_column(pl.Series("x", [*map(str, range(90)), "?!"])).kind is not Kind.INTEGER
    grades = pl.Series("grade", ["1", "2", "3"] * 400 + ["X"] * 8)
    assert infer_column(grades).kind is Kind.CATEGORICAL


def test_codes_are_no_numbers() -> None:
    for texts in (
        [f"{i:05d}" for i in range(300)],
        [f"A{i}" for i in range(300)],
        [f"{i}/5" for i in range(300)],
        [f"10.0.{i % 250}.{i // 250}" for i in range(300)],
        [f"{i}-{i + 9}" for i in range(300)],
    ):
        assert infer_column(pl.Series("x", texts)).kind not in (Kind.INTEGER, Kind.REAL)


def test_a_declared_format_or_token_beats_what_the_rows_look_like() -> None:
    raw = pl.DataFrame({"x": ["007", "012", "n.d.", "105"], "y": ["1,234", "2,500", "7,125", "1,000"]})
    schema = infer(
        raw,
        overrides={
            "x": {"kind": "integer", "missing": ["n.d."], "format": "000"},
            "y": {"kind": "real", "format": "0,000", "decimals": 3},
        },
    )
    parsed = parse(raw, schema)
    assert parsed["x"].to_list() == [7, 12, None, 105]
    assert parsed["y"].to_list() == [1.234, 2.5, 7.125, 1.0]
    assert restore(parsed, schema).equals(raw)
    assert infer(raw, overrides={"x": {"kind": "integer", "missing": ["n.d."]}})["x"].format == "000"


def test_whole_numbers_beyond_64_bits_are_written_in_full() -> None:
    raw = pl.DataFrame({"x": [str(2**70 * i) for i in range(1, 200)]})
    schema = infer(raw)
    assert schema["x"].kind is Kind.REAL
    assert restore(parse(raw, schema), schema).equals(raw)


def test_number_formats_that_mean_nothing_are_refused() -> None:
    for pattern in ("", "abc", "0.0.0", "0.0[x|y]", "0,0,0", "#"):
        with pytest.raises(SchemaError, match="is not a number format"):
            NumberFormat.from_pattern(pattern)


@pytest.mark.parametrize(
    ("texts", "pattern", "numbers"),
    [
        (["€ 928,-", "€ 35,-"], "€ 0[,-]", [928, 35]),
        (["€ 1.928,-", "€ 35,50"], "€ #.##0,00[,-]", [1928, 35.5]),
        (["CHF 928.-", "CHF 35.--", "CHF 35.50"], None, None),  # two ways of saying nothing
        (["5 405:-", "35:-"], "# ##0:-", [5405, 35]),
        (["928.--", "35.50"], "0.00[.--]", [928, 35.5]),
        (["928,\u2014 €", "35,50 €"], "0,00[,\u2014] €", [928, 35.5]),
    ],
)
def test_a_dash_in_place_of_cents_is_no_sign(
    texts: list[str], pattern: str | None, numbers: list[float] | None
) -> None:
    raw = pl.DataFrame({"x": texts * 30})
    schema = infer(raw)
    if numbers is None:
        assert schema["x"].kind is Kind.CATEGORICAL
        return
    assert schema["x"].format == pattern
    assert parse(raw, schema)["x"].head(2).to_list() == numbers
    assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize("mark", [",", ".", "'"])
@pytest.mark.parametrize("cents", [False, True])
def test_thousands_marks_that_some_numbers_lack_leave_all_of_one_size(mark: str, cents: bool) -> None:
    values = [1000 + 7310 * i for i in range(200)]
    end = (",50" if mark == "." else ".50") if cents else ""
    marked = [f"{v:,}".replace(",", mark) + end for v in values]
    raw = pl.DataFrame({"pay": [marked[i] if i % 2 else f"{v}{end}" for i, v in enumerate(values)]})
    schema = infer(raw)
    table = parse(raw, schema)
    assert table["pay"].to_list() == [v + 0.5 * cents for v in values]
    assert restore(table, schema)["pay"].to_list() == marked
    assert "some numbers lack the thousands marks" in " ".join(schema["pay"].notes)


def test_decimal_commas_beside_long_whole_numbers_stay_decimal() -> None:
    raw = pl.DataFrame({"x": ["7,125", "12,5", "12345", "0,25"]})
    assert parse(raw, infer(raw))["x"].to_list() == [7.125, 12.5, 12345, 0.25]


@pytest.mark.parametrize("n_others", [0, 60])  # a short, wide table is looked at in another way
def test_sections_that_count_on_past_nine_are_no_numbers(n_others: int) -> None:
    texts = [f"{a}.{b}" for a in (1, 2, 3) for b in range(1, 13)] * 5
    raw = pl.DataFrame({"section": texts, **{f"x{i}": ["1.5", "2.25"] * 90 for i in range(n_others)}})
    schema = infer(raw)
    assert schema["section"].kind is Kind.CATEGORICAL
    assert restore(parse(raw, schema), schema)["section"].to_list() == texts
    by_hand = infer(pl.DataFrame({"price": ["1.5", "1.50", "1.05", "2.10", "3.99"]}))
    assert by_hand["price"].kind is Kind.REAL


def test_points_group_thousands_of_currencies_without_cents_and_beside_whole_numbers() -> None:
    for form, values, pattern in (
        ("Rp {}", range(1_000, 600_000, 999), "Rp #.##0"),
        ("{} €", range(100, 600_000, 1_000), "#.##0 €"),
    ):
        found = infer_column(pl.Series("x", [form.format(f"{v:,}".replace(",", ".")) for v in values]))
        assert (found.kind, found.format) == (Kind.INTEGER, pattern)
    fuel = infer_column(pl.Series("x", [f"{1 + v / 1000:.3f} €" for v in range(111, 600)]))
    assert (fuel.kind, fuel.format) == (Kind.REAL, "0.000 €")
    assert POINT_UNSURE in fuel.notes


@pytest.mark.parametrize("form", ["{a:04}E{b:02}", "{c:02}E{d}", "{d}E{b:02}"])
def test_codes_with_an_e_are_no_numbers(form: str) -> None:
    texts = [form.format(a=1000 + 13 * i % 8999, b=10 + i % 19, c=1 + i % 98, d=1 + i % 9) for i in range(400)]
    found = infer_column(pl.Series("room", texts))
    assert found.kind in (Kind.CATEGORICAL, Kind.TEXT)
    assert "whole numbers with an E and no sign behind it: taken as codes, not as numbers" in found.notes
    assert infer(pl.DataFrame({"room": texts}), overrides={"room": Kind.REAL})["room"].kind is Kind.REAL


def test_exponents_are_numbers_by_a_sign_a_point_or_numbers_beside_them() -> None:
    for texts in (["1e+05", "25E+3"], ["1.5E5", "12E3"], ["1e5", "250000", "3e5"], ["1e-7", "2e5"]):
        assert infer_column(pl.Series("x", texts * 50)).kind in (Kind.REAL, Kind.INTEGER)


AMOUNTS = [round(12.5 + 7.31 * k * (-1) ** k, 2) for k in range(150)]


def in_digits_from(nought: str, text: str) -> str:
    return text.translate({ord(str(k)): chr(ord(nought) + k) for k in range(10)})


def booked(plus: str, minus: str) -> list[str]:
    return [f"{abs(v):,.2f}{plus if v >= 0 else minus}" for v in AMOUNTS]


BOOKED = {
    "credit and debit": booked(" CR", " DR"),
    "glued": booked("Cr", "Dr"),
    "credit alone": booked("", " CR"),
    "Soll und Haben": booked(" H", " S"),
    "before": [f"{'CR' if v >= 0 else 'DR'} {abs(v):.2f}" for v in AMOUNTS],
}


@pytest.mark.parametrize("texts", BOOKED.values(), ids=BOOKED)
def test_credit_and_debit_are_signs(texts: list[str]) -> None:
    raw = pl.DataFrame({"x": texts})
    schema = infer(raw)
    assert parse(raw, schema)["x"].to_list() == AMOUNTS
    assert "read as below zero" in schema["x"].notes[0]
    assert restore(parse(raw, schema), schema)["x"].to_list() == texts


def test_seats_are_no_credits_and_debits() -> None:
    assert infer(pl.DataFrame({"x": [f"{k}{'CD'[k % 2]}" for k in range(1, 90)]}))["x"].kind is not Kind.INTEGER


SIZES = {
    "$": ([f"${k}K" if k % 3 else f"${k / 10:.1f}M" for k in range(100, 200)],
          [k * 1_000 if k % 3 else k * 100_000 for k in range(100, 200)]),
    "€": ([f"€{k}m" if k % 3 else f"€{k / 10:.1f}bn" for k in range(100, 200)],
          [k * 10**6 if k % 3 else k * 10**8 for k in range(100, 200)]),
    "亿元": ([f"{k}万元" if k % 3 else f"{k / 100:.2f}亿元" for k in range(101, 200)],
            [k * 10**4 if k % 3 else k * 10**6 for k in range(101, 200)]),
    "Mrd. €": ([f"{k} Mio. €" if k % 3 else f"{k / 10:.1f} Mrd. €".replace(".", ",", 1) for k in range(100, 200)],
               [k * 10**6 if k % 3 else k * 10**8 for k in range(100, 200)]),
    "T": ([f"{k}B" if k % 3 else f"{k / 100:.2f}T" for k in range(100, 200)],
          [k * 10**9 if k % 3 else k * 10**10 for k in range(100, 200)]),
    "lakh": ([f"{k / 10:.1f} lakh" if k % 3 else f"{k / 10:.1f} crore" for k in range(10, 99)],
             [k * 10**4 if k % 3 else k * 10**6 for k in range(10, 99)]),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "values"), SIZES.values(), ids=SIZES)
def test_decimals_may_differ_from_mark_to_mark(texts: list[str], values: list[int]) -> None:
    raw = pl.DataFrame({"x": texts})
    schema = infer(raw)
    assert parse(raw, schema)["x"].to_list() == values
    assert restore(parse(raw, schema), schema)["x"].to_list() == texts


@pytest.mark.parametrize("nought", "٠۰०০๐")
@pytest.mark.parametrize("form", ["{}", "{:.2f}", "{:,}", "{:,.1f}"])
def test_digits_of_other_scripts_are_numbers_and_come_back(nought: str, form: str) -> None:
    values = [101 + 1_237 * k for k in range(90)]
    texts = [in_digits_from(nought, form.format(v)) for v in values]
    own = {"٠": str.maketrans(".,", "٫٬"), "۰": str.maketrans(".,", "٫٬")}.get(nought, {})
    for written in (texts, [text.translate(own) for text in texts]):
        raw = pl.DataFrame({"x": written})
        schema = infer(raw)
        assert parse(raw, schema)["x"].to_list() == values
        assert restore(parse(raw, schema), schema)["x"].to_list() == written


@pytest.mark.parametrize("power", ["4E18", "3E1", "2e9"])
def test_codes_with_an_e_beside_whole_numbers_are_codes(power: str) -> None:
    texts = [str(100 + 37 * k % 900) for k in range(120)] + [power, power.replace("E", "E1").replace("e", "e1")]
    assert infer(pl.DataFrame({"room": texts}))["room"].kind not in (Kind.INTEGER, Kind.REAL)


def test_one_number_with_an_e_of_the_size_of_the_others_is_a_number() -> None:
    raw = pl.DataFrame({"x": [str(997 * k) for k in range(1, 101)] + ["1e5"]})
    assert parse(raw, infer(raw))["x"].max() == 100_000


@pytest.mark.parametrize("form", ["{}k", "${}k", "{}℃", "{}Mio", "{} тыс.", "{}歳", "{}명", "{}T€", "{}bps", "{}×"])
def test_whole_numbers_with_a_unit_glued_to_them_are_numbers(form: str) -> None:
    raw = pl.DataFrame({"value": [form.format(7 * k % 991) for k in range(1, 400)]})
    schema = infer(raw)
    assert schema["value"].kind is Kind.INTEGER
    assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize("marks", [("°N", "°S"), ("° E", "° W"), (" N", " S")])
def test_degrees_south_and_west_are_below_zero(marks: tuple[str, str]) -> None:
    degrees = [round(k * 0.7351 * (-1) ** k, 4) for k in range(1, 120)]
    raw = pl.DataFrame({"x": [f"{abs(d):.4f}{marks[d < 0]}" for d in degrees]})
    schema = infer(raw)
    assert parse(raw, schema)["x"].to_list() == degrees
    assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize(
    ("write", "pattern"),
    [
        (lambda k: f"{k * 7_919:_}", "#_##0"),
        (lambda k: f"{k}万円", "0万円"),
        (lambda k: f"{k / 1_000:.3f} €/kWh", "0.000 €/kWh"),
        (lambda k: f"{k / 7:.4f}° N", "0.0000° N"),
        (lambda k: f"Rs. {k}/-", "Rs. 0/-"),
        (lambda k: f"{k * 7_919:,}/=", "#,##0/="),
        (lambda k: f"/Date({k * 7_919_000_123})/", "/Date(0)/"),
    ],
)
def test_underscores_units_with_money_and_degrees_stand_beside_numbers(
    write: Callable[[int], str], pattern: str
) -> None:
    raw = pl.DataFrame({"x": [write(k) for k in range(101, 300)]})
    schema = infer(raw)
    assert schema["x"].format == pattern
    assert restore(parse(raw, schema), schema).equals(raw)


def test_very_large_numbers_beside_small_fractions_come_back() -> None:
    raw = pl.DataFrame(
        {"x": ["0.25", "17.12500005", "1000000000000000000", "1234567890123.25", "3000000000000000000000", "42.0"] * 20}
    )
    schema = infer(raw)
    assert parse(restore(parse(raw, schema), schema), schema).equals(parse(raw, schema))


@pytest.mark.parametrize(
    "name", ["amount", "betrag_cent", "Zählerstand", "Kilometerstand", "meter reading", "relevé compteur", "lectura",
             "показания", "电表读数", "走行距離", "weight"],
)  # fmt: skip
def test_amounts_filled_up_with_zeros_are_numbers(name: str) -> None:
    digits = np.random.default_rng(3).integers(0, 10**6, N)
    raw = pl.DataFrame({name: [f"{n:06d}" for n in digits]})
    schema = infer(raw)
    assert (schema[name].kind, schema[name].format) == (Kind.INTEGER, "000000")
    assert parse(raw, schema)[name].to_list() == digits.tolist()
    assert restore(parse(raw, schema), schema).equals(raw)


@pytest.mark.parametrize(
    "name", ["zip", "area", "amount code", "value", "birth", "price group", "meter no", "Betrag-Nr.", "x"]
)
def test_digits_filled_up_with_zeros_whose_name_tells_of_no_amount_are_codes(name: str) -> None:
    digits = np.random.default_rng(3).permutation(10**5)[:N]
    raw = pl.DataFrame({name: [f"{n:05d}" for n in digits]})
    assert infer(raw)[name].kind in (Kind.ID, Kind.TEXT)


@pytest.mark.parametrize(
    ("name", "is_number"), [("zip_population", True), ("phone cost", True), ("zip", False), ("zip area", False)]
)
def test_what_is_counted_by_codes_is_a_number(name: str, *, is_number: bool) -> None:
    digits = np.random.default_rng(5).integers(10_000, 99_999, N)
    assert (infer(pl.DataFrame({name: digits}))[name].kind is Kind.INTEGER) == is_number


@pytest.mark.parametrize(("name", "write"), [("version", "v{0}.{1}"), ("x", "v{0}.{1}.{2}"), ("цена", "{1}{2}{1}-00")])
def test_versions_and_prices_of_an_unknown_form_are_no_keys(name: str, write: str) -> None:
    parts = np.random.default_rng(6).integers(10, 60, (N, 3))
    assert infer(pl.DataFrame({name: [write.format(*row) for row in parts]}))[name].kind in (
        Kind.TEXT,
        Kind.CATEGORICAL,
    )
