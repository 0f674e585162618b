"""Write what another implementation of graphical models finds: `python scripts/make_graphical_golden.py`.

Needs mbi 2.0 (private-pgm, Apache-2.0), whose jax weighs about 400 MB; so its answers are kept, in
tests/models/graphical_golden.json, and the tests compare ours with them. Numbers are made anew from the seed.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "tests" / "models" / "graphical_golden.json"
SIZES = (2, 3, 4, 2, 3, 5)
CLIQUES = ((0, 1), (1, 2), (2, 3), (0, 3), (4,), (3, 5))
ASKED = ((0, 1), (1, 2), (2, 3), (0, 3), (3, 5), (0, 2), (1, 5), (0, 4), (0, 2, 5), (1, 2, 3))
TOTAL, SIGMAS, ITERATIONS = 1000.0, (3.0, 6.0, 10.0, 4.0, 8.0, 5.0), 20_000


def inputs() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Potentials, and noisy tables of counts, one of each for every clique."""
    rng = np.random.default_rng(0)
    shapes = [tuple(SIZES[j] for j in clique) for clique in CLIQUES]
    potentials = [rng.normal(size=shape).round(6) for shape in shapes]
    rows = np.stack([rng.integers(0, k, int(TOTAL)) for k in SIZES], 1)
    rows[:, 1] = (rows[:, 0] + (rng.random(len(rows)) < 0.2)) % SIZES[1]
    rows[:, 3] = rows[:, 2] % 2
    tables = []
    for clique, shape, sigma in zip(CLIQUES, shapes, SIGMAS, strict=True):
        table = np.zeros(shape)
        np.add.at(table, tuple(rows[:, j] for j in clique), 1)
        tables.append((table + rng.normal(0, sigma, shape)).round(6))
    return potentials, tables


def answers(potentials: list[np.ndarray], tables: list[np.ndarray]) -> dict[str, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import mbi

    names = [f"x{j}" for j in range(len(SIZES))]
    domain = mbi.Domain(names, SIZES)
    named = [tuple(names[j] for j in clique) for clique in CLIQUES]
    asked = [tuple(names[j] for j in clique) for clique in ASKED]
    vector = mbi.CliqueVector(
        domain,
        named,
        {c: mbi.Factor(domain.project(c), jax.numpy.asarray(p)) for c, p in zip(named, potentials, strict=True)},
    )
    exact = [mbi.marginal_oracles.variable_elimination(vector, c, 1.0).transpose(c) for c in asked]
    measured = [mbi.LinearMeasurement(t.ravel(), c, s) for t, c, s in zip(tables, named, SIGMAS, strict=True)]
    fitted = mbi.estimation.MirrorDescent().estimate(domain, measured, known_total=TOTAL, iters=ITERATIONS)
    return {
        "marginals": [np.asarray(f.values).ravel().tolist() for f in exact],
        "fitted": [(np.asarray(fitted.project(c).transpose(c).values) / TOTAL).ravel().tolist() for c in asked],
    }


def main() -> None:
    potentials, tables = inputs()
    found = {
        "made_with": {name: version(name) for name in ("mbi", "jax")},
        "sizes": SIZES,
        "cliques": CLIQUES,
        "asked": ASKED,
        "total": TOTAL,
        "sigmas": SIGMAS,
        "potentials": [p.ravel().tolist() for p in potentials],
        "tables": [t.ravel().tolist() for t in tables],
        **answers(potentials, tables),
    }
    TARGET.write_text(json.dumps(found) + "\n")
    print(f"{TARGET.name}: {len(ASKED)} tables")


if __name__ == "__main__":
    main()
