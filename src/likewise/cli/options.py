"""The options that several commands have, each said once, and groups of them that a command takes as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer
from typer.core import TyperGroup

from likewise import errors
from likewise.engines import Engine, engine_of

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Schema
    from likewise.schema.dialect import Dialect
    from likewise.schema.distinct import Columns, Counted
    from likewise.sources.opening import Scan

Table = TypeVar("Table", "pl.DataFrame", "Columns")

STANDARD = Path("-")
"""Standard input, or standard output."""

_STANDARD_OUTPUTS = (Path("/dev/stdout"), Path("/dev/fd/1"), Path("/proc/self/fd/1"))

OUTPUT = object()
"""Stands in the annotation of a path that is written to; every other path is an input, which no output may replace."""

FILES, COLUMNS, RESULTS, PRIVACY = "How the table is read", "What the columns are", "What is written", "Privacy"
WORK = "Who does the work"


class Lang(StrEnum):
    """Languages a report can be written in."""

    EN = "en"
    ZH = "zh"


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Debug = Annotated[bool, typer.Option("--debug", help="On an error, show where in the code it came from.")]
_SEED = typer.Option(min=0, metavar="S", help="The same seed gives the same rows.")
Seed = Annotated[int | None, _SEED]
FixedSeed = Annotated[int, _SEED]
MaxSeconds = Annotated[float | None, typer.Option(min=0.1, metavar="T", help="Stop each training after this.")]
Model = Annotated[str, typer.Option(metavar="NAME", help="The generator to train.")]
Target = Annotated[
    str | None,
    typer.Option(metavar="COL", help="The column a later model would predict.", rich_help_panel=COLUMNS),
]
Entity = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="The column that tells whose a row is: people are counted, not rows.",
        rich_help_panel=COLUMNS,
    ),
]
NoEntity = Annotated[
    bool,
    typer.Option(
        "--no-entity",
        help="Every row is somebody else's, though a column repeats like a key; with --time all are one series.",
        rich_help_panel=COLUMNS,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="With --entity: the column that orders an entity's rows, which are then taken as a history.",
        rich_help_panel=COLUMNS,
    ),
]
InOrder = Annotated[
    bool,
    typer.Option(
        "--in-order",
        help="With --entity, where no column tells the time: an entity's rows stand in order.",
        rich_help_panel=COLUMNS,
    ),
]
Static = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN|FILE",
        help="With --time: a column that never changes within an entity; several times; found if none is named. Or a "
        "file with a row for each entity, joined by its column.",
        rich_help_panel=COLUMNS,
    ),
]
StaticFile = Annotated[
    Path | None,
    typer.Option("--static-output", metavar="FILE", help="Where the drawn table of entities goes, of --static FILE."),
    OUTPUT,
]
Entities = Annotated[
    int | None,
    typer.Option("--entities", min=1, metavar="N", help="Of histories: entities to draw, each with all its rows."),
]
SchemaFile = Annotated[
    Path | None,
    typer.Option(
        "--schema", metavar="FILE", help="A schema as `likewise schema --json` writes it.", rich_help_panel=COLUMNS
    ),
]
QuasiIdentifiers = typer.Option(
    metavar="COLS",
    help="Columns by which someone could find a person: a,b,c or one at a time.",
    rich_help_panel=PRIVACY,
)
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="RULE", help="What must hold, such as 'start <= end' or 'a + b = total'; several times."
    ),
]


def place_of(source: str) -> Path | str:
    """A path, or the URL of a database, which no path holds."""
    if not source:  # a variable that was never set, and not this folder
        raise typer.BadParameter("a name is empty")
    return source if "://" in source else Path(source)


Holdout = Annotated[
    Any,
    typer.Option(parser=place_of, metavar="HOLDOUT", help="Real rows that were not learnt from, for the floors."),
]
Measures = Annotated[str | None, typer.Option(metavar="NAMES", help="standard, all, or names with commas between.")]
By = Annotated[str | None, typer.Option(metavar="COL", help="A column whose levels are judged one by one.")]
_TABLE = typer.Option("--output", "-o", metavar="OUTPUT", help="Where the rows go; - for standard output.")
TableFile = Annotated[Path, _TABLE, OUTPUT]
_JSON = typer.Option(
    "--json", metavar="FILE", help="Write what was found as JSON; - for standard output.", rich_help_panel=RESULTS
)
JsonFile = Annotated[Path | None, _JSON, OUTPUT]
HtmlFile = Annotated[
    Path | None,
    typer.Option("--report", metavar="HTML", help="Write the report as one HTML page.", rich_help_panel=RESULTS),
    OUTPUT,
]
Language = Annotated[Lang, typer.Option("--lang", help="Language of the report.", rich_help_panel=RESULTS)]
DpOnly = Annotated[
    bool,
    typer.Option(
        "--dp-only",
        help="Withhold every figure that is computed on real rows, without noise.",
        rich_help_panel=PRIVACY,
    ),
]


def _of_files(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=FILES, **more)


@dataclass(frozen=True)
class Reading:
    """How tables are read: what is said of the text they are written in, and the columns that are taken."""

    columns: Annotated[list[str] | None, _of_files(metavar="COLS", help="Read these columns only: a,b,c.")] = None
    drop: Annotated[list[str] | None, _of_files(metavar="COLS", help="Leave these columns out: a,b,c.")] = None
    sheet: Annotated[str | None, _of_files(metavar="NAME", help="Of an Excel workbook: the sheet.")] = None
    delimiter: Annotated[
        str | None,
        _of_files(metavar="CHAR", help="Between two cells: , ; | tab blank. If not given, told from the file."),
    ] = None
    quote: Annotated[str | None, _of_files(metavar="CHAR", help="Around a cell: \" or ' or none.")] = None
    encoding: Annotated[str | None, _of_files(metavar="NAME", help="Such as utf-8, cp1252, gb18030, shift_jis.")] = None
    header: Annotated[bool | None, _of_files("--header/--no-header", help="The first line holds names, or a row.")] = (
        None
    )
    skip: Annotated[int | None, _of_files(min=0, metavar="N", help="Lines before the header.")] = None
    comment: Annotated[str | None, _of_files(metavar="CHAR", help="Lines that begin with it are left out.")] = None
    decimal: Annotated[str | None, _of_files(metavar="CHAR", help="Decimal mark of numbers: . or ,")] = None

    @property
    def given(self) -> list[str]:
        """Options that stand on the command line."""
        return [f.name for f in fields(self) if getattr(self, f.name) not in (None, [])]

    def read(
        self, path: Path, *, by_header: bool = False, schema: Schema | None = None
    ) -> tuple[pl.DataFrame, Dialect | None]:
        """The table in a file, and how it is written.

        Args:
            by_header: as `tables.files.read` takes it.
            schema: remembers how its table was written: so is this one, if that gives its columns.

        Raises:
            InputError: it cannot be read, or has none of the columns named.
            OptionError: an option cannot be what was given.
        """
        from likewise.tables import files

        read = partial(files.read_table, path, sheet=self.sheet, by_header=by_header)
        table, found = self._written_as(None if by_header else schema, path, read)
        taken = self.taken(table)
        if taken.width < table.width and not by_header:
            _warn_of_lost_entity(table, taken.columns)
        return taken, found

    def counted(self, path: Path, *, schema: Schema | None = None) -> tuple[Counted, Dialect | None]:
        """The same as `read`, in less memory, for what counts the values of each column."""
        from likewise.schema.distinct import Counted
        from likewise.tables import files

        table, found = self._written_as(schema, path, partial(files.read_columns, path, sheet=self.sheet))
        taken = self.taken(table)
        if taken.width < table.width:
            _warn_of_lost_entity(Counted(table, typed=None), taken.columns)
        return Counted(taken, typed=None), found

    def _written_as(self, schema: Schema | None, path: Path, read: Any) -> tuple[Any, Dialect | None]:
        """What is read of a file as the command line says, and where that leaves it open, as a schema remembers."""
        if schema is None or schema.dialect is None:
            return read(dialect=self.dialect())  # type: ignore[no-any-return]
        known = {name: value for name, value in schema.dialect.to_dict().items() if name != "line_end"}
        try:
            table, found = read(dialect=self.dialect().told(**known))
            if set(schema.names) <= set(table.columns) or not path.is_file():
                return table, found
        except (errors.InputError, errors.SchemaError):
            if not path.is_file():
                raise
        return read(dialect=self.dialect())  # type: ignore[no-any-return]

    def dialect(self) -> Dialect:
        """What is said of how a file is written.

        Raises:
            OptionError: a part of it cannot be so.
        """
        from likewise.schema.dialect import Dialect

        said = {name: getattr(self, name) for name in self.given if name not in ("columns", "drop", "sheet")}
        try:
            return Dialect(**said)
        except errors.SchemaError as error:
            raise errors.OptionError(str(error)) from None

    def taken(self, frame: Table) -> Table:
        """The columns of a table that `--columns` and `--drop` leave."""
        wanted: list[str] = column_names(self.columns or [], frame)
        out: list[str] = column_names(self.drop or [], frame)
        for name in (*wanted, *out):
            if name not in frame.columns:
                raise errors.InputError(f"there is no column {name!r}{errors.nearest(name, frame.columns)}")
        left = [name for name in frame.columns if (not wanted or name in wanted) and name not in out]
        if not left:
            raise errors.OptionError("--columns and --drop leave no column")
        return frame.select(left) if len(left) < frame.width else frame


def _warn_of_lost_entity(frame: pl.DataFrame | Counted, taken: list[str]) -> None:
    """Tell where a column that is left out is the one that says whose a row is: without it rows are counted."""
    import warnings

    from likewise.schema.infer import infer

    whose = infer(frame).entity
    if whose is not None and whose not in taken:
        warnings.warn(
            f"column {whose!r} looks like the key of a person who has several rows, and is left out: rows are counted "
            f"then, not people. Keep it, with --entity {whose}: it is never learnt",
            errors.LikewiseWarning, stacklevel=2,
        )  # fmt: skip


_of_work = partial(typer.Option, rich_help_panel=WORK)


@dataclass(frozen=True)
class Doing:
    """Who does the work: this process, several, or the machines of a Ray cluster."""

    engine: Annotated[
        str, _of_work(metavar="NAME", help="Who reads and draws: local, processes or ray; what comes out is the same.")
    ] = "local"
    workers: Annotated[
        int | None, _of_work(min=1, metavar="N", help="Of processes and ray: how many; one a processor if not given.")
    ] = None
    address: Annotated[
        str | None, _of_work(metavar="HOST:PORT", help="Of ray: a running cluster's; else one is started here.")
    ] = None

    @property
    def is_asked(self) -> bool:
        """Whether another than this process is asked for."""
        return self != HERE

    @property
    def given(self) -> list[str]:
        """The options of it that stand on the command line."""
        return [name for name in OF_DOING if getattr(self, name) != getattr(HERE, name)]

    def open(self) -> Engine:
        """The engine.

        Raises:
            OptionError, MissingExtraError, EngineError: as `likewise.engines.engine_of` says.
        """
        return engine_of(self.engine, workers=self.workers, address=self.address)


HERE = Doing()
"""This process."""

OF_DOING = tuple(field.name for field in fields(Doing))
"""The options that say who."""

AS_TOLD = Reading()
"""Nothing said: all is told from the file."""


def column_names(texts: list[str], frame: pl.DataFrame | Columns | Counted | Scan) -> list[str]:
    """Column names, one or several with commas between; a name that holds a comma stays whole."""
    parts = [[text] if text in frame.columns else text.split(",") for text in texts]
    return [name.strip() for part in parts for name in part if name.strip()]


class WithOldSpelling(TyperGroup):
    """A command that became several: what is no name of one goes to the whole old command, which is not listed."""

    OLD = "all"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args != ["--help"]:
            args = [self.OLD, *args]
        return super().parse_args(ctx, args)


# ---- commands ----------------------------------------------------------------------------------------------------


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every parameter that is a group of options taken apart, so that the command line sees each;
    and with its inputs guarded against its outputs before it runs."""
    hints = get_type_hints(command, include_extras=True)
    parameters: dict[str, tuple[Any, Any]] = {}
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            own = get_type_hints(groups[name], include_extras=True)
            parameters |= {f.name: (own[f.name], f.default) for f in fields(groups[name])}
        else:
            parameters[name] = (hints[name], parameter.default)
    outputs = {name for name, (hint, _) in parameters.items() if OUTPUT in getattr(hint, "__metadata__", ())}

    @wraps(command)
    def run(**options: Any) -> None:
        from likewise.cli.outputs import check_page, guard

        for name in outputs:  # else refused where it leads into a pipe or a file without an ending
            options[name] = STANDARD if options[name] in _STANDARD_OUTPUTS else options[name]
        guard(
            inputs=_paths(value for name, value in options.items() if name not in outputs),
            outputs=_paths(options[name] for name in outputs),
        )
        check_page(options["report"] if "report" in outputs else None)  # a sheet reads one
        for name, group in groups.items():
            options[name] = group(**{f.name: options.pop(f.name) for f in fields(group)})
        command(**options)

    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [inspect.Parameter(n, keyword, default=d, annotation=h) for n, (h, d) in parameters.items()]
    run.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    run.__annotations__ = {name: hint for name, (hint, _) in parameters.items()}
    return run


def _paths(values: Iterable[Any]) -> list[Path]:
    """The paths among values of options: also several at once, and the files of COL=FILE."""
    found: list[Path] = []
    for value in values:
        many = value if isinstance(value, list | tuple) else [value]
        found += [one for one in many if isinstance(one, Path)]
        found += [Path(one.rpartition("=")[2]) for one in many if isinstance(one, str) and _names_a_file(one)]
    return found


def _names_a_file(text: str) -> bool:
    try:
        return "=" in text and Path(text.rpartition("=")[2]).is_file()
    except (OSError, ValueError):
        return False


OldMethod = Annotated[str | None, typer.Option("--method", hidden=True)]


def model_named(model: str | None, method: str | None, default: str, terminal: Terminal) -> str:
    """What `--model` names, or `--method`, as it was written before.

    Raises:
        OptionError: both are given.
    """
    if method is None:
        return model or default
    if model is not None:
        raise errors.OptionError("--method is the older spelling of --model; give --model alone")
    terminal.note("--method is now written --model")
    return method


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


def time_of(time: str | None, in_order: bool) -> str | bool | None:
    """What `--time` and `--in-order` say: a column, True for the rows' own order, or None."""
    if in_order and time is not None:
        raise errors.OptionError(
            "--time names the column that orders rows, and --in-order says that they are: give one"
        )
    return True if in_order else time


def entity_of(entity: str | None, no_entity: bool) -> str | bool | None:
    """What `--entity` and `--no-entity` say, as `infer` takes it."""
    if no_entity and entity is not None:
        raise errors.OptionError("give either --entity, or --no-entity")
    return False if no_entity else entity


def measures_of(text: str | None) -> str | list[str]:
    """What `--measures` names, looked at before a table is read.

    Raises:
        OptionError: there is no such measure.
    """
    from likewise.evaluate.scoring.context import chosen_measures

    wanted = "standard" if text is None else text.split(",") if "," in text else text
    chosen_measures(wanted)
    return wanted
