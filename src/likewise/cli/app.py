"""The command line: parse, call the library, print, turn errors into exit codes. Nothing is computed here.

The library is imported inside the commands, so that `likewise --help` stays quick.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from likewise import __version__, errors
from likewise.cli.anonymize import anonymize
from likewise.cli.audit import audit
from likewise.cli.balance import balance
from likewise.cli.budget import budget
from likewise.cli.images import check_output, draw
from likewise.cli.impute import impute
from likewise.cli.models import models
from likewise.cli.scenario import scenario
from likewise.cli.shared import (
    By,
    Debug,
    DpOnly,
    Entity,
    FixedSeed,
    HtmlFile,
    JsonFile,
    Lang,
    Language,
    Measures,
    NoEntity,
    Quiet,
    SchemaFile,
    Seed,
    Target,
    check_outputs,
    conditions_of,
    entity_of,
    measures_of,
    open_terminal,
    reader_of,
    schema_of,
    show,
    show_withheld,
    write_table,
    write_text,
)
from likewise.cli.statement import statement
from likewise.cli.synth import synth, synthesize

FAULT = 9
EXIT_CODES = {
    0: "done",
    1: "an audit's rule, or a claim of privacy, is broken",
    2: "wrong usage, or an extra is not installed",
    3: "the input cannot be used",
    4: "wrong schema or condition",
    5: "an output cannot be written",
    6: "not a sound model file",
    7: "training failed",
    8: "the privacy asked for cannot be kept",
    FAULT: "a fault in likewise itself",
    130: "stopped by Ctrl-C",
}
app = typer.Typer(
    name="likewise",
    help="Synthetic tables that behave like the real one, with what they leak measured and said plainly.",
    epilog="Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_CODE_OF: dict[type[errors.LikewiseError], int] = {
    errors.OptionError: 2,
    errors.MissingExtraError: 2,
    errors.InputError: 3,
    errors.SchemaError: 4,
    errors.ConditionError: 4,
    errors.OutputError: 5,
    errors.ModelFileError: 6,
    errors.TrainingError: 7,
    errors.PrivacyError: 8,
}
DEMO_FOLDER = Path("likewise-demo")


def exit_code(error: errors.LikewiseError) -> int:
    """The code that the command line ends with after this error.

    >>> exit_code(errors.InputError("the file is empty"))
    3
    """
    return next((code for kind, code in _CODE_OF.items() if isinstance(error, kind)), FAULT)


def _tells_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command end with one clear line and a code that means something, whatever goes wrong inside."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            with _warnings_as_notes(options["quiet"]):
                command(*args, **options)
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            _fail("stopped; each output is either the old file or the whole new one", 130)
        except errors.LikewiseError as error:
            _fail(str(error), exit_code(error), trace=options["debug"])
        except Exception as error:
            # The text of a foreign error may hold a cell's value, so only its type is shown unasked.
            name = type(error).__name__
            _fail(f"unexpected {name}, a fault in likewise; --debug shows where", FAULT, trace=options["debug"])

    return run


@contextmanager
def _warnings_as_notes(quiet: bool) -> Iterator[None]:
    """What likewise repaired or guessed is told as a note; warnings between libraries are no matter of the user's."""

    def note(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        if not quiet:
            typer.echo(f"note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", errors.LikewiseWarning)
        warnings.showwarning = note
        yield


def _fail(message: str, code: int, *, trace: bool = False) -> None:
    if trace:
        typer.echo(traceback.format_exc(), err=True)
    typer.echo(f"likewise: {message}", err=True)
    raise typer.Exit(code)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"likewise {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version and leave.")
    ] = False,
) -> None: ...


app.command()(_tells_errors(synth))


@app.command()
@_tells_errors
def inspect(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table to look at.")],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the schema as JSON; - for standard output.")
    ] = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show what each column is taken for.

    The schema can be written as JSON, edited and passed back: the user's word beats inference.

    \b
    Examples:
      likewise inspect real.csv
      likewise inspect real.csv --json schema.json
      likewise synth real.csv -o fake.csv --schema schema.json
    """
    terminal = open_terminal(quiet, json)
    check_outputs(source, others=(json,))
    from likewise.cli.terminal import schema_table
    from likewise.schema.infer import infer
    from likewise.schema.persons import word_on_entity
    from likewise.tables import files

    with terminal.doing("reading"):
        frame = files.read(source)
        schema = infer(frame, entity=entity_of(entity, no_entity))
    terminal.result(schema_table(schema))
    told = None if no_entity else word_on_entity(frame, schema)
    if told is not None:
        terminal.note(told)
    if json is not None:
        write_text(schema.to_json(), json)


@app.command()
@_tells_errors
def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, as `likewise synth --save` writes it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUTPUT", help="Where the new rows go.")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, metavar="N", help="Rows to draw.")],
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="A condition that every row meets; may be given several times."),
    ] = None,
    max_tries: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Rows the model may draw in search of those that meet rare conditions."),
    ] = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw rows from a saved model.

    Every row meets every condition: a value, a range such as age=60..90, or values such as sex=Male|Female.

    \b
    Examples:
      likewise sample model.likewise -n 1000 -o more.csv
      likewise sample model.likewise -n 1000 -o rich.csv --where 'income=>50K' --where 'age=60..90'
    """
    terminal = open_terminal(quiet)
    import likewise as lw

    with terminal.doing("reading"):
        synthesizer = lw.load(model)
    conditions = conditions_of(where or [], synthesizer.schema_)
    if synthesizer.image_codec_ is not None:
        check_output(output, model)
        draw(synthesizer, rows, conditions, seed=seed, terminal=terminal, output=output)
        return
    check_outputs(model, table=output)
    with terminal.drawing() as search:
        fake = synthesizer.sample(
            rows, where=conditions or None, max_tries=max_tries, progress=search or False, random_state=seed
        )
    write_table(fake, synthesizer.schema_, output)
    terminal.result(f"{output}: {rows:,} rows")


@app.command()
@_tells_errors
def evaluate(
    real: Annotated[Path, typer.Argument(metavar="REAL", help="The rows the synthetic ones were learnt from.")],
    synthetic: Annotated[
        list[Path], typer.Argument(metavar="SYNTHETIC...", help="The rows to measure; several tables are compared.")
    ],
    holdout: Annotated[
        Path | None, typer.Option(metavar="HOLDOUT", help="Real rows that were not learnt from, for the floors.")
    ] = None,
    target: Target = None,
    measures: Measures = None,
    by: By = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    schema_file: SchemaFile = None,
    json: JsonFile = None,
    report: HtmlFile = None,
    show_real: Annotated[
        bool, typer.Option("--show-real", help="Images: show real ones in the report too; it then gives them away.")
    ] = False,
    seed: FixedSeed = 0,
    dp_only: DpOnly = False,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure likeness and leakage of two tables, or of two sets of images (.npz, or folders of PNG).

    \b
    Examples:
      likewise evaluate real.csv fake.csv
      likewise evaluate train.csv fake.csv --holdout test.csv --target income --report report.html
      likewise evaluate train.csv one.csv two.csv --holdout test.csv --report comparison.html
      likewise evaluate train.csv fake.csv --holdout test.csv --entity person_id
      likewise evaluate train.npz fake.npz --holdout test.npz --report report.html
    """
    terminal = open_terminal(quiet, json)
    check_outputs(real, *synthetic, holdout, others=(report, json))
    import likewise as lw

    with terminal.doing("reading"):
        read = reader_of(real, schema_file)
        frame = read(real)
        fakes = [read(path) for path in synthetic]
        held_out = None if holdout is None else read(holdout)
    schema = schema_of(frame, schema_file, target, terminal, entity_of(entity, no_entity))
    if dp_only:
        if len(fakes) > 1:
            raise errors.OptionError("--dp-only withholds what a comparison would show; give one table")
        show_withheld(fakes[0], schema, terminal, report=report, json=json, lang=lang)
        return
    with terminal.doing("measuring"):
        reports = [
            lw.evaluate(
                frame,
                fake,
                holdout=held_out,
                target=target,
                schema=schema,
                random_state=seed,
                measures=measures_of(measures),
                by=by,
                entity=entity_of(entity, no_entity),
                show_real=show_real,
            )
            for fake in fakes
        ]
    figures = reports[0] if len(reports) == 1 else lw.compare(reports, names=_names(synthetic))
    show(figures, terminal, report=report, json=json, lang=lang)


app.command()(_tells_errors(audit))
app.command()(_tells_errors(statement))
app.command()(_tells_errors(budget))
app.command()(_tells_errors(anonymize))
app.command()(_tells_errors(models))
app.command()(_tells_errors(balance))
app.command()(_tells_errors(impute))
app.command()(_tells_errors(scenario))


@app.command()
@_tells_errors
def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go.")] = DEMO_FOLDER,
    seed: FixedSeed = 0,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run the main job on the embedded Adult census.

    A synthetic table, the model and the report go into ./likewise-demo.

    \b
    Examples:
      likewise demo
      likewise demo -o somewhere --seed 1
    """
    terminal = open_terminal(quiet)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.OutputError(f"the folder {str(folder)!r} cannot be made: {error.strerror}") from error
    from likewise.data import adult

    frame = adult()
    frame_schema = schema_of(frame, None, "income", terminal)
    synthesize(
        frame, frame_schema, terminal, output=folder / "synthetic.csv", target="income",
        save=folder / "model.likewise", report=folder / "report.html", seed=seed, lang=lang,
    )  # fmt: skip


def _names(paths: list[Path]) -> list[str]:
    """What to call several files: their stems, or the whole paths where two share one."""
    stems = [path.name.split(".")[0] for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]


def main() -> None:
    """The `likewise` command."""
    app()
