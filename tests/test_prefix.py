"""n rows are the first n of any more: with every model, under conditions and rules, keys and people too, in parts and
whoever draws them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from likewise.codecs.ids import BATCH, different, one_by_one
from likewise.codecs.table import TableCodec
from likewise.models import MODELS
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.streams import BLOCK, SPAN, Span, Streams, blocks_in

from .conftest import make_mixed_frame
from .models.test_contract import FAST_OPTIONS

ASKED: dict[str, dict[str, Any]] = {
    "freely": {},
    "one": {"grade": "high"},
    "several": {"grade": "high", "age": lw.above(60), "passed": True},
}
MANY = 2_100
"""Rows of three blocks at least, whatever is asked."""


@cache
def fitted(model: str) -> lw.Synthesizer:
    return lw.Synthesizer(model, random_state=0, **FAST_OPTIONS.get(model, {})).fit(make_mixed_frame(300))


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("asked", ASKED)
def test_rows_are_the_first_of_more_with_every_model(model: str, asked: str) -> None:
    synth, where = fitted(model), ASKED[asked] or None
    try:
        more = synth.sample(MANY, where=where, random_state=4)
    except lw.ConditionError:
        more = synth.sample(300, where=where, random_state=4)
    for n in (1, 37, min(1_500, len(more))):
        assert synth.sample(n, where=where, random_state=4).equals(more.head(n))
    parts = list(synth.sample_parts(len(more), part=130, where=where, random_state=4))
    assert {len(part) for part in parts[:-1]} == {130}
    assert pl.concat(parts).equals(more)
    assert not synth.sample(30, where=where, random_state=5).equals(more.head(30))


def test_rows_under_rules_are_the_first_of_more() -> None:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 50, 400)
    table = pl.DataFrame({"low": low, "high": low + rng.integers(0, 9, 400), "code": rng.permutation(4_000)[:400]})
    for rules in (["low <= high"], ["low <= high", "unique(code)"]):
        synth = lw.Synthesizer("copula", random_state=0, rules=rules).fit(table)
        more = synth.sample(200, random_state=3)
        assert (more["low"] <= more["high"]).all()
        assert synth.sample(70, random_state=3).equals(more.head(70))
        assert synth.sample(9, where={"low": lw.above(20)}, random_state=3).equals(
            synth.sample(30, where={"low": lw.above(20)}, random_state=3).head(9)
        )


PEOPLE = {
    "email": "email", "name": "name", "phone": "phone", "iban": "iban", "street": "address", "user": "username",
}  # fmt: skip


@pytest.mark.parametrize("repeat", [False, True])
def test_made_people_are_the_first_of_more(repeat: bool) -> None:
    n = 240
    who = np.arange(n) // 3 if repeat else np.arange(n)
    table = pl.DataFrame(
        {
            "name": [f"Ada{chr(97 + i % 26)} Smith{chr(97 + i // 26)}" for i in who],
            "email": [f"ada.smith{i}@mail.com" for i in who],
            "user": [f"ada{i}" for i in who],
            "phone": [f"+1 202 555 {i:04d}" for i in who],
            "iban": [f"DE{i % 90 + 10}50010517{i:010d}" for i in who],
            "street": [f"{i} High Street" for i in who],
            "sex": np.where(who % 3 == 0, "male", "female"),
        }
    )
    columns = [Column(name=n, kind=Kind.ID, role=Role.ID, dtype="String", semantic=s) for n, s in PEOPLE.items()]
    schema = Schema((*columns, Column(name="sex", kind=Kind.CATEGORICAL, dtype="String", semantic="gender")))
    codec = TableCodec.fit(table, schema)
    rows = pl.concat([table] * 10).select("sex")
    more = codec.keys(rows, Span(Streams(5), 0, n))
    assert set(more.columns) == set(PEOPLE)
    for few in (1, 50, 1_300):
        assert codec.keys(rows.head(few), Span(Streams(5), 0, n)).equals(more.head(few))
    if not repeat:
        later = codec.keys(rows, Span(Streams(5), 3, n))
        both = pl.concat([more, later])
        for name in set(both.columns) & {"email", "phone", "iban", "user", "name"}:
            assert both[name].n_unique() == len(both), name


KEYS = {
    "number": [str(i) for i in range(300)],
    "uuid": None,
    "hex": None,
    "pattern": [f"{a}-{i * 7919 % 10**7:07d}-{i % 9}" for i, a in enumerate("AB" * 150)],
    "tight": [f"{i * 37 % 10_000:04d}" for i in range(300)],
    "letters": None,
}


@cache
def keys_like(kind: str) -> TableCodec:
    rng = np.random.default_rng(1)
    texts = KEYS[kind]
    if kind == "uuid":
        parts = zip(*(rng.integers(0, 16**k, 300) for k in (8, 4, 3, 3, 12)), strict=True)
        texts = [f"{a:08x}-{b:04x}-4{c:03x}-8{d:03x}-{e:012x}" for a, b, c, d, e in parts]
    elif kind == "hex":
        texts = [f"{a:08x}{b:08x}" for a, b in rng.integers(0, 2**32, (300, 2))]
    elif kind == "letters":
        texts = ["".join(row) for row in rng.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), (300, 9))]
    assert texts is not None
    series = pl.Series("key", list(map(int, texts)) if kind == "number" else texts)
    dtype = "Int64" if kind == "number" else "String"
    schema = Schema(
        (
            Column(name="key", kind=Kind.ID, role=Role.ID, dtype=dtype),
            Column(name="x", kind=Kind.INTEGER, dtype="Int64"),
        )
    )
    return TableCodec.fit(series.to_frame().with_columns(x=1), schema)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_are_the_first_of_more_and_of_no_other_span(kind: str) -> None:
    codec = keys_like(kind)
    rows = pl.DataFrame({"x": np.ones(3_000, np.int64)})
    spans = [codec.keys(rows, Span(Streams(2), number))["key"] for number in (0, 1, 7)]
    for few in (1, 40, 1_500):
        assert codec.keys(rows.head(few), Span(Streams(2), 0))["key"].equals(spans[0].head(few))
    assert pl.concat(spans).n_unique() == 9_000


@given(st.integers(0, 40_000), st.integers(0, 3))
def test_blocks_do_not_hang_on_how_many_rows_there_are(n: int, doubled: int) -> None:
    least = 2 ** (4 + doubled)
    blocks, more = list(blocks_in(n, least)), list(blocks_in(2 * SPAN, least))
    assert blocks == more[: len(blocks)]
    assert n <= sum(size for *_, size in blocks) < 2 * max(n, least) + BLOCK
    assert any(start == SPAN for _, start, _ in more)


@settings(max_examples=20)
@given(st.integers(1, 5_000), st.integers(0, 5_000))
def test_batches_do_not_hang_on_how_many_values_there_are(n: int, further: int) -> None:
    def draw(size: int, rng: np.random.Generator) -> pl.Series:
        return pl.Series("", rng.integers(0, 6_000, size)).cast(pl.String)

    span = Span(Streams(3))
    for how in (one_by_one, different):
        assert how(n, draw, span).equals(how(n + further, draw, span).head(n))
    found = different(n, draw, span)
    assert found.n_unique() == len(found)
    assert len(found) == n or len(found) > 4 * BATCH


def test_parts_written_by_workers_are_what_is_drawn(tmp_path: Path) -> None:
    """Of two spans, so that an order and a border show."""
    synth = fitted("copula")
    n = SPAN + 3_000
    rows = synth.sample(n, random_state=6)
    assert rows["key"].n_unique() == n
    paths = [tmp_path / name for name in ("here.parquet", "there.parquet", "here.csv", "there.csv")]
    for path in paths:
        asked: dict[str, Any] = {"engine": "processes", "workers": 2} if path.stem == "there" else {}
        assert synth.sample(n, random_state=6, to=path, **asked) == path
    assert pl.read_parquet(paths[0]).equals(rows)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[2].read_bytes() == paths[3].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted(paths)
