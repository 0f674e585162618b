"""No column of a table is taken for one that the library makes for itself, whatever it is called."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import likewise as lw

SOURCE = Path(lw.__file__).parent
_MADE = re.compile(r'(?:alias|with_row_index|pl\.col|rename|len)\("([A-Za-z_]\w*)"|(?:with_columns|agg|select)\((\w+)=')
NAMES = sorted(
    {a or b for path in SOURCE.rglob("*.py") for a, b in _MADE.findall(path.read_text(encoding="utf-8"))}
    | {"len", "count", "literal", "index", "row_nr", "n_rows_", "__index_level_0__", "values", "size", "level", "n"}
)
N = 120


def _table(names: list[str]) -> pl.DataFrame:
    """Columns of levels and of numbers by turns."""
    rng = np.random.default_rng(0)
    columns = [rng.choice(list("abc"), N) if i % 2 else rng.integers(0, 40, N) for i in range(len(names))]
    return pl.DataFrame(dict(zip(names, columns, strict=True)))


def _calls(table: pl.DataFrame, names: list[str]) -> Any:
    number, level, other = names[0], names[1], names[2]
    synth = lw.Synthesizer("copula", random_state=0).fit(table)
    fake = synth.sample(N, where={level: ["a", "b"]})
    holed = lw.impute.simulate_missing(table, "mcar", 0.2, random_state=0)
    synth.complete(holed)
    lw.Imputer("copula", random_state=0).fit_transform(holed)
    lw.evaluate(table, fake, holdout=table, target=level, measures=["accuracy", "attacks"])
    yield from (
        lw.privacy.anonymize(table, quasi_identifiers=[level], k=3, sensitive=[other], t=0.9),
        lw.privacy.anonymize(table, quasi_identifiers=[number, level], k=3, sensitive=[names[3]], l=2),
        lw.Scenario("copula", random_state=0).fit(table).sample(20, mix={level: {"a": 0.5}}),
        lw.scenario.Paths([number], random_state=0).fit(table),
    )


@pytest.mark.parametrize("start", range(0, len(NAMES), 8))
def test_columns_named_as_helpers_are_read_as_others_are(start: int) -> None:
    names = [NAMES[(start + i) % len(NAMES)] for i in range(8)]
    plain = [f"c{i}" for i in range(8)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        list(_calls(_table(names), names))
        odd, usual = (lw.infer(_table(of)) for of in (names, plain))
    if not any(column.kind is lw.Kind.ID or column.role is lw.Role.ENTITY for column in odd):
        assert [c.kind for c in odd] == [c.kind for c in usual]
