"""One look at all texts of a short, wide table at once, which tells of most columns what inference need not ask.

To ask Polars costs more than to look at a short column, so what all columns are asked is asked of all texts together.
What a glance tells is what the closer look would tell; where it tells nothing, that is taken.

Legend: k distinct texts of a column, N those of all columns together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.schema.distinct import Counted
from likewise.schema.identifiers.forms import LOOK_AT, has_a_form
from likewise.schema.number_forms import MOST_DECIMALS, MOST_DIGITS, PLAIN, NumberTexts
from likewise.schema.numbers import NumberFormat

FEW_ROWS = 5_000
"""Of a longer table the columns are looked at one by one."""

SOME = 20
"""Texts of a column that are asked for a form: of those that have one, four fifths have it."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Glance:
    """What was seen of one column.

    Args:
        has_token: a text may mean "missing".
        has_digit: a text holds a digit or is a number.
        may_be_personal: some texts have the form of a personal identifier.
        number: how the texts are written as numbers; None where that needs a closer look.
    """

    has_token: bool
    has_digit: bool
    may_be_personal: bool
    number: NumberTexts | None


def glances(counted: Counted, tokens: Sequence[str]) -> dict[str, Glance]:
    """What is seen of the columns of texts; nothing of a long table, or a narrow one.

    Args:
        tokens: texts that may mean "missing".
    """
    table = counted.table
    names = [n for n in table.columns if table.dtype(n) == pl.String] if len(table) <= FEW_ROWS else []
    found_in = zip(names, counted.count(names), strict=True)
    columns = {name: distinct.values for name, distinct in found_in if len(distinct.values)}
    if len(columns) < 2:
        return {}
    lengths, texts = np.array([*map(len, columns.values())]), pl.concat(columns.values())
    starts = np.cumsum(lengths) - lengths
    seen = _seen(texts, tokens)
    any_of = {name: np.logical_or.reduceat(seen[name], starts) for name in ("token", "digit", "fraction", "hidden")}
    all_of = {name: np.logical_and.reduceat(seen[name], starts) for name in ("plain", "grouped")}
    least, most = np.minimum.reduceat(seen["decimals"], starts), np.maximum.reduceat(seen["decimals"], starts)
    n_digits = np.maximum.reduceat(seen["digits"], starts)
    looked_at = [range(i, i + n, max(1, n // SOME)) for i, n in zip(starts, lengths.clip(max=LOOK_AT), strict=True)]
    personal = has_a_form(texts.gather(np.concatenate(looked_at)), [*map(len, looked_at)])
    found = {}
    for j, name in enumerate(columns):
        number, is_even = None, bool(least[j] == most[j])
        # A whole number with a point, a point that may group thousands, or zeros kept at the end of some but not of
        # others, asks for a closer look.
        if all_of["plain"][j] and n_digits[j] <= MOST_DIGITS and most[j] <= MOST_DECIMALS:
            if most[j] == 0:
                number = NumberTexts(format=NumberFormat(most=0), is_whole=True, decimals=None)
            elif any_of["fraction"][j] and not all_of["grouped"][j] and (is_even or not any_of["hidden"][j]):
                fmt = NumberFormat(least=int(least[j]) if is_even else min(int(least[j]), 1), most=int(most[j]))
                number = NumberTexts(format=fmt, is_whole=False, decimals=int(most[j]))
        found[name] = Glance(bool(any_of["token"][j]), bool(any_of["digit"][j]), bool(personal[j]), number)
    return found


def _seen(texts: pl.Series, tokens: Sequence[str]) -> dict[str, npt.NDArray]:  # type: ignore[type-arg]
    """(N,) of each text: whether it is a token, holds a digit, is a plain number without a needless zero or sign, may
    have its thousands grouped by points, has a fraction, ends in a zero behind others; its decimals and digits."""
    text, bare = pl.col("text"), pl.col("bare")
    table = texts.alias("text").to_frame().with_columns(
        bare=text.str.strip_chars(), fraction=text.str.extract(r"\.([0-9]+)$").fill_null("")
    )  # fmt: skip
    decimals = pl.col("fraction").str.len_bytes()
    facts = table.select(
        token=bare.is_in(tokens),
        digit=bare.str.contains(r"\p{Nd}") | bare.str.contains(PLAIN),
        plain=text.str.contains(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"),
        grouped=text.str.contains(r"^-?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(\.[0-9]{3})*)$"),
        fraction=pl.col("fraction").str.contains("[1-9]"),
        hidden=(decimals > 1) & pl.col("fraction").str.ends_with("0"),
        decimals=decimals,
        digits=text.str.len_bytes(),
    )
    return {series.name: series.to_numpy() for series in facts.get_columns()}
