"""How a synthesizer learns windows of time series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.codecs.base import Codes
from likewise.codecs.image import ImageCodec
from likewise.codecs.window import WindowCodec
from likewise.dp.gate import gate_of
from likewise.errors import InputError, OptionError
from likewise.images.sets import ImageSet, as_images, as_mapping
from likewise.models import AUTO
from likewise.models.base import Generator
from likewise.models.windows import AUTO_OF_WINDOWS, WINDOW_MODELS, window_model_named
from likewise.series.order import held_apart
from likewise.series.sets import WindowSet, as_windows
from likewise.synthesizer.fitting import Learnt, train
from likewise.synthesizer.parameters import made_generator

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

LEAST_WINDOWS = 20
"""Below this nothing of time can be told from chance."""

LEAST_LEARNT = 0.5
"""Share of the windows that must be left to learn; otherwise none is held out, and training runs as long as planned."""


def fit_windows(
    synth: Synthesizer, windows: WindowSet, holdout: WindowSet | None, split: np.random.Generator,
    training: np.random.Generator,
) -> Learnt:  # fmt: skip
    """Learn windows, by a synthesizer's own options.

    Raises:
        OptionError: one of them is for tables.
        InputError: there are too few windows, or its model learns something else.
    """
    for name in ("bounds", "only", "entity", "static", "codec", "schema", "rules", "privacy"):
        if getattr(synth, name) is not None:
            raise OptionError(f"{name} is for tables; windows of series are learnt without")
    if isinstance(synth.time, str):
        raise OptionError("time names a column of a table; the steps of windows stand in order")
    if isinstance(synth.model, Generator) and type(synth.model) not in WINDOW_MODELS.values():
        raise InputError(f"model {synth.model.name!r} learns no windows; there are {', '.join(WINDOW_MODELS)}")
    if len(windows) < LEAST_WINDOWS:
        raise InputError(
            f"there are {len(windows)} windows, and {LEAST_WINDOWS} at least are needed: cut shorter ones, or nearer"
        )
    named = AUTO_OF_WINDOWS if synth.model == AUTO else synth.model
    generator = made_generator(synth, window_model_named(named) if isinstance(named, str) else None)
    codec = WindowCodec.fit(windows)
    codes = codec.encode(windows)
    learnt, held = np.arange(len(windows)), np.arange(0)
    if holdout is None:
        learnt, held = held_apart(windows.origins, windows.n_steps, synth.holdout, split)
        if len(learnt) < LEAST_LEARNT * len(windows):  # what overlaps with the held out is most of them
            learnt, held = np.arange(len(windows)), held[:0]
    kept = codes[held] if holdout is None else codec.encode(holdout)
    gate = gate_of(codes[learnt], codec.alphabet.sizes)
    train(synth, generator, codec.alphabet, gate, kept, training)
    return Learnt(
        generator=generator, schema=codec.schema, codec=codec, gate=gate, n_rows=len(windows), train_rows=learnt,
        holdout_rows=held,
    )  # fmt: skip


def codes_of_arrays(codec: ImageCodec | WindowCodec, data: Any) -> Codes:
    """Codes of images, or of windows, whichever were learnt.

    Raises:
        InputError: these are of another kind.
    """
    if isinstance(codec, ImageCodec):
        images = as_images(data)
        if images is None:
            raise InputError(f"this model learnt images: give an array or a mapping, got {type(data).__name__}")
        return codec.encode(images)
    windows = as_windows(data, in_order=True)
    if windows is None:
        raise InputError(f"this model learnt windows: give an array or a WindowSet, got {type(data).__name__}")
    return codec.encode(windows)


def plainly(drawn: Any) -> Any:
    """What a model that was loaded gives: Polars frames, mappings of images and labels, arrays of windows."""
    if isinstance(drawn, WindowSet):
        return drawn.x
    return as_mapping(drawn) if isinstance(drawn, ImageSet) else drawn
