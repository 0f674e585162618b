"""Marginals of the junction tree are those of the whole table, and a fit gives back what was measured."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from likewise.codecs.base import Alphabet, Codes, Field
from likewise.dp.queries import Measurement, count_table
from likewise.models.base import Fit
from likewise.models.marginals.aim import AIM
from likewise.models.marginals.graphical import Chain, JunctionTree, evenly, fit_potentials, project
from likewise.models.marginals.model import Compression, likely_rows

SIZES = (2, 3, 4, 2, 3)
CLIQUES = [(0, 1), (1, 2), (2, 3), (0, 3), (4,)]


def whole(tree: JunctionTree, potentials: list[np.ndarray]) -> np.ndarray:
    """The joint law by brute force. Shape: the sizes."""
    total = np.zeros(tree.sizes)
    for clique, p in zip(tree.cliques, potentials, strict=True):
        total += p.reshape([tree.sizes[j] if j in clique else 1 for j in range(len(tree.sizes))])
    law = np.exp(total)
    return law / law.sum()


@pytest.fixture
def fitted() -> tuple[JunctionTree, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    tree = JunctionTree.of(CLIQUES, SIZES)
    return tree, [rng.normal(size=p.shape) for p in tree.zeros()]


def test_every_clique_has_a_home_and_separators_hold_what_is_shared(fitted: tuple[JunctionTree, list]) -> None:
    tree, _ = fitted
    for clique in CLIQUES:
        assert set(clique) <= set(tree.cliques[tree.home(clique)])
    for i, clique in enumerate(tree.cliques[1:], 1):  # the running intersection
        before = {j for c in tree.cliques[:i] for j in c}
        assert set(clique) & before == set(tree.separators[i])


def test_marginals_are_those_of_the_whole_table(fitted: tuple[JunctionTree, list]) -> None:
    tree, potentials = fitted
    law = whole(tree, potentials)
    for clique, share in zip(tree.cliques, tree.marginals(potentials)[0], strict=True):
        np.testing.assert_allclose(share, project(law, tuple(range(5)), clique), atol=1e-12)


@pytest.mark.parametrize("clique", [(0, 2), (1, 3), (0, 4), (0, 2, 4), (1, 2, 3), (2,), (0, 1, 4)])
def test_a_table_across_cliques_is_that_of_the_whole(
    clique: tuple[int, ...], fitted: tuple[JunctionTree, list]
) -> None:
    tree, potentials = fitted
    found = tree.law(potentials).marginal(clique)
    np.testing.assert_allclose(found, project(whole(tree, potentials), tuple(range(5)), clique), atol=1e-12)


def test_a_fit_to_exact_tables_gives_them_back() -> None:
    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(0, k, 4000) for k in SIZES], 1)
    codes[:, 1] = (codes[:, 0] + (rng.random(4000) < 0.2)) % 3
    codes[:, 3] = codes[:, 2] % 2
    tree = JunctionTree.of(CLIQUES, SIZES)
    measured = [Measurement(c, count_table(codes, c, SIZES).astype(float), 1.0) for c in CLIQUES]
    law = tree.law(fit_potentials(tree, measured, 4000, iterations=500))
    for m in measured:
        np.testing.assert_allclose(law.marginal(m.clique), m.table / 4000, atol=2e-3)


def test_a_chain_draws_the_law_and_knows_its_probabilities(fitted: tuple[JunctionTree, list]) -> None:
    tree, potentials = fitted
    chain, law = Chain.of(tree, potentials), whole(tree, potentials)
    grid = np.array(list(product(*map(range, SIZES))))
    np.testing.assert_allclose(np.exp(chain.log_prob(grid)), law.ravel(), atol=1e-12)
    n = 60_000
    rng = np.random.default_rng(0)
    rows, _ = chain.draw(np.full((n, 5), -1), {}, rng)
    share = count_table(rows, tuple(range(5)), SIZES) / n
    assert np.abs(share - law).sum() / 2 < 0.03  # 144 cells of 60,000 rows: about .02 by chance


def test_rounds_go_on_when_the_tree_is_laid_anew() -> None:
    """Groups that join in circles give another triangulation round by round; none may be lost on the way."""
    rng = np.random.default_rng(0)
    hidden = rng.integers(0, 3, (1500, 4))
    codes = np.stack([(hidden[:, j % 4] + hidden[:, (j + 1) % 4] + rng.integers(0, 2, 1500)) % 4 for j in range(8)], 1)
    alphabet = Alphabet(tuple(Field(size=4, emit=np.ones(4, bool)) for _ in range(8)))
    rows = Codes(codes.astype(np.uint8), np.zeros((1500, 0), np.float32))
    model = AIM(rounds=12, round_iterations=5, iterations=20, degree=2).fit(Fit.of(rows, rows[:0], alphabet, rng=rng))
    drawn = model.sample(1500, rng=rng)
    assert drawn.codes.shape == codes.shape


def test_rows_share_out_the_codes_as_their_law_says_up_to_a_row(fitted: tuple[JunctionTree, list]) -> None:
    tree, potentials = fitted
    chain, n = Chain.of(tree, potentials), 5000
    rows, _ = chain.draw(np.full((n, 5), -1), {}, np.random.default_rng(0))
    first, law = chain.order[0], chain.tables[0]
    assert np.abs(np.bincount(rows[:, first], minlength=len(law)) - n * law).max() <= 1  # by chance alone about 35


def test_even_uniforms_hit_every_part_of_a_cell_once_and_each_is_uniform() -> None:
    cells = np.array([3, 0, 3, 3, 0, 7, 3])
    drawn = np.stack([evenly(cells, np.random.default_rng(seed)) for seed in range(4000)])
    for cell, size in ((3, 4), (0, 2), (7, 1)):
        parts = np.sort(np.floor(drawn[:, cells == cell] * size), axis=1)
        assert (parts == np.arange(size)).all()
    assert np.abs(drawn.mean(0) - 0.5).max() < 0.02  # over 4 deviations of a mean of 4,000
    assert np.abs(drawn.var(0) - 1 / 12).max() < 0.01


def test_codes_of_one_cell_keep_their_shares_where_noise_lets_them_be_told() -> None:
    group, rows = np.array([0, 1, 1, 1]), np.array([500.0, 60.0, 30.0, 0.0])
    told = Compression.of([group], [likely_rows(rows, 1.0, group)]).within[0]
    np.testing.assert_allclose(told, [1, 2 / 3, 1 / 3, 0], atol=0.01)
    drowned = Compression.of([group], [likely_rows(rows, 1000.0, group)]).within[0]
    np.testing.assert_allclose(drowned, [1, 1 / 3, 1 / 3, 1 / 3])
