"""Places: boxes of enough people, what is moved into them, what is never drawn, and what becomes of conditions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import likewise as lw
from likewise.codecs.base import Codes
from likewise.codecs.boxes import LEAF_PEOPLE, Places, grow
from likewise.codecs.table import TableCodec
from likewise.conditions import between
from likewise.errors import ModelFileError
from likewise.schema.column import Column, Kind, Schema
from likewise.schema.places import Pair, pairs_of

WORLD = (-90 * 10**4, 90 * 10**4, -180 * 10**4, 180 * 10**4)


def schema_of(decimals: int | None = 4, **more: dict[str, object]) -> Schema:
    names = {"lat": {}, "lon": {}} | more
    return Schema(tuple(Column(name=n, kind=Kind.REAL, decimals=decimals, **said) for n, said in names.items()))  # type: ignore[arg-type]


def ring(n: int, seed: int = 0, decimals: int = 4) -> pl.DataFrame:
    """Places on a ring: nobody lives within it, though many have each of its latitudes and longitudes."""
    rng = np.random.default_rng(seed)
    turn = rng.random(n) * 2 * np.pi
    radius = 1 + 0.02 * rng.normal(size=n)
    places = {"lat": 48 + radius * np.sin(turn), "lon": 2 + 1.5 * radius * np.cos(turn)}
    return pl.DataFrame(places).with_columns(pl.all().round(decimals))


def drawn(codec: TableCodec, n: int, seed: int = 1, narrowing: object = None) -> pl.DataFrame:
    """Rows whose columns know nothing of each other, as of a generator that has learnt nothing between them."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(size, size=n) for size in codec.alphabet.sizes], axis=1)
    fractions = rng.random((n, codec.alphabet.n_fractions), dtype=np.float32)
    return codec.decode(Codes(codes.astype(codec.alphabet.code_dtype), fractions), rng=rng, narrowing=narrowing)  # type: ignore[arg-type]


def distance_from_ring(table: pl.DataFrame) -> np.ndarray:
    return np.abs(np.hypot(table["lat"].to_numpy() - 48, (table["lon"].to_numpy() - 2) / 1.5) - 1)


def test_what_is_drawn_where_nobody_lives_is_moved_to_where_people_do() -> None:
    codec = TableCodec.fit(ring(5_000), schema_of())
    alone = TableCodec(codec.codecs, codec.options)
    assert np.mean(distance_from_ring(drawn(alone, 2_000)) < 0.2) < 0.7
    assert np.mean(distance_from_ring(drawn(codec, 2_000)) < 0.2) > 0.95


def test_each_box_holds_people_enough_and_each_place_leads_to_one() -> None:
    rng = np.random.default_rng(0)
    y, x = rng.normal(0, 10_000, 3_000).astype(np.int64), rng.normal(0, 30_000, 3_000).astype(np.int64)
    boxes = grow(Places(y, x, np.ones(3_000, np.int64), None), WORLD, (1e4, 1e4), rows=5)
    assert boxes is not None
    held = np.bincount(boxes.find(y, x), minlength=len(boxes.south))
    assert held.min() >= LEAF_PEOPLE
    assert held.sum() == 3_000
    anywhere = rng.integers(WORLD[0], WORLD[1], 1_000), rng.integers(WORLD[2], WORLD[3], 1_000)
    assert (boxes.find(*anywhere) < len(boxes.south)).all()


def test_persons_are_counted_not_rows() -> None:
    """One person with a thousand rows is no box, and no point."""
    rng = np.random.default_rng(0)
    many = Places(*rng.integers(0, 100, (2, 1_000)), np.ones(1_000, np.int64), np.zeros(1_000, np.int64))
    assert grow(many, WORLD, (1e4, 1e4), rows=5) is None
    y, x = np.r_[many.y, rng.integers(5_000, 9_000, 40)], np.r_[many.x, rng.integers(5_000, 9_000, 40)]
    both = Places(y, x, np.ones(1_040, np.int64), np.r_[many.person, 1 + np.arange(40)])
    boxes = grow(both, WORLD, (1e4, 1e4), rows=5)
    assert boxes is not None
    assert len(boxes.points) == 0
    assert boxes.south.min() > 100  # the one person's places show nowhere


def test_the_outermost_people_do_not_move_a_box() -> None:
    rng = np.random.default_rng(0)
    y, x = rng.integers(0, 1_000, (2, 60))
    far = y.copy()
    far[np.argmax(y)] = 800_000
    ends = [grow(Places(values, x, np.ones(60, np.int64), None), WORLD, (1e4, 1e4), rows=5) for values in (y, far)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[1].north.max() < 2_000


def test_no_real_place_is_drawn_unless_enough_people_share_it() -> None:
    table = ring(3_000, decimals=4)
    home = pl.DataFrame({"lat": [48.1234] * 50, "lon": [2.1234] * 50})
    real = pl.concat([table, home])
    codec = TableCodec.fit(real, schema_of(), others=[ring(300, seed=7)])
    made = set(drawn(codec, 60_000).rows())
    assert not made & set(table.rows())
    assert not made & set(ring(300, seed=7).rows())
    again = codec.decode(codec.encode(real), rng=np.random.default_rng(0))
    assert (48.1234, 2.1234) in set(again.rows())
    assert not set(again.rows()) & set(table.rows())


def test_homes_are_no_more_drawn_of_people_with_many_rows() -> None:
    """In hundredths of a degree there are ten places for each home, though not for each row."""
    rng = np.random.default_rng(0)
    homes = (np.array([48.85, 2.35]) + rng.uniform(-0.6, 0.6, (400, 2))).round(2)
    who = np.repeat(np.arange(400), 10)
    table = pl.DataFrame({"who": who, "lat": homes[who, 0], "lon": homes[who, 1]})
    schema = Schema((Column(name="who", kind=Kind.ID, role="entity"), *schema_of(2).columns))  # type: ignore[arg-type]
    codec = TableCodec.fit(table, schema)
    again = TableCodec.from_state(*codec.to_state())
    for made in (drawn(codec, 6_000), drawn(again, 6_000)):
        assert not set(made[["lat", "lon"]].rows()) & set(map(tuple, homes.tolist()))


def test_conditions_hold_on_moved_places() -> None:
    codec = TableCodec.fit(ring(5_000), schema_of())
    narrowing = codec.condition({"lat": between(48.0, 48.3), "lon": between(2.0, 9.0)})
    rng = np.random.default_rng(0)
    n, weights = 3_000, [narrowing.weights[j] for j in range(2)]
    codes = np.stack([rng.choice(len(w), n, p=w / w.sum()) for w in weights], axis=1)
    fractions = rng.random((n, 2), dtype=np.float32)
    asked = Codes(codes.astype(np.uint16), fractions)
    made = codec.decode(asked, rng=rng, narrowing=narrowing)
    plain = TableCodec(codec.codecs, codec.options).decode(asked, rng=rng, narrowing=narrowing)
    assert made["lat"].is_between(48.0, 48.3).all()
    assert made["lon"].is_between(2.0, 9.0).all()
    assert np.mean(distance_from_ring(made) < 0.2) > np.mean(distance_from_ring(plain) < 0.2) + 0.3


def test_a_place_of_which_a_part_is_known_stays_as_it_was_drawn() -> None:
    codec = TableCodec.fit(ring(5_000), schema_of())
    codes = codec.encode(ring(500, seed=3))
    known = pl.DataFrame({"lat": [48.0] * 250 + [None] * 250})
    plain = TableCodec(codec.codecs, codec.options).decode(codes, rng=np.random.default_rng(0))
    made = codec.decode(codes, rng=np.random.default_rng(0), known=known)
    assert made[:250].equals(plain[:250])
    assert not made[250:].equals(plain[250:])


def test_over_the_date_line_the_map_is_cut_where_nobody_lives() -> None:
    rng = np.random.default_rng(0)
    lon = 180 + rng.normal(0, 0.5, 4_000)
    table = pl.DataFrame({"lat": rng.normal(-17, 0.5, 4_000), "lon": np.where(lon > 180, lon - 360, lon)})
    table = table.with_columns(pl.all().round(4))
    codec = TableCodec.fit(table, schema_of())
    (place,) = codec.maps
    assert place.units.turn is not None
    assert (place.boxes.east - place.boxes.west).max() < 10 * 10**4  # no box reaches around the world
    made = drawn(codec, 2_000)
    assert made["lon"].is_between(-180, 180).all()
    assert (made["lon"].abs() > 170).all()


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"lat": [0.0] * 60, "lon": [0.0] * 60}),
        pl.DataFrame({"lat": [48.123] * 60, "lon": [2.5] * 60}),
        pl.DataFrame({"lat": [1.5, None] * 40, "lon": [None, 2.5] * 40}),
        pl.DataFrame({"lat": [1.5, 2.5, 3.5], "lon": [1.5, 2.5, 3.5]}),
        pl.DataFrame({"lat": [None] * 9, "lon": [None] * 9}, schema={"lat": pl.Float64, "lon": pl.Float64}),
        pl.DataFrame({"lat": [100.5] * 60, "lon": [2.5] * 60}),
    ],
    ids=["null island", "one place", "halves", "three rows", "all missing", "no degrees"],
)
def test_odd_places_come_back(table: pl.DataFrame) -> None:
    codec = TableCodec.fit(table, schema_of(None))
    made = codec.decode(codec.encode(table), rng=np.random.default_rng(0))
    assert made.null_count().equals(table.null_count())
    assert made.schema == table.schema
    if table["lat"].n_unique() == 1 and table["lat"].null_count() == 0:
        assert made.equals(table)


def test_declared_bounds_and_decimals_hold() -> None:
    schema = schema_of(3, lat={"bounds": (47.5, 48.5)})
    made = drawn(TableCodec.fit(ring(5_000, decimals=3), schema), 3_000)
    assert made["lat"].is_between(47.5, 48.5).all()
    assert made.equals(made.with_columns(pl.all().round(3)))


def test_a_map_survives_being_written() -> None:
    codec = TableCodec.fit(ring(2_000), schema_of())
    again = TableCodec.from_state(*codec.to_state())
    assert drawn(again, 500).equals(drawn(codec, 500))
    data, arrays = codec.to_state()
    count = arrays["place0.count"]
    for name, wrong in (
        ("below", np.zeros_like(arrays["place0.below"])),
        ("south", arrays["place0.north"] + 1),
        ("count", 0 * count),
        ("count", 0 * count + 1e308),
        ("count", -count),
        ("held", count[:-1]),
    ):
        with pytest.raises(ModelFileError):
            TableCodec.from_state(data, {**arrays, f"place0.{name}": wrong})
    with pytest.raises(ModelFileError):
        TableCodec.from_state({**data, "places": [{**data["places"][0], "step_x": 10**18}]}, arrays)


def test_summaries_of_chunks_add_up() -> None:
    table, schema = ring(2_000), schema_of()
    parts = [TableCodec.summarise(part, schema) for part in (table[:700], table[700:])]
    one, whole = TableCodec.from_summary(parts[0].merge(parts[1]), schema), TableCodec.fit(table, schema)
    assert drawn(one, 500).equals(drawn(whole, 500))


def test_pairs_are_told_by_name_and_by_word() -> None:
    def found(*names: str, **semantics: str) -> list[Pair]:
        return pairs_of([Column(name=n, kind=Kind.REAL, semantic=semantics.get(n)) for n in names])  # type: ignore[arg-type]

    assert found("lng", "price", "lat") == [Pair("lat", "lng")]
    assert found("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude") == [
        Pair("pickup_latitude", "pickup_longitude"), Pair("dropoff_latitude", "dropoff_longitude")
    ]  # fmt: skip
    assert found("startLat", "startLon", "endLat", "endLon") == [Pair("startLat", "startLon"), Pair("endLat", "endLon")]
    assert found("起点纬度", "起点经度", "终点纬度", "终点经度")[1] == Pair("终点纬度", "终点经度")
    assert found("latitude", "longitude", "lat", "lon") == [Pair("latitude", "longitude"), Pair("lat", "lon")]
    assert found("latency", "longevity") == []
    assert found("y", "x") == []
    assert found("y", "x", y="latitude", x="longitude") == [Pair("y", "x")]
    assert found("lat", "lon", lat="none") == []


def test_half_a_place_that_somebody_said_is_noted() -> None:
    table = ring(200).rename({"lat": "y", "lon": "x"})

    def notes(**said: str) -> dict[str, bool]:
        schema = lw.infer(table, overrides=said)
        return {c.name: any("no place" in note for note in c.notes) for c in schema}

    assert notes() == notes(y="latitude", x="longitude") == {"y": False, "x": False}
    assert notes(y="latitude") == {"y": True, "x": False}
    assert notes(y="longitude", x="longitude") == {"y": True, "x": True}
