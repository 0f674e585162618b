"""A crash: what a fall of a fifth in one day leads to, beside an ordinary year.

    python examples/crash.py [picture.svg [prices.csv price-column]]

Without a file it takes a made-up market: twelve years of returns with heavy tails, clustered volatility and falls that
frighten more than rises please (GJR-GARCH with Student's t), the features that real prices show.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from _svg import COLOURS, INK, Plot
from likewise.scenario import Paths, var_es

HORIZON = 250


def market(n: int = 3000) -> pl.DataFrame:
    """(n,) prices of a made-up market."""
    rng = np.random.default_rng(7)
    noise = rng.standard_t(5, n) / np.sqrt(5 / 3)
    returns, variance = np.zeros(n), 1e-4
    for i in range(n):  # each day depends on the one before
        returns[i] = np.sqrt(variance) * noise[i]
        variance = 1.5e-6 + (0.03 + 0.12 * (returns[i] < 0)) * returns[i] ** 2 + 0.895 * variance
    return pl.DataFrame({"price": 100 * np.exp(np.cumsum(returns + 2e-4))})


def main(out: Path = Path("crash.svg"), prices: Path | None = None, column: str = "price", n: int = 2000) -> None:
    frame = market() if prices is None else pl.read_csv(prices).select(column)
    paths = Paths([column], transform="returns", random_state=0).fit(frame)

    calm = paths.sample(n, HORIZON, random_state=1)
    crash = paths.sample(n, HORIZON, shock={column: -0.2}, at=5, random_state=1)
    for name, draw in (("an ordinary year", calm), ("after the crash", crash)):
        value_at_risk, shortfall = var_es(draw.steps[:, 6:16, 0].sum(1), 0.99)
        print(f"{name}: ten-day 99 % value at risk {value_at_risk:.1%}, expected shortfall {shortfall:.1%}")

    last = calm.values[0, 0, 0]
    days = list(range(HORIZON + 1))
    plot = Plot(
        "The year after a fall of a fifth",
        f"{n:,} paths of each kind: the middle half, nine in ten, and a few single ones",
        x=(0, HORIZON), y=(30, 150), x_label="trading days", y_label="price, today = 100",
    )  # fmt: skip
    for draw, colour in ((calm, COLOURS[0]), (crash, COLOURS[1])):
        level = 100 * draw.values[:, :, 0] / last
        q05, q25, q50, q75, q95 = np.quantile(level, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
        plot.band(days, q05, q95, colour=colour, opacity=0.13)
        plot.band(days, q25, q75, colour=colour, opacity=0.22)
        for path in level[:3]:
            plot.line(days, path, colour=colour, width=0.8, opacity=0.7)
        plot.line(days, q50, colour=colour, width=3)
    plot.line([0, HORIZON], [100, 100], colour=INK, width=0.8)
    plot.legend([("an ordinary year", COLOURS[0]), ("a fall of 20 % on day 5", COLOURS[1])])
    plot.save(out)
    print(f"picture: {out}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*map(Path, arguments[:2]), *arguments[2:3])
