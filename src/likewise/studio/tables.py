"""Several tables in the studio: what was opened, what a person says of their keys, and what the page shows of them."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from likewise.databases.database import Database
from likewise.databases.folder import SCHEMA_FILE
from likewise.databases.keys import DatabaseSchema, key_text
from likewise.databases.sql.urls import is_sql
from likewise.errors import InputError, OptionError
from likewise.schema.column import Column, Schema
from likewise.schema.infer import infer
from likewise.studio import spoken
from likewise.studio.settable import check_said

if TYPE_CHECKING:
    from likewise.databases.overview import Overview


@dataclass(frozen=True)
class KeyChange:
    """One thing that a person says of several tables; of key, kept, root, declared and table one is given.

    Args:
        key: "orders.user_id -> users.id" or "users(id)", which is one, or is none.
        kept: a table whose rows stay as they are.
        root: the table whose rows are persons; "" leaves it to be found.
        declared: what is declared as it is shown: all "keys" with the orders of rows; of all columns the "kind" that
            nobody said, or that they are not "nullable".
        table, column, said: fields of a column.
    """

    key: str | None = None
    kept: str | None = None
    root: str | None = None
    declared: str | None = None
    table: str | None = None
    column: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    holds: bool = True

    def __post_init__(self) -> None:
        said = [one for one in (self.key, self.kept, self.root, self.declared, self.table) if one is not None]
        if len(said) != 1 or not isinstance(said[0], str) or not isinstance(self.holds, bool):
            raise OptionError("of several tables a key, a kept table, a root or a column is said, one at a time")
        if self.declared not in (None, "keys", "kind", "nullable"):
            raise OptionError("what is declared of several tables at once are keys, kind and nullable")
        if (self.table is None) != (self.column is None) or not isinstance(self.column, str | None):
            raise OptionError("a column of several tables is named by its table and its name")
        if (self.table is None) == bool(self.said) or not isinstance(self.said, Mapping):
            raise OptionError("nothing is said of the column")
        check_said(self.said)

    def to_dict(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if v is not None and v != {}}

    def of(self, schema: DatabaseSchema, database: Database) -> DatabaseSchema:
        """The schema with it.

        Raises:
            SchemaError: it contradicts the rest, or names what is not there.
        """
        if self.declared == "keys":
            return _all_told(schema)
        if self.declared is not None:
            return _all_declared(schema, database, self.declared)
        if self.table is not None and self.column is not None:
            own = columns_of(schema, database, self.table)
            return schema.replace(self.table, columns=own.replace(self.column, **self.said))
        if self.kept is not None:
            return schema.replace(self.kept, kept=self.holds)
        if self.root is not None:
            return replace(schema, root=self.root or None)
        assert self.key is not None
        if self.holds:
            return schema.with_keys([self.key])
        left = tuple(key for key in schema.foreign if str(key) != self.key)
        if len(left) == len(schema.foreign):
            raise OptionError("there is no such foreign key to refuse")
        return replace(schema, foreign=left)


def columns_of(schema: DatabaseSchema, database: Database, table: str) -> Schema:
    """What the columns of a table are, but those of its keys: as somebody said, else as they were found.

    Raises:
        SchemaError: there is no such table.
    """
    schema.replace(table)  # refuses what is not there
    own = database.tables[table].drop(schema.key_columns(table))
    said = schema.tables[table].columns
    told = {} if said is None else {column.name: column for column in said if column.name in own.columns}
    if not own.width or len(told) == own.width:
        return Schema(tuple(told[name] for name in own.columns))
    return infer(own, overrides=told, entity=False)


def _all_told(schema: DatabaseSchema) -> DatabaseSchema:
    """Every key and every order of rows counts for a person's word."""
    keys = [str(key) for key in schema.foreign]
    keys += [key_text(name, own) for name, table in schema.tables.items() for own in table.keys]
    keys += [f"order of {name}" for name, table in schema.tables.items() if table.order is not None]
    return replace(schema, evidence={**schema.evidence, **dict.fromkeys(keys, "told")})


def _all_declared(schema: DatabaseSchema, database: Database, what: str) -> DatabaseSchema:
    """Of each column that is made anew what nobody has said."""
    for name, table in schema.tables.items():
        if not table.kept:
            columns = columns_of(schema, database, name)
            for column in columns:
                if what not in column.said and column.role != "drop":
                    columns = columns.replace(column.name, **{what: column.kind.value if what == "kind" else False})
            schema = schema.replace(name, columns=columns)
    return schema


@dataclass(frozen=True)
class Tables:
    """Several tables that were opened.

    Args:
        name: what they are called, for people and for code.
        path: a folder, a workbook, or a file of SQLite.
        is_packed: whether they came in one ZIP file.
    """

    name: str
    path: Path
    database: Database
    digest: str
    is_packed: bool = False
    pictures: dict[str, dict[Column, dict[str, Any]]] = field(default_factory=dict)
    """By table."""

    @classmethod
    def open(cls, path: Path, name: str, *, is_packed: bool = False) -> Self:
        """Read them, and find their keys.

        Raises:
            InputError, SchemaError: they cannot be read.
        """
        database = Database.read(path)
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        digest = hashlib.sha256()
        for file in files:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return cls(name, path, database, digest.hexdigest(), is_packed)

    @property
    def is_sql(self) -> bool:
        return is_sql(self.path)

    def read_as(self, changes: Iterable[KeyChange]) -> DatabaseSchema:
        """The schema after what was said, in its order.

        Raises:
            SchemaError: one contradicts the rest.
        """
        schema = self.database.schema
        for change in changes:
            schema = change.of(schema, self.database)
        self.database.with_schema(schema)  # holds it to the columns
        return schema


def told(tables: Tables, schema: DatabaseSchema) -> dict[str, Any]:
    """What the page shows: tables, keys with what speaks for them, what breaks."""
    view = tables.database.with_schema(schema).overview()
    found = {str(key): key for key in tables.database.schema.foreign}
    evidence = tables.database.schema.evidence
    refused = [text for text in found if text not in {str(key) for key in schema.foreign}]
    return {
        "tables": [_table(name, view, tables) for name in schema.tables],
        "keys": [
            {"key": str(r.key), "table": r.key.table, "parent": r.key.parent, "least": r.least, "median": r.median,
             "most": r.most, "without": r.without, "missing": r.missing, "orphans": r.orphans,
             "evidence": spoken.key(r.evidence), "types": r.types}
            for r in view.relations
        ],
        "refused": [{"key": text, "evidence": spoken.key(evidence.get(text, ""))} for text in refused],
        "problems": [spoken.key(str(problem)) for problem in view.problems],
        "lookups": dict(view.lookups), "root": schema.root,
        "belongings": [spoken.key(text) for text in view.belongings()],
    }  # fmt: skip


def _table(name: str, view: Overview, tables: Tables) -> dict[str, Any]:
    own = view.schema.tables[name]
    return {
        "name": name, "rows": view.rows[name], "columns": view.columns[name], "primary": list(own.primary),
        "order": own.order, "kept": own.kept, "names": tables.database.tables[name].columns[:100],
    }  # fmt: skip


def packed(path: Path) -> Path:
    """What is given out of drawn tables: the file of SQLite, or a folder as one ZIP file."""
    if path.is_dir():
        return Path(shutil.make_archive(str(path), "zip", path))
    return path


def holds_several(path: Path) -> bool:
    """Whether a file is a workbook of several sheets, or one of SQLite."""
    if is_sql(path):
        with path.open("rb") as file:
            if not file.read(16).startswith(b"SQLite format 3"):
                raise InputError("of SQL, files of SQLite are opened here: use likewise synth URL for others")
        return True
    return Database.lies_at(path)


# ---- what was uploaded -----------------------------------------------------------------------------------------------

MOST_MEMBERS = 500


def members_of(path: Path, names: Sequence[str]) -> list[zipfile.ZipInfo] | None:
    """The files of a ZIP that may hold tables or keys; None where it is none, or holds one table alone.

    Args:
        names: endings that name a format.

    Raises:
        InputError: it is damaged.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            found = [one for one in archive.infolist() if not one.is_dir() and _is_plain(one)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError("the ZIP file is damaged") from None
    if any(one.filename in ("[Content_Types].xml", "mimetype") for one in found):
        return None  # a workbook, which is a ZIP file, too
    keys = [one for one in found if _base(one) == SCHEMA_FILE]
    tables = [one for one in found if _base(one).lower().endswith(tuple(names)) and one not in keys]
    return [*tables, *keys[:1]] if len(tables) > 1 else None


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Whether it is no link and no device, nothing hidden, and nothing that a packer adds of its own."""
    kind = (member.external_attr >> 16) & 0o170000
    return kind in (0, 0o100000) and not _base(member).startswith((".", "_", "~")) and "__MACOSX" not in member.filename


def _base(member: zipfile.ZipInfo) -> str:
    return member.filename.replace("\\", "/").rpartition("/")[2]


def unpack(path: Path, members: Sequence[zipfile.ZipInfo], folder: Path, most: int, name_of: Any) -> None:
    """Write the members side by side into an empty folder, whatever folders they name, and count what they hold: what
    a ZIP file says of sizes is not believed.

    Args:
        most: bytes that all may have together.
        name_of: a name of a person's to one that is a file's.

    Raises:
        InputError: there are too many, two of one name, or one is damaged or locked.
    """
    if len(members) > MOST_MEMBERS:
        raise InputError(f"the ZIP file holds {len(members):,} tables; {MOST_MEMBERS} are taken at most")
    left = most
    try:
        with zipfile.ZipFile(path) as archive:
            for member in members:
                to = folder / (name_of(_base(member)).lstrip("_. ") or "table.csv")  # such begin what is no table
                if to.exists():
                    raise InputError(f"the ZIP file holds two files called {to.name!r}")
                with archive.open(member) as packed, to.open("xb") as file:
                    while block := packed.read(2**20):
                        left -= len(block)
                        if left < 0:
                            raise InputError(f"the ZIP file holds more than {most:,} bytes: name its folder")
                        file.write(block)
    except InputError:
        raise
    except Exception:  # each way of packing has errors of its own
        raise InputError("the ZIP file is damaged, or locked by a password") from None
