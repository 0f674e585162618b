"""Claims about keys: always new, always unique, never one of the real ones."""

from __future__ import annotations

import uuid

import numpy as np
import polars as pl
import pytest

from likewise.codecs.column import CodecOptions
from likewise.codecs.ids import IdCodec, summarise_ids
from likewise.errors import ConditionError, ModelFileError
from likewise.schema.column import Column, Kind, Role

COLUMN = Column(name="key", kind=Kind.ID, role=Role.ID)
LETTERS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
ALNUM = list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
KEYS = {
    "1..n": pl.Series("key", range(1, 1_001)),
    "gaps": pl.Series("key", np.unique(np.random.default_rng(0).integers(0, 10**9, 1_000))),
    "small type": pl.Series("key", range(200), dtype=pl.UInt8),
    "negative": pl.Series("key", range(-500, -100)),
    "top of int64": pl.Series("key", range(2**63 - 1_000, 2**63 - 1)),
    "both ends": pl.Series("key", [-(2**63), 2**63 - 1, 5]),
    "uint64": pl.Series("key", range(2**64 - 100, 2**64 - 1), dtype=pl.UInt64),
    "float": pl.Series("key", [1.0, 2.0, 3.0]),
    "uuid": pl.Series("key", [str(uuid.UUID(bytes=np.random.default_rng(i).bytes(16), version=4)) for i in range(500)]),
    "UUID": pl.Series("key", [str(uuid.UUID(bytes=np.random.default_rng(i).bytes(16))).upper() for i in range(500)]),
    "bracketed UUID": pl.Series(
        "key", [f"{{{uuid.UUID(bytes=np.random.default_rng(i).bytes(16))}}}" for i in range(90)]
    ),
    "hardware address": pl.Series("key", [np.random.default_rng(i).bytes(6).hex(":").upper() for i in range(90)]),
    "token": pl.Series("key", ["s_" + "".join(row) for row in np.random.default_rng(0).choice(ALNUM, (90, 22))]),
    "capital token": pl.Series("key", ["".join(row) for row in np.random.default_rng(0).choice(ALNUM[:36], (90, 16))]),
    "hash": pl.Series("key", [np.random.default_rng(i).bytes(32).hex() for i in range(90)]),
    "counter": pl.Series("key", [f"C{i:05d}" for i in range(2_000)]),
    "roomy": pl.Series("key", ["".join(row) for row in np.random.default_rng(0).choice(LETTERS, (500, 16))]),
    "names": pl.Series("key", [f"{'x' * (i % 50)}-{i}" for i in range(300)]),
    "one": pl.Series("key", ["only"]),
    "none": pl.Series("key", [], dtype=pl.String),
}


def fit(series: pl.Series) -> IdCodec:
    return IdCodec.from_summary(summarise_ids(series), COLUMN, CodecOptions())


def draw(codec: IdCodec, n: int, seed: int = 0) -> pl.Series:
    return codec.decode(np.zeros((n, 0)), np.zeros((n, 0)), np.random.default_rng(seed))


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("n_rows", [0, 1, 5_000])
def test_keys_are_unique_and_never_real(keys: pl.Series, n_rows: int) -> None:
    out = draw(fit(keys), n_rows)
    assert len(out) == n_rows
    assert out.n_unique() == n_rows
    assert out.null_count() == 0
    assert not set(out) & set(keys)


def test_keys_look_like_the_real_ones() -> None:
    assert draw(fit(KEYS["1..n"]), 3).to_list() == [10_000, 10_001, 10_002]
    assert draw(fit(KEYS["counter"]), 2).to_list() == ["C10000", "C10001"]
    assert draw(fit(KEYS["roomy"]), 100).str.contains("^[A-Z]{16}$").all()
    assert draw(fit(KEYS["uuid"]), 100).str.contains("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]").all()
    assert draw(fit(KEYS["UUID"]), 100).str.contains("^[0-9A-F-]{36}$").all()
    assert (
        draw(fit(KEYS["bracketed UUID"]), 100).str.contains("^[{][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[}]$").all()
    )
    assert draw(fit(KEYS["hardware address"]), 100).str.contains("^[0-9A-F]{2}(:[0-9A-F]{2}){5}$").all()
    assert draw(fit(KEYS["hash"]), 100).str.contains("^[0-9a-f]{64}$").all()
    assert draw(fit(KEYS["token"]), 100).str.contains("^s_[0-9A-Za-z]{22}$").all()
    assert draw(fit(KEYS["capital token"]), 100).str.contains("^[0-9A-Z]{16}$").all()
    assert draw(fit(KEYS["1..n"]), 3).dtype == pl.Int64
    assert draw(fit(KEYS["float"]), 3).dtype == pl.Float64


def test_missing_keys_stay_as_frequent() -> None:
    keys = pl.Series("key", [None, *range(9)] * 10)
    assert draw(fit(keys), 10_000).null_count() == pytest.approx(1_000, abs=120)


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_chunks_merge_to_the_whole_codec(keys: pl.Series) -> None:
    merged = summarise_ids(keys[:7]).merge(summarise_ids(keys[7:]))
    a, b = fit(keys).to_state(), IdCodec.from_summary(merged, COLUMN, CodecOptions()).to_state()
    assert a[0] == b[0]
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])


def test_a_column_of_ids_has_no_field_and_takes_no_condition() -> None:
    codec = fit(KEYS["uuid"])
    assert codec.fields == ()
    assert codec.encode(KEYS["uuid"]).codes.shape == (500, 0)
    with pytest.raises(ConditionError, match="column 'key' is an id"):
        codec.narrow(None)


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_state_round_trip_and_tampered_state(keys: pl.Series) -> None:
    codec = fit(keys)
    data, arrays = codec.to_state()
    data = {**data, "name": "key"}
    assert draw(IdCodec.from_state(data, arrays), 50).equals(draw(codec, 50))
    for key, value in (("form", "sql"), ("start", "1"), ("missing_share", 2.0), ("prefix", None)):
        with pytest.raises(ModelFileError):
            IdCodec.from_state({**data, key: value}, arrays)


def test_keys_of_digits_are_no_real_key_even_when_read_as_numbers() -> None:
    keys = pl.Series("id", [str(i) for i in range(1, 60)])
    codec = IdCodec.from_summary(summarise_ids(keys), Column(name="id", kind=Kind.ID, role=Role.ID), CodecOptions())
    made = codec.decode(np.zeros((200, 0)), np.zeros((200, 0)), np.random.default_rng(0))
    assert made.n_unique() == 200
    assert made.cast(pl.Int64).min() > 59


@pytest.mark.parametrize(
    ("pattern", "top", "first", "width"),
    [
        ("P{:04}", 2_999, "P3000", 5),
        ("{:06}", 300, "100000", 6),
        ("{:03}", 850, "900", 3),
        ("K-{:03}", 999, "K-0001", 6),
    ],
)
def test_keys_of_one_width_keep_it_where_there_is_room_above_them(
    pattern: str, top: int, first: str, width: int
) -> None:
    keys = [pattern.format(i) for i in np.random.default_rng(3).permutation(top + 1)[: top // 2]] + [
        pattern.format(top - 1)
    ]
    codec = fit(pl.Series("key", keys))
    made = draw(codec, 90)
    assert made[0] == first
    assert set(made.str.len_chars()) == {width}
    many = draw(codec, 10_000)  # more than there is room for: then they grow
    assert many.n_unique() == 10_000
    assert not set(many) & set(keys)
    data, arrays = codec.to_state()
    assert draw(IdCodec.from_state({**data, "name": "key"}, arrays), 90).equals(made)


@pytest.mark.parametrize("tail", [".0", ".00", ",0"])
def test_keys_that_a_program_has_written_as_amounts_keep_their_nought(tail: str) -> None:
    keys = pl.Series("key", [f"{1_000 + 7 * k}{tail}" for k in range(300)])
    codec = IdCodec.from_summary(summarise_ids(keys), COLUMN, CodecOptions())
    made = draw(codec, 200)
    assert made.str.contains(rf"^\d{{4}}{tail.replace('.', '[.]')}$").all()
    assert not made.is_in(keys.to_list()).any()


def test_colours_keep_their_mark_and_are_new() -> None:
    keys = pl.Series("colour", [f"#{k * 7_919_999 % 2**24:06X}" for k in range(1, 301)])
    made = draw(IdCodec.from_summary(summarise_ids(keys), COLUMN, CodecOptions()), 200)
    assert made.str.contains("^#[0-9A-F]{6}$").all()
    assert not made.is_in(keys.to_list()).any()
