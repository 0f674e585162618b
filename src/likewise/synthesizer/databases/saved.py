"""What a model file holds of a database: its schema, its graph, and of each table the parts of its own synthesizer."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from likewise.codecs.column import take_value
from likewise.databases.derived import from_list, to_list
from likewise.databases.graph import Graph
from likewise.databases.keys import DatabaseSchema, ForeignKey
from likewise.databases.links.agreeing import Agreements
from likewise.databases.links.codes import SideCodes
from likewise.databases.links.degrees import Degrees
from likewise.databases.links.late import LateLinks
from likewise.databases.links.levels import SelfLinks
from likewise.databases.links.making import Keys
from likewise.databases.links.siblings import Siblings
from likewise.databases.roots import Roots
from likewise.databases.sql.saved import of_dict, to_dict
from likewise.dp.ledger import Ledger
from likewise.errors import LikewiseError, ModelFileError
from likewise.schema.column import Column
from likewise.schema.dtypes import dtype_from_name, dtype_name
from likewise.synthesizer.databases.context import OWNER
from likewise.synthesizer.databases.days import Days
from likewise.synthesizer.databases.drawing import draw_database
from likewise.synthesizer.databases.every import Every
from likewise.synthesizer.databases.learning import DatabaseModel
from likewise.synthesizer.databases.plan import plan_of
from likewise.synthesizer.databases.sums import Sum, sum_of
from likewise.synthesizer.databases.table import ALONE, EACH, EMPTY, GROUPS, KEPT, WAYS, TableModel
from likewise.synthesizer.databases.wanted import Wanted

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

Arrays = dict[str, npt.NDArray[Any]]
Parts = tuple[dict[str, Any], Arrays]


def to_parts(model: DatabaseModel, inner: Callable[[Synthesizer], Parts]) -> Parts:
    """JSON-able, and arrays by name. Of rows there are those of kept tables, and no others.

    Args:
        inner: the parts of the synthesizer of one table.
    """
    tables, arrays = [], Arrays()
    for i, (name, table) in enumerate(model.tables.items()):
        data: dict[str, Any] = {
            "name": name, "columns": dict(table.columns), "n_rows": table.n_rows, "way": table.way,
            "shown": [c.to_dict(types=True) for c in table.shown], "told": list(table.told), "loose": table.loose,
            "days": None if table.days is None else table.days.to_dict(),
            "inner": None, "sides": [], "counted": table.counted, "mixed": table.mixed,
            "distinct": [str(key) for key in table.distinct],
            "every": [asdict(of) for of in table.every],
            "sums": [asdict(of) for of in table.sums],
            "paired": [[str(key) for key in pair] for pair in table.paired],
        }  # fmt: skip
        if table.synth is not None:
            data["inner"], own = inner(table.synth)
            arrays |= {f"{i}.inner.{key}": value for key, value in own.items()}
        for j, (key, side) in enumerate(table.sides.items()):
            state, own = (None, Arrays()) if side is None else side.to_state()
            data["sides"].append({"key": str(key), "codes": state})
            arrays |= {f"{i}.side {j}.{of}": value for of, value in own.items()}
        if table.kept is not None:
            arrays[f"{i}.kept.rows"] = np.frombuffer(_written(table.kept).encode(), np.uint8)
        tables.append(data)
    graph, alike = model.graph, []
    for i, (key, like) in enumerate(model.siblings.items()):
        state, own = like.to_state()
        alike.append({"key": str(key), "like": state})
        arrays |= {f"siblings.{i}.{of}": value for of, value in own.items()}
    keys, own = model.keys.to_state()
    arrays |= {f"keys.keys.{key}": value for key, value in own.items()}
    ledger = {} if model.ledger is None else {"ledger": model.ledger.to_dict()}
    return ledger | {
        "sql": None if model.source is None else to_dict(model.source),
        "database": model.schema.to_dict(), "tables": tables, "order": list(graph.order),
        "owners": [str(key) for key in graph.owner.values()],
        "homes": [str(key) for key in model.roots.homes.values()], "whose": dict(model.roots.columns),
        "keys": keys, "derived": to_list(model.derived),
        "late": [{"key": str(key), "links": model.late[key].to_dict()} for key in graph.late],
        "degrees": [{"key": str(key), "of": found.to_dict()} for key, found in model.degrees.items()],
        "siblings": alike, "agree": [{"key": str(key), "with": found.to_dict()} for key, found in model.agree.items()],
    }, arrays  # fmt: skip


def of_parts(
    manifest: Mapping[str, Any], arrays: Arrays, inner: Callable[[dict[str, Any], Arrays], Synthesizer]
) -> DatabaseModel:
    """The inverse of `to_parts`.

    Raises:
        ModelFileError, or one of `saved.DAMAGE`: the parts do not fit each other.
    """
    schema = DatabaseSchema.from_dict(take_value(manifest, "database", dict))
    keys = {str(key): key for key in schema.foreign}
    groups: dict[tuple[str, str], Arrays] = {}
    for name, array in arrays.items():
        table, part, key = name.split(".", 2)
        groups.setdefault((table, part), {})[key] = array
    tables = {}
    for i, data in enumerate(take_value(manifest, "tables", list)):
        own = {part: arrays for (table, part), arrays in groups.items() if table == str(i)}
        tables[take_value(data, "name", str)] = _table(data, own, keys, inner)
    late: dict[ForeignKey, SelfLinks | LateLinks] = {}
    for data in take_value(manifest, "late", list):
        last = keys[data["key"]]
        late[last] = (SelfLinks if last.is_self else LateLinks).from_dict(data["links"])
    owner = {keys[text].table: keys[text] for text in take_value(manifest, "owners", list)}
    sides = {
        name: tuple(key for key in schema.of(name) if key not in late and key != owner.get(name)) for name in tables
    }
    made = Keys.from_state(schema, take_value(manifest, "keys", dict), groups.get(("keys", "keys"), {}))
    graph = Graph(tuple(take_value(manifest, "order", list)), owner, sides, tuple(late))
    derived = from_list(manifest.get("derived"), schema)
    agree = {keys[d["key"]]: Agreements.from_dict(d["with"], keys[d["key"]], schema) for d in manifest["agree"]}
    ledger = None if "ledger" not in manifest else Ledger.from_dict(take_value(manifest, "ledger", dict))
    degrees = {keys[d["key"]]: Degrees.from_dict(d["of"]) for d in take_value(manifest, "degrees", list)}
    siblings = {}
    for i, data in enumerate(take_value(manifest, "siblings", list)):
        by = keys[data["key"]]
        side = tables[by.table].sides[by]
        if side is None:
            raise ModelFileError(f"rows are alike by {by}, which points at nothing")
        siblings[by] = Siblings.from_state(data["like"], groups.get(("siblings", str(i)), {}), side)
    sql = take_value(manifest, "sql", dict, type(None))
    source = None if sql is None else of_dict(sql, schema)
    homes = {keys[text].table: keys[text] for text in take_value(manifest, "homes", list)}
    kept = frozenset(name for name, table in schema.tables.items() if table.kept)
    roots = Roots(homes, kept, take_value(manifest, "whose", dict))
    model = DatabaseModel(schema, graph, tables, made, late, derived, agree, siblings, degrees, roots, source, ledger)
    _check(model)
    _try_out(model)
    return model


def _table(
    data: Mapping[str, Any], own: Mapping[str, Arrays], keys: Mapping[str, ForeignKey],
    inner: Callable[[dict[str, Any], Arrays], Synthesizer],
) -> TableModel:  # fmt: skip
    sides = {}
    for j, side in enumerate(take_value(data, "sides", list)):
        state = side["codes"]
        sides[keys[side["key"]]] = None if state is None else SideCodes.from_state(state, own.get(f"side {j}", {}))
    columns = {str(name): str(of) for name, of in take_value(data, "columns", dict).items()}
    manifest, counted = (take_value(data, name, of, type(None)) for name, of in (("inner", dict), ("counted", list)))
    days = data.get("days")
    n_rows, loose = take_value(data, "n_rows", int), take_value(data, "loose", float)
    if n_rows < 0 or not 0 <= loose < np.inf or data["way"] not in WAYS:
        raise ModelFileError("a table of its database is drawn in no way")
    return TableModel(
        columns=columns, n_rows=n_rows, way=data["way"], loose=loose,
        shown=tuple(Column.from_dict(c) for c in take_value(data, "shown", list)),
        synth=None if manifest is None else inner(manifest, own.get("inner", {})),
        told=tuple(map(str, take_value(data, "told", list))), sides=sides,
        distinct=tuple(keys[text] for text in take_value(data, "distinct", list)),
        counted=None if counted is None else (str(counted[0]), int(counted[1])),
        paired=tuple((keys[one], keys[other]) for one, other in take_value(data, "paired", list)),
        every=tuple(Every.from_dict(of) for of in take_value(data, "every", list)),
        sums=tuple(Sum.from_dict(of) for of in take_value(data, "sums", list)), mixed=bool(data["mixed"]),
        days=None if days is None else Days.from_dict(days),
        kept=_read(bytes(own["kept"]["rows"])) if data["way"] == KEPT else None,
    )  # fmt: skip


def _check(model: DatabaseModel) -> None:
    """Hold the tables to each other.

    Raises:
        ModelFileError: they do not fit.
    """
    graph, tables = model.graph, model.tables
    at = {name: i for i, name in enumerate(graph.order)}
    fit = set(at) == set(tables) == set(model.schema.tables) and len(at) == len(graph.order)
    early = [key for key in model.schema.foreign if key not in graph.late]
    fit = fit and all(at[key.parent] < at[key.table] for key in early)
    for name, table in tables.items():
        seen, owner = {c.name for c in table.shown}, graph.owner.get(name)
        above = {c.name for c in tables[owner.parent].shown} if owner is not None else set()
        fit = fit and set(table.told) <= above and set(table.sides) <= {*graph.sides[name], *graph.late}
        fit = fit and (table.synth is not None) == (table.way in (ALONE, EACH, GROUPS))
        planned = table.n_rows and (model.ledger is None or table.way != KEPT)
        fit = fit and (not planned or all(plan_of(key) in seen for key in graph.planned(name)))
        fit = fit and all(owner is not None and sum_of(owner, of.column) in above for of in table.sums)
        if table.way in (EACH, GROUPS):
            fit = fit and owner is not None and set(table.sides) >= set(graph.sides[name])
        fit = fit and set(table.distinct) <= set(graph.sides[name])
        fit = fit and {key for pair in table.paired for key in pair} <= set(graph.planned(name))
        if table.way == GROUPS:
            fit = fit and table.synth.histories_ is not None and table.synth.histories_.layout.keys[0] == OWNER
        elif table.synth is not None:
            fit = fit and table.synth.histories_ is None
    if not fit:
        raise ModelFileError("the tables of its database do not fit together")


def _try_out(model: DatabaseModel) -> None:
    """Draw two rows of each table: what a damaged file breaks should break now, not at some later draw."""
    few = {name: 2 for name, table in model.tables.items() if table.way not in (KEPT, EMPTY)}
    with warnings.catch_warnings(), suppress(LikewiseError):  # what a draw refuses in words, it refuses later, too
        warnings.simplefilter("ignore")
        draw_database(model, Wanted(rows=few), 0)


def _written(rows: pl.DataFrame) -> str:
    """Rows as a text, in which each cell is one; moments are counted."""
    cells = {c.name: (c.to_physical() if c.dtype.is_temporal() else c).cast(pl.String).to_list() for c in rows}
    return json.dumps([{"name": c.name, "type": dtype_name(c.dtype), "cells": cells[c.name]} for c in rows])


def _read(text: bytes) -> pl.DataFrame:
    columns = []
    for column in json.loads(text):
        cells, dtype = pl.Series(column["name"], column["cells"], dtype=pl.String), dtype_from_name(column["type"])
        values = cells.cast(pl.Int64) if dtype.is_temporal() else cells
        if dtype == pl.Boolean:
            values = cells == "true"
        columns.append((values.cast(pl.Int32) if dtype == pl.Date else values).cast(dtype).alias(column["name"]))
    return pl.DataFrame(columns)
