"""How near filled cells come to the truth, and how fast.

    python benchmarks/impute.py                            # goes on where it stopped; writes results/impute.json
    python benchmarks/impute.py --only mixed/titanic --method miceforest --seconds 100
    python benchmarks/impute.py --page                     # fills the tables of docs/impute.md from the results

1. "small": 20 % of cells missing completely at random in all columns but the target (the last), as Jolicoeur-Martineau,
   Fatras and Kachman (2024) do on 26 tables; here the 17 that can be had offline, 2,000 rows of each at most.
2. "mixed": Adult, NHANES (23 columns of adults) and Titanic, 2,000 rows at most, MCAR, MAR and MNAR at 10, 30 and 50 %.
3. "methods": every method of ours on six tables of both.

Beside ours run scikit-learn's IterativeImputer, MissForest (its algorithm over scikit-learn's forests) and, where
LIKEWISE_MICEFOREST names a Python that has it, miceforest. Seconds are processor time of one thread. What is done is
kept in the results file, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _impute_sets import MIXED, SMALL, as_frame, load
from _impute_tables import fill, summary
from _shared import ROOT, machine

from likewise.impute import Imputer, score_imputation, simulate_missing

RESULTS = ROOT / "benchmarks" / "results" / "impute.json"
PAGE = ROOT / "docs" / "impute.md"
M = 5
INTERVAL_DRAWS = 60
ALL_METHODS = ("forest", "boosting", "autoregressive", "vae", "gan")
METHOD_TABLES = ("iris", "glass", "concrete", "wine_red", "titanic", "adult")
SEEDS = (0, 1)
LIMIT = 900
"""Seconds that a rival may take on one table."""

Case = tuple[str, str, str, float, int]


def cases() -> Iterator[tuple[Case, tuple[str, ...]]]:
    """(suite, table, mechanism, share, seed) and the methods to run on it."""
    for seed in SEEDS:
        for name in SMALL:
            yield ("small", name, "mcar", 0.2, seed), ("forest", "iterative", "miceforest", "missforest")
        for share in (0.3, 0.1, 0.5):
            for mechanism in ("mcar", "mar", "mnar"):
                for name in MIXED:
                    yield ("mixed", name, mechanism, share, seed), ("forest", "iterative", "miceforest")
    for name in METHOD_TABLES:
        yield ("methods", name, "mcar", 0.2, 0), ALL_METHODS


def ours(method: str, truth: Any, holed: Any, schema: Any, seed: int) -> dict[str, Any]:
    start = time.process_time()
    imputer = Imputer(method, schema=schema, random_state=seed).fit(holed)
    best = imputer.transform(holed)
    seconds = time.process_time() - start
    start = time.process_time()
    draws = imputer.imputations(holed, n_imputations=M)
    more = time.process_time() - start
    many = imputer.imputations(holed, n_imputations=INTERVAL_DRAWS)
    score = _figures(truth, holed, best, schema)
    return {
        "seconds": seconds, "seconds_draws": more, "best": score, "draws": _figures(truth, holed, draws, schema),
        "coverage": _figures(truth, holed, many, schema)["coverage"],
    }  # fmt: skip


def _figures(truth: Any, holed: Any, filled: Any, schema: Any) -> dict[str, Any]:
    score = score_imputation(truth, holed, filled, schema=schema)
    n = np.array([c.n_holes for c in score.columns], float)
    return {
        "avg_mae": score.avg_mae, "min_mae": score.min_mae, "coverage": score.coverage, "n_holes": score.n_holes,
        "drift": float(np.average([c.drift for c in score.columns], weights=n)),
    }  # fmt: skip


def rival(
    name: str, x: Any, n_levels: list[int], seed: int, frame: Callable[[Any], Any], truth: Any, schema: Any
) -> Any:
    python = os.environ.get("LIKEWISE_MICEFOREST") if name == "miceforest" else sys.executable
    if not python:
        return None
    m = M if name == "miceforest" else 1
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "holes.npz", Path(folder) / "out.npz"
        np.savez(source, x=x, n_levels=np.array(n_levels))
        call = [python, str(Path(__file__).with_name("_impute_rivals.py")), name, source, target, str(m), str(seed)]
        try:
            words = [str(word) for word in call]
            done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, close_fds=False)
        except subprocess.TimeoutExpired:
            return {"failed": f"stopped after {LIMIT} s"}
        if done.returncode:
            return {"failed": done.stderr.strip().splitlines()[-1][:200]}
        out = np.load(target)
        filled, seconds = out["filled"], float(out["seconds"])
    if np.isnan(filled).any():
        return {"failed": "left cells missing", "seconds": seconds}
    holed, tables = frame(x), [frame(table) for table in filled]
    result = {"seconds": seconds / m, "best": _figures(truth, holed, tables[0], schema)}
    if m > 1:
        result["draws"] = _figures(truth, holed, tables, schema)
        result["best"] = _figures(truth, holed, frame(_pooled(filled, n_levels)), schema)
        result["seconds_all"] = seconds
    return result


def _pooled(filled: Any, n_levels: list[int]) -> Any:
    """The middle of several filled tables, cell by cell: what they say in one."""
    out = np.median(filled, axis=0)
    for j, k in enumerate(n_levels):
        if k:
            out[:, j] = np.stack([(filled[:, :, j] == code).sum(0) for code in range(k)]).argmax(0)
    return out


def run(case: Case, method: str) -> Any:
    suite, name, mechanism, share, seed = case
    x, n_levels = load(name)
    truth, schema = as_frame(x, n_levels)
    columns = truth.columns[:-1] if suite != "mixed" else truth.columns
    holed = simulate_missing(truth, mechanism, share, columns=columns, random_state=seed)
    if method not in ("iterative", "miceforest", "missforest"):
        return ours(method, truth, holed, schema, seed)
    gone = np.column_stack([holed[c].is_null().to_numpy() for c in holed.columns])
    return rival(name=method, x=np.where(gone, np.nan, x), n_levels=n_levels, seed=seed,
                 frame=lambda matrix: as_frame(matrix, n_levels)[0], truth=truth, schema=schema)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start nothing new after so many")
    parser.add_argument("--only", default="", help="run what has this text in its key, such as small/iris or 0.5/0/")
    parser.add_argument("--method", default="", help="run this method only, or these, with commas between")
    parser.add_argument("--redo", action="store_true", help="run again what is done already")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are and go")
    parser.add_argument("--page", action="store_true", help="fill the tables of docs/impute.md and leave")
    options = parser.parse_args()
    if options.page:
        PAGE.write_text(fill(PAGE.read_text(), read(options.results)["results"]))
        return
    begun = time.perf_counter()
    for key, case, method in chosen(options.only, options.method):
        if "best" in read(options.results)["results"].get(key, {}) and not options.redo:
            continue
        if time.perf_counter() - begun > options.seconds:
            print("stopped by --seconds; run again to go on")
            break
        result = run(case, method)
        if result is None:
            continue
        record = read(options.results)  # anew: another run may have gone on meanwhile
        record["results"][key] = result
        record |= machine() | {"summary": summary(record["results"])}
        options.results.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        print(key, f"{result.get('seconds', 0):.1f}", result.get("failed", ""), flush=True)


def chosen(only: str, method: str) -> Iterator[tuple[str, Case, str]]:
    """(key, case, method) of what is asked for."""
    wanted = method.split(",") if method else []
    for case, methods in cases():
        for name in methods:
            key = "/".join([*map(str, case), name])
            if only in key and (not wanted or name in wanted):
                yield key, case, name


def read(path: Path) -> dict[str, Any]:
    """What has been measured so far."""
    return json.loads(path.read_text()) if path.exists() else {"results": {}}


if __name__ == "__main__":
    main()
