"""Scenarios held against what came: the crash of 2008, risk day by day, claims, earthquakes, joint tails, forecasts.

    python benchmarks/scenario.py --results benchmarks/results/scenario.json

Every figure stands beside that of a plain bootstrap, or of the way it is usually done. Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from _shared import machine, shared_folder

import likewise as lw
from likewise.scenario import Facts, Paths, Scenario, backtest, fit_tail, return_level, stylised_facts, tail_dependence
from likewise.scenario.series import log_returns
from likewise.scenario.tails import Tail, excess_quantile, fit_pareto

Floats = npt.NDArray[np.float64]
DATA = shared_folder() / "data"
YEAR = 252
SEED = 0


def interval(values: Floats, confidence: float = 0.95) -> list[float]:
    half = (1 - confidence) / 2
    return [round(float(q), 5) for q in np.quantile(values, [half, 1 - half])]


def contains(ends: list[float], value: float) -> bool:
    return bool(ends[0] <= value <= ends[1])


# ---- the crash -------------------------------------------------------------------------------------------------------


def sp500() -> tuple[pl.DataFrame, Floats, npt.NDArray[np.str_]]:
    """The table, its daily log losses, and the day of each loss."""
    frame = pl.read_csv(DATA / "sp500_1950_2018.csv").select("Date", close="Adj.Close")
    losses = -np.diff(np.log(frame["close"].to_numpy()))
    return frame, losses, frame["Date"].to_numpy()[1:].astype(str)


def crash() -> dict[str, Any]:
    """The daily loss that comes once in ten years, learnt up to 2007, beside what 2008 and 2009 brought."""
    frame, losses, days = sp500()
    worst = float(losses[(days >= "2008") & (days < "2010")].max())
    found: dict[str, Any] = {"worst_2008_2009": round(worst, 5)}
    for name, since in (("since_1950", "1950"), ("since_1988", "1988"), ("since_1999", "1999")):
        rows = losses[(days >= since) & (days < "2008")]
        found[name] = _ten_years(rows, frame.filter(pl.col("Date").is_between(pl.lit(since), pl.lit("2008"))), worst)
    return found


def _ten_years(rows: Floats, frame: pl.DataFrame, worst: float) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    m = 10 * YEAR
    tail = fit_tail(rows, in_order=True)
    level = return_level(tail, m)
    boots = [np.quantile(rng.choice(rows, len(rows)), 1 - 1 / m) for _ in range(1_000)]
    blocks = [np.quantile(_blocks(rows, len(rows), 25, rng), 1 - 1 / m) for _ in range(1_000)]
    ways: dict[str, list[float]] = {
        "level, tail": [round(level.low, 5), round(level.high, 5)],
        "level, bootstrap": interval(np.array(boots)),
        "level, block bootstrap": interval(np.array(blocks)),
        **({"level, yearly maxima": _maxima_interval(rows, rng)} if len(rows) > 10 * YEAR else {}),
        "worst day in ten years, tail": interval(_worst_days(tail, len(rows), m, rng)),
        "worst day in ten years, paths": interval(_worst_of_paths(frame)),
        "worst day in ten years, bootstrap": interval(np.array([rng.choice(rows, m).max() for _ in range(2_000)])),
        "drawn day as bad or worse, tail": interval(-np.sort(-tail.draw(20_000, rng, beyond=level.level))),
        "drawn day as bad or worse, bootstrap": interval(rows[rows >= np.quantile(rows, 1 - 1 / m)]),
    }
    return {
        "days": len(rows),
        "worst_seen": round(float(rows.max()), 5),
        "level": round(level.level, 5),
        "shape": round(tail.shape, 3),
        "extremal_index": round(tail.extremal_index, 3),
        "chance_of_a_day_like_it_in_ten_years": round(_chance(_worst_days(tail, len(rows), m, rng), worst), 4),
        "the_same_by_bootstrap": round(_chance(np.array([rng.choice(rows, m).max() for _ in range(2_000)]), worst), 4),
        "intervals": {way: {"interval": ends, "contains_it": contains(ends, worst)} for way, ends in ways.items()},
    }


def _chance(worst_days: Floats, worst: float) -> float:
    return float((worst_days >= worst).mean())


def _blocks(rows: Floats, n: int, length: int, rng: np.random.Generator) -> Floats:
    """A circular block bootstrap."""
    starts = rng.integers(len(rows), size=n // length + 1)
    return rows[(starts[:, None] + np.arange(length)) % len(rows)].ravel()[:n]


def _maxima_interval(rows: Floats, rng: np.random.Generator) -> list[float]:
    """The level that yearly maxima pass once in ten years, by parametric bootstrap of the extreme-value law."""
    from scipy import stats

    years = len(rows) // YEAR
    shape, location, scale = _fit_extreme_values(rows[: years * YEAR].reshape(years, YEAR).max(1))
    levels = []
    for _ in range(200):
        c, at, width = _fit_extreme_values(stats.genextreme.rvs(-shape, location, scale, size=years, random_state=rng))
        levels.append(stats.genextreme.ppf(0.9, -c, at, width))
    return interval(np.array(levels))


def _worst_days(tail: Tail, n: int, m: int, rng: np.random.Generator, draws: int = 2_000) -> Floats:
    """(draws,) the worst of m days, the law's uncertainty drawn too (parametric bootstrap), a cluster counted once."""
    worst = np.empty(draws)
    for i in range(draws):
        k = rng.binomial(n, tail.share * tail.extremal_index)
        y = excess_quantile(rng.random(max(k, 10)), tail.shape, tail.scale)
        shape, scale = fit_pareto(y) if i % 4 == 0 else (shape, scale)  # noqa: F821
        u = rng.random() ** (1 / max(m * tail.share * tail.extremal_index, 1.0))
        worst[i] = tail.threshold + excess_quantile(1 - u, shape, scale)
    return worst


def _worst_of_paths(frame: pl.DataFrame) -> Floats:
    paths = Paths(["close"], time="Date", random_state=SEED).fit(frame)
    steps = np.concatenate([paths.sample(500, 10 * YEAR, start="normal").steps[:, :, 0] for _ in range(2)])
    return (-steps).max(1)


# ---- risk day by day -------------------------------------------------------------------------------------------------


def risk() -> dict[str, Any]:
    """Value at risk and shortfall of each day held out, learnt before it; beside history and the normal law."""
    frame, _, _ = sp500()
    google = pl.read_csv(DATA / "google_stock.csv").select(close="Adj_Close")
    cases = {
        "sp500, 2008 to 2018": (frame.filter(pl.col("Date") < "2008"), frame, "Date"),
        "google, last third": (google[: 2 * len(google) // 3], google, None),
    }
    found = {}
    for name, (train, whole, at) in cases.items():
        held = whole[len(train) - 1 :]
        paths = Paths(["close"], time=at, random_state=SEED).fit(train)
        values = whole["close"].to_numpy()
        for level in (0.975, 0.99):
            ways = {
                "learnt once": paths.backtest(held, level=level),
                "learnt each year": paths.backtest(held, level=level, refit=YEAR),
                "learnt each quarter from eight years": paths.backtest(held, level=level, refit=63, window=8 * YEAR),
                "learnt each quarter from four years": paths.backtest(held, level=level, refit=63, window=4 * YEAR),
                "history of 500 days": _rolling(values, len(train), level, _history),
                "normal law of 500 days": _rolling(values, len(train), level, _normal),
            }
            found[f"{name}, {level:g}"] = {way: _told(test) for way, test in ways.items()}
    return found


def _rolling(values: Floats, n_train: int, level: float, forecast: Callable[..., tuple[float, float]]) -> Any:
    losses = -np.diff(np.log(values))
    made = [forecast(losses[t - 500 : t], level) for t in range(n_train - 1, len(losses))]
    value, shortfall = np.array(made).T
    return backtest(losses[n_train - 1 :], value, level, shortfall)


def _history(losses: Floats, level: float) -> tuple[float, float]:
    value = float(np.quantile(losses, level))
    return value, float(losses[losses >= value].mean())


def _normal(losses: Floats, level: float) -> tuple[float, float]:
    from scipy import stats

    z = stats.norm.ppf(level)
    return losses.mean() + losses.std() * z, losses.mean() + losses.std() * stats.norm.pdf(z) / (1 - level)


def _told(test: Any) -> dict[str, Any]:
    return {
        "exceedances": test.exceedances,
        "expected": round(test.expected, 1),
        "p_coverage": round(test.coverage.p_value, 4),
        "p_independence": round(test.independence.p_value, 4),
        "p_conditional": round(test.conditional.p_value, 4),
        "shortfall": round(test.shortfall, 3),
        "passed": test.passed,
    }


# ---- stylised facts --------------------------------------------------------------------------------------------------


def facts() -> dict[str, Any]:
    """Paths of a year beside the years seen, by ours, by bootstrap, and by a generator of whole windows."""
    frame, losses, days = sp500()
    train = frame.filter(pl.col("Date").is_between(pl.lit("1988"), pl.lit("2008")))
    real = -losses[(days >= "1988") & (days < "2008")]
    rng = np.random.default_rng(SEED)
    years = len(real) // YEAR
    seen = stylised_facts(real[: years * YEAR].reshape(years, YEAR))
    paths = Paths(["close"], time="Date", random_state=SEED).fit(train)
    mixed = np.concatenate([paths.sample(n, YEAR, start=s).steps[:, :, 0] for s, n in STARTS.items()])
    drawn = {
        "paths": stylised_facts(mixed),
        "bootstrap": stylised_facts(rng.choice(real, (500, YEAR))),
        "bootstrap of blocks of 25": stylised_facts(_blocks(real, 500 * YEAR, 25, rng).reshape(500, YEAR)),
        "windows of 20 by the generator": stylised_facts(_windows(real, 20)),
    }
    short = stylised_facts(real[: len(real) // 20 * 20].reshape(-1, 20))
    return {
        "seen": seen.to_dict(),
        "gaps": {
            name: {k: round(v, 3) for k, v in gaps(short if "windows" in name else seen, found).items()}
            for name, found in drawn.items()
        },
    }


def gaps(real: Facts, drawn: Facts) -> dict[str, float]:
    """How far apart two series' facts are: ratios less 1 of sizes, differences of correlations."""
    ratio = {
        name: getattr(drawn, name) / getattr(real, name) - 1
        for name in ("std", "tail_index", "var_99", "es_975", "drawdown")
    }
    return ratio | {
        "excess_kurtosis": drawn.excess_kurtosis - real.excess_kurtosis,
        "autocorrelation": drawn.autocorrelation - real.autocorrelation,
        "clustering": _furthest(real.clustering, drawn.clustering),
        "leverage": _furthest(real.leverage, drawn.leverage),
    }


def _furthest(a: Sequence[float], b: Sequence[float]) -> float:
    apart = [y - x for x, y in zip(a, b, strict=False)]
    return max(apart, key=abs) if apart else 0.0


STARTS = {"calm": 250, "normal": 200, "stressed": 50}


def _windows(steps: Floats, length: int) -> Floats:
    """(2000, length) windows drawn by the default generator, trained on all windows as rows."""
    rows = np.lib.stride_tricks.sliding_window_view(steps, length)
    frame = pl.DataFrame({f"step{t:02d}": rows[:, t] for t in range(length)})
    drawn = lw.Synthesizer(random_state=SEED, max_seconds=60).fit(frame).sample(2_000, random_state=SEED)
    return drawn.to_numpy()


# ---- tails of tables -------------------------------------------------------------------------------------------------


def claims() -> dict[str, Any]:
    """The 99.9% quantile of the cost of a year's motorcycle policy."""
    frame = pl.read_csv(DATA / "ohlsson_motorcycle.csv")
    cost = frame["skadkost"].to_numpy().astype(np.float64)
    rng = np.random.default_rng(SEED)
    boots = np.array([np.quantile(rng.choice(cost, len(cost)), [0.999, 0.9999]) for _ in range(500)])
    scenario = Scenario(random_state=SEED).fit(frame)
    drawn = {
        "scenario": scenario.sample(100_000, extrapolate=["skadkost"], random_state=SEED).frame,
        "synthesizer": scenario.synthesizer_.sample(100_000, random_state=SEED),
    }
    found: dict[str, Any] = {"bootstrap_of_the_data": {"0.999": interval(boots[:, 0]), "0.9999": interval(boots[:, 1])}}
    for name, rows in drawn.items():
        values = rows["skadkost"].to_numpy()
        quantiles = np.quantile(values, [0.999, 0.9999])
        found[name] = {
            "0.999": round(float(quantiles[0])),
            "0.9999": round(float(quantiles[1])),
            "within": [contains(interval(boots[:, i]), float(quantiles[i])) for i in (0, 1)],
            "greatest": int(values.max()),
            "greatest_seen": int(cost.max()),
        }
    return found


def earthquakes() -> dict[str, Any]:
    """Magnitudes of 1965 to 2016: levels with intervals, and a test: learnt up to 1990, held against what came."""
    frame = pl.read_csv(DATA / "earthquakes.csv")
    magnitude = frame["Magnitude"].to_numpy()
    year = frame["Date"].str.extract(r"(\d{4})").cast(pl.Int64).to_numpy()
    span, found = 52.0, {}
    tail = fit_tail(magnitude)
    for years in (10, 50, 100):
        level = return_level(tail, len(magnitude) / span * years)
        found[f"once in {years} years"] = [round(v, 2) for v in (level.level, level.low, level.high)]
    early, late = magnitude[year <= 1990], magnitude[year > 1990]
    rng = np.random.default_rng(SEED)
    greatest = float(late.max())
    ways = {
        "tail": interval(_worst_days(fit_tail(early), len(early), len(late), rng)),
        "bootstrap": interval(np.array([rng.choice(early, len(late)).max() for _ in range(2_000)])),
    }
    found["greatest of 1991 to 2016, learnt before"] = {
        "seen_before": float(early.max()),
        "came": greatest,
        "intervals": {way: {"interval": ends, "contains_it": contains(ends, greatest)} for way, ends in ways.items()},
    }
    return found


def held_tails() -> dict[str, Any]:
    """Levels that come once in as many rows as were learnt from, held against the whole column.

    A tenth of the rows, drawn at random, is learnt from; its size is the return period. In the whole column the level
    is passed ten times, so it is known there well. 20 such tenths a column: how many 95% intervals hold it?
    """
    weather = pl.read_csv(DATA / "nycflights13" / "weather.csv", null_values="NA", infer_schema_length=None)
    oil = pl.read_csv(DATA / "etth1.csv")
    losses = sp500()[1]
    columns = {
        "wind speed": weather["wind_speed"], "pressure": weather["pressure"], "dew point": weather["dewp"],
        "rain": weather["precip"], "etth1 HUFL changes": oil["HUFL"].diff(), "etth1 OT changes": oil["OT"].diff(),
        "S&P 500 losses": pl.Series(losses), "magnitudes": pl.read_csv(DATA / "earthquakes.csv")["Magnitude"],
        "claims": pl.read_csv(DATA / "ohlsson_motorcycle.csv").filter(pl.col("skadkost") > 0)["skadkost"],
    }  # fmt: skip
    found = {}
    for name, series in columns.items():
        x = series.drop_nulls().to_numpy().astype(np.float64)
        found[name] = _covered(x, max(len(x) // 10, 200))
    ours, theirs = (float(np.mean([f[way] for f in found.values() if way in f])) for way in ("tail", "bootstrap"))
    return {"columns": found, "tail": round(ours, 3), "bootstrap": round(theirs, 3)}


def _fit_extreme_values(maxima: Floats) -> tuple[float, float, float]:
    """Shape (heavy above 0), location and scale of block maxima."""
    from scipy import stats

    negative, location, scale = stats.genextreme.fit(maxima)
    return -float(negative), float(location), float(scale)


def _covered(x: Floats, size: int) -> dict[str, Any]:
    """The share of intervals that hold the level known from all rows, and how wide they are on average."""
    truth = float(np.quantile(x, 1 - 1 / size))
    hits: dict[str, list[bool]] = {"tail": [], "bootstrap": []}
    widths: dict[str, list[float]] = {"tail": [], "bootstrap": []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        part = rng.choice(x, size, replace=False)
        try:
            level = return_level(fit_tail(part), size)
        except lw.LikewiseError as error:
            return {"refused": str(error)}
        boots = interval(np.array([np.quantile(rng.choice(part, size), 1 - 1 / size) for _ in range(300)]))
        for way, ends in (("tail", [level.low, level.high]), ("bootstrap", boots)):
            hits[way].append(contains(ends, truth))
            widths[way].append(ends[1] - ends[0])
    return {way: round(float(np.mean(hits[way])), 3) for way in hits} | {
        "level": round(truth, 4), "width_tail": round(float(np.median(widths["tail"])), 4),
        "width_bootstrap": round(float(np.median(widths["bootstrap"])), 4),
    }  # fmt: skip


def joint_tails() -> dict[str, Any]:
    """chi of rows held out, of draws from the tail model, and of draws from the generator alone, at 1 in 100."""
    weather = pl.read_csv(DATA / "nycflights13" / "weather.csv", null_values="NA", infer_schema_length=None)
    oil = pl.read_csv(DATA / "etth1.csv")
    google, quotes = pl.read_csv(DATA / "google_stock.csv"), ["Open", "High", "Low", "Close"]
    cases = {
        "weather": (weather.select("temp", "dewp", "humid", "wind_speed", "visib").drop_nulls(), "temp"),
        "etth1": (oil.select("HUFL", "MUFL", "LUFL", "OT"), "HUFL"),
        "google returns": (log_returns(google.select(quotes), quotes), "Close"),
    }
    found: dict[str, Any] = {}
    for name, (frame, driver) in cases.items():
        rows = np.random.default_rng(SEED).permutation(len(frame))
        half, rest = frame[rows[: len(frame) // 2]], frame[rows[len(frame) // 2 :]]
        scenario = Scenario(random_state=SEED, max_seconds=60).fit(half)
        tail_rows = scenario.sample(5_000, tail=driver, return_period=100, random_state=SEED).frame
        plain = scenario.synthesizer_.sample(50_000, random_state=SEED)
        found[name] = {
            other: _chis(driver, other, half, rest, tail_rows, plain) for other in frame.columns if other != driver
        }
    return found


def _chis(
    driver: str, other: str, half: pl.DataFrame, rest: pl.DataFrame, drawn: pl.DataFrame, plain: pl.DataFrame
) -> Any:
    bar = float(half[other].quantile(0.99, "linear") or 0.0)
    held = tail_dependence(rest[driver].to_numpy().astype(float), rest[other].to_numpy().astype(float), [0.99])[0]
    alone = tail_dependence(plain[driver].to_numpy().astype(float), plain[other].to_numpy().astype(float), [0.99])[0]
    tail = float((drawn[other] > bar).mean() or 0.0)
    return {
        "held": [round(v, 3) for v in (held.chi_low, held.chi, held.chi_high)],
        "tail_model": round(tail, 3),
        "tail_model_within": contains([held.chi_low, held.chi_high], tail),
        "generator": round(alone.chi, 3),
        "generator_within": contains([held.chi_low, held.chi_high], alone.chi),
    }


def forecasts() -> dict[str, Any]:
    """Bands of paths over hours held out: how many values the 90% bands hold."""
    oil = pl.read_csv(DATA / "etth1.csv")
    weather = pl.read_csv(DATA / "nycflights13" / "weather.csv", null_values="NA", infer_schema_length=None)
    newark = (
        weather.filter(pl.col("origin") == "EWR")
        .with_columns(at=pl.col("time_hour").str.slice(0, 19).str.replace("T", " "))
        .unique("at", keep="first").sort("at").select("at", "temp").drop_nulls()
    )  # fmt: skip
    cases = {"etth1 OT": (oil.select(at="date", x="OT")), "newark temp": newark.rename({"temp": "x"})}
    found = {}
    for name, frame in cases.items():
        n, horizon = len(frame), 24
        inside, widths = [], []
        for begin in np.linspace(0.6 * n, n - horizon - 1, 16).astype(int):
            paths = Paths(["x"], time="at", transform="levels", random_state=SEED).fit(frame[:begin])
            drawn = paths.sample(400, horizon).values[:, 1:, 0]
            low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
            truth = frame["x"][int(begin) : int(begin) + horizon].to_numpy()
            inside.append(((truth >= low) & (truth <= high)).mean())
            widths.append(float((high - low).mean()))
        found[name] = {"in_90_band": round(float(np.mean(inside)), 3), "mean_width": round(float(np.mean(widths)), 2)}
    return found


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "crash": crash, "risk": risk, "facts": facts, "claims": claims, "earthquakes": earthquakes,
    "held_tails": held_tails, "joint_tails": joint_tails, "forecasts": forecasts,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(PARTS))
    asked = parser.parse_args()
    warnings.simplefilter("ignore", lw.LikewiseWarning)
    results: dict[str, Any] = {}
    if asked.only and asked.results and asked.results.exists():
        results = json.loads(asked.results.read_text(encoding="utf-8"))
    for name in asked.only or PARTS:
        began = time.process_time()
        results[name] = PARTS[name]() | {"seconds": 0.0}
        results[name]["seconds"] = round(time.process_time() - began, 1)
        print(name, results[name]["seconds"], "s", flush=True)
        if asked.results:
            asked.results.write_text(json.dumps(machine() | results, indent=1) + "\n", encoding="utf-8")
    if not asked.results:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
