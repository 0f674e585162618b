"""Windows of 24 steps by the protocol of TimeGAN (Yoon et al. 2019), and beside windows that no model saw.

    python benchmarks/windows.py stocks etth1 energy sines fmri --results benchmarks/results/windows.json

Whole blocks of time, a fifth of the windows, are held out here and there; what overlaps with them is not learnt either.
(Sines are each their own, so any fifth of them.) The windows that are learnt say of which series they are, for what is
left between the blocks would count as a series each, and the ends of channels would be protected as those of many
persons. `discriminative`: how far from .5 the accuracy is of one layer of
channels / 2 gated recurrent units, 2,000 batches of 128 and 128, that tells windows from real ones: `of_training`
windows as published scores have it, `of_fresh` ones, and training windows from fresh ones for a floor. A `strong` judge
has two layers of 24 units. `predictive`: mean absolute error of the last channel's next step from the other channels by
the same kind of net, 2,000 batches, learnt from synthetic or from training windows, on fresh ones. Every channel is
scaled to 0..1 by all windows first. `copies`: windows equal to a training one to a thousandth.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.evaluate.windows.judge import accuracy, prediction_error
from likewise.series.order import held_apart, origins

Windows = npt.NDArray[np.float64]
LENGTH = 24
HELD = 0.2
BATCHES = 2000


def cut(series: npt.NDArray[Any]) -> Windows:
    return np.lib.stride_tricks.sliding_window_view(series.astype(float), LENGTH, 0).transpose(0, 2, 1).copy()


def sines(n: int = 10_000, channels: int = 5) -> Windows:
    rng = np.random.default_rng(0)
    speed, phase = rng.uniform(0, 0.1, (2, n, 1, channels))
    return (np.sin(speed * np.arange(LENGTH)[:, None] + phase) + 1) / 2


def fmri(folder: Path) -> Windows:
    from scipy.io import loadmat

    return cut(loadmat(folder / "windows" / "fmri_netsim_sim4.mat")["ts"])


SETS: dict[str, Callable[[Path], Windows]] = {
    "stocks": lambda folder: cut(pl.read_csv(folder / "google_stock.csv").to_numpy()),
    "etth1": lambda folder: cut(pl.read_csv(folder / "etth1.csv").drop("date").to_numpy()),
    "energy": lambda folder: np.load(folder / "windows" / "energy_24.npz")["data"],
    "sines": lambda folder: sines(),
    "fmri": fmri,
}


def told(some: npt.NDArray[Any], others: npt.NDArray[Any], seed: int, **net: int) -> float:
    return abs(0.5 - accuracy(some, others, np.random.default_rng([seed, 1]), **net)[0])


def predicted(learnt: npt.NDArray[Any], fresh: npt.NDArray[Any], seed: int, hidden: int) -> float:
    rng = np.random.default_rng([seed, 2])
    net = {"hidden": hidden, "layers": 1, "steps": BATCHES}
    return prediction_error(learnt, fresh, rng, target=fresh.shape[2] - 1, **net)


def nets(x: npt.NDArray[Any]) -> tuple[dict[str, int], dict[str, int]]:
    """The published judge and a stronger one."""
    return {"hidden": max(x.shape[2] // 2, 2), "layers": 1, "steps": BATCHES}, {"hidden": 24, "layers": 2}


def parts(x: Windows, seed: int) -> tuple[lw.WindowSet, Windows]:
    """What is learnt and what is fresh."""
    origin = origins(x)
    learnt, held = held_apart(origin, LENGTH, HELD, np.random.default_rng(seed))
    return lw.WindowSet(x[learnt], origin=origin[learnt]), x[held]


Figures = dict[str, Callable[[], float]]
ALL = (
    ("seconds", "copies", "of_training", "predictive", "strong", "of_fresh"), ("predictive", "discriminative", "strong")
)  # fmt: skip
"""Names of the figures of a model, and of the floor, the first ones first."""


def floor_figures(x: Windows, seed: int) -> Figures:
    """What is to be measured of real windows, by name."""
    windows, held = parts(x, seed)
    learnt, fresh = (part.astype(np.float32) for part in (windows.x, held))
    plain, strong = nets(x)
    return {
        "discriminative": lambda: told(learnt, fresh, seed, **plain),
        "strong": lambda: told(learnt, fresh, seed, **strong),
        "predictive": lambda: predicted(learnt, fresh, seed, plain["hidden"]),
    }


def drawn_by(model: str, learnt: lw.WindowSet, seed: int, kept: Path | None) -> tuple[Windows, float]:
    """As many windows as were learnt, and the seconds of the processor that fit and draw took; kept to go on later."""
    if kept is not None and kept.exists():
        with np.load(kept) as file:
            return file["windows"], float(file["seconds"])
    begun = time.process_time()
    drawn = lw.Synthesizer(model, random_state=seed).fit(learnt).sample(len(learnt)).x
    seconds = time.process_time() - begun
    if kept is not None:
        np.savez(kept, windows=drawn, seconds=seconds)
    return drawn, seconds


def model_figures(x: Windows, model: str, seed: int, kept: Path | None) -> Figures:
    """What is to be measured of a model, by name."""
    windows, fresh = parts(x, seed)
    drawn, seconds = drawn_by(model, windows, seed, kept)
    learnt = windows.x
    some, train, held = (part.astype(np.float32) for part in (drawn, learnt, fresh))
    plain, strong = nets(x)
    flat = [np.unique(np.rint(part.reshape(len(part), -1) * 1000), axis=0) for part in (learnt, drawn)]
    return {
        "seconds": lambda: seconds,
        "copies": lambda: 1 - (len(np.unique(np.concatenate(flat), axis=0)) - len(flat[0])) / len(flat[1]),
        "of_training": lambda: told(train, some, seed, **plain),
        "predictive": lambda: predicted(some, held, seed, plain["hidden"]),
        "strong": lambda: told(train, some, seed, **strong),
        "of_fresh": lambda: told(held, some, seed, **plain),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--models", nargs="*", default=["autoregressive", "vae", "gan", "timegan"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--results", type=Path)
    parser.add_argument("--draws", type=Path, help="A folder for draws, so that a run that was stopped goes on.")
    parser.add_argument("--figures", nargs="*", help="Only these.")
    asked = parser.parse_args()
    folder = shared_folder() / "data"
    for name in asked.sets:
        x = SETS[name](folder)
        low, high = x.min((0, 1)), x.max((0, 1))
        x = (x - low) / np.where(high > low, high - low, 1.0)
        for seed in asked.seeds:
            for model in (*asked.models, "floor"):
                kept = None if asked.draws is None else asked.draws / f"{name}_{model}_{seed}.npz"
                _measure(x, (name, model, str(seed)), kept, asked.results, asked.figures)


def _measure(x: Windows, at: tuple[str, str, str], kept: Path | None, results: Path | None, only: list[str]) -> None:
    """Measure what the results lack, and write each figure as soon as it is there."""
    _, model, seed = at
    known = ALL[model == "floor"]
    asked = [figure for figure in known if figure not in _found(results, at)[1] and (not only or figure in only)]
    if not asked:
        return
    figures = floor_figures(x, int(seed)) if model == "floor" else model_figures(x, model, int(seed), kept)
    for figure in asked:
        value = round(figures[figure](), 4)
        print(*at, figure, value, flush=True)
        if results:
            runs, mine = _found(results, at)  # anew: another run may have written meanwhile
            mine[figure] = value
            results.write_text(json.dumps({**machine(), "runs": runs}, indent=1) + "\n")


def _found(results: Path | None, at: tuple[str, str, str]) -> tuple[dict[str, Any], dict[str, float]]:
    """All results, and those of one model, set and seed among them."""
    runs = json.loads(results.read_text())["runs"] if results and results.exists() else {}
    mine = runs
    for key in at:
        mine = mine.setdefault(key, {})
    return runs, mine


if __name__ == "__main__":
    main()
