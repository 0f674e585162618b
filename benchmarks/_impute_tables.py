"""What the imputation benchmark found, as means over cases and as the tables of docs/impute.md."""

from __future__ import annotations

from typing import Any

import numpy as np

MARK = "<!-- benchmark -->"
GROUPS = (
    ("small", ("forest", "iterative"), "{} cases: {} tables, {}"),
    ("small", ("forest", "miceforest", "iterative"), "the {} of them that miceforest was run on"),
    ("small", ("forest", "miceforest", "missforest", "iterative"), "the {} of them that MissForest was run on too"),
    ("mixed", ("forest", "iterative"), "{} cases: {} tables, {}"),
    ("mixed", ("forest", "miceforest", "iterative"), "the {} of them that miceforest was run on"),
    ("methods", ("forest", "boosting", "autoregressive", "vae", "gan"), "{} tables"),
)
NAMES = {"forest": "**forest**", "iterative": "IterativeImputer", "missforest": "MissForest"}
COLUMNS = {
    "AvgMAE": "error", "mean_rank": "rank", "drift": "drift", "AvgMAE_of_draws": "draws",
    "MinMAE_of_draws": "best of 5 draws", "coverage": "90 % hold", "seconds": "seconds",
}  # fmt: skip


def summary(results: dict[str, Any]) -> list[dict[str, Any]]:
    """For each group the means over the cases where all its methods have figures."""
    return [found for suite, methods, _ in GROUPS for found in [_group(results, suite, methods)]]


def _group(results: dict[str, Any], suite: str, methods: tuple[str, ...]) -> dict[str, Any]:
    done: dict[str, dict[str, Any]] = {}
    for key, result in results.items():
        case, _, method = key.rpartition("/")
        if case.startswith(suite + "/") and result and "best" in result:
            done.setdefault(case, {})[method] = result
    whole = {case: r for case, r in sorted(done.items()) if all(m in r for m in methods)}
    return {
        "suite": suite,
        "cases": len(whole),
        "tables": len({case.split("/")[1] for case in whole}),
        "seeds": len({case.rsplit("/", 1)[1] for case in whole}),
        "methods": _means(whole, methods) if whole else {},
        "rank_by_table": _ranks_by_table(whole, methods) if suite == "mixed" and whole else {},
    }


def _means(whole: dict[str, dict[str, Any]], methods: tuple[str, ...]) -> dict[str, Any]:
    ranks = _ranks(whole, methods).mean(0)
    table: dict[str, Any] = {}
    for m, rank in zip(methods, ranks, strict=True):
        got = [r[m] for r in whole.values()]
        row = {
            "AvgMAE": _mean([g["best"]["avg_mae"] for g in got]),
            "mean_rank": float(rank),
            "drift": _mean([g["best"]["drift"] for g in got]),
            "seconds": _mean([g["seconds"] for g in got]),
        }
        if all("draws" in g for g in got):
            row |= {
                "AvgMAE_of_draws": _mean([g["draws"]["avg_mae"] for g in got]),
                "MinMAE_of_draws": _mean([g["draws"]["min_mae"] for g in got]),
                "drift_of_draws": _mean([g["draws"]["drift"] for g in got]),
            }
        covered = [g["coverage"] for g in got if g.get("coverage") is not None]
        if covered:
            row |= {"coverage": _mean(covered), "coverage_from": min(covered), "coverage_to": max(covered)}
        table[m] = row
    return table


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _ranks(whole: dict[str, dict[str, Any]], methods: tuple[str, ...]) -> np.ndarray:
    """(cases, methods) by error, 1 is best."""
    from scipy.stats import rankdata

    return np.array([rankdata([round(r[m]["best"]["avg_mae"], 6) for m in methods]) for r in whole.values()])


def _ranks_by_table(whole: dict[str, dict[str, Any]], methods: tuple[str, ...]) -> dict[str, dict[str, float]]:
    ranks, names = _ranks(whole, methods), np.array([case.split("/")[1] for case in whole])
    return {
        str(name): dict(zip(methods, ranks[names == name].mean(0).round(2).tolist(), strict=True))
        for name in np.unique(names)
    }


def page(results: dict[str, Any]) -> str:
    """The tables in Markdown."""
    lines: list[str] = []
    heads = {
        "small": "20 % of cells missing completely at random, all columns but the target; at most 2,000 rows a table. "
        "*Error* is the mean over the cases of a cell's mean error; *rank* is by it. miceforest's error is that of the "
        "middle of its five tables, and in the column of draws that of one of them. Seconds are those of one table on "
        "one thread.",
        "mixed": "Adult, NHANES (23 columns of adults) and Titanic, cells missing completely at random, at random and "
        "not at random, 10, 30 and 50 %:",
        "methods": "Every method of ours on iris, glass, concrete, wine_red, Titanic and Adult, 20 % missing "
        "completely at random:",
    }
    for (suite, methods, head), found in zip(GROUPS, summary(results), strict=True):
        if not found["cases"]:
            continue
        if suite in heads:
            lines += [heads.pop(suite), ""]
        # Columns that no method of the group has are left out.
        columns = [c for c in COLUMNS if any(c in found["methods"][m] for m in methods)]
        seeds = "1 seed" if found["seeds"] == 1 else f"{found['seeds']} seeds"
        head = head.format(found["cases"] if suite != "methods" else found["tables"], found["tables"], seeds)
        lines += [f"| {head} | " + " | ".join(COLUMNS[c] for c in columns) + " |", "| --- |" + " ---: |" * len(columns)]
        for m in sorted(methods, key=lambda m, rows=found["methods"]: rows[m]["AvgMAE"]):
            row = found["methods"][m]
            lines.append(f"| {NAMES.get(m, m)} | " + " | ".join(_cell(row, c) for c in columns) + " |")
        lines.append("")
        by_table = found["rank_by_table"]
        if "miceforest" in methods and len(by_table) > 1:
            told = [
                f"{name} {ranks['forest']:.2f} to {ranks['miceforest']:.2f}" for name, ranks in sorted(by_table.items())
            ]
            lines += ["Mean ranks of ours and of miceforest table by table: " + ", ".join(told) + ".", ""]
    failed = sorted(key for key, r in results.items() if r and "failed" in r)
    if failed:
        lines += ["Without a figure, for they ended with an error or took too long: " + ", ".join(failed) + ".", ""]
    return "\n".join(lines).rstrip()


def _cell(row: dict[str, Any], column: str) -> str:
    if column not in row:
        return ""
    if column == "coverage":
        return f"{row[column]:.0%} ({row['coverage_from']:.0%} to {row['coverage_to']:.0%})".replace("%", " %")
    return f"{row[column]:.2f}" if column in ("mean_rank", "seconds") else f"{row[column]:.3f}"


def fill(text: str, results: dict[str, Any]) -> str:
    """A page with its tables made anew."""
    head, rest = text.split(MARK, 1)
    end = MARK.replace("<!-- ", "<!-- /")
    _, tail = rest.split(end, 1)
    return head + MARK + "\n\n" + page(results) + "\n\n" + end + tail
