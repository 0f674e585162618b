"""Claims about the codec of a whole table."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from likewise.codecs.base import Codes
from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.conditions import Between, OneOf
from likewise.errors import ConditionError, InputError, ModelFileError, OptionError
from likewise.schema.column import Column, Kind, Role, Schema

SCHEMA = Schema(
    (
        Column(name="key", kind=Kind.ID, role=Role.ID),
        Column(name="grade", kind=Kind.CATEGORICAL),
        Column(name="passed", kind=Kind.BOOLEAN),
        Column(name="age", kind=Kind.INTEGER),
        Column(name="gain", kind=Kind.INTEGER),
        Column(name="score", kind=Kind.REAL, decimals=2),
        Column(name="seen", kind=Kind.DATETIME),
        Column(name="born", kind=Kind.DATETIME),
        Column(name="phone", kind=Kind.TEXT),
    )
)


def redraw(codec: TableCodec, codes: Codes, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return codec.decode(Codes(codes.codes, rng.random(codes.fractions.shape, dtype=np.float32)), rng=rng)


def test_codes_have_the_alphabets_shape_and_type(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA)
    codes = codec.encode(mixed_frame)
    assert codes.codes.shape == (len(mixed_frame), len(codec.alphabet.fields))
    assert codes.codes.dtype == codec.alphabet.code_dtype
    assert codes.fractions.shape == (len(mixed_frame), codec.alphabet.n_fractions)
    assert codes.fractions.dtype == np.float32
    assert (codes.codes.max(axis=0) < codec.alphabet.sizes).all()
    used = [f.fraction for f in codec.alphabet.fields if f.fraction is not None]
    assert used == list(range(codec.alphabet.n_fractions))
    assert [len(codec.fields_of(c)) for c in codec.columns] == [0, 1, 1, 1, 1, 1, 2, 1, 1]


def test_positions_rise_with_the_codes_within_zero_and_one(mixed_frame: pl.DataFrame) -> None:
    for field in TableCodec.fit(mixed_frame, SCHEMA).alphabet.fields:
        if field.positions is not None:
            known = field.positions[~np.isnan(field.positions)]
            assert (np.diff(known) > 0).all()
            assert ((known > 0) & (known < 1)).all()


def test_unprotected_low_cardinality_columns_come_back_exactly(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA, protect=False)
    out = codec.decode(codec.encode(mixed_frame), rng=np.random.default_rng(0))
    assert out.schema == mixed_frame.schema
    names = ["grade", "passed", "age", "gain"]
    assert_frame_equal(out.select(names), mixed_frame.select(names))
    assert not set(out["key"]) & set(mixed_frame["key"])


def test_chunks_merge_to_the_whole_codec(mixed_frame: pl.DataFrame) -> None:
    whole = TableCodec.fit(mixed_frame, SCHEMA)
    parts = [TableCodec.summarise(mixed_frame[i : i + 90], SCHEMA) for i in range(0, len(mixed_frame), 90)]
    merged = parts[3].merge(parts[0]).merge(parts[4].merge(parts[2])).merge(parts[1])
    assert merged.n_rows == len(mixed_frame)
    data, arrays = TableCodec.from_summary(merged, SCHEMA).to_state()
    assert data == whole.to_state()[0]
    assert all(np.array_equal(array, whole.to_state()[1][name]) for name, array in arrays.items())


def test_state_survives_json(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA, max_bins=30)
    data, arrays = codec.to_state()
    back = TableCodec.from_state(json.loads(json.dumps(data)), arrays)
    assert back.options == CodecOptions(max_bins=30)
    codes = codec.encode(mixed_frame)
    again = back.encode(mixed_frame)
    assert np.array_equal(codes.codes, again.codes)
    assert np.array_equal(codes.fractions, again.fractions)
    assert_frame_equal(redraw(codec, codes), redraw(back, codes))
    assert [f.size for f in back.alphabet.fields] == list(codec.alphabet.sizes)


def test_tampered_state_is_refused(mixed_frame: pl.DataFrame) -> None:
    data, arrays = TableCodec.fit(mixed_frame, SCHEMA).to_state()
    columns = data["columns"]
    for broken in (
        {},
        {**data, "columns": None},
        {**data, "columns": [*columns, columns[0]]},
        {**data, "columns": [{**columns[0], "codec": "os.system"}]},
        {**data, "columns": [3]},
        {**data, "columns": [{k: v for k, v in columns[1].items() if k != "name"}]},
        {**data, "columns": columns[::-1]},
        {**data, "options": {"max_bins": -1}},
        {**data, "options": {"pickle": 1}},
    ):
        with pytest.raises(ModelFileError):
            TableCodec.from_state(broken, arrays)
    for name, array in arrays.items():
        for changed in (array[:-1], array[:, None], array.astype("U8"), np.zeros(0)):
            with pytest.raises(ModelFileError):
                TableCodec.from_state(data, {**arrays, name: changed})
        without = {k: v for k, v in arrays.items() if k != name}
        with pytest.raises(ModelFileError):
            TableCodec.from_state(data, without)


def test_conditions_hold_in_every_row(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA)
    narrowing = codec.condition({"age": Between(60, 90), "grade": "high", "score": Between(None, 60.25, "left")})
    rng = np.random.default_rng(0)
    n_rows = 4_000
    codes = np.stack([rng.integers(0, size, n_rows) for size in codec.alphabet.sizes], axis=1)
    for at, weights in narrowing.weights.items():
        assert weights.shape == (codec.alphabet.sizes[at],)
        assert ((weights >= 0) & (weights <= 1)).all()
        codes[:, at] = rng.choice(len(weights), n_rows, p=weights / weights.sum())
    fractions = rng.random((n_rows, codec.alphabet.n_fractions), dtype=np.float32)
    out = codec.decode(Codes(codes.astype(np.uint16), fractions), rng=rng, narrowing=narrowing)
    assert out["age"].is_between(60, 90).all()
    assert (out["age"].min(), out["age"].max()) == (60, 90)
    assert (out["grade"] == "high").all()
    assert (out["score"] < 60.25).all()


def test_condition_errors(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA)
    with pytest.raises(ConditionError, match="did you mean 'grade'"):
        codec.condition({"grad": "high"})
    with pytest.raises(ConditionError, match="'key' is an id"):
        codec.condition({"key": "x"})
    with pytest.raises(ConditionError, match="column 'passed': no value is missing"):
        codec.condition({"passed": None})
    with pytest.raises(ConditionError, match="column 'grade'"):
        codec.condition({"grade": OneOf(("lowest",))})


def test_known_cells_are_codes_and_others_open(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA)
    known = codec.encode_known(mixed_frame.select("age", "grade", "seen"))
    whole = codec.encode(mixed_frame).codes
    for name in codec.columns:
        for at in codec.fields_of(name):
            given = name in ("age", "grade", "seen")
            here = mixed_frame[name].is_not_null().to_numpy() & given
            assert (known[here, at] == whole[here, at]).all()
            assert (known[~here, at] == -1).all()


def test_dropped_columns_are_left_out(mixed_frame: pl.DataFrame) -> None:
    schema = Schema(tuple(replace(c, role=Role.DROP) if c.name == "age" else c for c in SCHEMA))
    codec = TableCodec.fit(mixed_frame, schema)
    assert "age" not in codec.columns


def test_a_missing_column_is_named(mixed_frame: pl.DataFrame) -> None:
    with pytest.raises(InputError, match=r"1 columns of the schema are absent from the table: \['age'"):
        TableCodec.fit(mixed_frame.drop("age"), SCHEMA)


def test_one_row_and_no_row(mixed_frame: pl.DataFrame) -> None:
    for n_rows in (0, 1, 4, 6):
        frame = mixed_frame[:n_rows]
        codec = TableCodec.fit(frame, SCHEMA)
        out = redraw(codec, codec.encode(frame))
        assert out.schema == frame.schema
        assert len(out) == n_rows
        shown = set(map(str, out["phone"].drop_nulls())) | set(map(str, out["score"].drop_nulls()))
        assert not shown & (set(frame["phone"]) | set(map(str, frame["score"].drop_nulls())))


def test_only_ids_is_a_table_without_fields() -> None:
    frame = pl.DataFrame({"key": range(9)})
    codec = TableCodec.fit(frame, Schema((Column(name="key", kind=Kind.ID, role=Role.ID),)))
    assert len(codec.decode(codec.encode(frame), rng=np.random.default_rng(0))) == 9


def test_five_hundred_columns_with_odd_names() -> None:
    rng = np.random.default_rng(0)
    names = [f"“{i}” a,b\n'漢' \"q\"" for i in range(500)]
    frame = pl.DataFrame({name: rng.normal(size=300).round(1) for name in names})
    schema = Schema(tuple(Column(name=name, kind=Kind.REAL, decimals=1) for name in names))
    codec = TableCodec.fit(frame, schema)
    assert redraw(codec, codec.encode(frame)).columns == names


def test_same_seed_same_rows(mixed_frame: pl.DataFrame) -> None:
    codec = TableCodec.fit(mixed_frame, SCHEMA)
    codes = codec.encode(mixed_frame)
    assert_frame_equal(redraw(codec, codes, seed=3), redraw(codec, codes, seed=3))


def test_nothing_of_a_single_person_is_in_the_state(mixed_frame: pl.DataFrame) -> None:
    planted = mixed_frame[:1].with_columns(
        grade=pl.lit("Only Me"),
        age=pl.lit(987_654, pl.Int64),
        score=pl.lit(123_456.78),
        phone=pl.lit("漢@home"),
        born=pl.lit(-400_000, pl.Int32).cast(pl.Date),
    )
    codec = TableCodec.fit(pl.concat([mixed_frame, planted]), SCHEMA)
    data, arrays = codec.to_state()
    text = json.dumps(data)
    assert "Only Me" not in text
    assert "@" not in text
    for array in arrays.values():
        assert not np.isin([987_654, 12_345_678, 123_456.78, -400_000, ord("漢")], array).any()


@pytest.mark.parametrize("options", [{"max_bins": 1}, {"atom_share": 0.0}, {"min_rows": 0}, {"bin_pieces": 0}])
def test_options_are_checked(options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        CodecOptions(**options)  # type: ignore[arg-type]
