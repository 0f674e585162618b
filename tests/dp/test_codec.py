"""The codec reads nothing for free, declared things are all there is, and paid things cost what the ledger says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from likewise.codecs.base import Codes
from likewise.codecs.levels import LevelCodec
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.table import TableCodec
from likewise.codecs.times import Clock, TimeCodec
from likewise.dp.codec import private_codec
from likewise.dp.ledger import DP, Ledger
from likewise.errors import PrivacyError
from likewise.schema.column import Column, Schema
from likewise.schema.parse import restore

N = 4000
DECLARED = Schema(
    (
        Column(name="age", kind="integer", bounds=(0, 120), nullable=False),
        Column(name="grade", kind="integer", bounds=(1, 6), nullable=True),
        Column(name="pay", kind="real", bounds=(0, 9000), decimals=2, nullable=False),
        Column(name="town", kind="categorical", levels=("north", "south", "east"), nullable=False),
        Column(name="is_new", kind="boolean", nullable=False),
    )
)
UNDECLARED = Schema(
    (
        Column(name="age", kind="integer"),
        Column(name="pay", kind="real"),
        Column(name="town", kind="categorical"),
    )
)


def table(n: int = N, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "grade": rng.integers(1, 7, n),
            "pay": np.round(rng.gamma(2, 800, n), 2),
            "town": rng.choice(["north", "south"], n),
            "is_new": rng.random(n) < 0.3,
        }
    )


def budget(epsilon: float = 5.0, *pay: str) -> Ledger:
    return Ledger(DP(epsilon, 1e-6, pay=pay))


def part(codec: TableCodec, name: str) -> NumberCodec | LevelCodec:
    return next(c for c in codec.codecs if c.name == name)  # type: ignore[return-value]


def test_all_that_is_not_declared_is_named_at_once_with_the_price() -> None:
    with pytest.raises(PrivacyError) as caught:
        private_codec(table(), UNDECLARED, budget())
    text = str(caught.value)
    assert all(f"'{c}' does not declare nullable" in text for c in ("age", "pay", "town"))
    assert "'town' declares no levels" in text
    assert "'pay' declares no finite bounds" in text
    assert "pay for 'levels' (a part of epsilon and delta)" in text


def test_texts_are_refused_with_both_ways_out() -> None:
    schema = Schema((Column(name="note", kind="text", nullable=False),))
    with pytest.raises(PrivacyError, match=r"'note' is of kind text.* drop it, or declare it categorical"):
        private_codec(pl.DataFrame({"note": ["a"]}), schema, budget())


def test_what_is_declared_costs_nothing_and_does_not_depend_on_the_rows() -> None:
    small = Schema(tuple(c for c in DECLARED if c.name in ("grade", "town", "is_new")))
    ledger = budget()
    one = private_codec(table(seed=0), small, ledger).to_state()
    other = private_codec(table(50, seed=1), small, budget()).to_state()
    assert not ledger.entries
    assert one[0] == other[0]
    assert all(np.array_equal(one[1][name], other[1][name]) for name in one[1])


def test_a_level_nobody_declared_is_never_drawn() -> None:
    frame = table().with_columns(town=pl.lit("atlantis"))
    codec = part(private_codec(frame, DECLARED, budget()), "town")
    assert isinstance(codec, LevelCodec)
    assert codec.levels == ("north", "south", "east")
    assert codec.fields[0].emit.tolist() == [True, True, True, False]


def test_a_missing_code_stands_where_it_is_declared_and_only_there() -> None:
    codec = private_codec(table(), DECLARED, budget())
    assert part(codec, "grade").has_missing
    assert not part(codec, "age").has_missing


def test_edges_halve_the_rows_and_stay_within_the_declared_bounds() -> None:
    frame, ledger = table(20_000), budget(10.0)
    codec = part(private_codec(frame, DECLARED, ledger), "pay")
    assert isinstance(codec, NumberCodec)
    assert codec.pieces is not None
    assert codec.lattice.values(codec.pieces.first[[0]])[0] == 0.0
    assert codec.lattice.values(codec.pieces.last[[-1]])[0] == 9000.0
    share = np.bincount(codec.encode(frame["pay"]).codes[:, 0], minlength=32) / len(frame)
    assert 32 <= codec.pieces.size <= 40  # and perhaps a value that many rows happen to share
    assert share.max() < 2.5 / 32  # equal parts up to the noise of five rounds


def test_paid_levels_are_those_that_many_rows_hold() -> None:
    rare = pl.Series(["north"] * 1000 + ["south"] * 900 + [f"only {i}" for i in range(100)])
    schema = Schema((Column(name="town", kind="categorical"),))
    ledger = budget(1.0, "levels", "missing")
    codec = part(private_codec(pl.DataFrame({"town": rare}), schema, ledger), "town")
    assert isinstance(codec, LevelCodec)
    assert set(codec.levels) == {"north", "south"}
    assert ledger.entries[0].delta == pytest.approx(1e-7)


def test_paid_bounds_are_powers_of_two_around_the_rows() -> None:
    schema = Schema((Column(name="age", kind="integer"), Column(name="debt", kind="real")))
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"age": rng.integers(18, 90, N), "debt": -rng.uniform(3, 60, N)})
    ledger = budget(20.0, "bounds", "missing")
    made = private_codec(frame, schema, ledger)
    age, debt = part(made, "age"), part(made, "debt")
    assert isinstance(age, NumberCodec)
    assert isinstance(debt, NumberCodec)
    assert age.pieces
    assert debt.pieces
    assert (age.pieces.first[0], age.pieces.last[-1]) == (16, 128)
    assert (debt.pieces.first[0], debt.pieces.last[-1]) == (-64.0, -2.0)
    assert ledger.spent <= ledger.rho * ledger.budget.codec_share * (1 + 1e-9)


def test_a_budget_too_small_for_bounds_says_so() -> None:
    schema = Schema((Column(name="age", kind="integer", nullable=False),))
    with pytest.raises(PrivacyError, match="too small to find its bounds"):
        private_codec(pl.DataFrame({"age": [3, 4]}), schema, budget(0.01, "bounds"))


def test_a_value_of_many_rows_has_a_code_of_its_own() -> None:
    rng = np.random.default_rng(0)
    pay = np.where(rng.random(N) < 0.5, 0.0, np.round(rng.gamma(2, 800, N), 2))
    pay[:400] = 1234.5
    frame = table().with_columns(pay=pl.Series(pay))
    ledger = budget(10.0)
    codec = part(private_codec(frame, DECLARED, ledger), "pay")
    assert isinstance(codec, NumberCodec)
    assert codec.pieces is not None
    alone = codec.lattice.values(codec.pieces.first[codec.pieces.first == codec.pieces.last])
    assert {0.0, 1234.5} <= set(alone.tolist())
    assert sum(entry.delta for entry in ledger.entries) <= 1e-7 * (1 + 1e-9)


# ---- dates and times ------------------------------------------------------------------------------------------------

DATES = {
    "Date": (("2020-01-01", "2020-12-31"), None, pl.Date, "1d"),
    "Datetime(us)": (("2020-01-01", "2020-12-31"), None, pl.Datetime("us"), "1s"),
    "Datetime(ms, UTC)": (("2020-01-01", "2020-12-31"), "%Y-%m-%d %H:%M", pl.Datetime("ms", "UTC"), "1m"),
    "Time": (("08:00", "18:00"), "%H:%M", pl.Time, "1m"),
}


def moments(dtype: str, n: int = N) -> pl.Series:
    rng = np.random.default_rng(0)
    minutes = rng.integers(0, 200, n) * 1440 + rng.integers(8 * 60, 18 * 60, n)
    series = pl.Series("seen", np.datetime64("2020-03-01", "us") + minutes.astype("timedelta64[m]"))
    kind = DATES[dtype][2]
    if kind == pl.Time:
        return series.dt.time()
    zone = getattr(kind, "time_zone", None)
    return series.dt.replace_time_zone(zone).cast(kind) if zone else series.cast(kind)


@pytest.mark.parametrize("dtype", DATES)
def test_dates_are_drawn_within_declared_bounds_and_on_the_declared_step(dtype: str) -> None:
    bounds, form, kind, step = DATES[dtype]
    schema = Schema((Column(name="seen", kind="datetime", dtype=dtype, format=form, bounds=bounds, nullable=True),))
    real = moments(dtype)
    codec = private_codec(pl.DataFrame({"seen": real}), schema, budget(10.0))
    drawn = codec.decode(codec.encode(real.to_frame()), rng=np.random.default_rng(0))["seen"]
    assert drawn.dtype == kind
    assert drawn.null_count() == 0
    clock = Clock.of(drawn.dtype)
    ticks = drawn.to_physical()
    assert ticks.min() >= clock.tick_of(bounds[0], "seen")
    assert ticks.max() <= clock.tick_of(bounds[1], "seen", last=True)
    if step != "1d":
        assert (ticks % (clock.day // {"1s": 86400, "1m": 1440}[step])).max() == 0
    # Of 4,000 rows a draw keeps its code, and a code holds about a thirty-second of them.
    wide = np.abs(drawn.to_physical().cast(pl.Float64) - real.to_physical().cast(pl.Float64)).median()
    assert wide < 0.05 * (real.to_physical().max() - real.to_physical().min())  # type: ignore[operator]


def test_a_date_without_bounds_or_format_is_refused_with_the_price() -> None:
    schema = Schema((Column(name="seen", kind="datetime"),))
    with pytest.raises(PrivacyError) as caught:
        private_codec(pl.DataFrame({"seen": ["2020-01-01"]}), schema, budget())
    assert "'seen' declares no format" in str(caught.value)
    assert "'seen' declares no bounds: set them as ISO texts" in str(caught.value)
    assert "'seen' does not declare nullable" in str(caught.value)


def test_paid_bounds_of_dates_are_powers_of_two_of_days() -> None:
    schema = Schema((Column(name="seen", kind="datetime", dtype="Date", nullable=False),))
    ledger = budget(5.0, "bounds")
    codec = private_codec(moments("Date").to_frame(), schema, ledger).codecs[0]
    assert isinstance(codec, TimeCodec)
    assert codec.days.pieces is not None
    assert (codec.days.pieces.first[0], codec.days.pieces.last[-1]) == (2**14, 2**15)  # 2014 to 2059
    assert "bounds of column 'seen'" in [entry.what for entry in ledger.entries]


# ---- ids ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "form", "keys"),
    [
        ("Int64", None, [1, 2, 3]),
        ("String", None, ["1", "2", "3"]),
        ("String", "C-0000", ["C-0001", "C-0002", "C-0003"]),
    ],
)
def test_ids_are_made_anew_from_what_is_declared(dtype: str, form: str | None, keys: list[object]) -> None:
    schema = Schema((Column(name="key", kind="id", role="id", dtype=dtype, format=form),))
    made = []
    for real in (["secret 1", "secret 2"], ["X"] * 9):
        ledger = budget()
        codec = private_codec(pl.DataFrame({"key": real}), schema, ledger)
        assert not ledger.entries
        made.append(codec.to_state())
        empty = Codes(np.zeros((3, 0), np.uint8), np.zeros((3, 0), np.float32))
        drawn = restore(codec.decode(empty, rng=np.random.default_rng(0)), schema)
        assert drawn["key"].to_list() == keys
    assert made[0] == made[1]


def test_an_id_of_unknown_format_is_refused() -> None:
    schema = Schema((Column(name="key", kind="id", role="id", format="C-####"),))
    with pytest.raises(PrivacyError, match="'key' is an id whose format must be 'uuid'"):
        private_codec(pl.DataFrame({"key": ["a"]}), schema, budget())


@pytest.mark.parametrize("most", [3, 80_000])
def test_what_is_spent_does_not_hang_on_the_answers(most: int) -> None:
    """A range that turns out narrow needs no edges; what follows is planned as if it had."""
    schema = Schema((Column(name="x", kind="integer", nullable=False),))
    frame = pl.DataFrame({"x": np.random.default_rng(0).integers(1, most, N)})
    ledger = budget(5.0, "bounds")
    private_codec(frame, schema, ledger)
    queries = 3  # bounds, edges, frequent values; a tenth of the codec's share each
    assert ledger.spent == pytest.approx(ledger.rho * ledger.budget.codec_share * queries / 10)
