"""What a table's columns are: their kinds, their roles, and how each was written. A schema is plain data."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from dataclasses import replace as _replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np

from likewise.errors import SchemaError, nearest
from likewise.notebook import Table, card
from likewise.schema.dialect import Dialect
from likewise.schema.semantics import LOCALE, SINGLES_OUT, WHERE, WORDED, Semantic, of_form

FORMAT_VERSION = 1
_FORMAT_NAME = "likewise-schema"
TEXTS = ("placeholder", "ngram")
"""How free text is drawn."""


class Kind(StrEnum):
    """How a column's values behave, whatever type they were stored in."""

    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    REAL = "real"
    DATETIME = "datetime"
    TEXT = "text"
    ID = "id"


class Role(StrEnum):
    """What a column is for."""

    FEATURE = "feature"
    ID = "id"
    QUASI_IDENTIFIER = "quasi_identifier"
    SENSITIVE = "sensitive"
    TARGET = "target"
    ENTITY = "entity"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: what it is, and what is needed to write it back as it was.

    Kind and role may be given as their texts. A column of kind `id` has role `id` (or `entity`, or `drop`), and only a
    column of kind `id` has role `id`.

    Args:
        name: the column's name, unique within the table.
        kind: how its values behave.
        role: what it is for. A column of role `id` is never modelled, its keys are made anew. One of role `entity`, of
            any kind, tells whose a row is: people are then counted, not rows. Its keys are made anew too, and as rows
            are drawn one by one, each drawn row is a new entity's.
        semantic: what its values tell of somebody ("email", "city"), whatever its kind; "none" when a person says that
            they tell nothing of the sort. An id of these is made anew in its form.
        locale: the language and country its values are of, or a country ("de_DE", "DE"). None: told from the data, or
            the likeliest of the table.
        dtype: the Polars type it came in and goes out as, such as "Int64", "String", "Datetime(us, UTC)".
        missing: the strings that stand for a missing value, the most frequent first; that one is written back.
            Empty when missing values are nulls.
        lenient: cells that do not read as the kind are missing, instead of an error. Inference says so of a column with
            a few slips among its numbers or dates.
        missing_as_null: write missing values as nulls although `missing` tokens were seen, as nulls were more frequent.
        format: how values that came as text were written: for a datetime its strftime pattern, for a number a pattern
            such as "0.00" (always two decimals), "0.0#" (one or two), "0.##" (none to two), "0.*" (as many as needed),
            "#,##0.00" (grouped thousands), "0,00" (decimal comma), "0.0 kg" or "0.00;(0.00)" (brackets); see
            `likewise.schema.numbers.NumberFormat`. None: the shortest text. For text, how it is drawn: as a
            "placeholder" or by "ngram" (see `CodecOptions`); None leaves it to the option, and codes to their pattern.
            For an id under a budget of privacy, how
            keys are made: "uuid", or a text that ends in a 0 for each digit of a number.
        labels: for a boolean that did not come as one, the texts of false and true.
        decimals: for a real column, digits after the point; None if more than can be told.
        bounds: least and greatest value the user declares, instead of the protected range learnt from the data. Of a
            datetime they are ISO texts such as "2020-01-31" (all of that day) or "2020-01-31T17:30".
        levels: the levels the user declares, in order, instead of those found in the data.
        nullable: whether cells may be missing, as the user declares; None leaves it to the data, which differential
            privacy does not allow.
        notes: what inference wants the user to know, in plain words without cell values.
        found: names of the fields that were told from the rows, and that nobody has said. A budget of privacy uses none
            of them.

    Raises:
        SchemaError: the parts contradict each other.

    Example:
        >>> Column(name="age", kind=Kind.INTEGER, bounds=(0, 120)).is_modelled
        True
    """

    name: str
    kind: Kind
    role: Role = Role.FEATURE
    semantic: Semantic | None = None
    locale: str | None = None
    dtype: str = "String"
    missing: tuple[str, ...] = ()
    lenient: bool = False
    missing_as_null: bool = False
    format: str | None = None
    labels: tuple[str, str] | None = None
    decimals: int | None = None
    bounds: tuple[Any, Any] | None = None
    levels: tuple[str, ...] | None = None
    nullable: bool | None = None
    notes: tuple[str, ...] = ()
    found: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise SchemaError(f"a column's name must be a string, got {type(self.name).__name__}")
        self._coerce()
        if (self.kind is Kind.ID) != (self.role is Role.ID) and self.role not in (Role.ENTITY, Role.DROP):
            raise SchemaError(
                f"column {self.name!r}: kind and role must both be 'id' or neither, "
                f"got kind {self.kind.value!r} with role {self.role.value!r}"
            )
        if self.kind is Kind.TEXT and not self.is_key and self.format not in (None, *TEXTS):
            raise SchemaError(
                f"column {self.name!r}: the format of text must be {' or '.join(map(repr, TEXTS))}, or none"
            )
        if self.locale is not None and not re.match(LOCALE, self.locale):
            raise SchemaError(f"column {self.name!r}: locale must be such as 'de_DE', or a country such as 'DE'")
        stored = _stored_kind(self.dtype)
        lost = stored in (Kind.INTEGER, Kind.REAL) and self.semantic in WORDED
        lost |= stored in (Kind.BOOLEAN, Kind.DATETIME) and self.semantic in WORDED | {"phone", "username"}
        if self.is_key and lost:
            raise SchemaError(
                f"column {self.name!r}: what is made of semantic {str(self.semantic)!r} are texts, and the column is "
                f"stored as {self.dtype}: turn it into texts, or say what else it is ('none' where it tells of nobody)"
            )
        if self.bounds is not None:
            low, high = self.bounds
            if self.kind is Kind.DATETIME:
                low, high = _moments(self.name, low, high)
            if low != low or high != high or low > high:  # NaN is unlike itself
                raise SchemaError(f"column {self.name!r}: bounds must be low <= high, got {low} and {high}")
        for what, values in (("levels", self.levels), ("labels", self.labels), ("missing tokens", self.missing)):
            if values is not None and len(set(values)) != len(values):
                n, k = len(values), len(set(values))
                raise SchemaError(f"column {self.name!r}: {what} must differ, got {n} with only {k} distinct")
        if self.labels is not None and len(self.labels) != 2:
            raise SchemaError(f"column {self.name!r}: labels must be two texts (false, true), got {len(self.labels)}")
        if self.decimals is not None and self.decimals < 0:
            raise SchemaError(f"column {self.name!r}: decimals must not be negative, got {self.decimals}")

    def _coerce(self) -> None:
        """Turn texts into enums and lists into tuples, so that JSON and hand-written schemas need no ceremony."""
        enums: tuple[tuple[str, type[StrEnum]], ...] = (("kind", Kind), ("role", Role), ("semantic", Semantic))
        for name, enum in enums:
            given = getattr(self, name)
            if given is None and name == "semantic":
                continue
            try:
                object.__setattr__(self, name, enum(given))
            except ValueError:
                allowed = [member.value for member in enum]
                hint = nearest(str(given), allowed)
                raise SchemaError(
                    f"column {self.name!r}: {name} must be one of {', '.join(allowed)}, got {str(given)!r}{hint}"
                ) from None
        for name in ("missing", "labels", "bounds", "levels", "notes", "found"):
            given = getattr(self, name)
            if isinstance(given, str) or (given is not None and not isinstance(given, Iterable)):
                raise SchemaError(f"column {self.name!r}: {name} must be a list, got {type(given).__name__}")
            if given is not None:
                object.__setattr__(self, name, tuple(map(_plain_end, given)) if name == "bounds" else tuple(given))
        self._check_types()

    def _check_types(self) -> None:
        wanted: tuple[tuple[str, type | tuple[type, ...]], ...] = (
            ("dtype", str), ("locale", (str, type(None))), ("format", (str, type(None))),
            ("decimals", (int, type(None))), ("missing_as_null", bool),
            ("lenient", bool), ("nullable", (bool, type(None))),
        )  # fmt: skip
        for name, types in wanted:
            if not isinstance(getattr(self, name), types):
                got = type(getattr(self, name)).__name__
                raise SchemaError(f"column {self.name!r}: {name} is of the wrong type, got {got}")
        for name in ("missing", "labels", "levels", "notes", "found"):
            if not all(isinstance(v, str) for v in getattr(self, name) or ()):
                raise SchemaError(f"column {self.name!r}: {name} must hold texts only")
        wanted_bounds, what = (str, "ISO texts") if self.kind is Kind.DATETIME else (int | float, "numbers")
        if self.bounds is not None and (
            len(self.bounds) != 2 or not all(isinstance(b, wanted_bounds) for b in self.bounds)
        ):
            raise SchemaError(f"column {self.name!r}: bounds must be two {what} (low, high)")

    @property
    def is_modelled(self) -> bool:
        """Whether a model learns it: neither an id, nor dropped, nor whose the rows are."""
        return not self.is_key and self.role is not Role.DROP

    @property
    def is_key(self) -> bool:
        """Whether it tells rows or entities apart: read as it came, never learnt, made anew."""
        return self.role in (Role.ID, Role.ENTITY)

    @property
    def meaning(self) -> str:
        """Its semantic and its locale, as they are shown; empty where it has none."""
        return " ".join(part for part in (self.semantic, self.locale) if part)

    @property
    def said(self) -> dict[str, Any]:
        """What a person said of it: the fields that are neither at their default nor told from the rows."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in (*self.found, "name", "found")}
        return {key: value for key, value in given.items() if value != _DEFAULTS.get(key, MISSING)}

    @property
    def declared_kind(self) -> Kind | None:
        """Its kind by a person's word and by its stored type, never by the rows; None where neither tells."""
        return _kind_of(self.said, self.dtype)

    def declared(self, **fields: Any) -> Self:
        """The column with no more in it than a person said, these fields included, and than its stored type tells.

        Raises:
            SchemaError: that does not tell its kind, or the fields contradict each other.
        """
        said = {"dtype": self.dtype, **self.said, **fields}
        kind = _kind_of(said, said["dtype"])
        if kind is None:
            raise SchemaError(f"column {self.name!r}: nobody has said its kind, and texts may be anything; say kind")
        scale = re.fullmatch(r"Decimal\(\d+, (\d+)\)", said["dtype"])
        typed = {"decimals": int(scale[1])} if scale and kind == Kind.REAL else {}
        role = Role.ID if kind == Kind.ID else Role.FEATURE
        return type(self)(name=self.name, **{**typed, "role": role, **said, "kind": kind, "notes": ()})

    def as_found(self) -> Self:
        """The column as a draft: all that it holds beside its name and stored type was told from the rows."""
        told = _replace(self, found=()).said
        return _replace(self, found=tuple(key for key in told if key != "dtype"))

    def to_dict(self, *, types: bool = False) -> dict[str, Any]:
        """Plain JSON-able data; fields at their default are left out, and those told from the rows stand apart.

        Args:
            types: with the categories of an Enum, which its type is made of. Without, they are left out: the type of a
                frame may list what only one person's row holds.
        """
        always = ("dtype",) if self.found else ("kind", "role", "dtype")
        out = {"name": self.name, **{key: _plain(getattr(self, key)) for key in (*always, *self.said)}}
        left_out = () if types else ("levels",)
        found = {key: _plain(getattr(self, key)) for key in self.found if key not in left_out}
        return out | ({"found": found} if found else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. A field beside what was `found` is a person's word, and counts.

        Raises:
            SchemaError: a key is unknown or lacking, or the parts contradict each other.
        """
        if not isinstance(data, Mapping):
            raise SchemaError(f"a column must be an object with 'name' and 'kind', got {type(data).__name__}")
        known = [f.name for f in fields(cls)]
        of = f" of column {data['name']!r}" if isinstance(data.get("name"), str) else ""
        found = data.get("found", {})
        if not isinstance(found, Mapping):
            raise SchemaError(f"key 'found'{of} must be an object of fields, got {type(found).__name__}")
        said = _with_semantic({key: value for key, value in data.items() if key != "found"})
        found = _with_semantic(found)
        for key in (*said, *found):
            if key not in known:
                raise SchemaError(f"key {key!r}{of} is not known{nearest(str(key), known)}")
        for key in ("name", "kind"):
            if key not in said and key not in found:
                raise SchemaError(f"every column needs the key {key!r}, one{of} lacks it")
        for key, other in (("kind", "role"), ("role", "kind")):
            if found and said.get(key) == "id":  # what was found of the other gives way
                said.setdefault(other, "id")
        told = _beside(said, {key: found[key] for key in found if key not in said}, said.get("dtype", "String"))
        return cls(**{**told, **said, "found": tuple(told)})


def _with_semantic(told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a column, whose format was the word for its semantic before there were any."""
    old = of_form(told["format"]) if isinstance(told.get("format"), str) and told["format"] != "uuid" else None
    if old is None:
        return dict(told)
    semantic, locale = old
    kept = {key: value for key, value in told.items() if key != "format"}
    return {"semantic": semantic} | ({"locale": locale} if locale else {}) | kept


_DEFAULTS = {f.name: f.default for f in fields(Column) if f.default is not MISSING}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value.value if isinstance(value, StrEnum) else value


def _plain_end(end: Any) -> Any:
    """An end of a range as plain data: dates and moments as ISO texts, numbers of numpy as Python's."""
    if isinstance(end, np.datetime64):
        return str(end)[:26]  # no finer than microseconds
    if isinstance(end, dt.date | dt.time):
        return end.isoformat()
    return end.item() if isinstance(end, np.generic) else end


def _check_fields(changes: Iterable[str]) -> None:
    known = [f.name for f in fields(Column)]
    for key in changes:
        if key not in known:
            raise SchemaError(f"a column has no field {key!r}{nearest(key, known)}")


_OF_TYPE = {
    "Boolean": Kind.BOOLEAN, "Int": Kind.INTEGER, "UInt": Kind.INTEGER, "Duration": Kind.INTEGER, "Float": Kind.REAL,
    "Decimal": Kind.REAL, "Date": Kind.DATETIME, "Datetime": Kind.DATETIME, "Time": Kind.DATETIME,
    "Enum": Kind.CATEGORICAL, "Categorical": Kind.CATEGORICAL,
}  # fmt: skip
"""What values of a stored type are; texts may be anything."""


def _stored_kind(dtype: str) -> Kind | None:
    return _OF_TYPE.get(dtype.partition("(")[0].rstrip("0123456789"))


def _kind_of(said: Mapping[str, Any], dtype: str) -> Kind | None:
    """The kind that follows from what a person said of a column and from its stored type; None where neither tells."""
    stored = _stored_kind(dtype)
    if "kind" in said:
        return said["kind"]  # type: ignore[no-any-return]
    if said.get("role") in (Role.ID, Role.ENTITY) or said.get("semantic") in SINGLES_OUT:
        return Kind.ID
    for key, kind in (("labels", Kind.BOOLEAN), ("levels", Kind.CATEGORICAL), ("decimals", Kind.REAL)):
        if said.get(key) is not None:
            return kind
    ends = tuple(map(_plain_end, said.get("bounds") or ()))
    if ends and isinstance(ends[0], str):
        return Kind.DATETIME
    if ends and stored not in (Kind.INTEGER, Kind.REAL):
        return Kind.INTEGER if all(isinstance(end, int) for end in ends) else Kind.REAL
    return Kind.TEXT if stored is None and said.get("role") == Role.DROP else stored


def _beside(said: Mapping[str, Any], told: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """What was told from the rows, as far as it can stand beside what a person said: another kind, where that shows
    that the rows misled, and no role or format that goes with the old one."""
    kept, kind = dict(told), told.get("kind")
    ends, role = said.get("bounds"), said.get("role", Role.ID)
    first = _plain_end(ends[0]) if isinstance(ends, list | tuple) and ends else None
    misled = first is not None and isinstance(first, str) != (kind == Kind.DATETIME)
    misled |= kind == Kind.ID and role not in (Role.ID, Role.ENTITY, Role.DROP)
    implied = _kind_of(said, dtype)
    if kind == Kind.ID and said.get("semantic") == Semantic.NONE and "semantic" in told:
        misled, implied = True, implied or Kind.TEXT  # until the rows are looked at again: see `infer`
    if kind is not None and misled and implied is not None:
        kept = {key: value for key, value in kept.items() if key not in ("format", "labels", "decimals")}
        kept["kind"] = kind = implied
    kind = said.get("kind", kind)
    if (
        kept.get("role", Role.ENTITY) != Role.ENTITY
        and kind is not None
        and (kept["role"] == Role.ID) != (kind == Kind.ID)
    ):
        kept["role"] = Role.ID if kind == Kind.ID else Role.FEATURE
    return kept


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Args:
        columns: one a column.
        dialect: how the file of text they came from was written, and the drawn table is; None for other tables.
        rules: what must hold between columns, in the grammar of `likewise.rules`; a person's word, never found.

    Raises:
        SchemaError: two columns share a name (the message names them), or two are the target, or two the entity.

    Example:
        >>> schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="key", kind=Kind.ID, role=Role.ID)))
        >>> schema["age"].kind.value, schema.modelled, Schema.from_json(schema.to_json()) == schema
        ('integer', ('age',), True)
    """

    columns: tuple[Column, ...]
    dialect: Dialect | None = None
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        rules: Any = self.rules
        if isinstance(rules, str) or not all(isinstance(rule, str) for rule in rules):
            raise SchemaError('rules must be a list of texts, such as ["start <= end"]')
        object.__setattr__(self, "rules", tuple(self.rules))
        twice = [name for name, n in Counter(c.name for c in self.columns).items() if n > 1]
        if twice:
            raise SchemaError(f"column names must differ, these come more than once: {', '.join(map(repr, twice))}")
        for role in (Role.TARGET, Role.ENTITY):
            named = [c.name for c in self.columns if c.role is role]
            if len(named) > 1:
                raise SchemaError(f"only one column can be the {role.value}, got {', '.join(map(repr, named))}")

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(c.name == name for c in self.columns)

    def __getitem__(self, name: str) -> Column:
        column = self._by_name.get(str(name))  # labels of a frame may be numbers
        if column is None:
            raise SchemaError(f"there is no column {name!r}{nearest(str(name), self.names)}")
        return column

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in order."""
        return tuple(c.name for c in self.columns)

    @property
    def modelled(self) -> tuple[str, ...]:
        """Names of the columns that are learnt: neither keys nor dropped."""
        return tuple(c.name for c in self.columns if c.is_modelled)

    @property
    def target(self) -> str | None:
        """The column whose role is `target`; None where there is none."""
        return next((c.name for c in self.columns if c.role is Role.TARGET), None)

    @property
    def entity(self) -> str | None:
        """The column that tells whose a row is."""
        return next((c.name for c in self.columns if c.role is Role.ENTITY), None)

    def replace(self, name: str, **changes: Any) -> Schema:
        """The schema with one column changed. A change of kind to or from `id` takes the role along, and vice versa.

        Args:
            name: of the column.
            **changes: fields of `Column`, such as `kind=Kind.CATEGORICAL` or `role="target"`.

        Raises:
            SchemaError: no such column or field, or the change contradicts the rest.

        Example:
            >>> zips = Schema((Column(name="zip", kind=Kind.INTEGER),))
            >>> zips.replace("zip", kind=Kind.CATEGORICAL)["zip"].kind.value
            'categorical'
        """
        old = self[name]
        _check_fields(changes)
        made = SINGLES_OUT | WHERE if old.kind is Kind.TEXT else SINGLES_OUT
        if changes.get("semantic") in made and "kind" in old.found:
            changes.setdefault("kind", Kind.ID)
        if changes.get("kind") == Kind.ID:
            changes.setdefault("role", old.role if old.role is Role.ENTITY else Role.ID)
        elif changes.get("role") == Role.ID:
            changes.setdefault("kind", Kind.ID)
        elif "kind" in changes and old.role is Role.ID:
            changes.setdefault("role", Role.FEATURE)
        told = {key: getattr(old, key) for key in old.found if key not in changes}
        told = _beside({**old.said, **changes}, told, old.dtype)
        kind = changes.get("kind", told.get("kind", old.kind))
        if changes.get("role", Role.DROP) not in (Role.ID, Role.DROP, Role.ENTITY) and kind == Kind.ID:
            raise SchemaError(f"column {name!r} is an id; to use it otherwise, give its kind as well as its role")
        lost = {key: _DEFAULTS[key] for key in old.found if key not in (*changes, *told)}
        new = _replace(old, **{**lost, **told, "found": tuple(told), **changes})
        return _replace(self, columns=tuple(new if c is old else c for c in self.columns))

    def with_rules(self, asked: Sequence[str] | None) -> Self:
        """The schema with the rules asked for beside its own, each once."""
        return _replace(self, rules=tuple(dict.fromkeys((*self.rules, *(asked or ())))))

    @property
    def is_draft(self) -> bool:
        """Whether some of it was told from the rows, and not said by a person."""
        return any(c.found for c in self.columns)

    def declare(self, columns: Mapping[str, Mapping[str, Any]] | None = None, **everywhere: Any) -> Schema:
        """The schema as a person's word alone: what these fields and earlier changes say, and nothing told from rows.

        What a budget of privacy needs beyond it (bounds, levels, nullable) is asked for when a model is fitted.

        Args:
            columns: fields of `Column`, by column.
            **everywhere: fields of all columns that do not say them.

        Raises:
            SchemaError: no such column or field, parts that contradict each other, or columns whose kind neither a word
                nor the stored type tells: all of them are named.

        Example:
            >>> draft = Schema((Column(name="age", kind="real", dtype="Int64").as_found(),))
            >>> draft.declare({"age": {"bounds": (17, 90)}}, nullable=False)["age"].said
            {'kind': <Kind.INTEGER: 'integer'>, 'dtype': 'Int64', 'bounds': (17, 90), 'nullable': False}
        """
        columns = columns or {}
        for changes in (everywhere, *(columns[self[name].name] for name in columns)):
            _check_fields(changes)
        said = {c.name: {**everywhere, **c.said, **columns.get(c.name, {})} for c in self}
        unsaid = [c.name for c in self if _kind_of(said[c.name], c.dtype) is None]
        if unsaid:
            raise SchemaError(
                f"nobody has said the kind of {', '.join(map(repr, unsaid))}, and texts may be anything: say kind, or "
                "levels, or bounds"
            )
        return _replace(self, columns=tuple(c.declared(**said[c.name]) for c in self))

    def lines(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Heads, and a line of texts a column: its name, kind, role, semantic and stored type."""
        rows = [(c.name, c.kind.value, c.role.value, c.meaning, c.dtype or "") for c in self.columns]
        return ("column", "kind", "role", "semantic", "stored as"), rows

    def _repr_html_(self) -> str:
        return card(f"Schema of {len(self.columns):,} columns", Table(*self.lines()))

    def to_dict(self, *, types: bool = False) -> dict[str, Any]:
        """Plain JSON-able data; `types` as `Column.to_dict` takes it."""
        columns = [c.to_dict(types=types) for c in self.columns]
        head = {"format": _FORMAT_NAME, "version": FORMAT_VERSION}
        written = {} if self.dialect is None else {"dialect": self.dialect.to_dict()}
        ruled = {"rules": list(self.rules)} if self.rules else {}
        return {**head, **written, "columns": columns, **ruled}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The inverse of `to_dict`.

        Args:
            data: what it gave.

        Raises:
            SchemaError: not a schema, a newer version, an unknown key, or parts that contradict each other.
        """
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT_NAME or "columns" not in data:
            raise SchemaError(f'this is not a likewise schema: it must hold "format": "{_FORMAT_NAME}" and "columns"')
        version = data.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise SchemaError(f"a schema's version must be a whole number from 1 on, got {type(version).__name__}")
        if version > FORMAT_VERSION:
            raise SchemaError(
                f"the schema is of version {version}, this likewise reads up to {FORMAT_VERSION}: update likewise"
            )
        known = ("format", "version", "dialect", "columns", "rules")
        for key in data:
            if key not in known:
                raise SchemaError(f"key {key!r} of the schema is not known{nearest(str(key), known)}")
        if not isinstance(data["columns"], list | tuple):
            raise SchemaError(f'"columns" must be a list, got {type(data["columns"]).__name__}')
        dialect = data.get("dialect")
        written = None if dialect is None else Dialect.from_dict(dialect)
        rules = data.get("rules", ())
        if not isinstance(rules, list | tuple):
            raise SchemaError(f'"rules" must be a list of texts, got {type(rules).__name__}')
        return cls(tuple(Column.from_dict(c) for c in data["columns"]), written, tuple(rules))

    def to_json(self) -> str:
        """As JSON text, to be looked through, edited and read again by `from_json`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """The inverse of `to_json`; raises SchemaError as `from_dict` does, and for text that is no JSON."""
        try:
            data = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            raise SchemaError(f"the schema is not valid JSON{where}") from None
        return cls.from_dict(data)

    def describe(self) -> list[dict[str, str]]:
        """One row a column for a table on screen: name, kind, role, semantic, stored as, missing, notes."""
        return [
            {
                "name": c.name,
                "kind": c.kind.value,
                "role": c.role.value,
                "semantic": c.meaning,
                "stored as": c.dtype if c.format is None else f"{c.dtype} {c.format}",
                "missing": ", ".join(token if token.strip() else repr(token) for token in c.missing),
                "notes": "; ".join(c.notes),
            }
            for c in self.columns
        ]


def _moments(name: str, *texts: str) -> tuple[dt.time, ...] | tuple[dt.datetime, ...]:
    """The bounds of a datetime, so that they can be compared: times of day, or moments."""
    try:
        if all(text[2:3] == ":" for text in texts):
            return tuple(dt.time.fromisoformat(text) for text in texts)
        return tuple(dt.datetime.fromisoformat(text).replace(tzinfo=None) for text in texts)
    except ValueError:
        raise SchemaError(f"column {name!r}: bounds of a datetime must be ISO texts, such as '2024-01-31'") from None
