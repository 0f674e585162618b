"""The protocol of the TabSyn paper (Zhang et al., ICLR 2024), of which most published tables of this field are made.

    python benchmarks/tabsyn.py adult shoppers beijing --results benchmarks/results/tabsyn.json

Split: the official one for Adult, else numpy's seed 1234 and nine rows in ten. As many synthetic as training rows, held
against the rows they were *learnt from*: shape (1 - KS or total variation of columns) and trend (correlations, and
contingency tables over ten bins of equal width) by sdmetrics with both thresholds 0 and every row; detection by
logistic regression and by XGBoost with defaults, 1 when they cannot tell; alpha-precision and beta-recall; what XGBoost
learnt from synthetic rows scores on the real test rows (MLE); of a model of one half, the share of rows nearer to it
than to the other half (DCR). `protected` is the default; `unprotected` keeps single rows' values, as the others do.

`--codec-only` trains nothing: the training rows through the codec, each drawn anew within its codes. That is what bins
and protection alone cost, and the least that any generator on these codes can reach.

What the protocol cannot see: a fresh real sample does not score 0, and what scores below it was fitted to the training
sample itself. So `floor` stands beside shape and trend (two real halves, as if each had the rows of the training
part), and `test_*` are the same figures against rows that no model saw. Needs sdmetrics, which is only run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
from _shared import machine, shared_folder
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, root_mean_squared_error
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler
from xgboost import XGBClassifier, XGBRegressor

import likewise as lw
from likewise.codecs.base import Codes
from likewise.codecs.table import TableCodec
from likewise.schema.infer import infer
from likewise.schema.parse import parse, restore

Floats = npt.NDArray[np.float64]

NUMBERS = {
    "adult": "age fnlwgt education-num capital-gain capital-loss hours-per-week",
    "shoppers": "Administrative Administrative_Duration Informational Informational_Duration ProductRelated "
    "ProductRelated_Duration BounceRates ExitRates PageValues SpecialDay",
    "beijing": "DEWP TEMP PRES Iws Is Ir pm2.5",
    "default": "LIMIT_BAL AGE BILL_AMT1 BILL_AMT2 BILL_AMT3 BILL_AMT4 BILL_AMT5 BILL_AMT6 PAY_AMT1 PAY_AMT2 PAY_AMT3 "
    "PAY_AMT4 PAY_AMT5 PAY_AMT6",
    "magic": "Length Width Size Conc Conc1 Asym M3Long M3Trans Alpha Dist",
}
TARGET = {"adult": "income", "shoppers": "Revenue", "beijing": "pm2.5", "default": "default payment next month",
          "magic": "class"}  # fmt: skip
PUBLISHED = {  # best published values, TabSyn, TabDiff and TabPC papers: shape, trend, XGBoost detection, MLE
    "adult": (0.58, 1.44, 0.86, 0.916), "shoppers": (0.90, 1.78, 0.89, 0.921), "beijing": (0.57, 2.19, 0.77, 0.555),
    "default": (0.54, 2.05, 0.59, 0.764), "magic": (0.78, 0.76, 0.86, 0.938),
}  # fmt: skip
CODEC_DRAWS = 3
MOST_NEAR = 3_000  # synthetic rows that ask for their nearest real row
GRID = list(itertools.product((10, 50, 100), (5, 10, 20), (1, 10), (0, 1)))


def split(name: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Training and test rows; None where the table is not there."""
    folder = shared_folder() / "data"
    if name == "adult":
        parts = [pl.read_csv(folder / f"adult_{part}.csv", infer_schema_length=None) for part in ("train", "test")]
        return parts[0], parts[1]
    if not (folder / f"{name}.csv").exists():
        return None
    table = pl.read_csv(folder / f"{name}.csv", infer_schema_length=None, null_values=["NA", ""]).drop_nulls()
    table = table.drop([c for c in ("No", "ID") if c in table.columns])
    order = np.random.default_rng(1234).permutation(len(table))
    cut = int(0.9 * len(table))
    return table[order[:cut]], table[order[cut:]]


def plain(table: pl.DataFrame, numbers: list[str]) -> pd.DataFrame:
    """Numbers as doubles, all else as text."""
    return table.select(
        pl.col(c).cast(pl.Float64) if c in numbers else pl.col(c).cast(pl.String).fill_null("nan")
        for c in table.columns
    ).to_pandas()


def shape_and_trend(real: pd.DataFrame, drawn: pd.DataFrame, numbers: list[str]) -> tuple[float, float]:
    """Errors in percent by sdmetrics, over every column and every pair."""
    from sdmetrics.reports.single_table import QualityReport

    report = QualityReport()
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.num_rows_subsample = None
    kinds = {c: {"sdtype": "numerical" if c in numbers else "categorical"} for c in real.columns}
    report.generate(real, drawn, {"columns": kinds}, verbose=False)
    parts = report.get_properties().set_index("Property")["Score"]
    return 100 * (1 - parts["Column Shapes"]), 100 * (1 - parts["Column Pair Trends"])


def matrices(tables: list[pd.DataFrame], numbers: list[str]) -> list[Floats]:
    """Numbers as they are, then levels one-hot."""
    every = pd.concat(tables, ignore_index=True)
    wide = np.hstack([every[numbers], pd.get_dummies(every.drop(columns=numbers)).to_numpy(np.float64)])
    return np.split(wide, np.cumsum([len(t) for t in tables])[:-1])


def detection(real: Floats, drawn: Floats, judge: Any) -> float:
    """1 - (2 AUC - 1), the AUC of three folds floored at a half."""
    x, y = np.vstack([real, drawn]), np.r_[np.ones(len(real)), np.zeros(len(drawn))]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    chance = cross_val_predict(judge, x, y, cv=folds, method="predict_proba")[:, 1]
    areas = [max(0.5, roc_auc_score(y[test], chance[test])) for _, test in folds.split(x, y)]
    return float(2 - 2 * np.mean(areas))


def alpha_beta(real: Floats, drawn: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """The naive alpha-precision and beta-recall of synthcity, in percent, on 3,000 rows of either."""
    low, width = real.min(0), np.ptp(real, axis=0)
    real, drawn = (
        (m[rng.permutation(len(m))[:MOST_NEAR]] - low) / np.where(width > 0, width, 1) for m in (real, drawn)
    )
    levels = np.linspace(0, 1, 30)
    from_real, from_drawn = np.linalg.norm(real - real.mean(0), axis=1), np.linalg.norm(drawn - real.mean(0), axis=1)
    alpha = (from_drawn[:, None] <= np.quantile(from_real, levels)).mean(0)
    centre = drawn.mean(0)
    near, nearest = cdist(real, drawn), cdist(real, real)
    np.fill_diagonal(nearest, np.inf)
    at = near.argmin(1)
    covered = near[np.arange(len(real)), at] <= nearest.min(1)
    radius = np.linalg.norm(drawn - centre, axis=1)
    beta = (covered[:, None] & (radius[at][:, None] <= np.quantile(radius, levels))).mean(0)
    return tuple(float(100 * (1 - np.abs(levels - curve).sum() / levels.sum())) for curve in (alpha, beta))


def utility(drawn: pd.DataFrame, test: pd.DataFrame, numbers: list[str], target: str) -> float:
    """AUC, or RMSE of the logarithm, on real test rows, of the best of 36 forests by a ninth of the synthetic rows."""
    regression = target in numbers
    names = [c for c in numbers if c != target]
    x, x_test = matrices([t.drop(columns=target) for t in (drawn, test)], names)
    if regression:
        y, y_test = (np.log(np.clip(t[target], 1, 20_000)).to_numpy() for t in (drawn, test))
    else:
        rare = test[target].value_counts().index[-1]
        y, y_test = ((t[target] == rare).to_numpy(np.int64) for t in (drawn, test))
    order = np.random.default_rng(0).permutation(len(x))
    kept, rest = order[: len(x) * 8 // 9], order[len(x) * 8 // 9 :]

    def scored(model: Any, at: Floats, truth: Floats) -> float:
        if regression:
            return float(root_mean_squared_error(truth, model.predict(at)))
        return float(roc_auc_score(truth, model.predict_proba(at)[:, 1]))

    found = []
    for trees, depth, weight, gamma in GRID:
        kind = XGBRegressor if regression else XGBClassifier
        model = kind(
            n_estimators=trees, max_depth=depth, min_child_weight=weight, gamma=gamma, n_jobs=1, random_state=0
        )
        model.fit(x[kept], y[kept])
        found.append((scored(model, x[rest], y[rest]), model))
    best = (min if regression else max)(found, key=lambda pair: pair[0])[1]
    return scored(best, x_test, y_test)


def dcr(half: Floats, other: Floats, drawn: Floats) -> float:
    """Percent of rows whose nearest row, by the sum of differences, is in the half that was learnt."""
    width = np.ptp(np.vstack([half, other]), axis=0)
    half, other, drawn = (m / np.where(width > 0, width, 1) for m in (half, other, drawn[:MOST_NEAR]))
    a, b = (cdist(drawn, side, "cityblock").min(1) for side in (half, other))
    return float(100 * ((a < b).mean() + (a == b).mean() / 2))


def rows_of(table: pl.DataFrame, options: lw.CodecOptions, seed: int) -> tuple[pl.DataFrame, float]:
    start = time.process_time()
    drawn = lw.Synthesizer(codec=options, random_state=seed).fit(table).sample(len(table), random_state=seed)
    return drawn.select(table.columns), time.process_time() - start


def through_codec(table: pl.DataFrame, options: lw.CodecOptions, seed: int) -> pl.DataFrame:
    """The rows themselves, each drawn anew within its codes."""
    schema, rng = infer(table), np.random.default_rng(seed)
    canonical = parse(table, schema)
    codec = TableCodec.fit(canonical, schema, options)
    codes = codec.encode(canonical)
    drawn = codec.decode(Codes(codes.codes, rng.random(codes.fractions.shape, dtype=np.float32)), rng=rng)
    return restore(drawn, schema).select(table.columns)


def bench(name: str, seed: int, *, codec_only: bool) -> list[dict[str, Any]]:
    parts = split(name)
    if parts is None:
        print(f"{name}: no such table in the shared folder, left out")
        return []
    numbers, target = NUMBERS[name].split(), TARGET[name]
    train, test = (plain(part, numbers) for part in parts)
    rng = np.random.default_rng(seed)
    every = pd.concat([train, test], ignore_index=True).sample(frac=1, random_state=seed, ignore_index=True)
    half = len(every) // 2
    floor = [e * np.sqrt(half / len(train)) for e in shape_and_trend(every[:half], every[half:], numbers)]
    results = []
    for kind, options in (("protected", lw.CodecOptions()), ("unprotected", lw.CodecOptions(protect=False))):
        if codec_only:
            draws = [plain(through_codec(parts[0], options, seed + i), numbers) for i in range(CODEC_DRAWS)]
            shape, trend = np.mean([shape_and_trend(train, drawn, numbers) for drawn in draws], axis=0).tolist()
            results.append({
                "data": name, "rows": len(train), "seed": seed, "kind": f"codec, {kind}", "shape": shape,
                "shape_floor": floor[0], "trend": trend, "trend_floor": floor[1],
                "published": dict(zip(("shape", "trend"), PUBLISHED[name], strict=False)),
            })  # fmt: skip
            print(json.dumps(results[-1]), flush=True)
            continue
        table, seconds = rows_of(parts[0], options, seed)
        drawn = plain(table, numbers)
        shape, trend = shape_and_trend(train, drawn, numbers)
        test_shape, test_trend = shape_and_trend(test, drawn, numbers)
        real, fresh, fake = matrices([train, test, drawn], numbers)
        linear = make_pipeline(RobustScaler(), LogisticRegression(max_iter=300))
        trees = XGBClassifier(n_jobs=1, random_state=0)
        alpha, beta = alpha_beta(real, fake, rng)
        order = rng.permutation(len(real))
        learnt, other = parts[0][order[: len(order) // 2]], parts[0][order[len(order) // 2 :]]
        of_half, _ = rows_of(learnt, options, seed)
        near = dcr(*matrices([plain(t, numbers) for t in (learnt, other, of_half)], numbers))
        results.append({
            "data": name, "rows": len(train), "seed": seed, "kind": kind, "cpu_seconds": round(seconds, 1),
            "shape": shape, "shape_floor": floor[0], "trend": trend, "trend_floor": floor[1],
            "test_shape": test_shape, "test_trend": test_trend,
            "lr_detection": detection(real, fake, linear), "xgb_detection": detection(real, fake, trees),
            "test_xgb_detection": detection(fresh, fake[: len(fresh)], trees),
            "alpha": alpha, "beta": beta, "mle": utility(drawn, test, numbers, target),
            "mle_real": utility(train, test, numbers, target), "dcr_share": near,
            "published": dict(zip(("shape", "trend", "xgb_detection", "mle"), PUBLISHED[name], strict=True)),
        })  # fmt: skip
        print(json.dumps(results[-1]), flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=list(NUMBERS), help="which tables; all by default")
    parser.add_argument("--codec-only", action="store_true", help="what the codec alone costs; trains nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON file to write; other tables in it are kept")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in asked.data:
        rows = bench(name, asked.seed, codec_only=asked.codec_only)
        if asked.results and rows:
            old = json.loads(asked.results.read_text())["results"] if asked.results.exists() else []
            mine = {(row["data"], row["kind"]) for row in rows}
            kept = [row for row in old if (row["data"], row["kind"]) not in mine]
            asked.results.write_text(json.dumps({**machine(), "results": kept + rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
