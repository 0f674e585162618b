"""`likewise anonymize`: parse, call `privacy.anonymize`, print."""

from __future__ import annotations

from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import likewise as lw
from likewise import errors
from likewise.cli.inputs import given_in, read_in_parts, schema_in, taken_of
from likewise.cli.options import (
    AS_TOLD,
    HERE,
    Debug,
    Doing,
    Entity,
    HtmlFile,
    JsonFile,
    Lang,
    Language,
    NoEntity,
    QuasiIdentifiers,
    Quiet,
    Reading,
    SchemaFile,
    TableFile,
    Target,
    column_names,
    entity_of,
)
from likewise.cli.outputs import check_outputs, open_terminal, write_text

if TYPE_CHECKING:
    from rich.table import Table

    from likewise.privacy import AnonymityReport


class Method(StrEnum):
    """How rows are recoded."""

    MONDRIAN = "mondrian"
    RELAXED = "mondrian-relaxed"
    LATTICE = "lattice"
    LOCAL = "local-suppression"


class Diversity(StrEnum):
    """Which l-diversity is meant."""

    DISTINCT = "distinct"
    ENTROPY = "entropy"
    RECURSIVE = "recursive"


class Distance(StrEnum):
    """How far two levels of a sensitive column are apart."""

    AUTO = "auto"
    EQUAL = "equal"
    ORDERED = "ordered"
    HIERARCHICAL = "hierarchical"


class Suppressed(StrEnum):
    """What becomes of suppressed rows."""

    DROP = "drop"
    STAR = "star"


class Star(StrEnum):
    """How a star is read."""

    VALUE = "value"
    ANY = "any"


class Numbers(StrEnum):
    """What is told of a class's numbers."""

    INTERVAL = "interval"
    MEAN = "mean"
    MEDIAN = "median"


def anonymize(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The table whose rows are to be published.")],
    output: TableFile,
    quasi_identifiers: Annotated[list[str], QuasiIdentifiers],
    sensitive: Annotated[
        list[str] | None, typer.Option(metavar="COLS", help="Columns nobody should learn of a person.")
    ] = None,
    entity: Entity = None,
    no_entity: NoEntity = False,
    k: Annotated[
        int, typer.Option("--k", min=1, metavar="K", help="Rows (or persons) that share each combination, at least.")
    ] = 5,
    l: Annotated[float | None, typer.Option("--l", metavar="L", help="Diversity of each class.")] = None,  # noqa: E741
    l_kind: Annotated[Diversity, typer.Option(help="Which diversity.")] = Diversity.DISTINCT,
    c: Annotated[float | None, typer.Option("--c", metavar="C", help="The c of recursive (c, l)-diversity.")] = None,
    t: Annotated[
        float | None, typer.Option("--t", metavar="T", help="Distance of each class from all, at most.")
    ] = None,
    t_distance: Annotated[Distance, typer.Option(help="Which distance; auto: ordered for numbers.")] = Distance.AUTO,
    alpha: Annotated[float | None, typer.Option(metavar="A", help="Share of a level in a class, at most.")] = None,
    ignore_missing: Annotated[
        bool, typer.Option("--ignore-missing", help="A missing sensitive cell is no level for l and alpha.")
    ] = False,
    k_map: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="People of the population each class could be, at least.")
    ] = None,
    delta: Annotated[
        str | None, typer.Option(metavar="LOW..HIGH", help="Share of the population's classes in the table.")
    ] = None,
    population: Annotated[Path | None, typer.Option(metavar="FILE", help="All who might be in the table.")] = None,
    hierarchy: Annotated[
        list[str] | None,
        typer.Option(metavar="COL=CSV", help="A column's hierarchy: lines of a value and its labels, near to far."),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(metavar="COL=N", help="For lattice: the step of a column's hierarchy, 0 as it is; else searched."),
    ] = None,
    method: Annotated[Method, typer.Option(help="By class, by whole columns, by cells.")] = Method.MONDRIAN,
    max_suppression: Annotated[
        float, typer.Option(min=0, metavar="S", help="Share of rows that lattice may suppress.")
    ] = 0.0,
    suppressed: Annotated[Suppressed, typer.Option(help="Leave them out, or hide their cells.")] = Suppressed.DROP,
    numbers: Annotated[Numbers, typer.Option(help="What Mondrian tells of numbers.")] = Numbers.INTERVAL,
    importance: Annotated[
        list[str] | None,
        typer.Option(metavar="COL=WEIGHT", help="What a star in a column costs, for local suppression; else 1."),
    ] = None,
    star: Annotated[
        Star, typer.Option(help="Local suppression: a star is a value of its own, or stands for any.")
    ] = Star.VALUE,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, metavar="T", help="Stop the lattice's search after this.")
    ] = 30.0,
    keep_order: Annotated[
        bool, typer.Option("--keep-order", help="Do not shuffle the rows; their order may tell whose they are.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="S", help="Of the shuffle; whoever knows it can undo the shuffle.")
    ] = None,
    schema_file: SchemaFile = None,
    reading: Reading = AS_TOLD,
    doing: Doing = HERE,
    report: HtmlFile = None,
    target: Target = None,
    lang: Language = Lang.EN,
    json: JsonFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Publish the rows themselves; nobody stands out.

    The finished table is checked again before it is written; if it does not keep the promise, nothing is written.

    \b
    Examples:
      likewise anonymize real.csv -o anonymized.csv --quasi-identifiers age,sex,zip --k 10
      likewise anonymize real.csv -o anonymized.csv --quasi-identifiers age,sex,zip --sensitive illness --l 3 --t 0.3
      likewise anonymize real.csv -o anonymized.csv --quasi-identifiers age,zip --method lattice \\
        --max-suppression 0.02 --hierarchy zip=zip.csv --level zip=2 --json report.json --report report.html
      likewise anonymize visits.csv -o anonymized.csv --quasi-identifiers age,sex --entity patient --k 10 \\
        --method local-suppression --importance age=3
      likewise anonymize big/ -o anonymized.parquet --quasi-identifiers age,sex,zip --engine processes --workers 8
    """
    from likewise import privacy
    from likewise.tables import files

    terminal = open_terminal(quiet, json, output)
    check_outputs(json, report, table=output)
    if report is None and target is not None:
        raise errors.OptionError("--target is for the page: give --report as well")
    with terminal.doing("reading"):
        # A column that is left out still tells whose the rows are.
        given = schema_in(schema_file)
        together = {
            "report": report, "entity": entity, "population": population, "importance": importance,
            "method": method not in (Method.MONDRIAN, Method.LATTICE), "numbers": numbers is not Numbers.INTERVAL,
            **given_in(replace(reading, drop=None)),
        }  # fmt: skip
        in_parts = read_in_parts([source], doing.given, together)
        frame: Any = lw.scan(source) if in_parts else None
        dialect, schema = None, given
        if not in_parts:
            frame, dialect = replace(reading, drop=None).read(source, schema=given)
            schema = None if given is None else taken_of(given, frame, reading)
        public = None if population is None else files.read(population)
        hierarchies = _hierarchies(hierarchy or [])
    with terminal.doing("recoding"):
        promise = privacy.Promise(
            k=k, l=l, l_kind=l_kind.value, c=c, t=t, t_distance=t_distance.value, alpha=alpha,
            ignore_missing=ignore_missing, delta=_range(delta), k_map=k_map,
        )  # fmt: skip
        done = privacy.anonymize(
            frame, quasi_identifiers=column_names(quasi_identifiers, frame), entity=entity_of(entity, no_entity),
            promise=promise, sensitive=column_names(sensitive or [], frame),
            drop=column_names(reading.drop or [], frame),
            population=public, hierarchies=hierarchies, levels=_levels(level or []),
            method=method.value, max_suppression=max_suppression,
            suppressed=suppressed.value, numbers=numbers.value, max_seconds=max_seconds,
            importance=_weights(importance or []), star=star.value, schema=schema,
            keep_order=keep_order, random_state=seed, **({"to": output, **asdict(doing)} if in_parts else {}),
        )  # fmt: skip
    if not in_parts:
        files.write(done.frame, output, dialect=dialect)
    n_told = done.report.n_rows - (done.report.n_suppressed if suppressed is Suppressed.DROP else 0)
    terminal.result(f"{output}: {n_told:,} rows")
    if json is not None:
        write_text(done.report.to_json(), json)
    terminal.result(_summary(done.report))
    for note in done.report.notes:
        terminal.note(note)
    if report is not None:
        with terminal.doing("measuring"):
            page = done.evaluate(frame, target=target)
        page.to_html(report, lang=lang.value)
        terminal.result(f"{report}: the report")


def _hierarchies(texts: list[str]) -> dict[str, Any]:
    from likewise.privacy.hierarchies import from_csv

    pairs = [text.rpartition("=") for text in texts]
    if any(not name or not path for name, _, path in pairs):
        raise errors.OptionError("a hierarchy is given as COL=FILE, such as zip=zip.csv")
    return {name: from_csv(path) for name, _, path in pairs}


def _levels(texts: list[str]) -> dict[str, int] | None:
    try:
        return {name: int(step) for name, _, step in (text.rpartition("=") for text in texts)} or None
    except ValueError:
        raise errors.OptionError("a level is given as COL=N, such as zip=2") from None


def _weights(texts: list[str]) -> dict[str, float] | None:
    try:
        return {name: float(weight) for name, _, weight in (text.rpartition("=") for text in texts)} or None
    except ValueError:
        raise errors.OptionError("importance is given as COL=WEIGHT, such as age=3") from None


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(".."))
    except ValueError:
        raise errors.OptionError("delta is given as LOW..HIGH, such as 0..0.5") from None
    return low, high


def _summary(report: AnonymityReport) -> Table:
    """The few figures that matter, one a line."""
    from rich.table import Table

    table = Table(title=report.promise, title_justify="left", show_header=False)
    found = report.measures
    members = "rows" if found.n_persons is None else "persons"
    lines = [
        ("smallest class (k)", f"{found.k:,} {members}, {found.n_classes:,} classes"),
        ("highest risk to be found", f"{found.prosecutor_max:.2%}, on average {found.prosecutor_mean:.2%}"),
        ("rows suppressed", f"{report.n_suppressed:,} of {report.n_rows:,}"),
        ("information lost (GCP)", f"{report.gcp:.1%}"),
    ]
    if found.k_map is not None:
        lines.append(("least match in the population (k-map)", f"{found.k_map:,} people"))
    if report.stars is not None:
        cells = sum(report.stars.values())
        lines.append(("cells starred", f"{cells:,} of {report.n_rows * len(report.stars):,}"))
    if report.levels is not None:
        lines.append(("the best recoding", "proven" if report.optimal else "not proven"))
    for column in found.sensitive:
        distance = column.t_equal if column.t_ordered is None else column.t_ordered
        told = f"at least {column.distinct_l} levels, one at most {column.alpha:.1%}, t {distance:.3f}"
        lines.append((f"classes on {column.column}", told))
    for line in lines:
        table.add_row(*line)
    return table
