"""`likewise evaluate`: tables, databases, or sets of images, measured against the real one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from likewise import errors
from likewise.cli.compare import names_of
from likewise.cli.databases import Keep, Keys, Root, is_database, open_databases
from likewise.cli.inputs import given_in, open_measured
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    By,
    Debug,
    Doing,
    DpOnly,
    Entity,
    FixedSeed,
    Holdout,
    HtmlFile,
    InOrder,
    JsonFile,
    Lang,
    Language,
    Measures,
    NoEntity,
    Quiet,
    Reading,
    SchemaFile,
    Target,
    Time,
    entity_of,
    measures_of,
    place_of,
    time_of,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, open_terminal, show, show_withheld


def evaluate(
    real: Annotated[
        Any,
        typer.Argument(parser=place_of, metavar="REAL", help="The rows the synthetic ones were learnt from."),
    ],
    synthetic: Annotated[
        list[Any],
        typer.Argument(
            parser=place_of, metavar="SYNTHETIC...", help="The rows to measure; several tables are compared."
        ),
    ],
    holdout: Holdout = None,
    target: Target = None,
    measures: Measures = None,
    by: By = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    time: Time = None,
    in_order: InOrder = False,
    schema_file: SchemaFile = None,
    key: Keys = None,
    keep: Keep = None,
    root: Root = None,
    json: JsonFile = None,
    report: HtmlFile = None,
    show_real: Annotated[
        bool, typer.Option("--show-real", help="Images: show real ones in the report too; it then gives them away.")
    ] = False,
    seed: FixedSeed = 0,
    dp_only: DpOnly = False,
    doing: Doing = HERE,
    reading: Reading = AS_TOLD,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure likeness and leakage of two tables, two databases, or two sets of images (.npz, or folders of PNG).

    \b
    Examples:
      likewise evaluate real.csv fake.csv
      likewise evaluate train.csv fake.csv --holdout test.csv --target income --report report.html
      likewise evaluate train.csv one.csv two.csv --holdout test.csv --report comparison.html
      likewise evaluate train.csv fake.csv --holdout test.csv --entity person_id
      likewise evaluate visits.csv fake.csv --holdout others.csv --entity patient --time day --report report.html
      likewise evaluate train.npz fake.npz --holdout test.npz --report report.html
      likewise evaluate shop/ fake/ --holdout later/ --keep countries --report report.html
      likewise evaluate sales/ fake.parquet --engine processes --workers 8 --report report.html
    """
    terminal = open_terminal(quiet, json)
    check_outputs(report, json)
    import likewise as lw

    wanted = measures_of(measures)
    whose, order = entity_of(entity, no_entity), time_of(time, in_order)
    if is_database(real):
        told = {"schema": schema_file, "show-real": show_real, "dp-only": dp_only, **given_in(reading)}
        told |= dict.fromkeys(doing.given, True)
        them = open_databases(real, synthetic, holdout, key, keep, root, told, terminal)
    elif key or keep or root:
        raise errors.OptionError(
            f"--{'key' if key else 'keep' if keep else 'root'} is for databases, and {str(real)!r} is none"
        )
    else:
        paths = [Path(path) for path in synthetic]
        together = {"time": order, "show_real": show_real, "dp_only": dp_only}
        them = open_measured(Path(real), paths, holdout, schema_file, target, whose, reading, terminal, doing, together)
    if dp_only:
        if len(synthetic) > 1:
            raise errors.OptionError("--dp-only withholds what a comparison would show; give one table")
        show_withheld(them.synthetic[0], them.schema, terminal, report=report, json=json, lang=lang)
        return
    with terminal.doing("measuring"):
        reports = [
            lw.evaluate(
                them.real,
                fake,
                holdout=them.holdout,
                target=target,
                schema=them.schema,
                random_state=seed,
                measures=wanted,
                by=by,
                entity=whose,
                time=order,
                show_real=show_real,
                **them.where,
            )
            for fake in them.synthetic
        ]
    figures = reports[0] if len(reports) == 1 else lw.compare(reports, names=names_of(synthetic))
    show(figures, terminal, report=report, json=json, lang=lang)
