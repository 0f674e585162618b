"""Fit smartnoise-synth's MST on a table of bins, draw as many rows; print one JSON line. Runs in a Python that has it.

    python benchmarks/_dp_smartnoise.py codes.csv '{"epsilon": 1, "delta": 1e-6}' out.csv

Its own defaults. It takes the levels of every column from the rows, at no cost, and stores their exact number.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
from snsynth.mst import MSTSynthesizer  # noqa: E402

codes, asked, out = sys.argv[1:4]
options = json.loads(asked)
frame = pd.read_csv(codes)
began = time.process_time()
model = MSTSynthesizer(epsilon=float(options["epsilon"]), delta=options["delta"])
model.fit(frame, categorical_columns=list(frame.columns), preprocessor_eps=0.0)
fitted = time.process_time()
model.sample(len(frame)).to_csv(out, index=False)
print(json.dumps({"fit_s": round(fitted - began, 2), "smartnoise-synth": version("smartnoise-synth")}))
