"""The maps of a table: made of its columns' codecs, used on what these draw, and written beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import Arrays, CodecOptions, ColumnCodec, take_value
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.pieces import Floats
from likewise.codecs.places import Allowed, PlaceMap, PlaceSummary
from likewise.errors import ModelFileError
from likewise.schema.column import Schema
from likewise.schema.distinct import Columns
from likewise.schema.places import Pair

_PLACES = "place"
"""What the names of the maps' arrays begin with, before the number of each."""


def maps_state(maps: Sequence[PlaceMap]) -> tuple[list[dict[str, Any]], Arrays]:
    """JSON-able dicts and named arrays."""
    places, arrays = [], {}
    for i, place in enumerate(maps):
        data, parts = place.to_state()
        places.append(data)
        arrays.update({f"{_PLACES}{i}.{name}": array for name, array in parts.items()})
    return places, arrays


def maps_of(
    codecs: Sequence[ColumnCodec], parts: Iterable[tuple[Pair, PlaceSummary]], schema: Schema, options: CodecOptions
) -> Iterator[PlaceMap]:
    """The maps of summaries, where enough people have places."""
    by_name = {codec.name: codec for codec in codecs}
    for pair, summary in parts:
        lat, lon = by_name[pair.latitude], by_name[pair.longitude]
        assert isinstance(lat, NumberCodec), "degrees are numbers"
        assert isinstance(lon, NumberCodec), "degrees are numbers"
        found = PlaceMap.of(summary, (schema[pair.latitude], schema[pair.longitude]), (lat, lon), options)
        if found is not None:
            yield found


def maps_from(
    data: Mapping[str, Any], parts: Mapping[str, Mapping[str, npt.NDArray[Any]]], codecs: Sequence[ColumnCodec]
) -> Iterator[PlaceMap]:
    """The inverse of `maps_state`.

    Raises:
        ModelFileError: something is absent or does not fit together.
    """
    numbers = {codec.name for codec in codecs if isinstance(codec, NumberCodec)}
    for i, entry in enumerate(take_value({"places": [], **data}, "places", list)):  # files of before have none
        if not isinstance(entry, dict):
            raise ModelFileError("codec: a map must be an object")
        place = PlaceMap.from_state(entry, parts.get(f"{_PLACES}{i}", {}))
        if not set(place.names) <= numbers:
            raise ModelFileError(f"codec: the map of {list(place.names)} is one of columns that are no numbers")
        yield place


def settled(
    place: PlaceMap,
    columns: Columns,
    narrowed: Mapping[str, ColumnCodec],
    known: pl.DataFrame | None,
    rng: np.random.Generator,
) -> dict[str, pl.Series]:
    """The two columns of a place, moved to where people are."""
    y, x = (columns.series(name) for name in place.names)
    free = np.ones(len(columns), bool)
    for name in place.names if known is not None else ():
        if name in known.columns:  # type: ignore[union-attr]
            free &= known[name].is_null().to_numpy()  # type: ignore[index]
    limits = {i: codec for i, name in enumerate(place.names) if isinstance(codec := narrowed.get(name), NumberCodec)}

    def allowed(lats: Floats, lons: Floats) -> npt.NDArray[np.bool_]:
        found = np.ones(len(lats), bool)
        for i, codec in limits.items():
            found &= codec.draws((lats, lons)[i])
        return found

    within: Allowed | None = allowed if limits else None
    if free.all():
        new = place.settle(y, x, rng, within)
    elif not free.any():
        return {}
    else:
        some = np.flatnonzero(free)
        moved = place.settle(y.gather(some), x.gather(some), rng, within)
        new = y.scatter(some, moved[0]), x.scatter(some, moved[1])
    return dict(zip(place.names, new, strict=True))
