"""Do the measures of images find planted faults, do they keep quiet where there is none, and what do they cost?

    python benchmarks/image_measures.py faults       # nine sets of images, eight with a fault; about 3 CPU minutes
    python benchmarks/image_measures.py fresh 0 8    # splits 0 to 7 without any fault; about 15 CPU seconds each
    python benchmarks/image_measures.py speed        # 8,000 training images, as many synthetic, 2,000 held out
    python benchmarks/image_measures.py page         # writes the section of docs/images-measures.md from the results

Images are the 10,000 of `mnist_t10k.npz` in the shared folder. Faults: 5,000 to train, 2,000 held out, and 3,000 fresh
ones (the 5,000 where training images are copied) but for the fault. Fresh: 4,000, 2,000 and 4,000 fresh ones, drawn
anew for each split. An alarm is a 95 % interval wholly on the worse side of the floor, which chance should raise in at
most 1 of 40. Times are CPU seconds on one thread. Several may run at once: each adds to the
results what they lack.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from _shared import ROOT, machine, shared_folder

import likewise as lw
from likewise.evaluate import Report
from likewise.images.sets import ImageSet, read_images

RESULTS = ROOT / "benchmarks" / "results" / "image_measures.json"
PAGE = ROOT / "docs" / "images-measures.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"

Pixels = npt.NDArray[np.uint8]


def split(seed: int, *sizes: int) -> list[ImageSet]:
    """Disjoint sets of these sizes."""
    images = read_images(shared_folder() / "data" / "mnist_t10k.npz")
    order = np.random.default_rng(seed).permutation(len(images))
    ends = np.cumsum(sizes)
    return [images[order[end - size : end]] for end, size in zip(ends, sizes, strict=True)]


def noisy(x: Pixels, deviation: float) -> Pixels:
    shaken = x + np.random.default_rng(1).normal(0.0, deviation, x.shape)
    return np.clip(shaken, 0, 255).astype(np.uint8)


def blurred(x: Pixels) -> Pixels:
    around = sum(np.roll(x.astype(float), step, axis) for axis in (1, 2) for step in (-1, 1))
    return np.asarray(((x + around) / 5).round(), dtype=np.uint8)


def with_copies(train: ImageSet, fresh: ImageSet, n: int) -> ImageSet:
    return ImageSet(np.concatenate([fresh.x[n:], train.x[:n]]), np.concatenate([fresh.y[n:], train.y[:n]]))


FAULTS: dict[str, Callable[[ImageSet, ImageSet], ImageSet]] = {
    "none: fresh real images": lambda train, fresh: fresh,
    "all are copies": lambda train, fresh: train,
    "5 % are copies": lambda train, fresh: with_copies(train, fresh, len(fresh) // 20),
    "copies with noise (40 of 255)": lambda train, fresh: ImageSet(noisy(train.x, 40), train.y),
    "blurred": lambda train, fresh: ImageSet(blurred(fresh.x), fresh.y),
    "noise (40 of 255)": lambda train, fresh: ImageSet(noisy(fresh.x, 40), fresh.y),
    "ones only": lambda train, fresh: fresh[fresh.y == 1],
    "no fours": lambda train, fresh: fresh[fresh.y != 4],
    "10 % of labels wrong": lambda train, fresh: ImageSet(
        fresh.x, np.where(np.arange(len(fresh)) % 10 == 0, (fresh.y + 1) % 10, fresh.y)
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["faults", "fresh", "speed", "page"])
    parser.add_argument("ends", type=int, nargs="*")
    asked = parser.parse_args()
    if asked.what == "page":
        write_page()
    elif asked.what == "faults":
        train, holdout, fresh = split(0, 5_000, 2_000, 3_000)
        for name, plant in FAULTS.items():
            keep("faults", name, plant(train, fresh), train, holdout)
    elif asked.what == "fresh":
        for seed in range(*asked.ends):
            train, holdout, fresh = split(100 + seed, 4_000, 2_000, 4_000)
            keep("fresh", str(seed), fresh, train, holdout, seed=seed)
    else:
        train, holdout = split(0, 8_000, 2_000)
        keep("speed", "8,000, 8,000, 2,000", ImageSet(noisy(train.x, 20), train.y), train, holdout)


def keep(part: str, name: str, synthetic: ImageSet, train: ImageSet, holdout: ImageSet, seed: int = 0) -> None:
    """Measure, and add the figures to the results, where they are not there yet."""
    if RESULTS.exists() and name in json.loads(RESULTS.read_text()).get(part, {}):
        return
    began = time.process_time()
    report = lw.evaluate(train, synthetic, holdout=holdout, random_state=seed)
    seconds = time.process_time() - began
    with RESULTS.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        results = json.loads(file.read() or "{}") | machine()
        results.setdefault(part, {})[name] = {"cpu_seconds": round(seconds, 1), "scores": figures(report)}
        file.truncate(0)
        file.write(json.dumps(results, indent=1) + "\n")
    print(part, name, f"{seconds:.1f} s", [s.name for s in report if s.stands == "worse"], flush=True)


def figures(report: Report) -> dict[str, Any]:
    return {
        s.name: {
            "value": round(s.value, 5), "floor": round(s.floor or 0.0, 5), "stands": s.stands,
            "interval": [round(end, 5) for end in s.interval or ()],
        }
        for s in report
    }  # fmt: skip


def write_page() -> None:
    results = json.loads(RESULTS.read_text())
    names = list(next(iter(results["faults"].values()))["scores"])
    head = "| " + " | ".join(["fault", *(f"`{n}`" for n in names)]) + " |\n|" + " --- |" * (len(names) + 1) + "\n"
    lines = "".join(
        "| " + " | ".join([fault, *(cell(run["scores"].get(name)) for name in names)]) + " |\n"
        for fault, run in results["faults"].items()
    )
    floors = [results["faults"][next(iter(FAULTS))]["scores"][name]["floor"] for name in names]
    lines += "| " + " | ".join(["*floor of the first line*", *(f"{floor:.3g}" for floor in floors)]) + " |\n"
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{told(results)}\n\n{head}{lines}{END}{after}", encoding="utf-8")


def cell(score: dict[str, Any] | None) -> str:
    if score is None:
        return "–"
    return f"**{score['value']:.3g}**" if score["stands"] == "worse" else f"{score['value']:.3g}"


def told(results: dict[str, Any]) -> str:
    """What the splits without a fault, and the clock, say."""
    runs = list(results["fresh"].values())
    alarms = sum(s["stands"] == "worse" for run in runs for s in run["scores"].values())
    n = sum(len(run["scores"]) for run in runs)

    def mean(name: str, what: str) -> float:
        return float(np.mean([run["scores"][name][what] for run in runs]))

    useful, true = ([mean(name, what) for what in ("value", "floor")] for name in ("tstr_accuracy", "label_fidelity"))
    (speed,) = results["speed"].values()
    return (
        "MNIST, 5,000 training images, 2,000 held out, 3,000 synthetic ones; bold: told as worse than the floor. In "
        f"{len(runs)} other splits without a fault {alarms} of {n} figures raised an alarm (chance: one in forty); "
        f"there recognition was {useful[0]:.3f} beside {useful[1]:.3f} and label fidelity {true[0]:.3f} beside "
        f"{true[1]:.3f}, on average. For 8,000 training, 8,000 synthetic and 2,000 held-out images all measures took "
        f"{speed['cpu_seconds']:.0f} CPU seconds on one thread ({results['machine']['processor']})."
    )


if __name__ == "__main__":
    main()
