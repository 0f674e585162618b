"""Numbers counted in cells: the same whatever the parts, and codecs near those of all values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from likewise.codecs.column import CodecOptions
from likewise.codecs.histograms import Cells, keys_of, values_of
from likewise.codecs.numbers import NumberCodec, summarise_numbers
from likewise.codecs.pieces import tally
from likewise.schema.column import Column, Kind


def column(values: np.ndarray) -> Column:
    return Column(name="x", kind=Kind.INTEGER if values.dtype.kind == "i" else Kind.REAL)


def in_cells(values: np.ndarray, sample: np.ndarray, rows: int = 5) -> NumberCodec:
    cells = Cells.of(sample, column(values), 0.005, rows)
    counts = cells.merged([cells.counted(part, 0) for part in np.array_split(values, 7)])
    return NumberCodec.from_summary(cells.summary(counts, column(values)), column(values), CodecOptions(min_rows=rows))


def exactly(values: np.ndarray) -> NumberCodec:
    series = pl.Series("x", values)
    kind = column(values).kind
    return NumberCodec.from_summary(summarise_numbers(series, kind), column(values), CodecOptions())


@given(npst.arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_keys_are_in_the_order_of_the_floats_and_come_back(values: np.ndarray) -> None:
    keys = keys_of(values)
    assert (values_of(keys, floats=True) == values).all()
    assert (np.sort(values) == values[np.argsort(keys)]).all()


numbers = st.one_of(
    st.integers(-50, 50).map(float), st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([0.25, 1e300])
)


@given(st.lists(numbers, min_size=1, max_size=80), st.data())
def test_any_cuts_in_any_order_make_the_same_counts(listed: list[float], data: st.DataObject) -> None:
    values = np.array(listed)
    cells = Cells.of(values[::3], Column(name="x", kind=Kind.REAL), 0.005, 3)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=5)))
    parts = [cells.counted(part, k) for k, part in enumerate(np.split(values, cuts))]
    missing = sum(part.missing for part in parts)
    parts = data.draw(st.permutations(parts))
    while len(parts) > 1:  # over any tree
        n = data.draw(st.integers(1, len(parts)))
        parts = [*parts[n:], cells.merged(parts[:n])]
    whole = cells.counted(values, missing)
    for name in ("count", "high", "low", "least", "greatest"):
        assert (getattr(parts[0], name) == getattr(whole, name)).all()
    assert (parts[0].missing, parts[0].step, parts[0].decimals) == (whole.missing, whole.step, whole.decimals)


def columns() -> dict[str, np.ndarray]:
    """Numbers of several laws."""
    rng, n = np.random.default_rng(0), 400_000
    return {
        "normal": rng.normal(size=n), "money": rng.lognormal(6, 1.5, n).round(2),
        "steps": rng.integers(0, 10**6, n) * 50 + 25,
        "heaped": np.where(rng.random(n) < 0.3, 0.0, rng.gamma(2, 100, n)),
        "years": rng.integers(1900, 2020, n),
    }  # fmt: skip


COLUMNS = columns()


@pytest.mark.parametrize("name", COLUMNS)
def test_codecs_of_cells_draw_the_law_of_all_values(name: str) -> None:
    values = COLUMNS[name]
    made = in_cells(values, np.random.default_rng(1).choice(values, 2**17))
    assert made.lattice == exactly(values).lattice
    assert made.pieces is not None
    assert made.pieces.count.sum() == len(values)
    rng = np.random.default_rng(2)
    code = rng.choice(made.size, 400_000, p=made.pieces.code_count / len(values))
    drawn = made.decode(code[:, None], rng.random((len(code), 1)), rng).to_numpy()
    grid = np.quantile(values, np.linspace(0, 1, 2_001))
    real, fake = (np.searchsorted(np.sort(x), grid, side="right") / len(x) for x in (values, drawn))
    again = np.searchsorted(np.sort(rng.choice(values, 400_000)), grid, side="right") / len(values)
    assert np.abs(real - fake).max() < np.abs(real - again).max() + 0.001


@pytest.mark.parametrize("name", COLUMNS)
def test_limits_of_cells_and_of_all_values_have_ranks_that_differ_by_less_than_a_thousandth(name: str) -> None:
    values = COLUMNS[name]
    made, exact = (codec.pieces for codec in (in_cells(values, values[: 2**17]), exactly(values)))
    assert made is not None
    assert exact is not None
    assert made.size == exact.size
    units = exactly(values).lattice.units(values)
    shares = [tally(p.code[p.find(units)], np.ones(len(units)), p.size).cumsum() / len(units) for p in (made, exact)]
    assert np.abs(shares[0] - shares[1]).max() < 0.001


@given(st.integers(0, 10**6))
def test_no_value_of_fewer_than_five_rows_is_kept(seed: int) -> None:
    """Every limit that is kept is held by five rows, or by none: means of five real rows."""
    rng = np.random.default_rng(seed)
    values = rng.standard_cauchy(3_000)
    from likewise.codecs import histograms

    single, histograms.MOST_SINGLE = histograms.MOST_SINGLE, 50
    try:
        made = in_cells(values, values[:500]).pieces
    finally:
        histograms.MOST_SINGLE = single
    assert made is not None
    held, rows = np.unique(values, return_counts=True)
    once = held[rows < 5]
    assert not np.isin(np.concatenate([made.first, made.last]), once).any()
    assert made.first[0] > np.sort(values)[0] or made.first[0] <= np.sort(values)[4]


def test_the_ends_are_those_of_all_values() -> None:
    values = COLUMNS["normal"]
    options = CodecOptions()
    made, exact = in_cells(values, values[:20_000]), exactly(values)
    assert made.pieces is not None
    assert exact.pieces is not None
    inside = [
        p.first[(p.first > np.sort(values)[0]) & (p.first < np.sort(values)[-1])] for p in (made.pieces, exact.pieces)
    ]
    assert np.isclose(inside[0][0], inside[1][0], rtol=0.02)
    assert options.rows == 5
