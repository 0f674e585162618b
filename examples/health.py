"""A filled health table: holes in the records of heart patients, filled, with what is not known of them said.

    python examples/health.py [picture.svg]

The table (heart_cleveland.csv beside this file) is whole, so the truth is known: a fifth of four columns is hidden at
random and filled again. The picture shows each hidden heart rate, the guess, and the interval that should hold nine in
ten.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

import likewise as lw
from _svg import COLOURS, INK, Plot
from likewise.impute import pool, simulate_missing

COLUMN = "thalach"
"""The greatest heart rate reached, beats a minute."""


def main(out: Path = Path("health.svg")) -> None:
    truth = pl.read_csv(Path(__file__).parent / "heart_cleveland.csv")
    holes = simulate_missing(truth, "mcar", 0.2, columns=["trestbps", "chol", COLUMN, "oldpeak"], random_state=0)

    imputer = lw.Imputer(random_state=0).fit(holes)
    filled = imputer.transform(holes)
    low, high = imputer.intervals(holes, 0.9)
    print(f"holes: {sum(holes.null_count().row(0))}, left: {sum(filled.null_count().row(0))}")

    hidden = np.flatnonzero(holes[COLUMN].is_null().to_numpy())
    true, guess = (frame[COLUMN].to_numpy()[hidden] for frame in (truth, filled))
    ends = [frame[COLUMN].to_numpy()[hidden] for frame in (low, high)]
    inside = (ends[0] <= true) & (true <= ends[1])
    print(f"{COLUMN}: {len(hidden)} hidden, off by {np.abs(true - guess).mean():.1f} beats on average;")
    print(f"the 90 % interval holds {inside.mean():.0%} of them")

    # An estimate with its honest error: the mean over several fillings, pooled by Rubin's rules.
    tables = imputer.imputations(holes)
    values = [t[COLUMN].to_numpy() for t in tables]
    pooled = pool([v.mean() for v in values], [v.var(ddof=1) / len(v) for v in values], df_complete=len(truth) - 1)
    mean, error = float(pooled.estimate), float(pooled.error)
    print(f"mean, pooled: {mean:.1f} +- {error:.1f}; the truth is {truth[COLUMN].mean():.1f}")

    draw(true, guess, ends, inside, out)
    print(f"picture: {out}")


def draw(true: np.ndarray, guess: np.ndarray, ends: list[np.ndarray], inside: np.ndarray, out: Path) -> None:
    """Each hidden cell: the guess and its interval over the truth."""
    span = (60.0, 220.0)
    plot = Plot(
        f"Hidden heart rates, guessed: {inside.mean():.0%} of the truths lie in their 90 % interval",
        f"{len(true)} cells of 297 patients; on the line a guess is exact",
        x=span, y=span, x_label="true greatest heart rate (hidden)", y_label="filled in",
        size=(960, 640),
    )  # fmt: skip
    plot.line(span, span, colour=INK, width=1.5)
    for t, g, low, high, good in zip(true, guess, *ends, inside, strict=True):
        colour = COLOURS[0] if good else COLOURS[1]
        plot.line([t, t], [low, high], colour=colour, width=2, opacity=0.35)
        plot.point(t, g, colour=colour, radius=4)
    plot.legend([("truth inside the interval", COLOURS[0]), ("outside", COLOURS[1])])
    plot.save(out)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
