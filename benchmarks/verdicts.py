"""Are verdicts true? Clean draws that must raise no more alarms than the level says, and faults that must be found.

    python benchmarks/verdicts.py clean --results benchmarks/results/verdicts.json  # until all have 400
    python benchmarks/verdicts.py scarce --results benchmarks/results/verdicts.json  # and those that few tables have
    python benchmarks/verdicts.py alike --results benchmarks/results/verdicts.json  # persons of nearly equal rows
    python benchmarks/verdicts.py unnamed --results benchmarks/results/verdicts.json  # where nobody names them
    python benchmarks/verdicts.py prediction --results benchmarks/results/verdicts.json  # the same for tstr_*
    python benchmarks/verdicts.py faults --results benchmarks/results/verdicts.json
    python benchmarks/verdicts.py splits --results benchmarks/results/verdicts.json  # needs the shared data
    python benchmarks/verdicts.py shuffles --results benchmarks/results/verdicts.json  # so does this
    python benchmarks/verdicts.py page --results benchmarks/results/verdicts.json  # fills docs/verdicts.md

A clean draw is fresh rows of the same law in the place of synthetic ones: tables of 60 to 20,000 rows and 3 to 100
columns, skewed, discrete, mixed, with holes, or of persons with several rows (of whom synthetic ones have one, for
generators know of none), with a holdout or without. A figure whose 95 % interval lies on the worse side of its floor
is an alarm; chance gives one in forty. Every figure is computed by the functions that `likewise.evaluate` calls;
learners are linear. Figures of prediction have two targets a table and draws of their own, at which nobody looked
when the way to tell their chance was chosen; `--learner` tells them of another learner. A part may be taken up again:
`of_commit` tells the commits at which each was measured.
"""

from __future__ import annotations

import argparse
import json
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import ROOT, machine, shared_folder
from scipy import stats

import likewise as lw
from likewise.evaluate.results import Score
from likewise.evaluate.scoring import fidelity, privacy, utility
from likewise.evaluate.scoring.context import Context
from likewise.schema.column import Kind, Role, Schema
from likewise.schema.parse import parse

PAGE = ROOT / "docs" / "verdicts.md"
LEVEL = 0.025
TWO_SIDED = ("alpha_precision", "beta_recall")
N_CLEAN = 400
"""Of each figure; the parts of a run end sooner where their time is over."""
N_FAULTY = 20
N_UNNAMED = 120
"""Of each noise."""
FRESH = 100_000
"""First seed of the draws for prediction."""
SCARCE_SEED = 200_000
ALIKE_SEED, UNNAMED_SEED = 300_000, 400_000
Designs = list[tuple[str, int, int, int]]
Frames = dict[str, pl.DataFrame]
Faults = dict[str, tuple[Callable[[Frames, float, np.random.Generator], pl.DataFrame], tuple[float, ...]]]
Save = Callable[[], object]
Told = Callable[..., Iterator[Score]]
Asked = argparse.Namespace


# --- laws -------------------------------------------------------------------------------------------------------------


def mixed(n: int, columns: int, rng: np.random.Generator) -> pl.DataFrame:
    """Numbers and levels that hang together through a hidden one; every fourth column with holes."""
    hidden, found = rng.normal(size=n), {}
    for i in range(columns):
        x = 0.7 * hidden + rng.normal(size=n)
        values = pl.Series(x) if i % 2 else pl.Series(np.digitize(x, np.linspace(-2, 2, 2 + i % 7)).astype(str))
        found[f"c{i}"] = (
            values if i % 4 else pl.Series([None if m else v for m, v in zip(rng.random(n) < 0.1, values, strict=True)])
        )
    return pl.DataFrame(found)


def skewed(n: int, columns: int, rng: np.random.Generator) -> pl.DataFrame:
    """Heavy tails, money, counts with many zeros."""
    hidden, found = rng.normal(size=n), {}
    for i in range(columns):
        x = np.exp(hidden * (0.5 + 0.2 * (i % 3)) + rng.normal(size=n))
        found[f"c{i}"] = [np.round(x, 2), rng.poisson(np.minimum(x, 50.0) / 3), x**1.5, rng.pareto(1.2, n)][i % 4]
    return pl.DataFrame(found)


def discrete(n: int, columns: int, rng: np.random.Generator) -> pl.DataFrame:
    """Levels only: few, tens, and hundreds of which most are rare."""
    found = {}
    for i in range(columns):
        k = (2, 5, 30, 400)[i % 4]
        found[f"c{i}"] = ("l" + pl.Series((k * rng.random(n) ** 3).astype(int)).cast(pl.String)).alias(f"c{i}")
    return pl.DataFrame(found)


def persons(n: int, columns: int, rng: np.random.Generator) -> pl.DataFrame:
    """Persons of one to five rows, which are much alike."""
    whose = np.repeat(np.arange(n), rng.integers(1, 6, n))[:n]
    own = {f"c{i}": rng.normal(size=n)[whose] + 0.5 * rng.normal(size=n) for i in range(columns)}
    frame = pl.DataFrame(own).with_columns(pl.col("c0") > 0)
    return frame.with_columns(who=pl.Series(whose) + int(rng.integers(2**40)))


def alike(n: int, columns: int, rng: np.random.Generator, noise: float = 0.02) -> pl.DataFrame:
    """Persons of one to nine rows, which are nearly equal: to find one is to find all."""
    whose = np.repeat(np.arange(n), rng.integers(1, 10, n))[:n]
    own = {f"c{i}": (rng.normal(size=n)[whose] + noise * rng.normal(size=n)) for i in range(columns - 1)}
    level = pl.Series(rng.integers(0, 12, n)[whose]).cast(pl.String)
    frame = pl.DataFrame(own).with_columns(pl.col("c0") > 0, level.alias(f"c{columns - 1}"))
    return frame.with_columns(who=pl.Series(whose) + int(rng.integers(2**40)))


LAWS: dict[str, Callable[[int, int, np.random.Generator], pl.DataFrame]] = {
    "mixed": mixed, "skewed": skewed, "discrete": discrete, "persons": persons, "alike": alike,
}  # fmt: skip
NOISES = (0.02, 0.1, 0.3, 1.0, 2.0)
"""How far rows of a person differ, where persons do by 1."""
LAWS |= {f"alike {noise}": partial(alike, noise=noise) for noise in NOISES}
# Law, training rows (as many are drawn), holdout rows, columns; the larger ones are drawn in one round of eight.
DESIGNS: Designs = [
    ("mixed", 60, 60, 3), ("mixed", 60, 0, 12), ("mixed", 200, 25, 6), ("mixed", 400, 0, 6), ("mixed", 1_000, 100, 10),
    ("skewed", 60, 30, 4), ("skewed", 150, 0, 8), ("skewed", 400, 400, 12), ("skewed", 1_000, 100, 6),
    ("discrete", 100, 100, 4), ("discrete", 400, 40, 12), ("discrete", 400, 0, 5), ("discrete", 2_000, 500, 8),
    ("persons", 150, 150, 4), ("persons", 600, 150, 6), ("persons", 600, 0, 5),
    ("mixed", 1_100, 1_100, 5), ("skewed", 1_100, 1_100, 5),
]  # fmt: skip
LARGE: Designs = [
    ("mixed", 200, 200, 30), ("mixed", 400, 400, 100), ("mixed", 3_000, 3_000, 8), ("skewed", 20_000, 5_000, 4),
]  # fmt: skip
PERSONAL = {"persons": 5, "alike": 9} | {f"alike {noise}": 9 for noise in NOISES}
"""Laws of persons, and the most rows that one has."""
ALIKE: Designs = [("alike", 200, 200, 4), ("alike", 600, 150, 6), ("alike", 1_500, 750, 5), ("alike", 600, 0, 5)]
# Boosted trees are dear: small tables, half of them with a number to predict first.
BOOSTED: Designs = [
    ("skewed", 60, 30, 4), ("skewed", 60, 60, 3), ("skewed", 100, 25, 4), ("skewed", 150, 0, 8),
    ("mixed", 60, 60, 3), ("mixed", 60, 0, 12), ("mixed", 200, 25, 6), ("discrete", 100, 100, 4),
    ("persons", 150, 150, 4),
]  # fmt: skip


def drawn(design: tuple[str, int, int, int], rng: np.random.Generator) -> Frames:
    law, n, n_held, columns = design
    sizes = {"real": n, "synthetic": n} | ({"holdout": n_held} if n_held else {})
    frames = {role: LAWS[law](size, columns, rng) for role, size in sizes.items()}
    if law in PERSONAL:
        frames["synthetic"] = LAWS[law](PERSONAL[law] * n, columns, rng).unique(
            "who", keep="first", maintain_order=True
        )[:n]
    return frames


# --- figures ----------------------------------------------------------------------------------------------------------


def scores(frames: Frames, seed: int, entity: str | None = None) -> Iterator[Score]:
    """Every figure with a verdict of one table, by the functions that `evaluate` calls; without prediction."""
    run = context(frames, seed, entity)
    yield from fidelity.marginal_scores(run, *fidelity.measure(run))
    yield from fidelity.accuracy_scores(run)
    yield from fidelity.joint_scores(run)
    found = fidelity.detection(run)
    if found is not None:
        yield fidelity.detection_score(run, found)
    fresh, copied = privacy.copy_scores(run)
    yield from copied
    if run.holdout is not None:
        yield from privacy.attacks(run, fresh)[0]


def predicted(frames: Frames, seed: int, entity: str | None = None, learner: str = "linear") -> Iterator[Score]:
    """The figures of prediction of two targets; where the first is a number the second is told as above its middle.

    The middle is that of all persons: at the real rows' own, they alone would have as many above as below.
    """
    first, second = [c for c in frames["real"].columns if c != entity][:2]
    every = pl.concat(frames.values(), how="vertical_relaxed")
    every = every if entity is None else every.unique(entity, keep="first", maintain_order=True)
    for target in (first, second):
        middle = every[second].cast(pl.Float64, strict=False).median()
        if target == second and middle is not None and frames["real"][first].cast(pl.Float64, strict=False).count():
            frames = {role: f.with_columns(pl.col(second).cast(pl.Float64) > middle) for role, f in frames.items()}
        run = context(frames, seed, entity, target, learner)
        models = utility.standard(run)
        if models is not None:
            yield from utility.standard_scores(run, models)


def context(
    frames: Frames, seed: int, entity: str | None = None, target: str | None = None, learner: str = "linear"
) -> Context:
    schema = lw.infer(pl.concat([f.head(20_000) for f in frames.values()]), entity=entity or False)
    schema = _all_modelled(schema, entity)
    parsed = {role: parse(frame, schema, partial=True) for role, frame in frames.items()}
    return Context(schema, parsed, target, None, seed, learner, frozenset())


def _all_modelled(schema: Schema, entity: str | None) -> Schema:
    """No column is taken for a key: these laws have none but the entity."""
    for column in schema:
        if not column.is_modelled and column.name != entity:
            kind = Kind.CATEGORICAL if column.kind is Kind.ID else column.kind  # many levels of few rows look like keys
            schema = schema.replace(column.name, kind=kind, role=Role.FEATURE)
    return schema


# --- the parts --------------------------------------------------------------------------------------------------


def clean(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """Adds rounds of one clean draw a design until each figure was tried 400 times, or the time is over."""
    rounds(results.setdefault("clean", {"rounds": 0, "draws": 0, "figures": {}}), scores, 0, asked.seconds, save)


def persons_alike(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """The same where rows of a person are nearly equal, prediction too."""
    found = results.setdefault("alike", {"rounds": 0, "draws": 0, "figures": {}})
    rounds(found, everything, ALIKE_SEED, asked.seconds, save, ALIKE)


def unnamed(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """The attacks where no column tells whose the rows are: how often none is made, and how often those made alarm."""
    part, began = results.setdefault("unnamed", {}), time.process_time()
    for noise in NOISES:
        found = part.setdefault(str(noise), {"draws": 0, "withheld": 0, "figures": {}})
        while found["draws"] < N_UNNAMED and time.process_time() - began < asked.seconds:
            turn, (_, *sizes) = found["draws"], ALIKE[found["draws"] % 3]
            rng = np.random.default_rng([UNNAMED_SEED + turn, round(100 * noise)])
            frames = drawn((f"alike {noise}", *sizes), rng)  # type: ignore[arg-type]
            made = list(attacked({role: frame.drop("who") for role, frame in frames.items()}, turn))
            count(found["figures"], iter(made))
            found["withheld"] += not made
            found["draws"] += 1
        save()


def everything(frames: Frames, seed: int, entity: str | None = None) -> Iterator[Score]:
    yield from scores(frames, seed, entity)
    yield from predicted(frames, seed, entity)


def prediction(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """The same for the figures of prediction, and in how many of twenty faulty draws they alarm."""
    part = "prediction" if asked.learner == "linear" else f"prediction_{asked.learner}"
    found = results.setdefault(part, {"rounds": 0, "draws": 0, "figures": {}, "draws_faulty": 0, "planted": {}})
    began, told = time.process_time(), partial(predicted, learner=asked.learner)
    for k in range(found.setdefault("splits", 0), N_SPLITS):
        count(found.setdefault("figures_of_splits", {}), told(split(k), 0))
        found["splits"] = k + 1
    rounds(found, told, FRESH, asked.seconds, save, DESIGNS if asked.learner == "linear" else BOOSTED)
    faulty = {name: how for name, how in FAULTS.items() if asked.learner == "linear" or "to predict" in name}
    planted(found, "draws_faulty", told, asked.seconds - (time.process_time() - began), save, faulty)


def scarce(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """More draws for figures that few tables have: they need holes, pairs that hang together, or many rows held out."""
    found, began = results["clean"], time.process_time()
    figures = found["figures"]
    while time.process_time() - began < asked.seconds:
        few = {name for name, line in figures.items() if line["tried"] < N_CLEAN}
        if not any(few & set(names) for _, _, names in SCARCE):
            break
        turn = found.setdefault("scarce", 0)
        for k, (design, told, names) in enumerate(SCARCE):
            if few & set(names):
                rng = np.random.default_rng([SCARCE_SEED + turn, k])
                count(figures, (s for s in told(drawn(design, rng), turn) if s.name in few))
        found["scarce"] += 1
        save()


def marginal(frames: Frames, seed: int) -> Iterator[Score]:
    run = context(frames, seed)
    yield from fidelity.marginal_scores(run, *fidelity.measure(run))


def attacked(frames: Frames, seed: int) -> Iterator[Score]:
    run = context(frames, seed)
    yield from privacy.attacks(run, privacy.copy_scores(run)[0])[0]


SCARCE = (
    (("mixed", 1_000, 500, 6), marginal, ("missing",)),
    (("skewed", 600, 300, 12), marginal, ("trend_linked",)),
    (("mixed", 1_100, 1_100, 5), attacked, ("membership_tpr", "membership_tpr_10", "density_tpr", "density_tpr_10")),
)


def rounds(
    found: dict[str, Any], told: Told, first_seed: int, seconds: float, save: Save, designs: Designs = DESIGNS
) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        if found["figures"] and min(line["tried"] for line in found["figures"].values()) >= N_CLEAN:
            break
        turn = found["rounds"]
        for k, design in enumerate(designs + LARGE * (turn % 8 == 0 and designs is DESIGNS)):
            rng = np.random.default_rng([first_seed + turn, k])
            count(found["figures"], told(drawn(design, rng), turn, "who" if design[0] in PERSONAL else None))
            found["draws"] += 1
        found["rounds"] += 1
        save()


def count(figures: dict[str, Any], scores: Iterator[Score]) -> None:
    for score in scores:
        if score.stands is not None:
            line = figures.setdefault(score.name, {"tried": 0, "worse": 0, "ahead": 0})
            line["tried"] += 1
            line["worse"] += score.stands == "worse"
            line["ahead"] += score.stands == "ahead"


def _shuffled(frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """A column of its own dealt out anew in a share of the rows."""
    fake = frames["synthetic"]
    rows = np.flatnonzero(rng.random(len(fake)) < share)
    order = np.arange(len(fake))
    order[rows] = rng.permutation(rows)
    return fake.with_columns(pl.col("c1").gather(order), pl.col("c2").gather(order[::-1] if share == 1 else order))


def _moved(frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    return frames["synthetic"].with_columns(pl.col("c1") + share * frames["real"]["c1"].std())


def _lost(frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """The most frequent level of a column turned into another in a share of its rows."""
    first, second = frames["real"]["c2"].value_counts(sort=True)["c2"].head(2)
    hit = pl.Series(rng.random(len(frames["synthetic"])) < share)
    return frames["synthetic"].with_columns(
        c2=pl.when(hit & (pl.col("c2") == first)).then(pl.lit(second)).otherwise(pl.col("c2"))
    )


def _dealt_anew(target: str, frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    fake, order = frames["synthetic"], np.arange(len(frames["synthetic"]))
    rows = np.flatnonzero(rng.random(len(fake)) < share)
    order[rows] = rng.permutation(rows)
    return fake.with_columns(pl.col(target).gather(order))


def _copied(frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    n = round(share * len(frames["synthetic"]))
    return pl.concat([frames["real"][:n], frames["synthetic"][n:]])


def _near(frames: Frames, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Copies with a little noise in every number."""
    fake = _copied(frames, share, rng)
    noise = {c: 0.01 * pl.Series(rng.normal(size=len(fake))) for c, t in fake.schema.items() if t.is_float()}
    return fake.with_columns((pl.col(c) + values).alias(c) for c, values in noise.items())


FAULTS: Faults = {
    "two columns dealt out anew in a share of the rows": (_shuffled, (0.05, 0.1, 0.25, 0.5, 1.0)),
    "a mean moved by a share of the deviation": (_moved, (0.05, 0.1, 0.2, 0.4)),
    "a level lost in a share of its rows": (_lost, (0.1, 0.25, 0.5, 1.0)),
    "copies of training rows": (_copied, (0.01, 0.02, 0.05, 0.1)),
    "copies with 1 % of noise": (_near, (0.02, 0.05, 0.1, 0.3)),
    "a number to predict dealt out anew in a share of the rows": (partial(_dealt_anew, "c0"), (0.1, 0.25, 0.5, 1.0)),
    "a class to predict dealt out anew in a share of the rows": (partial(_dealt_anew, "c1"), (0.1, 0.25, 0.5, 1.0)),
}
FAULTY = ("mixed", 1_000, 1_000, 6)


def faults(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """Power: in how many of twenty draws of 1,000 rows and six mixed columns each figure alarms."""
    planted(results.setdefault("faults", {"draws": 0, "planted": {}}), "draws", scores, asked.seconds, save)


def planted(found: dict[str, Any], draws: str, told: Told, seconds: float, save: Save, faulty: Faults = FAULTS) -> None:
    began = time.process_time()
    while found[draws] < N_FAULTY and time.process_time() - began < seconds:
        rng = np.random.default_rng([7, found[draws]])
        frames = drawn(FAULTY, rng)
        for name, (plant, sizes) in faulty.items():
            for size in sizes:
                line = found["planted"].setdefault(name, {}).setdefault(str(size), {})
                count(line, told(frames | {"synthetic": plant(frames, size, rng)}, found[draws]))
        found[draws] += 1
        save()


TABLES = (
    "adult_test.csv", "shoppers.csv", "diamonds.csv", "california_housing.csv", "bank_marketing.csv", "penguins.csv",
    "wine_quality_white.csv", "mammography.csv", "pima_diabetes.csv", "heart_cleveland.csv",
)  # fmt: skip
PAIRED = ("trend", "trend_linked", "accuracy_bivariate")
MOST_ROWS = 4_000
N_SPLITS = 20


def splits(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """Ten real tables in parts, twice with a holdout and without: alarms, and shuffled columns beside fresh rows."""
    began = time.process_time()
    found = results.setdefault("splits", {"splits": 0, "figures": {}, "shuffled": {}})
    while found["splits"] < N_SPLITS and time.process_time() - began < asked.seconds:
        frames = split(found["splits"])
        fresh = list(scores(frames, 0))
        count(found["figures"], iter(fresh))
        mixed_up = frames["synthetic"].with_columns(
            pl.col(c).shuffle(i) for i, c in enumerate(frames["synthetic"].columns)
        )
        broken = {s.name: s for s in scores(frames | {"synthetic": mixed_up}, 0)}
        for score in fresh:
            if score.name in PAIRED and score.name in broken:
                worse = broken[score.name].value > score.value
                line = found["shuffled"].setdefault(score.name, {"tried": 0, "looked_worse": 0, "alarms": 0})
                line["tried"] += 1
                line["looked_worse"] += worse if score.better == "lower" else not worse
                line["alarms"] += broken[score.name].stands == "worse"
        found["splits"] += 1
        save()


def shuffles(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """The training rows themselves with every column shuffled, beside fresh rows, in the pair figures of the splits."""
    found: dict[str, Any] = {}
    for k in range(N_SPLITS):
        frames = split(k)
        mixed_up = frames["real"].with_columns(pl.col(c).shuffle(i) for i, c in enumerate(frames["real"].columns))
        fresh, broken = ({s.name: s for s in paired(frames | {"synthetic": t}) if s.name in PAIRED}
                         for t in (frames["synthetic"], mixed_up))  # fmt: skip
        for name, score in fresh.items():
            line = found.setdefault(name, {"tried": 0, "looked_worse": 0})
            worse = broken[name].value > score.value
            line["tried"] += 1
            line["looked_worse"] += worse if score.better == "lower" else not worse
    results["shuffled_training"] = found
    save()


def paired(frames: Frames) -> Iterator[Score]:
    run = context(frames, 0)
    yield from fidelity.marginal_scores(run, *fidelity.measure(run))
    yield from fidelity.accuracy_scores(run)


def split(k: int) -> Frames:
    """A real table in three parts, or, from the tenth on, in two."""
    rng = np.random.default_rng([k])
    path = shared_folder() / "data" / TABLES[k % len(TABLES)]
    table = pl.read_csv(path, infer_schema_length=None, null_values=["", "?", "NA"])
    table = table[rng.permutation(len(table))[:MOST_ROWS]]
    roles = ("real", "synthetic", "holdout")[: 3 if k < len(TABLES) else 2]
    cut = np.linspace(0, len(table), len(roles) + 1).astype(int)
    return {role: table[a:b] for role, a, b in zip(roles, cut[:-1], cut[1:], strict=True)}


# --- the tables of the docs -------------------------------------------------------------------------------------------


def page(results: dict[str, Any], asked: Asked, save: Save) -> None:
    """Writes the tables of docs/verdicts.md between their marks."""
    text = PAGE.read_text()
    sections = {"clean": clean_section, "unnamed": unnamed_section, "found": found_section}
    for mark, made in ((mark, section(results)) for mark, section in sections.items()):
        head, rest = text.split(f"<!-- {mark} -->")
        text = f"{head}<!-- {mark} -->\n{made}\n<!-- /{mark} -->{rest.split(f'<!-- /{mark} -->')[1]}"
    PAGE.write_text(text)


def clean_section(results: dict[str, Any]) -> str:
    parts = [(results["clean"]["figures"], results["splits"]["figures"])]
    parts += [(p["figures"], p["figures_of_splits"]) for name, p in results.items() if name == "prediction"]
    lines = [clean_lines("figure", parts)]
    for name, part in results.items():
        if name.startswith("prediction_"):
            head = f"by {name.removeprefix('prediction_')}, {part['draws']} draws"
            lines.append(clean_lines(head, [(part["figures"], part["figures_of_splits"])]))
    if "alike" in results:
        head = f"persons of nearly equal rows, {results['alike']['draws']} draws"
        lines.append(clean_lines(head, [(results["alike"]["figures"], {})]))
    told = [summed([figures for figures, _ in parts]), summed([of_splits for _, of_splits in parts])]
    draws = [results[part]["draws"] for part in ("clean", "prediction")] + [results["clean"].get("scarce", 0)]
    sums = (
        f"In all, {told[0]}: {draws[0]} clean draws, {draws[1]} for prediction, and {draws[2]} "
        f"rounds for figures that few tables have. Of {N_SPLITS} splits of real tables, {told[1]}."
    )
    looked = "looks worse than fresh rows in {looked_worse} of {tried} and alarms in {alarms}"
    shuffled = [f"`{name}` {looked.format_map(line)}" for name, line in results["splits"]["shuffled"].items()]
    gone = "With every column of the part shuffled, all pairs gone, " + ", ".join(shuffled) + "."
    own = [
        f"`{name}` in {line['looked_worse']} of {line['tried']}" for name, line in results["shuffled_training"].items()
    ]
    kept = f"The training rows themselves, shuffled so, look worse than fresh rows by {', '.join(own)}."
    return "\n".join(["", *lines, textwrap.fill(f"{sums} {gone} {kept}", 120), ""])


def unnamed_section(results: dict[str, Any]) -> str:
    lines = [
        "| rows of a person differ by | draws | no attack made | verdicts of the others | alarms | share (95 %) |",
        f"|{' --- |' * 6}",
    ]
    for noise, found in results["unnamed"].items():
        tried, worse = (sum(line[what] for line in found["figures"].values()) for what in ("tried", "worse"))
        share = shown(worse, tried) if tried else ""
        lines.append(f"| {noise} | {found['draws']} | {found['withheld']} | {tried} | {worse} | {share} |")
    return "\n".join(["", *lines, ""])


def clean_lines(head: str, parts: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    lines = [f"| {head} | clean draws | alarms | share (95 %) | splits of real tables | alarms |", f"|{' --- |' * 6}"]
    for figures, of_splits in parts:
        for name, line in figures.items():
            there = of_splits.get(name, {"tried": 0, "worse": 0})
            share = shown(line["worse"], line["tried"])
            lines.append(
                f"| `{name}` | {line['tried']} | {line['worse']} | {share} | {there['tried']} | {there['worse']} |"
            )
    return "\n".join(lines) + "\n"


def summed(parts: list[dict[str, Any]]) -> str:
    """Alarms of all verdicts, and how many the levels add up to."""
    lines = [(name, line) for part in parts for name, line in part.items()]
    tried, worse = (sum(line[what] for _, line in lines) for what in ("tried", "worse"))
    level = sum(LEVEL * (1 + (name in TWO_SIDED)) * line["tried"] for name, line in lines)
    return f"{worse} of {tried:,} verdicts alarm, {shown(worse, tried)}, where the levels add up to {level:.0f}"


def shown(hits: int, n: int) -> str:
    low, high = stats.binomtest(hits, n).proportion_ci(method="wilson")
    return f"{hits / n:.1%} ({low:.1%} to {high:.1%})"


def found_section(results: dict[str, Any]) -> str:
    lines: list[str] = []
    for name, sizes in results["prediction"]["planted"].items():
        of_all = results["faults"]["planted"].get(name, {})
        planted = [of_all.get(size, {}) | line for size, line in sizes.items()]
        lines += ["", f"| {name} | {' | '.join(f'{float(s):.0%}' for s in sizes)} |", f"|{' --- |' * (1 + len(sizes))}"]
        for figure in dict.fromkeys(figure for line in planted for figure in line):
            found = [line.get(figure, {"worse": 0, "tried": 1}) for line in planted]
            shares = [line["worse"] / line["tried"] for line in found]
            if max(shares) >= 0.3:
                lines.append(f"| `{figure}` | {' | '.join(f'{share:.0%}' for share in shares)} |")
    return "\n".join([*lines, ""])


PARTS = {
    "clean": clean, "scarce": scarce, "alike": persons_alike, "unnamed": unnamed, "prediction": prediction,
    "faults": faults, "splits": splits, "shuffles": shuffles, "page": page,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=600.0, help="processor time of this slice; the next goes on")
    parser.add_argument("--learner", default="linear", help="which models predict")
    asked = parser.parse_args()
    results = json.loads(asked.results.read_text()) if asked.results.exists() else {}
    about = {} if asked.part == "page" else machine()

    part = asked.part if asked.learner == "linear" else f"{asked.part}_{asked.learner}"

    def save() -> None:
        commits = results.setdefault("of_commit", {}).setdefault(part, [])
        if about and about["commit"] not in commits:
            commits.append(about["commit"])
        asked.results.write_text(json.dumps(results | about, indent=1) + "\n")

    PARTS[asked.part](results, asked, save)


if __name__ == "__main__":
    main()
