"""How a synthesizer learns images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from likewise.codecs.image import LABEL, ImageCodec
from likewise.dp.gate import gate_of
from likewise.dp.ledger import Ledger
from likewise.errors import InputError, OptionError
from likewise.images.sets import ImageSet
from likewise.models import AUTO, AUTO_OF_IMAGES, PRIVATE_AUTO_OF_IMAGES
from likewise.models.base import Generator
from likewise.models.eligible import ledger_for
from likewise.models.images import IMAGE_MODELS, image_model_named
from likewise.models.images.base import with_every_class
from likewise.schema.column import Schema
from likewise.synthesizer.fitting import Learnt, recorded, split_of, telling_what_was_spent, train
from likewise.synthesizer.parameters import made_generator

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


def fit_images(
    synth: Synthesizer, images: ImageSet, holdout: ImageSet | None, split: np.random.Generator,
    training: np.random.Generator,
) -> Learnt:  # fmt: skip
    """Learn images, by a synthesizer's own options.

    Raises:
        OptionError: one of them is for tables.
        InputError: its model learns tables.
    """
    for name in ("bounds", "only", "entity", "codec", "rules", *(("schema",) if synth.privacy is None else ())):
        if getattr(synth, name) is not None:
            raise OptionError(f"{name} is for tables; images have none")
    if synth.time is not None:
        raise OptionError("time is for histories and windows; images have no steps")
    if isinstance(synth.model, Generator) and type(synth.model) not in IMAGE_MODELS.values():
        raise InputError(f"model {synth.model.name!r} learns no images; there are {', '.join(IMAGE_MODELS)}")
    auto = AUTO_OF_IMAGES if synth.privacy is None else PRIVATE_AUTO_OF_IMAGES
    named = auto if synth.model == AUTO else synth.model
    generator = made_generator(synth, image_model_named(named) if isinstance(named, str) else None)
    with recorded(synth, generator) as end:
        ledger = None if synth.privacy is None else _ledger(synth, images, generator)
        codec = ImageCodec.fit(images) if ledger is None else ImageCodec.declared(images, declared_labels(synth.schema))
        if ledger is not None:
            images = codec.of_known_labels(images)
        codes = codec.encode(images)
        train_rows, holdout_rows = split_of(
            synth, np.arange(len(images)), split, own=holdout is None and ledger is None
        )
        train_rows, holdout_rows = with_every_class(codes.codes, train_rows, holdout_rows)
        kept = codes[holdout_rows] if holdout is None else codec.encode(holdout)
        gate = gate_of(codes[train_rows], codec.alphabet.sizes, ledger)
        with telling_what_was_spent(synth, ledger, end):
            train(synth, generator, codec.alphabet, gate, kept, training)
    learnt = Learnt(
        generator=generator, schema=codec.schema, codec=codec, gate=gate, ledger=ledger,
        n_rows=len(images) if ledger is None else generator.n_rows,
    )  # fmt: skip
    return learnt if ledger is not None else replace(learnt, train_rows=train_rows, holdout_rows=holdout_rows)


def _ledger(synth: Synthesizer, images: ImageSet, generator: Generator) -> Ledger:
    """The ledger of a fit of images, whose labels must be declared."""
    assert synth.privacy is not None
    if synth.privacy.entity is not None:
        raise OptionError("entity names a column of a table; images have none")
    if images.y is None and synth.schema is not None:
        raise OptionError("schema declares the labels of images, and these have none")
    if images.y is not None and declared_labels(synth.schema) is None:
        raise OptionError(
            "privacy needs the labels declared, for one told from the data would be told for free: "
            "schema=Schema((Column(name='y', kind='categorical', levels=('0', '1', ...)),))"
        )
    return ledger_for(synth.privacy, generator)


def declared_labels(schema: Schema | None) -> tuple[str, ...] | None:
    """The labels of images that a schema declares, as texts."""
    if schema is None or schema.names != (LABEL,):
        return None
    levels: tuple[str, ...] | None = schema[LABEL].said.get("levels")
    return levels
