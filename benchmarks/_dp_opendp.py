"""Fit opendp's AIM or MST on a table of bins, draw as many rows; print a JSON line. Runs in a Python with opendp[mbi].

    python benchmarks/_dp_opendp.py AIM codes.csv '{"sizes": [...], "rho": .02}' out.csv

Its own defaults. The bins are declared as the keys of every column, so no part of the budget looks for them.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import opendp.prelude as dp
import polars as pl

name, codes, asked, out = sys.argv[1:5]
options = json.loads(asked)
dp.enable_features("contrib")
frame = pl.read_csv(codes)
keys = {column: list(range(size)) for column, size in zip(frame.columns, options["sizes"], strict=True)}
began = time.process_time()
for tries in range(8):
    # Its shares of a budget may add up to more than the whole by a rounding; a budget a hair smaller then fits.
    rho = round(options["rho"] * (1 - 0.001 * tries), 6)
    loss, unit = dp.loss_of(rho=rho), dp.unit_of(contributions=1)
    context = dp.Context.compositor(data=frame.lazy(), privacy_unit=unit, privacy_loss=loss)
    try:
        table = context.query(rho=rho).contingency_table(keys=keys, algorithm=getattr(dp.mbi, name)()).release()
        break
    except dp.OpenDPException as error:
        if "insufficient budget" not in str(error):
            raise
fitted = time.process_time()
drawn = table.synthesize(len(frame))
drawn.write_csv(out)
print(json.dumps({"fit_s": round(fitted - began, 2), "rho": rho, "opendp": version("opendp"), "mbi": version("mbi")}))
