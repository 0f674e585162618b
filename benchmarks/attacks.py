"""Do the attacks find planted leaks, and do they keep quiet where there is none?

    python benchmarks/attacks.py                 # writes benchmarks/results/attacks.json and docs/attacks.md
    python benchmarks/attacks.py --page          # writes the page anew from the results

Rows are those of the embedded UCI Adult. Power: 8,000 training rows, 8,000 synthetic rows that are fresh real ones but
for the planted leak, 6,000 holdout rows, all disjoint. Specificity: 40 times, training, synthetic and holdout rows are
drawn anew from all rows without overlap: 3,000, 3,000 and 1,500. An alarm is a 95 % interval wholly on the worse side
of the floor, which chance should raise in at most 1 of 40.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _shared import ROOT, machine

import likewise as lw
from likewise.data import adult
from likewise.evaluate import Report
from likewise.schema import Role

RESULTS = ROOT / "benchmarks" / "results" / "attacks.json"
PAGE = ROOT / "docs" / "attacks.md"
N_TRAIN, N_HOLDOUT = 8_000, 6_000
N_PAIRS, PAIR_ROWS, PAIR_HOLDOUT = 40, 3_000, 1_500
QUASI_IDENTIFIERS = ("age", "workclass", "education", "marital_status", "occupation", "race", "sex", "native_country")
SENSITIVE = "hours_per_week"
N_SHADOWS, SHADOW_ROWS = 20, 400

Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def split(n_train: int, n_holdout: int, seed: int) -> Tables:
    """Training, holdout and fresh rows (as many as training), disjoint."""
    frame = adult()
    order = np.random.default_rng(seed).permutation(len(frame))
    ends = np.cumsum([n_train, n_holdout, n_train])
    train, holdout, fresh = (frame[order[b - n : b]] for b, n in zip(ends, (n_train, n_holdout, n_train), strict=True))
    return train, holdout, fresh


def copied(share: float, changed: float = 0.0) -> Callable[[Tables], pl.DataFrame]:
    """Fresh rows, a share of them training rows with some of their cells drawn anew."""

    def leak(tables: Tables) -> pl.DataFrame:
        train, _, fresh = tables
        n, rng = round(share * len(fresh)), np.random.default_rng(1)
        rows, other = train[:n], fresh[rng.permutation(len(fresh))[:n]]
        hit = {name: pl.Series(rng.random(n) < changed) for name in rows.columns}
        rows = pl.DataFrame(
            [pl.select(pl.when(hit[c]).then(other[c]).otherwise(rows[c]).alias(c)).to_series() for c in hit]
        )
        return pl.concat([rows, fresh[n:]])

    return leak


def cart_chain(tables: Tables) -> pl.DataFrame:
    """A chain of trees, each grown until its leaves hold one row."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "train.csv"), Path(folder, "out.csv")
        tables[0].write_csv(source)
        script = ROOT / "benchmarks" / "_cart_chain.py"
        subprocess.run([sys.executable, script, source, out, "1"], check=True, capture_output=True)
        return pl.read_csv(out, schema=tables[0].schema)


def overtrained(model: str) -> Callable[[Tables], pl.DataFrame]:
    """A generator on 200 rows for 2,000 epochs, without a holdout to stop it."""

    def leak(tables: Tables) -> pl.DataFrame:
        options = {"epochs": 2_000, "patience": 2_000, "dropout": 0.0, "weight_decay": 0.0}
        synthesizer = lw.Synthesizer(model, holdout=0.0, random_state=0, **options)
        return synthesizer.fit(tables[0][:200]).sample(2_000)

    return leak


def through_quasi_identifiers(tables: Tables) -> pl.DataFrame:
    """Fresh rows, a fifth of which carry a training person's quasi-identifiers and that person's sensitive value."""
    train, _, fresh = tables
    n = len(fresh) // 5
    stolen = train[:n].select(*_names(train, QUASI_IDENTIFIERS), *_names(train, (SENSITIVE,)))
    return pl.concat([fresh[:n].with_columns(stolen.get_columns()), fresh[n:]])


def _names(frame: pl.DataFrame, wanted: tuple[str, ...]) -> list[str]:
    """The columns meant, however the file joins their words."""
    by_letters = {"".join(filter(str.isalpha, name)).lower(): name for name in frame.columns}
    return [by_letters[name.replace("_", "")] for name in wanted]


LEAKS: dict[str, Callable[[Tables], pl.DataFrame]] = {
    "no leak: fresh real rows": lambda tables: tables[2],
    "1 % of the rows copied": copied(0.01),
    "5 % of the rows copied": copied(0.05),
    "20 % of the rows copied": copied(0.2),
    "5 % copied, a tenth of their cells changed": copied(0.05, 0.1),
    "20 % copied, a tenth of their cells changed": copied(0.2, 0.1),
    "chain of trees with one row a leaf": cart_chain,
    "net trained on 200 rows for 2,000 epochs": overtrained("autoregressive"),
    "VAE trained on 200 rows for 2,000 epochs": overtrained("vae"),
    "sensitive column copied through quasi-identifiers, a fifth of the rows": through_quasi_identifiers,
}


def attack(train: pl.DataFrame, fake: pl.DataFrame, holdout: pl.DataFrame, *, roles: bool, seed: int) -> Report:
    schema = lw.infer(train)
    if roles:
        for name in _names(train, QUASI_IDENTIFIERS):
            schema = schema.replace(name, role=Role.QUASI_IDENTIFIER)
        (secret,) = _names(train, (SENSITIVE,))
        schema = schema.replace(secret, role=Role.SENSITIVE)
    return lw.evaluate(train, fake, holdout=holdout, schema=schema, measures="attacks", random_state=seed)


def figures(report: Report) -> dict[str, Any]:
    return {
        s.name: {
            "value": round(s.value, 4),
            "floor": None if s.floor is None else round(s.floor, 4),
            "interval": None if s.interval is None else [round(end, 4) for end in s.interval],
            "alarm": s.stands == "worse",
        }
        for s in report.group("privacy")
    }


def power() -> dict[str, Any]:
    tables = split(N_TRAIN, N_HOLDOUT, seed=0)
    found = {}
    for name, leak in LEAKS.items():
        fake = leak(tables)
        train = tables[0][:200] if "trained on 200 rows" in name else tables[0]
        report = attack(train, fake, tables[1], roles=leak is through_quasi_identifiers, seed=0)
        found[name] = figures(report)
        print(name, [s for s, f in found[name].items() if f["alarm"]], flush=True)
    return found


def specificity() -> dict[str, Any]:
    alarms: dict[str, int] = {}
    tried: dict[str, int] = {}
    for seed in range(N_PAIRS):
        train, holdout, fresh = split(PAIR_ROWS, PAIR_HOLDOUT, seed=1_000 + seed)
        for name, figure in figures(attack(train, fresh, holdout, roles=False, seed=seed)).items():
            tried[name] = tried.get(name, 0) + 1
            alarms[name] = alarms.get(name, 0) + figure["alarm"]
        print(seed, alarms, flush=True)
    return {name: {"pairs": tried[name], "alarms": alarms[name]} for name in tried}


def shadows() -> dict[str, Any]:
    """The shadow attack on generators that copy, that copy in part, and that do not."""
    from likewise.evaluate.attacks.shadow import shadow_attack
    from likewise.evaluate.tables import type_tables
    from likewise.parsing import parse

    frame = adult()
    schema, order = lw.infer(frame), np.random.default_rng(0).permutation(len(frame))
    pool, others = frame[order[:6_000]], frame[order[6_000:]]

    def copying(share: float) -> Callable[[pl.DataFrame, int, int], pl.DataFrame]:
        def draw(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
            rng, n_copied = np.random.default_rng(seed), round(share * n)
            fresh = others[rng.integers(0, len(others), n - n_copied)]
            return pl.concat([rows[rng.permutation(len(rows))[:n_copied]], fresh])

        return draw

    def type_all(frames: list[pl.DataFrame]) -> list[Any]:
        return type_tables([parse(f, schema, partial=True) for f in frames], schema, text="value")

    found = {}
    for name, share in {"no copies": 0.0, "a fifth copied": 0.2, "all copied": 1.0}.items():
        result = shadow_attack(pool, type_all, copying(share), n_shadows=N_SHADOWS, n_rows=SHADOW_ROWS, seed=0)
        low, high = result.area.interval
        found[name] = {
            "value": round(result.area.value, 4),
            "floor": 0.5,
            "interval": [round(low, 4), round(high, 4)],
            "alarm": low > 0.5,
        }
        print(name, found[name], flush=True)
    return found


def page(results: dict[str, Any]) -> str:
    """The documentation page."""
    names = list(dict.fromkeys(name for row in results["power"].values() for name in row))
    lines = [
        "# What the attacks find, and when they keep quiet",
        "",
        "Written by `benchmarks/attacks.py` from its results. Each leak is planted in real rows of UCI Adult: "
        f"{N_TRAIN:,} training rows, as many synthetic rows that are fresh real ones but for the leak, {N_HOLDOUT:,} "
        "holdout rows. A figure in **bold** raises the alarm: its 95 % interval lies wholly on the worse side of its "
        "floor. The floor is what fresh real rows score, by theory or as measured on holdout rows.",
        "",
        "No attack that finds nothing proves that there is nothing to find.",
        "",
        "## Power: which attack finds which leak",
        "",
        "| attack | " + " | ".join(results["power"]) + " |",
        "| --- |" + " --- |" * len(results["power"]),
    ]
    for name in names:
        marks = ["✓" if row.get(name, {}).get("alarm") else "" for row in results["power"].values()]
        lines.append(f"| `{name}` | " + " | ".join(marks) + " |")
    for leak, row in results["power"].items():
        lines += ["", f"### {leak[0].upper()}{leak[1:]}", "", "| attack | figure | floor | 95 % interval |"]
        lines += ["| --- | --- | --- | --- |"]
        for name in names:
            if name in row:
                figure = row[name]
                value = f"**{figure['value']:.4g}**" if figure["alarm"] else f"{figure['value']:.4g}"
                low, high = figure["interval"]
                lines.append(f"| `{name}` | {value} | {figure['floor']:.4g} | {low:.4g} to {high:.4g} |")
    lines += [
        "",
        "## Shadow models",
        "",
        f"`likewise audit --shadows {N_SHADOWS}` on generators that copy some of what they learnt, {SHADOW_ROWS} rows "
        "each:",
        "",
        "| generator | AUC | 95 % interval |",
        "| --- | --- | --- |",
    ]
    for name, figure in results["shadows"].items():
        low, high = figure["interval"]
        value = f"**{figure['value']:.3f}**" if figure["alarm"] else f"{figure['value']:.3f}"
        lines.append(f"| {name} | {value} | {low:.3f} to {high:.3f} |")
    lines += [
        "",
        "## Specificity: no leak at all",
        "",
        f"{N_PAIRS} times, {PAIR_ROWS:,} fresh real rows are held against {PAIR_ROWS:,} others ({PAIR_HOLDOUT:,} in "
        "the holdout). At a two-sided level of 5 % an attack should raise a false alarm in 2.5 % of them, one in forty "
        "on average; five or more would come by chance in one of 250 tries.",
        "",
        "| attack | false alarms |",
        "| --- | --- |",
    ]
    lines += [f"| `{name}` | {f['alarms']} of {f['pairs']} |" for name, f in results["specificity"].items()]
    return "\n".join(lines) + "\n"


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"power": power, "shadows": shadows, "specificity": specificity}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="write the page from the results that stand")
    parser.add_argument("--only", choices=PARTS, help="measure this part anew and keep the others")
    asked = parser.parse_args()
    if not asked.page:
        kept = json.loads(RESULTS.read_text(encoding="utf-8")) if asked.only else {}
        measured = {name: part() for name, part in PARTS.items() if asked.only in (None, name)}
        results = {"protocol": __doc__, **machine(), **{name: kept.get(name) for name in PARTS}, **measured}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
