"""One person unlike all others, in forty tables of two kinds: what of them leaves.

    python benchmarks/canaries.py            # writes benchmarks/results/canaries.json

Each table goes through the command line: rows, model file, schema, terminal, and with the quick model the report and
its figures for ten of them. In tables of one row a person the canary is a row; in payrolls of twelve rows a person it
has twelve, and nobody says whose they are. Looked for is every text and figure of the canary, every key of anybody,
and rows that hold what together tells who somebody is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from _shared import ROOT, machine

sys.path.insert(0, str(ROOT))

from tests.canaries import TABLES, leaks_in_bytes, leaks_in_model, leaks_in_rows

from likewise.tables import files

RESULTS = ROOT / "benchmarks" / "results" / "canaries.json"
SEEDS = 40
MODELS = {"copula": SEEDS, "cart": SEEDS, "autoregressive": 5}
MEASURED, REPORTS = "copula", 10


def likewise(*words: str, folder: Path) -> bytes:
    """Run the command line in a folder; what it says on both streams."""
    command = [sys.executable, "-c", "from likewise.cli.app import main; main()", *words]
    answer = subprocess.run(command, cwd=folder, capture_output=True)
    if answer.returncode:
        raise SystemExit(answer.stderr.decode())
    return answer.stdout + answer.stderr


def leaks(table: str, model: str, seed: int, folder: Path, *, with_report: bool) -> list[str]:
    """What of the canary of one table left by one run."""
    planted = TABLES[table](seed)
    files.write(planted.frame, folder / "real.csv")
    measure = ["--report", "r.html", "--json", "r.json"] if with_report else ["--no-measure"]
    learn = ["synth", "real.csv", "-o", "fake.csv", "--model", model, "--seed", str(seed), "--save", "m.likewise"]
    said = likewise(*learn, *measure, folder=folder)
    said += likewise("inspect", "real.csv", "--json", "schema.json", folder=folder)
    found = [*leaks_in_rows(planted, files.read(folder / "fake.csv")), *leaks_in_model(planted, folder / "m.likewise")]
    found += leaks_in_bytes(planted, "terminal", said)
    for file in folder.iterdir():
        if file.name != "real.csv":
            found += leaks_in_bytes(planted, file.name, file.read_bytes())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="tables of each kind, at most")
    asked = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for table in TABLES:
        for model, most in MODELS.items():
            seeds = min(asked.seeds, most)
            found: Counter[str] = Counter()
            for seed in range(seeds):
                with tempfile.TemporaryDirectory() as folder:
                    report = model == MEASURED and seed < REPORTS
                    found.update(set(leaks(table, model, 1_000 + seed, Path(folder), with_report=report)))
            reports = min(seeds, REPORTS) if model == MEASURED else 0
            lines.append({"table": table, "model": model, "tables": seeds, "reports": reports, "leaks": dict(found)})
            print(lines[-1], flush=True)
    RESULTS.write_text(json.dumps({**machine(), "runs": lines}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
