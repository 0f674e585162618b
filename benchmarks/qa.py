"""A rival's own judge: mostlyai-qa (Apache-2.0) over the tables of the main job, ours beside TabularARGN in one run.

    LIKEWISE_QA_PYTHON=... LIKEWISE_MOSTLY_PYTHON=... python benchmarks/qa.py adult --models autoregressive vae copula \
        --results benchmarks/results/qa.json

The split is that of `main_job`, and the judge sees train, synthetic and held-out rows. It runs in an environment of its
own, offline (HF_HUB_OFFLINE=1). Accuracy is what it says, beside the most that a fresh sample could score; the
discriminator's AUC is .5 where it cannot tell rows; DCR share is the share of rows nearer to training than to held-out
rows, .5 where none is remembered.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from main_job import DATA, commands, record, run, split

from likewise.tables.files import write

HERE = Path(__file__).parent

KEPT = {
    "accuracy": ("overall", "overall_max", "univariate", "bivariate", "trivariate"),
    "similarity": ("discriminator_auc_training_synthetic",),
    "distances": ("dcr_share", "ims_training"),
}
"""What is kept of its figures."""


def judged(table: Path, train: Path, holdout: Path) -> dict[str, Any]:
    """The judge's own figures, flat."""
    python = os.environ["LIKEWISE_QA_PYTHON"]
    command = [python, str(HERE / "_qa_run.py"), str(train), str(table), str(holdout)]
    said = run(command, HF_HUB_OFFLINE="1")
    if "failed" in said:
        return said
    return {name: said[part].get(name) for part, names in KEPT.items() if said.get(part) for name in names}


def bench(name: str, models: list[str], only: list[str] | None, keep: Path | None) -> list[dict[str, Any]]:
    train, holdout = split(name)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source, fresh = Path(folder) / "train.csv", Path(folder) / "holdout.csv"
        write(train, source)
        write(holdout, fresh)
        for model in commands(source, source, True, models):
            if only and model not in only:
                continue
            kept = keep / f"{name}-{model}.csv" if keep else None
            out = kept or Path(folder) / "out.csv"
            timing = {} if kept and kept.exists() else run(commands(source, out, True, models)[model])
            said = timing if "failed" in timing else judged(out, source, fresh)
            rows.append({"data": name, "model": model, **said})
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=list(DATA), help="which tables; all by default")
    parser.add_argument("--models", nargs="*", default=[], help="generators of ours to judge instead of the default")
    parser.add_argument("--only", nargs="*", help="only these, of ours and of the rivals")
    parser.add_argument("--keep", type=Path, help="tables drawn by `main_job --keep`, taken where they are")
    parser.add_argument("--results", type=Path, help="JSON file to write; other rows in it are kept")
    asked = parser.parse_args()
    if "LIKEWISE_QA_PYTHON" not in os.environ:
        raise SystemExit("name a Python that has mostlyai-qa in LIKEWISE_QA_PYTHON")
    for name in asked.data:
        rows = bench(name, asked.models, asked.only, asked.keep)
        if asked.results:
            record(asked.results, rows)


if __name__ == "__main__":
    main()
