"""Tell each column's kind from its values: what a person who looks at the column would say, with notes on doubts.

Legend: n rows, k distinct known values of a column (u in the rules), counts (k,) rows of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from likewise.errors import InputError, SchemaError, nearest
from likewise.schema import number_forms, numbers
from likewise.schema.column import Column, Kind, Role, Schema
from likewise.schema.distinct import Columns, Counted, Outline
from likewise.schema.dtypes import dtype_name
from likewise.schema.glance import glances
from likewise.schema.identifiers.forms import NAME
from likewise.schema.identifiers.names import (
    are_called_like_people,
    is_a_name,
    looks_like_names,
    names_a_person,
)
from likewise.schema.identifiers.telling import doubt, told
from likewise.schema.infer_column import CONTEXT_TOKENS, LEAST_ROWS, SURE_TOKENS, TOO_LONG, infer_column, note_of
from likewise.schema.keys import (
    BY_LOOKS,
    THINGS,
    are_given_out,
    are_numbered,
    looks_made,
    may_name_a_key,
    names_a_group,
    names_a_key,
    names_an_amount,
    names_an_entity,
    names_an_owner,
    parts_of,
)
from likewise.schema.persons import likely_entity
from likewise.schema.places import with_places
from likewise.schema.semantics import LEARNT, NAMES, SINGLES_OUT, WHERE, Semantic

Override = Kind | str | Column | Mapping[str, Any]


def infer(
    raw: Any,
    *,
    overrides: Mapping[str, Override] | None = None,
    sample_rows: int | None = None,
    entity: str | bool | None = None,
    decimal: str | None = None,
    typed: bool | None = None,
) -> Schema:
    """The schema of a table as it was read: a draft, which remembers of each field that it was told from the rows.

    Look it through and declare what a budget of privacy shall rest on (`Schema.replace`, `Schema.declare`).

    Args:
        raw: (n, columns) as it was read or is held: a Polars, pandas or Arrow frame; a CSV's columns are all String.
        overrides: what the user knows better, by column: a kind, a semantic, a whole `Column`, or a mapping of its
            fields.
        sample_rows: look at that many evenly spaced rows only. None: at all of them.
        entity: the column that tells whose a row is. None looks for one that repeats as an entity's key does
            (`likewise.schema.persons.likely_entity`), False takes every row for somebody else's.
        decimal: the decimal mark of the file's numbers, "." or ",", for columns that alone do not tell ("1,234"). None
            takes that of the other columns.
        typed: whether cells are values of their types, so that a "NA" or "" among words is a word as any other and not
            missing, as it is in a CSV. None says so of all frames but those of Polars whose columns are all String.

    Raises:
        InputError: a column is of a type no table column can have (lists, structs, bytes), or is called by a pattern of
            names (`*`, `^...$`), or there is no column.
        SchemaError: an override or the entity names no column, or contradicts the data.

    Example:
        >>> raw = pl.DataFrame({"age": ["31", "?", "45"], "smokes": ["no", "yes", "no"]})
        >>> [(c.name, c.kind.value, c.missing, c.labels) for c in infer(raw)]
        [('age', 'integer', ('?',), None), ('smokes', 'boolean', (), ('no', 'yes'))]
    """
    from likewise.tables.frames import check_names, from_frame

    if isinstance(raw, pl.DataFrame):
        check_names(raw.columns)
    elif not isinstance(raw, Counted):
        raw, typed = from_frame(raw)[0], typed is None or typed
    if sample_rows is not None and isinstance(raw, pl.DataFrame) and sample_rows < raw.height:
        raw = raw.gather_every(max(1, raw.height // max(1, sample_rows)))
    return infer_counted(raw, overrides=overrides, entity=entity, decimal=decimal, typed=typed)[0]


def infer_counted(
    raw: pl.DataFrame | Counted,
    *,
    overrides: Mapping[str, Override] | None = None,
    entity: str | bool | None = None,
    decimal: str | None = None,
    typed: bool | None = None,
) -> tuple[Schema, Counted]:
    """The schema as `infer` finds it, and the distinct values it was found from: `parse` need not look again."""
    counted = raw if isinstance(raw, Counted) else Counted(raw, typed=typed)
    return with_places(_inferred(counted, overrides or {}, entity, decimal)), counted


def _inferred(
    counted: Counted, overrides: Mapping[str, Override], entity: str | bool | None, decimal: str | None
) -> Schema:
    table = counted.table
    if table.width == 0:
        raise InputError("the table has no columns")
    for name in overrides:
        if name not in table.columns:
            raise SchemaError(f"there is no column {name!r} to override{nearest(name, table.columns)}")
    counted.glances = glances(counted, (*SURE_TOKENS, *CONTEXT_TOKENS))
    columns = [_with_override(counted.outline(name), overrides.get(name), counted, decimal) for name in table.columns]
    if decimal is None and (decimal := _usual_decimal(columns)):
        for at, column in enumerate(columns):
            if number_forms.UNSURE & set(column.notes):
                columns[at] = _with_override(counted.outline(column.name), overrides.get(column.name), counted, decimal)
    schema = _with_codes(Schema(tuple(_with_names(columns, counted))), counted)
    if entity is not None:
        schema = with_entity(schema, table, entity, counted)
        return schema if entity else replace(schema, columns=_with_semantics(schema.columns, counted))
    suspect = likely_entity(table, schema, counted)
    if suspect is None or suspect.column in overrides or suspect.n_rows < table.height:
        if schema.entity is not None:
            return with_entity(schema, table, schema.entity, counted)
        given_out = tuple(_as_given_out(c, counted) for c in schema)
        return replace(schema, columns=_with_semantics(given_out, counted))
    note = f"taken for the key of an entity: {suspect.reason}"
    found = replace(schema[suspect.column], role=Role.ENTITY, notes=(*schema[suspect.column].notes, note)).as_found()
    return _by_entity(Schema(tuple(found if c.name == found.name else c for c in schema)), counted)


def told_anew(schema: Schema, raw: pl.DataFrame) -> Schema:
    """The schema with the kinds of those columns told from the rows that somebody says tell nothing of people."""
    return replace(schema, columns=tuple(
        _completed(c, raw[c.name], None) if c.semantic in LEARNT else c for c in schema
    ))  # fmt: skip


def timed(schema: Schema, time: str | bool | None) -> Schema:
    """The schema in which numbers that tell the time are numbers, though 0 and 1 alone are taken for no and yes."""
    if not isinstance(time, str) or time not in schema:
        return schema
    column = schema[time]
    if column.kind is Kind.BOOLEAN and "kind" in column.found and all(map(_is_number, column.labels or ("",))):
        return schema.replace(time, kind=Kind.INTEGER)
    return schema


def _is_number(label: str) -> bool:
    return label.replace(".", "", 1).isdecimal()


def with_entity(
    schema: Schema, raw: pl.DataFrame | Columns, entity: str | bool | None, counted: Counted | None = None
) -> Schema:
    """The schema in which this column tells whose a row is, and what was told from rows is told from entities.

    Args:
        entity: the column; False leaves a schema without one, None leaves it as it is.
        counted: the distinct values of `raw`, if they are at hand.

    Raises:
        SchemaError: there is no such column, or the schema declares it a feature, or another one the entity.
    """
    if entity is None:
        return schema
    counted = Counted(raw) if counted is None else counted
    if entity == schema.entity:
        return _by_entity(schema.replace(entity, role=Role.ENTITY), counted)  # now a person's word
    old = None if schema.entity is None else schema[schema.entity]
    if old is not None and "role" not in old.found:
        raise SchemaError(
            f"the schema declares {old.name!r} the entity, and entity says {entity!r}; change its role there, or leave "
            "entity out"
        )
    if old is not None:
        schema = schema.replace(old.name, role=Role.ID if old.kind is Kind.ID else Role.FEATURE)
    if not entity:
        return schema
    column = schema[str(entity)]
    if "kind" not in column.found and column.role is not Role.ID:
        raise SchemaError(
            f"column {column.name!r}: the schema declares it a {column.role.value}, and entity names it; a column that "
            "tells whose a row is is never learnt: give it role 'entity' there, or leave entity out"
        )
    return _by_entity(schema.replace(column.name, role=Role.ENTITY), counted)


def doubts(schema: Schema) -> list[str]:
    """What a user should hear of a schema that was told from the rows, for it costs values: one sentence a matter."""

    def named(mark: str) -> str:
        told = [c for c in schema if "kind" in c.found and c.role in (Role.FEATURE, Role.ID)]
        return ", ".join(repr(c.name) for c in told if any(mark in note for note in c.notes))

    said = {
        f"taken as an id: {BY_LOOKS}": "taken for ids by the looks of their values alone, so they are not learnt but "
        "made anew; if one is a measurement, declare its kind",
        "rows do not read as the others": "of a few cells that do not read as all others, which become missing; to "
        "keep them, declare kind 'text'",
        "none will be drawn": "of levels that all have too few rows to be kept, so their cells come out missing; "
        "declare levels, or kind 'text'",
        TOO_LONG: "of whole numbers beyond 64 bits, and are taken as codes",
        "complex numbers": "of complex numbers, and are taken as texts; give each part a column of its own",
    }
    found = [(names, text) for mark, text in said.items() if (names := named(mark))]
    told = [f"columns are {text}: {names}" for names, text in found]
    people = word_on_headings(schema.names)
    return told if people is None else [*told, people]


def word_on_headings(names: Sequence[str]) -> str | None:
    """What a user should hear of columns that are called like people; None where none are."""
    people = are_called_like_people(list(names))
    if not people:
        return None
    named = ", ".join(map(repr, people[:3])) + (", ..." if len(people) > 3 else "")
    return (
        f"{len(people)} columns are called like people: {named}. The names of columns leave with all that is made of "
        "the table: turn it so that each of these people has rows and the name is in a column, or call them otherwise"
    )


def _by_entity(schema: Schema, counted: Counted) -> Schema:
    """Keys and texts told apart by entities: the name of somebody with twelve rows is no level that repeats."""
    assert schema.entity is not None
    raw = counted.table
    whose = raw.series(schema.entity).hash().alias("whose")
    n_entities, columns = len(counted[schema.entity].values), []
    for column in schema:
        is_told = column.name != schema.entity and "kind" in column.found
        if is_told and column.kind in (Kind.CATEGORICAL, Kind.INTEGER):
            distinct = counted[column.name]
            k = len(distinct.values) + (int(distinct.counts.sum()) < len(raw))
            # Few levels stay levels (of each entity one at least is counted, so that they repeat), and numbers are keys
            # only where each entity has one of its own.
            if k >= (n_entities if column.kind is Kind.INTEGER else max(11, 0.05 * n_entities)):
                again = infer_column(
                    pl.DataFrame([whose, raw.series(column.name).alias("value")])
                    .unique(maintain_order=True)["value"]
                    .alias(column.name),
                    may_be_personal=column.semantic is not Semantic.NONE,
                )
                if again.kind in (Kind.TEXT, Kind.ID):
                    kept: dict[str, Any] = {
                        "missing": column.missing,
                        "missing_as_null": column.missing_as_null,
                        **column.said,
                    }
                    column = replace(again, found=tuple(key for key in again.found if key not in column.said), **kept)
        may_be_key = is_told and column.kind in (Kind.TEXT, Kind.INTEGER) and column.format is None
        if (
            may_be_key
            and (may_name_a_key(column.name) or _is_code(column, counted))
            and _is_one_to_one(raw.series(column.name), whose)
        ):
            # Another key of the same entity: drawn by its pattern it would now and then be somebody's own.
            note = "taken as an id: each entity has one of its own"
            column = replace(column, kind=Kind.ID, role=Role.ID, notes=(note,))
        columns.append(column)
    return replace(schema, columns=_with_semantics(columns, counted))


def _with_semantics(columns: Sequence[Column], counted: Counted) -> tuple[Column, ...]:
    """With what each column tells of somebody beside its kind.

    What is learnt as levels stays so; texts of which one may be one person's alone are made.
    """
    found: list[Column] = []
    for column in columns:
        found.append(_with_semantic(column, counted, found[-1].semantic if found else None))
    return tuple(found)


def _with_semantic(column: Column, counted: Counted, behind: Semantic | None) -> Column:
    if column.semantic is not None or "kind" not in column.found or column.role is Role.DROP:
        return column
    values = counted[column.name].values
    known = values.filter(~values.is_in(column.missing)) if values.dtype == pl.String and column.missing else values
    found = told(column, known, behind)
    if found is None:
        asked = doubt(column)
        return column if asked is None else replace(column, notes=(*column.notes, asked))
    semantic, why = found
    differ = column.kind is Kind.TEXT and semantic in SINGLES_OUT | WHERE
    if differ or (semantic is Semantic.USERNAME and not column.is_key):
        note = (
            f"personal ({semantic.words}, {why}): never learnt, new ones are made; if they are none, say semantic none"
        )
        return replace(column, kind=Kind.ID, role=Role.ID, semantic=semantic, levels=None, notes=(note,)).as_found()
    fields = tuple(dict.fromkeys((*column.found, "semantic", "notes")))
    return replace(column, semantic=semantic, notes=(*column.notes, f"{semantic.words}, {why}"), found=fields)


def _with_names(columns: list[Column], counted: Counted) -> list[Column]:
    """With a bare "nom" beside a column "prénom" taken for names of people as well, whatever they are called."""
    parts = [parts_of(c.name) for c in columns]
    named = {c.semantic for c, p in zip(columns, parts, strict=True) if c.semantic in NAMES and names_a_person(p)}
    if not named:
        return columns
    first = Semantic.FIRST_NAME in named and Semantic.LAST_NAME not in named
    rest = Semantic.LAST_NAME if first else Semantic.NAME
    return [
        replace(c, kind=Kind.ID, role=Role.ID, semantic=rest, levels=None, notes=(note_of(NAME),)).as_found()
        if c.kind in (Kind.CATEGORICAL, Kind.TEXT) and "kind" in c.found and "semantic" not in c.said and is_a_name(p)
        and counted[c.name].values.dtype == pl.String and looks_like_names(p, counted[c.name].values, beside=True)
        else replace(c, semantic=rest) if first and c.semantic is Semantic.NAME and "kind" in c.found and is_a_name(p)
        else c
        for c, p in zip(columns, parts, strict=True)
    ]  # fmt: skip


def _with_codes(schema: Schema, counted: Counted) -> Schema:
    """With texts that look like made keys taken as ids, also where several rows have each: drawn by their pattern they
    would now and then be somebody's own."""
    return replace(schema, columns=tuple(_as_codes(c, counted) for c in schema))


def _as_codes(column: Column, counted: Counted) -> Column:
    is_text = column.kind is Kind.TEXT or (column.kind is Kind.CATEGORICAL and _tells_people_apart(column))
    if not is_text or "kind" not in column.found or names_an_amount(column.name):
        return column
    distinct = counted[column.name]
    numbered = distinct.values.dtype == pl.String and are_numbered(distinct.values, int(distinct.counts.sum()))
    if not numbered and not _is_code(column, counted):
        return column
    again = "" if len(distinct.values) == int(distinct.counts.sum()) else ", though some rows share one"
    note = f"taken as an id: codes made for somebody or something{again}: none of them is drawn, new ones are made"
    return replace(column, kind=Kind.ID, role=Role.ID, notes=(*column.notes[:-1], note))


def _as_given_out(column: Column, counted: Counted) -> Column:
    """The column as an id where its codes come again as those of people with several rows do, and nobody has told whose
    a row is: what five rows have may be one person's."""
    if column.kind not in (Kind.CATEGORICAL, Kind.INTEGER) or "kind" not in column.found or column.format is not None:
        return column
    values, rows = counted[column.name].values, counted[column.name].counts.to_numpy()
    if column.dtype.startswith("Enum") or not (values.dtype.is_numeric() or values.dtype == pl.String):
        return column
    often = rows[rows >= LEAST_ROWS].sum()
    if len(values) < 5 or not often or (column.kind is Kind.INTEGER and 3 * often < rows.sum()):
        return column
    values = values.cast(pl.Int64, strict=False) if values.dtype.is_float() else values
    known = values.is_not_null() if values.dtype != pl.String else ~values.is_in(column.missing)
    if not are_given_out(column.name, values.filter(known).cast(pl.String)):
        return column
    note = (
        "taken as an id: codes that come again as those of people with several rows do; if they are of kinds of things "
        "say kind categorical, if rows are people entity=False (--no-entity), else whose they are by entity (--entity)"
    )
    return replace(column, kind=Kind.ID, role=Role.ID, notes=(*column.notes, note))


def _tells_people_apart(column: Column) -> bool:
    """Whether a column of texts is named by people, whose codes are no levels however many rows each has."""
    parts = parts_of(column.name)
    named = names_an_entity(column.name) or names_an_owner(column.name)
    return column.dtype == "String" and named and not THINGS & set(parts)


def _is_code(column: Column, counted: Counted) -> bool:
    """Whether texts look like keys that somebody made, or are digits under a name of keys."""
    values, name = counted[column.name].values, column.name
    if values.dtype != pl.String:
        return False
    named = names_a_key(name) or names_an_entity(name)
    return looks_made(values) or (named and not names_a_group(name) and values.str.contains(r"^[\d./-]{3,}$").all())


def _is_one_to_one(series: pl.Series, whose: pl.Series) -> bool:
    known = series.is_not_null()
    pairs = pl.DataFrame([whose.filter(known), series.filter(known).alias("value")]).unique()
    return len(pairs) == pairs["whose"].n_unique() == pairs["value"].n_unique()


def _usual_decimal(columns: list[Column]) -> str | None:
    """The decimal mark of the columns that leave no doubt about theirs; None if none does or they differ."""
    sure = [
        c
        for c in columns
        if c.kind in (Kind.INTEGER, Kind.REAL) and c.format and not number_forms.UNSURE & set(c.notes)
    ]
    formats = [numbers.format_of(str(c.format)) for c in sure]
    marks = {
        fmt.point for fmt in formats if isinstance(fmt, numbers.NumberFormat) if fmt.group or fmt.least or fmt.most != 0
    }
    return marks.pop() if len(marks) == 1 else None


def _with_override(
    series: pl.Series | Outline, override: Override | None, counted: Counted | None, decimal: str | None = None
) -> Column:
    if override is None:
        return infer_column(series, None, decimal, counted)
    if isinstance(override, Column):
        if override.name != series.name:
            raise SchemaError(f"the override of column {series.name!r} is a column named {override.name!r}")
        return _completed(override, series, counted)
    changes = dict(override) if isinstance(override, Mapping) else {_field_of(override): override}
    kind = changes.pop("kind", None)
    if kind is None and changes.get("role") == Role.ID:
        kind = Kind.ID
    declared = {"name": series.name, "kind": kind, "role": Role.ID if kind == Kind.ID else Role.FEATURE}
    forced = None if kind is None else Column.from_dict(declared).kind
    said = {} if kind is None else {"kind": kind, "role": declared["role"]}
    tokens = changes.get("missing")
    if (
        isinstance(series, pl.Series)
        and series.dtype == pl.String
        and isinstance(tokens, list | tuple)
        and all(isinstance(t, str) for t in tokens)
    ):
        series = series.set(series.is_in(list(tokens)).fill_null(False), None)
        counted = Counted(series.to_frame(), typed=counted is not None and counted.typed)
    try:
        learnt = changes.get("semantic") in LEARNT
        column = infer_column(series, forced, decimal, counted, may_be_personal=not learnt)
    except SchemaError:
        if forced is None or changes.get("format") is None:
            raise
        column = Column.from_dict({**declared, "dtype": dtype_name(series.dtype)})  # the declared format says it all
    if changes.get("semantic") not in (None, column.semantic):
        column = replace(column, notes=tuple(note for note in column.notes if not note.startswith("personal")))
    column = Schema((column,)).replace(series.name, **(said | changes))[series.name]
    return column if said else _fitting(column)


_FITTING = {
    Semantic.LATITUDE: ((Kind.REAL, Kind.INTEGER), "is a number of degrees"),
    Semantic.LONGITUDE: ((Kind.REAL, Kind.INTEGER), "is a number of degrees"),
    Semantic.BIRTH_DATE: ((Kind.DATETIME, Kind.INTEGER), "is a date, or a year"),
    Semantic.GENDER: ((Kind.CATEGORICAL, Kind.BOOLEAN, Kind.INTEGER), "has few values that repeat"),
}


def _fitting(column: Column) -> Column:
    """A column as somebody says it is.

    Raises:
        SchemaError: its values cannot be what they are said to tell of people.
    """
    kinds, words = _FITTING.get(column.semantic or Semantic.NONE, (tuple(Kind), ""))
    if column.kind not in kinds and column.role is not Role.DROP:
        raise SchemaError(
            f"column {column.name!r}: semantic {str(column.semantic)!r} {words}, and the column holds "
            f"{column.kind.value} values: say what else it is ('none' where it tells of nobody)"
        )
    return column


def _field_of(word: str) -> str:
    return "semantic" if word in set(Semantic) else "kind"


def _completed(column: Column, series: pl.Series | Outline, counted: Counted | None) -> Column:
    """The user's column with what it leaves open of how the values are written: date format, labels, number format, the
    categories of a type. What was taken for a person's, and is none by the user's word, is told anew."""
    if column.semantic in LEARNT and "semantic" in column.said and "kind" in column.found:
        told = infer_column(series, None, None, counted, may_be_personal=False)
        return _fitting(replace(told, found=tuple(key for key in told.found if key not in column.said), **column.said))
    if column.dtype == "Enum" and column.levels is None and isinstance(series.dtype, pl.Enum):
        column = replace(column, levels=tuple(series.dtype.categories), found=(*column.found, "levels"))
    if column.kind in (Kind.CATEGORICAL, Kind.TEXT, Kind.ID) or column.role is Role.DROP:
        return column
    if column.format is not None or column.labels is not None or series.dtype == pl.Boolean:
        return column
    try:
        told = infer_column(series, column.kind, counted=counted)
    except SchemaError:
        return column  # some values do not read so: to read them tells how many
    parts = {key: getattr(told, key) for key in ("format", "labels", "decimals") if getattr(column, key) is None}
    parts = {key: value for key, value in parts.items() if value is not None}
    return replace(column, found=(*column.found, *parts), **parts)
