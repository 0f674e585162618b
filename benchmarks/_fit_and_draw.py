"""Fit on a CSV, draw as many rows, write them; print one JSON line with seconds and peak memory."""

from __future__ import annotations

import json
import resource
import sys
import time

import torch  # noqa: F401 - imported before the clock starts, as the rivals' scripts do

import likewise as lw
from likewise.io import read, write

train, out = sys.argv[1:3]
options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
frame = read(train)
began = time.perf_counter()
synth = lw.Synthesizer(random_state=0, **options).fit(frame)
fitted = time.perf_counter()
fake = synth.sample()
drawn = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
again = synth.sample()
warm = time.perf_counter()
write(fake, out)
print(
    json.dumps(
        {
            "fit_s": round(fitted - began, 2),
            "sample_s": round(drawn - fitted, 3),
            "sample_warm_s": round(warm - drawn, 3),
            "rows_per_second": round(len(again) / (warm - drawn)),
            "epochs": synth.record_["epochs"],
            "rss_mb": peak,
        }
    )
)
