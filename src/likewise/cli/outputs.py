"""What commands write: inputs guarded, places tried before the long work, tables, texts and reports written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from likewise import __version__, errors
from likewise.cli.options import STANDARD, Doing, Lang

if TYPE_CHECKING:
    import polars as pl

    from likewise.cli.terminal import Terminal
    from likewise.evaluate import Report
    from likewise.images.sets import ImageSet
    from likewise.report.comparison import Comparison
    from likewise.schema.column import Schema
    from likewise.schema.dialect import Dialect
    from likewise.schema.distinct import Counted
    from likewise.synthesizer.beside import Drawn
    from likewise.synthesizer.estimator import Synthesizer

STOPPED_BY_HOLDOUT = (
    "The holdout also told the training when to stop, so as a control of the attacks it errs on the side that looks "
    "safe. For a gate, evaluate with rows that neither training nor stopping saw."
)


def guard(inputs: list[Path], outputs: list[Path]) -> None:
    """Refuse outputs that would replace an input of the same call, or each other.

    Raises:
        OptionError: two of them are one file, however each is spelt.
    """
    taken = [path for given in inputs for path in _files_in(given)]
    for path in outputs:
        if path == STANDARD:
            continue
        if any(_is_same(path, other) for other in taken):
            raise errors.OptionError(f"{str(path)!r} is named twice; each output needs a file of its own")
        taken.append(path)
    if sum(path == STANDARD for path in outputs) > 1:
        raise errors.OptionError("standard output takes one output only; give the others a file")


def check_page(path: Path | None) -> None:
    """Refuse a page under a name that another program would open.

    Raises:
        OptionError: the name ends in something else than .html.
    """
    if path is not None and path.suffix.lower() not in ("", ".html", ".htm"):
        raise errors.OptionError(f"--report writes an HTML page: let {str(path)!r} end in .html")


def _files_in(path: Path) -> list[Path]:
    """An input, and the files in it if it is a folder."""
    try:
        return [path, *(path.iterdir() if path.is_dir() else ())]
    except OSError:
        return [path]


def _is_same(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    try:
        # On disks that take upper and lower case for one; a second hard link would only be replaced.
        return one.samefile(other) and one.stat().st_nlink == 1
    except (OSError, ValueError):
        return False


def check_outputs(*others: Path | None, table: Path | None = None) -> None:
    """Find out before the long work whether every output can be written."""
    from likewise.tables import files

    if table is not None:
        files.check_table(table)
    for path in (table, *others):
        if path is not None and path != STANDARD:
            files.check_writable(path)


def open_terminal(quiet: bool, *outputs: Path | None) -> Terminal:
    """Where to speak: on standard error where an output takes standard output; or whoever runs the command listens."""
    from likewise.cli.terminal import SPEAKS, Terminal

    return SPEAKS.get(Terminal)(quiet=quiet, results_to_stderr=STANDARD in outputs)


def write_table(
    fake: pl.DataFrame,
    schema: Schema,
    path: Path,
    *,
    beside: pl.DataFrame | None = None,
    dialect: Dialect | None = None,
) -> None:
    """Write the rows; those learnt from a file without types (CSV) get types where the format asked for has them.

    Args:
        beside: columns that the schema does not know, written after the others.
        dialect: how text is written; None for as the schema remembers it.
    """
    from likewise.synthesizer.streaming import as_file
    from likewise.tables import files

    told = dialect or schema.dialect
    fake = as_file(fake, schema, path, told)
    files.write(fake if beside is None else fake.hstack(beside), path, dialect=told)


def write_two(drawn: Drawn, schema: Schema, rows: Path, static: Path, *, dialect: Dialect | None = None) -> None:
    """Write the rows of histories, and the table of what their entities are."""
    for frame, path in ((drawn.rows, rows), (drawn.static, static)):
        write_table(frame, own_schema(schema, frame), path, dialect=dialect)


def own_schema(schema: Schema, frame: pl.DataFrame | Counted) -> Schema:
    """The schema of the columns of one of two tables."""
    return replace(schema, columns=tuple(column for column in schema if column.name in frame.columns))


def names_a_table(text: str) -> bool:
    """Whether it ends as the name of a file of rows does."""
    from likewise.tables import files

    return files.names_a_table(text)


def is_read_in_parts(path: Path) -> bool:
    """Whether a file of this name can be read in parts."""
    from likewise.tables import files

    return path != STANDARD and files.form_by_name(path) in ("parquet", "csv", "tsv", "arrow", "jsonl")


def write_drawn(
    synthesizer: Synthesizer, n: int | None, path: Path, doing: Doing, *, seed: int | None,
    dialect: Dialect | None = None, **asked: Any,
) -> int:  # fmt: skip
    """Write rows as they are drawn, never all at once, by whoever is to draw them; the seed they were drawn from."""
    from likewise.synthesizer.streaming import write_rows

    drawn_from = synthesizer._seed(seed)
    with doing.open() as engine:
        write_rows(synthesizer, n, path, drawn_from, engine, again=seed is not None, dialect=dialect, **asked)
    return drawn_from


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
    if path == STANDARD:
        typer.echo(text)
        return
    from likewise.tables.files import atomic_path

    with atomic_path(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")
