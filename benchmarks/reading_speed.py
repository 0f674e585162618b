"""What it costs to take a large table in: CPU seconds of each step, memory of a fit, a wide table at the command line.

    python benchmarks/reading_speed.py        # writes benchmarks/results/reading_speed.json

The long table is Adult drawn again to 1,000,000 rows of 15 columns (108 MB of CSV), its numbers jittered; a second one
has a column of 200,000 customers beside. The wide ones are 1,000 rows of 64, 300 and 1,000 made-up columns. Steps are
those of a fit from a path, and reading as a frame beside; what a fit holds is measured from a path and from a frame,
and `likewise synth --model copula --no-measure` from CSV to CSV. Each is a process of its own, of one thread, that
finds its byte code as that of an installed package. Memory is the peak of resident pages.
"""

from __future__ import annotations

import argparse
import contextlib
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
WIDTHS = (64, 300, 1_000)
BYTE_CODE = Path(tempfile.gettempdir()) / "likewise_byte_code"


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
    for width in WIDTHS:
        pl.DataFrame(columns).select(pl.nth(*range(width))).write_csv(folder / f"wide_{width}.csv")


def steps(path: str) -> dict[str, float]:
    """CPU seconds of each step from a file to codes, and of reading it as a frame."""
    from likewise.codecs.table import TableCodec
    from likewise.schema.distinct import Counted
    from likewise.schema.infer import infer_counted
    from likewise.schema.parse import parse_counted
    from likewise.tables import files

    seconds = {}

    def timed(step: str, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = call()
        seconds[step] = round(time.process_time() - began, 2)
        return result

    raw = timed("read", lambda: files.read_columns(path)[0])
    schema, counted = timed("infer", lambda: infer_counted(Counted(raw)))
    table = timed("parse", lambda: parse_counted(counted, schema))
    codec = timed("learn the codec", lambda: TableCodec.fit(table, schema))
    timed("encode", lambda: codec.encode(table))
    timed("read as a frame", lambda: files.read(path))
    return seconds


def fit(path: str) -> dict[str, float]:
    """Peak memory of the fit of a copula from a path."""
    import likewise as lw

    imported = _peak()
    lw.Synthesizer("copula", random_state=0).fit(path)
    return {"imported_mb": imported, "peak_mb": _peak()}


def fit_frame(path: str) -> dict[str, float]:
    """Peak memory of reading a frame and of the fit of a copula to it."""
    import likewise as lw
    from likewise.tables import files

    frames = [files.read(path)]
    after_read = _peak()
    lw.Synthesizer("copula", random_state=0).fit(frames.pop())
    return {"read_peak_mb": after_read, "peak_mb": _peak()}


def synth(path: str) -> dict[str, float]:
    """CPU seconds and peak memory of the command, CSV to CSV."""
    from likewise.cli.app import main

    out = Path(path).with_suffix(".out.csv")
    sys.argv = ["likewise", "synth", path, "-o", str(out), "--model", "copula", "--no-measure", "--seed", "0", "-q"]
    with contextlib.suppress(SystemExit):
        main()
    out.unlink()
    return {"cpu_seconds": round(time.process_time(), 2), "peak_mb": _peak()}


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def tables(folder: str) -> dict[str, float]:
    long_table(Path(folder))
    wide_table(Path(folder))
    return {}


STEPS = {"tables": tables, "steps": steps, "fit": fit, "fit of a frame": fit_frame, "synth": synth}
LONG = tuple(STEPS)[1:]


def of_child(step: str, path: Path) -> dict[str, float]:
    """What a step tells that runs in a process of its own, of one thread."""
    own = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1") | {"PYTHONPYCACHEPREFIX": str(BYTE_CODE)}
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own
    command = [sys.executable, __file__, "--step", step, str(path)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(run.stdout)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(STEPS[args.step[0]](args.step[1])))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        of_child("tables", folder)  # for a child's peak begins at what its parent holds
        of_child("synth", folder / f"wide_{WIDTHS[0]}.csv")  # which leaves its byte code
        found: dict[str, Any] = {}
        wide = {f"wide_{n}": ("synth",) for n in WIDTHS}
        for name, wanted in ({"long": LONG, "keyed": LONG} | wide).items():
            path = folder / f"{name}.csv"
            found[name] = {"file_mb": round(path.stat().st_size / 1e6, 1)}
            for step in wanted:
                found[name][step] = of_child(step, path)
                print(name, step, found[name][step], flush=True)
    args.results.write_text(json.dumps(machine() | found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
