"""Images as codes: pixels as fractions, the label, where there is one, as the only field.

Legend: n images, C channels, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import BELOW_ONE, Alphabet, Codes, ImageShape
from likewise.codecs.column import State, take_value
from likewise.codecs.levels import LevelCodec
from likewise.codecs.table import Narrowing, TableCodec
from likewise.conditions import resolve
from likewise.errors import ConditionError, InputError, ModelFileError
from likewise.images.sets import ImageSet
from likewise.schema.column import Column, Kind, Schema

LABEL = "y"
"""What the label is called, in conditions and in files."""


@dataclass(frozen=True)
class ImageCodec:
    """Turns images of one size and kind into codes and back.

    Labels are a table of one column, so that conditions on them are those of tables. Every label is kept, however few
    images bear it: a class is declared by whoever labels images, it is nobody's secret.

    Args:
        shape: channels and sides.
        dtype: of the pixels, as they came and go out.
        range: the ends of the pixels, as `ImageSet.range` gives them.
        has_channels: whether arrays have an axis for channels.
        labels: the codec of the label; None when there are none.
        label_dtype: of the labels, as they came and go out.

    Example:
        >>> images = ImageSet(np.arange(18, dtype=np.uint8).reshape(2, 3, 3), np.array([4, 7]))
        >>> codec = ImageCodec.fit(images)
        >>> codes = codec.encode(images)
        >>> codes.codes.tolist(), codes.fractions.shape
        ([[0], [1]], (2, 9))
        >>> bool((codec.decode(codes).x == images.x).all())
        True
    """

    what: ClassVar[str] = "images"
    shape: ImageShape
    dtype: np.dtype[Any]
    range: tuple[float, float]
    has_channels: bool
    labels: TableCodec | None = None
    label_dtype: np.dtype[Any] | None = None

    @classmethod
    def fit(cls, images: ImageSet) -> Self:
        """The codec of these images.

        Raises:
            InputError: all labels are the same, so that they tell nothing.
        """
        labels = None
        if images.y is not None:
            frame = pl.DataFrame({LABEL: pl.Series(LABEL, _texts(images.y))})
            labels = TableCodec.fit(frame, _schema(), protect=False)
            if labels.alphabet.sizes[0] < 2:
                raise InputError("all labels are the same, so they tell nothing; leave them out")
        return cls(
            shape=ImageShape(*images.shape),
            dtype=images.x.dtype,
            range=images.range,
            has_channels=images.x.ndim == 4,
            labels=labels,
            label_dtype=None if images.y is None else images.y.dtype,
        )

    @classmethod
    def declared(cls, images: ImageSet, levels: Sequence[str] | None) -> Self:
        """The codec under a budget of privacy: of the pixels' type and size and the labels declared, of no pixel.

        Args:
            levels: all labels there may be, as texts; None where images have none.

        Raises:
            InputError: fewer than two labels are declared.
        """
        labels = None
        if levels is not None:
            if len(set(levels)) < 2:
                raise InputError("two labels at least must be declared; leave the labels out or declare all of them")
            frame = pl.DataFrame({LABEL: pl.Series(LABEL, sorted(set(levels)))})
            labels = TableCodec.fit(frame, _schema(), protect=False)
        texts = images.y is not None and images.y.dtype.kind == "U"
        return cls(
            shape=ImageShape(*images.shape),
            dtype=images.x.dtype,
            range=(0.0, 255.0 if images.x.dtype.kind in "iu" else 1.0),
            has_channels=images.x.ndim == 4,
            labels=labels,
            label_dtype=None if images.y is None else np.array(levels).dtype if texts else images.y.dtype,
        )

    @property
    def alphabet(self) -> Alphabet:
        return Alphabet(() if self.labels is None else self.labels.alphabet.fields, self.shape)

    @property
    def schema(self) -> Schema:
        """What conditions may be put on: the label, where there is one."""
        return Schema(()) if self.labels is None else _schema()

    @property
    def labels_declared(self) -> Schema | None:
        """The schema that declares these labels, as a fit under a budget of privacy takes it."""
        return None if self.labels is None else _schema().replace(LABEL, levels=self._levels)

    def encode(self, images: ImageSet) -> Codes:
        """Codes of images of this kind.

        Raises:
            InputError: their size, type or range is another, or labels are lacking or new.
        """
        self._check(images)
        pixels = images.scaled(self.range).reshape(len(images), -1)
        pixels = np.clip(pixels, 0.0, BELOW_ONE)
        if self.labels is None:
            return Codes(np.zeros((len(images), 0), np.uint8), pixels)
        assert images.y is not None, "checked"
        texts = pl.Series(LABEL, _texts(images.y))
        unknown = int((~self._has_known_label(images)).sum())
        if unknown:
            raise InputError(f"{unknown} images have labels that were not there when the model learnt")
        return Codes(self.labels.encode(pl.DataFrame({LABEL: texts})).codes, pixels)

    def of_known_labels(self, images: ImageSet) -> ImageSet:
        """Those images whose label is known: under a budget of privacy others are left out, with no word on how many.

        Raises:
            InputError: there is none.
        """
        if self.labels is None or images.y is None:
            return images
        known = self._has_known_label(images)
        if not known.any():
            raise InputError("all images have labels that were not there when labels were declared")
        return images[known]

    def _has_known_label(self, images: ImageSet) -> npt.NDArray[np.bool_]:
        assert images.y is not None
        known: npt.NDArray[np.bool_] = pl.Series(LABEL, _texts(images.y)).is_in(list(self._levels)).to_numpy()
        return known

    def _check(self, images: ImageSet) -> None:
        mine = self.shape.channels, self.shape.height, self.shape.width
        if images.shape != mine:
            raise InputError(f"images must have the shape {mine} as those learnt from, got {images.shape}")
        (low, high), (least, most) = self.range, images.range
        if (images.x.dtype.kind == "f") != (self.dtype.kind == "f") or least < low or most > high:
            raise InputError(
                f"pixels must be {self.dtype} in {low:g}..{high:g} as those learnt from, "
                f"got {images.x.dtype} in {least:g}..{most:g}"
            )
        if self.labels is not None and images.y is None:
            raise InputError("these images lack labels, and the model is told them; give y, or a mapping of x and y")

    @property
    def _levels(self) -> tuple[str, ...]:
        codec = self.labels.codecs[0] if self.labels is not None else None
        assert isinstance(codec, LevelCodec), "labels are levels"
        return codec.levels

    def decode(self, codes: Codes) -> ImageSet:
        """Images of the type, range and shape that came; whole numbers are rounded."""
        low, high = self.range
        x = codes.fractions * np.float32(high - low) + np.float32(low)
        if self.dtype.kind != "f" or high > 1:
            x = np.rint(x)
        sides = (self.shape.height, self.shape.width)
        x = x.astype(self.dtype).reshape(-1, *((self.shape.channels, *sides) if self.has_channels else sides))
        if self.labels is None or self.label_dtype is None:
            return ImageSet(x)
        texts = np.array(self._levels)[codes.codes[:, 0]]
        return ImageSet(x, _labels(texts, self.label_dtype))

    def condition(self, where: Mapping[str, Any]) -> Narrowing:
        """What conditions on the label leave of the codes.

        Raises:
            ConditionError: there are no labels, a condition is on something else, or no label can meet it.
        """
        if self.labels is None:
            if where:
                raise ConditionError("these images came without labels, so no condition can be put on them")
            return Narrowing({}, {})
        return self.labels.condition(resolve(where, _schema()))

    def to_state(self) -> State:
        """JSON-able dict and named arrays."""
        data: dict[str, Any] = {
            "shape": [self.shape.channels, self.shape.height, self.shape.width],
            "dtype": self.dtype.str,
            "range": list(self.range),
            "has_channels": self.has_channels,
        }
        if self.labels is None or self.label_dtype is None:
            return data, {}
        labels, arrays = self.labels.to_state()
        return data | {"labels": labels, "label_dtype": self.label_dtype.str}, arrays

    @classmethod
    def from_state(cls, data: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `to_state`.

        Raises:
            ModelFileError: something is absent or does not fit together.
        """
        shape, ends = take_value(data, "shape", list), take_value(data, "range", list)
        if (
            len(shape) != 3
            or not all(type(side) is int and 0 < side < 2**14 for side in shape)
            or shape[0] not in (1, 3)
        ):
            raise ModelFileError("codec: shape must be channels, height and width")
        if ends not in ([0, 1], [-1, 1], [0, 16], [0, 255]):
            raise ModelFileError("codec: range must be that of pixels")
        has_channels = take_value(data, "has_channels", bool)
        if shape[0] == 3 and not has_channels:
            raise ModelFileError("codec: images of three channels must have an axis for them")
        dtype = _dtype(take_value(data, "dtype", str), "buif")
        if "labels" not in data:
            return cls(ImageShape(*shape), dtype, (ends[0], ends[1]), has_channels)
        labels = TableCodec.from_state(take_value(data, "labels", dict), arrays)
        if labels.columns != (LABEL,) or not isinstance(labels.codecs[0], LevelCodec):
            raise ModelFileError("codec: labels must be one column of levels")
        label_dtype = _dtype(take_value(data, "label_dtype", str), "buifUO")
        made = cls(ImageShape(*shape), dtype, (ends[0], ends[1]), has_channels, labels, label_dtype)
        try:
            _labels(np.array(made._levels), label_dtype)
        except (ValueError, OverflowError) as error:
            raise ModelFileError("codec: labels are not of their type") from error
        return made


def _schema() -> Schema:
    return Schema((Column(name=LABEL, kind=Kind.CATEGORICAL),))


def _texts(y: npt.NDArray[Any]) -> list[str]:
    """Labels as the levels of a column: conditions write them the same way."""
    if y.dtype.kind == "b":
        return ["true" if label else "false" for label in y]
    plain = y.astype(np.int64) if y.dtype.kind == "f" else y
    return [str(label) for label in plain]


def _labels(texts: npt.NDArray[np.str_], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The inverse of `_texts`."""
    if dtype.kind == "b":
        return np.asarray(texts == "true")
    if dtype.kind in "iuf":
        return texts.astype(np.uint64 if dtype.kind == "u" else np.int64).astype(dtype)
    return texts.astype(dtype)


def _dtype(text: str, kinds: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(text)
    except TypeError as error:
        raise ModelFileError("codec: a type of numbers is not known") from error
    if dtype.kind not in kinds:
        raise ModelFileError(f"codec: a type must be of one of the kinds {kinds}, got {dtype.kind}")
    return dtype
