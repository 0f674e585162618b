"""Rows drawn to a file: memory that does not grow with them, rows a second, and the same bytes whoever draws.

    python benchmarks/scale_draws.py grow --work FOLDER [--rows 1000000 10000000] [--engine processes --workers 2]
    python benchmarks/scale_draws.py same --work FOLDER [--rows 600000] [--by processes ray disk] [--model copula]

`grow` draws so many rows of Adult (15 columns) to Parquet, and tells the most anonymous memory and processor seconds.
`same` draws the same rows by this process, by 1, 2 and 4 processes, by Ray with 1 and 2 workers, by both with a worker
killed midway (SIGKILL), and on a disk that fills up and is then given room, and compares the files. Needs Linux, Ray
(extra `ray`), and for the full disk root. Figures go to results/scale.json, beside those of `scale.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale import record, watched

KILLED_AFTER = 1
"""Parts that are joined before a worker is killed."""


def model(work: Path, name: str = "autoregressive") -> Path:
    """A saved model of Adult, made once in a folder."""
    import likewise as lw
    from likewise.data import adult

    path = work / "adult.likewise"
    if not path.exists():
        options = {"epochs": 3} if name == "autoregressive" else {}
        lw.Synthesizer(name, random_state=0, **options).fit(adult()).save(path)
    return path


def once(work: Path, n: int, to: Path, engine: str, workers: int | None, *, kill: bool) -> dict[str, Any]:
    """Draw n rows to a file; what it took."""
    import likewise as lw

    synth = lw.load(model(work))
    synth.sample(1_000, random_state=1)
    killed: list[int] = []
    if kill:
        threading.Thread(target=_killer, args=(to, engine, killed), daemon=True).start()
    with watched() as told:
        synth.sample(n, random_state=1, to=to, engine=engine, workers=workers)
    return {"rows": n, "workers": workers or 1, "killed": len(killed), **told, "sha256": _digest(to)}


def _killer(to: Path, engine: str, killed: list[int]) -> None:
    """End a worker once some parts are joined."""
    while not killed:
        time.sleep(0.005)
        for journal in to.parent.glob(f".{to.name}.*.parts/journal"):
            if json.loads(journal.read_text() or "[0]")[0] < KILLED_AFTER:
                continue
            for pid in _workers(engine):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                break


def _workers(engine: str) -> Iterator[int]:
    """Processes that draw."""
    mark = "ray::_task" if engine == "ray" else "likewise.engines.worker"
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_text()
                mine = os.getpid() in _above(int(process.name))
            except OSError:
                continue
            if mark in words and mine:
                yield int(process.name)


def _above(pid: int) -> list[int]:
    """The processes that a process comes from."""
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def apart(*words: object) -> dict[str, Any]:
    """`once` in a process of its own."""
    command = [sys.executable, __file__, "once", *map(str, words)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def full_disk(work: Path, n: int, wanted: str) -> dict[str, Any]:
    """Draw to a disk that has room for a part of the rows, then give it room and ask again."""
    disk = work / "disk"
    disk.mkdir(exist_ok=True)
    size = (work / "local.parquet").stat().st_size
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(size * 0.7)}", "tmpfs", str(disk)], check=True)
    command = ["once", "--work", work, "--rows", n, "--to", disk / "rows.parquet"]
    try:
        first = subprocess.run([sys.executable, __file__, *map(str, command)], capture_output=True, text=True)
        there = sorted(path.name for path in disk.iterdir())
        (journal,) = disk.glob(".*/journal")
        joined = json.loads(journal.read_text())[0]
        subprocess.run(["mount", "-o", f"remount,size={size * 3}", str(disk)], check=True)
        again = apart(*command[1:])
        left = sorted(path.name for path in disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    return {
        "said": first.stderr.strip().splitlines()[-1].split("OutputError: ")[-1].replace(str(disk), "DISK"),
        "half_written_under_its_name": "rows.parquet" in there,
        "parts_taken_up": joined,
        "left_behind": [name for name in left if name != "rows.parquet"],
        "same": again["sha256"] == wanted,
    }


def same(work: Path, n: int, by: list[str]) -> dict[str, Any]:
    """Whether the files are the same that this process and others write."""
    words = ["--work", work, "--rows", n]
    found: dict[str, Any] = {"local": apart(*words, "--to", work / "local.parquet")}
    wanted = found["local"]["sha256"]
    for engine, counts in (("processes", (1, 2, 4)), ("ray", (1, 2))):
        for workers in counts if engine in by else ():
            to = work / f"{engine}{workers}.parquet"
            found[f"{engine} {workers}"] = apart(*words, "--to", to, "--engine", engine, "--workers", workers)
        if engine in by:
            to = work / f"{engine}_killed.parquet"
            one = apart(*words, "--to", to, "--engine", engine, "--workers", 2, "--kill")
            assert one["killed"], f"no worker of {engine} was met"
            found[f"{engine} 2, one killed"] = one
    for one in found.values():
        one["same"] = one.pop("sha256") == wanted
    return found | ({"disk full, then resumed": full_disk(work, n, wanted)} if "disk" in by else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("grow", "same", "once"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--model", default="autoregressive")
    parser.add_argument("--by", nargs="+", default=["processes", "ray", "disk"])
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    if asked.what == "once":
        print(json.dumps(once(asked.work, asked.rows[0], asked.to, asked.engine, asked.workers, kill=asked.kill)))
    elif asked.what == "grow":
        for n in asked.rows or (10**6, 10**7):
            who = ["--engine", asked.engine, *(["--workers", asked.workers] if asked.workers else [])]
            told = apart("--work", asked.work, "--rows", n, "--to", asked.work / "grown.parquet", *who)
            told["rows_a_second"] = round(n / told["seconds"])
            told["rows_a_processor_second"] = round(n / told["processor_seconds"])
            told["file_mb"] = round((asked.work / "grown.parquet").stat().st_size / 1e6, 1)
            record("draw", {f"{n}_rows_{asked.engine}_{told['workers']}": told})
    else:
        model(asked.work, asked.model)
        n = (asked.rows or [600_000])[0]
        record("same_bytes", {asked.model: same(asked.work, n, asked.by)})


if __name__ == "__main__":
    main()
