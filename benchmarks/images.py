"""Image models on MNIST digits: 8,000 to learn from, 2,000 to test on; fit time, draws, and every measure of images.

    python benchmarks/images.py --results benchmarks/results/images.json
    python benchmarks/images.py --model vae

Each model runs in a process of its own, on as many threads as the machine gives. The split is a permutation by seed 0.
Labels of the draws are those of the training images, so that shares of classes are no matter of luck.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _shared import machine, shared_folder

import likewise as lw
from likewise.images.sets import ImageSet

N_TEST = 2_000
SEED = 0
MODELS = ("vae", "gan", "vaegan")
BARS = {
    "vae": {"tstr_accuracy": 0.90, "label_fidelity": 0.95},
    "gan": {"tstr_accuracy": 0.92, "label_fidelity": 0.95},
    "vaegan": {"tstr_accuracy": 0.92, "label_fidelity": 0.95},
}


def digits() -> tuple[ImageSet, ImageSet]:
    """Training and test images."""
    images = lw.read_images(shared_folder() / "data" / "mnist_t10k.npz")
    rows = np.random.default_rng(SEED).permutation(len(images))
    return images[rows[N_TEST:]], images[rows[:N_TEST]]


def run(model: str) -> dict[str, Any]:
    train, test = digits()
    began, cpu = time.perf_counter(), time.process_time()
    synth = lw.Synthesizer(model, random_state=SEED).fit(train)
    fitted, fitted_cpu = time.perf_counter(), time.process_time()
    codes = synth.image_codec_.encode(train).codes.astype(np.int64)
    from likewise.codecs.base import Given

    drawn = synth.generator_.sample(len(train), rng=np.random.default_rng(SEED), given=Given(codes))
    fake = synth.image_codec_.decode(drawn)
    done = time.perf_counter()
    report = lw.evaluate(train, fake, holdout=test, random_state=SEED)
    return {
        "model": model,
        "fit_seconds": round(fitted - began, 1),
        "fit_cpu_seconds": round(fitted_cpu - cpu, 1),
        "images_per_second": round(len(train) / (done - fitted)),
        "epochs": synth.record_["epochs"],
        "stopped": synth.record_["stopped"],
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "scores": {s.name: {"value": s.value, "floor": s.floor} for s in report.scores},
        "met": {name: bool(report[name].value >= bar) for name, bar in BARS[model].items() if name in names(report)},
    }


def names(report: lw.Report) -> set[str]:
    return {score.name for score in report.scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, help="run one model here and print its figures")
    parser.add_argument("--results", type=Path)
    asked = parser.parse_args()
    if asked.model:
        print(json.dumps(run(asked.model)))
        return
    result: dict[str, Any] = machine() | {"data": "mnist_t10k", "n_train": 8_000, "n_test": N_TEST, "seed": SEED}
    result["models"] = []
    for model in MODELS:
        done = subprocess.run([sys.executable, __file__, "--model", model], capture_output=True, text=True, check=True)
        result["models"].append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(result["models"][-1]), flush=True)
        if asked.results is not None:
            asked.results.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
