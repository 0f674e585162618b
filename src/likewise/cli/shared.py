"""What several commands share: options by name, the terminal, schemas, checks of outputs, reports shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, overload

import typer

from likewise import __version__, errors

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.conditions import Condition
    from likewise.evaluate import Report
    from likewise.images.sets import ImageSet
    from likewise.report.comparison import Comparison
    from likewise.schema.column import Schema

STANDARD_OUTPUT = Path("-")


class Lang(StrEnum):
    """Languages a report can be written in."""

    EN = "en"
    ZH = "zh"


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Debug = Annotated[bool, typer.Option("--debug", help="On an error, show where in the code it came from.")]
_SEED = typer.Option(min=0, metavar="S", help="The same seed gives the same rows.")
Seed = Annotated[int | None, _SEED]
FixedSeed = Annotated[int, _SEED]
Target = Annotated[str | None, typer.Option(metavar="COL", help="The column a later model would predict.")]
Measures = Annotated[str | None, typer.Option(metavar="NAMES", help="standard, all, or names with commas between.")]
By = Annotated[str | None, typer.Option(metavar="COL", help="A column whose levels are judged one by one.")]
Entity = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The column that tells whose a row is: people are counted, not rows."),
]
NoEntity = Annotated[
    bool, typer.Option("--no-entity", help="Every row is somebody else's, though a column repeats like a key.")
]
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", metavar="FILE", help="A schema as `likewise inspect --json` writes it.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - for standard output.")
]
HtmlFile = Annotated[Path | None, typer.Option("--report", metavar="HTML", help="Write the report as one HTML page.")]
Language = Annotated[Lang, typer.Option("--lang", help="Language of the report.")]
DpOnly = Annotated[
    bool, typer.Option("--dp-only", help="Withhold every figure that is computed on real rows, without noise.")
]


def open_terminal(quiet: bool, json: Path | None = None) -> Terminal:
    from likewise.cli.terminal import Terminal

    return Terminal(quiet=quiet, results_to_stderr=json == STANDARD_OUTPUT)


def refuse_given(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Refuse options that would not be used.

    Args:
        names: of the command's parameters.
        why: what the options are for, or what they do not go with.

    Raises:
        OptionError: one of them stands on the command line; named as it is written there.
    """
    written = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    given = [
        written[name] for name in names if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if given:
        raise errors.OptionError(f"{', '.join(given)} would not be used: {why}")


def check_outputs(*sources: Path | None, table: Path | None = None, others: tuple[Path | None, ...] = ()) -> None:
    """Find out before the long work whether every output can be written, and that none is an input."""
    from likewise.tables import files

    taken = {path.resolve() for path in sources if path is not None}
    for path in (table, *others):
        if path is None or (path == STANDARD_OUTPUT and path is not table):
            continue
        if path is table:
            files.check_table(path)
        files.check_writable(path)
        if path.resolve() in taken:
            raise errors.OptionError(f"{str(path)!r} is named twice; each output needs a file of its own")
        taken.add(path.resolve())


def entity_of(entity: str | None, no_entity: bool) -> str | bool | None:
    """What `--entity` and `--no-entity` say, as `infer` takes it."""
    if no_entity and entity is not None:
        raise errors.OptionError("give either --entity, or --no-entity")
    return False if no_entity else entity


def reader_of(source: Path, schema_file: Path | None) -> Callable[[Path], Any]:
    """What reads files of this kind: tables, or images, which have no schema."""
    from likewise.images import sets
    from likewise.tables import files

    if not sets.holds_images(source):
        return files.read
    if schema_file is not None:
        raise errors.OptionError("images have no schema; leave --schema out")
    return sets.read_images


@overload
def schema_of(
    frame: pl.DataFrame,
    file: Path | None,
    target: str | None,
    terminal: Terminal,
    entity: str | bool | None = None,
) -> Schema: ...
@overload
def schema_of(
    frame: ImageSet,
    file: Path | None,
    target: str | None,
    terminal: Terminal,
    entity: str | bool | None = None,
) -> None: ...
def schema_of(
    frame: Any,
    file: Path | None,
    target: str | None,
    terminal: Terminal,
    entity: str | bool | None = None,
) -> Schema | None:
    """The schema: the user's word where there is one, inference for the rest, and the target marked; none of images."""
    from likewise.images.sets import ImageSet
    from likewise.schema.column import Role, Schema
    from likewise.schema.infer import infer

    if isinstance(frame, ImageSet):
        return None

    given = None if file is None else Schema.from_json(read_text(file))
    overrides = None if given is None else {column.name: column for column in given}
    schema = infer(frame, overrides=overrides, entity=entity)
    if target is not None and schema[target].role is not Role.TARGET:
        schema = schema.replace(target, role=Role.TARGET)
    for column in schema:
        for note in column.notes:
            terminal.note(f"column {column.name!r}: {note}")
    return schema


def measures_of(text: str | None) -> str | list[str]:
    return "standard" if text is None else text.split(",") if "," in text else text


def conditions_of(texts: list[str], schema: Schema) -> dict[str, Condition]:
    """What `--where` asks for, by column."""
    from likewise.conditions import parse_where

    conditions: dict[str, Condition] = {}
    for name, condition in (parse_where(text, schema) for text in texts):
        if name in conditions:
            raise errors.ConditionError(f"column {name!r} has two conditions; write them as one, such as {name}=a|b")
        conditions[name] = condition
    return conditions


def write_table(fake: pl.DataFrame, schema: Schema, path: Path, *, beside: pl.DataFrame | None = None) -> None:
    """Write the rows; those learnt from a file without types (CSV) get types where the format asked for has them.

    Args:
        beside: columns that the schema does not know, written after the others.
    """
    from likewise.schema import parse
    from likewise.tables import files

    if files.check_table(path)[0] not in ("csv", "tsv") and all(column.dtype == "String" for column in schema):
        fake = parse.restore(parse.parse(fake, schema), schema, typed=True)
    fake = fake.with_columns(_of_held_categories(column) for column in fake)
    files.write(fake if beside is None else fake.hstack(beside), path, dialect=schema.dialect)


def _of_held_categories(column: pl.Series) -> pl.Series:
    """An Enum whose type lists no category that no row holds, for a file that travels."""
    import polars as pl

    if not isinstance(column.dtype, pl.Enum):
        return column
    listed = column.dtype.categories
    return column.cast(pl.Enum(listed.filter(listed.is_in(column.cast(pl.String).unique().implode()))))


def show_withheld(
    fake: pl.DataFrame | ImageSet,
    schema: Schema | None,
    terminal: Terminal,
    *,
    report: Path | None,
    json: Path | None,
    lang: Lang,
    facts: Report | None = None,
) -> None:
    """A report in which nothing was measured on real rows, for nothing so measured may be shown.

    Args:
        facts: what may be shown all the same, such as rows held against noisy tables; None for nothing.
    """
    from likewise.evaluate import Report
    from likewise.report.noisy import noisy_table

    if facts is None:
        what = {"kind": "images"} if schema is None else {"columns": sum(column.is_modelled for column in schema)}
        facts = Report(scores=(), data={"rows_synthetic": len(fake), **what}, versions={"likewise": __version__})
    if json is not None:
        write_text(facts.withheld().to_json(), json)
    if report is not None:
        facts.to_html(report, lang=lang, dp_only=True)
        terminal.result(f"{report}: the report")
    if facts.noisy:
        terminal.result(noisy_table(facts, lang=lang))
    terminal.note(
        "nothing was measured on real rows: such figures are not differentially private"
        + ("; the noisy tables were paid for, so holding rows against them costs nothing" if facts.noisy else "")
    )


def show(
    figures: Report | Comparison, terminal: Terminal, *, report: Path | None, json: Path | None, lang: Lang
) -> None:
    """Write the report where it was asked for, and the short table to the terminal."""
    from likewise.evaluate import Report
    from likewise.report.noisy import noisy_table
    from likewise.report.notes import note_in

    if json is not None:
        write_text(figures.to_json(), json)
    if report is not None:
        figures.to_html(report, lang=lang)
        terminal.result(f"{report}: the report")
    terminal.result(figures.summary_table(lang=lang))
    if isinstance(figures, Report) and figures.noisy:
        terminal.result(noisy_table(figures, lang=lang))
    for note in figures.notes:
        terminal.note(note_in(note, lang))


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise errors.InputError(f"the file {str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise errors.InputError(f"the file {str(path)!r} is not UTF-8 text") from error


def write_text(text: str, path: Path) -> None:
    if path == STANDARD_OUTPUT:
        typer.echo(text)
        return
    from likewise.tables.files import atomic_path

    with atomic_path(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")
