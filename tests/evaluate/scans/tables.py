"""Tables that are measured in parts."""

from __future__ import annotations

import numpy as np
import polars as pl


def table(n: int, seed: int) -> pl.DataFrame:
    """Columns of every kind, of few values and of many, some of which only a few rows hold."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pl.DataFrame({
        "age": age, "town": np.array(["Ulm", "Bonn", "Jena", "Kiel"])[rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])],
        "rare": rng.choice([f"code {i}" for i in range(900)], n, p=(w := 0.995 ** np.arange(900)) / w.sum()),
        "paid": rng.gamma(2, age, n).round(1), "weight": rng.normal(age, 9), "ok": rng.random(n) < age / 100,
        "day": pl.Series(rng.integers(15_000, 16_000, n)).cast(pl.Int32).cast(pl.Date),
        "holes": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 5, n)),
    }).with_columns(
        pl.col("holes").fill_nan(None), pl.when(pl.Series(rng.random(n) > 0.02)).then("town").alias("town")
    )  # fmt: skip
