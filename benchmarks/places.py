"""Places with and without the map that drawn ones are moved by: where they lie, and what it does to all else.

    python benchmarks/places.py us_location earthquakes california_housing --results benchmarks/results/places.json

One model is learnt of four rows in five (of US locations of the training file) and draws as many; the same rows are
then drawn again without the map. Measured by `likewise.evaluate` against the rows held out: cells that hold real
points, the maps in cells of 1, 10 and 100 km, points at a real one, the classifier that tells synthetic from real rows,
and what is learnt of the target from either; and the kilometres to the nearest training point. Each figure stands
beside that of the rows held out. Tables that are not asked for keep the results they have.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.evaluate.places import nearest
from likewise.schema.places import pairs_of

QUANTILES = (0.05, 0.5, 0.95)
TABLES = {"us_location": "bird", "earthquakes": "Magnitude", "california_housing": "median_house_value"}
"""The target of each."""


def split(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows to learn from, and others."""
    folder = shared_folder() / "data"
    if name == "us_location":
        return pl.read_csv(folder / "us_location_train.csv"), pl.read_csv(folder / "us_location_test.csv")
    table = pl.read_csv(folder / f"{name}.csv")
    order = np.random.default_rng(1).permutation(len(table))
    return table[order[len(table) // 5 :]], table[order[: len(table) // 5]]


def run(name: str, model: str, seed: int) -> dict[str, Any]:
    """The figures of one table, with the map and without, each beside its floor."""
    train, test = split(name)
    start = time.perf_counter()
    synthesizer = lw.Synthesizer(model, random_state=seed).fit(train)
    found: dict[str, Any] = {"model": model, "seed": seed, "fit_seconds": round(time.perf_counter() - start, 1)}
    codec = synthesizer.codec_
    for way, maps in (("map", codec.maps), ("no map", ())):
        synthesizer.codec_ = replace(codec, maps=maps)
        start = time.perf_counter()
        drawn = synthesizer.sample(len(train), random_state=seed)
        seconds = time.perf_counter() - start
        report = lw.evaluate(
            train, drawn, holdout=test, target=TABLES[name], measures=["detection", "utility", "attacks"]
        )
        scores = {s.name: [s.value, s.floor] for s in report.scores if s.name.startswith(("place", "c2st", "tstr"))}
        found[way] = {"draw_seconds": round(seconds, 2)} | scores | to_nearest(train, drawn, test)
    return found


def to_nearest(train: pl.DataFrame, drawn: pl.DataFrame, test: pl.DataFrame) -> dict[str, list[float]]:
    """Kilometres from drawn places, and from those held out, to the nearest training one: quantiles."""
    (pair,) = pairs_of(lw.infer(train))
    points = [t.select(pair.latitude, pair.longitude).drop_nulls().to_numpy() for t in (train, drawn, test)]
    far = [np.quantile(nearest(some, points[0]), QUANTILES) for some in points[1:]]
    return {f"nearest_km_{q}": [round(float(km[i]), 4) for km in far] for i, q in enumerate(QUANTILES)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    parser.add_argument("--model", default="autoregressive")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path)
    asked = parser.parse_args()
    tables = {name: run(name, asked.model, asked.seed) for name in asked.tables}
    if asked.results is not None and asked.results.exists():
        tables = json.loads(asked.results.read_text())["tables"] | tables
    found = {"machine": machine(), "tables": tables}
    text = json.dumps(found, indent=1)
    print(text)
    if asked.results is not None:
        asked.results.write_text(text + "\n")


if __name__ == "__main__":
    main()
