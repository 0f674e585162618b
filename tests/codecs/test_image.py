"""Images go to codes and come back as they were: type, range, shape and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from likewise.codecs.image import ImageCodec
from likewise.errors import ConditionError, InputError, ModelFileError
from likewise.images.sets import ImageSet

BYTES = np.random.default_rng(0).integers(0, 256, (9, 4, 5), dtype=np.uint8)
KINDS: dict[str, np.ndarray] = {
    "bytes": BYTES,
    "one channel": BYTES[:, None],
    "colour": np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), dtype=np.uint8),
    "int64": BYTES.astype(np.int64),
    "whole floats": (BYTES // 16).astype(np.float64),
    "bool": BYTES > 99,
    "float": np.random.default_rng(0).random((9, 4, 5)).astype(np.float32),
    "float64": np.random.default_rng(0).random((9, 4, 5)),
    "signed float": np.random.default_rng(0).random((9, 4, 5)) * 2 - 1,
}
LABELS: dict[str, Any] = {
    "none": None,
    "int": np.arange(9) % 3 * 10 - 5,
    "uint8": (np.arange(9) % 3).astype(np.uint8),
    "float": (np.arange(9) % 3).astype(np.float32),
    "text": np.array(["one", "two", "three"])[np.arange(9) % 3],
    "object": np.array(["one", "two", "three"], object)[np.arange(9) % 3],
    "bool": np.arange(9) % 2 == 0,
}


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_come_back_in_type_range_and_shape(kind: str) -> None:
    x = KINDS[kind]
    codec = ImageCodec.fit(ImageSet(x))
    codes = codec.encode(ImageSet(x))
    assert codes.fractions.shape == (9, codec.alphabet.n_fractions)
    assert (codes.fractions < 1).all()
    back = codec.decode(codes).x
    assert back.dtype == x.dtype
    assert back.shape == x.shape
    if x.dtype.kind == "f" and kind != "whole floats":
        assert np.abs(back - x).max() < 2e-7
    else:
        assert np.array_equal(back, x)


@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_in_type(kind: str) -> None:
    images = ImageSet(BYTES, LABELS[kind])
    codec = ImageCodec.fit(images)
    back = codec.decode(codec.encode(images))
    if kind == "none":
        assert back.y is None
    else:
        assert back.y.dtype == images.y.dtype
        assert back.y.tolist() == images.y.tolist()


@pytest.mark.parametrize("kind", LABELS)
def test_state_makes_the_same_codec(kind: str) -> None:
    images = ImageSet(BYTES, LABELS[kind])
    codec = ImageCodec.fit(images)
    again = ImageCodec.from_state(*codec.to_state())
    codes = again.encode(images)
    assert np.array_equal(codes.codes, codec.encode(images).codes)
    assert np.array_equal(again.decode(codes).x, BYTES)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("int", 15),
        ("int", "15"),
        ("int", np.int8(15)),
        ("int", [15, -5]),
        ("text", "one"),
        ("bool", True),
        ("uint8", 2),
    ],
)
def test_conditions_name_labels_as_they_are(kind: str, asked: Any) -> None:
    images = ImageSet(BYTES, LABELS[kind])
    codec = ImageCodec.fit(images)
    allowed = codec.condition({"y": asked}).weights[0] > 0
    kept = codec.decode(codec.encode(images)).y[allowed[codec.encode(images).codes[:, 0]]]
    wanted = {str(a) for a in (asked if isinstance(asked, list) else [asked])}
    assert {str(label) for label in kept} == wanted


def test_conditions_on_nothing_that_is_there_are_refused() -> None:
    labelled, plain = ImageCodec.fit(ImageSet(BYTES, LABELS["int"])), ImageCodec.fit(ImageSet(BYTES))
    with pytest.raises(ConditionError, match="without labels"):
        plain.condition({"y": 1})
    with pytest.raises(ConditionError, match="no column 'z'"):
        labelled.condition({"z": 1})
    with pytest.raises(ConditionError, match="none of the 1 levels"):
        labelled.condition({"y": 99})


def test_labels_that_tell_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="all labels are the same"):
        ImageCodec.fit(ImageSet(BYTES, np.zeros(9, int)))


def test_images_of_another_kind_are_refused() -> None:
    codec = ImageCodec.fit(ImageSet(BYTES, LABELS["int"]))
    for images, says in (
        (ImageSet(BYTES[:, :3], LABELS["int"]), "shape"),
        (ImageSet(BYTES / 255, LABELS["int"]), "as those learnt from"),
        (ImageSet(BYTES), "lack labels"),
        (ImageSet(BYTES, LABELS["int"] + 1), "9 images have labels"),
    ):
        with pytest.raises(InputError, match=says):
            codec.encode(images)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2, 4, 5]},
        {"shape": [1, 4]},
        {"shape": [1, 10**9, 5]},
        {"range": [0, 7]},
        {"dtype": "O"},
        {"dtype": "nonsense"},
        {"label_dtype": "<i8x"},
        {"has_channels": 1},
        {"labels": {}},
    ],
)
def test_a_damaged_state_is_refused(change: dict[str, Any]) -> None:
    data, arrays = ImageCodec.fit(ImageSet(BYTES, LABELS["text"])).to_state()
    with pytest.raises(ModelFileError):
        ImageCodec.from_state({**data, **change}, arrays)


def test_labels_of_another_type_than_their_texts_are_refused() -> None:
    data, arrays = ImageCodec.fit(ImageSet(BYTES, LABELS["text"])).to_state()
    with pytest.raises(ModelFileError, match="not of their type"):
        ImageCodec.from_state({**data, "label_dtype": "<i8"}, arrays)
