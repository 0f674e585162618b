"""A CART chain (synthpop, Nowok, Raab and Dibben 2016): one tree a column, values drawn from its leaves' real rows."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

train, out = sys.argv[1:3]
min_leaf = int(sys.argv[3]) if len(sys.argv) > 3 else 5
frame = pd.read_csv(train)
n, rng = len(frame), np.random.default_rng(0)
began = time.perf_counter()
levels: dict[int, np.ndarray] = {}
x = np.zeros((n, frame.shape[1]))
for j, name in enumerate(frame):
    column = frame[name]
    if column.dtype.kind in "if":
        x[:, j] = column.fillna(column.min() - 1e6)  # missing as a value of its own, far below
    else:
        levels[j], x[:, j] = np.unique(column.fillna("").astype(str), return_inverse=True)
leaves = []
for j in range(1, x.shape[1]):
    kind = DecisionTreeClassifier if j in levels else DecisionTreeRegressor
    tree = kind(min_samples_leaf=min_leaf, random_state=0).fit(x[:, :j], x[:, j])
    leaf = tree.apply(x[:, :j])
    order = np.argsort(leaf, kind="stable")
    leaves.append((tree, leaf[order], x[order, j]))
fitted = time.perf_counter()
drawn = np.zeros_like(x)
drawn[:, 0] = rng.choice(x[:, 0], n)
for j, (tree, leaf, values) in enumerate(leaves, 1):
    at = tree.apply(drawn[:, :j])
    first, last = np.searchsorted(leaf, at, "left"), np.searchsorted(leaf, at, "right")
    drawn[:, j] = values[first + (rng.random(n) * (last - first)).astype(int)]
ended = time.perf_counter()
result = pd.DataFrame(
    {c: levels[j][drawn[:, j].astype(int)] if j in levels else drawn[:, j] for j, c in enumerate(frame)}
)
for name in frame:
    if frame[name].dtype.kind == "i":
        result[name] = result[name].astype(int)
    elif frame[name].dtype.kind == "f":
        result.loc[result[name] < frame[name].min() - 1, name] = np.nan
result.to_csv(out, index=False)
print(json.dumps({"fit_s": round(fitted - began, 2), "sample_s": round(ended - fitted, 2)}))
