"""Places: a latitude and a longitude that are drawn together end up where people are.

A generator is told two numbers, each in fine bins, and learns how they go together. What it draws is smeared out a
little: a point in the sea, a farm in a lake. So a drawn place is looked up on a map of boxes in which enough people
live (`boxes.py`), and one that lies neither in one nor beside it is moved into the nearest. A place that may be a real
one, and that fewer people share than stand behind anything kept, is moved by a hair, where there is room for that.
Longitudes are turned so that hardly anybody lives where the map is cut, and degrees are counted in the decimals in
which they are written.

Codes of boxes, in place of two numbers, were tried: boxes of twenty people are too coarse to say what bins of two
numbers say (`docs/places-and-texts.md`).

Legend: n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.boxes import Boxes, Places, grow
from likewise.codecs.column import CodecOptions, State, is_share, take_array, take_value, with_nulls
from likewise.codecs.holders import Persons
from likewise.codecs.lattice import Lattice
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.pieces import Bools, Floats, Ints
from likewise.errors import ModelFileError
from likewise.personal.unseen import Prints, Unseen
from likewise.schema.column import Column, Kind
from likewise.schema.places import RANGES

DECIMALS = 7
"""Of a degree, at the most: a centimetre."""
WIDTHS = (1, 4, 16, 64)
"""Degrees on either side of a meridian in which people are counted, to find where the map is best cut."""
ROOM = 10
"""Places that a box must have for each real one, for none of the real ones to be drawn in it."""
SPREAD = 8
"""Remainders to a real place: of all places one in five is then surely none of the real ones."""
ROUNDS = 200
"""In which places that may be real are moved, each time by more."""
TRIES, NEAR = 4, 8
"""Places tried for each that a condition does not let be where it was moved, and of how many of the nearest it takes
one."""

Allowed = Callable[[Floats, Floats], Bools]
"""Latitudes and longitudes to which of them may be drawn."""


@dataclass(frozen=True)
class PlaceSummary:
    """The distinct places, exact, so chunks add up to the whole.

    Args:
        places: y, x, rows, and person where people are counted.
        others: y, x of places that are not learnt, and may not be drawn either.
    """

    places: pl.DataFrame
    others: pl.DataFrame

    def merge(self, other: Self) -> Self:
        both = self.places.vstack(other.places)
        keys = [name for name in both.columns if name != "rows"]
        places = both.group_by(keys).agg(pl.col("rows").sum()).sort(keys)
        return type(self)(places, self.others.vstack(other.others).unique())

    def unlike(self, y: pl.Series, x: pl.Series) -> Self:
        """The same, and these places are not to be drawn either."""
        return replace(self, others=self.others.vstack(_known(y, x).unique()))


def _known(y: pl.Series, x: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"y": y, "x": x}).cast(pl.Float64).fill_nan(None).drop_nulls()


def summarise_places(y: pl.Series, x: pl.Series, persons: Persons | None = None) -> PlaceSummary:
    """The summary of canonical latitudes and longitudes (or of a chunk of them)."""
    frame = pl.DataFrame({"y": y, "x": x}).cast(pl.Float64).fill_nan(None)
    if persons is not None:
        frame = frame.with_columns(person=persons.names.gather(persons.numbers))
    frame = frame.drop_nulls(["y", "x"])
    keys = frame.columns
    places = frame.group_by(keys).agg(pl.len().cast(pl.Int64).alias("rows")).sort(keys)
    return PlaceSummary(places, places.select("y", "x").clear())


@dataclass(frozen=True)
class Units:
    """How places count: units of latitude and of longitude, and where the map is cut.

    Args:
        turn: units of longitude below which one full turn is added; None where the map is not turned.
        top: the least longitude, in units, that is written as one full turn less.
    """

    y: Lattice
    x: Lattice
    turn: int | None = None
    top: int = 0

    @property
    def full(self) -> int:
        """Units of longitude to a full turn."""
        scale: int = 10 ** (self.x.decimals or 0)
        return 360 * scale // self.x.step

    @property
    def degrees(self) -> tuple[float, float]:
        """Units of latitude and of longitude to one."""
        return 10.0 ** (self.y.decimals or 0) / self.y.step, self.full / 360

    def of(self, y: Floats, x: Floats) -> tuple[Ints, Ints]:
        up, right = self.y.units(y), self.x.units(x)
        return up, right if self.turn is None else np.where(right < self.turn, right + self.full, right)

    def values(self, y: Ints, x: Ints) -> tuple[Floats, Floats]:
        if self.turn is not None:
            x = np.where(x >= self.top, x - self.full, x)
        return np.asarray(self.y.values(y)), np.asarray(self.x.values(x))


@dataclass(frozen=True)
class PlaceMap:
    """Where the places of two columns may be.

    Args:
        names: of the latitude, of the longitude.
        units: how places count.
        boxes: where people are.
        unseen: tells places that are surely none of the real ones; None where any may be drawn.
    """

    names: tuple[str, str]
    units: Units
    boxes: Boxes
    unseen: Unseen | None = None

    @classmethod
    def of(
        cls, summary: PlaceSummary, columns: tuple[Column, Column], codecs: tuple[NumberCodec, NumberCodec],
        options: CodecOptions,
    ) -> Self | None:  # fmt: skip
        """The map of two columns; None where too few people have a place, or these are no degrees."""
        lats, lons = summary.places["y"].to_numpy(), summary.places["x"].to_numpy()
        for values, (low, high) in zip((lats, lons), RANGES.values(), strict=True):
            if not len(values) or values.min() < low or values.max() > high:
                return None
        held = summary.places["rows"].to_numpy()
        units = _units_of((_lattice(codecs[0]), _lattice(codecs[1])), columns[1], lons, held)
        y, x = units.of(lats, lons)
        others = units.of(summary.others["y"].to_numpy(), summary.others["x"].to_numpy())
        prints = np.unique(np.concatenate([_prints(y, x), _prints(*others)]))
        world = _world(units, columns, lons)
        y, x = np.clip(y, *world[:2]), np.clip(x, *world[2:])
        person = None
        if "person" in summary.places.columns:
            person = np.unique(summary.places["person"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        boxes = grow(Places(y, x, held, person), world, units.degrees, rows=options.rows)
        if boxes is None:
            return None
        unseen = None
        if options.protect:
            shared = np.sort(_prints(boxes.south[boxes.points], boxes.west[boxes.points]))
            unseen = Unseen.of(prints, shared, spread=SPREAD)
        return cls((columns[0].name, columns[1].name), units, boxes, unseen)

    def settle(
        self, y: pl.Series, x: pl.Series, rng: np.random.Generator, allowed: Allowed | None = None
    ) -> tuple[pl.Series, pl.Series]:
        """Drawn latitudes and longitudes, those that lie where nobody lives moved to where people do.

        Args:
            allowed: what else must hold of a place that is moved; one for which it does not is left as it was.
        """
        known = (y.is_not_null() & x.is_not_null()).to_numpy()
        if not known.any():
            return y, x
        lats, lons = (part.fill_null(0.0).to_numpy().astype(np.float64) for part in (y, x))
        drawn = self.units.of(lats[known], lons[known])
        up, right = self._settled(*drawn, rng)
        new = self.units.values(up, right)
        moved = (up != drawn[0]) | (right != drawn[1])
        if allowed is not None:
            out = np.flatnonzero(moved & ~allowed(*new))
            up[out], right[out] = self._nearest(up[out], right[out], allowed, rng)
            new = self.units.values(up, right)
            moved &= allowed(*new)
        found = []
        for part, old, values in zip((y, x), (lats, lons), new, strict=True):
            whole = old.copy()
            whole[known] = np.where(moved, values, old[known])
            found.append(with_nulls(pl.Series(part.name, whole), part.is_null().to_numpy()))
        return found[0], found[1]

    def _settled(self, y: Ints, x: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        y, x = y.copy(), x.copy()
        piece = self.boxes.find(y, x)
        off = np.flatnonzero(~self.boxes.holds(piece, y, x))
        y[off], x[off] = self.boxes.anywhere(piece[off], rng)
        if self.unseen is None:
            return y, x
        roomy = self.boxes.rooms >= ROOM * np.maximum(self.boxes.held, 1.0)
        left = np.flatnonzero(roomy[piece])
        for n in range(1, ROUNDS + 1):
            left = left[~self.unseen.admits_prints(_prints(y[left], x[left]))]
            if not len(left):
                break
            step = rng.integers(-n, n, (2, len(left)), endpoint=True)
            y[left], x[left] = self.boxes.clipped(piece[left], y[left] + step[0], x[left] + step[1])
        return y, x

    def _nearest(self, y: Ints, x: Ints, allowed: Allowed, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """For each place one where people are that is allowed, and near; the place itself if there is none."""
        from scipy.spatial import cKDTree  # dear to import, and seldom needed

        share = self.boxes.count / self.boxes.count.sum()
        piece = rng.choice(len(share), max(TRIES * len(y), 1024), p=share)
        tried = self._settled(*self.boxes.anywhere(piece, rng), rng)
        some = np.flatnonzero(allowed(*self.units.values(*tried)))
        if not len(some) or not len(y):
            return y, x
        scale = np.array(self.units.degrees)
        nearest = cKDTree(np.stack(tried, axis=1)[some] / scale).query(np.stack([y, x], axis=1) / scale, NEAR)[1]
        at = some[nearest[np.arange(len(y)), rng.integers(min(NEAR, len(some)), size=len(y))]]
        return tried[0][at], tried[1][at]

    def to_state(self) -> State:
        b, u = self.boxes, self.units
        data: dict[str, Any] = {"names": list(self.names), "turn": u.turn, "top": u.top}
        for part, lattice in (("y", u.y), ("x", u.x)):
            data |= {f"{key}_{part}": getattr(lattice, key) for key in ("step", "decimals", "offset")}
        data["remainders"] = 0 if self.unseen is None else len(self.unseen.free)
        arrays: dict[str, npt.NDArray[Any]] = {
            "south": b.south, "north": b.north, "west": b.west, "east": b.east, "count": b.count, "held": b.held,
            "across": b.across.astype(np.uint8), "cut": b.cut, "below": b.below.astype(np.int32),
        }  # fmt: skip
        if self.unseen is not None:
            arrays |= {"free": np.packbits(self.unseen.free), "shared": self.unseen.shared.view(np.int64)}
        return data, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        names, turn = take_value(data, "names", list), take_value(data, "turn", int, type(None))
        if len(names) != 2 or not all(isinstance(name, str) for name in names):
            raise ModelFileError("codec: a map must name two columns")
        lattices = []
        for part in ("y", "x"):
            step, decimals, offset = (take_value(data, f"{key}_{part}", int) for key in ("step", "decimals", "offset"))
            if not 0 <= decimals <= DECIMALS or not 0 <= offset < step <= 360 * 10**decimals:
                raise ModelFileError(f"codec: the map of {names} counts in no degrees")
            lattices.append(Lattice(Kind.REAL, step, decimals, offset))
        units = Units(lattices[0], lattices[1], turn, take_value(data, "top", int))
        boxes = _boxes(arrays, names)
        return cls((names[0], names[1]), units, boxes, _unseen(data, arrays))


def _boxes(arrays: Mapping[str, npt.NDArray[Any]], names: list[str]) -> Boxes:
    """Refuse boxes that no fit could have made: drawing trusts them, and a tree must end."""
    count, cut = take_array(arrays, "count", "f").astype(np.float64), take_array(arrays, "cut", "i").astype(np.int64)
    held = take_array(arrays, "held", "f", length=len(count)).astype(np.float64)
    n = len(cut)
    south, north, west, east = (
        take_array(arrays, side, "i", length=len(count)).astype(np.int64) for side in ("south", "north", "west", "east")
    )
    across = take_array(arrays, "across", "u", length=n).astype(bool)
    below = take_array(arrays, "below", "i", ndim=2, length=n).astype(np.int64)
    if (
        not len(count)
        or not n
        or below.shape[1] != 2
        or any((np.abs(side) > 10**10).any() for side in (south, north, west, east))
        or (north < south).any()
        or (east < west).any()
        or not is_share(count)
        or (below < -len(count)).any()
        or (below >= n).any()
        or ((below >= 0) & (below <= np.arange(n)[:, None])).any()
    ):
        raise ModelFileError(f"codec: the map of {names} contradicts itself")
    return Boxes(south, north, west, east, count, held, across, cut, below)


def _unseen(data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Unseen | None:
    m = take_value(data, "remainders", int)
    if not 0 <= m < 2**32:
        raise ModelFileError("codec: 'remainders' must be a count")
    if not m:
        return None
    free = np.unpackbits(take_array(arrays, "free", "u", length=-(-m // 8)).astype(np.uint8))[:m].astype(bool)
    return Unseen(free, take_array(arrays, "shared", "i").astype(np.int64).view(np.uint64))


def _lattice(codec: NumberCodec) -> Lattice:
    found = codec.lattice
    if found.decimals is not None and found.decimals <= DECIMALS:
        return found
    return Lattice(Kind.REAL, 1, DECIMALS)


def _units_of(lattices: tuple[Lattice, Lattice], column: Column, lons: Floats, rows: Ints) -> Units:
    """The units, and where the map is cut; as it is where bounds of the longitude are declared."""
    plain, scale = Units(*lattices), 10 ** (lattices[1].decimals or 0)
    low, high = _circle(lons)
    if column.bounds is not None or plain.full * plain.x.step != 360 * scale or high - low > 360:
        return plain
    held = np.bincount(np.floor(lons - low).astype(np.int64) % 360, weights=rows, minlength=360) / rows.sum()
    near = np.zeros(360)
    for width in WIDTHS:  # after this, near[d] tells of the degrees around the end of degree d
        near += np.sum([np.roll(held, step) for step in range(-width, width)], axis=0)
    at = int(np.argmin(near))
    if near[at] >= near[359] / 2:
        return plain
    turn, top = (int(plain.x.units(np.array([end]))[0]) for end in (low + at + 1.0, high))
    return replace(plain, turn=turn + 1, top=top + (low < 0))


def _circle(lons: Floats) -> tuple[float, float]:
    """The least and greatest longitude that can be written as these are."""
    return -180.0 if lons.min() < 0 else 0.0, 180.0 if lons.min() < 0 and lons.max() <= 180 else 360.0


def _world(units: Units, columns: tuple[Column, Column], lons: Floats) -> tuple[int, int, int, int]:
    """The whole world, or what is declared of it."""
    south, north = (int(units.y.units(np.array([end]))[0]) for end in (-90.0, 90.0))
    west, east = (int(units.x.units(np.array([end]))[0]) for end in _circle(lons))
    if units.turn is not None:
        west, east = units.turn, units.turn + units.full - 1
    (low, high), (left, right) = units.y.bounds(columns[0]), units.x.bounds(columns[1])
    sides = ((south, low), (north, high), (west, left), (east, right))
    found = [whole if declared is None else declared for whole, declared in sides]
    return found[0], found[1], found[2], found[3]


def _prints(y: Ints, x: Ints) -> Prints:
    """(n,) a number of 64 bits for each place, the same on every machine."""
    found = y.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ x.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    found ^= found >> np.uint64(31)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(found ^ (found >> np.uint64(30)))
