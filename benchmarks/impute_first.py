"""Does it help to fill holes before a model is trained? The area under the curve of two learners on held-out rows.

    python benchmarks/impute_first.py    # writes results/impute_first.json

Ways: the holes as they are (boosting only), medians and most frequent levels, `Imputer`, and `Imputer` with a column a
hole that tells where it was. Five folds; what fills is learnt from the training fold alone. Tables whose cells are
missing as they came; where hardly any is, 20 % made missing because of what they hold. What is done is kept.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _shared import ROOT, machine, shared_folder
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from likewise import Imputer
from likewise.impute import simulate_missing

RESULTS = ROOT / "benchmarks" / "results" / "impute_first.json"
PAGE = ROOT / "docs" / "impute.md"
MOST_ROWS, FOLDS = 2_000, 5
WAYS = ("as they are", "medians", "Imputer", "Imputer, indicator")
TABLES = {
    "titanic": ("titanic.csv", "survived", ("alive",)),
    "nhanes": ("nhanes.csv", "Diabetes", ("ID",)),
    "horse_colic": ("horse_colic.csv", "surgical_lesion", ()),
    "hepatitis": ("hepatitis.csv", "class", ()),
    "stroke": ("stroke.csv", "Stroke", ("id",)),
    "adult": ("adult_train.csv", "income", ()),
}


def load(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Features and a 0/1 target, 2,000 rows at most; columns of a thousand texts are left out."""
    file, target, without = TABLES[name]
    tokens = ["", "?", "NA", "N/A"]
    frame = pl.read_csv(shared_folder() / "data" / file, null_values=tokens, infer_schema_length=None)
    target = next(c for c in frame.columns if c.lower() == target.lower())
    frame = frame.filter(pl.col(target).is_not_null())
    frame = frame.sample(min(len(frame), MOST_ROWS), seed=0)
    y = (frame[target].rank("dense") > 1).cast(pl.Int64).to_numpy()
    drop = [c for c in frame.columns if c.lower() in {target.lower(), *map(str.lower, without)}]
    drop += [c for c in frame.columns if frame[c].dtype == pl.String and frame[c].n_unique() > 50]
    drop += [c for c in frame.columns if frame[c].count() < 100]
    return frame.drop(drop).to_pandas(), y


def learner(kind: str, filled: str) -> Any:
    """A pipeline for a frame; medians are filled inside of it, so that they are those of the training fold."""
    numbers, texts = make_column_selector(dtype_include="number"), make_column_selector(dtype_exclude="number")
    fill = filled == "medians"
    if kind == "boosting":
        levels: Any = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=np.nan)
        columns = make_column_transformer(
            (SimpleImputer(strategy="median", keep_empty_features=True) if fill else "passthrough", numbers),
            (make_pipeline(_modes(), levels) if fill else levels, texts),
        )
        return make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()), numbers),
        (make_pipeline(_modes(), OneHotEncoder(handle_unknown="ignore")), texts),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=2_000))


def _modes() -> Any:
    return SimpleImputer(strategy="most_frequent", missing_values=None, keep_empty_features=True)


def scores(x: pd.DataFrame, y: np.ndarray) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y):
        a, b = x.iloc[train].reset_index(drop=True), x.iloc[test].reset_index(drop=True)
        made = {"as they are": (a, b), "medians": (a, b)}
        for way, marked in (("Imputer", False), ("Imputer, indicator", True)):
            filler = Imputer(random_state=0, add_indicator=marked, keep_empty_features=True).fit(a)
            made[way] = (filler.transform(a), filler.transform(b))
        for kind in ("boosting", "logistic"):
            for way, (a2, b2) in made.items():
                if kind == "logistic" and way == "as they are":
                    continue
                model = learner(kind, way).fit(_plain(a2), y[train])
                area = roc_auc_score(y[test], model.predict_proba(_plain(b2))[:, 1])
                found.setdefault(kind, {}).setdefault(way, []).append(area)
    return {k: {way: round(float(np.mean(v)), 4) for way, v in ways.items()} for k, ways in found.items()}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Truth values as numbers, missing texts as None."""
    out = frame.copy()
    for name in out:
        if pd.api.types.is_numeric_dtype(out[name]):
            out[name] = out[name].astype(float)
        else:
            out[name] = out[name].astype(object).where(out[name].notna(), None)
    return out


def main() -> None:
    done: dict[str, Any] = json.loads(RESULTS.read_text())["auc"] if RESULTS.exists() else {}
    for name in TABLES:
        x, y = load(name)
        # Cells as they are missing, and for a table with hardly any some more that hang on what they hold.
        for how in ("as they came", "mnar"):
            if f"{name}, {how}" in done or (how == "mnar") == bool(x.isna().mean().max() > 0.05):
                continue
            holed = x if how == "as they came" else simulate_missing(x, how, 0.2, random_state=0)
            done[f"{name}, {how}"] = scores(holed, y)
            print(name, how, done[f"{name}, {how}"], flush=True)
            RESULTS.write_text(json.dumps({**machine(), "auc": done}, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition("<!-- first -->")
    PAGE.write_text(f"{before}<!-- first -->\n{page(done)}<!-- /first -->{rest.partition('<!-- /first -->')[2]}")


def page(done: dict[str, Any]) -> str:
    """The table of docs/impute.md."""
    ways = [("boosting", way) for way in WAYS] + [("logistic", way) for way in WAYS[1:]]
    head = ["AUC, five folds", *(f"{kind}: {way}" for kind, way in ways)]
    lines = [head, ["---"] + ["---:"] * len(ways)]
    lines += [[case, *(f"{found[kind][way]:.3f}" for kind, way in ways)] for case, found in done.items()]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"\n{table}\n\nMade by `benchmarks/impute_first.py`; 2,000 rows at most.\n\n"


if __name__ == "__main__":
    main()
