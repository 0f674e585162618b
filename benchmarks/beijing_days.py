"""What a model can learn of pm2.5 in beijing: the weather, or what the other hours of the same day were like.

    python benchmarks/beijing_days.py --results benchmarks/results/beijing_days.json

Rows are hours of 1,826 days, dealt to training and test at random, so that a test hour has some nineteen hours of its
own day among the training rows. XGBoost (300 trees of depth 8) learns from the training rows as they are, from them
through the codec alone, and from rows of the default; then without the day of the month; then from and on whole days.
The share of variance explained (R2) is that of the test rows. Split and data are those of `main_job.py`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl
from _shared import machine
from main_job import split
from sklearn.metrics import r2_score
from tabsyn import through_codec
from xgboost import XGBRegressor

import likewise as lw
from likewise.schema.column import Schema
from likewise.schema.infer import infer
from likewise.schema.parse import parse

TARGET, DAY = "pm2.5", ["year", "month", "day"]


def r2(learnt: pl.DataFrame, test: pl.DataFrame, schema: Schema, without: tuple[str, ...] = ()) -> float:
    """Share of the variance of the target in the test rows that a model of the others explains."""

    def matrix(table: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        known = parse(table, schema).drop_nulls(TARGET)
        ranked = known.drop(TARGET, *without).with_columns(pl.col("cbwd").cast(pl.Enum(levels)).to_physical())
        return ranked.to_numpy().astype(float), known[TARGET].to_numpy()

    levels = sorted(parse(learnt, schema)["cbwd"].drop_nulls().unique())
    model = XGBRegressor(n_estimators=300, max_depth=8, learning_rate=0.1, n_jobs=1, random_state=0)
    model.fit(*matrix(learnt))
    x, y = matrix(test)
    return round(float(r2_score(y, model.predict(x))), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="JSON file to write")
    asked = parser.parse_args()
    train, test = split("beijing")
    schema, every = infer(train), pl.concat([train, test])
    drawn = lw.Synthesizer(random_state=0).fit(train).sample(len(train), random_state=0).select(train.columns)
    days = every.select(pl.struct(DAY).rank("dense") - 1).to_series().to_numpy()
    n_days = int(days.max()) + 1
    is_held = np.isin(days, np.random.default_rng(0).choice(n_days, n_days // 5, replace=False))
    found = {
        "real": r2(train, test, schema),
        "through the codec": r2(through_codec(train, lw.CodecOptions(), 0), test, schema),
        "default": r2(drawn, test, schema),
        "real, without the day": r2(train, test, schema, ("day",)),
        "default, without the day": r2(drawn, test, schema, ("day",)),
        "real, whole days held out": r2(every.filter(pl.Series(~is_held)), every.filter(pl.Series(is_held)), schema),
    }
    print(json.dumps(found, indent=1))
    if asked.results:
        asked.results.write_text(json.dumps({**machine(), "days": n_days, "r2": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
