"""Databases drawn and held against the real ones, beside two floors: links dealt anew, and less of what is learnt.

    python benchmarks/databases.py --results benchmarks/results/databases.json [--sets f1 ...] [--seconds 30]

Sets: F1 as GRDM's paper has it (driver, circuit and constructor kept), baseball players and their fielding, Chinook,
berka without transactions, mutagenesis, flights from New York (a sample of the flights), the sample of GTFS, pubs
(small, and mostly what nobody may keep), and where LIKEWISE_SAKILA is the URL of a PostgreSQL that holds it, Sakila.

The formulas are those of `likewise.evaluate.databases`: cardinality, pairs `k` links apart as sdmetrics scores them
(`hop 0` within a table), and C2ST-Agg, the accuracy of boosted trees that tell parents by their columns and what their
children add up to (.5 is best). `shapes`: one less the distance of a column's distribution, the mean over columns.
`rewired`: the drawn tables with links dealt anew, children per parent as they are. `broken`: rows that break what the
schema asks. `--without parent`: rows told nothing but how many there are; `siblings`: each row apart; `codes`: side
links by degree alone; `kinds`: no word on what the rows are like that point at a row. `--lists`: the tables that
`likewise inspect` calls lists are kept, as its user is told to do.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from _shared import machine, shared_folder
from _sql_sets import pubs, sakila

import likewise as lw
from likewise.databases.keys import DatabaseSchema, ForeignKey, TableSchema
from likewise.databases.links.matching import match
from likewise.databases.overview import lookups
from likewise.evaluate.databases.aggregates import c2st_agg
from likewise.evaluate.databases.counts import cardinality, mean, worst
from likewise.evaluate.databases.floors import rewired
from likewise.evaluate.databases.hops import by_path, hop_mean, hop_scores
from likewise.evaluate.databases.linked import Linked, link
from likewise.evaluate.databases.validity import checks
from likewise.evaluate.fidelity import ks_distance
from likewise.synthesizer.databases import drawing, groups, learning, plan

WITHOUT = ("parent", "siblings", "codes", "kinds")


def tables_of(folder: Path, names: list[str], suffix: str = ".csv") -> dict[str, pl.DataFrame]:
    return {
        name: pl.read_csv(
            folder / f"{name}{suffix}", try_parse_dates=True, null_values=["NA"], infer_schema_length=None
        )
        for name in names
    }


def f1(folder: Path) -> lw.Database:
    meta = json.loads((folder / "relbench_f1" / "dataset_meta.json").read_text())
    tables = tables_of(folder / "relbench_f1", list(meta["tables"]))
    foreign = tuple(ForeignKey.of(f"{c}.{p}_id -> {p}.{p}_id") for p, c in meta["relation_order"] if p)
    kept = ("driver", "circuit", "constructor")
    said = {
        name: TableSchema(primary=(f"{name}_id",), required=tuple(f"{p}_id" for p in of["parents"]), kept=name in kept)
        for name, of in meta["tables"].items()
    }
    return lw.Database(tables, DatabaseSchema(said, foreign))


def baseball(folder: Path) -> lw.Database:
    tables = {n: pl.read_parquet(folder / "baseball_careers" / f"{n}-train.parquet") for n in ("players", "fielding")}
    dates = [pl.col(name).str.to_date(strict=False) for name in ("birthDate", "deathDate")]
    tables["players"] = tables["players"].with_columns(dates)
    return lw.Database(tables, ["fielding.playerID -> players.playerID"])


def chinook(folder: Path) -> lw.Database:
    names = sorted(path.stem for path in (folder / "chinook").glob("*.csv"))
    keys = [
        "Album.ArtistId -> Artist.ArtistId", "Track.AlbumId -> Album.AlbumId", "Track.GenreId -> Genre.GenreId",
        "Track.MediaTypeId -> MediaType.MediaTypeId", "Customer.SupportRepId -> Employee.EmployeeId",
        "Employee.ReportsTo -> Employee.EmployeeId", "Invoice.CustomerId -> Customer.CustomerId",
        "InvoiceLine.InvoiceId -> Invoice.InvoiceId", "InvoiceLine.TrackId -> Track.TrackId",
        "PlaylistTrack.PlaylistId -> Playlist.PlaylistId", "PlaylistTrack.TrackId -> Track.TrackId",
        "PlaylistTrack(PlaylistId, TrackId)", "InvoiceLine(InvoiceLineId)",
    ]  # fmt: skip
    return lw.Database(tables_of(folder / "chinook", names), keys)


def berka(folder: Path) -> lw.Database:
    names = ["account", "client", "disp", "card", "loan", "order", "district"]
    keys = [
        "account.district_id -> district.district_id", "client.district_id -> district.district_id",
        "disp.client_id -> client.client_id", "disp.account_id -> account.account_id", "card.disp_id -> disp.disp_id",
        "loan.account_id -> account.account_id", "order.account_id -> account.account_id",
    ]  # fmt: skip
    return lw.Database(tables_of(folder / "berka", names), keys)


def mutagenesis(folder: Path) -> lw.Database:
    keys = [
        "atom.molecule_id -> molecule.molecule_id", "bond.atom1_id -> atom.atom_id", "bond.atom2_id -> atom.atom_id",
    ]  # fmt: skip
    return lw.Database(tables_of(folder / "mutagenesis", ["molecule", "atom", "bond"]), keys)


def flights(folder: Path) -> lw.Database:
    tables = tables_of(folder / "nycflights13", ["airlines", "airports", "planes"])
    rows = pl.concat([pl.read_parquet(p) for p in sorted((folder / "nycflights13" / "flights").glob("*.parquet"))])
    tables["flights"] = rows.sample(30_000, seed=0).filter(
        pl.col("tailnum").is_in(tables["planes"]["tailnum"].implode())
        & pl.col("dest").is_in(tables["airports"]["faa"].implode())
    )
    keys = [
        "flights.carrier -> airlines.carrier", "flights.tailnum -> planes.tailnum", "flights.origin -> airports.faa",
        "flights.dest -> airports.faa",
    ]  # fmt: skip
    return lw.Database(tables, keys)


def gtfs(folder: Path) -> lw.Database:
    names = [
        "agency",
        "calendar",
        "routes",
        "trips",
        "stops",
        "stop_times",
        "frequencies",
        "fare_attributes",
        "fare_rules",
    ]
    keys = [
        "routes.agency_id -> agency.agency_id", "trips.route_id -> routes.route_id",
        "trips.service_id -> calendar.service_id", "stop_times.trip_id -> trips.trip_id",
        "stop_times.stop_id -> stops.stop_id", "frequencies.trip_id -> trips.trip_id",
        "fare_rules.fare_id -> fare_attributes.fare_id", "fare_rules.route_id -> routes.route_id",
        "stop_times(trip_id, stop_sequence)",
    ]  # fmt: skip
    return lw.Database(tables_of(folder / "gtfs_sample", names, ".txt"), keys)


SETS: dict[str, Callable[[Path], lw.Database]] = {
    "baseball": baseball, "f1": f1, "chinook": chinook, "berka": berka, "mutagenesis": mutagenesis,
    "flights": flights, "gtfs": gtfs, "pubs": pubs,
} | ({"sakila": sakila} if "LIKEWISE_SAKILA" in os.environ else {})  # fmt: skip


@contextmanager
def less(what: str) -> Iterator[None]:
    """Learnt and drawn without something."""

    def apart(wanted: Any, codes: Any, degrees: Any, rng: Any, **how: Any) -> Any:
        return match(np.zeros_like(wanted), np.zeros_like(codes), degrees, rng, **how)

    patches: dict[str, list[Any]] = {
        "parent": [patch.object(learning, "most_telling", lambda parents, own, links, always, rng: always)],
        "siblings": [patch.object(groups, "MOST_TOGETHER", 1), patch.object(drawing, "EACH", None)],
        "codes": [patch.object(drawing, "match", apart)],
        "kinds": [patch.object(plan, "LEAST_GROUPS", 10**9)],
    }
    with ExitStack() as stack:
        for one in patches.get(what, []):
            stack.enter_context(one)
        yield


def shapes(real: Linked, other: Linked) -> float:
    """One less the distance of each column's distribution, missing cells left out; the mean of tables of means."""
    found = []
    for name, table in real.tables.items():
        scores = []
        for a, b in zip(table.columns, other.tables[name].columns, strict=True):
            if a.levels is None:
                left, right = (np.sort(c.values[~c.missing].astype(float)) for c in (a, b))
                scores.append(1 - ks_distance(left, right) if len(left) and len(right) else np.nan)
            else:
                counts = [np.bincount(c.values, minlength=a.size) / max(len(c.values), 1) for c in (a, b)]
                scores.append(1 - np.abs(counts[0] - counts[1]).sum() / 2)
        if scores:
            found.append(float(np.nanmean(scores)))
    return float(np.mean(found))


def figures(real: Linked, other: Linked, *, dates: bool) -> dict[str, Any]:
    """All measures of a database."""
    told = {name: round(float(one.right.mean()), 3) for name, one in c2st_agg(real, other, dates=dates).items()}
    apart = [hop_scores(real, other, k) for k in range(3)]
    hops = {f"hop {k}": round(hop_mean(found), 4) for k, found in enumerate(apart)}
    each = cardinality(real, other)
    least = {"cardinality": worst({(key,): score for key, score in each.items()}), "hop 1": worst(by_path(apart[1]))}
    worth = list(told.values())
    return {
        "cardinality": round(mean(each), 4), "shapes": round(shapes(real, other), 4), **hops,
        "c2st_agg": told, "c2st_mean": round(float(np.mean(worth)), 3) if worth else None,
        "c2st_max": max(worth, default=None), "worst": {k: [name, round(s, 4)] for k, (name, s) in least.items()},
    }  # fmt: skip


def run(name: str, folder: Path, without: str, *, lists: bool = False, **options: Any) -> dict[str, Any]:
    """Fit, draw, measure one set."""
    real = SETS[name](folder)
    for table in lookups(real) if lists else ():
        real = real.with_schema(real.schema.replace(table, kept=True))
    with less(without), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        synth = lw.Synthesizer(random_state=0, **options).fit(real)
        learnt = time.perf_counter()
        drawn = synth.sample(random_state=1)
        ended = time.perf_counter()
    sides = link({"real": real, "drawn": drawn})
    found = figures(sides["real"], sides["drawn"], dates=name != "baseball")
    floor = figures(sides["real"], rewired(sides["drawn"], np.random.default_rng(0)), dates=name != "baseball")
    broken = {f"{check.what} {check.name}": check.broken for check in checks(real, drawn) if check.broken}
    rows = {table: [len(real.tables[table]), len(drawn.tables[table])] for table in real.tables}
    return {
        "fit": round(learnt - started, 1), "draw": round(ended - learnt, 1), **found, "rewired": floor,
        "broken": broken, "rows": rows,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--without", choices=WITHOUT, default="")
    parser.add_argument("--lists", action="store_true", help="keep them")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seconds", type=float, help="of training at most")
    asked = parser.parse_args()
    options = {"epochs": asked.epochs, "max_seconds": asked.seconds}
    options = {name: value for name, value in options.items() if value is not None}
    held = asked.results is not None and asked.results.exists()
    results: dict[str, Any] = json.loads(asked.results.read_text()) if held else {}
    results |= {**machine(), "without": asked.without}
    for name in asked.sets:
        found = run(name, shared_folder() / "data", asked.without, lists=asked.lists, **options)
        name += " (lists kept)" if asked.lists else ""
        results[name] = {"options": options, "commit": machine()["commit"], **found}
        print(name, json.dumps(results[name]), flush=True)
        if asked.results is not None:
            asked.results.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
