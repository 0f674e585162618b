"""Careers of baseball players, drawn and held against fresh ones, beside what rivals published for the same table.

    python benchmarks/histories.py --results benchmarks/results/histories.json

Rows of players of the test table that are also in the training one are left out. Bins are ten quantiles of the
training rows, or their ten most frequent levels; a figure of bins is one less half the summed gap of two histograms,
mean over columns. `next`: pairs of a column in two rows that follow each other, one pair a player. `distinct`,
`entities`: distinct bins a player, players a bin. `coherence`: the mean of these three, as mostlyai-qa has them.
`told_apart`: the area under the curve of boosted trees that tell careers (means, ends, deviations, gaps, shares of
positions) from fresh ones. `back`: steps back in time. `repeated`: rows whose player, year, team and position
another row has.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from _shared import machine, shared_folder
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

import likewise as lw

WHO, WHEN = "playerID", "yearID"
RIVALS = {
    "TabularARGN": "TabARGN_baseball_fielding_run_1", "REaLTabFormer": "RTF_baseball_fielding_run_1",
    "RCTGAN": "RCTGAN_baseball_fielding_run_1", "SDV PAR (rows shuffled)": "SDV_PAR_baseball_fielding_run_1",
}  # fmt: skip
Ints = npt.NDArray[np.int64]


class Rows:
    """A table by player, as it stands, and where each begins."""

    def __init__(self, table: pl.DataFrame, *, in_time: bool = False) -> None:
        by = [WHO, WHEN, "row"] if in_time else [WHO, "row"]
        self.table = table.with_row_index("row").sort(by).drop("row")
        self.whose = self.table[WHO].rle_id().to_numpy().astype(np.int64)
        self.starts = np.flatnonzero(np.diff(self.whose, prepend=-1))
        self.lengths = np.diff(np.append(self.starts, len(table)))
        self.columns = [name for name in table.columns if name != WHO]


def binned(real: Rows, some: Rows, name: str, k: int = 10) -> tuple[Ints, int]:
    """(n,) bins of a column by those of the real rows, and how many there are; missing is one."""
    known, column = real.table[name].drop_nulls(), some.table[name]
    if known.dtype.is_numeric():
        edges = np.unique(np.quantile(known.to_numpy().astype(float), np.linspace(0, 1, k + 1)[1:-1]))
        values = column.cast(pl.Float64).to_numpy()
        return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right")), len(edges) + 2
    top = known.value_counts(sort=True).head(k)[name].to_list()
    at = column.replace_strict(top, range(len(top)), default=k, return_dtype=pl.Int64)
    return at.fill_null(k).set(column.is_null(), k + 1).to_numpy(), k + 2


def alike(p: npt.NDArray[Any], q: npt.NDArray[Any]) -> float:
    return float(1 - np.abs(p / p.sum() - q / q.sum()).sum() / 2)


def pairs(rows: Rows, bins: Ints, k: int, rng: np.random.Generator) -> Ints:
    several = rows.lengths > 1
    first = rows.starts[several] + (rng.random(several.sum()) * (rows.lengths[several] - 1)).astype(np.int64)
    return np.bincount(bins[first] * k + bins[first + 1], minlength=k * k)


def distinct(rows: Rows, bins: Ints, k: int) -> tuple[Ints, Ints]:
    """How many players have so many bins, and how many have each bin."""
    held = np.unique(rows.whose * k + bins)
    return np.bincount(np.bincount(held // k), minlength=64), np.bincount(held % k, minlength=k)


def careers(rows: Rows) -> pl.DataFrame:
    """A row a player."""
    table = rows.table.with_columns(gap=pl.col(WHEN).diff().over(WHO))
    numbers = pl.col([name for name in rows.columns if table[name].dtype.is_numeric()])
    parts = [
        numbers.mean().name.suffix(" mean"), numbers.std().name.suffix(" sd"), numbers.min().name.suffix(" min"),
        numbers.max().name.suffix(" max"), numbers.first().name.suffix(" first"), numbers.last().name.suffix(" last"),
        pl.col("gap").mean().alias("gap mean"), pl.col("gap").max().alias("gap max"), pl.len().alias("length"),
        (pl.col("gap") == 0).mean().alias("gap none"),
        pl.col("teamID", "POS", "lgID").n_unique().name.suffix(" levels"),
        (pl.col("teamID") == pl.col("teamID").shift(1)).mean().alias("stays"),
        *((pl.col("POS") == position).mean().alias(position) for position in ("P", "C", "OF", "1B", "SS")),
    ]  # fmt: skip
    return table.group_by(WHO, maintain_order=True).agg(parts).drop(WHO)


def told_apart(some: Rows, fresh: Rows) -> float:
    tables = [careers(rows) for rows in (some, fresh)]
    n = min(map(len, tables))
    x = np.concatenate([table.sample(n, seed=1).to_numpy().astype(float) for table in tables])
    y = np.repeat([0, 1], n)
    judge = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    return float(roc_auc_score(y, cross_val_predict(judge, x, y, cv=3, method="predict_proba")[:, 1]))


def figures(some: Rows, real: Rows, fresh: Rows) -> dict[str, float]:
    rng = np.random.default_rng(0)
    ends = np.arange(1, int(max(some.lengths.max(), real.lengths.max())) + 1)
    below = [np.searchsorted(np.sort(r.lengths), ends, side="right") / len(r.lengths) for r in (some, real)]
    uni, first, following, kinds, holders = [], [], [], [], []
    for name in real.columns:
        (mine, k), (theirs, _) = binned(real, some, name), binned(real, real, name)
        uni.append(alike(np.bincount(mine, minlength=k), np.bincount(theirs, minlength=k)))
        first.append(alike(np.bincount(mine[some.starts], minlength=k), np.bincount(theirs[real.starts], minlength=k)))
        following.append(alike(pairs(some, mine, k, rng), pairs(real, theirs, k, rng)))
        holders.append(alike(distinct(some, mine, k)[1], distinct(real, theirs, k)[1]))
        (mine, k), (theirs, _) = binned(real, some, name, 30), binned(real, real, name, 30)
        kinds.append(alike(distinct(some, mine, k)[0], distinct(real, theirs, k)[0]))
    same = np.diff(some.whose, prepend=-1) == 0
    stays = {
        f"stays_{name}": float((some.table[name] == some.table[name].shift(1)).to_numpy()[same].mean())
        for name in ("POS", "teamID")
    }
    return {
        "rows": len(some.table), "length": float(1 - np.abs(below[0] - below[1]).max()), "columns": float(np.mean(uni)),
        "first_row": float(np.mean(first)), "next": float(np.mean(following)), "distinct": float(np.mean(kinds)),
        "entities": float(np.mean(holders)),
        "coherence": float(np.mean([np.mean(following), np.mean(kinds), np.mean(holders)])),
        "back": float((np.diff(some.table[WHEN].to_numpy(), prepend=0)[same] < 0).mean()),
        "repeated": 1 - some.table.select(WHO, WHEN, "teamID", "POS").n_unique() / len(some.table),
        **stays, "told_apart": told_apart(some, fresh),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    asked = parser.parse_args()
    folder = shared_folder() / "data" / "baseball_careers"
    train = pl.read_parquet(folder / "fielding-train.parquet")
    test = pl.read_parquet(folder / "fielding-test.parquet").filter(~pl.col(WHO).is_in(train[WHO].unique().implode()))
    real, fresh = Rows(train, in_time=True), Rows(test, in_time=True)
    result: dict[str, Any] = machine() | {"train_rows": len(train), "players": len(real.starts), "tables": {}}
    result["tables"]["fresh players"] = figures(fresh, real, fresh)
    for seed in asked.seeds:
        began, busy = time.perf_counter(), time.process_time()
        synth = lw.Synthesizer(entity=WHO, time=WHEN, random_state=seed).fit(train)
        fitted, worked = time.perf_counter(), time.process_time()
        fake = synth.sample(random_state=seed)
        seconds = {
            "fit_seconds": fitted - began, "draw_seconds": time.perf_counter() - fitted,
            "fit_cpu_seconds": worked - busy, "draw_cpu_seconds": time.process_time() - worked,
        }  # fmt: skip
        result["tables"][f"likewise, seed {seed}"] = figures(Rows(fake), real, fresh) | seconds
        print(json.dumps(result["tables"][f"likewise, seed {seed}"], indent=1))
    for name, file in RIVALS.items():
        table = pl.read_parquet(folder / "rivals" / f"{file}.parquet").select(train.columns)
        result["tables"][name] = figures(Rows(table), real, fresh)
    if asked.results:
        asked.results.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
