"""Fit one of SDV's synthesizers on a CSV, draw as many rows, write them; print one JSON line. Runs in SDV's own Python.

    python benchmarks/_sdv.py TVAESynthesizer train.csv out.csv

Its own defaults; as many threads as the process has processors, like ours.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
import sdv.single_table  # noqa: E402
import torch  # noqa: E402
from sdv.metadata import Metadata  # noqa: E402

name, train, out = sys.argv[1:4]
torch.set_num_threads(len(os.sched_getaffinity(0)))
frame = pd.read_csv(train)
metadata = Metadata.detect_from_dataframes({"table": frame})
options = {} if name == "GaussianCopulaSynthesizer" else {"enable_gpu": False}
began = time.perf_counter()
model = getattr(sdv.single_table, name)(metadata, **options)
model.fit({"table": frame})
fitted = time.perf_counter()
fake = model.sample(len(frame))
drawn = time.perf_counter()
(fake["table"] if isinstance(fake, dict) else fake).to_csv(out, index=False)
print(
    json.dumps(
        {
            "fit_s": round(fitted - began, 2),
            "sample_s": round(drawn - fitted, 3),
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "threads": torch.get_num_threads(),
            "sdv": version("sdv"),
        }
    )
)
