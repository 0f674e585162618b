"""How often do the attacks find planted leaks, and how often do they raise an alarm where there is none?

    python benchmarks/attacks.py               # measures what results/attacks.json lacks and writes docs/attacks.md
    python benchmarks/attacks.py --only clean  # of that part alone; several times
    python benchmarks/attacks.py --anew power  # forgets this part first
    python benchmarks/attacks.py --page        # writes the page from the results that stand

Power: 20 draws of each leak. Rows are those of the embedded UCI Adult: 2,000 training rows, 2,000 synthetic rows that
are fresh real ones but for the planted leak, 1,000 holdout rows, all disjoint and drawn anew each time. False alarms:
150 clean draws of tables of several sizes. An alarm is a 95 % interval wholly on the worse side of the floor, which
chance should raise in at most 1 of 40. Every draw is saved when it is done, so a run can be ended and taken up again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import ROOT, machine
from scipy.stats import binom

import likewise as lw
from likewise.data import adult
from likewise.evaluate import Score
from likewise.evaluate.roc import wilson
from likewise.schema.column import Role

RESULTS = ROOT / "benchmarks" / "results" / "attacks.json"
PAGE = ROOT / "docs" / "attacks.md"
N_TRAIN, N_HOLDOUT, FEW = 2_000, 1_000, 100
N_DRAWS, N_CLEAN = 20, 150
QUASI_IDENTIFIERS = ("age", "workclass", "education", "marital_status", "occupation", "race", "sex", "native_country")
SENSITIVE = "hours_per_week"
PUBLIC = ("age", "sex", "race", "marital_status")
N_SHADOWS, SHADOW_ROWS = 10, 200

Rng = np.random.Generator
Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
Draw = Callable[[Rng, int], Iterable[Score]]
"""(generator, number of the draw) -> the scores of the attacks."""


# ---- Adult, with a leak ------------------------------------------------------------------------------------------


def split(rng: Rng, n_train: int = N_TRAIN, n_holdout: int = N_HOLDOUT) -> Tables:
    """Training, holdout and fresh rows (as many as training), disjoint."""
    frame = adult()
    order = rng.permutation(len(frame))
    ends = np.cumsum([n_train, n_holdout, n_train])
    train, holdout, fresh = (frame[order[b - n : b]] for b, n in zip(ends, (n_train, n_holdout, n_train), strict=True))
    return train, holdout, fresh


def copied(share: float, changed: float = 0.0) -> Callable[[Tables, Rng], pl.DataFrame]:
    """Fresh rows, a share of them training rows with some of their cells drawn anew."""

    def leak(tables: Tables, rng: Rng) -> pl.DataFrame:
        train, _, fresh = tables
        n = round(share * len(fresh))
        rows, other = train[:n], fresh[rng.permutation(len(fresh))[:n]]
        hit = {name: pl.Series(rng.random(n) < changed) for name in rows.columns}
        rows = pl.DataFrame(
            [pl.select(pl.when(hit[c]).then(other[c]).otherwise(rows[c]).alias(c)).to_series() for c in hit]
        )
        return pl.concat([rows, fresh[n:]])

    return leak


def cart_chain(tables: Tables, rng: Rng) -> pl.DataFrame:
    """A chain of trees, each grown until its leaves hold one row."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "train.csv"), Path(folder, "out.csv")
        tables[0].write_csv(source)
        script = ROOT / "benchmarks" / "_cart_chain.py"
        subprocess.run([sys.executable, script, source, out, "1"], check=True, capture_output=True)
        return pl.read_csv(out, schema=tables[0].schema)


def overtrained(model: str) -> Callable[[Tables, Rng], pl.DataFrame]:
    """A generator on 100 rows for 300 epochs, without a holdout to stop it."""

    def leak(tables: Tables, rng: Rng) -> pl.DataFrame:
        options = {"epochs": 300, "patience": 300, "dropout": 0.0, "weight_decay": 0.0}
        synthesizer = lw.Synthesizer(model, holdout=0.0, random_state=int(rng.integers(2**31)), **options)
        return synthesizer.fit(tables[0][:FEW]).sample(1_000)

    return leak


def through_quasi_identifiers(tables: Tables, rng: Rng) -> pl.DataFrame:
    """Fresh rows, a fifth of which carry a training person's quasi-identifiers and that person's sensitive value."""
    train, _, fresh = tables
    n = len(fresh) // 5
    stolen = train[:n].select(*_names(train, QUASI_IDENTIFIERS), *_names(train, (SENSITIVE,)))
    return pl.concat([fresh[:n].with_columns(stolen.get_columns()), fresh[n:]])


def _names(frame: pl.DataFrame, wanted: tuple[str, ...]) -> list[str]:
    """The columns meant, however the file joins their words."""
    by_letters = {"".join(filter(str.isalpha, name)).lower(): name for name in frame.columns}
    return [by_letters[name.replace("_", "")] for name in wanted]


LEAKS: dict[str, Callable[[Tables, Rng], pl.DataFrame]] = {
    "none: fresh real rows": lambda tables, rng: tables[2],
    "1 % of the rows copied": copied(0.01),
    "5 % copied": copied(0.05),
    "20 % copied": copied(0.2),
    "20 % copied, a tenth of their cells changed": copied(0.2, 0.1),
    "sensitive column copied through quasi-identifiers, a fifth of the rows": through_quasi_identifiers,
    "chain of trees with one row a leaf": cart_chain,
}
MEMORISED: dict[str, Callable[[Tables, Rng], pl.DataFrame]] = {
    "net trained on 100 rows for 300 epochs": overtrained("autoregressive"),
    "VAE trained on 100 rows for 300 epochs": overtrained("vae"),
}


def leaking(name: str, rng: Rng, number: int) -> Iterable[Score]:
    leak, tables = (LEAKS | MEMORISED)[name], split(rng)
    train = tables[0][:FEW] if name in MEMORISED else tables[0]
    schema = lw.infer(tables[0])
    if leak is through_quasi_identifiers:
        for column in _names(train, QUASI_IDENTIFIERS):
            schema = schema.replace(column, role=Role.QUASI_IDENTIFIER)
        schema = schema.replace(*_names(train, (SENSITIVE,)), role=Role.SENSITIVE)
    return _attacks(train, leak(tables, rng), tables[1], number, schema=schema)


def _attacks(
    train: pl.DataFrame, fake: pl.DataFrame, holdout: pl.DataFrame, number: int, **options: Any
) -> Iterable[Score]:
    report = lw.evaluate(train, fake, holdout=holdout, measures="attacks", random_state=number, **options)
    return report.group("privacy")


# ---- tables made up, persons among them ----------------------------------------------------------------------------


def mixed(rng: Rng, n: int) -> pl.DataFrame:
    z = rng.normal(size=n)
    numbers = {f"x{i}": 0.6 * z + 0.8 * rng.normal(size=n) for i in range(3)}
    rest = {"pay": np.exp(z + rng.normal(size=n)).round(1), "c": rng.choice(list("abc"), n), "k": rng.integers(0, 5, n)}
    return pl.DataFrame(numbers | rest)


def levels(rng: Rng, n: int) -> pl.DataFrame:
    return pl.DataFrame({f"c{i}": rng.choice(list("abcd"), n, p=[0.6, 0.2, 0.15, 0.05]) for i in range(4)})


def people(rng: Rng, n: int, mark: str) -> pl.DataFrame:
    """n persons with one to six near-alike rows each."""
    count = rng.integers(1, 7, n)
    z = np.repeat(rng.normal(size=(n, 4)), count, axis=0)
    near = z + 0.05 * rng.normal(size=z.shape)
    who = pl.Series([f"{mark}{i}" for i in np.repeat(np.arange(n), count)])
    return pl.DataFrame(near, schema=[f"x{i}" for i in range(4)]).with_columns(c=pl.Series(z[:, 0] > 0.3), who=who)


def made(name: str, rng: Rng, number: int) -> Iterable[Score]:
    """A clean draw."""
    if name == "150 persons with one to six rows, 75 held out":
        tables = (people(rng, n, mark) for n, mark in ((150, "a"), (150, "b"), (75, "c")))
        return _attacks(*tables, number, entity="who")
    if name.startswith("400 rows of levels"):
        return _attacks(levels(rng, 400), levels(rng, 400), levels(rng, 200), number)
    if name.startswith("300 rows, each twice"):
        rows = mixed(rng, 300)
        return _attacks(pl.concat([rows, rows]), mixed(rng, 600), mixed(rng, 200), number)
    n, m = (60, 30) if name.startswith("60") else (400, 40)
    return _attacks(mixed(rng, n), mixed(rng, n), mixed(rng, m), number)


CLEAN = (
    "60 rows, 30 held out",
    "400 rows, 40 held out",
    "400 rows of levels, 200 held out",
    "300 rows, each twice, 200 held out",
    "150 persons with one to six rows, 75 held out",
)


def persons(name: str, rng: Rng, number: int) -> Iterable[Score]:
    """A third of the persons given away, all their rows with a little noise."""
    every = people(rng, 225, "a")
    if name.startswith("split by row"):
        order = rng.permutation(len(every))
        train, holdout = every[order[: 2 * len(every) // 3]], every[order[2 * len(every) // 3 :]]
    else:
        is_train = pl.col("who").str.slice(1).cast(pl.Int64) < 150
        train, holdout = every.filter(is_train), every.filter(~is_train)
    given_away = train.filter(pl.col("who").str.slice(1).cast(pl.Int64) < 50)
    noisy = given_away.with_columns(pl.col(f"x{i}") + 0.02 * rng.normal(size=len(given_away)) for i in range(4))
    fake = pl.concat([noisy, people(rng, 150, "b")])[: len(train)]
    if "rows counted" in name:
        return _attacks(*(t.drop("who") for t in (train, fake, holdout)), number)
    return _attacks(train, fake, holdout, number, entity="who")


PERSONS = ("split by row, rows counted", "split by person, persons counted")


# ---- a public table, and shadow models -----------------------------------------------------------------------------


def linked(name: str, rng: Rng, number: int) -> Iterable[Score]:
    """A public table of all training and holdout people, linked to what is released."""
    from likewise.evaluate.attacks.public import link_public
    from likewise.evaluate.scoring.privacy import public_scores

    train, holdout, fresh = (
        table.drop("fnlwgt").with_columns(name=pl.Series([f"{mark} {i}" for i in range(len(table))]))
        for table, mark in zip(split(rng), ("in", "out", "new"), strict=True)
    )
    on = _names(train, PUBLIC)
    schema = lw.infer(train)
    schema = schema.replace("name", kind="id")
    released = {
        "training rows as they are": lambda: train,
        "fresh real rows": lambda: fresh,
        "fresh rows, 5 % copied": lambda: pl.concat([train[:100], fresh[100:]]),
        "training rows, k-anonymous, k = 5": lambda: (
            lw.privacy.anonymize(train.drop("name"), quasi_identifiers=on, k=5).frame
        ),
        "training rows, age microaggregated, k = 20": lambda: (
            lw.privacy.microaggregate(train.drop("name"), columns=[on[0]], k=20).frame
        ),
    }[name]()
    public = pl.concat([train, holdout]).select("name", *on)
    return public_scores(link_public(public, train, released, schema, on, holdout=holdout, seed=number))


RELEASED = (
    "training rows as they are",
    "fresh real rows",
    "fresh rows, 5 % copied",
    "training rows, k-anonymous, k = 5",
    "training rows, age microaggregated, k = 20",
)


def shadowed(name: str, rng: Rng, number: int) -> Iterable[Score]:
    """The shadow attack on generators that copy, that copy in part, and that do not."""
    from likewise.evaluate.attacks.shadow import shadow_attack
    from likewise.evaluate.scoring.privacy import shadow_scores
    from likewise.evaluate.tables import type_tables
    from likewise.schema.parse import parse

    share, (pool, _, others) = SHADOWED[name], split(rng, 3_000, 0)
    schema = lw.infer(pool)

    def draw(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
        its, n_copied = np.random.default_rng(seed), round(share * n)
        fresh = others[its.integers(0, len(others), n - n_copied)]
        return pl.concat([rows[its.permutation(len(rows))[:n_copied]], fresh])

    def type_all(frames: list[pl.DataFrame]) -> list[Any]:
        return type_tables([parse(f, schema, partial=True) for f in frames], schema, text="value")

    found = shadow_attack(pool, type_all, draw, n_shadows=N_SHADOWS, n_rows=SHADOW_ROWS, seed=number)
    return shadow_scores(found, name)


SHADOWED = {"no copies": 0.0, "a fifth copied": 0.2, "all copied": 1.0}


# ---- what was found ------------------------------------------------------------------------------------------------

PARTS: dict[str, tuple[Callable[[str, Rng, int], Iterable[Score]], tuple[str, ...], int]] = {
    "power": (leaking, tuple(LEAKS), N_DRAWS),
    "persons": (persons, PERSONS, N_DRAWS),
    "public": (linked, RELEASED, N_DRAWS),
    "shadows": (shadowed, tuple(SHADOWED), N_DRAWS),
    "clean": (made, CLEAN, N_CLEAN),
    "memorised": (leaking, tuple(MEMORISED), N_DRAWS),
}


def measure(results: dict[str, Any], only: list[str]) -> None:
    """Make the draws that lack, a case at a time, and save each."""
    for k, (part, (run, cases, wanted)) in enumerate(PARTS.items()):
        for j, name in enumerate(cases if part in only else ()):
            case = results.setdefault(part, {}).setdefault(name, {"draws": 0, "attacks": {}})
            while case["draws"] < wanted:
                number = case["draws"]
                for score in run(name, np.random.default_rng([k, j, number]), number):
                    _add(case["attacks"].setdefault(score.name, {"tried": 0, "alarms": 0}), score)
                case["draws"] += 1
                RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(part, name, {s: a["alarms"] for s, a in case["attacks"].items()}, flush=True)


def _add(attack: dict[str, Any], score: Score) -> None:
    """Count an alarm; keep the means of the figure, its floor and the least leak told."""
    n = attack["tried"]
    attack["tried"], attack["alarms"] = n + 1, attack["alarms"] + (score.stands == "worse")
    for key, value in (("value", score.value), ("floor", score.floor), ("least_leak", score.least_leak)):
        if value is not None:
            attack[key] = round((n * attack.get(key, 0.0) + value) / (n + 1), 6)


def rate(attack: dict[str, Any] | None) -> str:
    """Alarms of those tried, with Wilson's 95 % interval in per cent; in bold where chance makes it 1 in 100 times."""
    if attack is None:
        return ""
    low, high = wilson(attack["alarms"], attack["tried"])
    text = f"{attack['alarms']} of {attack['tried']} ({100 * low:.0f}–{100 * high:.0f} %)"
    return f"**{text}**" if binom.sf(attack["alarms"] - 1, attack["tried"], 0.025) < 0.01 else text


def table(cases: dict[str, Any], *, what: str) -> list[str]:
    """Lines: an attack a line, a case a column, and the least leak told in the first case."""
    names = list(dict.fromkeys(name for case in cases.values() for name in case["attacks"]))
    first = next(iter(cases.values()))["attacks"]
    lines = [f"| {what} | least leak | " + " | ".join(cases) + " |", "| --- | --- |" + " --- |" * len(cases)]
    for name in names:
        least = first.get(name, {}).get("least_leak")
        told = "" if least is None else f"{100 * least:.2g} %"
        cells = [rate(case["attacks"].get(name)) for case in cases.values()]
        lines.append(f"| `{name}` | {told} | " + " | ".join(cells) + " |")
    return lines


def page(results: dict[str, Any]) -> str:
    """The documentation page."""
    lines = [
        "# What the attacks find, and when they keep quiet",
        "",
        "Written by `benchmarks/attacks.py` from its results. A cell tells how often the alarm was raised, that is, "
        "the 95 % interval lay wholly on the worse side of the floor, and in how many of all draws that is so with "
        "95 % confidence. **Bold**: so many alarms come by chance, which raises one in 40 draws, in less than 1 of 100 "
        "tries. *Least leak* is what the attack itself told in the first case, on average: the smallest share of "
        "people, each given away with "
        "certainty, for which it would raise the alarm in four of five draws.",
        "",
        "No attack that finds nothing proves that there is nothing to find.",
        "",
        "## Power: which attack finds which leak, and how often",
        "",
        f"Leaks planted in rows of UCI Adult: {N_TRAIN:,} training rows, {N_TRAIN:,} synthetic rows that are fresh "
        f"real ones but for the leak, {N_HOLDOUT:,} holdout rows, drawn anew each time.",
        "",
        *table(results["power"], what="attack"),
        "",
        *_memorised(results.get("memorised")),
        "## Persons with several rows",
        "",
        "150 persons with one to six near-alike rows each; a third of them are given away. Where rows are counted and "
        "split, most persons stand on both sides: the control contains members, and attacks on people see less.",
        "",
        *table(results["persons"], what="attack"),
        "",
        "## A public table",
        "",
        f"Names beside {', '.join(PUBLIC)} for {N_TRAIN:,} training and {N_HOLDOUT:,} holdout people of Adult (without "
        "fnlwgt), linked to what is released. A link is right when all other columns are.",
        "",
        *table(results["public"], what="link"),
        "",
        "## Shadow models",
        "",
        f"{N_SHADOWS} tables each, by generators that copy some of the {SHADOW_ROWS} rows they learnt.",
        "",
        *table(results["shadows"], what="attack"),
        "",
        "## No leak at all",
        "",
        f"{N_CLEAN} clean draws: on average 3.75 alarms, nine or more by chance in 1 of 80.",
        "",
        *table(results["clean"], what="attack"),
        "",
        "## What a holdout is",
        "",
        "The figures are as good as the control. Rows that stopped a training have shaped the generator, so as a "
        "control they err on the side that looks safe; rows of people who were learnt from are none. See "
        "[audit.md](audit.md).",
    ]
    return "\n".join(lines) + "\n"


def _memorised(cases: dict[str, Any] | None) -> list[str]:
    """What trainings gave, where they were made: they take longer than all the rest."""
    if not cases:
        return []
    said = f"Generators that were trained until they knew their {FEW} rows by heart, {N_HOLDOUT:,} rows held out:"
    return [said, "", *table(cases, what="attack"), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="write the page from the results that stand")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; several times")
    parser.add_argument("--anew", choices=PARTS, help="forget this part first")
    asked = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if asked.anew:
        results.pop(asked.anew, None)
    if not asked.page:
        measure({**results, "protocol": __doc__, **machine()}, asked.only or list(PARTS))
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    if set(PARTS) - {"memorised"} <= set(results):
        PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
