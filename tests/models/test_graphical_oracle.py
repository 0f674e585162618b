"""Graphical models against another implementation of them, whose answers scripts/make_graphical_golden.py keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from likewise.models.marginals.graphical import JunctionTree, Measurement, Table, fit_potentials, project

GOLDEN = json.loads((Path(__file__).parent / "graphical_golden.json").read_text())
SIZES = tuple(GOLDEN["sizes"])
CLIQUES = [tuple(clique) for clique in GOLDEN["cliques"]]
ASKED = [tuple(clique) for clique in GOLDEN["asked"]]


def shaped(values: list[float], clique: tuple[int, ...]) -> Table:
    return np.array(values).reshape([SIZES[j] for j in clique])


@pytest.fixture(scope="module")
def tree() -> JunctionTree:
    return JunctionTree.of(CLIQUES, SIZES)


def test_marginals_are_theirs(tree: JunctionTree) -> None:
    """Within cliques and across them, of the same potentials."""
    potentials = tree.zeros()
    for clique, values in zip(CLIQUES, GOLDEN["potentials"], strict=True):
        home = tree.home(clique)
        shape = [SIZES[j] if j in clique else 1 for j in tree.cliques[home]]
        potentials[home] += shaped(values, clique).reshape(shape)
    law = tree.law(potentials)
    for clique, theirs in zip(ASKED, GOLDEN["marginals"], strict=True):
        np.testing.assert_allclose(law.marginal(clique), shaped(theirs, clique), atol=1e-10)


def test_the_fit_to_noisy_tables_is_theirs(tree: JunctionTree) -> None:
    """The law of most entropy among those nearest to the tables is one, so that whoever finds it finds the same."""
    measured = [
        Measurement(clique, shaped(values, clique), sigma)
        for clique, values, sigma in zip(CLIQUES, GOLDEN["tables"], GOLDEN["sigmas"], strict=True)
    ]
    law = tree.law(fit_potentials(tree, measured, GOLDEN["total"], iterations=3000))

    def loss(marginals: dict[tuple[int, ...], Table]) -> float:
        return sum(
            float(
                np.square(
                    (project(marginals[m.clique], m.clique, m.clique) * GOLDEN["total"] - m.table) / m.sigma
                ).sum()
            )
            for m in measured
        )

    theirs = {clique: shaped(values, clique) for clique, values in zip(ASKED, GOLDEN["fitted"], strict=True)}
    ours = {clique: law.marginal(clique) for clique in ASKED}
    ours[(4,)] = law.marginal((4,))
    theirs[(4,)] = project(theirs[(0, 4)], (0, 4), (4,))
    for clique in ASKED:
        np.testing.assert_allclose(ours[clique], theirs[clique], atol=2e-4)
    assert loss(ours) <= loss(theirs) * (1 + 1e-4)
