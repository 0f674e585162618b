"""Rules bound to a schema: each column looked up, kinds held to one another, and the whole as a Polars expression.

A missing cell is as in a CHECK of SQL: a claim about it is neither true nor false, and a rule is broken only where it
is false. Numbers are compared exactly where they stand in their columns. What is computed from reals is compared within
the noise of floats, and an equation with a column as far as that column is written: half a unit of its last decimal.

Legend: of an expression, true: kept; false: broken; null: some cell is missing, so the rule does not bind the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal, NoReturn
from unicodedata import normalize

import polars as pl

from likewise.conditions import Between, Condition, OneOf, fit, meets
from likewise.errors import ConditionError, RuleError, nearest
from likewise.rules.grammar import parse_rule
from likewise.rules.solving import ELAPSED
from likewise.rules.terms import (
    TURNED,
    Call,
    Check,
    Claim,
    Compare,
    Every,
    ExactlyOne,
    FromData,
    IsIn,
    IsNull,
    Literal_,
    Name,
    Not,
    Product,
    Rule,
    Sign,
    Some,
    Sum,
    Term,
    Truth,
    Unique,
    columns_of,
)
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.parse import canonical_dtype
from likewise.schema.semantics import SINGLES_OUT, WHERE

NOISE = 1e-14
"""Of the sizes of what is added up: floats err by less, and what people write differs by more."""

MOST_READ = 2_000
"""Columns that one term may read, counted as often as they are read."""

What = Literal["number", "truth", "text", "moment", "time"]
_CALLED: dict[What, str] = {
    "number": "a number", "truth": "true or false", "text": "a text", "moment": "a date", "time": "a time of day",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """A term as an expression.

    Args:
        what: its kind.
        whole: a number that is exact, for it comes from whole ones.
        size: of a computed real, the sum of the sizes that went into it; None where it is as it stands in its column.
        decimals: to which a number is written, where it stands in a column or was rounded; None if not known.
        exact: of a rounded term, what was rounded.
        read: how often columns are read for it: what is divided by is read three times, and again in what that is
            divided by.
    """

    expr: pl.Expr
    what: What
    whole: bool = False
    size: pl.Expr | None = None
    decimals: int | None = None
    exact: pl.Expr | None = None
    read: int = 1

    @property
    def sized(self) -> pl.Expr:
        return self.expr.abs() if self.size is None else self.size


@dataclass(frozen=True)
class Bound:
    """A rule of one table.

    Args:
        text: as it was given.
        rule: what it says.
        columns: that it names.
        claim: whether a row keeps it; of `from data` and `unique`, which no row can tell alone, None.
        condition: where it holds only of the rows that meet one.
    """

    text: str
    rule: Rule
    columns: tuple[str, ...]
    claim: pl.Expr | None = None
    condition: pl.Expr | None = None

    @property
    def kept(self) -> pl.Expr:
        """Of one row, true, false or null."""
        assert self.claim is not None
        return self.claim if self.condition is None else self.claim | ~self.condition

    @property
    def binds(self) -> pl.Expr:
        """Whether the rule says anything of a row."""
        assert self.claim is not None
        met = self.claim.is_not_null()
        return met if self.condition is None else met & self.condition.fill_null(False)


def bind(rules: Iterable[str], schema: Schema, *, keys: bool = False) -> tuple[Bound, ...]:
    """Rules of the table that a schema describes, each once.

    Args:
        rules: their texts.
        schema: of the table.
        keys: whether they may say where keys are missing, which those who draw and look at whole rows see to.

    Raises:
        RuleError: a text is no rule, names no column of the table, or compares what cannot be compared.

    Example:
        >>> schema = Schema((Column(name="low", kind=Kind.INTEGER), Column(name="high", kind=Kind.INTEGER)))
        >>> rule = bind(["low <= high"], schema)[0]
        >>> frame = pl.DataFrame({"low": [1, 5, None], "high": [3, 4, 4]})
        >>> frame.select(rule.kept).to_series().to_list()
        [True, False, None]
    """
    if isinstance(rules, str):
        rules = [rules]
    return tuple(Binder(text, schema, keys=keys).bound(parse_rule(text)) for text in dict.fromkeys(rules))


class Binder:
    def __init__(self, text: str, schema: Schema, *, keys: bool = False) -> None:
        self.text, self.schema, self.keys = text, schema, keys

    def fail(self, said: str) -> NoReturn:
        raise RuleError(f"rule {self.text!r}: {said}")

    def bound(self, rule: Rule) -> Bound:
        names = columns_of(rule)
        if not names:
            self.fail("it names no column, so it says nothing of a table; write columns without single quotes")
        valued = columns_of(rule, missing=not self.keys)
        columns = {name: self.column(name, keys=isinstance(rule, Unique) or name not in valued) for name in names}
        rule = _renamed(rule, {name: c.name for name, c in columns.items()})
        found = Bound(self.text, rule, columns_of(rule))
        if isinstance(rule, Check):
            condition = None if rule.condition is None else self.claim(rule.condition)
            return replace(found, claim=self.claim(rule.claim), condition=condition)
        if isinstance(rule, ExactlyOne):
            return replace(found, claim=self.exactly_one(columns))
        return found

    def column(self, name: str, *, keys: bool = False) -> Column:
        names = self.schema.names
        if name not in names:
            alike = [known for known in names if normalize("NFC", known) == normalize("NFC", name)]
            if len(alike) != 1:
                self.fail(f"there is no column {name!r}{nearest(name, names)}")
            name = alike[0]
        column = self.schema[name]
        if column.role is Role.DROP:
            self.fail(f"column {name!r} is dropped, so nothing can hold of it; give it another role or leave it out")
        if column.is_key and not keys:
            told = f" of {column.semantic.words}" if column.semantic in SINGLES_OUT | WHERE else ""
            hint = (
                "; what is made of one person agrees without a rule: leave it out, or say semantic 'none' to learn the "
                "column"
            )
            where = "" if self.keys else ", and these where a Synthesizer draws the rows without a budget of privacy"
            self.fail(
                f"column {name!r} is a key{told}, which is made anew: only 'unique (...)' and claims that it 'is null' "
                f"or 'is not null' can hold of it{where}{hint if told else ''}"
            )
        return column

    def exactly_one(self, columns: dict[str, Column]) -> pl.Expr:
        for name, column in columns.items():
            if column.kind not in (Kind.BOOLEAN, Kind.INTEGER, Kind.REAL):
                self.fail(f"column {name!r} is {column.kind.value}, and 'one of' is about columns of 0 and 1")
        ones = [pl.col(c.name) if c.kind is Kind.BOOLEAN else pl.col(c.name) == 1 for c in columns.values()]
        return reduce(pl.Expr.add, (one.cast(pl.Int64) for one in ones)) == 1

    # ---- claims ------------------------------------------------------------------------------------------------------

    def claim(self, claim: Claim) -> pl.Expr:
        match claim:
            case Compare():
                return pl.all_horizontal([self.compared(*pair) for pair in claim.pairs()])
            case IsNull():
                return pl.col(claim.term.name).is_null()
            case IsIn():
                return self.asked(claim.term, OneOf(tuple(v.value for v in claim.values)))
            case Truth():
                if (column := self.column(claim.term.name)).kind is not Kind.BOOLEAN:
                    self.fail(f"column {column.name!r} is {column.kind.value}, not true or false; compare it, as in "
                              f"{claim.term} = ...")  # fmt: skip
                return pl.col(column.name)
            case Not():
                return ~self.claim(claim.claim)
            case Every():
                return pl.all_horizontal([self.claim(each) for each in claim.claims])
            case Some():
                return pl.any_horizontal([self.claim(each) for each in claim.claims])

    def compared(self, left: Term, sign: Sign, right: Term) -> pl.Expr:
        if isinstance(left, Literal_) and isinstance(right, Name):
            left, sign, right = right, TURNED[sign], left
        if isinstance(left, Name) and isinstance(right, Literal_):
            return self.compared_to_literal(left, sign, right)
        if (steps := _steps(left, sign, right)) is not None:
            return self.on_steps(*steps)
        a, b = self.value(left), self.value(right)
        if "truth" in (a.what, b.what) and "number" in (a.what, b.what):
            a, b = _as_number(a), _as_number(b)
        if a.what != b.what:
            self.fail(f"{left} is {_CALLED[a.what]} and {right} is {_CALLED[b.what]}: they cannot be compared")
        if a.what in ("text", "truth") and sign not in ("=", "!="):
            self.fail(f"{left} and {right} have no order: they can be compared by = and != only")
        if a.what == "number":
            return _numbers_compared(a, sign, b)
        return _SIGNED[sign](*self.in_one_grain(a, b, left, right) if a.what == "moment" else (a.expr, b.expr))

    def compared_to_literal(self, cell: Name, sign: Sign, literal: Literal_) -> pl.Expr:
        """A column beside a value, as a condition on the column says it."""
        if sign == "!=":
            return ~self.asked(cell, OneOf((literal.value,)))
        if sign == "=":
            return self.asked(cell, OneOf((literal.value,)))
        low, high = (literal.value, None) if sign[0] == ">" else (None, literal.value)
        return self.asked(cell, Between(low, high, "both" if "=" in sign else "none"))

    def asked(self, cell: Name, condition: Condition) -> pl.Expr:
        column = self.column(cell.name)
        try:
            return meets(pl.col(column.name), fit(condition, column), canonical_dtype(column))
        except ConditionError as error:
            self.fail(str(error))

    def literal(self, name: str, literal: Literal_) -> Any:
        """A value as a cell of a column holds it."""
        column = self.column(name)
        try:
            asked = fit(OneOf((literal.value,)), column)
        except ConditionError as error:
            self.fail(str(error))
        if not isinstance(asked, OneOf) or len(asked.values) != 1:
            self.fail(f"{literal} means several values of column {name!r}; write one in full")
        return asked.values[0]

    def in_one_grain(self, a: Value, b: Value, left: Term, right: Term) -> tuple[pl.Expr, pl.Expr]:
        """Moments as days where one of them is a day: a moment within a day is not after it."""
        types = [self.dtype(term) for term in (left, right)]
        if pl.Date() in types:
            return a.expr.cast(pl.Date), b.expr.cast(pl.Date)
        zoned = [isinstance(t, pl.Datetime) and t.time_zone is not None for t in types]
        if zoned[0] != zoned[1]:
            self.fail(f"{left if zoned[0] else right} has a time zone and the other has none: they cannot be compared")
        if zoned[0]:
            return a.expr.dt.convert_time_zone("UTC"), b.expr.dt.convert_time_zone("UTC")
        return a.expr, b.expr

    def dtype(self, term: Term) -> pl.DataType:
        """Of a moment."""
        return canonical_dtype(self.column(term.name)) if isinstance(term, Name) else pl.Date()

    def on_steps(self, term: Term, step: float, rest: float, sign: Sign) -> pl.Expr:
        """term % step = rest, where no float may come between."""
        value = self.number(term)
        if value.whole and isinstance(step, int) and isinstance(rest, int):
            found = (value.expr - rest) % step == 0
        else:
            times = (value.expr - rest) / step
            found = (times - times.round()).abs() <= 1e-9 + NOISE * value.sized / abs(step)
        return found if sign == "=" else ~found

    # ---- terms -------------------------------------------------------------------------------------------------------

    def value(self, term: Term) -> Value:
        found = self.value_of(term)
        if found.read > MOST_READ:
            self.fail("too many quotients, rests, or least and greatest of terms stand within one another")
        return found

    def value_of(self, term: Term) -> Value:
        match term:
            case Name():
                return self.cell(self.column(term.name))
            case Literal_():
                return _constant(term.value)
            case Sum():
                return self.summed(term)
            case Product():
                return self.multiplied(term)
            case Call():
                return _CALLS[term.function](self, term)

    def cell(self, column: Column) -> Value:
        expr = pl.col(column.name)
        match column.kind:
            case Kind.INTEGER:
                return Value(expr, "number", whole=True, decimals=0)
            case Kind.REAL:
                return Value(expr, "number", decimals=column.decimals)
            case Kind.BOOLEAN:
                return Value(expr, "truth")
            case Kind.DATETIME:
                return Value(expr, "time" if canonical_dtype(column) == pl.Time else "moment")
            case _:
                return Value(expr, "text")

    def number(self, term: Term) -> Value:
        value = self.value(term)
        if value.what not in ("number", "truth"):
            self.fail(f"{term} is {_CALLED[value.what]}, where a number must stand")
        return _as_number(value)

    def moment(self, term: Term) -> pl.Expr:
        if isinstance(term, Literal_) or (value := self.value(term)).what != "moment":
            self.fail(f"{term} is no column of dates, as this function needs")
        return value.expr

    def summed(self, term: Sum) -> Value:
        values = [self.value(t) for t in term.terms]
        if any(v.what == "text" for v in values):
            odd = next((t for t, v in zip(term.terms, values, strict=True) if v.what != "text"), None)
            if odd is not None or -1 in term.signs:
                self.fail(f"texts are joined by + to texts only{'' if odd is None else f', and {odd} is none'}")
            return Value(pl.concat_str([v.expr for v in values]), "text")
        values = [self.number(t) for t in term.terms]
        signed = [v.expr if sign > 0 else -v.expr for v, sign in zip(values, term.signs, strict=True)]
        return _computed(reduce(pl.Expr.add, signed), values, reduce(pl.Expr.add, [v.sized for v in values]))

    def multiplied(self, term: Product) -> Value:
        a, b = self.number(term.left), self.number(term.right)
        if term.sign == "*":
            return _computed(a.expr * b.expr, [a, b], a.sized * b.sized)
        if isinstance(term.right, Literal_) and not term.right.value:
            self.fail(f"{term} divides by nought, so the rule would bind no row")
        if term.sign == "%":
            if not (a.whole and b.whole):
                self.fail(f"{term} divides reals with a rest: that is exact only as 'a % number = number'")
            return Value(pl.when(b.expr != 0).then(a.expr % b.expr), "number", whole=True, read=a.read + 2 * b.read)
        apart = pl.when(b.expr != 0)
        size = apart.then(a.sized / b.expr.abs())
        return Value(apart.then(a.expr / b.expr), "number", size=size, read=a.read + 3 * b.read)


def _computed(expr: pl.Expr, parts: list[Value], size: pl.Expr) -> Value:
    whole = all(v.whole for v in parts)
    return Value(expr, "number", whole=whole, size=None if whole else size, read=sum(v.read for v in parts))


def _constant(value: int | float | str | bool) -> Value:
    if isinstance(value, bool):
        return Value(pl.lit(value), "truth")
    if isinstance(value, str):
        return Value(pl.lit(value), "text")
    return Value(pl.lit(value), "number", whole=isinstance(value, int))


def _as_number(value: Value) -> Value:
    return Value(value.expr.cast(pl.Int64), "number", whole=True, decimals=0) if value.what == "truth" else value


_SIGNED = {
    "<": pl.Expr.lt, "<=": pl.Expr.le, "=": pl.Expr.eq, "!=": pl.Expr.ne, ">=": pl.Expr.ge, ">": pl.Expr.gt,
}  # fmt: skip


def _numbers_compared(a: Value, sign: Sign, b: Value) -> pl.Expr:
    if sign[0] == ">":
        a, b, sign = b, a, TURNED[sign]
    is_plain = a.size is None and b.size is None and a.exact is None and b.exact is None
    if (a.whole and b.whole) or (is_plain and sign in ("<", "<=")):
        return _SIGNED[sign](a.expr, b.expr)
    noise = NOISE * (a.sized + b.sized)
    if sign in ("<", "<="):
        gap = a.expr - b.expr
        return gap <= noise if sign == "<=" else gap < -noise
    gap = (a.expr if a.exact is None else a.exact) - (b.expr if b.exact is None else b.exact)
    if (known := [v.decimals for v in (a, b) if v.decimals is not None]) and not is_plain:
        noise = noise + 0.5 * 10.0 ** -min(known)
    found = gap.abs() <= noise
    return found if sign == "=" else ~found


def _steps(left: Term, sign: Sign, right: Term) -> tuple[Term, float, float, Sign] | None:
    """Term, step and rest of `term % step = rest`; None where it is something else."""
    if sign not in ("=", "!=") or not isinstance(left, Product) or left.sign != "%" or not isinstance(right, Literal_):
        return None
    step, rest = left.right, right.value
    if not isinstance(step, Literal_) or isinstance(step.value, str | bool) or isinstance(rest, str | bool):
        return None
    return (left.left, step.value, rest, sign) if step.value else None


def _renamed(rule: Rule, names: dict[str, str]) -> Rule:
    """The rule with its columns called as the schema calls them, composed and apart accents being one."""
    if all(a == b for a, b in names.items()):
        return rule

    def of(part: object) -> object:
        if isinstance(part, Name):
            return Name(names[part.name])
        if isinstance(part, FromData | ExactlyOne | Unique):
            return replace(part, columns=tuple(names[n] for n in part.columns))
        if isinstance(part, tuple):
            return tuple(map(of, part))
        if hasattr(part, "__dataclass_fields__"):
            return replace(part, **{f: of(getattr(part, f)) for f in part.__dataclass_fields__})  # type: ignore[type-var]
        return part

    return of(rule)  # type: ignore[return-value]


# ---- functions -------------------------------------------------------------------------------------------------------


def _round(binder: Binder, call: Call) -> Value:
    value, to = binder.number(call.arguments[0]), call.arguments[1] if len(call.arguments) > 1 else Literal_(0)
    if (
        not isinstance(to, Literal_)
        or not isinstance(to.value, int)
        or isinstance(to.value, bool)
        or abs(to.value) > 15
    ):
        binder.fail("round takes a term and a whole number of decimals, such as round(price * qty, 2)")
    k = to.value
    if value.whole and k >= 0:
        return value
    rounded = value.expr.round(k) if k >= 0 else (value.expr / 10.0**-k).round() * 10.0**-k
    return Value(rounded, "number", whole=False, size=value.sized, decimals=k, exact=value.expr, read=2 * value.read)


def _stepped(binder: Binder, call: Call) -> Value:
    """floor and ceil, of what is a whole number but for the noise of floats that number."""
    value = binder.number(call.arguments[0])
    noise = NOISE * value.sized
    expr = (value.expr + noise).floor() if call.function == "floor" else (value.expr - noise).ceil()
    whole = Value(expr.cast(pl.Int64, strict=False), "number", whole=True, decimals=0, read=2 * value.read)
    return value if value.whole else whole


def _abs(binder: Binder, call: Call) -> Value:
    value = binder.number(call.arguments[0])
    return replace(value, expr=value.expr.abs(), exact=None)


def _extreme(binder: Binder, call: Call) -> Value:
    values = [binder.number(t) for t in call.arguments]
    exprs = [v.expr for v in values]
    found = pl.min_horizontal(exprs) if call.function == "min" else pl.max_horizontal(exprs)
    found = pl.when(pl.all_horizontal([e.is_not_null() for e in exprs])).then(found)
    whole, plain = all(v.whole for v in values), all(v.size is None for v in values)
    size = None if plain else reduce(pl.Expr.add, [v.sized for v in values])
    return Value(found, "number", whole=whole, size=size, read=2 * sum(v.read for v in values))


def _part_of_date(binder: Binder, call: Call) -> Value:
    expr = binder.moment(call.arguments[0])
    if call.function == "date":
        return Value(expr.cast(pl.Date), "moment")
    if call.function in ("hour", "minute"):
        expr = expr.cast(pl.Datetime("us"))
    return Value(getattr(expr.dt, call.function)().cast(pl.Int64), "number", whole=True, decimals=0)


def _between_dates(binder: Binder, call: Call) -> Value:
    """From the first date to the second: whole years, months and days; hours, minutes and seconds as they are."""
    a, b = (binder.moment(t) for t in call.arguments)
    if call.function in ("years", "months"):
        late = (b.dt.day() < a.dt.day()).cast(pl.Int64)
        months = (b.dt.year().cast(pl.Int64) - a.dt.year()) * 12 + b.dt.month() - a.dt.month() - late
        # Towards zero, so that years(a, b) is -years(b, a) but for leap days.
        return Value(months if call.function == "months" else months.floordiv(12), "number", whole=True, decimals=0)
    if call.function == "days":
        days = (b.cast(pl.Date) - a.cast(pl.Date)).dt.total_days()
        return Value(days, "number", whole=True, decimals=0)
    ticks = b.cast(pl.Datetime("us")) - a.cast(pl.Datetime("us"))
    seconds = ELAPSED[call.function]
    return Value(
        ticks.dt.total_microseconds() / (seconds * 1e6),
        "number",
        size=(ticks.dt.total_microseconds() / (seconds * 1e6)).abs(),
    )


def _gone_on(binder: Binder, call: Call) -> Value:
    """The date that lies so long after another, or before it."""
    start, length = binder.moment(call.arguments[0]), binder.number(call.arguments[1]).expr
    sign, unit = (1 if call.function[0] == "+" else -1), call.function[1:]
    if unit == "days":
        return Value(start + pl.duration(days=sign * length.round().cast(pl.Int64, strict=False)), "moment")
    ticks = (length * (sign * ELAPSED[unit] * 1e6)).round().cast(pl.Int64, strict=False)
    start = start.cast(pl.Datetime("us")) if binder.dtype(call.arguments[0]) == pl.Date() else start
    return Value(start + pl.duration(microseconds=ticks), "moment")


def _cased(binder: Binder, call: Call) -> Value:
    if (value := binder.value(call.arguments[0])).what != "text":
        binder.fail(f"{call} needs a text")
    expr = value.expr.str.to_uppercase() if call.function == "upper" else value.expr.str.to_lowercase()
    return Value(expr, "text")


_CALLS = {
    "round": _round, "floor": _stepped, "ceil": _stepped, "abs": _abs, "min": _extreme, "max": _extreme,
    **dict.fromkeys(("year", "month", "day", "weekday", "hour", "minute", "date"), _part_of_date),
    **dict.fromkeys(("years", "months", "days", "hours", "minutes", "seconds"), _between_dates),
    **{f"{sign}{unit}": _gone_on for sign in "+-" for unit in ELAPSED},
    "upper": _cased, "lower": _cased,
}  # fmt: skip
