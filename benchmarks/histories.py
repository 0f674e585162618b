"""Histories drawn and held against entities that no model saw, beside a Markov chain and what rivals published.

    python benchmarks/histories.py --results benchmarks/results/histories.json [--tables baseball helpdesk ...]
    python benchmarks/histories.py --large --results benchmarks/results/histories.json
    python benchmarks/histories.py --epsilon 1 10 --tables baseball --results benchmarks/results/histories.json

Tables: careers of baseball players (of the test table, players who are also in the training one are left out),
purchases of cdnow, helpdesk cases, C-MAPSS engines, flights of planes; of these a third of the entities is not learnt.

The formulas are those of `likewise.evaluate.histories`, over all rows of each table. `next`: pairs of a column in two
rows that follow each other, one pair an entity by chance. `distinct`, `entities`: distinct bins an entity, entities a
bin. `coherence`: the mean of these three, as mostlyai-qa has them. `gaps`: one less the greatest gap of the
distributions of time between rows. `told_apart`: the area under the curve of boosted trees that tell histories (means,
ends, deviations, gaps, shares of levels) from fresh ones; of fresh ones, between two halves of them. `back`: steps back
in time. `repeated`: rows of which an earlier one of their entity has all that `Case.unique` names. `stays_...`: rows
with the value of the row before.

`--epsilon` learns within budgets that protect whole entities, of what `Case.declared` says, and puts these rows beside.

`--large` draws a made-up table of 50,000 entities of 45 rows from a model of as many, and tells seconds and memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from _shared import machine, shared_folder
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

import likewise as lw
from likewise.evaluate.histories import formulas
from likewise.evaluate.histories.events import Events, apart, running
from likewise.evaluate.histories.ordered import Coded, Ordered, coded
from likewise.evaluate.tables import type_tables
from likewise.schema.parse import parse

Split = tuple[pl.DataFrame, pl.DataFrame]
"""Rows to learn from, and those of other entities."""


@dataclass(frozen=True)
class Case:
    """A table of histories.

    Args:
        load: reads it.
        stays: columns of which it is told how often they stay; shares of the first one's levels are judged.
        unique: what no two rows of an entity share, or hardly any.
        rivals: name -> file with their rows.
        declared: what anybody may know of the table, for a budget of privacy; its columns' kinds are told by `infer`.
            That an entity has no two rows which share all of `unique` is declared with it.
        longest: rows of an entity that a budget looks at.
    """

    load: Callable[[Path], Split]
    who: str
    when: str
    stays: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    rivals: tuple[tuple[str, str], ...] = ()
    declared: Mapping[str, Mapping[str, Any]] | None = None
    longest: int = 0


def by_entity(table: pl.DataFrame, who: str, share: float = 1 / 3) -> Split:
    names = table[who].unique().sort().sample(fraction=share, seed=0)
    is_fresh = pl.col(who).is_in(names.implode())
    return table.filter(~is_fresh), table.filter(is_fresh)


def baseball(data: Path) -> Split:
    folder = data / "baseball_careers"
    train = pl.read_parquet(folder / "fielding-train.parquet")
    test = pl.read_parquet(folder / "fielding-test.parquet")
    return train, test.filter(~pl.col("playerID").is_in(train["playerID"].unique().implode()))


def cdnow(data: Path) -> Split:
    return by_entity(pl.read_csv(data / "cdnow" / "purchases.csv", try_parse_dates=True), "users_id")


def helpdesk(data: Path) -> Split:
    table = pl.read_csv(data / "helpdesk_events.csv", try_parse_dates=True)
    return by_entity(table.with_columns(pl.col("ActivityID").cast(pl.String)), "CaseID")


def cmapss(data: Path) -> Split:
    names = ["engine", "cycle", *(f"setting{k}" for k in (1, 2, 3)), *(f"sensor{k}" for k in range(1, 22))]
    rows = [line.split() for line in (data / "cmapss_fd001.txt").read_text().splitlines()]
    table = pl.DataFrame(rows, schema=names, orient="row").cast(pl.Float64)
    return by_entity(table.with_columns(pl.col("engine", "cycle", "sensor17", "sensor18").cast(pl.Int64)), "engine")


def planes(data: Path) -> Split:
    table = pl.read_parquet(data / "nycflights13" / "flights" / "*.parquet").drop_nulls("tailnum")
    departs = pl.datetime("year", "month", "day", pl.col("sched_dep_time") // 100, pl.col("sched_dep_time") % 100)
    kept = ["tailnum", "carrier", "origin", "dest", "dep_delay", "arr_delay", "air_time", "distance"]
    return by_entity(table.select(*kept, departs=departs), "tailnum")


RIVALS = (
    ("TabularARGN", "TabARGN"), ("REaLTabFormer", "RTF"), ("RCTGAN", "RCTGAN"),
    ("SDV PAR (rows shuffled)", "SDV_PAR"),
)  # fmt: skip
CAREERS: dict[str, dict[str, Any]] = {
    "playerID": {"kind": "id"}, "yearID": {"bounds": (1871, 2019)}, "lgID": {"nullable": True},
    "POS": {"levels": ("1B", "2B", "3B", "C", "OF", "P", "SS")}, "G": {"bounds": (0, 165)},
    "GS": {"kind": "integer", "bounds": (0, 165), "nullable": True},
    "InnOuts": {"kind": "integer", "bounds": (0, 4500), "nullable": True}, "PO": {"bounds": (0, 1900)},
    "A": {"bounds": (0, 650)}, "E": {"kind": "integer", "bounds": (0, 120)}, "DP": {"bounds": (0, 200)},
}  # fmt: skip
"""Of baseball: nobody plays more games than a season has, and leagues and teams (`LISTED`) stand in every almanac."""
LISTED = ("lgID", "teamID")
"""Columns whose levels are public lists; they are taken from both tables here."""
CASES = {
    "baseball": Case(
        baseball, "playerID", "yearID", ("POS", "teamID"), ("yearID", "teamID", "POS"),
        tuple((name, f"baseball_careers/rivals/{file}_baseball_fielding_run_1.parquet") for name, file in RIVALS),
        CAREERS, 30,
    ),
    "cdnow": Case(cdnow, "users_id", "date"),
    "helpdesk": Case(helpdesk, "CaseID", "CompleteTimestamp", ("ActivityID",)),
    "cmapss": Case(cmapss, "engine", "cycle", (), ("cycle",)),
    "planes": Case(planes, "tailnum", "departs", ("origin", "dest")),
}  # fmt: skip


class Rows:
    """A table by entity, as it stands or in time, and where each begins."""

    def __init__(self, table: pl.DataFrame, case: Case, *, in_time: bool = False) -> None:
        by = [case.who, case.when, "row"] if in_time else [case.who, "row"]
        self.case, self.table = case, table.with_row_index("row").sort(by).drop("row")
        self.whose = self.table[case.who].rle_id().to_numpy().astype(np.int64)
        self.starts = np.flatnonzero(np.diff(self.whose, prepend=-1))
        self.lengths = np.diff(np.append(self.starts, len(table)))
        self.columns = [name for name in table.columns if name != case.who]
        self.same = np.diff(self.whose, prepend=-1) == 0

    @property
    def gaps(self) -> npt.NDArray[np.float64]:
        """(steps,) time between rows, in the column's own unit."""
        ticks = self.table[self.case.when].to_physical().to_numpy().astype(np.float64)
        return np.diff(ticks, prepend=0)[self.same]


def coded_beside(real: Rows, some: Rows) -> tuple[Coded, Coded]:
    """Both as the library measures them, on bins of the real ones."""
    case, schema = real.case, lw.infer(real.table, entity=real.case.who)
    for name in real.table.select(pl.col(pl.String)).drop(case.who, strict=False).columns:
        schema = schema.replace(name, kind="categorical")  # codes of activities are no numbers
    frames = [parse(rows.table, schema, partial=True) for rows in (real, some)]
    told = [
        Ordered.of(typed, rows.whose, typed[case.when].values.astype(float), in_time=False)
        for typed, rows in zip(type_tables(frames, schema), (real, some), strict=True)
    ]
    base, ours = coded(told[0], told[1:], case.when)
    return base, ours


def every_row(c: Coded) -> list[Events]:
    return [Events(codes.astype(int), c.rows.who, k) for codes, k in zip(c.codes.codes, c.codes.sizes, strict=True)]


def lives(rows: Rows, top: list[Any]) -> pl.DataFrame:
    """A row an entity."""
    case = rows.case
    when = pl.col(case.when).to_physical()
    table = rows.table.with_columns(when, pl.col(pl.Boolean).cast(pl.Int8)).with_columns(gap=when.diff().over(case.who))
    numbers = pl.col([name for name in rows.columns if table[name].dtype.is_numeric()])
    levels = [name for name in rows.columns if table[name].dtype == pl.String]
    parts = [
        numbers.mean().name.suffix(" mean"), numbers.std().name.suffix(" sd"), numbers.min().name.suffix(" min"),
        numbers.max().name.suffix(" max"), numbers.first().name.suffix(" first"), numbers.last().name.suffix(" last"),
        pl.col("gap").mean().alias("gap mean"), pl.col("gap").max().alias("gap max"), pl.len().alias("length"),
        (pl.col("gap") == 0).mean().alias("gap none"),
        *(pl.col(name).n_unique().alias(f"{name} levels") for name in levels),
        *((pl.col(name) == pl.col(name).shift(1)).mean().alias(f"{name} stays") for name in case.stays[-1:]),
        *((pl.col(case.stays[0]) == level).mean().alias(f"share of {level}") for level in top),
    ]  # fmt: skip
    return table.group_by(case.who, maintain_order=True).agg(parts).drop(case.who)


def told_apart(some: Rows, fresh: Rows, real: Rows) -> float:
    stays = some.case.stays
    top = real.table[stays[0]].value_counts(sort=True).head(5)[stays[0]].to_list() if stays else []
    tables = [lives(rows, top) for rows in (some, fresh)]
    n = min(map(len, tables))
    x = np.concatenate([table.sample(n, seed=1).to_numpy().astype(float) for table in tables])
    y = np.repeat([0, 1], n)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)  # entities stand in the order of their keys, often of time
    judge = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    return float(roc_auc_score(y, cross_val_predict(judge, x, y, cv=folds, method="predict_proba")[:, 1]))


def figures(some: Rows, real: Rows, fresh: Rows) -> dict[str, float]:
    case, (base, ours) = real.case, coded_beside(real, some)
    # One pair an entity by chance, as mostlyai-qa has it, of either table.
    parts = {"next": partial(formulas.pairs, rng=np.random.default_rng(0)), "distinct": formulas.distinct,
             "entities": formulas.holders}  # fmt: skip
    alike = {name: 1 - apart(base, ours, table) for name, table in parts.items()}
    rows = ours.rows
    stays = {f"stays_{name}": float(rows.same(rows.table[name]).mean()) for name in case.stays}
    unique = {"repeated": float(formulas.repeated(ours, case.unique)[0].cells.mean())} if case.unique else {}
    return {
        "rows": len(rows), "length": 1 - apart(base, ours, formulas.lengths, running),
        "columns": 1 - apart(base, ours, every_row), "first_row": 1 - apart(base, ours, formulas.first_rows), **alike,
        "coherence": float(np.mean(list(alike.values()))), "gaps": 1 - apart(base, ours, formulas.gaps, running),
        "back": float(rows.back[rows.later].mean()), **unique, **stays, "told_apart": told_apart(some, fresh, real),
    }  # fmt: skip


def markov(real: Rows, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """The baseline: each column a first-order chain over its bins, a value the one of a real row of the bin; gaps and
    first rows of real rows, and whether a row is the last by how many there were."""
    case, longest = real.case, int(real.lengths.max())
    names = [name for name in real.columns if name != case.when]
    base = coded_beside(real, real)[0]
    at = {column.name: i for i, column in enumerate(base.rows.table.columns)}
    coded = {name: (base.codes.codes[at[name]].astype(np.int64), base.codes.sizes[at[name]]) for name in names}
    later = np.flatnonzero(real.same)
    ends = np.bincount(real.lengths, minlength=longest + 1) / np.maximum(
        np.array([(real.lengths >= k).sum() for k in range(longest + 1)]), 1
    )
    chains = {}
    for name, (codes, k) in coded.items():
        counts = np.bincount(codes[later - 1] * k + codes[later], minlength=k * k).reshape(k, k) + 1e-9
        chains[name] = (counts / counts.sum(1, keepdims=True)).cumsum(1)
    by_code = {name: np.argsort(codes, kind="stable") for name, (codes, _) in coded.items()}
    begun = {name: np.searchsorted(codes[by_code[name]], np.arange(k + 1)) for name, (codes, k) in coded.items()}
    when = real.table[case.when]
    ticks, gaps = when.to_physical().to_numpy(), real.gaps
    alive, at = np.arange(n), rng.choice(real.starts, n)
    now, state = ticks[at], {name: codes[at] for name, (codes, _) in coded.items()}
    parts = []
    for step in range(1, longest + 1):
        if step > 1:
            now = now + rng.choice(gaps, len(now)).astype(now.dtype)
            for name, chain in chains.items():
                state[name] = (rng.random((len(now), 1)) > chain[state[name]]).sum(1).clip(max=chain.shape[1] - 1)
        low = {name: begun[name][state[name]] for name in names}
        room = {name: np.maximum(begun[name][state[name] + 1] - low[name], 1) for name in names}
        rows = {name: by_code[name][low[name] + rng.integers(room[name])] for name in names}
        values = {name: real.table[name].gather(rows[name]) for name in names}
        times = pl.Series(case.when, now).cast(when.to_physical().dtype).cast(when.dtype)
        parts.append(pl.DataFrame({case.who: alive, case.when: times} | values))
        goes_on = rng.random(len(now)) >= ends[step]
        alive, now, state = alive[goes_on], now[goes_on], {name: s[goes_on] for name, s in state.items()}
        if not len(alive):
            break
    return pl.concat(parts)


def measured(case: Case, seeds: list[int], data: Path) -> dict[str, Any]:
    train, test = case.load(data)
    real, fresh = Rows(train, case, in_time=True), Rows(test, case, in_time=True)
    some, others = by_entity(test, case.who, 1 / 2)
    floor = told_apart(Rows(some, case, in_time=True), Rows(others, case, in_time=True), real)
    result = {"fresh entities": figures(fresh, real, fresh) | {"told_apart": floor}}
    chain = markov(real, len(real.starts), np.random.default_rng(0))
    result["first-order Markov"] = figures(Rows(chain, case, in_time=True), real, fresh)
    for seed in seeds:
        began, busy = time.perf_counter(), time.process_time()
        synth = lw.Synthesizer(entity=case.who, time=case.when, random_state=seed).fit(train)
        fitted, worked = time.perf_counter(), time.process_time()
        fake = synth.sample(len(real.starts), random_state=seed)
        seconds = {
            "fit_seconds": fitted - began, "draw_seconds": time.perf_counter() - fitted,
            "fit_cpu_seconds": worked - busy, "draw_cpu_seconds": time.process_time() - worked,
        }  # fmt: skip
        result[f"likewise, seed {seed}"] = figures(Rows(fake, case), real, fresh) | seconds
        print(json.dumps(result[f"likewise, seed {seed}"], indent=1), flush=True)
    for name, file in case.rivals:
        result[name] = figures(Rows(pl.read_parquet(data / file).select(train.columns), case), real, fresh)
    return {"commit": machine()["commit"], "rows": len(train), "entities": len(real.starts), "figures": result}


def within_budgets(case: Case, epsilons: list[float], seeds: list[int], data: Path) -> dict[str, Any]:
    """Figures of models that keep a budget by entity, of a delta of 1e-6, and of a rival's rows."""
    train, test = case.load(data)
    real, fresh = Rows(train, case, in_time=True), Rows(test, case, in_time=True)
    lists = {name: {"levels": tuple(pl.concat([train, test])[name].drop_nulls().unique().sort())} for name in LISTED}
    facts = {
        name: {"nullable": False} | lists.get(name, {}) | dict(said) for name, said in (case.declared or {}).items()
    }
    facts |= {name: {"nullable": False} | said for name, said in lists.items() if name not in facts}
    schema = lw.infer(train).declare(facts).with_rules([f"unique ({', '.join((case.who, *case.unique))})"])
    result = {}
    for epsilon in epsilons:
        for seed in seeds:
            began = time.process_time()
            privacy = lw.DP(epsilon, 1e-6, entity=case.who, max_rows=case.longest)
            synth = lw.Synthesizer(schema=schema, time=case.when, privacy=privacy, random_state=seed).fit(train)
            fitted = time.process_time()
            fake = synth.sample(len(real.starts), random_state=seed)
            spent = {"fit_cpu_seconds": fitted - began, "draw_cpu_seconds": time.process_time() - fitted}
            name = f"likewise, epsilon {epsilon:g}, seed {seed}"
            result[name] = figures(Rows(fake.select(train.columns), case), real, fresh) | spent
            result[name]["plan"] = synth.plan_.text()
            print(name, json.dumps(result[name], indent=1), flush=True)
    file = data / "baseball_careers/rivals/TabARGN_baseball_fielding_dp_run_1.parquet"
    if case.who == "playerID":
        result["TabularARGN, with privacy"] = figures(
            Rows(pl.read_parquet(file).select(train.columns), case), real, fresh
        )
        print(json.dumps(result["TabularARGN, with privacy"], indent=1), flush=True)
    return {"commit": machine()["commit"], "delta": 1e-6, "longest": case.longest, "figures": result}


def many(n: int = 50_000, rows: int = 45) -> pl.DataFrame:
    """A made-up table of so many entities: days apart, a level that wanders, places that stay, a meter that rises."""
    rng = np.random.default_rng(0)
    begin = np.repeat(rng.integers(15_000, 18_000, n), rows)
    days = begin + rng.choice([1, 2, 3, 7, 14, 30], (n, rows)).cumsum(1).ravel()
    level = (rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.3, (n, rows)).cumsum(1)).ravel()
    kind, home = rng.integers(0, 6, n * rows), np.repeat(rng.integers(0, 40, n), rows)
    return pl.DataFrame({
        "who": np.repeat(np.arange(n) + 10**6, rows), "day": pl.Series(days, dtype=pl.Int32).cast(pl.Date),
        "sex": np.repeat(np.array(["f", "m"])[rng.integers(0, 2, n)], rows), "kind": pl.Series(kind).cast(pl.String),
        "place": pl.Series(np.where(rng.random(n * rows) < 0.1, rng.integers(0, 40, n * rows), home)).cast(pl.String),
        "a": (10 * level).round(1), "b": (100 * np.abs(level) + rng.normal(0, 5, n * rows)).round(2),
        "c": rng.poisson(3, n * rows), "d": (rng.gamma(2, 20, n * rows) * (kind + 1)).round(2),
        "meter": rng.integers(0, 50, (n, rows)).cumsum(1).ravel(),
    })  # fmt: skip


class Anonymous(threading.Thread):
    """The most anonymous memory that this process has taken, looked at each hundredth of a second: what is mapped of
    libraries' files is left out, which all processes share."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.gigabytes = 0.0
        self.start()

    def run(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text()
            self.gigabytes = max(self.gigabytes, int(status.split("RssAnon:")[1].split()[0]) / 1e6)
            time.sleep(0.01)


def large() -> dict[str, Any]:
    table = many()
    before, anonymous = _peak(), Anonymous()
    began, busy = time.perf_counter(), time.process_time()
    synth = lw.Synthesizer(entity="who", time="day", random_state=0).fit(table)
    fitted, worked = time.perf_counter(), time.process_time()
    fake = synth.sample(random_state=0)
    return {
        "commit": machine()["commit"], "rows": len(table), "drawn": len(fake), "fit_seconds": fitted - began,
        "draw_seconds": time.perf_counter() - fitted, "fit_cpu_seconds": worked - busy,
        "draw_cpu_seconds": time.process_time() - worked, "peak_gigabytes": _peak(), "before_gigabytes": before,
        "peak_anonymous_gigabytes": anonymous.gigabytes,
    }  # fmt: skip


def _peak() -> float:
    """Of memory so far, in gigabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path)
    parser.add_argument("--tables", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--epsilon", type=float, nargs="+")
    asked = parser.parse_args()
    known = json.loads(asked.results.read_text()) if asked.results and asked.results.exists() else {}
    result = (
        machine() | {"tables": {}} | {name: known[name] for name in ("tables", "large", "ablation") if name in known}
    )
    if asked.large:
        result["large"] = large()
        print(json.dumps(result["large"], indent=1))
    for name in asked.tables if asked.epsilon else []:
        if CASES[name].declared is None:
            raise SystemExit(f"{name}: nothing is declared of this table, so no budget can be kept")
        held = result["tables"].setdefault(name, {}).setdefault("within budgets", {"figures": {}})
        found = within_budgets(CASES[name], asked.epsilon, asked.seeds, shared_folder() / "data")
        result["tables"][name]["within budgets"] = found | {"figures": held["figures"] | found["figures"]}
    for name in [] if asked.large or asked.epsilon else asked.tables:
        result["tables"][name] = measured(CASES[name], asked.seeds, shared_folder() / "data")
    if asked.results:
        asked.results.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
