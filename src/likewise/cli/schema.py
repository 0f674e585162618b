"""`likewise schema`: what each column is taken for; edited, and held against a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likewise import errors
from likewise.cli.inputs import schema_in, taken_of
from likewise.cli.options import (
    AS_TOLD,
    COLUMNS,
    Debug,
    Entity,
    JsonFile,
    NoEntity,
    Quiet,
    Reading,
    Rules,
    SchemaFile,
    Target,
    entity_of,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, open_terminal, write_text
from likewise.schema.semantics import Semantic

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Schema


def schema(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table to look at; - for standard input.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="COL=WHAT",
            help="Say more of a column: age=integer, zip=id, contact=email, age.bounds=[0,120]; several times.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    rule: Rules = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Propose rules that all rows keep, with their evidence.")
    ] = False,
    schema_file: SchemaFile = None,
    target: Target = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    json: JsonFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show what each column is taken for, edit it, or hold a table against a schema.

    The schema can be written as JSON, edited and passed back to every command: the user's word beats inference. With
    --schema the table is held against it: a column that is lacking, or whose values do not read so, is an error.

    \b
    Examples:
      likewise schema real.csv
      likewise schema real.csv --json schema.json
      likewise schema real.csv --set age=integer --set zip=id --json schema.json
      likewise schema real.csv --rules
      likewise schema real.csv --rule 'start <= end' --json schema.json
      likewise schema new.csv --schema schema.json
      likewise synth real.csv -o fake.csv --schema schema.json
    """
    terminal = open_terminal(quiet, json)
    check_outputs(json)
    from likewise.cli.terminal import schema_table
    from likewise.schema.infer import infer, told_anew, word_on_headings
    from likewise.schema.lives import word_on_rows

    with terminal.doing("reading"):
        given = schema_in(schema_file)
        frame, dialect = reading.read(source, schema=given)
        overrides = None if given is None else {column.name: column for column in taken_of(given, frame, reading)}
        decimal = None if dialect is None else dialect.decimal
        found = infer(frame, overrides=overrides, entity=entity_of(entity, no_entity), decimal=decimal)
    found = replace(found, dialect=dialect, rules=() if given is None else given.rules).with_rules(rule)
    for text in changes or []:
        found = told_anew(_changed(found, text), frame)
    if target is not None:
        found = found.replace(target, role="target")
    if given is not None or changes:
        _hold_against(frame, found)
    terminal.result(schema_table(found))
    for told in (word_on_headings(found.names), None if no_entity else word_on_rows(frame, found)):
        if told is not None:
            terminal.note(told)
    _tell_rules(frame, found, terminal)
    if rules:
        _propose(frame, found, terminal)
    if given is not None:
        absent = [name for name in frame.columns if name not in given.names]
        named = f" but for columns it does not name: {', '.join(map(repr, absent))}" if absent else ""
        terminal.note(f"the table fits the schema{named}")
    if json is not None:
        write_text(found.to_json(), json)


def _tell_rules(frame: pl.DataFrame, found: Schema, terminal: Terminal) -> None:
    """How many rows keep the rules of a schema."""
    if found.rules:
        from likewise.rules import shares_of
        from likewise.schema.parse import parse

        for rule, share in shares_of(found.rules, found, parse(frame, found)).items():
            terminal.result(f"rule {rule!r}: {share.broken:,} of {share.rows:,} rows that it binds break it")


def _propose(frame: pl.DataFrame, found: Schema, terminal: Terminal) -> None:
    from likewise.cli.terminal import lines_table
    from likewise.rules import discover_rules

    with terminal.doing("looking for rules"):
        proposed = discover_rules(frame, found)
    if not len(proposed):
        terminal.result("no rule that all rows keep and chance does not explain")
        return
    terminal.result(lines_table("rules that all rows keep", *proposed.lines()))
    terminal.note('none is enforced: give those that you know to be true with --rule, or in the schema\'s "rules"')


def _changed(schema: Schema, text: str) -> Schema:
    """The schema with what `--set` says: COL=KIND, COL=ROLE, COL=SEMANTIC or COL.FIELD=JSON.

    Raises:
        OptionError: the text is none of these.
        SchemaError: there is no such column, kind, role, semantic or field, or it contradicts the rest.
    """
    from likewise.schema.column import Kind, Role

    name, equals, value = text.partition("=")
    if not equals:
        raise errors.OptionError(
            "--set is written COL=KIND, COL=ROLE, COL=SEMANTIC or COL.FIELD=VALUE, such as age=integer"
        )
    if name in schema.names:
        if value in {role.value for role in Role} - {"id"}:
            return schema.replace(name, role=value)
        if value in {semantic.value for semantic in Semantic}:
            return schema.replace(name, semantic=value)
        known = [word.value for words in (Kind, Role, Semantic) for word in words]
        if value not in known:
            raise errors.SchemaError(
                f"column {name!r}: no kind, role or semantic {value!r}{errors.nearest(value, known)}"
            )
        return schema.replace(name, kind=value)
    column, dot, field = name.rpartition(".")
    if not dot or column not in schema.names:
        raise errors.SchemaError(f"there is no column {name!r}{errors.nearest(name, schema.names)}")
    return schema.replace(column, **{field: _json_or_text(value)})


def _json_or_text(value: str) -> Any:
    import json

    try:
        return json.loads(value)
    except ValueError:
        return value


def _hold_against(frame: pl.DataFrame, schema: Schema) -> None:
    """Raise SchemaError that names every column whose values do not read as the schema says."""
    from likewise.schema.parse import check_names, parse_column

    check_names(frame.columns, schema)
    problems = []
    for column in schema:
        try:
            parse_column(frame[column.name], column)
        except errors.SchemaError as error:
            problems.append(str(error))
    if problems:
        raise errors.SchemaError("\n".join(problems))
