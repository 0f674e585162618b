"""`likewise synth` and `likewise sample` for databases: several tables, from folders, workbooks or SQL, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import likewise as lw
from likewise import errors
from likewise.cli.databases import is_sql, open_database, shown
from likewise.cli.inputs import conditions_of
from likewise.cli.outputs import check_outputs, show

if TYPE_CHECKING:
    from likewise.cli.terminal import Terminal
    from likewise.databases.database import Database
    from likewise.dp.ledger import DP


def rows_of(asked: list[str] | None) -> tuple[int | None, dict[str, int]]:
    """Of `--rows`: how many of a table, and how many of each table of a database.

    Raises:
        OptionError: it is neither.

    Example:
        >>> rows_of(["100"]), rows_of(["users=500", "orders=9"])
        ((100, {}), (None, {'users': 500, 'orders': 9}))
    """
    tables: dict[str, int] = {}
    alone: int | None = None
    for text in asked or []:
        name, _, many = text.rpartition("=")
        if not many.strip().isdecimal() or int(many) < 1 or alone is not None or (tables and not name):
            raise errors.OptionError(
                f"--rows must be a whole number of 1 or more, or TABLE=N of a database, got {text!r}"
            )
        if name:
            tables[name] = int(many)
        else:
            alone = int(many)
    return alone, tables


def rows_of_table(asked: list[str] | None) -> int | None:
    """How many rows of one table are asked for.

    Raises:
        OptionError: it is no number.
    """
    alone, tables = rows_of(asked)
    if tables:
        raise errors.OptionError("--rows TABLE=N is of databases, and INPUT is one table: --rows N")
    return alone


def synth_database(
    source: Path | str, terminal: Terminal, *, output: Path | str, keys: list[str] | None, keep: list[str] | None,
    root: str | None, schema_file: Path | None, scale: float | None, rows: list[str] | None, replace: bool,
    model: str, text: str, min_rows: int | None, save: Path | None, report: Path | None, json: Path | None,
    seed: int | None, max_seconds: float | None, measure: bool, dp_only: bool, privacy: DP | None, budget: Path | None,
    lang: Any,
) -> None:  # fmt: skip
    """Learn a database, draw, write, then measure: what was drawn is safe before the measures begin."""
    if dp_only and privacy is None:
        raise errors.OptionError("--dp-only withholds what a budget does not cover: give --epsilon, or --no-measure")
    if dp_only and (report or json):
        raise errors.OptionError("--dp-only withholds all measures of a database: leave --report and --json out")
    if budget is not None and privacy is None:
        raise errors.OptionError("--budget counts fits of differential privacy, so it needs --epsilon")
    kept = None if budget is None else lw.Budget(budget)
    check_outputs(save, report, json)
    check_output(output, replace=replace)
    if Path(str(source)).is_dir() and Path(str(source)).resolve() in Path(str(output)).resolve().parents:
        raise errors.OptionError(f"--output {str(output)!r} lies in the folder that is read, where it would be a table")
    many = _tables(rows)
    with terminal.doing("reading"):
        real = open_database(str(source), keys, keep, root, schema_file)
        if is_sql(output):
            real.check_sql(output, replace=replace)
    for one in () if dp_only else real.problems():
        terminal.note(str(one))
    held_by: dict[str, Any] = {} if min_rows is None else {"min_rows": min_rows}
    with terminal.training() as progress:
        synthesizer = lw.Synthesizer(
            model, random_state=seed, codec=lw.CodecOptions(text=text, **held_by),
            max_seconds=max_seconds, progress=progress, privacy=privacy, budget=kept,
        ).fit(real)  # fmt: skip
    with terminal.doing("drawing"):
        drawn: Database = synthesizer.sample(scale=scale, rows=many)
        write_database(drawn, output, replace=replace)
    _tell(drawn, output, terminal)
    if save is not None:
        synthesizer.save(save)
        terminal.result(f"{save}: the model")
    if (spent := synthesizer.ledger_) is not None:
        terminal.result(
            f"differential privacy, one {spent.unit} more or less: epsilon {spent.epsilon:g}, "
            f"delta {spent.budget.delta:g}, {len(spent.entries)} looks at the rows"
        )
        if kept is not None:
            terminal.result(f"{kept.path}: epsilon {kept.spent:.3g} of {kept.total.epsilon:g} spent by all fits")
        if measure and not dp_only:
            terminal.note(
                "the measures below look at real rows without noise: keep them to yourself, or take --dp-only"
            )
    if measure and not dp_only:
        with terminal.doing("measuring"):
            figures = lw.evaluate(real, drawn, random_state=seed or 0)
        show(figures, terminal, report=report, json=json, lang=lang)


def budget_of_database(
    epsilon: float | None, delta: float | None, pay: list[str], root: str | None, max_rows: int | None
) -> DP | None:
    """The budget that was asked for; None for none.

    Raises:
        OptionError: a part of it stands alone.
    """
    if epsilon is None:
        for flag, given in (("--pay", pay), ("--max-rows", max_rows), ("--delta", delta)):
            if given:
                raise errors.OptionError(f"{flag} is part of a budget of differential privacy, so it needs --epsilon")
        return None
    if root is None or max_rows is None:
        raise errors.OptionError(
            "--epsilon of a database protects the rows of one table, each with all that goes back to it: give --root "
            "TABLE and --max-rows N, how many rows of each table count for one"
        )
    return lw.DP(epsilon, 1e-6 if delta is None else delta, pay=tuple(pay), root=root, max_rows=max_rows)


def sample_database(
    synthesizer: lw.Synthesizer, terminal: Terminal, *, output: Path | str, scale: float | None,
    rows: list[str] | None, where: list[str] | None, replace: bool, seed: int | None,
) -> None:  # fmt: skip
    """Draw from a model that learnt a database."""
    check_output(output, replace=replace)
    many = _tables(rows)
    assert synthesizer.database_ is not None
    conditions = conditions_of(where or [], synthesizer.database_.told)
    with terminal.doing("drawing"):
        drawn: Database = synthesizer.sample(scale=scale, rows=many, where=conditions or None, random_state=seed)
        if is_sql(output):
            drawn.check_sql(output, replace=replace)
        write_database(drawn, output, replace=replace)
    _tell(drawn, output, terminal)


def check_output(output: Path | str | None, *, replace: bool) -> None:
    """Find out before the long work whether a database can go there, as far as that can be seen.

    Raises:
        OptionError, OutputError: it cannot.
    """
    is_script = str(output).endswith(".sql")
    if is_script and replace:
        raise errors.OptionError(
            "--replace is of databases of SQL; a file of statements is written as if none was there"
        )
    if is_sql(output) or is_script:
        return
    if replace:
        raise errors.OptionError("--replace is of databases of SQL: name a folder that is not there yet")
    from likewise.tables.files import names_a_table

    path = Path(str(output))
    if str(path) == "-" or names_a_table(path):
        raise errors.OptionError("a database has several tables: --output must be a folder, or a database of SQL")
    if path.is_dir() and any(path.iterdir()):
        raise errors.OutputError(f"folder {str(path)!r} holds files already: name another one, or empty it")


def write_database(drawn: Database, output: Path | str, *, replace: bool) -> None:
    """Write all tables, or none: to a folder, to a database of SQL, or as a file of its statements, in the dialect of
    the real ones, else PostgreSQL's."""
    if str(output).endswith(".sql"):
        dialect = "postgresql" if drawn.source is None else drawn.source.dialect
        drawn.to_sql(f"{dialect}://localhost/fake", dry_run=output, replace=replace)
    elif is_sql(output):
        drawn.to_sql(output, replace=replace)
    else:
        drawn.to_folder(output)


def _tables(rows: list[str] | None) -> dict[str, int] | None:
    alone, tables = rows_of(rows)
    if alone is not None:
        raise errors.OptionError("--rows of a database names the table, --rows users=500; --scale is of all tables")
    return tables or None


def _tell(drawn: Database, output: Path | str, terminal: Terminal) -> None:
    where = shown(output) if is_sql(output) else errors.without_passwords(str(output))
    rows = ", ".join(f"{len(table):,} {name}" for name, table in drawn.tables.items())
    terminal.result(f"{where}: {len(drawn)} tables, {rows}")
