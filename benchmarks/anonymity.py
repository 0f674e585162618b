"""How fast and how good the anonymiser is: `python benchmarks/anonymity.py [--out FILE] [--note TEXT]`.

1. Mondrian on Adult, 8 quasi-identifiers, k = 10: what it loses, beside the published figures (strict 12.19 %, relaxed
   24.91 %), as sets and as those figures count (levels by rank).
2. The lattice on Adult with the usual hierarchies: time, loss, whether proven.
3. anjana 1.2 on the same rows, hierarchies, k and suppression, where LIKEWISE_ANJANA names a Python that has it.
4. A million rows by 8 quasi-identifiers, each in a process of its own: time and peak memory.

Times are seconds of CPU on one thread, of both sides alike.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _adult_hierarchies import chains
from _shared import machine

import likewise as lw
from likewise.data import adult
from likewise.privacy.encoding import encode
from likewise.privacy.hierarchies import from_dict
from likewise.privacy.nodes import cell_losses

EIGHT = ["age", "workclass", "education-num", "marital-status", "occupation", "race", "sex", "native-country"]
SEVEN = ["age", "education", "marital-status", "occupation", "sex", "native-country", "race"]
RESULTS = Path(__file__).resolve().parent / "results"


def rank_gcp(frame: pl.DataFrame, released: pl.DataFrame, names: list[str]) -> float:
    """The loss as the published figures count it: a class spans its levels by rank, in (max - min) / (levels - 1)."""
    total = 0.0
    groups = released.select(names).with_row_index("row").group_by(names).agg("row")["row"].to_list()
    for name in names:
        column = encode(frame[name])
        for rows in groups:
            codes = column.codes[rows]
            total += len(rows) * float(column.position[codes.max()] - column.position[codes.min()])
    return total / (len(names) * frame.height)


def mondrian_on_adult() -> list[dict[str, Any]]:
    # The published figures leave out the rows with unknown cells.
    frame = adult().filter(~pl.any_horizontal(pl.col(pl.String) == "?"))
    out = []
    for method, published in (("mondrian", 0.1219), ("mondrian-relaxed", 0.2491)):
        seconds, done = timed(
            lambda method=method: lw.privacy.anonymize(frame, quasi_identifiers=EIGHT, k=10, method=method)
        )
        out.append(
            {
                "method": method, "rows": frame.height, "k": 10, "seconds": seconds, "gcp": done.report.gcp,
                "gcp_by_rank": rank_gcp(frame, done.frame, EIGHT), "published_gcp": published,
                "classes": done.report.measures.n_classes,
            }
        )  # fmt: skip
    return out


def lattice_on_adult() -> list[dict[str, Any]]:
    frame = adult()
    ladders = chains(frame)
    out = []
    for names in (SEVEN[:6], SEVEN, [*SEVEN, "workclass"]):
        for share in (0.0, 0.02, 0.5):
            seconds, done = timed(lambda names=names, share=share: lattice(frame, names, ladders, share))
            report = done.report
            out.append(
                {
                    "quasi_identifiers": len(names), "max_suppression": share, "seconds": seconds, "gcp": report.gcp,
                    "optimal": report.optimal, "nodes": report.n_nodes, "checked": report.n_checked,
                    "suppressed": report.n_suppressed,
                }
            )  # fmt: skip
    return out


def lattice(frame: pl.DataFrame, names: list[str], ladders: dict[str, Any], share: float) -> Any:
    return lw.privacy.anonymize(
        frame, quasi_identifiers=names, k=10, method="lattice", max_suppression=share,
        hierarchies={n: ladders[n] for n in names},
    )  # fmt: skip


def beside_anjana(python: str) -> list[dict[str, Any]]:
    """The same order for both: 26,049 rows of Adult, 7 quasi-identifiers, k = 10."""
    frame = adult().head(26_049)
    ladders = chains(frame)
    out = []
    for share in (0.02, 0.5):
        seconds, ours = timed(lambda share=share: lattice(frame, SEVEN, ladders, share))
        mondrian_seconds, _ = timed(lambda: lw.privacy.anonymize(frame, quasi_identifiers=SEVEN, k=10))
        for as_documented in (True, False):
            theirs = anjana(python, frame, ladders, share, as_documented)
            if theirs["levels"]:
                theirs["gcp"] = gcp_of(frame, theirs["levels"], theirs["rows"], ladders)
            out.append(
                {
                    "max_suppression": share, "age_hierarchy_as_in_its_readme": as_documented, "anjana": theirs,
                    "likewise_lattice": {"seconds": seconds, "gcp": ours.report.gcp, "optimal": ours.report.optimal},
                    "likewise_mondrian_seconds": mondrian_seconds,
                    "times_faster": theirs["seconds"] / seconds,
                    "times_faster_mondrian": theirs["seconds"] / mondrian_seconds,
                }
            )  # fmt: skip
    return out


def anjana(python: str, frame: pl.DataFrame, ladders: dict[str, Any], share: float, as_documented: bool) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adult.csv"
        frame.write_csv(path)
        order = Path(folder) / "order.json"
        order.write_text(
            json.dumps(
                {
                    "csv": str(path), "quasi_identifiers": SEVEN, "k": 10, "suppression": 100 * share,
                    "as_documented": as_documented,
                    "hierarchies": {n: {str(v): c for v, c in ladders[n].items()} for n in SEVEN},
                }
            )
        )  # fmt: skip
        call = [python, str(Path(__file__).with_name("_anjana_run.py")), str(order)]
        answer = subprocess.run(call, capture_output=True, text=True, check=True)
        return json.loads(answer.stdout.strip().splitlines()[-1])


def gcp_of(frame: pl.DataFrame, levels: dict[str, int], rows: int, ladders: dict[str, Any]) -> float:
    """About what a full-domain recoding loses, by our definition; rows it dropped are taken as average ones."""
    kept = rows / frame.height
    parts = []
    for name, level in levels.items():
        column = encode(frame[name], from_dict(ladders[name]))
        losses = cell_losses(column)
        parts.append(kept * float(losses[min(level, len(losses) - 1)][column.codes].mean()) + 1 - kept)
    return float(np.mean(parts))


def million(kind: str) -> dict[str, Any]:
    """One run over a million rows, in this process."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    if kind.startswith("adult"):
        frame = adult()[rng.integers(0, 32_561, n)].select([*EIGHT, "income"])
        frame = frame.with_columns((pl.col("age") + pl.Series(rng.integers(-3, 4, n))).alias("age"))
        names = EIGHT
    else:
        # Nearly every row differs: four numbers with many values, four columns of levels.
        columns: dict[str, Any] = {f"x{i}": np.round(rng.gamma(2.0, 10.0, n), 2) for i in range(4)}
        columns |= {f"c{i}": rng.integers(0, size, n).astype(str) for i, size in enumerate((2, 5, 20, 100))}
        frame = pl.DataFrame(columns).with_columns(pl.Series("income", rng.choice(["a", "b"], n)))
        names = [c for c in frame.columns if c != "income"]
    options: dict[str, Any] = {}
    if kind.endswith("lattice"):
        # The limit is on the clock, which other work may fill; what is told is seconds of CPU.
        options = {"method": "lattice", "max_suppression": 0.02, "max_seconds": 120}
    if kind.endswith("diverse"):
        options = {"sensitive": "income", "l": 2}
    before = peak_mb()
    seconds, done = timed(lambda: lw.privacy.anonymize(frame, quasi_identifiers=names, k=10, **options))
    report = done.report
    return {
        "kind": kind, "rows": n, "quasi_identifiers": len(names), "seconds": seconds, "peak_mb": peak_mb(),
        "peak_mb_before": before, "gcp": report.gcp, "classes": report.measures.n_classes, "optimal": report.optimal,
    }  # fmt: skip


def timed(work: Any) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


KINDS = ("adult", "adult-diverse", "adult-lattice", "spread", "spread-diverse", "spread-lattice")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS / "anonymity.json")
    parser.add_argument("--note", default="", help="a word on the state of the machine")
    parser.add_argument("--million", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.million:
        print(json.dumps(million(options.million)))
        return
    lw.privacy.anonymize(adult().head(500), quasi_identifiers=SEVEN, k=5, method="lattice")  # imports and caches
    python = os.environ.get("LIKEWISE_ANJANA")
    result = machine() | {
        "note": options.note,
        "mondrian_on_adult": mondrian_on_adult(),
        "lattice_on_adult": lattice_on_adult(),
        "beside_anjana": beside_anjana(python) if python else None,
        "million_rows": [
            json.loads(subprocess.run([sys.executable, __file__, "--million", kind], capture_output=True, text=True,
                                      check=True).stdout)
            for kind in KINDS
        ],
    }  # fmt: skip
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(options.out.name)


if __name__ == "__main__":
    main()
