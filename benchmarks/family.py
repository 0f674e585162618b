"""The family of generators beside the rivals of their names: same split, same machine, same run.

    python benchmarks/family.py adult --models vae gan --keep drawn --results benchmarks/results/family.json

Protocol, data and measures are those of `main_job.py`. Beside them: `coverage`, the share of the real levels with at
least five rows that the synthetic table holds, over all columns of levels. Models that take `condition_on` run a second
time with the target told (`likewise-vae-told`): `label_exactness` is the share of the rows drawn for a class that have
it, and `tstr_balanced` the score of a model learnt from a table of which each class is one half. The number of threads
is recorded, not chosen: bind the process to the processors it may use (`taskset -c 0,1`).

Rivals are taken from the folder of `--keep`: for SDV's TVAE on Adult, what it drew in `adult-sdv-tvae.csv` and its
timing in `adult-sdv-tvae.json`. Where they are absent it is run by the Python that LIKEWISE_SDV_PYTHON names, and what
it drew is kept there. What a model of ours drew is kept, and taken, in the same way. CART and TabularARGN are those of
`main_job.py --rivals`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from main_job import DATA, figures, record, run, show, split
from main_job import commands as main_commands

import likewise as lw
from likewise.models import MODELS
from likewise.schema.column import Kind
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.tables.files import read, write

HERE = Path(__file__).parent
DEFAULT = "autoregressive"
SDV = {"sdv-tvae": "TVAESynthesizer", "sdv-ctgan": "CTGANSynthesizer", "sdv-copula": "GaussianCopulaSynthesizer"}
RIVALS = (*SDV, "cart", "tabularargn")
LEAST_ROWS = 5
"""Rows of a real level from which it counts: rarer ones are held back on purpose."""


def name_of(model: str, *, told: bool = False) -> str:
    """What a generator of ours is called in the results."""
    return "likewise" + ("" if model == DEFAULT else f"-{model}") + ("-told" if told else "")


def takes_labels(model: str) -> bool:
    return "condition_on" in MODELS[model]().options()


def command(model: str, source: Path, out: Path, target: str, balanced: Path | None) -> list[str] | None:
    """What to run for one model or rival; None where it cannot be run here."""
    if model in SDV:
        python = os.environ.get("LIKEWISE_SDV_PYTHON")
        return [python, str(HERE / "_sdv.py"), SDV[model], str(source), str(out)] if python else None
    if model in RIVALS:
        return main_commands(source, out, rivals=True, models=[]).get(model)
    kind = model.removeprefix("likewise").removesuffix("-told").removeprefix("-") or DEFAULT
    options: dict[str, Any] = {"model": kind} | ({"condition_on": [target]} if model.endswith("-told") else {})
    more = [target, str(balanced)] if balanced else []
    return [sys.executable, str(HERE / "_fit_and_draw.py"), str(source), str(out), json.dumps(options), *more]


def coverage(train: pl.DataFrame, table: pl.DataFrame) -> float | None:
    """Share of the levels with LEAST_ROWS training rows or more that the table holds; None without such columns."""
    schema = infer(train)
    real, drawn = parse(train, schema), parse(table, schema)
    seen = wanted = 0
    for column in schema:
        if column.is_modelled and column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
            counts = real[column.name].drop_nulls().value_counts()
            levels = set(counts.filter(pl.col("count") >= LEAST_ROWS)[column.name].to_list())
            wanted, seen = wanted + len(levels), seen + len(levels & set(drawn[column.name].unique().to_list()))
    return seen / wanted if wanted else None


def balanced_utility(train: pl.DataFrame, drawn: pl.DataFrame, holdout: pl.DataFrame, target: str) -> dict[str, Any]:
    """The main figure of prediction, learnt from a table of which each class is one half."""
    report = lw.evaluate(
        train, drawn, holdout=holdout, target=target, schema=infer(train), learner="xgboost", measures=["utility"]
    )
    score = next(s for s in report.scores if s.name.startswith("tstr"))
    interval = list(score.interval) if score.interval else None
    return {"tstr_balanced": {"value": score.value, "floor": score.floor, "interval": interval}}


def bench(data: str, models: list[str], keep: Path) -> list[dict[str, Any]]:
    """A row of results for each model that could be run or was kept."""
    (train, holdout), target, rows = split(data), DATA[data][1], []
    is_binary = train[target].drop_nulls().n_unique() == 2
    source = keep / f"{data}-train.csv"
    write(train, source)
    for model in models:
        if model.endswith("-told") and not is_binary:
            continue
        out, facts = keep / f"{data}-{model}.csv", keep / f"{data}-{model}.json"
        balanced = keep / f"{data}-{model}-balanced.csv" if model.endswith("-told") else None
        timing = json.loads(facts.read_text()) if facts.exists() else {}
        if not out.exists():
            asked = command(model, source, out, target, balanced)
            if asked is None:
                print(f"{data} {model}: not run, there is no Python for it and nothing was kept", flush=True)
                continue
            timing = run(asked)
            if "failed" not in timing:
                facts.write_text(json.dumps(timing) + "\n")
        if "failed" not in timing:
            drawn = read(out)
            timing |= figures(train, drawn, holdout, target)
            timing["coverage"] = {"value": coverage(train, drawn), "floor": coverage(train, holdout), "interval": None}
            if balanced is not None and balanced.exists():
                timing |= balanced_utility(train, read(balanced), holdout, target)
        rows.append({"data": data, "rows": len(train), "columns": train.width, **timing, "model": model})
        show(rows[-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["adult"], help="which tables; Adult by default")
    parser.add_argument("--models", nargs="*", default=list(MODELS), help="generators of ours; all by default")
    parser.add_argument("--rivals", nargs="*", default=list(SDV), choices=RIVALS, help="those of SDV by default")
    parser.add_argument("--keep", type=Path, help="keep drawn tables and timings here, and take them where they are")
    parser.add_argument("--results", type=Path, help="JSON file to write; other rows in it are kept")
    asked = parser.parse_args()
    models = [name_of(m) for m in asked.models] + [name_of(m, told=True) for m in asked.models if takes_labels(m)]
    with tempfile.TemporaryDirectory() as folder:
        keep = asked.keep or Path(folder)
        keep.mkdir(parents=True, exist_ok=True)
        for data in asked.data:
            rows = bench(data, [*models, *asked.rivals], keep)
            if asked.results:
                record(asked.results, rows)


if __name__ == "__main__":
    main()
