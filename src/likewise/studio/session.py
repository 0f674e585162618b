"""What the person has said so far: a table, corrections to its schema, settings, runs. Corrections are a list, so that
one step back is the list without its last, and the same list says the step as code."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import polars as pl

from likewise.databases.keys import DatabaseSchema
from likewise.dp.ledger import DP
from likewise.errors import InputError, OptionError
from likewise.schema.column import Column, Schema
from likewise.schema.dialect import Dialect
from likewise.schema.infer import infer, told_anew, word_on_headings
from likewise.studio.settable import check_said
from likewise.studio.tables import KeyChange, Tables
from likewise.tables import files

AS_FOUND = Dialect()
"""A file of whose form nobody said anything."""
PURPOSES = ("synthetic", "budget", "k", "rows")
ALWAYS = ("purpose", "model", "seed")
"""Settings that a plan says though nobody changed them."""
OF_TABLES = ("purpose", "seed", "max_seconds", "epsilon", "delta", "max_rows", "pay", "dp_only")
"""Settings that are heard where several tables are open."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is asked for.

    Args:
        purpose: "synthetic", "budget" (of differential privacy), "k" (quasi-identifiers that k rows share, and then
            synthetic) or "rows" (the rows themselves, anonymised).
        model, seed, max_seconds, rows: as `likewise synth` takes them.
        time: the column that orders an entity's rows, which are then learnt as histories; `rows` counts entities.
        k: rows that must share what could find a person.
        epsilon, delta: of the budget.
        max_rows: of a budget, rows of one entity that are learnt from, where the schema names an entity.
        pay: what is learnt of the table at a price: "levels", "bounds", "missing".
        dp_only: show no figure that was measured on real rows without noise.
        method: of rows that are anonymised: "mondrian" recodes class by class, "lattice" whole columns.
        max_suppression: share of the rows that "lattice" may leave out.
        levels: of "lattice", quasi-identifier -> the step of its hierarchy; of others it is searched.
    """

    purpose: str = "synthetic"
    model: str = "auto"
    seed: int = 0
    max_seconds: float | None = None
    rows: int | None = None
    time: str | None = None
    k: int = 10
    epsilon: float = 1.0
    delta: float = 1e-6
    max_rows: int = 1
    pay: tuple[str, ...] = ()
    dp_only: bool = True
    method: str = "mondrian"
    max_suppression: float = 0.0
    levels: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pay", tuple(self.pay))
        wanted: dict[str, tuple[type, ...]] = {
            "purpose": (str,), "model": (str,), "seed": (int,), "max_seconds": (int, float, type(None)),
            "rows": (int, type(None)), "k": (int,), "epsilon": (int, float), "delta": (int, float), "dp_only": (bool,),
            "time": (str, type(None)), "max_rows": (int,), "method": (str,), "max_suppression": (int, float),
            "levels": (dict,),
        }  # fmt: skip
        for name, types in wanted.items():
            value = getattr(self, name)
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise OptionError(f"{name} is of the wrong type, got {type(value).__name__}")
        if self.purpose not in PURPOSES:
            raise OptionError(f"purpose must be one of {', '.join(PURPOSES)}")
        if self.method not in ("mondrian", "lattice") or not 0 <= self.max_suppression < 1:
            raise OptionError("the method is mondrian or lattice, and a share of rows is from 0 to below 1")
        steps = [
            (name, at) for name, at in self.levels.items() if isinstance(at, bool) or not isinstance(at, int) or at < 0
        ]
        if steps or not all(isinstance(name, str) for name in self.levels):
            raise OptionError("levels are whole numbers from 0, by the names of columns")
        if self.levels and self.method != "lattice":
            raise OptionError("levels that are set are of whole columns: they need the method lattice")
        if self.k < 2 or self.seed < 0 or min(self.rows or 1, self.max_rows) < 1:
            raise OptionError("k must be at least 2, the seed at least 0, and rows at least 1")
        if not (self.epsilon > 0 and 0 < self.delta < 1) or (self.max_seconds is not None and self.max_seconds <= 0):
            raise OptionError("epsilon and seconds must be above 0, and delta between 0 and 1")
        if not all(one in ("levels", "bounds", "missing") for one in self.pay):
            raise OptionError("what can be paid for are levels, bounds and missing")

    def budget(self, entity: str | None = None, root: str | None = None) -> DP:
        """The budget of a run, by the entity that the schema names, if it does, or the root of several tables: people
        are protected, not rows."""
        max_rows = self.max_rows if entity or root else 1
        return DP(self.epsilon, self.delta, self.pay, entity=entity, max_rows=max_rows, root=root)

    def with_(self, said: Mapping[str, Any]) -> Self:
        """The settings with what a person says anew; OptionError where there is no such setting."""
        known = {f.name for f in fields(self)}
        if unknown := set(said) - known:
            raise OptionError(f"there is no setting {sorted(unknown)[0]!r}")
        return replace(self, **said)


@dataclass(frozen=True)
class Change:
    """One correction: fields of a column, or a rule that is taken or left."""

    column: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None
    holds: bool = True

    def to_dict(self) -> dict[str, Any]:
        if self.rule is not None:
            return {"rule": self.rule, "holds": self.holds}
        return {"column": self.column, "said": dict(self.said)}


@dataclass(frozen=True)
class Source:
    """A table that was opened.

    Args:
        name: what its file is called, for people and for code.
        path: where it lies.
        is_demo: whether it is the embedded one.
        blind: whether nothing but its header was looked at.
        base: what was told of its columns before anybody said a word.
    """

    name: str
    path: Path
    is_demo: bool
    blind: bool
    frame: pl.DataFrame
    dialect: Dialect | None
    base: Schema
    digest: str
    notes: tuple[str, ...] = ()
    written: Dialect = AS_FOUND
    """What a person said of how the file is written."""
    pictures: dict[Column, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(
        cls, path: Path, name: str, *, is_demo: bool = False, blind: bool = False, written: Dialect = AS_FOUND
    ) -> Self:
        """Read a file and tell what its columns are; in blind mode its header alone tells.

        Raises:
            InputError: it is no table that can be read.
        """
        frame, dialect = files.read_table(path, dialect=written, by_header=blind)
        if blind:
            empty = infer(frame.clear())  # names and stored types; a note that no value is known says nothing
            base = replace(empty, columns=tuple(replace(column, notes=()) for column in empty), dialect=dialect)
        else:
            base = replace(infer(frame, decimal=None if dialect is None else dialect.decimal), dialect=dialect)
        told = word_on_headings(base.names)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name, path, is_demo, blind, frame, dialect, base, digest, () if told is None else (told,), written)

    def read_as(self, changes: tuple[Change, ...]) -> Schema:
        """The schema after these corrections, in their order.

        Raises:
            SchemaError: one of them contradicts the rest, or names no column.
        """
        schema = self.base
        for change in changes:
            if change.rule is not None:
                rules = [rule for rule in schema.rules if rule != change.rule]
                schema = replace(schema, rules=(*rules, change.rule) if change.holds else tuple(rules))
            else:
                schema = schema.replace(str(change.column), **change.said)
                schema = schema if self.blind else told_anew(schema, self.frame)
        return schema


@dataclass
class Run:
    """One run of the settings: what was asked, and the folder that holds what came out."""

    id: str
    settings: Settings
    schema: Any
    """A `Schema`, or of several tables a `DatabaseSchema`."""
    folder: Path
    job: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Session:
    """All of it; the one thing here that changes."""

    folder: Path
    source: Source | None = None
    tables: Tables | None = None
    """Several tables, in place of a source."""
    changes: tuple[Any, ...] = ()
    """Each a `Change`, or of several tables a `KeyChange`."""
    undone: tuple[Any, ...] = ()
    settings: Settings = field(default_factory=Settings)
    edits: tuple[Any, ...] = ()
    """Of hierarchies: each a `hierarchies.Edit`."""
    where: tuple[str, ...] = ()
    mix: dict[str, int] = field(default_factory=dict)
    """Level of the target -> percents of the rows that are drawn; empty for as many as come."""
    n_rows: int = 1000
    draw_seed: int = 0
    steps: int | None = None
    """Of histories: rows that are added behind each entity's own, in place of a draw."""
    gate: str = ""
    runs: list[Run] = field(default_factory=list)
    trail: list[dict[str, Any]] = field(default_factory=list)
    advice: str | None = None
    scale: float = 1.0
    """How many times as many rows are drawn of several tables."""
    _schema: Any = None

    def opened_tables(self, tables: Tables) -> None:
        """Begin anew with several tables."""
        self._begin(None, tables, tables.database.schema)
        self.settings = Settings(seed=self.settings.seed, max_seconds=self.settings.max_seconds)
        self.noted("opened", name=tables.name, tables=len(tables.database.tables), sha256=tables.digest)

    def _begin(self, source: Source | None, tables: Tables | None, schema: Any) -> None:
        self.source, self.tables, self.changes, self.undone, self.where = source, tables, (), (), ()
        self.mix, self.advice, self.edits, self._schema, self.steps = {}, None, (), schema, None
        self.runs.clear()

    def opened(self, source: Source) -> None:
        """Begin anew with this table."""
        self._begin(source, None, source.base)
        # What names columns of the table before does not go on.
        self.settings = replace(self.settings, time=None, levels={})
        if source.blind:
            self.settings = replace(self.settings, purpose="budget")
        seen = {} if source.blind else {"sha256": source.digest, "rows": source.frame.height}
        self.noted("opened", name=source.name, blind=source.blind, **seen)

    @property
    def name(self) -> str:
        """What is open, without its ending."""
        return Path(self.table.name if self.tables is None else self.tables.name).stem

    def new_folder(self) -> Path:
        """An empty folder for what a job reads and writes."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    @property
    def read(self) -> Any:
        """The schema of what is open: of a table, or the keys of several."""
        return self.schema if self.tables is None else self.keys

    @property
    def table(self) -> Source:
        if self.source is None:
            raise InputError("no table is open yet")
        return self.source

    @property
    def seen(self) -> Source:
        """The table, of one whose rows may be looked at."""
        if self.table.blind:
            raise OptionError("the rows are not looked at: they were opened by their header alone")
        return self.table

    @property
    def schema(self) -> Schema:
        self.table  # noqa: B018 - refuses where there is none
        assert isinstance(self._schema, Schema)
        return self._schema

    @property
    def several(self) -> Tables:
        if self.tables is None:
            raise InputError("no several tables are open")
        return self.tables

    @property
    def keys(self) -> DatabaseSchema:
        """The keys of several tables."""
        self.several  # noqa: B018 - refuses where there are none
        assert isinstance(self._schema, DatabaseSchema)
        return self._schema

    def change(self, *several: Change) -> None:
        """Correct the schema; a correction that cannot stand leaves it as it was."""
        self.table  # noqa: B018 - refuses where there is none
        for one in several:
            check_said(one.said)
        self._take(several)

    def tell(self, *several: KeyChange) -> None:
        """Say something of several tables; what cannot stand leaves all as it was."""
        self.several  # noqa: B018 - refuses where there are none
        self._take(several)

    def _take(self, several: tuple[Any, ...]) -> None:
        self._become((*self.changes, *several), ())
        for one in several:
            self.noted("said", **one.to_dict())

    def undo(self) -> None:
        if self.changes:
            self._become(self.changes[:-1], (*self.undone, self.changes[-1]))
            self.noted("undid", **self.undone[-1].to_dict())

    def redo(self) -> None:
        if self.undone:
            self._become((*self.changes, self.undone[-1]), self.undone[:-1])
            self.noted("said", **self.changes[-1].to_dict())

    def _become(self, changes: tuple[Change, ...], undone: tuple[Change, ...]) -> None:
        opened: Any = self.table if self.tables is None else self.tables
        self._schema = opened.read_as(changes)
        self.changes, self.undone = changes, undone

    def set(self, said: Mapping[str, Any]) -> None:
        self._become_set(self.settings.with_(said))
        self.noted("set", **said)

    def _become_set(self, settings: Settings) -> None:
        """OptionError where several tables are open and something is set that is not heard there."""
        heard = replace(Settings(), **{name: getattr(settings, name) for name in OF_TABLES})
        if self.tables is not None and (settings != heard or settings.purpose not in ("synthetic", "budget")):
            raise OptionError(f"of several tables {', '.join(OF_TABLES)} are set; all else is of the command line")
        self.settings = settings

    def run(self, key: str) -> Run:
        found = next((run for run in self.runs if run.id == key), None)
        if found is None:
            raise OptionError("there is no such run")
        return found

    def noted(self, did: str, **what: Any) -> None:
        """A line in the audit trail."""
        self.trail.append({"at": datetime.now(UTC).isoformat(timespec="seconds"), "did": did, **what})

    def plan(self) -> dict[str, Any]:
        """What was said, as plain data: with the same table it leads to the same rows."""
        usual = asdict(Settings())
        return {
            "source": self.tables.name if self.tables else self.source.name if self.source else "",
            **({"written": told} if self.source and (told := self.source.written.to_dict()) else {}),
            "change": [change.to_dict() for change in self.changes],
            "fit": {k: v for k, v in asdict(self.settings).items() if v != usual[k] or k in ALWAYS},
            **({"hierarchy": [edit.to_dict() for edit in self.edits]} if self.edits else {}),
            "draw": {"where": list(self.where), "rows": self.n_rows, "seed": self.draw_seed}
            | ({"mix": self.mix} if self.mix else {})
            | ({"steps": self.steps} if self.steps is not None else {})
            | ({"scale": self.scale} if self.scale != 1 else {}),
            **({"gate": self.gate} if self.gate else {}),
        }

    def follow(self, plan: Mapping[str, Any], edits: tuple[Any, ...] = ()) -> None:
        """Take over what `plan` said, and its edits of hierarchies, on what is open.

        Raises:
            InputError: it is no such plan.
        """
        try:
            kind: Any = Change if self.tables is None else KeyChange
            changes = [kind(**change) for change in plan.get("change", [])]
            draw = plan.get("draw", {})
            settings = Settings().with_(plan.get("fit", {}))
            where, n_rows, seed = tuple(draw.get("where", ())), int(draw.get("rows", 1000)), int(draw.get("seed", 0))
            gate, mix = str(plan.get("gate", "")), mix_of(draw.get("mix", {}))
            scale, steps = float(draw.get("scale", 1.0)), None if draw.get("steps") is None else int(draw["steps"])
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"this is no plan of the studio: {type(error).__name__}") from None
        (self.change if self.tables is None else self.tell)(*changes)
        self._become_set(settings)
        self.where, self.n_rows, self.draw_seed, self.gate = where, n_rows, seed, gate
        self.mix, self.scale, self.edits, self.steps = mix, scale, edits, steps


def mix_of(given: Any) -> dict[str, int]:
    """Percents by level, which add up to a hundred; nothing for as many as come.

    Raises:
        OptionError: they are none.
    """
    if not isinstance(given, Mapping):
        raise OptionError("a mix maps levels to percents")
    if not all(isinstance(many, int) and not isinstance(many, bool) and 0 <= many <= 100 for many in given.values()):
        raise OptionError("the percents of a mix are whole numbers from 0 to 100")
    if given and sum(given.values()) != 100:
        raise OptionError(f"the percents of a mix add up to {sum(given.values())}, not to 100")
    return {str(level): many for level, many in given.items()}


def file_name(given: str, default: str = "table.csv") -> str:
    """A name for people and for code, whatever a browser calls a file: no folders, nothing that a shell or a terminal
    would take for more than a name.

    Example:
        >>> file_name("../../etc/passwd"), file_name("-rf.csv"), file_name("C:\\\\data\\\\a b\\x1b.csv")
        ('passwd', '_rf.csv', 'a b_.csv')
    """
    name = given.replace("\\", "/").rpartition("/")[2].strip()[:120]
    name = "".join(c if c.isprintable() and c not in "*?[]<>|:\"'`$&;!" else "_" for c in name)
    name = f"_{name[1:]}" if name.startswith(("-", ".")) else name
    return name or default
