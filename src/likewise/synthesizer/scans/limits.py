"""What cannot be learnt of a table that is not held, told before it is read; and whether memory is likely to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likewise.codecs.ids import IdCodec
from likewise.codecs.levels import LevelCodec
from likewise.codecs.numbers import NumberCodec
from likewise.codecs.table import codec_kind
from likewise.codecs.times import TimeCodec
from likewise.errors import OptionError, SchemaError
from likewise.models.autoregressive.model import Autoregressive
from likewise.models.base import Generator
from likewise.models.cart.model import CartChain
from likewise.models.copula.model import GaussianCopula
from likewise.schema.column import Column, Role, Schema
from likewise.schema.places import pairs_of
from likewise.sources.opening import cells_in
from likewise.tables.folders import files_of, form_by_name

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

CELL = 40
"""Bytes that a cell takes in memory while a table is learnt, about."""

LEARNT = (Autoregressive, GaussianCopula, CartChain)
"""Generators that learn from a file of codes."""

_CODECS = (LevelCodec, NumberCodec, TimeCodec, IdCodec)


def check_asked(synth: Synthesizer, holdout: Any) -> None:
    """Hold what is asked of a synthesizer to what goes with a table that is read in parts.

    Raises:
        OptionError: one of it does not.
    """
    asked = {
        "holdout": holdout is not None, "time": synth.time is not None, "only": bool(synth.only),
        "rules": bool(synth.rules or (synth.schema is not None and synth.schema.rules)),
        "privacy": synth.privacy is not None,
        "k_anonymous": synth.codec is not None and synth.codec.k_anonymous is not None,
    }  # fmt: skip
    if named := [name for name, given in asked.items() if given]:
        raise OptionError(
            f"{named[0]} does not go with a table that is read in parts: it looks at rows together. Leave it out, or "
            "fit a frame that is held in memory, such as a sample of the rows"
        )


def check_generator(generator: Generator) -> None:
    """
    Raises:
        OptionError: it does not learn from a file of codes.
    """
    if not isinstance(generator, LEARNT):
        known = ", ".join(repr(kind.name) for kind in LEARNT)
        raise OptionError(f"model {generator.name!r} learns from rows in memory; of a table in parts {known} learn")


class NotInPartsError(SchemaError):
    """A column is learnt of rows in memory alone.

    Args:
        why: which one, in words.
        instead: what to do.
        entity: the column that tells whose a row is; None for none.
    """

    def __init__(self, why: str, instead: str, entity: str | None = None) -> None:
        super().__init__(f"{why}: {instead}")
        self.why, self.instead, self.entity = why, instead, entity

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.why, self.instead, self.entity)


def check_schema(schema: Schema, asked: str | bool | None = None) -> None:
    """Hold the columns to those that can be learnt in parts.

    Args:
        asked: which column somebody says tells whose a row is, or False for none.

    Raises:
        NotInPartsError: one cannot; with what to do.
        SchemaError: there is nothing to learn.
    """
    entity = schema.entity if asked is None else asked or None
    if isinstance(entity, str):
        raise NotInPartsError(
            f"column {entity!r} tells whose a row is, and people with several rows are not counted of a table "
            "that is read in parts",
            "say entity=False (--no-entity) where rows are people, or fit a frame of some entities that is held",
            entity,
        )
    for column in schema:
        if column.role is not Role.DROP and codec_kind(column) not in _CODECS:
            raise NotInPartsError(
                f"column {column.name!r}: {_what(column)} are not learnt of a table that is read in parts, for all of "
                "them would have to be held",
                "give it role 'drop', or say what else it is (semantic 'none')",
            )
    if pairs := pairs_of(schema):
        raise NotInPartsError(
            f"columns {pairs[0].latitude!r} and {pairs[0].longitude!r} are places, which are not learnt of a table "
            "that is read in parts",
            "say semantic 'none' of both, to learn them as numbers",
        )
    if not schema.modelled:
        raise SchemaError("all columns are ids or dropped: there is nothing to learn")


def _what(column: Column) -> str:
    return "texts" if column.kind == "text" else "personal identifiers"


def fits_memory(what: Any) -> bool:
    """Whether a table is likely to fit into the memory that is free."""
    files = files_of(Path(what))
    cells = cells_in(files) if form_by_name(files[0]) == "parquet" else sum(f.stat().st_size for f in files) // 5
    return cells * CELL < _free_memory()


def _free_memory() -> int:
    """Bytes; those of the system, or of the group of processes where this is less."""
    found = [2**63]
    try:
        found.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        lines = Path("/proc/meminfo").read_text().splitlines()
        found[-1] = max(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        most, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text().strip() for name in ("max", "current"))
        found.append(int(most) - int(used) if most != "max" else 2**63)
    except (OSError, ValueError, AttributeError):
        pass
    return min(found)
