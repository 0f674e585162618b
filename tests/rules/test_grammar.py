"""Rules as text: what is read, what is refused, and where it says that a text ceases to be a rule."""

from __future__ import annotations

import pytest

from likewise.errors import RuleError
from likewise.rules import columns_of, parse_rule, quoted

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
