"""The command line: parse, call the library, print, turn errors into exit codes. Nothing is computed here.

The library is imported inside the commands, so that `likewise --help` stays quick.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, overload

import typer

from likewise import __version__, errors
from likewise._cli_anonymize import anonymize, column_names
from likewise._cli_audit import audit
from likewise._cli_balance import balance
from likewise._cli_images import check_output, draw, synth_images
from likewise._cli_impute import impute
from likewise._cli_models import models
from likewise._cli_scenario import scenario

if TYPE_CHECKING:
    import polars as pl

    from likewise._terminal import Terminal
    from likewise.conditions import Condition
    from likewise.dp.ledger import DP
    from likewise.evaluate import Report
    from likewise.images import ImageSet
    from likewise.report.comparison import Comparison
    from likewise.schema import Schema

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
DEFAULT_MODEL = "autoregressive"
DEFAULT_PRIVATE_MODEL = "mst"
DEMO_FOLDER = Path("likewise-demo")
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
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", metavar="FILE", help="A schema as `likewise inspect --json` writes it.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - for standard output.")
]
HtmlFile = Annotated[Path | None, typer.Option("--report", metavar="HTML", help="Write the report as one HTML page.")]
Language = Annotated[Lang, typer.Option("--lang", help="Language of the report.")]
DpOnly = Annotated[
    bool, typer.Option("--dp-only", help="Withhold every figure: they are computed on real rows, without noise.")
]


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


@app.command()
@_tells_errors
def synth(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="CSV, TSV, Parquet, Feather/Arrow or JSON lines; for images .npz with x (and y), or a folder of PNG.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUTPUT", help="Where the new table, or the images, go.")
    ],
    rows: Annotated[
        int | None, typer.Option("--rows", "-n", min=1, metavar="N", help="Rows to draw; as many as INPUT has.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COND", help="Of images: the label to draw, such as y=7 or y=1|7.")
    ] = None,
    target: Target = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The generator to train; autoregressive for a table, vaegan for images."),
    ] = None,
    condition_on: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="A column to tell the model, for sample --where later; several times."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="COND", help="Learn only the rows that meet this; may be given several times."),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(metavar="E", help="Budget of differential privacy, one row more or less; needs --schema."),
    ] = None,
    delta: Annotated[float, typer.Option(metavar="D", help="Of that budget; well below one over the rows.")] = 1e-6,
    pay: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Learn levels, bounds or missing from the data at a price; several times."),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Protect all rows of one entity; the column tells whose a row is."),
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(metavar="N", help="Rows of one entity that are learnt from, chosen at random.")
    ] = None,
    k_anonymous: Annotated[
        int | None,
        typer.Option(min=2, metavar="K", help="Let the model see quasi-identifiers only as K rows share them."),
    ] = None,
    quasi_identifiers: Annotated[
        list[str] | None,
        typer.Option(metavar="COLS", help="Columns by which someone could find a person: a,b,c or one at a time."),
    ] = None,
    schema_file: SchemaFile = None,
    save: Annotated[Path | None, typer.Option(metavar="MODEL", help="Keep the trained model in this file.")] = None,
    report: HtmlFile = None,
    json: JsonFile = None,
    seed: Seed = None,
    max_seconds: Annotated[float | None, typer.Option(min=0.1, metavar="T", help="Stop training after this.")] = None,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Draw and write only.")] = False,
    dp_only: DpOnly = False,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Learn a table, or images, and write one that behaves likewise.

    A tenth of the rows is kept from training, to know when to stop and to say what a fresh real sample would score.

    \b
    Examples:
      likewise synth real.csv -o fake.csv
      likewise synth real.parquet -o fake.parquet --target income --report report.html
      likewise synth real.csv.gz -o fake.csv --rows 1000 --seed 1 --save model.likewise
      likewise synth real.csv -o fake.csv --schema schema.json --no-measure
      likewise synth real.csv -o rich.csv --only 'income=>50K'
      likewise synth real.csv -o fake.csv --model vae --condition-on income --save model.likewise
      likewise synth real.csv -o fake.csv --k-anonymous 10 --quasi-identifiers age,sex,zip
      likewise synth real.csv -o fake.csv --epsilon 1 --schema schema.json --dp-only
      likewise synth digits.npz -o fake.npz --model vae --where y=7 -n 100
      likewise synth folder/ -o fake/
    """
    terminal = _terminal(quiet, json)
    from likewise import images, io

    if images.holds_images(source):
        of_tables = (target, schema_file, condition_on, only, epsilon, k_anonymous, quasi_identifiers)
        if any(option is not None for option in of_tables):
            raise errors.OptionError(
                "--target, --condition-on, --only, --epsilon, --k-anonymous, --quasi-identifiers and --schema are for "
                "tables; labels of images are their array y"
            )
        synth_images(
            source, terminal, output=output, rows=rows, where=where or [], model=model, save=save, report=report,
            json=json, seed=seed, max_seconds=max_seconds, measure=not no_measure, dp_only=dp_only, lang=lang,
        )  # fmt: skip
        return
    if where:
        raise errors.OptionError("--where is for images; keep the model (--save) and use likewise sample --where")
    _check_outputs(source, table=output, others=(save, report, json))

    with terminal.doing("reading"):
        frame = io.read(source)
    privacy = _budget(epsilon, delta, pay or [], schema_file, entity, max_rows)
    schema = _schema(frame, schema_file, target, terminal)
    schema = _with_quasi_identifiers(schema, column_names(quasi_identifiers or [], frame))
    model = model or (DEFAULT_MODEL if privacy is None else DEFAULT_PRIVATE_MODEL)
    _synthesize(
        frame, schema, terminal, output=output, rows=rows, target=target, model=model, privacy=privacy, save=save,
        k_anonymous=k_anonymous, condition_on=condition_on or [], only=_conditions(only or [], schema), report=report,
        json=json, seed=seed, max_seconds=max_seconds, measure=not no_measure, dp_only=dp_only, lang=lang,
    )  # fmt: skip


@app.command()
@_tells_errors
def inspect(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table to look at.")],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the schema as JSON; - for standard output.")
    ] = None,
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
    terminal = _terminal(quiet, json)
    _check_outputs(source, others=(json,))
    from likewise import io
    from likewise._terminal import schema_table
    from likewise.inference import infer

    with terminal.doing("reading"):
        schema = infer(io.read(source))
    terminal.result(schema_table(schema))
    if json is not None:
        _write_text(schema.to_json(), json)


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
    terminal = _terminal(quiet)
    import likewise as lw

    with terminal.doing("reading"):
        synthesizer = lw.load(model)
    conditions = _conditions(where or [], synthesizer.schema_)
    if synthesizer.image_codec_ is not None:
        check_output(output, model)
        draw(synthesizer, rows, conditions, seed=seed, terminal=terminal, output=output)
        return
    _check_outputs(model, table=output)
    with terminal.drawing() as search:
        fake = synthesizer.sample(
            rows, where=conditions or None, max_tries=max_tries, progress=search or False, random_state=seed
        )
    _write(fake, synthesizer.schema_, output)
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
      likewise evaluate train.npz fake.npz --holdout test.npz --report report.html
    """
    terminal = _terminal(quiet, json)
    _check_outputs(real, *synthetic, holdout, others=(report, json))
    import likewise as lw

    with terminal.doing("reading"):
        read = _reader(real, schema_file)
        frame = read(real)
        fakes = [read(path) for path in synthetic]
        held_out = None if holdout is None else read(holdout)
    schema = _schema(frame, schema_file, target, terminal)
    if dp_only:
        if len(fakes) > 1:
            raise errors.OptionError("--dp-only withholds what a comparison would show; give one table")
        _show_withheld(fakes[0], schema, terminal, report=report, json=json, lang=lang)
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
                measures=_measures(measures),
                by=by,
                show_real=show_real,
            )
            for fake in fakes
        ]
    figures = reports[0] if len(reports) == 1 else lw.compare(reports, names=_names(synthetic))
    _show(figures, terminal, report=report, json=json, lang=lang)


app.command()(_tells_errors(audit))
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
    terminal = _terminal(quiet)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.OutputError(f"the folder {str(folder)!r} cannot be made: {error.strerror}") from error
    from likewise.data import adult

    frame = adult()
    frame_schema = _schema(frame, None, "income", terminal)
    _synthesize(
        frame, frame_schema, terminal, output=folder / "synthetic.csv", target="income",
        save=folder / "model.likewise", report=folder / "report.html", seed=seed, lang=lang,
    )  # fmt: skip


def _terminal(quiet: bool, json: Path | None = None) -> Terminal:
    from likewise._terminal import Terminal

    return Terminal(quiet=quiet, results_to_stderr=json == STANDARD_OUTPUT)


def _check_outputs(*sources: Path | None, table: Path | None = None, others: tuple[Path | None, ...] = ()) -> None:
    """Find out before the long work whether every output can be written, and that none is an input."""
    from likewise import io

    taken = {path.resolve() for path in sources if path is not None}
    for path in (table, *others):
        if path is None or (path == STANDARD_OUTPUT and path is not table):
            continue
        io.check_writable(path, table=path is table)
        if path.resolve() in taken:
            raise errors.OptionError(f"{str(path)!r} is named twice; each output needs a file of its own")
        taken.add(path.resolve())


def _reader(source: Path, schema_file: Path | None) -> Callable[[Path], Any]:
    """What reads files of this kind: tables, or images, which have no schema."""
    from likewise import images, io

    if not images.holds_images(source):
        return io.read
    if schema_file is not None:
        raise errors.OptionError("images have no schema; leave --schema out")
    return images.read_images


@overload
def _schema(frame: pl.DataFrame, file: Path | None, target: str | None, terminal: Terminal) -> Schema: ...
@overload
def _schema(frame: ImageSet, file: Path | None, target: str | None, terminal: Terminal) -> None: ...
def _schema(frame: Any, file: Path | None, target: str | None, terminal: Terminal) -> Schema | None:
    """The schema: the user's word where there is one, inference for the rest, and the target marked; none of images."""
    from likewise.images import ImageSet
    from likewise.inference import infer
    from likewise.schema import Role, Schema

    if isinstance(frame, ImageSet):
        return None

    given = None if file is None else Schema.from_json(_read_text(file))
    schema = infer(frame, overrides=None if given is None else {column.name: column for column in given})
    if target is not None and schema[target].role is not Role.TARGET:
        schema = schema.replace(target, role=Role.TARGET)
    for column in schema:
        for note in column.notes:
            terminal.note(f"column {column.name!r}: {note}")
    return schema


def _with_quasi_identifiers(schema: Schema, names: list[str]) -> Schema:
    from likewise.schema import Role

    for name in names:
        if schema[name].role is Role.TARGET:
            raise errors.OptionError(f"column {name!r} is the target, so it cannot be a quasi-identifier too")
        schema = schema.replace(name, role=Role.QUASI_IDENTIFIER)
    return schema


def _measures(text: str | None) -> str | list[str]:
    return "standard" if text is None else text.split(",") if "," in text else text


def _conditions(texts: list[str], schema: Schema) -> dict[str, Condition]:
    """What `--where` asks for, by column."""
    from likewise.conditions import parse_where

    conditions: dict[str, Condition] = {}
    for name, condition in (parse_where(text, schema) for text in texts):
        if name in conditions:
            raise errors.ConditionError(f"column {name!r} has two conditions; write them as one, such as {name}=a|b")
        conditions[name] = condition
    return conditions


def _synthesize(
    frame: pl.DataFrame,
    schema: Schema,
    terminal: Terminal,
    *,
    output: Path,
    rows: int | None = None,
    target: str | None = None,
    model: str = DEFAULT_MODEL,
    condition_on: Sequence[str] = (),
    only: dict[str, Condition] | None = None,
    privacy: DP | None = None,
    k_anonymous: int | None = None,
    save: Path | None = None,
    report: Path | None = None,
    json: Path | None = None,
    seed: int | None = None,
    max_seconds: float | None = None,
    measure: bool = True,
    dp_only: bool = False,
    lang: Lang = Lang.EN,
) -> None:
    """Learn, draw, write, then measure: what was drawn is safe on disk before the measures begin."""
    import likewise as lw

    told: dict[str, Any] = {"condition_on": list(condition_on)} if condition_on else {}
    with terminal.training() as progress:
        synthesizer = lw.Synthesizer(
            model,
            schema=schema,
            random_state=seed,
            only=only,
            privacy=privacy,
            codec=None if k_anonymous is None else lw.CodecOptions(k_anonymous=k_anonymous),
            max_seconds=max_seconds,
            progress=progress,
            **told,
        ).fit(frame)
    with terminal.doing("drawing"):
        fake = synthesizer.sample(rows)
    _write(fake, schema, output)
    terminal.result(f"{output}: {len(fake):,} rows")
    if save is not None:
        synthesizer.save(save)
        terminal.result(f"{save}: the model")
    spent = synthesizer.ledger_
    if spent is not None:
        terminal.result(
            f"differential privacy, one {spent.budget.unit} more or less: epsilon {spent.epsilon:g}, "
            f"delta {spent.budget.delta:g}, {len(spent.entries)} looks at the rows"
        )
        if measure and not dp_only:
            terminal.note(
                "the measures below look at real rows without noise: keep them to yourself, or take --dp-only"
            )
    if not measure:
        return
    if not schema.modelled:
        terminal.note("all columns are ids or dropped: there is nothing to measure")
        return
    ledger = None if spent is None else spent.to_dict()
    if dp_only:
        _show_withheld(fake, schema, terminal, report=report, json=json, lang=lang, ledger=ledger)
        return
    with terminal.doing("measuring"):
        kept_out = frame[synthesizer.holdout_rows_] if len(synthesizer.holdout_rows_) else None
        figures = lw.evaluate(
            frame[synthesizer.train_rows_], fake, holdout=kept_out,
            target=target, schema=schema, random_state=seed or 0,
        )  # fmt: skip
    if ledger is not None:
        figures = figures.with_ledger(ledger)
    _show(figures, terminal, report=report, json=json, lang=lang)


def _budget(
    epsilon: float | None,
    delta: float,
    pay: list[str],
    schema_file: Path | None,
    entity: str | None,
    max_rows: int | None,
) -> DP | None:
    """The budget that was asked for; None for none."""
    from likewise.dp.ledger import DP

    if epsilon is None:
        for flag, given in (("--pay", pay), ("--entity", entity), ("--max-rows", max_rows)):
            if given:
                raise errors.OptionError(f"{flag} is part of a budget of differential privacy, so it needs --epsilon")
        return None
    if schema_file is None:
        raise errors.OptionError(
            "--epsilon needs --schema: what is told from the data would be told for free. Write one with likewise "
            "schema, look it through as what anybody may know, and declare bounds, levels and nullable in it"
        )
    return DP(epsilon, delta, pay=tuple(pay), entity=entity, max_rows=1 if max_rows is None else max_rows)


def _write(fake: pl.DataFrame, schema: Schema, path: Path) -> None:
    """Write the rows; those learnt from a file without types (CSV) get types where the format asked for has them."""
    from likewise import io, parsing

    has_types = not {".csv", ".tsv", ".txt"} & {suffix.lower() for suffix in path.suffixes}
    if has_types and all(column.dtype == "String" for column in schema):
        fake = parsing.restore(parsing.parse(fake, schema), schema, typed=True)
    io.write(fake, path)


def _names(paths: list[Path]) -> list[str]:
    """What to call several files: their stems, or the whole paths where two share one."""
    stems = [path.name.split(".")[0] for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]


def _show_withheld(
    fake: pl.DataFrame | ImageSet,
    schema: Schema | None,
    terminal: Terminal,
    *,
    report: Path | None,
    json: Path | None,
    lang: Lang,
    ledger: dict[str, Any] | None = None,
) -> None:
    """A report in which nothing was measured, for nothing measured on real rows may be shown."""
    from likewise.evaluate import Report

    what = {"kind": "images"} if schema is None else {"columns": sum(column.is_modelled for column in schema)}
    facts = Report(scores=(), data={"rows_synthetic": len(fake), **what}, versions={"likewise": __version__})
    facts = facts if ledger is None else facts.with_ledger(ledger)
    if json is not None:
        _write_text(facts.withheld().to_json(), json)
    if report is not None:
        facts.to_html(report, lang=lang, dp_only=True)
        terminal.result(f"{report}: the report")
    terminal.note("nothing was measured: figures are computed on real rows and are not differentially private")


def _show(
    figures: Report | Comparison, terminal: Terminal, *, report: Path | None, json: Path | None, lang: Lang
) -> None:
    """Write the report where it was asked for, and the short table to the terminal."""
    from likewise.report.notes import note_in

    if json is not None:
        _write_text(figures.to_json(), json)
    if report is not None:
        figures.to_html(report, lang=lang)
        terminal.result(f"{report}: the report")
    terminal.result(figures.summary_table(lang=lang))
    for note in figures.notes:
        terminal.note(note_in(note, lang))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise errors.InputError(f"the file {str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise errors.InputError(f"the file {str(path)!r} is not UTF-8 text") from error


def _write_text(text: str, path: Path) -> None:
    if path == STANDARD_OUTPUT:
        typer.echo(text)
        return
    from likewise.io import atomic_path

    with atomic_path(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """The `likewise` command."""
    app()
