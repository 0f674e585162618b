"""Tables of many columns and columns of many levels: what is laid out stays bounded."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Fit
from likewise.models.drawing.conditioning import CELLS, rows_at_once
from likewise.models.gradient.groups import MANY_FIELDS, grouped_fields

SMALL = {"epochs": 1, "d_embed": 4, "d_hidden": 8}


def columns(rows: np.ndarray) -> tuple[Codes, Alphabet]:
    """Whole numbers as codes in their own order."""
    sizes = rows.max(0) + 1
    fields = (
        Field(size=int(k), emit=np.ones(k, bool), positions=((np.arange(k) + 0.5) / k).astype(np.float32))
        for k in sizes
    )
    return Codes(rows.astype(np.uint8), np.zeros((len(rows), 0), np.float32)), Alphabet(tuple(fields))


def fitted(n_fields: int, n_rows: int = 64) -> Autoregressive:
    codes, alphabet = columns(np.random.default_rng(1).integers(0, 6, (n_rows, n_fields)))
    return Autoregressive(**SMALL).fit(Fit.of(codes, codes[:0], alphabet, rng=np.random.default_rng(2)))


def n_weights(model: Autoregressive) -> int:
    return sum(p.numel() for p in model._fitted().parameters())


def test_weights_grow_with_the_columns_not_with_their_square() -> None:
    few, many = n_weights(fitted(100)), n_weights(fitted(400))
    assert 3.5 < many / few < 4.5


def test_fields_that_follow_one_another_stand_in_one_group() -> None:
    rng, n_groups, size = np.random.default_rng(3), 9, 8
    of = rng.permutation(np.arange(n_groups * size) % n_groups)
    rows = (rng.integers(0, 40, (500, n_groups))[:, of] + rng.integers(0, 20, (500, len(of)))).astype(int)
    order = grouped_fields(*columns(rows), size)
    assert sorted(order) == list(range(len(of)))
    assert all(len(set(of[order[start : start + size]])) == 1 for start in range(0, len(of), size))


def test_a_wide_net_learns_who_follows_whom_across_groups() -> None:
    """Columns of a group follow one of its own; the last columns follow the first ones, groups away."""
    rng, d = np.random.default_rng(4), MANY_FIELDS + 16
    rows = rng.integers(0, 2, (1_000, d))
    rows[:, 40:60] = rows[:, [39]] ^ (rng.random((1_000, 20)) < 0.05)
    rows[:, d - 5 :] = rows[:, :5] ^ (rng.random((1_000, 5)) < 0.05)
    codes, alphabet = columns(rows)
    model = Autoregressive(epochs=12, d_embed=4, d_hidden=8).fit(
        Fit.of(codes, codes[:0], alphabet, rng=np.random.default_rng(5))
    )
    drawn = model.sample(2_000, rng=np.random.default_rng(6)).codes
    assert (drawn[:, 45] == drawn[:, 39]).mean() > 0.8
    assert (drawn[:, d - 3] == drawn[:, 2]).mean() > 0.8


@pytest.mark.parametrize("cells", [1, 100, 5_000, 10**7])
def test_rows_at_once_fill_no_more_than_their_cells(cells: int) -> None:
    assert 1 <= rows_at_once(cells) <= max(1, CELLS // cells)


MANY_LEVELS = """
import json, resource
import numpy as np
from likewise.codecs.base import Alphabet, Codes, Field, Given
from likewise.models.base import Fit
from likewise.models.autoregressive.model import Autoregressive

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

rng, k = np.random.default_rng(0), 5000
codes = np.stack([rng.integers(0, k, 600), rng.integers(0, 3, 600), rng.integers(0, 3, 600)], 1).astype(np.uint16)
alphabet = Alphabet(tuple(Field(size=size, emit=np.ones(size, bool)) for size in (k, 3, 3)))
nothing = np.zeros((600, 0), np.float32)
rows, none = Codes(codes, nothing), Codes(codes[:0], nothing[:0])
model = Autoregressive(epochs=1, batch_size=64).fit(Fit.of(rows, none, alphabet, rng=rng))
few, one = np.zeros(k), np.array([1.0, 0, 0])
few[:3] = 1
known = np.full((500, 3), -1)
known[:, 2] = 1
before = peak()
model.sample(500, rng=rng, given=Given(known, {0: few, 1: one}))
known_rows = peak() - before
model.sample(2000, rng=rng, given=Given(weights={0: few, 1: one}, max_tries=2000))
print(json.dumps({"known": known_rows, "rare": peak() - before}))
"""


def test_joint_conditions_on_thousands_of_levels_take_little_memory() -> None:
    """They took 3,300 MB."""
    done = subprocess.run([sys.executable, "-c", MANY_LEVELS], capture_output=True, text=True, check=True)
    assert all(megabytes < 300 for megabytes in json.loads(done.stdout).values())
