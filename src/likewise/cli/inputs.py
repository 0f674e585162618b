"""What commands read besides options: tables or images, schemas, conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import likewise as lw
from likewise import errors
from likewise.cli.doors import are_arrays, door_of
from likewise.cli.options import HERE, Doing, Reading
from likewise.cli.outputs import names_a_table, read_text
from likewise.schema.semantics import WHYS

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.conditions import Condition, OfRows
    from likewise.schema.column import Schema
    from likewise.schema.dialect import Dialect
    from likewise.schema.distinct import Counted


Reader = Callable[[Path], "tuple[Any, Dialect | None]"]


def reader_of(source: Path, schema_file: Path | None, reading: Reading) -> tuple[Reader, Schema | None]:
    """What reads files of this kind, with the schema given: tables, or images, which have no schema and no columns."""
    door = door_of(source)
    if door is None:
        given = schema_in(schema_file)
        return partial(reading.read, schema=given), given
    if schema_file is not None or reading.given:
        named = ", ".join(f"--{name}" for name in ("schema", *reading.given)[schema_file is None :])
        raise errors.OptionError(f"{named} would not be used: {door.what} have no schema and no columns")
    return lambda path: (door.read(path), None), None


def open_table(
    source: Path, schema_file: Path | None, target: str | None, whose: str | bool | None, reading: Reading,
    terminal: Terminal, rules: Sequence[str] | None = None,
) -> tuple[pl.DataFrame, Schema]:  # fmt: skip
    """A table and its schema, for commands that take one; rules stand beside those of a schema that is given."""
    with terminal.doing("reading"):
        given = schema_in(schema_file)
        frame, dialect = reading.read(source, schema=given)
    return frame, schema_of(frame, given, target, terminal, whose, dialect, reading).with_rules(rules)


@dataclass(frozen=True)
class Measured:
    """What is measured against what: tables, or images, of which there is no schema."""

    real: Any
    synthetic: list[Any]
    holdout: Any
    schema: Any
    where: Mapping[str, Any] = field(default_factory=dict)
    """Of tables that are read in parts: who reads them, as `likewise.evaluate` takes it."""


def open_measured(
    real: Path, synthetic: list[Path], holdout: Path | str | None, schema_file: Path | None, target: str | None,
    whose: str | bool | None, reading: Reading, terminal: Terminal, doing: Doing = HERE,
    together: Mapping[str, Any] | None = None,
) -> Measured:  # fmt: skip
    """The rows that others were learnt from, those others, and real ones kept from them.

    Args:
        doing: who reads tables in parts, of a command that can; such are large ones, and all where somebody is named.
        together: options of such a command that look at all rows together, and whether they are given; None where
            tables are held, however large.

    Raises:
        OptionError: somebody is named to read tables that cannot be read in parts, or beside such an option.
    """
    if together is not None:
        paths = [real, *synthetic, *([] if holdout is None else [Path(holdout)])]
        if read_in_parts(paths, doing.given, {**together, "entity": isinstance(whose, str), **given_in(reading)}):
            them = [lw.scan(path) for path in paths]
            kept = None if holdout is None else them.pop()
            where = asdict(doing) if doing.is_asked else {}
            return Measured(them[0], them[1:], kept, schema_in(schema_file), where)
    with terminal.doing("reading"):
        read, given = reader_of(real, schema_file, reading)
        frame, dialect = read(real)
        fakes = [read(path)[0] for path in synthetic]
        held_out = None if holdout is None else read(Path(holdout))[0]
    schema = schema_of(frame, given, target, terminal, whose, dialect, reading)
    return Measured(frame, fakes, held_out, schema)


def given_in(reading: Reading) -> dict[str, bool]:
    return dict.fromkeys(reading.given, True)


def read_in_parts(paths: Sequence[Path], asked_by: Sequence[str], together: Mapping[str, Any]) -> bool:
    """Whether tables are read in parts and not held: where an option asks for it, or one of them is large.

    Args:
        asked_by: the options that ask for it.
        together: options that look at all rows together, and whether they are given.

    Raises:
        InputError, OptionError: it is asked for, and does not go.
    """
    named = [name.replace("_", "-") for name, given in together.items() if given]
    if not asked_by:
        try:
            them = [lw.scan(path) for path in paths]
        except errors.LikewiseError:  # it is no such file
            return False
        return not named and any(one.is_large for one in them) and all(one.goes for one in them)
    asking = asked_by[0].replace("_", "-")
    if named:
        raise errors.OptionError(
            f"--{asking} asks for tables that are read in parts, with which --{named[0]} does not go: leave one of "
            "them out"
        )
    others = [path for path in paths if not lw.scan(path).goes]
    if others and str(others[0]) != "-" and not others[0].exists():
        raise errors.InputError(f"file {str(others[0])!r} does not exist")
    if others:
        raise errors.OptionError(
            f"--{asking} asks for tables that are read in parts, and {str(others[0])!r} is none that can be: files, "
            "folders and patterns of Parquet, CSV, Arrow and JSON lines are"
        )
    return True


def schema_of(
    frame: Any,
    given: Schema | None,
    target: str | None,
    terminal: Terminal,
    entity: str | bool | None = None,
    dialect: Dialect | None = None,
    reading: Reading | None = None,
) -> Any:
    """The schema: the user's word where there is one, inference for the rest, and the target marked; none of images."""
    from likewise.schema.column import Role
    from likewise.schema.infer import infer, word_on_headings

    if are_arrays(frame):
        return None
    overrides = None if given is None else {column.name: column for column in taken_of(given, frame, reading)}
    schema = infer(frame, overrides=overrides, entity=entity, decimal=None if dialect is None else dialect.decimal)
    if target is not None and schema[target].role is not Role.TARGET:
        schema = schema.replace(target, role=Role.TARGET)
    for column in schema:
        for note in column.notes:
            if not note.endswith(WHYS):  # `likewise schema` shows what a column that is learnt tells of somebody
                terminal.note(f"column {column.name!r}: {note}")
    if (told := word_on_headings(schema.names)) is not None:
        terminal.note(told)
    return replace(schema, dialect=dialect, rules=() if given is None else given.rules)


def taken_of(schema: Schema, frame: pl.DataFrame | Counted, reading: Reading | None = None) -> Schema:
    """A schema without the columns that --columns and --drop leave out of the table.

    Raises:
        SchemaError: the table lacks others of its columns.
    """
    lacking = [name for name in schema.names if name not in frame.columns]
    if lacking and (reading is None or not (reading.columns or reading.drop)):
        others = [name for name in frame.columns if name not in schema.names]
        named = ", ".join(f"{name!r}{errors.hint(name, others)}" for name in lacking[:10])
        raise errors.SchemaError(
            f"the table lacks {'a column' if len(lacking) == 1 else f'{len(lacking)} columns'} that the schema names: "
            f"{named}; take it out of the schema, or give the table one"
        )
    return replace(schema, columns=tuple(column for column in schema if column.name in frame.columns))


def schema_in(file: Path | None) -> Schema | None:
    """The schema in a file, if one is named; asked for once, for a pipe gives it once."""
    from likewise.schema.column import Schema

    return None if file is None else Schema.from_json(read_text(file))


def conditions_of(texts: list[str], schema: Schema) -> dict[str, Condition]:
    """What `--where` asks for, by column."""
    from likewise.conditions import parse_where

    conditions: dict[str, Condition] = {}
    for name, condition in (parse_where(text, schema) for text in texts):
        if name in conditions:
            _refuse_second(name)
        conditions[name] = condition
    return conditions


def history_conditions_of(texts: list[str], schema: Schema) -> dict[str, Condition | list[OfRows]]:
    """The same of histories, where a column takes several conditions if each says which of their rows it is on."""
    from likewise.conditions import OfRows, parse_row_where

    conditions: dict[str, Condition | list[OfRows]] = {}
    for name, condition in (parse_row_where(text, schema) for text in texts):
        others = conditions.get(name)
        if isinstance(condition, OfRows) and isinstance(others, list | None):
            conditions[name] = [*(others or []), condition]
        elif others is None and not isinstance(condition, OfRows):
            conditions[name] = condition
        else:
            _refuse_second(name)
    return conditions


def static_of(texts: list[str] | None) -> tuple[list[str] | None, Path | None]:
    """The columns, or the file of a table of entities, that `--static` names.

    Raises:
        OptionError: it names both, or several files.
    """
    named = [text for text in texts or [] if Path(text).is_file() or names_a_table(text)]
    if not named:
        return texts, None
    if len(texts or []) > 1:
        raise errors.OptionError("--static takes columns, or one file with a row for each entity: give either")
    return None, Path(named[0])


def length_of(text: str) -> Condition:
    """How many rows a history is to have, as `--length` says it."""
    from likewise.conditions import parse_length

    return parse_length(text)


def _refuse_second(name: str) -> NoReturn:
    raise errors.ConditionError(f"column {name!r} has two conditions; write them as one, such as {name}=a|b")
