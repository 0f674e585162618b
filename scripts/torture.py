"""Kill every writing command at any moment, and fill the disk under it: what stood there, or the whole new file.

`python scripts/torture.py --kills 1000 --full 200 --json benchmarks/results/torture.json` is run at night, and adds to
the counts that are there; a part is run by the tests. Half of the kills fall anywhere, half while something is written.
Disks are full by a small file system in a mount namespace of its own (needs root or user namespaces), else by a limit
on the size of files.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLD = b"what stood there before\n" * 50
INSIDE = "LIKEWISE_TORTURE_DISK"
LATE = 0.03
"""Seconds in which a kill falls after something was begun to be written."""
DISK_MB = 8
PATIENCE = 600
"""Seconds after which a job ends itself, and is told as lost."""
WAYS = ("killed", "disk full")


@dataclass(frozen=True)
class Job:
    """A command that writes.

    Args:
        words: of the command line; "@/" stands for the folder of outputs, "#/" for that of inputs.
        outputs: names in the folder of outputs.
        fresh: outputs that must not be there before: the command refuses to replace them.
        call: in place of a command, a function of the two folders.
    """

    name: str
    words: str = ""
    outputs: tuple[str, ...] = ()
    fresh: bool = False
    call: Callable[[Path, Path], None] | None = None


def replace_folder(inputs: Path, outputs: Path) -> None:
    from likewise import Database

    Database.from_folder(inputs / "later").to_folder(outputs / "shop", replace=True)


JOBS = (
    Job("schema", "schema #/real.csv --json @/s.json", ("s.json",)),
    Job("inspect", "inspect #/shop --json @/d.json", ("d.json",)),
    Job(
        "synth",
        "synth #/real.csv -o @/f.csv --model cart --seed 0 --save @/m.likewise --report @/r.html --json @/r.json",
        ("f.csv", "m.likewise", "r.html", "r.json"),
    ),
    Job("synth parquet", "synth #/real.csv -o @/f.parquet --model copula --seed 0 --no-measure", ("f.parquet",)),
    Job(
        "synth net",
        "synth #/real.csv -o @/f.csv.gz --seed 0 --no-measure --save @/m.likewise",
        ("f.csv.gz", "m.likewise"),
    ),
    Job("sample", "sample #/m.likewise -n 3000 -o @/f.jsonl --seed 0", ("f.jsonl",)),
    Job("complete", "complete #/m.likewise #/holes.csv -o @/f.tsv --seed 0", ("f.tsv",)),
    Job("impute", "impute #/holes.csv -o @/f.csv --draws 2 --seed 0", ("f-1.csv", "f-2.csv")),
    Job(
        "anonymize",
        "anonymize #/real.csv -o @/k.csv --quasi-identifiers x,kind --k 5 --seed 0 --report @/k.html --json @/k.json",
        ("k.csv", "k.html", "k.json"),
    ),
    Job("pseudonymize", "pseudonymize #/people.csv -o @/p.csv --key-file #/secret.key", ("p.csv",)),
    Job("balance", "balance rows #/rare.csv --target kind -o @/b.csv --model smote --seed 0", ("b.csv",)),
    Job("evaluate", "evaluate #/real.csv #/fake.csv --report @/e.html --json @/e.json", ("e.html", "e.json")),
    Job("compare", "compare #/real.csv #/fake.csv #/more.csv --report @/c.html --json @/c.json", ("c.html", "c.json")),
    Job("audit", "audit #/real.csv #/fake.csv --rules #/a.toml --json @/a.json --junit @/a.xml", ("a.json", "a.xml")),
    Job("budget", "budget @/p.json --epsilon 3", ("p.json",), fresh=True),
    Job(
        "fit within a budget",
        "synth #/real.csv -o #/private.csv --schema #/d.json --epsilon 1 --delta 1e-6 --dp-only --budget @/p.json",
        ("p.json",),
    ),
    Job("statement", "statement #/m.likewise -o @/s.html", ("s.html",)),
    Job("scenario", "scenario rows #/real.csv -o @/w.csv --where x=1.. --rows 50 --model copula --seed 0", ("w.csv",)),
    Job("database to folder", "synth #/shop -o @/shop --seed 0 --no-measure", ("shop",), fresh=True),
    Job("database over folder", call=replace_folder, outputs=("shop",)),
    Job("database to SQLite", "synth #/shop -o @/f.sqlite --seed 0 --no-measure", ("f.sqlite",), fresh=True),
    Job("database over SQLite", "synth #/shop -o @/f.sqlite --seed 0 --no-measure --replace", ("f.sqlite",)),
    Job("database to SQL", "synth #/shop -o @/f.sql --seed 0 --no-measure", ("f.sql",)),
)


# ---- what stands there -----------------------------------------------------------------------------------------------


def seen(path: Path) -> str | None:
    """What a path holds, so that two that hold the same compare equal; None where nothing is there."""
    if path.is_dir():
        parts = [f"{item.relative_to(path)}={seen(item)}" for item in sorted(path.rglob("*")) if item.is_file()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if not path.exists():
        return None
    if path.suffix == ".sqlite":
        return rows_of(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(path: Path) -> str:
    """The rows of a database of SQLite, rolled back to its last whole state as any reader does."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return "broken"
        lines = "\n".join(connection.iterdump())
    return hashlib.sha256(lines.encode()).hexdigest()


def is_another(path: Path) -> bool:
    """Whether a file of a kind that is never the same twice (it holds a time, or what it took) is whole."""
    text = path.read_bytes()
    if path.suffix == ".json":
        with contextlib.suppress(ValueError):
            return bool(json.loads(text))
    if path.suffix == ".likewise":
        from likewise.errors import ModelFileError
        from likewise.modelfile import read_model

        with contextlib.suppress(ModelFileError):
            return bool(read_model(path).arrays)
    return text.rstrip().endswith({".html": b"</html>", ".xml": b"</testsuites>"}.get(path.suffix, b"no end"))


# ---- runs ------------------------------------------------------------------------------------------------------------


def begin(job: Job, inputs: Path, outputs: Path, log: Path, limit: int | None = None, told: Path | None = None) -> int:
    """Fork a process that does the job; its number. Everything is imported already, and no thread was ever begun."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.chdir(inputs)
        signal.alarm(PATIENCE)
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        code = work(job, inputs, outputs)
        if told is not None:
            told.write_text("\n".join(sys.modules))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def work(job: Job, inputs: Path, outputs: Path) -> int:
    from likewise.cli.app import app
    from likewise.errors import OutputError

    if job.call is not None:
        try:
            job.call(inputs, outputs)
        except OutputError:
            return 5
        return 0
    words = [word.replace("@/", f"{outputs}/").replace("#/", f"{inputs}/") for word in job.words.split()]
    try:
        app(words, prog_name="likewise")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass
class Known:
    """A job in its folders, with what its outputs are before and after it."""

    job: Job
    inputs: Path
    outputs: Path
    log: Path
    old: dict[str, str | None] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)
    seconds: float = 0.0
    bytes_written: int = 0

    def lay(self) -> None:
        """The folder of outputs as it is before the job."""
        for item in self.outputs.iterdir():
            shutil.rmtree(item) if item.is_dir() else item.unlink()
        for name in () if self.job.fresh else self.job.outputs:
            target, before = self.outputs / name, self.inputs / f"old-{name}"
            if before.is_dir():
                shutil.copytree(before, target)
            elif before.exists():
                shutil.copy(before, target)
            else:
                target.write_bytes(OLD)

    def learn(self) -> None:
        """Run it once to its end, and import here what it had to import; `seconds` is what the next one takes."""
        self.lay()
        self.old = {name: seen(self.outputs / name) for name in self.job.outputs}
        modules = self.log.with_name("modules")
        began = time.monotonic()
        code = ended(begin(self.job, self.inputs, self.outputs, self.log, told=modules))
        self.seconds = (time.monotonic() - began) / 2
        if code:
            raise SystemExit(f"{self.job.name} ended with {code}: {self.log.read_text()}")
        self.new = {name: seen(self.outputs / name) for name in self.job.outputs}
        assert None not in self.new.values(), self.job.name
        import_all(modules.read_text().split())
        files = (item for item in self.outputs.rglob("*") if item.is_file())
        self.bytes_written = sum(item.stat().st_size for item in files)

    def verdict(self) -> str:
        """What the outputs are now: old, new, or lost."""
        states = set()
        for name in self.job.outputs:
            found = seen(self.outputs / name)
            if found == self.old[name]:
                states.add("old")
            elif found is not None and (found == self.new[name] or is_another(self.outputs / name)):
                states.add("new")
            else:
                return f"lost: {name}"
        return "both" if len(states) > 1 else states.pop()

    def leftovers(self) -> int:
        """Names that are no outputs, beside those by which SQLite rolls back and a budget is locked."""
        names = {item.name for item in self.outputs.iterdir()} - set(self.job.outputs)
        return sum(not name.endswith(("-journal", ".lock")) for name in names)

    def kill_once(self, chance: random.Random) -> str:
        self.lay()
        began = time.monotonic()
        child = begin(self.job, self.inputs, self.outputs, self.log)
        anywhere = chance.random() < 0.5
        until = began + (chance.uniform(0, self.seconds * 1.1) if anywhere else 60)
        awaited, met = chance.randint(1, len(self.job.outputs)), set[str]()
        has_ended = False
        while time.monotonic() < until and not has_ended:
            if len(met) < awaited:
                met |= self.being_written()
                if len(met) >= awaited:
                    until = min(until, time.monotonic() + chance.uniform(0, LATE))
            time.sleep(0.0015)
            has_ended = os.waitpid(child, os.WNOHANG)[0] != 0
        # How long the job takes, as far as this run tells: the machine may be busy now and idle later.
        self.seconds = time.monotonic() - began if has_ended else max(self.seconds, time.monotonic() - began)
        if not has_ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return self.verdict()

    def being_written(self) -> set[str]:
        """Names in the folder of outputs under which something is written that has another name in the end."""
        names = set()
        for item in self.outputs.iterdir():
            with contextlib.suppress(OSError):
                if item.name.startswith(".") and (item.is_dir() or item.stat().st_size):
                    names.add(item.name)
                if item.name.endswith("-journal"):
                    names.add(item.name)
        return names

    def fill_once(self, chance: random.Random, on_disk: bool) -> str:
        """The job with too little room; what is wrong with how it ended, or the verdict."""
        self.lay()
        room = chance.randrange(self.bytes_written)
        ballast = self.outputs / ".ballast"
        if on_disk:
            free = os.statvfs(self.outputs)
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - room))
        code = ended(begin(self.job, self.inputs, self.outputs, self.log, None if on_disk else max(room, 1)))
        ballast.unlink(missing_ok=True)
        if code not in (0, 5):
            return f"lost: code {code}, {self.log.read_text()[-300:]}"
        if self.leftovers():
            return f"lost: {self.leftovers()} files left behind"
        verdict = self.verdict()
        return "lost: it said that it was done" if code == 0 and verdict != "new" else verdict


# ---- the whole -------------------------------------------------------------------------------------------------------


def lay_inputs(folder: Path) -> None:
    """Small tables, a database and a model, made in a process of its own: no thread may live in this one."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            make_inputs(folder)
            code = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    if ended(child):
        raise SystemExit("the inputs could not be made")


def make_inputs(folder: Path) -> None:
    import numpy as np
    import polars as pl

    import likewise as lw

    rng = np.random.default_rng(0)
    n = 300
    x = rng.normal(size=n).round(2)
    kinds = rng.choice(["a", "b", "c"], n)
    real = pl.DataFrame({"x": x, "y": (x + rng.normal(size=n)).round(2), "kind": kinds})
    real.write_csv(folder / "real.csv")
    holes = pl.when(pl.Series(rng.random(n) < 0.1)).then(None).otherwise("y").alias("y")
    real.with_columns(holes).write_csv(folder / "holes.csv")
    real.with_columns(kind=pl.Series(np.where(rng.random(n) < 0.1, "rare", "common"))).write_csv(folder / "rare.csv")
    synth = lw.Synthesizer("cart", random_state=0).fit(real)
    synth.save(folder / "m.likewise")
    synth.sample(n, random_state=1).write_csv(folder / "fake.csv")
    synth.sample(n, random_state=2).write_csv(folder / "more.csv")
    names = [f"{a} {b}" for a in ("Ann", "Bob", "Carla", "Dan") for b in ("Miller", "Stone", "Weber")]
    pl.DataFrame({"name": names, "age": range(20, 32)}).write_csv(folder / "people.csv")
    (folder / "secret.key").write_text("0123456789abcdef0123456789abcdef")
    (folder / "a.toml").write_text("[rules]\nshape = { max = 0.9 }\n")
    users = pl.DataFrame({"id": range(60), "town": rng.choice(["north", "south"], 60)})
    orders = pl.DataFrame({"no": range(150), "user": rng.integers(0, 60, 150), "paid": rng.normal(size=150).round(2)})
    shop = lw.Database({"users": users, "orders": orders}, ["users(id)", "orders(no)", "orders.user -> users.id"])
    shop.to_folder(folder / "shop")
    later = {"users": users.with_columns(town=pl.lit("west")), "orders": orders}
    lw.Database(later, ["users(id)", "orders(no)", "orders.user -> users.id"]).to_folder(folder / "later")
    shop.to_folder(folder / "old-shop")
    shop.to_sql(folder / "old-f.sqlite")
    declared: dict[str, dict[str, Any]] = {
        "x": {"bounds": (-4, 4)},
        "y": {"bounds": (-6, 6)},
        "kind": {"levels": ("a", "b", "c")},
    }
    (folder / "d.json").write_text(lw.infer(real).declare(declared, nullable=False).to_json())
    work(Job("", "budget #/old-p.json --epsilon 30 --quiet"), folder, folder)


def import_all(names: Iterable[str]) -> None:
    """What commands need, so that each begins at once; importing begins no thread."""
    for name in names:
        if name not in sys.modules and not name.startswith("__"):
            with contextlib.suppress(Exception):
                import_module(name)


@contextlib.contextmanager
def folders(on_disk: bool) -> Iterator[tuple[Path, Path, Path]]:
    """Inputs, outputs and the file of what is said; outputs on a small disk of their own where that can be had."""
    with tempfile.TemporaryDirectory() as name:
        inputs, outputs = Path(name) / "inputs", Path(name) / "outputs"
        inputs.mkdir()
        outputs.mkdir()
        if on_disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(outputs)], check=True)
        try:
            yield inputs, outputs, Path(name) / "log"
        finally:
            if on_disk:
                subprocess.run(["umount", "-l", str(outputs)], check=False)


@dataclass
class Told:
    """Verdicts of runs, by way and command; written after each, so that a night that is cut short is told too."""

    path: Path | None
    held: dict[str, Any] = field(default_factory=dict)
    total: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            self.held = json.loads(self.path.read_text())
        call = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        self.held |= {"commit": commit, "system": platform.system(), "python": platform.python_version()}
        self.held.setdefault("runs", dict.fromkeys(WAYS, 0))
        self.held.setdefault("lost", 0)

    def add(self, way: str, name: str, verdict: str) -> None:
        self.total[way, verdict] += 1
        verdicts = self.held.setdefault(way, {}).setdefault(name, {})
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        self.held["runs"][way] += 1
        if verdict.startswith("lost"):
            print(f"{name}, {way}: {verdict}", file=sys.stderr)
            self.held["lost"] += 1
        if self.path is not None:
            self.path.write_text(json.dumps(self.held, indent=1, sort_keys=True) + "\n")


def torture(told: Told, runs: dict[str, int], seconds: float, seed: int, on_disk: bool, only: str = "") -> None:
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    import_all(("torch", "likewise.cli.app"))
    with folders(on_disk) as (inputs, outputs, log):
        lay_inputs(inputs)
        jobs = [job for job in chance.sample(JOBS, len(JOBS)) if only in job.name]
        known: dict[str, Known] = {}
        ways = [way for way, n in runs.items() for _ in range(n)]
        chance.shuffle(ways)
        for run, way in enumerate(ways):
            if time.monotonic() > end:
                break
            job = jobs[run % len(jobs)]
            if job.name not in known:
                known[job.name] = Known(job, inputs, outputs, log)
                known[job.name].learn()
            one = known[job.name]
            told.add(way, job.name, one.kill_once(chance) if way == "killed" else one.fill_once(chance, on_disk))


def in_own_mounts(arguments: list[str]) -> bool:
    """Whether this process may mount; else it begins anew where it may, if anywhere."""
    if INSIDE in os.environ:
        return os.environ[INSIDE] == "yes"
    words = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    can = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    os.environ[INSIDE] = "yes" if can else "no"
    if can:
        os.execvp("unshare", [*words, sys.executable, __file__, *arguments])
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--full", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=86_400, help="end after so long, whatever was done")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="", help="commands with this in their name")
    parser.add_argument("--json", type=Path, default=None, help="add the counts to this file")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", POLARS_MAX_THREADS="1")
    on_disk = in_own_mounts(sys.argv[1:])
    told = Told(options.json)
    runs = dict(zip(WAYS, (options.kills, options.full), strict=True))
    torture(told, runs, options.seconds, options.seed or time.time_ns(), on_disk, options.only)
    for (way, verdict), n in sorted(told.total.items()):
        print(f"{way}: {n} {verdict}" + (" (by limit)" if way == "disk full" and not on_disk else ""))
    return int(any(verdict.startswith("lost") for _, verdict in told.total))


if __name__ == "__main__":
    sys.exit(main())
