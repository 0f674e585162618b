"""Claims about numbers: the distribution comes back, the round trip holds, no single row's value is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from likewise.codecs.column import CodecOptions
from likewise.codecs.lattice import Lattice
from likewise.codecs.numbers import NumberCodec, summarise_numbers
from likewise.conditions import Between, Missing, OneOf
from likewise.errors import ConditionError, InputError, ModelFileError, SchemaError
from likewise.schema.column import Column, Kind


def fit(series: pl.Series, kind: Kind, *, decimals: int | None = None, **options: object) -> NumberCodec:
    bounds = options.pop("bounds", None)
    column = Column(name=series.name, kind=kind, decimals=decimals, bounds=bounds)  # type: ignore[arg-type]
    return NumberCodec.from_summary(summarise_numbers(series, kind), column, CodecOptions(**options))  # type: ignore[arg-type]


def ks(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """The greatest distance between the two distribution functions."""
    return float(ks_2samp(a, b, method="asymp").statistic)


def redraw(codec: NumberCodec, series: pl.Series, seed: int = 0) -> pl.Series:
    """The column with every fraction drawn anew: what a perfect generator would give."""
    rng = np.random.default_rng(seed)
    encoded = codec.encode(series)
    fractions = rng.random(encoded.fractions.shape, dtype=np.float32)
    return codec.decode(encoded.codes, fractions, rng)


def round_trip(codec: NumberCodec, series: pl.Series) -> pl.Series:
    rng = np.random.default_rng(1)
    encoded = codec.encode(series)
    return codec.decode(encoded.codes, encoded.fractions, rng)


ints = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-20, 20)), min_size=1, max_size=200)
floats = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False), st.integers(-20, 20).map(lambda i: i / 4)),
    min_size=1,
    max_size=200,
)
limits = st.one_of(st.none(), st.integers(-30, 30))


@given(ints, st.booleans(), st.sampled_from([3, 8, 256]))
def test_integers_round_trip_within_their_code(values: list[int | None], protect: bool, max_bins: int) -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", values, dtype=pl.Int64)
    codec = fit(series, Kind.INTEGER, protect=protect, max_bins=max_bins)
    first = codec.encode(series)
    back = codec.decode(first.codes, first.fractions, rng)
    again = codec.encode(back)
    assert first.codes.max() < codec.fields[0].size <= max_bins
    assert (first.fractions >= 0).all()
    assert (first.fractions < 1).all()
    assert back.is_null().equals(series.is_null())
    assert (again.codes == first.codes).all()


@given(floats, st.booleans(), st.sampled_from([None, 2]))
def test_reals_round_trip_within_their_code(values: list[float | None], protect: bool, decimals: int | None) -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", values, dtype=pl.Float64, strict=False)
    codec = fit(series, Kind.REAL, protect=protect, decimals=decimals)
    first = codec.encode(series)
    back = codec.decode(first.codes, first.fractions, rng)
    again = codec.encode(back)
    assert np.isfinite(back.drop_nulls().to_numpy()).all()
    assert back.null_count() == series.fill_nan(None).null_count()
    assert (again.codes == first.codes).all()


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.data())
def test_unprotected_low_cardinality_comes_back_exactly(values: list[int], data: st.DataObject) -> None:
    series = pl.Series("x", values, dtype=pl.Int64)
    assert round_trip(fit(series, Kind.INTEGER, protect=False), series).equals(series)


@given(ints, st.integers(0, 200))
def test_integer_chunks_merge_to_the_whole(values: list[int | None], cut: int) -> None:
    series = pl.Series("x", values, dtype=pl.Int64)
    whole = summarise_numbers(series, Kind.INTEGER)
    merged = summarise_numbers(series[:cut], Kind.INTEGER).merge(summarise_numbers(series[cut:], Kind.INTEGER))
    assert (merged.values.tolist(), merged.counts.tolist(), merged.missing) == (
        whole.values.tolist(),
        whole.counts.tolist(),
        whole.missing,
    )
    assert merged.values.dtype == np.int64


@given(floats, st.integers(0, 200))
def test_real_chunks_merge_to_the_whole_codec(values: list[float | None], cut: int) -> None:
    series = pl.Series("x", values, dtype=pl.Float64, strict=False)
    column, options = Column(name="x", kind=Kind.REAL), CodecOptions()
    merged = summarise_numbers(series[cut:], Kind.REAL).merge(summarise_numbers(series[:cut], Kind.REAL))
    a = NumberCodec.from_summary(summarise_numbers(series, Kind.REAL), column, options).to_state()
    b = NumberCodec.from_summary(merged, column, options).to_state()
    assert a[0] == b[0]
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])


def skewed(rng: np.random.Generator, n: int) -> dict[str, tuple[npt.NDArray[np.float64], int | None]]:
    tail = rng.pareto(1.1, n) * 100
    return {
        "normal": (rng.normal(size=n), None),
        "lognormal": (rng.lognormal(0, 2, n), None),
        "zero-inflated": (np.where(rng.random(n) < 0.9, 0.0, rng.exponential(1000, n)), 2),
        "heavy": (tail, 2),
        "rounded": (np.round(rng.normal(50, 10, n), 1), 1),
        "rates": (np.where(rng.random(n) < 0.5, 1 / rng.integers(1, 40, n), rng.random(n) * 0.2), 9),
        "capped": (np.minimum(rng.exponential(100, n), 250.0), 3),
        "hundreds": (np.round(rng.lognormal(8, 1, n), -2), 0),
        "two far clusters": (rng.choice([-1e9, 1e-9], n) * rng.random(n), None),
    }


@pytest.mark.parametrize("n_rows", [60, 500, 8_000])
@pytest.mark.parametrize("shape", list(skewed(np.random.default_rng(0), 1)))
@pytest.mark.parametrize("max_bins", [20, 256])
def test_redrawn_fractions_keep_the_distribution(shape: str, n_rows: int, max_bins: int) -> None:
    values, decimals = skewed(np.random.default_rng(1), n_rows)[shape]
    series = pl.Series("x", values)
    codec = fit(series, Kind.REAL, decimals=decimals, max_bins=max_bins)
    out = redraw(codec, series).to_numpy()
    # what is protected weighs: 2 x 5 rows at the ends, and up to 5 around each rare run
    protected = 2 * 5 / n_rows
    assert ks(values, out) < 0.005 + 1.5 / np.sqrt(n_rows) + protected
    if decimals is not None:
        assert np.array_equal(np.round(out, decimals), out)


@pytest.mark.parametrize("shape", list(skewed(np.random.default_rng(0), 1)))
def test_every_code_stands_on_five_rows(shape: str) -> None:
    values, decimals = skewed(np.random.default_rng(2), 3_000)[shape]
    codec = fit(pl.Series("x", values), Kind.REAL, decimals=decimals)
    assert codec.pieces is not None
    assert codec.pieces.code_count.min() >= 5
    assert codec.pieces.count.sum() == pytest.approx(3_000)


@given(st.lists(st.integers(0, 400), min_size=20, max_size=300), st.sampled_from([4, 16, 256]))
def test_pieces_are_ordered_disjoint_and_kept_values_shared(values: list[int], max_bins: int) -> None:
    series = pl.Series("x", values, dtype=pl.Int64)
    pieces = fit(series, Kind.INTEGER, max_bins=max_bins).pieces
    assert pieces is not None
    assert (pieces.first <= pieces.last).all()
    assert (pieces.first[1:] > pieces.last[:-1]).all()
    assert pieces.code_count.min() >= 5
    ordered = np.sort(values)
    assert pieces.first[0] >= ordered[4] or (np.array(values) == pieces.first[0]).sum() >= 5
    assert pieces.last[-1] <= ordered[-5] or (np.array(values) == pieces.last[-1]).sum() >= 5


def test_a_single_extreme_is_never_drawn() -> None:
    values = np.r_[np.random.default_rng(3).normal(40, 10, 5_000).round(), 1_000_000, -777_777].astype(np.int64)
    series = pl.Series("x", values)
    protected, open_ = fit(series, Kind.INTEGER), fit(series, Kind.INTEGER, protect=False)
    assert redraw(protected, series).max() < 100  # type: ignore[operator]
    assert redraw(protected, series).min() > -20  # type: ignore[operator]
    assert {1_000_000, -777_777} <= set(redraw(open_, series))


def test_range_ends_are_means_of_the_fifth_to_the_ninth_row() -> None:
    values = np.sort(np.random.default_rng(4).normal(size=400))  # too few for tails
    pieces = fit(pl.Series("x", values), Kind.REAL).pieces
    assert pieces is not None
    assert np.allclose((pieces.first[0], pieces.last[-1]), (values[4:9].mean(), values[-9:-4].mean()), rtol=1e-12)


@pytest.mark.parametrize("shape", ["normal", "lognormal", "heavy", "capped", "zero-inflated"])
@pytest.mark.parametrize("n_rows", [9, 12, 13, 40, 3_000])
def test_no_limit_that_is_stored_is_the_value_of_fewer_than_five_rows(shape: str, n_rows: int) -> None:
    values, _ = skewed(np.random.default_rng(41), n_rows)[shape]
    codec = fit(pl.Series("x", values), Kind.REAL)
    assert codec.pieces is not None
    seen, counts = np.unique(values, return_counts=True)
    assert not np.isin(np.r_[codec.pieces.first, codec.pieces.last], seen[counts < 5]).any()


def test_a_rare_value_among_atoms_is_no_atom() -> None:
    values = [10] * 50 + [20] * 50 + [17] * 3 + [30] * 50
    codec = fit(pl.Series("x", values), Kind.INTEGER)
    assert codec.fields[0].size == 3
    assert set(redraw(codec, pl.Series("x", values))) == {10, 20, 30}


def test_rare_values_between_atoms_become_a_bin_that_shows_none_of_them() -> None:
    values = [10] * 50 + [11, 12, 13, 14, 15, 16, 17] + [20] * 50
    codec = fit(pl.Series("x", values), Kind.INTEGER)
    assert codec.fields[0].size == 3
    drawn = set(redraw(codec, pl.Series("x", values)))
    assert drawn <= {10, 13, 14, 15, 20}


@pytest.mark.parametrize("n_rows", range(1, 5))
def test_fewer_than_five_rows_show_a_blurred_middle_only(n_rows: int) -> None:
    series = pl.Series("x", [123_456 + i for i in range(n_rows)])
    assert set(round_trip(fit(series, Kind.INTEGER), series)) == {100_000}


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=4))
def test_fewer_than_five_rows_give_back_no_value_of_theirs(values: list[int]) -> None:
    for series, kind, decimals in (
        (pl.Series("x", values), Kind.INTEGER, None),
        (pl.Series("x", [v / 10 for v in values]), Kind.REAL, 1),
        (pl.Series("x", [v / 7 for v in values]), Kind.REAL, None),
    ):
        assert not set(redraw(fit(series, kind, decimals=decimals), series)) & set(series)


def test_few_rows_with_declared_bounds_draw_within_them() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", [123, 456])
    codec = fit(series, Kind.INTEGER, bounds=(0.0, 1000.0))
    drawn = codec.decode(np.zeros((5_000, 1), np.int64), rng.random((5_000, 1)), rng)
    assert (drawn.min(), drawn.max()) == (0, 1000)


def test_declared_bounds_replace_the_protected_range() -> None:
    values = np.random.default_rng(5).exponential(10, 4_000).round(3)
    series = pl.Series("x", values)
    codec = fit(series, Kind.REAL, decimals=3, bounds=(0.0, 500.0))
    assert codec.pieces is not None
    assert codec.pieces.last[-1] == 500_000
    tight = fit(series, Kind.REAL, decimals=3, bounds=(5.0, 20.0))
    out = redraw(tight, series)
    assert out.is_between(5.0, 20.0).all()
    assert ks(np.clip(values, 5, 20), out.to_numpy()) < 0.01


def test_bounds_without_a_value_between_are_an_error() -> None:
    with pytest.raises(SchemaError, match="'x'"):
        fit(pl.Series("x", [1, 2, 3]), Kind.INTEGER, bounds=(0.2, 0.8))


def test_constant_is_one_code_without_fraction() -> None:
    series = pl.Series("x", [7.25] * 9)
    codec = fit(series, Kind.REAL, decimals=2)
    assert codec.fields[0].size == 1
    assert codec.fields[0].fraction is None
    assert round_trip(codec, series).equals(series)


def test_all_missing_is_one_code() -> None:
    series = pl.Series("x", [None] * 4, dtype=pl.Float64)
    codec = fit(series, Kind.REAL)
    assert codec.fields[0].size == 1
    assert round_trip(codec, series).equals(series)


def test_no_rows_at_all_is_one_code() -> None:
    assert fit(pl.Series("x", [], dtype=pl.Int64), Kind.INTEGER).fields[0].size == 1


def test_missing_is_a_code_of_its_own_outside_the_order() -> None:
    codec = fit(pl.Series("x", [1, 2, None] * 10), Kind.INTEGER)
    (field,) = codec.fields
    assert field.positions is not None
    assert field.positions[:2].tolist() == [0.25, 0.75]
    assert np.isnan(field.positions[2])


def test_nan_is_missing_and_negative_zero_is_zero() -> None:
    series = pl.Series("x", [0.0, -0.0, float("nan"), None] * 10)
    codec = fit(series, Kind.REAL)
    out = round_trip(codec, series)
    assert codec.fields[0].size == 2
    assert out.null_count() == 20
    assert not np.signbit(out.drop_nulls().to_numpy()).any()


def test_infinite_values_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="column 'x': 1 values are infinite"):
        summarise_numbers(pl.Series("x", [1.0, float("inf")]), Kind.REAL)


def test_greatest_doubles_do_not_overflow() -> None:
    series = pl.Series("x", [1e308, -1e308, 1.7e308, 0.0] * 40 + list(np.linspace(-1, 1, 200) * 1.7e308))
    out = redraw(fit(series, Kind.REAL), series)
    assert np.isfinite(out.to_numpy()).all()


def test_greatest_integers_keep_every_digit() -> None:
    top = 2**63 - 1
    series = pl.Series("x", [top, top - 1, -(2**63)] * 6)
    assert round_trip(fit(series, Kind.INTEGER), series).equals(series)


def test_step_of_the_column_is_kept() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", rng.integers(0, 1_000, 3_000) * 250)
    out = redraw(fit(series, Kind.INTEGER, max_bins=16), series)
    assert (out % 250 == 0).all()
    assert out.n_unique() > 500


def test_steps_stand_where_the_values_do() -> None:
    rng = np.random.default_rng(6)
    for offset, decimals in ((3, None), (25, 2)):
        units = rng.integers(-40, 40, 900) * 70 + offset
        series = pl.Series("x", units if decimals is None else units / 100)
        codec = fit(series, Kind.INTEGER if decimals is None else Kind.REAL, decimals=decimals, max_bins=16)
        out = np.rint(redraw(codec, series).to_numpy() * (1 if decimals is None else 100)).astype(np.int64)
        assert (out % 70 == offset).all()
        assert len(np.unique(out)) > 60
        (weights,) = codec.narrow(OneOf((codec.lattice.value(0),))).weights
        assert weights.sum() > 0
        with pytest.raises(ConditionError):
            codec.narrow(OneOf((codec.lattice.value(0) + 1,)))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**40), st.integers(0, 2**40))
def test_units_are_nearest_and_limits_the_first_beyond(value: int, step: int, offset: int) -> None:
    lattice = Lattice(Kind.INTEGER, step, None, offset % step)
    (unit,) = lattice.units(np.array([value])).tolist()
    assert abs(lattice.value(unit) - value) <= step // 2 + 1
    up, down = lattice.unit(value, False, up=True), lattice.unit(value, True, up=False)
    assert up is not None
    assert down == up - 1
    assert lattice.value(down) < value <= lattice.value(up)


def holes_of(codec: NumberCodec) -> int:
    """Units between the least and the greatest draw that can never be drawn."""
    assert codec.pieces is not None
    return int((codec.pieces.first[1:] - codec.pieces.last[:-1] - 1).sum())


@pytest.mark.parametrize("seed", range(5))
def test_rare_values_amid_used_ones_leave_no_comb(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 40, 240)
    rare = np.bincount(values, minlength=40) < 5
    codec = fit(pl.Series("x", values), Kind.INTEGER)
    assert rare.sum() > 3
    assert holes_of(codec) == 0
    drawn = np.bincount(redraw(codec, pl.Series("x", np.tile(values, 50))).to_numpy(), minlength=40) / 50
    assert ks(values, np.repeat(np.arange(40), np.rint(drawn).astype(int))) < 12 / 240
    assert codec.pieces is not None
    few = codec.pieces.count[codec.pieces.count < 5]
    assert len(few) > 0
    assert np.ptp(few) < 1e-9  # all alike: how many rows each has is not kept


def test_a_value_absent_among_few_codes_stays_absent() -> None:
    values = [10] * 50 + [20] * 50 + [30] * 50 + [17] * 3 + [24] * 3
    assert set(redraw(fit(pl.Series("x", values), Kind.INTEGER), pl.Series("x", values))) == {10, 20, 30}


def test_a_range_in_a_hole_is_drawn_by_wish_and_one_between_far_values_is_refused() -> None:
    rng = np.random.default_rng(8)
    values = np.r_[np.repeat([v for v in range(1, 21) if v != 11], 40), [11] * 2, [90] * 50]
    codec = fit(pl.Series("x", values), Kind.INTEGER)
    assert 11 not in set(redraw(codec, pl.Series("x", values)))
    narrowed = codec.narrow(Between(11, 11))
    codes = np.repeat(np.flatnonzero(narrowed.weights[0]), 20)[:, None]
    assert set(narrowed.codec.decode(codes, rng.random(codes.shape), rng)) == {11}
    with pytest.raises(ConditionError, match=r"1 \.\. 90"):
        codec.narrow(Between(40, 50))


@given(
    st.lists(st.integers(-25, 25), min_size=30, max_size=200),
    limits,
    limits,
    st.sampled_from(["both", "left", "right", "none"]),
    st.sampled_from([4, 256]),
    st.booleans(),
)
def test_every_draw_obeys_a_range_on_integers(
    values: list[int], low: int | None, high: int | None, closed: str, max_bins: int, tenths: bool
) -> None:
    assume(low is not None or high is not None)
    assume(low is None or high is None or low < high)
    scale = 10.0 if tenths else 1
    series = pl.Series("x", [v / scale for v in values] if tenths else values)
    codec = fit(series, Kind.REAL if tenths else Kind.INTEGER, decimals=1 if tenths else None, max_bins=max_bins)
    ends = [None if end is None else end / scale for end in (low, high)]
    everything = redraw(codec, pl.concat([series] * 20))
    obeys = pl.Series([True]).new_from_index(0, len(everything))
    if ends[0] is not None:
        obeys = obeys & ((everything >= ends[0]) if closed in ("both", "left") else (everything > ends[0]))
    if ends[1] is not None:
        obeys = obeys & ((everything <= ends[1]) if closed in ("both", "right") else (everything < ends[1]))
    try:
        narrowed = codec.narrow(Between(*ends, closed=closed))  # type: ignore[arg-type]
    except ConditionError:
        assert not obeys.any()
        return
    (weights,) = narrowed.weights
    drawn_codes = codec.encode(everything.filter(obeys)).codes[:, 0]
    assert (weights[drawn_codes] > 0).all()
    allowed = np.flatnonzero(weights)[:, None]
    rng = np.random.default_rng(0)
    codes = np.repeat(allowed, 200, axis=0)
    out = narrowed.codec.decode(codes, rng.random((len(codes), 1), dtype=np.float32), rng).to_numpy()
    if ends[0] is not None:
        assert ((out >= ends[0]) if closed in ("both", "left") else (out > ends[0])).all()
    if ends[1] is not None:
        assert ((out <= ends[1]) if closed in ("both", "right") else (out < ends[1])).all()


def test_range_weights_are_the_share_of_draws_that_obey() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", rng.normal(size=5_000))
    codec = fit(series, Kind.REAL, max_bins=12)
    (weights,) = codec.narrow(Between(-0.3, 1.1)).weights
    codes = np.repeat(np.arange(codec.fields[0].size), 20_000)[:, None]
    drawn = codec.decode(codes, rng.random(codes.shape), rng).is_between(-0.3, 1.1).to_numpy()
    assert np.abs(drawn.reshape(-1, 20_000).mean(axis=1) - weights).max() < 0.02


def test_one_of_draws_just_these_values() -> None:
    rng = np.random.default_rng(1)
    series = pl.Series("x", rng.integers(0, 1_000, 5_000))
    codec = fit(series, Kind.INTEGER, max_bins=10)
    narrowed = codec.narrow(OneOf((100, 101, 900)))
    codes = np.repeat(np.flatnonzero(narrowed.weights[0]), 300)[:, None]
    assert set(narrowed.codec.decode(codes, rng.random(codes.shape), rng)) == {100, 101, 900}


def test_conditions_that_nothing_meets_name_column_and_range() -> None:
    codec = fit(pl.Series("x", [1, 2, 3] * 10), Kind.INTEGER)
    with pytest.raises(ConditionError, match=r"column 'x'.*1 \.\. 3"):
        codec.narrow(Between(10, 20))
    with pytest.raises(ConditionError, match="column 'x': no value is missing"):
        codec.narrow(Missing())
    with pytest.raises(ConditionError, match="needs numbers"):
        codec.narrow(OneOf(("a",)))


@pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.REAL])
@pytest.mark.parametrize("decimals", [None, 2, 400])
def test_limits_of_any_size_are_understood(kind: Kind, decimals: int | None) -> None:
    codec = fit(pl.Series("x", [1, 2, 3] * 10), kind, decimals=decimals)
    for end in (1e308, float("inf"), 10**400, 2.0**63, 2**63):
        assert codec.narrow(Between(-end, end)).weights[0].tolist() == [1, 1, 1]
        with pytest.raises(ConditionError):
            codec.narrow(Between(end, None))


def test_missing_narrows_to_the_missing_code() -> None:
    codec = fit(pl.Series("x", [1, 2, None] * 10), Kind.INTEGER)
    assert codec.narrow(Missing()).weights[0].tolist() == [0, 0, 1]
    assert codec.narrow(Between(1, None)).weights[0].tolist() == [1, 1, 0]


def test_values_beyond_the_range_take_its_end() -> None:
    codec = fit(pl.Series("x", np.linspace(0, 1, 2_000)), Kind.REAL)
    low, high = round_trip(codec, pl.Series("x", [-1e300, 1e300]))
    assert codec.pieces is not None
    assert (low, high) == pytest.approx((codec.pieces.first[0], codec.pieces.last[-1]), abs=1e-4)


def test_state_round_trip_and_tampered_state() -> None:
    rng = np.random.default_rng(1)
    codec = fit(pl.Series("x", np.r_[rng.normal(size=500), [np.nan]]), Kind.REAL)
    data, arrays = codec.to_state()
    data = {**data, "name": "x"}
    back = NumberCodec.from_state(data, arrays)
    codes, fractions = rng.integers(0, back.size, (100, 1)), rng.random((100, 1))
    assert back.decode(codes, fractions, rng).equals(codec.decode(codes, fractions, rng))
    for broken in (
        {**arrays, "last": arrays["last"][:-1]},
        {**arrays, "first": arrays["first"].astype(np.int64)},
        {**arrays, "first": arrays["first"][::-1].copy()},
        {**arrays, "count": -arrays["count"]},
        {**arrays, "code": arrays["code"] + 1},
        {k: v for k, v in arrays.items() if k != "count"},
    ):
        with pytest.raises(ModelFileError):
            NumberCodec.from_state(data, broken)
    for key, value in (("size", 3), ("size", "3"), ("kind", "categorial"), ("has_missing", 1)):
        with pytest.raises(ModelFileError):
            NumberCodec.from_state({**data, key: value}, arrays)


@pytest.mark.parametrize("table", ["adult_train", "shoppers", "diamonds", "california_housing", "wine_quality_white"])
def test_real_columns_keep_their_distribution(shared_data: Path, table: str) -> None:
    frame = pl.read_csv(shared_data / f"{table}.csv", null_values=["?"], infer_schema_length=None)
    numbers = [s for s in frame if s.dtype.is_numeric()]
    assert numbers
    for series in numbers:
        kind = Kind.INTEGER if series.dtype.is_integer() else Kind.REAL
        codec = fit(series, kind)
        out = redraw(codec, series)
        statistic = ks(series.drop_nulls().to_numpy(), out.drop_nulls().to_numpy())
        assert statistic < 0.005, series.name


@pytest.mark.parametrize("step", [3, 5, 7, 25, 1_000])
@pytest.mark.parametrize("dtype", ["Int64", "UInt64", "Int32", "Int8"])
def test_what_a_type_holds_is_told_in_units_of_any_step(step: int, dtype: str) -> None:
    """2^63 is no double times 5: divided as one it came out some hundred units off, and typed columns were refused."""
    lattice = Lattice(Kind.INTEGER, step)
    reach = lattice.reach(Column(name="x", kind=Kind.INTEGER, dtype=dtype))
    bits = int(dtype.strip("UInt")) - (dtype[0] != "U")
    assert reach.low is not None
    assert reach.high is not None
    assert (reach.low - 1) * step < (0 if dtype[0] == "U" else -(2**bits)) <= reach.low * step
    assert reach.high * step <= 2**bits < (reach.high + 2) * step
