"""How much of a claimed epsilon do audits find, and do they ever find more?

    python benchmarks/dp_audit.py                      # all of it, into benchmarks/results/dp_audit.json
    python benchmarks/dp_audit.py --only mst aim       # parts, merged into what is there
    python benchmarks/dp_audit.py --table              # the table for docs/dp.md

Each line is a lower bound on epsilon at delta 1e-6 that holds with 95 % confidence. No real row is used. Runs of one
kind of audit are repeated where they are cheap; of these the mean, and how many lay above the claim, are told: up to
5 % may. The Gaussian mechanism has a noise that buys exactly what it claims, so that the truth is known.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _shared import ROOT, machine

import likewise as lw
from likewise.audit import (
    Bound,
    Plan,
    audit_steps,
    audit_synthesizer,
    bound_of_canaries,
    bound_of_runs,
    mu_of,
)
from likewise.dp.accounting import Steps

RESULTS = ROOT / "benchmarks" / "results" / "dp_audit.json"
EPSILONS, DELTA = (1.0, 3.0, 10.0), 1e-6
REPEATS = 40
NET_RUNS = 600
RUNS = {1.0: 8_000, 3.0: 4_000, 10.0: 2_000}
PLANS = (Steps(1.0, 20), Steps(1 / 16, 320))
NARROW = lw.Schema(tuple(lw.Column(name=c, kind="boolean", dtype="Boolean", nullable=False) for c in "ab"))
WIDE = lw.Schema(tuple(lw.Column(name=c, kind="integer", dtype="Int64", bounds=(1, 32), nullable=False) for c in "ab"))
OPTIONS: dict[str, dict[str, Any]] = {
    "mst": {"iterations": 100},
    "aim": {"iterations": 100, "round_iterations": 10, "degree": 2},
    "autoregressive": {"epochs": 4, "sampling_rate": 1.0},
}
Line = dict[str, Any]


def line(mechanism: str, attack: str, epsilon: float, bounds: list[Bound], **facts: Any) -> Line:
    """One line of the results, of audits that were repeated."""
    gaussian, any_law = ([getattr(b, name) for b in bounds] for name in ("gaussian", "epsilon"))
    return {
        "mechanism": mechanism, "attack": attack, "claim": epsilon, "delta": DELTA, "confidence": 0.95,
        "if_gaussian": round(float(np.mean(gaussian)), 3), "whatever_the_law": round(float(np.mean(any_law)), 3),
        "audits": len(bounds), "above_the_claim": int(sum(g > epsilon for g in gaussian)), **facts,
    }  # fmt: skip


def gaussian(epsilon: float) -> list[Line]:
    """A noisy number whose noise buys exactly its claim."""
    rng, mu, lines = np.random.default_rng([1, round(epsilon)]), mu_of(epsilon, DELTA), []
    for n, repeats in {1_000: 1_000, 10_000: 1_000, 100_000: 100, 1_000_000: 10}.items():
        bounds = [bound_of_runs(rng.normal(mu, 1, n), rng.normal(0, 1, n), delta=DELTA) for _ in range(repeats)]
        lines.append(line("gaussian", "many runs, sees the number", epsilon, bounds, runs=2 * n, canaries=1))
    for m in (1_000, 10_000):
        bounds = []
        for _ in range(REPEATS):
            coins = rng.random(m) < 0.5
            bounds.append(bound_of_canaries(mu * coins + rng.normal(0, 1, m), coins, delta=DELTA))
        lines.append(line("gaussian", "one run, sees all numbers", epsilon, bounds, runs=1, canaries=m))
    return lines


def marginals(model: str) -> Callable[[float], list[Line]]:
    def lines(epsilon: float) -> list[Line]:
        plan = Plan(model=model, schema=NARROW, privacy=lw.DP(epsilon, DELTA), options=OPTIONS[model], rows=200)
        many = audit_synthesizer(plan, runs=RUNS[epsilon])
        grid = Plan(model=model, schema=WIDE, privacy=lw.DP(epsilon, DELTA), options=OPTIONS[model])
        ones = [audit_synthesizer(grid, canaries=1_000) for _ in range(10)]
        return [
            line(model, "many fits, has the model", epsilon, [many.bound], runs=many.runs, canaries=1),
            line(model, "one fit, has the model", epsilon, [o.bound for o in ones], runs=1, canaries=ones[0].canaries),
        ]

    return lines


def steps(epsilon: float) -> list[Line]:
    """The steps by which every net is trained."""
    lines = []
    for plan in PLANS:
        audits = [audit_steps(lw.DP(epsilon, DELTA), plan, canaries=50_000) for _ in range(10)]
        attack = f"sees each of {plan.steps} noisy sums, rate {plan.rate:g}"
        bounds = [a.bound for a in audits]
        lines.append(line("steps of training", attack, epsilon, bounds, runs=1, canaries=50_000))
    return lines


def net(epsilon: float) -> list[Line]:
    options = OPTIONS["autoregressive"]
    plan = Plan(model="autoregressive", schema=NARROW, privacy=lw.DP(epsilon, DELTA), options=options, rows=200)
    many = audit_synthesizer(plan, runs=min(RUNS[epsilon], NET_RUNS))
    return [line("autoregressive", "many fits, has the model", epsilon, [many.bound], runs=many.runs, canaries=1)]


PARTS: dict[str, Callable[[float], list[Line]]] = {
    "gaussian": gaussian, "mst": marginals("mst"), "aim": marginals("aim"), "steps": steps, "autoregressive": net,
}  # fmt: skip


def table(lines: list[Line]) -> str:
    """A row an attack, a column a claim: what is found if the law is Gaussian, and whatever it is."""
    claims = sorted({one["claim"] for one in lines})
    rows = [
        "| mechanism | the attacker | runs | rows at stake | " + " | ".join(f"of {c:g}" for c in claims) + " |",
        "| --- " * (4 + len(claims)) + "|",
    ]
    kinds = dict.fromkeys((one["mechanism"], one["attack"], one["canaries"], _size(one)) for one in lines)
    for kind in kinds:
        own = {
            one["claim"]: one for one in lines if (one["mechanism"], one["attack"], one["canaries"], _size(one)) == kind
        }
        runs = " / ".join(dict.fromkeys(f"{one['runs']:,}" for one in own.values()))
        cells = [f"{own[c]['if_gaussian']:.2f} ({own[c]['whatever_the_law']:.2f})" if c in own else "" for c in claims]
        rows.append(f"| {kind[0]} | {kind[1]} | {runs} | {kind[2]:,} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _size(one: Line) -> int:
    """What tells lines of one attack apart; fits of a model are as many as there was time for."""
    return one["runs"] if one["mechanism"] == "gaussian" else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--epsilon", nargs="+", type=float, default=list(EPSILONS))
    parser.add_argument("--runs", type=int, help="fits of a model, instead of thousands")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table:
        print(table(known_lines()))
        return
    if asked.runs is not None:
        RUNS.update(dict.fromkeys(RUNS, asked.runs))
    for part in asked.only:
        for epsilon in asked.epsilon:
            began = time.process_time()
            made = PARTS[part](epsilon)
            seconds = round(time.process_time() - began, 1)
            made = [{"part": part, **one, "cpu_seconds_of_part": seconds} for one in made]
            lines = [one for one in known_lines() if (one["part"], one["claim"]) != (part, epsilon)] + made
            lines.sort(key=lambda one: (list(PARTS).index(one["part"]), one["claim"]))
            RESULTS.write_text(json.dumps({**machine(), "lines": lines}, indent=1) + "\n")
            print(table(made), f"{seconds} s", sep="\n", flush=True)


def known_lines() -> list[Line]:
    found: list[Line] = json.loads(RESULTS.read_text())["lines"] if RESULTS.exists() else []
    return found


if __name__ == "__main__":
    main()
