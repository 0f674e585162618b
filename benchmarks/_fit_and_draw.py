"""Fit on a CSV, draw as many rows, write them; print one JSON line with seconds and peak memory.

    python benchmarks/_fit_and_draw.py train.csv out.csv '{"model": "vae"}' income balanced.csv

With a column and a second file: also draw as many rows for each of its levels, half of them each where there are two,
and tell how many have the level asked for.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import polars as pl
import torch  # imported before the clock starts, as the rivals' scripts do

import likewise as lw
from likewise.tables.files import read, write

train, out = sys.argv[1:3]
options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
frame = read(train)
began, worked = time.perf_counter(), time.process_time()
synth = lw.Synthesizer(random_state=0, **options).fit(frame)
fitted, worked = time.perf_counter(), time.process_time() - worked
fake = synth.sample()
drawn = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
again = synth.sample()
warm = time.perf_counter()
write(fake, out)
exact = {}
if len(sys.argv) > 5:
    target, second = sys.argv[4:6]
    levels = sorted(level for level in frame[target].unique().to_list() if level is not None)
    parts = [synth.sample(len(frame) // len(levels), where={target: level}) for level in levels]
    right = sum((part[target] == level).sum() for part, level in zip(parts, levels, strict=True))
    exact = {"label_exactness": right / sum(map(len, parts))}
    write(pl.concat(parts), second)
print(
    json.dumps(
        {
            "fit_s": round(fitted - began, 2),
            "fit_cpu_s": round(worked, 2),
            "sample_s": round(drawn - fitted, 3),
            "sample_warm_s": round(warm - drawn, 3),
            "rows_per_second": round(len(again) / (warm - drawn)),
            "epochs": synth.record_["epochs"],
            "rss_mb": peak,
            "threads": torch.get_num_threads(),
        }
        | exact
    )
)
