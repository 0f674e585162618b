"""Do rows keep their rules, at what price, and are rules found?

    python benchmarks/rules.py kept --results benchmarks/results/rules.json  # real and made tables; needs the data
    python benchmarks/rules.py found --results benchmarks/results/rules.json  # discovery: planted, shuffled, speed
    python benchmarks/rules.py show --results benchmarks/results/rules.json

`kept` learns each table with its rules and without, draws as many rows as it has, writes CSV, and counts the rows that
break a rule by other code: plain pandas on the file as it was written, with no tolerance but half a unit of the last
decimal where a rule rounds. Beside it stand what a judge told to find the synthetic rows finds (c2st), and processor
seconds; of real tables they are means over seeds, for one draw's c2st is off by .01 as it comes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _shared import machine, shared_folder

import likewise as lw

Broken = Callable[[pd.DataFrame, pd.DataFrame], "pd.Series[bool]"]
"""Rows of a drawn table that break a rule, beside the real one."""


def order(a: str, b: str, *, strict: bool = False) -> Broken:
    def broken(fake: pd.DataFrame, real: pd.DataFrame) -> pd.Series[bool]:
        both = fake[a].notna() & fake[b].notna()
        return both & ((fake[a] >= fake[b]) if strict else (fake[a] > fake[b]))

    return broken


def dates_in_order(a: str, b: str) -> Broken:
    return lambda fake, real: pd.to_datetime(fake[a]) > pd.to_datetime(fake[b])


def seen(*columns: str) -> Broken:
    def broken(fake: pd.DataFrame, real: pd.DataFrame) -> pd.Series[bool]:
        known = set(map(tuple, real[list(columns)].astype(str).to_numpy()))
        return pd.Series([tuple(row) not in known for row in fake[list(columns)].astype(str).to_numpy()])

    return broken


def where(condition: Callable[[pd.DataFrame], Any]) -> Broken:
    return lambda fake, real: pd.Series(condition(fake)).fillna(False).astype(bool)


Ruled = tuple[Callable[[Path], pl.DataFrame], list[tuple[str, Broken]]]


def _csv(name: str) -> Callable[[Path], pl.DataFrame]:
    return lambda shared: lw.read(shared / "data" / name)


def _flights(shared: Path) -> pl.DataFrame:
    table = pl.read_parquet(shared / "data" / "nycflights13" / "flights" / "*.parquet")
    return table.sample(30_000, seed=0)


REAL: dict[str, Ruled] = {
    "taxis": (
        _csv("taxis.csv"),
        [
            ("pickup <= dropoff", dates_in_order("pickup", "dropoff")),
            ("pickup_zone, pickup_borough from data", seen("pickup_zone", "pickup_borough")),
            ("dropoff_zone, dropoff_borough from data", seen("dropoff_zone", "dropoff_borough")),
            ("fare + tip + tolls <= total", where(lambda f: (f.fare + f.tip + f.tolls - f.total) > 1e-9)),
        ],
    ),
    "nycflights13 weather": (
        _csv("nycflights13/weather.csv"),
        [
            ("dewp <= temp", order("dewp", "temp")),
            ("wind_speed < wind_gust", order("wind_speed", "wind_gust", strict=True)),
            ("wind_dir % 10 = 0", where(lambda f: f.wind_dir.notna() & (f.wind_dir % 10 != 0))),
            ("month in (4, 6, 9, 11) -> day <= 30", where(lambda f: f.month.isin([4, 6, 9, 11]) & (f.day > 30))),
            ("month = 2 -> day <= 28", where(lambda f: (f.month == 2) & (f.day > 28))),
        ],
    ),
    "nycflights13 flights": (
        _flights,
        [
            ("origin, dest, distance from data", seen("origin", "dest", "distance")),
            ("minute = sched_dep_time - 100 * hour", where(lambda f: f.minute != f.sched_dep_time - 100 * f.hour)),
            ("dep_time is null -> dep_delay is null", where(lambda f: f.dep_time.isna() & f.dep_delay.notna())),
            ("dep_time is null -> air_time is null", where(lambda f: f.dep_time.isna() & f.air_time.notna())),
        ],
    ),
    "beijing": (
        _csv("beijing.csv"),
        [
            ("month in (4, 6, 9, 11) -> day <= 30", where(lambda f: f.month.isin([4, 6, 9, 11]) & (f.day > 30))),
            ("month = 2 -> day <= 29", where(lambda f: (f.month == 2) & (f.day > 29))),
            ("month = 2 and year != 2012 -> day <= 28",
             where(lambda f: (f.month == 2) & (f.year != 2012) & (f.day > 28))),
        ],
    ),
    "diamonds": (
        _csv("diamonds.csv"),
        [
            ("cut, clarity, color from data", seen("cut", "clarity", "color")),
            ("x = 0 -> price > 0", where(lambda f: (f.x == 0) & (f.price <= 0))),
            ("z < x + y", where(lambda f: (f.z >= f.x + f.y) & (f.x + f.y > 0))),
        ],
    ),
    "chinook invoices": (
        _csv("chinook/Invoice.csv"),
        [
            ("BillingCity, BillingState, BillingCountry, BillingPostalCode from data",
             seen("BillingCity", "BillingState", "BillingCountry", "BillingPostalCode")),
            ("Total >= 0.99", where(lambda f: f.Total < 0.99)),
        ],
    ),
    "us_location": (
        _csv("us_location_train.csv"),
        [
            ("state_code, bird from data", seen("state_code", "bird")),
            ("lat < 30 -> lat_zone = 'low'", where(lambda f: (f.lat < 30) & (f.lat_zone != "low"))),
            ("30 <= lat < 60 -> lat_zone = 'middle'",
             where(lambda f: f.lat.between(30, 60, inclusive="left") & (f.lat_zone != "middle"))),
            ("lat >= 60 -> lat_zone = 'high'", where(lambda f: (f.lat >= 60) & (f.lat_zone != "high"))),
        ],
    ),
}  # fmt: skip


def made(k: int, n: int = 4_000) -> tuple[pl.DataFrame, list[tuple[str, Broken]]]:
    """The k-th made table, of k + 1 rules, the last of 31 pairs: orders, chains, sums, multiples, levels."""
    rng = np.random.default_rng(k)
    columns: dict[str, Any] = {}
    rules: list[tuple[str, Broken]] = []
    for i in range(31 if k == 19 else k + 1):
        kind = (
            "order"
            if k == 19
            else ("order", "chain", "sum", "product", "multiple", "implied", "seen", "sums")[(i + k) % 8]
        )
        a, b, c = f"a{i}", f"b{i}", f"c{i}"
        base = rng.integers(0, 400, n) if i % 2 else np.round(rng.gamma(3, 40, n), 1)
        if kind == "order":
            wide = rng.gamma(2, 60, n) if i % 3 else rng.gamma(1, 2, n)
            columns |= {a: base, b: base + (np.round(wide, 1) if base.dtype == float else wide.astype(int))}
            rules.append((f"{a} <= {b}", order(a, b)))
        elif kind == "chain":
            low = rng.integers(0, 300, n)
            mid = low + rng.integers(1, 20, n)
            columns |= {
                a: low,
                b: [None if r < 0.1 else int(v) for r, v in zip(rng.random(n), mid, strict=True)],
                c: mid + rng.integers(1, 50, n),
            }
            rules.append(
                (
                    f"{a} < {b} < {c}",
                    lambda f, r, a=a, b=b, c=c: (
                        order(a, b, strict=True)(f, r) | order(b, c, strict=True)(f, r) | order(a, c, strict=True)(f, r)
                    ),
                )
            )
        elif kind in ("sum", "sums"):
            parts = {f"{a}_{j}": rng.poisson(20 + 10 * j, n) for j in range(2 if kind == "sum" else 6)}
            columns |= {**parts, c: sum(parts.values())}
            rules.append(
                (f"{' + '.join(parts)} = {c}", lambda f, r, names=list(parts), c=c: f[names].sum(axis=1) != f[c])
            )
        elif kind == "product":
            price, qty = np.round(rng.lognormal(2, 1, n), 2), rng.integers(1, 20, n)
            columns |= {a: price, b: qty, c: np.round(price * qty, 2)}
            rules.append(
                (f"{c} = round({a} * {b}, 2)", lambda f, r, a=a, b=b, c=c: (f[a] * f[b] - f[c]).abs() > 0.005 + 1e-9)
            )
        elif kind == "multiple":
            columns |= {a: rng.integers(0, 90, n) * 5}
            rules.append((f"{a} % 5 = 0", lambda f, r, a=a: f[a] % 5 != 0))
        elif kind == "implied":
            state = rng.choice(["open", "done", "lost"], n)
            columns |= {
                a: state,
                b: [None if s == "open" else int(v) for s, v in zip(state, rng.integers(0, 99, n), strict=True)],
            }
            rules.append((f"{a} = 'open' -> {b} is null", lambda f, r, a=a, b=b: (f[a] == "open") & f[b].notna()))
        else:
            city = rng.choice(40, n, p=rng.dirichlet(np.ones(40)))
            columns |= {a: [f"city {v}" for v in city], b: [f"land {v // 6}" for v in city]}
            rules.append((f"{a}, {b} from data", seen(a, b)))
    return pl.DataFrame(columns), rules


def kept(results: dict[str, Any], save: Callable[[], None], model: str, only: str | None, seeds: int) -> None:
    """Each table with rules and without."""
    shared = shared_folder()
    tables: dict[str, Callable[[], tuple[pl.DataFrame, list[tuple[str, Broken]]]]] = {
        name: lambda read=read, rules=rules: (read(shared), rules) for name, (read, rules) in REAL.items()
    }
    tables |= {f"made {k:02}": lambda k=k: made(k) for k in range(20)}
    warm, rules = made(7, 300)
    for ruled in (True, False):  # what is imported first is nobody's time
        one(warm, rules, model, ruled=ruled, seed=0)
    for name, get in tables.items():
        if (only and only not in name) or name in results.get(model, {}):
            continue
        table, rules = get()
        line: dict[str, Any] = {"rows": len(table), "columns": table.width, "rules": len(rules)}
        runs: dict[str, list[dict[str, Any]]] = {"with": [], "without": []}
        for seed in range(1 if name.startswith("made") else seeds):
            for asked, its in runs.items():
                its.append(one(table, rules, model, ruled=asked == "with", seed=seed))
        line |= {asked: _mean(its) for asked, its in runs.items()}
        a, b = (np.array([run["c2st"] for run in its]) for its in runs.values())
        line["c2st_more"] = round(float((a - b).mean()), 4)
        if len(a) > 1:
            line["c2st_more_error"] = round(float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))), 4)
        line["times_as_long"] = round(_seconds(line["with"]) / _seconds(line["without"]), 2)
        results.setdefault(model, {})[name] = line
        print(name, line, flush=True)
        save()


def one(table: pl.DataFrame, rules: list[tuple[str, Broken]], model: str, *, ruled: bool, seed: int) -> dict[str, Any]:
    test = np.random.default_rng(0).permutation(len(table))[: len(table) // 5]
    real, held = table[np.setdiff1d(np.arange(len(table)), test)], table[test]
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synth = lw.Synthesizer(
            model, random_state=seed, rules=[rule for rule, _ in rules] if ruled else None, entity=False
        ).fit(real)
        fitted = time.process_time()
        fake = synth.sample(len(real), random_state=seed + 1)
    drawn = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        lw.write(fake, Path(folder) / "fake.csv")
        lw.write(table, Path(folder) / "real.csv")
        as_written, theirs = (pd.read_csv(Path(folder) / f"{n}.csv", low_memory=False) for n in ("fake", "real"))
    broken = {rule: int(of(as_written, theirs).sum()) for rule, of in rules}
    any_broken = np.logical_or.reduce([of(as_written, theirs).to_numpy(bool) for _, of in rules])
    found = {
        "rows": len(as_written), "rows_that_break_a_rule": int(any_broken.sum()), "broken": broken,
        "fit_seconds": fitted - begun, "draw_seconds": drawn - fitted,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = lw.evaluate(real, fake, holdout=held, measures=["detection"], random_state=seed, entity=False)
    return found | {name: report[name].value for name in ("c2st", "trend", "shape")}


def _mean(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of runs with other seeds: rows that break a rule are those of all of them, the rest is their mean."""
    broken = {rule: sum(run["broken"][rule] for run in runs) for rule in runs[0]["broken"]}
    rows = {name: sum(run[name] for run in runs) for name in ("rows", "rows_that_break_a_rule")}
    figures = ("fit_seconds", "draw_seconds", "c2st", "trend", "shape")
    return rows | {"broken": broken} | {f: round(float(np.mean([run[f] for run in runs])), 4) for f in figures}


def _seconds(line: dict[str, Any]) -> float:
    return float(line["fit_seconds"] + line["draw_seconds"])


def found(results: dict[str, Any], save: Callable[[], None]) -> None:
    """Planted rules that are found, what shuffled columns bring, and seconds of a million rows."""
    told: dict[str, Any] = {"planted": 0, "found": 0, "lacking": []}
    for k in range(20):
        table, rules = made(k)
        texts = {lw.rules.parse_rule(t) for t in lw.discover_rules(table).texts}
        for rule, _ in rules:
            told["planted"] += 1
            is_found = any(_same(rule, other, texts) for other in texts)
            told["found"] += is_found
            if not is_found:
                told["lacking"].append([k, rule])
    told["recall"] = told["found"] / told["planted"]
    wrong: list[str] = []
    for k in range(40):
        table = made(k % 20)[0]
        rng = np.random.default_rng(1_000 + k)
        shuffled = table.select(pl.col(name).gather(rng.permutation(len(table))) for name in table.columns)
        wrong += [t for t in lw.discover_rules(shuffled).texts if "%" not in t]  # multiples are of one column
    told |= {"shuffled_tables": 40, "false_proposals": wrong}
    large = pl.concat([made(6, 1_000_000)[0], made(9, 1_000_000)[0].rename(lambda n: f"x{n}")], how="horizontal")
    large = large.select(large.columns[:20])
    begun = time.process_time()
    n = len(lw.discover_rules(large))
    told["million_rows"] = {"columns": large.width, "proposed": n, "seconds": round(time.process_time() - begun, 1)}
    results["discovery"] = told
    print(told)
    save()


def _same(planted: str, other: Any, texts: set[Any]) -> bool:
    """Whether a proposal says what was planted, or more."""
    from likewise.rules import columns_of

    rule = lw.rules.parse_rule(planted)
    if rule == other:
        return True
    named, also = columns_of(rule), columns_of(other)
    if "from data" in planted or (" = " in planted and "->" not in planted and "%" not in planted):
        return set(named) <= set(also) if "from data" in planted else set(named) == set(also)
    if " < " in planted and len(named) == 3:  # a chain is proposed as its links
        links = {str(t) for t in texts}
        return {f"{named[0]} < {named[1]}", f"{named[1]} < {named[2]}"} <= links
    return str(other).replace("<=", "<") == planted.replace("<=", "<")


def show(results: dict[str, Any]) -> None:
    for model in (key for key in results if key not in ("discovery", "machine", "note")):
        print(f"{model}: rows that break a rule, c2st, seconds; with rules and without")
        for name, line in results[model].items():
            a, b = line["with"], line["without"]
            print(
                f"{name:24} {line['rows']:>7,} x {line['columns']:<3} {line['rules']:>2} rules  "
                f"{a['rows_that_break_a_rule']:>6,} {b['rows_that_break_a_rule'] / b['rows']:>7.2%}  "
                f"{a['c2st']:.3f} {b['c2st']:.3f} ({line['c2st_more']:+.3f} ± {line.get('c2st_more_error', 0):.3f})  "
                f"{_seconds(a):6.1f} {_seconds(b):6.1f} ({line['times_as_long']:.2f})"
            )
    print(json.dumps(results.get("discovery"), indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kept", "found", "show"])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--model", default="autoregressive")
    parser.add_argument("--seeds", type=int, default=3, help="fits and draws of a real table, with rules and without")
    parser.add_argument("--only", help="tables whose name holds this")
    asked = parser.parse_args()
    results = json.loads(asked.results.read_text()) if asked.results.exists() else {}

    def save() -> None:
        asked.results.write_text(json.dumps(results | {"machine": machine()}, indent=1) + "\n")

    if asked.what == "kept":
        kept(results, save, asked.model, asked.only, asked.seeds)
    elif asked.what == "found":
        found(results, save)
    else:
        show(results)


if __name__ == "__main__":
    main()
