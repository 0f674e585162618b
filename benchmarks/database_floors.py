"""What databases score whose links say nothing, what fresh roots score, and what published rivals do.

    python benchmarks/database_floors.py --results benchmarks/results/database_floors.json [--databases f1 ...]

Of each real database: *rewired* (each link's children dealt anew among its parents, which keep their numbers), *apart*
(the numbers dealt anew, too) and *fresh* (half of the root entities beside the other half; of baseball other players).
Figures are the published formulas: cardinality, pairs of columns k links apart, and the accuracy of C2ST-Agg, mean and
greatest over the tables with children, folds of rows. Of baseball also rows that others published.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine, shared_folder

from databases import SETS
from likewise.databases.database import Database
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.evaluate.databases import aggregates, counted, counts, hops
from likewise.evaluate.databases.dealt import deal
from likewise.evaluate.databases.floors import rewired
from likewise.evaluate.databases.linked import Linked, link
from likewise.schema.column import Kind, Role
from likewise.schema.infer import infer

OTHERS = ("chinook", "berka", "mutagenesis", "flights", "gtfs")
"""Read as `databases.py` reads them."""
PLAYERS = ("fielding.playerID -> players.playerID",)
RIVALS = {
    "TabularARGN": ("TabARGN_baseball_players", "TabARGN_baseball_fielding_run_1"),
    "TabularARGN run 2": ("TabARGN_baseball_players", "TabARGN_baseball_fielding_run_2"),
    "RC-TGAN": ("RCTGAN_baseball_players_run_1", "RCTGAN_baseball_fielding_run_1"),
    "REaLTabFormer": ("RTF_baseball_players", "RTF_baseball_fielding_run_1"),
    "SDV PAR": ("SDV_PAR_baseball_players_run_1", "SDV_PAR_baseball_fielding_run_1"),
    "SDV": ("SDV_baseball_players_run_3", "SDV_baseball_fielding_run_3"),
}


def f1(folder: Path) -> Database:
    """The Formula 1 database as GRDM (NeurIPS 2025) has it: three tables stay real, columns as its authors declare."""
    folder = folder / "relbench_f1"
    meta = json.loads((folder / "dataset_meta.json").read_text())
    tables, schemas = {}, {}
    for name in meta["tables"]:
        tables[name] = pl.read_csv(folder / f"{name}.csv")
        columns = infer(tables[name], entity=False)
        for column, told in json.loads((folder / f"{name}_domain.json").read_text()).items():
            kind = Kind.CATEGORICAL if told["type"] == "discrete" else Kind.REAL
            columns = columns.replace(column, kind=kind, role=Role.FEATURE)
        kept = name in ("driver", "circuit", "constructor")
        schemas[name] = TableSchema(primary=(f"{name}_id",), columns=columns, kept=kept)
    foreign = tuple(ForeignKey.of(f"{c}.{p}_id -> {p}.{p}_id") for p, c in meta["relation_order"] if p)
    return Database(tables, DatabaseSchema(schemas, foreign))


def baseball(folder: Path, players: str, fielding: str) -> Database:
    """Players and their seasons; days of birth and death as dates, whatever stands after them."""
    made = pl.read_parquet(folder / f"{players}.parquet"), pl.read_parquet(folder / f"{fielding}.parquet")
    bare = [table.select(pl.exclude("__index_level_0__")) for table in made]
    days = pl.col("birthDate", "deathDate").cast(pl.String).str.slice(0, 10).str.to_date(strict=False)
    return Database({"players": bare[0].with_columns(days), "fielding": bare[1]}, list(PLAYERS))


def databases(data: Path) -> Iterator[tuple[str, Mapping[str, Database]]]:
    """Name, and the real database with others beside it."""
    yield "f1", {"real": f1(data)}
    for name in OTHERS:
        yield name, {"real": SETS[name](data)}
    folder = data / "baseball_careers"
    real = baseball(folder, "players-train", "fielding-train")
    test = baseball(folder, "players-test", "fielding-test")
    known = real.tables["players"]["playerID"].implode()
    fresh = test.with_tables({t: frame.filter(~pl.col("playerID").is_in(known)) for t, frame in test.tables.items()})
    rivals = {name: baseball(folder / "rivals", *files) for name, files in RIVALS.items()}
    yield "baseball", {"real": real, "fresh": fresh, **rivals}


def told(found: Mapping[str, aggregates.Told]) -> dict[str, Any]:
    by_table = {table: round(one.accuracy, 4) for table, one in found.items()}
    if not by_table:
        return {}
    return {"mean": round(float(np.mean([*by_table.values()])), 4), "max": max(by_table.values()), "tables": by_table}


def rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def figures(real: Linked, other: Linked) -> dict[str, Any]:
    """The published formulas."""
    pairs = {k: counts.pair_score(*r) for k, r in counts.degree_correlations(real, other).items()}
    return {
        "cardinality": rounded(counts.mean(counts.cardinality(real, other))),
        "degrees": rounded(counts.mean(pairs)),
        "hops": [rounded(hops.hop_mean(hops.hop_scores(real, other, k))) for k in range(4)],
        "c2st_agg": told(aggregates.c2st_agg(real, other)),
        "c2st_agg_undated": told(aggregates.c2st_agg(real, other, dates=False)),
    }


def fresh_halves(real: Linked, rng: np.random.Generator) -> dict[str, Any]:
    """Half of the root entities beside the other half, each row with all its children."""
    dealt = deal(real, real, None, rng)

    def floor(counter: Any) -> float | None:
        figure = dealt.alike(counter)
        return None if figure is None else round(figure.floor, 4)

    agg: dict[bool, dict[str, aggregates.Told]] = {False: {}, True: {}}
    for table in aggregates.judged_tables(real):
        rows = [side.rows(table) for side in (dealt.held, dealt.fresh)]
        one, other = (aggregates.features(real, table).take(at) for at in rows)
        units = [dealt.held.units.of[table][at] for at in rows]
        for by_root in agg:
            found = aggregates.told_apart(one, other, whose=units if by_root else None)
            if found is not None:
                agg[by_root][table] = found
    return {
        "cardinality": floor(counted.cardinalities([real], real.schema.foreign)),
        "hops": [floor(counted.hops(real, k, rng)[1]) for k in range(4)],
        "c2st_agg": told(agg[False]),
        "c2st_agg_folds_of_roots": told(agg[True]),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--databases", nargs="*")
    asked = parser.parse_args()
    found: dict[str, Any] = json.loads(asked.results.read_text()) if asked.results.exists() else {"databases": {}}
    for name, sides in databases(shared_folder() / "data"):
        if asked.databases and name not in asked.databases:
            continue
        linked = link(sides)
        real = linked["real"]
        rng = np.random.default_rng(0)
        others = {"rewired": rewired(real, rng), "apart": rewired(real, rng, counts=False), **linked}
        measured = {role: figures(real, other) for role, other in others.items() if role != "real"}
        if "fresh" not in measured:
            measured["fresh"] = fresh_halves(real, rng)
        rows = {table: len(frame) for table, frame in sides["real"].tables.items()}
        found["databases"][name] = {"rows": rows, **measured}
        asked.results.write_text(json.dumps({**machine(), **found}, indent=1, ensure_ascii=False) + "\n")
        print(name, json.dumps(measured, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
