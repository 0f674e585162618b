"""Other imputers on one table: `python _impute_rivals.py NAME HOLES.npz OUT.npz M SEED`, in the Python that has them.

HOLES.npz holds `x` (n, C) with NaN and `n_levels` (C,); OUT.npz gets `filled` (m, n, C) and `seconds` of this process.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np


def main() -> None:
    name, source, target, m, seed = sys.argv[1:]
    data = np.load(source)
    x, n_levels = data["x"], data["n_levels"]
    warnings.simplefilter("ignore")
    run = {"miceforest": miceforest, "missforest": missforest, "iterative": iterative}[name]
    warm_up = np.random.default_rng(0).normal(size=(60, 3))
    warm_up[::5, 0] = np.nan
    run(warm_up, [0, 0, 0], 1, 0)  # imports are not the method's time
    start = time.process_time()
    filled = run(x, n_levels, int(m), int(seed))
    np.savez(target, filled=filled, seconds=time.process_time() - start)


def frame_of(x, n_levels):
    import pandas as pd

    frame = pd.DataFrame({f"v{j}": x[:, j] for j in range(x.shape[1])})
    for j, k in enumerate(n_levels):
        if k:
            frame[f"v{j}"] = frame[f"v{j}"].astype("Int64").astype("category")
    return frame


def matrix_of(frame):
    return np.column_stack([frame[c].astype(object).to_numpy(float, na_value=np.nan) for c in frame.columns])


def miceforest(x, n_levels, m, seed):
    """Its own defaults, five iterations. Where a model is sure of a level its mean matching takes the logarithm of 0
    and stops; then it runs with the strategy that matches no means of levels, "fast"."""
    import miceforest as mf

    for strategy in ("normal", "fast"):
        kernel = mf.ImputationKernel(
            frame_of(x, n_levels), num_datasets=m, random_state=seed, mean_match_strategy=strategy
        )
        try:
            kernel.mice(5, num_threads=1)
        except ValueError:
            if strategy == "fast":
                raise
            continue
        break
    return np.stack([matrix_of(kernel.complete_data(k)) for k in range(m)])


def missforest(x, n_levels, m, seed):
    """Stekhoven and Buehlmann (2012) with scikit-learn's forests: 100 trees, sqrt of the columns a cut, until the
    change grows, five rounds at most. The package of that name takes no random forests on mixed columns."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    holes, codes = np.isnan(x), np.asarray(n_levels) > 0
    filled = x.copy()
    for j in range(x.shape[1]):
        known = x[~holes[:, j], j]
        filled[holes[:, j], j] = np.bincount(known.astype(int)).argmax() if codes[j] else known.mean()
    before = (np.inf, np.inf)
    for _ in range(5):
        last = filled.copy()
        for j in np.argsort(holes.sum(0), kind="stable"):
            gone = holes[:, j]
            if not gone.any():
                continue
            kind = RandomForestClassifier if codes[j] else RandomForestRegressor
            others = np.delete(filled, j, 1)
            forest = kind(100, max_features="sqrt", random_state=seed).fit(others[~gone], x[~gone, j])
            filled[gone, j] = forest.predict(others[gone])
        change = (
            ((filled - last)[:, ~codes] ** 2).sum() / max((filled[:, ~codes] ** 2).sum(), 1e-12),
            (filled != last)[:, codes].sum() / max(holes[:, codes].sum(), 1),
        )
        if change[0] >= before[0] and change[1] >= before[1]:
            return last[None]
        before = change
    return filled[None]


def iterative(x, n_levels, m, seed):
    """scikit-learn's IterativeImputer as it comes (Bayesian ridge), levels one-hot and the largest taken."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    parts, widths = [], []
    for j, k in enumerate(n_levels):
        part = (x[:, [j]] == np.arange(k)).astype(float) if k else x[:, [j]].copy()
        part[np.isnan(x[:, j])] = np.nan
        parts.append(part)
        widths.append(part.shape[1])
    made = IterativeImputer(random_state=seed).fit_transform(np.concatenate(parts, 1))
    out, at = x.copy(), 0
    for j, (k, width) in enumerate(zip(n_levels, widths, strict=True)):
        part = made[:, at : at + width]
        holes = np.isnan(x[:, j])
        out[holes, j] = part[holes].argmax(1) if k else part[holes, 0]
        at += width
    return out[None]


if __name__ == "__main__":
    main()
