"""What a synthesizer does whose data are a database. Rooms of databases are loaded when there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from likewise.errors import InputError, OptionError
from likewise.modelfile import write_model
from likewise.tables.frames import from_frame

if TYPE_CHECKING:
    from pathlib import Path

    from likewise.databases.database import Database
    from likewise.dp.gate import StepPlan
    from likewise.modelfile import ModelFile
    from likewise.synthesizer.databases.learning import DatabaseModel
    from likewise.synthesizer.estimator import Synthesizer


def is_database(data: Any) -> TypeGuard[Database]:
    """Whether it is a `Database`; mappings of frames that are none are refused.

    Raises:
        InputError: they are several tables, of which no keys are known.
    """
    if not isinstance(data, Mapping):
        return False
    from likewise.databases.database import Database, holds_frames

    if isinstance(data, Database):
        return True
    if holds_frames(data):
        raise InputError(
            "several tables are learnt as a database, which knows their keys: fit(lw.Database({...})), with "
            "keys=[...] for those that are not to be found by themselves"
        )
    return False


def learn(synth: Synthesizer, database: Database) -> tuple[DatabaseModel, StepPlan | None, Database]:
    """The model of a database, the plan of its steps under a budget, and the database without its rows."""
    from likewise.synthesizer.databases.learning import check_options, learn_database
    from likewise.synthesizer.databases.within import learn_within

    check_options(synth)
    if synth.privacy is None:
        database, plan = database.settled(), None
        learnt = learn_database(synth, database)
    else:
        learnt, plan = learn_within(synth, database, synth.privacy)
    none = {name: table.clear().select(list(learnt.tables[name].columns)) for name, table in database.tables.items()}
    return learnt, plan, database.with_tables(none, learnt.schema)


def draw(
    synth: Synthesizer, rng: np.random.Generator, others: Mapping[str, Any], *, where: Mapping[str, Any] | None,
    scale: Any, rows: Any, given: Mapping[str, Any] | None,
) -> Database:  # fmt: skip
    """A database drawn from the model of one, as `Synthesizer.sample` takes what is asked of it."""
    from likewise.databases.database import Database
    from likewise.synthesizer.databases.drawing import draw_database
    from likewise.synthesizer.databases.wanted import wanted_of

    model = synth.database_
    assert model is not None
    if asked := [name for name, value in others.items() if value is not None]:
        raise OptionError(f"{asked[0]} is of one table, and this model learnt a database: use scale or rows")
    if not isinstance(given, Mapping | None):
        raise OptionError("given must be a mapping of tables to frames of known rows")
    known = {str(name): from_frame(frame)[0] for name, frame in (given or {}).items()}
    wanted = wanted_of(model, 1.0 if scale is None else scale, rows, where, known)
    drawn = synth._give_back(draw_database(model, wanted, int(rng.integers(2**62))))
    drawn = drawn if isinstance(drawn, Database) else Database(drawn, model.schema)  # of a copy, or a loaded one
    drawn.source = drawn.source or model.source
    return drawn


def save(synth: Synthesizer, path: str | Path) -> None:
    from likewise.synthesizer.databases.saved import to_parts

    assert synth.database_ is not None
    manifest, arrays = to_parts(synth.database_, lambda inner: inner._parts())
    write_model(path, manifest | {"n_rows": synth.n_rows_, "model": synth.model}, arrays)


def load(made: Synthesizer, file: ModelFile) -> None:
    """Give a synthesizer what a file holds of a database."""
    from likewise.synthesizer.databases.saved import of_parts

    model = of_parts(file.manifest, file.arrays, made._of_parts)
    made.database_, made.n_rows_, made.ledger_ = model, int(file.manifest["n_rows"]), model.ledger
    made.privacy = None if model.ledger is None else model.ledger.budget
    made._drawing = np.random.default_rng()
