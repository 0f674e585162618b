"""Codes: the one alphabet of the house. A codec makes them from data; generators, measures and attacks read them.

Legend: n rows, D fields, K codes of one field, F fields that carry a fraction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

CodeArray = npt.NDArray[np.unsignedinteger]
FloatArray = npt.NDArray[np.floating]

BELOW_ONE = np.float32(1 - 2**-24)
"""The largest fraction: a pixel as bright as can be, a window's value at the end of its channel."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of codes, as a generator sees it: how many codes, in what order, which may be drawn.

    Args:
        size: number of codes K; codes are 0 .. K-1.
        positions: (K,) float32, where each code stands in the order of its values, as the mean rank of its rows
            in (0, 1); NaN for a code outside the order (missing, rare). None when the levels have no order.
        fraction: which column of `Codes.fractions` tells where inside the code a value lies; None if nothing does.
        emit: (K,) bool, codes that may be drawn. A code that stands for pooled rare levels may not.
        missing: the code of a missing value; None when there is none.
        missing_as_before: whether it is missing where the field before it is, and only there: both tell of one value.
    """

    size: int
    positions: npt.NDArray[np.float32] | None = None
    fraction: int | None = None
    emit: npt.NDArray[np.bool_]
    missing: int | None = None
    missing_as_before: bool = False


@dataclass(frozen=True)
class ImageShape:
    """What an image is: channels (1 grey, 3 colour), rows and columns of pixels."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Pixels times channels."""
        return self.channels * self.height * self.width

    @property
    def sides(self) -> tuple[int, int, int]:
        """(C, H, W), as nets of images take them."""
        return self.channels, self.height, self.width


@dataclass(frozen=True)
class WindowShape:
    """What a window of a time series is, as it is learnt: channels, and steps of each."""

    channels: int
    steps: int

    @property
    def size(self) -> int:
        """Steps times channels."""
        return self.channels * self.steps

    @property
    def sides(self) -> tuple[int, int, int]:
        """(C, T, 1): a window is an image one pixel wide to a net of images."""
        return self.channels, self.steps, 1


@dataclass(frozen=True)
class Alphabet:
    """All fields of a codec, in column order.

    Args:
        image: what the fractions are where rows are images: their pixels, each in [0, 1), channel by channel and row by
            row; the fields are then the labels. Where rows are windows of time series: their values, each in [0, 1),
            channel by channel and step by step; there are then no fields. None where rows are those of a table.
        joined: columns that stand in another's field, as those of a combination do but for the first.
    """

    fields: tuple[Field, ...]
    image: ImageShape | WindowShape | None = None
    joined: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(f.size for f in self.fields)

    @property
    def width(self) -> int:
        """Fields that there would be if no columns were joined: by these a net is chosen, whatever rules join."""
        return len(self.fields) + self.joined

    @property
    def n_fractions(self) -> int:
        return self.image.size if self.image is not None else sum(f.fraction is not None for f in self.fields)

    @property
    def code_dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned type that holds every code."""
        return np.dtype(np.min_scalar_type(max(self.sizes, default=1) - 1))


@dataclass(frozen=True)
class Codes:
    """Rows as small integers, and where inside its code each number lies.

    Args:
        codes: (n, D) smallest unsigned type that fits.
        fractions: (n, F) float32 in [0, 1): the share of the code's own rows that lie below the value, so that a
            uniform draw gives back the distribution inside the code.
    """

    codes: CodeArray
    fractions: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice) -> Codes:
        return Codes(self.codes[rows], self.fractions[rows])


@dataclass(frozen=True)
class Search:
    """How the search for rows that meet conditions goes.

    Args:
        found, wanted: rows.
        tried: candidates drawn so far, of `most`.
        share: of the rows that the model draws freely, what meets the conditions, as measured so far.
    """

    found: int
    wanted: int
    tried: int
    most: int
    share: float


@dataclass(frozen=True)
class Given:
    """What is already known of the rows to be drawn. Conditional sampling, balancing, imputation and scenarios
    are all one verb: draw the rest, given these.

    Args:
        codes: (n, D) int64, -1 where the code is to be drawn; None when nothing is known row by row. Of a context
            (`models.base.Fit.context_fields`) every code is known.
        weights: field index -> (K,) in [0, 1]: the share of each code that the condition leaves (0 forbids it,
            a range that cuts a bin leaves a part of it). Applies to every row where that field is drawn.
        joint: draw the weighted fields from their joint law under all conditions at once. False masks each as it is
            drawn, which is cheaper and enough to keep filled cells from being missing again.
        max_tries: candidates that may be drawn to find rows that meet the weights; None for the default.
        progress: called now and then while such rows are searched for.
    """

    codes: npt.NDArray[np.int64] | None = None
    weights: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    joint: bool = True
    max_tries: int | None = None
    progress: Callable[[Search], None] | None = None
