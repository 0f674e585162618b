"""What share of the machine's matrix peak training reaches, and where the rest of the time goes.

    python benchmarks/training_profile.py --results benchmarks/results/training_profile.json

The floor of a training step is its multiplications over the machine's measured peak. Everything is measured on one
thread and in seconds of the processor. The profiler's own cost is left out of the step time, which is measured without
it; the shares are of the profiled run. The results keep a row for each commit, the last one first: run it from a
checkout of an older one to put both side by side.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _shared import machine
from torch.profiler import ProfilerActivity, profile

import likewise as lw
from likewise.codecs.base import Alphabet, Codes
from likewise.codecs.table import TableCodec
from likewise.data import adult
from likewise.models.base import Fit
from likewise.models.gradient.inputs import N_KNOTS
from likewise.schema.infer import infer
from likewise.schema.parse import parse

BATCH, EPOCHS, REPEATS = 512, 4, 3
KINDS = {
    "matrix products": ("mm", "bmm", "addmm", "addmm_", "baddbmm"),
    "copies and casts": ("copy_", "cat", "fill_", "index", "clone", "_to_copy", "index_select"),
    "embedding": ("embedding_dense_backward", "embedding", "index_add_"),
    "softmax and loss": (
        "_softmax",
        "logsumexp",
        "exp_",
        "sub",
        "amax",
        "gather",
        "scatter_add_",
        "log",
        "_Likelihood",
        "_LikelihoodBackward",
        "_CrossEntropy",
        "_CrossEntropyBackward",
    ),
    "elementwise": (
        "mul",
        "mul_",
        "add",
        "add_",
        "threshold_backward",
        "clamp_min",
        "clamp_min_",
        "relu_",
        "div",
        "sum",
        "ge",
        "uniform_",
    ),
    "optimiser": ("_fused_adamw_", "_foreach_add_", "_foreach_mul", "_foreach_mul_", "_foreach_clamp_min_"),
}


def peak(dtype: torch.dtype, size: int = 2048, repeats: int = 20) -> float:
    """Measured matrix peak in GFLOP/s: the best of several products."""
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        a @ b
        best = min(best, time.process_time() - began)
    return 2 * size**3 / best / 1e9


def flops_a_row(alphabet: Alphabet, d_embed: int, d_hidden: int) -> float:
    """Multiplications and additions of one row, forward and backward (twice forward), masked blocks counted."""
    n = len(alphabet.fields)
    products = n * d_embed * n * d_hidden + n * d_hidden**2 + sum(alphabet.sizes) * d_hidden
    return 6.0 * products


def flops_a_step(alphabet: Alphabet, d_embed: int, d_hidden: int) -> float:
    """The ordinal parts of the tables, paid once a step whatever the batch."""
    return 6.0 * sum(alphabet.sizes) * (N_KNOTS + 1) * (d_embed + d_hidden)


def fit(codes: Codes, alphabet: Alphabet) -> None:
    model = lw.Autoregressive(epochs=EPOCHS, batch_size=BATCH, calibrate=0)
    model.fit(Fit.of(codes, codes[:0], alphabet, rng=np.random.default_rng(0)))


def seconds_of(codes: Codes, alphabet: Alphabet) -> float:
    began = time.process_time()
    fit(codes, alphabet)
    return time.process_time() - began


def where_time_goes(codes: Codes, alphabet: Alphabet) -> dict[str, float]:
    """Share of the profiled time of each kind of operation."""
    with profile(activities=[ProfilerActivity.CPU]) as run:
        fit(codes, alphabet)
    own = {event.key.removeprefix("aten::"): event.self_cpu_time_total for event in run.key_averages()}
    total = sum(own.values())
    shares = {kind: sum(own.get(name, 0.0) for name in names) / total for kind, names in KINDS.items()}
    return {**shares, "launching and everything else": 1 - sum(shares.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path)
    asked = parser.parse_args()
    facts, frame = machine(), adult()
    schema = infer(frame)
    table = parse(frame, schema)
    codec = TableCodec.fit(table, schema)
    codes, alphabet = codec.encode(table), codec.alphabet
    torch.set_num_threads(1)
    fit(codes[:2048], alphabet)
    seconds = min(seconds_of(codes, alphabet) for _ in range(REPEATS))
    steps = len(codes) // BATCH * EPOCHS
    work = steps * (BATCH * flops_a_row(alphabet, 16, 64) + flops_a_step(alphabet, 16, 64))
    peaks = {str(dtype).removeprefix("torch."): round(peak(dtype)) for dtype in (torch.float32, torch.bfloat16)}
    result: dict[str, Any] = {
        **facts,
        "batch": BATCH,
        "peak_gflops": peaks,
        "step_ms": round(1e3 * seconds / steps, 2),
        "gflop_a_step": round(work / steps / 1e9, 3),
        "reached_gflops": round(work / seconds / 1e9),
        "share_of_bf16_peak": round(work / seconds / 1e9 / peaks["bfloat16"], 3),
        "floor_ms": round(1e3 * work / steps / 1e9 / peaks["bfloat16"], 2),
        "where_time_goes": {kind: round(share, 3) for kind, share in where_time_goes(codes, alphabet).items()},
    }
    print(json.dumps(result, indent=1))
    if asked.results:
        old = json.loads(asked.results.read_text()) if asked.results.exists() else []
        rows = [result, *(row for row in old if row["commit"] != result["commit"])]
        asked.results.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
