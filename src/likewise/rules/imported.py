"""Rules said elsewhere, in this grammar: CHECK and UNIQUE of SQL, Great Expectations, dbt tests, pandera schemas.

What the grammar has is taken over; all else is named, with the reason. Nothing of the other tools is imported: their
suites are read as plain data, a schema of pandera by its attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from likewise.errors import InputError, RuleError
from likewise.rules.grammar import parse_rule
from likewise.rules.terms import Literal_, quoted


@dataclass(frozen=True)
class Imported:
    """What was taken over.

    Args:
        rules: as `Synthesizer(rules=...)` takes them.
        left_out: what was not, and why.
    """

    rules: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


class _NotOurs(Exception):
    """The grammar does not have it."""


Told = Iterable[tuple[str, Callable[[], Iterable[str]]]]
"""What each thing is called, and what gives its rules."""


def _gathered(told: Told) -> Imported:
    rules: list[str] = []
    left_out: list[tuple[str, str]] = []
    for name, of in told:
        try:
            found = [str(parse_rule(rule)) for rule in of()]
        except _NotOurs as error:
            left_out.append((name, str(error)))
        except RuleError as error:
            left_out.append((name, f"the grammar does not have it: {error}"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            left_out.append((name, f"it is not as expected ({type(error).__name__})"))
        else:
            rules += found
    return Imported(tuple(dict.fromkeys(rules)), tuple(left_out))


def _cell(value: Any) -> str:
    """A value as a rule writes it; dates as texts."""
    if hasattr(value, "item"):
        value = value.item()
    return str(Literal_(value if isinstance(value, int | float | bool) else str(value)))


def _among(column: str, values: Iterable[Any]) -> str:
    return f"{quoted(column)} in ({', '.join(map(_cell, values))})"


def _between(column: str, low: Any, high: Any, *, above: str = "<=", below: str = "<=") -> Iterator[str]:
    if low is not None:
        yield f"{_cell(low)} {above} {quoted(column)}"
    if high is not None:
        yield f"{quoted(column)} {below} {_cell(high)}"


def _unique(columns: Iterable[str]) -> str:
    return f"unique ({', '.join(map(quoted, columns))})"


# ---- SQL -------------------------------------------------------------------------------------------------------------

_SQL_CLAUSE = re.compile(r"\b(CHECK|UNIQUE|PRIMARY\s+KEY)\s*\(", re.IGNORECASE)
_QUOTES = re.compile(r"'(?:[^']|'')*'|`((?:[^`]|``)*)`|\[([^\]\d][^\]]*)\]")
_CAST = re.compile(r"::\s*[a-zA-Z_]\w*(?:\s+varying|\s+precision)?(?:\s*\(\d+(?:,\s*\d+)?\))?(?:\[\])?")
_ANY = re.compile(r"=\s*ANY\s*\(\s*\(?\s*ARRAY\s*\[(.*?)\]\s*\)?\s*\)", re.IGNORECASE)


def from_sql(text: str) -> Imported:
    """The rules of `CREATE TABLE` and `ALTER TABLE` of one table: its CHECKs, and keys over several columns.

    Args:
        text: those statements.

    Example:
        >>> from_sql("CREATE TABLE t (a int, b int CHECK (a <= b AND b <> 7), UNIQUE (a, b))").rules
        ('a <= b and b != 7', 'unique (a, b)')
    """
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)

    def told() -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
        for match in _SQL_CLAUSE.finditer(bare):
            inner = _inside(bare, match.end())
            is_check = match[1].upper() == "CHECK"
            yield f"{match[1].upper()} ({inner})", partial(_clause, inner, is_check=is_check)

    return _gathered(told())


def _clause(inner: str, *, is_check: bool) -> Iterable[str]:
    return [_of_sql(inner) if is_check else f"unique ({_of_sql(inner)})"]


def _inside(text: str, start: int) -> str:
    """What stands in the bracket that is open, up to where it closes; texts in quotes are passed over."""
    depth, quote = 1, ""
    for at in range(start, len(text)):
        sign = text[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"`":
            quote = sign
        else:
            depth += (sign == "(") - (sign == ")")
            if depth == 0:
                return text[start:at].strip()
    return text[start:].strip()


def _of_sql(text: str) -> str:
    """A condition of SQL in this grammar: casts left out, names in double quotes, lists of values as lists."""
    text = _ANY.sub(lambda m: f"in ({m[1]})", _CAST.sub("", text))

    def named(match: re.Match[str]) -> str:
        name = match[1] if match[1] is not None else match[2]
        return match[0] if name is None else quoted(name.replace("``", "`"))

    text = _QUOTES.sub(named, text)
    return re.sub(
        r"\(\s*(\"[^\"]*\"|\w+)\s*\)(?=\s*(?:in|=|<|>|!|is|not|between)\b|\s*[=<>!])", r"\1", text, flags=re.IGNORECASE
    )


# ---- Great Expectations ----------------------------------------------------------------------------------------------


def from_expectations(suite: Mapping[str, Any]) -> Imported:
    """The rules of a suite of Great Expectations, as its JSON holds it: {"expectations": [...]}.

    Raises:
        InputError: it is no suite.

    Example:
        >>> suite = {"expectations": [{"type": "expect_column_values_to_be_between",
        ...                            "kwargs": {"column": "age", "min_value": 0, "max_value": 120}}]}
        >>> from_expectations(suite).rules
        ('0 <= age', 'age <= 120')
    """
    if not isinstance(suite, Mapping) or not isinstance(suite.get("expectations"), list):
        raise InputError('a suite must be an object with a list "expectations"')

    def told() -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
        for one in suite["expectations"]:
            name, given = str(one.get("expectation_type") or one.get("type")), one.get("kwargs", {})
            yield name, partial(_expected, name, given)

    return _gathered(told())


def _expected(name: str, k: Mapping[str, Any]) -> Iterable[str]:
    if k.get("row_condition"):
        raise _NotOurs("its row_condition is in another language: write condition -> claim")
    if k.get("mostly", 1) != 1:
        raise _NotOurs("it holds of most rows only, and a rule holds of all")
    if k.get("ignore_row_if") in ("neither", "never"):
        raise _NotOurs("it binds rows with missing cells, and a rule does not: add 'column is not null'")
    a, b, column = (quoted(k[key]) if key in k else "" for key in ("column_A", "column_B", "column"))
    match name:
        case "expect_column_pair_values_a_to_be_greater_than_b" | "expect_column_pair_values_A_to_be_greater_than_B":
            return [f"{a} {'>=' if k.get('or_equal') else '>'} {b}"]
        case "expect_column_pair_values_to_be_equal":
            return [f"{a} = {b}"]
        case "expect_column_pair_values_to_be_in_set":
            pairs = [f"({a} = {_cell(x)} and {b} = {_cell(y)})" for x, y in k["value_pairs_set"]]
            return [" or ".join(pairs)]
        case "expect_compound_columns_to_be_unique" | "expect_multicolumn_values_to_be_unique":
            return [_unique(k["column_list"])]
        case "expect_multicolumn_sum_to_equal":
            return [f"{' + '.join(map(quoted, k['column_list']))} = {_cell(k['sum_total'])}"]
        case "expect_select_column_values_to_be_unique_within_record":
            return [" and ".join(f"{quoted(x)} != {quoted(y)}" for x, y in combinations(k["column_list"], 2))]
        case "expect_column_values_to_be_between":
            signs = {"above": "<" if k.get("strict_min") else "<=", "below": "<" if k.get("strict_max") else "<="}
            return _between(k["column"], k.get("min_value"), k.get("max_value"), **signs)
        case "expect_column_values_to_be_in_set":
            return [_among(k["column"], k["value_set"])]
        case "expect_column_values_to_not_be_in_set":
            return [f"not ({_among(k['column'], k['value_set'])})"]
        case "expect_column_values_to_not_be_null":
            return [f"{column} is not null"]
        case "expect_column_values_to_be_null":
            return [f"{column} is null"]
        case "expect_column_values_to_be_unique":
            return [_unique([k["column"]])]
        case _:
            raise _NotOurs("the grammar has nothing of its kind")


# ---- dbt -------------------------------------------------------------------------------------------------------------


def from_dbt(model: Mapping[str, Any]) -> Imported:
    """The tests of one model of dbt, as its YAML holds it: {"name": ..., "tests": [...], "columns": [...]}.

    Raises:
        InputError: it is no model.

    Example:
        >>> column = {"name": "kind", "tests": [{"accepted_values": {"values": ["a", "b"]}}]}
        >>> from_dbt({"name": "stays", "columns": [column]}).rules
        ("kind in ('a', 'b')",)
    """
    if not isinstance(model, Mapping) or not ({"columns", "tests", "data_tests"} & model.keys()):
        raise InputError('a model must be an object with "columns" or "tests"; of a file give one of its "models"')

    def told() -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
        owners = [(None, model), *((column["name"], column) for column in model.get("columns", ()))]
        for column, owner in owners:
            for test in (*owner.get("tests", ()), *owner.get("data_tests", ())):
                name, given = (test, {}) if isinstance(test, str) else next(iter(test.items()))
                given = {**(given or {}), **(given or {}).get("arguments", {})}
                called = name if column is None else f"{name} of {column}"
                yield called, partial(_tested, name.rpartition(".")[2], given, column)

    return _gathered(told())


def _tested(name: str, k: Mapping[str, Any], column: str | None) -> Iterable[str]:
    where = _of_sql(k.get("where") or k.get("config", {}).get("where") or "")
    before = f"{where} -> " if where else ""
    cell = quoted(column or k.get("column_name", ""))
    match name:
        case "expression_is_true":
            return [before + (f"{cell} " if column else "") + _of_sql(k["expression"])]
        case "unique_combination_of_columns" if not where:
            return [_unique(k["combination_of_columns"])]
        case "accepted_values":
            return [before + _among(column or k["column_name"], k["values"])]
        case "not_accepted_values":
            return [f"{before}not ({_among(column or k['column_name'], k['values'])})"]
        case "not_null":
            return [f"{before}{cell} is not null"]
        case "unique" if not where:
            return [_unique([column or k["column_name"]])]
        case "accepted_range":
            sign = "<=" if k.get("inclusive", True) else "<"
            ends = _between(column or k["column_name"], k.get("min_value"), k.get("max_value"), above=sign, below=sign)
            return [before + rule for rule in ends]
        case _:
            raise _NotOurs("the grammar has nothing of its kind")


# ---- pandera ---------------------------------------------------------------------------------------------------------


def from_pandera(schema: Any) -> Imported:
    """The checks of a pandera DataFrameSchema: those of columns that pandera names itself; functions say nothing that
    could be read.

    Raises:
        InputError: it is no such schema.
    """
    if not isinstance(getattr(schema, "columns", None), Mapping):
        raise InputError(f"this needs a DataFrameSchema of pandera, got {type(schema).__name__}")

    def told() -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
        for name, column in schema.columns.items():
            for check in getattr(column, "checks", None) or ():
                yield f"{check.name} of {name}", partial(_checked, name, check.name, check.statistics or {})
            if not getattr(column, "nullable", True):
                yield f"nullable of {name}", partial(_as_said, f"{quoted(name)} is not null")
            if getattr(column, "unique", False):
                yield f"unique of {name}", partial(_as_said, _unique([name]))
        for check in getattr(schema, "checks", None) or ():
            yield f"{check.name} of the frame", _function
        if unique := getattr(schema, "unique", None):
            yield "unique", partial(_as_said, _unique([unique] if isinstance(unique, str) else unique))

    return _gathered(told())


def _as_said(rule: str) -> Iterable[str]:
    return [rule]


def _function() -> Iterable[str]:
    raise _NotOurs("it is a function, of which only pandera knows what it checks: write it as a rule")


def _checked(column: str, name: str, told: Mapping[str, Any]) -> Iterable[str]:
    cell = quoted(column)
    match name:
        case "greater_than":
            return [f"{cell} > {_cell(told['min_value'])}"]
        case "greater_than_or_equal_to":
            return [f"{cell} >= {_cell(told['min_value'])}"]
        case "less_than":
            return [f"{cell} < {_cell(told['max_value'])}"]
        case "less_than_or_equal_to":
            return [f"{cell} <= {_cell(told['max_value'])}"]
        case "in_range":
            above, below = ("<=" if told.get(f"include_{end}", True) else "<" for end in ("min", "max"))
            return _between(column, told["min_value"], told["max_value"], above=above, below=below)
        case "equal_to":
            return [f"{cell} = {_cell(told['value'])}"]
        case "not_equal_to":
            return [f"{cell} != {_cell(told['value'])}"]
        case "isin":
            return [_among(column, told["allowed_values"])]
        case "notin":
            return [f"not ({_among(column, told['forbidden_values'])})"]
        case _:
            return _function()
