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
for tries in range(40):
    # Its shares of a budget may add up to more than the whole by a rounding; a budget a hair smaller then fits.
    rho = options["rho"] * (1 - 0.0007 * tries)
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
# It knows a missing value in every column, which noise gives some rows; here none can be missing.
drawn.with_columns(pl.col(c).fill_null(pl.col(c).drop_nulls().mode().min()) for c in keys).write_csv(out)
facts = {"fit_s": round(fitted - began, 2), "rho": round(rho, 6), "opendp": version("opendp"), "mbi": version("mbi")}
print(json.dumps(facts))
