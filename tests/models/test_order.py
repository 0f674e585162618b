"""In which order the default generator draws columns."""

from __future__ import annotations

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.models.autoregressive.order import FEW_ROWS, drawing_order

SIZES = [200, 40, 3, 100, 2]
"""Of the fields: loose numbers of many codes, numbers that follow a level, the level, numbers that follow, a target."""


def table(n: int, *, ordered: int) -> tuple[Alphabet, Codes]:
    """So many of the fields have an order."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, n)
    columns = [
        rng.integers(0, 200, n), level * 13 + rng.integers(0, 12, n), level, level * 33 + rng.integers(0, 30, n),
        (level == 2).astype(int),
    ]  # fmt: skip
    fields = []
    for j, size in enumerate(SIZES):
        positions = (np.arange(size, dtype=np.float32) + 0.5) / size if j < ordered and size > 3 else None
        fields.append(Field(size=size, positions=positions, emit=np.ones(size, bool)))
    return Alphabet(tuple(fields)), Codes(np.stack(columns, 1), np.zeros((n, 0), np.float32))


def test_few_codes_come_first_but_what_goes_with_no_other_before_all_and_the_target_last() -> None:
    alphabet, codes = table(2_000, ordered=4)
    assert drawing_order(alphabet, codes) == [0, 2, 1, 3, 4]


def test_many_rows_of_numbers_keep_their_own_order() -> None:
    alphabet, codes = table(FEW_ROWS, ordered=4)
    assert drawing_order(alphabet, codes) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("n_fields", [0, 1])
def test_tables_of_hardly_any_column_have_an_order_too(n_fields: int) -> None:
    alphabet, codes = table(50, ordered=4)
    few = Codes(codes.codes[:, :n_fields], codes.fractions)
    assert drawing_order(Alphabet(alphabet.fields[:n_fields]), few) == list(range(n_fields))


def test_under_a_budget_no_row_tells_the_order() -> None:
    alphabet, _ = table(50, ordered=4)
    assert drawing_order(alphabet, None) == [0, 1, 2, 3, 4]
