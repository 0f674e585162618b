"""Claims about a model file that somebody has tampered with: each part of its people may be anything. It is refused in
words, or still draws, in time and in cells that its size warrants."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.personal.test_identities import people

from likewise.errors import ModelFileError
from likewise.personal.people import People
from likewise.personal.saved import from_state, to_state

SEMANTICS = {
    "name": "name", "first": "first_name", "last": "last_name", "mail": "email", "user": "username", "phone": "phone",
    "iban": "iban", "street": "street", "line": "address", "postcode": "postcode", "city": "city", "firm": "company",
    "page": "url", "card": "card", "pesel": "national_id",
}  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 1, 0.5, 1e308, float("nan"), float("inf"), 2**31, 2**63, 10**400, "", "x", "{first}" * 9,
    "{nothing}", "#" * 90, "\x00", "A" * 10**6, [], {}, [[]], ["a", "b"], [None], [[["a"]]], {"a": 1},
]  # fmt: skip
GONE, OFTEN, LARGER = "gone", "often", "larger"


@pytest.fixture(scope="module")
def state() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    usual = People.usual(SEMANTICS, locale="de_DE", words={"card": "card", "pesel": "pl_pesel"})
    rows = pl.DataFrame(usual.draw(80, np.random.default_rng(0))).with_columns(birth_date=people(80)["birth_date"])
    again = pl.concat([rows, rows.with_columns(phone=pl.lit(None, dtype=pl.String)), rows[:20]])
    learnt = People.learnt(again, SEMANTICS, least=5, words={"card": "card", "pesel": "pl_pesel"})
    data, arrays = to_state(learnt)
    assert data["holes"]
    assert data["crowd"] != [[1, 1]]
    return json.loads(json.dumps(data)), arrays


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places of a manifest but those in the midst of long lists."""
    if path:
        yield path
    if isinstance(part, dict):
        for key in part:
            yield from places(part[key], (*path, key))
    if isinstance(part, list):
        for at in sorted({0, 1, len(part) - 1} & set(range(len(part)))):
            yield from places(part[at], (*path, at))


def changed(data: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    # Only what lies on the way is copied: the lists of words are long.
    data = copy.copy(data)
    inner: Any = data
    for key in path[:-1]:
        inner[key] = copy.copy(inner[key])
        inner = inner[key]
    last, old = path[-1], inner[path[-1]]
    if value is GONE:
        del inner[last]
    elif value is OFTEN:
        inner[last] = (
            old * 2_000 if isinstance(old, list) else {f"{k}{i}": v for i in range(2_000) for k, v in old.items()}
        )
    elif value is LARGER:
        inner[last] = old * 1_000 + 7
    else:
        inner[last] = value
    return data


def refused_or_draws(data: dict[str, Any], arrays: dict[str, np.ndarray], what: object) -> bool:
    begun = time.process_time()
    try:
        people = from_state(data, arrays)
    except ModelFileError:
        return True
    rows = pl.DataFrame(people.draw(40, np.random.default_rng(1)))
    assert len(rows) == 40, what
    longest = [rows[name].cast(pl.String).str.len_chars().max() or 0 for name in rows.columns]
    assert max(longest, default=0) < 3_000, what
    assert time.process_time() - begun < 5, what
    return False


def test_every_part_of_a_manifest_may_be_anything(state: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
    data, arrays = state
    assert not refused_or_draws(data, arrays, "as it was")
    tried, refused = 0, 0
    rng = np.random.default_rng(2)
    for path in places(data):
        old = data
        for key in path:
            old = old[key]
        more = [GONE] + [OFTEN] * (isinstance(old, list | dict) and bool(old)) + [LARGER] * (type(old) in (int, float))
        for at in rng.permutation(len(VALUES))[:3]:
            more.append(VALUES[at])
        for value in more:
            tried += 1
            refused += refused_or_draws(changed(data, path, value), arrays, (path, str(value)[:30]))
    assert tried > 500
    assert 0.5 * tried < refused < tried


def test_every_array_may_be_anything(state: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
    data, arrays = state
    for name, array in arrays.items():
        for other in (
            None, array[:0], array[:1], np.tile(array, 3), array * 0, array[None], array.astype(np.float32),
            array.astype("U8"), array.astype(np.int64) - 2**40, np.full_like(array, np.iinfo(array.dtype).max),
        ):  # fmt: skip
            given = {k: v for k, v in arrays.items() if k != name} | ({} if other is None else {name: other})
            refused_or_draws(data, given, name)


def test_a_file_of_few_bytes_asks_for_no_more(state: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
    data, arrays = state
    for path in (("columns", 0, "remainders"), ("columns", 3, "remainders")):
        for n in (10**9, 2**62, 10**30):
            assert refused_or_draws(changed(data, path, n), arrays, path)
