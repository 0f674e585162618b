"""Names and titles by their outline: runs of capitals, small letters, other ones and digits, and the marks between.

Titles hardly ever share a template, but `Aa Aa` is what most names of two words are. Outlines that enough people share
are codes. A draw takes the length of each run from those that enough people have where a run stands so, and each
character from those of its class that enough people have, so no word is stored.

Legend: n strings, K outlines, R runs of all outlines together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.characters import CLASSES, Places, as_strings, templates_of
from likewise.codecs.column import Arrays, is_share, take_array
from likewise.errors import ModelFileError
from likewise.schema.keys import WORDY

MARKS = tuple(CLASSES.values())
BETWEEN = "\ue006"
"""What stands for whatever is no run, where a run is told by what is beside it."""
BLOCK = 2**16
"""Strings drawn at a time."""
_RUNS = "".join(MARKS)
_CASES = dict(zip(MARKS, ("9", "AA", "aa", "aa"), strict=True))


def outlines_of(templates: pl.Series) -> pl.Series:
    """(n,) templates in which a run of characters of one class is one mark.

    Example:
        >>> one, two = outlines_of(templates_of(pl.Series(["Ada Byron", "Bo Ek"])))
        >>> one == two, len(one)
        (True, 5)
    """
    for mark in MARKS:
        templates = templates.str.replace_all(f"{mark}+", mark)
    return templates


@dataclass(frozen=True)
class Outlines:
    """Outlines that enough people share, and how long their runs are.

    Args:
        outlines: (K,) by frequency.
        counts: (K,) rows of each.
        kinds: (R,) of what kind each run is: of which class, and between which.
        lengths: by kind, how many characters, each of which enough people have.
        chars: by class, the characters.
    """

    outlines: tuple[str, ...]
    counts: npt.NDArray[np.float64]
    kinds: npt.NDArray[np.int64]
    lengths: Places
    chars: Places

    @classmethod
    def of(cls, texts: pl.DataFrame, rows: int, chars: pl.DataFrame, most: int) -> Self | None:
        """Those of some texts; None where none is shared.

        Args:
            texts: template, the rows that have it, and the person, null where each row is one.
            rows: people who must stand behind an outline, and behind a length.
            chars: that enough people have: char, rows.
            most: outlines.
        """
        texts = texts.drop_nulls("template").filter(pl.col("template") != "")
        texts = texts.with_columns(outline=outlines_of(texts["template"]))
        mark = templates_of(chars["char"])
        chars = chars.with_columns(
            place=pl.Series([MARKS.index(m) if m in MARKS else -1 for m in mark], dtype=pl.Int64)
        )
        chars = chars.filter(pl.col("place") >= 0).sort("place", "char")
        drawable = {MARKS[k] for k in chars["place"].unique()}
        lengths = _lengths(texts, rows)
        told = set(lengths["kind"])
        shared = _people(texts, "outline").filter(pl.col("people") >= rows).select("outline")
        often = texts.group_by("outline").agg(pl.col("rows").sum()).join(shared, on="outline")
        kinds = {o: _kinds(o, told) for o in often["outline"]}  # outlines, not rows
        fit = [o for o, of in kinds.items() if of is not None and {m for m in o if m in MARKS} <= drawable]
        often = (
            often.filter(pl.col("outline").is_in(fit)).sort(["rows", "outline"], descending=[True, False]).head(most)
        )
        if not len(often):
            return None
        outlines = tuple(often["outline"].to_list())
        used = sorted({kind for o in outlines for kind in kinds[o] or ()})
        frame = lengths.filter(pl.col("kind").is_in(used)).sort("kind", "length")
        place = frame["kind"].rank("dense").to_numpy().astype(np.int64) - 1
        return cls(
            outlines,
            often["rows"].to_numpy().astype(np.float64),
            np.array([used.index(kind) for o in outlines for kind in kinds[o] or ()], np.int64),
            Places(place, frame["length"].to_numpy().astype(np.uint32), frame["people"].to_numpy().astype(np.float64)),
            Places.of(chars),
        )

    @cached_property
    def _first(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *(sum(c in MARKS for c in o) for o in self.outlines)])

    @property
    def wordy(self) -> npt.NDArray[np.bool_]:
        """(K,) which of them are sentences."""
        spelt = pl.Series(self.outlines, dtype=pl.String).str.replace_many(_CASES)
        return spelt.str.contains(WORDY).to_numpy()

    def draw(self, k: int, n: int, rng: np.random.Generator) -> pl.Series:
        """n strings of one outline."""
        parts = [self._some(k, min(BLOCK, n - at), rng) for at in range(0, n, BLOCK)]
        return pl.concat(parts) if parts else pl.Series([], dtype=pl.String)

    def _some(self, k: int, n: int, rng: np.random.Generator) -> pl.Series:
        outline = self.outlines[k]
        of = np.array([MARKS.index(c) if c in MARKS else -1 for c in outline])
        lengths = np.ones((n, len(outline)), np.int64)
        kinds = self.kinds[self._first[k] : self._first[k + 1]]
        lengths[:, of >= 0] = self.lengths.draw(np.broadcast_to(kinds, (n, len(kinds))), rng)
        total = lengths.sum(1)
        at = np.repeat(np.tile(np.arange(len(outline)), n), lengths.ravel())
        flat = np.array([ord(c) for c in outline], np.uint32)[at]
        run = of[at] >= 0
        flat[run] = self.chars.draw(of[at][run], rng)
        chars = np.zeros((n, int(total.max())), np.uint32)
        chars[np.arange(int(total.max())) < total[:, None]] = flat
        return as_strings(chars, total)

    # ---- state -------------------------------------------------------------------------------------------------------

    def to_state(self) -> Arrays:
        """Arrays; the outlines themselves are the codec's templates."""
        found: Arrays = {"outline_counts": self.counts, "outline_kinds": self.kinds}
        for name, of in (("length", self.lengths), ("letter", self.chars)):
            values = {"place": of.place, "value": of.char.astype(np.int64), "rows": of.rows}
            found |= {f"outline_{name}_{part}": array for part, array in values.items()}
        return found

    @classmethod
    def from_state(cls, outlines: tuple[str, ...], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        n = sum(c in MARKS for o in outlines for c in o)
        kinds = take_array(arrays, "outline_kinds", "i", length=n).astype(np.int64)
        counts = take_array(arrays, "outline_counts", "f", length=len(outlines)).astype(np.float64)
        lengths, chars = (_places_from(arrays, f"outline_{name}_") for name in ("length", "letter"))
        fits = is_share(counts) and (not n or 0 <= kinds.min() <= kinds.max() <= lengths.place.max(initial=-1))
        fits = fits and np.array_equal(np.unique(lengths.place), np.arange(lengths.place.max(initial=-1) + 1))
        fits = fits and {MARKS.index(c) for o in outlines for c in o if c in MARKS} <= set(chars.place.tolist())
        if not fits or lengths.char.max(initial=1) > 64 or lengths.char.min(initial=1) < 1:
            raise ModelFileError("codec of a text: its outlines do not fit together")
        return cls(outlines, counts, kinds, lengths, chars)


def _places_from(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Places:
    place = take_array(arrays, f"{prefix}place", "i").astype(np.int64)
    value = take_array(arrays, f"{prefix}value", "i", length=len(place))
    rows = take_array(arrays, f"{prefix}rows", "f", length=len(place)).astype(np.float64)
    bad = (np.diff(place) < 0).any() or (place < 0).any() or (value < 0).any() or (value > 0x10FFFF).any()
    if bad or (len(rows) and (not is_share(rows) or (rows <= 0).any())):
        raise ModelFileError("codec of a text: the runs of its outlines do not fit together")
    return Places(place, value.astype(np.uint32), rows)


def _people(texts: pl.DataFrame, *by: str) -> pl.DataFrame:
    """How many people have each: persons where these are told, else rows."""
    own = texts.filter(pl.col("person").is_null()).group_by(by).agg(people=pl.col("rows").sum())
    told = texts.drop_nulls("person").group_by(by).agg(people=pl.col("person").n_unique())
    both = pl.concat([own.cast({"people": pl.Int64}), told.cast({"people": pl.Int64})])
    return both.group_by(by).agg(pl.col("people").sum())


def _lengths(texts: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Kind of a run, or its class alone, length, people: those that enough have."""
    parts = texts.select("template").unique().with_columns(
        run=pl.col("template").str.extract_all("|".join([*(f"{mark}+" for mark in MARKS), f"[^{_RUNS}]"]))
    ).explode("run")  # fmt: skip
    mark = pl.col("run").str.head(1)
    mark = pl.when(mark.is_in(MARKS)).then(mark).otherwise(pl.lit(BETWEEN))
    sides = [mark.shift(step).over("template").fill_null("") for step in (1, -1)]
    parts = parts.with_columns(
        mark=mark, kind=sides[0] + "|" + mark + "|" + sides[1], length=pl.col("run").str.len_chars().cast(pl.Int64)
    ).filter(pl.col("mark") != BETWEEN)  # fmt: skip
    runs = pl.concat(
        [parts.select("template", "kind", "length"), parts.select("template", kind="mark", length="length")]
    )
    held = _people(texts.join(runs.unique(), on="template"), "kind", "length")
    return held.filter(pl.col("people") >= rows)


def _kinds(outline: str, told: set[str]) -> tuple[str, ...] | None:
    """The kind of each run of an outline, its class alone where nothing is told of that; None where of neither."""
    marks = [c if c in MARKS else BETWEEN for c in outline]
    found = []
    for k, mark in enumerate(marks):
        if mark != BETWEEN:
            before, after = marks[k - 1] if k else "", marks[k + 1] if k + 1 < len(marks) else ""
            kind = f"{before}|{mark}|{after}"
            found.append(kind if kind in told else mark)
    return tuple(found) if set(found) <= told else None
