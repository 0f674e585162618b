"""Tables that tests of the studio open."""

from __future__ import annotations

import numpy as np
import polars as pl


def table() -> pl.DataFrame:
    """People with a rule between columns, a cell that is a formula, and one that is no number."""
    rng = np.random.default_rng(0)
    n = 300
    age = rng.integers(18, 90, n)
    return pl.DataFrame({
        "age": [str(a) for a in age],
        "sex": rng.choice(["Female", "Male"], n),
        "visits": [str(v) for v in rng.poisson(3, n)],
        "plan": rng.choice(["basic", "=plus", "-full"], n, p=[0.6, 0.3, 0.1]),
        "ill": np.where(rng.random(n) < age / 120, "yes", "no"),
    })  # fmt: skip
