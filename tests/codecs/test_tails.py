"""Claims about tails: heavy ends keep their shape, what ends stays ended, and no outermost row has a part in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from likewise.codecs import binning
from likewise.codecs.column import CodecOptions
from likewise.codecs.numbers import NumberCodec, summarise_numbers
from likewise.conditions import Between
from likewise.schema.column import Column, Kind

Floats = npt.NDArray[np.float64]

HEAVY = {
    "Pareto": stats.lomax(1.5, scale=100),
    "lognormal": stats.lognorm(1.2),
    "Student": stats.t(3),
    "exponential": stats.expon(scale=20),
    "gamma": stats.gamma(0.4),
}


def fit(values: npt.ArrayLike, *, persons: pl.Series | None = None, options: CodecOptions | None = None,
        **column: object) -> NumberCodec:  # fmt: skip
    series = pl.Series("x", values)
    kind = Kind.INTEGER if series.dtype.is_integer() else Kind.REAL
    about = Column(name="x", kind=kind, **{"dtype": "Float64", **column})  # type: ignore[arg-type]
    return NumberCodec.from_summary(summarise_numbers(series, kind, persons), about, options or CodecOptions())


def redraw(codec: NumberCodec, values: npt.ArrayLike, times: int = 10) -> npt.NDArray[np.generic]:
    rng = np.random.default_rng(1)
    encoded = codec.encode(pl.Series("x", values))
    codes = np.tile(encoded.codes, (times, 1))
    fractions = rng.random((len(codes), encoded.fractions.shape[1]), dtype=np.float32)
    return codec.decode(codes, fractions, rng).to_numpy()


def ends(codec: NumberCodec) -> tuple[float, float]:
    assert codec.pieces is not None
    low, high = codec.lattice.values(np.array([codec.pieces.first[0], codec.pieces.last[-1]])).tolist()
    return low, high


def errors(law: stats.rv_continuous, n: int, seeds: range) -> Floats:
    """Errors of the outermost quantiles, in units of their distance from the median: (seeds, 2)."""
    found = []
    for seed in seeds:
        values = law.rvs(n, random_state=np.random.default_rng(seed))
        drawn = redraw(fit(values), values)
        q = np.array([0.001, 0.999])
        found.append(np.abs(np.quantile(drawn, q) - law.ppf(q)) / abs(law.ppf(0.999) - law.ppf(0.5)))
    return np.array(found)


@pytest.mark.parametrize("name", HEAVY)
def test_outer_quantiles_of_heavy_tails_come_near_those_of_the_law(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_tails = errors(HEAVY[name], 2_000, range(12))
    monkeypatch.setattr(binning, "with_tails", lambda pieces, *a, **k: pieces)
    without = errors(HEAVY[name], 2_000, range(12))
    assert with_tails[:, 1].mean() < 0.6 * without[:, 1].mean()
    assert with_tails[:, 0].mean() < without[:, 0].mean() + 0.01


def sorted_normal(n: int) -> Floats:
    return np.sort(np.random.default_rng(5).standard_t(4, n))


@pytest.mark.parametrize("whole", [False, True])
def test_the_four_outermost_values_have_no_part_in_a_tail(whole: bool) -> None:
    values = sorted_normal(3_000) * 1_000
    moved = values.copy()
    moved[:4] -= [9e7, 9e6, 9e5, 9e4]
    moved[-4:] += [9e4, 9e5, 9e6, 9e7]
    if whole:
        values, moved = (np.round(v).astype(np.int64) for v in (values, moved))
    a, b = fit(values).to_state(), fit(moved).to_state()
    assert a[0] == b[0]
    assert all(np.array_equal(a[1][name], b[1][name]) for name in a[1])
    assert ends(fit(values))[1] > values[-9:-4].mean()  # there is a tail
    assert ends(fit(values))[0] < values[4:9].mean()


def test_one_row_further_in_moves_a_tail_by_little() -> None:
    values = sorted_normal(3_000)
    base = ends(fit(values))[1] - np.median(values)
    for rank in (5, 8, 20, 60):
        moved = np.delete(values, len(values) - rank)
        assert abs(ends(fit(moved))[1] - np.median(values) - base) < 0.25 * base


def test_no_value_of_a_row_is_a_limit_of_a_tail() -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(0, 2, 2_000)
        pieces = fit(values).pieces
        assert pieces is not None
        assert not np.isin(np.r_[pieces.first, pieces.last], values).any()


def test_people_are_counted_not_rows() -> None:
    rng = np.random.default_rng(7)
    own = np.arange(3_000)
    values = np.r_[rng.normal(size=3_000), 1_000 + np.arange(60.0)]
    who = pl.Series(np.r_[own, np.zeros(60, np.int64)])  # one person has all the outer rows
    low, high = ends(fit(values, persons=who))
    assert high < 12
    assert low > -12


ENDED: dict[str, Callable[[np.random.Generator], npt.NDArray[np.generic]]] = {
    "ages": lambda rng: np.clip(rng.normal(45, 22, 4_000), 18, 90).astype(np.int64),
    "even shares": lambda rng: rng.random(4_000),
    "marks out of 100": lambda rng: np.minimum(rng.normal(80, 12, 4_000), 100).round(1),
    "capped": lambda rng: np.minimum(rng.exponential(100, 4_000), 250),
    "levels": lambda rng: rng.integers(1, 8, 4_000),
    "shares": lambda rng: rng.beta(2, 2, 4_000),
}


@pytest.mark.parametrize("name", ENDED)
def test_what_ends_stays_ended(name: str) -> None:
    for seed in range(5):
        values = ENDED[name](np.random.default_rng(seed))
        low, high = ends(fit(values))
        least, most = (0, 1) if name == "shares" else (values.min(), values.max())
        assert low >= least - 1e-9 or name == "marks out of 100"
        assert high <= most + 1e-9


@pytest.mark.parametrize("scale", [0.3, 1.0, 30.0])
def test_signs_do_not_change_and_shares_stay_shares(scale: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        low, _ = ends(fit(rng.gamma(2, scale, 1_000)))
        assert low >= 0
        assert ends(fit(-rng.gamma(2, scale, 1_000)))[1] <= 0
        assert ends(fit(rng.beta(2, 5, 1_000)))[1] <= 1
        assert ends(fit(1 + rng.poisson(200, 1_000)))[0] >= 1


def test_steps_stay_steps() -> None:
    rng = np.random.default_rng(3)
    for values, step in ((5 + 10 * rng.geometric(0.01, 3_000), 10), (np.round(rng.lognormal(3, 1, 3_000), 1), 0.1),
                         (rng.geometric(0.01, 3_000).astype(float), 1)):  # fmt: skip
        drawn = redraw(fit(values), values)
        assert drawn.max() > np.sort(values)[-5]
        shifted = (drawn - values.min()) / step
        assert np.abs(shifted - np.rint(shifted)).max() < 1e-6


def test_declared_bounds_and_stored_types_hold() -> None:
    values = np.random.default_rng(2).lognormal(3, 1, 3_000)
    free = ends(fit(values))[1]
    assert ends(fit(values, bounds=(0.0, free * 0.9)))[1] == pytest.approx(free * 0.9)
    assert ends(fit(values, bounds=(0.0, free * 3)))[1] == pytest.approx(free * 3)
    small = np.minimum(values, 254).astype(np.uint8)
    assert redraw(fit(small, dtype="UInt8"), small).max() <= 255
    assert ends(fit(np.round(values, 1), dtype="Decimal(4, 1)", decimals=1))[1] <= 999.9


def test_few_rows_and_unprotected_ones_have_no_tail() -> None:
    values = np.sort(np.random.default_rng(2).lognormal(3, 1, 3_000))
    assert ends(fit(values, options=CodecOptions(protect=False)))[1] == values[-1]
    assert ends(fit(values[::10]))[1] <= values[::10][-5]


def test_the_share_of_a_range_inside_a_tail_is_that_of_the_draws() -> None:
    values = np.random.default_rng(4).lognormal(3, 1.5, 3_000)
    codec = fit(values)
    end = ends(codec)[1]
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(codec.fields[0].size), 20_000)[:, None]
    drawn = codec.decode(codes, rng.random(codes.shape, dtype=np.float32), rng).to_numpy()
    for low, high in ((end * 0.5, end * 0.8), (end * 0.9, None), (values[-200], end * 2)):
        (weights,) = codec.narrow(Between(low, high)).weights
        held = (drawn >= low) & (drawn <= (np.inf if high is None else high))
        assert weights == pytest.approx(held.reshape(-1, 20_000).mean(axis=1), abs=0.015)
        inside = codec.narrow(Between(low, high)).codec
        some = np.repeat(np.flatnonzero(weights), 500)[:, None]
        out = inside.decode(some, rng.random(some.shape, dtype=np.float32), rng).to_numpy()
        assert out.min() >= low
        assert high is None or out.max() <= high


LAWS = {"normal": stats.norm(), "lognormal": stats.lognorm(1), "uniform": stats.uniform(), "counts": stats.poisson(20)}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [300, 3_000])
def test_generous_bounds_hardly_move_a_column(law: str, n: int) -> None:
    """Whoever allows for a million says nothing of how often it comes."""
    values = LAWS[law].rvs(n, random_state=np.random.default_rng(8))
    far = 1_000_000 if law == "counts" else 1e6
    codec = fit(values, bounds=(-far, far))
    drawn = redraw(codec, values, 100)
    if n == 3_000 or law != "counts":  # few counts are all atoms, which end as they are
        assert ends(codec) == (-far, far)
    assert abs(drawn.mean() - values.mean()) < 0.1 * values.std()
    assert 0.8 < drawn.std() / values.std() < 1.3


def test_what_lies_between_the_rows_and_a_declared_end_can_still_be_asked_for() -> None:
    values = stats.norm().rvs(500, random_state=np.random.default_rng(8))
    weights, narrowed = fit(values, bounds=(-1e6, 1e6)).narrow_numbers(Between(5e5, None))
    drawn = narrowed.decode(np.full((50, 1), weights.argmax()), np.random.default_rng(0).random((50, 1)), None)  # type: ignore[arg-type]
    assert drawn.is_between(5e5, 1e6).all()
