"""How long the measures take: Adult at full size, `shape` and `trend` beside sdmetrics, a million rows, 1,000 columns.

    python benchmarks/evaluation_speed.py --results benchmarks/results/evaluation_speed.json

Each case runs in a process of its own, so that its peak memory is its own. The million rows are made here: ten normal
columns and ten of levels that hang together through a hidden one. `wide` is columns and pairs with their floors and
intervals, for 1,000 rows of 64, 300 and 1,000 columns, half of them numbers, in seconds of one processor. `--only` runs
one case anew and keeps the others as they are; each carries the commit it was measured at.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine

import likewise as lw
from likewise.data import adult
from likewise.schema.infer import infer
from likewise.schema.parse import parse


def adult_parts() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """26,049 training rows, as many drawn by the copula (how well does not matter here), 6,512 held out."""
    frame = adult()
    rows = np.random.default_rng(0).permutation(len(frame))
    train, holdout = frame[rows[6_512:]], frame[rows[:6_512]]
    return train, lw.Synthesizer("copula", random_state=0).fit(train).sample(), holdout


def adult_standard() -> dict[str, Any]:
    train, fake, holdout = adult_parts()
    return timed(train, fake, holdout, "income")


def shape_and_trend() -> dict[str, Any]:
    """The same two figures, ours and sdmetrics' QualityReport."""
    from sdmetrics.reports.single_table import QualityReport

    from likewise.evaluate.fidelity import fidelity
    from likewise.evaluate.tables import type_tables

    train, fake, _ = adult_parts()
    schema = infer(train)
    real, made = parse(train, schema), parse(fake, schema)
    ours = []
    for _ in range(5):
        began = time.perf_counter()
        a, b = type_tables([real, made], schema)
        fidelity(a, [b], rng=np.random.default_rng(0))
        ours.append(time.perf_counter() - began)
    kinds = {c.name: "numerical" if c.kind in ("integer", "real") else "categorical" for c in schema}
    metadata = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    pair = train.to_pandas(), fake.to_pandas()
    theirs = []
    for _ in range(3):
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            QualityReport().generate(*pair, metadata, verbose=False)
        theirs.append(time.perf_counter() - began)
    return {
        "seconds": round(min(ours), 3),
        "sdmetrics_seconds": round(min(theirs), 3),
        "times": round(min(theirs) / min(ours), 1),
    }


def million() -> dict[str, Any]:
    real, fake, holdout = (million_rows(n, seed) for n, seed in ((1_000_000, 0), (1_000_000, 1), (250_000, 2)))
    return timed(real, fake, holdout, "c3")


def timed(real: pl.DataFrame, fake: pl.DataFrame, holdout: pl.DataFrame, target: str) -> dict[str, Any]:
    """On a busy machine, of which `load` tells, processor time is what counts."""
    began, busy = time.perf_counter(), time.process_time()
    lw.evaluate(real, fake, holdout=holdout, target=target)
    spent = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - busy}
    return {name: round(value, 1) for name, value in spent.items()} | {"load": round(os.getloadavg()[0], 1)} | peak()


def million_rows(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=n)
    columns: dict[str, Any] = {f"x{i}": hidden * 0.3 * i + rng.normal(size=n) for i in range(10)}
    for i in range(10):
        levels = rng.integers(0, 3 + 3 * i, n) + (hidden > 0) * (i % 3)
        columns[f"c{i}"] = ("level " + pl.Series(levels).cast(pl.String)).alias(f"c{i}")
    return pl.DataFrame(columns)


def wide() -> dict[str, Any]:
    from likewise.evaluate.scoring import fidelity
    from likewise.evaluate.scoring.context import Context

    found = {}
    for columns in (64, 300, 1_000):
        frames = {
            role: wide_rows(n, columns, seed)
            for seed, (role, n) in enumerate({"real": 1_000, "synthetic": 1_000, "holdout": 500}.items())
        }
        schema = infer(frames["real"], entity=False)
        parsed = {role: parse(frame, schema, partial=True) for role, frame in frames.items()}
        began = time.process_time()
        run = Context(schema, parsed, None, None, 0, "linear", frozenset())
        list(fidelity.marginal_scores(run, *fidelity.measure(run)))
        found[f"seconds_{columns}"] = round(time.process_time() - began, 2)
    return {**found, **peak()}


def wide_rows(n: int, columns: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=n)
    return pl.DataFrame(
        {
            f"c{i}": 0.5 * hidden + rng.normal(size=n)
            if i % 2
            else pl.Series(rng.integers(0, 3 + i % 9, n)).cast(pl.String)
            for i in range(columns)
        }
    )


def peak() -> dict[str, int]:
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


CASES = {"adult_standard": adult_standard, "shape_and_trend": shape_and_trend, "million_rows": million, "wide": wide}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, help="run one case here and print it")
    parser.add_argument("--only", choices=CASES, help="run this case alone anew, and keep the others' results")
    parser.add_argument("--results", type=Path)
    asked = parser.parse_args()
    if asked.case:
        print(json.dumps(CASES[asked.case]()))
        return
    about = machine()
    result = json.loads(asked.results.read_text()) if asked.only and asked.results else about
    for case in [asked.only] if asked.only else CASES:
        done = subprocess.run([sys.executable, __file__, "--case", case], capture_output=True, text=True, check=True)
        result[case] = {**json.loads(done.stdout.splitlines()[-1]), "commit": about["commit"]}
        print(case, result[case], flush=True)
    if asked.results:
        asked.results.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
