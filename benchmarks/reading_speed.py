"""What it costs to take a large table in: CPU seconds of each step, memory of a fit, a wide table at the command line.

    python benchmarks/reading_speed.py        # writes benchmarks/results/reading_speed.json

The long table is Adult drawn again to 1,000,000 rows of 15 columns (108 MB of CSV), its numbers jittered; a second one
has a column of 200,000 customers beside. The wide one is 1,000 rows of 1,000 made-up columns, through `likewise synth
--model copula`. Each is a process of its own, of one thread. Memory is the peak of resident pages.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import ROOT, machine, shared_folder

RESULTS = ROOT / "benchmarks" / "results" / "reading_speed.json"
ROWS, CUSTOMERS = 1_000_000, 200_000


def long_table(folder: Path) -> None:
    """long.csv, and keyed.csv with a column of customers."""
    adult = pl.read_csv(shared_folder() / "data" / "adult_train.csv", infer_schema=False)
    rng = np.random.default_rng(0)
    table = adult[rng.integers(0, len(adult), ROWS)]
    for name, most in (("age", 1), ("fnlwgt", 500), ("hours-per-week", 1)):
        jitter = pl.Series(rng.integers(-most, most + 1, ROWS))
        table = table.with_columns((table[name].cast(pl.Int64) + jitter).clip(0).cast(pl.String).alias(name))
    table.write_csv(folder / "long.csv")
    table.with_columns(customer_id=pl.Series(rng.integers(0, CUSTOMERS, ROWS))).write_csv(folder / "keyed.csv")


def wide_table(folder: Path) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(1_000, 5))
    columns = {}
    for i in range(1_000):
        numbers = np.round(z[:, i % 5] + rng.normal(size=1_000), 3)
        columns[f"c{i}"] = numbers if i % 3 else np.array(["a", "b", "c"])[rng.integers(0, 3, 1_000)]
    pl.DataFrame(columns).write_csv(folder / "wide.csv")


def steps(path: str) -> dict[str, float]:
    """CPU seconds of each step from a file to codes."""
    from likewise.codecs.table import TableCodec
    from likewise.schema.infer import infer_counted
    from likewise.schema.parse import parse
    from likewise.tables import files

    seconds = {}

    def timed(step: str, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = call()
        seconds[step] = round(time.process_time() - began, 2)
        return result

    raw = timed("read", lambda: files.read(path))
    schema, counted = timed("infer", lambda: infer_counted(raw))
    table = timed("parse", lambda: parse(raw, schema, counted=counted))
    codec = timed("learn the codec", lambda: TableCodec.fit(table, schema))
    timed("encode", lambda: codec.encode(table))
    return seconds


def fit(path: str) -> dict[str, float]:
    """Peak memory of reading and of the fit of a copula, over the file's size."""
    import likewise as lw
    from likewise.tables import files

    size, frames = Path(path).stat().st_size, [files.read(path)]
    after_read = _peak()
    lw.Synthesizer("copula", random_state=0).fit(frames.pop())
    return {"file_mb": round(size / 1e6, 1), "read_peak_mb": after_read, "fit_peak_mb": _peak()}


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def of_child(*command: str) -> tuple[str, float]:
    """What a process of one thread printed, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    run = subprocess.run(
        [sys.executable, *command], env=os.environ | threads, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run.stdout, round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps({"steps": steps, "fit": fit}[args.step[0]](args.step[1])))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        long_table(folder)
        wide_table(folder)
        found: dict[str, Any] = {}
        for name in ("long", "keyed"):
            for step in ("steps", "fit"):
                found[f"{name}: {step}"] = json.loads(
                    of_child(__file__, "--step", step, str(folder / f"{name}.csv"))[0]
                )
                print(name, step, found[f"{name}: {step}"], flush=True)
        synth = ("synth", str(folder / "wide.csv"), "-o", str(folder / "out.csv"), "--model", "copula", "--no-measure")
        cpu = of_child("-c", "from likewise.cli.app import main; main()", *synth)[1]
        found["wide: synth --model copula"] = {"cpu_seconds": cpu}
        print("wide", cpu)
    args.results.write_text(json.dumps(machine() | found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
