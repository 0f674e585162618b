"""`likewise impute`: parse, call `impute.Imputer`, print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import likewise as lw
from likewise import errors
from likewise.cli.inputs import given_in, open_table, read_in_parts, schema_in
from likewise.cli.models import check_model
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    Debug,
    Doing,
    Entity,
    NoEntity,
    OldMethod,
    Quiet,
    Reading,
    Rules,
    SchemaFile,
    Seed,
    TableFile,
    entity_of,
    model_named,
    refuse_given,
)
from likewise.cli.outputs import check_outputs, guard, open_terminal, write_table

if TYPE_CHECKING:
    import polars as pl

    from likewise import Imputer
    from likewise.cli.terminal import Terminal
    from likewise.schema.column import Schema


class Statistic(StrEnum):
    """What is put into a hole."""

    MEDIAN = "median"
    MEAN = "mean"
    DRAW = "draw"


def impute(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table with holes.")],
    output: TableFile,
    draws: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="M", help="Write M tables, OUTPUT-1 to OUTPUT-M, each with draws: multiple imputation."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="forest, boosting, gan, or a generator such as autoregressive, vae.",
            show_default="forest",
        ),
    ] = None,
    method: OldMethod = None,
    statistic: Annotated[
        Statistic, typer.Option(help="What one table holds: the middle of what a cell may be, the mean, or a draw.")
    ] = Statistic.MEDIAN,
    indicator: Annotated[
        bool, typer.Option("--indicator", help="Add a column of 0 and 1 for each that had holes: where they were.")
    ] = False,
    schema_file: SchemaFile = None,
    rule: Rules = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    reading: Reading = AS_TOLD,
    doing: Doing = HERE,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fill the missing cells of a table.

    Known cells come back as they were. For estimates with honest errors ask for several --draws and pool what each
    table says; one table of medians is nearest to the truth cell by cell, and its columns are too narrow.

    \b
    Examples:
      likewise impute holes.csv -o filled.csv
      likewise impute holes.csv -o filled.csv --indicator
      likewise impute holes.csv -o filled.csv --draws 5 --seed 1
      likewise impute holes.parquet -o filled.parquet --model autoregressive
      likewise impute holes.csv -o filled.csv --rule 'price * qty = total'
      likewise impute big/ -o filled.parquet --engine processes --workers 8
    """
    import polars as pl

    from likewise.impute import METHODS, Imputer

    if draws is not None:
        refuse_given(context, ("statistic",), "--draws writes draws")
    terminal = open_terminal(quiet, output)
    outputs = [output] if draws is None else [_numbered(output, k + 1) for k in range(draws)]
    guard(inputs=[source, *([schema_file] if schema_file else [])], outputs=outputs)
    for path in outputs:
        check_outputs(table=path)
    model = model_named(model, method, "forest", terminal)
    check_model(model, *METHODS)
    together = {"draws": draws, "entity": entity, "no_entity": no_entity, **given_in(reading)}
    if read_in_parts([source], doing.given, together):
        schema = schema_in(schema_file)
        imputer = Imputer(model, statistic=statistic.value, schema=schema, random_state=seed, keep_empty_features=True)
        imputer.set_params(add_indicator=indicator, rules=rule)
        _fill_in_parts(imputer, source, output, doing, terminal)
        return
    frame, schema = open_table(source, schema_file, None, entity_of(entity, no_entity), reading, terminal, rule)
    wanted = statistic.value if draws is None else "draw"
    # A column without a value is the file's, and stays.
    imputer = Imputer(model, statistic=wanted, schema=schema, random_state=seed, keep_empty_features=True)
    imputer.set_params(add_indicator=indicator)
    with terminal.counting("learning") as progress:
        imputer.set_params(progress=progress).fit(frame)
    with terminal.doing("filling"):
        tables = [imputer.transform(frame)] if draws is None else imputer.imputations(frame, n_imputations=draws)
    for table, path in zip(tables, outputs, strict=True):
        marks = table.select(pl.exclude(schema.names).cast(pl.Int8))
        write_table(table.select(schema.names), schema, path, beside=marks)
        terminal.result(f"{path}: {len(table):,} rows")
    _tell_what_is_filled(imputer.n_holes_, tables[0].select(schema.names), schema, terminal)


def _fill_in_parts(imputer: Imputer, source: Path, output: Path, doing: Doing, terminal: Terminal) -> None:
    """Fill a table that is not held."""
    scan = lw.scan(source)
    with terminal.counting("learning") as progress:
        imputer.set_params(progress=progress).fit(scan)
    with terminal.doing("filling"):
        imputer.transform(scan, to=output, **asdict(doing))
    terminal.result(f"{output}: filled")
    terminal.note("read in parts: of many rows a sample was learnt from, chosen by the hashes of their numbers")


def _tell_what_is_filled(holes: Mapping[str, int], filled: pl.DataFrame, schema: Schema, terminal: Terminal) -> None:
    """How many holes of each column are filled, and which columns keep some: a model draws no rare level."""
    from likewise.schema.parse import parse

    if not holes:
        terminal.note("no cell was missing")
        return
    left = parse(filled, schema).select(list(holes)).null_count().row(0, named=True)
    done = {name: n - left[name] for name, n in holes.items() if n > left[name]}
    named = ", ".join(f"{name} {n:,}" for name, n in done.items())
    terminal.result(f"{sum(done.values()):,} cells filled" + f": {named}" * bool(done))
    if kept := [name for name in holes if left[name]]:
        terminal.note(f"holes left in {', '.join(map(repr, kept))}: this model draws no value of theirs")


def _numbered(path: Path, k: int) -> Path:
    """filled.csv.gz -> filled-2.csv.gz"""
    stem, dot, endings = path.name.partition(".")
    if not stem:
        raise errors.OptionError("the output needs a name before its ending")
    return path.with_name(f"{stem}-{k}{dot}{endings}")
