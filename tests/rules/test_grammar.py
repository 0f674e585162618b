"""Rules as text: what is read, what is refused, and where it says that a text ceases to be a rule."""

from __future__ import annotations

import time

import polars as pl
import pytest

from likewise.errors import RuleError
from likewise.rules import columns_of, parse_rule, quoted
from likewise.rules.binding import bind
from likewise.schema.column import Column, Schema

READ = [
    "start <= end", "low < mid < high", "a + b = total", "total = round(price * qty, 2)", "city, country from data",
    "status = 'open' -> closed is null", "one of (x, y, z)", "qty % 5 = 0", "unique (order, line)",
    "age = years(birth, visit)", '"unit price" * (1 - discount) >= 0 or not (a = 1 and b is not null)',
    "(a + b) * 2 <= c", "a - (b - c) = - d", "a / (b / c) = 1", "flag -> x >= 1", '"from" > 1', "价格 * 数量 = 总价",
    "a in (1, -2, 'it''s')", "not (a in (1, 2)) and (b is null or c is null)", '"a ""quoted"" name" != 0.5',
]  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_a_rule_written_out_is_read_as_the_same_rule(text: str) -> None:
    rule = parse_rule(text)
    assert str(rule) == text
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a==b", "a = b"), ("a<>b", "a != b"), ("NOT a IS NULL", "not a is null"), ("a not in (1)", "not (a in (1))"),
        ("a is not null", "not a is null"), ("x between 1 and 5", "1 <= x <= 5"), ("((a)) = (1)", "a = 1"),
        ("total=round(price*qty,2)", "total = round(price * qty, 2)"), ("UNIQUE(a,b)", "unique (a, b)"),
    ],
)  # fmt: skip
def test_spellings_that_mean_the_same_are_the_same_rule(text: str, same: str) -> None:
    assert parse_rule(text) == parse_rule(same)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a <", "it ends where a column's name"), ("a = b c", "character 7 'c' stands"), ("one of (x)", "two columns"),
        ("unique (a, a)", "column 'a' twice"), ("a < b > c", "a chain goes one way"),
        ("foo(a) = 1", "no function 'foo'"),
        ("a ? b", "character 3"), ("a is nul", "'null' or 'not null'"), ("from = 1", "double quotes"), ("", "it ends"),
        ("round(a, b, c) = 1", "round takes 1 to 2 terms, got 3"), ("1 + a in (2)", "asked of a column"),
        ("a in (b)", "takes numbers and texts in single quotes"), ("a, a from data", "twice"),
        ("a from data", "two columns"),
        ("(" * 300 + "a = 1", "more than 50 deep"), ("not " * 300 + "a", "more than 50 deep"),
        ("-" * 300 + "a = 1", "50 deep"),
        ("f(" * 300 + "a", "no function 'f'"), ("abs(" * 300 + "a", "50 deep"), ("a + b", "a sign such as"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_and_where(text: str, said: str) -> None:
    with pytest.raises(RuleError, match="rule") as error:
        parse_rule(text)
    assert said in str(error.value)


def test_brackets_are_read_in_time_that_grows_with_the_text() -> None:
    """A reader that tries a bracket twice would need 2^40 steps here."""
    assert str(parse_rule("(" * 40 + "a" + ")" * 40 + " = 1")) == "a = 1"


def test_a_rule_names_its_columns_once_in_the_order_of_its_text() -> None:
    assert columns_of(parse_rule("b = 1 -> a + b <= c")) == ("b", "a", "c")


def test_names_are_quoted_where_they_are_no_plain_words() -> None:
    for name in ("price", "Sepal.Length", "unit price", "from", 'so "called"', "2nd", "a'b", "数量"):
        assert columns_of(parse_rule(f"{quoted(name)} = 1")) == (name,)


def within(shape: str, n: int) -> str:
    """A rule of terms within one another, n deep."""
    term = "z"
    for _ in range(n):
        term = shape.replace("...", term)
    return f"x < {term}"


SHORT_AND_DEAR = {
    "quotients": within("z / (...)", 40),
    "rests": within("z % (...)", 40),
    "greatest": within("max(z, ...)", 40),
    "factors": "x < " + " * ".join(["z"] * 400),
    "terms": "x < " + " + ".join(["z"] * 4_000),
    "chain": " <= ".join(["z"] * 400),
    "brackets": "(" * 4_000 + "x" + ")" * 4_000 + " < z",
    "not": "not " * 4_000 + "x < z",
}


@pytest.mark.parametrize("rule", SHORT_AND_DEAR.values(), ids=SHORT_AND_DEAR)
def test_a_short_text_asks_for_no_more_time_or_memory_than_it_warrants(rule: str) -> None:
    schema = Schema(tuple(Column(name=name, kind="integer") for name in "xz"))
    with pytest.raises(RuleError) as error:
        bind([rule], schema)
    assert len(str(error.value)) < 2 * len(rule) + 300


@pytest.mark.parametrize("rule", [within("z / (...)", 5), within("max(z, ...)", 5), "x < " + " + ".join(["z"] * 300),
                                  " and ".join(["x < z"] * 3_000), " or ".join(["x < z"] * 3_000)])  # fmt: skip
def test_what_people_write_is_looked_at_at_once(rule: str) -> None:
    schema = Schema(tuple(Column(name=name, kind="integer") for name in "xz"))
    frame = pl.DataFrame({"x": [1, 5, None], "z": [3, 4, 4]})
    begun = time.process_time()
    kept = frame.select(bind([rule], schema)[0].kept).to_series()
    assert kept[2] is None
    assert time.process_time() - begun < 5


def test_a_chain_of_many_columns_holds_each_to_each() -> None:
    names = [f"c{i}" for i in range(60)]
    frame = pl.DataFrame({name: [i, i, i] for i, name in enumerate(names)}).with_columns(
        c30=pl.Series([30, None, None]), c40=pl.Series([40, 40, 10])
    )
    rule = bind([" < ".join(names)], Schema(tuple(Column(name=name, kind="integer") for name in names)))[0]
    assert frame.select(rule.kept).to_series().to_list() == [True, None, False]


@pytest.mark.parametrize("rule", ["x % 0 = 0", "x / 0 < z", "x < z % 0"])
def test_nothing_is_divided_by_nought(rule: str) -> None:
    with pytest.raises(RuleError, match="divides by nought"):
        bind([rule], Schema(tuple(Column(name=name, kind="integer") for name in "xz")))
