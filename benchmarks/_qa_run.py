"""What mostlyai-qa says of a table; runs in a Python that has it. Prints one JSON line.

python benchmarks/_qa_run.py train.csv synthetic.csv holdout.csv
"""

import json
import sys
import tempfile
from pathlib import Path

import pandas as pd
from mostlyai import qa

train, synthetic, holdout = (pd.read_csv(path) for path in sys.argv[1:4])
with tempfile.TemporaryDirectory() as folder:
    page = Path(folder) / "page.html"
    _, metrics = qa.report(
        syn_tgt_data=synthetic, trn_tgt_data=train, hol_tgt_data=holdout, report_path=page, statistics_path=folder
    )
print(json.dumps(metrics.model_dump()))
