"""The k-anonymous codec: what a generator is told of the quasi-identifiers is shared by k rows, whoever learns it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likewise as lw
from likewise.codecs.base import Codes
from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.models import MODELS
from likewise.models.base import Fit
from likewise.privacy import codec as codecs
from likewise.privacy.codec import anonymous_codec
from likewise.schema.parse import parse

from ..models.test_contract import FAST_OPTIONS

QUASI = ("age", "town", "born")
K = 8


def people(n: int = 400, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    town = rng.choice(["Bern", "Basel", "Oslo", "Bergen", "Rome"], n, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    frame = pl.DataFrame(
        {
            "age": age,
            "town": town,
            "born": [dt.datetime(1990, 1, 1, 8) + dt.timedelta(hours=int(h)) for h in rng.integers(0, 90_000, n)],
            "pay": np.round(rng.gamma(3, 900, n) + age * 10, 2),
            "ill": np.where(rng.random(n) < age / 160, "heart", "flu"),
        }
    )
    holes = pl.Series(rng.random(n) < 0.1)
    return frame.with_columns(pl.when(holes).then(None).otherwise(pl.col("town")).alias("town"))


def schema_of(frame: pl.DataFrame, names: tuple[str, ...] = QUASI) -> lw.Schema:
    schema = lw.infer(frame)
    for name in names:
        schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
    return schema


def fields_of(codec: TableCodec, names: tuple[str, ...] = QUASI) -> list[int]:
    return [at for name in names for at in codec.fields_of(name)]


def smallest(codes: Codes, fields: list[int]) -> int:
    """The slow count: tuples in a dictionary."""
    return min(Counter(map(tuple, codes.codes[:, fields].tolist())).values())


# ---- the promise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", sorted(MODELS))
def test_whatever_learns_sees_combinations_of_k_rows(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Codes] = []
    learn = MODELS[model].fit

    def spy(self: Any, fit: Fit) -> Any:
        shown.extend([fit.rows(), fit.holdout])
        return learn(self, fit)

    monkeypatch.setattr(MODELS[model], "fit", spy)
    frame = people()
    synth = lw.Synthesizer(
        model, schema=schema_of(frame), codec=CodecOptions(k_anonymous=K), random_state=0, **FAST_OPTIONS.get(model, {})
    ).fit(frame)
    train, holdout = shown
    fields = fields_of(synth.codec_)
    assert smallest(train, fields) >= K
    assert {tuple(row) for row in holdout.codes[:, fields]} <= {tuple(row) for row in train.codes[:, fields]}
    assert all(synth.codec_.alphabet.fields[j].fraction is None for j in fields)

    where = {"age": lw.between(30, 50), "town": "Bern"}
    rows = synth.sample(50, where=where, random_state=1)
    assert rows["age"].is_between(30, 50).all()
    assert set(rows["town"]) == {"Bern"}
    partial = rows.with_columns(pl.when(pl.int_range(50) % 2 == 0).then("age").alias("age"), town=None)
    filled = synth.complete(partial.select("age", "town", "pay"), random_state=2)
    assert filled.select("age", "town").null_count().sum_horizontal().item() == 0
    synth.save(tmp_path / "model.likewise")
    loaded = lw.load(tmp_path / "model.likewise")
    assert loaded.sample(40, random_state=3).equals(synth.sample(40, random_state=3))
    again = loaded.codec_.encode(parse(frame, loaded.schema_))
    assert np.array_equal(again.codes, synth.codec_.encode(parse(frame, synth.schema_)).codes)


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([None, 1, 2, 3, 9, 40]), st.sampled_from(["a", "b", None, "c", "d"]), st.booleans()),
        min_size=2, max_size=60,
    ),
    k=st.integers(2, 9),
)  # fmt: skip
def test_any_table_is_told_k_anonymously(rows: list[Any], k: int) -> None:
    columns = {"x": pl.Int64, "y": pl.String, "z": pl.Boolean}
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    kinds: Any = {"x": lw.Kind.INTEGER, "y": lw.Kind.CATEGORICAL, "z": lw.Kind.BOOLEAN}
    schema = lw.infer(frame, overrides=kinds)
    for name in columns:
        schema = schema.replace(name, role=lw.Role.QUASI_IDENTIFIER)
    table = parse(frame, schema)
    if len(rows) < k:
        with pytest.raises(lw.PrivacyError, match="more than the"):
            anonymous_codec(table, schema, CodecOptions(k_anonymous=k))
        return
    codec = anonymous_codec(table, schema, CodecOptions(k_anonymous=k))
    codes = codec.encode(table)
    fields = fields_of(codec, tuple(columns))
    assert smallest(codes, fields) >= k
    assert (codes.codes < np.array(codec.alphabet.sizes)).all()
    # The cell that a row is told holds the row's own code, and what is drawn for it.
    assert codec.cells is not None
    own, drawn = codec.own_codes(table), codec.cells.split(codes, codec.own_alphabet, np.random.default_rng(0))
    for part in codec.cells.fields:
        first, last = part.runs[codes.codes[:, part.field]].T
        for code in (own.codes[:, part.field], drawn.codes[:, part.field]):
            assert ((first <= code) & (code <= last)).all()


def test_every_level_and_value_that_is_kept_has_k_rows_itself() -> None:
    frame = people().with_columns(rank=pl.Series(["general"] * 6 + ["private"] * 394))
    names = ("age", "rank")
    schema = schema_of(frame, names)
    for said in (schema, schema.replace("rank", levels=("general", "private"))):
        codec = anonymous_codec(frame, said, CodecOptions(k_anonymous=20, protect=False))
        told = codec.decode(codec.encode(frame), rng=np.random.default_rng(0))
        assert set(told["rank"]) == {"private"}
    ages = frame["age"].sort()
    assert ages[19] <= told["age"].min()  # type: ignore[operator]
    assert told["age"].max() <= ages[-20]  # type: ignore[operator]


def test_a_search_gone_wrong_is_caught_on_the_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    right = codecs.mondrian
    monkeypatch.setattr(codecs, "mondrian", lambda columns, *_, **__: right(columns, 1, lambda sizes, *_: sizes >= 1))
    with pytest.raises(lw.PrivacyError, match=r"do not keep their promise: \d+ of \d+ combinations"):
        anonymous_codec(people(), schema_of(people()), CodecOptions(k_anonymous=K))


# ---- what is kept --------------------------------------------------------------------------------------------------


def test_shares_and_means_stay_nearly_as_they_were() -> None:
    frame = people(4000)
    codec = anonymous_codec(frame, schema_of(frame), CodecOptions(k_anonymous=K))
    told = codec.decode(codec.encode(frame), rng=np.random.default_rng(0))
    assert told["age"].mean() == pytest.approx(frame["age"].mean(), abs=0.6)
    assert told["age"].std() == pytest.approx(frame["age"].std(), rel=0.05)
    shares = [dict(f["town"].value_counts(normalize=True).iter_rows()) for f in (frame, told)]
    assert {town: round(share, 9) for town, share in shares[1].items()} == pytest.approx(shares[0], abs=0.03)
    # The other columns are as they were, row by row.
    assert told["ill"].equals(frame["ill"])


def test_a_coarser_promise_keeps_less() -> None:
    frame = people(2000)
    same = []
    for k in (2, 20, 200):
        codec = anonymous_codec(frame, schema_of(frame), CodecOptions(k_anonymous=k))
        told = codec.decode(codec.encode(frame), rng=np.random.default_rng(0))
        same.append((told["town"].eq_missing(frame["town"])).mean())
    assert same[0] > same[1] > same[2]  # type: ignore[operator]


def test_missing_stands_alone_where_enough_rows_lack_a_value() -> None:
    frame = people(2000)
    codec = anonymous_codec(frame, schema_of(frame, ("town",)), CodecOptions(k_anonymous=K))
    (at,) = codec.fields_of("town")
    told = codec.encode(frame).codes[:, at]
    assert codec.alphabet.fields[at].missing is not None
    assert np.array_equal(told == codec.alphabet.fields[at].missing, frame["town"].is_null().to_numpy())


# ---- what is refused -----------------------------------------------------------------------------------------------


def test_wrong_orders_are_refused_in_words() -> None:
    frame = people(100)
    options = CodecOptions(k_anonymous=K)
    with pytest.raises(lw.OptionError, match="needs to know the quasi-identifiers"):
        lw.Synthesizer(codec=options, epochs=1).fit(frame)
    with pytest.raises(lw.PrivacyError, match="k_anonymous=91 is more than the 90 rows"):
        lw.Synthesizer(codec=CodecOptions(k_anonymous=91), schema=schema_of(frame), epochs=1).fit(frame)
    with pytest.raises(lw.OptionError, match="does not pay for k_anonymous"):
        lw.Synthesizer("mst", codec=options, privacy=lw.DP(1.0, 1e-6))
    with pytest.raises(lw.OptionError, match="anonymous_codec makes the codec"):
        TableCodec.fit(frame, schema_of(frame), options)
    for wrong in (1, 0, True, 2.5):
        with pytest.raises(lw.OptionError, match="whole number of at least 2"):
            CodecOptions(k_anonymous=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cells.child", lambda a: np.zeros_like(a)),
        ("cells.column", lambda a: a + 7),
        ("cells.told", lambda a: a + 999),
        ("cells.0.runs", lambda a: a[:, ::-1] - 1),
        ("cells.0.rows", lambda a: a * np.nan),
        ("cells.0.usual", lambda a: a - 5),
        ("cells.fields", lambda a: a + 99),
        ("cells.cut", lambda a: a[:-1]),
    ],
)
def test_damaged_cells_are_refused(name: str, change: Any) -> None:
    codec = anonymous_codec(people(), schema_of(people()), CodecOptions(k_anonymous=K))
    data, arrays = codec.to_state()
    assert TableCodec.from_state(data, arrays).encode(people()).codes.tolist() == codec.encode(people()).codes.tolist()
    with pytest.raises(lw.ModelFileError):
        TableCodec.from_state(data, {**arrays, name: change(arrays[name])})
    with pytest.raises(lw.ModelFileError, match="both or neither"):
        TableCodec.from_state(data, {n: a for n, a in arrays.items() if not n.startswith("cells")})
