"""All measures of one synthetic database, each beside its floor, gathered in a `Report`."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import metadata

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from likewise import __version__
from likewise.databases.database import Database
from likewise.databases.keys import ForeignKey
from likewise.errors import InputError, LikewiseError, nearest
from likewise.evaluate.databases import counted, counts, hops
from likewise.evaluate.databases.leaks import leak_scores
from likewise.evaluate.databases.linked import Linked, table_schema
from likewise.evaluate.databases.roots import Units, is_list, units
from likewise.evaluate.databases.run import Run, without_known
from likewise.evaluate.databases.scores import (
    count_scores,
    hop_scores,
    order_scores,
    told_scores,
    validity_scores,
)
from likewise.evaluate.databases.shown import HopShown, LinkShown, Shown, TableRole, TableShown
from likewise.evaluate.parsed import parsed
from likewise.evaluate.pictures import picture
from likewise.evaluate.results import Report
from likewise.evaluate.tables import TypedColumn
from likewise.schema.column import Column, Kind, Role, Schema

MEASURES = ("detection", "attacks")
WHOSE = "\0root"
"""A made column, by which rows of a table belong to root entities."""
MOST_SHOWN = 60
"""Links, and pairs of tables, of which a picture is shown."""
MOST_TABLES = 60
LEAST_ROOM = 0.02
"""Between fresh roots and links dealt at random: less says nothing."""


def evaluate_database(
    real: Database, synthetic: Database, *, holdout: Database | None = None, random_state: int = 0,
    measures: Iterable[str] = MEASURES, each_table: bool = True,
) -> Report:  # fmt: skip
    """How alike two databases are, and what the synthetic one gives away of the root entities of the real one.

    Args:
        real: what the synthetic one was learnt from; its schema says what must hold.
        synthetic: of the same tables and columns.
        holdout: real rows of other root entities. Without them floors come from the real roots split in two, and the
            attacks on roots are not made.
        measures: some of "detection" (whether parents and rows of tables are told from real ones) and "attacks".
        each_table: measure each table by itself, too.

    Raises:
        SchemaError: the tables differ.
        InputError: a table lacks a column, or the real database is empty.

    Privacy: the figures are computed on real rows; they are not differentially private.

    Example:
        >>> import polars as pl
        >>> users, orders = pl.DataFrame({"id": range(60)}), pl.DataFrame({"no": range(120), "user": [*range(60)] * 2})
        >>> shop = Database({"users": users, "orders": orders}, keys=["orders.user -> users.id"])
        >>> report = evaluate_database(shop, shop)
        >>> report["db_links"].value, report["db_cardinality"].value
        (0.0, 1.0)
    """
    if not any(len(frame) for frame in real.tables.values()):
        raise InputError("the real database has no rows; give at least one")
    for role, other in (("synthetic", synthetic), ("holdout", holdout or real)):
        for name in real.tables:
            if name not in other.tables:
                hint = nearest(name, other.tables)
                raise InputError(f"the {role} database lacks table {name!r}{hint}; give it the tables of the real one")
    run = Run(real, synthetic, None, random_state)
    if holdout is None:
        run.notes.append(
            "No holdout was given: floors come from the real root entities split in two, and the attacks which need "
            "roots unknown to the generator were not made."
        )
    else:
        run.holdout = without_known(real, holdout, run.notes)
    with threadpool_limits(1, user_api="blas"):
        report = _report(run, frozenset(measures))
        tables = dict(_flat(run, frozenset(measures))) if each_table else {}
        return replace(report, tables=tables, notes=tuple(run.notes))


def _report(run: Run, asked: frozenset[str]) -> Report:
    scores, broken = validity_scores(run)
    scores += [*count_scores(run), *hop_scores(run)]
    told, told_shown = told_scores(run) if "detection" in asked else ([], [])
    scores += [*told, *order_scores(run)]
    if "attacks" in asked:
        scores += leak_scores(run)
    shown = Shown(
        tables=tuple(_tables(run)), links=tuple(_links(run)), hops=tuple(_hops(run)), told=tuple(told_shown),
        broken=tuple(broken),
    )  # fmt: skip
    return Report(
        scores=tuple(s for s in scores if not math.isnan(s.value)),
        data=_facts(run, asked),
        versions=_versions(),
        database=shown,
    )


# --- what is shown ----------------------------------------------------------------------------------------------------


def _tables(run: Run) -> Iterable[TableShown]:
    real, ours = run.linked["real"], run.linked["synthetic"]
    for name, table in real.tables.items():
        role: TableRole = "child" if name in run.dealt.owner else "list" if is_list(real, name) else "root"
        yield TableShown(
            name=name, role=role, rows_real=len(table), rows_synthetic=len(ours.tables[name]),
            columns=run.real.tables[name].width,
        )  # fmt: skip


def _links(run: Run) -> Iterable[LinkShown]:
    real, ours = run.linked["real"], run.linked["synthetic"]
    alike = counts.cardinality(real, ours)
    each = run.dealt.each(counted.cardinalities([real, ours, run.dealt.fresh.linked], list(alike)))
    floors = dict(zip(alike, each, strict=True))
    for key in list(alike)[:MOST_SHOWN]:
        sides = [side.degrees(key) for side in (real, ours)]
        columns = [TypedColumn("children", Kind.INTEGER, values) for values in sides]
        hands = floors[key]
        yield LinkShown(
            key=str(key), table=key.table, parent=key.parent, owns=run.dealt.owner.get(key.table) == key,
            alike=round(alike[key], 4), floor=None if hands is None else round(1 - float(hands[1][0]), 4),
            none_real=_share(sides[0]), none_synthetic=_share(sides[1]), lost=_lost(ours, key),
            picture=picture(columns[0], columns[1], None) if len(sides[1]) else None,
        )  # fmt: skip


def _share(degrees: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return round(float((degrees == 0).mean()), 4) if len(degrees) else 0.0


def _lost(side: Linked, key: ForeignKey) -> int:
    return int((side.parents[key] < -1).sum())


def _hops(run: Run) -> Iterable[HopShown]:
    found: list[HopShown] = []
    for k in range(hops.MOST_HOPS + 1):
        by_tables = _by_tables(run.hops("synthetic", k))
        rewired = _by_tables(run.hops("rewired", k)) if k else {}
        apart = _dealt_by_tables(run, k)
        for ends, scores in by_tables.items():
            one, fresh, at_random = apart.get(ends, (math.nan,) * 3)
            lost = (one - fresh) / max(at_random - fresh, LEAST_ROOM)
            found.append(
                HopShown(
                    k=k,
                    top=ends[0],
                    bottom=ends[1],
                    pairs=len(scores),
                    score=round(float(np.mean(scores)), 4),
                    floor=None if math.isnan(fresh) else round(1 - fresh, 4),
                    rewired=round(float(np.mean(rewired.get(ends, [1.0]))), 4),
                    lost=0.0 if math.isnan(lost) else round(min(1.0, max(0.0, lost)), 3),
                )
            )
    return found[: MOST_SHOWN * 4]


def _dealt_by_tables(run: Run, k: int) -> dict[tuple[str, str], tuple[float, float, float]]:
    """How far as many synthetic, fresh and rewired root entities are from the other real ones, by both tables; within
    tables, where no link can be dealt anew, a tenth stands for the last."""
    pairs, apart = run.hops_dealt(k)
    counter = counted.hops(run.linked["real"], k, run.rng(10 + k))[1]
    rewired = run.dealt_rewired.each(counter) if k else [None] * len(pairs)
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for pair, hands, dealt in zip(pairs, apart, rewired, strict=True):
        if hands is not None:
            top = pair.path[0].parent if pair.path else pair.table
            one, fresh = (float(part[0]) for part in hands)
            at_random = fresh + 0.1 if dealt is None else float(dealt[0][0])
            found.setdefault((top, pair.table), []).append((one, fresh, at_random))
    means = {ends: np.mean(parts, axis=0).tolist() for ends, parts in found.items()}
    return {ends: (one, fresh, at_random) for ends, (one, fresh, at_random) in means.items()}


def _by_tables(scores: Iterable[hops.Hop]) -> dict[tuple[str, str], list[float]]:
    found: dict[tuple[str, str], list[float]] = {}
    for hop in scores:
        if not math.isnan(hop.score):
            found.setdefault((hop.top[0], hop.bottom[0]), []).append(hop.score)
    return found


# --- tables by themselves ---------------------------------------------------------------------------------------------


def _flat(run: Run, asked: frozenset[str]) -> Iterable[tuple[str, Report]]:
    """What `evaluate` says of each table, whose rows belong to root entities."""
    whose = {role: units(side, run.dealt.owner) for role, side in run.linked.items()}
    for name in list(run.linked["real"].tables)[:MOST_TABLES]:
        if run.linked["real"].tables[name].columns:
            try:
                yield name, _of_table(run, name, whose, ("detection",) if "detection" in asked else ())
            except LikewiseError as error:
                run.notes.append(f"Table {name!r} was not measured by itself: {error}")


def _of_table(run: Run, name: str, whose: Mapping[str, Units], measures: tuple[str, ...]) -> Report:
    from likewise.evaluate.gather import evaluate_tables

    keys = run.real.schema.key_columns(name)
    schema = Schema(tuple(c for c in table_schema(run.real, name) if c.name not in keys))
    frames = {role: db.tables[name].drop(keys, strict=False) for role, db in run.databases.items()}
    schema, read = parsed(frames, schema)
    of = {role: units.of[name] + 10**12 * k for k, (role, units) in enumerate(whose.items())}
    read = {role: frame.with_columns(pl.Series(WHOSE, of[role])) for role, frame in read.items()}
    schema = Schema((*schema.columns, Column(name=WHOSE, kind=Kind.INTEGER, role=Role.ENTITY)))
    report = evaluate_tables(
        read["real"], read["synthetic"], schema, holdout=read.get("holdout"), random_state=run.seed, measures=measures,
        entity=WHOSE,
    )  # fmt: skip
    return replace(report, data={k: v for k, v in report.data.items() if k != "entity"}, notes=())


def _facts(run: Run, asked: frozenset[str]) -> dict[str, object]:
    def rows(database: Database | None) -> int:
        return 0 if database is None else sum(map(len, database.tables.values()))

    return {
        "kind": "database", "tables": len(run.real.tables), "links": len(run.real.schema.foreign),
        "rows_real": rows(run.real), "rows_synthetic": rows(run.synthetic), "rows_holdout": rows(run.holdout),
        "columns": sum(frame.width for frame in run.real.tables.values()), "roots": run.roots,
        "measures": sorted(asked), "random_state": run.seed,
    }  # fmt: skip


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "likewise": __version__}
    for name in ("numpy", "polars", "xgboost"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
