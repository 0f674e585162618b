"""What a private step of training costs beside a plain one: the same net, as many rows.

    python benchmarks/private_step.py        # writes benchmarks/results/private_step.json

CPU seconds of one thread, medians over the steps of a short fit to 8,192 rows of Adult. A private step takes a Poisson
sample of about as many rows as the plain step's batch; each step is taken whole, the generator's of a GAN included.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _dp_tables import TABLES
from _shared import ROOT, machine

import likewise as lw
from likewise.models.adversarial.losses import Alternating
from likewise.models.adversarial.private_duel import PrivateDuel
from likewise.training.loop import Descent
from likewise.training.private import PrivateDescent

RESULTS = ROOT / "benchmarks" / "results" / "private_step.json"
ROWS, EPOCHS = 8_192, 6
BATCHES = {"autoregressive": (512, 2_048), "vae": (512, 2_048), "gan": (512,), "ctgan": (512,)}
"""Under a budget GAN and CTGAN draw batches of a size of their own, so only there are the steps alike."""

MODELS: dict[str, dict[str, Any]] = {
    "autoregressive": {"d_embed": 8, "d_hidden": 32, "calibrate": 0},
    "vae": {"width": 64, "latent_dim": 8, "calibrate": 0, "dropout": 0.0},
    "gan": {"calibrate": 0},
    "ctgan": {"calibrate": 0, "pac": 1},
}


def timed(kind: type, seconds: dict[str, list[float]], name: str) -> None:
    """Have a class of steps note how long each takes."""
    call: Callable[..., Any] = kind.__call__

    def step(self: Any, *args: Any) -> Any:
        if type(self) is not kind:  # a part of another's step
            return call(self, *args)
        began = time.process_time()
        result = call(self, *args)
        seconds[name].append(time.process_time() - began)
        return result

    kind.__call__ = step  # type: ignore[method-assign]


def measure(frame: pl.DataFrame, schema: lw.Schema, seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    lines = []
    for model, options in MODELS.items():
        for batch in BATCHES[model]:
            seconds.clear()
            same: dict[str, Any] = {"schema": schema, "random_state": 0, "epochs": EPOCHS, **options}
            lw.Synthesizer(model, batch_size=batch, holdout=0, **same).fit(frame)
            budget = lw.DP(100.0, 1e-6)
            if model == "vae":
                same.pop("dropout")
            lw.Synthesizer(model, privacy=budget, sampling_rate=batch / ROWS, **same).fit(frame)
            plain, private = (1000 * float(np.median(seconds[name])) for name in ("plain", "private"))
            line = {"model": model, "rows": batch, "plain_ms": round(plain, 2), "private_ms": round(private, 2)}
            lines.append(line | {"times": round(private / plain, 2)})
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    results = parser.parse_args().results
    warnings.simplefilter("ignore", lw.LikewiseWarning)
    seconds: dict[str, list[float]] = defaultdict(list)
    for kind, name in (
        (Descent, "plain"),
        (Alternating, "plain"),
        (PrivateDescent, "private"),
        (PrivateDuel, "private"),
    ):
        timed(kind, seconds, name)
    table = TABLES["adult"]()
    lines = measure(table.train[:ROWS], table.schema(), seconds)
    results.write_text(json.dumps(machine() | {"steps": lines}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
