"""The main job beside its rivals: same split, same machine, same run.

    python benchmarks/main_job.py adult shoppers --rivals --results benchmarks/results/main_job.json

Protocol: a random fifth of the rows is held out (NumPy seed 0); every model sees the other four fifths and draws as
many rows. Fit and draw are timed in a process of their own, with torch already imported, on a machine doing
nothing else. Measures are `likewise.evaluate` with XGBoost as the judge (300 trees of depth 6, rate .1, subsample .8;
five folds).

`--rivals` needs the folder of rivals (`../shared/peers`, or LIKEWISE_SHARED) and, for TabularARGN, a Python that has
mostlyai-engine, named in LIKEWISE_MOSTLY_PYTHON. Each is skipped where it is absent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.schema.infer import infer
from likewise.tables.files import read, write

DATA = {
    "adult": ("adult_train.csv", "income"),
    "shoppers": ("shoppers.csv", "Revenue"),
    "beijing": ("beijing.csv", "pm2.5"),
    "bank_marketing": ("bank_marketing.csv", "y"),
    "diamonds": ("diamonds.csv", "price"),
    "california_housing": ("california_housing.csv", "median_house_value"),
    "acs_income_2018": ("acs_income_2018.parquet", "Income"),
}
"""Name -> file, target."""

LEFT_OUT = {"beijing": ["No"]}
"""Row numbers, which no model should learn; the rivals would model them as a number."""


def split(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Training rows and the held-out fifth, every model's alike."""
    frame = read(shared_folder() / "data" / DATA[name][0]).drop(LEFT_OUT.get(name, []))
    rows = np.random.default_rng(0).permutation(len(frame))
    n_holdout = len(frame) // 5
    return frame[rows[n_holdout:]], frame[rows[:n_holdout]]


def run(command: list[str], **environment: str) -> dict[str, Any]:
    """The last JSON line a process prints."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return {"failed": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def commands(train: Path, out: Path, rivals: bool, models: list[str]) -> dict[str, list[str]]:
    """What to run for each model."""
    here = Path(__file__).parent
    ours = [sys.executable, str(here / "_fit_and_draw.py"), str(train), str(out)]
    made = {f"likewise-{model}": [*ours, json.dumps({"model": model})] for model in models} or {"likewise": ours}
    if rivals:
        made["cart"] = [sys.executable, str(here / "_cart_chain.py"), str(train), str(out)]
        python = os.environ.get("LIKEWISE_MOSTLY_PYTHON")
        if python:
            made["tabularargn"] = [python, str(shared_folder() / "peers" / "run_mostly.py"), str(train), str(out)]
    return made


def figures(train: pl.DataFrame, fake: pl.DataFrame, holdout: pl.DataFrame, target: str) -> dict[str, Any]:
    """Value, floor and interval of each measure."""
    schema = infer(train)
    report = lw.evaluate(train, fake, holdout=holdout, target=target, schema=schema, learner="xgboost")
    return {
        s.name: {"value": s.value, "floor": s.floor, "interval": list(s.interval) if s.interval else None}
        for s in report.scores
    }


def bench(
    name: str, rivals: bool, only: list[str] | None, keep: Path | None, models: list[str]
) -> list[dict[str, Any]]:
    train, holdout = split(name)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "train.csv"
        write(train, source)
        for model in commands(source, source, rivals, models):
            if only and model not in only:
                continue
            kept = keep / f"{name}-{model}.csv" if keep else None
            out = kept or Path(folder) / "out.csv"
            timing = {"reused": True} if kept and kept.exists() else run(commands(source, out, rivals, models)[model])
            if "failed" not in timing:
                timing |= figures(train, read(out), holdout, DATA[name][1])
            rows.append({"data": name, "rows": len(train), "columns": train.width, **timing, "model": model})
            show(rows[-1])
    return rows


def show(row: dict[str, Any]) -> None:
    cells = {k: v["value"] if isinstance(v, dict) else v for k, v in row.items()}
    print("  ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in cells.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=list(DATA), help="which tables; all by default")
    parser.add_argument("--rivals", action="store_true", help="run the rivals too")
    parser.add_argument("--models", nargs="*", default=[], help="generators of ours to run instead of the default")
    parser.add_argument("--only", nargs="*", help="only these models")
    parser.add_argument("--keep", type=Path, help="keep drawn tables here and reuse them where they are")
    parser.add_argument("--results", type=Path, help="JSON file to write; rows of other tables in it are kept")
    asked = parser.parse_args()
    for name in asked.data:
        rows = bench(name, asked.rivals, asked.only, asked.keep, asked.models)
        if asked.results:
            record(asked.results, rows)


def record(results: Path, rows: list[dict[str, Any]]) -> None:
    """Put these rows into the file of results, in the place of older ones of the same table and model."""
    facts = machine()
    commit = facts.pop("commit")
    done = {(row["data"], row["model"]) for row in rows}
    old = json.loads(results.read_text())["rows"] if results.exists() else []
    kept = [row for row in old if (row["data"], row["model"]) not in done]
    rows = sorted([*kept, *({**row, "commit": commit} for row in rows)], key=lambda row: list(DATA).index(row["data"]))
    results.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
