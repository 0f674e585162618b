"""Texts put together of parts, many at a time, and shares of what many people write alike.

Legend: n rows, c classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

_HOLE = re.compile(r"\{(\w+)\}")


def filled(template: str, parts: Mapping[str, pl.Series], n: int) -> pl.Series:
    """(n,) a template such as "{first} {last}" with its parts put in."""
    made, at = [], 0
    for hole in _HOLE.finditer(template):
        if literal := template[at : hole.start()]:
            made.append(pl.lit(literal))
        made.append(pl.lit(parts[hole[1]].alias("")))
        at = hole.end()
    if template[at:] or not made:
        made.append(pl.lit(template[at:]))
    text = pl.select(pl.concat_str(made)).to_series()
    return text if len(text) == n else text.new_from_index(0, n)


def by_class(which: npt.NDArray[np.int64], made: Sequence[pl.Series]) -> pl.Series:
    """(n,) texts that were made class by class, in the order of the rows."""
    order = np.argsort(which, kind="stable")
    back = np.empty(len(which), np.int64)
    back[order] = np.arange(len(which))
    return pl.concat([*made, pl.Series([], dtype=pl.String)]).gather(back)


def taken(words: Sequence[str], at: npt.NDArray[np.int64]) -> pl.Series:
    """(n,) the words at these places."""
    return pl.Series(list(words), dtype=pl.String).gather(at)


def shared(classes: pl.Series, whose: pl.Series | None, least: int) -> dict[str, float]:
    """Class -> its share of the rows, of those that enough people have, in order of their frequency.

    Args:
        classes: (n,) a text each; null counts for nothing.
        whose: (n,) whose each row is; None makes each row somebody's own.
        least: people who must stand behind a class.
    """
    table = pl.DataFrame({"c": classes.alias("c"), "w": range(len(classes)) if whose is None else whose})
    found = (
        table.drop_nulls("c").group_by("c").agg(rows=pl.len(), held=pl.col("w").n_unique())
        .filter(pl.col("held") >= least).sort("rows", "c", descending=[True, False])
    )  # fmt: skip
    total = found["rows"].sum()
    return {c: rows / total for c, rows in zip(found["c"], found["rows"], strict=True)}


def digits_in(template: str, numbers: npt.NDArray[np.int64]) -> pl.Series:
    """(n,) numbers as texts, their digits in place of the # of a template, with zeros in front.

    Example:
        >>> digits_in("+## (#) ##", np.array([12345])).to_list()
        ['+12 (3) 45']
    """
    width = template.count("#")
    digits = pl.Series(numbers).cast(pl.String).str.zfill(width)
    return poured(template, digits)


def poured(template: str, digits: pl.Series) -> pl.Series:
    """(n,) characters in place of the # of a template; of more characters, these at the last place."""
    parts, at, width = [], 0, template.count("#")
    for run in re.findall(r"#+|[^#]+", template):
        if run[0] == "#":
            last = at + len(run) == width
            parts.append(pl.lit(digits.alias("")).str.slice(at, None if last else len(run)))
            at += len(run)
        else:
            parts.append(pl.lit(run))
    return pl.select(pl.concat_str(parts)).to_series()
