"""What a model file holds of a synthesizer, and how its parts are held to one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.base import Alphabet, Codes
from likewise.codecs.image import ImageCodec
from likewise.codecs.levels import LevelCodec
from likewise.codecs.table import TableCodec
from likewise.codecs.window import WindowCodec
from likewise.dp.answers import NoisyTable, from_state, to_state
from likewise.dp.ledger import Ledger
from likewise.errors import LikewiseError, ModelFileError
from likewise.histories.model import HistoryModel
from likewise.models import model_named
from likewise.models.base import Generator
from likewise.models.images import image_model_named
from likewise.models.windows import window_model_named
from likewise.rules.plan import RulePlan
from likewise.schema.column import Role, Schema
from likewise.schema.parse import restore
from likewise.synthesizer.beside import Beside

RUN_OPTIONS = ("checkpoint", "max_seconds")
"""Options of one run of `fit`, not of the model: not written into a model file, nor taken from one, for a file from
elsewhere must not choose where to write."""

DAMAGE = (
    LikewiseError, ArithmeticError, AttributeError, LookupError, RecursionError, RuntimeError, TypeError, ValueError,
    pl.exceptions.PolarsError,
)  # fmt: skip
"""What building from a file's parts can raise when they do not fit each other."""

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A fitted synthesizer without its rows.

    Args:
        kind: the generator's class.
        options: that it was made with, but those of a run.
        codec: of a table, of images, or of windows.
        state: the generator's arrays.
        ledger: what was paid; None without a budget.
        record: of the training.
        rules: how rules between columns are kept; None where there are none.
        histories: of rows of entities in time; the state is then empty, and the codec that of their rows.
        beside: which columns stand in the table of entities beside those rows; None where there is none.
    """

    kind: type[Generator]
    options: dict[str, Any]
    schema: Schema
    codec: TableCodec | ImageCodec | WindowCodec
    state: Arrays
    answers: tuple[NoisyTable, ...]
    ledger: Ledger | None
    n_rows: int
    record: dict[str, Any]
    rules: RulePlan | None = None
    histories: HistoryModel | None = None
    beside: Beside | None = None

    @property
    def alphabet(self) -> Alphabet:
        return self.codec.alphabet

    def parts(self) -> tuple[dict[str, Any], Arrays]:
        """The manifest and the arrays of a file."""
        codec = self.codec
        data, arrays = codec.to_state() if self.histories is None else self.histories.parts()
        manifest = {
            "schema": without_rare_levels(self.schema, codec, self.rules).to_dict(types=True)
            if isinstance(codec, TableCodec)
            else None,
            "codec": data,
            "model": {
                "name": self.kind.name,
                "options": {k: v for k, v in self.options.items() if k not in RUN_OPTIONS},
            },
            "training": self.record,
            "n_rows": self.n_rows,
            "privacy": None if self.ledger is None else self.ledger.to_dict(),
        }
        if self.rules is not None:
            manifest["rules"] = self.rules.to_dict()
        if self.histories is not None:
            manifest["histories"] = manifest.pop("codec")
        if self.beside is not None:
            manifest["beside"] = {"rows": list(self.beside.rows), "static": list(self.beside.static)}
        state = self.state if self.histories is None else {}
        groups = {"codec": arrays, "model": state, "answers": to_state(self.answers)}
        return manifest, {f"{group}.{k}": v for group, named in groups.items() for k, v in named.items()}

    @classmethod
    def of_parts(cls, manifest: dict[str, Any], arrays: Arrays) -> Self:
        """What `parts` gave.

        Raises:
            ModelFileError, or one of `DAMAGE`: the parts do not fit each other.
        """
        groups: dict[str, Arrays] = {"codec": {}, "model": {}, "answers": {}}
        for key, array in arrays.items():
            group, _, name = key.partition(".")
            if group not in groups:
                raise ModelFileError(f"array {key!r} belongs to nothing")
            groups[group][name] = array
        model = manifest["model"]
        if not isinstance(model["name"], str) or set(model["options"]) & set(RUN_OPTIONS):
            raise ModelFileError("its model has a name that is no text, or options of a run")
        codec: TableCodec | ImageCodec | WindowCodec
        rules, histories, beside = None, None, None
        of_windows = manifest["schema"] is None and "n_steps" in manifest["codec"]
        named = window_model_named if of_windows else image_model_named if manifest["schema"] is None else model_named
        kind: type[Generator] = named(model["name"])
        if of_windows:
            codec, schema = WindowCodec.from_state(manifest["codec"]), Schema(())
        elif manifest["schema"] is None:
            codec = ImageCodec.from_state(manifest["codec"], groups["codec"])
            schema = codec.schema
        elif "histories" in manifest:
            schema = Schema.from_dict(manifest["schema"])
            histories = HistoryModel.of_parts(manifest["histories"], groups["codec"], lambda: kind(**model["options"]))
            histories.sample(8, np.random.default_rng(0), steps=2)  # what a damaged file breaks should break now
            codec = histories.layout.codec
            rules = RulePlan.from_dict(manifest["rules"], schema) if "rules" in manifest else None
            if "beside" in manifest:
                beside = Beside.from_dict(manifest["beside"], histories.layout, schema)
        else:
            schema = Schema.from_dict(manifest["schema"])
            codec = TableCodec.from_state(manifest["codec"], groups["codec"])
            rules = RulePlan.from_dict(manifest["rules"], schema) if "rules" in manifest else None
            inner = schema if rules is None else rules.inner
            if set(codec.columns) != {c.name for c in inner if c.role != "drop"}:
                raise ModelFileError("schema and codec name different columns")
            _try_out(codec, schema, rules)
        paid, n_rows = manifest.get("privacy"), int(manifest["n_rows"])
        if n_rows < 1:
            raise ModelFileError("n_rows must be at least 1")
        return cls(
            kind=kind, options=dict(model["options"]), schema=schema, codec=codec, state=groups["model"],
            answers=from_state(groups["answers"], codec.alphabet.sizes),
            ledger=None if paid is None else Ledger.from_dict(paid), n_rows=n_rows, record=dict(manifest["training"]),
            rules=rules, histories=histories, beside=beside,
        )  # fmt: skip


def without_rare_levels(schema: Schema, codec: TableCodec, rules: RulePlan | None = None) -> Schema:
    """The schema with no more categories of an Enum than the codec kept: the type of a frame may list what only one
    person's row holds, or held before rows were left out, and models and drawn tables travel."""
    columns = []
    for column in schema:
        part = next((part for part in codec.codecs if part.name == column.name), None)
        if column.dtype == "Enum" and column.levels is not None and column.role is not Role.DROP:
            kept: set[str | None] = {*(column.labels or ()), *column.missing}
            if isinstance(part, LevelCodec) and not part.is_boolean:
                kept |= {*part.levels, part.rare_token}
            elif part is None and rules is not None:
                kept |= levels_made(column.name, codec, rules)
            levels = (*column.levels, *[t for t in [getattr(part, "rare_token", None)] if t])
            column = replace(column, levels=tuple(x for x in dict.fromkeys(levels) if x in kept) or None)
        columns.append(column)
    return replace(schema, columns=tuple(columns))


def levels_made(name: str, codec: TableCodec, rules: RulePlan) -> set[str | None]:
    """The levels that a column takes from combinations that were kept, or from rules."""
    joint = rules.joint_of(name)
    if joint is not None:
        part = next(part for part in codec.codecs if part.name == joint.level.name)
        assert isinstance(part, LevelCodec)
        return set(joint.split(pl.Series(joint.level.name, part.levels, dtype=pl.String))[name])
    return set()


def _try_out(codec: TableCodec, schema: Schema, rules: RulePlan | None) -> None:
    """Decode and write back every code once: what a damaged file breaks should break now, not at some later draw."""
    sizes = np.array(codec.alphabet.sizes, np.int64)
    n = int(sizes.max(initial=1))
    codes = (np.arange(n)[:, None] % sizes).astype(codec.alphabet.code_dtype)
    fractions = np.full((n, codec.alphabet.n_fractions), 0.5, np.float32)
    table = codec.decode(Codes(codes, fractions), rng=np.random.default_rng(0))
    restore(table if rules is None else rules.back(table), schema)
