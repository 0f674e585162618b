"""Which two columns of a table are a place: a latitude and the longitude that belongs to it, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from likewise.schema.column import Column, Kind, Schema
from likewise.schema.semantics import Semantic
from likewise.schema.vocabulary import words

RANGES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}
_WORDS = {what: frozenset(words(f"places.{what}")) for what in RANGES}
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Pair:
    """The two columns of a place, by name."""

    latitude: str
    longitude: str


def _parts(name: str) -> list[tuple[str, str | None]]:
    """The words of a column's name, and which of the two each says: `pickupLat` and `start_lat` have two."""
    found: list[tuple[str, str | None]] = []
    for word in _WORD.findall(_HUMP.sub(" ", name).lower()):
        what = next((what for what, own in _WORDS.items() if word in own), None)
        inner = [(what, own) for what in RANGES for own in _WORDS[what] if not own.isascii() and own in word]
        if what is None and len(inner) == 1:
            found += [(word.replace(inner[0][1], ""), None), inner[0][::-1]]
        else:
            found.append((word, what))
    return found


def told(name: str) -> str | None:
    """Whether a name says latitude or longitude.

    Example:
        >>> told("pickup_latitude"), told("dropoffLng"), told("终点经度"), told("plates"), told("lat_lon")
        ('latitude', 'longitude', 'longitude', None, None)
    """
    found = [what for _, what in _parts(name) if what is not None]
    return found[0] if len(found) == 1 else None


def pairs_of(columns: Iterable[Column]) -> list[Pair]:
    """The places of a schema: a latitude and a longitude whose names are otherwise the same, or the only two there are;
    of several, the first goes with the first.

    A semantic that somebody said beats the name. Columns that are not modelled, or hold no fractions of degrees, are
    none.
    """
    some = [(c, _said(c)) for c in columns if c.is_modelled and c.kind is Kind.REAL]
    lats = [c.name for c, what in some if what == "latitude"]
    lons = [c.name for c, what in some if what == "longitude"]
    if len(lats) == len(lons) == 1:
        return [Pair(lats[0], lons[0])]
    of: dict[str, list[str]] = {}
    for name in lons:
        of.setdefault(_rest(name), []).append(name)
    return [Pair(name, of[_rest(name)].pop(0)) for name in lats if of.get(_rest(name))]


def _rest(name: str) -> str:
    """A name without the word that says which of the two it is."""
    return " ".join(word for word, what in _parts(name) if what is None and word)


def _said(column: Column) -> str | None:
    return told(column.name) if column.semantic is None else column.semantic.value


def with_places(schema: Schema) -> Schema:
    """The schema, with a note where somebody said that a column is half of a place, and there is no other half."""
    whole = {name for pair in pairs_of(schema) for name in (pair.latitude, pair.longitude)}
    lacks = {Semantic.LATITUDE: "longitude", Semantic.LONGITUDE: "latitude"}

    def with_note(column: Column) -> Column:
        other = lacks.get(column.semantic) if column.semantic else None
        if other is None or "semantic" in column.found or column.name in whole or not column.is_modelled:
            return column
        note = f"no {other} in fractions of degrees goes with it, so it is no place but a plain number"
        return replace(column, notes=(*column.notes, note))

    return replace(schema, columns=tuple(map(with_note, schema)))
