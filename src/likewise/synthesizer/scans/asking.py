"""Whether a table is learnt in parts: where somebody asks for it, or where it is large."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.engines import working
from likewise.errors import LikewiseError, LikewiseWarning, OptionError, SchemaError
from likewise.sources.chosen import MOST_CHOSEN, Chosen, chosen
from likewise.sources.opening import Scan, is_large, scan
from likewise.synthesizer.fitting import Learnt
from likewise.synthesizer.parameters import is_count, streams
from likewise.synthesizer.scans.dealing import MOST_LEARNT
from likewise.synthesizer.scans.fitting import draft_of, fit_source
from likewise.synthesizer.scans.limits import NotInPartsError, check_asked, fits_memory

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer


def in_parts(
    synth: Synthesizer, frame: Any, holdout: Any, where: Mapping[str, Any], others: Mapping[str, Any]
) -> tuple[Learnt, np.random.Generator] | Chosen | None:
    """What is learnt of a table in parts, and the stream to draw from; rows of it to learn from, where columns are
    learnt of rows in memory alone; None for one that is to be held in memory.

    A large table that cannot be learnt in parts is held, where memory is likely to do.

    Args:
        where: engine, workers, address, train_rows and data_parallel, as `Synthesizer.fit` takes them.
        others: arguments that go with other data.

    Raises:
        OptionError: something is asked for that does not go with it.
    """
    asked = {name: value for name, value in where.items() if value is not None and value is not False}
    if not isinstance(frame, Scan) and not asked:
        if any(value is not None for value in others.values()) or not is_large(frame):
            return None
        try:
            return _learnt(synth, scan(frame), holdout, where, chooses=not fits_memory(frame))
        except (OptionError, SchemaError) as error:
            if fits_memory(frame):
                return None
            raise _worded(error) from None
    if given := [name for name, value in others.items() if value is not None]:
        raise OptionError(f"{given[0]} does not go with a table that is read in parts: leave it out")
    if not isinstance(frame, Scan):
        try:
            frame = scan(frame)
        except OptionError:
            raise OptionError(
                f"{next(iter(asked))} is of tables that are read in parts: give the path of a file or folder, or "
                "likewise.scan(...), in place of a frame that is held already"
            ) from None
    return _learnt(synth, frame, holdout, where, chooses=not where["data_parallel"])


def _worded(error: LikewiseError) -> LikewiseError:
    return type(error)(f"{error}. The table is too large to be held in memory, where that would go")


def _learnt(
    synth: Synthesizer, source: Scan, holdout: Any, where: Mapping[str, Any], *, chooses: bool
) -> tuple[Learnt, np.random.Generator] | Chosen:
    if source.split is not None:
        raise OptionError("some rows of a scan are for an evaluation; a table is learnt whole")
    check_asked(synth, holdout)
    most = where["train_rows"]
    if most is not None and (isinstance(most, bool) or not is_count(most) or most < 1):
        raise OptionError(f"train_rows must be a whole number of 1 or more, or None, got {most!r}")
    split, training, drawing = streams(synth)
    with source.opened() as table, working(where["engine"], where["workers"], where["address"]) as engine:
        together = bool(where["data_parallel"])
        try:
            return fit_source(synth, table, engine, split, training, most or MOST_LEARNT, together=together), drawing
        except NotInPartsError as error:
            if not chooses:
                raise
            seed, why = int(split.integers(2**63)), error
        some = chosen(engine, table, draft_of(synth, table), why.entity, seed, most or MOST_CHOSEN)
    if not some.are_all:
        warnings.warn(
            f"{why.why}; so {some.words}, are learnt in memory: what few have may lack. train_rows= asks for more",
            LikewiseWarning, stacklevel=4,
        )  # fmt: skip
    return some
