"""Fraud-like balance: does adding rows of a rare class help the classifier? Asked before it is done.

    python examples/fraud.py [picture.svg]

The embedded census data stands in for transactions: of the people who earn more than 50K only so many are kept that
they make up 2 in 100. The picture shows what each way of balancing gains over none at all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from _svg import COLOURS, INK, Plot
from likewise.balance import Oversampler, compare
from likewise.data import adult

METHODS = ("random", "smotenc", "copula", "autoregressive")


def rare(n_common: int, n_rare: int) -> pl.DataFrame:
    """Census rows of which 2 in 100 are of the class we look for."""
    frame = adult()
    rng = np.random.default_rng(0)
    is_rare = (frame["income"] == ">50K").to_numpy()
    chosen = [rng.choice(np.flatnonzero(of), n, replace=False) for of, n in ((~is_rare, n_common), (is_rare, n_rare))]
    return frame[np.sort(np.concatenate(chosen))]


def main(out: Path = Path("fraud.svg"), n_common: int = 4_900, n_rare: int = 100) -> None:
    frame = rare(n_common, n_rare)
    x, y = frame.drop("income"), frame["income"]

    answer = compare(x, y, methods=METHODS, folds=3, random_state=0)
    for sentence in answer.verdicts("auprc"):
        print(sentence)

    sampler = Oversampler("autoregressive", random_state=0)
    _, balanced = sampler.fit_resample(x, y)
    print(f"balanced: {balanced.value_counts().sort('income').rows()}")
    print("the rows given come first, untouched:", balanced[: len(y)].equals(y))

    lines = [line for line in answer.lines if line.measure == "auprc" and line.method in METHODS]
    reach = max(abs(end) for line in lines for end in line.interval)
    plot = Plot(
        "What does balancing gain?",
        f"Gain in AUPRC over no balancing, with 95 % interval; {n_rare} rare rows among {n_common:,} others",
        x=(-reach, reach), x_label="gain in AUPRC (right is better)", rows=METHODS,
    )  # fmt: skip
    plot.line([0, 0], list(plot.y), colour=INK, width=1.5)
    for line in lines:
        c = answer.classifiers.index(line.classifier)
        place = METHODS.index(line.method) + 0.2 * (c - 1)
        plot.whisker(*line.interval, place, colour=COLOURS[c])
        plot.point(line.gain, place, colour=COLOURS[c], radius=5)
    plot.legend([(name, COLOURS[c]) for c, name in enumerate(answer.classifiers)])
    plot.save(out)
    print(f"picture: {out}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
