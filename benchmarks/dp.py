"""What a budget of differential privacy leaves of a table: our models and those of others, at the same budgets.

    python benchmarks/dp.py                        # goes on where it stopped; writes benchmarks/results/dp.json
    python benchmarks/dp.py --seconds 150          # the same, for so many CPU seconds
    python benchmarks/dp.py --only aim opendp-aim  # these models alone
    python benchmarks/dp.py --page                 # fills the table of docs/dp.md from the results

Adult: a random fifth is held out; delta 1e-6; epsilon .1, 1, 3 and 10; five seeds. Counted are the mean total variation
distance over all pairs and triples of columns (numbers cut at the public bins of `_dp_tables.py`), the AUC of XGBoost
that learns from the synthetic rows to predict the income of the held-out ones (tstr), the AUC of a classifier told to
find the synthetic rows (c2st; 0.5 is perfect), and CPU seconds of the fit. The `real` rows say what the real training
rows reach, and what as many real rows drawn anew would be off by.

A model of ours learns the table as it is, with the bounds and levels of the data dictionary declared, and pays for its
bins. Models named `-bins` learn numbers already cut at the public bins, as the rivals do: there the mechanisms meet on
one domain. Numbers are drawn evenly within a bin.

NIST: ten demographic columns of the excerpt of Massachusetts 2019, scored by the k-marginal score (0 to 1000, all pairs
of columns, age in fives of years); epsilon 1 and 10.

Rivals are run by the Pythons that LIKEWISE_OPENDP_PYTHON (with opendp[mbi]) and LIKEWISE_SMARTNOISE_PYTHON (with
smartnoise-synth) name, each for at most RIVAL_SECONDS of CPU; without them they are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _dp_tables import TABLES, Table, k_marginal, marginal_error
from _shared import ROOT, machine

import likewise as lw
from likewise.dp.accounting import boundary
from likewise.models import MODELS

RESULTS = ROOT / "benchmarks" / "results" / "dp.json"
PAGE = ROOT / "docs" / "dp.md"
MARKS = "<!-- benchmarks -->", "<!-- /benchmarks -->"
HERE = Path(__file__).parent

DELTA = 1e-6
EPSILONS = {"adult": (0.1, 1, 3, 10), "nist": (1, 10)}
SEEDS = 5
RIVAL_SECONDS = 300
OURS = ("mst", "aim", "mst-bins", "aim-bins", "autoregressive", "vae", "gan")
RIVALS = {"opendp-mst": "MST", "opendp-aim": "AIM", "smartnoise-mst": ""}
REAL = "real"
FIGURES = ("tv2", "tv3", "tstr", "c2st", "k_marginal", "fit_s")


def tasks(models: list[str], data: list[str], seeds: int) -> Iterator[tuple[str, str, float, int]]:
    """(data, model, epsilon, seed) of every run, a whole table of one seed after the other."""
    for name in data:
        if REAL in models:
            yield name, REAL, 0, 0
        for seed in range(seeds):
            for epsilon in EPSILONS[name]:
                yield from ((name, model, epsilon, seed) for model in models if model != REAL)


def run(table: Table, model: str, epsilon: float, seed: int) -> dict[str, Any] | None:
    """One model at one budget; None where it cannot be run here."""
    rng = np.random.default_rng(seed)
    if model == REAL:
        anew = table.train[rng.integers(0, len(table.train), len(table.train))]
        return figures(table, table.train if table.holdout is not None else anew, marginals_of=anew)
    if model in RIVALS:
        codes, facts = rival(table, model, epsilon)
        if codes is None:
            return facts
        return facts | figures(table, table.unbinned(codes, rng))
    kind = model.removesuffix("-bins")
    if not MODELS[kind].keeps_privacy:
        return None
    frame, schema = table.train, table.schema()
    if model.endswith("-bins"):
        names = [pl.Series(c, x.astype(str)) for c, x in zip(table.columns, table.bins(frame).T, strict=True)]
        frame, schema = pl.DataFrame(names), table.binned_schema()
    began = time.process_time()
    synth = lw.Synthesizer(kind, schema=schema, privacy=lw.DP(epsilon, DELTA), random_state=seed).fit(frame)
    facts = {"fit_s": round(time.process_time() - began, 1)}
    drawn = synth.sample(len(frame))
    if model.endswith("-bins"):
        drawn = table.unbinned(drawn.select(pl.all().cast(pl.Int64)).to_numpy(), rng)
    return facts | figures(table, drawn)


def figures(table: Table, drawn: pl.DataFrame, *, marginals_of: pl.DataFrame | None = None) -> dict[str, Any]:
    """All that is counted of a drawn table."""
    real, made = table.bins(table.train), table.bins(drawn if marginals_of is None else marginals_of)
    found = {f"tv{degree}": marginal_error(table, real, made, degree) for degree in (2, 3)}
    if table.name == "nist":
        found["k_marginal"] = k_marginal(table, real, made)
    if table.target is not None:
        report = lw.evaluate(
            table.train, drawn, holdout=table.holdout, target=table.target, schema=_plain_schema(table),
            learner="xgboost", measures=["detection", "utility"],
        )  # fmt: skip
        scores = {score.name: score.value for score in report.scores}
        found |= {"tstr": scores["tstr_auc"], "c2st": scores["c2st"]}
    return {name: round(float(value), 4) for name, value in found.items()}


def _plain_schema(table: Table) -> lw.Schema:
    """Kinds alone: a measure needs no declaration."""
    return lw.Schema(tuple(replace(c, bounds=None, levels=None) for c in table.schema()))


# ---- rivals ----------------------------------------------------------------------------------------------------------


def rival(table: Table, model: str, epsilon: float) -> tuple[np.ndarray | None, dict[str, Any] | None]:
    """What a rival drew, as bins, and its facts; (None, None) where it cannot be run."""
    variable = "LIKEWISE_OPENDP_PYTHON" if model.startswith("opendp") else "LIKEWISE_SMARTNOISE_PYTHON"
    python = os.environ.get(variable)
    if not python:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        codes, out = Path(folder) / "codes.csv", Path(folder) / "drawn.csv"
        pl.DataFrame(table.bins(table.train), schema=table.columns).write_csv(codes)
        asked = {"sizes": table.sizes, "rho": rho_by_conversion(epsilon, DELTA), "epsilon": epsilon, "delta": DELTA}
        script = "_dp_opendp.py" if model.startswith("opendp") else "_dp_smartnoise.py"
        command = [python, str(HERE / script), *filter(None, [RIVALS[model]]), str(codes), json.dumps(asked), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=_limit)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            told = (done.stderr.strip().splitlines() or [""])[-1][:200]
            late = done.returncode in (-9, -24)
            return None, {"failed": f"not done after {RIVAL_SECONDS} CPU seconds" if late else told}
        drawn = pl.read_csv(out).select(table.columns)
        return drawn.select(pl.all().cast(pl.Int64)).to_numpy(), json.loads(lines[-1])


def rho_by_conversion(epsilon: float, delta: float) -> float:
    """What rivals, who count in zero-concentrated privacy, may spend (Canonne et al. 2020, corollary 13)."""
    alpha = 1 + np.geomspace(1e-6, 1e6, 200_000)

    def is_within(rho: float) -> bool:
        log_delta = (alpha - 1) * (alpha * rho - epsilon) + alpha * np.log1p(-1 / alpha) - np.log(alpha - 1)
        return bool(log_delta.min() <= np.log(delta))

    return boundary(is_within, 0.0, 1.0, precision=1e-9)[0]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (RIVAL_SECONDS, RIVAL_SECONDS))


# ---- results ---------------------------------------------------------------------------------------------------------


def read(path: Path) -> list[dict[str, Any]]:
    """The runs so far."""
    return json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []


def write(path: Path, runs: list[dict[str, Any]]) -> None:
    """One line a run, in the order of the tables."""
    order = ("real", *OURS, *RIVALS)
    runs = sorted(runs, key=lambda r: (r["data"], r["epsilon"], order.index(r["model"]), r["seed"]))
    about = machine() | {"delta": DELTA, "rival_cpu_s": RIVAL_SECONDS}
    lines = ",\n".join(f"  {json.dumps(run)}" for run in runs)
    path.write_text(f'{{\n "about": {json.dumps(about)},\n "runs": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def means(runs: list[dict[str, Any]], data: str) -> list[dict[str, Any]]:
    """A line for each model and budget: the mean of every figure over the seeds, and how many there are."""
    found: dict[tuple[float, str], list[dict[str, Any]]] = {}
    for run_ in runs:
        if run_["data"] == data:
            found.setdefault((run_["epsilon"], run_["model"]), []).append(run_)
    lines = []
    for (epsilon, model), group in found.items():
        done = [r for r in group if "failed" not in r]
        line: dict[str, Any] = {"epsilon": epsilon, "model": model, "seeds": len(done)}
        line |= {f: float(np.mean([r[f] for r in done if f in r])) for f in FIGURES if any(f in r for r in done)}
        lines.append(line | ({"failed": group[0].get("failed", "")} if not done else {}))
    return lines


def page(runs: list[dict[str, Any]]) -> str:
    """The tables of docs/dp.md."""
    digits = {"tv2": 3, "tv3": 3, "tstr": 3, "c2st": 3, "k_marginal": 0, "fit_s": 1}
    parts = []
    for data, columns in (("adult", ("tv2", "tv3", "tstr", "c2st", "fit_s")), ("nist", ("k_marginal", "tv3", "fit_s"))):
        lines = means(runs, data)
        if not lines:
            continue
        heads = {"tv2": "pairs", "tv3": "triples", "tstr": "prediction", "c2st": "told apart", "fit_s": "fit CPU s"}
        heads |= {"k_marginal": "k-marginal"}
        parts += [f"| {data} | epsilon | {' | '.join(heads[c] for c in columns)} | seeds |"]
        parts += ["| --- | ---: |" + " ---: |" * (len(columns) + 1)]
        for line in lines:
            cells = [f"{line[c]:.{digits[c]}f}" if c in line else line.get("failed", "") for c in columns]
            epsilon = f"{line['epsilon']:g}" if line["epsilon"] else ""
            name = f"`{line['model']}`" if line["model"].removesuffix("-bins") in MODELS else line["model"]
            parts.append(f"| {name} | {epsilon} | {' | '.join(cells)} | {line['seeds']} |")
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="these models alone", choices=[REAL, *OURS, *RIVALS])
    parser.add_argument("--data", nargs="*", default=list(TABLES), choices=list(TABLES), help="these tables alone")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="runs of each model and budget")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no run after so many CPU seconds")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are and go")
    parser.add_argument("--page", action="store_true", help="fill the table of docs/dp.md and leave")
    asked = parser.parse_args()
    if asked.page:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{page(read(asked.results))}\n{MARKS[1]}{after}", encoding="utf-8")
        return
    warnings.simplefilter("ignore")
    tables: dict[str, Table] = {}
    keys = ("data", "model", "epsilon", "seed")
    for task in tasks(asked.only or [REAL, *OURS, *RIVALS], asked.data, asked.seeds):
        if any(tuple(r[k] for k in keys) == task for r in read(asked.results)):
            continue
        if time.process_time() > asked.seconds:
            print("stopped by --seconds; run again to go on")
            break
        data, model, epsilon, seed = task
        if data not in tables:
            tables[data] = TABLES[data]()
        found = run(tables[data], model, epsilon, seed)
        if found is None:
            continue
        made = dict(zip(keys, task, strict=True)) | found
        write(asked.results, [*read(asked.results), made])  # read anew: another run may have gone on meanwhile
        print(made, flush=True)


if __name__ == "__main__":
    main()
