"""Run by a Python that has anjana: `_anjana_run.py ORDER.json`; prints what it did as JSON.

The order names a CSV, the quasi-identifiers, k, the suppression in per cent and each column's hierarchy.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from anjana.anonymity import k_anonymity, utils

order = json.loads(Path(sys.argv[1]).read_text())
data = pd.read_csv(order["csv"], keep_default_na=False)
names = order["quasi_identifiers"]
hierarchies = {}
for name in names:
    chains = order["hierarchies"][name]
    column = data[name]
    if name == "age":
        # As its README does: one entry a row, not one a value.
        values = column.to_numpy() if order["as_documented"] else np.sort(column.unique())
    else:
        values = np.array(sorted(column.unique()), dtype=object)
    steps = len(next(iter(chains.values())))
    hierarchies[name] = {0: values} | {
        i + 1: np.array([chains[str(v)][i] for v in values], dtype=object) for i in range(steps)
    }
started = time.process_time()
done = k_anonymity(data, [], names, order["k"], order["suppression"], hierarchies)
seconds = time.process_time() - started
levels = utils.get_transformation(done, names, hierarchies) if len(done) else None
sizes = done.groupby(names).size() if len(done) else pd.Series([0])
print(
    json.dumps(
        {
            "seconds": seconds,
            "rows": len(done),
            "k": int(sizes.min()),
            "levels": None if levels is None else dict(zip(names, map(int, levels), strict=True)),
            "version": version("anjana"),
        }
    )
)
