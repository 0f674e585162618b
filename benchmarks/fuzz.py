"""Mutated files of every kind: each is read, or refused by an error of ours; nothing else happens, and soon.

    python benchmarks/fuzz.py --out benchmarks/results/fuzz.json

A case is a sound file with bytes changed, cut, doubled, moved or put in. It is read and its schema inferred (a model
file is loaded and drawn from) in a child process, which a hang, a crash or too much memory ends without ending the run.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import likewise as lw
from likewise.tables import files

SECONDS, MEGABYTES = 10, 1_500
"""A case takes no longer, and no more memory on top of what the process has: its files are some kilobytes."""

COUNTS = {"csv": 20_000, "parquet": 4_000, "arrow": 3_000, "xlsx": 3_000, "model": 10_000}
CHUNK = 1_000
_BYTES = b"\",;\t|\n\r'\\ \x00\x1a\xff\xfe\xc3\xa9#0-.eE"


def table(rng: np.random.Generator) -> pl.DataFrame:
    """A small table of every kind of column."""
    n = int(rng.integers(6, 60))
    words = np.array(["red", "blue", "naïve", "北京", "a,b", 'say "so"', ""])
    return pl.DataFrame(
        {
            "n": rng.integers(-50, 5000, n),
            "x": rng.normal(0, 10, n).round(2),
            "word": words[rng.integers(0, len(words), n)],
            "day": pl.Series(np.datetime64("2020-01-01") + rng.integers(0, 900, n)).cast(pl.Date),
            "yes": rng.random(n) < 0.5,
        }
    ).with_columns(pl.when(pl.lit(rng.random(n)) < 0.1).then(None).otherwise(pl.col("x")).alias("x"))


def sound(kind: str, rng: np.random.Generator, model: bytes) -> bytes:
    """A file that is as it should be."""
    if kind == "model":
        return model
    frame, buffer = table(rng), io.BytesIO()
    if kind == "csv":
        mark = ",;\t| "[rng.integers(5)]
        encoding = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "gb18030")[rng.integers(5)]
        return frame.write_csv(separator=mark).encode(encoding)
    if kind == "parquet":
        frame.write_parquet(buffer, compression=("uncompressed", "zstd")[rng.integers(2)])
    elif kind == "arrow":
        (frame.write_ipc if rng.random() < 0.5 else frame.write_ipc_stream)(buffer)
    else:
        frame.write_excel(buffer)
    return buffer.getvalue()


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes after one to three changes."""
    text = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at, length = int(rng.integers(0, len(text) + 1)), int(rng.integers(1, 20))
        change = rng.integers(7)
        if change == 0:
            text[at : at + 1] = bytes([int(rng.integers(256))])
        elif change == 1:
            text[at:at] = bytes([_BYTES[int(rng.integers(len(_BYTES)))]])
        elif change == 2:
            del text[at : at + length]
        elif change == 3:
            text[at:at] = text[at : at + length]
        elif change == 4:
            del text[at:]
        elif change == 5:
            text[at : at + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        else:
            other = int(rng.integers(0, len(text) + 1))
            text[other:other] = text[at : at + length * 5]
        if not text:
            break
    return bytes(text)


def tried(path: Path) -> str:
    """What came of one file: "read", or the name of the error of ours that refused it.

    Raises:
        Exception: any other, which is a fault.
    """
    try:
        if path.suffix == ".likewise":
            lw.load(path).sample(3, random_state=0)
        else:
            lw.infer(files.read(path))
    except lw.LikewiseError as error:
        return type(error).__name__
    return "read"


def _alarm(*_: object) -> None:
    raise TimeoutError


def run_chunk(kind: str, first: int, n: int, model: bytes, folder: Path) -> dict[str, Any]:
    """Cases first .. first + n - 1, in this process."""
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    slowest = 0.0
    signal.signal(signal.SIGALRM, _alarm)
    for case in range(first, first + n):
        rng = np.random.default_rng([case, len(kind)])
        path = folder / f"case.{'likewise' if kind == 'model' else kind}"
        path.write_bytes(mutated(sound(kind, rng, model), rng))
        (folder / "at").write_text(str(case))
        began = time.perf_counter()
        signal.alarm(SECONDS)
        try:
            outcomes[tried(path)] += 1
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            faults.append(f"{kind} {case}: {type(error).__name__} in {Path(where.filename).name}:{where.lineno}")
        signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"outcomes": dict(outcomes), "faults": faults, "slowest": slowest, "peak": peak}


def in_child(kind: str, first: int, n: int, folder: Path) -> dict[str, Any]:
    """What a process of its own makes of these cases; its death is a fault too, and the cases after it are tried."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    words = [sys.executable, __file__, "--worker", kind, str(first), str(n), str(folder)]
    died = subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode
    if not died and answer.exists():
        found: dict[str, Any] = json.loads(answer.read_text())
        return found
    case = int((folder / "at").read_text())
    fault = f"{kind} {case}: the process ended with {died}"
    rest = first + n - case - 1
    after = in_child(kind, case + 1, rest, folder) if rest > 0 else {"outcomes": {}, "slowest": 0.0, "peak": 0.0}
    return {**after, "faults": [fault, *after.get("faults", [])]}


def work(kind: str, first: int, n: int, folder: Path) -> None:
    """The process of some cases, which may take no more memory than a few small files need."""
    warnings.simplefilter("ignore")
    model = (folder / "sound.likewise").read_bytes()
    tried(folder / "sound.likewise")  # all that is loaded once
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    (folder / "answer.json").write_text(json.dumps(run_chunk(kind, first, n, model, folder)))


def make_model(folder: Path) -> None:
    """A model file of some kilobytes."""
    lw.Synthesizer("copula", random_state=0).fit(table(np.random.default_rng(0))).save(folder / "sound.likewise")


def fuzz(counts: dict[str, int]) -> dict[str, Any]:
    """Outcomes by kind of file; `faults` must be empty."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        make_model(folder)
        for kind, count in counts.items():
            total: Counter[str] = Counter()
            faults: list[str] = []
            slowest, peak = 0.0, 0.0
            for first in range(0, count, CHUNK):
                n = min(CHUNK, count - first)
                found = in_child(kind, first, n, folder)
                total.update(found["outcomes"])
                faults += found["faults"]
                slowest, peak = max(slowest, found["slowest"]), max(peak, found["peak"])
            results[kind] = {
                "cases": count, "outcomes": dict(sorted(total.items())), "faults": faults,
                "slowest_s": round(slowest, 2), "peak_mb": round(peak),
            }  # fmt: skip
            print(kind, results[kind], file=sys.stderr)
    return results


def main() -> None:
    from _shared import machine

    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kinds", nargs="*", default=list(COUNTS))
    parser.add_argument("--worker", nargs=4)
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args()
    if options.worker is not None:
        kind, first, n, folder = options.worker
        work(kind, int(first), int(n), Path(folder))
        return
    counts = {kind: max(1, int(COUNTS[kind] * options.share)) for kind in options.kinds}
    result = {"machine": machine(), "cases": fuzz(counts)}
    text = json.dumps(result, indent=1)
    print(text) if options.out is None else options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
