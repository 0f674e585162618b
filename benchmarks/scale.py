"""Tables that are not held: what it takes to learn and to draw them, and whether the rows hang on who does it.

    python benchmarks/scale.py make --rows 10000000 --to FOLDER
    python benchmarks/scale.py fit FOLDER [--workers 2] [--train-rows N] [--epochs N]
    python benchmarks/scale.py passes FOLDER
    python benchmarks/scale.py killed FOLDER --times 20
    python benchmarks/scale.py evaluate FOLDER [--workers 2]
    python benchmarks/scale.py together FOLDER
    python benchmarks/scale.py anonymize FOLDER [--files N]

`make` writes a table of 20 columns as Parquet, row by row the same whatever its length. `fit` learns it and tells
seconds of each part, processor seconds, and the most anonymous memory of this process and its workers (pages of mapped
files are the system's to take back, and not counted). `passes` times the two passes by one and by two workers. `killed`
ends a fit with checkpoints by SIGKILL so many times, goes on each time, and compares the weights with those of an
unbroken one. `evaluate` measures the second half of a table's files beside the first one, with its last file held out
of both, and copies of the first 10,000 rows among those measured. `together` times a step of training by the size of
its parts, and trains by this process, by two and four others, one of which is killed, and by Ray: whether the weights
are the same, and processor seconds. `anonymize` does that to the table by combinations of five columns. Figures go to
results/scale.json.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import machine

WHAT = ("make", "fit", "passes", "killed", "once", "evaluate", "together", "anonymize")
RESULTS = Path(__file__).parent / "results" / "scale.json"
PER_FILE = 2**20
GROUP = 2**17


# ---- a table ---------------------------------------------------------------------------------------------------------


def part(start: int, n: int) -> pl.DataFrame:
    """Rows start .. start + n - 1 of the table: sales of shops, with what hangs together in them."""
    rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(start // PER_FILE,)))
    shop = np.minimum(rng.zipf(1.3, n) - 1, 1_999)
    kind, age = shop % 7, rng.integers(18, 90, n)
    pay = rng.gamma(2 + kind, 12 + age / 9, n)
    day = rng.integers(16_000, 19_600, n)
    rate = rng.beta(2, 3 + kind)
    letters = np.array(["A", "B", "C", "D", "E", "F", "G"])
    return pl.DataFrame({
        "sale": np.arange(start, start + n), "shop": shop_names(shop),
        "kind": letters[kind], "region": letters[(shop // 7 + rng.integers(0, 2, n)) % 7],
        "age": age, "sex": np.array(["f", "m", "x"])[rng.choice(3, n, p=[0.5, 0.48, 0.02])],
        "member": rng.random(n) < 0.2 + age / 200, "paid": pay.round(2), "tax": (pay * 0.19).round(2),
        "weight": rng.normal(3 + kind, 1 + rate), "rate": rate, "count": rng.poisson(1 + pay / 60),
        "stock": rng.integers(0, 10**6, n), "score": rng.standard_t(5, n) + age / 30,
        "day": pl.Series(day).cast(pl.Int32).cast(pl.Date),
        "at": pl.Series((day * 86_400 + (rng.beta(4, 3, n) * 86_399).astype(np.int64)) * 10**6).cast(pl.Datetime("us")),
        "delay": np.where(rng.random(n) < 0.15, np.nan, rng.lognormal(1, 1, n)), "grade": rng.binomial(10, rate),
        "channel": np.array(["web", "shop", "phone", "app"])[rng.choice(4, n, p=[0.45, 0.35, 0.05, 0.15])],
        "bonus": np.where(pay > 120, (pay / 10).round(0), 0.0),
    }).with_columns(pl.col("delay").fill_nan(None))  # fmt: skip


def shop_names(shop: np.ndarray[Any, Any]) -> pl.Series:
    return pl.Series([f"shop {i}" for i in range(2_000)]).gather(shop)


def make(folder: Path, n: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, n, PER_FILE):
        path = folder / f"part-{start // PER_FILE:05}.parquet"
        if not path.exists():
            part(start, PER_FILE).head(n - start).write_parquet(path, row_group_size=GROUP)


# ---- measuring -------------------------------------------------------------------------------------------------------


def anonymous(pid: int) -> int:
    """Bytes of memory of a process and its children that stand for no file."""
    found, left = 0, [pid]
    while left:
        one = left.pop()
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
            left += [int(c) for t in Path(f"/proc/{one}/task").iterdir() for c in (t / "children").read_text().split()]
        except (OSError, ValueError):
            continue
    return found


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """The most anonymous memory, seconds and processor seconds of what is done meanwhile."""
    told: dict[str, float] = {"anonymous_mb": 0.0}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            told["anonymous_mb"] = max(told["anonymous_mb"], round(anonymous(os.getpid()) / 1e6, 1))

    watcher = threading.Thread(target=look)
    began, before = time.perf_counter(), os.times()
    watcher.start()
    try:
        yield told
    finally:
        ended.set()
        watcher.join()
        now = os.times()
        told["seconds"] = round(time.perf_counter() - began, 1)
        told["processor_seconds"] = round(sum(now[:4]) - sum(before[:4]), 1)


def some_of(folder: Path, n: int | None) -> Path:
    """A folder of links to the first files."""
    if n is None:
        return folder
    links = folder.with_name(f"{folder.name}-{n}")
    links.mkdir(exist_ok=True)
    for path in sorted(folder.glob("*.parquet"))[:n]:
        if not (links / path.name).exists():
            (links / path.name).symlink_to(path.resolve())
    return links


def fit(folder: Path, workers: int, train_rows: int | None, epochs: int | None) -> tuple[dict[str, Any], Any]:
    """Figures, and what was learnt."""
    import likewise as lw

    ends: dict[str, float] = {}
    began = time.perf_counter()

    def tell(event: Any) -> None:
        name = f"pass_{event.notes['pass']:.0f}" if event.unit == "shard" else "training"
        ends[name] = round(time.perf_counter() - began, 1)

    options = {} if epochs is None else {"epochs": epochs}
    with watched() as told:
        synth = lw.Synthesizer(random_state=0, progress=tell, **options).fit(
            lw.scan(folder), engine="processes" if workers > 1 else "local", workers=workers, train_rows=train_rows
        )
    told["ended_after_seconds"] = ends  # type: ignore[assignment]
    return {**synth.record_["reading"], "columns": len(synth.schema_.names), "workers": workers, **told,
            "epochs": synth.record_["epochs"], "held_out_loss": synth.record_["holdout_losses"]}, synth  # fmt: skip


def passes(folder: Path, workers: Sequence[int]) -> dict[str, Any]:
    """Seconds of both passes over a table by so many workers, which have started before."""
    from likewise.codecs.column import CodecOptions
    from likewise.engines import engine_of
    from likewise.sources import scan
    from likewise.sources.scratch import scratch
    from likewise.synthesizer import Synthesizer
    from likewise.synthesizer.scans import coding, counting, dealing, fitting

    found: dict[str, Any] = {}
    synth, options = Synthesizer(random_state=0), CodecOptions()
    for n in workers:
        with scan(folder).opened() as source, scratch(0, "codes") as place, engine_of("processes", workers=n) as engine:
            draft = fitting._draft(synth, source)
            deal = dealing.Deal.of(0, source.n_rows, source.n_rows // 10, source.n_rows // 10)
            count = counting.Counting(source, deal, fitting._categories(draft, source))
            list(engine.map(counting.count_shard, source.shards[: 2 * n], count))
            began = time.perf_counter()
            tally = counting.counted(engine, count, place, iter)
            counted = time.perf_counter()
            schema = fitting._schema(synth, source, tally, draft)
            columns = [fitting._column(c, tally, place, options) for c in schema]
            plans = tuple(c.plan for c in columns if c.plan is not None)
            shapes = {name: (rows, sum(len(p.sizes) for p in plans)) for name, rows in
                      ((coding.TRAINED, deal.n_learnt), (coding.HELD, deal.n_held))}  # fmt: skip
            file = fitting.CodeFile.create(place / "cells", shapes, coding.type_of(plans))
            between = time.perf_counter()
            coding.coded(engine, coding.Coding(source, deal, plans, deal.places(source.shards), file), iter)
            ended = time.perf_counter()
        found[str(n)] = {"first_pass": round(counted - began, 2), "second_pass": round(ended - between, 2)}
    for name in ("first_pass", "second_pass"):
        one, most = found[str(workers[0])][name], found[str(workers[-1])][name]
        found[f"efficiency_{name}"] = round(one * workers[0] / (most * workers[-1]), 3)
    return {"rows": source.n_rows, **found}


# ---- killed and gone on with -----------------------------------------------------------------------------------------


def once(folder: Path, checkpoint: Path, to: Path) -> None:
    """A fit with checkpoints; its weights go to a file of arrays."""
    import likewise as lw

    rows = pl.scan_parquet(folder).select("kind", "region", "age", "sex", "paid", "weight", "day", "channel")
    synth = lw.Synthesizer(random_state=0, epochs=6, checkpoint=str(checkpoint)).fit(lw.scan(rows), engine="local")
    np.savez(to, **synth.generator_.state())


def killed(folder: Path, times: int, work: Path) -> dict[str, Any]:
    """Kill a fit at many moments, each time a new one that goes on; compare with an unbroken one."""
    work.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    command = [sys.executable, __file__, "once", str(folder)]
    subprocess.run([*command, "--work", str(work / "whole")], check=True)
    seconds = time.perf_counter() - begun
    rng, n, epochs = np.random.default_rng(), 0, set()
    while n < times:
        process = subprocess.Popen([*command, "--work", str(work / "broken")])
        time.sleep(float(rng.uniform(0.3, 0.75)) * seconds)
        if process.poll() is not None:  # it came to its end: begin the next fit
            (work / "broken.npz").unlink()
            continue
        process.send_signal(signal.SIGKILL)
        process.wait()
        n += 1
        epochs.add((work / "broken.checkpoint").exists())
    subprocess.run([*command, "--work", str(work / "broken")], check=True)
    one, other = (np.load(work / f"{name}.npz") for name in ("whole", "broken"))
    return {
        "killed": n,
        "some_in_training": True in epochs,
        "same_weights": bool(all((one[k] == other[k]).all() for k in one)),
    }


# ---- measured --------------------------------------------------------------------------------------------------------


def evaluate(folder: Path, workers: int) -> dict[str, Any]:
    """Half of the files beside the other half."""
    import likewise as lw

    *files, last = sorted(folder.glob("*.parquet"))
    half = len(files) // 2
    sides = {"real": files[:half], "fake": files[half : 2 * half]}
    for name, some in sides.items():
        links = folder.with_name(f"{folder.name}-{name}-{half}")
        links.mkdir(exist_ok=True)
        for path in some:
            if not (links / path.name).exists():
                (links / path.name).symlink_to(path.resolve())
        sides[name] = links  # type: ignore[assignment]
    pl.read_parquet(files[0]).head(10_000).write_parquet(sides["fake"] / "copies.parquet")  # type: ignore[operator]
    with watched() as told:
        report = lw.evaluate(
            lw.scan(sides["real"]), lw.scan(sides["fake"]), holdout=lw.scan(last), entity=False,  # type: ignore[arg-type]
            engine="processes" if workers > 1 else "local", workers=workers,
        )  # fmt: skip
    rows = {name: report.data[f"rows_{name}"] for name in ("real", "synthetic", "holdout")}
    names = ("shape", "trend", "missing", "copies", "copies_once", "c2st", "near_copies", "membership")
    scores = {
        s.name: {"value": s.value, "floor": s.floor, "stands": s.stands, "told": s.method.rpartition(";")[2].strip(),
                 "least_leak": s.least_leak} for s in report if s.name in names
    }  # fmt: skip
    return {"rows": rows, "columns": report.data["columns"], "workers": workers, **told, "scores": scores}


# ---- by several workers at once --------------------------------------------------------------------------------------


def steps(folder: Path) -> dict[str, Any]:
    """Rows that one processor learns a second, by the rows of a part, and without parts; and what workers send."""
    import torch

    import likewise as lw
    from likewise.engines.base import Rank
    from likewise.models.autoregressive import model as of_model
    from likewise.nets.gradient import LikelihoodGradient
    from likewise.training.gang import PARTS, Gang

    torch.set_num_threads(1)
    rows = pl.read_parquet(folder).drop("sale").head(20_000)
    synth = lw.Synthesizer(random_state=0, epochs=1, calibrate=0).fit(rows)
    net, generator = synth.generator_._net, torch.Generator().manual_seed(0)
    x = torch.from_numpy(of_model.in_net_order(net, synth.codec_.encode(parsed(synth, rows)).codes)).long()
    gradient, gang = LikelihoodGradient(net), Gang(Rank(0, 1, ""))
    net.train()
    gang.begin(net, generator)

    def learn(part: Any) -> Any:
        half = len(part) // 2
        others = of_model._some_first(net.order, generator)
        views = [(slice(0, half), net.visible(net.order)), (slice(half, len(part)), net.visible(others))]
        return gradient(part, views)

    found: dict[str, Any] = {"weights": sum(p.numel() for p in net.parameters())}
    found["bytes_sent_a_step_and_doubling"] = 4 * (found["weights"] + 1)
    for part in (64, 128, 256, 512):
        batch = x[: PARTS * part]
        gang.descend(net, batch, learn)
        began = time.process_time()
        for _ in range(3):
            gang.descend(net, batch, learn)
        found[f"rows_a_processor_second_parts_of_{part}"] = round(3 * len(batch) / (time.process_time() - began))
    learn(x[:512])
    began = time.process_time()
    for _ in range(20):
        learn(x[:512])
    found["rows_a_processor_second_without_parts"] = round(20 * 512 / (time.process_time() - began))
    return found


def parsed(synth: Any, rows: pl.DataFrame) -> pl.DataFrame:
    from likewise.schema.parse import parse

    return parse(rows, synth.schema_)


def together(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Figures as they come, by name."""
    import likewise as lw
    from likewise.engines import engine_of

    yield "step", steps(folder)
    weights: list[dict[str, Any]] = []
    for name, engine, workers in (
        ("this process", "local", 1), ("2 processes", "processes", 2), ("2 processes, one killed", "processes", 2),
        ("4 processes", "processes", 4), ("Ray, 2 workers", "ray", 2),
    ):  # fmt: skip
        killed: list[int] = []
        with engine_of(engine, workers=workers) as work, watched() as told:

            def tell(event: Any, name: str = name, work: Any = work, killed: list[int] = killed) -> None:
                if "killed" in name and event.unit == "epoch" and event.epoch >= 2 and not killed:
                    killed.append(work.pids[-1])
                    os.kill(killed[0], signal.SIGKILL)

            synth = lw.Synthesizer(random_state=0, epochs=5, batch_size=512, progress=tell)
            synth.fit(lw.scan(folder), engine=work, data_parallel=True)
        weights.append(synth.generator_.state())
        same = all((weights[0][key] == weights[-1][key]).all() for key in weights[0])
        yield name, {"rows": synth.n_rows_, **told, "killed": len(killed), "same_weights": bool(same)}


def anonymized(folder: Path) -> dict[str, Any]:
    import likewise as lw

    names = ["age", "sex", "kind", "region", "grade"]
    combinations = pl.scan_parquet(folder).select([*names, "channel"]).unique().select(pl.len()).collect().item()
    out = folder.with_name(f"{folder.name}-anonymized.parquet")
    with watched() as told:
        done = lw.privacy.anonymize(
            lw.scan(folder), quasi_identifiers=names, sensitive="channel", k=10, l=2, drop="sale", to=out
        )
    out.unlink()
    report = done.report
    return {"rows": report.n_rows, "combinations": combinations, "classes": report.measures.n_classes,
            "smallest_class": report.measures.k, "lost": round(report.gcp, 4), **told}  # fmt: skip


def record(name: str, figures: dict[str, Any]) -> None:
    """Put figures beside those of other runs; each says which machine and commit it is of."""
    held = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    of = machine()
    entries = {key: value | of if isinstance(value, dict) else value for key, value in figures.items()}
    is_one = not all(isinstance(value, dict) for value in entries.values())
    held.setdefault(name, {}).update({**of, **entries} if is_one else entries)
    RESULTS.write_text(json.dumps(held, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--rows", type=int, default=10**6)
    parser.add_argument("--files", type=int, help="take the first ones alone")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--more", action="store_true", help="add to the times that the results tell of")
    parser.add_argument("--work", type=Path, default=Path("scale-work"))
    asked = parser.parse_args()
    if asked.what == "make":
        make(asked.to, asked.rows)
    elif asked.what == "fit":
        found, synth = fit(some_of(asked.folder, asked.files), asked.workers, asked.train_rows, asked.epochs)
        record("fit", {f"{found['rows']}_rows_{asked.workers}_workers": found})
        if asked.save is not None:
            synth.save(asked.save)
    elif asked.what == "passes":
        record("passes", passes(asked.folder, (1, 2)))
    elif asked.what == "evaluate":
        found = evaluate(asked.folder, asked.workers)
        record("evaluate", {f"{found['rows']['real']}_rows_{asked.workers}_workers": found})
    elif asked.what == "together":
        for name, told in together(asked.folder):
            record("together", {name: told})
    elif asked.what == "anonymize":
        found = anonymized(some_of(asked.folder, asked.files))
        record("anonymize", {f"{found['rows']}_rows": found})
    elif asked.what == "once":
        once(asked.folder, asked.work.with_suffix(".checkpoint"), asked.work.with_suffix(".npz"))
    else:
        found, before = killed(asked.folder, asked.times, asked.work), {}
        if asked.more:
            before = json.loads(RESULTS.read_text())["killed"]
        found["killed"] += before.get("killed", 0)
        found["same_weights"] &= before.get("same_weights", True)
        found["some_in_training"] |= before.get("some_in_training", False)
        record("killed", found)


if __name__ == "__main__":
    main()
