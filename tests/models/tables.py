"""Small tables that every generator must learn: what is odd about each is its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from likewise.codecs.base import Alphabet, Codes
from likewise.codecs.table import TableCodec
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse

from ..conftest import make_mixed_frame


def _one_row() -> pl.DataFrame:
    return pl.DataFrame({"a": ["x"], "b": [1.5], "c": [3]})


def _one_column() -> pl.DataFrame:
    return pl.DataFrame({"a": np.random.default_rng(1).choice(["x", "y", "z"], 60)})


def _constant_column() -> pl.DataFrame:
    return pl.DataFrame({"a": ["x"] * 60, "b": np.random.default_rng(2).integers(0, 30, 60)})


def _all_missing_column() -> pl.DataFrame:
    return pl.DataFrame(
        {"a": pl.Series([None] * 60, dtype=pl.String), "b": np.random.default_rng(3).choice(["u", "v"], 60)}
    )


def _many_levels() -> pl.DataFrame:
    levels = np.random.default_rng(4).permutation(10_000)
    return pl.DataFrame({"a": [f"level {i}" for i in levels], "b": levels % 3})


def _forty_columns() -> pl.DataFrame:
    rng = np.random.default_rng(5)
    words = {f"w{i}": rng.choice(["p", "q", "r"], 80) for i in range(20)}
    return pl.DataFrame(words | {f"x{i}": rng.normal(size=80) for i in range(20)})


def _only_categorical() -> pl.DataFrame:
    rng = np.random.default_rng(6)
    a = rng.integers(0, 4, 300)
    return pl.DataFrame({"a": a, "b": (a + rng.integers(0, 2, 300)) % 4, "c": rng.integers(0, 3, 300)}).cast(pl.String)


def _only_numeric() -> pl.DataFrame:
    x = np.random.default_rng(7).normal(size=(200, 3))
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 0] + x[:, 1], "c": np.exp(x[:, 2])})


def _rare_levels() -> pl.DataFrame:
    rng = np.random.default_rng(8)
    rare = [f"rare {i}" for i in range(12)]
    return pl.DataFrame({"a": [*rng.choice(["x", "y"], 108), *rare], "b": rng.integers(0, 40, 120)})


def _only_keys() -> pl.DataFrame:
    """No field at all is left to learn."""
    return pl.DataFrame({"key": range(1000, 1060)})


def _duplicated_rows() -> pl.DataFrame:
    return pl.DataFrame({"a": ["x", "y"] * 50, "b": [1.5, 2.5] * 50, "c": [True, False] * 50})


TABLES: dict[str, Callable[[], pl.DataFrame]] = {
    "mixed": lambda: make_mixed_frame(200),
    "one_row": _one_row,
    "one_column": _one_column,
    "constant_column": _constant_column,
    "all_missing_column": _all_missing_column,
    "many_levels": _many_levels,
    "forty_columns": _forty_columns,
    "only_categorical": _only_categorical,
    "only_numeric": _only_numeric,
    "rare_levels": _rare_levels,
    "duplicated_rows": _duplicated_rows,
    "only_keys": _only_keys,
}

_DECLARED = {
    "many_levels": Schema((Column(name="a", kind=Kind.CATEGORICAL), Column(name="b", kind=Kind.INTEGER))),
    "only_categorical": Schema(tuple(Column(name=c, kind=Kind.CATEGORICAL) for c in "abc")),
}
_UNPROTECTED = ("one_row", "many_levels")
MOST_ROWS = 1000  # to learn from, though the alphabet is made from all rows


@dataclass(frozen=True)
class Coded:
    """A table as codes: all of it, and the parts to learn from and to hold out."""

    alphabet: Alphabet
    train: Codes
    holdout: Codes


@cache
def coded(table: str) -> Coded:
    frame = TABLES[table]()
    schema = _DECLARED.get(table) or infer(frame)
    canonical = parse(frame, schema)
    codec = TableCodec.fit(canonical, schema, protect=table not in _UNPROTECTED)
    codes = codec.encode(canonical)
    n_holdout = min(len(frame) // 10, MOST_ROWS)
    return Coded(codec.alphabet, codes[n_holdout : n_holdout + MOST_ROWS], codes[:n_holdout])
