"""What a table's columns are: their kinds, their roles, and how each was written. A schema is plain data."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from dataclasses import replace as _replace
from enum import StrEnum
from typing import Any, Self

from likewise.errors import SchemaError

FORMAT_VERSION = 1
_FORMAT_NAME = "likewise-schema"


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
        dtype: the Polars type it came in and goes out as, such as "Int64", "String", "Datetime(us, UTC)".
        missing: the strings that stand for a missing value, the most frequent first; that one is written back.
            Empty when missing values are nulls.
        missing_as_null: write missing values as nulls although `missing` tokens were seen, as nulls were more frequent.
        format: how values that came as text were written: for a datetime its strftime pattern, for a number a pattern
            such as "0.00" (always two decimals), "0.0#" (one or two), "0.##" (none to two), "0.*" (as many as needed),
            "#,##0.00" (grouped thousands) or "0,00" (decimal comma). None: the shortest text. For an id, where a budget
            of privacy holds, how keys are made: "uuid", or a text that ends in a 0 for each digit of a number.
        labels: for a boolean that did not come as one, the texts of false and true.
        decimals: for a real column, digits after the point; None if more than can be told.
        bounds: least and greatest value the user declares, instead of the protected range learnt from the data. Of a
            datetime they are ISO texts such as "2020-01-31", and hold where a budget of privacy does.
        levels: the levels the user declares, in order, instead of those found in the data.
        nullable: whether cells may be missing, as the user declares; None leaves it to the data, which differential
            privacy does not allow.
        notes: what inference wants the user to know, in plain words without cell values.

    Raises:
        SchemaError: the parts contradict each other.

    Example:
        >>> Column(name="age", kind=Kind.INTEGER, bounds=(0, 120)).is_modelled
        True
    """

    name: str
    kind: Kind
    role: Role = Role.FEATURE
    dtype: str = "String"
    missing: tuple[str, ...] = ()
    missing_as_null: bool = False
    format: str | None = None
    labels: tuple[str, str] | None = None
    decimals: int | None = None
    bounds: tuple[Any, Any] | None = None
    levels: tuple[str, ...] | None = None
    nullable: bool | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise SchemaError(f"a column's name must be a string, got {type(self.name).__name__}")
        self._coerce()
        if (self.kind is Kind.ID) != (self.role is Role.ID) and self.role not in (Role.ENTITY, Role.DROP):
            raise SchemaError(
                f"column {self.name!r}: kind and role must both be 'id' or neither, "
                f"got kind {self.kind.value!r} with role {self.role.value!r}"
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
        for name, enum in (("kind", Kind), ("role", Role)):
            given = getattr(self, name)
            try:
                object.__setattr__(self, name, enum(given))
            except ValueError:
                allowed = [member.value for member in enum]
                hint = nearest(str(given), allowed)
                raise SchemaError(
                    f"column {self.name!r}: {name} must be one of {', '.join(allowed)}, got {str(given)!r}{hint}"
                ) from None
        for name in ("missing", "labels", "bounds", "levels", "notes"):
            given = getattr(self, name)
            if isinstance(given, str) or (given is not None and not isinstance(given, Iterable)):
                raise SchemaError(f"column {self.name!r}: {name} must be a list, got {type(given).__name__}")
            if given is not None:
                object.__setattr__(self, name, tuple(given))
        self._check_types()

    def _check_types(self) -> None:
        wanted: tuple[tuple[str, type | tuple[type, ...]], ...] = (
            ("dtype", str), ("format", (str, type(None))), ("decimals", (int, type(None))), ("missing_as_null", bool),
            ("nullable", (bool, type(None))),
        )  # fmt: skip
        for name, types in wanted:
            if not isinstance(getattr(self, name), types):
                got = type(getattr(self, name)).__name__
                raise SchemaError(f"column {self.name!r}: {name} is of the wrong type, got {got}")
        for name in ("missing", "labels", "levels", "notes"):
            if not all(isinstance(v, str) for v in getattr(self, name) or ()):
                raise SchemaError(f"column {self.name!r}: {name} must hold texts only")
        wanted_bounds, what = (str, "ISO texts") if self.kind is Kind.DATETIME else (int | float, "numbers")
        if self.bounds is not None and (
            len(self.bounds) != 2 or not all(isinstance(b, wanted_bounds) for b in self.bounds)
        ):
            raise SchemaError(f"column {self.name!r}: bounds must be two {what} (low, high)")

    @property
    def is_modelled(self) -> bool:
        return not self.is_key and self.role is not Role.DROP

    @property
    def is_key(self) -> bool:
        """Whether it tells rows or entities apart: read as it came, never learnt, made anew."""
        return self.role in (Role.ID, Role.ENTITY)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data; fields at their default are left out."""
        out: dict[str, Any] = {"name": self.name, "kind": self.kind.value, "role": self.role.value, "dtype": self.dtype}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name not in out and f.default is not MISSING and value != f.default:
                out[f.name] = list(value) if isinstance(value, tuple) else value
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            SchemaError: a key is unknown or lacking, or the parts contradict each other.
        """
        if not isinstance(data, Mapping):
            raise SchemaError(f"a column must be an object with 'name' and 'kind', got {type(data).__name__}")
        known = [f.name for f in fields(cls)]
        of = f" of column {data['name']!r}" if isinstance(data.get("name"), str) else ""
        for key in data:
            if key not in known:
                raise SchemaError(f"key {key!r}{of} is not known{nearest(str(key), known)}")
        for key in ("name", "kind"):
            if key not in data:
                raise SchemaError(f"every column needs the key {key!r}, one{of} lacks it")
        return cls(**data)


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Raises:
        SchemaError: two columns share a name (the message names them), or two are the target, or two the entity.

    Example:
        >>> schema = Schema((Column(name="age", kind=Kind.INTEGER), Column(name="key", kind=Kind.ID, role=Role.ID)))
        >>> schema["age"].kind.value, schema.modelled, Schema.from_json(schema.to_json()) == schema
        ('integer', ('age',), True)
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
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
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(f"there is no column {name!r}{nearest(name, self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @property
    def modelled(self) -> tuple[str, ...]:
        """Names of the columns that are learnt: neither keys nor dropped."""
        return tuple(c.name for c in self.columns if c.is_modelled)

    @property
    def target(self) -> str | None:
        return next((c.name for c in self.columns if c.role is Role.TARGET), None)

    @property
    def entity(self) -> str | None:
        """The column that tells whose a row is."""
        return next((c.name for c in self.columns if c.role is Role.ENTITY), None)

    def replace(self, name: str, **changes: Any) -> Schema:
        """The schema with one column changed. A change of kind to or from `id` takes the role along, and vice versa.

        Raises:
            SchemaError: no such column or field, or the change contradicts the rest.
        """
        old = self[name]
        known = [f.name for f in fields(Column)]
        for key in changes:
            if key not in known:
                raise SchemaError(f"a column has no field {key!r}{nearest(key, known)}")
        if changes.get("kind") == Kind.ID:
            changes.setdefault("role", old.role if old.role is Role.ENTITY else Role.ID)
        elif changes.get("role") == Role.ID:
            changes.setdefault("kind", Kind.ID)
        elif "kind" in changes and old.role is Role.ID:
            changes.setdefault("role", Role.FEATURE)
        elif changes.get("role", Role.DROP) not in (Role.DROP, Role.ENTITY) and old.kind is Kind.ID:
            raise SchemaError(f"column {name!r} is an id; to use it otherwise, give its kind as well as its role")
        new = _replace(old, **changes)
        return Schema(tuple(new if c.name == name else c for c in self.columns))

    def to_dict(self) -> dict[str, Any]:
        return {"format": _FORMAT_NAME, "version": FORMAT_VERSION, "columns": [c.to_dict() for c in self.columns]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The inverse of `to_dict`.

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
        known = ("format", "version", "columns")
        for key in data:
            if key not in known:
                raise SchemaError(f"key {key!r} of the schema is not known{nearest(str(key), known)}")
        if not isinstance(data["columns"], list | tuple):
            raise SchemaError(f'"columns" must be a list, got {type(data["columns"]).__name__}')
        return cls(tuple(Column.from_dict(c) for c in data["columns"]))

    def to_json(self) -> str:
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
        """One row a column for a table on screen: name, kind, role, stored as, missing, notes."""
        return [
            {
                "name": c.name,
                "kind": c.kind.value,
                "role": c.role.value,
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


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of an error about an unknown name: what may have been meant, or all there is when that is little.

    Example:
        >>> nearest("Agee", ["age", "income"])
        "; did you mean 'age'?"
    """
    known = [str(n) for n in names]
    lower: dict[str, str] = {}
    for n in known:
        lower.setdefault(n.lower(), n)
    close = [lower[m] for m in difflib.get_close_matches(name.lower(), list(lower), n=3, cutoff=0.6)]
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    if known and len(known) <= 10:
        return f"; there are {', '.join(map(repr, known))}"
    return ""
