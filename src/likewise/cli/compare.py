"""`likewise compare`: tables that several generators made from the same rows, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from likewise import errors
from likewise.cli.databases import shown
from likewise.cli.inputs import open_measured
from likewise.cli.options import (
    AS_TOLD,
    Debug,
    Entity,
    FixedSeed,
    Holdout,
    HtmlFile,
    JsonFile,
    Lang,
    Language,
    Measures,
    NoEntity,
    Quiet,
    Reading,
    SchemaFile,
    Target,
    entity_of,
    measures_of,
    place_of,
)  # fmt: skip
from likewise.cli.outputs import check_outputs, open_terminal, show


def compare(
    real: Annotated[Path, typer.Argument(metavar="REAL", help="The rows that all of them were learnt from.")],
    synthetic: Annotated[
        list[Path], typer.Argument(metavar="SYNTHETIC...", help="Two tables or more, whoever made them.")
    ],
    holdout: Holdout = None,
    target: Target = None,
    measures: Measures = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    schema_file: SchemaFile = None,
    json: JsonFile = None,
    report: HtmlFile = None,
    seed: FixedSeed = 0,
    reading: Reading = AS_TOLD,
    lang: Language = Lang.EN,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure several synthetic tables beside each other; a star marks a winner, where the intervals part.

    \b
    Examples:
      likewise compare train.csv ours.csv theirs.csv
      likewise compare train.csv ours.csv theirs.csv --holdout test.csv --target income --report compared.html
    """
    if len(synthetic) < 2:
        raise errors.OptionError("give two synthetic tables or more; one alone is measured by `likewise evaluate`")
    terminal = open_terminal(quiet, json)
    check_outputs(report, json)
    import likewise as lw

    wanted = measures_of(measures)
    whose = entity_of(entity, no_entity)
    them = open_measured(real, synthetic, holdout, schema_file, target, whose, reading, terminal)
    with terminal.doing("measuring"):
        found = lw.compare(
            dict(zip(names_of(synthetic), them.synthetic, strict=True)),
            real=them.real,
            holdout=them.holdout,
            target=target,
            schema=them.schema,
            random_state=seed,
            measures=wanted,
            entity=whose,
        )
    show(found, terminal, report=report, json=json, lang=lang)


def names_of(sources: Sequence[str | Path]) -> list[str]:
    """What to call several files or databases: their stems or schemas, or the whole paths where two share one.

    Raises:
        OptionError: one is named twice.

    Example:
        >>> names_of(["a/x.csv", "b/y.csv"]), names_of(["a/x.csv", "b/x.csv"])
        (['x', 'y'], ['a/x.csv', 'b/x.csv'])
        >>> names_of(["postgresql://ann:s3cret@host/shop?schema=fake", "mysql://host/other"])
        ['fake', 'other']
    """
    if len(set(map(place_of, map(str, sources)))) < len(sources):
        raise errors.OptionError("a synthetic table is named twice; name each once")
    stems, wholes = zip(*map(_called, map(str, sources)), strict=True)
    names = stems if len(set(stems)) == len(stems) else wholes
    return list(names) if len(set(names)) == len(names) else [f"{i}. {name}" for i, name in enumerate(names, 1)]


def _called(source: str) -> tuple[str, str]:
    """Short, and whole; neither with a password."""
    if isinstance(path := place_of(source), Path):
        return path.name.split(".")[0], str(path)
    whole = shown(source)
    return re.split(r"[/=]", whole)[-1], whole
